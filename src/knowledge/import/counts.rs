//! The bookkeeping of an import: every row read is accounted for.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// How many line numbers are kept as examples per reason.
const EXAMPLES: usize = 3;

/// Rows left out for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// How many.
    pub rows: u64,
    /// The first few line numbers, from 1.
    pub lines: Vec<u64>,
}

/// What became of every row that was read.
///
/// ```text
/// read + split = kept + merged + Σ left_out
/// ```
/// A row is left out for one reason, or makes one statement, or makes several (both signs, members of a complex): the
/// further ones are counted in `split`. A statement is kept as a regulation of its own or merged into one that is
/// there already (same regulator, target and sign).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportCounts {
    /// Rows read (in list formats: targets read).
    pub read: u64,
    /// Rows used that say both activation and inhibition.
    pub both_signs: u64,
    /// Statements beyond the first of a row.
    pub split: u64,
    /// Statements merged into a regulation that was there already.
    pub merged: u64,
    /// Regulations kept.
    pub kept: u64,
    /// Genes at the ends of the regulations kept.
    pub genes: u64,
    /// Rows left out, by reason.
    pub left_out: BTreeMap<String, LeftOut>,
}

impl ImportCounts {
    /// Counts a row as left out for `reason`.
    pub(super) fn leave_out(&mut self, reason: &str, line: u64) {
        if !self.left_out.contains_key(reason) {
            self.left_out.insert(reason.to_owned(), LeftOut::default());
        }
        let entry = self.left_out.get_mut(reason).expect("the reason was entered just above");
        entry.rows += 1;
        if entry.lines.len() < EXAMPLES {
            entry.lines.push(line);
        }
    }

    /// Rows left out for `reason`; 0 if there was none.
    #[must_use]
    pub fn left_out_for(&self, reason: &str) -> u64 {
        self.left_out.get(reason).map_or(0, |entry| entry.rows)
    }

    /// Rows left out for any reason.
    #[must_use]
    pub fn left_out_in_all(&self) -> u64 {
        self.left_out.values().map(|entry| entry.rows).sum()
    }

    /// True if every row is accounted for.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.read + self.split == self.kept + self.merged + self.left_out_in_all()
    }
}

impl ImportCounts {
    /// A small table of the counts, in which what is kept is called `kept`, for example `terms`; lines that are zero are left away.
    #[must_use]
    pub fn told(&self, kept: &str) -> String {
        let mut lines = vec![format!("{:>9}  read", self.read)];
        for (reason, entry) in &self.left_out {
            lines.push(format!("{:>9}  left out: {reason} ({})", entry.rows, told_lines(entry)));
        }
        let others = [
            (self.both_signs, "with both signs"),
            (self.split, "further statements of one row"),
            (self.merged, "merged into one already there"),
        ];
        for (count, what) in others.into_iter().filter(|&(count, _)| count > 0) {
            lines.push(format!("{count:>9}  {what}"));
        }
        lines.push(format!("{:>9}  {kept} kept", self.kept));
        lines.join("\n")
    }
}

impl fmt::Display for ImportCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, among {} genes", self.told("regulations"), self.genes)
    }
}

fn told_lines(entry: &LeftOut) -> String {
    let lines: Vec<String> = entry.lines.iter().map(u64::to_string).collect();
    let more = if entry.rows > entry.lines.len() as u64 { ", …" } else { "" };
    let word = if entry.rows == 1 { "line" } else { "lines" };
    format!("{word} {}{more}", lines.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_keeps_its_first_three_lines_and_its_full_number() {
        let mut counts = ImportCounts { read: 5, kept: 1, genes: 2, ..ImportCounts::default() };
        for line in [2, 4, 6, 8] {
            counts.leave_out("no sign", line);
        }
        assert_eq!(counts.left_out["no sign"], LeftOut { rows: 4, lines: vec![2, 4, 6] });
        assert!(counts.is_balanced());
        assert!(counts.to_string().contains("4  left out: no sign (lines 2, 4, 6, …)"), "{counts}");
    }

    #[test]
    fn a_row_that_is_lost_unbalances_the_counts() {
        let counts = ImportCounts { read: 2, kept: 1, ..ImportCounts::default() };
        assert!(!counts.is_balanced());
    }
}
