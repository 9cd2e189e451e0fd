//! What every gene does next: compressed default rules, and the expressions that take their place.

use crate::biology::{GeneId, Sign};
use crate::network::{Neighbour, RegulatoryNetwork};
use crate::symbolic::SymbolicError;
use crate::symbolic::bnet::{Expression, UpdateRules};

/// The update functions of all genes, ready to run on 64 states at once.
#[derive(Clone, Debug)]
pub(super) struct UpdateTable {
    n_genes: usize,
    defaults: Vec<DefaultRule>,
    regulators: Vec<u32>,
    expressions: Vec<(usize, Expression<GeneId>)>,
}

/// A gene's activators, then its inhibitors, as a stretch of `regulators` that starts where the former rule's ends.
#[derive(Clone, Copy, Debug)]
struct DefaultRule {
    gene: u32,
    activators: u32,
    inhibitors: u32,
}

impl UpdateTable {
    pub(super) fn new(network: &RegulatoryNetwork, rules: &UpdateRules) -> Result<Self, SymbolicError> {
        let n_genes = network.n_genes();
        check_genes(n_genes, rules)?;
        let genes = || (0..n_genes).map(GeneId::new);
        let ruled = genes().filter_map(|gene| Some((gene.index(), rules.get(gene)?.clone())));
        let mut table = Self { n_genes, defaults: Vec::new(), regulators: Vec::new(), expressions: ruled.collect() };
        let mut defaults: Vec<_> =
            genes().filter(|&gene| rules.get(gene).is_none()).map(|gene| (gene, by_sign(network, gene))).collect();
        // Genes with equally many regulators lie side by side, so that the processor foresees where their loops end.
        defaults.sort_by_key(|(_, [activators, inhibitors])| (activators.len(), inhibitors.len()));
        for (gene, [activators, inhibitors]) in defaults {
            table.push_default(gene, activators, inhibitors);
        }
        Ok(table)
    }

    fn push_default(&mut self, gene: GeneId, activators: Vec<u32>, inhibitors: Vec<u32>) {
        if activators.is_empty() && inhibitors.is_empty() {
            return;
        }
        let (n_activators, n_inhibitors) = (narrow(activators.len()), narrow(inhibitors.len()));
        let gene = narrow(gene.index());
        self.defaults.push(DefaultRule { gene, activators: n_activators, inhibitors: n_inhibitors });
        self.regulators.extend(activators.into_iter().chain(inhibitors));
    }

    pub(super) const fn n_genes(&self) -> usize {
        self.n_genes
    }

    /// Writes the state after `now` into `next`; genes that are inputs are left as they are in `next`.
    pub(super) fn step(&self, now: &[u64], next: &mut [u64], stack: &mut Vec<u64>) {
        let mut rest = self.regulators.as_slice();
        for rule in &self.defaults {
            let (activators, others) = rest.split_at(rule.activators as usize);
            let (inhibitors, others) = others.split_at(rule.inhibitors as usize);
            rest = others;
            let activated = if activators.is_empty() { u64::MAX } else { any(activators, now) };
            next[rule.gene as usize] = activated & !any(inhibitors, now);
        }
        for (gene, expression) in &self.expressions {
            next[*gene] = expression.evaluate(|regulator| now[regulator.index()], stack);
        }
    }
}

/// A gene's activators and inhibitors, as far as the default rule listens to them.
fn by_sign(network: &RegulatoryNetwork, gene: GeneId) -> [Vec<u32>; 2] {
    Sign::BOTH.map(|sign| {
        let of_sign = decided_regulators(network, gene).filter(|edge| edge.sign == sign);
        of_sign.map(|edge| narrow(edge.gene.index())).collect()
    })
}

/// Regulators other than the gene itself that bear one sign only.
fn decided_regulators(network: &RegulatoryNetwork, gene: GeneId) -> impl Iterator<Item = &Neighbour> {
    let of_one_sign = move |edges: &&[Neighbour]| edges.len() == 1 && edges[0].gene != gene;
    network.regulators_of(gene).chunk_by(|a, b| a.gene == b.gene).filter(of_one_sign).flatten()
}

fn any(genes: &[u32], state: &[u64]) -> u64 {
    genes.iter().fold(0, |on, &gene| on | state[gene as usize])
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("a gene table holds fewer than 2^32 genes")
}

fn check_genes(n_genes: usize, rules: &UpdateRules) -> Result<(), SymbolicError> {
    let named = rules.iter().flat_map(|(gene, expression)| expression.genes().copied().chain([gene]));
    match named.max() {
        Some(last) if last.index() >= n_genes => Err(SymbolicError::OutOfRange {
            setting: "gene of an update rule",
            value: last.index().to_string(),
            range: "an index of the network's gene table",
        }),
        _ => Ok(()),
    }
}
