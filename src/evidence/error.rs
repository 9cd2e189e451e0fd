//! What can go wrong while evidence is weighed.

/// A setting that is out of range, or data that do not fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// A setting is out of range.
    #[error("`{name}` is {value}, but must be {range}")]
    OutOfRange {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// Responses, their sizes or the network are of another shape.
    #[error(
        "the knowledge has {genes} genes and there are {perturbations} perturbations, but the responses have the shape {responses:?}"
    )]
    ShapeMismatch {
        /// Genes of the network.
        genes: usize,
        /// Perturbations given.
        perturbations: usize,
        /// Rows and columns of the responses.
        responses: (usize, usize),
    },
    /// Stopped before the end.
    #[error("stopped while the evidence was weighed")]
    Cancelled,
}
