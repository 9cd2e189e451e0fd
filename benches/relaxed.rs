//! One epoch of the relaxed objective, value and gradient, for every gene of a heavy-tailed random network.
//!
//! Writes that network to a file and says where, so that `benches/reference/relaxed_epoch.py` can time the dense way of
//! the literature on the same one.

#![expect(missing_docs, reason = "the macro of criterion makes a public function without documentation")]
#![expect(
    clippy::print_stdout,
    reason = "the other bench is told where the network lies, the reader how much work it is"
)]

use std::fmt::Write;

use aligned::biology::{GeneId, Perturbation, Regulation, Sign};
use aligned::network::RegulatoryNetwork;
use aligned::progress::NoProgress;
use aligned::refinement::RefinementData;
use aligned::refinement::relaxed::{Objective, RelaxedConfig, RelaxedNetwork, ScreenConfig, Walks};
use aligned::symbolic::{Closure, Reading, Simulator};
use criterion::{Criterion, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const GENES: usize = 5_045;
const REGULATIONS: usize = 7_619;

/// Regulators are drawn by a power law, and so is every second target: a few genes have very many targets, and they
/// regulate one another, a feedback core as in real networks.
fn network() -> RegulatoryNetwork {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    let hub = |generator: &mut ChaCha8Rng| (GENES as f64 * generator.random::<f64>().powi(3)) as usize;
    let mut edges = std::collections::BTreeSet::new();
    while edges.len() < REGULATIONS {
        let regulator = hub(&mut generator);
        let any = generator.random_range(0..GENES);
        let target = if generator.random_bool(0.5) { hub(&mut generator) } else { any };
        edges.insert((regulator, target, Sign::BOTH[usize::from(generator.random_bool(0.35))]));
    }
    let regulation = |(regulator, target, sign)| Regulation::new(GeneId::new(regulator), GeneId::new(target), sign);
    RegulatoryNetwork::new(GENES, edges.into_iter().map(regulation))
}

/// `regulator <tab> target <tab> sign`, genes counted from 0, the number of genes in the first line.
fn write(network: &RegulatoryNetwork) {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("relaxed_epoch.tsv");
    let mut text = format!("{}\n", network.n_genes());
    for edge in network.regulations() {
        let (regulator, target) = (edge.regulator.index(), edge.target.index());
        writeln!(text, "{regulator}\t{target}\t{}", edge.sign.value()).expect("a string takes it");
    }
    std::fs::write(&path, text).expect("the folder for benches can be written to");
    println!("network: {}", path.display());
}

fn epoch(criterion: &mut Criterion) {
    let network = network();
    write(&network);
    let perturbations: Vec<_> = (0..GENES).map(|gene| Perturbation::overexpression(GeneId::new(gene))).collect();
    let observed = Closure::new(&network, 5, Reading::Naive).simulate(&perturbations);
    let data = RefinementData::measured(&perturbations, &observed);
    let relaxed = RelaxedNetwork::of(&network);
    let mut group = criterion.benchmark_group("relaxed, 5,045 genes, 7,619 regulations, every gene perturbed");
    group.sample_size(10);
    for (name, walks) in [("walks of 5 steps", Walks::Exact), ("walks of 1 to 5 steps", Walks::UpTo)] {
        let config = RelaxedConfig { walks, clamped: false, ..RelaxedConfig::default() };
        let objective = Objective::new(&network, &data, config).expect("it fits");
        let prepared = objective.over(&relaxed).expect("it fits");
        let (value, gradient) = prepared.operations();
        println!("{name}: {value} multiply-adds forward, {gradient} with the gradient");
        group.bench_function(format!("epoch, {name}"), |bencher| {
            bencher.iter(|| prepared.value_and_gradient(relaxed.strengths()));
        });
    }
    let objective = Objective::new(&network, &data, RelaxedConfig::default()).expect("it fits");
    group.bench_function("preparation", |bencher| bencher.iter(|| objective.over(&relaxed).expect("it fits")));
    group.bench_function("screening", |bencher| {
        bencher.iter(|| objective.screen(&relaxed, &ScreenConfig::default(), &NoProgress).expect("it fits"));
    });
    group.finish();
}

criterion_group!(benches, epoch);
criterion_main!(benches);
