//! An order of genes in which those that regulate each other lie close, so that decision diagrams stay small.

use super::circuit::Circuit;
use super::space::Subspace;

const ROUNDS: usize = 60;

/// The free genes, each moved again and again to the middle of the rules that it takes part in.
///
/// # Reference
/// Aloul, Markov & Sakallah, *FORCE: a fast and easy-to-implement variable-ordering heuristic*, GLSVLSI 2003,
/// doi:10.1145/764808.764839.
pub(super) fn free_genes(circuit: &Circuit, fixed: &Subspace) -> Vec<usize> {
    let mut order: Vec<usize> = fixed.free().collect();
    let rules: Vec<Vec<usize>> = order.iter().map(|&gene| members(circuit, fixed, gene)).collect();
    let mut best = (u64::MAX, order.clone());
    for _ in 0..ROUNDS {
        let mut places = vec![0.0; circuit.n_genes()];
        order.iter().enumerate().for_each(|(place, &gene)| places[gene] = place as f64);
        let span = span(&rules, &places);
        if span < best.0 {
            best = (span, order.clone());
        }
        let mut sums = vec![(0.0, 0.0); circuit.n_genes()];
        for rule in &rules {
            let middle = rule.iter().map(|&gene| places[gene]).sum::<f64>() / rule.len() as f64;
            for &gene in rule {
                sums[gene] = (sums[gene].0 + middle, sums[gene].1 + 1.0);
            }
        }
        let middle = |gene: usize| sums[gene].0 / sums[gene].1;
        order.sort_by(|&a, &b| middle(a).total_cmp(&middle(b)).then(a.cmp(&b)));
    }
    best.1
}

/// A gene and the free genes that its rule names.
fn members(circuit: &Circuit, fixed: &Subspace, gene: usize) -> Vec<usize> {
    let named = circuit.gates_of(gene).flat_map(|gate| circuit.literals(gate)).map(|literal| literal.gene());
    let mut members: Vec<usize> = named.filter(|&gene| fixed.value(gene).is_none()).chain([gene]).collect();
    members.sort_unstable();
    members.dedup();
    members
}

/// How far the genes of a rule lie apart, over all rules.
fn span(rules: &[Vec<usize>], places: &[f64]) -> u64 {
    let of_rule = |rule: &Vec<usize>| {
        let (least, most) = rule
            .iter()
            .fold((f64::INFINITY, 0.0_f64), |(least, most), &gene| (least.min(places[gene]), most.max(places[gene])));
        (most - least) as u64
    };
    rules.iter().map(of_rule).sum()
}

#[cfg(test)]
mod tests {
    use super::super::circuit::{Builder, Literal};
    use super::*;

    #[test]
    fn a_chain_written_out_of_order_is_straightened() {
        // 0 → 2 → 4 → 1 → 3 → 5
        let chain = [0, 2, 4, 1, 3, 5];
        let mut builder = Builder::new();
        for gene in 0..6 {
            let place = chain.iter().position(|&at| at == gene).expect("a place");
            let gate = builder.any([Literal::new(chain[place.saturating_sub(1)], true)], &[]);
            builder.end_gene(gate, None);
        }
        let circuit = builder.finish();
        let order = free_genes(&circuit, &Subspace::whole(6));
        let mut places = [0.0; 6];
        order.iter().enumerate().for_each(|(place, &gene)| places[gene] = place as f64);
        let rules: Vec<_> = (0..6).map(|gene| members(&circuit, &Subspace::whole(6), gene)).collect();
        assert!(span(&rules, &places) <= 7, "{order:?}");
    }
}
