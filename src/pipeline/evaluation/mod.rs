//! How well knowledge bases foretell responses: side by side on one data set, or refined and scored over folds.
//!
//! Start at [`score_knowledge`]; [`cross_validate`] refines on the training part of each fold and scores what was held
//! out; [`choose`] sets knobs by the same means inside what may be learnt from. Only what the knowledge says by itself is scored here, no predictor and no adaptor.

mod audit;
mod choice;
mod comparison;
mod contender;
mod cross_validation;
mod held_out;
mod knowledge_score;
mod replication;
mod standings;

pub use audit::Audit;
pub use choice::{Knob, KnobCurve, KnobPoint, choose};
pub use comparison::{Cell, CellKeeper, CellKey, Comparison, ComparisonMaterials, ScoredRow, SeededSplits, compare};
pub use contender::{Ablation, Contender, UnknownContender};
pub use cross_validation::{CrossValidation, FoldMaterials, FoldScore, cross_validate};
pub use held_out::HeldOutPrediction;
pub use knowledge_score::{KnowledgeScore, NamedNetwork, ORIGINAL, Stratum, StratumKind, score_knowledge};
pub use replication::Replication;
pub use standings::{Differences, Novelty, Standing, Standings, standings};

use serde::{Deserialize, Serialize};

/// Everything that one evaluation found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Scores of the knowledge bases as they were given, by stratum of the perturbations; empty if none was asked for.
    pub strata: Vec<Stratum>,
    /// Refinement over folds, one element per way of splitting; empty if none was asked for.
    pub cross_validations: Vec<CrossValidation>,
}
