//! Splits: made by gene set, before anything else, and blind to what was observed.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::dataset::gene_sets;
use super::{Dataset, DatasetError, Split};
use crate::biology::{GeneId, Perturbation};

/// A part of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Learnt from.
    Train,
    /// For early stopping and calibration.
    Validation,
    /// Only the scores see it.
    Test,
}

impl Part {
    /// Reads `train`, `validation`, `test` and their usual other names, in any letter case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "validation" | "valid" | "val" | "dev" => Some(Self::Validation),
            "test" | "testing" | "held-out" | "heldout" | "held_out" => Some(Self::Test),
            _ => None,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// How a data set is to be split, for example in TOML:
/// ```text
/// [split]
/// scheme = "leave-regulators-out"
/// fraction = 0.2
/// validation = 0.15
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitPlan {
    /// Which rows are held out for the scores.
    #[serde(flatten)]
    pub scheme: SplitScheme,
    /// Share of the remaining gene sets that is kept for validation, in `[0, 1)`; default 0.15. Not used if the scheme
    /// names validation rows itself. Whatever the share, at least one gene set is kept unless it is 0 or fewer than
    /// three are left, and at least one is learnt from.
    #[serde(default = "default_validation")]
    pub validation: f64,
}

const fn default_validation() -> f64 {
    0.15
}

impl Default for SplitPlan {
    fn default() -> Self {
        Self { scheme: SplitScheme::LeaveRegulatorsOut { fraction: 0.2 }, validation: default_validation() }
    }
}

/// Which rows are held out for the scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "scheme", rename_all = "kebab-case")]
pub enum SplitScheme {
    /// One of several equal folds of the gene sets, assigned at random.
    KFold {
        /// Number of folds, at least 2.
        folds: usize,
        /// The fold that is held out, from 0.
        fold: usize,
    },
    /// Perturbed genes drawn at random; every perturbation that moves one of them is held out, alone or in combination.
    LeaveRegulatorsOut {
        /// Share of the perturbed genes, in `(0, 1)`; at least one.
        fraction: f64,
    },
    /// Of gene sets with two rows or more, one row drawn at random is held out while the others stay. The one scheme
    /// that tears gene sets apart, since it asks whether a response is predicted under another condition.
    LeaveContrastsOut {
        /// Share of those gene sets that give a row, in `(0, 1]`; at least one.
        fraction: f64,
    },
    /// Each row is put where this list says; rows that it does not name are not used.
    Assigned {
        /// Part of each row, by the name of the row.
        parts: BTreeMap<String, Part>,
    },
    /// Nothing is held out.
    None,
}

impl SplitPlan {
    /// Splits the rows of a data set. The split depends on names, gene sets, their order and the seed alone, never on
    /// what was observed; nor, without combinations, on how the gene table numbers the genes.
    ///
    /// No gene set is in two parts, save under [`SplitScheme::LeaveContrastsOut`].
    ///
    /// # Errors
    /// [`DatasetError`] if a setting is out of range, if there is too little to split, if nothing would be left to learn
    /// from, or if a list puts one gene set into two parts.
    pub fn split(&self, dataset: &Dataset, seed: u64) -> Result<Split, DatasetError> {
        self.split_rows(&dataset.names, &dataset.perturbations, seed)
    }

    fn split_rows(&self, names: &[String], perturbations: &[Perturbation], seed: u64) -> Result<Split, DatasetError> {
        check_validation_share(self.validation)?;
        let sets = gene_sets(perturbations);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut split = match &self.scheme {
            SplitScheme::KFold { folds, fold } => k_fold(&sets, *folds, *fold, &mut random)?,
            SplitScheme::LeaveRegulatorsOut { fraction } => leave_regulators_out(&sets, *fraction, &mut random)?,
            SplitScheme::LeaveContrastsOut { fraction } => leave_contrasts_out(&sets, *fraction, &mut random)?,
            SplitScheme::Assigned { parts } => assigned(&sets, names, parts)?,
            SplitScheme::None => Split { train: (0..names.len()).collect(), ..Split::default() },
        };
        if split.validation.is_empty() {
            keep_for_validation(&mut split, perturbations, self.validation, &mut random);
        }
        for rows in [&mut split.train, &mut split.validation, &mut split.test] {
            rows.sort_unstable();
        }
        if split.train.is_empty() {
            return Err(DatasetError::TooFewToSplit {
                wanted: "a split needs perturbations to learn from".to_owned(),
                found: format!("{} rows, none of which is left for training", names.len()),
                remedy: "hold out fewer",
            });
        }
        Ok(split)
    }
}

/// A set of perturbed genes with its rows.
type GeneSet = (Vec<GeneId>, Vec<usize>);

fn k_fold(sets: &[GeneSet], folds: usize, fold: usize, random: &mut ChaCha8Rng) -> Result<Split, DatasetError> {
    if folds < 2 {
        return Err(DatasetError::OutOfRange { what: "number of folds", value: folds as f64, range: "at least 2" });
    }
    if fold >= folds {
        let range = "below the number of folds (the first fold is 0)";
        return Err(DatasetError::OutOfRange { what: "fold", value: fold as f64, range });
    }
    if sets.len() < folds {
        return Err(DatasetError::TooFewToSplit {
            wanted: format!("{folds} folds need {folds} different sets of perturbed genes"),
            found: sets.len().to_string(),
            remedy: "use fewer folds",
        });
    }
    let mut order: Vec<usize> = (0..sets.len()).collect();
    order.shuffle(random);
    let held_out: BTreeSet<usize> = order.into_iter().skip(fold).step_by(folds).collect();
    Ok(hold_out(sets, |set| held_out.contains(&set)))
}

fn hold_out(sets: &[GeneSet], is_test: impl Fn(usize) -> bool) -> Split {
    let mut split = Split::default();
    for (set, (_, rows)) in sets.iter().enumerate() {
        let part = if is_test(set) { &mut split.test } else { &mut split.train };
        part.extend_from_slice(rows);
    }
    split
}

fn leave_regulators_out(sets: &[GeneSet], fraction: f64, random: &mut ChaCha8Rng) -> Result<Split, DatasetError> {
    if !(fraction > 0.0 && fraction < 1.0) {
        let what = "share of regulators to leave out";
        return Err(DatasetError::OutOfRange { what, value: fraction, range: "above 0 and below 1" });
    }
    // In order of appearance, so that the draw does not hang on how the gene table numbers them.
    let mut seen = BTreeSet::new();
    let mut genes: Vec<GeneId> =
        sets.iter().flat_map(|(genes, _)| genes).copied().filter(|&gene| seen.insert(gene)).collect();
    if genes.len() < 2 {
        return Err(DatasetError::TooFewToSplit {
            wanted: "leaving regulators out needs at least 2 perturbed genes".to_owned(),
            found: genes.len().to_string(),
            remedy: "split by contrasts, or hold nothing out",
        });
    }
    genes.shuffle(random);
    let count = share_of(genes.len(), fraction).min(genes.len() - 1);
    let held_out: BTreeSet<GeneId> = genes.into_iter().take(count).collect();
    Ok(hold_out(sets, |set| sets[set].0.iter().any(|gene| held_out.contains(gene))))
}

/// This share of `count`, rounded, but at least 1.
fn share_of(count: usize, fraction: f64) -> usize {
    ((count as f64 * fraction).round() as usize).max(1)
}

fn leave_contrasts_out(sets: &[GeneSet], fraction: f64, random: &mut ChaCha8Rng) -> Result<Split, DatasetError> {
    if !(fraction > 0.0 && fraction <= 1.0) {
        let what = "share of regulators that give a contrast";
        return Err(DatasetError::OutOfRange { what, value: fraction, range: "above 0 and at most 1" });
    }
    let mut repeated: Vec<&GeneSet> = sets.iter().filter(|(_, rows)| rows.len() > 1).collect();
    if repeated.is_empty() {
        return Err(DatasetError::TooFewToSplit {
            wanted: "leaving contrasts out needs a perturbation measured under two conditions".to_owned(),
            found: "none".to_owned(),
            remedy: "leave regulators out instead",
        });
    }
    repeated.shuffle(random);
    repeated.truncate(share_of(repeated.len(), fraction));
    let mut test = BTreeSet::new();
    for (_, rows) in repeated {
        let mut rows = rows.clone();
        rows.shuffle(random);
        test.extend(rows.first());
    }
    let train = sets.iter().flat_map(|(_, rows)| rows).copied().filter(|row| !test.contains(row)).collect();
    Ok(Split { train, validation: Vec::new(), test: test.into_iter().collect() })
}

fn assigned(sets: &[GeneSet], names: &[String], parts: &BTreeMap<String, Part>) -> Result<Split, DatasetError> {
    let mut split = Split::default();
    for (_, rows) in sets {
        let mut first: Option<(usize, Part)> = None;
        for &row in rows {
            let Some(&part) = parts.get(&names[row]) else { continue };
            match first {
                Some((_, other)) if other != part => return Err(torn(&names[row], other, part)),
                _ => first = Some((row, part)),
            }
            match part {
                Part::Train => split.train.push(row),
                Part::Validation => split.validation.push(row),
                Part::Test => split.test.push(row),
            }
        }
    }
    Ok(split)
}

fn torn(name: &str, first: Part, second: Part) -> DatasetError {
    DatasetError::TornPerturbation {
        file: "the split".to_owned(),
        line: 0,
        perturbation: name.to_owned(),
        first: first.word(),
        second: second.word(),
    }
}

/// Refuses a share for validation outside `[0, 1)`.
pub(super) fn check_validation_share(validation: f64) -> Result<(), DatasetError> {
    if (0.0..1.0).contains(&validation) {
        return Ok(());
    }
    let what = "share of gene sets for validation";
    Err(DatasetError::OutOfRange { what, value: validation, range: "at least 0 and below 1" })
}

/// Moves this share of the gene sets to learn from to validation.
pub(super) fn keep_for_validation(
    split: &mut Split,
    perturbations: &[Perturbation],
    share: f64,
    random: &mut ChaCha8Rng,
) {
    split.train.sort_unstable();
    let training: Vec<Perturbation> = split.train.iter().map(|&row| perturbations[row].clone()).collect();
    let mut sets = gene_sets(&training);
    if share == 0.0 || sets.len() < 3 {
        return;
    }
    sets.shuffle(random);
    let count = share_of(sets.len(), share).min(sets.len() - 1);
    let kept: BTreeSet<usize> = sets[..count].iter().flat_map(|(_, rows)| rows).map(|&row| split.train[row]).collect();
    split.train.retain(|row| !kept.contains(row));
    split.validation = kept.into_iter().collect();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::biology::{Direction, Response, ResponseMatrix};

    fn dataset(rows: &[Vec<usize>]) -> Dataset {
        let perturbation = |genes: &Vec<usize>| {
            Perturbation::of(genes.iter().map(|&gene| (GeneId::new(gene), Direction::Deletion))).expect("genes")
        };
        Dataset::new(
            (0..rows.len()).map(|row| format!("row{row}")).collect(),
            rows.iter().map(perturbation).collect(),
            ResponseMatrix::unmeasured(rows.len(), 20),
        )
    }

    fn plan(scheme: SplitScheme) -> SplitPlan {
        SplitPlan { scheme, validation: 0.2 }
    }

    fn schemes() -> Vec<SplitScheme> {
        vec![
            SplitScheme::KFold { folds: 3, fold: 1 },
            SplitScheme::LeaveRegulatorsOut { fraction: 0.25 },
            SplitScheme::LeaveContrastsOut { fraction: 0.5 },
            SplitScheme::None,
        ]
    }

    fn rows() -> impl Strategy<Value = Vec<Vec<usize>>> {
        let genes = proptest::collection::btree_set(0_usize..12, 1..4);
        proptest::collection::vec(genes.prop_map(|genes| genes.into_iter().collect()), 1..40)
    }

    proptest! {
        #[test]
        fn parts_are_disjoint_sorted_and_cover_every_row(rows in rows(), seed in any::<u64>()) {
            for scheme in schemes() {
                let Ok(split) = plan(scheme).split(&dataset(&rows), seed) else { continue };
                let mut all = Vec::new();
                for part in [&split.train, &split.validation, &split.test] {
                    prop_assert!(part.is_sorted());
                    all.extend_from_slice(part);
                }
                all.sort_unstable();
                prop_assert_eq!(all, (0..rows.len()).collect::<Vec<_>>());
            }
        }

        #[test]
        fn no_gene_set_is_in_two_parts(rows in rows(), seed in any::<u64>()) {
            for scheme in schemes() {
                let by_contrast = matches!(scheme, SplitScheme::LeaveContrastsOut { .. });
                let Ok(split) = plan(scheme).split(&dataset(&rows), seed) else { continue };
                let sets = |part: &[usize]| part.iter().map(|&row| rows[row].clone()).collect::<BTreeSet<_>>();
                prop_assert!(sets(&split.train).is_disjoint(&sets(&split.validation)));
                if !by_contrast {
                    prop_assert!(sets(&split.test).is_disjoint(&sets(&split.train)));
                    prop_assert!(sets(&split.test).is_disjoint(&sets(&split.validation)));
                }
            }
        }

        #[test]
        fn a_regulator_left_out_is_nowhere_in_training(rows in rows(), seed in any::<u64>()) {
            let scheme = SplitScheme::LeaveRegulatorsOut { fraction: 0.25 };
            let Ok(split) = plan(scheme).split(&dataset(&rows), seed) else { return Ok(()) };
            // A test row is there for at least one gene that no other part moves.
            let moved = |part: &[usize]| part.iter().flat_map(|&row| rows[row].clone()).collect::<BTreeSet<_>>();
            let mut seen = moved(&split.train);
            seen.extend(moved(&split.validation));
            for &row in &split.test {
                prop_assert!(rows[row].iter().any(|gene| !seen.contains(gene)));
            }
        }

        #[test]
        fn the_folds_together_test_each_row_once(rows in rows(), seed in any::<u64>()) {
            let mut tested = Vec::new();
            for fold in 0..3 {
                let Ok(split) = plan(SplitScheme::KFold { folds: 3, fold }).split(&dataset(&rows), seed) else { return Ok(()) };
                tested.extend(split.test);
            }
            tested.sort_unstable();
            prop_assert_eq!(tested, (0..rows.len()).collect::<Vec<_>>());
        }

        #[test]
        fn what_was_observed_and_how_genes_are_numbered_change_no_split(rows in rows(), seed in any::<u64>()) {
            let plain = dataset(&rows);
            let renumbered: Vec<Vec<usize>> = rows.iter().map(|genes| genes.iter().map(|gene| 19 - gene).collect()).collect();
            let mut other = dataset(&renumbered);
            for row in 0..rows.len() {
                other.observed.set(row, GeneId::new(row % 20), Some(Response::Up));
            }
            for scheme in schemes() {
                // Leaving regulators out draws genes one by one, so a combination must list them in the same order.
                if matches!(scheme, SplitScheme::LeaveRegulatorsOut { .. }) && rows.iter().any(|genes| genes.len() > 1) {
                    continue;
                }
                let plan = plan(scheme);
                prop_assert_eq!(plan.split(&plain, seed).ok(), plan.split(&other, seed).ok());
            }
        }
    }

    #[test]
    fn a_contrast_left_out_leaves_another_of_its_regulator_behind() {
        let rows = [vec![0], vec![0], vec![0], vec![1], vec![2], vec![2]];
        let scheme = SplitScheme::LeaveContrastsOut { fraction: 1.0 };
        let split = SplitPlan { scheme, validation: 0.0 }.split(&dataset(&rows), 7).expect("a split");
        assert_eq!(split.test.len(), 2);
        for &row in &split.test {
            assert!(split.train.iter().any(|&other| rows[other] == rows[row]));
        }
    }

    #[test]
    fn seeds_matter() {
        let rows: Vec<_> = (0..30).map(|gene| vec![gene % 20]).collect();
        let splits: BTreeSet<_> =
            (0..10).map(|seed| SplitPlan::default().split(&dataset(&rows), seed).expect("a split").test).collect();
        assert!(splits.len() > 5);
    }

    #[test]
    fn a_list_that_tears_a_gene_set_apart_is_refused() {
        let parts = [("row0", Part::Train), ("row1", Part::Test)].map(|(name, part)| (name.to_owned(), part));
        let plan = plan(SplitScheme::Assigned { parts: parts.into_iter().collect() });
        let message = plan.split(&dataset(&[vec![3], vec![3]]), 1).expect_err("torn").to_string();
        assert!(message.contains("row1") && message.contains("leak"), "{message}");
    }

    #[test]
    fn settings_out_of_range_are_refused_with_the_range() {
        let data = dataset(&[vec![0], vec![1], vec![2]]);
        for scheme in [
            SplitScheme::KFold { folds: 1, fold: 0 },
            SplitScheme::KFold { folds: 3, fold: 3 },
            SplitScheme::KFold { folds: 4, fold: 0 },
            SplitScheme::LeaveRegulatorsOut { fraction: 0.0 },
            SplitScheme::LeaveRegulatorsOut { fraction: f64::NAN },
            SplitScheme::LeaveContrastsOut { fraction: 1.5 },
            SplitScheme::LeaveContrastsOut { fraction: 0.5 },
        ] {
            assert!(plan(scheme.clone()).split(&data, 1).is_err(), "{scheme:?}");
        }
        assert!(SplitPlan { scheme: SplitScheme::None, validation: 1.0 }.split(&data, 1).is_err());
    }

    #[test]
    fn a_plan_is_written_as_it_is_read() {
        let json = r#"{"scheme":"k-fold","folds":5,"fold":2,"validation":0.1}"#;
        let plan: SplitPlan = serde_json::from_str(json).expect("a plan");
        assert_eq!(plan, SplitPlan { scheme: SplitScheme::KFold { folds: 5, fold: 2 }, validation: 0.1 });
        assert_eq!(serde_json::to_string(&plan).expect("writes"), json);
        let plan: SplitPlan = serde_json::from_str(r#"{"scheme":"none"}"#).expect("a plan");
        assert_eq!(plan.validation, 0.15);
    }
}
