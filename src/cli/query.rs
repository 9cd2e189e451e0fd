//! `aligned query`: Ask a knowledge base a ready-made or an own SPARQL question.

use clap::Args;

/// Ask a knowledge base a ready-made or an own SPARQL question.
#[derive(Args)]
pub struct QueryArgs {}

/// Runs the subcommand.
pub fn run(_arguments: &QueryArgs) -> miette::Result<()> {
    miette::bail!("not built yet")
}
