//! What can be wrong with a network in an exchange format.

use thiserror::Error;

/// A network file that cannot be understood.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkError {
    /// A SIF line that is neither a gene nor a regulation.
    #[error("{file}:{line}: `{text}` is no SIF line; write `A activates B`, `A inhibits B`, or a gene alone")]
    UnreadableSif {
        /// Name of the file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The line as it stands there.
        text: String,
    },
    /// A SIF interaction that is no signed regulation.
    #[error("{file}:{line}: interaction `{interaction}` has no known sign; write `activates` or `inhibits`")]
    UnknownInteraction {
        /// Name of the file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The interaction as it stands there.
        interaction: String,
    },
}
