//! A simulated screen over a knowledge base with planted faults: what could a screen of that size find in it?

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Corruption, Fault, FaultKind};
use crate::biology::{GeneId, Perturbation, Regulation, Response, ResponseMatrix, RevisionKind, RevisionStatus};
use crate::datasets::Dataset;
use crate::network::RegulatoryNetwork;
use crate::pipeline::{Outcome, PlantedFault, PowerCheck};
use crate::refinement::{RefinementData, shows};
use crate::symbolic::{Closure, Reading, Simulator};

/// Size and noise of a simulated screen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScreenConfig {
    /// Regulators deleted, one at a time; default 200.
    pub perturbations: usize,
    /// Genes measured; default 2000.
    pub genes: usize,
    /// Share of calls replaced by another class, in `[0, 1]`; default 0.05.
    pub label_noise: f64,
    /// Share of pairs left unmeasured, in `[0, 1]`; default 0.3.
    pub masked: f64,
    /// Planted faults as a share of the regulations, a third of each kind, in `[0, 0.5]`; default 0.02.
    pub fault_share: f64,
}

impl Default for ScreenConfig {
    fn default() -> Self {
        Self { perturbations: 200, genes: 2000, label_noise: 0.05, masked: 0.3, fault_share: 0.02 }
    }
}

/// The faults planted: each as the revision that would fix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// What would fix each fault, sorted.
    pub fixed_by: Vec<(RevisionKind, Regulation)>,
}

/// A damaged network and what a screen of the undamaged one shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Screen {
    /// The network with the faults in it.
    pub damaged: RegulatoryNetwork,
    /// What was planted.
    pub faults: Faults,
    /// The simulated experiments, named after the deleted gene by index.
    pub dataset: Dataset,
    config: ScreenConfig,
}

impl Screen {
    /// Damages a copy of `truth` and screens `truth` itself.
    #[must_use]
    pub fn simulate(
        truth: &RegulatoryNetwork,
        depth: usize,
        reading: Reading,
        config: &ScreenConfig,
        seed: u64,
    ) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let (faults, damaged) = Faults::plant(truth, config.fault_share, &mut generator);
        let dataset = screen(truth, depth, reading, config, &mut generator);
        Self { damaged, faults, dataset, config: *config }
    }

    /// Which faults came back, and which could not, since no entry that was learnt from shows them.
    #[must_use]
    pub fn check(&self, outcome: &Outcome, learnt_from: &[usize], depth: usize, reading: Reading) -> PowerCheck {
        let learnt = self.dataset.select(learnt_from);
        let data = RefinementData::measured(&learnt.perturbations, &learnt.observed);
        let visible = shows(&self.damaged, &data, depth, reading, &self.faults.fixed_by);
        let applied = outcome.revisions.iter().filter(|revision| revision.status == RevisionStatus::Applied);
        let made: Vec<_> = applied.map(|revision| (revision.kind, revision.regulation)).collect();
        let planted = self.faults.fixed_by.iter().zip(visible).map(|(&(fixed_by, regulation), visible)| {
            let found = made.contains(&(fixed_by, regulation));
            PlantedFault { fixed_by, regulation, visible, found }
        });
        PowerCheck {
            perturbations: self.dataset.perturbations.len(),
            label_noise: self.config.label_noise,
            masked: self.config.masked,
            planted: planted.collect(),
            false_revisions: made.iter().filter(|revision| !self.faults.fixed_by.contains(revision)).count(),
        }
    }
}

impl Faults {
    /// A third of the faults each missing, flipped and spurious, spread over the whole network; and the network with
    /// them in it.
    fn plant(truth: &RegulatoryNetwork, share: f64, generator: &mut ChaCha8Rng) -> (Self, RegulatoryNetwork) {
        let walked = truth.regulations().iter().filter(|edge| edge.regulator != edge.target).count();
        let each = ((walked as f64 * share / 3.0).ceil() as usize).min(walked / 4);
        let counts = [FaultKind::Missing, FaultKind::Spurious, FaultKind::Flipped].map(|kind| (kind, each));
        let Corruption { damaged, faults } = Corruption::plant_at_most(truth, &counts.into(), generator);
        let mut fixed_by: Vec<_> = faults.iter().flat_map(Fault::fixed_by).collect();
        fixed_by.sort_unstable();
        (Self { fixed_by }, damaged)
    }
}

/// Deletions of random regulators of `truth`, measured in random regulated genes, with noise and gaps.
pub(super) fn screen(
    truth: &RegulatoryNetwork,
    depth: usize,
    reading: Reading,
    config: &ScreenConfig,
    generator: &mut ChaCha8Rng,
) -> Dataset {
    let mut deleted: Vec<_> = truth.regulators().collect();
    deleted.shuffle(generator);
    deleted.truncate(config.perturbations);
    deleted.sort_unstable();
    let mut measured: Vec<_> =
        (0..truth.n_genes()).map(GeneId::new).filter(|&gene| !truth.regulators_of(gene).is_empty()).collect();
    measured.shuffle(generator);
    measured.truncate(config.genes);
    measured.sort_unstable();

    let perturbations: Vec<_> = deleted.iter().map(|&gene| Perturbation::deletion(gene)).collect();
    let said = Closure::new(truth, depth, reading).simulate(&perturbations);
    let mut observed = ResponseMatrix::unmeasured(perturbations.len(), truth.n_genes());
    for row in 0..perturbations.len() {
        for &gene in &measured {
            let masked = generator.random_bool(config.masked.clamp(0.0, 1.0));
            let noisy = generator.random_bool(config.label_noise.clamp(0.0, 1.0));
            let other = generator.random_range(1..3);
            let class = said.get(row, gene).map_or(1, Response::class);
            let class = if noisy { (class + other) % 3 } else { class };
            if !masked {
                observed.set(row, gene, Some(Response::CLASSES[class]));
            }
        }
    }
    let names = deleted.iter().map(|gene| format!("simulated {}", gene.index())).collect();
    Dataset::new(names, perturbations, observed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::Sign;

    fn ring(n_genes: usize) -> RegulatoryNetwork {
        let edges = (0..n_genes).flat_map(|gene| {
            let to = |step, sign| Regulation::new(GeneId::new(gene), GeneId::new((gene + step) % n_genes), sign);
            [to(1, Sign::Activation), to(7, Sign::Inhibition)]
        });
        RegulatoryNetwork::new(n_genes, edges)
    }

    #[test]
    fn fixing_every_planted_fault_gives_the_undamaged_network_back() {
        let truth = ring(60);
        let screen = Screen::simulate(&truth, 3, Reading::Nearest, &ScreenConfig::default(), 1);
        assert_ne!(screen.damaged, truth);
        let mut repaired: std::collections::BTreeSet<_> = screen.damaged.regulations().iter().copied().collect();
        for &(kind, regulation) in &screen.faults.fixed_by {
            match kind {
                RevisionKind::Added => assert!(repaired.insert(regulation)),
                RevisionKind::Removed => assert!(repaired.remove(&regulation)),
                RevisionKind::SignFlipped => {
                    assert!(repaired.remove(&regulation));
                    assert!(repaired.insert(regulation.flipped()));
                }
            }
        }
        assert_eq!(RegulatoryNetwork::new(60, repaired), truth);
    }

    #[test]
    fn a_screen_has_the_stated_size_mask_and_noise() {
        let truth = ring(1000);
        let config = ScreenConfig { perturbations: 100, genes: 500, label_noise: 0.1, masked: 0.4, fault_share: 0.01 };
        let screen = Screen::simulate(&truth, 3, Reading::Nearest, &config, 5);
        let pairs = 100.0 * 500.0;
        assert_eq!(screen.dataset.perturbations.len(), 100);
        assert!((screen.dataset.observed.measured() as f64 / pairs - 0.6).abs() < 0.02);
        let said = Closure::new(&truth, 3, Reading::Nearest).simulate(&screen.dataset.perturbations);
        let entries = screen.dataset.observed.entries().iter().zip(said.entries());
        let wrong =
            entries.filter(|(seen, said)| seen.is_some() && seen.map(Response::class) != said.map(Response::class));
        assert!((wrong.count() as f64 / screen.dataset.observed.measured() as f64 - 0.1).abs() < 0.02);
    }
}
