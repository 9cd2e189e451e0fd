//! Random signed networks: shaped like transcriptional ones, of equal in-degree, or grown out of a given network.
//!
//! Start at [`generate`] and [`subnetwork`]. One seed gives one network, on any machine.

use std::collections::BTreeSet;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{NetworkError, RegulatoryNetwork};
use crate::biology::{GeneId, Regulation, Sign};

/// How the ends of the regulations are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// Few regulators with many targets, most with few; in-degrees narrow; a feedback core.
    ///
    /// ```text
    /// P(regulator of the next regulation = i) = (r / u)·[i is new] + (1 − r / u)·((1 − γ)·k_i / Σk + γ / o)
    /// ```
    /// where `k_i` is the present out-degree of gene `i`, `o` the number of regulators so far, `r` the number of
    /// regulators still to come, `u` the number of regulations still to draw, and `γ` = 0.2: Simon's process with a share
    /// of even attachment, whose out-degrees have the tail `P(k) ~ k^−(1 + 1/β)`, `β = (1 − γ)(1 − regulators /
    /// regulations)`. The share of the regulations whose target is a regulator equals the share of the genes that
    /// are; such targets are drawn evenly, and all others so that no gene is a target twice before each was once. The
    /// first three regulations are a ring of the first three regulators: the start of the feedback core.
    #[default]
    ScaleFree,
    /// Heavy tails both ways, and a feedback core of an eighth of the genes that reaches nearly all others with both signs:
    /// the hardest to refine. Directed preferential attachment (Bollobás et al., SODA 2003) without new regulators:
    ///
    /// ```text
    /// with probability g/u      a new gene, regulated by gene i with P ~ 0.85·(in_i + δ)/Σ + 0.15·(out_i + δ)/Σ
    /// else                      i regulates j, P(i) ~ out_i + δ, P(j) ~ in_j + δ,   δ = 0.2
    /// ```
    /// where `g` genes and `u` regulations are still to come. It starts from a ring of three genes.
    FeedbackCore,
    /// Each gene has the same in-degree, or one more where the number of regulations is not a multiple of the number of
    /// genes; its regulators are drawn evenly from all others.
    RandomRegular,
}

/// Size and shape of a random network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// How the ends are drawn; default scale-free.
    pub topology: Topology,
    /// Genes, ≥ 4; default 5,045.
    pub genes: usize,
    /// Regulations, between different genes and with one sign each; default 7,619.
    pub regulations: usize,
    /// Share of the regulations that inhibit, in `[0, 1]`; default 0.35.
    pub inhibitions: f64,
    /// Share of the genes that regulate, in `(0, 1]`; default 0.17. Scale-free only.
    pub regulators: f64,
    /// Seed of every draw; default 1.
    pub seed: u64,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            topology: Topology::ScaleFree,
            genes: 5_045,
            regulations: 7_619,
            inhibitions: 0.35,
            regulators: 0.17,
            seed: 1,
        }
    }
}

/// Share `γ` of regulations whose regulator is drawn evenly: without it one gene regulates a third of the network.
const EVEN_SHARE: f64 = 0.2;

/// Share of new genes whose regulator is drawn by its in-degree.
const BY_IN_DEGREE: f64 = 0.85;
/// Attraction `δ` of a gene without regulations.
const ATTRACTION: f64 = 0.2;

/// Random draws of a free pair before all pairs are looked through.
const TRIES: usize = 64;

impl NetworkConfig {
    /// Number of regulators of a scale-free network: its share of the genes, at least 3, at most one a regulation.
    fn n_regulators(&self) -> usize {
        let share = (self.genes as f64 * self.regulators).round() as usize;
        share.max(3).min(self.genes).min(self.regulations)
    }

    /// Checks that such a network exists.
    ///
    /// # Errors
    /// [`NetworkError`] says which figure to change.
    pub fn check(&self) -> Result<(), NetworkError> {
        for (name, value, allowed) in [
            ("inhibitions", self.inhibitions, (0.0..=1.0).contains(&self.inhibitions)),
            ("regulators", self.regulators, self.regulators > 0.0 && self.regulators <= 1.0),
        ] {
            if !allowed {
                return Err(NetworkError::ShareOutOfRange { name, value });
            }
        }
        if self.genes < 4 || self.regulations < 4 || u32::try_from(self.genes).is_err() {
            let (genes, regulations) = (self.genes, self.regulations);
            return Err(NetworkError::TooSmall { genes, regulations });
        }
        let regulators = match self.topology {
            Topology::ScaleFree => self.n_regulators(),
            Topology::FeedbackCore | Topology::RandomRegular => self.genes,
        };
        let most = regulators.saturating_mul(self.genes - 1);
        if self.regulations > most {
            let (genes, regulations) = (self.genes, self.regulations);
            return Err(NetworkError::TooManyRegulations { genes, regulators, regulations, most });
        }
        Ok(())
    }
}

/// A random network, without self-regulation and with at most one sign between two genes.
///
/// # Errors
/// [`NetworkError`] if no such network exists.
///
/// # Complexity
/// `O(genes + regulations · log regulations)` unless nearly every possible regulation is asked for.
///
/// # Reference
/// Simon, Biometrika 42, 425 (1955), for the attachment; Guelzim et al., Nature Genetics 31, 60 (2002), for the shape:
/// many targets for few regulators, few regulators for each target.
pub fn generate(config: &NetworkConfig) -> Result<RegulatoryNetwork, NetworkError> {
    config.check()?;
    let mut generator = ChaCha8Rng::seed_from_u64(config.seed);
    let pairs = match config.topology {
        Topology::ScaleFree => scale_free(config, &mut generator),
        Topology::FeedbackCore => feedback_core(config, &mut generator),
        Topology::RandomRegular => random_regular(config, &mut generator),
    };
    let mut signs: Vec<_> = (0..pairs.len()).map(|index| sign_at(index, pairs.len(), config.inhibitions)).collect();
    signs.shuffle(&mut generator);
    let regulation = |((regulator, target), sign): ((usize, usize), Sign)| {
        Regulation::new(GeneId::new(regulator), GeneId::new(target), sign)
    };
    Ok(RegulatoryNetwork::new(config.genes, pairs.into_iter().zip(signs).map(regulation)))
}

fn sign_at(index: usize, count: usize, inhibitions: f64) -> Sign {
    let inhibited = (count as f64 * inhibitions).round() as usize;
    if index < inhibited { Sign::Inhibition } else { Sign::Activation }
}

fn scale_free(config: &NetworkConfig, generator: &mut ChaCha8Rng) -> BTreeSet<(usize, usize)> {
    let (n, m, regulators) = (config.genes, config.regulations, config.n_regulators());
    let mut genes: Vec<_> = (0..n).collect();
    genes.shuffle(generator);
    let mut targets = target_order(&genes, regulators, m, generator);

    let mut pairs = BTreeSet::new();
    // The regulator of each regulation so far: an even draw from it is a draw in proportion to the out-degrees.
    let mut attached: Vec<usize> = Vec::with_capacity(m);
    for step in 0..3 {
        pairs.insert((genes[step], genes[(step + 1) % 3]));
        attached.push(step);
    }
    let mut open = 3;
    while pairs.len() < m {
        let left = m - pairs.len();
        let regulator = if generator.random_range(0..left) < regulators - open {
            open += 1;
            open - 1
        } else if generator.random_bool(EVEN_SHARE) {
            generator.random_range(0..open)
        } else {
            attached[generator.random_range(0..attached.len())]
        };
        let wished = targets.pop().unwrap_or(genes[0]);
        let pair = free_pair((genes[regulator], wished), &genes[..regulators], n, &pairs, generator);
        attached.push(regulator);
        pairs.insert(pair);
    }
    pairs
}

/// Whom the regulations shall meet: regulators by their share of the genes, the other genes in rounds.
fn target_order(genes: &[usize], regulators: usize, regulations: usize, generator: &mut ChaCha8Rng) -> Vec<usize> {
    let (within, others) = genes.split_at(regulators);
    let to_regulators = if others.is_empty() {
        regulations
    } else {
        (regulations as f64 * regulators as f64 / genes.len() as f64).round() as usize
    };
    let mut targets: Vec<_> = (0..to_regulators).map(|_| within[generator.random_range(0..regulators)]).collect();
    let mut round = others.to_vec();
    while targets.len() < regulations {
        round.shuffle(generator);
        let missing = regulations - targets.len();
        targets.extend(round.iter().take(missing));
    }
    targets.shuffle(generator);
    targets
}

fn feedback_core(config: &NetworkConfig, generator: &mut ChaCha8Rng) -> BTreeSet<(usize, usize)> {
    let (n, m) = (config.genes, config.regulations);
    let mut genes: Vec<_> = (0..n).collect();
    genes.shuffle(generator);
    let mut pairs = BTreeSet::from([(genes[0], genes[1]), (genes[1], genes[2]), (genes[2], genes[0])]);
    // Each end of each regulation so far: an even draw is a draw in proportion to the degrees.
    let (mut regulators, mut targets) = (vec![0, 1, 2], vec![1, 2, 0]);
    let mut open = 3;
    while pairs.len() < m {
        let is_new = open < n && generator.random_range(0..m - pairs.len()) < n - open;
        let (regulator, target) = if is_new {
            let ends = if generator.random_bool(BY_IN_DEGREE) { &targets } else { &regulators };
            (attach(ends, open, generator), open)
        } else {
            (attach(&regulators, open, generator), attach(&targets, open, generator))
        };
        open += usize::from(is_new);
        let pair = free_pair((genes[regulator], genes[target]), &genes, n, &pairs, generator);
        regulators.push(regulator);
        targets.push(target);
        pairs.insert(pair);
    }
    pairs
}

/// One of the first `open` genes in proportion to its occurrences among `ends` plus [`ATTRACTION`].
fn attach(ends: &[usize], open: usize, generator: &mut ChaCha8Rng) -> usize {
    let place = generator.random_range(0.0..ends.len() as f64 + ATTRACTION * open as f64);
    ends.get(place as usize).copied().unwrap_or_else(|| generator.random_range(0..open))
}

fn random_regular(config: &NetworkConfig, generator: &mut ChaCha8Rng) -> BTreeSet<(usize, usize)> {
    let (n, m) = (config.genes, config.regulations);
    let mut order: Vec<_> = (0..n).collect();
    order.shuffle(generator);
    let mut pairs = BTreeSet::new();
    for (rank, &target) in order.iter().enumerate() {
        let in_degree = m / n + usize::from(rank < m % n);
        let chosen = rand::seq::index::sample(generator, n - 1, in_degree);
        pairs.extend(chosen.into_iter().map(|gene| (gene + usize::from(gene >= target), target)));
    }
    pairs
}

/// The wished pair if it is free; else another target for its regulator, or, if it has none left, any free pair.
fn free_pair(
    wished: (usize, usize),
    regulators: &[usize],
    n_genes: usize,
    taken: &BTreeSet<(usize, usize)>,
    generator: &mut ChaCha8Rng,
) -> (usize, usize) {
    let free = |pair: &(usize, usize)| pair.0 != pair.1 && !taken.contains(pair);
    if free(&wished) {
        return wished;
    }
    let drawn = (0..TRIES).map(|_| (wished.0, generator.random_range(0..n_genes))).find(free);
    let own = || (0..n_genes).map(|target| (wished.0, target)).find(free);
    let any = || regulators.iter().flat_map(|&gene| (0..n_genes).map(move |target| (gene, target))).find(free);
    drawn.or_else(own).or_else(any).unwrap_or(wished)
}

/// A connected part of a network, and which of its genes each gene of the part was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnetwork {
    /// The regulations between the chosen genes, over a gene table of their own.
    pub network: RegulatoryNetwork,
    /// The chosen genes of the given network, in order: gene `i` of the part was `genes[i]`.
    pub genes: Vec<GeneId>,
}

/// Grows a connected part of `genes` genes in the manner of the DREAM challenges: starts at a random gene and adds,
/// again and again, the neighbour that raises the modularity of the part most.
///
/// ```text
/// Q = 1/m · Σ_{i,j ∈ C} (a_ij − k_i k_j / 2m),
/// gain of v = 2·(Σ_{j ∈ C} a_vj − k_v K_C / 2m) − k_v² / 2m
/// ```
/// where `a` is the adjacency without direction, sign and self-regulation, `k` its degrees, `m` its number of links, `C`
/// the part and `K_C` the sum of its degrees. The gain is that of `m·Q`. Equal gains are decided by a random order of the
/// genes. The start is drawn from the largest connected component.
///
/// # Errors
/// [`NetworkError::ComponentTooSmall`] if no connected component has that many genes.
///
/// # Complexity
/// `O(genes · size of the component)`.
///
/// # Reference
/// Marbach, Schaffter, Mattiussi & Floreano, J. Comput. Biol. 16, 229 (2009).
pub fn subnetwork(network: &RegulatoryNetwork, genes: usize, seed: u64) -> Result<Subnetwork, NetworkError> {
    let links = links(network);
    let component = largest_component(&links);
    if genes == 0 || component.len() < genes {
        return Err(NetworkError::ComponentTooSmall { wanted: genes, largest: component.len() });
    }
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut rank: Vec<_> = (0..network.n_genes()).collect();
    rank.shuffle(&mut generator);
    let start = component[generator.random_range(0..component.len())];
    let mut chosen: Vec<_> = grow(&links, start, genes, &rank).into_iter().map(GeneId::new).collect();
    chosen.sort_unstable();
    let place = |gene: GeneId| chosen.binary_search(&gene).ok().map(GeneId::new);
    let inside = |statements: &[Regulation]| {
        let placed = |edge: &Regulation| Some(Regulation::new(place(edge.regulator)?, place(edge.target)?, edge.sign));
        statements.iter().filter_map(placed).collect::<Vec<_>>()
    };
    let part = RegulatoryNetwork::new(genes, inside(network.regulations())).with_effects(inside(network.effects()));
    Ok(Subnetwork { network: part, genes: chosen })
}

/// Neighbours of each gene in either direction, sorted, without itself.
fn links(network: &RegulatoryNetwork) -> Vec<Vec<usize>> {
    let of_gene = |gene: GeneId| {
        let both = network.targets_of(gene).iter().chain(network.regulators_of(gene));
        let linked: BTreeSet<_> = both.map(|edge| edge.gene.index()).filter(|&other| other != gene.index()).collect();
        linked.into_iter().collect()
    };
    (0..network.n_genes()).map(|gene| of_gene(GeneId::new(gene))).collect()
}

fn largest_component(links: &[Vec<usize>]) -> Vec<usize> {
    let mut seen = vec![false; links.len()];
    let mut largest = Vec::new();
    for start in 0..links.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut component = vec![start];
        let mut next = 0;
        while next < component.len() {
            for &gene in &links[component[next]] {
                if !std::mem::replace(&mut seen[gene], true) {
                    component.push(gene);
                }
            }
            next += 1;
        }
        if component.len() > largest.len() {
            largest = component;
        }
    }
    largest
}

fn grow(links: &[Vec<usize>], start: usize, size: usize, rank: &[usize]) -> Vec<usize> {
    let twice_links = links.iter().map(Vec::len).sum::<usize>().max(1) as i64;
    let degree = |gene: usize| links[gene].len() as i64;
    // Links into the part, of each gene that has any and lies outside.
    let mut border = std::collections::BTreeMap::<usize, i64>::new();
    let mut inside = vec![false; links.len()];
    let (mut part, mut newest, mut part_degree) = (Vec::with_capacity(size), Some(start), 0);
    while let Some(gene) = newest {
        part.push(gene);
        inside[gene] = true;
        border.remove(&gene);
        part_degree += degree(gene);
        for &other in links[gene].iter().filter(|&&other| !inside[other]) {
            *border.entry(other).or_default() += 1;
        }
        // The gain times 2m, in whole numbers: no rounding decides between two genes.
        let gain = |(&gene, &shared): (&usize, &i64)| {
            let degree = degree(gene);
            2 * (shared * twice_links - degree * part_degree) - degree * degree
        };
        let best = border.iter().max_by_key(|&entry| (gain(entry), std::cmp::Reverse(rank[*entry.0])));
        newest = best.map(|(&gene, _)| gene).filter(|_| part.len() < size);
    }
    part
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::network::topology::strongly_connected_components;

    fn in_degree(network: &RegulatoryNetwork, gene: usize) -> usize {
        network.regulators_of(GeneId::new(gene)).len()
    }

    fn out_degrees(network: &RegulatoryNetwork) -> Vec<usize> {
        let mut degrees: Vec<_> =
            (0..network.n_genes()).map(|gene| network.targets_of(GeneId::new(gene)).len()).collect();
        degrees.sort_unstable_by_key(|&degree| std::cmp::Reverse(degree));
        degrees
    }

    proptest! {
        #[test]
        fn a_random_network_has_the_size_asked_for_and_one_sign_between_two_genes(
            genes in 4..60usize, dense in 0.0..1.0_f64, regular in any::<bool>(), seed in any::<u64>()
        ) {
            let topology = if regular { Topology::RandomRegular } else { Topology::ScaleFree };
            let mut config = NetworkConfig { topology, genes, seed, ..NetworkConfig::default() };
            let regulators = if regular { genes } else { config.n_regulators() };
            let most = regulators * (genes - 1);
            config.regulations = 4 + ((most - 4) as f64 * dense) as usize;
            // Fewer regulations may lower the number of regulators, and so the room.
            prop_assume!(config.check().is_ok());
            let network = generate(&config).expect("there is room");
            prop_assert_eq!(network.n_genes(), genes);
            prop_assert_eq!(network.regulations().len(), config.regulations);
            prop_assert!(network.regulations().iter().all(|edge| edge.regulator != edge.target));
            prop_assert!(network.regulations().iter().all(|edge| !network.contains(edge.flipped())));
            let inhibitions = network.regulations().iter().filter(|edge| edge.sign == Sign::Inhibition).count();
            prop_assert_eq!(inhibitions, (config.regulations as f64 * 0.35).round() as usize);
            prop_assert_eq!(generate(&config).expect("as before"), network);
        }

        #[test]
        fn a_grown_part_is_connected_and_holds_all_regulations_between_its_genes(
            seed in any::<u64>(), size in 1..40usize
        ) {
            let config = NetworkConfig { genes: 80, regulations: 150, seed, ..NetworkConfig::default() };
            let whole = generate(&config).expect("there is room");
            prop_assume!(largest_component(&links(&whole)).len() >= size);
            let part = subnetwork(&whole, size, seed).expect("the component is large enough");
            prop_assert_eq!(part.genes.len(), size);
            prop_assert_eq!(largest_component(&links(&part.network)).len(), size);
            let inside = |gene: &GeneId| part.genes.contains(gene);
            let between =
                whole.regulations().iter().filter(|edge| inside(&edge.regulator) && inside(&edge.target)).count();
            prop_assert_eq!(part.network.regulations().len(), between);
        }
    }

    #[test]
    fn few_genes_of_a_scale_free_network_regulate_many_and_targets_have_few_regulators() {
        let network = generate(&NetworkConfig::default()).expect("the default is sound");
        let degrees = out_degrees(&network);
        let regulators = degrees.iter().filter(|&&degree| degree > 0).count();
        assert_eq!(regulators, 858);
        let of_tenth: usize = degrees[..regulators / 10].iter().sum();
        assert!(of_tenth > 7_619 / 2, "a tenth of the regulators has {of_tenth} targets");
        assert!((100..1_500).contains(&degrees[0]), "the largest has {}", degrees[0]);
        let most = (0..network.n_genes()).map(|gene| in_degree(&network, gene)).max();
        assert!(most < Some(12), "{most:?}");
    }

    #[test]
    fn a_scale_free_network_has_a_feedback_core() {
        for seed in 0..20 {
            let config = NetworkConfig { genes: 50, regulations: 75, seed, ..NetworkConfig::default() };
            let network = generate(&config).expect("there is room");
            assert!(strongly_connected_components(&network)[0].len() >= 3);
        }
    }

    #[test]
    fn a_feedback_core_holds_an_eighth_of_the_genes() {
        let config = NetworkConfig { topology: Topology::FeedbackCore, ..NetworkConfig::default() };
        let core = strongly_connected_components(&generate(&config).expect("there is room"))[0].len();
        assert!((400..900).contains(&core), "{core}");
    }

    #[test]
    fn a_random_regular_network_has_equal_in_degrees() {
        let topology = Topology::RandomRegular;
        let config = NetworkConfig { topology, genes: 100, regulations: 250, ..NetworkConfig::default() };
        let network = generate(&config).expect("there is room");
        let of_three = (0..100).filter(|&gene| in_degree(&network, gene) == 3).count();
        let of_two = (0..100).filter(|&gene| in_degree(&network, gene) == 2).count();
        assert_eq!((of_three, of_two), (50, 50));
    }

    #[test]
    fn the_part_grown_out_of_two_cliques_with_a_bridge_is_one_clique() {
        // Worked by hand: leaving a clique over the bridge always gains less than its next gene.
        let clique = |first: usize| (0..5).flat_map(move |i| (0..i).map(move |j| (first + i, first + j)));
        let edges = clique(0).chain(clique(5)).chain([(4, 5)]);
        let edges = edges.map(|(i, j)| Regulation::new(GeneId::new(i), GeneId::new(j), Sign::Activation));
        let network = RegulatoryNetwork::new(10, edges);
        for seed in 0..20 {
            let genes: Vec<_> = subnetwork(&network, 5, seed).expect("ten").genes.iter().map(|g| g.index()).collect();
            assert!(genes == [0, 1, 2, 3, 4] || genes == [5, 6, 7, 8, 9], "seed {seed}: {genes:?}");
        }
    }

    #[test]
    fn impossible_networks_end_with_a_sentence() {
        let tell = |config: NetworkConfig| generate(&config).expect_err("impossible").to_string();
        let default = NetworkConfig::default();
        assert!(tell(NetworkConfig { genes: 3, ..default }).contains("at least 4 genes"));
        assert!(tell(NetworkConfig { genes: 20, ..default }).contains("room for 57 only"));
        assert!(tell(NetworkConfig { inhibitions: f64::NAN, ..default }).contains("between 0 and 1"));
        let error = subnetwork(&RegulatoryNetwork::new(3, []), 2, 1).expect_err("nothing is connected");
        assert!(error.to_string().contains("the largest connected part of the network has 1"), "{error}");
    }
}
