//! Lesson 5: plant faults in a knowledge base and see which of them the responses bring to light.
//!
//! The responses are *simulated* from the true network, one deletion for each regulator, so we know what there is to find.
//!
//! `cargo run --release --example 05_refine`

#![expect(clippy::print_stdout, reason = "a lesson shows what it finds")]

use std::error::Error;
use std::fs;

use aligned::biology::{GeneTable, Perturbation, Regulation, RevisionStatus, Sign};
use aligned::knowledge::KnowledgeBase;
use aligned::network::RegulatoryNetwork;
use aligned::progress::NoProgress;
use aligned::refinement::{RefinementConfig, RefinementData, refine};
use aligned::symbolic::{Closure, Reading, Simulator};

const DEPTH: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let file = "knowledge/ecoli_core.ttl";
    let base = KnowledgeBase::parse(&fs::read(file)?, file)?;
    let genes = base.genes();
    let truth: Vec<_> = base.regulations().iter().map(|cited| cited.regulation).collect();
    let truth = RegulatoryNetwork::new(genes.len(), truth);

    let named = |symbol| genes.resolve(symbol);
    let turned = Regulation::new(named("soxR")?, named("soxS")?, Sign::Activation);
    let left_out = Regulation::new(named("crp")?, named("malT")?, Sign::Activation);
    let made_up = Regulation::new(named("oxyR")?, named("fadR")?, Sign::Inhibition);
    // This one says nothing new: oxyR -> fur -| purR predicts the same responses, so no deletion can show it false.
    let hidden = Regulation::new(named("oxyR")?, named("purR")?, Sign::Inhibition);
    let kept = truth.regulations().iter().copied().filter(|edge| ![turned, left_out].contains(edge));
    let faulty = RegulatoryNetwork::new(genes.len(), kept.chain([turned.flipped(), made_up, hidden]));
    for (what, edge) in [("turned round", turned), ("left out", left_out), ("made up", made_up), ("made up", hidden)] {
        println!("planted: {:15} {what}", text(edge, genes));
    }

    let screen: Vec<_> = truth.regulators().map(Perturbation::deletion).collect();
    let responses = Closure::new(&truth, DEPTH, Reading::Nearest).simulate(&screen);
    let data = RefinementData::measured(&screen, &responses);
    let found = refine(&faulty, &data, DEPTH, Reading::Nearest, &RefinementConfig::default(), &NoProgress)?;

    let (before, after) = found.disagreements;
    println!("\n{} simulated deletions; entries that disagree with the knowledge: {before} -> {after}", screen.len());
    println!("\nrevision               corrected  introduced  stability");
    for revision in found.revisions.iter().filter(|revision| revision.status == RevisionStatus::Applied) {
        let evidence = &revision.evidence;
        let what = format!("{:7} {}", revision.kind.word(), text(revision.regulation, genes));
        let stability = evidence.stability.map_or_else(|| "-".to_owned(), |share| format!("{share:.2}"));
        println!("{what:22} {:6} {:7} {stability:>10}", evidence.corrected.len(), evidence.introduced.len());
    }
    println!(
        "\nStill in the refined network: {} {}",
        text(hidden, genes),
        if found.network.contains(hidden) { "(yes)" } else { "(no)" }
    );
    Ok(())
}

/// A regulation as biologists draw it, for example `fur -| entC`.
fn text(edge: Regulation, genes: &GeneTable) -> String {
    let arrow = if edge.sign == Sign::Activation { "->" } else { "-|" };
    format!("{} {arrow} {}", genes.symbol(edge.regulator), genes.symbol(edge.target))
}
