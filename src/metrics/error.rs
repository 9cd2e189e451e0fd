//! Why a score could not be taken.

use thiserror::Error;

/// What went wrong with a score or its interval.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum MetricError {
    /// The two matrices have different shapes.
    #[error(
        "responses of {} perturbations × {} genes cannot be compared with responses of {} perturbations × {} genes",
        .left.0, .left.1, .right.0, .right.1
    )]
    ShapeMismatch {
        /// Perturbations and genes of the first.
        left: (usize, usize),
        /// Perturbations and genes of the second.
        right: (usize, usize),
    },
    /// The matrices have not one row per perturbation.
    #[error("{perturbations} perturbations were named for {rows} rows of responses; name one for each row")]
    PerturbationCount {
        /// Perturbations given.
        perturbations: usize,
        /// Rows of the matrices.
        rows: usize,
    },
    /// A probability that is none.
    #[error("{value} is not a probability; probabilities of classes lie between 0 and 1")]
    Probability {
        /// The value given.
        value: f64,
    },
    /// An interval over perturbations needs several of them.
    #[error(
        "an interval over perturbations needs at least {needed} different perturbed gene sets, but there are {found}; \
         hold out more perturbations or report the score without an interval"
    )]
    TooFewPerturbations {
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A mean of a single figure has no interval.
    #[error("an interval of a mean needs at least 2 figures, but there are {found}; make more folds")]
    TooFewFigures {
        /// How many there are.
        found: usize,
    },
    /// A share of nothing.
    #[error("{successes} successes in {trials} trials are no share; count at least one trial and no more successes")]
    NoShare {
        /// Successes counted.
        successes: u64,
        /// Trials counted.
        trials: u64,
    },
    /// A variance between cells needs several of them.
    #[error(
        "the error of sampling needs at least 2 cells on either side, but there are {found}; leave the condition out"
    )]
    TooFewCells {
        /// How many there are.
        found: usize,
    },
    /// Lists of genes that do not belong together.
    #[error("{found} genes were given where there are {expected}")]
    GeneCount {
        /// Genes given.
        found: usize,
        /// Genes of the others.
        expected: usize,
    },
    /// A value that is not a number.
    #[error("the value of gene {gene} (counted from 0) is {value}; leave out what was not measured")]
    NotFinite {
        /// Index of the gene.
        gene: usize,
        /// The value.
        value: f64,
    },
    /// A variance below 0.
    #[error("{value} is not a variance; give squared standard errors")]
    NegativeVariance {
        /// The value given.
        value: f64,
    },
    /// An error needs something measured.
    #[error("the error of a prediction needs a batch and a gene, but there are {batches} batches and {genes} genes")]
    NothingToPart {
        /// Batches given.
        batches: usize,
        /// Genes given.
        genes: usize,
    },
    /// A share to which no sampling part can be brought.
    #[error("the sampling part cannot be brought to {value} of the change; name a share above 0 and at most 1")]
    SamplingShare {
        /// The value given.
        value: f64,
    },
    /// A setting of the bootstrap outside its range.
    #[error("bootstrap setting `{setting}` is {value}; it must be {allowed}")]
    Setting {
        /// Name of the field.
        setting: &'static str,
        /// The value given.
        value: f64,
        /// What would be right.
        allowed: &'static str,
    },
}
