//! Settings of the flow.

use serde::{Deserialize, Serialize};

use crate::prediction::PredictionError;

/// Shape and schedule of a [`Flow`](super::Flow).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlowConfig {
    /// Rank of the coupling that no regulation of the knowledge carries, ≥ 0; default 0: on held-out knock-outs of *Escherichia
    /// coli* it learnt by heart.
    pub rank: usize,
    /// Euler steps from start to end, ≥ 1; default 6.
    pub steps: usize,
    /// Passes over all rows, ≥ 1; default 20: on held-out knock-outs of *Escherichia coli* 15 do as well as 60.
    pub epochs: usize,
    /// Perturbed rows of a step, ≥ 1; default 16. The controls of their batches come with them.
    pub batch: usize,
    /// Step size of Adam, > 0; default 0.02.
    pub learning_rate: f64,
    /// Weight `λ_ss` of the steady-state term, ≥ 0; default 0.1: on simulated cells it gained nothing, and lost from 1 on; on
    /// knock-outs of *Escherichia coli* it neither gained nor lost.
    pub steady_state: f64,
    /// Weight `ρ` of the ridge, ≥ 0; default 0.1. It keeps a regulation that no row shows at the strength where it starts.
    pub ridge: f64,
    /// Whether a coupling keeps the sign of its regulation; default true.
    pub signed: bool,
    /// Seed of first values and order of rows.
    pub seed: u64,
}

impl Default for FlowConfig {
    fn default() -> Self {
        Self {
            rank: 0,
            steps: 6,
            epochs: 20,
            batch: 16,
            learning_rate: 0.02,
            steady_state: 0.1,
            ridge: 0.1,
            signed: true,
            seed: 42,
        }
    }
}

impl FlowConfig {
    pub(super) fn check(&self) -> Result<(), PredictionError> {
        for (setting, value) in [("steps", self.steps), ("epochs", self.epochs), ("batch", self.batch)] {
            if value == 0 {
                return Err(PredictionError::Setting { setting, value: "0".to_owned(), range: "at least 1" });
            }
        }
        let numbers = [
            ("learning_rate", self.learning_rate, self.learning_rate > 0.0, "a finite number above 0"),
            ("steady_state", self.steady_state, self.steady_state >= 0.0, "a finite number of at least 0"),
            ("ridge", self.ridge, self.ridge >= 0.0, "a finite number of at least 0"),
        ];
        match numbers.into_iter().find(|(_, value, allowed, _)| !(value.is_finite() && *allowed)) {
            Some((setting, value, _, range)) => {
                Err(PredictionError::Setting { setting, value: value.to_string(), range })
            }
            None => Ok(()),
        }
    }
}
