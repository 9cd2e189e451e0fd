//! Classification trees over binned features, grown many at once.

use rand::seq::index;
use rand_chacha::ChaCha8Rng;

/// At most this many bins for a feature.
const BINS: usize = 64;

/// Upper edges of the bins of each feature.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    edges: Vec<Vec<f32>>,
}

impl Bins {
    /// Edges at the quantiles of each feature over `samples`, each as wide as the first.
    pub fn of(samples: &[Vec<f32>]) -> Self {
        let n_features = samples.first().map_or(0, Vec::len);
        let edges = |feature: usize| {
            let mut values: Vec<_> = samples.iter().map(|sample| sample[feature]).collect();
            values.sort_by(f32::total_cmp);
            let quantile = |bin: usize| values[bin * values.len() / BINS];
            let mut edges: Vec<_> = (1..BINS).map(quantile).collect();
            edges.dedup();
            edges
        };
        Self { edges: (0..n_features).map(edges).collect() }
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.edges.len()
    }

    /// The bin of each feature: how many edges lie below its value.
    pub fn bin(&self, sample: &[f32]) -> Vec<u8> {
        let bin = |(value, edges): (&f32, &Vec<f32>)| edges.partition_point(|edge| edge < value) as u8;
        sample.iter().zip(&self.edges).map(bin).collect()
    }
}

/// What trees are grown from: samples by row.
pub(super) struct Samples {
    /// Bins of each sample, laid end to end.
    pub bins: Vec<u8>,
    /// Class of each sample.
    pub classes: Vec<u8>,
    /// Number of features.
    pub n_features: usize,
}

/// When a tree stops to grow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    /// Most splits from root to leaf.
    pub depth: usize,
    /// Least weight of the samples in a leaf.
    pub leaf: f64,
    /// Features looked at for each split.
    pub features: usize,
    /// Class shares that count as one more sample in each leaf.
    pub prior: [f32; 3],
}

/// One tree.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug)]
enum Node {
    /// Samples up to `bin` of `feature` go to the node `left`, the others to the one after it.
    Split {
        feature: usize,
        bin: u8,
        left: usize,
    },
    Leaf([f32; 3]),
}

#[derive(Clone, Copy)]
struct Split {
    feature: usize,
    bin: u8,
    gain: f64,
}

impl Tree {
    /// Grows a tree by Gini impurity on samples that are drawn with a weight each.
    pub fn grow(samples: &Samples, mut drawn: Vec<(u32, f32)>, growth: &Growth, rng: &mut ChaCha8Rng) -> Self {
        let mut nodes = vec![Node::Leaf(growth.prior)];
        let mut open = vec![(0, 0, drawn.len(), 0)];
        while let Some((node, start, end, depth)) = open.pop() {
            let part = &mut drawn[start..end];
            let counts = samples.counts(part);
            let split = (depth < growth.depth).then(|| samples.best_split(part, counts, growth, rng)).flatten();
            let Some(Split { feature, bin, .. }) = split else {
                nodes[node] = Node::Leaf(shares(counts, growth.prior));
                continue;
            };
            let middle = start + samples.partition(part, feature, bin);
            let left = nodes.len();
            nodes[node] = Node::Split { feature, bin, left };
            nodes.extend([Node::Leaf(growth.prior); 2]);
            open.extend([(left + 1, middle, end, depth + 1), (left, start, middle, depth + 1)]);
        }
        Self { nodes }
    }

    /// Class shares in the leaf to which these bins lead.
    pub fn shares(&self, bins: &[u8]) -> [f32; 3] {
        let mut node = 0;
        loop {
            match self.nodes[node] {
                Node::Leaf(shares) => return shares,
                Node::Split { feature, bin, left } => node = if bins[feature] <= bin { left } else { left + 1 },
            }
        }
    }
}

fn shares(counts: [f64; 3], prior: [f32; 3]) -> [f32; 3] {
    let total: f64 = counts.iter().sum();
    std::array::from_fn(|class| ((counts[class] + f64::from(prior[class])) / (total + 1.0)) as f32)
}

impl Samples {
    /// The bins of one sample.
    pub fn bins_of(&self, sample: usize) -> &[u8] {
        &self.bins[sample * self.n_features..][..self.n_features]
    }

    fn bin(&self, sample: u32, feature: usize) -> u8 {
        self.bins[sample as usize * self.n_features + feature]
    }

    fn counts(&self, drawn: &[(u32, f32)]) -> [f64; 3] {
        let mut counts = [0.0; 3];
        for &(sample, weight) in drawn {
            counts[usize::from(self.classes[sample as usize])] += f64::from(weight);
        }
        counts
    }

    /// The split of the largest gain, among features drawn at random; `None` if none gains or leaves would be too small.
    fn best_split(
        &self,
        drawn: &[(u32, f32)],
        counts: [f64; 3],
        growth: &Growth,
        rng: &mut ChaCha8Rng,
    ) -> Option<Split> {
        let total: f64 = counts.iter().sum();
        if total < 2.0 * growth.leaf || counts.contains(&total) {
            return None;
        }
        let features = index::sample(rng, self.n_features, growth.features.min(self.n_features)).into_vec();
        let histograms = self.histograms(drawn, &features);
        let splits = features.iter().zip(&histograms).filter_map(|(&feature, by_bin)| {
            let (bin, gain) = best_bin(by_bin, counts, growth.leaf)?;
            Some(Split { feature, bin, gain })
        });
        // The first of equals.
        splits.reduce(|best, split| if split.gain > best.gain { split } else { best })
    }

    /// Weights by bin and class of each feature, all in one pass: a sample's bins lie side by side, and sums into
    /// different histograms need not wait for each other.
    fn histograms(&self, drawn: &[(u32, f32)], features: &[usize]) -> Vec<[[f64; 3]; BINS]> {
        let mut histograms = vec![[[0.0; 3]; BINS]; features.len()];
        for &(sample, weight) in drawn {
            let (bins, class) = (self.bins_of(sample as usize), usize::from(self.classes[sample as usize]));
            for (by_bin, &feature) in histograms.iter_mut().zip(features) {
                by_bin[usize::from(bins[feature])][class] += f64::from(weight);
            }
        }
        histograms
    }

    /// Brings samples up to `bin` to the front, in order, and tells how many they are.
    fn partition(&self, drawn: &mut [(u32, f32)], feature: usize, bin: u8) -> usize {
        let (left, right): (Vec<_>, Vec<_>) = drawn.iter().partition(|(sample, _)| self.bin(*sample, feature) <= bin);
        let middle = left.len();
        drawn[..middle].copy_from_slice(&left);
        drawn[middle..].copy_from_slice(&right);
        middle
    }
}

/// The last bin left of the best cut with at least `leaf` on both sides, and its gain; the first of equals.
fn best_bin(by_bin: &[[f64; 3]; BINS], counts: [f64; 3], leaf: f64) -> Option<(u8, f64)> {
    let whole = purity(counts);
    let (mut left, mut best) = ([0.0; 3], None);
    for (bin, in_bin) in by_bin.iter().enumerate().take(BINS - 1) {
        left.iter_mut().zip(in_bin).for_each(|(left, count)| *left += count);
        let right: [f64; 3] = std::array::from_fn(|class| (counts[class] - left[class]).max(0.0));
        if left.iter().sum::<f64>() < leaf || right.iter().sum::<f64>() < leaf {
            continue;
        }
        let gain = purity(left) + purity(right) - whole;
        if gain > best.map_or(1e-9 * whole, |(_, gain)| gain) {
            best = Some((bin as u8, gain));
        }
    }
    best
}

/// `Σ_c n_c² / n`: the number of samples less their Gini impurity times that number.
fn purity(counts: [f64; 3]) -> f64 {
    let total: f64 = counts.iter().sum();
    if total > 0.0 { counts.iter().map(|count| count * count).sum::<f64>() / total } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    fn growth(depth: usize) -> Growth {
        Growth { depth, leaf: 1.0, features: 2, prior: [1.0 / 3.0; 3] }
    }

    fn samples(rows: &[(Vec<f32>, u8)]) -> (Bins, Samples) {
        let features: Vec<_> = rows.iter().map(|(features, _)| features.clone()).collect();
        let bins = Bins::of(&features);
        let samples = Samples {
            bins: features.iter().flat_map(|features| bins.bin(features)).collect(),
            classes: rows.iter().map(|&(_, class)| class).collect(),
            n_features: bins.n_features(),
        };
        (bins, samples)
    }

    #[test]
    fn the_best_split_is_that_worked_by_hand() {
        // Feature 0 parts down from up at its middle; feature 1 says nothing.
        let rows: Vec<_> = (0..8).map(|at| (vec![at as f32, 1.0], if at < 4 { 0 } else { 2 })).collect();
        let (bins, samples) = samples(&rows);
        let drawn: Vec<_> = (0..8).map(|sample| (sample, 1.0)).collect();
        let split = samples.best_split(&drawn, [4.0, 0.0, 4.0], &growth(1), &mut ChaCha8Rng::seed_from_u64(1));
        let split = split.expect("a split");
        // 16/4 + 16/4 − (16 + 16)/8
        assert!((split.gain - 4.0).abs() < 1e-12);
        let tree = Tree::grow(&samples, drawn, &growth(1), &mut ChaCha8Rng::seed_from_u64(1));
        // Four samples and a third of one: (4 + 1/3) / 5.
        assert!((tree.shares(&bins.bin(&[0.5, 1.0]))[0] - 13.0 / 15.0).abs() < 1e-6);
        assert!((tree.shares(&bins.bin(&[9.0, 1.0]))[2] - 13.0 / 15.0).abs() < 1e-6);
    }

    #[test]
    fn a_deep_tree_learns_what_no_single_split_tells() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let row = |rng: &mut ChaCha8Rng| {
            let (x, y) = (rng.random::<f32>(), rng.random::<f32>());
            (vec![x, y], if (x > 0.3) == (y > 0.6) { 0 } else { 2 })
        };
        let rows: Vec<_> = (0..2000).map(|_| row(&mut rng)).collect();
        let (bins, samples) = samples(&rows);
        let drawn = (0..2000).map(|sample| (sample, 1.0)).collect();
        let tree = Tree::grow(&samples, drawn, &growth(8), &mut rng);
        let right = |(features, class): &(Vec<f32>, u8)| tree.shares(&bins.bin(features))[usize::from(*class)] > 0.5;
        let fresh: Vec<_> = (0..1000).map(|_| row(&mut rng)).collect();
        assert!(fresh.iter().filter(|row| right(row)).count() > 930);
    }

    #[test]
    fn a_feature_of_one_value_is_never_split_and_a_pure_node_neither() {
        let (_, constant) = samples(&[(vec![2.0], 0), (vec![2.0], 1)]);
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let drawn = [(0, 1.0), (1, 1.0)];
        assert!(constant.best_split(&drawn, [1.0, 1.0, 0.0], &growth(3), &mut rng).is_none());
        let (_, pure) = samples(&[(vec![1.0], 1), (vec![2.0], 1)]);
        assert!(pure.best_split(&drawn, [0.0, 2.0, 0.0], &growth(3), &mut rng).is_none());
    }
}
