//! Refinement over folds: does refined knowledge predict experiments that it was not refined with?

use serde::{Deserialize, Serialize};

use super::EvaluationError;
use super::choice::{Hyperparameter, HyperparameterCurve, choose};
use super::knowledge_score::{NamedNetwork, ORIGINAL, Predicted, Stratum, StratumKind, stratum};
use crate::biology::{GeneTable, ResponseMatrix, RevisionStatus};
use crate::datasets::{Dataset, Split};
use crate::metrics::{BootstrapConfig, Interval, consistency, mean_interval};
use crate::network::RegulatoryNetwork;
use crate::pipeline::controls::control_networks;
use crate::pipeline::{Config, Materials, StopReason, run};
use crate::progress::{Progress, Quiet};
use crate::refinement::RevisionCosts;
use crate::symbolic::{Closure, Reading, Simulator};

/// Name of the row for the knowledge refined in each fold.
const REFINED: &str = "refined";

/// What every fold works on.
#[derive(Clone, Copy, Debug)]
pub struct FoldMaterials<'a> {
    /// The knowledge.
    pub network: &'a RegulatoryNetwork,
    /// For each gene, how much evidence the knowledge base cites for its regulations.
    pub evidence: &'a [u32],
    /// How hard known regulations are to revise; `None` if all yield alike.
    pub revision_costs: Option<&'a RevisionCosts>,
    /// All observations.
    pub dataset: &'a Dataset,
    /// The folds.
    pub splits: &'a [Split],
    /// The genes of networks and data.
    pub genes: &'a GeneTable,
    /// Hyperparameters to choose again in each fold from its training part, and the number of folds inside it.
    pub choose: (&'a [Hyperparameter], usize),
}

/// Refinement over the folds of one way of splitting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrossValidation {
    /// How the folds were made, for example `leave-regulators-out`.
    pub splits: String,
    /// One element per fold.
    pub folds: Vec<FoldScore>,
    /// All held-out experiments together, each predicted by the network that was refined without it.
    pub pooled: Stratum,
    /// Mean over folds of the macro-F1 of the refined knowledge less that of the original, with its Student interval;
    /// `None` for a single fold.
    pub mean_difference: Option<Interval>,
}

/// One fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldScore {
    /// From 0.
    pub fold: usize,
    /// Experiments learnt from, validation among them.
    pub learnt_from: usize,
    /// Experiments held out.
    pub held_out: usize,
    /// Macro-F1 of the original knowledge on what was held out.
    pub original: f64,
    /// Macro-F1 of the refined knowledge on what was held out.
    pub refined: f64,
    /// Macro-F1 of the original knowledge on what was learnt from.
    pub original_learnt: f64,
    /// Macro-F1 of the refined knowledge on what was learnt from.
    pub refined_learnt: f64,
    /// Revisions applied.
    pub applied: usize,
    /// Applied revisions as a share of the regulations, in `[0, ∞)`.
    pub share: f64,
    /// Hyperparameters chosen from the training part of this fold.
    pub choices: Vec<HyperparameterCurve>,
}

/// Refines on the training and validation part of every fold with the whole loop, and scores what original and refined
/// knowledge say of the part held out. The original is read as `config` has it, the refined one as the hyperparameters chosen.
///
/// # Errors
/// [`EvaluationError`] as of [`run`]; [`EvaluationError::Cancelled`] if `progress` asks to stop before the last fold is done.
pub fn cross_validate(
    materials: &FoldMaterials<'_>,
    splits: &str,
    config: &Config,
    bootstrap: &BootstrapConfig,
    progress: &dyn Progress,
) -> Result<CrossValidation, EvaluationError> {
    let mut folds = Vec::new();
    // By row of the table, the network of each fold.
    let mut rows: Vec<(String, Vec<RegulatoryNetwork>)> = Vec::new();
    let mut reasoning = Vec::new();
    for (fold, split) in materials.splits.iter().enumerate() {
        tracing::info!(fold, of = materials.splits.len(), "refine on a fold of {splits}");
        let learnt = split.learnt_from();
        let (hyperparameters, inner) = materials.choose;
        let part = materials.dataset.select(&learnt);
        let (chosen, choices) = choose(materials.network, &part, hyperparameters, inner, config, progress)?;
        let (mut score, network) = one_fold(materials, (fold, split), config, &chosen, progress)?;
        score.choices = choices;
        folds.push(score);
        reasoning.push((chosen.depth, chosen.reading));
        let controls =
            control_networks(materials.network, &network, &part, materials.revision_costs, &chosen, &Quiet(progress))?;
        let networks = [(REFINED.to_owned(), network)].into_iter().chain(controls);
        for (place, (name, network)) in networks.enumerate() {
            match rows.get_mut(place) {
                Some((_, networks)) => networks.push(network),
                None => rows.push((name, vec![network])),
            }
        }
    }
    let differences: Vec<_> = folds.iter().map(|fold| fold.refined - fold.original).collect();
    Ok(CrossValidation {
        splits: splits.to_owned(),
        pooled: pooled(materials, &rows, &reasoning, config, bootstrap)?,
        mean_difference: mean_interval(&differences, bootstrap.level).ok(),
        folds,
    })
}

fn one_fold(
    materials: &FoldMaterials<'_>,
    (fold, split): (usize, &Split),
    given: &Config,
    chosen: &Config,
    progress: &dyn Progress,
) -> Result<(FoldScore, RegulatoryNetwork), EvaluationError> {
    let &FoldMaterials { network, evidence, revision_costs, dataset, genes, .. } = materials;
    let row_labels = &dataset.names;
    let materials = Materials {
        network,
        evidence,
        revision_costs,
        held_out: None,
        external: None,
        dataset,
        split,
        row_labels,
        genes,
    };
    let outcome = run(&materials, chosen, progress)?;
    if outcome.stop_reason == StopReason::Cancelled {
        return Err(EvaluationError::Cancelled);
    }
    let learnt = split.learnt_from();
    let macro_f1 = |network: &RegulatoryNetwork, config: &Config, rows: &[usize]| -> Result<f64, EvaluationError> {
        let part = dataset.select(rows);
        let said = Closure::new(network, config.depth, config.reading).simulate(&part.perturbations);
        Ok(consistency(&part.perturbations, &part.observed, &said)?.macro_f1)
    };
    let applied = outcome.revisions.iter().filter(|revision| revision.status == RevisionStatus::Applied).count();
    let score = FoldScore {
        fold,
        learnt_from: learnt.len(),
        held_out: split.test.len(),
        original: macro_f1(network, given, &split.test)?,
        refined: macro_f1(&outcome.refined, chosen, &split.test)?,
        original_learnt: macro_f1(network, given, &learnt)?,
        refined_learnt: macro_f1(&outcome.refined, chosen, &learnt)?,
        applied,
        share: applied as f64 / network.regulations().len().max(1) as f64,
        choices: Vec::new(),
    };
    Ok((score, outcome.refined))
}

/// All held-out rows laid end to end; what each row says in each fold comes from its own network.
fn pooled(
    materials: &FoldMaterials<'_>,
    networks: &[(String, Vec<RegulatoryNetwork>)],
    reasoning: &[(usize, Reading)],
    config: &Config,
    bootstrap: &BootstrapConfig,
) -> Result<Stratum, EvaluationError> {
    let rows: Vec<_> = materials.splits.iter().flat_map(|split| &split.test).copied().collect();
    let part = materials.dataset.select(&rows);
    let data = (part.perturbations.as_slice(), &part.observed);
    let row = |(name, networks): &(String, Vec<RegulatoryNetwork>)| {
        let mut row = Predicted { name: name.clone(), ..Predicted::no_change((&[], &part.observed)) };
        let mut entries = Vec::with_capacity(part.observed.entries().len());
        for ((split, network), &reasoning) in materials.splits.iter().zip(networks).zip(reasoning) {
            let part = materials.dataset.select(&split.test);
            let named = NamedNetwork { name, network };
            let said = Predicted::by(named, materials.network, (&part.perturbations, &part.observed), reasoning);
            entries.extend_from_slice(said.responses.entries());
            row.silent += said.silent;
            row.gained += said.gained;
            row.lost += said.lost;
        }
        row.responses = ResponseMatrix::from_entries(part.len(), part.observed.n_genes(), entries);
        row
    };
    let original = NamedNetwork { name: ORIGINAL, network: materials.network };
    let before = Predicted::by(original, materials.network, data, (config.depth, config.reading));
    let predicted: Vec<_> = [Predicted::no_change(data), before].into_iter().chain(networks.iter().map(row)).collect();
    stratum(StratumKind::All, data, &predicted, bootstrap)
}
