//! Lesson 2: read perturbation experiments and split them before anything else is computed.
//!
//! `cargo run --release --example 02_read_observations`

#![expect(clippy::print_stdout, reason = "a lesson shows what it finds")]

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;

use aligned::biology::{GeneTable, Response};
use aligned::datasets::{self, Dataset, ReadOptions, SplitPlan};
use aligned::knowledge::KnowledgeBase;
use flate2::read::MultiGzDecoder;

const SEED: u64 = 42;

fn main() -> Result<(), Box<dyn Error>> {
    let mut table = Vec::new();
    let file = "datasets/ecoli_knockouts.csv.gz";
    MultiGzDecoder::new(File::open(file)?).read_to_end(&mut table)?;

    // Genes get their indices from the knowledge base; those that only the data know come behind.
    let kb = "knowledge/ecoli_core.ttl";
    let base = KnowledgeBase::parse(&fs::read(kb)?, kb)?;
    let mut genes = base.genes().clone();
    let (dataset, report) = datasets::read(&table, file, &ReadOptions::default(), None, &mut genes)?;
    println!("{file}: {} experiments, {} measured responses", dataset.len(), dataset.observed.measured());
    println!("{} genes, {} of them only in the data\n", genes.len(), report.new_genes);

    println!("experiment                                  up   down  unchanged  not measured");
    for (row, name) in dataset.names.iter().enumerate().take(8) {
        let entries = dataset.observed.row(row);
        let count = |wanted| entries.iter().filter(|&&entry| entry == wanted).count();
        let [up, down] = [Response::Up, Response::Down].map(|response| count(Some(response)));
        println!("{name:40} {up:5} {down:6} {:10} {:13}", count(Some(Response::Unchanged)), count(None));
    }

    // Whole regulators are held out: all experiments that delete one of them are on the same side.
    let split = SplitPlan::default().split(&dataset, SEED)?;
    for (part, rows) in [("train", &split.train), ("validation", &split.validation), ("test", &split.test)] {
        let labels = perturbed(&dataset, rows, &genes);
        println!("\n{part}: {} experiments with {}", rows.len(), labels.join(" "));
    }
    Ok(())
}

/// What was done in these rows, each once.
fn perturbed(dataset: &Dataset, rows: &[usize], genes: &GeneTable) -> Vec<String> {
    let mut labels: Vec<_> = rows.iter().map(|&row| dataset.perturbations[row].label(genes)).collect();
    labels.sort();
    labels.dedup();
    labels
}
