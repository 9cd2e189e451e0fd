//! Predictions going out as an AnnData file, row by row.

use std::path::Path;

use rust_hdf5::types::VarLenUnicode;
use rust_hdf5::{H5Dataset, H5File, H5Group, Hdf5Error};

use super::error::CellError;

/// The rows of a file of predictions: what is named of each, one element a row in every list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PredictedRows {
    /// What is perturbed, for example `crp-`.
    pub perturbations: Vec<String>,
    /// The experiment.
    pub experiments: Vec<String>,
    /// The way of splitting in which it was held out.
    pub splits: Vec<String>,
    /// The seed.
    pub seeds: Vec<i64>,
    /// The fold, from 1.
    pub folds: Vec<i64>,
}

/// An AnnData file in the making.
///
/// `X` holds `P(up) − P(down)` with the probabilities in the layers `down`, `unchanged` and `up`, or, without probabilities
/// and layers, responses as −1, 0, 1. Rows are named by their number, what else is known of them stands in `obs`; `var` names
/// the genes. Values are `float32`, stored row by row with gzip; nothing in the file tells when it was written, so that
/// the same predictions are the same bytes. [`super::read_cell_predictions`] reads it.
pub struct PredictionsFile {
    file: H5File,
    name: String,
    x: H5Dataset,
    layers: Option<[H5Dataset; 3]>,
    rows: usize,
    written: usize,
    genes: usize,
}

/// Names of the layers, in the order of the classes.
const LAYERS: [&str; 3] = ["down", "unchanged", "up"];
/// A little smaller than the next lower level for little more time.
const GZIP_LEVEL: u32 = 4;

impl PredictionsFile {
    /// Begins a file of this many rows and genes, of which there must be at least one each.
    ///
    /// # Errors
    /// [`CellError::Unwritable`] if the file cannot be made.
    pub fn create(
        path: &Path,
        genes: &[&str],
        rows: &PredictedRows,
        with_probabilities: bool,
    ) -> Result<Self, CellError> {
        let name = path.display().to_string();
        Self::begun(path, genes, rows, with_probabilities, &name).map_err(|cause| unwritable(&name, cause))
    }

    fn begun(
        path: &Path,
        genes: &[&str],
        rows: &PredictedRows,
        with_probabilities: bool,
        name: &str,
    ) -> Result<Self, Hdf5Error> {
        let file = H5File::create(path)?;
        file.set_attr_string("encoding-type", "anndata")?;
        file.set_attr_string("encoding-version", "0.1.0")?;
        let count = rows.perturbations.len();
        let columns = ["perturbation", "experiment", "split", "seed", "fold"];
        let numbers: Vec<String> = (0..count).map(|row| row.to_string()).collect();
        let obs = table(&file, "obs", &numbers.iter().map(String::as_str).collect::<Vec<_>>(), &columns)?;
        for (column, texts) in columns.into_iter().zip([&rows.perturbations, &rows.experiments, &rows.splits]) {
            strings(&obs, column, &texts.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
        for (column, numbers) in columns.into_iter().skip(3).zip([&rows.seeds, &rows.folds]) {
            let array = obs.new_dataset::<i64>().shape([count]).create(column)?;
            array.write_raw(numbers)?;
            encoded(&array, "array")?;
        }
        table(&file, "var", genes, &[])?;
        for group in ["obsm", "varm", "obsp", "varp", "uns"] {
            dictionary(&file, group)?;
        }
        let group = dictionary(&file, "layers")?;
        let shape = [count, genes.len()];
        let builder = file.new_dataset::<f32>().shape(shape).chunk(&[1, genes.len()]).deflate(GZIP_LEVEL);
        let x = builder.create("X")?;
        encoded(&x, "array")?;
        let layer = |layer: &str| {
            let builder = group.new_dataset::<f32>().shape(shape).chunk(&[1, genes.len()]).deflate(GZIP_LEVEL);
            let array = builder.create(layer)?;
            encoded(&array, "array").map(|()| array)
        };
        let [down, unchanged, up] = LAYERS;
        let layers = if with_probabilities { Some([layer(down)?, layer(unchanged)?, layer(up)?]) } else { None };
        Ok(Self { file, name: name.to_owned(), x, layers, rows: count, written: 0, genes: genes.len() })
    }

    /// Writes the next row of a file with probabilities: those of every gene, in the order of the classes.
    ///
    /// # Errors
    /// [`CellError::Unwritable`] if the disk is full, or the row is one too many, too short or too long, or of the other sort.
    pub fn probabilities(&mut self, row: &[[f32; 3]]) -> Result<(), CellError> {
        let Some(layers) = self.layers.as_ref().filter(|_| self.fits(row.len())) else { return Err(self.misfit()) };
        for (class, layer) in layers.iter().enumerate() {
            let bytes = little_endian(row.iter().map(|probabilities| probabilities[class]));
            layer.write_chunk(self.written, &bytes).map_err(|cause| unwritable(&self.name, cause))?;
        }
        self.next(&little_endian(row.iter().map(|[down, _, up]| up - down)))
    }

    /// Writes the next row of a file without probabilities: a response, −1, 0 or 1, of every gene.
    ///
    /// # Errors
    /// As [`PredictionsFile::probabilities`].
    pub fn responses(&mut self, row: &[f32]) -> Result<(), CellError> {
        if self.layers.is_some() || !self.fits(row.len()) {
            return Err(self.misfit());
        }
        self.next(&little_endian(row.iter().copied()))
    }

    fn fits(&self, genes: usize) -> bool {
        self.written < self.rows && genes == self.genes
    }

    fn next(&mut self, bytes: &[u8]) -> Result<(), CellError> {
        self.x.write_chunk(self.written, bytes).map_err(|cause| unwritable(&self.name, cause))?;
        self.written += 1;
        Ok(())
    }

    fn misfit(&self) -> CellError {
        let Self { written, rows, genes, .. } = self;
        unwritable(&self.name, Hdf5Error::InvalidState(format!("row {written} of {rows} × {genes} does not fit")))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`CellError::Unwritable`] if the disk is full, or rows are missing.
    pub fn finish(self) -> Result<(), CellError> {
        if self.written < self.rows {
            return Err(self.misfit());
        }
        let Self { file, name, x, layers, .. } = self;
        drop((x, layers));
        file.close().map_err(|cause| unwritable(&name, cause))
    }
}

fn unwritable(file: &str, cause: Hdf5Error) -> CellError {
    CellError::Unwritable { file: file.to_owned(), cause: cause.into() }
}

fn little_endian(values: impl Iterator<Item = f32>) -> Vec<u8> {
    values.flat_map(f32::to_le_bytes).collect()
}

/// A table whose rows are named; its columns are written by whoever asks for it.
fn table(file: &H5File, name: &str, rows: &[&str], columns: &[&str]) -> Result<H5Group, Hdf5Error> {
    let group = file.create_group(name)?;
    group.set_attr_string("encoding-type", "dataframe")?;
    group.set_attr_string("encoding-version", "0.2.0")?;
    group.set_attr_string("_index", "_index")?;
    group.set_attr_string_array("column-order", columns)?;
    strings(&group, "_index", rows)?;
    Ok(group)
}

fn strings(group: &H5Group, name: &str, texts: &[&str]) -> Result<(), Hdf5Error> {
    encoded(&group.write_vlen_strings(name, texts)?, "string-array")
}

fn dictionary(file: &H5File, name: &str) -> Result<H5Group, Hdf5Error> {
    let group = file.create_group(name)?;
    group.set_attr_string("encoding-type", "dict")?;
    group.set_attr_string("encoding-version", "0.1.0")?;
    Ok(group)
}

fn encoded(array: &H5Dataset, encoding: &str) -> Result<(), Hdf5Error> {
    for (name, value) in [("encoding-type", encoding), ("encoding-version", "0.2.0")] {
        array.new_attr::<VarLenUnicode>().shape(()).create(name)?.write_string(value)?;
    }
    Ok(())
}
