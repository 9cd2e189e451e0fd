//! Absent regulations whose derivative asks for a strength.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::blocks::{LANES, Marks, Ways, ordered_rows};
use super::lanes::widely;
use super::network::RelaxedNetwork;
use super::sweep::{Lanes, Pair, Sweep, read};
use super::{Objective, Row};
use crate::biology::{GeneId, Regulation, Sign};
use crate::progress::Progress;
use crate::refinement::{RefinementError, RegulatorPool};

/// Bytes of the table of derivatives that one thread fills at a time.
const TABLE_BYTES: usize = 32 << 20;
/// Targets screened at a time: fewer repeat the forward sweep more often, more fall out of the nearest cache.
const MOST_TARGETS: usize = 512;

/// How absent regulations are screened.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScreenConfig {
    /// At most this many are returned, steepest first; default 1,000.
    pub budget: usize,
    /// Derivative of the misfit, ≥ 0, that a regulation must exceed; default what the distance from the knowledge costs per
    /// unit of strength: `λ` by [`super::Anchor::Strength`], `t₀λ` by [`super::Anchor::Indicator`].
    pub least_derivative: Option<f64>,
    /// Which genes may become regulators of further targets; default those that are known to regulate or were perturbed.
    pub regulators: RegulatorPool,
}

impl Default for ScreenConfig {
    fn default() -> Self {
        Self { budget: 1_000, least_derivative: None, regulators: RegulatorPool::Known }
    }
}

impl Objective<'_> {
    /// Regulations without a strength that would lower the objective if they got one, each with the derivative of the misfit
    /// there, steepest (most negative) first.
    ///
    /// ```text
    /// ∂misfit/∂P_ij = Σ_d Σ_x  p_{d−1}[x,i] · ∂p_d[x,j] + m_{d−1}[x,i] · ∂m_d[x,j]
    /// ∂misfit/∂N_ij = Σ_d Σ_x  p_{d−1}[x,i] · ∂m_d[x,j] + m_{d−1}[x,i] · ∂p_d[x,j]
    /// ```
    /// where `(p, m)_d` are the walks that arrive at a gene after `d` steps and `∂` the derivatives of the misfit by them. The
    /// other sign of a known regulation is screened too: together with the removal it is a flip. If `progress` is cancelled,
    /// only part of the targets has been looked at.
    ///
    /// # Errors
    /// [`RefinementError`] if the network has another number of genes or the least derivative is not a number ≥ 0.
    ///
    /// # Complexity
    /// The targets are taken in blocks, for each of which the sweeps are run again on what that block needs, so memory is
    /// 32 MiB a thread and `O(budget)`. The products take `4 · targets` multiply-adds for each gene that a row reaches.
    pub fn screen(
        &self,
        network: &RelaxedNetwork,
        config: &ScreenConfig,
        progress: &dyn Progress,
    ) -> Result<Vec<(Regulation, f64)>, RefinementError> {
        self.check_genes(network)?;
        let least = config.least_derivative.unwrap_or_else(|| self.config.derivative_at_absence());
        if !(least >= 0.0 && least.is_finite()) {
            let range = "a number of at least 0";
            return Err(RefinementError::OutOfRange { name: "least_derivative", value: least, range });
        }
        let screen = Screen::new(self, network, config.regulators);
        let width = (TABLE_BYTES / (size_of::<f64>() * 2 * screen.regulators.len().max(1))).clamp(8, MOST_TARGETS);
        let targets = screen.targets();
        let blocks: Vec<_> = targets.chunks(width).collect();
        progress.begin("Screening absent regulations", blocks.len() as u64);
        let found = blocks.into_par_iter().with_max_len(1).map(|targets| {
            let found =
                if progress.is_cancelled() { Vec::new() } else { screen.steepest(targets, least, config.budget) };
            progress.advance(1);
            found
        });
        let found = found.collect::<Vec<_>>().concat();
        Ok(steepest_first(found, config.budget))
    }
}

fn steepest_first(mut found: Vec<(Regulation, f64)>, budget: usize) -> Vec<(Regulation, f64)> {
    found.sort_unstable_by(|left, right| left.1.total_cmp(&right.1).then(left.0.cmp(&right.0)));
    found.truncate(budget);
    found
}

/// What all blocks of targets share.
struct Screen<'a> {
    objective: &'a Objective<'a>,
    network: &'a RelaxedNetwork,
    ways: Ways,
    /// Rows in the order of their blocks.
    rows: Vec<&'a Row<'a>>,
    /// Genes that may become regulators, and for each gene its place among them.
    regulators: Vec<u32>,
    places: Vec<Option<u32>>,
}

impl<'a> Screen<'a> {
    fn new(objective: &'a Objective<'a>, network: &'a RelaxedNetwork, pool: RegulatorPool) -> Self {
        let ways = Ways::new(objective, network);
        let (mut order, silent) = ordered_rows(objective, &ways);
        order.extend(silent);
        let rows: Vec<_> = order.iter().map(|&row| &objective.rows[row as usize]).collect();
        let mut may = vec![pool == RegulatorPool::Any; objective.n_genes];
        let known = network.regulations().iter().zip(network.known());
        let regulating = known.filter(|(edge, known)| **known && edge.regulator != edge.target);
        regulating.for_each(|(edge, _)| may[edge.regulator.index()] = true);
        rows.iter().flat_map(|row| &row.starts).for_each(|&(gene, _)| may[gene as usize] = true);
        let regulators: Vec<_> = (0..objective.n_genes as u32).filter(|&gene| may[gene as usize]).collect();
        let mut places = vec![None; objective.n_genes];
        for (place, &gene) in regulators.iter().enumerate() {
            places[gene as usize] = Some(place as u32);
        }
        Self { objective, network, ways, rows, regulators, places }
    }

    /// All genes, those from which walks go farthest first: what leads on after a step is then a beginning of a block.
    fn targets(&self) -> Vec<u32> {
        let mut targets: Vec<_> = (0..self.objective.n_genes as u32).collect();
        targets.sort_by_key(|&gene| std::cmp::Reverse(self.ways.heights[gene as usize]));
        targets
    }

    fn steepest(&self, targets: &[u32], least: f64, budget: usize) -> Vec<(Regulation, f64)> {
        let derivatives = self.derivatives(targets);
        let mut found = Vec::new();
        for (&regulator, derivatives) in self.regulators.iter().zip(derivatives.chunks(2 * targets.len())) {
            for (sign, derivatives) in Sign::BOTH.into_iter().zip(derivatives.chunks(targets.len())) {
                for (&target, &derivative) in
                    targets.iter().zip(derivatives).filter(|&(_, &derivative)| derivative < -least)
                {
                    let ends = [regulator, target].map(|gene| GeneId::new(gene as usize));
                    let regulation = Regulation::new(ends[0], ends[1], sign);
                    let walked = regulator != target || !self.objective.config.clamped;
                    if walked && !self.network.contains(regulation) {
                        found.push((regulation, derivative));
                    }
                }
            }
            if found.len() > 4 * budget + 1024 {
                found = steepest_first(found, budget);
            }
        }
        steepest_first(found, budget)
    }

    /// Derivatives of all regulations into some targets, `[regulator][sign][target]`.
    fn derivatives(&self, targets: &[u32]) -> Vec<f64> {
        let mut table = vec![0.0; 2 * targets.len() * self.regulators.len()];
        let mut marks = Marks::new(self.objective.n_genes);
        let needed = self.needed(targets, &mut marks);
        let mut sweep = Sweep::new(&self.ways, &self.objective.config, self.network.strengths());
        let mut turned = Turned::default();
        let k = self.ways.k;
        for rows in self.rows.chunks(LANES) {
            let keep = |gene, step| self.ways.leads_on(gene, step) || self.places[gene as usize].is_some();
            let mut fronts = self.ways.fronts(rows.iter().copied(), k - 1, &mut marks, keep);
            fronts.push(needed[k].genes.clone());
            sweep.lanes = Lanes::new(rows.iter().copied());
            sweep.forward(&fronts);
            sweep.derivatives = self.derivatives_of_entries(rows, &needed[k].genes, &sweep.states[k]);
            for step in (1..=k).rev() {
                sweep.clamp_derivatives(&needed[step].genes);
                turned.turn(&sweep.derivatives[..needed[step].targets]);
                self.add_products(&fronts[step - 1], &sweep.states[step - 1], &turned, targets.len(), &mut table);
                if step > 1 {
                    sweep.retreat(&needed[step - 1].genes, &needed[step].genes);
                }
            }
        }
        table
    }

    /// For each step the genes at which derivatives are needed.
    fn needed(&self, targets: &[u32], marks: &mut Marks) -> Vec<Needed> {
        let mut all: Vec<Needed> = vec![Needed::default()];
        for step in 1..=self.ways.k {
            let leading = |gene: &u32| self.ways.leads_on(*gene, step);
            let mut genes: Vec<_> = targets.iter().copied().take_while(leading).collect();
            let n_targets = genes.len();
            genes.iter().for_each(|&gene| _ = marks.mark(gene));
            for &gene in &all[step - 1].genes {
                let onward = self.ways.by_regulator.of(gene).iter().map(|arc| arc.gene);
                genes.extend(onward.filter(|gene| leading(gene) && marks.mark(*gene)));
            }
            marks.clear(&genes);
            all.push(Needed { genes, targets: n_targets });
        }
        all
    }

    fn derivatives_of_entries(&self, rows: &[&Row<'_>], genes: &[u32], walks: &[Pair]) -> Vec<Pair> {
        let config = &self.objective.config;
        let derivatives = |(&gene, walks): (&u32, &Pair)| {
            let (mut wanted, mut weights) = ([0; LANES], [0.0; LANES]);
            for (lane, row) in rows.iter().enumerate() {
                let (response, weight) = row.wanted(gene as usize, config.clamped);
                (wanted[lane], weights[lane]) = (response as i8, weight);
            }
            read(config.t, walks, &wanted, &weights, &mut [0.0; LANES])
        };
        genes.iter().zip(walks).map(derivatives).collect()
    }

    /// Adds `walks · derivatives` of one step for every regulator that the rows reach.
    fn add_products(&self, front: &[u32], states: &[Pair], turned: &Turned, width: usize, table: &mut [f64]) {
        let length = turned.length;
        if length == 0 {
            return;
        }
        for (&gene, walks) in front.iter().zip(states) {
            let Some(place) = self.places[gene as usize] else { continue };
            let (activation, inhibition) = table[2 * width * place as usize..][..2 * width].split_at_mut(width);
            let (activation, inhibition) = (&mut activation[..length], &mut inhibition[..length]);
            for lane in 0..LANES {
                for (turn, walks) in walks.iter().enumerate().filter(|(_, walks)| walks[lane] != 0.0) {
                    let (same, other) = (turned.of(turn, lane), turned.of(turn ^ 1, lane));
                    add_both(activation, inhibition, walks[lane], same, other);
                }
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Needed {
    /// Genes, the targets that lead on before all others.
    genes: Vec<u32>,
    /// Number of these targets.
    targets: usize,
}

/// Derivatives of the targets, `[sign][lane][target]`.
#[derive(Default)]
struct Turned {
    length: usize,
    derivatives: Vec<f64>,
}

impl Turned {
    fn turn(&mut self, derivatives: &[Pair]) {
        self.length = derivatives.len();
        self.derivatives.clear();
        for sign in 0..2 {
            for lane in 0..LANES {
                self.derivatives.extend(derivatives.iter().map(|derivatives| derivatives[sign][lane]));
            }
        }
    }

    fn of(&self, sign: usize, lane: usize) -> &[f64] {
        &self.derivatives[(sign * LANES + lane) * self.length..][..self.length]
    }
}

widely! {
    /// `activation += walks · same`, `inhibition += walks · other`.
    fn add_both(activation: &mut [f64], inhibition: &mut [f64], walks: f64, same: &[f64], other: &[f64]) {
        for (((activation, inhibition), same), other) in activation.iter_mut().zip(inhibition).zip(same).zip(other) {
            *activation += walks * same;
            *inhibition += walks * other;
        }
    }
}
