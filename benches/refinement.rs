//! A whole refinement of a damaged random network against a screen of the undamaged one.

#![expect(missing_docs, reason = "the macro of criterion makes a public function without documentation")]

use aligned::biology::{GeneId, Regulation, Sign};
use aligned::network::RegulatoryNetwork;
use aligned::progress::NoProgress;
use aligned::recovery::{Screen, ScreenConfig};
use aligned::refinement::{RefinementConfig, RefinementData, refine};
use aligned::symbolic::Reading;
use criterion::{Criterion, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn network(n_genes: usize, regulations: usize) -> RegulatoryNetwork {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    let edges: Vec<_> = (0..regulations)
        .map(|_| {
            let mut gene = || GeneId::new(generator.random_range(0..n_genes));
            let (regulator, target) = (gene(), gene());
            Regulation::new(regulator, target, Sign::BOTH[generator.random_range(0..2)])
        })
        .collect();
    RegulatoryNetwork::new(n_genes, edges)
}

fn refinement(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("refine, 100 perturbations, 2 % faults");
    group.sample_size(10);
    for n_genes in [500, 1_000, 2_000] {
        let truth = network(n_genes, 2 * n_genes);
        let size = ScreenConfig { perturbations: 100, genes: n_genes, ..ScreenConfig::default() };
        let screen = Screen::simulate(&truth, 5, Reading::Nearest, &size, 1);
        let data = RefinementData::measured(&screen.dataset.perturbations, &screen.dataset.observed);
        let config = RefinementConfig { simulations: 0, ..RefinementConfig::default() };
        group.bench_function(format!("{n_genes} genes"), |bencher| {
            bencher
                .iter(|| refine(&screen.damaged, &data, 5, Reading::Nearest, &config, &NoProgress).expect("it fits"));
        });
    }
    group.finish();
}

criterion_group!(benches, refinement);
criterion_main!(benches);
