//! Lists of claimed regulations as they come: with or without signs, their columns named as the field names them.
//!
//! Unlike the importers of knowledge, nothing is left out here: a claim without a sign, or of genes that nobody knows, is a
//! claim still, and whoever reads the list wants to hear of each of its rows.

use super::ImportError;
use super::delimited::{Layout, Table};
use super::lists::genes_in;
use super::weights::Weights;
use crate::biology::Sign;

/// Headers that name the regulator, best first; letter case does not matter.
const REGULATOR: [&str; 14] = [
    "source_genesymbol",
    "regulator",
    "source",
    "tf",
    "regulator_symbol",
    "regulator_name",
    "regulatorname",
    "tf_name",
    "from",
    "subject",
    "entitya",
    "gene1",
    "perturbation",
    "cause",
];
/// Headers that name the target.
const TARGET: [&str; 14] = [
    "target_genesymbol",
    "target",
    "target_gene",
    "gene",
    "target_symbol",
    "target_name",
    "to",
    "object",
    "entityb",
    "gene2",
    "regulated",
    "regulatedname",
    "tg",
    "effect_gene",
];
/// Headers that name the sign.
const SIGN: [&str; 14] = [
    "sign",
    "mor",
    "effect",
    "mode_of_regulation",
    "mode",
    "consensus",
    "weight",
    "regulation",
    "direction",
    "interaction",
    "predicate",
    "function",
    "type_of_regulation",
    "likelihood",
];
/// Headers of a pair of columns, one for each sign, that say yes or no.
const BOTH_SIGNS: [[&str; 2]; 2] =
    [["consensus_stimulation", "consensus_inhibition"], ["is_stimulation", "is_inhibition"]];

/// Columns that the user names; those that are not named are known by their headers.
#[derive(Clone, Debug, Default)]
pub struct ClaimColumns {
    /// Column of the regulator.
    pub regulator: Option<String>,
    /// Column of the target.
    pub target: Option<String>,
    /// Column of the sign.
    pub sign: Option<String>,
}

/// One claimed regulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRow {
    /// Line of the file, from 1.
    pub line: u64,
    /// The regulator as the list names it.
    pub regulator: String,
    /// The target as the list names it.
    pub target: String,
    /// The claimed sign; `None` if the list claims none.
    pub sign: Option<Sign>,
    /// The fields of the other columns.
    pub others: Vec<String>,
}

/// A list of claimed regulations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimList {
    /// In the order of the file. A row that claims both signs, or several targets, is as many claims.
    pub claims: Vec<ClaimRow>,
    /// Headers of the other columns.
    pub others: Vec<String>,
    /// What was taken for what, a sentence each.
    pub notes: Vec<String>,
}

/// Where the signs stand.
enum SignColumn {
    One(usize, Weights),
    Two(usize, usize),
    Without,
}

/// Reads a table with a header. The columns of regulator, target and sign are those that `columns` names, else the first
/// with a header of the field (`regulator`, `source`, `tf` …; `target`, `gene` …; `sign`, `mor`, `effect`, `weight`,
/// `consensus` …, or a pair such as `is_stimulation`, `is_inhibition`). All other columns are kept.
///
/// # Errors
/// [`ImportError`] if the file is not a table, has no row, lacks a column, or a row names no gene.
pub fn read(content: &[u8], file_name: &str, columns: &ClaimColumns) -> Result<ClaimList, ImportError> {
    let layout = Layout::guess_quotes(content);
    let mut table = Table::open(content, file_name, layout)?;
    let regulator = place(&table, columns.regulator.as_deref(), "regulator", &REGULATOR)?;
    let target = place(&table, columns.target.as_deref(), "target", &TARGET)?;
    let mut list = ClaimList::default();
    let sign = sign_column(&table, content, file_name, layout, columns, &mut list.notes)?;
    let used = match sign {
        SignColumn::One(column, _) => vec![regulator, target, column],
        _ => vec![regulator, target],
    };
    let others: Vec<_> = (0..table.columns().len()).filter(|column| !used.contains(column)).collect();
    list.others = others.iter().map(|&column| table.columns()[column].clone()).collect();
    let mut odd = Vec::new();
    while table.next_row()? {
        let signs = match &sign {
            SignColumn::Without => Vec::new(),
            SignColumn::Two(up, down) => {
                let says = [up, down].map(|&column| is_yes(table.field(column)));
                Sign::BOTH.into_iter().zip(says).filter(|(_, says)| *says).map(|(sign, _)| sign).collect()
            }
            SignColumn::One(column, weights) => match weights.read(table.field(*column)) {
                Some((signs, _)) => signs.to_vec(),
                None => {
                    odd.push((table.field(*column).to_owned(), table.line()));
                    Vec::new()
                }
            },
        };
        let signs: Vec<_> = if signs.is_empty() { vec![None] } else { signs.into_iter().map(Some).collect() };
        let name = table.gene_name(regulator, "regulator")?.to_owned();
        for target in targets(table.gene_name(target, "target")?) {
            for &sign in &signs {
                let others = others.iter().map(|&column| table.field(column).to_owned()).collect();
                let (line, regulator, target) = (table.line(), name.clone(), target.clone());
                list.claims.push(ClaimRow { line, regulator, target, sign, others });
            }
        }
    }
    if list.claims.is_empty() {
        return Err(ImportError::NoRow { file: file_name.to_owned() });
    }
    if let Some((value, line)) = odd.first() {
        list.notes.push(format!(
            "{} claims have a sign that is not understood (the first: `{value}` in line {line}); they are judged on moving alone",
            odd.len()
        ));
    }
    Ok(list)
}

fn place(table: &Table<'_>, named: Option<&str>, usual: &str, known: &[&str]) -> Result<usize, ImportError> {
    let known = table.any(known).filter(|_| named.is_none());
    known.map_or_else(|| table.column(named.unwrap_or(usual)), Ok)
}

fn sign_column(
    table: &Table<'_>,
    content: &[u8],
    file_name: &str,
    layout: Layout,
    columns: &ClaimColumns,
    notes: &mut Vec<String>,
) -> Result<SignColumn, ImportError> {
    let column = match &columns.sign {
        Some(name) => Some(table.column(name)?),
        None => {
            let pair = BOTH_SIGNS.iter().find_map(|[up, down]| Some((table.any(&[up])?, table.any(&[down])?)));
            if let Some((up, down)) = pair {
                let names = [up, down].map(|column| &table.columns()[column]);
                notes.push(format!("the sign is taken from the columns `{}` and `{}`", names[0], names[1]));
                return Ok(SignColumn::Two(up, down));
            }
            table.any(&SIGN)
        }
    };
    let Some(column) = column else {
        notes.push("the list has no column of signs; its claims are judged on moving alone".to_owned());
        return Ok(SignColumn::Without);
    };
    let name = table.columns()[column].clone();
    match Weights::of(content, file_name, layout, &name) {
        Ok(weights) => {
            notes.push(format!("the sign is taken from the column `{name}`"));
            Ok(SignColumn::One(column, weights))
        }
        Err(ImportError::UnsignedWeights { .. }) if columns.sign.is_none() => {
            notes.push(format!(
                "the column `{name}` has real numbers, and none below 0: it tells how sure a claim is, not its sign; the claims \
                 are judged on moving alone"
            ));
            Ok(SignColumn::Without)
        }
        Err(error) => Err(error),
    }
}

fn is_yes(field: &str) -> bool {
    ["true", "t", "yes", "y", "1", "1.0"].iter().any(|word| field.eq_ignore_ascii_case(word))
}

/// The targets of a cell; what is not a list stays as it is.
fn targets(cell: &str) -> Vec<String> {
    let is_list = cell.contains([';', '|']);
    if is_list { genes_in(cell) } else { vec![cell.to_owned()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(content: &str) -> Vec<(String, String, Option<Sign>)> {
        let list = read(content.as_bytes(), "claims.tsv", &ClaimColumns::default()).expect("a list");
        list.claims.into_iter().map(|claim| (claim.regulator, claim.target, claim.sign)).collect()
    }

    #[test]
    fn the_headers_of_the_field_are_known_whatever_their_order_and_case() {
        let expected = [
            ("lexA".to_owned(), "recA".to_owned(), Some(Sign::Inhibition)),
            ("crp".to_owned(), "araB".to_owned(), Some(Sign::Activation)),
        ];
        for content in [
            "regulator\ttarget\tsign\nlexA\trecA\t-\ncrp\taraB\t+\n",
            "Gene,TF,Mode_of_Regulation\nrecA,lexA,Repression\naraB,crp,Activation\n",
            "\"source\",\"target\",\"mor\"\n\"lexA\",\"recA\",-1\n\"crp\",\"araB\",1\n",
            "source,target,weight\nlexA,recA,-0.5\ncrp,araB,2\n",
            "source\ttarget\tsource_genesymbol\ttarget_genesymbol\tis_stimulation\tis_inhibition\n\
             P1\tP2\tlexA\trecA\tFalse\tTrue\nP3\tP4\tcrp\taraB\tTrue\tFalse\n",
            "tf;gene;consensus\nlexA;recA;inhibition\ncrp;araB;activation\n",
        ] {
            assert_eq!(told(content), expected, "{content}");
        }
    }

    #[test]
    fn a_claim_of_both_signs_is_two_and_one_of_none_is_kept() {
        let claims = told("tf\tgene\tsign\nA\tB\t+-\nA\tC\t?\nA\tD\tbinds\n");
        let signs: Vec<_> = claims.iter().map(|claim| claim.2).collect();
        assert_eq!(signs, [Some(Sign::Activation), Some(Sign::Inhibition), None, None]);
        let list = read(b"tf\tgene\tsign\nA\tD\tbinds\n", "c", &ClaimColumns::default()).expect("a list");
        assert!(list.notes.iter().any(|note| note.contains("`binds` in line 2")), "{:?}", list.notes);
    }

    #[test]
    fn scores_that_are_never_negative_are_no_signs() {
        let list = read(b"source,target,weight\nA,B,0.7\nA,C,0.2\n", "c", &ClaimColumns::default()).expect("a list");
        assert!(list.claims.iter().all(|claim| claim.sign.is_none()));
        assert!(list.notes[0].contains("not its sign"), "{:?}", list.notes);
    }

    #[test]
    fn further_columns_are_kept_in_order() {
        let list = read(b"PMID\ttf\tgene\tnote\n1\tA\tB\tsure\n", "c", &ClaimColumns::default()).expect("a list");
        assert_eq!(
            (list.others, list.claims[0].others.clone()),
            (vec!["PMID".to_owned(), "note".to_owned()], vec!["1".to_owned(), "sure".to_owned()])
        );
    }

    #[test]
    fn a_list_without_rows_or_without_a_column_is_refused_with_a_sentence() {
        let refused = |content: &str| {
            read(content.as_bytes(), "claims.tsv", &ClaimColumns::default()).expect_err("refused").to_string()
        };
        assert!(refused("regulator\ttarget\n").contains("no row"));
        let message = refused("a\tb\nA\tB\n");
        assert!(message.contains("no column `regulator`") && message.contains("`a`"), "{message}");
    }
}
