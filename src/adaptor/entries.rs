//! The entries (perturbation, gene) of a run, and the alignment that a choice makes of them.

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

pub(super) fn check_shapes(left: &ResponseMatrix, right: &ResponseMatrix) -> Result<(), AdaptorError> {
    let shape = |matrix: &ResponseMatrix| (matrix.n_perturbations(), matrix.n_genes());
    if shape(left) == shape(right) {
        return Ok(());
    }
    Err(AdaptorError::ShapeMismatch { left: shape(left), right: shape(right) })
}

/// All entries of a run: what either side says, whom to believe, and whether the knowledge holds the gene at all.
#[derive(Clone, Copy)]
pub(super) struct Entries<'a> {
    neural: &'a ResponseMatrix,
    symbolic: &'a ResponseMatrix,
    w: &'a [f64],
    held_by_knowledge: &'a [bool],
}

impl<'a> Entries<'a> {
    /// The entries, if everything has one shape and the weights are weights.
    pub fn checked(
        neural: &'a ResponseMatrix,
        symbolic: &'a ResponseMatrix,
        w: &'a [f64],
        held_by_knowledge: &'a [bool],
    ) -> Result<Self, AdaptorError> {
        check_shapes(neural, symbolic)?;
        check_weights(w, neural.entries().len())?;
        check_length("the list of genes held by the knowledge", held_by_knowledge.len(), neural.n_genes())?;
        Ok(Self { neural, symbolic, w, held_by_knowledge })
    }

    pub fn len(&self) -> usize {
        self.w.len()
    }

    pub fn weight(&self, entry: usize) -> f64 {
        self.w[entry]
    }

    /// The entries where the knowledge makes a claim, each with whether `ŷ ≠ δ`.
    pub fn claims(&self) -> impl Iterator<Item = (usize, bool)> {
        (0..self.len()).filter_map(|entry| self.claim(entry).map(|inconsistent| (entry, inconsistent)))
    }

    fn claim(&self, entry: usize) -> Option<bool> {
        match self.symbolic.entries()[entry] {
            None | Some(Response::Ambiguous) => None,
            Some(_) if !self.held_by_knowledge[entry % self.held_by_knowledge.len()] => None,
            Some(symbolic) => {
                Some(self.neural.entries()[entry].is_some_and(|neural| neural.class() != symbolic.class()))
            }
        }
    }

    /// The responses that come of `takes_symbolic(entry, inconsistent)`, which is asked once for each claim, in order.
    pub fn align(&self, config: &AdaptorConfig, mut takes_symbolic: impl FnMut(usize, bool) -> bool) -> Alignment {
        let entries = self.len();
        let (mut cost, mut symbolic) = (0.0, 0_u64);
        let choose = |entry| {
            let claim = self.claim(entry);
            if claim.is_some_and(|inconsistent| takes_symbolic(entry, inconsistent)) {
                symbolic += 1;
                cost += config.symbolic_cost(self.w[entry]);
                (self.symbolic.entries()[entry], true)
            } else {
                cost += config.neural_cost(claim == Some(true), self.w[entry]);
                (self.neural.entries()[entry], false)
            }
        };
        let (aligned, symbolic_entries) = (0..entries).map(choose).unzip();
        Alignment {
            aligned: ResponseMatrix::from_entries(self.neural.n_perturbations(), self.neural.n_genes(), aligned),
            symbolic_entries,
            objective: cost + config.budget_cost(symbolic as f64, entries as u64),
            symbolic_share: if entries == 0 { 0.0 } else { symbolic as f64 / entries as f64 },
        }
    }
}
