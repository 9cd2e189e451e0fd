//! One trial: a true network, a damaged copy of it, and what experiments on the true one show.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::corruption::{Corruption, Fault, FaultKind};
use super::screen::{ScreenConfig, screen};
use super::{RecoveryError, reading};
use crate::biology::{GeneId, Perturbation, Response, ResponseMatrix};
use crate::metrics::Consistency;
use crate::network::RegulatoryNetwork;
use crate::refinement::{RefinementConfig, RefinementData, shows};
use crate::symbolic::{Closure, Reading, Simulator};

/// Which experiments are made on the true network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataKind {
    /// Each gene deleted, one at a time; all genes measured, without noise.
    #[default]
    Closure,
    /// A screen: some regulators deleted, some genes measured, calls with noise, pairs left out.
    Screen,
}

impl DataKind {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closure => "closure",
            Self::Screen => "screen",
        }
    }

    /// How the refinement is run on such data: any number of revisions; resamples and simulations only where there is
    /// noise to resample.
    #[must_use]
    pub fn refinement(self) -> RefinementConfig {
        let default = RefinementConfig { max_share: 1.0, max_added_share: 1.0, ..RefinementConfig::default() };
        let simulated = for_screen(default);
        match self {
            Self::Closure => {
                RefinementConfig { candidates: 1 << 16, max_passes: 8, bootstraps: 0, simulations: 0, ..simulated }
            }
            Self::Screen => simulated,
        }
    }
}

/// A refinement fit for a simulated screen: its label noise strikes all classes alike, so that most calls of a rare class
/// are noise, and little would be found if they weighed more.
#[must_use]
pub fn for_screen(config: RefinementConfig) -> RefinementConfig {
    RefinementConfig { class_balance: 0.0, ..config }
}

/// Everything that decides one trial, but the true network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialConfig {
    /// Regulations lost and false ones gained, as a share of the true ones, in `[0, 1]`.
    pub level: f64,
    /// Kinds of fault that share the level evenly.
    pub kinds: Vec<FaultKind>,
    /// Which experiments are made.
    pub data: DataKind,
    /// Size and noise of a screen; its share of faults is not used.
    pub screen: ScreenConfig,
    /// Longest walk that counts, in `1..=64`.
    pub depth: usize,
    /// How conflicting walks are read: in the experiments, in the refinement and in the scores.
    pub reading: Reading,
    /// Seed of the faults and of the screen.
    pub seed: u64,
}

impl Default for TrialConfig {
    fn default() -> Self {
        Self {
            level: 0.1,
            kinds: FaultKind::ALL.to_vec(),
            data: DataKind::Closure,
            screen: ScreenConfig::default(),
            depth: 5,
            reading: Reading::Nearest,
            seed: 1,
        }
    }
}

/// A damaged network to fix, the observations to fix it with, and the truth to score it by.
#[derive(Clone, Debug)]
pub struct Trial<'a> {
    /// The network that the observations come from.
    pub truth: &'a RegulatoryNetwork,
    /// The network with faults in it, as a method is given it.
    pub damaged: RegulatoryNetwork,
    /// The faults, sorted.
    pub faults: Vec<Fault>,
    /// What was done, a row each.
    pub perturbations: Vec<Perturbation>,
    /// For each fault of a screen, whether any measured entry depends on it: what none shows, no method can find.
    pub visible: Option<Vec<bool>>,
    /// What was observed; ambiguous responses of the true network show as unchanged.
    pub observed: ResponseMatrix,
    /// How the trial was made.
    pub config: TrialConfig,
}

impl<'a> Trial<'a> {
    /// Damages a copy of the true network and makes the experiments on the true one.
    ///
    /// Faults of a seed do not depend on data, depth or reading.
    ///
    /// # Errors
    /// [`RecoveryError`] if a setting is out of range or the faults find no room.
    pub fn new(truth: &'a RegulatoryNetwork, config: &TrialConfig) -> Result<Self, RecoveryError> {
        if truth.regulators().next().is_none() {
            return Err(RecoveryError::NoRegulations);
        }
        if !(1..=Closure::MAX_DEPTH).contains(&config.depth) {
            let value = config.depth as f64;
            return Err(RecoveryError::OutOfRange { name: "depth", value, allowed: "between 1 and 64" });
        }
        let mut generator = ChaCha8Rng::seed_from_u64(config.seed);
        let Corruption { damaged, faults } = Corruption::plant(truth, config.level, &config.kinds, &mut generator)?;
        let (perturbations, observed) = match config.data {
            DataKind::Closure => every_deletion(truth, config.depth, config.reading),
            DataKind::Screen => {
                let mut generator = ChaCha8Rng::seed_from_u64(config.seed);
                generator.set_stream(1);
                let dataset = screen(truth, config.depth, config.reading, &config.screen, &mut generator);
                (dataset.perturbations, dataset.observed)
            }
        };
        let mut trial = Self { truth, damaged, faults, perturbations, observed, visible: None, config: config.clone() };
        if config.data == DataKind::Screen {
            trial.visible = Some(trial.visible_faults());
        }
        Ok(trial)
    }

    /// The observations as the refinement takes them.
    pub(super) fn data(&self) -> RefinementData<'_> {
        RefinementData::measured(&self.perturbations, &self.observed)
    }

    /// Of a redirection it is enough if one half shows.
    fn visible_faults(&self) -> Vec<bool> {
        let halves = self.faults.iter().enumerate();
        let (faults, revisions): (Vec<_>, Vec<_>) =
            halves.flat_map(|(index, fault)| fault.fixed_by().map(move |revision| (index, revision))).unzip();
        let TrialConfig { depth, reading, .. } = self.config;
        let shown = shows(&self.damaged, &self.data(), depth, reading, &revisions);
        let mut visible = vec![false; self.faults.len()];
        faults.into_iter().zip(shown).for_each(|(fault, shown)| visible[fault] |= shown);
        visible
    }

    /// Measured entries that the network does not explain; a perturbed gene's own entry is passed over.
    #[must_use]
    pub fn disagreements(&self, network: &RegulatoryNetwork) -> u64 {
        reading::disagreements(network, &self.perturbations, &self.observed, self.config.depth, self.config.reading)
    }

    /// The closure of a network held against that of the true one: every single deletion, all genes but the deleted.
    ///
    /// # Errors
    /// [`RecoveryError::Metric`] if the network has another number of genes than the true one.
    pub fn closure_consistency(&self, network: &RegulatoryNetwork) -> Result<Consistency, RecoveryError> {
        reading::closure_consistency(self.truth, network, self.config.depth, self.config.reading)
    }
}

fn every_deletion(truth: &RegulatoryNetwork, depth: usize, reading: Reading) -> (Vec<Perturbation>, ResponseMatrix) {
    let perturbations: Vec<_> = (0..truth.n_genes()).map(|gene| Perturbation::deletion(GeneId::new(gene))).collect();
    let mut observed = Closure::new(truth, depth, reading).simulate(&perturbations);
    for row in 0..perturbations.len() {
        for entry in observed.row_mut(row) {
            *entry = entry.map(|response| Response::CLASSES[response.class()]);
        }
    }
    (perturbations, observed)
}
