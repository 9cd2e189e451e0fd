//! The matrix of cells and genes, read in pieces: sparse by cells, sparse by genes, or dense.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use rust_hdf5::{DatatypeMessage, H5Dataset};

use super::super::error::nearest;
use super::column::Open;
use super::error::CellError;
use super::limits::{READER, count};
use super::opening::open;
use crate::progress::Progress;

/// A piece holds at most about this many stored values: 16 MiB with their positions.
const PIECE: usize = 1 << 21;

/// More threads than this read no faster than the values can be used.
const MOST_READERS: usize = 8;

/// How the values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Non-zero values, cell by cell (`csr_matrix`).
    ByCell,
    /// Non-zero values, gene by gene (`csc_matrix`).
    ByGene,
    /// Every value, cell by cell, in stretches that are stored together.
    Dense { together: usize },
}

/// Where a matrix lies and how; holds no value of it.
pub(super) struct Matrix {
    path: PathBuf,
    file: String,
    /// `X` or `layers/NAME`.
    pub place: String,
    layout: Layout,
    /// Where each cell (or gene) begins among the stored values, and where the last one ends; empty if dense.
    starts: Vec<u64>,
    pub cells: usize,
    pub genes: usize,
}

/// Some consecutive lines of a matrix, cells or genes: the values that are not zero.
pub(super) struct Piece {
    by_cell: bool,
    first: usize,
    starts: Vec<usize>,
    across: Vec<u32>,
    values: Vec<f32>,
}

impl Piece {
    /// Calls `each` with cell, gene and value, line by line; a stored zero is passed over.
    #[inline]
    pub(super) fn for_each(&self, mut each: impl FnMut(usize, usize, f32)) {
        for (line, ends) in self.starts.windows(2).enumerate() {
            let (line, stretch) = (self.first + line, ends[0]..ends[1]);
            for (&across, &value) in self.across[stretch.clone()].iter().zip(&self.values[stretch]) {
                if value != 0.0 {
                    if self.by_cell { each(line, across as usize, value) } else { each(across as usize, line, value) }
                }
            }
        }
    }

    /// A pair of cell and gene that is stored twice.
    pub(super) fn repeated(&self) -> Option<(usize, usize)> {
        self.starts.windows(2).enumerate().find_map(|(line, ends)| {
            let line = self.first + line;
            let across = repeated(&self.across[ends[0]..ends[1]])? as usize;
            Some(if self.by_cell { (line, across) } else { (across, line) })
        })
    }
}

fn repeated(positions: &[u32]) -> Option<u32> {
    if positions.windows(2).all(|pair| pair[0] < pair[1]) {
        return None;
    }
    let mut sorted = positions.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

impl Matrix {
    /// Finds `X`, or a layer, of a file with this many cells and genes.
    pub(super) fn find(
        open: &Open<'_>,
        path: PathBuf,
        layer: Option<&str>,
        (cells, genes): (usize, usize),
    ) -> Result<Self, CellError> {
        let place = match layer {
            Some(layer) => find_layer(open, layer)?,
            None => "X".to_owned(),
        };
        let file = open.file.to_owned();
        let matrix = Self { path, file, place, layout: Layout::ByCell, starts: Vec::new(), cells, genes };
        match open.hdf5.dataset(&matrix.place) {
            Ok(values) => matrix.dense(open, &values),
            Err(_) => matrix.sparse(open),
        }
    }

    fn dense(mut self, open: &Open<'_>, values: &H5Dataset) -> Result<Self, CellError> {
        open.ensure_chunks_fit(&self.place, values)?;
        let shape = values.shape();
        let [rows, columns] = shape[..] else {
            return Err(self.of_another_form(format!("`{}` has {} dimensions, not 2", self.place, shape.len())));
        };
        self.expect_length(&self.place, rows, self.cells, "cells in obs")?;
        self.expect_length(&self.place, columns, self.genes, "genes in var")?;
        let together = values.chunk_dims().and_then(|chunk| chunk.first().copied()).unwrap_or(1).max(1);
        self.layout = Layout::Dense { together };
        Ok(self)
    }

    fn sparse(mut self, open: &Open<'_>) -> Result<Self, CellError> {
        let place = self.place.clone();
        let Ok(group) = open.hdf5.root_group().group(&place) else {
            return Err(self.absent(layers(open)));
        };
        let encoding = group.attr_string("encoding-type").or_else(|_| group.attr_string("h5sparse_format"));
        self.layout = match encoding.as_deref() {
            Ok("csr_matrix" | "csr") => Layout::ByCell,
            Ok("csc_matrix" | "csc") => Layout::ByGene,
            Ok(other) => return Err(self.of_another_form(format!("`{place}` is a `{other}`"))),
            Err(_) => return Err(self.of_another_form(format!("`{place}` does not say how it is encoded"))),
        };
        let part = |name: &str| {
            let what = format!("{place}/{name}");
            open.hdf5.dataset(&what).map_err(|cause| open.unreadable(&what, cause))
        };
        let (starts, across, values) = (part("indptr")?, part("indices")?, part("data")?);
        open.ensure_fits(&format!("{place}/indptr"), &starts, size_of::<u64>())?;
        [&across, &values].into_iter().try_for_each(|array| open.ensure_chunks_fit(&place, array))?;
        self.starts = starts.read_numeric_as().map_err(|cause| open.unreadable(&format!("{place}/indptr"), cause))?;
        let (lines, of) = match self.layout {
            Layout::ByGene => (self.genes, "genes in var, and one more is needed"),
            _ => (self.cells, "cells in obs, and one more is needed"),
        };
        if self.starts.len() != lines + 1 {
            self.expect_length(&format!("{place}/indptr"), self.starts.len(), lines, of)?;
        }
        let stored = count(&across) as usize;
        self.expect_length(&format!("{place}/data"), count(&values) as usize, stored, "positions in indices")?;
        let grows = self.starts.windows(2).all(|pair| pair[0] <= pair[1]);
        let ends = (self.starts.first().copied(), self.starts.last().copied());
        if !grows || ends != (Some(0), Some(stored as u64)) {
            return Err(open.unreadable(&format!("{place}/indptr"), "it does not run from 0 to the number of values"));
        }
        let width = if self.layout == Layout::ByGene { self.cells } else { self.genes } as u64;
        if self.starts.windows(2).any(|pair| pair[1] - pair[0] > width) {
            let cause = "it gives a cell more values than there are genes, or a gene more than there are cells";
            return Err(open.unreadable(&format!("{place}/indptr"), cause));
        }
        Ok(self)
    }

    /// Names the layers of a file without `X`.
    fn absent(&self, layers: Vec<String>) -> CellError {
        let what = format!("there is no `{}`, so no cell has a value", self.place);
        if layers.is_empty() {
            return self.of_another_form(what);
        }
        CellError::NoMatrix { file: self.file.clone(), place: self.place.clone(), layers }
    }

    fn of_another_form(&self, what: String) -> CellError {
        let remedy = "set that matrix to a `scipy.sparse.csr_matrix` or a `numpy` array";
        CellError::NotAnnData { file: self.file.clone(), what, remedy }
    }

    fn expect_length(&self, what: &str, found: usize, expected: usize, of: &'static str) -> Result<(), CellError> {
        if found == expected {
            return Ok(());
        }
        Err(CellError::Length { file: self.file.clone(), what: what.to_owned(), found, expected, of })
    }

    /// Cells or genes: what the matrix is stored by.
    pub(super) fn lines(&self) -> usize {
        if self.layout == Layout::ByGene { self.genes } else { self.cells }
    }

    /// The lines that hold values of these genes.
    pub(super) fn lines_of(&self, genes: Range<usize>) -> Range<usize> {
        if self.layout == Layout::ByGene { genes } else { 0..self.cells }
    }

    /// Reads some lines piece by piece, several threads at once, and hands the pieces over in their order.
    ///
    /// `false` if `progress` asked to stop before the last piece.
    pub(super) fn stream(
        &self,
        lines: Range<usize>,
        progress: &dyn Progress,
        mut take: impl FnMut(Piece) -> Result<(), CellError>,
    ) -> Result<bool, CellError> {
        let pieces = self.pieces(lines);
        let readers = rayon::current_num_threads().clamp(1, MOST_READERS).min(pieces.len().max(1));
        thread::scope(|scope| {
            let channels: Vec<Receiver<Result<Piece, CellError>>> = (0..readers)
                .map(|reader| {
                    let (sender, receiver) = sync_channel(1);
                    let own = pieces.iter().skip(reader).step_by(readers).cloned();
                    // A panic ends the channel, which is told below.
                    let read = move || drop(catch_unwind(AssertUnwindSafe(|| self.read_all(own, &sender))));
                    let spawned = thread::Builder::new().name(READER.to_owned()).spawn_scoped(scope, read);
                    spawned.map(|_| receiver).map_err(|cause| self.unreadable(&cause.to_string()))
                })
                .collect::<Result<_, _>>()?;
            for (number, piece) in pieces.iter().enumerate() {
                if progress.is_cancelled() {
                    return Ok(false);
                }
                // A reader that is gone without a word has met bytes that the HDF5 crate could not bear.
                let lost = || self.unreadable("the bytes make no sense");
                take(channels[number % readers].recv().map_err(|_| lost())??)?;
                progress.advance(piece.len() as u64);
            }
            Ok(true)
        })
    }

    fn unreadable(&self, cause: &str) -> CellError {
        CellError::Unreadable { file: self.file.clone(), what: self.place.clone(), cause: cause.into() }
    }

    fn read_all(&self, pieces: impl Iterator<Item = Range<usize>>, sender: &SyncSender<Result<Piece, CellError>>) {
        let stored = open(&self.path, &self.file).and_then(|open| Stored::of(self, &open));
        match stored {
            Ok(stored) => {
                for piece in pieces {
                    // Nobody listens any more once the work has stopped.
                    if sender.send(stored.read(piece)).is_err() {
                        return;
                    }
                }
            }
            Err(error) => drop(sender.send(Err(error))),
        }
    }

    /// Cuts lines into ranges of about [`PIECE`] stored values.
    fn pieces(&self, lines: Range<usize>) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        let mut first = lines.start;
        while first < lines.end {
            let last = match self.layout {
                Layout::Dense { together } => first + rows_at_once(self.genes, together),
                _ => {
                    let limit = self.starts[first] + PIECE as u64;
                    first + self.starts[first + 1..].partition_point(|&end| end <= limit).max(1)
                }
            };
            pieces.push(first..last.min(lines.end));
            first = last;
        }
        pieces
    }
}

/// How many rows of a dense matrix are read at once: whole stretches of rows that are stored `together`, so that none is
/// decompressed twice, unless a stretch alone is too large.
fn rows_at_once(genes: usize, together: usize) -> usize {
    const LARGEST_STRETCH: usize = 4 * PIECE;
    let rows = (PIECE / genes.max(1)).max(1);
    match rows / together * together {
        0 if together.saturating_mul(genes) <= LARGEST_STRETCH => together,
        0 => rows,
        whole => whole,
    }
}

fn find_layer(open: &Open<'_>, layer: &str) -> Result<String, CellError> {
    let found = layers(open);
    if is_raw(open, Some(layer)) {
        return Ok("raw/X".to_owned());
    }
    if found.iter().any(|known| known == layer) {
        return Ok(format!("layers/{layer}"));
    }
    let nearest = nearest(layer, found.iter().map(String::as_str));
    Err(CellError::UnknownLayer { file: open.file.to_owned(), layer: layer.to_owned(), nearest, found })
}

/// The name under which `raw` is read, the matrix that scanpy sets aside with genes of its own.
pub(super) const RAW: &str = "raw";

fn has_raw(open: &Open<'_>) -> bool {
    open.hdf5.dataset("raw/X").is_ok() || open.hdf5.root_group().group("raw/X").is_ok()
}

/// True if this layer is the matrix that was set aside, with genes of its own.
pub(super) fn is_raw(open: &Open<'_>, layer: Option<&str>) -> bool {
    layer == Some(RAW) && has_raw(open) && !own_layers(open).iter().any(|known| known == RAW)
}

/// Names of the layers, in alphabetical order, and `raw` if there is one.
pub(super) fn layers(open: &Open<'_>) -> Vec<String> {
    let mut names = own_layers(open);
    if has_raw(open) && !names.iter().any(|known| known == RAW) {
        names.push(RAW.to_owned());
    }
    names
}

fn own_layers(open: &Open<'_>) -> Vec<String> {
    let Ok(group) = open.hdf5.root_group().group("layers") else { return Vec::new() };
    let mut names = group.dataset_names().unwrap_or_default();
    names.extend(group.group_names().unwrap_or_default());
    names.sort_unstable();
    names.dedup();
    names
}

/// The arrays of a matrix, open for one reader.
struct Stored<'a> {
    matrix: &'a Matrix,
    values: H5Dataset,
    kind: Number,
    across: Option<H5Dataset>,
}

/// How a value is stored.
#[derive(Clone, Copy)]
enum Number {
    Single,
    Double,
    Half,
    Whole,
}

impl<'a> Stored<'a> {
    fn of(matrix: &'a Matrix, open: &Open<'_>) -> Result<Self, CellError> {
        let array = |what: &str| open.hdf5.dataset(what).map_err(|cause| open.unreadable(what, cause));
        let (values, across) = match matrix.layout {
            Layout::Dense { .. } => (array(&matrix.place)?, None),
            _ => (array(&format!("{}/data", matrix.place))?, Some(array(&format!("{}/indices", matrix.place))?)),
        };
        let kind = match values.datatype().map_err(|cause| open.unreadable(&matrix.place, cause))? {
            DatatypeMessage::FloatingPoint { size: 4, .. } => Number::Single,
            DatatypeMessage::FloatingPoint { size: 8, .. } => Number::Double,
            DatatypeMessage::FloatingPoint { size: 2, .. } => Number::Half,
            DatatypeMessage::FixedPoint { .. } | DatatypeMessage::BitField { .. } => Number::Whole,
            _ => return Err(matrix.of_another_form(format!("the values of `{}` are no numbers", matrix.place))),
        };
        Ok(Self { matrix, values, kind, across })
    }

    fn read(&self, lines: Range<usize>) -> Result<Piece, CellError> {
        let unreadable = |cause: rust_hdf5::Hdf5Error| self.matrix.unreadable(&cause.to_string());
        let Some(across) = &self.across else { return self.read_dense(lines) };
        let starts = &self.matrix.starts[lines.start..=lines.end];
        let (first, count) = (starts[0] as usize, (starts[starts.len() - 1] - starts[0]) as usize);
        let across: Vec<u32> = across.read_numeric_slice_as(&[first], &[count]).map_err(unreadable)?;
        let by_cell = self.matrix.layout == Layout::ByCell;
        let width = if by_cell { self.matrix.genes } else { self.matrix.cells };
        if across.iter().any(|&position| position as usize >= width) {
            return Err(self.matrix.unreadable("its indices point beyond the last gene or cell"));
        }
        let values = self.numbers(&[first], &[count]).map_err(unreadable)?;
        let starts = starts.iter().map(|&start| start as usize - first).collect();
        Ok(Piece { by_cell, first: lines.start, starts, across, values })
    }

    fn read_dense(&self, lines: Range<usize>) -> Result<Piece, CellError> {
        let genes = self.matrix.genes;
        let dense = self.numbers(&[lines.start, 0], &[lines.len(), genes]);
        let dense = dense.map_err(|cause| self.matrix.unreadable(&cause.to_string()))?;
        let (mut starts, mut across, mut values) = (vec![0], Vec::new(), Vec::new());
        for row in dense.chunks(genes.max(1)) {
            for (gene, &value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                across.push(gene as u32);
                values.push(value);
            }
            starts.push(values.len());
        }
        starts.resize(lines.len() + 1, values.len());
        Ok(Piece { by_cell: true, first: lines.start, starts, across, values })
    }

    fn numbers(&self, first: &[usize], counts: &[usize]) -> rust_hdf5::Result<Vec<f32>> {
        Ok(match self.kind {
            Number::Single => self.values.read_slice(first, counts)?,
            Number::Half => self.values.read_numeric_slice_as(first, counts)?,
            Number::Double => {
                let numbers: Vec<f64> = self.values.read_numeric_slice_as(first, counts)?;
                numbers.into_iter().map(|number| number as f32).collect()
            }
            Number::Whole => {
                let numbers: Vec<i64> = self.values.read_numeric_slice_as(first, counts)?;
                numbers.into_iter().map(|number| number as f32).collect()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_rows_are_read_in_whole_stretches_unless_these_are_too_large() {
        assert_eq!(rows_at_once(1 << 11, 1), 1 << 10);
        assert_eq!(rows_at_once(1 << 11, 300), 900);
        assert_eq!(rows_at_once(1 << 11, 4000), 4000);
        assert_eq!(rows_at_once(1 << 11, 1_000_000), 1 << 10);
        assert_eq!((rows_at_once(0, 1), rows_at_once(usize::MAX, usize::MAX)), (PIECE, 1));
    }

    #[test]
    fn a_pair_stored_twice_is_found_whatever_the_order() {
        assert_eq!(repeated(&[0, 3, 7]), None);
        assert_eq!(repeated(&[7, 0, 3]), None);
        assert_eq!(repeated(&[7, 0, 3, 0]), Some(0));
        assert_eq!(repeated(&[]), None);
    }
}
