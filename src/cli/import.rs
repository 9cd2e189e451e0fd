//! `aligned import`: Turn a database of regulations into a knowledge base in RDF.

use clap::Args;

/// Turn a database of regulations into a knowledge base in RDF.
#[derive(Args)]
pub struct ImportArgs {}

/// Runs the subcommand.
pub fn run(_arguments: &ImportArgs) -> miette::Result<()> {
    miette::bail!("not built yet")
}
