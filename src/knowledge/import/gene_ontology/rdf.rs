//! The Gene Ontology as RDF, by itself or behind a knowledge base.

use std::collections::BTreeSet;
use std::io::Write;

use crate::biology::GeneId;
use crate::knowledge::vocab::{self, OBO, RDF_TYPE, RDFS};
use crate::knowledge::write::{Object, StatementWriter, in_syntax, write_gene};
use crate::knowledge::{KnowledgeBase, KnowledgeError, RdfSyntax};

use super::{AnnotationRelation, Annotations, Ontology, SimilarGenes, TermGraph, TermRelation};

const OWL_CLASS: &str = "http://www.w3.org/2002/07/owl#Class";
const OBO_NAMESPACE: &str = "http://www.geneontology.org/formats/oboInOwl#hasOBONamespace";
const OBO_ALTERNATIVE: &str = "http://www.geneontology.org/formats/oboInOwl#hasAlternativeId";
const SIMILARITY: &str = "https://w3id.org/aligned/similarity/";

/// Writes terms, graph, annotations and similar genes.
///
/// * A term is `obo:GO_0006281`, an `owl:Class` with label and namespace.
/// * *is a* is `rdfs:subClassOf`, *part of* `obo:BFO_0000050`. That one process regulates another is `aligned:regulatesTerm`,
///   `aligned:positivelyRegulatesTerm` or `aligned:negativelyRegulatesTerm`, and not the relation of the OBO foundry: that one
///   stands for regulations between genes here.
/// * A gene is annotated by `obo:RO_0002331` (involved in), `obo:RO_0002327` (enables), `obo:RO_0001025` (located in),
///   `obo:BFO_0000050` (part of) or `obo:RO_0002432` (is active in).
/// * Similar genes are joined by `aligned:similar`, stated from the gene of lower index, and an `aligned:Similarity` tells in which
///   ontology and how much. Neither is a regulation.
///
/// With `base`, the text of that knowledge base comes first, untouched, and its genes keep their IRIs; the annotations must have been
/// read for its genes. Else the genes are written too.
///
/// # Errors
/// [`KnowledgeError::Write`] if `out` fails.
pub fn write_gene_ontology(
    graph: &TermGraph,
    annotations: &Annotations,
    similar: &[SimilarGenes],
    base: Option<&KnowledgeBase>,
    syntax: RdfSyntax,
    out: &mut dyn Write,
) -> Result<(), KnowledgeError> {
    if !syntax.can_be_continued() {
        if let Some(base) = base {
            return Err(KnowledgeError::CannotContinue { file: base.file.clone(), syntax: syntax.name() });
        }
        let fill = |syntax, out: &mut dyn Write| write_gene_ontology(graph, annotations, similar, None, syntax, out);
        return in_syntax(syntax, out, fill);
    }
    if let Some(base) = base {
        out.write_all(&base.content)?;
    }
    let mut writer = StatementWriter::new(syntax, out);
    let gene_iris = match base {
        Some(base) => {
            writer.heading("Gene Ontology", &base.content)?;
            base.gene_iris.clone()
        }
        None => {
            writer.prefixes()?;
            let iris = vocab::gene_iris(&annotations.genes);
            for (id, gene) in annotations.genes.iter() {
                write_gene(&mut writer, gene, &iris[id.index()])?;
            }
            iris
        }
    };
    write_terms(&mut writer, graph)?;
    write_annotations(&mut writer, graph, annotations, &gene_iris)?;
    for pair in similar {
        write_similar(&mut writer, pair, annotations, &gene_iris)?;
    }
    Ok(writer.finish()?)
}

fn term_iri(id: &str) -> String {
    format!("{OBO}{}", vocab::percent_encoded(&id.replacen(':', "_", 1)))
}

fn write_terms(writer: &mut StatementWriter<'_>, graph: &TermGraph) -> std::io::Result<()> {
    let iris: Vec<String> = graph.terms().iter().map(|term| term_iri(&term.id)).collect();
    let label = format!("{RDFS}label");
    let mut edges = graph.edges();
    for (position, term) in graph.terms().iter().enumerate() {
        writer.begin(&iris[position])?;
        writer.property(RDF_TYPE, Object::Iri(OWL_CLASS))?;
        writer.property(&label, Object::Text(&term.name))?;
        writer.property(OBO_NAMESPACE, Object::Text(term.ontology.name()))?;
        for alternative in &term.alternative_ids {
            writer.property(OBO_ALTERNATIVE, Object::Text(alternative))?;
        }
        let of_term = edges.partition_point(|edge| edge.child <= position);
        for edge in &edges[..of_term] {
            writer.property(&relation_iri(edge.relation), Object::Iri(&iris[edge.parent]))?;
        }
        edges = &edges[of_term..];
        writer.end()?;
    }
    Ok(())
}

fn relation_iri(relation: TermRelation) -> String {
    match relation {
        TermRelation::IsA => format!("{RDFS}subClassOf"),
        TermRelation::PartOf => format!("{OBO}BFO_0000050"),
        TermRelation::Regulates => vocab::aligned("regulatesTerm"),
        TermRelation::PositivelyRegulates => vocab::aligned("positivelyRegulatesTerm"),
        TermRelation::NegativelyRegulates => vocab::aligned("negativelyRegulatesTerm"),
    }
}

const fn annotation_predicate(relation: AnnotationRelation, ontology: Ontology) -> &'static str {
    match (relation, ontology) {
        (AnnotationRelation::PartOf, _) => "http://purl.obolibrary.org/obo/BFO_0000050",
        (AnnotationRelation::ActiveIn, _) => "http://purl.obolibrary.org/obo/RO_0002432",
        (_, Ontology::BiologicalProcess) => "http://purl.obolibrary.org/obo/RO_0002331",
        (_, Ontology::MolecularFunction) => "http://purl.obolibrary.org/obo/RO_0002327",
        (_, Ontology::CellularComponent) => "http://purl.obolibrary.org/obo/RO_0001025",
    }
}

fn write_annotations(
    writer: &mut StatementWriter<'_>,
    graph: &TermGraph,
    annotations: &Annotations,
    gene_iris: &[String],
) -> std::io::Result<()> {
    for of_gene in annotations.pairs.chunk_by(|a, b| a.0 == b.0) {
        writer.begin(&gene_iris[of_gene[0].0.index()])?;
        let mut pairs: Vec<_> = of_gene.iter().map(|pair| (&graph.terms()[pair.1], pair)).collect();
        pairs.sort_unstable_by_key(|(term, _)| (term.ontology, &term.id));
        for (term, pair) in pairs {
            let implied = BTreeSet::from([AnnotationRelation::Implied]);
            for &relation in annotations.relations.get(pair).unwrap_or(&implied) {
                writer.property(annotation_predicate(relation, term.ontology), Object::Iri(&term_iri(&term.id)))?;
            }
        }
        writer.end()?;
    }
    Ok(())
}

fn write_similar(
    writer: &mut StatementWriter<'_>,
    pair: &SimilarGenes,
    annotations: &Annotations,
    gene_iris: &[String],
) -> std::io::Result<()> {
    let encoded = |gene: GeneId| vocab::percent_encoded(annotations.genes.symbol(gene));
    let (first, second) = (&gene_iris[pair.first.index()], &gene_iris[pair.second.index()]);
    let ontology = pair.ontology.name();
    writer.begin(&format!("{SIMILARITY}{ontology}/{}/{}", encoded(pair.first), encoded(pair.second)))?;
    writer.property(RDF_TYPE, Object::Iri("https://w3id.org/aligned#Similarity"))?;
    writer.property("https://w3id.org/aligned#between", Object::Iri(first))?;
    writer.property("https://w3id.org/aligned#between", Object::Iri(second))?;
    writer.property("https://w3id.org/aligned#ontology", Object::Text(ontology))?;
    writer.property("https://w3id.org/aligned#jaccard", Object::Double(pair.jaccard()))?;
    writer.end()?;
    writer.begin(first)?;
    writer.property("https://w3id.org/aligned#similar", Object::Iri(second))?;
    writer.end()
}
