//! From one score to three classes: a pair of thresholds, and a softness that makes the probabilities honest.

use super::calibration::{self, Judged};

/// Candidate thresholds lie between this many quantiles of the scores.
const QUANTILES: usize = 200;

/// How a score becomes three probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Calls {
    pub down_below: f64,
    pub up_above: f64,
    pub softness: f64,
}

/// The score of one training entry and its class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scored {
    pub score: f64,
    pub class: u8,
    pub weight: f32,
}

/// What was chosen, and how well it does on the entries that it was chosen on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chosen {
    pub calls: Calls,
    pub temperature: f64,
    pub macro_f1: f64,
}

impl Calls {
    /// The pair of thresholds with the best macro-F1, and the softness that is calibrated with it.
    ///
    /// ```text
    /// p(s) = softmax((t₋ − s)/τ, 0, (s − t₊)/τ),   τ = T · spread(s)/2
    /// ```
    /// where `T` is the temperature with the least negative log-likelihood.
    pub fn choose(entries: &[Scored]) -> Chosen {
        let (calls, macro_f1) = Self::best(entries);
        calls.softened(entries, macro_f1)
    }

    /// The pair of thresholds with the best macro-F1, and that: [`Calls::choose`] but for the temperature, which takes most of
    /// the time and changes no call.
    pub fn best(entries: &[Scored]) -> (Self, f64) {
        let (macro_f1, down_below, up_above) = thresholds(entries);
        let softness = (spread(entries) / 2.0).max(1e-3);
        (Self { down_below, up_above, softness }, macro_f1)
    }

    /// The same calls at the temperature that is calibrated on `entries`.
    pub fn softened(self, entries: &[Scored], macro_f1: f64) -> Chosen {
        let judge = |entry: &Scored| Judged {
            logits: self.logits(entry.score).map(|logit| logit as f32),
            class: entry.class,
            weight: entry.weight,
        };
        let temperature = calibration::temperature(&entries.iter().map(judge).collect::<Vec<_>>());
        Chosen { calls: Self { softness: self.softness * temperature, ..self }, temperature, macro_f1 }
    }

    /// Macro-F1 of the calls.
    pub fn macro_f1(&self, entries: &[Scored]) -> f64 {
        let mut confusion = [[0.0; 3]; 3];
        for entry in entries {
            confusion[self.call(entry.score)][usize::from(entry.class)] += f64::from(entry.weight);
        }
        of_confusion(&confusion)
    }

    /// Down, unchanged or up, as 0, 1, 2.
    fn call(&self, score: f64) -> usize {
        match score {
            score if score < self.down_below => 0,
            score if score > self.up_above => 2,
            _ => 1,
        }
    }

    /// Logits of down, unchanged and up; a class whose threshold is infinite is as good as impossible.
    fn logits(&self, score: f64) -> [f64; 3] {
        let bounded = |logit: f64| logit.clamp(-50.0, 50.0);
        let [down, up] = [self.down_below - score, score - self.up_above].map(|margin| bounded(margin / self.softness));
        [down, 0.0, up]
    }

    /// Probabilities of down, unchanged and up.
    pub fn probabilities(&self, score: f64) -> [f32; 3] {
        let powers = self.logits(score).map(f64::exp);
        let total: f64 = powers.iter().sum();
        powers.map(|power| (power / total) as f32)
    }
}

/// Standard deviation of the scores.
pub(super) fn spread(entries: &[Scored]) -> f64 {
    let count = entries.len().max(1) as f64;
    let mean = entries.iter().map(|entry| entry.score).sum::<f64>() / count;
    (entries.iter().map(|entry| (entry.score - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// The best macro-F1 and the pair `t₋ ≤ t₊` that has it, among midpoints between quantiles; of equals the one that calls least.
fn thresholds(entries: &[Scored]) -> (f64, f64, f64) {
    let mut scores: Vec<_> = entries.iter().map(|entry| entry.score).collect();
    scores.sort_by(f64::total_cmp);
    // Scores that differ only by rounding have no threshold between them.
    scores.dedup_by(|right, left| *right - *left < 1e-9);
    let step = scores.len().div_ceil(QUANTILES).max(1);
    let midpoint = |at: usize| f64::midpoint(scores[at - 1], scores[at]);
    let mut bounds = vec![f64::NEG_INFINITY];
    bounds.extend((1..scores.len()).step_by(step).map(midpoint));
    bounds.push(f64::INFINITY);
    let below = counts_below(entries, &bounds);
    let mut best = (f64::NEG_INFINITY, 0, bounds.len() - 1);
    for low in 0..bounds.len() {
        for high in (low..bounds.len()).rev() {
            let f1 = macro_f1(&below, low, high);
            if f1 > best.0 {
                best = (f1, low, high);
            }
        }
    }
    (best.0, bounds[best.1], bounds[best.2])
}

/// Weight of each class below each bound.
fn counts_below(entries: &[Scored], bounds: &[f64]) -> Vec<[f64; 3]> {
    let mut counts = vec![[0.0; 3]; bounds.len()];
    for entry in entries {
        let first_above = bounds.partition_point(|&bound| bound <= entry.score);
        counts[first_above][usize::from(entry.class)] += f64::from(entry.weight);
    }
    for at in 1..counts.len() {
        let before = counts[at - 1];
        counts[at].iter_mut().zip(before).for_each(|(count, before)| *count += before);
    }
    counts
}

fn macro_f1(below: &[[f64; 3]], low: usize, high: usize) -> f64 {
    let all = below[below.len() - 1];
    let called = [
        below[low],
        [0, 1, 2].map(|class| below[high][class] - below[low][class]),
        [0, 1, 2].map(|class| all[class] - below[high][class]),
    ];
    of_confusion(&called)
}

/// Macro-F1 of weights `[called class][true class]`, over all three classes.
fn of_confusion(called: &[[f64; 3]; 3]) -> f64 {
    let f1 = |class: usize| {
        let sizes = called[class].iter().sum::<f64>() + called.iter().map(|of_call| of_call[class]).sum::<f64>();
        if sizes > 0.0 { 2.0 * called[class][class] / sizes } else { 0.0 }
    };
    (f1(0) + f1(1) + f1(2)) / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_that_part_the_classes_are_found() {
        let entry = |score: f64, class: u8| Scored { score, class, weight: 1.0 };
        let entries = [(-2.0, 0), (-1.0, 0), (-0.2, 1), (0.1, 1), (0.4, 1), (3.0, 2)];
        let (macro_f1, down, up) = thresholds(&entries.map(|(score, class)| entry(score, class)));
        assert_eq!(macro_f1, 1.0);
        assert!((down + 0.6).abs() < 1e-12 && (up - 1.7).abs() < 1e-12, "{down} {up}");
    }

    #[test]
    fn with_only_unchanged_entries_nothing_is_called() {
        let entries = [0.0, 0.0, 1.0].map(|score| Scored { score, class: 1, weight: 1.0 });
        let calls = Calls::choose(&entries).calls;
        for score in [-10.0, 0.0, 10.0] {
            assert!(calls.probabilities(score)[1] > 0.99);
        }
    }
}
