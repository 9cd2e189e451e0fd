//! Promises of `aligned audit`: each claim gets a verdict, the list gets one, and mistakes end with a sentence.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// Twelve regulators, each deleted twice; regulator `R` activates `tR`, and nothing else moves.
fn screen(folder: &Path) {
    let mut contrasts = String::from("perturbation,contrast,gene,response\n");
    for regulator in 0..12 {
        for contrast in ["a", "b"] {
            contrasts += &format!("r{regulator}-,{regulator}{contrast},r{regulator},-1\n");
            for target in 0..12 {
                let response = if target == regulator { -1 } else { 0 };
                contrasts += &format!("r{regulator}-,{regulator}{contrast},t{target},{response}\n");
            }
        }
    }
    fs::write(folder.join("screen.csv"), contrasts).expect("written");
}

/// Standard output and standard error.
fn audit(folder: &Path, claims: &str, more: &[&str]) -> (bool, String, String) {
    fs::write(folder.join("claims.tsv"), claims).expect("written");
    let mut command = Command::cargo_bin("aligned").expect("the binary is built");
    let arguments = [&["audit", "claims.tsv", "--data", "screen.csv"], more].concat();
    let output = command.current_dir(folder).args(arguments).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

fn verdicts(table: &str) -> Vec<String> {
    table.lines().skip(1).map(|line| line.split('\t').nth(3).unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_claim_gets_its_verdict_and_keeps_its_other_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    screen(folder.path());
    let claims = "tf\tgene\tmor\tPMID\nr0\tt0\t1\t11\nr1\tt1\t-1\t12\nr2\tt3\t1\t13\nr4\tt4\t\t14\nt5\tt6\t1\t15\nr5\tt55\t1\t16\n";
    let (is_good, table, told) = audit(folder.path(), claims, &["--format", "tsv"]);
    assert!(is_good, "{told}");
    assert_eq!(verdicts(&table), ["supported", "contested", "silent", "supported", "untestable", "untestable"]);
    assert!(table.lines().next().is_some_and(|head| head.ends_with("\tPMID")), "{table}");
    assert!(table.lines().nth(1).is_some_and(|line| line.ends_with("\t11")), "{table}");
    assert!(
        told.contains("6 claims, 4 of them tested: 2 supported, 1 silent, 1 contested, 0 contradicted, 2 untestable"),
        "{told}"
    );
    assert!(told.contains("1 regulator never perturbed alone") && told.contains("1 target not in the data"), "{told}");
    assert!(told.contains("judged on moving alone"), "{told}");
}

#[test]
fn the_table_and_the_tests_do_not_depend_on_threads_and_the_list_is_judged_as_a_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    screen(folder.path());
    let right: String = (0..12).map(|gene| format!("r{gene},t{gene},+\n")).collect();
    let wrong: String = (0..12).map(|gene| format!("r{gene},t{},+\n", (gene + 1) % 12)).collect();
    let of = |claims: &str, more: &[&str]| audit(folder.path(), &format!("source,target,sign\n{claims}"), more);
    let (_, one, told) = of(&right, &["--format", "json", "--threads", "1"]);
    let (_, two, _) = of(&right, &["--format", "json", "--threads", "2"]);
    assert_eq!(one, two);
    let json: serde_json::Value = serde_json::from_str(&one).expect("JSON");
    assert!(json["tests"]["as_claimed"]["p_value"].as_f64().is_some_and(|p| p < 0.01));
    assert_eq!(json["claims"].as_array().map(Vec::len), Some(12));
    assert!(told.contains("borne out: claimed targets move, and the claimed way, more than chance"), "{told}");
    let (_, _, told) = of(&wrong, &[]);
    assert!(told.contains("not borne out"), "{told}");
}

#[test]
fn a_bad_list_ends_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    screen(folder.path());
    for (claims, sentence) in [
        ("", "is empty"),
        ("tf\tgene\n", "no row"),
        ("a\tb\nr0\tt0\n", "no column"),
        ("tf\tgene\nX1\tX2\n", "none of the claimed genes"),
        ("tf\tgene\nr0\n", "1 fields where the first line has 2"),
    ] {
        let (is_good, table, told) = audit(folder.path(), claims, &[]);
        assert!(!is_good && table.is_empty() && told.contains(sentence), "{claims:?}: {told}");
    }
    let (is_good, table, told) = audit(folder.path(), "tf\tgene\tsign\nt0\tt1\t+\n", &["--format", "tsv"]);
    assert!(is_good && verdicts(&table) == ["untestable"], "{told}");
    assert!(told.contains("No claimed regulator is perturbed") && told.contains("nothing can be said"), "{told}");
    let (_, table, told) =
        audit(folder.path(), "tf\tgene\tsign\nr0\tt0\t+\nr0\tt0\t-\nr0\tt0\t-\n", &["--format", "tsv"]);
    assert_eq!(verdicts(&table), ["supported", "contested", "contested"]);
    assert!(told.contains("with the other sign") && told.contains("1 claims repeat one further up"), "{told}");
}

#[test]
fn a_file_is_written_in_the_format_of_its_name_and_claims_are_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    screen(folder.path());
    let claims = "tf\tgene\tsign\nr0\tt0\t+\n";
    let (is_good, table, told) = audit(folder.path(), claims, &["--out", "verdicts.csv"]);
    assert!(is_good && table.is_empty(), "{told}");
    let written = fs::read_to_string(folder.path().join("verdicts.csv")).expect("written");
    assert!(written.starts_with("regulator,target,sign,verdict,"), "{written}");
    let (is_good, _, told) = audit(folder.path(), claims, &["--out", "claims.tsv"]);
    assert!(!is_good && told.contains("would be written over"), "{told}");
}
