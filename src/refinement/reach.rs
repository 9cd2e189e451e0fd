//! Which rows reach each gene: an edit matters only where its regulator is reached.

use super::exact::{Row, UNREACHED};

/// Rows that a job works on together; a word of the set holds whole jobs.
pub(super) const CHUNK: usize = 16;
const WORD: usize = u64::BITS as usize;

/// For each gene the set of rows in which some walk reaches it, or did once: at least all that an edit may touch.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    words: usize,
    bits: Vec<u64>,
}

impl Reach {
    pub fn of(rows: &[Row], n_genes: usize) -> Self {
        let words = rows.len().div_ceil(WORD);
        let mut reach = Self { words, bits: vec![0; words * n_genes] };
        for (row, depths) in rows.iter().map(|row| &row.depths).enumerate() {
            for gene in 0..n_genes {
                if depths[2 * gene] != UNREACHED || depths[2 * gene + 1] != UNREACHED {
                    reach.insert(gene, row);
                }
            }
        }
        reach
    }

    pub fn insert(&mut self, gene: usize, row: usize) {
        self.bits[gene * self.words + row / WORD] |= 1 << (row % WORD);
    }

    pub fn contains(&self, gene: usize, row: usize) -> bool {
        self.bits[gene * self.words + row / WORD] >> (row % WORD) & 1 == 1
    }

    /// Rows that reach any of `genes`.
    pub fn union(&self, genes: impl Iterator<Item = usize>) -> Touched {
        let mut bits = vec![0; self.words];
        for gene in genes {
            let of_gene = &self.bits[gene * self.words..][..self.words];
            bits.iter_mut().zip(of_gene).for_each(|(sum, word)| *sum |= word);
        }
        Touched { bits }
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
