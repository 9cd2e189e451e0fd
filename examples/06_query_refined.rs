//! Lesson 6: write a refined knowledge base with the evidence for each revision, read it back and ask it questions.
//!
//! The responses are *simulated*, from a world in which two things are otherwise than the knowledge base says. Nothing
//! is written to disk: the refined Turtle stays in memory.
//!
//! `cargo run --release --example 06_query_refined`

#![expect(clippy::print_stdout, reason = "a lesson shows what it finds")]

use std::error::Error;
use std::{fs, io};

use aligned::biology::{Perturbation, Regulation, Sign};
use aligned::knowledge::{AnswerFormat, KnowledgeBase, RdfSyntax, RunProvenance, query};
use aligned::network::RegulatoryNetwork;
use aligned::progress::NoProgress;
use aligned::refinement::{RefinementConfig, RefinementData, refine};
use aligned::symbolic::{Closure, Reading, Simulator};

const DEPTH: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let file = "knowledge/ecoli_core.ttl";
    let original = fs::read(file)?;
    let base = KnowledgeBase::parse(&original, file)?;
    let genes = base.genes();
    let known = RegulatoryNetwork::new(genes.len(), base.regulations().iter().map(|cited| cited.regulation));

    // A world in which crp does not reach malT, and oxyR holds fadR down.
    let named = |symbol| genes.resolve(symbol);
    let absent = Regulation::new(named("crp")?, named("malT")?, Sign::Activation);
    let unknown = Regulation::new(named("oxyR")?, named("fadR")?, Sign::Inhibition);
    let edges = known.regulations().iter().copied().filter(|&edge| edge != absent);
    let world = RegulatoryNetwork::new(genes.len(), edges.chain([unknown]));
    let screen: Vec<_> = known.regulators().map(Perturbation::deletion).collect();
    let responses = Closure::new(&world, DEPTH, Reading::Nearest).simulate(&screen);

    let data = RefinementData::measured(&screen, &responses);
    let found = refine(&known, &data, DEPTH, Reading::Nearest, &RefinementConfig::default(), &NoProgress)?;

    let row_labels: Vec<_> = screen.iter().map(|perturbation| perturbation.label(genes)).collect();
    let run = RunProvenance { tool_version: env!("CARGO_PKG_VERSION").to_owned(), ..RunProvenance::default() };
    let mut refined = Vec::new();
    base.write_refined(genes, &found.revisions, &row_labels, &run, RdfSyntax::Turtle, &mut refined)?;
    println!("The original statements stand first, untouched: {}", refined.starts_with(&original));

    let refined = KnowledgeBase::parse(&refined, "refined.ttl")?;
    println!("Regulations in force: {} -> {}", base.regulations().len(), refined.regulations().len());
    for name in ["added", "removed"] {
        println!("\naligned query {name}:");
        refined.query(query::named(name)?)?.write(AnswerFormat::Table, &mut io::stdout())?;
    }

    // Own questions are SPARQL; the project's prefixes need no declaration.
    println!("\nWhich simulated deletions speak for the added regulation, and by how many genes?");
    let sparql = "SELECT ?perturbation (COUNT(?entry) AS ?genes) WHERE {
        ?revision aligned:revisionKind aligned:added ; aligned:correctedEntry ?entry .
        BIND (STRBEFORE(?entry, \" \") AS ?perturbation) } GROUP BY ?perturbation ORDER BY DESC(?genes) ?perturbation LIMIT 6";
    refined.query(sparql)?.write(AnswerFormat::Table, &mut io::stdout())?;
    Ok(())
}
