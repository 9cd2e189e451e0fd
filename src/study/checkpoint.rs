//! The checkpoint of a refinement, kept in its result folder while it runs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::files;
use super::result_folder::CHECKPOINT;
use super::{ResumeError, Settings, StudyError};
use crate::pipeline::Checkpoint;
use crate::report::InputFile;

/// Keeps what a run has finished.
pub struct CheckpointWriter {
    path: PathBuf,
    fingerprint: String,
    /// A running search is written at most so often; `None` if nothing is ever written.
    every: Option<Duration>,
    last: Instant,
    rounds: usize,
    /// What was told since the last writing.
    unwritten: Option<Checkpoint>,
}

impl CheckpointWriter {
    /// For a run into the folder `place`; with 0 seconds nothing is ever written.
    ///
    /// # Errors
    /// If the settings cannot be written as TOML, which none of ours should be.
    pub fn new(place: &Path, settings: &Settings, inputs: &[InputFile], seconds: u64) -> Result<Self, StudyError> {
        let (path, fingerprint) = (place.join(CHECKPOINT), fingerprint(settings, inputs)?);
        let every = (seconds > 0).then(|| Duration::from_secs(seconds));
        Ok(Self { path, fingerprint, every, last: Instant::now(), rounds: 0, unwritten: None })
    }

    /// Where a run starts that has done nothing yet.
    pub fn beginning(&self) -> Checkpoint {
        Checkpoint { fingerprint: self.fingerprint.clone(), ..Checkpoint::default() }
    }

    /// What an earlier run with the same inputs and settings finished.
    ///
    /// # Errors
    /// [`ResumeError`] if there is nothing, or it is of another run.
    pub fn finished(&self) -> Result<Checkpoint, StudyError> {
        if !self.path.is_file() {
            let place = self.path.parent().unwrap_or(&self.path).to_owned();
            return Err(ResumeError::Nothing { place }.into());
        }
        let input = files::read_own(&self.path)?;
        let checkpoint: Checkpoint = serde_json::from_slice(&input.content)
            .map_err(|cause| ResumeError::Damaged { path: self.path.clone(), cause })?;
        if checkpoint.fingerprint != self.fingerprint {
            return Err(ResumeError::Other { path: self.path.clone() }.into());
        }
        Ok(checkpoint)
    }

    /// Writes what is finished: a new round at once, a running search if the last writing is long enough ago.
    pub fn keep(&mut self, checkpoint: &Checkpoint) {
        let Some(every) = self.every else { return };
        self.unwritten = Some(checkpoint.clone());
        if checkpoint.rounds.len() > self.rounds || self.last.elapsed() >= every {
            self.flush();
        }
    }

    /// Writes what was not written so far; a disk that takes nothing more does not stop the run.
    pub fn flush(&mut self) {
        let Some(checkpoint) = self.unwritten.take() else { return };
        (self.last, self.rounds) = (Instant::now(), checkpoint.rounds.len());
        if let Err(error) = self.write(&checkpoint) {
            tracing::warn!("no checkpoint was kept: {error}");
        }
    }

    fn write(&self, checkpoint: &Checkpoint) -> Result<(), files::FileError> {
        if let Some(place) = self.path.parent() {
            let unwritable = |cause| files::FileError::Unwritable { path: self.path.clone(), cause };
            fs::create_dir_all(place).map_err(unwritable)?;
        }
        let fill = |out: &mut dyn Write| serde_json::to_writer(out, checkpoint).map_err(io::Error::other);
        files::write(&self.path, fill)
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
fn fingerprint(settings: &Settings, inputs: &[InputFile]) -> Result<String, StudyError> {
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
