//! `aligned compare` as its users call it: everybody on the same held-out experiments, with good input and
//! with bad.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

const REGULATORS: [&str; 6] = ["regA", "regB", "regC", "regD", "regE", "regF"];

/// Six regulators of five genes each; every one deleted twice, with one response in ten of the second time missed.
fn bench() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let mut knowledge = String::from("regulator\ttarget\tsign\n");
    let mut responses = String::from("contrast,perturbation,gene,response\n");
    let mut predicted = String::from("perturbation,gene,value\n");
    for (index, regulator) in REGULATORS.iter().enumerate() {
        let (sign, response) = if index % 2 == 0 { ("+", -1) } else { ("-", 1) };
        for place in 0..5 {
            knowledge.push_str(&format!("{regulator}\tgene{index}{place}\t{sign}\n"));
        }
        for time in 0..2 {
            for target in 0..REGULATORS.len() {
                for place in 0..5 {
                    let missed = time == 1 && (index + place) % 10 == 0;
                    let value = if target == index && !missed { response } else { 0 };
                    responses.push_str(&format!("{regulator}_{time},{regulator},gene{target}{place},{value}\n"));
                    if time == 0 {
                        let value = f64::from(value) * 1.5 + 0.01 * place as f64;
                        predicted.push_str(&format!("{regulator},gene{target}{place},{value}\n"));
                    }
                }
            }
        }
    }
    for (name, text) in [("table.tsv", knowledge), ("data.csv", responses), ("elsewhere.csv", predicted)] {
        fs::write(folder.path().join(name), text).expect("room");
    }
    // The loop without what takes time and is tested elsewhere.
    let quick = "[run]\nrounds = 1\n[run.neural]\nmax_epochs = 3\n[run.refinement]\nsimulations = 0\nbootstraps = 0\n";
    fs::write(folder.path().join("quick.toml"), quick).expect("room");
    let import = ["import", "table", "table.tsv", "--regulator", "regulator", "--target", "target", "--sign", "sign"];
    aligned(folder.path(), &[&import[..], &["--out", "kb.ttl"]].concat()).success();
    folder
}

fn aligned(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("aligned").expect("the binary is built").current_dir(folder).args(arguments).assert()
}

const COMPARE: [&str; 10] =
    ["compare", "--kb", "kb.ttl", "--data", "data.csv", "--config", "quick.toml", "--folds", "3", "--resamples"];

fn compare(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    aligned(folder, &[&COMPARE[..], &["50"], arguments].concat())
}

fn failure(folder: &Path, arguments: &[&str]) -> String {
    let failed = compare(folder, arguments).failure();
    String::from_utf8_lossy(&failed.get_output().stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The table without the times, which differ from run to run.
fn untimed(table: &str) -> Vec<String> {
    table.lines().map(|line| line.rsplit_once(',').map_or(line, |(rest, _)| rest).to_owned()).collect()
}

#[test]
fn whoever_learns_a_repeated_perturbation_beats_the_floor_and_finished_cells_are_kept() {
    let bench = bench();
    let folder = bench.path();
    let names = ["--predictors", "no-change,mean,additive,knowledge", "--splits", "leave-contrasts-out"];
    let first = compare(folder, &[&names[..], &["--out", "e"]].concat()).success();
    let said = String::from_utf8_lossy(&first.get_output().stdout).into_owned();
    assert!(said.contains("The reference is additive") && said.contains("All others exceed it"), "{said}");
    assert!(said.contains("0 of the same experiments; 12 have a set of perturbed genes that is learnt from"), "{said}");
    let read = |name: &str| fs::read_to_string(folder.join("e").join(name)).expect(name);
    let table = read("evaluation.csv");
    let page = read("evaluation.html");
    assert!(
        page.contains("<svg") && read("evaluation.json").contains("\"floor\"") && read("config.toml").contains("[run]")
    );

    // One more: its cells alone are computed, those of the others keep even their seconds.
    let more = ["--predictors", "no-change,mean,additive,knowledge,chance", "--splits", "leave-contrasts-out"];
    compare(folder, &[&more[..], &["--out", "e"]].concat()).success();
    assert_eq!(read("cells.jsonl").lines().count(), 1 + 3 * 5);
    let cells = |table: &str| -> Vec<String> {
        table.lines().filter(|line| line.contains(",all,42,")).map(str::to_owned).collect()
    };
    let longer = cells(&read("evaluation.csv"));
    assert_eq!((cells(&table).len(), longer.len()), (3 * 4, 3 * 5));
    assert!(cells(&table).iter().all(|line| longer.contains(line)));

    let other = failure(folder, &[&more[..], &["--out", "e", "--depth", "2"]].concat());
    assert!(other.contains("other settings"), "{other}");
}

#[test]
fn a_cell_scored_against_other_refined_knowledge_is_computed_again() {
    let bench = bench();
    let run = |predictors: &str| {
        compare(bench.path(), &["--predictors", predictors, "--splits", "k-fold", "--out", "e"]).success();
        let table = fs::read_to_string(bench.path().join("e/evaluation.csv")).expect("written");
        let heads: Vec<_> = table.lines().next().expect("a header").split(',').map(str::to_owned).collect();
        let place = heads.iter().position(|head| head == "knowledge_refined").expect("a column");
        let row = table.lines().find(|line| line.starts_with("k-fold,all,,,mean,")).expect("a row");
        row.split(',').nth(place).expect("a cell").to_owned()
    };
    assert_eq!(run("mean"), "", "nobody refined");
    assert_ne!(run("mean,aligned-mlp"), "");
    assert_eq!(run("mean"), "", "and the first cells are still there");
}

#[test]
fn whoever_is_named_takes_part_once() {
    let bench = bench();
    let named = ["mean", "aligned-neighbours", "aligned-mlp", "aligned-mlp-no-refinement"];
    let done =
        compare(bench.path(), &["--predictors", &[&named[..], &["mean"]].concat().join(","), "--splits", "k-fold"]);
    let said = String::from_utf8_lossy(&done.success().get_output().stdout).into_owned();
    let (table, _) = said.split_once("The reference is").expect("a table and what it is compared with");
    for name in named {
        assert_eq!(table.matches(&format!("| {name} ")).count(), 1, "{name}: {table}");
    }
}

#[test]
fn the_number_of_threads_changes_no_score() {
    let bench = bench();
    let folder = bench.path();
    let table = |threads: &str| {
        let arguments = ["--predictors", "chance,neighbours,forest,mlp,aligned-mlp", "--splits", "k-fold"];
        let more = ["--seeds", "2", "--threads", threads, "--out", threads];
        compare(folder, &[&arguments[..], &more[..]].concat()).success();
        untimed(&fs::read_to_string(folder.join(threads).join("evaluation.csv")).expect("written"))
    };
    assert_eq!(table("1"), table("2"));
}

#[test]
fn predictions_made_elsewhere_are_scored_aligned_and_set_beside_the_loop_without_its_parts() {
    let bench = bench();
    let arguments = ["--predictors", "mean", "--external", "gears=elsewhere.csv", "--splits", "k-fold"];
    let more = ["--ablate", "adaptor,knowledge", "--reference", "external:gears", "--out", "e"];
    let done = compare(bench.path(), &[&arguments[..], &more[..]].concat()).success();
    let said = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    for row in
        ["| external:gears", "| aligned-external:gears", "| aligned-mlp-no-adaptor", "| aligned-mlp-random-knowledge"]
    {
        assert!(said.contains(row), "{row}: {said}");
    }
    assert!(said.contains("The reference is external:gears"), "{said}");
    // The values say all that the data do but for noise, so a threshold from other perturbations calls nearly all right.
    let table = fs::read_to_string(bench.path().join("e/evaluation.csv")).expect("written");
    let row = table.lines().find(|line| line.starts_with("k-fold,all,,,external:gears,")).expect("a row");
    let macro_f1: f64 = row.split(',').nth(6).and_then(|figure| figure.parse().ok()).expect("a score");
    assert!(macro_f1 > 0.9, "{row}");
}

#[test]
fn predicted_changes_are_scored_against_the_fold_changes_of_the_data() {
    let folder = bench();
    // Of the five genes of a regulator two change less or more than by the mean of 2.
    let mut data = String::from("contrast,perturbation,gene,response,log2fc\n");
    let mut predicted = String::from("perturbation,gene,value\n");
    for (index, regulator) in REGULATORS.iter().enumerate() {
        let response = if index % 2 == 0 { -1 } else { 1 };
        for (target, place) in (0..REGULATORS.len()).flat_map(|target| (0..5).map(move |place| (target, place))) {
            let response = if target == index { response } else { 0 };
            let log2fc = response * [1, 2, 3, 2, 2][place];
            for time in 0..2 {
                data.push_str(&format!("{regulator}_{time},{regulator},gene{target}{place},{response},{log2fc}\n"));
            }
            predicted.push_str(&format!("{regulator},gene{target}{place},{log2fc}\n"));
        }
    }
    fs::write(folder.path().join("data.csv"), data).expect("room");
    fs::write(folder.path().join("right.csv"), predicted).expect("room");
    let arguments = ["--predictors", "no-change,knowledge", "--external", "right=right.csv", "--splits", "k-fold"];
    compare(folder.path(), &[&arguments[..], &["--out", "e"]].concat()).success();
    let mut table = csv::Reader::from_path(folder.path().join("e/evaluation.csv")).expect("written");
    let heads = table.headers().expect("heads").clone();
    let rows: Vec<_> = table.records().map(|row| row.expect("a row")).collect();
    let of = |predictor: &str, score: &str| -> Option<f64> {
        let column = |head: &str| heads.iter().position(|name| name == head).expect("a column");
        let row = rows.iter().find(|row| &row[column("predictor")] == predictor).expect("a row");
        row[column(score)].parse().ok()
    };
    assert_eq!((of("external:right", "pearson_delta"), of("external:right", "mse_delta")), (Some(1.0), Some(0.0)));
    // The knowledge says 2 of all five: two of thirty genes are wrong by 1. No change is wrong by 1, 2, 3, 2, 2.
    let near =
        |score: Option<f64>, by_hand: f64| assert!((score.expect("defined") - by_hand).abs() < 1e-6, "{score:?}");
    near(of("knowledge", "mse_delta"), 2.0 / 30.0);
    near(of("knowledge", "l2_delta"), 2.0_f64.sqrt());
    near(of("knowledge", "de_direction_match"), 1.0);
    near(of("no-change", "mse_delta"), 22.0 / 30.0);
}

#[test]
fn each_mistake_ends_with_a_sentence_that_says_what_to_remedy() {
    let bench = bench();
    let folder = bench.path();
    let told = aligned(folder, &["compare", "--kb", "kb.ttl", "--data", "data.csv"]).failure();
    let told = String::from_utf8_lossy(&told.get_output().stderr).into_owned();
    assert!(told.contains("--predictors <LIST>"), "{told}");
    let mistakes: [(&[&str], &str); 7] = [
        (&["--predictors", "mean", "--refine"], "unexpected argument"),
        (&["--predictors", "gears"], "there is no predictor `gears`"),
        (&["--predictors", "mean", "--reference", "mlp"], "the reference `mlp` does not take part"),
        (&["--predictors", "mean", "--seeds", "none"], "write a number of seeds"),
        (&["--predictors", "mean", "--external", "elsewhere.csv"], "is not NAME=FILE"),
        (&["--predictors", "mean", "--external", "a=table.tsv"], "table.tsv"),
        (&["--predictors", "external:gears", "--splits", "k-fold"], "hand them in with --external"),
    ];
    for (arguments, expected) in mistakes {
        let told = failure(folder, arguments);
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
}

#[test]
fn a_split_that_parts_one_pair_of_genes_by_its_two_names_is_refused() {
    let bench = bench();
    let folder = bench.path();
    let split = r#"{"train": ["regA+ctrl", "regB"], "test": ["ctrl+regA", "regC"]}"#;
    fs::write(folder.join("split.json"), split).expect("room");
    let told = failure(folder, &["--predictors", "mean", "--splits", "given", "--split", "split.json"]);
    assert!(told.contains("regA"), "{told}");
}
