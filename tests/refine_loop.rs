//! Promises of the loop: no leakage, honest scores, same bytes.

use aligned::biology::{GeneId, Perturbation, Regulation, Response, ResponseMatrix, Sign};
use aligned::datasets::{Dataset, Split};
use aligned::network::RegulatoryNetwork;
use aligned::pipeline::{
    Checkpoint, Config, KnowledgeBases, Materials, Objective, Outcome, PipelineError, StopReason, run_from,
};
use aligned::progress::{NoProgress, Progress};
use aligned::symbolic::{Closure, Reading, Simulator};

const N_GENES: usize = 40;

struct World {
    genes: aligned::biology::GeneTable,
    network: RegulatoryNetwork,
    dataset: Dataset,
    split: Split,
}

/// Regulators 0..8 with five targets each, every other one inhibiting; each regulator also acts on the next.
fn truth() -> Vec<Regulation> {
    let sign = |regulator: usize| if regulator.is_multiple_of(2) { Sign::Activation } else { Sign::Inhibition };
    let edge = |regulator, target| Regulation::new(GeneId::new(regulator), GeneId::new(target), sign(regulator));
    let regulons = (0..8).flat_map(|regulator| (0..4).map(move |place| (regulator, 8 + regulator * 4 + place)));
    let cascade = (0..7).map(|regulator| (regulator, regulator + 1));
    regulons.chain(cascade).map(|(regulator, target)| edge(regulator, target)).collect()
}

/// Both directions for each regulator; the knowledge lacks one regulation that the data show.
fn world() -> World {
    let truth = truth();
    let missing = Regulation::new(GeneId::new(1), GeneId::new(2), Sign::Inhibition);
    assert!(truth.contains(&missing));
    let whole = RegulatoryNetwork::new(N_GENES, truth.iter().copied());
    let perturbations: Vec<_> = (0..8)
        .map(GeneId::new)
        .flat_map(|gene| [Perturbation::deletion(gene), Perturbation::overexpression(gene)])
        .collect();
    let observed = Closure::new(&whole, 5, Reading::Nearest).simulate(&perturbations);
    let genes = (0..N_GENES).fold(aligned::biology::GeneTable::new(), |mut genes, gene| {
        genes.intern(&format!("g{gene}"));
        genes
    });
    World {
        genes,
        network: RegulatoryNetwork::new(N_GENES, truth.into_iter().filter(|&edge| edge != missing)),
        dataset: Dataset::new((0..16).map(|row| format!("row {row}")).collect(), perturbations, observed),
        split: Split { train: (0..10).collect(), validation: vec![10, 11], test: vec![12, 13, 14, 15] },
    }
}

/// Settings of the search; see the tests of the evidence next to it.
fn config() -> Config {
    let mut config = Config { objective: Objective::Mismatch, ..Config::default() };
    config.neural.max_epochs = 15;
    config.refinement.bootstraps = 20;
    config.refinement.simulations = 10;
    config
}

fn attempt(world: &World, config: &Config, progress: &dyn Progress) -> Result<Outcome, PipelineError> {
    attempt_from(world, config, &Checkpoint::default(), &mut |_| (), progress)
}

fn attempt_from(
    world: &World,
    config: &Config,
    from: &Checkpoint,
    keep: &mut dyn FnMut(&Checkpoint),
    progress: &dyn Progress,
) -> Result<Outcome, PipelineError> {
    let evidence = vec![1; N_GENES];
    let materials = Materials {
        network: &world.network,
        evidence: &evidence,
        revision_costs: None,
        held_out: None,
        external: None,
        dataset: &world.dataset,
        split: &world.split,
        row_labels: &world.dataset.names,
        genes: &world.genes,
    };
    run_from(&materials, config, from, keep, progress)
}

fn outcome(world: &World, config: &Config, progress: &dyn Progress) -> Outcome {
    attempt(world, config, progress).expect("a run")
}

#[test]
fn the_missing_regulation_is_found_and_reported_with_its_evidence() {
    let outcome = outcome(&world(), &config(), &NoProgress);
    let whole = RegulatoryNetwork::new(N_GENES, truth());
    assert_eq!(outcome.refined, whole);
    assert_eq!(outcome.revisions.len(), 1);
    assert!(outcome.revisions[0].evidence.corrected.len() > 3);
    assert_eq!(outcome.stop_reason, StopReason::NoRevision);
}

#[test]
fn permuting_the_labels_of_test_perturbations_changes_no_weight_model_or_revision() {
    let world = world();
    let before = outcome(&world, &config(), &NoProgress);
    let mut permuted = World { dataset: world.dataset.clone(), ..self::world() };
    for &row in &world.split.test {
        for (gene, entry) in world.dataset.observed.row(row).iter().enumerate() {
            let turned = entry.and_then(|response| Response::from_value(-response.value()));
            permuted.dataset.observed.set(row, GeneId::new((gene + 7) % N_GENES), turned);
        }
    }
    assert_ne!(permuted.dataset.observed, world.dataset.observed);
    let after = outcome(&permuted, &config(), &NoProgress);
    assert_eq!(before.revisions, after.revisions);
    assert_eq!(before.refined, after.refined);
    // The predictions of all models on the test rows: same weights, same words.
    assert_eq!(before.held_out.aligned, after.held_out.aligned);
    assert_eq!(before.held_out.others, after.held_out.others);
    let losses = |outcome: &Outcome| -> Vec<_> {
        outcome.iterations.iter().map(|iteration| (iteration.first_fit.clone(), iteration.fit.clone())).collect()
    };
    assert_eq!(losses(&before), losses(&after));
    assert_ne!(before.scores.data_consistency, after.scores.data_consistency);
}

#[test]
fn one_and_three_threads_give_the_same_outcome() {
    let world = world();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let mut outcome = pool.install(|| outcome(&world, &config(), &NoProgress));
        outcome.timings.clear();
        outcome.iterations.iter_mut().for_each(|iteration| iteration.seconds = 0.0);
        outcome
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn scores_are_those_of_the_network_that_is_handed_in() {
    let world = world();
    let outcome = outcome(&world, &config(), &NoProgress);
    let knowledge = KnowledgeBases { original: &world.network, refined: &outcome.refined, held_out: None };
    assert_eq!(outcome.held_out.scores(&knowledge, &config()).expect("shapes fit"), outcome.scores);
    let refined = outcome.scores.baselines.iter().find(|row| row.name == "refined-knowledge").expect("the row");
    let original = outcome.scores.baselines.iter().find(|row| row.name == "do-nothing").expect("the row");
    // The refined knowledge is the truth that made the data; the original lacks a regulation that no test row shows.
    assert_eq!(refined.data.macro_f1, 1.0);
    assert_eq!(original.data.macro_f1, 1.0);
    assert_eq!(refined.knowledge_refined, 1.0);
}

#[test]
fn knowledge_that_agrees_with_all_data_comes_back_untouched() {
    let mut world = world();
    world.network = RegulatoryNetwork::new(N_GENES, truth());
    for objective in [Objective::Mismatch, Objective::Evidence] {
        let outcome = outcome(&world, &Config { objective, ..config() }, &NoProgress);
        assert!(outcome.revisions.is_empty(), "{objective:?}");
        assert_eq!(outcome.refined, world.network);
    }
}

/// Asks to stop once a phase of this name has begun this many times.
struct StopAt {
    phase: &'static str,
    times: usize,
    begun: std::sync::atomic::AtomicUsize,
}

impl Progress for StopAt {
    fn begin(&self, phase: &str, _steps: u64) {
        if phase == self.phase {
            self.begun.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }

    fn advance(&self, _steps: u64) {}

    fn is_cancelled(&self) -> bool {
        self.begun.load(std::sync::atomic::Ordering::SeqCst) >= self.times
    }
}

#[test]
fn a_stop_in_the_second_round_hands_back_the_first() {
    let progress = StopAt { phase: "refine", times: 2, begun: Default::default() };
    let outcome = outcome(&world(), &config(), &progress);
    assert_eq!(outcome.stop_reason, StopReason::Cancelled);
    assert!(!outcome.iterations.is_empty());
}

#[test]
fn a_run_that_goes_on_from_its_first_round_ends_as_one_that_was_never_stopped() {
    let world = world();
    let untimed = |mut outcome: Outcome| {
        outcome.timings.clear();
        outcome.iterations.iter_mut().for_each(|iteration| iteration.seconds = 0.0);
        outcome
    };
    let whole = untimed(outcome(&world, &config(), &NoProgress));
    assert_eq!(whole.iterations.len(), 2);
    let mut kept = Checkpoint::default();
    let progress = StopAt { phase: "refine", times: 2, begun: Default::default() };
    let mut keep = |done: &Checkpoint| kept = done.clone();
    attempt_from(&world, &config(), &Checkpoint::default(), &mut keep, &progress).expect("the first round");
    assert_eq!(kept.rounds.len(), 1);
    let written = serde_json::to_string(&kept).expect("JSON");
    let read: Checkpoint = serde_json::from_str(&written).expect("a checkpoint");
    assert_eq!(read, kept);
    let resumed = attempt_from(&world, &config(), &read, &mut |_| (), &NoProgress).expect("a run");
    assert_eq!(untimed(resumed), whole);
}

#[test]
fn a_run_that_goes_on_from_any_pass_of_a_search_ends_as_one_that_was_never_stopped() {
    let world = world();
    let untimed = |mut outcome: Outcome| {
        outcome.timings.clear();
        outcome.iterations.iter_mut().for_each(|iteration| iteration.seconds = 0.0);
        outcome
    };
    let mut kept = Vec::new();
    let mut keep = |done: &Checkpoint| kept.push(done.clone());
    let start = Checkpoint { fingerprint: "this run".to_owned(), ..Checkpoint::default() };
    let whole = untimed(attempt_from(&world, &config(), &start, &mut keep, &NoProgress).expect("a run"));
    assert!(kept.iter().filter(|done| done.running.is_some()).count() > 3);
    for (place, done) in kept.iter().enumerate() {
        let read: Checkpoint = serde_json::from_str(&serde_json::to_string(done).expect("JSON")).expect("a checkpoint");
        assert_eq!(read.fingerprint, "this run");
        let mut rest = Vec::new();
        let resumed = attempt_from(&world, &config(), &read, &mut |done| rest.push(done.clone()), &NoProgress);
        assert_eq!(untimed(resumed.expect("a run")), whole);
        assert_eq!(rest, kept[place + 1..]);
    }
}

#[test]
fn a_stop_while_the_revisions_are_judged_is_told() {
    let progress = StopAt { phase: "simulate screens", times: 1, begun: Default::default() };
    assert_eq!(outcome(&world(), &config(), &progress).stop_reason, StopReason::Cancelled);
}

#[test]
fn a_stop_before_the_first_round_is_an_error_and_not_half_a_result() {
    let progress = StopAt { phase: "fit mlp", times: 1, begun: Default::default() };
    let error = attempt(&world(), &config(), &progress).expect_err("stopped");
    assert!(matches!(error, PipelineError::Cancelled), "{error}");
}

#[test]
fn unmeasured_everything_ends_with_a_sentence() {
    let mut world = world();
    world.dataset.observed = ResponseMatrix::unmeasured(16, N_GENES);
    let message = attempt(&world, &config(), &NoProgress).expect_err("nothing to learn").to_string();
    assert!(message.contains("measured"), "{message}");
}
