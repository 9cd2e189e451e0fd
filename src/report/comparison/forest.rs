//! A forest plot: the score of every method with its interval, and the floor.

use serde::Serialize;

use crate::evaluation::{RankedMethod, Ranking};
use crate::report::plots::{Axis, Tick};
use crate::report::wording::score;

const WIDTH: f64 = 620.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 560.0;
const TOP: f64 = 10.0;
const STEP: f64 = 26.0;

#[derive(Serialize)]
pub(super) struct Forest {
    width: f64,
    height: f64,
    bottom: f64,
    ticks: Vec<Tick>,
    floor: Option<f64>,
    marks: Vec<Mark>,
    description: String,
}

/// One method.
#[derive(Serialize)]
struct Mark {
    label: String,
    y: f64,
    x: f64,
    /// Ends of the interval.
    ends: Option<(f64, f64)>,
    value: String,
    /// Which class of the style sheet gives the colour.
    series: &'static str,
}

pub(super) fn forest(rankings: &Ranking) -> Forest {
    let ends =
        |row: &RankedMethod| row.interval.map_or([row.data.macro_f1; 2], |interval| [interval.lower, interval.upper]);
    let known = || rankings.rows.iter().flat_map(ends).chain(rankings.floor).filter(|value| value.is_finite());
    let (lowest, highest) = (known().fold(1.0, f64::min), known().fold(0.0, f64::max));
    let axis = Axis::around(lowest, highest.max(lowest), LEFT, RIGHT);
    let mark = |(place, row): (usize, &RankedMethod)| Mark {
        label: row.method.to_string(),
        y: TOP + STEP * (place as f64 + 0.5),
        x: axis.at(row.data.macro_f1),
        ends: row.interval.map(|interval| (axis.at(interval.lower), axis.at(interval.upper))),
        value: score(row.data.macro_f1),
        series: if row.method.is_baseline() { "original" } else { "refined" },
    };
    let bottom = TOP + STEP * rankings.rows.len() as f64;
    let told = rankings.rows.iter().map(|row| format!("{} {}", row.method, score(row.data.macro_f1)));
    Forest {
        width: WIDTH,
        height: bottom + 30.0,
        bottom,
        ticks: axis.ticks(),
        floor: rankings.floor.map(|floor| axis.at(floor)),
        marks: rankings.rows.iter().enumerate().map(mark).collect(),
        description: format!("Macro-F1 with intervals: {}.", told.collect::<Vec<_>>().join(", ")),
    }
}
