//! Is each experiment what its name says? Three tests, each against experiments whose names are permuted.
//!
//! A screen whose names are shuffled looks like any other: its genes have the same base rates, its experiments the same
//! loudness. What is lost is the relation of each experiment to the gene that it is named after, so that is what is asked for.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::screen::Screen;
use crate::biology::{Regulation, Sign};
use crate::network::RegulatoryNetwork;

/// Largest p-value at which a test counts as passed. Three are made.
const LEVEL: f64 = 0.005;
/// Perturbed genes that must be measured in their own experiments for these to be judged by them.
const ENOUGH_OWN: u64 = 5;
/// p-value from which, and share up to which, perturbed genes that are measured speak against the names.
const SILENT: (f64, f64) = (0.05, 0.5);
/// Transmission assumed for the test by known regulations.
const TRANSMISSION: f64 = 0.15;
/// Regulators whose likeness is compared at most.
const MOST_REGULATORS: usize = 3000;
/// Standardised values beyond this say no more.
const CLIP: f32 = 4.0;

/// One test of the names of the experiments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AnchorTest {
    /// What was tested: perturbed genes, known regulations, or pairs of perturbed genes.
    pub tested: u64,
    /// The statistic as measured.
    pub statistic: f64,
    /// Its mean with the names permuted.
    pub by_chance: f64,
    /// Share of permutations, with the data themselves counted as one, that reach the statistic; 1 if nothing was tested.
    pub p_value: f64,
}

impl AnchorTest {
    /// Nothing to test.
    const NONE: Self = Self { tested: 0, statistic: 0.0, by_chance: 0.0, p_value: 1.0 };

    fn passes(&self) -> bool {
        self.tested > 0 && self.p_value <= LEVEL
    }
}

/// What says that the experiments are what their names say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Anchors {
    /// Share of the perturbed genes that move the declared way in their own experiments.
    pub own_genes: AnchorTest,
    /// Mean log-likelihood ratio of the known regulations of perturbed genes, in nats.
    pub known_regulations: AnchorTest,
    /// Mean likeness of the experiments on two genes of which one is known to regulate the other.
    pub related_genes: AnchorTest,
}

impl Anchors {
    pub(super) fn test(network: &RegulatoryNetwork, screen: &Screen, permutations: usize, seed: u64) -> Self {
        Self {
            own_genes: own_genes(screen),
            known_regulations: known_regulations(network, screen, permutations, seed ^ 0x4b4e_4f57),
            related_genes: related_genes(network, screen, permutations, seed ^ 0x4c49_4b45),
        }
    }

    /// True if a test speaks for the names and the perturbed genes themselves do not speak against them.
    #[must_use]
    pub fn hold(&self) -> bool {
        let AnchorTest { tested, statistic, p_value, .. } = self.own_genes;
        let against = tested >= ENOUGH_OWN && (p_value > SILENT.0 || statistic < SILENT.1);
        let tests = [self.own_genes, self.known_regulations, self.related_genes];
        !against && tests.iter().any(AnchorTest::passes)
    }

    /// True if experiments whose own gene was measured and did not move as declared are better left out.
    pub(super) fn judge_by_own_genes(&self) -> bool {
        self.own_genes.tested >= ENOUGH_OWN && self.own_genes.passes()
    }
}

/// Whether the perturbed gene moved as declared; `None` where it was not measured.
pub(super) fn own_gene_moved(screen: &Screen, experiment: usize) -> Option<bool> {
    let place = &screen.experiments[experiment];
    let column = screen.column(screen.regulators[place.regulator].gene)?;
    screen.call(experiment, column).map(|call| call == place.direction.value())
}

/// The binomial tail of the perturbed genes that moved as declared, with the mean base rate of that class.
pub(super) fn own_genes(screen: &Screen) -> AnchorTest {
    let moved: Vec<_> = (0..screen.experiments.len())
        .filter_map(|experiment| Some((experiment, own_gene_moved(screen, experiment)?)))
        .collect();
    if moved.is_empty() {
        return AnchorTest::NONE;
    }
    let base = |&(experiment, _): &(usize, bool)| {
        screen.overall()[usize::from(screen.experiments[experiment].direction.value() > 0) * 2]
    };
    let rate = moved.iter().map(base).sum::<f64>() / moved.len() as f64;
    let hits = moved.iter().filter(|(_, moved)| *moved).count();
    AnchorTest {
        tested: moved.len() as u64,
        statistic: hits as f64 / moved.len() as f64,
        by_chance: rate,
        p_value: binomial_tail(moved.len(), hits, rate),
    }
}

/// `P(X ≥ k)` of `X ~ Binomial(n, p)`, `0 < p < 1`.
fn binomial_tail(n: usize, k: usize, p: f64) -> f64 {
    let mut log_term = n as f64 * (1.0 - p).ln();
    let mut below = 0.0;
    for i in 0..k {
        below += log_term.exp();
        log_term += ((n - i) as f64 / (i + 1) as f64).ln() + (p / (1.0 - p)).ln();
    }
    // Terms from k up, where the sum below is too near 1 to be taken off.
    let mut above = 0.0;
    for i in k..=n {
        above += log_term.exp();
        if i < n {
            log_term += ((n - i) as f64 / (i + 1) as f64).ln() + (p / (1.0 - p)).ln();
        }
    }
    above.max(1.0 - below - 1e-9).clamp(0.0, 1.0)
}

fn known_regulations(network: &RegulatoryNetwork, screen: &Screen, permutations: usize, seed: u64) -> AnchorTest {
    // Known targets of each perturbed gene, by column; both signs at once say nothing of a direction.
    let known: Vec<Vec<(usize, Sign)>> = screen
        .regulators
        .iter()
        .map(|regulator| {
            let targets = network.targets_of(regulator.gene).iter().filter(|target| {
                let opposite = Regulation::new(regulator.gene, target.gene, target.sign.opposite());
                target.gene != regulator.gene && !network.contains(opposite)
            });
            targets.filter_map(|target| Some((screen.column(target.gene)?, target.sign))).collect()
        })
        .collect();
    let names: Vec<_> = (0..screen.regulators.len()).collect();
    let statistic = |names: &[usize]| {
        let (mut sum, mut tested) = (0.0, 0_u64);
        for (place, &name) in names.iter().enumerate() {
            for &(column, sign) in &known[name] {
                for &experiment in &screen.regulators[place].experiments {
                    let Some(call) = screen.call(experiment, column).filter(|_| !screen.is_own(experiment, column))
                    else {
                        continue;
                    };
                    let expected = sign.value() * screen.experiments[experiment].direction.value();
                    let rates = [expected, -expected].map(|way| screen.base_rate(place, column, way));
                    sum += entry_log_ratio(call * expected, rates, TRANSMISSION, 0.9);
                    tested += 1;
                }
            }
        }
        (tested, sum / tested.max(1) as f64)
    };
    let (tested, found) = statistic(&names);
    if tested == 0 {
        return AnchorTest::NONE;
    }
    let chance = permuted(&names, permutations, seed, |names| statistic(names).1);
    compared(tested, found, &chance)
}

/// `ln P(call | regulation) / P(call | none)`; `call` is 1 if as expected, −1 if the other way, 0 if silent, and `rates`
/// are how often the gene moves as expected, and the other way, by itself.
pub(super) fn entry_log_ratio(call: i8, rates: [f64; 2], transmission: f64, sign_reliability: f64) -> f64 {
    let [right, wrong] = with_regulation(rates, transmission, sign_reliability);
    match call {
        0 => ((1.0 - right - wrong).max(1e-6) / (1.0 - rates[0] - rates[1]).max(1e-6)).ln(),
        1.. => (right / rates[0]).ln(),
        _ => (wrong / rates[1]).ln(),
    }
}

/// Probabilities of the expected and of the other response where a regulation transmits with probability `m`, with its
/// sign right with probability `s`, over a gene that moves by itself.
fn with_regulation(rates: [f64; 2], m: f64, s: f64) -> [f64; 2] {
    [m * s + (1.0 - m) * rates[0], m * (1.0 - s) + (1.0 - m) * rates[1]]
}

fn related_genes(network: &RegulatoryNetwork, screen: &Screen, permutations: usize, seed: u64) -> AnchorTest {
    let mut places = std::collections::BTreeMap::new();
    for (place, regulator) in screen.regulators.iter().enumerate() {
        places.insert(regulator.gene, place);
    }
    let mut related = std::collections::BTreeSet::new();
    for (place, regulator) in screen.regulators.iter().enumerate() {
        let targets = network.targets_of(regulator.gene).iter().filter_map(|target| places.get(&target.gene));
        related.extend(targets.filter(|&&other| other != place).map(|&other| (place.min(other), place.max(other))));
    }
    let mut chosen: Vec<_> = related.iter().flat_map(|&(a, b)| [a, b]).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen.truncate(MOST_REGULATORS);
    let place_of = |regulator: usize| chosen.binary_search(&regulator).ok();
    let pairs: Vec<_> = related.iter().filter_map(|&(a, b)| Some((place_of(a)?, place_of(b)?))).collect();
    if pairs.is_empty() || chosen.len() < 4 {
        return AnchorTest::NONE;
    }
    let likeness = likenesses(screen, &chosen);
    let n = chosen.len();
    let names: Vec<_> = (0..n).collect();
    let statistic = |names: &[usize]| {
        pairs.iter().map(|&(a, b)| f64::from(likeness[names[a] * n + names[b]])).sum::<f64>() / pairs.len() as f64
    };
    let chance = permuted(&names, permutations, seed, statistic);
    compared(pairs.len() as u64, statistic(&names), &chance)
}

/// `Σ_j z_aj z_bj / √(n_ab + 1)` of each two of the chosen regulators, over the `n_ab` genes measured for both.
fn likenesses(screen: &Screen, chosen: &[usize]) -> Vec<f32> {
    let rows: Vec<Vec<f32>> = chosen
        .iter()
        .map(|&regulator| {
            let scale = screen.regulators[regulator].loudness.max(1e-6);
            screen.standardised(regulator).iter().map(|value| (value / scale).clamp(-CLIP, CLIP)).collect()
        })
        .collect();
    let row = |a: usize| -> Vec<f32> {
        let with = |b: usize| {
            if a == b {
                return 0.0;
            }
            let (mut sum, mut number) = (0.0, 1.0);
            for (x, y) in rows[a].iter().zip(&rows[b]) {
                let product = x * y;
                if !product.is_nan() {
                    sum += product;
                    number += 1.0;
                }
            }
            sum / f32::sqrt(number)
        };
        (0..chosen.len()).map(with).collect()
    };
    let rows: Vec<_> = (0..chosen.len()).into_par_iter().map(row).collect();
    rows.concat()
}

/// The statistic with the names permuted, one random stream for each permutation.
fn permuted(names: &[usize], permutations: usize, seed: u64, statistic: impl Fn(&[usize]) -> f64 + Sync) -> Vec<f64> {
    let one = |permutation: usize| {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(permutation as u64);
        let mut names = names.to_vec();
        names.shuffle(&mut generator);
        statistic(&names)
    };
    (0..permutations).into_par_iter().map(one).collect()
}

fn compared(tested: u64, statistic: f64, chance: &[f64]) -> AnchorTest {
    let as_large = chance.iter().filter(|&&other| other >= statistic).count();
    AnchorTest {
        tested,
        statistic,
        by_chance: chance.iter().sum::<f64>() / chance.len().max(1) as f64,
        p_value: (1 + as_large) as f64 / (1 + chance.len()) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_binomial_by_hand() {
        // Three throws of a fair coin: at least two heads in 4 of 8 cases.
        assert!((binomial_tail(3, 2, 0.5) - 0.5).abs() < 1e-9);
        assert!((binomial_tail(3, 0, 0.5) - 1.0).abs() < 1e-9);
        assert!((binomial_tail(3, 3, 0.5) - 0.125).abs() < 1e-9);
        assert!((binomial_tail(39, 39, 0.07) / 0.07_f64.powi(39) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_response_that_always_comes_says_nothing_of_a_regulation() {
        // The gene moves so in 90 % of all experiments, as often as the regulation would bring it: no evidence. In 1 %: much.
        let common = entry_log_ratio(1, [0.90, 0.05], 0.3, 0.9);
        let rare = entry_log_ratio(1, [0.01, 0.01], 0.3, 0.9);
        assert!(common.abs() < 1e-9 && rare > 3.0, "{common} {rare}");
        // Silence: ln((1 − m)) where nothing ever moves by itself.
        let silence = entry_log_ratio(0, [1e-12, 1e-12], 0.3, 0.9);
        assert!((silence - 0.7_f64.ln()).abs() < 1e-9, "{silence}");
    }
}
