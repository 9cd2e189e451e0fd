//! Which resources are terms of an ontology or pathways: processes, chemicals, diseases, and no genes.
//!
//! Knowledge graphs use one predicate between genes, between terms, and between a gene and a term; only the first is read.

/// Ontologies and catalogues of things that are no genes, as they are abbreviated in IRIs, in lower case.
const NO_GENES: [&str; 34] = [
    "go",
    "chebi",
    "cl",
    "uberon",
    "doid",
    "mondo",
    "hp",
    "mp",
    "pato",
    "ro",
    "bfo",
    "eco",
    "obi",
    "efo",
    "ncit",
    "mesh",
    "umls",
    "fypo",
    "wbphenotype",
    "zp",
    "po",
    "to",
    "clo",
    "bto",
    "ncbitaxon",
    "reactome",
    "wikipathways",
    "kegg.pathway",
    "kegg.compound",
    "pubchem.compound",
    "drugbank",
    "hmdb",
    "smpdb",
    "pw",
];

/// Chemical classes of ChEBI to which gene products belong: what is typed by one may well be a gene.
const GENE_PRODUCTS: [&str; 6] =
    ["CHEBI_36080", "CHEBI_33695", "CHEBI_33696", "CHEBI_33697", "CHEBI_33699", "CHEBI_16541"];

/// Classes of the Biolink model whose members are no genes.
const BIOLINK_CLASSES: [&str; 16] = [
    "AnatomicalEntity",
    "BiologicalProcess",
    "BiologicalProcessOrActivity",
    "Cell",
    "CellularComponent",
    "ChemicalEntity",
    "ChemicalMixture",
    "Disease",
    "DiseaseOrPhenotypicFeature",
    "Drug",
    "MolecularActivity",
    "MolecularMixture",
    "Pathway",
    "PhenotypicFeature",
    "PhysiologicalProcess",
    "SmallMolecule",
];

/// Namespace of the Biolink model.
pub(super) const BIOLINK: &str = "https://w3id.org/biolink/vocab/";

/// True if the IRI is that of a term: `…/obo/GO_0006351`, `…identifiers.org/chebi/CHEBI:15422`, `GO:0006351`,
/// `…/content/detail/R-HSA-69563`.
pub(super) fn is_term(iri: &str) -> bool {
    let last = iri.rsplit(['/', '#']).next().unwrap_or(iri);
    let last = last.strip_prefix("reactome:").unwrap_or(last);
    is_reactome(last)
        || last.split_once(['_', ':']).is_some_and(|(catalogue, rest)| is_catalogued(catalogue, rest))
        || {
            // In `identifiers.org/kegg.pathway/hsa04110` the catalogue is a part of the path.
            let is_resolved = ["identifiers.org/", "bioregistry.io/", "n2t.net/"].iter().any(|host| iri.contains(host));
            is_resolved && iri.rsplit('/').nth(1).is_some_and(is_no_gene_catalogue)
        }
}

fn is_catalogued(catalogue: &str, rest: &str) -> bool {
    is_no_gene_catalogue(catalogue) && rest.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_no_gene_catalogue(name: &str) -> bool {
    NO_GENES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// `R-HSA-69563`, perhaps with a version, or the older `REACT_12345`.
fn is_reactome(name: &str) -> bool {
    let numbered = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    let current = name.strip_prefix("R-").and_then(|rest| rest.split_once('-'));
    current.is_some_and(|(species, rest)| {
        species.len() == 3 && species.bytes().all(|byte| byte.is_ascii_uppercase()) && numbered(rest)
    }) || name.strip_prefix("REACT_").is_some_and(numbered)
}

/// True if whatever is of this class is not a gene: an activity, a process, a chemical.
pub(super) fn is_class_of_no_genes(iri: &str) -> bool {
    if let Some(class) = iri.strip_prefix(BIOLINK) {
        return BIOLINK_CLASSES.contains(&class);
    }
    let last = iri.rsplit(['/', '#']).next().unwrap_or(iri).replace(':', "_");
    (last.starts_with("GO_") || last.starts_with("CHEBI_")) && is_term(iri) && !GENE_PRODUCTS.contains(&last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_chemicals_and_pathways_are_terms_and_genes_are_not() {
        for term in [
            "http://purl.obolibrary.org/obo/GO_0006351",
            "http://purl.obolibrary.org/obo/CHEBI_15422",
            "http://identifiers.org/chebi/CHEBI:15422",
            "https://identifiers.org/GO:0006351",
            "https://identifiers.org/reactome:R-HSA-69563",
            "https://reactome.org/content/detail/R-HSA-69563.2",
            "http://identifiers.org/kegg.pathway/hsa04110",
            "http://purl.obolibrary.org/obo/MONDO_0005148",
            "GO:0006351",
        ] {
            assert!(is_term(term), "{term}");
        }
        for gene in [
            "https://identifiers.org/hgnc.symbol:TP53",
            "https://identifiers.org/kegg.genes:eco:b0683",
            "http://purl.uniprot.org/uniprot/P04637",
            "http://purl.obolibrary.org/obo/PR_000003035",
            "https://w3id.org/aligned/gene/R-spondin",
            "https://w3id.org/aligned/complex/GO_TOGETHER",
            "http://identifiers.org/ensembl/ENSG00000141510",
            "http://example.org/gene/to_b",
            "http://example.org/go/fur",
        ] {
            assert!(!is_term(gene), "{gene}");
        }
    }

    #[test]
    fn an_activity_is_no_gene_and_a_gene_product_may_be_one() {
        assert!(is_class_of_no_genes("http://purl.obolibrary.org/obo/GO_0003700"));
        assert!(is_class_of_no_genes("https://w3id.org/biolink/vocab/SmallMolecule"));
        assert!(!is_class_of_no_genes("http://purl.obolibrary.org/obo/CHEBI_36080"));
        assert!(!is_class_of_no_genes("http://purl.obolibrary.org/obo/SO_0000704"));
        assert!(!is_class_of_no_genes("https://w3id.org/biolink/vocab/Gene"));
    }
}
