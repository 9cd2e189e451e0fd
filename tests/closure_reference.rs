//! The signed closure against a slow plain reference: dense signed matrices, exact integers, walks counted by powers.

use aligned::biology::{Direction, GeneId, Perturbation, Regulation, Response, Sign};
use aligned::network::RegulatoryNetwork;
use aligned::symbolic::{Closure, Reading, Simulator};
use proptest::prelude::*;

type Matrix = Vec<Vec<i128>>;

/// `A` or `S` of the method: entries 1, or the sign; columns of perturbed genes and the diagonal are zero.
fn matrix(network: &RegulatoryNetwork, perturbation: &Perturbation, entry: impl Fn(Sign) -> i128) -> Matrix {
    let mut matrix = vec![vec![0; network.n_genes()]; network.n_genes()];
    for edge in network.regulations() {
        if edge.regulator != edge.target && !perturbation.moves(edge.target) {
            matrix[edge.regulator.index()][edge.target.index()] += entry(edge.sign);
        }
    }
    matrix
}

fn product(left: &Matrix, right: &Matrix) -> Matrix {
    let n = left.len();
    let entry = |i: usize, j: usize| (0..n).map(|between| left[i][between] * right[between][j]).sum();
    (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
}

/// `p_d` and `m_d` for `d = 1…depth`, by `½(|x|ᵀAᵈ ± xᵀSᵈ)` on the full matrix powers.
fn walk_counts(network: &RegulatoryNetwork, perturbation: &Perturbation, depth: usize) -> Vec<Vec<(i128, i128)>> {
    let all = matrix(network, perturbation, |_| 1);
    let signed = matrix(network, perturbation, |sign| sign.value().into());
    let (mut all_power, mut signed_power) = (all.clone(), signed.clone());
    let mut counts = Vec::new();
    for _ in 0..depth {
        let at = |gene: usize| {
            let starts = perturbation.changes().iter();
            let (a, s) = starts.fold((0, 0), |(a, s), (start, direction)| {
                let row = start.index();
                (a + all_power[row][gene], s + i128::from(direction.value()) * signed_power[row][gene])
            });
            ((a + s) / 2, (a - s) / 2)
        };
        counts.push((0..network.n_genes()).map(at).collect());
        (all_power, signed_power) = (product(&all_power, &all), product(&signed_power, &signed));
    }
    counts
}

fn by_presence((positive, negative): (i128, i128)) -> Response {
    match (positive > 0, negative > 0) {
        (true, true) => Response::Ambiguous,
        (true, false) => Response::Up,
        (false, true) => Response::Down,
        (false, false) => Response::Unchanged,
    }
}

/// The majority reading with `α = ½`, `τ = 1/5`, in integers: weights `2^(depth − d)`, ratio compared crosswise.
fn by_majority(walks: &[(i128, i128)]) -> Response {
    let (mut difference, mut total) = (0, 0);
    let longest = walks.len();
    for (index, (positive, negative)) in walks.iter().enumerate() {
        let weight = 1_i128 << (longest - 1 - index);
        difference += weight * (positive - negative);
        total += weight * (positive + negative);
    }
    match 5 * difference {
        _ if total == 0 => Response::Unchanged,
        scaled if scaled > total => Response::Up,
        scaled if scaled < -total => Response::Down,
        _ => Response::Ambiguous,
    }
}

fn reference(
    network: &RegulatoryNetwork,
    perturbation: &Perturbation,
    depth: usize,
    reading: Reading,
) -> Vec<Response> {
    let counts = walk_counts(network, perturbation, depth);
    let read = |gene: usize| {
        let walks: Vec<_> = counts.iter().map(|counts| counts[gene]).collect();
        match reading {
            Reading::Naive => by_presence(walks.iter().fold((0, 0), |sum, walks| (sum.0 + walks.0, sum.1 + walks.1))),
            Reading::Nearest => {
                walks.into_iter().map(by_presence).find(|&r| r != Response::Unchanged).unwrap_or(Response::Unchanged)
            }
            Reading::Majority { .. } => by_majority(&walks),
        }
    };
    let mut responses: Vec<_> = (0..network.n_genes()).map(read).collect();
    for &(gene, direction) in perturbation.changes() {
        responses[gene.index()] = if direction == Direction::Deletion { Response::Down } else { Response::Up };
    }
    responses
}

fn networks() -> impl Strategy<Value = RegulatoryNetwork> {
    (2..14_usize).prop_flat_map(|n| {
        let edge = (0..n, 0..n, any::<bool>());
        proptest::collection::vec(edge, 0..4 * n).prop_map(move |edges| {
            let regulations = edges.into_iter().map(|(regulator, target, activates)| {
                let sign = if activates { Sign::Activation } else { Sign::Inhibition };
                Regulation::new(GeneId::new(regulator), GeneId::new(target), sign)
            });
            RegulatoryNetwork::new(n, regulations)
        })
    })
}

fn perturbations() -> impl Strategy<Value = Vec<Perturbation>> {
    let direction = prop_oneof![Just(Direction::Deletion), Just(Direction::Overexpression)];
    let single = (direction.clone()).prop_map(|direction| Perturbation::of([(GeneId::new(0), direction)]));
    let double = (direction.clone(), direction)
        .prop_map(|(first, second)| Perturbation::of([(GeneId::new(0), first), (GeneId::new(1), second)]));
    proptest::collection::vec(prop_oneof![single, double].prop_map(|p| p.expect("one direction a gene")), 1..70)
}

proptest! {
    #[test]
    fn every_reading_equals_that_of_exact_walk_counts(
        network in networks(),
        perturbations in perturbations(),
        depth in 1..9_usize,
    ) {
        for reading in [Reading::Naive, Reading::Nearest, Reading::MAJORITY] {
            let fast = Closure::new(&network, depth, reading).simulate(&perturbations);
            for (row, perturbation) in perturbations.iter().enumerate() {
                let plain = reference(&network, perturbation, depth, reading);
                let fast: Vec<_> = fast.row(row).iter().map(|entry| entry.expect("every entry is filled")).collect();
                prop_assert_eq!(fast, plain, "{:?} at depth {}", reading, depth);
            }
        }
    }

    #[test]
    fn walk_counts_equal_powers_of_the_signed_matrix(
        network in networks(),
        perturbations in perturbations(),
        depth in 1..9_usize,
    ) {
        let perturbation = &perturbations[0];
        let (positive, negative) = Closure::new(&network, depth, Reading::Naive).walk_counts(perturbation);
        for (step, counts) in walk_counts(&network, perturbation, depth).into_iter().enumerate() {
            let plain: Vec<_> = counts.into_iter().map(|(p, m)| (p as f64, m as f64)).collect();
            let fast: Vec<_> = positive[step].iter().copied().zip(negative[step].iter().copied()).collect();
            prop_assert_eq!(fast, plain, "step {}", step + 1);
        }
    }
}
