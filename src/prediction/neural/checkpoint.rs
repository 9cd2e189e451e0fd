//! Fitted weights as one safetensors file, checked for name, shape and meaning when read back.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::NeuralConfig;
use super::layers::Parameter;
use crate::prediction::PredictionError;
use crate::prediction::calibration::TEMPERATURES;

const FORMAT: &str = "aligned checkpoint 1";
/// The one key of the file's metadata: one key has one order, so the same fit gives the same bytes.
const METADATA_KEY: &str = "aligned";

/// What a checkpoint says of itself next to the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    format: String,
    predictor: String,
    /// Genes that the predictor was made for.
    pub n_genes: usize,
    /// Sizes and schedule.
    pub config: NeuralConfig,
    /// Temperature of the probabilities.
    pub temperature: f64,
    /// Fingerprint of the network, if the predictor has one.
    pub network: Option<String>,
}

impl Header {
    /// The header of a fitted predictor.
    pub fn new(
        predictor: &str,
        n_genes: usize,
        config: NeuralConfig,
        temperature: f64,
        network: Option<String>,
    ) -> Self {
        Self { format: FORMAT.to_owned(), predictor: predictor.to_owned(), n_genes, config, temperature, network }
    }
}

/// A checkpoint that was read and whose header makes sense.
pub struct Checkpoint<'a> {
    /// What it says of itself.
    pub header: Header,
    tensors: SafeTensors<'a>,
}

fn error(message: impl Into<String>) -> PredictionError {
    PredictionError::Checkpoint(message.into())
}

/// All parameters and the header, little-endian 32-bit floats.
pub fn to_bytes(header: &Header, parameters: &[&Parameter]) -> Result<Vec<u8>, PredictionError> {
    let bytes: Vec<Vec<u8>> = parameters
        .iter()
        .map(|parameter| parameter.values().iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let tensors = parameters.iter().zip(&bytes).map(|(parameter, bytes)| {
        let view = TensorView::new(Dtype::F32, parameter.shape().to_vec(), bytes);
        (parameter.name(), view.expect("a parameter has four bytes for each of its numbers"))
    });
    let header = serde_json::to_string(header).map_err(|cause| error(cause.to_string()))?;
    let metadata = HashMap::from([(METADATA_KEY.to_owned(), header)]);
    safetensors::serialize(tensors, Some(metadata)).map_err(|cause| error(cause.to_string()))
}

impl<'a> Checkpoint<'a> {
    /// Reads a checkpoint of `predictor`.
    pub fn read(bytes: &'a [u8], predictor: &str) -> Result<Self, PredictionError> {
        let damaged = |cause| error(format!("the bytes are no safetensors file, or it is damaged ({cause})"));
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(METADATA_KEY));
        let text = text.ok_or_else(|| error("it was not written by this program"))?;
        let header: Header = serde_json::from_str(text).map_err(|cause| error(format!("its header: {cause}")))?;
        if header.format != FORMAT {
            return Err(error(format!("its format is `{}`, this program reads `{FORMAT}`", header.format)));
        }
        if header.predictor != predictor {
            return Err(error(format!("it holds predictor `{}`, not `{predictor}`", header.predictor)));
        }
        if header.n_genes == 0 || !(TEMPERATURES[0]..=TEMPERATURES[1]).contains(&header.temperature) {
            return Err(error("its number of genes or its temperature is out of range"));
        }
        header.config.check()?;
        Ok(Self { header, tensors })
    }

    /// Fails unless the tensor `name` has this shape.
    pub fn expect_shape(&self, name: &str, shape: [usize; 2]) -> Result<(), PredictionError> {
        self.tensor(name, shape).map(|_| ())
    }

    fn tensor(&self, name: &str, shape: [usize; 2]) -> Result<TensorView<'a>, PredictionError> {
        let tensor = self.tensors.tensor(name).map_err(|_| error(format!("tensor `{name}` is missing")))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(error(format!("tensor `{name}` holds {:?}, not 32-bit floats", tensor.dtype())));
        }
        if tensor.shape() != shape {
            return Err(error(format!("tensor `{name}` has shape {:?}, expected {shape:?}", tensor.shape())));
        }
        Ok(tensor)
    }

    /// Writes the stored numbers into `parameters`, which must be all that there are.
    pub fn fill(&self, parameters: Vec<&mut Parameter>) -> Result<(), PredictionError> {
        if self.tensors.len() != parameters.len() {
            return Err(error(format!("it holds {} tensors, expected {}", self.tensors.len(), parameters.len())));
        }
        for parameter in parameters {
            let tensor = self.tensor(parameter.name(), parameter.shape())?;
            let (numbers, _) = tensor.data().as_chunks::<4>();
            let values: Vec<f32> = numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
            if !values.iter().all(|value| value.is_finite()) {
                return Err(error(format!("tensor `{}` holds a number that is not finite", parameter.name())));
            }
            *parameter.values_mut() = values;
        }
        Ok(())
    }
}
