//! Evidence for each revision: what it mends and breaks, and how stable it is.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Action;
use super::commit::Search;
use super::exact::{Effect, UNIT};
use crate::biology::{Evidence, Revision, RevisionStatus};

/// The revisions in force and those proposed, with their evidence, best supported first.
pub(super) fn revisions(search: &mut Search<'_>, proposed: &[Action], resamples: &Resamples) -> Vec<Revision> {
    let mut revisions = Vec::new();
    for action in search.actions() {
        let mut effects = search.state.effects(&action.reversed().edits());
        effects.iter_mut().for_each(|effect| effect.weight = -effect.weight);
        revisions.push(revision(search, action, RevisionStatus::Applied, &effects, resamples));
    }
    for &action in proposed {
        let effects = search.state.effects(&action.edits());
        revisions.push(revision(search, action, RevisionStatus::Proposed, &effects, resamples));
    }
    revisions.sort_by(|a, b| {
        let support = b.evidence.objective_drop.total_cmp(&a.evidence.objective_drop);
        a.status.cmp(&b.status).then(support).then(a.regulation.cmp(&b.regulation)).then(a.kind.cmp(&b.kind))
    });
    revisions
}

fn revision(
    search: &Search<'_>,
    action: Action,
    status: RevisionStatus,
    effects: &[Effect],
    resamples: &Resamples,
) -> Revision {
    let entries = |mends: bool| {
        let chosen = effects.iter().filter(|effect| effect.measured && (effect.weight > 0) == mends);
        chosen.map(|effect| effect.entry).collect()
    };
    let total: i64 = effects.iter().map(|effect| effect.weight).sum();
    let predicted: i64 = effects.iter().filter(|effect| !effect.measured).map(|effect| effect.weight).sum();
    let cost = search.cost(action);
    let evidence = Evidence {
        mended: entries(true),
        broken: entries(false),
        predicted: in_entries(predicted),
        objective_drop: in_entries(total - cost),
        stability: resamples.stability(effects, cost),
        ..Evidence::default()
    };
    Revision { kind: action.kind, regulation: action.regulation, status, evidence }
}

/// Weight of a broken entry in the [`support`] of a revision.
///
/// What is right breaks an entry only where a label is wrong; a fault mended in the wrong place breaks many.
const BROKEN: i64 = 4;

/// How well measured entries support a revision: those mended, less four times those broken, less its cost; nothing at
/// all if they do not pay that cost.
pub(super) fn support(mended: usize, broken: usize, cost: i64) -> Option<i64> {
    let (mended, broken) = (mended as i64 * UNIT, broken as i64 * UNIT);
    (mended - broken > cost).then_some(mended - BROKEN * broken - cost)
}

/// The [`support`] of a revision with evidence.
pub(super) fn support_of(search: &Search<'_>, revision: &Revision) -> Option<i64> {
    let cost = search.cost(Action { kind: revision.kind, regulation: revision.regulation });
    support(revision.evidence.mended.len(), revision.evidence.broken.len(), cost)
}

fn in_entries(weight: i64) -> f64 {
    weight as f64 / UNIT as f64
}

/// How often each row is drawn in each bootstrap resample; rows of one gene set are drawn together.
pub(super) struct Resamples {
    draws: Vec<Vec<u16>>,
}

impl Resamples {
    pub fn draw(search: &Search<'_>) -> Self {
        let rows = &search.state.rows;
        let key = |row: usize| (rows[row].measured, rows[row].starts.clone());
        let mut order: Vec<_> = (0..rows.len()).collect();
        order.sort_by_key(|&row| key(row));
        let sets: Vec<&[usize]> = order.chunk_by(|&a, &b| key(a) == key(b)).collect();
        // A stream of its own: the simulations must not shift it.
        let mut generator = ChaCha8Rng::seed_from_u64(search.config.seed ^ 0x5743_4b42_4f4f_5453);
        let mut draws = Vec::with_capacity(search.config.bootstraps);
        for _ in 0..search.config.bootstraps {
            let mut counts = vec![0; rows.len()];
            for _ in 0..sets.len() {
                for &row in sets[generator.random_range(0..sets.len())] {
                    counts[row] += 1;
                }
            }
            draws.push(counts);
        }
        Self { draws }
    }

    /// Share of resamples in which the measured effects outweigh the cost; `None` without resamples.
    pub fn stability(&self, effects: &[Effect], cost: i64) -> Option<f64> {
        let pays = |counts: &&Vec<u16>| {
            let drawn = |effect: &Effect| effect.weight * i64::from(counts[effect.entry.perturbation as usize]);
            effects.iter().filter(|effect| effect.measured).map(drawn).sum::<i64>() > cost
        };
        let found = self.draws.iter().filter(pays).count();
        (!self.draws.is_empty()).then(|| found as f64 / self.draws.len() as f64)
    }
}
