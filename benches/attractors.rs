//! How long the first minimal trap space takes, with its certificate: scale-free networks by size, random networks by degree.
//!
//! ```sh
//! cargo bench --bench attractors -- scale-free
//! cargo bench --bench attractors -- random
//! ```
//! Each prints a table; the time is that of the search, by the clock and on the processor, and the memory the most that the
//! process ever held, with network and all.

#![expect(clippy::print_stdout, reason = "the reader is shown a table")]

mod common;

use std::time::Instant;

use aligned::biology::{GeneId, Regulation, Sign};
use aligned::network::RegulatoryNetwork;
use aligned::network::generate::{NetworkConfig, generate};
use aligned::progress::NoProgress;
use aligned::symbolic::{AttractorConfig, BooleanModel, BooleanNetwork, DefaultRule, UpdateRules, attractors};
use common::processor_seconds;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Seconds after which a search ends without a certificate.
const SECONDS: f64 = 30.0;
const SEEDS: [u64; 3] = [1, 2, 3];

/// Shaped like a transcriptional network: half as many more regulations as genes, 17 % of the genes regulate.
fn scale_free(n_genes: usize, seed: u64) -> BooleanNetwork {
    let shape = NetworkConfig { genes: n_genes, regulations: n_genes * 3 / 2, seed, ..NetworkConfig::default() };
    let network = generate(&shape).expect("there are far more pairs than regulations");
    BooleanNetwork::new(&network, &UpdateRules::none(), DefaultRule::InhibitorWins, None).expect("default rules")
}

fn regulation(regulator: usize, target: usize, random: &mut ChaCha8Rng) -> Regulation {
    let sign = if random.random_bool(0.6) { Sign::Activation } else { Sign::Inhibition };
    Regulation::new(GeneId::new(regulator), GeneId::new(target), sign)
}

/// Every gene has `degree` regulators and a rule drawn among all their functions.
fn kauffman(n_genes: usize, degree: usize, seed: u64) -> BooleanNetwork {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut text = String::new();
    for gene in 0..n_genes {
        let inputs: Vec<usize> = (0..degree).map(|_| random.random_range(0..n_genes)).collect();
        let on = (0..1_usize << degree).filter(|_| random.random_bool(0.5));
        let terms: Vec<String> = on
            .map(|row| {
                let mark = |place: usize| if row >> place & 1 == 1 { "" } else { "!" };
                let literals = inputs.iter().enumerate().map(|(place, input)| format!("{}g{input}", mark(place)));
                format!("({})", literals.collect::<Vec<_>>().join(" & "))
            })
            .collect();
        let rule = if terms.is_empty() { "0".to_owned() } else { terms.join(" | ") };
        text.push_str(&format!("g{gene}, {rule}\n"));
    }
    let model = BooleanModel::parse(text.as_bytes(), "random.bnet").expect("rules");
    let genes = model.genes();
    let none = RegulatoryNetwork::new(genes.len(), []);
    let rules = model.rules(&genes).expect("all genes are there");
    BooleanNetwork::new(&none, &rules, DefaultRule::InhibitorWins, None).expect("few inputs")
}

/// Regulations between random genes, `mean` for each, under the default rule.
fn poisson(n_genes: usize, mean: usize, seed: u64) -> BooleanNetwork {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let pairs = (0..n_genes * mean).map(|_| {
        let [regulator, target] = [0, 1].map(|_| random.random_range(0..n_genes));
        regulation(regulator, target, &mut random)
    });
    let network = RegulatoryNetwork::new(n_genes, pairs.collect::<Vec<_>>());
    BooleanNetwork::new(&network, &UpdateRules::none(), DefaultRule::InhibitorWins, None).expect("default rules")
}

/// The most memory that the process ever held, in MB.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1e3)
}

fn measured(kind: &str, n_genes: usize, seed: u64, make: impl Fn(u64) -> BooleanNetwork) {
    let network = make(seed);
    let config =
        AttractorConfig { max: 1, states: Some(0), seconds: Some(SECONDS), seed, ..AttractorConfig::default() };
    let (began, before) = (Instant::now(), processor_seconds());
    let found = attractors(&network, &config, &NoProgress).expect("the settings are sound");
    let clock = began.elapsed().as_secs_f64();
    let processor = processor_seconds().zip(before).map(|(after, before)| format!("{:.3}", after - before));
    let memory = peak_memory().map(|megabytes| format!("{megabytes:.0}"));
    let first = &found.listed[0];
    println!(
        "| {kind} | {n_genes} | {seed} | {} | {} | {clock:.3} | {} | {} |",
        first.space.n_free(),
        if first.is_certified { "yes" } else { "not certified" },
        processor.unwrap_or_default(),
        memory.unwrap_or_default()
    );
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // `cargo test --benches` only asks whether it runs.
    let is_test = arguments.iter().any(|argument| argument == "--test");
    let wants =
        |name: &str| arguments.iter().all(|argument| argument.starts_with('-')) || arguments.contains(&name.to_owned());
    let seeds = if is_test { &SEEDS[..1] } else { &SEEDS[..] };
    let smaller = if is_test { 1_000 } else { 1 };
    println!("| network | genes | seed | free | minimal | seconds | on the processor | MB |");
    println!("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |");
    if wants("scale-free") {
        for n_genes in [20_000, 100_000, 1_000_000].map(|size| size / smaller) {
            seeds.iter().for_each(|&seed| measured("scale-free", n_genes, seed, |seed| scale_free(n_genes, seed)));
        }
    }
    if wants("random") {
        for n_genes in [1_000, 2_000, 5_000].map(|size| size / smaller.min(50)) {
            for degree in [2, 3] {
                let kind = format!("random, K = {degree}");
                seeds.iter().for_each(|&seed| measured(&kind, n_genes, seed, |seed| kauffman(n_genes, degree, seed)));
            }
            seeds.iter().for_each(|&seed| measured("Poisson, 5", n_genes, seed, |seed| poisson(n_genes, 5, seed)));
        }
    }
}
