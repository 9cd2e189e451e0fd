//! Lesson 4: a predictor says what the data say, a simulator what the knowledge says, the adaptor whom to believe.
//!
//! `cargo run --release --example 04_predict_and_align`

#![expect(clippy::print_stdout, reason = "a lesson shows what it finds")]

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;

use aligned::adaptor::{AdaptorConfig, KnowledgeReliability, align};
use aligned::biology::{GeneId, ResponseMatrix};
use aligned::datasets::{self, ReadOptions, SplitPlan};
use aligned::knowledge::KnowledgeBase;
use aligned::metrics::consistency;
use aligned::network::RegulatoryNetwork;
use aligned::prediction::baselines::NoChange;
use aligned::prediction::neural::{Mlp, NeuralConfig};
use aligned::prediction::{Predictor, TrainingData};
use aligned::progress::NoProgress;
use aligned::symbolic::{Closure, Reading, Simulator};
use flate2::read::MultiGzDecoder;

const SEED: u64 = 42;
const DEPTH: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let (kb, file) = ("knowledge/ecoli_core.ttl", "datasets/ecoli_knockouts.csv.gz");
    let base = KnowledgeBase::parse(&fs::read(kb)?, kb)?;
    let mut table = Vec::new();
    MultiGzDecoder::new(File::open(file)?).read_to_end(&mut table)?;
    let mut genes = base.genes().clone();
    let (dataset, _) = datasets::read(&table, file, &ReadOptions::default(), None, &mut genes)?;
    let split = SplitPlan::default().split(&dataset, SEED)?;
    let network = RegulatoryNetwork::new(genes.len(), base.regulations().iter().map(|cited| cited.regulation));

    // Learn from the training rows; the validation rows tell when to stop. Test rows are not touched.
    let rows: Vec<_> = split.train.iter().chain(&split.validation).copied().collect();
    let learnt = dataset.select(&rows);
    let data = TrainingData {
        perturbations: &learnt.perturbations,
        responses: &learnt.observed,
        row_weights: &vec![1.0; rows.len()],
        validation: &(split.train.len()..rows.len()).collect::<Vec<_>>(),
    };
    let test = dataset.select(&split.test);
    let mut mlp = Mlp::new(genes.len(), NeuralConfig { seed: SEED, ..NeuralConfig::default() });
    let fit = mlp.fit(&data, &NoProgress)?;
    println!("The MLP was fitted for {} epochs; epoch {} was kept.", fit.training_loss.len(), fit.best_epoch + 1);
    let prediction = mlp.predict(&test.perturbations)?;
    let neural = prediction.responses();

    // What the knowledge added to the base rates of each gene in the *training* rows says how far it is to be believed.
    let closure = Closure::new(&network, DEPTH, Reading::Nearest);
    let symbolic = closure.simulate(&test.perturbations);
    let gene_ids = (0..genes.len()).map(GeneId::new);
    let in_degree: Vec<_> = gene_ids.clone().map(|gene| network.regulators_of(gene).len() as u32).collect();
    let mut records = vec![0; genes.len()];
    for cited in base.regulations() {
        records[cited.regulation.target.index()] += cited.citation.evidence_count.max(1);
    }
    let said = closure.simulate(&learnt.perturbations);
    let reliability =
        KnowledgeReliability::learn(&learnt.perturbations, &learnt.observed, &said, &in_degree, &records)?;
    let weights = reliability.weights(prediction.entries(), &neural, &symbolic)?;
    let held: Vec<_> = gene_ids.map(|gene| gene.index() < base.genes().len()).collect();
    let alignment = align(&neural, &symbolic, &weights, &held, &AdaptorConfig::default())?;
    let believed = alignment.symbolic_entries.iter().filter(|&&believed| believed).count();
    println!("The adaptor believes the knowledge in {believed} of {} entries.\n", neural.entries().len());

    let mut no_change = NoChange::new(genes.len());
    no_change.fit(&data, &NoProgress)?;
    let nothing = no_change.predict(&test.perturbations)?.responses();
    println!("{} held-out experiments    macro-F1   F1 down  unchanged    up", test.len());
    let score = |name: &str, responses: &ResponseMatrix| -> Result<(), Box<dyn Error>> {
        let score = consistency(&test.perturbations, &test.observed, responses)?;
        let [down, unchanged, up] = score.per_class.map(|class| class.f1);
        println!("{name:26} {:8.3} {down:9.3} {unchanged:10.3} {up:5.3}", score.macro_f1);
        Ok(())
    };
    score("no change", &nothing)?;
    score("knowledge alone", &symbolic)?;
    score("MLP alone", &neural)?;
    score("aligned", &alignment.aligned)
}
