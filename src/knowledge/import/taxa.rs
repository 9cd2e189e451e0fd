//! Which species a file speaks of, and which of them is wanted.

use std::collections::BTreeMap;

use super::ImportError;
use super::delimited::Table;

/// The numbers of the taxa in a file, with their rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Taxa {
    rows: BTreeMap<String, u64>,
}

impl Taxa {
    /// Counts the rows of a table by a column of NCBI's numbers; nothing without such a column.
    ///
    /// # Errors
    /// Those of the table.
    pub(super) fn of(mut table: Table<'_>, column: Option<usize>) -> Result<Self, ImportError> {
        let mut taxa = Self::default();
        let Some(column) = column else { return Ok(taxa) };
        while table.next_row()? {
            taxa.add(table.field(column));
        }
        Ok(taxa)
    }

    /// Counts one row.
    pub(super) fn add(&mut self, field: &str) {
        match self.rows.get_mut(number_of(field)) {
            Some(rows) => *rows += 1,
            None => drop(self.rows.insert(number_of(field).to_owned(), 1)),
        }
    }

    /// The taxon whose rows are taken; `None` if all are, since there is one taxon or none at all.
    ///
    /// # Errors
    /// [`ImportError::SeveralTaxa`] if none of several is wanted, [`ImportError::AbsentValue`] if the wanted one is not there.
    pub(super) fn chosen<'w>(&self, file: &str, wanted: Option<&'w str>) -> Result<Option<&'w str>, ImportError> {
        let wanted = wanted.map(number_of);
        match wanted {
            None if self.rows.len() > 1 => {
                Err(ImportError::SeveralTaxa { file: file.to_owned(), taxa: self.by_rows() })
            }
            Some(taxon) if !self.rows.is_empty() && !self.rows.contains_key(taxon) => Err(ImportError::AbsentValue {
                file: file.to_owned(),
                column: "taxon",
                wanted: taxon.to_owned(),
                found: self.by_rows().into_iter().map(|(taxon, _)| taxon).take(20).collect(),
            }),
            _ => Ok(wanted.filter(|_| !self.rows.is_empty())),
        }
    }

    fn by_rows(&self) -> Vec<(String, u64)> {
        let mut taxa: Vec<_> = self.rows.iter().map(|(taxon, &rows)| (taxon.clone(), rows)).collect();
        taxa.sort_by(|(one, a), (other, b)| b.cmp(a).then(one.cmp(other)));
        taxa
    }
}

/// `taxon:9606|taxon:1280` → `9606`: the species of the gene, not the one that it meets.
pub(super) fn number_of(field: &str) -> &str {
    let first = field.split('|').next().unwrap_or_default().trim();
    first.rsplit(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taxa(fields: &[&str]) -> Taxa {
        let mut taxa = Taxa::default();
        fields.iter().for_each(|field| taxa.add(field));
        taxa
    }

    #[test]
    fn one_taxon_needs_no_choice_and_of_several_one_must_be_made() {
        let one = taxa(&["taxon:9606", "taxon:9606|taxon:1280"]);
        assert_eq!((one.chosen("f", None), one.chosen("f", Some("taxon:9606"))), (Ok(None), Ok(Some("9606"))));
        let two = taxa(&["taxon:9823", "taxon:9606", "9606"]);
        let message = two.chosen("x.gaf", None).expect_err("two").to_string();
        assert!(message.starts_with("x.gaf holds rows of 2 taxa: 9606 (2 rows), 9823 (1 row)"), "{message}");
        assert!(two.chosen("f", Some("562")).is_err());
        assert_eq!(Taxa::default().chosen("f", Some("562")), Ok(None));
    }
}
