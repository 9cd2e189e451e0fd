//! A knowledge base written and read again is the same one, whatever its genes are called and whoever revised it.

use std::collections::BTreeSet;

use aligned::biology::{
    Accession, Authority, Citation, CitedRegulation, Entry, Evidence, ExperimentCounts, Gene, GeneId, GeneTable,
    Regulation, Revision, RevisionKind, RevisionStatus, Sign, StatementKind,
};
use aligned::knowledge::{
    AnswerFormat, KnowledgeBase, KnowledgeError, RdfSyntax, Rules, RunInput, RunProvenance, query, vocab,
    write_knowledge, write_knowledge_and_effects,
};
use aligned::network::RegulatoryNetwork;
use proptest::prelude::*;

const TOY: &str = include_str!("../knowledge/toy.ttl");

fn toy() -> KnowledgeBase {
    KnowledgeBase::parse(TOY.as_bytes(), "toy.ttl").expect("the toy is sound")
}

fn parse(text: &str) -> KnowledgeBase {
    KnowledgeBase::parse(text.as_bytes(), "case.ttl").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn written(genes: &GeneTable, regulations: &[CitedRegulation], syntax: RdfSyntax) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_knowledge(genes, regulations, syntax, &mut bytes).expect("a vector takes all");
    bytes
}

/// Regulations in words, for example `lexA inhibition recA`.
fn words(base: &KnowledgeBase) -> Vec<String> {
    let plain: Vec<_> = base.regulations().iter().map(|cited| cited.regulation).collect();
    in_words(base.genes(), &plain)
}

fn effects_in_words(base: &KnowledgeBase) -> Vec<String> {
    let plain: Vec<_> = base.effects().iter().map(|cited| cited.regulation).collect();
    in_words(base.genes(), &plain)
}

fn in_words(genes: &GeneTable, regulations: &[Regulation]) -> Vec<String> {
    let word = |edge: &Regulation| {
        format!("{} {} {}", genes.symbol(edge.regulator), edge.sign.word(), genes.symbol(edge.target))
    };
    let mut words: Vec<_> = regulations.iter().map(word).collect();
    words.sort();
    words
}

fn edge(genes: &GeneTable, regulator: &str, sign: Sign, target: &str) -> Regulation {
    let id = |symbol: &str| genes.id(symbol).unwrap_or_else(|| panic!("{symbol} is in the table"));
    Regulation::new(id(regulator), id(target), sign)
}

fn revision(kind: RevisionKind, regulation: Regulation, status: RevisionStatus) -> Revision {
    Revision { kind, statement: StatementKind::Regulation, regulation, status, evidence: Evidence::default() }
}

fn run() -> RunProvenance {
    let input = RunInput { role: "knowledge base".into(), file_name: "toy.ttl".into(), sha256: "00ff".into() };
    RunProvenance { tool_version: "0.1.0".into(), inputs: vec![input], config_toml: "depth = 5\n".into(), seed: 42 }
}

fn refined(base: &KnowledgeBase, genes: &GeneTable, revisions: &[Revision]) -> Vec<u8> {
    let labels = ["fur-".to_owned(), "crp-".to_owned()];
    let mut bytes = Vec::new();
    base.write_refined(genes, revisions, &labels, &run(), RdfSyntax::Turtle, &mut bytes).expect("fits together");
    bytes
}

fn reread(bytes: &[u8]) -> KnowledgeBase {
    KnowledgeBase::parse(bytes, "refined.ttl")
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(bytes)))
}

// ---------------------------------------------------------------------------------------------- the toy

#[test]
fn the_toy_is_in_canonical_form_below_its_comments() {
    let base = toy();
    let canonical = String::from_utf8(written(base.genes(), base.regulations(), RdfSyntax::Turtle)).expect("UTF-8");
    let body = &TOY[TOY.find("@prefix").expect("it has prefixes")..];
    assert_eq!(canonical, body);
    assert_eq!((base.genes().len(), base.regulations().len()), (12, 17));
    assert!(base.warnings().is_empty(), "{:?}", base.warnings());
}

#[test]
fn a_conflict_stays_two_regulations() {
    let base = toy();
    for sign in Sign::BOTH {
        assert!(base.find(edge(base.genes(), "araC", sign, "araB")).is_some());
    }
}

#[test]
fn what_is_cited_for_a_regulation_is_read_with_it() {
    let base = toy();
    let cited = base.find(edge(base.genes(), "crp", Sign::Activation, "araB")).expect("stated");
    assert_eq!(cited.citation.kinds, ["transcriptional"]);
    assert_eq!(cited.citation.references, ["DOI:10.1016/S0168-9525(00)02153-3", "DOI:10.1016/j.jmb.2003.09.049"]);
    assert_eq!(cited.citation.evidence_count, 2);
}

#[test]
fn a_property_path_walks_the_direct_triples() {
    let answer = toy()
        .query(
            "SELECT DISTINCT ?symbol { ?g rdfs:label 'recA' . ?g (obo:RO_0002213|obo:RO_0002212)+ ?t .
             ?t rdfs:label ?symbol } ORDER BY ?symbol",
        )
        .expect("sound SPARQL");
    // recA acts on lexA, which acts on itself, recA, sulA and umuD; sulA acts on ftsZ.
    assert_eq!(answer.rows().concat(), ["ftsZ", "lexA", "recA", "sulA", "umuD"]);
}

#[test]
fn a_regulation_is_a_resource_with_a_regulator() {
    let answer = toy().query("SELECT ?r { ?r aligned:regulator eco:b2699 }").expect("sound SPARQL");
    assert_eq!(answer.rows().concat(), ["regulation:recA-inhibits-lexA"]);
}

#[test]
fn ask_is_answered_with_yes_or_no() {
    let base = toy();
    assert_eq!(base.query("ASK { eco:b4043 obo:RO_0002212 eco:b2699 }").expect("sound").truth(), Some(true));
    assert_eq!(base.query("ASK { eco:b4043 obo:RO_0002213 eco:b2699 }").expect("sound").truth(), Some(false));
}

// ---------------------------------------------------------------------------------------------- round trip

fn odd_text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "",
        " ",
        "\"",
        "\\",
        "'",
        "\n",
        "\t",
        "\r",
        "/",
        "#",
        "%",
        "%41",
        "<",
        ">",
        "{",
        "|",
        "^",
        "`",
        ":",
        ";",
        ",",
        ".",
        "-",
        "_",
        "~",
        "@en",
        "ä",
        "β",
        "→",
        "😀",
        "\u{7f}",
        "\u{85}",
        "\u{200b}",
        "activates",
        "-inhibits-",
        "COMPLEX:",
        "TP53",
        "b0001",
        "A",
    ]);
    prop::collection::vec(odd, 1..4).prop_map(|parts| parts.concat())
}

fn gene() -> impl Strategy<Value = Gene> {
    let authority = prop::sample::select(vec![
        Authority::UniProt,
        Authority::Entrez,
        Authority::Ensembl,
        Authority::LocusTag,
        Authority::MirBase,
    ]);
    let value = prop_oneof![odd_text(), Just("b0683".to_owned()), Just("P0DP23".to_owned())];
    let accessions = prop::collection::vec((authority, value), 0..3);
    (odd_text(), accessions, prop::collection::vec(odd_text(), 0..3)).prop_map(|(symbol, accessions, aliases)| {
        let gene = accessions.into_iter().fold(Gene::named(symbol), |gene, (by, value)| gene.with_accession(by, value));
        aliases.into_iter().fold(gene, Gene::with_alias)
    })
}

fn citation() -> impl Strategy<Value = Citation> {
    let list = || prop::collection::vec(odd_text(), 0..3);
    let confidence = prop::option::of(prop_oneof![Just(0.0), Just(1.0), 0.0..1.0]);
    (list(), list(), list(), 0..9_u32, confidence).prop_map(
        |(kinds, sources, references, evidence_count, confidence)| {
            let mut citation = Citation { evidence_count, confidence, ..Citation::default() };
            citation.absorb(Citation { kinds, sources, references, ..Citation::default() });
            citation
        },
    )
}

type Knowledge = (GeneTable, Vec<CitedRegulation>);

/// Tables in any order of symbols, regulations in any order and perhaps several times.
fn knowledge() -> impl Strategy<Value = Knowledge> {
    let sign = prop::sample::select(Sign::BOTH.to_vec());
    let edges = prop::collection::vec((any::<u16>(), any::<u16>(), sign, citation()), 1..12);
    (prop::collection::vec(gene(), 1..7), edges).prop_map(|(listed, edges)| {
        let mut genes = GeneTable::new();
        for gene in listed {
            genes.insert(gene);
        }
        let id = |any: u16| GeneId::new(usize::from(any) % genes.len());
        let cite = |(regulator, target, sign, citation)| CitedRegulation {
            regulation: Regulation::new(id(regulator), id(target), sign),
            citation,
        };
        let regulations = edges.into_iter().map(cite).collect();
        (genes, regulations)
    })
}

fn sorted_genes(genes: &GeneTable) -> Vec<Gene> {
    let mut sorted: Vec<_> = genes.iter().map(|(_, gene)| gene.clone()).collect();
    sorted.sort_by(|a, b| a.symbol.cmp(&b.symbol));
    sorted
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn knowledge_written_and_read_again_is_written_with_the_same_bytes((genes, regulations) in knowledge()) {
        for (syntax, file) in [(RdfSyntax::Turtle, "k.ttl"), (RdfSyntax::NQuads, "k.nq")] {
            let bytes = written(&genes, &regulations, syntax);
            let base = KnowledgeBase::parse(&bytes, file).expect("what was written can be read");
            prop_assert_eq!(base.warnings(), &[] as &[String]);
            prop_assert_eq!(sorted_genes(base.genes()), sorted_genes(&genes));
            prop_assert_eq!(written(base.genes(), base.regulations(), syntax), bytes);
        }
    }

    #[test]
    fn effects_written_and_read_again_are_the_same_and_no_regulations(
        (genes, regulations) in knowledge(),
        skipped in 0..4_usize,
    ) {
        let effects: Vec<_> = regulations.iter().skip(skipped).cloned().collect();
        for (syntax, file) in [(RdfSyntax::Turtle, "k.ttl"), (RdfSyntax::NQuads, "k.nq")] {
            let mut bytes = Vec::new();
            write_knowledge_and_effects(&genes, &regulations[..1], &effects, syntax, &mut bytes).expect("room");
            let base = KnowledgeBase::parse(&bytes, file).expect("what was written can be read");
            prop_assert_eq!(base.warnings(), &[] as &[String]);
            prop_assert_eq!(base.regulations().len(), 1);
            let plain = |cited: &CitedRegulation| cited.regulation;
            let distinct: BTreeSet<_> = effects.iter().map(plain).collect();
            prop_assert_eq!(base.effects().len(), distinct.len());
            let mut again = Vec::new();
            write_knowledge_and_effects(base.genes(), base.regulations(), base.effects(), syntax, &mut again).expect("room");
            prop_assert_eq!(again, bytes);
        }
    }

    #[test]
    fn no_two_genes_share_an_iri((genes, _) in knowledge()) {
        let iris = vocab::gene_iris(&genes);
        prop_assert_eq!(iris.iter().collect::<BTreeSet<_>>().len(), genes.len());
    }

    #[test]
    fn the_order_of_genes_and_regulations_leaves_no_trace((genes, regulations) in knowledge()) {
        let mut turned = GeneTable::new();
        for (_, gene) in genes.iter().collect::<Vec<_>>().into_iter().rev() {
            turned.insert(gene.clone());
        }
        let id = |gene: GeneId| turned.id(genes.symbol(gene)).expect("the same genes");
        let turn = |cited: &CitedRegulation| {
            let Regulation { regulator, target, sign } = cited.regulation;
            CitedRegulation { regulation: Regulation::new(id(regulator), id(target), sign), ..cited.clone() }
        };
        let turned_regulations: Vec<_> = regulations.iter().rev().map(turn).collect();
        prop_assert_eq!(
            written(&turned, &turned_regulations, RdfSyntax::Turtle),
            written(&genes, &regulations, RdfSyntax::Turtle)
        );
    }

    #[test]
    fn revisions_written_and_read_again_give_the_revised_network(
        (genes, regulations) in knowledge(),
        first in prop::collection::vec((0..6_u8, any::<u16>(), any::<u16>(), any::<bool>(), any::<bool>()), 0..8),
        second in prop::collection::vec((0..6_u8, any::<u16>(), any::<u16>(), any::<bool>(), any::<bool>()), 0..8),
    ) {
        let mut stated = Vec::new();
        let effects: Vec<_> = regulations.iter().step_by(2).cloned().collect();
        write_knowledge_and_effects(&genes, &regulations, &effects, RdfSyntax::Turtle, &mut stated).expect("room");
        let mut base = reread(&stated);
        // Two runs, one upon the other's output: what the first did the second may take back.
        for choices in [first, second] {
            let mut genes = base.genes().clone();
            genes.insert(Gene::named("known to the data alone").with_alias("new"));
            let id = |any: u16| GeneId::new(usize::from(any) % genes.len());
            let revisions: Vec<_> = choices.into_iter().map(|(kind, regulator, target, activation, applied)| {
                let statement = StatementKind::ALL[usize::from(kind) / 3];
                let kind = RevisionKind::ALL[usize::from(kind) % 3];
                let sign = if activation { Sign::Activation } else { Sign::Inhibition };
                let status = if applied { RevisionStatus::Applied } else { RevisionStatus::Proposed };
                Revision { statement, ..revision(kind, Regulation::new(id(regulator), id(target), sign), status) }
            }).collect();
            let plain = |cited: &CitedRegulation| cited.regulation;
            let expected = RegulatoryNetwork::new(genes.len(), base.regulations().iter().map(plain))
                .with_effects(base.effects().iter().map(plain))
                .revised(&revisions);
            let bytes = refined(&base, &genes, &revisions);
            let again = reread(&bytes);
            prop_assert_eq!(words(&again), in_words(&genes, expected.regulations()));
            prop_assert_eq!(effects_in_words(&again), in_words(&genes, expected.effects()));
            prop_assert_eq!(again.warnings(), &[] as &[String]);
            prop_assert_eq!(refined(&base, &genes, &revisions), bytes, "same input, same bytes");
            base = again;
        }
    }
}

#[test]
fn a_kept_regulation_keeps_its_citation_through_a_revision() {
    let base = toy();
    let flip = edge(base.genes(), "lexA", Sign::Inhibition, "umuD");
    let bytes = refined(&base, base.genes(), &[revision(RevisionKind::SignFlipped, flip, RevisionStatus::Applied)]);
    let again = reread(&bytes);
    for cited in base.regulations().iter().filter(|cited| cited.regulation != flip) {
        assert_eq!(again.find(cited.regulation), Some(cited));
    }
    assert_eq!(again.find(flip), None);
    assert!(again.find(flip.flipped()).is_some());
}

#[test]
fn without_revisions_the_output_is_the_input_byte_for_byte() {
    let foreign =
        "# mine\n@prefix x: <http://x.org/> .\n@prefix o: <http://purl.obolibrary.org/obo/> .\nx:a o:RO_0002213 x:b";
    for text in [TOY, &format!("{foreign} ."), &format!("{foreign}, x:c .\n\n\n")] {
        let base = parse(text);
        assert_eq!(String::from_utf8(refined(&base, base.genes(), &[])).expect("UTF-8"), text);
    }
}

#[test]
fn original_statements_stand_untouched_before_the_revisions() {
    let base = toy();
    let removed = edge(base.genes(), "lexA", Sign::Inhibition, "recA");
    let bytes = refined(&base, base.genes(), &[revision(RevisionKind::Removed, removed, RevisionStatus::Applied)]);
    assert!(bytes.starts_with(TOY.as_bytes()));
    let ask = "ASK { eco:b4043 obo:RO_0002212 eco:b2699 . regulation:lexA-inhibits-recA aligned:source 'textbook' }";
    assert_eq!(reread(&bytes).query(ask).expect("sound").truth(), Some(true));
}

#[test]
fn a_refined_knowledge_base_can_change_its_syntax() {
    let base = toy();
    let added =
        revision(RevisionKind::Added, edge(base.genes(), "crp", Sign::Inhibition, "crp"), RevisionStatus::Applied);
    let mut quads = Vec::new();
    base.write_refined(base.genes(), &[added], &[], &run(), RdfSyntax::NQuads, &mut quads).expect("fits");
    let again = KnowledgeBase::parse(&quads, "refined.nq").expect("sound");
    assert_eq!(words(&again), words(&reread(&refined(&base, base.genes(), &[again_added(&base)]))));
    assert_eq!(again.regulations().len(), 18);

    let mut turtle = Vec::new();
    again.write_refined(again.genes(), &[], &[], &run(), RdfSyntax::Turtle, &mut turtle).expect("no graphs");
    assert_eq!(words(&reread(&turtle)), words(&again));
}

fn again_added(base: &KnowledgeBase) -> Revision {
    revision(RevisionKind::Added, edge(base.genes(), "crp", Sign::Inhibition, "crp"), RevisionStatus::Applied)
}

#[test]
fn the_provenance_of_a_revision_leads_to_the_input_files() {
    let base = toy();
    let answer = reread(&refined(&base, base.genes(), &[again_added(&base)]))
        .query(
            "SELECT ?role ?hash ?seed ?version ?config {
               ?revision a aligned:Revision ; prov:wasGeneratedBy ?run .
               ?run prov:used ?input ; aligned:seed ?seed ; aligned:configuration ?config ;
                 prov:wasAssociatedWith/aligned:version ?version .
               ?input aligned:role ?role ; aligned:sha256 ?hash }",
        )
        .expect("sound");
    assert_eq!(answer.rows(), [["knowledge base", "00ff", "42", "0.1.0", "depth = 5\n"]]);
}

// ---------------------------------------------------------------------------------------------- foreign files

#[test]
fn a_foreign_file_of_plain_triples_is_read() {
    let base = parse(
        "@prefix obo: <http://purl.obolibrary.org/obo/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
         @base <http://example.org/genes/> .
         <fur> obo:RO_0002212 <b0593> , <sodA> . <soxS> obo:RO_0002213 <sodA> . <b0593> rdfs:label \"entC\" .",
    );
    assert_eq!(words(&base), ["fur inhibition entC", "fur inhibition sodA", "soxS activation sodA"]);
    assert_eq!(base.gene_iri(base.genes().id("entC").expect("labelled")), "http://example.org/genes/b0593");

    let removed = edge(base.genes(), "fur", Sign::Inhibition, "entC");
    let bytes = refined(&base, base.genes(), &[revision(RevisionKind::Removed, removed, RevisionStatus::Applied)]);
    assert_eq!(words(&reread(&bytes)), ["fur inhibition sodA", "soxS activation sodA"]);
}

#[test]
fn genes_that_merely_end_alike_stay_two_and_genes_with_one_label_become_one() {
    let text = "@prefix obo: <http://purl.obolibrary.org/obo/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        <http://a.org/x> obo:RO_0002213 <http://b.org/x> , <http://c.org/1> . <http://c.org/2> obo:RO_0002213 <http://a.org/x> .
        <http://c.org/1> rdfs:label \"Y\" . <http://c.org/2> rdfs:label \"Y\" .";
    let base = parse(text);
    assert_eq!(
        words(&base),
        ["Y activation http://a.org/x", "http://a.org/x activation Y", "http://a.org/x activation http://b.org/x"]
    );
    assert!(base.warnings()[0].contains("taken for the same gene: 1 (Y)"), "{:?}", base.warnings());
}

#[test]
fn similarity_and_annotations_are_never_regulations() {
    let text = format!(
        "{TOY}\neco:b0062 aligned:similar eco:b0063 , eco:b3357 .\n\
         eco:b3357 obo:RO_0000085 obo:GO_0003700 . obo:GO_0003700 rdfs:label \"DNA-binding transcription factor\" ;\n\
         rdfs:subClassOf obo:GO_0140110 . obo:GO_0140110 obo:RO_0002211 obo:GO_0006355 .\n"
    );
    let base = parse(&text);
    assert_eq!(words(&base), words(&toy()));
    assert_eq!(base.genes().len(), 12);
}

const FOREIGN: &str = "@prefix obo: <http://purl.obolibrary.org/obo/> . @prefix x: <http://x.org/gene/> .
    @prefix biolink: <https://w3id.org/biolink/vocab/> . @prefix aligned: <https://w3id.org/aligned#> .
    @prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix chebi: <https://identifiers.org/chebi/CHEBI:> .\n";

#[test]
fn predicates_that_tell_a_sign_by_themselves_are_read_and_those_of_causes_at_large_are_effects() {
    let base = parse(&format!(
        "{FOREIGN} x:a obo:RO_0002629 x:b ; obo:RO_0002630 x:c ; biolink:negatively_regulates x:d ; obo:RO_0002304 x:e .
         x:a obo:RO_0002336 x:f . x:a obo:RO_0002305 x:b ."
    ));
    assert_eq!(words(&base), ["a activation b", "a inhibition c", "a inhibition d", "f activation a"]);
    assert_eq!(effects_in_words(&base), ["a activation e", "a inhibition b"]);
    assert!(base.warnings().is_empty(), "{:?}", base.warnings());
}

#[test]
fn a_cause_without_a_sign_and_an_unknown_word_are_counted_and_named() {
    let base = parse(&format!(
        "{FOREIGN} x:a obo:RO_0002213 x:b ; obo:RO_0002211 x:b , x:c ; biolink:affects x:d ; aligned:activate x:e ;
           aligned:activation x:d ; biolink:category biolink:Gene ; obo:RO_0002211 obo:GO_0006355 ; aligned:similar x:b .
         obo:GO_0001 obo:RO_0002211 obo:GO_0002 ."
    ));
    assert_eq!(words(&base), ["a activation b"]);
    assert_eq!(
        base.warnings(),
        [
            "statements by aligned:activate, which is no property of the vocabulary, left out: 1",
            "statements by aligned:activation, which is no property of the vocabulary, left out: 1",
            "statements by biolink:affects, which no rule reads as a signed regulation or effect, left out: 1",
            "statements by obo:RO_0002211 (regulates), which no rule reads as a signed regulation or effect, left out: 2",
        ]
    );
    let own = "SELECT ?regulator ?target ?sign { ?regulator <https://w3id.org/biolink/vocab/affects> ?target
               BIND (aligned:activation AS ?sign) }";
    let rules = Rules::replaced([("affects".to_owned(), own.to_owned())], []);
    let text = format!("{FOREIGN} x:a biolink:affects x:d .");
    let base = KnowledgeBase::parse_with_rules(text.as_bytes(), "x.ttl", rules.extract()).expect("one regulation");
    assert!(base.warnings().is_empty(), "{:?}", base.warnings());
}

#[test]
fn terms_of_an_ontology_are_no_genes_and_are_counted() {
    let base = parse(&format!(
        "{FOREIGN} obo:GO_0045893 a owl:Class ; obo:RO_0002213 obo:GO_0006351 . x:p53 obo:RO_0002213 x:p21 , obo:GO_0006915 .
         chebi:15422 obo:RO_0002304 x:p21 . <https://reactome.org/content/detail/R-HSA-69563> obo:RO_0002212 x:p21 .
         x:act a obo:GO_0003700 ; obo:RO_0002629 x:p21 ."
    ));
    assert_eq!(words(&base), ["p53 activation p21"]);
    assert!(base.effects().is_empty() && base.genes().len() == 2);
    let [warning] = base.warnings() else { panic!("{:?}", base.warnings()) };
    assert!(warning.contains("which are no genes, left out: 5 (") && warning.contains("obo:GO_0045893"), "{warning}");
    // What a file of ours declares to be a gene is one, whatever it is called.
    let declared = parse(&format!("{FOREIGN} obo:GO_0045893 a aligned:Gene ; obo:RO_0002213 x:b ."));
    assert_eq!(words(&declared), ["GO_0045893 activation b"]);
    let none = KnowledgeBase::parse(format!("{FOREIGN} obo:GO_1 obo:RO_0002213 obo:GO_2 .").as_bytes(), "x.ttl");
    assert!(none.expect_err("no gene").to_string().contains("which are no genes, left out: 1"));
}

#[test]
fn quads_of_all_graphs_count() {
    let text = "<http://x.org/a> <http://purl.obolibrary.org/obo/RO_0002213> <http://x.org/b> <http://x.org/g1> .\n\
                <http://x.org/a> <http://purl.obolibrary.org/obo/RO_0002213> <http://x.org/b> <http://x.org/g2> .\n\
                <http://x.org/b> <http://purl.obolibrary.org/obo/RO_0002212> <http://x.org/a> .\n";
    let base = KnowledgeBase::parse(text.as_bytes(), "quads.nq.gz").expect("sound");
    assert_eq!(words(&base), ["a activation b", "b inhibition a"]);
    assert_eq!(base.query("SELECT * { ?s obo:RO_0002213 ?t }").expect("sound").len(), 1);
    let in_graphs = base.query("SELECT ?g ?s { GRAPH ?g { ?s ?p ?t } } ORDER BY ?g").expect("sound");
    assert_eq!(in_graphs.rows(), [["http://x.org/g1", "http://x.org/a"], ["http://x.org/g2", "http://x.org/a"]]);
    let one = base.query("ASK { GRAPH <http://x.org/g2> { ?s obo:RO_0002213 ?t } }").expect("sound");
    assert_eq!(one.truth(), Some(true));

    let refused = base.write_refined(base.genes(), &[], &[], &run(), RdfSyntax::Turtle, &mut Vec::new());
    assert!(matches!(refused, Err(KnowledgeError::GraphsNeedNQuads { .. })));
}

#[test]
fn a_regulation_that_lacks_a_part_is_named_and_counted() {
    let text = format!(
        "{TOY}\nregulation:one a aligned:Regulation ; aligned:regulator eco:b3357 ; aligned:target eco:b0062 .\n\
         regulation:two a aligned:Regulation ; aligned:sign aligned:activation ; aligned:regulator eco:b3357 .\n\
         regulation:three a aligned:Regulation ; aligned:sign aligned:both ; aligned:regulator eco:b3357 ;\n\
           aligned:target eco:b0062 .\n\
         regulation:four a aligned:Regulation ; aligned:sign aligned:activation ; aligned:regulator \"crp\" ;\n\
           aligned:target eco:b0062 .\n"
    );
    let base = parse(&text);
    assert_eq!(base.regulations().len(), 17);
    assert_eq!(
        base.warnings(),
        [
            "regulations that name a gene by a text in place of an IRI, left out: 1 (regulation:four)",
            "regulations whose sign is neither aligned:activation nor aligned:inhibition, left out: 1 (regulation:three)",
            "regulations without sign, left out: 1 (regulation:one)",
            "regulations without target, left out: 1 (regulation:two)",
        ]
    );
}

// ---------------------------------------------------------------------------------------------- rules

#[test]
fn a_rule_of_the_user_decides_what_counts() {
    let text = "<http://x.org/a> <http://x.org/blocks> <http://x.org/b> .";
    assert!(matches!(
        KnowledgeBase::parse(text.as_bytes(), "x.ttl"),
        Err(KnowledgeError::NoRegulation { statements: 1, .. })
    ));
    let own = "SELECT ?regulator ?target ?sign ?source { ?regulator <http://x.org/blocks> ?target
               BIND (aligned:inhibition AS ?sign) BIND ('x.org' AS ?source) }";
    let rules = Rules::replaced([("blocks.rq".to_owned(), own.to_owned())], []);
    let base = KnowledgeBase::parse_with_rules(text.as_bytes(), "x.ttl", rules.extract()).expect("one regulation");
    assert_eq!(words(&base), ["a inhibition b"]);
    assert_eq!(base.regulations()[0].citation.sources, ["x.org"]);
}

#[test]
fn a_rule_without_text_takes_the_compiled_in_one_away() {
    let text = "<http://x.org/a> <http://purl.obolibrary.org/obo/RO_0002213> <http://x.org/b> .";
    let rules = Rules::replaced([("direct".to_owned(), "# none\n".to_owned())], []);
    let error = KnowledgeBase::parse_with_rules(text.as_bytes(), "x.ttl", rules.extract()).expect_err("no rule");
    assert!(matches!(error, KnowledgeError::NoRegulation { .. }));
}

#[test]
fn a_rule_whose_columns_mean_nothing_is_refused_by_name() {
    for (text, fault) in [
        ("SELECT ?regulator ?target ?sing { ?regulator ?sing ?target }", "has a column ?sing"),
        ("SELECT ?regulator ?target { ?regulator ?p ?target }", "has the columns ?regulator ?target"),
        ("ASK { ?s ?p ?o }", "is an ASK"),
        ("SELECT ?regulator {", "is not SPARQL"),
    ] {
        let rules = [("mine".to_owned(), text.to_owned())];
        let message = KnowledgeBase::parse_with_rules(TOY.as_bytes(), "toy.ttl", &rules).expect_err(text).to_string();
        assert!(message.contains("`mine`") && message.contains(fault), "{message}");
    }
}

// ---------------------------------------------------------------------------------------------- questions

/// The toy with one revision of each kind applied and one proposed.
fn refined_toy_text() -> Vec<u8> {
    let base = toy();
    let genes = base.genes();
    let entry = |perturbation, gene: &str| Entry { perturbation, gene: genes.id(gene).expect("a gene of the toy") };
    let evidence = |drop: f64, corrected: Vec<Entry>, introduced: Vec<Entry>| Evidence {
        corrected,
        introduced,
        predicted: 0.25,
        objective_decrease: drop,
        stability: Some(0.9),
        alternatives: vec![(RevisionKind::Added, edge(genes, "crp", Sign::Inhibition, "lexA"))],
        mediators: vec![genes.id("lexA").expect("a gene of the toy")],
        ..Evidence::default()
    };
    use RevisionKind::{Added, Removed, SignFlipped};
    use RevisionStatus::{Applied, Proposed};
    use Sign::{Activation, Inhibition};
    let statement = StatementKind::Regulation;
    let revise = |kind, status, edge, evidence| Revision { kind, statement, regulation: edge, status, evidence };
    let revisions = [
        revise(
            Added,
            Applied,
            edge(genes, "crp", Activation, "recA"),
            evidence(3.0, vec![entry(0, "recA"), entry(1, "sulA")], vec![entry(1, "lexA")]),
        ),
        revise(
            Removed,
            Applied,
            edge(genes, "araC", Inhibition, "araB"),
            evidence(2.0, vec![entry(1, "araB")], vec![]),
        ),
        revise(SignFlipped, Applied, edge(genes, "lacI", Inhibition, "lacY"), evidence(1.5, vec![], vec![])),
        revise(Added, Proposed, edge(genes, "crp", Inhibition, "lacZ"), evidence(9.5, vec![], vec![])),
        revise(Removed, Proposed, edge(genes, "lexA", Inhibition, "recA"), evidence(0.5, vec![], vec![])),
    ];
    refined(&base, genes, &revisions)
}

fn refined_toy() -> KnowledgeBase {
    reread(&refined_toy_text())
}

fn ask(base: &KnowledgeBase, name: &str, gene: Option<&str>) -> Vec<Vec<String>> {
    let sparql = query::about(base, name, query::named(name).expect(name), gene).expect(name);
    base.query(&sparql).expect(name).rows()
}

#[test]
fn a_file_with_the_terms_of_earlier_versions_means_the_same() {
    let (now, mut text) = (refined_toy(), String::from_utf8(refined_toy_text()).expect("text"));
    for (term, earlier) in [
        ("correctedEntry", "mendedEntry"),
        ("introducedEntry", "brokenEntry"),
        ("corrects", "mends"),
        ("introduces", "breaks"),
        ("retracts", "withdraws"),
        ("objectiveDecrease", "objectiveDrop"),
    ] {
        let (term, earlier) = (format!("aligned:{term} "), format!("aligned:{earlier} "));
        assert!(text.contains(&term), "{term}");
        text = text.replace(&term, &earlier);
    }
    let before = parse(&text);
    assert_eq!(before.regulations(), now.regulations());
    for name in ["added", "removed", "flipped", "evidence", "contested", "regulon", "most-supported"] {
        let gene = (name == "regulon").then_some("crp");
        assert_eq!(ask(&before, name, gene), ask(&now, name, gene), "{name}");
    }
}

#[test]
fn the_ready_made_questions_tell_the_revisions() {
    let base = refined_toy();
    assert_eq!(
        ask(&base, "added", None),
        [
            ["applied", "regulation", "crp", "activation", "recA", "2", "1", "3.0", "0.9", "", ""],
            ["proposed", "regulation", "crp", "inhibition", "lacZ", "0", "0", "9.5", "0.9", "", ""],
        ]
    );
    assert_eq!(
        ask(&base, "removed", None),
        [
            ["applied", "regulation", "araC", "inhibition", "araB", "1", "0", "2.0", "0.9", "", ""],
            ["proposed", "regulation", "lexA", "inhibition", "recA", "0", "0", "0.5", "0.9", "", ""],
        ]
    );
    assert_eq!(
        ask(&base, "flipped", None),
        [["applied", "regulation", "lacI", "inhibition", "lacY", "0", "0", "1.5", "0.9", "", ""]]
    );
    assert_eq!(ask(&base, "effects", None), Vec::<Vec<String>>::new());
    assert_eq!(
        ask(&base, "evidence", None),
        [
            ["added", "applied", "regulation", "crp", "activation", "recA", "corrects", "crp- sulA"],
            ["added", "applied", "regulation", "crp", "activation", "recA", "corrects", "fur- recA"],
            ["added", "applied", "regulation", "crp", "activation", "recA", "introduces", "crp- lexA"],
            ["removed", "applied", "regulation", "araC", "inhibition", "araB", "corrects", "crp- araB"],
        ]
    );
    let best = ask(&base, "most-supported", None);
    let drops: Vec<_> = best.iter().map(|row| row[6].as_str()).collect();
    assert_eq!(drops, ["9.5", "3.0", "2.0", "1.5", "0.5"]);
    assert_eq!(best[0][..6], ["added", "proposed", "regulation", "crp", "inhibition", "lacZ"]);
}

#[test]
fn contested_and_regulon_tell_the_network_after_the_revisions() {
    assert_eq!(ask(&toy(), "contested", None), [["araC", "araB", "textbook", "textbook"]]);
    let base = refined_toy();
    assert_eq!(ask(&base, "contested", None), Vec::<Vec<String>>::new());
    assert_eq!(
        ask(&base, "regulon", Some("araC")),
        [
            ["araC", "activation", "araA", "textbook", "regulation"],
            ["araC", "activation", "araB", "textbook", "regulation"],
            ["araC", "inhibition", "araC", "textbook", "regulation"],
        ]
    );
    // lacI is asked for by its locus tag; the sign of its effect on lacY was turned round.
    assert_eq!(
        ask(&base, "regulon", Some("b0345")),
        [["lacI", "activation", "lacY", "", "regulation"], ["lacI", "inhibition", "lacZ", "textbook", "regulation"]]
    );
    // A proposed removal changes nothing.
    assert!(
        ask(&base, "regulon", Some("lexA"))
            .contains(&["lexA", "inhibition", "recA", "textbook", "regulation"].map(str::to_owned).to_vec())
    );
}

#[test]
fn a_regulon_agrees_with_the_regulations_read_out() {
    for base in [toy(), refined_toy(), toy_with_effects()] {
        let everything = query::named("regulon").expect("known").replace(query::GENE_ASKED, "");
        let mut rows: Vec<_> = base
            .query(&everything)
            .expect("sound")
            .rows()
            .iter()
            .map(|row| format!("{} {}", row[..3].join(" "), row[4]))
            .collect();
        rows.sort();
        let of_kind = |words: Vec<String>, kind: &str| words.into_iter().map(|word| format!("{word} {kind}")).collect();
        let told: [Vec<_>; 2] = [of_kind(words(&base), "regulation"), of_kind(effects_in_words(&base), "effect")];
        let mut told = told.concat();
        told.sort();
        assert_eq!(rows, told);
    }
}

/// The toy with an effect of its own, then one gained by a revision and that of its own retracted; one merely proposed.
fn toy_with_effects() -> KnowledgeBase {
    let base = parse(&format!("{TOY}\neco:b3357 obo:RO_0002305 eco:b4043 .\n"));
    let genes = base.genes();
    use RevisionKind::{Added, Removed};
    use RevisionStatus::{Applied, Proposed};
    use Sign::{Activation, Inhibition};
    let effect = |kind, edge, status, evidence| Revision {
        kind,
        statement: StatementKind::Effect,
        regulation: edge,
        status,
        evidence,
    };
    let counted = Evidence {
        posterior: Some(0.875),
        log_likelihood_ratio: Some(5.25),
        experiments: Some(ExperimentCounts { agreeing: 2, opposing: 0, silent: 1 }),
        base_rate: Some(1.0 / 3.0),
        ..Evidence::default()
    };
    // crp activates lacZ in the toy; the effect of the other sign is not a business of that regulation.
    let revisions = [
        effect(Added, edge(genes, "crp", Inhibition, "lacZ"), Applied, counted),
        effect(Removed, edge(genes, "crp", Inhibition, "lexA"), Applied, Evidence::default()),
        effect(Added, edge(genes, "lexA", Activation, "ftsZ"), Proposed, Evidence::default()),
    ];
    reread(&refined(&base, genes, &revisions))
}

#[test]
fn an_effect_is_stated_gained_and_retracted_without_touching_the_regulations() {
    let stated = parse(&format!("{TOY}\neco:b3357 obo:RO_0002305 eco:b4043 .\n"));
    assert_eq!(effects_in_words(&stated), ["crp inhibition lexA"]);
    assert_eq!(ask(&stated, "effects", None), [["stated", "crp", "inhibition", "lexA", "", "", "", ""]]);
    let base = toy_with_effects();
    assert_eq!(effects_in_words(&base), ["crp inhibition lacZ"]);
    assert_eq!(words(&base), words(&toy()));
    assert!(base.warnings().is_empty(), "{:?}", base.warnings());
}

#[test]
fn the_questions_tell_effects_from_regulations() {
    let base = toy_with_effects();
    assert_eq!(
        ask(&base, "effects", None),
        [
            ["applied", "crp", "inhibition", "lacZ", "0.875", "2", "0", "1"],
            ["proposed", "lexA", "activation", "ftsZ", "", "", "", ""],
        ]
    );
    let added = ask(&base, "added", None);
    assert_eq!(added[0], ["applied", "effect", "crp", "inhibition", "lacZ", "0", "0", "0.0", "", "", "0.875"]);
    assert_eq!(ask(&base, "removed", None)[0][..5], ["applied", "effect", "crp", "inhibition", "lexA"]);
    let of_crp = ask(&base, "regulon", Some("crp"));
    let to_lacz: Vec<_> = of_crp.iter().filter(|row| row[2] == "lacZ").map(|row| [&*row[1], &*row[4]]).collect();
    assert_eq!(to_lacz, [["activation", "regulation"], ["inhibition", "effect"]]);
    // An effect of the other sign does not contest a regulation.
    assert_eq!(ask(&base, "contested", None), ask(&toy(), "contested", None));
}

#[test]
fn the_figures_behind_an_effect_are_written_as_decimals_and_read_back() {
    let base = toy_with_effects();
    let effect = edge(base.genes(), "crp", Sign::Inhibition, "lacZ");
    let evidence = base.evidence_for(StatementKind::Effect, effect).expect("a revision states it");
    assert_eq!((evidence.posterior, evidence.log_likelihood_ratio), (Some(0.875), Some(5.25)));
    assert_eq!(evidence.experiments, Some(ExperimentCounts { agreeing: 2, opposing: 0, silent: 1 }));
    assert_eq!(base.evidence_for(StatementKind::Regulation, effect.flipped()), None);
    let ask = "ASK { ?r aligned:posterior 0.875 ; aligned:logLikelihoodRatio 5.25 ; aligned:baseRate ?b ;
               aligned:agreeingExperiments 2 ; aligned:opposingExperiments 0 ; aligned:silentExperiments 1 .
               FILTER (DATATYPE(?b) = xsd:decimal && STR(?b) = '0.33333333333') }";
    assert_eq!(base.query(ask).expect("sound").truth(), Some(true));
}

#[test]
fn a_wrong_question_is_answered_with_the_right_names() {
    let message = query::named("regulons").expect_err("unknown").to_string();
    assert!(message.starts_with("there is no query `regulons`; the ready-made ones are regulon, "), "{message}");
    for name in Rules::embedded().query_names() {
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn a_question_about_a_gene_needs_one_and_others_take_none() {
    let base = toy();
    let about = |name: &str, gene| query::about(&base, name, query::named(name).expect(name), gene);
    assert!(matches!(about("regulon", None), Err(KnowledgeError::GeneNeeded { .. })));
    assert!(matches!(about("added", Some("crp")), Err(KnowledgeError::GeneNotAsked { .. })));
    let message = about("regulon", Some("lecA")).expect_err("misspelt").to_string();
    assert!(message.contains("did you mean `lexA`"), "{message}");
}

#[test]
fn an_answer_is_written_in_every_format_that_suits_it() {
    let base = toy();
    let text = |sparql: &str, format| {
        let mut bytes = Vec::new();
        let written = base.query(sparql).expect(sparql).write(format, &mut bytes);
        written.map(|()| String::from_utf8(bytes).expect("UTF-8"))
    };
    let rows = "SELECT ?r ?n { ?r aligned:regulator eco:b2699 ; aligned:evidenceCount ?n }";
    let iri = "https://w3id.org/aligned/regulation/recA-inhibits-lexA";
    let table = "r                              n\n─────────────────────────────  ─\nregulation:recA-inhibits-lexA  1\n(1 row)\n";
    assert_eq!(text(rows, AnswerFormat::Table).expect("rows"), table);
    assert_eq!(text(rows, AnswerFormat::Csv).expect("rows"), format!("r,n\r\n{iri},1\r\n"));
    assert_eq!(text(rows, AnswerFormat::Tsv).expect("rows"), format!("?r\t?n\n<{iri}>\t1\n"));
    let json: serde_json::Value = serde_json::from_str(&text(rows, AnswerFormat::Json).expect("rows")).expect("JSON");
    assert_eq!(json["results"]["bindings"][0]["r"]["value"], iri);
    assert!(matches!(text(rows, AnswerFormat::Turtle), Err(KnowledgeError::AnswerFormat { .. })));

    let made = "CONSTRUCT { ?a obo:RO_0002211 ?b } { ?a obo:RO_0002212 ?b . ?b obo:RO_0002212 ?a FILTER (?a != ?b) }";
    let turtle = text(made, AnswerFormat::Turtle).expect("statements");
    assert!(turtle.contains("eco:b2699 obo:RO_0002211 eco:b4043"), "{turtle}");
    assert!(matches!(text(made, AnswerFormat::Csv), Err(KnowledgeError::AnswerFormat { .. })));
    assert_eq!(text("ASK {}", AnswerFormat::Table).expect("yes"), "yes\n");
    assert_eq!(text("ASK {}", AnswerFormat::Csv).expect("yes"), "true\n");
}

// ---------------------------------------------------------------------------------------------- bad input

fn refusal(text: &str, file: &str) -> String {
    KnowledgeBase::parse(text.as_bytes(), file).expect_err(text).to_string()
}

#[test]
fn a_syntax_error_names_file_line_and_column() {
    let cut = TOY.replacen("aligned:locusTag \"b0064\" .", "aligned:locusTag \"b0064\" ", 1);
    let line = 1 + cut.lines().position(|line| line.contains("\"b0064\"")).expect("araC is there");
    let message = refusal(&cut, "cut.ttl");
    // The dot is missed where the next description begins.
    assert!(message.starts_with(&format!("cut.ttl:{}:1: ", line + 1)), "{message}");
    assert!(message.contains("eco:b3357 a aligned:Gene"), "{message}");

    let message = refusal("<http://x.org/a> <http://x.org/b> .\n", "short.nq");
    assert!(message.starts_with("short.nq:1:"), "{message}");
    assert!(refusal("\u{feff}x:a x:b x:c .", "mark.ttl").starts_with("mark.ttl:1:1: "));
}

#[test]
fn a_file_without_regulations_is_told_what_was_looked_for() {
    let message = refusal("<http://x.org/a> <http://x.org/likes> <http://x.org/b> , <http://x.org/c> .", "likes.ttl");
    for part in ["likes.ttl holds no regulation", "`direct`", "`regulations`", "http://x.org/likes (2×)", "--rules"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn an_unknown_extension_is_answered_with_the_right_ones() {
    let message = refusal("", "knowledge.docx");
    for part in ["knowledge.docx", "`.ttl`", "`.nq`"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(RdfSyntax::from_file_name("a.b/K.TTL.gz").expect("Turtle"), RdfSyntax::Turtle);
}

#[test]
fn revisions_of_another_gene_table_are_refused() {
    let base = toy();
    let mut other = GeneTable::new();
    other.intern("crp");
    let refuse = |genes: &GeneTable, revisions: &[Revision]| {
        base.write_refined(genes, revisions, &[], &run(), RdfSyntax::Turtle, &mut Vec::new()).expect_err("does not fit")
    };
    assert!(matches!(refuse(&other, &[]), KnowledgeError::OtherGeneTable { index: 0, .. }));
    let outside = Regulation::new(GeneId::new(12), GeneId::new(0), Sign::Activation);
    let added = |regulation| revision(RevisionKind::Added, regulation, RevisionStatus::Applied);
    assert!(matches!(
        refuse(base.genes(), &[added(outside)]),
        KnowledgeError::GeneOutsideTable { index: 12, genes: 12 }
    ));
    let mut unlabelled = again_added(&base);
    unlabelled.evidence.corrected.push(Entry { perturbation: 0, gene: GeneId::new(0) });
    assert!(matches!(refuse(base.genes(), &[unlabelled]), KnowledgeError::UnlabelledRow { row: 0, rows: 0 }));
}

#[test]
fn a_confidence_outside_zero_to_one_is_not_written() {
    let base = toy();
    let mut regulations = base.regulations().to_vec();
    for confidence in [1.5, -0.1, f64::NAN] {
        regulations[0].citation.confidence = Some(confidence);
        let refused = write_knowledge(base.genes(), &regulations, RdfSyntax::Turtle, &mut Vec::new());
        assert!(matches!(refused, Err(KnowledgeError::Confidence { .. })), "{confidence}");
    }
}

#[test]
fn the_vocabulary_describes_every_term_that_is_written() {
    let vocabulary =
        format!("{}\n<http://x.org/a> obo:RO_0002213 <http://x.org/b> .", include_str!("../knowledge/aligned.ttl"));
    let vocabulary = parse(&vocabulary);
    let described = vocabulary.query("SELECT ?term { ?term rdfs:comment ?comment }").expect("sound");
    let described: BTreeSet<_> = described.rows().concat().into_iter().collect();
    let used = "SELECT DISTINCT ?term { { ?s ?term ?o } UNION { ?s ?p ?term FILTER (ISIRI(?term)) } }";
    let used = [refined_toy(), toy_with_effects()].map(|base| base.query(used).expect("sound").rows().concat());
    for term in used.concat() {
        if term.starts_with("aligned:") {
            assert!(described.contains(&term), "{term} is not in knowledge/aligned.ttl");
        }
    }
    let bare = "SELECT ?term { ?term a ?kind FILTER (?kind IN (<http://www.w3.org/2002/07/owl#DatatypeProperty>,
                <http://www.w3.org/2002/07/owl#ObjectProperty>))
                FILTER NOT EXISTS { ?term rdfs:domain ?d ; rdfs:range ?r }
                FILTER NOT EXISTS { ?term <http://www.w3.org/2002/07/owl#deprecated> true } }";
    assert_eq!(vocabulary.query(bare).expect("sound").rows(), Vec::<Vec<String>>::new());
}

#[test]
fn accessions_round_trip_by_authority() {
    let mut genes = GeneTable::new();
    let gene = Gene::named("TP53")
        .with_accession(Authority::UniProt, "P04637")
        .with_accession(Authority::Entrez, "7157")
        .with_accession(Authority::Ensembl, "ENSG00000141510")
        .with_alias("p53");
    let id = genes.insert(gene.clone());
    let cited =
        CitedRegulation { regulation: Regulation::new(id, id, Sign::Inhibition), citation: Citation::default() };
    let base = reread(&written(&genes, &[cited], RdfSyntax::Turtle));
    assert_eq!(base.genes().gene(GeneId::new(0)), &gene);
    assert!(gene.accessions.contains(&Accession { authority: Authority::Entrez, value: "7157".into() }));
    let answer = base.query("SELECT ?g { ?g aligned:entrez '7157' }").expect("sound");
    assert_eq!(answer.rows().concat(), ["hgnc:TP53"]);
}

// ---------------------------------------------------------------------------------------------- size

/// A knowledge base of the size of OmniPath: as many genes, regulations, sources and references.
fn as_large_as_omnipath() -> Knowledge {
    let mut genes = GeneTable::new();
    for number in 0..12_000_u32 {
        genes.insert(Gene::named(format!("GENE{number}")).with_accession(Authority::UniProt, format!("P{number:05}")));
    }
    let mut state = 1_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut regulations = Vec::new();
    for _ in 0..173_000 {
        let mut gene = || GeneId::new(usize::try_from(draw(12_000)).expect("small"));
        let (regulator, target) = (gene(), gene());
        let sign = Sign::BOTH[usize::from(draw(3) == 0)];
        let citation = Citation {
            kinds: vec!["post_translational".to_owned()],
            sources: (0..=draw(5)).map(|_| format!("Database{}", draw(120))).collect(),
            references: (0..draw(6)).map(|_| format!("PMID:{}", 10_000_000 + draw(90_000))).collect(),
            evidence_count: u32::try_from(draw(9)).expect("small"),
            confidence: None,
        };
        regulations.push(CitedRegulation { regulation: Regulation::new(regulator, target, sign), citation });
    }
    (genes, regulations)
}

/// Seconds of wall clock and of processor time since it was started; the latter is steady on a busy machine.
struct Stopwatch(std::time::Instant, f64);

impl Stopwatch {
    fn start() -> Self {
        Self(std::time::Instant::now(), Self::processor_seconds())
    }

    fn stop(&self) -> String {
        let processor = Self::processor_seconds() - self.1;
        format!("{:.2} s ({processor:.2} s of processor)", self.0.elapsed().as_secs_f64())
    }

    fn processor_seconds() -> f64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let behind_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks = |field: usize| behind_name.split_whitespace().nth(field).and_then(|text| text.parse::<f64>().ok());
        (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
    }
}

#[test]
#[ignore = "a measurement: run with --release -- --ignored --nocapture"]
fn a_knowledge_base_of_the_size_of_omnipath_is_written_and_loaded() {
    let (genes, regulations) = as_large_as_omnipath();
    let progress = Stopwatch::start();
    let bytes = written(&genes, &regulations, RdfSyntax::Turtle);
    println!("written: {}, {:.1} MB", progress.stop(), bytes.len() as f64 / 1e6);
    drop(regulations);
    let progress = Stopwatch::start();
    let base = reread(&bytes);
    println!(
        "loaded: {}, {} statements, {} regulations",
        progress.stop(),
        base.n_statements(),
        base.regulations().len()
    );
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    }
    for (name, gene) in [("added", None), ("contested", None), ("regulon", Some("GENE7"))] {
        let progress = Stopwatch::start();
        let rows = ask(&base, name, gene);
        println!("{name}: {}, {} rows", progress.stop(), rows.len());
    }
    // Every fiftieth regulation is retracted, and every other of these put back.
    let removed = base.regulations().iter().step_by(50).map(|cited| cited.regulation);
    let remove = |edge| revision(RevisionKind::Removed, edge, RevisionStatus::Applied);
    let mut revisions: Vec<_> = removed.map(remove).collect();
    let retracted = revisions.len();
    let again = revisions.iter().step_by(2).map(|revision| Revision { kind: RevisionKind::Added, ..revision.clone() });
    revisions.extend(again.collect::<Vec<_>>());
    let progress = Stopwatch::start();
    let refined_bytes = refined(&base, base.genes(), &revisions);
    println!("refined with {} revisions: {}", revisions.len(), progress.stop());
    let progress = Stopwatch::start();
    let again = reread(&refined_bytes);
    println!("loaded again: {}, {} regulations", progress.stop(), again.regulations().len());
    assert_eq!(again.regulations().len(), base.regulations().len() - retracted / 2);
    for (name, gene) in [("contested", None), ("regulon", Some("GENE7"))] {
        let progress = Stopwatch::start();
        let rows = ask(&again, name, gene);
        println!("{name}: {}, {} rows", progress.stop(), rows.len());
    }
}
