//! What is observed where the network reads down, unchanged or up: of all genes, of each, and in each experiment.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::exact::ExactState;
use crate::biology::{GeneId, Perturbation, Response, ResponseMatrix};

/// Entries by which the noise of one gene leans on that of all genes, and that of one row on that of its genes.
const LEANING: f64 = 10.0;
/// Entries of each class taken as observed before any is: nothing is impossible.
const LEAST: f64 = 0.01;

/// How often each class was observed where the network reads each.
pub(super) struct Noise {
    /// `[read class][observed class]` over all genes.
    overall: [[f64; 3]; 3],
    /// The same for each gene.
    by_gene: Vec<[[u32; 3]; 3]>,
    /// How many times as often as its genes let expect each class was observed in each row.
    tilts: Vec<[f64; 3]>,
}

impl Noise {
    pub fn estimate(state: &ExactState, (perturbations, observed): (&[Perturbation], &ResponseMatrix)) -> Self {
        let by_gene = vec![[[0; 3]; 3]; observed.n_genes()];
        let mut noise = Self { overall: [[LEAST; 3]; 3], by_gene, tilts: Vec::with_capacity(perturbations.len()) };
        for (row, perturbation) in perturbations.iter().enumerate() {
            for (gene, read, seen) in read_and_seen(state, row, perturbation, observed) {
                noise.overall[read][seen] += 1.0;
                noise.by_gene[gene.index()][read][seen] += 1;
            }
        }
        let all: f64 = noise.overall.iter().flatten().sum();
        let shares = [0, 1, 2].map(|seen| noise.overall.iter().map(|classes| classes[seen]).sum::<f64>() / all);
        for (row, perturbation) in perturbations.iter().enumerate() {
            let (mut counted, mut expected) = ([0.0; 3], [0.0; 3]);
            for (gene, read, seen) in read_and_seen(state, row, perturbation, observed) {
                counted[seen] += 1.0;
                expected
                    .iter_mut()
                    .zip(noise.of_gene(gene, &[read]))
                    .for_each(|(sum, probability)| *sum += probability);
            }
            let tilt = |class: usize| {
                let leaning = LEANING * shares[class];
                (counted[class] + leaning) / (expected[class] + leaning)
            };
            noise.tilts.push([0, 1, 2].map(tilt));
        }
        noise
    }

    /// How probable it is that gene `j` is observed as `seen` in row `r`, where the network reads one of the classes `C = reads`.
    ///
    /// ```text
    /// P(o | C, j, r) ∝ P(o | C, j) · (n_ro + κ P(o)) / (e_ro + κ P(o))
    /// P(o | C, j) = (n_Cjo + κ P(o | C)) / (n_Cj + κ)
    /// ```
    /// where `n_Cjo` counts the entries of gene `j` read as one of `C` and observed as `o`, `P(o | C)` is the share over
    /// all genes, `n_ro` counts what is observed as `o` in the row, and `e_ro` is what its genes let expect: where a cell
    /// is sick, everything moves.
    pub fn probability(&self, row: usize, gene: GeneId, reads: &[usize], seen: usize) -> f64 {
        let mut tilted = self.of_gene(gene, reads);
        tilted.iter_mut().zip(self.tilts[row]).for_each(|(probability, tilt)| *probability *= tilt);
        tilted[seen] / tilted.iter().sum::<f64>()
    }

    /// `P(o | C, j)` of each class `o`.
    fn of_gene(&self, gene: GeneId, reads: &[usize]) -> [f64; 3] {
        let (mut counts, mut overall) = ([0.0; 3], [0.0; 3]);
        for &read in reads {
            for class in 0..3 {
                counts[class] += f64::from(self.by_gene[gene.index()][read][class]);
                overall[class] += self.overall[read][class];
            }
        }
        let (all, all_overall) = (counts.iter().sum::<f64>(), overall.iter().sum::<f64>());
        [0, 1, 2].map(|class| (counts[class] + LEANING * overall[class] / all_overall) / (all + LEANING))
    }

    /// Labels of the measured entries, drawn from what is observed of each gene where the network reads as it does here.
    pub fn screen(
        &self,
        state: &ExactState,
        (perturbations, observed): (&[Perturbation], &ResponseMatrix),
        generator: &mut ChaCha8Rng,
    ) -> ResponseMatrix {
        let mut labels = ResponseMatrix::unmeasured(observed.n_perturbations(), observed.n_genes());
        for (row, perturbation) in perturbations.iter().enumerate() {
            for (gene, read, _) in read_and_seen(state, row, perturbation, observed) {
                let [down, unchanged] = [0, 1].map(|seen| self.probability(row, gene, &[read], seen));
                let drawn = generator.random::<f64>();
                let seen = usize::from(drawn >= down) + usize::from(drawn >= down + unchanged);
                labels.set(row, gene, Some(Response::CLASSES[seen]));
            }
        }
        labels
    }
}

/// Gene, class read from the network and class observed, of each measured entry of a row.
fn read_and_seen<'a>(
    state: &'a ExactState,
    row: usize,
    perturbation: &'a Perturbation,
    observed: &'a ResponseMatrix,
) -> impl Iterator<Item = (GeneId, usize, usize)> + 'a {
    let read = &state.rows[row];
    let entries = observed.row(row).iter().enumerate();
    entries
        .filter_map(|(gene, seen)| Some((GeneId::new(gene), (*seen)?)))
        .filter(|&(gene, _)| !perturbation.moves(gene))
        .map(|(gene, seen)| (gene, usize::from(read.class(gene.index(), state.reading)), seen.class()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Regulation, Sign};
    use crate::network::RegulatoryNetwork;
    use crate::refinement::RefinementData;
    use crate::symbolic::Reading;

    #[test]
    fn each_gene_leans_on_all_where_it_was_seldom_seen() {
        let [a, b, other] = [0, 1, 2].map(GeneId::new);
        let network = RegulatoryNetwork::new(3, [Regulation::new(a, b, Sign::Activation)]);
        let perturbations = [a, a, other, other].map(Perturbation::deletion);
        let mut observed = ResponseMatrix::unmeasured(4, 3);
        for (row, response) in
            [Response::Down, Response::Unchanged, Response::Unchanged, Response::Up].into_iter().enumerate()
        {
            observed.set(row, b, Some(response));
        }
        let data = RefinementData::measured(&perturbations, &observed);
        let noise = Noise::estimate(&ExactState::new(&network, &data, 5, Reading::Nearest), data.measured);
        let [down, unchanged, up] = [0, 1, 2];
        let of_gene = |gene: GeneId, reads: &[usize], seen: usize| noise.of_gene(gene, reads)[seen];
        // One of two fell where a fall is read, of b as of all genes: (1 + 10 · 1.01/2.03) / 12.
        assert!((of_gene(b, &[down], down) - 0.497_947).abs() < 1e-5);
        // One of four rose where no rise is read: (1 + 10 · 1.02/4.06) / 14.
        assert!((of_gene(b, &[down, unchanged], up) - 0.250_880).abs() < 1e-5);
        // Nothing is known of `other`, so all genes speak for it.
        assert!((of_gene(other, &[unchanged], up) - 1.01 / 2.03).abs() < 1e-9);
        // A rise is never read: nothing is likelier than the rest.
        assert!((of_gene(b, &[up], down) - 1.0 / 3.0).abs() < 1e-9);
        // In the row in which b fell, a fall is likelier than in the one in which it did not.
        let [fell, did_not] = [0, 1].map(|row| noise.probability(row, b, &[down], down));
        assert!(fell > of_gene(b, &[down], down) && of_gene(b, &[down], down) > did_not, "{fell} {did_not}");
        let all = [down, unchanged, up].map(|seen| noise.probability(0, b, &[down], seen));
        assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
