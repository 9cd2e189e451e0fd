//! Why a refinement could not start.

use thiserror::Error;

/// What is wrong with the input of a refinement.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum RefinementError {
    /// Responses do not have one row per perturbation and one column per gene.
    #[error("responses of shape {responses:?} do not fit {perturbations} perturbations and a network of {genes} genes")]
    ShapeMismatch {
        /// Genes of the network.
        genes: usize,
        /// Perturbations given.
        perturbations: usize,
        /// Rows and columns of the responses.
        responses: (usize, usize),
    },
    /// A perturbation of a gene that the network does not have.
    #[error(
        "perturbation {row} moves gene number {gene}, but the network has {genes} genes; use one gene table for both"
    )]
    UnknownGene {
        /// Row of the perturbation among those given with it.
        row: usize,
        /// The gene.
        gene: usize,
        /// Genes of the network.
        genes: usize,
    },
    /// Not one weight per predicted entry.
    #[error("{weights} weights were given for {entries} predicted entries")]
    WeightMismatch {
        /// Weights given.
        weights: usize,
        /// Predicted entries.
        entries: usize,
    },
    /// A setting out of range.
    #[error("refinement setting `{name}` is {value}, but must be {range}")]
    OutOfRange {
        /// Its name in the configuration.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// A search is to go on from where a search of another network stood.
    #[error("the search cannot go on from a state that belongs to another network; start it again")]
    ForeignState,
}
