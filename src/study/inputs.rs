//! What a study read, for its record: role, name, hash and size of each file.

use std::path::Path;

use super::files::Input;
use crate::report::InputFile;

/// The record of a file that was read whole.
#[must_use]
pub fn input_file(role: &str, input: &Input) -> InputFile {
    named_input(role, &input.path, input.sha256.clone(), input.bytes)
}

/// The same of a file that was read in parts.
#[must_use]
pub fn named_input(role: &str, path: &Path, sha256: String, bytes: u64) -> InputFile {
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    InputFile { role: role.to_owned(), file, sha256, bytes }
}
