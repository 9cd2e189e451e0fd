//! The loop: predict, simulate, align, refine, score, and again until nothing is left to revise.
//!
//! Start at [`run`]; [`recovery`] tests what the refinement finds again. Nothing here opens a file, parses an option or renders a page.

mod config;
mod error;
mod outcome;
mod power;
pub mod recovery;
mod runner;
mod scoring;

pub use config::{Config, PredictorKind};
pub use error::PipelineError;
pub use outcome::{
    BalancedConsistency, Iteration, KnowledgeConsistency, Outcome, PlantedFault, PowerCheck, ScoreRow, Scores,
    StopReason,
};
pub use power::{Faults, Screen, ScreenConfig};
pub use runner::{Materials, run};
pub use scoring::{HeldOut, KnowledgeBases};
