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

/// What is said of a regulator and a target.
///
/// Both kinds are triples of regulator, target and sign, see [`Regulation`]; they are kept, written and scored apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatementKind {
    /// The regulator acts on the target: a step that walks may take.
    #[default]
    Regulation,
    /// Perturbing the regulator moves the target, mechanism open: `Activation` if more of the one means more of the other,
    /// so that the target falls when the regulator is deleted. Holds for a perturbation of the regulator itself; no walk
    /// goes on from it.
    Effect,
}

impl StatementKind {
    /// Both kinds, in the order of tables.
    pub const ALL: [Self; 2] = [Self::Regulation, Self::Effect];

    /// The word for it: `regulation` or `effect`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Regulation => "regulation",
            Self::Effect => "effect",
        }
    }
}

/// What a screen says of a known regulation, by the experiments in which its regulator was perturbed and its target
/// measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The target moves as the sign says, more than it does otherwise.
    Supported,
    /// The target does not move. Many true regulations are silent when their regulator is deleted: no ground for removal.
    Silent,
    /// The target moves against the sign, or both ways, in too few independent experiments to turn the sign.
    Contested,
    /// The target moves against the sign in two independent experiments or more.
    Contradicted,
    /// No experiment perturbs the regulator and measures the target.
    Untestable,
}

impl Verdict {
    /// All verdicts, in the order of tables.
    pub const ALL: [Self; 5] = [Self::Supported, Self::Silent, Self::Contested, Self::Contradicted, Self::Untestable];

    /// The word for it, for example `supported`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Silent => "silent",
            Self::Contested => "contested",
            Self::Contradicted => "contradicted",
            Self::Untestable => "untestable",
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

/// The experiments in which the regulator of a statement was perturbed and its target measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExperimentCounts {
    /// The target moved as the sign says.
    pub agreeing: u32,
    /// The target moved the other way.
    pub opposing: u32,
    /// The target did not move.
    pub silent: u32,
}

impl ExperimentCounts {
    /// All of them.
    #[must_use]
    pub const fn total(self) -> u32 {
        self.agreeing.saturating_add(self.opposing).saturating_add(self.silent)
    }
}

/// Why a revision was made: what the refined network would lose without it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Measured entries that agree with the knowledge only thanks to the revision, in order.
    pub corrected: Vec<Entry>,
    /// Measured entries that would agree without the revision, in order.
    pub introduced: Vec<Entry>,
    /// Weight of the predicted (not measured) entries corrected, less that of those introduced.
    pub predicted: f64,
    /// Drop of the exact objective owed to this revision, in entries; its own cost is taken off.
    pub objective_decrease: f64,
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
    /// Probability that the revision is right, in `[0, 1]`. Of an effect stated: that another experiment of the same kind
    /// repeats it. Of a regulation stated, also by turning a sign: that it is one. Of a removal: that what it retracts does
    /// not hold.
    #[serde(default)]
    pub posterior: Option<f64>,
    /// Logarithm of the likelihood ratio, in nats: for what is stated (for a removal, what is retracted) against its absence.
    #[serde(default)]
    pub log_likelihood_ratio: Option<f64>,
    /// Experiments in which the regulator was perturbed and the target measured, by what the target did; held against the
    /// sign of what is stated (for a removal, of what is retracted).
    #[serde(default)]
    pub experiments: Option<ExperimentCounts>,
    /// Share of the other experiments in which the target moves either way, in `[0, 1]`.
    #[serde(default)]
    pub base_rate: Option<f64>,
}

impl Evidence {
    /// How sure the revision is, in `[0, 1]`: its posterior where there is one, else `1 − q` where there is a q-value, else
    /// its stability, if any.
    #[must_use]
    pub fn confidence(&self) -> Option<f64> {
        let is_share = |share: &f64| (0.0..=1.0).contains(share);
        let unlikely_false = self.q_value.map(|q| 1.0 - q);
        self.posterior.filter(is_share).or_else(|| unlikely_false.or(self.stability).filter(is_share))
    }
}

/// One change to the knowledge, with the reasons for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// What is done.
    pub kind: RevisionKind,
    /// Whether `regulation` is said to be a regulation or an effect.
    #[serde(default)]
    pub statement: StatementKind,
    /// The statement added or removed; for a flip, the one the knowledge base held *before*.
    pub regulation: Regulation,
    /// Part of the refined network, or only proposed.
    pub status: RevisionStatus,
    /// Why.
    pub evidence: Evidence,
}

impl Revision {
    /// The statement, of the kind of this revision, that the knowledge loses, if any.
    #[must_use]
    pub fn retracted(&self) -> Option<Regulation> {
        match self.kind {
            RevisionKind::Added => None,
            RevisionKind::Removed | RevisionKind::SignFlipped => Some(self.regulation),
        }
    }

    /// The statement, of the kind of this revision, that the knowledge gains, if any.
    #[must_use]
    pub fn gained(&self) -> Option<Regulation> {
        match self.kind {
            RevisionKind::Added => Some(self.regulation),
            RevisionKind::Removed => None,
            RevisionKind::SignFlipped => Some(self.regulation.flipped()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posterior_tells_more_than_a_q_value_and_that_more_than_stability() {
        let evidence =
            |posterior, q_value, stability| Evidence { posterior, q_value, stability, ..Evidence::default() };
        assert_eq!(evidence(Some(0.75), Some(0.5), Some(0.9)).confidence(), Some(0.75));
        assert_eq!(evidence(None, Some(0.25), Some(0.9)).confidence(), Some(0.75));
        assert_eq!(evidence(None, None, Some(0.9)).confidence(), Some(0.9));
        assert_eq!(evidence(Some(f64::NAN), None, None).confidence(), None);
    }

    #[test]
    fn a_revision_written_before_there_were_effects_is_one_of_a_regulation() {
        let text = r#"{"kind": "added", "regulation": {"regulator": 0, "target": 1, "sign": "inhibition"}, "status": "applied",
            "evidence": {"corrected": [], "introduced": [], "predicted": 0.0, "objective_decrease": 1.0, "stability": null,
            "q_value": null, "alternatives": [], "mediators": []}}"#;
        let revision: Revision = serde_json::from_str(text).expect("a revision");
        assert_eq!((revision.statement, revision.evidence.posterior), (StatementKind::Regulation, None));
        assert_eq!(serde_json::to_string(&StatementKind::Effect).expect("a word"), "\"effect\"");
        assert!(
            StatementKind::ALL
                .iter()
                .all(|kind| format!("\"{}\"", kind.word()) == serde_json::to_string(kind).expect("a word"))
        );
        assert!(
            Verdict::ALL
                .iter()
                .all(|verdict| format!("\"{}\"", verdict.word()) == serde_json::to_string(verdict).expect("a word"))
        );
    }
}
