//! Where a search stands between two of its passes, so that a stopped one can go on from there.

use serde::{Deserialize, Serialize};

use super::RefinementError;
use crate::biology::{Regulation, RevisionKind};
use crate::network::RegulatoryNetwork;

/// A search after a finished pass. Whatever else it knows follows from the network, the data and the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchState {
    /// Level of caution of each pass, in the whole weights of the search.
    pub(super) levels: Vec<i64>,
    /// Passes that are finished.
    pub(super) finished: usize,
    /// True if the last of them found nothing to change any more.
    pub(super) settled: bool,
    /// The revisions in force, upon the original network.
    pub(super) revisions: Vec<(RevisionKind, Regulation)>,
}

impl SearchState {
    /// How many passes are finished, and how many there are at most.
    #[must_use]
    pub fn passes(&self) -> (usize, usize) {
        (self.finished, self.levels.len())
    }

    /// Says whether a search of this network may have come here.
    pub(super) fn check(&self, network: &RegulatoryNetwork) -> Result<(), RefinementError> {
        let is_known = |regulation: Regulation| {
            let genes = [regulation.regulator, regulation.target];
            genes.iter().all(|gene| gene.index() < network.n_genes()).then(|| network.contains(regulation))
        };
        let fits = |&(kind, regulation)| is_known(regulation) == Some(kind != RevisionKind::Added);
        if self.finished > self.levels.len() || !self.revisions.iter().all(fits) {
            return Err(RefinementError::ForeignState);
        }
        Ok(())
    }
}

/// Where a search starts, and whom it tells of each finished pass.
pub struct Course<'a> {
    /// Where an earlier search with the same network, data and settings was stopped; `None` starts again.
    pub from: Option<&'a SearchState>,
    /// Is told where the search stands after each finished pass.
    pub keep: &'a mut dyn FnMut(&SearchState),
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::biology::{GeneId, Perturbation, ResponseMatrix, Sign};
    use crate::network::generate::{NetworkConfig, Topology, generate};
    use crate::progress::{NoProgress, Progress};
    use crate::refinement::{Refinement, RefinementConfig, RefinementData, draft, draft_on};
    use crate::symbolic::{Closure, Reading, Simulator};

    /// Asks to stop from the given question after it on.
    struct Patience(AtomicUsize);

    impl Progress for Patience {
        fn begin(&self, _phase: &str, _steps: u64) {}

        fn advance(&self, _steps: u64) {}

        fn is_cancelled(&self) -> bool {
            let left = |left: usize| Some(left.saturating_sub(1));
            self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) == Ok(0)
        }
    }

    /// A feedback core with every tenth regulation lost, every tenth turned and some invented; what the sound one shows.
    fn damaged(seed: u64) -> (RegulatoryNetwork, Vec<Perturbation>, ResponseMatrix) {
        let topology = Topology::FeedbackCore;
        let config = NetworkConfig { topology, genes: 60, regulations: 100, seed, ..NetworkConfig::default() };
        let truth = generate(&config).expect("there is room");
        let kept = truth.regulations().iter().enumerate().filter(|(index, _)| index % 10 != 3);
        let turned = kept.map(|(index, &edge)| if index % 10 == 7 { edge.flipped() } else { edge });
        let invented =
            (0..8).map(|gene| Regulation::new(GeneId::new(gene), GeneId::new(59 - 3 * gene), Sign::Activation));
        let network = RegulatoryNetwork::new(60, turned.chain(invented).collect::<Vec<_>>());
        let perturbations: Vec<_> = (0..60).map(|gene| Perturbation::deletion(GeneId::new(gene))).collect();
        let observed = Closure::new(&truth, 5, Reading::Nearest).simulate(&perturbations);
        (network, perturbations, observed)
    }

    #[test]
    fn a_search_stopped_anywhere_and_taken_up_again_ends_as_one_that_was_never_stopped() {
        for seed in 1..=3 {
            let (network, perturbations, observed) = damaged(seed);
            let data = RefinementData::measured(&perturbations, &observed);
            let config = RefinementConfig { max_share: 1.0, bootstraps: 20, ..RefinementConfig::default() };
            let drafted =
                |from: Option<&SearchState>, states: &mut Vec<SearchState>, progress: &dyn Progress| -> Refinement {
                    let keep = &mut |state: &SearchState| states.push(state.clone());
                    draft_on(&network, &data, 5, Reading::Nearest, &config, Course { from, keep }, progress)
                        .expect("it fits")
                };
            let mut passes = Vec::new();
            let whole = drafted(None, &mut passes, &NoProgress);
            assert_eq!(whole, draft(&network, &data, 5, Reading::Nearest, &config, &NoProgress).expect("it fits"));
            assert!(passes.len() > 3 && !whole.revisions.is_empty(), "{} passes", passes.len());

            for (done, state) in passes.iter().enumerate() {
                assert_eq!(state.passes().0, done + 1);
                let written = serde_json::to_string(state).expect("JSON");
                let read = serde_json::from_str(&written).expect("a state");
                let mut rest = Vec::new();
                assert_eq!(drafted(Some(&read), &mut rest, &NoProgress), whole);
                assert_eq!(rest, passes[done + 1..]);
            }
            // Stopped in the middle of a pass: what the pass did so far is not kept.
            for questions in (0..400).step_by(23) {
                let mut kept = Vec::new();
                drafted(None, &mut kept, &Patience(questions.into()));
                assert_eq!(kept, passes[..kept.len()]);
                assert_eq!(drafted(kept.last(), &mut Vec::new(), &NoProgress), whole);
            }
        }
    }

    #[test]
    fn a_state_of_another_network_is_refused_with_a_sentence() {
        let (network, perturbations, observed) = damaged(1);
        let data = RefinementData::measured(&perturbations, &observed);
        let state = |finished, kind, regulation| SearchState {
            levels: vec![0; 4],
            finished,
            settled: false,
            revisions: vec![(kind, regulation)],
        };
        let known = network.regulations()[0];
        let nowhere = Regulation::new(GeneId::new(1_000_000), GeneId::new(0), Sign::Activation);
        for foreign in [
            state(1, RevisionKind::Added, known),
            state(1, RevisionKind::Removed, nowhere),
            state(1, RevisionKind::Added, nowhere),
            state(5, RevisionKind::Removed, known),
        ] {
            let course = Course { from: Some(&foreign), keep: &mut |_| () };
            let config = RefinementConfig::default();
            let error = draft_on(&network, &data, 5, Reading::Nearest, &config, course, &NoProgress);
            assert_eq!(error, Err(RefinementError::ForeignState));
        }
    }
}
