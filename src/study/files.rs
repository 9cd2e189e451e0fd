//! Files named by the user: read whole with their hash, written next to and renamed into place.
//!
//! What was read is remembered, and never written over.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use thiserror::Error;

use crate::datasets::h5ad::is_hdf5;
use crate::datasets::memory_limit;

/// A file of the user that could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be opened or read.
    #[error("cannot read {}: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It holds no byte.
    #[error("{} is empty", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It is not UTF-8.
    #[error("{} is not UTF-8 text", .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// Its gzip stream ends too early or is damaged.
    #[error("{} is a damaged or cut-short gzip file ({cause}); fetch it again", .path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        cause: io::Error,
    },
    /// It does not fit into memory.
    #[error("{} holds more than the {bytes} bytes of memory that are free{}", .path.display(), if *.unpacked { ", once it is unpacked" } else { "" })]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The memory that is free.
        bytes: u64,
        /// True if it fits as it lies on disk, but not once it is decompressed.
        unpacked: bool,
    },
    /// It cannot be written.
    #[error("cannot write {}: {cause}; nothing was changed there", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A pipe or a device that took only part of the output.
    #[error("cannot write to {}: {cause}", .path.display())]
    Cut {
        /// The pipe or device.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It was read as an input.
    #[error("{} is an input of this command and would be written over; name another place", .path.display())]
    IsInput {
        /// The file.
        path: PathBuf,
    },
}

/// The real paths of all inputs so far.
static INPUTS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// From now on this file is never written over.
pub fn remember(path: &Path) {
    if let Ok(real) = fs::canonicalize(path) {
        INPUTS.lock().unwrap_or_else(PoisonError::into_inner).insert(real);
    }
}

/// Makes sure that a place does not hold an input, however it is called.
///
/// # Errors
/// [`FileError::IsInput`].
pub fn spare_inputs(path: &Path) -> Result<(), FileError> {
    let real = fs::canonicalize(path);
    let inputs = INPUTS.lock().unwrap_or_else(PoisonError::into_inner);
    match real {
        // What is read from a pipe or a device is not kept there.
        Ok(real) if real.is_file() && inputs.contains(&real) => Err(FileError::IsInput { path: path.to_owned() }),
        _ => Ok(()),
    }
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

/// Reads an input whole; a gzip stream is known by its first two bytes, whatever the name.
///
/// # Errors
/// [`FileError`] if the file is missing, empty, larger than memory, or a gzip stream cut short.
pub fn read(path: &Path) -> Result<Input, FileError> {
    let input = read_own(path)?;
    remember(path);
    Ok(input)
}

/// The same for a file that this program wrote and may write again.
///
/// # Errors
/// As [`read`].
pub fn read_own(path: &Path) -> Result<Input, FileError> {
    let unreadable = |cause| FileError::Unreadable { path: path.to_owned(), cause };
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().ok().filter(|metadata| metadata.is_file()).map_or(0, |metadata| metadata.len());
    let raw = read_at_most(file, memory_limit(), size).map_err(unreadable)?;
    from_raw(path, raw.ok_or_else(|| too_large(path, false))?)
}

fn too_large(path: &Path, unpacked: bool) -> FileError {
    FileError::TooLarge { path: path.to_owned(), bytes: memory_limit(), unpacked }
}

/// All there is to read, about `size` bytes; `None` if that is more than `limit` bytes.
fn read_at_most(from: impl Read, limit: u64, size: u64) -> io::Result<Option<Vec<u8>>> {
    if size > limit {
        return Ok(None);
    }
    let mut content = Vec::new();
    let reserved = content.try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX)).map_err(io::Error::from);
    let read = reserved.and_then(|()| from.take(limit.saturating_add(1)).read_to_end(&mut content));
    match read {
        Err(error) if error.kind() == io::ErrorKind::OutOfMemory => Ok(None),
        read => Ok((read? as u64 <= limit).then_some(content)),
    }
}

fn from_raw(path: &Path, raw: Vec<u8>) -> Result<Input, FileError> {
    let (sha256, bytes) = (hexadecimal(&Sha256::digest(&raw)), raw.len() as u64);
    let content = if raw.starts_with(&[0x1f, 0x8b]) {
        let gzip = |cause| FileError::Gzip { path: path.to_owned(), cause };
        let content = read_at_most(MultiGzDecoder::new(raw.as_slice()), memory_limit(), 0).map_err(gzip)?;
        content.ok_or_else(|| too_large(path, true))?
    } else {
        raw
    };
    if content.iter().all(u8::is_ascii_whitespace) {
        return Err(FileError::Empty { path: path.to_owned() });
    }
    Ok(Input { path: path.to_owned(), content, sha256, bytes })
}

/// SHA-256 and size of a file that is not read whole.
///
/// # Errors
/// [`FileError::Unreadable`] if the file is missing or cannot be read.
pub fn fingerprint(path: &Path) -> Result<(String, u64), FileError> {
    let mut hash = Sha256::new();
    let copied = File::open(path).and_then(|mut file| io::copy(&mut file, &mut hash));
    let bytes = copied.map_err(|cause| FileError::Unreadable { path: path.to_owned(), cause })?;
    remember(path);
    Ok((hexadecimal(&hash.finalize()), bytes))
}

/// `00ff…`.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a file next to its place and renames it there, compressed if its name ends in `.gz`. What is a pipe or a device
/// is written into.
///
/// On any error a file is left as it was.
///
/// # Errors
/// [`FileError::IsInput`] if the place holds an input, [`FileError::Unwritable`] if the folder cannot be written to, the
/// disk is full, or `fill` fails.
pub fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), FileError> {
    spare_inputs(path)?;
    if is_stream(path) {
        return write_into(path, fill);
    }
    let written = Unfinished::of(path).and_then(|unfinished| {
        // Where the file system has no locks, leftovers stay.
        let _ = unfinished.file.as_file().try_lock();
        fill_file(unfinished.file.as_file(), path.is_gz(), fill)?;
        unfinished.take_place()
    });
    written.map_err(|cause| FileError::Unwritable { path: path.to_owned(), cause })
}

/// The same for a writer that opens the file itself by its path.
///
/// # Errors
/// As [`write()`], or what `fill` says.
pub fn write_by_path<E: From<FileError>>(path: &Path, fill: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    spare_inputs(path)?;
    let unwritable = |cause| FileError::Unwritable { path: path.to_owned(), cause };
    if is_stream(path) {
        let cause = io::Error::other("a pipe or a device cannot hold such a file");
        return Err(unwritable(cause).into());
    }
    let unfinished = Unfinished::of(path).map_err(unwritable)?;
    fill(unfinished.file.path())?;
    unfinished.take_place().map_err(unwritable)?;
    Ok(())
}

/// How the name of a file in the making begins; it ends in `.tmp`.
const UNFINISHED: &str = ".aligned-";

/// A file in the making.
struct Unfinished {
    file: NamedTempFile,
    place: PathBuf,
}

impl Unfinished {
    fn of(path: &Path) -> io::Result<Self> {
        // A link stays one: what it leads to is replaced.
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let file = tempfile::Builder::new().prefix(UNFINISHED).suffix(".tmp").tempfile_in(folder_of(&place))?;
        Ok(Self { file, place })
    }

    fn take_place(self) -> io::Result<()> {
        make_readable(self.file.as_file())?;
        self.file.persist(&self.place).map_err(|error| error.error)?;
        Ok(())
    }
}

/// The folder in which a path lies.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// True for the name of a file in the making, also of one by an earlier version of this program.
pub fn is_unfinished(name: &str) -> bool {
    let random = |text: &str| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let own = name.strip_prefix(UNFINISHED).and_then(|rest| rest.strip_suffix(".tmp"));
    own.or_else(|| name.strip_prefix(".tmp")).is_some_and(random)
}

/// Takes away what writers that were killed left in a folder.
pub fn remove_unfinished(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| is_unfinished(&entry.file_name().to_string_lossy())) {
        let path = entry.path();
        if path.is_file() && File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// True for a pipe, a device, or a link of the system to one, such as `/dev/stdout`.
pub fn is_stream(path: &Path) -> bool {
    let is_of_system = path.is_symlink() && ["/dev", "/proc"].iter().any(|system| path.starts_with(system));
    is_of_system || fs::metadata(path).is_ok_and(|place| !place.is_file() && !place.is_dir())
}

fn write_into(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), FileError> {
    let opened = OpenOptions::new().append(true).open(path);
    let written = opened.and_then(|file| fill_stream(&file, path.is_gz(), fill));
    match written {
        // The reader has seen enough.
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|cause| FileError::Cut { path: path.to_owned(), cause }),
    }
}

fn fill_file(file: &File, gzip: bool, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    fill_stream(file, gzip, fill)?;
    file.sync_all()
}

fn fill_stream(file: &File, gzip: bool, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffered = BufWriter::with_capacity(1 << 16, file);
    if gzip {
        let mut encoder = GzEncoder::new(&mut buffered, Compression::default());
        fill(&mut encoder)?;
        encoder.finish()?;
    } else {
        fill(&mut buffered)?;
    }
    buffered.flush()
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

/// True if a file begins as HDF5 does, whatever its name.
#[must_use]
pub fn is_cell_file(path: &Path) -> bool {
    let mut first = [0; 8];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && is_hdf5(&first)
}

/// Reads UTF-8 text.
///
/// # Errors
/// [`FileError`] if it cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    let input = read(path)?;
    String::from_utf8(input.content).map_err(|_| FileError::NotText { path: path.to_owned() })
}
