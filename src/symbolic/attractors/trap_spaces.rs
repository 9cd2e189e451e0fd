//! Minimal trap spaces: the attractors of most permissive dynamics.
//!
//! One is found from above: an asynchronous run ends in some state; the least trap space around it holds a minimal one; the solver
//! tells whether there is a smaller one inside. All are found by asking for one that is disjoint from those known.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::circuit::Circuit;
use super::formula::TrapSpaces;
use super::percolation::least_trap_space;
use super::run::Run;
use super::solver::{Search, Verdict, solve_with_proof};
use super::space::Subspace;

/// Updates of an asynchronous run for each gene of the network, after which its state is taken as it is.
const UPDATES_PER_GENE: usize = 20;

/// A formula without a solution and the proof of it, in the forms that checkers of DRAT proofs read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// *There is a smaller trap space inside*, in DIMACS form.
    pub formula: String,
    /// Why there is none, in DRAT form.
    pub proof: Vec<u8>,
}

/// The smallest trap space that was found.
pub(super) struct Smallest {
    pub(super) space: Subspace,
    /// Whether the solver told that there is no smaller one inside.
    pub(super) is_minimal: bool,
    pub(super) certificate: Option<Certificate>,
}

/// Looks for a minimal trap space inside a trap space, until `stop`.
pub(super) fn smallest_within(
    circuit: &Circuit,
    within: &Subspace,
    random: &mut ChaCha8Rng,
    keeps_proof: bool,
    stop: &dyn Fn() -> bool,
) -> Smallest {
    let mut space = within.clone();
    loop {
        let state = (0..circuit.n_genes()).map(|gene| space.value(gene).unwrap_or_else(|| random.random())).collect();
        let mut run = Run::from(circuit, state);
        let mut rounds = 0;
        while rounds < UPDATES_PER_GENE && !stop() && !run.go(circuit.n_genes(), random) {
            rounds += 1;
        }
        let around = least_trap_space(circuit, &Subspace::of_state(&run.into_state()));
        debug_assert!(space.contains(&around), "a trap space is not left");
        space = around;
        let mut inside = TrapSpaces::new(circuit, &space);
        inside.demand_smaller();
        let (verdict, proof) = if keeps_proof {
            solve_with_proof(&inside.formula, stop)
        } else {
            (Search::new(&inside.formula, stop).solve(), Vec::new())
        };
        match verdict {
            Verdict::Stopped => return Smallest { space, is_minimal: false, certificate: None },
            Verdict::None => {
                let certificate = keeps_proof.then(|| Certificate { formula: inside.formula.dimacs(), proof });
                return Smallest { space, is_minimal: true, certificate };
            }
            Verdict::Solution(model) => space = inside.subspace(|literal| model.binary_search(&literal).is_ok()),
        }
    }
}

/// Why an enumeration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    All,
    Limit,
    Stopped,
}

pub(super) struct Enumeration {
    pub(super) spaces: Vec<(Subspace, bool)>,
    pub(super) end: End,
    pub(super) certificate: Option<Certificate>,
}

/// All minimal trap spaces, at most `max`, in the order in which they are found.
pub(super) fn minimal_trap_spaces(
    circuit: &Circuit,
    max: usize,
    random: &mut ChaCha8Rng,
    keeps_proof: bool,
    stop: &dyn Fn() -> bool,
    found: &dyn Fn(),
) -> Enumeration {
    let whole = Subspace::whole(circuit.n_genes());
    let first = smallest_within(circuit, &whole, random, keeps_proof, stop);
    found();
    let is_only = first.is_minimal && first.space.n_free() == circuit.n_genes();
    let mut listed = Enumeration {
        spaces: vec![(first.space.clone(), first.is_minimal)],
        end: if is_only { End::All } else { End::Stopped },
        certificate: first.certificate,
    };
    if is_only || !first.is_minimal {
        return listed;
    }
    if max <= 1 {
        listed.end = End::Limit;
        return listed;
    }
    let all = TrapSpaces::new(circuit, &whole);
    let mut search = Search::new(&all.formula, stop);
    search.add(&all.other_than(&first.space));
    loop {
        let model = match search.solve() {
            Verdict::Solution(model) => model,
            Verdict::None => {
                listed.end = End::All;
                return listed;
            }
            Verdict::Stopped => return listed,
        };
        if listed.spaces.len() >= max {
            listed.end = End::Limit;
            return listed;
        }
        let within = all.subspace(|literal| model.binary_search(&literal).is_ok());
        let next = smallest_within(circuit, &within, random, false, stop);
        found();
        search.add(&all.other_than(&next.space));
        listed.spaces.push((next.space, next.is_minimal));
        if !next.is_minimal {
            return listed;
        }
    }
}

/// All fixed points, at most `max`.
pub(super) fn fixed_points(circuit: &Circuit, max: usize, stop: &dyn Fn() -> bool) -> (Vec<Subspace>, End) {
    let whole = Subspace::whole(circuit.n_genes());
    let mut all = TrapSpaces::new(circuit, &whole);
    all.demand_state();
    let mut search = Search::new(&all.formula, stop);
    let mut listed = Vec::new();
    loop {
        match search.solve() {
            Verdict::None => return (listed, End::All),
            Verdict::Stopped => return (listed, End::Stopped),
            Verdict::Solution(_) if listed.len() >= max => return (listed, End::Limit),
            Verdict::Solution(model) => {
                let state = all.subspace(|literal| model.binary_search(&literal).is_ok());
                search.add(&all.other_than(&state));
                listed.push(state);
            }
        }
    }
}
