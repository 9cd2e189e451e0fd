//! What can be wrong with a file that should be imported.

use thiserror::Error;

/// A database file that could not be understood.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportError {
    /// Bytes that are no UTF-8 text.
    #[error(
        "{file}:{line}: this is not UTF-8 text; save the file as UTF-8 (or is it a compressed file or a workbook?)"
    )]
    NotText {
        /// The file.
        file: String,
        /// Line of the first such byte, from 1.
        line: u64,
    },
    /// A file of another kind.
    #[error("{file} is not a table of text but {what}")]
    NoTable {
        /// The file.
        file: String,
        /// What it is, and what to do.
        what: &'static str,
    },
    /// Annotations of several species, and none was chosen.
    #[error(
        "{file} holds rows of {} taxa: {}; genes of different species bear the same symbols, so one taxon must be \
         chosen", .taxa.len(), counted(.taxa)
    )]
    SeveralTaxa {
        /// The file.
        file: String,
        /// The numbers of the taxa with their annotations, the most frequent first.
        taxa: Vec<(String, u64)>,
    },
    /// Genes named by numbers alone.
    #[error(
        "{file} names genes by their NCBI number (`GeneID`) alone; give a table of genes with their numbers and symbols, \
         such as NCBI's gene_info of the species"
    )]
    NumbersOnly {
        /// The file.
        file: String,
    },
    /// Weights that tell no direction.
    #[error(
        "{file}: column `{column}` has real numbers, and none of them is below 0: it tells how strong or how sure a \
         regulation is, not its sign; name a column that tells the sign"
    )]
    UnsignedWeights {
        /// The file.
        file: String,
        /// The column.
        column: String,
    },
    /// A header, or comments, and nothing below them.
    #[error("{file} holds no row below its header")]
    NoRow {
        /// The file.
        file: String,
    },
    /// A row with more or fewer fields than the header.
    #[error(
        "{file}:{line}: {found} fields where the first line has {expected}; \
         is a delimiter missing, or a quote not closed?"
    )]
    Ragged {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// Number of fields of the first line.
        expected: u64,
        /// Number of fields of this line.
        found: u64,
    },
    /// A column that the format demands is not there.
    #[error("{file}: no column `{column}`{}; the columns are {}", did_you_mean(.nearest.as_deref()), listed(.found))]
    MissingColumn {
        /// The file.
        file: String,
        /// The column looked for.
        column: String,
        /// The columns of the file.
        found: Vec<String>,
        /// The column most like it.
        nearest: Option<String>,
    },
    /// A filter asks for something that the file does not tell.
    #[error("{file}: {wish} needs the column `{column}`, which this file lacks; drop the option or fetch that column")]
    FilterWithoutColumn {
        /// The file.
        file: String,
        /// What was asked for.
        wish: &'static str,
        /// The column that would tell.
        column: &'static str,
    },
    /// A filter names a value that no row has.
    #[error("{file}: no row has the {column} `{wanted}`; the file has {}", listed(.found))]
    AbsentValue {
        /// The file.
        file: String,
        /// The column filtered on.
        column: &'static str,
        /// The value asked for.
        wanted: String,
        /// All values of the column.
        found: Vec<String>,
    },
    /// A field that cannot be read as what it should be.
    #[error("{file}:{line}: `{value}` in column `{column}` is not understood; write {expected}")]
    Value {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The field as it stands there.
        value: String,
        /// What would be understood.
        expected: &'static str,
    },
    /// A row that does not name its gene.
    #[error("{file}:{line}: column `{column}` names no gene; fill it in or delete the row")]
    NamelessGene {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The empty column.
        column: String,
    },
    /// None of the formats that the importer knows.
    #[error("{file}: the format is not known (first line: `{first_line}`); known are {known}")]
    UnknownFormat {
        /// The file.
        file: String,
        /// Its first line that is not a comment.
        first_line: String,
        /// The formats that are known.
        known: &'static str,
    },
    /// A pattern that is not a regular expression.
    #[error("`{pattern}` is not a regular expression: {reason}")]
    Pattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A line that breaks the format at its root.
    #[error("{file}:{line}: {problem}")]
    Malformed {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong and how to fix it.
        problem: String,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

fn counted(taxa: &[(String, u64)]) -> String {
    const SHOWN: usize = 8;
    let shown = taxa.iter().take(SHOWN).map(|(taxon, rows)| match rows {
        1 => format!("{taxon} (1 row)"),
        rows => format!("{taxon} ({rows} rows)"),
    });
    let more = taxa.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| format!("and {more} more"));
    shown.chain(more).collect::<Vec<_>>().join(", ")
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
