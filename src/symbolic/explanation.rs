//! The effects and the shortest signed walks behind a response.
//!
//! Start at [`explain`]. Effects of the perturbed genes on the gene come first: where there is one, it decides. A walk leaves
//! a perturbed gene, enters no perturbed gene, and does not use self-regulation; what it does is the perturbation at its start
//! times the signs of its steps. Its steps are regulations; its last one may be an effect.

use serde::{Deserialize, Serialize};

use super::{Closure, Reading, Simulator};
use crate::biology::{Direction, GeneId, Perturbation, Regulation, Response, Sign};
use crate::network::RegulatoryNetwork;

/// How many shortest walks of each effect [`explain`] writes out.
pub const LISTED_WALKS: usize = 10;

/// Why a gene responds as the knowledge says, or does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The gene asked about.
    pub gene: GeneId,
    /// Longest walk considered, in steps.
    pub depth: usize,
    /// Set if the gene is itself perturbed: no walk enters it, its response is the perturbation.
    pub perturbed: Option<Direction>,
    /// Effects of perturbed genes on this one, each with what was done to its regulator; they come before all walks.
    pub effects: Vec<(Direction, Regulation)>,
    /// The shortest walks of two steps or more whose last step is an effect, by what they do to the gene; shorter ones first.
    pub effect_walks: Vec<(Response, ShortestWalks)>,
    /// The shortest walks along regulations that raise the gene, if any within `depth`.
    pub up: Option<ShortestWalks>,
    /// The shortest walks along regulations that lower the gene, if any within `depth`.
    pub down: Option<ShortestWalks>,
    /// The response by the naive reading.
    pub naive: Response,
    /// The response by the nearest reading.
    pub nearest: Response,
    /// The response by the majority reading with its defaults.
    pub majority: Response,
}

/// All walks of the least length that move a gene in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortestWalks {
    /// Their length in steps, from 1.
    pub length: usize,
    /// How many there are; stays at its largest value once it gets there.
    pub count: u64,
    /// The first of them in the order of their genes, read from the end; fewer than `count` if there are too many.
    pub listed: Vec<Walk>,
}

/// One signed walk from a perturbed gene.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// What was done to the gene that the walk leaves.
    pub start: Direction,
    /// Its steps, each starting where the former ends; never empty.
    pub steps: Vec<Regulation>,
}

impl Walk {
    /// Where the walk moves the gene at its end: the perturbation at its start times the signs of its steps.
    #[must_use]
    pub fn effect(&self) -> Response {
        let sign = self.steps.iter().fold(effect_of(self.start), |sign, step| sign.times(step.sign));
        response_of(sign)
    }
}

/// Where walks of both effects meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// Among the shortest walks: the nearest reading is ambiguous.
    AtLeastLength,
    /// Only farther away: the nearest reading follows the shortest walks, the naive one is ambiguous.
    FartherAway,
}

impl Explanation {
    /// Whether walks within the depth disagree, and where; `None` if they do not.
    #[must_use]
    pub fn conflict(&self) -> Option<Conflict> {
        let (up, down) = (self.up.as_ref()?, self.down.as_ref()?);
        Some(if up.length == down.length { Conflict::AtLeastLength } else { Conflict::FartherAway })
    }

    /// The response that the effects tell, if there are any.
    #[must_use]
    pub fn by_effects(&self) -> Option<Response> {
        let moves = |response| self.effects.iter().any(|&effect| effect_response(effect) == response);
        match (moves(Response::Up), moves(Response::Down)) {
            (false, false) => None,
            (true, true) => Some(Response::Ambiguous),
            (true, false) => Some(Response::Up),
            (false, true) => Some(Response::Down),
        }
    }

    /// True if the nearest reading follows [`Self::effect_walks`]: none along regulations is shorter.
    #[must_use]
    pub fn follows_effect_walks(&self) -> bool {
        let nearest = self.walks().next().map_or(usize::MAX, |(_, walks)| walks.length);
        self.effects.is_empty() && self.effect_walks.first().is_some_and(|(_, walks)| walks.length <= nearest)
    }

    /// True if no walk within the depth reaches the gene.
    #[must_use]
    pub const fn is_unreached(&self) -> bool {
        self.up.is_none() && self.down.is_none() && self.effect_walks.is_empty()
    }

    /// The shortest walks along regulations, nearer ones first, those that raise before those that lower.
    pub fn walks(&self) -> impl Iterator<Item = (Response, &ShortestWalks)> {
        let up = self.up.as_ref().map(|walks| (Response::Up, walks));
        let down = self.down.as_ref().map(|walks| (Response::Down, walks));
        let mut both: Vec<_> = up.into_iter().chain(down).collect();
        both.sort_by_key(|(_, walks)| walks.length);
        both.into_iter()
    }
}

/// Explains the response of `gene` by its shortest signed walks, at most [`LISTED_WALKS`] of each effect written out.
///
/// `depth` is clamped to `1..=`[`Closure::MAX_DEPTH`], as in [`Closure::new`].
///
/// # Complexity
/// `O(depth · regulations)` for the readings, `O(regulations)` for the walks and their number.
///
/// # Panics
/// If `gene` or a perturbed gene is outside the network's gene table.
#[must_use]
pub fn explain(network: &RegulatoryNetwork, depth: usize, perturbation: &Perturbation, gene: GeneId) -> Explanation {
    explain_with(network, depth, perturbation, gene, LISTED_WALKS)
}

/// As [`explain`], with at most `listed` walks of each effect written out.
///
/// # Panics
/// As [`explain`].
#[must_use]
pub fn explain_with(
    network: &RegulatoryNetwork,
    depth: usize,
    perturbation: &Perturbation,
    gene: GeneId,
    listed: usize,
) -> Explanation {
    let depth = depth.clamp(1, Closure::MAX_DEPTH);
    let perturbed = perturbation.changes().iter().find(|(moved, _)| *moved == gene).map(|&(_, direction)| direction);
    let search = ShortestWalkSearch::new(network, depth, perturbation);
    let walks = |effect| perturbed.is_none().then(|| search.walks_to(gene, effect, listed)).flatten();
    let under = |reading| {
        let row = Closure::new(network, depth, reading).simulate(std::slice::from_ref(perturbation));
        row.get(0, gene).expect("a simulator fills every entry")
    };
    Explanation {
        gene,
        depth,
        perturbed,
        effects: effects_on(network, perturbation, gene),
        effect_walks: if perturbed.is_none() { search.walks_through_effects(gene, depth, listed) } else { Vec::new() },
        up: walks(Sign::Activation),
        down: walks(Sign::Inhibition),
        naive: under(Reading::Naive),
        nearest: under(Reading::Nearest),
        majority: under(Reading::MAJORITY),
    }
}

/// What an effect does to its target, given what was done to its regulator.
#[must_use]
pub fn effect_response((direction, effect): (Direction, Regulation)) -> Response {
    response_of(effect_of(direction).times(effect.sign))
}

fn effects_on(network: &RegulatoryNetwork, perturbation: &Perturbation, gene: GeneId) -> Vec<(Direction, Regulation)> {
    let of_regulator = |&(regulator, direction): &(GeneId, Direction)| {
        let effects = Sign::BOTH.map(|sign| Regulation::new(regulator, gene, sign)).into_iter();
        effects.filter(|&effect| network.contains_effect(effect)).map(move |effect| (direction, effect))
    };
    let open = perturbation.changes().iter().filter(|_| !perturbation.moves(gene));
    open.flat_map(of_regulator).collect()
}

/// A gene moved in one direction: the vertex of the search. Up is `Activation`, down `Inhibition`.
type Moved = (GeneId, Sign);

/// Breadth-first search over genes moved up and down. The start of a shortest walk to a moved gene is a shortest walk to
/// the gene before it, so distances and numbers of shortest walks tell them all.
struct ShortestWalkSearch<'a> {
    network: &'a RegulatoryNetwork,
    perturbation: &'a Perturbation,
    length: Vec<Option<usize>>,
    count: Vec<u64>,
}

impl<'a> ShortestWalkSearch<'a> {
    fn new(network: &'a RegulatoryNetwork, depth: usize, perturbation: &'a Perturbation) -> Self {
        let size = 2 * network.n_genes();
        let mut search = Self { network, perturbation, length: vec![None; size], count: vec![0; size] };
        let mut frontier: Vec<Moved> =
            perturbation.changes().iter().map(|&(gene, direction)| (gene, effect_of(direction))).collect();
        for &moved in &frontier {
            search.length[place(moved)] = Some(0);
            search.count[place(moved)] = 1;
        }
        for length in 1..=depth {
            frontier = search.advance(&frontier, length);
            if frontier.is_empty() {
                break;
            }
        }
        search
    }

    fn advance(&mut self, frontier: &[Moved], length: usize) -> Vec<Moved> {
        let mut reached = Vec::new();
        for &(gene, effect) in frontier {
            let count = self.count[place((gene, effect))];
            for edge in self.network.targets_of(gene) {
                if edge.gene == gene || self.perturbation.moves(edge.gene) {
                    continue;
                }
                let moved = (edge.gene, effect.times(edge.sign));
                let known = &mut self.length[place(moved)];
                if known.is_none() {
                    *known = Some(length);
                    reached.push(moved);
                }
                if *known == Some(length) {
                    let counted = &mut self.count[place(moved)];
                    *counted = counted.saturating_add(count);
                }
            }
        }
        reached
    }

    fn walks_to(&self, gene: GeneId, effect: Sign, listed: usize) -> Option<ShortestWalks> {
        let length = self.length[place((gene, effect))]?;
        let count = self.count[place((gene, effect))];
        let listed = usize::try_from(count).unwrap_or(usize::MAX).min(listed);
        let mut walks = Vec::with_capacity(listed);
        self.list((gene, effect), length, listed, &mut walks);
        Some(ShortestWalks { length, count, listed: walks })
    }

    /// Walks of at most `depth` steps that end in an effect on `gene` and take more than that step.
    fn walks_through_effects(&self, gene: GeneId, depth: usize, listed: usize) -> Vec<(Response, ShortestWalks)> {
        let onto = |effect: &&Regulation| {
            let Regulation { regulator, target, .. } = **effect;
            target == gene && regulator != gene && !self.perturbation.moves(regulator)
        };
        let effects: Vec<_> = self.network.effects().iter().filter(onto).collect();
        let of_sign = |end: Sign| {
            let before = |effect: &Regulation| (effect.regulator, end.times(effect.sign));
            let length_to = |effect: &&Regulation| self.length[place(before(effect))].filter(|&length| length < depth);
            let least = effects.iter().copied().filter_map(|effect| length_to(&effect)).min()?;
            let mut walks = ShortestWalks { length: least + 1, count: 0, listed: Vec::new() };
            for &effect in effects.iter().filter(|effect| length_to(effect) == Some(least)) {
                walks.count = walks.count.saturating_add(self.count[place(before(effect))]);
                let known = walks.listed.len();
                self.list(before(effect), least, listed, &mut walks.listed);
                walks.listed[known..].iter_mut().for_each(|walk| walk.steps.push(*effect));
            }
            Some((response_of(end), walks))
        };
        let mut found: Vec<_> = Sign::BOTH.into_iter().filter_map(of_sign).collect();
        found.sort_by_key(|(_, walks)| walks.length);
        found
    }

    /// Walks back from `end`, depth first; no branch is a dead end, so the work is `listed · length` neighbourhoods.
    fn list(&self, end: Moved, length: usize, listed: usize, walks: &mut Vec<Walk>) {
        let mut branches = vec![self.steps_into(end, length).into_iter()];
        let mut steps: Vec<Regulation> = Vec::new();
        while walks.len() < listed {
            let Some(branch) = branches.last_mut() else { return };
            let Some((step, before)) = branch.next() else {
                branches.pop();
                steps.pop();
                continue;
            };
            steps.push(step);
            let left = length - steps.len();
            if left > 0 {
                branches.push(self.steps_into(before, left).into_iter());
                continue;
            }
            walks.push(Walk { start: self.direction_of(before.0), steps: steps.iter().rev().copied().collect() });
            steps.pop();
        }
    }

    /// The last steps of the shortest walks to `end`, with the moved genes that they leave.
    fn steps_into(&self, (gene, effect): Moved, length: usize) -> Vec<(Regulation, Moved)> {
        let regulators = self.network.regulators_of(gene).iter().filter(|edge| edge.gene != gene);
        regulators
            .map(|edge| (Regulation::new(edge.gene, gene, edge.sign), (edge.gene, effect.times(edge.sign))))
            .filter(|&(_, before)| self.length[place(before)] == Some(length - 1))
            .collect()
    }

    fn direction_of(&self, gene: GeneId) -> Direction {
        let start = self.perturbation.changes().iter().find(|(moved, _)| *moved == gene);
        start.expect("only perturbed genes are reached by walks of no step").1
    }
}

const fn place((gene, effect): Moved) -> usize {
    2 * gene.index() + matches!(effect, Sign::Inhibition) as usize
}

const fn effect_of(direction: Direction) -> Sign {
    match direction {
        Direction::Overexpression => Sign::Activation,
        Direction::Deletion => Sign::Inhibition,
    }
}

const fn response_of(sign: Sign) -> Response {
    match sign {
        Sign::Activation => Response::Up,
        Sign::Inhibition => Response::Down,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    fn network(n: usize, edges: &[(usize, usize, i8)]) -> RegulatoryNetwork {
        let regulation = |&(regulator, target, sign): &(usize, usize, i8)| {
            let sign = if sign > 0 { Sign::Activation } else { Sign::Inhibition };
            Regulation::new(gene(regulator), gene(target), sign)
        };
        RegulatoryNetwork::new(n, edges.iter().map(regulation))
    }

    #[test]
    fn a_deleted_inhibitor_raises_its_target_by_one_step() {
        let explanation = explain(&network(2, &[(0, 1, -1)]), 5, &Perturbation::deletion(gene(0)), gene(1));
        let up = explanation.up.as_ref().expect("a walk");
        assert_eq!((up.length, up.count, up.listed[0].effect()), (1, 1, Response::Up));
        assert_eq!((explanation.nearest, explanation.conflict()), (Response::Up, None));
    }

    #[test]
    fn an_effect_is_told_before_the_walks_that_it_overrules() {
        let seen = Regulation::new(gene(0), gene(1), Sign::Inhibition);
        let network = network(2, &[(0, 1, 1)]).with_effects([seen]);
        let explanation = explain(&network, 5, &Perturbation::deletion(gene(0)), gene(1));
        assert_eq!(explanation.effects, [(Direction::Deletion, seen)]);
        assert_eq!((explanation.by_effects(), explanation.nearest), (Some(Response::Up), Response::Up));
        assert!(explanation.down.is_some(), "the walk says otherwise, and is still shown");
        let own = explain(&network, 5, &Perturbation::deletion(gene(0)), gene(0));
        assert_eq!((own.effects.len(), own.by_effects()), (0, None));
    }

    #[test]
    fn two_arms_of_an_incoherent_loop_conflict_only_farther_away() {
        // 0 activates 2 and inhibits it through 1: the direct arm is nearer.
        let network = network(3, &[(0, 2, 1), (0, 1, 1), (1, 2, -1)]);
        let explanation = explain(&network, 5, &Perturbation::overexpression(gene(0)), gene(2));
        assert_eq!(explanation.conflict(), Some(Conflict::FartherAway));
        assert_eq!((explanation.nearest, explanation.naive), (Response::Up, Response::Ambiguous));
        let lengths: Vec<_> = explanation.walks().map(|(effect, walks)| (effect, walks.length)).collect();
        assert_eq!(lengths, [(Response::Up, 1), (Response::Down, 2)]);
    }

    #[test]
    fn both_signs_between_two_genes_conflict_at_one_step() {
        let network = network(2, &[(0, 1, 1), (0, 1, -1)]);
        let explanation = explain(&network, 5, &Perturbation::deletion(gene(0)), gene(1));
        assert_eq!(explanation.conflict(), Some(Conflict::AtLeastLength));
        assert_eq!(explanation.nearest, Response::Ambiguous);
    }

    #[test]
    fn a_gene_beyond_the_depth_is_unreached() {
        let network = network(3, &[(0, 1, 1), (1, 2, 1)]);
        let perturbation = Perturbation::deletion(gene(0));
        assert!(explain(&network, 1, &perturbation, gene(2)).is_unreached());
        assert!(!explain(&network, 2, &perturbation, gene(2)).is_unreached());
    }

    #[test]
    fn a_perturbed_gene_is_explained_by_the_perturbation_alone() {
        let network = network(2, &[(0, 1, 1), (1, 0, 1)]);
        let explanation = explain(&network, 5, &Perturbation::deletion(gene(0)), gene(0));
        assert_eq!((explanation.perturbed, explanation.nearest), (Some(Direction::Deletion), Response::Down));
        assert!(explanation.is_unreached());
    }

    #[test]
    fn no_walk_enters_a_perturbed_gene_or_repeats_a_self_regulation() {
        let network = network(3, &[(0, 1, 1), (1, 1, -1), (1, 2, 1)]);
        let both = Perturbation::of([(gene(0), Direction::Deletion), (gene(1), Direction::Overexpression)]);
        let explanation = explain(&network, 9, &both.expect("two genes"), gene(2));
        let up = explanation.up.as_ref().expect("from gene 1");
        assert_eq!((up.count, up.listed[0].start, explanation.down), (1, Direction::Overexpression, None));
    }

    #[test]
    fn many_walks_are_counted_in_full_and_listed_in_part() {
        // Twenty diamonds in a row: 2^20 shortest walks.
        let diamonds: Vec<_> = (0..20)
            .flat_map(|k| [(3 * k, 3 * k + 1), (3 * k, 3 * k + 2), (3 * k + 1, 3 * k + 3), (3 * k + 2, 3 * k + 3)])
            .collect();
        let edges: Vec<_> = diamonds.into_iter().map(|(regulator, target)| (regulator, target, 1)).collect();
        let explanation = explain_with(&network(61, &edges), 40, &Perturbation::deletion(gene(0)), gene(60), 7);
        let down = explanation.down.expect("walks");
        assert_eq!((down.length, down.count, down.listed.len()), (40, 1 << 20, 7));
    }

    #[test]
    fn a_walk_may_end_in_an_effect_and_is_drawn_with_it() {
        // 0 activates 1, and 1 was seen to lower 2; a walk of two regulations says otherwise.
        let seen = Regulation::new(gene(1), gene(2), Sign::Inhibition);
        let network = network(4, &[(0, 1, 1), (0, 3, 1), (3, 2, 1)]).with_effects([seen]);
        let deletion = Perturbation::deletion(gene(0));
        let explanation = explain(&network, 5, &deletion, gene(2));
        let (response, walks) = &explanation.effect_walks[0];
        assert_eq!((*response, walks.length, walks.count), (Response::Up, 2, 1));
        assert_eq!(walks.listed[0].steps, [Regulation::new(gene(0), gene(1), Sign::Activation), seen]);
        assert!(explanation.follows_effect_walks() && explanation.nearest == Response::Up);
        assert_eq!(explanation.down.as_ref().map(|walks| walks.length), Some(2));
        assert!(explain(&network, 1, &deletion, gene(2)).is_unreached());
    }

    fn networks() -> impl Strategy<Value = RegulatoryNetwork> {
        (2..12_usize).prop_flat_map(|n| {
            let edge = || (0..n, 0..n, prop_oneof![Just(1_i8), Just(-1)]);
            let effects = proptest::collection::vec(edge(), 0..n);
            (proptest::collection::vec(edge(), 0..3 * n), effects).prop_map(move |(edges, effects)| {
                network(n, &edges).with_effects(network(n, &effects).regulations().iter().copied())
            })
        })
    }

    fn perturbations() -> impl Strategy<Value = Perturbation> {
        let change = |index: usize| {
            any::<bool>().prop_map(move |deleted| {
                (gene(index), if deleted { Direction::Deletion } else { Direction::Overexpression })
            })
        };
        (change(0), proptest::option::of(change(1)))
            .prop_map(|(first, second)| Perturbation::of([first].into_iter().chain(second)).expect("two genes"))
    }

    /// All walks of exactly `length` steps to `end`, one after the other.
    fn every_walk(network: &RegulatoryNetwork, perturbation: &Perturbation, end: GeneId, length: usize) -> Vec<Walk> {
        let mut walks: Vec<_> = perturbation.changes().iter().map(|&(gene, start)| (gene, start, Vec::new())).collect();
        for _ in 0..length {
            walks = walks
                .into_iter()
                .flat_map(|(gene, start, steps)| {
                    let open = network.targets_of(gene).iter().filter(move |edge| edge.gene != gene);
                    let open = open.filter(|edge| !perturbation.moves(edge.gene));
                    let longer = open.map(move |edge| {
                        let step = Regulation::new(gene, edge.gene, edge.sign);
                        (edge.gene, start, steps.iter().copied().chain([step]).collect::<Vec<_>>())
                    });
                    longer.collect::<Vec<_>>()
                })
                .collect();
        }
        walks.into_iter().filter(|(gene, ..)| *gene == end).map(|(_, start, steps)| Walk { start, steps }).collect()
    }

    proptest! {
        #[test]
        fn every_response_is_explained_by_a_walk_of_that_effect(
            network in networks(),
            perturbation in perturbations(),
            depth in 1..6_usize,
        ) {
            let row = Closure::new(&network, depth, Reading::Nearest).simulate(std::slice::from_ref(&perturbation));
            for end in (0..network.n_genes()).map(gene).filter(|&end| !perturbation.moves(end)) {
                let explanation = explain(&network, depth, &perturbation, end);
                let response = row.get(0, end).expect("filled");
                prop_assert_eq!(response, explanation.nearest);
                if let Some(told) = explanation.by_effects() {
                    prop_assert_eq!(told, response);
                    continue;
                }
                if explanation.follows_effect_walks() {
                    let nearest = explanation.effect_walks[0].1.length;
                    let said = explanation.effect_walks.iter().filter(|(_, walks)| walks.length == nearest);
                    let said: Vec<_> = said.map(|&(response, _)| response).collect();
                    prop_assert_eq!(response, if said.len() == 1 { said[0] } else { Response::Ambiguous });
                    let listed = explanation.effect_walks.iter().flat_map(|(effect, walks)| walks.listed.iter().map(move |walk| (effect, walk)));
                    for (effect, walk) in listed {
                        prop_assert_eq!(walk.effect(), *effect);
                        prop_assert!(network.contains_effect(*walk.steps.last().expect("steps")));
                    }
                    continue;
                }
                match response {
                    Response::Unchanged => prop_assert!(explanation.is_unreached()),
                    Response::Ambiguous => prop_assert_eq!(explanation.conflict(), Some(Conflict::AtLeastLength)),
                    response => {
                        let (effect, walks) = explanation.walks().next().expect("a walk");
                        prop_assert_eq!(effect, response);
                        prop_assert!(walks.length <= depth);
                        prop_assert!(explanation.conflict() != Some(Conflict::AtLeastLength));
                    }
                }
                if explanation.effect_walks.is_empty() {
                    prop_assert_eq!(explanation.naive == Response::Ambiguous, explanation.conflict().is_some());
                }
            }
        }

        #[test]
        fn shortest_walks_are_all_walks_of_their_length_and_none_is_shorter(
            network in networks(),
            perturbation in perturbations(),
            depth in 1..4_usize,
        ) {
            for end in (0..network.n_genes()).map(gene).filter(|&end| !perturbation.moves(end)) {
                let explanation = explain_with(&network, depth, &perturbation, end, usize::MAX);
                for (effect, walks) in [(Response::Up, explanation.up), (Response::Down, explanation.down)] {
                    let length = walks.as_ref().map_or(depth + 1, |walks| walks.length);
                    for shorter in 1..length {
                        let found = every_walk(&network, &perturbation, end, shorter);
                        prop_assert!(found.iter().all(|walk| walk.effect() != effect));
                    }
                    let Some(walks) = walks else { continue };
                    let key = |walk: &Walk| (walk.start, walk.steps.clone());
                    let mut expected = every_walk(&network, &perturbation, end, length);
                    expected.retain(|walk| walk.effect() == effect);
                    expected.sort_by_key(key);
                    let mut listed = walks.listed;
                    prop_assert_eq!(walks.count, listed.len() as u64);
                    listed.sort_by_key(key);
                    prop_assert_eq!(listed, expected);
                }
            }
        }
    }
}
