//! In which rows an edit matters: the depths of all rows once more, state by state.
//!
//! Most edits change nothing in most rows. Side by side, the depths of a regulator and of a target in all rows say at a
//! glance in which ones a walk is gained or lost.

use super::exact::{Arc, Arcs, Edit, Row, UNREACHED, turn_of};

/// Rows that a job works on together; a word of a set of rows holds whole jobs.
pub(super) const CHUNK: usize = 16;
const WORD: usize = u64::BITS as usize;

/// Least depth of each state in each row, `[2 · gene + sign][row]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reach {
    /// Rows, filled up to whole words with rows that reach nothing.
    width: usize,
    depths: Vec<u8>,
}

impl Reach {
    pub fn of(rows: &[Row], n_genes: usize) -> Self {
        let width = rows.len().next_multiple_of(WORD);
        let mut depths = vec![UNREACHED; width * 2 * n_genes];
        for (row, of_row) in rows.iter().map(|row| &row.depths).enumerate() {
            for (state, &depth) in of_row.iter().enumerate().filter(|&(_, &depth)| depth != UNREACHED) {
                depths[state * width + row] = depth;
            }
        }
        Self { width, depths }
    }

    pub fn set(&mut self, row: usize, state: usize, depth: u8) {
        self.depths[state * self.width + row] = depth;
    }

    fn of_state(&self, state: usize) -> &[u8] {
        &self.depths[state * self.width..][..self.width]
    }

    /// Depths of the state by which an arc reaches a state of this sign.
    fn before(&self, arc: Arc, sign: usize) -> &[u8] {
        self.of_state(2 * arc.gene as usize + (sign ^ usize::from(arc.turn)))
    }

    /// Rows in which one of the edits, made one after the other, may change the depth of some state.
    ///
    /// An edit gains a walk where it lets one arrive earlier than any other, and loses one where it lets one arrive as
    /// early, unless another regulator does so too. Where the first edit changes nothing, that is so for the second in
    /// the same row, and so on; of their other regulators only the first can be sure.
    pub fn touched_by(&self, arcs: &Arcs, edits: &[Edit], depth: usize) -> Touched {
        let deepest = depth as u8;
        let mut concerned = vec![0; self.width];
        self.collect(edits, |place, edit, flags| {
            let (regulator, target) = (edit.regulation.regulator.index(), edit.regulation.target.index());
            let own = Arc { gene: regulator as u32, turn: turn_of(edit.regulation.sign) };
            for sign in 0..2 {
                let [to, other] = [sign, 1 - sign].map(|sign| self.of_state(2 * target + sign));
                let from = self.before(own, sign);
                for (((concerned, &from), &to), &other) in concerned.iter_mut().zip(from).zip(to).zip(other) {
                    let arrival = from + 1;
                    let moves = if edit.insert { arrival < to } else { arrival == to };
                    // No walk enters a perturbed gene.
                    *concerned = u8::from(moves & (arrival <= deepest) & (to != 0) & (other != 0));
                }
                if place == 0 && !edit.insert {
                    for &arc in arcs.regulators[target].iter().filter(|&&arc| arc != own) {
                        let from = self.before(arc, sign);
                        for ((concerned, &from), &to) in concerned.iter_mut().zip(from).zip(to) {
                            *concerned &= u8::from(from + 1 != to);
                        }
                    }
                }
                flags.iter_mut().zip(&concerned).for_each(|(flag, concerned)| *flag |= concerned);
            }
        })
    }

    /// Rows in which a walk reaches the regulator of an edit early enough to go on from it.
    pub fn passed_by(&self, edits: &[Edit], depth: usize) -> Touched {
        self.collect(edits, |_, edit, flags| {
            for sign in 0..2 {
                let from = self.of_state(2 * edit.regulation.regulator.index() + sign);
                flags.iter_mut().zip(from).for_each(|(flag, &from)| *flag |= u8::from(usize::from(from) < depth));
            }
        })
    }

    fn collect(&self, edits: &[Edit], mut mark: impl FnMut(usize, &Edit, &mut [u8])) -> Touched {
        let mut flags = vec![0; self.width];
        edits.iter().enumerate().for_each(|(place, edit)| mark(place, edit, &mut flags));
        let word = |flags: &[u8]| flags.iter().rev().fold(0, |word, &flag| word << 1 | u64::from(flag));
        Touched { bits: flags.chunks(WORD).map(word).collect() }
    }
}

/// A set of rows.
pub(super) struct Touched {
    bits: Vec<u64>,
}

impl Touched {
    pub fn len(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub fn rows(&self) -> impl Iterator<Item = usize> {
        self.bits.iter().enumerate().flat_map(|(word, &bits)| ones(bits).map(move |bit| word * WORD + bit))
    }

    /// Places inside one chunk of [`CHUNK`] rows.
    pub fn in_chunk(&self, chunk: usize) -> impl Iterator<Item = usize> {
        let first = chunk * CHUNK;
        ones(self.bits[first / WORD] >> (first % WORD) & ((1 << CHUNK) - 1))
    }
}

fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros() as usize;
        bits = bits.checked_sub(1)? & bits;
        Some(place)
    })
}
