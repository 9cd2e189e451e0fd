//! `aligned evaluate --diagnose batches`: does a screen of cells have enough of them?

use std::io;
use std::path::Path;

use aligned::datasets::h5ad::MomentOptions;
use aligned::pipeline::PipelineError;
use aligned::pipeline::diagnosis::{DiagnosisConfig, diagnose, genes_of};
use aligned::prediction::External;
use aligned::report::{DiagnosisReport, InputFile};
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, Result, bail, miette};

use super::cells::{self, CellArgs};
use super::evaluate::EvaluateArgs;
use super::output::deliver;
use super::result_folder::ResultFolder;
use super::settings::Settings;
use super::watch::Terminal;
use super::{Interrupted, files};

const FILES: [&str; 5] = ["perturbations.csv", "batches.csv", "diagnosis.json", "diagnosis.md", "diagnosis.html"];
/// Rows of a table in the terminal.
const TOP: usize = 20;

/// What is asked of a file of cells.
#[derive(Args)]
pub(super) struct DiagnoseArgs {
    /// What of the cells in --data (AnnData, .h5ad) is looked into.
    #[arg(long = "diagnose", value_enum, value_name = "WHAT", group = "foretold", requires = "data",
        conflicts_with_all = ["kb", "against", "seen", "part", "split", "refine"])]
    pub subject: Option<Subject>,
    /// Highest share of the mean squared change that the number of cells may add to it, and batches too; less asks for more.
    #[arg(long, value_name = "X", requires = "subject", default_value_t = DiagnosisConfig::default().share)]
    sampling_share: f64,
    /// Total to which the counts of each cell are brought [default: the median of all cells].
    #[arg(long, value_name = "X", requires = "subject")]
    total: Option<f64>,
    /// Column of obs that names the batch.
    #[arg(long, value_name = "NAME", requires = "subject")]
    batch_key: Option<String>,
}

/// What is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Subject {
    /// Which batches lack controls, which perturbations need more cells, controls or batches, and how many.
    Batches,
}

/// Runs the diagnosis of `data`.
pub(super) fn run(arguments: &EvaluateArgs, data: &Path, settings: &Settings) -> Result<()> {
    let own = &arguments.diagnosis;
    let config = DiagnosisConfig {
        share: own.sampling_share,
        direction: settings.read.perturbation_sign,
        moments: MomentOptions { total: own.total, ..MomentOptions::default() },
    };
    let keys = CellArgs { matrix: arguments.matrix.clone(), batch_key: own.batch_key.clone() };
    let cells = cells::open(data, &keys)?;
    cells.check_batches().into_diagnostic()?;
    let watch = Terminal::new();
    let output = arguments.out.as_deref().map(|place| ResultFolder::claim_for(place, &FILES)).transpose()?;
    let (mut inputs, mut notes, mut predictions) = (vec![cell_file(data)?], Vec::new(), Vec::<External>::new());
    for named in &arguments.external {
        if predictions.iter().any(|known| known.label() == named.label) {
            bail!("`--external` names `{}` twice; give each its own name", named.label);
        }
        let (external, told) =
            named.read((&settings.read, &arguments.matrix), &genes_of(&cells), &mut inputs, &watch)?;
        notes.extend(told.lines().map(|line| line.trim().to_owned()));
        predictions.push(external);
    }
    output.iter().try_for_each(ResultFolder::spare_inputs)?;
    let survey = cells.survey(&watch).into_diagnostic()?.ok_or(Interrupted)?;
    let diagnosis = diagnose(&cells, &survey, &config, &predictions, &watch)
        .map_err(|error: PipelineError| miette!("{error}"))?
        .ok_or(Interrupted)?;
    watch.finish();
    let report = DiagnosisReport { tool_version: env!("CARGO_PKG_VERSION"), inputs, notes, diagnosis: &diagnosis };
    if let Some(output) = output {
        output.write("perturbations.csv", |out| report.write_csv(out).map_err(io::Error::from))?;
        output.write("batches.csv", |out| report.write_batches_csv(out).map_err(io::Error::from))?;
        output.write("diagnosis.json", |out| report.write_json(out).map_err(io::Error::from))?;
        output.write("diagnosis.md", |out| report.write_markdown(usize::MAX, out).map_err(io::Error::from))?;
        output.write("diagnosis.html", |out| report.write_html(out).map_err(io::Error::from))?;
        output.publish()?;
    }
    deliver(None, |out| report.write_markdown(TOP, out).map_err(io::Error::from))
}

/// The file of cells, hashed without being held.
fn cell_file(path: &Path) -> Result<InputFile> {
    let (sha256, bytes) = files::fingerprint(path)?;
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(InputFile { role: "cells".to_owned(), file, sha256, bytes })
}
