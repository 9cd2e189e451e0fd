//! What a run of the loop leaves behind.

use serde::{Deserialize, Serialize};

use super::scoring::{HeldOut, Scores};
use crate::biology::{Regulation, Revision, RevisionKind};
use crate::evidence::{Judged, ResponseModel};
use crate::network::RegulatoryNetwork;
use crate::prediction::FitRecord;
use crate::refinement::Certificate;

/// Everything that a run found, ready to be written and reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The network of the knowledge base as it was given.
    pub original: RegulatoryNetwork,
    /// The network after all applied revisions.
    pub refined: RegulatoryNetwork,
    /// Applied and proposed revisions, best supported first.
    pub revisions: Vec<Revision>,
    /// Notation of each row that [`crate::biology::Entry::perturbation`] may name, for example `fur-`.
    pub row_labels: Vec<String>,
    /// What happened in each round.
    pub iterations: Vec<Iteration>,
    /// Why the loop ended.
    pub stop_reason: StopReason,
    /// Scores on the held-out perturbations.
    pub scores: Scores,
    /// What everybody said of the held-out perturbations, behind the scores.
    pub held_out: HeldOut,
    /// The evidence model and the verdict on each known regulation, if the evidence decided.
    pub evidence: Option<WeighedEvidence>,
    /// Ambiguous symbolic entries over all observed perturbations, before and after.
    pub ambiguous: (u64, u64),
    /// Set if the observations were simulated with planted faults.
    pub power_check: Option<PowerCheck>,
    /// Seconds spent by phase, in order.
    pub timings: Vec<(String, f64)>,
}

/// What the evidence model fitted, and what it says of the known regulations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeighedEvidence {
    /// What was fitted.
    pub model: ResponseModel,
    /// Every known regulation with its verdict.
    pub judged: Vec<Judged>,
}

/// One round of the loop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Iteration {
    /// From 1.
    pub round: usize,
    /// Loss curves of the fit on observed responses alone; in the first round only.
    pub first_fit: Option<FitRecord>,
    /// Loss curves of this round's refit on observed and aligned responses; those of the fit in force, if there was nothing
    /// to refit on.
    pub fit: FitRecord,
    /// Share of entries for which the adaptor took the symbolic response.
    pub symbolic_share: f64,
    /// Revisions in force after this round.
    pub revisions: usize,
    /// Measured training entries that disagree with the knowledge, before and after refining.
    pub disagreements: (u64, u64),
    /// Whether any single revision could still have lowered the objective where the search of this round ended.
    pub certificate: Certificate,
    /// Seconds that the round took.
    pub seconds: f64,
}

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// A round revised nothing more.
    NoRevision,
    /// The round limit was reached.
    RoundLimit,
    /// The time limit was reached; the best network so far is returned.
    TimeLimit,
    /// The user asked to stop; the best network so far is returned.
    Cancelled,
}

/// Outcome of a simulated screen: faults were planted in the knowledge base, which ones came back?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PowerCheck {
    /// Simulated perturbations.
    pub perturbations: usize,
    /// Share of simulated calls that were replaced by another class.
    pub label_noise: f64,
    /// Share of pairs that were masked.
    pub masked: f64,
    /// The faults and their fate, sorted.
    pub planted: Vec<PlantedFault>,
    /// Applied revisions that fix no planted fault.
    pub false_revisions: usize,
}

/// One fault planted in a knowledge base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlantedFault {
    /// The revision that would fix it.
    pub fixed_by: RevisionKind,
    /// The regulation which that revision names.
    pub regulation: Regulation,
    /// True if the simulated screen can show it at all: some measured entry depends on it.
    pub visible: bool,
    /// True if exactly that revision was applied.
    pub found: bool,
}
