//! Choosing hyperparameters from the data: cross-validation over perturbations inside what may be learnt from.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::EvaluationError;
use crate::datasets::{Dataset, FoldScheme};
use crate::metrics::consistency;
use crate::network::RegulatoryNetwork;
use crate::pipeline::Config;
use crate::progress::{Progress, Quiet};
use crate::refinement::{RefinementConfig, RefinementData, refine};
use crate::symbolic::{Closure, Reading, Simulator};

/// A setting that may be chosen from the data.
///
/// The dead zone of differential calls is none of them: it decides which measured genes count as unchanged, so each
/// setting would be scored by other labels, and the widest, under which nothing responds, is the easiest to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hyperparameter {
    /// A common factor on the three costs of a revision: 8, 4, 2, 1, ½.
    Cost,
    /// Longest walk: 1, 2, 3, 5, 8.
    Depth,
    /// How conflicting walks are read: naive, nearest, majority.
    Reading,
    /// How much more rare response classes weigh: 0, ¼, ½, ¾, 1.
    ClassBalance,
}

impl Hyperparameter {
    /// The name of it, as on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Depth => "depth",
            Self::Reading => "reading",
            Self::ClassBalance => "class-balance",
        }
    }

    /// The settings that are tried, each with its name, the most conservative first: high costs, short walks, a reading
    /// that says least, all entries alike.
    fn settings(self, config: &Config) -> Vec<(String, Config)> {
        let changed = |name: String, change: &dyn Fn(&mut Config)| {
            let mut config = config.clone();
            change(&mut config);
            (name, config)
        };
        let refined = |name: f64, change: &dyn Fn(&mut RefinementConfig)| {
            changed(name.to_string(), &|config| change(&mut config.refinement))
        };
        match self {
            Self::Cost => [8.0, 4.0, 2.0, 1.0, 0.5]
                .map(|factor| {
                    refined(factor, &|refinement| {
                        refinement.add_cost *= factor;
                        refinement.remove_cost *= factor;
                        refinement.flip_cost *= factor;
                    })
                })
                .into(),
            Self::Depth => {
                [1, 2, 3, 5, 8].map(|depth| changed(depth.to_string(), &|config| config.depth = depth)).into()
            }
            Self::Reading => {
                [("naive", Reading::Naive), ("nearest", Reading::Nearest), ("majority", Reading::MAJORITY)]
                    .map(|(name, reading)| changed(name.to_owned(), &|config| config.reading = reading))
                    .into()
            }
            Self::ClassBalance => [0.0, 0.25, 0.5, 0.75, 1.0]
                .map(|balance| refined(balance, &|refinement| refinement.class_balance = balance))
                .into(),
        }
    }
}

/// How well each setting of one hyperparameter predicted what was held out, and which was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HyperparameterCurve {
    /// The hyperparameter.
    pub hyperparameter: Hyperparameter,
    /// Its settings, the most conservative first.
    pub points: Vec<HyperparameterPoint>,
    /// Place of the setting with the best mean.
    pub best: usize,
    /// Place of the setting that was chosen: the most conservative one that is not worse than the best by more than one
    /// standard error of their difference over the folds.
    pub chosen: usize,
}

/// One setting of a hyperparameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HyperparameterPoint {
    /// The setting.
    pub setting: String,
    /// Mean over folds of the macro-F1 of the refined knowledge on what was held out.
    pub mean: f64,
    /// Mean over folds of that macro-F1 less that of the best setting, ≤ 0.
    pub less_best: f64,
    /// Standard error of `less_best` over the folds.
    pub standard_error: f64,
    /// Macro-F1 of each fold.
    pub folds: Vec<f64>,
}

impl fmt::Display for HyperparameterCurve {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folds = self.points.first().map_or(0, |point| point.folds.len());
        write!(
            formatter,
            "{} chosen by cross-validation over {folds} folds of the training part:",
            self.hyperparameter.word()
        )?;
        for (place, point) in self.points.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let HyperparameterPoint { setting, mean, less_best, standard_error, .. } = point;
            write!(formatter, "{comma} {setting} gives {mean:.4} ({less_best:+.4} ± {standard_error:.4})")?;
        }
        let chosen = self.points.get(self.chosen).map_or("none", |point| point.setting.as_str());
        write!(formatter, "; chosen: {chosen}")
    }
}

/// Chooses settings one hyperparameter after the other, each with those before it already set.
///
/// Only the rows of `dataset` are seen, so hand over what may be learnt from and nothing else. Each fold is refined with
/// its measured entries alone, without a predictor; gene sets are never split between folds. Score is the macro-F1 of what
/// the refined network predicts of the fold held out.
///
/// # Errors
/// [`EvaluationError`] if there are fewer gene sets than folds, a setting is out of range, or `progress` asks to stop.
pub fn choose(
    network: &RegulatoryNetwork,
    dataset: &Dataset,
    hyperparameters: &[Hyperparameter],
    folds: usize,
    config: &Config,
    progress: &dyn Progress,
) -> Result<(Config, Vec<HyperparameterCurve>), EvaluationError> {
    if hyperparameters.is_empty() {
        return Ok((config.clone(), Vec::new()));
    }
    let splits = FoldScheme::KFold.folds(dataset, folds, 0.0, config.seed)?;
    let parts: Vec<_> =
        splits.iter().map(|split| (dataset.select(&split.train), dataset.select(&split.test))).collect();
    let mut config = config.clone();
    let mut curves = Vec::new();
    for &hyperparameter in hyperparameters {
        let settings = hyperparameter.settings(&config);
        progress.begin(&format!("choose {}", hyperparameter.word()), (settings.len() * parts.len()) as u64);
        let mut scores = Vec::new();
        for (name, config) in &settings {
            let mut over_folds = Vec::new();
            for (learnt, held_out) in &parts {
                over_folds.push(score(network, learnt, held_out, config, progress)?);
                progress.advance(1);
            }
            scores.push((name.clone(), over_folds));
        }
        let curve = curve(hyperparameter, scores);
        config = settings[curve.chosen].1.clone();
        tracing::info!("{curve}");
        curves.push(curve);
    }
    Ok((config, curves))
}

fn score(
    network: &RegulatoryNetwork,
    learnt: &Dataset,
    held_out: &Dataset,
    config: &Config,
    progress: &dyn Progress,
) -> Result<f64, EvaluationError> {
    let data = RefinementData::measured(&learnt.perturbations, &learnt.observed);
    let quiet = RefinementConfig { simulations: 0, ..config.refinement };
    let refined = refine(network, &data, config.depth, config.reading, &quiet, &Quiet(progress))?;
    if progress.is_cancelled() {
        return Err(EvaluationError::Cancelled);
    }
    let said = Closure::new(&refined.network, config.depth, config.reading).simulate(&held_out.perturbations);
    Ok(consistency(&held_out.perturbations, &held_out.observed, &said)?.macro_f1)
}

fn curve(hyperparameter: Hyperparameter, scores: Vec<(String, Vec<f64>)>) -> HyperparameterCurve {
    let means: Vec<_> = scores.iter().map(|(_, folds)| mean(folds)).collect();
    let best = (0..means.len()).rev().max_by(|&a, &b| means[a].total_cmp(&means[b])).unwrap_or(0);
    let of_best = scores[best].1.clone();
    let point = |((setting, folds), mean_score): ((String, Vec<f64>), f64)| {
        let differences: Vec<_> = folds.iter().zip(&of_best).map(|(score, best)| score - best).collect();
        let less_best = mean(&differences);
        HyperparameterPoint {
            setting,
            mean: mean_score,
            less_best,
            standard_error: standard_error(&differences),
            folds,
        }
    };
    let points: Vec<_> = scores.into_iter().zip(means).map(point).collect();
    let good_enough = |point: &HyperparameterPoint| point.less_best + point.standard_error >= 0.0;
    let chosen = points.iter().position(good_enough).unwrap_or(best);
    HyperparameterCurve { hyperparameter, points, best, chosen }
}

fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / figures.len().max(1) as f64
}

/// Standard error of the mean; 0 for fewer than two figures.
fn standard_error(figures: &[f64]) -> f64 {
    if figures.len() < 2 {
        return 0.0;
    }
    let (count, mean) = (figures.len() as f64, mean(figures));
    let variance = figures.iter().map(|figure| (figure - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (variance / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, Perturbation, Regulation, Response, Sign};
    use crate::progress::NoProgress;

    fn scores(rows: &[(&str, &[f64])]) -> Vec<(String, Vec<f64>)> {
        rows.iter().map(|(name, folds)| ((*name).to_owned(), folds.to_vec())).collect()
    }

    #[test]
    fn the_most_conservative_setting_within_one_standard_error_is_chosen() {
        // Less the best: −.1, −.1, −.1 (error 0); −.1, 0, +.09 (error .055, mean −.0033); the best.
        let rows = scores(&[("high", &[0.4, 0.4, 0.4]), ("middle", &[0.4, 0.5, 0.59]), ("low", &[0.5, 0.5, 0.5])]);
        let curve = curve(Hyperparameter::Cost, rows);
        assert_eq!((curve.best, curve.chosen), (2, 1));
        assert_eq!(curve.points[0].standard_error, 0.0);
    }

    #[test]
    fn of_equal_settings_the_most_conservative_is_chosen() {
        let curve = curve(Hyperparameter::Depth, scores(&[("1", &[0.3, 0.4]), ("2", &[0.3, 0.4])]));
        assert_eq!((curve.best, curve.chosen), (0, 0));
    }

    #[test]
    fn a_cascade_asks_for_walks_as_long_as_it_is() {
        // Twelve cascades of four genes; each start is deleted, and all genes below it fall.
        let n_genes = 48;
        let arc = |from: usize| Regulation::new(GeneId::new(from), GeneId::new(from + 1), Sign::Activation);
        let cascades = (0..12).flat_map(|start| (0..3).map(move |step| 4 * start + step));
        let network = RegulatoryNetwork::new(n_genes, cascades.map(arc));
        let perturbations: Vec<_> = (0..12).map(|start| Perturbation::deletion(GeneId::new(4 * start))).collect();
        let observed = Closure::new(&network, 5, Reading::Nearest).simulate(&perturbations);
        assert!(observed.count(Response::Down) > 0);
        let names = (0..12).map(|row| row.to_string()).collect();
        let dataset = Dataset::new(names, perturbations, observed);
        let config = Config::default();
        let (chosen, curves) =
            choose(&network, &dataset, &[Hyperparameter::Depth], 4, &config, &NoProgress).expect("a choice");
        assert_eq!(chosen.depth, 3);
        assert_eq!(curves[0].points[2].mean, 1.0);
    }
}
