//! Which gene is annotated with which term.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::biology::{Authority, Gene, GeneId, GeneTable};
use crate::knowledge::import::delimited::{Layout, Table, text};
use crate::knowledge::import::names::gene_named;
use crate::knowledge::import::taxa::{Taxa, number_of};
use crate::knowledge::import::{ImportCounts, ImportError};

use super::TermGraph;

/// Which annotations to read.
#[derive(Clone, Debug, Default)]
pub struct AnnotationOptions {
    /// Evidence codes that do not count, for example `IEA` (by computer alone) and `ND` (no data).
    pub exclude_evidence: Vec<String>,
    /// Only these genes: annotations of others are left out. All genes if not given.
    pub only: Option<GeneTable>,
    /// Accessions and aliases to add to the genes, by symbol; where a file names genes by number alone, also their symbols.
    pub catalogue: Option<GeneTable>,
    /// The species, by its number at NCBI: annotations of others are left out. May be missing where a file has one alone.
    pub taxon: Option<String>,
}

/// How a gene product stands to a term, where that is not what the ontology of the term implies (involved in a process,
/// enables a function, located in a component).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnnotationRelation {
    /// It is a part of a complex.
    PartOf,
    /// It does its work in a component.
    ActiveIn,
    /// What the ontology of the term implies.
    Implied,
}

/// Genes and the terms with which they are directly annotated.
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    /// The genes: those of [`AnnotationOptions::only`], or else all annotated ones, sorted by symbol.
    pub genes: GeneTable,
    /// Gene and position of the term; sorted, without repeats.
    pub pairs: Vec<(GeneId, usize)>,
    /// How gene and term are related, for those pairs of which a row says more than the ontology of the term implies.
    pub relations: BTreeMap<(GeneId, usize), BTreeSet<AnnotationRelation>>,
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
    taxon: &'a str,
    line: u64,
}

impl Annotations {
    /// Reads a table in the columns of NCBI's gene2go: `tax_id`, `GeneID`, `GO_ID`, `Evidence`, `Qualifier`, and `Symbol`, which
    /// NCBI leaves to the catalogue.
    ///
    /// # Errors
    /// [`ImportError`] if the file is no such table, a row names no gene, the genes have numbers alone and there is no
    /// catalogue, or there are several taxa and none of them, or one that is not there, is wanted.
    pub fn from_gene2go(
        content: &[u8],
        file_name: &str,
        graph: &TermGraph,
        options: &AnnotationOptions,
    ) -> Result<Self, ImportError> {
        let open = || Table::open_naming(content, file_name, Layout::TSV, &["GeneID", "GO_ID"]);
        let mut table = open()?;
        let (entrez, term) = (table.column("GeneID")?, table.column("GO_ID")?);
        let (symbol, evidence) = (table.optional("Symbol"), table.column("Evidence")?);
        let (qualifier, tax_id) = (table.optional("Qualifier"), table.any(&["tax_id", "#tax_id"]));
        if symbol.is_none() && options.catalogue.is_none() && options.only.is_none() {
            return Err(ImportError::NumbersOnly { file: file_name.to_owned() });
        }
        let taxon = Taxa::of(open()?, tax_id)?.chosen(file_name, options.taxon.as_deref())?;
        let mut reading = Reading::new(graph, options, taxon);
        while table.next_row()? {
            let symbol = match symbol {
                Some(symbol) => table.gene_name(symbol, "Symbol")?,
                None => reading.symbol_of(table.gene_name(entrez, "GeneID")?),
            };
            reading.row(&Row {
                symbol,
                accession: Some((Authority::Entrez, table.field(entrez))),
                locus_tag: None,
                qualifier: table.field_if(qualifier),
                term: table.field(term),
                evidence: table.field(evidence),
                taxon: table.field_if(tax_id),
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
    /// [`ImportError`] if the text is not UTF-8 or has no annotation line at all, or there are several taxa and none of them, or
    /// one that is not there, is wanted.
    pub fn from_gaf(
        content: &[u8],
        file_name: &str,
        graph: &TermGraph,
        options: &AnnotationOptions,
    ) -> Result<Self, ImportError> {
        let text = text(content, file_name)?;
        if text.lines().any(|line| line.starts_with("!gpa-version") || line.starts_with("!gpad-version")) {
            let problem = "this is GPAD, not GAF; read it as GPAD, together with a table of genes, or take the GAF file of the release";
            return Err(ImportError::Malformed { file: file_name.to_owned(), line: 1, problem: problem.to_owned() });
        }
        let is_row = |line: &&str| !line.starts_with(['!', '#']) && !line.trim().is_empty();
        let mut taxa = Taxa::default();
        for line in text.lines().filter(is_row) {
            if let Some(row) = gaf_row(&fields_of(line), 0) {
                taxa.add(row.taxon);
            }
        }
        let mut reading = Reading::new(graph, options, taxa.chosen(file_name, options.taxon.as_deref())?);
        for (line, content) in (1..).zip(text.lines()).filter(|(_, line)| is_row(line)) {
            match gaf_row(&fields_of(content), line) {
                Some(row) => reading.row(&row),
                None => reading.illegal(line),
            }
        }
        if reading.counts.read == 0 {
            return Err(ImportError::NoRow { file: file_name.to_owned() });
        }
        Ok(reading.finish())
    }

    /// Reads a gene product association file (GPAD 1.1, 1.2 or 2.0).
    ///
    /// It names gene products by accession alone, so the symbols come from the catalogue or the genes that are wanted. The evidence
    /// is the code of the property `go_evidence`, or, where there is none, the number in the Evidence and Conclusion Ontology. A line with
    /// fewer than 10 fields, or without object, relation, term or evidence, is illegal: it is left out and counted. There is no
    /// taxon of the gene product in a row, so that all rows are taken.
    ///
    /// # Errors
    /// [`ImportError`] if the text is not UTF-8, has no line with its version or no annotation at all, or there are no genes to
    /// take the symbols from.
    pub fn from_gpad(
        content: &[u8],
        file_name: &str,
        graph: &TermGraph,
        options: &AnnotationOptions,
    ) -> Result<Self, ImportError> {
        let text = text(content, file_name)?;
        let malformed =
            |problem: &str| ImportError::Malformed { file: file_name.to_owned(), line: 1, problem: problem.to_owned() };
        if options.catalogue.is_none() && options.only.is_none() {
            return Err(malformed(
                "GPAD names gene products by accession alone; give a table of genes with accessions and symbols",
            ));
        }
        let version = text.lines().find_map(|line| {
            let (tag, version) = line.strip_prefix('!')?.split_once(':')?;
            matches!(tag.trim(), "gpa-version" | "gpad-version").then(|| version.trim())
        });
        let is_second = match version {
            Some(version) => version.starts_with('2'),
            None => return Err(malformed("no line `!gpad-version: 2.0` or `!gpa-version: 1.1`; is this GPAD?")),
        };
        let mut reading = Reading::new(graph, options, None);
        let is_row = |line: &str| !line.starts_with(['!', '#']) && !line.trim().is_empty();
        for (line, content) in (1..).zip(text.lines()).filter(|(_, line)| is_row(line)) {
            match gpad_row(&fields_of(content), is_second, line) {
                Some(mut row) => {
                    row.symbol = row.accession.map_or("", |(_, accession)| reading.symbol_of(accession));
                    reading.row(&row);
                }
                None => reading.illegal(line),
            }
        }
        if reading.counts.read == 0 {
            return Err(ImportError::NoRow { file: file_name.to_owned() });
        }
        Ok(reading.finish())
    }
}

/// One line of GPAD, its gene without a symbol.
fn gpad_row<'a>(fields: &[&'a str], is_second: bool, line: u64) -> Option<Row<'a>> {
    let (database, object, negation, relation, rest) = match fields {
        [curie, negation, relation, rest @ ..] if is_second => {
            let (database, object) = curie.split_once(':')?;
            (database, object, *negation, *relation, rest)
        }
        [database, object, relation, rest @ ..] if !is_second => (*database, *object, "", *relation, rest),
        _ => return None,
    };
    let &[term, _, evidence, _, _, _, _, ref last @ ..] = rest else { return None };
    if [object, relation, term, evidence].iter().any(|field| field.is_empty()) {
        return None;
    }
    let properties = last.last().copied().unwrap_or_default();
    let code = properties.split('|').find_map(|property| property.strip_prefix("go_evidence="));
    let authority = match database {
        "UniProtKB" | "UniProt" => Authority::UniProt,
        "NCBIGene" | "NCBI_Gene" => Authority::Entrez,
        "ENSEMBL" | "Ensembl" => Authority::Ensembl,
        _ => Authority::LocusTag,
    };
    let qualifier = if negation.eq_ignore_ascii_case("not") { "NOT" } else { relation_name(relation) };
    let accession = Some((authority, object));
    Some(Row {
        symbol: "",
        accession,
        locus_tag: None,
        qualifier,
        term,
        evidence: code.unwrap_or(evidence),
        taxon: "",
        line,
    })
}

/// The name of a relation that GPAD 2 gives by its number.
fn relation_name(relation: &str) -> &str {
    match relation {
        "RO:0002331" => "involved_in",
        "RO:0002327" => "enables",
        "RO:0001025" => "located_in",
        "RO:0002432" => "is_active_in",
        "BFO:0000050" => "part_of",
        "RO:0002326" => "contributes_to",
        "RO:0002325" => "colocalizes_with",
        "RO:0002263" | "RO:0002264" | "RO:0004032" | "RO:0004033" | "RO:0004034" | "RO:0004035" => "acts_upstream_of",
        other => other,
    }
}

fn fields_of(line: &str) -> Vec<&str> {
    line.split('\t').map(str::trim).collect()
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
    Some(Row { symbol, accession, locus_tag, qualifier, term, evidence, taxon, line })
}

fn is_b_number(name: &str) -> bool {
    name.len() == 5 && name.starts_with('b') && name[1..].bytes().all(|byte| byte.is_ascii_digit())
}

struct Reading<'a> {
    graph: &'a TermGraph,
    options: &'a AnnotationOptions,
    /// The taxon whose rows are taken, if not all are.
    taxon: Option<&'a str>,
    genes: GeneTable,
    /// Genes already looked up, by `symbol TAB accession`; `None` if the wanted ones do not hold it.
    known: HashMap<String, Option<GeneId>>,
    pairs: BTreeMap<(GeneId, usize), BTreeSet<AnnotationRelation>>,
    counts: ImportCounts,
}

impl<'a> Reading<'a> {
    fn new(graph: &'a TermGraph, options: &'a AnnotationOptions, taxon: Option<&'a str>) -> Self {
        Self {
            graph,
            options,
            taxon,
            genes: options.only.clone().unwrap_or_default(),
            known: HashMap::new(),
            pairs: BTreeMap::new(),
            counts: ImportCounts::default(),
        }
    }

    fn illegal(&mut self, line: u64) {
        self.counts.read += 1;
        self.counts.leave_out("illegal line", line);
    }

    fn row(&mut self, row: &Row<'_>) {
        self.counts.read += 1;
        if self.taxon.is_some_and(|taxon| number_of(row.taxon) != taxon) {
            return self.counts.leave_out("of another taxon", row.line);
        }
        let relation = match relation(row.qualifier) {
            Ok(relation) => relation,
            Err(reason) => return self.counts.leave_out(reason, row.line),
        };
        if self.options.exclude_evidence.iter().any(|code| code == row.evidence) {
            return self.counts.leave_out("evidence not wanted", row.line);
        }
        let Some(term) = self.graph.position(row.term) else {
            return self.counts.leave_out("term unknown or obsolete", row.line);
        };
        if row.symbol.is_empty() && self.options.only.is_none() {
            return self.counts.leave_out("gene number not in the table of genes", row.line);
        }
        let Some(gene) = self.gene(row) else {
            return self.counts.leave_out("gene not among those wanted", row.line);
        };
        let relations = self.pairs.entry((gene, term)).or_default();
        self.counts.merged += u64::from(!relations.is_empty());
        relations.insert(relation);
    }

    /// The symbol of a gene number, empty if it is not known.
    fn symbol_of(&self, number: &str) -> &'a str {
        let options: &'a AnnotationOptions = self.options;
        let known = options.catalogue.as_ref().and_then(|genes| Some((genes, gene_named(genes, number)?)));
        known.map_or("", |(genes, gene)| genes.symbol(gene))
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
                found.or_else(|| [accession, row.symbol].into_iter().find_map(|name| gene_named(wanted, name)))
            }
            None => Some(self.genes.insert(described(row))),
        };
        self.known.insert(key, gene);
        gene
    }

    fn finish(mut self) -> Annotations {
        self.counts.kept = self.pairs.len() as u64;
        let mut pairs: Vec<_> = self.pairs.into_iter().collect();
        let genes = match self.options.only {
            Some(_) => self.genes,
            None => {
                let catalogue = self.options.catalogue.as_ref();
                let (genes, renumbered) =
                    crate::knowledge::import::collection::sorted_by_symbol(&self.genes, catalogue);
                for ((gene, _), _) in &mut pairs {
                    *gene = renumbered[gene.index()];
                }
                pairs.sort_unstable();
                genes
            }
        };
        let mut annotated: Vec<GeneId> = pairs.iter().map(|((gene, _), _)| *gene).collect();
        annotated.dedup();
        self.counts.genes = annotated.len() as u64;
        let says_more = |relations: &BTreeSet<_>| relations.iter().any(|&known| known != AnnotationRelation::Implied);
        let relations = pairs.iter().filter(|(_, relations)| says_more(relations)).cloned().collect();
        let pairs = pairs.into_iter().map(|(pair, _)| pair).collect();
        Annotations { genes, pairs, relations, counts: self.counts }
    }
}

/// How the qualifier relates gene and term, or why the row states no annotation that is kept.
fn relation(qualifier: &str) -> Result<AnnotationRelation, &'static str> {
    let mut relation = AnnotationRelation::Implied;
    if qualifier.split(['|', ' ', '_']).any(|word| word.eq_ignore_ascii_case("not")) {
        return Err("qualifier NOT");
    }
    for word in qualifier.split(['|', ' ']).filter(|word| !matches!(*word, "" | "-")) {
        relation = match word.to_lowercase().as_str() {
            "enables" | "involved_in" | "located_in" => AnnotationRelation::Implied,
            "part_of" => AnnotationRelation::PartOf,
            "is_active_in" => AnnotationRelation::ActiveIn,
            "contributes_to" => return Err("qualifier contributes_to"),
            "colocalizes_with" => return Err("qualifier colocalizes_with"),
            upstream if upstream.starts_with("acts_upstream_of") => return Err("qualifier acts_upstream_of…"),
            _ => return Err("qualifier not known"),
        };
    }
    Ok(relation)
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
