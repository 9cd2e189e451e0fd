//! The checkpoint of a refinement, kept in its result folder while it runs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aligned::pipeline::{Checkpoint, FinishedRound};
use aligned::report::InputFile;
use miette::{Diagnostic, IntoDiagnostic, Result};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::files;
use super::result_folder::CHECKPOINT;
use super::settings::Settings;

/// A run that cannot go on from where it was.
#[derive(Debug, Error, Diagnostic)]
pub enum ResumeError {
    /// Nothing was kept.
    #[error("{} holds no {CHECKPOINT}: there is nothing to resume; leave out --resume to start anew", .place.display())]
    Nothing { place: PathBuf },
    /// It is no checkpoint of ours.
    #[error("{} cannot be understood ({cause}); leave out --resume to start anew", .path.display())]
    Damaged { path: PathBuf, cause: serde_json::Error },
    /// It is of another run.
    #[error(
        "{} was kept by a run with other inputs, settings or another version; give the same ones again, or leave out \
         --resume to start anew", .path.display()
    )]
    Other { path: PathBuf },
}

/// Keeps what a run has finished.
pub struct Keeper {
    path: PathBuf,
    fingerprint: String,
    keeps: bool,
}

impl Keeper {
    /// For a run into the folder `place`; without `keeps` nothing is ever written.
    ///
    /// # Errors
    /// If the settings cannot be written as TOML, which none of ours should be.
    pub fn new(place: &Path, settings: &Settings, inputs: &[InputFile], keeps: bool) -> Result<Self> {
        Ok(Self { path: place.join(CHECKPOINT), fingerprint: fingerprint(settings, inputs)?, keeps })
    }

    /// What an earlier run with the same inputs and settings finished.
    ///
    /// # Errors
    /// [`ResumeError`] if there is nothing, or it is of another run.
    pub fn finished(&self) -> Result<Vec<FinishedRound>> {
        if !self.path.is_file() {
            let place = self.path.parent().unwrap_or(&self.path).to_owned();
            return Err(ResumeError::Nothing { place }.into());
        }
        let input = files::read(&self.path)?;
        let checkpoint: Checkpoint = serde_json::from_slice(&input.content)
            .map_err(|cause| ResumeError::Damaged { path: self.path.clone(), cause })?;
        if checkpoint.fingerprint != self.fingerprint {
            return Err(ResumeError::Other { path: self.path.clone() }.into());
        }
        Ok(checkpoint.rounds)
    }

    /// Writes what is finished; a disk that takes nothing more does not stop the run.
    pub fn keep(&self, rounds: &[FinishedRound]) {
        if !self.keeps {
            return;
        }
        let checkpoint =
            Checkpoint { fingerprint: self.fingerprint.clone(), rounds: rounds.to_vec(), running: Vec::new() };
        if let Err(error) = self.write(&checkpoint) {
            tracing::warn!("no checkpoint was kept: {error}");
        }
    }

    fn write(&self, checkpoint: &Checkpoint) -> Result<()> {
        if let Some(place) = self.path.parent() {
            fs::create_dir_all(place).into_diagnostic()?;
        }
        let fill = |out: &mut dyn Write| serde_json::to_writer(out, checkpoint).map_err(io::Error::other);
        Ok(files::write(&self.path, fill)?)
    }

    /// The run came to its end.
    pub fn discard(&self) {
        if self.path.is_file()
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!("{} could not be removed: {error}", self.path.display());
        }
    }
}

/// Stands for version, settings but for limits of time, and the bytes of all inputs.
fn fingerprint(settings: &Settings, inputs: &[InputFile]) -> Result<String> {
    let mut settings = settings.clone();
    settings.run.time_limit_seconds = None;
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(settings.to_toml()?);
    for input in inputs {
        hash.update(format!("\n{} {}", input.role, input.sha256));
    }
    Ok(files::hexadecimal(&hash.finalize()))
}
