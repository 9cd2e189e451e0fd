//! What can be wrong with a file of shapes.

use thiserror::Error;

use crate::knowledge::KnowledgeError;

/// Shapes that cannot be read or understood.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ShapesError {
    /// The file cannot be read.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// A shape says something that is not checked here.
    #[error("{file}: the shape {shape} {problem}")]
    Shape {
        /// The file.
        file: String,
        /// The shape, by its IRI.
        shape: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// There is no shape at all.
    #[error("{file} holds no shape; a shape is a sh:NodeShape with a target, for example sh:targetClass aligned:Gene")]
    None {
        /// The file.
        file: String,
    },
}
