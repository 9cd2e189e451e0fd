//! Lesson 1: load a knowledge base, find its largest regulons, and see what a regulation cites.
//!
//! `cargo run --release --example 01_load_knowledge`

#![expect(clippy::print_stdout, reason = "a lesson shows what it finds")]

use std::error::Error;
use std::fs;

use aligned::biology::Sign;
use aligned::knowledge::KnowledgeBase;
use aligned::network::RegulatoryNetwork;

fn main() -> Result<(), Box<dyn Error>> {
    let file = "knowledge/ecoli_core.ttl";
    let base = KnowledgeBase::parse(&fs::read(file)?, file)?;
    let (genes, regulations) = (base.genes(), base.regulations());
    let inhibitions = regulations.iter().filter(|cited| cited.regulation.sign == Sign::Inhibition).count();
    println!("{file}: {} genes, {} regulations, {inhibitions} of them inhibitions", genes.len(), regulations.len());

    // The engines see the bare network: indices of the gene table, and signs.
    let network = RegulatoryNetwork::new(genes.len(), regulations.iter().map(|cited| cited.regulation));
    let mut regulons: Vec<_> = network.regulators().map(|gene| (network.targets_of(gene).len(), gene)).collect();
    regulons.sort_by_key(|&(targets, gene)| (std::cmp::Reverse(targets), gene));
    println!("\nLargest regulons:");
    for (targets, regulator) in regulons.into_iter().take(5) {
        println!("  {:5} {targets:3} targets", genes.symbol(regulator));
    }

    // The knowledge base keeps what each regulation rests on. A gene is found by symbol, locus tag or alias.
    let gene = genes.resolve("b3961")?;
    println!("\n{} (b3961), with references:", genes.symbol(gene));
    for cited in regulations.iter().filter(|cited| cited.regulation.regulator == gene).take(8) {
        let arrow = if cited.regulation.sign == Sign::Activation { "->" } else { "-|" };
        let target = genes.symbol(cited.regulation.target);
        println!("  {} {arrow} {target:5} {}", genes.symbol(gene), cited.citation.references.join(", "));
    }
    Ok(())
}
