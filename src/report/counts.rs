//! How many revisions were made, and how many planted faults they fix.

use serde::Serialize;

use super::wording::{Names, finite};
use crate::biology::{Revision, RevisionKind, RevisionStatus, Sign, StatementKind};
use crate::pipeline::{PlantedFault, PowerCheck};

/// Applied revisions by kind, and next to them the proposed ones; of regulations and effects together and apart.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RevisionCounts {
    pub applied: u64,
    pub added: u64,
    pub removed: u64,
    pub flipped: u64,
    pub per_regulation: Option<f64>,
    pub proposed: ProposedCounts,
    pub total: u64,
    pub by_statement: ByStatement,
    pub expected_true: Option<ExpectedTrue>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ByStatement {
    pub regulation: StatementCounts,
    pub effect: StatementCounts,
}

/// Revisions of statements of one kind.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct StatementCounts {
    pub applied: u64,
    pub added: u64,
    pub removed: u64,
    pub flipped: u64,
    pub proposed: u64,
}

/// The sum of the posteriors of the applied revisions that have one, and their number.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ExpectedTrue {
    pub expected: f64,
    pub of: u64,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ProposedCounts {
    pub total: u64,
    pub added: u64,
    pub removed: u64,
    pub flipped: u64,
}

impl RevisionCounts {
    pub fn of(revisions: &[Revision], regulations: u64) -> Self {
        let [regulation, effect] = StatementKind::ALL.map(|kind| StatementCounts::of(revisions, kind));
        let of_status = |status| RevisionKind::ALL.map(|kind| count(revisions, status, kind));
        let [added, removed, flipped] = of_status(RevisionStatus::Applied);
        let applied = added + removed + flipped;
        let per_regulation = (regulations > 0).then(|| regulation.applied as f64 / regulations as f64);
        let [proposed_added, proposed_removed, proposed_flipped] = of_status(RevisionStatus::Proposed);
        let proposed = ProposedCounts {
            total: proposed_added + proposed_removed + proposed_flipped,
            added: proposed_added,
            removed: proposed_removed,
            flipped: proposed_flipped,
        };
        Self {
            applied,
            added,
            removed,
            flipped,
            per_regulation,
            proposed,
            total: revisions.len() as u64,
            by_statement: ByStatement { regulation, effect },
            expected_true: ExpectedTrue::of(revisions),
        }
    }
}

fn count<'a>(revisions: impl IntoIterator<Item = &'a Revision>, status: RevisionStatus, kind: RevisionKind) -> u64 {
    revisions.into_iter().filter(|revision| revision.status == status && revision.kind == kind).count() as u64
}

impl StatementCounts {
    fn of(revisions: &[Revision], statement: StatementKind) -> Self {
        let of_kind = || revisions.iter().filter(|revision| revision.statement == statement);
        let [added, removed, flipped] = RevisionKind::ALL.map(|kind| count(of_kind(), RevisionStatus::Applied, kind));
        let applied = added + removed + flipped;
        Self { applied, added, removed, flipped, proposed: of_kind().count() as u64 - applied }
    }
}

impl ExpectedTrue {
    fn of(revisions: &[Revision]) -> Option<Self> {
        let applied = revisions.iter().filter(|revision| revision.status == RevisionStatus::Applied);
        let posteriors: Vec<_> = applied.filter_map(|revision| revision.evidence.posterior.and_then(finite)).collect();
        (!posteriors.is_empty()).then(|| Self { expected: posteriors.iter().sum(), of: posteriors.len() as u64 })
    }
}

/// A power check: planted faults, and which of them came back.
#[derive(Debug, Serialize)]
pub(super) struct Faults {
    pub perturbations: usize,
    pub label_noise: Option<f64>,
    pub masked: Option<f64>,
    #[serde(flatten)]
    pub total: FaultCounts,
    pub false_revisions: u64,
    pub by_kind: FaultsByKind,
    pub faults: Vec<ListedFault>,
}

#[derive(Debug, Serialize)]
pub(super) struct FaultsByKind {
    pub missing: FaultCounts,
    pub spurious: FaultCounts,
    pub flipped: FaultCounts,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct FaultCounts {
    pub planted: u64,
    pub visible: u64,
    pub found: u64,
    pub missed: u64,
    pub missed_visible: u64,
    pub missed_invisible: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct ListedFault {
    pub fault: &'static str,
    pub fixed_by: &'static str,
    pub regulator: String,
    pub target: String,
    pub sign: Sign,
    pub visible: bool,
    pub found: bool,
}

impl Faults {
    pub fn of(check: &PowerCheck, names: Names<'_>) -> Self {
        let count = |kind| FaultCounts::of(check.planted.iter().filter(|fault| fault.fixed_by == kind));
        Self {
            perturbations: check.perturbations,
            label_noise: finite(check.label_noise),
            masked: finite(check.masked),
            total: FaultCounts::of(check.planted.iter()),
            false_revisions: check.false_revisions as u64,
            by_kind: FaultsByKind {
                missing: count(RevisionKind::Added),
                spurious: count(RevisionKind::Removed),
                flipped: count(RevisionKind::SignFlipped),
            },
            faults: check.planted.iter().map(|fault| ListedFault::of(fault, names)).collect(),
        }
    }
}

impl FaultCounts {
    fn of<'a>(faults: impl Iterator<Item = &'a PlantedFault>) -> Self {
        faults.fold(Self::default(), |counts, fault| Self {
            planted: counts.planted + 1,
            visible: counts.visible + u64::from(fault.visible),
            found: counts.found + u64::from(fault.found),
            missed: counts.missed + u64::from(!fault.found),
            missed_visible: counts.missed_visible + u64::from(!fault.found && fault.visible),
            missed_invisible: counts.missed_invisible + u64::from(!fault.found && !fault.visible),
        })
    }
}

impl ListedFault {
    fn of(fault: &PlantedFault, names: Names<'_>) -> Self {
        Self {
            fault: match fault.fixed_by {
                RevisionKind::Added => "missing",
                RevisionKind::Removed => "spurious",
                RevisionKind::SignFlipped => "flipped",
            },
            fixed_by: fault.fixed_by.word(),
            regulator: names.gene(fault.regulation.regulator).into_owned(),
            target: names.gene(fault.regulation.target).into_owned(),
            sign: fault.regulation.sign,
            visible: fault.visible,
            found: fault.found,
        }
    }
}
