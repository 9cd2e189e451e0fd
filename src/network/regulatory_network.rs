//! Compressed rows both ways: who is regulated by a gene, and who regulates it.

use std::collections::BTreeSet;

use crate::biology::{GeneId, Regulation, Revision, RevisionKind, RevisionStatus, Sign, StatementKind};

/// The gene at the other end of a regulation or an effect, and the sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Neighbour {
    /// Target or regulator, according to the direction asked for.
    pub gene: GeneId,
    /// Sign of the statement.
    pub sign: Sign,
}

/// A set of signed regulations over `n` genes, and next to it one of effects; immutable, in canonical order.
///
/// An effect says that perturbing one gene moves another, mechanism open: the same triple as a regulation, but no walk
/// takes it. Whatever is said of neighbours, regulators and targets here is of regulations alone.
///
/// # Complexity
/// `O(n + regulations + effects)` memory; the neighbours of a gene are one slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegulatoryNetwork {
    n_genes: usize,
    regulations: Vec<Regulation>,
    target_starts: Vec<usize>,
    targets: Vec<Neighbour>,
    regulator_starts: Vec<usize>,
    regulators: Vec<Neighbour>,
    effects: Vec<Regulation>,
    /// Empty if there are no effects.
    effect_starts: Vec<usize>,
    moved: Vec<Neighbour>,
}

impl RegulatoryNetwork {
    /// The network of these regulations, without effects; repeats count once.
    ///
    /// # Panics
    /// If a regulation names a gene outside `0..n_genes`.
    #[must_use]
    pub fn new(n_genes: usize, regulations: impl IntoIterator<Item = Regulation>) -> Self {
        let regulations = canonical(n_genes, regulations);
        let backward = |edge: &Regulation| (edge.target, Neighbour { gene: edge.regulator, sign: edge.sign });
        let (target_starts, targets) = compress(n_genes, regulations.iter().map(forward));
        let (regulator_starts, regulators) = compress(n_genes, regulations.iter().map(backward));
        let (effects, effect_starts, moved) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            n_genes,
            regulations,
            target_starts,
            targets,
            regulator_starts,
            regulators,
            effects,
            effect_starts,
            moved,
        }
    }

    /// The same regulations with exactly these effects in place of those there were; repeats count once.
    ///
    /// # Panics
    /// If an effect names a gene outside `0..n_genes`.
    #[must_use]
    pub fn with_effects(mut self, effects: impl IntoIterator<Item = Regulation>) -> Self {
        self.effects = canonical(self.n_genes, effects);
        (self.effect_starts, self.moved) = match self.effects.as_slice() {
            [] => (Vec::new(), Vec::new()),
            effects => compress(self.n_genes, effects.iter().map(forward)),
        };
        self
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

    /// All effects, sorted by regulator, target, sign.
    #[must_use]
    pub fn effects(&self) -> &[Regulation] {
        &self.effects
    }

    /// The genes that move when `gene` is perturbed, by the effects alone.
    #[must_use]
    pub fn effects_of(&self, gene: GeneId) -> &[Neighbour] {
        match self.effect_starts.as_slice() {
            [] => &[],
            starts => &self.moved[starts[gene.index()]..starts[gene.index() + 1]],
        }
    }

    /// Genes with a regulation of, or an effect on, a gene besides themselves, in order: those whose perturbation is said to
    /// move anything.
    pub fn moving_genes(&self) -> impl Iterator<Item = GeneId> {
        let moves = |gene: GeneId| {
            let mut statements = self.targets_of(gene).iter().chain(self.effects_of(gene));
            statements.any(|edge| edge.gene != gene)
        };
        (0..self.n_genes).map(GeneId::new).filter(move |&gene| moves(gene))
    }

    /// True if the network holds exactly this effect.
    #[must_use]
    pub fn contains_effect(&self, effect: Regulation) -> bool {
        self.effects.binary_search(&effect).is_ok()
    }

    /// The network after all *applied* revisions, those of regulations and those of effects.
    #[must_use]
    pub fn revised(&self, revisions: &[Revision]) -> Self {
        let revised = |statements: &[Regulation], kind| {
            let mut statements: BTreeSet<_> = statements.iter().copied().collect();
            let of_kind = |revision: &&Revision| revision.statement == kind;
            let applied = revisions.iter().filter(|revision| revision.status == RevisionStatus::Applied);
            for revision in applied.filter(of_kind) {
                if let Some(retracted) = revision.retracted() {
                    statements.remove(&retracted);
                }
                statements.extend(revision.gained());
            }
            statements
        };
        Self::new(self.n_genes, revised(&self.regulations, StatementKind::Regulation))
            .with_effects(revised(&self.effects, StatementKind::Effect))
    }

    /// The revisions of regulations that lead from this network to another: a flip where one sign between two genes gave
    /// way to the other. Of effects, [`Self::effect_revisions_to`] tells.
    #[must_use]
    pub fn revisions_to(&self, after: &Self) -> Vec<(RevisionKind, Regulation)> {
        revisions_between(&self.regulations, &after.regulations)
    }

    /// The revisions of effects that lead from this network to another, see [`Self::revisions_to`].
    #[must_use]
    pub fn effect_revisions_to(&self, after: &Self) -> Vec<(RevisionKind, Regulation)> {
        revisions_between(&self.effects, &after.effects)
    }
}

const fn forward(edge: &Regulation) -> (GeneId, Neighbour) {
    (edge.regulator, Neighbour { gene: edge.target, sign: edge.sign })
}

fn canonical(n_genes: usize, statements: impl IntoIterator<Item = Regulation>) -> Vec<Regulation> {
    let mut statements: Vec<_> = statements.into_iter().collect();
    statements.sort_unstable();
    statements.dedup();
    let inside = |edge: &Regulation| edge.regulator.index() < n_genes && edge.target.index() < n_genes;
    assert!(statements.iter().all(inside), "a statement names a gene outside the table");
    statements
}

fn revisions_between(before: &[Regulation], after: &[Regulation]) -> Vec<(RevisionKind, Regulation)> {
    let lacks = |statements: &[Regulation], edge: &Regulation| statements.binary_search(edge).is_err();
    let lost = before.iter().copied().filter(|edge| lacks(after, edge));
    let gained: BTreeSet<_> = after.iter().copied().filter(|edge| lacks(before, edge)).collect();
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
            // 2 → 3 gains the other sign next to its own: an addition, no flip.
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
    fn effects_lie_beside_regulations_and_are_no_steps_of_walks() {
        use Sign::{Activation, Inhibition};
        let effects = [regulation(1, 2, Inhibition), regulation(0, 2, Activation), regulation(1, 2, Inhibition)];
        let network = RegulatoryNetwork::new(3, [regulation(0, 1, Activation)]).with_effects(effects);
        assert_eq!(network.effects(), [regulation(0, 2, Activation), regulation(1, 2, Inhibition)]);
        assert_eq!(network.effects_of(GeneId::new(1)), [Neighbour { gene: GeneId::new(2), sign: Inhibition }]);
        assert!(network.effects_of(GeneId::new(2)).is_empty() && network.targets_of(GeneId::new(1)).is_empty());
        assert!(network.contains_effect(effects[0]) && !network.contains(effects[0]));
        assert!(!network.contains_effect(regulation(0, 1, Activation)));
        assert_ne!(network, network.clone().with_effects([]));
        assert!(network.clone().with_effects([]).effects_of(GeneId::new(1)).is_empty());
    }

    #[test]
    fn a_revision_of_an_effect_leaves_the_regulation_of_the_same_genes_alone() {
        use crate::biology::Evidence;
        let edge = regulation(0, 1, Sign::Activation);
        let network = RegulatoryNetwork::new(2, [edge]).with_effects([edge]);
        let revision = |kind, statement, status| {
            network.revised(&[Revision { kind, statement, regulation: edge, status, evidence: Evidence::default() }])
        };
        use RevisionStatus::{Applied, Proposed};
        let flipped = revision(RevisionKind::SignFlipped, StatementKind::Effect, Applied);
        assert_eq!((flipped.regulations(), flipped.effects()), (&[edge][..], &[edge.flipped()][..]));
        assert_eq!(network.effect_revisions_to(&flipped), [(RevisionKind::SignFlipped, edge)]);
        assert!(network.revisions_to(&flipped).is_empty());
        let removed = revision(RevisionKind::Removed, StatementKind::Regulation, Applied);
        assert_eq!((removed.regulations(), removed.effects()), (&[][..], &[edge][..]));
        assert_eq!(revision(RevisionKind::Removed, StatementKind::Effect, Proposed), network);
    }

    #[test]
    fn a_gene_that_regulates_only_itself_is_no_regulator_of_others() {
        let network = RegulatoryNetwork::new(2, [regulation(0, 0, Sign::Inhibition)]);
        assert_eq!(network.regulators().count(), 0);
    }
}
