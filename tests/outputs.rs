//! Where results go: inputs are spared, pipes are written into, a reader that leaves or a log that nobody keeps ends no work,
//! and what a killed run left does not stand in the way of the next one.
#![cfg(unix)]

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Three regulators with six targets each, and what their deletions show: one regulation is missing.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: TempDir::new().expect("a folder") };
        let (mut table, mut screen) = ("tf,gene,sign\n".to_owned(), "perturbation,gene,response\n".to_owned());
        for regulator in 0..3 {
            for target in 0..6 {
                if (regulator, target) != (1, 4) {
                    table.push_str(&format!("reg{regulator},g{regulator}{target},+\n"));
                }
            }
            for (other, target) in (0..3).flat_map(|other| (0..6).map(move |target| (other, target))) {
                let response = if other == regulator { -1 } else { 0 };
                screen.push_str(&format!("reg{regulator},g{other}{target},{response}\n"));
            }
        }
        fs::write(bench.path("table.csv"), table).expect("room");
        fs::write(bench.path("screen.csv"), screen).expect("room");
        bench.succeeds("import table table.csv --regulator tf --target gene --sign sign --out kb.ttl");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aligned"));
        command.current_dir(self.folder.path()).args(arguments.split_whitespace());
        command
    }

    fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    fn succeeds(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments}: {log}");
        log
    }

    fn refused(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments}");
        let message = String::from_utf8_lossy(&output.stderr).replace('│', " ");
        message.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Runs by the shell, in which `$A` is the program.
    fn shell(&self, script: &str) -> Output {
        let mut command = Command::new("sh");
        command.current_dir(self.folder.path()).args(["-c", script]).env("A", env!("CARGO_BIN_EXE_aligned"));
        command.output().expect("a shell")
    }

    fn listing(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).expect("a folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

const REFINE: &str = "refine --kb kb.ttl --data screen.csv --rounds 1 -q";
const RESULTS: [&str; 7] =
    ["config.toml", "refined.ttl", "report.html", "report.json", "report.md", "revisions.tsv", "verdicts.tsv"];

#[test]
fn an_input_is_never_written_over_however_it_is_called() {
    let bench = Bench::new();
    let before = fs::read(bench.path("kb.ttl")).expect("there");
    std::os::unix::fs::symlink("kb.ttl", bench.path("link.ttl")).expect("a link");
    for out in ["kb.ttl", "./kb.ttl", "link.ttl"] {
        let message = bench.refused(&format!("query --kb kb.ttl contested --out {out}"));
        assert!(message.contains("is an input of this command"), "{message}");
    }
    let table = fs::read(bench.path("table.csv")).expect("there");
    fs::copy(bench.path("table.csv"), bench.path("table.ttl")).expect("room");
    let again = "import table table.ttl --regulator tf --target gene --sign sign --out table.ttl --force";
    assert!(bench.refused(again).contains("is an input of this command"));
    assert_eq!(fs::read(bench.path("table.ttl")).expect("there"), table);
    assert_eq!(fs::read(bench.path("kb.ttl")).expect("there"), before);
}

#[test]
fn a_result_folder_that_holds_the_input_is_refused_before_the_work() {
    let bench = Bench::new();
    bench.succeeds(&format!("{REFINE} --out out"));
    let before = fs::read(bench.path("out/refined.ttl")).expect("there");
    let message = bench.refused("refine --kb out/refined.ttl --data screen.csv --out out");
    assert!(message.contains("out/refined.ttl is an input of this command"), "{message}");
    assert_eq!(fs::read(bench.path("out/refined.ttl")).expect("there"), before);
    assert_eq!(bench.listing("out"), RESULTS);
}

#[test]
fn a_link_at_the_output_stays_a_link() {
    let bench = Bench::new();
    fs::write(bench.path("real.csv"), "old").expect("room");
    std::os::unix::fs::symlink("real.csv", bench.path("link.csv")).expect("a link");
    bench.succeeds("query --kb kb.ttl contested --format csv --out link.csv");
    assert!(bench.path("link.csv").is_symlink());
    assert_ne!(fs::read_to_string(bench.path("real.csv")).expect("there"), "old");
}

#[test]
fn a_pipe_at_the_output_is_written_into_and_stays_a_pipe() {
    let bench = Bench::new();
    assert!(bench.shell("mkfifo pipe").status.success());
    let mut child =
        bench.command("query --kb kb.ttl regulon --gene reg0 --format csv --out pipe").spawn().expect("starts");
    let mut text = String::new();
    fs::File::open(bench.path("pipe")).and_then(|mut pipe| pipe.read_to_string(&mut text)).expect("a reader");
    assert!(child.wait().expect("ends").success());
    assert!(text.contains("g00"), "{text}");
    assert!(fs::symlink_metadata(bench.path("pipe")).expect("there").file_type().is_fifo());
    for (script, expected) in [
        ("$A query --kb kb.ttl regulon --gene reg0 --format csv --out /dev/stdout", "g00"),
        ("$A query --kb kb.ttl regulon --gene reg0 --out /dev/null && test -c /dev/null && echo still", "still"),
        ("echo first > log; $A query --kb kb.ttl regulon --gene reg0 --out /dev/stdout >> log; cat log", "first"),
    ] {
        let output = bench.shell(script);
        assert!(output.status.success(), "{script}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(expected), "{script}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let bench = Bench::new();
    for arguments in [
        "query --kb kb.ttl regulon --gene reg0",
        "export --kb kb.ttl",
        "dataset summary screen.csv",
        "simulate --kb kb.ttl --perturb reg0-",
        "evaluate --kb kb.ttl --data screen.csv --against kb.ttl",
        "refine --kb kb.ttl --data screen.csv --rounds 1 --out out",
        "refine --kb kb.ttl --data screen.csv --dry-run",
        "recover --genes 40 --regulations 60 --levels 0.1 --methods do-nothing --seeds 1 --out recovered",
    ] {
        let mut child = bench.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ends");
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !log.contains("panic"), "{arguments}: {log}");
    }
    assert_eq!(bench.listing("out"), RESULTS);
}

#[test]
fn a_log_that_is_closed_or_full_ends_no_run() {
    let bench = Bench::new();
    let full = Path::new("/dev/full").exists().then_some("2>/dev/full");
    for (number, log) in ["2>&-"].into_iter().chain(full).enumerate() {
        for arguments in [
            format!("refine -v --kb kb.ttl --data screen.csv --rounds 1 --out out{number}"),
            format!("import table table.csv --regulator tf --target gene --sign sign --out again{number}.ttl"),
            format!(
                "recover --genes 40 --regulations 60 --levels 0.1 --methods do-nothing --seeds 1 --out rec{number}"
            ),
        ] {
            let output = bench.shell(&format!("$A {arguments} {log}"));
            assert_eq!(output.status.code(), Some(0), "{arguments} {log}");
        }
        assert_eq!(bench.listing(&format!("out{number}")), RESULTS);
        let failed = bench.shell(&format!("$A query --kb nothing.ttl contested {log}"));
        assert_eq!(failed.status.code(), Some(1), "an error that nobody hears is still one");
    }
    let gone = bench.shell("$A refine -v --kb kb.ttl --data screen.csv --rounds 1 --out gone 2>&1 >/dev/null | true");
    assert!(gone.status.success());
    let left = (0..100).find(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        bench.path("gone").is_dir() && bench.listing("gone").len() == RESULTS.len()
    });
    assert!(left.is_some(), "the run goes on when its log has no reader");
}

#[test]
fn what_a_kill_inside_a_write_leaves_does_not_stand_in_the_way() {
    let bench = Bench::new();
    fs::create_dir(bench.path("out")).expect("room");
    for name in [".tmpAb12Cd", ".aligned-Ab12Cd.tmp"] {
        fs::write(bench.path("out").join(name), "{\"half").expect("room");
    }
    let message = bench.refused(&format!("{REFINE} --out out --resume"));
    assert!(message.contains("holds no checkpoint.json"), "{message}");
    assert!(bench.listing("out").is_empty(), "taken away by the first run that sees them");
    bench.succeeds(&format!("{REFINE} --out out"));
    assert_eq!(bench.listing("out"), RESULTS);
    fs::write(bench.path("out/.tmp-mine"), "mine").expect("room");
    assert!(bench.refused(&format!("{REFINE} --out out")).contains("`.tmp-mine`"), "what is not ours is not touched");
}

#[test]
fn folders_of_dead_runs_are_taken_away_and_others_are_left() {
    let bench = Bench::new();
    let dead = bench.path(".aligned-dEad01");
    fs::create_dir(&dead).expect("room");
    fs::write(dead.join("lock"), "").expect("room");
    fs::write(dead.join("refined.ttl"), "half").expect("room");
    let living = bench.path(".aligned-aLive1");
    fs::create_dir(&living).expect("room");
    let lock = fs::File::create(living.join("lock")).expect("room");
    lock.lock().expect("a file system with locks");
    let foreign = bench.path(".aligned-fOrei1");
    fs::create_dir(&foreign).expect("room");
    fs::write(foreign.join("lock"), "").expect("room");
    fs::write(foreign.join("thesis.tex"), "").expect("room");
    bench.succeeds(&format!("{REFINE} --out out"));
    assert_eq!([dead, living, foreign].map(|folder| folder.exists()), [false, true, true]);
}

#[test]
fn a_publication_that_was_cut_short_is_finished_by_the_next_start() {
    let bench = Bench::new();
    bench.succeeds(&format!("{REFINE} --out new"));
    bench.succeeds(&format!("{REFINE} --out out --seed 7"));
    // As if killed after the list was made, the folder renamed, and two files moved.
    let complete = bench.path("out/.aligned-complete");
    fs::create_dir(&complete).expect("room");
    fs::write(complete.join("lock"), "").expect("room");
    fs::write(complete.join("list"), RESULTS.join("\n")).expect("room");
    for (place, name) in RESULTS.iter().enumerate() {
        let to = if place < 2 { bench.path("out").join(name) } else { complete.join(name) };
        fs::copy(bench.path("new").join(name), to).expect("room");
    }
    bench.refused("refine --kb nothing.ttl --data screen.csv --out out");
    assert_eq!(bench.listing("out"), RESULTS);
    for name in RESULTS {
        assert_eq!(fs::read(bench.path("out").join(name)).ok(), fs::read(bench.path("new").join(name)).ok(), "{name}");
    }
}

#[test]
fn a_publication_of_other_files_leaves_none_of_the_earlier_run() {
    let bench = Bench::new();
    bench.succeeds(&format!("{REFINE} --out out"));
    let triples = bench.succeeds_nquads();
    assert!(triples.contains("<http://g/1>"));
    fs::write(bench.path("graphs.nq"), triples).expect("room");
    bench.succeeds("refine --kb graphs.nq --data screen.csv --rounds 1 -q --out out");
    let names = bench.listing("out");
    assert!(names.contains(&"refined.nq".to_owned()) && !names.contains(&"refined.ttl".to_owned()), "{names:?}");
    let refined = fs::read_to_string(bench.path("out/refined.nq")).expect("there");
    assert!(refined.contains("<http://g/1>"), "the graphs are kept");
}

impl Bench {
    /// The knowledge base in N-Quads, all of it in one named graph.
    fn succeeds_nquads(&self) -> String {
        self.succeeds("import table table.csv --regulator tf --target gene --sign sign --out kb.nq");
        let text = fs::read_to_string(self.path("kb.nq")).expect("there");
        let lines = text.lines().map(|line| line.trim_end().trim_end_matches('.'));
        lines.map(|line| format!("{line}<http://g/1> .\n")).collect()
    }
}

#[test]
fn rows_that_are_finished_survive_a_restart_that_is_killed() {
    let bench = Bench::new();
    let recover = "recover --genes 40 --regulations 60 --levels 0,0.1 --methods do-nothing --seeds 2 --out rec -q";
    bench.succeeds(recover);
    let rows = fs::read(bench.path("rec/rows.jsonl")).expect("there");
    let number = |path: &str| {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(bench.path(path)).expect("there").ino()
    };
    let before = number("rec/rows.jsonl");
    bench.succeeds(recover);
    assert_eq!(
        (number("rec/rows.jsonl"), fs::read(bench.path("rec/rows.jsonl")).expect("there")),
        (before, rows.clone())
    );
    // A row cut short, also inside of a letter, is computed again.
    fs::write(bench.path("rec/rows.jsonl"), [&rows[..], b"{\"half\":\"\xc3"].concat()).expect("room");
    fs::write(bench.path("rec/.aligned-Ab12Cd.tmp"), "half").expect("room");
    bench.succeeds(recover);
    assert_eq!(fs::read(bench.path("rec/rows.jsonl")).expect("there"), rows);
    assert!(!bench.path("rec/.aligned-Ab12Cd.tmp").exists());
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_before_the_work() {
    let bench = Bench::new();
    fs::create_dir(bench.path("out")).expect("room");
    fs::set_permissions(bench.path("out"), fs::Permissions::from_mode(0o555)).expect("ours");
    let is_refused_by_system = fs::write(bench.path("out/probe"), "").is_err();
    if is_refused_by_system {
        let message = bench.refused("refine --kb nothing.ttl --out out");
        assert!(message.contains("cannot write to out"), "{message}");
        let message = bench.refused("query --kb kb.ttl contested --out out/x.csv");
        assert!(message.contains("cannot write out/x.csv"), "{message}");
    }
    fs::set_permissions(bench.path("out"), fs::Permissions::from_mode(0o755)).expect("ours");
}

#[test]
fn a_time_limit_that_ends_before_the_search_leaves_the_original_and_says_so() {
    let bench = Bench::new();
    let output = bench.run("refine --kb kb.ttl --data screen.csv --time-limit 0 --out out");
    assert_eq!(output.status.code(), Some(0));
    let log = String::from_utf8_lossy(&output.stdout);
    assert!(log.contains("the time limit was over before the first search began"), "{log}");
    assert_eq!(bench.listing("out"), RESULTS[..6]);
    assert_eq!(fs::read(bench.path("out/refined.ttl")).ok(), fs::read(bench.path("kb.ttl")).ok());
    let report = fs::read_to_string(bench.path("out/report.md")).expect("there");
    assert!(report.contains("time limit") && !report.contains("Ctrl-C"), "{report}");
}

#[test]
fn a_cell_longer_than_any_column_is_written() {
    let bench = Bench::new();
    let long = "x".repeat(70_000);
    fs::write(bench.path("long.csv"), format!("perturbation,gene,response\n{long},a,1\nb,a,0\n")).expect("room");
    let output = bench.run("dataset summary long.csv");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let script = "$A query --kb kb.ttl --sparql \"SELECT (GROUP_CONCAT(CONCAT(STR(?s), STR(?p), STR(?o))) AS ?x) (1 AS ?y) \
        {?s ?p ?o . ?a ?b ?c FILTER(ISIRI(?c))}\" | wc -L";
    let output = bench.shell(script);
    let width: usize = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number");
    assert!(width > 65_535, "{width}");
}

#[test]
fn a_question_nested_beyond_reason_ends_with_a_sentence() {
    let bench = Bench::new();
    for (levels, open, close) in [(4000, "(", ")"), (200_000, "(", ")"), (50_000, "{", "}"), (100_000, "!", "")] {
        let text = format!("ASK {{ FILTER({}1{}) }}", open.repeat(levels), close.repeat(levels));
        fs::write(bench.path("deep.rq"), text).expect("room");
        let message = bench.refused("query --kb kb.ttl --file deep.rq");
        assert!(message.contains("within one another"), "{message}");
    }
    for (repeats, code) in [(100, 0), (5000, 1)] {
        for text in ["{?a ?b ?c} UNION ", "OPTIONAL {?a ?b ?c} ", "FILTER(?a != 1) "] {
            let body = format!("ASK {{ {} {{?a ?b ?c}} }}", text.repeat(repeats));
            fs::write(bench.path("long.rq"), body).expect("room");
            let output = bench.run("query --kb kb.ttl --file long.rq");
            assert_eq!(output.status.code(), Some(code), "{text}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn turtle_and_settings_nested_beyond_reason_end_with_a_sentence() {
    let bench = Bench::new();
    for (name, text) in [
        ("blank.ttl", format!("<http://a> <http://b> {}{} .", "[ <http://b> ".repeat(100_000), "]".repeat(100_000))),
        ("list.ttl", format!("<http://a> <http://b> {}{} .", "(".repeat(100_000), ")".repeat(100_000))),
        ("open.ttl", "<http://a> <http://b> ".to_owned() + &"[ <http://b> (".repeat(100_000)),
    ] {
        fs::write(bench.path(name), text).expect("room");
        let output = bench.run(&format!("query --kb {name} contested"));
        assert_eq!(output.status.code(), Some(1), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    fs::write(bench.path("deep.toml"), format!("kb = {}", "[".repeat(100_000))).expect("room");
    fs::write(bench.path("deep.json"), "[".repeat(100_000)).expect("room");
    for arguments in ["--config deep.toml", "--kb kb.ttl --data screen.csv --split deep.json"] {
        let output = bench.run(&format!("refine {arguments} --out never"));
        assert_eq!(output.status.code(), Some(1), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_table_that_would_not_fit_into_memory_is_refused_with_the_estimate() {
    let bench = Bench::new();
    let mut table = "perturbation,gene,log2fc\n".to_owned();
    (0..30_000).for_each(|row| table.push_str(&format!("CELL{row}x,G{},{}\n", row % 200, row % 7 - 3)));
    fs::write(bench.path("barcodes.csv"), table).expect("room");
    let output = bench.shell("ulimit -v 3000000; $A dataset summary barcodes.csv");
    let message = String::from_utf8_lossy(&output.stderr).replace('│', " ");
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(1), "{message}");
    // 30,000 rows by 30,200 genes, 5 bytes each.
    assert!(message.contains("30000 perturbations and 30200 genes would take 4.5 GB"), "{message}");
}

#[test]
fn a_bomb_of_gzip_is_refused() {
    let bench = Bench::new();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![b' '; 1 << 20]).expect("memory");
    let member = encoder.finish().expect("memory");
    fs::write(bench.path("bomb.csv.gz"), member.repeat(600)).expect("room");
    let output = bench.shell("ulimit -v 500000; $A dataset summary bomb.csv.gz");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("once it is unpacked"), "{message}");
}
