//! A network with the same degrees and otherwise no meaning: what knowledge is worth is seen next to it.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::RegulatoryNetwork;
use crate::biology::Regulation;

/// Exchanges tried for each regulation: enough for a random network of these degrees.
const EXCHANGES: usize = 20;

/// The network with its targets exchanged at random: every gene keeps its number of targets, with their signs, and its
/// number of regulators. Effects are left out: they say what was seen, which this network is meant not to know.
///
/// Two regulations `a → b`, `c → d` drawn evenly become `a → d`, `c → b` with the sign of their regulator's, unless that
/// would make a gene regulate itself or join two genes that are joined already; 20 times as often as there are
/// regulations.
///
/// # Reference
/// Maslov & Sneppen, Science 296, 910 (2002), doi:10.1126/science.1065103.
#[must_use]
pub fn rewired(network: &RegulatoryNetwork, seed: u64) -> RegulatoryNetwork {
    let mut regulations = network.regulations().to_vec();
    let mut present: BTreeSet<Regulation> = regulations.iter().copied().collect();
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..EXCHANGES * regulations.len() {
        let [one, other] = [(); 2].map(|()| generator.random_range(0..regulations.len()));
        let (first, second) = (regulations[one], regulations[other]);
        let exchanged = [Regulation { target: second.target, ..first }, Regulation { target: first.target, ..second }];
        let is_free = |edge: &Regulation| {
            edge.regulator != edge.target && !present.contains(edge) && !present.contains(&edge.flipped())
        };
        if first.regulator == second.regulator || !exchanged.iter().all(is_free) {
            continue;
        }
        present.remove(&first);
        present.remove(&second);
        present.extend(exchanged);
        [regulations[one], regulations[other]] = exchanged;
    }
    RegulatoryNetwork::new(network.n_genes(), regulations)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::biology::{GeneId, Sign};
    use crate::network::generate::{NetworkConfig, Topology, generate};

    proptest! {
        #[test]
        fn every_gene_keeps_its_signed_targets_and_its_regulators(seed in any::<u64>()) {
            let config =
                NetworkConfig { topology: Topology::FeedbackCore, genes: 60, regulations: 100, seed, ..NetworkConfig::default() };
            let network = generate(&config).expect("there is room");
            let rewired = rewired(&network, seed);
            prop_assert_eq!(rewired.regulations().len(), network.regulations().len());
            for gene in (0..60).map(GeneId::new) {
                let signs = |network: &RegulatoryNetwork| {
                    Sign::BOTH.map(|sign| network.targets_of(gene).iter().filter(|edge| edge.sign == sign).count())
                };
                prop_assert_eq!(signs(&rewired), signs(&network));
                prop_assert_eq!(rewired.regulators_of(gene).len(), network.regulators_of(gene).len());
            }
        }
    }

    #[test]
    fn little_is_left_of_what_a_large_network_said() {
        let network = generate(&NetworkConfig { genes: 1000, regulations: 1500, ..NetworkConfig::default() });
        let network = network.expect("there is room");
        let rewired = rewired(&network, 7);
        let kept = network.regulations().iter().filter(|&&edge| rewired.contains(edge)).count();
        assert!(kept < 150, "{kept} of 1,500");
        assert_eq!(rewired, super::rewired(&network, 7), "one seed, one network");
    }

    #[test]
    fn a_network_without_regulations_stays_as_it_is() {
        assert!(rewired(&RegulatoryNetwork::new(3, []), 1).regulations().is_empty());
    }
}
