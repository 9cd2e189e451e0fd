//! The least trap space around a subspace.

use super::circuit::{Circuit, NO_GATE, Reading};
use super::space::Subspace;

/// The least trap space that contains `start`: whatever value the rule of a gene can become, the gene may have.
///
/// Each gate counts the children that it still waits for; a gene whose rule can leave the gene's value becomes free and is told
/// to the gates that name it.
///
/// # Complexity
/// `O(genes + regulations)` time, one number per gate.
pub(super) fn least_trap_space(circuit: &Circuit, start: &Subspace) -> Subspace {
    let mut space = start.clone();
    let mut growth = Growth::new(circuit, start);
    for gene in 0..circuit.n_genes() {
        for value in [false, true] {
            if start.may_be(gene, value) {
                growth.tell(gene, value);
            }
        }
    }
    while let Some(gene) = growth.freed.pop() {
        let Some(was) = space.value(gene) else { continue };
        space.admit(gene, !was);
        growth.tell(gene, !was);
    }
    space
}

struct Growth<'a> {
    circuit: &'a Circuit,
    /// The gate that tells that a gene's rule can leave the gene's value; none for a gene that is free from the start.
    roots: Vec<u32>,
    is_dual: Vec<bool>,
    waits_for: Vec<u32>,
    freed: Vec<usize>,
}

impl<'a> Growth<'a> {
    fn new(circuit: &'a Circuit, start: &Subspace) -> Self {
        const NOTHING: Reading = Reading { root: NO_GATE, is_dual: false };
        let asked = |gene| start.value(gene).map_or(NOTHING, |value: bool| circuit.reading(gene, !value));
        let (roots, is_dual): (Vec<_>, Vec<_>) =
            (0..circuit.n_genes()).map(|gene| (asked(gene).root, asked(gene).is_dual)).unzip();
        let needs = |gate| circuit.needs(gate, is_dual[circuit.owner(gate)]);
        let waits_for = (0..circuit.n_gates()).map(needs).collect();
        let mut growth = Self { circuit, roots, is_dual, waits_for, freed: Vec::new() };
        for gate in 0..circuit.n_gates() {
            if growth.waits_for[gate] == 0 {
                match circuit.parent(gate) {
                    NO_GATE => growth.end_at(gate),
                    // Gates above come later, so that one that this completes is met here again.
                    parent => {
                        let above = &mut growth.waits_for[parent as usize];
                        *above = above.saturating_sub(1);
                    }
                }
            }
        }
        growth
    }

    fn end_at(&mut self, gate: usize) {
        let gene = self.circuit.owner(gate);
        if self.roots[gene] as usize == gate {
            self.freed.push(gene);
        }
    }

    /// That a gene may have a value, to all gates that name it.
    fn tell(&mut self, gene: usize, value: bool) {
        let circuit = self.circuit;
        for (gate, named) in circuit.uses(gene) {
            let owner = circuit.owner(gate);
            if self.roots[owner] != NO_GATE && named == (value != self.is_dual[owner]) {
                self.count(gate);
            }
        }
    }

    fn count(&mut self, mut gate: usize) {
        loop {
            match self.waits_for[gate] {
                0 => return,
                1 => self.waits_for[gate] = 0,
                more => {
                    self.waits_for[gate] = more - 1;
                    return;
                }
            }
            match self.circuit.parent(gate) {
                NO_GATE => return self.end_at(gate),
                parent => gate = parent as usize,
            }
        }
    }
}
