//! How many revisions would be false: the search is put to work where the truth is known.
//!
//! The refined network stands in for the truth. Faults of each kind are planted in a copy of it, a screen of the refined
//! network is simulated with the perturbations, the mask and the noise of the real one, and the same search runs on both.
//! What it finds that was not planted is false: noise, or a fault corrected in the wrong place.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::commit::Search;
use super::course::Course;
use super::exact::ExactState;
use super::noise::Noise;
use super::resamples::Resamples;
use super::{Action, RefinementConfig, RefinementData, RevisionCosts, evidence};
use crate::biology::{Regulation, ResponseMatrix, RevisionKind};
use crate::network::RegulatoryNetwork;
use crate::progress::{Progress, Quiet};
use crate::symbolic::Reading;

/// Enough revisions found in simulations to end them early, and the least number of simulations.
const ENOUGH: (usize, usize) = (1000, 3);
/// Faults of one kind planted at most, as a share of the regulations.
const MOST_PLANTED: f64 = 0.15;
/// Draws of an invented regulation before it is given up.
const TRIES: usize = 20;

/// How many simulations are enough if each finds this many revisions.
pub(crate) fn enough_simulations(found_in_each: f64) -> usize {
    ENOUGH.1.max((ENOUGH.0 as f64 / found_in_each).ceil() as usize)
}

/// The experiments behind a refinement and how they are read.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub data: RefinementData<'a>,
    pub depth: usize,
    pub reading: Reading,
    pub config: &'a RefinementConfig,
}

/// False revisions found by the search in simulated screens.
pub(super) struct Calibration {
    /// Support of the revisions that the real search found, by kind, ascending.
    found: [Vec<f64>; 3],
    /// The same of the false ones in all simulations together.
    false_ones: [Vec<f64>; 3],
    /// Least q-value of the revisions found so far in that order.
    least: [Vec<f64>; 3],
    simulations: usize,
}

impl Calibration {
    /// Simulates screens of `refined` and searches them. `state` holds the real screen under the refined network, `found`
    /// what the real search found, with the support of each.
    pub fn simulate(
        refined: &RegulatoryNetwork,
        state: &ExactState,
        found: &[(RevisionKind, f64)],
        noise: &Noise,
        setting: Setting<'_>,
        progress: &dyn Progress,
    ) -> Self {
        let of_kind = |kind: RevisionKind| {
            let mut supports: Vec<_> =
                found.iter().filter(|(other, _)| *other == kind).map(|&(_, support)| support).collect();
            supports.sort_unstable_by(f64::total_cmp);
            supports
        };
        let found = RevisionKind::ALL.map(of_kind);
        let mut calibration = Self { found, false_ones: Default::default(), least: Default::default(), simulations: 0 };
        let real = calibration.found.each_ref().map(Vec::len);
        if real == [0; 3] {
            return calibration;
        }
        // A stream of its own: neither the resamples nor the search shift it.
        let mut generator = ChaCha8Rng::seed_from_u64(setting.config.seed ^ 0x4e55_4c4c);
        let mut planting = Planting { real, planted: [0; 3], corrected: [0; 3], strayed: [0; 3] };
        progress.begin("simulate screens", setting.config.simulations as u64);
        for simulation in 0..setting.config.simulations {
            let faults =
                plant(refined, planting.next(simulation, refined), setting.data.revision_costs, &mut generator);
            let labels = noise.screen(state, setting.data.measured, &mut generator);
            let found = search_simulated(refined, &faults, &labels, setting, progress);
            if progress.is_cancelled() {
                break;
            }
            planting.learn(&faults, &found);
            for (action, support) in found.into_iter().filter(|(action, _)| !faults.contains(action)) {
                calibration.false_ones[place(action.kind)].push(support);
            }
            calibration.simulations += 1;
            progress.advance(1);
            if planting.searched() >= ENOUGH.0 && calibration.simulations >= ENOUGH.1 {
                break;
            }
        }
        calibration.false_ones.iter_mut().for_each(|supports| supports.sort_unstable_by(f64::total_cmp));
        calibration.least = [0, 1, 2].map(|kind| {
            let shares = calibration.found[kind].iter().map(|&support| calibration.false_share(kind, support));
            shares
                .scan(1.0, |least: &mut f64, share| Some(std::mem::replace(least, least.min(share)).min(share)))
                .collect()
        });
        calibration
    }

    /// Expected share of false ones among the revisions of this kind with at least this support, `None` without
    /// simulations; 1 for a revision that measured entries do not pay for.
    ///
    /// ```text
    /// q(s) = min_{s' ≤ s}  (1 + #{false in S simulations, support ≥ s'}) / (S + 1)  /  #{found, support ≥ s'}
    /// ```
    pub fn q_value(&self, kind: RevisionKind, support: Option<f64>) -> Option<f64> {
        if self.simulations == 0 {
            return None;
        }
        let Some(support) = support else { return Some(1.0) };
        let kind = place(kind);
        let laxer = self.found[kind].partition_point(|&other| other <= support);
        let least = laxer.checked_sub(1).map_or(1.0, |last| self.least[kind][last]);
        Some(least.min(self.false_share(kind, support)))
    }

    fn false_share(&self, kind: usize, support: f64) -> f64 {
        let at_least = |supports: &[f64]| supports.len() - supports.partition_point(|&other| other < support);
        let expected = (1 + at_least(&self.false_ones[kind])) as f64 / (self.simulations + 1) as f64;
        expected / at_least(&self.found[kind]).max(1) as f64
    }
}

fn place(kind: RevisionKind) -> usize {
    match kind {
        RevisionKind::Added => 0,
        RevisionKind::Removed => 1,
        RevisionKind::SignFlipped => 2,
    }
}

/// How many faults of each kind to plant, learnt from how many of those planted the search corrected.
struct Planting {
    real: [usize; 3],
    planted: [usize; 3],
    corrected: [usize; 3],
    strayed: [usize; 3],
}

impl Planting {
    /// First as many faults as the real search corrected; then as many as must be there for it to find what it found, the
    /// false ones taken off.
    fn next(&self, simulations: usize, refined: &RegulatoryNetwork) -> [usize; 3] {
        let most = (refined.regulations().len() as f64 * MOST_PLANTED).ceil();
        [0, 1, 2].map(|kind| {
            if simulations == 0 {
                return self.real[kind].min(most as usize);
            }
            let strayed = self.strayed[kind] as f64 / simulations as f64;
            let recall = (self.corrected[kind] as f64 + 0.5) / (self.planted[kind] as f64 + 1.0);
            ((self.real[kind] as f64 - strayed).max(0.0) / recall).round().min(most) as usize
        })
    }

    fn learn(&mut self, faults: &[Action], found: &[(Action, f64)]) {
        faults.iter().for_each(|fault| self.planted[place(fault.kind)] += 1);
        for (action, _) in found {
            let counts = if faults.contains(action) { &mut self.corrected } else { &mut self.strayed };
            counts[place(action.kind)] += 1;
        }
    }

    fn searched(&self) -> usize {
        self.corrected.iter().chain(&self.strayed).sum()
    }
}

/// Faults of each kind, as the actions that correct them, sorted; at most one between two genes.
fn plant(
    truth: &RegulatoryNetwork,
    numbers: [usize; 3],
    revision_costs: Option<&RevisionCosts>,
    generator: &mut ChaCha8Rng,
) -> Vec<Action> {
    let is_locked = |regulation| revision_costs.is_some_and(|revision_costs| revision_costs.is_locked(regulation));
    let is_conflict = |regulation: Regulation| truth.contains(regulation.flipped());
    let known = truth.regulations().iter().copied();
    let mut open: Vec<_> = known.filter(|&edge| edge.regulator != edge.target && !is_conflict(edge)).collect();
    open.shuffle(generator);
    let mut rest = open.iter().copied();
    let lost: Vec<_> = rest.by_ref().take(numbers[0]).collect();
    let lost = lost.into_iter().map(|regulation| Action { kind: RevisionKind::Added, regulation });
    let turned = rest.filter(|&regulation| !is_locked(regulation)).take(numbers[2]);
    let turned = turned.map(|edge| Action { kind: RevisionKind::SignFlipped, regulation: edge.flipped() });
    let mut faults: Vec<_> = lost.chain(turned).collect();
    for _ in 0..numbers[1] {
        let invented = (0..TRIES).find_map(|_| {
            let end = |generator: &mut ChaCha8Rng| open.get(generator.random_range(0..open.len().max(1))).copied();
            let (from, to) = (end(generator)?, end(generator)?);
            let regulation = Regulation { target: to.target, ..from };
            let new = !truth.contains(regulation) && !is_conflict(regulation);
            (new && regulation.regulator != regulation.target).then_some(regulation)
        });
        faults.extend(invented.map(|regulation| Action { kind: RevisionKind::Removed, regulation }));
    }
    faults.sort_unstable_by_key(|fault| (fault.regulation.regulator, fault.regulation.target));
    faults.dedup_by_key(|fault| (fault.regulation.regulator, fault.regulation.target));
    faults
}

/// The truth with the faults in it.
fn damage(truth: &RegulatoryNetwork, faults: &[Action]) -> RegulatoryNetwork {
    let mut regulations: std::collections::BTreeSet<_> = truth.regulations().iter().copied().collect();
    for edit in faults.iter().flat_map(|fault| fault.reversed().edits()) {
        if edit.insert {
            regulations.insert(edit.regulation);
        } else {
            regulations.remove(&edit.regulation);
        }
    }
    RegulatoryNetwork::new(truth.n_genes(), regulations).with_effects(truth.effects().iter().copied())
}

/// What the search finds in a simulated screen, with the support of each revision.
fn search_simulated(
    refined: &RegulatoryNetwork,
    faults: &[Action],
    labels: &ResponseMatrix,
    setting: Setting<'_>,
    progress: &dyn Progress,
) -> Vec<(Action, f64)> {
    let damaged = damage(refined, faults);
    let data = RefinementData {
        revision_costs: setting.data.revision_costs,
        ..RefinementData::measured(setting.data.measured.0, labels)
    };
    let mut search = Search::new(&damaged, &data, setting.depth, setting.reading, setting.config);
    // Without the sweeps for a certificate, which would take long in every simulation. They correct mistakes, so that without
    // them rather too many revisions count as false.
    search.anneal(Course { from: None, keep: &mut |_| () }, &Quiet(progress));
    let resamples = Resamples::draw(&search.state, search.config);
    let proposed = search.drop_unsupported(&resamples);
    let noise = Noise::estimate(&search.state, data.measured);
    let revisions = evidence::revisions(&mut search, &proposed, &resamples);
    let found = revisions.iter().filter_map(|revision| {
        let action = Action { kind: revision.kind, regulation: revision.regulation };
        Some((action, evidence::support(&search, revision, labels, &noise)?))
    });
    found.collect()
}
