//! The Gene Ontology: terms, their graph, which genes they annotate, and which genes are alike by it.
//!
//! Start at [`TermGraph`] (from tables or OBO text), then [`Annotations`] (from gene2go or GAF), then [`similar_genes`];
//! [`write_gene_ontology`] writes it all as RDF. That two genes are similar is never a regulation: it has a predicate of
//! its own.
//!
//! # Reference
//! Ashburner et al. 2000, *Nat Genet* 25:25, doi:10.1038/75556.

mod annotations;
mod rdf;
mod similarity;
mod terms;

pub use annotations::{AnnotationOptions, AnnotationRelation, Annotations};
pub use rdf::write_gene_ontology;
pub use similarity::{SimilarGenes, SimilarityOptions, similar_genes};
pub use terms::{Ontology, Term, TermEdge, TermGraph, TermRelation};

#[cfg(test)]
mod tests;
