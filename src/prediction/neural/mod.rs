//! The neural predictors: the only place that knows the tensor crate.
//!
//! Start at [`NeuralConfig`], then [`Mlp`] and [`Gnn`]. `training` says what is minimised, `layers` has the operations on
//! the tape, `kernels` the arithmetic, `checkpoint` the file format. Runs are the same to the last bit for the same seed
//! on any number of threads; processors with other vector units may round differently.

mod checkpoint;
mod gnn;
mod kernels;
mod layers;
mod mlp;
mod training;

pub use gnn::Gnn;
pub use mlp::Mlp;

use serde::{Deserialize, Serialize};

use super::PredictionError;

/// Sizes and schedule of a neural predictor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NeuralConfig {
    /// Width of the hidden layers, ≥ 1; default 64.
    pub hidden: usize,
    /// Perturbations per step, ≥ 1; default 64.
    pub batch: usize,
    /// Step size of Adam, > 0; default 1e-3.
    pub learning_rate: f64,
    /// At most this many epochs, ≥ 1; default 100.
    pub max_epochs: usize,
    /// An epoch makes at least this many steps, ≥ 1; default 4. It passes over the training rows once, or, where they
    /// fill fewer batches, several times: a screen of 30 perturbations would else see 100 steps in all.
    pub min_steps: usize,
    /// Stop after this many epochs without a better validation loss, ≥ 1; default 10.
    pub patience: usize,
    /// Whether the validation rows choose how much of the class prior is given back to logits that were learnt under
    /// balanced classes; default true. With false, as published, rare classes are called as readily as frequent ones.
    pub restore_prior: bool,
    /// Seed of weights and order of batches.
    pub seed: u64,
}

impl Default for NeuralConfig {
    fn default() -> Self {
        Self {
            hidden: 64,
            batch: 64,
            learning_rate: 1e-3,
            max_epochs: 100,
            min_steps: 4,
            patience: 10,
            restore_prior: true,
            seed: 42,
        }
    }
}

impl NeuralConfig {
    fn check(&self) -> Result<(), PredictionError> {
        let sizes = [
            ("hidden", self.hidden),
            ("batch", self.batch),
            ("max_epochs", self.max_epochs),
            ("min_steps", self.min_steps),
            ("patience", self.patience),
        ];
        if let Some(&(setting, _)) = sizes.iter().find(|&&(_, size)| size == 0) {
            return Err(PredictionError::Setting { setting, value: "0".to_owned(), range: "at least 1" });
        }
        if !self.learning_rate.is_finite() || self.learning_rate <= 0.0 {
            let value = self.learning_rate.to_string();
            return Err(PredictionError::Setting { setting: "learning_rate", value, range: "a finite number above 0" });
        }
        Ok(())
    }
}
