//! What is told of an evaluation: Markdown for readers, a long CSV for spreadsheets, JSON for programs.

use std::io::Write;

use serde::Serialize;

use super::tables::MarkdownTable;
use super::wording::{counted, difference, grouped, percent, score, with_interval};
use super::{InputFile, ReportError, json};
use crate::biology::StatementKind;
use crate::evaluation::{CrossValidation, Evaluation, KnowledgeScore, Stratum, StratumKind};
use crate::metrics::Interval;

/// Everything that an evaluation tells, and where it came from.
#[derive(Clone, Debug, Serialize)]
pub struct EvaluationReport<'a> {
    /// Version of this program.
    pub tool_version: &'a str,
    /// Seed of every random draw.
    pub seed: u64,
    /// The files that were read.
    pub inputs: Vec<InputFile>,
    /// Remarks in sentences: names that matched no gene, rows left out.
    pub notes: Vec<String>,
    /// The scores.
    #[serde(flatten)]
    pub evaluation: &'a Evaluation,
    /// The effective configuration, as TOML.
    pub config_toml: &'a str,
}

/// One line of `evaluation.csv`; the field names are the column names.
#[derive(Serialize)]
struct ScoreLine<'a> {
    splits: &'a str,
    fold: String,
    perturbations: &'a str,
    experiments: usize,
    gene_sets: Option<usize>,
    knowledge: &'a str,
    macro_f1: f64,
    macro_f1_lower: Option<f64>,
    macro_f1_upper: Option<f64>,
    less_original: Option<f64>,
    less_original_lower: Option<f64>,
    less_original_upper: Option<f64>,
    better_than_original: Option<f64>,
    precision_down: Option<f64>,
    recall_down: Option<f64>,
    f1_down: Option<f64>,
    support_down: Option<u64>,
    precision_unchanged: Option<f64>,
    recall_unchanged: Option<f64>,
    f1_unchanged: Option<f64>,
    support_unchanged: Option<u64>,
    precision_up: Option<f64>,
    recall_up: Option<f64>,
    f1_up: Option<f64>,
    support_up: Option<u64>,
    ambiguous: Option<u64>,
    silent: Option<u64>,
}

impl EvaluationReport<'_> {
    /// Writes tables to be read in a terminal or on a code-hosting page.
    ///
    /// # Errors
    /// [`ReportError::Write`] if `out` fails.
    pub fn write_markdown(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        for stratum in &self.evaluation.strata {
            writeln!(out, "### {}\n\n{}\n", heading(stratum), scores(stratum))?;
            if let Some(told) = replications(stratum) {
                writeln!(out, "{told}\n")?;
            }
        }
        for validation in &self.evaluation.cross_validations {
            writeln!(out, "### Refined over the folds of {}\n\n{}\n", validation.splits, folds(validation))?;
            writeln!(out, "{}\n", verdict(validation))?;
            for told in choices(validation) {
                writeln!(out, "{told}\n")?;
            }
            writeln!(out, "Held-out experiments of all folds together:\n\n{}\n", scores(&validation.pooled))?;
        }
        Ok(())
    }

    /// Writes `evaluation.csv`: one line per knowledge base and stratum, and per fold.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_csv(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        let mut table = csv::Writer::from_writer(out);
        for stratum in &self.evaluation.strata {
            for score in &stratum.scores {
                table.serialize(line("", stratum, score))?;
            }
        }
        for validation in &self.evaluation.cross_validations {
            for score in &validation.pooled.scores {
                table.serialize(line(&validation.splits, &validation.pooled, score))?;
            }
            for fold in &validation.folds {
                let heads = (validation.splits.as_str(), fold.fold, fold.held_out);
                table.serialize(fold_line(heads, "original", fold.original, None))?;
                let difference = fold.refined - fold.original;
                table.serialize(fold_line(heads, "refined", fold.refined, Some(difference)))?;
            }
        }
        table.flush()?;
        Ok(())
    }

    /// Writes `evaluation.json`: all figures, unrounded.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        json::write(self, out)
    }
}

fn heading(stratum: &Stratum) -> String {
    let which = match stratum.kind {
        StratumKind::All => "All perturbations",
        StratumKind::Seen => "Perturbations that the refinement had data of",
        StratumKind::Unseen => "Perturbations that the refinement never had data of",
    };
    let experiments = counted(stratum.experiments as u64, "experiment");
    format!("{which}: {experiments}, {} different sets of perturbed genes", stratum.gene_sets)
}

fn scores(stratum: &Stratum) -> String {
    let heads =
        ["knowledge", "macro-F1", "down", "unchanged", "up", "less original", "ambiguous", "silent", "gained", "lost"];
    let mut table = MarkdownTable::new(1, &heads);
    for row in &stratum.scores {
        let class = |class: usize| score(row.data.per_class[class].f1);
        table.push([
            row.name.clone(),
            with_interval(row.data.macro_f1, row.interval),
            class(0),
            class(1),
            class(2),
            row.less_original.map_or_else(|| "–".to_owned(), difference),
            row.data.ambiguous.to_string(),
            row.silent.to_string(),
            row.regulations_gained.to_string(),
            row.regulations_lost.to_string(),
        ]);
    }
    table.text()
}

/// How the revisions of each knowledge base fare in these experiments; `None` if nothing was revised.
fn replications(stratum: &Stratum) -> Option<String> {
    const TOLD: &str = "Are its revisions replicated here? One is tested by the entries that its knowledge base predicts \
        otherwise without it: it is replicated if most of them are right only with it, and contradicted if most are wrong only with it. \
        By chance: the same with the perturbations permuted among these experiments.";
    let heads =
        ["knowledge", "revisions", "in all", "replicated", "contradicted", "share replicated", "by chance", "p"];
    let mut table = MarkdownTable::new(2, &heads);
    let share = |replicated: f64, contradicted: f64| percent(replicated / (replicated + contradicted));
    let mut any = false;
    for (row, fared) in stratum.scores.iter().flat_map(|row| row.replications.iter().map(move |fared| (row, fared))) {
        any = true;
        table.push([
            row.name.clone(),
            match fared.statement {
                StatementKind::Regulation => fared.kind.word().to_owned(),
                StatementKind::Effect => format!("effects {}", fared.kind.word()),
            },
            grouped(fared.revisions as u64),
            grouped(fared.replicated as u64),
            grouped(fared.contradicted as u64),
            share(fared.replicated as f64, fared.contradicted as f64),
            share(fared.replicated_by_chance, fared.contradicted_by_chance),
            score(fared.p_value),
        ]);
    }
    any.then(|| format!("{TOLD}\n\n{}", table.text()))
}

fn folds(validation: &CrossValidation) -> String {
    let heads =
        ["fold", "learnt from", "held out", "original", "refined", "difference", "on learnt", "applied", "share"];
    let mut table = MarkdownTable::new(1, &heads);
    for fold in &validation.folds {
        table.push([
            (fold.fold + 1).to_string(),
            fold.learnt_from.to_string(),
            fold.held_out.to_string(),
            score(fold.original),
            score(fold.refined),
            format!("{:+.4}", fold.refined - fold.original),
            format!("{:+.4}", fold.refined_learnt - fold.original_learnt),
            fold.applied.to_string(),
            percent(fold.share),
        ]);
    }
    table.text()
}

fn verdict(validation: &CrossValidation) -> String {
    let Some(Interval { estimate, lower, upper, level }) = validation.mean_difference else {
        return "One fold has no interval.".to_owned();
    };
    let verdict = match (lower > 0.0, upper < 0.0) {
        (true, _) => "refined knowledge predicts what was held out better than the original",
        (_, true) => "refined knowledge predicts what was held out **worse** than the original",
        _ => "the folds do not tell refined from original knowledge",
    };
    format!("Mean difference {estimate:+.4} ({} interval {lower:+.4} to {upper:+.4}): {verdict}.", percent(level))
}

/// `Chosen in the training part of each fold: class-balance 0.75, 0.5. Macro-F1 there, mean over the folds: 0 .312, …`
fn choices(validation: &CrossValidation) -> Vec<String> {
    let hyperparameters = validation.folds.first().map_or(0, |fold| fold.choices.len());
    let told = |hyperparameter: usize| {
        let curves = || validation.folds.iter().filter_map(|fold| fold.choices.get(hyperparameter));
        let settings: Vec<_> =
            curves().filter_map(|curve| curve.points.get(curve.chosen)).map(|point| point.setting.as_str()).collect();
        let name = curves().next().map_or("", |curve| curve.hyperparameter.word());
        let tried = curves().next().map_or(&[][..], |curve| &curve.points).iter().enumerate();
        let mean = |place: usize| {
            let means: Vec<_> = curves().filter_map(|curve| curve.points.get(place)).map(|point| point.mean).collect();
            score(means.iter().sum::<f64>() / means.len() as f64)
        };
        let means: Vec<_> = tried.map(|(place, point)| format!("{} {}", point.setting, mean(place))).collect();
        format!(
            "Chosen in the training part of each fold: {name} {}. Macro-F1 there, mean over the folds: {}.",
            settings.join(", "),
            means.join(", ")
        )
    };
    (0..hyperparameters).map(told).collect()
}

fn line<'a>(splits: &'a str, stratum: &'a Stratum, score: &'a KnowledgeScore) -> ScoreLine<'a> {
    let [down, unchanged, up] = score.data.per_class;
    let difference = score.less_original.map(|paired| paired.difference);
    ScoreLine {
        splits,
        fold: String::new(),
        perturbations: stratum.kind.word(),
        experiments: stratum.experiments,
        gene_sets: Some(stratum.gene_sets),
        knowledge: &score.name,
        macro_f1: score.data.macro_f1,
        macro_f1_lower: score.interval.map(|interval| interval.lower),
        macro_f1_upper: score.interval.map(|interval| interval.upper),
        less_original: difference.map(|interval| interval.estimate),
        less_original_lower: difference.map(|interval| interval.lower),
        less_original_upper: difference.map(|interval| interval.upper),
        better_than_original: score.less_original.map(|paired| paired.first_better),
        precision_down: Some(down.precision),
        recall_down: Some(down.recall),
        f1_down: Some(down.f1),
        support_down: Some(down.support),
        precision_unchanged: Some(unchanged.precision),
        recall_unchanged: Some(unchanged.recall),
        f1_unchanged: Some(unchanged.f1),
        support_unchanged: Some(unchanged.support),
        precision_up: Some(up.precision),
        recall_up: Some(up.recall),
        f1_up: Some(up.f1),
        support_up: Some(up.support),
        ambiguous: Some(score.data.ambiguous),
        silent: Some(score.silent),
    }
}

fn fold_line<'a>(
    (splits, fold, experiments): (&'a str, usize, usize),
    knowledge: &'a str,
    macro_f1: f64,
    less_original: Option<f64>,
) -> ScoreLine<'a> {
    ScoreLine {
        splits,
        fold: (fold + 1).to_string(),
        perturbations: StratumKind::All.word(),
        experiments,
        gene_sets: None,
        knowledge,
        macro_f1,
        macro_f1_lower: None,
        macro_f1_upper: None,
        less_original,
        less_original_lower: None,
        less_original_upper: None,
        better_than_original: None,
        precision_down: None,
        recall_down: None,
        f1_down: None,
        support_down: None,
        precision_unchanged: None,
        recall_unchanged: None,
        f1_unchanged: None,
        support_unchanged: None,
        precision_up: None,
        recall_up: None,
        f1_up: None,
        support_up: None,
        ambiguous: None,
        silent: None,
    }
}
