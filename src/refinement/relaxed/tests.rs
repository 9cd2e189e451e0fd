//! The sparse objective against the dense reference, finite differences and plain walk counts.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::biology::{GeneId, Perturbation, Regulation, ResponseMatrix, Sign};
use crate::progress::NoProgress;
use crate::refinement::RegulatorPool;
use crate::refinement::published::{self, Matrix, PublishedConfig, PublishedObjective, PublishedProblem};
use crate::symbolic::{Closure, Reading, Simulator};

/// A random screen of a random network, with combinations, unmeasured entries and weighted predictions.
struct Case {
    network: RegulatoryNetwork,
    measured: (Vec<Perturbation>, ResponseMatrix),
    predicted: (Vec<Perturbation>, ResponseMatrix),
    weights: Vec<f32>,
    config: RelaxedConfig,
}

fn random_regulation(n_genes: usize, generator: &mut ChaCha8Rng) -> Regulation {
    let [regulator, target] = [0; 2].map(|_| GeneId::new(generator.random_range(0..n_genes)));
    Regulation::new(regulator, target, Sign::BOTH[generator.random_range(0..2)])
}

fn random_screen(n_genes: usize, rows: usize, generator: &mut ChaCha8Rng) -> (Vec<Perturbation>, ResponseMatrix) {
    let perturbations = (0..rows).map(|_| {
        let genes = (0..generator.random_range(1..4)).map(|_| GeneId::new(generator.random_range(0..n_genes)));
        let moved: BTreeMap<_, _> = genes.map(|gene| (gene, gene.index() % 2)).collect();
        let directions = [Direction::Deletion, Direction::Overexpression];
        let moved = moved.into_iter().map(|(gene, parity)| (gene, directions[parity]));
        Perturbation::of(moved).expect("each gene is moved once")
    });
    let perturbations = perturbations.collect();
    let choices = [None, Some(Response::Down), Some(Response::Unchanged), Some(Response::Up)];
    let entries = (0..rows * n_genes).map(|_| choices[generator.random_range(0..4)]).collect();
    (perturbations, ResponseMatrix::from_entries(rows, n_genes, entries))
}

impl Case {
    /// Settings as published but for depth and temperatures, which go round with the seed.
    fn published(seed: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let n_genes = generator.random_range(3..9);
        let edges = generator.random_range(2..2 * n_genes);
        let network = RegulatoryNetwork::new(n_genes, (0..edges).map(|_| random_regulation(n_genes, &mut generator)));
        // More rows than lanes, so that several blocks are summed.
        let rows = generator.random_range(1..24);
        let measured = random_screen(n_genes, rows, &mut generator);
        let predicted = random_screen(n_genes, 3, &mut generator);
        let weights = (0..3 * n_genes).map(|_| generator.random_range(0.0..0.5)).collect();
        let config = RelaxedConfig {
            k: 1 + seed as usize % 5,
            t: generator.random_range(0.5..2.0),
            t0: generator.random_range(2.0..10.0),
            lambda: generator.random_range(0.0..1.0),
            walks: if seed.is_multiple_of(2) { Walks::Exact } else { Walks::UpTo },
            ..RelaxedConfig::published()
        };
        Self { network, measured, predicted, weights, config }
    }

    fn data(&self) -> RefinementData<'_> {
        RefinementData {
            measured: (&self.measured.0, &self.measured.1),
            predicted: (&self.predicted.0, &self.predicted.1),
            predicted_weights: &self.weights,
            revision_costs: None,
        }
    }

    fn objective(&self) -> Objective<'_> {
        Objective::new(&self.network, &self.data(), self.config).expect("in range")
    }

    /// The known regulations and some absent ones, with strengths away from the kinks at 0 and 1.
    fn relaxed(&self, seed: u64) -> RelaxedNetwork {
        let mut generator = ChaCha8Rng::seed_from_u64(!seed);
        let n_genes = self.network.n_genes();
        let absent: Vec<_> = (0..n_genes).map(|_| random_regulation(n_genes, &mut generator)).collect();
        let relaxed = RelaxedNetwork::of(&self.network).with_absent(absent);
        let strengths: Vec<_> = relaxed.strengths().iter().map(|_| generator.random_range(0.02..0.8)).collect();
        relaxed.with_strengths(&strengths)
    }

    fn dense(&self) -> PublishedObjective {
        let RelaxedConfig { k, t, t0, lambda, .. } = self.config;
        let config = PublishedConfig { k, t, t0, lambda, cumulative: self.config.walks == Walks::UpTo };
        let n_genes = self.network.n_genes();
        let tables = [(&self.measured, None), (&self.predicted, Some(&self.weights))];
        let (mut moves, mut wanted, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for ((perturbations, responses), given) in tables {
            for (row, perturbation) in perturbations.iter().enumerate() {
                let mut moved = vec![0.0; n_genes];
                for &(gene, direction) in perturbation.changes() {
                    moved[gene.index()] = f64::from(direction.value());
                }
                moves.push(moved);
                let entries = responses.row(row).iter().enumerate();
                let weight = |gene| given.map_or(1.0, |given: &Vec<f32>| f64::from(given[row * n_genes + gene]).sqrt());
                wanted.push(entries.clone().map(|(_, y)| y.map_or(0.0, |y| f64::from(y.value()))).collect());
                weights.push(entries.map(|(gene, y)| y.map_or(0.0, |_| weight(gene))).collect::<Vec<_>>());
            }
        }
        let matrix = |rows: &[Vec<f64>]| Matrix::from_rows(rows).expect("rows of one length");
        let problem = PublishedProblem {
            knowledge: published::RelaxedNetwork::of(&self.network),
            perturbations: matrix(&moves),
            responses: matrix(&wanted),
            measured: matrix(&weights),
        };
        PublishedObjective::new(problem, config).expect("in range")
    }
}

fn of_sign(network: &published::RelaxedNetwork, edge: Regulation) -> f64 {
    let matrix = match edge.sign {
        Sign::Activation => &network.activation,
        Sign::Inhibition => &network.inhibition,
    };
    matrix.get(edge.regulator.index(), edge.target.index())
}

fn densified(network: &RelaxedNetwork) -> published::RelaxedNetwork {
    let mut dense = published::RelaxedNetwork::of(&RegulatoryNetwork::new(network.n_genes(), []));
    for (edge, &strength) in network.regulations().iter().zip(network.strengths()) {
        let matrix = match edge.sign {
            Sign::Activation => &mut dense.activation,
            Sign::Inhibition => &mut dense.inhibition,
        };
        matrix.set(edge.regulator.index(), edge.target.index(), strength);
    }
    dense
}

fn close(left: f64, right: f64, relative: f64) -> bool {
    (left - right).abs() <= relative * (1.0 + left.abs().max(right.abs()))
}

#[test]
fn value_and_gradient_are_those_of_the_dense_reference() {
    for seed in 0..200 {
        let case = Case::published(seed);
        let relaxed = case.relaxed(seed);
        let dense = densified(&relaxed);
        let (value, gradient) = case.objective().value_and_gradient(&relaxed).expect("it fits");
        let (expected, derivatives) = case.dense().value_and_gradient(&dense).expect("it fits");
        assert!(close(value, expected, 1e-10), "seed {seed}: {value} against {expected}");
        for (&edge, &derivative) in relaxed.regulations().iter().zip(&gradient) {
            let expected = of_sign(&derivatives, edge);
            assert!(close(derivative, expected, 1e-9), "seed {seed}, {edge:?}: {derivative} against {expected}");
        }
    }
}

#[test]
fn the_gradient_is_the_derivative_of_the_value_with_and_without_clamping_and_by_either_anchor() {
    for seed in 0..60 {
        let mut case = Case::published(seed);
        case.config.clamped = seed % 3 != 0;
        case.config.anchor = if seed % 4 < 2 { Anchor::Strength } else { Anchor::Indicator };
        let relaxed = case.relaxed(seed);
        let objective = case.objective();
        let prepared = objective.over(&relaxed).expect("it fits");
        let (value, gradient) = prepared.value_and_gradient(relaxed.strengths());
        assert!(close(value, prepared.value(relaxed.strengths()), 1e-12));
        let step = 1e-6;
        for (index, &derivative) in gradient.iter().enumerate() {
            let moved = |by: f64| {
                let mut strengths = relaxed.strengths().to_vec();
                strengths[index] += by;
                prepared.value(&strengths)
            };
            let difference = (moved(step) - moved(-step)) / (2.0 * step);
            assert!(close(derivative, difference, 1e-5), "seed {seed}: {derivative} against {difference}");
        }
    }
}

/// The second method: walks counted one by one by the symbolic room.
#[test]
fn at_strength_one_the_clamped_objective_follows_from_counting_walks() {
    for seed in 0..60 {
        let mut case = Case::published(seed);
        (case.config.clamped, case.config.anchor) = (true, Anchor::Strength);
        let closure = Closure::new(&case.network, case.config.k, Reading::Nearest);
        let mut expected = 0.0;
        for ((perturbations, responses), given) in [(&case.measured, None), (&case.predicted, Some(&case.weights))] {
            for (row, perturbation) in perturbations.iter().enumerate() {
                let (up, down) = closure.walk_counts(perturbation);
                for (gene, response) in responses.row(row).iter().enumerate() {
                    let Some(response) = response.filter(|_| !perturbation.moves(GeneId::new(gene))) else { continue };
                    let counted = |walks: &[Vec<f64>]| match case.config.walks {
                        Walks::Exact => walks[case.config.k - 1][gene],
                        Walks::UpTo => walks.iter().map(|walks| walks[gene]).sum::<f64>(),
                    };
                    let [u, v] = [counted(&up), counted(&down)].map(|z| 1.0 - (-case.config.t * z).exp());
                    let weight = given.map_or(1.0, |given| f64::from(given[row * responses.n_genes() + gene]));
                    expected += weight * (u - v - f64::from(response.value())).powi(2);
                }
            }
        }
        let (value, _) = case.objective().value_and_gradient(&RelaxedNetwork::of(&case.network)).expect("it fits");
        assert!(close(value, expected, 1e-10), "seed {seed}: {value} against {expected}");
    }
}

#[test]
fn screening_finds_the_dense_gradient_at_every_absent_regulation() {
    for seed in 0..100 {
        let mut case = Case::published(seed);
        case.config.lambda = 0.0;
        let relaxed = case.relaxed(seed);
        let derivatives = case.dense().gradient(&densified(&relaxed)).expect("it fits");
        let screen = ScreenConfig { budget: 10_000, least_derivative: Some(1e-9), regulators: RegulatorPool::Any };
        let found = case.objective().screen(&relaxed, &screen, &NoProgress).expect("in range");
        let found: BTreeMap<_, _> = found.into_iter().collect();
        let genes = || (0..case.network.n_genes()).map(GeneId::new);
        let pairs = genes().flat_map(|regulator| genes().map(move |target| (regulator, target)));
        for edge in pairs.flat_map(|(i, j)| Sign::BOTH.map(|sign| Regulation::new(i, j, sign))) {
            let expected = if relaxed.contains(edge) { 0.0 } else { of_sign(&derivatives, edge).min(0.0) };
            let derivative = found.get(&edge).copied().unwrap_or(0.0);
            assert!(close(derivative, expected, 1e-8), "seed {seed}, {edge:?}: {derivative} against {expected}");
        }
    }
}

#[test]
fn a_screened_derivative_is_the_gradient_that_the_regulation_gets_once_it_has_strength_zero() {
    for seed in 0..60 {
        let mut case = Case::published(seed);
        case.config.clamped = true;
        let relaxed = RelaxedNetwork::of(&case.network);
        let objective = case.objective();
        let screen = ScreenConfig { budget: 20, least_derivative: Some(0.0), regulators: RegulatorPool::Known };
        let found = objective.screen(&relaxed, &screen, &NoProgress).expect("in range");
        assert!(found.windows(2).all(|pair| pair[0].1 <= pair[1].1), "steepest first");
        let wider = relaxed.with_absent(found.iter().map(|&(edge, _)| edge));
        let (_, gradient) = objective.value_and_gradient(&wider).expect("it fits");
        for (edge, derivative) in found {
            let place = wider.regulations().binary_search(&edge).expect("it was given a strength");
            assert!(close(derivative, gradient[place], 1e-9), "seed {seed}, {edge:?}");
        }
    }
}

#[test]
fn sums_do_not_depend_on_the_number_of_threads() {
    let mut generator = ChaCha8Rng::seed_from_u64(7);
    let n_genes = 300;
    let network = RegulatoryNetwork::new(n_genes, (0..900).map(|_| random_regulation(n_genes, &mut generator)));
    let (perturbations, observed) = random_screen(n_genes, 400, &mut generator);
    let data = RefinementData::measured(&perturbations, &observed);
    let objective = Objective::new(&network, &data, RelaxedConfig::default()).expect("in range");
    let all = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let relaxed = RelaxedNetwork::of(&network);
            let found = objective.screen(&relaxed, &ScreenConfig::default(), &NoProgress).expect("in range");
            let wider = relaxed.with_absent(found.iter().map(|&(edge, _)| edge));
            (objective.value_and_gradient(&wider).expect("it fits"), found)
        })
    };
    assert_eq!(all(1), all(4));
}

#[test]
fn one_missing_inhibition_pulls_as_worked_by_hand() {
    // 0 → 1 is known, deleting 0 lowers 1 as it should and raises 2, which nothing explains.
    let network = RegulatoryNetwork::new(3, [Regulation::new(GeneId::new(0), GeneId::new(1), Sign::Activation)]);
    let perturbations = [Perturbation::deletion(GeneId::new(0))];
    let entries = vec![Some(Response::Down), Some(Response::Down), Some(Response::Up)];
    let observed = ResponseMatrix::from_entries(1, 3, entries);
    let data = RefinementData::measured(&perturbations, &observed);
    let config = RelaxedConfig { k: 1, ..RelaxedConfig::default() };
    let objective = Objective::new(&network, &data, config).expect("in range");
    let relaxed = RelaxedNetwork::of(&network);
    let (value, gradient) = objective.value_and_gradient(&relaxed).expect("it fits");
    // The known one says ε(1) = 1 − e⁻¹ of the wanted 1, the missing one nothing of 1; its derivative is −2·1·ε'(0) = −2.
    assert!((value - ((-2.0_f64).exp() + 1.0)).abs() < 1e-12, "{value}");
    assert!((gradient[0] + 2.0 * (-2.0_f64).exp()).abs() < 1e-12);
    let found = objective.screen(&relaxed, &ScreenConfig::default(), &NoProgress).expect("in range");
    assert_eq!(found, [(Regulation::new(GeneId::new(0), GeneId::new(2), Sign::Inhibition), -2.0)]);
}

#[test]
fn settings_and_shapes_out_of_range_are_refused() {
    let network = RegulatoryNetwork::new(2, []);
    let none = ResponseMatrix::unmeasured(0, 2);
    let data = RefinementData::measured(&[], &none);
    for config in [
        RelaxedConfig { k: 0, ..RelaxedConfig::default() },
        RelaxedConfig { k: 17, ..RelaxedConfig::default() },
        RelaxedConfig { t: 0.0, ..RelaxedConfig::default() },
        RelaxedConfig { t0: f64::NAN, ..RelaxedConfig::default() },
        RelaxedConfig { lambda: -1.0, ..RelaxedConfig::default() },
    ] {
        let refused = Objective::new(&network, &data, config);
        assert!(matches!(refused, Err(RefinementError::OutOfRange { .. })), "{config:?}");
    }
    let objective = Objective::new(&network, &data, RelaxedConfig::default()).expect("in range");
    let other = RelaxedNetwork::of(&RegulatoryNetwork::new(3, []));
    assert!(matches!(objective.over(&other), Err(RefinementError::ShapeMismatch { .. })));
    let least_derivative = Some(f64::NAN);
    let refused = objective.screen(
        &RelaxedNetwork::of(&network),
        &ScreenConfig { least_derivative, ..ScreenConfig::default() },
        &NoProgress,
    );
    assert!(matches!(refused, Err(RefinementError::OutOfRange { .. })));
    let (value, gradient) = objective.value_and_gradient(&RelaxedNetwork::of(&network)).expect("it fits");
    assert_eq!((value, gradient.len()), (0.0, 0), "no data, no misfit");
}

/// Networks with faults, screened as the true ones respond: the same start and as many epochs for both.
#[test]
fn the_descent_ends_no_higher_than_the_dense_one() {
    let mut lower = 0;
    for seed in 0..DESCENTS {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let n_genes = generator.random_range(4..8);
        let network =
            RegulatoryNetwork::new(n_genes, (0..2 * n_genes).map(|_| random_regulation(n_genes, &mut generator)));
        let faulty = |edge: &Regulation| if generator.random_bool(0.3) { edge.flipped() } else { *edge };
        let truth = RegulatoryNetwork::new(n_genes, network.regulations().iter().map(faulty).collect::<Vec<_>>());
        let genes = || (0..n_genes).map(GeneId::new);
        let perturbations: Vec<_> =
            genes().map(Perturbation::deletion).chain(genes().map(Perturbation::overexpression)).collect();
        let k = 1 + seed as usize % 3;
        let observed = Closure::new(&truth, k, Reading::Naive).simulate(&perturbations);
        let data = RefinementData::measured(&perturbations, &observed);
        let (t0, lambda) = [(100.0, 1.0), (20.0, 0.3)][seed as usize % 2];
        let walks = if seed < DESCENTS / 2 { Walks::Exact } else { Walks::UpTo };
        let config = RelaxedConfig { k, t0, lambda, walks, ..RelaxedConfig::published() };

        let dense = PublishedProblem::of(&network, &perturbations, &observed).expect("it fits");
        let published = PublishedConfig { k, t: 1.0, t0, lambda, cumulative: walks == Walks::UpTo };
        let dense = PublishedObjective::new(dense, published).expect("in range");
        let epochs = 200;
        let adam = published::DescentConfig { epochs, ..published::DescentConfig::default() };
        let theirs = dense.minimise(&adam, &NoProgress).expect("in range");

        let pairs = genes().flat_map(|regulator| genes().map(move |target| (regulator, target)));
        let every = pairs.flat_map(|(i, j)| Sign::BOTH.map(|sign| Regulation::new(i, j, sign)));
        let start = RelaxedNetwork::of(&network).with_absent(every);
        let objective = Objective::new(&network, &data, config).expect("in range");
        let descent = DescentConfig { epochs, ..DescentConfig::default() };
        let ours = objective.descend(start, &descent, &NoProgress).expect("in range");
        assert!(ours.values.windows(2).all(|pair| pair[1] <= pair[0]), "seed {seed}: it never rises");
        // Both are judged by the dense reference.
        let value = dense.value(&densified(&ours.network)).expect("it fits");
        assert!(close(value, ours.value, 1e-9), "seed {seed}");
        assert!(value <= theirs.value * (1.0 + 1e-6), "seed {seed}: {value} against {}", theirs.value);
        lower += usize::from(value < theirs.value * 0.99);
    }
    assert!(lower > DESCENTS as usize / 2, "lower in {lower} of {DESCENTS}");
}

const DESCENTS: u64 = 16;

/// Knowledge with one of each fault, seen by both perturbations of every gene.
#[test]
fn a_missing_a_false_and_a_turned_regulation_are_candidates_and_no_other() {
    let edge = |regulator, target, sign| Regulation::new(GeneId::new(regulator), GeneId::new(target), sign);
    let (on, off) = (Sign::Activation, Sign::Inhibition);
    // 3 → 4 -| 1 is a chain, which data that agree must not turn into a shortcut.
    let shared = [edge(0, 1, on), edge(0, 2, off), edge(3, 4, on), edge(4, 1, off), edge(3, 7, off)];
    let (missing, spurious, turned) = (edge(5, 6, on), edge(3, 6, off), edge(0, 7, on));
    let truth = RegulatoryNetwork::new(8, shared.into_iter().chain([missing, turned.flipped()]));
    let network = RegulatoryNetwork::new(8, shared.into_iter().chain([spurious, turned]));
    let genes = || (0..8).map(GeneId::new);
    let perturbations: Vec<_> =
        genes().map(Perturbation::deletion).chain(genes().map(Perturbation::overexpression)).collect();
    let observed = Closure::new(&truth, 5, Reading::Nearest).simulate(&perturbations);
    let data = RefinementData::measured(&perturbations, &observed);
    let mut found = candidates(&network, &data, &CandidateConfig::default(), &NoProgress).expect("in range");
    found.sort_unstable();
    use crate::biology::RevisionKind::{Added, Removed, SignFlipped};
    assert_eq!(found, [(Added, missing), (Removed, spurious), (SignFlipped, turned)]);
    let agreeing = candidates(&truth, &data, &CandidateConfig::default(), &NoProgress).expect("in range");
    assert_eq!(agreeing, [], "where data and knowledge agree nothing is proposed");
}

/// Asks to stop at once.
struct Impatient;

impl crate::progress::Progress for Impatient {
    fn begin(&self, _phase: &str, _steps: u64) {}
    fn advance(&self, _steps: u64) {}
    fn is_cancelled(&self) -> bool {
        true
    }
}

#[test]
fn a_cancelled_descent_hands_back_where_it_is() {
    let case = Case::published(3);
    let start = case.relaxed(3);
    let descent = case.objective().descend(start.clone(), &DescentConfig::default(), &Impatient).expect("in range");
    assert_eq!((descent.stop, &descent.network), (DescentStop::Cancelled, &start));
    let found = case.objective().screen(&start, &ScreenConfig::default(), &Impatient).expect("in range");
    assert!(found.is_empty());
}
