//! The scale of a matrix: counts, log-normalised, or something of which no responses can be made.

use super::error::{CellError, layers_text};
use super::file::CellFile;
use crate::progress::Progress;

/// On which scale the values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Whole numbers of molecules or reads.
    Counts,
    /// `ln(1 + normalised count)`.
    LogNormalised,
}

impl Scale {
    /// The name for reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::LogNormalised => "log-normalised",
        }
    }
}

/// Logarithms of normalised counts stay below this: it is the logarithm of 485 million.
const HIGHEST_LOGARITHM: f64 = 20.0;

/// What one reading of the whole matrix tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// The scale of the values.
    pub scale: Scale,
    /// The highest value.
    pub highest: f32,
    /// Values that are not 0.
    pub stored: u64,
    /// Middle one of the sums of the cells that have any value.
    pub median_total: f64,
    /// What logarithms are multiplied with to be natural: 1 unless the file says that they have another base.
    pub to_natural: f64,
    /// Sum of each cell.
    pub(super) totals: Vec<f64>,
    /// Cells in which each gene was seen.
    pub(super) cells_of_gene: Vec<u64>,
}

/// Where a value stands.
type Found = (usize, usize, f32);

/// What is gathered on the way through the matrix.
struct Census {
    totals: Vec<f64>,
    cells_of_gene: Vec<u64>,
    stored: u64,
    highest: f32,
    negative: Option<Found>,
    fraction: bool,
    not_finite: Option<Found>,
}

impl Census {
    #[inline]
    fn count(&mut self, cell: usize, gene: usize, value: f32) {
        self.totals[cell] += f64::from(value);
        self.cells_of_gene[gene] += 1;
        self.stored += 1;
        self.highest = self.highest.max(value);
        self.fraction |= value.fract() != 0.0;
        if !(0.0..f32::INFINITY).contains(&value) {
            let place = if value.is_finite() { &mut self.negative } else { &mut self.not_finite };
            place.get_or_insert((cell, gene, value));
        }
    }
}

impl CellFile {
    /// Reads the matrix once, checks every value and tells the scale. `None` if `progress` asked to stop.
    ///
    /// Whole numbers from 0 are counts; other numbers from 0 to 20 are log-normalised.
    ///
    /// # Errors
    /// [`CellError`], naming row, gene and remedy, for values that are negative (scaled, or no counts), NaN, infinite, or
    /// normalised but not yet logarithms; for a matrix without any value; for a file that is cut short.
    pub fn survey(&self, progress: &dyn Progress) -> Result<Option<Survey>, CellError> {
        let matrix = &self.matrix;
        progress.begin("look through", matrix.lines() as u64);
        let mut census = Census {
            totals: vec![0.0; matrix.cells],
            cells_of_gene: vec![0; matrix.genes],
            stored: 0,
            highest: 0.0,
            negative: None,
            fraction: false,
            not_finite: None,
        };
        let finished = matrix.stream(0..matrix.lines(), progress, |piece| {
            if let Some((row, gene)) = piece.repeated() {
                let (file, matrix, gene) = (self.file.clone(), matrix.place.clone(), self.genes[gene].clone());
                return Err(CellError::RepeatedEntry { file, matrix, row, gene });
            }
            piece.for_each(|cell, gene, value| census.count(cell, gene, value));
            census.not_finite.map_or(Ok(()), |found| Err(self.bad_value(found, NOT_FINITE)))
        })?;
        if finished { self.judged(census).map(Some) } else { Ok(None) }
    }

    fn judged(&self, census: Census) -> Result<Survey, CellError> {
        let Census { totals, cells_of_gene, stored, highest, negative, fraction, .. } = census;
        if stored == 0 {
            let (file, matrix, layers) = (self.file.clone(), self.matrix.place.clone(), self.layers().to_vec());
            return Err(CellError::Empty { file, matrix, layers });
        }
        if let Some(found) = negative {
            return Err(self.bad_value(found, if fraction { SCALED } else { NEGATIVE_COUNT }));
        }
        let scale = if fraction { Scale::LogNormalised } else { Scale::Counts };
        let to_natural = if fraction { self.log_base.map_or(1.0, f64::ln) } else { 1.0 };
        if scale == Scale::LogNormalised && f64::from(highest) * to_natural >= HIGHEST_LOGARITHM {
            return Err(self.too_high(highest));
        }
        let median_total = median(totals.iter().copied().filter(|&total| total > 0.0).collect());
        Ok(Survey { scale, highest, stored, median_total, to_natural, totals, cells_of_gene })
    }

    fn bad_value(&self, (row, gene, value): Found, remedy: &'static str) -> CellError {
        let (file, matrix, gene) = (self.file.clone(), self.matrix.place.clone(), self.genes[gene].clone());
        let remedy = match self.layers() {
            [] => remedy.to_owned(),
            layers => format!("{remedy}; {}", layers_text(layers)),
        };
        CellError::Value { file, matrix, row, gene, value, remedy }
    }

    fn too_high(&self, highest: f32) -> CellError {
        CellError::NotLogarithms { file: self.file.clone(), matrix: self.matrix.place.clone(), highest }
    }
}

const NOT_FINITE: &str = "every value must be a finite number; a division by the total of an empty cell gives NaN: \
    filter empty cells before normalising, or read the raw counts with --layer";
const SCALED: &str = "values that are negative and no whole numbers are scaled or regressed, and differences of them \
    are no fold changes; read the counts or the log-normalised values with --layer";
const NEGATIVE_COUNT: &str = "counts cannot be negative; fix the matrix, or read another one with --layer";

/// Middle value, or mean of the two middle ones; 0 of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let (even, middle) = (values.len().is_multiple_of(2), values.len() / 2);
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if even { 0.5 * (below.iter().copied().fold(0.0, f64::max) + upper) } else { upper }
}
