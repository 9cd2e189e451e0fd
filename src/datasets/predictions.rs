//! Predictions made elsewhere: a value for each perturbation and gene, long or wide.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::assembly::{
    Conventions, Parsed, WrittenPerturbation, WrittenPerturbations, parse_perturbations, perturbation_of,
};
use super::identifiers::{differing_kinds, near_symbol};
use super::long_columns::{GENE, LOCUS_TAG, LOG2FC, PERTURBATION, RESPONSE, missing_column};
use super::long_table::{Place, is_missing};
use super::matching::{Match, WrittenGene, WrittenGenes, look_up, look_up_gene};
use super::memory::check_matrix;
use super::reading::UnmatchedGene;
use super::table::Table;
use super::wide_table::{looks_wide, refuse_repeats};
use super::{DatasetError, Layout, ReadOptions};
use crate::biology::{Direction, GeneId, GeneTable, Perturbation, ResponseValues};

/// Usual names of the column that holds what was predicted, next to those of responses and fold changes.
const VALUE: [&str; 9] = [
    "value",
    "prediction",
    "predicted",
    "delta",
    "predicteddelta",
    "predictedresponse",
    "predictedvalue",
    "change",
    "score",
];
/// Of this many changes one at least is below 0.
const SOME: u64 = 6;
/// This many unknown genes are answered with the nearest symbol.
const NEAREST_SHOWN: usize = 5;

/// What another system predicts, one row for each perturbation.
///
/// Whatever reads predictions, from a table or from an annotated matrix, hands on these two.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// What is perturbed in each row, each once, in order of appearance.
    pub perturbations: Vec<Perturbation>,
    /// The predicted change of each gene; missing where the file says nothing of it.
    pub values: ResponseValues,
}

/// What was read, kept and left out of a file of predictions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictionsReport {
    /// The file.
    pub file: String,
    /// Rows of a long table, or cells of a wide one.
    pub read: u64,
    /// Values kept, each of a known perturbation and a known gene.
    pub kept: u64,
    /// Values that are empty or `NA`.
    pub missing: u64,
    /// Perturbations kept.
    pub perturbations: usize,
    /// Perturbations left out since a gene of theirs is unknown or has a name of several, as written.
    pub foreign_perturbations: Vec<String>,
    /// Names of controls, in which nothing is perturbed; in a table, the mean of their values was subtracted.
    pub controls: usize,
    /// Whether any value of a perturbation is below 0 as written, as a change will be sooner or later.
    pub any_below_0: bool,
    /// Different names of genes with values.
    pub gene_names: usize,
    /// Genes left out since they are unknown, in order of appearance.
    pub foreign_genes: Vec<UnmatchedGene>,
    /// Names of genes left out since several genes share them.
    pub ambiguous_genes: Vec<String>,
    /// What an AnnData file says besides; `None` for a table. Lines of genes are then rows of `var`, counted from 0.
    pub cells: Option<PredictedCells>,
}

/// What the rows of an AnnData file of predictions are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictedCells {
    /// Rows of known perturbations, of which those of one perturbation are averaged.
    pub rows: usize,
    /// Rows of controls, whose mean was subtracted; without any, the values were taken as changes.
    pub controls: usize,
    /// Whether any value kept is below 0, as a change will be sooner or later.
    pub any_below_0: bool,
}

impl fmt::Display for PredictedCells {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, controls, any_below_0 } = self;
        if *controls > 0 {
            return write!(formatter, "{rows} rows averaged, the mean of {controls} control rows subtracted");
        }
        write!(formatter, "{rows} rows averaged; no row is a control, so the values were taken as changes")?;
        if *any_below_0 {
            return Ok(());
        }
        write!(formatter, " (none is below 0: if they are expression, add control rows, or name them with --control)")
    }
}

impl fmt::Display for PredictionsReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, read, kept, perturbations, gene_names, .. } = self;
        writeln!(formatter, "{file}: {read} predicted values read, {kept} kept, for {perturbations} perturbations")?;
        let foreign = self.foreign_perturbations.len();
        if foreign > 0 {
            let example = &self.foreign_perturbations[0];
            writeln!(formatter, "  {foreign} perturbations left out: genes not known, for example `{example}`")?;
        }
        let known = gene_names - self.foreign_genes.len() - self.ambiguous_genes.len();
        writeln!(formatter, "  {known} of {gene_names} gene names known")?;
        if let Some(UnmatchedGene { name, line, nearest }) = self.foreign_genes.first() {
            let meant = nearest.as_ref().map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
            let place = if self.cells.is_some() { "row" } else { "line" };
            writeln!(formatter, "  left out, for example: {name} ({place} {line}{meant})")?;
        }
        if let Some(cells) = self.cells {
            return writeln!(formatter, "  {cells}");
        }
        if self.controls > 0 {
            writeln!(
                formatter,
                "  the mean of the controls ({} names) was subtracted from every value",
                self.controls
            )?;
        } else if !self.any_below_0 && *kept >= SOME {
            writeln!(
                formatter,
                "  none of the values is below 0: if they are expression and no changes, add a row of controls"
            )?;
        }
        Ok(())
    }
}

/// Reads predictions made elsewhere: a long table of perturbation, gene and value, or a matrix of values, perturbations in
/// rows or in columns.
///
/// A value is what a gene is said to change against control (−1, 0, 1, or any number whose size and sign tell how much
/// and which way). Where the table has controls too, their mean is subtracted, so that predicted expression becomes a change.
/// Perturbations and genes are named as in [`super::read_long`] (`A`, `A+B`, `A+ctrl`, locus tags, …); none
/// is added to `genes`. A matrix lies as `options.layout` says, or as its corner does (`perturbation`, `gene`), or with
/// its genes where more names are known as single genes. A pair that is not named, or empty, has no prediction.
///
/// # Errors
/// [`DatasetError`], naming line and name, for a missing column, a value that is not a finite number, a pair with two
/// different values, or a file of foreign genes or perturbations only.
pub fn read_predictions(
    bytes: &[u8],
    file: &str,
    options: &ReadOptions,
    genes: &GeneTable,
) -> Result<(Predictions, PredictionsReport), DatasetError> {
    let table = Table::open(bytes, file, options.delimiter_byte())?;
    let columns = LongColumns::of(&table, options);
    let (written, orientation) = match (options.layout, columns) {
        (Layout::Long, columns) => (read_long(table, columns?)?, None),
        (Layout::Auto, Ok(columns)) => (read_long(table, columns)?, None),
        // Where neither layout is evident, the message about a long table is the more helpful one.
        (Layout::Auto, Err(error)) if !looks_wide(&table) => return Err(error),
        (layout, _) => {
            let in_rows = genes_in_rows(bytes, file, layout, options, genes)?;
            let place = if in_rows { "header" } else { "first column" };
            (read_wide(bytes, file, options, in_rows)?, Some(place))
        }
    };
    resolve(written, file, Conventions::of(options), orientation, genes)
}

/// One value as written.
#[derive(Clone, Copy)]
struct WrittenValue {
    perturbation: u32,
    gene: u32,
    line: u64,
    value: f32,
}

#[derive(Default)]
struct Written {
    perturbations: WrittenPerturbations,
    genes: WrittenGenes,
    values: Vec<WrittenValue>,
    missing: u64,
}

impl Written {
    fn note(
        &mut self,
        place: Place<'_, '_>,
        column: usize,
        text: &str,
        (perturbation, gene): (u32, u32),
    ) -> Result<(), DatasetError> {
        if is_missing(text) {
            self.missing += 1;
            return Ok(());
        }
        let value = place.finite(column, text)? as f32;
        if !value.is_finite() {
            return Err(place.not_finite(column, text));
        }
        self.values.push(WrittenValue { perturbation, gene, line: place.line, value });
        Ok(())
    }
}

struct LongColumns {
    perturbation: usize,
    gene: usize,
    value: usize,
    locus_tag: Option<usize>,
}

impl LongColumns {
    fn of(table: &Table<'_>, options: &ReadOptions) -> Result<Self, DatasetError> {
        let names = &options.columns;
        let find = |name: &Option<String>, aliases: &[&str]| match name {
            Some(name) => table.named_column(name).map(Some),
            None => Ok(table.aliased_column(aliases)),
        };
        let perturbation = find(&names.perturbation, &PERTURBATION)?.or_else(|| table.aliased_column(&["condition"]));
        let missing = |role, accepted: &[&str], option| missing_column(table, role, accepted, option);
        let perturbation =
            perturbation.ok_or_else(|| missing("perturbation", &PERTURBATION, "--perturbation-column"))?;
        let gene = find(&names.gene, &GENE)?.ok_or_else(|| missing("predicted gene", &GENE, "--gene-column"))?;
        let named = find(&names.log2fc, &[])?.or(find(&names.response, &[])?);
        let accepted: Vec<_> = VALUE.iter().chain(&LOG2FC).chain(&RESPONSE).copied().collect();
        let value = named
            .or_else(|| table.aliased_column(&accepted))
            .ok_or_else(|| missing("predicted value", &accepted, "--log2fc-column"))?;
        let locus_tag = find(&names.locus_tag, &LOCUS_TAG)?.filter(|&column| column != gene);
        Ok(Self { perturbation, gene, value, locus_tag })
    }
}

fn read_long(mut table: Table<'_>, columns: LongColumns) -> Result<Written, DatasetError> {
    let mut written = Written::default();
    while let Some((line, row)) = table.next_row()? {
        let tag = columns.locus_tag.map_or("", |column| &row[column]);
        let tag = if is_missing(tag) { "" } else { tag };
        let place = Place { table: &table, line, perturbation: &row[columns.perturbation], gene: &row[columns.gene] };
        if place.perturbation.is_empty() {
            return Err(place.empty("perturbation"));
        }
        if place.gene.is_empty() && tag.is_empty() {
            return Err(place.empty("gene"));
        }
        let perturbation = written.perturbations.number(place.perturbation, "", "", line);
        let gene = written.genes.number(place.gene, tag, line);
        written.note(place, columns.value, &row[columns.value], (perturbation, gene))?;
    }
    Ok(written)
}

/// Whether the rows of a matrix are genes, so that its columns are perturbations.
fn genes_in_rows(
    bytes: &[u8],
    file: &str,
    layout: Layout,
    options: &ReadOptions,
    genes: &GeneTable,
) -> Result<bool, DatasetError> {
    let mut table = open_matrix(bytes, file, options)?;
    match layout {
        Layout::GenesInRows => return Ok(true),
        Layout::PerturbationsInRows => return Ok(false),
        Layout::Auto | Layout::Long => {}
    }
    if table.corner_is(&GENE) || table.corner_is(&PERTURBATION) {
        return Ok(table.corner_is(&GENE));
    }
    let is_gene = |name: &str| look_up(name, genes) != Match::Unknown;
    let in_header = table.header.iter().skip(1).filter(|name| is_gene(name)).count();
    let mut in_rows = 0;
    while let Some((_, row)) = table.next_row()? {
        in_rows += usize::from(is_gene(&row[0]));
    }
    Ok(in_rows >= in_header)
}

fn open_matrix<'a>(bytes: &'a [u8], file: &'a str, options: &ReadOptions) -> Result<Table<'a>, DatasetError> {
    let mut table = Table::open(bytes, file, options.delimiter_byte())?;
    table.allow_missing_corner();
    refuse_repeats(&table)?;
    Ok(table)
}

fn read_wide(bytes: &[u8], file: &str, options: &ReadOptions, genes_in_rows: bool) -> Result<Written, DatasetError> {
    let mut table = open_matrix(bytes, file, options)?;
    let mut written = Written::default();
    while let Some((line, row)) = table.next_row()? {
        if row[0].is_empty() {
            let role = if genes_in_rows { "gene" } else { "perturbation" };
            return Err(DatasetError::EmptyName { file: file.to_owned(), line, role });
        }
        for (column, text) in row.iter().enumerate().skip(1) {
            let (across, down) = (table.header[column].as_str(), &row[0]);
            let (perturbation, gene) = if genes_in_rows { (across, down) } else { (down, across) };
            let place = Place { table: &table, line, perturbation, gene };
            let (header, own) = (table.header_line, line);
            let (perturbation_line, gene_line) = if genes_in_rows { (header, own) } else { (own, header) };
            let numbers = (
                written.perturbations.number(perturbation, "", "", perturbation_line),
                written.genes.number(gene, "", gene_line),
            );
            written.note(place, column, text, numbers)?;
        }
    }
    Ok(written)
}

fn resolve(
    written: Written,
    file: &str,
    conventions: Conventions<'_>,
    orientation: Option<&'static str>,
    genes: &GeneTable,
) -> Result<(Predictions, PredictionsReport), DatasetError> {
    let mut report = PredictionsReport {
        file: file.to_owned(),
        read: written.values.len() as u64 + written.missing,
        missing: written.missing,
        ..PredictionsReport::default()
    };
    let names = (&written.perturbations.perturbations[..], &written.genes.genes[..]);
    let gene_ids = resolve_genes(names.1, genes, &mut report);
    if gene_ids.iter().all(Option::is_none) {
        let kinds = differing_kinds(names.1.iter().map(|gene| gene.name.as_str()), genes);
        let (line, names, examples) = (names.1.first().map_or(0, |gene| gene.line), names.1.len(), examples(&report));
        return Err(DatasetError::NothingMatches { file: file.to_owned(), line, names, examples, kinds });
    }
    let parsed = parse_perturbations(file, names.0, names.1, conventions, genes)?;
    let is_control: Vec<bool> = parsed.iter().map(Vec::is_empty).collect();
    let (perturbations, row_of) = resolve_perturbations(names.0, parsed, file, genes, &mut report)?;
    if perturbations.is_empty() {
        let examples = names.0.iter().take(NEAREST_SHOWN).map(|perturbation| perturbation.text.clone()).collect();
        let line = names.0.first().map_or(0, |perturbation| perturbation.line);
        let (file, names) = (file.to_owned(), names.0.len());
        return Err(DatasetError::ForeignPredictions { file, line, names, examples, orientation });
    }
    check_matrix(file, (perturbations.len(), genes.len()), size_of::<f32>())?;
    let mut values = ResponseValues::missing(perturbations.len(), genes.len());
    for &WrittenValue { perturbation, gene, line, value } in &written.values {
        let (Some(row), Some(id)) = (row_of[perturbation as usize], gene_ids[gene as usize]) else { continue };
        match values.get(row, id) {
            Some(first) if first != value => {
                return Err(DatasetError::TwoValues {
                    file: file.to_owned(),
                    perturbation: names.0[perturbation as usize].text.clone(),
                    gene: names.1[gene as usize].name.clone(),
                    first_line: first_line_of(&written.values, (&row_of, row), (&gene_ids, id)),
                    first,
                    second_line: line,
                    second: value,
                });
            }
            Some(_) => {}
            None => {
                values.set(row, id, value);
                report.kept += 1;
            }
        }
    }
    report.any_below_0 = (0..perturbations.len()).any(|row| values.row(row).flatten().any(|value| value < 0.0));
    if report.controls > 0 {
        let means = control_means(&written.values, &is_control, &gene_ids, genes.len());
        values = less(&values, &means, &mut report);
    }
    Ok((Predictions { perturbations, values }, report))
}

/// Mean value of each gene over the controls; NaN where they say nothing.
fn control_means(written: &[WrittenValue], is_control: &[bool], ids: &[Option<GeneId>], n_genes: usize) -> Vec<f64> {
    let (mut sums, mut counts) = (vec![0.0; n_genes], vec![0_u32; n_genes]);
    for &WrittenValue { perturbation, gene, value, .. } in written {
        let (true, Some(id)) = (is_control[perturbation as usize], ids[gene as usize]) else { continue };
        sums[id.index()] += f64::from(value);
        counts[id.index()] += 1;
    }
    sums.iter().zip(counts).map(|(sum, count)| sum / f64::from(count)).collect()
}

/// Changes against the controls; what these do not tell of has no prediction.
fn less(values: &ResponseValues, means: &[f64], report: &mut PredictionsReport) -> ResponseValues {
    let mut changes = ResponseValues::missing(values.n_perturbations(), means.len());
    for row in 0..values.n_perturbations() {
        for (gene, value) in values.row(row).enumerate().filter_map(|(gene, value)| Some((gene, value?))) {
            changes.set(row, GeneId::new(gene), (f64::from(value) - means[gene]) as f32);
        }
    }
    report.kept = changes.present() as u64;
    changes
}

/// The line of the first value of a row and gene; looked for only once two values clash.
fn first_line_of(
    values: &[WrittenValue],
    (rows, row): (&[Option<usize>], usize),
    (ids, id): (&[Option<GeneId>], GeneId),
) -> u64 {
    let same =
        |value: &&WrittenValue| rows[value.perturbation as usize] == Some(row) && ids[value.gene as usize] == Some(id);
    values.iter().find(same).map_or(0, |value| value.line)
}

/// The known gene of each name, and what is to be told of the others.
pub(super) fn resolve_genes(
    written: &[WrittenGene],
    genes: &GeneTable,
    report: &mut PredictionsReport,
) -> Vec<Option<GeneId>> {
    report.gene_names = written.len();
    let mut ids = Vec::with_capacity(written.len());
    for gene in written {
        ids.push(match look_up_gene(gene, genes) {
            Match::Known(id) => Some(id),
            Match::Ambiguous(_) => {
                report.ambiguous_genes.push(gene.name.clone());
                None
            }
            Match::Unknown => {
                let shown = report.foreign_genes.len() < NEAREST_SHOWN;
                let nearest = shown.then(|| near_symbol(&gene.name, genes)).flatten();
                report.foreign_genes.push(UnmatchedGene { name: gene.name.clone(), line: gene.line, nearest });
                None
            }
        });
    }
    ids
}

/// Some genes that are not known, each with the nearest one that is.
pub(super) fn examples(report: &PredictionsReport) -> Vec<(String, Option<String>)> {
    let first = report.foreign_genes.iter().take(NEAREST_SHOWN);
    first.map(|gene| (gene.name.clone(), gene.nearest.clone())).collect()
}

/// The perturbations of known genes, and the row of each written one.
type ResolvedRows = (Vec<Perturbation>, Vec<Option<usize>>);

pub(super) fn resolve_perturbations(
    written: &[WrittenPerturbation],
    parsed: Parsed,
    file: &str,
    genes: &GeneTable,
    report: &mut PredictionsReport,
) -> Result<ResolvedRows, DatasetError> {
    let mut rows: BTreeMap<Perturbation, usize> = BTreeMap::new();
    let (mut perturbations, mut row_of) = (Vec::new(), Vec::with_capacity(written.len()));
    for (text, parts) in written.iter().zip(parsed) {
        if parts.is_empty() {
            report.controls += 1;
            row_of.push(None);
            continue;
        }
        let known = |(name, direction): &(String, Direction)| match look_up(name, genes) {
            Match::Known(id) => Some((id, *direction)),
            Match::Unknown | Match::Ambiguous(_) => None,
        };
        let Some(changes) = parts.iter().map(known).collect::<Option<Vec<_>>>() else {
            report.foreign_perturbations.push(text.text.clone());
            row_of.push(None);
            continue;
        };
        let perturbation = perturbation_of(file, text, changes, genes)?;
        let row = *rows.entry(perturbation.clone()).or_insert(perturbations.len());
        if row == perturbations.len() {
            perturbations.push(perturbation);
        }
        row_of.push(Some(row));
    }
    report.perturbations = perturbations.len();
    Ok((perturbations, row_of))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn genes() -> GeneTable {
        let mut genes = GeneTable::new();
        for symbol in ["fur", "crp", "soxS", "entC", "lacZ"] {
            genes.intern(symbol);
        }
        genes
    }

    fn read(text: &str, layout: Layout) -> Result<(Predictions, PredictionsReport), DatasetError> {
        let options = ReadOptions { layout, ..ReadOptions::default() };
        read_predictions(text.as_bytes(), "p.csv", &options, &genes())
    }

    fn message(text: &str) -> String {
        read(text, Layout::Auto).expect_err(text).to_string()
    }

    #[test]
    fn one_set_of_predictions_reads_alike_long_and_wide_either_way() {
        let long = "condition,gene,value\nfur+ctrl,entC,1.5\nfur+ctrl,lacZ,-0.25\ncrp+soxS,entC,\ncrp+soxS,lacZ,2e-1\n";
        let (expected, report) = read(long, Layout::Auto).expect("reads");
        let labels: Vec<_> = expected.perturbations.iter().map(|row| row.label(&genes())).collect();
        assert_eq!(labels, ["fur-", "crp-,soxS-"]);
        let lac = genes().id("lacZ").expect("lacZ");
        assert_eq!((expected.values.get(0, lac), expected.values.get(1, lac)), (Some(-0.25), Some(0.2)));
        assert_eq!((report.read, report.kept, report.missing, report.perturbations), (4, 3, 1, 2));
        for wide in [
            ",entC,lacZ\nfur+ctrl,1.5,-0.25\ncrp+soxS,NA,0.2\n",
            "perturbation,entC,lacZ\nfur,1.5,-0.25\ncrp+soxS,,0.2\n",
            "gene,fur,crp+soxS\nentC,1.5,\nlacZ,-0.25,0.2\n",
            "fur,soxS_crp\nentC,1.5,NA\nlacZ,-0.25,0.2\n",
        ] {
            assert_eq!(read(wide, Layout::Auto).expect(wide).0, expected, "{wide}");
        }
    }

    #[test]
    fn genes_and_perturbations_that_are_not_known_are_left_out_and_told() {
        let text = "pert,gene,delta\nfur,entC,1\nfur,entX,1\nFOXP3,entC,2\nctrl,entC,0\n";
        let (predictions, report) = read(text, Layout::Auto).expect("reads");
        assert_eq!((predictions.perturbations.len(), predictions.values.present()), (1, 1));
        assert_eq!(report.foreign_perturbations, ["FOXP3"]);
        assert_eq!((report.controls, report.foreign_genes.len()), (1, 1));
        assert_eq!(report.foreign_genes[0].nearest.as_deref(), Some("entC"));
        let text = report.to_string();
        assert!(text.contains("1 of 2 gene names known") && text.contains("did you mean entC?"), "{text}");
    }

    #[test]
    fn a_file_of_foreign_genes_only_is_refused_with_the_nearest_names() {
        let text = message("pert,gene,value\nfur,ENTD1,1\nfur,entX,2\n");
        assert!(text.starts_with("p.csv:2: none of its 2 gene names") && text.contains("did you mean"), "{text}");
        let text = message("pert,gene,value\nFOXP3,entC,1\n");
        assert!(text.starts_with("p.csv:2: none of its 1 perturbations") && text.contains("`FOXP3`"), "{text}");
    }

    #[test]
    fn what_is_wrong_with_a_value_is_named_by_line_gene_and_perturbation() {
        for (text, wanted) in [
            ("pert,gene,value\nfur,entC,high\n", "p.csv:2: perturbation `fur`, gene `entC`: `high`"),
            ("pert,gene,value\nfur,entC,NaN\n", "not finite"),
            ("pert,gene,value\nfur,entC,1e60\n", "not finite"),
            (
                "pert,gene,value\nfur,entC,1\nfur+ctrl,entC,2\n",
                "p.csv:3: perturbation `fur+ctrl`, gene `entC` has the value 2",
            ),
            ("pert,gene,value\n,entC,1\n", "the perturbation is empty"),
            ("gene,fur,fur\nentC,1,2\n", "stands there twice"),
        ] {
            let text = message(text);
            assert!(text.contains(wanted), "{text}");
        }
        let text = message("pert,gene,colour\nfur,entC,1\n");
        assert!(text.contains("no column for the predicted value") && text.contains("prediction"), "{text}");
    }
}
