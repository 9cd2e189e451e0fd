//! What the knowledge says a perturbation does to every gene, and why.
//!
//! Start at [`Simulator`]. `closure` reads the effects of the perturbed genes, then the signs of all walks of at most
//! `depth` steps; `dynamics` runs a Boolean network, which knows regulations alone; `explanation` shows the effects and
//! walks behind a response. Nothing here reads a file or knows of predictors.

mod attractors;
mod bnet;
mod closure;
mod dynamics;
mod error;
mod explanation;
mod reading;

pub use attractors::{
    Attractor, AttractorConfig, AttractorError, Attractors, BooleanNetwork, Certificate, Completeness, DefaultRule,
    Kind, Number, Share, Subspace, Update, attractors, mark,
};
pub use bnet::{BooleanModel, Expression, UpdateRules};
pub use closure::{Closure, WalkCounts, responses_by_effects};
pub use dynamics::{Activity, DynamicResponse, DynamicsConfig, SynchronousNetwork};
pub use error::SymbolicError;
pub use explanation::{
    Conflict, Explanation, LISTED_WALKS, ShortestWalks, Walk, effect_response, explain, explain_with,
};
pub use reading::Reading;

use crate::biology::{Perturbation, ResponseMatrix};

/// Tells the response of every gene to a perturbation, from a regulatory network alone.
pub trait Simulator: Sync {
    /// The response of every gene (columns) to each perturbation (rows). Every entry is filled; a perturbed gene's own
    /// entry shows the perturbation itself.
    fn simulate(&self, perturbations: &[Perturbation]) -> ResponseMatrix;
}
