//! `aligned kb apply`: Apply a patch to a knowledge base, or take it back.

use std::path::PathBuf;

use aligned::knowledge::patch::{Content, Patch};
use clap::Args;
use miette::{IntoDiagnostic as _, Result};

use super::{Source, check_free, files, write_content};

/// Apply a patch to a knowledge base, or take it back.
///
/// The patch says by a hash of all statements for which knowledge base it was made, and no other is changed. Blocks may have been cut
/// out of it. The result is written in canonical form, so that the same statements are always the same bytes.
#[derive(Args)]
#[command(
    after_help = "Example:\n  aligned kb subset --kb knowledge/toy.ttl --regulon lexA --out sos.ttl\n  aligned kb diff \
                        knowledge/toy.ttl sos.ttl --out changes.rdfp\n  aligned kb apply changes.rdfp --kb knowledge/toy.ttl"
)]
pub struct ApplyArgs {
    /// The patch, as `aligned kb diff` writes it.
    #[arg(value_name = "PATCH")]
    patch: PathBuf,
    #[command(flatten)]
    source: Source,
    /// Take the patch back: from the knowledge base to which it was applied, cut in the same way, to the one before.
    #[arg(long)]
    revert: bool,
    /// Where the result is written, in place of standard output; RDF by its extension.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the output if it exists.
    #[arg(long)]
    force: bool,
}

/// Runs the subcommand.
pub fn run(arguments: &ApplyArgs) -> Result<()> {
    let text = files::read(&arguments.patch)?;
    let patch = Patch::parse(&text.content, &text.name()).into_diagnostic()?;
    let (input, base) = arguments.source.read()?;
    check_free(arguments.out.as_deref(), arguments.force)?;
    let content = Content::of(&base).into_diagnostic()?;
    let name = input.name();
    let changed = match arguments.revert {
        true => patch.revert(&content, &name),
        false => patch.apply(&content, &name),
    }
    .into_diagnostic()?;
    write_content(&changed, &base, &name, arguments.out.as_deref())?;
    let (added, deleted) = patch.counts();
    let did = if arguments.revert { "taken back" } else { "applied" };
    tracing::info!("{} blocks {did}: {added} statements in, {deleted} out", patch.blocks().len());
    Ok(())
}
