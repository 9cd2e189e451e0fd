//! Which revisions are worth an exact evaluation: a first-order look-ahead on the discrete network.
//!
//! For every row and every state (gene, sign) it asks what the row would gain if a walk of that sign arrived at that
//! gene at depth `d`, and what it would gain if the state vanished or turned, all else unchanged. The gain of an absent
//! regulation is then a sum over rows of two table look-ups; nothing is ever genes × genes.

use std::ops::Range;

use rayon::prelude::*;

use super::arcs::{Arc, UNREACHED};
use super::exact::{ExactState, Row, class_of, only_nearest};
use super::{Action, gene};
use crate::biology::{Regulation, RevisionKind, Sign};
use crate::network::RegulatoryNetwork;
use crate::progress::Progress;
use crate::symbolic::Reading;

/// Look-ups that one screening of absent regulations may take; the most promising targets come first.
const LOOK_UPS: usize = 20_000_000_000;
/// Bytes that the look-up tables of one screening may take.
pub(crate) const TABLE_BYTES: usize = 256 << 20;
/// Rows that are looked ahead in side by side.
const LANES: usize = 16;
const SIGNS: [Sign; 2] = Sign::BOTH;

/// Bytes that looking ahead in one block of rows takes for each gene: gains by depth and by class, depths, flags.
pub(crate) const fn look_ahead_bytes(depth: usize) -> usize {
    LANES * (8 * depth + 3 * 4 + 2) + 5
}

/// Limits of one screening.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Gain below which an addition is not worth trying, in weight.
    pub least_gain: i64,
    /// Candidates of each kind to return.
    pub candidates: usize,
}

/// Candidate additions, removals and flips, most promising first within each kind; only some of them if stopped.
pub(super) fn propose(state: &ExactState, regulators: &[u32], limits: Limits, progress: &dyn Progress) -> Vec<Action> {
    let mut actions = retractions(state, limits, progress);
    actions.extend(additions(state, regulators, limits, progress));
    actions.extend(direct(state, limits, progress));
    actions.sort_unstable();
    actions.dedup();
    actions
}

/// Genes that may become regulators: those with another target now or in the original, and the perturbed ones.
pub(super) fn known_regulators(network: &RegulatoryNetwork, rows: &[Row]) -> Vec<u32> {
    let mut regulators: Vec<_> = network.regulators().map(|gene| gene.index() as u32).collect();
    regulators.extend(rows.iter().flat_map(|row| row.starts.iter().map(|&start| start / 2)));
    regulators.sort_unstable();
    regulators.dedup();
    regulators
}

// ---- additions ------------------------------------------------------------------------------------------------------

/// What each row of a block would gain if a walk arrived: `[depth − 1][2 · gene + sign][row]`.
struct Arrivals {
    gains: Vec<Vec<[i32; LANES]>>,
}

impl Arrivals {
    /// Of at most [`LANES`] rows, side by side: each regulation is followed once for all of them.
    fn look_ahead(rows: &[&Row], state: &ExactState) -> Self {
        let n_genes = state.arcs.targets.len();
        // Walks that share descendants count them several times; no arrival can correct or introduce more than there is.
        let mut limits = [(0, 0); LANES];
        for (limit, row) in limits.iter_mut().zip(rows) {
            let (right, wrong) = row.agreement(state.reading);
            *limit = (-right, wrong);
        }
        let (reached, by_class) = (reached_depths(rows, n_genes), gains_by_class(rows, state));
        let scored: Vec<_> = by_class.iter().map(|gains| *gains != [[0; LANES]; 3]).collect();
        let mut gains = vec![vec![[0; LANES]; 2 * n_genes]; state.depth];
        let mut moved = vec![false; 2 * n_genes];
        let nearest = only_nearest(state.reading);
        for depth in (1..=state.depth).rev() {
            let (shallower, deeper) = gains.split_at_mut(depth);
            let mut moved_here = vec![false; 2 * n_genes];
            for place in 0..2 * n_genes {
                let (target, sign) = (place / 2, place % 2);
                let other = &reached[place ^ 1];
                // Whatever arrives later than a walk of the other sign, and all that follows from it, gains nothing.
                let in_time = |lane: usize| !nearest || usize::from(other[lane]) >= depth;
                let open: [bool; LANES] =
                    std::array::from_fn(|lane| usize::from(reached[place][lane]) > depth && in_time(lane));
                if !open.contains(&true) {
                    continue;
                }
                let mut sums = [0; LANES];
                if let Some(deeper) = deeper.first() {
                    add_onward(&mut sums, &state.arcs.targets[target], sign, deeper, &moved);
                }
                if scored[target] {
                    add_arrivals(&mut sums, &by_class[target], other, (sign, depth as u8), state.reading);
                }
                let here = &mut shallower[depth - 1][place];
                for lane in 0..LANES {
                    let (least, most) = limits[lane];
                    here[lane] = if open[lane] { sums[lane].clamp(least, most) as i32 } else { 0 };
                }
                moved_here[place] = *here != [0; LANES];
            }
            moved = moved_here;
        }
        Self { gains }
    }

    /// The most that any arrival at `target` gains, summed over the rows.
    fn best(&self, target: usize) -> i64 {
        let mut best = [0; LANES];
        for gains in self.gains.iter().flat_map(|here| &here[2 * target..2 * target + 2]) {
            best.iter_mut().zip(gains).for_each(|(best, &gain)| *best = gain.max(*best));
        }
        best.into_iter().map(i64::from).sum()
    }
}

/// Least depth of each state in each row, 0 where no walk may enter.
fn reached_depths(rows: &[&Row], n_genes: usize) -> Vec<[u8; LANES]> {
    let mut reached = vec![[0; LANES]; 2 * n_genes];
    for (lane, row) in rows.iter().enumerate() {
        for (place, reached) in reached.iter_mut().enumerate().filter(|(place, _)| !row.clamps(place / 2)) {
            reached[lane] = row.depths[place];
        }
    }
    reached
}

/// What each row would gain if a gene were of another class than now: `[gene][class][row]`.
fn gains_by_class(rows: &[&Row], state: &ExactState) -> Vec<[[i32; LANES]; 3]> {
    let mut by_class = vec![[[0; LANES]; 3]; state.arcs.targets.len()];
    for (lane, row) in rows.iter().enumerate() {
        for (gene, by_class) in by_class.iter_mut().enumerate().filter(|&(gene, _)| row.weight(gene) > 0) {
            let present = row.class(gene, state.reading);
            for (class, gains) in (0..).zip(by_class) {
                gains[lane] = row.gain(gene, present, class) as i32;
            }
        }
    }
    by_class
}

/// Adds what each row gains in a gene by a walk of one sign at `depth`, where those of the other sign arrive as `other` says.
fn add_arrivals(
    sums: &mut [i64; LANES],
    by_class: &[[i32; LANES]; 3],
    other: &[u8; LANES],
    (sign, depth): (usize, u8),
    reading: Reading,
) {
    let (first, last) = if sign == 0 { (&by_class[2], &by_class[0]) } else { (&by_class[0], &by_class[2]) };
    let conflicts = matches!(reading, Reading::Naive);
    for lane in 0..LANES {
        let both = other[lane] == depth || conflicts && other[lane] < UNREACHED;
        let gain = if both {
            by_class[1][lane]
        } else if depth < other[lane] {
            first[lane]
        } else {
            last[lane]
        };
        sums[lane] += i64::from(gain);
    }
}

fn add_onward(sums: &mut [i64; LANES], arcs: &[Arc], sign: usize, deeper: &[[i32; LANES]], moved: &[bool]) {
    for arc in arcs {
        let child = 2 * arc.gene as usize + (sign ^ usize::from(arc.turn));
        if moved[child] {
            sums.iter_mut().zip(&deeper[child]).for_each(|(sum, &gain)| *sum += i64::from(gain));
        }
    }
}

fn additions(state: &ExactState, regulators: &[u32], limits: Limits, progress: &dyn Progress) -> Vec<Action> {
    // A row that agrees throughout has nothing to gain; what it may lose is left to the exact evaluation.
    let rows: Vec<_> = state.rows.par_iter().filter(|row| row.agreement(state.reading).1 > 0).collect();
    let reached: Vec<_> = rows.par_iter().map(|row| Reached::of(row, regulators, state.depth)).collect();
    let look_ups = reached.iter().map(|reached| reached.places.len()).sum();
    let targets = promising_targets(state, &rows, look_ups, limits.least_gain, progress);
    let in_memory = TABLE_BYTES / (rows.len() * state.depth * 8).max(1);
    let mut found = Vec::new();
    for targets in targets.chunks(in_memory.max(1)) {
        if progress.is_cancelled() {
            break;
        }
        let tables = arrival_tables(state, &rows, targets);
        found.par_extend(targets.par_iter().enumerate().flat_map_iter(|(index, &target)| {
            if progress.is_cancelled() {
                return Vec::new();
            }
            let gains = screen_target(state, &tables, &reached, regulators.len(), (index, targets.len()));
            worthwhile(state, regulators, target, &gains, limits.least_gain)
        }));
    }
    found.sort_unstable_by_key(|&(gain, action)| (std::cmp::Reverse(gain), action));
    found.truncate(limits.candidates);
    found.into_iter().map(|(_, action)| action).collect()
}

/// Targets into which some addition may gain more than the least, the most promising first, as many as there is time for.
fn promising_targets(
    state: &ExactState,
    rows: &[&Row],
    look_ups: usize,
    least_gain: i64,
    progress: &dyn Progress,
) -> Vec<u32> {
    let n_genes = state.arcs.targets.len();
    let potential = rows
        .par_chunks(LANES)
        .filter(|_| !progress.is_cancelled())
        .fold(
            || vec![0i64; n_genes],
            |mut sums, rows| {
                let arrivals = Arrivals::look_ahead(rows, state);
                for (target, sum) in sums.iter_mut().enumerate() {
                    *sum += arrivals.best(target);
                }
                sums
            },
        )
        .reduce(|| vec![0; n_genes], add_elementwise);
    let mut targets: Vec<_> = (0..n_genes as u32).filter(|&target| potential[target as usize] > least_gain).collect();
    targets.sort_unstable_by_key(|&target| (std::cmp::Reverse(potential[target as usize]), target));
    let kept = (LOOK_UPS / look_ups.max(1)).max(1);
    if targets.len() > kept {
        tracing::debug!(targets = targets.len(), kept, "only the most promising targets are screened");
        targets.truncate(kept);
    }
    targets
}

fn add_elementwise(mut left: Vec<i64>, right: Vec<i64>) -> Vec<i64> {
    for (left, right) in left.iter_mut().zip(right) {
        *left += right;
    }
    left
}

/// Gains by arrival for the chosen targets: `[row][target][depth − 1][sign]`.
fn arrival_tables(state: &ExactState, rows: &[&Row], targets: &[u32]) -> Vec<i32> {
    let width = targets.len() * state.depth * 2;
    let mut tables = vec![0; rows.len() * width];
    tables.par_chunks_mut((LANES * width).max(1)).zip(rows.par_chunks(LANES)).for_each(|(tables, rows)| {
        let arrivals = Arrivals::look_ahead(rows, state);
        for (lane, table) in tables.chunks_mut(width).enumerate() {
            for (slot, &target) in table.chunks_mut(state.depth * 2).zip(targets) {
                for (pair, here) in slot.chunks_mut(2).zip(&arrivals.gains) {
                    let place = 2 * target as usize;
                    pair.copy_from_slice(&[here[place][lane], here[place + 1][lane]]);
                }
            }
        }
    });
    tables
}

/// The possible regulators (by their places in the list) that walks reach early enough in a row to go on from, those
/// together that they reach at the same depths.
struct Reached {
    places: Vec<u32>,
    /// Depths of the positive and the negative walk, `k` where it comes too late, and where in `places` they begin and end.
    groups: Vec<([usize; 2], Range<usize>)>,
}

impl Reached {
    fn of(row: &Row, regulators: &[u32], depth: usize) -> Self {
        let walks = |gene: u32| [0, 1].map(|sign| usize::from(row.depths[2 * gene as usize + sign]).min(depth));
        let mut reached: Vec<_> = regulators.iter().map(|&gene| walks(gene)).zip(0u32..).collect();
        reached.retain(|(walks, _)| walks[0].min(walks[1]) < depth);
        reached.sort_unstable();
        let mut end = 0;
        let group = |same: &[([usize; 2], u32)]| {
            end += same.len();
            (same[0].0, end - same.len()..end)
        };
        let groups = reached.chunk_by(|left, right| left.0 == right.0).map(group).collect();
        Self { places: reached.into_iter().map(|(_, place)| place).collect(), groups }
    }
}

/// First-order gain of an activation and of an inhibition of one target by each possible regulator.
fn screen_target(
    state: &ExactState,
    tables: &[i32],
    reached: &[Reached],
    n_regulators: usize,
    (index, n_targets): (usize, usize),
) -> Vec<[i64; 2]> {
    let slot = state.depth * 2;
    let mut gains = vec![[0; 2]; n_regulators];
    for (row, reached) in reached.iter().enumerate() {
        let table = &tables[(row * n_targets + index) * slot..][..slot];
        if table.iter().all(|&gain| gain == 0) {
            continue;
        }
        let arrival = |walk: usize, sign: usize| table.get(2 * walk + sign).map_or(0, |&gain| i64::from(gain));
        for (walks, places) in &reached.groups {
            let [positive, negative] = *walks;
            let [activation, inhibition] = [0, 1].map(|turn| arrival(positive, turn) + arrival(negative, 1 - turn));
            // What was reached before any walk by this regulator could arrive gains nothing by it: most of a row.
            if (activation, inhibition) == (0, 0) {
                continue;
            }
            for &place in &reached.places[places.clone()] {
                let sums = &mut gains[place as usize];
                sums[0] += activation;
                sums[1] += inhibition;
            }
        }
    }
    gains
}

/// Additions into one target that gain enough; where the other sign is known already, the flip.
fn worthwhile(
    state: &ExactState,
    regulators: &[u32],
    target: u32,
    gains: &[[i64; 2]],
    least: i64,
) -> Vec<(i64, Action)> {
    let mut found = Vec::new();
    for (&regulator, gains) in regulators.iter().zip(gains).filter(|(regulator, _)| **regulator != target) {
        for (sign, &gain) in SIGNS.into_iter().zip(gains).filter(|&(_, &gain)| gain > least) {
            let regulation = Regulation::new(gene(regulator), gene(target), sign);
            found.extend(putting_in(state, regulation).map(|action| (gain, action)));
        }
    }
    found
}

/// The action that puts a regulation in: the flip where the other sign is known; `None` if it is there already.
fn putting_in(state: &ExactState, regulation: Regulation) -> Option<Action> {
    let known = regulation.flipped();
    let action = if state.arcs.contains(known) {
        Action { kind: RevisionKind::SignFlipped, regulation: known }
    } else {
        Action { kind: RevisionKind::Added, regulation }
    };
    (!state.arcs.contains(regulation)).then_some(action)
}

// ---- direct evidence ------------------------------------------------------------------------------------------------

/// Regulations of a perturbed gene itself that would correct one of its responses and gain in its own row, most first: the
/// look-ahead misses some of them, since walks that share descendants count their losses several times.
fn direct(state: &ExactState, limits: Limits, progress: &dyn Progress) -> Vec<Action> {
    let of_row = |row: &Row| -> Vec<(i64, Action)> {
        let &[start] = row.starts.as_slice() else { return Vec::new() };
        let correcting = |target: usize| {
            let wanted = row.wrong(target, state.reading).filter(|&wanted| wanted != 1)?;
            let sign = SIGNS[(start as usize & 1) ^ usize::from(wanted == 0)];
            putting_in(state, Regulation::new(gene(start / 2), gene(target as u32), sign))
        };
        let actions: Vec<_> = (0..state.arcs.targets.len()).filter_map(correcting).collect();
        let edits: Vec<_> = actions.iter().map(|action| action.edits()).collect();
        state.gains_in_row(row, &edits).into_iter().zip(actions).filter(|&(gain, _)| gain > 0).collect()
    };
    let mut found: Vec<_> =
        state.rows.par_iter().filter(|row| row.measured && !progress.is_cancelled()).flat_map_iter(of_row).collect();
    found.sort_unstable_by_key(|&(gain, action)| (std::cmp::Reverse(gain), action));
    found.truncate(limits.candidates);
    found.into_iter().map(|(_, action)| action).collect()
}

// ---- removals and flips ---------------------------------------------------------------------------------------------

/// Blame of each present regulation, in the order of the lists of targets: what would be gained without it, and with
/// its sign turned.
fn retractions(state: &ExactState, limits: Limits, progress: &dyn Progress) -> Vec<Action> {
    let starts: Vec<_> =
        state.arcs.targets.iter().scan(0, |next, list| Some(std::mem::replace(next, *next + list.len()))).collect();
    let n_arcs: usize = state.arcs.targets.iter().map(Vec::len).sum();
    let blame = state
        .rows
        .par_iter()
        .filter(|_| !progress.is_cancelled())
        .fold(
            || vec![0i64; 2 * n_arcs],
            |mut sums, row| {
                blame_row(row, state, &starts, &mut sums);
                sums
            },
        )
        .reduce(|| vec![0; 2 * n_arcs], add_elementwise);
    let mut found = Vec::new();
    for (regulator, list) in state.arcs.targets.iter().enumerate() {
        for (place, arc) in list.iter().enumerate() {
            let slot = 2 * (starts[regulator] + place);
            let regulation = Regulation::new(gene(regulator as u32), gene(arc.gene), SIGNS[usize::from(arc.turn)]);
            let kinds = [RevisionKind::Removed, RevisionKind::SignFlipped];
            let actions = kinds.into_iter().zip([blame[slot], blame[slot] + blame[slot + 1]]);
            found.extend(actions.map(|(kind, gain)| (gain, Action { kind, regulation })));
        }
    }
    found.retain(|&(gain, _)| gain > 0);
    found.sort_unstable_by_key(|&(gain, action)| (std::cmp::Reverse(gain), action));
    found.truncate(2 * limits.candidates);
    found.into_iter().map(|(_, action)| action).collect()
}

/// Charges what a row would gain without (or with the other sign of) each state to the one regulation that supports it;
/// a state that several support is lost by no single revision.
fn blame_row(row: &Row, state: &ExactState, starts: &[usize], sums: &mut [i64]) {
    let n_genes = state.arcs.targets.len();
    let supports = Supports::of(row, state);
    // [gain if the state vanishes, gain on top of that if it turns]
    let mut gains = vec![[0i64; 2]; 2 * n_genes];
    for depth in (1..=state.depth).rev() {
        for target in 0..n_genes {
            for sign in 0..2 {
                if usize::from(row.depths[2 * target + sign]) == depth && !row.clamps(target) {
                    gains[2 * target + sign] = state_gains(row, state, target, sign, &gains, &supports);
                }
            }
        }
    }
    for (regulator, (list, &start)) in state.arcs.targets.iter().zip(starts).enumerate() {
        for sign in 0..2 {
            let depth = row.depths[2 * regulator + sign];
            if usize::from(depth) >= state.depth {
                continue;
            }
            for (place, arc) in list.iter().enumerate() {
                let child = 2 * arc.gene as usize + (sign ^ usize::from(arc.turn));
                if row.depths[child] == depth + 1 && supports.hangs_on_one(child) {
                    let slot = 2 * (start + place);
                    sums[slot] += gains[child][0];
                    sums[slot + 1] += gains[child][1];
                }
            }
        }
    }
}

/// How each state hangs on the regulations into it.
struct Supports {
    /// Regulations by which the state is reached at its depth.
    number: Vec<u32>,
    /// The least depth beyond its own at which another regulation would let a walk arrive.
    next_depth: Vec<u8>,
}

impl Supports {
    fn of(row: &Row, state: &ExactState) -> Self {
        let mut supports = Self { number: vec![0; row.depths.len()], next_depth: vec![UNREACHED; row.depths.len()] };
        for (regulator, list) in state.arcs.targets.iter().enumerate() {
            for sign in 0..2 {
                let depth = row.depths[2 * regulator + sign];
                if usize::from(depth) >= state.depth {
                    continue;
                }
                for arc in list.iter().filter(|arc| !row.clamps(arc.gene as usize)) {
                    let child = 2 * arc.gene as usize + (sign ^ usize::from(arc.turn));
                    if row.depths[child] == depth + 1 {
                        supports.number[child] += 1;
                    } else {
                        supports.next_depth[child] = supports.next_depth[child].min(depth + 1);
                    }
                }
            }
        }
        supports
    }

    /// True if the state would be lost, or reached later, without the one regulation that supports it.
    fn hangs_on_one(&self, state: usize) -> bool {
        self.number[state] == 1
    }
}

fn state_gains(
    row: &Row,
    state: &ExactState,
    target: usize,
    sign: usize,
    gains: &[[i64; 2]],
    supports: &Supports,
) -> [i64; 2] {
    let present = row.class(target, state.reading);
    let mut depths = [row.depths[2 * target], row.depths[2 * target + 1]];
    let next = |sign: usize| supports.next_depth[2 * target + sign];
    let depth = std::mem::replace(&mut depths[sign], next(sign));
    if depths[1 - sign] == UNREACHED {
        // Walks of the other sign may have been later than those that vanish.
        depths[1 - sign] = next(1 - sign);
    }
    let vanished = row.gain(target, present, class_of(depths[0], depths[1], state.reading));
    depths[1 - sign] = depths[1 - sign].min(depth);
    let turned = row.gain(target, present, class_of(depths[0], depths[1], state.reading));
    let mut sums = [vanished, turned - vanished];
    for arc in &state.arcs.targets[target] {
        let child = 2 * arc.gene as usize + (sign ^ usize::from(arc.turn));
        if row.depths[child] == depth + 1 && supports.hangs_on_one(child) {
            sums[0] += gains[child][0];
            sums[1] += gains[child][1];
        }
    }
    sums
}
