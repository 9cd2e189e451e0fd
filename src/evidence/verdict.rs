//! What a screen says of each known regulation.

use serde::{Deserialize, Serialize};

use super::anchor::entry_log_ratio;
use super::screen::{Counts, Screen};
use crate::biology::{Regulation, Sign};
use crate::network::RegulatoryNetwork;

/// Prior probabilities that a stated regulation holds, holds with the other sign, or does not hold.
const PRIOR: [f64; 3] = [0.9, 0.05, 0.05];
/// Prior entries behind transmission and sign reliability: one in five transmitted, nine in ten signs right.
const PRIOR_ENTRIES: f64 = 10.0;
const PRIOR_TRANSMISSION: f64 = 0.2;
const PRIOR_SIGN: f64 = 0.9;

/// How regulations of this knowledge base show in this screen.
///
/// A target moves with probability `m` because of the regulation, with its sign right with probability `s`, and otherwise
/// as often as it does in the experiments on other regulators.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transmission {
    /// Measured responses of known targets to their perturbed regulators.
    pub entries: u64,
    /// Share of them that moved.
    pub moved: f64,
    /// Share that would have moved by their base rates alone.
    pub by_base_rate: f64,
    /// `m`, in `(0, 1)`.
    pub transmission: f64,
    /// `s`, in `[0.5, 1)`.
    pub sign_reliability: f64,
}

impl Default for Transmission {
    fn default() -> Self {
        Self {
            entries: 0,
            moved: 0.0,
            by_base_rate: 0.0,
            transmission: PRIOR_TRANSMISSION,
            sign_reliability: PRIOR_SIGN,
        }
    }
}

impl Transmission {
    /// Estimates `m` and `s` by moments, shrunk by ten prior entries:
    ///
    /// ```text
    /// m = (Σ moved − Σ b + 10·0.2) / (Σ (1 − b) + 10)
    /// s = (right − Σ (1 − m)·b_right + 10·0.2·0.9) / (moved − Σ (1 − m)·b + 10·0.2)
    /// ```
    pub(super) fn estimate(network: &RegulatoryNetwork, screen: &Screen) -> Self {
        let mut moments = Moments::default();
        for_each_entry(network, screen, |_, agreement, rates| moments.add(agreement, rates));
        Self::of(&moments, &moments)
    }

    /// `m` from all responses, `s` from those of regulations that have a sign.
    pub(super) fn of(all: &Moments, signed: &Moments) -> Self {
        let open = all.entries as f64 - all.base;
        let transmission = (all.moved - all.base + PRIOR_ENTRIES * PRIOR_TRANSMISSION) / (open + PRIOR_ENTRIES);
        let transmission = transmission.clamp(0.01, 0.99);
        let by_chance = |rates: f64| (1.0 - transmission) * rates;
        let due = (signed.moved - by_chance(signed.base)).max(0.0) + PRIOR_ENTRIES * PRIOR_TRANSMISSION;
        let due_right = signed.right - by_chance(signed.base_right) + PRIOR_ENTRIES * PRIOR_TRANSMISSION * PRIOR_SIGN;
        let share = |sum: f64| if all.entries == 0 { 0.0 } else { sum / all.entries as f64 };
        Self {
            entries: all.entries,
            moved: share(all.moved),
            by_base_rate: share(all.base),
            transmission,
            sign_reliability: (due_right / due).clamp(0.5, 0.99),
        }
    }
}

/// Sums over measured responses of known or claimed targets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    entries: u64,
    moved: f64,
    right: f64,
    base: f64,
    base_right: f64,
}

impl Moments {
    /// A target that moved as stated (1), the other way (−1) or not (0), and the base rates of the first two.
    pub fn add(&mut self, agreement: i8, rates: [f64; 2]) {
        self.entries += 1;
        self.moved += f64::from(agreement.abs());
        self.right += f64::from(u8::from(agreement > 0));
        self.base += rates[0] + rates[1];
        self.base_right += rates[0];
    }
}

/// Calls `each` with the regulation, whether the target moved as it says (1), the other way (−1) or not (0), and how often
/// it does the first two in experiments on other regulators; regulations of both signs are left out.
fn for_each_entry(network: &RegulatoryNetwork, screen: &Screen, mut each: impl FnMut(Regulation, i8, [f64; 2])) {
    for place in 0..screen.regulators.len() {
        let gene = screen.regulators[place].gene;
        for target in network.targets_of(gene).iter().filter(|target| target.gene != gene) {
            let regulation = Regulation::new(gene, target.gene, target.sign);
            if !network.contains(regulation.flipped()) {
                for (agreement, rates) in entries_of(screen, place, regulation) {
                    each(regulation, agreement, rates);
                }
            }
        }
    }
}

fn entries_of(screen: &Screen, place: usize, regulation: Regulation) -> Vec<(i8, [f64; 2])> {
    let Some(column) = screen.column(regulation.target) else { return Vec::new() };
    let entry = |&experiment: &usize| {
        let call = screen.call(experiment, column)?;
        let expected = regulation.sign.value() * screen.experiments[experiment].direction.value();
        Some((call * expected, screen.rates_in(experiment, column, [expected, -expected])))
    };
    screen.regulators[place].experiments.iter().filter_map(entry).collect()
}

/// What the experiments on a regulator say of one of its regulations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hearing {
    pub counts: Counts,
    /// Of the regulation as stated, against none, in nats.
    pub log_ratio: f64,
    /// Posterior probability that it holds as stated, with the other sign, or not at all.
    pub posterior: [f64; 3],
}

/// Weighs the experiments in which `regulation.regulator`, at `place`, was perturbed.
pub(super) fn hear(screen: &Screen, place: usize, regulation: Regulation, model: &Transmission) -> Hearing {
    let Transmission { transmission: m, sign_reliability: s, .. } = *model;
    let mut counts = Counts::default();
    let mut log_ratios = [0.0; 2];
    for (agreement, rates) in entries_of(screen, place, regulation) {
        match agreement {
            0 => counts.silent += 1,
            1.. => counts.positive += 1,
            _ => counts.negative += 1,
        }
        log_ratios[0] += entry_log_ratio(agreement, rates, m, s);
        log_ratios[1] += entry_log_ratio(-agreement, [rates[1], rates[0]], m, s);
    }
    let weights = [log_ratios[0].exp() * PRIOR[0], log_ratios[1].exp() * PRIOR[1], PRIOR[2]];
    let total: f64 = weights.iter().sum();
    let counts = match regulation.sign {
        Sign::Activation => counts,
        Sign::Inhibition => Counts { positive: counts.negative, negative: counts.positive, ..counts },
    };
    Hearing { counts, log_ratio: log_ratios[0], posterior: weights.map(|weight| weight / total) }
}
