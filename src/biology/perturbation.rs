//! What was done to a cell: genes deleted or overexpressed, one or several at once.

use serde::{Deserialize, Serialize};

use super::{BiologyError, GeneId, GeneTable};

/// What was done to one gene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Deleted, knocked out or knocked down (CRISPRi): less of it.
    Deletion,
    /// Overexpressed or activated (CRISPRa): more of it.
    Overexpression,
}

impl Direction {
    /// −1 for deletion, +1 for overexpression.
    #[must_use]
    pub const fn value(self) -> i8 {
        match self {
            Self::Deletion => -1,
            Self::Overexpression => 1,
        }
    }

    const fn mark(self) -> char {
        match self {
            Self::Deletion => '-',
            Self::Overexpression => '+',
        }
    }
}

/// One or several genes moved at once: `x ∈ {−1, 0, +1}ⁿ` in sparse form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Perturbation {
    changes: Vec<(GeneId, Direction)>,
}

impl Perturbation {
    /// A perturbation of these genes, or `None` if there are none or one gene is moved both ways.
    #[must_use]
    pub fn of(changes: impl IntoIterator<Item = (GeneId, Direction)>) -> Option<Self> {
        let mut changes: Vec<_> = changes.into_iter().collect();
        changes.sort_unstable();
        changes.dedup();
        let contradictory = changes.windows(2).any(|pair| pair[0].0 == pair[1].0);
        (!changes.is_empty() && !contradictory).then_some(Self { changes })
    }

    /// A single gene deleted or knocked down.
    #[must_use]
    pub fn deletion(gene: GeneId) -> Self {
        Self { changes: vec![(gene, Direction::Deletion)] }
    }

    /// A single gene overexpressed.
    #[must_use]
    pub fn overexpression(gene: GeneId) -> Self {
        Self { changes: vec![(gene, Direction::Overexpression)] }
    }

    /// Reads `crp-` or `A-,B+`: genes parted by commas, each followed by its mark; a gene without a mark moves in the
    /// `default` direction.
    ///
    /// # Errors
    /// A gene that the table does not hold, no gene at all, or one gene moved both ways.
    pub fn parse(text: &str, default: Direction, genes: &GeneTable) -> Result<Self, BiologyError> {
        let mut changes = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            // A symbol may itself end in a mark, so the whole part is tried as a name first.
            let (name, direction) = match (genes.find(part)?, part.strip_suffix('-'), part.strip_suffix('+')) {
                (None, Some(name), _) => (name.trim_end(), Direction::Deletion),
                (None, _, Some(name)) => (name.trim_end(), Direction::Overexpression),
                _ => (part, default),
            };
            changes.push((genes.resolve(name)?, direction));
        }
        if changes.is_empty() {
            return Err(BiologyError::EmptyPerturbation { text: text.to_owned() });
        }
        changes.sort_unstable();
        changes.dedup();
        if let Some(pair) = changes.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let gene = genes.symbol(pair[0].0).to_owned();
            return Err(BiologyError::ContradictoryPerturbation { text: text.to_owned(), gene });
        }
        Ok(Self { changes })
    }

    /// The moved genes with their directions, by gene.
    #[must_use]
    pub fn changes(&self) -> &[(GeneId, Direction)] {
        &self.changes
    }

    /// The moved genes, in order: two perturbations of the same gene set may not be split apart.
    pub fn genes(&self) -> impl Iterator<Item = GeneId> {
        self.changes.iter().map(|&(gene, _)| gene)
    }

    /// True if `gene` is one of the moved genes.
    #[must_use]
    pub fn moves(&self, gene: GeneId) -> bool {
        self.changes.binary_search_by_key(&gene, |&(moved, _)| moved).is_ok()
    }

    /// The notation read by [`Perturbation::parse`], for example `crp-` or `A-,B+`.
    #[must_use]
    pub fn label(&self, genes: &GeneTable) -> String {
        let parts: Vec<_> = self
            .changes
            .iter()
            .map(|&(gene, direction)| format!("{}{}", genes.symbol(gene), direction.mark()))
            .collect();
        parts.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perturbation_is_read_as_it_is_written() {
        let mut genes = GeneTable::new();
        genes.intern("A");
        genes.intern("B");
        for text in ["A-", "A-,B+", "B+"] {
            let perturbation = Perturbation::parse(text, Direction::Deletion, &genes).expect(text);
            assert_eq!(perturbation.label(&genes), text);
        }
    }

    #[test]
    fn a_gene_deleted_and_overexpressed_at_once_is_refused() {
        let mut genes = GeneTable::new();
        genes.intern("A");
        let error = Perturbation::parse("A-,A+", Direction::Deletion, &genes).expect_err("contradiction");
        assert!(matches!(error, BiologyError::ContradictoryPerturbation { .. }));
    }
}
