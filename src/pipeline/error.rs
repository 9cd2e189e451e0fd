//! Why a run could not start or go on.

use thiserror::Error;

use super::evaluation::Audit;
use crate::adaptor::AdaptorError;
use crate::datasets::DatasetError;
use crate::datasets::h5ad::CellError;
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
    /// Cells that cannot be read or diagnosed.
    #[error(transparent)]
    Cells(Box<CellError>),
    /// Stopped before there was anything to return.
    #[error("stopped before the first round was done; nothing was written")]
    Cancelled,
    /// Held-out experiments repeat what is learnt from.
    #[error(
        "the split `{}` leaks: of {} held-out experiments {} perturb a set of genes that is learnt from too (for example {}), \
         under another name perhaps; put all experiments of one gene set into one part",
        .0.scheme, .0.held_out, .0.same_gene_set.max(.0.same_experiment), .0.examples.join(", ")
    )]
    Leak(Box<Audit>),
    /// A method whose predictions were not handed in.
    #[error("there are no predictions called `{label}`; hand them in with --external {label}=FILE")]
    NoPredictions {
        /// What they should be called.
        label: String,
    },
    /// A finished cell of a comparison could not be kept.
    #[error("a finished cell could not be kept: {0}")]
    NotKept(#[source] std::io::Error),
    /// From the folds.
    #[error(transparent)]
    Dataset(Box<DatasetError>),
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

impl From<CellError> for PipelineError {
    fn from(error: CellError) -> Self {
        Self::Cells(Box::new(error))
    }
}

impl From<DatasetError> for PipelineError {
    fn from(error: DatasetError) -> Self {
        Self::Dataset(Box::new(error))
    }
}
