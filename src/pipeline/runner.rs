//! The loop itself: fit, align, refit, refine, score, and again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::controls::control_networks;
use super::outcome::WeighedEvidence;
use super::outcome::{Iteration, Outcome, StopReason};
use super::scoring::{HeldOut, KnowledgeBases};
use super::weighing::{Weighing, weigh};
use super::{Checkpoint, Config, FinishedRound, Objective, PipelineError, Weighting};
use crate::adaptor::{Alignment, KnowledgeReliability, align};
use crate::biology::{Direction, GeneId, GeneTable, Perturbation, Response, ResponseMatrix};
use crate::datasets::{Dataset, Split};
use crate::evidence::{Assessment, ResponseModel};
use crate::network::RegulatoryNetwork;
use crate::prediction::{
    External, FitRecord, Prediction, PredictionError, Predictor, PredictorConfig, TrainingData, baselines, build,
};
use crate::progress::{Progress, Quiet};
use crate::refinement::{Course, Refinement, RefinementData, RevisionCosts, SearchState, draft_on, judge};
use crate::symbolic::{Closure, Simulator};

/// What a run is given. All matrices and networks share one gene table.
#[derive(Clone, Copy, Debug)]
pub struct Materials<'a> {
    /// The network of the knowledge base.
    pub network: &'a RegulatoryNetwork,
    /// Records cited for the regulations of each gene as a target.
    pub evidence: &'a [u32],
    /// How hard known regulations are to revise; `None` if all yield alike.
    pub revision_costs: Option<&'a RevisionCosts>,
    /// A knowledge base that nothing is fitted to, for scores alone.
    pub held_out: Option<&'a RegulatoryNetwork>,
    /// Predictions made elsewhere, which take the place of the neural predictor.
    pub external: Option<&'a External>,
    /// The experiments.
    pub dataset: &'a Dataset,
    /// Which of them may be learnt from; made before anything else was computed.
    pub split: &'a Split,
    /// Notation of each experiment, for example `fur- (dpd)`.
    pub row_labels: &'a [String],
    /// The genes of all matrices and networks, for the notation of further perturbations.
    pub genes: &'a GeneTable,
}

/// Runs the loop to its end.
///
/// Nothing that is fitted, weighted or selected sees a test row: predictor, weights of the adaptor and refinement take
/// the training and validation rows, and no unlabelled perturbation moves a gene that a test row moves.
///
/// # Errors
/// [`PipelineError`] if a setting is out of range, nothing is left to learn from, or an engine fails. Once a first round
/// is done, a stop returns the best network so far instead; a time limit that ends before that returns the network as
/// it was given, with no iteration.
pub fn run(materials: &Materials<'_>, config: &Config, progress: &dyn Progress) -> Result<Outcome, PipelineError> {
    run_from(materials, config, &Checkpoint::default(), &mut |_| (), progress)
}

/// As [`run`], but the refinements of the first rounds are taken from `from`, and `keep` is told what is done after each
/// finished pass of a search and after each finished round.
///
/// If `from` comes from a run with the same materials and settings, the outcome is the same as if that run had not been
/// stopped, but for the seconds spent.
///
/// # Errors
/// As [`run`].
pub fn run_from(
    materials: &Materials<'_>,
    config: &Config,
    from: &Checkpoint,
    keep: &mut dyn FnMut(&Checkpoint),
    progress: &dyn Progress,
) -> Result<Outcome, PipelineError> {
    config.check()?;
    Runner::start(materials, config, progress)?.run(from, keep)
}

struct Runner<'a> {
    materials: &'a Materials<'a>,
    config: &'a Config,
    progress: Deadline<'a>,
    /// Which rows of the data are labelled: training and validation, in order.
    rows: Vec<usize>,
    labelled: Dataset,
    /// Whether a labelled row measured the gene.
    is_measured: Vec<bool>,
    validation: Vec<usize>,
    unlabelled: Vec<Perturbation>,
    held_by_knowledge: Vec<bool>,
    reliability: KnowledgeReliability,
    /// What the evidence decided, before any round; `None` where the search decides.
    weighed: Option<(Refinement, WeighedEvidence)>,
    timings: Vec<(String, f64)>,
}

/// A predictor, and how its fit went.
struct Fitted {
    predictor: Box<dyn Predictor>,
    record: FitRecord,
}

/// One finished round.
struct Round {
    /// None where there was nothing but the observed rows to learn from, as before.
    refitted: Option<Fitted>,
    aligned: Aligned,
    refinement: Refinement,
    iteration: Iteration,
}

impl<'a> Runner<'a> {
    fn start(
        materials: &'a Materials<'a>,
        config: &'a Config,
        progress: &'a dyn Progress,
    ) -> Result<Self, PipelineError> {
        let Materials { network, dataset, split, .. } = materials;
        let rows = split.learnt_from();
        if split.train.is_empty() {
            return Err(PipelineError::NothingToLearn { rows: dataset.perturbations.len() });
        }
        let labelled = dataset.select(&rows);
        let place = |row: &usize| rows.binary_search(row).ok();
        let validation = split.validation.iter().filter_map(place).collect();
        let measured_genes = labelled.measured_genes();
        let affordable = affordable(config, &labelled.observed, measured_genes.len());
        let symbolic = Closure::new(network, config.depth, config.reading).simulate(&labelled.perturbations);
        let Dataset { perturbations, observed, .. } = &labelled;
        let reliability =
            KnowledgeReliability::learn(perturbations, observed, &symbolic, &in_degrees(network), materials.evidence)?;
        Ok(Self {
            unlabelled: match materials.external {
                Some(external) => predicted_elsewhere(external, dataset, split, affordable),
                None => unlabelled(network, dataset, split, affordable),
            },
            held_by_knowledge: held_by(network),
            progress: Deadline { inner: progress, end: config.time_limit().map(|limit| Instant::now() + limit) },
            timings: Vec::new(),
            materials,
            config,
            rows,
            labelled,
            is_measured: flags(&measured_genes, network.n_genes()),
            validation,
            reliability,
            weighed: None,
        })
    }

    fn run(mut self, from: &Checkpoint, keep: &mut dyn FnMut(&Checkpoint)) -> Result<Outcome, PipelineError> {
        let mut kept = from.clone();
        let (others, mut fitted) = match self.fit_everybody() {
            Err(PipelineError::Cancelled) if self.progress.stop_reason() == Some(StopReason::TimeLimit) => {
                return self.unrevised();
            }
            fitted => fitted?,
        };
        let first = fitted.record.clone();
        let neural_alone = fitted.predictor.predict(&self.held_out_perturbations())?.responses();
        let mut network = self.materials.network.clone();
        let mut last: Option<(Refinement, Aligned)> = None;
        let mut iterations = Vec::new();
        let mut stop_reason = StopReason::RoundLimit;
        for round in 1..=self.config.rounds {
            let keep_running = &mut |state: &SearchState| {
                kept.running = Some(state.clone());
                keep(&kept);
            };
            match self.round(round, &network, &fitted, from, keep_running) {
                Ok(mut done) => {
                    done.iteration.first_fit = (round == 1).then(|| first.clone());
                    iterations.push(done.iteration);
                    fitted = done.refitted.unwrap_or(fitted);
                    let unchanged = done.refinement.network == network;
                    network.clone_from(&done.refinement.network);
                    let stopped = self.progress.stop_reason();
                    // A round that was told to stop has not done all it would have.
                    if stopped.is_none() && kept.rounds.len() < round {
                        kept.rounds.push(FinishedRound::of(&done.refinement));
                        kept.running = None;
                        keep(&kept);
                    }
                    last = Some((done.refinement, done.aligned));
                    if let Some(reason) = stopped {
                        stop_reason = reason;
                        break;
                    }
                    if unchanged {
                        stop_reason = StopReason::NoRevision;
                        break;
                    }
                }
                Err(error) => match (self.progress.stop_reason(), &last) {
                    (Some(reason), Some(_)) => {
                        stop_reason = reason;
                        break;
                    }
                    (Some(StopReason::TimeLimit), None) => return self.unrevised(),
                    (Some(_), None) => return Err(PipelineError::Cancelled),
                    (None, _) => return Err(error),
                },
            }
        }
        let (drafted, aligned) = last.ok_or(PipelineError::Cancelled)?;
        let refinement = self.timed("judge", |runner| runner.judge(drafted, &aligned))?;
        // Told to stop while judging: the q-values are not what they would have been.
        stop_reason = self.progress.stop_reason().unwrap_or(stop_reason);
        if let Some(iteration) = iterations.last_mut() {
            iteration.revisions = refinement.revisions.len();
            iteration.disagreements = refinement.disagreements;
        }
        self.outcome(refinement, fitted.predictor.as_ref(), neural_alone, others, iterations, stop_reason)
    }

    /// What needs no round: the verdict of the evidence, the baselines and the predictor.
    fn fit_everybody(&mut self) -> Result<(Vec<(String, ResponseMatrix)>, Fitted), PipelineError> {
        if self.config.objective == Objective::Evidence {
            self.weighed = Some(self.timed("evidence", |runner| runner.weigh())?);
        }
        Ok((self.fit_baselines()?, self.fit_labelled()?))
    }

    /// Where the time was over before the first search: the network as it was given, and what it says by itself.
    fn unrevised(self) -> Result<Outcome, PipelineError> {
        let Materials { network, dataset, held_out, .. } = *self.materials;
        let said = Closure::new(network, self.config.depth, self.config.reading);
        let test = self.held_out_perturbations();
        let held_out_rows = HeldOut {
            observed: dataset.observed.select(&self.materials.split.test),
            aligned: said.simulate(&test),
            perturbations: test,
            others: Vec::new(),
            controls: Vec::new(),
        };
        let scores =
            held_out_rows.scores(&KnowledgeBases { original: network, refined: network, held_out }, self.config)?;
        let ambiguous = said.simulate(&dataset.perturbations).count(Response::Ambiguous) as u64;
        Ok(Outcome {
            ambiguous: (ambiguous, ambiguous),
            row_labels: self.row_labels(),
            original: network.clone(),
            refined: network.clone(),
            revisions: Vec::new(),
            held_out: held_out_rows,
            iterations: Vec::new(),
            stop_reason: StopReason::TimeLimit,
            scores,
            evidence: None,
            power_check: None,
            timings: self.timings,
        })
    }

    fn round(
        &mut self,
        round: usize,
        network: &RegulatoryNetwork,
        former: &Fitted,
        from: &Checkpoint,
        keep: &mut dyn FnMut(&SearchState),
    ) -> Result<Round, PipelineError> {
        let began = Instant::now();
        tracing::info!(round, of = self.config.rounds, "align, refit, refine");
        let aligned =
            self.timed("align", |runner| runner.align(network, former.predictor.as_ref(), &runner.unlabelled))?;
        let refitted = self.timed("refit", |runner| runner.refit(&aligned))?;
        let refinement = self.timed("refine", |runner| match from.rounds.get(round - 1) {
            Some(finished) => Ok(finished.restored(runner.materials.network)),
            None => {
                let from = from.running.as_ref().filter(|_| from.rounds.len() + 1 == round);
                runner.draft(&aligned, Course { from, keep })
            }
        })?;
        let iteration = Iteration {
            round,
            first_fit: None,
            fit: refitted.as_ref().unwrap_or(former).record.clone(),
            symbolic_share: aligned.alignment.symbolic_share,
            revisions: refinement.revisions.len(),
            disagreements: refinement.disagreements,
            certificate: refinement.certificate,
            seconds: began.elapsed().as_secs_f64(),
        };
        Ok(Round { refitted, aligned, refinement, iteration })
    }

    fn timed<T>(
        &mut self,
        phase: &str,
        work: impl FnOnce(&Self) -> Result<T, PipelineError>,
    ) -> Result<T, PipelineError> {
        let began = Instant::now();
        let result = work(self);
        self.timings.push((phase.to_owned(), began.elapsed().as_secs_f64()));
        result
    }

    fn new_predictor(&self) -> Box<dyn Predictor> {
        if let Some(external) = self.materials.external {
            return Box::new(external.clone());
        }
        let neural = self.config.neural;
        let config = PredictorConfig { neural, ..PredictorConfig::default() };
        build(self.config.predictor, &config, self.materials.network, neural.seed)
    }

    fn fit_labelled(&mut self) -> Result<Fitted, PipelineError> {
        self.timed("fit", |runner| {
            let row_weights = vec![1.0; runner.labelled.len()];
            runner.fit(&runner.labelled_data(&row_weights))
        })
    }

    fn fit(&self, data: &TrainingData<'_>) -> Result<Fitted, PipelineError> {
        let mut predictor = self.new_predictor();
        let record = predictor.fit(data, &self.progress).map_err(|error| self.cancelled_or(error))?;
        Ok(Fitted { predictor, record })
    }

    fn labelled_data<'b>(&'b self, row_weights: &'b [f32]) -> TrainingData<'b> {
        TrainingData {
            perturbations: &self.labelled.perturbations,
            responses: &self.labelled.observed,
            row_weights,
            validation: &self.validation,
        }
    }

    /// Learns from the observed rows and, with weight `ρ`, from the aligned responses of the unlabelled ones, if there are any.
    fn refit(&self, aligned: &Aligned) -> Result<Option<Fitted>, PipelineError> {
        if self.unlabelled.is_empty() {
            return Ok(None);
        }
        let labelled = self.labelled.perturbations.len();
        let perturbations = [self.labelled.perturbations.as_slice(), &self.unlabelled].concat();
        let entries = [self.labelled.observed.entries(), aligned.alignment.aligned.entries()].concat();
        let responses = ResponseMatrix::from_entries(perturbations.len(), self.labelled.observed.n_genes(), entries);
        let row_weights: Vec<_> =
            (0..perturbations.len()).map(|row| if row < labelled { 1.0 } else { self.config.rho as f32 }).collect();
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &row_weights,
            validation: &self.validation,
        };
        self.fit(&data).map(Some)
    }

    fn align(
        &self,
        network: &RegulatoryNetwork,
        predictor: &dyn Predictor,
        perturbations: &[Perturbation],
    ) -> Result<Aligned, PipelineError> {
        let prediction = predictor.predict(perturbations)?;
        let neural = prediction.responses();
        let symbolic = Closure::new(network, self.config.depth, self.config.reading).simulate(perturbations);
        let mut weights = self.reliability.weights(prediction.entries(), &neural, &symbolic)?;
        if self.config.weighting == Weighting::Shuffled {
            weights.shuffle(&mut ChaCha8Rng::seed_from_u64(self.config.seed));
        }
        let alignment = align(&neural, &symbolic, &weights, &self.held_by_knowledge, &self.config.adaptor)?;
        Ok(Aligned { prediction, symbolic, alignment })
    }

    /// What the experiments on each regulator say, predictions left aside: the same whatever the predictor and its seed.
    fn weigh(&self) -> Result<(Refinement, WeighedEvidence), PipelineError> {
        let Materials { network, revision_costs, .. } = *self.materials;
        let Weighing { refinement, assessment, unproposed } =
            weigh(network, revision_costs, &self.labelled, self.config, &self.progress)?;
        let Assessment { model, judged, .. } = assessment;
        Ok((refinement, WeighedEvidence { model: ResponseModel { unproposed, ..model }, judged }))
    }

    fn draft(&self, aligned: &Aligned, course: Course<'_>) -> Result<Refinement, PipelineError> {
        if let Some((decided, _)) = &self.weighed {
            return Ok(decided.clone());
        }
        let confidences = self.confidences(aligned);
        let data = self.refinement_data(aligned, &confidences);
        let Config { depth, reading, refinement, .. } = self.config;
        Ok(draft_on(self.materials.network, &data, *depth, *reading, refinement, course, &self.progress)?)
    }

    /// Judges the revisions of the last round; those of earlier rounds are not in force any more.
    fn judge(&self, drafted: Refinement, aligned: &Aligned) -> Result<Refinement, PipelineError> {
        if self.weighed.is_some() {
            return Ok(drafted);
        }
        let confidences = self.confidences(aligned);
        let data = self.refinement_data(aligned, &confidences);
        let Config { depth, reading, refinement, .. } = self.config;
        Ok(judge(self.materials.network, &data, *depth, *reading, refinement, drafted, &self.progress)?)
    }

    fn refinement_data<'b>(&'b self, aligned: &'b Aligned, confidences: &'b [f32]) -> RefinementData<'b> {
        RefinementData {
            measured: (&self.labelled.perturbations, &self.labelled.observed),
            predicted: (&self.unlabelled, &aligned.alignment.aligned),
            predicted_weights: confidences,
            revision_costs: self.materials.revision_costs,
        }
    }

    /// `ρ` times the probability of the aligned response; 0 for a gene that no training experiment measured, of which a
    /// predictor that learns from them knows nothing.
    fn confidences(&self, aligned: &Aligned) -> Vec<f32> {
        let Aligned { prediction, symbolic, alignment } = aligned;
        let n_genes = self.materials.network.n_genes();
        let is_known = |gene: usize| self.is_measured[gene] || self.materials.external.is_some();
        let confidence = |entry: usize, response: Response| {
            let said = (prediction.entries()[entry], symbolic.entries()[entry]);
            let sure = self.reliability.posterior(GeneId::new(entry % n_genes), said.0, said.1)[response.class()];
            (self.config.rho * sure) as f32
        };
        let entries = alignment.aligned.entries().iter().enumerate();
        let known = entries.map(|(entry, response)| (entry, response.filter(|_| is_known(entry % n_genes))));
        known.map(|(entry, response)| response.map_or(0.0, |response| confidence(entry, response))).collect()
    }

    fn held_out_perturbations(&self) -> Vec<Perturbation> {
        self.materials.split.test.iter().map(|&row| self.materials.dataset.perturbations[row].clone()).collect()
    }

    fn fit_baselines(&mut self) -> Result<Vec<(String, ResponseMatrix)>, PipelineError> {
        let test = self.held_out_perturbations();
        self.timed("baselines", |runner| {
            let row_weights = vec![1.0; runner.labelled.len()];
            let data = runner.labelled_data(&row_weights);
            let mut rows = Vec::new();
            for mut baseline in baselines::all(runner.materials.network) {
                baseline.fit(&data, &runner.progress).map_err(|error| runner.cancelled_or(error))?;
                rows.push((baseline.name().to_owned(), baseline.predict(&test)?.responses()));
            }
            Ok(rows)
        })
    }

    fn cancelled_or(&self, error: PredictionError) -> PipelineError {
        match error {
            PredictionError::Cancelled => PipelineError::Cancelled,
            other => other.into(),
        }
    }

    fn outcome(
        mut self,
        refinement: Refinement,
        predictor: &dyn Predictor,
        neural_alone: ResponseMatrix,
        mut others: Vec<(String, ResponseMatrix)>,
        iterations: Vec<Iteration>,
        stop_reason: StopReason,
    ) -> Result<Outcome, PipelineError> {
        let Materials { network, dataset, held_out, .. } = *self.materials;
        let test = self.held_out_perturbations();
        let aligned = self.timed("predict", |runner| runner.align(&refinement.network, predictor, &test))?;
        others.push((predictor.name().to_owned(), neural_alone));
        others.push((format!("{}-refitted", predictor.name()), aligned.prediction.responses()));
        let controls = self.timed("controls", |runner| runner.controls(&refinement.network, &test))?;
        let held_out_rows = HeldOut {
            observed: dataset.observed.select(&self.materials.split.test),
            perturbations: test,
            aligned: aligned.alignment.aligned,
            others,
            controls,
        };
        let knowledge = KnowledgeBases { original: network, refined: &refinement.network, held_out };
        let scores = held_out_rows.scores(&knowledge, self.config)?;
        let ambiguous = |network: &RegulatoryNetwork| {
            let said = Closure::new(network, self.config.depth, self.config.reading).simulate(&dataset.perturbations);
            said.count(Response::Ambiguous) as u64
        };
        Ok(Outcome {
            ambiguous: (ambiguous(network), ambiguous(&refinement.network)),
            row_labels: self.row_labels(),
            original: network.clone(),
            refined: refinement.network,
            revisions: refinement.revisions,
            held_out: held_out_rows,
            iterations,
            stop_reason,
            scores,
            evidence: self.weighed.map(|(_, weighed)| weighed),
            power_check: None,
            timings: self.timings,
        })
    }

    /// What the controls of the refinement say of the held-out perturbations; none if there are none, or no time is left.
    fn controls(
        &self,
        refined: &RegulatoryNetwork,
        test: &[Perturbation],
    ) -> Result<Vec<(String, ResponseMatrix)>, PipelineError> {
        if test.is_empty() || self.progress.is_cancelled() {
            return Ok(Vec::new());
        }
        let Materials { network, revision_costs, .. } = *self.materials;
        let networks =
            control_networks(network, refined, &self.labelled, revision_costs, self.config, &Quiet(&self.progress));
        let networks = match networks {
            Err(PipelineError::Cancelled) => return Ok(Vec::new()),
            networks => networks?,
        };
        let said = |(name, network): (String, RegulatoryNetwork)| {
            (name, Closure::new(&network, self.config.depth, self.config.reading).simulate(test))
        };
        Ok(networks.into_iter().map(said).collect())
    }

    /// Notation of the rows that evidence may name: the labelled ones, then the unlabelled ones.
    fn row_labels(&self) -> Vec<String> {
        let Materials { row_labels, genes, .. } = self.materials;
        let labelled = self.rows.iter().map(|&row| row_labels[row].clone());
        labelled.chain(self.unlabelled.iter().map(|perturbation| perturbation.label(genes))).collect()
    }
}

/// Aligned responses with the prediction behind them.
struct Aligned {
    prediction: Prediction,
    symbolic: ResponseMatrix,
    alignment: Alignment,
}

/// Somebody who waits, but not for ever.
struct Deadline<'a> {
    inner: &'a dyn Progress,
    end: Option<Instant>,
}

impl Deadline<'_> {
    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| end.saturating_duration_since(Instant::now()) == Duration::ZERO)
    }

    fn stop_reason(&self) -> Option<StopReason> {
        if self.inner.is_cancelled() {
            return Some(StopReason::Cancelled);
        }
        self.is_over().then_some(StopReason::TimeLimit)
    }
}

impl Progress for Deadline<'_> {
    fn begin(&self, phase: &str, steps: u64) {
        self.inner.begin(phase, steps);
    }

    fn advance(&self, steps: u64) {
        self.inner.advance(steps);
    }

    fn is_cancelled(&self) -> bool {
        self.inner.is_cancelled() || self.is_over()
    }
}

/// This many unlabelled perturbations that what is predicted of them weighs no more in all than what was measured.
fn affordable(config: &Config, observed: &ResponseMatrix, measured_genes: usize) -> usize {
    let measured = observed.entries().iter().flatten().count();
    let weight_of_a_row = config.rho * measured_genes as f64;
    if weight_of_a_row > 0.0 {
        config.unlabelled.min((measured as f64 / weight_of_a_row) as usize)
    } else {
        config.unlabelled
    }
}

fn flags(genes: &[GeneId], n_genes: usize) -> Vec<bool> {
    let mut flags = vec![false; n_genes];
    genes.iter().for_each(|gene| flags[gene.index()] = true);
    flags
}

fn in_degrees(network: &RegulatoryNetwork) -> Vec<u32> {
    let others = |gene: GeneId| network.regulators_of(gene).iter().filter(|regulator| regulator.gene != gene).count();
    (0..network.n_genes()).map(|gene| others(GeneId::new(gene)) as u32).collect()
}

fn held_by(network: &RegulatoryNetwork) -> Vec<bool> {
    let held = |gene| !network.targets_of(gene).is_empty() || !network.regulators_of(gene).is_empty();
    (0..network.n_genes()).map(GeneId::new).map(held).collect()
}

/// Perturbations without data that were predicted elsewhere, in its order; none moves a gene that a test row moves.
fn predicted_elsewhere(external: &External, dataset: &Dataset, split: &Split, at_most: usize) -> Vec<Perturbation> {
    let known: BTreeSet<_> = dataset.perturbations.iter().collect();
    let held_out: BTreeSet<_> = split.test.iter().flat_map(|&row| dataset.perturbations[row].genes()).collect();
    let predicted = external.perturbations().iter().filter(|perturbation| !known.contains(perturbation));
    let free = predicted.filter(|perturbation| !perturbation.genes().any(|gene| held_out.contains(&gene)));
    free.take(at_most).cloned().collect()
}

/// One perturbation per regulator, those with most targets first, none that an experiment made or a test row moves; in
/// the direction that most experiments took.
fn unlabelled(network: &RegulatoryNetwork, dataset: &Dataset, split: &Split, at_most: usize) -> Vec<Perturbation> {
    let mut known = vec![false; network.n_genes()];
    for perturbation in &dataset.perturbations {
        if let &[(gene, _)] = perturbation.changes() {
            known[gene.index()] = true;
        }
    }
    for &row in &split.test {
        dataset.perturbations[row].genes().for_each(|gene| known[gene.index()] = true);
    }
    let directions = dataset.perturbations.iter().flat_map(Perturbation::changes);
    let balance: i64 = directions.map(|(_, direction)| i64::from(direction.value())).sum();
    let direction = if balance > 0 { Direction::Overexpression } else { Direction::Deletion };
    let mut regulators: Vec<_> = network.regulators().filter(|gene| !known[gene.index()]).collect();
    regulators.sort_by_key(|&gene| (std::cmp::Reverse(network.targets_of(gene).len()), gene));
    regulators.truncate(at_most);
    regulators.sort_unstable();
    regulators.into_iter().filter_map(|gene| Perturbation::of([(gene, direction)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Regulation, Response, Sign};
    use crate::progress::NoProgress;

    #[test]
    fn what_is_predicted_weighs_no_more_than_what_was_measured_and_only_where_anything_was() {
        let gene = GeneId::new;
        // Forty regulators of forty genes; of each of six experiments four genes are measured, five in all.
        let network = RegulatoryNetwork::new(
            80,
            (0..40).map(|place| Regulation::new(gene(place), gene(40 + place), Sign::Activation)),
        );
        let mut observed = ResponseMatrix::unmeasured(6, 80);
        for row in 0..6 {
            (0..4).for_each(|place| observed.row_mut(row)[40 + (row + place) % 5] = Some(Response::Unchanged));
        }
        let dataset = Dataset::new(
            (0..6).map(|row| row.to_string()).collect(),
            (0..6).map(|row| Perturbation::deletion(gene(row))).collect(),
            observed,
        );
        let split = Split { train: (0..5).collect(), validation: vec![5], test: Vec::new() };
        let (genes, row_labels) = (GeneTable::new(), vec![String::new(); 6]);
        let materials = Materials {
            network: &network,
            evidence: &[0; 80],
            revision_costs: None,
            held_out: None,
            external: None,
            dataset: &dataset,
            split: &split,
            row_labels: &row_labels,
            genes: &genes,
        };
        let config = Config { rho: 0.25, ..Config::default() };
        let runner = Runner::start(&materials, &config, &NoProgress).expect("enough to learn from");
        // 24 measured entries, and 5 genes at a quarter each in a row: 19 rows, of the 34 regulators left.
        assert_eq!(runner.unlabelled.len(), 19);
        let mut predictor = runner.new_predictor();
        predictor.fit(&runner.labelled_data(&[1.0; 6]), &NoProgress).expect("fitted");
        let aligned = runner.align(&network, predictor.as_ref(), &runner.unlabelled).expect("aligned");
        let weights = runner.confidences(&aligned);
        assert!(weights.iter().sum::<f32>() <= 24.0);
        for (entry, &weight) in weights.iter().enumerate() {
            assert_eq!(weight > 0.0, (40..45).contains(&(entry % 80)), "gene {}: {weight}", entry % 80);
        }
    }
}
