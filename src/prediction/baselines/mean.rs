//! Each gene does what it does on average, whatever is perturbed.

use super::check_genes;
use crate::biology::Perturbation;
use crate::prediction::measured::{Measured, TrainingRows};
use crate::prediction::{FitRecord, Prediction, PredictionError, Predictor, TrainingData};
use crate::progress::Progress;

/// The share of down, unchanged and up of each gene over the training rows.
///
/// ```text
/// p_{g,c} = (Σ_r w_r [y_{r,g} = c] + π_c) / (Σ_r w_r + 1)
/// ```
/// over the training rows `r` in which gene `g` is measured and not itself perturbed, `π` the shares over all genes. A
/// gene that was never measured gets `π`. Deletions and overexpressions are counted alike.
#[derive(Clone, Debug)]
pub struct Mean {
    n_genes: usize,
    shares: Option<Vec<[f32; 3]>>,
}

impl Mean {
    /// The baseline for this many genes.
    #[must_use]
    pub const fn new(n_genes: usize) -> Self {
        Self { n_genes, shares: None }
    }
}

/// The shares of each gene, see [`Mean`].
pub(super) fn shares(data: &TrainingData<'_>, rows: &[usize]) -> Vec<[f32; 3]> {
    let overall = Measured::count(data, rows).shares();
    let mut counts = vec![overall; data.responses.n_genes()];
    for &row in rows {
        for (gene, response) in data.measured(row) {
            counts[gene.index()][response.class()] += data.row_weights[row];
        }
    }
    for counts in &mut counts {
        let total: f32 = counts.iter().sum();
        *counts = counts.map(|count| count / total);
    }
    counts
}

impl Predictor for Mean {
    fn name(&self) -> &'static str {
        "mean"
    }

    fn fit(&mut self, data: &TrainingData<'_>, _progress: &dyn Progress) -> Result<FitRecord, PredictionError> {
        self.shares = None;
        let rows = TrainingRows::of(data, self.n_genes)?;
        self.shares = Some(shares(data, &rows.train));
        Ok(FitRecord { temperature: 1.0, ..FitRecord::default() })
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        let shares = self.shares.as_ref().ok_or(PredictionError::NotFitted(self.name()))?;
        check_genes(self.name(), self.n_genes, perturbations)?;
        Ok(Prediction::new(self.n_genes, shares.repeat(perturbations.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, Response, ResponseMatrix};
    use crate::progress::NoProgress;

    #[test]
    fn the_shares_of_a_gene_are_its_counts_drawn_a_little_towards_all_genes() {
        let perturbations = [0, 1, 2].map(|gene| Perturbation::deletion(GeneId::new(gene)));
        let mut responses = ResponseMatrix::unmeasured(3, 5);
        for row in 0..3 {
            responses.set(row, GeneId::new(3), Some(Response::Up));
        }
        // The validation row must not count.
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &[1.0, 1.0, 1.0],
            validation: &[2],
        };
        let mut mean = Mean::new(5);
        mean.fit(&data, &NoProgress).expect("fit");
        let prediction = mean.predict(&perturbations[..1]).expect("predict");
        // Two entries, both up: π = (1, 1, 3)/5; gene 3: (0 + .2, 0 + .2, 2 + .6)/3; gene 4 was never measured: π.
        for (gene, wanted) in [(3, [0.2 / 3.0, 0.2 / 3.0, 2.6 / 3.0]), (4, [0.2, 0.2, 0.6])] {
            let found = prediction.probabilities(0, GeneId::new(gene));
            assert!(found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-6), "{found:?}");
        }
    }
}
