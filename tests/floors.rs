//! The floors of the house: which room may import which, what each room must never know, and that the files of a room make no
//! circle.
//!
//! Reads `src/**/*.rs` with `syn`. The last test breaks each rule once, on made-up files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, Token, UseTree, Visibility};

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
    (
        "evaluation",
        5,
        &["biology", "network", "datasets", "metrics", "prediction", "symbolic", "refinement", "adaptor", "pipeline"],
    ),
    ("recovery", 5, &["biology", "network", "datasets", "metrics", "symbolic", "refinement", "pipeline"]),
    ("report", 6, &["biology", "evidence", "knowledge", "metrics", "pipeline", "evaluation", "recovery"]),
    (
        "study",
        7,
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
            "evaluation",
            "recovery",
            "report",
        ],
    ),
    (
        "cli",
        8,
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
            "exchange",
            "pipeline",
            "evaluation",
            "recovery",
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
    ("tempfile", &["study"]),
    ("clap", &["cli"]),
    ("miette", &["cli"]),
    ("ctrlc", &["cli"]),
    ("indicatif", &["cli"]),
    ("tracing_subscriber", &["cli"]),
];

/// Names that say nothing of what lives behind them.
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "core", "types", "misc"];

/// Parts of the standard library that reach outside the program; only these rooms may.
const OUTSIDE_WORLD: &[&str] = &["fs", "net", "process", "env"];
const DOORS: &[&str] = &["study", "cli"];

const PRINTING: &[&str] = &["println", "eprintln", "print", "eprint", "dbg"];

const MAIN_LINES: usize = 40;

/// A path as it stands in the source, `a::b` as two parts.
type Parts = Vec<String>;

/// What one file of `src` imports and names.
#[derive(Default)]
struct Source {
    /// Below `src`, with `/`.
    path: String,
    lines: usize,
    /// Paths of shipped code, and those under `#[cfg(test)]`.
    shipped: Vec<Parts>,
    tested: Vec<Parts>,
    /// `pub use`: the name under which something is handed on, and what it is.
    handed_on: Vec<(String, Parts)>,
    macros: Vec<String>,
    functions: usize,
    /// Modules in other files, and those of them that are compiled for tests only.
    modules: Vec<String>,
    test_modules: Vec<String>,
    in_test: bool,
}

impl Source {
    fn read(path: &str, text: &str) -> Self {
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("src/{path}: {error}"));
        let mut source = Self { path: path.to_owned(), lines: text.lines().count(), ..Self::default() };
        source.visit_file(&file);
        source
    }

    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn is_root(&self) -> bool {
        matches!(self.path.as_str(), "lib.rs" | "main.rs")
    }

    /// The module that the file is: `a/b.rs` and `a/b/mod.rs` are both `[a, b]`.
    fn module(&self) -> Parts {
        let path = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let path = path.strip_suffix("/mod").unwrap_or(path);
        if self.is_root() { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
    }

    fn is_inside(&self, home: &str) -> bool {
        let module = self.module().join("/");
        module == home || module.starts_with(&format!("{home}/"))
    }

    fn push(&mut self, path: Parts) {
        if self.in_test { self.tested.push(path) } else { self.shipped.push(path) }
    }

    /// The path from the crate on, if it leads into the crate; `aligned` is the crate as the binary names it.
    fn absolute(&self, path: &[String]) -> Option<Parts> {
        let mut module = self.module();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" | "aligned" => (module, rest) = (Vec::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            first if self.modules.iter().any(|module| module == first) => {}
            _ => return None,
        }
        module.extend(rest.iter().cloned());
        Some(module)
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    let is_test = |attribute: &Attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    };
    attributes.iter().any(is_test)
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        _ => &[],
    }
}

/// The paths of a use-tree, each with the name that it gets.
fn leaves(tree: &UseTree, before: &[String], found: &mut Vec<(String, Parts)>) {
    let with = |part: &syn::Ident| [before, &[part.to_string()]].concat();
    match tree {
        UseTree::Path(path) => leaves(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) if name.ident == "self" => {
            found.push((before.last().cloned().unwrap_or_default(), before.to_vec()));
        }
        UseTree::Name(name) => found.push((name.ident.to_string(), with(&name.ident))),
        UseTree::Rename(name) => found.push((name.rename.to_string(), with(&name.ident))),
        UseTree::Glob(_) => found.push(("*".to_owned(), before.to_vec())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, before, found)),
    }
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item(&mut self, item: &'ast Item) {
        let outside = self.in_test;
        self.in_test |= is_test(attributes(item));
        visit::visit_item(self, item);
        self.in_test = outside;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut found = Vec::new();
        leaves(&item.tree, &[], &mut found);
        for (name, path) in found {
            if matches!(item.vis, Visibility::Inherited) {
                self.push(path);
            } else {
                self.handed_on.push((name, path));
            }
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.content.is_none() {
            self.modules.push(item.ident.to_string());
            if self.in_test {
                self.test_modules.push(item.ident.to_string());
            }
        }
        visit::visit_item_mod(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.functions += 1;
        visit::visit_item_fn(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.push(path.segments.iter().map(|part| part.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Some(name) = call.path.segments.last().filter(|_| !self.in_test) {
            self.macros.push(name.ident.to_string());
        }
        // What a macro is given is an expression list as a rule; if not, it is passed over.
        if let Ok(given) = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            given.iter().for_each(|given| self.visit_expr(given));
        }
        visit::visit_macro(self, call);
    }
}

/// All that is wrong with these files.
fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let mut sources: Vec<_> = files.iter().map(|(path, text)| Source::read(path, text)).collect();
    let test_modules: BTreeSet<Parts> = sources
        .iter()
        .flat_map(|source| source.test_modules.iter().map(|name| [source.module(), vec![name.clone()]].concat()))
        .collect();
    for source in &mut sources {
        let module = source.module();
        if (1..=module.len()).any(|length| test_modules.contains(&module[..length])) {
            source.tested.append(&mut source.shipped);
            source.macros.clear();
        }
    }
    let mut faults = BTreeSet::new();
    for source in &sources {
        let own = faults_of(source).into_iter().map(|fault| format!("src/{}: {fault}", source.path));
        faults.extend(own);
    }
    faults.extend(circles(&sources));
    faults.into_iter().collect()
}

fn faults_of(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let handed_on = || source.handed_on.iter().map(|(_, path)| path);
    if !source.is_root() {
        for (paths, may) in [
            (source.shipped.iter().chain(handed_on()).collect::<Vec<_>>(), named_for as fn(&str, &str) -> bool),
            (source.tested.iter().collect(), named_for_or_below),
        ] {
            let rooms = paths.into_iter().filter_map(|path| source.absolute(path)?.first().cloned());
            let known = rooms.filter(|room| FLOORS.iter().any(|(known, ..)| known == room));
            faults.extend(
                known
                    .filter(|other| !may(source.room(), other))
                    .map(|other| format!("`{}` must not import `{other}`", source.room())),
            );
        }
    }
    for path in source.shipped.iter().chain(&source.tested).chain(handed_on()) {
        for (name, homes) in HOMES {
            if path[0] == *name && !homes.iter().any(|home| source.is_inside(home)) && !source.in_tests_of(path) {
                faults.push(format!("`{name}` is known to {} only", homes.join(" and ")));
            }
        }
    }
    let own = source.path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part));
    for name in own.chain(source.modules.iter().map(String::as_str)).filter(|name| EMPTY_NAMES.contains(name)) {
        faults.push(format!("`{name}` says nothing of what lives there"));
    }
    if !source.is_root() && !DOORS.contains(&source.room()) {
        let reaches = |path: &&Parts| path[0] == "std" && OUTSIDE_WORLD.contains(&path[1].as_str());
        let outside = source.shipped.iter().filter(|path| path.len() > 1).filter(reaches);
        faults.extend(outside.map(|path| format!("`{}` reaches outside; that is for `study`", path.join("::"))));
        let prints = source.macros.iter().filter(|name| PRINTING.contains(&name.as_str()));
        faults.extend(prints.map(|name| format!("`{name}!` prints; a library uses `tracing`")));
    }
    if source.path == "main.rs" && source.lines > MAIN_LINES {
        faults.push(format!("has more than {MAIN_LINES} lines"));
    }
    if source.path == "lib.rs" && source.functions > 0 {
        faults.push("holds a function; it is the contents page".to_owned());
    }
    faults
}

impl Source {
    /// Tests may make folders of their own.
    fn in_tests_of(&self, path: &Parts) -> bool {
        path[0] == "tempfile" && self.tested.contains(path)
    }
}

fn place_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|(known, ..)| *known == room)
}

/// What a room may import: itself, `progress`, and the rooms named for it.
fn named_for(room: &str, other: &str) -> bool {
    let named = |place: usize| FLOORS[place].2.contains(&other);
    room == other || other == "progress" || place_of(room).is_some_and(named)
}

/// What its tests may import: whatever lies below too.
fn named_for_or_below(room: &str, other: &str) -> bool {
    let floor = |room: &str| place_of(room).map(|place| FLOORS[place].1);
    named_for(room, other) || floor(other) < floor(room)
}

/// Files that need one another, directly or around. The front of a room, `mod.rs`, may call its parts and define what they
/// share.
fn circles(sources: &[Source]) -> Vec<String> {
    let files: BTreeMap<Parts, usize> = sources
        .iter()
        .enumerate()
        .filter(|(_, source)| !source.is_root())
        .map(|(place, source)| (source.module(), place))
        .collect();
    let mut graph = DiGraph::<(), ()>::new();
    let nodes: Vec<NodeIndex> = sources.iter().map(|_| graph.add_node(())).collect();
    let is_front = |place: usize| sources[place].path.ends_with("/mod.rs");
    for (place, source) in sources.iter().enumerate() {
        for path in source.shipped.iter().filter_map(|path| source.absolute(path)) {
            if let Some(other) = file_of(&path, sources, &files, 0)
                .filter(|&other| other != place && !is_front(place) && !is_front(other))
            {
                graph.update_edge(nodes[place], nodes[other], ());
            }
        }
    }
    let names = |members: &[NodeIndex]| {
        let mut names: Vec<_> = members.iter().map(|node| sources[node.index()].path.as_str()).collect();
        names.sort_unstable();
        names.join(", ")
    };
    let circles = tarjan_scc(&graph).into_iter().filter(|members: &Vec<NodeIndex>| members.len() > 1);
    circles.map(|members| format!("these files make a circle: {}", names(&members))).collect()
}

/// The file that an item of the crate stands in; what a file hands on is looked for where it comes from.
fn file_of(path: &[String], sources: &[Source], files: &BTreeMap<Parts, usize>, depth: usize) -> Option<usize> {
    let length = (1..=path.len()).rev().find(|&length| files.contains_key(&path[..length]))?;
    let place = files[&path[..length]];
    let (source, rest) = (&sources[place], &path[length..]);
    let handed_on = rest.first().and_then(|name| source.handed_on.iter().find(|(own, _)| own == name));
    match handed_on.and_then(|(_, from)| source.absolute(from)).filter(|_| depth < 8) {
        Some(from) => file_of(&[&from, &rest[1..]].concat(), sources, files, depth + 1).or(Some(place)),
        None => Some(place),
    }
}

fn collect(folder: &Path, root: &Path, found: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> =
        folder.read_dir().expect("src can be read").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).expect("below src").to_string_lossy().replace('\\', "/");
            found.push((name, std::fs::read_to_string(&path).expect("UTF-8 text")));
        }
    }
}

#[test]
fn the_house_stands() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    assert!(files.len() > 100, "only {} files found", files.len());
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let faults = faults(&files);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_room_is_on_the_plan_and_the_plan_has_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let entries = root.read_dir().expect("src can be read").map(|entry| entry.expect("an entry").path());
    let rooms: BTreeSet<_> = entries.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    let planned: BTreeSet<_> =
        FLOORS.iter().map(|(room, ..)| (*room).to_owned()).chain(["lib".to_owned(), "main".to_owned()]).collect();
    assert_eq!(rooms, planned);
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let cases: [(&[(&str, &str)], &str); 12] = [
        (&[("biology/gene.rs", "use crate::network::Arc;")], "`biology` must not import `network`"),
        (&[("metrics/mod.rs", "fn f() { crate::knowledge::parse(); }")], "`metrics` must not import `knowledge`"),
        (&[("metrics/mod.rs", "fn f() { assert!(crate::report::is_fine(3)); }")], "must not import `report`"),
        (&[("network/mod.rs", "#[cfg(test)] mod t { use crate::pipeline::run; }")], "must not import `pipeline`"),
        (&[("datasets/split.rs", "use oxigraph::store::Store;")], "`oxigraph` is known to knowledge only"),
        (&[("prediction/mod.rs", "pub use dfdx::Tensor;")], "`dfdx` is known to prediction/neural only"),
        (&[("biology/utils.rs", "")], "`utils` says nothing"),
        (&[("report/mod.rs", "fn f() { std::fs::read(\"x\"); }")], "`std::fs::read` reaches outside"),
        (&[("report/mod.rs", "fn f() { println!(\"x\"); }")], "`println!` prints"),
        (&[("lib.rs", "fn f() {}")], "it is the contents page"),
        (
            &[("metrics/one.rs", "use super::two::T;"), ("metrics/two.rs", "use super::one::f;")],
            "make a circle: metrics/one.rs, metrics/two.rs",
        ),
        (
            &[
                ("metrics/mod.rs", "mod one; mod two; pub use one::f;"),
                ("metrics/one.rs", "use super::two::T;"),
                ("metrics/two.rs", "use crate::metrics::f;"),
            ],
            "make a circle: metrics/one.rs, metrics/two.rs",
        ),
    ];
    for (files, expected) in cases {
        let found = faults(files);
        assert!(found.iter().any(|fault| fault.contains(expected)), "{files:?}: {found:?}");
    }
    for sound in [
        &[("network/mod.rs", "use crate::biology::GeneId; #[cfg(test)] mod t { use std::fs; }")][..],
        &[("metrics/mod.rs", "mod one; pub use one::f;"), ("metrics/one.rs", "pub fn f() {}")],
        &[("study/files.rs", "use std::fs;"), ("cli/mod.rs", "use aligned::study::Study;")],
    ] {
        assert_eq!(faults(sound), Vec::<String>::new(), "{sound:?}");
    }
}
