//! Perturbation experiments: what was done, what was measured, and how they are split.
//!
//! Start at [`Dataset`]. Readers turn tables into it, one file per format; a split is made before anything else is
//! computed. Nothing here knows the knowledge base.

use crate::biology::{Perturbation, ResponseMatrix};

/// Perturbation experiments with their observed responses.
///
/// Rows are experiments: the same perturbation under two conditions is two rows with one gene set, which no split
/// tears apart unless it is told to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Name of each row, unique, for example the contrast.
    pub names: Vec<String>,
    /// What was done in each row.
    pub perturbations: Vec<Perturbation>,
    /// What was observed; a perturbed gene's own response is never scored.
    pub observed: ResponseMatrix,
}

/// Which rows are fitted, which watch over the fit, and which are never seen by it. Sorted, disjoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Split {
    /// Rows that are learnt from.
    pub train: Vec<usize>,
    /// Rows for early stopping and calibration.
    pub validation: Vec<usize>,
    /// Rows that only the scores see.
    pub test: Vec<usize>,
}
