//! Tables of responses, predictions, contrasts and expression, and files of splits.
#![no_main]

use aligned::biology::{Direction, GeneTable};
use aligned::datasets::{self, Expression, ReadOptions, read_contrasts, read_predictions, read_split};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let options = ReadOptions::default();
    let mut genes = GeneTable::new();
    ["fur", "crp", "entC", "lacZ"].iter().for_each(|gene| {
        genes.intern(gene);
    });
    drop(read_predictions(bytes, "table", &options, &genes));
    drop(read_contrasts(bytes, "table", Direction::Deletion));
    drop(Expression::read(bytes, "table"));
    drop(datasets::read(bytes, "table", &options, None, &mut genes.clone()));
    let good = b"perturbation,gene,response\nfur-,entC,1\ncrp-,lacZ,-1\n";
    if let Ok((data, _)) = datasets::read(good, "good", &options, None, &mut genes) {
        drop(read_split(bytes, "split", &data, &genes));
    }
});
