//! `aligned simulate`: Tell what the knowledge says a perturbation does.

use clap::Args;

/// Tell what the knowledge says a perturbation does.
#[derive(Args)]
pub struct SimulateArgs {}

/// Runs the subcommand.
pub fn run(_arguments: &SimulateArgs) -> miette::Result<()> {
    miette::bail!("not built yet")
}
