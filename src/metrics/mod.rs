//! How good, how consistent: scores over pairs of response matrices, with intervals and tests.
//!
//! Start at [`Consistency`]. Nothing here knows who made the predictions.

mod consistency;
mod error;

pub use consistency::{ClassScore, Consistency, balanced_consistency, consistency};
pub use error::MetricError;
