//! `aligned simulate`, `explain` and `export` on the toy knowledge base of twelve genes.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

const TOY: &str = "knowledge/toy.ttl";

fn aligned(arguments: &[&str]) -> (bool, String, String) {
    let output =
        Command::cargo_bin("aligned").expect("the command is built").args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn stdout(arguments: &[&str]) -> String {
    let (success, stdout, stderr) = aligned(arguments);
    assert!(success, "{arguments:?}: {stderr}");
    stdout
}

fn refusal(arguments: &[&str]) -> String {
    let (success, stdout, stderr) = aligned(arguments);
    assert!(!success && stdout.is_empty(), "{arguments:?} gave {stdout}");
    // The terminal may break a message anywhere between two words.
    stderr.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

fn rows(arguments: &[&str]) -> Vec<Value> {
    let text = stdout(&[arguments, &["--format", "json"]].concat());
    serde_json::from_str::<Value>(&text).expect("JSON").as_array().expect("a list").clone()
}

fn response(rows: &[Value], gene: &str) -> String {
    let row = rows.iter().find(|row| row["gene"] == gene).expect(gene);
    row["response"].as_str().expect("a word").to_owned()
}

#[test]
fn without_its_repressor_the_sos_response_is_on() {
    for semantics in ["closure", "sync"] {
        let rows = rows(&["simulate", "--kb", TOY, "--perturb", "lexA-", "--semantics", semantics]);
        assert_eq!(rows.len(), 12, "{semantics}: every gene has a row");
        for (gene, expected) in
            [("recA", "up"), ("umuD", "up"), ("sulA", "up"), ("ftsZ", "down"), ("lacZ", "unchanged")]
        {
            assert_eq!(response(&rows, gene), expected, "{semantics}: {gene}");
        }
    }
}

#[test]
fn a_combination_is_one_perturbation_and_two_options_are_two() {
    let both = rows(&["simulate", "--kb", TOY, "--perturb", "lexA-,crp+", "--changed-only"]);
    assert!(both.iter().all(|row| row["perturbation"] == "crp+,lexA-" && row["response"] != "unchanged"));
    assert_eq!(response(&both, "lacZ"), "up");
    assert_eq!(response(&both, "recA"), "up");
    let two = stdout(&["simulate", "--kb", TOY, "--perturb", "lexA-", "--perturb", "crp+", "--format", "tsv"]);
    assert_eq!(two.lines().count(), 1 + 2 * 12);
}

#[test]
fn every_regulator_is_summed_up_unless_responses_are_asked_for() {
    let summary = rows(&["simulate", "--kb", TOY, "--every-regulator"]);
    let lexa = summary.iter().find(|row| row["perturbation"] == "lexA-").expect("lexA regulates");
    assert_eq!((lexa["up"].as_u64(), lexa["down"].as_u64(), lexa["unchanged"].as_u64()), (Some(3), Some(1), Some(7)));
    let responses = rows(&["simulate", "--kb", TOY, "--every-regulator", "--responses"]);
    let named = |row: &&Value, word: &str| row["perturbation"] == "lexA-" && row["response"] == word;
    assert_eq!(responses.iter().filter(|row| named(row, "up")).count(), 3);
    assert!(responses.iter().all(|row| row["response"] != "unchanged"));
}

#[test]
fn a_conflict_is_read_as_each_reading_says() {
    let read = |reading| response(&rows(&["simulate", "--kb", TOY, "--perturb", "crp-", "--reading", reading]), "araB");
    assert_eq!((read("naive").as_str(), read("nearest").as_str()), ("ambiguous", "down"));
}

#[test]
fn a_rule_in_a_folder_overrides_the_default_of_its_gene() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("update")).expect("a folder");
    std::fs::write(folder.path().join("update/own.bnet"), "lacZ, 1\nghost, crp\n").expect("a file");
    let path = folder.path().to_str().expect("a plain path");
    let rows = rows(&["simulate", "--kb", TOY, "--perturb", "crp-", "--semantics", "sync", "--rules", path]);
    assert_eq!((response(&rows, "lacZ"), response(&rows, "lacY")), ("unchanged".to_owned(), "down".to_owned()));
}

#[test]
fn the_walk_behind_a_response_is_shown_with_its_sources() {
    let text = stdout(&["explain", "--kb", TOY, "--perturb", "recA-", "--gene", "ftsZ"]);
    assert!(text.starts_with("ftsZ under recA-: up"), "{text}");
    assert!(text.contains("recA↓ ⊣ lexA↑ ⊣ sulA↓ ⊣ ftsZ↑"), "{text}");
    assert!(text.contains("lexA inhibits sulA (transcriptional): textbook; DOI:"), "{text}");
}

#[test]
fn conflicting_walks_are_called_conflicting() {
    let near = stdout(&["explain", "--kb", TOY, "--perturb", "araC-", "--gene", "araB"]);
    assert!(near.contains("ambiguous (nearest reading") && near.contains("The walks conflict: of 1 step"), "{near}");
    let far = stdout(&["explain", "--kb", TOY, "--perturb", "crp-", "--gene", "araB", "--format", "json"]);
    let far: Value = serde_json::from_str(&far).expect("JSON");
    assert_eq!((far["response"].as_str(), far["conflict"].as_str()), (Some("down"), Some("farther_away")));
    assert_eq!(far["walks"][0]["listed"][0]["steps"][0]["sign"], "activation");
}

#[test]
fn a_gene_out_of_reach_is_said_to_be_so_and_how_far() {
    let near = stdout(&["explain", "--kb", TOY, "--perturb", "recA-", "--gene", "ftsZ", "--depth", "2"]);
    assert!(near.contains("No walk of at most 2 steps") && near.contains("try `--depth 3`"), "{near}");
    let never = stdout(&["explain", "--kb", TOY, "--perturb", "crp-", "--gene", "ftsZ"]);
    assert!(never.contains("the knowledge does not connect them"), "{never}");
}

/// The toy, where crp activates lacZ, with the effect that more crp lowers lacZ.
fn toy_with_an_effect(folder: &Path) -> String {
    let toy = std::fs::read_to_string(TOY).expect("the toy");
    let effect = "<https://example.org/e> a aligned:Effect ; aligned:regulator eco:b3357 ; aligned:target eco:b0344 ;\n\
                  aligned:sign aligned:inhibition ; aligned:source \"screen\" ; aligned:posterior 0.9 ;\n\
                  aligned:agreeingExperiments 2 ; aligned:opposingExperiments 1 .\n";
    let path = folder.join("effects.ttl");
    std::fs::write(&path, format!("{toy}\n{effect}")).expect("a file");
    path.to_str().expect("a plain path").to_owned()
}

#[test]
fn an_effect_decides_a_response_and_is_shown_with_its_evidence_before_the_walks() {
    let folder = tempfile::tempdir().expect("a folder");
    let kb = toy_with_an_effect(folder.path());
    assert_eq!(response(&rows(&["simulate", "--kb", &kb, "--perturb", "crp-"]), "lacZ"), "up");
    let explain = ["explain", "--kb", &kb, "--perturb", "crp-", "--gene", "lacZ"];
    let text = stdout(&explain);
    let told = "deleting crp raises lacZ (effect; mechanism open): screen; moved so in 2 of 3 experiments, the other way in 1; \
                another experiment repeats it with probability 0.90";
    assert!(text.contains(told), "{text}");
    assert!(text.starts_with("lacZ under crp-: up") && text.contains("crp↓ → lacZ↓"), "{text}");
    let json: Value = serde_json::from_str(&stdout(&[&explain[..], &["--format", "json"]].concat())).expect("JSON");
    assert_eq!(json["effects"][0]["response"], "up");
    assert_eq!(json["effects"][0]["experiments"]["agreeing"], 2);
    let sif = stdout(&["export", "--kb", &kb]);
    assert!(sif.contains("crp\tlowers\tlacZ\n") && sif.contains("crp\tactivates\tlacZ\n"), "{sif}");
}

#[test]
fn the_network_is_exported_in_each_format() {
    let sif = stdout(&["export", "--kb", TOY]);
    assert_eq!(sif.lines().filter(|line| line.contains("\tinhibits\t") || line.contains("\tactivates\t")).count(), 17);
    assert!(stdout(&["export", "--kb", TOY, "--format", "dot"]).starts_with("digraph {"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("toy.graphml");
    stdout(&["export", "--kb", TOY, "--out", path.to_str().expect("a plain path")]);
    let xml = std::fs::read_to_string(&path).expect("a file");
    assert_eq!((xml.matches("<node ").count(), xml.matches("<edge ").count()), (12, 17));
}

#[test]
fn bad_requests_are_refused_with_the_mend_and_leave_no_file() {
    let simulate = ["simulate", "--kb", TOY];
    for (arguments, remedy) in [
        (vec!["--perturb", "crq-"], "did you mean `crp`?"),
        (vec!["--perturb", "crp-,crp+"], "keep one of the two"),
        (vec!["--perturb", "crp-", "--depth", "0"], "0 is not in 1..=64"),
        (vec!["--perturb", "crp-", "--every-regulator"], "cannot be used with"),
        (vec![], "required arguments"),
        (vec!["--perturb", "crp-", "--seed", "1"], "belong to `--semantics sync`"),
        (vec!["--perturb", "crp-", "--semantics", "sync", "--depth", "3"], "leave them out"),
        (vec!["--perturb", "crp-", "--semantics", "sync", "--states", "0"], "it must be at least 1"),
        (vec!["--perturb", "crp-", "--reading", "majority", "--tau", "1"], "at least 0 and below 1"),
        (vec!["--perturb", "crp-", "--tau", "0.1"], "belong to `--reading majority`"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("rows.tsv");
        let out_option = ["--out", out.to_str().expect("a plain path")];
        let message = refusal(&[simulate.as_slice(), &arguments, &out_option].concat());
        assert!(message.contains(remedy), "{arguments:?}: {message}");
        assert!(!Path::new(&out).exists(), "{arguments:?}");
    }
    let message = refusal(&["explain", "--kb", TOY, "--perturb", "crp-", "--gene", "lacX"]);
    assert!(message.contains("did you mean `lacI`?"), "{message}");
    let message = refusal(&["export", "--kb", TOY, "--out", "network.txt"]);
    assert!(message.contains("end it in .sif, .graphml or .dot"), "{message}");
}
