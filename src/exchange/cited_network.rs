//! The currency of the room: genes, regulations and effects, each with what is cited for it.

use crate::biology::{Citation, CitedRegulation, Gene, GeneId, GeneTable, Regulation, Sign, StatementKind};
use crate::knowledge::KnowledgeBase;
use crate::network::RegulatoryNetwork;

/// A signed network with its evidence, in canonical form: genes by symbol, statements by regulator, target and sign, each once.
#[derive(Clone, Debug, Default)]
pub struct CitedNetwork {
    genes: GeneTable,
    regulations: Vec<CitedRegulation>,
    effects: Vec<CitedRegulation>,
}

impl CitedNetwork {
    /// The network of these genes and statements; repeats of a statement are joined by [`Citation::absorb`].
    ///
    /// # Panics
    /// If a statement names a gene outside the table.
    #[must_use]
    pub fn new(
        genes: &GeneTable,
        regulations: impl IntoIterator<Item = CitedRegulation>,
        effects: impl IntoIterator<Item = CitedRegulation>,
    ) -> Self {
        let mut order: Vec<_> = genes.iter().collect();
        order.sort_unstable_by(|(_, a), (_, b)| a.symbol.cmp(&b.symbol));
        let mut sorted = GeneTable::new();
        let mut renumbered = vec![GeneId::new(0); genes.len()];
        for (old, gene) in order {
            renumbered[old.index()] = sorted.insert(canonical_gene(gene));
        }
        let of = |statements: Vec<CitedRegulation>| canonical(statements, &renumbered);
        let (regulations, effects) = (regulations.into_iter().collect(), effects.into_iter().collect());
        Self { regulations: of(regulations), effects: of(effects), genes: sorted }
    }

    /// What a knowledge base holds in force.
    #[must_use]
    pub fn of_knowledge(base: &KnowledgeBase) -> Self {
        Self::new(base.genes(), base.regulations().iter().cloned(), base.effects().iter().cloned())
    }

    /// The genes, by symbol.
    #[must_use]
    pub const fn genes(&self) -> &GeneTable {
        &self.genes
    }

    /// The regulations with what is cited for them, sorted.
    #[must_use]
    pub fn regulations(&self) -> &[CitedRegulation] {
        &self.regulations
    }

    /// The effects with what is cited for them, sorted.
    #[must_use]
    pub fn effects(&self) -> &[CitedRegulation] {
        &self.effects
    }

    /// The same without what is cited.
    #[must_use]
    pub fn network(&self) -> RegulatoryNetwork {
        let plain = |cited: &CitedRegulation| cited.regulation;
        RegulatoryNetwork::new(self.genes.len(), self.regulations.iter().map(plain))
            .with_effects(self.effects.iter().map(plain))
    }

    /// The same network with what a catalogue knows of its genes by symbol: accessions and aliases.
    #[must_use]
    pub fn with_catalogue(mut self, catalogue: &GeneTable) -> Self {
        let symbols: Vec<String> = self.genes.iter().map(|(_, gene)| gene.symbol.clone()).collect();
        for id in symbols.iter().filter_map(|symbol| catalogue.id(symbol)) {
            self.genes.insert(catalogue.gene(id).clone());
        }
        self
    }

    /// Regulations, then effects.
    pub fn statements(&self) -> impl Iterator<Item = (StatementKind, &CitedRegulation)> {
        let regulations = self.regulations.iter().map(|cited| (StatementKind::Regulation, cited));
        regulations.chain(self.effects.iter().map(|cited| (StatementKind::Effect, cited)))
    }

    pub(super) fn symbol(&self, gene: GeneId) -> &str {
        self.genes.symbol(gene)
    }

    /// Whether each gene is an end of some statement that `counts`.
    pub(super) fn taking_part(&self, counts: impl Fn(StatementKind, Regulation) -> bool) -> Vec<bool> {
        let mut takes_part = vec![false; self.genes.len()];
        for (_, cited) in self.statements().filter(|(kind, cited)| counts(*kind, cited.regulation)) {
            let Regulation { regulator, target, .. } = cited.regulation;
            [regulator, target].iter().for_each(|gene| takes_part[gene.index()] = true);
        }
        takes_part
    }

    /// For each regulation, whether there is one of the opposite sign between the same two genes.
    pub(super) fn conflicting(&self) -> impl Iterator<Item = &CitedRegulation> {
        let holds = |regulation: Regulation| {
            self.regulations.binary_search_by_key(&regulation, |cited| cited.regulation).is_ok()
        };
        self.regulations.iter().filter(move |cited| holds(cited.regulation.flipped()))
    }
}

fn canonical_gene(gene: &Gene) -> Gene {
    let mut canonical = gene.clone();
    canonical.accessions.sort();
    canonical.accessions.dedup();
    canonical.aliases.sort();
    canonical.aliases.dedup();
    canonical
}

fn canonical(statements: Vec<CitedRegulation>, renumbered: &[GeneId]) -> Vec<CitedRegulation> {
    let new = |gene: GeneId| renumbered[gene.index()];
    let mut statements: Vec<_> = statements
        .into_iter()
        .map(|cited| {
            let Regulation { regulator, target, sign } = cited.regulation;
            let mut citation = Citation::default();
            citation.absorb(cited.citation);
            CitedRegulation { regulation: Regulation::new(new(regulator), new(target), sign), citation }
        })
        .collect();
    statements.sort_by_key(|cited| cited.regulation);
    statements.dedup_by(|later, first| {
        let same = later.regulation == first.regulation;
        if same {
            first.citation.absorb(std::mem::take(&mut later.citation));
        }
        same
    });
    statements
}

/// A network that is read statement by statement.
#[derive(Default)]
pub(super) struct Gathered {
    genes: GeneTable,
    regulations: Vec<CitedRegulation>,
    effects: Vec<CitedRegulation>,
}

impl Gathered {
    /// The gene of this symbol.
    pub(super) fn symbol(&mut self, symbol: &str) -> GeneId {
        self.genes.intern(symbol)
    }

    /// This gene, or what is new about it.
    pub(super) fn gene(&mut self, gene: Gene) -> GeneId {
        self.genes.insert(gene)
    }

    /// One statement.
    pub(super) fn state(&mut self, kind: StatementKind, regulation: Regulation, citation: Citation) {
        let of_kind = match kind {
            StatementKind::Regulation => &mut self.regulations,
            StatementKind::Effect => &mut self.effects,
        };
        of_kind.push(CitedRegulation { regulation, citation });
    }

    /// One regulation for which nothing is cited.
    pub(super) fn regulate(&mut self, regulator: &str, target: &str, sign: Sign) {
        let regulation = Regulation::new(self.symbol(regulator), self.symbol(target), sign);
        self.state(StatementKind::Regulation, regulation, Citation::default());
    }

    pub(super) fn finish(self) -> CitedNetwork {
        CitedNetwork::new(&self.genes, self.regulations, self.effects)
    }
}
