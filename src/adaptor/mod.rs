//! Per-gene choice between the symbolic and the neural response: whom to believe.
//!
//! Start at [`AdaptorConfig`]. Nothing here knows how either response was made.

use serde::{Deserialize, Serialize};

/// Weights of the adaptor's objective.
///
/// ```text
/// L(a) = C_v · Σ [a=0][ŷ ≠ δ]  +  C_w · Σ { a(½−w)₊ + (1−a)(w−½)₊ }  +  C_l · max(0, Σ a − θN)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdaptorConfig {
    /// Cost of a neural response that contradicts the knowledge, ≥ 0; default 0.1.
    pub c_v: f64,
    /// Cost of trusting the less trustworthy side, ≥ 0; default 1.
    pub c_w: f64,
    /// Cost of each symbolic entry past the budget, ≥ 0; default 5.
    pub c_l: f64,
    /// Budget: share of entries that may be symbolic for free, in `[0, 1]`; default 0.3.
    pub theta: f64,
}

impl Default for AdaptorConfig {
    fn default() -> Self {
        Self { c_v: 0.1, c_w: 1.0, c_l: 5.0, theta: 0.3 }
    }
}
