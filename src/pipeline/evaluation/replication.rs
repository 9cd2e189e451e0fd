//! Do the revisions of a knowledge base hold in experiments that it was not refined with?

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::biology::RevisionKind;
use crate::datasets::Dataset;
use crate::network::RegulatoryNetwork;
use crate::refinement::{RefinementData, mended_and_broken};
use crate::symbolic::Reading;

/// How often the perturbations are dealt anew for what chance gives.
const DEALS: u64 = 20;

/// How the revisions of one kind fare in experiments.
///
/// A revision is tested by the measured entries that the refined knowledge foretells otherwise without it. It holds if
/// more of them are right with it, and fails if more are wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replication {
    /// What the revisions did.
    pub kind: RevisionKind,
    /// How many there are.
    pub revisions: usize,
    /// Those that hold.
    pub hold: usize,
    /// Those that fail.
    pub fail: usize,
    /// Mean numbers of those that hold and fail with the perturbations dealt anew among the experiments, 20 times: what
    /// comes of how often genes respond to anything.
    pub hold_by_chance: f64,
    /// See [`Replication::hold_by_chance`].
    pub fail_by_chance: f64,
    /// Share of the deals, with the data themselves counted as one, in which at least as large a part of the revisions
    /// that hold or fail holds.
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
    let revisions = original.revisions_to(refined);
    if revisions.is_empty() {
        return Vec::new();
    }
    let fare = |dataset: &Dataset| -> [(usize, usize); 3] {
        let data = RefinementData::measured(&dataset.perturbations, &dataset.observed);
        let mut counts = [(0, 0); 3];
        let entries = mended_and_broken(refined, &data, depth, reading, &revisions);
        for ((kind, _), (mended, broken)) in revisions.iter().zip(entries) {
            let (hold, fail) = &mut counts[*kind as usize];
            *hold += usize::from(mended > broken);
            *fail += usize::from(mended < broken);
        }
        counts
    };
    let all: Vec<_> = (0..dataset.len()).collect();
    let found = fare(dataset);
    let deal = |deal: u64| fare(&dataset.permuted(&all, seed.wrapping_add(deal)));
    let dealt: Vec<_> = (0..DEALS).into_par_iter().map(deal).collect();
    let replication = |kind: RevisionKind| {
        let of_kind = revisions.iter().filter(|(other, _)| *other == kind).count();
        let (hold, fail) = found[kind as usize];
        let dealt = || dealt.iter().map(|counts| counts[kind as usize]);
        let as_good = dealt().filter(|&(held, failed)| held * (hold + fail) >= hold * (held + failed)).count();
        (of_kind > 0).then(|| Replication {
            kind,
            revisions: of_kind,
            hold,
            fail,
            hold_by_chance: dealt().map(|(held, _)| held as f64).sum::<f64>() / DEALS as f64,
            fail_by_chance: dealt().map(|(_, failed)| failed as f64).sum::<f64>() / DEALS as f64,
            p_value: (1 + as_good) as f64 / (1 + DEALS) as f64,
        })
    };
    RevisionKind::ALL.into_iter().filter_map(replication).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, Perturbation, Regulation, Response, ResponseMatrix, Sign};

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
        // Each target falls under its own regulator only. A deal leaves one regulator in its place on average.
        let specific = fare(|row, target| row == target);
        assert_eq!((specific.revisions, specific.hold, specific.fail), (10, 10, 0));
        assert!(specific.hold_by_chance < 3.0 && specific.fail_by_chance > 7.0, "{specific:?}");
        assert!((specific.p_value - 1.0 / 21.0).abs() < 1e-9, "{specific:?}");
        // Each target falls whatever is done.
        let habit = fare(|_, _| true);
        assert_eq!((habit.hold, habit.fail), (10, 0));
        assert!((habit.hold_by_chance - 10.0).abs() < 1e-9 && (habit.p_value - 1.0).abs() < 1e-9, "{habit:?}");
        // Half of the additions are wrong.
        let half = fare(|row, target| row == target && row % 2 == 0);
        assert_eq!((half.hold, half.fail), (5, 5));
    }
}
