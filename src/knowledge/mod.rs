//! The knowledge base: the only room that knows RDF, IRIs and SPARQL.

pub mod import;
