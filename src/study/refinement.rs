//! One refinement from files to files: open, run, write.

use std::io;
use std::path::Path;
use std::time::Instant;

use super::checkpoint::CheckpointWriter;
use super::files;
use super::inputs::input_file;
use super::knowledge_base::{self, Translated, evidence_of, network_of};
use super::memory::peak_memory_bytes;
use super::observations::{Record, observations_for, refuse_wrong_way};
use super::power_check::damaged_copy;
use super::result_folder::{REFINED, ResultFolder};
use super::{Remedy, Settings, StudyError};
use crate::biology::{GeneTable, Regulation, Response};
use crate::datasets::{Dataset, Split};
use crate::evaluation::{Hyperparameter, HyperparameterCurve, choose};
use crate::knowledge::{KnowledgeBase, RdfSyntax, RunInput, RunProvenance};
use crate::network::RegulatoryNetwork;
use crate::pipeline::{self, Checkpoint, Estimate, Materials, Objective, Outcome};
use crate::prediction::External;
use crate::progress::Progress;
use crate::recovery::{Screen, for_screen};
use crate::refinement::RevisionCosts;
use crate::report::{DataSummary, InputFile, Report};

/// Everything that a refinement reads, over one gene table; nothing is computed yet but the split.
///
/// See [the room](crate::study) for an example.
pub struct Study {
    settings: Settings,
    knowledge: KnowledgeBase,
    genes: GeneTable,
    network: RegulatoryNetwork,
    revision_costs: RevisionCosts,
    held_out: Option<RegulatoryNetwork>,
    external: Option<External>,
    dataset: Dataset,
    split: Split,
    screen: Option<Screen>,
    rules: crate::knowledge::Rules,
    record: Record,
    hyperparameter_curves: Vec<HyperparameterCurve>,
    headline: Option<String>,
}

impl Study {
    /// Reads what the settings name. Without a knowledge base the embedded *E. coli* core is taken; without data the embedded
    /// knock-outs, or, if they are of other genes, a simulated screen over the knowledge base itself, as a power check.
    ///
    /// # Errors
    /// [`StudyError`] naming the file and what is wrong with it; [`StudyError::Stopped`] if `progress` is cancelled.
    pub fn open(mut settings: Settings, progress: &dyn Progress) -> Result<Self, StudyError> {
        settings.split = Some(settings.split_plan());
        settings.run.check()?;
        progress.begin("read", 4);
        let mut record = Record::default();
        let rules = knowledge_base::read_rules(settings.rules.as_deref())?;
        let (knowledge, name) = open_knowledge(&settings, &rules, &mut record)?;
        progress.advance(1);
        record.notes.extend(knowledge.warnings().iter().cloned());
        if knowledge.has_named_graphs() {
            let note = format!("{name} holds named graphs; the refined knowledge base is written as {}", REFINED[1]);
            record.notes.push(note);
        }
        let locked = locked_regulations(&settings, &knowledge, &mut record.notes)?;
        let mut genes = knowledge.genes().clone();
        let held_out = match &settings.held_out_kb {
            Some(path) => {
                let input = files::read(path)?;
                let held_out = knowledge_base::parse(&input, &rules)?;
                record.inputs.push(input_file("held-out knowledge base", &input));
                record.notes.extend(held_out.warnings().iter().cloned());
                Some(Translated::new(&held_out, &mut genes))
            }
            None => None,
        };
        progress.advance(1);
        let observed = observations_for(&settings, &knowledge, &mut genes, &mut record, progress)?;
        if let Some((dataset, _)) = observed.as_ref().filter(|_| !settings.accept_wrong_way) {
            refuse_wrong_way(dataset, &genes, TURNED_ROUND)?;
        }
        let network = network_of(genes.len(), &knowledge);
        let mut study = match observed {
            Some((dataset, plan)) => {
                let dataset = dataset.widened(genes.len());
                let split = plan.split(&dataset, settings.run.seed)?;
                Self::of_observations(settings, (knowledge, genes, network, rules), (dataset, split), record)
            }
            None => Self::of_screen(settings, (knowledge, genes, network, rules), &name, record)?,
        };
        progress.advance(1);
        let locked = locked.into_iter().filter(|&regulation| study.network.contains(regulation));
        // Planted faults cite no source: in a power check citations would give them away.
        let weight = if study.screen.is_some() { 0.0 } else { study.settings.run.refinement.evidence_weight };
        study.revision_costs = RevisionCosts::of(study.knowledge.regulations(), weight).with_locked(locked);
        progress.advance(1);
        if progress.is_cancelled() {
            return Err(StudyError::Stopped);
        }
        study.held_out = held_out.map(|translated| translated.network(study.genes.len()));
        study.read_external(progress)?;
        Ok(study)
    }

    fn of_observations(
        settings: Settings,
        (knowledge, genes, network, rules): (KnowledgeBase, GeneTable, RegulatoryNetwork, crate::knowledge::Rules),
        (mut dataset, split): (Dataset, Split),
        record: Record,
    ) -> Self {
        let mut headline = None;
        if settings.permute_perturbations {
            dataset = dataset.permuted(&split.learnt_from(), settings.run.seed);
            headline = Some(PERMUTED.to_owned());
        }
        Self {
            settings,
            knowledge,
            genes,
            network,
            revision_costs: RevisionCosts::default(),
            held_out: None,
            external: None,
            dataset,
            split,
            screen: None,
            rules,
            record,
            hyperparameter_curves: Vec::new(),
            headline,
        }
    }

    /// A copy of the knowledge base with planted faults, and a simulated screen of the original.
    fn of_screen(
        mut settings: Settings,
        (knowledge, genes, network, rules): (KnowledgeBase, GeneTable, RegulatoryNetwork, crate::knowledge::Rules),
        name: &str,
        record: Record,
    ) -> Result<Self, StudyError> {
        if settings.permute_perturbations {
            let reason = "permuted perturbations, as a control, need observed responses";
            return Err(StudyError::refused(reason, Remedy::NameData));
        }
        let run = &settings.run;
        let screen = Screen::simulate(&network, run.depth, run.reading, &settings.screen, run.seed);
        let knowledge = damaged_copy(&knowledge, &screen.damaged)?;
        let split = settings.split_plan().split(&screen.dataset, run.seed)?;
        settings.run.refinement = for_screen(settings.run.refinement);
        // The screen is simulated as the search has it: each walk transmits.
        settings.run.objective = Objective::Mismatch;
        let (network, dataset) = (screen.damaged.clone(), screen.dataset.clone());
        let mut study = Self::of_observations(settings, (knowledge, genes, network, rules), (dataset, split), record);
        study.headline = Some(format!(
            "SIMULATED SCREEN over {name}: a copy of it with planted faults is refined against simulated responses. \
             This is a power check; nothing in this folder is knowledge about biology."
        ));
        study.screen = Some(screen);
        Ok(study)
    }

    fn read_external(&mut self, progress: &dyn Progress) -> Result<(), StudyError> {
        let Some(file) = &self.settings.external else { return Ok(()) };
        if self.screen.is_some() {
            return Err(StudyError::refused("predictions made elsewhere need observed responses", Remedy::NameData));
        }
        let (external, told) = file.read(&self.settings.read, &self.genes, &mut self.record.inputs, progress)?;
        self.record.notes.extend(told.lines().map(|line| line.trim().to_owned()));
        self.external = Some(external);
        Ok(())
    }

    /// The effective settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The files that were read.
    #[must_use]
    pub fn inputs(&self) -> &[InputFile] {
        &self.record.inputs
    }

    /// What a reader must know before anything else, for example that the screen is simulated.
    #[must_use]
    pub fn headline(&self) -> Option<&str> {
        self.headline.as_deref()
    }

    /// Memory and time that a run would take, by a short probe.
    ///
    /// # Errors
    /// As [`Study::refine`].
    pub fn estimate(&self, progress: &dyn Progress) -> Result<Estimate, StudyError> {
        progress.begin("probe", 1);
        let materials = self.materials(&[], &[]);
        Ok(Estimate::of(&materials, &self.settings.run).probed(&materials, &self.settings.run, progress)?)
    }

    /// Chooses settings by cross-validation inside what may be learnt from; the curves are in the report.
    ///
    /// # Errors
    /// [`StudyError::Pipeline`] if there are fewer perturbations than folds; [`StudyError::Stopped`].
    pub fn choose(
        &mut self,
        hyperparameters: &[Hyperparameter],
        folds: usize,
        progress: &dyn Progress,
    ) -> Result<(), StudyError> {
        let part = self.dataset.select(&self.split.learnt_from());
        let chosen = choose(&self.network, &part, hyperparameters, folds, &self.settings.run, progress)?;
        (self.settings.run, self.hyperparameter_curves) = chosen;
        Ok(())
    }

    /// Runs the loop to its end.
    ///
    /// # Errors
    /// [`StudyError::Stopped`] if `progress` is cancelled before there is a result; [`StudyError::Pipeline`] if a setting is
    /// out of range or nothing is left to learn from.
    pub fn refine(self, progress: &dyn Progress) -> Result<RefinedStudy, StudyError> {
        self.refine_from(&Checkpoint::default(), &mut |_| (), progress)
    }

    /// The same from where an earlier run of the same study was stopped; `keep` is given what is finished. See
    /// [`CheckpointWriter`].
    ///
    /// # Errors
    /// As [`Study::refine`].
    pub fn refine_from(
        self,
        from: &Checkpoint,
        keep: &mut dyn FnMut(&Checkpoint),
        progress: &dyn Progress,
    ) -> Result<RefinedStudy, StudyError> {
        let began = Instant::now();
        let evidence = evidence_of(&self.knowledge, self.genes.len());
        let row_labels: Vec<_> = (0..self.dataset.len()).map(|row| self.row_label(row)).collect();
        let materials = self.materials(&evidence, &row_labels);
        let run = &self.settings.run;
        tracing::info!("{}", Estimate::of(&materials, run));
        let mut outcome = pipeline::run_from(&materials, run, from, &mut |done| keep(done), progress)?;
        if let Some(screen) = &self.screen {
            let learnt = self.split.learnt_from();
            outcome.power_check = Some(screen.check(&outcome, &learnt, run.depth, run.reading));
        }
        outcome.timings.push(("loop".to_owned(), began.elapsed().as_secs_f64()));
        let config = self.settings.to_toml()?;
        let mut refined = RefinedStudy { study: self, outcome, config };
        if refined.outcome.iterations.is_empty() {
            refined.study.record.notes.push(NOTHING_SEARCHED.to_owned());
        }
        Ok(refined)
    }

    /// A writer of checkpoints into the folder of the results, for [`Study::refine_from`]: a finished round at once, a running
    /// search at most every this many seconds; 0 writes none.
    ///
    /// # Errors
    /// If the settings cannot be written as TOML, which none of ours should be.
    pub fn checkpoints(&self, folder: &Path, seconds: u64) -> Result<CheckpointWriter, StudyError> {
        CheckpointWriter::new(folder, &self.settings, &self.record.inputs, seconds)
    }

    fn materials<'a>(&'a self, evidence: &'a [u32], row_labels: &'a [String]) -> Materials<'a> {
        Materials {
            network: &self.network,
            evidence,
            revision_costs: Some(&self.revision_costs),
            held_out: self.held_out.as_ref(),
            external: self.external.as_ref(),
            dataset: &self.dataset,
            split: &self.split,
            row_labels,
            genes: &self.genes,
        }
    }

    /// `fur-`, with the name of the experiment behind it where that says more.
    fn row_label(&self, row: usize) -> String {
        let label = self.dataset.perturbations[row].label(&self.genes);
        let name = &self.dataset.names[row];
        let says_more = self.screen.is_none() && *name != label && !label.starts_with(name.as_str());
        if says_more { format!("{label} ({name})") } else { label }
    }

    /// Turtle cannot hold named graphs.
    fn refined_name(&self) -> &'static str {
        REFINED[usize::from(self.knowledge.has_named_graphs())]
    }

    fn data_summary(&self) -> DataSummary {
        let observed = &self.dataset.observed;
        DataSummary {
            perturbations: observed.n_perturbations(),
            genes: self.dataset.measured_genes().len(),
            measured: observed.measured(),
            down: observed.count(Response::Down),
            unchanged: observed.count(Response::Unchanged),
            up: observed.count(Response::Up),
            train: self.split.train.len(),
            validation: self.split.validation.len(),
            test: self.split.test.len(),
        }
    }
}

/// A refinement that was run and not yet written.
pub struct RefinedStudy {
    study: Study,
    outcome: Outcome,
    config: String,
}

impl RefinedStudy {
    /// What the run found.
    #[must_use]
    pub const fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The genes of the outcome.
    #[must_use]
    pub const fn genes(&self) -> &GeneTable {
        &self.study.genes
    }

    /// What is told of it: verdict, tables, pages.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        let Study { genes, record, hyperparameter_curves, headline, settings, .. } = &self.study;
        Report {
            outcome: &self.outcome,
            genes,
            seed: settings.run.seed,
            inputs: record.inputs.clone(),
            headline: headline.clone(),
            config_toml: &self.config,
            tool_version: env!("CARGO_PKG_VERSION"),
            peak_memory_bytes: peak_memory_bytes(),
            data_summary: self.study.data_summary(),
            hyperparameter_curves: hyperparameter_curves.clone(),
            notes: record.notes.clone(),
        }
    }

    /// The name of the refined knowledge base in the folder of results.
    #[must_use]
    pub fn refined_name(&self) -> &'static str {
        self.study.refined_name()
    }

    /// Writes all results into a folder, which must be new, empty, or that of an earlier run.
    ///
    /// # Errors
    /// [`StudyError::Output`] or [`StudyError::File`]; on any error the folder is as it was.
    pub fn write(&self, folder: &Path) -> Result<(), StudyError> {
        self.write_into(ResultFolder::claim(folder)?)
    }

    /// The same for a folder that was claimed before the work began.
    ///
    /// # Errors
    /// As [`RefinedStudy::write`].
    pub fn write_into(&self, output: ResultFolder) -> Result<(), StudyError> {
        self.write_knowledge(&output)?;
        let report = self.report();
        output.write("revisions.tsv", |out| report.write_revisions_tsv(out).map_err(io::Error::other))?;
        if self.outcome.evidence.is_some() {
            output.write("verdicts.tsv", |out| report.write_verdicts_tsv(out).map_err(io::Error::other))?;
        }
        output.write("report.json", |out| report.write_json(out).map_err(io::Error::other))?;
        output.write("report.md", |out| report.write_markdown(out).map_err(io::Error::other))?;
        output.write("report.html", |out| report.write_html(out).map_err(io::Error::other))?;
        output.write("config.toml", |out| out.write_all(self.config.as_bytes()))?;
        Ok(output.publish()?)
    }

    /// Writes the refined knowledge base and reads it back: what is scored is what the file says.
    fn write_knowledge(&self, output: &ResultFolder) -> Result<(), StudyError> {
        let (study, outcome) = (&self.study, &self.outcome);
        let input = |input: &InputFile| RunInput {
            role: input.role.clone(),
            file_name: input.file.clone(),
            sha256: input.sha256.clone(),
        };
        let run = RunProvenance {
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            inputs: study.record.inputs.iter().map(input).collect(),
            config_toml: self.config.clone(),
            seed: study.settings.run.seed,
        };
        let name = study.refined_name();
        let syntax = RdfSyntax::from_file_name(name)?;
        output.write(name, |out| {
            let (revisions, labels) = (&outcome.revisions, &outcome.row_labels);
            let written = study.knowledge.write_refined(&study.genes, revisions, labels, &run, syntax, out);
            written.map_err(io::Error::other)
        })?;
        let written = files::read_own(&output.path(name))?;
        let reread = knowledge_base::parse(&written, &study.rules)
            .map_err(|error| error.during("the refined file cannot be read back"))?;
        let mut genes = study.genes.clone();
        if Translated::new(&reread, &mut genes).network(study.genes.len()) != outcome.refined {
            let reason = "the refined file says something else than the run; this is a fault of the program";
            return Err(StudyError::refused(reason, Remedy::Said));
        }
        Ok(())
    }
}

/// What a run says that was stopped by its time limit before it began to search.
pub const NOTHING_SEARCHED: &str = "the time limit was over before the first search began: nothing was learnt and nothing revised; the refined \
    knowledge base equals the original; give more time";

const TURNED_ROUND: &str = "A knowledge base refined with such data would be turned round, so it is not";

const PERMUTED: &str = "CONTROL: the perturbations that were learnt from are permuted among their experiments. What is found here comes of how \
    often genes respond to anything; nothing in this folder is knowledge about biology.";

/// The knowledge base that the settings name, or the embedded core, and what it is called.
pub(super) fn open_knowledge(
    settings: &Settings,
    rules: &crate::knowledge::Rules,
    record: &mut Record,
) -> Result<(KnowledgeBase, String), StudyError> {
    let input = knowledge_base::read_input(settings.kb.as_deref())?;
    let (role, name) = match &settings.kb {
        Some(path) => ("knowledge base", path.display().to_string()),
        None => ("knowledge base (embedded)", "the embedded E. coli core".to_owned()),
    };
    let knowledge = knowledge_base::parse(&input, rules)?;
    record.inputs.push(input_file(role, &input));
    Ok((knowledge, name))
}

/// What the locked sources state; each pattern must match one, and a note says how much it locks.
fn locked_regulations(
    settings: &Settings,
    knowledge: &KnowledgeBase,
    notes: &mut Vec<String>,
) -> Result<Vec<Regulation>, StudyError> {
    let mut locked = Vec::new();
    for pattern in &settings.lock_sources {
        let stated = knowledge.stated_by(pattern)?;
        let all = knowledge.regulations().len();
        notes.push(format!("{} of {all} regulations are locked: their sources match `{pattern}`", stated.len()));
        locked.extend(stated);
    }
    Ok(locked)
}
