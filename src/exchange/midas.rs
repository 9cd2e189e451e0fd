//! MIDAS: the experiments of CellNOpt, as a table of responses.
//!
//! A row is one measurement under some treatments: `TR:EGF:Stimuli`, `TR:PI3K:Inhibitors` (1 where applied), `DA:ALL` or `DA:signal` the time,
//! `DV:signal` the value. A stimulus is read as an overexpression (`EGF+`), an inhibitor as a knock-down (`PI3K-`). What a signal does
//! is its value less that of the control:
//! ```text
//! change = (value − control) / range
//! ```
//! where the control is the mean of the rows of the same cell line without treatment at the same time, or, if there is none, of the rows
//! under the same treatment at the earliest time; the range is 1 for a signal within `[0, 1]`, else its largest value less its
//! smallest. A change of less than 0.1 is none.
//!
//! # Reference
//! Saez-Rodriguez et al. 2008, *Bioinformatics* 24:840, doi:10.1093/bioinformatics/btn018.

use std::collections::{BTreeMap, BTreeSet};

use super::{ExchangeError, Losses, Lost, Part, at_line, shown, text};

/// Least change that is a response.
const LEAST_CHANGE: f64 = 0.1;

/// The responses of one MIDAS file.
#[derive(Clone, Debug)]
pub struct MidasResponses {
    /// One for each treatment, time and signal, sorted.
    rows: Vec<Row>,
    /// Measurements that made no response.
    pub losses: Losses,
    /// What was taken for what, a sentence each.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Row {
    perturbation: String,
    gene: String,
    contrast: String,
    change: f64,
}

impl MidasResponses {
    /// Number of responses.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table: `perturbation,gene,contrast,change,response`, the response −1, 0 or 1.
    ///
    /// # Errors
    /// [`ExchangeError::File`] if it cannot be written.
    pub fn to_csv(&self) -> Result<Vec<u8>, ExchangeError> {
        let unwritable = |problem: String| ExchangeError::File { file: "the table of responses".to_owned(), problem };
        let mut table = csv::Writer::from_writer(Vec::new());
        let header = ["perturbation", "gene", "contrast", "change", "response"];
        table.write_record(header).map_err(|error| unwritable(error.to_string()))?;
        for row in &self.rows {
            let response = if row.change.abs() < LEAST_CHANGE { 0 } else { row.change.signum() as i8 };
            let (change, response) = (row.change.to_string(), response.to_string());
            let fields = [&row.perturbation, &row.gene, &row.contrast, &change, &response];
            table.write_record(fields).map_err(|error| unwritable(error.to_string()))?;
        }
        table.into_inner().map_err(|error| unwritable(error.to_string()))
    }
}

/// True for a table whose first line names treatments and values as MIDAS does.
#[must_use]
pub fn is_midas(content: &[u8]) -> bool {
    let first = content.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first).to_ascii_uppercase();
    let has = |start: &str| first.split([',', ';', '\t']).any(|name| name.trim().trim_matches('"').starts_with(start));
    has("TR:") && has("DV:")
}

/// What a column of treatments means.
#[derive(Clone, Debug)]
enum Treatment {
    Stimulus(String),
    Inhibitor(String),
    CellLine(String),
}

#[derive(Default)]
struct Columns {
    treatments: Vec<(usize, Treatment)>,
    /// Time for all signals.
    all: Option<usize>,
    times: BTreeMap<String, usize>,
    values: Vec<(usize, String)>,
}

impl Columns {
    fn of(part: Part<'_>, header: &csv::StringRecord) -> Result<Self, ExchangeError> {
        let mut columns = Self::default();
        for (at, name) in header.iter().enumerate() {
            let parts: Vec<&str> = name.trim().split(':').map(str::trim).collect();
            match parts.as_slice() {
                [kind, "" | "NOCYTO" | "NOINHIB" | "NOLIG", ..] if kind.eq_ignore_ascii_case("TR") => {}
                [kind, name, rest @ ..] if kind.eq_ignore_ascii_case("TR") => {
                    if name.contains([',', '+']) {
                        let problem =
                            format!("a treatment called `{}` cannot be told apart from a combination", shown(name));
                        return Err(at_line(part, 1, problem));
                    }
                    columns.treatments.push((at, treatment(name, rest.first().copied())));
                }
                [kind, all] if kind.eq_ignore_ascii_case("DA") && all.eq_ignore_ascii_case("ALL") => {
                    columns.all = Some(at)
                }
                [kind, name, ..] if kind.eq_ignore_ascii_case("DA") => {
                    columns.times.insert((*name).to_owned(), at);
                }
                [kind, name, ..] if kind.eq_ignore_ascii_case("DV") => columns.values.push((at, (*name).to_owned())),
                _ => {}
            }
        }
        if columns.treatments.is_empty() || columns.values.is_empty() {
            let problem =
                "MIDAS needs columns of treatments (`TR:EGF:Stimuli`) and of values (`DV:AKT`) in its first line";
            return Err(at_line(part, 1, problem));
        }
        Ok(columns)
    }
}

fn treatment(name: &str, kind: Option<&str>) -> Treatment {
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("cell") {
        return Treatment::CellLine(name.to_owned());
    }
    let older_inhibitor = kind.is_empty() && name.len() > 1 && name.ends_with('i');
    match (kind.starts_with("inhib"), older_inhibitor) {
        (true, _) => Treatment::Inhibitor(name.to_owned()),
        (_, true) => Treatment::Inhibitor(name[..name.len() - 1].to_owned()),
        _ => Treatment::Stimulus(name.to_owned()),
    }
}

/// Cell line and treatments of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Condition {
    line: String,
    treatments: BTreeSet<String>,
}

/// A time, in order of its size.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Time(f64);

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Sum and number of replicates.
type Measured = BTreeMap<(Condition, Time), (f64, u32)>;

/// Reads a MIDAS table.
///
/// # Errors
/// [`ExchangeError::Line`] for a table without the columns of MIDAS, a row of another width, or a treatment or time that is not a number.
pub fn read_midas(part: Part<'_>) -> Result<MidasResponses, ExchangeError> {
    let content = text(part)?;
    let first = content.lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t'].into_iter().find(|mark| first.as_bytes().contains(mark)).unwrap_or(b',');
    let mut table = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(content.as_bytes());
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        at_line(part, usize::try_from(line).unwrap_or(usize::MAX), format!("this is not a sound table ({error})"))
    };
    let columns = Columns::of(part, table.headers().map_err(broken)?)?;
    let mut losses = Losses::default();
    let mut measured: BTreeMap<&str, Measured> = BTreeMap::new();
    for record in table.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(usize::MAX));
        let condition = condition(part, line, &columns, &record)?;
        for (at, signal) in &columns.values {
            let Some(value) = number(&record[*at]) else {
                losses.add(Lost::Missing, 1);
                continue;
            };
            let time = columns.times.get(signal).copied().or(columns.all);
            let time = match time.map(|at| record[at].trim()) {
                None | Some("") => 0.0,
                Some(text) => number(text).ok_or_else(|| not_a_number(part, line, "time", text))?,
            };
            let entry = measured.entry(signal).or_default().entry((condition.clone(), Time(time))).or_default();
            *entry = (entry.0 + value, entry.1 + 1);
        }
    }
    let mut rows = Vec::new();
    let mut scaled = Vec::new();
    for (signal, measured) in &measured {
        let range = range(measured);
        if range != 1.0 {
            scaled.push(*signal);
        }
        responses(signal, measured, range, &mut rows, &mut losses);
    }
    rows.sort_by(|a, b| (&a.perturbation, &a.contrast, &a.gene).cmp(&(&b.perturbation, &b.contrast, &b.gene)));
    Ok(MidasResponses { rows, losses, notes: notes(&scaled) })
}

fn notes(scaled: &[&str]) -> Vec<String> {
    let mut notes = vec![format!(
        "stimuli are read as overexpression (+), inhibitors as knock-down (-), a change of less than {LEAST_CHANGE} as none"
    )];
    if !scaled.is_empty() {
        notes.push(format!("values outside of 0 to 1 were divided by their range: {}", shown(&scaled.join(", "))));
    }
    notes
}

fn condition(
    part: Part<'_>,
    line: usize,
    columns: &Columns,
    record: &csv::StringRecord,
) -> Result<Condition, ExchangeError> {
    let mut condition = Condition::default();
    for (at, treatment) in &columns.treatments {
        let text = record[*at].trim();
        let is_applied = match text {
            "" | "NA" | "NaN" => false,
            text => number(text).ok_or_else(|| not_a_number(part, line, "treatment", text))? != 0.0,
        };
        match treatment {
            _ if !is_applied => {}
            Treatment::Stimulus(name) => drop(condition.treatments.insert(format!("{name}+"))),
            Treatment::Inhibitor(name) => drop(condition.treatments.insert(format!("{name}-"))),
            Treatment::CellLine(name) => condition.line.clone_from(name),
        }
    }
    Ok(condition)
}

fn not_a_number(part: Part<'_>, line: usize, what: &str, text: &str) -> ExchangeError {
    at_line(part, line, format!("the {what} `{}` is not a number", shown(text)))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

fn mean(&(sum, count): &(f64, u32)) -> f64 {
    sum / f64::from(count)
}

fn range(measured: &Measured) -> f64 {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in measured.values().map(mean) {
        (least, most) = (least.min(value), most.max(value));
    }
    let is_normal = least >= 0.0 && most <= 1.0;
    if is_normal || most <= least { 1.0 } else { most - least }
}

fn responses(signal: &str, measured: &Measured, range: f64, rows: &mut Vec<Row>, losses: &mut Losses) {
    let earliest = measured.keys().map(|(_, time)| *time).min();
    for ((condition, time), value) in measured.iter().filter(|((condition, _), _)| !condition.treatments.is_empty()) {
        let untreated = Condition { line: condition.line.clone(), treatments: BTreeSet::new() };
        let at_first = || Some((condition.clone(), earliest.filter(|earliest| earliest != time)?));
        let control = measured.get(&(untreated, *time)).or_else(|| measured.get(&at_first()?));
        let Some(control) = control else {
            losses.add(Lost::Uncontrolled, 1);
            continue;
        };
        let treatments: Vec<&str> = condition.treatments.iter().map(String::as_str).collect();
        let line = if condition.line.is_empty() { String::new() } else { format!("{} ", condition.line) };
        let perturbation = treatments.join(",");
        rows.push(Row {
            contrast: format!("{line}{perturbation} at {}", time.0),
            perturbation,
            gene: signal.to_owned(),
            change: (mean(value) - mean(control)) / range,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv_of(content: &str) -> (String, MidasResponses) {
        let read = read_midas(Part { name: "m.csv", content: content.as_bytes() }).expect("MIDAS");
        (String::from_utf8(read.to_csv().expect("room")).expect("text"), read)
    }

    #[test]
    fn egf_raises_akt_unless_pi3k_is_inhibited() {
        let content = "TR:EGF:Stimuli,TR:PI3K:Inhibitors,DA:ALL,DV:AKT,DV:ERK\n\
            0,0,10,0.1,0\n1,0,10,0.9,0.75\n1,1,10,0.1,NaN\n";
        let (csv, read) = csv_of(content);
        assert_eq!(
            csv,
            "perturbation,gene,contrast,change,response\n\
             EGF+,AKT,EGF+ at 10,0.8,1\nEGF+,ERK,EGF+ at 10,0.75,1\n\"EGF+,PI3K-\",AKT,\"EGF+,PI3K- at 10\",0,0\n"
        );
        assert_eq!(read.losses.count(&Lost::Missing), 1);
    }

    #[test]
    fn without_an_untreated_row_the_earliest_time_is_the_control_and_raw_values_are_scaled() {
        let (csv, read) = csv_of("TR:TNFa,TR:MEKi,DA:ALL,DV:p38\n1,0,0,100\n1,0,30,300\n0,1,30,200\n");
        assert!(csv.contains("TNFa+,p38,TNFa+ at 30,1,1\n"), "{csv}");
        assert_eq!(read.losses.count(&Lost::Uncontrolled), 2, "the first time itself, and MEK- without control");
        assert_eq!(read.notes.len(), 2);
    }

    #[test]
    fn what_is_no_midas_is_told_with_its_line() {
        let told = |content: &str| {
            read_midas(Part { name: "m.csv", content: content.as_bytes() }).expect_err(content).to_string()
        };
        assert!(told("a,b\n1,2\n").starts_with("m.csv:1: MIDAS needs columns of treatments"));
        assert_eq!(told("TR:a:Stimuli,DV:b\nx,1\n"), "m.csv:2: the treatment `x` is not a number");
        assert!(told("TR:a:Stimuli,DV:b\n1\n").starts_with("m.csv:2: this is not a sound table"));
    }
}
