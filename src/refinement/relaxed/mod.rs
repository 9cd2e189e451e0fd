//! The relaxed objective on sparse strengths: the published one for genomes, and with an anchor of its own.
//!
//! Start at [`Objective`]; a [`RelaxedNetwork`] holds the strengths, [`Objective::over`] prepares a network for many
//! evaluations, `screen` finds absent regulations worth a strength, `descent` moves the strengths, and [`candidates`]
//! reads revisions from those that moved. Nothing of size genes × genes is ever allocated. `published` is the dense
//! reference that every number here is tested against.
//!
//! # What one evaluation costs
//! The walks of `LANES` perturbations are pushed along the regulations together, one lane each, as the pair
//! `(p, m)` of walks that raise and that lower a gene. With `A = P + N`, `S = P − N` that is the two propagations by `A`
//! and by `S`, in the basis `½(a ± s)`: as many multiply-adds, but no difference of large numbers is ever taken.
//! Horner's rule serves walks of every length as well as of one:
//!
//! ```text
//! c₀ = x,   c_d = c_{d−1} W          (exact)       (u, v) = c_k
//! c₀ = x,   c_d = x + c_{d−1} W      (up to k)     (u, v) = c_{k−1} W
//! g_k = ∂misfit/∂(u, v),   g_{d−1} = W g_d,   ∂misfit/∂w_ij = Σ_d ⟨c_{d−1}[i], g_d[j]⟩
//! ```
//! so that genes without targets, most genes of a genome, are visited in the last step only. Counting a multiply-add of
//! one lane as 1, an evaluation takes per block of rows
//!
//! | sweep | multiply-adds per regulation and step | bytes read and written |
//! | --- | --- | --- |
//! | forward | `2 · LANES` | one pair of lanes, `16 · LANES`; targets stay in registers |
//! | reverse, with gradient | `4 · LANES` | one pair of lanes; sources stay in registers |
//!
//! over the regulations that a walk of the block really takes: those whose regulator is reached after `d − 1` steps and
//! whose target can still lead on. Rows that reach the same genes share a block, so a row that reaches little costs
//! little; rows that reach nothing cost nothing. Dense products would need `4·(k−1)·genes³` for the value and three times
//! that with the gradient.

mod blocks;
mod candidates;
mod descent;
mod lanes;
mod network;
mod screening;
mod sweep;

pub use candidates::{CandidateConfig, candidates, relax, revisions};
pub use descent::{Descent, DescentConfig, DescentStop};
pub use network::RelaxedNetwork;
pub use screening::ScreenConfig;
pub use sweep::Prepared;

use serde::{Deserialize, Serialize};

use super::{RefinementData, RefinementError, check_shapes};
use crate::biology::{Direction, Response};
use crate::network::RegulatoryNetwork;

/// Which walks count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Walks {
    /// Walks of exactly `k` steps, as published.
    Exact,
    /// Walks of `1…k` steps, which is what the readings of the knowledge look at.
    #[default]
    UpTo,
}

/// How a strength `s ≥ 0` is held to the knowledge `R ∈ {0, 1}`; both distances are 0 where `s = R` and 1 across.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// `|ε_{t₀}(s) − R|`, as published. For `t₀ = 100` it is nearly a count: flat from about 0.05 on, so a known strength
    /// moves freely until it is almost gone, and an absent one pays almost all of `λ` at once.
    Indicator,
    /// `|s − R|`, the anchored ℓ₁: a strength leaves `R` only if its derivative exceeds `λ`, so most stay exactly there.
    #[default]
    Strength,
}

/// Settings of the relaxed objective.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RelaxedConfig {
    /// Depth `k` of reasoning, in `1..=16`; default 5.
    pub k: usize,
    /// Temperature `t` of the responses, > 0; default 1. Larger turns few walks into a certain response.
    pub t: f64,
    /// Temperature `t₀` of the edges, > 0; default 100. Only [`Anchor::Indicator`] heeds it.
    pub t0: f64,
    /// Weight `λ` of the distance from the knowledge, in measured entries, ≥ 0; default 1. Larger keeps more of it.
    pub lambda: f64,
    /// Which walks count; default those of every length up to `k`.
    pub walks: Walks,
    /// True, the default: no walk enters a perturbed gene, its own response is not scored, and self-regulation is not
    /// walked. False, as published: all three are.
    pub clamped: bool,
    /// How strengths are held to the knowledge; default [`Anchor::Strength`].
    pub anchor: Anchor,
}

impl Default for RelaxedConfig {
    fn default() -> Self {
        Self { k: 5, t: 1.0, t0: 100.0, lambda: 1.0, walks: Walks::UpTo, clamped: true, anchor: Anchor::Strength }
    }
}

impl RelaxedConfig {
    /// The greatest depth: the numbers of longer walks explain nothing.
    pub const MAX_DEPTH: usize = 16;

    /// The objective as published: walks of exactly five steps, `t = 1`, `t₀ = 100`, `λ = 1`, nothing clamped.
    #[must_use]
    pub fn published() -> Self {
        Self { walks: Walks::Exact, clamped: false, anchor: Anchor::Indicator, ..Self::default() }
    }

    /// Checks that every setting is in its range.
    ///
    /// # Errors
    /// [`RefinementError::OutOfRange`] names the first that is not.
    pub fn check(&self) -> Result<(), RefinementError> {
        if !(1..=Self::MAX_DEPTH).contains(&self.k) {
            return Err(RefinementError::OutOfRange { name: "k", value: self.k as f64, range: "between 1 and 16" });
        }
        for (name, value) in [("t", self.t), ("t0", self.t0)] {
            if !(value > 0.0 && value <= 1e6) {
                return Err(RefinementError::OutOfRange { name, value, range: "above 0 and at most 1000000" });
            }
        }
        if !(0.0..=1e9).contains(&self.lambda) {
            let range = "between 0 and 1000000000";
            return Err(RefinementError::OutOfRange { name: "lambda", value: self.lambda, range });
        }
        Ok(())
    }

    /// Distance of one strength from the knowledge, in `[0, 1]` for strengths up to 2 and times `λ`.
    fn distance(&self, strength: f64, known: bool) -> f64 {
        self.lambda
            * match (self.anchor, known) {
                (Anchor::Indicator, true) => (-self.t0 * strength).exp(),
                (Anchor::Indicator, false) => -(-self.t0 * strength).exp_m1(),
                (Anchor::Strength, _) => (strength - f64::from(u8::from(known))).abs(),
            }
    }

    /// Derivative of the distance; 0 where the strength equals the knowledge exactly, as for the published objective.
    fn distance_derivative(&self, strength: f64, known: bool) -> f64 {
        let decay = (-self.t0 * strength).exp();
        self.lambda
            * match (self.anchor, known) {
                // Rounded to 1 the indicator equals the knowledge, and there the published subgradient is 0.
                (Anchor::Indicator, true) if -(-self.t0 * strength).exp_m1() == 1.0 => 0.0,
                (Anchor::Indicator, true) => -self.t0 * decay,
                (Anchor::Indicator, false) if strength == 0.0 => 0.0,
                (Anchor::Indicator, false) => self.t0 * decay,
                (Anchor::Strength, known) => {
                    let gap = strength - f64::from(u8::from(known));
                    if gap == 0.0 { 0.0 } else { gap.signum() }
                }
            }
    }

    /// What one step away from strength 0 of an absent regulation costs, per unit of strength.
    fn derivative_at_absence(&self) -> f64 {
        match self.anchor {
            Anchor::Indicator => self.lambda * self.t0,
            Anchor::Strength => self.lambda,
        }
    }
}

/// One perturbation with the responses that it should explain.
#[derive(Clone, Debug)]
struct Row<'a> {
    /// Perturbed genes of the network; true where the gene is lowered.
    starts: Vec<(u32, bool)>,
    responses: &'a [Option<Response>],
    /// `None`: each measured entry weighs 1.
    weights: Option<&'a [f32]>,
}

impl Row<'_> {
    /// Wanted response and weight `ω²` of one gene; weight 0 where nothing is asked.
    fn wanted(&self, gene: usize, clamped: bool) -> (f64, f64) {
        let own = clamped && self.starts.iter().any(|&(start, _)| start as usize == gene);
        match self.responses[gene] {
            Some(response) if !own => {
                (f64::from(response.value()), self.weights.map_or(1.0, |weights| f64::from(weights[gene])))
            }
            _ => (0.0, 0.0),
        }
    }
}

/// The relaxed objective of some data.
///
/// ```text
/// L(P, N) = Σ_x Σ_j ω²_xj (ε_t(u_xj) − ε_t(v_xj) − ȳ_xj)²  +  λ Σ distance(strength, R),   ε_t(z) = 1 − exp(−t z)
/// ```
/// where `u_xj` and `v_xj` are the strengths of all walks from the perturbed genes of `x` that raise and that lower gene
/// `j`, `ȳ` the wanted responses, and `ω²` their weights: 1 for measured entries, the given weight for predicted ones, 0
/// where nothing is wanted. An ambiguous response counts as unchanged. The distance is the [`Anchor`].
///
/// # Reference
/// Xiang & Ai, ICLR 2026, arXiv 2510.00512; the relaxation follows Ravanbakhsh et al., ICML 2016.
#[derive(Clone, Debug)]
pub struct Objective<'a> {
    n_genes: usize,
    rows: Vec<Row<'a>>,
    config: RelaxedConfig,
}

impl<'a> Objective<'a> {
    /// The objective of these data over the genes of a network. A perturbed gene beyond them reaches nothing.
    ///
    /// # Errors
    /// [`RefinementError`] if a setting is out of range, shapes do not fit, or a weight is negative or no number.
    pub fn new(
        network: &RegulatoryNetwork,
        data: &RefinementData<'a>,
        config: RelaxedConfig,
    ) -> Result<Self, RefinementError> {
        config.check()?;
        check_shapes(network, data)?;
        let n_genes = network.n_genes();
        if let Some(&weight) = data.predicted_weights.iter().find(|weight| !(0.0..=1e6).contains(*weight)) {
            let (name, value) = ("predicted_weights", f64::from(weight));
            return Err(RefinementError::OutOfRange { name, value, range: "between 0 and 1000000" });
        }
        let tables = [(data.measured, None), (data.predicted, Some(data.predicted_weights))];
        let rows = tables.into_iter().flat_map(|((perturbations, responses), weights)| {
            perturbations.iter().enumerate().map(move |(row, perturbation)| Row {
                starts: (perturbation.changes().iter())
                    .filter(|(gene, _)| gene.index() < n_genes)
                    .map(|&(gene, direction)| (gene.index() as u32, direction == Direction::Deletion))
                    .collect(),
                responses: responses.row(row),
                weights: weights.map(|weights| &weights[row * n_genes..][..n_genes]),
            })
        });
        Ok(Self { n_genes, rows: rows.collect(), config })
    }

    /// Number of genes.
    #[must_use]
    pub const fn n_genes(&self) -> usize {
        self.n_genes
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &RelaxedConfig {
        &self.config
    }

    /// The objective over the regulations of one network, made ready for many evaluations.
    ///
    /// # Errors
    /// [`RefinementError::ShapeMismatch`] if the network has another number of genes.
    ///
    /// # Complexity
    /// Time of about one evaluation; one byte (five with weights) for each pair of a perturbation and a gene that it
    /// reaches.
    pub fn over(&self, network: &RelaxedNetwork) -> Result<Prepared<'_>, RefinementError> {
        self.check_genes(network)?;
        Ok(Prepared::new(self, network))
    }

    fn check_genes(&self, network: &RelaxedNetwork) -> Result<(), RefinementError> {
        if network.n_genes() == self.n_genes {
            return Ok(());
        }
        let (genes, perturbations) = (network.n_genes(), self.rows.len());
        Err(RefinementError::ShapeMismatch { genes, perturbations, responses: (perturbations, self.n_genes) })
    }

    /// Value and gradient at a network, by one forward and one reverse sweep; to evaluate often, use [`Objective::over`].
    ///
    /// The gradient stands in the order of [`RelaxedNetwork::regulations`]. At a kink of the distance, where a strength
    /// equals the knowledge exactly, its derivative is taken as 0.
    ///
    /// # Errors
    /// [`RefinementError::ShapeMismatch`] if the network has another number of genes.
    pub fn value_and_gradient(&self, network: &RelaxedNetwork) -> Result<(f64, Vec<f64>), RefinementError> {
        Ok(self.over(network)?.value_and_gradient(network.strengths()))
    }
}

#[cfg(test)]
mod tests;
