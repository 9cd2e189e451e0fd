//! Why responses could not be aligned.

use thiserror::Error;

/// What went wrong in the adaptor.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum AdaptorError {
    /// Neural and symbolic (or observed and symbolic) responses have different shapes.
    #[error(
        "responses of {} perturbations × {} genes cannot be aligned with responses of {} perturbations × {} genes",
        .left.0, .left.1, .right.0, .right.1
    )]
    ShapeMismatch {
        /// Perturbations and genes of the first.
        left: (usize, usize),
        /// Perturbations and genes of the second.
        right: (usize, usize),
    },
    /// A list with one value for each gene (or entry, or row) has another length.
    #[error("{what} has {found} values where {expected} are needed")]
    Length {
        /// Which list.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The right length.
        expected: usize,
    },
    /// A weight that is not in `[0, 1]`.
    #[error("the weight at position {position} (counted from 0) is {weight}; a weight lies between 0 and 1")]
    Weight {
        /// Entry, from 0.
        position: usize,
        /// The value.
        weight: f64,
    },
    /// A setting outside its range.
    #[error("adaptor setting `{setting}` is {value}; it must be {allowed}")]
    Setting {
        /// Name of the field.
        setting: &'static str,
        /// The value given.
        value: f64,
        /// What would be right.
        allowed: &'static str,
    },
}
