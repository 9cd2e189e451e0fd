//! Why attractors could not be looked for.

use thiserror::Error;

use crate::biology::GeneId;

/// What stands in the way of a search for attractors.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttractorError {
    /// A rule of many genes, some of them both plain and negated.
    #[error(
        "the rule of gene {} names {inputs} genes, some of them both plain and negated; such a rule may name at most 16 \
         genes and must not have too many prime implicants: write it so that each gene stands with one sign", gene.index()
    )]
    TooMixed {
        /// The gene of the rule.
        gene: GeneId,
        /// How many genes it names.
        inputs: usize,
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
