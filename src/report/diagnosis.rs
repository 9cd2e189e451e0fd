//! What is told of a screen of cells and its batches: a page and Markdown for readers, two CSVs and JSON for programs.
//!
//! Start at [`DiagnosisReport`].

use std::collections::BTreeMap;
use std::io::Write;

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::plots::Tick;
use super::tables::MarkdownTable;
use super::templates::render;
use super::wording::{counted, decimal, grouped, percent};
use super::{InputFile, ReportError, json};
use crate::evaluation::diagnosis::{DiagnosedBatch, DiagnosedPerturbation, Diagnosis, SampleMethod, UnknownChange};
use crate::metrics::CellNeeds;

/// A diagnosis and where it came from.
#[derive(Clone, Debug, Serialize)]
pub struct DiagnosisReport<'a> {
    /// Version of this program.
    pub tool_version: &'a str,
    /// The files that were read.
    pub inputs: Vec<InputFile>,
    /// Remarks in sentences: how much of the predictions was kept.
    pub notes: Vec<String>,
    /// What was found.
    pub diagnosis: &'a Diagnosis,
}

/// This many names are listed in a sentence.
const NAMED: usize = 12;
/// More rows of a plot are hard to read.
const MOST_ROWS: usize = 60;

impl DiagnosisReport<'_> {
    /// Writes `perturbations.csv`: one line for each perturbation, or for each prediction of it.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_csv(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(out);
        table.write_record(COLUMNS)?;
        for own in &self.diagnosis.perturbations {
            let line = Line::of(own);
            if own.predictions.is_empty() {
                table.serialize(line)?;
            }
            for prediction in &own.predictions {
                table.serialize(Line {
                    prediction: Some(&prediction.label),
                    predicted_genes: Some(prediction.genes),
                    error: Some(prediction.parts.total),
                    model_part: Some(prediction.parts.model),
                    model_part_of_no_change: Some(prediction.of_no_change),
                    ..line
                })?;
            }
        }
        for own in &self.diagnosis.unknown {
            table.serialize(Line {
                perturbation: &own.name,
                ranked: "not compared",
                cells: own.cells,
                ..Line::default()
            })?;
        }
        table.flush()?;
        Ok(())
    }

    /// Writes `batches.csv`: one line for each batch, in the order of the file.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_batches_csv(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        let mut table = csv::Writer::from_writer(out);
        table.write_record([
            "batch",
            "controls",
            "perturbed_cells",
            "perturbations",
            "short_of_controls",
            "compared",
        ])?;
        for batch in &self.diagnosis.batches {
            let counts = [batch.controls, batch.perturbed, batch.perturbations, batch.short_of_controls];
            let compared = if batch.controls < 2 { "no" } else { "yes" };
            let counts = counts.map(|count| count.to_string());
            let fields = [batch.name.as_str()].into_iter().chain(counts.iter().map(String::as_str)).chain([compared]);
            table.write_record(fields)?;
        }
        table.flush()?;
        Ok(())
    }

    /// Writes `diagnosis.json`: all figures, unrounded.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        json::write(self, out)
    }

    /// Writes tables to be read in a terminal or on a code-hosting page, with at most `top` rows each, the worst ones.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_markdown(&self, top: usize, out: &mut dyn Write) -> Result<(), ReportError> {
        let told = Told::of(self.diagnosis, top);
        writeln!(out, "### {}\n\n{}\n", told.verdict, told.measure)?;
        for remark in told.remarks.iter().chain(&self.notes) {
            writeln!(out, "* {remark}")?;
        }
        for table in told.tables.iter().filter(|table| !table.rows.is_empty()) {
            writeln!(out, "\n### {}\n\n{}", table.title, table.markdown())?;
            if let Some(more) = &table.more {
                writeln!(out, "\n{more}")?;
            }
        }
        Ok(())
    }

    /// Writes `diagnosis.html`: one page that needs no other file.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_html(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        let page = render(
            "diagnosis.html",
            context! {
                tool_version => self.tool_version,
                told => Value::from(Serde(Told::of(self.diagnosis, usize::MAX).without_marks())),
                plot => Value::from(Serde(Plot::of(self.diagnosis))),
                notes => &self.notes,
                inputs => Value::from(Serde(&self.inputs)),
            },
        )?;
        out.write_all(page.as_bytes())?;
        Ok(())
    }
}

/// One line of `perturbations.csv`; the field names are the column names.
#[derive(Clone, Copy, Default, Serialize)]
struct Line<'a> {
    perturbation: &'a str,
    ranked: &'static str,
    cells: usize,
    counted_cells: usize,
    batches: usize,
    controls: usize,
    change: Option<f64>,
    change_error: Option<f64>,
    cells_part: Option<f64>,
    controls_part: Option<f64>,
    batch_part: Option<f64>,
    cells_needed: Option<u64>,
    controls_needed: Option<u64>,
    batches_needed: Option<u64>,
    prediction: Option<&'a str>,
    predicted_genes: Option<usize>,
    error: Option<f64>,
    model_part: Option<f64>,
    model_part_of_no_change: Option<f64>,
}

const COLUMNS: [&str; 19] = [
    "perturbation",
    "standing",
    "cells",
    "counted_cells",
    "batches",
    "controls",
    "change",
    "change_error",
    "cells_part",
    "controls_part",
    "batch_part",
    "cells_needed",
    "controls_needed",
    "batches_needed",
    "prediction",
    "predicted_genes",
    "error",
    "model_part",
    "model_part_of_no_change",
];

impl<'a> Line<'a> {
    fn of(own: &'a DiagnosedPerturbation) -> Self {
        Self {
            perturbation: &own.name,
            ranked: match own.standing() {
                SampleMethod::Short => "short",
                SampleMethod::Untold => "no change told",
                SampleMethod::Enough => "enough",
            },
            cells: own.cells,
            counted_cells: own.counted,
            batches: own.batches,
            controls: own.controls,
            change: Some(own.parts.change),
            change_error: Some(own.parts.change_error),
            cells_part: Some(own.parts.cells),
            controls_part: Some(own.parts.controls),
            batch_part: own.parts.batch,
            cells_needed: own.needs.cells,
            controls_needed: own.needs.controls,
            batches_needed: own.needs.batches,
            ..Self::default()
        }
    }
}

/// The diagnosis in words and tables, for every format alike.
#[derive(Serialize)]
struct Told {
    verdict: String,
    measure: String,
    remarks: Vec<String>,
    tables: Vec<Table>,
}

#[derive(Serialize)]
struct Table {
    title: &'static str,
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    more: Option<String>,
    /// True if the last column holds words.
    ends_in_words: bool,
}

impl Table {
    fn markdown(&self) -> String {
        let mut table = MarkdownTable::new(1, &self.heads);
        self.rows.iter().for_each(|row| table.push_row(row));
        table.text()
    }
}

impl Told {
    fn of(diagnosis: &Diagnosis, top: usize) -> Self {
        let tables = vec![batch_table(diagnosis, top), perturbation_table(diagnosis, top), prediction_table(diagnosis)];
        Self { verdict: verdict(diagnosis), measure: measure(diagnosis), remarks: remarks(diagnosis), tables }
    }
}

impl Told {
    /// A page shows the marks around names as they stand.
    fn without_marks(mut self) -> Self {
        for text in self.remarks.iter_mut().chain([&mut self.measure]) {
            text.retain(|letter| letter != '`');
        }
        self
    }
}

fn number_of(diagnosis: &Diagnosis, ranked: SampleMethod) -> u64 {
    diagnosis.perturbations.iter().filter(|own| own.standing() == ranked).count() as u64
}

fn verdict(diagnosis: &Diagnosis) -> String {
    let all = (diagnosis.perturbations.len() + diagnosis.unknown.len()) as u64;
    let lacking = diagnosis.batches.iter().filter(|batch| batch.lacks_controls()).count() as u64;
    let batches = counted_batches(diagnosis.batches.len());
    let enough = number_of(diagnosis, SampleMethod::Enough);
    let with_enough = format!("{} of {}", grouped(enough), counted(all, "perturbation"));
    let have = if enough == 1 { "has" } else { "have" };
    let without = match lacking {
        0 => format!("{batches}, none without controls"),
        1 => format!("1 of {batches} lacks controls"),
        lacking => format!("{} of {batches} lack controls", grouped(lacking)),
    };
    format!("{with_enough} {have} enough cells; {without}")
}

fn measure(diagnosis: &Diagnosis) -> String {
    let Diagnosis { batch_key, matrix, scale, total, genes, share, .. } = diagnosis;
    let brought = total.map_or_else(String::new, |total| format!(", brought to {} a cell", decimal(total, 1)));
    format!(
        "{} of {matrix} ({scale}{brought}); batches by `{batch_key}`. Change: mean over genes of the squared difference of \
         ln(1 + x) from the controls of the same batch, the noise taken off, perturbed genes left out. Enough: what the \
         number of cells and controls adds to the mean change over batches (sampling part) is at most {} of it, and so is \
         what batches add (batch part). Needs are totals over all batches of a perturbation.",
        counted(*genes as u64, "gene"),
        percent(*share),
    )
}

fn remarks(diagnosis: &Diagnosis) -> Vec<String> {
    let mut remarks = Vec::new();
    let of = |needs: fn(&CellNeeds) -> bool| {
        diagnosis.perturbations.iter().filter(move |own| own.needs.told && needs(&own.needs)).count() as u64
    };
    for (number, what) in [
        (of(|needs| needs.cells.is_some()), "more cells"),
        (
            of(|needs| needs.controls.is_some()),
            "more controls: theirs make up more than half of what the sampling part may be",
        ),
        (of(|needs| needs.batches.is_some()), "more batches, since the change differs from batch to batch"),
    ] {
        if number > 0 {
            remarks.push(format!("{} {} {what}", counted(number, "perturbation"), need(number)));
        }
    }
    let untold = number_of(diagnosis, SampleMethod::Untold);
    if untold > 0 {
        remarks.push(format!(
            "{} no change that is told apart from chance: the numbers for them are the least with which the largest change that \
             may hide there would be known",
            shows(untold)
        ));
    }
    let lacking = diagnosis.batches.iter().filter(|batch| batch.lacks_controls());
    let lost: usize = lacking.clone().map(|batch| batch.perturbed).sum();
    if lost > 0 {
        let names = lacking.map(|batch| format!("{} ({})", batch.name, counted(batch.controls as u64, "control")));
        remarks.push(format!(
            "{} in batches of `{}` with fewer than 2 controls {} compared with nothing: {}. Measure controls in these batches too \
             (at least 2, better as many as in the others), or name a coarser column with `--batch-key` if they were \
             handled together",
            counted(lost as u64, "perturbed cell"),
            diagnosis.batch_key,
            is(lost as u64),
            listed(names)
        ));
    }
    if diagnosis.batches.len() == 1 {
        let key = &diagnosis.batch_key;
        remarks.push(format!("`{key}` tells only one batch, so that nothing is known of what batches add"));
    }
    let lone = diagnosis.perturbations.iter().filter(|own| own.batches == 1);
    if diagnosis.batches.len() > 1 && lone.clone().count() > 0 {
        remarks.push(format!(
            "{} known in one batch only, so that its batch part is part of the change: {}",
            is_or_are(lone.clone().count() as u64),
            listed(lone.map(|own| own.name.clone()))
        ));
    }
    let nowhere = |own: &&UnknownChange| own.without_controls == own.cells;
    let lost = diagnosis.unknown.iter().filter(nowhere);
    let number = lost.clone().count() as u64;
    if number > 0 {
        let names = listed(lost.map(|own| own.name.clone()));
        remarks.push(format!("{} in batches without controls only: {names}", lies(number)));
    }
    let alone = diagnosis.unknown.iter().filter(|own| !nowhere(own));
    let number = alone.clone().count() as u64;
    if number > 0 {
        let names = listed(alone.map(|own| format!("{} ({})", own.name, counted(own.cells as u64, "cell"))));
        remarks.push(format!(
            "{} no two cells in any batch with controls, so that nothing tells how much they vary; measure more: {names}",
            if number == 1 { "1 perturbation has".to_owned() } else { format!("{} perturbations have", grouped(number)) }
        ));
    }
    if diagnosis.unnamed_cells > 0 {
        let cells = counted(diagnosis.unnamed_cells as u64, "cell");
        remarks
            .push(format!("{cells} without a perturbation or a batch {} left out", is(diagnosis.unnamed_cells as u64)));
    }
    remarks
}

fn need(number: u64) -> &'static str {
    if number == 1 { "needs" } else { "need" }
}

fn is(number: u64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

fn is_or_are(number: u64) -> String {
    format!("{} {}", counted(number, "perturbation"), is(number))
}

fn shows(number: u64) -> String {
    format!("{} {}", counted(number, "perturbation"), if number == 1 { "shows" } else { "show" })
}

fn lies(number: u64) -> String {
    format!("{} {}", counted(number, "perturbation"), if number == 1 { "lies" } else { "lie" })
}

/// The first names, and how many more.
fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<_> = names.collect();
    let mut text = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text += &format!(" and {} more", grouped((names.len() - NAMED) as u64));
    }
    text
}

/// Those without controls first, then those of which most perturbations ask for more.
fn batch_table(diagnosis: &Diagnosis, top: usize) -> Table {
    let mut batches: Vec<&DiagnosedBatch> = diagnosis.batches.iter().collect();
    batches.sort_by_key(|batch| (!batch.lacks_controls(), std::cmp::Reverse(batch.short_of_controls)));
    let row = |batch: &&DiagnosedBatch| {
        let counts = [batch.controls, batch.perturbed, batch.perturbations, batch.short_of_controls];
        let counts = counts.map(|count| grouped(count as u64));
        let remark = if batch.lacks_controls() { "lacks controls" } else { "" };
        [batch.name.clone()].into_iter().chain(counts).chain([remark.to_owned()]).collect()
    };
    Table {
        title: "Batches",
        heads: vec!["batch", "controls", "perturbed cells", "perturbations", "short of controls", ""],
        rows: batches.iter().take(top).map(row).collect(),
        more: (batches.len() > top).then(|| format!("… and {} more", counted_batches(batches.len() - top))),
        ends_in_words: true,
    }
}

fn counted_batches(number: usize) -> String {
    format!("{} batch{}", grouped(number as u64), if number == 1 { "" } else { "es" })
}

fn perturbation_table(diagnosis: &Diagnosis, top: usize) -> Table {
    let row = |own: &DiagnosedPerturbation| {
        let share = |part: f64| share_of(part, own.parts.change);
        let cells = if own.counted == own.cells {
            grouped(own.cells as u64)
        } else {
            format!("{} of {}", grouped(own.counted as u64), grouped(own.cells as u64))
        };
        vec![
            own.name.clone(),
            cells,
            own.batches.to_string(),
            grouped(own.controls as u64),
            significant(own.parts.change),
            share(own.parts.sampling()),
            share(own.parts.controls),
            own.parts.batch.map_or_else(|| "–".to_owned(), share),
            needs(own),
        ]
    };
    Table {
        title: "Perturbations, the worst first",
        heads: vec![
            "perturbation",
            "cells",
            "batches",
            "controls",
            "change",
            "sampling part",
            "of it controls",
            "batch part",
            "needs",
        ],
        rows: diagnosis.perturbations.iter().take(top).map(row).collect(),
        more: others(diagnosis, top),
        ends_in_words: true,
    }
}

/// How the perturbations stand that a table of `top` rows does not show.
fn others(diagnosis: &Diagnosis, top: usize) -> Option<String> {
    let hidden = diagnosis.perturbations.get(top..).filter(|hidden| !hidden.is_empty())?;
    let told = [
        (SampleMethod::Short, "short of something"),
        (SampleMethod::Untold, "with no change told"),
        (SampleMethod::Enough, "with enough"),
    ]
    .map(|(ranked, words)| (hidden.iter().filter(|own| own.standing() == ranked).count(), words));
    let told = told.iter().filter(|(number, _)| *number > 0).map(|(number, words)| format!("{number} {words}"));
    Some(format!(
        "… and {} more: {}",
        counted(hidden.len() as u64, "perturbation"),
        told.collect::<Vec<_>>().join(", ")
    ))
}

/// A part as a share of the change; a dash where there is no change.
fn share_of(part: f64, change: f64) -> String {
    match part / change {
        share if share >= 10.0 && share.is_finite() => format!("{} ×", decimal(share, 0)),
        share => percent(share),
    }
}

/// Three significant digits of a small number.
fn significant(number: f64) -> String {
    let places = if number > 0.0 && number < 1.0 { 2 - number.log10().floor() as i32 } else { 2 };
    decimal(number, usize::try_from(places).unwrap_or(2).min(12))
}

fn needs(own: &DiagnosedPerturbation) -> String {
    let CellNeeds { cells, controls, batches, .. } = own.needs;
    let needed = [(cells, "cell"), (controls, "control")]
        .into_iter()
        .filter_map(|(number, noun)| Some(counted(number?, noun)))
        .chain(batches.map(|number| counted_batches(usize::try_from(number).unwrap_or(usize::MAX))));
    let needed = needed.collect::<Vec<_>>().join(", ");
    match (own.needs.told, needed.is_empty()) {
        (true, true) => "enough".to_owned(),
        (true, false) => needed,
        (false, true) => "no change told".to_owned(),
        (false, false) => format!("no change told; at least {needed}"),
    }
}

/// Means over the perturbations of the errors of each system.
fn prediction_table(diagnosis: &Diagnosis) -> Table {
    let mut by_label: BTreeMap<&str, (u64, [f64; 5])> = BTreeMap::new();
    for prediction in diagnosis.perturbations.iter().flat_map(|own| &own.predictions) {
        let (number, sums) = by_label.entry(&prediction.label).or_default();
        let parts = prediction.parts;
        let own = [parts.total, parts.model, parts.batch.unwrap_or(0.0), parts.sampling, prediction.of_no_change];
        *number += 1;
        sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
    }
    let row = |(label, (number, sums)): (&str, (u64, [f64; 5]))| {
        let means = sums.map(|sum| significant(sum / number as f64));
        [label.to_owned(), grouped(number)].into_iter().chain(means).collect()
    };
    Table {
        title: "Predictions: mean squared error of the mean change, and its parts",
        heads: vec!["prediction", "perturbations", "error", "model part", "batch part", "sampling part", "no change"],
        rows: by_label.into_iter().map(row).collect(),
        more: None,
        ends_in_words: false,
    }
}

/// The sampling part of each perturbation as a share of its change, on a logarithmic axis.
#[derive(Serialize)]
struct Plot {
    width: f64,
    height: f64,
    bottom: f64,
    allowed: f64,
    ticks: Vec<Tick>,
    marks: Vec<Mark>,
    hidden: usize,
    description: String,
}

#[derive(Serialize)]
struct Mark {
    label: String,
    value: String,
    x: f64,
    y: f64,
    series: &'static str,
}

const WIDTH: f64 = 620.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 540.0;
const TOP: f64 = 8.0;
const STEP: f64 = 18.0;
const LONGEST_NAME: usize = 22;
/// Shares at the ends of the axis; what lies beyond stands there.
const ENDS: [f64; 2] = [1e-3, 10.0];

impl Plot {
    fn of(diagnosis: &Diagnosis) -> Self {
        let shown = &diagnosis.perturbations[..diagnosis.perturbations.len().min(MOST_ROWS)];
        let share = |own: &DiagnosedPerturbation| own.parts.sampling_share().unwrap_or(f64::INFINITY);
        let value = |own: &DiagnosedPerturbation| share_of(own.parts.sampling(), own.parts.change);
        let mark = |(place, own): (usize, &DiagnosedPerturbation)| Mark {
            label: cut(&own.name),
            value: value(own),
            x: place_of(share(own)),
            y: TOP + STEP * (place as f64 + 0.5),
            series: if own.needs.told { "refined" } else { "original" },
        };
        let bottom = TOP + STEP * shown.len() as f64;
        let tick = |share: f64| Tick { at: place_of(share), label: format!("{} %", decimal(100.0 * share, 1)) };
        let told: Vec<_> = shown.iter().map(|own| format!("{} {}", own.name, value(own))).collect();
        Self {
            width: WIDTH,
            height: bottom + 30.0,
            bottom,
            allowed: place_of(diagnosis.share),
            ticks: [1e-3, 1e-2, 0.1, 1.0, 10.0].map(tick).into(),
            marks: shown.iter().enumerate().map(mark).collect(),
            hidden: diagnosis.perturbations.len() - shown.len(),
            description: format!("Sampling part as a share of the change: {}.", told.join(", ")),
        }
    }
}

fn place_of(share: f64) -> f64 {
    let along = (share.clamp(ENDS[0], ENDS[1]) / ENDS[0]).log10() / (ENDS[1] / ENDS[0]).log10();
    ((LEFT + along * (RIGHT - LEFT)) * 100.0).round() / 100.0
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}
