//! Finished rows of long work, one JSON object a line in the folder of the results: what a stopped command takes up again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use miette::{IntoDiagnostic, Result, WrapErr, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::files;
use super::result_folder::OutputError;

/// Rows as they come.
pub struct Notebook<R> {
    file: File,
    /// The rows that were there when it was opened.
    pub done: Vec<R>,
}

impl<R: Serialize + DeserializeOwned> Notebook<R> {
    /// Opens `name` in `folder`, which may hold no other files than `ours`, or makes it. Its first line is `header`: rows
    /// of anything else cannot stand beside ours.
    ///
    /// # Errors
    /// If the folder cannot be used, holds foreign files or rows under another header, or a row is damaged.
    pub fn open<H>(folder: &Path, name: &str, ours: &[&str], header: &H) -> Result<Self>
    where
        H: Serialize + DeserializeOwned + PartialEq,
    {
        let unwritable = |cause| OutputError::Unwritable { path: folder.to_owned(), cause };
        if folder.exists() && !folder.is_dir() {
            return Err(OutputError::NotAFolder { path: folder.to_owned() }.into());
        }
        fs::create_dir_all(folder).map_err(unwritable)?;
        for entry in fs::read_dir(folder).map_err(unwritable)? {
            let other = entry.map_err(unwritable)?.file_name().to_string_lossy().into_owned();
            if other != name && !ours.contains(&other.as_str()) {
                return Err(OutputError::Foreign { path: folder.to_owned(), other }.into());
            }
        }
        let path = folder.join(name);
        let mut done = Vec::new();
        let mut text = String::new();
        if path.is_file() {
            text = fs::read_to_string(&path).into_diagnostic().wrap_err_with(|| path.display().to_string())?;
            // A line without an end was cut short by a crash.
            text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        }
        let mut lines = text.lines();
        match lines.next() {
            None => text = format!("{}\n", serde_json::to_string(header).into_diagnostic()?),
            Some(line) => {
                if serde_json::from_str::<H>(line).ok().as_ref() != Some(header) {
                    bail!(
                        "{} holds rows of other inputs, other settings or another build of the program; name another folder with --out, or remove it",
                        path.display()
                    );
                }
                for (index, line) in lines.enumerate() {
                    let row = serde_json::from_str(line).into_diagnostic();
                    done.push(row.wrap_err_with(|| format!("{}:{} is damaged; remove it", path.display(), index + 2))?);
                }
            }
        }
        fs::write(&path, &text).map_err(unwritable)?;
        let file = OpenOptions::new().append(true).open(&path).map_err(unwritable)?;
        Ok(Self { file, done })
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

/// SHA-256 of the program: another build may find something else.
///
/// # Errors
/// If the system does not tell which program this is.
pub fn program_hash() -> Result<String> {
    let program = std::env::current_exe().into_diagnostic().wrap_err("cannot tell which program this is")?;
    Ok(files::read(&program)?.sha256)
}
