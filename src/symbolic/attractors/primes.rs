//! Prime implicants of a rule that is not unate, from its truth table.

use std::collections::{BTreeSet, HashMap};

/// Most inputs of a rule that names a gene both plain and negated.
pub(super) const MOST_INPUTS: usize = 16;
const MOST_PRIMES: usize = 200_000;

/// The first six inputs in 64 states.
const WORDS: [u64; 6] = [
    0xaaaa_aaaa_aaaa_aaaa,
    0xcccc_cccc_cccc_cccc,
    0xf0f0_f0f0_f0f0_f0f0,
    0xff00_ff00_ff00_ff00,
    0xffff_0000_ffff_0000,
    0xffff_ffff_0000_0000,
];

/// Inputs that must be on, and inputs that must be off, as bits.
pub(super) type Cube = (u32, u32);

/// The value of a rule in all states of its inputs, 64 states in a word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct TruthTable {
    n_inputs: usize,
    words: Vec<u64>,
}

impl TruthTable {
    /// `value` tells 64 values of the rule from those of its inputs.
    pub(super) fn new(n_inputs: usize, mut value: impl FnMut(&dyn Fn(usize) -> u64) -> u64) -> Self {
        let in_word = |word: usize| {
            value(&|input| match WORDS.get(input) {
                Some(&lanes) => lanes,
                None => ((word >> (input - WORDS.len()) & 1) as u64).wrapping_neg(),
            })
        };
        let words = (0..1_usize << n_inputs.saturating_sub(WORDS.len())).map(in_word).collect();
        Self { n_inputs, words }
    }

    pub(super) fn complement(&self) -> Self {
        Self { n_inputs: self.n_inputs, words: self.words.iter().map(|word| !word).collect() }
    }

    /// All prime implicants, sorted; `None` if they are too many.
    ///
    /// # Reference
    /// Coudert & Madre, *Implicit and incremental computation of primes*, DAC 1992, doi:10.1109/DAC.1992.227866.
    pub(super) fn primes(&self) -> Option<Vec<Cube>> {
        let mut known = HashMap::new();
        Some(primes(self, &mut known)?.into_iter().collect())
    }

    /// The table where the last input is off and where it is on.
    fn halves(&self) -> (Self, Self) {
        let last = self.n_inputs - 1;
        let table = |words: Vec<u64>| Self { n_inputs: last, words };
        match WORDS.get(last) {
            Some(&lanes) => {
                let word = self.words[0];
                let shift = 1 << last;
                let (off, on) = (word & !lanes, word & lanes);
                (table(vec![off | off << shift]), table(vec![on | on >> shift]))
            }
            None => {
                let (off, on) = self.words.split_at(self.words.len() / 2);
                (table(off.to_vec()), table(on.to_vec()))
            }
        }
    }
}

fn primes(table: &TruthTable, known: &mut HashMap<TruthTable, BTreeSet<Cube>>) -> Option<BTreeSet<Cube>> {
    if table.words.iter().all(|&word| word == 0) {
        return Some(BTreeSet::new());
    }
    if table.words.iter().all(|&word| word == u64::MAX) {
        return Some(BTreeSet::from([(0, 0)]));
    }
    if let Some(found) = known.get(table) {
        return Some(found.clone());
    }
    let (off, on) = table.halves();
    let words = off.words.iter().zip(&on.words).map(|(off, on)| off & on).collect();
    let shared = primes(&TruthTable { n_inputs: off.n_inputs, words }, known)?;
    let bit = 1_u32 << off.n_inputs;
    let mut found = shared.clone();
    found.extend(primes(&off, known)?.difference(&shared).map(|&(plain, negated)| (plain, negated | bit)));
    found.extend(primes(&on, known)?.difference(&shared).map(|&(plain, negated)| (plain | bit, negated)));
    if found.len() > MOST_PRIMES {
        return None;
    }
    known.insert(table.clone(), found.clone());
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exclusive_or_has_two_prime_implicants_and_so_has_its_complement() {
        let table = TruthTable::new(2, |input| input(0) ^ input(1));
        assert_eq!(table.primes(), Some(vec![(1, 2), (2, 1)]));
        assert_eq!(table.complement().primes(), Some(vec![(0, 3), (3, 0)]));
    }

    #[test]
    fn the_consensus_term_is_a_prime_implicant() {
        // a ? b : c has the primes a & b, !a & c and b & c.
        let table = TruthTable::new(3, |input| (input(0) & input(1)) | (!input(0) & input(2)));
        assert_eq!(table.primes(), Some(vec![(3, 0), (4, 1), (6, 0)]));
    }

    #[test]
    fn inputs_beyond_one_word_are_counted_too() {
        let table = TruthTable::new(8, |input| input(0) & input(7));
        assert_eq!(table.primes(), Some(vec![(0b1000_0001, 0)]));
    }
}
