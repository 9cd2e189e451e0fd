//! `aligned recover --data FILE`: known regulations hidden, and looked for in real responses.

use std::io;
use std::path::{Path, PathBuf};

use aligned::biology::{GeneTable, Regulation};
use aligned::datasets::ReadOptions;
use aligned::knowledge::import::claims::{self, ClaimColumns};
use aligned::network::RegulatoryNetwork;
use aligned::pipeline::PipelineError;
use aligned::pipeline::recovery::{RealConfig, RealScreen, RealTrial, RecoveryError};
use aligned::progress::Watch as _;
use aligned::report::{InputFile, RealRecoveryReport};
use clap::Args;
use miette::{IntoDiagnostic, Result, bail, miette};
use serde::{Deserialize, Serialize};

use super::Interrupted;
use super::dataset::{TableArgs, read_observations, refuse_wrong_way, warn_all};
use super::files::{self, Input};
use super::knowledge_base::{self, ECOLI_CORE};
use super::notebook::{Notebook, program_hash};
use super::output::deliver;
use super::query::read_rules;
use super::recover::{RecoverArgs, seeds};
use super::refine::{ObjectiveName, input_file, named_input};
use super::settings::Settings;
use super::watch::Terminal;

#[derive(Args)]
pub struct RealArgs {
    /// Share of the testable regulations that are hidden, from 0 to 1 [default: 0.5]; at 1 all others are left out too: there is
    /// no knowledge.
    #[arg(long, value_name = "SHARE")]
    hide: Option<f64>,
    /// Share of the testable regulations left whose sign is turned [default: 0.1].
    #[arg(long, value_name = "SHARE")]
    flip: Option<f64>,
    /// What decides which revisions are made [default: evidence].
    #[arg(long, value_enum, value_name = "NAME")]
    objective: Option<ObjectiveName>,
    /// Expected share of true ones among the applied statements [default: 0.8]; for the evidence.
    #[arg(long, value_name = "SHARE")]
    expected_precision: Option<f64>,
    /// Settings in TOML, as of `aligned refine`; options above override them.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Go on though most perturbed genes move against what was declared, for example rise although deleted.
    #[arg(long)]
    accept_wrong_way: bool,
    #[command(flatten)]
    table: TableArgs,
}

impl RealArgs {
    /// An option of these that was given.
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            ("--hide", self.hide.is_some()),
            ("--flip", self.flip.is_some()),
            ("--objective", self.objective.is_some()),
            ("--expected-precision", self.expected_precision.is_some()),
            ("--config", self.config.is_some()),
            ("--accept-wrong-way", self.accept_wrong_way),
        ];
        given.iter().find(|(_, given)| *given).map(|&(name, _)| name)
    }
}

/// The first line of the notebook: seeds of anything else cannot stand beside these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    program: String,
    inputs: Vec<String>,
    config: RealConfig,
}

const NOTEBOOK: &str = "rows.jsonl";
const FILES: [&str; 3] = ["recover.tsv", "recover.json", "recover.md"];

/// Runs the subcommand on real responses.
pub fn run(arguments: &RecoverArgs, data: &Path) -> Result<()> {
    let watch = Terminal::new();
    let config = config(arguments)?;
    let mut inputs = Vec::new();
    let mut notes = Vec::new();
    let mut genes = GeneTable::new();
    let (truth, told) = truth(arguments, &mut genes, &mut inputs, &mut notes)?;
    let table = &arguments.real.table;
    let observations = read_observations(Some(data), table, ReadOptions::default(), &mut genes)?;
    let bytes = data.metadata().map_or(0, |metadata| metadata.len());
    inputs.push(named_input("observations", data, observations.sha256.unwrap_or_default(), bytes));
    warn_all(&observations.report.warnings);
    notes.extend(observations.report.to_string().lines().map(|line| line.trim().to_owned()));
    let dataset = observations.dataset.widened(genes.len());
    if !arguments.real.accept_wrong_way {
        refuse_wrong_way(&dataset, &genes, "Every sign found in such data would be turned round")?;
    }
    let truth = RegulatoryNetwork::new(genes.len(), truth.regulations().iter().copied())
        .with_effects(truth.effects().iter().copied());
    let screen = RealScreen::new(&truth, &dataset, &genes).into_diagnostic()?;
    let header = Header {
        program: program_hash()?,
        inputs: inputs.iter().map(|input| input.sha256.clone()).collect(),
        config: config.clone(),
    };
    let mut notebook: Notebook<RealTrial> = Notebook::open(&arguments.out, NOTEBOOK, &FILES, &header)?;
    let done = std::mem::take(&mut notebook.done);
    let mut trials = Vec::new();
    let mut stopped = false;
    for seed in seeds(&arguments.seeds)? {
        if let Some(trial) = done.iter().find(|trial| trial.seed == seed) {
            trials.push(trial.clone());
            continue;
        }
        match screen.trial(&config, seed, &watch) {
            Err(RecoveryError::Pipeline(error)) if matches!(*error, PipelineError::Cancelled) => stopped = true,
            Err(error) => return Err(error).into_diagnostic(),
            Ok(_) if watch.is_cancelled() => stopped = true,
            Ok(trial) => {
                notebook.keep(&trial).map_err(RecoveryError::NotKept).into_diagnostic()?;
                trials.push(trial);
            }
        }
        if stopped {
            break;
        }
    }
    watch.finish();
    let report = RealRecoveryReport {
        tool_version: env!("CARGO_PKG_VERSION"),
        network: told,
        inputs,
        truth: screen.summary(),
        config: &config,
        finished: !stopped,
        notes,
        trials: &trials,
    };
    write_report(&arguments.out, &report)?;
    if stopped { Err(Interrupted.into()) } else { Ok(()) }
}

fn write_report(folder: &Path, report: &RealRecoveryReport<'_>) -> Result<()> {
    files::write(&folder.join("recover.tsv"), |out| report.write_tsv(out).map_err(io::Error::from))?;
    files::write(&folder.join("recover.json"), |out| report.write_json(out).map_err(io::Error::from))?;
    files::write(&folder.join("recover.md"), |out| report.write_markdown(out).map_err(io::Error::from))?;
    deliver(None, |out| {
        report.write_markdown(out).map_err(io::Error::from)?;
        writeln!(out, "\nSee {}.", folder.join("recover.tsv").display())
    })
}

fn config(arguments: &RecoverArgs) -> Result<RealConfig> {
    let real = &arguments.real;
    let (hide, flip) = (real.hide.unwrap_or(0.5), real.flip.unwrap_or(0.1));
    for (name, share) in [("--hide", hide), ("--flip", flip)] {
        if !(0.0..=1.0).contains(&share) {
            bail!("`{name}` is {share}; it must be from 0 to 1");
        }
    }
    let mut run = Settings::read(real.config.as_deref())?.run;
    run.depth = arguments.depth;
    if let Some(&reading) = arguments.reading.first() {
        run.reading = reading.into();
    }
    run.objective = real.objective.map_or(run.objective, Into::into);
    run.evidence.expected_precision = real.expected_precision.unwrap_or(run.evidence.expected_precision);
    run.check().into_diagnostic()?;
    Ok(RealConfig { hide, flip, run })
}

/// The true network over `genes`, which takes up its genes, and where it comes from.
fn truth(
    arguments: &RecoverArgs,
    genes: &mut GeneTable,
    inputs: &mut Vec<InputFile>,
    notes: &mut Vec<String>,
) -> Result<(RegulatoryNetwork, String)> {
    let input = match &arguments.kb {
        Some(path) => files::read(path)?,
        None => Input::embedded(ECOLI_CORE)?,
    };
    inputs.push(input_file("knowledge base", &input));
    let name = input.name();
    let file = Path::new(&name).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    if [".ttl", ".nq", ".nt"].iter().any(|end| name.ends_with(end)) {
        let base = knowledge_base::parse(&input, &read_rules(arguments.rules.as_deref())?)?;
        *genes = base.genes().clone();
        notes.extend(base.warnings().iter().cloned());
        return Ok((knowledge_base::network_of(genes.len(), &base), file));
    }
    let list = claims::read(&input.content, &name, &ClaimColumns::default()).map_err(|error| {
        miette!(
            help = "make a knowledge base of it with `aligned import table`, which takes the names of columns",
            "{error}"
        )
    })?;
    notes.extend(list.notes);
    let unsigned = list.claims.iter().filter(|claim| claim.sign.is_none()).count();
    if unsigned > 0 {
        notes.push(format!("{unsigned} rows without a sign are left out"));
    }
    let signed = list.claims.iter().filter_map(|claim| {
        Some(Regulation::new(genes.intern(&claim.regulator), genes.intern(&claim.target), claim.sign?))
    });
    let regulations: Vec<_> = signed.collect();
    Ok((RegulatoryNetwork::new(genes.len(), regulations), file))
}
