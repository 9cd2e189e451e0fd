//! The adaptor's exact choice between neural and symbolic responses: 500 perturbations × 14,000 genes, and 2,331 × 14,000.

#![expect(missing_docs, reason = "the macro of criterion makes a public function without documentation")]

use std::hint::black_box;

use aligned::adaptor::{AdaptorConfig, align};
use aligned::biology::{Response, ResponseMatrix};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const GENES: usize = 14_000;

/// One in ten entries is up, one in ten down, and of the symbolic ones one in twenty ambiguous.
fn responses(rows: usize, ambiguous: bool, rng: &mut ChaCha8Rng) -> ResponseMatrix {
    let mut response = || match rng.random_range(0..20) {
        0 | 1 => Response::Up,
        2 | 3 => Response::Down,
        4 if ambiguous => Response::Ambiguous,
        _ => Response::Unchanged,
    };
    ResponseMatrix::from_entries(rows, GENES, (0..rows * GENES).map(|_| Some(response())).collect())
}

fn alignment(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("alignment");
    group.sample_size(10);
    for rows in [500, 2_331] {
        let mut rng = ChaCha8Rng::seed_from_u64(42);
        let neural = responses(rows, false, &mut rng);
        let symbolic = responses(rows, true, &mut rng);
        let w: Vec<f64> = (0..GENES).map(|_| rng.random()).collect();
        let held: Vec<_> = (0..GENES).map(|_| rng.random_bool(0.7)).collect();
        let config = AdaptorConfig::default();
        group.throughput(Throughput::Elements((rows * GENES) as u64));
        group.bench_function(BenchmarkId::from_parameter(rows), |bencher| {
            bencher.iter(|| align(black_box(&neural), black_box(&symbolic), &w, &held, &config).expect("shapes fit"));
        });
    }
    group.finish();
}

criterion_group!(benches, alignment);
criterion_main!(benches);
