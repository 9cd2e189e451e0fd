//! `aligned refine`: the main job, end to end.

use std::path::PathBuf;

use aligned::evaluation::Hyperparameter;
use aligned::pipeline::{Objective, StopReason};
use aligned::prediction::PredictorName;
use aligned::study::{NOTHING_SEARCHED, NamedPredictions, RefinedStudy, ResultFolder, Settings, Study};
use clap::Args;
use miette::Result;

use super::Interrupted;
use super::cells::MatrixArgs;
use super::dataset::TableArgs;
use super::hints::told;
use super::options::{self, HyperparameterName, ObjectiveName, ReadingName};
use super::output::say;
use super::terminal::Terminal;

/// Refine a knowledge base with perturbation data.
///
/// Without --kb and --data the embedded E. coli core and knock-outs are used. With a --kb but no --data: the data that
/// `aligned.toml` names, else the embedded knock-outs if the knowledge base holds their genes, else a simulated screen
/// over the knowledge base itself with planted faults, as a power check.
#[derive(Args)]
#[command(next_help_heading = "Input", after_help = EXAMPLES)]
pub struct RefineArgs {
    /// Knowledge base: RDF (.ttl, .nq …) or another format that `aligned convert` reads, also .gz [default: the embedded E. coli
    /// core].
    #[arg(long, value_name = "FILE")]
    kb: Option<PathBuf>,
    /// Observed responses: a long or wide table, any delimiter, also .gz [default: the embedded E. coli knock-outs].
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Split of the data, made beforehand (JSON with train, test, val, or CSV perturbation,part) [default: regulators held out].
    #[arg(long, value_name = "FILE", requires = "data")]
    split: Option<PathBuf>,
    /// Knowledge base that nothing is fitted to, for scores alone.
    #[arg(long, value_name = "FILE")]
    held_out_kb: Option<PathBuf>,
    /// Predictions made elsewhere (a long or wide table of values, or .h5ad) in place of a predictor.
    #[arg(long, value_name = "NAME=FILE", conflicts_with = "predictor")]
    external: Option<NamedPredictions>,
    /// Settings in TOML; options override them [default: aligned.toml in the working folder, if there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of rules that replace those compiled in.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Go on though most perturbed genes move against what was declared, for example rise although deleted.
    #[arg(long)]
    accept_wrong_way: bool,
    #[command(flatten)]
    method: MethodArgs,
    #[command(flatten)]
    decision: DecisionArgs,
    #[command(flatten)]
    running: RunningArgs,
    #[command(flatten, next_help_heading = "How the table of --data is read")]
    table: TableArgs,
    #[command(flatten, next_help_heading = "AnnData file of --external")]
    matrix: MatrixArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Method")]
struct MethodArgs {
    /// Who learns from the data: mlp, gnn, or any other predictor of `compare` [default: mlp].
    #[arg(long, value_name = "NAME")]
    predictor: Option<PredictorName>,
    /// Rounds of align, refit, refine [default: 2].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: Option<u64>,
    /// Longest walk that counts [default: 5].
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=64))]
    depth: Option<u64>,
    /// How conflicting walks are read [default: nearest].
    #[arg(long, value_enum)]
    reading: Option<ReadingName>,
    /// Settings to choose by cross-validation over the perturbations of the training part, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SETTINGS")]
    choose: Vec<HyperparameterName>,
    /// Number of folds behind --choose.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=1000))]
    choose_folds: u64,
    /// A control: permute the perturbations that are learnt from among their experiments, so that nothing is left to find but
    /// how often each gene responds to anything. What such a run finds too, the data do not show. Held-out experiments
    /// stay as they are.
    #[arg(long)]
    permute_perturbations: bool,
    /// Seed of every random draw [default: 42].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

#[derive(Args)]
#[command(next_help_heading = "Decision: which revisions are applied")]
struct DecisionArgs {
    /// What decides: how probable experiments on its regulator make each statement, or how many entries the knowledge reads
    /// otherwise than wanted [default: evidence].
    #[arg(long, value_enum, value_name = "NAME")]
    objective: Option<ObjectiveName>,
    /// Expected share of true ones among the applied statements [default: 0.8]; for the evidence.
    #[arg(long, value_name = "SHARE")]
    expected_precision: Option<f64>,
    /// Largest q-value (expected share of false ones) of an applied revision [default: 0.2]; for the mismatch.
    #[arg(long, value_name = "Q")]
    max_q_value: Option<f64>,
    /// Least stability (share of resamples of the perturbations) of an applied revision [default: 0.7]; for the mismatch.
    #[arg(long, value_name = "SHARE")]
    min_stability: Option<f64>,
    /// Weight of citations: removing or flipping a regulation costs 1 + W·log2(1 + sources + references) times as much
    /// [default: 0.1].
    #[arg(long, value_name = "W")]
    evidence_weight: Option<f64>,
    /// Never revise what a source states whose name matches this regular expression; may be given several times.
    #[arg(long, value_name = "REGEX")]
    lock_source: Vec<String>,
}

#[derive(Args)]
#[command(next_help_heading = "Output and running")]
struct RunningArgs {
    /// Folder for the results.
    #[arg(long, value_name = "DIR", default_value = "aligned-out")]
    out: PathBuf,
    /// Only say how much memory and time the run would take, by a short probe on these data.
    #[arg(long)]
    dry_run: bool,
    /// Resume an earlier run into the same folder that was stopped; inputs and settings must be the same.
    #[arg(long, conflicts_with = "dry_run")]
    resume: bool,
    /// Write a checkpoint into the result folder: every finished round, and a running search this often at most;
    /// 0 writes none.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    checkpoint_seconds: u64,
    /// Stop after this many seconds with the best network so far, or the original one if no search had begun; exit code 0.
    #[arg(long, value_name = "SECONDS")]
    time_limit: Option<f64>,
    /// Threads; the result does not depend on it [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
}

const EXAMPLES: &str = "Examples:
  aligned refine
  aligned refine --kb knowledge/toy.ttl --out toy-out
  aligned refine --kb knowledge/ecoli_core.ttl --data datasets/ecoli_knockouts.csv.gz --predictor gnn --dry-run";

/// Runs the subcommand.
pub fn run(arguments: &RefineArgs) -> Result<()> {
    let (settings, running) = (arguments.settings()?, &arguments.running);
    options::start_threads(running.threads)?;
    let output = ResultFolder::claim(&running.out).map_err(told)?;
    let progress = Terminal::new();

    let mut study = Study::open(settings, &progress).map_err(told)?;
    output.spare_inputs().map_err(told)?;
    if running.dry_run {
        let estimate = study.estimate(&progress).map_err(told)?;
        progress.finish();
        return say(estimate);
    }
    let hyperparameters: Vec<_> = arguments.method.choose.iter().copied().map(Hyperparameter::from).collect();
    if !hyperparameters.is_empty() {
        study.choose(&hyperparameters, arguments.method.choose_folds as usize, &progress).map_err(told)?;
    }
    if let Some(headline) = study.headline() {
        say(headline)?;
    }
    let mut checkpoints = study.checkpoints(&running.out, running.checkpoint_seconds).map_err(told)?;
    let from = if running.resume { checkpoints.finished().map_err(told)? } else { checkpoints.beginning() };
    let refined = study.refine_from(&from, &mut |done| checkpoints.keep(done), &progress);
    checkpoints.flush();
    let refined = refined.map_err(told)?;
    refined.write_into(output).map_err(told)?;
    progress.finish();
    let stop_reason = refined.outcome().stop_reason;
    if matches!(stop_reason, StopReason::NoRevision | StopReason::RoundLimit) {
        checkpoints.discard();
    }
    tell(arguments, &refined)?;
    if stop_reason == StopReason::Cancelled { Err(Interrupted.into()) } else { Ok(()) }
}

impl RefineArgs {
    fn settings(&self) -> Result<Settings> {
        let Self { method, decision, running, .. } = self;
        let mut settings = Settings::read(self.config.as_deref()).map_err(told)?;
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
        let external = options::external(self.external.as_slice(), &self.matrix)?;
        settings.external = external.into_iter().next().or(settings.external);
        let run = &mut settings.run;
        run.predictor = method.predictor.unwrap_or(run.predictor);
        run.reading = method.reading.map_or(run.reading, Into::into);
        run.rounds = method.rounds.map_or(run.rounds, |rounds| rounds as usize);
        run.depth = method.depth.map_or(run.depth, |depth| depth as usize);
        run.time_limit_seconds = running.time_limit.or(run.time_limit_seconds);
        run.objective = decision.objective.map_or(run.objective, Objective::from);
        run.evidence.expected_precision = decision.expected_precision.unwrap_or(run.evidence.expected_precision);
        let refinement = &mut run.refinement;
        refinement.evidence_weight = decision.evidence_weight.unwrap_or(refinement.evidence_weight);
        refinement.max_q_value = decision.max_q_value.unwrap_or(refinement.max_q_value);
        refinement.min_stability = decision.min_stability.unwrap_or(refinement.min_stability);
        settings.lock_sources.extend(decision.lock_source.iter().cloned());
        settings.permute_perturbations |= method.permute_perturbations;
        settings.accept_wrong_way |= self.accept_wrong_way;
        settings.run = settings.run.clone().with_seed(method.seed.unwrap_or(settings.run.seed));
        settings.read = self.table.over(settings.read);
        Ok(settings)
    }
}

/// Says in a few lines what was found and where it lies.
fn tell(arguments: &RefineArgs, refined: &RefinedStudy) -> Result<()> {
    let place = arguments.running.out.display();
    if refined.outcome().iterations.is_empty() {
        say(format_args!("Note: {NOTHING_SEARCHED} with --time-limit."))?;
    }
    say(format_args!(
        "{}\nSee {place}/report.html, {place}/revisions.tsv and {place}/{}.",
        refined.report().verdict(),
        refined.refined_name()
    ))
}
