//! The folder of results: filled beside its place and moved there whole.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use tempfile::TempDir;
use thiserror::Error;

use super::files;

/// The files of a refinement.
pub const FILES: [&str; 6] = ["refined.ttl", "revisions.tsv", "report.json", "report.md", "report.html", "config.toml"];

/// What a refinement keeps there while it runs, and leaves if it is stopped.
pub const CHECKPOINT: &str = "checkpoint.json";

/// An output folder that cannot be used.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum OutputError {
    /// It holds files that are not ours.
    #[error("{} already holds `{other}`, which this command did not write; name another folder with --out", .path.display())]
    Foreign { path: PathBuf, other: String },
    /// It is a file.
    #[error("{} is a file; name a folder with --out", .path.display())]
    NotAFolder { path: PathBuf },
    /// It cannot be written to.
    #[error("cannot write to {}: {cause}; nothing was changed there", .path.display())]
    Unwritable { path: PathBuf, cause: io::Error },
}

/// A folder in the making: nothing shows in its place until [`ResultFolder::publish`].
pub struct ResultFolder {
    place: PathBuf,
    files: &'static [&'static str],
    beside: TempDir,
}

impl ResultFolder {
    /// Makes sure that the place is new, empty, or holds only the files of an earlier run, and can be written to.
    ///
    /// # Errors
    /// [`OutputError`] before any work is done.
    pub fn claim(place: &Path) -> Result<Self, OutputError> {
        Self::claim_for(place, &FILES)
    }

    /// The same for a command that writes these files.
    ///
    /// # Errors
    /// As [`ResultFolder::claim`].
    pub fn claim_for(place: &Path, files: &'static [&'static str]) -> Result<Self, OutputError> {
        let unwritable = |cause| OutputError::Unwritable { path: place.to_owned(), cause };
        if place.exists() && !place.is_dir() {
            return Err(OutputError::NotAFolder { path: place.to_owned() });
        }
        if place.is_dir() {
            for entry in fs::read_dir(place).map_err(unwritable)? {
                let other = entry.map_err(unwritable)?.file_name().to_string_lossy().into_owned();
                if !files.contains(&other.as_str()) && other != CHECKPOINT {
                    return Err(OutputError::Foreign { path: place.to_owned(), other });
                }
            }
            // The folder itself must take new files, not only its parent.
            tempfile::tempfile_in(place).map_err(unwritable)?;
        }
        let parent = match place.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let beside = tempfile::Builder::new().prefix(".aligned-").tempdir_in(parent).map_err(unwritable)?;
        Ok(Self { place: place.to_owned(), files, beside })
    }

    /// Where a file lies until it is published.
    pub fn path(&self, name: &str) -> PathBuf {
        self.beside.path().join(name)
    }

    /// Writes one of the files.
    ///
    /// # Errors
    /// [`files::FileError::Unwritable`] if the disk is full or `fill` fails.
    pub fn write(
        &self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), files::FileError> {
        files::write(&self.path(name), fill)
    }

    /// Moves everything into its place.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] if the system refuses.
    pub fn publish(self) -> Result<(), OutputError> {
        let unwritable = |cause| OutputError::Unwritable { path: self.place.clone(), cause };
        if self.place.is_dir() {
            for name in self.files {
                fs::rename(self.path(name), self.place.join(name)).map_err(unwritable)?;
            }
            return Ok(());
        }
        make_readable(self.beside.path()).map_err(unwritable)?;
        fs::rename(self.beside.path(), &self.place).map_err(unwritable)
    }
}

#[cfg(unix)]
fn make_readable(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_readable(_folder: &Path) -> io::Result<()> {
    Ok(())
}
