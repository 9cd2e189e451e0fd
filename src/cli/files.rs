//! Files named by the user: read whole with their hash, written beside and renamed into place.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use miette::Diagnostic;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use thiserror::Error;

/// A file of the user that could not be read or written.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be opened or read.
    #[error("cannot read {}: {cause}", .path.display())]
    Unreadable { path: PathBuf, cause: io::Error },
    /// It holds no byte.
    #[error("{} is empty", .path.display())]
    Empty { path: PathBuf },
    /// Its gzip stream ends too early or is damaged.
    #[error("{} is a damaged or cut-short gzip file ({cause}); fetch it again", .path.display())]
    Gzip { path: PathBuf, cause: io::Error },
    /// It cannot be written.
    #[error("cannot write {}: {cause}; nothing was changed there", .path.display())]
    Unwritable { path: PathBuf, cause: io::Error },
}

/// A file read whole, gzip taken off.
pub struct Input {
    /// Where it was read from, as the user wrote it.
    pub path: PathBuf,
    /// Its content, decompressed.
    pub content: Vec<u8>,
    /// SHA-256 of the file as it lies on disk, in hexadecimal.
    pub sha256: String,
    /// Its size on disk.
    pub bytes: u64,
}

impl Input {
    /// A file that comes with the program.
    ///
    /// # Errors
    /// As [`read`], were the file damaged when the program was built.
    pub fn embedded((name, raw): (&str, &[u8])) -> Result<Self, FileError> {
        from_raw(Path::new(name), raw.to_vec())
    }

    /// Its path without a final `.gz`: the name that tells the format.
    pub fn name(&self) -> String {
        self.path.with_extension_gz_removed().display().to_string()
    }
}

trait GzPath {
    fn is_gz(&self) -> bool;
    fn with_extension_gz_removed(&self) -> PathBuf;
}

impl GzPath for Path {
    fn is_gz(&self) -> bool {
        self.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
    }

    fn with_extension_gz_removed(&self) -> PathBuf {
        if self.is_gz() { self.with_extension("") } else { self.to_path_buf() }
    }
}

/// Reads a file whole; a gzip stream is known by its first two bytes, whatever the name.
///
/// # Errors
/// [`FileError`] if the file is missing, empty, or a gzip stream cut short.
pub fn read(path: &Path) -> Result<Input, FileError> {
    let unreadable = |cause| FileError::Unreadable { path: path.to_owned(), cause };
    from_raw(path, fs::read(path).map_err(unreadable)?)
}

fn from_raw(path: &Path, raw: Vec<u8>) -> Result<Input, FileError> {
    let (sha256, bytes) = (hexadecimal(&Sha256::digest(&raw)), raw.len() as u64);
    let content = if raw.starts_with(&[0x1f, 0x8b]) {
        let mut content = Vec::new();
        let gzip = |cause| FileError::Gzip { path: path.to_owned(), cause };
        MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut content).map_err(gzip)?;
        content
    } else {
        raw
    };
    if content.iter().all(u8::is_ascii_whitespace) {
        return Err(FileError::Empty { path: path.to_owned() });
    }
    Ok(Input { path: path.to_owned(), content, sha256, bytes })
}

/// SHA-256, in hexadecimal, and size of a file too large to be held.
///
/// # Errors
/// [`FileError::Unreadable`] if it cannot be read.
pub fn fingerprint(path: &Path) -> Result<(String, u64), FileError> {
    let unreadable = |cause| FileError::Unreadable { path: path.to_owned(), cause };
    let mut file = File::open(path).map_err(unreadable)?;
    let (mut digest, mut piece, mut bytes) = (Sha256::new(), vec![0; 1 << 20], 0);
    loop {
        match file.read(&mut piece).map_err(unreadable)? {
            0 => return Ok((hexadecimal(&digest.finalize()), bytes)),
            read => {
                digest.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
}

/// `00ff…`.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a file beside its place and renames it there, compressed if its name ends in `.gz`.
///
/// On any error the place is left as it was.
///
/// # Errors
/// [`FileError::Unwritable`] if the folder cannot be written to, the disk is full, or `fill` fails.
pub fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), FileError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let written = NamedTempFile::new_in(folder).and_then(|beside| {
        fill_file(beside.as_file(), path.is_gz(), fill)?;
        make_readable(beside.as_file())?;
        beside.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(|cause| FileError::Unwritable { path: path.to_owned(), cause })
}

fn fill_file(file: &File, gzip: bool, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffered = BufWriter::with_capacity(1 << 16, file);
    if gzip {
        let mut encoder = GzEncoder::new(&mut buffered, Compression::default());
        fill(&mut encoder)?;
        encoder.finish()?;
    } else {
        fill(&mut buffered)?;
    }
    buffered.flush()?;
    file.sync_all()
}

#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // A temporary file is private; what the user asked for should be as readable as any file.
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &File) -> io::Result<()> {
    Ok(())
}
