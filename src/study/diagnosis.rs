//! Does a screen of cells have enough of them?

use std::io;
use std::path::{Path, PathBuf};

use super::comparison::refuse_twice;
use super::inputs::named_input;
use super::observations::Record;
use super::result_folder::ResultFolder;
use super::{NamedPredictions, Settings, StudyError, files};
use crate::datasets::h5ad::CellFile;
use crate::evaluation::diagnosis::{self as engine, DiagnosisConfig, genes_of};
use crate::prediction::External;
use crate::progress::Progress;
use crate::report::DiagnosisReport;

/// What a diagnosis is asked.
#[derive(Clone, Debug)]
pub struct DiagnosisRequest {
    /// The file of cells.
    pub path: PathBuf,
    /// What is asked of it.
    pub config: DiagnosisConfig,
    /// Predictions made elsewhere, held against the noise of the screen.
    pub external: Vec<NamedPredictions>,
}

/// The names of the files of a diagnosis.
const FILES: [&str; 5] = ["perturbations.csv", "batches.csv", "diagnosis.json", "diagnosis.md", "diagnosis.html"];

/// A diagnosis that was run and not yet written.
pub struct Diagnosed {
    record: Record,
    diagnosis: engine::Diagnosis,
}

/// Looks into the cells of an open file.
///
/// # Errors
/// [`StudyError::Cells`] if batches are not told apart; [`StudyError::Stopped`] if `progress` is cancelled.
pub fn diagnose(
    cells: &CellFile,
    settings: &Settings,
    request: &DiagnosisRequest,
    progress: &dyn Progress,
) -> Result<Diagnosed, StudyError> {
    cells.check_batches()?;
    let (sha256, bytes) = files::fingerprint(&request.path)?;
    let mut record = Record { inputs: vec![named_input("cells", &request.path, sha256, bytes)], ..Record::default() };
    let mut predictions: Vec<External> = Vec::new();
    for named in &request.external {
        refuse_twice(&predictions, named)?;
        let (external, told) = named.read(&settings.read, &genes_of(cells), &mut record.inputs, progress)?;
        record.notes.extend(told.lines().map(|line| line.trim().to_owned()));
        predictions.push(external);
    }
    let survey = cells.survey(progress)?.ok_or(StudyError::Stopped)?;
    let found = engine::diagnose(cells, &survey, &request.config, &predictions, progress)?;
    Ok(Diagnosed { record, diagnosis: found.ok_or(StudyError::Stopped)? })
}

impl Diagnosed {
    /// What is told of it.
    #[must_use]
    pub fn report(&self) -> DiagnosisReport<'_> {
        DiagnosisReport {
            tool_version: env!("CARGO_PKG_VERSION"),
            inputs: self.record.inputs.clone(),
            notes: self.record.notes.clone(),
            diagnosis: &self.diagnosis,
        }
    }

    /// Claims a folder for the results, before the work begins.
    ///
    /// # Errors
    /// [`StudyError::Output`].
    pub fn claim(folder: &Path) -> Result<ResultFolder, StudyError> {
        Ok(ResultFolder::claim_for(folder, &FILES)?)
    }

    /// Writes all tables into a claimed folder.
    ///
    /// # Errors
    /// [`StudyError::Output`] or [`StudyError::File`]; on any error the folder is as it was.
    pub fn write_into(&self, output: ResultFolder) -> Result<(), StudyError> {
        let report = self.report();
        output.write("perturbations.csv", |out| report.write_csv(out).map_err(io::Error::from))?;
        output.write("batches.csv", |out| report.write_batches_csv(out).map_err(io::Error::from))?;
        output.write("diagnosis.json", |out| report.write_json(out).map_err(io::Error::from))?;
        output.write("diagnosis.md", |out| report.write_markdown(usize::MAX, out).map_err(io::Error::from))?;
        output.write("diagnosis.html", |out| report.write_html(out).map_err(io::Error::from))?;
        Ok(output.publish()?)
    }
}
