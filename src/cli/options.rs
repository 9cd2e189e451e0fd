//! Options that several subcommands share.

use std::path::PathBuf;

use aligned::datasets::FoldScheme;
use aligned::evaluation::Hyperparameter;
use aligned::pipeline::Objective;
use aligned::study::{NamedPredictions, ScoredSplit, Settings};
use aligned::symbolic::Reading;
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic as _, Result, bail};

use super::cells::MatrixArgs;
use super::dataset::TableArgs;
use super::hints::told;

/// A knowledge base and data to score it on.
#[derive(Args)]
#[command(next_help_heading = "Input and reading")]
pub struct ScoredArgs {
    /// Knowledge base: RDF (.ttl, .nq …) or another format that `aligned convert` reads, also .gz [default: the embedded E. coli
    /// core].
    #[arg(long, value_name = "FILE")]
    kb: Option<PathBuf>,
    /// Observed responses: a long or wide table, any delimiter, also .gz [default: the embedded E. coli knock-outs].
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Split of the data, made beforehand (JSON with train, test, val, or CSV perturbation,part).
    #[arg(long, value_name = "FILE", requires = "data")]
    pub split: Option<PathBuf>,
    /// Settings in TOML, as of `aligned refine`; options override them [default: aligned.toml in the working folder, if there
    /// is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of rules that replace those compiled in.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Longest walk that counts [default: 5].
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=64))]
    depth: Option<u64>,
    /// How conflicting walks are read [default: nearest].
    #[arg(long, value_enum)]
    reading: Option<ReadingName>,
    /// Bootstrap resamples behind each interval.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub resamples: u64,
    /// Seed of every random draw [default: 42].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; the result does not depend on it [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
    #[command(flatten, next_help_heading = "How the table of --data is read")]
    table: TableArgs,
}

impl ScoredArgs {
    /// The settings of the file, overridden by the options; also limits the threads.
    pub fn settings(&self) -> Result<Settings> {
        start_threads(self.threads)?;
        let mut settings = Settings::read(self.config.as_deref()).map_err(told)?;
        for (named, place) in [
            (&self.kb, &mut settings.kb),
            (&self.data, &mut settings.data),
            (&self.table.contrast_table, &mut settings.contrasts),
            (&self.split, &mut settings.split_file),
            (&self.rules, &mut settings.rules),
        ] {
            if named.is_some() {
                place.clone_from(named);
            }
        }
        let run = &mut settings.run;
        run.reading = self.reading.map_or(run.reading, Into::into);
        run.depth = self.depth.map_or(run.depth, |depth| depth as usize);
        settings.run = settings.run.clone().with_seed(self.seed.unwrap_or(settings.run.seed));
        settings.read = self.table.over(settings.read);
        Ok(settings)
    }
}

/// A way of splitting the data.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemeName {
    /// Gene sets are assigned to folds.
    KFold,
    /// Perturbed genes are assigned to folds: is a regulator predicted of which nothing was known?
    LeaveRegulatorsOut,
    /// Repeated perturbations are assigned to folds: is the same regulator predicted under another condition?
    LeaveContrastsOut,
    /// One split: that of --split, of the table's own column, or of the settings.
    Given,
}

impl From<SchemeName> for ScoredSplit {
    fn from(name: SchemeName) -> Self {
        match name {
            SchemeName::KFold => Self::Folds(FoldScheme::KFold),
            SchemeName::LeaveRegulatorsOut => Self::Folds(FoldScheme::LeaveRegulatorsOut),
            SchemeName::LeaveContrastsOut => Self::Folds(FoldScheme::LeaveContrastsOut),
            SchemeName::Given => Self::Given,
        }
    }
}

/// What decides which revisions are made.
#[derive(Clone, Copy, ValueEnum)]
pub enum ObjectiveName {
    /// How probable the experiments on its regulator make each statement.
    Evidence,
    /// How many entries the knowledge reads otherwise than wanted.
    Mismatch,
}

impl From<ObjectiveName> for Objective {
    fn from(name: ObjectiveName) -> Self {
        match name {
            ObjectiveName::Evidence => Self::Evidence,
            ObjectiveName::Mismatch => Self::Mismatch,
        }
    }
}

/// How conflicting walks are read.
#[derive(Clone, Copy, ValueEnum)]
pub enum ReadingName {
    /// Ambiguous as soon as walks of both signs arrive.
    Naive,
    /// By the shortest walks alone.
    Nearest,
    /// By the balance of all walks, longer ones counting less.
    Majority,
}

impl From<ReadingName> for Reading {
    fn from(name: ReadingName) -> Self {
        match name {
            ReadingName::Naive => Self::Naive,
            ReadingName::Nearest => Self::Nearest,
            ReadingName::Majority => Self::MAJORITY,
        }
    }
}

/// A setting that may be chosen from the data.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HyperparameterName {
    /// A common factor on the costs of revisions.
    Cost,
    /// Longest walk that counts.
    Depth,
    /// How conflicting walks are read.
    Reading,
    /// How much more the entries of rare classes weigh.
    ClassBalance,
}

impl From<HyperparameterName> for Hyperparameter {
    fn from(name: HyperparameterName) -> Self {
        match name {
            HyperparameterName::Cost => Self::Cost,
            HyperparameterName::Depth => Self::Depth,
            HyperparameterName::Reading => Self::Reading,
            HyperparameterName::ClassBalance => Self::ClassBalance,
        }
    }
}

/// Limits the threads of the process, if a number is given.
pub fn start_threads(threads: Option<u64>) -> Result<()> {
    let Some(threads) = threads else { return Ok(()) };
    rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build_global().into_diagnostic()
}

/// Predictions made elsewhere, with the options of AnnData files, which must not be given without such a file.
pub fn external(named: &[NamedPredictions], matrix: &MatrixArgs) -> Result<Vec<NamedPredictions>> {
    if !matrix.told().is_empty() && !named.iter().any(NamedPredictions::is_cell_file) {
        bail!(
            "{} says how an AnnData file is read, but no --external names one; columns of tables are named with \
             --perturbation-column, --gene-column and --log2fc-column",
            matrix.told().trim()
        )
    }
    Ok(named.iter().map(|named| NamedPredictions { cells: matrix.options(), ..named.clone() }).collect())
}

/// `5` for 1 to 5, or `3..7` with both ends.
pub fn seeds(text: &str) -> Result<Vec<u64>> {
    const MOST: u64 = 10_000;
    let ends = match text.split_once("..") {
        Some((first, last)) => (first.trim().parse::<u64>().ok(), last.trim().parse::<u64>().ok()),
        None => (Some(1), text.trim().parse::<u64>().ok()),
    };
    match ends {
        (Some(first), Some(last)) if first <= last && last - first < MOST => Ok((first..=last).collect()),
        _ => bail!(
            "`--seeds` is `{text}`; write a number of seeds, such as 5, or a range of at most {MOST}, such as 3..7"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_count_or_a_range_with_both_ends() {
        assert_eq!(seeds("3").expect("a count"), [1, 2, 3]);
        assert_eq!(seeds("4..6").expect("a range"), [4, 5, 6]);
        for wrong in ["0", "6..4", "many", "1..99999999999", ""] {
            let error = seeds(wrong).expect_err(wrong).to_string();
            assert!(error.contains("a number of seeds"), "{error}");
        }
    }
}
