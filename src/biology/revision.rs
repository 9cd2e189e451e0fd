//! Changes to the knowledge, and why they were made.

use serde::{Deserialize, Serialize};

use super::{GeneId, Regulation};

/// What a revision does to the knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevisionKind {
    /// A regulation that the knowledge base lacks.
    Added,
    /// A regulation that the knowledge base should not hold.
    Removed,
    /// A regulation whose sign is the other one.
    SignFlipped,
}

impl RevisionKind {
    /// All kinds, in the order of tables.
    pub const ALL: [Self; 3] = [Self::Added, Self::Removed, Self::SignFlipped];

    /// The word for it: `added`, `removed` or `flipped`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::SignFlipped => "flipped",
        }
    }
}

/// Whether a revision is part of the refined network or only put forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RevisionStatus {
    /// Part of the refined knowledge.
    Applied,
    /// Suggested; the refined knowledge does not hold it.
    Proposed,
}

/// One observed or predicted response: a row of the response matrix and a gene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// Row of the responses that the refinement was given.
    pub perturbation: u32,
    /// The responding gene.
    pub gene: GeneId,
}

/// Why a revision was made: what the refined network would lose without it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Measured entries that agree with the knowledge only thanks to the revision, in order.
    pub mended: Vec<Entry>,
    /// Measured entries that would agree without the revision, in order.
    pub broken: Vec<Entry>,
    /// Weight of the predicted (not measured) entries mended, less that of those broken.
    pub predicted: f64,
    /// Drop of the exact objective owed to this revision, in entries; its own cost is taken off.
    pub objective_drop: f64,
    /// Share of bootstrap resamples of the perturbations that find it again, in `[0, 1]`; `None` if none were drawn.
    pub stability: Option<f64>,
    /// Expected share of false ones among revisions of its kind at least as well supported by measured entries, from
    /// screens simulated on the refined network with planted faults, in `[0, 1]`; `None` if none was simulated.
    pub q_value: Option<f64>,
    /// Other revisions that explain the same measured entries as well, best first: these data cannot tell them apart.
    pub alternatives: Vec<(RevisionKind, Regulation)>,
    /// For an added regulation, the genes by way of which its regulator might act on the target instead of directly: one
    /// step of that way is known, and adding the other is among the alternatives. In order.
    pub mediators: Vec<GeneId>,
}

impl Evidence {
    /// How sure the revision is, in `[0, 1]`: `1 − q` where there is a q-value, else its stability, if any.
    #[must_use]
    pub fn confidence(&self) -> Option<f64> {
        self.q_value.map(|q| 1.0 - q).or(self.stability).filter(|share| (0.0..=1.0).contains(share))
    }
}

/// One change to the knowledge, with the reasons for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// What is done.
    pub kind: RevisionKind,
    /// The regulation added or removed; for a flip, the one the knowledge base held *before*.
    pub regulation: Regulation,
    /// Part of the refined network, or only proposed.
    pub status: RevisionStatus,
    /// Why.
    pub evidence: Evidence,
}

impl Revision {
    /// The regulation that the knowledge loses, if any.
    #[must_use]
    pub fn withdrawn(&self) -> Option<Regulation> {
        match self.kind {
            RevisionKind::Added => None,
            RevisionKind::Removed | RevisionKind::SignFlipped => Some(self.regulation),
        }
    }

    /// The regulation that the knowledge gains, if any.
    #[must_use]
    pub fn gained(&self) -> Option<Regulation> {
        match self.kind {
            RevisionKind::Added => Some(self.regulation),
            RevisionKind::Removed => None,
            RevisionKind::SignFlipped => Some(self.regulation.flipped()),
        }
    }
}
