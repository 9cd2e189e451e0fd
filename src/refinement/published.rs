//! The published refinement objective over relaxed edges: small, dense and plain.
//!
//! Start at [`PublishedObjective`]. It is the reference that the sparse search is tested against, and the published
//! method for comparison; everything is n×n, so it serves networks of up to [`MAX_GENES`] genes.
//!
//! # Reference
//! Xiang & Ai, ICLR 2026, arXiv 2510.00512; the relaxation follows Ravanbakhsh et al., ICML 2016.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::biology::{GeneId, Perturbation, Regulation, ResponseMatrix, Sign};
use crate::network::RegulatoryNetwork;
use crate::progress::Progress;

/// Genes beyond which the dense objective is refused: one gradient already needs some hundred megabytes.
pub const MAX_GENES: usize = 2_000;

/// Why the published objective could not be set up.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum PublishedError {
    /// A matrix has another shape than the genes and perturbations ask for.
    #[error("{what} is {} × {}, but {} × {} is needed", .found.0, .found.1, .expected.0, .expected.1)]
    Shape {
        /// Which matrix.
        what: &'static str,
        /// Its rows and columns.
        found: (usize, usize),
        /// The rows and columns needed.
        expected: (usize, usize),
    },
    /// Values that do not fill a matrix.
    #[error("rows of a matrix must all have {expected} values, but row {row} (counted from 0) has {found}")]
    Ragged {
        /// The row, from 0.
        row: usize,
        /// Its length.
        found: usize,
        /// The length of the first row.
        expected: usize,
    },
    /// Too large for a dense method.
    #[error(
        "the published objective is dense and takes at most {MAX_GENES} genes, but there are {n_genes}; \
         use the sparse refinement or a smaller network"
    )]
    TooManyGenes {
        /// How many there are.
        n_genes: usize,
    },
    /// A setting outside its range.
    #[error("setting `{setting}` of the published objective is {value}; it must be {allowed}")]
    Setting {
        /// Name of the field.
        setting: &'static str,
        /// The value given.
        value: f64,
        /// What would be right.
        allowed: &'static str,
    },
}

/// A dense matrix, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// A matrix of zeros.
    #[must_use]
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![0.0; rows * columns] }
    }

    /// A matrix from its rows; without rows it is 0 × 0.
    ///
    /// # Errors
    /// [`PublishedError::Ragged`] if the rows differ in length.
    pub fn from_rows<R: AsRef<[f64]>>(rows: &[R]) -> Result<Self, PublishedError> {
        let expected = rows.first().map_or(0, |row| row.as_ref().len());
        let lengths = rows.iter().map(|row| row.as_ref().len());
        if let Some((row, found)) = lengths.enumerate().find(|&(_, found)| found != expected) {
            return Err(PublishedError::Ragged { row, found, expected });
        }
        let values = rows.iter().flat_map(|row| row.as_ref()).copied().collect();
        Ok(Self { rows: rows.len(), columns: expected, values })
    }

    /// Rows and columns.
    #[must_use]
    pub const fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// One entry.
    #[must_use]
    pub fn get(&self, row: usize, column: usize) -> f64 {
        self.row(row)[column]
    }

    /// Sets one entry.
    pub fn set(&mut self, row: usize, column: usize, value: f64) {
        self.row_mut(row)[column] = value;
    }

    /// All entries, row after row.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..][..self.columns]
    }

    fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.columns..][..self.columns]
    }

    fn map(&self, of: impl Fn(f64) -> f64) -> Self {
        Self { values: self.values.iter().map(|&value| of(value)).collect(), ..*self }
    }

    fn zip(&self, other: &Self, of: impl Fn(f64, f64) -> f64) -> Self {
        debug_assert_eq!(self.shape(), other.shape());
        let values = self.values.iter().zip(&other.values).map(|(&left, &right)| of(left, right)).collect();
        Self { values, ..*self }
    }

    fn add(&mut self, other: &Self) {
        debug_assert_eq!(self.shape(), other.shape());
        for (sum, value) in self.values.iter_mut().zip(&other.values) {
            *sum += value;
        }
    }

    fn transposed(&self) -> Self {
        let mut transposed = Self::zeros(self.columns, self.rows);
        for row in 0..self.rows {
            for column in 0..self.columns {
                transposed.set(column, row, self.get(row, column));
            }
        }
        transposed
    }

    /// `self += left · right`; zeros of `left` cost nothing.
    fn add_product(&mut self, left: &Self, right: &Self) {
        debug_assert_eq!((left.rows, right.columns, left.columns), (self.rows, self.columns, right.rows));
        for row in 0..left.rows {
            for (inner, &factor) in left.row(row).iter().enumerate() {
                if factor != 0.0 {
                    add_scaled(self.row_mut(row), factor, right.row(inner));
                }
            }
        }
    }

    /// `a·b + c·d`, the only product that signed walks need.
    fn product_sum(a: &Self, b: &Self, c: &Self, d: &Self) -> Self {
        let mut sum = Self::zeros(a.rows, b.columns);
        sum.add_product(a, b);
        sum.add_product(c, d);
        sum
    }
}

fn add_scaled(sums: &mut [f64], factor: f64, values: &[f64]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += factor * value;
    }
}

/// Relaxed edges: a strength ≥ 0 of activation and of inhibition for each ordered pair of genes.
#[derive(Clone, Debug, PartialEq)]
pub struct RelaxedNetwork {
    /// `P[i,j]`: how strongly gene i activates gene j.
    pub activation: Matrix,
    /// `N[i,j]`: how strongly gene i inhibits gene j.
    pub inhibition: Matrix,
}

impl RelaxedNetwork {
    /// Strength 1 for each regulation of the network, 0 elsewhere: `P = R₊`, `N = R₋`.
    #[must_use]
    pub fn of(network: &RegulatoryNetwork) -> Self {
        let mut relaxed = Self::zeros(network.n_genes());
        for regulation in network.regulations() {
            relaxed.of_sign_mut(regulation.sign).set(regulation.regulator.index(), regulation.target.index(), 1.0);
        }
        relaxed
    }

    fn zeros(n_genes: usize) -> Self {
        Self { activation: Matrix::zeros(n_genes, n_genes), inhibition: Matrix::zeros(n_genes, n_genes) }
    }

    fn of_sign(&self, sign: Sign) -> &Matrix {
        match sign {
            Sign::Activation => &self.activation,
            Sign::Inhibition => &self.inhibition,
        }
    }

    fn of_sign_mut(&mut self, sign: Sign) -> &mut Matrix {
        match sign {
            Sign::Activation => &mut self.activation,
            Sign::Inhibition => &mut self.inhibition,
        }
    }

    /// The regulations whose relaxed indicator `1 − exp(−t₀ · strength)` is at least ½; effects are not known here.
    #[must_use]
    pub fn rounded(&self, t0: f64) -> RegulatoryNetwork {
        let n_genes = self.activation.rows;
        let present = |sign| {
            let strengths = self.of_sign(sign).values.iter().enumerate();
            let kept = strengths.filter(move |&(_, &strength)| indicator(strength, t0) >= 0.5);
            kept.map(move |(index, _)| {
                Regulation::new(GeneId::new(index / n_genes), GeneId::new(index % n_genes), sign)
            })
        };
        RegulatoryNetwork::new(n_genes, Sign::BOTH.into_iter().flat_map(present))
    }
}

/// `ε_t(z) = 1 − exp(−t z)`: 0 at 0, towards 1 for large `z`; a smooth "at least one walk".
fn indicator(z: f64, t: f64) -> f64 {
    -(-t * z).exp_m1()
}

fn indicator_derivative(z: f64, t: f64) -> f64 {
    t * (-t * z).exp()
}

/// Settings of the published objective.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PublishedConfig {
    /// Depth `k` of reasoning, ≥ 1; default 5.
    pub k: usize,
    /// Temperature `t` of the responses, > 0; default 1. Larger turns few walks into a certain response.
    pub t: f64,
    /// Temperature `t₀` of the edges, > 0; default 100. Larger turns weak edges into certain ones.
    pub t0: f64,
    /// Weight `λ` of the distance from the knowledge, ≥ 0; default 1. Larger keeps more of the knowledge as it is.
    pub lambda: f64,
    /// True: walks of every length up to `k`; false, the default and as published: of length `k` only.
    pub cumulative: bool,
}

impl Default for PublishedConfig {
    fn default() -> Self {
        Self { k: 5, t: 1.0, t0: 100.0, lambda: 1.0, cumulative: false }
    }
}

impl PublishedConfig {
    fn check(&self) -> Result<(), PublishedError> {
        if self.k == 0 {
            return Err(PublishedError::Setting { setting: "k", value: 0.0, allowed: "at least 1" });
        }
        for (setting, value) in [("t", self.t), ("t0", self.t0)] {
            positive(setting, value)?;
        }
        if !(self.lambda.is_finite() && self.lambda >= 0.0) {
            let allowed = "a number of at least 0";
            return Err(PublishedError::Setting { setting: "lambda", value: self.lambda, allowed });
        }
        Ok(())
    }
}

fn positive(setting: &'static str, value: f64) -> Result<(), PublishedError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(PublishedError::Setting { setting, value, allowed: "a number above 0" })
}

/// What the relaxed edges are judged by: knowledge, perturbations, aligned responses and what was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedProblem {
    /// `R₊, R₋`: the knowledge, `[n_genes, n_genes]` each.
    pub knowledge: RelaxedNetwork,
    /// `x`: one row per perturbation, `[n_perturbations, n_genes]`.
    pub perturbations: Matrix,
    /// `ȳ`: the responses to be explained, `[n_perturbations, n_genes]`.
    pub responses: Matrix,
    /// `ω`: weight of each response, 0 where nothing was measured, `[n_perturbations, n_genes]`.
    pub measured: Matrix,
}

impl PublishedProblem {
    /// The problem of a network, perturbations and responses; ambiguous responses count as unchanged.
    ///
    /// # Errors
    /// [`PublishedError`] if the shapes differ or the network is too large.
    pub fn of(
        network: &RegulatoryNetwork,
        perturbations: &[Perturbation],
        responses: &ResponseMatrix,
    ) -> Result<Self, PublishedError> {
        let n_genes = network.n_genes();
        refuse_large(n_genes)?;
        let expected = (perturbations.len(), n_genes);
        check_shape("the matrix of responses", (responses.n_perturbations(), responses.n_genes()), expected)?;
        let mut done = Matrix::zeros(perturbations.len(), n_genes);
        for (row, perturbation) in perturbations.iter().enumerate() {
            for &(gene, direction) in perturbation.changes() {
                done.set(row, gene.index(), f64::from(direction.value()));
            }
        }
        let entries = |of: fn(i8) -> f64| -> Vec<_> {
            responses.entries().iter().map(|entry| entry.map_or(0.0, |response| of(response.value()))).collect()
        };
        let (rows, columns) = expected;
        Ok(Self {
            knowledge: RelaxedNetwork::of(network),
            perturbations: done,
            responses: Matrix { rows, columns, values: entries(f64::from) },
            measured: Matrix { rows, columns, values: entries(|_| 1.0) },
        })
    }

    fn check(&self) -> Result<(), PublishedError> {
        let n_genes = self.knowledge.activation.rows;
        refuse_large(n_genes)?;
        check_square("the knowledge of activations", &self.knowledge.activation, n_genes)?;
        check_square("the knowledge of inhibitions", &self.knowledge.inhibition, n_genes)?;
        let expected = (self.perturbations.rows, n_genes);
        check_shape("the matrix of perturbations", self.perturbations.shape(), expected)?;
        check_shape("the matrix of responses", self.responses.shape(), expected)?;
        check_shape("the matrix of what was measured", self.measured.shape(), expected)
    }
}

fn refuse_large(n_genes: usize) -> Result<(), PublishedError> {
    if n_genes > MAX_GENES { Err(PublishedError::TooManyGenes { n_genes }) } else { Ok(()) }
}

fn check_square(what: &'static str, matrix: &Matrix, n_genes: usize) -> Result<(), PublishedError> {
    check_shape(what, matrix.shape(), (n_genes, n_genes))
}

fn check_shape(what: &'static str, found: (usize, usize), expected: (usize, usize)) -> Result<(), PublishedError> {
    if found == expected { Ok(()) } else { Err(PublishedError::Shape { what, found, expected }) }
}

/// The published objective over relaxed edges `P, N ≥ 0`.
///
/// ```text
/// P⁽¹⁾ = P,  N⁽¹⁾ = N,  P⁽ʲ⁺¹⁾ = P·P⁽ʲ⁾ + N·N⁽ʲ⁾,  N⁽ʲ⁺¹⁾ = P·N⁽ʲ⁾ + N·P⁽ʲ⁾
/// u = x₊ᵀU + x₋ᵀV,   v = x₊ᵀV + x₋ᵀU,   (U, V) = (P⁽ᵏ⁾, N⁽ᵏ⁾), or their sums over all depths up to k (cumulative)
/// L = Σ_x ‖ω ⊙ (ε_t(u) − ε_t(v) − ȳ)‖²  +  λ(‖ε_{t₀}(P) − R₊‖₁ + ‖ε_{t₀}(N) − R₋‖₁)
/// ```
/// where `ε_t(z) = 1 − exp(−t z)`. Perturbed genes are not clamped here, and self-regulation is walked.
///
/// # Complexity
/// `O(k·n³)` for the value, three times that for the gradient; `O(k·n²)` memory.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedObjective {
    problem: PublishedProblem,
    config: PublishedConfig,
    up_moves: Matrix,
    down_moves: Matrix,
}

/// Signed powers `P⁽ʲ⁾, N⁽ʲ⁾` for `j = 1…k`.
type SignedPowers = Vec<RelaxedNetwork>;

impl PublishedObjective {
    /// The objective of a problem.
    ///
    /// # Errors
    /// [`PublishedError`] if shapes differ, the network is too large, or a setting is out of range.
    pub fn new(problem: PublishedProblem, config: PublishedConfig) -> Result<Self, PublishedError> {
        config.check()?;
        problem.check()?;
        let up_moves = problem.perturbations.map(|x| x.max(0.0));
        let down_moves = problem.perturbations.map(|x| (-x).max(0.0));
        Ok(Self { problem, config, up_moves, down_moves })
    }

    /// The objective at these relaxed edges.
    ///
    /// # Errors
    /// [`PublishedError::Shape`] if they are not `[n_genes, n_genes]`.
    pub fn value(&self, network: &RelaxedNetwork) -> Result<f64, PublishedError> {
        self.check(network)?;
        let (u, v) = self.responses_of(&self.signed_powers(network));
        Ok(self.misfit(&u, &v) + self.distance_from_knowledge(network))
    }

    /// The gradient with respect to `P` and `N`, by one reverse sweep through the recursion.
    ///
    /// Where an edge equals the knowledge exactly the ℓ₁ term has a kink; its subgradient there is taken as 0.
    ///
    /// # Errors
    /// [`PublishedError::Shape`] if the edges are not `[n_genes, n_genes]`.
    pub fn gradient(&self, network: &RelaxedNetwork) -> Result<RelaxedNetwork, PublishedError> {
        self.value_and_gradient(network).map(|(_, gradient)| gradient)
    }

    /// Value and gradient together, at the price of the gradient.
    ///
    /// # Errors
    /// [`PublishedError::Shape`] if the edges are not `[n_genes, n_genes]`.
    pub fn value_and_gradient(&self, network: &RelaxedNetwork) -> Result<(f64, RelaxedNetwork), PublishedError> {
        self.check(network)?;
        let powers = self.signed_powers(network);
        let (u, v) = self.responses_of(&powers);
        let value = self.misfit(&u, &v) + self.distance_from_knowledge(network);
        let walks = self.gradient_of_walks(&u, &v);
        let mut gradient = self.sweep_back(network, &powers, &walks);
        self.add_gradient_of_distance(network, &mut gradient);
        Ok((value, gradient))
    }

    fn check(&self, network: &RelaxedNetwork) -> Result<(), PublishedError> {
        let n_genes = self.problem.knowledge.activation.rows;
        check_square("the matrix of activation strengths", &network.activation, n_genes)?;
        check_square("the matrix of inhibition strengths", &network.inhibition, n_genes)
    }

    fn signed_powers(&self, network: &RelaxedNetwork) -> SignedPowers {
        let (p, n) = (&network.activation, &network.inhibition);
        let mut powers = vec![network.clone()];
        for _ in 1..self.config.k {
            let last = &powers[powers.len() - 1];
            let activation = Matrix::product_sum(p, &last.activation, n, &last.inhibition);
            let inhibition = Matrix::product_sum(p, &last.inhibition, n, &last.activation);
            powers.push(RelaxedNetwork { activation, inhibition });
        }
        powers
    }

    /// `u` and `v`: the strengths of all walks that would raise, and that would lower, each gene.
    fn responses_of(&self, powers: &SignedPowers) -> (Matrix, Matrix) {
        let first = if self.config.cumulative { 0 } else { powers.len() - 1 };
        let mut u = Matrix::zeros(self.up_moves.rows, self.up_moves.columns);
        let mut v = u.clone();
        for power in &powers[first..] {
            u.add_product(&self.up_moves, &power.activation);
            u.add_product(&self.down_moves, &power.inhibition);
            v.add_product(&self.up_moves, &power.inhibition);
            v.add_product(&self.down_moves, &power.activation);
        }
        (u, v)
    }

    /// `ω ⊙ (ε_t(u) − ε_t(v) − ȳ)`.
    fn residual(&self, u: &Matrix, v: &Matrix) -> Matrix {
        let t = self.config.t;
        let response = u.zip(v, |u, v| indicator(u, t) - indicator(v, t));
        response
            .zip(&self.problem.responses, |said, seen| said - seen)
            .zip(&self.problem.measured, |gap, weight| gap * weight)
    }

    fn misfit(&self, u: &Matrix, v: &Matrix) -> f64 {
        self.residual(u, v).values.iter().map(|gap| gap * gap).sum()
    }

    fn distance_from_knowledge(&self, network: &RelaxedNetwork) -> f64 {
        let t0 = self.config.t0;
        let of_sign = |sign| -> f64 {
            let pairs = network.of_sign(sign).values.iter().zip(&self.problem.knowledge.of_sign(sign).values);
            pairs.map(|(&strength, &known)| (indicator(strength, t0) - known).abs()).sum()
        };
        self.config.lambda * Sign::BOTH.map(of_sign).iter().sum::<f64>()
    }

    /// Gradient of the misfit with respect to `U` and `V`.
    fn gradient_of_walks(&self, u: &Matrix, v: &Matrix) -> RelaxedNetwork {
        let t = self.config.t;
        let twice = self.residual(u, v).zip(&self.problem.measured, |gap, weight| 2.0 * gap * weight);
        let by_u = twice.zip(u, |gap, u| gap * indicator_derivative(u, t));
        let by_v = twice.zip(v, |gap, v| -gap * indicator_derivative(v, t));
        let (up, down) = (self.up_moves.transposed(), self.down_moves.transposed());
        RelaxedNetwork {
            activation: Matrix::product_sum(&up, &by_u, &down, &by_v),
            inhibition: Matrix::product_sum(&up, &by_v, &down, &by_u),
        }
    }

    /// Gradient of the misfit with respect to `P` and `N`, from that with respect to `U` and `V`.
    fn sweep_back(&self, network: &RelaxedNetwork, powers: &SignedPowers, walks: &RelaxedNetwork) -> RelaxedNetwork {
        let (pt, nt) = (network.activation.transposed(), network.inhibition.transposed());
        let mut gradient = RelaxedNetwork::zeros(network.activation.rows);
        let mut adjoint = walks.clone();
        for power in powers[..powers.len() - 1].iter().rev() {
            let (power_p, power_n) = (power.activation.transposed(), power.inhibition.transposed());
            gradient.activation.add_product(&adjoint.activation, &power_p);
            gradient.activation.add_product(&adjoint.inhibition, &power_n);
            gradient.inhibition.add_product(&adjoint.activation, &power_n);
            gradient.inhibition.add_product(&adjoint.inhibition, &power_p);
            adjoint = RelaxedNetwork {
                activation: Matrix::product_sum(&pt, &adjoint.activation, &nt, &adjoint.inhibition),
                inhibition: Matrix::product_sum(&nt, &adjoint.activation, &pt, &adjoint.inhibition),
            };
            if self.config.cumulative {
                adjoint.activation.add(&walks.activation);
                adjoint.inhibition.add(&walks.inhibition);
            }
        }
        gradient.activation.add(&adjoint.activation);
        gradient.inhibition.add(&adjoint.inhibition);
        gradient
    }

    fn add_gradient_of_distance(&self, network: &RelaxedNetwork, gradient: &mut RelaxedNetwork) {
        let PublishedConfig { t0, lambda, .. } = self.config;
        for sign in Sign::BOTH {
            let known = self.problem.knowledge.of_sign(sign);
            let pull = network.of_sign(sign).zip(known, |strength, known| {
                lambda * sign_of(indicator(strength, t0) - known) * indicator_derivative(strength, t0)
            });
            gradient.of_sign_mut(sign).add(&pull);
        }
    }

    /// Descends from the knowledge by Adam, keeping `P, N ≥ 0` by clamping, as published.
    ///
    /// The best network met is returned, which is never worse than the knowledge itself. Told to stop by `progress`, it
    /// returns the best so far.
    ///
    /// # Errors
    /// [`PublishedError::Setting`] if a setting of the descent is out of range.
    pub fn minimise(&self, descent: &DescentConfig, progress: &dyn Progress) -> Result<Descent, PublishedError> {
        positive("learning_rate", descent.learning_rate)?;
        progress.begin("Descending on the published objective", descent.epochs as u64);
        let mut network = self.problem.knowledge.clone();
        let mut adam = Sign::BOTH.map(|_| Adam::new(network.activation.values.len()));
        let mut best = Descent { network: network.clone(), value: self.value(&network)?, values: Vec::new() };
        for _ in 0..descent.epochs {
            if progress.is_cancelled() {
                break;
            }
            let gradient = self.gradient(&network)?;
            for (sign, adam) in Sign::BOTH.into_iter().zip(&mut adam) {
                adam.step(&mut network.of_sign_mut(sign).values, &gradient.of_sign(sign).values, descent.learning_rate);
            }
            best.note(&network, self.value(&network)?);
            progress.advance(1);
        }
        Ok(best)
    }
}

/// The sign of a number, 0 for 0 (`f64::signum` says 1 there).
fn sign_of(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value.signum() }
}

/// How the descent is run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DescentConfig {
    /// Steps of the descent; default 300. More come closer to a minimum.
    pub epochs: usize,
    /// Step size of Adam, > 0; default 0.01. Larger moves faster and overshoots the kinks at 0 and 1.
    pub learning_rate: f64,
}

impl Default for DescentConfig {
    fn default() -> Self {
        Self { epochs: 300, learning_rate: 0.01 }
    }
}

/// What a descent found.
#[derive(Clone, Debug, PartialEq)]
pub struct Descent {
    /// The best relaxed edges met; [`RelaxedNetwork::rounded`] makes regulations of them.
    pub network: RelaxedNetwork,
    /// The objective there.
    pub value: f64,
    /// The objective after each epoch.
    pub values: Vec<f64>,
}

impl Descent {
    fn note(&mut self, network: &RelaxedNetwork, value: f64) {
        self.values.push(value);
        if value < self.value {
            self.value = value;
            self.network = network.clone();
        }
    }
}

/// Moments of Adam (Kingma & Ba, arXiv 1412.6980) with the customary decay rates.
struct Adam {
    mean: Vec<f64>,
    square: Vec<f64>,
    steps: i32,
}

impl Adam {
    const MEAN_DECAY: f64 = 0.9;
    const SQUARE_DECAY: f64 = 0.999;
    const FLOOR: f64 = 1e-8;

    fn new(length: usize) -> Self {
        Self { mean: vec![0.0; length], square: vec![0.0; length], steps: 0 }
    }

    /// One step, projected onto values ≥ 0.
    fn step(&mut self, values: &mut [f64], gradient: &[f64], rate: f64) {
        self.steps = self.steps.saturating_add(1);
        let mean_scale = 1.0 - Self::MEAN_DECAY.powi(self.steps);
        let square_scale = 1.0 - Self::SQUARE_DECAY.powi(self.steps);
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((value, derivative), (mean, square)) in values.iter_mut().zip(gradient).zip(moments) {
            *mean = Self::MEAN_DECAY * *mean + (1.0 - Self::MEAN_DECAY) * derivative;
            *square = Self::SQUARE_DECAY * *square + (1.0 - Self::SQUARE_DECAY) * derivative * derivative;
            let step = (*mean / mean_scale) / ((*square / square_scale).sqrt() + Self::FLOOR);
            *value = (*value - rate * step).max(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::biology::Response;
    use crate::progress::NoProgress;

    fn edge(regulator: usize, target: usize, sign: Sign) -> Regulation {
        Regulation::new(GeneId::new(regulator), GeneId::new(target), sign)
    }

    fn response_rows(rows: &[&[i8]]) -> ResponseMatrix {
        let entries = rows.iter().flat_map(|row| row.iter().map(|&value| Response::from_value(value)));
        ResponseMatrix::from_entries(rows.len(), rows[0].len(), entries.collect())
    }

    #[test]
    fn the_objective_of_one_inhibition_agrees_with_paper_and_pencil() {
        // 0 -| 1, gene 0 deleted: u = x₋ᵀN = (0, 1), v = 0. Seen: gene 1 up; so the misfit is (1 − e⁻¹ − 1)² = e⁻².
        let network = RegulatoryNetwork::new(2, [edge(0, 1, Sign::Inhibition)]);
        let deleted = [Perturbation::deletion(GeneId::new(0))];
        let problem = PublishedProblem::of(&network, &deleted, &response_rows(&[&[0, 1]])).expect("shapes fit");
        let config = PublishedConfig { k: 1, ..PublishedConfig::default() };
        let objective = PublishedObjective::new(problem, config).expect("in range");
        let relaxed = RelaxedNetwork::of(&network);
        let value = objective.value(&relaxed).expect("shapes fit");
        // ε₁₀₀(1) is 1 up to e⁻¹⁰⁰, so the knowledge itself costs nothing.
        assert!((value - (-2_f64).exp()).abs() < 1e-12, "{value}");
        // More inhibition would help: dL/dN₀₁ = 2(−e⁻¹)e⁻¹; an activation would cost 2(−e⁻¹)(−1).
        let gradient = objective.gradient(&relaxed).expect("shapes fit");
        assert!((gradient.inhibition.get(0, 1) + 2.0 * (-2_f64).exp()).abs() < 1e-12);
        assert!((gradient.activation.get(0, 1) - 2.0 * (-1_f64).exp()).abs() < 1e-12);
    }

    #[test]
    fn rounding_gives_back_the_network_that_was_relaxed() {
        let regulations = [edge(0, 1, Sign::Inhibition), edge(1, 2, Sign::Activation), edge(1, 2, Sign::Inhibition)];
        let network = RegulatoryNetwork::new(3, regulations);
        assert_eq!(RelaxedNetwork::of(&network).rounded(100.0), network);
    }

    #[test]
    fn the_descent_learns_a_missing_inhibition_and_keeps_the_rest() {
        // 0 → 1 is known; 0 -| 2 is seen in both directions of perturbation but not known. That 2 stays when 1 is deleted
        // rules out the detour 0 → 1 -| 2.
        let network = RegulatoryNetwork::new(3, [edge(0, 1, Sign::Activation)]);
        let [first, second] = [0, 1].map(GeneId::new);
        let moved =
            [Perturbation::deletion(first), Perturbation::overexpression(first), Perturbation::deletion(second)];
        let seen = response_rows(&[&[0, -1, 1], &[0, 1, -1], &[0, 0, 0]]);
        let problem = PublishedProblem::of(&network, &moved, &seen).expect("shapes fit");
        let config = PublishedConfig { k: 2, t: 2.0, t0: 20.0, lambda: 0.1, cumulative: true };
        let objective = PublishedObjective::new(problem, config).expect("in range");
        let descent = objective.minimise(&DescentConfig::default(), &NoProgress).expect("in range");
        assert!(descent.value < objective.value(&RelaxedNetwork::of(&network)).expect("shapes fit"));
        let expected = RegulatoryNetwork::new(3, [edge(0, 1, Sign::Activation), edge(0, 2, Sign::Inhibition)]);
        assert_eq!(descent.network.rounded(config.t0), expected);
        assert!(descent.network.activation.values().iter().all(|&strength| strength >= 0.0));
    }

    #[test]
    fn settings_shapes_and_sizes_out_of_range_are_refused() {
        let network = RegulatoryNetwork::new(2, []);
        let problem = PublishedProblem::of(&network, &[], &ResponseMatrix::unmeasured(0, 2)).expect("shapes fit");
        let without_depth = PublishedConfig { k: 0, ..PublishedConfig::default() };
        let refused = PublishedObjective::new(problem.clone(), without_depth);
        assert!(matches!(refused, Err(PublishedError::Setting { setting: "k", .. })));
        let objective = PublishedObjective::new(problem, PublishedConfig::default()).expect("in range");
        assert!(matches!(objective.value(&RelaxedNetwork::zeros(3)), Err(PublishedError::Shape { .. })));
        assert!(matches!(Matrix::from_rows(&[vec![1.0], vec![]]), Err(PublishedError::Ragged { row: 1, .. })));
        let large = RegulatoryNetwork::new(MAX_GENES + 1, []);
        let refused = PublishedProblem::of(&large, &[], &ResponseMatrix::unmeasured(0, MAX_GENES + 1));
        assert!(matches!(refused, Err(PublishedError::TooManyGenes { .. })));
    }

    fn matrix(rows: usize, columns: usize, value: impl Strategy<Value = f64>) -> impl Strategy<Value = Matrix> {
        prop::collection::vec(value, rows * columns).prop_map(move |values| Matrix { rows, columns, values })
    }

    fn zero_or_one() -> impl Strategy<Value = f64> {
        prop_oneof![3 => Just(0.0), 1 => Just(1.0)]
    }

    fn relaxed(n: usize, value: impl Strategy<Value = f64> + Clone) -> impl Strategy<Value = RelaxedNetwork> {
        (matrix(n, n, value.clone()), matrix(n, n, value))
            .prop_map(|(activation, inhibition)| RelaxedNetwork { activation, inhibition })
    }

    /// Strengths away from the kinks at 0 and 1, so that a finite difference means something.
    fn some_case() -> impl Strategy<Value = (PublishedObjective, RelaxedNetwork)> {
        (2..6_usize, 1..4_usize).prop_flat_map(|(n, rows)| {
            let sign = prop_oneof![Just(-1.0), Just(0.0), Just(1.0)];
            let problem = (
                relaxed(n, zero_or_one().boxed()),
                matrix(rows, n, sign.clone()),
                matrix(rows, n, sign),
                matrix(rows, n, 0.0..1.0_f64),
            );
            let config = (1..6_usize, 0.5..2.0_f64, 2.0..10.0_f64, 0.0..1.0_f64, any::<bool>());
            (problem, config, relaxed(n, 0.02..0.6_f64)).prop_map(|(problem, config, network)| {
                let (knowledge, perturbations, responses, measured) = problem;
                let (k, t, t0, lambda, cumulative) = config;
                let problem = PublishedProblem { knowledge, perturbations, responses, measured };
                let config = PublishedConfig { k, t, t0, lambda, cumulative };
                (PublishedObjective::new(problem, config).expect("in range"), network)
            })
        })
    }

    fn power(matrix: &Matrix, exponent: usize) -> Matrix {
        (1..exponent).fold(matrix.clone(), |power, _| {
            let mut next = Matrix::zeros(matrix.rows, matrix.columns);
            next.add_product(matrix, &power);
            next
        })
    }

    fn close(left: &Matrix, right: &Matrix) -> bool {
        left.values.iter().zip(&right.values).all(|(l, r)| (l - r).abs() <= 1e-9 * (1.0 + l.abs()))
    }

    proptest! {
        #[test]
        fn the_gradient_is_the_derivative_of_the_value((objective, network) in some_case()) {
            let gradient = objective.gradient(&network).expect("shapes fit");
            let step = 1e-6;
            for sign in Sign::BOTH {
                for index in 0..network.activation.values.len() {
                    let moved = |by: f64| {
                        let mut moved = network.clone();
                        moved.of_sign_mut(sign).values[index] += by;
                        objective.value(&moved).expect("shapes fit")
                    };
                    let derivative = (moved(step) - moved(-step)) / (2.0 * step);
                    let analytic = gradient.of_sign(sign).values[index];
                    prop_assert!((derivative - analytic).abs() < 1e-4 * (1.0 + analytic.abs()), "{derivative} against {analytic}");
                }
            }
        }

        /// The second method: `u + v = |x|ᵀ(P+N)ᵏ` and `u − v = xᵀ(P−N)ᵏ`, summed over depths if cumulative.
        #[test]
        fn sum_and_difference_of_the_walks_follow_from_plain_powers((objective, network) in some_case()) {
            let (u, v) = objective.responses_of(&objective.signed_powers(&network));
            let x = &objective.problem.perturbations;
            let all = network.activation.zip(&network.inhibition, |p, n| p + n);
            let signed = network.activation.zip(&network.inhibition, |p, n| p - n);
            let k = objective.config.k;
            let mut sum = Matrix::zeros(x.rows, x.columns);
            let mut difference = sum.clone();
            for depth in if objective.config.cumulative { 1 } else { k }..=k {
                sum.add_product(&x.map(f64::abs), &power(&all, depth));
                difference.add_product(x, &power(&signed, depth));
            }
            prop_assert!(close(&u.zip(&v, |u, v| u + v), &sum));
            prop_assert!(close(&u.zip(&v, |u, v| u - v), &difference));
        }

        #[test]
        fn a_descent_never_ends_above_the_knowledge((objective, _) in some_case()) {
            let start = objective.value(&objective.problem.knowledge).expect("shapes fit");
            let descent = objective.minimise(&DescentConfig { epochs: 20, ..DescentConfig::default() }, &NoProgress).expect("in range");
            prop_assert!(descent.value <= start);
            prop_assert_eq!(objective.value(&descent.network).expect("shapes fit"), descent.value);
        }
    }
}
