//! What genes did, or are said to do, under each perturbation: the currency of all engines.

use serde::{Deserialize, Serialize};

use super::{BiologyError, GeneId};

/// What one gene does under one perturbation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(i8)]
pub enum Response {
    /// Less of it (−1).
    Down = -1,
    /// No call either way (0).
    Unchanged = 0,
    /// More of it (+1).
    Up = 1,
    /// The knowledge says both up and down. Never observed, only reasoned.
    Ambiguous = 2,
}

impl Response {
    /// The three classes that scores are taken over, in order.
    pub const CLASSES: [Self; 3] = [Self::Down, Self::Unchanged, Self::Up];

    /// The response of a sign: +1 up, −1 down, 0 unchanged, else `None`.
    #[must_use]
    pub const fn from_value(value: i8) -> Option<Self> {
        match value {
            -1 => Some(Self::Down),
            0 => Some(Self::Unchanged),
            1 => Some(Self::Up),
            _ => None,
        }
    }

    /// Reads `-1`, `0`, `1`, `+1` or the words `down`, `unchanged`, `up`.
    ///
    /// # Errors
    /// [`BiologyError::UnknownResponse`] for anything else.
    pub fn parse(text: &str) -> Result<Self, BiologyError> {
        match text.trim() {
            "-1" | "-1.0" | "down" => Ok(Self::Down),
            "0" | "-0" | "0.0" | "unchanged" => Ok(Self::Unchanged),
            "1" | "+1" | "1.0" | "up" => Ok(Self::Up),
            other => Err(BiologyError::UnknownResponse { text: other.to_owned() }),
        }
    }

    /// Index in [`Response::CLASSES`]; ambiguous counts as unchanged where three classes are asked for.
    #[must_use]
    pub const fn class(self) -> usize {
        match self {
            Self::Down => 0,
            Self::Unchanged | Self::Ambiguous => 1,
            Self::Up => 2,
        }
    }

    /// −1, 0 or +1; ambiguous counts as 0.
    #[must_use]
    pub const fn value(self) -> i8 {
        match self {
            Self::Down => -1,
            Self::Unchanged | Self::Ambiguous => 0,
            Self::Up => 1,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Unchanged => "unchanged",
            Self::Up => "up",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// Responses of all genes (columns) under several perturbations (rows); an entry may be unmeasured.
///
/// # Shapes
/// `[n_perturbations, n_genes]`, one byte an entry. `None` is *not measured*, never *unchanged*.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseMatrix {
    n_genes: usize,
    n_perturbations: usize,
    entries: Vec<Option<Response>>,
}

impl ResponseMatrix {
    /// No row of no gene.
    pub const EMPTY: Self = Self { n_genes: 0, n_perturbations: 0, entries: Vec::new() };

    /// A matrix in which nothing is measured.
    #[must_use]
    pub fn unmeasured(n_perturbations: usize, n_genes: usize) -> Self {
        Self { n_genes, n_perturbations, entries: vec![None; n_perturbations * n_genes] }
    }

    /// A matrix from its rows laid end to end.
    ///
    /// # Panics
    /// If `entries` is not `n_perturbations × n_genes` long.
    #[must_use]
    pub fn from_entries(n_perturbations: usize, n_genes: usize, entries: Vec<Option<Response>>) -> Self {
        assert_eq!(entries.len(), n_perturbations * n_genes, "entries do not fill the shape");
        Self { n_genes, n_perturbations, entries }
    }

    /// Number of rows.
    #[must_use]
    pub const fn n_perturbations(&self) -> usize {
        self.n_perturbations
    }

    /// Number of columns.
    #[must_use]
    pub const fn n_genes(&self) -> usize {
        self.n_genes
    }

    /// The response of one gene in one row, `None` if not measured.
    #[must_use]
    pub fn get(&self, perturbation: usize, gene: GeneId) -> Option<Response> {
        self.row(perturbation)[gene.index()]
    }

    /// Sets, or unmeasures, one entry.
    pub fn set(&mut self, perturbation: usize, gene: GeneId, response: Option<Response>) {
        self.row_mut(perturbation)[gene.index()] = response;
    }

    /// All genes of one row.
    #[must_use]
    pub fn row(&self, perturbation: usize) -> &[Option<Response>] {
        &self.entries[perturbation * self.n_genes..][..self.n_genes]
    }

    /// All genes of one row, to be changed.
    pub fn row_mut(&mut self, perturbation: usize) -> &mut [Option<Response>] {
        &mut self.entries[perturbation * self.n_genes..][..self.n_genes]
    }

    /// The rows laid end to end.
    #[must_use]
    pub fn entries(&self) -> &[Option<Response>] {
        &self.entries
    }

    /// The named rows, in the order asked for.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let entries = rows.iter().flat_map(|&row| self.row(row)).copied().collect();
        Self { n_genes: self.n_genes, n_perturbations: rows.len(), entries }
    }

    /// The entries that `other`, of the same shape, measures too.
    ///
    /// # Panics
    /// If the shapes differ.
    #[must_use]
    pub fn masked_by(&self, other: &Self) -> Self {
        let shape = |matrix: &Self| (matrix.n_perturbations, matrix.n_genes);
        assert_eq!(shape(self), shape(other), "a mask has the shape of what it masks");
        let entries = self.entries.iter().zip(&other.entries).map(|(&entry, mask)| mask.and(entry)).collect();
        Self { entries, ..*self }
    }

    /// Number of measured entries.
    #[must_use]
    pub fn measured(&self) -> usize {
        self.entries.iter().flatten().count()
    }

    /// Number of entries with this response.
    #[must_use]
    pub fn count(&self, response: Response) -> usize {
        self.entries.iter().flatten().filter(|&&entry| entry == response).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_takes_one_byte() {
        assert_eq!(size_of::<Option<Response>>(), 1);
    }

    #[test]
    fn unmeasured_is_not_unchanged() {
        let matrix = ResponseMatrix::unmeasured(1, 2);
        assert_eq!(matrix.get(0, GeneId::new(1)), None);
        assert_eq!(matrix.count(Response::Unchanged), 0);
    }
}
