//! The vector field, its flow by Euler steps, and the gradient back through them.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::FlowConfig;
use crate::biology::{GeneId, Regulation};
use crate::network::RegulatoryNetwork;

/// Strength at which every regulation of the knowledge starts.
const FIRST_STRENGTH: f64 = 0.5;
/// Slowest decay, in 1/time.
const LEAST_DECAY: f64 = 0.05;

/// A state in which some genes are held where the perturbation puts them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    pub start: &'a [f64],
    /// Held genes and their values; empty for controls.
    pub held: &'a [(GeneId, f64)],
    pub time: f64,
}

/// `f_θ` with all its parameters in one list, so that optimiser and finite differences need not know what they are.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub n_genes: usize,
    rank: usize,
    steps: usize,
    /// Regulator, target and sign of each coupling; without self-regulation.
    couplings: Vec<(u32, u32, f64)>,
    signed: bool,
    pub parameters: Vec<f64>,
}

/// Where each kind of parameter begins.
#[derive(Clone, Copy)]
struct Layout {
    left: usize,
    right: usize,
    drift: usize,
    shock: usize,
    decay: usize,
    end: usize,
}

impl Field {
    pub fn new(network: &RegulatoryNetwork, config: &FlowConfig, rng: &mut ChaCha8Rng) -> Self {
        let walked = network.regulations().iter().filter(|edge| edge.regulator != edge.target);
        let coupling = |edge: &Regulation| {
            (edge.regulator.index() as u32, edge.target.index() as u32, f64::from(edge.sign.value()))
        };
        let couplings: Vec<_> = walked.map(coupling).collect();
        let (n_genes, rank) = (network.n_genes(), config.rank);
        let mut field =
            Self { n_genes, rank, steps: config.steps, couplings, signed: config.signed, parameters: Vec::new() };
        field.parameters = vec![0.0; field.layout().end];
        for (parameter, &(_, _, sign)) in field.parameters.iter_mut().zip(&field.couplings) {
            *parameter = sign * FIRST_STRENGTH;
        }
        let layout = field.layout();
        let bound = 1.0 / (rank.max(1) as f64).sqrt();
        field.parameters[layout.left..layout.right].fill_with(|| rng.random_range(-bound..bound));
        field
    }

    fn layout(&self) -> Layout {
        let left = self.couplings.len();
        let right = left + self.n_genes * self.rank;
        let drift = right + self.n_genes * self.rank;
        let [shock, decay, end] = [1, 2, 3].map(|parts| drift + parts * self.n_genes);
        Layout { left, right, drift, shock, decay, end }
    }

    /// `‖θ − θ₀‖²` times `weight`, where `θ₀` holds the strengths at which couplings start, and 0; its gradient is added.
    pub fn ridge(&self, weight: f64, gradient: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for (at, (&parameter, gradient)) in self.parameters.iter().zip(gradient).enumerate() {
            let away = parameter - self.couplings.get(at).map_or(0.0, |&(_, _, sign)| sign * FIRST_STRENGTH);
            *gradient += 2.0 * weight * away;
            sum += away * away;
        }
        weight * sum
    }

    /// Brings every parameter back where it may be: couplings to the sign of their regulation, decays to what Euler steps
    /// of the longest time can follow.
    pub fn project(&mut self, longest: f64) {
        let layout = self.layout();
        if self.signed {
            for (parameter, &(_, _, sign)) in self.parameters.iter_mut().zip(&self.couplings) {
                *parameter = sign * (sign * *parameter).max(0.0);
            }
        }
        let fastest = (self.steps as f64 / longest).max(LEAST_DECAY);
        for logarithm in &mut self.parameters[layout.decay..] {
            *logarithm = logarithm.clamp(LEAST_DECAY.ln(), fastest.ln());
        }
    }

    /// Couplings as (regulator, target, strength).
    pub fn couplings(&self) -> impl Iterator<Item = (GeneId, GeneId, f64)> {
        let strengths = self.couplings.iter().zip(&self.parameters);
        strengths.map(|(&(regulator, target, _), &strength)| {
            (GeneId::new(regulator as usize), GeneId::new(target as usize), strength)
        })
    }

    /// `f_θ(x, p)`; held genes are not set to 0 here.
    pub fn rate(&self, state: &[f64], perturbed: bool) -> Vec<f64> {
        let layout = self.layout();
        let squashed: Vec<_> = state.iter().map(|&x| squash(x)).collect();
        let summary = self.summary(&squashed);
        let parameters = &self.parameters;
        let mut rate = parameters[layout.drift..layout.shock].to_vec();
        for (gene, rate) in rate.iter_mut().enumerate() {
            if perturbed {
                *rate += parameters[layout.shock + gene];
            }
            *rate -= parameters[layout.decay + gene].exp() * state[gene];
            *rate += dot(&parameters[layout.left + gene * self.rank..][..self.rank], &summary);
        }
        for (&(regulator, target, _), strength) in self.couplings.iter().zip(parameters) {
            rate[target as usize] += strength * squashed[regulator as usize];
        }
        rate
    }

    /// `Vᵀφ(x)`.
    fn summary(&self, squashed: &[f64]) -> Vec<f64> {
        let layout = self.layout();
        let mut summary = vec![0.0; self.rank];
        for (gene, &squashed) in squashed.iter().enumerate() {
            let right = &self.parameters[layout.right + gene * self.rank..][..self.rank];
            summary.iter_mut().zip(right).for_each(|(summary, right)| *summary += right * squashed);
        }
        summary
    }

    /// Adds to `gradient` what the parameters do to `upstream · f_θ(x, p)`, and to `to_state` what the state does.
    pub fn add_gradient(
        &self,
        state: &[f64],
        perturbed: bool,
        upstream: &[f64],
        gradient: &mut [f64],
        to_state: &mut [f64],
    ) {
        let layout = self.layout();
        let squashed: Vec<_> = state.iter().map(|&x| squash(x)).collect();
        let summary = self.summary(&squashed);
        let mut to_summary = vec![0.0; self.rank];
        for (gene, &up) in upstream.iter().enumerate() {
            gradient[layout.drift + gene] += up;
            if perturbed {
                gradient[layout.shock + gene] += up;
            }
            let decay = self.parameters[layout.decay + gene].exp();
            gradient[layout.decay + gene] -= up * decay * state[gene];
            to_state[gene] -= up * decay;
            let at = layout.left + gene * self.rank;
            for axis in 0..self.rank {
                gradient[at + axis] += up * summary[axis];
                to_summary[axis] += up * self.parameters[at + axis];
            }
        }
        for (gene, &squashed) in squashed.iter().enumerate() {
            let at = layout.right + gene * self.rank;
            gradient[at..at + self.rank].iter_mut().zip(&to_summary).for_each(|(out, to)| *out += to * squashed);
            to_state[gene] += derivative(state[gene]) * dot(&self.parameters[at..at + self.rank], &to_summary);
        }
        for (coupling, &(regulator, target, _)) in self.couplings.iter().enumerate() {
            let (regulator, up) = (regulator as usize, upstream[target as usize]);
            gradient[coupling] += up * squashed[regulator];
            to_state[regulator] += derivative(state[regulator]) * self.parameters[coupling] * up;
        }
    }

    /// The states at the start and after each step.
    pub fn flow(&self, run: Run<'_>) -> Vec<Vec<f64>> {
        let step = run.time / self.steps as f64;
        let mut state = run.start.to_vec();
        hold(&mut state, run.held);
        let mut states = Vec::with_capacity(self.steps + 1);
        for _ in 0..self.steps {
            let rate = self.rate(&state, !run.held.is_empty());
            let mut next: Vec<_> = state.iter().zip(rate).map(|(x, rate)| x + step * rate).collect();
            hold(&mut next, run.held);
            states.push(std::mem::replace(&mut state, next));
        }
        states.push(state);
        states
    }

    /// Adds to `gradient` what the parameters do to `upstream · x(T)` along these states.
    pub fn add_flow_gradient(&self, run: Run<'_>, states: &[Vec<f64>], mut upstream: Vec<f64>, gradient: &mut [f64]) {
        let step = run.time / self.steps as f64;
        for state in states[..self.steps].iter().rev() {
            // What a held gene would do is undone at every step.
            run.held.iter().for_each(|(gene, _)| upstream[gene.index()] = 0.0);
            let scaled: Vec<_> = upstream.iter().map(|up| step * up).collect();
            self.add_gradient(state, !run.held.is_empty(), &scaled, gradient, &mut upstream);
        }
    }
}

fn hold(state: &mut [f64], held: &[(GeneId, f64)]) {
    held.iter().for_each(|&(gene, value)| state[gene.index()] = value);
}

/// `φ(x) = x / (1 + |x|)`.
fn squash(x: f64) -> f64 {
    x / (1.0 + x.abs())
}

/// `φ'(x)`.
fn derivative(x: f64) -> f64 {
    (1.0 + x.abs()).powi(-2)
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}
