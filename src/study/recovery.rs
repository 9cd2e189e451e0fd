//! The recovery test: planted faults found again on simulated experiments, or hidden regulations on real ones.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files;
use super::inputs::input_file;
use super::knowledge_base::{self, network_of};
use super::memory::peak_memory_bytes;
use super::observations::{Observations, refuse_wrong_way};
use super::result_log::{ResultLog, program_hash};
use super::{Remedy, Settings, StudyError};
use crate::biology::{GeneTable, Regulation};
use crate::knowledge::import::claims::{self, ClaimColumns};
use crate::network::RegulatoryNetwork;
use crate::pipeline::PipelineError;
use crate::progress::Progress;
use crate::recovery::{
    BenchmarkConfig, Grid, RealConfig, RealScreen, RealTrial, RealTruth, Recorder, RecoveryError, RecoveryRow,
    TrueNetwork, benchmark,
};
use crate::report::{InputFile, RealRecoveryReport, RecoveryReport};

const LOG: &str = "rows.jsonl";

/// What a recovery test on simulated experiments is asked.
#[derive(Clone, Debug)]
pub struct RecoveryRequest {
    /// The true network.
    pub truth: TrueNetwork,
    /// Where it comes from, in words.
    pub told: String,
    /// The files behind it.
    pub inputs: Vec<InputFile>,
    /// What is crossed with what.
    pub grid: Grid,
    /// What all rows share.
    pub config: BenchmarkConfig,
    /// Folder for the results; finished rows found there are not computed again.
    pub folder: PathBuf,
}

/// The first line of the log: rows of anything else cannot stand next to these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    program: String,
    network: String,
    inputs: Vec<String>,
    config: BenchmarkConfig,
}

/// The log, with the memory of each row.
struct Rows(ResultLog<RecoveryRow>);

impl Recorder for Rows {
    fn begin(&mut self) {
        // Lets the system forget the peak of the method before; where it cannot, the peak is that of the whole run.
        let _ = fs::write("/proc/self/clear_refs", "5");
    }

    fn peak_memory_bytes(&mut self) -> Option<u64> {
        peak_memory_bytes()
    }

    fn keep(&mut self, row: &RecoveryRow) -> io::Result<()> {
        self.0.keep(row)
    }
}

/// A recovery test that was run and written.
pub struct Recovered {
    request: RecoveryRequest,
    rows: Vec<RecoveryRow>,
    finished: bool,
}

/// The network of a knowledge base, or of the embedded core, and its file.
///
/// # Errors
/// [`StudyError`] naming the file and line.
pub fn read_network(path: Option<&Path>, rules: Option<&Path>) -> Result<(RegulatoryNetwork, InputFile), StudyError> {
    let input = knowledge_base::read_input(path)?;
    let base = knowledge_base::parse(&input, &knowledge_base::read_rules(rules)?)?;
    Ok((network_of(base.genes().len(), &base), input_file("knowledge base", &input)))
}

/// Damages the true network, makes experiments on the undamaged one, and says what each method finds again. The results are
/// written into the folder of the request.
///
/// # Errors
/// [`StudyError::Recovery`] if the grid does not fit the network, [`StudyError::Output`]. A stop is not an error:
/// [`Recovered::finished`] is false then.
pub fn recover(request: RecoveryRequest, progress: &dyn Progress) -> Result<Recovered, StudyError> {
    const FILES: [&str; 4] = ["recover.csv", "recover.json", "recover.svg", "recover.md"];
    let header = Header {
        program: program_hash()?,
        network: request.told.clone(),
        inputs: request.inputs.iter().map(|input| input.sha256.clone()).collect(),
        config: request.config,
    };
    let mut log = ResultLog::open(&request.folder, LOG, &FILES, &header)?;
    let done = std::mem::take(&mut log.done);
    let outcome = benchmark(&request.truth, &request.grid, &request.config, &done, &mut Rows(log), progress)?;
    let recovered = Recovered { rows: outcome.rows, finished: outcome.finished, request };
    recovered.write()?;
    Ok(recovered)
}

impl Recovered {
    /// False if the work was stopped before the last row.
    #[must_use]
    pub const fn finished(&self) -> bool {
        self.finished
    }

    /// What is told of it.
    #[must_use]
    pub fn report(&self) -> RecoveryReport<'_> {
        RecoveryReport {
            tool_version: env!("CARGO_PKG_VERSION"),
            network: self.request.told.clone(),
            inputs: self.request.inputs.clone(),
            grid: self.request.grid.distinct(),
            config: self.request.config,
            finished: self.finished,
            rows: &self.rows,
        }
    }

    fn write(&self) -> Result<(), files::FileError> {
        let (report, folder) = (self.report(), &self.request.folder);
        files::write(&folder.join("recover.csv"), |out| report.write_csv(out).map_err(io::Error::from))?;
        files::write(&folder.join("recover.json"), |out| report.write_json(out).map_err(io::Error::from))?;
        files::write(&folder.join("recover.svg"), |out| report.write_svg(out).map_err(io::Error::from))?;
        files::write(&folder.join("recover.md"), |out| report.write_markdown(out).map_err(io::Error::from))
    }
}

/// What a recovery test on real responses is asked, besides settings that name knowledge base and data.
#[derive(Clone, Debug)]
pub struct HiddenRequest {
    /// Share of the testable regulations that are hidden, and of the remaining ones whose sign is flipped, in `[0, 1]`.
    pub shares: (f64, f64),
    /// Seeds, one trial each.
    pub seeds: Vec<u64>,
    /// Folder for the results; finished trials found there are not computed again.
    pub folder: PathBuf,
}

/// The first line of the log: seeds of anything else cannot stand next to these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct HiddenHeader {
    program: String,
    inputs: Vec<String>,
    config: RealConfig,
}

/// A recovery test on real responses that was run and written.
pub struct HiddenRecovered {
    told: String,
    inputs: Vec<InputFile>,
    truth: RealTruth,
    config: RealConfig,
    notes: Vec<String>,
    trials: Vec<RealTrial>,
    finished: bool,
}

/// Hides known regulations and looks for them in the real responses of the settings.
///
/// # Errors
/// [`StudyError`] naming the file and what is wrong with it. A stop is not an error: [`HiddenRecovered::finished`] is false
/// then.
pub fn recover_hidden(
    settings: &Settings,
    request: &HiddenRequest,
    progress: &dyn Progress,
) -> Result<HiddenRecovered, StudyError> {
    const FILES: [&str; 3] = ["recover.tsv", "recover.json", "recover.md"];
    settings.run.check()?;
    let (hide, flip) = request.shares;
    let config = RealConfig { hide, flip, run: settings.run.clone() };
    let mut genes = GeneTable::new();
    let (mut inputs, mut notes) = (Vec::new(), Vec::new());
    let (truth, told) = true_network(settings, &mut genes, &mut inputs, &mut notes)?;
    let observations = Observations::read(settings, &mut genes)?;
    inputs.extend(observations.inputs);
    observations.report.warnings.iter().for_each(|warning| progress.warn(warning));
    notes.extend(observations.report.to_string().lines().map(|line| line.trim().to_owned()));
    let dataset = observations.dataset.widened(genes.len());
    if !settings.accept_wrong_way {
        refuse_wrong_way(&dataset, &genes, "Every sign found in such data would be turned round")?;
    }
    let truth = RegulatoryNetwork::new(genes.len(), truth.regulations().iter().copied())
        .with_effects(truth.effects().iter().copied());
    let screen = RealScreen::new(&truth, &dataset, &genes)?;
    let header = HiddenHeader {
        program: program_hash()?,
        inputs: inputs.iter().map(|input| input.sha256.clone()).collect(),
        config: config.clone(),
    };
    let mut log: ResultLog<RealTrial> = ResultLog::open(&request.folder, LOG, &FILES, &header)?;
    let done = std::mem::take(&mut log.done);
    let mut trials = Vec::new();
    let mut finished = true;
    for &seed in &request.seeds {
        if let Some(trial) = done.iter().find(|trial| trial.seed == seed) {
            trials.push(trial.clone());
            continue;
        }
        match screen.trial(&config, seed, progress) {
            Err(RecoveryError::Pipeline(error)) if matches!(*error, PipelineError::Cancelled) => finished = false,
            Err(error) => return Err(error.into()),
            Ok(_) if progress.is_cancelled() => finished = false,
            Ok(trial) => {
                log.keep(&trial).map_err(RecoveryError::NotKept)?;
                trials.push(trial);
            }
        }
        if !finished {
            break;
        }
    }
    let recovered = HiddenRecovered { told, inputs, truth: screen.summary(), config, notes, trials, finished };
    recovered.write(&request.folder)?;
    Ok(recovered)
}

impl HiddenRecovered {
    /// False if the work was stopped before the last seed.
    #[must_use]
    pub const fn finished(&self) -> bool {
        self.finished
    }

    /// What is told of it.
    #[must_use]
    pub fn report(&self) -> RealRecoveryReport<'_> {
        RealRecoveryReport {
            tool_version: env!("CARGO_PKG_VERSION"),
            network: self.told.clone(),
            inputs: self.inputs.clone(),
            truth: self.truth,
            config: &self.config,
            finished: self.finished,
            notes: self.notes.clone(),
            trials: &self.trials,
        }
    }

    fn write(&self, folder: &Path) -> Result<(), files::FileError> {
        let report = self.report();
        files::write(&folder.join("recover.tsv"), |out| report.write_tsv(out).map_err(io::Error::from))?;
        files::write(&folder.join("recover.json"), |out| report.write_json(out).map_err(io::Error::from))?;
        files::write(&folder.join("recover.md"), |out| report.write_markdown(out).map_err(io::Error::from))
    }
}

/// The true network over `genes`, to which its genes are added, and where it comes from: a knowledge base, or a table of signed
/// regulations.
fn true_network(
    settings: &Settings,
    genes: &mut GeneTable,
    inputs: &mut Vec<InputFile>,
    notes: &mut Vec<String>,
) -> Result<(RegulatoryNetwork, String), StudyError> {
    let input = knowledge_base::read_input(settings.kb.as_deref())?;
    inputs.push(input_file("knowledge base", &input));
    let name = input.name();
    let file = Path::new(&name).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    if [".ttl", ".nq", ".nt"].iter().any(|end| name.ends_with(end)) {
        let base = knowledge_base::parse(&input, &knowledge_base::read_rules(settings.rules.as_deref())?)?;
        *genes = base.genes().clone();
        notes.extend(base.warnings().iter().cloned());
        return Ok((network_of(genes.len(), &base), file));
    }
    let list = claims::read(&input.content, &name, &ClaimColumns::default())
        .map_err(|error| StudyError::refused(error.to_string(), Remedy::NameColumns))?;
    notes.extend(list.notes);
    let unsigned = list.claims.iter().filter(|claim| claim.sign.is_none()).count();
    if unsigned > 0 {
        notes.push(format!("{unsigned} rows without a sign are left out"));
    }
    let signed = list.claims.iter().filter_map(|claim| {
        Some(Regulation::new(genes.intern(&claim.regulator), genes.intern(&claim.target), claim.sign?))
    });
    let regulations: Vec<_> = signed.collect();
    Ok((RegulatoryNetwork::new(genes.len(), regulations), file))
}
