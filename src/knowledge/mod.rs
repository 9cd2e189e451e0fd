//! The knowledge base: the only room that knows RDF, IRIs and SPARQL.
//!
//! Start at [`KnowledgeBase`]: it is parsed from Turtle or N-Quads, hands out genes, cited regulations and effects, answers SPARQL
//! and writes itself back with revisions and their provenance. [`write_knowledge`] makes such a file from regulations.
//! What counts as a regulation is decided by the texts of [`Rules`], not by code. Nothing here opens a file.

mod answer;
mod cited;
mod error;
mod evidence;
mod locks;
mod nesting;
mod ontology_terms;
mod regulations;
mod revisions;
mod rules;
mod statements;
mod store;
mod syntax;
mod unread;
mod write;

pub mod import;
pub mod patch;
pub mod query;
pub mod validation;
pub mod vocab;

pub use answer::{Answer, AnswerFormat};
pub use cited::CitationSummary;
pub use error::KnowledgeError;
pub use revisions::{MAX_ENTRIES, RunInput, RunProvenance};
pub use rules::Rules;
pub use statements::transcribe;
pub use store::KnowledgeBase;
pub use syntax::RdfSyntax;
pub use write::{write_knowledge, write_knowledge_and_effects};
