//! A first look through a long table: which column names perturbed genes, and whether *direction* means the response.

use std::collections::{BTreeSet, HashMap};

use super::long_columns::{FoundColumns, Perturbed};
use super::matching::direction;
use super::table::{Table, plain};
use super::unperturbed::{is_state, unperturbed};
use super::{DatasetError, ReadOptions};

/// This many different values of a column tell whether it names genes.
const ENOUGH: usize = 100;

/// Settles what the header alone leaves open. What was changed is told, a line each.
pub(super) fn settle(
    columns: &mut FoundColumns,
    bytes: &[u8],
    file: &str,
    options: &ReadOptions,
) -> Result<Vec<String>, DatasetError> {
    let mut told = Vec::new();
    if columns.candidates.len() > 1 {
        told.extend(choose_perturbation(columns, bytes, file, options)?);
    }
    if let Some(column) = columns.direction.filter(|_| !columns.direction_named)
        && let Some(reason) = says_response(columns, column, bytes, file, options)?
    {
        let table = open(bytes, file, options)?;
        columns.direction = None;
        told.push(format!(
            "column `{}` is the response and not what was done to the perturbed gene: {reason}; it is not used",
            table.header[column]
        ));
    }
    Ok(told)
}

fn open<'a>(bytes: &'a [u8], file: &'a str, options: &ReadOptions) -> Result<Table<'a>, DatasetError> {
    let mut table = Table::open(bytes, file, options.delimiter_byte())?;
    table.allow_row_names();
    Ok(table)
}

/// Takes the first column that names anything but words for *perturbed*.
fn choose_perturbation(
    columns: &mut FoundColumns,
    bytes: &[u8],
    file: &str,
    options: &ReadOptions,
) -> Result<Option<String>, DatasetError> {
    let mut table = open(bytes, file, options)?;
    let mut values: Vec<BTreeSet<String>> = vec![BTreeSet::new(); columns.candidates.len()];
    while let Some((_, row)) = table.next_row()? {
        for (values, &column) in values.iter_mut().zip(&columns.candidates) {
            if values.len() < ENOUGH && !values.contains(&row[column]) {
                values.insert(row[column].to_owned());
            }
        }
    }
    let names_genes = |values: &BTreeSet<String>| {
        values.iter().any(|value| unperturbed(value, &|_| false).is_none() && !is_state(value))
    };
    let Some(chosen) = values.iter().position(names_genes).filter(|&chosen| chosen > 0) else { return Ok(None) };
    let (first, column) = (columns.candidates[0], columns.candidates[chosen]);
    columns.perturbation = Perturbed::Column(column);
    Ok(Some(format!(
        "column `{}` names no gene, so the perturbation is taken from column `{}`",
        table.header[first], table.header[column]
    )))
}

/// What a direction column shows of itself, row by row.
#[derive(Default)]
struct Shown {
    of_perturbation: HashMap<(String, String), String>,
    different: BTreeSet<String>,
    varies: bool,
    /// Rows in which it has the sign of the change, and those in which it has the other.
    along: u64,
    against: u64,
    /// True if a word says what was done, and can mean nothing else.
    treatment: bool,
    /// True if a word is one of responses.
    response: bool,
}

/// Why a column of directions holds the response; `None` if it holds what was done.
fn says_response(
    columns: &FoundColumns,
    column: usize,
    bytes: &[u8],
    file: &str,
    options: &ReadOptions,
) -> Result<Option<&'static str>, DatasetError> {
    let mut table = open(bytes, file, options)?;
    let mut shown = Shown::default();
    while let Some((_, row)) = table.next_row()? {
        let perturbation = match columns.perturbation {
            Perturbed::Column(column) => &row[column],
            Perturbed::All(_) => "",
        };
        let contrast = columns.contrast.map_or("", |column| &row[column]);
        let changed = columns.response.or(columns.log2fc.map(|found| found.column)).map_or("", |column| &row[column]);
        shown.note(perturbation, contrast, &row[column], changed);
    }
    Ok(shown.response_reason())
}

impl Shown {
    fn note(&mut self, perturbation: &str, contrast: &str, text: &str, changed: &str) {
        if text.is_empty() {
            return;
        }
        let word = response_word(text);
        self.response |= word.is_some();
        self.treatment |= word.is_none() && text.split([',', ';']).all(|part| direction(part).is_some());
        if !self.different.contains(text) {
            self.different.insert(text.to_owned());
        }
        let first = self.of_perturbation.entry((perturbation.to_owned(), contrast.to_owned()));
        self.varies |= first.or_insert_with(|| text.to_owned()) != text;
        let sign = match changed {
            "up" => 1.0,
            "down" => -1.0,
            number => number.parse::<f64>().unwrap_or(0.0),
        };
        match word {
            Some(way) if way != 0 && sign != 0.0 && sign.is_finite() => {
                let same = (sign > 0.0) == (way > 0);
                *(if same { &mut self.along } else { &mut self.against }) += 1;
            }
            _ => {}
        }
    }

    fn response_reason(&self) -> Option<&'static str> {
        if self.treatment || !self.response {
            return None;
        }
        if self.varies {
            return Some("it varies within one perturbation");
        }
        let worded = self.different.iter().any(|text| text.chars().any(char::is_alphabetic));
        let follows = self.along > 0 && self.against == 0 && (worded || self.different.len() > 1);
        follows.then_some("it has the sign of the change in every row")
    }
}

/// The way that a word of responses goes; `None` if it is none.
fn response_word(text: &str) -> Option<i8> {
    match text.trim() {
        "-" | "−" | "-1" => return Some(-1),
        "+" | "+1" | "1" => return Some(1),
        "0" => return Some(0),
        _ => {}
    }
    let plain = plain(text);
    const UP: [&str; 5] = ["increased", "increase", "induced", "higher", "positive"];
    const DOWN: [&str; 6] = ["decreased", "decrease", "repressed", "reduced", "lower", "negative"];
    const NONE: [&str; 9] =
        ["ns", "notsignificant", "notsig", "unchanged", "nochange", "no", "none", "stable", "notde"];
    if plain.starts_with("up") || UP.contains(&plain.as_str()) {
        Some(1)
    } else if plain.starts_with("down") || DOWN.contains(&plain.as_str()) {
        Some(-1)
    } else {
        NONE.contains(&plain.as_str()).then_some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(rows: &[(&str, &str, &str)]) -> Option<&'static str> {
        let mut shown = Shown::default();
        rows.iter().for_each(|(perturbation, text, changed)| shown.note(perturbation, "", text, changed));
        shown.response_reason()
    }

    #[test]
    fn a_direction_that_varies_or_follows_the_change_is_the_response() {
        assert_eq!(reason(&[("A", "up", "2"), ("A", "down", "-1")]), Some("it varies within one perturbation"));
        assert!(reason(&[("A", "down", "-2"), ("B", "down", "-1")]).is_some());
        assert!(reason(&[("A", "+", "2"), ("B", "-", "-1")]).is_some());
        assert!(reason(&[("A", "Upregulated", "2"), ("A", "NS", "0.1")]).is_some());
    }

    #[test]
    fn a_direction_that_says_what_was_done_is_taken_at_its_word() {
        for rows in [
            &[("A", "overexpression", "2"), ("B", "+", "1")][..],
            &[("A", "CRISPRi", "-2"), ("B", "CRISPRa", "1")],
            &[("A", "+", "2"), ("A", "+", "-1"), ("B", "-", "1")],
            &[("A", "+", "2"), ("B", "+", "1")],
            &[("A", "-,+", "2")],
            &[("A", "sideways", "2")],
        ] {
            assert_eq!(reason(rows), None, "{rows:?}");
        }
    }
}
