//! Errors and warnings of the library, which knows no option, with the option that helps.

use aligned::datasets::{DatasetError, OnTarget};
use aligned::evaluation::EvaluationError;
use aligned::study::files::FileError;
use aligned::study::{OutputError, Remedy, ResumeError, StudyError};
use miette::{IntoDiagnostic as _, Report, miette};

use super::Interrupted;

/// The error as it is shown here.
pub fn told(error: impl Into<StudyError>) -> Report {
    let error = error.into();
    if matches!(error, StudyError::Stopped) {
        return Interrupted.into();
    }
    match help(&error) {
        Some(help) => miette!(help = help, "{error}"),
        None => Err::<(), _>(error).into_diagnostic().err().unwrap_or_else(|| miette!("unknown error")),
    }
}

fn help(error: &StudyError) -> Option<String> {
    let fixed = |help: &str| Some(help.to_owned());
    match error {
        StudyError::Refused { remedy, .. } => remedy_of(*remedy).map(str::to_owned),
        StudyError::Dataset(error) => help_with_data(error),
        StudyError::File(FileError::IsInput { .. })
        | StudyError::Output(OutputError::File(FileError::IsInput { .. })) => fixed("name another place with --out"),
        StudyError::Output(OutputError::Foreign { .. } | OutputError::NotAFolder { .. } | OutputError::Busy { .. }) => {
            fixed("name another folder with --out")
        }
        StudyError::Resume(ResumeError::Nothing { .. } | ResumeError::Damaged { .. } | ResumeError::Other { .. }) => {
            fixed("leave out --resume to start again")
        }
        StudyError::Evaluation(error) => match &**error {
            EvaluationError::NoPredictions { label } => Some(format!("hand them in with --external {label}=FILE")),
            _ => None,
        },
        _ => None,
    }
}

const fn remedy_of(remedy: Remedy) -> Option<&'static str> {
    match remedy {
        Remedy::NameData => Some("name your responses with --data"),
        Remedy::SameNames => Some(
            "use the same organism and the same kind of names in both: a column of symbols or accessions can be named \
             with --gene-column and --perturbation-column",
        ),
        Remedy::SayWhatWasDone => Some("name what was done with --perturbation-sign, or go on with --accept-wrong-way"),
        Remedy::HandInPredictions => Some("hand them in with --external NAME=FILE"),
        Remedy::LetTakePart => Some("add it to --predictors"),
        Remedy::MakeKnowledgeBase => {
            Some("`aligned convert` and `aligned import` make a knowledge base of networks and tables in other formats")
        }
        Remedy::NameColumns => {
            Some("make a knowledge base of it with `aligned import table`, which takes the names of columns")
        }
        Remedy::AnotherFolder => Some("name another folder with --out"),
        _ => None,
    }
}

fn help_with_data(error: &DatasetError) -> Option<String> {
    Some(match error {
        DatasetError::Statistics { several: false, group, .. } => {
            let group =
                group.as_ref().map_or_else(String::new, |group| format!(", or `--perturbation-column {group}`"));
            format!(
                "say which gene was perturbed with `--perturbation GENE-` (deleted) or `--perturbation GENE+` (overexpressed){group}"
            )
        }
        DatasetError::NoGenePerturbed { .. } => "name the column with --perturbation-column".to_owned(),
        DatasetError::TooFewToSplit { remedy, .. } if remedy.contains("regulators") => {
            "use `--splits leave-regulators-out`".to_owned()
        }
        DatasetError::TwicePerturbed { .. } => "leave --perturbation out".to_owned(),
        _ => return None,
    })
}

/// Warnings on the log, each with the option that helps.
pub fn warn_all(warnings: &[String]) {
    warnings.iter().for_each(|warning| warn(warning));
}

/// Warns of perturbed genes that move against what was declared.
pub fn warn_of_own_genes(own: &OnTarget) {
    match own.told() {
        Some(told) if own.is_alarming() => warn_all(&[told]),
        Some(told) => tracing::info!("{told}"),
        None => {}
    }
}

/// A warning on the log, with the option that helps.
pub fn warn(warning: &str) {
    tracing::warn!("{warning}{}", hint(warning));
}

/// The option that helps with a warning of the library, which knows none.
fn hint(warning: &str) -> &'static str {
    if warning.contains("although declared deleted") {
        " (--perturbation-sign overexpression)"
    } else if warning.contains("taken to stand in rows") {
        " (--layout)"
    } else if warning.contains("looks like a p-value") {
        " (--fdr-column)"
    } else if warning.contains("is the response and not") {
        " (--direction-column, if it is not so)"
    } else if warning.contains("controls of all batches") {
        " (--batch-key)"
    } else if warning.contains("the responses that the refinement had") {
        " (--seen FILE, or --part test)"
    } else {
        ""
    }
}
