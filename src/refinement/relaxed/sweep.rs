//! Forward and reverse sweeps over blocks of rows: value and gradient of the objective.

use rayon::prelude::*;

use super::blocks::{Block, LANES, Ways, blocks};
use super::lanes::widely;
use super::network::RelaxedNetwork;
use super::{Objective, RelaxedConfig, Row};

/// Walks that raise and that lower a gene (or the derivatives of the misfit by them), one lane per perturbation.
pub(super) type Pair = [[f64; LANES]; 2];

pub(super) const NOTHING: Pair = [[0.0; LANES]; 2];
const ABSENT: u32 = u32::MAX;

/// Shares of the blocks that are summed apart. Fixed, so that sums do not depend on the number of threads.
const SHARES: usize = 32;

/// The objective over the regulations of one network, ready for many evaluations at different strengths.
pub struct Prepared<'a> {
    config: RelaxedConfig,
    rows: &'a [Row<'a>],
    ways: Ways,
    blocks: Vec<Block>,
    known: Vec<bool>,
    /// Misfit of the entries that no walk reaches.
    unreached: f64,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(objective: &'a Objective<'_>, network: &RelaxedNetwork) -> Self {
        let ways = Ways::new(objective, network);
        let blocks = blocks(objective, &ways);
        let everywhere: Vec<f64> = objective.rows.par_iter().map(|row| misfit_of_silence(row, objective)).collect();
        let reached: Vec<f64> = blocks.par_iter().map(wanted_where_reached).collect();
        let unreached = (everywhere.iter().sum::<f64>() - reached.iter().sum::<f64>()).max(0.0);
        let known = network.known().to_vec();
        Self { config: objective.config, rows: &objective.rows, ways, blocks, known, unreached }
    }

    /// The objective at these strengths, one for each regulation of the network.
    ///
    /// # Panics
    /// If their number is another one.
    #[must_use]
    pub fn value(&self, strengths: &[f64]) -> f64 {
        self.misfit(strengths) + self.distance(strengths)
    }

    /// The objective and its gradient at these strengths, one for each regulation of the network.
    ///
    /// # Panics
    /// If their number is another one.
    #[must_use]
    pub fn value_and_gradient(&self, strengths: &[f64]) -> (f64, Vec<f64>) {
        let (misfit, mut gradient) = self.misfit_and_gradient(strengths);
        for ((derivative, &strength), &known) in gradient.iter_mut().zip(strengths).zip(&self.known) {
            *derivative += self.config.distance_derivative(strength, known);
        }
        (misfit + self.distance(strengths), gradient)
    }

    /// Multiply-adds of one lane that one evaluation takes, forward and with the gradient: what the time goes by.
    #[must_use]
    pub fn operations(&self) -> (u64, u64) {
        let steps = self.blocks.iter().flat_map(|block| block.fronts.windows(2));
        let arcs: usize = steps
            .map(|fronts| {
                let inside = |gene: &u32| fronts[1].binary_search(gene).is_ok();
                let arcs = |&gene: &u32| self.ways.by_regulator.of(gene).iter().filter(|arc| inside(&arc.gene)).count();
                fronts[0].iter().map(arcs).sum::<usize>()
            })
            .sum();
        let lanes = (arcs * LANES) as u64;
        (2 * lanes, 6 * lanes)
    }

    pub(super) fn distance(&self, strengths: &[f64]) -> f64 {
        self.known.iter().zip(strengths).map(|(&known, &strength)| self.config.distance(strength, known)).sum()
    }

    pub(super) fn misfit(&self, strengths: &[f64]) -> f64 {
        self.sum_over_blocks(strengths, false).0
    }

    pub(super) fn misfit_and_gradient(&self, strengths: &[f64]) -> (f64, Vec<f64>) {
        self.sum_over_blocks(strengths, true)
    }

    fn sum_over_blocks(&self, strengths: &[f64], with_gradient: bool) -> (f64, Vec<f64>) {
        assert_eq!(strengths.len(), self.known.len(), "one strength is needed for each regulation");
        let shares: Vec<_> = (0..SHARES.min(self.blocks.len()))
            .into_par_iter()
            .with_max_len(1)
            .map(|share| {
                let mut sweep = Sweep::new(&self.ways, &self.config, strengths);
                let mut gradient = vec![0.0; if with_gradient { strengths.len() } else { 0 }];
                let mut misfit = 0.0;
                for block in self.blocks.iter().skip(share).step_by(SHARES) {
                    sweep.lanes = Lanes::new(block.rows.iter().map(|&row| &self.rows[row as usize]));
                    misfit += run(&mut sweep, block, &mut gradient);
                }
                (misfit, gradient)
            })
            .collect();
        let mut total = vec![0.0; strengths.len()];
        let mut misfit = self.unreached;
        for (part, gradient) in shares {
            misfit += part;
            total.iter_mut().zip(gradient).for_each(|(sum, derivative)| *sum += derivative);
        }
        (misfit, total)
    }
}

/// What a row would cost if no walk reached any gene.
fn misfit_of_silence(row: &Row<'_>, objective: &Objective<'_>) -> f64 {
    let squares = row.responses.iter().map(|response| response.map_or(0, |response| response.value().pow(2)));
    let all: f64 = match row.weights {
        // Whole numbers: most rows are long, and this is read once per preparation.
        None => f64::from(squares.map(i32::from).sum::<i32>()),
        Some(weights) => squares.zip(weights).map(|(square, &weight)| f64::from(square) * f64::from(weight)).sum(),
    };
    let own = row.starts.iter().map(|&(gene, _)| {
        let scored = row.wanted(gene as usize, objective.config.clamped);
        let asked = row.wanted(gene as usize, false);
        asked.1 * asked.0 * asked.0 - scored.1 * scored.0 * scored.0
    });
    all - own.sum::<f64>()
}

fn wanted_where_reached(block: &Block) -> f64 {
    let entry = |(slot, wanted): (usize, &[i8; LANES])| {
        let weights = block.weights.of(slot);
        (0..LANES).map(|lane| weights[lane] * f64::from(wanted[lane]) * f64::from(wanted[lane])).sum::<f64>()
    };
    block.wanted.iter().enumerate().map(entry).sum()
}

widely! {
    /// Misfit of one block; adds to the gradient unless that is empty.
    fn run(sweep: &mut Sweep<'_>, block: &Block, gradient: &mut [f64]) -> f64 {
        sweep.run_plainly(block, gradient)
    }
}

/// Where the walks of a block start, and which genes no walk may enter.
#[derive(Default)]
pub(super) struct Lanes {
    /// Gene, lane, and 1 if the gene is lowered.
    starts: Vec<(u32, usize, usize)>,
}

impl Lanes {
    pub fn new<'r>(rows: impl Iterator<Item = &'r Row<'r>>) -> Self {
        let of_row = |(lane, row): (usize, &'r Row<'r>)| {
            row.starts.iter().map(move |&(gene, lowered)| (gene, lane, usize::from(lowered)))
        };
        Self { starts: rows.enumerate().flat_map(of_row).collect() }
    }
}

/// One thread's room for the sweeps over its blocks.
pub(super) struct Sweep<'a> {
    ways: &'a Ways,
    config: &'a RelaxedConfig,
    strengths: &'a [f64],
    /// Rows of the present block.
    pub lanes: Lanes,
    /// Place of each gene in the front that is read, or `ABSENT`.
    slots: Vec<u32>,
    /// `c_d` on each front.
    pub states: Vec<Vec<Pair>>,
    /// Derivatives of the misfit on the front reached on the way back.
    pub derivatives: Vec<Pair>,
    next_derivatives: Vec<Pair>,
}

impl<'a> Sweep<'a> {
    pub fn new(ways: &'a Ways, config: &'a RelaxedConfig, strengths: &'a [f64]) -> Self {
        Self {
            ways,
            config,
            strengths,
            lanes: Lanes::default(),
            slots: vec![ABSENT; ways.heights.len()],
            states: vec![Vec::new(); ways.k + 1],
            derivatives: Vec::new(),
            next_derivatives: Vec::new(),
        }
    }

    #[inline(always)]
    fn run_plainly(&mut self, block: &Block, gradient: &mut [f64]) -> f64 {
        self.forward(&block.fronts);
        let misfit = self.read_out(block);
        if !gradient.is_empty() {
            for step in (1..block.fronts.len()).rev() {
                self.reverse(&block.fronts[step - 1], &block.fronts[step], step, gradient);
            }
        }
        misfit
    }

    /// `c_0 … c_k` on the fronts.
    #[inline(always)]
    pub fn forward(&mut self, fronts: &[Vec<u32>]) {
        for (step, front) in fronts.iter().enumerate() {
            let mut state = std::mem::take(&mut self.states[step]);
            state.clear();
            match step.checked_sub(1) {
                None => state.resize(front.len(), NOTHING),
                Some(last) => self.advance(&fronts[last], last, front, &mut state),
            }
            self.place(front);
            if step > 0 {
                self.clamp(&mut state);
            }
            if self.ways.starts_at(step) {
                self.start(&mut state);
            }
            self.displace(front);
            self.states[step] = state;
        }
    }

    #[inline(always)]
    fn advance(&mut self, from: &[u32], last: usize, front: &[u32], state: &mut Vec<Pair>) {
        self.place(from);
        let before = &self.states[last];
        for &gene in front {
            let mut sum = NOTHING;
            for arc in self.ways.by_target.of(gene) {
                let slot = self.slots[arc.gene as usize];
                if slot != ABSENT {
                    let walks = &before[slot as usize];
                    let turn = usize::from(arc.turn & 1);
                    add_scaled(&mut sum, self.strengths[arc.index as usize], &walks[turn], &walks[turn ^ 1]);
                }
            }
            state.push(sum);
        }
        self.displace(from);
    }

    /// Misfit of the last front, whose derivatives are kept for the way back.
    #[inline(always)]
    fn read_out(&mut self, block: &Block) -> f64 {
        self.derivatives.clear();
        let mut misfit = [0.0; LANES];
        for (slot, (walks, wanted)) in self.states[self.ways.k].iter().zip(&block.wanted).enumerate() {
            self.derivatives.push(read(self.config.t, walks, wanted, &block.weights.of(slot), &mut misfit));
        }
        sum(&misfit)
    }

    /// One step back: the gradient of the regulations between two fronts, and the derivatives on the earlier one.
    #[inline(always)]
    fn reverse(&mut self, from: &[u32], front: &[u32], step: usize, gradient: &mut [f64]) {
        let mut derivatives = std::mem::take(&mut self.derivatives);
        self.place(front);
        self.clamp(&mut derivatives);
        self.next_derivatives.clear();
        for (&gene, walks) in from.iter().zip(&self.states[step - 1]) {
            let mut total = NOTHING;
            for arc in self.ways.by_regulator.of(gene) {
                let slot = self.slots[arc.gene as usize];
                if slot != ABSENT {
                    let index = arc.index as usize;
                    let derivatives = &derivatives[slot as usize];
                    let turn = usize::from(arc.turn & 1);
                    let (same, other) = (&derivatives[turn], &derivatives[turn ^ 1]);
                    gradient[index] += product(walks, same, other);
                    add_scaled(&mut total, self.strengths[index], same, other);
                }
            }
            self.next_derivatives.push(total);
        }
        self.displace(front);
        self.derivatives = std::mem::replace(&mut self.next_derivatives, derivatives);
    }

    /// One step back without a gradient.
    #[inline(always)]
    pub fn retreat(&mut self, from: &[u32], front: &[u32]) {
        self.place(front);
        self.next_derivatives.clear();
        for &gene in from {
            let mut total = NOTHING;
            for arc in self.ways.by_regulator.of(gene) {
                let slot = self.slots[arc.gene as usize];
                if slot != ABSENT {
                    let derivatives = &self.derivatives[slot as usize];
                    let turn = usize::from(arc.turn & 1);
                    add_scaled(
                        &mut total,
                        self.strengths[arc.index as usize],
                        &derivatives[turn],
                        &derivatives[turn ^ 1],
                    );
                }
            }
            self.next_derivatives.push(total);
        }
        self.displace(front);
        std::mem::swap(&mut self.derivatives, &mut self.next_derivatives);
    }

    /// A change of what would enter a perturbed gene changes nothing.
    pub fn clamp_derivatives(&mut self, front: &[u32]) {
        let mut derivatives = std::mem::take(&mut self.derivatives);
        self.place(front);
        self.clamp(&mut derivatives);
        self.displace(front);
        self.derivatives = derivatives;
    }

    fn place(&mut self, front: &[u32]) {
        for (slot, &gene) in front.iter().enumerate() {
            self.slots[gene as usize] = slot as u32;
        }
    }

    fn displace(&mut self, front: &[u32]) {
        for &gene in front {
            self.slots[gene as usize] = ABSENT;
        }
    }

    /// Walks start at the perturbed genes; the front must be in place.
    fn start(&self, state: &mut [Pair]) {
        for &(gene, lane, lowered) in &self.lanes.starts {
            if let Some(walks) = state.get_mut(self.slots[gene as usize] as usize) {
                walks[lowered][lane] += 1.0;
            }
        }
    }

    /// No walk enters a perturbed gene; the front must be in place.
    fn clamp(&self, state: &mut [Pair]) {
        if !self.config.clamped {
            return;
        }
        for &(gene, lane, _) in &self.lanes.starts {
            if let Some(walks) = state.get_mut(self.slots[gene as usize] as usize) {
                walks[0][lane] = 0.0;
                walks[1][lane] = 0.0;
            }
        }
    }
}

/// Adds the misfit of the entries of one gene; returns its derivatives by `u` and `v`.
#[inline(always)]
pub(super) fn read(
    t: f64,
    walks: &Pair,
    wanted: &[i8; LANES],
    weights: &[f64; LANES],
    misfit: &mut [f64; LANES],
) -> Pair {
    let mut derivatives = NOTHING;
    for lane in 0..LANES {
        let (without_up, without_down) = (decay(t * walks[0][lane]), decay(t * walks[1][lane]));
        let gap = without_down - without_up - f64::from(wanted[lane]);
        misfit[lane] += weights[lane] * gap * gap;
        let pull = 2.0 * weights[lane] * gap * t;
        derivatives[0][lane] = pull * without_up;
        derivatives[1][lane] = -pull * without_down;
    }
    derivatives
}

/// `1/12, 1/11, … 1`.
const RECIPROCALS: [f64; 12] = {
    let mut reciprocals = [1.0; 12];
    let mut place = 0;
    while place < 12 {
        reciprocals[place] = 1.0 / (12 - place) as f64;
        place += 1;
    }
    reciprocals
};

/// `exp(−z)` for `z ≥ 0` to a relative error below 10⁻¹⁵, 0 beyond 700; without branches, so that lanes go together.
#[inline(always)]
fn decay(z: f64) -> f64 {
    // Adding and taking away 1.5·2⁵² rounds to the nearest whole number.
    const ROUNDING: f64 = 6_755_399_441_055_744.0;
    // ln 2 in two parts, the first with so few digits that a whole number times it is exact.
    const LN_2: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];
    let bounded = if z < 700.0 { z } else { 700.0 };
    let rounded = ROUNDING - bounded * std::f64::consts::LOG2_E;
    let whole = rounded - ROUNDING;
    let rest = (-bounded - whole * LN_2[0]) - whole * LN_2[1];
    // Taylor: the thirteenth term is below 2·10⁻¹⁶ for |rest| ≤ ½ ln 2.
    let mut series = 1.0;
    for reciprocal in RECIPROCALS {
        series = 1.0 + series * (rest * reciprocal);
    }
    // The low bits of `rounded` are the whole number itself: shifted up they are the exponent of 2^whole.
    let power = f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52);
    if z < 700.0 { series * power } else { 0.0 }
}

#[inline(always)]
fn add_scaled(sum: &mut Pair, strength: f64, same: &[f64; LANES], other: &[f64; LANES]) {
    for lane in 0..LANES {
        sum[0][lane] += strength * same[lane];
        sum[1][lane] += strength * other[lane];
    }
}

#[inline(always)]
fn product(walks: &Pair, same: &[f64; LANES], other: &[f64; LANES]) -> f64 {
    let mut products = [0.0; LANES];
    for lane in 0..LANES {
        products[lane] = walks[0][lane] * same[lane] + walks[1][lane] * other[lane];
    }
    sum(&products)
}

/// Sum of the lanes by halves: a fixed order that needs no lane to wait for the one before.
#[inline(always)]
fn sum(lanes: &[f64; LANES]) -> f64 {
    let mut half: [f64; LANES / 2] = std::array::from_fn(|lane| lanes[lane] + lanes[lane + LANES / 2]);
    let mut length = LANES / 4;
    while length > 0 {
        for lane in 0..length {
            half[lane] += half[lane + length];
        }
        length /= 2;
    }
    half[0]
}

#[cfg(test)]
mod tests {
    use super::decay;

    #[test]
    fn decay_is_the_exponential() {
        assert_eq!((decay(0.0), decay(1e9), decay(f64::INFINITY)), (1.0, 0.0, 0.0));
        for step in 0..200_000 {
            let z = f64::from(step) * 0.003_1;
            let expected = (-z).exp();
            assert!((decay(z) - expected).abs() <= 1e-15 * expected, "{z}");
        }
    }
}
