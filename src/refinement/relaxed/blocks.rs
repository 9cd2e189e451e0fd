//! Rows in blocks of similar reach, and the genes that the walks of each block pass at each step.

use rayon::prelude::*;

use super::network::{Arcs, RelaxedNetwork};
use super::{Objective, Row, Walks};

/// Perturbations whose walks are pushed together; the lanes of one gene and sign fill a cache line.
pub(super) const LANES: usize = 8;

/// Perturbations that share their walks' way, and where it leads.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Rows of the objective, at most [`LANES`].
    pub rows: Vec<u32>,
    /// Genes passed after `0…k` steps by a walk that can still be completed, sorted.
    pub fronts: Vec<Vec<u32>>,
    /// Wanted response of each gene of the last front, −1, 0 or 1.
    pub wanted: Vec<[i8; LANES]>,
    /// Its weight `ω²`.
    pub weights: Weights,
}

/// Weights of the entries of a block.
#[derive(Clone, Debug)]
pub(super) enum Weights {
    /// One bit per lane: measured, which weighs 1, or not.
    Measured(Vec<u8>),
    /// A weight per lane.
    Given(Vec<[f32; LANES]>),
}

impl Weights {
    pub fn of(&self, slot: usize) -> [f64; LANES] {
        match self {
            Self::Measured(bits) => std::array::from_fn(|lane| f64::from(bits[slot] >> lane & 1)),
            Self::Given(weights) => weights[slot].map(f64::from),
        }
    }
}

/// Which genes walks may pass.
pub(super) struct Ways {
    pub by_regulator: Arcs,
    pub by_target: Arcs,
    /// For each gene the length of the longest walk from it, at most `k`.
    pub heights: Vec<u8>,
    pub walks: Walks,
    pub k: usize,
}

impl Ways {
    pub fn new(objective: &Objective<'_>, network: &RelaxedNetwork) -> Self {
        let walks_self = !objective.config.clamped;
        let by_regulator = network.arcs_by_regulator(walks_self);
        let by_target = network.arcs_by_target(walks_self);
        let k = objective.config.k;
        let mut heights = vec![0_u8; network.n_genes()];
        for _ in 0..k {
            let higher = |gene| by_regulator.of(gene as u32).iter().map(|arc| heights[arc.gene as usize] + 1).max();
            heights = (0..heights.len()).map(|gene| higher(gene).unwrap_or(0)).collect();
        }
        Self { by_regulator, by_target, heights, walks: objective.config.walks, k }
    }

    /// True if what arrives at the gene after `step` steps still counts.
    pub fn leads_on(&self, gene: u32, step: usize) -> bool {
        let needed = match self.walks {
            Walks::Exact => self.k - step,
            Walks::UpTo => usize::from(step < self.k),
        };
        usize::from(self.heights[gene as usize]) >= needed
    }

    /// True if walks also start at this step.
    pub fn starts_at(&self, step: usize) -> bool {
        step == 0 || (self.walks == Walks::UpTo && step < self.k)
    }

    /// Genes passed after `0…last` steps from the starts of the rows, as far as `keep` lets them (gene, step).
    pub fn fronts<'r>(
        &self,
        rows: impl IntoIterator<Item = &'r Row<'r>>,
        last: usize,
        marks: &mut Marks,
        keep: impl Fn(u32, usize) -> bool,
    ) -> Vec<Vec<u32>> {
        let mut starts: Vec<_> = rows.into_iter().flat_map(|row| row.starts.iter().map(|&(gene, _)| gene)).collect();
        starts.sort_unstable();
        starts.dedup();
        let mut fronts: Vec<Vec<u32>> = Vec::with_capacity(last + 1);
        for step in 0..=last {
            let mut front = Vec::new();
            if self.starts_at(step) {
                front.extend(starts.iter().copied().filter(|&gene| keep(gene, step) && marks.mark(gene)));
            }
            for &gene in fronts.last().into_iter().flatten() {
                let targets = self.by_regulator.of(gene).iter().map(|arc| arc.gene);
                front.extend(targets.filter(|&target| keep(target, step) && marks.mark(target)));
            }
            marks.clear(&front);
            front.sort_unstable();
            fronts.push(front);
        }
        fronts
    }
}

/// A set of genes that is emptied by naming its members.
pub(super) struct Marks(Vec<bool>);

impl Marks {
    pub fn new(n_genes: usize) -> Self {
        Self(vec![false; n_genes])
    }

    /// True if the gene was not marked yet.
    pub fn mark(&mut self, gene: u32) -> bool {
        !std::mem::replace(&mut self.0[gene as usize], true)
    }

    pub fn clear(&mut self, genes: &[u32]) {
        for &gene in genes {
            self.0[gene as usize] = false;
        }
    }
}

/// Rows that reach something, in blocks of similar reach.
pub(super) fn blocks(objective: &Objective<'_>, ways: &Ways) -> Vec<Block> {
    let (rows, _) = ordered_rows(objective, ways);
    rows.par_chunks(LANES)
        .map_init(
            || Marks::new(objective.n_genes),
            |marks, rows| {
                let of_block = rows.iter().map(|&row| &objective.rows[row as usize]);
                let fronts = ways.fronts(of_block, ways.k, marks, |gene, step| ways.leads_on(gene, step));
                let (wanted, weights) = wanted(objective, rows, &fronts[ways.k]);
                Block { rows: rows.to_vec(), fronts, wanted, weights }
            },
        )
        .collect()
}

/// Rows that reach something, similar ones side by side, and rows that reach nothing.
pub(super) fn ordered_rows(objective: &Objective<'_>, ways: &Ways) -> (Vec<u32>, Vec<u32>) {
    let signatures: Vec<_> = (objective.rows.par_iter())
        .map_init(
            || Marks::new(objective.n_genes),
            |marks, row| {
                let fronts = ways.fronts([row], ways.k, marks, |gene, step| ways.leads_on(gene, step));
                signature(&fronts[ways.k])
            },
        )
        .collect();
    let rows = 0..signatures.len() as u32;
    let (mut reaching, silent): (Vec<_>, Vec<_>) = rows.partition(|&row| signatures[row as usize].is_some());
    reaching.sort_by_key(|&row| signatures[row as usize]);
    (reaching, silent)
}

/// Least hashes of the genes reached: sets agree in one with the probability of their overlap (Broder 1997), so sorting
/// by them brings similar rows together. `None` if nothing is reached.
fn signature(reached: &[u32]) -> Option<[u64; 2]> {
    let least = |factor: u64| {
        let hashes = reached.iter().map(|&gene| (u64::from(gene) + 1).wrapping_mul(factor).swap_bytes());
        hashes.min()
    };
    Some([least(0x9e37_79b9_7f4a_7c15)?, least(0xc2b2_ae3d_27d4_eb4f)?])
}

fn wanted(objective: &Objective<'_>, rows: &[u32], reached: &[u32]) -> (Vec<[i8; LANES]>, Weights) {
    let clamped = objective.config.clamped;
    let rows: Vec<_> = rows.iter().map(|&row| &objective.rows[row as usize]).collect();
    let measured_only = rows.iter().all(|row| row.weights.is_none());
    let mut wanted = vec![[0_i8; LANES]; reached.len()];
    let mut bits = vec![0_u8; if measured_only { reached.len() } else { 0 }];
    let mut given = vec![[0_f32; LANES]; if measured_only { 0 } else { reached.len() }];
    for (lane, row) in rows.iter().enumerate() {
        for (slot, &gene) in reached.iter().enumerate() {
            let (response, weight) = row.wanted(gene as usize, clamped);
            wanted[slot][lane] = response as i8;
            match measured_only {
                true => bits[slot] |= u8::from(weight > 0.0) << lane,
                false => given[slot][lane] = weight as f32,
            }
        }
    }
    (wanted, if measured_only { Weights::Measured(bits) } else { Weights::Given(given) })
}
