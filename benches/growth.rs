//! How the time of a whole refinement grows with the regulations and with the perturbations, each over a decade.
//!
//! ```sh
//! cargo bench --bench growth
//! ```
//! prints a table with the exponents.

#![expect(clippy::print_stdout, reason = "the reader is shown a table")]

mod common;

use std::time::Instant;

use aligned::biology::Response;
use aligned::network::RegulatoryNetwork;
use aligned::network::generate::{NetworkConfig, Topology, generate};
use aligned::progress::NoProgress;
use aligned::recovery::{DataKind, Method, MethodConfig, ScreenConfig, Trial, TrialConfig};
use aligned::symbolic::{Closure, Simulator};
use common::processor_seconds;

/// Regulations for each gene, as in a transcriptional network.
const RATIO: f64 = 1.5;
/// Networks of each size; the median of their times is told.
const SEEDS: [u64; 3] = [1, 2, 3];
const REGULATIONS: [usize; 5] = [2_000, 3_600, 6_300, 11_200, 20_000];
const PERTURBATIONS: [usize; 5] = [150, 270, 470, 840, 1_500];
/// Perturbations while the regulations grow, regulations while the perturbations do.
const FIXED: (usize, usize) = (200, 7_500);

fn network(regulations: usize, seed: u64) -> RegulatoryNetwork {
    let genes = (regulations as f64 / RATIO) as usize;
    let topology = Topology::FeedbackCore;
    let config = NetworkConfig { topology, genes, regulations, seed, ..NetworkConfig::default() };
    generate(&config).expect("there are far more pairs than regulations")
}

/// Every gene measured without noise after this many deletions of regulators; a tenth of the regulations is wrong.
fn trial(truth: &RegulatoryNetwork, perturbations: usize, seed: u64) -> Trial<'_> {
    let genes = truth.n_genes();
    let screen = ScreenConfig { perturbations, genes, label_noise: 0.0, masked: 0.0, ..ScreenConfig::default() };
    let config = TrialConfig { data: DataKind::Screen, screen, seed, ..TrialConfig::default() };
    Trial::new(truth, &config).expect("a tenth finds room")
}

/// Seconds of one refinement by the clock, and on the processor where the system tells: on a busy machine the clock also
/// counts what others do. Next to them the entries that any walk reaches, which an edit may move.
#[derive(Clone, Copy)]
struct Time {
    clock: f64,
    processor: Option<f64>,
    reached: f64,
}

/// The median over the networks, of either time.
fn measured(regulations: usize, perturbations: usize, seeds: &[u64]) -> Time {
    let config = MethodConfig::of(DataKind::Closure.refinement());
    let one = |&seed: &u64| {
        let truth = network(regulations, seed);
        let trial = trial(&truth, perturbations, seed);
        assert_eq!(trial.perturbations.len(), perturbations, "the network has too few regulators");
        let (began, before) = (Instant::now(), processor_seconds());
        let repaired = trial.fix(Method::Aligned, &config, &NoProgress).expect("the settings are sound");
        let clock = began.elapsed().as_secs_f64();
        let processor = processor_seconds().zip(before).map(|(after, before)| after - before);
        let said = Closure::new(&truth, trial.config.depth, trial.config.reading).simulate(&trial.perturbations);
        let reached = said.entries().len() - said.count(Response::Unchanged);
        let (found, left) = (repaired.revisions.len(), trial.disagreements(&repaired.network));
        let told = processor.map_or_else(String::new, |seconds| format!("{seconds:.3}"));
        println!("| {regulations} | {perturbations} | {seed} | {reached} | {found} | {left} | {clock:.3} | {told} |");
        Time { clock, processor, reached: reached as f64 }
    };
    let times: Vec<_> = seeds.iter().map(one).collect();
    let processor: Option<Vec<_>> = times.iter().map(|time| time.processor).collect();
    let median_of = |of: fn(&Time) -> f64| median(times.iter().map(of).collect());
    Time {
        clock: median_of(|time| time.clock),
        processor: processor.map(median),
        reached: median_of(|time| time.reached),
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The exponent `p` of the power law `y = c · x^p` nearest to the points on logarithmic axes.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<_> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / logs.len() as f64;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let shared: f64 = logs.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    shared / logs.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

/// Prints the exponents by either time.
fn print_growth(fixed: &str, size: &str, sizes: [usize; 5], times: [Time; 5]) {
    let of = |figure: fn(&Time) -> f64| {
        let points: Vec<_> = sizes.iter().zip(&times).map(|(&size, time)| (size as f64, figure(time))).collect();
        exponent(&points)
    };
    let (clock, reached) = (of(|time| time.clock), of(|time| time.reached));
    let processor = of(|time| time.processor.unwrap_or(f64::NAN));
    println!(
        "\n{fixed}: time grows with the {size} with exponent {clock:.2} by the clock, {processor:.2} on the processor; the \
         entries that any walk reaches with {reached:.2}"
    );
}

fn main() {
    // `cargo test --benches` only asks whether it runs.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (scale, seeds) = if is_test { (20, &SEEDS[..1]) } else { (1, &SEEDS[..]) };
    println!(
        "| regulations | perturbations | seed | entries reached | revisions | disagreements left | seconds | on the processor |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let (perturbations, regulations) = (FIXED.0 / scale, FIXED.1 / scale);
    let (many_regulations, many_perturbations) =
        (REGULATIONS.map(|size| size / scale), PERTURBATIONS.map(|size| size / scale));
    let over_regulations = many_regulations.map(|size| measured(size, perturbations, seeds));
    let over_perturbations = many_perturbations.map(|size| measured(regulations, size, seeds));
    print_growth(&format!("{perturbations} perturbations"), "regulations", many_regulations, over_regulations);
    print_growth(&format!("{regulations} regulations"), "perturbations", many_perturbations, over_perturbations);
}
