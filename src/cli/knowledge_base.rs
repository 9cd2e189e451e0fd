//! The knowledge base that a subcommand works on, and the rules of a folder named by the user.

use std::collections::BTreeMap;
use std::path::Path;

use aligned::biology::{CitedRegulation, Direction, GeneId, GeneTable, Perturbation};
use aligned::exchange;
use aligned::knowledge::{KnowledgeBase, RdfSyntax, Rules};
use aligned::network::RegulatoryNetwork;
use aligned::symbolic::{BooleanModel, UpdateRules};
use clap::ValueEnum;
use miette::{IntoDiagnostic as _, WrapErr as _};

use super::{files, query};

/// The E. coli core, as it lies in `knowledge/`.
pub const ECOLI_CORE: (&str, &[u8]) = ("ecoli_core.ttl", include_bytes!("../../knowledge/ecoli_core.ttl"));

/// Understands a file that was read; an error names the line and what to mend. A network in a format of others is turned into
/// Turtle in memory first, and what is lost by that is told.
pub fn parse(input: &files::Input, rules: &Rules) -> miette::Result<KnowledgeBase> {
    let name = input.name();
    let in_rdf = |syntax| KnowledgeBase::parse_in(&input.content, &name, syntax, rules.extract()).into_diagnostic();
    let unknown = match RdfSyntax::from_file_name(&name) {
        Ok(syntax) => return in_rdf(syntax),
        Err(error) => error,
    };
    match exchange::Format::of_file(&name, &input.content) {
        Ok(exchange::Format::Rdf(syntax)) => in_rdf(syntax),
        Ok(exchange::Format::Kgx) => Err(miette::miette!(
            "{name} is one of two files of KGX; join them first: aligned convert {} kb.ttl",
            input.path.display()
        )),
        Ok(format) => {
            let read = exchange::read(format, &[exchange::Part { name: &name, content: &input.content }]);
            let read = read.into_diagnostic()?;
            read.notes.iter().for_each(|note| tracing::info!("{name}: {note}"));
            for (lost, count) in read.losses.iter() {
                tracing::warn!("{name}: lost: {}", lost.told(count));
            }
            let turtle = exchange::Format::Rdf(RdfSyntax::Turtle);
            let written =
                exchange::write(turtle, &read.network, &exchange::WriteOptions::default()).into_diagnostic()?;
            let file = format!("{name}.ttl");
            KnowledgeBase::parse_with_rules(&written.content, &file, rules.extract()).into_diagnostic()
        }
        Err(_) => Err(miette::miette!(
            help =
                "`aligned convert` and `aligned import` make a knowledge base of networks and tables in other formats",
            "{unknown}"
        )),
    }
}

/// The network of the regulations and effects of a knowledge base; the gene table may be longer than its own.
pub fn network_of(n_genes: usize, knowledge: &KnowledgeBase) -> RegulatoryNetwork {
    let plain = |cited: &CitedRegulation| cited.regulation;
    RegulatoryNetwork::new(n_genes, knowledge.regulations().iter().map(plain))
        .with_effects(knowledge.effects().iter().map(plain))
}

/// A knowledge base with its network.
pub struct Knowledge {
    /// Genes, regulations, effects and what is cited for them.
    pub base: KnowledgeBase,
    /// Its regulations and effects as a network over the same genes.
    pub network: RegulatoryNetwork,
}

impl Knowledge {
    /// Reads a knowledge base by the extraction rules of `rules`, if given, or the compiled-in ones.
    pub fn load(path: &Path, rules: Option<&Path>) -> miette::Result<Self> {
        let rules = extraction_rules(rules)?;
        let input = files::read(path)?;
        let base = parse(&input, &rules)?;
        let network = network_of(base.genes().len(), &base);
        let (n_genes, n_regulations, n_effects) =
            (network.n_genes(), network.regulations().len(), network.effects().len());
        tracing::info!("{}: {n_genes} genes, {n_regulations} regulations, {n_effects} effects", path.display());
        Ok(Self { base, network })
    }

    /// The genes of the knowledge base.
    pub const fn genes(&self) -> &GeneTable {
        self.base.genes()
    }

    /// The perturbation written as `text`.
    pub fn perturbation(&self, text: &str, default: Direction) -> miette::Result<Perturbation> {
        let parsed = Perturbation::parse(text, default, self.genes()).into_diagnostic();
        parsed.wrap_err_with(|| format!("cannot understand the perturbation `{text}`"))
    }

    /// The gene called `name`.
    pub fn gene(&self, name: &str) -> miette::Result<GeneId> {
        self.genes().resolve(name).into_diagnostic()
    }
}

/// What is done to a gene whose name bears no mark.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DirectionName {
    /// Deleted, knocked out or knocked down.
    Deletion,
    /// Overexpressed or activated.
    Overexpression,
}

impl From<DirectionName> for Direction {
    fn from(name: DirectionName) -> Self {
        match name {
            DirectionName::Deletion => Self::Deletion,
            DirectionName::Overexpression => Self::Overexpression,
        }
    }
}

/// A folder may hold update rules alone.
fn extraction_rules(folder: Option<&Path>) -> miette::Result<Rules> {
    match folder {
        Some(folder) if !bnet_files(folder)?.is_empty() && !folder.join("extract").is_dir() => Ok(Rules::embedded()),
        folder => query::read_rules(folder),
    }
}

/// The compiled-in update rules, with the files of `folder/update` in place of those of the same name; a rule over genes
/// that the knowledge base lacks is left out, and said to be if it is the user's own.
pub fn update_rules(folder: Option<&Path>, genes: &GeneTable) -> miette::Result<UpdateRules> {
    let own = folder.map_or_else(|| Ok(BTreeMap::new()), bnet_files)?;
    let mut rules = UpdateRules::none();
    for (name, text) in UpdateRules::embedded_files().filter(|(name, _)| !own.contains_key(*name)) {
        rules.extend(BooleanModel::parse(text.as_bytes(), name).into_diagnostic()?.rules_known_to(genes).0);
    }
    for input in own.values() {
        let model = BooleanModel::parse(&input.content, &input.name()).into_diagnostic()?;
        let (known, left_out) = model.rules_known_to(genes);
        left_out.iter().for_each(|reason| tracing::warn!("{reason}; the rule is left out"));
        rules.extend(known);
    }
    Ok(rules)
}

fn bnet_files(folder: &Path) -> miette::Result<BTreeMap<String, files::Input>> {
    let folder = folder.join("update");
    if !folder.is_dir() {
        return Ok(BTreeMap::new());
    }
    let cannot_read = || format!("cannot read {}", folder.display());
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).into_diagnostic().wrap_err_with(cannot_read)? {
        let path = entry.into_diagnostic().wrap_err_with(cannot_read)?.path();
        if path.extension().is_some_and(|extension| extension == "bnet") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(name, files::read(&path)?);
        }
    }
    Ok(found)
}
