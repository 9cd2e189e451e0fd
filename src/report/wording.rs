//! Numbers and names in words: one way to write each, for every format.

use std::borrow::Cow;

use crate::biology::{Direction, Entry, GeneId, GeneTable, Regulation, Sign, StatementKind};
use crate::metrics::{Interval, PairedDifference};

/// Symbols of genes and notations of perturbations.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub genes: &'a GeneTable,
    pub rows: &'a [String],
}

impl<'a> Names<'a> {
    /// The symbol of a gene; its number if the table does not hold it.
    pub fn gene(&self, id: GeneId) -> Cow<'a, str> {
        if id.index() < self.genes.len() {
            return Cow::Borrowed(self.genes.symbol(id));
        }
        Cow::Owned(format!("gene #{}", id.index()))
    }

    /// `fur- (entC)`: the perturbation, and the gene that responds.
    pub fn entry(&self, entry: Entry) -> String {
        let row = usize::try_from(entry.perturbation).ok().and_then(|row| self.rows.get(row));
        let row = row.map_or_else(|| Cow::Owned(format!("row #{}", entry.perturbation)), |row| Cow::Borrowed(&**row));
        format!("{row} ({})", self.gene(entry.gene))
    }

    /// `fur inhibits entC`, or of an effect `more fur lowers entC`.
    pub fn statement(&self, kind: StatementKind, regulation: Regulation) -> String {
        let (more, verb) = match (kind, regulation.sign) {
            (StatementKind::Regulation, Sign::Activation) => ("", "activates"),
            (StatementKind::Regulation, Sign::Inhibition) => ("", "inhibits"),
            (StatementKind::Effect, Sign::Activation) => ("more ", "raises"),
            (StatementKind::Effect, Sign::Inhibition) => ("more ", "lowers"),
        };
        format!("{more}{} {verb} {}", self.gene(regulation.regulator), self.gene(regulation.target))
    }

    /// What was done to `gene` in a row, by the notation of that row.
    pub fn direction(&self, row: u32, gene: GeneId) -> Option<Direction> {
        let notation = usize::try_from(row).ok().and_then(|row| self.rows.get(row))?;
        let changes = notation.split_once(" (").map_or(notation.as_str(), |(changes, _)| changes);
        let mark = |change: &str| change.strip_prefix(&*self.gene(gene)).map(str::to_owned);
        changes.split(',').find_map(|change| match mark(change)?.as_str() {
            "-" => Some(Direction::Deletion),
            "+" => Some(Direction::Overexpression),
            _ => None,
        })
    }
}

/// `1 revision`, `2,000 revisions`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// At most `places` decimals, none of them an idle zero; a dash for what is not a number.
pub(super) fn decimal(number: f64, places: usize) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{number:.places$}");
    let trimmed = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if trimmed == "-0" { "0".to_owned() } else { trimmed.to_owned() }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn joined(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A score in `[0, 1]`, three decimals.
pub(super) fn score(number: f64) -> String {
    if number.is_finite() { format!("{number:.3}") } else { "–".to_owned() }
}

/// A share in `[0, 1]` as `12.3 %`.
pub(super) fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", 100.0 * share) } else { "–".to_owned() }
}

/// `0.412 (0.380–0.441)`.
pub(super) fn with_interval(figure: f64, interval: Option<Interval>) -> String {
    match interval {
        Some(Interval { lower, upper, .. }) => format!("{} ({}–{})", score(figure), score(lower), score(upper)),
        None => score(figure),
    }
}

/// `+0.0131 (+0.0100 to +0.0163)`.
pub(super) fn difference(paired: PairedDifference) -> String {
    let Interval { estimate, lower, upper, .. } = paired.difference;
    format!("{estimate:+.4} ({lower:+.4} to {upper:+.4})")
}

/// `None` for what is not a number, so that no format ever shows one.
pub(super) fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped_and_one_is_singular() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1000, 1_234_567].map(grouped).each_ref().map(|t| &**t));
        assert_eq!(counted(1, "revision"), "1 revision");
        assert_eq!(counted(5000, "revision"), "5,000 revisions");
    }

    #[test]
    fn a_decimal_keeps_what_it_says_and_no_idle_zero() {
        assert_eq!(decimal(2.50, 2), "2.5");
        assert_eq!(decimal(100.0, 0), "100");
        assert_eq!(decimal(-0.0001, 2), "0");
        assert_eq!(decimal(f64::NAN, 2), "–");
    }
}
