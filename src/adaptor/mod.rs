//! The choice between the symbolic and the neural response: whom to believe.
//!
//! Start at [`align`], which takes the choice that costs least under the objective of [`AdaptorConfig`];
//! [`align_by_policy`] learns a choice by REINFORCE, for comparison. [`KnowledgeReliability`] says how far the knowledge is to be believed,
//! gene by gene. Nothing here knows how either response was made.

mod entries;
mod error;
mod exact;
mod knowledge_reliability;
mod objective;
mod reinforce;

pub use entries::Alignment;
pub use error::AdaptorError;
pub use exact::{align, solve};
pub use knowledge_reliability::KnowledgeReliability;
pub use objective::{AdaptorConfig, gain, objective};
pub use reinforce::{PolicyConfig, PolicyRecord, align_by_policy};
