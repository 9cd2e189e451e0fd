//! Predictions made elsewhere: a table or an AnnData file, under a name of their own.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::inputs::{input_file, named_input};
use super::{Remedy, StudyError, files};
use crate::biology::GeneTable;
use crate::datasets::h5ad::{CellOptions, is_hdf5, read_cell_predictions};
use crate::datasets::{self, ReadOptions};
use crate::prediction::External;
use crate::progress::{Progress, Quiet};
use crate::report::InputFile;

/// A file of predictions, what it is called, and how it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPredictions {
    /// Its name in tables.
    pub label: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Which columns and which matrix are read, if it is an AnnData file.
    #[serde(default)]
    pub cells: CellOptions,
}

/// `NAME=FILE`, the file read by its usual columns.
impl FromStr for NamedPredictions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.split_once('=').filter(|(label, path)| !label.is_empty() && !path.is_empty());
        let (label, path) = named.ok_or_else(|| format!("`{text}` is not NAME=FILE, for example gears=gears.csv"))?;
        let is_plain = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
        if !label.chars().all(is_plain) {
            return Err(format!("the name `{label}` may hold letters, digits, `-`, `_` and `.` only"));
        }
        Ok(Self { label: label.to_owned(), path: path.into(), cells: CellOptions::default() })
    }
}

impl NamedPredictions {
    /// True if it is an AnnData file, whatever its name.
    #[must_use]
    pub fn is_cell_file(&self) -> bool {
        files::is_cell_file(&self.path)
    }

    /// Reads the file, and says what was kept of it. Names are those of `genes`; none is added.
    ///
    /// # Errors
    /// If the file cannot be read or understood, or holds foreign genes or perturbations only.
    pub fn read(
        &self,
        table: &ReadOptions,
        genes: &GeneTable,
        inputs: &mut Vec<InputFile>,
        progress: &dyn Progress,
    ) -> Result<(External, String), StudyError> {
        let (predictions, report) = if self.is_cell_file() {
            let sign = table.perturbation_sign;
            let read = read_cell_predictions(&self.path, &self.cells, sign, genes, &Quiet(progress))?;
            let (sha256, bytes) = files::fingerprint(&self.path)?;
            inputs.push(named_input(&format!("predictions{}", read_as(&self.cells)), &self.path, sha256, bytes));
            read.ok_or(StudyError::Stopped)?
        } else {
            let input = table_of(&self.path)?;
            let read = datasets::read_predictions(&input.content, &input.name(), table, genes);
            inputs.push(input_file("predictions", &input));
            read?
        };
        let external = External::new(self.label.clone(), predictions.perturbations, predictions.values)?;
        let told = report.to_string();
        tracing::info!("{told}");
        told.lines().filter(|line| line.contains("below 0")).for_each(|line| tracing::warn!("{}", line.trim()));
        Ok((external, told))
    }
}

/// What was named to read an AnnData file by; empty if nothing was.
fn read_as(cells: &CellOptions) -> String {
    let named = [
        ("perturbations in", &cells.perturbation_key),
        ("control", &cells.control),
        ("layer", &cells.layer),
        ("genes in", &cells.gene_key),
    ];
    let told: Vec<_> =
        named.into_iter().filter_map(|(what, value)| Some(format!("{what} `{}`", value.as_ref()?))).collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
}

fn table_of(path: &Path) -> Result<files::Input, StudyError> {
    let (input, shown) = (files::read(path)?, path.display());
    let refused = |reason| Err(StudyError::refused(reason, Remedy::Said));
    if is_hdf5(&input.content) {
        return refused(format!("{shown} is compressed; AnnData files are read as they are: `gunzip {shown}`"));
    }
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("h5ad")) {
        return refused(format!(
            "{shown} is not an HDF5 file, though its name says so; it may be cut short or damaged: copy it again"
        ));
    }
    Ok(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_file_are_asked_for() {
        let named: NamedPredictions = "gears=out/a=b.csv".parse().expect("a name and a file");
        assert_eq!((named.label.as_str(), named.path.to_str()), ("gears", Some("out/a=b.csv")));
        for wrong in ["gears.csv", "=f.csv", "gears=", "my model=f.csv"] {
            assert!(wrong.parse::<NamedPredictions>().is_err(), "{wrong}");
        }
    }
}
