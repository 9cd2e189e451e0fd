//! Lesson 3: what does the knowledge say that a deletion does, and by which walks?
//!
//! `cargo run --release --example 03_simulate_and_explain`

#![expect(clippy::print_stdout, reason = "a lesson shows what it finds")]

use std::error::Error;
use std::fs;

use aligned::biology::{Direction, GeneTable, Perturbation, Response, Sign};
use aligned::knowledge::KnowledgeBase;
use aligned::network::RegulatoryNetwork;
use aligned::symbolic::{Closure, Reading, Simulator, Walk, explain};

const DEPTH: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let file = "knowledge/ecoli_core.ttl";
    let base = KnowledgeBase::parse(&fs::read(file)?, file)?;
    let genes = base.genes();
    let network = RegulatoryNetwork::new(genes.len(), base.regulations().iter().map(|cited| cited.regulation));

    let notations = ["fur-", "soxR-", "crp-", "fur-,soxR-"];
    let parsed = notations.iter().map(|text| Perturbation::parse(text, Direction::Deletion, genes));
    let perturbations = parsed.collect::<Result<Vec<_>, _>>()?;
    let responses = Closure::new(&network, DEPTH, Reading::Nearest).simulate(&perturbations);
    println!("perturbation    up  down  ambiguous   (of {} genes, walks of up to {DEPTH} steps)", genes.len());
    for (row, notation) in notations.iter().enumerate() {
        let count = |wanted| responses.row(row).iter().filter(|&&entry| entry == Some(wanted)).count();
        let counts = [Response::Up, Response::Down, Response::Ambiguous].map(count);
        println!("{notation:12} {:5} {:5} {:10}", counts[0], counts[1], counts[2]);
    }

    // Deleting fur frees the small RNA ryhB, which silences sodB. Deleting soxR takes soxS and its help from sodA, but
    // also fur, which holds sodA down: the nearer walk decides, and the conflict is told.
    for (row, symbol) in [(0, "sodB"), (1, "sodA")] {
        let explanation = explain(&network, DEPTH, &perturbations[row], genes.resolve(symbol)?);
        let doubt = if explanation.conflict().is_some() { " (walks conflict)" } else { "" };
        println!("\nWhy {symbol} goes {} under {}{doubt}:", explanation.nearest.word(), notations[row]);
        for (effect, walks) in explanation.walks() {
            for walk in &walks.listed {
                println!("  {:4} by {}", effect.word(), written(walk, genes));
            }
        }
    }
    Ok(())
}

/// A walk as biologists draw it, for example `fur -| ryhB -| sodB`.
fn written(walk: &Walk, genes: &GeneTable) -> String {
    let mut text = genes.symbol(walk.steps[0].regulator).to_owned();
    for step in &walk.steps {
        text += if step.sign == Sign::Activation { " -> " } else { " -| " };
        text += genes.symbol(step.target);
    }
    text
}
