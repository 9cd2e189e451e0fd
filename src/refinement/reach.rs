//! In which rows an edit matters: the depths of all rows once more, state by state.
//!
//! Most edits change nothing in most rows. Side by side, the depths of a regulator and of a target in all rows say at a
//! glance in which ones a walk is gained or lost.

use rayon::prelude::*;

use super::arcs::{Arc, Arcs, Edit, UNREACHED, turn_of};

/// Rows that a job works on together; a word of a set of rows holds whole jobs.
pub(super) const CHUNK: usize = 16;
/// Rows of a block: as many as a word of a set of rows holds.
pub(super) const BLOCK: usize = u64::BITS as usize;

/// Least depth of each state in each row, `[block of rows][2 · gene + sign][row of the block]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reach {
    states: usize,
    /// The last block is filled up with rows that reach nothing.
    depths: Vec<[u8; BLOCK]>,
}

impl Reach {
    /// The depths of each of `n_rows` rows, by state.
    pub fn of<'a>(n_rows: usize, rows: impl Iterator<Item = &'a [u8]>, n_genes: usize) -> Self {
        let states = 2 * n_genes;
        let mut depths = vec![[UNREACHED; BLOCK]; n_rows.div_ceil(BLOCK) * states];
        for (row, of_row) in rows.enumerate() {
            let block = &mut depths[row / BLOCK * states..][..states];
            block.iter_mut().zip(of_row).for_each(|(of_state, &depth)| of_state[row % BLOCK] = depth);
        }
        Self { states, depths }
    }

    /// The depths of one block after the other, by state.
    pub fn blocks_mut(&mut self) -> rayon::slice::ChunksMut<'_, [u8; BLOCK]> {
        self.depths.par_chunks_mut(self.states.max(1))
    }

    /// Rows in which one of the edits, made one after the other, may change the depth of some state.
    ///
    /// An edit gains a walk where it lets one arrive earlier than any other, and loses one where it lets one arrive as
    /// early, unless another regulator does so too. Where the first edit changes nothing, that is so for the second in
    /// the same row, and so on; of their other regulators only the first can be sure. If only the `nearest` walks count, one
    /// that arrives later than one of the other sign changes nothing.
    pub fn touched_by(&self, arcs: &Arcs, edits: &[Edit], depth: usize, nearest: bool) -> Touched {
        self.collect(|block, flags| {
            for (place, edit) in edits.iter().enumerate() {
                let rivals =
                    if place == 0 && !edit.insert { &*arcs.regulators[edit.regulation.target.index()] } else { &[] };
                for sign in 0..2 {
                    let moved = moved_by(block, *edit, sign, (depth as u8, nearest), rivals);
                    flags.iter_mut().zip(moved).for_each(|(flag, moved)| *flag |= moved);
                }
            }
        })
    }

    /// Rows in which a walk reaches the regulator of an edit early enough to go on from it.
    pub fn passed_by(&self, edits: &[Edit], depth: usize) -> Touched {
        self.collect(|block, flags| {
            for state in edits.iter().flat_map(|edit| [0, 1].map(|sign| 2 * edit.regulation.regulator.index() + sign)) {
                flags
                    .iter_mut()
                    .zip(block[state])
                    .for_each(|(flag, from)| *flag |= u8::from(usize::from(from) < depth));
            }
        })
    }

    fn collect(&self, mark: impl Fn(&[[u8; BLOCK]], &mut [u8; BLOCK])) -> Touched {
        let word = |block: &[[u8; BLOCK]]| {
            let mut flags = [0; BLOCK];
            mark(block, &mut flags);
            flags.iter().rev().fold(0, |word, &flag| word << 1 | u64::from(flag))
        };
        Touched { bits: self.depths.chunks(self.states.max(1)).map(word).collect() }
    }
}

/// Rows of a block in which an edit, the first to be made, changes the depth at which its target is reached by walks of
/// this sign; what it takes out changes nothing where one of the `rivals` into its target lets a walk arrive as early.
fn moved_by(
    block: &[[u8; BLOCK]],
    edit: Edit,
    sign: usize,
    (deepest, nearest): (u8, bool),
    rivals: &[Arc],
) -> [u8; BLOCK] {
    let (regulator, target) = (edit.regulation.regulator.index(), edit.regulation.target.index());
    let own = Arc { gene: regulator as u32, turn: turn_of(edit.regulation.sign) };
    let before = |arc: Arc| &block[2 * arc.gene as usize + (sign ^ usize::from(arc.turn))];
    let (from, to, other) = (before(own), &block[2 * target + sign], &block[2 * target + 1 - sign]);
    let mut moved = [0; BLOCK];
    for row in 0..BLOCK {
        let arrival = from[row] + 1;
        let moves = if edit.insert { arrival < to[row] } else { arrival == to[row] };
        // No walk enters a perturbed gene.
        let counts = (to[row] != 0) & (other[row] != 0) & (!nearest | (arrival <= other[row]));
        moved[row] = u8::from(moves & (arrival <= deepest) & counts);
    }
    for from in rivals.iter().filter(|&&arc| arc != own).map(|&arc| before(arc)) {
        if moved == [0; BLOCK] {
            break;
        }
        for row in 0..BLOCK {
            moved[row] &= u8::from(from[row] + 1 != to[row]);
        }
    }
    moved
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
        self.bits.iter().enumerate().flat_map(|(word, &bits)| ones(bits).map(move |bit| word * BLOCK + bit))
    }

    /// Places inside one block of [`BLOCK`] rows.
    pub fn in_block(&self, block: usize) -> impl Iterator<Item = usize> {
        ones(self.bits[block])
    }

    /// Places inside one chunk of [`CHUNK`] rows.
    pub fn in_chunk(&self, chunk: usize) -> impl Iterator<Item = usize> {
        let first = chunk * CHUNK;
        ones(self.bits[first / BLOCK] >> (first % BLOCK) & ((1 << CHUNK) - 1))
    }
}

fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros() as usize;
        bits = bits.checked_sub(1)? & bits;
        Some(place)
    })
}
