//! TRRUST: transcription factor → target regulations mined from abstracts and curated.
//!
//! # Reference
//! Han et al. 2018, *Nucleic Acids Res* 46:D380, doi:10.1093/nar/gkx1013.

use crate::biology::{Citation, Gene, GeneTable};

use super::collection::Collection;
use super::collectri::pubmed;
use super::delimited::{Layout, Table, first_fields};
use super::sign_words::read_signs;
use super::{ImportError, Imported, NO_SIGN};

/// How to import TRRUST.
#[derive(Clone, Debug, Default)]
pub struct TrrustOptions {
    /// Accessions and aliases to add to the genes, by symbol.
    pub catalogue: Option<GeneTable>,
}

/// Imports four columns: regulator, target, mode (Activation, Repression, Unknown), PubMed numbers joined by `;`.
///
/// A header may stand above them; it is known by a third field that is not a mode.
///
/// # Errors
/// [`ImportError`] if the file has not four columns or a mode is not understood.
pub fn import(content: &[u8], file_name: &str, options: &TrrustOptions) -> Result<Imported, ImportError> {
    let layout = Layout::guess_quotes(content);
    let first = first_fields(content, layout);
    if first.len() != 4 {
        return Err(ImportError::UnknownFormat {
            file: file_name.to_owned(),
            first_line: first.join(" "),
            known: "tab-separated regulator, target, mode, PubMed numbers",
        });
    }
    let header = read_signs(&first[2]).is_none();
    let mut table = Table::open(content, file_name, Layout { header, ..layout })?;
    let mut collection = Collection::default();
    while table.next_row()? {
        collection.read_row();
        let signs =
            read_signs(table.field(2)).ok_or_else(|| table.value_error(2, "Activation, Repression or Unknown"))?;
        let regulator = Gene::named(table.single_gene(0, "regulator")?);
        let target = Gene::named(table.single_gene(1, "target")?);
        if signs.is_empty() {
            collection.leave_out(NO_SIGN, table.line());
            continue;
        }
        let references = pubmed(table.field(3));
        let citation = Citation {
            kinds: vec!["transcriptional".to_owned()],
            sources: vec!["TRRUST".to_owned()],
            evidence_count: u32::try_from(references.len()).unwrap_or(u32::MAX),
            references,
            confidence: None,
        };
        let ends = [collection.gene(regulator), collection.gene(target)];
        collection.state(&ends[..1], &ends[1..], signs, &citation);
    }
    Ok(collection.finish(options.catalogue.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "TP53\tCDKN1A\tActivation\t11;12\nTP53\tBCL2\tRepression\t13\nTP53\tMYC\tUnknown\t14\n\
        TP53\tCDKN1A\tRepression\t15\n";

    #[test]
    fn rows_are_read_with_and_without_a_header() {
        let with_header = format!("Gene1\tGene2\tMode_of_Regulation\tPMID\n{ROWS}");
        for (content, first_line) in [(ROWS, 1), (with_header.as_str(), 2)] {
            let imported = import(content.as_bytes(), "trrust.tsv", &TrrustOptions::default()).expect("a good file");
            assert_eq!((imported.counts.read, imported.counts.kept), (4, 3));
            assert_eq!(imported.counts.left_out[NO_SIGN].lines, [first_line + 2]);
            assert!(imported.counts.is_balanced());
        }
    }

    #[test]
    fn two_modes_of_one_pair_are_two_regulations_each_with_its_publications() {
        let imported = import(ROWS.as_bytes(), "trrust.tsv", &TrrustOptions::default()).expect("a good file");
        let target = imported.genes.id("CDKN1A").expect("there");
        let of_target = imported.regulations.iter().filter(|cited| cited.regulation.target == target);
        let references: Vec<&[String]> = of_target.map(|cited| cited.citation.references.as_slice()).collect();
        assert_eq!(references, [&["PMID:11".to_owned(), "PMID:12".to_owned()][..], &["PMID:15".to_owned()][..]]);
    }

    #[test]
    fn another_table_is_refused() {
        let error = import(b"a,b,c\n", "t.csv", &TrrustOptions::default()).expect_err("commas");
        assert!(matches!(error, ImportError::UnknownFormat { .. }), "{error}");
    }
}
