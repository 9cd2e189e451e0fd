//! `aligned cross-validate`: refine on folds and score what was held out.

use std::path::PathBuf;

use aligned::evaluation::Hyperparameter;
use aligned::study::{EvaluationRequest, ScoredSplit};
use clap::Args;
use miette::{Result, bail};

use super::evaluate::score;
use super::options::{HyperparameterName, SchemeName, ScoredArgs};

/// Refine a knowledge base on folds of the data and score what was held out.
///
/// The refined knowledge base of each fold is scored on the experiments that it never saw, next to the original one, to simple
/// rules such as "write down what was seen", and to controls.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct CrossValidateArgs {
    /// Ways of splitting, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["leave-contrasts-out", "leave-regulators-out"])]
    splits: Vec<SchemeName>,
    /// Number of folds.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=1000))]
    folds: u64,
    /// Settings to choose by cross-validation inside the training part of each fold, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SETTINGS")]
    choose: Vec<HyperparameterName>,
    /// Number of folds behind --choose.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=1000))]
    choose_folds: u64,
    /// Folder for the tables.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    scored: ScoredArgs,
}

const EXAMPLES: &str = "Examples:
  aligned cross-validate
  aligned cross-validate --splits leave-contrasts-out --folds 3 --out scores";

/// Runs the subcommand.
pub fn run(arguments: &CrossValidateArgs) -> Result<()> {
    let settings = arguments.scored.settings()?;
    let mut schemes = Vec::new();
    for &name in &arguments.splits {
        match name.into() {
            ScoredSplit::Folds(scheme) => schemes.push(scheme),
            ScoredSplit::Given => bail!("`--splits given` is one split, not folds; `aligned compare` takes it"),
        }
    }
    let request = EvaluationRequest {
        schemes,
        folds: arguments.folds as usize,
        choose: (arguments.choose.iter().copied().map(Hyperparameter::from).collect(), arguments.choose_folds as usize),
        resamples: arguments.scored.resamples as usize,
        ..EvaluationRequest::default()
    };
    score(&settings, &request, arguments.out.as_deref())
}
