//! Faults planted in a network: missing, spurious, flipped and redirected regulations, spread over its strata.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::RecoveryError;
use crate::biology::{GeneId, Regulation, Sign};
use crate::network::RegulatoryNetwork;

/// What is wrong with a regulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    /// A true regulation is left out.
    Missing,
    /// A regulation is stated that does not exist.
    Spurious,
    /// A true regulation has the other sign.
    Flipped,
    /// A true regulation is stated of another target.
    Redirected,
}

impl FaultKind {
    /// All kinds, in order.
    pub const ALL: [Self; 4] = [Self::Missing, Self::Spurious, Self::Flipped, Self::Redirected];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Spurious => "spurious",
            Self::Flipped => "flipped",
            Self::Redirected => "redirected",
        }
    }

    /// Regulations lost and false ones gained by one fault of this kind, together.
    const fn weight(self) -> usize {
        match self {
            Self::Missing | Self::Spurious => 1,
            Self::Flipped | Self::Redirected => 2,
        }
    }
}

/// One fault: what the network lost and what false regulation it gained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The true regulation that is not stated; `None` for a spurious one.
    pub lost: Option<Regulation>,
    /// The false regulation that is stated; `None` for a missing one.
    pub gained: Option<Regulation>,
}

/// A network with faults in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Corruption {
    /// The network with the faults.
    pub damaged: RegulatoryNetwork,
    /// The faults, sorted.
    pub faults: Vec<Fault>,
}

impl Corruption {
    /// Plants faults of the chosen kinds so that
    ///
    /// ```text
    /// regulations lost + false regulations gained = level · |E|
    /// ```
    /// where `E` are the regulations between different genes. The budget is shared evenly among the kinds; a flip or a
    /// redirection counts two. Each kind is spread over the strata of regulators, those of out-degree 2ᵏ to 2ᵏ⁺¹ − 1, in
    /// proportion to their regulations. A spurious regulation takes regulator and target as often as they occur in the
    /// true network, a redirected one its new target. None is a self-regulation, stands in the true network with either
    /// sign, or is planted twice. Where as many are lost as gained, doing nothing scores an edge F1 of `1 − level/2`.
    ///
    /// # Errors
    /// [`RecoveryError`] if the level is out of `[0, 1]`, no kind is named, or the network has no room for so many.
    pub fn plant(
        truth: &RegulatoryNetwork,
        level: f64,
        kinds: &[FaultKind],
        generator: &mut ChaCha8Rng,
    ) -> Result<Self, RecoveryError> {
        if !(0.0..=1.0).contains(&level) {
            return Err(RecoveryError::OutOfRange { name: "level", value: level, allowed: "between 0 and 1" });
        }
        let between = truth.regulations().iter().filter(|edge| edge.regulator != edge.target).count();
        Self::plant_counts(truth, &counts(level, between, kinds)?, generator)
    }

    /// Plants so many faults of each kind; see [`Corruption::plant`].
    ///
    /// # Errors
    /// [`RecoveryError::NoRoom`] if the network has no room for so many.
    pub fn plant_counts(
        truth: &RegulatoryNetwork,
        counts: &BTreeMap<FaultKind, usize>,
        generator: &mut ChaCha8Rng,
    ) -> Result<Self, RecoveryError> {
        let mut planter = Planter::new(truth, generator);
        for (&kind, &count) in counts {
            let planted = planter.plant(kind, count, generator);
            if planted < count {
                return Err(RecoveryError::NoRoom { kind: kind.word(), planted, wanted: count });
            }
        }
        let mut faults = planter.faults;
        faults.sort_unstable();
        let mut regulations: BTreeSet<_> = truth.regulations().iter().copied().collect();
        for lost in faults.iter().filter_map(|fault| fault.lost) {
            regulations.remove(&lost);
        }
        regulations.extend(faults.iter().filter_map(|fault| fault.gained));
        Ok(Self { damaged: RegulatoryNetwork::new(truth.n_genes(), regulations), faults })
    }
}

/// How many faults of each kind: those that count two first, so that the others take up what is left.
fn counts(level: f64, regulations: usize, kinds: &[FaultKind]) -> Result<BTreeMap<FaultKind, usize>, RecoveryError> {
    let mut kinds: Vec<_> = kinds.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    if kinds.is_empty() {
        return Err(RecoveryError::NoKinds);
    }
    kinds.sort_by_key(|kind| (std::cmp::Reverse(kind.weight()), *kind));
    let mut left = (level * regulations as f64).round() as usize;
    let mut counts = BTreeMap::new();
    for (done, &kind) in kinds.iter().enumerate() {
        let count = left / (kinds.len() - done) / kind.weight();
        left -= count * kind.weight();
        counts.insert(kind, count);
    }
    Ok(counts)
}

/// Draws of one false regulation before it is given up.
const TRIES: usize = 1_000;

struct Planter<'a> {
    truth: &'a RegulatoryNetwork,
    /// Regulations of each stratum that may still be lost, in random order.
    strata: Vec<Vec<Regulation>>,
    /// Regulators of the true regulations of each stratum, one for each regulation.
    regulators: Vec<Vec<GeneId>>,
    /// Targets of all true regulations, one for each regulation.
    targets: Vec<GeneId>,
    gained: BTreeSet<(GeneId, GeneId)>,
    faults: Vec<Fault>,
}

impl<'a> Planter<'a> {
    fn new(truth: &'a RegulatoryNetwork, generator: &mut ChaCha8Rng) -> Self {
        let between: Vec<_> =
            truth.regulations().iter().copied().filter(|edge| edge.regulator != edge.target).collect();
        let mut by_stratum = BTreeMap::<u32, Vec<Regulation>>::new();
        for own in between.chunk_by(|a, b| a.regulator == b.regulator) {
            by_stratum.entry(own.len().ilog2()).or_default().extend(own);
        }
        let mut strata: Vec<_> = by_stratum.into_values().collect();
        let regulators = strata.iter().map(|edges| edges.iter().map(|edge| edge.regulator).collect()).collect();
        strata.iter_mut().for_each(|edges| edges.shuffle(generator));
        let targets = between.iter().map(|edge| edge.target).collect();
        Self { truth, strata, regulators, targets, gained: BTreeSet::new(), faults: Vec::new() }
    }

    /// Plants so many faults over all strata; how many found room.
    fn plant(&mut self, kind: FaultKind, count: usize, generator: &mut ChaCha8Rng) -> usize {
        let sizes: Vec<_> = self.regulators.iter().map(Vec::len).collect();
        let mut planted = 0;
        for (stratum, share) in apportion(count, &sizes).into_iter().enumerate() {
            planted += (0..share).filter(|_| self.plant_one(kind, stratum, generator)).count();
        }
        // A stratum without room leaves its share to the others, the most crowded one first.
        let mut order: Vec<_> = (0..sizes.len()).collect();
        order.sort_by_key(|&stratum| std::cmp::Reverse(sizes[stratum]));
        for stratum in order {
            while planted < count && self.plant_one(kind, stratum, generator) {
                planted += 1;
            }
        }
        planted
    }

    fn plant_one(&mut self, kind: FaultKind, stratum: usize, generator: &mut ChaCha8Rng) -> bool {
        let fault = match kind {
            FaultKind::Missing => self.strata[stratum].pop().map(|lost| (Some(lost), None)),
            FaultKind::Spurious => self.invent(stratum, generator).map(|gained| (None, Some(gained))),
            FaultKind::Flipped => self.flip(stratum),
            FaultKind::Redirected => self.redirect(stratum, generator),
        };
        let Some((lost, gained)) = fault else { return false };
        self.gained.extend(gained.map(|edge| (edge.regulator, edge.target)));
        self.faults.push(Fault { kind, lost, gained });
        true
    }

    /// A true regulation whose other sign is not known as well.
    fn flip(&mut self, stratum: usize) -> Option<(Option<Regulation>, Option<Regulation>)> {
        let open = &mut self.strata[stratum];
        let index = open.iter().rposition(|edge| !self.truth.contains(edge.flipped()))?;
        let lost = open.remove(index);
        Some((Some(lost), Some(lost.flipped())))
    }

    fn redirect(
        &mut self,
        stratum: usize,
        generator: &mut ChaCha8Rng,
    ) -> Option<(Option<Regulation>, Option<Regulation>)> {
        let lost = self.strata[stratum].pop()?;
        let new = (0..TRIES)
            .map(|_| self.targets[generator.random_range(0..self.targets.len())])
            .find(|&target| self.is_new(lost.regulator, target));
        match new {
            Some(target) => Some((Some(lost), Some(Regulation { target, ..lost }))),
            None => {
                self.strata[stratum].insert(0, lost);
                None
            }
        }
    }

    fn invent(&self, stratum: usize, generator: &mut ChaCha8Rng) -> Option<Regulation> {
        let regulators = &self.regulators[stratum];
        (0..TRIES).find_map(|_| {
            let regulator = regulators[generator.random_range(0..regulators.len())];
            let target = self.targets[generator.random_range(0..self.targets.len())];
            // A regulator's false regulations inhibit as often as its true ones do over the whole network.
            let like = self.truth.regulations()[generator.random_range(0..self.truth.regulations().len())];
            self.is_new(regulator, target).then_some(Regulation::new(regulator, target, like.sign))
        })
    }

    /// True if neither sign stands between the two genes, in truth or planted.
    fn is_new(&self, regulator: GeneId, target: GeneId) -> bool {
        let known = |sign| self.truth.contains(Regulation::new(regulator, target, sign));
        regulator != target && !Sign::BOTH.into_iter().any(known) && !self.gained.contains(&(regulator, target))
    }
}

/// Shares a count in proportion to sizes, by largest remainder; ties go to the first.
fn apportion(count: usize, sizes: &[usize]) -> Vec<usize> {
    let total: usize = sizes.iter().sum::<usize>().max(1);
    let mut shares: Vec<_> = sizes.iter().map(|size| count * size / total).collect();
    let mut order: Vec<_> = (0..sizes.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(count * sizes[index] % total), index));
    let missing = count - shares.iter().sum::<usize>();
    for &index in order.iter().take(missing) {
        shares[index] += 1;
    }
    shares
}
