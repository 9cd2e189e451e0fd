//! What is told of a run: JSON for programs, Markdown and HTML for readers, a table of revisions for spreadsheets.
//!
//! Start at [`Report`], [`EvaluationReport`] for scores of knowledge alone, or [`ComparisonReport`] for those of predictors, or [`DiagnosisReport`] for a screen of cells. All figures are taken from the outcome once (`summary`), so that no two formats can disagree.
//! Nothing here computes a score, opens a file or fetches anything: a page stands alone.

mod cells;
mod claims;
mod comparison;
mod counts;
mod diagnosis;
mod error;
mod evaluation;
mod evidence;
mod html;
mod hyperparameters;
mod json;
mod markdown;
mod plots;
mod predictions;
mod reason;
mod recovery;
#[cfg(test)]
mod samples;
mod summary;
mod tables;
mod templates;
mod verdict;
mod wording;

use std::io::Write;

use serde::{Deserialize, Serialize};

pub use cells::{ScreenedPerturbation, write_cells_svg};
pub use claims::ClaimReport;
pub use comparison::ComparisonReport;
pub use diagnosis::DiagnosisReport;
pub use error::ReportError;
pub use evaluation::EvaluationReport;
pub use predictions::{PredictedExperiment, PredictedGene, PredictionLines};
pub use recovery::{RealRecoveryReport, RecoveryReport};

use crate::biology::GeneTable;
use crate::evaluation::HyperparameterCurve;
use crate::pipeline::Outcome;
use summary::Summary;
use wording::Names;

/// Everything that a report tells: the outcome of a run and where it came from.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// What the run found.
    pub outcome: &'a Outcome,
    /// Gives the genes of the outcome their symbols.
    pub genes: &'a GeneTable,
    /// Seed of every random draw.
    pub seed: u64,
    /// The files that were read.
    pub inputs: Vec<InputFile>,
    /// What a reader must know before anything else, for example that the screen is simulated. If there is none, a
    /// power check brings its own.
    pub headline: Option<String>,
    /// The effective configuration, as TOML. It should hold nothing that may differ between equal runs.
    pub config_toml: &'a str,
    /// Version of this program.
    pub tool_version: &'a str,
    /// The most memory that the process held, in bytes, if the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// How large the observations are and how they were split.
    pub data_summary: DataSummary,
    /// How hyperparameters were chosen from the training part, in order; empty if they were given.
    pub hyperparameter_curves: Vec<HyperparameterCurve>,
    /// Remarks in sentences: names that matched no gene, rows left out.
    pub notes: Vec<String>,
}

/// One file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// What it was read as, for example `knowledge base` or `observations`.
    pub role: String,
    /// Its name, without the folder.
    pub file: String,
    /// SHA-256 of the file as it lies on disk, in hexadecimal.
    pub sha256: String,
    /// Its size on disk.
    pub bytes: u64,
}

/// Size and split of the observations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSummary {
    /// Observed perturbations.
    pub perturbations: usize,
    /// Genes with a column.
    pub genes: usize,
    /// Measured pairs of perturbation and gene; all others are masked.
    pub measured: usize,
    /// Measured as down.
    pub down: usize,
    /// Measured as unchanged.
    pub unchanged: usize,
    /// Measured as up.
    pub up: usize,
    /// Perturbations to learn from.
    pub train: usize,
    /// Perturbations kept aside for early stopping and calibration.
    pub validation: usize,
    /// Perturbations kept aside for the scores.
    pub test: usize,
}

impl Report<'_> {
    /// The verdict in a paragraph of plain text: is the refined knowledge better on data that it has not seen?
    #[must_use]
    pub fn verdict(&self) -> String {
        let verdict = Summary::of(self).verdict;
        format!("{} {}", verdict.line, verdict.text)
    }

    /// Writes `report.json`; its keys are described in `docs/report.schema.json`.
    ///
    /// Equal outcomes give equal bytes, but for the keys `timings` and `peak_memory_bytes`. What is not a number is `null`.
    ///
    /// # Errors
    /// [`ReportError::Write`] if `out` fails.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        json::write(&Summary::of(self), out)
    }

    /// Writes `report.md`, to be read in a terminal or on a code-hosting page; the verdict stands first.
    ///
    /// # Errors
    /// [`ReportError::Write`] if `out` fails.
    pub fn write_markdown(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        markdown::write(&Summary::of(self), out)
    }

    /// Writes `report.html`: one file that needs no other, with plots as SVG; it links to `revisions.tsv` next to it.
    ///
    /// # Errors
    /// [`ReportError::Write`] if `out` fails.
    pub fn write_html(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        html::write(&Summary::of(self), out)
    }

    /// Writes `revisions.tsv`: a header and one line per revision, applied or proposed, in the order of the outcome.
    ///
    /// Columns: kind, status, regulator, target, sign before and after, measured responses corrected and introduced, weight of the
    /// predicted ones, drop of the objective, stability, q-value, whether it is of a regulation or an effect, posterior,
    /// log-likelihood ratio, experiments that agree, oppose and are silent, examples of corrected responses, alternatives, and
    /// the reason.
    ///
    /// # Errors
    /// [`ReportError::Write`] if `out` fails.
    pub fn write_revisions_tsv(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        let names = Names { genes: self.genes, rows: &self.outcome.row_labels };
        tables::write_revisions(&self.outcome.revisions, names, out)
    }

    /// Writes `verdicts.tsv`: what the experiments say of each known regulation, one a row; the header alone if the evidence did
    /// not decide.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_verdicts_tsv(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        let judged = self.outcome.evidence.as_ref().map_or(&[][..], |weighed| &weighed.judged);
        tables::write_verdicts(judged, self.genes, out)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io;

    use super::*;

    /// A writer that takes nothing more.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn a_full_disk_is_told_as_what_it_is() {
        let sample = samples::usual();
        let report = sample.report();
        let results = [
            report.write_json(&mut Full),
            report.write_markdown(&mut Full),
            report.write_html(&mut Full),
            report.write_revisions_tsv(&mut Full),
        ];
        for result in results {
            let error: io::Error = result.expect_err("nothing can be written").into();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
        }
    }

    #[test]
    #[ignore = "writes the sample reports below target/report-samples, to be looked at in a browser"]
    fn write_samples_to_look_at() -> io::Result<()> {
        for sample in samples::all() {
            let folder = format!("{}/target/report-samples/{}", env!("CARGO_MANIFEST_DIR"), sample.name);
            fs::create_dir_all(&folder)?;
            let report = sample.report();
            report.write_json(&mut File::create(format!("{folder}/report.json"))?)?;
            report.write_markdown(&mut File::create(format!("{folder}/report.md"))?)?;
            report.write_html(&mut File::create(format!("{folder}/report.html"))?)?;
            report.write_revisions_tsv(&mut File::create(format!("{folder}/revisions.tsv"))?)?;
        }
        Ok(())
    }
}
