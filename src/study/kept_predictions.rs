//! Held-out predictions of a comparison, kept fold by fold next to its result log and written as one long table and one AnnData
//! file for each method.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Remedy, StudyError, files};
use crate::biology::{GeneId, GeneTable, Response};
use crate::datasets::Dataset;
use crate::datasets::h5ad::{PredictedRows, PredictionsFile};
use crate::evaluation::{Cell, CellKey, ComparedMethod, HeldOutPrediction};
use crate::prediction::Prediction;
use crate::report::{PredictedExperiment, PredictedGene, PredictionLines};

/// Folder of the predictions of each cell, from which the others are made.
pub const CELLS: &str = "cells";
/// Folder of one AnnData file for each method.
pub const FOLDER: &str = "predictions";
/// The long table.
pub const TABLE: &str = "predictions.csv.gz";

/// What is predicted of the genes that the data measure anywhere, cell by cell in a folder of its own.
pub struct KeptPredictions<'a> {
    folder: PathBuf,
    dataset: &'a Dataset,
    genes: &'a GeneTable,
    measured: Vec<GeneId>,
    row_of: BTreeMap<&'a str, usize>,
}

/// The predictions of one cell, rows laid end to end.
enum Rows {
    Probabilities(Vec<[f32; 3]>),
    Responses(Vec<f32>),
}

impl<'a> KeptPredictions<'a> {
    /// Opens the folder of results, or makes it.
    ///
    /// # Errors
    /// If it cannot be written to.
    pub fn open(folder: &Path, dataset: &'a Dataset, genes: &'a GeneTable) -> Result<Self, StudyError> {
        let made = fs::create_dir_all(folder.join(CELLS)).and_then(|()| fs::create_dir_all(folder.join(FOLDER)));
        made.map_err(|cause| files::FileError::Unwritable { path: folder.to_owned(), cause })?;
        [CELLS, FOLDER].into_iter().for_each(|inner| files::remove_unfinished(&folder.join(inner)));
        let row_of = dataset.names.iter().enumerate().map(|(row, name)| (name.as_str(), row)).collect();
        Ok(Self { folder: folder.to_owned(), dataset, genes, measured: dataset.measured_genes(), row_of })
    }

    fn place(&self, key: &CellKey) -> PathBuf {
        let CellKey { scheme, seed, fold, method } = key;
        self.folder.join(CELLS).join(format!("{scheme}.{seed}.{fold}.{}.f32.gz", plain(method)))
    }

    /// Keeps what is predicted in one cell of this many rows.
    ///
    /// # Errors
    /// If the disk is full.
    pub fn keep(&self, key: &CellKey, rows: usize, predicted: &HeldOutPrediction) -> io::Result<()> {
        let fill = |out: &mut dyn io::Write| {
            for (row, &gene) in (0..rows).flat_map(|row| self.measured.iter().map(move |gene| (row, gene))) {
                match predicted.probabilities(row, gene) {
                    Some(classes) => classes.iter().try_for_each(|class| out.write_all(&class.to_le_bytes()))?,
                    None => {
                        let response = f32::from(predicted.response(row, gene).map_or(0, Response::value));
                        out.write_all(&response.to_le_bytes())?;
                    }
                }
            }
            Ok(())
        };
        files::write(&self.place(key), fill).map_err(io::Error::other)
    }

    /// True if what was predicted in a finished cell is still there.
    pub fn has(&self, cell: &Cell) -> bool {
        self.rows(cell).is_ok()
    }

    fn rows(&self, cell: &Cell) -> Result<Rows, StudyError> {
        let place = self.place(&cell.key);
        if cell.rows.is_empty() {
            return Ok(Rows::Responses(Vec::new()));
        }
        let content = files::read_own(&place)?.content;
        let values: Vec<f32> = content.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        let entries = cell.rows.len() * self.measured.len();
        if content.len() == 4 * entries {
            Ok(Rows::Responses(values))
        } else if content.len() == 12 * entries {
            Ok(Rows::Probabilities(values.as_chunks().0.to_vec()))
        } else {
            Err(StudyError::refused(format!("{} is damaged; remove it", place.display()), Remedy::Said))
        }
    }

    /// Writes the long table and the file of each method, over all cells.
    ///
    /// # Errors
    /// If a cell has gone or the disk is full.
    pub fn write(&self, cells: &[Cell]) -> Result<(), StudyError> {
        let cells: Vec<_> = cells.iter().filter(|cell| !cell.rows.is_empty()).collect();
        files::write(&self.folder.join(TABLE), |out| self.write_table(&cells, out).map_err(io::Error::other))?;
        let methods: BTreeSet<_> = cells.iter().map(|cell| &cell.key.method).collect();
        for method in methods {
            let own: Vec<_> = cells.iter().copied().filter(|cell| cell.key.method == *method).collect();
            let place = self.folder.join(FOLDER).join(format!("{}.h5ad", plain(method)));
            files::write_by_path(&place, |unfinished| self.write_matrix(&own, unfinished))?;
        }
        Ok(())
    }

    /// The row of the data that is this experiment.
    fn row_of(&self, experiment: &str) -> Result<usize, StudyError> {
        let found = self.row_of.get(experiment).copied();
        let foreign = || format!("{} holds rows of other data; name another folder", self.folder.display());
        found.ok_or_else(|| StudyError::refused(foreign(), Remedy::AnotherFolder))
    }

    fn write_table(&self, cells: &[&Cell], out: &mut dyn io::Write) -> Result<(), StudyError> {
        let mut lines = PredictionLines::new(out);
        for cell in cells {
            let said = self.rows(cell)?;
            for (place, row) in cell.rows.iter().enumerate() {
                let known = self.row_of(&row.experiment)?;
                let perturbation = self.dataset.perturbations[known].label(self.genes);
                let (key, experiment) = (&cell.key, row.experiment.as_str());
                let experiment = PredictedExperiment { key, experiment, perturbation: &perturbation };
                let genes = self.measured.iter().enumerate().map(|(column, &gene)| {
                    let (probabilities, response) = said.entry(place * self.measured.len() + column);
                    let observed = self.dataset.observed.get(known, gene);
                    PredictedGene { gene: self.genes.symbol(gene), probabilities, response, observed }
                });
                lines.write(&experiment, genes)?;
            }
        }
        Ok(lines.finish()?)
    }

    fn write_matrix(&self, cells: &[&Cell], path: &Path) -> Result<(), StudyError> {
        let mut named = PredictedRows::default();
        for (cell, row) in cells.iter().flat_map(|cell| cell.rows.iter().map(move |row| (cell, row))) {
            let perturbation = &self.dataset.perturbations[self.row_of(&row.experiment)?];
            named.perturbations.push(perturbation.label(self.genes));
            named.experiments.push(row.experiment.clone());
            named.splits.push(cell.key.scheme.clone());
            named.seeds.push(i64::try_from(cell.key.seed).unwrap_or(i64::MAX));
            named.folds.push(cell.key.fold as i64 + 1);
        }
        let genes: Vec<_> = self.measured.iter().map(|&gene| self.genes.symbol(gene)).collect();
        let mut file: Option<PredictionsFile> = None;
        for cell in cells {
            let said = self.rows(cell)?;
            let file = match &mut file {
                Some(file) => file,
                None => {
                    let with_probabilities = matches!(said, Rows::Probabilities(_));
                    let created = PredictionsFile::create(path, &genes, &named, with_probabilities);
                    file.insert(created?)
                }
            };
            match &said {
                Rows::Probabilities(entries) => {
                    entries.chunks(genes.len()).try_for_each(|row| file.probabilities(row))?;
                }
                Rows::Responses(entries) => {
                    entries.chunks(genes.len()).try_for_each(|row| file.responses(row))?;
                }
            }
        }
        Ok(file.map_or(Ok(()), PredictionsFile::finish)?)
    }
}

impl Rows {
    fn entry(&self, place: usize) -> (Option<[f32; 3]>, Response) {
        match self {
            Self::Probabilities(entries) => {
                let called = Prediction::new(1, vec![entries[place]]).responses();
                (Some(entries[place]), called.get(0, GeneId::new(0)).unwrap_or(Response::Unchanged))
            }
            Self::Responses(entries) => {
                (None, Response::from_value(entries[place] as i8).unwrap_or(Response::Unchanged))
            }
        }
    }
}

/// The name of a method as that of a file; labels hold no colon.
fn plain(method: &ComparedMethod) -> String {
    method.to_string().replace(':', "-")
}
