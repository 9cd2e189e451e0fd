//! Which side of a matrix holds genes and which perturbations, and how that is known.

use super::contrast_table::Contrast;
use super::identifiers::IdentifierKind;
use super::long_columns::{GENE, PERTURBATION};
use super::matching::{Match, look_up, parts_of};
use super::table::Table;
use super::unperturbed::unperturbed;
use super::{DatasetError, Layout, ReadOptions};
use crate::biology::GeneTable;

/// Corners that say what stands below them.
const PERTURBED_CORNER: [&str; 12] = [
    "condition",
    "conditions",
    "contrast",
    "contrastid",
    "experiment",
    "sample",
    "samples",
    "treatment",
    "mutant",
    "strain",
    "guide",
    "ko",
];
const GENE_CORNER: [&str; 10] = [
    "genes",
    "geneids",
    "symbols",
    "ensembl",
    "ensemblid",
    "ensemblgeneid",
    "bnumber",
    "probe",
    "probeid",
    "hgncsymbol",
];

/// Where the genes of a matrix stand, and why that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Orientation {
    pub genes_in_rows: bool,
    why: String,
    /// False if nothing but their numbers tells the sides apart.
    sure: bool,
}

impl Orientation {
    pub(super) fn of(
        bytes: &[u8],
        file: &str,
        options: &ReadOptions,
        contrasts: Option<&[Contrast]>,
        genes: &GeneTable,
    ) -> Result<Self, DatasetError> {
        let known = |genes_in_rows, why: &str| Ok(Self { genes_in_rows, why: why.to_owned(), sure: true });
        match options.layout {
            Layout::GenesInRows => return known(true, "as the layout says"),
            Layout::PerturbationsInRows => return known(false, "as the layout says"),
            Layout::Auto | Layout::Long => {}
        }
        let mut table = Table::open(bytes, file, options.delimiter_byte())?;
        table.allow_missing_corner();
        let corner = table.header[0].clone();
        let header: Vec<String> = table.header.iter().skip(1).cloned().collect();
        let mut rows = Vec::new();
        while let Some((_, row)) = table.next_row()? {
            rows.push(row[0].to_owned());
        }
        if let Some(contrasts) = contrasts {
            return Ok(Self::by_contrasts(&header, &rows, contrasts));
        }
        if table.corner_is(&PERTURBATION) || table.corner_is(&PERTURBED_CORNER) {
            return known(false, &format!("the first column is called `{corner}`"));
        }
        if table.corner_is(&GENE) || table.corner_is(&GENE_CORNER) {
            return known(true, &format!("the first column is called `{corner}`"));
        }
        Ok(Self::by_names(&header, &rows, genes))
    }

    fn by_contrasts(header: &[String], rows: &[String], contrasts: &[Contrast]) -> Self {
        let named = |names: &[String]| {
            names.iter().filter(|name| contrasts.iter().any(|contrast| contrast.name == **name)).count()
        };
        let genes_in_rows = named(header) >= named(rows);
        let side = if genes_in_rows { "the header names contrasts" } else { "the first column names contrasts" };
        Self { genes_in_rows, why: side.to_owned(), sure: true }
    }

    fn by_names(header: &[String], rows: &[String], genes: &GeneTable) -> Self {
        let decided = |genes_in_rows, why: String| Self { genes_in_rows, why, sure: true };
        let [in_header, in_rows] =
            [header, rows].map(|names| names.iter().filter(|name| is_written(name, genes)).count());
        if (in_header > 0) != (in_rows > 0) {
            let (place, count) = if in_header > 0 { ("header", in_header) } else { ("first column", in_rows) };
            return decided(
                in_header > 0,
                format!("{count} names in the {place} are written as perturbations or controls"),
            );
        }
        let known = |names: &[String]| names.iter().filter(|name| look_up(name, genes) != Match::Unknown).count();
        let [known_in_header, known_in_rows] = [known(header), known(rows)];
        if known_in_header != known_in_rows {
            let why = format!(
                "{known_in_rows} names in the first column and {known_in_header} in the header are known genes"
            );
            return decided(known_in_rows > known_in_header, why);
        }
        let accessions = |names: &[String]| {
            let kind = IdentifierKind::of_most(names.iter().map(String::as_str));
            kind.filter(|kind| kind.is_accession())
        };
        if let (Some(kind), None) | (None, Some(kind)) = (accessions(rows), accessions(header)) {
            let in_rows = accessions(rows).is_some();
            let place = if in_rows { "first column" } else { "header" };
            return decided(in_rows, format!("the {place} holds {}", kind.word()));
        }
        let why =
            format!("{} names in the first column, {} in the header; genes are mostly more", rows.len(), header.len());
        // A matrix of twenty times as many genes as perturbations is beyond doubt.
        let sure = rows.len().max(header.len()) >= 20 * rows.len().min(header.len());
        Self { genes_in_rows: rows.len() >= header.len(), why, sure }
    }

    /// The choice, and a warning where it was little better than a guess.
    pub(super) fn tell(&self, notes: &mut Vec<String>, warnings: &mut Vec<String>) {
        let (rows, columns) = if self.genes_in_rows { ("genes", "perturbations") } else { ("perturbations", "genes") };
        notes.push(format!("matrix: {rows} in rows, {columns} in columns ({})", self.why));
        if !self.sure {
            warnings.push(format!(
                "{rows} are taken to stand in rows for no better reason than their number; say so if it is the other way round, or \
                 call the first column `gene` or `perturbation`"
            ));
        }
    }
}

/// True for a name that is written as a perturbation or a control, and is not a gene by itself.
fn is_written(name: &str, genes: &GeneTable) -> bool {
    let is_name = |name: &str| look_up(name, genes) != Match::Unknown;
    if is_name(name) {
        return false;
    }
    if unperturbed(name, &is_name).is_some() {
        return true;
    }
    let parts = parts_of(name, &is_name);
    parts.len() != 1 || parts[0] != (name.to_owned(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, known: &[&str]) -> (bool, bool) {
        let mut genes = GeneTable::new();
        known.iter().for_each(|symbol| {
            genes.intern(symbol);
        });
        let found = Orientation::of(text.as_bytes(), "m.csv", &ReadOptions::default(), None, &genes).expect("a matrix");
        (found.genes_in_rows, found.sure)
    }

    #[test]
    fn the_corner_says_what_the_rows_are() {
        assert_eq!(of("perturbation,x,y,z\nA,1,2,3\n", &[]), (false, true));
        assert_eq!(of("Condition,x\nA,1\nB,1\n", &[]), (false, true));
        assert_eq!(of("gene,A,B,C\nx,1,2,3\n", &[]), (true, true));
    }

    #[test]
    fn marks_controls_known_genes_and_accessions_tell_the_sides_apart() {
        assert_eq!(of(",x,y\nfur-,1,2\ncrp-,3,4\nA+B,5,6\n", &[]), (false, true));
        assert_eq!(of(",KLF1,NT,sgMYC-1\nx,1,2,3\n", &[]), (true, true));
        assert_eq!(of(",fur_vs_wt\nx,1\ny,2\n", &[]), (true, true));
        assert_eq!(of(",x,y,z\nA,1,2,3\nB,1,2,3\n", &["x", "y", "z"]), (false, true));
        assert_eq!(of(",ENSG00000141510,ENSG00000136997\nTP53,1,2\nMYC,1,2\nKLF1,1,2\n", &[]), (false, true));
    }

    #[test]
    fn where_only_numbers_tell_the_choice_is_marked_as_a_guess() {
        assert_eq!(of(",STAT1,MYC,KLF1\nKLF1,1,2,3\nAHR,1,2,3\n", &[]), (false, false));
        assert_eq!(of(",fur,crp\nentC,1,2\nlacZ,1,2\n", &[]), (true, false));
    }
}
