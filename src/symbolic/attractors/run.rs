//! Asynchronous runs: one gene after the other, drawn among those that differ from their rule.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::circuit::{Circuit, NO_GATE, narrow};

const STABLE: u32 = u32::MAX;

/// A state with what changes as it moves: an update costs as much as the gene has targets.
pub(super) struct Run<'a> {
    circuit: &'a Circuit,
    state: Vec<bool>,
    on_children: Vec<u32>,
    unstable: Vec<u32>,
    places: Vec<u32>,
}

impl<'a> Run<'a> {
    pub(super) fn from(circuit: &'a Circuit, state: Vec<bool>) -> Self {
        let mut run = Self {
            circuit,
            on_children: vec![0; circuit.n_gates()],
            unstable: Vec::new(),
            places: vec![STABLE; state.len()],
            state,
        };
        for gate in 0..circuit.n_gates() {
            let is_so = |literal: &&super::circuit::Literal| run.state[literal.gene()] == literal.value();
            run.on_children[gate] += narrow(circuit.literals(gate).iter().filter(is_so).count());
            let parent = circuit.parent(gate);
            if parent != NO_GATE && run.is_on(gate) {
                run.on_children[parent as usize] += 1;
            }
        }
        (0..run.state.len()).for_each(|gene| run.note(gene));
        run
    }

    fn is_on(&self, gate: usize) -> bool {
        self.on_children[gate] >= self.circuit.needs(gate, false)
    }

    /// Updates up to `most` times; stops at a fixed point. True if it did.
    pub(super) fn go(&mut self, most: usize, random: &mut ChaCha8Rng) -> bool {
        for _ in 0..most {
            if self.unstable.is_empty() {
                return true;
            }
            let drawn = random.random_range(0..narrow(self.unstable.len()));
            self.flip(self.unstable[drawn as usize] as usize);
        }
        self.unstable.is_empty()
    }

    pub(super) fn state(&self) -> &[bool] {
        &self.state
    }

    pub(super) fn into_state(self) -> Vec<bool> {
        self.state
    }

    fn flip(&mut self, gene: usize) {
        let circuit = self.circuit;
        self.state[gene] = !self.state[gene];
        let now = self.state[gene];
        for (gate, value) in circuit.uses(gene) {
            self.count(gate, value == now);
        }
        self.note(gene);
    }

    /// One child more or less of a gate, and of those above it as far as they change.
    fn count(&mut self, mut gate: usize, more: bool) {
        loop {
            let before = self.is_on(gate);
            self.on_children[gate] = if more { self.on_children[gate] + 1 } else { self.on_children[gate] - 1 };
            if self.is_on(gate) == before {
                return;
            }
            match self.circuit.parent(gate) {
                NO_GATE => return self.note(self.circuit.owner(gate)),
                parent => gate = parent as usize,
            }
        }
    }

    /// Puts a gene among those that differ from their rule, or takes it away.
    fn note(&mut self, gene: usize) {
        let differs = self.is_on(self.circuit.on(gene) as usize) != self.state[gene];
        let place = self.places[gene];
        if differs && place == STABLE {
            self.places[gene] = narrow(self.unstable.len());
            self.unstable.push(narrow(gene));
        } else if !differs && place != STABLE {
            self.unstable.swap_remove(place as usize);
            if let Some(&moved) = self.unstable.get(place as usize) {
                self.places[moved as usize] = place;
            }
            self.places[gene] = STABLE;
        }
    }
}
