//! Columns of `obs` and `var`: strings of both encodings, numbers, and categories as old and new files keep them.

use rust_hdf5::{DatatypeMessage, H5Dataset, H5File, H5Group};

use super::super::error::nearest;
use super::error::{Cause, CellError};

/// Stands for a value that is not given.
pub(super) const MISSING: u32 = u32::MAX;

/// The values of one column: different ones by name, and which of them each row has.
pub(super) struct Labels {
    /// The different values, in the order of the file.
    pub names: Vec<String>,
    /// For each row a position in `names`, or [`MISSING`].
    pub codes: Vec<u32>,
}

/// An open file with its name for messages.
pub(super) struct Open<'a> {
    pub hdf5: H5File,
    pub file: &'a str,
    /// Size of the file on disk.
    pub bytes: u64,
}

impl Open<'_> {
    pub(super) fn unreadable(&self, what: &str, cause: impl Into<Cause>) -> CellError {
        CellError::Unreadable { file: self.file.to_owned(), what: what.to_owned(), cause: cause.into() }
    }

    /// A group at the root of the file.
    pub(super) fn table(&self, table: &'static str) -> Result<H5Group, CellError> {
        self.hdf5.root_group().group(table).map_err(|_| {
            let what = if self.hdf5.dataset(table).is_ok() {
                format!("`{table}` is kept in the form of anndata before 0.7")
            } else {
                format!("there is no `{table}`, so this is not an AnnData file")
            };
            CellError::NotAnnData { file: self.file.to_owned(), what, remedy: "check that it has cells and genes" }
        })
    }

    /// The columns of a table, without its index and the store of old categories.
    pub(super) fn columns(&self, table: &'static str) -> Result<Vec<String>, CellError> {
        let group = self.table(table)?;
        let index = index_name(&group);
        let mut names = group.dataset_names().unwrap_or_default();
        names.extend(group.group_names().unwrap_or_default());
        names.retain(|name| *name != index && name != "__categories");
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Reads a column; without a `column` the index of the table.
    pub(super) fn labels(
        &self,
        table: &'static str,
        column: Option<&str>,
        option: &'static str,
    ) -> Result<Labels, CellError> {
        let group = self.table(table)?;
        let name = column.map_or_else(|| index_name(&group), str::to_owned);
        let place = format!("{table}/{name}");
        if let Ok(values) = self.hdf5.dataset(&place) {
            return self.plain_or_old(table, &name, &values);
        }
        if let Ok(parts) = group.group(&name) {
            return self.parts(&place, &parts);
        }
        let found = self.columns(table)?;
        let nearest = nearest(&name, found.iter().map(String::as_str));
        Err(CellError::UnknownColumn { file: self.file.to_owned(), column: name, nearest, found, option })
    }

    /// A column that is one array: values, or codes whose categories stand apart (anndata before 0.8).
    fn plain_or_old(&self, table: &str, name: &str, values: &H5Dataset) -> Result<Labels, CellError> {
        let place = format!("{table}/{name}");
        match self.hdf5.dataset(&format!("{table}/__categories/{name}")) {
            Ok(categories) => self.categorical(&place, values, &categories),
            Err(_) => Ok(labels_of(self.texts(&place, values)?, is_missing_in(table))),
        }
    }

    /// A column that is a group: codes and categories, or values with a mask.
    fn parts(&self, place: &str, group: &H5Group) -> Result<Labels, CellError> {
        let part = |name: &str| self.hdf5.dataset(&format!("{place}/{name}"));
        let names = group.dataset_names().unwrap_or_default();
        let has = |name: &str| names.iter().any(|known| known == name);
        if has("codes") && has("categories") {
            let codes = part("codes").map_err(|cause| self.unreadable(place, cause))?;
            let categories = part("categories").map_err(|cause| self.unreadable(place, cause))?;
            return self.categorical(place, &codes, &categories);
        }
        if has("values") {
            let values = part("values").map_err(|cause| self.unreadable(place, cause))?;
            let mut texts = self.texts(place, &values)?;
            if let Ok(mask) = part("mask") {
                self.ensure_fits(place, &mask, size_of::<u8>())?;
                let mask = mask.read_raw::<u8>().map_err(|cause| self.unreadable(place, cause))?;
                texts.iter_mut().zip(mask).filter(|(_, masked)| *masked != 0).for_each(|(text, _)| text.clear());
            }
            return Ok(labels_of(texts, is_missing));
        }
        let what = format!("`{place}` is neither an array nor categories");
        Err(CellError::NotAnnData { file: self.file.to_owned(), what, remedy: "turn that column into strings" })
    }

    fn categorical(&self, place: &str, codes: &H5Dataset, categories: &H5Dataset) -> Result<Labels, CellError> {
        let names = self.texts(place, categories)?;
        self.ensure_fits(place, codes, size_of::<i64>() + size_of::<u32>())?;
        let written: Vec<i64> = codes.read_numeric_as().map_err(|cause| self.unreadable(place, cause))?;
        let code = |code: &i64| match usize::try_from(*code) {
            Err(_) => Ok(MISSING),
            Ok(code) if code < names.len() => Ok(if is_missing(&names[code]) { MISSING } else { code as u32 }),
            Ok(code) => Err(self.unreadable(place, format!("code {code} of {} categories", names.len()))),
        };
        let codes = written.iter().map(code).collect::<Result<_, _>>()?;
        Ok(Labels { names, codes })
    }

    fn texts(&self, place: &str, values: &H5Dataset) -> Result<Vec<String>, CellError> {
        let failed = |cause| self.unreadable(place, cause);
        self.ensure_texts_fit(place, values)?;
        match values.datatype().map_err(failed)? {
            DatatypeMessage::FixedPoint { .. } | DatatypeMessage::BitField { .. } => {
                let numbers: Vec<i64> = values.read_numeric_as().map_err(failed)?;
                Ok(numbers.iter().map(ToString::to_string).collect())
            }
            DatatypeMessage::FloatingPoint { .. } => {
                let numbers: Vec<f64> = values.read_numeric_as().map_err(failed)?;
                Ok(numbers
                    .iter()
                    .map(|number| if number.is_nan() { String::new() } else { number.to_string() })
                    .collect())
            }
            DatatypeMessage::Enum { .. } => {
                let truths = values.read_raw::<u8>().map_err(failed)?;
                Ok(truths.iter().map(|&truth| if truth == 0 { "False" } else { "True" }.to_owned()).collect())
            }
            _ => values.read_strings().or_else(|_| values.read_strings_lossy()).map_err(failed),
        }
    }
}

/// The name of the column that names the rows.
fn index_name(group: &H5Group) -> String {
    group.attr_string("_index").unwrap_or_else(|_| "_index".to_owned())
}

fn labels_of(texts: Vec<String>, is_missing: fn(&str) -> bool) -> Labels {
    let mut labels = Labels { names: Vec::new(), codes: Vec::with_capacity(texts.len()) };
    let mut known = std::collections::HashMap::new();
    for text in texts {
        if is_missing(&text) {
            labels.codes.push(MISSING);
            continue;
        }
        let next = labels.names.len() as u32;
        let code = *known.entry(text).or_insert_with_key(|text| {
            labels.names.push(text.clone());
            next
        });
        labels.codes.push(code);
    }
    labels
}

/// Cells may say in words that nothing is known; a gene may be called `nan` (in *Drosophila* one is).
fn is_missing_in(table: &str) -> fn(&str) -> bool {
    if table.ends_with("var") { |text| text.trim().is_empty() } else { is_missing }
}

/// True for a text that says that nothing is known.
fn is_missing(text: &str) -> bool {
    matches!(text.trim(), "" | "nan" | "NaN" | "NA" | "None" | "<NA>")
}
