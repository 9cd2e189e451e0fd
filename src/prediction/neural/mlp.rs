//! The multilayer perceptron: from perturbation to responses without any knowledge.

use std::sync::Arc;

use dfdx::prelude::{Cpu, Tape};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::NeuralConfig;
use super::checkpoint::{self, Checkpoint, Header};
use super::kernels::Activation;
use super::layers::{self, Affine, Matrix, Parameter};
use super::training::{self, Fitted, Layers};
use crate::biology::Perturbation;
use crate::prediction::measured::TrainingRows;
use crate::prediction::{FitRecord, Prediction, PredictionError, Predictor, TrainingData};
use crate::progress::Progress;

/// A multilayer perceptron.
///
/// ```text
/// h₁ = max(0, xᵀW₁ + b₁),  h₂ = max(0, W₂h₁ + b₂),  h₃ = max(0, W₃h₂ + b₃),  z = W₄h₃ + b₄ ∈ R^{n×3}
/// f(x) = softmax(z / T)
/// ```
/// where `x ∈ {−1, 0, 1}ⁿ` is the perturbation and `T` the calibrated temperature. `x` is never written out: the first
/// layer adds up the rows of `W₁` that belong to the perturbed genes. These start within `±1/√n`, close to 0, so that a
/// gene that no training row perturbs is predicted to do about what perturbations do on average.
///
/// # Shapes
/// `W₁`: `[n, hidden]`; `W₂`, `W₃`: `[hidden, hidden]`; `W₄`: `[3n, hidden]`
#[derive(Debug)]
pub struct Mlp {
    n_genes: usize,
    config: NeuralConfig,
    fitted: Option<Fitted<MlpLayers>>,
}

impl Mlp {
    /// A predictor for `n_genes` genes that has learnt nothing yet.
    #[must_use]
    pub const fn new(n_genes: usize, config: NeuralConfig) -> Self {
        Self { n_genes, config, fitted: None }
    }

    /// Weights, configuration and temperature as one safetensors file. The same fit gives the same bytes.
    ///
    /// # Errors
    /// [`PredictionError::NotFitted`] before the first fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PredictionError> {
        let fitted = self.fitted.as_ref().ok_or(PredictionError::NotFitted(MlpLayers::NAME))?;
        checkpoint::to_bytes(&self.header(fitted.temperature), &fitted.layers.parameters())
    }

    fn header(&self, temperature: f64) -> Header {
        Header::new(MlpLayers::NAME, self.n_genes, self.config, temperature, None)
    }

    /// The predictor that [`Mlp::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`PredictionError::Checkpoint`] if the bytes are no checkpoint of an MLP or are damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PredictionError> {
        let checkpoint = Checkpoint::read(bytes, MlpLayers::NAME)?;
        let Header { n_genes, config, temperature, .. } = checkpoint.header;
        checkpoint.expect_shape("input.weight", [n_genes, config.hidden])?;
        let mut layers = MlpLayers::new(n_genes, &config);
        checkpoint.fill(layers.parameters_mut())?;
        Ok(Self { n_genes, config, fitted: Some(Fitted { layers, temperature }) })
    }
}

impl Predictor for Mlp {
    fn name(&self) -> &'static str {
        MlpLayers::NAME
    }

    fn fit(&mut self, data: &TrainingData<'_>, progress: &dyn Progress) -> Result<FitRecord, PredictionError> {
        self.fitted = None;
        self.config.check()?;
        let rows = TrainingRows::of(data, self.n_genes)?;
        let layers = MlpLayers::new(self.n_genes, &self.config);
        let (fitted, record) = training::fit(layers, &self.config, &rows, data, progress)?;
        self.fitted = Some(fitted);
        Ok(record)
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        let fitted = self.fitted.as_ref().ok_or(PredictionError::NotFitted(MlpLayers::NAME))?;
        fitted.predict(self.n_genes, perturbations)
    }
}

#[derive(Debug)]
struct MlpLayers {
    input_weight: Parameter,
    input_bias: Parameter,
    hidden: [Affine; 2],
    output: Affine,
}

impl MlpLayers {
    fn new(n_genes: usize, config: &NeuralConfig) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let width = config.hidden;
        let bound = 1.0 / (n_genes as f32).sqrt();
        Self {
            input_weight: Parameter::uniform("input.weight", n_genes, width, bound, &mut rng),
            input_bias: Parameter::uniform("input.bias", 1, width, 1.0 / (width as f32).sqrt(), &mut rng),
            hidden: [
                Affine::new(["hidden1.weight", "hidden1.bias"], width, width, &mut rng),
                Affine::new(["hidden2.weight", "hidden2.bias"], width, width, &mut rng),
            ],
            output: Affine::new(["output.weight", "output.bias"], width, 3 * n_genes, &mut rng),
        }
    }
}

impl Layers for MlpLayers {
    const NAME: &'static str = "mlp";

    fn hidden<T: Tape<f32, Cpu>>(&self, perturbations: &[&Perturbation]) -> Matrix<T> {
        let rows = Arc::new(training::sparse_rows(perturbations));
        let first = layers::gather_parameter(&rows, &self.input_weight, &self.input_bias, Activation::Relu);
        self.hidden.iter().fold(first, |x, layer| layers::linear(x, layer, Activation::Relu))
    }

    fn output(&self) -> &Affine {
        &self.output
    }

    fn output_mut(&mut self) -> &mut Affine {
        &mut self.output
    }

    fn parameters(&self) -> Vec<&Parameter> {
        let affine = self.hidden.iter().chain([&self.output]);
        let rest = affine.flat_map(|layer| [&layer.weight, &layer.bias]);
        [&self.input_weight, &self.input_bias].into_iter().chain(rest).collect()
    }

    fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        let affine = self.hidden.iter_mut().chain([&mut self.output]);
        let rest = affine.flat_map(|layer| [&mut layer.weight, &mut layer.bias]);
        [&mut self.input_weight, &mut self.input_bias].into_iter().chain(rest).collect()
    }
}
