//! The search against slow plain methods: exhaustive search, and evaluation from scratch.

use std::collections::BTreeSet;

use super::super::certificate::open_additions;
use super::super::commit::Search;
use super::*;
use crate::biology::Direction;
use crate::progress::Progress;

/// Single genes both ways, and some pairs.
fn singles_and_pairs(generator: &mut ChaCha8Rng, n_genes: usize) -> Vec<Perturbation> {
    let mut perturbations = every_perturbation(n_genes);
    for _ in 0..n_genes {
        let mut change = || {
            let direction = if generator.random() { Direction::Deletion } else { Direction::Overexpression };
            (GeneId::new(generator.random_range(0..n_genes)), direction)
        };
        perturbations.extend(Perturbation::of([change(), change()]));
    }
    perturbations
}

/// Every single revision of these regulations, by the regulations that it leads to. A second sign next to a known one may
/// only come back, as it was in the original.
fn neighbours(original: &RegulatoryNetwork, present: &BTreeSet<Regulation>) -> Vec<BTreeSet<Regulation>> {
    let mut found = Vec::new();
    let mut changed = |without: Option<Regulation>, with: Option<Regulation>| {
        let mut next = present.clone();
        without.map(|regulation| next.remove(&regulation));
        next.extend(with);
        found.push(next);
    };
    let genes = || (0..original.n_genes()).map(GeneId::new);
    for (regulator, target) in genes().flat_map(|i| genes().map(move |j| (i, j))).filter(|(i, j)| i != j) {
        for regulation in Sign::BOTH.map(|sign| Regulation::new(regulator, target, sign)) {
            let has_other_sign = present.contains(&regulation.flipped());
            if present.contains(&regulation) {
                changed(Some(regulation), None);
                if !has_other_sign {
                    changed(Some(regulation), Some(regulation.flipped()));
                }
            } else if !has_other_sign || original.contains(regulation) {
                changed(None, Some(regulation));
            }
        }
    }
    found
}

/// A network, what it should say, and how it is read.
struct Question {
    original: RegulatoryNetwork,
    perturbations: Vec<Perturbation>,
    observed: ResponseMatrix,
    reading: Reading,
    config: RefinementConfig,
}

impl Question {
    fn draw(seed: u64, n_genes: usize, reading: Reading) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let truth = random_network(&mut generator, n_genes, n_genes + 1);
        let original = random_network(&mut generator, n_genes, n_genes + 1);
        let perturbations = singles_and_pairs(&mut generator, n_genes);
        let mut observed = observe(&truth, &perturbations, 5, reading);
        for row in 0..perturbations.len() {
            let gene = GeneId::new(generator.random_range(0..n_genes));
            let noise =
                *[None, Some(Response::Up), Some(Response::Down)].choose(&mut generator).expect("three choices");
            observed.set(row, gene, noise);
        }
        let cost = |generator: &mut ChaCha8Rng| f64::from(generator.random_range(1..4u8));
        let config = RefinementConfig {
            add_cost: cost(&mut generator),
            remove_cost: cost(&mut generator),
            flip_cost: cost(&mut generator),
            class_balance: 0.0,
            max_share: 10.0,
            max_added_share: 10.0,
            bootstraps: 0,
            min_stability: 0.0,
            simulations: 0,
            ..Default::default()
        };
        Self { original, perturbations, observed, reading, config }
    }

    fn present(&self) -> BTreeSet<Regulation> {
        self.original.regulations().iter().copied().collect()
    }

    fn refined(&self) -> Refinement {
        refined(
            &self.original,
            &RefinementData::measured(&self.perturbations, &self.observed),
            self.reading,
            &self.config,
        )
    }

    /// The objective from scratch, in entries: what the simulator says wrong, and what the differences cost.
    fn objective(&self, regulations: &BTreeSet<Regulation>) -> i64 {
        let network = RegulatoryNetwork::new(self.original.n_genes(), regulations.iter().copied());
        let wrong = disagreements(&network, &self.original, &self.perturbations, &self.observed, 5, self.reading);
        let known = self.present();
        let lost: Vec<_> = known.difference(regulations).collect();
        let gained: BTreeSet<_> = regulations.difference(&known).copied().collect();
        let turned = lost.iter().filter(|regulation| gained.contains(&regulation.flipped())).count() as i64;
        let (lost, gained) = (lost.len() as i64 - turned, gained.len() as i64 - turned);
        let RefinementConfig { add_cost, remove_cost, flip_cost, .. } = self.config;
        wrong + gained * add_cost as i64 + lost * remove_cost as i64 + turned * flip_cost as i64
    }

    /// The least objective over all networks of these genes: each pair without regulation, with either sign, or as it was.
    fn least_of_all(&self) -> i64 {
        let genes = || (0..self.original.n_genes()).map(GeneId::new);
        let pairs: Vec<_> = genes().flat_map(|i| genes().map(move |j| (i, j))).filter(|(i, j)| i != j).collect();
        let own = self.present().into_iter().filter(|regulation| regulation.regulator == regulation.target);
        let mut networks = vec![own.collect::<BTreeSet<_>>()];
        for (regulator, target) in pairs {
            let signs = Sign::BOTH.map(|sign| Regulation::new(regulator, target, sign));
            let mut choices = vec![vec![], vec![signs[0]], vec![signs[1]]];
            if signs.iter().all(|&regulation| self.original.contains(regulation)) {
                choices.push(signs.to_vec());
            }
            let with = |network: &BTreeSet<Regulation>, choice: &[Regulation]| {
                network.iter().chain(choice).copied().collect::<BTreeSet<_>>()
            };
            networks = networks.iter().flat_map(|network| choices.iter().map(|choice| with(network, choice))).collect();
        }
        networks.iter().map(|network| self.objective(network)).min().expect("at least the original")
    }
}

#[test]
fn what_is_certified_no_single_revision_betters() {
    let mut certified = 0;
    for seed in 0..60 {
        let question = Question::draw(seed, 2 + seed as usize % 5, READINGS[seed as usize % 3]);
        let refinement = question.refined();
        let present: BTreeSet<_> = refinement.network.regulations().iter().copied().collect();
        let reached = question.objective(&present);
        assert!(reached <= question.objective(&question.present()), "seed {seed}");
        if refinement.certificate == Certificate::LocalOptimum {
            certified += 1;
            for neighbour in neighbours(&question.original, &present) {
                assert!(question.objective(&neighbour) >= reached, "seed {seed}: {neighbour:?} betters {present:?}");
            }
        }
    }
    assert_eq!(certified, 60, "so small networks leave no addition untried");
}

#[test]
fn among_all_networks_of_three_genes_the_search_mostly_finds_the_best() {
    let reaches_the_best = |seed: u64| {
        let question = Question::draw(seed, 3, READINGS[seed as usize % 3]);
        let refinement = question.refined();
        let reached = question.objective(&refinement.network.regulations().iter().copied().collect());
        let least = question.least_of_all();
        assert!(reached >= least, "seed {seed}");
        reached == least
    };
    let best = (0..90).filter(|&seed| reaches_the_best(seed)).count();
    assert!(best >= 75, "{best} of 90");
}

#[test]
fn no_set_of_six_revisions_of_four_genes_is_often_better_than_what_the_search_finds() {
    // The six hold the revisions that lead to the truth, as far as they go, and random ones.
    let mut as_good = 0;
    for seed in 0..100 {
        let question = Question::draw(seed, 4, READINGS[seed as usize % 3]);
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let truth = random_network(&mut generator, 4, 5);
        let wanted: BTreeSet<_> = truth.regulations().iter().copied().collect();
        let present = question.present();
        let mut toggled: Vec<_> = present.symmetric_difference(&wanted).copied().collect();
        toggled.retain(|regulation| regulation.regulator != regulation.target);
        while toggled.len() < 6 {
            let (i, j) = (generator.random_range(0..4), generator.random_range(0..3));
            let j = if j < i { j } else { j + 1 };
            let regulation = Regulation::new(GeneId::new(i), GeneId::new(j), Sign::BOTH[generator.random_range(0..2)]);
            if !toggled.contains(&regulation) {
                toggled.push(regulation);
            }
        }
        toggled.truncate(6);
        let revised = |set: usize| {
            let chosen = toggled.iter().enumerate().filter(|(place, _)| set >> place & 1 == 1);
            let chosen: BTreeSet<_> = chosen.map(|(_, &regulation)| regulation).collect();
            present.symmetric_difference(&chosen).copied().collect::<BTreeSet<_>>()
        };
        let least = (0..64).map(|set| question.objective(&revised(set))).min().expect("the empty set is one");
        let refinement = question.refined();
        let reached = question.objective(&refinement.network.regulations().iter().copied().collect());
        as_good += usize::from(reached <= least);
    }
    assert!(as_good >= 77, "{as_good} of 100");
}

#[test]
fn no_addition_that_gains_is_ruled_out_by_its_bound() {
    for seed in 0..60 {
        let mut question = Question::draw(seed, 3 + seed as usize % 12, READINGS[seed as usize % 3]);
        question.config = RefinementConfig { add_cost: 0.0, class_balance: 0.7, ..question.config };
        let data = RefinementData::measured(&question.perturbations, &question.observed);
        let Question { original, reading, config, .. } = &question;
        for depth in 1..=5 {
            let mut search = Search::new(original, &data, depth, *reading, config);
            let open = open_additions(&search, usize::MAX / 2, &NoProgress).expect("nobody stops it").actions;
            let genes = || (0..original.n_genes()).map(GeneId::new);
            for (regulator, target) in genes().flat_map(|i| genes().map(move |j| (i, j))).filter(|(i, j)| i != j) {
                for regulation in Sign::BOTH.map(|sign| Regulation::new(regulator, target, sign)) {
                    let action = Action { kind: RevisionKind::Added, regulation };
                    if search.is_open(action) && !open.contains(&action) {
                        let gain = search.state.gains(&[action.edits()])[0].total();
                        assert!(gain <= 0, "seed {seed}, depth {depth}: {regulation:?} gains {gain}");
                    }
                }
            }
        }
    }
}

#[test]
fn no_revision_is_bettered_by_an_addition_of_the_same_regulator_or_target_in_its_place() {
    let mut tried = 0;
    for seed in 0..60 {
        let question = Question::draw(seed, 3 + seed as usize % 4, READINGS[seed as usize % 3]);
        let refinement = question.refined();
        let present: BTreeSet<_> = refinement.network.regulations().iter().copied().collect();
        let reached = question.objective(&present);
        let revised = |regulator, target| {
            let signs = Sign::BOTH.map(|sign| Regulation::new(regulator, target, sign));
            signs.iter().any(|regulation| present.contains(regulation) != question.original.contains(*regulation))
        };
        for revision in &refinement.revisions {
            let mut undone = present.clone();
            for edit in (Action { kind: revision.kind, regulation: revision.regulation }).reversed().edits() {
                if edit.insert {
                    undone.insert(edit.regulation)
                } else {
                    undone.remove(&edit.regulation)
                };
            }
            let Regulation { regulator, target, .. } = revision.regulation;
            for other in (0..question.original.n_genes()).map(GeneId::new) {
                for (regulator, target) in [(regulator, other), (other, target)] {
                    let both_signs = Sign::BOTH.map(|sign| Regulation::new(regulator, target, sign));
                    if regulator == target
                        || revised(regulator, target)
                        || both_signs.iter().any(|known| undone.contains(known))
                    {
                        continue;
                    }
                    for added in both_signs {
                        let swapped: BTreeSet<_> = undone.iter().copied().chain([added]).collect();
                        assert!(question.objective(&swapped) >= reached, "seed {seed}: {added:?} for {revision:?}");
                        tried += 1;
                    }
                }
            }
        }
    }
    assert!(tried > 500, "{tried} swaps");
}

#[test]
fn incremental_evaluation_agrees_with_evaluation_from_scratch_over_a_thousand_revisions() {
    let n_genes = 12;
    for (seed, reading) in [Reading::Naive, Reading::Nearest].into_iter().enumerate() {
        let mut generator = ChaCha8Rng::seed_from_u64(seed as u64);
        let network = random_network(&mut generator, n_genes, 2 * n_genes);
        let network = with_random_effects(network, &mut generator);
        let perturbations = singles_and_pairs(&mut generator, n_genes);
        let wanted = random_responses(&mut generator, perturbations.len(), n_genes);
        let data = RefinementData::measured(&perturbations, &wanted);
        let mut state = ExactState::new(&network, &data, 4, reading);
        let mut present: BTreeSet<_> = network.regulations().iter().copied().collect();
        let mut wrong = state.disagreement();
        for step in 0..1000 {
            let (i, j) = (generator.random_range(0..n_genes), generator.random_range(0..n_genes - 1));
            let j = if j < i { j } else { j + 1 };
            let sign = Sign::BOTH[generator.random_range(0..2)];
            let regulation = Regulation::new(GeneId::new(i), GeneId::new(j), sign);
            let kind = match (present.contains(&regulation), present.contains(&regulation.flipped())) {
                (true, false) if generator.random() => RevisionKind::SignFlipped,
                (true, _) => RevisionKind::Removed,
                (false, _) if present.len() < 3 * n_genes => RevisionKind::Added,
                _ => continue,
            };
            let edits = Action { kind, regulation }.edits();
            let gain = state.gains(std::slice::from_ref(&edits))[0];
            let effects = state.effects(&edits);
            state.apply(&edits);
            for edit in &edits {
                if edit.insert {
                    present.insert(edit.regulation)
                } else {
                    present.remove(&edit.regulation)
                };
            }
            let now = state.disagreement();
            assert_eq!(wrong.total() - now.total(), gain.total(), "step {step}");
            assert_eq!(effects.iter().map(|effect| effect.weight).sum::<i64>(), gain.total(), "step {step}");
            wrong = now;
            if step % 25 != 0 && step != 999 {
                continue;
            }
            let from_scratch = RegulatoryNetwork::new(n_genes, present.iter().copied());
            let counted = disagreements(&from_scratch, &network, &perturbations, &wanted, 4, reading);
            assert_eq!(wrong.total(), counted * UNIT, "step {step}");
            let told = [told_by_effects(&network, &perturbations, 4, reading), Vec::new()];
            let fresh = ExactState::settled(&from_scratch, &told, &data, 4, reading, 0.0);
            assert_eq!(state.arcs.targets, fresh.arcs.targets);
            assert_eq!(state.arcs.regulators, fresh.arcs.regulators);
            assert_eq!(state.reach, fresh.reach, "step {step}");
            for (index, (kept, new)) in state.rows.iter().zip(&fresh.rows).enumerate() {
                assert_eq!(kept.depths, new.depths, "step {step}, row {index}");
            }
        }
    }
}

/// Asks to stop after this many questions whether to.
struct Impatient(std::sync::atomic::AtomicI64);

impl Progress for Impatient {
    fn begin(&self, _phase: &str, _steps: u64) {}

    fn advance(&self, _steps: u64) {}

    fn is_cancelled(&self) -> bool {
        self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) <= 0
    }
}

#[test]
fn a_search_stopped_anywhere_leaves_no_worse_a_network_than_it_was_given() {
    // Caution asks more than the cost of what is accepted, and may give up for less what it asked more for; but what it
    // asks falls from level to level, so that the disagreement with all that was asked for falls at every step.
    for (seed, patience) in (0..40).flat_map(|seed| [0, 1, 2, 3, 5, 8, 13, 21, 40, 80].map(|patience| (seed, patience)))
    {
        let question = Question::draw(seed, 8, READINGS[seed as usize % 3]);
        let data = RefinementData::measured(&question.perturbations, &question.observed);
        let Question { original, reading, config, .. } = &question;
        let mut search = Search::new(original, &data, 5, *reading, config);
        let before = search.objective();
        let certificate = search.run(Course { from: None, keep: &mut |_| () }, &Impatient(patience.into()));
        assert!(search.objective() <= before, "seed {seed}, patience {patience}");
        assert!(patience > 0 || certificate == Certificate::Uncertified);
    }
}
