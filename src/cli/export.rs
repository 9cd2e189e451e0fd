//! `aligned export`: Write the network of a knowledge base as SIF, GraphML or DOT.

use clap::Args;

/// Write the network of a knowledge base as SIF, GraphML or DOT.
#[derive(Args)]
pub struct ExportArgs {}

/// Runs the subcommand.
pub fn run(_arguments: &ExportArgs) -> miette::Result<()> {
    miette::bail!("not built yet")
}
