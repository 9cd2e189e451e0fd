//! Why a report could not be written.

use std::io;

use thiserror::Error;

/// What went wrong while a report was written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The writer took no more bytes.
    #[error("the report cannot be written: {0}")]
    Write(#[from] io::Error),
    /// The outcome could not be turned into JSON.
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The table of revisions could not be written.
    #[error("the table of revisions cannot be written: {0}")]
    Table(#[source] csv::Error),
    /// A template of this room and the outcome do not fit together.
    #[error("the template of the report fails ({0}); this is a fault of the program, please report it")]
    Template(#[from] minijinja::Error),
}

impl From<serde_json::Error> for ReportError {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() { Self::Write(error.into()) } else { Self::Json(error) }
    }
}

impl From<csv::Error> for ReportError {
    fn from(error: csv::Error) -> Self {
        match error.kind() {
            csv::ErrorKind::Io(cause) => Self::Write(io::Error::new(cause.kind(), cause.to_string())),
            _ => Self::Table(error),
        }
    }
}

/// So that a report can be written wherever a closure must answer in [`io::Result`].
impl From<ReportError> for io::Error {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Write(cause) => cause,
            other => Self::other(other),
        }
    }
}
