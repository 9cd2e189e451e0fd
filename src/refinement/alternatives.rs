//! Other revisions that explain the same entries as well: what these data cannot tell apart.
//!
//! A revision is taken back, each alternative near it is tried in its place on the exact objective, and the revision is
//! put in force again.

use super::arcs::Arc;
use super::commit::Search;
use super::exact::UNIT;
use super::{Action, gene};
use crate::biology::{Entry, GeneId, Regulation, Revision, RevisionKind, RevisionStatus, Sign};
use crate::progress::Progress;

/// Weight of the objective by which an alternative may fall short: half a measured entry.
const TOLERANCE: i64 = UNIT / 2;
/// Regulators or targets of one gene that are tried.
const NEIGHBOURS: usize = 32;
/// Alternatives and mediators named for one revision.
const NAMED: usize = 8;
/// The best supported revisions for which alternatives are looked for.
const LOOKED_AT: usize = 500;

/// A revision that might do as well, and the gene by way of which its regulator would act, if any.
type Candidate = (Action, Option<GeneId>);

/// Names the alternatives of each revision. An alternative corrects at least half of the measured entries that the revision
/// corrects, and leaves the objective at most half an entry higher.
pub(super) fn name_alternatives(search: &mut Search<'_>, revisions: &mut [Revision], progress: &dyn Progress) {
    progress.begin("look for alternatives", revisions.len().min(LOOKED_AT) as u64);
    for revision in revisions.iter_mut().take(LOOKED_AT) {
        if progress.is_cancelled() {
            return;
        }
        if !revision.evidence.corrected.is_empty() {
            name_those_of(search, revision);
        }
        progress.advance(1);
    }
}

fn name_those_of(search: &mut Search<'_>, revision: &mut Revision) {
    let action = Action { kind: revision.kind, regulation: revision.regulation };
    let applied = revision.status == RevisionStatus::Applied;
    if applied {
        search.accept(action.reversed());
    }
    let mut found = equals(search, action, &revision.evidence.corrected);
    if applied {
        search.accept(action);
    }
    let mut mediators: Vec<_> = found.iter().filter_map(|&(_, (_, mediator))| mediator).collect();
    mediators.sort_unstable();
    mediators.dedup();
    mediators.truncate(NAMED);
    found.truncate(NAMED);
    revision.evidence.alternatives = found.into_iter().map(|(_, (other, _))| (other.kind, other.regulation)).collect();
    revision.evidence.mediators = mediators;
}

/// Candidates that do as well as `action` in the present network, best first, with their net gains.
fn equals(search: &mut Search<'_>, action: Action, corrected: &[Entry]) -> Vec<(i64, Candidate)> {
    let candidates = candidates(search, action);
    let edits: Vec<_> =
        std::iter::once(action).chain(candidates.iter().map(|&(other, _)| other)).map(Action::edits).collect();
    let gains = search.state.gains(&edits);
    let least = search.net(action, gains[0]) - TOLERANCE;
    let nets = candidates.into_iter().zip(&gains[1..]);
    let nets = nets.map(|(candidate, &gain)| (search.net(candidate.0, gain), candidate));
    let mut found: Vec<_> = nets.filter(|&(net, _)| net >= least).collect();
    found.retain(|(_, (other, _))| 2 * shared(search, *other, corrected) >= corrected.len());
    found.sort_by_key(|&(net, (other, _))| (std::cmp::Reverse(net), other));
    found
}

/// How many of these measured entries another revision would correct.
fn shared(search: &mut Search<'_>, other: Action, corrected: &[Entry]) -> usize {
    let effects = search.state.effects(&other.edits());
    let corrects = effects.iter().filter(|effect| effect.measured && effect.weight > 0);
    corrects.filter(|effect| corrected.binary_search(&effect.entry).is_ok()).count()
}

/// Revisions near `action` that might do what it does, sorted.
pub(super) fn near(search: &Search<'_>, action: Action) -> Vec<Action> {
    candidates(search, action).into_iter().map(|(other, _)| other).collect()
}

/// Revisions near `action`, sorted: of the regulations into its target, and, for what it adds, of those that would lead to
/// the target by way of a known regulation; for what it retracts, of the regulations before and after it.
fn candidates(search: &Search<'_>, action: Action) -> Vec<Candidate> {
    let Regulation { regulator, target, .. } = action.regulation;
    let arcs = &search.state.arcs;
    let into = |end: GeneId| -> Vec<Arc> { arcs.regulators[end.index()].iter().take(NEIGHBOURS).copied().collect() };
    let out_of = |end: GeneId| -> Vec<Arc> { arcs.targets[end.index()].iter().take(NEIGHBOURS).copied().collect() };
    let mut found: Vec<Candidate> = into(target).into_iter().flat_map(|arc| retractions(arc, target, true)).collect();
    let gained = match action.kind {
        RevisionKind::Added => Some(action.regulation.sign),
        RevisionKind::SignFlipped => Some(action.regulation.sign.opposite()),
        RevisionKind::Removed => None,
    };
    if action.kind != RevisionKind::Added {
        found.extend(into(regulator).into_iter().flat_map(|arc| retractions(arc, regulator, true)));
        found.extend(out_of(target).into_iter().flat_map(|arc| retractions(arc, target, false)));
    }
    if let Some(sign) = gained {
        let added = |regulator, target, arc: Arc, mediator| {
            let regulation = Regulation::new(regulator, target, sign.times(sign_of(arc)));
            (Action { kind: RevisionKind::Added, regulation }, mediator)
        };
        let mediates = |arc: Arc| (action.kind == RevisionKind::Added).then(|| gene(arc.gene));
        found.extend(into(target).into_iter().map(|arc| added(regulator, gene(arc.gene), arc, mediates(arc))));
        found.extend(out_of(regulator).into_iter().map(|arc| added(gene(arc.gene), target, arc, mediates(arc))));
        found.extend(into(regulator).into_iter().map(|arc| added(gene(arc.gene), target, arc, None)));
        found.extend(out_of(target).into_iter().map(|arc| added(regulator, gene(arc.gene), arc, None)));
    }
    found.retain(|&(other, _)| {
        let Regulation { regulator, target, .. } = other.regulation;
        other != action && regulator != target && search.is_valid(other) && !search.is_revised((regulator, target))
    });
    // With a mediator before without one, so that the mediator is kept.
    found.sort_unstable_by_key(|&(other, mediator)| (other, mediator.is_none(), mediator));
    found.dedup_by_key(|(other, _)| *other);
    found
}

/// Removal and flip of the regulation between a gene and the end of an arc, which leads into the gene or out of it.
fn retractions(arc: Arc, end: GeneId, into: bool) -> [Candidate; 2] {
    let (regulator, target) = if into { (gene(arc.gene), end) } else { (end, gene(arc.gene)) };
    let regulation = Regulation::new(regulator, target, sign_of(arc));
    [RevisionKind::Removed, RevisionKind::SignFlipped].map(|kind| (Action { kind, regulation }, None))
}

const fn sign_of(arc: Arc) -> Sign {
    Sign::BOTH[arc.turn as usize]
}
