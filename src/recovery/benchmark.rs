//! The recovery test over a grid of kinds, levels, readings and seeds: told step by step, stopped and taken up again.

use std::collections::BTreeSet;
use std::io;

use serde::{Deserialize, Serialize};

use super::corruption::FaultKind;
use super::method::{MethodConfig, MethodOutcome, in_table_order};
use super::repair::Method;
use super::scores::RecoveryScores;
use super::trial::{DataKind, Trial, TrialConfig};
use super::{RecoveryError, TrueNetwork};
use crate::progress::{Progress, Quiet};
use crate::recovery::ScreenConfig;
use crate::symbolic::Reading;

/// What is crossed with what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Mixes of fault kinds, each sharing the level evenly.
    pub mixes: Vec<Vec<FaultKind>>,
    /// Levels of corruption, each in `[0, 1]`.
    pub levels: Vec<f64>,
    /// How conflicting walks are read.
    pub readings: Vec<Reading>,
    /// Seeds: of the faults, of a screen, and of a random network.
    pub seeds: Vec<u64>,
    /// Which methods.
    pub methods: Vec<Method>,
}

impl Grid {
    /// Number of rows that it asks for.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.mixes.len() * self.levels.len() * self.readings.len() * self.seeds.len() * self.methods.len()
    }

    /// The same grid with each mix, level, reading, seed and method once.
    #[must_use]
    pub fn distinct(&self) -> Self {
        let mut mixes: Vec<Vec<_>> = Vec::new();
        for mix in &self.mixes {
            let mix: Vec<_> = mix.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
            if !mixes.contains(&mix) {
                mixes.push(mix);
            }
        }
        let mut levels = self.levels.clone();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let mut readings = Vec::new();
        self.readings.iter().for_each(|reading| {
            if !readings.contains(reading) {
                readings.push(*reading);
            }
        });
        let seeds = self.seeds.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        Self { mixes, levels, readings, seeds, methods: in_table_order(&self.methods) }
    }
}

/// What all rows of a benchmark share: rows of other settings cannot stand next to them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchmarkConfig {
    /// Which experiments are made.
    pub data: DataKind,
    /// Size and noise of a screen.
    pub screen: ScreenConfig,
    /// Longest walk that counts, in `1..=64`.
    pub depth: usize,
    /// How the methods are run.
    pub methods: MethodConfig,
}

/// One method on one trial: a row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryRow {
    /// Kinds of fault planted.
    pub kinds: Vec<FaultKind>,
    /// Level of corruption.
    pub level: f64,
    /// How conflicting walks were read.
    pub reading: Reading,
    /// Seed of the trial.
    pub seed: u64,
    /// Genes of the true network.
    pub genes: usize,
    /// Regulations of the true network.
    pub regulations: usize,
    /// Who repaired.
    pub method: Method,
    /// The figures, if the method was run.
    pub scores: Option<RecoveryScores>,
    /// Why it was not run.
    pub not_run: Option<String>,
    /// The most memory that the process held meanwhile, in bytes, if the system tells.
    pub peak_memory_bytes: Option<u64>,
}

impl RecoveryRow {
    /// How conflicting walks were read, in one word.
    #[must_use]
    pub const fn reading_word(&self) -> &'static str {
        match self.reading {
            Reading::Naive => "naive",
            Reading::Nearest => "nearest",
            Reading::Majority { .. } => "majority",
        }
    }

    /// The kinds of fault, parted by `+`, for example `missing+flipped`.
    #[must_use]
    pub fn kinds_word(&self) -> String {
        self.kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join("+")
    }

    fn is_of(&self, trial: &TrialConfig, method: Method) -> bool {
        let same_trial = self.level == trial.level && self.reading == trial.reading && self.seed == trial.seed;
        same_trial && self.kinds == trial.kinds && self.method == method
    }
}

/// Keeps rows as they come, and tells the memory: the world outside of the pipeline.
pub trait Recorder {
    /// A method begins.
    fn begin(&mut self) {}

    /// The most memory held since the method began, in bytes, if the system tells.
    fn peak_memory_bytes(&mut self) -> Option<u64> {
        None
    }

    /// Keeps a finished row, so that a later run need not compute it again.
    ///
    /// # Errors
    /// If it cannot be kept; the benchmark ends there.
    fn keep(&mut self, row: &RecoveryRow) -> io::Result<()>;
}

/// A recorder that forgets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unrecorded;

impl Recorder for Unrecorded {
    fn keep(&mut self, _row: &RecoveryRow) -> io::Result<()> {
        Ok(())
    }
}

/// The rows of a grid, in its order, and whether all of them are there.
#[derive(Clone, Debug, PartialEq)]
pub struct Benchmark {
    /// One row for each point of the grid that was reached.
    pub rows: Vec<RecoveryRow>,
    /// False if the work was cancelled before the end.
    pub finished: bool,
}

/// Runs the recovery test over a grid. Rows found in `done` are taken over and not computed again.
///
/// # Errors
/// [`RecoveryError`] if a setting is out of range, faults find no room, or a row cannot be kept. When `progress` is
/// cancelled, the rows so far are returned; a row cut short is not among them.
pub fn benchmark(
    truth: &TrueNetwork,
    grid: &Grid,
    config: &BenchmarkConfig,
    done: &[RecoveryRow],
    recorder: &mut dyn Recorder,
    progress: &dyn Progress,
) -> Result<Benchmark, RecoveryError> {
    let grid = grid.distinct();
    if grid.rows() == 0 {
        return Err(RecoveryError::EmptyGrid);
    }
    progress.begin("recover", grid.rows() as u64);
    let mut benchmark = Benchmark { rows: Vec::with_capacity(grid.rows()), finished: true };
    for &seed in &grid.seeds {
        let truth = truth.of_seed(seed)?;
        for trial in trials(&grid, config, seed) {
            let known: Vec<_> =
                grid.methods.iter().map(|&method| done.iter().find(|row| row.is_of(&trial, method))).collect();
            let made = if known.iter().all(Option::is_some) { None } else { Some(Trial::new(&truth, &trial)?) };
            for (&method, known) in grid.methods.iter().zip(known) {
                let row = match (known, &made) {
                    (Some(row), _) => row.clone(),
                    (None, None) => continue,
                    (None, Some(made)) => {
                        recorder.begin();
                        // The phases inside of a method would only hide how far the grid is.
                        let outcome = made.run(method, &config.methods.with_seed(seed), &Quiet(progress))?;
                        if progress.is_cancelled() {
                            return Ok(Benchmark { finished: false, ..benchmark });
                        }
                        let row = row(made, method, outcome, recorder.peak_memory_bytes());
                        recorder.keep(&row).map_err(RecoveryError::NotKept)?;
                        row
                    }
                };
                benchmark.rows.push(row);
                progress.advance(1);
            }
        }
    }
    Ok(benchmark)
}

/// The trials of one seed, in the order of the grid.
fn trials(grid: &Grid, config: &BenchmarkConfig, seed: u64) -> Vec<TrialConfig> {
    let mut trials = Vec::new();
    for kinds in &grid.mixes {
        for &level in &grid.levels {
            for &reading in &grid.readings {
                let BenchmarkConfig { data, screen, depth, .. } = *config;
                trials.push(TrialConfig { level, kinds: kinds.clone(), data, screen, depth, reading, seed });
            }
        }
    }
    trials
}

fn row(trial: &Trial<'_>, method: Method, outcome: MethodOutcome, peak_memory_bytes: Option<u64>) -> RecoveryRow {
    let (scores, not_run) = match outcome {
        MethodOutcome::Scored(scores) => (Some(*scores), None),
        MethodOutcome::NotRun(reason) => (None, Some(reason)),
    };
    let TrialConfig { kinds, level, reading, seed, .. } = trial.config.clone();
    let (genes, regulations) = (trial.truth.n_genes(), trial.truth.regulations().len());
    RecoveryRow { kinds, level, reading, seed, genes, regulations, method, scores, not_run, peak_memory_bytes }
}
