//! How sure a score is: bootstrap intervals over perturbations, paired differences, intervals of shares.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::MetricError;
use super::consistency::{ResponseCounts, row_counts};
use crate::biology::{GeneId, Perturbation, ResponseMatrix};

/// A figure with the range in which it plausibly lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The figure itself, from all data.
    pub estimate: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Nominal coverage, in `(0, 1)`, for example 0.95.
    pub level: f64,
}

/// How resampled figures are turned into an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BootstrapMethod {
    /// The quantiles of the resampled figures as they are.
    Percentile,
    /// Quantiles corrected for bias and for a spread that changes with the figure (bias-corrected and accelerated).
    #[default]
    Bca,
}

/// How a bootstrap is run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BootstrapConfig {
    /// How often the perturbations are drawn again, ≥ 1; default 1,000. More steadies the ends of the interval.
    pub resamples: usize,
    /// Nominal coverage, in `(0, 1)`; default 0.95.
    pub level: f64,
    /// How resampled figures become an interval; default BCa.
    pub method: BootstrapMethod,
    /// Seed of the draws; resample `b` uses stream `b`, so the number of threads changes nothing.
    pub seed: u64,
}

impl Default for BootstrapConfig {
    fn default() -> Self {
        Self { resamples: 1_000, level: 0.95, method: BootstrapMethod::default(), seed: 42 }
    }
}

impl BootstrapConfig {
    fn check(&self) -> Result<(), MetricError> {
        if self.resamples == 0 {
            return Err(MetricError::Setting { setting: "resamples", value: 0.0, allowed: "at least 1" });
        }
        check_level(self.level)
    }
}

fn check_level(level: f64) -> Result<(), MetricError> {
    if level > 0.0 && level < 1.0 {
        return Ok(());
    }
    Err(MetricError::Setting { setting: "level", value: level, allowed: "between 0 and 1, for example 0.95" })
}

/// How much better the first of two predictions is than the second on the same perturbations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// Macro-F1 of the first less that of the second, with its interval.
    pub difference: Interval,
    /// Share of resamples in which the first is the better one, ties counted half, in `[0, 1]`.
    pub first_better: f64,
}

/// Bootstrap interval of any figure over exchangeable units.
///
/// `statistic` is given the units drawn, with repeats, `n_units` of them, and must be finite for any draw. For BCa, with
/// `z₀ = Φ⁻¹(share of resamples below the estimate)` (ties half) and the acceleration `a` from leaving out one unit at
/// a time, the ends are the quantiles
///
/// ```text
/// Φ( z₀ + (z₀ + z) / (1 − a(z₀ + z)) ),   z = Φ⁻¹(½(1 ∓ level)),   a = Σ d³ / 6(Σ d²)^{3/2},   d = mean(θ₋ᵢ) − θ₋ᵢ
/// ```
///
/// # Errors
/// [`MetricError::TooFewPerturbations`] for fewer than two units, [`MetricError::Setting`] for a setting out of range.
///
/// # Complexity
/// `resamples` calls of `statistic`, in parallel, and `n_units` more for BCa.
///
/// # Reference
/// Efron, *Better bootstrap confidence intervals*, JASA 1987, doi:10.1080/01621459.1987.10478410.
pub fn bootstrap<F>(n_units: usize, statistic: F, config: &BootstrapConfig) -> Result<Interval, MetricError>
where
    F: Fn(&[usize]) -> f64 + Sync,
{
    resample(n_units, statistic, config).map(|resampled| resampled.interval)
}

struct Resampled {
    interval: Interval,
    figures: Vec<f64>,
}

fn resample<F>(n_units: usize, statistic: F, config: &BootstrapConfig) -> Result<Resampled, MetricError>
where
    F: Fn(&[usize]) -> f64 + Sync,
{
    config.check()?;
    if n_units < 2 {
        return Err(MetricError::TooFewPerturbations { found: n_units, needed: 2 });
    }
    let all: Vec<_> = (0..n_units).collect();
    let estimate = statistic(&all);
    let mut figures: Vec<_> =
        (0..config.resamples).into_par_iter().map(|index| statistic(&draw(n_units, config.seed, index))).collect();
    figures.sort_unstable_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - config.level);
    let [low, high] = match config.method {
        BootstrapMethod::Percentile => [tail, 1.0 - tail],
        BootstrapMethod::Bca => bca_quantiles(&figures, estimate, acceleration(&all, &statistic), tail),
    };
    let (lower, upper) = (quantile(&figures, low), quantile(&figures, high));
    Ok(Resampled { interval: Interval { estimate, lower, upper, level: config.level }, figures })
}

fn draw(n_units: usize, seed: u64, stream: usize) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream as u64);
    (0..n_units).map(|_| rng.random_range(0..n_units)).collect()
}

fn acceleration(all: &[usize], statistic: &(impl Fn(&[usize]) -> f64 + Sync)) -> f64 {
    let without = |left_out: usize| {
        let rest: Vec<_> = all.iter().copied().filter(|&unit| unit != left_out).collect();
        statistic(&rest)
    };
    let figures: Vec<_> = all.par_iter().map(|&unit| without(unit)).collect();
    let mean = figures.iter().sum::<f64>() / figures.len() as f64;
    let power = |exponent| figures.iter().map(|figure| (mean - figure).powi(exponent)).sum::<f64>();
    let spread = power(2);
    if spread > 0.0 { power(3) / (6.0 * spread.powf(1.5)) } else { 0.0 }
}

fn bca_quantiles(sorted: &[f64], estimate: f64, acceleration: f64, tail: f64) -> [f64; 2] {
    let normal = Normal::standard();
    let below = sorted.iter().filter(|&&figure| figure < estimate).count() as f64;
    let equal = sorted.iter().filter(|&&figure| figure == estimate).count() as f64;
    let resamples = sorted.len() as f64;
    // An estimate outside all resamples would give an infinite correction; half a resample keeps it finite.
    let share = ((below + 0.5 * equal) / resamples).clamp(0.5 / resamples, 1.0 - 0.5 / resamples);
    let bias = normal.inverse_cdf(share);
    [tail, 1.0 - tail].map(|level| {
        let shifted = bias + normal.inverse_cdf(level);
        let stretch = 1.0 - acceleration * shifted;
        if stretch > 0.0 { normal.cdf(bias + shifted / stretch) } else { level }
    })
}

/// Quantile of sorted figures, interpolated linearly between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = share.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    let fraction = position - below as f64;
    sorted[below] + fraction * (sorted[above] - sorted[below])
}

/// Macro-F1 of [`super::consistency`] with a bootstrap interval over perturbations.
///
/// Genes of one perturbation rise and fall together, so perturbations are drawn, never single entries; and rows that
/// perturb the same genes are drawn together.
///
/// # Shapes
/// - `truth`, `predicted`: `[n_perturbations, n_genes]`
///
/// # Errors
/// [`MetricError`] if shapes differ, fewer than two gene sets are perturbed, or a setting is out of range.
pub fn consistency_interval(
    perturbations: &[Perturbation],
    truth: &ResponseMatrix,
    predicted: &ResponseMatrix,
    config: &BootstrapConfig,
) -> Result<Interval, MetricError> {
    let units = units(perturbations, &row_counts(perturbations, truth, predicted)?);
    bootstrap(units.len(), |drawn| ResponseCounts::drawn_macro_f1(&units, drawn), config)
}

/// Macro-F1 of `first` less that of `second`, both against `truth`, on the same draws of perturbations.
///
/// Drawing the same perturbations for both takes out how hard they are, so the interval is much tighter than two
/// intervals side by side would suggest.
///
/// # Shapes
/// - `truth`, `first`, `second`: `[n_perturbations, n_genes]`
///
/// # Errors
/// As [`consistency_interval`].
pub fn paired_difference(
    perturbations: &[Perturbation],
    truth: &ResponseMatrix,
    first: &ResponseMatrix,
    second: &ResponseMatrix,
    config: &BootstrapConfig,
) -> Result<PairedDifference, MetricError> {
    let first = units(perturbations, &row_counts(perturbations, truth, first)?);
    let second = units(perturbations, &row_counts(perturbations, truth, second)?);
    bootstrap_difference(
        first.len(),
        |drawn| ResponseCounts::drawn_macro_f1(&first, drawn) - ResponseCounts::drawn_macro_f1(&second, drawn),
        config,
    )
}

/// As [`bootstrap`], of a difference of two figures on the same draws, with the share of draws in which it is above 0.
///
/// # Errors
/// As [`bootstrap`].
pub fn bootstrap_difference<F>(
    n_units: usize,
    difference: F,
    config: &BootstrapConfig,
) -> Result<PairedDifference, MetricError>
where
    F: Fn(&[usize]) -> f64 + Sync,
{
    let resampled = resample(n_units, difference, config)?;
    Ok(PairedDifference { difference: resampled.interval, first_better: share_above_zero(&resampled.figures) })
}

fn share_above_zero(figures: &[f64]) -> f64 {
    let above = figures.iter().filter(|&&figure| figure > 0.0).count() as f64;
    let equal = figures.iter().filter(|&&figure| figure == 0.0).count() as f64;
    (above + 0.5 * equal) / figures.len() as f64
}

/// Counts per perturbed gene set, in the order of the gene sets: the order of the rows does not matter.
fn units(perturbations: &[Perturbation], rows: &[ResponseCounts]) -> Vec<ResponseCounts> {
    let mut units: BTreeMap<Vec<GeneId>, Vec<&ResponseCounts>> = BTreeMap::new();
    for (perturbation, counts) in perturbations.iter().zip(rows) {
        units.entry(perturbation.genes().collect()).or_default().push(counts);
    }
    units.into_values().map(ResponseCounts::total).collect()
}

/// Wilson score interval of a share, for example of regulations whose sign the data confirm.
///
/// ```text
/// ( p + z²/2n ± z·√(p(1−p)/n + z²/4n²) ) / (1 + z²/n),   p = successes/n,   z = Φ⁻¹(½(1 + level))
/// ```
/// It stays inside `[0, 1]` and is honest for few trials and for shares near 0 or 1.
///
/// # Errors
/// [`MetricError::NoShare`] without trials or with more successes than trials, [`MetricError::Setting`] for a level
/// outside `(0, 1)`.
///
/// # Reference
/// Wilson, JASA 1927, doi:10.1080/01621459.1927.10502953.
pub fn wilson(successes: u64, trials: u64, level: f64) -> Result<Interval, MetricError> {
    check_level(level)?;
    if trials == 0 || successes > trials {
        return Err(MetricError::NoShare { successes, trials });
    }
    let trials = trials as f64;
    let share = successes as f64 / trials;
    let z = Normal::standard().inverse_cdf(0.5 * (1.0 + level));
    let scale = 1.0 + z * z / trials;
    let centre = (share + z * z / (2.0 * trials)) / scale;
    let half = z / scale * (share * (1.0 - share) / trials + z * z / (4.0 * trials * trials)).sqrt();
    let (lower, upper) = ((centre - half).clamp(0.0, share), (centre + half).clamp(share, 1.0));
    Ok(Interval { estimate: share, lower, upper, level })
}

/// Student interval of the mean of a few figures, for example of one difference per fold.
///
/// ```text
/// m ± t·s/√n,   m = mean,   s² = Σ(x − m)²/(n − 1),   t = quantile ½(1 + level) of Student's t with n − 1 degrees of freedom
/// ```
/// Folds share most of what they learn from, so their figures are not independent and the interval is too tight rather
/// than too wide.
///
/// # Errors
/// [`MetricError::TooFewFigures`] for fewer than two figures, [`MetricError::Setting`] for a level outside `(0, 1)`.
pub fn mean_interval(figures: &[f64], level: f64) -> Result<Interval, MetricError> {
    check_level(level)?;
    if figures.len() < 2 {
        return Err(MetricError::TooFewFigures { found: figures.len() });
    }
    let count = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / count;
    let variance = figures.iter().map(|figure| (figure - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let quantile = StudentsT::new(0.0, 1.0, count - 1.0).map_or(f64::NAN, |t| t.inverse_cdf(0.5 * (1.0 + level)));
    let half = quantile * (variance / count).sqrt();
    Ok(Interval { estimate: mean, lower: mean - half, upper: mean + half, level })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::Rng;

    use super::*;
    use crate::biology::Response;

    #[test]
    fn the_mean_of_three_folds_has_the_interval_of_the_tables() {
        // Worked by hand: mean 2, s = 1, t(0.975; 2) = 4.30265, half width 4.30265/√3.
        let interval = mean_interval(&[1.0, 2.0, 3.0], 0.95).expect("three figures");
        let half = 4.302_652_73 / 3_f64.sqrt();
        assert_eq!(interval.estimate, 2.0);
        assert!((interval.upper - 2.0 - half).abs() < 1e-6 && (2.0 - interval.lower - half).abs() < 1e-6);
        assert!(mean_interval(&[1.0], 0.95).is_err() && mean_interval(&[1.0, 2.0], 1.0).is_err());
    }

    fn screen(rows: &[(usize, &[i8])]) -> (Vec<Perturbation>, ResponseMatrix) {
        let perturbations = rows.iter().map(|&(gene, _)| Perturbation::deletion(GeneId::new(gene))).collect();
        let entries = rows.iter().flat_map(|(_, row)| row.iter().map(|&value| Response::from_value(value)));
        (perturbations, ResponseMatrix::from_entries(rows.len(), rows[0].1.len(), entries.collect()))
    }

    /// Forty deletions, five genes that respond at random (the deleted ones lie beyond them), seeded.
    fn random_screen(seed: u64, right: f64) -> (Vec<Perturbation>, ResponseMatrix, ResponseMatrix) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let perturbations: Vec<_> = (0..40).map(|row| Perturbation::deletion(GeneId::new(5 + row))).collect();
        let mut truth = ResponseMatrix::unmeasured(40, 45);
        let mut predicted = truth.clone();
        for row in 0..40 {
            for gene in 0..5 {
                let response = Response::from_value(rng.random_range(-1..=1));
                let guess =
                    if rng.random_bool(right) { response } else { Response::from_value(rng.random_range(-1..=1)) };
                truth.row_mut(row)[gene] = response;
                predicted.row_mut(row)[gene] = guess;
            }
        }
        (perturbations, truth, predicted)
    }

    #[test]
    fn wilson_gives_the_textbook_interval() {
        // 7 of 10 at 95 %, z = 1.959964: (0.7 + 0.19207 ± 1.959964·√(0.021 + 0.0096036)) / 1.3841459
        let interval = wilson(7, 10, 0.95).expect("a share");
        assert!((interval.lower - 0.396_78).abs() < 1e-4, "{interval:?}");
        assert!((interval.upper - 0.892_21).abs() < 1e-4, "{interval:?}");
    }

    #[test]
    fn a_share_of_nothing_has_no_interval() {
        assert!(matches!(wilson(0, 0, 0.95), Err(MetricError::NoShare { .. })));
        assert!(matches!(wilson(1, 2, 1.0), Err(MetricError::Setting { .. })));
    }

    #[test]
    fn the_percentile_interval_of_a_mean_is_the_normal_one() {
        // 400 units, half 0 and half 1: standard error 0.025, so 0.5 ± 1.96 · 0.025.
        let mean = |drawn: &[usize]| drawn.iter().map(|&unit| (unit % 2) as f64).sum::<f64>() / drawn.len() as f64;
        for method in [BootstrapMethod::Percentile, BootstrapMethod::Bca] {
            let config = BootstrapConfig { resamples: 4_000, method, ..BootstrapConfig::default() };
            let interval = bootstrap(400, mean, &config).expect("many units");
            assert!((interval.lower - 0.451).abs() < 0.006, "{interval:?}");
            assert!((interval.upper - 0.549).abs() < 0.006, "{interval:?}");
        }
    }

    #[test]
    fn bca_leans_towards_the_long_tail_of_a_skewed_figure() {
        let value = |unit: usize| (unit as f64 / 6.0).exp();
        let mean = |drawn: &[usize]| drawn.iter().map(|&unit| value(unit)).sum::<f64>() / drawn.len() as f64;
        let with = |method| BootstrapConfig { method, ..BootstrapConfig::default() };
        let plain = bootstrap(20, mean, &with(BootstrapMethod::Percentile)).expect("many units");
        let corrected = bootstrap(20, mean, &with(BootstrapMethod::Bca)).expect("many units");
        assert!(corrected.lower > plain.lower && corrected.upper > plain.upper, "{plain:?} {corrected:?}");
    }

    #[test]
    fn a_figure_that_never_varies_has_an_interval_of_no_width() {
        let interval = bootstrap(5, |_| 0.25, &BootstrapConfig::default()).expect("five units");
        assert_eq!((interval.lower, interval.upper), (0.25, 0.25));
    }

    #[test]
    fn two_experiments_on_one_gene_are_one_unit() {
        let (perturbations, truth) = screen(&[(0, &[-1, 1, 0]), (0, &[-1, 1, 1])]);
        let error = consistency_interval(&perturbations, &truth, &truth, &BootstrapConfig::default());
        assert_eq!(error, Err(MetricError::TooFewPerturbations { found: 1, needed: 2 }));
    }

    #[test]
    fn a_better_prediction_is_told_apart_and_an_equal_one_is_not() {
        let (perturbations, truth, good) = random_screen(3, 0.9);
        let (_, _, poor) = random_screen(4, 0.0);
        let config = BootstrapConfig::default();
        let apart = paired_difference(&perturbations, &truth, &good, &poor, &config).expect("shapes fit");
        assert!(apart.difference.lower > 0.0 && apart.first_better == 1.0, "{apart:?}");
        let same = paired_difference(&perturbations, &truth, &good, &good, &config).expect("shapes fit");
        assert_eq!((same.difference.lower, same.difference.upper, same.first_better), (0.0, 0.0, 0.5));
    }

    #[test]
    fn one_thread_and_three_draw_the_same_interval() {
        let (perturbations, truth, predicted) = random_screen(5, 0.5);
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
            let config = BootstrapConfig::default();
            pool.install(|| consistency_interval(&perturbations, &truth, &predicted, &config)).expect("shapes fit")
        };
        assert_eq!(on(1), on(3));
    }

    /// Of 100 screens of known quality, the 90 % interval should miss about ten times; 22 is four standard errors out.
    #[test]
    fn intervals_cover_the_true_score_about_as_often_as_they_say() {
        let (right, chance) = (0.6, 1.0 / 3.0);
        // With balanced classes, precision and recall of each class are both this share.
        let expected = right + (1.0 - right) * chance;
        let config = BootstrapConfig { level: 0.9, resamples: 300, ..BootstrapConfig::default() };
        let misses = (0..100).filter(|&seed| {
            let (perturbations, truth, predicted) = random_screen(1_000 + seed, right);
            let interval = consistency_interval(&perturbations, &truth, &predicted, &config).expect("shapes fit");
            expected < interval.lower || expected > interval.upper
        });
        let misses = misses.count();
        assert!((1..=22).contains(&misses), "{misses} of 100 intervals miss");
    }

    proptest! {
        #[test]
        fn wilson_holds_the_share_inside_the_unit_interval(trials in 1..500_u64, part in 0.0..=1.0_f64, level in 0.5..0.999_f64) {
            let successes = (part * trials as f64) as u64;
            let interval = wilson(successes, trials, level).expect("a share");
            prop_assert!(0.0 <= interval.lower && interval.lower <= interval.estimate);
            prop_assert!(interval.estimate <= interval.upper && interval.upper <= 1.0);
        }

        #[test]
        fn the_order_of_rows_changes_no_interval(seed in 0..50_u64, shift in 1..39_usize) {
            let (perturbations, truth, predicted) = random_screen(seed, 0.5);
            let order: Vec<_> = (0..40).map(|row| (row + shift) % 40).collect();
            let moved: Vec<_> = order.iter().map(|&row| perturbations[row].clone()).collect();
            let config = BootstrapConfig { resamples: 50, ..BootstrapConfig::default() };
            let one = consistency_interval(&perturbations, &truth, &predicted, &config);
            let other = consistency_interval(&moved, &truth.select(&order), &predicted.select(&order), &config);
            prop_assert_eq!(one, other);
        }
    }
}
