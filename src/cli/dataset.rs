//! `aligned dataset`: Make and inspect tables of perturbation responses.

use clap::Args;

/// Make and inspect tables of perturbation responses.
#[derive(Args)]
pub struct DatasetArgs {}

/// Runs the subcommand.
pub fn run(_arguments: &DatasetArgs) -> miette::Result<()> {
    miette::bail!("not built yet")
}
