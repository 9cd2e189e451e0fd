//! Real-valued responses: what a predictor or a fold-change table says before anything is called.

use super::{GeneId, Response, ResponseMatrix};

/// Real-valued responses of all genes (columns) under several perturbations (rows), for example log2 fold changes against
/// control; an entry may be missing.
///
/// # Shapes
/// `[n_perturbations, n_genes]`, four bytes an entry. Every value that is there is finite.
#[derive(Clone, Debug, Default)]
pub struct ResponseValues {
    n_genes: usize,
    n_perturbations: usize,
    /// NaN where missing.
    values: Vec<f32>,
}

impl ResponseValues {
    /// A matrix in which every entry is missing.
    #[must_use]
    pub fn missing(n_perturbations: usize, n_genes: usize) -> Self {
        Self { n_genes, n_perturbations, values: vec![f32::NAN; n_perturbations * n_genes] }
    }

    /// A matrix from its rows laid end to end; a value that is not finite counts as missing.
    ///
    /// # Panics
    /// If `values` is not `n_perturbations × n_genes` long.
    #[must_use]
    pub fn from_values(n_perturbations: usize, n_genes: usize, values: &[f32]) -> Self {
        assert_eq!(values.len(), n_perturbations * n_genes, "values do not fill the shape");
        let values = values.iter().map(|&value| if value.is_finite() { value } else { f32::NAN }).collect();
        Self { n_genes, n_perturbations, values }
    }

    /// Responses as −1, 0, 1; missing where not measured.
    #[must_use]
    pub fn of_responses(responses: &ResponseMatrix) -> Self {
        let value = |entry: &Option<Response>| entry.map_or(f32::NAN, |response| f32::from(response.value()));
        let values = responses.entries().iter().map(value).collect();
        Self { n_genes: responses.n_genes(), n_perturbations: responses.n_perturbations(), values }
    }

    /// The named rows, in the order asked for.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let row = |&row: &usize| self.values[row * self.n_genes..][..self.n_genes].iter().copied();
        Self { n_perturbations: rows.len(), values: rows.iter().flat_map(row).collect(), ..*self }
    }

    /// The same rows over at least as many genes; of the new ones every value is missing.
    ///
    /// # Panics
    /// If `n_genes` is less than the number of columns.
    #[must_use]
    pub fn widened(&self, n_genes: usize) -> Self {
        let mut wide = Self::missing(self.n_perturbations, n_genes);
        for row in 0..self.n_perturbations {
            let narrow = &self.values[row * self.n_genes..][..self.n_genes];
            wide.values[row * n_genes..][..self.n_genes].copy_from_slice(narrow);
        }
        wide
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

    /// One value, `None` if missing.
    #[must_use]
    pub fn get(&self, perturbation: usize, gene: GeneId) -> Option<f32> {
        Some(self.values[perturbation * self.n_genes + gene.index()]).filter(|value| !value.is_nan())
    }

    /// Sets one value; one that is not finite counts as missing.
    pub fn set(&mut self, perturbation: usize, gene: GeneId, value: f32) {
        self.values[perturbation * self.n_genes + gene.index()] = if value.is_finite() { value } else { f32::NAN };
    }

    /// All genes of one row, in order.
    pub fn row(&self, perturbation: usize) -> impl Iterator<Item = Option<f32>> {
        let row = &self.values[perturbation * self.n_genes..][..self.n_genes];
        row.iter().map(|&value| Some(value).filter(|value| !value.is_nan()))
    }

    /// Number of entries that are there.
    #[must_use]
    pub fn present(&self) -> usize {
        self.values.iter().filter(|value| !value.is_nan()).count()
    }
}

impl PartialEq for ResponseValues {
    fn eq(&self, other: &Self) -> bool {
        let shape = |matrix: &Self| (matrix.n_perturbations, matrix.n_genes);
        let same = |(left, right): (&f32, &f32)| left == right || (left.is_nan() && right.is_nan());
        shape(self) == shape(other) && self.values.iter().zip(&other.values).all(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_finite_is_missing_and_never_met_as_a_number() {
        let mut values = ResponseValues::from_values(1, 3, &[0.5, f32::NAN, f32::INFINITY]);
        assert_eq!(values.row(0).collect::<Vec<_>>(), [Some(0.5), None, None]);
        values.set(0, GeneId::new(0), f32::NEG_INFINITY);
        assert_eq!(values.present(), 0);
        assert_eq!(values, ResponseValues::missing(1, 3));
    }

    #[test]
    fn rows_keep_their_values_when_chosen_and_when_genes_are_added() {
        let values = ResponseValues::from_values(2, 2, &[0.5, f32::NAN, -1.0, 2.0]);
        let chosen = values.select(&[1, 0, 1]).widened(3);
        let rows: Vec<Vec<_>> = (0..3).map(|row| chosen.row(row).collect()).collect();
        let (first, second) = ([Some(0.5), None, None], [Some(-1.0), Some(2.0), None]);
        assert_eq!(rows, [second, first, second]);
    }
}
