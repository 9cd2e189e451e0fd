//! One training step (forward, backward, Adam) of each neural predictor: 5,045 genes, 64 perturbations, every entry
//! measured; and of the MLP where 86 of 14,000 entries of a row are.
//!
//! A step is timed from one call of `Progress::advance` to the next, so that drawing the weights does not count.

#![expect(missing_docs, reason = "the macro of criterion makes a public function without documentation")]

use std::hint::black_box;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use aligned::biology::{GeneId, Perturbation, Regulation, Response, ResponseMatrix, Sign};
use aligned::network::RegulatoryNetwork;
use aligned::prediction::neural::{Gnn, Mlp, NeuralConfig};
use aligned::prediction::{Predictor, TrainingData};
use aligned::progress::Progress;
use criterion::{Criterion, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ROWS: usize = 64;

/// Notes when the first and the last step were done.
#[derive(Default)]
struct Clock(Mutex<Option<(Instant, Instant)>>);

impl Progress for Clock {
    fn begin(&self, _phase: &str, _steps: u64) {}

    fn advance(&self, _steps: u64) {
        let now = Instant::now();
        let mut times = self.0.lock().expect("no thread panicked");
        *times = Some((times.map_or(now, |(first, _)| first), now));
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

fn time_steps(predictor: &mut dyn Predictor, responses: &ResponseMatrix) -> Duration {
    let perturbations: Vec<_> = (0..ROWS).map(|row| Perturbation::deletion(GeneId::new(50 * row))).collect();
    let data = TrainingData { perturbations: &perturbations, responses, row_weights: &[1.0; ROWS], validation: &[] };
    let clock = Clock::default();
    black_box(predictor.fit(&data, &clock)).expect("the loss stays finite");
    let (first, last) = clock.0.into_inner().expect("no thread panicked").expect("steps were made");
    last - first
}

fn observed(n_genes: usize, share: f64) -> ResponseMatrix {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let classes = [Response::Unchanged, Response::Unchanged, Response::Unchanged, Response::Down, Response::Up];
    let entry = |rng: &mut ChaCha8Rng| rng.random_bool(share).then(|| classes[rng.random_range(0..classes.len())]);
    ResponseMatrix::from_entries(ROWS, n_genes, (0..ROWS * n_genes).map(|_| entry(&mut rng)).collect())
}

fn random_network(n_genes: usize, regulations: usize) -> RegulatoryNetwork {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let gene = |rng: &mut ChaCha8Rng| GeneId::new(rng.random_range(0..n_genes));
    let edges = (0..regulations).map(|_| Regulation::new(gene(&mut rng), gene(&mut rng), Sign::Activation));
    RegulatoryNetwork::new(n_genes, edges.collect::<Vec<_>>())
}

fn steps(iterations: u64) -> NeuralConfig {
    let min_steps = usize::try_from(iterations).expect("a number of steps") + 1;
    NeuralConfig { batch: ROWS, max_epochs: 1, min_steps, ..NeuralConfig::default() }
}

fn training_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training_step");
    let dense = observed(5_045, 1.0);
    let sparse = observed(14_000, 86.0 / 14_000.0);
    let network = random_network(5_045, 20_000);
    group.bench_function("mlp, 5045 genes, all measured", |bencher| {
        bencher.iter_custom(|iterations| time_steps(&mut Mlp::new(5_045, steps(iterations)), &dense));
    });
    group.bench_function("gnn, 5045 genes, all measured", |bencher| {
        bencher.iter_custom(|iterations| time_steps(&mut Gnn::new(&network, steps(iterations)), &dense));
    });
    group.bench_function("mlp, 14000 genes, 86 measured per row", |bencher| {
        bencher.iter_custom(|iterations| time_steps(&mut Mlp::new(14_000, steps(iterations)), &sparse));
    });
    group.finish();
}

criterion_group!(benches, training_step);
criterion_main!(benches);
