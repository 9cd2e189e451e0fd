//! What the experiments on each regulator say, and the revisions that follow: no predictor, no round.

use super::{Config, PipelineError};
use crate::biology::{GeneId, Perturbation, ResponseMatrix};
use crate::datasets::Dataset;
use crate::evidence::{Assessment, EvidenceData, EvidenceError, Limits, assess};
use crate::network::RegulatoryNetwork;
use crate::progress::Progress;
use crate::refinement::{Certificate, Refinement, RevisionCosts};
use crate::symbolic::{Closure, Simulator};

/// What the evidence decides.
pub(crate) struct Weighing {
    /// The revised network and the revisions.
    pub refinement: Refinement,
    /// All that the experiments say.
    pub assessment: Assessment,
    /// Statements left unproposed since there were too many.
    pub unproposed: u64,
}

/// Holds the knowledge against experiments that may be learnt from.
///
/// # Errors
/// [`PipelineError`] if a setting is out of range, shapes do not fit, or `progress` is cancelled.
pub(crate) fn weigh(
    network: &RegulatoryNetwork,
    revision_costs: Option<&RevisionCosts>,
    learnt: &Dataset,
    config: &Config,
    progress: &dyn Progress,
) -> Result<Weighing, PipelineError> {
    let Config { depth, reading, refinement, evidence, .. } = config;
    let Dataset { perturbations, observed, log2fc, .. } = learnt;
    let read = Closure::new(network, *depth, *reading).simulate(perturbations);
    let data = EvidenceData { perturbations, observed, sizes: log2fc.as_ref(), read: &read };
    let assessment = assess(network, &data, evidence, progress).map_err(|error| match error {
        EvidenceError::Cancelled => PipelineError::Cancelled,
        other => other.into(),
    })?;
    let known = network.regulations().len();
    let is_locked = |edge| revision_costs.is_some_and(|revision_costs| revision_costs.is_locked(edge));
    let limits = Limits {
        added: refinement.max_added(known),
        retracted: refinement.max_retracted(known),
        is_locked: &is_locked,
    };
    let (revisions, unproposed) = assessment.revisions(network, &data, evidence, &limits);
    let refined = network.revised(&revisions);
    let after = Closure::new(&refined, *depth, *reading).simulate(perturbations);
    let disagreements = (mismatches(perturbations, observed, &read), mismatches(perturbations, observed, &after));
    let certificate = Certificate::Uncertified;
    let refinement = Refinement { network: refined, revisions, disagreements, certificate };
    Ok(Weighing { refinement, assessment, unproposed })
}

/// Measured entries, perturbed genes left out, that are read otherwise than they were observed.
fn mismatches(perturbations: &[Perturbation], observed: &ResponseMatrix, read: &ResponseMatrix) -> u64 {
    let row = |(row, perturbation): (usize, &Perturbation)| {
        let entries = observed.row(row).iter().zip(read.row(row)).enumerate();
        let wrong = entries
            .filter(|(gene, (seen, said))| seen.is_some() && seen != said && !perturbation.moves(GeneId::new(*gene)));
        wrong.count() as u64
    };
    perturbations.iter().enumerate().map(row).sum()
}
