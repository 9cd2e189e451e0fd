//! The error of a predicted change in three parts: what the model, the experimental batch and the number of cells add.

use serde::{Deserialize, Serialize};

use super::MetricError;

/// The change of each gene against the controls of one batch, and how sure the number of cells makes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchEffect {
    /// Mean of the perturbed cells less mean of the controls, one value for each gene.
    pub change: Vec<f64>,
    /// Squared standard error of each change, ≥ 0.
    pub sampling_variance: Vec<f64>,
}

impl BatchEffect {
    /// The change between two groups of cells of one batch.
    ///
    /// ```text
    /// d_g = mean_p x_g − mean_c x_g,   v_g = s²_{p,g}/n_p + s²_{c,g}/n_c
    /// ```
    /// with the unbiased variances `s²` of each group.
    ///
    /// # Shapes
    /// - `perturbed`, `control`: one slice of `[n_genes]` for each cell
    ///
    /// # Errors
    /// [`MetricError::TooFewCells`] if a group has fewer than two cells, [`MetricError::GeneCount`] if cells differ in
    /// their number of genes, [`MetricError::NotFinite`] for a value that is not a number.
    pub fn of_cells(perturbed: &[&[f64]], control: &[&[f64]]) -> Result<Self, MetricError> {
        let expected = control.first().or(perturbed.first()).map_or(0, |cell| cell.len());
        let (perturbed, control) = (Moments::of(perturbed, expected)?, Moments::of(control, expected)?);
        let change = perturbed.means.iter().zip(&control.means).map(|(p, c)| p - c).collect();
        let sampling_variance = perturbed.errors.iter().zip(&control.errors).map(|(p, c)| p + c).collect();
        Ok(Self { change, sampling_variance })
    }
}

/// Mean and squared standard error of each gene.
struct Moments {
    means: Vec<f64>,
    errors: Vec<f64>,
}

impl Moments {
    fn of(cells: &[&[f64]], genes: usize) -> Result<Self, MetricError> {
        if cells.len() < 2 {
            return Err(MetricError::TooFewCells { found: cells.len() });
        }
        for cell in cells {
            check_genes(cell, genes)?;
        }
        let count = cells.len() as f64;
        let mean = |gene: usize| cells.iter().map(|cell| cell[gene]).sum::<f64>() / count;
        let means: Vec<_> = (0..genes).map(mean).collect();
        let square = |gene: usize| cells.iter().map(|cell| (cell[gene] - means[gene]).powi(2)).sum::<f64>();
        let errors = (0..genes).map(|gene| square(gene) / ((count - 1.0) * count)).collect();
        Ok(Self { means, errors })
    }
}

/// Mean squared error of a gene's predicted change, in parts that add up in expectation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorParts {
    /// Mean squared difference between prediction and measured change, over genes and batches.
    pub total: f64,
    /// What would be left with endless batches of endless cells, ≥ 0; with one batch also what that batch adds.
    pub model: f64,
    /// Variance of the change from batch to batch beyond that of the cells, ≥ 0; `None` with a single batch.
    pub batch: Option<f64>,
    /// Variance of the change from the number of cells, ≥ 0.
    pub sampling: f64,
}

/// Parts the error of the predicted change under one perturbation.
///
/// ```text
/// S = mean_{b,g} v_{b,g},   B = max(0, mean_g var_b d_{b,g} − S),   M = max(0, mean_g (p_g − d̄_g)² − (B + S)/n_b)
/// total = mean_{b,g} (p_g − d_{b,g})²
/// ```
/// where `p_g` is the predicted change of gene `g`, `d_{b,g}` and `v_{b,g}` the change and its squared standard error in batch
/// `b` of `n_b`, `d̄_g` the mean over batches and `var_b` the unbiased variance over them. If the prediction was not made from
/// these cells, `total` is `M + B + S` in expectation, but for the cuts at 0. These are the variance components of a random
/// effect of the batch; every batch counts alike.
///
/// # Errors
/// [`MetricError`] if there is no batch or no gene, if lengths differ, for a value that is not a number, or for a variance
/// below 0.
pub fn error_parts(predicted: &[f64], batches: &[BatchEffect]) -> Result<ErrorParts, MetricError> {
    if batches.is_empty() || predicted.is_empty() {
        return Err(MetricError::NothingToPart { batches: batches.len(), genes: predicted.len() });
    }
    check_genes(predicted, predicted.len())?;
    for batch in batches {
        check_genes(&batch.change, predicted.len())?;
        check_genes(&batch.sampling_variance, predicted.len())?;
        if let Some(&value) = batch.sampling_variance.iter().find(|&&value| value < 0.0) {
            return Err(MetricError::NegativeVariance { value });
        }
    }
    let mut sums = ErrorSums::new(batches.len());
    for (gene, &predicted) in predicted.iter().enumerate() {
        let effects = batches.iter().map(|batch| (batch.change[gene], batch.sampling_variance[gene]));
        sums.add(predicted, effects);
    }
    Ok(sums.parts().expect("there is a batch and a gene"))
}

/// What [`error_parts`] sums over the genes, for whoever meets them one after the other and keeps none.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorSums {
    batches: usize,
    genes: usize,
    squares: f64,
    spread: f64,
    sampling: f64,
}

impl ErrorSums {
    /// Of no gene yet, over this many batches.
    #[must_use]
    pub const fn new(batches: usize) -> Self {
        Self { batches, genes: 0, squares: 0.0, spread: 0.0, sampling: 0.0 }
    }

    /// Adds a gene: its predicted change, and for each batch its change there with the squared standard error.
    pub fn add(&mut self, predicted: f64, effects: impl Iterator<Item = (f64, f64)> + Clone) {
        let count = self.batches as f64;
        let mean = effects.clone().map(|(change, _)| change).sum::<f64>() / count;
        self.genes += 1;
        self.squares += (predicted - mean).powi(2);
        self.spread += effects.clone().map(|(change, _)| (change - mean).powi(2)).sum::<f64>() / count;
        self.sampling += effects.map(|(_, variance)| variance).sum::<f64>() / count;
    }

    /// The parts; `None` without a batch or a gene.
    #[must_use]
    pub fn parts(&self) -> Option<ErrorParts> {
        if self.batches == 0 || self.genes == 0 {
            return None;
        }
        let (count, genes) = (self.batches as f64, self.genes as f64);
        let (squares, spread, sampling) = (self.squares / genes, self.spread / genes, self.sampling / genes);
        let batch = (self.batches > 1).then(|| (spread * count / (count - 1.0) - sampling).max(0.0));
        let model = (squares - (batch.unwrap_or(0.0) + sampling) / count).max(0.0);
        Some(ErrorParts { total: squares + spread, model, batch, sampling })
    }

    /// The parts of the error against the mean change over batches, whose batches and cells count `n_b` times as much:
    /// `mean_g (p_g − d̄_g)²`, `M`, `B/n_b` and `S/n_b`.
    #[must_use]
    pub fn parts_of_mean(&self) -> Option<ErrorParts> {
        let ErrorParts { model, batch, sampling, .. } = self.parts()?;
        let (count, total) = (self.batches as f64, self.squares / self.genes as f64);
        Some(ErrorParts { total, model, batch: batch.map(|batch| batch / count), sampling: sampling / count })
    }
}

fn check_genes(values: &[f64], expected: usize) -> Result<(), MetricError> {
    if values.len() != expected {
        return Err(MetricError::GeneCount { found: values.len(), expected });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(gene) => Err(MetricError::NotFinite { gene, value: values[gene] }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::Rng;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_change_and_its_error_are_those_worked_by_hand() {
        // Perturbed 1, 3: mean 2, s² = 2, error 1. Controls 0, 0, 3: mean 1, s² = 3, error 1.
        let effect = BatchEffect::of_cells(&[&[1.0], &[3.0]], &[&[0.0], &[0.0], &[3.0]]).expect("enough cells");
        assert_eq!(effect, BatchEffect { change: vec![1.0], sampling_variance: vec![2.0] });
    }

    #[test]
    fn the_three_parts_of_two_batches_agree_with_pencil() {
        // Gene 0: changes 1 and 3, predicted 5; gene 1: changes 0 and 0, predicted 1. All v = ½.
        let batch = |change: [f64; 2]| BatchEffect { change: change.to_vec(), sampling_variance: vec![0.5; 2] };
        let parts = error_parts(&[5.0, 1.0], &[batch([1.0, 0.0]), batch([3.0, 0.0])]).expect("fits");
        // total = (16 + 4 + 1 + 1)/4; S = ½; variances 2 and 0, mean 1, B = ½; (9 + 1)/2 − (½ + ½)/2 = 4½.
        assert_eq!(parts, ErrorParts { total: 5.5, model: 4.5, batch: Some(0.5), sampling: 0.5 });
        let alone = error_parts(&[5.0, 1.0], &[batch([1.0, 0.0])]).expect("fits");
        // (16 + 1)/2 = 8½, less the ½ of sampling.
        assert_eq!(alone, ErrorParts { total: 8.5, model: 8.0, batch: None, sampling: 0.5 });
    }

    #[test]
    fn what_cannot_be_parted_is_refused() {
        let effect = BatchEffect { change: vec![0.0], sampling_variance: vec![-1.0] };
        assert!(matches!(error_parts(&[0.0], &[]), Err(MetricError::NothingToPart { batches: 0, genes: 1 })));
        assert!(matches!(
            error_parts(&[0.0], std::slice::from_ref(&effect)),
            Err(MetricError::NegativeVariance { .. })
        ));
        assert!(matches!(error_parts(&[0.0; 2], &[effect]), Err(MetricError::GeneCount { found: 1, expected: 2 })));
        assert!(matches!(BatchEffect::of_cells(&[&[1.0]], &[]), Err(MetricError::TooFewCells { found: 1 })));
        let message = error_parts(&[f64::NAN], &[]).expect_err("nothing").to_string();
        assert!(message.contains("0 batches"), "{message}");
    }

    #[test]
    fn parts_planted_in_many_genes_come_back() {
        // Model error 0.4, standard deviation of batches 0.3, of cells 0.2: parts .16, .09, .04.
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut plus_or_minus = |size: f64| if rng.random::<bool>() { size } else { -size };
        let genes = 4_000;
        let batches: Vec<_> = (0..4)
            .map(|_| BatchEffect {
                change: (0..genes).map(|_| plus_or_minus(0.3) + plus_or_minus(0.2)).collect(),
                sampling_variance: vec![0.04; genes],
            })
            .collect();
        let parts = error_parts(&vec![0.4; genes], &batches).expect("fits");
        assert!((parts.model - 0.16).abs() < 0.01, "{parts:?}");
        assert!((parts.batch.expect("four batches") - 0.09).abs() < 0.005 && parts.sampling - 0.04 < 1e-9, "{parts:?}");
        assert!((parts.total - 0.29).abs() < 0.015, "{parts:?}");
    }

    proptest! {
        #[test]
        fn no_part_is_negative_and_a_gene_shuffle_changes_none(
            genes in prop::collection::vec((-3.0..3.0_f64, prop::collection::vec((-3.0..3.0_f64, 0.0..2.0_f64), 3)), 1..9),
        ) {
            let effects = |genes: &[(f64, Vec<(f64, f64)>)]| {
                let batch = |at: usize| BatchEffect {
                    change: genes.iter().map(|(_, batches)| batches[at].0).collect(),
                    sampling_variance: genes.iter().map(|(_, batches)| batches[at].1).collect(),
                };
                let predicted: Vec<_> = genes.iter().map(|(predicted, _)| *predicted).collect();
                error_parts(&predicted, &[batch(0), batch(1), batch(2)]).expect("fits")
            };
            let parts = effects(&genes);
            prop_assert!(parts.model >= 0.0 && parts.batch.is_some_and(|batch| batch >= 0.0) && parts.sampling >= 0.0);
            let turned: Vec<_> = genes.into_iter().rev().collect();
            prop_assert!((effects(&turned).model - parts.model).abs() < 1e-9);
        }
    }
}
