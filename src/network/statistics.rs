//! A network in figures: degrees, hubs, components, feedback.

use petgraph::unionfind::UnionFind;
use serde::Serialize;

use super::topology::{DegreeSummary, degree_summary, feedback_loops, strongly_connected_components};
use super::{Neighbour, RegulatoryNetwork};
use crate::biology::{GeneId, Sign};

/// How values are spread, by nearest rank; all 0 if there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    /// Number of values.
    pub count: usize,
    /// The least.
    pub least: usize,
    /// A quarter is at most this.
    pub lower_quartile: usize,
    /// Half is at most this.
    pub median: usize,
    /// Three quarters are at most this.
    pub upper_quartile: usize,
    /// Nine tenths are at most this.
    pub ninth_decile: usize,
    /// The largest.
    pub largest: usize,
}

impl Quantiles {
    /// The quantiles of these values.
    #[must_use]
    pub fn of(mut values: Vec<usize>) -> Self {
        values.sort_unstable();
        let rank = |tenths_of_tenths: usize| {
            let rank = (values.len() * tenths_of_tenths).div_ceil(100).max(1);
            values.get(rank - 1).copied().unwrap_or_default()
        };
        Self {
            count: values.len(),
            least: values.first().copied().unwrap_or_default(),
            lower_quartile: rank(25),
            median: rank(50),
            upper_quartile: rank(75),
            ninth_decile: rank(90),
            largest: values.last().copied().unwrap_or_default(),
        }
    }
}

/// Numbers of feedback loops by sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LoopCounts {
    /// Loops of at most so many regulations are counted.
    pub max_length: usize,
    /// Loops whose signs multiply to activation.
    pub positive: usize,
    /// Loops whose signs multiply to inhibition.
    pub negative: usize,
    /// False if there are more than were looked at.
    pub complete: bool,
}

/// The shape of a network.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NetworkStatistics {
    /// Counts.
    pub counts: DegreeSummary,
    /// Genes that a regulator acts on, over all genes with a target.
    pub targets_per_regulator: Quantiles,
    /// Genes that act on a target, over all genes with a regulator.
    pub regulators_per_target: Quantiles,
    /// The genes with the most targets, most first.
    pub hubs: Vec<(GeneId, usize)>,
    /// The genes with the most regulators, most first.
    pub most_regulated: Vec<(GeneId, usize)>,
    /// Sizes of the parts that no regulation connects, largest first; genes without regulation are left out.
    pub components: Vec<usize>,
    /// The largest set of genes each of which reaches every other one; empty if there is no feedback but of a gene on itself.
    pub feedback_core: Vec<GeneId>,
    /// Feedback loops.
    pub loops: LoopCounts,
}

/// So many loops are looked at.
const LOOPS: usize = 100_000;

impl NetworkStatistics {
    /// The figures of a network, with `top` genes in each list, and loops of at most `loop_length` regulations.
    ///
    /// # Complexity
    /// `O(genes + regulations)`, and the search for loops, see [`feedback_loops`].
    #[must_use]
    pub fn of(network: &RegulatoryNetwork, top: usize, loop_length: usize) -> Self {
        let targets = degrees(network, |gene| network.targets_of(gene));
        let regulators = degrees(network, |gene| network.regulators_of(gene));
        let quantiles =
            |degrees: &[(GeneId, usize)]| Quantiles::of(degrees.iter().map(|&(_, degree)| degree).collect());
        let first = |degrees: &[(GeneId, usize)]| degrees.iter().copied().take(top).collect();
        let core = strongly_connected_components(network).into_iter().next().unwrap_or_default();
        let found = feedback_loops(network, loop_length, LOOPS);
        let positive = found.loops.iter().filter(|ring| ring.sign() == Sign::Activation).count();
        Self {
            counts: degree_summary(network),
            targets_per_regulator: quantiles(&targets),
            regulators_per_target: quantiles(&regulators),
            hubs: first(&targets),
            most_regulated: first(&regulators),
            components: components(network),
            feedback_core: if core.len() > 1 { core } else { Vec::new() },
            loops: LoopCounts {
                max_length: loop_length,
                positive,
                negative: found.loops.len() - positive,
                complete: found.complete,
            },
        }
    }
}

/// Genes with a neighbour and the number of their distinct neighbours, most first, equals by gene.
fn degrees<'a>(network: &RegulatoryNetwork, neighbours: impl Fn(GeneId) -> &'a [Neighbour]) -> Vec<(GeneId, usize)> {
    let distinct = |gene: GeneId| neighbours(gene).chunk_by(|a, b| a.gene == b.gene).count();
    let genes = (0..network.n_genes()).map(GeneId::new);
    let mut degrees: Vec<_> = genes.map(|gene| (gene, distinct(gene))).filter(|&(_, degree)| degree > 0).collect();
    degrees.sort_by_key(|&(gene, degree)| (std::cmp::Reverse(degree), gene));
    degrees
}

fn components(network: &RegulatoryNetwork) -> Vec<usize> {
    let mut joined = UnionFind::new(network.n_genes());
    let mut takes_part = vec![false; network.n_genes()];
    for edge in network.regulations() {
        joined.union(edge.regulator.index(), edge.target.index());
        takes_part[edge.regulator.index()] = true;
        takes_part[edge.target.index()] = true;
    }
    let mut sizes = vec![0_usize; network.n_genes()];
    for gene in (0..network.n_genes()).filter(|&gene| takes_part[gene]) {
        sizes[joined.find(gene)] += 1;
    }
    sizes.retain(|&size| size > 0);
    sizes.sort_unstable_by_key(|&size| std::cmp::Reverse(size));
    sizes
}

/// The genes within `steps` regulations of `starts`, these included, in order. Upstream genes are reached too if
/// `both_ways`.
#[must_use]
pub fn neighbourhood(network: &RegulatoryNetwork, starts: &[GeneId], steps: usize, both_ways: bool) -> Vec<GeneId> {
    let mut distance = vec![usize::MAX; network.n_genes()];
    let mut open = std::collections::VecDeque::new();
    for &gene in starts {
        if std::mem::replace(&mut distance[gene.index()], 0) != 0 {
            open.push_back(gene);
        }
    }
    while let Some(gene) = open.pop_front() {
        let reached = distance[gene.index()] + 1;
        if reached > steps {
            continue;
        }
        let upstream = if both_ways { network.regulators_of(gene) } else { &[] };
        for neighbour in network.targets_of(gene).iter().chain(upstream) {
            let known = &mut distance[neighbour.gene.index()];
            if *known == usize::MAX {
                *known = reached;
                open.push_back(neighbour.gene);
            }
        }
    }
    (0..network.n_genes()).filter(|&gene| distance[gene] != usize::MAX).map(GeneId::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::Regulation;

    fn network(n: usize, edges: &[(usize, usize)]) -> RegulatoryNetwork {
        let edge = |&(a, b): &(usize, usize)| Regulation::new(GeneId::new(a), GeneId::new(b), Sign::Activation);
        RegulatoryNetwork::new(n, edges.iter().map(edge))
    }

    fn genes(numbers: &[usize]) -> Vec<GeneId> {
        numbers.iter().copied().map(GeneId::new).collect()
    }

    #[test]
    fn quantiles_are_those_of_the_nearest_rank() {
        let quantiles = Quantiles::of(vec![9, 1, 3, 2]);
        let found = (quantiles.least, quantiles.lower_quartile, quantiles.median, quantiles.upper_quartile);
        assert_eq!((found, quantiles.ninth_decile, quantiles.largest), ((1, 1, 2, 3), 9, 9));
        assert_eq!(Quantiles::of(Vec::new()), Quantiles::default());
    }

    #[test]
    fn a_ring_with_a_tail_and_a_pair_apart_is_counted_by_hand() {
        // 0 → 1 → 2 → 0, 2 → 3; 4 → 5; gene 6 alone.
        let network = network(7, &[(0, 1), (1, 2), (2, 0), (2, 3), (4, 5)]);
        let statistics = NetworkStatistics::of(&network, 1, 3);
        assert_eq!(statistics.components, [4, 2]);
        assert_eq!(statistics.feedback_core, genes(&[0, 1, 2]));
        assert_eq!(statistics.hubs, [(GeneId::new(2), 2)]);
        assert_eq!((statistics.loops.positive, statistics.loops.negative, statistics.loops.complete), (1, 0, true));
        assert_eq!(statistics.targets_per_regulator.count, 4);
    }

    #[test]
    fn a_gene_that_regulates_itself_is_no_feedback_core() {
        assert!(NetworkStatistics::of(&network(1, &[(0, 0)]), 3, 3).feedback_core.is_empty());
        assert_eq!(
            NetworkStatistics::of(&network(0, &[]), 3, 3),
            NetworkStatistics {
                loops: LoopCounts { max_length: 3, complete: true, ..LoopCounts::default() },
                ..NetworkStatistics::default()
            }
        );
    }

    #[test]
    fn a_neighbourhood_goes_upstream_only_if_asked() {
        let network = network(4, &[(0, 1), (1, 2), (2, 3)]);
        assert_eq!(neighbourhood(&network, &genes(&[1]), 1, false), genes(&[1, 2]));
        assert_eq!(neighbourhood(&network, &genes(&[1]), 1, true), genes(&[0, 1, 2]));
        assert_eq!(neighbourhood(&network, &genes(&[0]), 9, false), genes(&[0, 1, 2, 3]));
        assert_eq!(neighbourhood(&network, &genes(&[3]), 0, true), genes(&[3]));
    }
}
