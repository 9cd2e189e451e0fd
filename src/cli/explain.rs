//! `aligned explain`: Show the signed walks behind a response, with the sources of each step.

use clap::Args;

/// Show the signed walks behind a response, with the sources of each step.
#[derive(Args)]
pub struct ExplainArgs {}

/// Runs the subcommand.
pub fn run(_arguments: &ExplainArgs) -> miette::Result<()> {
    miette::bail!("not built yet")
}
