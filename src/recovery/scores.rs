//! How well a damaged network was repaired: its regulations, its closure, and the revisions made.

use serde::{Deserialize, Serialize};

use super::corruption::{Fault, FaultKind};
use super::repair::{Method, Repaired};
use super::{RecoveryError, Trial};
use crate::biology::{Regulation, RevisionKind};
use crate::metrics::{Consistency, EdgeScores, average_precision, edge_scores};
use crate::network::RegulatoryNetwork;
use crate::refinement::{Certificate, RefinementConfig};

/// Greatest q-value of the revisions whose share of false ones is told.
pub const CALIBRATED_Q: f64 = 0.1;

/// Revisions of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionCount {
    /// How many were made.
    pub made: u64,
    /// How many of them lead towards the true network.
    pub right: u64,
}

/// Faults of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultCount {
    /// How many were planted.
    pub planted: u64,
    /// How many were repaired; a flipped or redirected regulation only if both halves are.
    pub found: u64,
}

/// Figures of one method on one trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoveryScores {
    /// Who repaired.
    pub method: Method,
    /// The regulations against the true ones.
    pub edges: EdgeScores,
    /// Average precision of activations and inhibitions, ranked by the method's confidence.
    pub auprc: [Option<f64>; 2],
    /// The closure against the true one.
    pub closure: Consistency,
    /// Revisions added, removed and flipped, in this order.
    pub revisions: [RevisionCount; 3],
    /// Faults missing, spurious, flipped and redirected, in this order.
    pub faults: [FaultCount; 4],
    /// Faults on which any measured entry depends, and how many of these were repaired; `None` for closure data.
    pub visible: Option<FaultCount>,
    /// Revisions with a q-value of at most [`CALIBRATED_Q`], applied or proposed, and how many of these are right.
    pub calibrated: RevisionCount,
    /// Measured entries left unexplained, before and after.
    pub disagreements: (u64, u64),
    /// Disagreements plus the cost of the revisions, before and after.
    pub objective: (f64, f64),
    /// Whether any single revision would have lowered the objective further; `None` if the method does not know.
    pub certificate: Option<Certificate>,
    /// Seconds of work, without the scoring.
    pub seconds: f64,
}

impl RecoveryScores {
    /// Number of revisions made.
    #[must_use]
    pub fn n_revisions(&self) -> u64 {
        self.revisions.iter().map(|count| count.made).sum()
    }

    /// Share of the revisions that are right, in `[0, 1]`; `None` without revisions.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        let right: u64 = self.revisions.iter().map(|count| count.right).sum();
        share(right, self.n_revisions())
    }

    /// Share of the faults that were repaired, in `[0, 1]`; `None` without faults.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        let (found, planted) = self.faults.iter().fold((0, 0), |sum, of| (sum.0 + of.found, sum.1 + of.planted));
        share(found, planted)
    }

    /// Share of the visible faults that were repaired, in `[0, 1]`; `None` without any, and for closure data.
    #[must_use]
    pub fn visible_recall(&self) -> Option<f64> {
        self.visible.and_then(|of| share(of.found, of.planted))
    }

    /// Share of false ones among the revisions with a q-value of at most [`CALIBRATED_Q`]; `None` without any.
    #[must_use]
    pub fn calibrated_false_share(&self) -> Option<f64> {
        share(self.calibrated.made - self.calibrated.right, self.calibrated.made)
    }
}

/// `part / whole`, if there is a whole.
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Trial<'_> {
    /// Scores what a method made of the damaged network.
    ///
    /// # Errors
    /// [`RecoveryError::Metric`] if the network has another number of genes than the true one.
    pub fn score(
        &self,
        method: Method,
        repaired: &Repaired,
        costs: &RefinementConfig,
        seconds: f64,
    ) -> Result<RecoveryScores, RecoveryError> {
        let (n_genes, truth) = (self.truth.n_genes(), self.truth.regulations());
        let made = self.damaged.revisions_to(&repaired.network);
        let before = self.disagreements(&self.damaged);
        let after = if made.is_empty() { before } else { self.disagreements(&repaired.network) };
        let cost: f64 = made.iter().map(|&(kind, _)| cost_of(kind, costs)).sum();
        let sure =
            repaired.revisions.iter().filter(|revision| revision.evidence.q_value.is_some_and(|q| q <= CALIBRATED_Q));
        Ok(RecoveryScores {
            method,
            edges: edge_scores(n_genes, truth, repaired.network.regulations()),
            auprc: average_precision(n_genes, truth, &repaired.confidences),
            closure: self.closure_consistency(&repaired.network)?,
            revisions: count_revisions(self.truth, made.iter().copied()),
            faults: count_faults(&self.faults, &repaired.network),
            visible: self.visible.as_ref().map(|visible| count_visible(&self.faults, visible, &repaired.network)),
            calibrated: sum(&count_revisions(self.truth, sure.map(|revision| (revision.kind, revision.regulation)))),
            disagreements: (before, after),
            objective: (before as f64, after as f64 + cost),
            certificate: repaired.certificate,
            seconds,
        })
    }
}

fn cost_of(kind: RevisionKind, costs: &RefinementConfig) -> f64 {
    match kind {
        RevisionKind::Added => costs.add_cost,
        RevisionKind::Removed => costs.remove_cost,
        RevisionKind::SignFlipped => costs.flip_cost,
    }
}

fn sum(counts: &[RevisionCount]) -> RevisionCount {
    counts.iter().fold(RevisionCount::default(), |total, of| RevisionCount {
        made: total.made + of.made,
        right: total.right + of.right,
    })
}

fn count_revisions(
    truth: &RegulatoryNetwork,
    made: impl Iterator<Item = (RevisionKind, Regulation)>,
) -> [RevisionCount; 3] {
    let mut counts = [RevisionCount::default(); 3];
    for (kind, regulation) in made {
        let is_true = truth.contains(regulation);
        let (index, right) = match kind {
            RevisionKind::Added => (0, is_true),
            RevisionKind::Removed => (1, !is_true),
            RevisionKind::SignFlipped => (2, !is_true && truth.contains(regulation.flipped())),
        };
        counts[index].made += 1;
        counts[index].right += u64::from(right);
    }
    counts
}

fn is_fixed(fault: &Fault, repaired: &RegulatoryNetwork) -> bool {
    let back = fault.lost.is_none_or(|lost| repaired.contains(lost));
    back && fault.gained.is_none_or(|gained| !repaired.contains(gained))
}

fn count_faults(faults: &[Fault], repaired: &RegulatoryNetwork) -> [FaultCount; 4] {
    FaultKind::ALL.map(|kind| {
        let planted = || faults.iter().filter(|fault| fault.kind == kind);
        let found = planted().filter(|fault| is_fixed(fault, repaired)).count() as u64;
        FaultCount { planted: planted().count() as u64, found }
    })
}

fn count_visible(faults: &[Fault], visible: &[bool], repaired: &RegulatoryNetwork) -> FaultCount {
    let shown = || faults.iter().zip(visible).filter(|(_, visible)| **visible);
    let found = shown().filter(|(fault, _)| is_fixed(fault, repaired)).count() as u64;
    FaultCount { planted: shown().count() as u64, found }
}
