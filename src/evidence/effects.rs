//! How probable it is that another experiment of the same kind repeats a response.

use serde::{Deserialize, Serialize};

use super::logistic::{Examples, Logistic};
use super::screen::Screen;
use crate::biology::Sign;

/// Regulators with repeated experiments that are needed to learn from them.
const ENOUGH_REGULATORS: usize = 3;
/// Responses seen in one experiment that others could have repeated.
const ENOUGH_RESPONSES: usize = 200;
const FEATURES: usize = 5;

/// Where the probabilities come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum RepeatSummary {
    /// Assumed: the share of calls that hold, and the base rate of the gene besides.
    #[default]
    Assumed,
    /// Learnt from regulators that were perturbed in several experiments.
    Replicates {
        /// How many regulators.
        regulators: u64,
        /// Genes of held-out experiments that were learnt from.
        examples: u64,
        /// Change of the log-odds with one standard deviation of: share of the experiments that agree, share that oppose,
        /// agreement weighed by the logarithm of their number, logarithm of the change, logarithm of the base rate.
        weights: Vec<f64>,
    },
}

/// `P(another experiment moves the gene the same way)`.
pub(super) struct Repeats {
    learnt: Option<Logistic>,
    pub summary: RepeatSummary,
    call_precision: f64,
}

impl Repeats {
    /// Holds out each experiment of every regulator that has several, and learns from the others how often they foresaw
    /// it; each regulator weighs the same. Without enough of them:
    ///
    /// ```text
    /// P = c + (1 − c)·b
    /// ```
    /// where `c` is the assumed share of calls that hold and `b` the base rate of the gene in that direction.
    pub fn learn(screen: &Screen, call_precision: f64) -> Self {
        let mut features = Vec::new();
        let mut positive = Vec::new();
        let mut weights = Vec::new();
        let (mut regulators, mut responses) = (0, 0);
        for (place, regulator) in screen.regulators.iter().enumerate() {
            if regulator.experiments.len() < 2 {
                continue;
            }
            regulators += 1;
            for &held_out in &regulator.experiments {
                let rest: Vec<_> = regulator.experiments.iter().copied().filter(|&other| other != held_out).collect();
                let mut subsets = vec![rest.clone()];
                if rest.len() > 1 {
                    subsets.extend(rest.iter().map(|&one| vec![one]));
                }
                let weight = 1.0 / (regulator.experiments.len() * subsets.len()) as f64;
                for column in 0..screen.genes.len() {
                    let Some(call) = screen.call(held_out, column).filter(|_| !screen.is_own(held_out, column)) else {
                        continue;
                    };
                    let call = call * screen.experiments[held_out].direction.value();
                    for subset in &subsets {
                        let counts = screen.counts_in(subset, column);
                        let Some(sign) = direction(screen, subset, column) else { continue };
                        features.extend(row(screen, (place, column), subset, sign));
                        positive.push(call == sign.value());
                        weights.push(weight);
                        responses += usize::from(counts.of(sign) > 0);
                    }
                }
            }
        }
        let enough = regulators >= ENOUGH_REGULATORS && responses >= ENOUGH_RESPONSES;
        let examples =
            Examples { features: &features, n_features: FEATURES, positive: &positive, weights: &normalised(&weights) };
        let learnt = enough.then(|| Logistic::fit(&examples)).flatten();
        let summary = match &learnt {
            Some(model) => RepeatSummary::Replicates {
                regulators: regulators as u64,
                examples: positive.len() as u64,
                weights: model.weights().to_vec(),
            },
            None => RepeatSummary::Assumed,
        };
        Self { learnt, summary, call_precision }
    }

    /// The sign that the experiments speak for most and the probability that another one repeats it; `None` where none
    /// of them moved the gene, or as many one way as the other.
    pub fn posterior(&self, screen: &Screen, regulator: usize, column: usize) -> Option<(Sign, f64)> {
        let experiments = &screen.regulators[regulator].experiments;
        let counts = screen.counts_in(experiments, column);
        let sign = match counts.positive.cmp(&counts.negative) {
            std::cmp::Ordering::Greater => Sign::Activation,
            std::cmp::Ordering::Less => Sign::Inhibition,
            std::cmp::Ordering::Equal => return None,
        };
        if let Some(model) = &self.learnt {
            return Some((sign, model.probability(&row(screen, (regulator, column), experiments, sign))));
        }
        let base = screen.base_rate_of(regulator, column, sign);
        let agreeing = f64::from(counts.of(sign)) / f64::from(counts.measured());
        Some((sign, agreeing * (self.call_precision + (1.0 - self.call_precision) * base)))
    }
}

fn normalised(weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight * weights.len() as f64 / total.max(f64::MIN_POSITIVE)).collect()
}

/// The direction that the calls, or else the change, speak for; `None` where nothing was measured.
fn direction(screen: &Screen, experiments: &[usize], column: usize) -> Option<Sign> {
    let counts = screen.counts_in(experiments, column);
    if counts.measured() == 0 {
        return None;
    }
    let change = screen.change_in(experiments, column);
    let positive = counts.positive > counts.negative || (counts.positive == counts.negative && change >= 0.0);
    Some(if positive { Sign::Activation } else { Sign::Inhibition })
}

fn row(screen: &Screen, (regulator, column): (usize, usize), experiments: &[usize], sign: Sign) -> [f32; FEATURES] {
    let counts = screen.counts_in(experiments, column);
    let measured = counts.measured().max(1) as f32;
    let agreeing = counts.of(sign) as f32 / measured;
    let opposing = counts.of(sign.opposite()) as f32 / measured;
    let change = screen.change_in(experiments, column);
    let size = if screen.has_sizes && change.is_finite() { (change.abs() + 0.05).ln() } else { 0.0 };
    let base = screen.base_rate_of(regulator, column, sign) as f32;
    [agreeing, opposing, agreeing * measured.ln(), size, base.ln()]
}
