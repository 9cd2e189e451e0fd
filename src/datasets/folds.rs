//! Folds: a data set split several times over, so that every row that can be held out is held out once.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::dataset::gene_sets;
use super::split::{check_validation_share, keep_for_validation};
use super::{Dataset, DatasetError, Split};
use crate::biology::{GeneId, Perturbation};

/// What is assigned to folds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoldScheme {
    /// Sets of perturbed genes: no gene set is both learnt from and held out.
    #[default]
    KFold,
    /// Perturbed genes: a fold holds out every row that moves one of its genes, alone or in combination.
    LeaveRegulatorsOut,
    /// The rows of gene sets with two rows or more: each is held out once, while another row of its gene set is learnt
    /// from. All other rows are always learnt from.
    LeaveContrastsOut,
}

impl FoldScheme {
    /// The name of it, as in a configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::KFold => "k-fold",
            Self::LeaveRegulatorsOut => "leave-regulators-out",
            Self::LeaveContrastsOut => "leave-contrasts-out",
        }
    }

    /// The splits of `folds` folds, assigned at random. They depend on gene sets, the order of the rows and the seed alone.
    ///
    /// `validation` is the share of the gene sets left for learning that is kept for validation, in `[0, 1)`, as in
    /// [`SplitPlan`](super::SplitPlan). Every row but those that [`FoldScheme::LeaveContrastsOut`] never holds out is in
    /// the test part of at least one fold; a combination may be in several under [`FoldScheme::LeaveRegulatorsOut`].
    ///
    /// # Errors
    /// [`DatasetError`] for fewer than two folds, a share out of range, or data with less to assign than there are folds.
    pub fn folds(
        self,
        dataset: &Dataset,
        folds: usize,
        validation: f64,
        seed: u64,
    ) -> Result<Vec<Split>, DatasetError> {
        folds_of(&dataset.perturbations, self, folds, validation, seed)
    }
}

fn folds_of(
    perturbations: &[Perturbation],
    scheme: FoldScheme,
    folds: usize,
    validation: f64,
    seed: u64,
) -> Result<Vec<Split>, DatasetError> {
    if folds < 2 {
        return Err(DatasetError::OutOfRange { what: "number of folds", value: folds as f64, range: "at least 2" });
    }
    check_validation_share(validation)?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let tests = match scheme {
        FoldScheme::KFold => assign_sets(perturbations, folds, &mut random)?,
        FoldScheme::LeaveRegulatorsOut => assign_regulators(perturbations, folds, &mut random)?,
        FoldScheme::LeaveContrastsOut => assign_contrasts(perturbations, folds, &mut random)?,
    };
    let split = |test: BTreeSet<usize>| {
        let train: Vec<_> = (0..perturbations.len()).filter(|row| !test.contains(row)).collect();
        if train.is_empty() {
            return Err(too_few(folds, "what is left for training after one fold", 0));
        }
        let mut split = Split { train, validation: Vec::new(), test: test.into_iter().collect() };
        keep_for_validation(&mut split, perturbations, validation, &mut random);
        split.train.sort_unstable();
        split.validation.sort_unstable();
        Ok(split)
    };
    tests.into_iter().map(split).collect()
}

fn too_few(folds: usize, what: &str, found: usize) -> DatasetError {
    DatasetError::TooFewToSplit {
        wanted: format!("{folds} folds need at least as many of: {what}"),
        found: found.to_string(),
        remedy: "use fewer folds",
    }
}

type Tests = Vec<BTreeSet<usize>>;

fn assign_sets(perturbations: &[Perturbation], folds: usize, random: &mut ChaCha8Rng) -> Result<Tests, DatasetError> {
    let mut sets = gene_sets(perturbations);
    if sets.len() < folds {
        return Err(too_few(folds, "different sets of perturbed genes", sets.len()));
    }
    sets.shuffle(random);
    let mut tests = vec![BTreeSet::new(); folds];
    for (index, (_, rows)) in sets.into_iter().enumerate() {
        tests[index % folds].extend(rows);
    }
    Ok(tests)
}

fn assign_regulators(
    perturbations: &[Perturbation],
    folds: usize,
    random: &mut ChaCha8Rng,
) -> Result<Tests, DatasetError> {
    // In order of appearance, so that the assignment does not depend on how the gene table numbers them.
    let mut seen = BTreeSet::new();
    let mut genes: Vec<GeneId> =
        perturbations.iter().flat_map(Perturbation::genes).filter(|&gene| seen.insert(gene)).collect();
    if genes.len() < folds {
        return Err(too_few(folds, "perturbed genes", genes.len()));
    }
    genes.shuffle(random);
    let fold_of: BTreeMap<_, _> = genes.iter().enumerate().map(|(index, &gene)| (gene, index % folds)).collect();
    let mut tests = vec![BTreeSet::new(); folds];
    for (row, perturbation) in perturbations.iter().enumerate() {
        for gene in perturbation.genes() {
            tests[fold_of[&gene]].insert(row);
        }
    }
    Ok(tests)
}

fn assign_contrasts(
    perturbations: &[Perturbation],
    folds: usize,
    random: &mut ChaCha8Rng,
) -> Result<Tests, DatasetError> {
    let mut repeated: Vec<_> = gene_sets(perturbations).into_iter().filter(|(_, rows)| rows.len() > 1).collect();
    let rows: usize = repeated.iter().map(|(_, rows)| rows.len()).sum();
    if rows < folds {
        return Err(match rows {
            0 => DatasetError::TooFewToSplit {
                wanted: "leaving contrasts out needs perturbations that were measured under two conditions or more"
                    .to_owned(),
                found: "none".to_owned(),
                remedy: "leave regulators out instead",
            },
            _ => too_few(folds, "contrasts of perturbations measured under two conditions or more", rows),
        });
    }
    repeated.shuffle(random);
    // Assigned round and round, so that the rows of one gene set come into different folds.
    let mut tests = vec![BTreeSet::new(); folds];
    let mut next = 0;
    for (_, mut rows) in repeated {
        rows.shuffle(random);
        for row in rows {
            tests[next % folds].insert(row);
            next += 1;
        }
    }
    Ok(tests)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::biology::Direction;

    const SCHEMES: [FoldScheme; 3] = [FoldScheme::KFold, FoldScheme::LeaveRegulatorsOut, FoldScheme::LeaveContrastsOut];

    fn deletions(rows: &[Vec<usize>]) -> Vec<Perturbation> {
        let deletion = |genes: &Vec<usize>| {
            Perturbation::of(genes.iter().map(|&gene| (GeneId::new(gene), Direction::Deletion))).expect("genes")
        };
        rows.iter().map(deletion).collect()
    }

    fn rows() -> impl Strategy<Value = Vec<Vec<usize>>> {
        let genes = proptest::collection::btree_set(0_usize..9, 1..3);
        proptest::collection::vec(genes.prop_map(|genes| genes.into_iter().collect()), 4..40)
    }

    proptest! {
        #[test]
        fn each_fold_uses_every_row_once(rows in rows(), seed in any::<u64>(), folds in 2_usize..6) {
            for scheme in SCHEMES {
                let Ok(splits) = folds_of(&deletions(&rows), scheme, folds, 0.2, seed) else { continue };
                prop_assert_eq!(splits.len(), folds);
                for split in splits {
                    let mut all = [split.train, split.validation, split.test].concat();
                    all.sort_unstable();
                    prop_assert_eq!(all, (0..rows.len()).collect::<Vec<_>>());
                }
            }
        }

        #[test]
        fn what_a_scheme_leaves_out_is_not_learnt_from(rows in rows(), seed in any::<u64>()) {
            let moved = |part: &[usize]| part.iter().flat_map(|&row| rows[row].clone()).collect::<BTreeSet<_>>();
            let sets = |part: &[usize]| part.iter().map(|&row| rows[row].clone()).collect::<BTreeSet<_>>();
            for split in folds_of(&deletions(&rows), FoldScheme::LeaveRegulatorsOut, 3, 0.0, seed).unwrap_or_default() {
                let learnt = moved(&split.train);
                prop_assert!(split.test.iter().all(|&row| rows[row].iter().any(|gene| !learnt.contains(gene))));
            }
            for split in folds_of(&deletions(&rows), FoldScheme::KFold, 3, 0.0, seed).unwrap_or_default() {
                prop_assert!(sets(&split.train).is_disjoint(&sets(&split.test)));
            }
            for split in folds_of(&deletions(&rows), FoldScheme::LeaveContrastsOut, 3, 0.0, seed).unwrap_or_default() {
                prop_assert!(sets(&split.test).is_subset(&sets(&split.train)));
            }
        }

        #[test]
        fn every_row_that_can_be_held_out_is_so_exactly_once(rows in rows(), seed in any::<u64>()) {
            for scheme in [FoldScheme::KFold, FoldScheme::LeaveContrastsOut] {
                let Ok(splits) = folds_of(&deletions(&rows), scheme, 3, 0.0, seed) else { continue };
                let mut tested: Vec<_> = splits.into_iter().flat_map(|split| split.test).collect();
                tested.sort_unstable();
                let repeats = |row: usize| rows.iter().filter(|other| **other == rows[row]).count() > 1;
                let expected: Vec<_> =
                    (0..rows.len()).filter(|&row| scheme == FoldScheme::KFold || repeats(row)).collect();
                prop_assert_eq!(tested, expected);
            }
        }
    }

    #[test]
    fn too_little_to_split_is_refused() {
        let rows = deletions(&[vec![0], vec![0], vec![1]]);
        for (scheme, folds) in [
            (FoldScheme::KFold, 3),
            (FoldScheme::LeaveRegulatorsOut, 3),
            (FoldScheme::LeaveContrastsOut, 3),
            (FoldScheme::KFold, 1),
        ] {
            assert!(folds_of(&rows, scheme, folds, 0.0, 1).is_err(), "{scheme:?}");
        }
        assert!(folds_of(&rows, FoldScheme::KFold, 2, 1.0, 1).is_err());
    }
}
