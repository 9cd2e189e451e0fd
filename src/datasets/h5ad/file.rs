//! An open AnnData file: its genes, its cells by perturbation and batch, and where its matrix lies.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::column::{Labels, MISSING, Open};
use super::error::CellError;
use super::groups::Groups;
use super::limits::guarded;
use super::matrix::{Matrix, is_raw, layers};
use super::obs::{NamedColumn, done_to, log_base, named_batches, perturbations};
use super::opening::open_checked;

/// Which columns and which matrix of a file are read. Without a name they are found by their usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CellOptions {
    /// Column of `obs` that names what was perturbed in each cell: `KLF1`, `KLF1+ctrl`, `A+B`, `A_B`.
    pub perturbation_key: Option<String>,
    /// Its value for cells in which nothing was perturbed; by default all usual names of controls.
    pub control: Option<String>,
    /// Column of `obs` that names the batch; cells are then compared with controls of their own batch only.
    pub batch_key: Option<String>,
    /// Layer to read instead of `X`; `raw` is the matrix that was set aside, with genes of its own.
    pub layer: Option<String>,
    /// Column of `var` that names the genes; by default its index.
    pub gene_key: Option<String>,
}

/// An AnnData file: what its tables say of cells and genes. The matrix stays on disk.
///
/// Read are `X` or a layer (sparse by cells or by genes, or dense; uncompressed, gzip, lzf or zstd), and columns as anndata
/// 0.7 and later write them (strings of fixed or variable length, numbers, categories, values with a mask).
pub struct CellFile {
    pub(super) file: String,
    pub(super) genes: Vec<String>,
    pub(super) groups: Groups,
    pub(super) matrix: Matrix,
    layers: Vec<String>,
    batch_key: Option<String>,
    columns: Vec<String>,
    /// Base of the logarithm, if the file names one that is not e.
    pub(super) log_base: Option<f64>,
    notes: Vec<String>,
    warnings: Vec<String>,
    overexpressed_by: Option<String>,
}

impl CellFile {
    /// Opens a file and reads the tables of its cells and genes.
    ///
    /// # Errors
    /// [`CellError`] if it is not an AnnData file, is cut short, lacks a column or layer, has no control cells, or names one
    /// gene twice.
    pub fn open(path: &Path, options: &CellOptions) -> Result<Self, CellError> {
        let file = path.display().to_string();
        guarded(&file, || Self::read(path, file.clone(), options))
    }

    fn read(path: &Path, file: String, options: &CellOptions) -> Result<Self, CellError> {
        let open = open_checked(path, &file)?;
        let raw = is_raw(&open, options.layer.as_deref());
        let genes = gene_names(&open, if raw { "raw/var" } else { "var" }, options.gene_key.as_deref())?;
        let NamedColumn { name: column, labels: perturbations, told } =
            perturbations(&open, options.perturbation_key.as_deref(), &genes)?;
        let cells = perturbations.codes.len();
        let batches = match &options.batch_key {
            Some(key) => Some(open.labels("obs", Some(key), "--batch-key")?),
            None => None,
        };
        if let Some(found) = batches.as_ref().map(|batches| batches.codes.len()).filter(|&found| found != cells) {
            let what = format!("obs/{}", options.batch_key.as_deref().unwrap_or_default());
            return Err(CellError::Length {
                file,
                what,
                found,
                expected: cells,
                of: "cells in the perturbation column",
            });
        }
        let matrix = Matrix::find(&open, path.to_owned(), options.layer.as_deref(), (cells, genes.len()))?;
        let layers = layers(&open);
        let control = options.control.as_deref();
        let (done, said) = done_to(&open, &perturbations)?;
        let groups = Groups::of(&file, &column, &perturbations, batches.as_ref(), control, (&genes, &done))?;
        let (batch_key, columns) = (options.batch_key.clone(), open.columns("obs")?);
        let log_base = log_base(&open);
        let (mut notes, mut warnings) =
            (vec![format!("perturbations are taken from obs column `{column}`")], Vec::new());
        notes.extend(log_base.map(|base| format!("logarithms are said to have the base {base} (uns/log1p)")));
        notes.extend(said.note);
        warnings.extend(told.into_iter().chain(said.warning));
        if batch_key.is_none() {
            warnings.extend(named_batches(&open, &columns, &column)?);
        }
        Ok(Self {
            file,
            genes,
            groups,
            matrix,
            layers,
            batch_key,
            columns,
            log_base,
            notes,
            warnings,
            overexpressed_by: said.overexpressed_by,
        })
    }

    /// The column of `obs` that says of genes without a mark that they were overexpressed.
    #[must_use]
    pub fn overexpressed_by(&self) -> Option<&str> {
        self.overexpressed_by.as_deref()
    }

    /// What was taken for what, a line each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What should make the reader look again, a line each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Names of the genes, in the order of the file.
    #[must_use]
    pub fn genes(&self) -> &[String] {
        &self.genes
    }

    /// Cells by perturbation and batch.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The column of `obs` that tells batches apart.
    ///
    /// # Errors
    /// [`CellError::NoBatchKey`] if none was named.
    pub fn batch_key(&self) -> Result<&str, CellError> {
        let none = || CellError::NoBatchKey { file: self.file.clone(), found: self.columns.clone() };
        self.batch_key.as_deref().ok_or_else(none)
    }

    /// Number of cells, controls and cells left out counted in.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.matrix.cells
    }

    /// Which matrix is read: `X` or `layers/NAME`.
    #[must_use]
    pub fn matrix(&self) -> &str {
        &self.matrix.place
    }

    /// Names of the layers, in alphabetical order.
    #[must_use]
    pub fn layers(&self) -> &[String] {
        &self.layers
    }
}

pub(super) fn gene_names(open: &Open<'_>, table: &'static str, key: Option<&str>) -> Result<Vec<String>, CellError> {
    let Labels { names, codes } = open.labels(table, key, "--gene-key")?;
    let file = || open.file.to_owned();
    let mut first_rows: HashMap<u32, usize> = HashMap::with_capacity(codes.len());
    for (row, &code) in codes.iter().enumerate() {
        if code == MISSING {
            return Err(CellError::UnnamedGene { file: file(), row });
        }
        if let Some(first) = first_rows.insert(code, row) {
            return Err(CellError::RepeatedGene {
                file: file(),
                gene: names[code as usize].clone(),
                first,
                second: row,
            });
        }
    }
    Ok(codes.into_iter().map(|code| names[code as usize].clone()).collect())
}
