//! The command line: one file per subcommand. The only room that knows clap and opens files named by the user.
//!
//! Start at [`run`]. Each subcommand parses, reads, calls one library function and writes. Data goes to standard output,
//! the log to standard error.

mod attractor_rows;
mod attractors;
mod audit;
mod cells;
mod compare;
mod convert;
mod cross_validate;
mod dataset;
mod diagnose;
mod evaluate;
mod explain;
mod export;
mod files;
mod hints;
mod import;
mod kb;
mod knowledge_base;
mod old_spellings;
mod options;
mod output;
mod query;
mod recover;
mod recover_real;
mod refine;
mod simulate;
mod terminal;

use std::io::{IsTerminal, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use miette::Diagnostic;
use thiserror::Error;
use tracing_subscriber::EnvFilter;

use output::Log;

/// Neuro-symbolic refinement of gene-regulatory knowledge: which regulations must change, and why.
#[derive(Parser)]
#[command(version, about, long_about = None, max_term_width = 120)]
struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
    /// Tell more on standard error; twice for debugging.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Tell only errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    Refine(Box<refine::RefineArgs>),
    Import(import::ImportArgs),
    Convert(convert::ConvertArgs),
    Query(query::QueryArgs),
    Kb(Box<kb::KbArgs>),
    Simulate(simulate::SimulateArgs),
    Explain(explain::ExplainArgs),
    Attractors(Box<attractors::AttractorsArgs>),
    Export(export::ExportArgs),
    Dataset(dataset::DatasetArgs),
    Audit(Box<audit::AuditArgs>),
    Evaluate(Box<evaluate::EvaluateArgs>),
    CrossValidate(Box<cross_validate::CrossValidateArgs>),
    Compare(Box<compare::CompareArgs>),
    Diagnose(Box<diagnose::DiagnoseArgs>),
    Recover(Box<recover::RecoverArgs>),
}

/// The user asked to stop.
#[derive(Debug, Error, Diagnostic)]
#[error("stopped on request (Ctrl-C or a signal)")]
struct Interrupted;

/// Parses the command line, does the work and turns errors into an exit code.
pub fn run() -> ExitCode {
    let (arguments, hint) = old_spellings::translate(std::env::args_os());
    let cli = Cli::parse_from(arguments);
    start_log(&cli);
    if let Some(hint) = hint {
        tracing::warn!("{hint}");
    }
    aligned::study::memory::tell_readers();
    quiet_hdf5();
    let result = match cli.command {
        Command::Refine(arguments) => refine::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Query(arguments) => query::run(&arguments),
        Command::Kb(arguments) => return kb::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Attractors(arguments) => attractors::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Dataset(arguments) => dataset::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::CrossValidate(arguments) => cross_validate::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Diagnose(arguments) => diagnose::run(&arguments),
        Command::Recover(arguments) => recover::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            report_error(&report);
            let interrupted = report.downcast_ref::<Interrupted>().is_some();
            if interrupted { ExitCode::from(terminal::INTERRUPTED_CODE) } else { ExitCode::FAILURE }
        }
    }
}

/// Log lines go to standard error: warnings on a terminal, where bars show the rest, else also the steps.
fn start_log(cli: &Cli) {
    let terminal = std::io::stderr().is_terminal();
    let level = match (cli.quiet, cli.verbose) {
        (true, _) => "error",
        (_, 0) if terminal => "warn",
        (_, 0 | 1) => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("ALIGNED_LOG").unwrap_or_else(|_| EnvFilter::new(format!("aligned={level}")));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Log::default);
    let subscriber = subscriber.log_internal_errors(false);
    subscriber.with_ansi(terminal).with_target(false).without_time().init();
}

/// What panics in a thread that reads HDF5 is told as an error of the file, and once is enough.
fn quiet_hdf5() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some("hdf5") {
            told(panic);
        }
    }));
}

/// Told even where no log is kept, unless nobody can hear it.
fn report_error(report: &miette::Report) {
    let _ = writeln!(Log, "{report:?}");
}
