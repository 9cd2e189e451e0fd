//! Any table of regulations, its columns named by the user.

use crate::biology::{Citation, Gene, GeneTable};

use super::collection::Collection;
use super::collectri::pubmed;
use super::delimited::{Layout, Table, parts};
use super::lists::{SignList, genes_in};
use super::sign_words::SIGN_WORDS;
use super::weights::Weights;
use super::{ImportError, Imported, NO_SIGN};

/// Which columns say what.
#[derive(Clone, Debug)]
pub struct TableOptions {
    /// Column of the regulator's symbol.
    pub regulator: String,
    /// Column of the target's symbol.
    pub target: String,
    /// Column of the sign.
    pub sign: String,
    /// Column of the kind of regulation (lists joined by `;`), if there is one.
    pub kind: Option<String>,
    /// Column of the sources (lists joined by `;`), if there is one.
    pub source: Option<String>,
    /// Column of publications (lists joined by `;`; plain numbers are PubMed), if there is one.
    pub reference: Option<String>,
    /// Column of the confidence, a number in `[0, 1]`, if there is one.
    pub confidence: Option<String>,
    /// Column of the number of supporting records, if there is one.
    pub evidence_count: Option<String>,
    /// Between two fields; known by the first line if not given.
    pub delimiter: Option<u8>,
    /// Accessions and aliases to add to the genes, by symbol.
    pub catalogue: Option<GeneTable>,
}

impl TableOptions {
    /// Regulator, target and sign in these columns, and nothing cited.
    #[must_use]
    pub fn new(regulator: impl Into<String>, target: impl Into<String>, sign: impl Into<String>) -> Self {
        Self {
            regulator: regulator.into(),
            target: target.into(),
            sign: sign.into(),
            kind: None,
            source: None,
            reference: None,
            confidence: None,
            evidence_count: None,
            delimiter: None,
            catalogue: None,
        }
    }
}

struct Cited {
    kind: Option<usize>,
    source: Option<usize>,
    reference: Option<usize>,
    confidence: Option<usize>,
    evidence_count: Option<usize>,
}

/// Imports any table with a header. A sign is written as a symbol (`+`, `-`, `+-`, `?`), a number (1, −1, 0) or a word
/// (activation, inhibits, repressor, positive, dual, unknown, the effects of SIGNOR, the predicates of Biolink …), in any
/// letter case. Of real numbers the sign counts, and the size is the confidence if no column is named for it.
///
/// A cell may list several targets (`B;C|D`), with one sign for all or a list of as many signs; each target is counted as a
/// row of its own.
///
/// # Errors
/// [`ImportError`] if the file is not a table, a column is missing, a gene has no name, a sign, confidence or count is not
/// understood, or a cell lists another number of signs than of targets.
pub fn import(content: &[u8], file_name: &str, options: &TableOptions) -> Result<Imported, ImportError> {
    let guessed = Layout::guess(content);
    let layout = Layout { delimiter: options.delimiter.unwrap_or(guessed.delimiter), ..Layout::CSV };
    let wanted = [options.regulator.as_str(), &options.target, &options.sign];
    let mut table = Table::open_naming(content, file_name, layout, &wanted)?;
    let (regulator, target) = (table.column(&options.regulator)?, table.column(&options.target)?);
    let sign = table.column(&options.sign)?;
    let named = |name: &Option<String>| name.as_deref().map(|name| table.column(name)).transpose();
    let cited = Cited {
        kind: named(&options.kind)?,
        source: named(&options.source)?,
        reference: named(&options.reference)?,
        confidence: named(&options.confidence)?,
        evidence_count: named(&options.evidence_count)?,
    };
    let weights = Weights::of(content, file_name, layout, &options.sign)?;
    let mut collection = Collection::default();
    while table.next_row()? {
        collection.read_row();
        let targets = genes_in(table.gene_name(target, "target")?);
        let signs = SignList::of(table.field(sign), targets.len(), |field| weights.read(field));
        let signs = signs.ok_or_else(|| table.value_error(sign, SIGN_WORDS))?;
        let citation = citation(&table, &cited)?;
        let regulators = genes_in(table.gene_name(regulator, "regulator")?);
        if let Some(reason) = doubt(&regulators, &targets) {
            collection.leave_out(reason, table.line());
            continue;
        }
        state(&mut collection, &regulators[0], &targets, &signs, &citation, table.line());
    }
    let mut imported = collection.finish(options.catalogue.as_ref());
    imported.notes.extend(weights.told(&options.sign));
    Ok(imported)
}

const SEVERAL_WORDS: &str = "a gene of several words (join lists by `;`)";
const SEVERAL_REGULATORS: &str = "several regulators in one cell (write each in a row of its own)";
const NO_NAMES: &str = "a list of what are no names of genes";

/// Why a row cannot be taken as it stands: one regulator and targets, each a name of one word; chemicals such as
/// `1,4-naphthoquinone` are no lists of genes.
fn doubt(regulators: &[String], targets: &[String]) -> Option<&'static str> {
    let has_letter = |name: &String| name.chars().any(char::is_alphabetic);
    let is_list_of_names = |names: &[String]| names.len() == 1 || names.iter().all(has_letter);
    let all = || regulators.iter().chain(targets);
    if regulators.is_empty() || targets.is_empty() || !is_list_of_names(regulators) || !is_list_of_names(targets) {
        Some(NO_NAMES)
    } else if regulators.len() > 1 {
        Some(SEVERAL_REGULATORS)
    } else {
        all().any(|name| name.contains(char::is_whitespace)).then_some(SEVERAL_WORDS)
    }
}

/// What one row says of all its targets; the row is left out if it gives none of them a sign.
fn state(
    collection: &mut Collection,
    regulator: &str,
    targets: &[String],
    signs: &SignList<'_>,
    citation: &Citation,
    line: u64,
) {
    for (place, target) in targets.iter().enumerate() {
        if place > 0 {
            collection.read_row();
        }
        let (signs, confidence) = signs.of_target(place);
        if signs.is_empty() {
            collection.leave_out(NO_SIGN, line);
            continue;
        }
        let [regulator, target] = [regulator, target].map(|name| collection.gene(Gene::named(name)));
        let citation = Citation { confidence: citation.confidence.or(confidence), ..citation.clone() };
        collection.state(&[regulator], &[target], signs, &citation);
    }
}

fn citation(table: &Table<'_>, cited: &Cited) -> Result<Citation, ImportError> {
    Ok(Citation {
        kinds: parts(table.field_if(cited.kind), &[';']),
        sources: parts(table.field_if(cited.source), &[';']),
        references: pubmed(table.field_if(cited.reference)),
        evidence_count: evidence_count(table, cited.evidence_count)?,
        confidence: confidence(table, cited.confidence)?,
    })
}

fn evidence_count(table: &Table<'_>, column: Option<usize>) -> Result<u32, ImportError> {
    match column {
        Some(column) if !table.field(column).is_empty() => {
            table.field(column).parse().map_err(|_| table.value_error(column, "a count such as 0 or 12"))
        }
        _ => Ok(0),
    }
}

fn confidence(table: &Table<'_>, column: Option<usize>) -> Result<Option<f64>, ImportError> {
    let Some(column) = column.filter(|&column| !table.field(column).is_empty()) else {
        return Ok(None);
    };
    let number = table.field(column).parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.map(Some).ok_or_else(|| table.value_error(column, "a number from 0 to 1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::Sign;

    fn options() -> TableOptions {
        TableOptions::new("tf", "gene", "effect")
    }

    fn imported(content: &str, options: &TableOptions) -> Imported {
        let imported = import(content.as_bytes(), "own.csv", options).expect("a good file");
        assert!(imported.counts.is_balanced(), "{}", imported.counts);
        imported
    }

    fn refused(content: &str, options: &TableOptions) -> String {
        import(content.as_bytes(), "own.csv", options).expect_err("a bad file").to_string()
    }

    #[test]
    fn a_spreadsheet_export_with_mark_crlf_and_quotes_is_read() {
        let content = "\u{feff}gene,tf,effect\r\n\"recA\",lexA,Represses\r\n\"umuD\",\"lexA\",?\r\nrecA,recA,+-\r\n";
        let imported = imported(content, &options());
        let told: Vec<(&str, &str, Sign)> = imported
            .regulations
            .iter()
            .map(|c| {
                let edge = c.regulation;
                (imported.genes.symbol(edge.regulator), imported.genes.symbol(edge.target), edge.sign)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("lexA", "recA", Sign::Inhibition),
                ("recA", "recA", Sign::Activation),
                ("recA", "recA", Sign::Inhibition)
            ]
        );
        assert_eq!(imported.counts.left_out[NO_SIGN].lines, [3]);
    }

    #[test]
    fn every_citation_column_is_cited() {
        let content = "tf;gene;effect;how;db;pmid;p;n\nlexA;recA;-;transcriptional;EcoCyc;123;0.9;4\n";
        let options = TableOptions {
            kind: Some("how".into()),
            source: Some("db".into()),
            reference: Some("pmid".into()),
            confidence: Some("p".into()),
            evidence_count: Some("n".into()),
            ..options()
        };
        let expected = Citation {
            kinds: vec!["transcriptional".into()],
            sources: vec!["EcoCyc".into()],
            references: vec!["PMID:123".into()],
            evidence_count: 4,
            confidence: Some(0.9),
        };
        assert_eq!(imported(content, &options).regulations[0].citation, expected);
    }

    fn told(imported: &Imported) -> Vec<String> {
        let told = |cited: &crate::biology::CitedRegulation| {
            let edge = cited.regulation;
            let symbol = |gene| imported.genes.symbol(gene);
            let sign = if edge.sign == Sign::Activation { "→" } else { "⊣" };
            format!("{}{sign}{}", symbol(edge.regulator), symbol(edge.target))
        };
        imported.regulations.iter().map(told).collect()
    }

    #[test]
    fn targets_in_one_cell_are_regulations_of_their_own() {
        let content = "tf\tgene\teffect\nA\tB;C|D\t+\nA\t\"E, F\"\t-\nA\tG;H;I\t+;-;?\n";
        let imported = imported(content, &options());
        assert_eq!(told(&imported), ["A→B", "A→C", "A→D", "A⊣E", "A⊣F", "A→G", "A⊣H"]);
        assert_eq!((imported.counts.read, imported.counts.left_out[NO_SIGN].lines.clone()), (8, vec![4]));
    }

    #[test]
    fn a_list_that_does_not_come_out_even_is_refused_with_its_line() {
        for (row, column) in [("A\tB;C;D\t+;-", "effect"), ("A\tB\t+;-", "effect")] {
            let message = refused(&format!("tf\tgene\teffect\n{row}\n"), &options());
            assert!(
                message.starts_with("own.csv:2: `") && message.contains(&format!("in column `{column}`")),
                "{message}"
            );
        }
        let content = "tf\tgene\teffect\nA\tB C D\t+\nA;B\tC\t+\nA\t1,4-naphthoquinone\t+\nA\tE\t+\n";
        let imported = imported(content, &options());
        assert_eq!(told(&imported), ["A→E"]);
        for (reason, line) in [(SEVERAL_WORDS, 2), (SEVERAL_REGULATORS, 3), (NO_NAMES, 4)] {
            assert_eq!(imported.counts.left_out[reason].lines, [line], "{reason}");
        }
    }

    #[test]
    fn effects_of_signor_are_signs_and_a_complex_formed_is_none() {
        let content = "ENTITYA\tENTITYB\tEFFECT\nTP53\tCDKN1A\tup-regulates quantity by expression\n\
            MDM2\tTP53\tdown-regulates quantity by destabilization\nA\tB\tform complex\n";
        let imported = imported(content, &TableOptions::new("ENTITYA", "ENTITYB", "EFFECT"));
        assert_eq!(told(&imported), ["MDM2⊣TP53", "TP53→CDKN1A"]);
        assert_eq!((imported.counts.left_out_for(NO_SIGN), imported.genes.len()), (1, 3));
    }

    #[test]
    fn edges_of_biolink_are_read_by_their_predicate() {
        let content = "id\tsubject\tpredicate\tobject\n1\tA\tbiolink:positively_regulates\tB\n\
            2\tA\tbiolink:entity_negatively_regulates_entity\tC\n3\tA\tbiolink:expressed_in\tD\n";
        let imported = imported(content, &TableOptions::new("subject", "object", "predicate"));
        assert_eq!((told(&imported), imported.counts.left_out_for(NO_SIGN)), (vec!["A→B".into(), "A⊣C".into()], 1));
    }

    #[test]
    fn comments_a_separator_line_and_row_names_are_no_rows() {
        for content in [
            "sep=;\ntf;gene;effect\nA;B;+\n",
            "# from the paper\n# table 3\ntf,gene,effect\nA,B,+\n# the end\n",
            "#tf\tgene\teffect\nA\tB\t+\n",
            "tf\tgene\teffect\n1\tA\tB\t+\n",
            "\"\",\"tf\",\"gene\",\"effect\"\n\"1\",\"A\",\"B\",\"+\"\n",
            "tf\tgene\teffect\nA\tB\t+\t\n",
        ] {
            assert_eq!(told(&imported(content, &options())), ["A→B"], "{content}");
        }
        let message = refused("sep=,\n# c\ntf,gene,effect\nA,B,+\nA,B,?!\n", &options());
        assert!(message.starts_with("own.csv:5:"), "{message}");
    }

    #[test]
    fn real_numbers_give_sign_and_confidence_unless_a_column_is_named_for_it() {
        let content = "tf,gene,effect,p\nA,B,-0.5,0.9\nA,C,1,0.8\n";
        let confidences = |options: &TableOptions| {
            let imported = imported(content, options);
            imported.regulations.iter().map(|cited| cited.citation.confidence).collect::<Vec<_>>()
        };
        assert_eq!(confidences(&options()), [Some(0.5), Some(1.0)]);
        let named = TableOptions { confidence: Some("p".into()), ..options() };
        assert_eq!(confidences(&named), [Some(0.9), Some(0.8)]);
    }

    #[test]
    fn a_workbook_is_named_as_one() {
        let message = import(b"PK\x03\x04\x14\0", "own.xlsx", &options()).expect_err("a workbook").to_string();
        assert!(message.starts_with("own.xlsx is not a table of text but an Excel workbook"), "{message}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_the_remedy() {
        assert!(
            refused("tf,gene,sign\nA,B,1\n", &options())
                .contains("no column `effect`; the columns are `tf`, `gene`, `sign`")
        );
        assert!(
            refused("tf,gene,effect\nA,B,+\nA,B,binds\n", &options())
                .starts_with("own.csv:3: `binds` in column `effect`")
        );
        assert!(
            refused("tf,gene,effect\nA,B,+\nA,B\n", &options())
                .starts_with("own.csv:3: 2 fields where the first line has 3")
        );
        let with_confidence = TableOptions { confidence: Some("p".into()), ..options() };
        for bad in ["1.5", "NaN", "-0.1", "high"] {
            let message = refused(&format!("tf,gene,effect,p\nA,B,+,{bad}\n"), &with_confidence);
            assert!(message.starts_with(&format!("own.csv:2: `{bad}` in column `p`")), "{message}");
        }
    }

    #[test]
    fn a_delimiter_of_the_user_is_taken() {
        let options = TableOptions { delimiter: Some(b'|'), ..options() };
        assert_eq!(imported("tf|gene|effect\nA|B|activation\n", &options).counts.kept, 1);
    }
}
