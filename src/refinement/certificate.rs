//! How good the network is that the search ended with: whether any single revision would still better it.
//!
//! Retractions and undos are few, and each is evaluated exactly. Additions are nearly as many as pairs of genes; most
//! are ruled out by what they could correct at most, and of the rest as many are evaluated as the configuration allows.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::arcs::UNREACHED;
use super::commit::{Search, weight};
use super::course::Course;
use super::exact::{ExactState, Gain, Row, UNIT};
use super::swap::swap;
use super::{Action, gene};
use crate::biology::{Regulation, RevisionKind, Sign};
use crate::progress::Progress;
use crate::symbolic::Reading;

/// Rounds of sweeping, each after one that bettered the network, before a search is left uncertified.
const MOST_SWEEPS: usize = 16;
/// Net loss up to which an action is tried again within a sweep.
const NEAR: i64 = 16 * UNIT;
/// Targets whose additions are bounded between two looks at the clock.
const TARGETS: usize = 64;

/// What is known of the network that a search ended with, before those of its revisions were retracted that are too
/// seldom found again or whose q-value is too large.
///
/// It speaks of single revisions that the configuration allows: of regulations that are not locked, by genes that may
/// become regulators, within the largest number of revisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Certificate {
    /// No single addition, removal, flip or undo lowers the exact objective; or every measured entry agrees with the
    /// knowledge, so that none is sought.
    LocalOptimum,
    /// No removal, flip or undo does, but this many additions were neither ruled out nor tried.
    AdditionsUntried {
        /// Their number, at least 1.
        untried: u64,
    },
    /// Nothing was shown: the search was stopped, was still finding revisions at its last pass, or was not to be certified.
    #[default]
    Uncertified,
}

impl Certificate {
    /// True if no single revision among those tried or ruled out would lower the objective further.
    #[must_use]
    pub const fn settled(self) -> bool {
        !matches!(self, Self::Uncertified)
    }

    /// Additions neither ruled out nor tried, `None` without a certificate.
    #[must_use]
    pub const fn additions_untried(self) -> Option<u64> {
        match self {
            Self::LocalOptimum => Some(0),
            Self::AdditionsUntried { untried } => Some(untried),
            Self::Uncertified => None,
        }
    }
}

impl Search<'_> {
    /// Anneals, then tries every single revision that could still better the network.
    pub fn run(&mut self, course: Course<'_>, progress: &dyn Progress) -> Certificate {
        self.anneal(course, progress);
        if progress.is_cancelled() { Certificate::Uncertified } else { certify(self, progress) }
    }
}

/// Tries every single revision that could better the network, and swaps, accepts those that do, and so on until none does.
///
/// The allowance in [`RefinementConfig::evaluations`](super::RefinementConfig::evaluations) holds for all swaps together and
/// for the additions of each sweep.
fn certify(search: &mut Search<'_>, progress: &dyn Progress) -> Certificate {
    let most = search.config.evaluations;
    let mut swaps = most;
    if most == 0 {
        return Certificate::Uncertified;
    }
    for sweep in 0..MOST_SWEEPS {
        let retracted = accept_all(search, &retractions(search), progress);
        let swapped = if retracted > 0 { 0 } else { swap(search, &mut swaps, progress) };
        if progress.is_cancelled() {
            return Certificate::Uncertified;
        }
        tracing::debug!(sweep, retracted, swapped, swaps_left = swaps);
        if retracted + swapped > 0 {
            continue;
        }
        let Some(open) = open_additions(search, most, progress) else { return Certificate::Uncertified };
        let added = accept_all(search, &open.actions, progress);
        if progress.is_cancelled() {
            return Certificate::Uncertified;
        }
        tracing::debug!(sweep, open = open.number, tried = open.actions.len(), added);
        if added == 0 {
            return match open.number - open.actions.len() as u64 {
                0 => Certificate::LocalOptimum,
                untried => Certificate::AdditionsUntried { untried },
            };
        }
    }
    Certificate::Uncertified
}

/// Accepts those of these actions that better the network, best first; how many. Those that do something and nearly
/// better it are tried again after each round, for what was accepted may have made room for them.
fn accept_all(search: &mut Search<'_>, actions: &[Action], progress: &dyn Progress) -> usize {
    let gains = search.gains(actions, progress);
    let is_near = |gain: Gain, action: Action| {
        let net = search.net(action, gain);
        net > 0 || net > -NEAR && gain.total() != 0
    };
    let judged = actions.iter().copied().zip(gains);
    let near: Vec<_> = judged.filter(|&(action, gain)| is_near(gain, action)).map(|(action, _)| action).collect();
    let mut accepted = 0;
    loop {
        let open: Vec<_> = near.iter().copied().filter(|&action| search.is_open(action)).collect();
        let better = search.evaluated(&open, progress);
        match search.accept_best(better, progress) {
            0 => return accepted,
            more => accepted += more,
        }
    }
}

/// Every removal and flip, and every addition between two genes whose regulations were revised already.
fn retractions(search: &Search<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    for (regulator, list) in search.state.arcs.targets.iter().enumerate() {
        for arc in list {
            let sign = Sign::BOTH[usize::from(arc.turn)];
            let regulation = Regulation::new(gene(regulator as u32), gene(arc.gene), sign);
            let kinds = [RevisionKind::Removed, RevisionKind::SignFlipped];
            actions.extend(kinds.map(|kind| Action { kind, regulation }));
        }
    }
    for (regulator, target) in search.revised_pairs() {
        let regulations = Sign::BOTH.map(|sign| Regulation::new(regulator, target, sign));
        actions.extend(regulations.map(|regulation| Action { kind: RevisionKind::Added, regulation }));
    }
    actions.retain(|&action| search.is_open(action));
    actions
}

/// Additions that are not ruled out: their number, and the most promising of them.
pub(super) struct OpenAdditions {
    pub number: u64,
    pub actions: Vec<Action>,
}

/// The additions that might gain more than their cost, `None` if stopped.
///
/// ```text
/// gain(i → j)  ≤  Σ_rows Σ_genes weight · [d(i) + 1 + dist(j, gene) ≤ latest]
/// ```
/// over the wrong entries that one more walk could correct, where `d(i)` is the least depth at which the row reaches `i`,
/// `dist` the least number of steps, and `latest` the depth by which the walk must arrive. Neither can shrink by adding
/// `i → j` itself: a shortest walk to `i`, or from `j`, does not take that step.
pub(super) fn open_additions(search: &Search<'_>, most: usize, progress: &dyn Progress) -> Option<OpenAdditions> {
    let bounds = Bounds::of(search);
    let price = weight(search.config.add_cost);
    let targets: Vec<_> = (0..search.state.arcs.targets.len()).collect();
    let (mut number, mut kept) = (0, Vec::<(i64, Action)>::new());
    for targets in targets.chunks(TARGETS) {
        if progress.is_cancelled() {
            return None;
        }
        let open: Vec<Vec<_>> = targets.par_iter().map(|&target| bounds.open_into(search, target, price)).collect();
        for open in open {
            number += open.len() as u64;
            kept.extend(open);
        }
        if kept.len() > 2 * most {
            keep_best(&mut kept, most);
        }
    }
    keep_best(&mut kept, most);
    Some(OpenAdditions { number, actions: kept.into_iter().map(|(_, action)| action).collect() })
}

fn keep_best(open: &mut Vec<(i64, Action)>, most: usize) {
    open.sort_unstable_by_key(|&(bound, action)| (std::cmp::Reverse(bound), action));
    open.truncate(most);
}

/// A wrong entry that one more walk could correct.
struct Correctable {
    /// Its row, among those with any.
    row: u32,
    weight: i64,
    latest: u8,
}

/// What is needed to bound the gain of any addition.
struct Bounds {
    /// By gene.
    correctable: Vec<Vec<Correctable>>,
    /// By row with any correctable entry: the possible regulators (by place) it reaches, with the least depth.
    reached: Vec<Vec<(u32, u8)>>,
}

impl Bounds {
    fn of(search: &Search<'_>) -> Self {
        let state = &search.state;
        let n_genes = state.arcs.targets.len();
        let of_row = |row: &Row| -> Vec<(usize, i64, u8)> {
            let entry = |gene| latest_correction(row, gene, state).map(|latest| (gene, row.weight(gene), latest));
            (0..n_genes).filter_map(entry).collect()
        };
        let entries: Vec<_> = state.rows.par_iter().map(of_row).collect();
        let rows = || state.rows.iter().zip(&entries).filter(|(_, entries)| !entries.is_empty());
        let mut correctable: Vec<Vec<Correctable>> = (0..n_genes).map(|_| Vec::new()).collect();
        for (row, (_, entries)) in rows().enumerate() {
            for &(gene, weight, latest) in entries {
                correctable[gene].push(Correctable { row: row as u32, weight, latest });
            }
        }
        let reached = |row: &Row| -> Vec<(u32, u8)> {
            let depths = search.regulators().iter().map(|&gene| row.depth(gene as usize));
            let within = |&(_, depth): &(usize, u8)| usize::from(depth) < state.depth;
            depths.enumerate().filter(within).map(|(place, depth)| (place as u32, depth)).collect()
        };
        let rows: Vec<_> = rows().map(|(row, _)| row).collect();
        Self { correctable, reached: rows.par_iter().map(|row| reached(row)).collect() }
    }

    /// Additions into one target whose bound is above the price, with the bound.
    fn open_into(&self, search: &Search<'_>, target: usize, price: i64) -> Vec<(i64, Action)> {
        let depth = search.state.depth;
        let mut sums = vec![0; self.reached.len() * depth];
        let mut total = 0;
        for (place, distance) in downstream(&search.state, target) {
            for entry in &self.correctable[place] {
                // The latest depth at which the regulator may be reached.
                if let Some(latest) = entry.latest.checked_sub(1 + distance) {
                    sums[entry.row as usize * depth + usize::from(latest)] += entry.weight;
                    total += entry.weight;
                }
            }
        }
        if total <= price {
            return Vec::new();
        }
        let mut bounds = vec![0; search.regulators().len()];
        for (sums, reached) in sums.chunks_mut(depth).zip(&self.reached) {
            for latest in (1..depth).rev() {
                sums[latest - 1] += sums[latest];
            }
            if sums[0] > 0 {
                reached.iter().for_each(|&(place, depth)| bounds[place as usize] += sums[usize::from(depth)]);
            }
        }
        let target = gene(target as u32);
        let regulators = search.regulators().iter().map(|&regulator| gene(regulator));
        let open = regulators.zip(bounds).filter(|&(regulator, bound)| bound > price && regulator != target);
        let unrevised = open.filter(|&(regulator, _)| !search.is_revised((regulator, target)));
        let both = unrevised.flat_map(|(regulator, bound)| {
            let added =
                |sign| Action { kind: RevisionKind::Added, regulation: Regulation::new(regulator, target, sign) };
            Sign::BOTH.map(|sign| (bound, added(sign)))
        });
        both.filter(|&(_, action)| search.is_open(action)).collect()
    }
}

/// The latest depth at which one more walk could correct the entry of a gene; `None` if it is right, or no walk can.
fn latest_correction(row: &Row, gene: usize, state: &ExactState) -> Option<u8> {
    let wanted = row.wrong(gene, state.reading)?;
    let deepest = state.depth as u8;
    let (positive, negative) = (row.depths[2 * gene], row.depths[2 * gene + 1]);
    let opposite = if wanted == 2 { negative } else { positive };
    match (state.reading, wanted) {
        // Walks of both signs must arrive at once.
        (Reading::Nearest, 1) => Some(positive.min(negative)),
        // The walk must come before those of the opposite sign.
        (Reading::Nearest, _) => opposite.min(deepest + 1).checked_sub(1),
        // Once both signs reach a gene it stays ambiguous.
        (Reading::Naive, 0 | 2) if opposite < UNREACHED => None,
        _ => Some(deepest),
    }
}

/// Genes within reach of a regulation into `target`, with their distance from it.
fn downstream(state: &ExactState, target: usize) -> Vec<(usize, u8)> {
    let mut seen = vec![false; state.arcs.targets.len()];
    seen[target] = true;
    let mut found = vec![(target, 0)];
    let mut next = 0;
    while let Some(&(place, distance)) = found.get(next) {
        next += 1;
        if usize::from(distance) + 1 >= state.depth {
            break;
        }
        for arc in &state.arcs.targets[place] {
            if !std::mem::replace(&mut seen[arc.gene as usize], true) {
                found.push((arc.gene as usize, distance + 1));
            }
        }
    }
    found
}
