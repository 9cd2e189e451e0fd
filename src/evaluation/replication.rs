//! Are the revisions of a knowledge base replicated in experiments that it was not refined with?

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::biology::{
    Direction, GeneId, Perturbation, Regulation, Response, ResponseMatrix, RevisionKind, StatementKind,
};
use crate::datasets::Dataset;
use crate::network::RegulatoryNetwork;
use crate::refinement::{RefinementData, corrected_and_introduced};
use crate::symbolic::{Closure, Reading, Simulator};

/// How often the perturbations are permuted for what chance gives.
const PERMUTATIONS: u64 = 20;

/// How the revisions of one kind fare in experiments.
///
/// A revision is tested by the measured entries that the refined knowledge predicts otherwise without it. It is replicated if
/// more of them are right with it, and fails if more are wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replication {
    /// What the revisions did.
    pub kind: RevisionKind,
    /// To which kind of statement.
    #[serde(default)]
    pub statement: StatementKind,
    /// How many there are.
    pub revisions: usize,
    /// Those that are replicated.
    pub replicated: usize,
    /// Those that are contradicted.
    pub contradicted: usize,
    /// Mean numbers of the replicated and the contradicted with the perturbations permuted among the experiments, 20 times: what
    /// comes of how often genes respond to anything.
    pub replicated_by_chance: f64,
    /// See [`Replication::replicated_by_chance`].
    pub contradicted_by_chance: f64,
    /// Share of the permutations, with the data themselves counted as one, in which at least as large a part of the revisions
    /// that are replicated or contradicted is replicated.
    pub p_value: f64,
}

/// How the revisions that lead from `original` to `refined` fare in `dataset`, by kind; kinds without one are left out.
pub(super) fn replications(
    original: &RegulatoryNetwork,
    refined: &RegulatoryNetwork,
    dataset: &Dataset,
    (depth, reading): (usize, Reading),
    seed: u64,
) -> Vec<Replication> {
    let mut told = of_regulations(original, refined, dataset, (depth, reading), seed);
    let added = original.effect_revisions_to(refined).into_iter().filter(|(kind, _)| *kind == RevisionKind::Added);
    let effects = Effects::new(original, added.map(|(_, effect)| effect).collect(), dataset, (depth, reading));
    told.extend(effects.replication(dataset, seed));
    told
}

/// Added effects, with what the original knowledge says of the perturbations of their regulators.
struct Effects {
    effects: Vec<Regulation>,
    /// Row of `said` of each perturbation of a single gene.
    places: BTreeMap<(GeneId, Direction), usize>,
    said: ResponseMatrix,
}

impl Effects {
    fn new(
        original: &RegulatoryNetwork,
        effects: Vec<Regulation>,
        dataset: &Dataset,
        (depth, reading): (usize, Reading),
    ) -> Self {
        let causes: BTreeSet<_> = effects.iter().map(|effect| effect.regulator).collect();
        let single = dataset.perturbations.iter().filter_map(single);
        let moved: BTreeSet<_> = single.filter(|(gene, _)| causes.contains(gene)).collect();
        let perturbations: Vec<_> = moved.iter().filter_map(|&change| Perturbation::of([change])).collect();
        Self {
            effects,
            places: moved.into_iter().enumerate().map(|(place, change)| (change, place)).collect(),
            said: Closure::new(original, depth, reading).simulate(&perturbations),
        }
    }

    fn replication(&self, dataset: &Dataset, seed: u64) -> Option<Replication> {
        if self.effects.is_empty() {
            return None;
        }
        let all: Vec<_> = (0..dataset.len()).collect();
        let permute = |run: u64| self.fare(&dataset.permuted(&all, seed.wrapping_add(run)));
        let permuted: Vec<_> = (0..PERMUTATIONS).into_par_iter().map(permute).collect();
        Some(compared((RevisionKind::Added, StatementKind::Effect), self.effects.len(), self.fare(dataset), &permuted))
    }

    /// Effects of which more of the direct entries are right only with them than are wrong only with them, and the others.
    fn fare(&self, dataset: &Dataset) -> (usize, usize) {
        let mut rows: BTreeMap<GeneId, Vec<(usize, Direction)>> = BTreeMap::new();
        for (row, perturbation) in dataset.perturbations.iter().enumerate() {
            if let Some((gene, direction)) = single(perturbation) {
                rows.entry(gene).or_default().push((row, direction));
            }
        }
        let (mut replicated, mut contradicted) = (0, 0);
        for effect in &self.effects {
            let entries = rows.get(&effect.regulator).into_iter().flatten();
            let gains = entries.filter_map(|&(row, direction)| {
                let seen = dataset.observed.get(row, effect.target)?;
                let before = self.said.get(*self.places.get(&(effect.regulator, direction))?, effect.target);
                let after = Response::from_value(effect.sign.value() * direction.value());
                Some(i32::from(after == Some(seen)) - i32::from(before == Some(seen)))
            });
            let gain: i32 = gains.sum();
            replicated += usize::from(gain > 0);
            contradicted += usize::from(gain < 0);
        }
        (replicated, contradicted)
    }
}

fn single(perturbation: &Perturbation) -> Option<(GeneId, Direction)> {
    match perturbation.changes() {
        &[change] => Some(change),
        _ => None,
    }
}

fn of_regulations(
    original: &RegulatoryNetwork,
    refined: &RegulatoryNetwork,
    dataset: &Dataset,
    (depth, reading): (usize, Reading),
    seed: u64,
) -> Vec<Replication> {
    let revisions = original.revisions_to(refined);
    if revisions.is_empty() {
        return Vec::new();
    }
    let fare = |dataset: &Dataset| -> [(usize, usize); 3] {
        let data = RefinementData::measured(&dataset.perturbations, &dataset.observed);
        let mut counts = [(0, 0); 3];
        let entries = corrected_and_introduced(refined, &data, depth, reading, &revisions);
        for ((kind, _), (corrected, introduced)) in revisions.iter().zip(entries) {
            let (replicated, contradicted) = &mut counts[*kind as usize];
            *replicated += usize::from(corrected > introduced);
            *contradicted += usize::from(corrected < introduced);
        }
        counts
    };
    let all: Vec<_> = (0..dataset.len()).collect();
    let found = fare(dataset);
    let permute = |run: u64| fare(&dataset.permuted(&all, seed.wrapping_add(run)));
    let permuted: Vec<_> = (0..PERMUTATIONS).into_par_iter().map(permute).collect();
    let replication = |kind: RevisionKind| {
        let of_kind = revisions.iter().filter(|(other, _)| *other == kind).count();
        let permuted: Vec<_> = permuted.iter().map(|counts| counts[kind as usize]).collect();
        (of_kind > 0).then(|| compared((kind, StatementKind::Regulation), of_kind, found[kind as usize], &permuted))
    };
    RevisionKind::ALL.into_iter().filter_map(replication).collect()
}

/// The replicated and contradicted revisions next to those with the perturbations permuted.
fn compared(
    (kind, statement): (RevisionKind, StatementKind),
    revisions: usize,
    (replicated, contradicted): (usize, usize),
    permuted: &[(usize, usize)],
) -> Replication {
    let as_good = permuted
        .iter()
        .filter(|&&(replicates, contradicts)| {
            replicates * (replicated + contradicted) >= replicated * (replicates + contradicts)
        })
        .count();
    let mean = |count: fn(&(usize, usize)) -> usize| {
        permuted.iter().map(|counts| count(counts) as f64).sum::<f64>() / permuted.len() as f64
    };
    Replication {
        kind,
        statement,
        revisions,
        replicated,
        contradicted,
        replicated_by_chance: mean(|counts| counts.0),
        contradicted_by_chance: mean(|counts| counts.1),
        p_value: (1 + as_good) as f64 / (1 + permuted.len()) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::Sign;

    fn arc(from: usize, to: usize, sign: Sign) -> Regulation {
        Regulation::new(GeneId::new(from), GeneId::new(to), sign)
    }

    /// Ten regulators, 0 to 9, of one target each, 10 to 19; in experiment `r` regulator `r` is deleted, and what `falls`
    /// says of target `t` is seen.
    fn screen(falls: impl Fn(usize, usize) -> bool) -> Dataset {
        let mut observed = ResponseMatrix::unmeasured(10, 20);
        for (row, target) in (0..10).flat_map(|row| (0..10).map(move |target| (row, target))) {
            let response = if falls(row, target) { Response::Down } else { Response::Unchanged };
            observed.set(row, GeneId::new(10 + target), Some(response));
        }
        let perturbations = (0..10).map(|gene| Perturbation::deletion(GeneId::new(gene))).collect();
        Dataset::new((0..10).map(|row: usize| row.to_string()).collect(), perturbations, observed)
    }

    #[test]
    fn what_the_perturbations_show_holds_beyond_chance_and_what_always_happens_does_not() {
        let none = RegulatoryNetwork::new(20, []);
        let all = RegulatoryNetwork::new(20, (0..10).map(|gene| arc(gene, gene + 10, Sign::Activation)));
        let fare = |falls: fn(usize, usize) -> bool| {
            replications(&none, &all, &screen(falls), (5, Reading::Nearest), 1).first().copied().expect("one kind")
        };
        // Each target falls under its own regulator only. A permutation leaves one regulator in its place on average.
        let specific = fare(|row, target| row == target);
        assert_eq!((specific.revisions, specific.replicated, specific.contradicted), (10, 10, 0));
        assert!(specific.replicated_by_chance < 3.0 && specific.contradicted_by_chance > 7.0, "{specific:?}");
        assert!((specific.p_value - 1.0 / 21.0).abs() < 1e-9, "{specific:?}");
        // Each target falls whatever is done.
        let base_rate = fare(|_, _| true);
        assert_eq!((base_rate.replicated, base_rate.contradicted), (10, 0));
        assert!(
            (base_rate.replicated_by_chance - 10.0).abs() < 1e-9 && (base_rate.p_value - 1.0).abs() < 1e-9,
            "{base_rate:?}"
        );
        // The same claims made as effects fare alike, and are told apart.
        let effects = none.clone().with_effects(all.regulations().iter().copied());
        let as_effects = replications(&none, &effects, &screen(|row, target| row == target), (5, Reading::Nearest), 1);
        assert_eq!(as_effects.len(), 1);
        assert_eq!(Replication { statement: StatementKind::Regulation, ..as_effects[0] }, specific);
        // Half of the additions are wrong.
        let half = fare(|row, target| row == target && row % 2 == 0);
        assert_eq!((half.replicated, half.contradicted), (5, 5));
    }
}
