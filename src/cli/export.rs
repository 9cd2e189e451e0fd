//! `aligned export`: Write the network of a knowledge base as SIF, GraphML or DOT.

use std::path::{Path, PathBuf};

use aligned::network::exchange::{self, ExchangeFormat};
use clap::{Args, ValueEnum};

use super::knowledge_base::Knowledge;
use super::output;

/// Write the network of a knowledge base as SIF, GraphML or DOT.
///
/// Statements that a revision withdrew are left out, those that it added are in: what is written is the network in force. Effects
/// (perturbing one gene moves another, mechanism open) are told from regulations in every format.
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

impl From<Format> for ExchangeFormat {
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
    output::deliver(arguments.out.as_deref(), |out| exchange::write(format, &knowledge.network, knowledge.genes(), out))
}

impl ExportArgs {
    fn format(&self) -> miette::Result<ExchangeFormat> {
        match (self.format, self.out.as_deref()) {
            (Some(format), _) => Ok(format.into()),
            (None, None) => Ok(ExchangeFormat::Sif),
            (None, Some(path)) => by_name(path),
        }
    }
}

fn by_name(path: &Path) -> miette::Result<ExchangeFormat> {
    ExchangeFormat::from_file_name(&path.to_string_lossy()).ok_or_else(|| {
        let name = path.display();
        miette::miette!("the name {name} does not tell a format; end it in .sif, .graphml or .dot, or give --format")
    })
}
