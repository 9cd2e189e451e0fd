//! `aligned evaluate`: how well predictors and knowledge bases foretell responses, on the same held-out experiments.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use aligned::biology::{GeneId, GeneTable};
use aligned::datasets::{self, Dataset, DatasetError, FoldScheme, Split, SplitPlan};
use aligned::knowledge::KnowledgeBase;
use aligned::metrics::BootstrapConfig;
use aligned::network::RegulatoryNetwork;
use aligned::pipeline::controls::control_networks;
use aligned::pipeline::evaluation::{Evaluation, FoldMaterials, Knob, NamedNetwork, cross_validate, score_knowledge};
use aligned::pipeline::{Config, PipelineError};
use aligned::progress::{Quiet, Watch as _};
use aligned::refinement::Resistance;
use aligned::report::{EvaluationReport, InputFile};
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, Report, Result, bail, miette};

use super::Interrupted;
use super::cells::MatrixArgs;
use super::comparison;
use super::dataset::{TableArgs, refused};
use super::diagnose::{self, DiagnoseArgs};
use super::external::NamedPredictions;
use super::files::{self, Input};
use super::knowledge_base;
use super::output::deliver;
use super::query::read_rules;
use super::refine::{ReadingName, Translated, evidence_of, input_file, read_observations, translated};
use super::result_folder::ResultFolder;
use super::settings::Settings;
use super::watch::Terminal;

/// The files of an evaluation.
const FILES: [&str; 4] = ["evaluation.csv", "evaluation.json", "evaluation.md", "config.toml"];

/// Score what predictors and knowledge bases foretell of perturbation experiments.
///
/// With --predictors, each learns from the training part of every split and is scored on what was held out, beside chance
/// and the simple baselines; finished cells are kept in --out, so that the same command takes up where it was stopped.
/// With --against, the knowledge base and refined ones are scored side by side on the same experiments, and the revisions
/// that lead to them are counted that hold there; with --seen, also apart for the perturbations that the refinement had
/// data of and for those that it never had. With --refine, the knowledge base is refined on the training part of each fold
/// and scored on what was held out. Without --kb and --data the embedded E. coli core and knock-outs are used. With
/// --diagnose batches, a screen of cells is asked which batches lack controls and which perturbations need more cells.
#[derive(Args)]
pub struct EvaluateArgs {
    /// Knowledge base in RDF (.ttl or .nq, also .gz): the row `original`.
    #[arg(long, value_name = "FILE")]
    kb: Option<PathBuf>,
    /// Knowledge base to compare with it, for example a refined.ttl; may be given several times.
    #[arg(long, value_name = "FILE")]
    against: Vec<PathBuf>,
    /// Observed responses: a long or wide table, any delimiter, also .gz.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Responses that the refinement had: its perturbations are scored apart from those never seen. Where the table has
    /// a column for the part of a split, test rows count as never seen.
    #[arg(long, value_name = "FILE")]
    seen: Option<PathBuf>,
    /// Score only this part of the data, by --split or the table's own column.
    #[arg(long, value_enum)]
    part: Option<PartName>,
    /// Split of the data, made beforehand (JSON with train, test, val, or CSV perturbation,part).
    #[arg(long, value_name = "FILE", requires = "data")]
    split: Option<PathBuf>,
    /// Whom to compare on held-out experiments, separated by commas, or `all`: chance, knowledge, no-change, mean, additive,
    /// linear, linear-regulon, ridge-pca, ridge-regulon, ridge-walks, neighbours, neighbours-walks, forest, ode, mlp,
    /// gnn, stacked, aligned-mlp, aligned-gnn. `aligned-NAME` is the loop around any of them.
    #[arg(long, value_name = "LIST", value_delimiter = ',', groups = ["learning", "foretold"], conflicts_with_all = ["against", "seen", "part"])]
    pub(super) predictors: Vec<String>,
    /// Predictions made elsewhere (a long or wide table of values, or .h5ad) to compare and align, or to diagnose; may be
    /// given several times.
    #[arg(long, value_name = "NAME=FILE", requires = "foretold")]
    pub(super) external: Vec<NamedPredictions>,
    /// Parts of the loop to take out, each by itself, separated by commas.
    #[arg(long, value_enum, value_name = "PARTS", value_delimiter = ',', requires = "predictors")]
    pub(super) ablate: Vec<Part>,
    /// Whom all are compared with [default: the best baseline].
    #[arg(long, value_name = "NAME", requires = "predictors")]
    pub(super) reference: Option<String>,
    /// Write also what each foretells of the held-out experiments: a long table (predictions.csv.gz) and an AnnData file
    /// each (predictions/NAME.h5ad), over the genes that the data measure. Rows of all splits and seeds stand in one file:
    /// keep those of one way of splitting before they are handed in again as predictions.
    #[arg(long, requires_all = ["predictors", "out"])]
    pub(super) keep_predictions: bool,
    /// Seeds of folds and predictors: how many, counted from --seed on, or a range such as 3..7 with both ends.
    #[arg(long, value_name = "SEEDS", requires = "predictors", default_value = "1")]
    pub(super) seeds: String,
    /// Refine on folds and score what was held out.
    #[arg(long, group = "learning")]
    refine: bool,
    /// Ways of splitting, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', requires = "learning", default_values = ["leave-contrasts-out", "leave-regulators-out"])]
    pub(super) splits: Vec<SchemeName>,
    /// Number of folds.
    #[arg(long, value_name = "N", requires = "learning", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=1000))]
    pub(super) folds: u64,
    /// Knobs to choose by cross-validation inside the training part of each fold, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KNOBS", requires = "refine")]
    choose: Vec<KnobName>,
    /// Number of folds behind --choose.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=1000))]
    choose_folds: u64,
    /// Folder for the tables.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Longest walk that counts.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=64))]
    depth: Option<u64>,
    /// How conflicting walks are read.
    #[arg(long, value_enum)]
    reading: Option<ReadingName>,
    /// Bootstrap resamples behind each interval.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) resamples: u64,
    /// Folder of rules that replace those compiled in.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Seed of every random draw.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
    /// Settings in TOML, as of `aligned refine`; options above override them.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten, next_help_heading = "AnnData file of --external or --diagnose")]
    pub(super) matrix: MatrixArgs,
    #[command(flatten)]
    pub(super) diagnosis: DiagnoseArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PartName {
    Train,
    Validation,
    Test,
}

/// A part of the loop.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// Neural responses everywhere.
    Adaptor,
    /// The knowledge stays as it is.
    Refinement,
    /// A random network with the degrees of the knowledge.
    Knowledge,
    /// Walks of 1, 2, 4 and 6 steps.
    Depth,
    /// Weights of the adaptor dealt to the genes at random.
    Weights,
}

impl Part {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Adaptor => "adaptor",
            Self::Refinement => "refinement",
            Self::Knowledge => "knowledge",
            Self::Depth => "depth",
            Self::Weights => "weights",
        }
    }
}

/// A setting that may be chosen from the data.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum KnobName {
    /// A common factor on the costs of revisions.
    Cost,
    /// Longest walk that counts.
    Depth,
    /// How conflicting walks are read.
    Reading,
    /// How much more the entries of rare classes weigh.
    ClassBalance,
}

impl From<KnobName> for Knob {
    fn from(name: KnobName) -> Self {
        match name {
            KnobName::Cost => Self::Cost,
            KnobName::Depth => Self::Depth,
            KnobName::Reading => Self::Reading,
            KnobName::ClassBalance => Self::ClassBalance,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemeName {
    /// Gene sets are dealt to the folds.
    KFold,
    /// Perturbed genes are dealt to the folds: is a regulator foretold that nothing was known of?
    LeaveRegulatorsOut,
    /// Repeated perturbations are dealt to the folds: is the same regulator foretold under another condition?
    LeaveContrastsOut,
    /// One split: that of --split, of the table's own column, or of the settings.
    Given,
}

impl SchemeName {
    /// How folds are dealt; `None` for the one split that is given.
    pub(super) const fn scheme(self) -> Option<FoldScheme> {
        match self {
            Self::KFold => Some(FoldScheme::KFold),
            Self::LeaveRegulatorsOut => Some(FoldScheme::LeaveRegulatorsOut),
            Self::LeaveContrastsOut => Some(FoldScheme::LeaveContrastsOut),
            Self::Given => None,
        }
    }
}

/// Ways of splitting that these data do not allow: the others are gone through all the same.
#[derive(Default)]
pub(super) struct PassedOver(Option<DatasetError>);

impl PassedOver {
    /// The splits, or `None`, with a warning, where there is too little for this way of splitting.
    pub(super) fn or_splits(
        &mut self,
        scheme: FoldScheme,
        splits: Result<Vec<Split>, DatasetError>,
    ) -> Result<Option<Vec<Split>>> {
        match splits {
            Err(error @ DatasetError::TooFewToSplit { .. }) => {
                tracing::warn!("the split {} is passed over: {error}", scheme.word());
                self.0.get_or_insert(error);
                Ok(None)
            }
            splits => splits.map(Some).map_err(refused),
        }
    }

    /// Refuses where nothing is left.
    pub(super) fn ensure_any(self, is_nothing: bool) -> Result<()> {
        match self.0 {
            Some(error) if is_nothing => Err(refused(error)),
            _ => Ok(()),
        }
    }
}

/// Runs the subcommand.
pub fn run(arguments: &EvaluateArgs) -> Result<()> {
    let diagnosed = arguments.data.as_deref().filter(|_| arguments.diagnosis.subject.is_some());
    if arguments.against.is_empty() && !arguments.refine && arguments.predictors.is_empty() && diagnosed.is_none() {
        bail!(
            "nothing to compare: name predictors with --predictors (or `--predictors all`), refined knowledge bases with \
             --against, refine on folds with --refine, or look into cells with --diagnose batches"
        );
    }
    if diagnosed.is_none() {
        arguments.matrix.ensure_used(arguments.external.iter())?;
    }
    let settings = arguments.settings()?;
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build_global().into_diagnostic()?;
    }
    if let Some(cells) = diagnosed {
        return diagnose::run(arguments, cells, &settings);
    }
    if !arguments.predictors.is_empty() {
        return comparison::run(arguments, &settings);
    }
    if arguments.split.is_some() && arguments.part.is_none() {
        bail!("`--split` needs `--part` to say which part of it is scored");
    }
    let output = arguments.out.as_deref().map(|place| ResultFolder::claim_for(place, &FILES)).transpose()?;
    let watch = Terminal::new();

    let sources = Sources::read(arguments, &settings)?;
    output.iter().try_for_each(ResultFolder::spare_inputs)?;
    let evaluation = sources.evaluate(arguments, &settings, &watch)?;
    watch.finish();
    let config = settings.to_toml()?;
    let report = EvaluationReport {
        tool_version: env!("CARGO_PKG_VERSION"),
        seed: settings.run.seed,
        inputs: sources.inputs,
        notes: sources.notes,
        evaluation: &evaluation,
        config_toml: &config,
    };
    if let Some(output) = output {
        output.write("evaluation.csv", |out| report.write_csv(out).map_err(io::Error::from))?;
        output.write("evaluation.json", |out| report.write_json(out).map_err(io::Error::from))?;
        output.write("evaluation.md", |out| report.write_markdown(out).map_err(io::Error::from))?;
        output.write("config.toml", |out| out.write_all(config.as_bytes()))?;
        output.publish()?;
    }
    deliver(None, |out| report.write_markdown(out).map_err(io::Error::from))
}

impl EvaluateArgs {
    fn settings(&self) -> Result<Settings> {
        let mut settings = Settings::read(self.config.as_deref())?;
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
        settings.run.check().into_diagnostic()?;
        Ok(settings)
    }
}

/// Everything that was read, over one gene table.
pub(super) struct Sources {
    pub genes: GeneTable,
    pub original: RegulatoryNetwork,
    pub evidence: Vec<u32>,
    pub resistance: Resistance,
    against: Vec<(String, RegulatoryNetwork)>,
    pub dataset: Dataset,
    /// How the data say to be split.
    pub plan: SplitPlan,
    seen: Option<BTreeSet<Vec<GeneId>>>,
    /// What the refined knowledge bases learnt from, as far as the command is told.
    learnt: Option<Dataset>,
    pub inputs: Vec<InputFile>,
    pub notes: Vec<String>,
}

impl Sources {
    pub(super) fn read(arguments: &EvaluateArgs, settings: &Settings) -> Result<Self> {
        let rules = read_rules(settings.rules.as_deref())?;
        let mut inputs = Vec::new();
        let mut notes = Vec::new();
        let mut parse = |input: Input, role: &str| -> Result<KnowledgeBase> {
            inputs.push(input_file(role, &input));
            let base = knowledge_base::parse(&input, &rules)?;
            notes.extend(base.warnings().iter().cloned());
            Ok(base)
        };
        let knowledge = match &settings.kb {
            Some(path) => parse(files::read(path)?, "knowledge base")?,
            None => parse(Input::embedded(knowledge_base::ECOLI_CORE)?, "knowledge base (embedded)")?,
        };
        let mut genes = knowledge.genes().clone();
        let mut against = Vec::new();
        for path in &arguments.against {
            let base = parse(files::read(path)?, "knowledge base to compare with")?;
            against.push((path.display().to_string(), translated(&base, &mut genes)));
        }
        let seen = arguments.seen.as_deref().map(files::read).transpose()?;
        let seen = match &seen {
            Some(input) => {
                inputs.push(input_file("observations that were seen", input));
                Some(learnt_from(input, settings, &mut genes)?)
            }
            None => None,
        };
        let observed = read_observations(settings, &knowledge, &mut genes, &mut inputs, &mut notes)?;
        let Some((dataset, plan)) = observed else {
            bail!(
                "the embedded knock-outs are of other genes than the knowledge base; name your responses with --data"
            );
        };
        let mut dataset = dataset.widened(genes.len());
        let mut learnt = seen.map(|seen| seen.widened(genes.len()));
        let seen = learnt
            .as_ref()
            .map(|learnt| learnt.perturbations.iter().map(|perturbation| perturbation.genes().collect()).collect());
        if let Some(part) = arguments.part {
            let split = plan.split(&dataset, settings.run.seed).into_diagnostic()?;
            if matches!(part, PartName::Test) && learnt.is_none() {
                learnt = Some(dataset.select(&split.learnt_from()));
            }
            dataset = dataset.select(match part {
                PartName::Train => &split.train,
                PartName::Validation => &split.validation,
                PartName::Test => &split.test,
            });
        }
        let n_genes = genes.len();
        let network = |(name, translated): (String, Translated)| (name, translated.network(n_genes));
        if !arguments.against.is_empty() && learnt.is_none() {
            notes.push(WITHOUT_LEARNT.to_owned());
            tracing::warn!("{WITHOUT_LEARNT} (--seen FILE, or --part test)");
        }
        Ok(Self {
            original: knowledge_base::network_of(n_genes, &knowledge),
            evidence: evidence_of(&knowledge, n_genes),
            resistance: Resistance::of(knowledge.regulations(), settings.run.refinement.evidence_weight),
            against: against.into_iter().map(network).collect(),
            genes,
            dataset,
            plan,
            seen,
            learnt,
            inputs,
            notes,
        })
    }

    fn evaluate(&self, arguments: &EvaluateArgs, settings: &Settings, watch: &Terminal) -> Result<Evaluation> {
        let run = &settings.run;
        let bootstrap =
            BootstrapConfig { resamples: arguments.resamples as usize, seed: run.seed, ..BootstrapConfig::default() };
        let mut evaluation = Evaluation::default();
        if !self.against.is_empty() {
            let others: Vec<_> = self.against.iter().map(|(name, network)| NamedNetwork { name, network }).collect();
            let reasoning = (run.depth, run.reading);
            let seen = self.seen.as_ref();
            let controls = self.controls(run, watch)?;
            let controls: Vec<_> = controls.iter().map(|(name, network)| NamedNetwork { name, network }).collect();
            evaluation.strata =
                score_knowledge(&self.original, &others, &controls, &self.dataset, seen, reasoning, &bootstrap)
                    .into_diagnostic()?;
        }
        let knobs: Vec<_> = arguments.choose.iter().copied().map(Knob::from).collect();
        let schemes = if arguments.refine { arguments.splits.as_slice() } else { &[] };
        let mut passed_over = PassedOver::default();
        for &scheme in schemes {
            let Some(scheme) = scheme.scheme() else {
                bail!("`--splits given` is one split, not folds; use it with --predictors");
            };
            let folds = arguments.folds as usize;
            let splits = scheme.folds(&self.dataset, folds, settings.split_plan().validation, run.seed);
            let Some(splits) = passed_over.or_splits(scheme, splits)? else { continue };
            let materials = FoldMaterials {
                network: &self.original,
                evidence: &self.evidence,
                resistance: Some(&self.resistance),
                dataset: &self.dataset,
                splits: &splits,
                genes: &self.genes,
                choose: (&knobs, arguments.choose_folds as usize),
            };
            let validation = cross_validate(&materials, scheme.word(), run, &bootstrap, watch).map_err(stopped)?;
            evaluation.cross_validations.push(validation);
        }
        passed_over.ensure_any(arguments.refine && evaluation.cross_validations.is_empty())?;
        Ok(evaluation)
    }
}

impl Sources {
    /// The controls beside the first knowledge base that is compared, made of what it learnt from.
    fn controls(&self, run: &Config, watch: &Terminal) -> Result<Vec<(String, RegulatoryNetwork)>> {
        let (Some(learnt), Some((_, refined))) = (&self.learnt, self.against.first()) else { return Ok(Vec::new()) };
        watch.begin("controls", 1);
        control_networks(&self.original, refined, learnt, Some(&self.resistance), run, &Quiet(watch)).map_err(stopped)
    }
}

const WITHOUT_LEARNT: &str = "The rows `write what was seen`, random additions and permuted perturbations are left out: they need the \
    responses that the refinement had";

fn stopped(error: PipelineError) -> Report {
    match error {
        PipelineError::Cancelled => Interrupted.into(),
        other => miette!("{other}"),
    }
}

/// The experiments that a refinement learnt from: all of the table, less its own test rows.
fn learnt_from(input: &Input, settings: &Settings, genes: &mut GeneTable) -> Result<Dataset> {
    let read = datasets::read(&input.content, &input.name(), &settings.read, None, genes);
    let (dataset, report) = read.map_err(refused)?;
    let is_test = |row: usize| report.parts.get(&dataset.names[row]) == Some(&datasets::Part::Test);
    let rows: Vec<_> = (0..dataset.len()).filter(|&row| !is_test(row)).collect();
    Ok(dataset.select(&rows))
}
