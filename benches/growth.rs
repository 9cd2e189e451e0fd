//! How the time of a whole refinement grows with the regulations and with the perturbations, each over a decade.
//!
//! ```sh
//! cargo bench --bench growth -- docs/growth.svg
//! ```
//! prints a table with the exponents and draws it; without a path the drawing goes to the folder of the build.

#![expect(clippy::print_stdout, reason = "the reader is shown a table")]

use std::path::PathBuf;
use std::time::Instant;

use aligned::network::RegulatoryNetwork;
use aligned::network::generate::{NetworkConfig, Topology, generate};
use aligned::pipeline::ScreenConfig;
use aligned::pipeline::recovery::{DataKind, Method, MethodConfig, Trial, TrialConfig};
use aligned::progress::Unwatched;
use aligned::report::{Growth, write_growth_svg};

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

/// Every gene measured without noise after so many deletions of regulators; a tenth of the regulations is wrong.
fn trial(truth: &RegulatoryNetwork, perturbations: usize, seed: u64) -> Trial<'_> {
    let genes = truth.n_genes();
    let screen = ScreenConfig { perturbations, genes, label_noise: 0.0, masked: 0.0, ..ScreenConfig::default() };
    let config = TrialConfig { data: DataKind::Screen, screen, seed, ..TrialConfig::default() };
    Trial::new(truth, &config).expect("a tenth finds room")
}

/// Size and seconds of the refinement: the median over the networks.
fn measured(regulations: usize, perturbations: usize, size: usize, seeds: &[u64]) -> (f64, f64) {
    let config = MethodConfig::of(DataKind::Closure.refinement());
    let mut times: Vec<f64> = seeds
        .iter()
        .map(|&seed| {
            let truth = network(regulations, seed);
            let trial = trial(&truth, perturbations, seed);
            assert_eq!(trial.perturbations.len(), perturbations, "the network has too few regulators");
            let began = Instant::now();
            let mended = trial.mend(Method::Aligned, &config, &Unwatched).expect("the settings are sound");
            let seconds = began.elapsed().as_secs_f64();
            let left = trial.disagreements(&mended.network);
            println!(
                "| {regulations} | {perturbations} | {seed} | {} | {left} | {seconds:.3} |",
                mended.revisions.len()
            );
            seconds
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (size as f64, times[times.len() / 2])
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // `cargo test --benches` only asks whether it runs.
    let is_test = arguments.iter().any(|argument| argument == "--test");
    let (scale, seeds) = if is_test { (20, &SEEDS[..1]) } else { (1, &SEEDS[..]) };
    let beside_the_build = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("growth.svg");
    let path = arguments.iter().find(|argument| !argument.starts_with('-')).map_or(beside_the_build, PathBuf::from);

    println!("| regulations | perturbations | seed | revisions | disagreements left | seconds |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    let (perturbations, regulations) = (FIXED.0 / scale, FIXED.1 / scale);
    let over_regulations = REGULATIONS.map(|size| size / scale).map(|size| measured(size, perturbations, size, seeds));
    let over_perturbations =
        PERTURBATIONS.map(|size| size / scale).map(|size| measured(regulations, size, size, seeds));
    let growths = [
        (format!("{perturbations} perturbations"), "regulations", over_regulations),
        (format!("{regulations} regulations"), "perturbations", over_perturbations),
    ];
    let growths = growths.map(|(title, size, points)| Growth { title, size: size.to_owned(), points: points.into() });
    for growth in &growths {
        let exponent = growth.law().map_or_else(|| "unknown".to_owned(), |law| format!("{:.2}", law.exponent));
        println!("\n{}: time grows with the {} with exponent {exponent}", growth.title, growth.size);
    }
    let mut svg = Vec::new();
    write_growth_svg(&growths, &mut svg).expect("a vector takes all bytes");
    std::fs::write(&path, svg).expect("the drawing can be written where it was asked for");
    println!("\n{}", path.display());
}
