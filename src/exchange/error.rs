//! What can be wrong with a network in a format of others.

use thiserror::Error;

use super::Losses;
use crate::knowledge::KnowledgeError;
use crate::knowledge::import::ImportError;
use crate::symbolic::SymbolicError;

/// A file that cannot be read as a network, or a network that cannot be written in a format.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// Nothing to read.
    #[error("no file was given to read a network from")]
    NoFile,
    /// A line that breaks the format.
    #[error("{file}:{line}: {problem}")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what to write in its place.
        problem: String,
    },
    /// A file that as a whole is not what it should be.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A sound file without a signed regulation.
    #[error("{file} states no signed regulation{}", left_out(.losses))]
    NoRegulation {
        /// The file.
        file: String,
        /// What it states instead.
        losses: Losses,
    },
    /// A format that is not read as a network.
    #[error("{file} is not read as a network: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why, and what to do instead.
        reason: &'static str,
    },
    /// A format that is only read.
    #[error("{format} is only read, not written: it does not state which gene regulates which")]
    Unwritable {
        /// The format.
        format: &'static str,
    },
    /// A symbol that the format cannot hold.
    #[error("the symbol {symbol:?} cannot be written as {format}: {reason}; rename the gene, or write Turtle or .cyjs")]
    Symbol {
        /// The symbol.
        symbol: String,
        /// The format.
        format: &'static str,
        /// What stands in the way.
        reason: &'static str,
    },
    /// Both signs between two genes, where that is to be refused.
    #[error(
        "{regulator} both activates and inhibits {target}{}, and the table of weights holds one row for two genes; choose \
         what to do with such pairs", more_like_it(*.more)
    )]
    Conflict {
        /// Symbol of the regulator.
        regulator: String,
        /// Symbol of the target.
        target: String,
        /// How many more such pairs there are.
        more: usize,
    },
    /// A name that tells no format.
    #[error("the name {file} does not tell a format{hint}; the formats are {formats}")]
    UnknownExtension {
        /// The name.
        file: String,
        /// What else it might be.
        hint: &'static str,
        /// The formats with their extensions.
        formats: String,
    },
    /// RDF that cannot be understood.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// A table that cannot be understood.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A rule that cannot be understood.
    #[error(transparent)]
    Rule(#[from] SymbolicError),
}

fn left_out(losses: &Losses) -> String {
    let told: Vec<String> = losses.iter().map(|(lost, count)| lost.told(count)).collect();
    if told.is_empty() { String::new() } else { format!("; left out were {}", told.join(", ")) }
}

fn more_like_it(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" (and {more} more pairs like them)") }
}
