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
use crate::progress::Progress;

/// At most this many validation entries judge the temperature; more are thinned out evenly.
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

    /// The output layer, to be changed.
    fn output_mut(&mut self) -> &mut Affine;

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
/// a world in which all three are equally frequent: too bold about changes. So the validation rows decide afterwards which
/// share `κ` of the logarithm of the true class shares is added to the biases of the output layer (best macro-F1,
/// unless [`NeuralConfig::restore_prior`] is off). The temperature is judged last, by the unweighted likelihood: it makes
/// the *confidence* of the calls honest on average, and leaves the calls as they are.
pub fn fit<L: Layers>(
    mut layers: L,
    config: &NeuralConfig,
    rows: &TrainingRows,
    data: &TrainingData<'_>,
    progress: &dyn Progress,
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
    progress.begin(&format!("fit {}", L::NAME), (config.max_epochs * passes * batches) as u64);

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
                if progress.is_cancelled() {
                    return Err(PredictionError::Cancelled);
                }
                loss += step(&mut layers, &mut adam, &objective, batch, measured.total() / batches as f64);
                progress.advance(1);
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
    let mut judged = objective.judged(&layers, &rows.validation);
    if config.restore_prior {
        restore_prior(&mut layers, &mut judged, measured.shares());
    }
    record.temperature = calibration::temperature(&judged);
    let temperature = record.temperature;
    Ok((Fitted { layers, temperature }, record))
}

/// Adds the best share of the logarithm of the class shares to the biases of the output layer, and to `judged`.
fn restore_prior<L: Layers>(layers: &mut L, judged: &mut [Judged], shares: [f32; 3]) {
    let share = calibration::prior_share(judged, shares);
    tracing::debug!(share, predictor = L::NAME, "class prior given back");
    let offsets = calibration::prior_logits(shares, share);
    let add = |logits: &mut [f32]| logits.iter_mut().zip(offsets).for_each(|(logit, offset)| *logit += offset);
    layers.output_mut().bias.values_mut().chunks_exact_mut(3).for_each(add);
    judged.iter_mut().for_each(|entry| add(&mut entry.logits));
}

fn all_finite(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_finite())
}

/// One batch: forward, backward, Adam. Returns the loss of the batch.
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::biology::{Direction, GeneId, Regulation, Response, Sign};
    use crate::metrics::consistency;
    use crate::network::RegulatoryNetwork;
    use crate::prediction::Predictor;
    use crate::prediction::baselines::NoChange;
    use crate::prediction::neural::{Gnn, Mlp};
    use crate::progress::NoProgress;

    const REGULATORS: usize = 8;

    /// A screen in which every perturbed regulator moves genes of its own by a fixed sign, and combinations add up.
    struct Screen {
        perturbations: Vec<Perturbation>,
        responses: ResponseMatrix,
        weights: Vec<f32>,
        validation: Vec<usize>,
    }

    impl Screen {
        fn data(&self) -> TrainingData<'_> {
            TrainingData {
                perturbations: &self.perturbations,
                responses: &self.responses,
                row_weights: &self.weights,
                validation: &self.validation,
            }
        }
    }

    /// Every third target belongs to a regulator; of these genes one in two goes with it, one against it.
    fn effect(regulator: usize, target: usize) -> i8 {
        match (target + 3 * regulator) % 24 {
            0..=3 => 1,
            4..=7 => -1,
            _ => 0,
        }
    }

    fn respond(perturbation: &Perturbation, target: usize) -> Response {
        let changes = perturbation.changes().iter();
        let sum: i8 = changes.map(|&(gene, direction)| direction.value() * effect(gene.index(), target)).sum();
        Response::from_value(sum.signum()).expect("a sign")
    }

    fn observe(n_genes: usize, perturbations: Vec<Perturbation>) -> (Vec<Perturbation>, ResponseMatrix) {
        let entry = |perturbation: &Perturbation, gene: usize| {
            // One entry in five is not measured.
            (!(gene + 7 * perturbation.changes().len()).is_multiple_of(5)).then(|| respond(perturbation, gene))
        };
        let entries = perturbations.iter().flat_map(|it| (0..n_genes).map(move |gene| entry(it, gene))).collect();
        let responses = ResponseMatrix::from_entries(perturbations.len(), n_genes, entries);
        (perturbations, responses)
    }

    fn pair(first: usize, second: usize, directions: [Direction; 2]) -> Perturbation {
        Perturbation::of([(GeneId::new(first), directions[0]), (GeneId::new(second), directions[1])])
            .expect("two genes")
    }

    fn pairs(wanted: impl Fn(usize, usize) -> bool) -> Vec<Perturbation> {
        use Direction::{Deletion, Overexpression};
        let regulators = (0..REGULATORS).flat_map(|first| (first + 1..REGULATORS).map(move |second| (first, second)));
        let chosen = regulators.filter(|&(first, second)| wanted(first, second));
        chosen
            .flat_map(|(first, second)| {
                [[Deletion; 2], [Deletion, Overexpression], [Overexpression, Deletion], [Overexpression; 2]]
                    .map(|directions| pair(first, second, directions))
            })
            .collect()
    }

    /// All single perturbations and most pairs; the pairs of [`unseen`] are not among them.
    fn screen(n_genes: usize) -> Screen {
        let genes = (0..REGULATORS).map(GeneId::new);
        let singles = genes.flat_map(|gene| [Perturbation::deletion(gene), Perturbation::overexpression(gene)]);
        let seen = pairs(|first, second| (first + second) % 4 != 0);
        let (perturbations, responses) = observe(n_genes, singles.chain(seen).collect());
        let validation = (16..perturbations.len()).step_by(6).collect();
        Screen { weights: vec![1.0; perturbations.len()], perturbations, responses, validation }
    }

    fn unseen(n_genes: usize) -> (Vec<Perturbation>, ResponseMatrix) {
        observe(n_genes, pairs(|first, second| (first + second) % 4 == 0))
    }

    /// Each regulator is joined to the first twelve genes that it moves, and to nothing else.
    fn network(n_genes: usize) -> RegulatoryNetwork {
        let edges = (0..REGULATORS).flat_map(|regulator| {
            let moved = (REGULATORS..n_genes).filter(move |&target| effect(regulator, target) != 0).take(12);
            moved.map(move |target| {
                let sign = if effect(regulator, target) > 0 { Sign::Activation } else { Sign::Inhibition };
                Regulation::new(GeneId::new(regulator), GeneId::new(target), sign)
            })
        });
        RegulatoryNetwork::new(n_genes, edges)
    }

    fn small() -> NeuralConfig {
        NeuralConfig { hidden: 32, batch: 16, learning_rate: 5e-3, max_epochs: 60, ..NeuralConfig::default() }
    }

    fn brief() -> NeuralConfig {
        NeuralConfig { max_epochs: 2, min_steps: 6, hidden: 16, ..small() }
    }

    fn macro_f1(predictor: &dyn Predictor, perturbations: &[Perturbation], truth: &ResponseMatrix) -> f64 {
        let predicted = predictor.predict(perturbations).expect("predict").responses();
        consistency(perturbations, truth, &predicted).expect("same shape").macro_f1
    }

    fn assert_learns(predictor: &mut dyn Predictor, least: f64) {
        let (screen, (perturbations, truth)) = (screen(60), unseen(60));
        predictor.fit(&screen.data(), &NoProgress).expect("fit");
        let mut chance = NoChange::new(60);
        chance.fit(&screen.data(), &NoProgress).expect("fit");
        let (found, chance) = (macro_f1(predictor, &perturbations, &truth), macro_f1(&chance, &perturbations, &truth));
        assert!(chance < 0.3 && found > least, "{found} against {chance} without change");
    }

    #[test]
    fn the_mlp_learns_an_additive_rule_and_predicts_unseen_pairs() {
        assert_learns(&mut Mlp::new(60, small()), 0.8);
    }

    #[test]
    fn the_gnn_learns_an_additive_rule_and_predicts_unseen_pairs() {
        // Eight regulators joined through their targets look alike after three convolutions, so it learns less of them.
        assert_learns(&mut Gnn::new(&network(60), small()), 0.45);
    }

    /// Four groups of six regulators; those of a group have the same targets, activated by one half of the groups and
    /// inhibited by the other. The last regulator of each group is deleted only in the second screen.
    fn groups() -> (RegulatoryNetwork, Screen, Screen) {
        let sign = |group: usize| if group < 2 { Sign::Activation } else { Sign::Inhibition };
        let targets = |group: usize| 24 + 9 * group..24 + 9 * (group + 1);
        let regulators = (0..24).map(|regulator| (regulator, regulator / 6));
        let edges = regulators.flat_map(|(regulator, group)| {
            let edge = move |target| Regulation::new(GeneId::new(regulator), GeneId::new(target), sign(group));
            targets(group).map(edge)
        });
        let network = RegulatoryNetwork::new(60, edges);
        let screen = |perturbed: Vec<usize>| {
            let mut responses = ResponseMatrix::from_entries(
                perturbed.len(),
                60,
                vec![Some(Response::Unchanged); 60 * perturbed.len()],
            );
            for (row, &regulator) in perturbed.iter().enumerate() {
                let group = regulator / 6;
                let response = Response::from_value(-sign(group).value());
                targets(group).for_each(|target| responses.set(row, GeneId::new(target), response));
            }
            let perturbations: Vec<_> = perturbed.iter().map(|&it| Perturbation::deletion(GeneId::new(it))).collect();
            let validation = (0..perturbed.len()).filter(|row| row % 5 == 4).collect();
            Screen { weights: vec![1.0; perturbed.len()], perturbations, responses, validation }
        };
        let (last, others) = (0..24).partition(|regulator| regulator % 6 == 5);
        (network, screen(others), screen(last))
    }

    #[test]
    fn the_gnn_predicts_a_regulator_never_perturbed_from_those_that_share_its_targets_and_the_mlp_cannot() {
        let (network, seen, unseen) = groups();
        let mut gnn = Gnn::new(&network, small());
        let mut mlp = Mlp::new(60, small());
        gnn.fit(&seen.data(), &NoProgress).expect("fit");
        mlp.fit(&seen.data(), &NoProgress).expect("fit");
        let gnn = macro_f1(&gnn, &unseen.perturbations, &unseen.responses);
        let mlp = macro_f1(&mlp, &unseen.perturbations, &unseen.responses);
        assert!(gnn > 0.95 && mlp < 0.6, "gnn {gnn}, mlp {mlp}");
    }

    fn mlp_bytes(screen: &Screen, n_genes: usize, config: NeuralConfig) -> Vec<u8> {
        let mut mlp = Mlp::new(n_genes, config);
        mlp.fit(&screen.data(), &NoProgress).expect("fit");
        mlp.to_bytes().expect("fitted")
    }

    fn gnn_bytes(screen: &Screen, n_genes: usize, config: NeuralConfig) -> Vec<u8> {
        let mut gnn = Gnn::new(&network(n_genes), config);
        gnn.fit(&screen.data(), &NoProgress).expect("fit");
        gnn.to_bytes().expect("fitted")
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_on_one_and_on_two_threads_and_another_seed_does_not() {
        // 700 genes make three blocks of genes and three of rows.
        let screen = screen(700);
        let on = |threads: usize, config: NeuralConfig| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| (mlp_bytes(&screen, 700, config), gnn_bytes(&screen, 700, config)))
        };
        let one = on(1, brief());
        assert!(one == on(2, brief()), "two threads");
        assert!(one == on(1, brief()), "once more");
        let other = on(1, NeuralConfig { seed: 43, ..brief() });
        assert!(one.0 != other.0 && one.1 != other.1, "another seed");
    }

    #[test]
    fn predictions_are_the_same_on_one_and_on_two_threads() {
        let screen = screen(700);
        let mut mlp = Mlp::new(700, brief());
        mlp.fit(&screen.data(), &NoProgress).expect("fit");
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| mlp.predict(&screen.perturbations).expect("predict"))
        };
        assert_eq!(on(1), on(2));
    }

    #[test]
    fn labels_of_rows_that_are_neither_trained_on_nor_validated_with_change_nothing() {
        let Screen { perturbations, responses, .. } = screen(60);
        let fitted = |responses: &ResponseMatrix| {
            // Rows 0–9 are the test set; predictors are given the others only.
            let kept: Vec<_> = (10..perturbations.len()).collect();
            let screen = Screen {
                perturbations: kept.iter().map(|&row| perturbations[row].clone()).collect(),
                responses: responses.select(&kept),
                weights: vec![1.0; kept.len()],
                validation: vec![20, 30, 40],
            };
            (mlp_bytes(&screen, 60, brief()), gnn_bytes(&screen, 60, brief()))
        };
        let mut permuted = responses.clone();
        for row in 0..10 {
            let reversed: Vec<_> = responses.row(9 - row).iter().rev().copied().collect();
            permuted.row_mut(row).copy_from_slice(&reversed);
        }
        assert_ne!(responses, permuted);
        assert!(fitted(&responses) == fitted(&permuted));
    }

    #[test]
    fn own_entries_of_perturbed_genes_change_nothing() {
        let mut screen = screen(60);
        let before = mlp_bytes(&screen, 60, brief());
        for row in 0..screen.perturbations.len() {
            for gene in screen.perturbations[row].clone().genes() {
                screen.responses.set(row, gene, Some(Response::Up));
            }
        }
        assert!(before == mlp_bytes(&screen, 60, brief()));
    }

    #[test]
    fn the_weights_of_the_best_epoch_are_kept() {
        // A large step size on noise makes the validation loss rise after a few epochs.
        let mut screen = screen(60);
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for row in 0..screen.perturbations.len() {
            screen.responses.row_mut(row).shuffle(&mut rng);
        }
        let config = NeuralConfig { patience: 4, learning_rate: 0.02, max_epochs: 50, ..small() };
        let mut mlp = Mlp::new(60, config);
        let record = mlp.fit(&screen.data(), &NoProgress).expect("fit");
        let best = record.best_epoch;
        assert_eq!(record.validation_loss.len(), best + 5, "four epochs of patience after the best");
        assert!(record.validation_loss.iter().all(|loss| *loss >= record.validation_loss[best]));

        let mut stopped = Mlp::new(60, NeuralConfig { max_epochs: best + 1, ..config });
        stopped.fit(&screen.data(), &NoProgress).expect("fit");
        let rows = &screen.perturbations;
        assert_eq!(mlp.predict(rows).expect("fitted"), stopped.predict(rows).expect("fitted"));
    }

    #[test]
    fn two_rows_of_weight_one_half_teach_what_one_row_of_weight_one_teaches() {
        let once = screen(60);
        let rows: Vec<_> = (0..2 * once.perturbations.len()).map(|row| row / 2).collect();
        let twice = Screen {
            perturbations: rows.iter().map(|&row| once.perturbations[row].clone()).collect(),
            responses: once.responses.select(&rows),
            weights: vec![0.5; rows.len()],
            validation: rows
                .iter()
                .enumerate()
                .filter(|(_, row)| once.validation.contains(row))
                .map(|it| it.0)
                .collect(),
        };
        // All rows in one batch, so that no order of batches stands between the two.
        let config = NeuralConfig { batch: 1000, max_epochs: 3, min_steps: 1, ..small() };
        let losses = |screen: &Screen| {
            let record = Mlp::new(60, config).fit(&screen.data(), &NoProgress).expect("fit");
            [record.training_loss, record.validation_loss].concat()
        };
        for (one, two) in losses(&once).into_iter().zip(losses(&twice)) {
            assert!((one - two).abs() < 1e-4 * one, "{one} {two}");
        }
    }

    #[test]
    fn a_fit_starts_at_the_loss_of_ignorance() {
        // Class weights have mean 1, and untrained probabilities are near 1/3: the first loss is near ln 3.
        let config = NeuralConfig { max_epochs: 1, min_steps: 1, batch: 1000, ..small() };
        let record = Mlp::new(60, config).fit(&screen(60).data(), &NoProgress).expect("fit");
        assert!((record.training_loss[0] - 3.0_f64.ln()).abs() < 0.05, "{:?}", record.training_loss);
    }

    #[test]
    fn a_checkpoint_gives_back_the_same_predictions() {
        let (screen, network) = (screen(60), network(60));
        let mut mlp = Mlp::new(60, brief());
        mlp.fit(&screen.data(), &NoProgress).expect("fit");
        let bytes = mlp.to_bytes().expect("fitted");
        let read = Mlp::from_bytes(&bytes).expect("own bytes");
        let rows = &screen.perturbations;
        assert_eq!(mlp.predict(rows).expect("fitted"), read.predict(rows).expect("fitted"));
        assert!(bytes == read.to_bytes().expect("fitted"));

        let mut gnn = Gnn::new(&network, brief());
        gnn.fit(&screen.data(), &NoProgress).expect("fit");
        let bytes = gnn.to_bytes().expect("fitted");
        let read = Gnn::from_bytes(&network, &bytes).expect("own bytes");
        assert_eq!(gnn.predict(rows).expect("fitted"), read.predict(rows).expect("fitted"));
    }

    #[test]
    fn a_checkpoint_that_does_not_fit_is_refused_in_words() {
        let screen = screen(60);
        let mlp = mlp_bytes(&screen, 60, brief());
        let gnn = gnn_bytes(&screen, 60, brief());
        let message = |result: Result<(), PredictionError>| result.expect_err("refused").to_string();
        let as_mlp = |bytes: &[u8]| message(Mlp::from_bytes(bytes).map(|_| ()));
        let as_gnn = |bytes: &[u8]| message(Gnn::from_bytes(&RegulatoryNetwork::new(60, []), bytes).map(|_| ()));
        assert!(as_mlp(b"not a checkpoint").contains("no safetensors file"));
        assert!(as_mlp(&mlp[..mlp.len() - 1]).contains("damaged"));
        assert!(as_mlp(&gnn).contains("predictor `gnn`, not `mlp`"));
        assert!(as_gnn(&gnn).contains("another network"));
        // The width in the header no longer says what the tensors are.
        let at = mlp.windows(11).position(|window| window == b"hidden\\\":16").expect("the header holds the width");
        let mut wider = mlp.clone();
        wider[at + 9..at + 11].copy_from_slice(b"17");
        let told = as_mlp(&wider);
        assert!(told.contains("`input.weight` has shape [60, 16], expected [60, 17]"), "{told}");
        let mut not_a_number = mlp.clone();
        let last = mlp.len() - 4;
        not_a_number[last..].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(as_mlp(&not_a_number).contains("not finite"));
    }

    struct CancelAfter(u64, AtomicU64);

    impl Progress for CancelAfter {
        fn begin(&self, _phase: &str, _steps: u64) {}
        fn advance(&self, steps: u64) {
            self.1.fetch_add(steps, Ordering::Relaxed);
        }
        fn is_cancelled(&self) -> bool {
            self.1.load(Ordering::Relaxed) >= self.0
        }
    }

    #[test]
    fn a_fit_stops_at_the_next_batch_when_it_is_cancelled_and_leaves_nothing_learnt() {
        let progress = CancelAfter(3, AtomicU64::new(0));
        let mut mlp = Mlp::new(60, small());
        let screen = screen(60);
        assert!(matches!(mlp.fit(&screen.data(), &progress), Err(PredictionError::Cancelled)));
        assert_eq!(progress.1.load(Ordering::Relaxed), 3);
        assert!(matches!(mlp.predict(&screen.perturbations), Err(PredictionError::NotFitted("mlp"))));
    }

    #[test]
    fn a_step_size_without_measure_ends_as_diverged_and_bad_settings_are_named() {
        let screen = screen(60);
        let fit = |config: NeuralConfig| Mlp::new(60, config).fit(&screen.data(), &NoProgress);
        let diverged = fit(NeuralConfig { learning_rate: 1e38, ..brief() });
        assert!(matches!(diverged, Err(PredictionError::Diverged { predictor: "mlp", .. })), "{diverged:?}");
        let message = fit(NeuralConfig { batch: 0, ..brief() }).expect_err("no batch").to_string();
        assert!(message.contains("`batch`") && message.contains("at least 1"), "{message}");
        let message = fit(NeuralConfig { learning_rate: f64::NAN, ..brief() }).expect_err("NaN").to_string();
        assert!(message.contains("`learning_rate`"), "{message}");
    }

    #[test]
    fn without_a_measured_entry_there_is_nothing_to_learn_from() {
        let mut screen = screen(60);
        screen.responses = ResponseMatrix::unmeasured(screen.perturbations.len(), 60);
        let result = Gnn::new(&network(60), brief()).fit(&screen.data(), &NoProgress);
        assert!(matches!(result, Err(PredictionError::NoTrainingData)));
    }

    #[test]
    fn without_validation_rows_the_last_epoch_is_kept_and_the_temperature_is_one() {
        let screen = Screen { validation: Vec::new(), ..screen(60) };
        let record = Mlp::new(60, brief()).fit(&screen.data(), &NoProgress).expect("fit");
        assert_eq!((record.best_epoch, record.temperature, record.validation_loss.len()), (1, 1.0, 0));
    }

    #[test]
    fn no_perturbation_gives_an_empty_prediction_and_a_foreign_gene_an_error() {
        let mut mlp = Mlp::new(60, brief());
        mlp.fit(&screen(60).data(), &NoProgress).expect("fit");
        assert_eq!(mlp.predict(&[]).expect("nothing asked").n_perturbations(), 0);
        let outside = [Perturbation::deletion(GeneId::new(60))];
        assert!(matches!(mlp.predict(&outside), Err(PredictionError::GeneOutside { gene: 60, n_genes: 60, .. })));
    }
}
