//! Subspaces: some genes fixed at a value, all others free.

/// Some genes fixed at 0 or 1, all others free: the set of all states that agree with the fixed ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subspace {
    /// Bit 0: the gene may be 0; bit 1: it may be 1. Never neither.
    may: Vec<u8>,
}

const FREE: u8 = 3;

const fn bit(value: bool) -> u8 {
    if value { 2 } else { 1 }
}

impl Subspace {
    /// All states of `n_genes` genes.
    #[must_use]
    pub fn whole(n_genes: usize) -> Self {
        Self { may: vec![FREE; n_genes] }
    }

    /// A single state.
    #[must_use]
    pub fn of_state(state: &[bool]) -> Self {
        Self { may: state.iter().map(|&value| bit(value)).collect() }
    }

    /// Number of genes, fixed and free.
    #[must_use]
    pub fn n_genes(&self) -> usize {
        self.may.len()
    }

    /// The value at which a gene is fixed, `None` if it is free.
    #[must_use]
    pub fn value(&self, gene: usize) -> Option<bool> {
        match self.may[gene] {
            FREE => None,
            fixed => Some(fixed == bit(true)),
        }
    }

    /// True if some state of the subspace has the gene at `value`.
    #[must_use]
    pub fn may_be(&self, gene: usize, value: bool) -> bool {
        self.may[gene] & bit(value) != 0
    }

    /// The free genes, in order.
    pub fn free(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.may.len()).filter(|&gene| self.may[gene] == FREE)
    }

    /// Number of free genes.
    #[must_use]
    pub fn n_free(&self) -> usize {
        self.may.iter().filter(|&&may| may == FREE).count()
    }

    /// True if every state of `other` is one of this subspace.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.may.iter().zip(&other.may).all(|(own, other)| own & other == *other)
    }

    /// True if `state` is one of this subspace.
    #[must_use]
    pub fn contains_state(&self, state: &[bool]) -> bool {
        self.may.iter().zip(state).all(|(own, &value)| own & bit(value) != 0)
    }

    /// The subspace as text: `0`, `1` or `*` for each gene.
    #[must_use]
    pub fn text(&self) -> String {
        (0..self.may.len()).map(|gene| mark(self.value(gene))).collect()
    }

    pub(super) fn fix(&mut self, gene: usize, value: bool) {
        self.may[gene] = bit(value);
    }

    pub(super) fn admit(&mut self, gene: usize, value: bool) {
        self.may[gene] |= bit(value);
    }

    pub(super) fn admit_state(&mut self, state: &[bool]) {
        self.may.iter_mut().zip(state).for_each(|(own, &value)| *own |= bit(value));
    }
}

/// `0`, `1`, or `*` for a gene that is free.
#[must_use]
pub const fn mark(value: Option<bool>) -> char {
    match value {
        None => '*',
        Some(true) => '1',
        Some(false) => '0',
    }
}
