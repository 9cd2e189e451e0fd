//! A block of a patch, and what it is about.

use std::collections::BTreeSet;

use super::described::Ends;

/// What belongs together in a patch: one regulation, one revision, one gene.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// What it does, in words; one line each.
    pub comments: Vec<String>,
    /// Statements that are taken out, as lines of N-Quads with their line ends.
    pub deleted: BTreeSet<String>,
    /// Statements that come in.
    pub added: BTreeSet<String>,
}

/// What a block is about, in the order of blocks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    /// A run: what its revisions share.
    Run(String),
    /// A revision by its number in the file.
    Revision(u64, String),
    /// All that is stated from one gene to another: symbols, then IRIs.
    Pair(Ends),
    /// A gene: symbol, then IRI.
    Gene(String, String),
    /// Any other resource.
    Rest(String),
    /// What several blocks take out.
    Shared,
}
