//! What is observed where the network reads down, unchanged or up: of all genes and of each.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::exact::ExactState;
use crate::biology::{GeneId, Perturbation, Response, ResponseMatrix};

/// Entries by which the noise of one gene leans on that of all genes.
const LEANING: f64 = 10.0;
/// Entries of each class taken as observed before any is: nothing is impossible.
const LEAST: f64 = 0.01;

/// How often each class was observed where the network reads each.
pub(super) struct Noise {
    /// `[read class][observed class]` over all genes.
    overall: [[f64; 3]; 3],
    /// The same for each gene.
    by_gene: Vec<[[u32; 3]; 3]>,
}

impl Noise {
    pub fn estimate(state: &ExactState, (perturbations, observed): (&[Perturbation], &ResponseMatrix)) -> Self {
        let mut noise = Self { overall: [[LEAST; 3]; 3], by_gene: vec![[[0; 3]; 3]; observed.n_genes()] };
        for (row, perturbation) in perturbations.iter().enumerate() {
            for (gene, read, seen) in read_and_seen(state, row, perturbation, observed) {
                noise.overall[read][seen] += 1.0;
                noise.by_gene[gene.index()][read][seen] += 1;
            }
        }
        noise
    }

    /// How probable it is that gene `j` is observed as `seen` where the network reads one of the classes `C = reads`.
    ///
    /// ```text
    /// P(o | C, j) = (n_Cjo + κ P(o | C)) / (n_Cj + κ)
    /// ```
    /// where `n_Cjo` counts the entries of gene `j` read as one of `C` and observed as `o`, and `P(o | C)` is the share
    /// over all genes.
    pub fn probability(&self, gene: GeneId, reads: &[usize], seen: usize) -> f64 {
        let (mut hits, mut all, mut hits_overall, mut all_overall) = (0, 0, 0.0, 0.0);
        for &read in reads {
            let counts = &self.by_gene[gene.index()][read];
            hits += counts[seen];
            all += counts.iter().sum::<u32>();
            hits_overall += self.overall[read][seen];
            all_overall += self.overall[read].iter().sum::<f64>();
        }
        (f64::from(hits) + LEANING * hits_overall / all_overall) / (f64::from(all) + LEANING)
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
                let [down, unchanged] = [0, 1].map(|seen| self.probability(gene, &[read], seen));
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
        .map(|(gene, seen)| (gene, usize::from(read.said(gene.index(), state.reading)), seen.class()))
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
        // One of two fell where a fall is read, of b as of all genes: (1 + 10 · 1.01/2.03) / 12.
        assert!((noise.probability(b, &[down], down) - 0.497_947).abs() < 1e-5);
        // One of four rose where no rise is read: (1 + 10 · 1.02/4.06) / 14.
        assert!((noise.probability(b, &[down, unchanged], up) - 0.250_880).abs() < 1e-5);
        // Nothing is known of `other`, so all genes speak for it.
        assert!((noise.probability(other, &[unchanged], up) - 1.01 / 2.03).abs() < 1e-9);
        // A rise is never read: nothing is likelier than the rest.
        assert!((noise.probability(b, &[up], down) - 1.0 / 3.0).abs() < 1e-9);
    }
}
