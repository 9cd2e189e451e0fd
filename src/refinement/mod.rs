//! Which regulations must change.
