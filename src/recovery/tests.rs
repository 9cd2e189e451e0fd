//! Claims about the recovery test as a whole, on networks small enough to check.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;
use crate::biology::{GeneId, Regulation, Response, RevisionKind, Sign};
use crate::network::RegulatoryNetwork;
use crate::network::generate::{NetworkConfig, Topology, generate};
use crate::progress::{NoProgress, Progress};
use crate::recovery::ScreenConfig;
use crate::symbolic::Reading;
use Sign::{Activation, Inhibition};

fn edge(regulator: usize, target: usize, sign: Sign) -> Regulation {
    Regulation::new(GeneId::new(regulator), GeneId::new(target), sign)
}

fn network(n_genes: usize, edges: &[(usize, usize, Sign)]) -> RegulatoryNetwork {
    RegulatoryNetwork::new(n_genes, edges.iter().map(|&(i, j, sign)| edge(i, j, sign)))
}

fn random(genes: usize, regulations: usize, seed: u64) -> RegulatoryNetwork {
    generate(&NetworkConfig { genes, regulations, seed, ..NetworkConfig::default() }).expect("there is room")
}

fn methods() -> MethodConfig {
    MethodConfig { published_epochs: 5, ..MethodConfig::of(DataKind::Closure.refinement()) }
}

fn scores(trial: &Trial<'_>, method: Method) -> RecoveryScores {
    match trial.run(method, &methods(), &NoProgress).expect("sound settings") {
        MethodOutcome::Scored(scores) => *scores,
        MethodOutcome::NotRun(reason) => panic!("{reason}"),
    }
}

/// 0 → 1 ⊣ 2 and 0 → 3, with the given damage.
fn by_hand<'a>(truth: &'a RegulatoryNetwork, damaged: RegulatoryNetwork, faults: Vec<Fault>) -> Trial<'a> {
    let config = TrialConfig { level: 0.0, ..TrialConfig::default() };
    Trial { damaged, faults, ..Trial::new(truth, &config).expect("a network with regulations") }
}

#[test]
fn the_scores_of_doing_nothing_agree_with_a_case_worked_by_hand() {
    let truth = network(4, &[(0, 1, Activation), (1, 2, Inhibition), (0, 3, Activation)]);
    let damaged = network(4, &[(0, 1, Activation), (1, 2, Activation), (3, 2, Activation)]);
    let fault = |kind, lost, gained| Fault { kind, lost, gained };
    let faults = vec![
        fault(FaultKind::Missing, Some(edge(0, 3, Activation)), None),
        fault(FaultKind::Spurious, None, Some(edge(3, 2, Activation))),
        fault(FaultKind::Flipped, Some(edge(1, 2, Inhibition)), Some(edge(1, 2, Activation))),
    ];
    let trial = by_hand(&truth, damaged, faults);
    let scores = scores(&trial, Method::DoNothing);
    // Activations: 1 right of 3 said and 2 true. Inhibitions: none of 0 said and 1 true.
    assert!((scores.edges.per_sign[0].f1 - 0.4).abs() < 1e-15);
    assert_eq!(scores.edges.per_sign[1].f1, 0.0);
    assert!((scores.edges.f1 - 1.0 / 3.0).abs() < 1e-15);
    // True closure: 0 deleted: 1 down, 2 up, 3 down. 1 deleted: 2 up. All else unchanged, 12 entries in all.
    // Said: 0 deleted: 1 down, 2 down. 1 deleted: 2 down. 3 deleted: 2 down.
    assert_eq!(scores.closure.confusion, [[1, 1, 0], [1, 7, 0], [2, 0, 0]]);
    assert_eq!(scores.disagreements, (4, 4));
    assert_eq!((scores.n_revisions(), scores.precision(), scores.recall()), (0, None, Some(0.0)));
    assert_eq!(scores.objective, (4.0, 4.0));
}

#[test]
fn revisions_and_faults_are_counted_by_kind() {
    let truth = network(4, &[(0, 1, Activation), (1, 2, Inhibition), (0, 3, Activation)]);
    let damaged = network(4, &[(0, 1, Activation), (1, 2, Activation), (2, 3, Activation)]);
    let faults = vec![
        Fault { kind: FaultKind::Redirected, lost: Some(edge(0, 3, Activation)), gained: Some(edge(2, 3, Activation)) },
        Fault { kind: FaultKind::Flipped, lost: Some(edge(1, 2, Inhibition)), gained: Some(edge(1, 2, Activation)) },
    ];
    let trial = by_hand(&truth, damaged, faults);
    // The flip is repaired, the redirection by half; a true regulation is removed and a false one added.
    let repaired = network(4, &[(1, 2, Inhibition), (0, 3, Activation), (2, 3, Activation), (3, 0, Inhibition)]);
    let made = Repaired { network: repaired, confidences: Vec::new(), revisions: Vec::new(), certificate: None };
    let costs = DataKind::Closure.refinement();
    let scores = trial.score(Method::Aligned, &made, &costs, 0.0).expect("as many genes");
    let count = |made, right| RevisionCount { made, right };
    assert_eq!(scores.revisions, [count(2, 1), count(1, 0), count(1, 1)]);
    assert_eq!((scores.precision(), scores.recall()), (Some(0.5), Some(0.5)));
    assert_eq!(scores.faults[2], FaultCount { planted: 1, found: 1 });
    assert_eq!(scores.faults[3], FaultCount { planted: 1, found: 0 });
    let cost = 2.0 * costs.add_cost + costs.remove_cost + costs.flip_cost;
    assert!((scores.objective.1 - scores.disagreements.1 as f64 - cost).abs() < 1e-12);
}

#[test]
fn a_regulation_that_its_own_experiment_contradicts_is_pruned() {
    let truth = network(4, &[(0, 1, Activation), (1, 2, Inhibition)]);
    // The other way, and moved though unchanged; what its experiment bears out stays.
    let damaged = network(4, &[(0, 1, Activation), (1, 2, Activation), (0, 3, Activation)]);
    let pruned = by_hand(&truth, damaged, Vec::new()).fix(Method::PruneContradicted, &methods(), &NoProgress);
    assert_eq!(pruned.expect("sound settings").network, network(4, &[(0, 1, Activation)]));
}

#[test]
fn undamaged_networks_score_one_and_are_left_alone_by_every_method_of_ours() {
    for seed in 1..=20 {
        let truth = random(60, 90, seed);
        for reading in [Reading::Naive, Reading::Nearest] {
            let config = TrialConfig { level: 0.0, reading, seed, ..TrialConfig::default() };
            let trial = Trial::new(&truth, &config).expect("sound settings");
            for method in [Method::DoNothing, Method::PruneContradicted, Method::Greedy, Method::Aligned] {
                let scores = scores(&trial, method);
                let figures = (scores.edges.f1, scores.edges.macro_f1, scores.closure.macro_f1);
                assert_eq!(figures, (1.0, 1.0, 1.0), "{method:?}, seed {seed}");
                assert_eq!((scores.n_revisions(), scores.disagreements), (0, (0, 0)));
            }
        }
    }
}

#[test]
fn on_closure_data_what_disagrees_is_what_the_closure_score_counts_as_wrong() {
    let truth = random(80, 130, 9);
    let config = TrialConfig { level: 0.3, reading: Reading::Naive, ..TrialConfig::default() };
    let trial = Trial::new(&truth, &config).expect("sound settings");
    let nothing = scores(&trial, Method::DoNothing);
    let confusion = nothing.closure.confusion;
    let wrong: u64 =
        (0..3).flat_map(|i| (0..3).map(move |j| (i, j))).filter(|(i, j)| i != j).map(|(i, j)| confusion[i][j]).sum();
    assert_eq!(nothing.disagreements.0, wrong);
    let refined = scores(&trial, Method::Aligned);
    assert_eq!(refined.disagreements.0, wrong);
    assert!(refined.disagreements.1 < wrong && refined.objective.1 < refined.objective.0);
}

#[test]
fn experiments_on_the_true_network_show_no_ambiguous_response() {
    let truth = random(100, 300, 2);
    let trial = Trial::new(&truth, &TrialConfig { reading: Reading::Naive, ..TrialConfig::default() });
    let trial = trial.expect("sound settings");
    assert_eq!(trial.observed.count(Response::Ambiguous), 0);
    assert_eq!(trial.observed.measured(), 100 * 100);
}

#[test]
fn a_screen_has_its_size_and_the_same_faults_as_closure_data_of_that_seed() {
    let truth = random(300, 450, 4);
    let screen =
        ScreenConfig { perturbations: 20, genes: 100, label_noise: 0.0, masked: 0.0, ..ScreenConfig::default() };
    let of =
        |data| Trial::new(&truth, &TrialConfig { data, screen, ..TrialConfig::default() }).expect("sound settings");
    let (closure, screened) = (of(DataKind::Closure), of(DataKind::Screen));
    assert_eq!(closure.damaged, screened.damaged);
    assert_eq!((screened.perturbations.len(), screened.observed.measured()), (20, 20 * 100));
    assert_eq!(screened.disagreements(&truth), 0);
    // Without noise, a damage that any entry shows is a damage that some fault shows.
    let visible = screened.visible.as_ref().expect("a screen tells what it can show");
    assert!(visible.contains(&true) && visible.contains(&false), "{visible:?}");
}

proptest! {
    #[test]
    fn differences_lead_from_one_network_to_the_other(seed in any::<u64>(), level in 0.0..0.5_f64) {
        let truth = random(60, 90, seed);
        let config = TrialConfig { level, seed, ..TrialConfig::default() };
        let trial = Trial::new(&truth, &config).expect("sound settings");
        let mut regulations: std::collections::BTreeSet<_> = trial.damaged.regulations().iter().copied().collect();
        for (kind, regulation) in trial.damaged.revisions_to(&truth) {
            if kind != RevisionKind::Added {
                prop_assert!(regulations.remove(&regulation));
            }
            match kind {
                RevisionKind::Added => prop_assert!(regulations.insert(regulation)),
                RevisionKind::SignFlipped => prop_assert!(regulations.insert(regulation.flipped())),
                RevisionKind::Removed => {}
            }
        }
        prop_assert_eq!(RegulatoryNetwork::new(60, regulations), truth);
    }
}

fn grid() -> (TrueNetwork, Grid, BenchmarkConfig) {
    let config =
        NetworkConfig { topology: Topology::RandomRegular, genes: 30, regulations: 45, ..NetworkConfig::default() };
    let grid = Grid {
        mixes: vec![FaultKind::ALL.to_vec()],
        levels: vec![0.1, 0.3],
        readings: vec![Reading::Nearest],
        seeds: vec![1, 2],
        methods: Method::ALL.to_vec(),
    };
    let shared =
        BenchmarkConfig { data: DataKind::Closure, screen: ScreenConfig::default(), depth: 4, methods: methods() };
    (TrueNetwork::Random(config), grid, shared)
}

/// The rows without what differs from run to run.
fn timeless(rows: &[RecoveryRow]) -> Vec<RecoveryRow> {
    let mut rows = rows.to_vec();
    rows.iter_mut().filter_map(|row| row.scores.as_mut()).for_each(|scores| scores.seconds = 0.0);
    rows
}

/// Keeps rows, and asks to stop after this many.
struct Impatient {
    kept: Vec<RecoveryRow>,
}

struct After<'a>(&'a AtomicUsize, usize);

impl Progress for After<'_> {
    fn begin(&self, _phase: &str, _steps: u64) {}
    fn advance(&self, steps: u64) {
        self.0.fetch_add(steps as usize, Ordering::SeqCst);
    }
    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst) >= self.1
    }
}

impl Recorder for Impatient {
    fn keep(&mut self, row: &RecoveryRow) -> io::Result<()> {
        self.kept.push(row.clone());
        Ok(())
    }
}

#[test]
fn a_stopped_benchmark_keeps_its_rows_and_goes_on_where_it_was() {
    let (truth, grid, config) = grid();
    let whole = benchmark(&truth, &grid, &config, &[], &mut Unrecorded, &NoProgress).expect("a sound grid");
    assert!(whole.finished);
    assert_eq!(whole.rows.len(), grid.rows());

    let (done, mut first) = (AtomicUsize::new(0), Impatient { kept: Vec::new() });
    let part = benchmark(&truth, &grid, &config, &[], &mut first, &After(&done, 7)).expect("a sound grid");
    assert!(!part.finished);
    assert_eq!((part.rows.len(), first.kept.len()), (7, 7));

    let mut second = Impatient { kept: Vec::new() };
    let rest = benchmark(&truth, &grid, &config, &first.kept, &mut second, &NoProgress).expect("a sound grid");
    assert_eq!(second.kept.len(), grid.rows() - 7);
    assert_eq!(timeless(&rest.rows), timeless(&whole.rows));
}

#[test]
fn a_kept_row_is_read_back_as_it_was() {
    let (truth, grid, config) = grid();
    let whole = benchmark(&truth, &grid, &config, &[], &mut Unrecorded, &NoProgress).expect("a sound grid");
    for row in whole.rows {
        let line = serde_json::to_string(&row).expect("a row is JSON");
        assert_eq!(serde_json::from_str::<RecoveryRow>(&line).expect("as written"), row);
    }
}

#[test]
fn a_network_without_regulations_and_a_grid_without_rows_end_with_a_sentence() {
    let lonely = network(3, &[(1, 1, Activation)]);
    let error = Trial::new(&lonely, &TrialConfig::default()).expect_err("nothing to corrupt");
    assert!(error.to_string().contains("some to corrupt"), "{error}");
    let (truth, grid, config) = grid();
    let empty = Grid { levels: Vec::new(), ..grid };
    let error = benchmark(&truth, &empty, &config, &[], &mut Unrecorded, &NoProgress).expect_err("no level");
    assert!(error.to_string().contains("at least one level"), "{error}");
}
