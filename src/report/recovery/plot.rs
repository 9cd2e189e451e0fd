//! Geometry of `recover.svg`: a pair of panels for each reading and mix of kinds. `templates/recover.svg` draws it.

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::summary::{Figure, Group};
use crate::recovery::Method;
use crate::report::ReportError;
use crate::report::plots::{Axis, Tick};
use crate::report::templates::render;
use crate::report::wording::score;

const WIDTH: f64 = 880.0;
const LEFT: [f64; 2] = [58.0, 498.0];
const PANEL_WIDTH: f64 = 350.0;
const PANEL_HEIGHT: f64 = 230.0;
const PAIR_HEIGHT: f64 = 344.0;
const HEAD: f64 = 44.0;
/// Room for a letter of the key, and for the line before it with the space behind.
const LETTER: f64 = 7.4;
const KEY_LINE: f64 = 66.0;

#[derive(Serialize)]
struct Heading {
    y: f64,
    text: String,
}

#[derive(Serialize)]
struct Panel {
    title: &'static str,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    curves: Vec<Curve>,
}

#[derive(Serialize)]
struct Curve {
    method: &'static str,
    /// Corner points of the band from the lowest to the highest seed; empty where there is but one.
    band: String,
    line: String,
    dots: Vec<Dot>,
}

#[derive(Serialize)]
struct Dot {
    x: f64,
    y: f64,
    /// What a pointer at rest is told.
    told: String,
}

#[derive(Serialize)]
struct Key {
    x: f64,
    method: &'static str,
}

type Chosen = fn(&Group) -> Option<Figure>;

const PANELS: [(&str, Chosen); 2] =
    [("Edge macro-F1", |group| group.edge_macro_f1), ("Closure macro-F1", |group| group.closure_macro_f1)];

/// The whole drawing; what was not run is not drawn.
pub(super) fn svg(groups: &[Group]) -> Result<String, ReportError> {
    let (mut headings, mut panels) = (Vec::new(), Vec::new());
    let pairs: Vec<_> = groups.chunk_by(|a, b| a.title() == b.title()).collect();
    for (index, pair) in pairs.iter().enumerate() {
        let start = HEAD + index as f64 * PAIR_HEIGHT;
        let top = start + 52.0;
        headings.push(Heading { y: start + 16.0, text: pair[0].title() });
        panels.extend(PANELS.iter().zip(LEFT).map(|(&(title, chosen), left)| panel(pair, title, chosen, left, top)));
    }
    let mut x = LEFT[0];
    let drawn = Method::ALL.into_iter().filter(|&method| is_drawn(groups, method));
    let keys = drawn.map(|method| {
        let key = Key { x, method: method.word() };
        x += KEY_LINE + LETTER * method.word().len() as f64;
        key
    });
    let keys: Vec<_> = keys.collect();
    render(
        "recover.svg",
        context! {
            width => WIDTH,
            height => HEAD + pairs.len() as f64 * PAIR_HEIGHT,
            headings => Value::from(Serde(headings)),
            panels => Value::from(Serde(panels)),
            keys => Value::from(Serde(keys)),
            description => description(groups),
        },
    )
}

fn is_drawn(groups: &[Group], method: Method) -> bool {
    groups.iter().any(|group| group.method == method && group.edge_macro_f1.is_some())
}

fn panel(groups: &[Group], title: &'static str, chosen: Chosen, left: f64, top: f64) -> Panel {
    let (right, bottom) = (left + PANEL_WIDTH, top + PANEL_HEIGHT);
    let figures = || groups.iter().filter_map(chosen);
    let lowest = figures().map(|figure| figure.lowest).fold(0.9, f64::min);
    let highest_level = groups.iter().map(|group| group.level).fold(0.05, f64::max);
    let x = Axis::around(0.0, highest_level, left, right);
    let y = Axis::around(lowest, 1.0, bottom, top);
    let curves = Method::ALL.into_iter().filter_map(|method| curve(groups, method, chosen, &x, &y)).collect();
    Panel { title, left, right, top, bottom, x_ticks: x.ticks(), y_ticks: y.ticks(), curves }
}

fn curve(groups: &[Group], method: Method, chosen: Chosen, x: &Axis, y: &Axis) -> Option<Curve> {
    let of_method = groups.iter().filter(|group| group.method == method);
    let points: Vec<_> = of_method.filter_map(|group| Some((group.level, chosen(group)?))).collect();
    if points.is_empty() {
        return None;
    }
    let corner = |level: f64, value: f64| format!("{},{}", x.at(level), y.at(value));
    let upper = points.iter().map(|(level, figure)| corner(*level, figure.highest));
    let lower = points.iter().rev().map(|(level, figure)| corner(*level, figure.lowest));
    let has_band = points.iter().any(|(_, figure)| figure.highest > figure.lowest);
    let band = if has_band { upper.chain(lower).collect::<Vec<_>>().join(" ") } else { String::new() };
    let line = points.iter().map(|(level, figure)| corner(*level, figure.mean)).collect::<Vec<_>>().join(" ");
    let told = |level: f64, figure: &Figure| {
        let Figure { mean, lowest, highest } = *figure;
        format!("{}, level {level}: {} ({}–{})", method.word(), score(mean), score(lowest), score(highest))
    };
    let dot =
        |(level, figure): &(f64, Figure)| Dot { x: x.at(*level), y: y.at(figure.mean), told: told(*level, figure) };
    Some(Curve { method: method.word(), band, line, dots: points.iter().map(dot).collect() })
}

fn description(groups: &[Group]) -> String {
    let told = groups.iter().filter_map(|group| {
        let (edges, closure) = (score(group.edge_macro_f1?.mean), score(group.closure_macro_f1?.mean));
        let (title, level, method) = (group.title(), group.level, group.method.word());
        Some(format!("{title}, level {level}, {method}: edges {edges}, closure {closure}."))
    });
    told.collect::<Vec<_>>().join(" ")
}
