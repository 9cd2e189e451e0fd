//! `aligned compare`: predictors side by side on the same held-out experiments.

use std::io;
use std::path::PathBuf;

use aligned::study::{ComparisonRequest, NamedPredictions, compare};
use clap::{Args, ValueEnum};
use miette::Result;

use super::Interrupted;
use super::cells::MatrixArgs;
use super::hints::told;
use super::options::{self, SchemeName, ScoredArgs};
use super::output::deliver;
use super::terminal::Terminal;

/// Compare predictors on held-out perturbation experiments.
///
/// Each learns from the training part of every split and is scored on what was held out, next to chance and the simple
/// baselines. Finished folds are kept in --out, so that the same command resumes a stopped one.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct CompareArgs {
    /// Whom to compare, separated by commas, or `all`: chance, knowledge, no-change, mean, additive, linear, linear-regulon,
    /// ridge-pca, ridge-regulon, ridge-walks, neighbours, neighbours-walks, forest, ode, mlp, gnn, stacked, aligned-mlp,
    /// aligned-gnn. `aligned-NAME` is the loop around any of them.
    #[arg(long, value_name = "LIST", value_delimiter = ',', required = true)]
    predictors: Vec<String>,
    /// Predictions made elsewhere (a long or wide table of values, or .h5ad) to compare and align; may be given several times.
    #[arg(long, value_name = "NAME=FILE")]
    external: Vec<NamedPredictions>,
    /// Parts of the loop to take out, each by itself, separated by commas.
    #[arg(long, value_enum, value_name = "PARTS", value_delimiter = ',')]
    ablate: Vec<Part>,
    /// Whom all are compared with [default: the best baseline].
    #[arg(long, value_name = "NAME")]
    reference: Option<String>,
    /// Ways of splitting, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["leave-contrasts-out", "leave-regulators-out"])]
    splits: Vec<SchemeName>,
    /// Number of folds.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=1000))]
    folds: u64,
    /// Seeds of folds and predictors: how many, counted from --seed on, or a range such as 3..7 with both ends.
    #[arg(long, value_name = "SEEDS", default_value = "1")]
    seeds: String,
    /// Folder for the tables; finished folds found there are not computed again.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write also the held-out predictions of each: a long table (predictions.csv.gz) and an AnnData file each
    /// (predictions/NAME.h5ad), over the genes that the data measure. Rows of all splits and seeds stand in one file:
    /// keep those of one way of splitting before they are handed in again as predictions.
    #[arg(long, requires = "out")]
    keep_predictions: bool,
    #[command(flatten)]
    scored: ScoredArgs,
    #[command(flatten, next_help_heading = "AnnData file of --external")]
    matrix: MatrixArgs,
}

const EXAMPLES: &str = "Examples:
  aligned compare --predictors mean,additive,linear-regulon
  aligned compare --predictors all --seeds 3 --out comparison";

/// A part of the loop.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Predicted responses everywhere.
    Adaptor,
    /// The knowledge stays as it is.
    Refinement,
    /// A random network with the degrees of the knowledge.
    Knowledge,
    /// Walks of 1, 2, 4 and 6 steps.
    Depth,
    /// Weights of the adaptor permuted among the genes.
    Weights,
}

impl Part {
    const fn word(self) -> &'static str {
        match self {
            Self::Adaptor => "adaptor",
            Self::Refinement => "refinement",
            Self::Knowledge => "knowledge",
            Self::Depth => "depth",
            Self::Weights => "weights",
        }
    }
}

/// Runs the subcommand.
pub fn run(arguments: &CompareArgs) -> Result<()> {
    let settings = arguments.scored.settings()?;
    let request = ComparisonRequest {
        predictors: arguments.predictors.clone(),
        external: options::external(&arguments.external, &arguments.matrix)?,
        ablate: arguments.ablate.iter().map(|part| part.word().to_owned()).collect(),
        reference: arguments.reference.clone(),
        keep_predictions: arguments.keep_predictions,
        seeds: seeds_from(&arguments.seeds, settings.run.seed)?,
        splits: arguments.splits.iter().copied().map(Into::into).collect(),
        folds: arguments.folds as usize,
        resamples: arguments.scored.resamples as usize,
        folder: arguments.out.clone(),
    };
    let progress = Terminal::new();
    let compared = compare(&settings, &request, &progress).map_err(told)?;
    progress.finish();
    deliver(None, |out| compared.report().write_markdown(out).map_err(io::Error::from))?;
    if compared.finished() { Ok(()) } else { Err(Interrupted.into()) }
}

/// A range as it stands; a count starts at the seed of the settings.
fn seeds_from(text: &str, first: u64) -> Result<Vec<u64>> {
    let seeds = options::seeds(text)?;
    Ok(if text.contains("..") { seeds } else { seeds.iter().map(|seed| first.saturating_add(seed - 1)).collect() })
}
