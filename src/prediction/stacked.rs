//! Many predictors made one: how much each counts is learnt on rows that it has not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::calibration::{Adjustment, Judged, Tally, logits};
use super::inner_folds::{InnerFold, inner_folds, stride};
use super::measured::{Measured, TrainingRows};
use super::{FitRecord, Prediction, PredictionError, Predictor, TrainingData, most_probable};
use crate::biology::{GeneId, Perturbation, ResponseMatrix};
use crate::progress::{Progress, Quiet};

/// Members drawn into the mixture, with repeats.
const DRAWS: usize = 20;
/// At most about this many entries are judged.
const ENTRIES: usize = 60_000;
/// Folds over the rows of gene sets that have several.
const ROW_FOLDS: usize = 3;

/// A mixture of predictors.
///
/// ```text
/// p(y | x) = Σ_m n_m / N · p_m(y | x)
/// ```
/// The counts `n_m` come of ensemble selection: on training rows predicted by members that were fitted without them, the
/// member is drawn next, with repeats, whose addition gives the calls of the mixture the highest macro-F1; the best
/// mixture on the way is kept. There are two mixtures, each selected where it is used: one for sets of perturbed genes that
/// no training row has (folds over gene sets), one for those that some has (folds over the rows of gene sets with several).
/// The calls are adjusted by a share of the class prior and a temperature chosen on the same rows.
///
/// # Complexity
/// Each member is fitted once for each inner fold and once on everything: up to nine times.
///
/// # Reference
/// Caruana et al., Ensemble selection from libraries of models, ICML 2004, doi:10.1145/1015330.1015432.
pub struct Stacked {
    n_genes: usize,
    members: Vec<Box<dyn Predictor>>,
    fitted: Option<Fitted>,
}

struct Fitted {
    /// Gene sets of the training rows.
    seen_sets: BTreeSet<Vec<GeneId>>,
    unseen: Mixture,
    seen: Mixture,
}

/// How much each member counts, and what is made of their mean.
#[derive(Clone, Debug, PartialEq)]
struct Mixture {
    shares: Vec<f32>,
    adjustment: Adjustment,
}

/// One judged entry: what each member says, and what was measured.
struct Judgement {
    said: Vec<[f32; 3]>,
    class: usize,
    weight: f32,
}

impl Stacked {
    /// A mixture of `members`, all over the same `n_genes` genes.
    ///
    /// # Panics
    /// If there is no member.
    #[must_use]
    pub fn new(n_genes: usize, members: Vec<Box<dyn Predictor>>) -> Self {
        assert!(!members.is_empty(), "a mixture needs members");
        Self { n_genes, members, fitted: None }
    }

    /// How much each member counts for gene sets never seen and for those seen, by name; `None` before the first fit.
    #[must_use]
    pub fn shares(&self) -> Option<Vec<(&'static str, f32, f32)>> {
        let fitted = self.fitted.as_ref()?;
        let both = fitted.unseen.shares.iter().zip(&fitted.seen.shares);
        Some(self.members.iter().zip(both).map(|(member, (&unseen, &seen))| (member.name(), unseen, seen)).collect())
    }

    /// Fits every member on each fold and lets it predict the rest.
    fn judge(
        &mut self,
        data: &TrainingData<'_>,
        rows: &TrainingRows,
        folds: &[InnerFold],
        progress: &dyn Progress,
    ) -> Result<Vec<Judgement>, PredictionError> {
        let judged: Vec<_> = folds.iter().flat_map(|fold| fold.judged.iter().copied()).collect();
        let every = stride(data, &judged, ENTRIES);
        let mut judgements = Vec::new();
        for fold in folds {
            let mut learnt = [fold.learnt.as_slice(), &rows.validation].concat();
            learnt.sort_unstable();
            let part = Part::of(data, &learnt, &rows.validation);
            let asked: Vec<_> = fold.judged.iter().map(|&row| data.perturbations[row].clone()).collect();
            let mut said = Vec::with_capacity(self.members.len());
            for member in &mut self.members {
                member.fit(&part.data(), &Quiet(progress))?;
                said.push(member.predict(&asked)?);
            }
            for (place, &row) in fold.judged.iter().enumerate() {
                for (gene, response) in data.measured(row).skip(row % every).step_by(every) {
                    judgements.push(Judgement {
                        said: said.iter().map(|prediction| prediction.probabilities(place, gene)).collect(),
                        class: response.class(),
                        weight: data.row_weights[row],
                    });
                }
            }
        }
        Ok(judgements)
    }
}

impl Predictor for Stacked {
    fn name(&self) -> &'static str {
        "stacked"
    }

    fn fit(&mut self, data: &TrainingData<'_>, progress: &dyn Progress) -> Result<FitRecord, PredictionError> {
        self.fitted = None;
        let rows = TrainingRows::of(data, self.n_genes)?;
        let (by_set, by_row) = (inner_folds(data, &rows.train), row_folds(data, &rows.train));
        progress.begin("fit stacked", 3);
        let shares = Measured::count(data, &rows.train).shares();
        let everyone =
            Mixture { shares: vec![1.0 / self.members.len() as f32; self.members.len()], adjustment: Adjustment::NONE };
        let unseen = Mixture::select(&self.judge(data, &rows, &by_set, progress)?, shares).unwrap_or(everyone);
        progress.advance(1);
        let seen =
            Mixture::select(&self.judge(data, &rows, &by_row, progress)?, shares).unwrap_or_else(|| unseen.clone());
        progress.advance(1);
        for member in &mut self.members {
            member.fit(data, &Quiet(progress))?;
        }
        progress.advance(1);
        let seen_sets = rows.train.iter().map(|&row| data.perturbations[row].genes().collect()).collect();
        let temperature = unseen.adjustment.temperature;
        self.fitted = Some(Fitted { seen_sets, unseen, seen });
        Ok(FitRecord { temperature, ..FitRecord::default() })
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        let fitted = self.fitted.as_ref().ok_or(PredictionError::NotFitted(self.name()))?;
        let said: Vec<_> = self.members.iter().map(|member| member.predict(perturbations)).collect::<Result<_, _>>()?;
        let mut probabilities = Vec::with_capacity(perturbations.len() * self.n_genes);
        for (row, perturbation) in perturbations.iter().enumerate() {
            let set: Vec<_> = perturbation.genes().collect();
            let mixture = if fitted.seen_sets.contains(&set) { &fitted.seen } else { &fitted.unseen };
            for gene in (0..self.n_genes).map(GeneId::new) {
                let entry = said.iter().map(|prediction| prediction.probabilities(row, gene));
                probabilities.push(mixture.adjustment.apply(mean(entry, &mixture.shares)));
            }
        }
        Ok(Prediction::new(self.n_genes, probabilities))
    }
}

fn mean(said: impl Iterator<Item = [f32; 3]>, shares: &[f32]) -> [f32; 3] {
    let mut sum = [0.0; 3];
    for (probabilities, share) in said.zip(shares) {
        sum.iter_mut().zip(probabilities).for_each(|(sum, probability)| *sum += share * probability);
    }
    sum
}

impl Mixture {
    /// Ensemble selection on judged entries; `None` if there are none.
    fn select(judgements: &[Judgement], class_shares: [f32; 3]) -> Option<Self> {
        let members = judgements.first()?.said.len();
        let mut sums = vec![[0.0_f32; 3]; judgements.len()];
        let mut counts = vec![0_usize; members];
        let mut best: (f64, Vec<usize>) = (f64::NEG_INFINITY, Vec::new());
        for _ in 0..DRAWS {
            let with = |member: usize| macro_f1(judgements, &sums, member);
            // The first of equals.
            let next = (0..members).rev().map(|member| (with(member), member)).max_by(|a, b| a.0.total_cmp(&b.0));
            let (score, next) = next?;
            counts[next] += 1;
            for (sum, judgement) in sums.iter_mut().zip(judgements) {
                sum.iter_mut().zip(judgement.said[next]).for_each(|(sum, probability)| *sum += probability);
            }
            if score > best.0 + 1e-9 {
                best = (score, counts.clone());
            }
        }
        let drawn: usize = best.1.iter().sum();
        let shares: Vec<_> = best.1.iter().map(|&count| count as f32 / drawn as f32).collect();
        let entry = |judgement: &Judgement| Judged {
            logits: logits(mean(judgement.said.iter().copied(), &shares)),
            class: judgement.class as u8,
            weight: judgement.weight,
        };
        let adjustment = Adjustment::choose(judgements.iter().map(entry).collect(), class_shares);
        Some(Self { adjustment, shares })
    }
}

/// Macro-F1 of the calls of the sums with one more member.
fn macro_f1(judgements: &[Judgement], sums: &[[f32; 3]], member: usize) -> f64 {
    let mut tally = Tally::default();
    for (judgement, sum) in judgements.iter().zip(sums) {
        let said = judgement.said[member];
        let call = most_probable(std::array::from_fn(|class| sum[class] + said[class])).class();
        tally.add(call, judgement.class, judgement.weight);
    }
    tally.macro_f1()
}

/// Folds over the rows of gene sets that have several: what is judged is always learnt from under another row.
fn row_folds(data: &TrainingData<'_>, rows: &[usize]) -> Vec<InnerFold> {
    let mut rows_of: BTreeMap<Vec<GeneId>, Vec<usize>> = BTreeMap::new();
    for &row in rows {
        rows_of.entry(data.perturbations[row].genes().collect()).or_default().push(row);
    }
    let mut fold_of = BTreeMap::new();
    for (set, rows) in rows_of.values().filter(|rows| rows.len() > 1).enumerate() {
        for (place, &row) in rows.iter().enumerate() {
            fold_of.insert(row, (set + place) % ROW_FOLDS);
        }
    }
    let fold = |fold: usize| {
        let (judged, learnt) = rows.iter().partition(|row| fold_of.get(row) == Some(&fold));
        InnerFold { learnt, judged }
    };
    (0..ROW_FOLDS).map(fold).filter(|fold| !fold.judged.is_empty() && !fold.learnt.is_empty()).collect()
}

/// Some rows of the training data as training data of their own.
struct Part {
    perturbations: Vec<Perturbation>,
    responses: ResponseMatrix,
    row_weights: Vec<f32>,
    validation: Vec<usize>,
}

impl Part {
    fn of(data: &TrainingData<'_>, rows: &[usize], validation: &[usize]) -> Self {
        Self {
            perturbations: rows.iter().map(|&row| data.perturbations[row].clone()).collect(),
            responses: data.responses.select(rows),
            row_weights: rows.iter().map(|&row| data.row_weights[row]).collect(),
            validation: validation.iter().filter_map(|row| rows.binary_search(row).ok()).collect(),
        }
    }

    fn data(&self) -> TrainingData<'_> {
        TrainingData {
            perturbations: &self.perturbations,
            responses: &self.responses,
            row_weights: &self.row_weights,
            validation: &self.validation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::Response;
    use crate::prediction::baselines::{Additive, Mean, NoChange};
    use crate::progress::NoProgress;

    /// Gene `g` deleted, twice each: gene `10 + g` falls. Additive knows it once it has seen the gene; the mean never.
    fn screen() -> (Vec<Perturbation>, ResponseMatrix) {
        let perturbations: Vec<_> = (0..20).map(|row| Perturbation::deletion(GeneId::new(row % 10))).collect();
        let mut responses = ResponseMatrix::unmeasured(20, 20);
        for row in 0..20 {
            for gene in 10..20 {
                let response = if gene == 10 + row % 10 { Response::Down } else { Response::Unchanged };
                responses.set(row, GeneId::new(gene), Some(response));
            }
        }
        (perturbations, responses)
    }

    fn fitted() -> Stacked {
        let (perturbations, responses) = screen();
        let row_weights = [1.0; 20];
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &row_weights,
            validation: &[],
        };
        let members: Vec<Box<dyn Predictor>> =
            vec![Box::new(NoChange::new(20)), Box::new(Mean::new(20)), Box::new(Additive::new(20))];
        let mut stacked = Stacked::new(20, members);
        stacked.fit(&data, &NoProgress).expect("something to learn from");
        stacked
    }

    #[test]
    fn the_member_that_knows_a_seen_gene_set_is_the_one_that_counts_there() {
        let stacked = fitted();
        let shares = stacked.shares().expect("fitted");
        assert_eq!(shares[2].0, "additive");
        assert!(shares[2].2 > 0.9, "{shares:?}");
        let prediction = stacked.predict(&[Perturbation::deletion(GeneId::new(3))]).expect("fitted");
        let responses = prediction.responses();
        assert_eq!(responses.get(0, GeneId::new(13)), Some(Response::Down));
        assert_eq!(responses.get(0, GeneId::new(14)), Some(Response::Unchanged));
    }

    #[test]
    fn shares_add_up_and_probabilities_too() {
        let stacked = fitted();
        for (unseen, seen) in [stacked.shares().expect("fitted")]
            .map(|shares| shares.iter().fold((0.0, 0.0), |(unseen, seen), share| (unseen + share.1, seen + share.2)))
        {
            assert!((unseen - 1.0).abs() < 1e-5 && (seen - 1.0).abs() < 1e-5);
        }
        let prediction = stacked.predict(&[Perturbation::deletion(GeneId::new(15))]).expect("fitted");
        for gene in (0..20).map(GeneId::new) {
            assert!((prediction.probabilities(0, gene).iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn what_is_judged_is_learnt_from_under_another_row_or_not_at_all() {
        let (perturbations, responses) = screen();
        let row_weights = [1.0; 20];
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &row_weights,
            validation: &[],
        };
        let rows: Vec<_> = (0..20).collect();
        for fold in row_folds(&data, &rows) {
            for &row in &fold.judged {
                assert!(fold.learnt.contains(&((row + 10) % 20)) && !fold.learnt.contains(&row));
            }
        }
        assert!(row_folds(&data, &rows[..10]).is_empty(), "no gene set has two rows");
    }
}
