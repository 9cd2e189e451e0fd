//! `recover.csv`: one line for each method on each trial.

use std::io::Write;

use serde::Serialize;

use crate::recovery::{RecoveryRow, RecoveryScores};
use crate::report::ReportError;

/// One line; the field names are the column names.
#[derive(Default, Serialize)]
struct Line<'a> {
    kinds: String,
    level: f64,
    reading: &'a str,
    seed: u64,
    genes: usize,
    regulations: usize,
    method: &'a str,
    not_run: Option<&'a str>,
    edge_f1: Option<f64>,
    edge_signs_macro_f1: Option<f64>,
    edge_macro_f1: Option<f64>,
    activation_precision: Option<f64>,
    activation_recall: Option<f64>,
    activation_f1: Option<f64>,
    activation_auprc: Option<f64>,
    inhibition_precision: Option<f64>,
    inhibition_recall: Option<f64>,
    inhibition_f1: Option<f64>,
    inhibition_auprc: Option<f64>,
    absent_f1: Option<f64>,
    closure_macro_f1: Option<f64>,
    closure_down_f1: Option<f64>,
    closure_unchanged_f1: Option<f64>,
    closure_up_f1: Option<f64>,
    closure_ambiguous: Option<u64>,
    revisions: Option<u64>,
    revision_precision: Option<f64>,
    fault_recall: Option<f64>,
    added: Option<u64>,
    added_right: Option<u64>,
    removed: Option<u64>,
    removed_right: Option<u64>,
    flipped: Option<u64>,
    flipped_right: Option<u64>,
    missing_planted: Option<u64>,
    missing_found: Option<u64>,
    spurious_planted: Option<u64>,
    spurious_found: Option<u64>,
    flipped_planted: Option<u64>,
    flipped_found: Option<u64>,
    redirected_planted: Option<u64>,
    redirected_found: Option<u64>,
    visible_planted: Option<u64>,
    visible_found: Option<u64>,
    q_below_tenth: Option<u64>,
    q_below_tenth_false_share: Option<f64>,
    disagreements_before: Option<u64>,
    disagreements_after: Option<u64>,
    objective_before: Option<f64>,
    objective_after: Option<f64>,
    settled: Option<bool>,
    additions_untried: Option<u64>,
    seconds: Option<f64>,
    peak_memory_bytes: Option<u64>,
}

impl<'a> Line<'a> {
    fn of(row: &'a RecoveryRow) -> Self {
        let known = row.scores.as_ref().map_or_else(Self::default, Self::of_scores);
        Self {
            kinds: row.kinds_word(),
            level: row.level,
            reading: row.reading_word(),
            seed: row.seed,
            genes: row.genes,
            regulations: row.regulations,
            method: row.method.word(),
            not_run: row.not_run.as_deref(),
            peak_memory_bytes: row.peak_memory_bytes,
            ..known
        }
    }

    fn of_scores(scores: &RecoveryScores) -> Self {
        let [activation, inhibition] = scores.edges.per_sign;
        let [down, unchanged, up] = scores.closure.per_class;
        let [added, removed, flipped] = scores.revisions;
        let [missing, spurious, wrong_sign, redirected] = scores.faults;
        Self {
            edge_f1: Some(scores.edges.f1),
            edge_signs_macro_f1: Some(scores.edges.signs_macro_f1),
            edge_macro_f1: Some(scores.edges.macro_f1),
            activation_precision: Some(activation.precision),
            activation_recall: Some(activation.recall),
            activation_f1: Some(activation.f1),
            activation_auprc: scores.auprc[0],
            inhibition_precision: Some(inhibition.precision),
            inhibition_recall: Some(inhibition.recall),
            inhibition_f1: Some(inhibition.f1),
            inhibition_auprc: scores.auprc[1],
            absent_f1: Some(scores.edges.absent.f1),
            closure_macro_f1: Some(scores.closure.macro_f1),
            closure_down_f1: Some(down.f1),
            closure_unchanged_f1: Some(unchanged.f1),
            closure_up_f1: Some(up.f1),
            closure_ambiguous: Some(scores.closure.ambiguous),
            revisions: Some(scores.n_revisions()),
            revision_precision: scores.precision(),
            fault_recall: scores.recall(),
            added: Some(added.made),
            added_right: Some(added.right),
            removed: Some(removed.made),
            removed_right: Some(removed.right),
            flipped: Some(flipped.made),
            flipped_right: Some(flipped.right),
            missing_planted: Some(missing.planted),
            missing_found: Some(missing.found),
            spurious_planted: Some(spurious.planted),
            spurious_found: Some(spurious.found),
            flipped_planted: Some(wrong_sign.planted),
            flipped_found: Some(wrong_sign.found),
            redirected_planted: Some(redirected.planted),
            redirected_found: Some(redirected.found),
            visible_planted: scores.visible.map(|of| of.planted),
            visible_found: scores.visible.map(|of| of.found),
            q_below_tenth: Some(scores.calibrated.made),
            q_below_tenth_false_share: scores.calibrated_false_share(),
            disagreements_before: Some(scores.disagreements.0),
            disagreements_after: Some(scores.disagreements.1),
            objective_before: Some(scores.objective.0),
            objective_after: Some(scores.objective.1),
            settled: scores.certificate.map(|certificate| certificate.settled()),
            additions_untried: scores.certificate.and_then(|certificate| certificate.additions_untried()),
            seconds: Some(scores.seconds),
            ..Self::default()
        }
    }
}

pub(super) fn write(rows: &[RecoveryRow], out: &mut dyn Write) -> Result<(), ReportError> {
    let mut table = csv::Writer::from_writer(out);
    for row in rows {
        table.serialize(Line::of(row))?;
    }
    table.flush()?;
    Ok(())
}
