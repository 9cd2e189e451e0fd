//! Mean and variance of each gene in every group of cells of every batch, gene by gene.

use rayon::prelude::*;

use super::column::MISSING;
use super::error::CellError;
use super::file::CellFile;
use super::gather::{Columns, Gathering, Packing, factors, gene_ranges};
use super::limits::ensure_memory;
use super::scale::{Scale, Survey};
use super::strata::{CellTest, Moment, Strata};
use crate::progress::Progress;

/// How much is held at once, and how counts are brought to one scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MomentOptions {
    /// Total to which the counts of each cell are brought, > 0; by default the median of all cells. Not used for logarithms.
    pub total: Option<f64>,
    /// About this many bytes are taken for the values of genes worked on at once; the file is read again for the next ones.
    /// Default 1 GiB; less takes more passes.
    pub bytes: u64,
}

impl Default for MomentOptions {
    fn default() -> Self {
        Self { total: None, bytes: 1 << 30 }
    }
}

/// The moments of one gene, of `ln(1 + normalised count)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeneMoments<'a> {
    /// Group by group, controls first, a moment for each batch.
    moments: &'a [Moment],
    batches: usize,
}

impl GeneMoments<'_> {
    /// Those of the controls of a batch.
    #[must_use]
    pub fn of_controls(&self, batch: usize) -> Moment {
        self.moments[batch]
    }

    /// Those of the cells of a perturbation in a batch, both by their positions in [`super::Groups`]. In batches with fewer
    /// than two controls no cells are counted.
    #[must_use]
    pub fn of_perturbed(&self, perturbation: usize, batch: usize) -> Moment {
        self.moments[(perturbation + 1) * self.batches + batch]
    }
}

/// Memory for the moments of genes that wait to be handed on.
const WAITING_BYTES: usize = 1 << 26;

impl CellFile {
    /// Makes sure that batches are told apart and that some change is known inside one.
    ///
    /// # Errors
    /// [`CellError::NoBatchKey`] without a batch column, [`CellError::NothingInBatches`] if no perturbation has two cells
    /// next to two controls in any batch.
    pub fn check_batches(&self) -> Result<(), CellError> {
        let key = self.batch_key()?.to_owned();
        let groups = &self.groups;
        if groups.perturbations.iter().any(|own| groups.batches_of(own).next().is_some()) {
            return Ok(());
        }
        let has_controls = |batch: usize| groups.controls[batch] >= 2;
        let in_batches = groups.perturbations.iter().flat_map(|own| &own.in_batch);
        let most = in_batches.filter(|(batch, _)| has_controls(**batch)).map(|(_, cells)| *cells).max();
        let batches = groups.batches.len();
        let with_controls = (0..batches).filter(|&batch| has_controls(batch)).count();
        let file = self.file.clone();
        Err(CellError::NothingInBatches { file, key, batches, with_controls, most: most.unwrap_or(0) })
    }
}

/// Hands the moments of every gene to `each`, in the order of the genes. False if `progress` asked to stop.
///
/// # Errors
/// [`CellError`] for a total out of range, for too many groups, or for a damaged file.
///
/// # Complexity
/// `O(stored values + groups · batches · genes)`; in memory the values of as many genes as `bytes` allow, and 64 MiB or the
/// moments of one gene.
pub fn cell_moments(
    cells: &CellFile,
    survey: &Survey,
    options: MomentOptions,
    progress: &dyn Progress,
    mut each: impl FnMut(usize, GeneMoments<'_>),
) -> Result<bool, CellError> {
    if let Some(value) = options.total.filter(|total| !(*total > 0.0 && total.is_finite())) {
        return Err(CellError::OutOfRange { what: "common total of the cells", value, range: "above 0" });
    }
    let (groups, batches) = (cells.groups.perturbations.len() + 1, cells.groups.batches.len());
    let packing = Packing::checked(groups, batches)?;
    let what = format!("comparing {} perturbations in {batches} batches", groups - 1);
    ensure_memory(&cells.file, &what, Strata::bytes(groups, batches))?;
    let group_of = &cells.groups.group_of;
    let numbers = group_of.iter().zip(&cells.groups.batch_of).filter(|(group, _)| **group != MISSING);
    let numbers = numbers.map(|(&group, &batch)| (group, batch));
    // No ranks are taken: Welch's test is the one that needs only moments.
    let strata = Strata::new(packing, groups, batches, numbers, CellTest::Welch, survey.scale == Scale::Counts);
    let factors = factors(survey, options.total.unwrap_or(survey.median_total));
    let gathering = Gathering { cells, packing, group_of, factors: &factors };
    let ranges = gene_ranges(&survey.cells_of_gene, options.bytes);
    let lines: usize = ranges.iter().map(|range| cells.matrix.lines_of(range.clone()).len()).sum();
    progress.begin("compare cells", lines as u64);
    let together = (WAITING_BYTES / (groups * batches * size_of::<Moment>())).max(1);
    let mut used: Option<Columns> = None;
    for range in ranges {
        let first = range.start;
        let Some(mut columns) = gathering.columns(range, &survey.cells_of_gene, used.take(), progress)? else {
            return Ok(false);
        };
        for (part, columns) in columns.each().chunks(together).enumerate() {
            if progress.is_cancelled() {
                return Ok(false);
            }
            let moments = columns.par_iter().map_init(|| strata.sums(), |sums, column| strata.moments(column, sums));
            let moments: Vec<Vec<Moment>> = moments.collect();
            for (place, moments) in moments.iter().enumerate() {
                each(first + part * together + place, GeneMoments { moments, batches });
            }
        }
        used = Some(columns);
    }
    Ok(true)
}
