//! Why a study could not be opened, run or written.

use std::path::PathBuf;

use thiserror::Error;

use super::files::FileError;
use super::result_folder::{CHECKPOINT, OutputError};
use crate::datasets::DatasetError;
use crate::datasets::h5ad::CellError;
use crate::evaluation::EvaluationError;
use crate::exchange::ExchangeError;
use crate::knowledge::KnowledgeError;
use crate::metrics::MetricError;
use crate::network::NetworkError;
use crate::pipeline::PipelineError;
use crate::prediction::PredictionError;
use crate::recovery::RecoveryError;
use crate::report::ReportError;
use crate::symbolic::SymbolicError;

/// What stops a study. A message names files, lines and genes, never an option: the door that the user came through adds how the
/// remedy is asked for there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StudyError {
    /// The user asked to stop.
    #[error("stopped on request (Ctrl-C or a signal)")]
    Stopped,
    /// An input does not fit what is asked, or two inputs do not fit each other.
    #[error("{reason}")]
    Refused {
        /// What is wrong, and with what.
        reason: String,
        /// What would help.
        remedy: Remedy,
    },
    /// Something went wrong while `what` was done.
    #[error("{what}")]
    While {
        /// What was done.
        what: String,
        /// What went wrong.
        #[source]
        cause: Box<StudyError>,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The folder of results cannot be used.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A stopped run cannot be resumed.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// A file of settings that cannot be understood.
    #[error("{}", .0.to_string().trim_end())]
    Settings(Box<toml::de::Error>),
    /// From the knowledge base.
    #[error(transparent)]
    Knowledge(Box<KnowledgeError>),
    /// From a network in another format.
    #[error(transparent)]
    Exchange(Box<ExchangeError>),
    /// From a table of responses, contrasts or splits.
    #[error(transparent)]
    Dataset(Box<DatasetError>),
    /// From an AnnData file.
    #[error(transparent)]
    Cells(Box<CellError>),
    /// From predictions made elsewhere.
    #[error(transparent)]
    Prediction(Box<PredictionError>),
    /// From Boolean rules.
    #[error(transparent)]
    Symbolic(Box<SymbolicError>),
    /// From the scores.
    #[error(transparent)]
    Metric(Box<MetricError>),
    /// From an evaluation.
    #[error(transparent)]
    Evaluation(Box<EvaluationError>),
    /// From the loop.
    #[error(transparent)]
    Pipeline(Box<PipelineError>),
    /// From the recovery test.
    #[error(transparent)]
    Recovery(Box<RecoveryError>),
    /// From a random network.
    #[error(transparent)]
    Network(Box<NetworkError>),
    /// From a report.
    #[error(transparent)]
    Report(Box<ReportError>),
}

/// A run that cannot go on from where it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// Nothing was kept.
    #[error("{} holds no {CHECKPOINT}: there is nothing to resume", .place.display())]
    Nothing {
        /// The folder.
        place: PathBuf,
    },
    /// It is not a checkpoint of this program.
    #[error("{} cannot be understood ({cause})", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        cause: serde_json::Error,
    },
    /// It is of another run.
    #[error(
        "{} was kept by a run with other inputs, settings or another version; give the same ones again", .path.display()
    )]
    Other {
        /// The file.
        path: PathBuf,
    },
}

/// What would help, for the door to say how it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// The message says it already.
    Said,
    /// Name observed responses.
    NameData,
    /// Use the same organism and the same kind of names in knowledge base and data.
    SameNames,
    /// Say what was done to the perturbed genes, or accept the data as they are.
    SayWhatWasDone,
    /// Hand in predictions made elsewhere under this name.
    HandInPredictions,
    /// Let it take part in the comparison.
    LetTakePart,
    /// Make a knowledge base of another format first.
    MakeKnowledgeBase,
    /// Name the columns of a table when a knowledge base is made of it.
    NameColumns,
    /// Use another folder for the results.
    AnotherFolder,
    /// Name an AnnData file of predictions, or the columns of a table.
    NamePredictionsFile,
}

impl StudyError {
    /// An input that does not fit.
    pub(super) fn refused(reason: impl Into<String>, remedy: Remedy) -> Self {
        Self::Refused { reason: reason.into(), remedy }
    }

    /// The same error, with what was done when it came.
    pub(super) fn during(self, what: impl Into<String>) -> Self {
        Self::While { what: what.into(), cause: Box::new(self) }
    }
}

macro_rules! boxed {
    ($($error:ty => $variant:ident),* $(,)?) => {
        $(impl From<$error> for StudyError {
            fn from(error: $error) -> Self {
                Self::$variant(Box::new(error))
            }
        })*
    };
}

boxed! {
    toml::de::Error => Settings,
    KnowledgeError => Knowledge,
    ExchangeError => Exchange,
    DatasetError => Dataset,
    CellError => Cells,
    PredictionError => Prediction,
    SymbolicError => Symbolic,
    MetricError => Metric,
    NetworkError => Network,
    ReportError => Report,
}

impl From<PipelineError> for StudyError {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Cancelled => Self::Stopped,
            other => Self::Pipeline(Box::new(other)),
        }
    }
}

impl From<EvaluationError> for StudyError {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::Cancelled => Self::Stopped,
            EvaluationError::Dataset(error) => Self::Dataset(error),
            EvaluationError::Pipeline(error) => Self::from(*error),
            other => Self::Evaluation(Box::new(other)),
        }
    }
}

impl From<RecoveryError> for StudyError {
    fn from(error: RecoveryError) -> Self {
        match error {
            RecoveryError::Pipeline(error) => Self::from(*error),
            other => Self::Recovery(Box::new(other)),
        }
    }
}
