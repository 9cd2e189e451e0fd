//! Why a score could not be taken.

use thiserror::Error;

/// What went wrong with a score.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricError {
    /// The two matrices have different shapes.
    #[error("responses of shape {left:?} cannot be compared with responses of shape {right:?}")]
    ShapeMismatch {
        /// Perturbations and genes of the first.
        left: (usize, usize),
        /// Perturbations and genes of the second.
        right: (usize, usize),
    },
}
