//! Whether probabilities mean what they say: reliability, expected calibration error, Brier score.

use serde::{Deserialize, Serialize};

use super::MetricError;
use crate::biology::{GeneId, Perturbation, ResponseMatrix};

/// Entries whose probability of one class lies in one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Lower end of the interval; in the first bin it belongs to it.
    pub above: f64,
    /// Upper end, which belongs to the interval.
    pub up_to: f64,
    /// Number of entries.
    pub entries: u64,
    /// Mean probability, 0 without entries.
    pub probability: f64,
    /// Share of the entries that are of the class, 0 without entries.
    pub frequency: f64,
}

impl ReliabilityBin {
    /// The entries of both, which are bins of the same interval.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let entries = self.entries + other.entries;
        let mean = |value: fn(&Self) -> f64| {
            let sum = self.entries as f64 * value(self) + other.entries as f64 * value(other);
            if entries == 0 { 0.0 } else { sum / entries as f64 }
        };
        Self { entries, probability: mean(|bin| bin.probability), frequency: mean(|bin| bin.frequency), ..*self }
    }
}

/// How honest class probabilities are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Entries judged.
    pub entries: u64,
    /// Expected calibration error of the most probable class, in `[0, 1]`.
    pub ece: f64,
    /// Expected calibration error of down, unchanged, up, each against the rest.
    pub class_ece: [f64; 3],
    /// Brier score over three classes, in `[0, 2]`; less is better.
    pub brier: f64,
    /// Bins of the probability of down, unchanged, up.
    pub reliability: [Vec<ReliabilityBin>; 3],
}

/// Judges class probabilities by what was observed.
///
/// ```text
/// ECE = Σ_b n_b/N · |accuracy(b) − confidence(b)|,   Brier = 1/N · Σ_e Σ_c (p_{e,c} − [y_e = c])²
/// ```
/// over `N` measured entries `e`; bin `b` holds the `n_b` entries whose confidence, the largest of the three probabilities,
/// lies in its interval of width `1/bins`. The error of a class takes its own probability and frequency instead. Entries
/// not measured are passed over, and so are, in row `i`, the genes that `perturbations[i]` moves itself. With nothing to
/// judge all scores are 0.
///
/// # Shapes
/// - `probabilities`: `[n_perturbations, n_genes, 3]`, rows laid end to end, in the order down, unchanged, up
/// - `truth`: `[n_perturbations, n_genes]`
///
/// # Errors
/// [`MetricError`] if the shapes differ, if `bins` is 0, or for a probability that is not in `[0, 1]`.
///
/// # Reference
/// Guo et al., On calibration of modern neural networks, ICML 2017, arXiv 1706.04599; Brier, Monthly Weather Review 1950.
pub fn calibration(
    perturbations: &[Perturbation],
    truth: &ResponseMatrix,
    probabilities: &[[f32; 3]],
    bins: usize,
) -> Result<Calibration, MetricError> {
    let (rows, genes) = (truth.n_perturbations(), truth.n_genes());
    if probabilities.len() != rows * genes {
        let right = (probabilities.len() / genes.max(1), genes);
        return Err(MetricError::ShapeMismatch { left: (rows, genes), right });
    }
    if perturbations.len() != rows {
        return Err(MetricError::PerturbationCount { perturbations: perturbations.len(), rows });
    }
    if bins == 0 {
        return Err(MetricError::Setting { setting: "bins", value: 0.0, allowed: "at least 1" });
    }
    let mut tally = Tally::new(bins);
    for (row, perturbation) in perturbations.iter().enumerate() {
        for (gene, response) in truth.row(row).iter().enumerate() {
            if let Some(response) = response
                && !perturbation.moves(GeneId::new(gene))
            {
                tally.add(checked(probabilities[row * genes + gene])?, response.class());
            }
        }
    }
    Ok(tally.scores())
}

fn checked(probabilities: [f32; 3]) -> Result<[f64; 3], MetricError> {
    let probabilities = probabilities.map(f64::from);
    match probabilities.iter().find(|probability| !(0.0..=1.0).contains(*probability)) {
        Some(&value) => Err(MetricError::Probability { value }),
        None => Ok(probabilities),
    }
}

/// Entries, sum of probabilities and number of hits of a bin.
type Sums = (u64, f64, u64);

struct Tally {
    entries: u64,
    brier: f64,
    top: Vec<Sums>,
    by_class: [Vec<Sums>; 3],
}

impl Tally {
    fn new(bins: usize) -> Self {
        let empty = vec![(0, 0.0, 0); bins];
        Self { entries: 0, brier: 0.0, top: empty.clone(), by_class: [empty.clone(), empty.clone(), empty] }
    }

    fn add(&mut self, probabilities: [f64; 3], class: usize) {
        self.entries += 1;
        for (of_class, probability) in probabilities.into_iter().enumerate() {
            let hit = of_class == class;
            self.brier += (probability - f64::from(u8::from(hit))).powi(2);
            note(&mut self.by_class[of_class], probability, hit);
        }
        // Ties as in calls: unchanged first, then down.
        let [down, unchanged, up] = probabilities;
        let called = match (unchanged >= down && unchanged >= up, down >= up) {
            (true, _) => 1,
            (false, true) => 0,
            (false, false) => 2,
        };
        note(&mut self.top, probabilities[called], called == class);
    }

    fn scores(&self) -> Calibration {
        let entries = self.entries.max(1) as f64;
        let error = |bins: &[Sums]| {
            let gap = |&(_, probabilities, hits): &Sums| (probabilities - hits as f64).abs();
            bins.iter().map(gap).sum::<f64>() / entries
        };
        let [down, unchanged, up] = &self.by_class;
        Calibration {
            entries: self.entries,
            ece: error(&self.top),
            class_ece: [error(down), error(unchanged), error(up)],
            brier: self.brier / entries,
            reliability: [down, unchanged, up].map(|bins| reliability(bins)),
        }
    }
}

fn note(bins: &mut [Sums], probability: f64, hit: bool) {
    let last = bins.len() - 1;
    // Intervals are closed above, as (0.1, 0.2]; 0 goes into the first.
    let bin = ((probability * bins.len() as f64).ceil() as usize).saturating_sub(1).min(last);
    let (entries, sum, hits) = &mut bins[bin];
    *entries += 1;
    *sum += probability;
    *hits += u64::from(hit);
}

fn reliability(bins: &[Sums]) -> Vec<ReliabilityBin> {
    let width = 1.0 / bins.len() as f64;
    let bin = |(at, &(entries, sum, hits)): (usize, &Sums)| {
        let count = entries.max(1) as f64;
        ReliabilityBin {
            above: at as f64 * width,
            up_to: (at + 1) as f64 * width,
            entries,
            probability: sum / count,
            frequency: hits as f64 / count,
        }
    };
    bins.iter().enumerate().map(bin).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::biology::Response;

    /// One row in which gene 0, put in front, is deleted.
    fn judge(truth: &[i8], probabilities: &[[f32; 3]], bins: usize) -> Result<Calibration, MetricError> {
        let responses = truth.iter().map(|&response| Response::from_value(response));
        let entries = [Some(Response::Down)].into_iter().chain(responses).collect();
        let truth = ResponseMatrix::from_entries(1, truth.len() + 1, entries);
        let deleted = [Perturbation::deletion(GeneId::new(0))];
        calibration(&deleted, &truth, &[&[[0.0, 0.0, 1.0]], probabilities].concat(), bins)
    }

    #[test]
    fn errors_and_brier_score_agree_with_a_case_worked_by_hand() {
        let probabilities = [[0.75, 0.25, 0.0], [0.75, 0.0, 0.25], [0.0, 1.0, 0.0], [0.25, 0.25, 0.5]];
        let scores = judge(&[-1, 1, 0, 1], &probabilities, 4).expect("fits");
        // Confidences .75, .75 (one right), 1 (right) and .5 (right): (|1.5 − 1| + 0 + |.5 − 1|) / 4.
        assert!((scores.ece - 0.25).abs() < 1e-12, "{scores:?}");
        // Down: bin (0, .25] holds 0 and .25, no hit: .25; bin (.5, .75] holds 1.5 with one hit: .5.
        assert!((scores.class_ece[0] - 0.75 / 4.0).abs() < 1e-12, "{scores:?}");
        // .125 + (.5625 + .5625) + 0 + (.0625 + .0625 + .25)
        assert!((scores.brier - 1.625 / 4.0).abs() < 1e-12, "{scores:?}");
        let bin = scores.reliability[0][2];
        assert_eq!((bin.above, bin.up_to, bin.entries), (0.5, 0.75, 2));
        assert_eq!((bin.probability, bin.frequency), (0.75, 0.5));
    }

    #[test]
    fn what_is_no_probability_and_what_does_not_fit_is_refused() {
        for wrong in [-0.1, 1.5, f32::NAN] {
            assert!(matches!(judge(&[0], &[[wrong, 0.0, 0.0]], 5), Err(MetricError::Probability { .. })));
        }
        assert!(matches!(judge(&[0, 1], &[[1.0, 0.0, 0.0]], 5), Err(MetricError::ShapeMismatch { .. })));
        assert!(judge(&[0], &[[1.0, 0.0, 0.0]], 0).is_err());
        assert_eq!(judge(&[], &[], 5).expect("nothing to judge").ece, 0.0);
    }

    proptest! {
        #[test]
        fn certainty_that_is_right_is_perfect_and_that_is_wrong_is_the_worst(classes in prop::collection::vec(0..3_usize, 1..30)) {
            let sure = |class: usize| std::array::from_fn(|at| f32::from(u8::from(at == class)));
            let truth: Vec<_> = classes.iter().map(|&class| class as i8 - 1).collect();
            let right: Vec<[f32; 3]> = classes.iter().map(|&class| sure(class)).collect();
            let wrong: Vec<[f32; 3]> = classes.iter().map(|&class| sure((class + 1) % 3)).collect();
            let (right, wrong) = (judge(&truth, &right, 10), judge(&truth, &wrong, 10));
            let (right, wrong) = (right.expect("fits"), wrong.expect("fits"));
            prop_assert_eq!((right.ece, right.brier), (0.0, 0.0));
            prop_assert_eq!((wrong.ece, wrong.brier), (1.0, 2.0));
        }
    }
}
