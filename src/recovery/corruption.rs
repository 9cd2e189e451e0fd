//! Faults planted in a network: missing, spurious, flipped and redirected regulations, spread over its strata.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::RecoveryError;
use crate::biology::{GeneId, Regulation, RevisionKind, Sign};
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

impl Fault {
    /// The revisions of the damaged network that fix it, as a [`crate::biology::Revision`] names them; a redirection
    /// takes two.
    pub fn fixed_by(&self) -> impl Iterator<Item = (RevisionKind, Regulation)> + use<> {
        let flipped = self.kind == FaultKind::Flipped;
        let gone = if flipped { RevisionKind::SignFlipped } else { RevisionKind::Removed };
        let back = self.lost.filter(|_| !flipped).map(|lost| (RevisionKind::Added, lost));
        self.gained.map(|gained| (gone, gained)).into_iter().chain(back)
    }
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
    /// true network, a redirected one its new target, as long as there is room. None is a self-regulation, stands in the true network with either
    /// sign, or is planted twice. Where as many are lost as gained, doing nothing scores an edge F1 of `1 − level/2`.
    ///
    /// # Errors
    /// [`RecoveryError`] if the level is out of `[0, 1]`, no kind is named, or the network has no room for this many.
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

    fn plant_counts(
        truth: &RegulatoryNetwork,
        counts: &BTreeMap<FaultKind, usize>,
        generator: &mut ChaCha8Rng,
    ) -> Result<Self, RecoveryError> {
        let corruption = Self::plant_at_most(truth, counts, generator);
        for (&kind, &wanted) in counts {
            let planted = corruption.faults.iter().filter(|fault| fault.kind == kind).count();
            if planted < wanted {
                return Err(RecoveryError::NoRoom { kind: kind.word(), planted, wanted });
            }
        }
        Ok(corruption)
    }

    /// Plants this many faults of each kind, or as many as the network has room for; see [`Corruption::plant`].
    #[must_use]
    pub fn plant_at_most(
        truth: &RegulatoryNetwork,
        counts: &BTreeMap<FaultKind, usize>,
        generator: &mut ChaCha8Rng,
    ) -> Self {
        let mut planter = Planter::new(truth, generator);
        for (&kind, &count) in counts {
            planter.plant(kind, count, generator);
        }
        let mut faults = planter.faults;
        faults.sort_unstable();
        let mut regulations: BTreeSet<_> = truth.regulations().iter().copied().collect();
        for lost in faults.iter().filter_map(|fault| fault.lost) {
            regulations.remove(&lost);
        }
        regulations.extend(faults.iter().filter_map(|fault| fault.gained));
        let damaged = RegulatoryNetwork::new(truth.n_genes(), regulations);
        Self { damaged: damaged.with_effects(truth.effects().iter().copied()), faults }
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

/// Draws of a target in proportion to the in-degrees before any is taken.
const TRIES: usize = 100;

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

    /// Plants this many faults over all strata, or as many as find room.
    fn plant(&mut self, kind: FaultKind, count: usize, generator: &mut ChaCha8Rng) {
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

    /// The first open regulation whose regulator has room for another target.
    fn redirect(
        &mut self,
        stratum: usize,
        generator: &mut ChaCha8Rng,
    ) -> Option<(Option<Regulation>, Option<Regulation>)> {
        for index in (0..self.strata[stratum].len()).rev() {
            let lost = self.strata[stratum][index];
            if let Some(target) = self.new_target(lost.regulator, generator) {
                self.strata[stratum].remove(index);
                return Some((Some(lost), Some(Regulation { target, ..lost })));
            }
        }
        None
    }

    fn invent(&self, stratum: usize, generator: &mut ChaCha8Rng) -> Option<Regulation> {
        let regulators = &self.regulators[stratum];
        let start = generator.random_range(0..regulators.len());
        // The regulators stand here once for each regulation; the next one is tried only if the drawn one is full.
        let order = regulators[start..].iter().chain(&regulators[..start]);
        let distinct = order.scan(None, |last, &gene| Some((last.replace(gene) != Some(gene)).then_some(gene)));
        distinct.flatten().find_map(|regulator| {
            let target = self.new_target(regulator, generator)?;
            // False regulations inhibit as often as true ones do over the whole network.
            let like = self.truth.regulations()[generator.random_range(0..self.truth.regulations().len())];
            Some(Regulation::new(regulator, target, like.sign))
        })
    }

    /// A gene that stands in no regulation with this regulator, as often as it is a target; if none is met, any such.
    fn new_target(&self, regulator: GeneId, generator: &mut ChaCha8Rng) -> Option<GeneId> {
        let drawn = (0..TRIES)
            .map(|_| self.targets[generator.random_range(0..self.targets.len())])
            .find(|&target| self.is_new(regulator, target));
        let n_genes = self.truth.n_genes();
        let start = generator.random_range(0..n_genes);
        let any = || (0..n_genes).map(|step| GeneId::new((start + step) % n_genes));
        drawn.or_else(|| any().find(|&target| self.is_new(regulator, target)))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;

    use super::*;
    use crate::metrics::edge_scores;
    use crate::network::generate::{NetworkConfig, Topology, generate};

    fn network(genes: usize, regulations: usize, seed: u64) -> RegulatoryNetwork {
        generate(&NetworkConfig { genes, regulations, seed, ..NetworkConfig::default() }).expect("there is room")
    }

    fn plant(truth: &RegulatoryNetwork, level: f64, kinds: &[FaultKind], seed: u64) -> Corruption {
        Corruption::plant(truth, level, kinds, &mut ChaCha8Rng::seed_from_u64(seed)).expect("there is room")
    }

    fn lost_and_gained(faults: &[Fault]) -> (usize, usize) {
        let lost = faults.iter().filter(|fault| fault.lost.is_some()).count();
        (lost, faults.iter().filter(|fault| fault.gained.is_some()).count())
    }

    fn some_kinds() -> impl Strategy<Value = Vec<FaultKind>> {
        prop::sample::subsequence(FaultKind::ALL.to_vec(), 1..=4)
    }

    proptest! {
        #[test]
        fn losses_and_false_gains_add_up_to_the_level(
            kinds in some_kinds(), level in 0.0..0.6_f64, seed in any::<u64>()
        ) {
            let truth = network(120, 200, seed);
            let Corruption { damaged, faults } = plant(&truth, level, &kinds, seed);
            let (lost, gained) = lost_and_gained(&faults);
            // Faults that count two leave at most one over.
            prop_assert!(((lost + gained) as f64 - 200.0 * level).abs() <= 1.5);
            prop_assert_eq!(damaged.regulations().len(), 200 - lost + gained);
            prop_assert!(faults.iter().all(|fault| kinds.contains(&fault.kind)));
        }

        #[test]
        fn no_fault_is_a_self_regulation_a_repeat_or_the_other_sign_of_what_stays(
            kinds in some_kinds(), level in 0.0..0.6_f64, seed in any::<u64>()
        ) {
            let truth = network(60, 100, seed);
            let Corruption { damaged, faults } = plant(&truth, level, &kinds, seed);
            for fault in faults {
                if let Some(lost) = fault.lost {
                    prop_assert!(truth.contains(lost) && !damaged.contains(lost));
                }
                if let Some(gained) = fault.gained {
                    prop_assert!(damaged.contains(gained) && !truth.contains(gained));
                    prop_assert!(!damaged.contains(gained.flipped()));
                    prop_assert_ne!(gained.regulator, gained.target);
                }
                match (fault.kind, fault.lost, fault.gained) {
                    (FaultKind::Missing, Some(_), None) => {}
                    (FaultKind::Spurious, None, Some(gained)) => prop_assert!(!truth.contains(gained.flipped())),
                    (FaultKind::Flipped, Some(lost), Some(gained)) => prop_assert_eq!(lost.flipped(), gained),
                    (FaultKind::Redirected, Some(lost), Some(gained)) => {
                        prop_assert_eq!((lost.regulator, lost.sign), (gained.regulator, gained.sign));
                        prop_assert_ne!(lost.target, gained.target);
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
        }
    }

    #[test]
    fn doing_nothing_scores_one_less_half_the_level() {
        let truth = network(1_000, 1_600, 3);
        for (level, nothing) in [(0.0, 1.0), (0.1, 0.95), (0.2, 0.9), (0.4, 0.8)] {
            let damaged = plant(&truth, level, &FaultKind::ALL, 7).damaged;
            let scores = edge_scores(1_000, truth.regulations(), damaged.regulations());
            assert!((scores.f1 - nothing).abs() < 1e-3, "{level}: {}", scores.f1);
        }
    }

    #[test]
    fn each_kind_is_spread_over_the_strata_of_regulators_in_proportion() {
        let truth = network(2_000, 3_000, 5);
        let faults = plant(&truth, 0.4, &FaultKind::ALL, 11).faults;
        let out_degree = |gene: GeneId| truth.targets_of(gene).len();
        let most = (0..2_000).map(|gene| out_degree(GeneId::new(gene))).max().expect("there are genes");
        for kind in FaultKind::ALL {
            let of_kind: Vec<_> = faults.iter().filter(|fault| fault.kind == kind).collect();
            let regulator = |fault: &Fault| fault.lost.or(fault.gained).expect("a fault changes something").regulator;
            for stratum in 0..=most.ilog2() {
                let is_inside = |gene: GeneId| out_degree(gene).checked_ilog2() == Some(stratum);
                let planted = of_kind.iter().filter(|fault| is_inside(regulator(fault))).count() as f64;
                let edges = truth.regulations().iter().filter(|edge| is_inside(edge.regulator)).count() as f64;
                let expected = of_kind.len() as f64 * edges / 3_000.0;
                assert!((planted - expected).abs() <= 1.0, "{kind:?}, stratum {stratum}: {planted} for {expected}");
            }
        }
    }

    #[test]
    fn no_two_regulators_hold_most_of_the_false_regulations() {
        let truth = network(1_000, 1_600, 2);
        let faults = plant(&truth, 0.4, &[FaultKind::Spurious], 1).faults;
        let mut by_regulator = BTreeMap::<GeneId, usize>::new();
        for gained in faults.iter().filter_map(|fault| fault.gained) {
            *by_regulator.entry(gained.regulator).or_default() += 1;
        }
        let mut counts: Vec<_> = by_regulator.into_values().collect();
        counts.sort_unstable_by_key(|&count| std::cmp::Reverse(count));
        assert!(counts.len() > 80, "{}", counts.len());
        assert!(3 * (counts[0] + counts[1]) < faults.len(), "{counts:?}");
    }

    #[test]
    fn one_seed_plants_the_same_faults_again_and_another_seed_others() {
        let truth = network(200, 300, 1);
        assert_eq!(plant(&truth, 0.2, &FaultKind::ALL, 4), plant(&truth, 0.2, &FaultKind::ALL, 4));
        assert_ne!(plant(&truth, 0.2, &FaultKind::ALL, 4), plant(&truth, 0.2, &FaultKind::ALL, 5));
    }

    #[test]
    fn a_full_network_has_no_room_for_false_regulations() {
        let config =
            NetworkConfig { genes: 6, regulations: 30, topology: Topology::RandomRegular, ..NetworkConfig::default() };
        let truth = generate(&config).expect("a full network");
        let planted = Corruption::plant(&truth, 0.5, &[FaultKind::Spurious], &mut ChaCha8Rng::seed_from_u64(1));
        assert!(matches!(planted, Err(RecoveryError::NoRoom { planted: 0, .. })), "{planted:?}");
    }

    #[test]
    fn wrong_settings_end_with_a_sentence() {
        let truth = network(20, 30, 1);
        let mut generator = ChaCha8Rng::seed_from_u64(1);
        for level in [-0.1, 1.1, f64::NAN] {
            let error = Corruption::plant(&truth, level, &FaultKind::ALL, &mut generator).expect_err("out of range");
            assert!(error.to_string().contains("between 0 and 1"), "{error}");
        }
        let error = Corruption::plant(&truth, 0.1, &[], &mut generator).expect_err("no kinds");
        assert!(error.to_string().contains("name at least one"), "{error}");
    }

    #[test]
    fn shares_add_up_and_follow_the_sizes() {
        assert_eq!(apportion(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(apportion(7, &[10, 0, 4]), [5, 0, 2]);
        assert_eq!(apportion(0, &[]), Vec::<usize>::new());
    }
}
