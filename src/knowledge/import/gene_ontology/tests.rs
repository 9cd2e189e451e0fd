use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::biology::{Authority, Gene, GeneId, GeneTable};
use crate::knowledge::import::ImportError;
use crate::knowledge::{KnowledgeBase, RdfSyntax, write_knowledge};

/// A little process ontology: root ← repair ← {excision, mismatch}; excision is also part of response.
const OBO_TEXT: &str = "format-version: 1.2\nA stray line in the header without a tag.\n\n\
    [Term]\nid: GO:0008150\nname: biological_process\nnamespace: biological_process\n\n\
    [Term]\nid: GO:1\nname: repair\nnamespace: biological_process\nalt_id: GO:91\nis_a: GO:0008150 ! biological_process\n\n\
    [Term]\nid: GO:2\nname: excision\nnamespace: biological_process\ndef: \"Broken\nacross lines.\" []\nis_a: GO:1 {is_inferred=\"true\"}\n\
    relationship: part_of GO:4 ! response\n\n\
    [Term]\nid: GO:3\nname: mismatch\nnamespace: biological_process\nis_a: GO:1\nrelationship: positively_regulates GO:2\n\
    relationship: occurs_in GO:1\n\n\
    [Term]\nid: GO:4\nname: response\nnamespace: biological_process\nis_a: GO:0008150\n\n\
    [Term]\nid: GO:5\nname: obsolete magic\nnamespace: biological_process\nis_obsolete: true\n\n\
    [Typedef]\nid: part_of\nname: part of\n";

fn graph() -> TermGraph {
    TermGraph::from_obo(OBO_TEXT.as_bytes(), "mini.obo").expect("a good file")
}

fn gaf(rows: &[(&str, &str, &str, &str)]) -> String {
    let mut text = "!gaf-version: 2.2\n".to_owned();
    for (symbol, qualifier, term, evidence) in rows {
        text.push_str(&format!(
            "UniProtKB\tP{symbol}\t{symbol}\t{qualifier}\t{term}\tPMID:1\t{evidence}\t\tP\t\tb0001|x\tprotein\ttaxon:9606\t20200101\tX\t\t\n"
        ));
    }
    text
}

fn annotated(rows: &[(&str, &str, &str, &str)], options: &AnnotationOptions) -> Annotations {
    let annotations = Annotations::from_gaf(gaf(rows).as_bytes(), "mini.gaf", &graph(), options).expect("a good file");
    assert!(annotations.counts.is_balanced(), "{}", annotations.counts);
    annotations
}

fn names(graph: &TermGraph, terms: &[usize]) -> Vec<String> {
    let mut names: Vec<String> = terms.iter().map(|&term| graph.terms()[term].name.clone()).collect();
    names.sort();
    names
}

#[test]
fn obsolete_terms_type_definitions_and_broken_lines_are_no_terms() {
    let graph = graph();
    assert_eq!(graph.terms().len(), 5);
    assert_eq!(graph.term_counts.left_out_for("obsolete"), 1);
    assert_eq!(graph.position("GO:5"), None);
    assert_eq!(graph.position("GO:91"), graph.position("GO:1"), "an accession taken over");
    assert_eq!(graph.illegal_lines, 2, "one in the header, one in a definition");
    assert_eq!((graph.edge_counts.read, graph.edge_counts.kept), (7, 6));
    assert_eq!(graph.edge_counts.left_out_for("relation not used"), 1);
    assert!(graph.term_counts.is_balanced() && graph.edge_counts.is_balanced());
}

#[test]
fn annotations_pass_up_by_is_a_and_part_of_but_not_by_regulates() {
    let graph = graph();
    let ancestors = graph.ancestors();
    let above = |id: &str| names(&graph, &ancestors[graph.position(id).expect("there")]);
    assert_eq!(above("GO:2"), ["biological_process", "excision", "repair", "response"]);
    assert_eq!(above("GO:3"), ["biological_process", "mismatch", "repair"]);
}

#[test]
fn a_cycle_among_terms_does_not_trap_the_walk_upwards() {
    let text =
        "[Term]\nid: GO:1\nname: a\nnamespace: BP\nis_a: GO:2\n[Term]\nid: GO:2\nname: b\nnamespace: BP\nis_a: GO:1\n";
    let graph = TermGraph::from_obo(text.as_bytes(), "cycle.obo").expect("readable");
    assert_eq!(graph.ancestors(), [[0, 1], [0, 1]]);
}

#[test]
fn tables_and_obo_text_give_the_same_graph() {
    let terms = "go_id\tname\tnamespace\tontology\n\
        GO:0008150\tbiological_process\tbiological_process\tBP\nGO:1\trepair\tbiological_process\tBP\n\
        GO:2\texcision\tbiological_process\tBP\nGO:3\tmismatch\tbiological_process\tBP\n\
        GO:4\tresponse\tbiological_process\tBP\nall\tall\tuniversal\tuniversal\n";
    let edges = "child\trelation\tparent\tontology\nGO:1\tisa\tGO:0008150\tBP\nGO:2\tisa\tGO:1\tBP\nGO:2\tpart of\tGO:4\tBP\n\
        GO:3\tisa\tGO:1\tBP\nGO:3\tpositively regulates\tGO:2\tBP\nGO:4\tisa\tGO:0008150\tBP\nGO:0008150\tisa\tall\tBP\n";
    let tables =
        TermGraph::from_tables(terms.as_bytes(), "terms.tsv", edges.as_bytes(), "edges.tsv").expect("good tables");
    assert_eq!(tables.edges(), graph().edges());
    assert_eq!(tables.term_counts.left_out_for("no accession of the Gene Ontology"), 1);
    assert_eq!(tables.edge_counts.left_out_for("an end is not a term in force"), 1);
}

#[test]
fn a_term_given_twice_is_an_error_with_its_line() {
    let text = "[Term]\nid: GO:1\nname: a\nnamespace: BP\n[Term]\nid: GO:1\nname: b\nnamespace: BP\n";
    let error = TermGraph::from_obo(text.as_bytes(), "twice.obo").expect_err("twice");
    assert_eq!(error.to_string(), "twice.obo:5: term GO:1 is given twice; delete one of the two");
}

#[test]
fn negated_obsolete_and_unwanted_annotations_are_left_out_each_by_its_reason() {
    let rows = [
        ("A", "", "GO:2", "IDA"),
        ("A", "involved_in", "GO:2", "IMP"),
        ("A", "NOT|involved_in", "GO:3", "IDA"),
        ("B", "", "GO:91", "IDA"),
        ("B", "", "GO:5", "IDA"),
        ("C", "", "GO:2", "IEA"),
    ];
    let options = AnnotationOptions { exclude_evidence: vec!["IEA".into()], ..AnnotationOptions::default() };
    let annotations = annotated(&rows, &options);
    let counts = &annotations.counts;
    assert_eq!((counts.read, counts.kept, counts.merged, counts.genes), (6, 2, 1, 2));
    for reason in ["qualifier NOT", "term unknown or obsolete", "evidence not wanted"] {
        assert_eq!(counts.left_out_for(reason), 1, "{reason}");
    }
    assert!(annotations.genes.resolve("PA").is_ok() && annotations.genes.id("C").is_none());
}

#[test]
fn illegal_gaf_lines_are_counted_and_do_no_harm() {
    let mut text = gaf(&[("A", "", "GO:2", "IDA"), ("B", "", "GO:2", "IDA"), ("D", "", "GO:2", "IDA")]);
    text =
        text.replace("UniProtKB\tPB", "UniProtKB\t").replace("b0001|x\tprotein\ttaxon:9606", "s\tprotein\ttaxon:9606");
    text = text.replacen("taxon:9606\t20200101\tX\t\t\n", "NCBITaxon:\t20200101\tX\t\t\n", 1);
    text.push_str("short\tline\n");
    let annotations =
        Annotations::from_gaf(text.as_bytes(), "a.gaf", &graph(), &AnnotationOptions::default()).expect("good");
    assert_eq!((annotations.counts.read, annotations.counts.kept), (4, 1));
    assert_eq!(annotations.counts.left_out["illegal line"].lines, [2, 3, 5]);
}

#[test]
fn gene2go_gives_entrez_numbers() {
    let content = "tax_id\tGeneID\tGO_ID\tEvidence\tQualifier\tSymbol\tOntology\n9606\t7157\tGO:2\tIDA\t-\tTP53\tBP\n\
        9606\t7157\tGO:3\tIDA\tNOT involved_in\tTP53\tBP\n";
    let options = AnnotationOptions::default();
    let annotations = Annotations::from_gene2go(content.as_bytes(), "g.tsv", &graph(), &options).expect("good");
    assert_eq!(annotations.genes.resolve("7157"), Ok(GeneId::new(0)));
    assert_eq!(annotations.counts.left_out_for("qualifier NOT"), 1);
}

#[test]
fn ncbi_names_genes_by_number_and_a_catalogue_gives_their_symbols() {
    let content = "#tax_id\tGeneID\tGO_ID\tEvidence\tQualifier\tGO_term\tPubMed\tCategory\n\
        9606\t7157\tGO:2\tIDA\tinvolved_in\texcision\t1\tProcess\n9606\t1\tGO:2\tIDA\tinvolved_in\texcision\t1\tProcess\n\
        10090\t22059\tGO:3\tIDA\tinvolved_in\tmismatch\t1\tProcess\n";
    let read =
        |options: &AnnotationOptions| Annotations::from_gene2go(content.as_bytes(), "gene2go", &graph(), options);
    let message = read(&AnnotationOptions::default()).expect_err("numbers").to_string();
    assert!(message.contains("names genes by their NCBI number"), "{message}");
    let mut catalogue = GeneTable::new();
    catalogue.insert(Gene::named("TP53").with_accession(Authority::Entrez, "7157"));
    let options = AnnotationOptions { catalogue: Some(catalogue), ..AnnotationOptions::default() };
    let message = read(&options).expect_err("two taxa").to_string();
    assert!(message.contains("holds rows of 2 taxa: 9606 (2 rows), 10090 (1 row)"), "{message}");
    let human = read(&AnnotationOptions { taxon: Some("9606".into()), ..options }).expect("one taxon");
    assert_eq!((human.genes.len(), human.genes.id("TP53").is_some()), (1, true));
    assert_eq!(human.counts.left_out["of another taxon"].lines, [4]);
    assert_eq!(human.counts.left_out["gene number not in the table of genes"].lines, [3]);
}

#[test]
fn genes_of_two_species_are_never_merged() {
    let text =
        gaf(&[("TNF", "", "GO:2", "IDA")]) + &gaf(&[("TNF", "", "GO:3", "IEA")]).replace("9606", "9823|taxon:9606");
    let read = |taxon: Option<&str>| {
        let options = AnnotationOptions { taxon: taxon.map(str::to_owned), ..AnnotationOptions::default() };
        Annotations::from_gaf(text.as_bytes(), "two.gaf", &graph(), &options)
    };
    let message = read(None).expect_err("two taxa").to_string();
    assert!(message.contains("two.gaf holds rows of 2 taxa: 9606 (1 row), 9823 (1 row)"), "{message}");
    let pig = read(Some("taxon:9823")).expect("one");
    assert_eq!(pig.pairs, [(GeneId::new(0), graph().position("GO:3").expect("there"))]);
    assert!(read(Some("562")).expect_err("absent").to_string().contains("no row has the taxon `562`"));
}

#[test]
fn qualifiers_keep_their_meaning_or_are_left_out_by_name() {
    let rows = [
        ("A", "contributes_to", "GO:2", "IDA"),
        ("B", "NOT|acts_upstream_of_or_within", "GO:2", "IDA"),
        ("C", "not_involved_in", "GO:2", "IDA"),
        ("D", "acts_upstream_of_positive_effect", "GO:2", "IDA"),
        ("E", "is_active_in", "GO:2", "IDA"),
        ("E", "located_in", "GO:2", "IDA"),
        ("F", "befriends", "GO:2", "IDA"),
        ("G", "part_of", "GO:2", "IDA"),
        ("H", "colocalizes_with", "GO:2", "IDA"),
    ];
    let annotations = annotated(&rows, &AnnotationOptions::default());
    let left_out: Vec<_> =
        annotations.counts.left_out.iter().map(|(reason, entry)| (reason.as_str(), entry.rows)).collect();
    assert_eq!(
        left_out,
        [
            ("qualifier NOT", 2),
            ("qualifier acts_upstream_of…", 1),
            ("qualifier colocalizes_with", 1),
            ("qualifier contributes_to", 1),
            ("qualifier not known", 1),
        ]
    );
    let mut text = Vec::new();
    write_gene_ontology(&graph(), &annotations, &[], None, RdfSyntax::NQuads, &mut text).expect("memory");
    let text = String::from_utf8(text).expect("text");
    let of = |gene: &str| {
        let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let about = words.filter(|words| words[0].ends_with(gene) && words[2].ends_with("GO_2>"));
        about.map(|words| words[1].to_owned()).collect::<Vec<_>>()
    };
    let obo = |name: &str| format!("<http://purl.obolibrary.org/obo/{name}>");
    assert_eq!(of("E>"), [obo("RO_0002432"), obo("RO_0002331")]);
    assert_eq!(of("G>"), [obo("BFO_0000050")]);
}

fn all_terms(min_jaccard: f64) -> SimilarityOptions {
    SimilarityOptions { min_jaccard, max_term_size: None, min_terms: 1, ..SimilarityOptions::default() }
}

#[test]
fn jaccard_overlap_counts_ancestors_and_not_the_root() {
    // A: excision, repair, response; B: mismatch, repair; C: response. Shared: AB repair (of 4), AC response (of 3), BC none.
    let annotations = annotated(
        &[("A", "", "GO:2", "IDA"), ("B", "", "GO:3", "IDA"), ("C", "", "GO:4", "IDA")],
        &AnnotationOptions::default(),
    );
    let similar = similar_genes(&graph(), &annotations, &all_terms(0.2));
    let told: Vec<(usize, usize, u32, u32)> =
        similar.iter().map(|pair| (pair.first.index(), pair.second.index(), pair.shared, pair.either)).collect();
    assert_eq!(told, [(0, 1, 1, 4), (0, 2, 1, 3)]);
    assert_eq!(similar_genes(&graph(), &annotations, &all_terms(1.0 / 3.0)).len(), 1, "the bound itself passes");
    let small = SimilarityOptions { max_term_size: Some(1), ..all_terms(0.1) };
    assert_eq!(similar_genes(&graph(), &annotations, &small), [], "repair and response annotate two genes each");
}

#[test]
fn the_root_alone_makes_nobody_similar() {
    let rows = [("A", "", "GO:0008150", "ND"), ("B", "", "GO:0008150", "ND")];
    assert_eq!(similar_genes(&graph(), &annotated(&rows, &AnnotationOptions::default()), &all_terms(0.1)), []);
}

/// A flat ontology of `n` terms, each directly under the root.
fn flat(n: usize) -> TermGraph {
    let mut text = "[Term]\nid: GO:0008150\nname: root\nnamespace: BP\n".to_owned();
    for term in 0..n {
        text.push_str(&format!("[Term]\nid: GO:{term}\nname: t\nnamespace: BP\nis_a: GO:0008150\n"));
    }
    TermGraph::from_obo(text.as_bytes(), "flat.obo").expect("good")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_index_finds_exactly_the_pairs_that_comparing_all_with_all_finds(
        sets in prop::collection::vec(prop::collection::btree_set(0_usize..14, 1..9), 2..25),
        percent in 1_u32..=100,
    ) {
        let min_jaccard = f64::from(percent) / 100.0;
        let graph = flat(14);
        let mut genes = GeneTable::new();
        let mut pairs = Vec::new();
        for (gene, set) in sets.iter().enumerate() {
            let id = genes.intern(&format!("g{gene:02}"));
            pairs.extend(set.iter().map(|term| (id, term + 1)));
        }
        let annotations = Annotations { genes, pairs, ..Annotations::default() };
        let found: BTreeSet<(usize, usize)> = similar_genes(&graph, &annotations, &all_terms(min_jaccard))
            .iter().map(|pair| (pair.first.index(), pair.second.index())).collect();
        let mut expected = BTreeSet::new();
        for a in 0..sets.len() {
            for b in a + 1..sets.len() {
                let shared = sets[a].intersection(&sets[b]).count() as u32;
                let either = sets[a].union(&sets[b]).count() as u32;
                if 100 * shared >= percent * either {
                    expected.insert((a, b));
                }
            }
        }
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn behind_a_knowledge_base_its_genes_are_annotated_and_its_regulations_stay_as_they_were() {
    let imported = crate::knowledge::import::table::import(
        b"tf,gene,sign\nA,B,+\nB,C,-\n",
        "kb.csv",
        &crate::knowledge::import::table::TableOptions::new("tf", "gene", "sign"),
    )
    .expect("good");
    let mut before = Vec::new();
    write_knowledge(&imported.genes, &imported.regulations, RdfSyntax::Turtle, &mut before).expect("memory");
    let base = KnowledgeBase::parse(&before, "kb.ttl").expect("good");
    let options = AnnotationOptions { only: Some(base.genes().clone()), ..AnnotationOptions::default() };
    let rows = [("A", "", "GO:2", "IDA"), ("B", "", "GO:2", "IDA"), ("Z", "", "GO:2", "IDA")];
    let annotations = annotated(&rows, &options);
    assert_eq!(annotations.counts.left_out_for("gene not among those wanted"), 1);
    let similar = similar_genes(&graph(), &annotations, &all_terms(0.5));
    let mut after = Vec::new();
    write_gene_ontology(&graph(), &annotations, &similar, Some(&base), RdfSyntax::Turtle, &mut after).expect("memory");
    assert!(after.starts_with(&before));
    let again = KnowledgeBase::parse(&after, "kb.ttl").expect("good");
    assert_eq!(again.regulations(), base.regulations(), "neither similar genes nor terms are regulations");
    assert_eq!(again.genes().len(), base.genes().len());
    let answer = again.query("SELECT ?a ?b WHERE { ?x aligned:similar ?y . ?x rdfs:label ?a . ?y rdfs:label ?b }");
    assert_eq!(answer.expect("good").rows(), [["A", "B"]]);
    let value = again.query("SELECT ?j WHERE { ?s a aligned:Similarity ; aligned:jaccard ?j ; aligned:between ?a , ?b FILTER(STR(?a) < STR(?b)) }");
    assert_eq!(value.expect("good").rows().len(), 1);
    let path =
        again.query("SELECT ?t WHERE { ?g rdfs:label 'A' . ?g obo:RO_0002331/(rdfs:subClassOf|obo:BFO_0000050)* ?t }");
    assert_eq!(path.expect("good").rows().len(), 4, "excision, repair, response and the root");
}

#[test]
fn gpad_of_both_versions_takes_its_symbols_from_the_table_of_genes() {
    let mut genes = GeneTable::new();
    genes.insert(Gene::named("TNF").with_accession(Authority::UniProt, "P01375"));
    let options = AnnotationOptions { catalogue: Some(genes), ..AnnotationOptions::default() };
    let term = graph().terms()[0].id.clone();
    let first = format!(
        "!gpa-version: 1.1\nUniProtKB\tP01375\tinvolved_in\t{term}\tPMID:1\tECO:0000314\t\t\t20200101\tUniProt\t\tgo_evidence=IDA\n\
         UniProtKB\tQ00000\tinvolved_in\t{term}\tPMID:1\tECO:0000314\t\t\t20200101\tUniProt\t\t\nbroken\n"
    );
    let second = format!(
        "!gpad-version: 2.0\nUniProtKB:P01375\t\tRO:0002331\t{term}\tPMID:1\tECO:0000314\t\t\t2020-01-01\tUniProt\t\t\n\
         UniProtKB:P01375\tNOT\tRO:0002331\t{term}\tPMID:1\tECO:0000314\t\t\t2020-01-01\tUniProt\t\t\nbroken\n"
    );
    for text in [first, second] {
        let read = Annotations::from_gpad(text.as_bytes(), "a.gpad", &graph(), &options).expect("GPAD");
        assert_eq!((read.pairs.len(), read.genes.id("TNF").is_some()), (1, true), "{text}");
        assert_eq!(
            (read.counts.left_out_for("illegal line"), read.counts.left_out_in_all()),
            (1, 2),
            "{:?}",
            read.counts
        );
    }
    let alone = Annotations::from_gpad(b"!gpad-version: 2.0\n", "a.gpad", &graph(), &AnnotationOptions::default());
    assert!(alone.expect_err("no symbols").to_string().contains("give a table of genes"));
}

#[test]
fn text_that_is_no_obo_is_refused() {
    let error = TermGraph::from_obo(b"id\tname\n", "x.obo").expect_err("no term");
    assert!(matches!(error, ImportError::Malformed { .. }), "{error}");
}
