//! `report.md`: the report for a terminal or a code-hosting page.

use std::io::Write;

use minijinja::context;
use minijinja::value::{Serde, Value};

use super::ReportError;
use super::counts::{FaultCounts, Faults};
use super::hyperparameters;
use super::summary::{Agreement, ListedRevision, Summary};
use super::tables::{MarkdownTable, escaped};
use super::templates::render;
use super::verdict::{row_title, search_sentence, stop_sentence};
use super::wording::{decimal, grouped, percent, score};
use crate::biology::{RevisionStatus, Sign, StatementKind};

/// A terminal shows fewer revisions than a page.
const LISTED: usize = 20;

pub(super) fn write(summary: &Summary<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let revisions = summary.revisions.most_supported.iter().take(LISTED).map(revision).collect::<Vec<_>>();
    let text = render(
        "report.md",
        context! {
            report => Value::from(Serde(summary)),
            stop => stop_sentence(summary.stop_reason),
            search => search_sentence(summary.iterations.last().and_then(|round| round.additions_untried)),
            fence => fence(summary.config_toml),
            config => summary.config_toml.trim_end(),
            scores => scores(summary),
            agreement => agreement(summary),
            classes => classes(&summary.scores.data_consistency),
            revisions => revisions,
            with_effects => summary.has_effects(),
            hyperparameters => hyperparameters::markdown(summary.hyperparameter_curves),
            rounds => rounds(summary),
            faults => summary.power_check.as_ref().map(faults),
            inputs => inputs(summary),
            timings => timings(summary),
        },
    )?;
    out.write_all(text.as_bytes())?;
    Ok(())
}

/// Longer than any run of backticks in the text, so that nothing in it ends the block.
fn fence(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

fn optional(number: Option<f64>, write: impl Fn(f64) -> String) -> String {
    number.map_or_else(|| "–".to_owned(), write)
}

fn scores(summary: &Summary<'_>) -> String {
    let heads = [
        "responses",
        "data F1",
        "down",
        "unchanged",
        "up",
        "KB original",
        "KB refined",
        "balanced original",
        "balanced refined",
    ];
    let mut table = MarkdownTable::new(1, &heads);
    let mut push = |name: &str, data: &Agreement, others: [Option<f64>; 4]| {
        let classes = [&data.per_class.down, &data.per_class.unchanged, &data.per_class.up]
            .map(|class| optional(class.f1, score));
        let [down, unchanged, up] = classes;
        let [original, refined, balanced_original, balanced_refined] = others.map(|number| optional(number, score));
        let name = row_title(name).to_owned();
        let data = optional(data.macro_f1, score);
        table.push([name, data, down, unchanged, up, original, refined, balanced_original, balanced_refined]);
    };
    let (scores, knowledge) = (&summary.scores, &summary.scores.knowledge_consistency);
    let balanced = &scores.balanced_consistency;
    let aligned = [knowledge.original.macro_f1, knowledge.refined.macro_f1, balanced.original, balanced.refined];
    push("aligned (this run)", &scores.data_consistency, aligned);
    for row in &scores.baselines {
        let others = [row.knowledge_original, row.knowledge_refined, row.balanced_original, row.balanced_refined];
        push(row.name, &row.data, others);
    }
    table.text()
}

/// The aligned responses against each knowledge base.
fn agreement(summary: &Summary<'_>) -> String {
    let mut table = MarkdownTable::new(1, &["knowledge base", "knowledge F1", "balanced", "compared", "ambiguous"]);
    let (knowledge, balanced) = (&summary.scores.knowledge_consistency, &summary.scores.balanced_consistency);
    let rows = [
        ("original", Some(&knowledge.original), balanced.original),
        ("refined", Some(&knowledge.refined), balanced.refined),
        ("held-out", knowledge.held_out.as_ref(), balanced.held_out),
    ];
    for (name, agreement, balance) in rows {
        let Some(agreement) = agreement else { continue };
        table.push([
            name.to_owned(),
            optional(agreement.macro_f1, score),
            optional(balance, score),
            grouped(agreement.compared),
            grouped(agreement.ambiguous),
        ]);
    }
    table.text()
}

fn classes(data: &Agreement) -> String {
    let heads = ["observed", "called down", "called unchanged", "called up", "precision", "recall", "F1", "support"];
    let mut table = MarkdownTable::new(1, &heads);
    let classes =
        [("down", &data.per_class.down), ("unchanged", &data.per_class.unchanged), ("up", &data.per_class.up)];
    for ((name, class), called) in classes.into_iter().zip(data.confusion) {
        let [down, unchanged, up] = called.map(grouped);
        let [precision, recall, f1] = [class.precision, class.recall, class.f1].map(|number| optional(number, score));
        table.push([name.to_owned(), down, unchanged, up, precision, recall, f1, grouped(class.support)]);
    }
    table.text()
}

const fn arrow(kind: StatementKind, sign: Sign) -> &'static str {
    match (kind, sign) {
        (StatementKind::Regulation, Sign::Activation) => "→",
        (StatementKind::Regulation, Sign::Inhibition) => "⊣",
        (StatementKind::Effect, Sign::Activation) => "raises",
        (StatementKind::Effect, Sign::Inhibition) => "lowers",
    }
}

/// Two lines: the revision with its figures, and the reason.
fn revision(revision: &ListedRevision<'_>) -> String {
    let (regulator, target) = (escaped(&revision.regulator), escaped(&revision.target));
    let arrow = |sign| arrow(revision.statement, sign);
    let change = match (revision.sign_before, revision.sign_after) {
        (Some(before), Some(after)) => format!("{regulator} {} {target} (was {})", arrow(after), arrow(before)),
        (before, after) => format!("{regulator} {} {target}", before.or(after).map_or("→", arrow)),
    };
    let kind = match revision.statement {
        StatementKind::Regulation => revision.kind.to_owned(),
        StatementKind::Effect => format!("effect {}", revision.kind),
    };
    let posterior = revision.posterior.map_or_else(String::new, |share| format!(", posterior {}", decimal(share, 3)));
    let status = match revision.status {
        RevisionStatus::Applied => "",
        RevisionStatus::Proposed => " (proposed)",
    };
    format!(
        "**{kind}{status}: {change}** · corrected {}, introduced {}, predicted {}, drop {}, stability {}, q {}{posterior}\n    {}",
        revision.corrected,
        revision.introduced,
        optional(revision.predicted, |weight| decimal(weight, 2)),
        optional(revision.objective_decrease, |drop| decimal(drop, 3)),
        optional(revision.stability, percent),
        optional(revision.q_value, |q| decimal(q, 3)),
        escaped(&revision.reason),
    )
}

fn rounds(summary: &Summary<'_>) -> String {
    let heads =
        ["round", "epochs", "best epoch", "symbolic share", "revisions in force", "disagreements before", "after"];
    let mut table = MarkdownTable::new(0, &heads);
    for round in &summary.iterations {
        table.push([
            round.round.to_string(),
            round.epochs.to_string(),
            round.best_epoch.map_or_else(|| "–".to_owned(), |epoch| epoch.to_string()),
            optional(round.symbolic_share, percent),
            grouped(round.revisions as u64),
            grouped(round.disagreements.before),
            grouped(round.disagreements.after),
        ]);
    }
    table.text()
}

fn faults(faults: &Faults) -> String {
    let heads = ["fault", "planted", "visible", "found", "missed", "of these visible", "of these invisible"];
    let mut table = MarkdownTable::new(1, &heads);
    let kinds = &faults.by_kind;
    let rows: [(&str, &FaultCounts); 4] = [
        ("missing", &kinds.missing),
        ("spurious", &kinds.spurious),
        ("wrong sign", &kinds.flipped),
        ("all", &faults.total),
    ];
    for (name, counts) in rows {
        let [planted, visible, found] = [counts.planted, counts.visible, counts.found].map(grouped);
        let [missed, seen, unseen] = [counts.missed, counts.missed_visible, counts.missed_invisible].map(grouped);
        table.push([name.to_owned(), planted, visible, found, missed, seen, unseen]);
    }
    table.text()
}

fn inputs(summary: &Summary<'_>) -> String {
    let mut table = MarkdownTable::new(3, &["role", "file", "SHA-256", "bytes"]);
    for input in summary.inputs {
        table.push([input.role.clone(), input.file.clone(), input.sha256.clone(), grouped(input.bytes)]);
    }
    table.text()
}

fn timings(summary: &Summary<'_>) -> String {
    let mut table = MarkdownTable::new(1, &["phase", "seconds"]);
    for phase in &summary.timings.phases {
        table.push([phase.phase.to_owned(), optional(phase.seconds, |seconds| decimal(seconds, 2))]);
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::samples;

    /// Every figure of a JSON value, those inside its sentences too.
    fn figures(value: &Value, found: &mut Vec<f64>) {
        match value {
            Value::Number(number) => found.extend(number.as_f64()),
            Value::String(text) => found.extend(numbers(text).into_iter().map(|(number, _)| number)),
            Value::Array(items) => items.iter().for_each(|item| figures(item, found)),
            Value::Object(fields) => fields.values().for_each(|field| figures(field, found)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Numbers that stand alone in a text, with how many decimals they show; `12 %` is `0.12` with two more decimals.
    fn numbers(text: &str) -> Vec<(f64, i32)> {
        let words: Vec<_> =
            text.split([' ', '\n', '|', '(', ')', ';', '×', '·']).filter(|word| !word.is_empty()).collect();
        let mut found = Vec::new();
        for (index, word) in words.iter().enumerate() {
            let digits = word.trim_end_matches(['.', ',', ':']).replace(',', "");
            let Ok(number) = digits.parse::<f64>() else { continue };
            let places = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
            let percent = words.get(index + 1).is_some_and(|next| next.starts_with('%'));
            found.push(if percent { (number / 100.0, places + 2) } else { (number, places) });
        }
        found
    }

    #[test]
    fn every_number_of_the_text_is_in_the_json() {
        for sample in samples::all() {
            let mut known = Vec::new();
            figures(&sample.json(), &mut known);
            let text = sample.markdown();
            let numbered = |line: &&str| line.split_once(". ").is_none_or(|(rank, _)| rank.parse::<u32>().is_err());
            let lines: Vec<_> = text.lines().filter(numbered).collect();
            let shown = numbers(&lines.join("\n"));
            assert!(shown.len() > 20, "{}: {}", sample.name, shown.len());
            for (number, places) in shown {
                let close = |figure: &f64| (figure - number).abs() <= 0.500_001 * 10f64.powi(-places);
                assert!(known.iter().any(close), "{}: {number} is not in report.json", sample.name);
            }
        }
    }

    fn rows(text: &str, head: &str) -> Vec<Vec<String>> {
        let lines = text.lines().skip_while(|line| !line.starts_with(&format!("| {head} "))).skip(2);
        let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        lines.take_while(|line| line.starts_with('|')).map(cells).collect()
    }

    #[test]
    fn the_table_of_scores_is_that_of_the_json() {
        let sample = samples::usual();
        let (text, json) = (sample.markdown(), sample.json());
        let rows = rows(&text, "responses");
        let baselines = json["scores"]["baselines"].as_array().expect("a list");
        assert_eq!(rows.len(), baselines.len() + 1);
        for (row, baseline) in rows[1..].iter().zip(baselines) {
            assert_eq!(row[0], row_title(baseline["name"].as_str().expect("a name")));
            let data = &baseline["data"];
            let class = |name: &str| &data["per_class"][name]["f1"];
            let figures = [
                &data["macro_f1"],
                class("down"),
                class("unchanged"),
                class("up"),
                &baseline["knowledge_original"],
                &baseline["knowledge_refined"],
                &baseline["balanced_original"],
                &baseline["balanced_refined"],
            ];
            let figures = figures.map(|figure| score(figure.as_f64().expect("a number")));
            assert_eq!(row[1..], figures);
        }
        assert!(text.contains("do nothing (original knowledge alone)"));
    }

    #[test]
    fn the_verdict_stands_before_everything_but_the_headline() {
        for sample in samples::all() {
            let (text, json) = (sample.markdown(), sample.json());
            let mut lines = text.lines().filter(|line| !line.is_empty());
            assert_eq!(lines.next(), Some("# Refinement report"));
            if let Some(headline) = json["headline"].as_str() {
                assert_eq!(lines.next(), Some(&*format!("> **{}**", escaped(headline))));
            }
            let verdict = escaped(json["verdict"]["line"].as_str().expect("a line"));
            assert_eq!(lines.next(), Some(&*format!("**{verdict}**")), "{}", sample.name);
        }
    }

    #[test]
    fn names_cannot_become_html_or_table_cells() {
        let text = samples::hostile().markdown();
        let safe = text.split("Effective configuration").next().expect("a first part");
        assert!(!safe.replace("\\<", "").contains('<'), "{safe}");
        assert_eq!(rows(&text, "responses").iter().filter(|row| row.len() != 9).count(), 0);
    }

    #[test]
    fn no_text_of_the_configuration_ends_its_block() {
        assert_eq!(fence("seed = 1"), "```");
        assert_eq!(fence("# ```` four"), "`````");
        assert_eq!(samples::hostile().markdown().lines().filter(|line| line.starts_with("````")).count(), 2);
    }

    #[test]
    fn a_simulated_screen_is_told_in_the_first_line_even_without_a_headline() {
        let mut sample = samples::power_check();
        sample.headline = None;
        assert!(sample.markdown().contains("> **Simulated screen of 200 perturbations"));
    }
}
