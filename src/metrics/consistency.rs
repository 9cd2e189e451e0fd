//! Macro-F1 consistency with data and with knowledge, and the balance of the two.

use serde::{Deserialize, Serialize};

use super::MetricError;
use crate::biology::{Perturbation, Response, ResponseMatrix};

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

/// Compares predicted with true responses.
///
/// ```text
/// F1 = 1/|C| · Σ_{c ∈ C}  2·TP_c / (2·TP_c + FP_c + FN_c)
/// ```
/// where `C` are the classes that occur in either matrix. Entries unmeasured on either side are passed over; so are, in
/// row `i`, the genes that `perturbations[i]` moves itself. Ambiguous counts as unchanged and is counted beside.
///
/// # Shapes
/// - `truth`, `predicted`: `[n_perturbations, n_genes]`
///
/// # Errors
/// [`MetricError::ShapeMismatch`] if the shapes differ.
pub fn consistency(
    perturbations: &[Perturbation],
    truth: &ResponseMatrix,
    predicted: &ResponseMatrix,
) -> Result<Consistency, MetricError> {
    let shape = |matrix: &ResponseMatrix| (matrix.n_perturbations(), matrix.n_genes());
    let rows_fit = perturbations.len() == truth.n_perturbations();
    if shape(truth) != shape(predicted) || !rows_fit {
        return Err(MetricError::ShapeMismatch { left: shape(truth), right: shape(predicted) });
    }
    let mut counts = Counts::default();
    for (row, perturbation) in perturbations.iter().enumerate() {
        let own = |gene: usize| perturbation.genes().any(|moved| moved.index() == gene);
        let pairs = truth.row(row).iter().zip(predicted.row(row)).enumerate();
        for (gene, pair) in pairs {
            if let (Some(truth), Some(predicted)) = pair
                && !own(gene)
            {
                counts.add(*truth, *predicted);
            }
        }
    }
    Ok(counts.scores())
}

#[derive(Default)]
struct Counts {
    confusion: [[u64; 3]; 3],
    ambiguous: u64,
}

impl Counts {
    fn add(&mut self, truth: Response, predicted: Response) {
        self.confusion[truth.class()][predicted.class()] += 1;
        self.ambiguous += u64::from(truth == Response::Ambiguous || predicted == Response::Ambiguous);
    }

    fn scores(self) -> Consistency {
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
