//! What is told of a comparison of predictors: a page and Markdown for readers, a long CSV, JSON for programs.
//!
//! Start at [`ComparisonReport`].

mod forest;
mod lines;
mod reliability;

use std::io::Write;

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::tables::MarkdownTable;
use super::templates::render;
use super::wording::{counted, decimal, difference, score, with_interval};
use super::{InputFile, ReportError, json};
use crate::evaluation::{Audit, Cell, RankedMethod, Ranking};

/// Everything that a comparison tells, and where it came from.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonReport<'a> {
    /// Version of this program.
    pub tool_version: &'a str,
    /// The files that were read.
    pub inputs: Vec<InputFile>,
    /// Remarks in sentences: names that matched no gene, rows left out.
    pub notes: Vec<String>,
    /// What held-out experiments share with those learnt from, for each way of splitting.
    pub audits: &'a [Audit],
    /// The tables.
    pub rankings: &'a [Ranking],
    /// False if the work was stopped before the last cell.
    pub finished: bool,
    /// What every method predicted of every fold.
    #[serde(skip)]
    pub cells: &'a [Cell],
    /// The effective configuration, as TOML.
    pub config_toml: &'a str,
}

impl ComparisonReport<'_> {
    /// Writes `evaluation.csv`: one line for each method, way of splitting, seed, fold and sort of experiment; lines
    /// over all seeds and folds have these empty.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_csv(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        lines::write(self.rankings, self.cells, out)
    }

    /// Writes `evaluation.json`: all figures, unrounded.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        json::write(self, out)
    }

    /// Writes tables to be read in a terminal or on a code-hosting page.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_markdown(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        if !self.finished {
            writeln!(out, "**Stopped before the end; folds are missing.**\n")?;
        }
        for rankings in self.rankings {
            writeln!(out, "### {}\n\n{}\n", heading(rankings), table(rankings))?;
            writeln!(out, "{}\n", remarks(rankings))?;
            writeln!(out, "{}\n", effect_table(rankings))?;
        }
        writeln!(out, "### Does it leak?\n")?;
        for audit in self.audits {
            writeln!(out, "* {}", audited(audit))?;
        }
        Ok(())
    }

    /// Writes `evaluation.html`: one page that needs no other file.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_html(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        let sections: Vec<_> = self.rankings.iter().map(section).collect();
        let page = render(
            "comparison.html",
            context! {
                tool_version => self.tool_version,
                finished => self.finished,
                sections => Value::from(Serde(sections)),
                audits => self.audits.iter().map(audited).collect::<Vec<_>>(),
                notes => &self.notes,
                inputs => Value::from(Serde(&self.inputs)),
                config => self.config_toml,
            },
        )?;
        out.write_all(page.as_bytes())?;
        Ok(())
    }
}

/// One table of the page with its plot.
#[derive(Serialize)]
struct Section {
    heading: String,
    heads: [&'static str; HEADS.len()],
    rows: Vec<[String; HEADS.len()]>,
    remarks: String,
    forest: forest::Forest,
    effect_heads: [&'static str; EFFECT_HEADS.len()],
    effect_rows: Vec<[String; EFFECT_HEADS.len()]>,
    reliability: Vec<reliability::Panel>,
}

fn section(rankings: &Ranking) -> Section {
    Section {
        heading: heading(rankings),
        heads: HEADS,
        rows: rankings.rows.iter().map(cells).collect(),
        remarks: remarks(rankings),
        forest: forest::forest(rankings),
        effect_heads: EFFECT_HEADS,
        effect_rows: rankings.rows.iter().map(effect_cells).collect(),
        reliability: rankings.rows.iter().filter_map(reliability::panel).collect(),
    }
}

fn heading(rankings: &Ranking) -> String {
    let experiments = counted(rankings.experiments as u64, "held-out experiment");
    let seeds = counted(rankings.seeds as u64, "seed");
    let (scheme, sort) = (&rankings.scheme, rankings.novelty.words());
    format!("{scheme}, {sort}: {experiments} over {seeds}, {} different sets of perturbed genes", rankings.gene_sets)
}

const HEADS: [&str; 13] = [
    "predictor",
    "macro-F1",
    "down",
    "unchanged",
    "up",
    "less reference",
    "original KB",
    "refined KB",
    "balanced, original",
    "balanced, refined",
    "ECE",
    "revisions",
    "seconds",
];

fn table(rankings: &Ranking) -> String {
    let mut table = MarkdownTable::new(1, &HEADS);
    rankings.rows.iter().for_each(|row| table.push(cells(row)));
    table.text()
}

fn cells(row: &RankedMethod) -> [String; HEADS.len()] {
    let class = |class: usize| score(row.data.per_class[class].f1);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    [
        row.method.to_string(),
        with_interval(row.data.macro_f1, row.interval),
        class(0),
        class(1),
        class(2),
        or_dash(row.less_reference.map(|less| difference(less.data))),
        score(row.knowledge_original),
        or_dash(row.knowledge_refined.map(score)),
        score(row.balanced_original),
        or_dash(row.balanced_refined.map(score)),
        or_dash(row.ece.map(score)),
        decimal(row.revisions, 1),
        decimal(row.seconds, 2),
    ]
}

/// Scores of changes, as the `cell-eval` package names them.
const EFFECT_HEADS: [&str; 10] = [
    "predictor",
    "pearson_delta",
    "mse_delta",
    "l2_delta",
    "discrimination_score_l1",
    "de_direction_match",
    "de_sig_genes_recall",
    "de_spearman_lfc_sig",
    "overlap_at_N",
    "precision_at_N",
];

fn effect_table(rankings: &Ranking) -> String {
    let mut table = MarkdownTable::new(1, &EFFECT_HEADS);
    rankings.rows.iter().for_each(|row| table.push(effect_cells(row)));
    table.text()
}

fn effect_cells(row: &RankedMethod) -> [String; EFFECT_HEADS.len()] {
    let of = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), score);
    let effects = &row.effects;
    [
        row.method.to_string(),
        of(effects.pearson_delta),
        of(effects.mse_delta),
        effects.l2_delta.map_or_else(|| "–".to_owned(), |length| decimal(length, 2)),
        of(effects.discrimination_score_l1),
        of(effects.de_direction_match),
        of(effects.de_sig_genes_recall),
        of(effects.de_spearman_lfc_sig),
        of(effects.overlap_at_n),
        of(effects.precision_at_n),
    ]
}

fn remarks(rankings: &Ranking) -> String {
    let mut told = Vec::new();
    if let Some(reference) = &rankings.reference {
        told.push(format!(
            "The reference is {reference}; differences are on the same draws of sets of perturbed genes."
        ));
    }
    if let Some(floor) = rankings.floor {
        let below: Vec<_> = rankings
            .rows
            .iter()
            .filter(|row| !row.method.is_blind() && row.data.macro_f1 <= floor)
            .map(|row| row.method.to_string())
            .collect();
        let floor = score(floor);
        told.push(match below.as_slice() {
            [] => format!("Who knows nothing of the perturbation reaches {floor}: the floor. All others exceed it."),
            below => format!(
                "Who knows nothing of the perturbation reaches {floor}: the floor. Not above it: {}.",
                below.join(", ")
            ),
        });
    }
    told.join(" ")
}

fn audited(audit: &Audit) -> String {
    let Audit { scheme, splits, held_out, same_experiment, same_gene_set, same_gene, .. } = audit;
    let splits = counted(*splits as u64, "split");
    let repeats = if audit.repeats_meant { ", as this way of splitting means to" } else { "" };
    format!(
        "{scheme}: {splits}, {held_out} experiments held out. Learnt from as well: {same_experiment} of the same \
         experiments; {same_gene_set} have a set of perturbed genes that is learnt from{repeats}; {same_gene} share some \
         perturbed gene but not the set. Predictors, thresholds, weights and revisions see training and validation rows alone."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{CellKey, ComparedMethod, ScoredRow, rankings};
    use crate::metrics::{BootstrapConfig, Calibration, EffectScores, ReliabilityBin, ResponseCounts};
    use crate::prediction::PredictorName;

    fn counts(confusion: [[u64; 3]; 3]) -> ResponseCounts {
        serde_json::from_value(serde_json::json!({ "confusion": confusion, "ambiguous": 0 })).expect("counts")
    }

    fn cells() -> Vec<Cell> {
        let bin = |above, entries, frequency| {
            let probability = above + 0.25;
            ReliabilityBin { above, up_to: above + 0.5, entries, probability, frequency }
        };
        let bins = vec![bin(0.0, 15, 0.2), bin(0.5, 5, 0.8)];
        let reliability = [bins.clone(), bins.clone(), bins];
        let calibration = Calibration { entries: 20, ece: 0.125, brier: 0.5, reliability, ..Calibration::default() };
        let cell = |method, confusions: [[[u64; 3]; 3]; 2]| {
            let row = |(place, confusion): (usize, [[u64; 3]; 3])| ScoredRow {
                experiment: format!("<b>{place}"),
                gene_set: format!("g{place}"),
                perturbed: 1,
                trained: 0,
                data: counts(confusion),
                original: counts(confusion),
                refined: None,
                effects: EffectScores { pearson_delta: Some(0.375), ..EffectScores::default() },
            };
            let key = CellKey { scheme: "k-fold".into(), seed: 1, fold: 0, method };
            let rows = confusions.into_iter().enumerate().map(row).collect();
            Cell {
                key,
                rows,
                refined_by: None,
                revisions: Vec::new(),
                calibration: Some(calibration.clone()),
                seconds: 0.5,
            }
        };
        let blind = [[0, 2, 0], [0, 6, 0], [0, 2, 0]];
        let right = [[2, 0, 0], [0, 6, 0], [0, 0, 2]];
        vec![
            cell(ComparedMethod::Predictor(PredictorName::Mean), [blind, blind]),
            cell(ComparedMethod::Knowledge, [right, blind]),
        ]
    }

    fn told(write: impl FnOnce(&ComparisonReport<'_>, &mut Vec<u8>)) -> String {
        let cells = cells();
        let rankings = rankings(&cells, None, 2.0, &BootstrapConfig::default()).expect("settings in range");
        let audits = [Audit { scheme: "k-fold".into(), splits: 1, held_out: 2, ..Audit::default() }];
        let report = ComparisonReport {
            tool_version: "0",
            inputs: Vec::new(),
            notes: vec!["a note with <i>tags".into()],
            audits: &audits,
            rankings: &rankings,
            finished: true,
            cells: &cells,
            config_toml: "",
        };
        let mut out = Vec::new();
        write(&report, &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_table_names_reference_and_floor() {
        let markdown = told(|report, out| report.write_markdown(out).expect("a vector takes all bytes"));
        assert!(markdown.contains("The reference is mean") && markdown.contains("All others exceed it"), "{markdown}");
        // Blind: F1 of unchanged 2·12/(12 + 20) = .75, a third of it is .25.
        assert!(markdown.contains("reaches 0.250: the floor"), "{markdown}");
        assert!(markdown.contains("| 0.125 |"), "the calibration error: {markdown}");
        assert!(markdown.contains("| mean      |         0.375 |"), "the correlation of changes: {markdown}");
    }

    #[test]
    fn the_long_table_has_a_line_for_every_cell_and_every_ranked_method() {
        let csv = told(|report, out| report.write_csv(out).expect("a vector takes all bytes"));
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(lines.len(), 1 + 2 + 2, "{csv}");
        let columns = lines[0].split(',').count();
        assert!(lines.iter().all(|line| line.split(',').count() == columns));
    }

    #[test]
    fn the_page_shows_every_row_and_no_foreign_tag() {
        let page = told(|report, out| report.write_html(out).expect("a vector takes all bytes"));
        // A score each, and for both a point for each of two bins of three classes.
        assert_eq!(page.matches("<circle").count(), 2 + 2 * 2 * 3);
        assert!(page.contains("a note with &lt;i&gt;tags") && !page.contains("<i>"));
        assert!(!page.contains("NaN") && !page.contains("http:") && !page.contains("https:"));
    }
}
