//! Questions to a knowledge base, ready-made or in SPARQL, and their answers as text.
//!
//! Start at [`named`] and [`KnowledgeBase::query`]. A ready-made question that asks about one gene holds the text
//! [`GENE_ASKED`], perhaps several times: as it stands it asks about all genes, and [`about`] puts one in.

use oxigraph::model::NamedNode;

use super::statements::evaluation;
use super::{KnowledgeBase, KnowledgeError, rules};

/// The text in a question that stands for "any gene", and that one gene can take the place of.
pub const GENE_ASKED: &str = "VALUES ?gene { UNDEF }";

/// The SPARQL text of a compiled-in question: `added`, `removed`, `flipped`, `effects`, `contested`, `regulon`,
/// `evidence` or `most-supported`.
///
/// # Errors
/// [`KnowledgeError::UnknownQuery`] with the names that exist, most similar first.
pub fn named(name: &str) -> Result<&'static str, KnowledgeError> {
    rules::named(name)
}

/// A question about one gene: its IRI in place of "any gene" ([`GENE_ASKED`]).
///
/// `gene` is resolved through the gene table, so an alias or an accession will do.
///
/// # Errors
/// [`KnowledgeError::Gene`] if the gene is not known or ambiguous, [`KnowledgeError::GeneNeeded`] if the question needs a
/// gene and none is given, [`KnowledgeError::GeneNotAsked`] if it is the other way round.
pub fn about(base: &KnowledgeBase, name: &str, sparql: &str, gene: Option<&str>) -> Result<String, KnowledgeError> {
    let asks = sparql.contains(GENE_ASKED);
    let Some(gene) = gene else {
        let example = base.genes().iter().next().map_or("fur", |(_, gene)| gene.symbol.as_str());
        return if asks {
            Err(KnowledgeError::GeneNeeded { name: name.to_owned(), example: example.to_owned() })
        } else {
            Ok(sparql.to_owned())
        };
    };
    if !asks {
        return Err(KnowledgeError::GeneNotAsked { name: name.to_owned() });
    }
    let id = base.genes().resolve(gene)?;
    let iri = NamedNode::new(base.gene_iri(id)).map_err(|error| evaluation(name, &error))?;
    Ok(sparql.replace(GENE_ASKED, &format!("VALUES ?gene {{ {iri} }}")))
}
