//! The loop: predict, simulate, align, refine, score, and again until nothing is left to revise.
//!
//! Start at [`run`]; [`evaluation`] scores knowledge bases and runs the loop on folds, [`recovery`] tests what the
//! refinement finds again, [`diagnosis`] asks whether a screen of cells has enough of them, [`KineticScreen`] makes cells of known dynamics. Nothing here opens a file, parses an option
//! or renders a page.

mod checkpoint;
mod config;
pub mod controls;
pub mod diagnosis;
mod error;
mod estimate;
pub mod evaluation;
mod kinetics;
mod outcome;
mod power;
pub mod recovery;
mod runner;
mod scoring;
mod weighing;

pub use checkpoint::{Checkpoint, FinishedRound};
pub use config::{Config, Objective, Weighting};
pub use error::PipelineError;
pub use estimate::Estimate;
pub use kinetics::{Condition, KineticScreen, Kinetics, KineticsConfig, Sampling, Settled};
pub use outcome::{
    BalancedConsistency, Iteration, KnowledgeConsistency, Outcome, PlantedFault, PowerCheck, ScoreRow, Scores,
    StopReason, WeighedEvidence,
};
pub use power::{Faults, Screen, ScreenConfig};
pub use runner::{Materials, run, run_from};
pub use scoring::{HeldOut, KnowledgeBases};
