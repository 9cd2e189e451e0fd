//! The methods that are compared: each is given the damaged network and the observations, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::repair::{Method, Repaired};
use super::{RecoveryError, RecoveryScores, Trial, TrialConfig};
use crate::biology::{Direction, GeneId, Regulation, Response, ResponseMatrix, Revision, RevisionStatus, Sign};
use crate::network::RegulatoryNetwork;
use crate::progress::Progress;
use crate::refinement::published::{
    DescentConfig, PublishedConfig, PublishedObjective, PublishedProblem, RelaxedNetwork,
};
use crate::refinement::{RefinementConfig, refine};
use crate::symbolic::{Closure, Simulator};

/// How the methods are run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodConfig {
    /// The refinement; its costs also price the revisions of all others.
    pub refinement: RefinementConfig,
    /// Steps of the published descent, ≥ 1; default 300.
    pub published_epochs: usize,
    /// Genes up to which the published objective is run; default 500. Its matrices are genes × genes.
    pub published_genes: usize,
}

impl MethodConfig {
    /// The default for a refinement run so.
    #[must_use]
    pub fn of(refinement: RefinementConfig) -> Self {
        Self { refinement, published_epochs: DescentConfig::default().epochs, published_genes: 500 }
    }

    /// The same with another seed of the refinement.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.refinement.seed = seed;
        self
    }
}

/// A method's figures, or why there are none.
#[derive(Clone, Debug, PartialEq)]
pub enum MethodOutcome {
    /// It was run.
    Scored(Box<RecoveryScores>),
    /// It was not, for this reason.
    NotRun(String),
}

impl Trial<'_> {
    /// Runs one method and scores it.
    ///
    /// # Errors
    /// [`RecoveryError`] if a setting of the method is out of range. When `progress` is cancelled, the best network so far
    /// is scored.
    pub fn run(
        &self,
        method: Method,
        config: &MethodConfig,
        progress: &dyn Progress,
    ) -> Result<MethodOutcome, RecoveryError> {
        let n = self.damaged.n_genes();
        if method == Method::Published && n > config.published_genes {
            return Ok(MethodOutcome::NotRun(format!("not run: dense matrices of {n} × {n}")));
        }
        let began = Instant::now();
        let repaired = self.fix(method, config, progress)?;
        let seconds = began.elapsed().as_secs_f64();
        Ok(MethodOutcome::Scored(Box::new(self.score(method, &repaired, &config.refinement, seconds)?)))
    }

    /// Runs one method.
    ///
    /// # Errors
    /// [`RecoveryError`] if a setting of the method is out of range.
    pub fn fix(
        &self,
        method: Method,
        config: &MethodConfig,
        progress: &dyn Progress,
    ) -> Result<Repaired, RecoveryError> {
        match method {
            Method::DoNothing => Ok(Repaired::plain(self.damaged.clone())),
            Method::PruneContradicted => Ok(Repaired::plain(self.pruned())),
            Method::Greedy => self.refined(&greedy(&config.refinement), progress),
            Method::Published => self.published(config, progress),
            Method::Aligned => self.refined(&config.refinement, progress),
        }
    }

    /// The damaged network without the regulations that the experiment on their own regulator contradicts.
    fn pruned(&self) -> RegulatoryNetwork {
        let said = Closure::new(&self.damaged, self.config.depth, self.config.reading).simulate(&self.perturbations);
        let mut alone = BTreeMap::<GeneId, Vec<(usize, Direction)>>::new();
        for (row, perturbation) in self.perturbations.iter().enumerate() {
            if let &[(gene, direction)] = perturbation.changes() {
                alone.entry(gene).or_default().push((row, direction));
            }
        }
        let contradicted = |edge: &Regulation| {
            let mut rows = alone.get(&edge.regulator).into_iter().flatten();
            edge.regulator != edge.target && rows.any(|&row| self.contradicts(edge, row, &said))
        };
        let kept = self.damaged.regulations().iter().copied().filter(|edge| !contradicted(edge));
        RegulatoryNetwork::new(self.damaged.n_genes(), kept).with_effects(self.damaged.effects().iter().copied())
    }

    fn contradicts(&self, edge: &Regulation, (row, direction): (usize, Direction), said: &ResponseMatrix) -> bool {
        let moves = |response: Option<Response>| response.map_or(0, Response::value);
        let Some(seen) = self.observed.get(row, edge.target) else { return false };
        let alone = direction.value() * edge.sign.value();
        seen.value() == -alone || (seen.value() == 0 && moves(said.get(row, edge.target)) != 0)
    }

    fn refined(&self, config: &RefinementConfig, progress: &dyn Progress) -> Result<Repaired, RecoveryError> {
        let TrialConfig { depth, reading, .. } = self.config;
        let refinement = refine(&self.damaged, &self.data(), depth, reading, config, progress)?;
        let confidences = confidences(&refinement.network, &refinement.revisions);
        let certificate = Some(refinement.certificate);
        Ok(Repaired { network: refinement.network, confidences, revisions: refinement.revisions, certificate })
    }

    fn published(&self, config: &MethodConfig, progress: &dyn Progress) -> Result<Repaired, RecoveryError> {
        let problem = PublishedProblem::of(&self.damaged, &self.perturbations, &self.observed)?;
        let settings = PublishedConfig { k: self.config.depth, cumulative: true, ..PublishedConfig::default() };
        let objective = PublishedObjective::new(problem, settings)?;
        let descent = DescentConfig { epochs: config.published_epochs, ..DescentConfig::default() };
        let relaxed = objective.minimise(&descent, progress)?.network;
        let network = relaxed.rounded(settings.t0);
        let between = network.regulations().iter().copied().filter(|edge| edge.regulator != edge.target);
        let own = self.damaged.regulations().iter().copied().filter(|edge| edge.regulator == edge.target);
        // Self-regulation says nothing here: no walk takes it, and no score counts it.
        let network = RegulatoryNetwork::new(network.n_genes(), between.chain(own))
            .with_effects(self.damaged.effects().iter().copied());
        Ok(Repaired { network, confidences: strengths(&relaxed), revisions: Vec::new(), certificate: None })
    }
}

/// The refinement cut down to one pass of proposing and accepting: what is accepted is never tried to be undone.
fn greedy(config: &RefinementConfig) -> RefinementConfig {
    RefinementConfig { cooling: 0.0, max_passes: 1, evaluations: 0, bootstraps: 0, simulations: 0, ..*config }
}

/// 1 for each regulation of the refined network, less half the stability of a proposal to retract it; half the
/// stability of its proposal for one that is only proposed.
fn confidences(network: &RegulatoryNetwork, revisions: &[Revision]) -> Vec<(Regulation, f64)> {
    let mut sure: BTreeMap<_, _> = network.regulations().iter().map(|&edge| (edge, 1.0)).collect();
    for revision in revisions.iter().filter(|revision| revision.status == RevisionStatus::Proposed) {
        let half = 0.5 * revision.evidence.stability.unwrap_or(0.0);
        if let Some(confidence) = revision.retracted().and_then(|edge| sure.get_mut(&edge)) {
            *confidence -= half;
        }
        if let Some(gained) = revision.gained() {
            sure.entry(gained).or_insert(half);
        }
    }
    sure.into_iter().collect()
}

/// Every relaxed edge of positive strength, with its strength.
fn strengths(relaxed: &RelaxedNetwork) -> Vec<(Regulation, f64)> {
    let of_sign = |(sign, matrix): (Sign, &crate::refinement::published::Matrix)| {
        let n = matrix.shape().1.max(1);
        let edge = move |index: usize| Regulation::new(GeneId::new(index / n), GeneId::new(index % n), sign);
        let positive = matrix.values().iter().enumerate().filter(|&(_, &strength)| strength > 0.0);
        positive.map(|(index, &strength)| (edge(index), strength)).collect::<Vec<_>>()
    };
    let both = [(Sign::Activation, &relaxed.activation), (Sign::Inhibition, &relaxed.inhibition)];
    both.into_iter().flat_map(of_sign).collect()
}

/// Distinct methods in the order of a table.
#[must_use]
pub fn in_table_order(methods: &[Method]) -> Vec<Method> {
    methods.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
}
