//! Ridge-penalised logistic regression by Newton's method.

use rayon::prelude::*;

/// Examples of one partial sum: the order of summation, and so the result, does not depend on the number of threads.
const BLOCK: usize = 4096;
const MOST_STEPS: usize = 50;

/// `P(y = 1 | x) = 1 / (1 + exp(−b − Σ_f w_f (x_f − μ_f)/σ_f))`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Logistic {
    mean: Vec<f64>,
    scale: Vec<f64>,
    weights: Vec<f64>,
    intercept: f64,
}

/// Examples, their features laid end to end.
pub(super) struct Examples<'a> {
    pub features: &'a [f32],
    pub n_features: usize,
    pub positive: &'a [bool],
    /// Weight of each example, ≥ 0.
    pub weights: &'a [f64],
}

impl Logistic {
    /// Minimises `−Σ_i v_i ln P(y_i | x_i) + ½ (1/C) Σ_f w_f²` with `C = 0.3`; the intercept is not penalised.
    ///
    /// `None` without an example of each class.
    pub fn fit(examples: &Examples<'_>) -> Option<Self> {
        const PENALTY: f64 = 1.0 / 0.3;
        if !examples.positive.contains(&true) || !examples.positive.contains(&false) {
            return None;
        }
        let (mean, scale) = moments(examples);
        let mut model = Self { mean, scale, weights: vec![0.0; examples.n_features], intercept: 0.0 };
        for _ in 0..MOST_STEPS {
            let (mut gradient, mut curvature) = model.derivatives(examples);
            for feature in 0..examples.n_features {
                gradient[feature] += PENALTY * model.weights[feature];
                curvature[feature * (examples.n_features + 1) + feature] += PENALTY;
            }
            // Keeps the intercept finite where the classes part perfectly.
            curvature[(examples.n_features + 1).pow(2) - 1] += 1e-6;
            let step = solve(curvature, gradient);
            // A step of Newton's may overshoot far from the optimum; near it the damping is 1.
            let longest = step.iter().fold(0.0_f64, |longest, value| longest.max(value.abs()));
            let damping = (2.0 / longest).min(1.0);
            model.weights.iter_mut().zip(&step).for_each(|(weight, change)| *weight -= damping * change);
            model.intercept -= damping * step[examples.n_features];
            if longest < 1e-8 {
                break;
            }
        }
        Some(model)
    }

    pub fn probability(&self, features: &[f32]) -> f64 {
        1.0 / (1.0 + (-self.log_odds(features)).exp())
    }

    fn log_odds(&self, features: &[f32]) -> f64 {
        let terms = features.iter().zip(&self.mean).zip(&self.scale).zip(&self.weights);
        terms.fold(self.intercept, |sum, (((&value, mean), scale), weight)| {
            sum + weight * (f64::from(value) - mean) / scale
        })
    }

    /// Change of the log-odds with one standard deviation of each feature.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Gradient and Hessian of the loss without penalty; the last place is the intercept.
    fn derivatives(&self, examples: &Examples<'_>) -> (Vec<f64>, Vec<f64>) {
        let n = examples.n_features + 1;
        let block = |block: usize| {
            let (mut gradient, mut curvature) = (vec![0.0; n], vec![0.0; n * n]);
            let end = ((block + 1) * BLOCK).min(examples.positive.len());
            let mut scaled = vec![1.0; n];
            for example in block * BLOCK..end {
                let features = &examples.features[example * examples.n_features..][..examples.n_features];
                let probability = self.probability(features);
                let weight = examples.weights[example];
                let error = weight * (probability - f64::from(u8::from(examples.positive[example])));
                let spread = weight * probability * (1.0 - probability);
                for (feature, &value) in features.iter().enumerate() {
                    scaled[feature] = (f64::from(value) - self.mean[feature]) / self.scale[feature];
                }
                for i in 0..n {
                    gradient[i] += error * scaled[i];
                    for j in 0..=i {
                        curvature[i * n + j] += spread * scaled[i] * scaled[j];
                    }
                }
            }
            (gradient, curvature)
        };
        let blocks: Vec<_> = (0..examples.positive.len().div_ceil(BLOCK)).into_par_iter().map(block).collect();
        let (mut gradient, mut curvature) = (vec![0.0; n], vec![0.0; n * n]);
        for (part, square) in blocks {
            gradient.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
            curvature.iter_mut().zip(square).for_each(|(sum, value)| *sum += value);
        }
        for i in 0..n {
            for j in 0..i {
                curvature[j * n + i] = curvature[i * n + j];
            }
        }
        (gradient, curvature)
    }
}

/// Mean and standard deviation of each feature; a constant one has deviation 1.
fn moments(examples: &Examples<'_>) -> (Vec<f64>, Vec<f64>) {
    let n = examples.n_features;
    let total: f64 = examples.weights.iter().sum();
    let (mut mean, mut square) = (vec![0.0; n], vec![0.0; n]);
    for (row, weight) in examples.features.chunks_exact(n).zip(examples.weights) {
        for (feature, &value) in row.iter().enumerate() {
            mean[feature] += weight * f64::from(value) / total;
            square[feature] += weight * f64::from(value).powi(2) / total;
        }
    }
    let deviation = |(mean, square): (&f64, &f64)| (square - mean * mean).max(0.0).sqrt();
    let scale = mean.iter().zip(&square).map(deviation);
    let scale = scale.map(|scale| if scale > 1e-9 { scale } else { 1.0 }).collect();
    (mean, scale)
}

/// Solves `A x = b` for a symmetric positive definite `A` by its Cholesky factor.
fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| matrix[i * n + k] * matrix[j * n + k]).sum();
            let rest = matrix[i * n + j] - sum;
            matrix[i * n + j] = if i == j { rest.max(1e-12).sqrt() } else { rest / matrix[j * n + j] };
        }
    }
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| matrix[i * n + k] * right[k]).sum();
        right[i] = (right[i] - sum) / matrix[i * n + i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| matrix[k * n + i] * right[k]).sum();
        right[i] = (right[i] - sum) / matrix[i * n + i];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_feature_that_tells_the_probability_is_the_share() {
        let features = [1.0_f32; 8];
        let positive = [true, true, false, false, false, false, false, false];
        let weights = [1.0; 8];
        let model =
            Logistic::fit(&Examples { features: &features, n_features: 1, positive: &positive, weights: &weights })
                .expect("both classes");
        assert!((model.probability(&[1.0]) - 0.25).abs() < 1e-4);
        // Positive examples count three times: 6 of 12.
        let weights = [3.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
        let model =
            Logistic::fit(&Examples { features: &features, n_features: 1, positive: &positive, weights: &weights })
                .expect("both classes");
        assert!((model.probability(&[1.0]) - 0.5).abs() < 1e-4);
    }

    #[test]
    fn the_gradient_of_the_penalised_loss_is_zero_at_the_optimum() {
        // Two features, the second noise; many examples, so several blocks.
        let number = 3 * BLOCK + 17;
        let features: Vec<f32> =
            (0..number).flat_map(|i| [(i % 13) as f32, ((i * 7919) % 101) as f32 / 50.0]).collect();
        let positive: Vec<_> = (0..number).map(|i| (i * 31 + i / 7) % 29 < i % 13 + 3).collect();
        let weights = vec![1.0; number];
        let examples = Examples { features: &features, n_features: 2, positive: &positive, weights: &weights };
        let model = Logistic::fit(&examples).expect("both classes");
        let (gradient, _) = model.derivatives(&examples);
        for feature in 0..2 {
            assert!((gradient[feature] + model.weights[feature] / 0.3).abs() < 1e-4, "{gradient:?}");
        }
        assert!(gradient[2].abs() < 1e-3, "{gradient:?}");
        assert!(model.probability(&[12.0, 1.0]) > model.probability(&[0.0, 1.0]) + 0.2);
    }

    #[test]
    fn one_class_teaches_nothing() {
        let weights = [1.0; 2];
        let examples = Examples { features: &[0.0, 1.0], n_features: 1, positive: &[true, true], weights: &weights };
        assert_eq!(Logistic::fit(&examples), None);
    }
}
