//! `aligned recover --data FILE`: known regulations hidden, and looked for in real responses.

use std::io;
use std::path::{Path, PathBuf};

use aligned::study::{HiddenRequest, Settings, recover_hidden};
use aligned::symbolic::Reading;
use clap::Args;
use miette::{Result, bail};

use super::Interrupted;
use super::dataset::TableArgs;
use super::hints::told;
use super::options::{ObjectiveName, seeds};
use super::output::deliver;
use super::terminal::Terminal;

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

/// What is named outside of [`RealArgs`].
pub struct Trial<'a> {
    pub kb: Option<&'a Path>,
    pub data: &'a Path,
    pub rules: Option<&'a Path>,
    pub depth: usize,
    pub reading: Option<Reading>,
    pub seeds: &'a str,
    pub out: &'a Path,
}

/// Runs the subcommand on real responses.
pub fn run(real: &RealArgs, trial: &Trial<'_>) -> Result<()> {
    let (settings, shares) = (settings(real, trial)?, shares(real)?);
    let request = HiddenRequest { shares, seeds: seeds(trial.seeds)?, folder: trial.out.to_owned() };
    let progress = Terminal::new();
    let recovered = recover_hidden(&settings, &request, &progress).map_err(told)?;
    progress.finish();
    deliver(None, |out| {
        recovered.report().write_markdown(out).map_err(io::Error::from)?;
        writeln!(out, "\nSee {}.", trial.out.join("recover.tsv").display())
    })?;
    if recovered.finished() { Ok(()) } else { Err(Interrupted.into()) }
}

fn shares(real: &RealArgs) -> Result<(f64, f64)> {
    let (hide, flip) = (real.hide.unwrap_or(0.5), real.flip.unwrap_or(0.1));
    for (name, share) in [("--hide", hide), ("--flip", flip)] {
        if !(0.0..=1.0).contains(&share) {
            bail!("`{name}` is {share}; it must be from 0 to 1");
        }
    }
    Ok((hide, flip))
}

fn settings(real: &RealArgs, trial: &Trial<'_>) -> Result<Settings> {
    // Of the file only what the loop computes: knowledge base and data are named here.
    let mut run = Settings::read(real.config.as_deref()).map_err(told)?.run;
    run.depth = trial.depth;
    run.reading = trial.reading.unwrap_or(run.reading);
    run.objective = real.objective.map_or(run.objective, Into::into);
    run.evidence.expected_precision = real.expected_precision.unwrap_or(run.evidence.expected_precision);
    Ok(Settings {
        kb: trial.kb.map(Path::to_owned),
        rules: trial.rules.map(Path::to_owned),
        accept_wrong_way: real.accept_wrong_way,
        run,
        ..real.table.settings(Some(trial.data))
    })
}
