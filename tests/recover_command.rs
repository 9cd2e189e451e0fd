//! Promises of `aligned recover`: tables come out, work is taken up again, mistakes end with a sentence.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

fn recover(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("aligned").expect("the binary is built");
    command.current_dir(folder).arg("recover").args(arguments).assert()
}

const SMALL: [&str; 10] =
    ["--genes", "40", "--regulations", "60", "--levels", "0,0.2", "--seeds", "2", "--reading", "nearest"];

#[test]
fn a_small_test_writes_every_format_and_is_taken_up_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [&SMALL[..], &["--methods", "do-nothing,aligned", "--out", "r"]].concat();
    let first = recover(folder.path(), &arguments).success();
    let said = String::from_utf8_lossy(&first.get_output().stdout).into_owned();
    assert!(said.contains("| do-nothing |") && said.contains("1.000"), "{said}");
    let read = |name: &str| fs::read_to_string(folder.path().join("r").join(name)).expect(name);
    let table = read("recover.csv");
    assert_eq!(table.lines().count(), 1 + 2 * 2 * 2);
    assert!(read("recover.svg").starts_with("<svg") && read("recover.md").contains("edge F1"));
    assert!(read("recover.json").contains("\"finished\": true"));

    // One more method: only its rows are computed, the others keep even their seconds.
    let more = [&SMALL[..], &["--methods", "do-nothing,prune-contradicted,aligned", "--out", "r"]].concat();
    recover(folder.path(), &more).success();
    let longer = read("recover.csv");
    assert!(table.lines().all(|line| longer.contains(line)));
    assert_eq!(longer.lines().count(), 1 + 3 * 2 * 2);
    assert_eq!(read("rows.jsonl").lines().count(), 1 + 3 * 2 * 2);

    // Other settings do not mix with these rows.
    let other = [&more[..], &["--depth", "3"]].concat();
    let refused = recover(folder.path(), &other).failure();
    let told = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(told.contains("other settings"), "{told}");
    assert_eq!(read("recover.csv"), longer);
}

#[test]
fn parts_of_the_embedded_network_are_grown_and_screened() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [
        "--generate",
        "dream",
        "--genes",
        "60",
        "--levels",
        "0.2",
        "--seeds",
        "2..2",
        "--reading",
        "nearest",
        "--data",
        "screen",
        "--perturbations",
        "10",
        "--measured",
        "30",
        "--bootstraps",
        "5",
        "--simulations",
        "1",
        "--methods",
        "do-nothing,greedy,published,aligned",
        "--published-epochs",
        "2",
    ];
    let done = recover(folder.path(), &arguments).success();
    let said = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    assert!(said.contains("parts of 60 genes grown out of ecoli_core.ttl"), "{said}");
    assert!(said.contains("| published"), "{said}");
}

#[test]
fn mistakes_in_each_argument_end_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases: [(&[&str], &str); 14] = [
        (&["--levels", "0,1.5"], "each level must be from 0 to 1"),
        (&["--levels", "much"], "--levels"),
        (&["--kinds", "missing,lost"], "the kinds are missing, spurious, flipped and redirected"),
        (&["--seeds", "0"], "write how many"),
        (&["--seeds", "7..3"], "write how many"),
        (&["--methods", "magic"], "possible values"),
        (&["--genes", "3"], "at least 4 genes"),
        (&["--genes", "20", "--regulations", "400"], "room for 57"),
        (&["--inhibitions", "2"], "between 0 and 1"),
        (&["--label-noise", "0.1"], "belongs to `--data screen`"),
        (&["--data", "screen", "--masked", "1.5"], "must be from 0 to 1"),
        (&["--generate", "dream", "--regulations", "9"], "takes its regulations from"),
        (&["--generate", "dream", "--genes", "100000"], "largest connected part"),
        (&["--kb", "none.ttl", "--genes", "10"], "`--genes` belongs to `--generate`"),
    ];
    for (arguments, sentence) in cases {
        let refused = recover(folder.path(), arguments).failure();
        let told = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        // Long sentences are broken over lines with a bar in front.
        let told: String = told.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(sentence), "{arguments:?}: {told}");
        assert!(!told.contains("panicked"), "{told}");
    }
    assert!(!folder.path().join("recover-out").exists(), "nothing is written for a mistake");
}
