//! What can be wrong with a table of observations, or with a wish to split it.

use std::fmt;

use thiserror::Error;

use crate::biology::BiologyError;

/// A table that cannot be read as observations, or a split that cannot be made. Messages name the file, the line, the
/// name and the remedy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// An HDF5 file instead of a table.
    #[error(
        "{file}: holds single cells (HDF5) and no table of responses; make one of it first: `aligned dataset responses \
         {file} --out responses.csv.gz`"
    )]
    Cells {
        /// The file.
        file: String,
    },
    /// A matrix that does not fit into memory.
    #[error(
        "{file}: its {perturbations} perturbations and {genes} genes would take {} of memory as one matrix, and {} are \
         free; keep fewer perturbations or genes in the file, or take a machine with more memory (if these are not \
         perturbations, another column names them)",
        told_bytes(*.needed), told_bytes(*.free)
    )]
    TooLarge {
        /// The file.
        file: String,
        /// Different perturbations.
        perturbations: usize,
        /// Genes of the table and those known before it.
        genes: usize,
        /// Bytes that the matrix would take.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// No header, or no row below it.
    #[error("{file}: holds no table; a header line and at least one row below it are needed")]
    NoRows {
        /// The file.
        file: String,
    },
    /// Neither tab nor comma nor semicolon in the header.
    #[error(
        "{file}:{line}: the header `{header}` holds no tab, comma or semicolon; name the delimiter, or give the table \
         more than one column"
    )]
    NoDelimiter {
        /// The file.
        file: String,
        /// Line of the header.
        line: u64,
        /// The header as written.
        header: String,
    },
    /// Statistics of one comparison, or of several side by side, in the place of a matrix.
    #[error(
        "{file}:{line}: {} {} and no perturbations, and nothing says which gene was perturbed; {}", quoted(.columns),
        statistics_text(*.several), statistics_remedy(*.several, .group)
    )]
    Statistics {
        /// The file.
        file: String,
        /// Line of the header.
        line: u64,
        /// The columns that are statistics.
        columns: Vec<String>,
        /// True if several comparisons stand side by side.
        several: bool,
        /// A column that may name what was perturbed.
        group: Option<String>,
    },
    /// Scores of growth in the place of responses.
    #[error(
        "{file}:{line}: {} are scores of how the loss of each gene changes growth (MAGeCK); no other gene was measured, so no \
         response can be read off them; take a table of expression changes instead", quoted(.columns)
    )]
    GrowthScores {
        /// The file.
        file: String,
        /// Line of the header.
        line: u64,
        /// The columns that say so.
        columns: Vec<String>,
    },
    /// A perturbation named for the whole table, next to a column of perturbations.
    #[error(
        "{file}:{line}: the table names its perturbations in column `{column}`, so `{given}` cannot be the perturbation of all \
         of it; leave one of the two out"
    )]
    TwicePerturbed {
        /// The file.
        file: String,
        /// Line of the header.
        line: u64,
        /// The column.
        column: String,
        /// What was named for the whole table.
        given: String,
    },
    /// A perturbation named for the whole table that is none.
    #[error(
        "`{given}` names no perturbed gene; write the gene, with `-` if it was deleted or `+` if it was overexpressed"
    )]
    NoPerturbation {
        /// What was named.
        given: String,
    },
    /// A perturbation column that tells whether something was perturbed, but not what.
    #[error(
        "{file}:{line}: the column of the perturbation, `{column}`, holds {}, which are no genes; name the column that says which \
         gene was perturbed", quoted(.examples)
    )]
    NoGenePerturbed {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// Its values.
        examples: Vec<String>,
    },
    /// Numbers where the names of columns should stand.
    #[error("{file}:{line}: the columns are named {}: is the header line missing, or written as a remark?", quoted(.columns))]
    NumbersAsHeader {
        /// The file.
        file: String,
        /// Line of the header.
        line: u64,
        /// The names.
        columns: Vec<String>,
    },
    /// Values that cannot be what they are taken for.
    #[error("{file}: the values{} are taken for {expected}, but {reason}; {remedy}", in_column(.column))]
    Scale {
        /// The file.
        file: String,
        /// The column, if it is one.
        column: String,
        /// What was expected.
        expected: &'static str,
        /// What they look like, and why.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Bytes that are no UTF-8.
    #[error("{file}:{line}: the text is not UTF-8; save the table as UTF-8 text")]
    NotUtf8 {
        /// The file.
        file: String,
        /// Line of the bad bytes.
        line: u64,
    },
    /// A row that is longer or shorter than the header.
    #[error(
        "{file}:{line}: this row has {found} fields, the header has {expected}; fix the row (a field that holds the \
         delimiter must stand in quotes, and each quote must be closed)"
    )]
    RaggedRow {
        /// The file.
        file: String,
        /// Line where the row begins.
        line: u64,
        /// Fields in the row.
        found: usize,
        /// Fields in the header.
        expected: usize,
    },
    /// A column that the table must have.
    #[error(
        "{file}:{line}: no column for the {role} (known names: {accepted}); the header holds {}{}; rename one, or \
         name it with {option}", quoted(.found), header_hint(.header_missing)
    )]
    MissingColumn {
        /// The file.
        file: String,
        /// Line of the header.
        line: u64,
        /// What the column would hold.
        role: &'static str,
        /// Names under which it is found by itself.
        accepted: String,
        /// The option that names it.
        option: &'static str,
        /// The columns that are there.
        found: Vec<String>,
        /// True if the first line looks like data.
        header_missing: bool,
    },
    /// A column named by the user that is not there.
    #[error("{file}:{line}: no column `{column}`; the header holds {}", quoted(.found))]
    UnknownColumn {
        /// The file.
        file: String,
        /// Line of the header.
        line: u64,
        /// The wanted column.
        column: String,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// Two columns, or two samples, of one name.
    #[error("{file}:{line}: the column `{column}` stands there twice; keep one, or rename the other")]
    RepeatedColumn {
        /// The file.
        file: String,
        /// Line of the header.
        line: u64,
        /// Its name.
        column: String,
    },
    /// A name that is empty.
    #[error("{file}:{line}: the {role} is empty; name it, or delete the row")]
    EmptyName {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// What should have been named.
        role: &'static str,
    },
    /// A response outside −1, 0, 1.
    #[error("{cell}: {cause}")]
    Response {
        /// Where it stands.
        cell: Box<Cell>,
        /// What is wrong, and the remedy.
        cause: BiologyError,
    },
    /// A value that is not a number.
    #[error(
        "{cell}: `{}` in column `{}` is not a number; write it with a decimal point, or leave it empty if nothing was \
         measured", .cell.text, .cell.column
    )]
    NotANumber {
        /// Where it stands.
        cell: Box<Cell>,
    },
    /// A fold change, or an expression, that is NaN or infinite.
    #[error(
        "{cell}: the value `{}` in column `{}` is not finite; add a pseudocount before taking logarithms, or leave it \
         empty if nothing was measured", .cell.text, .cell.column
    )]
    NotFinite {
        /// Where it stands.
        cell: Box<Cell>,
    },
    /// An FDR outside [0, 1].
    #[error(
        "{cell}: `{}` in column `{}` is not a false discovery rate; it must lie between 0 and 1 (is the column one of \
         -log10 values?)", .cell.text, .cell.column
    )]
    FdrOutOfRange {
        /// Where it stands.
        cell: Box<Cell>,
    },
    /// A direction of perturbation that is not understood.
    #[error(
        "{file}:{line}: `{text}` is not a direction of a perturbation; write deletion, knockdown, - or overexpression, activation, +"
    )]
    UnknownDirection {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The text.
        text: String,
    },
    /// A list of directions that fits no list of genes.
    #[error(
        "{file}:{line}: perturbation `{perturbation}` has {genes} genes, but `{text}` holds {directions} directions; give one for all, or one each"
    )]
    DirectionCount {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The perturbation.
        perturbation: String,
        /// Its genes.
        genes: usize,
        /// The directions as written.
        text: String,
        /// Their number.
        directions: usize,
    },
    /// A perturbation that makes no sense.
    #[error("{file}:{line}: {cause}")]
    Perturbation {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// What is wrong with it, and the remedy.
        cause: BiologyError,
    },
    /// One pair with two different responses.
    #[error(
        "{file}:{second_line}: perturbation `{perturbation}`, gene `{gene}` is {second} here but {first} on line \
         {first_line}; keep one, or tell the experiments apart by a `contrast` column"
    )]
    Contradiction {
        /// The file.
        file: String,
        /// The perturbation.
        perturbation: String,
        /// The gene.
        gene: String,
        /// Line of the first statement.
        first_line: u64,
        /// What it says.
        first: &'static str,
        /// Line of the second statement.
        second_line: u64,
        /// What it says.
        second: &'static str,
    },
    /// One pair with two different predicted values.
    #[error(
        "{file}:{second_line}: perturbation `{perturbation}`, gene `{gene}` has the value {second} here but {first} on \
         line {first_line}; keep one"
    )]
    TwoValues {
        /// The file.
        file: String,
        /// The perturbation.
        perturbation: String,
        /// The gene.
        gene: String,
        /// Line of the first value.
        first_line: u64,
        /// The first value.
        first: f32,
        /// Line of the second value.
        second_line: u64,
        /// The second value.
        second: f32,
    },
    /// Predictions for perturbations of which none is of a known gene.
    #[error(
        "{file}:{line}: none of its {names} perturbations is of genes that are known, for example {}; name \
         perturbations by the genes that are perturbed (`A`, `A+B`, `A+ctrl`), in the names of the observations{}",
        quoted(.examples), orientation_hint(*.orientation)
    )]
    ForeignPredictions {
        /// The file.
        file: String,
        /// Line of the first perturbation.
        line: u64,
        /// Number of different names.
        names: usize,
        /// Some of them.
        examples: Vec<String>,
        /// Where they were looked for in a wide table, if it is one.
        orientation: Option<&'static str>,
    },
    /// No gene of the table is one of the genes known before.
    #[error(
        "{file}:{line}: none of its {names} gene names is known to the knowledge base, for example {}; use the same \
         organism and the same kind of names (symbols, accessions or locus tags) in both{kinds}", examples_text(.examples)
    )]
    NothingMatches {
        /// The file.
        file: String,
        /// Line of the first gene.
        line: u64,
        /// Number of different names.
        names: usize,
        /// Some of them, each with the nearest known symbol.
        examples: Vec<(String, Option<String>)>,
        /// Which kinds of names the two hold, if that can be told.
        kinds: String,
    },
    /// Rows, but not one usable response.
    #[error(
        "{file}: none of its {read} entries is a measured response of a perturbed cell ({left_out}); check the columns"
    )]
    NothingMeasured {
        /// The file.
        file: String,
        /// Entries read.
        read: u64,
        /// Why they were left out.
        left_out: String,
    },
    /// A text that names no part of a split.
    #[error("{file}:{line}: `{text}` is not a part of a split; write train, validation or test")]
    UnknownPart {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The text.
        text: String,
    },
    /// One perturbation in two parts of a split.
    #[error(
        "{file}{}: perturbation `{perturbation}` is put into {second} but also into {first}; what was learnt from it \
         would leak into the score, so keep it in one part", at_line(*.line)
    )]
    TornPerturbation {
        /// The file, or `the split`.
        file: String,
        /// The line, 0 if there is none.
        line: u64,
        /// The perturbation.
        perturbation: String,
        /// The part first named.
        first: &'static str,
        /// The part named here.
        second: &'static str,
    },
    /// A split file that does not name one perturbation of the observations.
    #[error("{file}: none of its {names} perturbations is among the observations, for example {}; is it the split of another data set?", quoted(.examples))]
    ForeignSplit {
        /// The file.
        file: String,
        /// Number of names.
        names: usize,
        /// Some of them.
        examples: Vec<String>,
    },
    /// A split file that is not of the stated form.
    #[error("{file}: {cause}; write an object with the lists `train`, `test` and, if wanted, `val`")]
    SplitFormat {
        /// The file.
        file: String,
        /// What the JSON reader says, with line and column.
        cause: serde_json::Error,
    },
    /// A share outside its range.
    #[error("the {what} is {value}, but must be {range}")]
    OutOfRange {
        /// Which setting.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// Too little to split.
    #[error("{wanted}, but the observations hold {found}; {remedy}")]
    TooFewToSplit {
        /// What the split needs.
        wanted: String,
        /// What there is.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A sample of a contrast that the expression table does not have.
    #[error("{file}:{line}: contrast `{contrast}` names the sample `{sample}`, which the expression table does not hold{}", nearest_text(.nearest))]
    UnknownSample {
        /// The contrast table.
        file: String,
        /// The line.
        line: u64,
        /// The contrast.
        contrast: String,
        /// The sample.
        sample: String,
        /// The sample most like it.
        nearest: Option<String>,
    },
    /// A sample that is both treated and reference.
    #[error("{file}:{line}: contrast `{contrast}` has the sample `{sample}` on both sides; keep it on one")]
    SampleOnBothSides {
        /// The contrast table.
        file: String,
        /// The line.
        line: u64,
        /// The contrast.
        contrast: String,
        /// The sample.
        sample: String,
    },
    /// Two contrasts of one name.
    #[error("{file}:{line}: the contrast `{contrast}` stands there twice (first on line {first_line}); rename one")]
    RepeatedContrast {
        /// The contrast table.
        file: String,
        /// The line.
        line: u64,
        /// The contrast.
        contrast: String,
        /// Where it stands first.
        first_line: u64,
    },
    /// A column of a wide table that the contrast table does not explain.
    #[error("{file}:{line}: `{contrast}` is not a contrast of the contrast table{}; add it there", nearest_text(.nearest))]
    UnknownContrast {
        /// The wide table.
        file: String,
        /// The line.
        line: u64,
        /// The name.
        contrast: String,
        /// The contrast most like it.
        nearest: Option<String>,
    },
    /// A gene that stands twice where it may stand once.
    #[error("{file}:{line}: gene `{gene}` stands there twice (first on line {first_line}); keep one row for each gene")]
    RepeatedGene {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The gene.
        gene: String,
        /// Where it stands first.
        first_line: u64,
    },
    /// No two samples of the expression table are replicates.
    #[error(
        "{file}: no two samples are replicates of one condition, so nothing tells how much expression varies by \
         chance; name replicates alike but for a final number (`wt__1`, `wt__2`)"
    )]
    NoReplicates {
        /// The expression table.
        file: String,
    },
    /// A compressed table inside the program is damaged.
    #[error("{file}: cannot be decompressed ({cause}); fetch the program again")]
    Damaged {
        /// The file.
        file: String,
        /// What the decoder says.
        cause: std::io::Error,
    },
}

/// A value of a table: where it stands and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The file.
    pub file: String,
    /// The line.
    pub line: u64,
    /// The perturbation, contrast or sample.
    pub perturbation: String,
    /// The gene.
    pub gene: String,
    /// The column.
    pub column: String,
    /// The text as written.
    pub text: String,
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, perturbation, gene, .. } = self;
        write!(formatter, "{file}:{line}: perturbation `{perturbation}`, gene `{gene}`")
    }
}

/// `22.8 GB`, `640 MB`.
pub(super) fn told_bytes(bytes: u64) -> String {
    let gigabytes = bytes as f64 / 1e9;
    if gigabytes >= 1.0 { format!("{gigabytes:.1} GB") } else { format!("{:.0} MB", (bytes as f64 / 1e6).ceil()) }
}

fn quoted(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text += &format!(" and {} more", names.len() - SHOWN);
    }
    text
}

fn statistics_text(several: bool) -> &'static str {
    if several { "are statistics of several comparisons side by side" } else { "are statistics of one comparison" }
}

fn statistics_remedy(several: bool, group: &Option<String>) -> String {
    if several {
        return "give each comparison a table of its own, or put them below each other with a column `perturbation`"
            .to_owned();
    }
    let group = group.as_ref().map_or_else(String::new, |group| format!(", or say that column `{group}` does"));
    format!(
        "name the perturbation of the whole table, add a column `perturbation`{group}, or leave these columns out of a matrix of \
         perturbations"
    )
}

fn in_column(column: &str) -> String {
    if column.is_empty() { String::new() } else { format!(" in column `{column}`") }
}

fn header_hint(missing: &bool) -> &'static str {
    if *missing { " (the first line looks like data: is the header line missing?)" } else { "" }
}

fn orientation_hint(orientation: Option<&'static str>) -> String {
    orientation.map_or_else(String::new, |place| format!("; they were looked for in the {place}, say so if it is not"))
}

fn at_line(line: u64) -> String {
    if line == 0 { String::new() } else { format!(":{line}") }
}

fn nearest_text(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

pub(super) fn examples_text(examples: &[(String, Option<String>)]) -> String {
    let example = |(name, nearest): &(String, Option<String>)| match nearest {
        Some(nearest) => format!("`{name}` (did you mean `{nearest}`?)"),
        None => format!("`{name}`"),
    };
    examples.iter().map(example).collect::<Vec<_>>().join(", ")
}

/// The name of `names` most like `wanted` (Jaro–Winkler similarity of at least 0.8), ties to the first.
pub(super) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut best: Option<(f64, &str)> = None;
    for name in names {
        let similarity = strsim::jaro_winkler(wanted, name);
        if similarity >= 0.8 && best.is_none_or(|(highest, _)| similarity > highest) {
            best = Some((similarity, name));
        }
    }
    best.map(|(_, name)| name.to_owned())
}
