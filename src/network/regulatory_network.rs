//! Compressed rows both ways: who is regulated by a gene, and who regulates it.

use std::collections::BTreeSet;

use crate::biology::{GeneId, Regulation, Revision, RevisionKind, RevisionStatus, Sign};

/// The gene at the other end of a regulation, and the sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Neighbour {
    /// Target or regulator, according to the direction asked for.
    pub gene: GeneId,
    /// Sign of the regulation.
    pub sign: Sign,
}

/// A set of signed regulations over `n` genes, immutable, in canonical order.
///
/// # Complexity
/// `O(n + regulations)` memory; the neighbours of a gene are one slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegulatoryNetwork {
    n_genes: usize,
    regulations: Vec<Regulation>,
    target_starts: Vec<usize>,
    targets: Vec<Neighbour>,
    regulator_starts: Vec<usize>,
    regulators: Vec<Neighbour>,
}

impl RegulatoryNetwork {
    /// The network of these regulations; repeats count once.
    ///
    /// # Panics
    /// If a regulation names a gene outside `0..n_genes`.
    #[must_use]
    pub fn new(n_genes: usize, regulations: impl IntoIterator<Item = Regulation>) -> Self {
        let mut regulations: Vec<_> = regulations.into_iter().collect();
        regulations.sort_unstable();
        regulations.dedup();
        let inside = |edge: &Regulation| edge.regulator.index() < n_genes && edge.target.index() < n_genes;
        assert!(regulations.iter().all(inside), "a regulation names a gene outside the table");

        let forward = |edge: &Regulation| (edge.regulator, Neighbour { gene: edge.target, sign: edge.sign });
        let backward = |edge: &Regulation| (edge.target, Neighbour { gene: edge.regulator, sign: edge.sign });
        let (target_starts, targets) = compress(n_genes, regulations.iter().map(forward));
        let (regulator_starts, regulators) = compress(n_genes, regulations.iter().map(backward));
        Self { n_genes, regulations, target_starts, targets, regulator_starts, regulators }
    }

    /// Number of genes, also of those without regulations.
    #[must_use]
    pub const fn n_genes(&self) -> usize {
        self.n_genes
    }

    /// All regulations, sorted by regulator, target, sign.
    #[must_use]
    pub fn regulations(&self) -> &[Regulation] {
        &self.regulations
    }

    /// True if the network holds exactly this regulation.
    #[must_use]
    pub fn contains(&self, regulation: Regulation) -> bool {
        let Regulation { regulator, target, sign } = regulation;
        regulator.index() < self.n_genes
            && self.targets_of(regulator).binary_search(&Neighbour { gene: target, sign }).is_ok()
    }

    /// The genes that `gene` regulates.
    #[must_use]
    pub fn targets_of(&self, gene: GeneId) -> &[Neighbour] {
        &self.targets[self.target_starts[gene.index()]..self.target_starts[gene.index() + 1]]
    }

    /// The genes that regulate `gene`.
    #[must_use]
    pub fn regulators_of(&self, gene: GeneId) -> &[Neighbour] {
        &self.regulators[self.regulator_starts[gene.index()]..self.regulator_starts[gene.index() + 1]]
    }

    /// Genes with at least one target besides themselves, in order.
    pub fn regulators(&self) -> impl Iterator<Item = GeneId> {
        (0..self.n_genes).map(GeneId::new).filter(|&gene| self.targets_of(gene).iter().any(|edge| edge.gene != gene))
    }

    /// The network after all *applied* revisions.
    #[must_use]
    pub fn revised(&self, revisions: &[Revision]) -> Self {
        let mut regulations: BTreeSet<_> = self.regulations.iter().copied().collect();
        for revision in revisions.iter().filter(|revision| revision.status == RevisionStatus::Applied) {
            if let Some(withdrawn) = revision.withdrawn() {
                regulations.remove(&withdrawn);
            }
            regulations.extend(revision.gained());
        }
        Self::new(self.n_genes, regulations)
    }

    /// The revisions that lead from this network to another: a flip where one sign between two genes gave way to the other.
    #[must_use]
    pub fn revisions_to(&self, after: &Self) -> Vec<(RevisionKind, Regulation)> {
        let lost = self.regulations.iter().copied().filter(|&edge| !after.contains(edge));
        let gained: BTreeSet<_> = after.regulations.iter().copied().filter(|&edge| !self.contains(edge)).collect();
        let mut flipped_to = BTreeSet::new();
        let mut made = Vec::new();
        for edge in lost {
            if gained.contains(&edge.flipped()) {
                flipped_to.insert(edge.flipped());
                made.push((RevisionKind::SignFlipped, edge));
            } else {
                made.push((RevisionKind::Removed, edge));
            }
        }
        made.extend(gained.difference(&flipped_to).map(|&edge| (RevisionKind::Added, edge)));
        made
    }
}

fn compress(n_genes: usize, edges: impl Iterator<Item = (GeneId, Neighbour)> + Clone) -> (Vec<usize>, Vec<Neighbour>) {
    let mut starts = vec![0; n_genes + 1];
    for (gene, _) in edges.clone() {
        starts[gene.index() + 1] += 1;
    }
    for index in 0..n_genes {
        starts[index + 1] += starts[index];
    }
    let mut next = starts.clone();
    let unset = Neighbour { gene: GeneId::new(0), sign: Sign::Activation };
    let mut neighbours = vec![unset; starts[n_genes]];
    for (gene, neighbour) in edges {
        neighbours[next[gene.index()]] = neighbour;
        next[gene.index()] += 1;
    }
    (starts, neighbours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regulation(regulator: usize, target: usize, sign: Sign) -> Regulation {
        Regulation::new(GeneId::new(regulator), GeneId::new(target), sign)
    }

    #[test]
    fn revisions_are_told_by_what_lies_between_two_networks() {
        use Sign::{Activation, Inhibition};
        let original = RegulatoryNetwork::new(
            4,
            [regulation(0, 1, Activation), regulation(1, 2, Activation), regulation(2, 3, Activation)],
        );
        let refined = RegulatoryNetwork::new(
            4,
            // 2 → 3 gains the other sign beside its own: an addition, no flip.
            [
                regulation(0, 1, Inhibition),
                regulation(2, 3, Activation),
                regulation(2, 3, Inhibition),
                regulation(0, 3, Activation),
            ],
        );
        let told = [
            (RevisionKind::Added, regulation(0, 3, Activation)),
            (RevisionKind::Added, regulation(2, 3, Inhibition)),
            (RevisionKind::Removed, regulation(1, 2, Activation)),
            (RevisionKind::SignFlipped, regulation(0, 1, Activation)),
        ];
        let mut made = original.revisions_to(&refined);
        made.sort_unstable();
        assert_eq!(made, told);
        assert!(original.revisions_to(&original).is_empty());
    }

    #[test]
    fn both_signs_between_two_genes_stay_two_regulations() {
        let edges = Sign::BOTH.map(|sign| regulation(0, 1, sign));
        let network = RegulatoryNetwork::new(2, edges.into_iter().chain(edges));
        assert_eq!(network.regulations(), edges);
        assert_eq!(network.targets_of(GeneId::new(0)).len(), 2);
        assert_eq!(network.regulators_of(GeneId::new(1)).len(), 2);
    }

    #[test]
    fn a_gene_that_regulates_only_itself_is_no_regulator_of_others() {
        let network = RegulatoryNetwork::new(2, [regulation(0, 0, Sign::Inhibition)]);
        assert_eq!(network.regulators().count(), 0);
    }
}
