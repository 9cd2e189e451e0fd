//! Which regulations must change, and the evidence for it.
//!
//! Start at [`refine`]. `propose` finds revisions worth trying, `commit` accepts those that lower the exact objective,
//! `evidence` says what each one mends and how sure that is; `exact` keeps the objective up to date. `published` is the
//! dense objective of the literature, a reference and a method to compare with; `relaxed` is the same on sparse strengths,
//! for genomes. Nothing here reads a file, knows of RDF, or sees a test perturbation.

mod commit;
mod config;
mod error;
mod evidence;
mod exact;
mod propose;
pub mod published;
pub mod relaxed;

pub use config::{RefinementConfig, RegulatorPool};
pub use error::RefinementError;

use crate::biology::{GeneId, Perturbation, Regulation, ResponseMatrix, Revision, RevisionKind};
use crate::network::RegulatoryNetwork;
use crate::progress::Watch;
use crate::symbolic::Reading;

/// What the knowledge is held against. Rows of a matrix belong to the perturbations beside it.
#[derive(Clone, Copy, Debug)]
pub struct RefinementData<'a> {
    /// Observed responses; each measured entry counts in full.
    pub measured: (&'a [Perturbation], &'a ResponseMatrix),
    /// Predicted (aligned) responses of further perturbations.
    pub predicted: (&'a [Perturbation], &'a ResponseMatrix),
    /// Weight of each predicted entry in `[0, 1]`, rows laid end to end: confidence times ρ.
    pub predicted_weights: &'a [f32],
}

/// A refined network and the reasons for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refinement {
    /// The network after all applied revisions.
    pub network: RegulatoryNetwork,
    /// Applied and proposed revisions, best supported first. Their entries name rows: measured ones first, then predicted.
    pub revisions: Vec<Revision>,
    /// Measured entries that disagree with the knowledge before and after.
    pub disagreements: (u64, u64),
    /// True if no single revision or undo among those tried would lower the objective further.
    pub settled: bool,
}

/// Finds the revisions of `network` that explain the data better than they cost.
///
/// ```text
/// min  Σ_entries weight · [response read from the network ≠ wanted response]  +  Σ_revisions cost
/// ```
/// over sets of regulations added, removed or flipped. Candidates come from a first-order look-ahead on the discrete
/// network; each is accepted only if the *exact* objective falls. If every measured entry agrees with the knowledge,
/// nothing is revised. A revision whose measured entries alone do not pay its cost, or do so in too few resamples of the
/// perturbations, is proposed, not applied.
///
/// # Errors
/// [`RefinementError`] if the configuration is out of range or the shapes do not fit. When `watch` is cancelled, the
/// best network so far is handed back with `settled` false.
///
/// # Complexity
/// Memory `5 · rows · genes` bytes plus the candidates; nothing is genes × genes.
pub fn refine(
    network: &RegulatoryNetwork,
    data: &RefinementData<'_>,
    depth: usize,
    reading: Reading,
    config: &RefinementConfig,
    watch: &dyn Watch,
) -> Result<Refinement, RefinementError> {
    config.check()?;
    check_shapes(network, data)?;
    let mut search = commit::Search::new(network, data, depth, reading, config);
    let before = search.state.disagreement();
    if before.measured == 0 {
        return Ok(unrevised(network));
    }
    let null = evidence::permuted_gains(&search, watch);
    let settled = search.run(watch);
    let resamples = evidence::Resamples::draw(&search);
    let proposed = search.withdraw_uncarried(&resamples);
    let revisions = evidence::revisions(&mut search, &proposed, &resamples, &null);
    let disagreements = (before.measured, search.state.disagreement().measured);
    let in_entries = |weight: i64| (weight / exact::UNIT) as u64;
    Ok(Refinement {
        network: network.revised(&revisions),
        revisions,
        disagreements: (in_entries(disagreements.0), in_entries(disagreements.1)),
        settled,
    })
}

/// Says of each possible revision whether any measured entry would change by it: what no entry shows, no data can find.
#[must_use]
pub fn shows(
    network: &RegulatoryNetwork,
    data: &RefinementData<'_>,
    depth: usize,
    reading: Reading,
    revisions: &[(RevisionKind, Regulation)],
) -> Vec<bool> {
    let mut state = exact::ExactState::new(network, data, depth, reading);
    let edits = |&(kind, regulation): &(RevisionKind, Regulation)| Action { kind, regulation }.edits();
    revisions.iter().map(|revision| state.effects(&edits(revision)).iter().any(|effect| effect.measured)).collect()
}

fn unrevised(network: &RegulatoryNetwork) -> Refinement {
    Refinement { network: network.clone(), revisions: Vec::new(), disagreements: (0, 0), settled: true }
}

fn check_shapes(network: &RegulatoryNetwork, data: &RefinementData<'_>) -> Result<(), RefinementError> {
    for (perturbations, responses) in [data.measured, data.predicted] {
        let genes_fit = responses.n_genes() == network.n_genes() || perturbations.is_empty();
        if !genes_fit || responses.n_perturbations() != perturbations.len() {
            return Err(RefinementError::ShapeMismatch {
                genes: network.n_genes(),
                perturbations: perturbations.len(),
                responses: (responses.n_perturbations(), responses.n_genes()),
            });
        }
    }
    let predicted = data.predicted.1.entries().len();
    if data.predicted_weights.len() != predicted {
        return Err(RefinementError::WeightMismatch { weights: data.predicted_weights.len(), entries: predicted });
    }
    Ok(())
}

/// A single change to the present network: what the search tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Action {
    kind: RevisionKind,
    regulation: Regulation,
}

impl Action {
    fn edits(self) -> Vec<exact::Edit> {
        use RevisionKind::{Added, Removed, SignFlipped};
        let edit = |regulation, insert| exact::Edit { regulation, insert };
        match self.kind {
            Added => vec![edit(self.regulation, true)],
            Removed => vec![edit(self.regulation, false)],
            SignFlipped => vec![edit(self.regulation, false), edit(self.regulation.flipped(), true)],
        }
    }

    /// The action that takes this one back.
    fn reversed(self) -> Self {
        use RevisionKind::{Added, Removed, SignFlipped};
        let (kind, regulation) = match self.kind {
            Added => (Removed, self.regulation),
            Removed => (Added, self.regulation),
            SignFlipped => (SignFlipped, self.regulation.flipped()),
        };
        Self { kind, regulation }
    }
}

fn gene(index: u32) -> GeneId {
    GeneId::new(index as usize)
}

#[cfg(test)]
mod tests;
