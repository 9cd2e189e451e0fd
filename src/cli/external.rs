//! `--external NAME=FILE`: predictions made elsewhere.

use std::path::PathBuf;
use std::str::FromStr;

use aligned::biology::GeneTable;
use aligned::datasets;
use aligned::prediction::External;
use aligned::report::InputFile;
use miette::{IntoDiagnostic, Result};

use super::files;
use super::refine::input_file;
use super::settings::Settings;

/// A table of predictions and what it is called.
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

impl NamedPredictions {
    /// Reads the table and tells what was kept of it. Names are those of `genes`; none is added.
    ///
    /// # Errors
    /// If the file cannot be read or understood, or holds foreign genes or perturbations only.
    pub fn read(
        &self,
        settings: &Settings,
        genes: &GeneTable,
        inputs: &mut Vec<InputFile>,
    ) -> Result<(External, String)> {
        let input = files::read(&self.path)?;
        let read = datasets::read_predictions(&input.content, &input.name(), &settings.read, genes);
        let (predictions, report) = read.into_diagnostic()?;
        inputs.push(input_file("predictions", &input));
        let external = External::new(self.label.clone(), predictions.perturbations, predictions.values);
        Ok((external.into_diagnostic()?, report.to_string()))
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
