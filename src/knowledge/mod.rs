//! The knowledge base: the only room that knows RDF, IRIs and SPARQL.
//!
//! Start at [`KnowledgeBase`]: it is parsed from Turtle or N-Quads, hands out genes and cited regulations, answers SPARQL
//! and writes itself back with revisions and their provenance. [`write_knowledge`] makes such a file from regulations.
//! What counts as a regulation is decided by the texts of [`Rules`], not by code. Nothing here opens a file.

mod error;
mod write;

pub mod vocab;

pub use error::KnowledgeError;
pub use write::{RdfSyntax, write_knowledge};
