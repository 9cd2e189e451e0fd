//! How good, how consistent: scores over pairs of response matrices, with intervals and tests.
//!
//! Start at [`Consistency`]; [`consistency_interval`] says how sure it is; [`edge_scores`] compares
//! networks; [`calibration`] judges probabilities, [`effects`] real-valued changes, [`error_parts`] says
//! where their error comes from, [`ChangeParts`] how many cells a change needs.
//! Nothing here knows who made the predictions.

mod calibration;
mod cell_needs;
mod consistency;
mod edges;
mod effects;
mod error;
mod error_parts;
mod intervals;
mod ranking;

pub use calibration::{Calibration, ReliabilityBin, calibration};
pub use cell_needs::{CellNeeds, ChangeParts, ChangeSums, GeneEffect};
pub use consistency::{ClassScore, Consistency, ResponseCounts, balanced_consistency, consistency, row_counts};
pub use edges::{EdgeScores, average_precision, edge_scores};
pub use effects::{EffectReport, EffectScores, Effects, effects};
pub use error::MetricError;
pub use error_parts::{BatchEffect, ErrorParts, ErrorSums, error_parts};
pub use intervals::{
    BootstrapConfig, BootstrapMethod, Interval, PairedDifference, bootstrap, bootstrap_difference,
    consistency_interval, mean_interval, paired_difference, wilson,
};
pub use ranking::{average_precision_of, precision_at};
