//! One gene, all perturbations at once: how far from the controls of the same batches, and by chance how likely.

use std::f64::consts::LN_2;

use super::super::differential::{two_sided_normal, two_sided_t, two_sided_t_quantile};
use super::gather::Packing;

/// How perturbed cells are compared with controls of their batches.
///
/// Of each gene let `x` be `ln(1 + normalised count)`, `n_b` and `m_b` the perturbed cells and the controls of batch `b`,
/// `n = Σ n_b`, and `w_b = n_b / n`. For both tests the effect is
/// ```text
/// log2FC = 1/ln 2 · Σ_b w_b (x̄_b − c̄_b)
/// ```
/// with `x̄_b`, `c̄_b` the means of perturbed cells and of controls: the log2 ratio of the geometric means of
/// `1 + normalised count`. It is smaller than the ratio of the means where counts are low. Its standard error is that of the
/// Welch test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellTest {
    /// Welch's t inside batches.
    /// ```text
    /// t = Σ_b w_b (x̄_b − c̄_b) / √(s²/n + Σ_b w_b² s_b²/m_b)
    /// ν = (s²/n + Σ_b v_b)² / ((s²/n)²/(n − B) + Σ_b v_b²/(m_b − 1)),   v_b = w_b² s_b²/m_b
    /// ```
    /// where `s²` is the variance of the perturbed cells around the means of their `B` batches (divided by `n − B`) and `s_b²`
    /// that of the controls of batch `b`. With one batch this is [`crate::datasets::welch_t`].
    ///
    /// # Reference
    /// Welch 1947, doi:10.1093/biomet/34.1-2.28.
    Welch,
    /// Wilcoxon's rank sum inside batches, combined by van Elteren's weights, ties and zeros corrected for.
    /// ```text
    /// z = (|Σ_b (U_b − n_b m_b/2)/(N_b + 1)| − ½ min_b 1/(N_b + 1)) / √(Σ_b σ_b²/(N_b + 1)²),   N_b = n_b + m_b
    /// ```
    /// with `U_b` and `σ_b²` as in [`crate::datasets::rank_sum`]; with one batch this is that test. Only the cells in which
    /// the gene was seen are sorted: the others are one group of ties.
    ///
    /// # Reference
    /// van Elteren 1960, Bulletin of the International Statistical Institute 37, 351–361.
    #[default]
    RankSum,
}

/// What the cells of one perturbation say of one gene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Comparison {
    pub p: f64,
    pub log2fc: f32,
    /// Half width of the 90 % confidence interval of `log2fc`; infinite if the spread is not known.
    pub margin: f32,
    /// Share of the perturbed cells in which the gene was seen.
    pub seen: f32,
}

/// How many cells of each group are in each batch; group 0 are the controls.
pub(super) struct Strata {
    groups: usize,
    batches: usize,
    /// Group by group, a number for each batch.
    cells: Vec<u32>,
    cells_of_group: Vec<u32>,
    packing: Packing,
    test: CellTest,
    /// True if values are normalised counts whose logarithm is still to be taken.
    take_logarithm: bool,
}

/// Memory for one gene, used again for the next one.
pub(super) struct Sums {
    /// For each group and batch.
    sum: Vec<f64>,
    seen: Vec<u32>,
    squares: Vec<f64>,
    rank_sum: Vec<f64>,
    ties: Vec<f64>,
}

/// Mean and unbiased variance of one gene in the cells of one group and batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moment {
    /// The mean; 0 without cells.
    pub mean: f64,
    /// The variance; 0 with fewer than two cells.
    pub variance: f64,
}

impl Strata {
    pub(super) fn new(
        packing: Packing,
        groups: usize,
        batches: usize,
        cells: impl Iterator<Item = (u32, u32)>,
        test: CellTest,
        take_logarithm: bool,
    ) -> Self {
        let mut strata = Self {
            groups,
            batches,
            cells: vec![0; groups * batches],
            cells_of_group: vec![0; groups],
            packing,
            test,
            take_logarithm,
        };
        for (group, batch) in cells {
            strata.cells[group as usize * batches + batch as usize] += 1;
            strata.cells_of_group[group as usize] += 1;
        }
        strata
    }

    /// Bytes that this many groups in this many batches take, with the sums of each thread.
    pub(super) fn bytes(groups: usize, batches: usize) -> u128 {
        const OF_SUMS: usize = 4 * size_of::<f64>() + size_of::<u32>();
        let threads = rayon::current_num_threads();
        groups as u128 * batches as u128 * (size_of::<u32>() + threads * OF_SUMS) as u128
    }

    pub(super) fn sums(&self) -> Sums {
        let of_strata = self.groups * self.batches;
        Sums {
            sum: vec![0.0; of_strata],
            seen: vec![0; of_strata],
            squares: vec![0.0; of_strata],
            rank_sum: vec![0.0; of_strata],
            ties: vec![0.0; of_strata],
        }
    }

    /// Compares every perturbation with the controls; the share of controls in which the gene was seen comes second.
    ///
    /// `column` holds the packed values of all cells in which the gene was seen, and is sorted if the test needs ranks.
    pub(super) fn compare(&self, column: &mut [u64], sums: &mut Sums) -> (Vec<Comparison>, f32) {
        self.add_up(column, sums);
        if self.test == CellTest::RankSum {
            column.sort_unstable();
            self.rank(column, sums);
        }
        let comparisons = (1..self.groups).map(|group| self.comparison(group, sums)).collect();
        (comparisons, share(self.seen(0, sums), self.cells_of_group[0]))
    }

    /// The moments of every group in every batch, group by group, from the packed values of all cells in which the gene was
    /// seen.
    pub(super) fn moments(&self, column: &[u64], sums: &mut Sums) -> Vec<Moment> {
        self.add_up(column, sums);
        let moment = |(stratum, &cells): (usize, &u32)| {
            let (cells, sum) = (f64::from(cells), sums.sum[stratum]);
            let mean = if cells > 0.0 { sum / cells } else { 0.0 };
            let squares = sum_of_squares(sums.squares[stratum], sum * mean);
            Moment { mean, variance: if cells > 1.0 { squares / (cells - 1.0) } else { 0.0 } }
        };
        self.cells.iter().enumerate().map(moment).collect()
    }

    /// Sums in the order of the cells in the file, whatever is sorted afterwards.
    fn add_up(&self, column: &[u64], sums: &mut Sums) {
        sums.sum.fill(0.0);
        sums.seen.fill(0);
        sums.squares.fill(0.0);
        for &packed in column {
            let (group, batch) = (self.packing.group(packed), self.packing.batch(packed));
            let value = f64::from(self.packing.value(packed));
            let x = if self.take_logarithm { value.ln_1p() } else { value };
            let stratum = group * self.batches + batch;
            sums.sum[stratum] += x;
            sums.seen[stratum] += 1;
            sums.squares[stratum] += x * x;
        }
    }

    fn seen(&self, group: usize, sums: &Sums) -> u32 {
        sums.seen[self.of(group)].iter().sum()
    }

    fn of(&self, group: usize) -> std::ops::Range<usize> {
        group * self.batches..(group + 1) * self.batches
    }

    /// U and ties of each group with the controls of each batch, in one pass over the sorted values.
    fn rank(&self, column: &[u64], sums: &mut Sums) {
        let mut own_ties = vec![0.0; self.batches];
        for (batch, own_ties) in own_ties.iter_mut().enumerate() {
            let unseen = self.cells[batch] - sums.seen[batch];
            *own_ties = ties(unseen);
            for group in 1..self.groups {
                let stratum = group * self.batches + batch;
                sums.rank_sum[stratum] = 0.0;
                sums.ties[stratum] = 0.0;
                add_ties(sums, stratum, self.cells[stratum] - sums.seen[stratum], 0, unseen);
            }
        }
        let by_batch = column.chunk_by(|one, other| self.packing.batch(*one) == self.packing.batch(*other));
        for of_batch in by_batch {
            let batch = self.packing.batch(of_batch[0]);
            let mut below = self.cells[batch] - sums.seen[batch];
            let equal =
                |one: &u64, other: &u64| self.packing.batch_and_value(*one) == self.packing.batch_and_value(*other);
            for tied in of_batch.chunk_by(equal) {
                // Controls are group 0 and so stand first.
                let controls = tied.partition_point(|&packed| self.packing.group(packed) == 0);
                for of_group in tied[controls..].chunk_by(|one, other| one == other) {
                    let stratum = self.packing.group(of_group[0]) * self.batches + batch;
                    add_ties(sums, stratum, of_group.len() as u32, below, controls as u32);
                }
                own_ties[batch] += ties(controls as u32);
                below += controls as u32;
            }
        }
        for group in 1..self.groups {
            for (of_stratum, own) in sums.ties[self.of(group)].iter_mut().zip(&own_ties) {
                *of_stratum += own;
            }
        }
    }

    fn comparison(&self, group: usize, sums: &Sums) -> Comparison {
        let welch = self.welch(group, sums);
        let p = match self.test {
            CellTest::Welch => welch.p,
            CellTest::RankSum => self.rank_sum(group, sums),
        };
        let seen = share(self.seen(group, sums), self.cells_of_group[group]);
        Comparison { p, log2fc: (welch.difference / LN_2) as f32, margin: (welch.margin / LN_2) as f32, seen }
    }

    fn welch(&self, group: usize, sums: &Sums) -> Welch {
        let n = f64::from(self.cells_of_group[group]);
        let (mut difference, mut explained, mut batches) = (0.0, 0.0, 0.0);
        let (mut variance, mut spread_of_controls) = (0.0, 0.0);
        for (batch, (&cells, &sum)) in self.cells[self.of(group)].iter().zip(&sums.sum[self.of(group)]).enumerate() {
            if cells == 0 {
                continue;
            }
            let (cells, controls) = (f64::from(cells), f64::from(self.cells[batch]));
            let (mean, control_mean) = (sum / cells, sums.sum[batch] / controls);
            difference += cells / n * (mean - control_mean);
            explained += sum * mean;
            batches += 1.0;
            let of_controls = sum_of_squares(sums.squares[batch], sums.sum[batch] * control_mean);
            let v = (cells / n).powi(2) * of_controls / (controls - 1.0) / controls;
            variance += v;
            spread_of_controls += v * v / (controls - 1.0);
        }
        let freedom = n - batches;
        if freedom < 1.0 {
            return Welch { difference, margin: f64::INFINITY, p: 1.0 };
        }
        let squares = sums.squares[self.of(group)].iter().sum();
        let own = sum_of_squares(squares, explained) / freedom / n;
        variance += own;
        if variance == 0.0 {
            return Welch { difference, margin: 0.0, p: if difference == 0.0 { 1.0 } else { 0.0 } };
        }
        // Shares of the variance, not variances, so that tiny ones do not vanish when squared.
        let of_controls = spread_of_controls / variance / variance;
        let degrees_of_freedom = 1.0 / ((own / variance).powi(2) / freedom + of_controls);
        let error = variance.sqrt();
        let p = two_sided_t(difference / error, degrees_of_freedom);
        Welch { difference, margin: error * upper_5_percent(degrees_of_freedom), p }
    }

    fn rank_sum(&self, group: usize, sums: &Sums) -> f64 {
        let (mut distance, mut variance, mut least) = (0.0, 0.0, f64::INFINITY);
        for (batch, stratum) in self.of(group).enumerate().filter(|&(_, stratum)| self.cells[stratum] > 0) {
            let (a, b) = (f64::from(self.cells[stratum]), f64::from(self.cells[batch]));
            let n = a + b;
            let weight = 1.0 / (n + 1.0);
            distance += weight * (sums.rank_sum[stratum] - a * b / 2.0);
            let ties = sums.ties[stratum] / (n * (n - 1.0));
            variance += (a * b / 12.0 * ((n + 1.0) - ties)).max(0.0) * weight * weight;
            least = least.min(weight);
        }
        if variance <= 0.0 {
            return 1.0;
        }
        let z = (distance.abs() - 0.5 * least) / variance.sqrt();
        if z <= 0.0 { 1.0 } else { two_sided_normal(z) }
    }
}

struct Welch {
    difference: f64,
    margin: f64,
    p: f64,
}

/// Σ(τ³−τ) for one group of equal values.
fn ties(size: u32) -> f64 {
    let size = f64::from(size);
    size * size * size - size
}

/// Counts `cells` of a stratum at one value: they stand above `below` controls and level with `equal` of them.
fn add_ties(sums: &mut Sums, stratum: usize, cells: u32, below: u32, equal: u32) {
    sums.rank_sum[stratum] += f64::from(cells) * (f64::from(below) + 0.5 * f64::from(equal));
    sums.ties[stratum] += ties(cells + equal) - ties(equal);
}

/// Sum of squared deviations from the means, from the squares and what the means explain of them.
///
/// What is left of rounding where nothing varies counts as nothing.
fn sum_of_squares(squares: f64, explained: f64) -> f64 {
    const ROUNDING: f64 = 1e-12;
    let left = squares - explained;
    if left > ROUNDING * squares { left } else { 0.0 }
}

fn share(seen: u32, cells: u32) -> f32 {
    if cells == 0 { 0.0 } else { (f64::from(seen) / f64::from(cells)) as f32 }
}

/// The value that Student's t exceeds in one of twenty cases; its expansion in `1/ν` is exact to 4 digits from `ν = 4`.
///
/// # Reference
/// Abramowitz & Stegun 1964, 26.7.5.
fn upper_5_percent(degrees_of_freedom: f64) -> f64 {
    const Z: f64 = 1.644_853_626_951_472_7;
    const TERMS: [f64; 3] = [1.523_769_1, 1.420_203_0, 0.983_001_5];
    if degrees_of_freedom < 4.0 {
        return two_sided_t_quantile(0.1, degrees_of_freedom);
    }
    let x = 1.0 / degrees_of_freedom;
    Z + x * (TERMS[0] + x * (TERMS[1] + x * TERMS[2]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::{rank_sum, welch_t};
    use super::*;

    /// One cell: group, batch, value.
    type Cell = (u32, u32, f32);

    fn compared(cells: &[Cell], batches: usize, test: CellTest) -> Vec<Comparison> {
        let groups = cells.iter().map(|cell| cell.0 as usize + 1).max().unwrap_or(1);
        let packing = Packing::of(groups, batches).expect("room");
        let numbers = cells.iter().map(|&(group, batch, _)| (group, batch));
        let strata = Strata::new(packing, groups, batches, numbers, test, false);
        let seen = cells.iter().filter(|cell| cell.2 != 0.0);
        let mut column: Vec<u64> = seen.map(|&(group, batch, value)| packing.pack(batch, value, group)).collect();
        // What an earlier gene has left behind must not count.
        let mut sums = strata.sums();
        strata.compare(&mut column.clone(), &mut sums);
        strata.compare(&mut column, &mut sums).0
    }

    fn of(cells: &[Cell], group: u32, batch: u32) -> Vec<f64> {
        cells.iter().filter(|cell| (cell.0, cell.1) == (group, batch)).map(|cell| f64::from(cell.2)).collect()
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() <= 1e-9 * right.abs() + 1e-300
    }

    #[test]
    fn scipy_finds_the_same_with_zeros_and_ties() {
        // ttest_ind(equal_var=False) and mannwhitneyu(method="asymptotic") of SciPy 1.17.
        let cases: [(&[f32], &[f32], f64, f64); 3] = [
            (
                &[0.0, 0.0, 0.0, 1.5, 2.0, 2.0, 0.0, 3.25, 0.0, 1.5, 0.5, 0.0],
                &[0.0, 0.0, 0.0, 0.0, 0.0, 1.5, 0.0, 0.5, 0.0, 0.0, 2.0, 0.0, 0.0, 0.25, 0.0],
                0.107_317_846_597_293_51,
                0.142_450_604_233_264_3,
            ),
            (&[0.0, 0.0, 1.0, 0.0, 0.0, 0.0], &[0.0; 9], 0.363_217_467_649_122_8, 0.276_302_917_337_483_47),
            (
                &[1.0, 2.0, 3.0, 4.0, 5.0],
                &[6.0, 7.0, 8.0, 9.0, 10.0, 11.0],
                0.000_506_245_005_938_858_1,
                0.008_113_117_265_565_78,
            ),
        ];
        for (perturbed, controls, welch, ranks) in cases {
            let cells: Vec<Cell> =
                perturbed.iter().map(|&x| (1, 0, x)).chain(controls.iter().map(|&x| (0, 0, x))).collect();
            for (test, expected) in [(CellTest::Welch, welch), (CellTest::RankSum, ranks)] {
                let p = compared(&cells, 1, test)[0].p;
                assert!((p - expected).abs() < 1e-10, "{test:?}: {p}, SciPy {expected}");
            }
        }
    }

    #[test]
    fn a_difference_between_batches_is_no_difference_between_cells() {
        // Batch 1 is brighter by 5 and holds most of the perturbed cells; inside batches nothing differs.
        let mut cells = Vec::new();
        for (batch, level, perturbed, controls) in [(0, 1.0, 4, 16), (1, 6.0, 16, 4)] {
            for (group, count) in [(1, perturbed), (0, controls)] {
                cells.extend((0..count).map(|number| (group, batch, level + [0.0, 0.5, 0.25, 0.75][number % 4])));
            }
        }
        for test in [CellTest::Welch, CellTest::RankSum] {
            let apart = compared(&cells, 2, test)[0];
            assert!(apart.p > 0.9 && apart.log2fc.abs() < 1e-6, "{test:?}: {apart:?}");
            let together: Vec<Cell> = cells.iter().map(|&(group, _, value)| (group, 0, value)).collect();
            assert!(compared(&together, 1, test)[0].p < 0.01);
        }
    }

    #[test]
    fn the_interval_is_that_of_student() {
        // Quantiles of SciPy's t at 0.95.
        for (freedom, expected) in [(4.0, 2.131_846_8), (5.0, 2.015_048_4), (9.0, 1.833_112_9), (30.0, 1.697_260_9)] {
            let found = upper_5_percent(freedom);
            assert!((found / expected - 1.0).abs() < 1e-3, "{freedom}: {found}");
        }
    }

    #[test]
    fn what_never_varies_gives_numbers_and_no_nan() {
        let still: Vec<Cell> = (0..30).map(|number| (u32::from(number % 3 == 0), 0, 0.1)).collect();
        let silent: Vec<Cell> = still.iter().map(|&(group, batch, _)| (group, batch, 0.0)).collect();
        let moved: Vec<Cell> = still.iter().map(|&(group, batch, _)| (group, batch, 1.0 + group as f32)).collect();
        for test in [CellTest::Welch, CellTest::RankSum] {
            for cells in [&still, &silent] {
                let found = compared(cells, 1, test)[0];
                assert!(found.p == 1.0 && found.log2fc.abs() < 1e-6 && found.margin.is_finite(), "{found:?}");
            }
            assert!(compared(&moved, 1, test)[0].p < 1e-3);
        }
        // One cell in each batch: nothing tells how much they vary.
        let lonely = [(1, 0, 1.0), (0, 0, 0.0), (0, 0, 1.0), (1, 1, 2.0), (0, 1, 0.0), (0, 1, 3.0)];
        let found = compared(&lonely, 2, CellTest::Welch)[0];
        assert_eq!((found.p, found.margin), (1.0, f32::INFINITY));
    }

    /// van Elteren's test by its formula, ranks taken again in each batch.
    fn slow_rank_sum(cells: &[Cell], group: u32, batches: u32) -> f64 {
        let (mut distance, mut variance, mut least) = (0.0, 0.0, f64::INFINITY);
        for batch in 0..batches {
            let (a, b) = (of(cells, group, batch), of(cells, 0, batch));
            if a.is_empty() {
                continue;
            }
            let (n, m) = (a.len() as f64, b.len() as f64);
            let mut everyone: Vec<f64> = a.iter().chain(&b).copied().collect();
            everyone.sort_by(f64::total_cmp);
            let ties: f64 = everyone.chunk_by(|one, other| one == other).map(|tied| ties(tied.len() as u32)).sum();
            let weight = 1.0 / (n + m + 1.0);
            distance += weight * (rank_sum(&a, &b).u - n * m / 2.0);
            variance += weight * weight * n * m / 12.0 * ((n + m + 1.0) - ties / ((n + m) * (n + m - 1.0)));
            least = weight.min(least);
        }
        let z = (distance.abs() - 0.5 * least) / variance.sqrt();
        if variance <= 1e-12 || z <= 0.0 { 1.0 } else { two_sided_normal(z) }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn with_one_batch_both_tests_are_the_plain_ones(
            values in prop::collection::vec((0_u32..4, 0_u8..8, 0_u8..3), 12..120),
        ) {
            let mut cells: Vec<Cell> =
                values.iter().map(|&(group, step, zero)| (group, 0, if zero == 0 { f32::from(step) / 4.0 } else { 0.0 })).collect();
            cells.extend((0..4).flat_map(|group| [(group, 0, 0.5), (group, 0, 0.0), (group, 0, 1.25)]));
            for test in [CellTest::Welch, CellTest::RankSum] {
                for (found, group) in compared(&cells, 1, test).iter().zip(1..) {
                    let (a, b) = (of(&cells, group, 0), of(&cells, 0, 0));
                    let expected = if test == CellTest::Welch { welch_t(&a, &b).p } else { rank_sum(&a, &b).p };
                    prop_assert!(close(found.p, expected), "{test:?} {group}: {} {expected}", found.p);
                    let difference = a.iter().sum::<f64>() / a.len() as f64 - b.iter().sum::<f64>() / b.len() as f64;
                    prop_assert!((f64::from(found.log2fc) - difference / LN_2).abs() < 1e-5);
                }
            }
        }

        #[test]
        fn with_batches_the_rank_sum_is_van_elterens(
            values in prop::collection::vec((0_u32..3, 0_u32..3, 0_u8..9), 20..150),
        ) {
            let mut cells: Vec<Cell> =
                values.iter().map(|&(group, batch, step)| (group, batch, f32::from(step.saturating_sub(4)) / 2.0)).collect();
            cells.extend((0..3).flat_map(|batch| [(0, batch, 0.0), (0, batch, 1.0), (1, 0, 0.0), (2, 1, 0.5)]));
            for (found, group) in compared(&cells, 3, CellTest::RankSum).iter().zip(1..) {
                let expected = slow_rank_sum(&cells, group, 3);
                prop_assert!((found.p - expected).abs() < 1e-9, "{group}: {} {expected}", found.p);
            }
        }

        #[test]
        fn cells_in_another_order_say_the_same(
            values in prop::collection::vec((0_u32..3, 0_u32..2, 0_u8..9), 20..80),
            seed in any::<u64>(),
        ) {
            use rand::{SeedableRng, seq::SliceRandom};
            let mut cells: Vec<Cell> = values.iter().map(|&(group, batch, step)| (group, batch, f32::from(step))).collect();
            cells.extend((0..2).flat_map(|batch| [(0, batch, 0.0), (0, batch, 1.0), (1, 0, 0.0), (2, 1, 0.5)]));
            let mut shuffled = cells.clone();
            shuffled.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(seed));
            for test in [CellTest::Welch, CellTest::RankSum] {
                for (one, other) in compared(&cells, 2, test).iter().zip(compared(&shuffled, 2, test)) {
                    prop_assert!(close(one.p, other.p) && (one.log2fc - other.log2fc).abs() < 1e-5);
                    prop_assert!((0.0..=1.0).contains(&one.p) && !one.log2fc.is_nan() && !one.margin.is_nan());
                }
            }
        }
    }
}
