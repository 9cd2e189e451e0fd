//! Knowledge bases scored on data: side by side, or refined on folds.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::files::{self, Input};
use super::inputs::input_file;
use super::knowledge_base::{self, Translated, evidence_of, network_of};
use super::observations::{Record, observations_for};
use super::refinement::open_knowledge;
use super::result_folder::ResultFolder;
use super::{Remedy, Settings, StudyError};
use crate::biology::{GeneId, GeneTable};
use crate::datasets::{self, Dataset, DatasetError, FoldScheme, Part, Split, SplitPlan};
use crate::evaluation::{Evaluation, FoldMaterials, Hyperparameter, NamedNetwork, cross_validate, score_knowledge};
use crate::metrics::BootstrapConfig;
use crate::network::RegulatoryNetwork;
use crate::pipeline::Config;
use crate::pipeline::controls::control_networks;
use crate::progress::{Progress, Quiet};
use crate::refinement::RevisionCosts;
use crate::report::EvaluationReport;

/// What an evaluation is asked.
#[derive(Clone, Debug, Default)]
pub struct EvaluationRequest {
    /// Knowledge bases to compare with the one of the settings, for example a `refined.ttl`.
    pub against: Vec<PathBuf>,
    /// Responses that the refinement had: its perturbations are scored apart from those never seen.
    pub seen: Option<PathBuf>,
    /// The part of the data that is scored; all of it without.
    pub part: Option<Part>,
    /// Ways of splitting over which the knowledge base is refined and scored; none if it is only compared.
    pub schemes: Vec<FoldScheme>,
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Settings to choose by cross-validation inside the training part of each fold, and the number of folds behind it.
    pub choose: (Vec<Hyperparameter>, usize),
    /// Bootstrap resamples behind each interval.
    pub resamples: usize,
}

/// The names of the files of an evaluation.
pub(super) const FILES: [&str; 4] = ["evaluation.csv", "evaluation.json", "evaluation.md", "config.toml"];

/// An evaluation that was run and not yet written.
pub struct Evaluated {
    record: Record,
    evaluation: Evaluation,
    config: String,
    seed: u64,
}

/// Scores knowledge bases on the data of the settings.
///
/// # Errors
/// [`StudyError`] naming the file and what is wrong with it; [`StudyError::Stopped`] if `progress` is cancelled.
pub fn evaluate(
    settings: &Settings,
    request: &EvaluationRequest,
    progress: &dyn Progress,
) -> Result<Evaluated, StudyError> {
    settings.run.check()?;
    let sources = ScoredData::read(settings, request, progress)?;
    let evaluation = sources.evaluate(settings, request, progress)?;
    Ok(Evaluated { evaluation, config: settings.to_toml()?, seed: settings.run.seed, record: sources.record })
}

impl Evaluated {
    /// What was found.
    #[must_use]
    pub const fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// What is told of it.
    #[must_use]
    pub fn report(&self) -> EvaluationReport<'_> {
        EvaluationReport {
            tool_version: env!("CARGO_PKG_VERSION"),
            seed: self.seed,
            inputs: self.record.inputs.clone(),
            notes: self.record.notes.clone(),
            evaluation: &self.evaluation,
            config_toml: &self.config,
        }
    }

    /// Claims a folder for the results, before the work begins.
    ///
    /// # Errors
    /// [`StudyError::Output`].
    pub fn claim(folder: &Path) -> Result<ResultFolder, StudyError> {
        Ok(ResultFolder::claim_for(folder, &FILES)?)
    }

    /// Writes all tables into a claimed folder.
    ///
    /// # Errors
    /// [`StudyError::Output`] or [`StudyError::File`]; on any error the folder is as it was.
    pub fn write_into(&self, output: ResultFolder) -> Result<(), StudyError> {
        let report = self.report();
        output.write("evaluation.csv", |out| report.write_csv(out).map_err(io::Error::from))?;
        output.write("evaluation.json", |out| report.write_json(out).map_err(io::Error::from))?;
        output.write("evaluation.md", |out| report.write_markdown(out).map_err(io::Error::from))?;
        output.write("config.toml", |out| out.write_all(self.config.as_bytes()))?;
        Ok(output.publish()?)
    }
}

/// A knowledge base and experiments to score it on, over one gene table.
pub(super) struct ScoredData {
    pub genes: GeneTable,
    pub original: RegulatoryNetwork,
    pub evidence: Vec<u32>,
    pub revision_costs: RevisionCosts,
    against: Vec<(String, RegulatoryNetwork)>,
    pub dataset: Dataset,
    /// How the data say to be split.
    pub plan: SplitPlan,
    seen: Option<BTreeSet<Vec<GeneId>>>,
    /// What the refined knowledge bases learnt from, as far as it is known.
    learnt: Option<Dataset>,
    pub record: Record,
}

impl ScoredData {
    pub(super) fn read(
        settings: &Settings,
        request: &EvaluationRequest,
        progress: &dyn Progress,
    ) -> Result<Self, StudyError> {
        let rules = knowledge_base::read_rules(settings.rules.as_deref())?;
        let mut record = Record::default();
        let (knowledge, _) = open_knowledge(settings, &rules, &mut record)?;
        record.notes.extend(knowledge.warnings().iter().cloned());
        let mut genes = knowledge.genes().clone();
        let mut against = Vec::new();
        for path in &request.against {
            let input = files::read(path)?;
            record.inputs.push(input_file("knowledge base to compare with", &input));
            let base = knowledge_base::parse(&input, &rules)?;
            record.notes.extend(base.warnings().iter().cloned());
            against.push((path.display().to_string(), Translated::new(&base, &mut genes)));
        }
        let seen = match request.seen.as_deref().map(files::read).transpose()? {
            Some(input) => {
                record.inputs.push(input_file("observations that were seen", &input));
                Some(learnt_from(&input, settings, &mut genes)?)
            }
            None => None,
        };
        let observed = observations_for(settings, &knowledge, &mut genes, &mut record, progress)?;
        let Some((dataset, plan)) = observed else {
            let reason = "the embedded knock-outs are of other genes than the knowledge base";
            return Err(StudyError::refused(reason, Remedy::NameData));
        };
        let mut dataset = dataset.widened(genes.len());
        let mut learnt = seen.map(|seen| seen.widened(genes.len()));
        let seen = learnt
            .as_ref()
            .map(|learnt| learnt.perturbations.iter().map(|perturbation| perturbation.genes().collect()).collect());
        if let Some(part) = request.part {
            let split = plan.split(&dataset, settings.run.seed)?;
            if part == Part::Test && learnt.is_none() {
                learnt = Some(dataset.select(&split.learnt_from()));
            }
            dataset = dataset.select(match part {
                Part::Train => &split.train,
                Part::Validation => &split.validation,
                Part::Test => &split.test,
            });
        }
        if !request.against.is_empty() && learnt.is_none() {
            record.notes.push(WITHOUT_LEARNT.to_owned());
            progress.warn(WITHOUT_LEARNT);
        }
        let n_genes = genes.len();
        let network = |(name, translated): (String, Translated)| (name, translated.network(n_genes));
        Ok(Self {
            original: network_of(n_genes, &knowledge),
            evidence: evidence_of(&knowledge, n_genes),
            revision_costs: RevisionCosts::of(knowledge.regulations(), settings.run.refinement.evidence_weight),
            against: against.into_iter().map(network).collect(),
            genes,
            dataset,
            plan,
            seen,
            learnt,
            record,
        })
    }

    fn evaluate(
        &self,
        settings: &Settings,
        request: &EvaluationRequest,
        progress: &dyn Progress,
    ) -> Result<Evaluation, StudyError> {
        let run = &settings.run;
        let bootstrap = BootstrapConfig { resamples: request.resamples, seed: run.seed, ..BootstrapConfig::default() };
        let mut evaluation = Evaluation::default();
        if !self.against.is_empty() {
            let others: Vec<_> = self.against.iter().map(|(name, network)| NamedNetwork { name, network }).collect();
            let controls = self.controls(run, progress)?;
            let controls: Vec<_> = controls.iter().map(|(name, network)| NamedNetwork { name, network }).collect();
            let (seen, reasoning) = (self.seen.as_ref(), (run.depth, run.reading));
            evaluation.strata =
                score_knowledge(&self.original, &others, &controls, &self.dataset, seen, reasoning, &bootstrap)?;
        }
        let mut passed_over = PassedOver::default();
        for &scheme in &request.schemes {
            let splits = scheme.folds(&self.dataset, request.folds, settings.split_plan().validation, run.seed);
            let Some(splits) = passed_over.or_splits(scheme, splits, progress)? else { continue };
            let materials = FoldMaterials {
                network: &self.original,
                evidence: &self.evidence,
                revision_costs: Some(&self.revision_costs),
                dataset: &self.dataset,
                splits: &splits,
                genes: &self.genes,
                choose: (&request.choose.0, request.choose.1),
            };
            let validation = cross_validate(&materials, scheme.word(), run, &bootstrap, progress)?;
            evaluation.cross_validations.push(validation);
        }
        passed_over.ensure_any(!request.schemes.is_empty() && evaluation.cross_validations.is_empty())?;
        Ok(evaluation)
    }

    /// The controls next to the first knowledge base that is compared, made of what it learnt from.
    fn controls(&self, run: &Config, progress: &dyn Progress) -> Result<Vec<(String, RegulatoryNetwork)>, StudyError> {
        let (Some(learnt), Some((_, refined))) = (&self.learnt, self.against.first()) else { return Ok(Vec::new()) };
        progress.begin("controls", 1);
        let quiet = Quiet(progress);
        Ok(control_networks(&self.original, refined, learnt, Some(&self.revision_costs), run, &quiet)?)
    }
}

/// Said where the controls cannot be made.
const WITHOUT_LEARNT: &str = "The rows `write what was seen`, random additions and permuted perturbations are left out: they need the \
    responses that the refinement had";

/// Ways of splitting that the data do not allow: the others are gone through all the same.
#[derive(Default)]
pub(super) struct PassedOver(Option<DatasetError>);

impl PassedOver {
    /// The splits, or `None`, with a warning, where there is too little for this way of splitting.
    pub(super) fn or_splits(
        &mut self,
        scheme: FoldScheme,
        splits: Result<Vec<Split>, DatasetError>,
        progress: &dyn Progress,
    ) -> Result<Option<Vec<Split>>, StudyError> {
        match splits {
            Err(error @ DatasetError::TooFewToSplit { .. }) => {
                progress.warn(&format!("the split {} is passed over: {error}", scheme.word()));
                self.0.get_or_insert(error);
                Ok(None)
            }
            splits => Ok(Some(splits?)),
        }
    }

    /// Refuses where nothing is left.
    pub(super) fn ensure_any(self, is_nothing: bool) -> Result<(), StudyError> {
        match self.0 {
            Some(error) if is_nothing => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// The experiments that a refinement learnt from: all of the table, less its own test rows.
fn learnt_from(input: &Input, settings: &Settings, genes: &mut GeneTable) -> Result<Dataset, StudyError> {
    let (dataset, report) = datasets::read(&input.content, &input.name(), &settings.read, None, genes)?;
    let is_test = |row: usize| report.parts.get(&dataset.names[row]) == Some(&Part::Test);
    let rows: Vec<_> = (0..dataset.len()).filter(|&row| !is_test(row)).collect();
    Ok(dataset.select(&rows))
}
