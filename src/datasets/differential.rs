//! Is the difference real? Welch's t, the rank-sum test, and false discovery rates.
//!
//! No result is ever NaN: where a test can say nothing (too few values, no spread, values that are not numbers) it says
//! `p = 1`.

use statrs::function::beta::beta_reg;
use statrs::function::erf::{erfc, erfc_inv};

/// Outcome of [`welch_t`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WelchT {
    /// Difference of the means in units of its standard error; positive if the first sample is larger.
    pub t: f64,
    /// Welch–Satterthwaite degrees of freedom.
    pub degrees_of_freedom: f64,
    /// Two-sided probability of a `t` at least as large by chance, in `[0, 1]`.
    pub p: f64,
}

/// Welch's two-sample t-test, which does not assume equal variances.
///
/// ```text
/// t = (ā − b̄) / √(vₐ + v_b),   ν = (vₐ + v_b)² / (vₐ²/(nₐ−1) + v_b²/(n_b−1)),   v = s²/n
/// ```
/// where `s²` is the sample variance. With fewer than two values on a side, or a value that is not finite, the test
/// knows nothing: `t = 0`, `ν = 0`, `p = 1`. If neither side varies, equal means give `t = 0`, `p = 1` and different ones
/// `t = ±∞`, `p = 0`, both with `ν = nₐ + n_b − 2`.
///
/// # Reference
/// Welch 1947, doi:10.1093/biomet/34.1-2.28.
#[must_use]
pub fn welch_t(a: &[f64], b: &[f64]) -> WelchT {
    const NOTHING: WelchT = WelchT { t: 0.0, degrees_of_freedom: 0.0, p: 1.0 };
    if a.len() < 2 || b.len() < 2 || !a.iter().chain(b).all(|value| value.is_finite()) {
        return NOTHING;
    }
    let (n_a, n_b) = (a.len() as f64, b.len() as f64);
    let difference = mean(a) - mean(b);
    let (v_a, v_b) = (sum_of_squares(a) / (n_a - 1.0) / n_a, sum_of_squares(b) / (n_b - 1.0) / n_b);
    let variance = v_a + v_b;
    if variance == 0.0 {
        let degrees_of_freedom = n_a + n_b - 2.0;
        if difference == 0.0 {
            return WelchT { degrees_of_freedom, ..NOTHING };
        }
        return WelchT { t: difference.signum() * f64::INFINITY, degrees_of_freedom, p: 0.0 };
    }
    let t = difference / variance.sqrt();
    // Shares of the variance, not variances, so that tiny ones do not vanish when squared.
    let (share_a, share_b) = (v_a / variance, v_b / variance);
    let degrees_of_freedom = 1.0 / (share_a * share_a / (n_a - 1.0) + share_b * share_b / (n_b - 1.0));
    WelchT { t, degrees_of_freedom, p: two_sided_t(t, degrees_of_freedom) }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Sum of squared deviations from the mean.
pub(super) fn sum_of_squares(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

/// Above this many degrees of freedom Student's t is the normal distribution to all digits.
const NORMAL: f64 = 1e8;

/// Probability of a Student t variable at least as far from 0 as `t`; infinite degrees of freedom are allowed.
pub(super) fn two_sided_t(t: f64, degrees_of_freedom: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    if degrees_of_freedom > NORMAL {
        return two_sided_normal(t);
    }
    // The incomplete beta function keeps its digits far out in the tail, where 1 − cdf has none.
    let x = degrees_of_freedom / (degrees_of_freedom + t * t);
    if x <= 0.0 { 0.0 } else { beta_reg(degrees_of_freedom / 2.0, 0.5, x.min(1.0)).clamp(0.0, 1.0) }
}

pub(super) fn two_sided_normal(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2).clamp(0.0, 1.0)
}

/// The `t` that is exceeded in absolute value with probability `p`, `0 < p < 1`.
pub(super) fn two_sided_t_quantile(p: f64, degrees_of_freedom: f64) -> f64 {
    let normal = std::f64::consts::SQRT_2 * erfc_inv(p);
    if degrees_of_freedom > NORMAL {
        return normal;
    }
    // Student's t has the heavier tails, so the normal quantile bounds it from below.
    let (mut low, mut high) = (0.0, normal.max(1e-3));
    while two_sided_t(high, degrees_of_freedom) > p && high < 1e300 {
        low = high;
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if two_sided_t(middle, degrees_of_freedom) > p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Outcome of [`rank_sum`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankSum {
    /// Mann–Whitney U of the first sample: pairs in which its value is the larger, ties counting one half.
    pub u: f64,
    /// Two-sided probability of a U at least as far from its expectation by chance, in `[0, 1]`.
    pub p: f64,
}

/// Two-sided Wilcoxon rank-sum (Mann–Whitney U) test: normal approximation with tie and continuity correction.
///
/// ```text
/// U = Rₐ − nₐ(nₐ+1)/2,   z = (|U − nₐn_b/2| − ½) / σ,   σ² = nₐn_b/12 · ((N+1) − Σ(τ³−τ) / (N(N−1)))
/// ```
/// where `Rₐ` is the rank sum of the first sample, `N = nₐ + n_b` and `τ` the sizes of the groups of equal values. With an
/// empty side, with values that are all equal, or with a value that is NaN, `p = 1`; in the first and last case `U = 0`.
///
/// # Complexity
/// `O(N log N)`.
///
/// # Reference
/// Mann & Whitney 1947, doi:10.1214/aoms/1177730491.
#[must_use]
pub fn rank_sum(a: &[f64], b: &[f64]) -> RankSum {
    if a.is_empty() || b.is_empty() || a.iter().chain(b).any(|value| value.is_nan()) {
        return RankSum { u: 0.0, p: 1.0 };
    }
    let (n_a, n_b) = (a.len() as f64, b.len() as f64);
    let (ranks_of_a, ties) = ranks(a, b);
    let u = ranks_of_a - n_a * (n_a + 1.0) / 2.0;
    let n = n_a + n_b;
    let variance = n_a * n_b / 12.0 * ((n + 1.0) - ties / (n * (n - 1.0)));
    if variance <= 0.0 {
        return RankSum { u, p: 1.0 };
    }
    let z = ((u - n_a * n_b / 2.0).abs() - 0.5) / variance.sqrt();
    RankSum { u, p: if z <= 0.0 { 1.0 } else { two_sided_normal(z) } }
}

/// Sum of the ranks of `a` among all values, and Σ(τ³−τ) over groups of equal values.
fn ranks(a: &[f64], b: &[f64]) -> (f64, f64) {
    let mut values: Vec<(f64, bool)> = Vec::with_capacity(a.len() + b.len());
    values.extend(a.iter().map(|&value| (value, true)));
    values.extend(b.iter().map(|&value| (value, false)));
    values.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let (mut ranks_of_a, mut ties, mut before) = (0.0, 0.0, 0.0);
    // `==` and not bits: 0 and −0 are one value, and stand side by side in the total order.
    for group in values.chunk_by(|one, other| one.0 == other.0) {
        let size = group.len() as f64;
        let of_a = group.iter().filter(|(_, is_a)| *is_a).count() as f64;
        ranks_of_a += of_a * (before + (size + 1.0) / 2.0);
        ties += size * size * size - size;
        before += size;
    }
    (ranks_of_a, ties)
}

/// False discovery rates of a family of tests, in the order of the p-values.
///
/// ```text
/// q₍ᵢ₎ = min_{j ≥ i} min(1, m · p₍ⱼ₎ / j)
/// ```
/// where `p₍₁₎ ≤ … ≤ p₍ₘ₎`. A p-value that is NaN counts as 1, others are brought into `[0, 1]`.
///
/// # Reference
/// Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let p: Vec<f64> = p.iter().map(|&p| if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) }).collect();
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_unstable_by(|&one, &other| p[one].total_cmp(&p[other]).then(one.cmp(&other)));
    let mut q = vec![1.0; p.len()];
    let mut least = 1.0_f64;
    for (rank, &test) in order.iter().enumerate().rev() {
        least = least.min(p[test] * (p.len() as f64 / (rank + 1) as f64));
        q[test] = least;
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) {
        assert!((left - right).abs() <= 1e-9 * right.abs().max(1e-12), "{left} is not {right}");
    }

    #[test]
    fn welch_t_by_hand() {
        // a: mean 2, variance 1, v = 1/3; b: mean 5, variance 4, v = 4/3; t = −3/√(5/3).
        let test = welch_t(&[1.0, 2.0, 3.0], &[3.0, 5.0, 7.0]);
        close(test.t, -3.0 / (5.0_f64 / 3.0).sqrt());
        close(test.degrees_of_freedom, (5.0_f64 / 3.0).powi(2) / (1.0 / 9.0 / 2.0 + 16.0 / 9.0 / 2.0));
    }

    #[test]
    fn student_t_with_one_and_two_degrees_of_freedom_has_a_closed_form() {
        for t in [0.1_f64, 1.0, 7.5, 1e3, 1e6] {
            close(two_sided_t(t, 1.0), 2.0 / std::f64::consts::PI * (1.0 / t).atan());
            let tail = 2.0 / ((2.0 + t * t) + t * (2.0 + t * t).sqrt());
            close(two_sided_t(t, 2.0), tail);
        }
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (degrees_of_freedom, expected) in
            [(1.0, 6.313_752), (2.0, 2.919_986), (10.0, 1.812_461), (f64::INFINITY, 1.644_854)]
        {
            let quantile = two_sided_t_quantile(0.1, degrees_of_freedom);
            assert!((quantile - expected).abs() < 1e-6, "{degrees_of_freedom}: {quantile}");
        }
    }

    #[test]
    fn tests_that_can_say_nothing_say_p_1_and_never_nan() {
        for (a, b) in [
            (&[][..], &[][..]),
            (&[1.0], &[2.0, 3.0]),
            (&[1.0, 1.0], &[1.0, 1.0]),
            (&[f64::NAN, 1.0], &[1.0, 2.0]),
            (&[f64::INFINITY, 1.0], &[1.0, 2.0]),
        ] {
            let welch = welch_t(a, b);
            assert_eq!((welch.t, welch.p), (0.0, 1.0), "{a:?} {b:?}");
            assert!(welch.degrees_of_freedom >= 0.0);
            let ranks = rank_sum(a, b);
            assert!(!ranks.p.is_nan() && !ranks.u.is_nan() && ranks.p <= 1.0, "{a:?} {b:?}");
        }
        assert_eq!(rank_sum(&[1.0, 1.0], &[1.0]).p, 1.0);
        assert_eq!(welch_t(&[2.0, 2.0], &[1.0, 1.0]).p, 0.0);
    }

    #[test]
    fn the_rank_sum_counts_pairs() {
        let (a, b) = ([3.0, 1.0, -0.0, 2.0], [2.0, 0.0, -1.0]);
        let mut pairs = 0.0;
        for x in a {
            for y in b {
                pairs += if x > y {
                    1.0
                } else if x == y {
                    0.5
                } else {
                    0.0
                };
            }
        }
        assert_eq!(rank_sum(&a, &b).u, pairs);
        assert_eq!(rank_sum(&b, &a).u, 12.0 - pairs);
        close(rank_sum(&a, &b).p, rank_sum(&b, &a).p);
    }

    #[test]
    fn benjamini_and_hochberg_by_hand() {
        // Sorted .01 .02 .03 .5 of four: .04 .04 .04 .5.
        let rates = benjamini_hochberg(&[0.03, 0.5, 0.01, 0.02]);
        rates.into_iter().zip([0.04, 0.5, 0.04, 0.04]).for_each(|(rate, expected)| close(rate, expected));
        assert!(benjamini_hochberg(&[]).is_empty());
        assert_eq!(benjamini_hochberg(&[f64::NAN, 2.0]), [1.0, 1.0]);
    }

    #[test]
    fn scipy_finds_the_same() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/tests.json");
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: no {}", path.display());
            return;
        };
        let cases: Vec<serde_json::Value> = serde_json::from_str(&text).expect("a list of cases");
        let list = |value: &serde_json::Value| -> Vec<f64> {
            value.as_array().map(|list| list.iter().filter_map(serde_json::Value::as_f64).collect()).unwrap_or_default()
        };
        for case in &cases {
            let (input, expected) = (&case["input"], &case["expected"]);
            if input["p"].is_array() {
                for (q, expected) in
                    benjamini_hochberg(&list(&input["p"])).iter().zip(list(&expected["benjamini_hochberg"]))
                {
                    close(*q, expected);
                }
                continue;
            }
            let (a, b) = (list(&input["a"]), list(&input["b"]));
            let (welch, ranks) = (welch_t(&a, &b), rank_sum(&a, &b));
            for (found, key) in
                [(welch.t, "welch_t"), (welch.p, "welch_p"), (ranks.u, "rank_sum_u"), (ranks.p, "rank_sum_p")]
            {
                let expected = expected[key].as_f64().expect(key);
                assert!((found - expected).abs() <= 1e-8 * expected.abs(), "{key}: {found}, SciPy {expected}");
            }
        }
        assert_eq!(cases.len(), 61);
    }
}
