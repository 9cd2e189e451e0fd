//! Boolean dynamics: time of one synchronous step of 64 states, and of a whole perturbation.

#![expect(missing_docs, reason = "criterion_group! makes a public function without documentation")]

use std::hint::black_box;

use aligned::biology::{GeneId, Perturbation, Regulation, Sign};
use aligned::network::RegulatoryNetwork;
use aligned::symbolic::{DynamicsConfig, SynchronousNetwork, UpdateRules};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// A random network, 60 % of whose regulations activate.
fn network(n_genes: usize, n_regulations: usize) -> RegulatoryNetwork {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let regulations = (0..n_regulations).map(|_| {
        let [regulator, target] = [0, 1].map(|_| GeneId::new(random.random_range(0..n_genes)));
        Regulation::new(regulator, target, if random.random_bool(0.6) { Sign::Activation } else { Sign::Inhibition })
    });
    RegulatoryNetwork::new(n_genes, regulations.collect::<Vec<_>>())
}

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("boolean_dynamics/step_of_64_states");
    for (n_genes, n_regulations) in [(2_000, 10_000), (20_000, 50_000), (20_000, 500_000)] {
        let network = network(n_genes, n_regulations);
        let config = DynamicsConfig::default();
        let dynamics = SynchronousNetwork::new(&network, UpdateRules::none(), config).expect("a valid config");
        let mut now = dynamics.initial_states(0);
        let mut next = now.clone();
        group.throughput(Throughput::Elements(64 * n_genes as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{n_genes}x{n_regulations}")), |bencher| {
            bencher.iter(|| {
                dynamics.step(black_box(&now), &mut next);
                std::mem::swap(&mut now, &mut next);
            });
        });
    }
    group.finish();
}

fn perturbation(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("boolean_dynamics/perturbation");
    group.sample_size(10);
    for (n_genes, n_regulations) in [(2_000, 10_000), (20_000, 50_000)] {
        let network = network(n_genes, n_regulations);
        let config = DynamicsConfig::default();
        let dynamics = SynchronousNetwork::new(&network, UpdateRules::none(), config).expect("a valid config");
        let deletion = Perturbation::deletion(GeneId::new(0));
        group.bench_function(BenchmarkId::from_parameter(format!("{n_genes}x{n_regulations}")), |bencher| {
            bencher.iter(|| black_box(dynamics.perturbed(&deletion)));
        });
    }
    group.finish();
}

criterion_group!(benches, step, perturbation);
criterion_main!(benches);
