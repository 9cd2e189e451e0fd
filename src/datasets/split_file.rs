//! Splits made elsewhere: a JSON object of lists, or a table of perturbations and parts.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::matching::{Match, look_up, parts_of};
use super::split::Part;
use super::table::Table;
use super::{Dataset, DatasetError, SplitPlan, SplitScheme};
use crate::biology::{GeneId, GeneTable};

/// What was made of a split file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitReport {
    /// Rows of the data set that the file puts into a part.
    pub assigned_rows: usize,
    /// Rows of the data set that the file does not name; they are not used.
    pub unassigned_rows: Vec<String>,
    /// Names in the file that are no perturbation of the data set, in order.
    pub unmatched: Vec<String>,
    /// Names of controls in the file, which are no perturbation.
    pub controls: usize,
    /// Perturbations that the file lists both for validation and for test; they are test.
    pub validation_and_test: usize,
}

/// Reads a split: JSON (`{"train": […], "test": […], "val": […]}`) or a table with the columns `perturbation` and `part`.
///
/// A name is that of a row, or names perturbed genes as in a long table (`A+ctrl`, `B+A`); it then stands for all rows with
/// that gene set, whatever was done to the genes. A perturbation listed for validation and for test is test.
///
/// # Errors
/// [`DatasetError`] if the file is not of that form, names nothing of the data set, or puts a perturbation both into train
/// and into another part.
pub fn read_split(
    bytes: &[u8],
    file: &str,
    dataset: &Dataset,
    genes: &GeneTable,
) -> Result<(SplitPlan, SplitReport), DatasetError> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let named = if first == Some(&b'{') { read_json(bytes, file)? } else { read_table(bytes, file)? };
    let rows = RowsByName::of(dataset, genes);
    let mut report = SplitReport::default();
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    for NamedPart { name, part, line } in &named {
        let Some(rows) = rows.named(name) else {
            report.controls += 1;
            continue;
        };
        if rows.is_empty() {
            report.unmatched.push(name.clone());
        }
        for row in rows {
            assign(&mut parts, &dataset.names[row], *part, &mut report)
                .map_err(|first| torn(file, *line, name, first, *part))?;
        }
    }
    if parts.is_empty() {
        let examples = report.unmatched.iter().take(5).cloned().collect();
        return Err(DatasetError::ForeignSplit { file: file.to_owned(), names: named.len(), examples });
    }
    report.assigned_rows = parts.len();
    report.unassigned_rows = dataset.names.iter().filter(|name| !parts.contains_key(*name)).cloned().collect();
    Ok((SplitPlan { scheme: SplitScheme::Assigned { parts }, ..SplitPlan::default() }, report))
}

struct NamedPart {
    name: String,
    part: Part,
    /// 0 in JSON, whose reader tells no lines.
    line: u64,
}

#[derive(Deserialize)]
struct SplitLists {
    train: Vec<String>,
    #[serde(default)]
    test: Vec<String>,
    #[serde(default, alias = "validation", alias = "valid")]
    val: Vec<String>,
}

fn read_json(bytes: &[u8], file: &str) -> Result<Vec<NamedPart>, DatasetError> {
    let lists: SplitLists =
        serde_json::from_slice(bytes).map_err(|cause| DatasetError::SplitFormat { file: file.to_owned(), cause })?;
    let named = |names: Vec<String>, part| names.into_iter().map(move |name| NamedPart { name, part, line: 0 });
    let train = named(lists.train, Part::Train);
    Ok(train.chain(named(lists.val, Part::Validation)).chain(named(lists.test, Part::Test)).collect())
}

fn read_table(bytes: &[u8], file: &str) -> Result<Vec<NamedPart>, DatasetError> {
    let mut table = Table::open(bytes, file, None)?;
    let column = |role, option, aliases: &[&str]| {
        table.aliased_column(aliases).ok_or_else(|| DatasetError::MissingColumn {
            file: file.to_owned(),
            line: table.header_line,
            role,
            accepted: aliases.join(", "),
            option,
            found: table.header.clone(),
            header_missing: false,
        })
    };
    let usual = "its usual name";
    let name = column("perturbation", usual, &["perturbation", "pert", "contrast", "condition", "name"])?;
    let part = column("part of the split", usual, &["part", "split", "set"])?;
    let mut named = Vec::new();
    while let Some((line, row)) = table.next_row()? {
        let unknown = || DatasetError::UnknownPart { file: file.to_owned(), line, text: row[part].to_owned() };
        let part = Part::parse(&row[part]).ok_or_else(unknown)?;
        named.push(NamedPart { name: row[name].to_owned(), part, line });
    }
    Ok(named)
}

fn assign(parts: &mut BTreeMap<String, Part>, row: &str, part: Part, report: &mut SplitReport) -> Result<(), Part> {
    let Some(&known) = parts.get(row) else {
        parts.insert(row.to_owned(), part);
        return Ok(());
    };
    match (known, part) {
        (known, part) if known == part => Ok(()),
        // Some published splits use one list for both; what stops a fit early has been seen by it.
        (Part::Validation, Part::Test) | (Part::Test, Part::Validation) => {
            report.validation_and_test += 1;
            parts.insert(row.to_owned(), Part::Test);
            Ok(())
        }
        _ => Err(known),
    }
}

fn torn(file: &str, line: u64, name: &str, first: Part, second: Part) -> DatasetError {
    DatasetError::TornPerturbation {
        file: file.to_owned(),
        line,
        perturbation: name.to_owned(),
        first: first.word(),
        second: second.word(),
    }
}

/// Finds the rows that a name of a split file means.
struct RowsByName<'a> {
    dataset: &'a Dataset,
    genes: &'a GeneTable,
    by_set: HashMap<Vec<GeneId>, Vec<usize>>,
}

impl<'a> RowsByName<'a> {
    fn of(dataset: &'a Dataset, genes: &'a GeneTable) -> Self {
        Self { dataset, genes, by_set: dataset.gene_sets().into_iter().collect() }
    }

    /// The rows; none if there are none, `None` if the name is that of controls.
    fn named(&self, name: &str) -> Option<Vec<usize>> {
        if let Some(row) = self.dataset.row(name) {
            return Some(vec![row]);
        }
        let parts = parts_of(name, &|name| look_up(name, self.genes) != Match::Unknown);
        if parts.is_empty() {
            return None;
        }
        let gene = |(name, _): &(String, _)| match look_up(name, self.genes) {
            Match::Known(id) => Some(id),
            Match::Unknown | Match::Ambiguous(_) => None,
        };
        let Some(mut set) = parts.iter().map(gene).collect::<Option<Vec<_>>>() else { return Some(Vec::new()) };
        set.sort_unstable();
        set.dedup();
        Some(self.by_set.get(&set).cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::{ReadOptions, read_long};

    fn observations() -> (Dataset, GeneTable) {
        let mut genes = GeneTable::new();
        let text = "perturbation,gene,response\nKLF1+ctrl,A,1\nKLF1+MAP2K6,A,1\nSPI1+ctrl,A,0\nCEBPE+ctrl,A,-1\n";
        let (dataset, _) = read_long(text.as_bytes(), "t.csv", &ReadOptions::default(), &mut genes).expect("reads");
        (dataset, genes)
    }

    fn read(text: &str) -> Result<(SplitPlan, SplitReport), DatasetError> {
        let (dataset, genes) = observations();
        read_split(text.as_bytes(), "split", &dataset, &genes)
    }

    #[test]
    fn a_combination_is_found_in_any_order_and_with_its_control_partner() {
        let (plan, report) = read(
            r#"{"train": ["ctrl", "ctrl+KLF1", "MAP2K6+KLF1"], "test": ["SPI1+ctrl", "FOXP9+ctrl"], "val": ["SPI1+ctrl"]}"#,
        )
        .expect("reads");
        let (dataset, _) = observations();
        let split = SplitPlan { validation: 0.0, ..plan }.split(&dataset, 1).expect("splits");
        assert_eq!((split.train, split.validation, split.test), (vec![0, 1], vec![], vec![2]));
        assert_eq!(report.unmatched, ["FOXP9+ctrl"]);
        assert_eq!((report.controls, report.validation_and_test, report.assigned_rows), (1, 1, 3));
        assert_eq!(report.unassigned_rows, ["CEBPE-"]);
    }

    #[test]
    fn a_table_says_the_same_as_json() {
        let json = read(r#"{"train": ["KLF1", "KLF1+MAP2K6"], "test": ["SPI1"], "val": ["CEBPE"]}"#).expect("reads");
        let table = read("perturbation,part\nKLF1-,train\nMAP2K6+KLF1,train\nSPI1,test\nCEBPE,val\n").expect("reads");
        assert_eq!(json, table);
    }

    #[test]
    fn a_perturbation_in_train_and_test_is_refused() {
        let message = read("perturbation,part\nKLF1,train\nctrl+KLF1,test\n").expect_err("leaks").to_string();
        assert!(message.starts_with("split:3: ") && message.contains("`ctrl+KLF1`"), "{message}");
        assert!(read(r#"{"train": ["KLF1"], "test": ["KLF1+ctrl"]}"#).is_err());
    }

    #[test]
    fn a_split_of_other_perturbations_is_refused() {
        let message = read(r#"{"train": ["FOXA1+ctrl"], "test": []}"#).expect_err("foreign").to_string();
        assert!(message.contains("`FOXA1+ctrl`") && message.contains("another data set"), "{message}");
    }

    #[test]
    fn json_of_another_form_is_refused_with_its_place() {
        let message = read(r#"{"train": ["KLF1", 3]}"#).expect_err("a number").to_string();
        assert!(message.contains("line 1") && message.contains("`train`"), "{message}");
        assert!(read("perturbation,part\nKLF1,somewhere\n").is_err());
    }
}
