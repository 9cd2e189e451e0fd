//! How a neural predictor learns: mini-batches, early stopping, calibration.
//!
//! Start at [`fit`]. The same seed gives the same bytes on any number of threads.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use dfdx::prelude::{Cpu, NoneTape, Tape};

use super::NeuralConfig;
use super::kernels::{SparseRows, UNMEASURED};
use super::layers::{self, Adam, Affine, Matrix, OwnedTape, Parameter, Targets};
use crate::biology::{Perturbation, ResponseMatrix};
use crate::prediction::calibration::{self, Judged};
use crate::prediction::measured::{Measured, TrainingRows};
use crate::prediction::{FitRecord, Prediction, PredictionError, TrainingData};
use crate::progress::Watch;

/// At most so many validation entries judge the temperature; more are thinned out evenly.
const CALIBRATION_ENTRIES: usize = 1 << 18;
/// Rows whose validation loss is taken together.
const VALIDATION_ROWS: usize = 64;

/// A stack of layers that turns perturbations into hidden activations, and one that turns these into logits.
pub trait Layers {
    /// The predictor's name.
    const NAME: &'static str;

    /// Activations of the last hidden layer, one row per perturbation.
    fn hidden<T: Tape<f32, Cpu>>(&self, perturbations: &[&Perturbation]) -> Matrix<T>;

    /// The output layer, `[3·genes, width]`.
    fn output(&self) -> &Affine;

    /// All parameters, always in the same order.
    fn parameters(&self) -> Vec<&Parameter>;

    /// All parameters, in the same order, to be changed.
    fn parameters_mut(&mut self) -> Vec<&mut Parameter>;

    /// Brings the parameters back to where they may be, after each step.
    fn project(&mut self) {}
}

/// Layers that have learnt, and the temperature of their probabilities.
#[derive(Debug)]
pub struct Fitted<L> {
    /// The layers with the weights of the best epoch.
    pub layers: L,
    /// Temperature that calibrates the probabilities.
    pub temperature: f64,
}

impl<L: Layers> Fitted<L> {
    /// Class probabilities of every gene under each perturbation.
    pub fn predict(&self, n_genes: usize, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        check_genes(L::NAME, n_genes, perturbations)?;
        let hidden = self.layers.hidden::<NoneTape>(&perturbations.iter().collect::<Vec<_>>());
        let entries = layers::probabilities(&layers::numbers(&hidden), self.layers.output(), self.temperature);
        Ok(Prediction::new(n_genes, entries))
    }
}

fn check_genes(predictor: &'static str, n_genes: usize, rows: &[Perturbation]) -> Result<(), PredictionError> {
    match rows.iter().flat_map(Perturbation::genes).find(|gene| gene.index() >= n_genes) {
        Some(gene) => Err(PredictionError::GeneOutside { predictor, gene: gene.index(), n_genes }),
        None => Ok(()),
    }
}

/// `x` of each perturbation as a sparse row: the moved genes with −1 or +1.
pub fn sparse_rows(perturbations: &[&Perturbation]) -> SparseRows {
    SparseRows::from_rows(perturbations.iter().map(|perturbation| {
        let entry = |&(gene, direction): &(crate::biology::GeneId, crate::biology::Direction)| {
            (gene.index() as u32, f32::from(direction.value()))
        };
        perturbation.changes().iter().map(entry).collect::<Vec<_>>()
    }))
}

/// Everything that a loss needs, fixed for the whole fit.
struct Objective<'a> {
    perturbations: &'a [Perturbation],
    responses: &'a ResponseMatrix,
    row_weights: &'a [f32],
    class_weights: [f64; 3],
}

impl Objective<'_> {
    /// The measured entries of `rows`; `normaliser` divides every weight.
    fn targets(&self, rows: &[usize], normaliser: f64) -> Targets {
        let n_genes = self.responses.n_genes();
        let mut classes = Vec::with_capacity(rows.len() * n_genes);
        for &row in rows {
            let start = classes.len();
            let class = |entry: &Option<crate::biology::Response>| entry.map_or(UNMEASURED, |it| it.class() as u8);
            classes.extend(self.responses.row(row).iter().map(class));
            for gene in self.perturbations[row].genes() {
                classes[start + gene.index()] = UNMEASURED;
            }
        }
        let weight = |&row: &usize| {
            self.class_weights.map(|weight| (weight * f64::from(self.row_weights[row]) / normaliser) as f32)
        };
        Targets { n_genes, classes, weights: rows.iter().map(weight).collect() }
    }

    fn chosen(&self, rows: &[usize]) -> Vec<&Perturbation> {
        rows.iter().map(|&row| &self.perturbations[row]).collect()
    }
}

/// Learns the weights of `layers` from the rows of `data`, and a temperature from its validation rows.
///
/// ```text
/// L = 1/Z · Σ_{r ∈ train} w_r Σ_{g measured in r, g not moved by r} c_{y(r,g)} · −log softmax(z_{r,g})_{y(r,g)}
/// c_y = N / (K · N_y),   N_y = Σ_r w_r · #{entries of class y},   N = Σ_y N_y,   Z = Σ w_r c_y = N
/// ```
/// where `K` is the number of classes that occur in the training rows. Each batch's sum is divided by `Z` over the number
/// of batches, a constant, so that a row of weight ½ that stands twice counts as one of weight 1 even across batches.
/// The validation loss uses the class weights of the training rows.
///
/// Where nine entries in ten are unchanged, `c` of down and up is some 18 times that of unchanged, and the softmax speaks of
/// a world in which all three are equally frequent: good for macro-F1, too bold about changes. The temperature is judged
/// by the unweighted likelihood, so the *confidence* of the calls becomes honest on average, while the calls stay.
pub fn fit<L: Layers>(
    mut layers: L,
    config: &NeuralConfig,
    rows: &TrainingRows,
    data: &TrainingData<'_>,
    watch: &dyn Watch,
) -> Result<(Fitted<L>, FitRecord), PredictionError> {
    let measured = Measured::count(data, &rows.train);
    let objective = Objective {
        perturbations: data.perturbations,
        responses: data.responses,
        row_weights: data.row_weights,
        class_weights: measured.class_weights(),
    };
    let mut order = rows.train.clone();
    let batches = order.len().div_ceil(config.batch);
    let passes = config.min_steps.div_ceil(batches).max(1);
    watch.begin(&format!("fit {}", L::NAME), (config.max_epochs * passes * batches) as u64);

    let validation_weight = objective.validation_weight(data, &rows.validation);
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    // Stream 0 drew the weights; the order of the batches has its own.
    rng.set_stream(1);
    let mut adam = Adam::new(config.learning_rate, &layers.parameters());
    let mut record = FitRecord { temperature: 1.0, ..FitRecord::default() };
    let mut best = Best { loss: f64::INFINITY, weights: Vec::new() };
    for epoch in 0..config.max_epochs {
        let mut loss = 0.0;
        for _ in 0..passes {
            order.shuffle(&mut rng);
            for batch in order.chunks(config.batch) {
                if watch.is_cancelled() {
                    return Err(PredictionError::Cancelled);
                }
                loss += step(&mut layers, &mut adam, &objective, batch, measured.total() / batches as f64);
                watch.advance(1);
            }
        }
        let diverged = PredictionError::Diverged { predictor: L::NAME, epoch };
        let training_loss = loss / (batches * passes) as f64;
        record.training_loss.push(training_loss);
        if !training_loss.is_finite() || !layers.parameters().iter().all(|it| all_finite(it.values())) {
            return Err(diverged);
        }
        if validation_weight == 0.0 {
            record.best_epoch = epoch;
            continue;
        }
        let validation_loss = objective.loss(&layers, &rows.validation, validation_weight);
        record.validation_loss.push(validation_loss);
        tracing::debug!(epoch, training_loss, validation_loss, predictor = L::NAME, "epoch done");
        if !validation_loss.is_finite() {
            return Err(diverged);
        }
        if validation_loss < best.loss {
            record.best_epoch = epoch;
            best = Best::of(&layers, validation_loss);
        } else if epoch - record.best_epoch >= config.patience {
            break;
        }
    }
    best.restore(&mut layers);
    record.temperature = calibration::temperature(&objective.judged(&layers, &rows.validation));
    let temperature = record.temperature;
    Ok((Fitted { layers, temperature }, record))
}

fn all_finite(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_finite())
}

/// One batch: forward, backward, Adam. Hands back the loss of the batch.
fn step<L: Layers>(layers: &mut L, adam: &mut Adam, objective: &Objective<'_>, batch: &[usize], norm: f64) -> f64 {
    let hidden = layers.hidden::<OwnedTape>(&objective.chosen(batch));
    let loss = layers::backpropagate_cross_entropy(hidden, layers.output(), &objective.targets(batch, norm));
    adam.step(layers.parameters_mut());
    layers.project();
    loss
}

impl Objective<'_> {
    fn validation_weight(&self, data: &TrainingData<'_>, rows: &[usize]) -> f64 {
        let counts = Measured::count(data, rows).by_class;
        counts.iter().zip(self.class_weights).map(|(count, weight)| count * weight).sum()
    }

    fn loss<L: Layers>(&self, layers: &L, rows: &[usize], normaliser: f64) -> f64 {
        self.by_chunk(layers, rows, |hidden, chunk| {
            layers::cross_entropy(hidden, layers.output(), &self.targets(chunk, normaliser))
        })
        .into_iter()
        .sum()
    }

    /// Logits of the measured entries of `rows`, thinned out to at most [`CALIBRATION_ENTRIES`].
    fn judged<L: Layers>(&self, layers: &L, rows: &[usize]) -> Vec<Judged> {
        let measured = self.responses.select(rows).measured();
        let every = measured.div_ceil(CALIBRATION_ENTRIES).max(1);
        let chunks = self.by_chunk(layers, rows, |hidden, chunk| {
            let targets = self.targets(chunk, 1.0);
            layers::measured_logits(hidden, layers.output(), &targets, every)
                .into_iter()
                .map(|(row, class, logits)| Judged { logits, class, weight: self.row_weights[chunk[row]] })
                .collect::<Vec<_>>()
        });
        chunks.into_iter().flatten().collect()
    }

    fn by_chunk<L: Layers, R>(
        &self,
        layers: &L,
        rows: &[usize],
        mut each: impl FnMut(&[f32], &[usize]) -> R,
    ) -> Vec<R> {
        if rows.is_empty() {
            return Vec::new();
        }
        let hidden = layers::numbers(&layers.hidden::<NoneTape>(&self.chosen(rows)));
        let width = hidden.len() / rows.len();
        let chunks = hidden.chunks(VALIDATION_ROWS * width).zip(rows.chunks(VALIDATION_ROWS));
        chunks.map(|(hidden, rows)| each(hidden, rows)).collect()
    }
}

/// The weights of the best epoch so far; none without validation rows.
struct Best {
    loss: f64,
    weights: Vec<Vec<f32>>,
}

impl Best {
    fn of<L: Layers>(layers: &L, loss: f64) -> Self {
        Self { loss, weights: layers.parameters().iter().map(|parameter| parameter.values().to_vec()).collect() }
    }

    fn restore<L: Layers>(self, layers: &mut L) {
        for (parameter, values) in layers.parameters_mut().into_iter().zip(self.weights) {
            *parameter.values_mut() = values;
        }
    }
}
