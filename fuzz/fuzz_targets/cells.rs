//! AnnData files. Good ones to begin with lie, packed, in `tests/cases/h5ad`.
#![no_main]

use aligned::biology::{Direction, GeneTable};
use aligned::datasets::h5ad::{CellFile, CellOptions, read_cell_predictions};
use aligned::progress::NoProgress;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = tempfile::NamedTempFile::new() else { return };
    if std::fs::write(file.path(), bytes).is_err() {
        return;
    }
    let options = CellOptions::default();
    if let Ok(cells) = CellFile::open(file.path(), &options) {
        drop(cells.survey(&NoProgress));
    }
    let mut genes = GeneTable::new();
    genes.intern("A");
    drop(read_cell_predictions(file.path(), &options, Direction::Deletion, &genes, &NoProgress));
});
