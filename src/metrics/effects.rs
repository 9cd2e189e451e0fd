//! Scores of predicted changes, under the names and by the formulas of the `cell-eval` package.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::MetricError;
use crate::biology::{GeneId, Perturbation, Response, ResponseMatrix, ResponseValues};

/// Observed and predicted changes of the same perturbations, with the calls made of each.
#[derive(Clone, Copy, Debug)]
pub struct Effects<'a> {
    /// What was done, one for each row.
    pub perturbations: &'a [Perturbation],
    /// Observed changes against control.
    pub observed: &'a ResponseValues,
    /// Predicted changes against control.
    pub predicted: &'a ResponseValues,
    /// Observed responses: down and up are the significant genes.
    pub observed_calls: &'a ResponseMatrix,
    /// Predicted responses: down and up are the genes predicted to be significant.
    pub predicted_calls: &'a ResponseMatrix,
    /// Whether perturbed genes are scored on themselves, as `cell-eval` does in all but its discrimination scores.
    /// Deleting a gene lowers it, so that this flatters whoever predicts as much.
    pub own_genes: bool,
}

/// Scores of one perturbation, or their means; `None` where one is not defined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EffectScores {
    /// Pearson correlation of the changes.
    pub pearson_delta: Option<f64>,
    /// Mean squared error of the changes.
    pub mse_delta: Option<f64>,
    /// Mean absolute error of the changes.
    pub mae_delta: Option<f64>,
    /// Euclidean length of the error over all genes (not in `cell-eval`).
    pub l2_delta: Option<f64>,
    /// How seldom another perturbation's observed changes are nearer to the prediction, by absolute differences.
    pub discrimination_score_l1: Option<f64>,
    /// The same by squared differences.
    pub discrimination_score_l2: Option<f64>,
    /// The same by the angle between the changes.
    pub discrimination_score_cosine: Option<f64>,
    /// Share of the significant genes predicted to change the same way.
    pub de_direction_match: Option<f64>,
    /// Share of the significant genes predicted to be so.
    pub de_sig_genes_recall: Option<f64>,
    /// Spearman correlation of the changes of the significant genes.
    pub de_spearman_lfc_sig: Option<f64>,
    /// Share of the `N` largest observed significant changes among the `N` largest predicted, `N` all observed.
    #[serde(rename = "overlap_at_N")]
    pub overlap_at_n: Option<f64>,
    /// The same with `N` all predicted.
    #[serde(rename = "precision_at_N")]
    pub precision_at_n: Option<f64>,
}

/// Scores of every perturbation and what is said of all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EffectReport {
    /// One element for each row.
    pub rows: Vec<EffectScores>,
    /// Mean of each score over the rows where it is defined.
    pub mean: EffectScores,
    /// Spearman correlation, over perturbations with a significant gene, of the numbers of observed and predicted ones;
    /// `None` if either does not vary, 1 if no perturbation has any.
    pub de_spearman_sig: Option<f64>,
}

/// Scores predicted changes.
///
/// ```text
/// pearson_delta = corr(δ̂, δ),   mse_delta = 1/n Σ_g (δ̂_g − δ_g)²,   mae_delta = 1/n Σ_g |δ̂_g − δ_g|,   l2_delta = √Σ_g (δ̂_g − δ_g)²
/// discrimination_score_p = 1 − #{q ≠ p : d(δ̂_p, δ_q) < d(δ̂_p, δ_p)} / P
/// de_direction_match = 1/|S| Σ_{g ∈ S} [sign δ̂_g = sign δ_g],   de_sig_genes_recall = |S ∩ Ŝ| / |S|
/// overlap_at_N = |top_N(S) ∩ top_N(Ŝ)| / N,  N = |S|;   precision_at_N the same with N = |Ŝ|
/// ```
/// where `δ` and `δ̂` are the observed and predicted changes over the `n` genes that have both, `S` and `Ŝ` the genes called
/// down or up, `top_N` those of largest `|δ|`, `|δ̂|` (of equals the first gene), and `P` the number of perturbations. For
/// discrimination `d` is the mean absolute, the root of the mean squared, or the cosine distance over the genes that `p`
/// does not move itself; ties count half. Without a significant gene, observed or predicted, `overlap_at_N` and
/// `precision_at_N` are 0 as in the package, and the scores over `S` are not defined.
///
/// The scores `mse` and `mae` of the package, taken on expression, are `mse_delta` and `mae_delta` where prediction and
/// observation have one control. Its areas under curves rank genes by a predicted FDR and are left out.
///
/// # Shapes
/// all matrices: `[n_perturbations, n_genes]`
///
/// # Errors
/// [`MetricError`] if shapes or the number of perturbations differ.
///
/// # Reference
/// `cell-eval` 0.8, Arc Institute; Adduri et al., bioRxiv 2025, doi:10.1101/2025.06.26.661135.
pub fn effects(effects: &Effects<'_>) -> Result<EffectReport, MetricError> {
    effects.check()?;
    let rows: Vec<_> = (0..effects.perturbations.len()).into_par_iter().map(|row| effects.row(row)).collect();
    Ok(EffectReport { mean: EffectScores::mean(&rows), de_spearman_sig: effects.numbers_of_significant(), rows })
}

/// The changes of one gene, observed and predicted.
#[derive(Clone, Copy)]
struct Pair {
    observed: f64,
    predicted: f64,
}

impl Effects<'_> {
    fn check(&self) -> Result<(), MetricError> {
        let rows = self.perturbations.len();
        let left = (self.observed.n_perturbations(), self.observed.n_genes());
        let others = [
            (self.predicted.n_perturbations(), self.predicted.n_genes()),
            (self.observed_calls.n_perturbations(), self.observed_calls.n_genes()),
            (self.predicted_calls.n_perturbations(), self.predicted_calls.n_genes()),
        ];
        match others.into_iter().find(|&right| right != left) {
            Some(right) => Err(MetricError::ShapeMismatch { left, right }),
            None if left.0 != rows => Err(MetricError::PerturbationCount { perturbations: rows, rows: left.0 }),
            None => Ok(()),
        }
    }

    fn scored(&self, row: usize, gene: GeneId) -> bool {
        self.own_genes || !self.perturbations[row].moves(gene)
    }

    fn row(&self, row: usize) -> EffectScores {
        let pairs = self.pairs(row, row, |gene| self.scored(row, gene));
        let error = |of: fn(f64) -> f64| mean(pairs.iter().map(|pair| of(pair.predicted - pair.observed)));
        let mse_delta = error(|error| error * error);
        let [l1, l2, cosine] = self.discrimination(row);
        let significant = self.significant(row, self.observed_calls, self.observed);
        let predicted = self.significant(row, self.predicted_calls, self.predicted);
        EffectScores {
            pearson_delta: pearson(&pairs),
            mse_delta,
            mae_delta: error(f64::abs),
            l2_delta: mse_delta.map(|mse| (mse * pairs.len() as f64).sqrt()),
            discrimination_score_l1: l1,
            discrimination_score_l2: l2,
            discrimination_score_cosine: cosine,
            de_direction_match: self.direction_match(row, &significant),
            de_sig_genes_recall: recall(&significant, &predicted),
            de_spearman_lfc_sig: self.spearman_of_significant(row, &significant),
            overlap_at_n: Some(overlap(&significant, &predicted, significant.len())),
            precision_at_n: Some(overlap(&significant, &predicted, predicted.len())),
        }
    }

    /// Observed changes of one row next to predicted ones of another.
    fn pairs(&self, observed: usize, predicted: usize, keep: impl Fn(GeneId) -> bool) -> Vec<Pair> {
        let both = self.observed.row(observed).zip(self.predicted.row(predicted)).enumerate();
        both.filter(|&(gene, _)| keep(GeneId::new(gene)))
            .filter_map(|(_, (observed, predicted))| {
                Some(Pair { observed: observed?.into(), predicted: predicted?.into() })
            })
            .collect()
    }

    fn discrimination(&self, row: usize) -> [Option<f64>; 3] {
        let distances = |other: usize| {
            let pairs = self.pairs(other, row, |gene| !self.perturbations[row].moves(gene));
            (!pairs.is_empty()).then(|| distances(&pairs))
        };
        let Some(own) = distances(row) else { return [None; 3] };
        let mut nearer = [0.0; 3];
        for other in (0..self.perturbations.len()).filter(|&other| other != row).filter_map(distances) {
            for (nearer, (other, own)) in nearer.iter_mut().zip(other.into_iter().zip(own)) {
                *nearer += match other.total_cmp(&own) {
                    std::cmp::Ordering::Less => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Greater => 0.0,
                };
            }
        }
        nearer.map(|nearer| Some(1.0 - nearer / self.perturbations.len() as f64))
    }

    /// Genes called down or up, by falling size of their change; a gene without one comes last.
    fn significant(&self, row: usize, calls: &ResponseMatrix, values: &ResponseValues) -> Vec<GeneId> {
        let size = |gene: GeneId| values.get(row, gene).map_or(0.0, f32::abs);
        let called = |(gene, call): (usize, &Option<Response>)| {
            matches!(call, Some(Response::Down | Response::Up)).then(|| GeneId::new(gene))
        };
        let calls = calls.row(row).iter().enumerate().filter_map(called);
        let mut genes: Vec<_> = calls.filter(|&gene| self.scored(row, gene)).collect();
        genes.sort_by(|&left, &right| size(right).total_cmp(&size(left)).then(left.cmp(&right)));
        genes
    }

    fn direction_match(&self, row: usize, significant: &[GeneId]) -> Option<f64> {
        let sign = |value: f32| if value == 0.0 { 0.0 } else { value.signum() };
        let matches = significant.iter().filter_map(|&gene| {
            let observed = self.observed_calls.get(row, gene)?;
            let predicted = self.predicted.get(row, gene)?;
            Some(f64::from(u8::from(sign(predicted) == f32::from(observed.value()))))
        });
        mean(matches)
    }

    fn spearman_of_significant(&self, row: usize, significant: &[GeneId]) -> Option<f64> {
        let pairs = significant.iter().filter_map(|&gene| {
            let observed = self.observed.get(row, gene)?.into();
            Some(Pair { observed, predicted: self.predicted.get(row, gene).unwrap_or(0.0).into() })
        });
        spearman(&pairs.collect::<Vec<_>>())
    }

    fn numbers_of_significant(&self) -> Option<f64> {
        let numbers = |row: usize| Pair {
            observed: self.significant(row, self.observed_calls, self.observed).len() as f64,
            predicted: self.significant(row, self.predicted_calls, self.predicted).len() as f64,
        };
        let pairs: Vec<_> = (0..self.perturbations.len()).map(numbers).filter(|pair| pair.observed > 0.0).collect();
        if pairs.is_empty() { Some(1.0) } else { spearman(&pairs) }
    }
}

/// Mean absolute, root mean squared and cosine distance; a change of nothing has the cosine distance 1.
fn distances(pairs: &[Pair]) -> [f64; 3] {
    let (mut absolute, mut squared, mut product, mut observed, mut predicted) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for pair in pairs {
        let difference = pair.observed - pair.predicted;
        absolute += difference.abs();
        squared += difference * difference;
        product += pair.observed * pair.predicted;
        observed += pair.observed * pair.observed;
        predicted += pair.predicted * pair.predicted;
    }
    let (count, lengths) = (pairs.len() as f64, (observed * predicted).sqrt());
    let cosine = if lengths > 0.0 { 1.0 - product / lengths } else { 1.0 };
    [absolute / count, (squared / count).sqrt(), cosine]
}

fn overlap(significant: &[GeneId], predicted: &[GeneId], n: usize) -> f64 {
    let top: BTreeSet<_> = predicted.iter().take(n).collect();
    let shared = significant.iter().take(n).filter(|gene| top.contains(gene)).count();
    if n == 0 { 0.0 } else { shared as f64 / n as f64 }
}

fn recall(significant: &[GeneId], predicted: &[GeneId]) -> Option<f64> {
    let predicted: BTreeSet<_> = predicted.iter().collect();
    mean(significant.iter().map(|gene| f64::from(u8::from(predicted.contains(gene)))))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u64), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// `None` if either side does not vary.
fn pearson(pairs: &[Pair]) -> Option<f64> {
    let of = |side: fn(&Pair) -> f64| mean(pairs.iter().map(side));
    let (observed, predicted) = (of(|pair| pair.observed)?, of(|pair| pair.predicted)?);
    let (mut product, mut left, mut right) = (0.0, 0.0, 0.0);
    for pair in pairs {
        let (a, b) = (pair.observed - observed, pair.predicted - predicted);
        product += a * b;
        left += a * a;
        right += b * b;
    }
    // What rounding leaves of a side of one value is not a variance.
    let varies = |sum: f64, mean: f64| sum > 1e-24 * (1.0 + mean * mean) * pairs.len() as f64;
    let both = varies(left, observed) && varies(right, predicted);
    both.then(|| (product / (left.sqrt() * right.sqrt())).clamp(-1.0, 1.0))
}

fn spearman(pairs: &[Pair]) -> Option<f64> {
    let observed = ranks(pairs.iter().map(|pair| pair.observed).collect());
    let predicted = ranks(pairs.iter().map(|pair| pair.predicted).collect());
    let ranked = observed.into_iter().zip(predicted).map(|(observed, predicted)| Pair { observed, predicted });
    pearson(&ranked.collect::<Vec<_>>())
}

/// Ranks from 1, ties at their mean.
fn ranks(values: Vec<f64>) -> Vec<f64> {
    let mut order: Vec<_> = (0..values.len()).collect();
    order.sort_by(|&left, &right| values[left].total_cmp(&values[right]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for ties in order.chunk_by(|&left, &right| values[left] == values[right]) {
        let rank = start as f64 + (ties.len() as f64 + 1.0) / 2.0;
        ties.iter().for_each(|&at| ranks[at] = rank);
        start += ties.len();
    }
    ranks
}

impl EffectScores {
    /// The mean of each score over the rows where it is defined.
    #[must_use]
    pub fn mean(rows: &[Self]) -> Self {
        let of = |score: fn(&Self) -> Option<f64>| mean(rows.iter().filter_map(score));
        Self {
            pearson_delta: of(|row| row.pearson_delta),
            mse_delta: of(|row| row.mse_delta),
            mae_delta: of(|row| row.mae_delta),
            l2_delta: of(|row| row.l2_delta),
            discrimination_score_l1: of(|row| row.discrimination_score_l1),
            discrimination_score_l2: of(|row| row.discrimination_score_l2),
            discrimination_score_cosine: of(|row| row.discrimination_score_cosine),
            de_direction_match: of(|row| row.de_direction_match),
            de_sig_genes_recall: of(|row| row.de_sig_genes_recall),
            de_spearman_lfc_sig: of(|row| row.de_spearman_lfc_sig),
            overlap_at_n: of(|row| row.overlap_at_n),
            precision_at_n: of(|row| row.precision_at_n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deletions(rows: usize) -> Vec<Perturbation> {
        (0..rows).map(|gene| Perturbation::deletion(GeneId::new(gene))).collect()
    }

    fn calls(values: &ResponseValues, least: f32) -> ResponseMatrix {
        let call = |value: Option<f32>| {
            value.map(|value| match value {
                value if value <= -least => Response::Down,
                value if value >= least => Response::Up,
                _ => Response::Unchanged,
            })
        };
        let rows = 0..values.n_perturbations();
        let entries = rows.flat_map(|row| values.row(row).map(call).collect::<Vec<_>>()).collect();
        ResponseMatrix::from_entries(values.n_perturbations(), values.n_genes(), entries)
    }

    fn score(observed: &ResponseValues, predicted: &ResponseValues, least: [f32; 2], own_genes: bool) -> EffectReport {
        let report = effects(&Effects {
            perturbations: &deletions(observed.n_perturbations()),
            observed,
            predicted,
            observed_calls: &calls(observed, least[0]),
            predicted_calls: &calls(predicted, least[1]),
            own_genes,
        });
        report.expect("shapes fit")
    }

    fn values(rows: &[&[f32]]) -> ResponseValues {
        ResponseValues::from_values(rows.len(), rows[0].len(), &rows.concat())
    }

    /// The screen of `benches/reference/cell_eval.py`.
    fn made_up() -> [ResponseValues; 2] {
        let grid = |of: fn(usize, usize) -> f32| {
            let entries: Vec<_> = (0..32).map(|at| of(at / 8, at % 8)).collect();
            ResponseValues::from_values(4, 8, &entries)
        };
        [
            grid(|r, g| (((7 * r + 3 * g) % 11) as f32 - 5.0) / 4.0),
            grid(|r, g| (((5 * r + 4 * g + r * g) % 13) as f32 - 6.0) / 5.0),
        ]
    }

    #[test]
    fn all_scores_are_those_of_the_package_whose_names_they_bear() {
        let [observed, predicted] = made_up();
        let report = score(&observed, &predicted, [0.75, 0.9], true);
        type Score = fn(&EffectScores) -> Option<f64>;
        // Printed by `benches/reference/cell_eval.py` with cell-eval 0.8.2.
        let wanted: [(&str, Score, [f64; 4]); 11] = [
            (
                "pearson_delta",
                |row| row.pearson_delta,
                [0.555913952196, 0.514262454945, 0.332227747093, 0.030794751790],
            ),
            ("mse_delta", |row| row.mse_delta, [0.61125, 0.5540625, 0.82375, 1.2003125]),
            ("mae_delta", |row| row.mae_delta, [0.4875, 0.63125, 0.8, 0.88125]),
            ("discrimination_score_l1", |row| row.discrimination_score_l1, [1.0, 1.0, 0.75, 0.25]),
            ("discrimination_score_l2", |row| row.discrimination_score_l2, [1.0, 1.0, 1.0, 0.25]),
            ("discrimination_score_cosine", |row| row.discrimination_score_cosine, [1.0, 1.0, 1.0, 0.75]),
            ("overlap_at_N", |row| row.overlap_at_n, [0.5, 0.25, 0.25, 0.2]),
            ("precision_at_N", |row| row.precision_at_n, [2.0 / 3.0, 0.0, 0.0, 0.0]),
            ("de_direction_match", |row| row.de_direction_match, [0.75, 1.0, 1.0, 0.6]),
            ("de_sig_genes_recall", |row| row.de_sig_genes_recall, [0.5, 0.25, 0.25, 0.2]),
            ("de_spearman_lfc_sig", |row| row.de_spearman_lfc_sig, [0.4, 0.6, 0.6, 0.0]),
        ];
        for (name, of, wanted) in wanted {
            for (row, wanted) in wanted.into_iter().enumerate() {
                let found = of(&report.rows[row]).expect(name);
                assert!((found - wanted).abs() < 1e-6, "{name} of row {row}: {found} against {wanted}");
            }
        }
        assert!((report.de_spearman_sig.expect("varies") + 1.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn a_case_worked_by_hand() {
        let observed = values(&[&[-9.0, 1.0, 0.0, -1.0], &[0.0, -9.0, 2.0, 2.0]]);
        let predicted = values(&[&[0.0, 2.0, 0.0, 1.0], &[0.0, 0.0, 1.0, 3.0]]);
        let report = score(&observed, &predicted, [0.5, 0.5], false);
        let first = report.rows[0];
        // Without gene 0: errors 1, 0, 2.
        assert_eq!((first.mse_delta, first.mae_delta), (Some(5.0 / 3.0), Some(1.0)));
        assert!((first.l2_delta.expect("defined") - 5.0_f64.sqrt()).abs() < 1e-12);
        // (1, 0, −1) against (2, 0, 1) less its mean 1: (1, −1, 0), so 1 / (√2 √2).
        assert!((first.pearson_delta.expect("defined") - 0.5).abs() < 1e-12);
        // Genes 1 and 3 are significant; 1 goes the right way, 3 the wrong; both are predicted significant.
        assert_eq!((first.de_direction_match, first.de_sig_genes_recall), (Some(0.5), Some(1.0)));
        // Genes 1 to 3 of prediction 0, (2, 0, 1): 3 away from its own (1, 0, −1), 14 from the other (−9, 2, 2).
        assert_eq!(first.discrimination_score_l1, Some(1.0));
        assert_eq!(report.mean.de_sig_genes_recall, Some(1.0));
    }

    #[test]
    fn what_is_not_defined_is_none_and_what_is_missing_passed_over() {
        let observed = values(&[&[0.0, f32::NAN, 1.0, 1.0], &[f32::NAN; 4]]);
        let predicted = values(&[&[0.0, 5.0, 1.0, 1.0], &[0.0; 4]]);
        let report = score(&observed, &predicted, [2.0, 2.0], false);
        let [first, second] = [report.rows[0], report.rows[1]];
        assert_eq!((first.mse_delta, first.pearson_delta), (Some(0.0), None), "one value alone does not vary");
        assert_eq!((first.de_direction_match, first.overlap_at_n), (None, Some(0.0)));
        assert_eq!((second.mse_delta, second.discrimination_score_l1), (None, None));
        assert_eq!(report.de_spearman_sig, Some(1.0));
    }

    #[test]
    fn of_indistinct_predictions_the_discrimination_is_no_better_than_chance() {
        let observed = values(&[&[0.0; 4][..]; 4]);
        let report = score(&observed, &observed.clone(), [0.5, 0.5], true);
        // Three ties count half each: 1 − 1.5/4.
        assert_eq!(report.mean.discrimination_score_l1, Some(0.625));
    }

    #[test]
    fn shapes_that_differ_are_refused() {
        let [observed, predicted] = [values(&[&[0.0; 3]]), values(&[&[0.0; 4]])];
        let (calls_3, calls_4) = (calls(&observed, 1.0), calls(&predicted, 1.0));
        let refused = |perturbations: &[Perturbation], predicted: &ResponseValues, predicted_calls: &ResponseMatrix| {
            let observed_calls = &calls_3;
            effects(&Effects {
                perturbations,
                observed: &observed,
                predicted,
                observed_calls,
                predicted_calls,
                own_genes: true,
            })
            .is_err()
        };
        assert!(refused(&deletions(1), &predicted, &calls_3) && refused(&deletions(1), &observed, &calls_4));
        assert!(refused(&[], &observed, &calls_3) && !refused(&deletions(1), &observed, &calls_3));
    }
}
