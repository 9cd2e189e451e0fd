//! The commit: candidate revisions are accepted one by one, best exact gain first, only while the objective falls.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::course::{Course, SearchState};
use super::exact::{ExactState, Gain, UNIT};
use super::propose::{self, Limits};
use super::resamples::Resamples;
use super::signs::Signs;
use super::{Action, RefinementConfig, RefinementData, RegulatorPool, RevisionCosts};
use crate::biology::{GeneId, Regulation, RevisionKind, Sign};
use crate::network::RegulatoryNetwork;
use crate::progress::Progress;
use crate::symbolic::Reading;

/// Candidates evaluated exactly at a time.
const BATCH: usize = 256;
/// How many times more a search asks of an addition than of a retraction while it is cautious: of all pairs of genes few
/// are regulations, of the known regulations most are right. Any value from 4 to 20 does nearly as well.
const PRIOR_ODDS: i64 = 8;
/// Largest factor on a cost, so that sums of costs stay far from overflow.
const LARGEST_FACTOR: f64 = 1e6;

/// Actions by net gain, each with the number of actions accepted before it was evaluated.
pub(super) type Heap = BinaryHeap<(i64, Reverse<Action>, usize)>;

/// The search for the network of least objective.
#[derive(Clone)]
pub(super) struct Search<'a> {
    pub original: &'a RegulatoryNetwork,
    pub config: &'a RefinementConfig,
    pub state: ExactState,
    /// Pairs whose regulations differ from the original, with those they have now.
    revised: BTreeMap<(GeneId, GeneId), Signs>,
    /// Regulations added to the original, and known ones removed or flipped.
    revisions: (usize, usize),
    regulators: Vec<u32>,
    revision_costs: RevisionCosts,
    /// What a revision must gain at least, next to its cost; falls to 0 in the course of a search.
    caution: i64,
}

impl<'a> Search<'a> {
    pub fn new(
        original: &'a RegulatoryNetwork,
        data: &RefinementData<'_>,
        depth: usize,
        reading: Reading,
        config: &'a RefinementConfig,
    ) -> Self {
        let state = ExactState::balanced(original, data, depth, reading, config.class_balance);
        let regulators = match config.regulators {
            RegulatorPool::Known => propose::known_regulators(original, &state.rows),
            RegulatorPool::Any => (0..original.n_genes() as u32).collect(),
        };
        let revision_costs = data.revision_costs.cloned().unwrap_or_default();
        let revised = BTreeMap::new();
        Self { original, config, state, revised, revisions: (0, 0), regulators, revision_costs, caution: 0 }
    }

    /// Proposes and accepts until a pass changes nothing.
    ///
    /// At first only what gains most is accepted, then less and less, `caution ← cooling · caution`: a regulation that
    /// explains many entries is right more often than one that explains few, and once the right one is there, its
    /// stand-ins gain nothing. Accepting small gains early fills the network with such stand-ins, each of which holds the
    /// others in place.
    ///
    /// Wherever the search is stopped, the objective is not above that of the original: what a revision is asked for is
    /// never less than its cost and only falls, and the disagreement with all that is asked for falls at every step.
    pub fn anneal(&mut self, course: Course<'_>, progress: &dyn Progress) {
        let mut state = match course.from {
            Some(state) => self.restored(state),
            None => self.planned(progress),
        };
        progress.begin("refine", state.levels.len() as u64);
        progress.advance(state.finished as u64);
        while !state.settled && state.finished < state.levels.len() {
            self.caution = state.levels[state.finished];
            let changed = self.pass(progress);
            let wrong = self.state.disagreement().total() / UNIT;
            tracing::debug!(
                caution = self.caution / UNIT,
                changed,
                wrong,
                added = self.revisions.0,
                retracted = self.revisions.1
            );
            progress.advance(1);
            if progress.is_cancelled() {
                break;
            }
            state.finished += 1;
            state.settled = changed == 0 && self.caution == 0;
            state.revisions = self.actions().into_iter().map(|action| (action.kind, action.regulation)).collect();
            (course.keep)(&state);
        }
        self.caution = 0;
    }

    fn planned(&mut self, progress: &dyn Progress) -> SearchState {
        let mut levels = self.levels(progress);
        levels.extend(std::iter::repeat_n(0, self.config.max_passes));
        SearchState { levels, finished: 0, settled: false, revisions: Vec::new() }
    }

    fn restored(&mut self, state: &SearchState) -> SearchState {
        state.revisions.iter().for_each(|&(kind, regulation)| self.accept(Action { kind, regulation }));
        state.clone()
    }

    /// Levels of caution from half of what the best revision gains down to the cost of an addition.
    fn levels(&mut self, progress: &dyn Progress) -> Vec<i64> {
        if self.config.cooling == 0.0 {
            return Vec::new();
        }
        let strongest = self.promising(progress).peek().map_or(0, |&(net, ..)| net);
        let least = weight(self.config.add_cost).max(UNIT);
        let cooler = |&level: &i64| Some((level as f64 * self.config.cooling) as i64);
        std::iter::successors(Some(strongest / 2), cooler).take_while(|&level| level > least).collect()
    }

    /// One round of proposing and accepting; how many actions were accepted.
    pub fn pass(&mut self, progress: &dyn Progress) -> usize {
        let heap = self.promising(progress);
        self.accept_best(heap, progress)
    }

    /// Accepts the best of these actions while they gain, each evaluated again after another was accepted; how many.
    pub fn accept_best(&mut self, mut heap: Heap, progress: &dyn Progress) -> usize {
        let mut version = 0;
        while let Some((_, Reverse(action), seen)) = heap.pop() {
            if progress.is_cancelled() {
                break;
            }
            if !self.is_open(action) {
                continue;
            }
            if seen == version {
                self.accept(action);
                version += 1;
            } else {
                let gain = self.state.gains(&[action.edits()])[0];
                let now = self.net(action, gain);
                if self.betters(action, now) {
                    heap.push((now, Reverse(action), version));
                }
            }
        }
        version
    }

    /// Candidates with a positive net gain, evaluated exactly against the present network.
    fn promising(&mut self, progress: &dyn Progress) -> Heap {
        let limits = Limits {
            least_gain: weight(self.config.add_cost).max(self.caution) / 2,
            candidates: self.config.candidates,
        };
        let mut actions = propose::propose(&self.state, &self.regulators, limits, progress);
        actions.extend(self.actions().into_iter().map(Action::reversed));
        actions.sort_unstable();
        actions.dedup();
        actions.retain(|&action| self.is_valid(action));
        self.evaluated(&actions, progress)
    }

    /// Those of these actions that better the present network.
    pub fn evaluated(&mut self, actions: &[Action], progress: &dyn Progress) -> Heap {
        let nets = self.nets(actions, progress).into_iter().zip(actions.iter().copied());
        let better = nets.filter(|&(net, action)| self.betters(action, net));
        better.map(|(net, action)| (net, Reverse(action), 0)).collect()
    }

    /// Net gains of these actions, each by itself; fewer if stopped.
    pub fn nets(&mut self, actions: &[Action], progress: &dyn Progress) -> Vec<i64> {
        let gains = self.gains(actions, progress);
        actions.iter().zip(gains).map(|(&action, gain)| self.net(action, gain)).collect()
    }

    /// What these actions gain in the entries, each by itself; fewer if stopped.
    pub fn gains(&mut self, actions: &[Action], progress: &dyn Progress) -> Vec<Gain> {
        let mut gains = Vec::with_capacity(actions.len());
        for batch in actions.chunks(BATCH).take_while(|_| !progress.is_cancelled()) {
            let edits: Vec<_> = batch.iter().map(|action| action.edits()).collect();
            gains.extend(self.state.gains(&edits));
        }
        gains
    }

    /// True if an action of this net gain lowers the objective or, when caution is gone, leaves it with fewer revisions.
    fn betters(&self, action: Action, net: i64) -> bool {
        net > 0 || net == 0 && self.caution == 0 && self.undoes(action)
    }

    fn undoes(&self, action: Action) -> bool {
        let (was, is) = self.kinds_by(action);
        is.0 + is.1 < was.0 + was.1
    }

    /// Additions and retractions between two genes before and after an action.
    fn kinds_by(&self, action: Action) -> ((usize, usize), (usize, usize)) {
        let pair = (action.regulation.regulator, action.regulation.target);
        let present = self.signs(pair);
        (self.kinds(pair, present), self.kinds(pair, after(present, action)))
    }

    /// Gain of the entries less the cost that the action adds.
    pub fn net(&self, action: Action, gain: Gain) -> i64 {
        let pair = (action.regulation.regulator, action.regulation.target);
        let present = self.signs(pair);
        gain.total() + self.pair_cost(pair, present) - self.pair_cost(pair, after(present, action))
    }

    pub fn accept(&mut self, action: Action) {
        self.state.apply(&action.edits());
        let pair = (action.regulation.regulator, action.regulation.target);
        let before = self.signs(pair);
        let signs = after(before, action);
        let (was, is) = (self.kinds(pair, before), self.kinds(pair, signs));
        self.revisions = (self.revisions.0 + is.0 - was.0, self.revisions.1 + is.1 - was.1);
        if signs == self.original_signs(pair) {
            self.revised.remove(&pair);
        } else {
            self.revised.insert(pair, signs);
        }
    }

    pub fn is_valid(&self, action: Action) -> bool {
        let present = self.state.arcs.contains(action.regulation);
        match action.kind {
            // The other sign next to a known regulation would only turn its effect into "ambiguous": a removal says that
            // better. It may come back, though, where the original has both.
            RevisionKind::Added => {
                let has_other_sign = self.state.arcs.contains(action.regulation.flipped());
                let both = [action.regulation, action.regulation.flipped()].map(|edge| self.original.contains(edge));
                !present && (!has_other_sign || both == [true, true])
            }
            RevisionKind::Removed => present && !self.revision_costs.is_locked(action.regulation),
            RevisionKind::SignFlipped => {
                let has_other_sign = self.state.arcs.contains(action.regulation.flipped());
                present && !has_other_sign && !self.revision_costs.is_locked(action.regulation)
            }
        }
    }

    /// True if the action can be done and does not exceed the number of revisions allowed.
    pub fn is_open(&self, action: Action) -> bool {
        if !self.is_valid(action) {
            return false;
        }
        let (was, is) = self.kinds_by(action);
        let known = self.original.regulations().len();
        let (most_added, most_retracted) = (self.config.max_added(known), self.config.max_retracted(known));
        let room = |was, is, revised, most| is <= was || revised + is - was <= most;
        room(was.0, is.0, self.revisions.0, most_added) && room(was.1, is.1, self.revisions.1, most_retracted)
    }

    /// How many additions, and how many removals and flips, lead from the original to these signs.
    fn kinds(&self, pair: (GeneId, GeneId), signs: Signs) -> (usize, usize) {
        let (mut added, mut retracted) = (0, 0);
        for (kind, _) in self.original_signs(pair).revisions_to(signs) {
            *if kind == RevisionKind::Added { &mut added } else { &mut retracted } += 1;
        }
        (added, retracted)
    }

    /// True if this very revision of the original network is in force.
    pub fn is_in_force(&self, action: Action) -> bool {
        let pair = (action.regulation.regulator, action.regulation.target);
        let mut made = self.original_signs(pair).revisions_to(self.signs(pair));
        made.any(|made| made == (action.kind, action.regulation.sign))
    }

    /// True if the regulations between these two genes differ from the original ones.
    pub fn is_revised(&self, pair: (GeneId, GeneId)) -> bool {
        self.revised.contains_key(&pair)
    }

    /// Pairs of genes whose regulations differ from the original ones, in order.
    pub fn revised_pairs(&self) -> impl Iterator<Item = (GeneId, GeneId)> {
        self.revised.keys().copied()
    }

    /// Genes that may become regulators of further targets, in order.
    pub fn regulators(&self) -> &[u32] {
        &self.regulators
    }

    fn signs(&self, pair: (GeneId, GeneId)) -> Signs {
        self.revised.get(&pair).copied().unwrap_or_else(|| self.original_signs(pair))
    }

    fn original_signs(&self, (regulator, target): (GeneId, GeneId)) -> Signs {
        Signs::of(|sign| self.original.contains(Regulation::new(regulator, target, sign)))
    }

    /// Cost of the difference between these signs and the original ones: flips where one went and one came.
    fn pair_cost(&self, pair: (GeneId, GeneId), signs: Signs) -> i64 {
        let revisions = self.original_signs(pair).revisions_to(signs);
        revisions.map(|(kind, sign)| self.price(action_on(pair, kind, sign))).sum()
    }

    /// The revisions in force, as actions upon the original network.
    pub fn actions(&self) -> Vec<Action> {
        let of_pair = |(&pair, &signs): (&(GeneId, GeneId), &Signs)| {
            self.original_signs(pair).revisions_to(signs).map(move |(kind, sign)| action_on(pair, kind, sign))
        };
        self.revised.iter().flat_map(of_pair).collect()
    }

    /// Weight of the entries that disagree, and the cost of the revisions in force.
    pub fn objective(&self) -> i64 {
        let costs: i64 = self.actions().into_iter().map(|action| self.cost(action)).sum();
        self.state.disagreement().total() + costs
    }

    /// What a revision has to gain at the present level of caution.
    fn price(&self, action: Action) -> i64 {
        let least = if action.kind == RevisionKind::Added { self.caution } else { self.caution / PRIOR_ODDS };
        self.cost(action).max(least)
    }

    /// The cost of one revision of the original network: what is well cited costs more to retract.
    pub fn cost(&self, action: Action) -> i64 {
        let retraction = |cost: f64| cost * self.revision_costs.factor(action.regulation).min(LARGEST_FACTOR);
        weight(match action.kind {
            RevisionKind::Added => self.config.add_cost,
            RevisionKind::Removed => retraction(self.config.remove_cost),
            RevisionKind::SignFlipped => retraction(self.config.flip_cost),
        })
    }

    /// Takes back, one after the other, the revisions that what was measured does not carry: those whose measured
    /// entries alone do not pay their cost, or too seldom do so when the perturbations are drawn again.
    pub fn drop_unsupported(&mut self, resamples: &Resamples) -> Vec<Action> {
        let mut retracted = Vec::new();
        loop {
            let before = retracted.len();
            for action in self.actions() {
                if !self.is_supported(action, resamples) {
                    self.accept(action.reversed());
                    retracted.push(action);
                }
            }
            if retracted.len() == before {
                return retracted;
            }
        }
    }

    fn is_supported(&mut self, action: Action, resamples: &Resamples) -> bool {
        let mut effects = self.state.effects(&action.reversed().edits());
        effects.iter_mut().for_each(|effect| effect.weight = -effect.weight);
        let cost = self.cost(action);
        let measured: i64 = effects.iter().filter(|effect| effect.measured).map(|effect| effect.weight).sum();
        let stable = resamples.stability(&effects, cost).is_none_or(|share| share >= self.config.min_stability);
        measured > cost && stable
    }
}

fn action_on((regulator, target): (GeneId, GeneId), kind: RevisionKind, sign: Sign) -> Action {
    Action { kind, regulation: Regulation::new(regulator, target, sign) }
}

fn after(mut signs: Signs, action: Action) -> Signs {
    action.edits().into_iter().for_each(|edit| signs.set(edit.regulation.sign, edit.insert));
    signs
}

/// A number of entries as a whole weight.
pub(super) fn weight(entries: f64) -> i64 {
    (entries * UNIT as f64).round() as i64
}
