//! Predictions made elsewhere, aligned, scored and refined like our own.

use std::collections::BTreeMap;

use super::baselines::{check_genes, predict_rows};
use super::calls::{Calls, Scored, spread};
use super::inner_folds::stride;
use super::measured::{Measured, TrainingRows};
use super::{FitRecord, Prediction, PredictionError, Predictor, TrainingData};
use crate::biology::{GeneId, Perturbation, ResponseValues};
use crate::progress::Progress;

/// At most this many training entries choose the rule and its temperature.
const JUDGED_ENTRIES: usize = 1 << 18;
/// Shares of genes called down, or up, that are tried.
const SHARES: [f64; 12] = [0.0, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4];
/// Probability that an entry without a prediction changes after all, half of it down and half up.
const CHANGE: f32 = 0.05;
/// Softness of calls by rank where no training row has a prediction to calibrate on.
const UNCALIBRATED: f64 = 0.1;

/// Predictions of another system (GEARS, scGPT, CPA, STATE …), read from what it wrote.
///
/// A row of values, one for each gene, stands for a perturbation; a value says how much the gene changes against control
/// and which way. [`Predictor::fit`] chooses on the training rows how values become calls, by the rule with the higher
/// macro-F1 there:
///
/// ```text
/// value:  down if v < −t,  up if v > t
/// rank:   down if v < 0 and q < d,  up if v > 0 and q > 1 − u,   q = (rank of v in its row − ½) / (values in the row)
/// ```
/// with one `t` for all rows, or shares `d`, `u` of each row (ties have their mean rank). Where no training row has a
/// prediction, as when only test rows were exported, `d` and `u` are the shares of down and up in the training rows, and
/// the record says so by `training rows predicted` 0. Probabilities are `softmax((t₋ − s)/τ, 0, (s − t₊)/τ)` of the score
/// `s` (the value, or `q − ½` bounded by the sign of the value), `τ` calibrated on the training entries; calls are their
/// most probable class.
///
/// A perturbation without a row, or a gene without a value in it, is unchanged with probability 0.95; [`Coverage`] counts
/// them. A row is found by its perturbation, or by its perturbed genes alone if only one row has them.
#[derive(Clone, Debug)]
pub struct External {
    label: String,
    n_genes: usize,
    perturbations: Vec<Perturbation>,
    values: ResponseValues,
    row_of: BTreeMap<Perturbation, usize>,
    rows_of_genes: BTreeMap<Vec<GeneId>, Vec<usize>>,
    fitted: Option<Rule>,
}

/// How a value becomes a call.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rule {
    by_rank: bool,
    calls: Calls,
}

/// How much of what is asked for was predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Coverage {
    /// Perturbations asked for.
    pub perturbations: usize,
    /// Of these, those with a row of their own.
    pub predicted: usize,
    /// Genes with a value, summed over these rows.
    pub values: usize,
}

impl External {
    /// Predictions that stand in a table under `label`; row `r` of `values` belongs to `perturbations[r]`.
    ///
    /// # Errors
    /// [`PredictionError::ShapeMismatch`] if there is not one perturbation for each row, if one has two rows, or if a
    /// perturbed gene lies outside the values.
    pub fn new(
        label: impl Into<String>,
        perturbations: Vec<Perturbation>,
        values: ResponseValues,
    ) -> Result<Self, PredictionError> {
        let (label, n_genes, rows) = (label.into(), values.n_genes(), values.n_perturbations());
        if perturbations.len() != rows {
            let named = perturbations.len();
            return Err(PredictionError::ShapeMismatch(format!("{named} perturbations for {rows} rows of `{label}`")));
        }
        check_genes("external", n_genes, &perturbations)?;
        let mut row_of = BTreeMap::new();
        let mut rows_of_genes: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (row, perturbation) in perturbations.iter().enumerate() {
            if let Some(first) = row_of.insert(perturbation.clone(), row) {
                return Err(PredictionError::ShapeMismatch(format!(
                    "rows {first} and {row} of `{label}` are predictions of one perturbation; keep one"
                )));
            }
            rows_of_genes.entry(perturbation.genes().collect()).or_default().push(row);
        }
        Ok(Self { label, n_genes, perturbations, values, row_of, rows_of_genes, fitted: None })
    }

    /// The name under which its scores stand in a table.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The perturbations that it holds a row for.
    #[must_use]
    pub fn perturbations(&self) -> &[Perturbation] {
        &self.perturbations
    }

    /// How much of `perturbations` it holds predictions for.
    #[must_use]
    pub fn coverage(&self, perturbations: &[Perturbation]) -> Coverage {
        let rows = perturbations.iter().filter_map(|perturbation| self.row(perturbation));
        let found = Coverage { perturbations: perturbations.len(), ..Coverage::default() };
        rows.fold(found, |found, row| Coverage {
            predicted: found.predicted + 1,
            values: found.values + self.values.row(row).flatten().count(),
            ..found
        })
    }

    /// The values predicted for a perturbation.
    #[must_use]
    pub fn values(&self, perturbation: &Perturbation) -> Option<Vec<Option<f32>>> {
        self.row(perturbation).map(|row| self.values.row(row).collect())
    }

    fn row(&self, perturbation: &Perturbation) -> Option<usize> {
        let alone = || match self.rows_of_genes.get(&perturbation.genes().collect::<Vec<_>>())?.as_slice() {
            &[row] => Some(row),
            _ => None,
        };
        self.row_of.get(perturbation).copied().or_else(alone)
    }

    /// The scores of a row: its values, or their bounded ranks.
    fn scores(&self, row: usize, by_rank: bool) -> Vec<Option<f64>> {
        let values: Vec<_> = self.values.row(row).map(|value| value.map(f64::from)).collect();
        if by_rank { bounded_ranks(&values) } else { values }
    }

    fn scored(&self, data: &TrainingData<'_>, rows: &[(usize, usize)], by_rank: bool) -> Vec<Scored> {
        let trained: Vec<_> = rows.iter().map(|&(row, _)| row).collect();
        let every = stride(data, &trained, JUDGED_ENTRIES);
        let mut entries = Vec::new();
        for &(row, own) in rows {
            let scores = self.scores(own, by_rank);
            let measured = data.measured(row).step_by(every);
            entries.extend(measured.filter_map(|(gene, response)| {
                let score = scores[gene.index()]?;
                Some(Scored { score, class: response.class() as u8, weight: data.row_weights[row] })
            }));
        }
        entries
    }

    /// The rule for predictions of which no training row has any: as many calls as in the training rows.
    fn by_frequency(data: &TrainingData<'_>, rows: &[usize]) -> Rule {
        let [down, _, up] = Measured::count(data, rows).shares().map(f64::from);
        Rule { by_rank: true, calls: of_shares(down, up, UNCALIBRATED) }
    }
}

/// Calls of shares of a row by rank; scores lie between −½ and ½.
fn of_shares(down: f64, up: f64, softness: f64) -> Calls {
    // A share of 0 calls nothing, and a gene whose value is 0 has the score 0 and is never called.
    let bound = |share: f64| if share > 0.0 { (0.5 - share).max(0.0) } else { f64::INFINITY };
    Calls { down_below: -bound(down), up_above: bound(up), softness }
}

/// `(rank − ½)/n − ½` of each value in its row, at most 0 for a value below 0, at least 0 above, 0 for 0.
fn bounded_ranks(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<_> =
        values.iter().enumerate().filter_map(|(gene, value)| value.map(|value| (value, gene))).collect();
    order.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut ranks = vec![None; values.len()];
    let mut start = 0;
    for ties in order.chunk_by(|left, right| left.0 == right.0) {
        let middle = start as f64 + ties.len() as f64 / 2.0;
        let place = middle / order.len() as f64 - 0.5;
        for &(value, gene) in ties {
            let bounded = if value > 0.0 { place.max(0.0) } else { place.min(0.0) };
            ranks[gene] = Some(if value == 0.0 { 0.0 } else { bounded });
        }
        start += ties.len();
    }
    ranks
}

/// The threshold `t` of the best macro-F1 and its calls; of equals the one that calls least.
fn by_value(entries: &[Scored]) -> (f64, Calls) {
    let mut sizes: Vec<_> = entries.iter().map(|entry| entry.score.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let step = sizes.len().div_ceil(200).max(1);
    let midpoints = (1..sizes.len()).step_by(step).map(|at| f64::midpoint(sizes[at - 1], sizes[at]));
    let softness = (spread(entries) / 2.0).max(1e-3);
    let calls = midpoints.map(|t| Calls { down_below: -t, up_above: t, softness });
    let nothing = Calls { down_below: f64::NEG_INFINITY, up_above: f64::INFINITY, softness };
    best_of(entries, calls.chain([nothing]))
}

fn by_rank(entries: &[Scored]) -> (f64, Calls) {
    let softness = (spread(entries) / 2.0).max(1e-3);
    let pairs = SHARES.iter().flat_map(|&down| SHARES.iter().map(move |&up| (down, up)));
    // Most calls first, so that of equals the last calls least.
    best_of(entries, pairs.map(|(down, up)| of_shares(down, up, softness)).collect::<Vec<_>>().into_iter().rev())
}

fn best_of(entries: &[Scored], candidates: impl Iterator<Item = Calls>) -> (f64, Calls) {
    let mut best = (f64::NEG_INFINITY, of_shares(0.0, 0.0, 1.0));
    for calls in candidates {
        let macro_f1 = calls.macro_f1(entries);
        if macro_f1 >= best.0 {
            best = (macro_f1, calls);
        }
    }
    best
}

impl Predictor for External {
    fn name(&self) -> &'static str {
        "external"
    }

    fn fit(&mut self, data: &TrainingData<'_>, _progress: &dyn Progress) -> Result<FitRecord, PredictionError> {
        self.fitted = None;
        let rows = TrainingRows::of(data, self.n_genes)?.train;
        let predicted: Vec<_> =
            rows.iter().filter_map(|&row| self.row(&data.perturbations[row]).map(|own| (row, own))).collect();
        let [values, ranks] = [false, true].map(|by_rank| self.scored(data, &predicted, by_rank));
        let (rule, temperature, macro_f1) = if values.is_empty() {
            (Self::by_frequency(data, &rows), 1.0, 0.0)
        } else {
            let (valued, ranked) = (by_value(&values), by_rank(&ranks));
            let by_rank = ranked.0 > valued.0;
            let ((macro_f1, calls), entries) = if by_rank { (ranked, &ranks) } else { (valued, &values) };
            let chosen = calls.softened(entries, macro_f1);
            (Rule { by_rank, calls: chosen.calls }, chosen.temperature, macro_f1)
        };
        self.fitted = Some(rule);
        Ok(FitRecord::of_choices(temperature, &rule.choices(predicted.len(), macro_f1)))
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        let rule = self.fitted.as_ref().ok_or(PredictionError::NotFitted(self.name()))?;
        predict_rows(self.name(), self.n_genes, perturbations, |perturbation, out| {
            out.fill([CHANGE / 2.0, 1.0 - CHANGE, CHANGE / 2.0]);
            let Some(row) = self.row(perturbation) else { return };
            for (out, score) in out.iter_mut().zip(self.scores(row, rule.by_rank)) {
                if let Some(score) = score {
                    *out = rule.calls.probabilities(score);
                }
            }
        })
    }
}

impl Rule {
    fn choices(&self, predicted: usize, macro_f1: f64) -> Vec<(&'static str, f64)> {
        let Calls { down_below, up_above, .. } = self.calls;
        let mut choices = vec![("training rows predicted", predicted as f64), ("training macro-F1", macro_f1)];
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        if self.by_rank {
            let share = |bound: f64| finite(bound).map_or(0.0, |bound| 0.5 - bound);
            choices.extend([("share down", share(-down_below)), ("share up", share(up_above))]);
        } else if let Some(threshold) = finite(up_above) {
            choices.push(("threshold", threshold));
        }
        choices
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

    fn deletions(genes: &[usize]) -> Vec<Perturbation> {
        genes.iter().map(|&index| Perturbation::deletion(gene(index))).collect()
    }

    fn external(genes: &[usize], rows: &[[f32; 6]]) -> External {
        let values = ResponseValues::from_values(rows.len(), 6, &rows.concat());
        External::new("gears", deletions(genes), values).expect("rows fit")
    }

    fn fit(external: &mut External, genes: &[usize], rows: &[[Response; 6]]) -> FitRecord {
        let perturbations = deletions(genes);
        let responses = ResponseMatrix::from_entries(rows.len(), 6, rows.concat().into_iter().map(Some).collect());
        let row_weights = vec![1.0; rows.len()];
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &row_weights,
            validation: &[],
        };
        external.fit(&data, &NoProgress).expect("fit")
    }

    fn called(external: &External, index: usize) -> Vec<Response> {
        let predicted = external.predict(&deletions(&[index])).expect("predict").responses();
        predicted.row(0).iter().map(|entry| entry.expect("predicted")).collect()
    }

    #[test]
    fn a_threshold_is_learnt_where_the_size_of_a_value_tells() {
        // Row 1 changes much, row 0 nothing: ranks would call the same share of both.
        let rows =
            [[0.0, 0.1, -0.2, 0.3, -0.1, 0.2], [2.0, 0.0, -3.0, 1.5, -1.2, 2.5], [0.9, 0.9, 0.0, 0.9, -1.1, 0.3]];
        let mut gears = external(&[0, 1, 2], &rows);
        let record = fit(&mut gears, &[0, 1], &[[Unchanged; 6], [Up, Down, Down, Up, Down, Up]]);
        // Midway between 0.3, the largest of what stayed, and 1.2.
        assert!((record.chosen["threshold"] - 0.75).abs() < 1e-6, "{record:?}");
        assert_eq!(record.chosen["training macro-F1"], 1.0);
        assert_eq!(called(&gears, 2), [Up, Up, Unchanged, Up, Down, Unchanged]);
    }

    #[test]
    fn shares_are_learnt_where_the_scale_differs_from_row_to_row() {
        let rows =
            [[-1.0, 0.0, 0.1, 0.2, 0.3, 1.0], [-90.0, 20.0, 0.0, 30.0, 40.0, 90.0], [-9.0, 1.0, 1.0, 2.0, 3.0, 9.0]];
        let mut gears = external(&[1, 2, 3], &rows);
        let stays = Unchanged;
        let record = fit(&mut gears, &[1, 2], &[[Down, stays, stays, stays, stays, Up]; 2]);
        assert!(!record.chosen.contains_key("threshold"), "{record:?}");
        assert_eq!(called(&gears, 3), [Down, stays, stays, stays, stays, Up]);
    }

    #[test]
    fn with_only_test_rows_predicted_as_many_are_called_as_changed_in_training() {
        let mut gears = external(&[5], &[[-2.0, 0.5, 0.0, -0.1, 3.0, 0.0]]);
        // Of 10 measured entries of others 1 is down and 3 are up; one of each class added: 2/13 and 4/13 of the row.
        let record = fit(
            &mut gears,
            &[0, 1],
            &[[Up, Up, Up, Unchanged, Unchanged, Unchanged], [Down, Up, Up, Unchanged, Unchanged, Unchanged]],
        );
        assert_eq!(record.chosen["training rows predicted"], 0.0);
        assert!((record.chosen["share down"] - 2.0 / 13.0).abs() < 1e-6);
        assert!((record.chosen["share up"] - 4.0 / 13.0).abs() < 1e-6);
        // Ranks: −2 at 1/12, 0.5 at 9/12 > 1 − 4/13, 3 at 11/12.
        assert_eq!(called(&gears, 5), [Down, Up, Unchanged, Unchanged, Up, Unchanged]);
    }

    #[test]
    fn a_row_that_is_not_there_is_unchanged_and_counted() {
        let mut gears = external(&[1], &[[1.0, f32::NAN, -1.0, 0.0, 0.0, 0.0]]);
        fit(&mut gears, &[1], &[[Up, Up, Down, Unchanged, Unchanged, Unchanged]]);
        assert_eq!(called(&gears, 4), [Unchanged; 6]);
        assert_eq!(called(&gears, 1)[..3], [Up, Unchanged, Down]);
        let asked = [deletions(&[1, 4]), vec![Perturbation::overexpression(gene(1))]].concat();
        assert_eq!(gears.coverage(&asked), Coverage { perturbations: 3, predicted: 2, values: 10 });
    }

    #[test]
    fn ternary_predictions_are_taken_as_they_are() {
        let mut gears = external(&[0, 1], &[[0.0, 1.0, -1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, -1.0, 0.0, 0.0]]);
        fit(&mut gears, &[0], &[[Down, Up, Down, Unchanged, Up, Up]]);
        assert_eq!(called(&gears, 1), [Unchanged, Unchanged, Up, Down, Unchanged, Unchanged]);
    }

    #[test]
    fn two_rows_of_one_perturbation_are_refused() {
        let values = ResponseValues::missing(2, 6);
        let message = External::new("cpa", deletions(&[3, 3]), values).expect_err("twice").to_string();
        assert!(message.contains("`cpa`") && message.contains("keep one"), "{message}");
        assert!(External::new("cpa", deletions(&[3]), ResponseValues::missing(2, 6)).is_err());
        assert!(External::new("cpa", deletions(&[6]), ResponseValues::missing(1, 6)).is_err());
    }
}
