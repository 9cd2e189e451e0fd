//! The entries (perturbation, gene) of a run, counted by gene, and the alignment that a choice makes of them.

use super::objective::{check_length, check_weights};
use super::{AdaptorConfig, AdaptorError};
use crate::biology::{Response, ResponseMatrix};

/// Responses aligned between data and knowledge, and what the choice cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Alignment {
    /// `ȳ = a ⊙ δ + (1−a) ⊙ ŷ`.
    pub aligned: ResponseMatrix,
    /// The choice `a`: true where the symbolic response was taken; rows laid end to end.
    pub symbolic_entries: Vec<bool>,
    /// The objective of [`AdaptorConfig`] at this choice; the least there is, if [`align`](super::align) made it.
    pub objective: f64,
    /// Share of entries that are symbolic, in `[0, 1]`; 0 if there are no entries.
    pub symbolic_share: f64,
}

/// What each entry of one gene is, counted.
#[derive(Clone, Copy, Default)]
pub(super) struct GeneCounts {
    /// Neural and symbolic response agree, or differ.
    pub claims: [u64; 2],
    /// The knowledge makes no claim.
    pub silent: u64,
}

pub(super) fn check_shapes(left: &ResponseMatrix, right: &ResponseMatrix) -> Result<(), AdaptorError> {
    let shape = |matrix: &ResponseMatrix| (matrix.n_perturbations(), matrix.n_genes());
    if shape(left) == shape(right) {
        return Ok(());
    }
    Err(AdaptorError::ShapeMismatch { left: shape(left), right: shape(right) })
}

/// All entries of a run: what either side says, and whether the knowledge holds the gene at all.
#[derive(Clone, Copy)]
pub(super) struct Entries<'a> {
    neural: &'a ResponseMatrix,
    symbolic: &'a ResponseMatrix,
    held_by_knowledge: &'a [bool],
}

impl<'a> Entries<'a> {
    /// The entries, if everything has one shape and the weights are weights.
    pub fn checked(
        neural: &'a ResponseMatrix,
        symbolic: &'a ResponseMatrix,
        w: &[f64],
        held_by_knowledge: &'a [bool],
    ) -> Result<Self, AdaptorError> {
        check_shapes(neural, symbolic)?;
        check_weights(w, neural.n_genes())?;
        check_length("the list of genes held by the knowledge", held_by_knowledge.len(), neural.n_genes())?;
        Ok(Self { neural, symbolic, held_by_knowledge })
    }

    /// `Some(ŷ ≠ δ)` where the knowledge makes a claim.
    fn claim(self, gene: usize, neural: Option<Response>, symbolic: Option<Response>) -> Option<bool> {
        match symbolic {
            None | Some(Response::Ambiguous) => None,
            Some(_) if !self.held_by_knowledge[gene] => None,
            Some(symbolic) => Some(neural.is_some_and(|neural| neural.class() != symbolic.class())),
        }
    }

    fn rows(&self) -> impl Iterator<Item = (&[Option<Response>], &[Option<Response>])> {
        (0..self.neural.n_perturbations()).map(|row| (self.neural.row(row), self.symbolic.row(row)))
    }

    /// How many claims of either kind, and how many silences, each gene has.
    pub fn count(&self) -> Vec<GeneCounts> {
        let mut counts = vec![GeneCounts::default(); self.neural.n_genes()];
        for (neural, symbolic) in self.rows() {
            for (gene, counts) in counts.iter_mut().enumerate() {
                match self.claim(gene, neural[gene], symbolic[gene]) {
                    Some(inconsistent) => counts.claims[usize::from(inconsistent)] += 1,
                    None => counts.silent += 1,
                }
            }
        }
        counts
    }

    /// The responses that come of `takes_symbolic(gene, inconsistent)`, which is asked once for each claim, row by row.
    pub fn align(
        &self,
        counts: &[GeneCounts],
        w: &[f64],
        config: &AdaptorConfig,
        takes_symbolic: impl FnMut(usize, usize) -> bool,
    ) -> Alignment {
        let choice = self.choose(takes_symbolic);
        Alignment {
            objective: choice.cost(counts, w, config),
            symbolic_share: choice.symbolic_share(),
            aligned: ResponseMatrix::from_entries(self.neural.n_perturbations(), counts.len(), choice.aligned),
            symbolic_entries: choice.symbolic_entries,
        }
    }

    fn choose(&self, mut takes_symbolic: impl FnMut(usize, usize) -> bool) -> Choice {
        let genes = self.neural.n_genes();
        let mut choice = Choice::with_capacity(self.neural.entries().len(), genes);
        for (neural, symbolic) in self.rows() {
            for gene in 0..genes {
                match self.claim(gene, neural[gene], symbolic[gene]).map(usize::from) {
                    Some(class) if takes_symbolic(gene, class) => {
                        choice.taken[gene][class] += 1;
                        choice.push(symbolic[gene], true);
                    }
                    _ => choice.push(neural[gene], false),
                }
            }
        }
        choice
    }
}

struct Choice {
    aligned: Vec<Option<Response>>,
    symbolic_entries: Vec<bool>,
    /// Symbolic entries of each gene, by consistent and inconsistent.
    taken: Vec<[u64; 2]>,
}

impl Choice {
    fn with_capacity(entries: usize, genes: usize) -> Self {
        Self {
            aligned: Vec::with_capacity(entries),
            symbolic_entries: Vec::with_capacity(entries),
            taken: vec![[0; 2]; genes],
        }
    }

    fn push(&mut self, response: Option<Response>, is_symbolic: bool) {
        self.aligned.push(response);
        self.symbolic_entries.push(is_symbolic);
    }

    fn cost(&self, counts: &[GeneCounts], w: &[f64], config: &AdaptorConfig) -> f64 {
        let of_genes = counts.iter().zip(&self.taken).zip(w);
        let before_budget: f64 = of_genes.map(|((counts, taken), &w)| gene_cost(counts, taken, w, config)).sum();
        before_budget + config.budget_cost(self.symbolic() as f64, self.aligned.len() as u64)
    }

    fn symbolic(&self) -> u64 {
        self.taken.iter().flatten().sum()
    }

    fn symbolic_share(&self) -> f64 {
        if self.aligned.is_empty() { 0.0 } else { self.symbolic() as f64 / self.aligned.len() as f64 }
    }
}

fn gene_cost(counts: &GeneCounts, taken: &[u64; 2], w: f64, config: &AdaptorConfig) -> f64 {
    let neural = |inconsistent: bool, entries: u64| entries as f64 * config.neural_cost(inconsistent, w);
    let symbolic = (taken[0] + taken[1]) as f64 * config.symbolic_cost(w);
    symbolic + neural(false, counts.claims[0] - taken[0] + counts.silent) + neural(true, counts.claims[1] - taken[1])
}
