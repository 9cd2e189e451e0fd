//! CollecTRI: signed transcription factor → target regulations, as decoupler and OmniPath hand them out.
//!
//! # Reference
//! Müller-Dott et al. 2023, *Nucleic Acids Res* 51:10934, doi:10.1093/nar/gkad841.

use crate::biology::{Citation, Gene, GeneTable};

use super::collection::Collection;
use super::delimited::{Layout, Table, parts};
use super::sign_words::read_signs;
use super::{ImportError, Imported, NO_SIGN};

/// How to import CollecTRI.
#[derive(Clone, Debug, Default)]
pub struct CollecTriOptions {
    /// Accessions and aliases to add to the genes, by symbol.
    pub catalogue: Option<GeneTable>,
}

/// Imports a table with the columns `source`, `target` and `weight` (1 activation, −1 inhibition, 0 unknown).
///
/// The columns `resources` and `references` or `PMID` of the longer form are cited, joined by `;`; other columns, such as the
/// rule by which the sign was decided, are not used. Commas or tabs are known by the first line.
///
/// # Errors
/// [`ImportError`] if the file is no such table or a weight is none of 1, −1 and 0.
pub fn import(content: &[u8], file_name: &str, options: &CollecTriOptions) -> Result<Imported, ImportError> {
    let mut table = Table::open(content, file_name, Layout::guess(content))?;
    let (regulator, target) = (table.column("source")?, table.column("target")?);
    let weight = table.column("weight")?;
    let resources = table.optional("resources");
    let references = ["references", "PMID", "pmid"].into_iter().find_map(|name| table.optional(name));
    let mut collection = Collection::default();
    while table.next_row()? {
        collection.read_row();
        let signs = read_signs(table.field(weight)).ok_or_else(|| table.value_error(weight, "1, -1 or 0"))?;
        let regulator = Gene::named(table.gene_name(regulator, "source")?);
        let target = Gene::named(table.gene_name(target, "target")?);
        if signs.is_empty() {
            collection.leave_out(NO_SIGN, table.line());
            continue;
        }
        let mut sources = parts(table.field_if(resources), &[';']);
        sources.push("CollecTRI".to_owned());
        let publications = pubmed(table.field_if(references));
        let citation = Citation {
            kinds: vec!["transcriptional".to_owned()],
            sources,
            evidence_count: u32::try_from(publications.len()).unwrap_or(u32::MAX),
            references: publications,
            confidence: None,
        };
        let ends = [collection.gene(regulator), collection.gene(target)];
        collection.state(&ends[..1], &ends[1..], signs, &citation);
    }
    Ok(collection.finish(options.catalogue.as_ref()))
}

/// `123;456` or `A:123;B:123` → `PMID:…`, sorted, without repeats.
pub(super) fn pubmed(list: &str) -> Vec<String> {
    let identifier = |text: String| {
        let last = text.rsplit(':').next().unwrap_or_default().trim().to_owned();
        if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) { format!("PMID:{last}") } else { text }
    };
    let mut references: Vec<String> = parts(list, &[';', '|']).into_iter().map(identifier).collect();
    references.sort();
    references.dedup();
    references
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::Sign;

    fn imported(content: &str) -> Imported {
        let imported = import(content.as_bytes(), "collectri.csv", &CollecTriOptions::default()).expect("a good file");
        assert!(imported.counts.is_balanced(), "{}", imported.counts);
        imported
    }

    #[test]
    fn the_weight_is_the_sign() {
        let imported = imported(
            "\"source\",\"target\",\"weight\"\n\"MYC\",\"TERT\",1\n\"MYC\",\"CDKN1A\",-1\n\"AP1\",\"JUN\",0\n",
        );
        let signs: Vec<Sign> = imported.regulations.iter().map(|cited| cited.regulation.sign).collect();
        assert_eq!(signs, [Sign::Inhibition, Sign::Activation], "CDKN1A before TERT");
        assert_eq!(imported.counts.left_out_for(NO_SIGN), 1);
    }

    #[test]
    fn the_long_form_cites_resources_and_publications() {
        let imported = imported(
            "source\ttarget\tweight\tresources\treferences\tsign_decision\n\
             SPI1\tBGLAP\t-1.0\tExTRI;TRRUST\t10022617;TRRUST:10022617;5\tPMID\n",
        );
        let citation = &imported.regulations[0].citation;
        assert_eq!(citation.sources, ["CollecTRI", "ExTRI", "TRRUST"]);
        assert_eq!(citation.references, ["PMID:10022617", "PMID:5"]);
        assert_eq!(citation.evidence_count, 2);
    }

    #[test]
    fn a_weight_of_one_half_is_no_sign() {
        let error = import(b"source,target,weight\nA,B,0.5\n", "c.csv", &CollecTriOptions::default()).expect_err("½");
        assert_eq!(error.to_string(), "c.csv:2: `0.5` in column `weight` is not understood; write 1, -1 or 0");
    }

    #[test]
    fn a_row_without_target_is_an_error_with_its_line() {
        let error =
            import(b"source,target,weight\nA,,1\n", "c.csv", &CollecTriOptions::default()).expect_err("no target");
        assert_eq!(error.to_string(), "c.csv:2: column `target` names no gene; fill it in or delete the row");
    }
}
