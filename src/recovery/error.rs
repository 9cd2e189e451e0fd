//! Why a recovery test could not be run.

use thiserror::Error;

use crate::metrics::MetricError;
use crate::network::NetworkError;
use crate::refinement::RefinementError;
use crate::refinement::published::PublishedError;

/// What stops a recovery test.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecoveryError {
    /// A setting out of range.
    #[error("setting `{name}` of the recovery test is {value}, but must be {allowed}")]
    OutOfRange {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// No kind of fault to plant.
    #[error("no kind of fault was named; name at least one of missing, spurious, flipped, redirected")]
    NoKinds,
    /// No free place for the faults.
    #[error(
        "the network has room for only {planted} of {wanted} {kind} faults; ask for a lower level or for other kinds"
    )]
    NoRoom {
        /// Kind of the faults.
        kind: &'static str,
        /// How many could be planted.
        planted: usize,
        /// How many were asked for.
        wanted: usize,
    },
    /// Nothing to corrupt.
    #[error("the network has no regulation between two different genes; a recovery test needs some to corrupt")]
    NoRegulations,
    /// Nothing to run.
    #[error("the recovery test has no row: name at least one level, reading, seed, method and mix of fault kinds")]
    EmptyGrid,
    /// Real responses that test no known regulation.
    #[error(
        "none of the {regulations} known regulations can be hidden and found again: {perturbed} genes are perturbed alone, {known} of \
         them are known regulators, and none of their targets is measured in their experiments; use knowledge and data of the \
         same organism with the same kind of names"
    )]
    NothingTestable {
        /// Regulations of the knowledge base.
        regulations: usize,
        /// Genes perturbed alone.
        perturbed: usize,
        /// Those with a known target.
        known: usize,
    },
    /// Shares too small.
    #[error(
        "of {testable} testable regulations nothing would be hidden and no sign turned; hide or flip a larger share"
    )]
    NothingHidden {
        /// Regulations that could be hidden.
        testable: usize,
    },
    /// From the refinement of real responses.
    #[error(transparent)]
    Pipeline(Box<crate::pipeline::PipelineError>),
    /// A finished row could not be kept.
    #[error("a finished row of the recovery test cannot be kept: {0}")]
    NotKept(#[source] std::io::Error),
    /// From the random network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// From the refinement.
    #[error(transparent)]
    Refinement(#[from] RefinementError),
    /// From the published objective.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// From the scores.
    #[error(transparent)]
    Metric(#[from] MetricError),
}

impl From<crate::pipeline::PipelineError> for RecoveryError {
    fn from(error: crate::pipeline::PipelineError) -> Self {
        Self::Pipeline(Box::new(error))
    }
}
