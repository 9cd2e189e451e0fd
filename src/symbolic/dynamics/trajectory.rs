//! 64 trajectories side by side: stepping, finding each one's attractor, and averaging over it.

use super::update::UpdateTable;

/// States in one word.
pub(super) const LANES: usize = 64;

/// Steps over which an unsettled state is averaged: a multiple of each period up to 8, and of 10, 12, 14, 15, 20, 21, 24, 28.
///
/// A large network soon has attractors whose period as a whole is astronomically long (the least common multiple of
/// its independent cycles), while each gene's own period is short; those genes are then still averaged exactly.
pub(super) const UNSETTLED_WINDOW: u32 = 840;

/// A run of the network from 64 states at once.
pub(super) struct Trajectory<'a> {
    table: &'a UpdateTable,
    clamps: &'a [(usize, u64)],
    pub(super) state: Vec<u64>,
    next: Vec<u64>,
    stack: Vec<u64>,
}

/// The period of the attractor that each lane reached, if it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Periods([Option<u32>; LANES]);

impl Periods {
    pub(super) fn settled(&self) -> usize {
        self.0.iter().flatten().count()
    }

    pub(super) fn longest(&self) -> usize {
        self.0.iter().flatten().max().map_or(0, |&period| period as usize)
    }

    /// Lanes grouped by the steps to average over, shortest first.
    pub(super) fn windows(&self, lanes: u64) -> Vec<(u32, u64)> {
        let mut windows = std::collections::BTreeMap::new();
        for lane in (0..LANES).filter(|lane| lanes >> lane & 1 == 1) {
            *windows.entry(self.0[lane].unwrap_or(UNSETTLED_WINDOW)).or_default() |= 1 << lane;
        }
        windows.into_iter().collect()
    }
}

impl<'a> Trajectory<'a> {
    pub(super) fn new(table: &'a UpdateTable, mut state: Vec<u64>, clamps: &'a [(usize, u64)]) -> Self {
        apply(clamps, &mut state);
        let next = state.clone();
        Self { table, clamps, state, next, stack: Vec::new() }
    }

    pub(super) fn step(&mut self) {
        self.table.step(&self.state, &mut self.next, &mut self.stack);
        apply(self.clamps, &mut self.next);
        std::mem::swap(&mut self.state, &mut self.next);
    }

    /// Steps until each of `lanes` has come back to a state that it was in before, at most `max_steps` times.
    ///
    /// Brent's cycle finding on all lanes at once: the state is saved at steps 0, 1, 3, 7, …; a lane that meets its
    /// saved state again is on its attractor, and the steps since the save are the period. A transient of μ steps into a
    /// period of π is found within `3·max(μ, π)` steps.
    ///
    /// # Reference
    /// Brent, BIT 20 (1980), doi:10.1007/BF01933190.
    pub(super) fn settle(&mut self, lanes: u64, max_steps: usize) -> Periods {
        let mut periods = Periods([None; LANES]);
        let mut open = lanes;
        let mut saved = self.state.clone();
        let (mut age, mut life) = (0_u32, 1_u32);
        for _ in 0..max_steps {
            self.step();
            age += 1;
            let returned = open & !self.lanes_that_differ(&saved, open);
            for lane in (0..LANES).filter(|lane| returned >> lane & 1 == 1) {
                periods.0[lane] = Some(age);
            }
            open &= !returned;
            if open == 0 {
                break;
            }
            if age == life {
                saved.copy_from_slice(&self.state);
                (age, life) = (0, life.saturating_mul(2));
            }
        }
        periods
    }

    /// Lanes whose state is not `saved`; stops looking once all `open` ones are known to differ.
    fn lanes_that_differ(&self, saved: &[u64], open: u64) -> u64 {
        let mut differ = 0;
        for (now, then) in self.state.chunks(64).zip(saved.chunks(64)) {
            differ |= now.iter().zip(then).fold(0, |differ, (now, then)| differ | (now ^ then));
            if differ & open == open {
                break;
            }
        }
        differ
    }

    /// Adds, for every gene, its mean over one period of each lane's attractor, summed over `lanes`, to `sums`.
    pub(super) fn add_means(&mut self, periods: &Periods, lanes: u64, sums: &mut [f64]) {
        let windows = periods.windows(lanes);
        let Some(&(longest, _)) = windows.last() else { return };
        let mut counters = Counters::new(sums.len(), longest);
        for step in 0..longest {
            let counted = windows.iter().filter(|(window, _)| *window > step).fold(0, |all, (_, lanes)| all | lanes);
            self.step();
            counters.add(&self.state, counted);
        }
        for (gene, sum) in sums.iter_mut().enumerate() {
            *sum += windows.iter().map(|&(window, lanes)| counters.total(gene, lanes) / f64::from(window)).sum::<f64>();
        }
    }
}

fn apply(clamps: &[(usize, u64)], state: &mut [u64]) {
    for &(gene, word) in clamps {
        state[gene] = word;
    }
}

/// One counter per gene and lane, bit-sliced: plane `k` of a gene holds bit `k` of its 64 counters.
struct Counters {
    planes: usize,
    words: Vec<u64>,
}

impl Counters {
    fn new(n_genes: usize, largest: u32) -> Self {
        let planes = (u32::BITS - largest.leading_zeros()) as usize;
        Self { planes, words: vec![0; n_genes * planes] }
    }

    fn add(&mut self, state: &[u64], lanes: u64) {
        for (planes, on) in self.words.chunks_exact_mut(self.planes).zip(state) {
            let mut carry = on & lanes;
            for plane in planes {
                if carry == 0 {
                    break;
                }
                (*plane, carry) = (*plane ^ carry, *plane & carry);
            }
        }
    }

    fn total(&self, gene: usize, lanes: u64) -> f64 {
        let planes = self.words[gene * self.planes..][..self.planes].iter().enumerate();
        let total: u64 = planes.map(|(bit, plane)| u64::from((plane & lanes).count_ones()) << bit).sum();
        total as f64
    }
}
