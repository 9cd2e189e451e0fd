//! The knowledge base that a subcommand works on.

use std::path::Path;

use aligned::biology::{Direction, GeneId, GeneTable, Perturbation};
use aligned::knowledge::KnowledgeBase;
use aligned::network::RegulatoryNetwork;
use aligned::study::knowledge_base::{extraction_rules, network_of, parse, update_rules};
use aligned::symbolic::UpdateRules;
use clap::ValueEnum;
use miette::{IntoDiagnostic as _, Result, WrapErr as _};

use super::files;
use super::hints::told;

/// A knowledge base with its network.
pub struct Knowledge {
    /// Genes, regulations, effects and what is cited for them.
    pub base: KnowledgeBase,
    /// Its regulations and effects as a network over the same genes.
    pub network: RegulatoryNetwork,
}

impl Knowledge {
    /// Reads a knowledge base by the extraction rules of `rules`, if given, or the compiled-in ones.
    pub fn load(path: &Path, rules: Option<&Path>) -> Result<Self> {
        let rules = extraction_rules(rules).map_err(told)?;
        let base = parse(&files::read(path)?, &rules).map_err(told)?;
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
    pub fn perturbation(&self, text: &str, default: Direction) -> Result<Perturbation> {
        perturbation(text, default, self.genes())
    }

    /// The rules by which it is run as a Boolean network; effects have no part in it.
    pub fn boolean_rules(&self, rules: Option<&Path>) -> Result<UpdateRules> {
        let effects = self.network.effects().len();
        if effects > 0 {
            tracing::warn!("a Boolean network is made of regulations alone; the {effects} effects are not used");
        }
        let rules = update_rules(rules, self.genes()).map_err(told)?;
        tracing::info!("{} genes follow a rule of their own", rules.len());
        Ok(rules)
    }

    /// The gene called `name`.
    pub fn gene(&self, name: &str) -> Result<GeneId> {
        self.genes().resolve(name).into_diagnostic()
    }
}

/// The perturbation written as `text`.
pub fn perturbation(text: &str, default: Direction, genes: &GeneTable) -> Result<Perturbation> {
    let parsed = Perturbation::parse(text, default, genes).into_diagnostic();
    parsed.wrap_err_with(|| format!("cannot understand the perturbation `{text}`"))
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
