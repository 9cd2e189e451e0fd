//! Genes told by the signed walks of the knowledge that leave them, or that arrive at them.

use super::principal::{self, Operator, Rows, Scores, product};
use crate::network::RegulatoryNetwork;

/// How much a step of a walk counts against the one before.
const DAMPING: f64 = 0.7;
/// Longest walk.
const STEPS: usize = 5;

/// Scores of each gene, as a regulator, on the leading axes of the signed walks of the knowledge.
///
/// ```text
/// S = Σ_{l=1..5} (αW)^l,   W[i,j] = sign(i → j) / √(out(i) · in(j)),   α = 0.7
/// ```
/// where `out` and `in` count targets and regulators other than the gene itself; a pair regulated both ways has the entry
/// 0. `S` is the resolvent `(I − αW)⁻¹ − I`, cut after five steps. Row `i` of the scores is `UᵢΣ` of its singular value
/// decomposition: two regulators whose walks reach the same genes with the same signs have the same scores.
pub(super) fn of_regulators(network: &RegulatoryNetwork, components: usize) -> Scores {
    principal::scores(&Walks::of(network).reversed(), components)
}

/// Scores of each gene, as a target, on the same axes: genes reached by the same walks have the same scores.
pub(super) fn of_targets(network: &RegulatoryNetwork, components: usize) -> Scores {
    principal::scores(&Walks::of(network), components)
}

/// The matrix `S`, never written out.
struct Walks {
    steps: Rows,
    steps_back: Rows,
}

impl Walks {
    fn of(network: &RegulatoryNetwork) -> Self {
        let n_genes = network.n_genes();
        let edges = || network.regulations().iter().filter(|edge| edge.regulator != edge.target);
        let (mut targets, mut regulators) = (vec![0.0_f32; n_genes], vec![0.0_f32; n_genes]);
        for edge in edges() {
            targets[edge.regulator.index()] += 1.0;
            regulators[edge.target.index()] += 1.0;
        }
        let (mut steps, mut steps_back): (Rows, Rows) = (vec![Vec::new(); n_genes], vec![Vec::new(); n_genes]);
        for edge in edges() {
            let (regulator, target) = (edge.regulator.index(), edge.target.index());
            let value = f32::from(edge.sign.value()) / (targets[regulator] * regulators[target]).sqrt();
            steps[regulator].push((target as u32, value));
            steps_back[target].push((regulator as u32, value));
        }
        Self { steps, steps_back }
    }

    fn reversed(self) -> Self {
        Self { steps: self.steps_back, steps_back: self.steps }
    }
}

/// `Σ_{l=1..5} (αW)^l x`, by Horner's rule.
fn walked(steps: &Rows, x: &[Vec<f64>], width: usize) -> Vec<Vec<f64>> {
    let mut sum = vec![vec![0.0; width]; x.len()];
    for _ in 0..STEPS {
        for (sum, x) in sum.iter_mut().zip(x) {
            sum.iter_mut().zip(x).for_each(|(sum, x)| *sum = DAMPING * (*sum + x));
        }
        sum = product(steps, &sum, width);
    }
    sum
}

impl Operator for Walks {
    fn n_rows(&self) -> usize {
        self.steps.len()
    }

    fn n_cols(&self) -> usize {
        self.steps.len()
    }

    fn times(&self, x: &[Vec<f64>], width: usize) -> Vec<Vec<f64>> {
        walked(&self.steps, x, width)
    }

    fn transposed_times(&self, x: &[Vec<f64>], width: usize) -> Vec<Vec<f64>> {
        walked(&self.steps_back, x, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, Regulation, Sign};

    fn network(n_genes: usize, edges: &[(usize, usize, Sign)]) -> RegulatoryNetwork {
        let edge = |&(regulator, target, sign): &(usize, usize, Sign)| {
            Regulation::new(GeneId::new(regulator), GeneId::new(target), sign)
        };
        RegulatoryNetwork::new(n_genes, edges.iter().map(edge))
    }

    #[test]
    fn a_chain_of_two_steps_is_walked_with_its_signs() {
        let chain = network(3, &[(0, 1, Sign::Inhibition), (1, 2, Sign::Activation)]);
        let unit = [vec![0.0], vec![0.0], vec![1.0]];
        // Gene 2 is reached from gene 1 in one step, +α, and from gene 0 in two, −α².
        let reached = Walks::of(&chain).times(&unit, 1);
        let wanted = [-0.49, 0.7, 0.0];
        assert!(reached.iter().zip(wanted).all(|(found, wanted)| (found[0] - wanted).abs() < 1e-7), "{reached:?}");
    }

    #[test]
    fn regulators_of_the_same_genes_score_alike_and_of_opposite_signs_opposite() {
        use Sign::{Activation, Inhibition};
        let edges = [(0, 3, Activation), (0, 4, Inhibition), (1, 3, Activation), (1, 4, Inhibition)];
        let mirrored = [(2, 3, Inhibition), (2, 4, Activation)];
        let scores = of_regulators(&network(5, &[&edges[..], &mirrored].concat()), 3);
        for ((same, first), opposite) in scores.of(1).iter().zip(scores.of(0)).zip(scores.of(2)) {
            assert!((same - first).abs() < 1e-9 && (opposite + first).abs() < 1e-9);
        }
        assert!(scores.of(0).iter().any(|score| score.abs() > 0.1));
        assert!(scores.of(3).iter().all(|score| score.abs() < 1e-9), "a gene without targets leads nowhere");
    }
}
