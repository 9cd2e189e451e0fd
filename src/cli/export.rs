//! `aligned export`: Write the network of a knowledge base as SIF, GraphML or DOT.

use std::path::{Path, PathBuf};

use aligned::exchange::{self, CitedNetwork, WriteOptions};
use clap::{Args, ValueEnum};
use miette::IntoDiagnostic as _;

use super::knowledge_base::Knowledge;
use super::output;

/// Write the network of a knowledge base as SIF, GraphML or DOT.
///
/// Statements that a revision retracted are left out, those that it added are in: what is written is the network in force. Effects
/// (perturbing one gene moves another, mechanism open) are told apart from regulations in every format.
#[derive(Args)]
pub struct ExportArgs {
    /// The knowledge base: Turtle or N-Quads, plain or gzip.
    #[arg(long, value_name = "FILE")]
    kb: PathBuf,
    /// The format [default: by the extension of --out, else sif].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// A folder with `extract/*.rq` in place of the compiled-in rules.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Where it is written, in place of standard output; compressed if the name ends in `.gz`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// `A activates B`, one a line; effects are `A raises B` and `A lowers B`: Cytoscape.
    Sif,
    /// GraphML, with signs and the kind of statement as attributes: Cytoscape, igraph, Gephi.
    Graphml,
    /// DOT, effects dashed: Graphviz.
    Dot,
}

impl From<Format> for exchange::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Sif => Self::Sif,
            Format::Graphml => Self::GraphMl,
            Format::Dot => Self::Dot,
        }
    }
}

/// Runs the subcommand.
pub fn run(arguments: &ExportArgs) -> miette::Result<()> {
    let format = arguments.format()?;
    let knowledge = Knowledge::load(&arguments.kb, arguments.rules.as_deref())?;
    let network = CitedNetwork::of_knowledge(&knowledge.base);
    let written = exchange::write(format, &network, &WriteOptions::default()).into_diagnostic()?;
    for (lost, count) in written.losses.iter() {
        tracing::info!("lost: {}", lost.told(count));
    }
    output::deliver(arguments.out.as_deref(), |out| out.write_all(&written.content))
}

impl ExportArgs {
    fn format(&self) -> miette::Result<exchange::Format> {
        match (self.format, self.out.as_deref()) {
            (Some(format), _) => Ok(format.into()),
            (None, None) => Ok(exchange::Format::Sif),
            (None, Some(path)) => by_name(path),
        }
    }
}

fn by_name(path: &Path) -> miette::Result<exchange::Format> {
    use exchange::Format::{Dot, GraphMl, Sif};
    let name = path.to_string_lossy().to_ascii_lowercase();
    match exchange::Format::from_file_name(&name) {
        Ok(format @ (Sif | GraphMl | Dot)) => Ok(format),
        Ok(other) => miette::bail!(
            "this command writes .sif, .graphml or .dot, or what --format names; `aligned convert KB {name}` writes {}",
            other.title()
        ),
        Err(_) if name.trim_end_matches(".gz").ends_with(".xml") => Ok(GraphMl),
        Err(_) => miette::bail!(
            "the name {} does not tell a format; end it in .sif, .graphml or .dot, or give --format",
            path.display()
        ),
    }
}
