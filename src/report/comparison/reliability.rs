//! Reliability plots: how often what was predicted with some probability came true, one panel for each method.

use serde::Serialize;

use crate::biology::Response;
use crate::evaluation::RankedMethod;
use crate::metrics::ReliabilityBin;
use crate::report::plots::{Axis, Tick};
use crate::report::wording::score;

const LEFT: f64 = 34.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 164.0;
/// A frequency over fewer entries says too little to be shown.
const FEWEST: u64 = 5;

#[derive(Serialize)]
pub(super) struct Panel {
    method: String,
    ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    /// The ends of the diagonal, on which probabilities are honest.
    diagonal: [f64; 4],
    classes: Vec<Curve>,
    description: String,
}

/// One class.
#[derive(Serialize)]
struct Curve {
    /// Which class of the style sheet gives the colour.
    series: &'static str,
    points: Vec<(f64, f64)>,
    line: String,
}

/// `None` for those that give no probabilities.
pub(super) fn panel(row: &RankedMethod) -> Option<Panel> {
    let reliability = row.reliability.as_ref()?;
    let (x, y) = (Axis::around(0.0, 1.0, LEFT, RIGHT), Axis::around(0.0, 1.0, BOTTOM, TOP));
    let series = [(Response::Down, "down"), (Response::Unchanged, "unchanged"), (Response::Up, "up")];
    let curve = |(class, series): (Response, &'static str)| {
        let told = |bin: &&ReliabilityBin| bin.entries >= FEWEST;
        let point = |bin: &ReliabilityBin| (x.at(bin.probability), y.at(bin.frequency));
        let points: Vec<_> = reliability[class.class()].iter().filter(told).map(point).collect();
        let line = points.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ");
        Curve { series, points, line }
    };
    let ece = row.ece.map_or_else(String::new, |ece| format!(", expected calibration error {}", score(ece)));
    Some(Panel {
        method: row.method.to_string(),
        ticks: x.ticks(),
        y_ticks: y.ticks(),
        diagonal: [x.at(0.0), y.at(0.0), x.at(1.0), y.at(1.0)],
        classes: series.map(curve).into(),
        description: format!("Observed frequency over predicted probability of {}{ece}.", row.method),
    })
}
