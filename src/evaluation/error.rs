//! Why an evaluation could not be run.

use thiserror::Error;

use super::audit::Audit;
use crate::datasets::DatasetError;
use crate::datasets::h5ad::CellError;
use crate::metrics::MetricError;
use crate::pipeline::PipelineError;
use crate::prediction::PredictionError;
use crate::refinement::RefinementError;

/// What stops an evaluation.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// Stopped before there was a result.
    #[error("stopped before the evaluation was done")]
    Cancelled,
    /// Held-out experiments repeat what is learnt from.
    #[error(
        "the split `{}` leaks: of {} held-out experiments {} perturb a set of genes that is learnt from too (for example {}), \
         under another name perhaps; put all experiments of one gene set into one part",
        .0.scheme, .0.held_out, .0.same_gene_set.max(.0.same_experiment), .0.examples.join(", ")
    )]
    Leak(Box<Audit>),
    /// A method whose predictions were not handed in.
    #[error("there are no predictions called `{label}`")]
    NoPredictions {
        /// What they should be called.
        label: String,
    },
    /// A finished fold could not be written.
    #[error("a finished fold could not be written: {0}")]
    NotKept(#[source] std::io::Error),
    /// Cells that cannot be read or diagnosed.
    #[error(transparent)]
    Cells(Box<CellError>),
    /// From the folds.
    #[error(transparent)]
    Dataset(Box<DatasetError>),
    /// From a predictor.
    #[error(transparent)]
    Prediction(#[from] PredictionError),
    /// From the scores.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// From the refinement.
    #[error(transparent)]
    Refinement(#[from] RefinementError),
    /// From the loop.
    #[error(transparent)]
    Pipeline(Box<PipelineError>),
}

impl From<CellError> for EvaluationError {
    fn from(error: CellError) -> Self {
        Self::Cells(Box::new(error))
    }
}

impl From<DatasetError> for EvaluationError {
    fn from(error: DatasetError) -> Self {
        Self::Dataset(Box::new(error))
    }
}

impl From<PipelineError> for EvaluationError {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Cancelled | PipelineError::Prediction(PredictionError::Cancelled) => Self::Cancelled,
            PipelineError::Prediction(error) => Self::Prediction(error),
            PipelineError::Metric(error) => Self::Metric(error),
            PipelineError::Refinement(error) => Self::Refinement(error),
            other => Self::Pipeline(Box::new(other)),
        }
    }
}
