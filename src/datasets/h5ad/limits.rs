//! What a file claims against what it can hold: sizes are checked before memory is taken for them, and nothing is read
//! from other files.

use std::collections::HashMap;
use std::path::Path;
use std::thread;

use rust_hdf5::{DatatypeMessage, H5Dataset, H5File, H5Group, LinkClass, StorageLayout};

use super::super::memory::memory_limit;
use super::column::Open;
use super::error::CellError;

/// Bytes that one compressed byte unfolds to at most by deflate.
///
/// # Reference
/// zlib Technical Details, "Maximum Compression Factor" (1032 : 1).
const MOST_PER_BYTE: u64 = 1032;

/// So much is read without asking how large the file is.
const HARMLESS: u64 = 64 << 20;

/// A file with more parts than this was not written by anndata.
const MOST_PARTS: usize = 20_000;

/// A reference to a text outside of its column: length, place of the collection, number in it.
const REFERENCE: usize = 16;

/// Reads in a thread of its own: bytes that make the HDF5 crate panic are an unreadable file and no more.
pub(super) fn guarded<T: Send>(file: &str, read: impl FnOnce() -> Result<T, CellError> + Send) -> Result<T, CellError> {
    let unreadable =
        |cause: &str| CellError::Unreadable { file: file.to_owned(), what: "the file".to_owned(), cause: cause.into() };
    thread::scope(|scope| {
        let reader = thread::Builder::new().name(READER.to_owned()).spawn_scoped(scope, read);
        let reader = reader.map_err(|cause| unreadable(&cause.to_string()))?;
        reader.join().unwrap_or_else(|_| Err(unreadable("the bytes make no sense")))
    })
}

/// Name of the threads that read HDF5; what panics there is told as an error.
pub(super) const READER: &str = "hdf5";

/// Size of a file on disk.
pub(super) fn size_of_file(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

/// Refuses a file any part of which lies in another file.
pub(super) fn refuse_other_files(hdf5: &H5File, file: &str) -> Result<(), CellError> {
    let outside = |what: String| CellError::OtherFile { file: file.to_owned(), what };
    let mut parts = hdf5.dataset_names();
    let mut groups = vec![String::new()];
    while let Some(group) = groups.pop() {
        let place = |name: &String| if group.is_empty() { name.clone() } else { format!("{group}/{name}") };
        let Some(open) = group_at(hdf5, &group) else { continue };
        for name in open.link_names().unwrap_or_default() {
            if let Ok(LinkClass::External { file: other, .. }) = open.link_class(&name) {
                return Err(outside(format!("`{}` is a link to the file `{other}`", place(&name))));
            }
        }
        groups.extend(open.group_names().unwrap_or_default().iter().map(place));
        parts.push(group);
        if parts.len() > MOST_PARTS || groups.len() > MOST_PARTS {
            let what = format!("it has more than {MOST_PARTS} tables and columns");
            return Err(CellError::NotAnnData { file: file.to_owned(), what, remedy: "keep what is needed of `uns`" });
        }
    }
    for part in hdf5.dataset_names() {
        let Ok(values) = hdf5.dataset(&part) else { continue };
        if values.external_files().is_ok_and(|others| !others.is_empty()) {
            return Err(outside(format!("the values of `{part}` lie in another file")));
        }
        if values.storage_layout().is_ok_and(|layout| layout == StorageLayout::Virtual) {
            return Err(outside(format!("`{part}` is put together from other files (a virtual dataset)")));
        }
    }
    Ok(())
}

fn group_at(hdf5: &H5File, path: &str) -> Option<H5Group> {
    if path.is_empty() { Some(hdf5.root_group()) } else { hdf5.root_group().group(path).ok() }
}

/// Number of values; a product that no machine can hold is as large as can be told.
pub(super) fn count(values: &H5Dataset) -> u64 {
    values.shape().iter().fold(1, |product: u64, &length| product.saturating_mul(length as u64))
}

impl Open<'_> {
    /// Makes sure that an array may be read whole, each of its values taking this many bytes in memory.
    pub(super) fn ensure_fits(&self, what: &str, values: &H5Dataset, bytes_each: usize) -> Result<(), CellError> {
        let stored = count(values).saturating_mul(values.element_size() as u64);
        self.ensure_held(what, stored)?;
        self.ensure_chunks_fit(what, values)?;
        let needed = stored.saturating_add(count(values).saturating_mul(bytes_each as u64));
        ensure_memory(self.file, what, u128::from(needed))
    }

    /// Makes sure that the pieces in which an array is stored may be read one at a time.
    pub(super) fn ensure_chunks_fit(&self, what: &str, values: &H5Dataset) -> Result<(), CellError> {
        let chunk = values.chunk_dims().unwrap_or_default();
        if chunk.is_empty() {
            return Ok(());
        }
        let entries = chunk.iter().fold(1, |product: u64, &length| product.saturating_mul(length as u64));
        self.ensure_held(what, entries.saturating_mul(values.element_size() as u64))
    }

    /// Makes sure that the texts of a column take no more memory than they take room in the file: one that many rows share
    /// is read once for each.
    pub(super) fn ensure_texts_fit(&self, what: &str, values: &H5Dataset) -> Result<(), CellError> {
        self.ensure_fits(what, values, size_of::<String>())?;
        let is_outside = matches!(values.datatype(), Ok(DatatypeMessage::VarLenString { .. }));
        if !is_outside || values.element_size() != REFERENCE {
            return Ok(());
        }
        let references = values.read_raw_bytes().map_err(|cause| self.unreadable(what, cause))?;
        let mut shared: HashMap<&[u8], u64> = HashMap::new();
        for reference in references.chunks_exact(REFERENCE).map(|reference| &reference[4..]) {
            if reference[..8].iter().any(|&byte| byte != 0) {
                *shared.entry(reference).or_default() += 1;
            }
        }
        let most = shared.into_values().max().unwrap_or(0);
        if most > 1 { self.ensure_held(what, most.saturating_mul(self.bytes)) } else { Ok(()) }
    }

    fn ensure_held(&self, what: &str, claimed: u64) -> Result<(), CellError> {
        let most = self.bytes.saturating_mul(MOST_PER_BYTE).max(HARMLESS);
        if claimed <= most {
            return ensure_memory(self.file, what, u128::from(claimed));
        }
        let (file, what, held) = (self.file.to_owned(), what.to_owned(), self.bytes);
        Err(CellError::Claim { file, what, claimed, held })
    }
}

/// Refuses what does not fit into memory.
pub(super) fn ensure_memory(file: &str, what: &str, needed: u128) -> Result<(), CellError> {
    let free = memory_limit();
    let needed = u64::try_from(needed).unwrap_or(u64::MAX);
    if needed <= free {
        return Ok(());
    }
    Err(CellError::TooLarge { file: file.to_owned(), what: what.to_owned(), needed, free })
}
