//! The promises of `aligned attractors`.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("aligned").expect("the binary is built");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("-q").arg("attractors").args(arguments);
    command.output().expect("it runs")
}

fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What went wrong, on one line.
fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{arguments:?} is accepted");
    let text = String::from_utf8_lossy(&output.stderr).replace(['│', '╰', '─', '▶'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn file(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("room");
    path.display().to_string()
}

const TOGGLE: &str = "targets, factors\ngata1, !pu1\npu1, !gata1\n";

#[test]
fn a_toggle_switch_is_told_in_three_formats() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = file(folder.path(), "toggle.bnet", TOGGLE);
    let table = stdout(&[&model]);
    assert!(table.contains("answer        complete:") && table.contains("fixed points  2"), "{table}");
    let tsv = stdout(&[&model, "--format", "tsv", "--states", "0"]);
    assert_eq!(tsv.lines().nth(1), Some("1\tfixed point\t1\ttrue\t\t\t\t0\t1"));
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&[&model, "--format", "json", "--update", "sync"])).expect("JSON");
    assert_eq!((&json["complete"], &json["attractors"]["number"]), (&true.into(), &"3".into()));
    assert_eq!(json["listed"][2]["cycle"][1]["gata1"], 1);
}

#[test]
fn the_examples_of_the_help_run_and_the_same_seed_gives_the_same_bytes() {
    for arguments in [
        &["--kb", "knowledge/ecoli_core.ttl", "--max", "3"][..],
        &["rules/update/ecoli.bnet", "--update", "async", "--count"],
        &["rules/update/ecoli.bnet", "--perturb", "flhD-", "--format", "json"],
    ] {
        assert_eq!(stdout(arguments), stdout(arguments), "{arguments:?}");
    }
}

#[test]
fn a_proof_is_written_next_to_what_it_proves() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = file(folder.path(), "loop.bnet", "a, !b\nb, a\n");
    let proof = folder.path().join("loop.drat").display().to_string();
    stdout(&[&model, "--proof", &proof]);
    let formula = std::fs::read_to_string(format!("{proof}.cnf")).expect("a formula");
    assert!(formula.starts_with("p cnf 4 "), "{formula}");
    assert!(std::fs::read_to_string(&proof).expect("a proof").ends_with("0\n"));
}

#[test]
fn what_cannot_be_read_is_refused_with_file_line_and_a_way_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let toggle = file(folder.path(), "toggle.bnet", TOGGLE);
    let all = file(folder.path(), "all.bnet", "targets, factors\nA, all(B, C)\n");
    let third = file(folder.path(), "third.bnet", "A, B, 0.5\n");
    for (arguments, fault) in [
        (&[all.as_str()][..], "all.bnet:2: BoolNet's `all(…)` is not read"),
        (&[&third], "third.bnet:1: `,` has no meaning in a rule: a third column (`0.5`)"),
        (&["--kb", &toggle], "is a Boolean model, whose rules a knowledge base would lose"),
        (&["knowledge/toy.ttl"], "is a knowledge base, not a Boolean model; name it with --kb"),
        (&[&toggle, "--perturb", "gata2-"], "did you mean `gata1`?"),
        (&[&toggle, "--rule", "majority"], "belong to --kb"),
        (&[&toggle, "--seconds=-3"], "`seconds` is -3"),
        (&[&toggle, "--update", "sync", "--proof", "p"], "--proof belongs to --update mp"),
    ] {
        let message = refused(arguments);
        assert!(message.contains(fault), "{arguments:?}: {message}");
    }
}
