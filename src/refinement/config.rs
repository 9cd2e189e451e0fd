//! The hyperparameters of a refinement.

use serde::{Deserialize, Serialize};

use super::RefinementError;

/// Costs and limits of a refinement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RefinementConfig {
    /// Cost of an added regulation, in measured entries, ≥ 0; default 3. A larger cost asks for more evidence.
    pub add_cost: f64,
    /// Cost of a removed regulation, in measured entries, ≥ 0; default 2.
    pub remove_cost: f64,
    /// Cost of a flipped sign, in measured entries, ≥ 0; default 2.
    pub flip_cost: f64,
    /// How much more the entries of a rare response class weigh, `β` in `[0, 1]`; default 0.75.
    ///
    /// ```text
    /// w_c = N · n_c^{−β} / Σ_c n_c^{1−β}
    /// ```
    /// where `n_c` of the `N` measured training entries are of class `c`. 0 counts all entries alike, 1 gives each class
    /// the same total weight, as macro-F1 nearly does. The average weight stays 1, so costs keep their scale.
    pub class_balance: f64,
    /// Weight `W` of what is cited, ≥ 0; default 0.1: removing or flipping a regulation costs `1 + W · log₂(1 + e)` times as
    /// much, where `e` is its number of sources and references. See [`super::RevisionCosts`].
    pub evidence_weight: f64,
    /// At most this share of the known regulations may be removed or flipped, in `[0, ∞)`; default 0.05. Rounded up.
    pub max_share: f64,
    /// At most this many regulations may be added, as a share of the known ones, in `[0, ∞)`; default 0.5. Rounded
    /// up.
    pub max_added_share: f64,
    /// Factor between the levels of caution of the search, in `[0, 0.95)`; default 0.6. 0 accepts whatever pays at once: a
    /// plain greedy search.
    pub cooling: f64,
    /// Which genes may become regulators of further targets; default those that are known to regulate or were perturbed.
    pub regulators: RegulatorPool,
    /// Candidates of each kind that are evaluated exactly in each pass, ≥ 1; default 4096.
    pub candidates: usize,
    /// Passes of proposing and accepting, ≥ 1; default 4. The search ends earlier when a pass changes nothing.
    pub max_passes: usize,
    /// Additions that no bound rules out, and swaps of revisions, that are evaluated exactly at the end of a search, at most
    /// this many of each, ≥ 0; default 4096. 0 ends it without a [`super::Certificate`].
    pub evaluations: usize,
    /// Bootstrap resamples of the perturbations behind each stability, ≥ 0; default 200.
    pub bootstraps: usize,
    /// Least stability of an applied revision, in `[0, 1]`; default 0.7. What rests on a single perturbation is found
    /// again in 63 % of the resamples, so the default asks for support by several; less stable ones are proposed.
    pub min_stability: f64,
    /// Simulated screens behind the q-values at most, ≥ 0; default 20. They end earlier, but not before the third, once
    /// they have brought 1000 revisions.
    #[serde(alias = "permutations")]
    pub simulations: usize,
    /// Largest q-value of an applied revision, in `[0, 1]`; default 0.2, so that about four in five of those least sure are
    /// right. Those above are proposed.
    pub max_q_value: f64,
    /// Seed of resamples and simulations.
    pub seed: u64,
}

/// Which genes may become regulators of further targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegulatorPool {
    /// Genes that regulate another gene in the knowledge base, and perturbed genes.
    #[default]
    Known,
    /// Any gene.
    Any,
}

impl Default for RefinementConfig {
    fn default() -> Self {
        Self {
            add_cost: 3.0,
            remove_cost: 2.0,
            flip_cost: 2.0,
            class_balance: 0.75,
            evidence_weight: 0.1,
            max_share: 0.05,
            max_added_share: 0.5,
            cooling: 0.6,
            regulators: RegulatorPool::Known,
            candidates: 4096,
            max_passes: 4,
            evaluations: 4096,
            bootstraps: 200,
            min_stability: 0.7,
            simulations: 20,
            max_q_value: 0.2,
            seed: 42,
        }
    }
}

impl RefinementConfig {
    /// Checks that every setting is in its range.
    ///
    /// # Errors
    /// [`RefinementError::OutOfRange`] names the first that is not.
    pub fn check(&self) -> Result<(), RefinementError> {
        let costs = [
            ("add_cost", self.add_cost),
            ("remove_cost", self.remove_cost),
            ("flip_cost", self.flip_cost),
            ("evidence_weight", self.evidence_weight),
            ("max_share", self.max_share),
            ("max_added_share", self.max_added_share),
        ];
        for (name, value) in costs {
            if !(0.0..=1e6).contains(&value) {
                return Err(RefinementError::OutOfRange { name, value, range: "between 0 and 1000000" });
            }
        }
        let shares = [
            ("min_stability", self.min_stability),
            ("class_balance", self.class_balance),
            ("max_q_value", self.max_q_value),
        ];
        for (name, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(RefinementError::OutOfRange { name, value, range: "between 0 and 1" });
            }
        }
        if !(0.0..0.95).contains(&self.cooling) {
            let (name, value) = ("cooling", self.cooling);
            return Err(RefinementError::OutOfRange { name, value, range: "between 0 and 0.95" });
        }
        for (name, value) in [("candidates", self.candidates), ("max_passes", self.max_passes)] {
            if value == 0 {
                return Err(RefinementError::OutOfRange { name, value: 0.0, range: "at least 1" });
            }
        }
        Ok(())
    }

    /// How many regulations may be added to a network of this many.
    #[must_use]
    pub fn max_added(&self, regulations: usize) -> usize {
        share_of(regulations, self.max_added_share)
    }

    /// How many regulations of a network of this many may be removed or flipped.
    #[must_use]
    pub fn max_retracted(&self, regulations: usize) -> usize {
        share_of(regulations, self.max_share)
    }
}

fn share_of(regulations: usize, share: f64) -> usize {
    (regulations as f64 * share).ceil() as usize
}
