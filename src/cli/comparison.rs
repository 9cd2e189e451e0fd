//! `aligned evaluate --predictors`: everybody on the same held-out experiments.

use std::io;
use std::path::Path;

use aligned::metrics::BootstrapConfig;
use aligned::pipeline::PipelineError;
use aligned::pipeline::evaluation::{
    Audit, Cell, CellKeeper, ComparisonMaterials, Contender, SeededSplits, compare, standings,
};
use aligned::progress::Watch as _;
use aligned::report::ComparisonReport;
use miette::{IntoDiagnostic, Result, bail, miette};
use serde::{Deserialize, Serialize};

use super::Interrupted;
use super::evaluate::{EvaluateArgs, SchemeName, Sources};
use super::files;
use super::notebook::{Notebook, program_hash};
use super::output::deliver;
use super::recover::seeds;
use super::settings::Settings;
use super::watch::Terminal;

const NOTEBOOK: &str = "cells.jsonl";
const FILES: [&str; 5] = ["evaluation.csv", "evaluation.json", "evaluation.md", "evaluation.html", "config.toml"];

/// The first line of the notebook: what every cell depends on. Seeds, splits and predictors may be added to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    program: String,
    inputs: Vec<String>,
    folds: u64,
    config: String,
}

/// Keeps the cells in the folder of the results, if there is one.
struct Cells(Option<Notebook<Cell>>);

impl CellKeeper for Cells {
    fn keep(&mut self, cell: &Cell) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), |notebook| notebook.keep(cell))
    }
}

/// Runs the comparison.
pub(super) fn run(arguments: &EvaluateArgs, settings: &Settings) -> Result<()> {
    let contenders = contenders(&arguments.predictors)?;
    let reference = arguments.reference.as_deref().map(str::parse::<Contender>).transpose().into_diagnostic()?;
    if let Some(reference) = reference.filter(|reference| !contenders.contains(reference)) {
        bail!("`--reference {reference}` does not take part; add it to `--predictors`");
    }
    let seeds = seeds_from(&arguments.seeds, settings.run.seed)?;
    let sources = Sources::read(arguments, settings)?;
    let splits = splits(arguments, settings, &sources, &seeds)?;
    let config = settings.to_toml()?;
    let mut cells = Cells(None);
    let mut done = Vec::new();
    if let Some(folder) = &arguments.out {
        let inputs = sources.inputs.iter().map(|input| input.sha256.clone()).collect();
        let header = Header { program: program_hash()?, inputs, folds: arguments.folds, config: config.clone() };
        let mut notebook = Notebook::open(folder, NOTEBOOK, &FILES, &header)?;
        done = std::mem::take(&mut notebook.done);
        cells.0 = Some(notebook);
    }
    let materials = ComparisonMaterials {
        network: &sources.original,
        evidence: &sources.evidence,
        resistance: Some(&sources.resistance),
        dataset: &sources.dataset,
        genes: &sources.genes,
    };
    let watch = Terminal::new();
    let comparison = compare(&materials, &contenders, &splits, &settings.run, &done, &mut cells, &watch)
        .map_err(|error: PipelineError| miette!("{error}"))?;
    watch.finish();
    let resamples = arguments.resamples as usize;
    let bootstrap = BootstrapConfig { resamples, seed: settings.run.seed, ..BootstrapConfig::default() };
    let standings = standings(&comparison.cells, reference, settings.run.gamma, &bootstrap).into_diagnostic()?;
    let audits: Vec<_> = splits
        .chunk_by(|one, other| one.scheme == other.scheme)
        .map(|same| Audit::of(&same.iter().collect::<Vec<_>>(), &sources.dataset, &sources.genes))
        .collect();
    let report = ComparisonReport {
        tool_version: env!("CARGO_PKG_VERSION"),
        inputs: sources.inputs,
        notes: sources.notes,
        audits: &audits,
        standings: &standings,
        finished: comparison.finished,
        cells: &comparison.cells,
        config_toml: &config,
    };
    if let Some(folder) = &arguments.out {
        write(folder, &report, &config)?;
    }
    deliver(None, |out| report.write_markdown(out).map_err(io::Error::from))?;
    if watch.is_cancelled() { Err(Interrupted.into()) } else { Ok(()) }
}

fn write(folder: &Path, report: &ComparisonReport<'_>, config: &str) -> Result<()> {
    files::write(&folder.join("evaluation.csv"), |out| report.write_csv(out).map_err(io::Error::from))?;
    files::write(&folder.join("evaluation.json"), |out| report.write_json(out).map_err(io::Error::from))?;
    files::write(&folder.join("evaluation.md"), |out| report.write_markdown(out).map_err(io::Error::from))?;
    files::write(&folder.join("evaluation.html"), |out| report.write_html(out).map_err(io::Error::from))?;
    files::write(&folder.join("config.toml"), |out| out.write_all(config.as_bytes()))?;
    Ok(())
}

/// Each once, in the order of the tables.
fn contenders(names: &[String]) -> Result<Vec<Contender>> {
    let all = Contender::all();
    if names.iter().any(|name| name == "all") {
        return Ok(all);
    }
    let named: Vec<Contender> =
        names.iter().map(|name| name.trim().parse()).collect::<Result<_, _>>().into_diagnostic()?;
    Ok(all.into_iter().filter(|contender| named.contains(contender)).collect())
}

/// A range as it stands; a count starts at the seed of the settings.
fn seeds_from(text: &str, first: u64) -> Result<Vec<u64>> {
    let seeds = seeds(text)?;
    Ok(if text.contains("..") { seeds } else { seeds.iter().map(|seed| first.saturating_add(seed - 1)).collect() })
}

fn splits(
    arguments: &EvaluateArgs,
    settings: &Settings,
    sources: &Sources,
    seeds: &[u64],
) -> Result<Vec<SeededSplits>> {
    let dataset = &sources.dataset;
    let mut splits = Vec::new();
    for (place, &scheme) in arguments.splits.iter().enumerate() {
        if arguments.splits[..place].contains(&scheme) {
            continue;
        }
        for &seed in seeds {
            splits.push(match scheme.scheme() {
                Some(dealt) => SeededSplits {
                    scheme: dealt.word().to_owned(),
                    seed,
                    splits: dealt
                        .folds(dataset, arguments.folds as usize, settings.split.validation, seed)
                        .into_diagnostic()?,
                    repeats_meant: matches!(scheme, SchemeName::LeaveContrastsOut),
                },
                None => SeededSplits {
                    scheme: "given".to_owned(),
                    seed,
                    splits: vec![sources.plan.split(dataset, seed).into_diagnostic()?],
                    repeats_meant: false,
                },
            });
        }
    }
    Ok(splits)
}
