//! The graph neural network: a gene's perturbation looks like that of its neighbours in the knowledge.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use dfdx::prelude::{Cpu, Tape};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::NeuralConfig;
use super::checkpoint::{self, Checkpoint, Header};
use super::kernels::{Activation, SparseRows};
use super::layers::{self, Affine, Matrix, Parameter};
use super::training::{self, Fitted, Layers};
use crate::biology::Perturbation;
use crate::network::RegulatoryNetwork;
use crate::prediction::measured::TrainingRows;
use crate::prediction::{FitRecord, Prediction, PredictionError, Predictor, TrainingData};
use crate::progress::Progress;

/// A graph neural network over the regulatory network.
///
/// ```text
/// H₀ = max(0, BatchNorm(E)),   Hₗ = f(S Hₗ₋₁ Θₗᵀ + bₗ), l = 1, 2, 3
/// z = W₃ max(0, W₂ max(0, W₁ (xᵀH₃) + b₁) + b₂) + b₃ ∈ R^{n×3},   f(x) = softmax(z / T)
/// S = D^{−½} Â D^{−½},   Â[i,j] = 1 if i = j, or i regulates j, or j regulates i
/// ```
/// where `E` holds one row of norm ≤ 1 per gene, `x ∈ {−1, 0, 1}ⁿ` is the perturbation, `D` the row sums of `Â`, and the
/// activation of a convolution is a rectifier except after the third. Direction and sign of a regulation are not
/// used: a perturbed gene is told by what it regulates as well as by what regulates it, and a gene that no training row
/// perturbs is predicted by way of its neighbours. Batch norm runs over all genes.
///
/// # Shapes
/// `E`, `Hₗ`: `[n, hidden]`; `W₁`: `[hidden, hidden]`; `W₂`: `[2·hidden, hidden]`; `W₃`: `[3n, 2·hidden]`
///
/// # Reference
/// Wu et al., Simplifying graph convolutional networks, ICML 2019, arXiv 1902.07153; Kipf & Welling, ICLR 2017, arXiv
/// 1609.02907 (symmetric normalisation).
#[derive(Debug)]
pub struct Gnn {
    adjacency: Arc<SparseRows>,
    config: NeuralConfig,
    fitted: Option<Fitted<GnnLayers>>,
}

impl Gnn {
    /// A predictor for the genes of `network` that has learnt nothing yet.
    #[must_use]
    pub fn new(network: &RegulatoryNetwork, config: NeuralConfig) -> Self {
        Self { adjacency: Arc::new(normalised_adjacency(network)), config, fitted: None }
    }

    fn n_genes(&self) -> usize {
        self.adjacency.n_rows()
    }

    /// Weights, configuration and temperature as one safetensors file. The same fit gives the same bytes.
    ///
    /// # Errors
    /// [`PredictionError::NotFitted`] before the first fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PredictionError> {
        let fitted = self.fitted.as_ref().ok_or(PredictionError::NotFitted(GnnLayers::NAME))?;
        let fingerprint = Some(fingerprint(&self.adjacency));
        let header = Header::new(GnnLayers::NAME, self.n_genes(), self.config, fitted.temperature, fingerprint);
        checkpoint::to_bytes(&header, &fitted.layers.parameters())
    }

    /// The predictor that [`Gnn::to_bytes`] wrote, on the network that it was made for.
    ///
    /// # Errors
    /// [`PredictionError::Checkpoint`] if the bytes are no checkpoint of a GNN, are damaged, or belong to another network.
    pub fn from_bytes(network: &RegulatoryNetwork, bytes: &[u8]) -> Result<Self, PredictionError> {
        let checkpoint = Checkpoint::read(bytes, GnnLayers::NAME)?;
        let Header { n_genes, config, temperature, .. } = checkpoint.header;
        let gnn = Self::new(network, config);
        if checkpoint.header.network != Some(fingerprint(&gnn.adjacency)) || n_genes != gnn.n_genes() {
            let message = "it was fitted on another network; fit again, or load the knowledge base it was fitted on";
            return Err(PredictionError::Checkpoint(message.to_owned()));
        }
        checkpoint.expect_shape("embedding.weight", [n_genes, config.hidden])?;
        let mut layers = GnnLayers::new(Arc::clone(&gnn.adjacency), &config);
        checkpoint.fill(layers.parameters_mut())?;
        Ok(Self { fitted: Some(Fitted { layers, temperature }), ..gnn })
    }
}

impl Predictor for Gnn {
    fn name(&self) -> &'static str {
        GnnLayers::NAME
    }

    fn fit(&mut self, data: &TrainingData<'_>, progress: &dyn Progress) -> Result<FitRecord, PredictionError> {
        self.fitted = None;
        self.config.check()?;
        let rows = TrainingRows::of(data, self.n_genes())?;
        let layers = GnnLayers::new(Arc::clone(&self.adjacency), &self.config);
        let (fitted, record) = training::fit(layers, &self.config, &rows, data, progress)?;
        self.fitted = Some(fitted);
        Ok(record)
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        let fitted = self.fitted.as_ref().ok_or(PredictionError::NotFitted(GnnLayers::NAME))?;
        fitted.predict(self.n_genes(), perturbations)
    }
}

/// `S = D^{−½} Â D^{−½}`, symmetric.
fn normalised_adjacency(network: &RegulatoryNetwork) -> SparseRows {
    let mut neighbours: Vec<BTreeSet<usize>> = (0..network.n_genes()).map(|gene| BTreeSet::from([gene])).collect();
    for edge in network.regulations() {
        neighbours[edge.regulator.index()].insert(edge.target.index());
        neighbours[edge.target.index()].insert(edge.regulator.index());
    }
    let degree: Vec<_> = neighbours.iter().map(|set| set.len() as f32).collect();
    SparseRows::from_rows(neighbours.iter().enumerate().map(|(gene, set)| {
        let entry = |&other: &usize| (other as u32, 1.0 / (degree[gene] * degree[other]).sqrt());
        set.iter().map(entry).collect::<Vec<_>>()
    }))
}

fn fingerprint(adjacency: &SparseRows) -> String {
    let mut digest = Sha256::new();
    for row in 0..adjacency.n_rows() {
        for (neighbour, _) in adjacency.row(row) {
            digest.update(neighbour.to_le_bytes());
        }
        digest.update(u32::MAX.to_le_bytes());
    }
    digest.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

#[derive(Debug)]
struct GnnLayers {
    adjacency: Arc<SparseRows>,
    embedding: Parameter,
    norm_scale: Parameter,
    norm_shift: Parameter,
    convolutions: [Affine; 3],
    head: [Affine; 2],
    output: Affine,
}

impl GnnLayers {
    fn new(adjacency: Arc<SparseRows>, config: &NeuralConfig) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let (n_genes, width) = (adjacency.n_rows(), config.hidden);
        let mut layers = Self {
            adjacency,
            embedding: Parameter::uniform("embedding.weight", n_genes, width, 1.0, &mut rng),
            norm_scale: Parameter::constant("norm.scale", 1, width, 1.0),
            norm_shift: Parameter::constant("norm.shift", 1, width, 0.0),
            convolutions: [
                Affine::new(["convolution1.weight", "convolution1.bias"], width, width, &mut rng),
                Affine::new(["convolution2.weight", "convolution2.bias"], width, width, &mut rng),
                Affine::new(["convolution3.weight", "convolution3.bias"], width, width, &mut rng),
            ],
            head: [
                Affine::new(["head1.weight", "head1.bias"], width, width, &mut rng),
                Affine::new(["head2.weight", "head2.bias"], width, 2 * width, &mut rng),
            ],
            output: Affine::new(["output.weight", "output.bias"], 2 * width, 3 * n_genes, &mut rng),
        };
        layers.project();
        layers
    }

    fn genes<T: Tape<f32, Cpu>>(&self) -> Matrix<T> {
        let normal = layers::batch_norm_relu(layers::leaf(&self.embedding), &self.norm_scale, &self.norm_shift);
        let [first, second, third] = &self.convolutions;
        let x = layers::convolve(normal, &self.adjacency, first, Activation::Relu);
        let x = layers::convolve(x, &self.adjacency, second, Activation::Relu);
        layers::convolve(x, &self.adjacency, third, Activation::Identity)
    }
}

impl Layers for GnnLayers {
    const NAME: &'static str = "gnn";

    fn hidden<T: Tape<f32, Cpu>>(&self, perturbations: &[&Perturbation]) -> Matrix<T> {
        let rows = Arc::new(training::sparse_rows(perturbations));
        let x = layers::gather(&rows, self.genes());
        self.head.iter().fold(x, |x, layer| layers::linear(x, layer, Activation::Relu))
    }

    fn output(&self) -> &Affine {
        &self.output
    }

    fn output_mut(&mut self) -> &mut Affine {
        &mut self.output
    }

    fn parameters(&self) -> Vec<&Parameter> {
        let affine = self.convolutions.iter().chain(&self.head).chain([&self.output]);
        let rest = affine.flat_map(|layer| [&layer.weight, &layer.bias]);
        [&self.embedding, &self.norm_scale, &self.norm_shift].into_iter().chain(rest).collect()
    }

    fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        let affine = self.convolutions.iter_mut().chain(&mut self.head).chain([&mut self.output]);
        let rest = affine.flat_map(|layer| [&mut layer.weight, &mut layer.bias]);
        [&mut self.embedding, &mut self.norm_scale, &mut self.norm_shift].into_iter().chain(rest).collect()
    }

    /// Rows of the embedding longer than 1 are brought back to length 1.
    fn project(&mut self) {
        let [_, width] = self.embedding.shape();
        layers::limit_rows(self.embedding.values_mut(), width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, Regulation, Sign};

    #[test]
    fn the_adjacency_knows_neither_direction_nor_sign_and_is_normalised_by_degree() {
        let edge = |regulator, target, sign| Regulation::new(GeneId::new(regulator), GeneId::new(target), sign);
        let edges = [edge(0, 1, Sign::Activation), edge(0, 1, Sign::Inhibition), edge(1, 2, Sign::Inhibition)];
        let adjacency = normalised_adjacency(&RegulatoryNetwork::new(4, edges));
        // Degrees with the gene itself: 2, 3, 2, 1.
        let off = 1.0 / 6.0_f32.sqrt();
        assert_eq!(adjacency.row(0), [(0, 0.5), (1, off)]);
        assert_eq!(adjacency.row(1), [(0, off), (1, 1.0 / 3.0), (2, off)]);
        assert_eq!(adjacency.row(3), [(3, 1.0)]);
    }

    #[test]
    fn rows_of_the_embedding_are_never_longer_than_one() {
        let network = RegulatoryNetwork::new(3, []);
        let layers = GnnLayers::new(Arc::new(normalised_adjacency(&network)), &NeuralConfig::default());
        for row in layers.embedding.values().chunks_exact(64) {
            let square: f32 = row.iter().map(|x| x * x).sum();
            assert!(square.sqrt() < 1.0 + 1e-6);
        }
    }
}
