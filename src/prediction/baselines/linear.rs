//! The linear baseline that deep models have to beat.

use rayon::prelude::*;

use super::principal::{self, Rows, Scores, Sparse};
use super::{predict_rows, walks};
use crate::biology::{GeneId, Perturbation, Response};
use crate::network::RegulatoryNetwork;
use crate::prediction::calls::{Calls, Chosen, Scored};
use crate::prediction::inner_folds::{inner_folds, stride};
use crate::prediction::measured::TrainingRows;
use crate::prediction::{FitRecord, Prediction, PredictionError, Predictor, TrainingData};
use crate::progress::Progress;

/// Principal axes of responses, and of regulons.
const COMPONENTS: usize = 10;
/// Weight of the ridge, as published.
const RIDGE: f64 = 0.1;
/// Weights of the ridge over perturbed genes that are tried, in units of the mean square of their embedding.
const PENALTIES: [f64; 7] = [0.001, 0.01, 0.1, 0.3, 1.0, 10.0, 100.0];
/// At most this many training entries choose thresholds and temperature.
const JUDGED_ENTRIES: usize = 1 << 18;

/// A linear map from the embedding of the perturbed genes to that of the responding genes.
///
/// ```text
/// s(x) = b + G W p(x),   p(x) = Σ_i x_i P_i,
/// W = (GᵀG + λI)⁻¹ Gᵀ (Y − b)ᵀ D X (XᵀD X + μI)⁻¹,   λ = 0.1
/// ```
/// where `Y` holds the training responses (−1, 0, 1; `b` where unmeasured), `b` their mean for each gene, `D` the row
/// weights, `X` the rows `p(x)` of the training perturbations, and `G` the scores of the genes on the first 10 principal
/// axes of `Y − b`. The embedding `P` of a perturbed gene is its row of `G` ([`Linear::of_responses`]: as in the
/// reference; a perturbed gene that was never measured itself is predicted to do `b`), its scores on the first 10
/// principal axes of the signed regulons of the knowledge ([`Linear::of_regulons`]), or on those of the signed walks that
/// leave it ([`Linear::ridge_of_walks`]).
///
/// A score is down below `t₋`, up above `t₊`, with the pair of thresholds that has the best macro-F1 on the training
/// entries; probabilities are `softmax((t₋−s)/τ, 0, (s−t₊)/τ)`, `τ` half the spread of the scores times the temperature
/// calibrated on the same entries.
///
/// `linear` and `linear-regulon` have the published penalty, `μ = λ`. The predictors called `ridge-…` choose
/// `μ = m · tr(XᵀDX)/10`, `m` from 0.001 to 100, by folds over the gene sets of the training rows: the one whose scores of
/// the rows left out have the best macro-F1. The same scores then give thresholds and temperature, so that these are fit
/// for gene sets never seen. With a single gene set the published penalty is taken.
///
/// # Reference
/// Ahlmann-Eltze, Huber & Anders, Deep-learning-based gene perturbation effect prediction does not yet outperform simple
/// linear baselines, Nature Methods 2025, doi:10.1038/s41592-025-02772-6.
#[derive(Clone, Debug)]
pub struct Linear {
    name: &'static str,
    n_genes: usize,
    /// Embedding of perturbed genes, if it does not come from the responses.
    embedding: Option<Scores>,
    penalty: Penalty,
    fitted: Option<Map>,
}

/// How the penalty `μ` is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Penalty {
    Published,
    Chosen,
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

impl Linear {
    /// The baseline that tells a perturbed gene by how it responds to other perturbations.
    #[must_use]
    pub const fn of_responses(n_genes: usize) -> Self {
        Self { name: "linear", n_genes, embedding: None, penalty: Penalty::Published, fitted: None }
    }

    /// The baseline that tells a perturbed gene by its targets in the knowledge.
    #[must_use]
    pub fn of_regulons(network: &RegulatoryNetwork) -> Self {
        let embedding = Some(regulons(network));
        Self { name: "linear-regulon", embedding, ..Self::of_responses(network.n_genes()) }
    }

    /// [`Linear::of_responses`] with a chosen penalty.
    #[must_use]
    pub const fn ridge_of_responses(n_genes: usize) -> Self {
        Self { name: "ridge-pca", n_genes, embedding: None, penalty: Penalty::Chosen, fitted: None }
    }

    /// [`Linear::of_regulons`] with a chosen penalty.
    #[must_use]
    pub fn ridge_of_regulons(network: &RegulatoryNetwork) -> Self {
        let embedding = Some(regulons(network));
        Self { name: "ridge-regulon", embedding, ..Self::ridge_of_responses(network.n_genes()) }
    }

    /// Tells a perturbed gene by the signed walks that leave it, with a chosen penalty.
    #[must_use]
    pub fn ridge_of_walks(network: &RegulatoryNetwork) -> Self {
        let embedding = Some(walks::of_regulators(network, COMPONENTS));
        Self { name: "ridge-walks", embedding, ..Self::ridge_of_responses(network.n_genes()) }
    }
}

fn regulons(network: &RegulatoryNetwork) -> Scores {
    let n_genes = network.n_genes();
    let mut regulators_of: Rows = vec![Vec::new(); n_genes];
    for edge in network.regulations() {
        let entry = (edge.regulator.index() as u32, f32::from(edge.sign.value()));
        regulators_of[edge.target.index()].push(entry);
    }
    principal::scores(&Sparse::new(regulators_of, n_genes), COMPONENTS)
}

/// What the map is solved from, whatever the penalty.
struct Normal {
    means: Vec<f64>,
    genes: Scores,
    perturbed: Scores,
    /// `GᵀG`.
    of_genes: Vec<Vec<f64>>,
    /// `XᵀDX`.
    of_rows: Vec<Vec<f64>>,
    /// `Gᵀ (Y − b)ᵀ D X`.
    mixed: Vec<Vec<f64>>,
}

impl Normal {
    fn of(data: &TrainingData<'_>, rows: &[usize], embedding: Option<&Scores>) -> Self {
        let means = gene_means(data, rows);
        let centred: Rows = rows.par_iter().map(|&row| centred_row(data, row, &means)).collect();
        let sparse = Sparse::new(centred, data.responses.n_genes());
        let genes = principal::scores(&sparse, COMPONENTS);
        let perturbed = embedding.cloned().unwrap_or_else(|| genes.clone());
        let mut of_genes = vec![vec![0.0; genes.width]; genes.width];
        for gene in genes.values.chunks_exact(genes.width.max(1)) {
            add_outer(&mut of_genes, gene, gene);
        }
        let mut of_rows = vec![vec![0.0; perturbed.width]; perturbed.width];
        let mut mixed = vec![vec![0.0; perturbed.width]; genes.width];
        for (entries, &row) in sparse.rows().iter().zip(rows) {
            let root = f64::from(data.row_weights[row]).sqrt();
            let p: Vec<_> = embed(&data.perturbations[row], &perturbed).into_iter().map(|p| root * p).collect();
            let mut image = vec![0.0; genes.width];
            for &(gene, value) in entries {
                let scores = genes.of(gene as usize);
                image.iter_mut().zip(scores).for_each(|(image, score)| *image += f64::from(value) * score);
            }
            add_outer(&mut of_rows, &p, &p);
            add_outer(&mut mixed, &image, &p);
        }
        Self { means, genes, perturbed, of_genes, of_rows, mixed }
    }

    /// `m · tr(XᵀDX)/width`, above 0.
    fn penalty(&self, multiple: f64) -> f64 {
        let trace: f64 = self.of_rows.iter().enumerate().map(|(axis, line)| line[axis]).sum();
        (multiple * trace / self.of_rows.len().max(1) as f64).max(1e-9)
    }

    fn solve(&self, penalty: f64) -> Map {
        let half = principal::ridge_solve(self.of_genes.clone(), RIDGE, self.mixed.clone());
        let turned = principal::ridge_solve(self.of_rows.clone(), penalty, transpose(half, self.perturbed.width));
        let (means, genes, perturbed) = (self.means.clone(), self.genes.clone(), self.perturbed.clone());
        let weights = transpose(turned, genes.width);
        let calls = Calls { down_below: 0.0, up_above: 0.0, softness: 1.0 };
        Map { means, genes, perturbed, weights, calls }
    }
}

/// A multiple of the penalty and what the scores of the rows left out say of it.
fn choose_penalty(data: &TrainingData<'_>, rows: &[usize], embedding: Option<&Scores>) -> Option<(f64, Chosen)> {
    let every = stride(data, rows, JUDGED_ENTRIES);
    let mut entries: Vec<Vec<Scored>> = vec![Vec::new(); PENALTIES.len()];
    for fold in inner_folds(data, rows) {
        let normal = Normal::of(data, &fold.learnt, embedding);
        for (entries, multiple) in entries.iter_mut().zip(PENALTIES) {
            let map = normal.solve(normal.penalty(multiple));
            entries.extend(map.scored(data, &fold.judged, every));
        }
    }
    let judged: Vec<_> =
        entries.par_iter().map(|entries| (!entries.is_empty()).then(|| Calls::best(entries))).collect();
    let judged = judged.into_iter().enumerate().filter_map(|(place, judged)| Some((place, judged?)));
    // Of equals the last, which has the largest penalty.
    let (place, (calls, macro_f1)) = judged.max_by(|(_, a), (_, b)| a.1.total_cmp(&b.1))?;
    Some((PENALTIES[place], calls.softened(&entries[place], macro_f1)))
}

impl Map {
    fn published(data: &TrainingData<'_>, rows: &[usize], embedding: Option<&Scores>) -> (Self, FitRecord) {
        let map = Normal::of(data, rows, embedding).solve(RIDGE);
        let scored = map.scored(data, rows, stride(data, rows, JUDGED_ENTRIES));
        let Chosen { calls, temperature, .. } = Calls::choose(&scored);
        (Self { calls, ..map }, FitRecord { temperature, ..FitRecord::default() })
    }

    fn chosen(data: &TrainingData<'_>, rows: &[usize], embedding: Option<&Scores>) -> (Self, FitRecord) {
        let Some((multiple, Chosen { calls, temperature, macro_f1 })) = choose_penalty(data, rows, embedding) else {
            return Self::published(data, rows, embedding);
        };
        let normal = Normal::of(data, rows, embedding);
        let map = normal.solve(normal.penalty(multiple));
        let choices = [("penalty", multiple), ("inner macro-F1", macro_f1)];
        (Self { calls, ..map }, FitRecord::of_choices(temperature, &choices))
    }

    /// `W p(x)`.
    fn direction(&self, perturbation: &Perturbation) -> Vec<f64> {
        let p = embed(perturbation, &self.perturbed);
        self.weights.iter().map(|line| line.iter().zip(&p).map(|(weight, p)| weight * p).sum()).collect()
    }

    fn score(&self, direction: &[f64], gene: usize) -> f64 {
        self.means[gene] + self.genes.of(gene).iter().zip(direction).map(|(g, d)| g * d).sum::<f64>()
    }

    /// The score of every `every`th measured entry of `rows`.
    fn scored(&self, data: &TrainingData<'_>, rows: &[usize], every: usize) -> Vec<Scored> {
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
    let entry = |(gene, response): (GeneId, Response)| {
        let rest = f64::from(response.value()) - means[gene.index()];
        (gene.index() as u32, (scale * rest) as f32)
    };
    data.measured(row).map(entry).collect()
}

fn add_outer(out: &mut [Vec<f64>], left: &[f64], right: &[f64]) {
    for (out, left) in out.iter_mut().zip(left) {
        out.iter_mut().zip(right).for_each(|(out, right)| *out += left * right);
    }
}

fn transpose(a: Vec<Vec<f64>>, cols: usize) -> Vec<Vec<f64>> {
    (0..cols).map(|col| a.iter().map(|row| row[col]).collect()).collect()
}

impl Predictor for Linear {
    fn name(&self) -> &'static str {
        self.name
    }

    fn fit(&mut self, data: &TrainingData<'_>, _progress: &dyn Progress) -> Result<FitRecord, PredictionError> {
        self.fitted = None;
        let rows = TrainingRows::of(data, self.n_genes)?;
        let learn = match self.penalty {
            Penalty::Published => Map::published,
            Penalty::Chosen => Map::chosen,
        };
        let (map, record) = learn(data, &rows.train, self.embedding.as_ref());
        self.fitted = Some(map);
        Ok(record)
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        let map = self.fitted.as_ref().ok_or(PredictionError::NotFitted(self.name))?;
        predict_rows(self.name, self.n_genes, perturbations, |perturbation, row| map.predict_row(perturbation, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Regulation, ResponseMatrix, Sign};
    use crate::progress::NoProgress;
    use Response::{Down, Unchanged, Up};

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
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
        linear.fit(&data, &NoProgress).expect("fit");
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
        linear.fit(&data, &NoProgress).expect("fit");
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
            linear.fit(data, &NoProgress).expect("fit");
            let prediction = linear.predict(&perturbations).expect("predict");
            (0..60).flat_map(|at| prediction.probabilities(at / 20, gene(at % 20))).collect::<Vec<_>>()
        };
        for (left, right) in probabilities(&once).into_iter().zip(probabilities(&halves)) {
            assert!((left - right).abs() < 1e-3, "{left} {right}");
        }
    }
}
