//! A perturbation does what the perturbations most like it did, by what the knowledge says of the perturbed genes.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::principal::Scores;
use super::{mean, predict_rows, walks};
use crate::biology::Perturbation;
use crate::network::RegulatoryNetwork;
use crate::prediction::calibration::{self, Adjustment, Judged};
use crate::prediction::inner_folds::{InnerFold, inner_folds, stride};
use crate::prediction::measured::{Measured, TrainingRows};
use crate::prediction::{FitRecord, Prediction, PredictionError, Predictor, TrainingData};
use crate::progress::Progress;

/// Numbers of neighbours that are tried.
const NEIGHBOURS: [usize; 5] = [1, 2, 4, 8, 16];
/// Weights of the mean baseline, in neighbours of similarity 1, that are tried.
const SMOOTHINGS: [f32; 4] = [0.1, 0.3, 1.0, 3.0];
/// At most this many entries judge each choice.
const JUDGED_ENTRIES: usize = 1 << 16;
/// Axes of the walks by which genes are compared.
const AXES: usize = 20;

/// The vote of the training perturbations whose perturbed genes are most alike in the knowledge.
///
/// ```text
/// p_{g,c} ∝ Σ_{r ∈ N_k(x)} w_r |s_r| [sign(s_r) · y_{r,g} = c] + m · p̂_{g,c},   s_r = cos(v(x), v(x_r)),   v(x) = Σ_i x_i v_i
/// ```
/// over the `k` training rows of largest `|s_r| > 0`, where `w_r` are row weights, `p̂` is the [`Mean`](super::Mean)
/// baseline and `v_i` tells gene i: a coordinate of its own, and next to it, each of length 1 or 0, its signed targets and
/// its signed regulators ([`Neighbours::of_regulons`]), or its place on the leading axes of the signed walks that leave it
/// and that arrive at it ([`Neighbours::of_walks`]). So one formula covers combinations, overexpression against deletion,
/// and regulators of opposite signs: what is opposite votes with its responses mirrored. Without any neighbour, `p̂`
/// remains.
///
/// `k`, `m`, how much of the class prior is left in, and the temperature are chosen on folds over the gene sets of the
/// training rows, by macro-F1.
#[derive(Clone, Debug)]
pub struct Neighbours {
    name: &'static str,
    n_genes: usize,
    genes: Vec<Profile>,
    fitted: Option<Voters>,
}

/// A sparse vector, by coordinate.
pub(super) type Profile = Vec<(u32, f64)>;

/// The training rows, ready to vote.
#[derive(Clone, Debug)]
pub(super) struct Voters {
    rows: Vec<Voter>,
    shares: Vec<[f32; 3]>,
    choice: Choice,
}

/// What is chosen on the training rows.
#[derive(Clone, Copy, Debug)]
struct Choice {
    neighbours: usize,
    smoothing: f32,
    adjustment: Adjustment,
}

/// One training row.
#[derive(Clone, Debug)]
struct Voter {
    profile: Profile,
    weight: f32,
    /// Gene and response −1, 0, 1 of each measured entry.
    responses: Vec<(u32, i8)>,
}

impl Neighbours {
    /// Compares perturbed genes by their targets and regulators.
    #[must_use]
    pub fn of_regulons(network: &RegulatoryNetwork) -> Self {
        let n_genes = network.n_genes();
        Self { name: "neighbours", n_genes, genes: regulon_profiles(network), fitted: None }
    }

    /// Compares perturbed genes by the signed walks that leave them and that arrive at them.
    #[must_use]
    pub fn of_walks(network: &RegulatoryNetwork) -> Self {
        let n_genes = network.n_genes();
        let [leaving, arriving] = [walks::of_regulators(network, AXES), walks::of_targets(network, AXES)]
            .map(|scores| by_gene(&scores, n_genes));
        let blocks = leaving.into_iter().zip(arriving).map(|(leaving, arriving)| [leaving, arriving]);
        Self { name: "neighbours-walks", n_genes, genes: profiles(blocks, AXES as u32), fitted: None }
    }
}

/// What tells each gene in [`Neighbours::of_regulons`].
pub(super) fn regulon_profiles(network: &RegulatoryNetwork) -> Vec<Profile> {
    let n_genes = network.n_genes();
    let mut blocks = vec![[Profile::new(), Profile::new()]; n_genes];
    for edge in network.regulations().iter().filter(|edge| edge.regulator != edge.target) {
        let (regulator, target) = (edge.regulator.index(), edge.target.index());
        let sign = f64::from(edge.sign.value());
        blocks[regulator][0].push((target as u32, sign));
        blocks[target][1].push((regulator as u32, sign));
    }
    profiles(blocks.into_iter(), n_genes as u32)
}

fn by_gene(scores: &Scores, n_genes: usize) -> Vec<Profile> {
    let largest = scores.values.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
    // What is left by rounding of a gene that no walk touches must not be stretched to length 1.
    let profile = |gene| {
        let entries = scores.of(gene).iter().enumerate().map(|(axis, &score)| (axis as u32, score));
        entries.filter(|(_, score)| score.abs() > 1e-7 * largest).collect()
    };
    (0..n_genes).map(profile).collect()
}

/// Lays a coordinate for the gene itself and its two blocks, each `width` wide and made of length 1, side by side.
fn profiles(blocks: impl Iterator<Item = [Profile; 2]>, width: u32) -> Vec<Profile> {
    let laid = |(gene, blocks): (usize, [Profile; 2])| {
        let mut profile = Profile::new();
        for (at, block) in blocks.into_iter().enumerate() {
            let block = merged(block.into_iter());
            let length = length(&block);
            profile.extend(block.into_iter().map(|(column, value)| (at as u32 * width + column, value / length)));
        }
        profile.push((2 * width + gene as u32, 1.0));
        profile
    };
    blocks.enumerate().map(laid).collect()
}

/// Sums up entries of the same coordinate and leaves out those that cancel.
fn merged(entries: impl Iterator<Item = (u32, f64)>) -> Profile {
    let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
    for (column, value) in entries {
        *sums.entry(column).or_default() += value;
    }
    sums.into_iter().filter(|&(_, value)| value != 0.0).collect()
}

fn length(profile: &Profile) -> f64 {
    profile.iter().map(|(_, value)| value * value).sum::<f64>().sqrt()
}

/// `v(x) / |v(x)|`; all 0 where everything cancels.
pub(super) fn profile_of(perturbation: &Perturbation, genes: &[Profile]) -> Profile {
    let moved = perturbation.changes().iter().flat_map(|&(gene, direction)| {
        let sign = f64::from(direction.value());
        genes[gene.index()].iter().map(move |&(column, value)| (column, sign * value))
    });
    let mut profile = merged(moved);
    let length = length(&profile);
    profile.iter_mut().for_each(|(_, value)| *value /= length);
    profile
}

fn dot(left: &Profile, right: &Profile) -> f64 {
    let (mut sum, mut at) = (0.0, 0);
    for &(column, value) in left {
        while right.get(at).is_some_and(|&(other, _)| other < column) {
            at += 1;
        }
        if let Some(&(other, other_value)) = right.get(at)
            && other == column
        {
            sum += value * other_value;
        }
    }
    sum
}

impl Voters {
    /// The voters of `rows`, whose perturbed genes are told by `genes`.
    pub fn of(data: &TrainingData<'_>, rows: &[usize], genes: &[Profile]) -> Self {
        let voter = |&row: &usize| Voter {
            profile: profile_of(&data.perturbations[row], genes),
            weight: data.row_weights[row],
            responses: data.measured(row).map(|(gene, response)| (gene.index() as u32, response.value())).collect(),
        };
        let rows_of = rows.par_iter().map(voter).collect();
        Self { rows: rows_of, shares: mean::shares(data, rows), choice: Choice::UNCHOSEN }
    }

    /// The rows most like `profile` with their similarities, most alike first; of equals the first.
    fn nearest(&self, profile: &Profile) -> Vec<(usize, f32)> {
        let similarities = self.rows.iter().enumerate().map(|(row, voter)| (row, dot(profile, &voter.profile) as f32));
        // A similarity that rounding left over is none.
        let mut alike: Vec<_> = similarities.filter(|(_, similarity)| similarity.abs() > 1e-6).collect();
        alike.sort_by(|left, right| right.1.abs().total_cmp(&left.1.abs()).then(left.0.cmp(&right.0)));
        alike.truncate(NEIGHBOURS[NEIGHBOURS.len() - 1]);
        alike
    }

    /// The probabilities of all genes by the vote of `nearest`, not adjusted.
    fn vote(&self, nearest: &[(usize, f32)], smoothing: f32, out: &mut [[f32; 3]]) {
        for (out, share) in out.iter_mut().zip(&self.shares) {
            *out = share.map(|share| smoothing * share);
        }
        for &(row, similarity) in nearest {
            let voter = &self.rows[row];
            let weight = voter.weight * similarity.abs();
            for &(gene, response) in &voter.responses {
                let response = if similarity < 0.0 { -response } else { response };
                out[gene as usize][(response + 1) as usize] += weight;
            }
        }
        for out in out {
            let total: f32 = out.iter().sum();
            *out = out.map(|votes| votes / total);
        }
    }

    /// Similarity of the nearest row but `except` (a position in the rows), and for each gene the vote, in (−1, 1): the sum
    /// of `w s y` over the nearest rows by that of `w |s|` and a quarter.
    pub fn signed_votes(&self, profile: &Profile, except: Option<usize>) -> (f32, Vec<f32>) {
        let mut nearest = self.nearest(profile);
        nearest.retain(|&(row, _)| Some(row) != except);
        let mut votes = vec![(0.0_f32, 0.25_f32); self.shares.len()];
        for &(row, similarity) in &nearest {
            let voter = &self.rows[row];
            for &(gene, response) in &voter.responses {
                let (sum, weights) = &mut votes[gene as usize];
                *sum += voter.weight * similarity * f32::from(response);
                *weights += voter.weight * similarity.abs();
            }
        }
        let alike = nearest.first().map_or(0.0, |&(_, similarity)| similarity.abs());
        (alike, votes.into_iter().map(|(sum, weights)| sum / weights).collect())
    }

    fn predict_row(&self, profile: &Profile, out: &mut [[f32; 3]]) {
        let nearest = self.nearest(profile);
        self.vote(&nearest[..nearest.len().min(self.choice.neighbours)], self.choice.smoothing, out);
        for out in out {
            *out = self.choice.adjustment.apply(*out);
        }
    }
}

/// Rows left out of a fold, each with its nearest rows in the rest of it.
struct LeftOut {
    voters: Voters,
    judged: Vec<(usize, Vec<(usize, f32)>)>,
}

impl LeftOut {
    fn of(data: &TrainingData<'_>, fold: &InnerFold, genes: &[Profile]) -> Self {
        let voters = Voters::of(data, &fold.learnt, genes);
        let nearest = |&row: &usize| (row, voters.nearest(&profile_of(&data.perturbations[row], genes)));
        Self { judged: fold.judged.par_iter().map(nearest).collect(), voters }
    }

    fn entries(&self, data: &TrainingData<'_>, neighbours: usize, smoothing: f32, every: usize) -> Vec<Judged> {
        let mut probabilities = vec![[0.0; 3]; data.responses.n_genes()];
        let mut entries = Vec::new();
        for (row, nearest) in &self.judged {
            self.voters.vote(&nearest[..nearest.len().min(neighbours)], smoothing, &mut probabilities);
            entries.extend(data.measured(*row).step_by(every).map(|(gene, response)| Judged {
                logits: calibration::logits(probabilities[gene.index()]),
                class: response.class() as u8,
                weight: data.row_weights[*row],
            }));
        }
        entries
    }
}

impl Choice {
    /// What is taken where there is a single gene set to learn from.
    const UNCHOSEN: Self = Self { neighbours: 4, smoothing: 1.0, adjustment: Adjustment::NONE };

    /// The choice with the best macro-F1 on folds inside `rows`; of equals the first.
    fn by_folds(data: &TrainingData<'_>, rows: &[usize], genes: &[Profile]) -> Self {
        let shares = Measured::count(data, rows).shares();
        let every = stride(data, rows, JUDGED_ENTRIES);
        let folds: Vec<_> = inner_folds(data, rows).iter().map(|fold| LeftOut::of(data, fold, genes)).collect();
        let entries = |(neighbours, smoothing): (usize, f32)| -> Vec<_> {
            folds.iter().flat_map(|fold| fold.entries(data, neighbours, smoothing, every)).collect()
        };
        let judge = |tried: (usize, f32)| (tried, Adjustment::untempered(&mut entries(tried), shares).macro_f1);
        let tried: Vec<_> =
            NEIGHBOURS.into_iter().flat_map(|neighbours| SMOOTHINGS.map(|smoothing| (neighbours, smoothing))).collect();
        let judged: Vec<_> = tried.into_par_iter().map(judge).collect();
        let better = |best: ((usize, f32), f64), next: ((usize, f32), f64)| if next.1 > best.1 { next } else { best };
        let unchosen = (Self::UNCHOSEN.neighbours, Self::UNCHOSEN.smoothing);
        let ((neighbours, smoothing), _) = judged.into_iter().fold((unchosen, 0.0), better);
        let adjustment = Adjustment::choose(entries((neighbours, smoothing)), shares);
        Self { neighbours, smoothing, adjustment }
    }
}

impl Predictor for Neighbours {
    fn name(&self) -> &'static str {
        self.name
    }

    fn fit(&mut self, data: &TrainingData<'_>, _progress: &dyn Progress) -> Result<FitRecord, PredictionError> {
        self.fitted = None;
        let rows = TrainingRows::of(data, self.n_genes)?.train;
        let choice = Choice::by_folds(data, &rows, &self.genes);
        self.fitted = Some(Voters { choice, ..Voters::of(data, &rows, &self.genes) });
        let Choice { neighbours, smoothing, adjustment } = choice;
        let choices = [
            ("neighbours", neighbours as f64),
            ("smoothing", f64::from(smoothing)),
            ("prior share", adjustment.prior_share),
            ("inner macro-F1", adjustment.macro_f1),
        ];
        Ok(FitRecord::of_choices(adjustment.temperature, &choices))
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        let voters = self.fitted.as_ref().ok_or(PredictionError::NotFitted(self.name))?;
        predict_rows(self.name, self.n_genes, perturbations, |perturbation, row| {
            voters.predict_row(&profile_of(perturbation, &self.genes), row);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Direction, GeneId, Regulation, Response, ResponseMatrix, Sign};
    use crate::progress::NoProgress;
    use Response::{Down, Unchanged, Up};
    use Sign::{Activation, Inhibition};

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    /// Genes 0, 1 activate 4 and inhibit 5; gene 2 does the opposite; gene 3 regulates 6 and 7.
    fn network() -> RegulatoryNetwork {
        let edges = [(0, 4, Activation), (0, 5, Inhibition), (1, 4, Activation), (1, 5, Inhibition)];
        let others = [(2, 4, Inhibition), (2, 5, Activation), (3, 6, Activation), (3, 7, Activation)];
        let edge = |(regulator, target, sign)| Regulation::new(gene(regulator), gene(target), sign);
        RegulatoryNetwork::new(9, edges.into_iter().chain(others).map(edge))
    }

    /// Deleting gene 0 lowers 4 and raises 5; deleting gene 3 lowers 6 and 7.
    fn trained(mut neighbours: Neighbours) -> Neighbours {
        let perturbations = [Perturbation::deletion(gene(0)), Perturbation::deletion(gene(3))];
        let mut responses = ResponseMatrix::from_entries(2, 9, vec![Some(Unchanged); 18]);
        for (row, target, response) in [(0, 4, Down), (0, 5, Up), (1, 6, Down), (1, 7, Down)] {
            responses.set(row, gene(target), Some(response));
        }
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &[1.0; 2],
            validation: &[],
        };
        neighbours.fit(&data, &NoProgress).expect("fit");
        let choice = Choice { neighbours: 1, smoothing: 0.1, ..Choice::UNCHOSEN };
        neighbours.fitted = neighbours.fitted.map(|voters| Voters { choice, ..voters });
        neighbours
    }

    #[test]
    fn a_regulator_of_the_same_genes_does_alike_and_one_of_opposite_signs_the_opposite() {
        for neighbours in [Neighbours::of_regulons(&network()), Neighbours::of_walks(&network())] {
            let name = neighbours.name();
            let both = Perturbation::of([(gene(1), Direction::Deletion), (gene(2), Direction::Overexpression)]);
            let unseen = [Perturbation::deletion(gene(1)), Perturbation::deletion(gene(2)), both.expect("two genes")];
            let predicted = trained(neighbours).predict(&unseen).expect("predict").responses();
            assert_eq!(predicted.row(0)[4..8], [Down, Up, Unchanged, Unchanged].map(Some), "{name}");
            assert_eq!(predicted.row(1)[4..8], [Up, Down, Unchanged, Unchanged].map(Some), "{name}");
            assert_eq!(predicted.row(2)[4..8], [Down, Up, Unchanged, Unchanged].map(Some), "{name}");
        }
    }

    #[test]
    fn the_vote_is_that_worked_by_hand() {
        // v_0 and v_1 are alike but for the coordinate of their own: cos = 1 / (1 + 1).
        let fitted = trained(Neighbours::of_regulons(&network()));
        let found = fitted.predict(&[Perturbation::deletion(gene(1))]).expect("predict").probabilities(0, gene(4));
        // Overall 3 down, 1 up, 12 unchanged of 16, one entry of each added: 4, 13, 2 of 19. Gene 4: 1 down, 1 unchanged.
        let mean = [1.0 + 4.0 / 19.0, 1.0 + 13.0 / 19.0, 2.0 / 19.0].map(|count: f32| count / 3.0);
        let votes = [0.5, 0.0, 0.0];
        for (class, found) in found.into_iter().enumerate() {
            let wanted = (votes[class] + 0.1 * mean[class]) / 0.6;
            assert!((found - wanted).abs() < 1e-5, "class {class}: {found} against {wanted}");
        }
    }

    #[test]
    fn without_a_neighbour_the_mean_remains() {
        let fitted = trained(Neighbours::of_regulons(&network()));
        let voters = fitted.fitted.as_ref().expect("fitted");
        let predicted = fitted.predict(&[Perturbation::deletion(gene(8))]).expect("predict");
        for (index, share) in voters.shares.iter().enumerate() {
            let found = predicted.probabilities(0, gene(index));
            assert!(found.iter().zip(share).all(|(found, share)| (found - share).abs() < 1e-5), "gene {index}");
        }
    }
}
