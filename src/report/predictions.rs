//! The long table of what methods predict: one line for each held-out experiment and gene.

use std::io::Write;

use serde::Serialize;

use super::ReportError;
use crate::biology::Response;
use crate::evaluation::CellKey;

/// One line of `predictions.csv.gz`; the field names are the column names.
#[derive(Serialize)]
struct Line<'a> {
    split: &'a str,
    seed: u64,
    fold: usize,
    method: &'a str,
    experiment: &'a str,
    perturbation: &'a str,
    gene: &'a str,
    down: Option<f32>,
    unchanged: Option<f32>,
    up: Option<f32>,
    response: i8,
    observed: Option<i8>,
}

/// A held-out experiment, as a method of one fold met it.
#[derive(Clone, Copy, Debug)]
pub struct PredictedExperiment<'a> {
    /// Way of splitting, seed, fold and method.
    pub key: &'a CellKey,
    /// Its name.
    pub experiment: &'a str,
    /// What was perturbed, for example `crp-`.
    pub perturbation: &'a str,
}

/// What is predicted of one gene, and what was observed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictedGene<'a> {
    /// Its symbol.
    pub gene: &'a str,
    /// Probabilities of down, unchanged and up; `None` of those that give none.
    pub probabilities: Option<[f32; 3]>,
    /// The response predicted.
    pub response: Response,
    /// The response observed; `None` if not measured.
    pub observed: Option<Response>,
}

/// Writes `predictions.csv.gz`, experiment by experiment.
pub struct PredictionLines<'a> {
    table: csv::Writer<&'a mut dyn Write>,
}

impl<'a> PredictionLines<'a> {
    /// Begins the table; its header goes before the first line.
    #[must_use]
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { table: csv::Writer::from_writer(out) }
    }

    /// Writes the lines of one experiment. Folds are counted from 1, as in `evaluation.csv`.
    ///
    /// # Errors
    /// [`ReportError`] if the writer fails.
    pub fn write<'b>(
        &mut self,
        experiment: &PredictedExperiment<'_>,
        genes: impl Iterator<Item = PredictedGene<'b>>,
    ) -> Result<(), ReportError> {
        let &PredictedExperiment { key, experiment, perturbation } = experiment;
        let method = key.method.to_string();
        for PredictedGene { gene, probabilities, response, observed } in genes {
            let class = |class: usize| probabilities.map(|probabilities| probabilities[class]);
            self.table.serialize(Line {
                split: &key.scheme,
                seed: key.seed,
                fold: key.fold + 1,
                method: &method,
                experiment,
                perturbation,
                gene,
                down: class(0),
                unchanged: class(1),
                up: class(2),
                response: response.value(),
                observed: observed.map(Response::value),
            })?;
        }
        Ok(())
    }

    /// Ends the table.
    ///
    /// # Errors
    /// [`ReportError`] if the writer fails.
    pub fn finish(mut self) -> Result<(), ReportError> {
        Ok(self.table.flush()?)
    }
}
