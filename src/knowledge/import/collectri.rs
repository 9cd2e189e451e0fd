//! Weighted transcription factor → target regulations: CollecTRI as decoupler and OmniPath hand it out, and in the same form
//! DoRothEA, networks of CellOracle and others.
//!
//! # Reference
//! Müller-Dott et al. 2023, *Nucleic Acids Res* 51:10934, doi:10.1093/nar/gkad841 (CollecTRI); Garcia-Alonso et al. 2019,
//! *Genome Res* 29:1363, doi:10.1101/gr.240663.118 (DoRothEA); Kamimoto et al. 2023, *Nature* 614:742,
//! doi:10.1038/s41586-022-05688-9 (CellOracle).

use crate::biology::{Citation, Gene, GeneTable};

use super::collection::Collection;
use super::delimited::{Layout, Table, parts};
use super::weights::Weights;
use super::{ImportError, Imported, NO_SIGN};

/// How to import CollecTRI.
#[derive(Clone, Debug, Default)]
pub struct CollecTriOptions {
    /// Accessions and aliases to add to the genes, by symbol.
    pub catalogue: Option<GeneTable>,
}

const REGULATOR: [&str; 3] = ["source", "tf", "regulator"];
const TARGET: [&str; 3] = ["target", "gene", "target_gene"];
const WEIGHT: [&str; 4] = ["weight", "mor", "coef_mean", "coef"];

/// Imports a table with the columns `source` (or `tf`), `target` and `weight` (or `mor`, `coef_mean`).
///
/// A weight is 1 (activation), −1 (inhibition) or 0 (unknown), or a real number: its sign is then that of the regulation, its
/// size the confidence, divided by the largest one if that is above 1. The columns `resources` and `references` or `PMID` of
/// the longer form are cited, joined by `;`; other columns, such as the rule by which the sign was decided, are not used. A
/// table with `coef` is taken for CellOracle, one with `mor` or the letters A to E for a confidence for DoRothEA. Delimiter
/// and quotes are known by the first line.
///
/// # Errors
/// [`ImportError`] if the file is no such table, a weight is not a number, or none of several real numbers is below 0.
pub fn import(content: &[u8], file_name: &str, options: &CollecTriOptions) -> Result<Imported, ImportError> {
    let layout = Layout::guess_quotes(content);
    let mut table = Table::open_naming(content, file_name, layout, &["target"])?;
    let (regulator, target) = (table.column_of(&REGULATOR)?, table.column_of(&TARGET)?);
    let weight = table.column_of(&WEIGHT)?;
    let weight_name = table.columns()[weight].clone();
    let weights = Weights::of(content, file_name, layout, &weight_name)?;
    let resources = table.optional("resources");
    let likelihood = table.any(&["likelihood"]);
    let references = table.any(&["references", "PMID"]);
    let database = database(&table, &weight_name);
    let mut collection = Collection::default();
    while table.next_row()? {
        collection.read_row();
        let read = weights.read(table.field(weight));
        let (signs, size) = read.ok_or_else(|| table.value_error(weight, "1, -1, 0 or a weight such as -0.25"))?;
        let regulator = Gene::named(table.single_gene(regulator, "source")?);
        let target = Gene::named(table.single_gene(target, "target")?);
        if signs.is_empty() {
            collection.leave_out(NO_SIGN, table.line());
            continue;
        }
        let mut sources = parts(table.field_if(resources), &[';']);
        sources.push(database.to_owned());
        let publications = pubmed(table.field_if(references));
        let citation = Citation {
            kinds: vec!["transcriptional".to_owned()],
            sources,
            evidence_count: u32::try_from(publications.len()).unwrap_or(u32::MAX),
            references: publications,
            confidence: size.or_else(|| share(table.field_if(likelihood))),
        };
        let ends = [collection.gene(regulator), collection.gene(target)];
        collection.state(&ends[..1], &ends[1..], signs, &citation);
    }
    let mut imported = collection.finish(options.catalogue.as_ref());
    imported.notes.extend(weights.told(&weight_name));
    if database != COLLECTRI {
        imported.notes.push(format!("by its columns the table is taken for {database}, which is cited as the source"));
    }
    Ok(imported)
}

const COLLECTRI: &str = "CollecTRI";

/// Whose columns these are.
fn database(table: &Table<'_>, weight: &str) -> &'static str {
    let has = |name: &str| table.any(&[name]).is_some();
    if weight.to_lowercase().starts_with("coef") {
        "CellOracle"
    } else if weight.eq_ignore_ascii_case("mor") && !has("resources") || has("confidence") {
        "DoRothEA"
    } else {
        COLLECTRI
    }
}

/// A number from 0 to 1.
fn share(field: &str) -> Option<f64> {
    field.parse().ok().filter(|number| (0.0..=1.0).contains(number))
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
    fn weights_of_dorothea_give_sign_and_confidence() {
        let imported =
            imported("source,confidence,target,weight\nTP53,A,MDM2,1.0\nTP53,C,BCL2,-0.333333\nAHR,D,X,0.25\n");
        let told = |cited: &crate::biology::CitedRegulation| {
            (cited.regulation.sign, cited.citation.confidence, cited.citation.sources.clone())
        };
        let dorothea = vec!["DoRothEA".to_owned()];
        assert_eq!(
            imported.regulations.iter().map(told).collect::<Vec<_>>(),
            [
                (Sign::Activation, Some(0.25), dorothea.clone()),
                (Sign::Inhibition, Some(0.333333), dorothea.clone()),
                (Sign::Activation, Some(1.0), dorothea),
            ]
        );
        assert_eq!(imported.notes.len(), 2, "{:?}", imported.notes);
    }

    #[test]
    fn other_names_of_the_columns_are_known() {
        let mor = imported("\"tf\",\"confidence\",\"target\",\"mor\"\n\"AHR\",\"A\",\"CYP1A1\",-1\n");
        assert_eq!(mor.regulations[0].regulation.sign, Sign::Inhibition);
        let oracle = imported(
            ",source,target,coef_mean,coef_abs,p,-logp\n0,Gata1,Klf1,0.02,0.02,1e-9,9\n1,Spi1,Klf1,-0.04,0.04,1e-3,3\n",
        );
        assert_eq!(oracle.regulations[0].citation.sources, ["CellOracle"]);
        assert_eq!(oracle.regulations[0].citation.confidence, Some(0.02));
    }

    #[test]
    fn scores_without_a_sign_are_refused() {
        let error = import(b"source,target,weight\nA,B,0.5\n", "c.csv", &CollecTriOptions::default()).expect_err("½");
        assert!(error.to_string().contains("none of them is below 0"), "{error}");
        let error =
            import(b"source,target,weight\nA,B,high\n", "c.csv", &CollecTriOptions::default()).expect_err("word");
        assert!(error.to_string().starts_with("c.csv:2: `high` in column `weight`"), "{error}");
    }

    #[test]
    fn a_list_of_genes_in_one_cell_is_refused_with_its_line() {
        let error = import(b"source,target,weight\nA,B;C,1\n", "c.csv", &CollecTriOptions::default()).expect_err("two");
        assert!(error.to_string().starts_with("c.csv:2: `B;C` in column `target`"), "{error}");
    }

    #[test]
    fn a_row_without_target_is_an_error_with_its_line() {
        let error =
            import(b"source,target,weight\nA,,1\n", "c.csv", &CollecTriOptions::default()).expect_err("no target");
        assert_eq!(error.to_string(), "c.csv:2: column `target` names no gene; fill it in or delete the row");
    }
}
