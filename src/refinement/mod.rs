//! Which regulations must change, and the evidence for it.
//!
//! Start at [`refine`]. `propose` finds revisions worth trying, `commit` accepts those that lower the exact objective,
//! `swap` replaces one revision by another, `certificate` says whether any single revision still would,
//! `evidence` says what each one corrects, `calibration` how likely it is false, `alternatives` what does as well; `exact`
//! keeps the objective up to date, `noise` how often what is read is what was observed. `published` is the dense
//! objective of the literature, a reference and a method to compare with; `relaxed` is the same on sparse strengths, for
//! genomes. Nothing here reads a file, knows of RDF, or sees a test perturbation.

mod alternatives;
mod arcs;
mod calibration;
mod certificate;
mod commit;
mod config;
mod course;
mod error;
mod evidence;
mod exact;
mod noise;
mod propose;
pub mod published;
mod reach;
pub mod relaxed;
mod resamples;
mod revision_costs;
mod signs;
mod swap;

pub(crate) use calibration::enough_simulations;
pub use certificate::Certificate;
pub use config::{RefinementConfig, RegulatorPool};
pub use course::{Course, SearchState};
pub use error::RefinementError;
pub(crate) use propose::{TABLE_BYTES, look_ahead_bytes};
pub use revision_costs::RevisionCosts;

use crate::biology::{GeneId, Perturbation, Regulation, ResponseMatrix, Revision, RevisionKind, RevisionStatus};
use crate::network::RegulatoryNetwork;
use crate::progress::Progress;
use crate::symbolic::Reading;

/// What the knowledge is held against. Rows of a matrix belong to the perturbations next to it.
#[derive(Clone, Copy, Debug)]
pub struct RefinementData<'a> {
    /// Observed responses; each measured entry counts in full.
    pub measured: (&'a [Perturbation], &'a ResponseMatrix),
    /// Predicted (aligned) responses of further perturbations.
    pub predicted: (&'a [Perturbation], &'a ResponseMatrix),
    /// Weight of each predicted entry in `[0, 1]`, rows laid end to end: confidence times ρ.
    pub predicted_weights: &'a [f32],
    /// How hard known regulations are to revise; `None` if all yield alike.
    pub revision_costs: Option<&'a RevisionCosts>,
}

static NOTHING: ResponseMatrix = ResponseMatrix::EMPTY;

impl<'a> RefinementData<'a> {
    /// Observed responses alone, of knowledge that yields alike.
    #[must_use]
    pub const fn measured(perturbations: &'a [Perturbation], observed: &'a ResponseMatrix) -> Self {
        Self {
            measured: (perturbations, observed),
            predicted: (&[], &NOTHING),
            predicted_weights: &[],
            revision_costs: None,
        }
    }
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
    /// Whether any single revision could have lowered the objective further where the search ended.
    pub certificate: Certificate,
}

/// Finds the revisions of `network` that explain the data better than they cost, and judges them.
///
/// ```text
/// min  Σ_entries weight · [response read from the network ≠ wanted response]  +  Σ_revisions cost
/// ```
/// over sets of regulations added, removed or flipped. A measured entry weighs 1 on average, more or less by its class if
/// [`RefinementConfig::class_balance`] asks for it. Candidates come from a first-order look-ahead on the discrete
/// network; each is accepted only if the *exact* objective falls. If every measured entry agrees with the knowledge,
/// nothing is revised. A revision whose measured entries alone do not pay its cost, or do so in too few resamples of the
/// perturbations, or whose q-value is too large, is proposed, not applied.
///
/// The same as [`draft`] followed by [`judge`].
///
/// # Errors
/// [`RefinementError`] if the configuration is out of range or the shapes do not fit. When `progress` is cancelled, the
/// best network so far is returned, [`Certificate::Uncertified`].
///
/// # Complexity
/// Memory `7 · rows · genes` bytes plus the candidates; nothing is genes × genes.
pub fn refine(
    network: &RegulatoryNetwork,
    data: &RefinementData<'_>,
    depth: usize,
    reading: Reading,
    config: &RefinementConfig,
    progress: &dyn Progress,
) -> Result<Refinement, RefinementError> {
    let drafted = draft(network, data, depth, reading, config, progress)?;
    judge(network, data, depth, reading, config, drafted, progress)
}

/// Finds revisions as [`refine`] does, but leaves the q-values and what follows from them to [`judge`].
///
/// # Errors
/// As [`refine`].
pub fn draft(
    network: &RegulatoryNetwork,
    data: &RefinementData<'_>,
    depth: usize,
    reading: Reading,
    config: &RefinementConfig,
    progress: &dyn Progress,
) -> Result<Refinement, RefinementError> {
    draft_on(network, data, depth, reading, config, Course { from: None, keep: &mut |_| () }, progress)
}

/// As [`draft`], from where an earlier search was stopped, and telling where it stands after each finished pass.
///
/// If that search had the same network, data and settings, the result is the same as if it had not been stopped.
///
/// # Errors
/// As [`refine`]; [`RefinementError::ForeignState`] if no search of this network can have come there.
pub fn draft_on(
    network: &RegulatoryNetwork,
    data: &RefinementData<'_>,
    depth: usize,
    reading: Reading,
    config: &RefinementConfig,
    course: Course<'_>,
    progress: &dyn Progress,
) -> Result<Refinement, RefinementError> {
    config.check()?;
    check_shapes(network, data)?;
    course.from.map_or(Ok(()), |state| state.check(network))?;
    let mut search = commit::Search::new(network, data, depth, reading, config);
    if search.state.disagreement().measured == 0 {
        return Ok(unrevised(network));
    }
    let before = search.state.wrong_entries();
    let certificate = search.run(course, progress);
    let resamples = resamples::Resamples::draw(&search.state, search.config);
    let proposed = search.drop_unsupported(&resamples);
    let revisions = evidence::revisions(&mut search, &proposed, &resamples);
    let disagreements = (before, search.state.wrong_entries());
    Ok(Refinement { network: network.revised(&revisions), revisions, disagreements, certificate })
}

/// Gives the revisions of a [`draft`] their q-values, from simulated screens of the refined network with faults planted
/// in it, retracts from the network those whose q-value is above the largest allowed, and names what explains the same
/// entries as well.
///
/// `network`, `data` and the settings must be those of the draft. Without simulations, or if `progress` is cancelled before
/// the first is done, there are no q-values: in the first case nothing is retracted for them, in the second everything is.
///
/// # Errors
/// As [`refine`].
pub fn judge(
    network: &RegulatoryNetwork,
    data: &RefinementData<'_>,
    depth: usize,
    reading: Reading,
    config: &RefinementConfig,
    drafted: Refinement,
    progress: &dyn Progress,
) -> Result<Refinement, RefinementError> {
    config.check()?;
    check_shapes(network, data)?;
    if drafted.revisions.is_empty() {
        return Ok(drafted);
    }
    let mut search = commit::Search::new(network, data, depth, reading, config);
    let before = search.objective();
    let mut proposed = Vec::new();
    for revision in &drafted.revisions {
        let action = Action { kind: revision.kind, regulation: revision.regulation };
        match revision.status {
            RevisionStatus::Applied => search.accept(action),
            RevisionStatus::Proposed => proposed.push(action),
        }
    }
    let noise = noise::Noise::estimate(&search.state, data.measured);
    let support =
        |search: &commit::Search<'_>, revision: &Revision| evidence::support(search, revision, data.measured.1, &noise);
    let found: Vec<_> =
        drafted.revisions.iter().filter_map(|revision| Some((revision.kind, support(&search, revision)?))).collect();
    let setting = calibration::Setting { data: *data, depth, reading, config };
    let calibration =
        calibration::Calibration::simulate(&drafted.network, &search.state, &found, &noise, setting, progress);
    let resamples = resamples::Resamples::draw(&search.state, search.config);
    let mut revisions = drafted.revisions;
    loop {
        for revision in &mut revisions {
            revision.evidence.q_value = calibration.q_value(revision.kind, support(&search, revision));
        }
        let mut doubtful: Vec<_> = revisions.iter().filter(|revision| is_doubtful(revision, config)).collect();
        if doubtful.is_empty() && search.objective() > before {
            // What is left paid only together with what was retracted.
            doubtful.extend(revisions.iter().rfind(|revision| revision.status == RevisionStatus::Applied));
        }
        if doubtful.is_empty() {
            break;
        }
        for revision in doubtful {
            let action = Action { kind: revision.kind, regulation: revision.regulation };
            search.accept(action.reversed());
            proposed.push(action);
        }
        proposed.extend(search.drop_unsupported(&resamples));
        revisions = evidence::revisions(&mut search, &proposed, &resamples);
    }
    alternatives::name_alternatives(&mut search, &mut revisions, progress);
    let disagreements = (drafted.disagreements.0, search.state.wrong_entries());
    Ok(Refinement { network: network.revised(&revisions), revisions, disagreements, certificate: drafted.certificate })
}

/// True if the revision is applied although its q-value is larger than allowed, or was asked for and could not be had.
fn is_doubtful(revision: &Revision, config: &RefinementConfig) -> bool {
    let uncertain = revision.evidence.q_value.map_or(config.simulations > 0, |q| q > config.max_q_value);
    revision.status == RevisionStatus::Applied && uncertain
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

/// Measured entries that each revision in force in `network` corrects and introduces: those that are right, or wrong, only
/// because of it.
#[must_use]
pub fn corrected_and_introduced(
    network: &RegulatoryNetwork,
    data: &RefinementData<'_>,
    depth: usize,
    reading: Reading,
    revisions: &[(RevisionKind, Regulation)],
) -> Vec<(usize, usize)> {
    let mut state = exact::ExactState::new(network, data, depth, reading);
    let counted = |&(kind, regulation): &(RevisionKind, Regulation)| {
        let effects = state.effects(&Action { kind, regulation }.reversed().edits());
        let lost = effects.iter().filter(|effect| effect.weight < 0).count();
        (lost, effects.len() - lost)
    };
    revisions.iter().map(counted).collect()
}

fn unrevised(network: &RegulatoryNetwork) -> Refinement {
    let certificate = Certificate::LocalOptimum;
    Refinement { network: network.clone(), revisions: Vec::new(), disagreements: (0, 0), certificate }
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
    for perturbations in [data.measured.0, data.predicted.0] {
        for (row, perturbation) in perturbations.iter().enumerate() {
            if let Some(gene) = perturbation.genes().find(|gene| gene.index() >= network.n_genes()) {
                let (gene, genes) = (gene.index(), network.n_genes());
                return Err(RefinementError::UnknownGene { row, gene, genes });
            }
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
    fn edits(self) -> Vec<arcs::Edit> {
        use RevisionKind::{Added, Removed, SignFlipped};
        let edit = |regulation, insert| arcs::Edit { regulation, insert };
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
