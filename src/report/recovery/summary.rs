//! Rows of one method at one level, taken together over the seeds.

use crate::recovery::{Method, RecoveryRow, RecoveryScores};

/// A figure over the seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figure {
    pub mean: f64,
    pub lowest: f64,
    pub highest: f64,
}

impl Figure {
    /// Of the seeds that have the figure; `None` if none has.
    fn of(values: impl Iterator<Item = Option<f64>>) -> Option<Self> {
        let known: Vec<_> = values.flatten().filter(|value| value.is_finite()).collect();
        let lowest = known.iter().copied().reduce(f64::min)?;
        let highest = known.iter().copied().reduce(f64::max)?;
        Some(Self { mean: known.iter().sum::<f64>() / known.len() as f64, lowest, highest })
    }
}

/// One method at one level under one reading and mix of kinds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub kinds: String,
    pub reading: &'static str,
    pub level: f64,
    pub method: Method,
    pub not_run: Option<String>,
    pub edge_f1: Option<Figure>,
    pub edge_macro_f1: Option<Figure>,
    pub closure_macro_f1: Option<Figure>,
    pub closure_down_f1: Option<Figure>,
    pub revisions: Option<Figure>,
    pub precision: Option<Figure>,
    pub recall: Option<Figure>,
    pub visible_recall: Option<Figure>,
    pub calibrated_false_share: Option<Figure>,
    pub seconds: Option<Figure>,
    pub peak_memory_bytes: Option<Figure>,
}

impl Group {
    /// What a table or a pair of panels is headed by.
    pub fn title(&self) -> String {
        format!("{} reading, faults {}", self.reading, self.kinds.replace('+', ", "))
    }

    fn of(rows: &[&RecoveryRow]) -> Self {
        let first = rows[0];
        let over = |figure: &dyn Fn(&RecoveryScores) -> Option<f64>| {
            Figure::of(rows.iter().map(|row| row.scores.as_ref().and_then(figure)))
        };
        Self {
            kinds: first.kinds_word(),
            reading: first.reading_word(),
            level: first.level,
            method: first.method,
            not_run: rows.iter().find_map(|row| row.not_run.clone()),
            edge_f1: over(&|scores| Some(scores.edges.f1)),
            edge_macro_f1: over(&|scores| Some(scores.edges.macro_f1)),
            closure_macro_f1: over(&|scores| Some(scores.closure.macro_f1)),
            closure_down_f1: over(&|scores| Some(scores.closure.per_class[0].f1)),
            revisions: over(&|scores| Some(scores.n_revisions() as f64)),
            precision: over(&RecoveryScores::precision),
            recall: over(&RecoveryScores::recall),
            visible_recall: over(&RecoveryScores::visible_recall),
            calibrated_false_share: over(&RecoveryScores::calibrated_false_share),
            seconds: over(&|scores| Some(scores.seconds)),
            peak_memory_bytes: Figure::of(rows.iter().map(|row| row.peak_memory_bytes.map(|bytes| bytes as f64))),
        }
    }
}

/// The rows by kinds, reading, level and method, in this order; kinds and readings in the order of their first row.
pub(super) fn groups(rows: &[RecoveryRow]) -> Vec<Group> {
    let mut titles: Vec<(String, &'static str)> = Vec::new();
    for row in rows {
        let title = (row.kinds_word(), row.reading_word());
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    let mut sorted: Vec<_> = rows.iter().collect();
    let place = |row: &RecoveryRow| {
        let title = (row.kinds_word(), row.reading_word());
        titles.iter().position(|known| *known == title)
    };
    sorted.sort_by_cached_key(|row| (place(row), row.level.to_bits(), row.method));
    let same = |a: &&RecoveryRow, b: &&RecoveryRow| {
        place(a) == place(b) && a.level.total_cmp(&b.level).is_eq() && a.method == b.method
    };
    sorted.chunk_by(same).map(Group::of).collect()
}
