//! Macro-F1 consistency with data and with knowledge, and the balance of the two.

use serde::{Deserialize, Serialize};

use super::MetricError;
use crate::biology::{GeneId, Perturbation, Response, ResponseMatrix};

/// Precision, recall and F1 of one response class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassScore {
    /// Right calls among the calls of this class; 0 if none was made.
    pub precision: f64,
    /// Right calls among the true entries of this class; 0 if there are none.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// True entries of this class.
    pub support: u64,
}

/// Agreement of predicted with true responses over the entries where both are known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Consistency {
    /// Mean F1 over the classes that occur in either matrix, in `[0, 1]`; 0 if nothing could be compared.
    pub macro_f1: f64,
    /// Scores of down, unchanged, up.
    pub per_class: [ClassScore; 3],
    /// Entry counts, `[true class][predicted class]`, in the order down, unchanged, up.
    pub confusion: [[u64; 3]; 3],
    /// How many of the compared entries were ambiguous on either side, and so counted as unchanged.
    pub ambiguous: u64,
}

impl Consistency {
    /// The agreement over several sets of rows together, from the agreement over each.
    #[must_use]
    pub fn pooled<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let counts = |part: &Self| ResponseCounts { confusion: part.confusion, ambiguous: part.ambiguous };
        let counts: Vec<_> = parts.into_iter().map(counts).collect();
        ResponseCounts::total(&counts).scores()
    }
}

/// Compares predicted with true responses.
///
/// ```text
/// F1 = 1/|C| · Σ_{c ∈ C}  2·TP_c / (2·TP_c + FP_c + FN_c)
/// ```
/// where `C` are the classes that occur in either matrix. Entries unmeasured on either side are passed over; so are, in
/// row `i`, the genes that `perturbations[i]` moves itself. Ambiguous counts as unchanged and is counted next to.
///
/// # Shapes
/// - `truth`, `predicted`: `[n_perturbations, n_genes]`
///
/// # Errors
/// [`MetricError::ShapeMismatch`] if the shapes differ, [`MetricError::PerturbationCount`] if there is not one
/// perturbation per row.
pub fn consistency(
    perturbations: &[Perturbation],
    truth: &ResponseMatrix,
    predicted: &ResponseMatrix,
) -> Result<Consistency, MetricError> {
    let rows = row_counts(perturbations, truth, predicted)?;
    Ok(ResponseCounts::total(&rows).scores())
}

/// What each row contributes, so that rows can be pooled or drawn again without looking at their entries again.
///
/// # Shapes
/// - `truth`, `predicted`: `[n_perturbations, n_genes]`
///
/// # Errors
/// As [`consistency`].
pub fn row_counts(
    perturbations: &[Perturbation],
    truth: &ResponseMatrix,
    predicted: &ResponseMatrix,
) -> Result<Vec<ResponseCounts>, MetricError> {
    let shape = |matrix: &ResponseMatrix| (matrix.n_perturbations(), matrix.n_genes());
    if shape(truth) != shape(predicted) {
        return Err(MetricError::ShapeMismatch { left: shape(truth), right: shape(predicted) });
    }
    let rows = truth.n_perturbations();
    if perturbations.len() != rows {
        return Err(MetricError::PerturbationCount { perturbations: perturbations.len(), rows });
    }
    let of_row = |(row, perturbation)| ResponseCounts::of_row(perturbation, truth.row(row), predicted.row(row));
    Ok(perturbations.iter().enumerate().map(of_row).collect())
}

/// Confusion counts of some rows, from which all scores follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseCounts {
    confusion: [[u64; 3]; 3],
    ambiguous: u64,
}

impl ResponseCounts {
    fn of_row(perturbation: &Perturbation, truth: &[Option<Response>], predicted: &[Option<Response>]) -> Self {
        let mut counts = Self::default();
        for (gene, pair) in truth.iter().zip(predicted).enumerate() {
            if let (Some(truth), Some(predicted)) = pair
                && !perturbation.moves(GeneId::new(gene))
            {
                counts.add(*truth, *predicted);
            }
        }
        counts
    }

    fn add(&mut self, truth: Response, predicted: Response) {
        self.confusion[truth.class()][predicted.class()] += 1;
        self.ambiguous += u64::from(truth == Response::Ambiguous || predicted == Response::Ambiguous);
    }

    /// The counts of all rows together.
    #[must_use]
    pub fn total<'a>(rows: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut total = Self::default();
        for row in rows {
            for (sums, counts) in total.confusion.iter_mut().zip(&row.confusion) {
                for (sum, count) in sums.iter_mut().zip(counts) {
                    *sum += count;
                }
            }
            total.ambiguous += row.ambiguous;
        }
        total
    }

    /// Macro-F1 of the drawn ones together, with repeats.
    ///
    /// # Panics
    /// If a place lies outside `units`.
    #[must_use]
    pub fn drawn_macro_f1(units: &[Self], drawn: &[usize]) -> f64 {
        Self::total(drawn.iter().map(|&unit| &units[unit])).scores().macro_f1
    }

    /// Precision, recall and F1 of each class, and their mean.
    #[must_use]
    pub fn scores(&self) -> Consistency {
        let per_class = [0, 1, 2].map(|class| class_score(&self.confusion, class));
        let seen: Vec<_> = (0..3).filter(|&class| occurs(&self.confusion, class)).collect();
        let total: f64 = seen.iter().map(|&class| per_class[class].f1).sum();
        let macro_f1 = if seen.is_empty() { 0.0 } else { total / seen.len() as f64 };
        Consistency { macro_f1, per_class, confusion: self.confusion, ambiguous: self.ambiguous }
    }
}

fn occurs(confusion: &[[u64; 3]; 3], class: usize) -> bool {
    (0..3).any(|other| confusion[class][other] + confusion[other][class] > 0)
}

fn class_score(confusion: &[[u64; 3]; 3], class: usize) -> ClassScore {
    let right = confusion[class][class] as f64;
    let support: u64 = confusion[class].iter().sum();
    let called: u64 = confusion.iter().map(|row| row[class]).sum();
    let ratio = |whole: f64| if whole > 0.0 { right / whole } else { 0.0 };
    ClassScore {
        precision: ratio(called as f64),
        recall: ratio(support as f64),
        f1: ratio((called + support) as f64 / 2.0),
        support,
    }
}

/// Balance of the consistency with data and with knowledge: their power mean of exponent `−γ`.
///
/// ```text
/// B = (½ F_data^{−γ} + ½ F_knowledge^{−γ})^{−1/γ}
/// ```
/// 0 if either is 0. A larger `γ` punishes the weaker of the two more; `γ = 2` is the published choice.
///
/// # Reference
/// Xiang & Ai, ICLR 2026, arXiv 2510.00512.
#[must_use]
pub fn balanced_consistency(data: f64, knowledge: f64, gamma: f64) -> f64 {
    if data <= 0.0 || knowledge <= 0.0 {
        return 0.0;
    }
    (0.5 * data.powf(-gamma) + 0.5 * knowledge.powf(-gamma)).powf(-1.0 / gamma)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DOWN: Option<Response> = Some(Response::Down);
    const STAYS: Option<Response> = Some(Response::Unchanged);
    const UP: Option<Response> = Some(Response::Up);
    const BOTH: Option<Response> = Some(Response::Ambiguous);

    fn one_row(entries: &[Option<Response>]) -> ResponseMatrix {
        ResponseMatrix::from_entries(1, entries.len(), entries.to_vec())
    }

    /// Scores one row in which gene 0 is deleted; its own entry is put in front here.
    fn score(truth: &[Option<Response>], predicted: &[Option<Response>]) -> Consistency {
        let with_own = |entries: &[Option<Response>]| one_row(&[&[DOWN], entries].concat());
        let deleted = [Perturbation::deletion(GeneId::new(0))];
        consistency(&deleted, &with_own(truth), &with_own(predicted)).expect("shapes fit")
    }

    #[test]
    fn macro_f1_agrees_with_a_case_worked_by_hand() {
        // up: 1 right of 2 true and 1 called, F1 = 2/3; unchanged: 1 right of 1 true and 2 called, F1 = 2/3; down: 1.
        let scores = score(&[UP, UP, STAYS, DOWN], &[UP, STAYS, STAYS, DOWN]);
        assert!((scores.macro_f1 - (2.0 / 3.0 + 2.0 / 3.0 + 1.0) / 3.0).abs() < 1e-15);
        assert_eq!(scores.per_class[2], ClassScore { precision: 1.0, recall: 0.5, f1: 2.0 / 3.0, support: 2 });
    }

    #[test]
    fn unmeasured_is_passed_over_and_not_read_as_unchanged() {
        assert_eq!(score(&[UP, None], &[UP, DOWN]).macro_f1, 1.0);
        assert_eq!(score(&[UP, STAYS], &[UP, DOWN]).macro_f1, 1.0 / 3.0);
    }

    #[test]
    fn a_perturbed_gene_is_never_scored_on_itself() {
        let deleted = [Perturbation::deletion(GeneId::new(0))];
        let scores = consistency(&deleted, &one_row(&[DOWN]), &one_row(&[UP])).expect("shapes fit");
        assert_eq!(scores.confusion, [[0; 3]; 3]);
        assert_eq!(scores.macro_f1, 0.0);
    }

    #[test]
    fn ambiguous_counts_as_unchanged_and_is_told_beside() {
        let scores = score(&[STAYS, UP], &[BOTH, BOTH]);
        assert_eq!(scores.confusion[1][1], 1);
        assert_eq!(scores.confusion[2][1], 1);
        assert_eq!(scores.ambiguous, 2);
    }

    #[test]
    fn a_class_that_neither_side_shows_does_not_lower_the_mean() {
        assert_eq!(score(&[STAYS, UP], &[STAYS, UP]).macro_f1, 1.0);
    }

    #[test]
    fn different_shapes_are_refused() {
        let deleted = [Perturbation::deletion(GeneId::new(0))];
        let error = consistency(&deleted, &one_row(&[UP]), &one_row(&[UP, UP])).expect_err("one gene against two");
        assert!(matches!(error, MetricError::ShapeMismatch { .. }));
        let error = consistency(&[], &one_row(&[UP]), &one_row(&[UP])).expect_err("no perturbation for one row");
        assert!(error.to_string().contains("name one for each row"), "{error}");
    }

    #[test]
    fn the_balance_of_a_half_and_one_follows_the_formula() {
        // (½·4 + ½·1)^(−½) = √0.4
        assert!((balanced_consistency(0.5, 1.0, 2.0) - 0.4_f64.sqrt()).abs() < 1e-15);
        assert_eq!(balanced_consistency(0.0, 1.0, 2.0), 0.0);
    }

    proptest! {
        #[test]
        fn the_balance_lies_between_the_weaker_score_and_the_mean(data in 0.01..1.0_f64, knowledge in 0.01..1.0_f64) {
            let balance = balanced_consistency(data, knowledge, 2.0);
            prop_assert!(balance >= data.min(knowledge) - 1e-12);
            prop_assert!(balance <= 0.5 * (data + knowledge) + 1e-12);
        }

        #[test]
        fn macro_f1_does_not_care_which_side_is_the_truth(pairs in prop::collection::vec((-1..=1_i8, -1..=1_i8), 1..40)) {
            let side = |of: fn(&(i8, i8)) -> i8| -> Vec<_> { pairs.iter().map(|pair| Response::from_value(of(pair))).collect() };
            let (left, right) = (side(|pair| pair.0), side(|pair| pair.1));
            let forth = score(&left, &right);
            let back = score(&right, &left);
            prop_assert!((forth.macro_f1 - back.macro_f1).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&forth.macro_f1));
        }
    }
}
