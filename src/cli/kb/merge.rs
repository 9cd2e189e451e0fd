//! `aligned kb merge`: Join knowledge bases, and list what does not go together.

use std::path::PathBuf;

use aligned::knowledge::patch::{Conflict, Merged, merge};
use clap::Args;
use miette::{IntoDiagnostic as _, Result};

use super::{check_free, output, read, write_content};

/// Join knowledge bases, and list what does not go together.
///
/// Every statement is kept with the evidence of each file. Opposite signs between two genes are kept too, and listed with the
/// files and sources behind each. A gene is the same if its symbol is; the first file decides its IRI.
#[derive(Args)]
#[command(
    after_help = "Example:\n  aligned kb merge knowledge/ecoli_core.ttl knowledge/toy.ttl --out both.ttl --conflicts conflicts.tsv"
)]
pub struct MergeArgs {
    /// The knowledge bases, one or more.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Where the result is written, in place of standard output; RDF by its extension.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A table of pairs of genes with both signs [default: they are listed on standard error].
    #[arg(long, value_name = "FILE")]
    conflicts: Option<PathBuf>,
    /// Replace the outputs if they exist.
    #[arg(long)]
    force: bool,
    /// A folder with `extract/*.rq` in place of the compiled-in rules.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(arguments: &MergeArgs) -> Result<()> {
    let mut parts = Vec::new();
    for path in &arguments.files {
        let (input, base) = read(Some(path), arguments.rules.as_deref())?;
        parts.push((input.name(), base));
    }
    for out in [&arguments.out, &arguments.conflicts] {
        check_free(out.as_deref(), arguments.force)?;
    }
    let named: Vec<_> = parts.iter().map(|(name, base)| (name.clone(), base)).collect();
    let Merged { content, conflicts, notes } = merge(&named).into_diagnostic()?;
    notes.iter().for_each(|note| tracing::warn!("{note}"));
    let Some((_, first)) = parts.first() else { return Ok(()) };
    write_content(&content, first, "the merged knowledge base", arguments.out.as_deref())?;
    let n = conflicts.len();
    match &arguments.conflicts {
        Some(path) => {
            output::deliver(Some(path), |out| out.write_all(table(&conflicts).as_bytes()))?;
            tracing::info!("{n} pairs of genes with both signs, listed in {}", path.display());
        }
        None => conflicts.iter().for_each(|conflict| tracing::warn!("{}", told(conflict))),
    }
    Ok(())
}

/// One sentence.
fn told(conflict: &Conflict) -> String {
    let [activation, inhibition] = &conflict.sides;
    let side = |(files, citation): &(Vec<String>, aligned::biology::Citation)| {
        let sources = if citation.sources.is_empty() { "no source".to_owned() } else { citation.sources.join(", ") };
        format!("{}: {sources}", files.join(", "))
    };
    let statement = &conflict.statement;
    let (one, other) = (statement.in_words(), statement.flipped().in_words());
    format!("both signs: {one} ({}) and {other} ({})", side(activation), side(inhibition))
}

fn table(conflicts: &[Conflict]) -> String {
    let mut rows = vec![
        "statement\tregulator\ttarget\tactivation_files\tactivation_sources\tactivation_references\tinhibition_files\t\
         inhibition_sources\tinhibition_references"
            .to_owned(),
    ];
    let plain = |list: &[String]| list.join(";").replace(['\t', '\n', '\r'], " ");
    for Conflict { statement, sides } in conflicts {
        let symbols =
            [statement.statement, &statement.regulator, &statement.target].map(|name| plain(&[name.to_owned()]));
        let sides =
            sides.iter().flat_map(|(files, cited)| [plain(files), plain(&cited.sources), plain(&cited.references)]);
        rows.push(symbols.into_iter().chain(sides).collect::<Vec<_>>().join("\t"));
    }
    rows.join("\n") + "\n"
}
