//! Attractors of synchronous dynamics: all states are followed, or such as are drawn.

use std::collections::{BTreeMap, HashMap};

use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::circuit::Circuit;
use super::lanes::{LANES, Stepper};
use super::space::Subspace;

/// Most free genes of which all states are followed.
pub(super) const MOST_FREE: usize = 24;

/// Steps within which a state drawn must have shown its attractor.
const MOST_STEPS: usize = 1 << 13;

/// A cycle of states, from the least one on; a fixed point is a cycle of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cycle {
    pub(super) states: Vec<Vec<bool>>,
    /// How many of the states followed lead there.
    pub(super) basin: u64,
}

impl Cycle {
    pub(super) fn hull(&self) -> Option<Subspace> {
        let (first, others) = self.states.split_first()?;
        let mut hull = Subspace::of_state(first);
        others.iter().for_each(|state| hull.admit_state(state));
        Some(hull)
    }
}

/// All attractors, listed at most `max`.
pub(super) struct Exhaustive {
    pub(super) cycles: Vec<Cycle>,
    pub(super) fixed_points: u64,
    pub(super) longer: u64,
    pub(super) states: u64,
}

const UNSEEN: u32 = u32::MAX;

/// Follows every state of the free genes; `None` if stopped.
pub(super) fn all_cycles(
    circuit: &Circuit,
    fixed: &Subspace,
    max: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Exhaustive> {
    let mut free: Vec<usize> = fixed.free().collect();
    // The first gene counts most, so that states are in the order of their text.
    free.reverse();
    let successors = successors(circuit, fixed, &free, stop)?;
    let n_states = successors.len();
    let mut reached = vec![UNSEEN; n_states];
    let mut firsts: Vec<u32> = Vec::new();
    let mut basins: Vec<u64> = Vec::new();
    let mut path = Vec::new();
    for start in 0..n_states as u32 {
        if start % (1 << 20) == 0 && stop() {
            return None;
        }
        path.clear();
        let mut state = start;
        // While a path is walked its states bear the number that a new attractor would have.
        let new = firsts.len() as u32;
        while reached[state as usize] == UNSEEN {
            reached[state as usize] = new;
            path.push(state);
            state = successors[state as usize];
        }
        let attractor = reached[state as usize];
        if attractor == new {
            firsts.push(state);
            basins.push(0);
        } else {
            path.iter().for_each(|&state| reached[state as usize] = attractor);
        }
        basins[attractor as usize] += path.len() as u64;
    }
    Some(listed(&successors, fixed, &free, &firsts, &basins, max))
}

fn listed(
    successors: &[u32],
    fixed: &Subspace,
    free: &[usize],
    firsts: &[u32],
    basins: &[u64],
    max: usize,
) -> Exhaustive {
    let period = |first: u32| 1 + walk(successors, first).skip(1).take_while(|&state| state != first).count();
    let least = |first: u32, period| walk(successors, first).take(period).min().unwrap_or(first);
    let mut order: Vec<(usize, u32, u64)> = firsts
        .iter()
        .zip(basins)
        .map(|(&first, &basin)| {
            let period = period(first);
            (period, least(first, period), basin)
        })
        .collect();
    order.sort_unstable();
    let fixed_points = order.iter().take_while(|(period, ..)| *period == 1).count() as u64;
    let cycle = |&(period, least, basin): &(usize, u32, u64)| Cycle {
        states: walk(successors, least).take(period).map(|code| decoded(code, fixed, free)).collect(),
        basin,
    };
    Exhaustive {
        cycles: order.iter().take(max).map(cycle).collect(),
        fixed_points,
        longer: order.len() as u64 - fixed_points,
        states: successors.len() as u64,
    }
}

fn walk(successors: &[u32], first: u32) -> impl Iterator<Item = u32> + '_ {
    std::iter::successors(Some(first), |&state| Some(successors[state as usize]))
}

fn decoded(code: u32, fixed: &Subspace, free: &[usize]) -> Vec<bool> {
    let mut state: Vec<bool> = (0..fixed.n_genes()).map(|gene| fixed.value(gene).unwrap_or_default()).collect();
    for (place, &gene) in free.iter().enumerate() {
        state[gene] = code >> place & 1 == 1;
    }
    state
}

/// The state after each state, both by the values of the free genes.
fn successors(
    circuit: &Circuit,
    fixed: &Subspace,
    free: &[usize],
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<u32>> {
    let n_states = 1_usize << free.len();
    let mut successors = vec![0_u32; n_states];
    successors.par_chunks_mut(LANES << 8).enumerate().for_each(|(chunk, part)| {
        if stop() {
            return;
        }
        let mut stepper = Stepper::new(circuit);
        let (mut now, mut next) = (words_of(fixed), vec![0; circuit.n_genes()]);
        for (block, part) in part.chunks_mut(LANES).enumerate() {
            let first = (chunk << 8 | block) * LANES;
            for (place, &gene) in free.iter().enumerate() {
                now[gene] = (0..part.len()).fold(0, |word, lane| word | (((first + lane) >> place & 1) as u64) << lane);
            }
            stepper.step(&now, &mut next);
            for (place, &gene) in free.iter().enumerate() {
                part.iter_mut()
                    .enumerate()
                    .for_each(|(lane, code)| *code |= ((next[gene] >> lane & 1) as u32) << place);
            }
        }
    });
    (!stop()).then_some(successors)
}

fn words_of(fixed: &Subspace) -> Vec<u64> {
    (0..fixed.n_genes()).map(|gene| u64::from(fixed.value(gene).unwrap_or_default()).wrapping_neg()).collect()
}

/// What was found from states drawn at random.
pub(super) struct Sampled {
    pub(super) cycles: Vec<Cycle>,
    pub(super) states: u64,
    pub(super) unsettled: u64,
}

/// Follows `n_states` random states with the fixed genes at their values.
pub(super) fn sampled_cycles(
    circuit: &Circuit,
    fixed: &Subspace,
    n_states: usize,
    seed: u64,
    stop: &(dyn Fn() -> bool + Sync),
) -> Sampled {
    let blocks: Vec<Vec<Option<Cycle>>> = (0..n_states.div_ceil(LANES))
        .into_par_iter()
        .map(|block| follow(circuit, fixed, block, (n_states - block * LANES).min(LANES), seed, stop))
        .collect();
    let mut found: BTreeMap<(usize, Vec<bool>), Cycle> = BTreeMap::new();
    let (mut states, mut unsettled) = (0, 0);
    for lane in blocks.into_iter().flatten() {
        states += 1;
        match lane {
            None => unsettled += 1,
            Some(cycle) => {
                let key = (cycle.states.len(), cycle.states[0].clone());
                found.entry(key).and_modify(|known| known.basin += 1).or_insert(cycle);
            }
        }
    }
    Sampled { cycles: found.into_values().collect(), states, unsettled }
}

/// The attractor that each of 64 states leads to; nothing at all if stopped.
fn follow(
    circuit: &Circuit,
    fixed: &Subspace,
    block: usize,
    lanes: usize,
    seed: u64,
    stop: &(dyn Fn() -> bool + Sync),
) -> Vec<Option<Cycle>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(block as u64);
    let draw = |gene| (random.next_u64(), fixed.value(gene));
    let mut now: Vec<u64> = (0..circuit.n_genes())
        .map(draw)
        .map(|(drawn, value)| value.map_or(drawn, |value| u64::from(value).wrapping_neg()))
        .collect();
    let mut stepper = Stepper::new(circuit);
    let Some(periods) = settle(&mut stepper, &mut now, lanes, stop) else { return Vec::new() };
    let longest = periods.iter().flatten().copied().max().unwrap_or(0);
    let mut walks: Vec<Vec<Vec<bool>>> = vec![Vec::new(); lanes];
    let mut next = now.clone();
    for step in 0..longest {
        for (lane, walk) in walks.iter_mut().enumerate().filter(|(lane, _)| periods[*lane] > Some(step)) {
            walk.push(now.iter().map(|word| word >> lane & 1 == 1).collect());
        }
        stepper.step(&now, &mut next);
        std::mem::swap(&mut now, &mut next);
    }
    walks.into_iter().map(from_least).collect()
}

/// The cycle begun at its least state, so that it is one whoever finds it.
fn from_least(mut states: Vec<Vec<bool>>) -> Option<Cycle> {
    let least = states.iter().enumerate().min_by_key(|(_, state)| *state)?.0;
    states.rotate_left(least);
    Some(Cycle { states, basin: 1 })
}

/// Brent's cycle finding on all lanes at once: the period of each lane that settled.
///
/// # Reference
/// Brent, BIT 20 (1980), doi:10.1007/BF01933190.
fn settle(
    stepper: &mut Stepper<'_>,
    now: &mut Vec<u64>,
    lanes: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<Option<usize>>> {
    let mut periods = vec![None; lanes];
    let mut open = u64::MAX >> (LANES - lanes);
    let (mut saved, mut next) = (now.clone(), now.clone());
    let (mut age, mut life) = (0, 1);
    for step in 0..MOST_STEPS {
        if open == 0 {
            break;
        }
        if step % 64 == 0 && stop() {
            return None;
        }
        stepper.step(now, &mut next);
        std::mem::swap(now, &mut next);
        age += 1;
        let differ = now.iter().zip(&saved).fold(0, |differ, (now, saved)| differ | (now ^ saved));
        for lane in (0..lanes).filter(|lane| (open & !differ) >> lane & 1 == 1) {
            periods[lane] = Some(age);
        }
        open &= differ;
        if age == life {
            saved.clone_from(now);
            (age, life) = (0, life * 2);
        }
    }
    Some(periods)
}

/// Adds fixed points that no state drawn led to.
pub(super) fn with_fixed_points(sampled: &mut Sampled, fixed_points: &[Subspace]) {
    let known: HashMap<String, ()> = sampled
        .cycles
        .iter()
        .filter(|cycle| cycle.states.len() == 1)
        .filter_map(|cycle| Some((cycle.hull()?.text(), ())))
        .collect();
    let missed = fixed_points.iter().filter(|state| !known.contains_key(&state.text()));
    let cycle = |state: &Subspace| {
        let values = (0..state.n_genes()).map(|gene| state.value(gene).unwrap_or_default()).collect();
        Cycle { states: vec![values], basin: 0 }
    };
    let missed: Vec<Cycle> = missed.map(cycle).collect();
    sampled.cycles.extend(missed);
    sampled.cycles.sort_by(|a, b| (a.states.len(), &a.states).cmp(&(b.states.len(), &b.states)));
}
