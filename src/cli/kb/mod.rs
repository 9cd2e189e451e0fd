//! `aligned kb`: Look at knowledge bases as one looks at code: count, check, compare, patch, join, cut out.

mod apply;
mod diff;
mod merge;
mod stats;
mod subset;
mod validate;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aligned::knowledge::patch::{Content, leading_comments};
use aligned::knowledge::{KnowledgeBase, RdfSyntax};
use aligned::study::knowledge_base::{extraction_rules, parse, read_input};
use clap::{Args, Subcommand};
use miette::{IntoDiagnostic as _, Result};

use super::files::{self, Input};
use super::hints::told;
use super::{output, report_error};

/// Look at knowledge bases as one looks at code: count, check, compare, patch, join, cut out.
#[derive(Args)]
pub struct KbArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Stats(stats::StatsArgs),
    Validate(validate::ValidateArgs),
    Diff(diff::DiffArgs),
    Apply(apply::ApplyArgs),
    Merge(merge::MergeArgs),
    Subset(subset::SubsetArgs),
}

/// Exit code of a file that cannot be read, where 1 says that something was found.
const UNREADABLE: u8 = 2;

/// Runs the subcommand; 1 says that something was found or went wrong, 2 that a file cannot be read where 1 says the former.
pub fn run(arguments: &KbArgs) -> ExitCode {
    let failed = |code: u8| {
        move |report| {
            report_error(&report);
            ExitCode::from(code)
        }
    };
    let plain = |result: Result<()>| result.map_or_else(failed(1), |()| ExitCode::SUCCESS);
    let finding =
        |result: Result<bool>| result.map_or_else(failed(UNREADABLE), |found| ExitCode::from(u8::from(found)));
    match &arguments.what {
        What::Stats(arguments) => plain(stats::run(arguments)),
        What::Validate(arguments) => finding(validate::run(arguments)),
        What::Diff(arguments) => match (diff::run(arguments), arguments.exit_code) {
            (result, true) => finding(result),
            (result, false) => plain(result.map(|_| ())),
        },
        What::Apply(arguments) => plain(apply::run(arguments)),
        What::Merge(arguments) => plain(merge::run(arguments)),
        What::Subset(arguments) => plain(subset::run(arguments)),
    }
}

/// The knowledge base that a command reads.
#[derive(Args)]
struct Source {
    /// The knowledge base: any format that `aligned convert` reads, plain or gzip [default: the embedded E. coli core].
    #[arg(long, value_name = "FILE")]
    kb: Option<PathBuf>,
    /// A folder with `extract/*.rq` in place of the compiled-in rules.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

impl Source {
    fn read(&self) -> Result<(Input, KnowledgeBase)> {
        read(self.kb.as_deref(), self.rules.as_deref())
    }
}

/// Reads a knowledge base, or the embedded one.
fn read(path: Option<&Path>, rules: Option<&Path>) -> Result<(Input, KnowledgeBase)> {
    let input = input(path)?;
    let base = parse(&input, &extraction_rules(rules).map_err(told)?).map_err(told)?;
    Ok((input, base))
}

fn input(path: Option<&Path>) -> Result<Input> {
    read_input(path).map_err(told)
}

/// Refuses a place that is taken, unless it may be replaced.
fn check_free(path: Option<&Path>, force: bool) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    files::spare_inputs(path)?;
    files::refuse_taken(path, force)
}

/// The syntax that a place asks for; Turtle on standard output, or N-Quads where Turtle will not do.
fn syntax_for(out: Option<&Path>, content: &Content) -> Result<RdfSyntax> {
    match out {
        Some(path) => RdfSyntax::from_file_name(&path.display().to_string()).into_diagnostic(),
        None if content.has_named_graphs() => Ok(RdfSyntax::NQuads),
        None => Ok(RdfSyntax::Turtle),
    }
}

/// Writes a content with the comments at the head of the knowledge base that it came from.
fn write_content(content: &Content, like: &KnowledgeBase, name: &str, out: Option<&Path>) -> Result<()> {
    let syntax = syntax_for(out, content)?;
    let mut text = Vec::new();
    content.write(name, &leading_comments(like), syntax, &mut text).into_diagnostic()?;
    output::deliver(out, |out| out.write_all(&text))
}
