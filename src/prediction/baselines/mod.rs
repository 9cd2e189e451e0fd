//! The predictors without a neural network, one file each.
//!
//! Start at [`all`], the simple ones that every report shows. None of these has a setting that is tuned: they say what a
//! number is worth. The ridge, [`Neighbours`] and [`Forest`] choose settings inside the training rows. Each learns from
//! the training rows only; validation rows are left aside, as the neural predictors leave them.

mod additive;
mod forest;
mod linear;
mod mean;
mod neighbours;
mod no_change;
mod principal;
mod trees;
mod walks;

pub use additive::Additive;
pub use forest::{Forest, ForestConfig};
pub use linear::Linear;
pub use mean::Mean;
pub use neighbours::Neighbours;
pub use no_change::NoChange;

use rayon::prelude::*;

use super::{Prediction, PredictionError, Predictor};
use crate::biology::Perturbation;
use crate::network::RegulatoryNetwork;

/// The baselines of every report for the genes of `network`, in the order in which tables show them.
#[must_use]
pub fn all(network: &RegulatoryNetwork) -> Vec<Box<dyn Predictor>> {
    let n_genes = network.n_genes();
    vec![
        Box::new(NoChange::new(n_genes)),
        Box::new(Mean::new(n_genes)),
        Box::new(Additive::new(n_genes)),
        Box::new(Linear::of_responses(n_genes)),
        Box::new(Linear::of_regulons(network)),
    ]
}

pub(super) fn check_genes(
    predictor: &'static str,
    n_genes: usize,
    rows: &[Perturbation],
) -> Result<(), PredictionError> {
    match rows.iter().flat_map(Perturbation::genes).find(|gene| gene.index() >= n_genes) {
        Some(gene) => Err(PredictionError::GeneOutside { predictor, gene: gene.index(), n_genes }),
        None => Ok(()),
    }
}

/// Fills each row by `predict_row`, in parallel.
pub(super) fn predict_rows(
    predictor: &'static str,
    n_genes: usize,
    perturbations: &[Perturbation],
    predict_row: impl Fn(&Perturbation, &mut [[f32; 3]]) + Sync,
) -> Result<Prediction, PredictionError> {
    check_genes(predictor, n_genes, perturbations)?;
    let mut entries = vec![[0.0; 3]; perturbations.len() * n_genes];
    let rows = entries.par_chunks_mut(n_genes).zip(perturbations);
    rows.for_each(|(row, perturbation)| predict_row(perturbation, row));
    Ok(Prediction::new(n_genes, entries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, Response, ResponseMatrix};
    use crate::prediction::TrainingData;
    use crate::progress::NoProgress;

    #[test]
    fn every_baseline_has_its_own_name_refuses_unfitted_use_and_gives_probabilities() {
        let network = RegulatoryNetwork::new(3, []);
        let perturbations = [Perturbation::deletion(GeneId::new(0)), Perturbation::overexpression(GeneId::new(1))];
        let mut responses = ResponseMatrix::unmeasured(2, 3);
        responses.set(0, GeneId::new(2), Some(Response::Down));
        responses.set(1, GeneId::new(0), Some(Response::Up));
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &[1.0, 1.0],
            validation: &[],
        };
        let mut names = std::collections::BTreeSet::new();
        for mut baseline in all(&network) {
            assert!(names.insert(baseline.name()), "{} twice", baseline.name());
            assert!(matches!(baseline.predict(&perturbations), Err(PredictionError::NotFitted(_))));
            baseline.fit(&data, &NoProgress).expect("something to learn from");
            let prediction = baseline.predict(&perturbations).expect("fitted");
            for (row, gene) in (0..2).flat_map(|row| (0..3).map(move |gene| (row, gene))) {
                let probabilities = prediction.probabilities(row, GeneId::new(gene));
                let total: f32 = probabilities.iter().sum();
                assert!((total - 1.0).abs() < 1e-5 && probabilities.iter().all(|p| *p >= 0.0), "{}", baseline.name());
            }
            let outside = [Perturbation::deletion(GeneId::new(3))];
            assert!(matches!(baseline.predict(&outside), Err(PredictionError::GeneOutside { .. })));
        }
    }
}
