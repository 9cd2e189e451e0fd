//! What can be wrong with a random network that is asked for.

use thiserror::Error;

/// A random network that cannot be, or a part that a network does not have.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum NetworkError {
    /// A share that is none.
    #[error("the share of {name} of a random network is {value}; it must lie between 0 and 1")]
    ShareOutOfRange {
        /// Of what.
        name: &'static str,
        /// The share given.
        value: f64,
    },
    /// Nothing to draw.
    #[error("a random network needs at least 4 genes and 4 regulations, but {genes} and {regulations} were asked for")]
    TooSmall {
        /// Genes asked for.
        genes: usize,
        /// Regulations asked for.
        regulations: usize,
    },
    /// More regulations than pairs of genes.
    #[error(
        "{regulations} regulations were asked for, but {regulators} regulators and {genes} genes have room for {most} \
         only; ask for fewer regulations or more genes"
    )]
    TooManyRegulations {
        /// Genes asked for.
        genes: usize,
        /// Genes that may regulate.
        regulators: usize,
        /// Regulations asked for.
        regulations: usize,
        /// How many there can be.
        most: usize,
    },
    /// No connected part of that size.
    #[error(
        "a connected part of {wanted} genes was asked for, but the largest connected part of the network has {largest}; \
         ask for at least 1 and at most {largest}"
    )]
    ComponentTooSmall {
        /// Genes asked for.
        wanted: usize,
        /// Genes of the largest connected component.
        largest: usize,
    },
}
