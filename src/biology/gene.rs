//! Genes, their names, and the table that gives each an index.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::BiologyError;

/// Index of a gene in one [`GeneTable`]; meaningless with any other table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GeneId(u32);

impl GeneId {
    /// The gene at `index` of its table.
    ///
    /// # Panics
    /// If `index` is 2³² or more, which no genome reaches.
    #[must_use]
    pub fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("a gene table holds fewer than 2^32 genes"))
    }

    /// Position in the gene table, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Who issued an accession.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Authority {
    /// UniProt accession, for example `P04637`.
    UniProt,
    /// NCBI Entrez gene number, for example `7157`.
    Entrez,
    /// Ensembl gene, for example `ENSG00000141510`.
    Ensembl,
    /// Locus tag of a bacterial genome, for example the b-number `b0683`.
    LocusTag,
    /// Mature microRNA in miRBase, for example `MIMAT0000076`.
    MirBase,
}

/// A name of a gene in some catalogue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Accession {
    /// The catalogue.
    pub authority: Authority,
    /// The gene's name in it.
    pub value: String,
}

/// One gene: also a complex or a microRNA, wherever a regulation may start or end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gene {
    /// Its symbol, unique in a table, for example `TP53` or `crp`.
    pub symbol: String,
    /// Its names in catalogues, sorted.
    pub accessions: Vec<Accession>,
    /// Other symbols by which it is or was known, sorted.
    pub aliases: Vec<String>,
}

impl Gene {
    /// A gene of which only the symbol is known.
    #[must_use]
    pub fn named(symbol: impl Into<String>) -> Self {
        Self { symbol: symbol.into(), ..Self::default() }
    }

    /// The same gene with one accession more.
    #[must_use]
    pub fn with_accession(mut self, authority: Authority, value: impl Into<String>) -> Self {
        self.accessions.push(Accession { authority, value: value.into() });
        self.accessions.sort();
        self.accessions.dedup();
        self
    }

    /// The same gene with one alias more.
    #[must_use]
    pub fn with_alias(mut self, alias: impl Into<String>) -> Self {
        self.aliases.push(alias.into());
        self.aliases.sort();
        self.aliases.dedup();
        self
    }

    fn absorb(&mut self, other: Self) {
        self.accessions.extend(other.accessions);
        self.accessions.sort();
        self.accessions.dedup();
        self.aliases.extend(other.aliases);
        self.aliases.sort();
        self.aliases.dedup();
    }
}

/// All genes of a run, each with an index; symbols are unique, other names need not be.
#[derive(Clone, Debug, Default)]
pub struct GeneTable {
    genes: Vec<Gene>,
    by_symbol: HashMap<String, GeneId>,
    by_other_name: HashMap<String, Vec<GeneId>>,
}

impl GeneTable {
    /// A table without genes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of genes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.genes.len()
    }

    /// True if the table holds no gene.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.genes.is_empty()
    }

    /// Adds a gene, or what is new about it if its symbol is already in the table.
    pub fn insert(&mut self, gene: Gene) -> GeneId {
        let id = match self.by_symbol.get(&gene.symbol) {
            Some(&id) => id,
            None => self.append(&gene.symbol),
        };
        self.index_other_names(id, &gene);
        self.genes[id.index()].absorb(gene);
        id
    }

    /// The gene of this symbol, added if it is not there yet.
    pub fn intern(&mut self, symbol: &str) -> GeneId {
        match self.by_symbol.get(symbol) {
            Some(&id) => id,
            None => self.append(symbol),
        }
    }

    fn append(&mut self, symbol: &str) -> GeneId {
        let id = GeneId::new(self.genes.len());
        self.genes.push(Gene::named(symbol));
        self.by_symbol.insert(symbol.to_owned(), id);
        self.add_name(symbol.to_lowercase(), id);
        id
    }

    fn index_other_names(&mut self, id: GeneId, gene: &Gene) {
        let names = gene.accessions.iter().map(|accession| &accession.value).chain(&gene.aliases);
        for name in names {
            self.add_name(name.to_lowercase(), id);
        }
    }

    fn add_name(&mut self, name: String, id: GeneId) {
        let ids = self.by_other_name.entry(name).or_default();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }

    /// The gene of exactly this symbol.
    #[must_use]
    pub fn id(&self, symbol: &str) -> Option<GeneId> {
        self.by_symbol.get(symbol).copied()
    }

    /// The gene meant by `name`: its symbol, or else, in any case, the symbol, an accession or an alias.
    ///
    /// # Errors
    /// [`BiologyError::UnknownGene`] with the nearest symbol, or [`BiologyError::AmbiguousGene`] if several genes
    /// share the name.
    pub fn resolve(&self, name: &str) -> Result<GeneId, BiologyError> {
        if let Some(id) = self.find(name)? {
            return Ok(id);
        }
        Err(BiologyError::UnknownGene { name: name.to_owned(), nearest: self.nearest_symbol(name) })
    }

    /// As [`GeneTable::resolve`], but an unknown name is `None` and costs no search for the nearest one.
    ///
    /// # Errors
    /// [`BiologyError::AmbiguousGene`] if several genes share the name.
    pub fn find(&self, name: &str) -> Result<Option<GeneId>, BiologyError> {
        if let Some(id) = self.id(name) {
            return Ok(Some(id));
        }
        match self.by_other_name.get(&name.to_lowercase()).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some(&[id]) => Ok(Some(id)),
            Some(ids) => Err(BiologyError::AmbiguousGene {
                name: name.to_owned(),
                genes: ids.iter().map(|&id| self.symbol(id).to_owned()).collect(),
            }),
        }
    }

    /// The symbol most like `name` (Jaro–Winkler similarity of at least 0.8), ties to the first in the table.
    #[must_use]
    pub fn nearest_symbol(&self, name: &str) -> Option<String> {
        let wanted = name.to_lowercase();
        let mut best: Option<(f64, &str)> = None;
        for gene in &self.genes {
            let similarity = strsim::jaro_winkler(&wanted, &gene.symbol.to_lowercase());
            if similarity >= 0.8 && best.is_none_or(|(highest, _)| similarity > highest) {
                best = Some((similarity, &gene.symbol));
            }
        }
        best.map(|(_, symbol)| symbol.to_owned())
    }

    /// The gene behind an index of this table.
    #[must_use]
    pub fn gene(&self, id: GeneId) -> &Gene {
        &self.genes[id.index()]
    }

    /// The symbol behind an index of this table.
    #[must_use]
    pub fn symbol(&self, id: GeneId) -> &str {
        &self.genes[id.index()].symbol
    }

    /// All genes with their indices, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (GeneId, &Gene)> {
        self.genes.iter().enumerate().map(|(index, gene)| (GeneId::new(index), gene))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> GeneTable {
        let mut table = GeneTable::new();
        table.insert(Gene::named("fur").with_accession(Authority::LocusTag, "b0683"));
        table.insert(Gene::named("MARS1").with_alias("MARS"));
        table.insert(Gene::named("SLA2").with_alias("MARS"));
        table
    }

    #[test]
    fn a_gene_is_found_by_symbol_locus_tag_and_letter_case() {
        let table = table();
        for name in ["fur", "Fur", "b0683"] {
            assert_eq!(table.resolve(name), Ok(GeneId::new(0)), "{name}");
        }
    }

    #[test]
    fn an_alias_of_two_genes_is_refused_and_both_are_named() {
        let message = table().resolve("MARS").expect_err("two genes").to_string();
        assert!(message.contains("MARS1, SLA2"), "{message}");
    }

    #[test]
    fn a_misspelt_gene_is_answered_with_the_nearest_symbol() {
        let message = table().resolve("MARS2").expect_err("unknown").to_string();
        assert!(message.contains("did you mean `MARS1`"), "{message}");
    }

    #[test]
    fn a_gene_inserted_twice_keeps_one_index_and_all_its_names() {
        let mut table = table();
        let id = table.insert(Gene::named("fur").with_alias("ferric uptake regulator"));
        assert_eq!(id, GeneId::new(0));
        assert_eq!(table.gene(id).accessions.len(), 1);
        assert_eq!(table.resolve("ferric uptake regulator"), Ok(id));
    }
}
