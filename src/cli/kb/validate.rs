//! `aligned kb validate`: Is a knowledge base sound?

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aligned::biology::{GeneId, GeneTable};
use aligned::exchange::Format as NetworkFormat;
use aligned::knowledge::RdfSyntax;
use aligned::knowledge::import::read_gene_catalogue;
use aligned::knowledge::validation::{Checks, Finding, Severity, Shapes, validate, validate_read};
use aligned::study::knowledge_base::{extraction_rules, parse};
use aligned::study::{Observations, Settings};
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic as _, Result};
use serde_json::json;

use super::{Input, files, input, output, told};

/// Is a knowledge base sound? Shapes (SHACL), contradictions, loose ends, names out of date, sources without licence.
///
/// Each finding has a number that never changes its meaning, a severity, and the line or the resource. Ends with 0 if nothing as
/// severe as --fail-on was found, with 1 if something was, and with 2 if a file cannot be read.
#[derive(Args)]
#[command(after_help = "Examples:\n  aligned kb validate knowledge/toy.ttl\n  aligned kb validate knowledge/toy.ttl \
                        knowledge/ecoli_core.ttl --gene-ids knowledge/ecoli_genes.tsv --fail-on warning")]
pub struct ValidateArgs {
    /// The knowledge bases: any format that `aligned convert` reads, plain or gzip [default: the embedded E. coli core].
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The same as FILE.
    #[arg(long, value_name = "FILE")]
    kb: Vec<PathBuf>,
    /// Current symbols (columns `symbol`, `entrez_id`, `ensembl_ids`, `uniprot_ids`, `aliases`): tells which names are out of date.
    #[arg(long, value_name = "FILE")]
    gene_ids: Option<PathBuf>,
    /// A table of responses: tells which regulators are neither perturbed nor measured there.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Shapes in place of those of `knowledge/shapes.ttl`.
    #[arg(long, value_name = "FILE")]
    shapes: Option<PathBuf>,
    /// End with 1 for findings of this severity or a higher one.
    #[arg(long, value_enum, default_value_t = Level::Error)]
    fail_on: Level,
    /// Show findings of this severity and higher ones.
    #[arg(long, value_enum, default_value_t = Level::Note)]
    show: Level,
    /// How it is told.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Where it is written, in place of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A folder with `extract/*.rq` in place of the compiled-in rules.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    /// Worth knowing; may well be right.
    Note,
    /// Looks wrong, and is read all the same.
    Warning,
    /// Is wrong, or is not read.
    Error,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Note => Self::Note,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A line for each finding, file and line first, as compilers write them.
    Text,
    /// One object.
    Json,
}

/// Runs the subcommand; true if something as severe as asked for was found.
pub fn run(arguments: &ValidateArgs) -> Result<bool> {
    let shapes = shapes(arguments.shapes.as_deref())?;
    let catalogue = arguments.gene_ids.as_deref().map(catalogue).transpose()?;
    let mut paths: Vec<Option<&Path>> =
        arguments.files.iter().chain(&arguments.kb).map(|path| Some(path.as_path())).collect();
    if paths.is_empty() {
        paths.push(None);
    }
    let mut findings = Vec::new();
    for path in paths {
        let input = input(path)?;
        findings.extend(findings_in(&input, arguments, &shapes, catalogue.as_ref())?);
    }
    let fails = findings.iter().any(|finding| finding.severity >= arguments.fail_on.into());
    let shown: Vec<&Finding> = findings.iter().filter(|finding| finding.severity >= arguments.show.into()).collect();
    let counts = [Severity::Error, Severity::Warning, Severity::Note]
        .map(|severity| (severity, findings.iter().filter(|finding| finding.severity == severity).count()));
    let text = match arguments.format {
        Format::Text => in_words(&shown, &counts),
        Format::Json => {
            let [errors, warnings, notes] = counts.map(|(_, count)| count);
            format!("{:#}\n", json!({ "findings": shown, "errors": errors, "warnings": warnings, "notes": notes }))
        }
    };
    output::deliver(arguments.out.as_deref(), |out| out.write_all(text.as_bytes()))?;
    Ok(fails)
}

fn shapes(path: Option<&Path>) -> Result<Shapes> {
    let Some(path) = path else { return Ok(Shapes::embedded()) };
    let input = files::read(path)?;
    let syntax = RdfSyntax::from_file_name(&input.name()).into_diagnostic()?;
    Shapes::parse(&input.content, &input.name(), syntax).into_diagnostic()
}

fn catalogue(path: &Path) -> Result<GeneTable> {
    let input = files::read(path)?;
    read_gene_catalogue(&input.content, &input.name()).into_diagnostic()
}

fn findings_in(
    input: &Input,
    arguments: &ValidateArgs,
    shapes: &Shapes,
    catalogue: Option<&GeneTable>,
) -> Result<Vec<Finding>> {
    let rules = extraction_rules(arguments.rules.as_deref()).map_err(told)?;
    let name = input.name();
    let syntax = match NetworkFormat::of_file(&name, &input.content) {
        Ok(NetworkFormat::Rdf(syntax)) => Some(syntax),
        _ => None,
    };
    let data = match arguments.data.as_deref() {
        Some(path) => Some((path.display().to_string(), genes_in(path, &parse(input, &rules).map_err(told)?)?)),
        None => None,
    };
    let data = data.as_ref().map(|(name, genes)| (name.as_str(), genes));
    let checks = Checks { shapes, catalogue, data };
    match syntax {
        Some(syntax) => validate(&input.content, &name, syntax, &rules, &checks),
        None => validate_read(&parse(input, &rules).map_err(told)?, &name, &checks),
    }
    .into_diagnostic()
}

/// The symbols of the genes that data perturb or measure.
fn genes_in(path: &Path, base: &aligned::knowledge::KnowledgeBase) -> Result<BTreeSet<String>> {
    let settings = Settings { data: Some(path.to_owned()), ..Settings::default() };
    let mut genes = base.genes().clone();
    let dataset = Observations::read(&settings, &mut genes).map_err(told)?.dataset;
    let is_measured = |gene: GeneId| (0..dataset.len()).any(|row| dataset.observed.get(row, gene).is_some());
    let perturbed: BTreeSet<GeneId> =
        dataset.perturbations.iter().flat_map(|perturbation| perturbation.genes()).collect();
    let known = genes.iter().filter(|(id, _)| perturbed.contains(id) || is_measured(*id));
    Ok(known.map(|(_, gene)| gene.symbol.clone()).collect())
}

fn in_words(findings: &[&Finding], counts: &[(Severity, usize); 3]) -> String {
    let mut text = String::new();
    for Finding { id, severity, file, line, resource, message } in findings {
        let line = line.map_or_else(String::new, |line| format!(":{line}"));
        let resource = resource.as_ref().map_or_else(String::new, |resource| format!(" [{resource}]"));
        let _ = writeln!(text, "{file}{line}: {} {id}: {message}{resource}", severity.word());
    }
    let plural = |&(severity, count): &(Severity, usize)| {
        format!("{count} {}{}", severity.word(), if count == 1 { "" } else { "s" })
    };
    let _ = writeln!(text, "{}", counts.iter().map(plural).collect::<Vec<_>>().join(", "));
    text
}
