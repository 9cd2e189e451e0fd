//! How hyperparameters were chosen from the data: a table and a small plot of each curve.

use serde::Serialize;

use super::plots::{Axis, Tick};
use super::tables::MarkdownTable;
use super::wording::score;
use crate::evaluation::{HyperparameterCurve, HyperparameterPoint};

pub(super) const WIDTH: f64 = 400.0;
pub(super) const HEIGHT: f64 = 230.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 388.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 190.0;

/// One hyperparameter, ready to be shown.
#[derive(Serialize)]
pub(super) struct Hyperparameter {
    pub name: &'static str,
    pub folds: usize,
    pub chosen: String,
    pub rows: Vec<Row>,
    pub y_ticks: Vec<Tick>,
    /// Height of the best mean: what a whisker has to reach.
    pub best: Option<f64>,
    pub marks: Vec<Mark>,
    pub description: String,
}

/// One line of the table.
#[derive(Serialize)]
pub(super) struct Row {
    pub setting: String,
    pub mean: String,
    pub less_best: String,
    pub is_chosen: bool,
}

/// One setting in the plot; the whisker is one standard error of the difference from the best setting.
#[derive(Serialize)]
pub(super) struct Mark {
    pub x: f64,
    pub y: f64,
    pub low: f64,
    pub high: f64,
    pub setting: String,
    pub is_chosen: bool,
}

pub(super) fn hyperparameters(curves: &[HyperparameterCurve]) -> Vec<Hyperparameter> {
    curves.iter().map(hyperparameter).collect()
}

fn hyperparameter(curve: &HyperparameterCurve) -> Hyperparameter {
    let rows: Vec<_> = curve.points.iter().enumerate().map(|(place, point)| row(curve, place, point)).collect();
    let is_finite = |point: &HyperparameterPoint| point.mean.is_finite() && point.standard_error.is_finite();
    let drawn = || curve.points.iter().filter(|point| is_finite(point));
    let lowest = drawn().map(|point| point.mean - point.standard_error).reduce(f64::min);
    let highest = drawn().map(|point| point.mean + point.standard_error).reduce(f64::max);
    let axis = lowest.zip(highest).map(|(lowest, highest)| Axis::around(lowest, highest, BOTTOM, TOP));
    let step = (RIGHT - LEFT) / curve.points.len().max(1) as f64;
    let mark = |axis: &Axis, place: usize, point: &HyperparameterPoint| Mark {
        x: ((LEFT + (place as f64 + 0.5) * step) * 100.0).round() / 100.0,
        y: axis.at(point.mean),
        low: axis.at(point.mean - point.standard_error),
        high: axis.at(point.mean + point.standard_error),
        setting: point.setting.clone(),
        is_chosen: place == curve.chosen,
    };
    let marks = axis.iter().flat_map(|axis| {
        let finite = curve.points.iter().enumerate().filter(|(_, point)| is_finite(point));
        finite.map(|(place, point)| mark(axis, place, point))
    });
    let told = |row: &Row| format!("{}: {} ({}).", row.setting, row.mean, row.less_best);
    let best = curve.points.get(curve.best).filter(|point| is_finite(point));
    Hyperparameter {
        name: curve.hyperparameter.word(),
        folds: curve.points.first().map_or(0, |point| point.folds.len()),
        chosen: curve.points.get(curve.chosen).map_or_else(|| "none".to_owned(), |point| point.setting.clone()),
        best: axis.as_ref().zip(best).map(|(axis, best)| axis.at(best.mean)),
        marks: marks.collect(),
        description: rows.iter().map(told).collect::<Vec<_>>().join(" "),
        y_ticks: axis.as_ref().map(Axis::ticks).unwrap_or_default(),
        rows,
    }
}

fn row(curve: &HyperparameterCurve, place: usize, point: &HyperparameterPoint) -> Row {
    let number = |value: f64, sign: bool| match value.is_finite() {
        true if sign => format!("{value:+.4}"),
        true => score(value),
        false => "–".to_owned(),
    };
    let less_best = if place == curve.best {
        "the best".to_owned()
    } else {
        let error =
            if point.standard_error.is_finite() { format!("{:.4}", point.standard_error) } else { "–".to_owned() };
        format!("{} ± {error}", number(point.less_best, true))
    };
    let setting = point.setting.clone();
    Row { setting, mean: number(point.mean, false), less_best, is_chosen: place == curve.chosen }
}

/// A table of each hyperparameter for Markdown, after a sentence that says what was chosen.
pub(super) fn markdown(curves: &[HyperparameterCurve]) -> Vec<String> {
    let told = |hyperparameter: Hyperparameter| {
        let mut table = MarkdownTable::new(1, &[hyperparameter.name, "macro-F1", "less the best", "chosen"]);
        for row in hyperparameter.rows {
            let chosen = if row.is_chosen { "chosen" } else { "" };
            table.push([row.setting, row.mean, row.less_best, chosen.to_owned()]);
        }
        table.text()
    };
    hyperparameters(curves).into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use crate::report::samples;

    #[test]
    fn every_format_tells_the_curve_and_what_was_chosen() {
        let sample = samples::usual();
        let (page, text, json) = (sample.html(), sample.markdown(), sample.json());
        assert_eq!(json["hyperparameter_curves"][0]["hyperparameter"], "cost");
        assert_eq!(json["hyperparameter_curves"][0]["chosen"], 1);
        assert_eq!(page.matches("class=\"whisker").count(), 3 + 2);
        assert_eq!(page.matches("chosen</td>").count(), 2);
        assert!(text.contains("| 4 ") && text.contains("-0.0033 ± 0.0055"), "{text}");
    }

    #[test]
    fn a_run_whose_hyperparameters_were_given_shows_no_curve() {
        let sample = samples::unrevised();
        assert!(!sample.html().contains("id=\"hyperparameters\"") && !sample.markdown().contains("less the best"));
    }
}
