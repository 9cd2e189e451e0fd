//! Cells of a perturbation screen in an AnnData file (`.h5ad`), and the responses that they show against control cells.
//!
//! Start at [`CellFile`], then [`CellFile::survey`], which reads the matrix once and tells its scale, then
//! [`cell_responses`], or [`cell_moments`] for means and variances by batch. [`read_cell_predictions`] takes what another
//! system predicts. The matrix is read in pieces and never held whole. This is the only place that knows HDF5; since
//! HDF5 is read here and there in a file, it opens the file itself.

mod column;
mod error;
mod file;
mod gather;
mod groups;
mod limits;
mod matrix;
mod moments;
mod obs;
mod opening;
mod predictions;
mod responses;
mod scale;
mod strata;
mod write;

pub use error::CellError;
pub use file::{CellFile, CellOptions};
pub use groups::{Excluded, Groups, PerturbedCells};
pub use moments::{GeneMoments, MomentOptions, cell_moments};
pub use predictions::read_cell_predictions;
pub use responses::{CellDifferential, CellResponses, cell_responses, write_cell_responses};
pub use scale::{Scale, Survey};
pub use strata::CellTest;
pub use write::{PredictedRows, PredictionsFile};

/// True if these are the first bytes of an HDF5 file.
#[must_use]
pub fn is_hdf5(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89HDF\r\n\x1a\n")
}
