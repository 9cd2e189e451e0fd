//! What a stopped run leaves behind, so that it can go on where it was.

use serde::{Deserialize, Serialize};

use crate::biology::Revision;
use crate::network::RegulatoryNetwork;
use crate::refinement::{Certificate, Refinement, SearchState};

/// The finished rounds of a run, and where the search of the round after them stood. A run that is started from it fits
/// its predictors again, which seeds make come out the same, and takes the refinements from here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Stands for everything that the run depends on: inputs, settings, version. A run with another one must not go on
    /// from here.
    pub fingerprint: String,
    /// What each finished round found, in order.
    pub rounds: Vec<FinishedRound>,
    /// The search that was running, after its last finished pass; `None` between rounds.
    #[serde(default)]
    pub running: Option<SearchState>,
}

/// The refinement of one finished round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinishedRound {
    revisions: Vec<Revision>,
    disagreements: (u64, u64),
    certificate: Certificate,
}

impl FinishedRound {
    /// Keeps a refinement; its network follows from the original one.
    #[must_use]
    pub fn of(refinement: &Refinement) -> Self {
        let Refinement { revisions, disagreements, certificate, .. } = refinement.clone();
        Self { revisions, disagreements, certificate }
    }

    /// The refinement of `original`, as it was.
    #[must_use]
    pub fn restored(&self, original: &RegulatoryNetwork) -> Refinement {
        let Self { revisions, disagreements, certificate } = self.clone();
        Refinement { network: original.revised(&revisions), revisions, disagreements, certificate }
    }
}
