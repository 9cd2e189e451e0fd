//! Bars of cells and of responses for each perturbation of a screen.

use std::io::Write;

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::ReportError;
use super::plots::Tick;
use super::templates::render;
use super::wording::grouped;

/// One perturbation of a screen of cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreenedPerturbation {
    /// Its name.
    pub name: String,
    /// Its cells.
    pub cells: usize,
    /// Genes down and up, if they were called.
    pub calls: Option<(usize, usize)>,
}

/// More rows are hard to read.
const MOST_ROWS: usize = 80;
const ROW: f64 = 18.0;
const TOP: f64 = 44.0;
/// Room for a name; longer ones are cut.
const CELLS_LEFT: f64 = 170.0;
const LONGEST_NAME: usize = 22;
const CELLS_LONG: f64 = 220.0;
const CALLS_MIDDLE: f64 = 600.0;
const CALLS_LONG: f64 = 180.0;
const WIDTH: f64 = 820.0;

#[derive(Serialize)]
struct Row {
    name: String,
    told: String,
    y: f64,
    cells: f64,
    down: f64,
    up: f64,
}

/// Draws the perturbations in the given order, at most 80 of them, as a page of SVG that stands alone.
///
/// # Errors
/// [`ReportError`] if `out` fails.
pub fn write_cells_svg(perturbations: &[ScreenedPerturbation], out: &mut dyn Write) -> Result<(), ReportError> {
    let shown = &perturbations[..perturbations.len().min(MOST_ROWS)];
    let most_cells = nice(shown.iter().map(|row| row.cells).max().unwrap_or(0));
    let most_calls = shown.iter().filter_map(|row| row.calls).map(|(down, up)| down.max(up)).max();
    let most_called = nice(most_calls.unwrap_or(0));
    let long = |count: usize, most: usize, room: f64| units(count as f64 / most as f64 * room);
    let row = |(place, row): (usize, &ScreenedPerturbation)| Row {
        name: cut(&row.name),
        told: told(row),
        y: TOP + place as f64 * ROW,
        cells: long(row.cells, most_cells, CELLS_LONG),
        down: long(row.calls.map_or(0, |calls| calls.0), most_called, CALLS_LONG),
        up: long(row.calls.map_or(0, |calls| calls.1), most_called, CALLS_LONG),
    };
    let rows: Vec<Row> = shown.iter().enumerate().map(row).collect();
    let mut ticks = vec![tick(CELLS_LEFT, 0), tick(CELLS_LEFT + CELLS_LONG, most_cells)];
    if most_calls.is_some() {
        let ends = [(-CALLS_LONG, most_called), (0.0, 0), (CALLS_LONG, most_called)];
        ticks.extend(ends.map(|(offset, count)| tick(CALLS_MIDDLE + offset, count)));
    }
    let bottom = TOP + shown.len() as f64 * ROW;
    let description: Vec<_> = shown.iter().map(told).collect();
    let svg = render(
        "cells.svg",
        context! {
            width => WIDTH,
            height => bottom + 56.0,
            top => TOP,
            bottom,
            cells_left => CELLS_LEFT,
            calls_middle => CALLS_MIDDLE,
            calls => most_calls.is_some(),
            ticks => Value::from(Serde(ticks)),
            rows => Value::from(Serde(rows)),
            hidden => perturbations.len() - shown.len(),
            description => description.join("; "),
        },
    )?;
    out.write_all(svg.as_bytes())?;
    Ok(())
}

fn told(row: &ScreenedPerturbation) -> String {
    let cells = format!("{}: {} cells", row.name, grouped(row.cells as u64));
    row.calls.map_or(cells.clone(), |(down, up)| format!("{cells}, {down} genes down, {up} up"))
}

fn tick(at: f64, count: usize) -> Tick {
    Tick { at: units(at), label: grouped(count as u64) }
}

fn units(length: f64) -> f64 {
    (length * 100.0).round() / 100.0
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

/// 1, 2 or 5 times a power of ten, at least `count` and at least 1.
fn nice(count: usize) -> usize {
    let mut power = 1_usize;
    loop {
        for mark in [1, 2, 5] {
            match power.checked_mul(mark) {
                Some(mark) if mark >= count => return mark,
                Some(_) => {}
                None => return usize::MAX,
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_counts_and_names_are_escaped() {
        let row = |name: &str, cells, calls| ScreenedPerturbation { name: name.to_owned(), cells, calls };
        let mut rows = vec![row("A<B", 100, Some((5, 10))), row("C", 50, Some((0, 0)))];
        let drawn = |rows: &[ScreenedPerturbation]| {
            let mut out = Vec::new();
            write_cells_svg(rows, &mut out).expect("room");
            String::from_utf8(out).expect("text")
        };
        let svg = drawn(&rows);
        assert!(svg.starts_with("<svg") && svg.contains("A&lt;B: 100 cells, 5 genes down, 10 up"), "{svg}");
        assert!(svg.contains(r#"class="cells" x="170.0" y="46.0" width="220.0""#), "{svg}");
        assert!(svg.contains(r#"class="down" x="510.0" y="46.0" width="90.0""#), "{svg}");
        assert!(svg.contains(r#"class="up" x="600.0" y="46.0" width="180.0""#) && !svg.contains("more pert"), "{svg}");
        rows = (0..100).map(|number| row(&format!("{}{number}", "long".repeat(9)), 0, None)).collect();
        let svg = drawn(&rows);
        assert!(svg.contains("and 20 more perturbations") && !svg.contains("NaN") && !svg.contains("class=\"up\""));
        assert!(drawn(&[]).starts_with("<svg"));
    }

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!([0, 1, 3, 10, 11, 501].map(nice), [1, 1, 5, 10, 20, 1000]);
        assert!(nice(usize::MAX) == usize::MAX);
    }
}
