//! The folder of results: filled out of sight and moved into its place so that no mixture of two runs is taken for one.
//!
//! Results lie in a folder `.aligned-…` that its run holds locked. Once all are written, it is renamed to
//! `.aligned-complete` inside the place, with a list of what belongs there: from then on the new results hold, and a next
//! start finishes the moving that a killed one began.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use thiserror::Error;

use super::files;

/// The refined knowledge base; in N-Quads where the original has named graphs.
pub const REFINED: [&str; 2] = ["refined.ttl", "refined.nq"];

/// The files of a refinement.
pub const FILES: [&str; 8] =
    [REFINED[0], REFINED[1], "revisions.tsv", "report.json", "report.md", "report.html", "verdicts.tsv", "config.toml"];

/// What a refinement keeps there while it runs, and leaves if it is stopped.
pub const CHECKPOINT: &str = "checkpoint.json";

/// How the name of a folder in the making begins.
const UNFINISHED_FOLDER: &str = ".aligned-";

/// Complete results that are being moved into their place.
const COMPLETE: &str = ".aligned-complete";

/// The names of the complete results, one a line.
const LIST: &str = "list";

/// Held locked by the run that fills the folder.
const LOCK: &str = "lock";

/// An output folder that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutputError {
    /// It holds files that are not ours.
    #[error("{} already holds `{other}`, which this command did not write; name another folder", .path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// What it holds.
        other: String,
    },
    /// It is a file.
    #[error("{} is a file; name a folder", .path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// Another run moves its results there at this moment.
    #[error("another run is writing its results to {}; wait for it, or name another folder", .path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be written to.
    #[error("cannot write to {}: {cause}; nothing was changed there", .path.display())]
    Unwritable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The results are whole, but not all of them are in their place.
    #[error("the results lie in {}, but could not be moved to {}: {cause}", .from.display(), .path.display())]
    NotMoved {
        /// Where they belong.
        path: PathBuf,
        /// Where they lie.
        from: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// One of the files.
    #[error(transparent)]
    File(#[from] files::FileError),
}

/// A folder in the making: nothing shows in its place until [`ResultFolder::publish`].
pub struct ResultFolder {
    place: PathBuf,
    files: &'static [&'static str],
    unfinished: TempDir,
    lock: File,
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
        let parent = files::folder_of(place);
        remove_abandoned(parent, files);
        if place.is_dir() {
            prepare(place, files)?;
        }
        // On the file system of the place, so that renaming is enough.
        let around = if place.is_dir() { place } else { parent };
        let unfinished = tempfile::Builder::new().prefix(UNFINISHED_FOLDER).tempdir_in(around).map_err(unwritable)?;
        let lock = File::create(unfinished.path().join(LOCK)).map_err(unwritable)?;
        // Where the file system has no locks, leftovers stay.
        let _ = lock.try_lock();
        Ok(Self { place: place.to_owned(), files, unfinished, lock })
    }

    /// Makes sure that no file that was read would be written over.
    ///
    /// # Errors
    /// [`files::FileError::IsInput`].
    pub fn spare_inputs(&self) -> Result<(), files::FileError> {
        self.files.iter().try_for_each(|name| files::spare_inputs(&self.place.join(name)))
    }

    /// Where a file lies until it is published.
    pub fn path(&self, name: &str) -> PathBuf {
        self.unfinished.path().join(name)
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

    /// Moves everything into its place; files of an earlier run that this one did not write are taken away.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] if the system refuses.
    pub fn publish(self) -> Result<(), OutputError> {
        self.spare_inputs()?;
        self.move_all()
    }

    fn move_all(self) -> Result<(), OutputError> {
        let unwritable = |cause| OutputError::Unwritable { path: self.place.clone(), cause };
        make_readable(self.unfinished.path()).map_err(unwritable)?;
        if !self.place.is_dir() {
            fs::remove_file(self.path(LOCK)).map_err(unwritable)?;
            return fs::rename(self.unfinished.path(), &self.place).map_err(unwritable);
        }
        self.list().map_err(unwritable)?;
        let complete = self.place.join(COMPLETE);
        fs::rename(self.unfinished.path(), &complete).map_err(unwritable)?;
        let moved = finish_moving(&self.place, self.files);
        drop(self.lock);
        moved.map_err(|cause| OutputError::NotMoved { path: self.place.clone(), from: complete, cause })
    }

    fn list(&self) -> io::Result<()> {
        let written = self.files.iter().filter(|name| self.path(name).exists());
        let names: String = written.map(|name| format!("{name}\n")).collect();
        let mut file = File::create(self.path(LIST))?;
        file.write_all(names.as_bytes())?;
        file.sync_all()
    }
}

/// Finishes what a killed run began there, takes its leftovers away, and refuses what is not ours.
fn prepare(place: &Path, files: &[&str]) -> Result<(), OutputError> {
    let unwritable = |cause| OutputError::Unwritable { path: place.to_owned(), cause };
    if place.join(COMPLETE).is_dir() {
        if File::open(place.join(COMPLETE).join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err()) {
            return Err(OutputError::Busy { path: place.to_owned() });
        }
        finish_moving(place, files).map_err(unwritable)?;
        tracing::warn!("{}: a run was stopped while it moved its results here; they are complete now", place.display());
    }
    clean(place, files);
    refuse_foreign(place, |name| files.contains(&name) || name == CHECKPOINT)?;
    // The folder itself must take new files, not only its parent.
    tempfile::tempfile_in(place).map(drop).map_err(unwritable)
}

/// Takes away what runs that were killed left inside a folder of results.
pub fn clean(place: &Path, files: &[&str]) {
    files::remove_unfinished(place);
    remove_abandoned(place, files);
}

/// Refuses a folder that holds anything else than `ours`, or what a living run is writing there.
///
/// # Errors
/// [`OutputError::Foreign`].
pub fn refuse_foreign(place: &Path, ours: impl Fn(&str) -> bool) -> Result<(), OutputError> {
    let unwritable = |cause| OutputError::Unwritable { path: place.to_owned(), cause };
    for entry in fs::read_dir(place).map_err(unwritable)? {
        let other = entry.map_err(unwritable)?.file_name().to_string_lossy().into_owned();
        if !ours(&other) && !files::is_unfinished(&other) && !is_unfinished_folder(&other) {
            return Err(OutputError::Foreign { path: place.to_owned(), other });
        }
    }
    Ok(())
}

/// Moves complete results into their place, from wherever an earlier attempt ended.
fn finish_moving(place: &Path, files: &[&str]) -> io::Result<()> {
    let complete = place.join(COMPLETE);
    let list = match fs::read_to_string(complete.join(LIST)) {
        // The list goes last, when everything else is moved.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return fs::remove_dir_all(complete),
        list => list?,
    };
    let listed: Vec<&str> = list.lines().filter(|name| files.contains(name)).collect();
    for name in files {
        let from = complete.join(name);
        if !listed.contains(name) {
            remove_if_there(&place.join(name))?;
        } else if from.exists() {
            fs::rename(&from, place.join(name))?;
        }
    }
    fs::remove_dir_all(complete)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// True for the name of a folder in the making: `.aligned-` and six letters or digits.
fn is_unfinished_folder(name: &str) -> bool {
    let random = |text: &str| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name == COMPLETE || name.strip_prefix(UNFINISHED_FOLDER).is_some_and(random)
}

/// Takes away folders in the making whose run is gone.
fn remove_abandoned(parent: &Path, files: &[&str]) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        let is_ours = name != COMPLETE && is_unfinished_folder(&name) && holds_only_ours(&path, files);
        if is_ours && is_abandoned(&path) && fs::remove_dir_all(&path).is_ok() {
            tracing::info!("removed {}, which a stopped run had left", path.display());
        }
    }
}

fn holds_only_ours(folder: &Path, files: &[&str]) -> bool {
    let Ok(mut entries) = fs::read_dir(folder) else { return false };
    entries.all(|entry| {
        let Ok(entry) = entry else { return false };
        let name = entry.file_name().to_string_lossy().into_owned();
        let known = [FILES.as_slice(), files, &[LIST, LOCK]].concat();
        known.contains(&name.as_str()) || files::is_unfinished(&name)
    })
}

/// True if no living run holds the folder. One without a lock is left by an earlier version, or so new that its run has not
/// locked it yet.
fn is_abandoned(folder: &Path) -> bool {
    const NEW: std::time::Duration = std::time::Duration::from_secs(60);
    match File::open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(_) => {
            let changed = fs::metadata(folder).and_then(|metadata| metadata.modified());
            changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age > NEW))
        }
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
