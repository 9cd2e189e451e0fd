//! Contrasts: which samples are compared, and what was done to the treated ones.

use csv::StringRecord;

use super::DatasetError;
use super::matching::{direction, parts_of};
use super::table::Table;
use crate::biology::Direction;

/// One comparison of treated samples with reference samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contrast {
    /// Its name, unique in a table.
    pub name: String,
    /// The perturbed genes, by the names of the table, with what was done to each.
    pub perturbed: Vec<(String, Direction)>,
    /// Samples of the perturbed cells.
    pub treated: Vec<String>,
    /// Samples of the reference cells.
    pub references: Vec<String>,
    /// Genes whose responses are not to be called, since something else than the perturbation sets them apart, for
    /// example genes that only one of the two strains has.
    pub excluded: Vec<String>,
    /// Remarks.
    pub note: String,
    /// Line of the table.
    pub line: u64,
}

impl Contrast {
    /// The perturbation in the notation of [`crate::biology::Perturbation::parse`], by the names of the table.
    #[must_use]
    pub fn notation(&self) -> String {
        let mark = |direction| if direction == Direction::Deletion { '-' } else { '+' };
        let parts: Vec<_> =
            self.perturbed.iter().map(|(name, direction)| format!("{name}{}", mark(*direction))).collect();
        parts.join(",")
    }
}

const NAME: [&str; 3] = ["contrast", "contrastid", "name"];
const PERTURBED: [&str; 6] =
    ["perturbation", "perturbedgenes", "perturbedgene", "deletedgenes", "deletedgene", "genes"];
const DIRECTION: [&str; 3] = ["direction", "perturbationsign", "sign"];
const TREATED: [&str; 5] = ["treatedsamples", "kosamples", "perturbedsamples", "treated", "samples"];
const REFERENCES: [&str; 4] = ["referencesamples", "references", "reference", "controlsamples"];
const EXCLUDED: [&str; 2] = ["excludedgenes", "excluded"];
const NOTE: [&str; 3] = ["note", "notes", "remark"];

/// Reads a contrast table: name, perturbed genes, and lists of treated and reference samples, each joined by `;`.
///
/// A table that only explains the columns of a wide matrix needs no samples. Genes move in the `default` direction
/// where neither a mark nor a direction column says otherwise.
///
/// # Errors
/// [`DatasetError`], naming the line, for a missing column, a contrast that stands there twice, perturbs nothing, or has
/// one sample on both sides.
pub fn read_contrasts(bytes: &[u8], file: &str, default: Direction) -> Result<Vec<Contrast>, DatasetError> {
    let mut table = Table::open(bytes, file, None)?;
    let column = |role, aliases: &[&str]| {
        table.aliased_column(aliases).ok_or_else(|| DatasetError::MissingColumn {
            file: file.to_owned(),
            line: table.header_line,
            role,
            accepted: aliases.join(", "),
            option: "its usual name",
            found: table.header.clone(),
            header_missing: false,
        })
    };
    let columns = ContrastColumns {
        name: column("name of the contrast", &NAME)?,
        perturbed: column("perturbed genes", &PERTURBED)?,
        direction: table.aliased_column(&DIRECTION),
        treated: table.aliased_column(&TREATED),
        references: table.aliased_column(&REFERENCES),
        excluded: table.aliased_column(&EXCLUDED),
        note: table.aliased_column(&NOTE),
    };
    let mut contrasts: Vec<Contrast> = Vec::new();
    while let Some((line, row)) = table.next_row()? {
        let contrast = columns.contrast(file, line, &row, default)?;
        if let Some(first) = contrasts.iter().find(|known| known.name == contrast.name) {
            let (file, first_line) = (file.to_owned(), first.line);
            return Err(DatasetError::RepeatedContrast { file, line, contrast: contrast.name, first_line });
        }
        contrasts.push(contrast);
    }
    Ok(contrasts)
}

struct ContrastColumns {
    name: usize,
    perturbed: usize,
    direction: Option<usize>,
    treated: Option<usize>,
    references: Option<usize>,
    excluded: Option<usize>,
    note: Option<usize>,
}

impl ContrastColumns {
    fn contrast(
        &self,
        file: &str,
        line: u64,
        row: &StringRecord,
        default: Direction,
    ) -> Result<Contrast, DatasetError> {
        let field = |column: Option<usize>| column.map_or("", |column| &row[column]);
        let name = row[self.name].to_owned();
        if name.is_empty() {
            return Err(DatasetError::EmptyName { file: file.to_owned(), line, role: "name of the contrast" });
        }
        let stated = field(self.direction);
        let default = match stated {
            "" => default,
            text => direction(text).ok_or_else(|| DatasetError::UnknownDirection {
                file: file.to_owned(),
                line,
                text: text.to_owned(),
            })?,
        };
        let parts = parts_of(&row[self.perturbed], &|_| false);
        if parts.is_empty() {
            return Err(DatasetError::EmptyName { file: file.to_owned(), line, role: "perturbed gene" });
        }
        let perturbed = parts.into_iter().map(|(name, mark)| (name, mark.unwrap_or(default))).collect();
        let (treated, references) = (list(field(self.treated)), list(field(self.references)));
        if let Some(sample) = treated.iter().find(|sample| references.contains(sample)) {
            let (file, sample) = (file.to_owned(), sample.clone());
            return Err(DatasetError::SampleOnBothSides { file, line, contrast: name, sample });
        }
        let (excluded, note) = (list(field(self.excluded)), field(self.note).to_owned());
        Ok(Contrast { name, perturbed, treated, references, excluded, note, line })
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(';').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
