//! The loop: predict, simulate, align, refine, score, and again until nothing is left to revise.
//!
//! Start at [`run`]. Nothing here opens a file, parses an option or renders a page.

mod checkpoint;
mod config;
pub mod controls;
mod error;
mod estimate;
mod outcome;
mod runner;
mod scoring;
pub(crate) mod weighing;

pub use checkpoint::{Checkpoint, FinishedRound};
pub use config::{Config, Objective, Weighting};
pub use error::PipelineError;
pub use estimate::Estimate;
pub use outcome::{Iteration, Outcome, PlantedFault, PowerCheck, StopReason, WeighedEvidence};
pub use runner::{Materials, run, run_from};
pub use scoring::{BalancedConsistency, HeldOut, KnowledgeBases, KnowledgeConsistency, ScoreRow, Scores};
