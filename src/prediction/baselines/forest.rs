//! A random forest over pairs of a perturbation and a gene.

use std::collections::BTreeMap;

use rand::seq::index;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::neighbours::{Profile, Voters, profile_of, regulon_profiles};
use super::principal::Scores;
use super::trees::{Bins, Growth, Samples, Tree};
use super::{predict_rows, walks};
use crate::biology::{GeneId, Perturbation};
use crate::network::RegulatoryNetwork;
use crate::prediction::calibration::{self, Adjustment, Judged};
use crate::prediction::measured::{Measured, TrainingRows};
use crate::prediction::{FitRecord, Prediction, PredictionError, Predictor, TrainingData};
use crate::progress::Progress;

/// Axes of the walks that tell a gene.
const AXES: usize = 5;
/// Longest walk whose sign and length are a feature.
const LONGEST: usize = 5;
/// At most this many training pairs choose how probabilities become calls.
const JUDGED_PAIRS: usize = 1 << 16;

/// Size of a [`Forest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForestConfig {
    /// Number of trees, ≥ 1; default 100.
    pub trees: usize,
    /// Most splits from root to leaf, ≥ 1; default 12.
    pub depth: usize,
    /// Least number of training pairs in a leaf, ≥ 1; default 20. More makes the calls smoother.
    pub leaf: usize,
    /// Features looked at for each split, ≥ 1; default 6.
    pub features: usize,
    /// At most this many training pairs, drawn at random, ≥ 1; default 131,072.
    pub pairs: usize,
    /// Seed of pairs, bootstraps and features.
    pub seed: u64,
}

impl Default for ForestConfig {
    fn default() -> Self {
        Self { trees: 100, depth: 12, leaf: 20, features: 6, pairs: 1 << 17, seed: 42 }
    }
}

impl ForestConfig {
    fn check(&self) -> Result<(), PredictionError> {
        let sizes = [
            ("trees", self.trees),
            ("depth", self.depth),
            ("leaf", self.leaf),
            ("features", self.features),
            ("pairs", self.pairs),
        ];
        match sizes.iter().find(|&&(_, size)| size == 0) {
            Some(&(setting, _)) => {
                Err(PredictionError::Setting { setting, value: "0".to_owned(), range: "at least 1" })
            }
            None => Ok(()),
        }
    }
}

/// A random forest that tells the class of a gene under a perturbation from what knowledge and training rows say of both.
///
/// ```text
/// p_{x,g} = softmax((ln f − (1 − κ) ln π) / T),   f = 1/|T| Σ_t leaf_t(φ(x, g))
/// ```
/// where `φ` holds: the summed place of the perturbed genes on the leading axes of the signed walks, that of the gene as a
/// target, the product of the two; sign and length of the nearest walk from a perturbed gene; numbers of targets and
/// regulators; the vote of the training rows most alike (as in [`Neighbours`](super::Neighbours)) with the similarity of the
/// nearest; and how often the gene was down and up in training. What a training pair is told of training rows leaves out
/// its own row. Splits lower the Gini impurity; features are cut into at most 64 bins at their quantiles.
///
/// Each tree draws gene sets of perturbations with replacement, so that the pairs of a gene set that it did not draw are
/// new to it. These choose, by macro-F1, how much of the class prior `π` is left in, and the temperature `T`.
///
/// # Complexity
/// `O(trees · depth · features · pairs)` time.
///
/// # Reference
/// Breiman, Random forests, Machine Learning 2001, doi:10.1023/A:1010933404324.
#[derive(Clone, Debug)]
pub struct Forest {
    config: ForestConfig,
    knowledge: Knowledge,
    fitted: Option<Fitted>,
}

#[derive(Clone, Debug)]
struct Fitted {
    record: TrainingRecord,
    bins: Bins,
    trees: Vec<Tree>,
    adjustment: Adjustment,
}

impl Forest {
    /// A forest for the genes of `network` that has learnt nothing yet.
    #[must_use]
    pub fn new(network: &RegulatoryNetwork, config: ForestConfig) -> Self {
        Self { config, knowledge: Knowledge::of(network), fitted: None }
    }
}

/// What the features take from the knowledge.
#[derive(Clone, Debug)]
struct Knowledge {
    network: RegulatoryNetwork,
    as_regulators: Scores,
    as_targets: Scores,
    profiles: Vec<Profile>,
}

impl Knowledge {
    fn of(network: &RegulatoryNetwork) -> Self {
        Self {
            as_regulators: walks::of_regulators(network, AXES),
            as_targets: walks::of_targets(network, AXES),
            profiles: regulon_profiles(network),
            network: network.clone(),
        }
    }

    /// Sign of what the nearest walks from the perturbed genes say of each gene, 0 if they disagree, and their length,
    /// one more than the longest if there is none.
    fn nearest_walks(&self, perturbation: &Perturbation) -> Vec<(f32, f32)> {
        let mut walks = vec![(0.0, (LONGEST + 1) as f32); self.network.n_genes()];
        let mut front: BTreeMap<GeneId, f32> = BTreeMap::new();
        for &(gene, direction) in perturbation.changes() {
            walks[gene.index()] = (f32::from(direction.value()), 0.0);
            front.insert(gene, f32::from(direction.value()));
        }
        for length in 1..=LONGEST {
            let mut next: BTreeMap<GeneId, f32> = BTreeMap::new();
            for (&gene, &sign) in &front {
                for target in self.network.targets_of(gene) {
                    if walks[target.gene.index()].1 > LONGEST as f32 {
                        *next.entry(target.gene).or_default() += sign * f32::from(target.sign.value());
                    }
                }
            }
            for (gene, sum) in &mut next {
                *sum = if *sum == 0.0 { 0.0 } else { sum.signum() };
                walks[gene.index()] = (*sum, length as f32);
            }
            front = next;
        }
        walks
    }
}

/// What the features take from the training rows.
#[derive(Clone, Debug)]
struct TrainingRecord {
    voters: Voters,
    /// Weights of down, unchanged and up of each gene.
    counts: Vec<[f32; 3]>,
    shares: [f32; 3],
}

impl TrainingRecord {
    fn of(data: &TrainingData<'_>, rows: &[usize], knowledge: &Knowledge) -> Self {
        let mut counts = vec![[0.0; 3]; data.responses.n_genes()];
        for &row in rows {
            for (gene, response) in data.measured(row) {
                counts[gene.index()][response.class()] += data.row_weights[row];
            }
        }
        let voters = Voters::of(data, rows, &knowledge.profiles);
        Self { voters, counts, shares: Measured::count(data, rows).shares() }
    }

    /// How often a gene was down and up, without one entry of its own.
    fn often(&self, gene: usize, without: Option<(usize, f32)>) -> [f32; 2] {
        let mut counts = self.counts[gene];
        if let Some((class, weight)) = without {
            counts[class] = (counts[class] - weight).max(0.0);
        }
        let total: f32 = counts.iter().sum();
        [0, 2].map(|class| (counts[class] + self.shares[class]) / (total + 1.0))
    }
}

/// The features of one perturbation with every gene.
struct RowFeatures<'a> {
    knowledge: &'a Knowledge,
    record: &'a TrainingRecord,
    of_perturbation: Vec<f32>,
    walks: Vec<(f32, f32)>,
    alike: f32,
    votes: Vec<f32>,
}

impl<'a> RowFeatures<'a> {
    /// `except`: the position of this very row in the training rows, if it is one.
    fn new(
        knowledge: &'a Knowledge,
        record: &'a TrainingRecord,
        perturbation: &Perturbation,
        except: Option<usize>,
    ) -> Self {
        let mut of_perturbation = vec![0.0; knowledge.as_regulators.width + 1];
        for &(gene, direction) in perturbation.changes() {
            let sign = f32::from(direction.value());
            for (sum, score) in of_perturbation.iter_mut().zip(knowledge.as_regulators.of(gene.index())) {
                *sum += sign * *score as f32;
            }
            of_perturbation[knowledge.as_regulators.width] += knowledge.network.targets_of(gene).len() as f32;
        }
        let profile = profile_of(perturbation, &knowledge.profiles);
        let (alike, votes) = record.voters.signed_votes(&profile, except);
        let walks = knowledge.nearest_walks(perturbation);
        Self { knowledge, record, of_perturbation, walks, alike, votes }
    }

    /// `without`: class and weight of this very entry in the training rows, if it is one.
    fn of(&self, gene: usize, without: Option<(usize, f32)>) -> Vec<f32> {
        let target = self.knowledge.as_targets.of(gene);
        let product: f32 = self.of_perturbation.iter().zip(target).map(|(left, right)| left * *right as f32).sum();
        let mut features = self.of_perturbation.clone();
        features.extend(target.iter().map(|&score| score as f32));
        let id = GeneId::new(gene);
        let network = &self.knowledge.network;
        let degrees = [network.targets_of(id).len(), network.regulators_of(id).len()].map(|degree| degree as f32);
        let (sign, length) = self.walks[gene];
        features.extend([product, sign, length, self.alike, self.votes[gene]]);
        features.extend(degrees);
        features.extend(self.record.often(gene, without));
        features
    }
}

/// The pairs that a forest is grown from.
struct Pairs {
    samples: Samples,
    weights: Vec<f32>,
    /// The gene set that each pair's row perturbs.
    sets: Vec<usize>,
    n_sets: usize,
}

impl Pairs {
    fn draw(
        data: &TrainingData<'_>,
        rows: &[usize],
        knowledge: &Knowledge,
        record: &TrainingRecord,
        config: &ForestConfig,
    ) -> (Self, Bins) {
        let mut entries: Vec<_> = rows
            .iter()
            .enumerate()
            .flat_map(|(at, &row)| data.measured(row).map(move |(gene, response)| (at, gene.index(), response.class())))
            .collect();
        if entries.len() > config.pairs {
            let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
            let mut drawn = index::sample(&mut rng, entries.len(), config.pairs).into_vec();
            drawn.sort_unstable();
            entries = drawn.into_iter().map(|at| entries[at]).collect();
        }
        let of_row = |(at, &row): (usize, &usize)| {
            let features = RowFeatures::new(knowledge, record, &data.perturbations[row], Some(at));
            let first = entries.partition_point(|&(other, ..)| other < at);
            let own = entries[first..].iter().take_while(|&&(other, ..)| other == at);
            own.map(|&(_, gene, class)| features.of(gene, Some((class, data.row_weights[row])))).collect::<Vec<_>>()
        };
        let features: Vec<_> = rows.par_iter().enumerate().flat_map_iter(of_row).collect();
        let bins = Bins::of(&features);
        let samples = Samples {
            bins: features.par_iter().flat_map_iter(|features| bins.bin(features)).collect(),
            classes: entries.iter().map(|&(.., class)| class as u8).collect(),
            n_features: bins.n_features(),
        };
        let mut set_of: BTreeMap<Vec<GeneId>, usize> = BTreeMap::new();
        let numbers: Vec<_> = rows
            .iter()
            .map(|&row| {
                let next = set_of.len();
                *set_of.entry(data.perturbations[row].genes().collect()).or_insert(next)
            })
            .collect();
        let weights = entries.iter().map(|&(at, ..)| data.row_weights[rows[at]]).collect();
        let sets = entries.iter().map(|&(at, ..)| numbers[at]).collect();
        (Self { samples, weights, sets, n_sets: set_of.len() }, bins)
    }

    /// One tree, and how often each gene set was drawn for it.
    fn grow(&self, tree: usize, config: &ForestConfig, prior: [f32; 3]) -> (Tree, Vec<u32>) {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        // Stream 0 has drawn the pairs.
        rng.set_stream(tree as u64 + 1);
        let mut times = vec![0; self.n_sets];
        for _ in 0..self.n_sets {
            times[rng.random_range(0..self.n_sets)] += 1;
        }
        let drawn = self.sets.iter().zip(&self.weights).enumerate().filter(|(_, (set, _))| times[**set] > 0);
        let drawn = drawn.map(|(pair, (&set, weight))| (pair as u32, times[set] as f32 * weight)).collect();
        let growth = Growth { depth: config.depth, leaf: config.leaf as f64, features: config.features, prior };
        (Tree::grow(&self.samples, drawn, &growth, &mut rng), times)
    }

    /// Pairs with what the trees say that did not draw their gene set.
    fn judged(&self, grown: &[(Tree, Vec<u32>)]) -> Vec<Judged> {
        let every = self.sets.len().div_ceil(JUDGED_PAIRS).max(1);
        let judge = |pair: usize| {
            let bins = self.samples.bins_of(pair);
            let strangers = grown.iter().filter(|(_, times)| times[self.sets[pair]] == 0);
            let (sum, trees) =
                strangers.fold(([0.0; 3], 0), |(sum, trees), (tree, _)| (added(sum, tree.shares(bins)), trees + 1));
            (trees > 0).then(|| Judged {
                logits: calibration::logits(sum.map(|sum| sum / trees as f32)),
                class: self.samples.classes[pair],
                weight: self.weights[pair],
            })
        };
        (0..self.sets.len()).into_par_iter().step_by(every).filter_map(judge).collect()
    }
}

fn added(left: [f32; 3], right: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|class| left[class] + right[class])
}

impl Fitted {
    fn probabilities(&self, features: &[f32]) -> [f32; 3] {
        let bins = self.bins.bin(features);
        let sum = self.trees.iter().fold([0.0; 3], |sum, tree| added(sum, tree.shares(&bins)));
        self.adjustment.apply(sum.map(|sum| sum / self.trees.len() as f32))
    }
}

impl Predictor for Forest {
    fn name(&self) -> &'static str {
        "forest"
    }

    fn fit(&mut self, data: &TrainingData<'_>, progress: &dyn Progress) -> Result<FitRecord, PredictionError> {
        self.fitted = None;
        self.config.check()?;
        let rows = TrainingRows::of(data, self.knowledge.network.n_genes())?.train;
        let record = TrainingRecord::of(data, &rows, &self.knowledge);
        let (pairs, bins) = Pairs::draw(data, &rows, &self.knowledge, &record, &self.config);
        let grow = |tree| (!progress.is_cancelled()).then(|| pairs.grow(tree, &self.config, record.shares));
        let grown: Option<Vec<_>> = (0..self.config.trees).into_par_iter().map(grow).collect();
        let grown = grown.ok_or(PredictionError::Cancelled)?;
        let adjustment = Adjustment::choose(pairs.judged(&grown), record.shares);
        let trees = grown.into_iter().map(|(tree, _)| tree).collect();
        self.fitted = Some(Fitted { record, bins, trees, adjustment });
        let choices = [
            ("pairs", pairs.sets.len() as f64),
            ("prior share", adjustment.prior_share),
            ("out-of-bag macro-F1", adjustment.macro_f1),
        ];
        Ok(FitRecord::of_choices(adjustment.temperature, &choices))
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        let fitted = self.fitted.as_ref().ok_or(PredictionError::NotFitted(self.name()))?;
        predict_rows(self.name(), self.knowledge.network.n_genes(), perturbations, |perturbation, row| {
            let features = RowFeatures::new(&self.knowledge, &fitted.record, perturbation, None);
            for (gene, out) in row.iter_mut().enumerate() {
                *out = fitted.probabilities(&features.of(gene, None));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Regulation, Response, ResponseMatrix, Sign};
    use crate::progress::NoProgress;

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    /// 12 regulators of 12 of 72 targets each, by turns activated and inhibited.
    fn network() -> RegulatoryNetwork {
        let target = |regulator: usize, at: usize| 12 + (6 * regulator + at) % 72;
        let sign = |at: usize| if at.is_multiple_of(2) { Sign::Activation } else { Sign::Inhibition };
        let edges = (0..12).flat_map(|regulator| {
            (0..12).map(move |at| Regulation::new(gene(regulator), gene(target(regulator, at)), sign(at)))
        });
        RegulatoryNetwork::new(84, edges)
    }

    /// What a deletion of each regulator does if the knowledge is right.
    fn screen(network: &RegulatoryNetwork, regulators: std::ops::Range<usize>) -> (Vec<Perturbation>, ResponseMatrix) {
        let perturbations: Vec<_> = regulators.map(|regulator| Perturbation::deletion(gene(regulator))).collect();
        let rows = perturbations.len();
        let mut responses = ResponseMatrix::from_entries(rows, 84, vec![Some(Response::Unchanged); rows * 84]);
        for (row, perturbation) in perturbations.iter().enumerate() {
            for target in perturbation.genes().flat_map(|gene| network.targets_of(gene)) {
                responses.set(row, target.gene, Response::from_value(-target.sign.value()));
            }
        }
        (perturbations, responses)
    }

    fn fitted(config: ForestConfig) -> (Forest, FitRecord) {
        let network = network();
        let (perturbations, responses) = screen(&network, 0..9);
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &[1.0; 9],
            validation: &[],
        };
        let mut forest = Forest::new(&network, config);
        let record = forest.fit(&data, &NoProgress).expect("fit");
        (forest, record)
    }

    #[test]
    fn that_targets_follow_their_regulators_is_learnt_and_holds_for_regulators_never_seen() {
        let (forest, record) = fitted(ForestConfig { leaf: 2, trees: 40, ..ForestConfig::default() });
        let (unseen, wanted) = screen(&network(), 9..12);
        let predicted = forest.predict(&unseen).expect("predict").responses();
        let right = (0..3).flat_map(|row| (12..84).map(move |at| (row, gene(at))));
        let right = right.filter(|&(row, gene)| predicted.get(row, gene) == wanted.get(row, gene)).count();
        assert!(right > 205, "{right} of 216");
        assert!(record.chosen["out-of-bag macro-F1"] > 0.85, "{record:?}");
    }

    #[test]
    fn the_same_seed_grows_the_same_forest_on_any_number_of_threads() {
        let probabilities = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let (forest, _) = fitted(ForestConfig { trees: 8, pairs: 500, ..ForestConfig::default() });
                forest.predict(&screen(&network(), 9..12).0).expect("predict")
            })
        };
        assert_eq!(probabilities(1), probabilities(3));
    }

    #[test]
    fn the_nearest_walk_tells_sign_and_length() {
        let edges =
            [(0, 1, Sign::Inhibition), (1, 2, Sign::Inhibition), (0, 3, Sign::Activation), (3, 4, Sign::Activation)];
        let both = [(1, 4, Sign::Activation)];
        let edges = edges.into_iter().chain(both).map(|(from, to, sign)| Regulation::new(gene(from), gene(to), sign));
        let knowledge = Knowledge::of(&RegulatoryNetwork::new(6, edges));
        let walks = knowledge.nearest_walks(&Perturbation::deletion(gene(0)));
        // Less of 0: more of 1, less of 2 and 3; gene 4 hears both; nothing reaches 5.
        assert_eq!(walks, [(-1.0, 0.0), (1.0, 1.0), (-1.0, 2.0), (-1.0, 1.0), (0.0, 2.0), (0.0, 6.0)]);
    }

    #[test]
    fn a_setting_of_zero_is_refused() {
        let network = network();
        let (perturbations, responses) = screen(&network, 0..2);
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &[1.0; 2],
            validation: &[],
        };
        let mut forest = Forest::new(&network, ForestConfig { trees: 0, ..ForestConfig::default() });
        let message = forest.fit(&data, &NoProgress).expect_err("no trees").to_string();
        assert!(message.contains("`trees`"), "{message}");
    }
}
