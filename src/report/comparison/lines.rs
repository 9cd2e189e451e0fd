//! The long table: one line for each score, so that any program can pivot it.

use std::io::Write;

use serde::Serialize;

use crate::evaluation::{Cell, Differences, RankedMethod, Ranking};
use crate::metrics::{Consistency, EffectScores, Interval, ResponseCounts};
use crate::report::ReportError;

/// One line of `evaluation.csv`; the field names are the column names.
#[derive(Serialize)]
struct Line<'a> {
    splits: &'a str,
    experiments: &'a str,
    seed: Option<u64>,
    fold: Option<usize>,
    predictor: String,
    held_out: usize,
    macro_f1: f64,
    macro_f1_lower: Option<f64>,
    macro_f1_upper: Option<f64>,
    precision_down: f64,
    recall_down: f64,
    f1_down: f64,
    support_down: u64,
    precision_unchanged: f64,
    recall_unchanged: f64,
    f1_unchanged: f64,
    support_unchanged: u64,
    precision_up: f64,
    recall_up: f64,
    f1_up: f64,
    support_up: u64,
    knowledge_original: Option<f64>,
    knowledge_refined: Option<f64>,
    balanced_original: Option<f64>,
    balanced_refined: Option<f64>,
    reference: Option<String>,
    less_reference: Option<f64>,
    less_reference_lower: Option<f64>,
    less_reference_upper: Option<f64>,
    balanced_original_less_reference: Option<f64>,
    balanced_original_less_reference_lower: Option<f64>,
    balanced_original_less_reference_upper: Option<f64>,
    balanced_refined_less_reference: Option<f64>,
    balanced_refined_less_reference_lower: Option<f64>,
    balanced_refined_less_reference_upper: Option<f64>,
    ece: Option<f64>,
    brier: Option<f64>,
    pearson_delta: Option<f64>,
    mse_delta: Option<f64>,
    mae_delta: Option<f64>,
    l2_delta: Option<f64>,
    discrimination_score_l1: Option<f64>,
    discrimination_score_l2: Option<f64>,
    discrimination_score_cosine: Option<f64>,
    de_direction_match: Option<f64>,
    de_sig_genes_recall: Option<f64>,
    de_spearman_lfc_sig: Option<f64>,
    #[serde(rename = "overlap_at_N")]
    overlap_at_n: Option<f64>,
    #[serde(rename = "precision_at_N")]
    precision_at_n: Option<f64>,
    revisions: f64,
    seconds: f64,
}

pub(super) fn write(rankings: &[Ranking], cells: &[Cell], out: &mut dyn Write) -> Result<(), ReportError> {
    let mut table = csv::Writer::from_writer(out);
    for rankings in rankings {
        for row in &rankings.rows {
            table.serialize(ranked_line(rankings, row))?;
        }
    }
    for cell in cells {
        table.serialize(cell_line(cell))?;
    }
    table.flush()?;
    Ok(())
}

fn ranked_line<'a>(rankings: &'a Ranking, row: &RankedMethod) -> Line<'a> {
    let interval = |of: fn(&Differences) -> Option<Interval>| row.less_reference.as_ref().and_then(of);
    let data = interval(|less| Some(less.data.difference));
    let original = interval(|less| Some(less.balanced_original.difference));
    let refined = interval(|less| less.balanced_refined.map(|paired| paired.difference));
    Line {
        experiments: rankings.novelty.words(),
        macro_f1_lower: row.interval.map(|interval| interval.lower),
        macro_f1_upper: row.interval.map(|interval| interval.upper),
        knowledge_original: Some(row.knowledge_original),
        knowledge_refined: row.knowledge_refined,
        balanced_original: Some(row.balanced_original),
        balanced_refined: row.balanced_refined,
        reference: rankings.reference.as_ref().map(|reference| reference.to_string()),
        less_reference: data.map(|interval| interval.estimate),
        less_reference_lower: data.map(|interval| interval.lower),
        less_reference_upper: data.map(|interval| interval.upper),
        balanced_original_less_reference: original.map(|interval| interval.estimate),
        balanced_original_less_reference_lower: original.map(|interval| interval.lower),
        balanced_original_less_reference_upper: original.map(|interval| interval.upper),
        balanced_refined_less_reference: refined.map(|interval| interval.estimate),
        balanced_refined_less_reference_lower: refined.map(|interval| interval.lower),
        balanced_refined_less_reference_upper: refined.map(|interval| interval.upper),
        ece: row.ece,
        brier: row.brier,
        revisions: row.revisions,
        seconds: row.seconds,
        ..line(&rankings.scheme, row.method.to_string(), rankings.experiments, &row.data, &row.effects)
    }
}

fn cell_line(cell: &Cell) -> Line<'_> {
    let data = ResponseCounts::total(cell.rows.iter().map(|row| &row.data)).scores();
    let original = ResponseCounts::total(cell.rows.iter().map(|row| &row.original)).scores().macro_f1;
    let effects = EffectScores::mean(&cell.rows.iter().map(|row| row.effects).collect::<Vec<_>>());
    let refined: Option<Vec<_>> = cell.rows.iter().map(|row| row.refined.as_ref()).collect();
    Line {
        seed: Some(cell.key.seed),
        fold: Some(cell.key.fold + 1),
        knowledge_original: Some(original),
        knowledge_refined: refined.map(|counts| ResponseCounts::total(counts).scores().macro_f1),
        ece: cell.calibration.as_ref().map(|judged| judged.ece),
        brier: cell.calibration.as_ref().map(|judged| judged.brier),
        revisions: cell.revisions.len() as f64,
        seconds: cell.seconds,
        ..line(&cell.key.scheme, cell.key.method.to_string(), cell.rows.len(), &data, &effects)
    }
}

fn line<'a>(
    splits: &'a str,
    predictor: String,
    held_out: usize,
    data: &Consistency,
    effects: &EffectScores,
) -> Line<'a> {
    let [down, unchanged, up] = data.per_class;
    Line {
        splits,
        experiments: "all",
        seed: None,
        fold: None,
        predictor,
        held_out,
        macro_f1: data.macro_f1,
        macro_f1_lower: None,
        macro_f1_upper: None,
        precision_down: down.precision,
        recall_down: down.recall,
        f1_down: down.f1,
        support_down: down.support,
        precision_unchanged: unchanged.precision,
        recall_unchanged: unchanged.recall,
        f1_unchanged: unchanged.f1,
        support_unchanged: unchanged.support,
        precision_up: up.precision,
        recall_up: up.recall,
        f1_up: up.f1,
        support_up: up.support,
        knowledge_original: None,
        knowledge_refined: None,
        balanced_original: None,
        balanced_refined: None,
        reference: None,
        less_reference: None,
        less_reference_lower: None,
        less_reference_upper: None,
        balanced_original_less_reference: None,
        balanced_original_less_reference_lower: None,
        balanced_original_less_reference_upper: None,
        balanced_refined_less_reference: None,
        balanced_refined_less_reference_lower: None,
        balanced_refined_less_reference_upper: None,
        ece: None,
        brier: None,
        pearson_delta: effects.pearson_delta,
        mse_delta: effects.mse_delta,
        mae_delta: effects.mae_delta,
        l2_delta: effects.l2_delta,
        discrimination_score_l1: effects.discrimination_score_l1,
        discrimination_score_l2: effects.discrimination_score_l2,
        discrimination_score_cosine: effects.discrimination_score_cosine,
        de_direction_match: effects.de_direction_match,
        de_sig_genes_recall: effects.de_sig_genes_recall,
        de_spearman_lfc_sig: effects.de_spearman_lfc_sig,
        overlap_at_n: effects.overlap_at_n,
        precision_at_n: effects.precision_at_n,
        revisions: 0.0,
        seconds: 0.0,
    }
}
