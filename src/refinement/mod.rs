//! Which regulations must change.

pub mod published;
