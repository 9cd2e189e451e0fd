//! `aligned query`: Ask a knowledge base a ready-made or an own SPARQL question.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aligned::knowledge::{AnswerFormat, KnowledgeError, Rules, query};
use aligned::study::knowledge_base::{parse, read_rules};
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, WrapErr};

use super::hints::told;
use super::{files, output};

/// Ask a knowledge base a ready-made or an own SPARQL question.
///
/// Ready-made questions: `added`, `removed` and `flipped` list revisions, `most-supported` the best of them, `evidence` what
/// each corrects and introduces; `effects` lists what moves when a gene is perturbed, mechanism open; `contested` lists pairs of genes with both signs, `regulon` what one gene regulates.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("question").required(true))]
pub struct QueryArgs {
    /// The knowledge base: Turtle or N-Quads, plain or gzip.
    #[arg(long, value_name = "FILE")]
    kb: PathBuf,
    /// A ready-made question: added, removed, flipped, effects, contested, regulon, evidence, most-supported.
    #[arg(value_name = "NAME", group = "question")]
    name: Option<String>,
    /// A question in SPARQL; the prefixes aligned, obo, prov, rdfs, skos and those of genes need no declaration.
    #[arg(long, value_name = "TEXT", group = "question")]
    sparql: Option<String>,
    /// A file that holds a question in SPARQL.
    #[arg(long, value_name = "FILE.rq", group = "question")]
    file: Option<PathBuf>,
    /// The gene that the question is about, by symbol, alias or accession.
    #[arg(long, value_name = "GENE")]
    gene: Option<String>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Where the answer is written, in place of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A folder with `extract/*.rq` and `query/*.rq` that replace the compiled-in ones of the same name, or add to them.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Aligned columns.
    Table,
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// SPARQL results in JSON.
    Json,
    /// Turtle, for a CONSTRUCT.
    Turtle,
}

impl From<Format> for AnswerFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Table => Self::Table,
            Format::Csv => Self::Csv,
            Format::Tsv => Self::Tsv,
            Format::Json => Self::Json,
            Format::Turtle => Self::Turtle,
        }
    }
}

/// Runs the subcommand.
pub fn run(arguments: &QueryArgs) -> miette::Result<()> {
    let rules = read_rules(arguments.rules.as_deref()).map_err(told)?;
    let (name, sparql) = question(arguments, &rules)?;
    let input = files::read(&arguments.kb)?;
    let base = parse(&input, &rules).map_err(told)?;
    let sparql = query::about(&base, &name, &sparql, arguments.gene.as_deref()).into_diagnostic()?;
    let answer = base.query(&sparql).into_diagnostic().wrap_err_with(|| format!("asking `{name}`"))?;
    let format = arguments.format.into();
    match &arguments.out {
        Some(path) => write_file(path, |out| answer.write(format, out)),
        None => deliver_answer(|out| answer.write(format, out)),
    }
}

/// Name and SPARQL text of the question asked.
fn question(arguments: &QueryArgs, rules: &Rules) -> miette::Result<(String, String)> {
    if let Some(name) = &arguments.name {
        return Ok((name.clone(), rules.query(name).into_diagnostic()?.to_owned()));
    }
    if let Some(path) = &arguments.file {
        return Ok((path.display().to_string(), files::read_text(path)?));
    }
    Ok(("--sparql".to_owned(), arguments.sparql.clone().unwrap_or_default()))
}

/// An answer that its format cannot hold is an error of its own, not one of the file.
fn write_file(path: &Path, fill: impl Fn(&mut dyn Write) -> Result<(), KnowledgeError>) -> miette::Result<()> {
    fill(&mut io::sink()).into_diagnostic()?;
    files::write(path, |out| fill(out).map_err(io::Error::from))
}

/// An answer that its format cannot hold is an error of its own here too.
fn deliver_answer(fill: impl Fn(&mut dyn Write) -> Result<(), KnowledgeError>) -> miette::Result<()> {
    fill(&mut io::sink()).into_diagnostic()?;
    output::deliver(None, |out| fill(out).map_err(io::Error::from))
}
