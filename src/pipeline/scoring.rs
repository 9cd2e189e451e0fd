//! Scores on held-out perturbations, against the data and against each knowledge base.

use serde::{Deserialize, Serialize};

use super::{Config, PipelineError};
use crate::biology::{Perturbation, ResponseMatrix};
use crate::metrics::{Consistency, balanced_consistency, consistency};
use crate::network::RegulatoryNetwork;
use crate::symbolic::{Closure, Simulator};

/// Scores on held-out perturbations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Aligned responses against observed ones.
    pub data_consistency: Consistency,
    /// Aligned responses against what knowledge says.
    pub knowledge_consistency: KnowledgeConsistency,
    /// The balance of the two.
    pub balanced_consistency: BalancedConsistency,
    /// Simple predictors, the neural one alone, the unrefined and the refined knowledge alone.
    pub baselines: Vec<ScoreRow>,
    /// Number of held-out perturbations.
    pub held_out_perturbations: usize,
}

/// Agreement of the aligned responses with three knowledge bases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KnowledgeConsistency {
    /// With the knowledge base as it was given.
    pub original: Consistency,
    /// With the refined one, as re-read from the written file.
    pub refined: Consistency,
    /// With a knowledge base that nothing has seen, if one was given.
    pub held_out: Option<Consistency>,
}

/// Balanced consistency against each knowledge base.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BalancedConsistency {
    /// Against the knowledge base as it was given.
    pub original: f64,
    /// Against the refined one.
    pub refined: f64,
    /// Against the held-out one, if given.
    pub held_out: Option<f64>,
    /// The formula in words.
    pub formula: String,
}

/// One row of the table of scores.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreRow {
    /// Who predicts, for example `no-change`.
    pub name: String,
    /// Against observed responses.
    pub data: Consistency,
    /// Macro-F1 against the original knowledge.
    pub knowledge_original: f64,
    /// Macro-F1 against the refined knowledge.
    pub knowledge_refined: f64,
    /// Balance of `data` and `knowledge_original`.
    pub balanced_original: f64,
    /// Balance of `data` and `knowledge_refined`.
    pub balanced_refined: f64,
}

impl ScoreRow {
    /// Name of the row for the unrefined knowledge alone: what is lost or won by doing nothing.
    pub const DO_NOTHING: &'static str = "do-nothing";
    /// Name of the row for the refined knowledge alone, as re-read from the written file.
    pub const REFINED_KNOWLEDGE: &'static str = "refined-knowledge";
}

/// What everybody said of the held-out perturbations, kept so that scores can be taken again on a re-read network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeldOut {
    /// The held-out perturbations.
    pub perturbations: Vec<Perturbation>,
    /// What was observed.
    pub observed: ResponseMatrix,
    /// The aligned responses.
    pub aligned: ResponseMatrix,
    /// Responses of the other predictors, with their names.
    pub others: Vec<(String, ResponseMatrix)>,
    /// What the controls of the refinement say: see [`control_networks`](super::controls::control_networks).
    pub controls: Vec<(String, ResponseMatrix)>,
}

/// The three knowledge bases that scores are taken against.
#[derive(Clone, Copy, Debug)]
pub struct KnowledgeBases<'a> {
    /// As it was given.
    pub original: &'a RegulatoryNetwork,
    /// After the revisions.
    pub refined: &'a RegulatoryNetwork,
    /// One that nothing has seen.
    pub held_out: Option<&'a RegulatoryNetwork>,
}

impl HeldOut {
    /// Scores of the aligned responses and of everybody else against data and knowledge.
    ///
    /// Only genes that the data measure enter, on both sides: a knowledge consistency over genes that nobody measured
    /// would count mostly the unchanged ones.
    ///
    /// # Errors
    /// [`PipelineError::Metric`] if the networks do not have the genes of the responses.
    pub fn scores(&self, knowledge: &KnowledgeBases<'_>, config: &Config) -> Result<Scores, PipelineError> {
        let said = |network: &RegulatoryNetwork| {
            let responses = Closure::new(network, config.depth, config.reading).simulate(&self.perturbations);
            responses.masked_by(&self.observed)
        };
        let original = said(knowledge.original);
        let refined = said(knowledge.refined);
        let held_out = knowledge.held_out.map(said);
        let against =
            |truth: &ResponseMatrix, predicted: &ResponseMatrix| consistency(&self.perturbations, truth, predicted);

        let data_consistency = against(&self.observed, &self.aligned)?;
        let knowledge_consistency = KnowledgeConsistency {
            original: against(&original, &self.aligned)?,
            refined: against(&refined, &self.aligned)?,
            held_out: held_out.as_ref().map(|held_out| against(held_out, &self.aligned)).transpose()?,
        };
        let balance = |knowledge: f64| balanced_consistency(data_consistency.macro_f1, knowledge, config.gamma);
        let balanced_consistency = BalancedConsistency {
            original: balance(knowledge_consistency.original.macro_f1),
            refined: balance(knowledge_consistency.refined.macro_f1),
            held_out: knowledge_consistency.held_out.as_ref().map(|scores| balance(scores.macro_f1)),
            formula: format!("(1/2 F_data^-g + 1/2 F_knowledge^-g)^(-1/g), g = {}", config.gamma),
        };
        let knowledge_alone = [(ScoreRow::DO_NOTHING, &original), (ScoreRow::REFINED_KNOWLEDGE, &refined)];
        let controls = self.controls.iter().map(|(name, responses)| (name.as_str(), responses));
        let others = self.others.iter().map(|(name, responses)| (name.as_str(), responses));
        let row = |(name, responses): (&str, &ResponseMatrix)| -> Result<ScoreRow, PipelineError> {
            let data = against(&self.observed, responses)?;
            let knowledge_original = against(&original, responses)?.macro_f1;
            let knowledge_refined = against(&refined, responses)?.macro_f1;
            let balance = |knowledge| crate::metrics::balanced_consistency(data.macro_f1, knowledge, config.gamma);
            Ok(ScoreRow {
                name: name.to_owned(),
                knowledge_original,
                knowledge_refined,
                balanced_original: balance(knowledge_original),
                balanced_refined: balance(knowledge_refined),
                data,
            })
        };
        Ok(Scores {
            baselines: others.chain(knowledge_alone).chain(controls).map(row).collect::<Result<_, _>>()?,
            held_out_perturbations: self.perturbations.len(),
            data_consistency,
            knowledge_consistency,
            balanced_consistency,
        })
    }
}
