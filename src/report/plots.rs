//! Geometry of the plots: where each bar, dot and line lies. `templates/plots.html` draws them as SVG.
//!
//! All lengths are in units of the view box. Whatever is not a finite number is not drawn.

use serde::Serialize;

use super::counts::{FaultCounts, Faults};
use super::summary::{Agreement, Round, Summary};
use super::wording::{decimal, score};
use crate::pipeline::ScoreRow;

/// A curve is thinned to about this many points.
const CURVE_POINTS: usize = 240;

/// Hundredths of a unit are enough, and shorter to write.
fn units(length: f64) -> f64 {
    (length * 100.0).round() / 100.0
}

/// Horizontal bars on an axis from 0 to 1, in groups.
#[derive(Serialize)]
pub(super) struct Bars {
    pub width: f64,
    pub height: f64,
    pub axis: f64,
    pub ticks: Vec<Tick>,
    pub groups: Vec<BarGroup>,
    pub description: String,
}

#[derive(Serialize)]
pub(super) struct Tick {
    pub at: f64,
    pub label: String,
}

#[derive(Serialize)]
pub(super) struct BarGroup {
    pub title: &'static str,
    pub y: f64,
    pub bars: Vec<Bar>,
}

#[derive(Serialize)]
pub(super) struct Bar {
    pub label: &'static str,
    /// Which class of the style sheet gives the colour.
    pub series: &'static str,
    pub y: f64,
    pub length: f64,
    pub value: String,
}

const BARS_WIDTH: f64 = 520.0;
const BARS_LEFT: f64 = 92.0;
const BARS_LONG: f64 = 360.0;
/// Dots carry a value on their left, which needs room next to the names of the rows.
const DOTS_LEFT: f64 = 130.0;
const DOTS_LONG: f64 = 322.0;
const BAR_STEP: f64 = 24.0;

/// Consistency before and after: data, knowledge, and the balance of the two.
pub(super) fn consistency_bars(summary: &Summary<'_>) -> Bars {
    let scores = &summary.scores;
    let alone = |name: &str| scores.baselines.iter().find(|row| row.name == name).and_then(|row| row.data.macro_f1);
    let (knowledge, balanced) = (&scores.knowledge_consistency, &scores.balanced_consistency);
    let held_out = knowledge.held_out.as_ref().and_then(|held_out| held_out.macro_f1);
    let groups = [
        (
            "Knowledge alone against held-out data",
            [("original", alone(ScoreRow::DO_NOTHING)), ("refined", alone(ScoreRow::REFINED_KNOWLEDGE)), ("", None)],
        ),
        (
            "Aligned responses against held-out data",
            [("aligned", scores.data_consistency.macro_f1), ("", None), ("", None)],
        ),
        (
            "Aligned responses against knowledge",
            [
                ("original", knowledge.original.macro_f1),
                ("refined", knowledge.refined.macro_f1),
                ("held-out", held_out),
            ],
        ),
        (
            "Balanced consistency",
            [("original", balanced.original), ("refined", balanced.refined), ("held-out", balanced.held_out)],
        ),
    ];
    let mut y = 8.0;
    let groups = groups.into_iter().filter_map(|(title, values)| bar_group(title, &values, &mut y)).collect::<Vec<_>>();
    let description = groups.iter().map(group_in_words).collect::<Vec<_>>().join(" ");
    Bars { width: BARS_WIDTH, height: y + 26.0, axis: y, ticks: unit_ticks(BARS_LEFT, BARS_LONG), groups, description }
}

fn bar_group(title: &'static str, values: &[(&'static str, Option<f64>)], y: &mut f64) -> Option<BarGroup> {
    let known: Vec<_> = values.iter().filter_map(|&(label, value)| Some((label, value?))).collect();
    if known.is_empty() {
        return None;
    }
    let top = *y;
    *y += 24.0;
    let mut bars = Vec::with_capacity(known.len());
    for (label, value) in known {
        let length = units(value.clamp(0.0, 1.0) * BARS_LONG);
        bars.push(Bar { label, series: label, y: *y, length, value: score(value) });
        *y += BAR_STEP;
    }
    *y += 12.0;
    Some(BarGroup { title, y: top + 14.0, bars })
}

fn group_in_words(group: &BarGroup) -> String {
    let bars: Vec<_> = group.bars.iter().map(|bar| format!("{} {}", bar.label, bar.value)).collect();
    format!("{}: {}.", group.title, bars.join(", "))
}

fn unit_ticks(left: f64, long: f64) -> Vec<Tick> {
    (0..=5)
        .map(|fifth| f64::from(fifth) / 5.0)
        .map(|at| Tick { at: units(left + at * long), label: decimal(at, 1) })
        .collect()
}

/// F1 of each class, original knowledge joined to refined knowledge.
#[derive(Serialize)]
pub(super) struct Dumbbells {
    pub width: f64,
    pub height: f64,
    pub ticks: Vec<Tick>,
    pub rows: Vec<Dumbbell>,
    pub description: String,
}

#[derive(Serialize)]
pub(super) struct Dumbbell {
    pub label: &'static str,
    pub y: f64,
    pub before: f64,
    pub after: f64,
    pub before_value: String,
    pub after_value: String,
    /// True if the refined value lies to the right, so that labels go outside.
    pub rises: bool,
}

/// Original against refined knowledge alone on held-out data; `None` unless both were scored.
pub(super) fn class_dumbbells(summary: &Summary<'_>) -> Option<Dumbbells> {
    let alone = |name: &str| summary.scores.baselines.iter().find(|row| row.name == name).map(|row| &row.data);
    let (before, after) = (alone(ScoreRow::DO_NOTHING)?, alone(ScoreRow::REFINED_KNOWLEDGE)?);
    let values = |data: &Agreement| {
        let classes = &data.per_class;
        [data.macro_f1, classes.down.f1, classes.unchanged.f1, classes.up.f1]
    };
    let labels = ["macro-F1", "down", "unchanged", "up"];
    let rows: Vec<_> = labels
        .into_iter()
        .zip(values(before).into_iter().zip(values(after)))
        .filter_map(|(label, (before, after))| Some((label, before?, after?)))
        .enumerate()
        .map(|(index, (label, before, after))| dumbbell(index, label, before, after))
        .collect();
    let words = |row: &Dumbbell| format!("{}: {} before, {} after.", row.label, row.before_value, row.after_value);
    let description = rows.iter().map(words).collect::<Vec<_>>().join(" ");
    let height = 34.0 * rows.len() as f64 + 34.0;
    Some(Dumbbells { width: BARS_WIDTH, height, ticks: unit_ticks(DOTS_LEFT, DOTS_LONG), rows, description })
}

fn dumbbell(index: usize, label: &'static str, before: f64, after: f64) -> Dumbbell {
    let at = |value: f64| units(DOTS_LEFT + value.clamp(0.0, 1.0) * DOTS_LONG);
    Dumbbell {
        label,
        y: 22.0 + 34.0 * index as f64,
        before: at(before),
        after: at(after),
        before_value: score(before),
        after_value: score(after),
        rises: after >= before,
    }
}

/// Loss against epoch for one round.
#[derive(Serialize)]
pub(super) struct LossCurves {
    pub round: usize,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    /// Corner points of each unbroken piece, as SVG wants them.
    pub training: Vec<String>,
    pub validation: Vec<String>,
    pub best: Option<f64>,
    pub best_epoch: Option<usize>,
    pub description: String,
}

pub(super) const LOSS_WIDTH: f64 = 400.0;
pub(super) const LOSS_HEIGHT: f64 = 230.0;
const LOSS_LEFT: f64 = 52.0;
const LOSS_RIGHT: f64 = 388.0;
const LOSS_TOP: f64 = 14.0;
const LOSS_BOTTOM: f64 = 190.0;

/// One plot for each round that has at least one finite loss.
pub(super) fn loss_curves(rounds: &[Round]) -> Vec<LossCurves> {
    rounds.iter().filter_map(curves_of).collect()
}

fn curves_of(round: &Round) -> Option<LossCurves> {
    let (training, validation) = (round.training_loss.as_slice(), round.validation_loss.as_slice());
    let known = || training.iter().chain(validation).flatten().copied();
    let lowest = known().reduce(f64::min)?;
    let highest = known().reduce(f64::max)?;
    let y_axis = Axis::around(lowest, highest, LOSS_BOTTOM, LOSS_TOP);
    let epochs = training.len().max(validation.len());
    let x_axis = Axis::of_epochs(epochs, LOSS_LEFT, LOSS_RIGHT);
    let best_epoch = round.best_epoch.filter(|&epoch| epoch <= epochs);
    let name =
        |losses: &[Option<f64>]| losses.iter().rev().flatten().next().map_or("none".to_owned(), |&l| decimal(l, 4));
    Some(LossCurves {
        round: round.round,
        x_ticks: x_axis.ticks(),
        y_ticks: y_axis.ticks(),
        training: pieces(training, &x_axis, &y_axis),
        validation: pieces(validation, &x_axis, &y_axis),
        best: best_epoch.map(|epoch| x_axis.at(epoch as f64)),
        best_epoch,
        description: format!(
            "{epochs} epochs; the last training loss is {}, the last validation loss {}.",
            name(training),
            name(validation)
        ),
    })
}

/// Maps values to places, with marks at multiples of a round step.
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
    start: f64,
    end: f64,
}

impl Axis {
    /// An axis from a round number below to a round number above.
    pub fn around(lowest: f64, highest: f64, start: f64, end: f64) -> Self {
        let spread = if highest > lowest { highest - lowest } else { lowest.abs().max(1e-3) };
        let step = round_step(spread, 4.0);
        let (low, high) = ((lowest / step).floor() * step, (highest / step).ceil() * step);
        let high = if high > low { high } else { low + step };
        Self { low, high, step, start, end }
    }

    /// An axis of epochs, from the first to the last, marked at whole numbers.
    fn of_epochs(epochs: usize, start: f64, end: f64) -> Self {
        let high = (epochs as f64).max(2.0);
        Self { low: 1.0, high, step: round_step(high - 1.0, 4.0).max(1.0), start, end }
    }

    pub fn at(&self, value: f64) -> f64 {
        units(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start))
    }

    pub fn ticks(&self) -> Vec<Tick> {
        let places = (-self.step.log10().floor()).clamp(0.0, 12.0) as usize;
        let first = (self.low / self.step - 1e-9).ceil();
        (0..12)
            .map(|index| (first + f64::from(index)) * self.step)
            .take_while(|&value| value <= self.high + self.step * 1e-9)
            .map(|value| Tick { at: self.at(value), label: decimal(value, places) })
            .collect()
    }
}

/// 1, 2 or 5 times a power of ten, so that about `parts` steps make up the spread.
fn round_step(spread: f64, parts: f64) -> f64 {
    let raw = spread / parts;
    let power = 10f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= raw * 0.999).unwrap_or(10.0);
    factor * power
}

fn pieces(losses: &[Option<f64>], x: &Axis, y: &Axis) -> Vec<String> {
    let stride = losses.len().div_ceil(CURVE_POINTS).max(1);
    let last = losses.len().saturating_sub(1);
    let kept = losses.iter().enumerate().filter(|(index, _)| index % stride == 0 || *index == last);
    let points: Vec<_> =
        kept.map(|(index, loss)| loss.map(|loss| format!("{},{}", x.at(index as f64 + 1.0), y.at(loss)))).collect();
    let unbroken = points.split(Option::is_none).filter(|piece| !piece.is_empty());
    unbroken.map(|piece| piece.iter().flatten().cloned().collect::<Vec<_>>().join(" ")).collect()
}

/// A confusion matrix as a shaded table.
#[derive(Serialize)]
pub(super) struct ConfusionTable {
    pub title: &'static str,
    pub truth: &'static str,
    pub rows: Vec<ConfusionRow>,
    pub ambiguous: u64,
}

#[derive(Serialize)]
pub(super) struct ConfusionRow {
    pub class: &'static str,
    pub support: u64,
    pub cells: Vec<ConfusionCell>,
}

#[derive(Serialize)]
pub(super) struct ConfusionCell {
    pub count: u64,
    /// Share of the true class.
    pub share: Option<f64>,
    /// Strength of the shade in percent; never so dark that the figure cannot be read.
    pub shade: f64,
    pub right: bool,
}

/// Aligned responses, and refined and original knowledge alone, each against held-out observations.
pub(super) fn confusion_tables(summary: &Summary<'_>) -> Vec<ConfusionTable> {
    let alone = |name: &str| summary.scores.baselines.iter().find(|row| row.name == name).map(|row| &row.data);
    let matrices = [
        ("Aligned responses", Some(&summary.scores.data_consistency)),
        ("Original knowledge alone", alone(ScoreRow::DO_NOTHING)),
        ("Refined knowledge alone", alone(ScoreRow::REFINED_KNOWLEDGE)),
    ];
    let scored = matrices.into_iter().filter_map(|(title, data)| Some((title, data?)));
    scored.filter(|(_, data)| data.compared > 0).map(|(title, data)| confusion_table(title, data)).collect()
}

fn confusion_table(title: &'static str, data: &Agreement) -> ConfusionTable {
    let rows = ["down", "unchanged", "up"].into_iter().zip(data.confusion).enumerate();
    let rows = rows.map(|(truth, (class, counts))| confusion_row(truth, class, counts)).collect();
    ConfusionTable { title, truth: "observed", rows, ambiguous: data.ambiguous }
}

fn confusion_row(truth: usize, class: &'static str, counts: [u64; 3]) -> ConfusionRow {
    let support: u64 = counts.iter().sum();
    let cell = |(called, &count): (usize, &u64)| {
        let share = (support > 0).then(|| count as f64 / support as f64);
        ConfusionCell { count, share, shade: units(55.0 * share.unwrap_or(0.0)), right: called == truth }
    };
    ConfusionRow { class, support, cells: counts.iter().enumerate().map(cell).collect() }
}

/// Planted faults by kind, each bar split into found, missed though visible, and invisible.
#[derive(Serialize)]
pub(super) struct FaultBars {
    pub width: f64,
    pub height: f64,
    pub rows: Vec<FaultBar>,
    pub description: String,
}

#[derive(Serialize)]
pub(super) struct FaultBar {
    pub label: &'static str,
    pub y: f64,
    pub planted: u64,
    pub segments: Vec<Segment>,
    pub end: f64,
}

#[derive(Serialize)]
pub(super) struct Segment {
    pub class: &'static str,
    pub x: f64,
    pub length: f64,
    pub count: u64,
    /// Only where there is room for it.
    pub label: bool,
}

pub(super) fn fault_bars(faults: &Faults) -> FaultBars {
    let kinds = &faults.by_kind;
    let rows = [("missing", kinds.missing), ("spurious", kinds.spurious), ("wrong sign", kinds.flipped)];
    let longest = rows.iter().map(|(_, counts)| counts.planted).max().unwrap_or(0).max(1) as f64;
    let rows: Vec<_> = rows
        .into_iter()
        .enumerate()
        .map(|(index, (label, counts))| fault_bar(index, label, counts, BARS_LONG / longest))
        .collect();
    let words = |row: &FaultBar| {
        let parts: Vec<_> = row.segments.iter().map(|segment| format!("{} {}", segment.count, segment.class)).collect();
        format!("{}: {} planted, {}.", row.label, row.planted, parts.join(", "))
    };
    let description = rows.iter().map(words).collect::<Vec<_>>().join(" ");
    FaultBars { width: BARS_WIDTH, height: 34.0 * rows.len() as f64 + 8.0, rows, description }
}

fn fault_bar(index: usize, label: &'static str, counts: FaultCounts, scale: f64) -> FaultBar {
    let mut x = BARS_LEFT;
    let parts = [("found", counts.found), ("missed", counts.missed_visible), ("invisible", counts.missed_invisible)];
    let segments = parts.map(|(class, count)| {
        let length = count as f64 * scale;
        let segment = Segment { class, x: units(x), length: units(length), count, label: length >= 24.0 };
        x += length;
        segment
    });
    let segments = segments.into_iter().filter(|segment| segment.count > 0).collect();
    FaultBar { label, y: 6.0 + 34.0 * index as f64, planted: counts.planted, segments, end: units(x) }
}

/// Lengths of the small bars next to a revision: measured responses corrected (right) and introduced (left), as shares of the
/// largest number of either on the page.
#[derive(Serialize)]
pub(super) struct Support {
    pub corrected: f64,
    pub introduced: f64,
}

pub(super) fn supports(summary: &Summary<'_>) -> Vec<Support> {
    let listed = &summary.revisions.most_supported;
    let largest = listed.iter().map(|revision| revision.corrected.max(revision.introduced)).max().unwrap_or(0).max(1);
    let share = |count: usize| units(40.0 * count as f64 / largest as f64);
    listed
        .iter()
        .map(|revision| Support { corrected: share(revision.corrected), introduced: share(revision.introduced) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(training: &[f64], validation: &[f64]) -> Round {
        let optional = |losses: &[f64]| losses.iter().map(|&loss| loss.is_finite().then_some(loss)).collect();
        Round {
            round: 1,
            symbolic_share: None,
            revisions: 0,
            disagreements: super::super::summary::BeforeAfter { before: 0, after: 0 },
            additions_untried: None,
            training_loss: optional(training),
            validation_loss: optional(validation),
            epochs: training.len(),
            best_epoch: Some(2),
            temperature: None,
        }
    }

    #[test]
    fn ticks_are_round_numbers_inside_the_axis() {
        let axis = Axis::around(0.37, 1.12, LOSS_BOTTOM, LOSS_TOP);
        let labels: Vec<_> = axis.ticks().into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["0.2", "0.4", "0.6", "0.8", "1", "1.2"]);
    }

    #[test]
    fn epochs_are_marked_by_whole_numbers_only() {
        let axis = Axis::of_epochs(3, LOSS_LEFT, LOSS_RIGHT);
        let labels: Vec<_> = axis.ticks().into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["1", "2", "3"]);
    }

    #[test]
    fn a_loss_that_is_no_number_breaks_the_line_and_is_not_drawn() {
        let curves = curves_of(&round(&[1.0, 0.8, f64::NAN, 0.5], &[])).expect("three losses are finite");
        assert_eq!(curves.training.len(), 2);
        assert!(curves.training.iter().all(|piece| !piece.contains("NaN")));
        assert!(curves.validation.is_empty());
    }

    #[test]
    fn there_is_no_plot_without_a_finite_loss() {
        assert!(curves_of(&round(&[], &[])).is_none());
        assert!(curves_of(&round(&[f64::NAN], &[f64::INFINITY])).is_none());
    }

    #[test]
    fn losses_of_any_size_stay_inside_the_frame() {
        for losses in [[5.0, 5.0, 5.0], [0.0, 0.0, 0.0], [1e-9, 3e-9, 2e-9], [-4.0, 1e6, 2.0], [1e300, 1e-300, 1e299]] {
            let curves = curves_of(&round(&losses, &losses)).expect("all losses are finite");
            for point in curves.training.iter().flat_map(|piece| piece.split(' ')) {
                let (x, y) = point.split_once(',').expect("a point is x,y");
                let inside = |text: &str, low: f64, high: f64| {
                    text.parse::<f64>().is_ok_and(|place| (low - 0.01..=high + 0.01).contains(&place))
                };
                assert!(inside(x, LOSS_LEFT, LOSS_RIGHT) && inside(y, LOSS_TOP, LOSS_BOTTOM), "{losses:?}: {point}");
            }
        }
    }

    #[test]
    fn a_long_curve_is_thinned_but_keeps_its_ends() {
        let losses: Vec<f64> = (0..10_000).map(|epoch| 1.0 / (1.0 + f64::from(epoch))).collect();
        let curves = curves_of(&round(&losses, &[])).expect("all losses are finite");
        let points: Vec<_> = curves.training[0].split(' ').collect();
        assert!(points.len() <= CURVE_POINTS + 1, "{}", points.len());
        assert!(points[0].starts_with("52,") && points[points.len() - 1].starts_with("388,"), "{points:?}");
    }

    #[test]
    fn the_parts_of_a_fault_bar_add_up_to_what_was_planted() {
        let counts =
            FaultCounts { planted: 20, visible: 16, found: 12, missed: 8, missed_visible: 4, missed_invisible: 4 };
        let bar = fault_bar(0, "missing", counts, 10.0);
        assert_eq!(bar.segments.iter().map(|segment| segment.count).sum::<u64>(), 20);
        assert_eq!(bar.end, BARS_LEFT + 200.0);
    }

    #[test]
    fn each_row_of_a_confusion_table_adds_up_to_its_class() {
        let row = confusion_row(0, "down", [30, 60, 10]);
        assert_eq!(row.support, 100);
        assert_eq!(row.cells.iter().map(|cell| cell.share).collect::<Vec<_>>(), [Some(0.3), Some(0.6), Some(0.1)]);
        assert!(row.cells[0].right && !row.cells[1].right);
        assert!(confusion_row(1, "unchanged", [0; 3]).cells.iter().all(|cell| cell.share.is_none()));
    }
}
