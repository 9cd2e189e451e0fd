//! What a choice costs: contradictions, misplaced reliance, and symbolic entries past the budget.

use serde::{Deserialize, Serialize};

use super::AdaptorError;

/// Weights of the adaptor's objective.
///
/// ```text
/// L(a) = C_v · Σ [a=0][ŷ ≠ δ]  +  C_w · Σ { a(½−w)₊ + (1−a)(w−½)₊ }  +  C_l · max(0, Σ a − θN)
/// ```
/// where, for each of the `N` entries (perturbation, gene), `a = 1` takes the symbolic response `δ` and `a = 0` the
/// neural response `ŷ`, and `w ∈ [0, 1]` says how far the knowledge is to be believed there; see [`KnowledgeReliability`](super::KnowledgeReliability).
///
/// # Reference
/// Xiang & Ai, ICLR 2026, arXiv 2510.00512.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdaptorConfig {
    /// Cost `C_v` of a neural response that contradicts the knowledge, ≥ 0; default 0.1.
    pub c_v: f64,
    /// Cost `C_w` of following the less reliable side, ≥ 0; default 1.
    pub c_w: f64,
    /// Cost `C_l` of each symbolic entry past the budget, ≥ 0; default 5.
    pub c_l: f64,
    /// Budget `θ`: share of entries that may be symbolic for free, in `[0, 1]`; default 0.3.
    pub theta: f64,
}

impl Default for AdaptorConfig {
    fn default() -> Self {
        Self { c_v: 0.1, c_w: 1.0, c_l: 5.0, theta: 0.3 }
    }
}

impl AdaptorConfig {
    /// Says whether all settings are in their ranges.
    ///
    /// # Errors
    /// [`AdaptorError::Setting`] names the first that is not.
    pub fn check(&self) -> Result<(), AdaptorError> {
        for (setting, value) in [("c_v", self.c_v), ("c_w", self.c_w), ("c_l", self.c_l)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(AdaptorError::Setting { setting, value, allowed: "a number of at least 0" });
            }
        }
        if !(0.0..=1.0).contains(&self.theta) {
            let allowed = "a share between 0 and 1";
            return Err(AdaptorError::Setting { setting: "theta", value: self.theta, allowed });
        }
        Ok(())
    }

    /// Cost of one neural entry: `C_v[ŷ≠δ] + C_w(w−½)₊`.
    pub(super) fn neural_cost(&self, inconsistent: bool, w: f64) -> f64 {
        self.c_v * f64::from(u8::from(inconsistent)) + self.c_w * (w - 0.5).max(0.0)
    }

    /// Cost of one symbolic entry before the budget: `C_w(½−w)₊`.
    pub(super) fn symbolic_cost(&self, w: f64) -> f64 {
        self.c_w * (0.5 - w).max(0.0)
    }

    /// `C_l · max(0, symbolic − θN)`.
    pub(super) fn budget_cost(&self, symbolic: f64, entries: u64) -> f64 {
        self.c_l * (symbolic - self.theta * entries as f64).max(0.0)
    }
}

/// What taking the symbolic response saves on one entry before the budget: `g = C_v[ŷ≠δ] + C_w(w−½)`.
#[must_use]
pub fn gain(inconsistent: bool, w: f64, config: &AdaptorConfig) -> f64 {
    config.c_v * f64::from(u8::from(inconsistent)) + config.c_w * (w - 0.5)
}

/// The objective of [`AdaptorConfig`] for a choice, entry by entry.
///
/// # Shapes
/// - `inconsistent` (`ŷ ≠ δ`), `w`, `symbolic` (the choice `a`): one value for each entry
///
/// # Errors
/// [`AdaptorError::Length`] if the three differ in length, [`AdaptorError::Weight`] and [`AdaptorError::Setting`] for
/// values out of range.
pub fn objective(
    inconsistent: &[bool],
    w: &[f64],
    symbolic: &[bool],
    config: &AdaptorConfig,
) -> Result<f64, AdaptorError> {
    config.check()?;
    check_weights(w, inconsistent.len())?;
    check_length("the choice", symbolic.len(), inconsistent.len())?;
    let mut cost = 0.0;
    let mut chosen = 0;
    for ((&inconsistent, &w), &symbolic) in inconsistent.iter().zip(w).zip(symbolic) {
        cost += if symbolic { config.symbolic_cost(w) } else { config.neural_cost(inconsistent, w) };
        chosen += u64::from(symbolic);
    }
    Ok(cost + config.budget_cost(chosen as f64, w.len() as u64))
}

pub(super) fn check_length(what: &'static str, found: usize, expected: usize) -> Result<(), AdaptorError> {
    if found == expected { Ok(()) } else { Err(AdaptorError::Length { what, found, expected }) }
}

pub(super) fn check_weights(w: &[f64], expected: usize) -> Result<(), AdaptorError> {
    check_length("the list of weights", w.len(), expected)?;
    match w.iter().position(|weight| !(0.0..=1.0).contains(weight)) {
        Some(position) => Err(AdaptorError::Weight { position, weight: w[position] }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_objective_of_three_entries_agrees_with_paper_and_pencil() {
        let config = AdaptorConfig { c_v: 0.1, c_w: 1.0, c_l: 5.0, theta: 0.5 };
        // neural, contradicting, w = 0.8: 0.1 + 0.3; symbolic, w = 0.2: 0.3; symbolic, w = 0.9: 0; budget 5·(2 − 1.5).
        let cost = objective(&[true, true, false], &[0.8, 0.2, 0.9], &[false, true, true], &config);
        assert!((cost.expect("values in range") - 3.2).abs() < 1e-12);
    }

    #[test]
    fn settings_and_weights_out_of_range_are_named() {
        let config = AdaptorConfig { theta: 1.5, ..AdaptorConfig::default() };
        let message = config.check().expect_err("theta above 1").to_string();
        assert!(message.contains("`theta` is 1.5"), "{message}");
        assert!(AdaptorConfig { c_l: f64::NAN, ..AdaptorConfig::default() }.check().is_err());
        let error = objective(&[true], &[f64::NAN], &[true], &AdaptorConfig::default()).expect_err("no number");
        assert!(matches!(error, AdaptorError::Weight { position: 0, .. }));
    }
}
