//! Why a simulation could not be set up.

use thiserror::Error;

use crate::biology::BiologyError;

/// What is wrong with update rules or with a config.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SymbolicError {
    /// A line of a rules file that cannot be read.
    #[error("{file}:{line}: {problem}; write one rule a line, for example `fliA, flhD & flhC`")]
    UnreadableRule {
        /// Name of the rules file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A gene with two rules.
    #[error("{file}:{line}: gene `{gene}` has a rule already, in line {first}; keep one of the two")]
    RepeatedRule {
        /// Name of the rules file.
        file: String,
        /// Line of the second rule, from 1.
        line: usize,
        /// The gene.
        gene: String,
        /// Line of the first rule, from 1.
        first: usize,
    },
    /// A rule that names a gene which the knowledge base lacks.
    #[error("{file}:{line}: {source}")]
    GeneOfRule {
        /// Name of the rules file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Why the name is not understood.
        source: BiologyError,
    },
    /// A setting outside its range.
    #[error("`{setting}` is {value}; it must be {range}")]
    OutOfRange {
        /// Name of the setting.
        setting: &'static str,
        /// What it was set to.
        value: String,
        /// What it may be.
        range: &'static str,
    },
}
