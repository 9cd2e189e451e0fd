//! The observed responses of a study: read, held against the knowledge base, and refused where they cannot mean what they say.

use std::collections::BTreeSet;
use std::path::Path;

use super::files::{self, Input};
use super::inputs::input_file;
use super::{Remedy, Settings, StudyError};
use crate::biology::{GeneId, GeneTable, Perturbation};
use crate::datasets::{self, Contrast, Dataset, OnTarget, ReadReport, SplitPlan};
use crate::knowledge::KnowledgeBase;
use crate::progress::Progress;
use crate::report::InputFile;

/// The *E. coli* knock-outs, as they lie in `datasets/`.
const ECOLI_KNOCKOUTS: (&str, &[u8]) = ("ecoli_knockouts.csv.gz", datasets::ECOLI_KNOCKOUTS_GZ);

/// What is read for any work on data: the files so far, and remarks on them in sentences.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) inputs: Vec<InputFile>,
    pub(super) notes: Vec<String>,
}

/// A table of responses with what its reader says of it.
pub struct Observations {
    /// The experiments.
    pub dataset: Dataset,
    /// What was read as what.
    pub report: ReadReport,
    /// The files behind them: contrasts, if there are any, and the table.
    pub inputs: Vec<InputFile>,
}

impl Observations {
    /// Reads the data that the settings name, or the embedded ones.
    ///
    /// # Errors
    /// [`StudyError::File`] or [`StudyError::Dataset`].
    pub fn read(settings: &Settings, genes: &mut GeneTable) -> Result<Self, StudyError> {
        let (input, role) = match &settings.data {
            Some(path) => (files::read(path)?, "observations"),
            None => (Input::embedded(ECOLI_KNOCKOUTS)?, "observations (embedded)"),
        };
        let mut inputs = Vec::new();
        let contrasts = match &settings.contrasts {
            Some(path) => Some(read_contrast_table(path, settings, &mut inputs)?),
            None => None,
        };
        let read = datasets::read(&input.content, &input.name(), &settings.read, contrasts.as_deref(), genes);
        let (dataset, report) = read?;
        inputs.push(input_file(role, &input));
        Ok(Self { dataset, report, inputs })
    }
}

fn read_contrast_table(
    path: &Path,
    settings: &Settings,
    inputs: &mut Vec<InputFile>,
) -> Result<Vec<Contrast>, StudyError> {
    let contrasts = files::read(path)?;
    inputs.push(input_file("contrasts", &contrasts));
    Ok(datasets::read_contrasts(&contrasts.content, &contrasts.name(), settings.read.perturbation_sign)?)
}

/// The observations and the plan of their split; `None` if there are none for this knowledge base.
pub(super) fn observations_for(
    settings: &Settings,
    knowledge: &KnowledgeBase,
    genes: &mut GeneTable,
    record: &mut Record,
    progress: &dyn Progress,
) -> Result<Option<(Dataset, SplitPlan)>, StudyError> {
    let mut extended = genes.clone();
    let is_embedded = settings.data.is_none();
    let Observations { dataset, report, inputs } = match Observations::read(settings, &mut extended) {
        // None of the embedded genes is in this knowledge base.
        Err(StudyError::Dataset(_)) if is_embedded => return Ok(None),
        read => read?,
    };
    if is_embedded && !mostly_known(&dataset.perturbations, knowledge, &extended) {
        return Ok(None);
    }
    if !is_embedded && let Some(doubt) = ensure_known(&dataset, knowledge, &extended)? {
        progress.warn(&doubt);
        record.notes.push(format!("WARNING: {doubt}"));
    }
    *genes = extended;
    record.inputs.extend(inputs);
    tracing::info!("{report}");
    report.warnings.iter().for_each(|warning| progress.warn(warning));
    record.notes.extend(report.to_string().lines().map(|line| line.trim().to_owned()));
    record.notes.extend(report.warnings.iter().map(|warning| format!("WARNING: {warning}")));
    let contested = dataset.contested();
    if contested > 0 {
        record.notes.push(format!(
            "{contested} pairs of perturbation and gene are contested: experiments observed different responses; all are kept"
        ));
    }
    let plan = match (&settings.split_file, report.split_plan()) {
        (Some(path), _) => {
            let file = files::read(path)?;
            record.inputs.push(input_file("split", &file));
            let (plan, told) = datasets::read_split(&file.content, &file.name(), &dataset, genes)?;
            record.notes.push(format!(
                "the split assigns {} rows; {} rows are not named by it and not used; {} of its names are not in the data",
                told.assigned_rows,
                told.unassigned_rows.len(),
                told.unmatched.len()
            ));
            plan
        }
        (None, Some(plan)) => plan,
        (None, None) => settings.split_plan(),
    };
    Ok(Some((dataset, plan)))
}

/// Refuses data in which most perturbed genes move against what was declared; `consequence` says what would come of them.
///
/// # Errors
/// [`StudyError::Refused`].
pub fn refuse_wrong_way(dataset: &Dataset, genes: &GeneTable, consequence: &str) -> Result<(), StudyError> {
    let own = OnTarget::of(dataset, genes);
    match own.told() {
        Some(told) if own.contradicts() => {
            Err(StudyError::refused(format!("{told} {consequence}"), Remedy::SayWhatWasDone))
        }
        _ => Ok(()),
    }
}

/// Refuses data of which the knowledge base knows no perturbed gene, or hardly any gene by one measure and the other; a doubt
/// is returned.
fn ensure_known(dataset: &Dataset, knowledge: &KnowledgeBase, genes: &GeneTable) -> Result<Option<String>, StudyError> {
    let in_knowledge = knowledge.genes().len();
    let symbols = |ids: &[GeneId]| ids.iter().map(|&gene| genes.symbol(gene).to_owned()).collect::<Vec<_>>();
    let known = |ids: &[GeneId]| ids.iter().filter(|gene| gene.index() < in_knowledge).count();
    let perturbed: BTreeSet<_> = dataset.perturbations.iter().flat_map(Perturbation::genes).collect();
    let (perturbed, measured) = (perturbed.into_iter().collect::<Vec<_>>(), dataset.measured_genes());
    let kinds = |names: &[String]| datasets::differing_kinds(names.iter().map(String::as_str), knowledge.genes());
    let some = |names: &[String]| names.iter().take(5).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if known(&perturbed) == 0 {
        let names = symbols(&perturbed);
        let (n, examples, kinds) = (names.len(), some(&names), kinds(&names));
        let reason = format!("none of the {n} perturbed genes ({examples}) is in the knowledge base{kinds}");
        return Err(StudyError::refused(reason, Remedy::SameNames));
    }
    let shared = known(&measured);
    if 10 * shared >= measured.len() || 10 * shared >= in_knowledge {
        return Ok(None);
    }
    let names = symbols(&measured);
    let (n, kinds) = (measured.len(), kinds(&names));
    let told =
        format!("only {shared} of the {n} measured genes are in the knowledge base, which holds {in_knowledge}{kinds}");
    // Few genes of the right organism do not make it the wrong one.
    if 2 * known(&perturbed) < perturbed.len() {
        return Err(StudyError::refused(told, Remedy::SameNames));
    }
    Ok(Some(told))
}

/// True if most perturbed genes stand in the knowledge base by their very symbol.
fn mostly_known(perturbations: &[Perturbation], knowledge: &KnowledgeBase, genes: &GeneTable) -> bool {
    let perturbed: BTreeSet<_> = perturbations.iter().flat_map(Perturbation::genes).collect();
    let known = perturbed.iter().filter(|&&gene| knowledge.genes().id(genes.symbol(gene)).is_some()).count();
    2 * known >= perturbed.len()
}
