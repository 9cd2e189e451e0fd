//! Boolean-network dynamics: what a perturbation does to the activity of every gene in the long run.
//!
//! Start at [`SynchronousNetwork`]. A state is one bit per gene; all genes update together; one word holds a gene in
//! 64 states. `trajectory` steps and finds attractors, `update` says what a gene does next. Nothing here draws a random
//! number but the initial states, and nothing reads a file.

mod trajectory;
mod update;

use rand::RngCore as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::trajectory::{LANES, Trajectory};
use self::update::UpdateTable;
use super::bnet::UpdateRules;
use super::{Simulator, SymbolicError};
use crate::biology::{Direction, Perturbation, Response, ResponseMatrix};
use crate::network::RegulatoryNetwork;

/// How Boolean dynamics are run and read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DynamicsConfig {
    /// Initial states, at least 1; default 64. They are drawn 64 at a time, so multiples of 64 cost no more. More states
    /// visit rarer attractors; the first ones stay the same.
    pub states: usize,
    /// Steps within which a state must have shown its attractor, at least 1; default 1,024. A state that has not is
    /// *unsettled* and read by its last 840 steps.
    pub max_steps: usize,
    /// Seed of the initial states; default 42.
    pub seed: u64,
    /// Least change of mean activity that counts as a response, in `[0, 1)`; default 0.1, a change in more than one state
    /// of ten. Larger calls more genes unchanged.
    pub dead_zone: f64,
}

impl Default for DynamicsConfig {
    fn default() -> Self {
        Self { states: 64, max_steps: 1024, seed: 42, dead_zone: 0.1 }
    }
}

impl DynamicsConfig {
    fn check(&self) -> Result<(), SymbolicError> {
        let refuse = |setting, value: String, range| Err(SymbolicError::OutOfRange { setting, value, range });
        if self.states == 0 {
            return refuse("states", self.states.to_string(), "at least 1");
        }
        if self.max_steps == 0 || u32::try_from(self.max_steps).is_err() {
            return refuse("max_steps", self.max_steps.to_string(), "at least 1 and less than 2^32");
        }
        if !(0.0..1.0).contains(&self.dead_zone) {
            return refuse("dead_zone", self.dead_zone.to_string(), "at least 0 and less than 1");
        }
        Ok(())
    }
}

/// Mean activity of every gene over the attractors reached from the initial states.
///
/// ```text
/// m_j = 1/S · Σ_s  1/π_s · Σ_{t=1…π_s} z_j(T_s + t)
/// ```
/// where `z_j(t) ∈ {0, 1}` is gene j at step t, `S` the number of initial states, `T_s` a step by which state s is on its
/// attractor, and `π_s` the period of that attractor (840 if the state is unsettled).
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// `m_j` of every gene, in `[0, 1]`.
    pub means: Vec<f64>,
    /// How many of the initial states did not show their attractor within the step limit.
    pub unsettled: usize,
    /// Longest period among the settled states, 1 for fixed points; 0 if no state settled.
    pub longest_period: usize,
}

/// What one perturbation does to every gene, and how well it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct DynamicResponse {
    /// The response of every gene, by the dead zone; a perturbed gene shows the perturbation itself.
    pub responses: Vec<Response>,
    /// Mean activity with the perturbation less that without, in `[−1, 1]`.
    pub changes: Vec<f64>,
    /// Initial states that did not settle, with the perturbation or without.
    pub unsettled: usize,
}

/// A Boolean network whose genes all update at once.
///
/// A gene with a rule in [`UpdateRules`] follows it. Every other gene follows the default rule,
/// ```text
/// z_j(t+1) = (some activator of j is on at t) and (no inhibitor of j is on at t)
/// ```
/// in which *some activator* counts as true for a gene that has inhibitors only: it is on unless inhibited. Inhibition
/// wins. Two kinds of regulation are left out of the default rule. Self-regulation, as in the closure: it damps a response
/// rather than turning it, and a lone gene that inhibits itself would only flicker. And a regulator that both activates
/// and inhibits: the knowledge does not say which way it acts, and calling it an inhibitor would. A gene without other
/// regulators is an input: it keeps its initial value.
///
/// A perturbation clamps: a deleted gene is off from the first state on, an overexpressed one is on. The response of a gene is
/// the sign of the change of its mean activity ([`Activity`]) from the same initial states with and without the perturbation,
/// unchanged inside the dead zone.
///
/// # Complexity
/// A step costs `O(genes + regulations)` word operations for 64 states. A block of states takes as many steps as its slowest
/// transient and longest period need, at most `max_steps + 840`; a perturbation runs all blocks again.
///
/// # Reference
/// Kauffman, J. Theor. Biol. 22 (1969), doi:10.1016/0022-5193(69)90015-0; the inhibitor-dominant rule as in Albert & Othmer,
/// J. Theor. Biol. 223 (2003), doi:10.1016/S0022-5193(03)00035-3.
#[derive(Clone, Debug)]
pub struct SynchronousNetwork {
    table: UpdateTable,
    config: DynamicsConfig,
    unperturbed: Activity,
}

impl SynchronousNetwork {
    /// Sets the rules up and runs the unperturbed network.
    ///
    /// # Errors
    /// [`SymbolicError::OutOfRange`] for a config outside its ranges, or rules over genes that the network lacks.
    pub fn new(network: &RegulatoryNetwork, rules: UpdateRules, config: DynamicsConfig) -> Result<Self, SymbolicError> {
        config.check()?;
        let table = UpdateTable::new(network, &rules)?;
        let unperturbed = Activity { means: Vec::new(), unsettled: 0, longest_period: 0 };
        let mut simulator = Self { table, config, unperturbed };
        simulator.unperturbed = simulator.activity(&[]);
        Ok(simulator)
    }

    /// The activity without any perturbation.
    #[must_use]
    pub const fn unperturbed(&self) -> &Activity {
        &self.unperturbed
    }

    /// The activity under one perturbation.
    #[must_use]
    pub fn perturbed(&self, perturbation: &Perturbation) -> Activity {
        self.activity(&clamps(perturbation))
    }

    /// The responses to one perturbation, with the changes behind them.
    #[must_use]
    pub fn respond(&self, perturbation: &Perturbation) -> DynamicResponse {
        let perturbed = self.perturbed(perturbation);
        let means = perturbed.means.iter().zip(&self.unperturbed.means);
        let changes: Vec<_> = means.map(|(with, without)| with - without).collect();
        let mut responses: Vec<_> = changes.iter().map(|&change| self.read(change)).collect();
        for &(gene, direction) in perturbation.changes() {
            responses[gene.index()] = shown(direction);
        }
        DynamicResponse { responses, changes, unsettled: perturbed.unsettled + self.unperturbed.unsettled }
    }

    /// The responses to several perturbations, in their order.
    #[must_use]
    pub fn respond_all(&self, perturbations: &[Perturbation]) -> Vec<DynamicResponse> {
        perturbations.par_iter().map(|perturbation| self.respond(perturbation)).collect()
    }

    /// Writes the states that follow 64 states of the unperturbed network, laid out as in
    /// [`SynchronousNetwork::initial_states`], into `next`.
    ///
    /// # Panics
    /// If `now` or `next` is not one word per gene.
    pub fn step(&self, now: &[u64], next: &mut [u64]) {
        assert_eq!((now.len(), next.len()), (self.table.n_genes(), self.table.n_genes()), "one word per gene");
        next.copy_from_slice(now);
        self.table.step(now, next, &mut Vec::new());
    }

    fn read(&self, change: f64) -> Response {
        // Equal means summed over different periods may differ in the last digits.
        let threshold = self.config.dead_zone + 1e-9;
        match change {
            up if up > threshold => Response::Up,
            down if down < -threshold => Response::Down,
            _ => Response::Unchanged,
        }
    }

    fn activity(&self, clamps: &[(usize, u64)]) -> Activity {
        let n_genes = self.table.n_genes();
        let mut activity = Activity { means: vec![0.0; n_genes], unsettled: 0, longest_period: 0 };
        for first in (0..self.config.states).step_by(LANES) {
            let lanes = (self.config.states - first).min(LANES);
            let used = u64::MAX >> (LANES - lanes);
            let mut trajectory = Trajectory::new(&self.table, self.initial_states(first / LANES), clamps);
            let periods = trajectory.settle(used, self.config.max_steps);
            trajectory.add_means(&periods, used, &mut activity.means);
            activity.unsettled += lanes - periods.settled();
            activity.longest_period = activity.longest_period.max(periods.longest());
        }
        let states = self.config.states as f64;
        activity.means.iter_mut().for_each(|mean| *mean /= states);
        activity
    }

    /// The initial states of one block of 64, as one word per gene: bit `s` of word `j` is gene `j` in state `s`.
    #[must_use]
    pub fn initial_states(&self, block: usize) -> Vec<u64> {
        let mut random = ChaCha8Rng::seed_from_u64(self.config.seed);
        random.set_stream(block as u64);
        (0..self.table.n_genes()).map(|_| random.next_u64()).collect()
    }
}

impl Simulator for SynchronousNetwork {
    fn simulate(&self, perturbations: &[Perturbation]) -> ResponseMatrix {
        let rows = perturbations.par_iter().map(|perturbation| {
            let response = self.respond(perturbation);
            response.responses.into_iter().map(Some).collect::<Vec<_>>()
        });
        let rows: Vec<_> = rows.collect();
        ResponseMatrix::from_entries(perturbations.len(), self.table.n_genes(), rows.concat())
    }
}

fn clamps(perturbation: &Perturbation) -> Vec<(usize, u64)> {
    let word = |direction| if direction == Direction::Overexpression { u64::MAX } else { 0 };
    perturbation.changes().iter().map(|&(gene, direction)| (gene.index(), word(direction))).collect()
}

const fn shown(direction: Direction) -> Response {
    match direction {
        Direction::Deletion => Response::Down,
        Direction::Overexpression => Response::Up,
    }
}

#[cfg(test)]
mod tests;
