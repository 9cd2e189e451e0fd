//! Curves of time over size on logarithmic axes, with the power law through them.

use std::io::Write;

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::ReportError;
use super::plots::Tick;
use super::templates::render;
use super::wording::{decimal, grouped};
use crate::metrics::PowerLaw;

/// Seconds measured at several sizes of a problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// What was kept the same, in words: the title of the panel.
    pub title: String,
    /// What the size counts, in the plural, for example `regulations`.
    pub size: String,
    /// Size (> 0) and seconds (> 0) of each measurement; others are not drawn.
    pub points: Vec<(f64, f64)>,
}

impl Growth {
    /// The power law through the points.
    #[must_use]
    pub fn law(&self) -> Option<PowerLaw> {
        PowerLaw::through(&self.points)
    }
}

const WIDTH: f64 = 880.0;
const LEFT: [f64; 2] = [58.0, 498.0];
const PANEL_WIDTH: f64 = 350.0;
const PANEL_HEIGHT: f64 = 230.0;
const ROW_HEIGHT: f64 = 320.0;
const HEAD: f64 = 36.0;

#[derive(Serialize)]
struct Panel {
    title: String,
    size: String,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    line: Option<Line>,
    dots: Vec<Dot>,
}

#[derive(Serialize)]
struct Line {
    from: (f64, f64),
    to: (f64, f64),
    exponent: String,
}

#[derive(Serialize)]
struct Dot {
    x: f64,
    y: f64,
    told: String,
}

/// Draws one panel for each growth, two in a row, as a page of SVG that stands alone.
///
/// # Errors
/// [`ReportError`] if `out` fails.
pub fn write_growth_svg(growths: &[Growth], out: &mut dyn Write) -> Result<(), ReportError> {
    let panels: Vec<_> = growths.iter().enumerate().filter_map(|(place, growth)| panel(place, growth)).collect();
    let description: Vec<_> = growths.iter().map(in_words).collect();
    let svg = render(
        "growth.svg",
        context! {
            width => WIDTH,
            height => HEAD + growths.len().div_ceil(LEFT.len()) as f64 * ROW_HEIGHT,
            panels => Value::from(Serde(panels)),
            description => description.join(" "),
        },
    )?;
    out.write_all(svg.as_bytes())?;
    Ok(())
}

fn in_words(growth: &Growth) -> String {
    let exponent = growth.law().map_or_else(|| "unknown".to_owned(), |law| decimal(law.exponent, 2));
    let told = growth.points.iter().map(|&(size, seconds)| told(growth, size, seconds));
    format!("{}: {}; exponent {exponent}.", growth.title, told.collect::<Vec<_>>().join(", "))
}

fn told(growth: &Growth, size: f64, seconds: f64) -> String {
    format!("{} {}: {} s", grouped(size.round() as u64), growth.size, decimal(seconds, 3))
}

fn panel(place: usize, growth: &Growth) -> Option<Panel> {
    let sound = |value: f64| value.is_finite() && value > 0.0;
    let points: Vec<_> = growth.points.iter().copied().filter(|&(size, time)| sound(size) && sound(time)).collect();
    let (left, top) = (LEFT[place % LEFT.len()], HEAD + (place / LEFT.len()) as f64 * ROW_HEIGHT + 20.0);
    let (right, bottom) = (left + PANEL_WIDTH, top + PANEL_HEIGHT);
    let x = LogAxis::around(points.iter().map(|point| point.0), left, right)?;
    let y = LogAxis::around(points.iter().map(|point| point.1), bottom, top)?;
    let (first, last) =
        points.iter().fold((f64::MAX, 0.0f64), |(low, high), point| (low.min(point.0), high.max(point.0)));
    let line = growth.law().map(|law| Line {
        from: (x.at(first), y.at(law.at(first))),
        to: (x.at(last), y.at(law.at(last))),
        exponent: decimal(law.exponent, 2),
    });
    let dot =
        |&(size, seconds): &(f64, f64)| Dot { x: x.at(size), y: y.at(seconds), told: told(growth, size, seconds) };
    Some(Panel {
        title: growth.title.clone(),
        size: growth.size.clone(),
        left,
        right,
        top,
        bottom,
        x_ticks: x.ticks(),
        y_ticks: y.ticks(),
        line,
        dots: points.iter().map(dot).collect(),
    })
}

/// Maps positive values to places by their logarithm.
struct LogAxis {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl LogAxis {
    /// From 1, 2 or 5 times a power of ten below all values to one above; `None` without values.
    fn around(values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Option<Self> {
        let (lowest, highest) = (values.clone().reduce(f64::min)?, values.reduce(f64::max)?);
        let low = marks(lowest).into_iter().rev().find(|&mark| mark <= lowest * 1.000_001)?;
        let high = marks(highest).into_iter().find(|&mark| mark >= highest * 0.999_999 && mark > low)?;
        Some(Self { low, high, start, end })
    }

    fn at(&self, value: f64) -> f64 {
        let share = (value / self.low).ln() / (self.high / self.low).ln();
        ((self.start + share * (self.end - self.start)) * 100.0).round() / 100.0
    }

    fn ticks(&self) -> Vec<Tick> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        // Over many decades the 2 and the 5 would crowd.
        let steps: &[f64] = if self.high / self.low > 2_000.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let marks = decades.flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)));
        let inside = marks.filter(|&mark| mark >= self.low * 0.999 && mark <= self.high * 1.001);
        inside.map(|mark| Tick { at: self.at(mark), label: label(mark) }).collect()
    }
}

/// The round numbers around a value, ascending.
fn marks(value: f64) -> Vec<f64> {
    let power = value.log10().floor() as i32;
    (power - 1..=power + 1).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10f64.powi(power))).collect()
}

fn label(mark: f64) -> String {
    if mark >= 1_000.0 { grouped(mark.round() as u64) } else { decimal(mark, 6) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: &[(f64, f64)]) -> String {
        let growth =
            Growth { title: "time & size".to_owned(), size: "regulations".to_owned(), points: points.to_vec() };
        let mut svg = Vec::new();
        write_growth_svg(&[growth], &mut svg).expect("a vector takes all bytes");
        String::from_utf8(svg).expect("text")
    }

    #[test]
    fn a_growth_in_proportion_is_a_straight_line_with_exponent_one() {
        let svg = drawn(&[(2e3, 0.2), (5e3, 0.5), (1e4, 1.0), (2e4, 2.0)]);
        assert!(svg.contains("exponent 1<") && svg.contains("20,000 regulations: 2 s"), "{svg}");
        assert!(svg.contains("time &amp; size"));
        assert_eq!(svg.matches("<circle").count(), 4);
        // Both axes span one decade from round number to round number: the line is a diagonal of the panel.
        assert!(svg.contains(r#"x1="58.0" y1="286.0""#) && svg.contains(r#"x2="408.0" y2="56.0""#), "{svg}");
    }

    #[test]
    fn what_has_no_logarithm_is_not_drawn() {
        let svg = drawn(&[(2e3, 0.2), (5e3, f64::NAN), (-1.0, 1.0), (2e4, 0.0)]);
        assert_eq!(svg.matches("<circle").count(), 1);
        assert!(!drawn(&[]).contains("NaN"));
    }
}
