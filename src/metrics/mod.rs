//! How good, how consistent: scores over pairs of response matrices, with intervals and tests.
//!
//! Start at [`Consistency`]; [`consistency_interval`] says how sure it is; [`edge_scores`] compares
//! networks; [`PowerLaw`] says how work grows. Nothing here knows who made the predictions.

mod consistency;
mod edges;
mod error;
mod growth;
mod intervals;

pub use consistency::{ClassScore, Consistency, ResponseCounts, balanced_consistency, consistency, row_counts};
pub use edges::{EdgeScores, average_precision, edge_scores};
pub use error::MetricError;
pub use growth::PowerLaw;
pub use intervals::{
    BootstrapConfig, BootstrapMethod, Interval, PairedDifference, bootstrap, bootstrap_difference,
    consistency_interval, mean_interval, paired_difference, wilson,
};
