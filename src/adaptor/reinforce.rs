//! A stochastic policy that learns the choice by REINFORCE: what the exact one is held against.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::entries::{Alignment, Entries};
use super::{AdaptorConfig, AdaptorError, gain};
use crate::biology::ResponseMatrix;

/// Logits stay within `±LOGIT`, so that every choice can still be drawn.
const LOGIT: f64 = 6.0;
/// Binomial counts are drawn in parts of at most this many entries; `½^PART` is far from underflow.
const PART: u64 = 512;
/// Steps of the weight that the policy tells apart.
const LEVELS: usize = 64;

/// How the policy learns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// Epochs, ≥ 1; default 300.
    pub epochs: usize,
    /// Choices drawn in each epoch, ≥ 1; default 8.
    pub draws: usize,
    /// Change of a logit for an advantage as large as the largest gain, in the first epoch; falls with the root of the
    /// epochs; > 0, default 0.5.
    pub learning_rate: f64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self { epochs: 300, draws: 8, learning_rate: 0.5, seed: 42 }
    }
}

impl PolicyConfig {
    fn check(&self) -> Result<(), AdaptorError> {
        for (setting, value) in [("epochs", self.epochs), ("draws", self.draws)] {
            if value == 0 {
                return Err(AdaptorError::Setting { setting, value: 0.0, allowed: "at least 1" });
            }
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            let (setting, value) = ("learning_rate", self.learning_rate);
            return Err(AdaptorError::Setting { setting, value, allowed: "a finite number above 0" });
        }
        Ok(())
    }
}

/// How the learning went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyRecord {
    /// Mean objective of the choices drawn in each epoch.
    pub objective: Vec<f64>,
    /// The least objective met up to each epoch.
    pub least: Vec<f64>,
}

/// Learns for each level of the weight, apart for contradicted and uncontradicted entries, how often to take the symbolic
/// response.
///
/// ```text
/// a_e ~ Bernoulli(σ(z_s)) for the n_s entries e of state s = (⌊64·w⌋, [ŷ ≠ δ]),   K_s = Σ a_e,   p_s = σ(z_s)
/// z_s ← z_s − η · mean over draws of  A_s (K_s − n_s p_s) / (n_s p_s (1 − p_s)),   A_s = L(K) − L(K with K_s ← n_s p_s)
/// ```
/// `K_s − n_s p_s` is the score `∂ log π / ∂z_s` of a draw. The baseline in the advantage `A_s`, the objective with the
/// expected count of this state and the drawn ones of all others, does not depend on what the state itself drew, so the
/// gradient is unbiased; dividing by the variance makes it the natural one. All logits start where half of the budget is
/// expected to be spent. Handed back is the cheapest choice met: those drawn, and after each epoch the policy's most
/// probable one and its expected one, rounded. Of the entries of one state, whose gains are counted as their mean, the
/// first ones are taken.
///
/// # Shapes
/// As in [`align`](super::align).
///
/// # Errors
/// [`AdaptorError`] if shapes or lengths differ, or a weight or a setting is out of range.
///
/// # Complexity
/// `O(entries + epochs · draws · Σ_s (1 + n_s · min(p_s, 1 − p_s)))`, one generator throughout.
///
/// # Reference
/// The policy is in the spirit of Xiang & Ai, ICLR 2026, arXiv 2510.00512; REINFORCE: Williams, Machine Learning 1992,
/// doi:10.1007/BF00992696; baselines that know the other actions: Foerster et al., AAAI 2018, arXiv 1705.08926.
pub fn align_by_policy(
    neural: &ResponseMatrix,
    symbolic: &ResponseMatrix,
    w: &[f64],
    held_by_knowledge: &[bool],
    config: &AdaptorConfig,
    policy: &PolicyConfig,
) -> Result<(Alignment, PolicyRecord), AdaptorError> {
    config.check()?;
    policy.check()?;
    let entries = Entries::checked(neural, symbolic, w, held_by_knowledge)?;
    let problem = Problem::of(&entries, config);
    let (mut left, record) = problem.learn(policy);
    let alignment = entries.align(config, |entry, inconsistent| {
        take_one(&mut left[problem.place[state_of(entries.weight(entry), inconsistent)]])
    });
    Ok((alignment, record))
}

fn state_of(w: f64, inconsistent: bool) -> usize {
    2 * ((w * LEVELS as f64) as usize).min(LEVELS - 1) + usize::from(inconsistent)
}

fn take_one(left: &mut u64) -> bool {
    let any = *left > 0;
    *left -= u64::from(any);
    any
}

/// Entries of about one weight that all contradict the knowledge, or all do not.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    entries: u64,
    /// Mean of the entries.
    gain: f64,
}

struct Problem<'a> {
    states: Vec<State>,
    /// Where each of the `2 · LEVELS` possible states stands among those that have entries.
    place: Vec<usize>,
    /// Objective of the choice that takes nothing from the knowledge.
    all_neural: f64,
    total: u64,
    config: &'a AdaptorConfig,
}

/// The cheapest counts met so far.
struct Cheapest {
    cost: f64,
    taken: Vec<u64>,
}

impl Cheapest {
    fn offer(&mut self, cost: f64, taken: &[u64]) {
        if cost < self.cost {
            self.cost = cost;
            self.taken.copy_from_slice(taken);
        }
    }
}

impl<'a> Problem<'a> {
    fn of(entries: &Entries<'_>, config: &'a AdaptorConfig) -> Self {
        let mut states = vec![State::default(); 2 * LEVELS];
        for (entry, inconsistent) in entries.claims() {
            let w = entries.weight(entry);
            let state = &mut states[state_of(w, inconsistent)];
            state.entries += 1;
            state.gain += gain(inconsistent, w, config);
        }
        let mut place = Vec::with_capacity(states.len());
        let mut filled = Vec::new();
        for State { entries, gain } in states {
            place.push(filled.len());
            if entries > 0 {
                filled.push(State { entries, gain: gain / entries as f64 });
            }
        }
        let all_neural = entries.align(config, |_, _| false).objective;
        Self { states: filled, place, all_neural, total: entries.len() as u64, config }
    }

    fn learn(&self, policy: &PolicyConfig) -> (Vec<u64>, PolicyRecord) {
        let mut rng = ChaCha8Rng::seed_from_u64(policy.seed);
        let scale = self.states.iter().map(|state| state.gain.abs()).fold(1e-12, f64::max);
        let mut logits = vec![self.first_logit(); self.states.len()];
        let mut best = Cheapest { cost: f64::INFINITY, taken: vec![0; self.states.len()] };
        let mut record = PolicyRecord::default();
        for epoch in 0..policy.epochs {
            let probabilities: Vec<_> = logits.iter().map(|&logit| sigmoid(logit)).collect();
            let (gradient, mean) = self.gradient(&probabilities, policy.draws, &mut rng, &mut best);
            let step = policy.learning_rate / (scale * (1.0 + epoch as f64).sqrt());
            for (logit, gradient) in logits.iter_mut().zip(gradient) {
                *logit = (*logit - (step * gradient).clamp(-1.0, 1.0)).clamp(-LOGIT, LOGIT);
            }
            self.offer_expected(&logits, &mut best);
            record.objective.push(mean);
            record.least.push(best.cost);
        }
        (best.taken, record)
    }

    /// Where each entry that may be symbolic is so with half the budget's share.
    fn first_logit(&self) -> f64 {
        let free: u64 = self.states.iter().map(|state| state.entries).sum();
        let share = self.config.theta * self.total as f64 / (2.0 * free.max(1) as f64);
        let share = share.clamp(sigmoid(-LOGIT), 0.5);
        (share / (1.0 - share)).ln()
    }

    /// The mean of the gradient over the draws, and their mean objective.
    fn gradient(
        &self,
        probabilities: &[f64],
        draws: usize,
        rng: &mut ChaCha8Rng,
        best: &mut Cheapest,
    ) -> (Vec<f64>, f64) {
        let mut gradient = vec![0.0; self.states.len()];
        let mut mean = 0.0;
        for _ in 0..draws {
            let drawn = self.states.iter().zip(probabilities);
            let taken: Vec<_> = drawn.map(|(state, &p)| binomial(state.entries, p, rng)).collect();
            let cost = self.cost(&taken);
            mean += cost / draws as f64;
            best.offer(cost, &taken);
            self.add_gradient(&taken, probabilities, draws, &mut gradient);
        }
        (gradient, mean)
    }

    fn add_gradient(&self, taken: &[u64], probabilities: &[f64], draws: usize, gradient: &mut [f64]) {
        let sum: u64 = taken.iter().sum();
        let budget = self.config.budget_cost(sum as f64, self.total);
        for (((state, &taken), &p), gradient) in self.states.iter().zip(taken).zip(probabilities).zip(gradient) {
            let entries = state.entries as f64;
            let score = taken as f64 - entries * p;
            let expected = self.config.budget_cost(sum as f64 - score, self.total);
            let advantage = budget - expected - state.gain * score;
            *gradient += advantage * score / (entries * p * (1.0 - p) * draws as f64);
        }
    }

    /// Offers the policy's most probable choice and its expected one, rounded.
    fn offer_expected(&self, logits: &[f64], best: &mut Cheapest) {
        let of_share = |share: fn(f64) -> f64| -> Vec<u64> {
            let shares = self.states.iter().zip(logits);
            shares.map(|(state, &logit)| (state.entries as f64 * share(sigmoid(logit))).round() as u64).collect()
        };
        for taken in [of_share(f64::round), of_share(|p| p)] {
            best.offer(self.cost(&taken), &taken);
        }
    }

    fn cost(&self, taken: &[u64]) -> f64 {
        let saved: f64 = self.states.iter().zip(taken).map(|(state, &taken)| state.gain * taken as f64).sum();
        self.all_neural - saved + self.config.budget_cost(taken.iter().sum::<u64>() as f64, self.total)
    }
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// How many of `entries` draws of probability `p` succeed, by inversion of the distribution, part by part.
fn binomial(entries: u64, p: f64, rng: &mut ChaCha8Rng) -> u64 {
    let rare = p.min(1.0 - p);
    let mut successes = 0;
    let mut rest = entries;
    while rest > 0 {
        let part = rest.min(PART);
        successes += binomial_part(part, rare, rng);
        rest -= part;
    }
    if p > 0.5 { entries - successes } else { successes }
}

fn binomial_part(entries: u64, p: f64, rng: &mut ChaCha8Rng) -> u64 {
    let odds = p / (1.0 - p);
    let mut mass = (1.0 - p).powi(entries as i32);
    let mut left: f64 = rng.random();
    let mut successes = 0;
    while left >= mass && successes < entries {
        left -= mass;
        mass *= (entries - successes) as f64 / (successes + 1) as f64 * odds;
        successes += 1;
    }
    successes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::Rng;

    use super::*;
    use crate::adaptor::{align, objective};
    use crate::biology::Response;

    fn matrix(rows: usize, values: &[i8]) -> ResponseMatrix {
        let entries = values
            .iter()
            .map(|&value| if value == 2 { Some(Response::Ambiguous) } else { Response::from_value(value) });
        ResponseMatrix::from_entries(rows, values.len() / rows, entries.collect())
    }

    fn short() -> PolicyConfig {
        PolicyConfig { epochs: 30, ..PolicyConfig::default() }
    }

    #[test]
    fn counts_are_drawn_with_the_mean_and_variance_of_the_binomial_distribution() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for (entries, p) in [(1, 0.3), (20, 0.5), (700, 0.02), (1_500, 0.9)] {
            let drawn: Vec<_> = (0..4_000).map(|_| binomial(entries, p, &mut rng) as f64).collect();
            let mean = drawn.iter().sum::<f64>() / 4_000.0;
            let variance = drawn.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 4_000.0;
            let (expected, spread) = (entries as f64 * p, entries as f64 * p * (1.0 - p));
            assert!((mean - expected).abs() < 4.0 * (spread / 4_000.0).sqrt(), "{entries} {p}: {mean}");
            assert!((variance / spread - 1.0).abs() < 0.1, "{entries} {p}: {variance}");
        }
    }

    #[test]
    fn where_the_budget_does_not_bind_the_policy_finds_the_exact_choice() {
        let config = AdaptorConfig { theta: 1.0, ..AdaptorConfig::default() };
        let (neural, symbolic) = (matrix(2, &[0, 0, 1, 0, 0, -1]), matrix(2, &[1, 0, 1, 0, 2, 1]));
        let (w, held) = ([0.9, 0.2, 0.45].repeat(2), [true; 3]);
        let (learnt, record) =
            align_by_policy(&neural, &symbolic, &w, &held, &config, &PolicyConfig::default()).expect("fits");
        let exact = align(&neural, &symbolic, &w, &held, &config).expect("fits");
        assert_eq!(learnt, exact);
        assert_eq!((record.objective.len(), record.least.len()), (300, 300));
        assert!(record.objective[299] < record.objective[0]);
    }

    #[test]
    fn nothing_to_choose_costs_what_it_costs() {
        let nothing = ResponseMatrix::unmeasured(0, 2);
        let config = AdaptorConfig::default();
        let (learnt, _) = align_by_policy(&nothing, &nothing, &[], &[true; 2], &config, &short()).expect("fits");
        assert_eq!((learnt.objective, learnt.symbolic_share), (0.0, 0.0));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let (row, config) = (matrix(1, &[0]), AdaptorConfig::default());
        let refused = |policy| align_by_policy(&row, &row, &[0.5], &[true], &config, &policy).expect_err("range");
        let message = refused(PolicyConfig { epochs: 0, ..short() }).to_string();
        assert!(message.contains("`epochs` is 0"), "{message}");
        assert!(matches!(refused(PolicyConfig { learning_rate: f64::NAN, ..short() }), AdaptorError::Setting { .. }));
    }

    /// The objective of the exact choice, the learnt one and the all-neural one, on a random screen whose budget binds.
    fn compared(seed: u64) -> [f64; 3] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (rows, genes) = (12, 15);
        let neural: Vec<_> = (0..rows * genes).map(|_| rng.random_range(-1..=1)).collect();
        let symbolic: Vec<_> = (0..rows * genes).map(|_| rng.random_range(-1..=2)).collect();
        let (neural, symbolic) = (matrix(rows, &neural), matrix(rows, &symbolic));
        let w: Vec<f64> = (0..rows * genes).map(|_| rng.random()).collect();
        let (held, config) = (vec![true; genes], AdaptorConfig::default());
        let policy = PolicyConfig { seed, ..PolicyConfig::default() };
        let exact = align(&neural, &symbolic, &w, &held, &config).expect("fits").objective;
        let learnt = align_by_policy(&neural, &symbolic, &w, &held, &config, &policy).expect("fits").0.objective;
        let none = AdaptorConfig { theta: 0.0, c_l: 1e9, ..config };
        [exact, learnt, align(&neural, &symbolic, &w, &held, &none).expect("fits").objective]
    }

    #[test]
    fn on_small_screens_the_policy_comes_within_three_per_cent_of_the_optimum() {
        for seed in 0..10 {
            let [exact, learnt, all_neural] = compared(seed);
            assert!(exact < 0.9 * all_neural, "the screen has something to gain");
            assert!(learnt <= 1.03 * exact, "seed {seed}: {learnt} against {exact}, all neural {all_neural}");
        }
    }

    proptest! {
        #[test]
        fn the_policy_is_never_cheaper_than_the_exact_choice_tells_its_cost_and_repeats_itself(
            neural in prop::collection::vec(-1..=1_i8, 20),
            symbolic in prop::collection::vec(-1..=2_i8, 20),
            levels in prop::collection::vec(0..64_u8, 20),
            held in prop::collection::vec(any::<bool>(), 5),
            (c_v, c_l, theta, seed) in (0.0..1.0_f64, 0.0..6.0_f64, 0.0..=1.0_f64, any::<u64>()),
        ) {
            let w: Vec<_> = levels.into_iter().map(|level| f64::from(level) / 64.0).collect();
            let config = AdaptorConfig { c_v, c_w: 1.0, c_l, theta };
            let (neural_rows, symbolic_rows) = (matrix(4, &neural), matrix(4, &symbolic));
            let learn = || {
                let policy = PolicyConfig { seed, ..short() };
                align_by_policy(&neural_rows, &symbolic_rows, &w, &held, &config, &policy).expect("fits")
            };
            let (learnt, record) = learn();
            let exact = align(&neural_rows, &symbolic_rows, &w, &held, &config).expect("fits");
            prop_assert!(learnt.objective >= exact.objective - 1e-9);
            let free = |entry: usize| held[entry % 5] && symbolic[entry] != 2;
            let inconsistent: Vec<_> = (0..20).map(|entry| free(entry) && neural[entry] != symbolic[entry]).collect();
            let own = objective(&inconsistent, &w, &learnt.symbolic_entries, &config).expect("in range");
            prop_assert!((own - learnt.objective).abs() < 1e-9);
            prop_assert!((own - record.least[29]).abs() < 1e-9);
            prop_assert!((0..20).all(|entry| free(entry) || !learnt.symbolic_entries[entry]));
            prop_assert_eq!(learn(), (learnt, record));
        }
    }
}
