//! The shape of a network: who can reach whom, feedback, degrees; all of its regulations alone, since effects are no steps.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use serde::{Deserialize, Serialize};

use super::{Neighbour, RegulatoryNetwork};
use crate::biology::{GeneId, Regulation, Sign};

/// The network as petgraph holds it: vertices are genes in order, edges are regulations in order.
pub(super) fn graph(network: &RegulatoryNetwork) -> DiGraph<GeneId, Sign> {
    let mut graph = DiGraph::with_capacity(network.n_genes(), network.regulations().len());
    let vertices: Vec<_> = (0..network.n_genes()).map(|gene| graph.add_node(GeneId::new(gene))).collect();
    for edge in network.regulations() {
        graph.add_edge(vertices[edge.regulator.index()], vertices[edge.target.index()], edge.sign);
    }
    graph
}

/// Sets of genes each of which reaches every other of its set: all feedback lies inside them.
///
/// Genes without feedback are sets of one. The largest set comes first, equal ones by their first gene; genes inside a
/// set are in order.
///
/// # Complexity
/// `O(genes + regulations)`, without recursion.
#[must_use]
pub fn strongly_connected_components(network: &RegulatoryNetwork) -> Vec<Vec<GeneId>> {
    let graph = graph(network);
    let mut components: Vec<Vec<GeneId>> = kosaraju_scc(&graph)
        .into_iter()
        .map(|component| {
            let mut genes: Vec<_> = component.into_iter().map(|vertex| graph[vertex]).collect();
            genes.sort_unstable();
            genes
        })
        .collect();
    components.sort_unstable_by_key(|genes| (std::cmp::Reverse(genes.len()), genes[0]));
    components
}

/// The genes that `gene` reaches by one regulation or more, in order; itself only if it lies on a feedback loop.
#[must_use]
pub fn descendants(network: &RegulatoryNetwork, gene: GeneId) -> Vec<GeneId> {
    reach(network.n_genes(), gene, |gene| network.targets_of(gene))
}

/// The genes that reach `gene` by one regulation or more, in order; itself only if it lies on a feedback loop.
#[must_use]
pub fn ancestors(network: &RegulatoryNetwork, gene: GeneId) -> Vec<GeneId> {
    reach(network.n_genes(), gene, |gene| network.regulators_of(gene))
}

fn reach<'a>(n_genes: usize, start: GeneId, next: impl Fn(GeneId) -> &'a [Neighbour]) -> Vec<GeneId> {
    let mut reached = vec![false; n_genes];
    let mut open = vec![start];
    while let Some(gene) = open.pop() {
        for neighbour in next(gene) {
            if !std::mem::replace(&mut reached[neighbour.gene.index()], true) {
                open.push(neighbour.gene);
            }
        }
    }
    (0..n_genes).filter(|&gene| reached[gene]).map(GeneId::new).collect()
}

/// Genes that regulate one another in a ring, no gene twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FeedbackLoop {
    /// Its regulations, each starting where the former ends, the last ending where the first starts; the first
    /// regulator is the least gene of the ring.
    pub regulations: Vec<Regulation>,
}

impl FeedbackLoop {
    /// Number of regulations, 1 for self-regulation.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.regulations.len()
    }

    /// The product of its signs: `Activation` is positive feedback (memory, switches), `Inhibition` negative feedback
    /// (damping, oscillation).
    ///
    /// # Reference
    /// Thomas, J. Theor. Biol. 153 (1991), doi:10.1016/S0022-5193(05)80350-9.
    #[must_use]
    pub fn sign(&self) -> Sign {
        self.regulations.iter().fold(Sign::Activation, |sign, step| sign.times(step.sign))
    }
}

/// Feedback loops found, and whether they are all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackLoops {
    /// The loops: by their least gene, then by their regulations.
    pub loops: Vec<FeedbackLoop>,
    /// False if there are more loops than were asked for.
    pub complete: bool,
}

/// Feedback loops of at most `max_length` regulations, at most `limit` of them. Two genes joined by both signs make a loop of
/// each sign.
///
/// # Complexity
/// Exponential in `max_length` at worst; branches that cannot come back in time are not entered.
#[must_use]
pub fn feedback_loops(network: &RegulatoryNetwork, max_length: usize, limit: usize) -> FeedbackLoops {
    let mut found = FeedbackLoops { loops: Vec::new(), complete: true };
    let mut search = LoopSearch { network, max_length, steps_home: vec![usize::MAX; network.n_genes()] };
    for least in (0..network.n_genes()).map(GeneId::new) {
        search.loops_from(least, limit, &mut found);
        if !found.complete {
            break;
        }
    }
    found
}

/// Search for the loops whose least gene is given: other genes on the way must be greater.
struct LoopSearch<'a> {
    network: &'a RegulatoryNetwork,
    max_length: usize,
    steps_home: Vec<usize>,
}

impl LoopSearch<'_> {
    fn loops_from(&mut self, least: GeneId, limit: usize, found: &mut FeedbackLoops) {
        let touched = self.measure_way_home(least);
        let mut path: Vec<Regulation> = Vec::new();
        let mut branches = vec![self.network.targets_of(least).iter()];
        while let Some(branch) = branches.last_mut() {
            let Some(edge) = branch.next() else {
                branches.pop();
                path.pop();
                continue;
            };
            let from = path.last().map_or(least, |step| step.target);
            let step = Regulation::new(from, edge.gene, edge.sign);
            if edge.gene == least && path.len() < self.max_length {
                if found.loops.len() == limit {
                    found.complete = false;
                    break;
                }
                found.loops.push(FeedbackLoop { regulations: path.iter().copied().chain([step]).collect() });
            } else if self.leads_home(&path, edge.gene, least) {
                path.push(step);
                branches.push(self.network.targets_of(edge.gene).iter());
            }
        }
        touched.into_iter().for_each(|gene| self.steps_home[gene.index()] = usize::MAX);
    }

    fn leads_home(&self, path: &[Regulation], gene: GeneId, least: GeneId) -> bool {
        let steps_home = self.steps_home[gene.index()];
        gene > least
            && steps_home != usize::MAX
            && path.len() + 1 + steps_home <= self.max_length
            && path.iter().all(|step| step.target != gene)
    }

    /// Least number of steps back to `least` through greater genes, for all genes near enough; hands out which.
    fn measure_way_home(&mut self, least: GeneId) -> Vec<GeneId> {
        let mut touched = vec![least];
        self.steps_home[least.index()] = 0;
        let mut next = 0;
        while let Some(&gene) = touched.get(next) {
            next += 1;
            let steps = self.steps_home[gene.index()] + 1;
            if steps >= self.max_length {
                break;
            }
            for edge in self.network.regulators_of(gene) {
                if edge.gene > least && self.steps_home[edge.gene.index()] == usize::MAX {
                    self.steps_home[edge.gene.index()] = steps;
                    touched.push(edge.gene);
                }
            }
        }
        touched
    }
}

/// How many regulations there are, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DegreeSummary {
    /// Genes of the table.
    pub genes: usize,
    /// Regulations, both signs of a conflict counted.
    pub regulations: usize,
    /// Regulations that activate.
    pub activations: usize,
    /// Regulations that inhibit.
    pub inhibitions: usize,
    /// Ordered pairs of genes joined by both signs.
    pub conflicts: usize,
    /// Regulations of a gene by itself.
    pub self_regulations: usize,
    /// Genes with a target besides themselves.
    pub regulators: usize,
    /// Genes with a regulator besides themselves.
    pub targets: usize,
    /// Genes without any regulation.
    pub isolated: usize,
    /// The gene with the most targets and their number, the first of equals.
    pub most_targets: Option<(GeneId, usize)>,
    /// The gene with the most regulators and their number, the first of equals.
    pub most_regulators: Option<(GeneId, usize)>,
}

/// Counts regulations by sign and gene.
///
/// # Complexity
/// `O(genes + regulations)`.
#[must_use]
pub fn degree_summary(network: &RegulatoryNetwork) -> DegreeSummary {
    let edges = network.regulations();
    let genes = || (0..network.n_genes()).map(GeneId::new);
    let by_others = |gene: GeneId| network.regulators_of(gene).iter().any(|edge| edge.gene != gene);
    let lonely = |gene: &GeneId| network.targets_of(*gene).is_empty() && network.regulators_of(*gene).is_empty();
    let activations = edges.iter().filter(|edge| edge.sign == Sign::Activation).count();
    DegreeSummary {
        genes: network.n_genes(),
        regulations: edges.len(),
        activations,
        inhibitions: edges.len() - activations,
        conflicts: edges.windows(2).filter(|pair| pair[0].flipped() == pair[1]).count(),
        self_regulations: edges.iter().filter(|edge| edge.regulator == edge.target).count(),
        regulators: network.regulators().count(),
        targets: genes().filter(|&gene| by_others(gene)).count(),
        isolated: genes().filter(lonely).count(),
        most_targets: first_of_most(genes(), |gene| network.targets_of(gene)),
        most_regulators: first_of_most(genes(), |gene| network.regulators_of(gene)),
    }
}

/// The gene with the most distinct neighbours, if any has one.
fn first_of_most<'a>(
    genes: impl Iterator<Item = GeneId>,
    neighbours: impl Fn(GeneId) -> &'a [Neighbour],
) -> Option<(GeneId, usize)> {
    let distinct = |gene: GeneId| neighbours(gene).chunk_by(|a, b| a.gene == b.gene).count();
    let degrees = genes.map(|gene| (gene, distinct(gene))).filter(|&(_, degree)| degree > 0);
    degrees.min_by_key(|&(gene, degree)| (std::cmp::Reverse(degree), gene))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    fn network(n: usize, edges: &[(usize, usize, Sign)]) -> RegulatoryNetwork {
        let edges = edges.iter().map(|&(regulator, target, sign)| Regulation::new(gene(regulator), gene(target), sign));
        RegulatoryNetwork::new(n, edges)
    }

    use Sign::{Activation, Inhibition};

    #[test]
    fn the_repressilator_is_one_negative_feedback_loop() {
        let repressilator = network(3, &[(0, 1, Inhibition), (1, 2, Inhibition), (2, 0, Inhibition)]);
        let found = feedback_loops(&repressilator, 5, 10);
        assert!(found.complete);
        assert_eq!(found.loops.len(), 1);
        assert_eq!((found.loops[0].length(), found.loops[0].sign()), (3, Inhibition));
        assert_eq!(feedback_loops(&repressilator, 2, 10).loops.len(), 0);
    }

    #[test]
    fn a_toggle_switch_is_positive_feedback() {
        let toggle = network(2, &[(0, 1, Inhibition), (1, 0, Inhibition)]);
        assert_eq!(feedback_loops(&toggle, 2, 10).loops[0].sign(), Activation);
    }

    #[test]
    fn a_conflict_on_a_loop_makes_a_loop_of_each_sign() {
        let edges = [(0, 1, Activation), (0, 1, Inhibition), (1, 0, Activation)];
        let signs: Vec<_> = feedback_loops(&network(2, &edges), 4, 10).loops.iter().map(FeedbackLoop::sign).collect();
        assert_eq!(signs, [Activation, Inhibition]);
    }

    #[test]
    fn more_loops_than_asked_for_are_not_called_all() {
        let edges = [(0, 0, Activation), (1, 1, Inhibition)];
        let one = feedback_loops(&network(2, &edges), 1, 1);
        assert_eq!((one.loops.len(), one.complete), (1, false));
        assert!(feedback_loops(&network(2, &edges), 1, 2).complete);
    }

    #[test]
    fn the_largest_feedback_component_comes_first() {
        let edges =
            [(0, 1, Activation), (2, 3, Activation), (3, 4, Inhibition), (4, 2, Activation), (1, 2, Activation)];
        let components = strongly_connected_components(&network(5, &edges));
        assert_eq!(components, [vec![gene(2), gene(3), gene(4)], vec![gene(0)], vec![gene(1)]]);
    }

    #[test]
    fn descendants_hold_the_gene_itself_only_on_a_loop() {
        let edges = [(0, 1, Activation), (1, 2, Activation), (2, 1, Activation)];
        let network = network(3, &edges);
        assert_eq!(descendants(&network, gene(0)), [gene(1), gene(2)]);
        assert_eq!(descendants(&network, gene(1)), [gene(1), gene(2)]);
        assert_eq!(ancestors(&network, gene(0)), []);
    }

    #[test]
    fn degrees_are_counted_by_hand() {
        let edges = [(0, 1, Activation), (0, 1, Inhibition), (0, 2, Activation), (2, 2, Inhibition)];
        let summary = degree_summary(&network(4, &edges));
        assert_eq!((summary.activations, summary.inhibitions, summary.conflicts), (2, 2, 1));
        assert_eq!((summary.self_regulations, summary.regulators, summary.targets, summary.isolated), (1, 1, 2, 1));
        assert_eq!(summary.most_targets, Some((gene(0), 2)));
        assert_eq!(summary.most_regulators, Some((gene(2), 2)));
    }

    fn networks() -> impl Strategy<Value = RegulatoryNetwork> {
        (1..8_usize).prop_flat_map(|n| {
            let edge = (0..n, 0..n, prop_oneof![Just(Activation), Just(Inhibition)]);
            proptest::collection::vec(edge, 0..20).prop_map(move |edges| network(n, &edges))
        })
    }

    /// Every ordered choice of distinct genes, by recursion: the loops are those whose least gene is first.
    fn loops_by_enumeration(network: &RegulatoryNetwork, max_length: usize) -> Vec<FeedbackLoop> {
        fn extend(network: &RegulatoryNetwork, path: &[Regulation], left: usize, found: &mut Vec<FeedbackLoop>) {
            let start = path[0].regulator;
            let end = path[path.len() - 1].target;
            if end == start {
                found.push(FeedbackLoop { regulations: path.to_vec() });
                return;
            }
            let seen = path.iter().any(|step| step.regulator == end);
            if seen || end < start || left == 0 {
                return;
            }
            for step in network.regulations().iter().filter(|step| step.regulator == end) {
                extend(network, &[path, &[*step]].concat(), left - 1, found);
            }
        }
        let mut found = Vec::new();
        for first in network.regulations() {
            extend(network, &[*first], max_length - 1, &mut found);
        }
        found.sort();
        found
    }

    proptest! {
        #[test]
        fn feedback_loops_are_those_of_a_plain_enumeration(network in networks(), max_length in 1..7_usize) {
            let found = feedback_loops(&network, max_length, usize::MAX);
            prop_assert!(found.complete);
            let mut loops = found.loops;
            loops.sort();
            prop_assert_eq!(loops, loops_by_enumeration(&network, max_length));
        }

        #[test]
        fn genes_share_a_component_exactly_if_they_reach_each_other(network in networks()) {
            let components = strongly_connected_components(&network);
            let home = |gene: GeneId| components.iter().position(|component| component.contains(&gene));
            for a in (0..network.n_genes()).map(gene) {
                for b in (0..network.n_genes()).map(gene).filter(|&b| b != a) {
                    let mutual = descendants(&network, a).contains(&b) && ancestors(&network, a).contains(&b);
                    prop_assert_eq!(home(a) == home(b), mutual);
                }
            }
        }
    }
}
