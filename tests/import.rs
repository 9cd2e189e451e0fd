//! Promises of `aligned import`: every row is accounted for, nothing is lost on the way through RDF, and bad input leaves no trace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use aligned::biology::{CitedRegulation, GeneTable};
use aligned::knowledge::import::omnipath::{self, OmniPathOptions, SourcePattern};
use aligned::knowledge::import::{
    Complexes, ImportCounts, Imported, LicenceTable, NO_SIGN, collectri, regulondb, trrust,
};
use aligned::knowledge::{KnowledgeBase, RdfSyntax, write_knowledge};
use assert_cmd::Command;
use proptest::prelude::*;

fn cases(wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/import");
    let entries = fs::read_dir(&folder).expect("the folder of cases is part of the repository");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    cases.retain(|case| wanted(&case.file_name().expect("a name").to_string_lossy()));
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn read(case: &Path, name: &str) -> String {
    fs::read_to_string(case.join(name)).unwrap_or_else(|error| panic!("{}/{name}: {error}", case.display()))
}

fn aligned_import(case: &Path, out: &Path, more: &[&str]) -> Output {
    let arguments = read(case, "arguments.txt");
    let mut command = Command::new(env!("CARGO_BIN_EXE_aligned"));
    command
        .current_dir(case)
        .args(["--quiet", "import"])
        .args(arguments.split_whitespace())
        .arg("--out")
        .arg(out)
        .args(more);
    command.output().expect("the program starts")
}

/// Text without the line breaks and bars that the error report puts in.
fn unwrapped(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text).replace('│', " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn told(base: &KnowledgeBase) -> String {
    let mut text = "regulator\tsign\ttarget\tkinds\tsources\treferences\tevidence_count\tconfidence\n".to_owned();
    for CitedRegulation { regulation, citation } in base.regulations() {
        let symbol = |gene| base.genes().symbol(gene).to_owned();
        let fields = [
            symbol(regulation.regulator),
            regulation.sign.word().to_owned(),
            symbol(regulation.target),
            citation.kinds.join(";"),
            citation.sources.join(";"),
            citation.references.join(";"),
            citation.evidence_count.to_string(),
            citation.confidence.map_or_else(String::new, |confidence| confidence.to_string()),
        ];
        text.push_str(&fields.join("\t"));
        text.push('\n');
    }
    text
}

#[test]
fn each_format_gives_the_regulations_and_the_counts_worked_out_by_hand() {
    for case in cases(|name| !name.starts_with("bad_")) {
        let folder = tempfile::tempdir().expect("a folder for the output");
        for name in ["kb.ttl", "kb.nq"] {
            let out = folder.path().join(name);
            let output = aligned_import(&case, &out, &[]);
            let log = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {log}", case.display());
            let counts: Vec<&str> = log.lines().collect();
            let counts = counts[1..counts.len() - 1].join("\n");
            assert_eq!(counts, read(&case, "counts.txt").trim_end(), "{}", case.display());
            let base = KnowledgeBase::parse(&fs::read(&out).expect("written"), name).expect("a knowledge base");
            assert_eq!(told(&base), read(&case, "expected.tsv"), "{}", case.display());
            check_names(&case, base.genes());
        }
    }
}

fn check_names(case: &Path, genes: &GeneTable) {
    let Ok(names) = fs::read_to_string(case.join("names.tsv")) else { return };
    for line in names.lines().skip(1) {
        let (name, symbol) = line.split_once('\t').expect("name and symbol");
        let found = genes.resolve(name).map(|id| genes.symbol(id));
        assert_eq!(found, Ok(symbol), "{}: {name}", case.display());
    }
}

#[test]
fn bad_input_is_named_and_leaves_no_output() {
    for case in cases(|name| name.starts_with("bad_")) {
        let folder = tempfile::tempdir().expect("a folder for the output");
        let output = aligned_import(&case, &folder.path().join("kb.ttl"), &[]);
        assert!(!output.status.success(), "{}", case.display());
        let message = unwrapped(&output.stderr);
        let expected = unwrapped(read(&case, "error.txt").as_bytes());
        assert!(message.contains(&expected), "{}: `{expected}` is not in: {message}", case.display());
        let left = fs::read_dir(folder.path()).expect("a readable folder").count();
        assert_eq!(left, 0, "{}", case.display());
    }
}

#[test]
fn an_output_that_exists_is_replaced_only_by_force() {
    let case = &cases(|name| name == "trrust")[0];
    let folder = tempfile::tempdir().expect("a folder for the output");
    let out = folder.path().join("kb.ttl");
    fs::write(&out, "precious").expect("writable");
    let refused = aligned_import(case, &out, &[]);
    assert!(!refused.status.success() && unwrapped(&refused.stderr).contains("add --force to replace it"));
    assert_eq!(fs::read_to_string(&out).expect("there"), "precious");
    assert!(aligned_import(case, &out, &["--force"]).status.success());
    assert!(fs::read_to_string(&out).expect("there").starts_with("@prefix"));
}

#[test]
fn an_output_name_without_a_known_format_is_refused() {
    let case = &cases(|name| name == "trrust")[0];
    let folder = tempfile::tempdir().expect("a folder for the output");
    let output = aligned_import(case, &folder.path().join("kb.xml"), &[]);
    assert!(!output.status.success() && unwrapped(&output.stderr).contains(".ttl"));
}

#[test]
fn compressed_output_holds_the_same_text() {
    let case = &cases(|name| name == "omnipath")[0];
    let folder = tempfile::tempdir().expect("a folder for the output");
    let (plain, gzip) = (folder.path().join("kb.ttl"), folder.path().join("kb.ttl.gz"));
    assert!(aligned_import(case, &plain, &[]).status.success());
    assert!(aligned_import(case, &gzip, &[]).status.success());
    let compressed = fs::read(&gzip).expect("written");
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&compressed[..]), &mut text).expect("sound gzip");
    assert_eq!(text, fs::read(&plain).expect("written"));
}

#[test]
fn a_gzip_file_cut_short_is_refused_and_leaves_no_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cut, out) = (folder.path().join("trrust.tsv.gz"), folder.path().join("kb.ttl"));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let row = |gene: u32| format!("TP53\tG{gene}\tActivation\t{gene}\n");
    let content: String = (0..500).map(row).collect();
    std::io::Write::write_all(&mut encoder, content.as_bytes()).expect("memory");
    let whole = encoder.finish().expect("memory");
    let import = |bytes: &[u8]| {
        fs::write(&cut, bytes).expect("writable");
        let mut command = Command::new(env!("CARGO_BIN_EXE_aligned"));
        command.args(["import", "trrust"]).arg(&cut).arg("--out").arg(&out).output().expect("the program starts")
    };
    let refused = import(&whole[..whole.len() / 2]);
    assert!(!refused.status.success() && unwrapped(&refused.stderr).contains("cut-short gzip file"));
    assert!(!out.exists());
    assert!(import(&whole).status.success() && out.exists());
}

fn gene_ontology(arguments: &str, out: &Path) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/import_go");
    let mut command = Command::new(env!("CARGO_BIN_EXE_aligned"));
    command.current_dir(folder).arg("import").args(arguments.split_whitespace()).arg("--out").arg(out);
    let output = command.output().expect("the program starts");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    log
}

#[test]
fn the_gene_ontology_is_the_same_from_obo_and_from_tables_and_goes_behind_a_knowledge_base() {
    let folder = tempfile::tempdir().expect("a folder for the output");
    let at = |name: &str| folder.path().join(name);
    let log = gene_ontology("go --obo mini.obo --gaf mini.gaf --evidence-exclude IEA --min-terms 1", &at("obo.ttl"));
    for line in [
        "        1  left out: obsolete (line 35)",
        "        1  lines that are not OBO, passed over",
        "        8  read",
        "        1  left out: evidence not wanted (line 8)",
        "        1  left out: illegal line (line 9)",
        "        1  left out: qualifier NOT (line 5)",
        "        1  left out: term unknown or obsolete (line 7)",
        "        1  merged into one already there",
        "        3  annotations kept, of 3 genes",
        "        1  pairs of similar genes (Jaccard overlap of at least 0.5)",
    ] {
        assert!(log.lines().any(|told| told == line), "`{line}` is not in:\n{log}");
    }
    let tables = "go --terms terms.tsv --edges edges.tsv --gaf mini.gaf --evidence-exclude IEA --min-terms 1";
    gene_ontology(tables, &at("tables.ttl"));
    assert_eq!(fs::read(at("obo.ttl")).expect("written"), fs::read(at("tables.ttl")).expect("written"));

    gene_ontology("table kb.csv --regulator tf --target gene --sign sign", &at("kb.ttl"));
    let into = format!("{tables} --into {}", at("kb.ttl").display());
    let log = gene_ontology(&into, &at("both.ttl"));
    assert!(log.contains("left out: gene not among those wanted (line 6)"), "mutS is not in the knowledge base: {log}");
    let (before, after) = (fs::read(at("kb.ttl")).expect("written"), fs::read(at("both.ttl")).expect("written"));
    assert!(after.starts_with(&before));
    let base = KnowledgeBase::parse(&after, "both.ttl").expect("sound");
    let regulations = KnowledgeBase::parse(&before, "kb.ttl").expect("sound");
    assert_eq!(base.regulations(), regulations.regulations(), "neither similar genes nor terms are regulations");
    let alike = base.query("SELECT ?a ?b WHERE { ?x aligned:similar ?y . ?x rdfs:label ?a . ?y rdfs:label ?b }");
    assert_eq!(alike.expect("a good question").rows(), [["lexA", "recA"]]);
}

/// Text that a table may hold: letters, and what RDF and tables take amiss, but no separator of lists.
fn name() -> impl Strategy<Value = String> {
    "[A-Za-z0-9βé%/#<>'\\\\{}^`._ -]{0,6}[A-Z0-9]".prop_map(|text| text.trim().to_owned())
}

fn omnipath_row() -> impl Strategy<Value = String> {
    let gene = || (0_usize..6, name()).prop_map(|(pick, own)| if pick < 4 { format!("GENE{pick}") } else { own });
    let accession = prop::sample::select(vec!["P04637", "Q00987", "MIMAT0000076", "own"]);
    let lists = (prop::collection::vec(name(), 0..3), prop::collection::vec(1_u32..9, 0..3));
    (gene(), gene(), accession, any::<(bool, bool)>(), lists, 0_u32..4).prop_map(
        |(source, target, accession, (up, down), (sources, publications), effort)| {
            let word = |yes: bool| if yes { "True" } else { "False" };
            let references: Vec<String> = publications.iter().map(|number| format!("SIGNOR:{number}")).collect();
            format!(
                "{accession}\t{target}\t{source}\t{target}\tTrue\t{}\t{}\t{}\t{}\ttranscriptional\t{effort}\n",
                word(up),
                word(down),
                sources.join(";"),
                references.join(";")
            )
        },
    )
}

const OMNIPATH_HEADER: &str = "source\ttarget\tsource_genesymbol\ttarget_genesymbol\tis_directed\tis_stimulation\tis_inhibition\t\
    sources\treferences\ttype\tcuration_effort\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn import_write_and_read_back_lose_nothing_whatever_the_names(rows in prop::collection::vec(omnipath_row(), 1..12)) {
        let content = format!("{OMNIPATH_HEADER}{}", rows.concat());
        let imported = omnipath::import(content.as_bytes(), "o.tsv", &OmniPathOptions::default()).expect("a sound table");
        prop_assert!(imported.counts.is_balanced());
        prop_assume!(!imported.regulations.is_empty());
        for (syntax, file) in [(RdfSyntax::Turtle, "kb.ttl"), (RdfSyntax::NQuads, "kb.nq")] {
            let written = text(&imported.genes, &imported.regulations, syntax);
            let base = KnowledgeBase::parse(&written, file).expect("what we write we can read");
            prop_assert_eq!(base.regulations(), &imported.regulations[..]);
            prop_assert!(base.genes().iter().eq(imported.genes.iter()));
            prop_assert_eq!(text(base.genes(), base.regulations(), syntax), written);
        }
    }

    #[test]
    fn the_order_of_the_rows_changes_no_byte(rows in prop::collection::vec(omnipath_row(), 1..12)) {
        let import = |rows: &[String]| {
            let content = format!("{OMNIPATH_HEADER}{}", rows.concat());
            let imported = omnipath::import(content.as_bytes(), "o.tsv", &OmniPathOptions::default()).expect("a sound table");
            text(&imported.genes, &imported.regulations, RdfSyntax::Turtle)
        };
        let reversed: Vec<String> = rows.iter().rev().cloned().collect();
        prop_assert_eq!(import(&rows), import(&reversed));
    }
}

fn text(genes: &GeneTable, regulations: &[CitedRegulation], syntax: RdfSyntax) -> Vec<u8> {
    let mut text = Vec::new();
    write_knowledge(genes, regulations, syntax, &mut text).expect("writing to memory");
    text
}

/// A file of the shared data, decompressed; `None`, with a message, where the folder is missing.
#[expect(clippy::print_stderr, reason = "a test that is skipped should say so")]
fn shared(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("ALIGNED_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let Ok(raw) = fs::read(folder.join(name)) else {
        eprintln!("skipped: {} is not there", folder.join(name).display());
        return None;
    };
    let mut content = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&raw[..]), &mut content).expect("sound gzip");
    Some(content)
}

/// Read, left out for their sign, both signs, merged, kept, genes.
fn figures(counts: &ImportCounts) -> [u64; 6] {
    assert!(counts.is_balanced(), "{counts}");
    [counts.read, counts.left_out_for(NO_SIGN), counts.both_signs, counts.merged, counts.kept, counts.genes]
}

const OMNIPATH: &str = "omnipath/omnipath_interactions.tsv.gz";

fn omnipath_with(content: &[u8], options: &OmniPathOptions) -> Imported {
    omnipath::import(content, "omnipath_interactions.tsv", options).expect("a sound table")
}

// The figures of the following tests were counted independently, by a few lines of another language over the same files.

#[test]
fn all_of_omnipath_is_accounted_for() {
    let Some(content) = shared(OMNIPATH) else { return };
    let whole = omnipath_with(&content, &OmniPathOptions::default());
    assert_eq!(figures(&whole.counts), [278_579, 103_564, 1_789, 3_767, 173_037, 11_924]);
    let transcriptional = OmniPathOptions { types: vec!["transcriptional".into()], ..OmniPathOptions::default() };
    let counts = omnipath_with(&content, &transcriptional).counts;
    assert_eq!((counts.both_signs, counts.kept + counts.merged, counts.kept), (169, 65_226, 64_627));
    let expanded = OmniPathOptions { complexes: Complexes::Expand, ..OmniPathOptions::default() };
    let counts = omnipath_with(&content, &expanded).counts;
    assert_eq!((counts.kept + counts.merged, counts.kept), (268_890, 133_532));
    let dropped = OmniPathOptions { complexes: Complexes::Drop, ..OmniPathOptions::default() };
    assert_eq!(omnipath_with(&content, &dropped).counts.kept, 98_652);
    let curated = OmniPathOptions { min_curation_effort: 2, ..OmniPathOptions::default() };
    assert_eq!(omnipath_with(&content, &curated).counts.left_out_for("curation effort too low"), 175_015 - 44_493);
    let nothing_dropped =
        OmniPathOptions { drop_sources: SourcePattern::new("^no such source$").ok(), ..OmniPathOptions::default() };
    assert_eq!(omnipath_with(&content, &nothing_dropped).regulations, whole.regulations);
}

#[test]
fn the_compiled_in_licences_pick_the_same_rows_of_omnipath_as_the_table_of_its_resources() {
    let Some(content) = shared(OMNIPATH) else { return };
    let Some(subset) = shared("omnipath/omnipath_permissive_signed_subset.tsv.gz") else { return };
    let permissive = OmniPathOptions { licences: Some(LicenceTable::built_in()), ..OmniPathOptions::default() };
    let picked = omnipath_with(&content, &permissive);
    let expected = omnipath_with(&subset, &OmniPathOptions::default());
    assert_eq!(expected.counts.read, 84_708);
    assert_eq!(picked.counts.read - picked.counts.left_out_in_all(), 84_708);
    assert_eq!(picked.regulations, expected.regulations);
}

#[test]
fn all_of_collectri_and_trrust_is_accounted_for() {
    if let Some(content) = shared("collectri/collectri_human.csv.gz") {
        let imported = collectri::import(&content, "collectri.csv", &collectri::CollecTriOptions::default());
        assert_eq!(figures(&imported.expect("sound").counts)[..5], [43_178, 0, 0, 0, 43_178]);
    }
    if let Some(content) = shared("trrust/trrust_rawdata.human.tsv.gz") {
        let imported = trrust::import(&content, "trrust.tsv", &trrust::TrrustOptions::default());
        assert_eq!(figures(&imported.expect("sound").counts)[..5], [9_398, 4_325, 0, 0, 5_073]);
    }
}

#[test]
fn the_networks_of_e_coli_are_accounted_for() {
    let expected = [
        ("ecoli_precise1k/TRN_precise1k.csv.gz", [10_790, 3_034, 0]),
        ("ecoli_precise1/trn.csv.gz", [7_918, 738, 866]),
        ("ecoli_regulondb_ecocyc_NONCOMMERCIAL/network_tf_gene.txt.gz", [4_670, 25, 0]),
        ("ecoli_regulondb_ecocyc_NONCOMMERCIAL/network_sigma_gene.txt.gz", [2_457, 0, 0]),
    ];
    for (name, figures_expected) in expected {
        let Some(content) = shared(name) else { return };
        let imported = regulondb::import(&content, name, &regulondb::RegulonDbOptions::default()).expect("sound");
        assert_eq!(figures(&imported.counts)[..3], figures_expected, "{name}");
    }
}
