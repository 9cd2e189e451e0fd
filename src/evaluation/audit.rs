//! Does a split leak? What a held-out experiment shares with those that are learnt from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::biology::{GeneId, GeneTable};
use crate::datasets::{Dataset, Split};

/// The splits of one way of splitting and one seed; the seed is also that of every method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeededSplits {
    /// How they were made, for example `leave-regulators-out`.
    pub scheme: String,
    /// The seed.
    pub seed: u64,
    /// The splits.
    pub splits: Vec<Split>,
    /// True if they mean to hold out other experiments of gene sets that are learnt from, as leave-contrasts-out does.
    pub repeats_meant: bool,
}

/// What the parts of all splits of one way of splitting share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// How the splits were made.
    pub scheme: String,
    /// Splits looked at, over all seeds.
    pub splits: usize,
    /// Experiments held out, over all splits.
    pub held_out: usize,
    /// Held-out experiments that the same split learns from: the very same row.
    pub same_experiment: usize,
    /// Held-out experiments whose set of perturbed genes the same split learns from, under whatever name: `A+ctrl` and
    /// `ctrl+A` are one.
    pub same_gene_set: usize,
    /// The same against the validation part alone, which stops and calibrates fits.
    pub same_gene_set_in_validation: usize,
    /// Held-out experiments of which some perturbed gene, but not the set, is learnt from.
    pub same_gene: usize,
    /// Some of the gene sets in `same_gene_set`, for a message.
    pub examples: Vec<String>,
    /// True if the way of splitting means to hold out other experiments of gene sets that are learnt from.
    pub repeats_meant: bool,
}

impl Audit {
    /// Looks at every split.
    #[must_use]
    pub fn of(seeded: &[&SeededSplits], dataset: &Dataset, genes: &GeneTable) -> Self {
        let mut audit = Self {
            scheme: seeded.first().map_or_else(String::new, |splits| splits.scheme.clone()),
            repeats_meant: seeded.iter().any(|splits| splits.repeats_meant),
            ..Self::default()
        };
        let mut shared = BTreeSet::new();
        for split in seeded.iter().flat_map(|splits| &splits.splits) {
            audit.add(split, dataset, &mut shared);
        }
        let label = |set: &Vec<GeneId>| set.iter().map(|&gene| genes.symbol(gene)).collect::<Vec<_>>().join("+");
        audit.examples = shared.iter().take(5).map(label).collect();
        audit
    }

    fn add(&mut self, split: &Split, dataset: &Dataset, shared: &mut BTreeSet<Vec<GeneId>>) {
        let set = |row: usize| -> Vec<GeneId> { dataset.perturbations[row].genes().collect() };
        let sets = |rows: &[usize]| -> BTreeSet<Vec<GeneId>> { rows.iter().map(|&row| set(row)).collect() };
        let learnt = split.learnt_from();
        let (learnt_sets, validation_sets) = (sets(&learnt), sets(&split.validation));
        let learnt_genes: BTreeSet<GeneId> = learnt_sets.iter().flatten().copied().collect();
        self.splits += 1;
        self.held_out += split.test.len();
        for &row in &split.test {
            let set = set(row);
            self.same_experiment += usize::from(learnt.binary_search(&row).is_ok());
            self.same_gene_set_in_validation += usize::from(validation_sets.contains(&set));
            if learnt_sets.contains(&set) {
                self.same_gene_set += 1;
                shared.insert(set);
            } else if set.iter().any(|gene| learnt_genes.contains(gene)) {
                self.same_gene += 1;
            }
        }
    }

    /// True if scores on the held-out rows would count what was learnt by heart.
    #[must_use]
    pub const fn leaks(&self) -> bool {
        self.same_experiment > 0 || (self.same_gene_set > 0 && !self.repeats_meant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Perturbation, ResponseMatrix};

    fn dataset(genes: &[&[usize]]) -> (Dataset, GeneTable) {
        let mut table = GeneTable::new();
        for symbol in ["a", "b", "c", "d"] {
            table.intern(symbol);
        }
        let perturbation = |set: &&[usize]| {
            let changes = set.iter().map(|&gene| (GeneId::new(gene), crate::biology::Direction::Deletion));
            Perturbation::of(changes).expect("some gene")
        };
        let dataset = Dataset::new(
            (0..genes.len()).map(|row| row.to_string()).collect(),
            genes.iter().map(perturbation).collect(),
            ResponseMatrix::unmeasured(genes.len(), 4),
        );
        (dataset, table)
    }

    fn audit(split: Split, repeats_meant: bool) -> Audit {
        let (dataset, genes) = dataset(&[&[0], &[0], &[0, 1], &[1, 0], &[2]]);
        let seeded = SeededSplits { scheme: "given".into(), seed: 1, splits: vec![split], repeats_meant };
        Audit::of(&[&seeded], &dataset, &genes)
    }

    #[test]
    fn two_names_of_one_pair_of_genes_are_a_leak() {
        let found = audit(Split { train: vec![0, 2], validation: vec![], test: vec![3, 4] }, false);
        assert!(found.leaks());
        assert_eq!((found.same_gene_set, found.same_gene, found.examples), (1, 0, vec!["a+b".to_owned()]));
    }

    #[test]
    fn a_shared_gene_alone_is_told_and_no_leak() {
        let found = audit(Split { train: vec![0], validation: vec![1], test: vec![2, 3, 4] }, false);
        assert!(!found.leaks());
        assert_eq!((found.same_gene_set, found.same_gene, found.held_out), (0, 2, 3));
    }

    #[test]
    fn another_experiment_of_the_same_gene_set_may_be_meant_the_same_experiment_never() {
        let split = Split { train: vec![2], validation: vec![0], test: vec![1, 3] };
        let found = audit(split.clone(), true);
        assert_eq!((found.same_gene_set, found.same_gene_set_in_validation), (2, 1));
        assert!(!found.leaks() && audit(split, false).leaks());
        assert!(audit(Split { train: vec![0, 4], validation: vec![], test: vec![4] }, true).leaks());
    }
}
