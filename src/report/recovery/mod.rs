//! What is told of a recovery test: a long table for programs, a short one for readers, curves over the level.
//!
//! Start at [`RecoveryReport`].

mod plot;
mod real;
mod rows;
mod summary;

use std::io::Write;

use serde::Serialize;

use super::tables::MarkdownTable;
use super::wording::{counted, decimal, grouped, score};
use super::{InputFile, ReportError, json};
use crate::recovery::{BenchmarkConfig, Grid, RecoveryRow};
pub use real::RealRecoveryReport;
use summary::{Figure, Group};

/// Everything that is told of a recovery test.
#[derive(Clone, Debug, Serialize)]
pub struct RecoveryReport<'a> {
    /// Version of this program.
    pub tool_version: &'a str,
    /// Where the true network comes from, in words.
    pub network: String,
    /// The files that were read.
    pub inputs: Vec<InputFile>,
    /// What was crossed with what.
    pub grid: Grid,
    /// What all rows share.
    pub config: BenchmarkConfig,
    /// False if the work was stopped before the last row.
    pub finished: bool,
    /// One row for each method on each trial.
    pub rows: &'a [RecoveryRow],
}

impl RecoveryReport<'_> {
    /// Writes `recover.csv`: a header, and one line for each row with all figures. What is not known is empty.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_csv(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        rows::write(self.rows, out)
    }

    /// Writes `recover.json`: configuration, hashes of the inputs, and all figures.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        json::write(self, out)
    }

    /// Writes `recover.svg`: edge and closure F1 over the level, a curve a method, a band from the lowest to the highest
    /// seed.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_svg(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        out.write_all(plot::svg(&summary::groups(self.rows))?.as_bytes())?;
        Ok(())
    }

    /// Writes the short table in Markdown: means over the seeds, with the lowest and the highest where they differ.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_markdown(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        let seeds = counted(self.grid.seeds.len() as u64, "seed");
        let data = self.config.data.word();
        writeln!(out, "Recovery of {}: {data} data, depth {}, {seeds}.", self.network, self.config.depth)?;
        if !self.finished {
            writeln!(out, "\n**Stopped before the end; rows are missing.**")?;
        }
        let groups = summary::groups(self.rows);
        for same in groups.chunk_by(|a, b| a.title() == b.title()) {
            writeln!(out, "\n**{}**\n\n{}", same[0].title(), table(same))?;
        }
        writeln!(
            out,
            "\nEdge F1: regulations with their sign; edge macro: mean F1 of absence, activation and inhibition; closure: \
             macro-F1 of down, unchanged and up over every deletion and every other gene; precision: revisions that are \
             right; recall: faults repaired; of visible: of those that any measured entry of a \
             screen depends on. Means over the seeds (lowest–highest)."
        )?;
        Ok(())
    }
}

const HEADS: [&str; 13] = [
    "level",
    "method",
    "edge F1",
    "edge macro",
    "closure",
    "down",
    "revisions",
    "precision",
    "recall",
    "of visible",
    "q≤.1 false",
    "seconds",
    "MB",
];

fn table(groups: &[Group]) -> String {
    let mut table = MarkdownTable::new(2, &HEADS);
    for group in groups {
        let level = decimal(group.level, 3);
        let method = group.method.word().to_owned();
        if let Some(reason) = &group.not_run {
            let mut cells: [String; HEADS.len()] = std::array::from_fn(|_| "–".to_owned());
            (cells[0], cells[1]) = (level, format!("{method} ({reason})"));
            table.push(cells);
            continue;
        }
        let ranged = |figure: Option<Figure>| figure.map_or_else(|| "–".to_owned(), with_range);
        let mean = |figure: Option<Figure>, write: fn(f64) -> String| {
            figure.map_or_else(|| "–".to_owned(), |figure| write(figure.mean))
        };
        table.push([
            level,
            method,
            ranged(group.edge_f1),
            ranged(group.edge_macro_f1),
            ranged(group.closure_macro_f1),
            ranged(group.closure_down_f1),
            mean(group.revisions, |count| grouped(count.round() as u64)),
            mean(group.precision, score),
            mean(group.recall, score),
            mean(group.visible_recall, score),
            mean(group.calibrated_false_share, score),
            mean(group.seconds, |seconds| decimal(seconds, 1)),
            mean(group.peak_memory_bytes, |bytes| grouped((bytes / 1e6).round() as u64)),
        ]);
    }
    table.text()
}

fn with_range(figure: Figure) -> String {
    let (mean, low, high) = (score(figure.mean), score(figure.lowest), score(figure.highest));
    if low == high { mean } else { format!("{mean} ({low}–{high})") }
}

#[cfg(test)]
mod tests;
