//! `aligned query`: Ask a knowledge base a ready-made or an own SPARQL question.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aligned::knowledge::{AnswerFormat, KnowledgeError, Rules, query};
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, WrapErr};

use super::{files, knowledge_base, output};

/// Ask a knowledge base a ready-made or an own SPARQL question.
///
/// Ready-made questions: `added`, `removed` and `flipped` list revisions, `most-supported` the best of them, `evidence` what
/// each mends and breaks; `effects` lists what moves when a gene is perturbed, mechanism open; `contested` lists pairs of genes with both signs, `regulon` what one gene regulates.
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
    let rules = read_rules(arguments.rules.as_deref())?;
    let (name, sparql) = question(arguments, &rules)?;
    let input = files::read(&arguments.kb)?;
    let base = knowledge_base::parse(&input, &rules)?;
    let sparql = query::about(&base, &name, &sparql, arguments.gene.as_deref()).into_diagnostic()?;
    let answer = base.query(&sparql).into_diagnostic().wrap_err_with(|| format!("asking `{name}`"))?;
    let format = arguments.format.into();
    match &arguments.out {
        Some(path) => write_file(path, |out| answer.write(format, out)),
        None => deliver_answer(|out| answer.write(format, out)),
    }
}

/// The compiled-in rules, with those of a folder in place of the ones of the same name.
///
/// The folder may hold `extract/*.rq`, `query/*.rq` or both; one that holds neither is an error.
pub(super) fn read_rules(folder: Option<&Path>) -> miette::Result<Rules> {
    let Some(folder) = folder else { return Ok(Rules::embedded()) };
    let (extract, query) = (read_texts(&folder.join("extract"))?, read_texts(&folder.join("query"))?);
    if extract.is_empty() && query.is_empty() {
        miette::bail!("{} holds no rule; put SPARQL into extract/NAME.rq or query/NAME.rq below it", folder.display());
    }
    Ok(Rules::replaced(extract, query))
}

/// Names and texts of the `.rq` files of a folder, sorted; none if there is no such folder.
fn read_texts(folder: &Path) -> miette::Result<Vec<(String, String)>> {
    let cannot_read = || format!("cannot read {}", folder.display());
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.into_diagnostic().wrap_err_with(cannot_read)?,
    };
    let mut texts = Vec::new();
    for entry in entries {
        let path = entry.into_diagnostic().wrap_err_with(cannot_read)?.path();
        if path.extension().is_some_and(|extension| extension == "rq") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            texts.push((name, read_text(&path)?));
        }
    }
    texts.sort();
    Ok(texts)
}

fn read_text(path: &Path) -> miette::Result<String> {
    let input = files::read(path)?;
    String::from_utf8(input.content).into_diagnostic().wrap_err_with(|| format!("{} is not UTF-8 text", path.display()))
}

/// Name and SPARQL text of the question asked.
fn question(arguments: &QueryArgs, rules: &Rules) -> miette::Result<(String, String)> {
    if let Some(name) = &arguments.name {
        return Ok((name.clone(), rules.query(name).into_diagnostic()?.to_owned()));
    }
    if let Some(path) = &arguments.file {
        return Ok((path.display().to_string(), read_text(path)?));
    }
    Ok(("--sparql".to_owned(), arguments.sparql.clone().unwrap_or_default()))
}

/// An answer that its format cannot hold is an error of its own, not one of the file.
fn write_file(path: &Path, fill: impl Fn(&mut dyn Write) -> Result<(), KnowledgeError>) -> miette::Result<()> {
    fill(&mut io::sink()).into_diagnostic()?;
    Ok(files::write(path, |out| fill(out).map_err(io::Error::from))?)
}

/// An answer that its format cannot hold is an error of its own here too.
fn deliver_answer(fill: impl Fn(&mut dyn Write) -> Result<(), KnowledgeError>) -> miette::Result<()> {
    fill(&mut io::sink()).into_diagnostic()?;
    output::deliver(None, |out| fill(out).map_err(io::Error::from))
}
