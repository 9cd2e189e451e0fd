//! `--external NAME=FILE`: predictions made elsewhere, a table or an AnnData file.

use std::path::PathBuf;
use std::str::FromStr;

use aligned::biology::GeneTable;
use aligned::datasets::h5ad::{is_hdf5, read_cell_predictions};
use aligned::datasets::{self, ReadOptions};
use aligned::prediction::External;
use aligned::progress::{Quiet, Watch};
use aligned::report::InputFile;
use miette::{IntoDiagnostic, Result, bail};

use super::Interrupted;
use super::cells::{MatrixArgs, is_cell_file};
use super::files::{self, Input};
use super::refine::{input_file, named_input};

/// A file of predictions and what it is called.
#[derive(Clone, Debug)]
pub struct NamedPredictions {
    /// Its name in tables.
    pub label: String,
    path: PathBuf,
}

impl FromStr for NamedPredictions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.split_once('=').filter(|(label, path)| !label.is_empty() && !path.is_empty());
        let (label, path) = named.ok_or_else(|| format!("`{text}` is not NAME=FILE, for example gears=gears.csv"))?;
        let is_plain = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
        if !label.chars().all(is_plain) {
            return Err(format!("the name `{label}` may hold letters, digits, `-`, `_` and `.` only"));
        }
        Ok(Self { label: label.to_owned(), path: path.into() })
    }
}

impl MatrixArgs {
    /// # Errors
    /// If parts of an AnnData file are named, but there is none.
    pub fn ensure_used<'a>(&self, mut named: impl Iterator<Item = &'a NamedPredictions>) -> Result<()> {
        if self.told().is_empty() || named.any(NamedPredictions::is_cell_file) {
            return Ok(());
        }
        bail!(
            "{} says how an AnnData file is read, but no --external names one; columns of tables are named with \
             --perturbation-column, --gene-column and --log2fc-column",
            self.told().trim()
        )
    }
}

impl NamedPredictions {
    /// True if it is an AnnData file, whatever its name.
    pub fn is_cell_file(&self) -> bool {
        is_cell_file(&self.path)
    }

    /// Reads the file, a table or AnnData as the options say, and tells what was kept of it. Names are those of `genes`;
    /// none is added.
    ///
    /// # Errors
    /// If the file cannot be read or understood, or holds foreign genes or perturbations only.
    pub fn read(
        &self,
        (table, matrix): (&ReadOptions, &MatrixArgs),
        genes: &GeneTable,
        inputs: &mut Vec<InputFile>,
        watch: &dyn Watch,
    ) -> Result<(External, String)> {
        let (predictions, report) = if self.is_cell_file() {
            let (options, sign) = (matrix.options(), table.perturbation_sign);
            let read = read_cell_predictions(&self.path, &options, sign, genes, &Quiet(watch)).into_diagnostic()?;
            let (sha256, bytes) = files::fingerprint(&self.path)?;
            inputs.push(named_input(&format!("predictions{}", matrix.told()), &self.path, sha256, bytes));
            read.ok_or(Interrupted)?
        } else {
            let input = self.table()?;
            let read = datasets::read_predictions(&input.content, &input.name(), table, genes);
            inputs.push(input_file("predictions", &input));
            read.into_diagnostic()?
        };
        let external = External::new(self.label.clone(), predictions.perturbations, predictions.values);
        let told = report.to_string();
        tracing::info!("{told}");
        told.lines().filter(|line| line.contains("below 0")).for_each(|line| tracing::warn!("{}", line.trim()));
        Ok((external.into_diagnostic()?, told))
    }

    fn table(&self) -> Result<Input> {
        let (input, path) = (files::read(&self.path)?, self.path.display());
        if is_hdf5(&input.content) {
            bail!("{path} is compressed; AnnData files are read as they are: `gunzip {path}`");
        }
        if self.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("h5ad")) {
            bail!("{path} is no HDF5 file, though its name says so; it may be cut short or damaged: copy it again");
        }
        Ok(input)
    }
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
