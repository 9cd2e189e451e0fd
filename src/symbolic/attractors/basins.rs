//! To which attractor asynchronous runs from random states lead.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::answer::Attractor;
use super::circuit::Circuit;
use super::intervals::Share;
use super::run::Run;
use super::space::Subspace;

/// Runs in one go, between two looks at the clock.
const BATCH: usize = 64;
/// Updates for each gene after which a run is taken as settled, and looks in between.
const UPDATES_PER_GENE: usize = 100;
const LOOKS: usize = 20;

/// How many runs there were, and how many led to none of the attractors.
pub(super) struct Runs {
    pub(super) states: u64,
    pub(super) unsettled: u64,
}

/// Follows `n_states` runs from random states and sets the basin share of every attractor.
///
/// `holds` tells whether the attractor at a place holds a state that lies in its subspace.
pub(super) fn estimate(
    circuit: &Circuit,
    fixed: &Subspace,
    attractors: &mut [Attractor],
    n_states: usize,
    seed: u64,
    holds: &(dyn Fn(usize, &[bool]) -> bool + Sync),
    stop: &(dyn Fn() -> bool + Sync),
) -> Runs {
    let mut counts = vec![0_u64; attractors.len()];
    let mut runs = Runs { states: 0, unsettled: 0 };
    let spaces: Vec<&Subspace> = attractors.iter().map(|attractor| &attractor.space).collect();
    for first in (0..n_states).step_by(BATCH) {
        if stop() {
            break;
        }
        let last = (first + BATCH).min(n_states);
        let ends: Vec<Option<usize>> =
            (first..last).into_par_iter().map(|run| follow(circuit, fixed, &spaces, run as u64, seed, holds)).collect();
        for end in ends {
            runs.states += 1;
            match end {
                Some(place) => counts[place] += 1,
                None => runs.unsettled += 1,
            }
        }
    }
    if runs.states > 0 {
        for (attractor, count) in attractors.iter_mut().zip(counts) {
            attractor.basin = Some(Share::sampled(count, runs.states));
        }
    }
    runs
}

fn follow(
    circuit: &Circuit,
    fixed: &Subspace,
    spaces: &[&Subspace],
    run: u64,
    seed: u64,
    holds: &(dyn Fn(usize, &[bool]) -> bool + Sync),
) -> Option<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(run);
    let n_genes = circuit.n_genes();
    let state = (0..n_genes).map(|gene| fixed.value(gene).unwrap_or_else(|| random.random())).collect();
    let mut run = Run::from(circuit, state);
    for _ in 0..LOOKS {
        let has_ended = run.go((n_genes * UPDATES_PER_GENE).div_ceil(LOOKS), &mut random);
        let reached =
            (0..spaces.len()).find(|&place| spaces[place].contains_state(run.state()) && holds(place, run.state()));
        if reached.is_some() || has_ended {
            return reached;
        }
    }
    None
}
