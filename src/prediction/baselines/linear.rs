//! The linear baseline that deep models have to beat.

use rayon::prelude::*;

use super::predict_rows;
use super::principal::{self, Rows, Scores};
use crate::biology::Perturbation;
use crate::network::RegulatoryNetwork;
use crate::prediction::calibration::{self, Judged};
use crate::prediction::measured::TrainingRows;
use crate::prediction::{FitRecord, Prediction, PredictionError, Predictor, TrainingData};
use crate::progress::Watch;

/// Principal axes of responses, and of regulons.
const COMPONENTS: usize = 10;
/// Weight of the ridge, as published.
const RIDGE: f64 = 0.1;
/// At most so many training entries choose thresholds and temperature.
const JUDGED_ENTRIES: usize = 1 << 18;
/// Candidate thresholds lie between so many quantiles of the scores.
const QUANTILES: usize = 200;

/// A linear map from the embedding of the perturbed genes to that of the responding genes.
///
/// ```text
/// s(x) = b + G W p(x),   p(x) = Σ_i x_i P_i,
/// W = (GᵀG + λI)⁻¹ Gᵀ (Y − b)ᵀ D X (XᵀD X + λI)⁻¹,   λ = 0.1
/// ```
/// where `Y` holds the training responses (−1, 0, 1; `b` where unmeasured), `b` their mean for each gene, `D` the row
/// weights, `X` the rows `p(x)` of the training perturbations, and `G` the scores of the genes on the first 10 principal
/// axes of `Y − b`. The embedding `P` of a perturbed gene is its row of `G` ([`Linear::of_responses`]: as in the
/// reference; a perturbed gene that was never measured itself is predicted to do `b`), or its scores on the first 10
/// principal axes of the signed regulons of the knowledge ([`Linear::of_regulons`]).
///
/// A score is down below `t₋`, up above `t₊`, with the pair of thresholds that has the best macro-F1 on the training
/// entries; probabilities are `softmax((t₋−s)/τ, 0, (s−t₊)/τ)`, `τ` half the spread of the scores times the temperature
/// calibrated on the same entries.
///
/// # Reference
/// Ahlmann-Eltze, Huber & Anders, Deep-learning-based gene perturbation effect prediction does not yet outperform simple
/// linear baselines, Nature Methods 2025, doi:10.1038/s41592-025-02772-6.
#[derive(Clone, Debug)]
pub struct Linear {
    name: &'static str,
    n_genes: usize,
    /// Embedding of perturbed genes, if it does not come from the responses.
    regulons: Option<Scores>,
    fitted: Option<Map>,
}

#[derive(Clone, Debug)]
struct Map {
    means: Vec<f64>,
    genes: Scores,
    perturbed: Scores,
    /// `[width of genes][width of perturbed]`.
    weights: Vec<Vec<f64>>,
    calls: Calls,
}

/// How a score becomes three probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Calls {
    down_below: f64,
    up_above: f64,
    softness: f64,
}

impl Linear {
    /// The baseline that tells a perturbed gene by how it responds to other perturbations.
    #[must_use]
    pub const fn of_responses(n_genes: usize) -> Self {
        Self { name: "linear", n_genes, regulons: None, fitted: None }
    }

    /// The baseline that tells a perturbed gene by its targets in the knowledge.
    #[must_use]
    pub fn of_regulons(network: &RegulatoryNetwork) -> Self {
        let n_genes = network.n_genes();
        let mut regulators_of: Rows = vec![Vec::new(); n_genes];
        for edge in network.regulations() {
            let entry = (edge.regulator.index() as u32, f32::from(edge.sign.value()));
            regulators_of[edge.target.index()].push(entry);
        }
        let regulons = Some(principal::scores(&regulators_of, n_genes, COMPONENTS));
        Self { name: "linear-regulon", n_genes, regulons, fitted: None }
    }
}

impl Map {
    fn learn(data: &TrainingData<'_>, rows: &[usize], regulons: Option<&Scores>) -> (Self, f64) {
        let n_genes = data.responses.n_genes();
        let means = gene_means(data, rows);
        let centred: Rows = rows.par_iter().map(|&row| centred_row(data, row, &means)).collect();
        let genes = principal::scores(&centred, n_genes, COMPONENTS);
        let perturbed = regulons.cloned().unwrap_or_else(|| genes.clone());
        let weights = ridge(data, rows, &centred, &genes, &perturbed);
        let calls = Calls { down_below: 0.0, up_above: 0.0, softness: 1.0 };
        let mut map = Self { means, genes, perturbed, weights, calls };
        let scored = map.training_scores(data, rows);
        let (calls, temperature) = Calls::choose(&scored);
        map.calls = calls;
        (map, temperature)
    }

    /// `W p(x)`.
    fn direction(&self, perturbation: &Perturbation) -> Vec<f64> {
        let p = embed(perturbation, &self.perturbed);
        self.weights.iter().map(|line| line.iter().zip(&p).map(|(weight, p)| weight * p).sum()).collect()
    }

    fn score(&self, direction: &[f64], gene: usize) -> f64 {
        self.means[gene] + self.genes.of(gene).iter().zip(direction).map(|(g, d)| g * d).sum::<f64>()
    }

    fn training_scores(&self, data: &TrainingData<'_>, rows: &[usize]) -> Vec<Scored> {
        let measured: usize = rows.iter().map(|&row| data.measured(row).count()).sum();
        let every = measured.div_ceil(JUDGED_ENTRIES).max(1);
        let mut entries = Vec::new();
        for &row in rows {
            let direction = self.direction(&data.perturbations[row]);
            let weight = data.row_weights[row];
            entries.extend(data.measured(row).step_by(every).map(|(gene, response)| {
                let score = self.score(&direction, gene.index());
                Scored { score, class: response.class() as u8, weight }
            }));
        }
        entries
    }

    fn predict_row(&self, perturbation: &Perturbation, out: &mut [[f32; 3]]) {
        let direction = self.direction(perturbation);
        for (gene, out) in out.iter_mut().enumerate() {
            *out = self.calls.probabilities(self.score(&direction, gene));
        }
    }
}

/// `p(x)`.
fn embed(perturbation: &Perturbation, perturbed: &Scores) -> Vec<f64> {
    let mut sum = vec![0.0; perturbed.width];
    for &(gene, direction) in perturbation.changes() {
        let sign = f64::from(direction.value());
        sum.iter_mut().zip(perturbed.of(gene.index())).for_each(|(sum, score)| *sum += sign * score);
    }
    sum
}

fn gene_means(data: &TrainingData<'_>, rows: &[usize]) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); data.responses.n_genes()];
    for &row in rows {
        let weight = f64::from(data.row_weights[row]);
        for (gene, response) in data.measured(row) {
            let sum: &mut (f64, f64) = &mut sums[gene.index()];
            *sum = (sum.0 + weight * f64::from(response.value()), sum.1 + weight);
        }
    }
    sums.into_iter().map(|(sum, weight)| if weight > 0.0 { sum / weight } else { 0.0 }).collect()
}

/// `√w (y − b)` of one row: rows that count half enter the principal axes with half their variance.
fn centred_row(data: &TrainingData<'_>, row: usize, means: &[f64]) -> Vec<(u32, f32)> {
    let scale = f64::from(data.row_weights[row]).sqrt();
    let entry = |(gene, response): (crate::biology::GeneId, crate::biology::Response)| {
        let rest = f64::from(response.value()) - means[gene.index()];
        (gene.index() as u32, (scale * rest) as f32)
    };
    data.measured(row).map(entry).collect()
}

fn ridge(data: &TrainingData<'_>, rows: &[usize], centred: &Rows, genes: &Scores, perturbed: &Scores) -> Vec<Vec<f64>> {
    let mut of_genes = vec![vec![0.0; genes.width]; genes.width];
    for gene in genes.values.chunks_exact(genes.width.max(1)) {
        add_outer(&mut of_genes, gene, gene);
    }
    let mut of_rows = vec![vec![0.0; perturbed.width]; perturbed.width];
    let mut mixed = vec![vec![0.0; perturbed.width]; genes.width];
    for (entries, &row) in centred.iter().zip(rows) {
        let root = f64::from(data.row_weights[row]).sqrt();
        let p: Vec<_> = embed(&data.perturbations[row], perturbed).into_iter().map(|p| root * p).collect();
        let mut image = vec![0.0; genes.width];
        for &(gene, value) in entries {
            let scores = genes.of(gene as usize);
            image.iter_mut().zip(scores).for_each(|(image, score)| *image += f64::from(value) * score);
        }
        add_outer(&mut of_rows, &p, &p);
        add_outer(&mut mixed, &image, &p);
    }
    let half = principal::ridge_solve(of_genes, RIDGE, mixed);
    transpose(principal::ridge_solve(of_rows, RIDGE, transpose(half, perturbed.width)), genes.width)
}

fn add_outer(out: &mut [Vec<f64>], left: &[f64], right: &[f64]) {
    for (out, left) in out.iter_mut().zip(left) {
        out.iter_mut().zip(right).for_each(|(out, right)| *out += left * right);
    }
}

fn transpose(a: Vec<Vec<f64>>, cols: usize) -> Vec<Vec<f64>> {
    (0..cols).map(|col| a.iter().map(|row| row[col]).collect()).collect()
}

/// The score of one training entry and its class.
#[derive(Clone, Copy, Debug)]
struct Scored {
    score: f64,
    class: u8,
    weight: f32,
}

impl Calls {
    fn choose(entries: &[Scored]) -> (Self, f64) {
        let (down_below, up_above) = thresholds(entries);
        let softness = (spread(entries) / 2.0).max(1e-3);
        let calls = Self { down_below, up_above, softness };
        let judge = |entry: &Scored| Judged {
            logits: calls.logits(entry.score).map(|logit| logit as f32),
            class: entry.class,
            weight: entry.weight,
        };
        let temperature = calibration::temperature(&entries.iter().map(judge).collect::<Vec<_>>());
        (Self { softness: softness * temperature, ..calls }, temperature)
    }

    /// Logits of down, unchanged and up; a class whose threshold is infinite is as good as impossible.
    fn logits(&self, score: f64) -> [f64; 3] {
        let bounded = |logit: f64| logit.clamp(-50.0, 50.0);
        let [down, up] = [self.down_below - score, score - self.up_above].map(|margin| bounded(margin / self.softness));
        [down, 0.0, up]
    }

    fn probabilities(&self, score: f64) -> [f32; 3] {
        let powers = self.logits(score).map(f64::exp);
        let total: f64 = powers.iter().sum();
        powers.map(|power| (power / total) as f32)
    }
}

fn spread(entries: &[Scored]) -> f64 {
    let count = entries.len().max(1) as f64;
    let mean = entries.iter().map(|entry| entry.score).sum::<f64>() / count;
    (entries.iter().map(|entry| (entry.score - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// The pair `t₋ ≤ t₊` with the best macro-F1, among midpoints between quantiles; of equals the one that calls least.
fn thresholds(entries: &[Scored]) -> (f64, f64) {
    let mut scores: Vec<_> = entries.iter().map(|entry| entry.score).collect();
    scores.sort_by(f64::total_cmp);
    // Scores that differ only by rounding have no threshold between them.
    scores.dedup_by(|right, left| *right - *left < 1e-9);
    let step = scores.len().div_ceil(QUANTILES).max(1);
    let midpoint = |at: usize| f64::midpoint(scores[at - 1], scores[at]);
    let mut bounds = vec![f64::NEG_INFINITY];
    bounds.extend((1..scores.len()).step_by(step).map(midpoint));
    bounds.push(f64::INFINITY);
    let below = counts_below(entries, &bounds);
    let mut best = (f64::NEG_INFINITY, 0, bounds.len() - 1);
    for low in 0..bounds.len() {
        for high in (low..bounds.len()).rev() {
            let f1 = macro_f1(&below, low, high);
            if f1 > best.0 {
                best = (f1, low, high);
            }
        }
    }
    (bounds[best.1], bounds[best.2])
}

/// Weight of each class below each bound.
fn counts_below(entries: &[Scored], bounds: &[f64]) -> Vec<[f64; 3]> {
    let mut counts = vec![[0.0; 3]; bounds.len()];
    for entry in entries {
        let first_above = bounds.partition_point(|&bound| bound <= entry.score);
        counts[first_above][usize::from(entry.class)] += f64::from(entry.weight);
    }
    for at in 1..counts.len() {
        let before = counts[at - 1];
        counts[at].iter_mut().zip(before).for_each(|(count, before)| *count += before);
    }
    counts
}

fn macro_f1(below: &[[f64; 3]], low: usize, high: usize) -> f64 {
    let all = below[below.len() - 1];
    let called = [
        below[low],
        [0, 1, 2].map(|class| below[high][class] - below[low][class]),
        [0, 1, 2].map(|class| all[class] - below[high][class]),
    ];
    let f1 = |class: usize| {
        let sizes = called[class].iter().sum::<f64>() + all[class];
        if sizes > 0.0 { 2.0 * called[class][class] / sizes } else { 0.0 }
    };
    (f1(0) + f1(1) + f1(2)) / 3.0
}

impl Predictor for Linear {
    fn name(&self) -> &'static str {
        self.name
    }

    fn fit(&mut self, data: &TrainingData<'_>, _watch: &dyn Watch) -> Result<FitRecord, PredictionError> {
        self.fitted = None;
        let rows = TrainingRows::of(data, self.n_genes)?;
        let (map, temperature) = Map::learn(data, &rows.train, self.regulons.as_ref());
        self.fitted = Some(map);
        Ok(FitRecord { temperature, ..FitRecord::default() })
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        let map = self.fitted.as_ref().ok_or(PredictionError::NotFitted(self.name))?;
        predict_rows(self.name, self.n_genes, perturbations, |perturbation, row| map.predict_row(perturbation, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, Regulation, Response, ResponseMatrix, Sign};
    use crate::progress::Unwatched;
    use Response::{Down, Unchanged, Up};

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    #[test]
    fn thresholds_that_part_the_classes_are_found() {
        let entry = |score: f64, class: u8| Scored { score, class, weight: 1.0 };
        let entries = [(-2.0, 0), (-1.0, 0), (-0.2, 1), (0.1, 1), (0.4, 1), (3.0, 2)];
        let (down, up) = thresholds(&entries.map(|(score, class)| entry(score, class)));
        assert!((down + 0.6).abs() < 1e-12 && (up - 1.7).abs() < 1e-12, "{down} {up}");
    }

    #[test]
    fn with_only_unchanged_entries_nothing_is_called() {
        let entries = [0.0, 0.0, 1.0].map(|score| Scored { score, class: 1, weight: 1.0 });
        let (calls, _) = Calls::choose(&entries);
        for score in [-10.0, 0.0, 10.0] {
            assert!(calls.probabilities(score)[1] > 0.99);
        }
    }

    /// Two programmes: genes 8–11 go down, 12–15 up, if one of genes 0–3 is deleted; the other way round for 4–7.
    fn two_programmes(perturbed: &[usize]) -> (Vec<Perturbation>, ResponseMatrix) {
        let perturbations: Vec<_> = perturbed.iter().map(|&index| Perturbation::deletion(gene(index))).collect();
        let mut responses =
            ResponseMatrix::from_entries(perturbed.len(), 20, vec![Some(Unchanged); perturbed.len() * 20]);
        for (row, &index) in perturbed.iter().enumerate() {
            let (first, second) = if index < 4 { (Down, Up) } else { (Up, Down) };
            for target in 8..12 {
                responses.set(row, gene(target), Some(first));
                responses.set(row, gene(target + 4), Some(second));
            }
        }
        (perturbations, responses)
    }

    #[test]
    fn a_regulator_never_perturbed_is_predicted_from_its_regulon() {
        // Genes 0–3 activate 8–11, genes 4–7 activate 12–15; genes 3 and 7 are never perturbed in training.
        let edges = (0..8).flat_map(|regulator| {
            let first = if regulator < 4 { 8 } else { 12 };
            (first..first + 4).map(move |target| Regulation::new(gene(regulator), gene(target), Sign::Activation))
        });
        let mut linear = Linear::of_regulons(&RegulatoryNetwork::new(20, edges));
        let (perturbations, responses) = two_programmes(&[0, 1, 2, 4, 5, 6]);
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &[1.0; 6],
            validation: &[],
        };
        linear.fit(&data, &Unwatched).expect("fit");
        let (unseen, wanted) = two_programmes(&[3, 7]);
        let predicted = linear.predict(&unseen).expect("predict").responses();
        assert_eq!(predicted, wanted);
    }

    #[test]
    fn the_map_of_responses_reproduces_training_rows_of_genes_that_respond_themselves() {
        // Deleting any of genes 0–3 also lowers the others of the four, so each has an embedding of its own.
        let (perturbations, mut responses) = two_programmes(&[0, 1, 2, 4, 5, 6]);
        for row in 0..6 {
            let (first, second) = if row < 3 { (Down, Up) } else { (Up, Down) };
            for own in 0..4 {
                responses.set(row, gene(own), Some(first));
                responses.set(row, gene(own + 4), Some(second));
            }
        }
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &[1.0; 6],
            validation: &[],
        };
        let mut linear = Linear::of_responses(20);
        linear.fit(&data, &Unwatched).expect("fit");
        let predicted = linear.predict(&perturbations).expect("predict").responses();
        for row in 0..6 {
            assert_eq!(predicted.row(row)[8..], responses.row(row)[8..], "row {row}");
        }
    }

    #[test]
    fn two_rows_of_weight_one_half_teach_what_one_row_of_weight_one_teaches() {
        let (perturbations, responses) = two_programmes(&[0, 4, 5]);
        let once = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &[1.0; 3],
            validation: &[],
        };
        let rows: Vec<_> = (0..6).map(|row| row / 2).collect();
        let doubled: Vec<_> = rows.iter().map(|&row| perturbations[row].clone()).collect();
        let halves = TrainingData {
            perturbations: &doubled,
            responses: &responses.select(&rows),
            row_weights: &[0.5; 6],
            validation: &[],
        };
        let probabilities = |data: &TrainingData<'_>| {
            let mut linear = Linear::of_responses(20);
            linear.fit(data, &Unwatched).expect("fit");
            let prediction = linear.predict(&perturbations).expect("predict");
            (0..60).flat_map(|at| prediction.probabilities(at / 20, gene(at % 20))).collect::<Vec<_>>()
        };
        for (left, right) in probabilities(&once).into_iter().zip(probabilities(&halves)) {
            assert!((left - right).abs() < 1e-3, "{left} {right}");
        }
    }
}
