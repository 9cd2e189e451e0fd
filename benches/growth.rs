//! How the time of a whole refinement grows with the regulations and with the perturbations, each over a decade.
//!
//! ```sh
//! cargo bench --bench growth -- docs/growth.svg
//! ```
//! prints a table with the exponents and draws it; without a path the drawing goes to the folder of the build.

#![expect(clippy::print_stdout, reason = "the reader is shown a table")]

use std::path::PathBuf;
use std::time::Instant;

use aligned::biology::Response;
use aligned::network::RegulatoryNetwork;
use aligned::network::generate::{NetworkConfig, Topology, generate};
use aligned::pipeline::ScreenConfig;
use aligned::pipeline::recovery::{DataKind, Method, MethodConfig, Trial, TrialConfig};
use aligned::progress::NoProgress;
use aligned::report::{Growth, write_growth_svg};
use aligned::symbolic::{Closure, Simulator};

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

/// Seconds that all threads of this process spent on a processor.
fn processor_seconds() -> Option<f64> {
    let threads = std::fs::read_dir("/proc/self/task").ok()?;
    let nanoseconds = threads.map(|thread| -> Option<f64> {
        let told = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        told.split_whitespace().next()?.parse().ok()
    });
    Some(nanoseconds.sum::<Option<f64>>()? / 1e9)
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

/// One panel, after its exponents by either time are printed.
fn growth(title: String, size: &str, sizes: [usize; 5], times: [Time; 5]) -> Growth {
    let points = |of: fn(&Time) -> f64| sizes.iter().zip(&times).map(|(&size, time)| (size as f64, of(time))).collect();
    let growth = |points| Growth { title: title.clone(), size: size.to_owned(), points };
    let by_clock = growth(points(|time| time.clock));
    let on_processor = growth(points(|time| time.processor.unwrap_or(f64::NAN)));
    let exponent =
        |growth: &Growth| growth.law().map_or_else(|| "unknown".to_owned(), |law| format!("{:.2}", law.exponent));
    let reached = exponent(&growth(points(|time| time.reached)));
    let (clock, processor) = (exponent(&by_clock), exponent(&on_processor));
    println!(
        "\n{title}: time grows with the {size} with exponent {clock} by the clock, {processor} on the processor; the \
         entries that any walk reaches with {reached}"
    );
    by_clock
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // `cargo test --benches` only asks whether it runs.
    let is_test = arguments.iter().any(|argument| argument == "--test");
    let (scale, seeds) = if is_test { (20, &SEEDS[..1]) } else { (1, &SEEDS[..]) };
    let beside_the_build = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("growth.svg");
    let path = arguments.iter().find(|argument| !argument.starts_with('-')).map_or(beside_the_build, PathBuf::from);

    println!(
        "| regulations | perturbations | seed | entries reached | revisions | disagreements left | seconds | on the processor |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let (perturbations, regulations) = (FIXED.0 / scale, FIXED.1 / scale);
    let (many_regulations, many_perturbations) =
        (REGULATIONS.map(|size| size / scale), PERTURBATIONS.map(|size| size / scale));
    let over_regulations = many_regulations.map(|size| measured(size, perturbations, seeds));
    let over_perturbations = many_perturbations.map(|size| measured(regulations, size, seeds));
    let growths = [
        growth(format!("{perturbations} perturbations"), "regulations", many_regulations, over_regulations),
        growth(format!("{regulations} regulations"), "perturbations", many_perturbations, over_perturbations),
    ];
    let mut svg = Vec::new();
    write_growth_svg(&growths, &mut svg).expect("a vector takes all bytes");
    std::fs::write(&path, svg).expect("the drawing can be written where it was asked for");
    println!("\n{}", path.display());
}
