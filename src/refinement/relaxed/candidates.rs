//! Revisions read from the strengths that moved.

use serde::{Deserialize, Serialize};

use super::{DescentConfig, Objective, RelaxedConfig, RelaxedNetwork, ScreenConfig};
use crate::biology::{Regulation, RevisionKind};
use crate::network::RegulatoryNetwork;
use crate::progress::Progress;
use crate::refinement::{RefinementData, RefinementError};

/// A strength of at least this counts as present.
const PRESENT: f64 = 0.5;

/// How candidates are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CandidateConfig {
    /// The objective; default `t = 3`, `λ = ¼`. At `t = 3` one walk already says .95 of a response, so that knowledge which
    /// agrees with the data hardly pulls at shortcuts; at `λ = ¼` the two perturbations of one gene move a strength.
    pub objective: RelaxedConfig,
    /// How absent regulations are screened in each round.
    pub screen: ScreenConfig,
    /// The descent of each round.
    pub descent: DescentConfig,
    /// Rounds of screening and descending, ≥ 1; default 3. The search ends earlier when a screening finds nothing new.
    pub rounds: usize,
}

impl Default for CandidateConfig {
    fn default() -> Self {
        Self {
            objective: RelaxedConfig { t: 3.0, lambda: 0.25, ..RelaxedConfig::default() },
            screen: ScreenConfig::default(),
            descent: DescentConfig::default(),
            rounds: 3,
        }
    }
}

/// Revisions that the relaxed objective asks for, those whose strength moved farthest first.
///
/// A known regulation whose strength fell below ½ is to be removed, an absent one that rose to ½ or more to be added, and
/// both at once between the same two genes are a flip. What the strengths say is a guess, to be held against the discrete
/// network: none of these revisions has been tried there.
///
/// The relaxed objective weighs all walks, as the naive reading does. Where responses follow the nearest walks and longer
/// ones of the other sign arrive too, as in a feedback core, it asks for removals although the knowledge is right.
///
/// # Errors
/// [`RefinementError`] if a setting is out of range or the shapes do not fit. When `progress` is cancelled, the candidates
/// are those of the strengths so far.
pub fn candidates(
    network: &RegulatoryNetwork,
    data: &RefinementData<'_>,
    config: &CandidateConfig,
    progress: &dyn Progress,
) -> Result<Vec<(RevisionKind, Regulation)>, RefinementError> {
    Ok(revisions(&relax(network, data, config, progress)?))
}

/// The strengths that the relaxed objective asks for: rounds of screening and descending from the knowledge.
///
/// The other sign of a regulation joins in only once the strength of that regulation has fallen below ½.
///
/// # Errors
/// As [`candidates`].
pub fn relax(
    network: &RegulatoryNetwork,
    data: &RefinementData<'_>,
    config: &CandidateConfig,
    progress: &dyn Progress,
) -> Result<RelaxedNetwork, RefinementError> {
    let objective = Objective::new(network, data, config.objective)?;
    let mut relaxed = RelaxedNetwork::of(network);
    for round in 0..config.rounds.max(1) {
        let mut found = objective.screen(&relaxed, &config.screen, progress)?;
        // The other sign next to a known regulation would only hide it; once that has given way it is a flip.
        found.retain(|&(regulation, _)| relaxed.strength_of(regulation.flipped()) < PRESENT);
        if (found.is_empty() && round > 0) || progress.is_cancelled() {
            break;
        }
        relaxed = relaxed.without_idle().with_absent(found.into_iter().map(|(regulation, _)| regulation));
        relaxed = objective.descend(relaxed, &config.descent, progress)?.network;
    }
    Ok(relaxed)
}

/// The revisions that turn the knowledge into the regulations of strength ½ or more, farthest moved first.
///
/// Where a known regulation keeps its strength, the other sign next to it is never added: it would only hide it.
#[must_use]
pub fn revisions(network: &RelaxedNetwork) -> Vec<(RevisionKind, Regulation)> {
    let known = |regulation| network.regulations().binary_search(&regulation).is_ok_and(|at| network.known()[at]);
    let mut found: Vec<(f64, RevisionKind, Regulation)> = Vec::new();
    for ((&regulation, &is_known), &strength) in
        network.regulations().iter().zip(network.known()).zip(network.strengths())
    {
        let opposite = network.strength_of(regulation.flipped());
        match is_known {
            true if strength >= PRESENT => {}
            true if opposite >= PRESENT && !known(regulation.flipped()) => {
                found.push((opposite + 1.0 - strength, RevisionKind::SignFlipped, regulation));
            }
            true => found.push((1.0 - strength, RevisionKind::Removed, regulation)),
            false => {
                let stronger = (strength, regulation) > (opposite, regulation.flipped());
                if strength >= PRESENT && !known(regulation.flipped()) && stronger {
                    found.push((strength, RevisionKind::Added, regulation));
                }
            }
        }
    }
    found.sort_unstable_by(|left, right| right.0.total_cmp(&left.0).then((left.1, left.2).cmp(&(right.1, right.2))));
    found.into_iter().map(|(_, kind, regulation)| (kind, regulation)).collect()
}
