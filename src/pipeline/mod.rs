//! The loop: predict, simulate, align, refine, score, and again until nothing is left to revise.
//!
//! Start at [`Outcome`]. Nothing here opens a file, parses an option or renders a page.

mod outcome;

pub use outcome::{
    BalancedConsistency, Iteration, KnowledgeConsistency, Outcome, PlantedFault, PowerCheck, ScoreRow, Scores,
    StopReason,
};
