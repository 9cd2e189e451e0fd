//! The exact discrete objective, kept up to date under edits of the network.
//!
//! Per row (perturbation) and gene it holds the least depth at which a positive and a negative walk arrive; that is all
//! the naive and the nearest reading need. An edit touches only the states whose depth it changes. The majority reading
//! counts walks again in each touched row.
//!
//! Two kinds of states are held as not reached, for nothing follows from them. Under the nearest reading one that walks of
//! the other sign reach earlier: wherever a walk goes on from it, one of the other sign goes on from the same gene and
//! arrives earlier. And one at the last depth of which no entry is scored: no walk goes on from it.
//!
//! An entry that effects tell is settled: it is counted once, and then held as not scored. That is so for effects of a
//! perturbed gene, whatever the regulations are, and for walks that end in an effect as the network has them at first: the
//! search does not follow how its edits would change those.

use rayon::prelude::*;

use super::RefinementData;
use super::arcs::{Arc, Arcs, Edit, UNREACHED, turn_of};
use super::reach::{BLOCK, CHUNK, Reach, Touched};
use crate::biology::{Direction, Entry, GeneId, Perturbation, Response, ResponseMatrix};
use crate::network::RegulatoryNetwork;
use crate::symbolic::{Closure, Reading, Simulator, responses_by_effects};

/// Weight of one measured entry; weights are whole numbers, so that sums do not depend on their order.
pub(super) const UNIT: i64 = 1024;
/// Rows touched by a single set of edits that are worth several threads.
const MANY_ROWS: usize = 64;
/// Class of an entry that is not scored.
const UNSCORED: u8 = 3;

/// The network with a few edits laid over it.
#[derive(Clone, Copy)]
struct Overlay<'a> {
    arcs: &'a Arcs,
    edits: &'a [Edit],
}

impl Overlay<'_> {
    fn for_targets(self, gene: usize, visit: impl FnMut(Arc)) {
        let ends = |edit: &Edit| (edit.regulation.regulator, edit.regulation.target);
        self.visit(&self.arcs.targets[gene], gene, ends, visit);
    }

    fn for_regulators(self, gene: usize, visit: impl FnMut(Arc)) {
        let ends = |edit: &Edit| (edit.regulation.target, edit.regulation.regulator);
        self.visit(&self.arcs.regulators[gene], gene, ends, visit);
    }

    /// True if the test passes for some regulator.
    fn any_regulator(self, gene: usize, test: impl FnMut(Arc) -> bool) -> bool {
        let ends = |edit: &Edit| (edit.regulation.target, edit.regulation.regulator);
        self.any(&self.arcs.regulators[gene], gene, ends, test)
    }

    fn visit(self, list: &[Arc], gene: usize, ends: impl Fn(&Edit) -> (GeneId, GeneId), mut visit: impl FnMut(Arc)) {
        self.any(list, gene, ends, |arc| {
            visit(arc);
            false
        });
    }

    /// Shows the edited list of `gene` until the test passes.
    fn any(
        self,
        list: &[Arc],
        gene: usize,
        ends: impl Fn(&Edit) -> (GeneId, GeneId),
        mut test: impl FnMut(Arc) -> bool,
    ) -> bool {
        let concerns = |edit: &&Edit| ends(edit).0.index() == gene;
        if !self.edits.iter().any(|edit| concerns(&edit)) {
            return list.iter().copied().any(test);
        }
        let arc_of = |edit: &Edit| Arc { gene: ends(edit).1.index() as u32, turn: turn_of(edit.regulation.sign) };
        // The last edit of a regulation decides.
        let decided = |arc: Arc| self.edits.iter().rev().filter(concerns).find(|edit| arc_of(edit) == arc);
        if list.iter().copied().any(|arc| decided(arc).is_none_or(|edit| edit.insert) && test(arc)) {
            return true;
        }
        self.edits.iter().filter(concerns).any(|edit| {
            let arc = arc_of(edit);
            let is_last = decided(arc).is_some_and(|last| std::ptr::eq(last, edit));
            edit.insert && is_last && list.binary_search(&arc).is_err() && test(arc)
        })
    }
}

/// What one perturbation does in the present network, and what it should do.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// True if observed, false if predicted.
    pub measured: bool,
    /// State of each perturbed gene: twice the gene, plus one for a deletion.
    pub starts: Vec<u32>,
    /// Least depth of each state `2·gene + sign`, sign 0 positive and 1 negative; [`UNREACHED`] also where nothing follows.
    pub depths: Vec<u8>,
    /// Class of each gene by walk counts; only under the majority reading.
    counted: Vec<u8>,
    /// Wanted class of each gene, [`UNSCORED`] if none.
    wanted: Vec<u8>,
    /// Weight of each gene's entry.
    weights: Vec<u16>,
    /// No fewer steps lead from each gene to one whose entry is scored.
    pub steps: Vec<u8>,
    settled: Settled,
}

/// What effects tell, whatever the regulations are.
#[derive(Clone, Debug, Default)]
struct Settled {
    /// Genes with their classes, in order.
    classes: Vec<(u32, u8)>,
    /// Weights of the entries that agree and that disagree.
    weights: (i64, i64),
    /// Number of entries that disagree.
    wrong: u64,
}

impl Row {
    /// True if `gene` is perturbed here: no walk enters it.
    pub fn clamps(&self, gene: usize) -> bool {
        self.depths[2 * gene] == 0 || self.depths[2 * gene + 1] == 0
    }

    /// Least depth at which any walk reaches `gene`.
    pub fn depth(&self, gene: usize) -> u8 {
        self.depths[2 * gene].min(self.depths[2 * gene + 1])
    }

    /// Weight gained if `gene`, now of class `old`, were of class `new`.
    pub fn gain(&self, gene: usize, old: u8, new: u8) -> i64 {
        let wanted = self.wanted[gene];
        i64::from(self.weights[gene]) * (i64::from(new == wanted) - i64::from(old == wanted))
    }

    /// The class that `gene` should be of, if it is of another.
    pub fn wrong(&self, gene: usize, reading: Reading) -> Option<u8> {
        let wanted = self.wanted[gene];
        (wanted != UNSCORED && self.class(gene, reading) != wanted).then_some(wanted)
    }

    /// Weight of the entry of `gene`.
    pub fn weight(&self, gene: usize) -> i64 {
        i64::from(self.weights[gene])
    }

    /// Weights of entries that agree and that disagree.
    pub fn agreement(&self, reading: Reading) -> (i64, i64) {
        let mut sums = self.settled.weights;
        for gene in 0..self.wanted.len() {
            let weight = i64::from(self.weights[gene]);
            if self.wanted[gene] != UNSCORED {
                let right = self.class(gene, reading) == self.wanted[gene];
                *(if right { &mut sums.0 } else { &mut sums.1 }) += weight;
            }
        }
        sums
    }

    /// Counts the entries that effects tell, and takes them out of what regulations are scored by.
    fn settle(&mut self, told: &[(GeneId, Response)]) {
        for &(gene, response) in told {
            let (gene, class) = (gene.index(), response.class() as u8);
            let Settled { classes, weights, wrong } = &mut self.settled;
            classes.push((gene as u32, class));
            if self.wanted[gene] == UNSCORED {
                continue;
            }
            let right = class == self.wanted[gene];
            *(if right { &mut weights.0 } else { &mut weights.1 }) += i64::from(self.weights[gene]);
            *wrong += u64::from(!right);
            (self.wanted[gene], self.weights[gene]) = (UNSCORED, 0);
        }
    }

    /// Lowers the steps from `gene` to this many, and those from all genes that lead to it.
    fn come_nearer(&mut self, gene: usize, steps: u8, arcs: &Arcs, depth: usize) {
        if steps < self.steps[gene] && usize::from(steps) < depth {
            self.steps[gene] = steps;
            for arc in &arcs.regulators[gene] {
                self.come_nearer(arc.gene as usize, steps + 1, arcs, depth);
            }
        }
    }

    /// True if `steps` hold with these edits too, for the states that they change: all are of one pair of genes, and where
    /// one is put in, the way over it is not a shorter, or no walk counts that takes it twice.
    fn steps_outlast(&self, edits: &[Edit], nearest: bool) -> bool {
        let ends = |edit: &Edit| (edit.regulation.regulator, edit.regulation.target);
        let is_longer = |edit: &Edit| {
            self.steps[edit.regulation.regulator.index()] <= self.steps[edit.regulation.target.index()] + 1
        };
        edits.windows(2).all(|pair| ends(&pair[0]) == ends(&pair[1]))
            && (nearest || edits.iter().all(|edit| !edit.insert || is_longer(edit)))
    }

    /// Class of `gene` as the network reads: by the effects, and where they say nothing by the walks.
    pub fn said(&self, gene: usize, reading: Reading) -> u8 {
        let settled = self.settled.classes.binary_search_by_key(&(gene as u32), |&(gene, _)| gene);
        settled.map_or_else(|_| self.class(gene, reading), |at| self.settled.classes[at].1)
    }

    /// Present class of `gene` by the walks.
    pub fn class(&self, gene: usize, reading: Reading) -> u8 {
        if let Reading::Majority { .. } = reading {
            return self.counted[gene];
        }
        class_of(self.depths[2 * gene], self.depths[2 * gene + 1], reading)
    }
}

/// Class (0 down, 1 unchanged or ambiguous, 2 up) of a gene by its two depths.
pub(super) const fn class_of(positive: u8, negative: u8, reading: Reading) -> u8 {
    let naive_conflict = matches!(reading, Reading::Naive) && positive < UNREACHED && negative < UNREACHED;
    if positive == negative || naive_conflict {
        1
    } else if positive < negative {
        2
    } else {
        0
    }
}

/// True if a walk that arrives later than one of the other sign changes nothing.
pub(super) const fn only_nearest(reading: Reading) -> bool {
    matches!(reading, Reading::Nearest)
}

/// The sum of weights by which an edit helps: measured and predicted entries apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gain {
    pub measured: i64,
    pub predicted: i64,
}

impl Gain {
    pub const fn total(self) -> i64 {
        self.measured + self.predicted
    }

    fn add(&mut self, measured: bool, weight: i64) {
        *(if measured { &mut self.measured } else { &mut self.predicted }) += weight;
    }
}

/// One entry that an edit changes from right to wrong or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    pub entry: Entry,
    pub measured: bool,
    /// Positive if the edit corrects the entry.
    pub weight: i64,
}

/// All rows under the present network.
#[derive(Clone, Debug)]
pub(super) struct ExactState {
    pub arcs: Arcs,
    pub rows: Vec<Row>,
    pub depth: usize,
    pub reading: Reading,
    pub reach: Reach,
}

impl ExactState {
    pub fn new(network: &RegulatoryNetwork, data: &RefinementData<'_>, depth: usize, reading: Reading) -> Self {
        Self::balanced(network, data, depth, reading, 0.0)
    }

    /// With entries weighted by the class that they should have, see `class_balance` of
    /// [`RefinementConfig`](super::RefinementConfig).
    pub fn balanced(
        network: &RegulatoryNetwork,
        data: &RefinementData<'_>,
        depth: usize,
        reading: Reading,
        class_balance: f64,
    ) -> Self {
        let told = |perturbations| told_by_effects(network, perturbations, depth, reading);
        let told = [told(data.measured.0), told(data.predicted.0)];
        Self::settled(network, &told, data, depth, reading, class_balance)
    }

    /// With the entries given that effects tell, for measured and predicted perturbations.
    pub fn settled(
        network: &RegulatoryNetwork,
        told: &[Vec<Vec<(GeneId, Response)>>; 2],
        data: &RefinementData<'_>,
        depth: usize,
        reading: Reading,
        class_balance: f64,
    ) -> Self {
        let by_class = class_weights(data.measured, class_balance);
        let measured = rows_of(&told[0], data.measured, None, by_class);
        let predicted = rows_of(&told[1], data.predicted, Some(data.predicted_weights), by_class);
        let mut rows: Vec<_> = measured.into_iter().chain(predicted).collect();
        let arcs = Arcs::of(network);
        rows.par_iter_mut().for_each(|row| {
            search_row(row, &arcs, depth, reading);
            row.steps = steps_to_scored(row, &arcs, depth);
        });
        let reach = Reach::of(rows.len(), rows.iter().map(|row| row.depths.as_slice()), network.n_genes());
        Self { arcs, rows, depth, reading, reach }
    }

    /// Weight of the disagreeing entries, measured and predicted.
    pub fn disagreement(&self) -> Gain {
        let mut sum = Gain::default();
        for row in &self.rows {
            sum.add(row.measured, row.agreement(self.reading).1);
        }
        sum
    }

    /// Number of measured entries that disagree.
    pub fn wrong_entries(&self) -> u64 {
        let wrong = |row: &Row| {
            let is_wrong = |gene: &usize| row.wrong(*gene, self.reading).is_some();
            row.settled.wrong + (0..row.wanted.len()).filter(is_wrong).count() as u64
        };
        self.rows.iter().filter(|row| row.measured).map(wrong).sum()
    }

    /// The exact gain of each alternative set of edits, applied to the present network by itself.
    pub fn gains(&mut self, alternatives: &[Vec<Edit>]) -> Vec<Gain> {
        let touched: Vec<_> = match alternatives {
            [edits] => vec![self.touched_by(edits)],
            _ => alternatives.par_iter().map(|edits| self.touched_by(edits)).collect(),
        };
        let Self { arcs, rows, depth, reading, .. } = self;
        let (arcs, depth, reading) = (&*arcs, *depth, *reading);
        let gain_in = |row: &mut Row, edits: &[Edit], scratch: &mut Scratch, gain: &mut Gain| {
            let mut weight = 0;
            try_edits(row, arcs, edits, depth, reading, scratch, |_, change| weight += change);
            gain.add(row.measured, weight);
        };
        let zero = || vec![Gain::default(); alternatives.len()];
        if let ([edits], [touched]) = (alternatives, touched.as_slice())
            && touched.len() < MANY_ROWS
        {
            let (mut gain, mut scratch) = (Gain::default(), Scratch::new(depth, reading));
            touched.rows().for_each(|row| gain_in(&mut rows[row], edits, &mut scratch, &mut gain));
            return vec![gain];
        }
        let evaluate = |(chunk, rows): (usize, &mut [Row])| {
            let mut scratch = Scratch::new(depth, reading);
            let mut gains = zero();
            for ((edits, touched), gain) in alternatives.iter().zip(&touched).zip(&mut gains) {
                touched.in_chunk(chunk).for_each(|row| gain_in(&mut rows[row], edits, &mut scratch, gain));
            }
            gains
        };
        rows.par_chunks_mut(CHUNK).enumerate().map(evaluate).reduce(zero, |mut left, right| {
            for (left, right) in left.iter_mut().zip(right) {
                left.measured += right.measured;
                left.predicted += right.predicted;
            }
            left
        })
    }

    /// As [`Self::gains`], in one row alone.
    pub fn gains_in_row(&self, row: &Row, alternatives: &[Vec<Edit>]) -> Vec<i64> {
        let (mut row, mut scratch) = (row.clone(), Scratch::new(self.depth, self.reading));
        let gain = |edits: &Vec<Edit>| {
            let mut weight = 0;
            try_edits(&mut row, &self.arcs, edits, self.depth, self.reading, &mut scratch, |_, change| {
                weight += change
            });
            weight
        };
        alternatives.iter().map(gain).collect()
    }

    /// The entries that the edits would change from wrong to right or back, by row and gene.
    pub fn effects(&mut self, edits: &[Edit]) -> Vec<Effect> {
        let touched = self.touched_by(edits);
        let Self { arcs, rows, depth, reading, .. } = self;
        let mut scratch = Scratch::new(*depth, *reading);
        let mut parts = Vec::new();
        for index in touched.rows() {
            try_edits(&mut rows[index], arcs, edits, *depth, *reading, &mut scratch, |gene, weight| {
                parts.push((Entry { perturbation: index as u32, gene: GeneId::new(gene) }, weight));
            });
        }
        parts.sort_unstable();
        let effect = |parts: &[(Entry, i64)]| {
            let entry = parts[0].0;
            let weight = parts.iter().map(|&(_, weight)| weight).sum();
            Effect { entry, measured: rows[entry.perturbation as usize].measured, weight }
        };
        let effects = parts.chunk_by(|one, other| one.0 == other.0).map(effect);
        effects.filter(|effect| effect.weight != 0).collect()
    }

    /// Makes the edits part of the present network.
    pub fn apply(&mut self, edits: &[Edit]) {
        let touched = self.touched_by(edits);
        let Self { arcs, rows, depth, reading, reach } = self;
        let (shared, depth, reading) = (&*arcs, *depth, *reading);
        rows.par_chunks_mut(BLOCK).zip(reach.blocks_mut()).enumerate().for_each(|(number, (rows, block))| {
            let mut scratch = Scratch::new(depth, reading);
            for place in touched.in_block(number) {
                let row = &mut rows[place];
                scratch.pruned = false;
                walk_edits(row, shared, edits, &mut scratch);
                if let Reading::Majority { alpha, tau } = reading {
                    row.counted = count_classes(row, Overlay { arcs: shared, edits }, depth, alpha, tau);
                }
                for state in scratch.log.iter().map(|&(state, _)| state as usize) {
                    block[state][place] = row.depths[state];
                }
            }
        });
        for &edit in edits {
            arcs.apply(edit);
        }
        // What is taken out only adds steps.
        for Edit { regulation, .. } in edits.iter().filter(|edit| edit.insert) {
            let (regulator, target) = (regulation.regulator.index(), regulation.target.index());
            rows.par_iter_mut().for_each(|row| row.come_nearer(regulator, row.steps[target] + 1, arcs, depth));
        }
    }

    /// Rows in which the edits may change anything; at least those.
    fn touched_by(&self, edits: &[Edit]) -> Touched {
        match self.reading {
            Reading::Majority { .. } => self.reach.passed_by(edits, self.depth),
            Reading::Naive | Reading::Nearest => {
                self.reach.touched_by(&self.arcs, edits, self.depth, only_nearest(self.reading))
            }
        }
    }
}

/// The entries of each perturbation that effects tell: those of the perturbed genes all tell, and of the others those
/// that would be read otherwise without effects. Empty if the network has none.
pub(super) fn told_by_effects(
    network: &RegulatoryNetwork,
    perturbations: &[Perturbation],
    depth: usize,
    reading: Reading,
) -> Vec<Vec<(GeneId, Response)>> {
    if network.effects().is_empty() {
        return Vec::new();
    }
    let regulations = RegulatoryNetwork::new(network.n_genes(), network.regulations().iter().copied());
    let [with, without] =
        [network, &regulations].map(|network| Closure::new(network, depth, reading).simulate(perturbations));
    let of_row = |(row, perturbation): (usize, &Perturbation)| {
        let direct = responses_by_effects(network, perturbation);
        let is_told = |gene: &GeneId| {
            with.get(row, *gene) != without.get(row, *gene)
                || direct.binary_search_by_key(gene, |&(told, _)| told).is_ok()
        };
        let told = (0..network.n_genes()).map(GeneId::new).filter(is_told);
        told.filter_map(|gene| Some((gene, with.get(row, gene)?))).collect()
    };
    perturbations.iter().enumerate().map(of_row).collect()
}

fn rows_of(
    told: &[Vec<(GeneId, Response)>],
    (perturbations, responses): (&[Perturbation], &ResponseMatrix),
    weights: Option<&[f32]>,
    by_class: [f64; 3],
) -> Vec<Row> {
    let n_genes = responses.n_genes();
    let weight = |entry: &Option<Response>, confidence: f32| {
        entry.map_or(0, |response| fixed(f64::from(confidence.clamp(0.0, 1.0)) * by_class[response.class()]))
    };
    let row = |(index, perturbation): (usize, &Perturbation)| {
        let class = |entry: &Option<Response>| entry.map_or(UNSCORED, |response| response.class() as u8);
        let mut row = Row {
            measured: weights.is_none(),
            starts: perturbation.changes().iter().map(|&(gene, direction)| start_state(gene, direction)).collect(),
            depths: Vec::new(),
            counted: Vec::new(),
            wanted: responses.row(index).iter().map(class).collect(),
            steps: Vec::new(),
            settled: Settled::default(),
            weights: match weights {
                None => responses.row(index).iter().map(|entry| weight(entry, 1.0)).collect(),
                Some(weights) => {
                    let confidences = &weights[index * n_genes..][..n_genes];
                    responses.row(index).iter().zip(confidences).map(|(entry, &sure)| weight(entry, sure)).collect()
                }
            },
        };
        for gene in 0..n_genes {
            let own = row.starts.iter().any(|&start| start as usize / 2 == gene);
            if own || row.wanted[gene] == UNSCORED || row.weights[gene] == 0 {
                row.wanted[gene] = UNSCORED;
                row.weights[gene] = 0;
            }
        }
        row.settle(told.get(index).map_or(&[], Vec::as_slice));
        row
    };
    perturbations.iter().enumerate().map(row).collect()
}

fn start_state(gene: GeneId, direction: Direction) -> u32 {
    2 * gene.index() as u32 + u32::from(direction == Direction::Deletion)
}

/// No entry weighs more than 63 average ones.
fn fixed(weight: f64) -> u16 {
    (weight * UNIT as f64).round().min(f64::from(u16::MAX)) as u16
}

/// Weight of an entry that should be down, unchanged, up; 1 on average over the measured entries.
fn class_weights((perturbations, responses): (&[Perturbation], &ResponseMatrix), class_balance: f64) -> [f64; 3] {
    let mut counts = [0_u64; 3];
    for (row, perturbation) in perturbations.iter().enumerate() {
        for (gene, response) in responses.row(row).iter().enumerate() {
            if let Some(response) = response.filter(|_| !perturbation.moves(GeneId::new(gene))) {
                counts[response.class()] += 1;
            }
        }
    }
    let raw = counts.map(|count| if count == 0 { 0.0 } else { (count as f64).powf(-class_balance) });
    let total: f64 = raw.iter().zip(counts).map(|(weight, count)| weight * count as f64).sum();
    let entries = counts.iter().sum::<u64>() as f64;
    // A class that was never measured may still be predicted: such an entry counts as an average one.
    raw.map(|weight| if weight > 0.0 { weight * entries / total } else { 1.0 })
}

fn search_row(row: &mut Row, arcs: &Arcs, depth: usize, reading: Reading) {
    row.depths = vec![UNREACHED; 2 * row.wanted.len()];
    let overlay = Overlay { arcs, edits: &[] };
    let mut scratch = Scratch::new(depth, reading);
    for index in 0..row.starts.len() {
        row.depths[row.starts[index] as usize] = 0;
    }
    for index in 0..row.starts.len() {
        scratch.push_children(row, overlay, row.starts[index] as usize, 0);
    }
    scratch.relax(row, overlay);
    if let Reading::Majority { alpha, tau } = reading {
        row.counted = count_classes(row, overlay, depth, alpha, tau);
    }
}

/// Least number of steps from each gene to one whose entry is scored; [`UNREACHED`] if there are as many as the longest walk.
fn steps_to_scored(row: &Row, arcs: &Arcs, depth: usize) -> Vec<u8> {
    let mut steps: Vec<_> = row.wanted.iter().map(|&wanted| if wanted == UNSCORED { UNREACHED } else { 0 }).collect();
    let mut front: Vec<_> = (0..steps.len()).filter(|&gene| steps[gene] == 0).collect();
    for distance in 1..depth as u8 {
        let mut next = Vec::new();
        for arc in front.iter().flat_map(|&gene| &arcs.regulators[gene]) {
            let here = &mut steps[arc.gene as usize];
            if *here == UNREACHED {
                *here = distance;
                next.push(arc.gene as usize);
            }
        }
        front = next;
    }
    steps
}

/// Tries edits on one row and takes them back; tells of genes whose class changes with the weight gained, in parts that add
/// up.
fn try_edits(
    row: &mut Row,
    arcs: &Arcs,
    edits: &[Edit],
    depth: usize,
    reading: Reading,
    scratch: &mut Scratch,
    mut tell: impl FnMut(usize, i64),
) {
    if let Reading::Majority { alpha, tau } = reading {
        let classes = count_classes(row, Overlay { arcs, edits }, depth, alpha, tau);
        for (gene, &class) in classes.iter().enumerate().filter(|&(gene, &class)| class != row.counted[gene]) {
            tell(gene, row.gain(gene, row.counted[gene], class));
        }
        return;
    }
    scratch.pruned = row.steps_outlast(edits, scratch.nearest);
    walk_edits(row, arcs, edits, scratch);
    // What is lost with each change taken back adds up to what all of them gain.
    for (state, former) in scratch.log.drain(..).rev() {
        let (state, gene) = (state as usize, state as usize / 2);
        if row.wanted[gene] == UNSCORED {
            row.depths[state] = former;
            continue;
        }
        let new = row.class(gene, reading);
        row.depths[state] = former;
        let old = row.class(gene, reading);
        if new != old {
            tell(gene, row.gain(gene, old, new));
        }
    }
}

/// Brings the depths of one row up to date with the edits, one after the other; `scratch.log` can take them back.
fn walk_edits(row: &mut Row, arcs: &Arcs, edits: &[Edit], scratch: &mut Scratch) {
    scratch.log.clear();
    let depth = scratch.deepest();
    for (index, edit) in edits.iter().enumerate() {
        let overlay = Overlay { arcs, edits: &edits[..=index] };
        let (regulator, target) = (edit.regulation.regulator.index(), edit.regulation.target.index());
        if row.clamps(target) {
            continue;
        }
        let turn = usize::from(turn_of(edit.regulation.sign));
        for sign in 0..2 {
            let arrival = usize::from(row.depths[2 * regulator + sign]) + 1;
            let state = 2 * target + (sign ^ turn);
            let concerned = if edit.insert {
                scratch.admits(row, state, arrival)
            } else {
                usize::from(row.depths[state]) == arrival && scratch.matters(row, target, arrival)
            };
            if arrival <= depth && concerned {
                scratch.buckets[arrival].push(state as u32);
            }
        }
        if !edit.insert {
            scratch.detach(row, overlay);
        }
        scratch.relax(row, overlay);
    }
}

/// Work lists of the search, kept between rows.
struct Scratch {
    /// Whether a state reached later than its opposite counts as not reached.
    nearest: bool,
    /// Whether states are left as they are from which no walk leads on to a scored entry in time.
    pruned: bool,
    /// States that may be reached at each depth.
    buckets: Vec<Vec<u32>>,
    /// States that lost their last support.
    detached: Vec<u32>,
    /// Changed states with their former depths, in order.
    log: Vec<(u32, u8)>,
}

impl Scratch {
    fn new(depth: usize, reading: Reading) -> Self {
        let nearest = only_nearest(reading);
        let buckets = vec![Vec::new(); depth + 2];
        Self { nearest, pruned: false, buckets, detached: Vec::new(), log: Vec::new() }
    }

    const fn deepest(&self) -> usize {
        self.buckets.len() - 2
    }

    /// Whether a walk that arrives at `depth` reaches a state earlier than any now, and something follows from it.
    fn admits(&self, row: &Row, state: usize, depth: usize) -> bool {
        let opposite = usize::from(row.depths[state ^ 1]);
        let is_earlier = usize::from(row.depths[state]) > depth && opposite > 0 && !(self.nearest && opposite < depth);
        is_earlier
            && (depth < self.deepest() || row.wanted[state / 2] != UNSCORED)
            && self.matters(row, state / 2, depth)
    }

    /// Whether it may matter to a scored entry when a walk reaches `gene` at `depth`.
    fn matters(&self, row: &Row, gene: usize, depth: usize) -> bool {
        !self.pruned || depth + usize::from(row.steps[gene]) <= self.deepest()
    }

    fn push_children(&mut self, row: &Row, overlay: Overlay<'_>, state: usize, depth: usize) {
        let mut bucket = std::mem::take(&mut self.buckets[depth + 1]);
        overlay.for_targets(state / 2, |arc| {
            let child = 2 * arc.gene as usize + (state & 1 ^ usize::from(arc.turn));
            if self.admits(row, child, depth + 1) {
                bucket.push(child as u32);
            }
        });
        self.buckets[depth + 1] = bucket;
    }

    /// Settles the states in the buckets at the least depth, and all that follow from them.
    fn relax(&mut self, row: &mut Row, overlay: Overlay<'_>) {
        let deepest = self.deepest();
        for depth in 1..=deepest {
            let mut bucket = std::mem::take(&mut self.buckets[depth]);
            for &state in &bucket {
                let state = state as usize;
                if !self.admits(row, state, depth) {
                    continue;
                }
                self.log.push((state as u32, row.depths[state]));
                row.depths[state] = depth as u8;
                // Whatever hung on a later walk of the other sign is now reached earlier from here, and goes the same way.
                let opposite = row.depths[state ^ 1];
                if self.nearest && opposite != UNREACHED && usize::from(opposite) > depth {
                    self.log.push((state as u32 ^ 1, opposite));
                    row.depths[state ^ 1] = UNREACHED;
                }
                if depth < deepest {
                    self.push_children(row, overlay, state, depth);
                }
            }
            bucket.clear();
            self.buckets[depth] = bucket;
        }
    }

    /// Unsettles the states in the buckets that no regulator supports any more, and all that hung on them; leaves in
    /// the buckets where they may be reached otherwise.
    fn detach(&mut self, row: &mut Row, overlay: Overlay<'_>) {
        self.detached.clear();
        for depth in 1..self.buckets.len() - 1 {
            let mut bucket = std::mem::take(&mut self.buckets[depth]);
            for &state in &bucket {
                let state = state as usize;
                if usize::from(row.depths[state]) != depth || is_supported(row, overlay, state, depth) {
                    continue;
                }
                self.log.push((state as u32, row.depths[state]));
                row.depths[state] = UNREACHED;
                self.detached.push(state as u32);
                let mut next = std::mem::take(&mut self.buckets[depth + 1]);
                overlay.for_targets(state / 2, |arc| {
                    let child = 2 * arc.gene as usize + (state & 1 ^ usize::from(arc.turn));
                    if usize::from(row.depths[child]) == depth + 1 && self.matters(row, child / 2, depth + 1) {
                        next.push(child as u32);
                    }
                });
                self.buckets[depth + 1] = next;
            }
            bucket.clear();
            self.buckets[depth] = bucket;
        }
        let deepest = self.deepest();
        self.buckets[deepest + 1].clear();
        for &state in &self.detached {
            // Where the nearest walks are gone, later ones of the other sign come to light.
            let both = [Some(state), Some(state ^ 1).filter(|_| self.nearest)];
            for state in both.into_iter().flatten() {
                let arrival = least_arrival(row, overlay, state as usize);
                if arrival <= deepest {
                    self.buckets[arrival].push(state);
                }
            }
        }
    }
}

/// The least depth at which the regulators of a state let a walk arrive.
fn least_arrival(row: &Row, overlay: Overlay<'_>, state: usize) -> usize {
    let mut least = usize::from(UNREACHED);
    overlay.for_regulators(state / 2, |arc| {
        let parent = 2 * arc.gene as usize + (state & 1 ^ usize::from(arc.turn));
        least = least.min(usize::from(row.depths[parent]) + 1);
    });
    least
}

/// True if some regulator lets a walk arrive at `depth`; where none can arrive earlier, that is the least.
fn is_supported(row: &Row, overlay: Overlay<'_>, state: usize, depth: usize) -> bool {
    overlay.any_regulator(state / 2, |arc| {
        let parent = 2 * arc.gene as usize + (state & 1 ^ usize::from(arc.turn));
        usize::from(row.depths[parent]) + 1 == depth
    })
}

/// Classes of all genes under the majority reading, by counting all walks.
fn count_classes(row: &Row, overlay: Overlay<'_>, depth: usize, alpha: f64, tau: f64) -> Vec<u8> {
    let n_genes = row.wanted.len();
    let mut sums = vec![[0.0; 2]; n_genes];
    let mut now = vec![[0.0; 2]; n_genes];
    for &start in &row.starts {
        now[start as usize / 2][start as usize & 1] = 1.0;
    }
    let mut weight = 1.0;
    for _ in 0..depth {
        let mut next = vec![[0.0; 2]; n_genes];
        for gene in (0..n_genes).filter(|&gene| now[gene] != [0.0; 2]) {
            overlay.for_targets(gene, |arc| {
                let target = arc.gene as usize;
                if !row.clamps(target) {
                    let turn = usize::from(arc.turn);
                    next[target][turn] += now[gene][0];
                    next[target][1 - turn] += now[gene][1];
                }
            });
        }
        for (sum, walks) in sums.iter_mut().zip(&next) {
            sum[0] += weight * walks[0];
            sum[1] += weight * walks[1];
        }
        weight *= alpha;
        now = next;
    }
    sums.iter().map(|&[positive, negative]| majority_class(positive, negative, tau)).collect()
}

fn majority_class(positive: f64, negative: f64, tau: f64) -> u8 {
    match (positive - negative) / (positive + negative) {
        ratio if ratio > tau => 2,
        ratio if ratio < -tau => 0,
        _ => 1,
    }
}
