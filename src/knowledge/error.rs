//! What can be wrong with a knowledge base, a rule or a question.

use std::io;

use thiserror::Error;

use crate::biology::BiologyError;

/// A knowledge base that cannot be read or written, or a question that it cannot answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KnowledgeError {
    /// The name of a file does not tell its format.
    #[error(
        "the name `{file}` does not tell a format of RDF; end it in `.ttl` (Turtle), `.nq` (N-Quads), `.nt` (N-Triples), \
         `.trig` (TriG), `.jsonld` (JSON-LD), `.rdf` or `.owl` (RDF/XML), with `.gz` after it if it is compressed"
    )]
    UnknownExtension {
        /// The file as it was named.
        file: String,
    },
    /// The text is not what the format asks for.
    #[error("{file}:{line}:{column}: {message}{}; fix that line, or check that the file is {syntax}", in_line(.near))]
    Syntax {
        /// The file as it was named.
        file: String,
        /// The format in which it was read.
        syntax: &'static str,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
        /// What the parser says.
        message: String,
        /// Start of the line in question.
        near: String,
    },
    /// The file is sound RDF, but no rule finds a regulation in it.
    #[error(
        "{file} holds no regulation: none was found by the rules {}; its {statements} statements use {}; give \
         regulations as `aligned:Regulation` resources or by `obo:RO_0002213` (positively regulates) and \
         `obo:RO_0002212` (negatively regulates), or give rules of your own by `--rules`{}",
        .rules.join(", "), .predicates.join(", "), first_warning(.warnings)
    )]
    NoRegulation {
        /// The file as it was named.
        file: String,
        /// Names of the extraction rules that were tried.
        rules: Vec<String>,
        /// Number of statements in the file.
        statements: usize,
        /// The most frequent predicates, each with its count.
        predicates: Vec<String>,
        /// What was found wrong with single statements.
        warnings: Vec<String>,
    },
    /// A rule or a question is not SPARQL.
    #[error("{name} is not SPARQL that can be asked: {message}")]
    Sparql {
        /// The rule or the question.
        name: String,
        /// What the parser says, with the line.
        message: String,
    },
    /// A rule answers with columns that mean nothing to the reader.
    #[error(
        "the extraction rule `{name}` {found}; a rule is a SELECT of ?regulator ?target ?sign (a regulation), of \
         ?regulation with ?kind, ?source, ?reference, ?evidenceCount or ?confidence (what is cited for it), of ?gene \
         with ?symbol, ?label, ?alias, or ?authority ?accession (a gene), or of ?retractedAt ?regulator ?target ?sign \
         (a regulation that no longer holds); ?statement next to them says whether it is a regulation or an effect"
    )]
    RuleColumns {
        /// The rule.
        name: String,
        /// What it is instead.
        found: String,
    },
    /// A question failed while it was being answered.
    #[error("{name} could not be answered: {message}")]
    Evaluation {
        /// The rule or the question.
        name: String,
        /// Why.
        message: String,
    },
    /// No ready-made question bears this name.
    #[error("there is no query `{name}`; the ready-made ones are {}", .known.join(", "))]
    UnknownQuery {
        /// The name as it was written.
        name: String,
        /// The names that exist, most similar first.
        known: Vec<String>,
    },
    /// A ready-made question asks about one gene, and none was named.
    #[error("the query `{name}` asks about one gene; name it, for example `--gene {example}`")]
    GeneNeeded {
        /// The question.
        name: String,
        /// A gene of the knowledge base.
        example: String,
    },
    /// A gene was named for a question that does not ask for one.
    #[error("the query `{name}` does not ask about a gene; leave out `--gene`, or write `?gene` into it")]
    GeneNotAsked {
        /// The question.
        name: String,
    },
    /// A pattern of sources that is not a regular expression.
    #[error("`{pattern}` is not a regular expression over sources: {reason}")]
    SourcePattern {
        /// The pattern as it was written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern of sources that matches none.
    #[error("no source matches `{pattern}`; {}", sources_there_are(.known))]
    UnknownSource {
        /// The pattern as it was written.
        pattern: String,
        /// The sources cited in the knowledge base, most similar first.
        known: Vec<String>,
    },
    /// A name that the gene table cannot resolve.
    #[error(transparent)]
    Gene(#[from] BiologyError),
    /// A confidence outside `[0, 1]`.
    #[error("{regulation} has confidence {confidence}; it must lie between 0 and 1")]
    Confidence {
        /// The regulation in words.
        regulation: String,
        /// Its confidence.
        confidence: f64,
    },
    /// A regulation or a revision names a gene that the gene table does not hold.
    #[error("gene number {index} is outside the gene table of {genes} genes")]
    GeneOutsideTable {
        /// The index.
        index: usize,
        /// Number of genes in the table.
        genes: usize,
    },
    /// The genes of the revisions are not an extension of those of the knowledge base.
    #[error(
        "the gene table of the revisions is not that of the knowledge base: gene number {index} is {found}, not `{expected}`"
    )]
    OtherGeneTable {
        /// Where the tables differ.
        index: usize,
        /// Symbol in the knowledge base.
        expected: String,
        /// Symbol in the other table, or that there is none.
        found: String,
    },
    /// The evidence of a revision points to a row without a label.
    #[error("a revision cites row {row} of the responses, but only {rows} rows have a label")]
    UnlabelledRow {
        /// The row.
        row: usize,
        /// Number of labels.
        rows: usize,
    },
    /// Statements should go behind a document that ends where it ends.
    #[error("{file}: nothing can be put behind a document of {syntax}; convert the knowledge base to Turtle first")]
    CannotContinue {
        /// The knowledge base.
        file: String,
        /// Its syntax.
        syntax: &'static str,
    },
    /// Turtle cannot hold named graphs.
    #[error("{file} holds named graphs, which Turtle cannot; write a file that ends in `.nq`")]
    GraphsNeedNQuads {
        /// The knowledge base.
        file: String,
    },
    /// The answer cannot be written in the format asked for.
    #[error("{answer} cannot be written as {format}; use {instead}")]
    AnswerFormat {
        /// Kind of the answer.
        answer: &'static str,
        /// The format asked for.
        format: &'static str,
        /// What would do.
        instead: &'static str,
    },
    /// The knowledge base could not be written out.
    #[error("the output cannot be written")]
    Write(#[from] io::Error),
}

impl From<KnowledgeError> for io::Error {
    fn from(error: KnowledgeError) -> Self {
        match error {
            KnowledgeError::Write(cause) => cause,
            other => Self::other(other),
        }
    }
}

fn in_line(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" in `{text}`") }
}

fn sources_there_are(known: &[String]) -> String {
    if known.is_empty() {
        "the knowledge base cites no source at all".to_owned()
    } else {
        format!("the knowledge base cites {}", known.join(", "))
    }
}

fn first_warning(warnings: &[String]) -> String {
    match warnings {
        [] => String::new(),
        [only] => format!(" ({only})"),
        [first, rest @ ..] => format!(" ({first}; and {} more like this)", rest.len()),
    }
}
