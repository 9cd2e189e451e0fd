//! Which rows are learnt from, and how often each class was measured in them.

use crate::biology::{GeneId, Response};

use super::{PredictionError, TrainingData};

/// The rows of a [`TrainingData`] by use; rows in which nothing was measured are in neither list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TrainingRows {
    /// Rows that are learnt from, in order.
    pub train: Vec<usize>,
    /// Rows for early stopping and calibration, in order.
    pub validation: Vec<usize>,
}

impl TrainingRows {
    /// Parts the rows of `data`, after checking that its pieces fit together and to `n_genes`.
    pub fn of(data: &TrainingData<'_>, n_genes: usize) -> Result<Self, PredictionError> {
        check(data, n_genes)?;
        let mut kept_aside = vec![false; data.perturbations.len()];
        for &row in data.validation {
            kept_aside[row] = true;
        }
        let measured = |&row: &usize| data.measured(row).next().is_some();
        let (validation, train): (Vec<_>, Vec<_>) =
            (0..data.perturbations.len()).filter(measured).partition(|&row| kept_aside[row]);
        if train.is_empty() {
            return Err(PredictionError::NoTrainingData);
        }
        Ok(Self { train, validation })
    }
}

fn check(data: &TrainingData<'_>, n_genes: usize) -> Result<(), PredictionError> {
    let rows = data.perturbations.len();
    let mismatch = |what: String| Err(PredictionError::ShapeMismatch(what));
    if data.responses.n_genes() != n_genes {
        return mismatch(format!("the responses hold {} genes, the predictor {n_genes}", data.responses.n_genes()));
    }
    if data.responses.n_perturbations() != rows || data.row_weights.len() != rows {
        let (responses, weights) = (data.responses.n_perturbations(), data.row_weights.len());
        return mismatch(format!("{rows} perturbations, {responses} rows of responses, {weights} row weights"));
    }
    if let Some(row) = data.validation.iter().find(|&&row| row >= rows) {
        return mismatch(format!("validation row {row} of {rows} rows"));
    }
    if let Some((row, weight)) = data.row_weights.iter().enumerate().find(|(_, weight)| !is_weight(**weight)) {
        return mismatch(format!("row {row} has the weight {weight}, which is not a finite number above 0"));
    }
    let moved = data.perturbations.iter().flat_map(|perturbation| perturbation.genes());
    match moved.map(GeneId::index).find(|&gene| gene >= n_genes) {
        Some(gene) => mismatch(format!("a perturbation moves gene {gene} of {n_genes}")),
        None => Ok(()),
    }
}

fn is_weight(weight: f32) -> bool {
    weight.is_finite() && weight > 0.0
}

impl<'a> TrainingData<'a> {
    /// The measured responses of one row without those of the genes that it moves itself.
    pub(super) fn measured(&self, row: usize) -> impl Iterator<Item = (GeneId, Response)> + use<'a> {
        let perturbation = &self.perturbations[row];
        let entries = self.responses.row(row).iter().enumerate();
        entries.filter_map(move |(gene, entry)| {
            let gene = GeneId::new(gene);
            entry.filter(|_| !perturbation.moves(gene)).map(|response| (gene, response))
        })
    }
}

/// How often down, unchanged and up were measured, each entry counting as much as its row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    /// In the order down, unchanged, up.
    pub by_class: [f64; 3],
}

impl Measured {
    /// Counts the entries of `rows`.
    pub fn count(data: &TrainingData<'_>, rows: &[usize]) -> Self {
        let mut by_class = [0.0; 3];
        for &row in rows {
            for (_, response) in data.measured(row) {
                by_class[response.class()] += f64::from(data.row_weights[row]);
            }
        }
        Self { by_class }
    }

    /// Sum over the classes.
    pub fn total(&self) -> f64 {
        self.by_class.iter().sum()
    }

    /// Weights inverse to the frequency of each class, with mean 1 over the counted entries; 0 for a class that never
    /// occurs.
    pub fn class_weights(&self) -> [f64; 3] {
        let classes = self.by_class.iter().filter(|&&count| count > 0.0).count() as f64;
        let total = self.total();
        self.by_class.map(|count| if count > 0.0 { total / (classes * count) } else { 0.0 })
    }

    /// Share of each class, one entry of each added, so that none is 0.
    pub fn shares(&self) -> [f32; 3] {
        self.by_class.map(|count| ((count + 1.0) / (self.total() + 3.0)) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Perturbation, ResponseMatrix};

    #[test]
    fn a_perturbed_genes_own_entry_and_unmeasured_ones_are_not_counted() {
        let perturbations = [Perturbation::deletion(GeneId::new(0)), Perturbation::deletion(GeneId::new(1))];
        let entries = [Some(Response::Down), Some(Response::Up), None, Some(Response::Unchanged), None, None];
        let responses = ResponseMatrix::from_entries(2, 3, entries.to_vec());
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &[1.0, 0.5],
            validation: &[],
        };
        let measured = Measured::count(&data, &[0, 1]);
        assert_eq!(measured.by_class, [0.0, 0.5, 1.0]);
        // Two classes occur, N = 1.5: 1.5 / (2 · 0.5) and 1.5 / (2 · 1).
        assert_eq!(measured.class_weights(), [0.0, 1.5, 0.75]);
    }

    #[test]
    fn data_whose_parts_do_not_fit_are_refused_with_both_sizes() {
        let perturbations = [Perturbation::deletion(GeneId::new(0))];
        let responses = ResponseMatrix::unmeasured(1, 3);
        let data =
            TrainingData { perturbations: &perturbations, responses: &responses, row_weights: &[1.0], validation: &[] };
        let message = TrainingRows::of(&data, 4).expect_err("four genes").to_string();
        assert!(message.contains("3 genes") && message.contains('4'), "{message}");
        assert!(matches!(TrainingRows::of(&data, 3), Err(PredictionError::NoTrainingData)));
        let weightless = TrainingData { row_weights: &[0.0], ..data };
        assert!(TrainingRows::of(&weightless, 3).is_err());
    }
}
