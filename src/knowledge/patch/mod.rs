//! Patches: the difference between two knowledge bases as text that people can read, cut down, apply and take back.
//!
//! Start at [`Content`], the set of all statements, so that nothing is lost, whatever the statements say.

mod content;
mod error;
mod layout;

pub use content::Content;
pub use error::PatchError;
pub use layout::leading_comments;
