//! What real experiments say of regulations: a response model, effects, and a verdict for each known regulation.
//!
//! Start at [`assess`]. True regulations are often silent when their regulator is perturbed, and genes respond to many
//! things; so nothing here counts mismatches. `screen` makes experiments comparable, `anchor` asks whether they are what
//! their names say, `effects` how probable it is that another experiment repeats a response, `mediation` which effects known
//! walks explain, `prior` what regulations look like in this screen, `verdict` what it says of the known ones. Nothing here
//! reads a file or sees a test perturbation.

mod anchor;
mod audit;
mod config;
mod decision;
mod effects;
mod error;
mod logistic;
mod mediation;
mod prior;
mod screen;
mod verdict;

pub use anchor::{AnchorTest, Anchors};
pub use audit::{AuditTests, AuditedClaim, Claim, ClaimAudit, Untested, audit};
pub use config::{AnchorPolicy, EvidenceConfig};
pub use effects::RepeatSummary;
pub use error::EvidenceError;
pub use verdict::Transmission;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::biology::{
    ExperimentCounts, GeneId, Perturbation, Regulation, ResponseMatrix, ResponseValues, Revision, Sign, Verdict,
};
use crate::network::RegulatoryNetwork;
use crate::progress::Progress;
use mediation::Explained;
use prior::{Pairs, Prior, of_column};
use screen::{Counts, Screen};

/// What the knowledge is held against: experiments that may be learnt from, and nothing else.
#[derive(Clone, Copy)]
pub struct EvidenceData<'a> {
    /// What was done in each row; rows that perturb several genes are left out.
    pub perturbations: &'a [Perturbation],
    /// What was observed.
    pub observed: &'a ResponseMatrix,
    /// Sizes of the changes, for example log2 fold changes, if the data have them.
    pub sizes: Option<&'a ResponseValues>,
    /// What the knowledge as it was given says of each row.
    pub read: &'a ResponseMatrix,
}

/// A known regulation and what the screen says of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The regulation as the knowledge states it.
    pub regulation: Regulation,
    /// In one word.
    pub verdict: Verdict,
    /// Experiments on the regulator in which the target was measured.
    pub experiments: ExperimentCounts,
    /// Log-likelihood ratio of the regulation as stated, against none, in nats.
    pub log_likelihood_ratio: f64,
    /// Posterior probability that it holds as stated, holds with the other sign, or does not hold; 0.9, 0.05 and 0.05
    /// before any experiment.
    pub posterior: [f64; 3],
}

/// A measured pair that the knowledge does not state as a regulation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The pair, with the sign that the experiments speak for.
    pub regulation: Regulation,
    /// How much it looks like a regulation; only the order means something.
    pub score: f64,
    /// Probability that another experiment repeats the response; `None` where no experiment moved the gene.
    pub effect: Option<f64>,
    /// Probability that another experiment repeats the response, and that it is by a regulation that the knowledge lacks;
    /// `None` where it is mediated, did not move, or nothing could be learnt from the knowledge.
    pub probability: Option<f64>,
    /// The gene by way of which known regulations explain the effect.
    pub mediator: Option<GeneId>,
    /// Experiments on the regulator in which the target was measured.
    pub experiments: ExperimentCounts,
    /// Log-likelihood ratio of the regulation against none, in nats.
    pub log_likelihood_ratio: f64,
}

/// What was fitted, for the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResponseModel {
    /// Experiments on single genes that were used.
    pub experiments: u64,
    /// Experiments left out since they perturb several genes at once.
    pub combinations: u64,
    /// Experiments left out since their own gene was measured and did not move as declared.
    pub off_target: u64,
    /// Share of down, unchanged and up calls, perturbed genes left out.
    pub base_rates: [f64; 3],
    /// Whether the experiments are what their names say.
    pub anchors: Anchors,
    /// True if the anchors hold, or were not asked for; else nothing is applied.
    pub is_anchored: bool,
    /// How known regulations show.
    pub transmission: Transmission,
    /// Where the probabilities of repetition come from.
    pub repeats: RepeatSummary,
    /// Estimated share of the regulations of the tested regulators that the knowledge states, `None` without a prior.
    pub completeness: Option<f64>,
    /// What makes a pair look like a regulation: name, and change of the log-odds with one standard deviation.
    pub prior: Vec<(String, f64)>,
    /// Statements left unproposed since there were too many.
    pub unproposed: u64,
}

/// All that a screen says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assessment {
    /// What was fitted.
    pub model: ResponseModel,
    /// Every known regulation, in the order of the network.
    pub judged: Vec<Judged>,
    /// Every measured pair that the knowledge does not state, by regulator and target.
    pub candidates: Vec<Candidate>,
    /// Rows of the data that were used.
    rows: Vec<usize>,
}

impl Assessment {
    /// Applied and proposed revisions, most probable first, and the number of those left unproposed: effects and regulations
    /// at the expected precision, flips, and removals.
    #[must_use]
    pub fn revisions(
        &self,
        network: &RegulatoryNetwork,
        data: &EvidenceData<'_>,
        config: &EvidenceConfig,
        limits: &Limits<'_>,
    ) -> (Vec<Revision>, u64) {
        decision::decide(self, network, data, config, limits)
    }
}

/// What may be revised.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// Regulations that may be added at most.
    pub added: usize,
    /// Regulations that may be removed or flipped at most.
    pub retracted: usize,
    /// Regulations that are never touched.
    pub is_locked: &'a (dyn Fn(Regulation) -> bool + Sync),
}

/// Holds the knowledge against the experiments.
///
/// # Errors
/// [`EvidenceError`] if a setting is out of range, shapes do not fit, or `progress` is cancelled.
///
/// # Complexity
/// `O(regulators² · genes)` time and `O(experiments · genes)` memory; experiments on several genes at once are not used.
pub fn assess(
    network: &RegulatoryNetwork,
    data: &EvidenceData<'_>,
    config: &EvidenceConfig,
    progress: &dyn Progress,
) -> Result<Assessment, EvidenceError> {
    config.check()?;
    check_shapes(network, data)?;
    progress.begin("weigh the evidence", 4);
    let all = Screen::new(data, |_| false);
    let anchors = Anchors::test(network, &all, config.permutations, config.seed);
    stop_if_asked(progress)?;
    let (screen, off_target) = on_target(data, all, &anchors);
    let screen = screen.with_loudness(network);
    let transmission = Transmission::estimate(network, &screen);
    let repeats = effects::Repeats::learn(&screen, config.call_precision);
    stop_if_asked(progress)?;
    let explained: Vec<_> = (0..screen.regulators.len())
        .into_par_iter()
        .map(|regulator| Explained::by_known_walks(network, &screen, regulator))
        .collect();
    let pairs = Pairs::new(network, &screen);
    let prior = if config.prior { Prior::learn(&pairs, &explained, config.seed) } else { None };
    stop_if_asked(progress)?;
    let scorer = Scorer { screen: &screen, pairs: &pairs, explained: &explained, prior: prior.as_ref() };
    let mut scored: Vec<Vec<Scored>> =
        (0..screen.regulators.len()).into_par_iter().map(|place| scorer.score(place)).collect();
    let completeness = prior.as_ref().map(|_| completeness(&scored, config));
    let candidates = scored.iter_mut().enumerate().flat_map(|(place, row)| {
        let row = std::mem::take(row);
        row.into_iter().filter(|pair| !pair.is_known).map(move |pair| (place, pair))
    });
    let candidate =
        |(place, pair): (usize, Scored)| candidate(&screen, place, pair, &repeats, &transmission, completeness);
    let mut candidates: Vec<_> = candidates.collect::<Vec<_>>().into_par_iter().map(candidate).collect();
    candidates.sort_by_key(|candidate| candidate.regulation);
    stop_if_asked(progress)?;
    let weights = prior.map_or_else(Vec::new, |prior| prior.weights());
    Ok(Assessment {
        model: ResponseModel {
            experiments: screen.experiments.len() as u64,
            combinations: data.perturbations.iter().filter(|perturbation| perturbation.changes().len() > 1).count()
                as u64,
            off_target,
            base_rates: screen.overall(),
            anchors,
            is_anchored: anchors.hold() || config.anchors == AnchorPolicy::Assumed,
            transmission,
            repeats: repeats.summary.clone(),
            completeness,
            prior: prior::FEATURES.iter().map(|name| (*name).to_owned()).zip(weights).collect(),
            unproposed: 0,
        },
        judged: judge_known(network, &screen, &transmission, config),
        candidates,
        rows: screen.experiments.iter().map(|experiment| experiment.row).collect(),
    })
}

fn stop_if_asked(progress: &dyn Progress) -> Result<(), EvidenceError> {
    progress.advance(1);
    if progress.is_cancelled() { Err(EvidenceError::Cancelled) } else { Ok(()) }
}

fn check_shapes(network: &RegulatoryNetwork, data: &EvidenceData<'_>) -> Result<(), EvidenceError> {
    let rows = data.perturbations.len();
    let fits = data.observed.n_genes() == network.n_genes() || rows == 0;
    let sized =
        data.sizes.is_none_or(|sizes| (sizes.n_perturbations(), sizes.n_genes()) == (rows, data.observed.n_genes()));
    if fits && sized && data.observed.n_perturbations() == rows {
        return Ok(());
    }
    Err(EvidenceError::ShapeMismatch {
        genes: network.n_genes(),
        perturbations: rows,
        responses: (data.observed.n_perturbations(), data.observed.n_genes()),
    })
}

/// The screen without the experiments whose own gene did not move as declared, where own genes usually do.
fn on_target(data: &EvidenceData<'_>, all: Screen, anchors: &Anchors) -> (Screen, u64) {
    if !anchors.judge_by_own_genes() {
        return (all, 0);
    }
    let failed: std::collections::BTreeSet<_> = (0..all.experiments.len())
        .filter(|&experiment| anchor::own_gene_moved(&all, experiment) == Some(false))
        .map(|experiment| all.experiments[experiment].row)
        .collect();
    if failed.is_empty() {
        return (all, 0);
    }
    (Screen::new(data, |row| failed.contains(&row)), failed.len() as u64)
}

/// A measured pair as the prior sees it.
#[derive(Clone, Copy)]
struct Scored {
    column: usize,
    is_known: bool,
    /// Probability that it is among the known regulations, by a model that never saw its regulator.
    known_like: Option<f64>,
    score: f64,
    /// Moved, in one direction, more than through any other perturbed gene, and not explained by a known walk.
    is_direct: bool,
    mediator: Option<GeneId>,
    sign: Sign,
}

struct Scorer<'a> {
    screen: &'a Screen,
    pairs: &'a Pairs<'a>,
    explained: &'a [Explained],
    prior: Option<&'a Prior>,
}

impl Scorer<'_> {
    fn score(&self, place: usize) -> Vec<Scored> {
        let features = self.pairs.features(place, &self.explained[place]);
        let values = self.screen.standardised(place);
        let measured = (0..values.len()).filter(|&column| !values[column].is_nan());
        measured.map(|column| self.pair(place, column, of_column(&features, column), values[column])).collect()
    }

    fn pair(&self, place: usize, column: usize, features: &[f32], value: f32) -> Scored {
        let counts = self.screen.counts(place, column);
        let sign = match (counts.positive, counts.negative) {
            (positive, negative) if positive > negative => Sign::Activation,
            (positive, negative) if positive < negative => Sign::Inhibition,
            _ if value > 0.0 => Sign::Activation,
            _ => Sign::Inhibition,
        };
        let mediator = self.explained[place].mediator(column, sign);
        let beyond = f64::from(features[2]);
        let known_like = self.prior.and_then(|prior| prior.probability(place, features));
        Scored {
            column,
            is_known: self.pairs.is_known(place, column),
            known_like,
            score: known_like.unwrap_or(beyond),
            is_direct: counts.of(sign) > 0 && counts.of(sign.opposite()) == 0 && beyond > 0.0 && mediator.is_none(),
            mediator,
            sign,
        }
    }
}

/// Share of the regulations of tested regulators that the knowledge states: of the pairs that look most like regulations,
/// the share that is known and one standard error more, but at least what the configuration assumes.
///
/// ```text
/// c = k/n + √(k/n · (1 − k/n) / n),   n = 40
/// ```
/// Where everything is known, what looks just like a regulation and is unknown is most likely none. The error is added since a
/// larger share makes every unknown pair less probable.
fn completeness(scored: &[Vec<Scored>], config: &EvidenceConfig) -> f64 {
    const TOP: usize = 40;
    let direct = scored.iter().flatten().filter(|pair| pair.is_direct);
    let mut best: Vec<_> = direct.map(|pair| (pair.known_like.unwrap_or(0.0), pair.is_known)).collect();
    best.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    best.truncate(TOP);
    let known = best.iter().filter(|(_, is_known)| *is_known).count();
    let pairs = best.len().max(1) as f64;
    let share = known as f64 / pairs;
    (share + (share * (1.0 - share) / pairs).sqrt()).clamp(config.least_completeness, 1.0)
}

/// Probability that a pair is a regulation, given that it looks so and is not among the known ones.
///
/// ```text
/// P(regulation | unknown, x) = g(x)·(1/c − 1) / (1 − g(x))
/// ```
/// where `g` is the probability of being known and `c` the share of regulations that are known (Elkan & Noto 2008).
fn unknown_probability(known_like: f64, completeness: f64) -> f64 {
    (known_like * (1.0 / completeness - 1.0) / (1.0 - known_like).max(1e-9)).clamp(0.0, 1.0)
}

fn candidate(
    screen: &Screen,
    place: usize,
    pair: Scored,
    repeats: &effects::Repeats,
    transmission: &Transmission,
    completeness: Option<f64>,
) -> Candidate {
    let effect = repeats.posterior(screen, place, pair.column);
    let sign = effect.map_or(pair.sign, |(sign, _)| sign);
    let regulation = Regulation::new(screen.regulators[place].gene, screen.genes[pair.column], sign);
    // There is no regulation behind an effect that no other experiment would show.
    let probability = || Some(unknown_probability(pair.known_like?, completeness?) * effect?.1);
    Candidate {
        regulation,
        score: pair.score,
        effect: effect.map(|(_, probability)| probability),
        probability: if pair.is_direct { probability() } else { None },
        mediator: pair.mediator,
        experiments: counted(screen.counts(place, pair.column), sign),
        log_likelihood_ratio: verdict::hear(screen, place, regulation, transmission).log_ratio,
    }
}

fn counted(counts: Counts, sign: Sign) -> ExperimentCounts {
    ExperimentCounts { agreeing: counts.of(sign), opposing: counts.of(sign.opposite()), silent: counts.silent }
}

fn judge_known(
    network: &RegulatoryNetwork,
    screen: &Screen,
    transmission: &Transmission,
    config: &EvidenceConfig,
) -> Vec<Judged> {
    let mut places = std::collections::HashMap::new();
    for (place, regulator) in screen.regulators.iter().enumerate() {
        places.insert(regulator.gene, place);
    }
    let judge = |&regulation: &Regulation| {
        let itself = regulation.regulator == regulation.target;
        let Some(&place) = places.get(&regulation.regulator).filter(|_| !itself) else {
            return untested(regulation);
        };
        let hearing = verdict::hear(screen, place, regulation, transmission);
        let experiments = counted(hearing.counts, regulation.sign);
        let both = network.contains(regulation.flipped());
        Judged {
            regulation,
            verdict: verdict_of(experiments, hearing.posterior, both, config),
            experiments,
            log_likelihood_ratio: hearing.log_ratio,
            posterior: hearing.posterior,
        }
    };
    network.regulations().par_iter().map(judge).collect()
}

fn untested(regulation: Regulation) -> Judged {
    Judged {
        regulation,
        verdict: Verdict::Untestable,
        experiments: ExperimentCounts::default(),
        log_likelihood_ratio: 0.0,
        posterior: [0.9, 0.05, 0.05],
    }
}

fn verdict_of(
    experiments: ExperimentCounts,
    posterior: [f64; 3],
    both_signs: bool,
    config: &EvidenceConfig,
) -> Verdict {
    let ExperimentCounts { agreeing, opposing, silent } = experiments;
    match (agreeing, opposing) {
        (0, 0) if silent == 0 => Verdict::Untestable,
        (0, 0) => Verdict::Silent,
        (_, 0) => Verdict::Supported,
        (0, 2..) if !both_signs && posterior[1] >= config.expected_precision => Verdict::Contradicted,
        _ => Verdict::Contested,
    }
}

impl ResponseModel {
    /// What was fitted, in sentences.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut told = vec![format!(
            "Evidence: {} experiments on single genes are used; {} on several genes at once are not, and {} in which the \
             perturbed gene itself was measured and did not move as declared are left out.",
            self.experiments, self.combinations, self.off_target
        )];
        let Anchors { own_genes, known_regulations, related_genes } = self.anchors;
        let tested = [
            (own_genes, "perturbed genes move as declared in their own experiments", "share"),
            (known_regulations, "responses of known targets of perturbed genes", "mean log-likelihood ratio"),
            (related_genes, "pairs of perturbed genes with a known regulation between them", "mean likeness"),
        ];
        for (test, what, unit) in tested {
            if test.tested > 0 {
                told.push(format!(
                    "Names of the experiments: {} {what}; {unit} {:.3}, by chance {:.3}, p = {:.2e}.",
                    test.tested, test.statistic, test.by_chance, test.p_value
                ));
            }
        }
        if !self.is_anchored {
            told.push(
                "Nothing in these data shows that the experiments are what their names say: neither perturbed genes, nor \
                 known targets, nor related genes respond beyond chance. So nothing is applied; what would be is proposed."
                    .to_owned(),
            );
        }
        let Transmission { entries, moved, by_base_rate, transmission, sign_reliability } = self.transmission;
        if entries > 0 {
            told.push(format!(
                "Known targets moved in {:.1} % of {entries} measured responses to their regulators, {:.1} % would have by \
                 their base rates; transmission {transmission:.2}, sign right with probability {sign_reliability:.2}.",
                100.0 * moved,
                100.0 * by_base_rate
            ));
        }
        told.push(match &self.repeats {
            RepeatSummary::Assumed => "Too few regulators were perturbed in several experiments to learn how often another \
                 experiment repeats a response; the share is assumed (setting call_precision)."
                .to_owned(),
            RepeatSummary::Replicates { regulators, .. } => format!(
                "How often another experiment repeats a response is learnt from {regulators} regulators that were perturbed \
                 in several."
            ),
        });
        if let Some(completeness) = self.completeness {
            told.push(format!(
                "What a regulation looks like is learnt from the known ones; of the pairs that look most like one, or as the \
                 least share assumed, {:.0} % are taken to be known already.",
                100.0 * completeness
            ));
        }
        if self.unproposed > 0 {
            told.push(format!("{} less probable statements are not listed among the proposals.", self.unproposed));
        }
        told
    }
}

#[cfg(test)]
mod tests;
