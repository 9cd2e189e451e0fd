//! A simulated screen of single cells whose kinetics are known: what could a model of dynamics learn from it?
//!
//! Start at [`KineticScreen::simulate`]; [`Kinetics`] is the truth. It stands next to the simulated screen of signed calls
//! and not in `symbolic`: rates and cells are no claim of the knowledge, they are experiments to test the engines on.

#![allow(dead_code, reason = "each test takes what it needs")]

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use aligned::biology::{Direction, GeneId, Perturbation, Sign};
use aligned::network::{Neighbour, RegulatoryNetwork};

/// Runge–Kutta steps in the shortest decay time.
const STEPS: f64 = 10.0;
/// Rates are drawn at most so often until the network comes to rest under them.
const DRAWS: usize = 20;
/// A state at rest changes by less than this in the longest decay time.
const AT_REST: f64 = 1e-8;
/// This many decay times are waited for rest.
const PATIENCE: f64 = 400.0;

/// A setting out of range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutOfRange {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// What is allowed.
    pub allowed: &'static str,
}

/// How the controls of a screen behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// As in a cell line: controls rest in a steady state, all batches are taken at the horizon.
    #[default]
    InVitro,
    /// As in a tissue that differentiates: controls start away from rest and drift; each batch is taken at another time.
    InVivo,
}

/// Kinetics, design and noise of a [`KineticScreen`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KineticsConfig {
    /// Hill coefficient, > 0; default 2.
    pub hill: f64,
    /// Share of the synthesis that an inactive promoter keeps, in `(0, 1]`; default 0.1.
    pub leak: f64,
    /// Standard deviation of the logarithm of synthesis and decay over the genes, ≥ 0; default 0.3.
    pub spread: f64,
    /// Level at which an overexpressed gene is held, ≥ 0, where genes of an unperturbed cell are about 1; default 4.
    pub overexpression: f64,
    /// How the controls behave; default in vitro.
    pub sampling: Sampling,
    /// Standard deviation, on the log scale, of what differentiating controls are away from rest at first, ≥ 0; default 0.7.
    pub displacement: f64,
    /// When the last batch is taken, in mean decay times, > 0; default 3.
    pub horizon: f64,
    /// Regulators perturbed, each alone; default 20, or all if there are fewer.
    pub perturbations: usize,
    /// Share of the perturbations that are overexpressions, in `[0, 1]`; default 0.
    pub overexpressed: f64,
    /// Batches, ≥ 1; each holds every perturbation and its own controls; default 3.
    pub batches: usize,
    /// Cells of each condition, ≥ 1; default 30.
    pub cells: usize,
    /// Standard deviation of what a batch adds to the log level of a gene, ≥ 0; default 0.2.
    pub batch_effect: f64,
    /// Standard deviation of the log level between cells, ≥ 0; default 0.3.
    pub cell_noise: f64,
    /// Probability that a gene of a cell is read as 0, in `[0, 1)`; default 0.1.
    pub dropout: f64,
    /// Seed of everything.
    pub seed: u64,
}

impl Default for KineticsConfig {
    fn default() -> Self {
        Self {
            hill: 2.0,
            leak: 0.1,
            spread: 0.3,
            overexpression: 4.0,
            sampling: Sampling::InVitro,
            displacement: 0.7,
            horizon: 3.0,
            perturbations: 20,
            overexpressed: 0.0,
            batches: 3,
            cells: 30,
            batch_effect: 0.2,
            cell_noise: 0.3,
            dropout: 0.1,
            seed: 42,
        }
    }
}

impl KineticsConfig {
    /// Says whether all settings are in their ranges.
    ///
    /// # Errors
    /// [`OutOfRange`] names the first that is not.
    pub fn check(&self) -> Result<(), OutOfRange> {
        let at_least_0 = [
            ("spread", self.spread),
            ("overexpression", self.overexpression),
            ("displacement", self.displacement),
            ("batch_effect", self.batch_effect),
            ("cell_noise", self.cell_noise),
        ]
        .map(|(name, value)| (name, value, (0.0..=10.0).contains(&value), "from 0 to 10"));
        let counts = [("batches", self.batches), ("cells", self.cells)]
            .map(|(name, value)| (name, value as f64, value > 0, "at least 1"));
        let others = [
            ("hill", self.hill, self.hill > 0.0 && self.hill <= 10.0, "above 0 and at most 10"),
            ("leak", self.leak, self.leak > 0.0 && self.leak <= 1.0, "above 0 and at most 1"),
            ("horizon", self.horizon, self.horizon > 0.0 && self.horizon <= 100.0, "above 0 and at most 100"),
            ("overexpressed", self.overexpressed, (0.0..=1.0).contains(&self.overexpressed), "from 0 to 1"),
            ("dropout", self.dropout, (0.0..1.0).contains(&self.dropout), "at least 0 and below 1"),
        ];
        match at_least_0.into_iter().chain(counts).chain(others).find(|(_, _, holds, _)| !holds) {
            Some((name, value, _, allowed)) => Err(OutOfRange { name, value, allowed }),
            None => Ok(()),
        }
    }
}

/// Hill kinetics over a signed network.
///
/// ```text
/// dx_i/dt = s_i · Π_{j activates i} (ℓ + (1−ℓ) x_jʰ/(1 + x_jʰ)) · Π_{j inhibits i} (ℓ + (1−ℓ)/(1 + x_jʰ)) − d_i x_i
/// ```
/// where `ℓ` is the leak, `h` the Hill coefficient and thresholds are the unit of levels; perturbed genes are held. Self-regulation
/// counts as any other. A gene between two signs of one regulator is under both.
#[derive(Clone, Debug, PartialEq)]
pub struct Kinetics {
    pub network: RegulatoryNetwork,
    /// `s_i`, > 0.
    pub synthesis: Vec<f64>,
    /// `d_i`, > 0, in 1/time.
    pub decay: Vec<f64>,
    pub hill: f64,
    pub leak: f64,
}

/// Where an integration ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Level of each gene.
    pub levels: Vec<f64>,
    /// Whether nothing changes any more; an oscillating network never rests.
    pub at_rest: bool,
}

impl Kinetics {
    /// Rates drawn around 1, with syntheses such that a gene whose regulators are at their thresholds is at about 1.
    pub fn draw(network: &RegulatoryNetwork, config: &KineticsConfig, generator: &mut ChaCha8Rng) -> Self {
        let decay: Vec<_> = (0..network.n_genes()).map(|_| (config.spread * normal(generator)).exp()).collect();
        let half_way = (1.0 + config.leak) / 2.0;
        let synthesis = decay.iter().enumerate().map(|(gene, decay)| {
            let regulators = network.regulators_of(GeneId::new(gene)).len() as i32;
            decay * (config.spread * normal(generator)).exp() / half_way.powi(regulators)
        });
        let synthesis = synthesis.collect();
        Self { network: network.clone(), synthesis, decay, hill: config.hill, leak: config.leak }
    }

    /// `dx/dt`; 0 for the held genes.
    #[must_use]
    pub fn rates(&self, levels: &[f64], held: &[(GeneId, f64)]) -> Vec<f64> {
        let active: Vec<_> = levels.iter().map(|level| hill(level.max(0.0), self.hill)).collect();
        let promoter = |gene: usize| -> f64 {
            let regulators = self.network.regulators_of(GeneId::new(gene));
            let share = |regulator: &Neighbour| match regulator.sign {
                Sign::Activation => active[regulator.gene.index()],
                Sign::Inhibition => 1.0 - active[regulator.gene.index()],
            };
            regulators.iter().map(|regulator| self.leak + (1.0 - self.leak) * share(regulator)).product()
        };
        let rate = |gene: usize| self.synthesis[gene] * promoter(gene) - self.decay[gene] * levels[gene];
        let mut rates: Vec<_> = (0..levels.len()).map(rate).collect();
        held.iter().for_each(|(gene, _)| rates[gene.index()] = 0.0);
        rates
    }

    /// The levels after `time`, by the classical Runge–Kutta method.
    #[must_use]
    pub fn flow(&self, start: &[f64], held: &[(GeneId, f64)], time: f64) -> Vec<f64> {
        let fastest = self.decay.iter().copied().fold(1e-9, f64::max);
        let steps = (time * fastest * STEPS).ceil().max(1.0) as usize;
        let mut levels = start.to_vec();
        held.iter().for_each(|&(gene, level)| levels[gene.index()] = level);
        for _ in 0..steps {
            levels = self.step(&levels, held, time / steps as f64);
        }
        levels
    }

    fn step(&self, levels: &[f64], held: &[(GeneId, f64)], step: f64) -> Vec<f64> {
        let moved = |rates: &[f64], by: f64| -> Vec<f64> {
            levels.iter().zip(rates).map(|(level, rate)| level + by * rate).collect()
        };
        let first = self.rates(levels, held);
        let second = self.rates(&moved(&first, step / 2.0), held);
        let third = self.rates(&moved(&second, step / 2.0), held);
        let fourth = self.rates(&moved(&third, step), held);
        let mean: Vec<_> =
            (0..levels.len()).map(|i| (first[i] + 2.0 * (second[i] + third[i]) + fourth[i]) / 6.0).collect();
        moved(&mean, step)
    }

    /// The steady state that is reached from `start`, by integrating until nothing changes.
    #[must_use]
    pub fn settle(&self, start: &[f64], held: &[(GeneId, f64)]) -> Settled {
        let slowest = self.decay.iter().copied().fold(f64::INFINITY, f64::min);
        let mut levels = start.to_vec();
        let mut waited = 0.0;
        while waited < PATIENCE {
            levels = self.flow(&levels, held, 5.0 / slowest);
            waited += 5.0;
            let fastest_change = self.rates(&levels, held).iter().fold(0.0, |most: f64, rate| most.max(rate.abs()));
            if fastest_change < AT_REST * slowest {
                return Settled { levels, at_rest: true };
            }
        }
        Settled { levels, at_rest: false }
    }
}

/// Cells of one perturbation, or controls, of one batch at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What was done; `None` for controls.
    pub perturbation: Option<Perturbation>,
    /// Which batch.
    pub batch: usize,
    /// When they were taken.
    pub time: f64,
    /// `ln(1 + x)` of each gene without batch effect, noise and dropout.
    pub truth: Vec<f64>,
    /// What was read of each cell: log levels, one value for each gene.
    pub cells: Vec<Vec<f64>>,
}

impl Condition {
    /// The mean over the cells.
    #[must_use]
    pub fn mean(&self) -> Vec<f64> {
        let count = self.cells.len().max(1) as f64;
        (0..self.truth.len()).map(|gene| self.cells.iter().map(|cell| cell[gene]).sum::<f64>() / count).collect()
    }
}

/// A simulated screen with known kinetics.
///
/// ```text
/// read = [kept] · max(0, ln(1 + x) + batch + cell),   batch ~ N(0, σ_b²) by batch and gene,   cell ~ N(0, σ_c²)
/// ```
/// Each batch holds controls at time 0, controls at its time, and every perturbation at its time.
#[derive(Clone, Debug, PartialEq)]
pub struct KineticScreen {
    /// The truth.
    pub kinetics: Kinetics,
    /// Levels of all cells at time 0.
    pub start: Vec<f64>,
    /// Whether unperturbed cells rest at the start; false also in vitro, if the network oscillates.
    pub at_rest: bool,
    /// All conditions: by batch the controls at time 0, those at the batch's time, and the perturbations.
    pub conditions: Vec<Condition>,
}

impl KineticScreen {
    /// Draws rates, perturbs regulators of `network` and reads cells. One seed gives one screen, on any machine.
    ///
    /// # Errors
    /// [`OutOfRange`] for a setting that is not in its range.
    pub fn simulate(network: &RegulatoryNetwork, config: &KineticsConfig) -> Result<Self, OutOfRange> {
        config.check()?;
        let mut generator = ChaCha8Rng::seed_from_u64(config.seed);
        let (kinetics, rest) = kinetics_at_rest(network, config, &mut generator);
        let start = first_levels(&rest.levels, config, &mut generator);
        let perturbations = draw_perturbations(network, config, &mut generator);
        let mut conditions = Vec::with_capacity(config.batches * (perturbations.len() + 2));
        for batch in 0..config.batches {
            let effects: Vec<_> =
                (0..network.n_genes()).map(|_| config.batch_effect * normal(&mut generator)).collect();
            let time = batch_time(batch, config);
            let controls = [(None, 0.0), (None, time)].into_iter();
            for (perturbation, time) in controls.chain(perturbations.iter().map(|done| (Some(done), time))) {
                let held = perturbation.map_or_else(Vec::new, |done| held(done, config));
                let truth = kinetics.flow(&start, &held, time).iter().map(|level| level.max(0.0).ln_1p()).collect();
                let mut condition =
                    Condition { perturbation: perturbation.cloned(), batch, time, truth, cells: Vec::new() };
                condition.cells =
                    (0..config.cells).map(|_| read_cell(&condition.truth, &effects, config, &mut generator)).collect();
                conditions.push(condition);
            }
        }
        let at_rest = rest.at_rest && config.sampling == Sampling::InVitro;
        Ok(Self { kinetics, start, at_rest, conditions })
    }
}

/// Rates under which the unperturbed network rests, if any of the draws has such.
fn kinetics_at_rest(
    network: &RegulatoryNetwork,
    config: &KineticsConfig,
    generator: &mut ChaCha8Rng,
) -> (Kinetics, Settled) {
    let mut draw = || {
        let kinetics = Kinetics::draw(network, config, generator);
        let settled = kinetics.settle(&vec![1.0; network.n_genes()], &[]);
        (kinetics, settled)
    };
    let mut drawn = draw();
    for _ in 1..DRAWS {
        if drawn.1.at_rest {
            break;
        }
        drawn = draw();
    }
    drawn
}

fn batch_time(batch: usize, config: &KineticsConfig) -> f64 {
    match config.sampling {
        Sampling::InVitro => config.horizon,
        Sampling::InVivo => config.horizon * (batch + 1) as f64 / config.batches as f64,
    }
}

fn first_levels(rest: &[f64], config: &KineticsConfig, generator: &mut ChaCha8Rng) -> Vec<f64> {
    match config.sampling {
        Sampling::InVitro => rest.to_vec(),
        Sampling::InVivo => rest.iter().map(|level| level * (config.displacement * normal(generator)).exp()).collect(),
    }
}

/// Random regulators, each alone, in the order of their genes.
fn draw_perturbations(
    network: &RegulatoryNetwork,
    config: &KineticsConfig,
    generator: &mut ChaCha8Rng,
) -> Vec<Perturbation> {
    let mut regulators: Vec<_> = network.regulators().collect();
    regulators.shuffle(generator);
    regulators.truncate(config.perturbations);
    regulators.sort_unstable();
    let draw = |gene| {
        let overexpressed = generator.random_bool(config.overexpressed);
        if overexpressed { Perturbation::overexpression(gene) } else { Perturbation::deletion(gene) }
    };
    regulators.into_iter().map(draw).collect()
}

fn held(perturbation: &Perturbation, config: &KineticsConfig) -> Vec<(GeneId, f64)> {
    let level = |direction| match direction {
        Direction::Deletion => 0.0,
        Direction::Overexpression => config.overexpression,
    };
    perturbation.changes().iter().map(|&(gene, direction)| (gene, level(direction))).collect()
}

fn read_cell(truth: &[f64], effects: &[f64], config: &KineticsConfig, generator: &mut ChaCha8Rng) -> Vec<f64> {
    let read = |(truth, effect): (&f64, &f64)| {
        let (noise, lost) = (config.cell_noise * normal(generator), generator.random_bool(config.dropout));
        if lost { 0.0 } else { (truth + effect + noise).max(0.0) }
    };
    truth.iter().zip(effects).map(read).collect()
}

/// `xʰ/(1 + xʰ)`, also for levels whose power is beyond all numbers.
fn hill(level: f64, coefficient: f64) -> f64 {
    1.0 - 1.0 / (1.0 + level.powf(coefficient))
}

/// A draw of mean 0 and variance 1.
///
/// # Reference
/// Box & Muller, Annals of Mathematical Statistics 1958, doi:10.1214/aoms/1177706645.
fn normal(generator: &mut ChaCha8Rng) -> f64 {
    let (radius, angle): (f64, f64) = (1.0 - generator.random::<f64>(), generator.random());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}
