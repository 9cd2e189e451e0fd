//! From probabilities to revisions: what is applied, and what is only proposed.

use std::collections::HashMap;

use super::{Assessment, Candidate, EvidenceConfig, EvidenceData, Judged, Limits};
use crate::biology::{
    Entry, Evidence, ExperimentCounts, GeneId, Regulation, Response, Revision, RevisionKind, RevisionStatus,
    StatementKind, Verdict,
};
use crate::network::RegulatoryNetwork;

/// Least probability of a statement that is proposed, or applied as one of many.
const LEAST: f64 = 0.5;
/// Experiments that a flip or a removal needs.
const INDEPENDENT: u32 = 2;

/// A statement that may be made, before it is decided upon.
struct Draft {
    kind: RevisionKind,
    statement: StatementKind,
    regulation: Regulation,
    probability: f64,
    may_apply: bool,
    log_likelihood_ratio: f64,
    experiments: ExperimentCounts,
    mediator: Option<GeneId>,
}

pub(super) fn decide(
    assessment: &Assessment,
    network: &RegulatoryNetwork,
    data: &EvidenceData<'_>,
    config: &EvidenceConfig,
    limits: &Limits<'_>,
) -> (Vec<Revision>, u64) {
    let anchored = assessment.model.is_anchored;
    let groups = [
        regulations(assessment, limits),
        effects(assessment, network),
        flips(assessment, limits),
        removals(assessment, limits),
    ];
    let rows = Rows::new(data, assessment);
    let (mut applied, mut proposed) = (Vec::new(), Vec::new());
    let mut retracted = limits.retracted;
    let mut stated = std::collections::BTreeSet::new();
    for group in groups {
        let with_entries = group.into_iter().map(|draft| {
            let entries = rows.entries(&draft);
            (draft, entries)
        });
        // Do no harm: what the knowledge reads right already needs no addition.
        let needed =
            with_entries.filter(|(draft, (corrected, _))| draft.kind != RevisionKind::Added || !corrected.is_empty());
        let mut group: Vec<_> = needed.collect();
        group.sort_by(|(a, _), (b, _)| b.probability.total_cmp(&a.probability).then(a.regulation.cmp(&b.regulation)));
        let Some((Draft { kind, statement, .. }, _)) = group.first() else { continue };
        let retracts = *kind != RevisionKind::Added;
        let room = match statement {
            _ if retracts => retracted,
            StatementKind::Regulation => limits.added,
            StatementKind::Effect => usize::MAX,
        };
        let (mut sum, mut errors, mut number) = (0.0, 0.0, 0.0);
        let mut taken = 0;
        for (draft, entries) in group {
            // What is stated as a regulation is not stated as an effect as well.
            if draft.statement == StatementKind::Effect && stated.contains(&draft.regulation) {
                continue;
            }
            sum += draft.probability;
            errors += 1.0 - draft.probability;
            number += 1.0;
            let sure = match draft.statement {
                StatementKind::Effect => sum / number >= config.expected_precision,
                StatementKind::Regulation => draft.probability >= config.expected_precision,
            };
            let apply = anchored && draft.may_apply && sure && taken < room;
            if apply {
                taken += 1;
                stated.insert(draft.regulation);
            }
            let status = if apply { RevisionStatus::Applied } else { RevisionStatus::Proposed };
            let revision = revision(draft, entries, status, errors / number);
            if apply { applied.push(revision) } else { proposed.push(revision) }
        }
        if retracts {
            retracted -= taken;
        }
    }
    let probability = |revision: &Revision| revision.evidence.posterior.unwrap_or(0.0);
    for revisions in [&mut applied, &mut proposed] {
        revisions.sort_by(|a, b| {
            probability(b).total_cmp(&probability(a)).then(a.regulation.cmp(&b.regulation)).then(a.kind.cmp(&b.kind))
        });
    }
    let unproposed = proposed.len().saturating_sub(config.proposals);
    proposed.truncate(config.proposals);
    applied.extend(proposed);
    (applied, unproposed as u64)
}

fn of_candidate(candidate: &Candidate, statement: StatementKind, probability: f64) -> Draft {
    Draft {
        kind: RevisionKind::Added,
        statement,
        regulation: candidate.regulation,
        probability,
        may_apply: true,
        log_likelihood_ratio: candidate.log_likelihood_ratio,
        experiments: candidate.experiments,
        mediator: candidate.mediator,
    }
}

fn regulations(assessment: &Assessment, limits: &Limits<'_>) -> Vec<Draft> {
    let probable = assessment.candidates.iter().filter(|candidate| !(limits.is_locked)(candidate.regulation.flipped()));
    let probable = probable.filter_map(|candidate| Some((candidate, candidate.probability.filter(|&p| p >= LEAST)?)));
    probable.map(|(candidate, probability)| of_candidate(candidate, StatementKind::Regulation, probability)).collect()
}

/// An effect that the knowledge states already is not stated again; one of the other sign is not put next to it.
fn effects(assessment: &Assessment, network: &RegulatoryNetwork) -> Vec<Draft> {
    let is_new =
        |regulation: Regulation| !network.contains_effect(regulation) && !network.contains_effect(regulation.flipped());
    let probable = assessment.candidates.iter().filter(|candidate| is_new(candidate.regulation));
    let probable = probable.filter_map(|candidate| Some((candidate, candidate.effect?)));
    probable
        .filter(|&(_, probability)| probability >= 0.5 * LEAST)
        .map(|(candidate, probability)| of_candidate(candidate, StatementKind::Effect, probability))
        .collect()
}

fn of_judged(judged: &Judged, kind: RevisionKind, probability: f64, experiments: u32) -> Draft {
    Draft {
        kind,
        statement: StatementKind::Regulation,
        regulation: judged.regulation,
        probability,
        may_apply: experiments >= INDEPENDENT,
        log_likelihood_ratio: judged.log_likelihood_ratio,
        experiments: judged.experiments,
        mediator: None,
    }
}

/// Signs that no experiment agrees with. One experiment contests a sign; it takes two to turn it.
fn flips(assessment: &Assessment, limits: &Limits<'_>) -> Vec<Draft> {
    let opposed = assessment.judged.iter().filter(|judged| {
        judged.experiments.agreeing == 0 && judged.experiments.opposing > 0 && judged.posterior[1] >= LEAST
    });
    opposed
        .filter(|judged| !(limits.is_locked)(judged.regulation))
        .map(|judged| {
            let ExperimentCounts { agreeing, opposing, silent } = judged.experiments;
            let draft = of_judged(judged, RevisionKind::SignFlipped, judged.posterior[1], opposing);
            // Counts and ratio speak of the sign gained; both alternatives to the stated sign have the same prior.
            Draft {
                experiments: ExperimentCounts { agreeing: opposing, opposing: agreeing, silent },
                log_likelihood_ratio: (judged.posterior[1] / judged.posterior[2].max(f64::MIN_POSITIVE)).ln(),
                ..draft
            }
        })
        .collect()
}

/// Regulations that stay silent where those of this knowledge base usually show.
fn removals(assessment: &Assessment, limits: &Limits<'_>) -> Vec<Draft> {
    let silent =
        assessment.judged.iter().filter(|judged| judged.verdict == Verdict::Silent && judged.posterior[2] >= LEAST);
    silent
        .filter(|judged| !(limits.is_locked)(judged.regulation))
        .map(|judged| of_judged(judged, RevisionKind::Removed, judged.posterior[2], judged.experiments.silent))
        .collect()
}

fn revision(
    draft: Draft,
    (corrected, introduced): (Vec<Entry>, Vec<Entry>),
    status: RevisionStatus,
    q_value: f64,
) -> Revision {
    let Draft { kind, statement, regulation, probability, log_likelihood_ratio, experiments, mediator, .. } = draft;
    let evidence = Evidence {
        objective_decrease: corrected.len() as f64 - introduced.len() as f64,
        corrected,
        introduced,
        q_value: Some(q_value.clamp(0.0, 1.0)),
        posterior: Some(probability),
        log_likelihood_ratio: Some(log_likelihood_ratio),
        experiments: Some(experiments),
        mediators: mediator.into_iter().collect(),
        ..Evidence::default()
    };
    Revision { kind, statement, regulation, status, evidence }
}

/// The rows that speak of each regulator.
struct Rows<'a> {
    data: &'a EvidenceData<'a>,
    read: &'a crate::biology::ResponseMatrix,
    of: HashMap<GeneId, Vec<usize>>,
}

impl<'a> Rows<'a> {
    fn new(data: &'a EvidenceData<'a>, assessment: &Assessment) -> Self {
        let mut of: HashMap<GeneId, Vec<usize>> = HashMap::new();
        for &row in &assessment.rows {
            data.perturbations[row].genes().for_each(|gene| of.entry(gene).or_default().push(row));
        }
        Self { data, read: data.read, of }
    }

    /// Entries of the target in the experiments on the regulator: those that the revised statement alone reads right and the
    /// knowledge does not, and the other way round.
    fn entries(&self, draft: &Draft) -> (Vec<Entry>, Vec<Entry>) {
        let Regulation { regulator, target, sign } = draft.regulation;
        let says = match draft.kind {
            RevisionKind::Added => sign.value(),
            RevisionKind::Removed => 0,
            RevisionKind::SignFlipped => -sign.value(),
        };
        let (mut corrected, mut introduced) = (Vec::new(), Vec::new());
        for &row in self.of.get(&regulator).map_or(&[][..], Vec::as_slice) {
            let Some(seen) = self.data.observed.get(row, target) else { continue };
            let Some(&(_, direction)) = self.data.perturbations[row].changes().first() else { continue };
            let before = self.read.get(row, target) == Some(seen);
            let after = Response::from_value(says * direction.value()) == Some(seen);
            let entry = Entry { perturbation: row as u32, gene: target };
            match (before, after) {
                (false, true) => corrected.push(entry),
                (true, false) => introduced.push(entry),
                _ => {}
            }
        }
        (corrected, introduced)
    }
}
