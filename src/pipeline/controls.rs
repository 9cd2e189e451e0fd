//! The rows that any refinement is to be held against: what was seen is written down, and what chance alone finds.
//!
//! Start at [`SeenPair::all`]. Everything here looks at the experiments that it is given, and at nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::weighing::weigh;
use super::{Config, Objective, PipelineError};
use crate::biology::{GeneId, Regulation, RevisionKind, Sign};
use crate::datasets::Dataset;
use crate::network::{RegulatoryNetwork, rewired};
use crate::progress::Progress;
use crate::refinement::RevisionCosts;

/// Names of the rows of [`control_networks`], in order.
pub const CONTROLS: [&str; 5] =
    ["seen-all", "seen-agreeing", "seen-as-many-strongest", "random-additions", "permuted-perturbations"];

/// A gene perturbed by itself, a gene measured in such an experiment, and what was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeenPair {
    /// The gene that was perturbed.
    pub regulator: GeneId,
    /// The gene that was measured.
    pub target: GeneId,
    /// Experiments in which more regulator went with more of the target.
    pub positive: u32,
    /// Experiments in which more regulator went with less of it.
    pub negative: u32,
    /// Experiments in which it was measured and did not move.
    pub silent: u32,
    /// Size of the mean change: of log2 fold changes, or whatever size the data have, else of the calls −1, 0, 1.
    pub size: f64,
    /// The same in units of how much the target varies over the experiments on other genes:
    ///
    /// ```text
    /// z = |mean change| / √(s² + (s₀/2)²)
    /// ```
    /// where `s` is the standard deviation of the target over the other experiments and `s₀` the median of all.
    pub z: f64,
    /// The sign that the experiments speak for: that of most calls, or of the mean change.
    pub sign: Sign,
}

/// Which of the responses that were seen are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Every response; of opposite ones, that of most experiments, and none of as many each way.
    All,
    /// Those that every experiment on the regulator that measured the target shows alike.
    Agreeing,
    /// This many of all, those with the largest mean change first.
    Strongest(usize),
}

impl SeenPair {
    /// Every such pair of two different genes, by regulator and target; experiments on several genes at once are not used.
    #[must_use]
    pub fn all(dataset: &Dataset) -> Vec<Self> {
        let mut rows_of: BTreeMap<GeneId, Vec<(usize, f64)>> = BTreeMap::new();
        for (row, perturbation) in dataset.perturbations.iter().enumerate() {
            if let &[(gene, direction)] = perturbation.changes() {
                rows_of.entry(gene).or_default().push((row, f64::from(direction.value())));
            }
        }
        let changes = Changes::new(dataset);
        let mut pairs = Vec::new();
        for (&regulator, rows) in &rows_of {
            for target in (0..dataset.observed.n_genes()).map(GeneId::new).filter(|&target| target != regulator) {
                pairs.extend(Self::of(dataset, &changes, (regulator, rows), target));
            }
        }
        changes.standardise(&mut pairs, &rows_of);
        pairs
    }

    fn of(
        dataset: &Dataset,
        changes: &Changes<'_>,
        (regulator, rows): (GeneId, &[(usize, f64)]),
        target: GeneId,
    ) -> Option<Self> {
        let (mut positive, mut negative, mut silent, mut sum, mut number) = (0, 0, 0, 0.0, 0.0);
        for &(row, direction) in rows {
            if let Some(response) = dataset.observed.get(row, target) {
                match f64::from(response.value()) * direction {
                    0.0 => silent += 1,
                    along if along > 0.0 => positive += 1,
                    _ => negative += 1,
                }
            }
            if let Some(change) = changes.of(row, target) {
                sum += direction * change;
                number += 1.0;
            }
        }
        if positive + negative + silent == 0 {
            return None;
        }
        let change = if number > 0.0 { sum / number } else { 0.0 };
        let is_positive = positive > negative || (positive == negative && change >= 0.0);
        let sign = if is_positive { Sign::Activation } else { Sign::Inhibition };
        Some(Self { regulator, target, positive, negative, silent, size: change.abs(), z: 0.0, sign })
    }

    /// The pair with the sign that was seen.
    #[must_use]
    pub const fn regulation(&self) -> Regulation {
        Regulation::new(self.regulator, self.target, self.sign)
    }

    /// True if more experiments moved the target one way than the other.
    #[must_use]
    pub const fn moved(&self) -> bool {
        self.positive != self.negative
    }

    /// True if every experiment that measured the target moved it the same way.
    #[must_use]
    pub const fn agrees(&self) -> bool {
        self.silent == 0 && (self.positive == 0) != (self.negative == 0)
    }
}

/// Sizes of changes where they are known, else calls.
struct Changes<'a> {
    dataset: &'a Dataset,
    has_sizes: bool,
}

impl<'a> Changes<'a> {
    /// Sizes count if nine in ten measured responses have one.
    fn new(dataset: &'a Dataset) -> Self {
        let sized = dataset.log2fc.as_ref().map_or(0, crate::biology::ResponseValues::present);
        Self { dataset, has_sizes: sized > 0 && sized * 10 >= dataset.observed.measured() * 9 }
    }

    fn of(&self, row: usize, gene: GeneId) -> Option<f64> {
        if self.has_sizes {
            return self.dataset.log2fc.as_ref()?.get(row, gene).map(f64::from);
        }
        self.dataset.observed.get(row, gene).map(|response| f64::from(response.value()))
    }

    fn standardise(&self, pairs: &mut [SeenPair], rows_of: &BTreeMap<GeneId, Vec<(usize, f64)>>) {
        // Number, sum and sum of squares of each gene over all experiments that do not perturb it.
        let mut moments = vec![[0.0_f64; 3]; self.dataset.observed.n_genes()];
        let add = |moments: &mut [f64; 3], change: f64, times: f64| {
            moments[0] += times;
            moments[1] += times * change;
            moments[2] += times * change * change;
        };
        for (row, perturbation) in self.dataset.perturbations.iter().enumerate() {
            for (gene, moments) in moments.iter_mut().enumerate() {
                let gene = GeneId::new(gene);
                if let Some(change) = self.of(row, gene).filter(|_| !perturbation.moves(gene)) {
                    add(moments, change, 1.0);
                }
            }
        }
        let spread = |[number, sum, squares]: [f64; 3]| {
            if number < 1.5 { 0.0 } else { ((squares - sum * sum / number) / (number - 1.0)).max(0.0).sqrt() }
        };
        let mut spreads: Vec<_> =
            moments.iter().filter(|moments| moments[0] > 0.0).map(|&moments| spread(moments)).collect();
        spreads.sort_by(f64::total_cmp);
        let usual = spreads.get(spreads.len() / 2).copied().unwrap_or(0.0).max(1e-6);
        for pair in pairs {
            let mut others = moments[pair.target.index()];
            for &(row, _) in &rows_of[&pair.regulator] {
                if let Some(change) = self.of(row, pair.target) {
                    add(&mut others, change, -1.0);
                }
            }
            pair.z = pair.size / spread(others).hypot(0.5 * usual);
        }
    }
}

/// Pairs that are written down, by `seen`; those for which `is_known` are left out beforehand.
pub fn written<'a>(pairs: &'a [SeenPair], seen: Seen, is_known: impl Fn(&SeenPair) -> bool + 'a) -> Vec<&'a SeenPair> {
    let mut chosen: Vec<_> = pairs.iter().filter(|pair| pair.moved() && !is_known(pair)).collect();
    match seen {
        Seen::All => {}
        Seen::Agreeing => chosen.retain(|pair| pair.agrees()),
        Seen::Strongest(number) => {
            chosen.sort_by(|a, b| {
                b.size.total_cmp(&a.size).then(b.z.total_cmp(&a.z)).then(a.regulation().cmp(&b.regulation()))
            });
            chosen.truncate(number);
        }
    }
    chosen
}

/// The knowledge with what was seen written into it, as effects: each is read when its own regulator is perturbed, before all
/// walks. An effect of the other sign that the knowledge held gives way. No walk goes on from it, so that of regulators that
/// were never perturbed it says no more than the knowledge did.
#[must_use]
pub fn written_into(network: &RegulatoryNetwork, pairs: &[SeenPair], seen: Seen) -> RegulatoryNetwork {
    let stated: BTreeSet<_> = written(pairs, seen, |_| false).into_iter().map(SeenPair::regulation).collect();
    let kept = network.effects().iter().copied().filter(|effect| !stated.contains(&effect.flipped()));
    network.clone().with_effects(kept.chain(stated.iter().copied()).collect::<Vec<_>>())
}

/// Additions with their targets exchanged at random: each regulator keeps how many it has of each sign, and each target how
/// many regulators.
#[must_use]
pub fn random_additions(n_genes: usize, additions: &[Regulation], seed: u64) -> Vec<Regulation> {
    rewired(&RegulatoryNetwork::new(n_genes, additions.iter().copied()), seed).regulations().to_vec()
}

/// The rows next to a refined network: what was seen is written into the knowledge (all; agreeing; as many statements as the
/// refined network adds, strongest first), its additions are replaced by random ones of the same degrees, and the
/// perturbations are permuted before the refinement. Its removals and flips are in none of them but the last. Only `learnt`
/// is looked at: the experiments that the refinement learnt from.
///
/// The last row is made for the evidence objective alone: of the other it would take a whole loop.
///
/// # Errors
/// [`PipelineError`] if the refinement of the permuted experiments fails or `progress` asks to stop.
pub fn control_networks(
    original: &RegulatoryNetwork,
    refined: &RegulatoryNetwork,
    learnt: &Dataset,
    revision_costs: Option<&RevisionCosts>,
    config: &Config,
    progress: &dyn Progress,
) -> Result<Vec<(String, RegulatoryNetwork)>, PipelineError> {
    let added = |revisions: Vec<(RevisionKind, Regulation)>| -> Vec<Regulation> {
        let added = revisions.into_iter().filter(|(kind, _)| *kind == RevisionKind::Added);
        added.map(|(_, regulation)| regulation).collect()
    };
    let regulations = added(original.revisions_to(refined));
    let effects = added(original.effect_revisions_to(refined));
    let pairs = SeenPair::all(learnt);
    let as_many = Seen::Strongest(regulations.len() + effects.len());
    let mut networks: Vec<_> =
        [Seen::All, Seen::Agreeing, as_many].into_iter().map(|seen| written_into(original, &pairs, seen)).collect();
    let n_genes = original.n_genes();
    let with_additions = |known: &[Regulation], additions: &[Regulation]| -> BTreeSet<Regulation> {
        known.iter().copied().chain(random_additions(n_genes, additions, config.seed)).collect()
    };
    networks.push(
        RegulatoryNetwork::new(n_genes, with_additions(original.regulations(), &regulations))
            .with_effects(with_additions(original.effects(), &effects)),
    );
    if config.objective == Objective::Evidence {
        let rows: Vec<_> = (0..learnt.len()).collect();
        let permuted = learnt.permuted(&rows, config.seed);
        networks.push(weigh(original, revision_costs, &permuted, config, progress)?.refinement.network);
    }
    Ok(CONTROLS.into_iter().map(str::to_owned).zip(networks).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Perturbation, Response, ResponseMatrix, ResponseValues};

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    /// Gene 0 deleted twice, gene 1 overexpressed once; genes 2 and 3 measured.
    fn dataset() -> Dataset {
        use Response::{Down, Unchanged, Up};
        let perturbations = vec![
            Perturbation::deletion(gene(0)),
            Perturbation::deletion(gene(0)),
            Perturbation::overexpression(gene(1)),
        ];
        let rows = [[Down, Up], [Down, Unchanged], [Down, Up]];
        let mut observed = ResponseMatrix::unmeasured(3, 4);
        for (row, [two, three]) in rows.into_iter().enumerate() {
            observed.set(row, gene(2), Some(two));
            observed.set(row, gene(3), Some(three));
        }
        Dataset::new(["a", "b", "c"].map(str::to_owned).to_vec(), perturbations, observed)
    }

    fn signs(pairs: &[&SeenPair]) -> Vec<(usize, usize, Sign)> {
        pairs.iter().map(|pair| (pair.regulator.index(), pair.target.index(), pair.sign)).collect()
    }

    use Sign::{Activation, Inhibition};

    #[test]
    fn what_was_seen_is_turned_into_signs_of_more_regulator() {
        let pairs = SeenPair::all(&dataset());
        // Deleting 0 lowers 2: activation. Overexpressing 1 lowers 2: inhibition.
        assert_eq!(
            signs(&written(&pairs, Seen::All, |_| false)),
            [(0, 2, Activation), (0, 3, Inhibition), (1, 2, Inhibition), (1, 3, Activation)]
        );
        let agreeing = written(&pairs, Seen::Agreeing, |_| false);
        assert_eq!(
            signs(&agreeing),
            [(0, 2, Activation), (1, 2, Inhibition), (1, 3, Activation)],
            "3 rose in one of two"
        );
    }

    #[test]
    fn the_strongest_are_those_with_the_largest_mean_change() {
        let mut data = dataset();
        let mut sizes = ResponseValues::missing(3, 4);
        for (row, values) in [[-1.0, 3.0], [-2.0, 0.5], [-4.0, 1.0]].into_iter().enumerate() {
            sizes.set(row, gene(2), values[0]);
            sizes.set(row, gene(3), values[1]);
        }
        data.log2fc = Some(sizes);
        let pairs = SeenPair::all(&data);
        let strongest = written(&pairs, Seen::Strongest(2), |_| false);
        assert_eq!(signs(&strongest), [(1, 2, Inhibition), (0, 3, Inhibition)], "4 and (3 + 0.5)/2");
        let first = &pairs[0];
        // Gene 2 over the one other experiment has no spread: half the usual one, the median over genes, is all there is.
        let spread = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
        };
        let usual = spread(&[-1.0, -2.0, -4.0]).max(spread(&[3.0, 0.5, 1.0]));
        assert!((first.z - 1.5 / (0.5 * usual)).abs() < 1e-6, "{first:?}");
    }

    #[test]
    fn each_control_keeps_the_knowledge_and_adds_as_many_as_the_refinement() {
        let data = dataset();
        let known = RegulatoryNetwork::new(4, [Regulation::new(gene(3), gene(0), Activation)]);
        let refined = known.clone().with_effects([Regulation::new(gene(0), gene(2), Activation)]);
        let config = Config::default();
        let controls = control_networks(&known, &refined, &data, None, &config, &crate::progress::NoProgress);
        let controls = controls.expect("made");
        assert_eq!(controls.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), CONTROLS);
        // All: 0 and 1 on 2 and 3. Agreeing: 0 on 3 does not. The strongest: one.
        let effects: Vec<_> = controls[..4].iter().map(|(_, network)| network.effects().len()).collect();
        assert_eq!(effects, [4, 3, 1, 1]);
        assert!(controls[..4].iter().all(|(_, network)| network.regulations() == known.regulations()));
    }

    #[test]
    fn what_was_written_is_read_back_where_its_regulator_is_perturbed() {
        use crate::symbolic::{Closure, Reading, Simulator};
        let data = dataset();
        let known = RegulatoryNetwork::new(4, [Regulation::new(gene(0), gene(2), Inhibition)]);
        let written = written_into(&known, &SeenPair::all(&data), Seen::All);
        let read = Closure::new(&written, 3, Reading::Nearest).simulate(&data.perturbations);
        assert_eq!(read.get(0, gene(2)), Some(Response::Down));
        assert_eq!(read.get(2, gene(3)), Some(Response::Up));
        assert_eq!(written.regulations(), known.regulations());
    }
}
