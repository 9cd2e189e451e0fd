//! Why a run could not start or go on.

use thiserror::Error;

use crate::adaptor::AdaptorError;
use crate::evidence::EvidenceError;
use crate::metrics::MetricError;
use crate::prediction::PredictionError;
use crate::refinement::RefinementError;

/// What stops a run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// A setting out of range.
    #[error("setting `{name}` is {value}, but must be {allowed}")]
    OutOfRange {
        /// Its name in the configuration.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// No row to learn from.
    #[error("no perturbation is left to learn from: all {rows} are held out; hold out fewer")]
    NothingToLearn {
        /// Rows of the data.
        rows: usize,
    },
    /// Stopped before there was anything to return.
    #[error("stopped before the first round was done; nothing was written")]
    Cancelled,
    /// From the evidence model.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// From the predictor.
    #[error(transparent)]
    Prediction(#[from] PredictionError),
    /// From the adaptor.
    #[error(transparent)]
    Adaptor(#[from] AdaptorError),
    /// From the refinement.
    #[error(transparent)]
    Refinement(#[from] RefinementError),
    /// From the scores.
    #[error(transparent)]
    Metric(#[from] MetricError),
}
