//! Answers to questions, and how they are written as text.

use std::io::Write;

use oxigraph::io::{RdfFormat, RdfSerializer};
use oxigraph::model::{Term, Triple, Variable};
use oxigraph::sparql::QueryResults;
use oxigraph::sparql::results::{QueryResultsFormat, QueryResultsSerializer};

use super::statements::evaluation;
use super::{KnowledgeError, vocab};

/// What a question was answered with: rows, yes or no, or statements.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer(Kind);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Rows { columns: Vec<Variable>, rows: Vec<Vec<Option<Term>>> },
    Truth(bool),
    Statements(Vec<Triple>),
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFormat {
    /// Aligned columns for people, IRIs shortened.
    Table,
    /// Comma-separated values (SPARQL 1.1 Query Results CSV).
    Csv,
    /// Tab-separated values (SPARQL 1.1 Query Results TSV).
    Tsv,
    /// SPARQL 1.1 Query Results JSON.
    Json,
    /// Turtle, for the statements of a CONSTRUCT.
    Turtle,
}

impl AnswerFormat {
    const fn word(self) -> &'static str {
        match self {
            Self::Table => "a table",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Json => "JSON",
            Self::Turtle => "Turtle",
        }
    }

    const fn of_results(self) -> Option<QueryResultsFormat> {
        match self {
            Self::Csv => Some(QueryResultsFormat::Csv),
            Self::Tsv => Some(QueryResultsFormat::Tsv),
            Self::Json => Some(QueryResultsFormat::Json),
            Self::Table | Self::Turtle => None,
        }
    }
}

impl Answer {
    pub(super) fn collect(name: &str, results: QueryResults<'_>) -> Result<Self, KnowledgeError> {
        let failed = |error| evaluation(name, &error);
        let kind = match results {
            QueryResults::Boolean(truth) => Kind::Truth(truth),
            QueryResults::Graph(triples) => {
                let mut triples = triples.collect::<Result<Vec<_>, _>>().map_err(failed)?;
                // A CONSTRUCT may make one statement many times over.
                let mut seen = std::collections::HashSet::new();
                triples.retain(|triple| seen.insert(triple.clone()));
                Kind::Statements(triples)
            }
            QueryResults::Solutions(solutions) => {
                let columns = solutions.variables().to_vec();
                let row = |solution: oxigraph::sparql::QuerySolution| solution.values().to_vec();
                let rows = solutions.map(|solution| solution.map(row)).collect::<Result<_, _>>().map_err(failed)?;
                Kind::Rows { columns, rows }
            }
        };
        Ok(Self(kind))
    }

    /// Names of the columns, without the question mark; none for an answer that is not of rows.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        match &self.0 {
            Kind::Rows { columns, .. } => columns.iter().map(Variable::as_str).collect(),
            Kind::Truth(_) | Kind::Statements(_) => Vec::new(),
        }
    }

    /// The rows as people read them: texts bare, IRIs with the prefixes of [`vocab::PREFIXES`], nothing for unbound.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<String>> {
        match &self.0 {
            Kind::Rows { rows, .. } => {
                rows.iter().map(|row| row.iter().map(|cell| shown(cell.as_ref())).collect()).collect()
            }
            Kind::Truth(_) | Kind::Statements(_) => Vec::new(),
        }
    }

    /// The answer of an ASK.
    #[must_use]
    pub const fn truth(&self) -> Option<bool> {
        match self.0 {
            Kind::Truth(truth) => Some(truth),
            _ => None,
        }
    }

    /// Number of rows, or of statements; 1 for the answer of an ASK.
    #[must_use]
    pub const fn len(&self) -> usize {
        match &self.0 {
            Kind::Rows { rows, .. } => rows.len(),
            Kind::Statements(triples) => triples.len(),
            Kind::Truth(_) => 1,
        }
    }

    /// True if there is no row and no statement.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the answer.
    ///
    /// # Errors
    /// [`KnowledgeError::AnswerFormat`] if the format does not suit the answer: statements are written as
    /// [`AnswerFormat::Turtle`], or as a table of three columns, and rows never as Turtle.
    pub fn write(&self, format: AnswerFormat, out: &mut dyn Write) -> Result<(), KnowledgeError> {
        match &self.0 {
            Kind::Truth(truth) => write_truth(*truth, format, out)?,
            Kind::Statements(triples) => write_statements(triples, format, out)?,
            Kind::Rows { columns, rows } => self.write_rows(columns, rows, format, out)?,
        }
        Ok(out.flush()?)
    }

    fn write_rows(
        &self,
        columns: &[Variable],
        rows: &[Vec<Option<Term>>],
        format: AnswerFormat,
        out: &mut dyn Write,
    ) -> Result<(), KnowledgeError> {
        if format == AnswerFormat::Table {
            return write_table(&self.columns(), &self.rows(), out);
        }
        let instead = "--format table, csv, tsv or json, or ask a CONSTRUCT";
        let serializer = serializer(format).ok_or_else(|| unfit("a table of rows", format, instead))?;
        let mut writer = serializer.serialize_solutions_to_writer(&mut *out, columns.to_vec())?;
        for row in rows {
            writer.serialize(columns.iter().zip(row).filter_map(|(column, term)| Some((column, term.as_ref()?))))?;
        }
        writer.finish()?;
        end_line(format, out)
    }
}

fn serializer(format: AnswerFormat) -> Option<QueryResultsSerializer> {
    format.of_results().map(QueryResultsSerializer::from_format)
}

fn unfit(answer: &'static str, format: AnswerFormat, instead: &'static str) -> KnowledgeError {
    KnowledgeError::AnswerFormat { answer, format: format.word(), instead }
}

/// JSON and truth values come without a line end.
fn end_line(format: AnswerFormat, out: &mut dyn Write) -> Result<(), KnowledgeError> {
    if format == AnswerFormat::Json {
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn write_truth(truth: bool, format: AnswerFormat, out: &mut dyn Write) -> Result<(), KnowledgeError> {
    if format == AnswerFormat::Table {
        return Ok(writeln!(out, "{}", if truth { "yes" } else { "no" })?);
    }
    let instead = "--format table, csv, tsv or json";
    let serializer = serializer(format).ok_or_else(|| unfit("yes or no", format, instead))?;
    serializer.serialize_boolean_to_writer(&mut *out, truth)?;
    Ok(out.write_all(b"\n")?)
}

fn write_statements(triples: &[Triple], format: AnswerFormat, out: &mut dyn Write) -> Result<(), KnowledgeError> {
    match format {
        AnswerFormat::Table => {
            let cells = |triple: &Triple| {
                [triple.subject.clone().into(), triple.predicate.clone().into(), triple.object.clone()]
                    .map(|term: Term| shown(Some(&term)))
                    .to_vec()
            };
            let rows: Vec<_> = triples.iter().map(cells).collect();
            write_table(&["subject", "predicate", "object"], &rows, out)
        }
        AnswerFormat::Turtle => {
            let mut serializer = RdfSerializer::from_format(RdfFormat::Turtle);
            for (prefix, namespace) in vocab::PREFIXES {
                serializer =
                    serializer.with_prefix(prefix, namespace).expect("the prefixes of the vocabulary are IRIs");
            }
            let mut writer = serializer.for_writer(out);
            for triple in triples {
                writer.serialize_triple(triple)?;
            }
            writer.finish()?;
            Ok(())
        }
        _ => Err(unfit("a set of statements", format, "--format turtle or table, or ask a SELECT")),
    }
}

fn shown(term: Option<&Term>) -> String {
    match term {
        None => String::new(),
        Some(Term::NamedNode(node)) => vocab::compact(node.as_str()),
        Some(Term::BlankNode(node)) => format!("_:{}", node.as_str()),
        Some(Term::Literal(literal)) => literal.value().to_owned(),
    }
}

/// Wider columns are not aligned: one long cell must not widen every row.
const WIDEST: usize = 500;

fn write_table(columns: &[&str], rows: &[Vec<String>], out: &mut dyn Write) -> Result<(), KnowledgeError> {
    let cells = |row: &[String]| row.iter().map(|cell| cell.replace(['\n', '\r', '\t'], " ")).collect::<Vec<_>>();
    let header: Vec<_> = columns.iter().map(|&name| name.to_owned()).collect();
    let rows: Vec<_> = std::iter::once(header).chain(rows.iter().map(|row| cells(row))).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).min(WIDEST);
    let widths: Vec<_> = (0..columns.len()).map(width).collect();
    for (number, row) in rows.iter().enumerate() {
        write_table_line(row, &widths, out)?;
        if number == 0 {
            write_table_line(&widths.iter().map(|&width| "─".repeat(width)).collect::<Vec<_>>(), &widths, out)?;
        }
    }
    let count = rows.len() - 1;
    Ok(writeln!(out, "({count} {})", if count == 1 { "row" } else { "rows" })?)
}

/// Blanks up to the width of the column.
fn padded(cell: &str, width: usize) -> String {
    format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count())))
}

fn write_table_line(row: &[String], widths: &[usize], out: &mut dyn Write) -> Result<(), KnowledgeError> {
    let padded: Vec<_> = row.iter().zip(widths).map(|(cell, &width)| padded(cell, width)).collect();
    Ok(writeln!(out, "{}", padded.join("  ").trim_end())?)
}
