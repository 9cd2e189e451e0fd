//! What a method predicts of held-out rows, for whoever wants to keep more of it than its scores.

use crate::biology::{GeneId, Response, ResponseMatrix};
use crate::prediction::Prediction;

/// What a method predicts of the rows held out in one fold.
///
/// # Shapes
/// `[n_held_out, n_genes]`
#[derive(Clone, Debug, PartialEq)]
pub enum HeldOutPrediction {
    /// Class probabilities.
    Probabilities(Prediction),
    /// Responses, of those that give no probabilities.
    Responses(ResponseMatrix),
}

impl HeldOutPrediction {
    /// Probabilities of down, unchanged and up, if there are any.
    #[must_use]
    pub fn probabilities(&self, row: usize, gene: GeneId) -> Option<[f32; 3]> {
        match self {
            Self::Probabilities(prediction) => Some(prediction.probabilities(row, gene)),
            Self::Responses(_) => None,
        }
    }

    /// The response predicted without probabilities; where the knowledge says both up and down, or nothing, unchanged.
    #[must_use]
    pub fn response(&self, row: usize, gene: GeneId) -> Option<Response> {
        match self {
            Self::Probabilities(_) => None,
            Self::Responses(responses) => match responses.get(row, gene) {
                Some(response @ (Response::Down | Response::Up)) => Some(response),
                Some(Response::Unchanged | Response::Ambiguous) | None => Some(Response::Unchanged),
            },
        }
    }
}
