//! How conflicting walks are read.

use serde::{Deserialize, Serialize};

/// How the walks that reach a gene are read as one response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Reading {
    /// Up if only positive walks reach the gene, down if only negative, ambiguous if both.
    Naive,
    /// The same, judged by the shortest walks alone.
    #[default]
    Nearest,
    /// By the balance `r = Σ αᵈ⁻¹(p_d − m_d) / Σ αᵈ⁻¹(p_d + m_d)`: up if `r > τ`, down if `r < −τ`, else ambiguous.
    Majority {
        /// Weight of each further step, in `(0, 1]`; default ½. Larger listens more to long walks.
        alpha: f64,
        /// Dead zone, in `[0, 1)`; default 0.2. Larger calls more genes ambiguous.
        tau: f64,
    },
}

impl Reading {
    /// The majority reading with `α = ½`, `τ = 0.2`.
    pub const MAJORITY: Self = Self::Majority { alpha: 0.5, tau: 0.2 };
}
