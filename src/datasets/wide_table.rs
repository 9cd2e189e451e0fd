//! Wide tables: a matrix of responses or fold changes, genes by perturbations or the other way round.

use super::assembly::{Call, Conventions, Entry, Records, WrittenPerturbations, assemble};
use super::contrast_table::Contrast;
use super::error::nearest;
use super::long_columns::refused_statistics;
use super::long_table::{Place, is_absent, is_missing, or_nan};
use super::matching::{Match, look_up};
use super::orientation::Orientation;
use super::statistics::{affixed, is_log2_fold_change};
use super::table::Table;
use super::{CallThresholds, Dataset, DatasetError, ReadOptions, ReadReport};
use crate::biology::{Direction, GeneTable, Response};

/// Reads a matrix of responses −1, 0, 1 or of log2 fold changes, genes in rows or perturbations in rows.
///
/// The first column and the header hold the names; the corner may be empty or missing. Where `options` do not say which of
/// them are genes, the corner does, or the contrasts, or which names are known; what was decided, and why, is told in the
/// report. If every value is −1, 0 or 1 they are responses, else fold changes, called by their size alone. With `contrasts` the names of perturbations are those of
/// contrasts, which say what was done; without, they are read as in [`super::read_long`].
///
/// # Errors
/// [`DatasetError`] as for a long table, for a perturbation that stands there twice or is not in `contrasts`, and for columns
/// that are statistics and no perturbations.
pub fn read_wide(
    bytes: &[u8],
    file: &str,
    options: &ReadOptions,
    contrasts: Option<&[Contrast]>,
    genes: &mut GeneTable,
) -> Result<(Dataset, ReadReport), DatasetError> {
    let thresholds = options.thresholds.checked()?;
    let delimiter = options.delimiter_byte();
    let values =
        if holds_responses(bytes, file, delimiter)? { Values::Responses } else { Values::FoldChanges(thresholds) };
    let mut table = Table::open(bytes, file, delimiter)?;
    table.allow_missing_corner();
    refuse_repeats(&table)?;
    refuse_numbers(&table)?;
    if contrasts.is_none() {
        let is_gene = |name: &str| look_up(name, genes) != Match::Unknown;
        refused_statistics(&table, &is_gene).map_or(Ok(()), Err)?;
        strip_fold_change(&mut table.header);
    }
    let orientation = Orientation::of(bytes, file, options, contrasts, genes)?;
    let genes_in_rows = orientation.genes_in_rows;
    let mut records = Records::of(file);
    orientation.tell(&mut records.notes, &mut records.warnings);
    match &values {
        Values::Responses => records.notes.push("every value is -1, 0 or 1, so they are responses".to_owned()),
        Values::FoldChanges(CallThresholds { min_log2fc, .. }) => {
            records.called_from = Some(String::new());
            records.notes.push(format!(
                "values are log2 fold changes, called by size alone (|log2 fold change| ≥ {min_log2fc}): a matrix holds no false \
                 discovery rates"
            ));
        }
    }
    let mut namer = Namer { file, contrasts, genes_in_rows };
    while let Some((line, row)) = table.next_row()? {
        if row[0].is_empty() {
            let role = if genes_in_rows { "gene" } else { "perturbation" };
            return Err(DatasetError::EmptyName { file: file.to_owned(), line, role });
        }
        for (column, text) in row.iter().enumerate().skip(1) {
            let place = namer.place(&table, line, &row[0], column);
            let (call, log2fc) = values.read(place, column, text)?;
            let perturbation = namer.perturbation(place, &mut records.perturbations)?;
            let gene = records.genes.number(place.gene, "", if genes_in_rows { line } else { table.header_line });
            records.entries.push(Entry { perturbation, gene, line, call, log2fc: or_nan(log2fc) });
        }
    }
    assemble(records, Conventions::of(options), genes)
}

/// Where every column is called `log2FC_fur` or `fur.logFC`, the perturbations are the rest of the names.
fn strip_fold_change(header: &mut [String]) {
    let rest = |column: &String| {
        affixed(column).filter(|(_, found)| is_log2_fold_change(found)).map(|(rest, _)| rest.to_owned())
    };
    let stripped: Option<Vec<String>> = header.iter().skip(1).map(rest).collect();
    if let Some(stripped) = stripped {
        header.iter_mut().skip(1).zip(stripped).for_each(|(column, rest)| *column = rest);
    }
}

/// Refuses columns called by numbers that no gene is called by: the header is missing.
fn refuse_numbers(table: &Table<'_>) -> Result<(), DatasetError> {
    let is_value = |column: &String| column.parse::<f64>().is_ok_and(|value| value.fract() != 0.0 || value < 0.0);
    if !table.header.iter().skip(1).any(is_value) {
        return Ok(());
    }
    let columns = table.header.clone();
    Err(DatasetError::NumbersAsHeader { file: table.file.to_owned(), line: table.header_line, columns })
}

/// True if all values of the first row but the first are numbers or missing.
pub(super) fn looks_wide(table: &Table<'_>) -> bool {
    let mut values = table.first_row().skip(1).peekable();
    values.peek().is_some() && values.all(|text| is_missing(text) || text.parse::<f64>().is_ok())
}

enum Values {
    Responses,
    FoldChanges(CallThresholds),
}

impl Values {
    /// What a value is called, and the log2 fold change that it is, if it is one.
    fn read(&self, place: Place<'_, '_>, column: usize, text: &str) -> Result<(Call, Option<f64>), DatasetError> {
        match self {
            Self::Responses => Ok((place.response(column, text)?, None)),
            Self::FoldChanges(thresholds) => {
                let log2fc = place.log2fc(column, text)?;
                Ok((place.called(log2fc, None, *thresholds)?, log2fc))
            }
        }
    }
}

fn holds_responses(bytes: &[u8], file: &str, delimiter: Option<u8>) -> Result<bool, DatasetError> {
    let mut table = Table::open(bytes, file, delimiter)?;
    table.allow_missing_corner();
    while let Some((_, row)) = table.next_row()? {
        if !row.iter().skip(1).all(|text| is_absent(text) || Response::parse(text).is_ok()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Refuses a header that names a column twice, or not at all.
pub(super) fn refuse_repeats(table: &Table<'_>) -> Result<(), DatasetError> {
    let mut seen = std::collections::HashSet::new();
    for column in table.header.iter().skip(1) {
        let (file, line) = (table.file.to_owned(), table.header_line);
        if column.is_empty() {
            return Err(DatasetError::EmptyName { file, line, role: "name of a column" });
        }
        if !seen.insert(column) {
            return Err(DatasetError::RepeatedColumn { file, line, column: column.clone() });
        }
    }
    Ok(())
}

/// Tells which of row name and column name is the perturbation, and what it means.
struct Namer<'a> {
    file: &'a str,
    contrasts: Option<&'a [Contrast]>,
    genes_in_rows: bool,
}

impl Namer<'_> {
    fn place<'t, 'a>(&self, table: &'t Table<'a>, line: u64, row_name: &'t str, column: usize) -> Place<'t, 'a> {
        let column_name = table.header[column].as_str();
        let (perturbation, gene) = if self.genes_in_rows { (column_name, row_name) } else { (row_name, column_name) };
        Place { table, line, perturbation, gene }
    }

    fn perturbation(&mut self, place: Place<'_, '_>, known: &mut WrittenPerturbations) -> Result<u32, DatasetError> {
        let line = if self.genes_in_rows { place.table.header_line } else { place.line };
        let Some(contrasts) = self.contrasts else {
            return Ok(known.number(place.perturbation, "", "", line));
        };
        let Some(contrast) = contrasts.iter().find(|contrast| contrast.name == place.perturbation) else {
            return Err(DatasetError::UnknownContrast {
                file: self.file.to_owned(),
                line,
                contrast: place.perturbation.to_owned(),
                nearest: nearest(place.perturbation, contrasts.iter().map(|contrast| contrast.name.as_str())),
            });
        };
        let directions: Vec<_> = contrast.perturbed.iter().map(|(_, direction)| word(*direction)).collect();
        let names: Vec<_> = contrast.perturbed.iter().map(|(name, _)| name.as_str()).collect();
        Ok(known.number(&names.join(";"), &directions.join(";"), &contrast.name, line))
    }
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Deletion => "deletion",
        Direction::Overexpression => "overexpression",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::{Layout, read, read_contrasts};

    fn wide(
        text: &str,
        layout: Layout,
        contrasts: Option<&[Contrast]>,
    ) -> Result<(Dataset, ReadReport, GeneTable), DatasetError> {
        let mut genes = GeneTable::new();
        let options = ReadOptions { layout, ..ReadOptions::default() };
        let (dataset, report) = read(text.as_bytes(), "w.csv", &options, contrasts, &mut genes)?;
        Ok((dataset, report, genes))
    }

    fn as_long(dataset: &Dataset, genes: &GeneTable) -> Vec<(String, String, Response)> {
        let mut entries = Vec::new();
        for (row, name) in dataset.names.iter().enumerate() {
            for (gene, known) in genes.iter() {
                entries.extend(
                    dataset.observed.get(row, gene).map(|response| (name.clone(), known.symbol.clone(), response)),
                );
            }
        }
        entries.sort();
        entries
    }

    #[test]
    fn a_matrix_reads_as_the_long_table_of_its_cells_whichever_way_it_lies() {
        let genes_in_rows = "gene,fur,A+B\nentC,1.7,-0.2\nlacZ,,-4\n";
        let perturbations_in_rows = "perturbation,entC,lacZ\nfur,1.7,\nA+B,-0.2,-4\n";
        let long = "pert,gene,lfc\nfur,entC,1.7\nA+B,entC,-0.2\nA+B,lacZ,-4\n";
        let (expected, _, genes) = wide(long, Layout::Auto, None).expect("reads");
        let expected = as_long(&expected, &genes);
        assert_eq!(expected.len(), 3);
        for (text, layout) in [(genes_in_rows, Layout::Auto), (perturbations_in_rows, Layout::PerturbationsInRows)] {
            let (dataset, report, genes) = wide(text, layout, None).expect("reads");
            assert_eq!(as_long(&dataset, &genes), expected);
            assert_eq!((report.read, report.kept, report.unmeasured_pairs), (4, 3, 1));
        }
    }

    #[test]
    fn a_matrix_without_a_corner_is_read_as_r_writes_it() {
        let (dataset, _, genes) = wide("fur\tcrp\nentC\t1\t0\nlacZ\t0\t-1\n", Layout::Auto, None).expect("reads");
        assert_eq!(dataset.names, ["fur-", "crp-"]);
        assert_eq!(as_long(&dataset, &genes).len(), 4);
    }

    #[test]
    fn whole_numbers_from_minus_one_to_one_are_responses_and_others_fold_changes() {
        let (labels, _, genes) = wide("g,fur\na,1\nb,0\n", Layout::Auto, None).expect("reads");
        assert_eq!(as_long(&labels, &genes)[0].2, Response::Up);
        let (changes, _, genes) = wide("g,fur\na,0.9\nb,0\n", Layout::Auto, None).expect("reads");
        assert_eq!(as_long(&changes, &genes)[0].2, Response::Unchanged);
    }

    #[test]
    fn a_contrast_table_says_what_was_done_in_each_column() {
        let table = "contrast_id,deleted_genes,direction\nfur_dpd,fur,\nfur_fe,fur,deletion\ndouble,menF;entC,\nmore,crp,overexpression\n";
        let contrasts = read_contrasts(table.as_bytes(), "c.csv", Direction::Deletion).expect("reads");
        let (dataset, _, genes) =
            wide("g,fur_dpd,fur_fe,double,more\nentC,2,1.5,-4,0\n", Layout::Auto, Some(&contrasts)).expect("reads");
        assert_eq!(dataset.names, ["fur_dpd", "fur_fe", "double", "more"]);
        let labels: Vec<_> = dataset.perturbations.iter().map(|perturbation| perturbation.label(&genes)).collect();
        assert_eq!(labels[0], "fur-");
        assert_eq!(labels[2].split(',').count(), 2);
        assert_eq!(labels[3], "crp+");
        let message = wide("g,fur_dbd\nentC,2\n", Layout::Auto, Some(&contrasts)).expect_err("unknown").to_string();
        assert!(message.starts_with("w.csv:1: ") && message.contains("did you mean `fur_dpd`"), "{message}");
    }

    #[test]
    fn bad_cells_are_named_by_line_gene_and_perturbation() {
        for (text, wanted) in [
            ("g,fur\na,0.5\nb,NaN\n", "not finite"),
            ("g,fur\na,0.5\nb,high\n", "not a number"),
            ("g,fur\na,0.5\nb,1e999\n", "not finite"),
        ] {
            let message = wide(text, Layout::GenesInRows, None).expect_err(text).to_string();
            assert!(message.starts_with("w.csv:3: ") && message.contains(wanted), "{message}");
            assert!(message.contains("`fur`") && message.contains("`b`"), "{message}");
        }
        let message = wide("g,fur,fur\na,0.5,2\n", Layout::Auto, None).expect_err("repeated").to_string();
        assert!(message.starts_with("w.csv:1: ") && message.contains("`fur` stands there twice"), "{message}");
    }
}
