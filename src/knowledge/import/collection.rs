//! Statements gathered row by row, and the canonical import that they make.

use std::collections::HashMap;

use crate::biology::{Citation, CitedRegulation, Gene, GeneId, GeneTable, Regulation, Sign};

use super::{ImportCounts, Imported};

/// What an importer has gathered so far; genes have provisional indices in order of appearance.
#[derive(Default)]
pub(super) struct Collection {
    genes: GeneTable,
    statements: HashMap<Regulation, Citation>,
    counts: ImportCounts,
}

impl Collection {
    /// One more row was read.
    pub(super) fn read_row(&mut self) {
        self.counts.read += 1;
    }

    /// The row just read states no regulation that is wanted, for `reason`.
    pub(super) fn leave_out(&mut self, reason: &str, line: u64) {
        self.counts.leave_out(reason, line);
    }

    /// Enters a gene, or what is new about it.
    pub(super) fn gene(&mut self, gene: Gene) -> GeneId {
        self.genes.insert(gene)
    }

    /// The row just read states that each of `regulators` acts on each of `targets` with each of `signs`.
    ///
    /// Needs at least one of each. Genes named twice count once.
    pub(super) fn state(&mut self, regulators: &[GeneId], targets: &[GeneId], signs: &[Sign], citation: &Citation) {
        let (regulators, targets) = (distinct(regulators), distinct(targets));
        self.counts.both_signs += u64::from(signs.len() == 2);
        self.counts.split += (regulators.len() * targets.len() * signs.len()).saturating_sub(1) as u64;
        for &regulator in &regulators {
            for &target in &targets {
                for &sign in signs {
                    self.cite(Regulation::new(regulator, target, sign), citation.clone());
                }
            }
        }
    }

    fn cite(&mut self, regulation: Regulation, citation: Citation) {
        match self.statements.get_mut(&regulation) {
            Some(known) => {
                known.absorb(citation);
                self.counts.merged += 1;
            }
            None => {
                // Absorbing into nothing sorts the lists and takes repeats out.
                let mut first = Citation::default();
                first.absorb(citation);
                self.statements.insert(regulation, first);
            }
        }
    }

    /// The import in canonical form: genes by symbol, regulations by index, whatever the order of the rows.
    ///
    /// Accessions and aliases of `catalogue` are added to the genes that it knows by symbol.
    pub(super) fn finish(mut self, catalogue: Option<&GeneTable>) -> Imported {
        let (genes, renumbered) = sorted_by_symbol(&self.genes, catalogue);
        let mut regulations: Vec<CitedRegulation> = self
            .statements
            .into_iter()
            .map(|(regulation, citation)| CitedRegulation {
                regulation: Regulation::new(
                    renumbered[regulation.regulator.index()],
                    renumbered[regulation.target.index()],
                    regulation.sign,
                ),
                citation,
            })
            .collect();
        regulations.sort_unstable_by_key(|cited| cited.regulation);
        self.counts.kept = regulations.len() as u64;
        self.counts.genes = genes.len() as u64;
        tracing::info!(read = self.counts.read, kept = self.counts.kept, "imported");
        Imported { genes, regulations, counts: self.counts, notes: Vec::new() }
    }
}

fn distinct(genes: &[GeneId]) -> Vec<GeneId> {
    let mut seen: Vec<GeneId> = Vec::with_capacity(genes.len());
    for &gene in genes {
        if !seen.contains(&gene) {
            seen.push(gene);
        }
    }
    seen
}

/// A table of the same genes sorted by symbol, each with what the catalogue adds, and the new index of each old one.
pub(super) fn sorted_by_symbol(genes: &GeneTable, catalogue: Option<&GeneTable>) -> (GeneTable, Vec<GeneId>) {
    let mut order: Vec<(GeneId, &Gene)> = genes.iter().collect();
    order.sort_unstable_by(|(_, a), (_, b)| a.symbol.cmp(&b.symbol));
    let mut sorted = GeneTable::new();
    let mut renumbered = vec![GeneId::new(0); genes.len()];
    for (provisional, gene) in order {
        renumbered[provisional.index()] = sorted.insert(gene.clone());
        if let Some(known) = catalogue.and_then(|table| table.id(&gene.symbol).map(|id| table.gene(id))) {
            sorted.insert(known.clone());
        }
    }
    (sorted, renumbered)
}
