//! `aligned evaluate --predictors`: everybody on the same held-out experiments.

use std::io;
use std::path::Path;

use aligned::metrics::BootstrapConfig;
use aligned::pipeline::PipelineError;
use aligned::pipeline::evaluation::{
    Audit, Cell, CellKeeper, ComparisonMaterials, Contender, HeldOutPrediction, SeededSplits, compare, standings,
};
use aligned::prediction::External;
use aligned::progress::Watch as _;
use aligned::report::ComparisonReport;
use miette::{IntoDiagnostic, Result, bail, miette};
use serde::{Deserialize, Serialize};

use super::Interrupted;
use super::evaluate::PassedOver;
use super::evaluate::{EvaluateArgs, SchemeName, Sources};
use super::files;
use super::foretold::{self, Foretold};
use super::notebook::{Notebook, program_hash};
use super::output::deliver;
use super::recover::seeds;
use super::settings::Settings;
use super::watch::Terminal;

const NOTEBOOK: &str = "cells.jsonl";
const FILES: [&str; 8] = [
    "evaluation.csv",
    "evaluation.json",
    "evaluation.md",
    "evaluation.html",
    "config.toml",
    foretold::TABLE,
    foretold::FOLDER,
    foretold::CELLS,
];

/// The first line of the notebook: what every cell depends on. Seeds, splits and predictors may be added to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    program: String,
    inputs: Vec<String>,
    folds: u64,
    config: String,
}

/// Keeps the cells in the folder of the results, if there is one, and what is foretold in them, if that is wanted.
struct Cells<'a> {
    notebook: Option<Notebook<Cell>>,
    foretold: Option<Foretold<'a>>,
}

impl CellKeeper for Cells<'_> {
    fn keep(&mut self, cell: &Cell, foretold: Option<&HeldOutPrediction>) -> io::Result<()> {
        // The cell last: one that is in the notebook is not computed again.
        if let (Some(folder), Some(foretold)) = (&self.foretold, foretold) {
            folder.keep(&cell.key, cell.rows.len(), foretold)?;
        }
        self.notebook.as_mut().map_or(Ok(()), |notebook| notebook.keep(cell))
    }

    fn wants_predictions(&self) -> bool {
        self.foretold.is_some()
    }
}

/// Runs the comparison.
pub(super) fn run(arguments: &EvaluateArgs, settings: &Settings) -> Result<()> {
    let contenders = contenders(arguments, settings)?;
    let reference = arguments.reference.as_deref().map(str::parse::<Contender>).transpose().into_diagnostic()?;
    if let Some(reference) = reference.as_ref().filter(|reference| !contenders.contains(reference)) {
        bail!("`--reference {reference}` does not take part; add it to `--predictors`");
    }
    let seeds = seeds_from(&arguments.seeds, settings.run.seed)?;
    let mut sources = Sources::read(arguments, settings)?;
    let watch = Terminal::new();
    let external = externals(arguments, settings, &mut sources, &watch)?;
    let splits = splits(arguments, settings, &sources, &seeds)?;
    let config = settings.to_toml()?;
    let mut cells = Cells { notebook: None, foretold: None };
    let mut done = Vec::new();
    if let Some(folder) = &arguments.out {
        // The role says how an AnnData file was read.
        let inputs = sources.inputs.iter().map(|input| format!("{} {}", input.sha256, input.role)).collect();
        let header = Header { program: program_hash()?, inputs, folds: arguments.folds, config: config.clone() };
        let mut notebook = Notebook::open(folder, NOTEBOOK, &FILES, &header)?;
        done = std::mem::take(&mut notebook.done);
        cells.notebook = Some(notebook);
        if arguments.keep_predictions {
            let foretold = Foretold::open(folder, &sources.dataset, &sources.genes)?;
            // What an earlier run scored and did not keep is foretold again.
            done.retain(|cell| foretold.has(cell));
            cells.foretold = Some(foretold);
        }
    }
    let materials = ComparisonMaterials {
        network: &sources.original,
        evidence: &sources.evidence,
        resistance: Some(&sources.resistance),
        dataset: &sources.dataset,
        genes: &sources.genes,
        external: &external,
    };
    let comparison = compare(&materials, &contenders, &splits, &settings.run, &done, &mut cells, &watch)
        .map_err(|error: PipelineError| miette!("{error}"))?;
    watch.finish();
    if let Some(foretold) = &cells.foretold {
        foretold.write(&comparison.cells)?;
    }
    let resamples = arguments.resamples as usize;
    let bootstrap = BootstrapConfig { resamples, seed: settings.run.seed, ..BootstrapConfig::default() };
    let standings =
        standings(&comparison.cells, reference.as_ref(), settings.run.gamma, &bootstrap).into_diagnostic()?;
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

/// Each once, in the order of the tables; predictions made elsewhere and the loop around them always take part, and so
/// does the whole loop where it is ablated.
fn contenders(arguments: &EvaluateArgs, settings: &Settings) -> Result<Vec<Contender>> {
    let names = arguments.predictors.iter().map(|name| name.trim());
    let named: Vec<Contender> =
        names.clone().filter(|&name| name != "all").map(str::parse).collect::<Result<_, _>>().into_diagnostic()?;
    let whole = Contender::Aligned(settings.run.predictor, None);
    let takes_part = |contender: &Contender| {
        let ablated = !arguments.ablate.is_empty() && *contender == whole;
        ablated || named.contains(contender) || names.clone().any(|name| name == "all")
    };
    let mut contenders: Vec<_> = Contender::all().into_iter().filter(takes_part).collect();
    let is_handed_in = |label: &str| arguments.external.iter().any(|external| external.label == label);
    for contender in &named {
        if let Contender::External(label) | Contender::AlignedExternal(label) = contender
            && !is_handed_in(label)
        {
            bail!("there are no predictions called `{label}`; hand them in with --external {label}=FILE");
        }
    }
    let labels = || arguments.external.iter().map(|external| external.label.clone());
    contenders.extend(labels().map(Contender::External));
    contenders.extend(labels().map(Contender::AlignedExternal));
    contenders.extend(Contender::ablations(settings.run.predictor).filter(|contender| {
        matches!(contender, Contender::Aligned(_, Some(ablation))
            if arguments.ablate.iter().any(|part| part.word() == ablation.part()))
    }));
    // Loops around further predictors, and without a part, are named one by one.
    for contender in named {
        if !contenders.contains(&contender) {
            contenders.push(contender);
        }
    }
    Ok(contenders)
}

fn externals(
    arguments: &EvaluateArgs,
    settings: &Settings,
    sources: &mut Sources,
    watch: &Terminal,
) -> Result<Vec<External>> {
    let mut externals: Vec<External> = Vec::new();
    for named in &arguments.external {
        if externals.iter().any(|external| external.label() == named.label) {
            bail!("`--external` names `{}` twice; give each its own name", named.label);
        }
        let reading = (&settings.read, &arguments.matrix);
        let (external, told) = named.read(reading, &sources.genes, &mut sources.inputs, watch)?;
        let covered = external.coverage(&sources.dataset.perturbations);
        sources.notes.extend(told.lines().map(|line| line.trim().to_owned()));
        sources.notes.push(format!(
            "{}: {} of {} experiments are predicted",
            named.label, covered.predicted, covered.perturbations
        ));
        externals.push(external);
    }
    Ok(externals)
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
    let mut passed_over = PassedOver::default();
    for (place, &scheme) in arguments.splits.iter().enumerate() {
        if arguments.splits[..place].contains(&scheme) {
            continue;
        }
        for &seed in seeds {
            splits.push(match scheme.scheme() {
                Some(dealt) => {
                    let folds = dealt.folds(dataset, arguments.folds as usize, settings.split_plan().validation, seed);
                    let Some(folds) = passed_over.or_splits(dealt, folds)? else { break };
                    SeededSplits {
                        scheme: dealt.word().to_owned(),
                        seed,
                        splits: folds,
                        repeats_meant: matches!(scheme, SchemeName::LeaveContrastsOut),
                    }
                }
                None => SeededSplits {
                    scheme: "given".to_owned(),
                    seed,
                    splits: vec![sources.plan.split(dataset, seed).into_diagnostic()?],
                    repeats_meant: false,
                },
            });
        }
    }
    passed_over.ensure_any(splits.is_empty())?;
    Ok(splits)
}
