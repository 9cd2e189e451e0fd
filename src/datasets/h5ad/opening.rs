//! Opening a file: read only, and nothing of it in another file.

use std::path::Path;

use rust_hdf5::H5File;

use super::column::Open;
use super::error::CellError;
use super::limits::{refuse_other_files, size_of_file};

/// Opens for reading. A lock is taken where the file system has locks, and not insisted on elsewhere.
pub(super) fn open<'a>(path: &Path, file: &'a str) -> Result<Open<'a>, CellError> {
    let unreadable = |cause: rust_hdf5::Hdf5Error| CellError::Unreadable {
        file: file.to_owned(),
        what: "the file".to_owned(),
        cause: cause.into(),
    };
    let hdf5 = H5File::options().best_effort_locking().open(path).map_err(unreadable)?;
    Ok(Open { hdf5, file, bytes: size_of_file(path) })
}

/// Opens a file for the first time: nothing of it may lie in another one.
pub(super) fn open_checked<'a>(path: &Path, file: &'a str) -> Result<Open<'a>, CellError> {
    let open = open(path, file)?;
    refuse_other_files(&open.hdf5, file)?;
    Ok(open)
}
