//! The methods by name, and what each makes of a damaged network.

use serde::{Deserialize, Serialize};

use crate::biology::{Regulation, Revision};
use crate::network::RegulatoryNetwork;
use crate::refinement::Certificate;

/// Which methods the damaged network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Nobody: what the damage itself costs.
    DoNothing,
    /// Removes each regulation that the experiment on its own regulator contradicts: its target was measured and moved
    /// the other way, or stayed unchanged while the damaged network says that it moves.
    PruneContradicted,
    /// One pass of proposing and accepting, without undoing.
    Greedy,
    /// The published dense objective over relaxed edges, walks of every length up to the depth, rounded at the end.
    Published,
    /// This program's refinement.
    Aligned,
}

impl Method {
    /// All methods, in the order of a table.
    pub const ALL: [Self; 5] = [Self::DoNothing, Self::PruneContradicted, Self::Greedy, Self::Published, Self::Aligned];

    /// Its name in tables and options.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DoNothing => "do-nothing",
            Self::PruneContradicted => "prune-contradicted",
            Self::Greedy => "greedy",
            Self::Published => "published",
            Self::Aligned => "aligned",
        }
    }
}

/// What a method made of the damaged network.
#[derive(Clone, Debug, PartialEq)]
pub struct Repaired {
    /// The network that it returns.
    pub network: RegulatoryNetwork,
    /// How sure each regulation is; those not named are less sure than any.
    pub confidences: Vec<(Regulation, f64)>,
    /// Revisions with their evidence, from the methods that give any.
    pub revisions: Vec<Revision>,
    /// Whether any single revision would have bettered it, from the methods that know.
    pub certificate: Option<Certificate>,
}

impl Repaired {
    /// A network whose regulations are all equally sure.
    pub(super) fn plain(network: RegulatoryNetwork) -> Self {
        let confidences = network.regulations().iter().map(|&edge| (edge, 1.0)).collect();
        Self { network, confidences, revisions: Vec::new(), certificate: None }
    }
}
