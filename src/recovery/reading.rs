//! How far a network reads the experiments right, against the observations and against the truth.

use rayon::prelude::*;

use super::RecoveryError;
use crate::biology::{GeneId, Perturbation, Response, ResponseMatrix};
use crate::metrics::{Consistency, consistency};
use crate::network::RegulatoryNetwork;
use crate::symbolic::{Closure, Reading, Simulator};

/// Perturbations simulated and compared at a time: as many as the closure takes at once.
const BLOCK: usize = 64;

/// Measured entries of which the network says something else; own entries of perturbed genes are passed over.
pub(super) fn disagreements(
    network: &RegulatoryNetwork,
    perturbations: &[Perturbation],
    observed: &ResponseMatrix,
    depth: usize,
    reading: Reading,
) -> u64 {
    let closure = Closure::new(network, depth, reading);
    let in_block = |(block, perturbations): (usize, &[Perturbation])| {
        let said = closure.simulate(perturbations);
        let of_row = |row: usize| {
            let pairs = observed.row(block * BLOCK + row).iter().zip(said.row(row)).enumerate();
            let differ = |seen: &Option<Response>, said: &Option<Response>| {
                seen.zip(*said).is_some_and(|(seen, said)| seen.class() != said.class())
            };
            let own = |gene: usize| perturbations[row].moves(GeneId::new(gene));
            pairs.filter(|&(gene, (seen, said))| differ(seen, said) && !own(gene)).count() as u64
        };
        (0..perturbations.len()).map(of_row).sum::<u64>()
    };
    perturbations.par_chunks(BLOCK).enumerate().map(in_block).sum()
}

/// The closure of every single deletion in one network held against the other, block by block.
pub(super) fn closure_consistency(
    truth: &RegulatoryNetwork,
    network: &RegulatoryNetwork,
    depth: usize,
    reading: Reading,
) -> Result<Consistency, RecoveryError> {
    let deletions: Vec<_> = (0..truth.n_genes()).map(|gene| Perturbation::deletion(GeneId::new(gene))).collect();
    let (right, said) = (Closure::new(truth, depth, reading), Closure::new(network, depth, reading));
    let in_block = |block: &[Perturbation]| consistency(block, &right.simulate(block), &said.simulate(block));
    let parts: Vec<_> = deletions.par_chunks(BLOCK).map(in_block).collect::<Result<_, _>>()?;
    Ok(Consistency::pooled(&parts))
}
