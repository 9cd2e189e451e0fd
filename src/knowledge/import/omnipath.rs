//! OmniPath: signalling, transcriptional and microRNA interactions, in the columns of its web service.
//!
//! # Reference
//! Türei et al. 2021, *Mol Syst Biol* 17:e9923, doi:10.15252/msb.20209923.

use std::collections::{BTreeSet, HashMap};

use regex::Regex;

use crate::biology::{Authority, Citation, Gene, GeneId, GeneTable, Sign};

use super::collection::Collection;
use super::complexes::{DROPPED, PREFIX};
use super::delimited::{Layout, Table, parts};
use super::names::gene_named;
use super::{Complexes, ImportError, Imported, LicenceTable, NO_SIGN};

/// Which rows of OmniPath to import, and how.
#[derive(Clone, Debug, Default)]
pub struct OmniPathOptions {
    /// Types of interaction wanted, for example `transcriptional`; all if empty.
    pub types: Vec<String>,
    /// Least curation effort (number of curated records) of a row; 0 takes all.
    pub min_curation_effort: u32,
    /// Sources that do not count. A row whose every source is among them is left out.
    pub drop_sources: Option<SourcePattern>,
    /// Takes only rows whose every source has a permissive licence by this table.
    pub licences: Option<LicenceTable>,
    /// What to do with complexes.
    pub complexes: Complexes,
    /// Accessions and aliases to add to the genes, by symbol.
    pub catalogue: Option<GeneTable>,
}

/// A regular expression over the names of sources.
#[derive(Clone, Debug)]
pub struct SourcePattern(Regex);

impl SourcePattern {
    /// Compiles a pattern; it may match anywhere in a name unless it is anchored by `^` and `$`.
    ///
    /// # Errors
    /// [`ImportError::Pattern`] if it is not a regular expression.
    pub fn new(pattern: &str) -> Result<Self, ImportError> {
        let explained = |error: regex::Error| ImportError::Pattern {
            pattern: pattern.to_owned(),
            reason: error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        };
        Regex::new(pattern).map(Self).map_err(explained)
    }

    fn matches(&self, source: &str) -> bool {
        self.0.is_match(source)
    }
}

struct Columns {
    ends: [End; 2],
    is_directed: Option<usize>,
    is_stimulation: usize,
    is_inhibition: usize,
    sources: Option<usize>,
    references: Option<usize>,
    kind: Option<usize>,
    curation_effort: Option<usize>,
}

/// Columns of the regulator or of the target.
#[derive(Clone, Copy)]
struct End {
    accession: usize,
    symbol: Option<usize>,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, ImportError> {
        let end = |accession: &str, symbol: &str| {
            Ok::<_, ImportError>(End { accession: table.column(accession)?, symbol: table.optional(symbol) })
        };
        Ok(Self {
            ends: [end("source", "source_genesymbol")?, end("target", "target_genesymbol")?],
            is_directed: table.optional("is_directed"),
            is_stimulation: table.column("is_stimulation")?,
            is_inhibition: table.column("is_inhibition")?,
            sources: table.optional("sources"),
            references: table.optional("references"),
            kind: table.optional("type"),
            curation_effort: table.optional("curation_effort"),
        })
    }

    fn check(&self, options: &OmniPathOptions, file_name: &str) -> Result<(), ImportError> {
        let demands = [
            (!options.types.is_empty(), self.kind, "choosing types", "type"),
            (options.min_curation_effort > 0, self.curation_effort, "a least curation effort", "curation_effort"),
            (options.drop_sources.is_some(), self.sources, "dropping sources", "sources"),
            (options.licences.is_some(), self.sources, "choosing by licence", "sources"),
        ];
        for (asked, there, wish, column) in demands {
            if asked && there.is_none() {
                return Err(ImportError::FilterWithoutColumn { file: file_name.to_owned(), wish, column });
            }
        }
        Ok(())
    }
}

/// Imports the interactions of OmniPath that are directed and signed.
///
/// `source`, `target`, `is_stimulation` and `is_inhibition` must be there; `source_genesymbol`, `target_genesymbol`, `is_directed`,
/// `sources`, `references`, `type` and `curation_effort` are used where they are. A row with both signs makes two
/// regulations. The sign is that of `is_*`, not of the vote among resources (`consensus_*`). The type becomes the
/// kind, the curation effort the evidence count, the references PubMed identifiers. Symbols are those of the
/// file; without symbols the accession is looked up in the catalogue and else stands for itself.
///
/// # Errors
/// [`ImportError`] if the file is no such table, if a filter needs a column that is missing, or if a wanted type occurs in no
/// row.
pub fn import(content: &[u8], file_name: &str, options: &OmniPathOptions) -> Result<Imported, ImportError> {
    let mut table = Table::open_naming(content, file_name, Layout::guess_quotes(content), &["source", "target"])?;
    let columns = Columns::of(&table)?;
    columns.check(options, file_name)?;
    let mut importer = Importer { columns, options, collection: Collection::default(), known: HashMap::new() };
    let mut types_seen = BTreeSet::new();
    let mut any_row = false;
    while table.next_row()? {
        any_row = true;
        let kind = table.field_if(importer.columns.kind);
        if !types_seen.contains(kind) {
            types_seen.insert(kind.to_owned());
        }
        importer.row(&table)?;
    }
    if !any_row {
        return Err(ImportError::NoRow { file: file_name.to_owned() });
    }
    if let Some(wanted) = options.types.iter().find(|wanted| !types_seen.contains(*wanted)) {
        return Err(ImportError::AbsentValue {
            file: file_name.to_owned(),
            column: "type",
            wanted: wanted.clone(),
            found: types_seen.into_iter().collect(),
        });
    }
    Ok(importer.collection.finish(options.catalogue.as_ref()))
}

struct Importer<'a> {
    columns: Columns,
    options: &'a OmniPathOptions,
    collection: Collection,
    /// Genes already entered, by `symbol TAB accession`.
    known: HashMap<String, Vec<GeneId>>,
}

impl Importer<'_> {
    fn row(&mut self, table: &Table<'_>) -> Result<(), ImportError> {
        self.collection.read_row();
        let signs = self.signs(table)?;
        let effort = self.effort(table)?;
        let mut sources = list(table.field_if(self.columns.sources));
        if let Some(reason) = self.reason_to_leave_out(table, &signs, effort, &mut sources)? {
            self.collection.leave_out(reason, table.line());
            return Ok(());
        }
        let regulators = self.genes(table, self.columns.ends[0], "source")?;
        let targets = self.genes(table, self.columns.ends[1], "target")?;
        if regulators.is_empty() || targets.is_empty() {
            self.collection.leave_out("complex without a gene among its members", table.line());
            return Ok(());
        }
        let citation = Citation {
            kinds: list(table.field_if(self.columns.kind)),
            sources,
            references: references(known(table.field_if(self.columns.references))),
            evidence_count: effort,
            confidence: None,
        };
        self.collection.state(&regulators, &targets, &signs, &citation);
        Ok(())
    }

    fn signs(&self, table: &Table<'_>) -> Result<Vec<Sign>, ImportError> {
        let mut signs = Vec::new();
        if boolean(table, self.columns.is_stimulation)? {
            signs.push(Sign::Activation);
        }
        if boolean(table, self.columns.is_inhibition)? {
            signs.push(Sign::Inhibition);
        }
        Ok(signs)
    }

    fn effort(&self, table: &Table<'_>) -> Result<u32, ImportError> {
        match self.columns.curation_effort {
            Some(column) if !is_missing(table.field(column)) => {
                count(table.field(column)).ok_or_else(|| table.value_error(column, "a count such as 0 or 12"))
            }
            _ => Ok(0),
        }
    }

    /// Sources that do not count are taken out of `sources` on the way.
    fn reason_to_leave_out(
        &self,
        table: &Table<'_>,
        signs: &[Sign],
        effort: u32,
        sources: &mut Vec<String>,
    ) -> Result<Option<&'static str>, ImportError> {
        let options = self.options;
        if let Some(column) = self.columns.is_directed
            && !boolean(table, column)?
        {
            return Ok(Some("not directed"));
        }
        if signs.is_empty() {
            return Ok(Some(NO_SIGN));
        }
        let kind = table.field_if(self.columns.kind);
        if !options.types.is_empty() && !options.types.iter().any(|wanted| wanted == kind) {
            return Ok(Some("type not wanted"));
        }
        if effort < options.min_curation_effort {
            return Ok(Some("curation effort too low"));
        }
        if let Some(pattern) = &options.drop_sources {
            sources.retain(|source| !pattern.matches(source));
            if sources.is_empty() {
                return Ok(Some("all sources dropped"));
            }
        }
        if let Some(licences) = &options.licences
            && !licences.permits(sources.iter().map(String::as_str))
        {
            return Ok(Some("a source without permissive licence"));
        }
        let is_complex = |end: End| self.name(table, end).starts_with(PREFIX);
        if options.complexes == Complexes::Drop && self.columns.ends.into_iter().any(is_complex) {
            return Ok(Some(DROPPED));
        }
        Ok(None)
    }

    fn name<'t>(&self, table: &'t Table<'_>, end: End) -> &'t str {
        match table.field_if(end.symbol) {
            missing if is_missing(missing) => table.field(end.accession),
            symbol => symbol,
        }
    }

    fn genes(&mut self, table: &Table<'_>, end: End, called: &str) -> Result<Vec<GeneId>, ImportError> {
        let symbol = self.name(table, end);
        if symbol.is_empty() {
            table.gene_name(end.accession, called)?;
        }
        let accession = table.field(end.accession);
        let key = format!("{symbol}\t{accession}");
        if let Some(genes) = self.known.get(&key) {
            return Ok(genes.clone());
        }
        let genes: Vec<GeneId> =
            self.described(symbol, accession).into_iter().map(|gene| self.collection.gene(gene)).collect();
        self.known.insert(key, genes.clone());
        Ok(genes)
    }

    fn described(&self, symbol: &str, accession: &str) -> Vec<Gene> {
        let Some(members) = symbol.strip_prefix(PREFIX) else {
            return vec![self.single(symbol, accession)];
        };
        if self.options.complexes != Complexes::Expand {
            let whole = Gene::named(symbol);
            return vec![if accession == symbol { whole } else { whole.with_alias(accession) }];
        }
        let symbols: Vec<&str> = members.split('_').collect();
        let accessions: Vec<&str> = accession.strip_prefix(PREFIX).unwrap_or_default().split('_').collect();
        let paired = symbols.len() == accessions.len();
        let members = symbols.iter().enumerate().filter(|(_, member)| is_gene(member));
        members.map(|(at, member)| self.single(member, if paired { accessions[at] } else { "" })).collect()
    }

    fn single(&self, symbol: &str, accession: &str) -> Gene {
        let looked_up = match &self.options.catalogue {
            Some(catalogue) if symbol == accession => gene_named(catalogue, accession).map(|id| catalogue.symbol(id)),
            _ => None,
        };
        let gene = Gene::named(looked_up.unwrap_or(symbol));
        match authority_of(accession) {
            Some(authority) => gene.with_accession(authority, accession),
            None => gene,
        }
    }
}

/// Small molecules occur as members of complexes; they are no genes.
fn is_gene(member: &str) -> bool {
    !member.is_empty() && !member.starts_with("CHEBI:")
}

fn list(field: &str) -> Vec<String> {
    parts(known(field), &[';'])
}

/// The field, or nothing if it stands for nothing.
fn known(field: &str) -> &str {
    if is_missing(field) { "" } else { field }
}

/// A whole number, also as pandas writes it in a column that lacks some: `12.0`.
fn count(field: &str) -> Option<u32> {
    field.strip_suffix(".0").unwrap_or(field).parse().ok()
}

/// True for an empty field and for the words of R and pandas for one.
fn is_missing(field: &str) -> bool {
    matches!(field.to_lowercase().as_str(), "" | "na" | "nan" | "<na>" | "none" | "null")
}

fn boolean(table: &Table<'_>, column: usize) -> Result<bool, ImportError> {
    match table.field(column).to_lowercase().as_str() {
        "true" | "t" | "1" | "1.0" => Ok(true),
        "false" | "f" | "0" | "0.0" => Ok(false),
        _ if is_missing(table.field(column)) => Ok(false),
        _ => Err(table.value_error(column, "True or False (or 1 or 0)")),
    }
}

/// The catalogue to which an accession belongs, by its shape.
fn authority_of(accession: &str) -> Option<Authority> {
    if accession.strip_prefix("MIMAT").is_some_and(|digits| all(digits, |byte| byte.is_ascii_digit())) {
        return Some(Authority::MirBase);
    }
    is_uniprot(accession.as_bytes()).then_some(Authority::UniProt)
}

fn all(text: &str, test: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(test)
}

/// The shape of a UniProt accession: 6 or 10 characters, with digits and letters in set places.
fn is_uniprot(accession: &[u8]) -> bool {
    let classic = |text: &[u8]| {
        matches!(text, [b'O' | b'P' | b'Q', number, middle @ .., last]
        if middle.len() == 3 && number.is_ascii_digit() && last.is_ascii_digit() && middle.iter().all(is_capital_or_digit))
    };
    let block = |text: &[u8]| {
        matches!(text, [letter, a, b, last]
        if letter.is_ascii_uppercase() && is_capital_or_digit(a) && is_capital_or_digit(b) && last.is_ascii_digit())
    };
    let newer = |text: &[u8]| match text {
        [first, number, blocks @ ..] => {
            first.is_ascii_uppercase()
                && !matches!(first, b'O' | b'P' | b'Q')
                && number.is_ascii_digit()
                && matches!(blocks.len(), 4 | 8)
                && blocks.chunks(4).all(block)
        }
        _ => false,
    };
    classic(accession) || newer(accession)
}

fn is_capital_or_digit(byte: &u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

/// `SIGNOR:20577053;SPIKE:20577053` → `PMID:20577053`: publications, whoever named them.
fn references(field: &str) -> Vec<String> {
    let mut references: Vec<String> = field.split(';').filter_map(reference).collect();
    references.sort();
    references.dedup();
    references
}

fn reference(text: &str) -> Option<String> {
    let identifier = text.rsplit(':').next().unwrap_or(text).trim();
    if identifier.is_empty() {
        return None;
    }
    let is_pubmed = all(identifier, |byte| byte.is_ascii_digit());
    Some(if is_pubmed { format!("PMID:{identifier}") } else { text.trim().to_owned() })
}

#[cfg(test)]
mod tests;
