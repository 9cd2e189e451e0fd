//! A combination does what its single perturbations do, added up.

use std::collections::BTreeMap;

use super::{mean, predict_rows};
use crate::biology::{Direction, GeneId, Perturbation};
use crate::prediction::measured::TrainingRows;
use crate::prediction::{FitRecord, Prediction, PredictionError, Predictor, TrainingData};
use crate::progress::Progress;

/// How much of each probability comes from the mean baseline, so that none is 0.
const SMOOTHING: f32 = 0.05;

/// The sum of the mean responses to the single perturbations.
///
/// ```text
/// s_j = Σ_{i ∈ x} ȳ_{i,j},   p_j = .95 · (max(−s,0), 1 − |s|, max(s,0)) + .05 · p̂_j,   s clamped to [−1, 1]
/// ```
/// where `ȳ_{i,j}` is the mean of gene j's responses (−1, 0, 1) over the training rows that perturb gene i alone and in
/// the same direction, and `p̂` the [`Mean`](super::Mean) baseline. Rows of the opposite direction are mirrored where there is
/// none of the same. A gene of the combination for which j was never measured adds nothing; if that is all of them,
/// `p_j = p̂_j`.
///
/// # Reference
/// Ahlmann-Eltze, Huber & Anders, Deep-learning-based gene perturbation effect prediction does not yet outperform simple
/// linear baselines, Nature Methods 2025, doi:10.1038/s41592-025-02772-6.
#[derive(Clone, Debug)]
pub struct Additive {
    n_genes: usize,
    fitted: Option<Singles>,
}

#[derive(Clone, Debug)]
struct Singles {
    shares: Vec<[f32; 3]>,
    /// Mean response of each gene to each single perturbation, NaN where it was not measured.
    responses: BTreeMap<(GeneId, Direction), Vec<f32>>,
}

impl Additive {
    /// The baseline for this many genes.
    #[must_use]
    pub const fn new(n_genes: usize) -> Self {
        Self { n_genes, fitted: None }
    }
}

impl Singles {
    fn learn(data: &TrainingData<'_>, rows: &[usize]) -> Self {
        let mut rows_of: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for &row in rows {
            if let &[change] = data.perturbations[row].changes() {
                rows_of.entry(change).or_default().push(row);
            }
        }
        let responses = rows_of.into_iter().map(|(change, rows)| (change, mean_response(data, &rows))).collect();
        Self { shares: mean::shares(data, rows), responses }
    }

    /// Sign and responses of one change, as seen or mirrored.
    fn response(&self, gene: GeneId, direction: Direction) -> Option<(f32, &[f32])> {
        let opposite = match direction {
            Direction::Deletion => Direction::Overexpression,
            Direction::Overexpression => Direction::Deletion,
        };
        let same = self.responses.get(&(gene, direction)).map(|responses| (1.0, responses.as_slice()));
        same.or_else(|| self.responses.get(&(gene, opposite)).map(|responses| (-1.0, responses.as_slice())))
    }

    fn predict_row(&self, perturbation: &Perturbation, out: &mut [[f32; 3]]) {
        let seen: Vec<_> =
            perturbation.changes().iter().filter_map(|&(gene, direction)| self.response(gene, direction)).collect();
        for (gene, out) in out.iter_mut().enumerate() {
            let parts = seen.iter().map(|(sign, responses)| sign * responses[gene]).filter(|part| !part.is_nan());
            let sum = parts.fold(None, |sum: Option<f32>, part| Some(sum.unwrap_or(0.0) + part));
            *out = sum.map_or(self.shares[gene], |sum| probabilities(sum.clamp(-1.0, 1.0), self.shares[gene]));
        }
    }
}

fn probabilities(sum: f32, share: [f32; 3]) -> [f32; 3] {
    let own = [(-sum).max(0.0), 1.0 - sum.abs(), sum.max(0.0)];
    [0, 1, 2].map(|class| (1.0 - SMOOTHING) * own[class] + SMOOTHING * share[class])
}

fn mean_response(data: &TrainingData<'_>, rows: &[usize]) -> Vec<f32> {
    let mut sums = vec![(0.0_f32, 0.0_f32); data.responses.n_genes()];
    for &row in rows {
        let weight = data.row_weights[row];
        for (gene, response) in data.measured(row) {
            let sum = &mut sums[gene.index()];
            *sum = (sum.0 + weight * f32::from(response.value()), sum.1 + weight);
        }
    }
    sums.into_iter().map(|(sum, weight)| if weight > 0.0 { sum / weight } else { f32::NAN }).collect()
}

impl Predictor for Additive {
    fn name(&self) -> &'static str {
        "additive"
    }

    fn fit(&mut self, data: &TrainingData<'_>, _progress: &dyn Progress) -> Result<FitRecord, PredictionError> {
        self.fitted = None;
        let rows = TrainingRows::of(data, self.n_genes)?;
        self.fitted = Some(Singles::learn(data, &rows.train));
        Ok(FitRecord { temperature: 1.0, ..FitRecord::default() })
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        let singles = self.fitted.as_ref().ok_or(PredictionError::NotFitted(self.name()))?;
        predict_rows(self.name(), self.n_genes, perturbations, |perturbation, row| {
            singles.predict_row(perturbation, row)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Response, ResponseMatrix};
    use crate::progress::NoProgress;
    use Response::{Down, Unchanged, Up};

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    #[test]
    fn a_combination_adds_up_what_its_single_perturbations_did() {
        let singles = [Perturbation::deletion(gene(0)), Perturbation::overexpression(gene(1))];
        let rows = [
            // Gene:   0,          1,               2,       3,               4
            [Some(Down), Some(Unchanged), Some(Up), Some(Up), None],
            [Some(Unchanged), Some(Up), Some(Up), Some(Down), None],
        ];
        let responses = ResponseMatrix::from_entries(2, 5, rows.concat());
        let data =
            TrainingData { perturbations: &singles, responses: &responses, row_weights: &[1.0, 1.0], validation: &[] };
        let mut additive = Additive::new(5);
        additive.fit(&data, &NoProgress).expect("fit");

        let both = Perturbation::of([(gene(0), Direction::Deletion), (gene(1), Direction::Overexpression)]);
        let mirrored = Perturbation::overexpression(gene(0));
        let unseen = Perturbation::deletion(gene(4));
        let predicted = additive.predict(&[both.expect("two genes"), mirrored, unseen]).expect("predict");
        let responses = predicted.responses();
        // Up and up stays up; up and down cancel out.
        assert_eq!(responses.row(0)[2..4], [Some(Up), Some(Unchanged)]);
        // More of gene 0 does the opposite of less of it.
        assert_eq!(responses.row(1)[2..4], [Some(Down), Some(Down)]);
        // Where nothing was seen, the mean: gene 2 was up twice, gene 4 never measured (overall shares 2:3:4 of 9).
        assert_eq!(responses.row(2)[2], Some(Up));
        let found = predicted.probabilities(2, gene(4));
        assert!(found.iter().zip([2.0, 3.0, 4.0]).all(|(found, ninths)| (found - ninths / 9.0_f32).abs() < 1e-6));
    }

    #[test]
    fn replicates_that_disagree_give_their_mean_as_probability() {
        let replicates = [Perturbation::deletion(gene(0)), Perturbation::deletion(gene(0))];
        let responses = ResponseMatrix::from_entries(2, 2, vec![None, Some(Down), None, Some(Unchanged)]);
        let data = TrainingData {
            perturbations: &replicates,
            responses: &responses,
            row_weights: &[3.0, 1.0],
            validation: &[],
        };
        let mut additive = Additive::new(2);
        additive.fit(&data, &NoProgress).expect("fit");
        let prediction = additive.predict(&replicates[..1]).expect("predict");
        // s = −3/4; gene 1: π = (4, 2, 1)/7, p̂ = (3 + 4/7, 1 + 2/7, 1/7)/5.
        let wanted = 0.95 * 0.75 + 0.05 * (3.0 + 4.0 / 7.0) / 5.0;
        assert!((prediction.probabilities(0, gene(1))[0] - wanted).abs() < 1e-6);
    }
}
