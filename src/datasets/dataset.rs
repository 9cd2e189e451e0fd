//! Perturbation experiments with their responses, and the parts they are split into.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::biology::{GeneId, Perturbation, ResponseMatrix, ResponseValues};

/// Perturbation experiments with their observed responses.
///
/// Rows are experiments: the same perturbation under two conditions is two rows with one gene set, which no split
/// tears apart unless it is told to.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Name of each row, unique, for example the contrast.
    pub names: Vec<String>,
    /// What was done in each row.
    pub perturbations: Vec<Perturbation>,
    /// What was observed; a perturbed gene's own response is never scored.
    pub observed: ResponseMatrix,
    /// Log2 fold changes, if the table gave any, also where no response was called from them. Predictors do not learn from
    /// them: they rank what is evidence for a regulation, and predicted changes are scored against those with a response.
    pub log2fc: Option<ResponseValues>,
}

impl Dataset {
    /// Experiments of which the responses are known, but no fold changes.
    #[must_use]
    pub const fn new(names: Vec<String>, perturbations: Vec<Perturbation>, observed: ResponseMatrix) -> Self {
        Self { names, perturbations, observed, log2fc: None }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.perturbations.len()
    }

    /// True if there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.perturbations.is_empty()
    }

    /// The row of this name.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// The named rows, in the order asked for.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            names: rows.iter().map(|&row| self.names[row].clone()).collect(),
            perturbations: rows.iter().map(|&row| self.perturbations[row].clone()).collect(),
            observed: self.observed.select(rows),
            log2fc: self.log2fc.as_ref().map(|log2fc| log2fc.select(rows)),
        }
    }

    /// The same rows over a gene table that has grown to `n_genes` genes; the new genes are not measured.
    ///
    /// # Panics
    /// If `n_genes` is less than the number of genes already there.
    #[must_use]
    pub fn widened(mut self, n_genes: usize) -> Self {
        let present = self.observed.n_genes();
        assert!(n_genes >= present, "a gene table only grows");
        if n_genes == present {
            return self;
        }
        let mut entries = Vec::with_capacity(self.len() * n_genes);
        for row in 0..self.len() {
            entries.extend_from_slice(self.observed.row(row));
            entries.resize((row + 1) * n_genes, None);
        }
        self.observed = ResponseMatrix::from_entries(self.len(), n_genes, entries);
        self.log2fc = self.log2fc.map(|log2fc| log2fc.widened(n_genes));
        self
    }

    /// The fold changes of the entries with a response; the others are missing.
    #[must_use]
    pub fn called_changes(&self) -> Option<ResponseValues> {
        let log2fc = self.log2fc.as_ref()?;
        let of_row = |row: usize| {
            let called = log2fc.row(row).zip(self.observed.row(row));
            called.map(|(change, response)| change.filter(|_| response.is_some()).unwrap_or(f32::NAN))
        };
        let values: Vec<_> = (0..self.len()).flat_map(of_row).collect();
        Some(ResponseValues::from_values(self.len(), self.observed.n_genes(), &values))
    }

    /// A control: the perturbations of `rows` are permuted, rows of one perturbation together. How often each gene
    /// responds, and which genes respond together, stays; what it has to do with the perturbation is lost.
    #[must_use]
    pub fn permuted(&self, rows: &[usize], seed: u64) -> Self {
        let different: BTreeSet<_> = rows.iter().map(|&row| &self.perturbations[row]).collect();
        let mut assigned: Vec<_> = different.iter().copied().collect();
        assigned.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let assigned: BTreeMap<_, _> = different.into_iter().zip(assigned).collect();
        let mut permuted = self.clone();
        for &row in rows {
            permuted.perturbations[row] = assigned[&self.perturbations[row]].clone();
        }
        permuted
    }

    /// The different sets of perturbed genes, in order of first appearance, each with its rows. Directions do not
    /// matter: a gene deleted and the same gene overexpressed are one set.
    #[must_use]
    pub fn gene_sets(&self) -> Vec<(Vec<GeneId>, Vec<usize>)> {
        gene_sets(&self.perturbations)
    }

    /// Pairs of a perturbation and a gene that several rows observed, not all of them with the same response. Each row
    /// keeps what it observed.
    #[must_use]
    pub fn contested(&self) -> usize {
        let mut rows_of: BTreeMap<&Perturbation, Vec<usize>> = BTreeMap::new();
        for (row, perturbation) in self.perturbations.iter().enumerate() {
            rows_of.entry(perturbation).or_default().push(row);
        }
        let differs = |rows: &[usize], gene: GeneId| {
            let mut seen = rows.iter().filter_map(|&row| self.observed.get(row, gene));
            seen.next().is_some_and(|first| seen.any(|other| other != first))
        };
        let genes = || (0..self.observed.n_genes()).map(GeneId::new);
        let repeated = rows_of.values().filter(|rows| rows.len() > 1);
        repeated.map(|rows| genes().filter(|&gene| differs(rows, gene)).count()).sum()
    }

    /// Genes measured in at least one row, in order.
    #[must_use]
    pub fn measured_genes(&self) -> Vec<GeneId> {
        let mut measured = vec![false; self.observed.n_genes()];
        for row in 0..self.len() {
            for (seen, entry) in measured.iter_mut().zip(self.observed.row(row)) {
                *seen |= entry.is_some();
            }
        }
        measured.iter().enumerate().filter(|(_, seen)| **seen).map(|(gene, _)| GeneId::new(gene)).collect()
    }
}

/// The different gene sets of some perturbations, in order of first appearance, each with its rows.
pub(super) fn gene_sets(perturbations: &[Perturbation]) -> Vec<(Vec<GeneId>, Vec<usize>)> {
    let mut index = std::collections::HashMap::new();
    let mut sets: Vec<(Vec<GeneId>, Vec<usize>)> = Vec::new();
    for (row, perturbation) in perturbations.iter().enumerate() {
        let genes: Vec<_> = perturbation.genes().collect();
        let set = *index.entry(genes.clone()).or_insert_with(|| {
            sets.push((genes, Vec::new()));
            sets.len() - 1
        });
        sets[set].1.push(row);
    }
    sets
}

/// Which rows are fitted, which progress over the fit, and which are never seen by it. Sorted, disjoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Split {
    /// Rows that are learnt from.
    pub train: Vec<usize>,
    /// Rows for early stopping and calibration.
    pub validation: Vec<usize>,
    /// Rows that only the scores see.
    pub test: Vec<usize>,
}

impl Split {
    /// Training and validation rows together, sorted.
    #[must_use]
    pub fn learnt_from(&self) -> Vec<usize> {
        let mut learnt = [self.train.as_slice(), &self.validation].concat();
        learnt.sort_unstable();
        learnt
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::Response;

    #[test]
    fn genes_learnt_of_later_are_not_measured() {
        let mut observed = ResponseMatrix::unmeasured(2, 2);
        observed.set(1, GeneId::new(0), Some(Response::Up));
        let perturbations = vec![Perturbation::deletion(GeneId::new(0)); 2];
        let dataset = Dataset::new(vec!["a".into(), "b".into()], perturbations, observed).widened(4);
        assert_eq!(dataset.observed.n_genes(), 4);
        assert_eq!(dataset.observed.get(1, GeneId::new(0)), Some(Response::Up));
        assert_eq!(dataset.observed.measured(), 1);
        assert_eq!(dataset.measured_genes(), [GeneId::new(0)]);
    }

    #[test]
    fn a_control_permutes_perturbations_anew_and_leaves_every_other_row_and_every_response() {
        let perturbations: Vec<_> = (0..12).map(|row| Perturbation::deletion(GeneId::new(row / 2))).collect();
        let mut observed = ResponseMatrix::unmeasured(12, 6);
        observed.set(3, GeneId::new(0), Some(Response::Up));
        let names = (0..12).map(|row| row.to_string()).collect();
        let dataset = Dataset::new(names, perturbations, observed);
        let permuted = dataset.permuted(&(0..10).collect::<Vec<_>>(), 1);
        assert_eq!(permuted, dataset.permuted(&(0..10).collect::<Vec<_>>(), 1));
        assert_ne!(permuted.perturbations, dataset.perturbations);
        assert_eq!((&permuted.names, &permuted.observed), (&dataset.names, &dataset.observed));
        assert_eq!(permuted.perturbations[10..], dataset.perturbations[10..]);
        // Two rows of one gene are still two rows of one gene, and no gene is lost.
        assert!(permuted.perturbations[..10].chunks(2).all(|pair| pair[0] == pair[1]));
        let sorted = |dataset: &Dataset| dataset.perturbations.iter().cloned().collect::<BTreeSet<_>>();
        assert_eq!(sorted(&permuted), sorted(&dataset));
    }

    #[test]
    fn only_rows_of_one_perturbation_can_contest_each_other() {
        let gene = GeneId::new(0);
        let perturbations =
            vec![Perturbation::deletion(gene), Perturbation::deletion(gene), Perturbation::overexpression(gene)];
        let responses =
            [[Response::Up, Response::Up], [Response::Up, Response::Down], [Response::Down, Response::Down]];
        let entries = responses.concat().into_iter().map(Some).chain([None; 3]).collect::<Vec<_>>();
        let observed = ResponseMatrix::from_entries(3, 3, entries[..9].to_vec());
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        // Laid end to end, three genes a row: up up up / down down down / nothing measured.
        assert_eq!(Dataset::new(names, perturbations, observed).contested(), 3);
    }

    #[test]
    fn a_gene_deleted_and_the_same_gene_overexpressed_are_one_gene_set() {
        let gene = GeneId::new(3);
        let sets = gene_sets(&[Perturbation::deletion(gene), Perturbation::overexpression(gene)]);
        assert_eq!(sets, [(vec![gene], vec![0, 1])]);
    }
}
