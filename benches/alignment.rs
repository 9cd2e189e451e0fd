//! The adaptor's exact choice between neural and symbolic responses: 500 perturbations × 14,000 genes, and 2,331 × 14,000;
//! and next to the choice that a policy learns by REINFORCE, with the objective that either reaches: 1,000 × 5,000.

#![expect(clippy::print_stdout, reason = "the objective reached is not a time, so criterion cannot tell it")]
#![expect(missing_docs, reason = "the macro of criterion makes a public function without documentation")]

use std::hint::black_box;
use std::time::Instant;

use aligned::adaptor::{AdaptorConfig, PolicyConfig, align, align_by_policy};
use aligned::biology::{Response, ResponseMatrix};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const GENES: usize = 14_000;

/// One in ten entries is up, one in ten down, and of the symbolic ones one in twenty ambiguous.
fn responses(rows: usize, genes: usize, ambiguous: bool, rng: &mut ChaCha8Rng) -> ResponseMatrix {
    let mut response = || match rng.random_range(0..20) {
        0 | 1 => Response::Up,
        2 | 3 => Response::Down,
        4 if ambiguous => Response::Ambiguous,
        _ => Response::Unchanged,
    };
    ResponseMatrix::from_entries(rows, genes, (0..rows * genes).map(|_| Some(response())).collect())
}

fn alignment(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("alignment");
    group.sample_size(10);
    for rows in [500, 2_331] {
        let mut rng = ChaCha8Rng::seed_from_u64(42);
        let neural = responses(rows, GENES, false, &mut rng);
        let symbolic = responses(rows, GENES, true, &mut rng);
        let w: Vec<f64> = (0..rows * GENES).map(|_| rng.random()).collect();
        let held: Vec<_> = (0..GENES).map(|_| rng.random_bool(0.7)).collect();
        let config = AdaptorConfig::default();
        group.throughput(Throughput::Elements((rows * GENES) as u64));
        group.bench_function(BenchmarkId::from_parameter(rows), |bencher| {
            bencher.iter(|| align(black_box(&neural), black_box(&symbolic), &w, &held, &config).expect("shapes fit"));
        });
    }
    group.finish();
}

/// Objective and time of both, once each: the objective is what is compared, so nothing is averaged.
fn policy(_: &mut Criterion) {
    let (rows, genes) = (1_000, 5_000);
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    let (neural, symbolic) = (responses(rows, genes, false, &mut rng), responses(rows, genes, true, &mut rng));
    let w: Vec<f64> = (0..rows * genes).map(|_| rng.random()).collect();
    let (held, config) = (vec![true; genes], AdaptorConfig::default());
    let started = Instant::now();
    let exact = align(&neural, &symbolic, &w, &held, &config).expect("shapes fit").objective;
    println!("exact, {rows} × {genes}: objective {exact:.1}, {:.2} s", started.elapsed().as_secs_f64());
    for epochs in [30, 300] {
        let policy = PolicyConfig { epochs, ..PolicyConfig::default() };
        let started = Instant::now();
        let learnt = align_by_policy(&neural, &symbolic, &w, &held, &config, &policy).expect("shapes fit").0.objective;
        let (above, seconds) = (100.0 * (learnt / exact - 1.0), started.elapsed().as_secs_f64());
        println!("REINFORCE, {epochs} epochs: objective {learnt:.1}, {above:.2} % above, {seconds:.2} s");
    }
}

criterion_group!(benches, alignment, policy);
criterion_main!(benches);
