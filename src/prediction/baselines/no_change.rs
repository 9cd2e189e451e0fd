//! Nothing changes: the answer that is right most often, and useless.

use super::check_genes;
use crate::biology::Perturbation;
use crate::prediction::measured::TrainingRows;
use crate::prediction::{FitRecord, Prediction, PredictionError, Predictor, TrainingData};
use crate::progress::Progress;

/// Probability that an entry changes after all, half of it down and half up.
const CHANGE: f32 = 0.05;

/// Every gene is unchanged under every perturbation, with probability 0.95.
#[derive(Clone, Debug)]
pub struct NoChange {
    n_genes: usize,
    fitted: bool,
}

impl NoChange {
    /// The baseline for this many genes.
    #[must_use]
    pub const fn new(n_genes: usize) -> Self {
        Self { n_genes, fitted: false }
    }
}

impl Predictor for NoChange {
    fn name(&self) -> &'static str {
        "no-change"
    }

    fn fit(&mut self, data: &TrainingData<'_>, _progress: &dyn Progress) -> Result<FitRecord, PredictionError> {
        TrainingRows::of(data, self.n_genes)?;
        self.fitted = true;
        Ok(FitRecord { temperature: 1.0, ..FitRecord::default() })
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        if !self.fitted {
            return Err(PredictionError::NotFitted(self.name()));
        }
        check_genes(self.name(), self.n_genes, perturbations)?;
        let entry = [CHANGE / 2.0, 1.0 - CHANGE, CHANGE / 2.0];
        Ok(Prediction::new(self.n_genes, vec![entry; perturbations.len() * self.n_genes]))
    }
}
