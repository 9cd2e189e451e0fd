//! How sure a share is that was counted in a sample.

use serde::Serialize;

/// A share with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// The share counted.
    pub share: f64,
    /// Lower end of the interval; the share itself if all states were followed.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Share {
    /// A share of all states.
    #[must_use]
    pub fn exact(count: u64, of: u64) -> Self {
        let share = count as f64 / of.max(1) as f64;
        Self { share, low: share, high: share }
    }

    /// A share of a sample, with Wilson's interval.
    ///
    /// ```text
    /// (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n)
    /// ```
    /// where `p` is the share counted, `n` the size of the sample and `z` = 1.96.
    ///
    /// # Reference
    /// Wilson, J. Am. Stat. Assoc. 22 (1927), doi:10.1080/01621459.1927.10502953.
    #[must_use]
    pub fn sampled(count: u64, of: u64) -> Self {
        const Z: f64 = 1.959_963_984_540_054;
        if of == 0 {
            return Self { share: 0.0, low: 0.0, high: 1.0 };
        }
        let (n, share) = (of as f64, count as f64 / of as f64);
        let centre = share + Z * Z / (2.0 * n);
        let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        let end = |sum: f64| (sum / scale).clamp(0.0, 1.0);
        let low = if count == 0 { 0.0 } else { end(centre - half) };
        let high = if count == of { 1.0 } else { end(centre + half) };
        Self { share, low, high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_of_hundred_lie_between_6_and_17_percent() {
        // Worked by hand: centre (0.1 + 0.019207) / 1.038415 = 0.1148, half width 0.0596.
        let share = Share::sampled(10, 100);
        assert!((share.low - 0.0552).abs() < 1e-4 && (share.high - 0.1744).abs() < 1e-4, "{share:?}");
    }

    #[test]
    fn none_and_all_end_at_0_and_1() {
        assert_eq!(Share::sampled(0, 50).low, 0.0);
        assert_eq!(Share::sampled(50, 50).high, 1.0);
        assert_eq!(Share::sampled(0, 0).high, 1.0);
    }
}
