//! `aligned refine` as its users call it: on the toy knowledge base, with good input and with bad.

use std::fs;
use std::path::{Path, PathBuf};

use aligned::biology::{GeneId, GeneTable, Perturbation, Response};
use aligned::knowledge::{KnowledgeBase, RdfSyntax, write_knowledge};
use aligned::network::RegulatoryNetwork;
use aligned::symbolic::{Closure, Reading, Simulator};
use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A knowledge base of one regulator with a regulon, and the screen of another that has one target more.
struct Bench {
    folder: TempDir,
}

const REGULATORS: [&str; 6] = ["regA", "regB", "regC", "regD", "regE", "regF"];

fn knowledge(missing: Option<(&str, &str)>) -> (GeneTable, String) {
    let mut genes = GeneTable::new();
    let mut rows = vec!["regulator\ttarget\tsign".to_owned()];
    for (index, regulator) in REGULATORS.iter().enumerate() {
        let mut state = |target: String| {
            if missing != Some((regulator, &target)) {
                rows.push(format!("{regulator}\t{target}\t{}", if index % 2 == 0 { "+" } else { "-" }));
            }
            genes.intern(&target);
        };
        (0..5).for_each(|place| state(format!("gene{index}{place}")));
        if index + 1 < REGULATORS.len() {
            state(REGULATORS[index + 1].to_owned());
        }
    }
    (genes, rows.join("\n") + "\n")
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: TempDir::new().expect("a folder") };
        bench.write_knowledge("true.ttl", None);
        bench.write_knowledge("kb.ttl", Some(("regB", "regC")));
        bench.write_screen();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_knowledge(&self, name: &str, missing: Option<(&str, &str)>) {
        let (_, table) = knowledge(missing);
        fs::write(self.path("table.tsv"), table).expect("room");
        let import =
            ["import", "table", "table.tsv", "--regulator", "regulator", "--target", "target", "--sign", "sign"];
        self.aligned(&[&import[..], &["--out", name]].concat()).assert().success();
    }

    /// Every regulator deleted and overexpressed; what the true network says of it.
    fn write_screen(&self) {
        let base = self.base("true.ttl");
        let network =
            RegulatoryNetwork::new(base.genes().len(), base.regulations().iter().map(|cited| cited.regulation));
        let perturbations: Vec<_> = REGULATORS
            .iter()
            .flat_map(|name| {
                let gene = base.genes().id(name).expect("a regulator");
                [Perturbation::deletion(gene), Perturbation::overexpression(gene)]
            })
            .collect();
        let said = Closure::new(&network, 5, Reading::Nearest).simulate(&perturbations);
        let mut rows = vec!["perturbation,gene,response".to_owned()];
        for (row, perturbation) in perturbations.iter().enumerate() {
            for gene in (0..base.genes().len()).map(GeneId::new).filter(|&gene| !perturbation.moves(gene)) {
                let label = perturbation.label(base.genes());
                let value = said.get(row, gene).map_or(0, Response::value);
                rows.push(format!("{label},{},{value}", base.genes().symbol(gene)));
            }
        }
        fs::write(self.path("screen.csv"), rows.join("\n") + "\n").expect("room");
    }

    fn base(&self, name: &str) -> KnowledgeBase {
        KnowledgeBase::parse(&fs::read(self.path(name)).expect("the file"), name).expect("Turtle")
    }

    fn aligned(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("aligned").expect("the command is built");
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    fn refine(&self, arguments: &[&str]) -> Command {
        self.aligned(&[&["refine"], arguments].concat())
    }

    /// The message of a refusal, which must leave nothing behind.
    fn refusal(&self, arguments: &[&str]) -> String {
        let before = self.listing();
        let output = self.refine(arguments).output().expect("it runs");
        assert!(!output.status.success(), "{arguments:?} should fail");
        assert_eq!(self.listing(), before, "{arguments:?} left something behind");
        let text = String::from_utf8(output.stderr).expect("text");
        assert!(!text.contains("panicked"), "{text}");
        text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
    }

    fn listing(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.folder.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn file(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("room");
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).expect("the report")).expect("JSON")
    }
}

#[test]
fn the_missing_regulation_is_added_and_everything_is_written() {
    let bench = Bench::new();
    bench
        .refine(&["--kb", "kb.ttl", "--data", "screen.csv", "--objective", "mismatch", "--out", "out"])
        .assert()
        .success();
    for name in ["refined.ttl", "revisions.tsv", "report.json", "report.md", "report.html", "config.toml"] {
        assert!(bench.path("out").join(name).is_file(), "{name}");
    }
    let report = bench.json("out/report.json");
    for pointer in [
        "/seed",
        "/stop_reason",
        "/inputs/0/sha256",
        "/scores/data_consistency/macro_f1",
        "/scores/data_consistency/per_class",
        "/scores/knowledge_consistency/original",
        "/scores/knowledge_consistency/refined",
        "/scores/balanced_consistency/original",
        "/scores/balanced_consistency/refined",
        "/scores/balanced_consistency/formula",
        "/scores/baselines/0",
        "/revisions/added",
        "/revisions/removed",
        "/revisions/flipped",
        "/revisions/per_regulation",
        "/ambiguous/before",
        "/ambiguous/after",
        "/timings",
        "/peak_memory_bytes",
    ] {
        assert!(report.pointer(pointer).is_some(), "report.json lacks {pointer}");
    }
    assert_eq!(report["revisions"]["added"], 1);
    assert_eq!(report["seed"], 42);
    let names = |base: &KnowledgeBase| -> Vec<_> {
        let symbol = |gene| base.genes().symbol(gene).to_owned();
        let mut edges: Vec<_> = base
            .regulations()
            .iter()
            .map(|cited| (symbol(cited.regulation.regulator), symbol(cited.regulation.target), cited.regulation.sign))
            .collect();
        edges.sort();
        edges
    };
    assert_eq!(names(&bench.base("out/refined.ttl")), names(&bench.base("true.ttl")));
    let query =
        bench.aligned(&["query", "--kb", "out/refined.ttl", "added", "--format", "csv"]).output().expect("runs");
    let rows = String::from_utf8(query.stdout).expect("text");
    assert!(rows.contains("regB") && rows.contains("regC"), "{rows}");
}

#[test]
fn reported_scores_are_those_of_the_file_that_was_written() {
    let bench = Bench::new();
    bench.refine(&["--kb", "kb.ttl", "--data", "screen.csv", "--out", "out"]).assert().success();
    let report = bench.json("out/report.json");
    // A second run takes the refined file as its knowledge: doing nothing to it must score as "refined" did.
    bench.refine(&["--kb", "out/refined.ttl", "--data", "screen.csv", "--out", "again"]).assert().success();
    let again = bench.json("again/report.json");
    let row = |report: &Value, name: &str| -> Value {
        let rows = report["scores"]["baselines"].as_array().expect("rows");
        rows.iter().find(|row| row["name"] == name).expect(name)["data"].clone()
    };
    assert_eq!(row(&report, "refined-knowledge"), row(&again, "do-nothing"));
    assert_eq!(again["revisions"]["added"], 0);
}

#[test]
fn one_and_two_threads_write_the_same_bytes() {
    let bench = Bench::new();
    for (threads, out) in [("1", "one"), ("2", "two")] {
        let arguments = ["--kb", "kb.ttl", "--data", "screen.csv", "--threads", threads, "--out", out];
        bench.refine(&arguments).assert().success();
    }
    for name in ["refined.ttl", "revisions.tsv", "config.toml"] {
        let bytes = |out: &str| fs::read(bench.path(out).join(name)).expect(name);
        assert!(bytes("one") == bytes("two"), "{name}");
    }
    let untimed = |out: &str| {
        let mut report = bench.json(&format!("{out}/report.json"));
        let keys = report.as_object_mut().expect("an object");
        keys.remove("timings");
        keys.remove("peak_memory_bytes");
        report
    };
    assert_eq!(untimed("one"), untimed("two"));
}

#[test]
fn where_data_and_knowledge_agree_the_file_comes_back_byte_for_byte() {
    let bench = Bench::new();
    bench.refine(&["--kb", "true.ttl", "--data", "screen.csv", "--out", "out"]).assert().success();
    assert!(fs::read(bench.path("true.ttl")).expect("in") == fs::read(bench.path("out/refined.ttl")).expect("out"));
}

#[test]
fn without_data_a_screen_is_simulated_and_every_place_says_so() {
    let bench = Bench::new();
    let output = bench.refine(&["--kb", "true.ttl", "--out", "out"]).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.lines().next().expect("a line").contains("SIMULATED"), "{text}");
    let report = bench.json("out/report.json");
    assert!(report["power_check"]["planted"].as_u64().expect("a count") > 0);
    assert!(fs::read_to_string(bench.path("out/report.md")).expect("the report").contains("SIMULATED"));
}

#[test]
fn a_control_says_so_everywhere_and_does_not_find_what_the_perturbations_show() {
    let bench = Bench::new();
    let control = ["--kb", "kb.ttl", "--data", "screen.csv", "--permute-perturbations", "--out", "out"];
    let output = bench.refine(&control).assert().success().get_output().stdout.clone();
    assert!(String::from_utf8_lossy(&output).starts_with("CONTROL"), "{output:?}");
    assert!(fs::read_to_string(bench.path("out/report.md")).expect("the report").contains("CONTROL"));
    let revisions = fs::read_to_string(bench.path("out/revisions.tsv")).expect("the revisions");
    assert!(!revisions.lines().any(|line| line.starts_with("added\tapplied\tregB\tregC\t")), "{revisions}");
    // The written configuration repeats the control.
    fs::copy(bench.path("out/config.toml"), bench.path("again.toml")).expect("room");
    let again = bench.refine(&["--config", "again.toml", "--out", "again"]).assert().success();
    assert!(again.get_output().stdout.starts_with(b"CONTROL"));
    // There is nothing to assign again in a screen that is simulated later on.
    let refused = bench.refine(&["--kb", "kb.ttl", "--permute-perturbations", "--out", "none"]).assert().failure();
    assert!(String::from_utf8_lossy(&refused.get_output().stderr).contains("--data"));
}

#[test]
fn a_configuration_that_was_written_repeats_the_run() {
    let bench = Bench::new();
    bench.refine(&["--kb", "kb.ttl", "--data", "screen.csv", "--seed", "7", "--out", "out"]).assert().success();
    fs::copy(bench.path("out/config.toml"), bench.path("again.toml")).expect("room");
    bench.refine(&["--config", "again.toml", "--out", "again"]).assert().success();
    for name in ["refined.ttl", "revisions.tsv", "config.toml"] {
        let bytes = |out: &str| fs::read(bench.path(out).join(name)).expect(name);
        assert!(bytes("out") == bytes("again"), "{name}");
    }
}

#[test]
fn bad_input_is_named_with_file_line_and_mend() {
    let bench = Bench::new();
    let (head, good) = ("perturbation,gene,response\n", "regA-,gene00,-1\nregB-,gene10,1\nregC-,gene20,-1\n");
    bench.file("empty.ttl", "");
    bench.file("introduced.ttl", "@prefix a: <http://a/> .\na:x a:y \n");
    bench.file("nothing.ttl", "<http://a/x> <http://a/y> <http://a/z> .\n");
    bench.file("column.csv", "perturbation,response\nregA-,1\n");
    bench.file("label.csv", &format!("{head}{good}regA-,gene01,2\n"));
    bench.file("twice.csv", &format!("{head}{good}regA-,gene00,1\n"));
    bench.file("nan.csv", "perturbation,gene,log2fc,fdr\nregA-,gene00,NaN,0.01\n");
    bench.file("infinite.csv", "perturbation,gene,log2fc,fdr\nregA-,gene00,inf,0.01\n");
    bench.file("ragged.csv", &format!("{head}{good}regA-,gene01\n"));
    bench.file("foreign.csv", &format!("{head}xyz1-,zzz9,1\n"));
    bench.file("settings.toml", "[run]\ndepht = 3\n");
    fs::write(bench.path("cut.csv.gz"), &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b][..]).expect("room");
    for (data, expected) in [
        ("missing.csv", vec!["missing.csv"]),
        ("column.csv", vec!["column.csv", "gene"]),
        ("label.csv", vec!["label.csv:5", "2"]),
        ("twice.csv", vec!["twice.csv:5", "regA", "gene00", "line 2"]),
        ("nan.csv", vec!["nan.csv:2", "NaN"]),
        ("infinite.csv", vec!["infinite.csv:2", "inf"]),
        ("ragged.csv", vec!["ragged.csv:5"]),
        ("cut.csv.gz", vec!["cut.csv.gz", "gzip"]),
        ("foreign.csv", vec!["foreign.csv"]),
    ] {
        let message = bench.refusal(&["--kb", "kb.ttl", "--data", data, "--out", "out"]);
        expected.iter().for_each(|part| assert!(message.contains(part), "{data}: no `{part}` in: {message}"));
    }
    for (kb, expected) in [
        ("missing.ttl", vec!["missing.ttl"]),
        ("empty.ttl", vec!["empty.ttl", "empty"]),
        ("introduced.ttl", vec!["introduced.ttl:"]),
        ("nothing.ttl", vec!["nothing.ttl", "regulation"]),
    ] {
        let message = bench.refusal(&["--kb", kb, "--data", "screen.csv", "--out", "out"]);
        expected.iter().for_each(|part| assert!(message.contains(part), "{kb}: no `{part}` in: {message}"));
    }
    let message = bench.refusal(&["--config", "settings.toml", "--out", "out"]);
    assert!(message.contains("settings.toml") && message.contains("depht"), "{message}");
    for arguments in [["--depth", "0"], ["--depth", "65"], ["--rounds", "0"], ["--threads", "0"], ["--reading", "loud"]]
    {
        let message = bench.refusal(&arguments);
        assert!(message.contains(arguments[0]), "{message}");
    }
}

#[test]
fn data_that_say_nothing_or_contradict_themselves_end_with_a_sentence() {
    let bench = Bench::new();
    let plain = fs::read_to_string(bench.path("screen.csv")).expect("the screen");
    let with_response = |response: &str| -> String {
        let cells =
            |line: &str| line.rsplit_once(',').map(|(row, _)| format!("{row},{response}\n")).unwrap_or_default();
        let head = "perturbation,gene,response\n";
        plain.lines().skip(1).fold(head.to_owned(), |text, line| text + &cells(line))
    };
    bench.file("zero.csv", &with_response("0"));
    bench.file("masked.csv", &with_response(""));
    let twice = plain.lines().skip(1).enumerate().fold(
        "perturbation,gene,response,contrast\n".to_owned(),
        |text, (at, line)| {
            let (row, seen) = line.rsplit_once(',').expect("cells");
            let other = if at % 50 == 0 && seen != "0" { "0" } else { seen };
            text + &format!("{row},{seen},first\n{row},{other},second\n")
        },
    );
    bench.file("twice.csv", &twice);
    bench.file("foreign.csv", &plain.replace("regA+", "unheardOf-"));
    for data in ["zero.csv", "masked.csv", "twice.csv", "foreign.csv"] {
        let arguments = ["--kb", "kb.ttl", "--data", data, "--out", data.trim_end_matches(".csv")];
        let output = bench.refine(&arguments).output().expect("it runs");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!text.contains("panicked") && !text.contains("NaN") && !text.trim().is_empty(), "{data}: {text}");
        assert_eq!(output.status.success(), data != "masked.csv", "{data}: {text}");
    }
    let report = fs::read_to_string(bench.path("twice/report.md")).expect("the report");
    assert!(report.contains("contested"), "{report}");
    for folder in ["zero", "twice", "foreign"] {
        let report = fs::read_to_string(bench.path(folder).join("report.json")).expect("the report");
        assert!(!report.contains("NaN"), "{folder}");
    }
    bench.file("one.tsv", "regulator\ttarget\tsign\nregA\tregA\t-\n");
    let import = ["import", "table", "one.tsv", "--regulator", "regulator", "--target", "target", "--sign", "sign"];
    bench.aligned(&[&import[..], &["--out", "one.ttl"]].concat()).assert().success();
    let output = bench.refine(&["--kb", "one.ttl", "--data", "screen.csv", "--out", "one"]).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn a_locked_source_is_kept_and_a_misspelt_one_refused() {
    let bench = Bench::new();
    let table = "regulator,target,sign,source\n".to_owned()
        + &bench
            .base("kb.ttl")
            .regulations()
            .iter()
            .map(|cited| {
                let base = bench.base("kb.ttl");
                let symbol = |gene| base.genes().symbol(gene).to_owned();
                let (from, to) = (symbol(cited.regulation.regulator), symbol(cited.regulation.target));
                format!("{from},{to},{},RegulonDB\n", cited.regulation.sign.value())
            })
            .collect::<String>();
    bench.file("cited.csv", &table);
    let import = ["import", "table", "cited.csv", "--regulator", "regulator", "--target", "target", "--sign", "sign"];
    bench.aligned(&[&import[..], &["--source", "source", "--out", "cited.ttl"]].concat()).assert().success();
    let message =
        bench.refusal(&["--kb", "cited.ttl", "--data", "screen.csv", "--lock-source", "RegulonBD", "--out", "out"]);
    assert!(message.contains("`RegulonBD`") && message.contains("`RegulonDB`"), "{message}");
    let locked = ["--kb", "cited.ttl", "--data", "screen.csv", "--lock-source", "^Regulon", "--out", "out"];
    bench.refine(&locked).assert().success();
    let report = bench.json("out/report.json");
    assert_eq!((&report["revisions"]["removed"], &report["revisions"]["flipped"]), (&0.into(), &0.into()));
    let report = fs::read_to_string(bench.path("out/report.md")).expect("the report");
    assert!(report.contains("regulations are locked"), "{report}");
    let message = bench.refusal(&["--max-q-value", "1.5", "--out", "x"]);
    assert!(message.contains("max_q_value") && message.contains("between 0 and 1"), "{message}");
}

#[test]
fn byte_order_mark_crlf_and_quotes_are_read() {
    let bench = Bench::new();
    let plain = fs::read_to_string(bench.path("screen.csv")).expect("the screen");
    let quoted: Vec<_> = plain
        .lines()
        .map(|line| line.split(',').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(","))
        .collect();
    bench.file("windows.csv", &format!("\u{feff}{}\r\n", quoted.join("\r\n")));
    bench
        .refine(&["--kb", "kb.ttl", "--data", "windows.csv", "--objective", "mismatch", "--out", "out"])
        .assert()
        .success();
    assert_eq!(bench.json("out/report.json")["revisions"]["added"], 1);
}

#[test]
fn a_folder_with_other_content_or_a_file_in_its_place_is_refused() {
    let bench = Bench::new();
    fs::create_dir(bench.path("full")).expect("room");
    bench.file("full/thesis.tex", "precious");
    let message = bench.refusal(&["--kb", "kb.ttl", "--data", "screen.csv", "--out", "full"]);
    assert!(message.contains("thesis.tex") && message.contains("--out"), "{message}");
    assert_eq!(fs::read_to_string(bench.path("full/thesis.tex")).expect("still there"), "precious");
    let message = bench.refusal(&["--kb", "kb.ttl", "--data", "screen.csv", "--out", "screen.csv"]);
    assert!(message.contains("is a file"), "{message}");
    let message = bench.refusal(&["--kb", "kb.ttl", "--data", "screen.csv", "--out", "no/such/folder"]);
    assert!(message.contains("no/such/folder"), "{message}");
}

#[test]
fn an_earlier_result_is_replaced() {
    let bench = Bench::new();
    for _ in 0..2 {
        bench.refine(&["--kb", "kb.ttl", "--data", "screen.csv", "--out", "out"]).assert().success();
    }
    assert!(bench.path("out/refined.ttl").is_file());
    assert!(!bench.listing().iter().any(|name| name.starts_with(".aligned")));
}

#[test]
fn a_dry_run_tells_memory_and_time_and_writes_nothing() {
    let bench = Bench::new();
    let before = bench.listing();
    let output =
        bench.refine(&["--kb", "kb.ttl", "--data", "screen.csv", "--dry-run", "--out", "out"]).output().expect("runs");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("memory: at most about") && text.contains("refinement: about"), "{text}");
    assert_eq!(bench.listing(), before);
}

#[test]
fn a_run_goes_on_only_from_its_own_checkpoint_and_leaves_none_when_done() {
    let bench = Bench::new();
    let run = ["--kb", "kb.ttl", "--data", "screen.csv", "--out", "out"];
    let resume = [&run[..], &["--resume"]].concat();
    let message = bench.refusal(&resume);
    assert!(message.contains("nothing to resume"), "{message}");
    fs::create_dir(bench.path("out")).expect("room");
    for (content, expected) in
        [("{", "cannot be understood"), (r#"{"fingerprint":"of another run","rounds":[]}"#, "other inputs, settings")]
    {
        bench.file("out/checkpoint.json", content);
        let message = bench.refusal(&resume);
        assert!(message.contains(expected) && message.contains("--resume"), "{message}");
    }
    bench.refine(&run).assert().success();
    assert!(!bench.path("out/checkpoint.json").exists());
}

#[test]
fn a_run_that_ran_out_of_time_goes_on_to_the_same_bytes() {
    let bench = Bench::new();
    let run = ["--kb", "kb.ttl", "--data", "screen.csv", "--out"];
    bench.refine(&[&run[..], &["whole"]].concat()).assert().success();
    for limit in ["0.02", "0.05", "0.1", "0.2", "0.4"] {
        let place = format!("out{limit}");
        // Too little time for the first round is a failure; what its search has done so far is kept all the same.
        bench.refine(&[&run[..], &[&place, "--time-limit", limit]].concat()).output().expect("it runs");
        if bench.path(&format!("{place}/checkpoint.json")).exists() {
            bench.refine(&[&run[..], &[&place, "--resume"]].concat()).assert().success();
            for name in ["refined.ttl", "revisions.tsv"] {
                let bytes = |place: &str| fs::read(bench.path(place).join(name)).expect(name);
                assert!(bytes("whole") == bytes(&place), "{name} after {limit} s");
            }
        }
    }
}

#[test]
fn hyperparameters_chosen_from_the_data_are_told_and_written_to_the_configuration() {
    let bench = Bench::new();
    let arguments = [
        "--kb",
        "kb.ttl",
        "--data",
        "screen.csv",
        "--choose",
        "cost,class-balance",
        "--choose-folds",
        "3",
        "--out",
        "out",
    ];
    bench.refine(&arguments).assert().success();
    let report = bench.json("out/report.json");
    let curves = report["hyperparameter_curves"].as_array().expect("curves");
    let told: Vec<_> =
        curves.iter().map(|curve| (&curve["hyperparameter"], curve["points"].as_array().map(Vec::len))).collect();
    assert_eq!(told, [(&Value::from("cost"), Some(5)), (&Value::from("class-balance"), Some(5))]);
    let page = fs::read_to_string(bench.path("out/report.html")).expect("the page");
    assert!(page.contains("Hyperparameters chosen from the data"));
}

#[test]
fn the_refined_knowledge_predicts_the_screen_better_than_the_original() {
    let bench = Bench::new();
    let arguments =
        ["evaluate", "--kb", "kb.ttl", "--against", "true.ttl", "--data", "screen.csv", "--seen", "screen.csv"];
    let output = bench.aligned(&[&arguments[..], &["--out", "scores"]].concat()).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let scores = bench.json("scores/evaluation.json");
    let score = |name: &str| {
        let rows = scores["strata"][0]["scores"].as_array().expect("rows");
        rows.iter().find(|row| row["name"] == name).expect(name)["data"]["macro_f1"].as_f64().expect("a score")
    };
    // The screen is what the true knowledge says.
    assert_eq!(score("true.ttl"), 1.0);
    assert!(score("no-change") < score("original") && score("original") < 1.0);
    let strata: Vec<_> =
        scores["strata"].as_array().expect("strata").iter().map(|row| row["experiments"].clone()).collect();
    assert_eq!(strata, [12, 12, 0]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("| true.ttl"));
    let revised = &scores["strata"][0]["scores"][2]["replications"];
    let revised = revised.as_array().expect("what leads from the original to the true knowledge");
    // What is true introduces nothing.
    assert!(!revised.is_empty() && revised.iter().all(|kind| kind["contradicted"] == 0), "{revised:?}");
    assert!(revised.iter().any(|kind| kind["replicated"].as_u64() > Some(0)), "{revised:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("Are its revisions replicated here?"));
    let csv = fs::read_to_string(bench.path("scores/evaluation.csv")).expect("the table");
    // Three strata of no change, original, the other, and five controls made of what --seen names.
    assert_eq!(csv.lines().count(), 1 + 3 * (3 + 5));
    assert!(csv.contains(",seen-all,") && csv.contains(",permuted-perturbations,"), "{csv}");
    let output = bench.aligned(&["evaluate", "--kb", "kb.ttl", "--data", "screen.csv"]).output().expect("runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("--against"));
}

#[test]
fn what_one_fold_shows_of_a_missing_regulation_helps_in_the_others() {
    let bench = Bench::new();
    let arguments = ["cross-validate", "--kb", "kb.ttl", "--data", "screen.csv", "--folds", "3"];
    let arguments = [&arguments[..], &["--splits", "leave-regulators-out", "--out", "scores"]].concat();
    bench.aligned(&arguments).assert().success();
    let scores = bench.json("scores/evaluation.json");
    let pooled = &scores["cross_validations"][0]["pooled"];
    assert_eq!(pooled["experiments"], 12);
    let score = |row: usize| pooled["scores"][row]["data"]["macro_f1"].as_f64().expect("a score");
    assert!(score(2) >= score(1), "{pooled}");
}

#[cfg(target_os = "linux")]
#[test]
fn no_space_left_is_an_error_and_leaves_nothing() {
    // Every write to this device fails as on a full disk.
    if !Path::new("/dev/full").exists() {
        return;
    }
    let bench = Bench::new();
    let output =
        bench.aligned(&["export", "--kb", "kb.ttl", "--format", "sif", "--out", "/dev/full/x"]).output().expect("runs");
    assert!(!output.status.success());
    let mut genes = GeneTable::new();
    genes.intern("a");
    let mut full = fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    assert!(write_knowledge(&genes, &[], RdfSyntax::Turtle, &mut full).is_err());
}
