//! `aligned refine`: Refine a knowledge base with perturbation data.

use clap::Args;

/// Refine a knowledge base with perturbation data.
#[derive(Args)]
pub struct RefineArgs {}

/// Runs the subcommand.
pub fn run(_arguments: &RefineArgs) -> miette::Result<()> {
    miette::bail!("not built yet")
}
