//! Exact asynchronous attractors by binary decision diagrams; the only file that knows the crates for them.
//!
//! Genes that constants fix are left out. Fixed points are one set, counted as a whole; what is left after reductions guided by
//! transitions and after taking away what leads to a fixed point is taken apart into basins.
//!
//! # Reference
//! Beneš, Brim, Pastva & Šafránek, CAV 2021, doi:10.1007/978-3-030-81685-8_24; Xie & Beerel, ICCAD 2000,
//! doi:10.1109/ICCAD.2000.896457.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use biodivine_algo_bdd_scc::attractor::{
    AttractorConfig, InterleavedTransitionGuidedReduction, ItgrState, XieBeerelAttractors, XieBeerelState,
};
use biodivine_algo_bdd_scc::reachability::{BackwardReachability, ReachabilityConfig};
use biodivine_lib_param_bn::biodivine_std::bitvector::{ArrayBitVector, BitVector as _};
use biodivine_lib_param_bn::biodivine_std::traits::Set as _;
use biodivine_lib_param_bn::fixed_points::FixedPoints;
use biodivine_lib_param_bn::symbolic_async_graph::{GraphColoredVertices, SymbolicAsyncGraph};
use biodivine_lib_param_bn::trap_spaces::{SymbolicSpaceContext, TrapSpaces};
use biodivine_lib_param_bn::{BooleanNetwork as Diagrammed, FnUpdate, Regulation, RegulatoryGraph, VariableId};
use cancel_this::CancelAtomic;
use cancel_this::{Cancellable, on_trigger};
use computation_process::{Computable as _, Stateful as _};

use super::circuit::{Circuit, NO_GATE};
use super::order::free_genes;
use super::space::Subspace;

/// Most free genes for which diagrams are tried.
const MOST_FREE: usize = 1_000;
/// Most gates of a rule, and most literals of a threshold, that are written out as an expression.
const MOST_GATES: usize = 1_000;
const MOST_COUNTED: usize = 14;
/// Nodes of a diagram at which a search gives up, about 1 GB.
const MOST_NODES: usize = 50_000_000;
const NO_LOG: usize = 0;

/// Why there is no exact answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    TooLarge,
    /// Time ran out; the number of fixed points, if it was counted before.
    Stopped(Option<String>),
}

/// All attractors, as sets of states of the free genes.
pub(super) struct Attractors {
    graph: SymbolicAsyncGraph,
    free: Vec<usize>,
    fixed: Subspace,
    fixed_points: GraphColoredVertices,
    pub(super) complex: Vec<Complex>,
}

/// An attractor of several states.
pub(super) struct Complex {
    pub(super) hull: Subspace,
    /// Number of its states, in decimals.
    pub(super) states: String,
    set: GraphColoredVertices,
}

/// Numbers of minimal trap spaces, in decimals.
pub(super) struct TrapSpaceCount {
    pub(super) fixed_points: String,
    pub(super) all: String,
}

/// Looks for all attractors of the asynchronous dynamics within the subspace that constants leave.
pub(super) fn attractors(
    circuit: &Circuit,
    fixed: &Subspace,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Attractors, NoAnswer> {
    let free = free_genes(circuit, fixed);
    let network = diagrammed(circuit, fixed, &free).ok_or(NoAnswer::TooLarge)?;
    let graph = SymbolicAsyncGraph::new(&network).map_err(|_| NoAnswer::TooLarge)?;
    if stop() {
        return Err(NoAnswer::Stopped(None));
    }
    let fixed_points = fixed_points(&graph, stop)?;
    let sets = stopped_by(stop, || search(&graph, &fixed_points)).map_err(|_| stopped_after(&fixed_points))?;
    let mut complex: Vec<Complex> = sets
        .into_iter()
        .map(|set| {
            let hull = hull(&graph, &set, fixed, &free);
            Complex { hull, states: set.exact_cardinality().to_string(), set }
        })
        .collect();
    complex.sort_by(|a, b| (a.states.len(), &a.states, &a.hull).cmp(&(b.states.len(), &b.states, &b.hull)));
    Ok(Attractors { graph, free, fixed: fixed.clone(), fixed_points, complex })
}

impl Attractors {
    /// Number of fixed points, in decimals.
    pub(super) fn n_fixed_points(&self) -> String {
        self.fixed_points.exact_cardinality().to_string()
    }

    /// Number of all attractors, in decimals.
    pub(super) fn n_all(&self) -> String {
        (self.fixed_points.exact_cardinality() + self.complex.len()).to_string()
    }

    /// The first fixed points, at most `max`.
    pub(super) fn fixed_points(&self, max: usize) -> Vec<Subspace> {
        let states = self.fixed_points.vertices();
        let state = |values: ArrayBitVector| {
            let mut state = self.fixed.clone();
            self.free.iter().zip(values.values()).for_each(|(&gene, value)| state.fix(gene, value));
            state
        };
        states.iter().take(max).map(state).collect()
    }

    /// Whether a state lies in the attractor at `place` of `complex`.
    pub(super) fn is_in_complex(&self, place: usize, state: &[bool]) -> bool {
        let values: Vec<bool> = self.free.iter().map(|&gene| state[gene]).collect();
        self.graph.vertex(&ArrayBitVector::from(values)).is_subset(&self.complex[place].set)
    }
}

/// Counts minimal trap spaces without listing them.
pub(super) fn count_trap_spaces(
    circuit: &Circuit,
    fixed: &Subspace,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<TrapSpaceCount, NoAnswer> {
    let free = free_genes(circuit, fixed);
    let network = diagrammed(circuit, fixed, &free).ok_or(NoAnswer::TooLarge)?;
    let context = SymbolicSpaceContext::new(&network);
    let graph = SymbolicAsyncGraph::with_space_context(&network, &context).map_err(|_| NoAnswer::TooLarge)?;
    let states = fixed_points(&graph, stop)?;
    let count = || {
        let all = context.mk_unit_colored_spaces(&graph);
        let others = TrapSpaces::_minimal_symbolic(&context, &graph, &all, Some(&states), NO_LOG)?;
        let fixed_points = states.exact_cardinality();
        let all = &fixed_points + others.exact_cardinality();
        Ok(TrapSpaceCount { fixed_points: fixed_points.to_string(), all: all.to_string() })
    };
    stopped_by(stop, count).map_err(|_| stopped_after(&states))
}

fn fixed_points(
    graph: &SymbolicAsyncGraph,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<GraphColoredVertices, NoAnswer> {
    let find = || FixedPoints::_symbolic(graph, graph.unit_colored_vertices(), NO_LOG);
    stopped_by(stop, find).map_err(|_| NoAnswer::Stopped(None))
}

fn stopped_after(fixed_points: &GraphColoredVertices) -> NoAnswer {
    NoAnswer::Stopped(Some(fixed_points.exact_cardinality().to_string()))
}

/// The attractors that are no fixed points.
fn search(graph: &SymbolicAsyncGraph, fixed_points: &GraphColoredVertices) -> Cancellable<Vec<GraphColoredVertices>> {
    let all = graph.unit_colored_vertices();
    let mut config = AttractorConfig::new(graph.clone());
    config.max_symbolic_size = MOST_NODES;
    let mut reduction = InterleavedTransitionGuidedReduction::configure(config.clone(), ItgrState::new(graph, all));
    let mut left = reduction.compute()?;
    config.active_variables = BTreeSet::from_iter(reduction.state().active_variables());
    if !fixed_points.is_empty() {
        let mut within = ReachabilityConfig::from(&config);
        within.graph = graph.restrict(&left);
        let leads_there = BackwardReachability::configure(within, fixed_points.clone()).compute()?;
        left = left.minus(&leads_there);
    }
    XieBeerelAttractors::configure(config, XieBeerelState::from(&left)).collect()
}

fn hull(graph: &SymbolicAsyncGraph, set: &GraphColoredVertices, fixed: &Subspace, free: &[usize]) -> Subspace {
    let mut hull = fixed.clone();
    for (variable, value) in graph.wrap_in_subspace(&set.vertices()).to_values() {
        hull.fix(free[variable.to_index()], value);
    }
    hull
}

/// Runs `action`, which asks its own library whether to go on, until `stop` says so.
fn stopped_by<T>(stop: &(dyn Fn() -> bool + Sync), action: impl FnOnce() -> Cancellable<T>) -> Cancellable<T> {
    struct SetOnDrop<'a>(&'a AtomicBool);
    impl Drop for SetOnDrop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let trigger = CancelAtomic::default();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                if stop() {
                    return trigger.cancel();
                }
                std::thread::park_timeout(Duration::from_millis(20));
            }
        });
        let result = {
            let _over = SetOnDrop(&is_over);
            on_trigger(trigger.clone(), action)
        };
        waiting.thread().unpark();
        result
    })
}

/// The free genes as a network of the library; `None` if they are too many or a rule cannot be written out.
fn diagrammed(circuit: &Circuit, fixed: &Subspace, free: &[usize]) -> Option<Diagrammed> {
    if free.is_empty() || free.len() > MOST_FREE {
        return None;
    }
    let mut places = vec![usize::MAX; circuit.n_genes()];
    free.iter().enumerate().for_each(|(place, &gene)| places[gene] = place);
    let rules: Vec<FnUpdate> = free.iter().map(|&gene| rule(circuit, fixed, &places, gene)).collect::<Option<_>>()?;
    let mut graph = RegulatoryGraph::new((0..free.len()).map(|place| format!("g{place}")).collect());
    for (target, rule) in rules.iter().enumerate() {
        let regulators: BTreeSet<VariableId> = rule.collect_arguments().into_iter().collect();
        for regulator in regulators {
            let target = VariableId::from_index(target);
            graph.add_raw_regulation(Regulation { regulator, target, observable: false, monotonicity: None }).ok()?;
        }
    }
    let mut network = Diagrammed::new(graph);
    for (target, rule) in rules.into_iter().enumerate() {
        network.set_update_function(VariableId::from_index(target), Some(rule)).ok()?;
    }
    Some(network)
}

fn rule(circuit: &Circuit, fixed: &Subspace, places: &[usize], gene: usize) -> Option<FnUpdate> {
    let gates = circuit.gates_of(gene);
    let (first, root) = (gates.start, circuit.on(gene) as usize);
    if gates.len() > MOST_GATES && !is_flat(circuit, gates.clone()) {
        return None;
    }
    let mut children: Vec<Vec<FnUpdate>> = vec![Vec::new(); gates.len()];
    for gate in gates {
        let mut parts = std::mem::take(&mut children[gate - first]);
        parts.extend(circuit.literals(gate).iter().map(|literal| match fixed.value(literal.gene()) {
            Some(value) => FnUpdate::Const(value == literal.value()),
            None => {
                let variable = FnUpdate::mk_var(VariableId::from_index(places[literal.gene()]));
                if literal.value() { variable } else { variable.negation() }
            }
        }));
        let made = made(parts, circuit.needs(gate, false) as usize)?;
        if gate == root {
            return Some(made);
        }
        if circuit.parent(gate) != NO_GATE {
            children[circuit.parent(gate) as usize - first].push(made);
        }
    }
    None
}

/// True if gates lie at most two deep, as those of prime implicants do.
fn is_flat(circuit: &Circuit, mut gates: std::ops::Range<usize>) -> bool {
    gates.all(|gate| match circuit.parent(gate) {
        NO_GATE => true,
        parent => circuit.parent(parent as usize) == NO_GATE,
    })
}

fn made(parts: Vec<FnUpdate>, needs: usize) -> Option<FnUpdate> {
    let size = parts.len();
    let known = parts.iter().filter(|part| part.as_const() == Some(true)).count();
    let open: Vec<FnUpdate> = parts.into_iter().filter(|part| part.as_const().is_none()).collect();
    let needs = needs.saturating_sub(known);
    if needs == 0 || needs > open.len() {
        return Some(FnUpdate::Const(needs == 0));
    }
    match needs {
        1 => Some(joined(&open, FnUpdate::or)),
        all if all == open.len() => Some(joined(&open, FnUpdate::and)),
        _ if size > MOST_COUNTED => None,
        _ => Some(counted(&open, needs)),
    }
}

/// A balanced tree, so that no recursion goes deep.
fn joined(parts: &[FnUpdate], join: fn(FnUpdate, FnUpdate) -> FnUpdate) -> FnUpdate {
    match parts {
        [] => FnUpdate::Const(true),
        [one] => one.clone(),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            join(joined(left, join), joined(right, join))
        }
    }
}

/// At least `needs` of the parts: the first and one less of the others, or as many of the others.
fn counted(parts: &[FnUpdate], needs: usize) -> FnUpdate {
    match parts {
        _ if needs == 0 => FnUpdate::Const(true),
        _ if needs > parts.len() => FnUpdate::Const(false),
        _ if needs == parts.len() => joined(parts, FnUpdate::and),
        _ if needs == 1 => joined(parts, FnUpdate::or),
        [first, others @ ..] => first.clone().and(counted(others, needs - 1)).or(counted(others, needs)),
        [] => FnUpdate::Const(false),
    }
}
