//! Files named by the user, with errors as they are shown here.

use std::io::{self, Write};
use std::path::Path;

use aligned::study::files;
use miette::{Result, bail};

pub use aligned::study::files::{Input, is_cell_file, is_stream};

use super::hints::told;

/// Reads an input whole; see [`files::read`].
pub fn read(path: &Path) -> Result<Input> {
    files::read(path).map_err(told)
}

/// Reads UTF-8 text; see [`files::read_text`].
pub fn read_text(path: &Path) -> Result<String> {
    files::read_text(path).map_err(told)
}

/// Writes a file next to its place and renames it there; see [`files::write`].
pub fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    files::write(path, fill).map_err(told)
}

/// Refuses a place that is taken, unless it may be replaced.
pub fn refuse_taken(path: &Path, force: bool) -> Result<()> {
    if path.exists() && !force && !is_stream(path) {
        bail!("{} exists; name another file, or add --force to replace it", path.display());
    }
    Ok(())
}

/// Makes sure that a place does not hold an input; see [`files::spare_inputs`].
pub fn spare_inputs(path: &Path) -> Result<()> {
    files::spare_inputs(path).map_err(told)
}
