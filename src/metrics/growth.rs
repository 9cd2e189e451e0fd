//! How work grows with the size of a problem: a power law through measured points.

use serde::Serialize;

/// `y = factor · x^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PowerLaw {
    /// The exponent: 1 if twice the size takes twice as long.
    pub exponent: f64,
    /// The value at size 1.
    pub factor: f64,
}

impl PowerLaw {
    /// The power law nearest to the points `(x, y)`.
    ///
    /// ```text
    /// min_{p, c}  Σ (ln y − ln c − p · ln x)²
    /// ```
    /// Points with a coordinate that is not positive and finite are passed over; `None` unless two different sizes are left.
    #[must_use]
    pub fn through(points: &[(f64, f64)]) -> Option<Self> {
        let sound = |value: f64| value.is_finite() && value > 0.0;
        let logs: Vec<_> =
            points.iter().filter(|(x, y)| sound(*x) && sound(*y)).map(|(x, y)| (x.ln(), y.ln())).collect();
        let count = logs.len() as f64;
        let mean_x = logs.iter().map(|(x, _)| x).sum::<f64>() / count;
        let mean_y = logs.iter().map(|(_, y)| y).sum::<f64>() / count;
        let spread: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        let shared: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let exponent = shared / spread;
        let factor = (mean_y - exponent * mean_x).exp();
        (spread > 0.0 && exponent.is_finite() && factor.is_finite()).then_some(Self { exponent, factor })
    }

    /// The value at a size.
    #[must_use]
    pub fn at(&self, size: f64) -> f64 {
        self.factor * size.powf(self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn points_on_a_power_law_give_it_back(exponent in -2.0..3.0_f64, factor in 1e-6..1e6_f64) {
            let points: Vec<_> = [200.0, 500.0, 1e3, 2e3].map(|x: f64| (x, factor * x.powf(exponent))).into();
            let law = PowerLaw::through(&points).expect("four sizes");
            prop_assert!((law.exponent - exponent).abs() < 1e-9);
            prop_assert!((law.at(500.0) / points[1].1 - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_line_between_scattered_points_is_the_one_worked_by_hand() {
        // On natural logs: (0, 0), (1, 2), (2, 1). Means 1 and 1; derivative (−1·−1 + 0·1 + 1·0) / (1 + 0 + 1) = ½; at 0, ½.
        let e = std::f64::consts::E;
        let law = PowerLaw::through(&[(1.0, 1.0), (e, e * e), (e * e, e)]).expect("three sizes");
        assert!((law.exponent - 0.5).abs() < 1e-12 && (law.factor - 0.5f64.exp()).abs() < 1e-12);
    }

    #[test]
    fn one_size_or_no_time_has_no_growth() {
        for points in [&[][..], &[(2.0, 3.0)], &[(2.0, 3.0), (2.0, 4.0)], &[(1.0, 0.0), (2.0, f64::NAN), (3.0, 1.0)]] {
            assert_eq!(PowerLaw::through(points), None);
        }
    }
}
