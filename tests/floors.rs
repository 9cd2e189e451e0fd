//! The floors of the house: which room may import which, and what each room must never know.
//!
//! Reads `src/**/*.rs` as text, takes comments and literals off, and holds every path against the tables below. The
//! second half puts the reader itself to the test, on snippets that break each rule.

use std::collections::BTreeSet;
use std::path::Path;

/// A room, the floor that it stands on, and the rooms that it may import besides itself and `progress`.
type Room = (&'static str, u8, &'static [&'static str]);

/// The house from the ground up. A room may import rooms of lower floors only, or of its own floor if they stand before
/// it here, and of these only those named; its tests may import whatever lies on lower floors.
const FLOORS: &[Room] = &[
    ("progress", 0, &[]),
    ("biology", 1, &[]),
    ("network", 2, &["biology"]),
    ("knowledge", 2, &["biology"]),
    ("datasets", 2, &["biology"]),
    ("metrics", 2, &["biology"]),
    ("prediction", 3, &["biology", "network", "metrics"]),
    ("symbolic", 3, &["biology", "network"]),
    ("evidence", 3, &["biology", "network"]),
    ("refinement", 3, &["biology", "network", "symbolic"]),
    ("adaptor", 3, &["biology", "metrics"]),
    ("exchange", 3, &["biology", "network", "knowledge", "datasets", "symbolic"]),
    (
        "pipeline",
        4,
        &["biology", "network", "datasets", "metrics", "prediction", "symbolic", "evidence", "refinement", "adaptor"],
    ),
    ("report", 5, &["biology", "evidence", "knowledge", "metrics", "pipeline"]),
    (
        "study",
        6,
        &[
            "biology",
            "network",
            "knowledge",
            "datasets",
            "metrics",
            "prediction",
            "symbolic",
            "refinement",
            "exchange",
            "pipeline",
            "report",
        ],
    ),
    (
        "cli",
        7,
        &[
            "biology",
            "network",
            "knowledge",
            "datasets",
            "metrics",
            "prediction",
            "symbolic",
            "evidence",
            "refinement",
            "adaptor",
            "exchange",
            "pipeline",
            "report",
            "study",
        ],
    ),
];

/// Outside crates that only these rooms, or parts of rooms, may know.
const HOMES: &[(&str, &[&str])] = &[
    ("oxigraph", &["knowledge"]),
    ("petgraph", &["network"]),
    ("dfdx", &["prediction/neural"]),
    ("gemm", &["prediction/neural"]),
    ("safetensors", &["prediction/neural"]),
    ("statrs", &["metrics", "datasets"]),
    ("rust_hdf5", &["datasets/h5ad"]),
    ("quick_xml", &["exchange"]),
    ("biodivine_lib_param_bn", &["symbolic/attractors/asynchronous"]),
    ("biodivine_algo_bdd_scc", &["symbolic/attractors/asynchronous"]),
    ("cancel_this", &["symbolic/attractors/asynchronous"]),
    ("computation_process", &["symbolic/attractors/asynchronous"]),
    ("varisat", &["symbolic/attractors/solver"]),
    ("minijinja", &["report"]),
    ("plotters", &["report"]),
    ("clap", &["cli"]),
    ("miette", &["cli"]),
    ("ctrlc", &["cli"]),
    ("tempfile", &["study"]),
    ("indicatif", &["cli"]),
    ("tracing_indicatif", &["cli"]),
    ("tracing_subscriber", &["cli"]),
];

/// Names that say nothing of what lives behind them.
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "core", "types", "misc"];

/// Parts of the standard library that reach outside the program; only `study` and `cli` may.
const OUTSIDE_WORLD: &[&str] = &["fs", "net", "process", "env"];

const PRINTING: &[&str] = &["println", "eprintln", "print", "eprint", "dbg"];

const MAIN_LINES: usize = 40;

// The rules.

/// A file of `src`, by its path below it with `/`, and its text.
struct Source {
    path: String,
    text: String,
    /// Compiled for tests only, as its parent declares.
    is_test: bool,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), is_test: false }
    }

    /// The first part of the path: the room, or the name of a file beside the rooms.
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn is_root(&self) -> bool {
        matches!(self.path.as_str(), "lib.rs" | "main.rs")
    }

    fn is_library_room(&self) -> bool {
        !self.is_root() && !matches!(self.room(), "study" | "cli")
    }

    fn is_inside(&self, home: &str) -> bool {
        let module = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        module == home || module.starts_with(&format!("{home}/"))
    }

    /// The module that the file is: `a/b.rs` and `a/b/mod.rs` are both `[a, b]`.
    fn module(&self) -> Vec<&str> {
        let mut parts: Vec<_> = self.path.strip_suffix(".rs").unwrap_or(&self.path).split('/').collect();
        if parts.last() == Some(&"mod") || self.is_root() {
            parts.pop();
        }
        parts
    }
}

/// All that is wrong with one file.
fn faults(source: &Source) -> Vec<String> {
    let tokens = tokens(&source.text);
    let shipped = if source.is_test { Vec::new() } else { without_tests(&tokens) };
    let mut faults = Vec::new();
    if !source.is_root() {
        faults.extend(wrong_imports(source, &paths(&shipped), named_for));
        faults.extend(wrong_imports(source, &paths(&tokens), named_for_or_below));
    }
    faults.extend(strangers(source, &paths(&tokens)));
    faults.extend(empty_names(source, &tokens));
    if source.is_library_room() {
        faults.extend(reaches_outside(&shipped));
    }
    if source.path == "main.rs" && source.text.lines().count() > MAIN_LINES {
        faults.push(format!("has more than {MAIN_LINES} lines"));
    }
    if source.path == "lib.rs" && tokens.iter().any(|token| token == "fn") {
        faults.push("holds a function; it is the contents page".to_owned());
    }
    let faults: BTreeSet<_> = faults.into_iter().collect();
    faults.into_iter().map(|fault| format!("src/{}: {fault}", source.path)).collect()
}

fn room(name: &str) -> Option<&'static Room> {
    FLOORS.iter().find(|(room, ..)| *room == name)
}

/// What a room may import: itself, `progress`, and the rooms named for it.
fn named_for((own, _, allowed): &Room, imported: &str) -> bool {
    imported == *own || imported == "progress" || allowed.contains(&imported)
}

/// What the tests of a room may import: also any room of a lower floor, to build what the room is given.
fn named_for_or_below(own: &Room, imported: &str) -> bool {
    named_for(own, imported) || room(imported).is_some_and(|&(_, floor, _)| floor < own.1)
}

fn wrong_imports(source: &Source, paths: &[Vec<String>], may: fn(&Room, &str) -> bool) -> Vec<String> {
    let Some(own) = room(source.room()) else {
        return vec![format!("room `{}` stands on no floor; give it one in tests/floors.rs", source.room())];
    };
    let imported: BTreeSet<_> = paths.iter().filter_map(|path| room_of(path, source)).collect();
    let wrong = imported.into_iter().filter(|imported| !may(own, imported));
    wrong.map(|imported| format!("`{}` must not import `{imported}`", own.0)).collect()
}

/// The room that a path leads to, if it goes through the root of the crate.
fn room_of(path: &[String], source: &Source) -> Option<String> {
    let climbs = path.iter().filter(|part| *part == "super").count();
    let climbed: Vec<_> = path.iter().skip_while(|part| ["self", "super"].contains(&part.as_str())).collect();
    match path.first()?.as_str() {
        "crate" | "aligned" => path.get(1).cloned(),
        // An inline module adds depth that is not seen here, so what is reached counts only if it is named as a room.
        "self" | "super" if climbs >= source.module().len() => {
            climbed.first().map(|part| (*part).clone()).filter(|name| room(name).is_some())
        }
        _ => None,
    }
}

fn strangers(source: &Source, paths: &[Vec<String>]) -> Vec<String> {
    let used: BTreeSet<_> = paths.iter().filter_map(|path| path.first()).collect();
    let lives_here = |homes: &[&str]| homes.iter().any(|home| source.is_inside(home));
    let strangers = HOMES.iter().filter(|(name, homes)| used.contains(&(*name).to_owned()) && !lives_here(homes));
    strangers.map(|(name, homes)| format!("`{name}` lives only in {}", homes.join(", "))).collect()
}

fn empty_names(source: &Source, tokens: &[String]) -> Vec<String> {
    let own = source.path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part));
    let declared = tokens.windows(2).filter(|pair| pair[0] == "mod").map(|pair| pair[1].as_str());
    let empty = own.chain(declared).filter(|name| EMPTY_NAMES.contains(name));
    empty.map(|name| format!("`{name}` says nothing of what lives there")).collect()
}

fn reaches_outside(tokens: &[String]) -> Vec<String> {
    let world = paths(tokens).into_iter().filter(|path| {
        path.first().is_some_and(|first| first == "std")
            && path.get(1).is_some_and(|part| OUTSIDE_WORLD.contains(&part.as_str()))
    });
    let world = world.map(|path| format!("`{}` reaches outside; that is for `study`", path.join("::")));
    let prints = tokens.windows(2).filter(|pair| pair[1] == "!" && PRINTING.contains(&pair[0].as_str()));
    let prints = prints.map(|pair| format!("`{}!` prints; a library tells by `tracing`", pair[0]));
    world.chain(prints).collect()
}

// The reader.

/// Words and marks of a source text, `::` as one mark; comments, literals and lifetimes left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest).unwrap_or_else(|| {
            let length = word_length(rest).unwrap_or(if rest.starts_with("::") { 2 } else { first.len_utf8() });
            if !first.is_whitespace() {
                tokens.push(rest[..length].to_owned());
            }
            length
        });
        rest = &rest[length..];
    }
    tokens
}

fn word_length(text: &str) -> Option<usize> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let length = text.find(|letter| !is_word(letter)).unwrap_or(text.len());
    (length > 0).then_some(length)
}

/// Length of the comment, literal or lifetime that the text starts with.
fn skipped(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(block_comment(text));
    }
    for prefix in ["r", "br", "cr"] {
        if let Some(length) = text.strip_prefix(prefix).and_then(raw_string) {
            return Some(prefix.len() + length);
        }
    }
    for prefix in ["", "b", "c"] {
        if text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('"')) {
            return Some(prefix.len() + quoted(&text[prefix.len()..], '"'));
        }
    }
    if text.starts_with('\'') {
        return Some(character_or_lifetime(text));
    }
    None
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.find(|letter| letter != '#')?;
    text[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = hashes + 1;
    Some(text[start..].find(&end).map_or(text.len(), |at| start + at + end.len()))
}

fn quoted(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote {
            return at + 1;
        }
    }
    text.len()
}

fn character_or_lifetime(text: &str) -> usize {
    let mut letters = text.chars().skip(1);
    match (letters.next(), letters.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted(text, '\''),
        _ => 1 + word_length(&text[1..]).unwrap_or(0),
    }
}

/// Every path of two parts or more, and every path of a `use`; groups are taken apart.
fn paths(tokens: &[String]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        // `use<…>` in a type names captured lifetimes and imports nothing.
        let begins_use = (tokens[at] == "use" && !next_is(tokens, at, "<"))
            || (tokens[at] == "crate" && at > 0 && tokens[at - 1] == "extern");
        if begins_use {
            at = tree(tokens, at + 1, &[], &mut paths);
        } else if is_word(&tokens[at]) && next_is(tokens, at, "::") {
            let end = chain_end(tokens, at);
            paths.push(chain(tokens, at, end));
            at = end;
        } else {
            at += 1;
        }
    }
    paths
}

fn is_word(token: &str) -> bool {
    word_length(token).is_some()
}

fn next_is(tokens: &[String], at: usize, mark: &str) -> bool {
    tokens.get(at + 1).is_some_and(|token| token == mark)
}

fn chain_end(tokens: &[String], mut at: usize) -> usize {
    while next_is(tokens, at, "::") && tokens.get(at + 2).is_some_and(|token| is_word(token)) {
        at += 2;
    }
    at + 1
}

fn chain(tokens: &[String], start: usize, end: usize) -> Vec<String> {
    tokens[start..end].iter().filter(|token| *token != "::").cloned().collect()
}

/// Reads one use-tree; hands back where it ends.
fn tree(tokens: &[String], mut at: usize, before: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    let mut path = before.to_vec();
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "::" => at += 1,
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}" && token != ";") {
                    at = tree(tokens, at, &path, paths);
                    at += usize::from(tokens.get(at).is_some_and(|token| token == ","));
                }
                return at + 1;
            }
            "as" => at += 2,
            "," | "}" | ";" => break,
            part => {
                path.push(part.to_owned());
                at += 1;
            }
        }
    }
    paths.push(path);
    // A mark out of place is passed over, so that reading always goes on.
    if before.is_empty() { at + 1 } else { at }
}

const TEST_MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];

fn is_test_mark(tokens: &[String]) -> bool {
    tokens.iter().take(TEST_MARK.len()).eq(TEST_MARK.iter())
}

/// The tokens outside of items marked `#[cfg(test)]`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_test_mark(&tokens[at..]) {
            at = item_end(tokens, at + TEST_MARK.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// The modules in other files that a file declares under `#[cfg(test)]`, as paths below `src`.
fn test_modules(source: &Source) -> Vec<String> {
    let tokens = tokens(&source.text);
    let marks = (0..tokens.len()).filter(|&at| is_test_mark(&tokens[at..]));
    let declared = marks.filter_map(|at| match &tokens[at + TEST_MARK.len()..] {
        [word, name, end, ..] if word == "mod" && end == ";" => Some(name),
        _ => None,
    });
    declared.map(|name| [&source.module()[..], &[name.as_str()]].concat().join("/")).collect()
}

fn mark_tests(house: &mut [Source]) {
    let modules: Vec<_> = house.iter().flat_map(test_modules).collect();
    for source in house {
        source.is_test = modules.iter().any(|module| source.is_inside(module));
    }
}

/// Where an item ends: after its `;`, or after the brace that closes its body.
fn item_end(tokens: &[String], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

fn sources(folder: &Path, below: &str, found: &mut Vec<Source>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).expect("src can be read").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let inside = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if path.is_dir() {
            sources(&path, &inside, found);
        } else if name.ends_with(".rs") {
            found.push(Source::new(&inside, &std::fs::read_to_string(&path).expect("a source file is text")));
        }
    }
}

// The promises.

#[test]
fn every_import_points_to_a_lower_floor_and_every_stranger_stays_at_home() {
    let mut house = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut house);
    mark_tests(&mut house);
    let rooms: BTreeSet<_> = house.iter().map(Source::room).collect();
    for (room, ..) in FLOORS {
        assert!(rooms.contains(room), "room `{room}` is missing; was anything read at all?");
    }
    let faults: Vec<_> = house.iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_floors_themselves_only_look_down() {
    for (position, (room, floor, allowed)) in FLOORS.iter().enumerate() {
        let below = |lower: &str| FLOORS[..position].iter().any(|(name, height, _)| *name == lower && height <= floor);
        assert!(allowed.iter().all(|lower| below(lower)), "`{room}` looks up");
    }
}

fn is_refused(path: &str, text: &str) {
    assert!(!faults(&Source::new(path, text)).is_empty(), "nobody minded this in {path}:\n{text}");
}

fn is_accepted(path: &str, text: &str) {
    assert_eq!(faults(&Source::new(path, text)), Vec::<String>::new(), "in {path}:\n{text}");
}

#[test]
fn an_import_from_above_is_noticed_however_it_is_written() {
    for text in [
        "use crate::pipeline::Outcome;",
        "pub use crate::pipeline;",
        "pub(crate) use crate :: pipeline :: Outcome as End;",
        "use crate::{biology::GeneId, pipeline::{Outcome, StopReason}};",
        "use {std::fmt, crate::{biology, pipeline}};",
        "fn f() { crate::pipeline::run(); }",
        "fn f(outcome: &crate::pipeline::Outcome) {}",
        "use super::super::pipeline::Outcome;",
        "fn f() { super::super::pipeline::run(); }",
        "use crate::*;",
        "mod tests { use crate::pipeline::Outcome; }",
        "const C: char = '\"'; use crate::pipeline::Outcome;",
        "const C: char = '\\''; use crate::pipeline::Outcome; const D: &str = \"\";",
        "fn f<'a>(x: &'a str) -> &'a crate::pipeline::Outcome { x }",
        "const R: &str = r#\"a \" b\"#; use crate::pipeline::Outcome;",
        "/* a /* nested */ comment */ use crate::pipeline::Outcome;",
        "macro_rules! m { () => { $crate::pipeline::run() } }",
    ] {
        is_refused("network/topology.rs", text);
    }
    is_refused("biology/mod.rs", "use super::network::RegulatoryNetwork;");
    is_refused("adaptor/exact.rs", "use crate::symbolic::Reading;");
    is_refused("knowledge/store.rs", "use crate::network::RegulatoryNetwork;");
    is_refused("pipeline/runner.rs", "use crate::knowledge::KnowledgeBase;");
    is_refused("parlour/mod.rs", "");
}

#[test]
fn an_import_from_below_a_comment_and_a_literal_are_let_through() {
    for text in [
        "use crate::biology::{GeneId, Regulation, Sign};",
        "use crate::network::Neighbour; use crate::progress::Watch;",
        "use super::Neighbour; mod tests { use super::super::Neighbour; }",
        "/// See [`crate::pipeline::Outcome`].\nstruct Place;",
        "// use crate::pipeline::Outcome;",
        "/* crate::pipeline::run() */",
        "const S: &str = \"crate::pipeline::run() \\\" \"; const R: &str = r#\"use oxigraph::x; \"\"#;",
        "pub(crate) struct Inner;",
        "fn f(&self) -> impl Iterator<Item = u8> + use<'_> { let a = 1; g(a); }",
    ] {
        is_accepted("network/topology.rs", text);
    }
    is_accepted("pipeline/runner.rs", "use crate::refinement::refine; use crate::prediction::neural::NeuralConfig;");
    is_accepted("cli/refine.rs", "use aligned::knowledge::KnowledgeBase; use crate::cli::files; use std::fs;");
}

#[test]
fn tests_may_build_what_a_room_is_given_from_lower_floors_and_from_no_others() {
    is_accepted("report/mod.rs", "#[cfg(test)] mod tests { use crate::network::RegulatoryNetwork; }");
    is_refused("report/mod.rs", "mod tests { use crate::network::RegulatoryNetwork; }");
    is_refused("report/mod.rs", "#[cfg(test)] mod tests {} use crate::network::RegulatoryNetwork;");
    is_refused("metrics/mod.rs", "#[cfg(test)] mod tests { use crate::prediction::Prediction; }");
    is_refused("metrics/mod.rs", "#[cfg(test)] mod tests { use crate::network::RegulatoryNetwork; }");
    let mut house = [
        Source::new("report/mod.rs", "#[cfg(test)] mod samples; mod pages;"),
        Source::new("report/samples.rs", "use crate::network::RegulatoryNetwork; fn f() { println!(); }"),
        Source::new("report/pages.rs", "use crate::network::RegulatoryNetwork;"),
    ];
    mark_tests(&mut house);
    assert_eq!(house.each_ref().map(|source| source.is_test), [false, true, false]);
    assert_eq!(house.each_ref().map(|source| faults(source).len()), [0, 0, 1]);
}

#[test]
fn a_stranger_outside_of_its_room_is_noticed() {
    is_refused("network/topology.rs", "use oxigraph::store::Store;");
    is_refused("knowledge/store.rs", "use petgraph as graphs;");
    is_refused("prediction/mod.rs", "use dfdx::prelude::*;");
    is_refused("prediction/neural_gates.rs", "fn f() { gemm::gemm(); }");
    is_refused("adaptor/exact.rs", "extern crate statrs;");
    is_refused("report/html.rs", "#[derive(clap::Args)] struct A;");
    is_refused("report/html.rs", "use {serde::Serialize, miette::Report};");
    is_accepted("knowledge/store.rs", "use oxigraph::store::Store;");
    is_accepted("prediction/neural/mlp.rs", "use dfdx::prelude::*; use gemm::Parallelism;");
    is_accepted("cli/mod.rs", "use clap::Parser;");
    is_accepted("network/topology.rs", "use crate::biology::clap; fn f() { let gemm = 1; }");
}

#[test]
fn files_opened_and_lines_printed_by_the_library_are_noticed() {
    is_refused("datasets/mod.rs", "use std::fs::File;");
    is_refused("datasets/mod.rs", "use std::{fmt, fs};");
    is_refused("datasets/mod.rs", "fn f() { std::process::exit(1) }");
    is_refused("pipeline/mod.rs", "fn f() { println!(\"done\"); }");
    is_refused("pipeline/mod.rs", "fn f() { eprint ! (\"done\"); }");
    is_refused("pipeline/mod.rs", "#[cfg(test)] mod tests { fn f() {} } fn g() { dbg!(1); }");
    is_accepted(
        "pipeline/mod.rs",
        "#[cfg(test)] mod tests { fn f() { println!(\"skipped\"); std::fs::read(\"x\"); } }",
    );
    is_accepted("cli/mod.rs", "fn f() { println!(\"done\"); std::fs::read(\"x\"); }");
}

#[test]
fn empty_names_and_fat_roots_are_noticed() {
    is_refused("network/utils.rs", "");
    is_refused("network/helpers/mod.rs", "");
    is_refused("network/mod.rs", "mod common;");
    is_refused("lib.rs", "pub fn refine() {}");
    is_refused("main.rs", &"\n".repeat(MAIN_LINES + 1));
    is_accepted("lib.rs", "//! fn in words\npub mod biology;");
}
