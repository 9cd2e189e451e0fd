//! The finished rows of long work, one JSON object a line in the folder of the results: a stopped command resumes from them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::files::{self, FileError};
use super::result_folder::{self, OutputError};
use super::{Remedy, StudyError};

/// Rows as they come.
pub struct ResultLog<R> {
    file: File,
    /// The rows that were there when it was opened.
    pub done: Vec<R>,
}

impl<R: Serialize + DeserializeOwned> ResultLog<R> {
    /// Opens `name` in `folder`, which may hold no other files than `ours`, or makes it. Its first line is `header`: rows
    /// of anything else cannot stand next to ours.
    ///
    /// # Errors
    /// If the folder cannot be used, holds foreign files or rows under another header, or a row is damaged.
    pub fn open<H>(folder: &Path, name: &str, ours: &[&str], header: &H) -> Result<Self, StudyError>
    where
        H: Serialize + DeserializeOwned + PartialEq,
    {
        let unwritable = |cause| OutputError::Unwritable { path: folder.to_owned(), cause };
        if folder.exists() && !folder.is_dir() {
            return Err(OutputError::NotAFolder { path: folder.to_owned() }.into());
        }
        fs::create_dir_all(folder).map_err(unwritable)?;
        result_folder::clean(folder, ours);
        result_folder::refuse_foreign(folder, |other| other == name || ours.contains(&other))?;
        let path = folder.join(name);
        let (text, is_whole) = whole_lines(&path)?;
        let Some((first, lines)) = text.split_once('\n') else {
            let first = format!("{}\n", serde_json::to_string(header).map_err(io::Error::from).map_err(unwritable)?);
            files::write(&path, |out| out.write_all(first.as_bytes()))?;
            return Ok(Self { file: opened(&path, folder)?, done: Vec::new() });
        };
        if serde_json::from_str::<H>(first).ok().as_ref() != Some(header) {
            let reason = format!(
                "{} holds rows of other inputs, other settings or another build of the program; name another folder, or remove it",
                path.display()
            );
            return Err(StudyError::refused(reason, Remedy::AnotherFolder));
        }
        let row = |(index, line): (usize, &str)| {
            let damaged = |cause| format!("{}:{} is damaged ({cause}); remove that line", path.display(), index + 2);
            serde_json::from_str(line).map_err(|cause| StudyError::refused(damaged(cause), Remedy::Said))
        };
        let done = lines.lines().enumerate().map(row).collect::<Result<_, _>>()?;
        if !is_whole {
            files::write(&path, |out| out.write_all(text.as_bytes()))?;
        }
        Ok(Self { file: opened(&path, folder)?, done })
    }

    /// Writes a finished row.
    ///
    /// # Errors
    /// If the disk is full.
    pub fn keep(&mut self, row: &R) -> io::Result<()> {
        let mut line = serde_json::to_string(row)?;
        line.push('\n');
        self.file.write_all(line.as_bytes())?;
        self.file.flush()
    }
}

/// The lines of a file that have an end, and whether these are all: one without was cut short by a crash.
fn whole_lines(path: &Path) -> Result<(String, bool), StudyError> {
    let mut bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other.map_err(|cause| FileError::Unreadable { path: path.to_owned(), cause })?,
    };
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let is_whole = whole == bytes.len();
    bytes.truncate(whole);
    let foreign = |_| StudyError::refused(format!("{} is not UTF-8 text", path.display()), Remedy::Said);
    Ok((String::from_utf8(bytes).map_err(foreign)?, is_whole))
}

/// Opens a file to add rows to, for one run at a time.
fn opened(path: &Path, folder: &Path) -> Result<File, OutputError> {
    let unwritable = |cause| OutputError::Unwritable { path: folder.to_owned(), cause };
    let file = OpenOptions::new().append(true).open(path).map_err(unwritable)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(OutputError::Busy { path: folder.to_owned() }),
        // A file system without locks does not keep anybody from working alone.
        _ => Ok(file),
    }
}

/// SHA-256 of the program: another build may find something else.
///
/// # Errors
/// If the system does not tell which program this is.
pub fn program_hash() -> Result<String, StudyError> {
    let program = std::env::current_exe()
        .map_err(|cause| StudyError::refused(format!("cannot tell which program this is: {cause}"), Remedy::Said))?;
    Ok(files::read_own(&program)?.sha256)
}
