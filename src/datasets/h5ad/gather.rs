//! Values gene by gene: the columns of a matrix that is read in pieces, as many at a time as memory allows.

use std::ops::Range;

use super::column::MISSING;
use super::error::CellError;
use super::file::CellFile;
use super::scale::{Scale, Survey};
use crate::progress::Progress;

/// How batch, value and group of one cell are packed into one number, so that sorting it sorts by all three.
///
/// ```text
/// batch | bits of the value | group
/// ```
/// Bits of floating-point numbers from 0 have the order of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packing {
    group_bits: u32,
}

/// Bits of a number from 0: the sign is known.
const VALUE_BITS: u32 = 31;

impl Packing {
    /// For this many groups and batches; `None` if there is no room for them.
    pub(super) fn of(groups: usize, batches: usize) -> Option<Self> {
        let bits = |count: usize| usize::BITS - count.saturating_sub(1).leading_zeros();
        let group_bits = bits(groups);
        (group_bits + VALUE_BITS + bits(batches) <= u64::BITS).then_some(Self { group_bits })
    }

    /// The same, or why not.
    pub(super) fn checked(groups: usize, batches: usize) -> Result<Self, CellError> {
        Self::of(groups, batches).ok_or(CellError::OutOfRange {
            what: "number of perturbations times batches",
            value: groups as f64 * batches as f64,
            range: "below 8 thousand million",
        })
    }

    #[inline]
    pub(super) fn pack(self, batch: u32, value: f32, group: u32) -> u64 {
        let high = (u64::from(batch) << VALUE_BITS) | u64::from(value.to_bits());
        (high << self.group_bits) | u64::from(group)
    }

    #[inline]
    pub(super) fn group(self, packed: u64) -> usize {
        (packed & ((1 << self.group_bits) - 1)) as usize
    }

    /// Batch and value together: equal for equal values of one batch.
    #[inline]
    pub(super) fn batch_and_value(self, packed: u64) -> u64 {
        packed >> self.group_bits
    }

    #[inline]
    pub(super) fn batch(self, packed: u64) -> usize {
        (self.batch_and_value(packed) >> VALUE_BITS) as usize
    }

    #[inline]
    pub(super) fn value(self, packed: u64) -> f32 {
        f32::from_bits((self.batch_and_value(packed) & ((1 << VALUE_BITS) - 1)) as u32)
    }
}

/// What is done to each value on the way.
pub(super) struct Gathering<'a> {
    pub cells: &'a CellFile,
    pub packing: Packing,
    /// For each cell its number in the packing, or [`MISSING`] if it is compared with nothing.
    pub group_of: &'a [u32],
    /// For each cell the factor that brings its counts to the common total; empty for logarithms.
    pub factors: &'a [f64],
}

/// The factors that bring the counts of each cell to a common `total`, or logarithms to the natural base; none if they are
/// natural already.
pub(super) fn factors(survey: &Survey, total: f64) -> Vec<f64> {
    match survey.scale {
        Scale::Counts => survey.totals.iter().map(|&own| if own > 0.0 { total / own } else { 0.0 }).collect(),
        Scale::LogNormalised if survey.to_natural == 1.0 => Vec::new(),
        Scale::LogNormalised => vec![survey.to_natural; survey.totals.len()],
    }
}

/// Cuts genes into ranges whose values take at most `bytes`; each range holds one gene at least.
pub(super) fn gene_ranges(cells_of_gene: &[u64], bytes: u64) -> Vec<Range<usize>> {
    let limit = bytes / size_of::<u64>() as u64;
    let (mut ranges, mut first, mut held) = (Vec::new(), 0, 0);
    for (gene, &cells) in cells_of_gene.iter().enumerate() {
        if held + cells > limit && gene > first {
            ranges.push(first..gene);
            (first, held) = (gene, 0);
        }
        held += cells;
    }
    if first < cells_of_gene.len() {
        ranges.push(first..cells_of_gene.len());
    }
    ranges
}

/// The values of some genes: for each gene a stretch of packed values, cells in the order of the file.
pub(super) struct Columns {
    pub genes: Range<usize>,
    starts: Vec<usize>,
    filled: Vec<usize>,
    packed: Vec<u64>,
}

impl Columns {
    /// The packed values of each gene, for each to be worked on by itself.
    pub(super) fn each(&mut self) -> Vec<&mut [u64]> {
        let mut rest = self.packed.as_mut_slice();
        let mut columns = Vec::with_capacity(self.genes.len());
        for (gene, ends) in self.starts.windows(2).enumerate() {
            let (column, after) = std::mem::take(&mut rest).split_at_mut(ends[1] - ends[0]);
            rest = after;
            columns.push(&mut column[..self.filled[gene] - ends[0]]);
        }
        columns
    }
}

impl Gathering<'_> {
    /// Reads all values of some genes, into the memory of `used` columns; `None` if `progress` asked to stop.
    pub(super) fn columns(
        &self,
        genes: Range<usize>,
        cells_of_gene: &[u64],
        used: Option<Columns>,
        progress: &dyn Progress,
    ) -> Result<Option<Columns>, CellError> {
        let mut starts = vec![0];
        let ends = cells_of_gene[genes.clone()].iter().scan(0, |end, &cells| {
            *end += cells as usize;
            Some(*end)
        });
        starts.extend(ends);
        let mut packed = used.map_or_else(Vec::new, |used| used.packed);
        packed.resize(*starts.last().unwrap_or(&0), 0);
        let mut filled = starts[..genes.len()].to_vec();
        let batch_of = &self.cells.groups.batch_of;
        let finished = self.cells.matrix.stream(self.cells.matrix.lines_of(genes.clone()), progress, |piece| {
            piece.for_each(|cell, gene, value| {
                let group = self.group_of[cell];
                if group == MISSING || !genes.contains(&gene) {
                    return;
                }
                let value = self.factors.get(cell).map_or(value, |factor| (factor * f64::from(value)) as f32);
                let place = &mut filled[gene - genes.start];
                packed[*place] = self.packing.pack(batch_of[cell], value, group);
                *place += 1;
            });
            Ok(())
        })?;
        Ok(finished.then_some(Columns { genes, starts, filled, packed }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_packed_values_sorts_by_batch_then_value_then_group() {
        let packing = Packing::of(700, 12).expect("room");
        let mut ordered = Vec::new();
        for batch in [0, 3, 11] {
            for value in [1e-30_f32, 0.5, 0.500_001, 1.0, 7.25, 3e8] {
                for group in [0, 1, 699] {
                    let packed = packing.pack(batch, value, group);
                    assert_eq!((packing.batch(packed), packing.value(packed)), (batch as usize, value));
                    assert_eq!(packing.group(packed), group as usize);
                    ordered.push(packed);
                }
            }
        }
        assert!(ordered.is_sorted());
        assert!(Packing::of(1 << 20, 1 << 13).is_some() && Packing::of(1 << 20, (1 << 13) + 1).is_none());
        assert!(Packing::of(1, 1).is_some());
    }

    #[test]
    fn genes_are_worked_on_as_many_at_once_as_memory_allows() {
        let ranges = gene_ranges(&[3, 3, 9, 0, 1], 8 * 6);
        assert_eq!(ranges, [0..2, 2..3, 3..5]);
        assert!(gene_ranges(&[], 8).is_empty());
        assert_eq!(gene_ranges(&[5, 5], 0), [0..1, 1..2]);
    }
}
