//! What can be wrong with a patch, or with the knowledge base that it should change.

use thiserror::Error;

use crate::knowledge::KnowledgeError;

/// A patch that cannot be read, made or applied.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PatchError {
    /// A knowledge base cannot be read or written.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// Blank nodes in a ring, or too many of them, that nothing tells apart.
    #[error(
        "{file} holds blank nodes that nothing tells apart, for example in `{example}`, so that no patch can name one; give \
         them IRIs, or take the repetition out"
    )]
    TwinBlankNodes {
        /// The knowledge base.
        file: String,
        /// A statement about one of them.
        example: String,
    },
    /// A line that does not belong to a patch.
    #[error("{file}:{line}: {problem}")]
    Line {
        /// The patch.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The patch does not say for which knowledge base it was made.
    #[error(
        "{file} does not say for which knowledge base it was made: the line `H base \"SHA-256\" .` is missing at its head; make \
         the patch again, or put that line back"
    )]
    NoBase {
        /// The patch.
        file: String,
    },
    /// The patch was made for another knowledge base.
    #[error(
        "{patch} was made for another knowledge base than {base}: it is for the content {expected}…, this one has {found}…; \
         apply it to the one that it was made for, or make it again for this one"
    )]
    OtherBase {
        /// The patch.
        patch: String,
        /// The knowledge base.
        base: String,
        /// First digits of the hash in the patch.
        expected: String,
        /// First digits of the hash of the knowledge base.
        found: String,
    },
    /// Taking the patch back does not lead to the knowledge base that it was made for.
    #[error(
        "{patch} cannot be taken back from {base}: what remains is not the knowledge base that the patch was made for (content \
         {found}… instead of {expected}…); take back exactly what was applied, cut in the same way, and nothing changed since"
    )]
    NotApplied {
        /// The patch.
        patch: String,
        /// The knowledge base.
        base: String,
        /// First digits of the hash in the patch.
        expected: String,
        /// First digits of the hash of what remains.
        found: String,
    },
}
