//! How much memory one input may take: what a file claims is held against this before anything is reserved for it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::DatasetError;

/// Where nobody tells: 8 GB.
const DEFAULT: u64 = 8_000_000_000;

static LIMIT: AtomicU64 = AtomicU64::new(DEFAULT);

/// Tells how many bytes of memory are free; until then 8 GB are taken to be.
///
/// A table that would need more is refused with the estimate, whatever reader it goes through.
pub fn set_memory_limit(bytes: u64) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// How many bytes of memory one input may take.
#[must_use]
pub fn memory_limit() -> u64 {
    LIMIT.load(Ordering::Relaxed)
}

/// Refuses a matrix of perturbations and genes that does not fit into memory, before any of it is taken.
pub(super) fn check_matrix(
    file: &str,
    (perturbations, genes): (usize, usize),
    bytes_each: usize,
) -> Result<(), DatasetError> {
    let needed = perturbations as u128 * genes as u128 * bytes_each as u128;
    let free = memory_limit();
    let needed = u64::try_from(needed).unwrap_or(u64::MAX);
    if needed <= free {
        return Ok(());
    }
    Err(DatasetError::TooLarge { file: file.to_owned(), perturbations, genes, needed, free })
}
