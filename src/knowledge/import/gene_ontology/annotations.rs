//! Which gene is annotated with which term.

use std::collections::{BTreeSet, HashMap};

use crate::biology::{Authority, Gene, GeneId, GeneTable};
use crate::knowledge::import::delimited::{Layout, Table, text};
use crate::knowledge::import::{ImportCounts, ImportError};

use super::TermGraph;

/// Which annotations to read.
#[derive(Clone, Debug, Default)]
pub struct AnnotationOptions {
    /// Evidence codes that do not count, for example `IEA` (by computer alone) and `ND` (no data).
    pub exclude_evidence: Vec<String>,
    /// Only these genes: annotations of others are left out. All genes if not given.
    pub only: Option<GeneTable>,
    /// Accessions and aliases to add to the genes, by symbol.
    pub catalogue: Option<GeneTable>,
}

/// Genes and the terms with which they are directly annotated.
#[derive(Clone, Debug)]
pub struct Annotations {
    /// The genes: those of [`AnnotationOptions::only`], or else all annotated ones, sorted by symbol.
    pub genes: GeneTable,
    /// Gene and position of the term; sorted, without repeats.
    pub pairs: Vec<(GeneId, usize)>,
    /// What became of every row.
    pub counts: ImportCounts,
}

/// One annotation as a file states it.
struct Row<'a> {
    symbol: &'a str,
    accession: Option<(Authority, &'a str)>,
    locus_tag: Option<&'a str>,
    qualifier: &'a str,
    term: &'a str,
    evidence: &'a str,
    line: u64,
}

impl Annotations {
    /// Reads a table in the columns of NCBI's gene2go: `GeneID`, `GO_ID`, `Evidence`, `Qualifier`, `Symbol`.
    ///
    /// # Errors
    /// [`ImportError`] if the file is no such table or a row names no gene.
    pub fn from_gene2go(
        content: &[u8],
        file_name: &str,
        graph: &TermGraph,
        options: &AnnotationOptions,
    ) -> Result<Self, ImportError> {
        let mut table = Table::open(content, file_name, Layout::TSV)?;
        let (entrez, term) = (table.column("GeneID")?, table.column("GO_ID")?);
        let (symbol, evidence) = (table.column("Symbol")?, table.column("Evidence")?);
        let qualifier = table.optional("Qualifier");
        let mut reading = Reading::new(graph, options);
        while table.next_row()? {
            reading.row(&Row {
                symbol: table.gene_name(symbol, "Symbol")?,
                accession: Some((Authority::Entrez, table.field(entrez))),
                locus_tag: None,
                qualifier: table.field_if(qualifier),
                term: table.field(term),
                evidence: table.field(evidence),
                line: table.line(),
            });
        }
        Ok(reading.finish())
    }

    /// Reads a gene association file (GAF 1 or 2).
    ///
    /// A line with fewer than 13 fields, without object, symbol, term or evidence, or with a taxon without number is illegal:
    /// it is left out and counted.
    ///
    /// # Errors
    /// [`ImportError`] if the text is no UTF-8 or has no annotation line at all.
    pub fn from_gaf(
        content: &[u8],
        file_name: &str,
        graph: &TermGraph,
        options: &AnnotationOptions,
    ) -> Result<Self, ImportError> {
        let mut reading = Reading::new(graph, options);
        for (line, content) in (1..).zip(text(content, file_name)?.lines()) {
            if content.starts_with('!') || content.trim().is_empty() {
                continue;
            }
            let fields: Vec<&str> = content.split('\t').map(str::trim).collect();
            match gaf_row(&fields, line) {
                Some(row) => reading.row(&row),
                None => reading.illegal(line),
            }
        }
        if reading.counts.read == 0 {
            return Err(ImportError::NoRow { file: file_name.to_owned() });
        }
        Ok(reading.finish())
    }
}

fn gaf_row<'a>(fields: &[&'a str], line: u64) -> Option<Row<'a>> {
    let &[database, object, symbol, qualifier, term, _, evidence, _, _, _, synonyms, _, taxon, ..] = fields else {
        return None;
    };
    let is_complete = [object, symbol, term, evidence].iter().all(|field| !field.is_empty());
    if !is_complete || !taxon.ends_with(|last: char| last.is_ascii_digit()) {
        return None;
    }
    let accession = database.starts_with("UniProt").then_some((Authority::UniProt, object));
    let locus_tag = synonyms.split('|').find(|name| is_b_number(name));
    Some(Row { symbol, accession, locus_tag, qualifier, term, evidence, line })
}

fn is_b_number(name: &str) -> bool {
    name.len() == 5 && name.starts_with('b') && name[1..].bytes().all(|byte| byte.is_ascii_digit())
}

struct Reading<'a> {
    graph: &'a TermGraph,
    options: &'a AnnotationOptions,
    genes: GeneTable,
    /// Genes already looked up, by `symbol TAB accession`; `None` if the wanted ones do not hold it.
    known: HashMap<String, Option<GeneId>>,
    pairs: BTreeSet<(GeneId, usize)>,
    counts: ImportCounts,
}

impl<'a> Reading<'a> {
    fn new(graph: &'a TermGraph, options: &'a AnnotationOptions) -> Self {
        Self {
            graph,
            options,
            genes: options.only.clone().unwrap_or_default(),
            known: HashMap::new(),
            pairs: BTreeSet::new(),
            counts: ImportCounts::default(),
        }
    }

    fn illegal(&mut self, line: u64) {
        self.counts.read += 1;
        self.counts.leave_out("illegal line", line);
    }

    fn row(&mut self, row: &Row<'_>) {
        self.counts.read += 1;
        let negated = row.qualifier.split(['|', ' ', '_']).any(|word| word.eq_ignore_ascii_case("not"));
        if negated {
            return self.counts.leave_out("qualifier NOT", row.line);
        }
        if self.options.exclude_evidence.iter().any(|code| code == row.evidence) {
            return self.counts.leave_out("evidence not wanted", row.line);
        }
        let Some(term) = self.graph.position(row.term) else {
            return self.counts.leave_out("term unknown or obsolete", row.line);
        };
        let Some(gene) = self.gene(row) else {
            return self.counts.leave_out("gene not among those wanted", row.line);
        };
        if !self.pairs.insert((gene, term)) {
            self.counts.merged += 1;
        }
    }

    fn gene(&mut self, row: &Row<'_>) -> Option<GeneId> {
        let accession = row.accession.map_or("", |(_, value)| value);
        let key = format!("{}\t{accession}", row.symbol);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let gene = match &self.options.only {
            Some(wanted) => {
                let found = [row.symbol, accession].into_iter().find_map(|name| wanted.id(name));
                found.or_else(|| [accession, row.symbol].into_iter().find_map(|name| wanted.find(name).ok().flatten()))
            }
            None => Some(self.genes.insert(described(row))),
        };
        self.known.insert(key, gene);
        gene
    }

    fn finish(mut self) -> Annotations {
        self.counts.kept = self.pairs.len() as u64;
        let mut pairs: Vec<(GeneId, usize)> = self.pairs.into_iter().collect();
        let genes = match self.options.only {
            Some(_) => self.genes,
            None => {
                let catalogue = self.options.catalogue.as_ref();
                let (genes, renumbered) =
                    crate::knowledge::import::collection::sorted_by_symbol(&self.genes, catalogue);
                for (gene, _) in &mut pairs {
                    *gene = renumbered[gene.index()];
                }
                pairs.sort_unstable();
                genes
            }
        };
        let mut annotated: Vec<GeneId> = pairs.iter().map(|&(gene, _)| gene).collect();
        annotated.dedup();
        self.counts.genes = annotated.len() as u64;
        Annotations { genes, pairs, counts: self.counts }
    }
}

fn described(row: &Row<'_>) -> Gene {
    let mut gene = Gene::named(row.symbol);
    if let Some((authority, value)) = row.accession.filter(|(_, value)| !value.is_empty()) {
        gene = gene.with_accession(authority, value);
    }
    match row.locus_tag {
        Some(tag) => gene.with_accession(Authority::LocusTag, tag),
        None => gene,
    }
}
