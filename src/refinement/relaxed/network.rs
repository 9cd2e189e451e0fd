//! Strengths on a set of regulations, found from either end.

use crate::biology::{GeneId, Regulation, Sign};
use crate::network::RegulatoryNetwork;

/// One regulation seen from one of its ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arc {
    /// The gene at the other end.
    pub gene: u32,
    /// Place of the regulation in its network.
    pub index: u32,
    /// 1 if the regulation turns the sign of a walk.
    pub turn: u8,
}

/// Regulations with a strength ≥ 0 each: those known, and some absent ones that may gain strength.
#[derive(Clone, Debug, PartialEq)]
pub struct RelaxedNetwork {
    n_genes: usize,
    regulations: Vec<Regulation>,
    known: Vec<bool>,
    strengths: Vec<f64>,
}

impl RelaxedNetwork {
    /// The regulations of the network, each with strength 1: `P = R₊`, `N = R₋`.
    #[must_use]
    pub fn of(network: &RegulatoryNetwork) -> Self {
        let regulations = network.regulations().to_vec();
        let known = vec![true; regulations.len()];
        let strengths = vec![1.0; regulations.len()];
        Self { n_genes: network.n_genes(), regulations, known, strengths }
    }

    /// The same strengths, and strength 0 for further regulations; those held already, and those of genes beyond the
    /// network, change nothing.
    #[must_use]
    pub fn with_absent(mut self, regulations: impl IntoIterator<Item = Regulation>) -> Self {
        let inside = |gene: GeneId| gene.index() < self.n_genes;
        let mut all: Vec<_> = (self.regulations.iter().zip(&self.known).zip(&self.strengths))
            .map(|((&regulation, &known), &strength)| (regulation, known, strength))
            .collect();
        let absent = regulations.into_iter().filter(|edge| inside(edge.regulator) && inside(edge.target));
        all.extend(absent.map(|regulation| (regulation, false, 0.0)));
        // Stable, so that a regulation held already comes before its repeat.
        all.sort_by_key(|&(regulation, ..)| regulation);
        all.dedup_by_key(|&mut (regulation, ..)| regulation);
        self.regulations = all.iter().map(|&(regulation, ..)| regulation).collect();
        self.known = all.iter().map(|&(_, known, _)| known).collect();
        self.strengths = all.iter().map(|&(.., strength)| strength).collect();
        self
    }

    /// The network without absent regulations of strength 0.
    #[must_use]
    pub fn without_idle(mut self) -> Self {
        let keep: Vec<_> = self.known.iter().zip(&self.strengths).map(|(&known, &s)| known || s != 0.0).collect();
        let mut kept = keep.iter().copied();
        self.regulations.retain(|_| kept.next().unwrap_or(true));
        let mut kept = keep.iter().copied();
        self.strengths.retain(|_| kept.next().unwrap_or(true));
        let mut kept = keep.iter().copied();
        self.known.retain(|_| kept.next().unwrap_or(true));
        self
    }

    /// Greater strengths mean no more than this one, and their products could pass all numbers.
    pub const MOST: f64 = 1e6;

    /// The network with these strengths, in the order of [`RelaxedNetwork::regulations`]; negative ones and what is no
    /// number become 0, those above [`RelaxedNetwork::MOST`] that, and strengths that are missing stay as they are.
    #[must_use]
    pub fn with_strengths(mut self, strengths: &[f64]) -> Self {
        for (own, &given) in self.strengths.iter_mut().zip(strengths) {
            *own = if given > 0.0 { given.min(Self::MOST) } else { 0.0 };
        }
        self
    }

    /// Number of genes, also of those without regulations.
    #[must_use]
    pub const fn n_genes(&self) -> usize {
        self.n_genes
    }

    /// The regulations that have a strength, sorted by regulator, target, sign.
    #[must_use]
    pub fn regulations(&self) -> &[Regulation] {
        &self.regulations
    }

    /// For each regulation whether the knowledge holds it.
    #[must_use]
    pub fn known(&self) -> &[bool] {
        &self.known
    }

    /// The strength of each regulation, ≥ 0; about 1 means present.
    #[must_use]
    pub fn strengths(&self) -> &[f64] {
        &self.strengths
    }

    /// The strength of one regulation, 0 if it has none.
    #[must_use]
    pub fn strength_of(&self, regulation: Regulation) -> f64 {
        self.regulations.binary_search(&regulation).map_or(0.0, |index| self.strengths[index])
    }

    /// True if the regulation has a strength, be it 0.
    #[must_use]
    pub fn contains(&self, regulation: Regulation) -> bool {
        self.regulations.binary_search(&regulation).is_ok()
    }

    /// Regulations whose strength differs from the knowledge, with their strengths.
    #[must_use]
    pub fn moved(&self) -> Vec<(Regulation, f64)> {
        let all = self.regulations.iter().zip(&self.known).zip(&self.strengths);
        let moved = all.filter(|&((_, &known), &strength)| strength != f64::from(u8::from(known)));
        moved.map(|((&regulation, _), &strength)| (regulation, strength)).collect()
    }

    /// The arcs from each regulator, without self-regulation unless it is walked.
    pub(super) fn arcs_by_regulator(&self, walks_self: bool) -> Arcs {
        self.arcs(walks_self, |edge| (edge.regulator, edge.target))
    }

    /// The arcs into each target, without self-regulation unless it is walked.
    pub(super) fn arcs_by_target(&self, walks_self: bool) -> Arcs {
        self.arcs(walks_self, |edge| (edge.target, edge.regulator))
    }

    fn arcs(&self, walks_self: bool, ends: fn(&Regulation) -> (GeneId, GeneId)) -> Arcs {
        let walked = |edge: &&Regulation| walks_self || edge.regulator != edge.target;
        let mut starts = vec![0; self.n_genes + 1];
        for edge in self.regulations.iter().filter(walked) {
            starts[ends(edge).0.index() + 1] += 1;
        }
        for gene in 0..self.n_genes {
            starts[gene + 1] += starts[gene];
        }
        let mut next = starts.clone();
        let mut arcs = vec![Arc { gene: 0, index: 0, turn: 0 }; starts[self.n_genes]];
        for (index, edge) in self.regulations.iter().enumerate().filter(|(_, edge)| walked(edge)) {
            let (own, other) = ends(edge);
            let turn = u8::from(edge.sign == Sign::Inhibition);
            arcs[next[own.index()]] = Arc { gene: other.index() as u32, index: index as u32, turn };
            next[own.index()] += 1;
        }
        Arcs { starts, arcs }
    }
}

/// The arcs of all genes in compressed rows.
#[derive(Clone, Debug)]
pub(super) struct Arcs {
    starts: Vec<usize>,
    arcs: Vec<Arc>,
}

impl Arcs {
    pub fn of(&self, gene: u32) -> &[Arc] {
        &self.arcs[self.starts[gene as usize]..self.starts[gene as usize + 1]]
    }
}
