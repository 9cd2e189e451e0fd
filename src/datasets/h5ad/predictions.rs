//! Predictions made elsewhere: a row for each perturbation, or predicted cells, of which means are taken.

use std::collections::HashSet;
use std::path::Path;

use super::super::DatasetError;
use super::super::assembly::{Parsed, WrittenPerturbation};
use super::super::matching::{Match, WrittenGene, look_up};
use super::super::predictions::{PredictedCells, examples, resolve_genes, resolve_perturbations};
use super::column::{Labels, MISSING, Open};
use super::error::CellError;
use super::file::{CellOptions, gene_names};
use super::groups::{no_controls, parsed};
use super::limits::{ensure_memory, guarded};
use super::matrix::{Matrix, is_raw};
use super::obs::{no_perturbation_column, usual_perturbation_column};
use super::opening::open_checked;
use crate::biology::{Direction, GeneId, GeneTable, ResponseValues};
use crate::datasets::{Predictions, PredictionsReport};
use crate::progress::Progress;

/// This many perturbations that are not known are shown.
const SHOWN: usize = 5;

/// Reads predictions made elsewhere from an AnnData file whose rows are perturbations or predicted cells.
///
/// ```text
/// value(p, g) = mean over the rows of p of x_g − mean over the control rows of x_g
/// ```
/// where `x` is `X` or a layer, on the scale that it is on; without control rows the second mean is left out, so that `x` is
/// taken for changes already. The perturbation of a row stands in a column of `obs`, found and parsed as for
/// [`super::CellFile`], or is the name of the row where no column has a usual name. Batches are not told apart. Genes and
/// perturbations that are not in `genes` are left out and told; an unmarked gene moves in the direction `sign`. `None` if
/// `progress` asked to stop.
///
/// # Errors
/// [`CellError`], naming key or row and the remedy, for a file that is cut short or no AnnData, a column or layer that is not
/// there, a named control that no row has, foreign genes or perturbations only, or a value that is not a finite number.
///
/// # Complexity
/// One reading of the matrix in pieces; in memory 8 bytes for each perturbation and gene of the file that is known.
pub fn read_cell_predictions(
    path: &Path,
    options: &CellOptions,
    sign: Direction,
    genes: &GeneTable,
    progress: &dyn Progress,
) -> Result<Option<(Predictions, PredictionsReport)>, CellError> {
    let file = path.display().to_string();
    guarded(&file, || read_guarded(path, file.clone(), options, (sign, genes), progress))
}

fn read_guarded(
    path: &Path,
    file: String,
    options: &CellOptions,
    (sign, genes): (Direction, &GeneTable),
    progress: &dyn Progress,
) -> Result<Option<(Predictions, PredictionsReport)>, CellError> {
    let open = open_checked(path, &file)?;
    let raw = is_raw(&open, options.layer.as_deref());
    let names = gene_names(&open, if raw { "raw/var" } else { "var" }, options.gene_key.as_deref())?;
    let column = NamingColumn::find(&open, options)?;
    let cells = column.labels.codes.len();
    let matrix = Matrix::find(&open, path.to_owned(), options.layer.as_deref(), (cells, names.len()))?;
    let read = cells as u64 * names.len() as u64;
    let mut report = PredictionsReport { file: file.clone(), read, ..PredictionsReport::default() };
    let columns = GeneColumns::of(&open, &names, options.gene_key.as_deref(), genes, &mut report)?;
    let rows = column.rows(&open, options.control.as_deref(), (&names, sign, genes), &mut report)?;
    let pairs = rows.cells.len() as u128 * genes.len().max(columns.genes.len()) as u128;
    ensure_memory(&file, "the matrix of predictions", pairs * size_of::<(f64, f32)>() as u128)?;
    let mut sums = Sums::new(&rows, &columns);
    progress.begin("read predictions", matrix.lines() as u64);
    let finished = matrix.stream(0..matrix.lines(), progress, |piece| {
        piece.for_each(|cell, gene, value| sums.add(cell, gene, value));
        let refused = |(row, gene, value): (usize, usize, f32)| {
            let (file, matrix, gene) = (file.clone(), matrix.place.clone(), names[gene].clone());
            CellError::Value { file, matrix, row, gene, value, remedy: NOT_FINITE.to_owned() }
        };
        sums.not_finite.map_or(Ok(()), |found| Err(refused(found)))
    })?;
    if !finished {
        return Ok(None);
    }
    let values = sums.changes(genes.len());
    report.kept = values.present() as u64;
    let any_below_0 = (0..values.n_perturbations()).any(|row| values.row(row).flatten().any(|value| value < 0.0));
    let [controls, averaged] = [rows.cells[rows.control()], rows.cells[..rows.control()].iter().sum()];
    report.cells = Some(PredictedCells { rows: averaged, controls, any_below_0 });
    Ok(Some((Predictions { perturbations: rows.perturbations, values }, report)))
}

const NOT_FINITE: &str = "every predicted value must be a finite number; leave out genes or rows without a prediction";

/// The column of `obs` that names the perturbations, or the names of the rows.
struct NamingColumn {
    /// For messages.
    name: String,
    labels: Labels,
    /// True if the rows are named by what is perturbed, for want of a column.
    is_index: bool,
}

impl NamingColumn {
    fn find(open: &Open<'_>, options: &CellOptions) -> Result<Self, CellError> {
        let usual = || Ok(usual_perturbation_column(&open.columns("obs")?));
        let column = options.perturbation_key.clone().map_or_else(usual, |key| Ok(Some(key)))?;
        let labels = open.labels("obs", column.as_deref(), "--perturbation-key")?;
        let is_index = column.is_none();
        Ok(Self { name: column.unwrap_or_else(|| "index".to_owned()), labels, is_index })
    }

    /// The perturbation of each row of the file.
    fn rows(
        self,
        open: &Open<'_>,
        control: Option<&str>,
        (measured, sign, genes): (&[String], Direction, &GeneTable),
        report: &mut PredictionsReport,
    ) -> Result<Rows, CellError> {
        let (written, of_label) = self.in_order();
        let texts: Vec<String> = written.iter().map(|perturbation| perturbation.text.clone()).collect();
        let measured: HashSet<&str> = measured.iter().map(String::as_str).collect();
        let is_gene = |name: &str| measured.contains(name) || look_up(name, genes) != Match::Unknown;
        let directed = |(name, mark): (String, Option<Direction>)| (name, mark.unwrap_or(sign));
        let parts = parsed(&texts, control, &is_gene).into_iter();
        let parts: Parsed = parts.map(|parts| parts.into_iter().map(directed).collect()).collect();
        let is_control: Vec<bool> = parts.iter().map(Vec::is_empty).collect();
        if control.is_some_and(|control| !texts.iter().any(|text| text == control)) {
            return Err(no_controls(open.file, &self.name, &self.labels, &self.cells_of_labels(), control));
        }
        let resolved = resolve_perturbations(&written, parts, open.file, genes, report);
        let (perturbations, row_of) = resolved.map_err(|error| self.refused(open, error))?;
        if perturbations.is_empty() {
            return Err(self.foreign(open, texts));
        }
        let group = |number: usize| match row_of[number] {
            Some(row) => row as u32,
            None if is_control[number] => perturbations.len() as u32,
            None => MISSING,
        };
        let group_of_label: Vec<u32> = of_label.into_iter().map(|number| number.map_or(MISSING, group)).collect();
        let group_of = |&code: &u32| group_of_label.get(code as usize).copied().unwrap_or(MISSING);
        let group_of: Vec<u32> = self.labels.codes.iter().map(group_of).collect();
        let mut cells = vec![0; perturbations.len() + 1];
        group_of.iter().filter(|&&group| group != MISSING).for_each(|&group| cells[group as usize] += 1);
        Ok(Rows { perturbations, group_of, cells })
    }

    /// The different labels by their first rows, and for each label of the file its number among them.
    fn in_order(&self) -> (Vec<WrittenPerturbation>, Vec<Option<usize>>) {
        let mut written: Vec<WrittenPerturbation> = Vec::new();
        let mut of_label = vec![None; self.labels.names.len()];
        for (row, &code) in self.labels.codes.iter().enumerate().filter(|(_, code)| **code != MISSING) {
            let number = &mut of_label[code as usize];
            if number.is_none() {
                *number = Some(written.len());
                let (text, line) = (self.labels.names[code as usize].clone(), row as u64);
                let (directions, contrast) = (String::new(), String::new());
                written.push(WrittenPerturbation { text, directions, contrast, line, part: None });
            }
        }
        (written, of_label)
    }

    fn cells_of_labels(&self) -> Vec<usize> {
        let mut cells = vec![0; self.labels.names.len()];
        self.labels.codes.iter().filter(|&&code| code != MISSING).for_each(|&code| cells[code as usize] += 1);
        cells
    }

    fn refused(&self, open: &Open<'_>, error: DatasetError) -> CellError {
        match error {
            DatasetError::Perturbation { line, cause, .. } => {
                let (file, column) = (open.file.to_owned(), self.name.clone());
                CellError::Perturbation { file, column, row: line as usize, cause }
            }
            other => open.unreadable(&format!("obs/{}", self.name), other),
        }
    }

    fn foreign(&self, open: &Open<'_>, texts: Vec<String>) -> CellError {
        if self.is_index {
            return no_perturbation_column(open, open.columns("obs").unwrap_or_default());
        }
        let (file, column, names) = (open.file.to_owned(), self.name.clone(), texts.len());
        let examples = texts.into_iter().take(SHOWN).collect();
        CellError::ForeignPerturbations { file, column, names, examples }
    }
}

/// What is perturbed in each row of the file.
struct Rows {
    perturbations: Vec<crate::biology::Perturbation>,
    /// A place among the perturbations, one more for controls, or [`MISSING`].
    group_of: Vec<u32>,
    /// How many rows each group has, controls last.
    cells: Vec<usize>,
}

impl Rows {
    fn control(&self) -> usize {
        self.perturbations.len()
    }
}

/// The known genes among the columns of the matrix.
struct GeneColumns {
    /// For each column its place in `genes`, or [`MISSING`].
    place_of: Vec<u32>,
    genes: Vec<GeneId>,
}

impl GeneColumns {
    fn of(
        open: &Open<'_>,
        names: &[String],
        key: Option<&str>,
        genes: &GeneTable,
        report: &mut PredictionsReport,
    ) -> Result<Self, CellError> {
        let gene =
            |(row, name): (usize, &String)| WrittenGene { name: name.clone(), locus_tag: None, line: row as u64 };
        let written: Vec<_> = names.iter().enumerate().map(gene).collect();
        let found = resolve_genes(&written, genes, report);
        let mut columns = Self { place_of: vec![MISSING; names.len()], genes: Vec::new() };
        let mut first_of = vec![None; genes.len()];
        for (row, id) in found.into_iter().enumerate().filter_map(|(row, id)| Some((row, id?))) {
            if let Some(first) = first_of[id.index()].replace(row) {
                let named = |row: usize| (names[row].clone(), row);
                let (first, second, gene) = (named(first), named(row), genes.symbol(id).to_owned());
                return Err(CellError::OneGeneTwice { file: open.file.to_owned(), gene, first, second });
            }
            columns.place_of[row] = columns.genes.len() as u32;
            columns.genes.push(id);
        }
        if columns.genes.is_empty() {
            let (file, names, examples) = (open.file.to_owned(), names.len(), examples(report));
            let place = key.map_or_else(|| "the index of var".to_owned(), |key| format!("column `{key}` of var"));
            return Err(CellError::ForeignGenes { file, names, place, examples });
        }
        Ok(columns)
    }
}

/// Sums over the rows of each perturbation, and over the controls.
struct Sums<'a> {
    rows: &'a Rows,
    columns: &'a GeneColumns,
    sums: Vec<f64>,
    not_finite: Option<(usize, usize, f32)>,
}

impl<'a> Sums<'a> {
    fn new(rows: &'a Rows, columns: &'a GeneColumns) -> Self {
        Self { rows, columns, sums: vec![0.0; rows.cells.len() * columns.genes.len()], not_finite: None }
    }

    #[inline]
    fn add(&mut self, cell: usize, gene: usize, value: f32) {
        let (group, place) = (self.rows.group_of[cell], self.columns.place_of[gene]);
        if group == MISSING || place == MISSING {
            return;
        }
        if !value.is_finite() {
            self.not_finite.get_or_insert((cell, gene, value));
        }
        self.sums[group as usize * self.columns.genes.len() + place as usize] += f64::from(value);
    }

    /// Means less the mean of the controls.
    fn changes(&self, n_genes: usize) -> ResponseValues {
        let (width, control) = (self.columns.genes.len(), self.rows.control());
        let mean = |group: usize, place: usize| match self.rows.cells[group] {
            0 => 0.0,
            cells => self.sums[group * width + place] / cells as f64,
        };
        let mut values = ResponseValues::missing(control, n_genes);
        for (row, (place, &gene)) in
            (0..control).flat_map(|row| self.columns.genes.iter().enumerate().map(move |gene| (row, gene)))
        {
            values.set(row, gene, (mean(row, place) - mean(control, place)) as f32);
        }
        values
    }
}
