//! Learning a vector field from experiments, batch by batch against the controls of the same batch.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::config::FlowConfig;
use super::field::{Field, Run};
use crate::biology::GeneId;
use crate::network::RegulatoryNetwork;
use crate::prediction::PredictionError;
use crate::progress::Progress;

/// Rows whose gradients are added up by one thread; fixed, so that sums do not depend on how many threads there are.
const CHUNK: usize = 8;
/// Longest gradient that a step follows; longer ones are shortened to it.
const LONGEST_GRADIENT: f64 = 10.0;
/// Means of the gradient and of its square forget by these shares, as published for Adam.
const KEPT: [f64; 2] = [0.9, 0.999];

/// The controls and the perturbed rows of one experimental batch. Values are on a log scale.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Controls at time 0, one value for each gene.
    pub start: Vec<f64>,
    /// Controls when the perturbed cells were taken, one value for each gene.
    pub control: Vec<f64>,
    /// When that was, > 0.
    pub time: f64,
    /// Whether controls are at rest: true unless the system differentiates. Only then the steady-state term holds.
    pub at_rest: bool,
    /// What was perturbed, and what came of it.
    pub rows: Vec<FlowRow>,
}

/// One perturbed condition of a [`Batch`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowRow {
    /// Perturbed genes and the values at which they are held.
    pub held: Vec<(GeneId, f64)>,
    /// Measured responses, less the control of the same batch and time.
    pub responses: Vec<(GeneId, f64)>,
    /// How much the row counts, > 0.
    pub weight: f64,
}

/// A neural ordinary differential equation over gene levels, with couplings from the knowledge.
///
/// ```text
/// dx_i/dt = f_θ(x, p)_i = b_i + [p ≠ ∅] m_i + Σ_{j → i} W_ij φ(x_j) + U_i · Vᵀφ(x) − e^{δ_i} x_i,   φ(x) = x/(1 + |x|)
/// L = mean_rows w ‖(x̂_p(T) − x̂_∅(T)) − y‖²/n_y + mean_batches ( ‖x̂_∅(T) − x_ctrl‖² + λ_ss ‖f_θ(x_ctrl, ∅)‖² )/n + ρ ‖θ − θ₀‖²/n
/// ```
/// where perturbed genes are held, `W` has one strength for each regulation of the knowledge (of its sign, if `signed`),
/// `U`, `V` carry what the knowledge lacks at rank `r`, `m` is what being perturbed at all does, and `y` a response against
/// the control of the same batch; `θ₀` has couplings of ½ in the sign of their regulation, all else 0. The steady-state term stands only for batches at rest, at both control states. Euler
/// steps; the gradient is that of the unrolled steps. The term is in the spirit of the reference, whose full text was not
/// at hand.
///
/// # Complexity
/// `O(steps · (regulations + genes · rank))` for each row and epoch.
///
/// # Reference
/// Kovačević et al., No Foundations without Foundations, arXiv 2501.19178; Chen et al., Neural ordinary differential
/// equations, NeurIPS 2018, arXiv 1806.07366.
#[derive(Clone, Debug)]
pub struct Flow {
    field: Field,
}

impl Flow {
    /// Learns from `batches`; `after_epoch` sees the flow and the mean loss after each epoch.
    ///
    /// # Errors
    /// [`PredictionError`] for settings out of range, batches that do not fit the network, nothing to learn from, or a
    /// loss that is not a number any more.
    pub fn fit(
        network: &RegulatoryNetwork,
        batches: &[Batch],
        config: &FlowConfig,
        progress: &dyn Progress,
        mut after_epoch: impl FnMut(&Self, f64),
    ) -> Result<Self, PredictionError> {
        config.check()?;
        check(network.n_genes(), batches)?;
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let longest = batches.iter().map(|batch| batch.time).fold(0.0, f64::max);
        let mut flow = Self { field: Field::new(network, config, &mut rng) };
        flow.field.project(longest);
        let mut adam = Adam::new(flow.field.parameters.len());
        let mut rows: Vec<_> = batches
            .iter()
            .enumerate()
            .flat_map(|(at, batch)| (0..batch.rows.len()).map(move |row| (at, row)))
            .collect();
        for epoch in 0..config.epochs {
            if progress.is_cancelled() {
                return Err(PredictionError::Cancelled);
            }
            rows.shuffle(&mut rng);
            let mut loss = 0.0;
            for drawn in rows.chunks(config.batch) {
                let (value, gradient) = loss_and_gradient(&flow.field, &Stratum::of(batches, drawn), config);
                loss += value * drawn.len() as f64 / rows.len() as f64;
                adam.step(&mut flow.field, gradient, config);
                flow.field.project(longest);
            }
            if !loss.is_finite() {
                return Err(PredictionError::Diverged { predictor: super::NAME, epoch });
            }
            after_epoch(&flow, loss);
        }
        Ok(flow)
    }

    /// What the held genes do to every gene after `time`, against the same start without them.
    ///
    /// # Panics
    /// If `start` has not one value for each gene, or a held gene lies outside.
    #[must_use]
    pub fn response(&self, start: &[f64], held: &[(GeneId, f64)], time: f64) -> Vec<f64> {
        let control = self.end(Run { start, held: &[], time });
        self.end(Run { start, held, time })
            .iter()
            .zip(control)
            .map(|(perturbed, control)| perturbed - control)
            .collect()
    }

    /// Where controls are after `time`.
    #[must_use]
    pub fn control(&self, start: &[f64], time: f64) -> Vec<f64> {
        self.end(Run { start, held: &[], time })
    }

    /// How fast controls leave a state: `f_θ(x, ∅)`.
    #[must_use]
    pub fn drift(&self, state: &[f64]) -> Vec<f64> {
        self.field.rate(state, false)
    }

    /// The strength of each regulation of the knowledge: regulator, target, strength.
    pub fn couplings(&self) -> impl Iterator<Item = (GeneId, GeneId, f64)> {
        self.field.couplings()
    }

    fn end(&self, run: Run<'_>) -> Vec<f64> {
        self.field.flow(run).pop().unwrap_or_default()
    }
}

fn check(n_genes: usize, batches: &[Batch]) -> Result<(), PredictionError> {
    let mismatch = |what: String| Err(PredictionError::ShapeMismatch(what));
    for (at, batch) in batches.iter().enumerate() {
        if batch.start.len() != n_genes || batch.control.len() != n_genes {
            let (start, control) = (batch.start.len(), batch.control.len());
            return mismatch(format!("batch {at} has controls of {start} and {control} genes, the network {n_genes}"));
        }
        let values = batch.rows.iter().flat_map(|row| row.held.iter().chain(&row.responses));
        if let Some((gene, _)) = values.clone().find(|(gene, _)| gene.index() >= n_genes) {
            return mismatch(format!("batch {at} names gene {} of {n_genes}", gene.index()));
        }
        let mut numbers = batch.start.iter().chain(&batch.control).chain(values.map(|(_, value)| value));
        let weights_hold = batch.rows.iter().all(|row| row.weight.is_finite() && row.weight > 0.0);
        if !(batch.time.is_finite() && batch.time > 0.0 && weights_hold && numbers.all(|value| value.is_finite())) {
            return mismatch(format!(
                "batch {at} has a value that is not finite, or a time or weight that is not above 0"
            ));
        }
    }
    let learnt = batches.iter().flat_map(|batch| &batch.rows).any(|row| !row.responses.is_empty());
    if learnt { Ok(()) } else { Err(PredictionError::NoTrainingData) }
}

/// The drawn rows of one batch, with its controls.
struct Stratum<'a> {
    batch: &'a Batch,
    rows: Vec<&'a FlowRow>,
}

impl<'a> Stratum<'a> {
    fn of(batches: &'a [Batch], drawn: &[(usize, usize)]) -> Vec<Self> {
        let mut drawn = drawn.to_vec();
        drawn.sort_unstable();
        let of_batch = |part: &[(usize, usize)]| {
            let batch = &batches[part[0].0];
            Stratum { batch, rows: part.iter().map(|&(_, row)| &batch.rows[row]).collect() }
        };
        drawn.chunk_by(|left, right| left.0 == right.0).map(of_batch).collect()
    }
}

fn loss_and_gradient(field: &Field, strata: &[Stratum<'_>], config: &FlowConfig) -> (f64, Vec<f64>) {
    let rows: usize = strata.iter().map(|stratum| stratum.rows.len()).sum();
    let mut gradient = vec![0.0; field.parameters.len()];
    let mut loss = 0.0;
    for stratum in strata {
        loss += stratum_loss(field, stratum, rows, strata.len(), config, &mut gradient);
    }
    loss += field.ridge(config.ridge / field.n_genes.max(1) as f64, &mut gradient);
    (loss, gradient)
}

fn stratum_loss(
    field: &Field,
    stratum: &Stratum<'_>,
    all_rows: usize,
    all_strata: usize,
    config: &FlowConfig,
    gradient: &mut [f64],
) -> f64 {
    let batch = stratum.batch;
    let run = Run { start: &batch.start, held: &[], time: batch.time };
    let states = field.flow(run);
    let control = &states[states.len() - 1];
    let parts: Vec<_> = stratum.rows.par_chunks(CHUNK).map(|rows| chunk_loss(field, batch, control, rows)).collect();
    let mut to_control = vec![0.0; control.len()];
    let mut loss = 0.0;
    for part in parts {
        loss += part.loss / all_rows as f64;
        add(gradient, &part.gradient, 1.0 / all_rows as f64);
        add(&mut to_control, &part.to_control, 1.0 / all_rows as f64);
    }
    let share = 1.0 / (all_strata * control.len().max(1)) as f64;
    for ((to, predicted), observed) in to_control.iter_mut().zip(control).zip(&batch.control) {
        loss += share * (predicted - observed).powi(2);
        *to += 2.0 * share * (predicted - observed);
    }
    field.add_flow_gradient(run, &states, to_control, gradient);
    if batch.at_rest && config.steady_state > 0.0 {
        for state in [&batch.start, &batch.control] {
            loss += steady_state_loss(field, state, 0.5 * config.steady_state * share, gradient);
        }
    }
    loss
}

/// `weight · ‖f_θ(x, ∅)‖²`.
fn steady_state_loss(field: &Field, state: &[f64], weight: f64, gradient: &mut [f64]) -> f64 {
    let rate = field.rate(state, false);
    let upstream: Vec<_> = rate.iter().map(|rate| 2.0 * weight * rate).collect();
    field.add_gradient(state, false, &upstream, gradient, &mut vec![0.0; state.len()]);
    weight * rate.iter().map(|rate| rate * rate).sum::<f64>()
}

struct ChunkLoss {
    loss: f64,
    gradient: Vec<f64>,
    to_control: Vec<f64>,
}

fn chunk_loss(field: &Field, batch: &Batch, control: &[f64], rows: &[&FlowRow]) -> ChunkLoss {
    let (n_genes, n_parameters) = (control.len(), field.parameters.len());
    let mut sum = ChunkLoss { loss: 0.0, gradient: vec![0.0; n_parameters], to_control: vec![0.0; n_genes] };
    for row in rows {
        let run = Run { start: &batch.start, held: &row.held, time: batch.time };
        let states = field.flow(run);
        let end = &states[states.len() - 1];
        let share = row.weight / row.responses.len().max(1) as f64;
        let mut upstream = vec![0.0; n_genes];
        for &(gene, response) in &row.responses {
            let gene = gene.index();
            let residual = end[gene] - control[gene] - response;
            sum.loss += share * residual * residual;
            upstream[gene] += 2.0 * share * residual;
        }
        add(&mut sum.to_control, &upstream, -1.0);
        field.add_flow_gradient(run, &states, upstream, &mut sum.gradient);
    }
    sum
}

fn add(out: &mut [f64], values: &[f64], scale: f64) {
    out.iter_mut().zip(values).for_each(|(out, value)| *out += scale * value);
}

/// Kingma & Ba, ICLR 2015, arXiv 1412.6980.
struct Adam {
    steps: i32,
    mean: Vec<f64>,
    square: Vec<f64>,
}

impl Adam {
    fn new(parameters: usize) -> Self {
        Self { steps: 0, mean: vec![0.0; parameters], square: vec![0.0; parameters] }
    }

    fn step(&mut self, field: &mut Field, mut gradient: Vec<f64>, config: &FlowConfig) {
        self.steps += 1;
        let length = gradient.iter().map(|value| value * value).sum::<f64>().sqrt();
        if length > LONGEST_GRADIENT {
            gradient.iter_mut().for_each(|value| *value *= LONGEST_GRADIENT / length);
        }
        let rest = KEPT.map(|kept| 1.0 - kept.powi(self.steps));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((parameter, (mean, square)), value) in field.parameters.iter_mut().zip(moments).zip(gradient) {
            *mean = KEPT[0] * *mean + (1.0 - KEPT[0]) * value;
            *square = KEPT[1] * *square + (1.0 - KEPT[1]) * value * value;
            *parameter -= config.learning_rate * (*mean / rest[0]) / ((*square / rest[1]).sqrt() + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::Rng;

    use super::*;
    use crate::biology::{Regulation, Sign};
    use crate::progress::NoProgress;

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    fn network(n_genes: usize, edges: &[(usize, usize, Sign)]) -> RegulatoryNetwork {
        let regulation =
            |&(regulator, target, sign): &(usize, usize, Sign)| Regulation::new(gene(regulator), gene(target), sign);
        RegulatoryNetwork::new(n_genes, edges.iter().map(regulation))
    }

    fn random_batch(n_genes: usize, at_rest: bool, rng: &mut ChaCha8Rng) -> Batch {
        let mut level = || rng.random_range(-1.0..1.0);
        let (start, control) = ((0..n_genes).map(|_| level()).collect(), (0..n_genes).map(|_| level()).collect());
        let mut row = |held: usize| FlowRow {
            held: vec![(gene(held), level())],
            responses: (0..n_genes).filter(|&index| index != held).map(|index| (gene(index), level())).collect(),
            weight: 0.7,
        };
        let rows = vec![row(0), row(1)];
        Batch { start, control, time: 1.5, at_rest, rows }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn the_unrolled_gradient_agrees_with_finite_differences(seed in any::<u64>()) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let edges = [(0, 2, Sign::Activation), (1, 2, Sign::Inhibition), (2, 3, Sign::Inhibition), (3, 0, Sign::Activation)];
            let config = FlowConfig { rank: 2, steps: 4, steady_state: 0.8, ..FlowConfig::default() };
            let mut field = Field::new(&network(4, &edges), &config, &mut rng);
            field.parameters.iter_mut().for_each(|parameter| *parameter += rng.random_range(-0.3..0.3));
            let batches = [random_batch(4, true, &mut rng), random_batch(4, false, &mut rng)];
            let strata = Stratum::of(&batches, &[(0, 0), (1, 1), (0, 1)]);
            let (_, gradient) = loss_and_gradient(&field, &strata, &config);
            for (at, &told) in gradient.iter().enumerate() {
                let mut loss = |change: f64| {
                    field.parameters[at] += change;
                    let (loss, _) = loss_and_gradient(&field, &strata, &config);
                    field.parameters[at] -= change;
                    loss
                };
                let derivative = (loss(1e-5) - loss(-1e-5)) / 2e-5;
                prop_assert!((told - derivative).abs() < 1e-6 * (1.0 + derivative.abs()), "{at}: {told} {derivative}");
            }
        }
    }

    #[test]
    fn a_decay_alone_is_followed_by_euler_steps_as_by_hand() {
        let flow =
            Flow { field: Field::new(&network(1, &[]), &FlowConfig::default(), &mut ChaCha8Rng::seed_from_u64(1)) };
        // e^δ = 1, six steps of ¼: x(T) = (1 − ¼)⁶ x(0).
        let end = flow.control(&[2.0], 1.5);
        assert!((end[0] - 2.0 * 0.75_f64.powi(6)).abs() < 1e-12, "{end:?}");
    }

    /// Gene 0 activates 1 and inhibits 2; responses are those of the deletion.
    fn two_targets(signs: [f64; 2]) -> Batch {
        let responses = vec![(gene(1), signs[0]), (gene(2), signs[1]), (gene(3), 0.0)];
        let row = FlowRow { held: vec![(gene(0), -1.0)], responses, weight: 1.0 };
        Batch { start: vec![0.0; 4], control: vec![0.0; 4], time: 3.0, at_rest: true, rows: vec![row] }
    }

    #[test]
    fn responses_are_learnt_and_signed_couplings_never_turn() {
        let network = network(4, &[(0, 1, Sign::Activation), (0, 2, Sign::Inhibition)]);
        let config = FlowConfig { epochs: 300, rank: 4, ridge: 0.003, ..FlowConfig::default() };
        for (batch, agrees) in [(two_targets([-0.6, 0.6]), true), (two_targets([0.6, -0.6]), false)] {
            let mut losses = Vec::new();
            let batches = [batch];
            let fit = Flow::fit(&network, &batches, &config, &NoProgress, |_, loss| losses.push(loss)).expect("fits");
            assert!(losses[299] < 0.02 && losses[299] < losses[0], "{losses:?}");
            let strengths: Vec<_> = fit.couplings().map(|(_, _, strength)| strength).collect();
            assert!(strengths[0] >= 0.0 && strengths[1] <= 0.0, "{strengths:?}");
            assert!(agrees || strengths.iter().all(|strength| strength.abs() < 0.3), "{strengths:?}");
            let said = fit.response(&[0.0; 4], &[(gene(0), -1.0)], 3.0);
            assert_eq!(said[1] < 0.0, agrees, "{said:?}");
        }
    }

    #[test]
    fn the_steady_state_term_slows_the_drift_of_controls_at_rest_and_leaves_differentiating_ones() {
        let network = network(4, &[(0, 1, Sign::Activation)]);
        let drift = |at_rest: bool, steady_state: f64| {
            let batch = Batch { control: vec![0.3; 4], at_rest, ..two_targets([-0.5, 0.0]) };
            let config = FlowConfig { steady_state, epochs: 60, rank: 4, ridge: 0.003, ..FlowConfig::default() };
            let flow = Flow::fit(&network, &[batch], &config, &NoProgress, |_, _| {}).expect("fits");
            flow.drift(&[0.0; 4]).iter().map(|rate| rate * rate).sum::<f64>()
        };
        assert!(drift(true, 10.0) < 0.5 * drift(true, 0.0));
        assert_eq!(drift(false, 10.0), drift(false, 0.0));
    }

    #[test]
    fn batches_that_do_not_fit_are_refused_by_number() {
        let fit = |batch: Batch, config: FlowConfig| {
            Flow::fit(&network(4, &[]), &[two_targets([0.0, 0.0]), batch], &config, &NoProgress, |_, _| {}).map(|_| ())
        };
        let fine = FlowConfig { epochs: 1, ..FlowConfig::default() };
        let short = Batch { start: vec![0.0; 3], ..two_targets([0.0, 0.0]) };
        let message = fit(short, fine).expect_err("three genes").to_string();
        assert!(message.contains("batch 1") && message.contains("3 and 4"), "{message}");
        assert!(fit(Batch { time: 0.0, ..two_targets([0.0, 0.0]) }, fine).is_err());
        assert!(fit(Batch { control: vec![f64::NAN; 4], ..two_targets([0.0, 0.0]) }, fine).is_err());
        assert!(fit(two_targets([0.0, 0.0]), FlowConfig { ridge: -1.0, ..fine }).is_err());
        assert!(fit(two_targets([0.0, 0.0]), fine).is_ok());
    }
}
