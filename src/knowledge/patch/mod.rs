//! Patches: the difference between two knowledge bases as text that people can read, cut down, apply and take back.
//!
//! Start at [`Patch`]. It works on [`Content`], the set of all statements, so that nothing is lost, whatever the statements say.
//! [`Comparison`] tells the same difference in regulations and effects, [`ThreeWay`] what two knowledge bases made of a third.

mod block;
mod blocks;
mod comparison;
mod content;
mod described;
mod error;
mod layout;
mod merge;
mod rdf_patch;
mod three_way;
mod wording;

pub use block::Block;
pub use comparison::{Comparison, EvidenceChange, NamedStatement};
pub use content::Content;
pub use error::PatchError;
pub use layout::leading_comments;
pub use merge::{Conflict, Merged, merge};
pub use rdf_patch::Patch;
pub use three_way::{ThreeWay, TwoChanges, Verdict};
