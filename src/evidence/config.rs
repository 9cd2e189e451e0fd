//! Settings of the evidence model.

use serde::{Deserialize, Serialize};

use super::EvidenceError;

/// Whether the experiments must prove to be what their names say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnchorPolicy {
    /// Nothing is applied unless perturbed genes, known regulations or related genes say so.
    #[default]
    Required,
    /// Taken for granted.
    Assumed,
}

/// What is assumed, and how sure an applied statement must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceConfig {
    /// Expected share of true ones among the applied statements, in `(0, 1]`; default 0.8. Of effects, the most probable are
    /// taken as long as their mean probability reaches it; a regulation, a flip and a removal must reach it each by itself.
    pub expected_precision: f64,
    /// Share of the calls of single experiments that another experiment would repeat, in `[0, 1]`; default 0.8. Assumed
    /// where too few regulators were perturbed in several experiments to learn it.
    pub call_precision: f64,
    /// Whether what regulations look like is learnt from the known ones; default true. Without, no regulation is added.
    pub prior: bool,
    /// Least share of the regulations of tested regulators that the knowledge is taken to state, in `(0, 1)`; default 0.6. A
    /// smaller share lets less complete knowledge add more regulations.
    pub least_completeness: f64,
    /// Whether the experiments must prove to be what their names say; default required.
    pub anchors: AnchorPolicy,
    /// Permutations behind the tests of the names, ≥ 200; default 1000.
    pub permutations: usize,
    /// Statements proposed, but not applied, at most; default 1000.
    pub proposals: usize,
    /// Seed of permutations and folds.
    pub seed: u64,
}

impl Default for EvidenceConfig {
    fn default() -> Self {
        Self {
            expected_precision: 0.8,
            call_precision: 0.8,
            prior: true,
            least_completeness: 0.6,
            anchors: AnchorPolicy::Required,
            permutations: 1000,
            proposals: 1000,
            seed: 42,
        }
    }
}

impl EvidenceConfig {
    /// Checks that every setting is in its range.
    ///
    /// # Errors
    /// [`EvidenceError::OutOfRange`] names the first that is not.
    pub fn check(&self) -> Result<(), EvidenceError> {
        let settings = [
            ("expected_precision", self.expected_precision, self.expected_precision > 0.0),
            ("call_precision", self.call_precision, self.call_precision >= 0.0),
            ("least_completeness", self.least_completeness, self.least_completeness > 0.0),
        ];
        for (name, value, above) in settings {
            if !above || value > 1.0 {
                return Err(EvidenceError::OutOfRange { name, value, range: "above 0 and at most 1" });
            }
        }
        if self.permutations < 200 {
            let (name, value) = ("permutations", self.permutations as f64);
            return Err(EvidenceError::OutOfRange { name, value, range: "at least 200" });
        }
        Ok(())
    }
}
