//! `aligned evaluate`: knowledge bases side by side on the same experiments.

use std::io;
use std::path::{Path, PathBuf};

use aligned::datasets::Part;
use aligned::study::{Evaluated, EvaluationRequest, Settings, evaluate};
use clap::{Args, ValueEnum};
use miette::{Result, bail};

use super::hints::told;
use super::options::ScoredArgs;
use super::output::deliver;
use super::terminal::Terminal;

/// Score knowledge bases on perturbation experiments.
///
/// The knowledge base and those of --against are scored side by side on the same experiments, and the revisions that lead to
/// them are counted that these data replicate or contradict; with --seen, also apart for the perturbations that the refinement
/// had data of and for those that it never had.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct EvaluateArgs {
    /// Knowledge base to compare with that of --kb, for example a refined.ttl; may be given several times.
    #[arg(long, value_name = "FILE", required = true)]
    against: Vec<PathBuf>,
    /// Responses that the refinement had: its perturbations are scored apart from those never seen. Where the table has
    /// a column for the part of a split, test rows count as never seen.
    #[arg(long, value_name = "FILE")]
    seen: Option<PathBuf>,
    /// Score only this part of the data, by --split or the table's own column.
    #[arg(long, value_enum)]
    part: Option<PartName>,
    /// Folder for the tables.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    scored: ScoredArgs,
}

const EXAMPLES: &str = "Example, after `aligned refine`:
  aligned evaluate --against aligned-out/refined.ttl";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PartName {
    Train,
    Validation,
    Test,
}

impl From<PartName> for Part {
    fn from(name: PartName) -> Self {
        match name {
            PartName::Train => Self::Train,
            PartName::Validation => Self::Validation,
            PartName::Test => Self::Test,
        }
    }
}

/// Runs the subcommand.
pub fn run(arguments: &EvaluateArgs) -> Result<()> {
    let settings = arguments.scored.settings()?;
    if arguments.scored.split.is_some() && arguments.part.is_none() {
        bail!("`--split` needs `--part` to say which part of it is scored");
    }
    let request = EvaluationRequest {
        against: arguments.against.clone(),
        seen: arguments.seen.clone(),
        part: arguments.part.map(Part::from),
        resamples: arguments.scored.resamples as usize,
        ..EvaluationRequest::default()
    };
    score(&settings, &request, arguments.out.as_deref())
}

/// Runs an evaluation, writes its tables into a folder, if there is one, and shows them.
pub fn score(settings: &Settings, request: &EvaluationRequest, folder: Option<&Path>) -> Result<()> {
    let output = folder.map(Evaluated::claim).transpose().map_err(told)?;
    let progress = Terminal::new();
    let evaluated = evaluate(settings, request, &progress).map_err(told)?;
    progress.finish();
    if let Some(output) = output {
        evaluated.write_into(output).map_err(told)?;
    }
    deliver(None, |out| evaluated.report().write_markdown(out).map_err(io::Error::from))
}
