//! Any table of regulations, its columns named by the user.

use crate::biology::{Citation, Gene, GeneTable};

use super::collection::Collection;
use super::collectri::pubmed;
use super::delimited::{Layout, Table, parts};
use super::sign_words::{SIGN_WORDS, read_signs};
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
/// (activation, inhibits, repressor, positive, dual, unknown …), in any letter case.
///
/// # Errors
/// [`ImportError`] if the file is no table, a column is missing, a gene has no name, or a sign, confidence or
/// count is not understood.
pub fn import(content: &[u8], file_name: &str, options: &TableOptions) -> Result<Imported, ImportError> {
    let guessed = Layout::guess(content);
    let layout = Layout { delimiter: options.delimiter.unwrap_or(guessed.delimiter), ..Layout::CSV };
    let mut table = Table::open(content, file_name, layout)?;
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
    let mut collection = Collection::default();
    while table.next_row()? {
        collection.read_row();
        let signs = read_signs(table.field(sign)).ok_or_else(|| table.value_error(sign, SIGN_WORDS))?;
        let citation = citation(&table, &cited)?;
        let regulator = Gene::named(table.gene_name(regulator, "regulator")?);
        let target = Gene::named(table.gene_name(target, "target")?);
        if signs.is_empty() {
            collection.leave_out(NO_SIGN, table.line());
            continue;
        }
        let ends = [collection.gene(regulator), collection.gene(target)];
        collection.state(&ends[..1], &ends[1..], signs, &citation);
    }
    Ok(collection.finish(options.catalogue.as_ref()))
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

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_the_mend() {
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
