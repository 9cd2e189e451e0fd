//! The neural predictors: the only place that knows the tensor crate.
//!
//! Start at [`NeuralConfig`].

use serde::{Deserialize, Serialize};

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
    /// At most so many passes over the training rows, ≥ 1; default 100.
    pub max_epochs: usize,
    /// Stop after so many epochs without a better validation loss, ≥ 1; default 10.
    pub patience: usize,
    /// Seed of weights and order of batches.
    pub seed: u64,
}

impl Default for NeuralConfig {
    fn default() -> Self {
        Self { hidden: 64, batch: 64, learning_rate: 1e-3, max_epochs: 100, patience: 10, seed: 42 }
    }
}
