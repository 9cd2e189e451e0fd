//! The knowledge base that a study works on, and the rules that take the place of those compiled in.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Remedy, StudyError, files};
use crate::biology::{CitedRegulation, GeneTable, Regulation};
use crate::exchange;
use crate::knowledge::{KnowledgeBase, RdfSyntax, Rules};
use crate::network::RegulatoryNetwork;
use crate::symbolic::{BooleanModel, UpdateRules};

/// The *E. coli* core, as it lies in `knowledge/`.
const ECOLI_CORE: (&str, &[u8]) = ("ecoli_core.ttl", include_bytes!("../../knowledge/ecoli_core.ttl"));

/// The file of a knowledge base, or the embedded core without a `path`.
///
/// # Errors
/// As [`files::read`].
pub fn read_input(path: Option<&Path>) -> Result<files::Input, files::FileError> {
    path.map_or_else(|| files::Input::embedded(ECOLI_CORE), files::read)
}

/// Understands a file that was read. A network in another format is turned into Turtle in memory first, and what is lost by
/// that goes to the log.
///
/// # Errors
/// [`StudyError::Knowledge`] or [`StudyError::Exchange`], which name the line; [`StudyError::Refused`] for a format that is not
/// read.
pub fn parse(input: &files::Input, rules: &Rules) -> Result<KnowledgeBase, StudyError> {
    let name = input.name();
    let in_rdf = |syntax| KnowledgeBase::parse_in(&input.content, &name, syntax, rules.extract());
    let unknown = match RdfSyntax::from_file_name(&name) {
        Ok(syntax) => return Ok(in_rdf(syntax)?),
        Err(error) => error,
    };
    match exchange::Format::of_file(&name, &input.content) {
        Ok(exchange::Format::Rdf(syntax)) => Ok(in_rdf(syntax)?),
        Ok(exchange::Format::Kgx) => {
            let path = input.path.display();
            let reason = format!("{name} is one of two files of KGX; join them first: aligned convert {path} kb.ttl");
            Err(StudyError::refused(reason, Remedy::Said))
        }
        Ok(format) => {
            let read = exchange::read(format, &[exchange::Part { name: &name, content: &input.content }])?;
            read.notes.iter().for_each(|note| tracing::info!("{name}: {note}"));
            for (lost, count) in read.losses.iter() {
                tracing::warn!("{name}: lost: {}", lost.told(count));
            }
            let turtle = exchange::Format::Rdf(RdfSyntax::Turtle);
            let written = exchange::write(turtle, &read.network, &exchange::WriteOptions::default())?;
            Ok(KnowledgeBase::parse_with_rules(&written.content, &format!("{name}.ttl"), rules.extract())?)
        }
        Err(_) => Err(StudyError::refused(unknown.to_string(), Remedy::MakeKnowledgeBase)),
    }
}

/// The network of the regulations and effects of a knowledge base; the gene table may be longer than its own.
#[must_use]
pub fn network_of(n_genes: usize, knowledge: &KnowledgeBase) -> RegulatoryNetwork {
    let plain = |cited: &CitedRegulation| cited.regulation;
    RegulatoryNetwork::new(n_genes, knowledge.regulations().iter().map(plain))
        .with_effects(knowledge.effects().iter().map(plain))
}

/// Records cited for the regulations of each gene as a target.
#[must_use]
pub fn evidence_of(knowledge: &KnowledgeBase, n_genes: usize) -> Vec<u32> {
    let mut evidence = vec![0u32; n_genes];
    for cited in knowledge.regulations() {
        let count = &mut evidence[cited.regulation.target.index()];
        *count = count.saturating_add(cited.citation.evidence_count.max(1));
    }
    evidence
}

/// The network of a knowledge base over another gene table, which may still grow.
pub(super) struct Translated {
    regulations: Vec<Regulation>,
    effects: Vec<Regulation>,
}

impl Translated {
    /// The statements of `knowledge` by the genes of `genes`, to which those that it lacks are added.
    pub(super) fn new(knowledge: &KnowledgeBase, genes: &mut GeneTable) -> Self {
        let ids: Vec<_> = knowledge.genes().iter().map(|(_, gene)| genes.intern(&gene.symbol)).collect();
        let translate = |cited: &CitedRegulation| {
            let Regulation { regulator, target, sign } = cited.regulation;
            Regulation::new(ids[regulator.index()], ids[target.index()], sign)
        };
        Self {
            regulations: knowledge.regulations().iter().map(translate).collect(),
            effects: knowledge.effects().iter().map(translate).collect(),
        }
    }

    /// The network over all genes of the table.
    pub(super) fn network(self, n_genes: usize) -> RegulatoryNetwork {
        RegulatoryNetwork::new(n_genes, self.regulations).with_effects(self.effects)
    }
}

/// The compiled-in rules, with those of a folder in place of the ones of the same name. The folder may hold `extract/*.rq`,
/// `query/*.rq` or both.
///
/// # Errors
/// [`StudyError::File`] if it cannot be read, [`StudyError::Refused`] if it holds neither.
pub fn read_rules(folder: Option<&Path>) -> Result<Rules, StudyError> {
    let Some(folder) = folder else { return Ok(Rules::embedded()) };
    let texts = |inner: &str| -> Result<Vec<(String, String)>, StudyError> {
        let paths = files_of(&folder.join(inner), "rq")?;
        let text = |path: &PathBuf| Ok((stem(path), files::read_text(path)?));
        paths.iter().map(text).collect()
    };
    let (extract, query) = (texts("extract")?, texts("query")?);
    if extract.is_empty() && query.is_empty() {
        let shown = folder.display();
        let reason = format!("{shown} holds no rule; put SPARQL into extract/NAME.rq or query/NAME.rq below it");
        return Err(StudyError::refused(reason, Remedy::Said));
    }
    Ok(Rules::replaced(extract, query))
}

/// As [`read_rules`], but the folder may hold update rules alone.
///
/// # Errors
/// As [`read_rules`].
pub fn extraction_rules(folder: Option<&Path>) -> Result<Rules, StudyError> {
    match folder {
        Some(folder) if !folder.join("extract").is_dir() && !files_of(&folder.join("update"), "bnet")?.is_empty() => {
            Ok(Rules::embedded())
        }
        folder => read_rules(folder),
    }
}

/// The compiled-in update rules, with the files of `folder/update` in place of those of the same name. A rule over genes that
/// the knowledge base lacks is left out; the log says so if it is the user's own.
///
/// # Errors
/// [`StudyError::File`] or [`StudyError::Symbolic`], which names the line.
pub fn update_rules(folder: Option<&Path>, genes: &GeneTable) -> Result<UpdateRules, StudyError> {
    let mut own = BTreeMap::new();
    for path in folder.map_or_else(|| Ok(Vec::new()), |folder| files_of(&folder.join("update"), "bnet"))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        own.insert(name, files::read(&path)?);
    }
    let mut rules = UpdateRules::none();
    for (name, text) in UpdateRules::embedded_files().filter(|(name, _)| !own.contains_key(*name)) {
        rules.extend(BooleanModel::parse(text.as_bytes(), name)?.rules_known_to(genes).0);
    }
    for input in own.values() {
        let (known, left_out) = BooleanModel::parse(&input.content, &input.name())?.rules_known_to(genes);
        left_out.iter().for_each(|reason| tracing::warn!("{reason}; the rule is left out"));
        rules.extend(known);
    }
    Ok(rules)
}

/// The files of a folder with an extension, sorted; none if there is no such folder.
fn files_of(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, files::FileError> {
    let unreadable = |cause| files::FileError::Unreadable { path: folder.to_owned(), cause };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let paths = entries.map(|entry| Ok(entry.map_err(unreadable)?.path())).collect::<Result<Vec<_>, _>>()?;
    let mut paths: Vec<_> =
        paths.into_iter().filter(|path| path.extension().is_some_and(|own| own == extension)).collect();
    paths.sort();
    Ok(paths)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
