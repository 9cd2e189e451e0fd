//! Evidence for each revision: what it corrects and introduces, and how stable it is.

use super::Action;
use super::commit::Search;
use super::exact::{Effect, UNIT};
use super::noise::Noise;
use super::resamples::Resamples;
use crate::biology::{Evidence, ResponseMatrix, Revision, RevisionStatus, StatementKind};

/// The revisions in force and those proposed, with their evidence, best supported first.
pub(super) fn revisions(search: &mut Search<'_>, proposed: &[Action], resamples: &Resamples) -> Vec<Revision> {
    let mut revisions = Vec::new();
    for action in search.actions() {
        let mut effects = search.state.effects(&action.reversed().edits());
        effects.iter_mut().for_each(|effect| effect.weight = -effect.weight);
        revisions.push(revision(search, action, RevisionStatus::Applied, &effects, resamples));
    }
    for &action in proposed {
        let effects = search.state.effects(&action.edits());
        revisions.push(revision(search, action, RevisionStatus::Proposed, &effects, resamples));
    }
    revisions.sort_by(|a, b| {
        let support = b.evidence.objective_decrease.total_cmp(&a.evidence.objective_decrease);
        a.status.cmp(&b.status).then(support).then(a.regulation.cmp(&b.regulation)).then(a.kind.cmp(&b.kind))
    });
    revisions
}

fn revision(
    search: &Search<'_>,
    action: Action,
    status: RevisionStatus,
    effects: &[Effect],
    resamples: &Resamples,
) -> Revision {
    let entries = |corrects: bool| {
        let chosen = effects.iter().filter(|effect| effect.measured && (effect.weight > 0) == corrects);
        chosen.map(|effect| effect.entry).collect()
    };
    let total: i64 = effects.iter().map(|effect| effect.weight).sum();
    let predicted: i64 = effects.iter().filter(|effect| !effect.measured).map(|effect| effect.weight).sum();
    let cost = search.cost(action);
    let evidence = Evidence {
        corrected: entries(true),
        introduced: entries(false),
        predicted: in_entries(predicted),
        objective_decrease: in_entries(total - cost),
        stability: resamples.stability(effects, cost),
        ..Evidence::default()
    };
    let statement = StatementKind::Regulation;
    Revision { kind: action.kind, statement, regulation: action.regulation, status, evidence }
}

/// Shares of its entries in which a revision may be without effect.
const IDLE: [f64; 8] = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9];

/// How much likelier a revision makes what was measured, in nats; `None` if the measured entries do not pay its cost.
///
/// ```text
/// s = max_ε  Σ_mended ln P(o | now, ε)/P(o | ≠o, j)  +  Σ_broken ln P(o | now, ε)/P(o | o, j)
/// ```
/// `P(o | c, j)` is the noise of gene `j` where the network reads `c`; `h = P(o | unchanged, j)`, its base_rate, is what
/// happens of itself. If the network now says that the gene moves, what was measured agrees with `1 − ε + ε·h` and does
/// not with `ε·h`; if it now says that nothing happens, either has `h`. So a gene that always falls supports no new
/// inhibitor, and where even sound regulations show no effect, none is retracted for showing none.
pub(super) fn support(
    search: &Search<'_>,
    revision: &Revision,
    observed: &ResponseMatrix,
    noise: &Noise,
) -> Option<f64> {
    const UNCHANGED: usize = 1;
    let Evidence { corrected, introduced, .. } = &revision.evidence;
    let cost = search.cost(Action { kind: revision.kind, regulation: revision.regulation });
    if (corrected.len() as i64 - introduced.len() as i64) * UNIT <= cost {
        return None;
    }
    let entries = corrected.iter().map(|entry| (entry, true)).chain(introduced.iter().map(|entry| (entry, false)));
    let told = entries.filter_map(|(entry, is_corrected)| {
        let seen = observed.get(entry.perturbation as usize, entry.gene)?.class();
        let before: Vec<_> = (0..3).filter(|&read| (read == seen) != is_corrected).collect();
        let moves = is_corrected == (seen != UNCHANGED);
        let base_rate = noise.probability(entry.gene, &[UNCHANGED], seen);
        Some((moves.then_some(is_corrected), base_rate, noise.probability(entry.gene, &before, seen)))
    });
    let told: Vec<_> = told.collect();
    let likelier = |idle: f64| -> f64 {
        let ratio = |&(moves, base_rate, before): &(Option<bool>, f64, f64)| match moves {
            Some(true) => (1.0 - idle + idle * base_rate) / before,
            Some(false) => idle * base_rate / before,
            None => base_rate / before,
        };
        told.iter().map(|entry| ratio(entry).ln()).sum()
    };
    Some(IDLE.into_iter().map(likelier).fold(f64::NEG_INFINITY, f64::max))
}

fn in_entries(weight: i64) -> f64 {
    weight as f64 / UNIT as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Entry, GeneId, Perturbation, Regulation, Response, RevisionKind, Sign};
    use crate::network::RegulatoryNetwork;
    use crate::refinement::{RefinementConfig, RefinementData};
    use crate::symbolic::Reading;

    /// Support of "gene 0 activates gene 1" by the first five of 20 rows, in which gene 0 is deleted and gene 1 falls; in
    /// the others gene 2 is deleted, and gene 1 falls in `elsewhere` of them. Nothing is known.
    fn supported(elsewhere: usize) -> f64 {
        let [regulator, target, other] = [0, 1, 2].map(GeneId::new);
        let perturbations: Vec<_> =
            (0..20).map(|row| Perturbation::deletion(if row < 5 { regulator } else { other })).collect();
        let mut observed = ResponseMatrix::unmeasured(20, 3);
        for row in 0..20 {
            let response = if row < 5 + elsewhere { Response::Down } else { Response::Unchanged };
            observed.set(row, target, Some(response));
        }
        let data = RefinementData::measured(&perturbations, &observed);
        let (network, config) = (RegulatoryNetwork::new(3, []), RefinementConfig::default());
        let search = Search::new(&network, &data, 5, Reading::Nearest, &config);
        let noise = Noise::estimate(&search.state, data.measured);
        let with = |entries: u32| {
            let corrected = (0..entries).map(|perturbation| Entry { perturbation, gene: target }).collect();
            let revision = Revision {
                kind: RevisionKind::Added,
                statement: StatementKind::Regulation,
                regulation: Regulation::new(regulator, target, Sign::Activation),
                status: RevisionStatus::Applied,
                evidence: Evidence { corrected, ..Evidence::default() },
            };
            support(&search, &revision, &observed, &noise)
        };
        assert_eq!(with(3), None, "three do not pay a cost of three");
        with(5).expect("five pay a cost of three")
    }

    #[test]
    fn a_gene_that_falls_whatever_is_done_supports_no_regulator_of_its_own() {
        // The base rate is 0.2500, so ε = 0.02 is best: 5 · ln(0.98500 / 0.25008).
        assert!((supported(0) - 6.8543).abs() < 1e-3, "{}", supported(0));
        let all: Vec<_> = (0..=15).map(supported).collect();
        assert!(all.windows(2).all(|pair| pair[0] > pair[1]), "{all:?}");
        assert!(all[15] < 0.01, "{all:?}");
    }
}
