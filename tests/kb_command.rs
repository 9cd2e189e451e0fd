//! Promises of `aligned kb`: a patch leads there and back, every planted fault is found in its line, and nothing is lost in silence.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;

use aligned::biology::{Citation, CitedRegulation, GeneTable, Regulation, Sign};
use aligned::knowledge::patch::{Content, Patch, leading_comments};
use aligned::knowledge::{KnowledgeBase, RdfSyntax, write_knowledge_and_effects};
use assert_cmd::Command;
use proptest::prelude::*;
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const TOY: &str = include_str!("../knowledge/toy.ttl");

/// Runs `aligned kb …` in a folder; the words are split at blanks.
fn kb(folder: &Path, words: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aligned"));
    command.current_dir(folder).args(["--quiet", "kb"]).args(words.split_whitespace());
    command.output().expect("the program starts")
}

fn shipped(name: &str) -> String {
    format!("{ROOT}/knowledge/{name}")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Text without the line breaks and bars that the error report puts in.
fn told(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).replace('│', " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(output)))
}

fn folder_with(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

/// The toy with the sign of `lexA inhibits sulA` turned, `crp activates lacY` gone and other evidence for `recA inhibits lexA`.
fn changed_toy() -> String {
    let flipped = TOY
        .replace("lexA-inhibits-sulA", "lexA-activates-sulA")
        .replace("eco:b4043 obo:RO_0002212 eco:b0958 .", "eco:b4043 obo:RO_0002213 eco:b0958 .");
    let at = flipped.find("regulation:lexA-activates-sulA").expect("there");
    let (before, after) = flipped.split_at(at);
    let turned =
        format!("{before}{}", after.replacen("aligned:sign aligned:inhibition", "aligned:sign aligned:activation", 1));
    let start = turned.find("regulation:crp-activates-lacY").expect("there");
    let end = start
        + turned[start..].find("obo:RO_0002213 eco:b0343 .\n").expect("there")
        + "obo:RO_0002213 eco:b0343 .\n".len();
    let cut = format!("{}{}", &turned[..start], &turned[end..]);
    let at = cut.find("regulation:recA-inhibits-lexA").expect("there");
    let (before, after) = cut.split_at(at);
    format!("{before}{}", after.replacen("\"textbook\"", "\"textbook\" , \"screen\"", 1))
}

// Figures.

#[test]
fn the_figures_of_the_toy_are_those_counted_by_hand() {
    let folder = folder_with(&[]);
    let figures = json(&kb(folder.path(), &format!("stats --kb {} --format json", shipped("toy.ttl"))));
    assert_eq!((&figures["genes"], &figures["regulations"], &figures["effects"]), (&12.into(), &17.into(), &0.into()));
    assert_eq!((&figures["activations"], &figures["inhibitions"]), (&7.into(), &10.into()));
    // lexA and recA hold each other; SOS and the sugars are two parts; lexA and araC regulate themselves.
    assert_eq!(figures["feedback_core"], serde_json::json!(["lexA", "recA"]));
    assert_eq!(figures["components"], serde_json::json!([7, 5]));
    assert_eq!(figures["self_regulations"], 2);
    assert_eq!(figures["both_signs"], serde_json::json!([{ "regulator": "araC", "target": "araB" }]));
    assert_eq!(figures["cited_for_regulations"]["sources"][0]["name"], "textbook");
    let text = out(&kb(folder.path(), "stats"));
    assert!(text.starts_with("ecoli_core.ttl\n") && text.contains("crp 104"), "{text}");
}

// Differences and patches.

#[test]
fn a_difference_is_told_in_the_words_of_the_field() {
    let folder = folder_with(&[("b.ttl", &changed_toy())]);
    let output = kb(folder.path(), &format!("diff {} b.ttl --exit-code", shipped("toy.ttl")));
    let text = out(&output);
    for line in [
        "- crp activates lacY",
        "~ lexA inhibits sulA → lexA activates sulA",
        "* recA inhibits lexA: source +screen",
        "0 added, 1 removed, 1 flipped, 1 with other evidence",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert_eq!(output.status.code(), Some(1));
    let same = kb(folder.path(), "diff b.ttl b.ttl --exit-code");
    assert_eq!(same.status.code(), Some(0));
    assert_eq!(kb(folder.path(), "diff b.ttl none.ttl --exit-code").status.code(), Some(2));
    let told = json(&kb(folder.path(), &format!("diff {} b.ttl --format json", shipped("toy.ttl"))));
    assert_eq!(told["differences"]["flipped"][0]["regulator"], "lexA");
}

#[test]
fn a_patch_cut_by_hand_applies_and_is_taken_back() {
    let folder = folder_with(&[("a.ttl", TOY), ("b.ttl", &changed_toy())]);
    let path = folder.path();
    assert!(kb(path, "diff a.ttl b.ttl --out changes.rdfp").status.success());
    let patch = fs::read_to_string(path.join("changes.rdfp")).expect("written");
    let blocks: Vec<&str> = patch.split("\n\n").collect();
    let kept: Vec<&str> =
        blocks.into_iter().filter(|block| !block.starts_with("# removed: crp activates lacY")).collect();
    assert!(patch.contains("# removed: crp activates lacY") && patch.contains("# evidence changed: recA and lexA"));
    fs::write(path.join("cut.rdfp"), kept.join("\n\n")).expect("written");
    let applied = kb(path, "apply cut.rdfp --kb a.ttl --out c.ttl");
    assert!(applied.status.success(), "{}", told(&applied));
    let text = out(&kb(path, "diff a.ttl c.ttl"));
    assert!(text.contains("0 added, 0 removed, 1 flipped, 1 with other evidence"), "{text}");
    let back = kb(path, "apply cut.rdfp --kb c.ttl --revert");
    assert_eq!(out(&back), TOY, "the toy is in canonical form, so its very bytes come back");
    // The whole patch was never applied to it.
    let refused = kb(path, "apply changes.rdfp --kb c.ttl --revert");
    assert!(
        !refused.status.success() && told(&refused).contains("cannot be taken back from c.ttl"),
        "{}",
        told(&refused)
    );
}

#[test]
fn a_patch_for_another_knowledge_base_is_refused_with_a_sentence() {
    let folder = folder_with(&[("b.ttl", &changed_toy())]);
    let path = folder.path();
    assert!(kb(path, &format!("diff {} b.ttl --out changes.rdfp", shipped("toy.ttl"))).status.success());
    let refused = kb(path, "apply changes.rdfp");
    assert_eq!(refused.status.code(), Some(1));
    assert!(told(&refused).contains("was made for another knowledge base than ecoli_core.ttl"), "{}", told(&refused));
    for (text, expected) in [
        ("A <urn:a> <urn:b> .\n", "changes.rdfp:1:"),
        ("H base \"12\" .\n", "64 hexadecimal digits"),
        ("TX .\nTC .\n", "does not say for which knowledge base"),
        ("Hello\n", "one begins with A, D, H"),
        ("PA \"e\" <urn:e:> .\n", "prefixes are not read"),
    ] {
        fs::write(path.join("changes.rdfp"), text).expect("written");
        let refused = kb(path, "apply changes.rdfp");
        assert!(!refused.status.success() && told(&refused).contains(expected), "{text}: {}", told(&refused));
    }
}

#[test]
fn three_knowledge_bases_show_what_two_screens_made_of_one() {
    let folder = folder_with(&[("k.ttl", TOY), ("a.ttl", &changed_toy())]);
    let path = folder.path();
    assert!(kb(path, "subset --kb a.ttl --genes lexA,recA,sulA,umuD,ftsZ --out b.ttl").status.success());
    let told = json(&kb(path, "diff --base k.ttl a.ttl b.ttl --format json"));
    let verdict = |regulator: &str, target: &str| {
        let changes = told["changes"].as_array().expect("a list");
        let change = changes.iter().find(|change| change["regulator"] == regulator && change["target"] == target);
        change.map(|change| change["verdict"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(verdict("lexA", "sulA").as_deref(), Some("both"), "the flip stands in both");
    assert_eq!(verdict("crp", "lacY").as_deref(), Some("both"), "it is gone from both");
    assert_eq!(verdict("crp", "lacZ").as_deref(), Some("only-second"));
    assert_eq!(verdict("lexA", "recA"), None);
}

/// Genes `g0` … and statements among them with citations, canonically written.
fn knowledge(n: usize, edges: &[(usize, usize, bool, bool, u8)]) -> Vec<u8> {
    let mut genes = GeneTable::new();
    let ids: Vec<_> = (0..n).map(|gene| genes.intern(&format!("g{gene}"))).collect();
    let (mut regulations, mut effects) = (Vec::new(), Vec::new());
    for &(a, b, is_activation, is_effect, cited) in edges {
        let sign = if is_activation { Sign::Activation } else { Sign::Inhibition };
        let sources =
            ["one", "two\n\"three\"", "four"].into_iter().take(cited as usize % 4).map(str::to_owned).collect();
        let citation = Citation {
            sources,
            evidence_count: u32::from(cited / 4),
            confidence: (cited > 7).then_some(0.25),
            ..Citation::default()
        };
        let cited = CitedRegulation { regulation: Regulation::new(ids[a % n], ids[b % n], sign), citation };
        if is_effect { effects.push(cited) } else { regulations.push(cited) }
    }
    if regulations.is_empty() && effects.is_empty() {
        let regulation = Regulation::new(ids[0], ids[0], Sign::Activation);
        regulations.push(CitedRegulation { regulation, citation: Citation::default() });
    }
    let mut text = Vec::new();
    write_knowledge_and_effects(&genes, &regulations, &effects, RdfSyntax::Turtle, &mut text).expect("room");
    text
}

fn knowledge_bases() -> impl Strategy<Value = Vec<u8>> {
    let edge = (0..6_usize, 0..6_usize, any::<bool>(), any::<bool>(), 0..12_u8);
    (1..6_usize, proptest::collection::vec(edge, 0..14)).prop_map(|(n, edges)| knowledge(n, &edges))
}

fn content(text: &[u8]) -> Content {
    Content::parse(text, "random.ttl", RdfSyntax::Turtle).expect("sound")
}

fn written(content: &Content) -> Vec<u8> {
    let mut text = Vec::new();
    content.write("random.ttl", "", RdfSyntax::Turtle, &mut text).expect("room");
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_patch_leads_from_one_knowledge_base_to_the_other_and_back(a in knowledge_bases(), b in knowledge_bases(), kept in any::<u64>()) {
        let (from, to) = (content(&a), content(&b));
        prop_assert_eq!(written(&from), a.clone(), "canonical text is written again as it is");
        let made = Patch::between(&from, &to, &["made".to_owned()]);
        let patch = Patch::parse(made.to_text().as_bytes(), "p.rdfp").expect("its own text");
        prop_assert_eq!(patch.counts(), made.counts());
        let applied = patch.apply(&from, "a").expect("its base");
        prop_assert_eq!(written(&applied), b);
        prop_assert_eq!(written(&patch.revert(&applied, "b").expect("just applied")), a.clone());
        // Any blocks may be cut out.
        let mut block = 0;
        let cut = patch.retaining(|_| { block += 1; kept >> (block % 64) & 1 == 1 });
        let cut = Patch::parse(cut.to_text().as_bytes(), "cut.rdfp").expect("its own text");
        let partly = content(&written(&cut.apply(&from, "a").expect("its base")));
        prop_assert_eq!(written(&cut.revert(&partly, "partly").expect("just applied")), a);
    }

    #[test]
    fn no_text_makes_the_reader_of_patches_fail_badly(text in "[ADHTXPC# .<>:\"a-z\\\\\n_^@]{0,80}") {
        let _ = Patch::parse(text.as_bytes(), "p.rdfp");
    }
}

#[test]
fn every_block_that_stays_is_whole() {
    // A new gene comes with each block that needs it.
    let (from, to) = (
        content(&knowledge(2, &[(0, 1, true, false, 1)])),
        content(&knowledge(3, &[(0, 1, true, false, 1), (0, 2, true, false, 1), (2, 1, false, false, 1)])),
    );
    let patch = Patch::between(&from, &to, &[]);
    for index in 0..patch.blocks().len() {
        let mut at = 0;
        let one = patch.clone().retaining(|_| {
            at += 1;
            at == index + 1
        });
        let text = written(&one.apply(&from, "a").expect("its base"));
        let base = KnowledgeBase::parse(&text, "one.ttl").expect("sound");
        assert_eq!(base.regulations().len(), 2, "{:?}", one.blocks());
        assert!(String::from_utf8_lossy(&text).contains("rdfs:label \"g2\""));
    }
}

#[test]
fn comments_at_the_head_stay_where_they_are() {
    let toy = KnowledgeBase::parse(TOY.as_bytes(), "toy.ttl").expect("sound");
    assert!(leading_comments(&toy).starts_with("# A toy: 12 genes"));
    assert!(TOY.starts_with(&leading_comments(&toy)));
}

// Merging and cutting out.

#[test]
fn merging_a_file_with_itself_changes_no_byte() {
    let folder = folder_with(&[("a.ttl", TOY), ("b.ttl", TOY)]);
    assert_eq!(out(&kb(folder.path(), "merge a.ttl b.ttl")), TOY);
    let core = fs::read_to_string(shipped("ecoli_core.ttl")).expect("shipped");
    assert_eq!(out(&kb(folder.path(), &format!("merge {0} {0}", shipped("ecoli_core.ttl")))), core);
}

#[test]
fn opposite_signs_are_kept_and_listed_with_their_files() {
    let folder = folder_with(&[("a.ttl", TOY), ("b.ttl", &changed_toy())]);
    let path = folder.path();
    let merged = kb(path, "merge a.ttl b.ttl --out both.ttl --conflicts conflicts.tsv");
    assert!(merged.status.success(), "{}", told(&merged));
    let table = fs::read_to_string(path.join("conflicts.tsv")).expect("written");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
    let lexa = rows.iter().find(|row| row[1] == "lexA" && row[2] == "sulA").expect("a conflict");
    assert_eq!((lexa[3], lexa[6]), ("b.ttl", "a.ttl"));
    assert!(rows.iter().all(|row| row.len() == 9));
    let text = out(&kb(path, "diff a.ttl both.ttl"));
    assert!(text.contains("+ lexA activates sulA") && text.contains("1 added, 0 removed, 0 flipped, 1 with"), "{text}");
}

#[test]
fn a_part_is_cut_out_by_gene_regulon_depth_source_and_sign() {
    let folder = folder_with(&[("genes.txt", "# SOS\nlexA\nrecA\n"), ("wrong.txt", "lexA\nrecB\n")]);
    let path = folder.path();
    let toy = shipped("toy.ttl");
    let regulations = |words: &str| {
        let output = kb(path, &format!("subset --kb {toy} {words}"));
        assert!(output.status.success(), "{words}: {}", told(&output));
        let base = KnowledgeBase::parse(&output.stdout, "part.ttl").expect("sound");
        let symbol = |gene| base.genes().symbol(gene).to_owned();
        let pairs = base.regulations().iter().map(|cited| cited.regulation);
        pairs.map(|pair| format!("{} {}", symbol(pair.regulator), symbol(pair.target))).collect::<BTreeSet<_>>()
    };
    let set = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(regulations("--genes-file genes.txt"), set(&["lexA lexA", "lexA recA", "recA lexA"]));
    assert_eq!(regulations("--regulon lacI"), set(&["lacI lacY", "lacI lacZ"]));
    assert_eq!(regulations("--regulon sulA --depth 2"), set(&["sulA ftsZ"]));
    assert_eq!(regulations("--genes ftsZ --depth 1"), set(&["sulA ftsZ"]));
    assert_eq!(regulations("--regulon araC --sign inhibition"), set(&["araC araB", "araC araC"]));
    assert_eq!(regulations("--source textbook").len(), 16, "both signs of araC and araB are one pair");
    for (words, expected) in [
        ("--genes lexB", "did you mean `lexA`"),
        ("--genes-file wrong.txt", "wrong.txt:2: gene `recB` is not known"),
        ("--source textbok", "the knowledge base cites textbook"),
        ("--depth 2", "name them with --genes or --regulon"),
        ("--genes araA --sign inhibition", "no regulation of"),
    ] {
        let refused = kb(path, &format!("subset --kb {toy} {words}"));
        assert!(!refused.status.success() && told(&refused).contains(expected), "{words}: {}", told(&refused));
    }
    assert!(kb(path, &format!("subset --kb {toy} --regulon lexA --out lexA.sif")).status.success());
    assert!(fs::read_to_string(path.join("lexA.sif")).expect("written").contains("lexA\tinhibits\trecA"));
    let again = kb(path, &format!("subset --kb {toy} --regulon lexA --out lexA.sif"));
    assert!(told(&again).contains("lexA.sif exists"), "{}", told(&again));
}

// Checks.

const SOUND: &str = include_str!("cases/kb/sound.ttl");

/// A fault: name, number, numbers that come with it, the text with the fault, its line, options.
struct Fault {
    name: String,
    id: String,
    also: Vec<String>,
    text: String,
    line: usize,
    option: String,
}

fn faults() -> Vec<Fault> {
    let rows = include_str!("cases/kb/faults.tsv").lines().skip(1);
    rows.map(|row| {
        let fields: Vec<String> = row.split('\t').map(|field| field.replace("\\n", "\n")).collect();
        let [name, id, also, before, after, at, option] = fields.try_into().expect("seven columns");
        let text = if before.is_empty() { format!("{SOUND}{after}") } else { SOUND.replacen(&before, &after, 1) };
        assert_ne!(text, SOUND, "{name}");
        let line = 1 + text[..text.find(&at).unwrap_or_else(|| panic!("{name}"))].matches('\n').count();
        let also = also.split(' ').map(str::to_owned).collect();
        Fault { name, id, also, text, line, option }
    })
    .collect()
}

fn options(option: &str) -> String {
    match option {
        "--gene-ids" => format!(" --gene-ids {ROOT}/tests/cases/kb/genes.tsv"),
        "--data" => format!(" --data {ROOT}/tests/cases/kb/responses.csv"),
        _ => String::new(),
    }
}

#[test]
fn every_planted_fault_is_found_in_its_line_and_nothing_else() {
    let faults = faults();
    assert!(faults.len() >= 40);
    let folder = folder_with(&[]);
    let mut wrong = Vec::new();
    for Fault { name, id, also, text, line, option } in faults {
        fs::write(folder.path().join("kb.ttl"), &text).expect("written");
        let output = kb(folder.path(), &format!("validate kb.ttl --format json{}", options(&option)));
        let found = json(&output);
        let found = found["findings"].as_array().expect("a list");
        let ids: BTreeSet<&str> = found.iter().filter_map(|finding| finding["id"].as_str()).collect();
        if !found.iter().any(|finding| finding["id"] == *id && finding["line"] == line) {
            wrong.push(format!("{name}: {id} in line {line} is missing: {found:#?}"));
        }
        // With data, other regulators of the sound file may be missing there.
        let is_known = |found: &&str| **found == id || also.iter().any(|also| also == *found);
        if !ids.iter().all(is_known) {
            wrong.push(format!("{name}: besides {id} there is {ids:?}"));
        }
        let has_error = found.iter().any(|finding| finding["severity"] == "error");
        assert_eq!(output.status.code(), Some(i32::from(has_error)), "{name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_found_in_what_is_sound() {
    let folder = folder_with(&[("sound.ttl", SOUND)]);
    let path = folder.path();
    let mut files = vec!["sound.ttl".to_owned()];
    let mut aligned = |words: &str, file: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aligned"));
        let output =
            command.current_dir(path).arg("--quiet").args(words.split_whitespace()).output().expect("it starts");
        assert!(output.status.success(), "{words}: {}", told(&output));
        files.push(file.to_owned());
    };
    for end in ["nq", "nt", "trig", "jsonld", "rdf", "owl", "ttl.gz", "nq.gz"] {
        aligned(&format!("convert sound.ttl other.{end}"), &format!("other.{end}"));
    }
    aligned("kb merge sound.ttl sound.ttl --out merged.ttl", "merged.ttl");
    aligned("kb merge sound.ttl other.nq --out merged.nq", "merged.nq");
    let without = |start: &str, end: &str| {
        let from = SOUND.find(start).expect("there");
        let to = from + SOUND[from..].find(end).expect("there") + end.len();
        format!("{}{}", &SOUND[..from], &SOUND[to..])
    };
    let texts = [
        ("crlf.ttl", SOUND.replace('\n', "\r\n")),
        ("mark.ttl", format!("\u{feff}{SOUND}")),
        ("dense.ttl", SOUND.replace(" ;\n    ", ";")),
        (
            "sparql.ttl",
            SOUND.replace("@prefix", "PREFIX").replace("> .\n\n", ">\n\n").replace("> .\nPREFIX", ">\nPREFIX"),
        ),
        ("no-run.ttl", without("<https://w3id.org/aligned/run/r1> a", "eco:b2699 obo:RO_0002212 eco:b4043 .\n")),
        ("kinds.ttl", SOUND.replace("\"transcriptional\"", "\"transcriptional\" , \"post_translational\"")),
        ("number.ttl", SOUND.replace("aligned:confidence 0.9", "aligned:confidence 9.0E-1")),
        ("alias.ttl", SOUND.replace("\"exrA\"", "\"exrA\" , \"spr\" , \"umuA with blanks\"")),
        (
            "annotated.ttl",
            format!("{SOUND}\nobo:GO_0006281 rdfs:label \"DNA repair\" .\neco:b2699 obo:RO_0002331 obo:GO_0006281 .\n"),
        ),
        ("old.ttl", format!("{SOUND}\nobo:GO_0000001 owl:deprecated true .\nobo:GO_0000002 owl:deprecated false .\n")),
        ("named.ttl", SOUND.replace("regulation:TP53-activates-CDKN1A", "<urn:x:any%20name>")),
    ];
    for (name, text) in texts {
        assert_ne!(text, SOUND, "{name}");
        fs::write(path.join(name), text).expect("written");
        files.push(name.to_owned());
    }
    assert!(files.len() >= 20);
    for file in files {
        let output = kb(path, &format!("validate {file} --fail-on note{}", options("--gene-ids")));
        assert_eq!(
            (output.status.code(), out(&output).as_str()),
            (Some(0), "0 errors, 0 warnings, 0 notes\n"),
            "{file}: {}",
            told(&output)
        );
    }
}

#[test]
fn the_exit_code_follows_the_severity_asked_for() {
    let folder = folder_with(&[("broken.ttl", "eco:b1 a"), ("empty.ttl", "<urn:a> <urn:b> <urn:c> .\n")]);
    let code = |words: &str| kb(folder.path(), &format!("validate {words}")).status.code();
    assert_eq!(code(""), Some(0), "the embedded core");
    let toy = shipped("toy.ttl");
    assert_eq!((code(&toy), code(&format!("{toy} --fail-on warning"))), (Some(0), Some(1)));
    assert_eq!((code("broken.ttl"), code("none.ttl"), code("empty.ttl")), (Some(2), Some(2), Some(1)));
}

#[test]
fn own_shapes_take_the_place_of_those_that_are_shipped() {
    let shape = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix aligned: <https://w3id.org/aligned#> . @prefix e: <urn:e/> .\n\
        e:Shape a sh:NodeShape ; sh:targetClass aligned:Regulation ; sh:property e:Count .\n\
        e:Count sh:path aligned:evidenceCount ; ";
    let folder = folder_with(&[
        ("own.ttl", &format!("{shape} sh:minCount 1 ; sh:severity sh:Warning ; sh:message \"no count\" .")),
        ("odd.ttl", &format!("{shape} sh:equals aligned:order .")),
        ("none.ttl", "<urn:a> <urn:b> <urn:c> ."),
        ("sound.ttl", SOUND),
    ]);
    let found = out(&kb(folder.path(), "validate sound.ttl --shapes own.ttl"));
    assert_eq!(found.matches("warning Count: no count").count(), 3, "{found}");
    for (shapes, expected) in
        [("odd.ttl", "uses sh:equals, which is not checked here"), ("none.ttl", "none.ttl holds no shape")]
    {
        let refused = kb(folder.path(), &format!("validate sound.ttl --shapes {shapes}"));
        assert!(refused.status.code() == Some(2) && told(&refused).contains(expected), "{}", told(&refused));
    }
}

// The patch of a refinement.

/// The toy refined by three revisions, as a folder of results.
fn refined_toy() -> TempDir {
    use aligned::biology::{Evidence, Revision, RevisionKind, RevisionStatus, StatementKind};
    use aligned::knowledge::RunProvenance;
    let toy = KnowledgeBase::parse(TOY.as_bytes(), "toy.ttl").expect("sound");
    let gene = |symbol: &str| toy.genes().id(symbol).expect("there");
    let revision = |kind, regulator: &str, target: &str, sign, posterior| Revision {
        kind,
        statement: StatementKind::Regulation,
        regulation: Regulation::new(gene(regulator), gene(target), sign),
        status: RevisionStatus::Applied,
        evidence: Evidence { posterior: Some(posterior), objective_decrease: 2.5, ..Evidence::default() },
    };
    let revisions = [
        revision(RevisionKind::Added, "recA", "umuD", Sign::Activation, 0.97),
        revision(RevisionKind::Removed, "crp", "lacY", Sign::Activation, 0.95),
        revision(RevisionKind::SignFlipped, "lexA", "sulA", Sign::Inhibition, 0.9),
    ];
    let mut text = Vec::new();
    let run = RunProvenance { seed: 42, ..RunProvenance::default() };
    toy.write_refined(toy.genes(), &revisions, &[], &run, RdfSyntax::Turtle, &mut text).expect("room");
    let folder = folder_with(&[("config.toml", &format!("kb = \"{}\"\n", shipped("toy.ttl")))]);
    fs::write(folder.path().join("refined.ttl"), text).expect("written");
    folder
}

#[test]
fn a_revision_that_is_left_out_is_as_if_it_had_never_been_made() {
    let folder = refined_toy();
    let (path, toy) = (folder.path(), shipped("toy.ttl"));
    let patch = out(&kb(path, "diff --run ."));
    for words in [
        "# revision 1, applied, added: recA activates umuD\n# posterior 0.97, objective decrease 2.5",
        "# revision 2, applied, removed: crp activates lacY\n# posterior 0.95",
        "# revision 3, applied, flipped: lexA inhibits sulA → lexA activates sulA\n",
    ] {
        assert!(patch.contains(words), "{words} is missing in\n{patch}");
    }
    fs::write(path.join("all.rdfp"), &patch).expect("written");
    assert!(kb(path, &format!("apply all.rdfp --kb {toy} --out all.ttl")).status.success());
    assert_eq!(out(&kb(path, "diff all.ttl refined.ttl --format patch")).matches("\nA ").count(), 0);
    let expected = [
        ("revision 1,", "0 added, 1 removed, 1 flipped"),
        ("revision 2,", "1 added, 0 removed, 1 flipped"),
        ("revision 3,", "1 added, 1 removed, 0 flipped"),
    ];
    for (left_out, rest) in expected {
        let blocks = patch.split("\n\n").filter(|block| !block.contains(left_out)).collect::<Vec<_>>();
        fs::write(path.join("cut.rdfp"), blocks.join("\n\n")).expect("written");
        assert!(kb(path, &format!("apply cut.rdfp --kb {toy} --out cut.ttl --force")).status.success());
        let text = out(&kb(path, &format!("diff {toy} cut.ttl")));
        assert!(text.contains(rest), "without {left_out}\n{text}");
        assert_eq!(out(&kb(path, "apply cut.rdfp --kb cut.ttl --revert")), TOY);
        let found = out(&kb(path, "validate cut.ttl --show warning"));
        assert!(found.contains("0 errors, 1 warning"), "{found}");
    }
    let other = kb(path, &format!("diff --run . {}", shipped("ecoli_core.ttl")));
    assert!(told(&other).contains("was not made of"), "{}", told(&other));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_the_checks_fail_badly(cuts in proptest::collection::vec((0.0..1.0_f64, 0..40_usize, "[\\PC\"<>@;.:\\\\\n]{0,4}"), 1..4)) {
        use aligned::knowledge::Rules;
        use aligned::knowledge::validation::{Checks, Shapes, validate};
        let mut text = SOUND.to_owned();
        for (place, length, with) in cuts {
            let mut from = (place * text.len() as f64) as usize;
            while !text.is_char_boundary(from) { from -= 1; }
            let mut to = (from + length).min(text.len());
            while !text.is_char_boundary(to) { to += 1; }
            text.replace_range(from..to, &with);
        }
        let shapes = Shapes::embedded();
        let checks = Checks { shapes: &shapes, catalogue: None, data: None };
        let _ = validate(text.as_bytes(), "damaged.ttl", RdfSyntax::Turtle, &Rules::embedded(), &checks);
        let _ = Content::parse(text.as_bytes(), "damaged.ttl", RdfSyntax::Turtle);
        let _ = Shapes::parse(text.as_bytes(), "damaged.ttl", RdfSyntax::Turtle);
    }
}
