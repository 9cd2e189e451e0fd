//! What a study is asked to do: the configuration file, which a door may override.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{NamedPredictions, Remedy, StudyError, files};
use crate::datasets::{ReadOptions, SplitPlan, SplitScheme};
use crate::pipeline::Config;
use crate::recovery::ScreenConfig;

/// The configuration file of `aligned refine`; every field may be left out. Paths are taken from the working folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Knowledge base in RDF.
    pub kb: Option<PathBuf>,
    /// Table of observed responses.
    pub data: Option<PathBuf>,
    /// Explanation of the columns of a wide table.
    pub contrasts: Option<PathBuf>,
    /// Knowledge base for scores alone.
    pub held_out_kb: Option<PathBuf>,
    /// Parts of the data, made beforehand.
    pub split_file: Option<PathBuf>,
    /// Folder of rules that replace those compiled in.
    pub rules: Option<PathBuf>,
    /// Regular expressions over sources; what a matching source states is never revised.
    pub lock_sources: Vec<String>,
    /// Whether the perturbations that are learnt from are permuted, as a control.
    pub permute_perturbations: bool,
    /// Whether data are taken in which most perturbed genes move against what was declared.
    pub accept_wrong_way: bool,
    /// What the loop computes.
    pub run: Config,
    /// Predictions made elsewhere, in place of a predictor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<NamedPredictions>,
    /// How the data are split; if nothing is said, see [`Self::split_plan`].
    pub split: Option<SplitPlan>,
    /// How the table is read.
    pub read: ReadOptions,
    /// The simulated screen, where there are no data.
    pub screen: ScreenConfig,
}

/// Configuration read from the working folder if none is named.
pub const LOCAL_FILE: &str = "aligned.toml";

impl Settings {
    /// Reads the named file, or `aligned.toml` in the working folder, or takes the defaults.
    ///
    /// # Errors
    /// If the file cannot be read or a field is unknown or of the wrong type; the message names the line.
    pub fn read(named: Option<&Path>) -> Result<Self, StudyError> {
        let local = Path::new(LOCAL_FILE);
        let path = match named {
            Some(path) => path,
            None if local.is_file() => local,
            None => return Ok(Self::default()),
        };
        let text = files::read_text(path)?;
        let unclear = |error| StudyError::from(error).during(format!("cannot understand {}", path.display()));
        let mut settings: Self = toml::from_str(&text).map_err(unclear)?;
        settings.run = settings.run.clone().with_seed(settings.run.seed);
        Ok(settings)
    }

    /// How the data are split. If nothing is said: regulators are held out; of the embedded data other conditions of the
    /// same regulators are, which is what a refined knowledge base is asked first.
    pub fn split_plan(&self) -> SplitPlan {
        let embedded = self.kb.is_none() && self.data.is_none();
        let unsaid = || match SplitPlan::default() {
            plan if embedded => SplitPlan { scheme: SplitScheme::LeaveContrastsOut { fraction: 1.0 }, ..plan },
            plan => plan,
        };
        self.split.clone().unwrap_or_else(unsaid)
    }

    /// The effective settings as TOML.
    ///
    /// # Errors
    /// If a value cannot be written as TOML, which none of ours should be.
    pub fn to_toml(&self) -> Result<String, StudyError> {
        let unwritable = |error: toml::ser::Error| StudyError::refused(error.to_string(), Remedy::Said);
        toml::to_string_pretty(self).map_err(unwritable)
    }
}
