//! The rules of all genes in 64 states at once.

use super::circuit::{Circuit, NO_GATE};

/// States in one word.
pub(super) const LANES: usize = 64;

/// Room to work in, so that a step allocates nothing.
pub(super) struct Stepper<'a> {
    circuit: &'a Circuit,
    gates: Vec<u64>,
    /// Bit `k` of the number of children that are on, for gates that count.
    planes: Vec<u64>,
}

impl<'a> Stepper<'a> {
    pub(super) fn new(circuit: &'a Circuit) -> Self {
        Self { circuit, gates: vec![0; circuit.n_gates()], planes: Vec::new() }
    }

    /// Writes what every rule makes of `now` into `next`; bit `s` of word `g` is gene `g` in state `s`.
    pub(super) fn step(&mut self, now: &[u64], next: &mut [u64]) {
        let circuit = self.circuit;
        for gate in 0..circuit.n_gates() {
            let (needs, size) = (circuit.needs(gate, false), circuit.size(gate));
            self.gates[gate] = if needs == size { u64::MAX } else { 0 };
        }
        for gate in 0..circuit.n_gates() {
            let (needs, size) = (circuit.needs(gate, false), circuit.size(gate));
            let literals = circuit.literals(gate).iter().map(|literal| {
                let word = now[literal.gene()];
                if literal.value() { word } else { !word }
            });
            let before = self.gates[gate];
            // Gates that count have literals alone.
            let word = match needs {
                0 => u64::MAX,
                _ if needs > size => 0,
                _ if needs == size => literals.fold(before, |all, word| all & word),
                1 => literals.fold(before, |any, word| any | word),
                _ => at_least(needs, literals, &mut self.planes),
            };
            self.gates[gate] = word;
            let parent = circuit.parent(gate);
            if parent != NO_GATE {
                let above = &mut self.gates[parent as usize];
                let is_and = circuit.needs(parent as usize, false) == circuit.size(parent as usize);
                *above = if is_and { *above & word } else { *above | word };
            }
        }
        for (gene, next) in next.iter_mut().enumerate() {
            *next = self.gates[circuit.on(gene) as usize];
        }
    }
}

/// Lanes in which at least `needs` words are on.
fn at_least(needs: u32, words: impl Iterator<Item = u64>, planes: &mut Vec<u64>) -> u64 {
    planes.clear();
    planes.resize((u32::BITS - needs.leading_zeros()) as usize, 0);
    let mut beyond = 0;
    for word in words {
        let mut carry = word;
        for plane in planes.iter_mut() {
            (*plane, carry) = (*plane ^ carry, *plane & carry);
        }
        beyond |= carry;
    }
    // Compared from the highest bit down.
    let (mut greater, mut equal) = (beyond, !beyond);
    for (bit, plane) in planes.iter().enumerate().rev() {
        if needs >> bit & 1 == 0 {
            greater |= equal & plane;
            equal &= !plane;
        } else {
            equal &= plane;
        }
    }
    greater | equal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_five_are_counted_in_every_lane() {
        let words: Vec<u64> =
            (0..5).map(|bit| (0..32).fold(0, |word, lane: u64| word | (lane >> bit & 1) << lane)).collect();
        for needs in 2..5 {
            let word = at_least(needs, words.iter().copied(), &mut Vec::new());
            for lane in 0..32_u64 {
                assert_eq!(word >> lane & 1 == 1, lane.count_ones() >= needs, "{lane:05b}, {needs}");
            }
        }
    }
}
