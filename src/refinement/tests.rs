//! Claims about the refinement as a whole, and laws over random networks.

mod differential;

use proptest::prelude::*;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::arcs::Edit;
use super::exact::{ExactState, Gain, UNIT, told_by_effects};
use super::*;
use crate::biology::{Response, RevisionStatus, Sign};
use crate::progress::NoProgress;
use crate::symbolic::{Closure, Simulator};

const READINGS: [Reading; 3] = [Reading::Naive, Reading::Nearest, Reading::MAJORITY];

fn random_network(generator: &mut ChaCha8Rng, n_genes: usize, regulations: usize) -> RegulatoryNetwork {
    let mut gene = |_| GeneId::new(generator.random_range(0..n_genes));
    let pairs: Vec<_> = (0..regulations).map(|index| (gene(index), gene(index))).collect();
    let signed = pairs.into_iter().map(|(regulator, target)| {
        let sign = if generator.random_bool(0.6) { Sign::Activation } else { Sign::Inhibition };
        Regulation::new(regulator, target, sign)
    });
    RegulatoryNetwork::new(n_genes, signed.collect::<Vec<_>>())
}

/// Half as many effects as there are genes.
fn with_random_effects(network: RegulatoryNetwork, generator: &mut ChaCha8Rng) -> RegulatoryNetwork {
    let n_genes = network.n_genes();
    network.with_effects(random_network(generator, n_genes, n_genes / 2).regulations().iter().copied())
}

fn every_perturbation(n_genes: usize) -> Vec<Perturbation> {
    (0..n_genes)
        .map(GeneId::new)
        .flat_map(|gene| [Perturbation::deletion(gene), Perturbation::overexpression(gene)])
        .collect()
}

/// What the network itself says, ambiguous entries read as unchanged.
fn observe(
    network: &RegulatoryNetwork,
    perturbations: &[Perturbation],
    depth: usize,
    reading: Reading,
) -> ResponseMatrix {
    let responses = Closure::new(network, depth, reading).simulate(perturbations);
    let entries =
        responses.entries().iter().map(|entry| entry.and_then(|response| Response::from_value(response.value())));
    ResponseMatrix::from_entries(perturbations.len(), network.n_genes(), entries.collect())
}

fn refined(
    network: &RegulatoryNetwork,
    data: &RefinementData<'_>,
    reading: Reading,
    config: &RefinementConfig,
) -> Refinement {
    refine(network, data, 5, reading, config, &NoProgress).expect("shapes fit")
}

/// Wrong entries counted from scratch: by what effects tell in the `original` network, and else by the regulations.
fn disagreements(
    network: &RegulatoryNetwork,
    original: &RegulatoryNetwork,
    perturbations: &[Perturbation],
    wanted: &ResponseMatrix,
    depth: usize,
    reading: Reading,
) -> i64 {
    let regulations = RegulatoryNetwork::new(network.n_genes(), network.regulations().iter().copied());
    let mut said = Closure::new(&regulations, depth, reading).simulate(perturbations);
    let mut count = 0;
    for (row, told) in told_by_effects(original, perturbations, depth, reading).iter().enumerate() {
        told.iter().for_each(|&(gene, response)| said.set(row, gene, Some(response)));
    }
    for (row, perturbation) in perturbations.iter().enumerate() {
        for gene in (0..network.n_genes()).map(GeneId::new).filter(|&gene| !perturbation.moves(gene)) {
            let wrong = |wanted: Response| said.get(row, gene).map(Response::class) != Some(wanted.class());
            count += i64::from(wanted.get(row, gene).is_some_and(wrong));
        }
    }
    count
}

fn random_responses(generator: &mut ChaCha8Rng, rows: usize, n_genes: usize) -> ResponseMatrix {
    let choices = [None, Some(Response::Down), Some(Response::Unchanged), Some(Response::Up)];
    let entries = (0..rows * n_genes).map(|_| *choices.choose(generator).expect("four choices")).collect();
    ResponseMatrix::from_entries(rows, n_genes, entries)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn knowledge_that_explains_the_data_is_not_revised(seed in any::<u64>(), n_genes in 1..25usize, density in 0..4usize) {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let network = random_network(&mut generator, n_genes, density * n_genes);
        let network = with_random_effects(network, &mut generator);
        let reading = READINGS[generator.random_range(0..3)];
        let perturbations = every_perturbation(n_genes);
        let observed = observe(&network, &perturbations, 5, reading);
        let refinement = refined(&network, &RefinementData::measured(&perturbations, &observed), reading, &RefinementConfig::default());
        prop_assert!(refinement.revisions.is_empty());
        prop_assert_eq!(refinement.network, network);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn edits_one_by_one_leave_the_same_state_as_a_search_from_scratch(seed in any::<u64>(), n_genes in 2..25usize) {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let network = random_network(&mut generator, n_genes, 2 * n_genes);
        let network = with_random_effects(network, &mut generator);
        let reading = READINGS[generator.random_range(0..3)];
        let perturbations = every_perturbation(n_genes);
        let mut wanted = random_responses(&mut generator, perturbations.len(), n_genes);
        // From every entry measured to nearly none.
        let masked = generator.random_range(0.0..1.0);
        for (row, gene) in (0..perturbations.len()).flat_map(|row| (0..n_genes).map(move |gene| (row, gene))) {
            if generator.random_bool(masked) {
                wanted.set(row, GeneId::new(gene), None);
            }
        }
        let data = RefinementData::measured(&perturbations, &wanted);
        let mut state = ExactState::new(&network, &data, 5, reading);
        let mut present: std::collections::BTreeSet<_> = network.regulations().iter().copied().collect();
        for _ in 0..50 {
            let (i, j) = (generator.random_range(0..n_genes), generator.random_range(0..n_genes));
            if i == j { continue; }
            let sign = Sign::BOTH[generator.random_range(0..2)];
            let regulation = Regulation::new(GeneId::new(i), GeneId::new(j), sign);
            let mut edits = vec![Edit { regulation, insert: !present.contains(&regulation) }];
            if generator.random_bool(0.3) {
                edits.push(Edit { regulation: regulation.flipped(), insert: !present.contains(&regulation.flipped()) });
            }
            let before = state.disagreement().measured;
            let gain = state.gains(std::slice::from_ref(&edits))[0];
            let effects: i64 = state.effects(&edits).iter().map(|effect| effect.weight).sum();
            state.apply(&edits);
            for edit in edits {
                if edit.insert { present.insert(edit.regulation); } else { present.remove(&edit.regulation); }
            }
            let after = state.disagreement().measured;
            prop_assert_eq!(before - after, gain.measured);
            prop_assert_eq!(before - after, effects);
            let from_scratch = RegulatoryNetwork::new(n_genes, present.iter().copied());
            let expected = disagreements(&from_scratch, &network, &perturbations, &wanted, 5, reading) * UNIT;
            prop_assert_eq!(after, expected);
            let told = [told_by_effects(&network, &perturbations, 5, reading), Vec::new()];
            let fresh = ExactState::settled(&from_scratch, &told, &data, 5, reading, 0.0);
            for (kept, new) in state.rows.iter().zip(&fresh.rows) {
                prop_assert_eq!(&kept.depths, &new.depths);
                prop_assert!(kept.steps.iter().zip(&new.steps).all(|(kept, new)| kept <= new));
            }
        }
    }

    #[test]
    fn refining_never_raises_the_objective_and_tells_its_disagreements_right(seed in any::<u64>(), n_genes in 2..20usize) {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let truth = random_network(&mut generator, n_genes, 2 * n_genes);
        let network = random_network(&mut generator, n_genes, 2 * n_genes);
        let network = with_random_effects(network, &mut generator);
        let reading = READINGS[generator.random_range(0..3)];
        let perturbations = every_perturbation(n_genes);
        let observed = observe(&truth, &perturbations, 5, reading);
        let config =
            RefinementConfig { class_balance: 0.0, max_share: 1.0, simulations: 1, bootstraps: 0, ..Default::default() };
        let refinement = refined(&network, &RefinementData::measured(&perturbations, &observed), reading, &config);
        let count = |revised| disagreements(revised, &network, &perturbations, &observed, 5, reading) as u64;
        prop_assert_eq!(refinement.disagreements, (count(&network), count(&refinement.network)));
        let applied = refinement.revisions.iter().filter(|revision| revision.status == RevisionStatus::Applied);
        let costs = applied.map(|revision| match revision.kind {
            RevisionKind::Added => config.add_cost,
            RevisionKind::Removed => config.remove_cost,
            RevisionKind::SignFlipped => config.flip_cost,
        });
        let paid = refinement.disagreements.1 as f64 + costs.sum::<f64>();
        prop_assert!(paid <= refinement.disagreements.0 as f64);
        prop_assert_eq!(&network.revised(&refinement.revisions), &refinement.network);
    }
}

/// Regulator 0 acts on genes 1..=8 by `sign`; each of them on a gene of its own.
fn regulon(sign: Sign) -> RegulatoryNetwork {
    let edges = (1..=8).map(|target| Regulation::new(GeneId::new(0), GeneId::new(target), sign));
    let onward = (1..=8).map(|gene| Regulation::new(GeneId::new(gene), GeneId::new(gene + 8), Sign::Inhibition));
    RegulatoryNetwork::new(17, edges.chain(onward))
}

fn without(network: &RegulatoryNetwork, dropped: Regulation) -> RegulatoryNetwork {
    let kept = network.regulations().iter().copied().filter(|&regulation| regulation != dropped);
    RegulatoryNetwork::new(network.n_genes(), kept)
}

#[test]
fn a_missing_a_spurious_and_a_flipped_regulation_come_back() {
    let truth = regulon(Sign::Activation);
    let chosen = Regulation::new(GeneId::new(0), GeneId::new(3), Sign::Activation);
    let spurious = Regulation::new(GeneId::new(0), GeneId::new(9), Sign::Activation);
    let missing = without(&truth, chosen);
    let flipped = RegulatoryNetwork::new(17, missing.regulations().iter().copied().chain([chosen.flipped()]));
    let too_much = RegulatoryNetwork::new(17, truth.regulations().iter().copied().chain([spurious]));
    let perturbations = every_perturbation(17);
    let observed = observe(&truth, &perturbations, 5, Reading::Nearest);
    for (faulty, kind, regulation) in [
        (missing, RevisionKind::Added, chosen),
        (flipped, RevisionKind::SignFlipped, chosen.flipped()),
        (too_much, RevisionKind::Removed, spurious),
    ] {
        let config = RefinementConfig { remove_cost: 1.0, min_stability: 0.5, ..Default::default() };
        let refinement =
            refined(&faulty, &RefinementData::measured(&perturbations, &observed), Reading::Nearest, &config);
        assert_eq!(refinement.network, truth, "{kind:?}");
        assert_eq!(refinement.revisions.len(), 1, "{kind:?}");
        assert_eq!((refinement.revisions[0].kind, refinement.revisions[0].regulation), (kind, regulation));
        assert!(refinement.revisions[0].evidence.introduced.is_empty());
        assert_eq!(refinement.certificate, Certificate::LocalOptimum);
    }
}

#[test]
fn a_network_of_inhibitors_keeps_them_all() {
    let truth = regulon(Sign::Inhibition);
    let chosen = Regulation::new(GeneId::new(0), GeneId::new(3), Sign::Inhibition);
    let faulty = without(&truth, chosen);
    let perturbations = every_perturbation(17);
    let observed = observe(&truth, &perturbations, 5, Reading::Nearest);
    let config = RefinementConfig { min_stability: 0.5, ..Default::default() };
    let refinement = refined(&faulty, &RefinementData::measured(&perturbations, &observed), Reading::Nearest, &config);
    assert_eq!(refinement.network, truth);
    assert!(refinement.network.regulations().iter().all(|regulation| regulation.sign == Sign::Inhibition));
}

#[test]
fn what_rests_on_predictions_alone_is_proposed_and_not_applied() {
    let truth = regulon(Sign::Activation);
    let chosen = Regulation::new(GeneId::new(0), GeneId::new(3), Sign::Activation);
    let faulty = without(&truth, chosen);
    let perturbations = every_perturbation(17);
    let said = observe(&truth, &perturbations, 5, Reading::Nearest);
    let weights = vec![1.0; said.entries().len()];
    // One measured entry disagrees, but nothing worth its cost corrects it.
    let measured_row = [Perturbation::deletion(GeneId::new(16))];
    let mut observed = ResponseMatrix::unmeasured(1, 17);
    observed.set(0, GeneId::new(5), Some(Response::Up));
    let data = RefinementData {
        measured: (&measured_row, &observed),
        predicted: (&perturbations, &said),
        predicted_weights: &weights,
        revision_costs: None,
    };
    let refinement = refined(&faulty, &data, Reading::Nearest, &RefinementConfig::default());
    assert_eq!(refinement.network, faulty);
    assert_eq!(refinement.revisions.len(), 1);
    assert_eq!(refinement.revisions[0].status, RevisionStatus::Proposed);
    assert_eq!(refinement.revisions[0].regulation, chosen);
    assert!(refinement.revisions[0].evidence.predicted > 0.0);
}

#[test]
fn a_regulation_seen_in_one_entry_alone_is_not_worth_its_cost() {
    let network = RegulatoryNetwork::new(3, [Regulation::new(GeneId::new(0), GeneId::new(1), Sign::Activation)]);
    let perturbation = [Perturbation::deletion(GeneId::new(0))];
    let mut observed = observe(&network, &perturbation, 5, Reading::Nearest);
    observed.set(0, GeneId::new(2), Some(Response::Down));
    let refinement = refined(
        &network,
        &RefinementData::measured(&perturbation, &observed),
        Reading::Nearest,
        &RefinementConfig::default(),
    );
    assert!(refinement.revisions.is_empty());
    assert_eq!(refinement.disagreements, (1, 1));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut generator = ChaCha8Rng::seed_from_u64(7);
    let truth = random_network(&mut generator, 60, 120);
    let network = random_network(&mut generator, 60, 120);
    let perturbations = every_perturbation(60);
    let observed = observe(&truth, &perturbations, 5, Reading::Nearest);
    let config = RefinementConfig { max_share: 0.5, ..Default::default() };
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            refined(&network, &RefinementData::measured(&perturbations, &observed), Reading::Nearest, &config)
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn no_gain_comes_of_nothing() {
    let network = regulon(Sign::Activation);
    let nothing = ResponseMatrix::EMPTY;
    let data = RefinementData::measured(&[], &nothing);
    let state = ExactState::new(&network, &data, 5, Reading::Nearest);
    assert_eq!(state.disagreement(), Gain::default());
    assert!(refined(&network, &data, Reading::Nearest, &RefinementConfig::default()).revisions.is_empty());
}

#[test]
fn what_one_perturbation_alone_shows_is_proposed_by_default() {
    let truth = regulon(Sign::Activation);
    // The second step lies below gene 3, which only the perturbation of gene 0 moves here.
    let chosen = Regulation::new(GeneId::new(0), GeneId::new(3), Sign::Activation);
    let faulty = without(&truth, chosen);
    let perturbations = [GeneId::new(0), GeneId::new(5), GeneId::new(6)].map(Perturbation::deletion);
    let observed = observe(&truth, &perturbations, 5, Reading::Nearest);
    let status = |min_stability| {
        let config = RefinementConfig { add_cost: 1.0, min_stability, bootstraps: 500, ..Default::default() };
        let data = RefinementData::measured(&perturbations, &observed);
        let refinement = refined(&faulty, &data, Reading::Nearest, &config);
        assert_eq!(refinement.revisions[0].regulation, chosen);
        refinement.revisions[0].status
    };
    assert_eq!(status(0.5), RevisionStatus::Applied);
    assert_eq!(status(0.9), RevisionStatus::Proposed);
}

#[test]
fn a_regulation_that_explains_the_rare_responses_is_kept_if_classes_are_balanced() {
    // Deleted ten times, the activator lowers its target in three. Counted alike, removing it corrects 7 and introduces 3 for a
    // cost of 2; balanced, each class weighs 5 in all, and nothing is gained.
    let activation = Regulation::new(GeneId::new(0), GeneId::new(1), Sign::Activation);
    let network = RegulatoryNetwork::new(2, [activation]);
    let perturbations = vec![Perturbation::deletion(GeneId::new(0)); 10];
    let mut observed = ResponseMatrix::unmeasured(10, 2);
    for row in 0..10 {
        observed.set(row, GeneId::new(1), Some(if row < 3 { Response::Down } else { Response::Unchanged }));
    }
    let revisions = |class_balance| {
        let config = RefinementConfig { class_balance, min_stability: 0.0, ..Default::default() };
        let refinement =
            refined(&network, &RefinementData::measured(&perturbations, &observed), Reading::Nearest, &config);
        (refinement.revisions.len(), refinement.disagreements)
    };
    assert_eq!(revisions(0.0), (1, (7, 3)));
    assert_eq!(revisions(1.0), (0, (7, 7)));
}

/// The screen of a regulon that the knowledge holds with one regulation too many, and that regulation.
fn contradicted() -> (RegulatoryNetwork, Regulation, Vec<Perturbation>, ResponseMatrix) {
    let truth = regulon(Sign::Activation);
    let spurious = Regulation::new(GeneId::new(0), GeneId::new(9), Sign::Activation);
    let faulty = RegulatoryNetwork::new(17, truth.regulations().iter().copied().chain([spurious]));
    let perturbations = every_perturbation(17);
    let observed = observe(&truth, &perturbations, 5, Reading::Nearest);
    (faulty, spurious, perturbations, observed)
}

fn cited(regulation: Regulation, references: usize) -> crate::biology::CitedRegulation {
    let references = (0..references).map(|number| format!("PMID:{number}")).collect();
    let citation = crate::biology::Citation { references, ..Default::default() };
    crate::biology::CitedRegulation { regulation, citation }
}

#[test]
fn a_locked_regulation_stays_however_many_entries_contradict_it() {
    let (faulty, spurious, perturbations, observed) = contradicted();
    let config = RefinementConfig { remove_cost: 1.0, flip_cost: 1.0, min_stability: 0.0, ..Default::default() };
    let open = RefinementData::measured(&perturbations, &observed);
    assert!(!refined(&faulty, &open, Reading::Nearest, &config).network.contains(spurious));
    let revision_costs = RevisionCosts::default().with_locked([spurious]);
    let locked = RefinementData { revision_costs: Some(&revision_costs), ..open };
    let refinement = refined(&faulty, &locked, Reading::Nearest, &config);
    assert!(refinement.network.contains(spurious));
    assert!(!refinement.network.contains(spurious.flipped()));
    let concerned = refinement.revisions.iter().filter(|revision| {
        (revision.regulation.regulator, revision.regulation.target) == (spurious.regulator, spurious.target)
    });
    assert_eq!(concerned.count(), 0);
}

#[test]
fn a_well_cited_regulation_asks_for_more_evidence_before_it_goes() {
    // Two entries contradict 0 → 9: the two perturbations of gene 0. With cost 1 and 7 references, W = 1 makes the cost 4.
    let (faulty, spurious, perturbations, observed) = contradicted();
    let config = RefinementConfig {
        class_balance: 0.0,
        remove_cost: 1.0,
        flip_cost: 1.0,
        min_stability: 0.0,
        ..Default::default()
    };
    for (references, weight, removed) in [(0, 1.0, true), (7, 1.0, false), (7, 0.0, true), (7, 0.1, true)] {
        let revision_costs = RevisionCosts::of(&[cited(spurious, references)], weight);
        let data = RefinementData {
            revision_costs: Some(&revision_costs),
            ..RefinementData::measured(&perturbations, &observed)
        };
        let refinement = refined(&faulty, &data, Reading::Nearest, &config);
        assert_eq!(refinement.network.contains(spurious), !removed, "{references} references, weight {weight}");
        if removed {
            let evidence = &refinement.revisions[0].evidence;
            let cost = revision_costs.factor(spurious);
            let net = (evidence.corrected.len() - evidence.introduced.len()) as f64 - cost;
            assert!((evidence.objective_decrease - net).abs() < 1e-3, "{evidence:?}");
        }
    }
}

fn numbers_are_finite(refinement: &Refinement) {
    for revision in &refinement.revisions {
        let evidence = &revision.evidence;
        assert!(evidence.objective_decrease.is_finite() && evidence.predicted.is_finite());
        let shares = [evidence.stability, evidence.q_value, evidence.confidence()];
        assert!(shares.into_iter().flatten().all(|share| (0.0..=1.0).contains(&share)), "{evidence:?}");
    }
}

#[test]
fn nothing_measured_or_nothing_but_unchanged_ends_without_a_panic() {
    let network = regulon(Sign::Activation);
    let perturbations = every_perturbation(17);
    let masked = ResponseMatrix::unmeasured(perturbations.len(), 17);
    let data = RefinementData::measured(&perturbations, &masked);
    let refinement = refined(&network, &data, Reading::Nearest, &RefinementConfig::default());
    assert!(refinement.revisions.is_empty());
    let entries = vec![Some(Response::Unchanged); 17 * perturbations.len()];
    let still = ResponseMatrix::from_entries(perturbations.len(), 17, entries);
    let data = RefinementData::measured(&perturbations, &still);
    let refinement = refined(&network, &data, Reading::Nearest, &RefinementConfig::default());
    numbers_are_finite(&refinement);
    assert!(refinement.revisions.iter().all(|revision| revision.kind == RevisionKind::Removed));
}

#[test]
fn a_network_of_one_gene_has_nothing_to_revise() {
    let gene = GeneId::new(0);
    let network = RegulatoryNetwork::new(1, [Regulation::new(gene, gene, Sign::Inhibition)]);
    let perturbations = every_perturbation(1);
    let observed = ResponseMatrix::from_entries(2, 1, vec![Some(Response::Up); 2]);
    let data = RefinementData::measured(&perturbations, &observed);
    assert!(refined(&network, &data, Reading::Nearest, &RefinementConfig::default()).revisions.is_empty());
}

#[test]
fn contradictory_experiments_cancel_and_make_no_revision() {
    let network = regulon(Sign::Activation);
    let gene = GeneId::new(0);
    let perturbations = vec![Perturbation::deletion(gene); 8];
    let mut observed = ResponseMatrix::unmeasured(8, 17);
    for row in 0..8 {
        let seen = if row % 2 == 0 { Response::Up } else { Response::Down };
        observed.set(row, GeneId::new(1), Some(seen));
    }
    let data = RefinementData::measured(&perturbations, &observed);
    let refinement = refined(&network, &data, Reading::Nearest, &RefinementConfig::default());
    numbers_are_finite(&refinement);
    assert_eq!(refinement.network, network);
    assert_eq!(refinement.disagreements, (4, 4));
}

#[test]
fn a_gene_of_ten_thousand_targets_is_judged_like_any_other() {
    let targets = 10_000;
    let act = |target| Regulation::new(GeneId::new(0), GeneId::new(target), Sign::Activation);
    let truth = RegulatoryNetwork::new(targets + 1, (1..=targets).map(act));
    let perturbations = [Perturbation::deletion(GeneId::new(0)), Perturbation::overexpression(GeneId::new(0))];
    let mut observed = observe(&truth, &perturbations, 5, Reading::Nearest);
    for row in 0..2 {
        observed.set(row, GeneId::new(1), Some(Response::Unchanged));
    }
    let config = RefinementConfig { remove_cost: 1.0, min_stability: 0.0, ..Default::default() };
    let refinement = refined(&truth, &RefinementData::measured(&perturbations, &observed), Reading::Nearest, &config);
    numbers_are_finite(&refinement);
    assert_eq!(refinement.revisions.len(), 1);
    assert_eq!((refinement.revisions[0].kind, refinement.revisions[0].regulation), (RevisionKind::Removed, act(1)));
}

#[test]
fn a_perturbed_gene_outside_the_network_is_named() {
    let network = regulon(Sign::Activation);
    let perturbations = [Perturbation::deletion(GeneId::new(99))];
    let observed = ResponseMatrix::unmeasured(1, 17);
    let data = RefinementData::measured(&perturbations, &observed);
    let error = refine(&network, &data, 5, Reading::Nearest, &RefinementConfig::default(), &NoProgress);
    let message = error.expect_err("no such gene").to_string();
    assert!(message.contains("99") && message.contains("17 genes"), "{message}");
}
