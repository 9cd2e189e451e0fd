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
        (&["--seeds", "0"], "write a number of seeds"),
        (&["--seeds", "7..3"], "write a number of seeds"),
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

/// Twenty regulators of three targets each, deleted; targets move as the knowledge says, and nothing else does.
fn real(folder: &Path) {
    let (mut truth, mut screen) =
        (String::from("regulator,target,sign\n"), String::from("perturbation,gene,response\n"));
    for regulator in 0..20 {
        screen += &format!("r{regulator}-,r{regulator},-1\n");
        for target in 0..30 {
            let is_target = (target + 2 * regulator) % 10 == 0;
            let sign = 1 - 2 * (target % 2);
            screen += &format!("r{regulator}-,t{target},{}\n", if is_target { -sign } else { 0 });
            if is_target {
                truth += &format!("r{regulator},t{target},{sign}\n");
            }
        }
    }
    fs::write(folder.join("truth.csv"), truth).expect("written");
    fs::write(folder.join("screen.csv"), screen).expect("written");
}

#[test]
fn regulations_hidden_are_looked_for_in_real_responses_by_every_row() {
    let folder = tempfile::tempdir().expect("a folder");
    real(folder.path());
    let arguments = ["--kb", "truth.csv", "--data", "screen.csv", "--hide", "0.5", "--flip", "0.1", "--seeds", "2"];
    let done = recover(folder.path(), &[&arguments[..], &["--out", "a"]].concat()).success();
    let said = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    for row in
        ["do nothing", "write what was seen, all", "z-rank", "random regulations", "permuted", "ours: regulations"]
    {
        assert!(said.contains(row), "{row}: {said}");
    }
    assert!(said.contains("Of its 60 regulations 60 can be tested"), "{said}");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect(name);
    let table = read("a/recover.tsv");
    assert_eq!(table.lines().count(), 1 + 2 * 11);
    let seen: Vec<_> =
        table.lines().find(|line| line.contains("write what was seen, all")).expect("a row").split('\t').collect();
    // Thirty hidden, three turned; all of them show.
    assert_eq!(seen[2..8], ["30", "3", "570", "30", "30", "1"]);

    // The same seeds on another number of threads, and a second seed taken up again.
    recover(folder.path(), &[&arguments[..], &["--out", "b", "--threads", "1"]].concat()).success();
    assert_eq!(read("b/recover.tsv"), table);
    recover(folder.path(), &[&arguments[..8], &["--seeds", "3", "--out", "a"]].concat()).success();
    assert!(read("a/recover.tsv").starts_with(&table), "the first two are taken up again");
}

#[test]
fn what_does_not_fit_real_responses_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    real(folder.path());
    let real = ["--kb", "truth.csv", "--data", "screen.csv"];
    for (more, told) in [
        (&["--hide", "2"][..], "from 0 to 1"),
        (&["--levels", "0.2"], "belongs to simulated experiments"),
        (&["--bootstraps", "5"], "set by --config"),
        (&["--hide", "0", "--flip", "0"], "nothing would be hidden"),
    ] {
        let refused = recover(folder.path(), &[&real[..], more].concat()).failure();
        let message = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(message.split_whitespace().collect::<Vec<_>>().join(" ").contains(told), "{message}");
    }
    let refused = recover(folder.path(), &["--hide", "0.5"]).failure();
    assert!(String::from_utf8_lossy(&refused.get_output().stderr).contains("belongs to real responses"));
    let refused = recover(folder.path(), &["--data", "nowhere.csv"]).failure();
    assert!(String::from_utf8_lossy(&refused.get_output().stderr).contains("nowhere.csv"));
}
