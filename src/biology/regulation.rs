//! Signed regulations, and what is cited for them.

use serde::{Deserialize, Serialize};

use super::GeneId;

/// How a regulator moves its target. Also called *mode of regulation* or *monotonicity*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// More regulator, more target.
    Activation,
    /// More regulator, less target.
    Inhibition,
}

impl Sign {
    /// Both signs, activation first.
    pub const BOTH: [Self; 2] = [Self::Activation, Self::Inhibition];

    /// The other sign.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Activation => Self::Inhibition,
            Self::Inhibition => Self::Activation,
        }
    }

    /// +1 for activation, −1 for inhibition.
    #[must_use]
    pub const fn value(self) -> i8 {
        match self {
            Self::Activation => 1,
            Self::Inhibition => -1,
        }
    }

    /// The sign of two regulations in a row.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        if self == other { Self::Activation } else { Self::Inhibition }
    }

    /// The word for it: `activation` or `inhibition`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Activation => "activation",
            Self::Inhibition => "inhibition",
        }
    }
}

/// One signed edge of the regulatory network. Both signs between the same two genes are a *conflict*: two regulations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Regulation {
    /// The gene that acts.
    pub regulator: GeneId,
    /// The gene acted upon.
    pub target: GeneId,
    /// In which direction.
    pub sign: Sign,
}

impl Regulation {
    /// `regulator` acts on `target` with `sign`.
    #[must_use]
    pub const fn new(regulator: GeneId, target: GeneId, sign: Sign) -> Self {
        Self { regulator, target, sign }
    }

    /// The same two genes with the other sign.
    #[must_use]
    pub const fn flipped(self) -> Self {
        Self { sign: self.sign.opposite(), ..self }
    }
}

/// What a knowledge base cites for one regulation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// Kind of regulation, for example `transcriptional` or `post_translational`; sorted, without repeats.
    pub kinds: Vec<String>,
    /// Databases or data sets that state it; sorted, without repeats.
    pub sources: Vec<String>,
    /// Publications, for example `PMID:12746439`; sorted, without repeats.
    pub references: Vec<String>,
    /// How many records support it (curation effort); 0 if not told.
    pub evidence_count: u32,
    /// How sure the knowledge base is, in `[0, 1]`, if it says so.
    pub confidence: Option<f64>,
}

impl Citation {
    /// Joins what a second statement of the same regulation cites.
    ///
    /// Lists become unions, the evidence count and the confidence the larger of the two.
    pub fn absorb(&mut self, other: Self) {
        for (mine, theirs) in [
            (&mut self.kinds, other.kinds),
            (&mut self.sources, other.sources),
            (&mut self.references, other.references),
        ] {
            mine.extend(theirs);
            mine.sort();
            mine.dedup();
        }
        self.evidence_count = self.evidence_count.max(other.evidence_count);
        self.confidence = match (self.confidence, other.confidence) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
    }
}

/// A regulation together with what is cited for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CitedRegulation {
    /// The signed edge.
    pub regulation: Regulation,
    /// What supports it.
    pub citation: Citation,
}
