//! `aligned diagnose`: does a screen of cells have enough of them?

use std::io;
use std::path::PathBuf;

use aligned::biology::Direction;
use aligned::datasets::h5ad::MomentOptions;
use aligned::evaluation::diagnosis::DiagnosisConfig;
use aligned::study::{Diagnosed, DiagnosisRequest, NamedPredictions, Settings, diagnose};
use clap::Args;
use miette::Result;

use super::cells::{self, CellArgs};
use super::hints::told;
use super::knowledge_base::DirectionName;
use super::options;
use super::output::deliver;
use super::terminal::Terminal;

/// Ask a screen of cells (AnnData, .h5ad) which batches lack controls and which perturbations need more cells.
///
/// Tells for each perturbation how much of its change the number of cells, of controls and of batches may add, and how many more
/// would do; with --external, how much of a predictor's error is noise of the screen.
#[derive(Args)]
#[command(after_help = "Example:\n  aligned diagnose --data screen.h5ad --batch-key gem_group --out diagnosis")]
pub struct DiagnoseArgs {
    /// The cells.
    #[arg(long, value_name = "FILE.h5ad")]
    data: PathBuf,
    /// Highest share of the mean squared change that the number of cells may add to it, and batches too; less asks for more.
    #[arg(long, value_name = "X", default_value_t = DiagnosisConfig::default().share)]
    sampling_share: f64,
    /// Total to which the counts of each cell are brought [default: the median of all cells].
    #[arg(long, value_name = "X")]
    total: Option<f64>,
    /// What was done to a perturbed gene where its name bears no mark.
    #[arg(long, value_name = "SIGN", default_value = "deletion")]
    perturbation_sign: DirectionName,
    /// Predictions made elsewhere, held against the noise of the screen; may be given several times.
    #[arg(long, value_name = "NAME=FILE")]
    external: Vec<NamedPredictions>,
    /// Folder for the tables.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Threads; the result does not depend on it [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
    #[command(flatten)]
    cells: CellArgs,
}

/// Rows of a table in the terminal.
const TOP: usize = 20;

/// Runs the subcommand.
pub fn run(arguments: &DiagnoseArgs) -> Result<()> {
    options::start_threads(arguments.threads)?;
    let direction: Direction = arguments.perturbation_sign.into();
    let matrix = arguments.cells.matrix.options();
    let external =
        arguments.external.iter().map(|named| NamedPredictions { cells: matrix.clone(), ..named.clone() }).collect();
    let request = DiagnosisRequest {
        path: arguments.data.clone(),
        config: DiagnosisConfig {
            share: arguments.sampling_share,
            direction,
            moments: MomentOptions { total: arguments.total, ..MomentOptions::default() },
        },
        external,
    };
    let mut settings = Settings::default();
    settings.read.perturbation_sign = direction;
    let cells = cells::open(&arguments.data, &arguments.cells)?;
    let output = arguments.out.as_deref().map(Diagnosed::claim).transpose().map_err(told)?;
    let progress = Terminal::new();
    let diagnosed = diagnose(&cells, &settings, &request, &progress).map_err(told)?;
    progress.finish();
    if let Some(output) = output {
        diagnosed.write_into(output).map_err(told)?;
    }
    deliver(None, |out| diagnosed.report().write_markdown(TOP, out).map_err(io::Error::from))
}
