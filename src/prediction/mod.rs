//! What the data say: predictors that learn responses from perturbation experiments.
//!
//! Start at [`Predictor`], then [`build`], which makes any of them by its name. `neural` holds the MLP and the GNN (the only
//! place that knows the tensor crate), [`ode`] the differential equation, `baselines` the simple ones, `external`
//! predictions made elsewhere, `stacked` makes many one. Nothing here sees a test perturbation, a file or RDF. What the
//! knowledge alone says is not a predictor here: `symbolic` says it.

pub mod baselines;
mod calibration;
mod calls;
mod catalogue;
mod error;
mod external;
mod inner_folds;
mod measured;
pub mod neural;
pub mod ode;
mod stacked;

pub use catalogue::{PredictorConfig, PredictorName, build};
pub use error::PredictionError;
pub use external::{Coverage, External};
pub use stacked::Stacked;

use std::collections::BTreeMap;

use crate::biology::{GeneId, Perturbation, Response, ResponseMatrix, ResponseValues};
use crate::progress::Progress;

/// Learns from perturbations with known responses, then tells class probabilities for any perturbation.
pub trait Predictor {
    /// The name under which its scores stand in a table, for example `mlp`.
    fn name(&self) -> &'static str;

    /// Learns from `data`; whatever was learnt before is forgotten.
    ///
    /// # Errors
    /// [`PredictionError`] if there is nothing to learn from, or if the loss stops being a number.
    fn fit(&mut self, data: &TrainingData<'_>, progress: &dyn Progress) -> Result<FitRecord, PredictionError>;

    /// Class probabilities of every gene under each perturbation.
    ///
    /// # Errors
    /// [`PredictionError::NotFitted`] before the first [`Predictor::fit`].
    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError>;
}

/// What a predictor learns from. Rows of `responses` belong to `perturbations`.
#[derive(Clone, Copy, Debug)]
pub struct TrainingData<'a> {
    /// What was done, one per row.
    pub perturbations: &'a [Perturbation],
    /// What came of it; unmeasured entries do not enter the loss.
    pub responses: &'a ResponseMatrix,
    /// How much each row counts, > 0; observed rows 1, aligned responses less.
    pub row_weights: &'a [f32],
    /// Rows (indices into `perturbations`) kept aside for early stopping and calibration; disjoint from all test rows.
    pub validation: &'a [usize],
}

/// How a fit went: losses per epoch, in order.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct FitRecord {
    /// Mean training loss of each epoch.
    pub training_loss: Vec<f64>,
    /// Validation loss after each epoch; empty without validation rows.
    pub validation_loss: Vec<f64>,
    /// The epoch (from 0) whose weights were kept.
    pub best_epoch: usize,
    /// Temperature that calibrates the probabilities on the validation rows, 1 if there were none.
    pub temperature: f64,
    /// What a predictor without epochs chose on the training rows, by name, for example `neighbours` or `penalty`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub chosen: BTreeMap<String, f64>,
}

impl FitRecord {
    /// The record of a predictor without epochs.
    pub(crate) fn of_choices(temperature: f64, chosen: &[(&str, f64)]) -> Self {
        let chosen = chosen.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
        Self { temperature, chosen, ..Self::default() }
    }
}

/// Class probabilities `[n_perturbations, n_genes, 3]`, in the order of [`Response::CLASSES`].
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    n_genes: usize,
    probabilities: Vec<[f32; 3]>,
}

impl Prediction {
    /// A prediction from its rows laid end to end.
    ///
    /// # Panics
    /// If the length is not a multiple of `n_genes`.
    #[must_use]
    pub fn new(n_genes: usize, probabilities: Vec<[f32; 3]>) -> Self {
        assert!(n_genes > 0 && probabilities.len().is_multiple_of(n_genes), "probabilities do not fill the shape");
        Self { n_genes, probabilities }
    }

    /// Number of rows.
    #[must_use]
    pub fn n_perturbations(&self) -> usize {
        self.probabilities.len() / self.n_genes
    }

    /// Probabilities of down, unchanged and up for one entry.
    #[must_use]
    pub fn probabilities(&self, perturbation: usize, gene: GeneId) -> [f32; 3] {
        self.probabilities[perturbation * self.n_genes + gene.index()]
    }

    /// The most probable class of every entry; ties go to *unchanged*, then *down*.
    #[must_use]
    pub fn responses(&self) -> ResponseMatrix {
        let entries = self.probabilities.iter().map(|&probabilities| Some(most_probable(probabilities))).collect();
        ResponseMatrix::from_entries(self.n_perturbations(), self.n_genes, entries)
    }

    /// Class probabilities of all entries, rows laid end to end.
    #[must_use]
    pub fn entries(&self) -> &[[f32; 3]] {
        &self.probabilities
    }

    /// The expected response of every entry, `p(up) − p(down)`, in `[−1, 1]`.
    #[must_use]
    pub fn expected(&self) -> ResponseValues {
        let values: Vec<_> = self.probabilities.iter().map(|[down, _, up]| up - down).collect();
        ResponseValues::from_values(self.n_perturbations(), self.n_genes, &values)
    }

    /// The probability of the most probable class of one entry.
    #[must_use]
    pub fn confidence(&self, perturbation: usize, gene: GeneId) -> f32 {
        self.probabilities(perturbation, gene).into_iter().fold(0.0, f32::max)
    }
}

fn most_probable([down, unchanged, up]: [f32; 3]) -> Response {
    if unchanged >= down && unchanged >= up {
        Response::Unchanged
    } else if down >= up {
        Response::Down
    } else {
        Response::Up
    }
}
