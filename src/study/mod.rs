//! A study from files to files: what every door does, the command line among them.
//!
//! Start at [`Study`]: open, run, write.
//!
//! ```
//! use aligned::progress::NoProgress;
//! use aligned::study::{Settings, Study};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut settings = Settings::default();
//! settings.run.rounds = 1;
//! # let folder = tempfile::TempDir::new()?;
//! # let folder = folder.path().join("results");
//! let refined = Study::open(settings, &NoProgress)?.refine(&NoProgress)?;
//! refined.write(&folder)?;
//! assert!(folder.join("refined.ttl").is_file());
//! # Ok(())
//! # }
//! ```
//!
//! [`compare`] sets predictors side by side on held-out experiments, [`evaluate`] scores knowledge bases on data, [`recover`] looks for
//! planted faults and [`recover_hidden`] for hidden regulations, [`diagnose`] asks whether a screen has enough cells. [`Settings`] are
//! those of `aligned.toml`. This room opens the files, keeps checkpoints and results, and moves finished results into their folder; what
//! is shown on a terminal is left to the door.

mod checkpoint;
mod comparison;
mod diagnosis;
mod error;
mod evaluation;
pub mod files;
mod inputs;
mod kept_predictions;
pub mod knowledge_base;
pub mod memory;
mod observations;
mod power_check;
mod predictions;
mod recovery;
mod refinement;
mod result_folder;
mod result_log;
mod settings;

pub use checkpoint::CheckpointWriter;
pub use comparison::{Compared, ComparisonRequest, ScoredSplit, compare};
pub use diagnosis::{Diagnosed, DiagnosisRequest, diagnose};
pub use error::{Remedy, ResumeError, StudyError};
pub use evaluation::{Evaluated, EvaluationRequest, evaluate};
pub use inputs::{input_file, named_input};
pub use observations::{Observations, refuse_wrong_way};
pub use predictions::NamedPredictions;
pub use recovery::{HiddenRecovered, HiddenRequest, Recovered, RecoveryRequest, read_network, recover, recover_hidden};
pub use refinement::{NOTHING_SEARCHED, RefinedStudy, Study};
pub use result_folder::{OutputError, ResultFolder};
pub use settings::{LOCAL_FILE, Settings};
