//! How well knowledge bases predict responses: side by side on one data set, or refined and scored over folds.
//!
//! Start at [`score_knowledge`]; [`cross_validate`] refines on the training part of each fold and scores what was held
//! out; [`choose`] sets hyperparameters by the same means inside what may be learnt from. [`compare`] lets predictors learn and
//! scores them side by side, [`rankings`] makes tables of it, and [`diagnosis`] asks whether a screen of cells has enough of
//! them. Nothing here opens a file or draws a plot.

mod audit;
mod choice;
mod comparison;
mod cross_validation;
pub mod diagnosis;
mod error;
mod held_out;
mod knowledge_score;
mod method;
mod rankings;
mod replication;

pub use audit::{Audit, SeededSplits};
pub use choice::{Hyperparameter, HyperparameterCurve, HyperparameterPoint, choose};
pub use comparison::{Cell, CellKey, Comparison, ComparisonMaterials, FoldRecorder, ScoredRow, compare};
pub use cross_validation::{CrossValidation, FoldMaterials, FoldScore, cross_validate};
pub use error::EvaluationError;
pub use held_out::HeldOutPrediction;
pub use knowledge_score::{KnowledgeScore, NamedNetwork, ORIGINAL, Stratum, StratumKind, score_knowledge};
pub use method::{Ablation, ComparedMethod, UnknownMethod};
pub use rankings::{Differences, Novelty, RankedMethod, Ranking, rankings};
pub use replication::Replication;

use serde::{Deserialize, Serialize};

/// Everything that one evaluation found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Scores of the knowledge bases as they were given, by stratum of the perturbations; empty if none was asked for.
    pub strata: Vec<Stratum>,
    /// Refinement over folds, one element per way of splitting; empty if none was asked for.
    pub cross_validations: Vec<CrossValidation>,
}
