//! The settings of a run, all in one place, as they go into the report.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::PipelineError;
use crate::adaptor::AdaptorConfig;
use crate::evidence::EvidenceConfig;
use crate::prediction::PredictorName;
use crate::prediction::neural::NeuralConfig;
use crate::refinement::RefinementConfig;
use crate::symbolic::{Closure, Reading};

/// Where the weights come from that say how far the knowledge is to be believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weighting {
    /// From the knowledge and the training rows.
    #[default]
    Learnt,
    /// The same weights assigned to the entries at random: what a comparison shows without them.
    Shuffled,
}

/// What decides which revisions are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// How probable each statement is in the light of experiments on its regulator.
    #[default]
    Evidence,
    /// How many entries the knowledge reads otherwise than wanted, and what revisions cost.
    Mismatch,
}

/// Everything that decides what a run computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Seed of every random draw of the run; default 42.
    pub seed: u64,
    /// Rounds of align, refit, refine, ≥ 1; default 2.
    pub rounds: usize,
    /// Longest walk that counts, in `1..=64`; default 5.
    pub depth: usize,
    /// How conflicting walks are read; default nearest.
    pub reading: Reading,
    /// Who learns from the data; default the MLP.
    pub predictor: PredictorName,
    /// Weight `ρ` of a predicted entry of full confidence, in `[0, 1]`; default ¼ (a measured one has 1).
    pub rho: f64,
    /// Where the weights of the adaptor come from; default learnt.
    pub weighting: Weighting,
    /// At most this many unlabelled perturbations, those of the regulators with most targets; default 256. Fewer are taken
    /// where their predictions, of weight `ρ` each, would outweigh what was measured.
    pub unlabelled: usize,
    /// Exponent `γ` of the balanced consistency, > 0; default 2.
    pub gamma: f64,
    /// Stop after this many seconds with the best network so far; by default never.
    pub time_limit_seconds: Option<f64>,
    /// The neural predictor.
    pub neural: NeuralConfig,
    /// The adaptor.
    pub adaptor: AdaptorConfig,
    /// What decides which revisions are made; default the evidence.
    pub objective: Objective,
    /// The evidence model, for `objective = "evidence"`.
    pub evidence: EvidenceConfig,
    /// The search, for `objective = "mismatch"`; its limits on numbers of revisions hold for both.
    pub refinement: RefinementConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 42,
            rounds: 2,
            depth: 5,
            reading: Reading::Nearest,
            predictor: PredictorName::Mlp,
            rho: 0.25,
            weighting: Weighting::Learnt,
            unlabelled: 256,
            gamma: 2.0,
            time_limit_seconds: None,
            neural: NeuralConfig::default(),
            adaptor: AdaptorConfig::default(),
            objective: Objective::Evidence,
            evidence: EvidenceConfig::default(),
            refinement: RefinementConfig::default(),
        }
    }
}

impl Config {
    /// The same settings with one seed for every engine.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self.neural.seed = seed;
        self.evidence.seed = seed;
        self.refinement.seed = seed;
        self
    }

    /// Checks every setting before the work.
    ///
    /// # Errors
    /// [`PipelineError::OutOfRange`] or the error of an engine names the first that is out of range.
    pub fn check(&self) -> Result<(), PipelineError> {
        let ranges = [
            ("rounds", self.rounds as f64, 1.0..=1000.0, "between 1 and 1000"),
            ("depth", self.depth as f64, 1.0..=Closure::MAX_DEPTH as f64, "between 1 and 64"),
            ("rho", self.rho, 0.0..=1.0, "between 0 and 1"),
            ("gamma", self.gamma, 1e-6..=100.0, "above 0 and at most 100"),
            ("time_limit_seconds", self.time_limit_seconds.unwrap_or(1.0), 0.0..=1e9, "at least 0"),
        ];
        for (name, value, range, allowed) in ranges {
            if !range.contains(&value) {
                return Err(PipelineError::OutOfRange { name, value, allowed });
            }
        }
        if let Reading::Majority { alpha, tau } = self.reading {
            let settings = [("alpha", alpha, alpha > 0.0), ("tau", tau, tau >= 0.0)];
            for (name, value, above) in settings {
                if !above || value > 1.0 {
                    return Err(PipelineError::OutOfRange { name, value, allowed: "between 0 and 1" });
                }
            }
        }
        self.adaptor.check()?;
        self.evidence.check()?;
        self.refinement.check()?;
        Ok(())
    }

    /// The time limit as a duration.
    #[must_use]
    pub fn time_limit(&self) -> Option<Duration> {
        self.time_limit_seconds.map(Duration::from_secs_f64)
    }
}
