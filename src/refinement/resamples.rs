//! Bootstrap resamples of the perturbations, by which a revision is found again or not.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::RefinementConfig;
use super::exact::{Effect, ExactState};

/// How often each row is drawn in each bootstrap resample; rows of one gene set are drawn together.
pub(super) struct Resamples {
    draws: Vec<Vec<u16>>,
}

impl Resamples {
    pub fn draw(state: &ExactState, config: &RefinementConfig) -> Self {
        let rows = &state.rows;
        let key = |row: usize| (rows[row].measured, rows[row].starts.clone());
        let mut order: Vec<_> = (0..rows.len()).collect();
        order.sort_by_key(|&row| key(row));
        let sets: Vec<&[usize]> = order.chunk_by(|&a, &b| key(a) == key(b)).collect();
        // A stream of its own: the simulations must not shift it.
        let mut generator = ChaCha8Rng::seed_from_u64(config.seed ^ 0x5743_4b42_4f4f_5453);
        let mut draws = Vec::with_capacity(config.bootstraps);
        for _ in 0..config.bootstraps {
            let mut counts = vec![0; rows.len()];
            for _ in 0..sets.len() {
                for &row in sets[generator.random_range(0..sets.len())] {
                    counts[row] += 1;
                }
            }
            draws.push(counts);
        }
        Self { draws }
    }

    /// Share of resamples in which the measured effects outweigh the cost; `None` without resamples.
    pub fn stability(&self, effects: &[Effect], cost: i64) -> Option<f64> {
        let pays = |counts: &&Vec<u16>| {
            let drawn = |effect: &Effect| effect.weight * i64::from(counts[effect.entry.perturbation as usize]);
            effects.iter().filter(|effect| effect.measured).map(drawn).sum::<i64>() > cost
        };
        let found = self.draws.iter().filter(pays).count();
        (!self.draws.is_empty()).then(|| found as f64 / self.draws.len() as f64)
    }
}
