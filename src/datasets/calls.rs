//! From fold changes to calls: when is a gene down, up, unchanged, or not to be told.

use serde::{Deserialize, Serialize};

use super::DatasetError;
use crate::biology::Response;

/// When a fold change counts as a response.
///
/// ```text
/// up         log2FC ≥  min_log2fc  and  FDR ≤ max_fdr
/// down       log2FC ≤ −min_log2fc  and  FDR ≤ max_fdr
/// undecided  |log2FC| ≥ min_log2fc  and  FDR > max_fdr     (masked: too uncertain to be called either way)
/// unchanged  |log2FC| < min_log2fc
/// ```
/// A table without FDR is judged by its fold changes alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallThresholds {
    /// Least absolute log2 fold change of a response, > 0; 1 (the default) is a doubling or a halving.
    pub min_log2fc: f64,
    /// Highest false discovery rate of a response, in `(0, 1]`; default 0.05.
    pub max_fdr: f64,
}

impl Default for CallThresholds {
    fn default() -> Self {
        Self { min_log2fc: 1.0, max_fdr: 0.05 }
    }
}

impl CallThresholds {
    /// Checks both limits.
    ///
    /// # Errors
    /// [`DatasetError::OutOfRange`] if `min_log2fc` is not above 0 or `max_fdr` not in `(0, 1]`.
    pub fn checked(self) -> Result<Self, DatasetError> {
        if !(self.min_log2fc > 0.0 && self.min_log2fc.is_finite()) {
            let what = "least log2 fold change of a response";
            return Err(DatasetError::OutOfRange { what, value: self.min_log2fc, range: "above 0" });
        }
        if !(self.max_fdr > 0.0 && self.max_fdr <= 1.0) {
            let what = "highest false discovery rate of a response";
            return Err(DatasetError::OutOfRange { what, value: self.max_fdr, range: "above 0 and at most 1" });
        }
        Ok(self)
    }

    /// The response of a gene with this log2 fold change; `None` if undecided.
    #[must_use]
    pub fn call(self, log2fc: f64, fdr: Option<f64>) -> Option<Response> {
        if log2fc.abs() < self.min_log2fc {
            return Some(Response::Unchanged);
        }
        if fdr.is_some_and(|fdr| fdr > self.max_fdr) {
            return None;
        }
        Some(if log2fc > 0.0 { Response::Up } else { Response::Down })
    }

    /// The response of a gene whose fold change has a known uncertainty; `None` if undecided.
    ///
    /// As [`CallThresholds::call`], but *unchanged* must be shown too: a change of `min_log2fc` is excluded by two
    /// one-sided tests at 5 %, that is
    /// ```text
    /// |log2FC| + t₀.₉₅ · SE < min_log2fc
    /// ```
    /// where `margin` is `t₀.₉₅ · SE`, the half width of the 90 % confidence interval.
    ///
    /// # Reference
    /// Schuirmann 1987, doi:10.1007/BF01068419 (two one-sided tests).
    #[must_use]
    pub fn call_with_margin(self, log2fc: f64, fdr: f64, margin: f64) -> Option<Response> {
        match self.call(log2fc, Some(fdr)) {
            Some(Response::Unchanged) if log2fc.abs() + margin >= self.min_log2fc => None,
            call => call,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_and_significant_change_is_a_response() {
        let thresholds = CallThresholds::default();
        assert_eq!(thresholds.call(1.0, Some(0.05)), Some(Response::Up));
        assert_eq!(thresholds.call(-2.0, Some(0.01)), Some(Response::Down));
        assert_eq!(thresholds.call(-2.0, None), Some(Response::Down));
    }

    #[test]
    fn a_large_but_uncertain_change_is_not_called_unchanged() {
        assert_eq!(CallThresholds::default().call(3.0, Some(0.2)), None);
    }

    #[test]
    fn unchanged_needs_the_confidence_interval_to_exclude_a_doubling() {
        let thresholds = CallThresholds::default();
        assert_eq!(thresholds.call_with_margin(0.5, 0.3, 0.4), Some(Response::Unchanged));
        assert_eq!(thresholds.call_with_margin(0.5, 0.3, 0.6), None);
        assert_eq!(thresholds.call_with_margin(-0.9, 0.001, 0.2), None);
        assert_eq!(thresholds.call_with_margin(-1.1, 0.001, 0.2), Some(Response::Down));
    }

    #[test]
    fn limits_without_meaning_are_refused() {
        for (min_log2fc, max_fdr) in [(0.0, 0.05), (f64::NAN, 0.05), (1.0, 0.0), (1.0, 1.5), (1.0, f64::NAN)] {
            assert!(CallThresholds { min_log2fc, max_fdr }.checked().is_err(), "{min_log2fc} {max_fdr}");
        }
    }
}
