//! `aligned kb diff`: What differs between knowledge bases, as text, as JSON, or as a patch.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aligned::biology::Citation;
use aligned::knowledge::KnowledgeBase;
use aligned::knowledge::patch::{Comparison, Content, NamedStatement, Patch, ThreeWay, Verdict};
use aligned::study::Settings;
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic as _, Result};
use serde_json::json;

use super::{output, read, told};

/// What differs between knowledge bases, as text, as JSON, or as a patch.
///
/// A patch is text (RDF Patch: lines that begin with A come in, with D go out), one block for each regulation or revision. Delete
/// the blocks that you reject; `aligned kb apply` applies the rest, to this knowledge base and no other.
#[derive(Args)]
#[command(after_help = "Examples:\n  aligned kb diff knowledge/toy.ttl knowledge/ecoli_core.ttl\n  aligned kb diff \
                        knowledge/toy.ttl knowledge/ecoli_core.ttl --out changes.rdfp\n  aligned kb diff --base \
                        knowledge/toy.ttl knowledge/ecoli_core.ttl knowledge/toy.ttl\n  aligned kb diff --run \
                        aligned-out --out changes.rdfp")]
pub struct DiffArgs {
    /// Before and after; with --run at most the base [default: what the run started from]; with --base what became of it twice.
    #[arg(value_name = "FILE", num_args = 0..=2)]
    files: Vec<PathBuf>,
    /// The folder of a refinement: its knowledge base against what was refined, one block for each revision.
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// A knowledge base of which both FILEs were made: what changed in both, in one only, and in opposite ways.
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    base: Option<PathBuf>,
    /// How it is told [default: by the extension of --out, else a patch with --run and text without].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where it is written, in place of standard output: a patch for `.rdfp`, JSON for `.json`, else text.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// End with 1 if there is a difference, 0 if there is none, 2 if a file cannot be read [default: 0 in both cases].
    #[arg(long)]
    pub(super) exit_code: bool,
    /// A folder with `extract/*.rq` in place of the compiled-in rules.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each statement: + added, - removed, ~ flipped, * other evidence.
    Text,
    /// One object.
    Json,
    /// RDF Patch.
    Patch,
}

impl DiffArgs {
    fn format(&self) -> Format {
        let name = self.out.as_deref().map(|path| path.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        self.format.unwrap_or_else(|| match plain.rsplit_once('.') {
            Some((_, "rdfp")) => Format::Patch,
            Some((_, "json")) => Format::Json,
            _ => Format::Text,
        })
    }
}

/// Runs the subcommand; true if there is a difference.
pub fn run(arguments: &DiffArgs) -> Result<bool> {
    let (text, differs) = match (&arguments.base, &arguments.run) {
        (Some(base), _) => three_way(arguments, base)?,
        (None, Some(folder)) => of_run(arguments, folder)?,
        (None, None) => two_files(arguments)?,
    };
    output::deliver(arguments.out.as_deref(), |out| out.write_all(text.as_bytes()))?;
    Ok(differs)
}

/// A knowledge base and the name that stands in messages.
struct Named {
    name: String,
    base: KnowledgeBase,
}

fn named(path: Option<&Path>, rules: Option<&Path>) -> Result<Named> {
    let (input, base) = read(path, rules)?;
    Ok(Named { name: input.name(), base })
}

fn two_files(arguments: &DiffArgs) -> Result<(String, bool)> {
    let [before, after] = arguments.files.as_slice() else {
        miette::bail!("name two knowledge bases, before and after, or the folder of a refinement with --run");
    };
    let rules = arguments.rules.as_deref();
    show(&named(Some(before), rules)?, &named(Some(after), rules)?, arguments.format())
}

fn of_run(arguments: &DiffArgs, folder: &Path) -> Result<(String, bool)> {
    let rules = arguments.rules.as_deref();
    let refined = ["refined.ttl", "refined.nq"].map(|name| folder.join(name)).into_iter().find(|path| path.exists());
    let Some(refined) = refined else {
        miette::bail!("{} holds no refined.ttl; name the folder that `aligned refine` wrote", folder.display());
    };
    let base = match arguments.files.as_slice() {
        [] => Settings::read(Some(&folder.join("config.toml"))).map_err(told)?.kb,
        [base] => Some(base.clone()),
        _ => miette::bail!("with --run there is one knowledge base at most, the one that was refined"),
    };
    let (base, refined) = (named(base.as_deref(), rules)?, named(Some(&refined), rules)?);
    let (before, after) = (Content::of(&base.base).into_diagnostic()?, Content::of(&refined.base).into_diagnostic()?);
    // A refinement takes nothing away from its file.
    let missing = before.lines().difference(after.lines()).count();
    if missing > 0 {
        miette::bail!(
            help = "name the knowledge base that was refined behind --run DIR",
            "{} was not made of {}: {missing} of its statements are missing there",
            refined.name,
            base.name
        );
    }
    let format = arguments.format.unwrap_or(if arguments.out.is_none() { Format::Patch } else { arguments.format() });
    show(&base, &refined, format)
}

fn show(before: &Named, after: &Named, format: Format) -> Result<(String, bool)> {
    let comparison = Comparison::between(&before.base, &after.base);
    let patch = patch(before, after);
    if format == Format::Patch {
        let patch = patch?;
        return Ok((patch.to_text(), !patch.is_empty()));
    }
    // Text and JSON tell what is in force also where a patch cannot be made.
    let counts = patch.as_ref().ok().map(Patch::counts);
    let differs = !comparison.is_empty() || counts.is_some_and(|counts| counts != (0, 0));
    let text = match format {
        Format::Json => {
            let statements = counts.map(|(added, removed)| json!({ "added": added, "removed": removed }));
            let shown = json!({
                "before": before.name, "after": after.name, "differences": comparison, "statements": statements,
            });
            format!("{shown:#}\n")
        }
        _ => text_of(before, after, &comparison, counts),
    };
    Ok((text, differs))
}

fn patch(before: &Named, after: &Named) -> Result<Patch> {
    let (from, to) = (Content::of(&before.base).into_diagnostic()?, Content::of(&after.base).into_diagnostic()?);
    let headings = [
        format!("Changes from {} to {}.", before.name, after.name),
        "Delete the blocks that you reject, from one empty line to the next; the rest still applies, and only to the"
            .to_owned(),
        "knowledge base whose content has this hash.".to_owned(),
    ];
    Ok(Patch::between(&from, &to, &headings))
}

fn text_of(before: &Named, after: &Named, comparison: &Comparison, counts: Option<(usize, usize)>) -> String {
    let mut text =
        format!("--- {}: {}\n+++ {}: {}\n", before.name, counted(&before.base), after.name, counted(&after.base));
    let mut say = |mark: char, words: &str| writeln!(text, "{mark} {words}").unwrap_or_default();
    comparison.genes_removed.iter().for_each(|gene| say('-', &format!("gene {gene}")));
    comparison.genes_added.iter().for_each(|gene| say('+', &format!("gene {gene}")));
    comparison.genes_renamed.iter().for_each(|(before, after)| say('~', &format!("gene {before} → {after}")));
    comparison.removed.iter().for_each(|statement| say('-', &statement.in_words()));
    comparison.added.iter().for_each(|statement| say('+', &statement.in_words()));
    let flip = |statement: &NamedStatement| format!("{} → {}", statement.in_words(), statement.flipped().in_words());
    comparison.flipped.iter().for_each(|statement| say('~', &flip(statement)));
    for change in &comparison.evidence {
        say('*', &format!("{}: {}", change.statement.in_words(), evidence(&change.before, &change.after)));
    }
    let Comparison { added, removed, flipped, evidence, .. } = comparison;
    let (added, removed, flipped, evidence) = (added.len(), removed.len(), flipped.len(), evidence.len());
    let _ = write!(text, "{added} added, {removed} removed, {flipped} flipped, {evidence} with other evidence");
    text += &match counts {
        Some((added, removed)) => format!("; in all {added} RDF statements more and {removed} fewer\n"),
        None => "; no patch can be made, see the same with --format patch\n".to_owned(),
    };
    text
}

fn counted(base: &KnowledgeBase) -> String {
    let (genes, regulations, effects) = (base.genes().len(), base.regulations().len(), base.effects().len());
    format!("{genes} genes, {regulations} regulations, {effects} effects")
}

fn evidence(before: &Citation, after: &Citation) -> String {
    let lists = [
        ("kind", &before.kinds, &after.kinds),
        ("source", &before.sources, &after.sources),
        ("reference", &before.references, &after.references),
    ];
    let mut told = Vec::new();
    for (what, before, after) in lists {
        let lost = before.iter().filter(|value| !after.contains(value));
        told.extend(lost.map(|value| format!("{what} −{value}")));
        let new = after.iter().filter(|value| !before.contains(value));
        told.extend(new.map(|value| format!("{what} +{value}")));
    }
    if before.evidence_count != after.evidence_count {
        told.push(format!("evidence {} → {}", before.evidence_count, after.evidence_count));
    }
    if before.confidence != after.confidence {
        let shown = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        told.push(format!("confidence {} → {}", shown(before.confidence), shown(after.confidence)));
    }
    told.join(", ")
}

fn three_way(arguments: &DiffArgs, base: &Path) -> Result<(String, bool)> {
    let [first, second] = arguments.files.as_slice() else {
        miette::bail!("with --base name the two knowledge bases that were made of it");
    };
    let rules = arguments.rules.as_deref();
    let (base, first, second) = (named(Some(base), rules)?, named(Some(first), rules)?, named(Some(second), rules)?);
    let compared = ThreeWay::between(&base.base, &first.base, &second.base);
    let differs = !compared.changes.is_empty();
    let text = match arguments.format() {
        Format::Patch => miette::bail!("a comparison of three is no patch; leave --base out, or take text or json"),
        Format::Json => {
            let names = json!({ "base": base.name, "first": first.name, "second": second.name });
            format!("{:#}\n", json!({ "files": names, "changes": compared.changes }))
        }
        Format::Text => three_in_words(&compared, &base.name, &first.name, &second.name),
    };
    Ok((text, differs))
}

fn three_in_words(compared: &ThreeWay, base: &str, first: &str, second: &str) -> String {
    let mut text = String::new();
    for verdict in Verdict::ALL {
        let heading = match verdict {
            Verdict::Both => format!("changed alike in {first} and {second}"),
            Verdict::Opposite => format!("changed in both, and in opposite ways: {first} | {second}"),
            Verdict::OnlyFirst => format!("only in {first}"),
            Verdict::OnlySecond => format!("only in {second}"),
        };
        let _ = writeln!(text, "{heading} (against {base}): {}", compared.count(verdict));
        for change in compared.changes.iter().filter(|change| change.verdict == verdict) {
            let words = |signs| change.in_words(signs);
            let now = match verdict {
                Verdict::Both | Verdict::OnlyFirst => words(&change.first),
                Verdict::OnlySecond => words(&change.second),
                Verdict::Opposite => format!("{} | {}", words(&change.first), words(&change.second)),
            };
            let _ = writeln!(text, "  {} → {now}", words(&change.base));
        }
    }
    text
}
