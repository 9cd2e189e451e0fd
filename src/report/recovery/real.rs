//! What is told of a recovery test on real responses.

use std::io::Write;

use serde::Serialize;

use crate::recovery::{OverSeeds, RealConfig, RealRow, RealTrial, RealTruth};
use crate::report::tables::MarkdownTable;
use crate::report::wording::{decimal, grouped, score, with_interval};
use crate::report::{InputFile, ReportError, json};

/// Everything that is told of a recovery test on real responses.
#[derive(Clone, Debug, Serialize)]
pub struct RealRecoveryReport<'a> {
    /// Version of this program.
    pub tool_version: &'a str,
    /// Where the truth comes from, in words.
    pub network: String,
    /// The files that were read.
    pub inputs: Vec<InputFile>,
    /// What could be hidden.
    pub truth: RealTruth,
    /// What was hidden, and how it was looked for.
    pub config: &'a RealConfig,
    /// False if the work was stopped before the last seed.
    pub finished: bool,
    /// What was met in reading.
    pub notes: Vec<String>,
    /// One element per seed.
    pub trials: &'a [RealTrial],
}

/// Name of a figure, and how it is taken from a row.
type Figure = (&'static str, fn(&RealRow) -> Option<f64>);

/// All figures of a row, in the order of `recover.tsv`.
const FIGURES: [Figure; 19] = [
    ("applied", |row| Some(row.applied)),
    ("found", |row| Some(row.found)),
    ("precision", |row| share(row.found, row.applied)),
    ("sign_right", |row| Some(row.sign_right)),
    ("proposed", |row| Some(row.proposed)),
    ("found_proposed", |row| Some(row.found_proposed)),
    ("precision_proposed", |row| share(row.found_proposed, row.proposed)),
    ("flipped", |row| Some(row.flipped)),
    ("corrected", |row| Some(row.corrected)),
    ("precision_flipped", |row| share(row.corrected, row.flipped)),
    ("flips_proposed", |row| Some(row.flips_proposed)),
    ("corrected_proposed", |row| Some(row.corrected_proposed)),
    ("precision_flips_proposed", |row| share(row.corrected_proposed, row.flips_proposed)),
    ("true_removed", |row| Some(row.removed)),
    ("aupr", |row| row.aupr),
    ("precision_at_50", |row| row.precision_at[0]),
    ("precision_at_100", |row| row.precision_at[1]),
    ("precision_at_ours_regulations", |row| row.precision_at_ours[0]),
    ("precision_at_ours_regulations_and_effects", |row| row.precision_at_ours[1]),
];

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

impl RealRecoveryReport<'_> {
    /// Writes `recover.tsv`: one line for each row on each seed with all figures. What is not known is empty.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_tsv(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        write!(out, "seed\trow\thidden\tturned\tmissing_pairs")?;
        FIGURES.iter().try_for_each(|(name, _)| write!(out, "\t{name}"))?;
        writeln!(out)?;
        for trial in self.trials {
            for row in &trial.rows {
                let RealTrial { seed, hidden, flipped, missing_pairs, .. } = trial;
                write!(out, "{seed}\t{}\t{hidden}\t{flipped}\t{missing_pairs}", row.name)?;
                for (_, figure) in &FIGURES {
                    write!(out, "\t{}", figure(row).map_or_else(String::new, |value| decimal(value, 6)))?;
                }
                writeln!(out)?;
            }
        }
        Ok(())
    }

    /// Writes `recover.json`: configuration, hashes of the inputs, and all figures.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        json::write(self, out)
    }

    /// Writes `recover.md`: what was hidden, and the means over seeds with their intervals.
    ///
    /// # Errors
    /// [`ReportError`] if `out` fails.
    pub fn write_markdown(&self, out: &mut dyn Write) -> Result<(), ReportError> {
        let RealTruth { regulations, testable, pairs } = self.truth;
        writeln!(out, "# Hidden regulations found again in real responses\n")?;
        writeln!(
            out,
            "Knowledge: {}. Of its {} regulations {} can be tested: the regulator is perturbed alone, the target is measured then, \
             and the other sign is not known too. Testable pairs of genes: {}.\n",
            self.network,
            grouped(regulations as u64),
            grouped(testable as u64),
            grouped(pairs as u64),
        )?;
        writeln!(out, "{}\n", self.hidden())?;
        for note in &self.notes {
            writeln!(out, "* {note}")?;
        }
        if !self.finished {
            writeln!(out, "* STOPPED before the last seed; the same command goes on.")?;
        }
        writeln!(out, "\n{}\n", self.table().text())?;
        writeln!(
            out,
            "Means over seeds with 95 % intervals. *found*: hidden regulations among the additions applied; *proposed*: additions applied \
             or proposed, and the hidden ones among them; *flips*: signs turned, and those of them that had been turned beforehand; AUPR: \
             average precision of the hidden regulations over all testable pairs that the damaged knowledge does not state; P@50, \
             P@100: share of hidden ones among the pairs ranked first; P@ours: among as many as ours adds as regulations / as \
             regulations and effects. What is not hidden counts as false: where the truth is incomplete, precision is a lower bound."
        )?;
        Ok(())
    }

    fn hidden(&self) -> String {
        let RealConfig { hide, flip, .. } = self.config;
        let mean = |figure: fn(&RealTrial) -> usize| {
            let sum: usize = self.trials.iter().map(figure).sum();
            decimal(sum as f64 / self.trials.len().max(1) as f64, 1)
        };
        let all = if *hide >= 1.0 { "; all others are left out too, so that there is no knowledge" } else { "" };
        format!(
            "For each of {} seeds {} of the testable regulations ({} %) are hidden at random{all}, and the sign of {} of the \
             testable ones left ({} %) is turned. The responses are the real ones.",
            self.trials.len(),
            mean(|trial| trial.hidden),
            decimal(100.0 * hide, 2),
            mean(|trial| trial.flipped),
            decimal(100.0 * flip, 2),
        )
    }

    fn table(&self) -> MarkdownTable {
        let heads = [
            "row",
            "applied",
            "found",
            "precision",
            "proposed",
            "found",
            "flips",
            "corrected",
            "precision",
            "true removed",
            "AUPR",
            "P@50",
            "P@100",
            "P@ours",
        ];
        let mut table = MarkdownTable::new(1, &heads);
        let names = self
            .trials
            .first()
            .map_or_else(Vec::new, |trial| trial.rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>());
        for (place, name) in names.into_iter().enumerate() {
            let of = |figure: fn(&RealRow) -> Option<f64>| {
                OverSeeds::of(self.trials, |trial| trial.rows.get(place).and_then(figure))
            };
            let count = |figure| of(figure).map_or_else(|| "–".to_owned(), |over| decimal(over.mean, 1));
            let plain = |figure| of(figure).map_or_else(|| "–".to_owned(), |over| score(over.mean));
            let sure =
                |figure| of(figure).map_or_else(|| "–".to_owned(), |over| with_interval(over.mean, over.interval));
            table.push([
                name,
                count(|row| Some(row.applied)),
                count(|row| Some(row.found)),
                sure(|row| share(row.found, row.applied)),
                count(|row| Some(row.proposed)),
                count(|row| Some(row.found_proposed)),
                count(|row| Some(row.flipped)),
                count(|row| Some(row.corrected)),
                plain(|row| share(row.corrected, row.flipped)),
                count(|row| Some(row.removed)),
                sure(|row| row.aupr),
                plain(|row| row.precision_at[0]),
                plain(|row| row.precision_at[1]),
                format!("{} / {}", plain(|row| row.precision_at_ours[0]), plain(|row| row.precision_at_ours[1])),
            ]);
        }
        table
    }
}
