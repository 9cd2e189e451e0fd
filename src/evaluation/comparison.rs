//! Methods over folds and seeds: each learns from the same training parts and is scored on the same held-out rows.

use std::collections::BTreeSet;
use std::io;
use std::time::Instant;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::EvaluationError;
use super::audit::{Audit, SeededSplits};
use super::held_out::HeldOutPrediction;
use super::method::{ComparedMethod, drawn_by_chance};
use crate::biology::{Evidence, GeneId, GeneTable, Response, ResponseMatrix, ResponseValues, Revision, RevisionStatus};
use crate::datasets::{Dataset, Split};
use crate::metrics::{Calibration, EffectScores, Effects, ResponseCounts, calibration, effects, row_counts};
use crate::network::RegulatoryNetwork;
use crate::pipeline::{Config, Materials, StopReason, run};
use crate::prediction::{External, Prediction, PredictionError, Predictor, PredictorConfig, TrainingData, build};
use crate::progress::{Progress, Quiet};
use crate::refinement::RevisionCosts;
use crate::symbolic::{Closure, Simulator};

/// Bins of a calibration error.
const BINS: usize = 10;

/// What everybody is given. Networks and data are over the same genes.
#[derive(Clone, Copy, Debug)]
pub struct ComparisonMaterials<'a> {
    /// The knowledge.
    pub network: &'a RegulatoryNetwork,
    /// For each gene, how much evidence the knowledge base cites for its regulations.
    pub evidence: &'a [u32],
    /// How hard known regulations are to revise; `None` if all yield alike.
    pub revision_costs: Option<&'a RevisionCosts>,
    /// All observations.
    pub dataset: &'a Dataset,
    /// The genes of networks and data.
    pub genes: &'a GeneTable,
    /// Predictions made elsewhere; a method names them by their label.
    pub external: &'a [External],
}

/// Which cell of the comparison: a way of splitting, a seed, a fold, a method.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CellKey {
    /// How the folds were made.
    pub scheme: String,
    /// Seed of the folds and of the method.
    pub seed: u64,
    /// From 0.
    pub fold: usize,
    /// Who predicted.
    pub method: ComparedMethod,
}

/// What one method predicted of one fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Which one.
    #[serde(flatten)]
    pub key: CellKey,
    /// One element per held-out experiment.
    pub rows: Vec<ScoredRow>,
    /// Whose refined knowledge the rows are scored against, if any was refined.
    pub refined_by: Option<ComparedMethod>,
    /// Applied revisions, without the evidence, where knowledge was refined.
    pub revisions: Vec<Revision>,
    /// How honest its probabilities are; `None` for those that give none.
    pub calibration: Option<Calibration>,
    /// Seconds spent on learning and predicting.
    pub seconds: f64,
}

/// What was predicted of one held-out experiment, in counts from which all scores of calls follow, and scores of changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoredRow {
    /// Name of the experiment.
    pub experiment: String,
    /// The perturbed genes, in order, joined by `;`.
    pub gene_set: String,
    /// How many genes were perturbed.
    pub perturbed: usize,
    /// How many of them some training row perturbs.
    pub trained: usize,
    /// Against what was observed.
    pub data: ResponseCounts,
    /// Against what the original knowledge says, over the measured genes.
    pub original: ResponseCounts,
    /// Against what the knowledge refined in this fold says, over the measured genes; `None` if none was refined.
    pub refined: Option<ResponseCounts>,
    /// How well the size and the sign of changes were predicted, of what is not perturbed itself. Observed are log2 fold
    /// changes if the data have any, else responses −1, 0, 1; predicted is the expected change
    /// ```text
    /// Σ_c P(c)·μ_c,   c ∈ {down, unchanged, up}
    /// ```
    /// with `μ_down`, `μ_up` the mean log2 fold changes of that class in the rows learnt from, or −1 and 1, and `μ_unchanged` 0;
    /// where there are no probabilities, that of the response. Of predictions made elsewhere it is what they say, 0 where
    /// they say nothing, if the data have fold changes.
    pub effects: EffectScores,
}

/// Keeps cells as they are done.
pub trait FoldRecorder {
    /// Keeps a finished cell, so that a later run need not compute it again, with what was predicted if that is wanted.
    ///
    /// # Errors
    /// If it cannot be kept; the comparison ends there.
    fn keep(&mut self, cell: &Cell, predicted: Option<&HeldOutPrediction>) -> io::Result<()>;

    /// Whether what is predicted shall be handed over too: a dozen bytes for each held-out row and gene, held for all
    /// methods of a fold at once.
    fn wants_predictions(&self) -> bool {
        false
    }
}

/// The cells of a comparison, and whether all of them are there.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// By scheme, seed, fold, then method, in the order given.
    pub cells: Vec<Cell>,
    /// False if the work was cancelled before the end.
    pub finished: bool,
}

/// Fits every method on the training and validation part of every split and scores it on the part held out. Cells
/// found in `done` are taken over and not computed again, if they were scored against the same method's refined
/// knowledge.
///
/// The refined knowledge that all are scored against is that of the first method of the fold that refines.
///
/// # Errors
/// [`EvaluationError::Leak`] if a held-out row is learnt from; [`EvaluationError`] if a setting is out of range, a fit fails,
/// or a cell cannot be kept. When `progress` is cancelled, the folds so far are returned.
pub fn compare(
    materials: &ComparisonMaterials<'_>,
    methods: &[ComparedMethod],
    splits: &[SeededSplits],
    config: &Config,
    done: &[Cell],
    recorder: &mut dyn FoldRecorder,
    progress: &dyn Progress,
) -> Result<Comparison, EvaluationError> {
    config.check()?;
    for seeded in splits {
        let audit = Audit::of(&[seeded], materials.dataset, materials.genes);
        if audit.leaks() {
            return Err(EvaluationError::Leak(Box::new(audit)));
        }
    }
    let folds: usize = splits.iter().map(|seeded| seeded.splits.len()).sum();
    progress.begin("compare", (folds * methods.len()) as u64);
    let mut comparison = Comparison { cells: Vec::new(), finished: true };
    for seeded in splits {
        for (fold, split) in seeded.splits.iter().enumerate() {
            let config = &config.clone().with_seed(seeded.seed);
            let class_changes = class_changes(materials.dataset, split);
            let fold = Fold { materials, scheme: &seeded.scheme, fold, split, config, class_changes };
            match fold.cells(methods, done, recorder, progress) {
                Ok(cells) => comparison.cells.extend(cells),
                Err(EvaluationError::Cancelled | EvaluationError::Prediction(PredictionError::Cancelled)) => {
                    return Ok(Comparison { finished: false, ..comparison });
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(comparison)
}

struct Fold<'a> {
    materials: &'a ComparisonMaterials<'a>,
    scheme: &'a str,
    fold: usize,
    split: &'a Split,
    config: &'a Config,
    /// What a response of each class is in log2 fold changes.
    class_changes: [f32; 3],
}

/// Mean log2 fold change of down and up in the rows learnt from, −1 and 1 where they have none, and 0 for unchanged.
fn class_changes(Dataset { observed, log2fc, .. }: &Dataset, split: &Split) -> [f32; 3] {
    let mut sums = [(0.0, 0.0); 3];
    for row in split.learnt_from() {
        let changes = log2fc.iter().flat_map(|log2fc| log2fc.row(row));
        for (change, response) in changes.zip(observed.row(row)) {
            if let (Some(change), Some(response)) = (change, response) {
                let (sum, entries) = &mut sums[response.class()];
                *sum += f64::from(change);
                *entries += 1.0;
            }
        }
    }
    Response::CLASSES.map(|class| match sums[class.class()] {
        (sum, entries) if entries > 0.0 && class != Response::Unchanged => (sum / entries) as f32,
        _ => f32::from(class.value()),
    })
}

/// What a method says of the held-out rows, not yet scored.
struct Predicted {
    responses: ResponseMatrix,
    /// Left out unless somebody wants to keep it.
    prediction: Option<Prediction>,
    calibration: Option<Calibration>,
    /// One element per held-out experiment.
    effects: Vec<EffectScores>,
    revisions: Vec<Revision>,
    seconds: f64,
}

impl Predicted {
    /// Responses alone.
    const fn of(responses: ResponseMatrix) -> Self {
        Self {
            responses,
            prediction: None,
            calibration: None,
            effects: Vec::new(),
            revisions: Vec::new(),
            seconds: 0.0,
        }
    }

    /// Scores of the predicted changes: those that a prediction made elsewhere holds, or what is expected of the classes.
    fn effects(
        &self,
        test: &Dataset,
        elsewhere: Option<&External>,
        class_changes: [f32; 3],
    ) -> Result<Vec<EffectScores>, EvaluationError> {
        let expected = |probabilities: &[f32; 3]| -> f32 {
            probabilities.iter().zip(class_changes).map(|(probability, change)| probability * change).sum()
        };
        let of_response = |entry: &Option<Response>| entry.map_or(0.0, |response| class_changes[response.class()]);
        let n_genes = self.responses.n_genes();
        let values: Vec<_> = match (elsewhere.filter(|_| test.log2fc.is_some()), &self.prediction) {
            (Some(external), _) => {
                let of_row = |perturbation| {
                    let values = external.values(perturbation).unwrap_or_else(|| vec![None; n_genes]);
                    values.into_iter().map(Option::unwrap_or_default)
                };
                test.perturbations.iter().flat_map(of_row).collect()
            }
            (None, Some(prediction)) => prediction.entries().iter().map(expected).collect(),
            (None, None) => self.responses.entries().iter().map(of_response).collect(),
        };
        let observed = test.called_changes().unwrap_or_else(|| ResponseValues::of_responses(&test.observed));
        let report = effects(&Effects {
            perturbations: &test.perturbations,
            observed: &observed,
            predicted: &ResponseValues::from_values(test.len(), n_genes, &values),
            observed_calls: &test.observed,
            // A gene that was not measured can be called neither rightly nor wrongly.
            predicted_calls: &self.responses.masked_by(&test.observed),
            own_genes: false,
        })?;
        Ok(report.rows)
    }
}

impl Fold<'_> {
    fn key(&self, method: &ComparedMethod) -> CellKey {
        CellKey { scheme: self.scheme.to_owned(), seed: self.config.seed, fold: self.fold, method: method.clone() }
    }

    /// The cells of all methods; those missing are predicted side by side, then scored against the knowledge of the
    /// first that refines too.
    fn cells(
        &self,
        methods: &[ComparedMethod],
        done: &[Cell],
        recorder: &mut dyn FoldRecorder,
        progress: &dyn Progress,
    ) -> Result<Vec<Cell>, EvaluationError> {
        let refining = methods.iter().position(ComparedMethod::refines);
        let refined_by = refining.map(|place| &methods[place]);
        let known = |method: &ComparedMethod| {
            let key = self.key(method);
            done.iter().find(|cell| cell.key == key && cell.refined_by.as_ref() == refined_by).cloned()
        };
        let mut cells: Vec<_> = methods.iter().map(known).collect();
        let missing: Vec<_> = (0..methods.len()).filter(|&place| cells[place].is_none()).collect();
        let wanted = recorder.wants_predictions();
        let predict = |&place: &usize| {
            let said = self.predict(&methods[place], &Quiet(progress))?;
            // What was still at work then may have stopped halfway.
            if progress.is_cancelled() {
                return Err(EvaluationError::Cancelled);
            }
            Ok((place, Predicted { prediction: said.prediction.filter(|_| wanted), ..said }))
        };
        let said: Vec<Result<_, EvaluationError>> = missing.par_iter().map(predict).collect();
        let (predicted, failed): (Vec<_>, Vec<_>) = said.into_iter().partition(Result::is_ok);
        let predicted: Vec<_> = predicted.into_iter().flatten().collect();
        let failed = failed.into_iter().find_map(Result::err);
        let refined = refining.and_then(|refining| {
            let revisions = cells[refining].as_ref().map(|cell| &cell.revisions);
            let now = || predicted.iter().find(|(place, _)| *place == refining).map(|(_, said)| &said.revisions);
            Some(self.materials.network.revised(revisions.or_else(now)?))
        });
        // Those done are kept also if another failed, unless it is the one that they are scored against.
        let are_scored = refining.is_none() || refined.is_some();
        let predicted = if are_scored { predicted } else { Vec::new() };
        let kept = self.keep(methods, predicted, refined_by.zip(refined.as_ref()), recorder)?;
        if let Some(error) = failed {
            return Err(error);
        }
        for (place, cell) in kept {
            cells[place] = Some(cell);
        }
        progress.advance(methods.len() as u64);
        Ok(cells.into_iter().flatten().collect())
    }

    /// Scores and keeps what was predicted, by the place of the method.
    fn keep(
        &self,
        methods: &[ComparedMethod],
        predicted: Vec<(usize, Predicted)>,
        refined: Option<(&ComparedMethod, &RegulatoryNetwork)>,
        recorder: &mut dyn FoldRecorder,
    ) -> Result<Vec<(usize, Cell)>, EvaluationError> {
        let wanted = recorder.wants_predictions();
        let mut cells = Vec::with_capacity(predicted.len());
        for (place, said) in predicted {
            let (cell, said) = self.scored(&methods[place], said, refined)?;
            recorder.keep(&cell, Some(&said).filter(|_| wanted)).map_err(EvaluationError::NotKept)?;
            cells.push((place, cell));
        }
        Ok(cells)
    }

    fn predict(&self, method: &ComparedMethod, progress: &dyn Progress) -> Result<Predicted, EvaluationError> {
        let began = Instant::now();
        let ComparisonMaterials { network, dataset, .. } = *self.materials;
        let held_out = dataset.select(&self.split.test);
        let test = &held_out.perturbations;
        let predicted = match method {
            ComparedMethod::Chance => {
                let trained = dataset.observed.select(&self.split.train);
                Predicted::of(drawn_by_chance(&trained, test.len(), self.config.seed ^ self.fold as u64))
            }
            ComparedMethod::Knowledge => {
                Predicted::of(Closure::new(network, self.config.depth, self.config.reading).simulate(test))
            }
            ComparedMethod::Aligned(kind, ablation) => {
                let config = Config { predictor: *kind, ..self.config.clone() };
                let without = ablation.map(|ablation| ablation.applied(&config, network));
                let (config, other) = without.unwrap_or((config, None));
                self.aligned(other.as_ref(), None, &config, progress)?
            }
            ComparedMethod::AlignedExternal(label) => {
                self.aligned(None, Some(self.external(label)?), self.config, progress)?
            }
            ComparedMethod::External(label) => self.fitted(&mut self.external(label)?.clone(), &held_out, progress)?,
            ComparedMethod::Predictor(name) => {
                let config = PredictorConfig { neural: self.config.neural, ..PredictorConfig::default() };
                self.fitted(build(*name, &config, network, self.config.seed).as_mut(), &held_out, progress)?
            }
        };
        let seconds = began.elapsed().as_secs_f64();
        let elsewhere = match method {
            ComparedMethod::External(label) => Some(self.external(label)?),
            _ => None,
        };
        let effects = predicted.effects(&held_out, elsewhere, self.class_changes)?;
        Ok(Predicted { seconds, effects, ..predicted })
    }

    fn fitted(
        &self,
        predictor: &mut dyn Predictor,
        held_out: &Dataset,
        progress: &dyn Progress,
    ) -> Result<Predicted, EvaluationError> {
        let learnt = self.split.learnt_from();
        let part = self.materials.dataset.select(&learnt);
        let place = |row: &usize| learnt.binary_search(row).ok();
        let validation: Vec<_> = self.split.validation.iter().filter_map(place).collect();
        let data = TrainingData {
            perturbations: &part.perturbations,
            responses: &part.observed,
            row_weights: &vec![1.0; learnt.len()],
            validation: &validation,
        };
        predictor.fit(&data, progress)?;
        let Dataset { perturbations, observed, .. } = held_out;
        let prediction = predictor.predict(perturbations)?;
        let calibration = Some(calibration(perturbations, observed, prediction.entries(), BINS)?);
        let responses = prediction.responses();
        Ok(Predicted { calibration, prediction: Some(prediction), ..Predicted::of(responses) })
    }

    fn external(&self, label: &str) -> Result<&External, EvaluationError> {
        let found = self.materials.external.iter().find(|external| external.label() == label);
        found.ok_or_else(|| EvaluationError::NoPredictions { label: label.to_owned() })
    }

    /// Aligned responses and applied revisions, without the evidence, of the loop over the knowledge, or over another
    /// network that nobody cites anything for.
    fn aligned(
        &self,
        other: Option<&RegulatoryNetwork>,
        external: Option<&External>,
        config: &Config,
        progress: &dyn Progress,
    ) -> Result<Predicted, EvaluationError> {
        let &ComparisonMaterials { network, evidence, revision_costs, dataset, genes, .. } = self.materials;
        let (network, revision_costs) = other.map_or((network, revision_costs), |other| (other, None));
        let (split, row_labels) = (self.split, &dataset.names);
        let held_out = None;
        let materials =
            Materials { network, evidence, revision_costs, held_out, external, dataset, split, row_labels, genes };
        let outcome = run(&materials, config, progress)?;
        if outcome.stop_reason == StopReason::Cancelled {
            return Err(EvaluationError::Cancelled);
        }
        let applied = outcome.revisions.into_iter().filter(|revision| revision.status == RevisionStatus::Applied);
        let revisions = applied.map(|revision| Revision { evidence: Evidence::default(), ..revision }).collect();
        Ok(Predicted { revisions, ..Predicted::of(outcome.held_out.aligned) })
    }

    fn scored(
        &self,
        method: &ComparedMethod,
        said: Predicted,
        refined: Option<(&ComparedMethod, &RegulatoryNetwork)>,
    ) -> Result<(Cell, HeldOutPrediction), EvaluationError> {
        let ComparisonMaterials { network, dataset, genes, .. } = *self.materials;
        let test = dataset.select(&self.split.test);
        let against = |truth: &ResponseMatrix| row_counts(&test.perturbations, truth, &said.responses);
        let knowledge = |network: &RegulatoryNetwork| {
            let simulated = Closure::new(network, self.config.depth, self.config.reading).simulate(&test.perturbations);
            against(&simulated.masked_by(&test.observed))
        };
        let trained: BTreeSet<GeneId> =
            self.split.train.iter().flat_map(|&row| dataset.perturbations[row].genes()).collect();
        let (data, original) = (against(&test.observed)?, knowledge(network)?);
        let refined_by = refined.map(|(method, _)| method.clone());
        let refined = refined.map(|(_, network)| knowledge(network)).transpose()?;
        let row = |place: usize| {
            let perturbed: Vec<_> = test.perturbations[place].genes().collect();
            let symbols: Vec<_> = perturbed.iter().map(|&gene| genes.symbol(gene)).collect();
            ScoredRow {
                experiment: test.names[place].clone(),
                gene_set: symbols.join(";"),
                perturbed: perturbed.len(),
                trained: perturbed.iter().filter(|gene| trained.contains(gene)).count(),
                data: data[place],
                original: original[place],
                refined: refined.as_ref().map(|counts| counts[place]),
                effects: said.effects[place],
            }
        };
        let rows = (0..test.len()).map(row).collect();
        let Predicted { responses, prediction, revisions, calibration, seconds, .. } = said;
        let cell = Cell { key: self.key(method), rows, refined_by, revisions, calibration, seconds };
        let predicted = prediction.map_or(HeldOutPrediction::Responses(responses), HeldOutPrediction::Probabilities);
        Ok((cell, predicted))
    }
}
