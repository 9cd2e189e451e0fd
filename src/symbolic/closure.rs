//! Signed reachability within a number of steps, read as responses.

use rayon::prelude::*;

use super::{Reading, Simulator};
use crate::biology::{Direction, GeneId, Perturbation, Response, ResponseMatrix, Sign};
use crate::network::{Neighbour, RegulatoryNetwork};

/// Perturbations simulated at once, one bit each.
const LANES: usize = 64;

/// Signed closure of depth `k`: the signs of all walks of at most `k` steps from the perturbed genes.
///
/// ```text
/// a_d = |x|ᵀ Aᵈ,   s_d = xᵀ Sᵈ,   p_d = ½(a_d + s_d),   m_d = ½(a_d − s_d),   d = 1…k
/// ```
/// where `A = R₊ + R₋`, `S = R₊ − R₋`, `p_d[j]` and `m_d[j]` count the positive and negative walks of exactly `d` steps
/// that end at gene `j`. A perturbed gene is clamped: no walk enters it. Self-regulation is not walked.
///
/// An effect may be the last step of a walk along regulations, never another one: it says where a gene went when its
/// regulator was perturbed, not by what means. Under the nearest reading an effect comes before the regulations that
/// arrive after as many steps; the other readings count the walks that end in effects among the others. An effect of a perturbed gene
/// itself comes before all walks in every reading: it is what was seen when that very gene was perturbed, see
/// [`responses_by_effects`].
///
/// # Complexity
/// `O(perturbations/64 · k · regulations)` words for the naive and nearest readings, `O(perturbations · k ·
/// regulations)` for the majority reading; `O(effects)` of the perturbed genes besides, and `O(genes)` memory per thread
/// besides the result.
#[derive(Clone, Debug)]
pub struct Closure<'a> {
    network: &'a RegulatoryNetwork,
    depth: usize,
    reading: Reading,
}

/// The responses that effects tell, each gene once, in order: the effects of the perturbed genes push a gene by their sign
/// times the direction of the perturbation; pushed one way it goes that way, pushed both ways it is ambiguous. Perturbed genes
/// are clamped and not told.
#[must_use]
pub fn responses_by_effects(network: &RegulatoryNetwork, perturbation: &Perturbation) -> Vec<(GeneId, Response)> {
    let pushes = |&(gene, direction): &(GeneId, Direction)| {
        let open = network.effects_of(gene).iter().filter(|moved| !perturbation.moves(moved.gene));
        open.map(move |moved| (moved.gene, direction.value() * moved.sign.value()))
    };
    let mut pushed: Vec<_> = perturbation.changes().iter().flat_map(pushes).collect();
    pushed.sort_unstable();
    let told = |pushes: &[(GeneId, i8)]| {
        let goes = |way| pushes.iter().any(|&(_, push)| push == way);
        (pushes[0].0, read(goes(1), goes(-1)))
    };
    pushed.chunk_by(|one, other| one.0 == other.0).map(told).collect()
}

/// Numbers of positive and negative walks, `[depth − 1][gene]`.
pub type WalkCounts = (Vec<Vec<f64>>, Vec<Vec<f64>>);

impl<'a> Closure<'a> {
    /// The greatest depth: longer walks would overflow the counts and explain nothing.
    pub const MAX_DEPTH: usize = 64;

    /// Reasoning over `network` with walks of at most `depth` steps, in `1..=MAX_DEPTH` (clamped to it).
    #[must_use]
    pub fn new(network: &'a RegulatoryNetwork, depth: usize, reading: Reading) -> Self {
        Self { network, depth: depth.clamp(1, Self::MAX_DEPTH), reading }
    }

    /// Numbers of walks along regulations of each exact length, as floating point: exact up to 2⁵³.
    #[must_use]
    pub fn walk_counts(&self, perturbation: &Perturbation) -> WalkCounts {
        let mut walks = Walks::start(self.network.n_genes(), perturbation);
        (0..self.depth)
            .map(|_| {
                walks.step(self.network, perturbation);
                (walks.positive.clone(), walks.negative.clone())
            })
            .unzip()
    }

    fn majority(&self, perturbation: &Perturbation, alpha: f64, tau: f64) -> Vec<Option<Response>> {
        let n_genes = self.network.n_genes();
        let (mut difference, mut total) = (vec![0.0; n_genes], vec![0.0; n_genes]);
        let mut walks = Walks::start(n_genes, perturbation);
        let mut weight = 1.0;
        for _ in 0..self.depth {
            walks.end_in_effects(self.network, perturbation, |gene, positive, negative| {
                difference[gene] += weight * (positive - negative);
                total[gene] += weight * (positive + negative);
            });
            walks.step(self.network, perturbation);
            for gene in 0..n_genes {
                difference[gene] += weight * (walks.positive[gene] - walks.negative[gene]);
                total[gene] += weight * (walks.positive[gene] + walks.negative[gene]);
            }
            weight *= alpha;
        }
        let read = |(difference, total): (&f64, &f64)| Some(majority_response(*difference, *total, tau));
        difference.iter().zip(&total).map(read).collect()
    }

    fn simulate_lanes(&self, perturbations: &[Perturbation]) -> Vec<Option<Response>> {
        let n_genes = self.network.n_genes();
        let planes = Planes::spread(self.network, perturbations, self.depth);
        let (positive, negative) = match self.reading {
            Reading::Naive => (&planes.positive, &planes.negative),
            _ => (&planes.nearest_positive, &planes.nearest_negative),
        };
        let mut entries = Vec::with_capacity(perturbations.len() * n_genes);
        for lane in 0..perturbations.len() {
            let bits = |plane: u64| plane >> lane & 1 == 1;
            entries.extend(positive.iter().zip(negative).map(|(&up, &down)| Some(read(bits(up), bits(down)))));
        }
        entries
    }
}

impl Simulator for Closure<'_> {
    fn simulate(&self, perturbations: &[Perturbation]) -> ResponseMatrix {
        let n_genes = self.network.n_genes();
        let mut matrix = ResponseMatrix::unmeasured(perturbations.len(), n_genes);
        let blocks: Vec<Vec<_>> = match self.reading {
            Reading::Majority { alpha, tau } => {
                perturbations.par_iter().map(|perturbation| self.majority(perturbation, alpha, tau)).collect()
            }
            Reading::Naive | Reading::Nearest => {
                perturbations.par_chunks(LANES).map(|chunk| self.simulate_lanes(chunk)).collect()
            }
        };
        let rows = blocks.iter().flat_map(|block| block.chunks(n_genes.max(1)));
        for (row, (entries, perturbation)) in rows.zip(perturbations).enumerate() {
            matrix.row_mut(row).copy_from_slice(entries);
            for (gene, response) in responses_by_effects(self.network, perturbation) {
                matrix.set(row, gene, Some(response));
            }
            for &(gene, direction) in perturbation.changes() {
                matrix.set(row, gene, Response::from_value(direction.value()));
            }
        }
        matrix
    }
}

/// Down, unchanged, up or ambiguous by which signs of walk reach a gene.
const fn read(positive: bool, negative: bool) -> Response {
    match (positive, negative) {
        (true, true) => Response::Ambiguous,
        (true, false) => Response::Up,
        (false, true) => Response::Down,
        (false, false) => Response::Unchanged,
    }
}

/// The majority reading of weighted walk counts: their difference and their total.
fn majority_response(difference: f64, total: f64, tau: f64) -> Response {
    match difference / total {
        _ if total == 0.0 => Response::Unchanged,
        ratio if ratio > tau => Response::Up,
        ratio if ratio < -tau => Response::Down,
        _ => Response::Ambiguous,
    }
}

/// Walk counts of the present length.
struct Walks {
    positive: Vec<f64>,
    negative: Vec<f64>,
}

impl Walks {
    fn start(n_genes: usize, perturbation: &Perturbation) -> Self {
        let mut walks = Self { positive: vec![0.0; n_genes], negative: vec![0.0; n_genes] };
        for &(gene, direction) in perturbation.changes() {
            match direction {
                Direction::Overexpression => walks.positive[gene.index()] = 1.0,
                Direction::Deletion => walks.negative[gene.index()] = 1.0,
            }
        }
        walks
    }

    fn step(&mut self, network: &RegulatoryNetwork, perturbation: &Perturbation) {
        let n_genes = network.n_genes();
        let mut next = Self { positive: vec![0.0; n_genes], negative: vec![0.0; n_genes] };
        for gene in (0..n_genes).filter(|&gene| self.positive[gene] + self.negative[gene] > 0.0) {
            for &Neighbour { gene: target, sign } in network.targets_of(GeneId::new(gene)) {
                if target.index() == gene || perturbation.moves(target) {
                    continue;
                }
                let (positive, negative) = match sign {
                    Sign::Activation => (self.positive[gene], self.negative[gene]),
                    Sign::Inhibition => (self.negative[gene], self.positive[gene]),
                };
                next.positive[target.index()] += positive;
                next.negative[target.index()] += negative;
            }
        }
        *self = next;
    }

    /// Shows each effect by which walks of the present length go one step further: its target, and how many walks of each
    /// sign arrive there.
    fn end_in_effects(
        &self,
        network: &RegulatoryNetwork,
        perturbation: &Perturbation,
        mut show: impl FnMut(usize, f64, f64),
    ) {
        for effect in network.effects() {
            let (gene, target) = (effect.regulator.index(), effect.target);
            let (positive, negative) = match effect.sign {
                Sign::Activation => (self.positive[gene], self.negative[gene]),
                Sign::Inhibition => (self.negative[gene], self.positive[gene]),
            };
            if positive + negative > 0.0 && effect.regulator != target && !perturbation.moves(target) {
                show(target.index(), positive, negative);
            }
        }
    }
}

/// Which lanes have reached each gene by a walk of each sign; one word of lanes per gene.
struct Planes {
    /// Along regulations, at any depth within the greatest: walks go on from here.
    positive: Vec<u64>,
    negative: Vec<u64>,
    /// By a walk that ends in an effect; empty if there are none.
    effect_positive: Vec<u64>,
    effect_negative: Vec<u64>,
    /// By either kind of walk so far.
    touched: Vec<u64>,
    nearest_positive: Vec<u64>,
    nearest_negative: Vec<u64>,
}

impl Planes {
    /// Breadth-first search over (gene, sign), all lanes at once: the first arrival of each sign is all that the naive
    /// and the nearest reading need.
    fn spread(network: &RegulatoryNetwork, perturbations: &[Perturbation], depth: usize) -> Self {
        let n_genes = network.n_genes();
        let n_ends = if network.effects().is_empty() { 0 } else { n_genes };
        let mut planes = Self {
            positive: vec![0; n_genes],
            negative: vec![0; n_genes],
            effect_positive: vec![0; n_ends],
            effect_negative: vec![0; n_ends],
            touched: vec![0; n_genes],
            nearest_positive: vec![0; n_genes],
            nearest_negative: vec![0; n_genes],
        };
        let mut frontier = Frontier::start(n_genes, perturbations);
        // A perturbed gene counts as reached by both signs in its lane, so that no walk enters it.
        let clamped: Vec<_> = frontier.active.iter().map(|&gene| (gene, frontier.any(gene))).collect();
        for &(gene, lanes) in &clamped {
            planes.positive[gene] |= lanes;
            planes.negative[gene] |= lanes;
            planes.touched[gene] |= lanes;
        }
        for _ in 0..depth {
            if frontier.active.is_empty() {
                break;
            }
            frontier = planes.advance(network, &frontier);
        }
        for &(gene, lanes) in &clamped {
            planes.positive[gene] &= !lanes;
            planes.negative[gene] &= !lanes;
        }
        for (walked, ended) in
            [(&mut planes.positive, &planes.effect_positive), (&mut planes.negative, &planes.effect_negative)]
        {
            walked.iter_mut().zip(ended).for_each(|(walked, ended)| *walked |= ended);
        }
        planes
    }

    fn advance(&mut self, network: &RegulatoryNetwork, frontier: &Frontier) -> Frontier {
        if !self.effect_positive.is_empty() {
            self.end_in_effects(&frontier.onward(network, RegulatoryNetwork::effects_of));
        }
        let mut next = frontier.onward(network, RegulatoryNetwork::targets_of);
        let arrived = std::mem::take(&mut next.active);
        next.active = arrived.into_iter().filter(|&gene| self.keep_first_arrivals(gene, &mut next)).collect();
        next
    }

    fn end_in_effects(&mut self, ends: &Frontier) {
        for &gene in &ends.active {
            let untouched = !self.touched[gene];
            self.effect_positive[gene] |= ends.positive[gene];
            self.effect_negative[gene] |= ends.negative[gene];
            self.nearest_positive[gene] |= ends.positive[gene] & untouched;
            self.nearest_negative[gene] |= ends.negative[gene] & untouched;
            self.touched[gene] |= ends.any(gene);
        }
    }

    fn keep_first_arrivals(&mut self, gene: usize, next: &mut Frontier) -> bool {
        let untouched = !self.touched[gene];
        next.positive[gene] &= !self.positive[gene];
        next.negative[gene] &= !self.negative[gene];
        self.positive[gene] |= next.positive[gene];
        self.negative[gene] |= next.negative[gene];
        self.nearest_positive[gene] |= next.positive[gene] & untouched;
        self.nearest_negative[gene] |= next.negative[gene] & untouched;
        self.touched[gene] |= next.any(gene);
        next.any(gene) != 0
    }
}

/// The (gene, sign) states reached at the present depth.
struct Frontier {
    active: Vec<usize>,
    positive: Vec<u64>,
    negative: Vec<u64>,
}

impl Frontier {
    fn empty(n_genes: usize) -> Self {
        Self { active: Vec::new(), positive: vec![0; n_genes], negative: vec![0; n_genes] }
    }

    fn start(n_genes: usize, perturbations: &[Perturbation]) -> Self {
        let mut frontier = Self::empty(n_genes);
        for (lane, perturbation) in perturbations.iter().enumerate() {
            for &(gene, direction) in perturbation.changes() {
                match direction {
                    Direction::Overexpression => frontier.add(gene.index(), 1 << lane, 0),
                    Direction::Deletion => frontier.add(gene.index(), 0, 1 << lane),
                }
            }
        }
        frontier
    }

    /// Where all lanes arrive with one step more.
    fn onward<'n>(
        &self,
        network: &'n RegulatoryNetwork,
        steps: impl Fn(&'n RegulatoryNetwork, GeneId) -> &'n [Neighbour],
    ) -> Self {
        let mut next = Self::empty(network.n_genes());
        for &gene in &self.active {
            for &Neighbour { gene: target, sign } in steps(network, GeneId::new(gene)) {
                if target.index() != gene {
                    let (positive, negative) = match sign {
                        Sign::Activation => (self.positive[gene], self.negative[gene]),
                        Sign::Inhibition => (self.negative[gene], self.positive[gene]),
                    };
                    next.add(target.index(), positive, negative);
                }
            }
        }
        next
    }

    fn add(&mut self, gene: usize, positive: u64, negative: u64) {
        if self.any(gene) == 0 && positive | negative != 0 {
            self.active.push(gene);
        }
        self.positive[gene] |= positive;
        self.negative[gene] |= negative;
    }

    fn any(&self, gene: usize) -> u64 {
        self.positive[gene] | self.negative[gene]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::biology::Regulation;

    /// Dense Boolean matrices over (gene, sign) states, one product per step: slow and plain.
    fn reference(
        network: &RegulatoryNetwork,
        perturbation: &Perturbation,
        depth: usize,
        reading: Reading,
    ) -> Vec<Response> {
        let n = network.n_genes();
        let mut step = vec![vec![false; 2 * n]; 2 * n];
        for edge in network.regulations() {
            let (i, j) = (edge.regulator.index(), edge.target.index());
            if i != j && !perturbation.moves(edge.target) {
                for sign in 0..2 {
                    let arrived = if edge.sign == Sign::Activation { sign } else { 1 - sign };
                    step[2 * i + sign][2 * j + arrived] = true;
                }
            }
        }
        let mut now = vec![false; 2 * n];
        for &(gene, direction) in perturbation.changes() {
            now[2 * gene.index() + usize::from(direction == Direction::Deletion)] = true;
        }
        let (mut ever, mut first) = (vec![[false; 2]; n], vec![[false; 2]; n]);
        for _ in 0..depth {
            // What effects tell comes before what regulations tell at the same depth.
            let mut ended = vec![[false; 2]; n];
            for effect in network.effects() {
                let (i, j) = (effect.regulator.index(), effect.target.index());
                for sign in (0..2).filter(|sign| i != j && now[2 * i + sign] && !perturbation.moves(effect.target)) {
                    ended[j][if effect.sign == Sign::Activation { sign } else { 1 - sign }] = true;
                }
            }
            for gene in 0..n {
                if ever[gene] == [false; 2] {
                    first[gene] = ended[gene];
                }
                ever[gene] = [ever[gene][0] || ended[gene][0], ever[gene][1] || ended[gene][1]];
            }
            now = (0..2 * n).map(|to| (0..2 * n).any(|from| now[from] && step[from][to])).collect();
            for gene in 0..n {
                let here = [now[2 * gene], now[2 * gene + 1]];
                if ever[gene] == [false; 2] {
                    first[gene] = here;
                }
                ever[gene] = [ever[gene][0] || here[0], ever[gene][1] || here[1]];
            }
        }
        let chosen = if reading == Reading::Naive { ever } else { first };
        let walked = chosen.iter().map(|&[positive, negative]| read(positive, negative));
        walked.enumerate().map(|(gene, walked)| seen(network, perturbation, gene).unwrap_or(walked)).collect()
    }

    /// What the effects say of one gene, effect by effect.
    fn seen(network: &RegulatoryNetwork, perturbation: &Perturbation, gene: usize) -> Option<Response> {
        let (mut up, mut down) = (false, false);
        for effect in network.effects().iter().filter(|effect| effect.target.index() == gene) {
            match perturbation.changes().iter().find(|(moved, _)| *moved == effect.regulator) {
                Some((_, Direction::Overexpression)) if effect.sign == Sign::Activation => up = true,
                Some((_, Direction::Deletion)) if effect.sign == Sign::Inhibition => up = true,
                Some(_) => down = true,
                None => {}
            }
        }
        (up || down).then(|| read(up, down))
    }

    fn arbitrary_network() -> impl Strategy<Value = RegulatoryNetwork> {
        (2..20usize).prop_flat_map(|n| {
            let edge = (0..n, 0..n, any::<bool>());
            let effects = proptest::collection::vec(edge.clone(), 0..2 * n);
            (proptest::collection::vec(edge, 0..4 * n), effects).prop_map(move |(edges, effects)| {
                let regulation = |(i, j, activates): (usize, usize, bool)| {
                    let sign = if activates { Sign::Activation } else { Sign::Inhibition };
                    Regulation::new(GeneId::new(i), GeneId::new(j), sign)
                };
                RegulatoryNetwork::new(n, edges.into_iter().map(regulation))
                    .with_effects(effects.into_iter().map(regulation))
            })
        })
    }

    proptest! {
        #[test]
        fn bit_parallel_search_equals_dense_boolean_matrices(
            network in arbitrary_network(), depth in 1..7usize, picks in proptest::collection::vec((0..20usize, any::<bool>()), 1..80)
        ) {
            let perturbations: Vec<_> = picks.iter().map(|&(gene, up)| {
                let gene = GeneId::new(gene % network.n_genes());
                if up { Perturbation::overexpression(gene) } else { Perturbation::deletion(gene) }
            }).collect();
            for reading in [Reading::Naive, Reading::Nearest] {
                let fast = Closure::new(&network, depth, reading).simulate(&perturbations);
                for (row, perturbation) in perturbations.iter().enumerate() {
                    let slow = reference(&network, perturbation, depth, reading);
                    for (gene, &expected) in slow.iter().enumerate() {
                        let gene = GeneId::new(gene);
                        if !perturbation.moves(gene) {
                            prop_assert_eq!(fast.get(row, gene), Some(expected));
                        }
                    }
                }
            }
        }
    }

    fn chain(signs: &[Sign]) -> RegulatoryNetwork {
        let edges = signs.iter().enumerate();
        RegulatoryNetwork::new(
            signs.len() + 1,
            edges.map(|(i, &sign)| Regulation::new(GeneId::new(i), GeneId::new(i + 1), sign)),
        )
    }

    #[test]
    fn deleting_an_inhibitor_raises_its_target() {
        let network = chain(&[Sign::Inhibition]);
        let responses = Closure::new(&network, 5, Reading::Nearest).simulate(&[Perturbation::deletion(GeneId::new(0))]);
        assert_eq!(responses.get(0, GeneId::new(1)), Some(Response::Up));
    }

    #[test]
    fn a_gene_beyond_the_depth_is_unchanged() {
        let network = chain(&[Sign::Activation; 4]);
        let perturbation = [Perturbation::deletion(GeneId::new(0))];
        let responses = Closure::new(&network, 3, Reading::Nearest).simulate(&perturbation);
        assert_eq!(responses.get(0, GeneId::new(3)), Some(Response::Down));
        assert_eq!(responses.get(0, GeneId::new(4)), Some(Response::Unchanged));
    }

    #[test]
    fn a_direct_regulation_outweighs_a_longer_walk_except_for_the_naive_reading() {
        // 0 activates 2 directly and inhibits it through 1.
        let edge = |i, j, sign| Regulation::new(GeneId::new(i), GeneId::new(j), sign);
        let edges = [edge(0, 2, Sign::Activation), edge(0, 1, Sign::Activation), edge(1, 2, Sign::Inhibition)];
        let network = RegulatoryNetwork::new(3, edges);
        let response = |reading| {
            let perturbation = [Perturbation::overexpression(GeneId::new(0))];
            Closure::new(&network, 5, reading).simulate(&perturbation).get(0, GeneId::new(2))
        };
        assert_eq!(response(Reading::Nearest), Some(Response::Up));
        assert_eq!(response(Reading::Naive), Some(Response::Ambiguous));
        // r = (1 − ½) / (1 + ½) = ⅓ > 0.2
        assert_eq!(response(Reading::MAJORITY), Some(Response::Up));
    }

    #[test]
    fn an_effect_of_the_perturbed_gene_comes_before_every_walk() {
        // 0 activates 1, 1 activates 2; perturbing 0 was seen to move 1 the other way, and 1 ⇒ 2 is an effect of 1 alone.
        let edge = |i, j, sign| Regulation::new(GeneId::new(i), GeneId::new(j), sign);
        let network = RegulatoryNetwork::new(3, [edge(0, 1, Sign::Activation), edge(1, 2, Sign::Activation)])
            .with_effects([edge(0, 1, Sign::Inhibition), edge(1, 2, Sign::Inhibition)]);
        for reading in [Reading::Naive, Reading::Nearest, Reading::MAJORITY] {
            let deleted = [0, 1].map(|gene| Perturbation::deletion(GeneId::new(gene)));
            let responses = Closure::new(&network, 5, reading).simulate(&deleted);
            assert_eq!(responses.get(0, GeneId::new(1)), Some(Response::Up), "what was seen");
            assert_eq!(responses.get(1, GeneId::new(2)), Some(Response::Up));
            assert_eq!(responses.get(1, GeneId::new(0)), Some(Response::Unchanged));
        }
    }

    #[test]
    fn an_effect_ends_a_walk_before_regulations_of_the_same_depth_but_after_shorter_ones() {
        // 0 activates 1 and 2; 1 was seen to lower 2 and 3, and activates 3; 3 activates 4.
        let edge = |i, j, sign| Regulation::new(GeneId::new(i), GeneId::new(j), sign);
        let known = [(0, 1), (0, 2), (1, 3), (3, 4)].map(|(i, j)| edge(i, j, Sign::Activation));
        let effects = [edge(1, 2, Sign::Inhibition), edge(1, 3, Sign::Inhibition)];
        let network = RegulatoryNetwork::new(5, known).with_effects(effects);
        let read = |depth, reading| {
            let row = Closure::new(&network, depth, reading).simulate(&[Perturbation::deletion(GeneId::new(0))]);
            [1, 2, 3, 4].map(|gene| row.get(0, GeneId::new(gene)).expect("filled"))
        };
        use Response::{Ambiguous, Down, Unchanged, Up};
        assert_eq!(read(1, Reading::Nearest), [Down, Down, Unchanged, Unchanged]);
        // 4 follows the regulations 0 → 1 → 3 → 4: no walk goes on from an effect.
        assert_eq!(read(5, Reading::Nearest), [Down, Down, Up, Down]);
        assert_eq!(read(5, Reading::Naive), [Down, Ambiguous, Ambiguous, Down]);
        // 2: one step down, two steps up at half the weight; 3: as many up as down.
        assert_eq!(read(5, Reading::MAJORITY), [Down, Down, Ambiguous, Down]);
    }

    #[test]
    fn effects_that_push_both_ways_leave_a_gene_ambiguous_and_a_perturbed_gene_is_not_pushed() {
        let edge = |i, j, sign| Regulation::new(GeneId::new(i), GeneId::new(j), sign);
        let effects = [edge(0, 2, Sign::Activation), edge(1, 2, Sign::Activation), edge(0, 1, Sign::Activation)];
        let network = RegulatoryNetwork::new(3, []).with_effects(effects);
        let of = |directions: [Direction; 2]| {
            let changes = [0, 1].map(|gene| (GeneId::new(gene), directions[gene]));
            let perturbation = [Perturbation::of(changes).expect("two genes")];
            let row = Closure::new(&network, 5, Reading::Nearest).simulate(&perturbation);
            [1, 2].map(|gene| row.get(0, GeneId::new(gene)).expect("filled"))
        };
        use Direction::{Deletion, Overexpression};
        assert_eq!(of([Deletion, Deletion]), [Response::Down, Response::Down]);
        assert_eq!(of([Deletion, Overexpression]), [Response::Up, Response::Ambiguous]);
    }

    #[test]
    fn huge_walk_counts_do_not_change_the_reading() {
        let genes = 30;
        let all_pairs = (0..genes).flat_map(|i| (0..genes).map(move |j| (i, j)));
        let edges = all_pairs.map(|(i, j)| Regulation::new(GeneId::new(i), GeneId::new(j), Sign::Activation));
        let network = RegulatoryNetwork::new(genes, edges);
        let closure = Closure::new(&network, Closure::MAX_DEPTH, Reading::MAJORITY);
        let responses = closure.simulate(&[Perturbation::deletion(GeneId::new(0))]);
        assert_eq!(responses.count(Response::Down), genes);
    }
}
