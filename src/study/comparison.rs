//! Predictors side by side on the same held-out experiments.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::evaluation::{EvaluationRequest, PassedOver, ScoredData};
use super::kept_predictions::{self, KeptPredictions};
use super::observations::Record;
use super::result_log::{ResultLog, program_hash};
use super::{NamedPredictions, Remedy, Settings, StudyError, files};
use crate::datasets::FoldScheme;
use crate::evaluation::{
    Ablation, Audit, Cell, ComparedMethod, Comparison, ComparisonMaterials, FoldRecorder, HeldOutPrediction, Ranking,
    SeededSplits, UnknownMethod, compare as compare_predictors, rankings,
};
use crate::metrics::BootstrapConfig;
use crate::prediction::External;
use crate::progress::Progress;
use crate::report::ComparisonReport;

const LOG: &str = "cells.jsonl";
const FILES: [&str; 8] = [
    "evaluation.csv",
    "evaluation.json",
    "evaluation.md",
    "evaluation.html",
    "config.toml",
    kept_predictions::TABLE,
    kept_predictions::FOLDER,
    kept_predictions::CELLS,
];

/// What a comparison is asked.
#[derive(Clone, Debug, Default)]
pub struct ComparisonRequest {
    /// Names of those that take part, or `all`.
    pub predictors: Vec<String>,
    /// Predictions made elsewhere; they and the loop around them take part.
    pub external: Vec<NamedPredictions>,
    /// Parts of the loop to take out, each by itself, by [`Ablation::part`].
    pub ablate: Vec<String>,
    /// Whom all are compared with; the best baseline without.
    pub reference: Option<String>,
    /// Whether the held-out predictions are written too; needs a folder.
    pub keep_predictions: bool,
    /// Seeds of folds and predictors.
    pub seeds: Vec<u64>,
    /// Ways of splitting.
    pub splits: Vec<ScoredSplit>,
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Bootstrap resamples behind each interval.
    pub resamples: usize,
    /// Folder in which finished cells are kept and the tables are written.
    pub folder: Option<PathBuf>,
}

/// A way of splitting the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoredSplit {
    /// Folds.
    Folds(FoldScheme),
    /// The one split that the settings or the table itself give.
    Given,
}

/// The first line of the log: what every cell depends on. Seeds, splits and predictors may be added to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    program: String,
    inputs: Vec<String>,
    folds: u64,
    config: String,
}

/// Keeps the cells in the folder of the results, if there is one, and the predictions behind them, if they are wanted.
struct Cells<'a> {
    log: Option<ResultLog<Cell>>,
    predictions: Option<KeptPredictions<'a>>,
}

impl FoldRecorder for Cells<'_> {
    fn keep(&mut self, cell: &Cell, predicted: Option<&HeldOutPrediction>) -> io::Result<()> {
        // The cell last: one that is in the log is not computed again.
        if let (Some(folder), Some(predicted)) = (&self.predictions, predicted) {
            folder.keep(&cell.key, cell.rows.len(), predicted)?;
        }
        self.log.as_mut().map_or(Ok(()), |log| log.keep(cell))
    }

    fn wants_predictions(&self) -> bool {
        self.predictions.is_some()
    }
}

/// A comparison that was run; with a folder, it is written already.
pub struct Compared {
    record: Record,
    comparison: Comparison,
    rankings: Vec<Ranking>,
    audits: Vec<Audit>,
    config: String,
}

/// Lets predictors learn from the training part of every split and scores them on what was held out. Finished cells are kept
/// in the folder of the request, so that the same request resumes a stopped one; the tables are written there.
///
/// # Errors
/// [`StudyError`] naming the file and what is wrong with it. A stop is not an error: [`Compared::finished`] is false then.
pub fn compare(
    settings: &Settings,
    request: &ComparisonRequest,
    progress: &dyn Progress,
) -> Result<Compared, StudyError> {
    settings.run.check()?;
    let methods = methods(request, settings)?;
    let reference = request.reference.as_deref().map(method).transpose()?;
    if let Some(reference) = reference.as_ref().filter(|reference| !methods.contains(reference)) {
        let reason = format!("the reference `{reference}` does not take part");
        return Err(StudyError::refused(reason, Remedy::LetTakePart));
    }
    let mut sources = ScoredData::read(settings, &EvaluationRequest::default(), progress)?;
    let external = externals(request, settings, &mut sources, progress)?;
    let splits = splits(request, settings, &sources, progress)?;
    let config = settings.to_toml()?;
    let mut cells = Cells { log: None, predictions: None };
    let mut done = Vec::new();
    if let Some(folder) = &request.folder {
        // The role says how an AnnData file was read.
        let inputs = sources.record.inputs.iter().map(|input| format!("{} {}", input.sha256, input.role)).collect();
        let header = Header { program: program_hash()?, inputs, folds: request.folds as u64, config: config.clone() };
        let mut log = ResultLog::open(folder, LOG, &FILES, &header)?;
        done = std::mem::take(&mut log.done);
        cells.log = Some(log);
        if request.keep_predictions {
            let predictions = KeptPredictions::open(folder, &sources.dataset, &sources.genes)?;
            // What an earlier run scored and did not keep is predicted again.
            done.retain(|cell| predictions.has(cell));
            cells.predictions = Some(predictions);
        }
    }
    let materials = ComparisonMaterials {
        network: &sources.original,
        evidence: &sources.evidence,
        revision_costs: Some(&sources.revision_costs),
        dataset: &sources.dataset,
        genes: &sources.genes,
        external: &external,
    };
    let comparison = compare_predictors(&materials, &methods, &splits, &settings.run, &done, &mut cells, progress)?;
    if let Some(predictions) = &cells.predictions {
        predictions.write(&comparison.cells)?;
    }
    let bootstrap =
        BootstrapConfig { resamples: request.resamples, seed: settings.run.seed, ..BootstrapConfig::default() };
    let rankings = rankings(&comparison.cells, reference.as_ref(), settings.run.gamma, &bootstrap)?;
    let audits = splits
        .chunk_by(|one, other| one.scheme == other.scheme)
        .map(|same| Audit::of(&same.iter().collect::<Vec<_>>(), &sources.dataset, &sources.genes))
        .collect();
    let compared = Compared { record: sources.record, comparison, rankings, audits, config };
    if let Some(folder) = &request.folder {
        compared.write(folder)?;
    }
    Ok(compared)
}

impl Compared {
    /// False if the work was stopped before the last cell.
    #[must_use]
    pub const fn finished(&self) -> bool {
        self.comparison.finished
    }

    /// What is told of it.
    #[must_use]
    pub fn report(&self) -> ComparisonReport<'_> {
        ComparisonReport {
            tool_version: env!("CARGO_PKG_VERSION"),
            inputs: self.record.inputs.clone(),
            notes: self.record.notes.clone(),
            audits: &self.audits,
            rankings: &self.rankings,
            finished: self.comparison.finished,
            cells: &self.comparison.cells,
            config_toml: &self.config,
        }
    }

    fn write(&self, folder: &Path) -> Result<(), files::FileError> {
        let report = self.report();
        files::write(&folder.join("evaluation.csv"), |out| report.write_csv(out).map_err(io::Error::from))?;
        files::write(&folder.join("evaluation.json"), |out| report.write_json(out).map_err(io::Error::from))?;
        files::write(&folder.join("evaluation.md"), |out| report.write_markdown(out).map_err(io::Error::from))?;
        files::write(&folder.join("evaluation.html"), |out| report.write_html(out).map_err(io::Error::from))?;
        files::write(&folder.join("config.toml"), |out| out.write_all(self.config.as_bytes()))
    }
}

fn method(name: &str) -> Result<ComparedMethod, StudyError> {
    name.parse().map_err(|error: UnknownMethod| StudyError::refused(error.to_string(), Remedy::Said))
}

/// Each once, in the order of the tables; predictions made elsewhere and the loop around them always take part, and so
/// does the whole loop where a part of it is taken out.
fn methods(request: &ComparisonRequest, settings: &Settings) -> Result<Vec<ComparedMethod>, StudyError> {
    let names = request.predictors.iter().map(|name| name.trim());
    let named: Vec<ComparedMethod> =
        names.clone().filter(|&name| name != "all").map(method).collect::<Result<_, _>>()?;
    let whole = ComparedMethod::Aligned(settings.run.predictor, None);
    let takes_part = |method: &ComparedMethod| {
        let ablated = !request.ablate.is_empty() && *method == whole;
        ablated || named.contains(method) || names.clone().any(|name| name == "all")
    };
    let mut methods: Vec<_> = ComparedMethod::all().into_iter().filter(takes_part).collect();
    let is_handed_in = |label: &str| request.external.iter().any(|external| external.label == label);
    for method in &named {
        if let ComparedMethod::External(label) | ComparedMethod::AlignedExternal(label) = method
            && !is_handed_in(label)
        {
            let reason = format!("there are no predictions called `{label}`");
            return Err(StudyError::refused(reason, Remedy::HandInPredictions));
        }
    }
    let labels = || request.external.iter().map(|external| external.label.clone());
    methods.extend(labels().map(ComparedMethod::External));
    methods.extend(labels().map(ComparedMethod::AlignedExternal));
    let is_taken_out = |ablation: &Ablation| request.ablate.iter().any(|part| part == ablation.part());
    methods.extend(
        ComparedMethod::ablations(settings.run.predictor)
            .filter(|method| matches!(method, ComparedMethod::Aligned(_, Some(ablation)) if is_taken_out(ablation))),
    );
    // Loops around further predictors, and without a part, are named one by one.
    for method in named {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    Ok(methods)
}

fn externals(
    request: &ComparisonRequest,
    settings: &Settings,
    sources: &mut ScoredData,
    progress: &dyn Progress,
) -> Result<Vec<External>, StudyError> {
    let mut externals: Vec<External> = Vec::new();
    for named in &request.external {
        refuse_twice(&externals, named)?;
        let (external, told) = named.read(&settings.read, &sources.genes, &mut sources.record.inputs, progress)?;
        let covered = external.coverage(&sources.dataset.perturbations);
        sources.record.notes.extend(told.lines().map(|line| line.trim().to_owned()));
        sources.record.notes.push(format!(
            "{}: {} of {} experiments are predicted",
            named.label, covered.predicted, covered.perturbations
        ));
        externals.push(external);
    }
    Ok(externals)
}

/// Each label names one file.
pub(super) fn refuse_twice(known: &[External], named: &NamedPredictions) -> Result<(), StudyError> {
    if known.iter().any(|external| external.label() == named.label) {
        let reason = format!("two files of predictions are called `{}`; give each its own name", named.label);
        return Err(StudyError::refused(reason, Remedy::Said));
    }
    Ok(())
}

fn splits(
    request: &ComparisonRequest,
    settings: &Settings,
    sources: &ScoredData,
    progress: &dyn Progress,
) -> Result<Vec<SeededSplits>, StudyError> {
    let dataset = &sources.dataset;
    let mut splits = Vec::new();
    let mut passed_over = PassedOver::default();
    for (place, &split) in request.splits.iter().enumerate() {
        if request.splits[..place].contains(&split) {
            continue;
        }
        for &seed in &request.seeds {
            splits.push(match split {
                ScoredSplit::Folds(scheme) => {
                    let folds = scheme.folds(dataset, request.folds, settings.split_plan().validation, seed);
                    let Some(folds) = passed_over.or_splits(scheme, folds, progress)? else { break };
                    SeededSplits {
                        scheme: scheme.word().to_owned(),
                        seed,
                        splits: folds,
                        repeats_meant: scheme == FoldScheme::LeaveContrastsOut,
                    }
                }
                ScoredSplit::Given => SeededSplits {
                    scheme: "given".to_owned(),
                    seed,
                    splits: vec![sources.plan.split(dataset, seed)?],
                    repeats_meant: false,
                },
            });
        }
    }
    passed_over.ensure_any(splits.is_empty())?;
    Ok(splits)
}
