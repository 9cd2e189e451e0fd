//! `aligned refine`: the main job, end to end.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aligned::biology::{CitedRegulation, GeneId, GeneTable, Perturbation, Regulation, Response};
use aligned::datasets::{self, Dataset, Split};
use aligned::knowledge::{KnowledgeBase, RdfSyntax, Rules, RunInput, RunProvenance, write_knowledge_and_effects};
use aligned::network::RegulatoryNetwork;
use aligned::pipeline::evaluation::{Knob, KnobCurve, choose};
use aligned::pipeline::recovery::for_screen;
use aligned::pipeline::{
    self, Checkpoint, Estimate, KnowledgeBases, Materials, Objective, Outcome, PipelineError, Screen, StopReason,
    WeighedEvidence,
};
use aligned::prediction::{External, PredictorName};
use aligned::progress::Watch;
use aligned::refinement::Resistance;
use aligned::report::{DataSummary, InputFile, Report};
use aligned::symbolic::Reading;
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, Result, WrapErr, bail, ensure, miette};

use super::Interrupted;
use super::cells::MatrixArgs;
use super::checkpoint::Keeper;
use super::dataset::{TableArgs, refuse_wrong_way, refused, warn_all};
use super::evaluate::KnobName;
use super::external::NamedPredictions;
use super::files::{self, Input};
use super::knowledge_base::{self, network_of};
use super::output::say;
use super::query::read_rules;
use super::result_folder::{REFINED, ResultFolder};
use super::settings::Settings;
use super::watch::Terminal;

/// Refine a knowledge base with perturbation data.
///
/// Without --kb and --data the embedded E. coli core and knock-outs are used. With a --kb but no --data: the data that
/// `aligned.toml` names, else the embedded knock-outs if the knowledge base holds their genes, else a simulated screen
/// over the knowledge base itself with planted faults, as a power check.
#[derive(Args)]
pub struct RefineArgs {
    /// Knowledge base in RDF (.ttl or .nq, also .gz).
    #[arg(long, value_name = "FILE")]
    kb: Option<PathBuf>,
    /// Observed responses: a long or wide table, any delimiter, also .gz.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Folder for the results.
    #[arg(long, value_name = "DIR", default_value = "aligned-out")]
    out: PathBuf,
    /// Who learns from the data: mlp, gnn, or any other predictor of `evaluate --predictors`.
    #[arg(long, value_name = "NAME")]
    predictor: Option<PredictorName>,
    /// Predictions made elsewhere (a long or wide table of values, or .h5ad) in place of a predictor.
    #[arg(long, value_name = "NAME=FILE", conflicts_with = "predictor")]
    external: Option<NamedPredictions>,
    /// Rounds of align, refit, refine.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: Option<u64>,
    /// Longest walk that counts.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=64))]
    depth: Option<u64>,
    /// How conflicting walks are read.
    #[arg(long, value_enum)]
    reading: Option<ReadingName>,
    /// Knowledge base that nothing is fitted to, for scores alone.
    #[arg(long, value_name = "FILE")]
    held_out_kb: Option<PathBuf>,
    /// Split of the data, made beforehand (JSON with train, test, val, or CSV perturbation,part).
    #[arg(long, value_name = "FILE", requires = "data")]
    split: Option<PathBuf>,
    /// Folder of rules that replace those compiled in.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Weight of citations: removing or flipping a regulation costs 1 + W·log2(1 + sources + references) times as much.
    #[arg(long, value_name = "W")]
    evidence_weight: Option<f64>,
    /// Never revise what a source states whose name matches this regular expression; may be given several times.
    #[arg(long, value_name = "REGEX")]
    lock_source: Vec<String>,
    /// What decides which revisions are made: how probable experiments on its regulator make each statement, or how many
    /// entries the knowledge reads otherwise than wanted [default: evidence].
    #[arg(long, value_enum, value_name = "NAME")]
    objective: Option<ObjectiveName>,
    /// Expected share of true ones among the applied statements [default: 0.8]; for the evidence.
    #[arg(long, value_name = "SHARE")]
    expected_precision: Option<f64>,
    /// Largest q-value (expected share of false ones) of an applied revision; those above are proposed; for the mismatch.
    #[arg(long, value_name = "Q")]
    max_q_value: Option<f64>,
    /// Least stability (share of resamples of the perturbations) of an applied revision; the others are proposed; for the
    /// mismatch.
    #[arg(long, value_name = "SHARE")]
    min_stability: Option<f64>,
    /// Stop after so many seconds with the best network so far, or the original one if no search had begun; exit code 0.
    #[arg(long, value_name = "SECONDS")]
    time_limit: Option<f64>,
    /// Seed of every random draw.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
    /// Settings in TOML; options above override them.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Knobs to choose by cross-validation over the perturbations of the training part, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KNOBS")]
    choose: Vec<KnobName>,
    /// Number of folds behind --choose.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=1000))]
    choose_folds: u64,
    /// Go on where an earlier run into the same folder was stopped; inputs and settings must be the same.
    #[arg(long, conflicts_with = "dry_run")]
    resume: bool,
    /// Keep a checkpoint in the result folder: every finished round, and a running search at most so often; 0 keeps none.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    checkpoint_seconds: u64,
    /// A control: deal the perturbations that are learnt from anew among their experiments, so that nothing is left to find
    /// but how often each gene responds to anything. What such a run finds too, the data do not show. Held-out experiments
    /// stay as they are.
    #[arg(long)]
    permute_perturbations: bool,
    /// Go on though most perturbed genes move against what was declared, for example rise although deleted.
    #[arg(long)]
    accept_wrong_way: bool,
    /// Only tell how much memory and time the run would take, by a short probe on these data.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten, next_help_heading = "AnnData file of --external")]
    matrix: MatrixArgs,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ObjectiveName {
    Evidence,
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

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ReadingName {
    Naive,
    Nearest,
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

const NOTHING_SEARCHED: &str = "the time limit was over before the first search began: nothing was learnt and nothing revised; the refined \
    knowledge base equals the original; give more time with --time-limit";

const TURNED_ROUND: &str = "A knowledge base refined with such data would be turned round, so it is not";

/// The E. coli knock-outs, as they lie in `datasets/`.
const ECOLI_KNOCKOUTS: (&str, &[u8]) = ("ecoli_knockouts.csv.gz", datasets::ECOLI_KNOCKOUTS_GZ);

/// Runs the subcommand.
pub fn run(arguments: &RefineArgs) -> Result<()> {
    let mut settings = arguments.settings()?;
    arguments.start_threads()?;
    let output = ResultFolder::claim(&arguments.out)?;
    let watch = Terminal::new();

    arguments.matrix.ensure_used(arguments.external.iter())?;
    let mut sources = Sources::read(&settings, (arguments.external.as_ref(), &arguments.matrix), &watch)?;
    output.spare_inputs()?;
    if sources.screen.is_some() {
        settings.run.refinement = for_screen(settings.run.refinement);
        // The screen is simulated as the search has it: each walk transmits.
        settings.run.objective = Objective::Mismatch;
    }
    if arguments.dry_run {
        return sources.tell_estimate(&settings, &watch);
    }
    if !arguments.choose.is_empty() {
        sources.choose(arguments, &mut settings, &watch)?;
    }
    let mut keeper = Keeper::new(&arguments.out, &settings, &sources.inputs, arguments.checkpoint_seconds)?;
    let from = if arguments.resume { keeper.finished()? } else { keeper.beginning() };
    let refined = sources.refine(&settings, &from, &mut keeper, &watch);
    keeper.flush();
    let (mut outcome, seconds) = refined?;
    if outcome.iterations.is_empty() {
        sources.notes.push(NOTHING_SEARCHED.to_owned());
    }
    let (refined, config) = sources.write_revisions(&settings, &outcome, &output)?;
    sources.score_again(&settings, &mut outcome, &refined)?;
    outcome.timings.extend(seconds);
    sources.write_report(&outcome, &config, &output)?;

    watch.finish();
    output.publish()?;
    if matches!(outcome.stop_reason, StopReason::NoRevision | StopReason::RoundLimit) {
        keeper.discard();
    }
    tell(arguments, &sources, &outcome)?;
    if outcome.stop_reason == StopReason::Cancelled { Err(Interrupted.into()) } else { Ok(()) }
}

impl RefineArgs {
    fn settings(&self) -> Result<Settings> {
        let mut settings = Settings::read(self.config.as_deref())?;
        for (named, place) in [
            (&self.kb, &mut settings.kb),
            (&self.data, &mut settings.data),
            (&self.table.contrast_table, &mut settings.contrasts),
            (&self.held_out_kb, &mut settings.held_out_kb),
            (&self.split, &mut settings.split_file),
            (&self.rules, &mut settings.rules),
        ] {
            if named.is_some() {
                place.clone_from(named);
            }
        }
        let run = &mut settings.run;
        run.predictor = self.predictor.unwrap_or(run.predictor);
        if let Some(reading) = self.reading {
            run.reading = reading.into();
        }
        run.rounds = self.rounds.map_or(run.rounds, |rounds| rounds as usize);
        run.depth = self.depth.map_or(run.depth, |depth| depth as usize);
        run.time_limit_seconds = self.time_limit.or(run.time_limit_seconds);
        run.objective = self.objective.map_or(run.objective, Objective::from);
        run.evidence.expected_precision = self.expected_precision.unwrap_or(run.evidence.expected_precision);
        let refinement = &mut run.refinement;
        refinement.evidence_weight = self.evidence_weight.unwrap_or(refinement.evidence_weight);
        refinement.max_q_value = self.max_q_value.unwrap_or(refinement.max_q_value);
        refinement.min_stability = self.min_stability.unwrap_or(refinement.min_stability);
        settings.lock_sources.extend(self.lock_source.iter().cloned());
        settings.permute_perturbations |= self.permute_perturbations;
        settings.accept_wrong_way |= self.accept_wrong_way;
        settings.run = settings.run.clone().with_seed(self.seed.unwrap_or(settings.run.seed));
        settings.read = self.table.over(settings.read);
        settings.split = Some(settings.split_plan());
        settings.run.check().into_diagnostic()?;
        Ok(settings)
    }

    fn start_threads(&self) -> Result<()> {
        let Some(threads) = self.threads else { return Ok(()) };
        rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build_global().into_diagnostic()
    }
}

/// What the experiments say of each known regulation, one a row.
fn write_verdicts(weighed: &WeighedEvidence, genes: &GeneTable, out: &mut dyn Write) -> io::Result<()> {
    let columns = "regulator\ttarget\tsign\tverdict\tagreeing\topposing\tsilent\tlog_likelihood_ratio\tholds\tother_sign\tneither";
    writeln!(out, "{columns}")?;
    for judged in &weighed.judged {
        let Regulation { regulator, target, sign } = judged.regulation;
        let [holds, other_sign, neither] = judged.posterior;
        writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{:.4}\t{holds:.4}\t{other_sign:.4}\t{neither:.4}",
            genes.symbol(regulator),
            genes.symbol(target),
            sign.word(),
            judged.verdict.word(),
            judged.experiments.agreeing,
            judged.experiments.opposing,
            judged.experiments.silent,
            judged.log_likelihood_ratio,
        )?;
    }
    Ok(())
}

/// Everything that was read before the loop, over one gene table.
struct Sources {
    knowledge: KnowledgeBase,
    genes: GeneTable,
    network: RegulatoryNetwork,
    resistance: Resistance,
    held_out: Option<RegulatoryNetwork>,
    external: Option<External>,
    dataset: Dataset,
    split: Split,
    screen: Option<Screen>,
    rules: Rules,
    inputs: Vec<InputFile>,
    knob_curves: Vec<KnobCurve>,
    notes: Vec<String>,
    headline: Option<String>,
    seed: u64,
}

impl Sources {
    fn read(
        settings: &Settings,
        (external, matrix): (Option<&NamedPredictions>, &MatrixArgs),
        watch: &Terminal,
    ) -> Result<Self> {
        watch.begin("read", 4);
        let mut inputs = Vec::new();
        let rules = read_rules(settings.rules.as_deref())?;
        let (mut knowledge, name) = match &settings.kb {
            Some(path) => {
                let input = files::read(path)?;
                let knowledge = knowledge_base::parse(&input, &rules)?;
                inputs.push(input_file("knowledge base", &input));
                (knowledge, path.display().to_string())
            }
            None => {
                let embedded = Input::embedded(knowledge_base::ECOLI_CORE)?;
                inputs.push(input_file("knowledge base (embedded)", &embedded));
                (knowledge_base::parse(&embedded, &rules)?, "the embedded E. coli core".to_owned())
            }
        };
        watch.advance(1);
        let mut notes = knowledge.warnings().to_vec();
        if knowledge.has_named_graphs() {
            notes.push(format!("{name} holds named graphs; the refined knowledge base is written as {}", REFINED[1]));
        }
        let locked = locked_regulations(settings, &knowledge, &mut notes)?;
        let mut genes = knowledge.genes().clone();
        let held_out_regulations = match &settings.held_out_kb {
            Some(path) => {
                let input = files::read(path)?;
                let held_out = knowledge_base::parse(&input, &rules)?;
                inputs.push(input_file("held-out knowledge base", &input));
                notes.extend(held_out.warnings().iter().cloned());
                Some(translated(&held_out, &mut genes))
            }
            None => None,
        };
        watch.advance(1);
        let observed = read_observations(settings, &knowledge, &mut genes, &mut inputs, &mut notes)?;
        if let Some((dataset, _)) = observed.as_ref().filter(|_| !settings.accept_wrong_way) {
            refuse_wrong_way(dataset, &genes, TURNED_ROUND)?;
        }
        let mut network = network_of(genes.len(), &knowledge);
        let mut screen = None;
        let mut headline = None;
        let (mut dataset, plan) = match observed {
            Some((dataset, plan)) => (dataset.widened(genes.len()), plan),
            None if settings.permute_perturbations => {
                bail!("`--permute-perturbations` needs observed responses; name them with --data")
            }
            None => {
                let run = &settings.run;
                let simulated = Screen::simulate(&network, run.depth, run.reading, &settings.screen, run.seed);
                headline = Some(format!(
                    "SIMULATED SCREEN over {name}: a copy of it with planted faults is refined against simulated responses. \
                     This is a power check; nothing in this folder is knowledge about biology."
                ));
                knowledge = damaged_copy(&knowledge, &simulated.damaged)?;
                network.clone_from(&simulated.damaged);
                let dataset = simulated.dataset.clone();
                screen = Some(simulated);
                (dataset, settings.split_plan())
            }
        };
        watch.advance(1);
        // Planted faults cite no source: in a power check citations would give them away.
        let evidence_weight = if screen.is_some() { 0.0 } else { settings.run.refinement.evidence_weight };
        let locked = locked.into_iter().filter(|&regulation| network.contains(regulation));
        let resistance = Resistance::of(knowledge.regulations(), evidence_weight).with_locked(locked);
        let split = plan.split(&dataset, settings.run.seed).into_diagnostic()?;
        if settings.permute_perturbations {
            dataset = dataset.permuted(&split.learnt_from(), settings.run.seed);
            headline = Some(
                "CONTROL: the perturbations that were learnt from are dealt anew among their experiments. What is found here \
                 comes of how often genes respond to anything; nothing in this folder is knowledge about biology."
                    .to_owned(),
            );
        }
        watch.advance(1);
        if watch.is_cancelled() {
            return Err(Interrupted.into());
        }
        let held_out = held_out_regulations.map(|translated| translated.network(genes.len()));
        let external = match external {
            Some(_) if screen.is_some() => bail!("`--external` needs observed responses; name them with --data"),
            Some(named) => {
                let (external, told) = named.read((&settings.read, matrix), &genes, &mut inputs, watch)?;
                notes.extend(told.lines().map(|line| line.trim().to_owned()));
                Some(external)
            }
            None => None,
        };
        Ok(Self {
            knowledge,
            genes,
            network,
            resistance,
            held_out,
            external,
            dataset,
            split,
            screen,
            rules,
            inputs,
            knob_curves: Vec::new(),
            notes,
            headline,
            seed: settings.run.seed,
        })
    }

    fn refine(
        &self,
        settings: &Settings,
        from: &Checkpoint,
        keeper: &mut Keeper,
        watch: &Terminal,
    ) -> Result<(Outcome, Vec<(String, f64)>)> {
        if let Some(headline) = &self.headline {
            say(headline)?;
        }
        let began = std::time::Instant::now();
        let evidence = evidence_of(&self.knowledge, self.genes.len());
        let row_labels: Vec<_> = (0..self.dataset.perturbations.len()).map(|row| self.row_label(row)).collect();
        let materials = self.materials(&evidence, &row_labels);
        tracing::info!("{}", Estimate::of(&materials, &settings.run));
        let mut outcome =
            match pipeline::run_from(&materials, &settings.run, from, &mut |done| keeper.keep(done), watch) {
                Ok(outcome) => outcome,
                Err(PipelineError::Cancelled) => return Err(Interrupted.into()),
                Err(error) => return Err(error).into_diagnostic(),
            };
        if let Some(screen) = &self.screen {
            let learnt = self.split.learnt_from();
            let Settings { run, .. } = settings;
            outcome.power_check = Some(screen.check(&outcome, &learnt, run.depth, run.reading));
        }
        Ok((outcome, vec![("loop".to_owned(), began.elapsed().as_secs_f64())]))
    }

    fn materials<'a>(&'a self, evidence: &'a [u32], row_labels: &'a [String]) -> Materials<'a> {
        Materials {
            network: &self.network,
            evidence,
            resistance: Some(&self.resistance),
            held_out: self.held_out.as_ref(),
            external: self.external.as_ref(),
            dataset: &self.dataset,
            split: &self.split,
            row_labels,
            genes: &self.genes,
        }
    }

    /// Chooses knobs from what may be learnt from; the curves are told in the report.
    fn choose(&mut self, arguments: &RefineArgs, settings: &mut Settings, watch: &Terminal) -> Result<()> {
        let learnt = self.split.learnt_from();
        let (part, knobs) = (self.dataset.select(&learnt), arguments.choose.iter().copied().map(Knob::from));
        let folds = arguments.choose_folds as usize;
        let knobs: Vec<_> = knobs.collect();
        let (run, curves) = match choose(&self.network, &part, &knobs, folds, &settings.run, watch) {
            Err(PipelineError::Cancelled) => return Err(Interrupted.into()),
            chosen => chosen.into_diagnostic()?,
        };
        settings.run = run;
        self.knob_curves = curves;
        Ok(())
    }

    /// Memory and time of a run, without the run.
    fn tell_estimate(&self, settings: &Settings, watch: &Terminal) -> Result<()> {
        watch.begin("probe", 1);
        let estimate = Estimate::of(&self.materials(&[], &[]), &settings.run);
        let estimate = estimate.probed(&self.materials(&[], &[]), &settings.run, watch).into_diagnostic()?;
        watch.finish();
        say(estimate)
    }

    /// `fur-`, with the name of the experiment behind it where that says more.
    fn row_label(&self, row: usize) -> String {
        let label = self.dataset.perturbations[row].label(&self.genes);
        let name = &self.dataset.names[row];
        let says_more = self.screen.is_none() && *name != label && !label.starts_with(name.as_str());
        if says_more { format!("{label} ({name})") } else { label }
    }

    /// Turtle cannot hold named graphs.
    fn refined_name(&self) -> &'static str {
        REFINED[usize::from(self.knowledge.has_named_graphs())]
    }

    /// Writes the refined knowledge base and reads it back.
    fn write_revisions(
        &self,
        settings: &Settings,
        outcome: &Outcome,
        output: &ResultFolder,
    ) -> Result<(RegulatoryNetwork, String)> {
        let config = settings.to_toml()?;
        let input = |input: &InputFile| RunInput {
            role: input.role.clone(),
            file_name: input.file.clone(),
            sha256: input.sha256.clone(),
        };
        let run = RunProvenance {
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            inputs: self.inputs.iter().map(input).collect(),
            config_toml: config.clone(),
            seed: settings.run.seed,
        };
        let name = self.refined_name();
        let syntax = RdfSyntax::from_file_name(name).into_diagnostic()?;
        output.write(name, |out| {
            let (revisions, labels) = (&outcome.revisions, &outcome.row_labels);
            let written = self.knowledge.write_refined(&self.genes, revisions, labels, &run, syntax, out);
            written.map_err(io::Error::other)
        })?;
        let written = files::read_own(&output.path(name))?;
        let reread = knowledge_base::parse(&written, &self.rules).wrap_err("the refined file cannot be read back")?;
        let mut genes = self.genes.clone();
        let refined = translated(&reread, &mut genes).network(self.genes.len());
        ensure!(
            refined == outcome.refined,
            "the refined file says something else than the run; this is a fault of ours"
        );
        Ok((refined, config))
    }

    /// Takes the scores again, on what was read back from the file.
    fn score_again(&self, settings: &Settings, outcome: &mut Outcome, refined: &RegulatoryNetwork) -> Result<()> {
        let knowledge = KnowledgeBases { original: &self.network, refined, held_out: self.held_out.as_ref() };
        outcome.scores = outcome.held_out.scores(&knowledge, &settings.run).into_diagnostic()?;
        Ok(())
    }

    fn write_report(&self, outcome: &Outcome, config: &str, output: &ResultFolder) -> Result<()> {
        let report = self.report(outcome, config);
        output.write("revisions.tsv", |out| report.write_revisions_tsv(out).map_err(io::Error::other))?;
        if let Some(weighed) = &outcome.evidence {
            output.write("verdicts.tsv", |out| write_verdicts(weighed, &self.genes, out))?;
        }
        output.write("report.json", |out| report.write_json(out).map_err(io::Error::other))?;
        output.write("report.md", |out| report.write_markdown(out).map_err(io::Error::other))?;
        output.write("report.html", |out| report.write_html(out).map_err(io::Error::other))?;
        output.write("config.toml", |out| out.write_all(config.as_bytes()))?;
        Ok(())
    }

    fn report<'a>(&'a self, outcome: &'a Outcome, config: &'a str) -> Report<'a> {
        let observed = &self.dataset.observed;
        Report {
            outcome,
            genes: &self.genes,
            seed: self.seed,
            inputs: self.inputs.clone(),
            headline: self.headline.clone(),
            config_toml: config,
            tool_version: env!("CARGO_PKG_VERSION"),
            peak_memory_bytes: peak_memory_bytes(),
            data_summary: DataSummary {
                perturbations: observed.n_perturbations(),
                genes: self.dataset.measured_genes().len(),
                measured: observed.measured(),
                down: observed.count(Response::Down),
                unchanged: observed.count(Response::Unchanged),
                up: observed.count(Response::Up),
                train: self.split.train.len(),
                validation: self.split.validation.len(),
                test: self.split.test.len(),
            },
            knob_curves: self.knob_curves.clone(),
            notes: self.notes.clone(),
        }
    }
}

/// The observations and the plan of their split; `None` if there are none for this knowledge base.
pub(super) fn read_observations(
    settings: &Settings,
    knowledge: &KnowledgeBase,
    genes: &mut GeneTable,
    inputs: &mut Vec<InputFile>,
    notes: &mut Vec<String>,
) -> Result<Option<(Dataset, datasets::SplitPlan)>> {
    let (input, role) = match &settings.data {
        Some(path) => (files::read(path)?, "observations"),
        None => (Input::embedded(ECOLI_KNOCKOUTS)?, "observations (embedded)"),
    };
    let contrasts = match &settings.contrasts {
        Some(path) => {
            let contrasts = files::read(path)?;
            inputs.push(input_file("contrasts", &contrasts));
            Some(
                datasets::read_contrasts(&contrasts.content, &contrasts.name(), settings.read.perturbation_sign)
                    .into_diagnostic()?,
            )
        }
        None => None,
    };
    let mut extended = genes.clone();
    let read = datasets::read(&input.content, &input.name(), &settings.read, contrasts.as_deref(), &mut extended);
    let (dataset, report) = match read {
        // None of the embedded genes is in this knowledge base.
        Err(_) if settings.data.is_none() => return Ok(None),
        read => read.map_err(refused)?,
    };
    if settings.data.is_some() {
        let mut doubts = Vec::new();
        ensure_known(&dataset, knowledge, &extended, &mut doubts)?;
        warn_all(&doubts);
        notes.extend(doubts.into_iter().map(|doubt| format!("WARNING: {doubt}")));
    }
    if settings.data.is_none() && !mostly_known(&dataset.perturbations, knowledge, &extended) {
        return Ok(None);
    }
    *genes = extended;
    inputs.push(input_file(role, &input));
    tracing::info!("{report}");
    warn_all(&report.warnings);
    notes.extend(report.to_string().lines().map(|line| line.trim().to_owned()));
    notes.extend(report.warnings.iter().map(|warning| format!("WARNING: {warning}")));
    let contested = dataset.contested();
    if contested > 0 {
        notes.push(format!(
            "{contested} pairs of perturbation and gene are contested: experiments observed different responses; all are kept"
        ));
    }
    let plan = match (&settings.split_file, report.split_plan()) {
        (Some(path), _) => {
            let file = files::read(path)?;
            inputs.push(input_file("split", &file));
            let split = datasets::read_split(&file.content, &file.name(), &dataset, genes);
            let (plan, told) = split.into_diagnostic()?;
            notes.push(format!(
                "the split assigns {} rows; {} rows are not named by it and not used; {} of its names are not in the data",
                told.assigned_rows,
                told.unassigned_rows.len(),
                told.unmatched.len()
            ));
            plan
        }
        (None, Some(plan)) => plan,
        (None, None) => settings.split_plan(),
    };
    Ok(Some((dataset, plan)))
}

/// Refuses data of which the knowledge base knows no perturbed gene, or hardly any gene, by one measure and the other.
fn ensure_known(
    dataset: &Dataset,
    knowledge: &KnowledgeBase,
    genes: &GeneTable,
    notes: &mut Vec<String>,
) -> Result<()> {
    let in_knowledge = knowledge.genes().len();
    let symbols = |ids: &[GeneId]| ids.iter().map(|&gene| genes.symbol(gene).to_owned()).collect::<Vec<_>>();
    let known = |ids: &[GeneId]| ids.iter().filter(|gene| gene.index() < in_knowledge).count();
    let perturbed: std::collections::BTreeSet<_> = dataset.perturbations.iter().flat_map(Perturbation::genes).collect();
    let (perturbed, measured) = (perturbed.into_iter().collect::<Vec<_>>(), dataset.measured_genes());
    let kinds = |names: &[String]| datasets::differing_kinds(names.iter().map(String::as_str), knowledge.genes());
    let some = |names: &[String]| names.iter().take(5).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    const MEND: &str = "use the same organism and the same kind of names in both: a column of symbols or accessions can be named \
                        with --gene-column and --perturbation-column";
    if known(&perturbed) == 0 {
        let names = symbols(&perturbed);
        let (n, examples, kinds) = (names.len(), some(&names), kinds(&names));
        return Err(miette!(
            help = MEND,
            "none of the {n} perturbed genes ({examples}) is in the knowledge base{kinds}"
        ));
    }
    let shared = known(&measured);
    if 10 * shared < measured.len() && 10 * shared < in_knowledge {
        let names = symbols(&measured);
        let (n, kinds) = (measured.len(), kinds(&names));
        let told = format!(
            "only {shared} of the {n} measured genes are in the knowledge base, which holds {in_knowledge}{kinds}"
        );
        // Few genes of the right organism are no wrong organism.
        if 2 * known(&perturbed) < perturbed.len() {
            return Err(miette!(help = MEND, "{told}"));
        }
        notes.push(told);
    }
    Ok(())
}

/// What the locked sources state; each pattern must match one, and a note says how much it locks.
fn locked_regulations(
    settings: &Settings,
    knowledge: &KnowledgeBase,
    notes: &mut Vec<String>,
) -> Result<Vec<Regulation>> {
    let mut locked = Vec::new();
    for pattern in &settings.lock_sources {
        let stated = knowledge.stated_by(pattern).into_diagnostic()?;
        let all = knowledge.regulations().len();
        notes.push(format!("{} of {all} regulations are locked: their sources match `{pattern}`", stated.len()));
        locked.extend(stated);
    }
    Ok(locked)
}

/// True if most perturbed genes stand in the knowledge base by their very symbol.
fn mostly_known(perturbations: &[Perturbation], knowledge: &KnowledgeBase, genes: &GeneTable) -> bool {
    let perturbed: std::collections::BTreeSet<_> = perturbations.iter().flat_map(Perturbation::genes).collect();
    let known = perturbed.iter().filter(|&&gene| knowledge.genes().id(genes.symbol(gene)).is_some()).count();
    2 * known >= perturbed.len()
}

/// Records cited for the regulations of each gene as a target.
pub(super) fn evidence_of(knowledge: &KnowledgeBase, n_genes: usize) -> Vec<u32> {
    let mut evidence = vec![0u32; n_genes];
    for cited in knowledge.regulations() {
        let count = &mut evidence[cited.regulation.target.index()];
        *count = count.saturating_add(cited.citation.evidence_count.max(1));
    }
    evidence
}

/// Regulations and effects over a gene table that may still grow.
pub(super) struct Translated {
    regulations: Vec<Regulation>,
    effects: Vec<Regulation>,
}

impl Translated {
    /// The network over all genes of the table.
    pub(super) fn network(self, n_genes: usize) -> RegulatoryNetwork {
        RegulatoryNetwork::new(n_genes, self.regulations).with_effects(self.effects)
    }
}

/// The statements of a knowledge base over another gene table, which takes up the genes that it lacks.
pub(super) fn translated(knowledge: &KnowledgeBase, genes: &mut GeneTable) -> Translated {
    let ids: Vec<_> = knowledge.genes().iter().map(|(_, gene)| genes.intern(&gene.symbol)).collect();
    let translate = |cited: &CitedRegulation| {
        let Regulation { regulator, target, sign } = cited.regulation;
        Regulation::new(ids[regulator.index()], ids[target.index()], sign)
    };
    Translated {
        regulations: knowledge.regulations().iter().map(translate).collect(),
        effects: knowledge.effects().iter().map(translate).collect(),
    }
}

/// A knowledge base that states the damaged network: planted regulations cite no source.
fn damaged_copy(knowledge: &KnowledgeBase, damaged: &RegulatoryNetwork) -> Result<KnowledgeBase> {
    let cited = |&regulation: &Regulation| {
        let known = knowledge.regulations().binary_search_by_key(&regulation, |cited| cited.regulation);
        match known {
            Ok(index) => knowledge.regulations()[index].clone(),
            Err(_) => CitedRegulation { regulation, citation: Default::default() },
        }
    };
    let regulations: Vec<_> = damaged.regulations().iter().map(cited).collect();
    let mut content = Vec::new();
    write_knowledge_and_effects(knowledge.genes(), &regulations, knowledge.effects(), RdfSyntax::Turtle, &mut content)
        .into_diagnostic()?;
    let copy = KnowledgeBase::parse(&content, "damaged.ttl").into_diagnostic()?;
    let symbols = |knowledge: &KnowledgeBase| -> Vec<String> {
        knowledge.genes().iter().map(|(_, gene)| gene.symbol.clone()).collect()
    };
    if symbols(&copy) != symbols(knowledge) {
        bail!("a power check needs a knowledge base in canonical form; write it anew with `aligned import`");
    }
    Ok(copy)
}

pub(super) fn input_file(role: &str, input: &Input) -> InputFile {
    named_input(role, &input.path, input.sha256.clone(), input.bytes)
}

pub(super) fn named_input(role: &str, path: &Path, sha256: String, bytes: u64) -> InputFile {
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    InputFile { role: role.to_owned(), file, sha256, bytes }
}

/// The most memory that this process held, where the system tells it.
pub fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Says in a few lines what was found and where it lies.
fn tell(arguments: &RefineArgs, sources: &Sources, outcome: &Outcome) -> Result<()> {
    let report = sources.report(outcome, "");
    let place = arguments.out.display();
    if outcome.iterations.is_empty() {
        say(format_args!("Note: {NOTHING_SEARCHED}."))?;
    }
    say(format_args!(
        "{}\nSee {place}/report.html, {place}/revisions.tsv and {place}/{}.",
        report.verdict(),
        sources.refined_name()
    ))
}
