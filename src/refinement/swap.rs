//! Swaps: one revision is taken back and another made in its place, both at once.
//!
//! A stand-in holds its place against any single revision where the right one would correct the same entries: each alone
//! loses, together they gain.

use std::cmp::Reverse;

use super::alternatives::near;
use super::arcs::Edit;
use super::commit::Search;
use super::{Action, gene};
use crate::biology::{GeneId, Regulation, RevisionKind, Sign};
use crate::progress::Progress;

/// Revisions tried in place of one.
const TRIED: usize = 128;
/// Up to this many possible ends of a regulation all are tried, above only those near the revision.
const FEW_GENES: usize = 24;

/// Accepts swaps that lower the exact objective, the revisions first that are held least; how many. What is tried is taken
/// off the allowance.
pub(super) fn swap(search: &mut Search<'_>, allowed: &mut usize, progress: &dyn Progress) -> usize {
    let mut accepted = 0;
    if *allowed == 0 {
        return accepted;
    }
    for action in by_hold(search, progress) {
        if *allowed == 0 || progress.is_cancelled() {
            break;
        }
        if !search.is_in_force(action) {
            continue;
        }
        let mut others = in_place_of(search, action);
        others.truncate(*allowed);
        *allowed -= others.len();
        if let Some(other) = best(search, action, &others) {
            search.accept(action.reversed());
            search.accept(other);
            accepted += 1;
        }
    }
    accepted
}

/// The revisions in force, those first that cost least to take back.
fn by_hold(search: &mut Search<'_>, progress: &dyn Progress) -> Vec<Action> {
    let actions = search.actions();
    let undone: Vec<_> = actions.iter().map(|action| action.reversed()).collect();
    let mut nets: Vec<_> = search.nets(&undone, progress).into_iter().zip(actions).collect();
    nets.sort_unstable_by_key(|&(net, action)| (Reverse(net), action));
    nets.into_iter().map(|(_, action)| action).collect()
}

/// The action that gains most in place of another, if any does.
fn best(search: &mut Search<'_>, action: Action, others: &[Action]) -> Option<Action> {
    let undo = action.reversed().edits();
    let both = |other: &Action| -> Vec<Edit> { undo.iter().copied().chain(other.edits()).collect() };
    let edits: Vec<_> = others.iter().map(both).collect();
    let gains = search.state.gains(&edits);
    let freed = search.cost(action);
    let nets =
        others.iter().zip(gains).map(|(&other, gain)| (gain.total() + freed - search.cost(other), Reverse(other)));
    nets.max().filter(|&(net, _)| net > 0).map(|(_, Reverse(other))| other)
}

/// Revisions that might do what `action` does: those near it, what the rows that it corrects say of their own perturbed
/// genes, and, of few genes, all that share an end with it.
fn in_place_of(search: &mut Search<'_>, action: Action) -> Vec<Action> {
    let Regulation { regulator, target, .. } = action.regulation;
    let mut others = near(search, action);
    let added = |regulator: GeneId, target: GeneId| {
        Sign::BOTH
            .map(|sign| Action { kind: RevisionKind::Added, regulation: Regulation::new(regulator, target, sign) })
    };
    let n_genes = search.original.n_genes();
    if n_genes <= FEW_GENES {
        others.extend(search.regulators().iter().flat_map(|&other| added(gene(other), target)));
        others.extend((0..n_genes).flat_map(|other| added(regulator, GeneId::new(other))));
    } else {
        let effects = search.state.effects(&action.reversed().edits());
        for effect in effects.iter().filter(|effect| effect.weight < 0).take(TRIED / 8) {
            let starts = &search.state.rows[effect.entry.perturbation as usize].starts;
            others.extend(starts.iter().flat_map(|&start| added(gene(start / 2), target)));
            others.extend(added(regulator, effect.entry.gene));
        }
    }
    others.sort_unstable();
    others.dedup();
    others.retain(|&other| {
        let Regulation { regulator, target, .. } = other.regulation;
        regulator != target && !search.is_revised((regulator, target)) && search.is_open(other)
    });
    others.truncate(TRIED);
    others
}
