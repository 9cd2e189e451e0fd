//! Empirical-Bayes variances: what thousands of genes together say about the spread of one.

use statrs::function::gamma::digamma;

/// Residual variances after shrinkage towards what is usual among all genes.
#[derive(Clone, Debug, PartialEq)]
pub struct ModeratedVariances {
    /// Variance that the genes share, `s₀²`.
    pub prior_variance: f64,
    /// How many degrees of freedom that knowledge is worth, `d₀`; infinite if the genes do not differ in variance.
    pub prior_degrees_of_freedom: f64,
    /// Moderated variance of each gene, `s̃²`.
    pub variances: Vec<f64>,
    /// Degrees of freedom of a moderated t, `d₀ + d`.
    pub degrees_of_freedom: f64,
}

/// Shrinks residual variances with `degrees_of_freedom` each towards a common prior.
///
/// ```text
/// s_g² ~ s₀² F(d, d₀),   s̃_g² = (d₀ s₀² + d s_g²) / (d₀ + d)
/// ```
/// `d₀` and `s₀²` are matched to mean and variance of `log s_g²`: with `e_g = log s_g² − ψ(d/2) + log(d/2)`, solve
/// `ψ′(d₀/2) = var(e) − ψ′(d/2)` and set `s₀² = exp(ē + ψ(d₀/2) − log(d₀/2))`; if the right side is not positive the genes
/// do not differ, `d₀ = ∞`, `s₀² = exp(ē)`. Variances below 10⁻⁵ of their median count as that, so that a gene that never
/// varied does not ruin the fit. All-zero variances stay zero, with `d₀ = 0`.
///
/// # Reference
/// Smyth 2004, doi:10.2202/1544-6115.1027, section 6.
#[must_use]
pub fn moderate_variances(variances: &[f64], degrees_of_freedom: f64) -> ModeratedVariances {
    let d = degrees_of_freedom;
    let unmoderated = ModeratedVariances {
        prior_variance: 0.0,
        prior_degrees_of_freedom: 0.0,
        variances: variances.to_vec(),
        degrees_of_freedom: d,
    };
    let floor = 1e-5 * floor_base(variances);
    if variances.is_empty() || floor <= 0.0 || d <= 0.0 {
        return unmoderated;
    }
    let shift = (d / 2.0).ln() - digamma(d / 2.0);
    let logs: Vec<f64> = variances.iter().map(|variance| variance.max(floor).ln() + shift).collect();
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let spread =
        if logs.len() < 2 { 0.0 } else { logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1.0) };
    let excess = spread - trigamma(d / 2.0);
    if excess <= 0.0 {
        let prior_variance = mean.exp();
        return ModeratedVariances {
            prior_variance,
            prior_degrees_of_freedom: f64::INFINITY,
            variances: vec![prior_variance; variances.len()],
            degrees_of_freedom: f64::INFINITY,
        };
    }
    let half = inverse_trigamma(excess);
    let (d0, prior_variance) = (2.0 * half, (mean + digamma(half) - half.ln()).exp());
    let moderated = variances.iter().map(|variance| (d0 * prior_variance + d * variance) / (d0 + d)).collect();
    ModeratedVariances {
        prior_variance,
        prior_degrees_of_freedom: d0,
        variances: moderated,
        degrees_of_freedom: d0 + d,
    }
}

/// Median, or mean if more than half are zero.
fn floor_base(variances: &[f64]) -> f64 {
    if variances.is_empty() {
        return 0.0;
    }
    let mut sorted = variances.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = 0.5 * (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]);
    if median > 0.0 { median } else { sorted.iter().sum::<f64>() / sorted.len() as f64 }
}

/// The trigamma function ψ′(x) = d² log Γ(x) / dx², for `x > 0`.
fn trigamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 20.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series =
        1.0 / 6.0 - square * (1.0 / 30.0 - square * (1.0 / 42.0 - square * (1.0 / 30.0 - square * 5.0 / 66.0)));
    sum + 1.0 / x + square / 2.0 + square / x * series
}

/// The tetragamma function ψ″(x), for `x > 0`; negative.
fn tetragamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 20.0 {
        sum -= 2.0 / (x * x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = 0.5 - square * (1.0 / 6.0 - square * (1.0 / 6.0 - square * (0.3 - square * 5.0 / 6.0)));
    sum - square - square / x - square * square * series
}

/// The `x` with ψ′(x) = `y`, for `y > 0`: Newton's iteration on 1/ψ′, which is convex and nearly linear.
fn inverse_trigamma(y: f64) -> f64 {
    // Far out the asymptotes x = 1/√y and x = 1/y are good to six digits.
    if y > 1e7 {
        return 1.0 / y.sqrt();
    }
    if y < 1e-6 {
        return 1.0 / y;
    }
    let mut x = 0.5 + 1.0 / y;
    for _ in 0..50 {
        let value = trigamma(x);
        let step = value * (1.0 - value / y) / tetragamma(x);
        x += step;
        if -step / x < 1e-12 {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trigamma_of_one_is_pi_squared_over_six_and_obeys_its_recurrence() {
        assert!((trigamma(1.0) - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-13);
        assert!((trigamma(0.5) - std::f64::consts::PI.powi(2) / 2.0).abs() < 1e-12);
        for x in [0.01, 0.7, 3.0, 19.5, 500.0] {
            let recurrence = trigamma(x + 1.0) + 1.0 / (x * x);
            assert!((trigamma(x) - recurrence).abs() <= 1e-12 * recurrence, "{x}");
        }
    }

    #[test]
    fn tetragamma_is_the_derivative_of_trigamma() {
        // ψ″(1) = −2 ζ(3)
        assert!((tetragamma(1.0) + 2.0 * 1.202_056_903_159_594_2).abs() < 1e-12);
        for x in [0.3_f64, 2.0, 21.0] {
            let derivative = (trigamma(x * 1.000_01) - trigamma(x * 0.999_99)) / (x * 0.000_02);
            assert!((tetragamma(x) / derivative - 1.0).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn inverse_trigamma_undoes_trigamma() {
        for x in [1e-4, 0.03, 0.5, 1.0, 2.5, 60.0, 1e4, 1e7] {
            let back = inverse_trigamma(trigamma(x));
            assert!((back / x - 1.0).abs() < 1e-6, "{x}: {back}");
        }
    }

    #[test]
    fn a_small_case_agrees_with_a_second_computation() {
        // Computed apart with SciPy's digamma and polygamma and a bracketing root finder.
        let moderated = moderate_variances(&[0.04, 0.09, 0.01, 0.25, 0.02, 0.16], 4.0);
        let expected = (3.096_797_864_054_615_4, 0.050_798_668_641_493_28);
        assert!((moderated.prior_degrees_of_freedom / expected.0 - 1.0).abs() < 1e-8, "{moderated:?}");
        assert!((moderated.prior_variance / expected.1 - 1.0).abs() < 1e-8, "{moderated:?}");
        let third = (expected.0 * expected.1 + 4.0 * 0.01) / (expected.0 + 4.0);
        assert!((moderated.variances[2] / third - 1.0).abs() < 1e-8);
    }

    #[test]
    fn shrinkage_keeps_the_order_and_moves_every_variance_towards_the_prior() {
        let raw = [0.001, 0.5, 0.07, 0.2, 3.0, 0.0];
        let moderated = moderate_variances(&raw, 6.0);
        let prior = moderated.prior_variance;
        for (before, after) in raw.iter().zip(&moderated.variances) {
            assert!((after - prior).abs() < (before - prior).abs(), "{before} {after} {prior}");
            assert!((after - prior) * (before - prior) >= 0.0);
        }
    }

    #[test]
    fn genes_of_equal_variance_share_it() {
        let moderated = moderate_variances(&[0.2; 50], 3.0);
        assert_eq!(moderated.prior_degrees_of_freedom, f64::INFINITY);
        assert!(moderated.variances.iter().all(|variance| *variance == moderated.prior_variance));
    }

    #[test]
    fn without_any_variance_nothing_is_made_up() {
        let moderated = moderate_variances(&[0.0, 0.0], 5.0);
        assert_eq!(moderated.variances, [0.0, 0.0]);
        assert_eq!(moderated.prior_degrees_of_freedom, 0.0);
        assert!(moderate_variances(&[], 5.0).variances.is_empty());
    }
}
