//! A descent on the strengths that never rises: proximal steps around the knowledge, in a metric of their own.

use serde::{Deserialize, Serialize};

use super::sweep::Prepared;
use super::{Anchor, Objective, RelaxedConfig, RelaxedNetwork};
use crate::progress::Progress;
use crate::refinement::RefinementError;

/// How a descent is run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DescentConfig {
    /// Gradients taken at most; default 200. More come closer to a minimum.
    pub epochs: usize,
    /// The descent has converged once ten steps together lower the objective by less than this share of it, in `[0, 1]`;
    /// default 10⁻⁵.
    pub tolerance: f64,
}

impl Default for DescentConfig {
    fn default() -> Self {
        Self { epochs: 200, tolerance: 1e-5 }
    }
}

/// Why a descent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescentStop {
    /// Further steps would hardly lower the objective.
    Converged,
    /// As many gradients were taken as allowed.
    EpochLimit,
    /// Somebody asked for it.
    Cancelled,
}

/// What a descent found.
#[derive(Clone, Debug, PartialEq)]
pub struct Descent {
    /// The strengths at the end, the best that were met.
    pub network: RelaxedNetwork,
    /// The objective there.
    pub value: f64,
    /// The objective at the start and after each epoch; it never rises.
    pub values: Vec<f64>,
    /// Why it ended.
    pub stop: DescentStop,
}

impl Objective<'_> {
    /// Moves the strengths of a network so that the objective falls.
    ///
    /// ```text
    /// s ← prox(y − α D⁻¹ ∇misfit(y)),   prox(z) = argmin_{s ≥ 0}  D/2α · (s − z)² + λ · distance(s, R)   for each strength
    /// ```
    /// where `y` is `s` led on by Nesterov's momentum, `D` the root mean square of the gradients so far, and `α` the
    /// length of a step in strengths. By [`Anchor::Strength`] the operator is a soft threshold around `R`, by
    /// [`Anchor::Indicator`] it is solved for the lower of its two minima, so a strength may leap over the flank of the
    /// penalty. A step that would not lower the objective is repeated without momentum, then shortened.
    ///
    /// # Errors
    /// [`RefinementError`] if the network has another number of genes or a setting is out of range.
    ///
    /// # Reference
    /// Momentum with restarts: O'Donoghue & Candès, Found. Comput. Math. 2015; proximal steps in a changing metric:
    /// Chouzenoux, Pesquet & Repetti, J. Optim. Theory Appl. 2014.
    pub fn descend(
        &self,
        network: RelaxedNetwork,
        config: &DescentConfig,
        progress: &dyn Progress,
    ) -> Result<Descent, RefinementError> {
        if !(0.0..=1.0).contains(&config.tolerance) {
            let (name, value) = ("tolerance", config.tolerance);
            return Err(RefinementError::OutOfRange { name, value, range: "between 0 and 1" });
        }
        let prepared = self.over(&network)?;
        progress.begin("Descending on the relaxed objective", config.epochs as u64);
        let mut descender = Descender::new(&prepared, &self.config, &network);
        let mut values = vec![descender.value];
        let stop = loop {
            if progress.is_cancelled() {
                break DescentStop::Cancelled;
            }
            if values.len() > config.epochs {
                break DescentStop::EpochLimit;
            }
            let moved = descender.epoch();
            values.push(descender.value);
            progress.advance(1);
            if !moved || has_converged(&values, config.tolerance) {
                break DescentStop::Converged;
            }
        };
        let (value, strengths) = (descender.value, descender.strengths);
        Ok(Descent { network: network.with_strengths(&strengths), value, values, stop })
    }
}

fn has_converged(values: &[f64], tolerance: f64) -> bool {
    const STEPS: usize = 10;
    let last = values[values.len() - 1];
    values.len() > STEPS && values[values.len() - 1 - STEPS] - last <= tolerance * last.abs()
}

struct Descender<'a> {
    prepared: &'a Prepared<'a>,
    config: &'a RelaxedConfig,
    known: &'a [bool],
    strengths: Vec<f64>,
    previous: Vec<f64>,
    value: f64,
    /// Running mean of the squared gradient, and the weight that has gone into it.
    squares: Vec<f64>,
    weight: f64,
    length: f64,
    momentum: f64,
}

impl<'a> Descender<'a> {
    /// Of the mean of squared gradients, what a step keeps.
    const MEMORY: f64 = 0.99;
    const FIRST_LENGTH: f64 = 0.05;
    const MOST_LENGTH: f64 = 1.0;
    const LEAST_LENGTH: f64 = 1e-7;
    /// Share of the fall promised by the step that must come true.
    const SUFFICIENT: f64 = 1e-3;

    fn new(prepared: &'a Prepared<'a>, config: &'a RelaxedConfig, network: &'a RelaxedNetwork) -> Self {
        let strengths = network.strengths().to_vec();
        let value = prepared.value(&strengths);
        Self {
            prepared,
            config,
            known: network.known(),
            previous: strengths.clone(),
            squares: vec![0.0; strengths.len()],
            strengths,
            value,
            weight: 0.0,
            length: Self::FIRST_LENGTH,
            momentum: 1.0,
        }
    }

    /// One step; false if none lowers the objective.
    fn epoch(&mut self) -> bool {
        let next_momentum = f64::midpoint(1.0, (1.0 + 4.0 * self.momentum * self.momentum).sqrt());
        let lead = (self.momentum - 1.0) / next_momentum;
        let led: Vec<_> = (self.strengths.iter().zip(&self.previous))
            .map(|(&strength, &previous)| (strength + lead * (strength - previous)).max(0.0))
            .collect();
        if lead > 0.0 && led != self.strengths {
            let gradient = self.gradient(&led);
            let step = self.proximal(&led, &gradient);
            let value = self.prepared.value(&step);
            if value < self.value {
                self.momentum = next_momentum;
                self.take(step, value);
                self.length = (self.length * 1.2).min(Self::MOST_LENGTH);
                return true;
            }
            self.momentum = 1.0;
        }
        let gradient = self.gradient(&self.strengths.clone());
        while self.length > Self::LEAST_LENGTH {
            let step = self.proximal(&self.strengths, &gradient);
            if step == self.strengths {
                return false;
            }
            let value = self.prepared.value(&step);
            if value < self.value - Self::SUFFICIENT * self.squared_step(&step) / self.length {
                self.momentum = next_momentum;
                self.take(step, value);
                self.length = (self.length * 2.5).min(Self::MOST_LENGTH);
                return true;
            }
            self.length /= 2.0;
        }
        false
    }

    fn take(&mut self, step: Vec<f64>, value: f64) {
        self.previous = std::mem::replace(&mut self.strengths, step);
        self.value = value;
    }

    fn gradient(&mut self, strengths: &[f64]) -> Vec<f64> {
        let (_, gradient) = self.prepared.misfit_and_gradient(strengths);
        self.weight = Self::MEMORY * self.weight + (1.0 - Self::MEMORY);
        for (square, derivative) in self.squares.iter_mut().zip(&gradient) {
            *square = Self::MEMORY * *square + (1.0 - Self::MEMORY) * derivative * derivative;
        }
        gradient
    }

    /// Curvature `D` of each strength; never 0, so that what has no derivative stays where it is.
    fn curvature(&self, index: usize) -> f64 {
        (self.squares[index] / self.weight).sqrt() + 1e-6
    }

    fn squared_step(&self, step: &[f64]) -> f64 {
        let moves = step.iter().zip(&self.strengths).enumerate();
        moves.map(|(index, (to, from))| self.curvature(index) * (to - from) * (to - from)).sum()
    }

    fn proximal(&self, from: &[f64], gradient: &[f64]) -> Vec<f64> {
        let strength = |(index, (&strength, &derivative)): (usize, (&f64, &f64))| {
            let reach = self.length / self.curvature(index);
            proximal(self.config, strength - reach * derivative, reach, self.known[index])
        };
        from.iter().zip(gradient).enumerate().map(strength).collect()
    }
}

/// `argmin_{s ≥ 0}  (s − z)²/2 + reach · λ · distance(s, R)`.
fn proximal(config: &RelaxedConfig, z: f64, reach: f64, known: bool) -> f64 {
    let threshold = reach * config.lambda;
    match (config.anchor, known) {
        (Anchor::Strength, _) => {
            let anchor = f64::from(u8::from(known));
            let gap = z - anchor;
            (anchor + gap.signum() * (gap.abs() - threshold).max(0.0)).max(0.0)
        }
        (Anchor::Indicator, true) => proximal_of_presence(z, threshold, config.t0),
        (Anchor::Indicator, false) => proximal_of_absence(z, threshold, config.t0),
    }
}

/// Steps of Newton's method for the proximal operators; each converges from its side and needs about five.
const NEWTON_STEPS: usize = 50;

/// `argmin_{s ≥ 0}  (s − z)²/2 + c·e^{−t₀s}`: convex, so the root of `s − z − c t₀ e^{−t₀s}`, from the left.
fn proximal_of_presence(z: f64, c: f64, t0: f64) -> f64 {
    let mut s = z.max(0.0);
    if z <= 0.0 && -z >= c * t0 {
        return 0.0;
    }
    for _ in 0..NEWTON_STEPS {
        let pull = c * t0 * (-t0 * s).exp();
        let next = s - (s - z - pull) / (1.0 + t0 * pull);
        if next <= s {
            break;
        }
        s = next;
    }
    s
}

/// `argmin_{s ≥ 0}  (s − z)²/2 + c·(1 − e^{−t₀s})`: at 0 or at the greater root of `s − z + c t₀ e^{−t₀s}`, which
/// Newton's method finds from the right.
fn proximal_of_absence(z: f64, c: f64, t0: f64) -> f64 {
    if z <= 0.0 {
        return 0.0;
    }
    let mut s = z;
    for _ in 0..NEWTON_STEPS {
        let pull = c * t0 * (-t0 * s).exp();
        let derivative = 1.0 - t0 * pull;
        let next = s - (s - z + pull) / derivative;
        if derivative <= 0.0 || next <= 0.0 {
            return 0.0;
        }
        if next >= s {
            break;
        }
        s = next;
    }
    let at_root = 0.5 * (s - z) * (s - z) - c * (-t0 * s).exp_m1();
    if at_root < 0.5 * z * z { s } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slow second method: the least of many strengths.
    #[test]
    fn proximal_operators_find_the_least_of_a_fine_grid() {
        for anchor in [Anchor::Strength, Anchor::Indicator] {
            for known in [false, true] {
                for (z, reach) in
                    [(-0.4, 0.1), (0.0, 0.2), (0.02, 0.01), (0.1, 0.5), (0.7, 0.3), (1.0, 0.05), (1.6, 0.2)]
                {
                    let config = RelaxedConfig { anchor, t0: 20.0, lambda: 0.7, ..RelaxedConfig::default() };
                    let cost = |s: f64| 0.5 * (s - z) * (s - z) + reach * config.distance(s, known);
                    let least = (0..200_000).map(|step| cost(f64::from(step) * 1e-5)).fold(f64::INFINITY, f64::min);
                    let found = proximal(&config, z, reach, known);
                    assert!(cost(found) <= least + 1e-9, "{anchor:?}, known {known}, z {z}: {found}");
                }
            }
        }
    }

    #[test]
    fn a_known_strength_without_a_derivative_beyond_lambda_stays_exactly_at_one() {
        let config = RelaxedConfig::default();
        for derivative in [-0.9, 0.0, 0.9] {
            assert_eq!(proximal(&config, 1.0 - 0.1 * derivative, 0.1, true), 1.0);
            assert_eq!(proximal(&config, -0.1 * derivative, 0.1, false), 0.0);
        }
    }
}
