//! How much of a true network another one holds: precision, recall and F1 of each sign, and of absence.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ClassScore;
use crate::biology::{Regulation, Sign};

/// Agreement of one set of regulations with the true one. Self-regulation is left out on both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EdgeScores {
    /// Scores of activation and inhibition.
    pub per_sign: [ClassScore; 2],
    /// Scores of absence: ordered pairs of different genes without a regulation of either sign.
    pub absent: ClassScore,
    /// F1 over the regulations of both signs together, in `[0, 1]`: a regulation counts only with its sign.
    pub f1: f64,
    /// Mean F1 of activation and inhibition, in `[0, 1]`, over those that occur on either side.
    pub signs_macro_f1: f64,
    /// Mean F1 of absence, activation and inhibition, in `[0, 1]`, over those that occur on either side.
    pub macro_f1: f64,
}

/// Compares two sets of regulations over `n_genes` genes.
///
/// ```text
/// F1_c = 2·TP_c / (2·TP_c + FP_c + FN_c),   c ∈ {absence, activation, inhibition}
/// ```
/// where activation and inhibition are counted over regulations, absence over the `n(n − 1)` ordered pairs of genes. A
/// class that occurs on neither side is left out of a mean; without any class the mean is 1.
#[must_use]
pub fn edge_scores(n_genes: usize, truth: &[Regulation], predicted: &[Regulation]) -> EdgeScores {
    let between = |edges: &[Regulation]| -> BTreeSet<Regulation> {
        edges.iter().copied().filter(|edge| edge.regulator != edge.target).collect()
    };
    let (truth, predicted) = (between(truth), between(predicted));
    let count = |edges: &BTreeSet<Regulation>, sign| edges.iter().filter(|edge| edge.sign == sign).count() as u64;
    let of_sign = |sign| {
        let right = truth.intersection(&predicted).filter(|edge| edge.sign == sign).count() as u64;
        Tally { right, called: count(&predicted, sign), support: count(&truth, sign) }
    };
    let signs = Sign::BOTH.map(of_sign);
    let pairs = |edges: &BTreeSet<Regulation>| -> BTreeSet<_> {
        edges.iter().map(|edge| (edge.regulator, edge.target)).collect()
    };
    let (true_pairs, called_pairs) = (pairs(&truth), pairs(&predicted));
    let all = n_genes as u64 * (n_genes as u64).saturating_sub(1);
    let either = true_pairs.union(&called_pairs).count() as u64;
    let absent = Tally {
        right: all.saturating_sub(either),
        called: all.saturating_sub(called_pairs.len() as u64),
        support: all.saturating_sub(true_pairs.len() as u64),
    };
    EdgeScores {
        per_sign: signs.map(Tally::score),
        absent: absent.score(),
        f1: Tally::mean_f1(&[signs[0].plus(signs[1])]),
        signs_macro_f1: Tally::mean_f1(&signs),
        macro_f1: Tally::mean_f1(&[absent, signs[0], signs[1]]),
    }
}

/// Counts of one class.
#[derive(Clone, Copy)]
struct Tally {
    right: u64,
    called: u64,
    support: u64,
}

impl Tally {
    const fn plus(self, other: Self) -> Self {
        Self {
            right: self.right + other.right,
            called: self.called + other.called,
            support: self.support + other.support,
        }
    }

    fn score(self) -> ClassScore {
        let share = |whole: u64| if whole > 0 { self.right as f64 / whole as f64 } else { 0.0 };
        let sides = self.called + self.support;
        let f1 = if sides > 0 { 2.0 * self.right as f64 / sides as f64 } else { 0.0 };
        ClassScore { precision: share(self.called), recall: share(self.support), f1, support: self.support }
    }

    /// Mean over the classes that occur; 1 if none does, since then nothing is wrong.
    fn mean_f1(tallies: &[Self]) -> f64 {
        let seen: Vec<_> = tallies.iter().filter(|tally| tally.called + tally.support > 0).collect();
        if seen.is_empty() {
            return 1.0;
        }
        seen.iter().map(|tally| tally.score().f1).sum::<f64>() / seen.len() as f64
    }
}

/// Area under the precision-recall curve of activations and of inhibitions, as average precision.
///
/// ```text
/// AP = Σ_k (R_k − R_{k−1}) · P_k
/// ```
/// over the distinct confidences in falling order, `P_k` and `R_k` being precision and recall of all regulations at least
/// as confident. Regulations that `ranked` does not name share the last place, so that one listed nowhere is found at
/// the precision of chance, `true / n(n − 1)`. `None` where the truth has no regulation of that sign.
///
/// What is repeated counts by its first place; self-regulation and confidences that are no number are passed over.
#[must_use]
pub fn average_precision(n_genes: usize, truth: &[Regulation], ranked: &[(Regulation, f64)]) -> [Option<f64>; 2] {
    let truth: BTreeSet<_> = truth.iter().copied().filter(|edge| edge.regulator != edge.target).collect();
    let mut order: Vec<_> = ranked
        .iter()
        .copied()
        .filter(|(edge, confidence)| edge.regulator != edge.target && !confidence.is_nan())
        .collect();
    order.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    Sign::BOTH.map(|sign| of_sign(n_genes, &truth, &order, sign))
}

fn of_sign(n_genes: usize, truth: &BTreeSet<Regulation>, order: &[(Regulation, f64)], sign: Sign) -> Option<f64> {
    let support = truth.iter().filter(|edge| edge.sign == sign).count();
    if support == 0 {
        return None;
    }
    let mut seen = BTreeSet::new();
    let (mut called, mut right, mut area) = (0, 0, 0.0);
    let mine: Vec<_> = order.iter().filter(|(edge, _)| edge.sign == sign).collect();
    for tied in mine.chunk_by(|a, b| a.1.total_cmp(&b.1) == Ordering::Equal) {
        let mut found = 0;
        for (edge, _) in tied.iter().filter(|(edge, _)| seen.insert(*edge)) {
            called += 1;
            found += usize::from(truth.contains(edge));
        }
        right += found;
        if called > 0 {
            area += found as f64 / support as f64 * (right as f64 / called as f64);
        }
    }
    let pairs = n_genes as f64 * (n_genes as f64 - 1.0);
    let chance = if pairs > 0.0 { support as f64 / pairs } else { 0.0 };
    Some(area + (support - right) as f64 / support as f64 * chance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::GeneId;

    fn edge(regulator: usize, target: usize, sign: Sign) -> Regulation {
        Regulation::new(GeneId::new(regulator), GeneId::new(target), sign)
    }

    use Sign::{Activation, Inhibition};

    #[test]
    fn edge_scores_agree_with_a_case_worked_by_hand() {
        // Three genes, six pairs. True: 0→1, 1→2, 2⊣0. Said: 0→1, 1⊣2, 0→2.
        let truth = [edge(0, 1, Activation), edge(1, 2, Activation), edge(2, 0, Inhibition)];
        let said = [edge(0, 1, Activation), edge(0, 2, Activation), edge(1, 2, Inhibition)];
        let scores = edge_scores(3, &truth, &said);
        assert_eq!(scores.per_sign[0], ClassScore { precision: 0.5, recall: 0.5, f1: 0.5, support: 2 });
        assert_eq!(scores.per_sign[1].f1, 0.0);
        // Absent on both sides: 1→0 and 2→1. Absent on each side: three pairs.
        assert!((scores.absent.f1 - 2.0 / 3.0).abs() < 1e-15);
        assert!((scores.f1 - 1.0 / 3.0).abs() < 1e-15);
        assert!((scores.signs_macro_f1 - 0.25).abs() < 1e-15);
        assert!((scores.macro_f1 - (0.5 + 2.0 / 3.0) / 3.0).abs() < 1e-15);
    }

    #[test]
    fn the_truth_itself_scores_one_also_without_inhibitions() {
        let truth = [edge(0, 1, Activation), edge(1, 1, Inhibition)];
        let scores = edge_scores(2, &truth, &truth);
        assert_eq!((scores.f1, scores.signs_macro_f1, scores.macro_f1), (1.0, 1.0, 1.0));
        assert_eq!(average_precision(2, &truth, &truth.map(|edge| (edge, 1.0))), [Some(1.0), None]);
    }

    #[test]
    fn self_regulation_is_not_scored() {
        let scores = edge_scores(2, &[edge(0, 1, Activation)], &[edge(0, 1, Activation), edge(0, 0, Activation)]);
        assert_eq!(scores.f1, 1.0);
    }

    #[test]
    fn average_precision_agrees_with_a_case_worked_by_hand() {
        // Two of three true ones are listed, at ranks 1 and 3 of 3; the last is found at chance, 3 of 12 pairs.
        let truth = [edge(0, 1, Activation), edge(1, 2, Activation), edge(2, 3, Activation)];
        let ranked = [(edge(0, 1, Activation), 0.9), (edge(3, 0, Activation), 0.8), (edge(1, 2, Activation), 0.7)];
        let expected = (1.0 + 2.0 / 3.0 + 3.0 / 12.0) / 3.0;
        let [activation, inhibition] = average_precision(4, &truth, &ranked);
        assert!((activation.expect("there are activations") - expected).abs() < 1e-15);
        assert_eq!(inhibition, None);
    }

    #[test]
    fn equal_confidences_are_one_step_whatever_their_order() {
        let truth = [edge(0, 1, Activation)];
        let ranked = [(edge(0, 1, Activation), 1.0), (edge(1, 0, Activation), 1.0)];
        let turned = [ranked[1], ranked[0]];
        assert_eq!(average_precision(2, &truth, &ranked), [Some(0.5), None]);
        assert_eq!(average_precision(2, &truth, &ranked), average_precision(2, &truth, &turned));
    }
}
