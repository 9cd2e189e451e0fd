//! Does a screen of cells have enough of them? Which batches lack controls, and which perturbations need more cells.
//!
//! Start at [`diagnose`]. The mathematics is that of [`ChangeParts`]; cells are met gene by gene and never held.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::EvaluationError;
use crate::biology::{Direction, GeneId, GeneTable, Perturbation};
use crate::datasets::h5ad::{CellFile, GeneMoments, MomentOptions, PerturbedCells, Scale, Survey, cell_moments};
use crate::metrics::{CellNeeds, ChangeParts, ChangeSums, ErrorParts, ErrorSums, GeneEffect};
use crate::prediction::External;
use crate::progress::Progress;

/// What counts as enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DiagnosisConfig {
    /// Highest share of the mean squared change that the sampling part, and the batch part, may have; above 0 and at most 1,
    /// default 0.1: the measured change then explains 91 % of its own variance over genes. Less asks for more cells.
    pub share: f64,
    /// What was done to a perturbed gene whose name bears no mark; default deletion. Only predictions ask for it.
    pub direction: Direction,
    /// How cells are read.
    pub moments: MomentOptions,
}

impl Default for DiagnosisConfig {
    fn default() -> Self {
        Self { share: 0.1, direction: Direction::Deletion, moments: MomentOptions::default() }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The column of `obs` that names the batch.
    pub batch_key: String,
    /// The matrix read, `X` or `layers/NAME`.
    pub matrix: String,
    /// `counts` or `log-normalised`.
    pub scale: String,
    /// Total to which counts were brought; `None` for logarithms.
    pub total: Option<f64>,
    /// See [`DiagnosisConfig::share`].
    pub share: f64,
    /// Genes measured.
    pub genes: usize,
    /// Cells without a perturbation or a batch.
    pub unnamed_cells: usize,
    /// All batches, in the order of the file.
    pub batches: Vec<DiagnosedBatch>,
    /// Perturbations whose change is known inside a batch, the worst first: those that need more by the share that their
    /// sampling part has of their change, those whose change is not told apart from nothing, those that need nothing.
    pub perturbations: Vec<DiagnosedPerturbation>,
    /// Perturbations whose change is known in no batch, by name.
    pub unknown: Vec<UnknownChange>,
}

/// One batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiagnosedBatch {
    /// Its name.
    pub name: String,
    /// Its controls. With fewer than 2 its perturbed cells are compared with nothing.
    pub controls: usize,
    /// Its perturbed cells.
    pub perturbed: usize,
    /// Perturbations of these cells.
    pub perturbations: usize,
    /// How many of them need more controls, told changes only.
    pub short_of_controls: usize,
}

impl DiagnosedBatch {
    /// True if perturbed cells lie here that are compared with nothing.
    #[must_use]
    pub const fn lacks_controls(&self) -> bool {
        self.controls < 2 && self.perturbed > 0
    }
}

/// One perturbation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiagnosedPerturbation {
    /// Its genes joined by `+`.
    pub name: String,
    /// Its cells in all batches.
    pub cells: usize,
    /// Its cells in the batches that count: two of its cells or more next to two controls or more.
    pub counted: usize,
    /// How many batches count.
    pub batches: usize,
    /// Controls in these batches.
    pub controls: usize,
    /// What its mean change is made of, the perturbed genes left out.
    pub parts: ChangeParts,
    /// What it needs.
    pub needs: CellNeeds,
    /// The error of each prediction of it.
    pub predictions: Vec<PredictedError>,
}

impl DiagnosedPerturbation {
    /// Which of the three it is.
    #[must_use]
    pub const fn standing(&self) -> SampleMethod {
        if !self.needs.told {
            SampleMethod::Untold
        } else if self.needs.is_met() {
            SampleMethod::Enough
        } else {
            SampleMethod::Short
        }
    }

    /// Needs first, then the largest share of the sampling part, then the name.
    fn worst_first(&self, other: &Self) -> Ordering {
        let share = |own: &Self| own.parts.sampling_share().unwrap_or(f64::INFINITY);
        let ranked = self.standing().cmp(&other.standing());
        ranked.then_with(|| share(other).total_cmp(&share(self))).then_with(|| self.name.cmp(&other.name))
    }
}

/// Whether a perturbation has enough cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SampleMethod {
    /// Its change is told, and needs more cells, controls or batches to be known well.
    Short,
    /// Its change is not told apart from what chance makes of nothing.
    Untold,
    /// It needs nothing.
    Enough,
}

/// How far one prediction of one perturbation is off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictedError {
    /// What the predictions are called.
    pub label: String,
    /// Genes predicted, the perturbed ones left out.
    pub genes: usize,
    /// The error against the mean change over batches, see [`ErrorSums::parts_of_mean`].
    pub parts: ErrorParts,
    /// The model part of the prediction that none of these genes changes.
    pub of_no_change: f64,
}

/// A perturbation whose change is known in no batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownChange {
    /// Its genes joined by `+`.
    pub name: String,
    /// Its cells.
    pub cells: usize,
    /// Those of them in batches with fewer than 2 controls.
    pub without_controls: usize,
    /// Those of them that are alone in a batch that has controls.
    pub alone: usize,
}

/// The genes of a file, measured and perturbed, in which predictions can be read.
#[must_use]
pub fn genes_of(cells: &CellFile) -> GeneTable {
    let mut genes = GeneTable::new();
    let perturbed = cells.groups().perturbations.iter().flat_map(|own| &own.genes).map(|(name, _)| name);
    cells.genes().iter().chain(perturbed).for_each(|name| {
        genes.intern(name);
    });
    genes
}

/// Parts the change of each perturbation, and the errors of predictions of it (over [`genes_of`] the file), and says what
/// each perturbation needs. `None` if `progress` asked to stop.
///
/// The change of a gene in a batch is the difference of the means of `ln(1 + normalised count)` of perturbed cells and
/// controls; every batch with two cells or more of either counts alike. Perturbed genes are left out of their own change, since
/// a knock-down that works says nothing of what follows from it.
///
/// # Errors
/// [`EvaluationError::Cells`] if no batch column was named, if no change is known inside any batch, or for a damaged file;
/// [`EvaluationError::Metric`] for a share out of range.
pub fn diagnose(
    cells: &CellFile,
    survey: &Survey,
    config: &DiagnosisConfig,
    predictions: &[External],
    progress: &dyn Progress,
) -> Result<Option<Diagnosis>, EvaluationError> {
    cells.check_batches()?;
    ChangeParts::default().needs(&[], &[], config.share)?;
    let genes = genes_of(cells);
    let mut accounts: Vec<Account> = cells
        .groups()
        .perturbations
        .iter()
        .enumerate()
        .filter_map(|(number, own)| Account::open(number, own, cells, &genes, config.direction, predictions))
        .collect();
    let finished = cell_moments(cells, survey, config.moments, progress, |gene, moments| {
        accounts.iter_mut().for_each(|account| account.add(gene, moments));
    })?;
    if !finished {
        return Ok(None);
    }
    let mut short_of_controls = vec![0; cells.groups().batches.len()];
    let mut perturbations = Vec::with_capacity(accounts.len());
    for account in accounts {
        let Some(diagnosed) = account.close(cells, config.share)? else { continue };
        if diagnosed.needs.told && diagnosed.needs.controls.is_some() {
            account.batches.iter().for_each(|&batch| short_of_controls[batch] += 1);
        }
        perturbations.push(diagnosed);
    }
    perturbations.sort_by(DiagnosedPerturbation::worst_first);
    let excluded = cells.groups().excluded;
    let is_counts = survey.scale == Scale::Counts;
    Ok(Some(Diagnosis {
        batch_key: cells.batch_key()?.to_owned(),
        matrix: cells.matrix().to_owned(),
        scale: survey.scale.word().to_owned(),
        total: is_counts.then(|| config.moments.total.unwrap_or(survey.median_total)),
        share: config.share,
        genes: cells.genes().len(),
        unnamed_cells: excluded.unlabelled + excluded.without_batch,
        batches: batches(cells, &short_of_controls),
        perturbations,
        unknown: unknown(cells),
    }))
}

/// The sums of one perturbation.
struct Account {
    number: usize,
    batches: Vec<usize>,
    cells: Vec<usize>,
    controls: Vec<usize>,
    perturbed_genes: Vec<GeneId>,
    change: ChangeSums,
    predictions: Vec<PredictedSums>,
    effects: Vec<GeneEffect>,
}

struct PredictedSums {
    label: String,
    values: Vec<Option<f32>>,
    genes: usize,
    errors: ErrorSums,
    of_no_change: ErrorSums,
}

impl Account {
    /// `None` if no batch counts.
    fn open(
        number: usize,
        own: &PerturbedCells,
        cells: &CellFile,
        genes: &GeneTable,
        default: Direction,
        predictions: &[External],
    ) -> Option<Self> {
        let groups = cells.groups();
        let batches: Vec<_> = groups.batches_of(own).collect();
        if batches.is_empty() {
            return None;
        }
        let changes = own.genes.iter().filter_map(|(name, mark)| Some((genes.id(name)?, mark.unwrap_or(default))));
        let perturbation = Perturbation::of(changes.clone());
        let sums = |external: &External| {
            let values = external.values(perturbation.as_ref()?)?;
            let (errors, label) = (ErrorSums::new(batches.len()), external.label().to_owned());
            Some(PredictedSums { label, values, genes: 0, of_no_change: errors.clone(), errors })
        };
        Some(Self {
            number,
            cells: batches.iter().map(|batch| own.in_batch[batch]).collect(),
            controls: batches.iter().map(|&batch| groups.controls[batch]).collect(),
            perturbed_genes: changes.map(|(gene, _)| gene).collect(),
            change: ChangeSums::new(batches.len()),
            predictions: predictions.iter().filter_map(sums).collect(),
            effects: Vec::with_capacity(batches.len()),
            batches,
        })
    }

    fn add(&mut self, gene: usize, moments: GeneMoments<'_>) {
        if self.perturbed_genes.contains(&GeneId::new(gene)) {
            return;
        }
        let places = self.batches.iter().zip(self.cells.iter().zip(&self.controls));
        let effect = |(&batch, (&cells, &controls)): (&usize, (&usize, &usize))| {
            let (own, control) = (moments.of_perturbed(self.number, batch), moments.of_controls(batch));
            GeneEffect {
                change: own.mean - control.mean,
                of_cells: own.variance / cells as f64,
                of_controls: control.variance / controls as f64,
            }
        };
        self.effects.clear();
        self.effects.extend(places.map(effect));
        self.change.add(&self.effects);
        let effects = self.effects.iter().map(|effect| (effect.change, effect.of_cells + effect.of_controls));
        for sums in &mut self.predictions {
            let Some(value) = sums.values.get(gene).copied().flatten() else { continue };
            sums.genes += 1;
            sums.errors.add(f64::from(value), effects.clone());
            sums.of_no_change.add(0.0, effects.clone());
        }
    }

    /// `None` if the file holds no gene but the perturbed ones.
    fn close(&self, cells: &CellFile, share: f64) -> Result<Option<DiagnosedPerturbation>, EvaluationError> {
        let own = &cells.groups().perturbations[self.number];
        let Some(parts) = self.change.parts() else { return Ok(None) };
        let error = |sums: &PredictedSums| {
            let (parts, of_no_change) = (sums.errors.parts_of_mean()?, sums.of_no_change.parts_of_mean()?.model);
            Some(PredictedError { label: sums.label.clone(), genes: sums.genes, parts, of_no_change })
        };
        Ok(Some(DiagnosedPerturbation {
            name: own.name(),
            cells: own.cells,
            counted: self.cells.iter().sum(),
            batches: self.batches.len(),
            controls: self.controls.iter().sum(),
            parts,
            needs: parts.needs(&self.cells, &self.controls, share)?,
            predictions: self.predictions.iter().filter_map(error).collect(),
        }))
    }
}

fn batches(cells: &CellFile, short_of_controls: &[usize]) -> Vec<DiagnosedBatch> {
    let groups = cells.groups();
    let mut batches: Vec<_> = groups
        .batches
        .iter()
        .zip(groups.controls.iter().zip(short_of_controls))
        .map(|(name, (&controls, &short_of_controls))| DiagnosedBatch {
            name: name.clone(),
            controls,
            perturbed: 0,
            perturbations: 0,
            short_of_controls,
        })
        .collect();
    for (&batch, &cells) in groups.perturbations.iter().flat_map(|own| &own.in_batch) {
        batches[batch].perturbed += cells;
        batches[batch].perturbations += 1;
    }
    batches
}

fn unknown(cells: &CellFile) -> Vec<UnknownChange> {
    let groups = cells.groups();
    let change = |own: &PerturbedCells| {
        let in_batches = |has_controls: bool| {
            let counts = move |batch: &usize| (groups.controls[*batch] >= 2) == has_controls;
            own.in_batch.iter().filter(move |(batch, _)| counts(batch)).map(|(_, cells)| *cells).sum()
        };
        let (without_controls, alone) = (in_batches(false), in_batches(true));
        UnknownChange { name: own.name(), cells: own.cells, without_controls, alone }
    };
    let lost = groups.perturbations.iter().filter(|own| groups.batches_of(own).next().is_none());
    lost.map(change).collect()
}
