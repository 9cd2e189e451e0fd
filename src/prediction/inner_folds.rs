//! Folds inside the training rows, by which a predictor chooses its own settings without a look at any other row.

use std::collections::BTreeMap;

use super::TrainingData;
use crate::biology::GeneId;

/// This many folds, or one for each gene set where there are fewer.
const FOLDS: usize = 5;

/// One fold inside the training rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InnerFold {
    /// Rows that are learnt from, in order.
    pub learnt: Vec<usize>,
    /// Rows that are judged, in order; no gene set of theirs is learnt from.
    pub judged: Vec<usize>,
}

/// Assigns the gene sets of `rows` to folds, round and round in order of appearance; none if there is one gene set alone.
pub(super) fn inner_folds(data: &TrainingData<'_>, rows: &[usize]) -> Vec<InnerFold> {
    let mut number_of: BTreeMap<Vec<GeneId>, usize> = BTreeMap::new();
    let mut sets = Vec::with_capacity(rows.len());
    for &row in rows {
        let next = number_of.len();
        sets.push(*number_of.entry(data.perturbations[row].genes().collect()).or_insert(next));
    }
    let folds = number_of.len().min(FOLDS);
    if folds < 2 {
        return Vec::new();
    }
    let fold = |fold: usize| {
        let assigned = rows.iter().zip(&sets).map(|(&row, &set)| (row, set % folds == fold));
        let (judged, learnt): (Vec<_>, Vec<_>) = assigned.partition(|&(_, judged)| judged);
        let rows = |part: Vec<(usize, bool)>| part.into_iter().map(|(row, _)| row).collect();
        InnerFold { learnt: rows(learnt), judged: rows(judged) }
    };
    (0..folds).map(fold).collect()
}

/// Every how many measured entries of `rows` one is taken, so that at most about `most` are.
pub(super) fn stride(data: &TrainingData<'_>, rows: &[usize], most: usize) -> usize {
    let measured: usize = rows.iter().map(|&row| data.measured(row).count()).sum();
    measured.div_ceil(most).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Perturbation, ResponseMatrix};

    #[test]
    fn rows_of_one_gene_set_are_never_on_both_sides_of_a_fold() {
        let gene = GeneId::new;
        let perturbations: Vec<_> = [0, 1, 0, 2, 1]
            .iter()
            .enumerate()
            .map(|(row, &index)| match row {
                2 => Perturbation::overexpression(gene(index)),
                _ => Perturbation::deletion(gene(index)),
            })
            .collect();
        let responses = ResponseMatrix::unmeasured(5, 3);
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &[1.0; 5],
            validation: &[],
        };
        let folds = inner_folds(&data, &[0, 1, 2, 3, 4]);
        let judged: Vec<_> = folds.iter().map(|fold| fold.judged.clone()).collect();
        assert_eq!(judged, [vec![0, 2], vec![1, 4], vec![3]]);
        assert_eq!(folds[1].learnt, [0, 2, 3]);
        assert!(inner_folds(&data, &[1, 4]).is_empty());
    }
}
