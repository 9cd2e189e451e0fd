//! What a run will take, told before it starts: memory by formula, time by a short probe on the data at hand.

use std::fmt;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{Config, Materials, PipelineError};
use crate::progress::{NoProgress, Progress};
use crate::refinement::{RefinementData, RegulatorPool, TABLE_BYTES, draft, enough_simulations, look_ahead_bytes};
use crate::symbolic::Reading;

/// Bytes of the program itself with its embedded data.
const PROGRAM: u64 = 32 << 20;
/// A probe that took so long is long enough to be scaled up.
const LONG_ENOUGH_SECONDS: f64 = 1.0;
/// Experiments in the first probe; each further one has four times as many.
const FIRST_PROBE: usize = 8;

/// Memory and time that a run is likely to take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Experiments that are learnt from.
    pub measured_rows: usize,
    /// At most this many unlabelled perturbations besides.
    pub predicted_rows: usize,
    /// Genes of the gene table.
    pub genes: usize,
    /// Regulations of the knowledge base.
    pub regulations: usize,
    /// Bytes by what they are for; they are not all held at once, so their sum bounds the peak.
    pub memory: Vec<(String, u64)>,
    /// Seconds of refinement in all rounds, scaled up from a probe; `None` before a probe was made.
    pub refine_seconds: Option<f64>,
}

impl Estimate {
    /// The sizes and the bound of the memory; takes no time.
    ///
    /// ```text
    /// search    2·(8 + c)·r·n      states (2 bytes, by row and by gene), wanted class (1), weight (2) and steps (1) of each
    ///                              entry, with the copy for simulated screens
    /// tables    256 MiB + 8·r·g    look-ups of one screening, in blocks, and the regulators that each row reaches
    /// look-ahead (128·k + 229)·T·n gains of a block of 16 rows by gene and depth, on each of T threads
    /// responses 8·(r + t)·n        observed, predicted, symbolic and aligned responses; as much again with fold changes
    /// predicted 32·(u + t)·n       class probabilities of two predictors, weights of the adaptor
    /// knowledge 2,400·e + 256·n    statements and citations while the file is read (measured on OmniPath), names of genes
    /// neural    4·4·(4·h·n + h·n)  weights, gradients and the two moments of Adam
    /// ```
    /// where `r` are the rows to refine on (measured and unlabelled), `n` genes, `g` possible regulators, `t` held-out rows, `u` unlabelled ones, `e`
    /// regulations, `h` the hidden width, and `c` 1 under the majority reading.
    #[must_use]
    pub fn of(materials: &Materials<'_>, config: &Config) -> Self {
        let Materials { network, dataset, split, .. } = materials;
        let measured_rows = split.train.len() + split.validation.len();
        let predicted_rows = config.unlabelled.min(network.regulators().count());
        let genes = network.n_genes();
        let (rows, wide, held_out) = ((measured_rows + predicted_rows) as u64, genes as u64, split.test.len() as u64);
        let counted = u64::from(matches!(config.reading, Reading::Majority { .. }));
        let copies = if config.refinement.simulations > 0 { 2 } else { 1 };
        let hidden = config.neural.hidden as u64;
        let response_bytes = if dataset.log2fc.is_some() { 16 } else { 8 };
        let tables =
            (8 * config.depth as u64 * rows * wide).min((TABLE_BYTES as u64).max(8 * config.depth as u64 * rows));
        let perturbed: usize = dataset.perturbations.iter().map(|perturbation| perturbation.changes().len()).sum();
        let regulators = match config.refinement.regulators {
            RegulatorPool::Known => (network.regulators().count() + perturbed) as u64,
            RegulatorPool::Any => wide,
        };
        let regulations = network.regulations().len();
        let threads = rayon::current_num_threads() as u64;
        let parts = [
            ("search", copies * ((6 + counted) * rows + 2 * rows.next_multiple_of(64)) * wide),
            ("look-up tables", tables + 8 * rows * regulators.min(wide)),
            ("responses", response_bytes * (dataset.len() as u64 + predicted_rows as u64 + held_out) * wide),
            ("predictions", 32 * (predicted_rows as u64 + held_out) * wide),
            ("knowledge base", 2_400 * regulations as u64 + 256 * wide),
            ("neural predictor", 80 * hidden * wide),
            ("look-ahead", threads * look_ahead_bytes(config.depth) as u64 * wide),
            ("program", PROGRAM),
        ];
        let memory = parts.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
        Self { measured_rows, predicted_rows, genes, regulations, memory, refine_seconds: None }
    }

    /// The bound of the memory in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.memory.iter().map(|(_, bytes)| bytes).sum()
    }

    /// With the time of refinement, scaled up from whole searches over a few experiments, then four times as many, until
    /// a search takes a second or all experiments are in.
    ///
    /// ```text
    /// t = rounds · t_s(r) + S · t_s(m),   t_s(r) = t_probe · (r / r_probe)^p,   p in [1, 1.5]
    /// S = min(simulations, max(3, ⌈1000 / f(m)⌉)),   f(m) = f_probe · (m / r_probe)^q,   q in [0, 1]
    /// ```
    /// where `m` are the measured rows, `r` those with the unlabelled ones, `f` the revisions that a search finds, `S` the
    /// simulated screens that are searched before the q-values are known well enough, and `p` and `q` the growth between
    /// the last two probes. The fit of the predictor is not counted, and a run that settles early takes fewer rounds.
    ///
    /// # Errors
    /// [`PipelineError::Refinement`] if a setting is out of range; [`PipelineError::Cancelled`] if `progress` asks to stop.
    pub fn probed(
        mut self,
        materials: &Materials<'_>,
        config: &Config,
        progress: &dyn Progress,
    ) -> Result<Self, PipelineError> {
        config.check()?;
        let mut learnt = [materials.split.train.as_slice(), &materials.split.validation].concat();
        learnt.sort_unstable();
        let mut probes: Vec<Probe> = Vec::new();
        let mut rows = FIRST_PROBE.min(learnt.len());
        while rows > 0 {
            if progress.is_cancelled() {
                return Err(PipelineError::Cancelled);
            }
            // Evenly over the experiments, so that the probe sees what the whole holds.
            let chosen: Vec<_> = (0..rows).map(|place| learnt[place * learnt.len() / rows]).collect();
            let probe = Probe::take(materials, &chosen, config)?;
            let seconds = probe.seconds;
            probes.push(probe);
            if seconds >= LONG_ENOUGH_SECONDS || rows == learnt.len() {
                break;
            }
            rows = (4 * rows).min(learnt.len());
        }
        let measured = self.measured_rows as f64;
        self.refine_seconds = probes.last().map(|last| {
            let before = &probes[..probes.len() - 1];
            let growth = |of: fn(&Probe) -> f64, low, high| {
                before.last().map_or(low, |former| growth(former, last, of).clamp(low, high))
            };
            let search = |rows: f64| last.seconds * (rows / last.rows).powf(growth(|probe| probe.seconds, 1.0, 1.5));
            let found = last.found * (measured / last.rows).powf(growth(|probe| probe.found, 0.0, 1.0));
            let simulations = config.refinement.simulations.min(enough_simulations(found));
            let all = measured + self.predicted_rows as f64;
            config.rounds as f64 * search(all) + simulations as f64 * search(measured)
        });
        Ok(self)
    }
}

/// A search over some of the experiments.
struct Probe {
    rows: f64,
    seconds: f64,
    /// Revisions found; at least half a one, so that its logarithm is a number.
    found: f64,
}

impl Probe {
    fn take(materials: &Materials<'_>, rows: &[usize], config: &Config) -> Result<Self, PipelineError> {
        let part = materials.dataset.select(rows);
        let data = RefinementData {
            revision_costs: materials.revision_costs,
            ..RefinementData::measured(&part.perturbations, &part.observed)
        };
        let Config { depth, reading, refinement, .. } = config;
        let began = Instant::now();
        let drafted = draft(materials.network, &data, *depth, *reading, refinement, &NoProgress)?;
        let seconds = began.elapsed().as_secs_f64().max(1e-6);
        Ok(Self { rows: rows.len() as f64, seconds, found: (drafted.revisions.len() as f64).max(0.5) })
    }
}

/// Exponent by which a figure grows with the rows from one probe to the next.
fn growth(former: &Probe, last: &Probe, of: fn(&Probe) -> f64) -> f64 {
    (of(last) / of(former)).ln() / (last.rows / former.rows).ln()
}

impl fmt::Display for Estimate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { measured_rows, predicted_rows, genes, regulations, .. } = self;
        writeln!(
            formatter,
            "{measured_rows} experiments to learn from and at most {predicted_rows} unlabelled perturbations, {genes} genes, \
             {regulations} regulations"
        )?;
        write!(formatter, "memory: at most about {}", mebibytes(self.memory_bytes()))?;
        let parts: Vec<_> = self.memory.iter().map(|(name, bytes)| format!("{name} {}", mebibytes(*bytes))).collect();
        writeln!(formatter, " ({})", parts.join(", "))?;
        match self.refine_seconds {
            Some(seconds) => write!(formatter, "refinement: about {seconds:.0} s, besides the fit of the predictor"),
            None => write!(formatter, "time: not probed"),
        }
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.0} MiB", (bytes as f64 / f64::from(1 << 20)).ceil())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, GeneTable, Perturbation, Regulation, ResponseMatrix, Sign};
    use crate::datasets::{Dataset, Split};
    use crate::network::RegulatoryNetwork;

    #[test]
    fn memory_is_what_the_formula_says() {
        let network = RegulatoryNetwork::new(
            1000,
            (0..10).map(|gene| Regulation::new(GeneId::new(gene), GeneId::new(gene + 1), Sign::Activation)),
        );
        let dataset = Dataset::new(
            (0..100).map(|row| row.to_string()).collect(),
            (0..100).map(|row| Perturbation::deletion(GeneId::new(row))).collect(),
            ResponseMatrix::unmeasured(100, 1000),
        );
        let split = Split { train: (0..80).collect(), validation: (80..90).collect(), test: (90..100).collect() };
        let genes = GeneTable::new();
        let materials = Materials {
            revision_costs: None,
            network: &network,
            evidence: &[],
            held_out: None,
            external: None,
            dataset: &dataset,
            split: &split,
            row_labels: &[],
            genes: &genes,
        };
        let estimate = Estimate::of(&materials, &Config::default());
        // 90 measured rows and the 10 regulators: 2·6·100·1000 bytes of search and 2·2·128·1000 by gene,
        // 8·5·100·1000 bytes of tables, and 8·100 for each of 10 regulators and 100 perturbed genes.
        assert_eq!((estimate.measured_rows, estimate.predicted_rows), (90, 10));
        assert_eq!(estimate.memory[0], ("search".to_owned(), 1_712_000));
        assert_eq!(estimate.memory[1], ("look-up tables".to_owned(), 4_088_000));
        assert_eq!(estimate.memory[2], ("responses".to_owned(), 8 * 120 * 1000));
        // Nothing is measured, so a pass takes no time worth telling, but it can be told.
        let probed = estimate.probed(&materials, &Config::default(), &NoProgress).expect("a probe");
        assert!(probed.refine_seconds.is_some_and(|seconds| seconds < 60.0));
        assert!(probed.to_string().contains("refinement: about"));
    }
}
