//! The recovery test: a true network is damaged, experiments are made on the true one, and each method fixes the damaged
//! one by them. How much comes back?
//!
//! Start at [`Trial`]: [`Trial::new`] plants the faults and makes the experiments, [`Trial::run`] runs and scores one
//! method; [`benchmark`] does so over a grid; [`Screen`] is a simulated screen, as a power check; [`RealScreen`] hides known
//! regulations and looks for them in real responses. `corruption` is the only planter of faults. Nothing here opens a file
//! or draws a plot.

mod benchmark;
mod corruption;
mod error;
mod method;
mod reading;
mod real;
mod repair;
mod scores;
mod screen;
mod trial;
mod true_network;

pub use benchmark::{Benchmark, BenchmarkConfig, Grid, Recorder, RecoveryRow, Unrecorded, benchmark};
pub use corruption::{Corruption, Fault, FaultKind};
pub use error::RecoveryError;
pub use method::{MethodConfig, MethodOutcome, in_table_order};
pub use real::{OverSeeds, RealConfig, RealRow, RealScreen, RealTrial, RealTruth};
pub use repair::{Method, Repaired};
pub use scores::{CALIBRATED_Q, FaultCount, RecoveryScores, RevisionCount};
pub use screen::{Faults, Screen, ScreenConfig};
pub use trial::{DataKind, Trial, TrialConfig, for_screen};
pub use true_network::TrueNetwork;

#[cfg(test)]
mod tests;
