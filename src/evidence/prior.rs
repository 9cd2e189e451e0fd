//! What a regulation looks like in this screen, learnt from the regulations that the knowledge base states.
//!
//! Known regulations of perturbed genes are the positive examples, all other measured pairs the negative ones, though some
//! of these are regulations too. No pair is scored by a model that has seen its regulator.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::logistic::{Examples, Logistic};
use super::mediation::Explained;
use super::screen::Screen;
use crate::biology::GeneId;
use crate::network::RegulatoryNetwork;

/// Known regulations of perturbed genes that are needed to learn from them.
pub(super) const ENOUGH_KNOWN: usize = 20;
const FOLDS: usize = 5;
/// Negative examples at most; of more, as many are drawn, and each stands for several.
const MOST_NEGATIVES: u64 = 300_000;
/// Genes through which an effect may go, and known targets compared with a gene, at most.
const MOST_MEDIATORS: usize = 200;
const MOST_TARGETS: usize = 50;

/// Names of the features, in order.
pub(super) const FEATURES: [&str; 16] = [
    "change over the spread of the gene",
    "change over spread and loudness",
    "change beyond that through another perturbed gene",
    "log change",
    "log change over loudness",
    "log change over that through another perturbed gene",
    "log change over that through a known regulator",
    "likeness to known targets of the regulator",
    "other known targets of the regulator",
    "other known regulators of the gene",
    "regulators shared with known targets",
    "base rate of the gene",
    "loudness of the experiments",
    "rank among the genes",
    "rank among the regulators",
    "explained by a known walk",
];
const N: usize = FEATURES.len();

/// How each measured pair looks, and what is known of it.
pub(super) struct Pairs<'a> {
    network: &'a RegulatoryNetwork,
    screen: &'a Screen,
    /// Columns of the known targets of each regulator.
    known: Vec<Vec<usize>>,
    /// Share of the calls of each regulator that moved.
    moved_share: Vec<f32>,
    base: Vec<f32>,
    /// Columns × regulators: the sizes of its changes, from the largest.
    sizes: Vec<Vec<f32>>,
    place_of: HashMap<GeneId, usize>,
}

impl<'a> Pairs<'a> {
    pub fn new(network: &'a RegulatoryNetwork, screen: &'a Screen) -> Self {
        let known = screen.regulators.iter().map(|regulator| {
            let targets = network.targets_of(regulator.gene).iter().filter(|target| target.gene != regulator.gene);
            let mut columns: Vec<_> = targets.filter_map(|target| screen.column(target.gene)).collect();
            columns.dedup();
            columns
        });
        let moved_share = screen.regulators.iter().map(|regulator| {
            let calls = regulator.experiments.iter().flat_map(|&experiment| {
                (0..screen.genes.len()).filter_map(move |column| screen.call(experiment, column))
            });
            let (moved, all) = calls.fold((0_u32, 0_u32), |(moved, all), call| (moved + u32::from(call != 0), all + 1));
            moved as f32 / all.max(1) as f32
        });
        let base = (0..screen.genes.len()).map(|column| screen.moved_share(column) as f32);
        Self {
            network,
            known: known.collect(),
            moved_share: moved_share.collect(),
            base: base.collect(),
            sizes: (0..screen.genes.len()).into_par_iter().map(|column| descending_sizes(screen, column)).collect(),
            place_of: screen.regulators.iter().enumerate().map(|(place, regulator)| (regulator.gene, place)).collect(),
            screen,
        }
    }

    pub fn is_known(&self, regulator: usize, column: usize) -> bool {
        self.known[regulator].binary_search(&column).is_ok()
    }

    /// Known regulations of perturbed genes of which the target was measured.
    pub fn testable(&self) -> usize {
        let measured = |regulator: usize| {
            let values = self.screen.standardised(regulator);
            self.known[regulator].iter().filter(|&&column| !values[column].is_nan()).count()
        };
        (0..self.known.len()).map(measured).sum()
    }

    /// Features of all genes of one regulator, laid end to end; those of an unmeasured gene mean nothing.
    pub fn features(&self, regulator: usize, explained: &Explained) -> Vec<f32> {
        let screen = self.screen;
        let columns = screen.genes.len();
        let size: Vec<f32> = screen.standardised(regulator).iter().map(|value| value.abs()).collect();
        let loudness = screen.regulators[regulator].loudness;
        let quiet = (0.2 + loudness * loudness).sqrt();
        let through_perturbed = self.through_perturbed(regulator, &size);
        let through_known = self.through_known(regulator, &size);
        let like = self.likeness(regulator);
        let shared = self.shared_regulators(regulator);
        let rank = ranks(&size);
        let targets = self.known[regulator].len();
        let mut features = Vec::with_capacity(columns * N);
        for column in 0..columns {
            let z = size[column];
            let own = usize::from(self.is_known(regulator, column));
            let regulators = self.network.regulators_of(screen.genes[column]);
            let others = regulators.iter().filter(|other| other.gene != screen.regulators[regulator].gene).count();
            let sign = explained.matches(column, screen.standardised(regulator)[column]);
            features.extend([
                z.ln_1p(),
                (z / quiet).ln_1p(),
                signed_log(z - through_perturbed[column]),
                (z + 0.1).ln(),
                (z / (0.3 + loudness) + 0.1).ln(),
                ((z + 0.3) / (through_perturbed[column] + 0.3)).ln(),
                ((z + 0.3) / (through_known[column] + 0.3)).ln(),
                like[column],
                ((targets - own) as f32).ln_1p(),
                (others as f32).ln_1p(),
                shared[column],
                self.base[column],
                self.moved_share[regulator],
                rank[column].ln_1p(),
                self.rank_among_regulators(column, z).ln_1p(),
                f32::from(u8::from(sign)),
            ]);
        }
        features
    }

    /// Rank from 1 of a change among those of the gene under all regulators; equal ones share the middle of their ranks.
    fn rank_among_regulators(&self, column: usize, size: f32) -> f32 {
        let sizes = &self.sizes[column];
        let larger = sizes.partition_point(|&other| other > size);
        let no_smaller = sizes.partition_point(|&other| other >= size);
        0.5 * (larger + 1 + no_smaller) as f32
    }

    /// The most of an effect that may go through another perturbed gene `h`: `max_h min(|z_ih|, |z_hj|)`.
    fn through_perturbed(&self, regulator: usize, size: &[f32]) -> Vec<f32> {
        let mut through = vec![0.0_f32; size.len()];
        let perturbed = size.iter().enumerate().filter(|(_, z)| **z > 0.5);
        let mut mediators: Vec<_> = perturbed
            .filter_map(|(column, &z)| Some((z, *self.place_of.get(&self.screen.genes[column])?)))
            .filter(|&(_, place)| place != regulator)
            .collect();
        mediators.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        mediators.truncate(MOST_MEDIATORS);
        for (z, mediator) in mediators {
            for (most, other) in through.iter_mut().zip(self.screen.standardised(mediator)) {
                // Nothing goes through a gene to itself: its own change is missing, which `min` would pass over.
                if !other.is_nan() {
                    *most = most.max(z.min(other.abs()));
                }
            }
        }
        through
    }

    /// The most that a known regulator of the gene moved: `max_h |z_ih|` over the known `h → j`.
    fn through_known(&self, regulator: usize, size: &[f32]) -> Vec<f32> {
        let gene = self.screen.regulators[regulator].gene;
        let most = |&target: &GeneId| {
            let others =
                self.network.regulators_of(target).iter().filter(|other| other.gene != gene && other.gene != target);
            let sizes = others.filter_map(|other| self.screen.column(other.gene)).map(|column| size[column]);
            sizes.filter(|z| !z.is_nan()).fold(0.0, f32::max)
        };
        self.screen.genes.iter().map(most).collect()
    }

    /// Mean of the two largest correlations, over the other regulators, of the gene with known targets of this one.
    fn likeness(&self, regulator: usize) -> Vec<f32> {
        let columns = self.screen.genes.len();
        let mut best = vec![[0.0_f32; 2]; columns];
        let targets = spread(&self.known[regulator], MOST_TARGETS);
        if targets.is_empty() {
            return vec![0.0; columns];
        }
        let others: Vec<_> = (0..self.screen.regulators.len()).filter(|&other| other != regulator).collect();
        let profile = |column: usize| -> Vec<f32> {
            let values = others.iter().map(|&other| self.screen.standardised(other)[column]);
            let values: Vec<_> = values.map(|z| if z.is_nan() { 0.0 } else { z.clamp(-6.0, 6.0) }).collect();
            let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
            let norm = values.iter().map(|value| (value - mean).powi(2)).sum::<f32>().sqrt() + 1e-6;
            values.into_iter().map(|value| (value - mean) / norm).collect()
        };
        let of_targets: Vec<_> = targets.iter().map(|&column| (column, profile(column))).collect();
        best.par_iter_mut().enumerate().for_each(|(column, best)| {
            let own = profile(column);
            for (_, profile) in of_targets.iter().filter(|(target, _)| *target != column) {
                let correlation = own.iter().zip(profile).map(|(a, b)| a * b).sum::<f32>().abs();
                if correlation > best[0] {
                    *best = [correlation, best[0]];
                } else if correlation > best[1] {
                    best[1] = correlation;
                }
            }
        });
        let single = of_targets.len() < 2;
        best.into_iter().map(|[first, second]| if single { first } else { 0.5 * (first + second) }).collect()
    }

    /// The greatest cosine, over the known targets of the regulator, of their other regulators with those of the gene.
    fn shared_regulators(&self, regulator: usize) -> Vec<f32> {
        let mut shared = vec![0.0_f32; self.screen.genes.len()];
        let gene = self.screen.regulators[regulator].gene;
        let degree = |gene: GeneId| self.network.regulators_of(gene).len().max(1) as f32;
        for &target in &spread(&self.known[regulator], MOST_TARGETS) {
            let id = self.screen.genes[target];
            let mut cosines: HashMap<usize, f32> = HashMap::new();
            for other in self.network.regulators_of(id).iter().filter(|other| other.gene != gene) {
                for sibling in self.network.targets_of(other.gene) {
                    if let Some(column) = self.screen.column(sibling.gene).filter(|&column| column != target) {
                        *cosines.entry(column).or_default() += 1.0 / (degree(id) * degree(sibling.gene)).sqrt();
                    }
                }
            }
            for (column, cosine) in cosines {
                shared[column] = shared[column].max(cosine);
            }
        }
        shared
    }
}

fn descending_sizes(screen: &Screen, column: usize) -> Vec<f32> {
    let values = (0..screen.regulators.len()).map(|regulator| screen.standardised(regulator)[column].abs());
    let mut sizes: Vec<_> = values.filter(|size| !size.is_nan()).collect();
    sizes.sort_unstable_by(|a, b| b.total_cmp(a));
    sizes
}

/// Probabilities that pairs are among the *known* regulations.
pub(super) struct Prior {
    models: Vec<Option<Logistic>>,
    fold_of: Vec<usize>,
}

impl Prior {
    /// Learns one model for each fold of the regulators from the others; `None` with too few known regulations.
    pub fn learn(pairs: &Pairs<'_>, explained: &[Explained], seed: u64) -> Option<Self> {
        if pairs.testable() < ENOUGH_KNOWN {
            return None;
        }
        let regulators = pairs.screen.regulators.len();
        let mut order: Vec<_> = (0..regulators).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed ^ 0x50_5249_4f52));
        let mut fold_of = vec![0; regulators];
        order.iter().enumerate().for_each(|(place, &regulator)| fold_of[regulator] = place % FOLDS);
        let measured: u64 = (0..regulators)
            .map(|regulator| pairs.screen.standardised(regulator).iter().filter(|value| !value.is_nan()).count() as u64)
            .sum();
        let every = measured.div_ceil(MOST_NEGATIVES).max(1);
        let rows: Vec<_> = (0..regulators)
            .into_par_iter()
            .map(|regulator| examples(pairs, &explained[regulator], regulator, every))
            .collect();
        let model = |fold: usize| {
            let chosen = || (0..regulators).filter(|&regulator| fold_of[regulator] != fold);
            let features: Vec<_> = chosen().flat_map(|regulator| rows[regulator].0.iter().copied()).collect();
            let positive: Vec<_> = chosen().flat_map(|regulator| rows[regulator].1.iter().copied()).collect();
            let weight = |&positive: &bool| if positive { 1.0 } else { every as f64 };
            let weights: Vec<_> = positive.iter().map(weight).collect();
            let examples = Examples { features: &features, n_features: N, positive: &positive, weights: &weights };
            Logistic::fit(&examples)
        };
        Some(Self { models: (0..FOLDS).map(model).collect(), fold_of })
    }

    /// By a model that never saw this regulator; `None` where there is none.
    pub fn probability(&self, regulator: usize, features: &[f32]) -> Option<f64> {
        self.models[self.fold_of[regulator]].as_ref().map(|model| model.probability(features))
    }

    /// Weights of the features, averaged over the folds.
    pub fn weights(&self) -> Vec<f64> {
        let models: Vec<_> = self.models.iter().flatten().collect();
        let mean = |feature: usize| {
            models.iter().map(|model| model.weights()[feature]).sum::<f64>() / models.len().max(1) as f64
        };
        (0..N).map(mean).collect()
    }
}

/// Features of a pair among those of its regulator.
pub(super) fn of_column(features: &[f32], column: usize) -> &[f32] {
    &features[column * N..][..N]
}

/// Every known pair of a regulator, and of the others one in `every`.
fn examples(pairs: &Pairs<'_>, explained: &Explained, regulator: usize, every: u64) -> (Vec<f32>, Vec<bool>) {
    let features = pairs.features(regulator, explained);
    let (mut chosen, mut positive) = (Vec::new(), Vec::new());
    for (column, value) in pairs.screen.standardised(regulator).iter().enumerate() {
        let is_known = pairs.is_known(regulator, column);
        // Spread evenly by a multiplicative hash, so that no block of genes is favoured.
        let place = ((regulator as u64) << 32 | column as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        if !value.is_nan() && (is_known || place.is_multiple_of(every)) {
            chosen.extend_from_slice(of_column(&features, column));
            positive.push(is_known);
        }
    }
    (chosen, positive)
}

fn signed_log(value: f32) -> f32 {
    value.abs().ln_1p().copysign(value)
}

/// At most this many of the values, evenly spaced.
fn spread(values: &[usize], at_most: usize) -> Vec<usize> {
    if values.len() <= at_most {
        return values.to_vec();
    }
    (0..at_most).map(|place| values[place * values.len() / at_most]).collect()
}

/// Rank of each value from the largest, from 1; a missing one comes last.
fn ranks(values: &[f32]) -> Vec<f32> {
    let key = |place: usize| if values[place].is_nan() { -1.0 } else { values[place] };
    let mut order: Vec<_> = (0..values.len()).collect();
    order.sort_by(|&a, &b| key(b).total_cmp(&key(a)).then(a.cmp(&b)));
    let mut ranks = vec![0.0; values.len()];
    let mut place = 0;
    while place < order.len() {
        // Equal values share the middle of their ranks.
        let end = (place..order.len()).take_while(|&other| key(order[other]) == key(order[place])).count() + place;
        order[place..end].iter().for_each(|&value| ranks[value] = 0.5 * (place + 1 + end) as f32);
        place = end;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Perturbation, Response, ResponseMatrix};
    use crate::evidence::EvidenceData;

    #[test]
    fn a_perturbed_target_is_not_its_own_mediator() {
        // Five deletions; 0 lowers 1 and 5, 1 lowers 5, the others lower only themselves.
        let gene = GeneId::new;
        let perturbations = [0, 1, 2, 3, 4].map(|index| Perturbation::deletion(gene(index)));
        let mut observed = ResponseMatrix::from_entries(5, 8, vec![Some(Response::Unchanged); 40]);
        for (row, target) in [(0, 0), (0, 1), (0, 5), (1, 1), (1, 5), (2, 2), (3, 3), (4, 4)] {
            observed.set(row, gene(target), Some(Response::Down));
        }
        let read = ResponseMatrix::unmeasured(5, 8);
        let data = EvidenceData { perturbations: &perturbations, observed: &observed, sizes: None, read: &read };
        let screen = Screen::new(&data, |_| false);
        let network = RegulatoryNetwork::new(8, []);
        let size: Vec<_> = screen.standardised(0).iter().map(|value| value.abs()).collect();
        let through = Pairs::new(&network, &screen).through_perturbed(0, &size);
        assert!(through[1] < 0.5 * size[1], "0 ⇒ 1 goes through nothing: {through:?} of {size:?}");
        assert_eq!(through[5], size[1].min(screen.standardised(1)[5].abs()), "0 ⇒ 5 may go through 1");
    }

    #[test]
    fn equal_values_share_their_rank_and_missing_ones_come_last() {
        assert_eq!(ranks(&[2.0, 5.0, 2.0, f32::NAN]), [2.5, 1.0, 2.5, 4.0]);
    }
}
