//! Tables: the tab-separated one of all revisions, and aligned Markdown ones.

use std::io::Write;

use serde::Serialize;

use super::ReportError;
use super::summary::ListedRevision;
use super::wording::Names;
use crate::biology::{GeneTable, Regulation, Revision, RevisionStatus, Sign, StatementKind};
use crate::evidence::Judged;

/// One line of `revisions.tsv`; the field names are the column names.
#[derive(Serialize)]
struct RevisionLine<'a> {
    kind: &'static str,
    status: RevisionStatus,
    regulator: &'a str,
    target: &'a str,
    sign_before: Option<&'static str>,
    sign_after: Option<&'static str>,
    corrected: usize,
    introduced: usize,
    predicted: Option<f64>,
    objective_decrease: Option<f64>,
    stability: Option<f64>,
    q_value: Option<f64>,
    statement: StatementKind,
    posterior: Option<f64>,
    log_likelihood_ratio: Option<f64>,
    agreeing: Option<u32>,
    opposing: Option<u32>,
    silent: Option<u32>,
    examples: String,
    alternatives: String,
    reason: &'a str,
}

const COLUMNS: [&str; 21] = [
    "kind",
    "status",
    "regulator",
    "target",
    "sign_before",
    "sign_after",
    "corrected",
    "introduced",
    "predicted",
    "objective_decrease",
    "stability",
    "q_value",
    "statement",
    "posterior",
    "log_likelihood_ratio",
    "agreeing",
    "opposing",
    "silent",
    "examples",
    "alternatives",
    "reason",
];

/// Writes what the experiments say of each known regulation, one a row.
pub(super) fn write_verdicts(judged: &[Judged], genes: &GeneTable, out: &mut dyn Write) -> Result<(), ReportError> {
    let columns = "regulator\ttarget\tsign\tverdict\tagreeing\topposing\tsilent\tlog_likelihood_ratio\tholds\tother_sign\tneither";
    writeln!(out, "{columns}")?;
    for judged in judged {
        let Regulation { regulator, target, sign } = judged.regulation;
        let [holds, other_sign, neither] = judged.posterior;
        writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{:.4}\t{holds:.4}\t{other_sign:.4}\t{neither:.4}",
            genes.symbol(regulator),
            genes.symbol(target),
            sign.word(),
            judged.verdict.word(),
            judged.experiments.agreeing,
            judged.experiments.opposing,
            judged.experiments.silent,
            judged.log_likelihood_ratio,
        )?;
    }
    Ok(())
}

pub(super) fn write_revisions(
    revisions: &[Revision],
    names: Names<'_>,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    // The header is written by hand, so that a table without revisions still has one.
    let mut table = csv::WriterBuilder::new().delimiter(b'\t').has_headers(false).from_writer(out);
    table.write_record(COLUMNS)?;
    for revision in revisions {
        let listed = ListedRevision::of(revision, names);
        table.serialize(RevisionLine {
            kind: listed.kind,
            status: listed.status,
            regulator: &listed.regulator,
            target: &listed.target,
            sign_before: listed.sign_before.map(Sign::word),
            sign_after: listed.sign_after.map(Sign::word),
            corrected: listed.corrected,
            introduced: listed.introduced,
            predicted: listed.predicted.map(rounded),
            objective_decrease: listed.objective_decrease.map(rounded),
            stability: listed.stability.map(rounded),
            q_value: listed.q_value.map(rounded),
            statement: listed.statement,
            posterior: listed.posterior.map(rounded),
            log_likelihood_ratio: listed.log_likelihood_ratio.map(rounded),
            agreeing: listed.agreeing,
            opposing: listed.opposing,
            silent: listed.silent,
            examples: listed.examples.join("; "),
            alternatives: listed.alternatives.join("; "),
            reason: &listed.reason,
        })?;
    }
    table.flush()?;
    Ok(())
}

/// Six decimals: more would be noise in a table for reading.
fn rounded(number: f64) -> f64 {
    let scaled = (number * 1e6).round() / 1e6;
    if scaled.is_finite() { scaled } else { number }
}

/// A Markdown table whose columns also line up in a terminal; all columns but the first are numbers, set flush right.
pub(super) struct MarkdownTable {
    rows: Vec<Vec<String>>,
    left: usize,
}

impl MarkdownTable {
    /// A table with these column heads, of which the first `left` are set flush left.
    pub fn new(left: usize, heads: &[&str]) -> Self {
        Self { rows: vec![heads.iter().map(|&head| head.to_owned()).collect()], left }
    }

    pub fn push<const N: usize>(&mut self, cells: [String; N]) {
        self.push_row(&cells);
    }

    pub fn push_row(&mut self, cells: &[String]) {
        self.rows.push(cells.iter().map(|cell| escaped(cell)).collect());
    }

    pub fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
                .max(3)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        for (index, row) in self.rows.iter().enumerate() {
            let cells =
                row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| self.padded(column, cell, width));
            lines.push(format!("| {} |", cells.collect::<Vec<_>>().join(" | ")));
            if index == 0 {
                lines.push(format!("|{}|", self.rule(&widths).join("|")));
            }
        }
        lines.join("\n")
    }

    fn padded(&self, column: usize, cell: &str, width: usize) -> String {
        let space = " ".repeat(width.saturating_sub(cell.chars().count()));
        if column < self.left { format!("{cell}{space}") } else { format!("{space}{cell}") }
    }

    fn rule(&self, widths: &[usize]) -> Vec<String> {
        let dash = |(column, &width): (usize, &usize)| {
            if column < self.left { "-".repeat(width + 2) } else { format!("{}:", "-".repeat(width + 1)) }
        };
        widths.iter().enumerate().map(dash).collect()
    }
}

/// Text that Markdown shows as it is, on one line.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '`' | '*' | '[' | ']' | '<' | '>' => safe.extend(['\\', character]),
            '\n' | '\r' | '\t' => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn lines(sample: &samples::Sample) -> Vec<csv::StringRecord> {
        let mut bytes = Vec::new();
        sample.report().write_revisions_tsv(&mut bytes).expect("a vector takes all bytes");
        let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').from_reader(bytes.as_slice());
        assert_eq!(reader.headers().expect("a header"), &csv::StringRecord::from(COLUMNS.to_vec()));
        reader.records().collect::<Result<_, _>>().expect("every line has all columns")
    }

    #[test]
    fn the_table_has_one_line_per_revision() {
        for sample in samples::all() {
            assert_eq!(lines(&sample).len(), sample.outcome.revisions.len(), "{}", sample.name);
        }
    }

    #[test]
    fn signs_before_and_after_tell_the_kind() {
        for line in lines(&samples::usual()) {
            let expected = match &line[0] {
                "added" => (true, false),
                "removed" => (false, true),
                "flipped" => (false, false),
                other => panic!("no such kind: {other}"),
            };
            assert_eq!((line[4].is_empty(), line[5].is_empty()), expected);
            assert_ne!(&line[4], &line[5]);
        }
    }

    #[test]
    fn a_gene_name_with_tab_and_quote_stays_in_its_column() {
        let lines = lines(&samples::hostile());
        assert!(lines.iter().any(|line| line[3].contains('\t') && line[3].contains('"')), "{lines:?}");
    }

    #[test]
    fn a_missing_figure_is_an_empty_field() {
        let line = &lines(&samples::unfinite())[0];
        assert_eq!((&line[9], &line[10], &line[11]), ("", "", ""));
    }

    #[test]
    fn an_effect_has_its_posterior_and_its_experiments_in_columns_of_their_own() {
        let lines = lines(&samples::effects());
        let told: Vec<_> =
            lines.iter().map(|line| [&line[12], &line[13], &line[14], &line[15], &line[16], &line[17]]).collect();
        assert_eq!(told[0], ["effect", "0.9", "4.5", "3", "0", "1"]);
        assert_eq!(told[2], ["regulation", "0.6", "", "", "", ""]);
        assert_eq!(told[3], ["regulation", "", "", "", "", ""]);
    }

    #[test]
    fn a_markdown_table_lines_up_and_shows_bars_as_text() {
        let mut table = MarkdownTable::new(1, &["gene", "n"]);
        table.push(["a|b".to_owned(), "1,000".to_owned()]);
        assert_eq!(table.text(), "| gene |     n |\n|------|------:|\n| a\\|b | 1,000 |");
    }
}
