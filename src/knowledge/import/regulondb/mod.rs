//! The regulatory network of *Escherichia coli*: RegulonDB, EcoCyc, and the networks of PRECISE built from both.
//!
//! Start at [`import`]. Which of the formats a file has is known by its first line; how a protein's name gives the symbol of its
//! gene stands in `protein.rs`.
//!
//! # Reference
//! Tierrafría et al. 2022, *Microb Genom* 8:000833, doi:10.1099/mgen.0.000833 (RegulonDB); Keseler et al. 2021, *Front
//! Microbiol* 12:711077, doi:10.3389/fmicb.2021.711077 (EcoCyc); Lamoureux et al. 2023, *Nucleic Acids Res* 51:10176,
//! doi:10.1093/nar/gkad750 (PRECISE-1K).

mod protein;

use crate::biology::{Authority, Citation, Gene, GeneId, GeneTable, Sign};

use super::collection::Collection;
use super::complexes::{DROPPED, symbol_of};
use super::delimited::{Layout, Table, first_fields, parts, text, without_mark};
use super::names::gene_named;
use super::sign_words::{SIGN_WORDS, read_signs};
use super::{Complexes, ImportError, Imported, NO_SIGN};

use protein::genes_of;

const KNOWN: &str = "a PRECISE network (CSV with regulator, gene_id, effect), RegulonDB network files with `#` comments (TF–gene, \
    sigma–gene, sRNA, or the newer NetworkRegulatorGene and TF-RISet), the EcoCyc table of direct regulators, and the EcoCyc export of \
    regulators with an indented line of targets such as `-rmf +/-zntA`";

/// How well a regulation is supported, in RegulonDB's three classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceClass {
    /// For example by expression analysis alone.
    Weak,
    /// For example by binding of purified protein.
    Strong,
    /// By several independent strong kinds of evidence.
    Confirmed,
}

impl EvidenceClass {
    fn read(text: &str) -> Option<Self> {
        match text.to_lowercase().as_str() {
            "weak" | "w" | "0" | "0.0" => Some(Self::Weak),
            "strong" | "s" | "1" | "1.0" => Some(Self::Strong),
            "confirmed" | "c" | "2" | "2.0" => Some(Self::Confirmed),
            _ => None,
        }
    }
}

/// Which rows of a regulatory network of *E. coli* to import, and how.
#[derive(Clone, Debug, Default)]
pub struct RegulonDbOptions {
    /// What to do with regulators of several different subunits, such as IHF or GadE–RcsB.
    pub complexes: Complexes,
    /// Least class of evidence; rows of no class are left out with the weaker ones.
    pub min_evidence: Option<EvidenceClass>,
    /// Genes of the genome with locus tags, to give each its symbol and its b-number.
    pub catalogue: Option<GeneTable>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Precise,
    Network,
    NumberedNetwork,
    SmallRna,
    RegulatorTable,
    RegulatorLines,
}

/// Imports a regulatory network in any of the known formats.
///
/// Protein names become gene symbols: `OmpR` → `ompR`, `H-NS` → `hns`, `Sigma70` → `rpoD`. A regulator of several different
/// subunits (`IHF`, `FlhDC`, `GadE-RcsB`) is a complex. What is not a gene, such as `ppGpp` or `Spermidine`, keeps its name. A dual
/// effect makes two regulations. Where the file gives locus tags, and the catalogue knows them, the symbol is the catalogue's.
///
/// # Errors
/// [`ImportError`] if the format is not known, a row is broken, or an effect is not understood.
pub fn import(content: &[u8], file_name: &str, options: &RegulonDbOptions) -> Result<Imported, ImportError> {
    text(content, file_name)?;
    let mut importer = Importer { file_name, options, collection: Collection::default(), first_genes: 0 };
    let format = recognised(content, file_name)?;
    tracing::debug!(?format, file_name, "format recognised");
    match format {
        Format::Precise => importer.precise(content)?,
        Format::Network => importer.network(content)?,
        Format::NumberedNetwork => importer.numbered_network(content)?,
        Format::SmallRna => importer.small_rna(content)?,
        Format::RegulatorTable => importer.regulator_table(content)?,
        Format::RegulatorLines => importer.regulator_lines(content)?,
    }
    let first_genes = importer.first_genes;
    let mut imported = importer.collection.finish(options.catalogue.as_ref());
    if first_genes > 0 {
        imported.notes.push(format!(
            "{first_genes} rows name a transcription unit as the target: its first gene is taken, the further ones are not"
        ));
    }
    Ok(imported)
}

/// Names of columns in the releases of RegulonDB since 11.
const REGULATOR: [&str; 3] = ["regulatorName", "tfName", "regulator"];
const TARGET: [&str; 3] = ["regulatedName", "targetName", "geneName"];
const FUNCTION: [&str; 4] = ["function", "riFunction", "effect", "regulationType"];
const FIRST_GENE: &str = "firstGene";
const UNIT: &str = "targetTuOrGene";
const NO_FIRST_GENE: &str = "transcription unit without a first gene";

/// Where a numbered table says what.
struct NumberedColumns {
    regulator: usize,
    /// The target itself, or the first gene of its transcription unit.
    target: usize,
    is_first_gene: bool,
    unit: Option<usize>,
    function: usize,
    class: Option<usize>,
}

impl NumberedColumns {
    fn of(table: &Table<'_>, file: &str) -> Result<Self, ImportError> {
        let names: Vec<String> = table.columns().iter().map(|column| unnumbered(column).to_owned()).collect();
        let any = |wanted: &[&str]| {
            wanted.iter().find_map(|wanted| names.iter().position(|name| name.eq_ignore_ascii_case(wanted)))
        };
        let column = |wanted: &[&str]| {
            any(wanted).ok_or_else(|| ImportError::MissingColumn {
                file: file.to_owned(),
                column: wanted[0].to_owned(),
                found: names.clone(),
                nearest: None,
            })
        };
        let named = any(&TARGET);
        Ok(Self {
            regulator: column(&REGULATOR)?,
            target: named.map_or_else(|| column(&[FIRST_GENE]), Ok)?,
            is_first_gene: named.is_none(),
            unit: any(&[UNIT]).filter(|_| named.is_none()),
            function: column(&FUNCTION)?,
            class: any(&["confidenceLevel", "confidence"]),
        })
    }

    /// The target of a row, and whether it stands for a transcription unit; `None` if a unit names no first gene.
    fn target(&self, table: &Table<'_>) -> Result<Option<(String, bool)>, ImportError> {
        if !self.is_first_gene {
            return Ok(Some((table.gene_name(self.target, "regulatedName")?.to_owned(), false)));
        }
        // `RDBECOLITUC01136:accBC`, `RDBECOLIGNC00015:accB`.
        let unit = table.field_if(self.unit);
        let own = unit.split_once(':').filter(|(id, _)| id.starts_with("RDBECOLIGN")).map(|(_, name)| name.trim());
        Ok(match (own, table.field(self.target)) {
            (Some(gene), _) if !gene.is_empty() => Some((gene.to_owned(), false)),
            (_, "" | "-" | "None") => None,
            (_, first) => Some((first.to_owned(), true)),
        })
    }
}

const COMMENTED: Layout = Layout::TSV;

fn recognised(content: &[u8], file_name: &str) -> Result<Format, ImportError> {
    let tabbed = first_fields(content, COMMENTED);
    let has = |name: &str| tabbed.iter().any(|field| field == name);
    let guessed = first_fields(content, Layout::guess_quotes(content));
    if ["regulator", "gene_id", "effect"].iter().all(|name| guessed.iter().any(|field| field == name)) {
        return Ok(Format::Precise);
    }
    if has("Matches") && has("Accession-1") {
        return Ok(Format::RegulatorTable);
    }
    let named = |name: &str| guessed.iter().any(|field| unnumbered(field).eq_ignore_ascii_case(name));
    if TARGET.into_iter().chain([FIRST_GENE]).any(named) && FUNCTION.into_iter().any(named) {
        return Ok(Format::NumberedNetwork);
    }
    if tabbed.len() >= 7 && tabbed[0].starts_with("sRNA") {
        return Ok(Format::SmallRna);
    }
    if (3..=6).contains(&tabbed.len()) && read_signs(&tabbed[2]).is_some() {
        return Ok(Format::Network);
    }
    if is_regulator_lines(content) {
        return Ok(Format::RegulatorLines);
    }
    Err(ImportError::UnknownFormat { file: file_name.to_owned(), first_line: tabbed.join(" "), known: KNOWN })
}

/// `5)regulatedName` → `regulatedName`.
fn unnumbered(column: &str) -> &str {
    column.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(')').trim()
}

fn is_regulator_lines(content: &[u8]) -> bool {
    let text = String::from_utf8_lossy(without_mark(content));
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    !is_indented(first) && is_indented(second)
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

/// What a row says next to regulator, target and sign.
struct Support<'a> {
    kind: &'static str,
    source: &'a str,
    reference: Option<&'a str>,
    evidence_count: u32,
    class: Option<EvidenceClass>,
}

impl<'a> Support<'a> {
    fn new(kind: &'static str, source: &'a str) -> Self {
        Self { kind, source, reference: None, evidence_count: 0, class: None }
    }

    fn citation(&self) -> Citation {
        Citation {
            kinds: vec![self.kind.to_owned()],
            sources: vec![self.source.to_owned()],
            references: self.reference.map(str::to_owned).into_iter().collect(),
            evidence_count: self.evidence_count,
            confidence: None,
        }
    }
}

const TRANSCRIPTIONAL: &str = "transcriptional";
const POST_TRANSCRIPTIONAL: &str = "post_transcriptional";
const SIGMA: &str = "sigma_factor";

struct Importer<'a> {
    file_name: &'a str,
    options: &'a RegulonDbOptions,
    collection: Collection,
    /// Rows whose target is a transcription unit, of which the first gene is taken.
    first_genes: u64,
}

impl Importer<'_> {
    /// One regulation as a file states it; `regulators` may be several names, joined by commas, that act on their own.
    fn state(&mut self, regulators: &str, target: Gene, signs: &[Sign], support: &Support<'_>, line: u64) {
        self.collection.read_row();
        if signs.is_empty() {
            return self.collection.leave_out(NO_SIGN, line);
        }
        if self.options.min_evidence.is_some() && support.class < self.options.min_evidence {
            return self.collection.leave_out("evidence too weak", line);
        }
        let Some(regulators) = self.regulators(regulators) else {
            return self.collection.leave_out(DROPPED, line);
        };
        let target = self.collection.gene(target);
        self.collection.state(&regulators, &[target], signs, &support.citation());
    }

    /// `None` if every one of them is a complex and complexes are dropped.
    fn regulators(&mut self, names: &str) -> Option<Vec<GeneId>> {
        let mut regulators = Vec::new();
        for name in parts(names, &[',']) {
            let genes = genes_of(&name, self.options.catalogue.as_ref());
            match (&genes[..], self.options.complexes) {
                ([gene], _) => regulators.push(self.named(gene, &name)),
                (_, Complexes::Drop) => {}
                (_, Complexes::Keep) => regulators.push(self.named(&symbol_of(&genes), &name)),
                (_, Complexes::Expand) => {
                    regulators.extend(genes.iter().map(|gene| self.collection.gene(Gene::named(gene))))
                }
            }
        }
        (!regulators.is_empty()).then_some(regulators)
    }

    fn named(&mut self, symbol: &str, written: &str) -> GeneId {
        let gene = Gene::named(symbol);
        let differs = !symbol.eq_ignore_ascii_case(written);
        self.collection.gene(if differs { gene.with_alias(written) } else { gene })
    }

    fn target(&self, name: &str, locus_tag: &str) -> Gene {
        let catalogue = self.options.catalogue.as_ref();
        let known = catalogue.and_then(|table| {
            let id = gene_named(table, locus_tag)?;
            Some(table.symbol(id))
        });
        let symbol = known.unwrap_or(if name.is_empty() { locus_tag } else { name });
        let gene = if locus_tag.is_empty() {
            Gene::named(symbol)
        } else {
            Gene::named(symbol).with_accession(Authority::LocusTag, locus_tag)
        };
        if name.is_empty() || name == symbol { gene } else { gene.with_alias(name) }
    }

    fn demand_evidence(&self, there: bool) -> Result<(), ImportError> {
        if there || self.options.min_evidence.is_none() {
            return Ok(());
        }
        Err(ImportError::FilterWithoutColumn {
            file: self.file_name.to_owned(),
            wish: "a least class of evidence",
            column: "evidence",
        })
    }

    /// `regulator, gene_id, effect`, and in PRECISE-1K `gene_name, evidence, source`.
    fn precise(&mut self, content: &[u8]) -> Result<(), ImportError> {
        let mut table = Table::open(content, self.file_name, Layout::guess_quotes(content))?;
        let (regulator, gene_id) = (table.column("regulator")?, table.column("gene_id")?);
        let effect = table.column("effect")?;
        let gene_name = table.optional("gene_name");
        let (evidence, source) = (table.optional("evidence"), table.optional("source"));
        self.demand_evidence(evidence.is_some())?;
        while table.next_row()? {
            let signs = signs(&table, effect)?;
            let name = table.field_if(gene_name);
            let locus_tag = if name.is_empty() { table.gene_name(gene_id, "gene_id")? } else { table.field(gene_id) };
            let regulators = table.gene_name(regulator, "regulator")?;
            let mut support = precise_support(table.field_if(source));
            support.class = EvidenceClass::read(table.field_if(evidence));
            self.state(regulators, self.target(name, locus_tag), signs, &support, table.line());
        }
        Ok(())
    }

    /// Five columns without header: regulator, gene, effect, evidence, class.
    fn network(&mut self, content: &[u8]) -> Result<(), ImportError> {
        let mut table = Table::open(content, self.file_name, Layout { header: false, ..COMMENTED })?;
        while table.next_row()? {
            let signs = signs(&table, 2)?;
            let regulators = table.gene_name(0, "regulator")?;
            let kind = if regulators.starts_with("Sigma") { SIGMA } else { TRANSCRIPTIONAL };
            let mut support = Support::new(kind, "RegulonDB");
            let codes = parts(table.field(3), &['[', ']', ',']).len();
            support.evidence_count = u32::try_from(codes).unwrap_or(u32::MAX);
            support.class = EvidenceClass::read(table.field(4));
            self.state(regulators, self.target(table.gene_name(1, "gene")?, ""), signs, &support, table.line());
        }
        Ok(())
    }

    /// The newer `NetworkRegulatorGene` and `TF-RISet`: a header of numbered columns.
    fn numbered_network(&mut self, content: &[u8]) -> Result<(), ImportError> {
        let mut table = Table::open(content, self.file_name, Layout::guess_quotes(content))?;
        let columns = NumberedColumns::of(&table, self.file_name)?;
        self.demand_evidence(columns.class.is_some())?;
        while table.next_row()? {
            let signs = signs(&table, columns.function)?;
            let regulators = table.gene_name(columns.regulator, "regulatorName")?;
            let mut support = Support::new(TRANSCRIPTIONAL, "RegulonDB");
            support.class = EvidenceClass::read(table.field_if(columns.class));
            match columns.target(&table)? {
                Some((target, is_first)) => {
                    self.first_genes += u64::from(is_first);
                    let target = self.target(&target, "");
                    self.state(regulators, target, signs, &support, table.line());
                }
                None => {
                    self.collection.read_row();
                    self.collection.leave_out(NO_FIRST_GENE, table.line());
                }
            }
        }
        Ok(())
    }

    /// Twelve columns without header; the second is the small RNA, the third its target, the seventh the effect.
    fn small_rna(&mut self, content: &[u8]) -> Result<(), ImportError> {
        let mut table = Table::open(content, self.file_name, Layout { header: false, ..COMMENTED })?;
        while table.next_row()? {
            let signs = signs(&table, 6)?;
            let regulators = table.gene_name(1, "small RNA")?;
            let mut support = Support::new(POST_TRANSCRIPTIONAL, "RegulonDB");
            support.class = EvidenceClass::read(table.field(11));
            self.state(regulators, self.target(table.gene_name(2, "gene")?, ""), signs, &support, table.line());
        }
        Ok(())
    }

    /// The EcoCyc table names direct regulators and their targets (joined by `//`), but no sign.
    fn regulator_table(&mut self, content: &[u8]) -> Result<(), ImportError> {
        let mut table = Table::open(content, self.file_name, COMMENTED)?;
        let (names, locus_tags) = (table.width().saturating_sub(2), table.column("Accession-1")?);
        let support = Support::new(TRANSCRIPTIONAL, "EcoCyc");
        while table.next_row()? {
            let line = table.line();
            let targets: Vec<&str> =
                table.field(names).split("//").map(str::trim).filter(|name| !name.is_empty()).collect();
            let locus_tags: Vec<&str> = table.field(locus_tags).split("//").map(str::trim).collect();
            for (at, target) in targets.iter().enumerate() {
                let locus_tag = locus_tags.get(at).copied().unwrap_or_default();
                self.state(table.field(0), self.target(target, locus_tag), &[], &support, line);
            }
        }
        Ok(())
    }

    /// A regulator on a line of its own (`zntR*`), then its targets on indented lines (`-rmf -rsd +/-zntA`).
    fn regulator_lines(&mut self, content: &[u8]) -> Result<(), ImportError> {
        let text = text(content, self.file_name)?;
        let support = Support::new(TRANSCRIPTIONAL, "EcoCyc");
        let mut regulator: Option<&str> = None;
        for (line, content) in (1..).zip(text.lines()) {
            if content.trim().is_empty() || content.starts_with('#') {
                continue;
            }
            if !is_indented(content) {
                regulator = Some(content.trim().trim_end_matches('*'));
                continue;
            }
            let Some(regulator) = regulator else {
                let problem =
                    "targets stand above the first regulator; put the regulator on the line before".to_owned();
                return Err(ImportError::Malformed { file: self.file_name.to_owned(), line, problem });
            };
            for token in content.split_whitespace() {
                let (signs, name) = signed_name(token);
                if name.is_empty() {
                    let problem = format!("`{token}` names no gene; write the sign before the gene, as in `-rmf`");
                    return Err(ImportError::Malformed { file: self.file_name.to_owned(), line, problem });
                }
                self.state(regulator, self.target(name, ""), signs, &support, line);
            }
        }
        Ok(())
    }
}

fn precise_support(source: &str) -> Support<'_> {
    match source {
        "" => Support::new(TRANSCRIPTIONAL, "PRECISE"),
        "RegulonDB_sigma" => Support::new(SIGMA, "RegulonDB"),
        "RegulonDB_sRNA" => Support::new(POST_TRANSCRIPTIONAL, "RegulonDB"),
        "RegulonDB_TF" => Support::new(TRANSCRIPTIONAL, "RegulonDB"),
        "Ecocyc" => Support::new(TRANSCRIPTIONAL, "EcoCyc"),
        paper if paper.starts_with("PMID:") => {
            Support { reference: Some(paper), ..Support::new(TRANSCRIPTIONAL, "PRECISE-1K") }
        }
        other => Support::new(TRANSCRIPTIONAL, other),
    }
}

fn signs(table: &Table<'_>, column: usize) -> Result<&'static [Sign], ImportError> {
    read_signs(table.field(column)).ok_or_else(|| table.value_error(column, SIGN_WORDS))
}

/// `+/-zntA` → both signs and `zntA`; a name without a sign before it has an unknown sign.
fn signed_name(token: &str) -> (&'static [Sign], &str) {
    for prefix in ["+/-", "-/+", "+-", "-+", "+", "-", "?"] {
        if let Some(name) = token.strip_prefix(prefix) {
            return (read_signs(prefix).unwrap_or(&[]), name.trim_end_matches('*'));
        }
    }
    (&[], token.trim_end_matches('*'))
}

#[cfg(test)]
mod tests;
