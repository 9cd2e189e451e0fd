//! Signed closure of depth 5 for every regulator of a random scale-free network, by each reading.

#![expect(missing_docs, reason = "the macro of criterion makes a public function without documentation")]

use aligned::biology::{GeneId, Perturbation, Regulation, Sign};
use aligned::network::RegulatoryNetwork;
use aligned::symbolic::{Closure, Reading, Simulator};
use criterion::{Criterion, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Regulators are drawn by a power law, so that a few have very many targets, as in real networks.
fn network(n_genes: usize, regulations: usize) -> RegulatoryNetwork {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    let edges: Vec<_> = (0..regulations)
        .map(|_| {
            let regulator = (n_genes as f64 * generator.random::<f64>().powi(3)) as usize;
            let target = generator.random_range(0..n_genes);
            Regulation::new(GeneId::new(regulator), GeneId::new(target), Sign::BOTH[generator.random_range(0..2)])
        })
        .collect();
    RegulatoryNetwork::new(n_genes, edges)
}

fn closure(criterion: &mut Criterion) {
    let network = network(5_000, 20_000);
    let perturbations: Vec<_> = network.regulators().take(512).map(Perturbation::deletion).collect();
    let mut group = criterion.benchmark_group("closure, 5,000 genes, 20,000 regulations, 512 perturbations");
    group.sample_size(10);
    for (name, reading) in [("naive", Reading::Naive), ("nearest", Reading::Nearest), ("majority", Reading::MAJORITY)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| Closure::new(&network, 5, reading).simulate(&perturbations));
        });
    }
    group.finish();
}

criterion_group!(benches, closure);
criterion_main!(benches);
