//! Why a predictor could not learn or predict.

use thiserror::Error;

/// What went wrong in a predictor.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PredictionError {
    /// `predict` before `fit`.
    #[error("predictor `{0}` was asked to predict before it was fitted")]
    NotFitted(&'static str),
    /// No measured entry in the training rows.
    #[error(
        "nothing to learn from: no training perturbation has a measured response; check the split and the gene names"
    )]
    NoTrainingData,
    /// The loss became NaN or infinite.
    #[error("the loss of predictor `{predictor}` is no longer a number after epoch {epoch}; lower the learning rate")]
    Diverged {
        /// Which predictor.
        predictor: &'static str,
        /// After which epoch, from 0.
        epoch: usize,
    },
    /// Pieces of the training data that do not belong together.
    #[error("the training data do not fit together: {0}")]
    ShapeMismatch(String),
    /// A setting outside its range.
    #[error("setting `{setting}` of the predictor is {value}, but must be {range}")]
    Setting {
        /// Which field of the configuration.
        setting: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        range: &'static str,
    },
    /// A name that no predictor bears.
    #[error("there is no predictor `{name}`; take one or several of {known}")]
    UnknownPredictor {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A perturbation of a gene that the predictor does not know.
    #[error(
        "predictor `{predictor}` knows {n_genes} genes, but gene {gene} is perturbed; use one gene table throughout"
    )]
    GeneOutside {
        /// Which predictor.
        predictor: &'static str,
        /// Index of the gene.
        gene: usize,
        /// How many genes it was made for.
        n_genes: usize,
    },
    /// A checkpoint that does not fit.
    #[error("checkpoint does not fit: {0}")]
    Checkpoint(String),
    /// Stopped by the one who waits.
    #[error("stopped")]
    Cancelled,
}
