//! `aligned kb validate`: placeholder.
use clap::Args;
use miette::Result;

/// Check.
#[derive(Args)]
pub struct ValidateArgs {}

/// Runs the subcommand; true if something was found.
pub fn run(_arguments: &ValidateArgs) -> Result<bool> {
    Ok(false)
}
