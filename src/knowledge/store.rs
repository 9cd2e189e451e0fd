//! A knowledge base in memory: its statements, and the genes, regulations and effects read out of them.

use std::thread;

use super::answer::Answer;
use super::nesting;
use super::regulations::{Extracted, Held, extract};
use super::statements::{Statements, evaluation};
use super::unread::unread;
use super::{KnowledgeError, RdfSyntax, Rules, vocab};
use crate::biology::{CitedRegulation, GeneId, GeneTable, Regulation, StatementKind};

/// A knowledge base read from a file, with the file's own text kept for writing it back untouched.
///
/// Genes are in order of their symbols, regulations in order of regulator, target and sign: one for each of these
/// triples, with everything that is cited for it. Both signs between two genes stay two regulations. Effects, which say that
/// perturbing one gene moves another, are kept next to them in the same way.
#[derive(Debug)]
pub struct KnowledgeBase {
    pub(super) file: String,
    pub(super) syntax: RdfSyntax,
    pub(super) content: Vec<u8>,
    pub(super) statements: Statements,
    pub(super) gene_iris: Vec<String>,
    regulations: Held,
    effects: Held,
    genes: GeneTable,
    warnings: Vec<String>,
}

impl KnowledgeBase {
    /// Reads a knowledge base by the compiled-in extraction rules.
    ///
    /// `file_name` tells the format by its extension, and stands in messages.
    ///
    /// # Errors
    /// [`KnowledgeError::UnknownExtension`], [`KnowledgeError::Syntax`] with line and column, or
    /// [`KnowledgeError::NoRegulation`] if the rules find nothing.
    pub fn parse(content: &[u8], file_name: &str) -> Result<Self, KnowledgeError> {
        Self::parse_with_rules(content, file_name, Rules::embedded().extract())
    }

    /// Reads a knowledge base by extraction rules of one's own, pairs of name and SPARQL text.
    ///
    /// # Errors
    /// As [`KnowledgeBase::parse`]; also [`KnowledgeError::Sparql`] and [`KnowledgeError::RuleColumns`] for a rule that
    /// cannot be asked or whose answer means nothing.
    pub fn parse_with_rules(
        content: &[u8],
        file_name: &str,
        extract_rules: &[(String, String)],
    ) -> Result<Self, KnowledgeError> {
        Self::parse_in(content, file_name, RdfSyntax::from_file_name(file_name)?, extract_rules)
    }

    /// The same in a syntax that is known, whatever the name of the file.
    ///
    /// # Errors
    /// As [`KnowledgeBase::parse_with_rules`].
    pub fn parse_in(
        content: &[u8],
        file_name: &str,
        syntax: RdfSyntax,
        extract_rules: &[(String, String)],
    ) -> Result<Self, KnowledgeError> {
        extract_rules.iter().try_for_each(|(name, text)| nesting::check(name, text))?;
        let statements = Statements::parse(content, file_name, syntax)?;
        let Extracted { genes, gene_iris, regulations, effects, mut warnings, stated } =
            extract(&statements, extract_rules)?;
        warnings.extend(unread(&statements, extract_rules));
        if stated == 0 {
            return Err(no_regulation(&statements, file_name, extract_rules, warnings));
        }
        for warning in &warnings {
            tracing::warn!("{file_name}: {warning}");
        }
        let (file, content) = (file_name.to_owned(), content.to_vec());
        Ok(Self { file, syntax, content, statements, gene_iris, regulations, effects, genes, warnings })
    }

    /// The genes, in order of their symbols.
    #[must_use]
    pub const fn genes(&self) -> &GeneTable {
        &self.genes
    }

    /// The regulations in force, sorted by regulator, target and sign.
    #[must_use]
    pub fn regulations(&self) -> &[CitedRegulation] {
        &self.regulations.statements
    }

    /// The effects in force, sorted by regulator, target and sign; their citations are of the same form.
    #[must_use]
    pub fn effects(&self) -> &[CitedRegulation] {
        &self.effects.statements
    }

    /// The regulation with what is cited for it, if the knowledge base holds it.
    #[must_use]
    pub fn find(&self, regulation: Regulation) -> Option<&CitedRegulation> {
        self.regulations.position(regulation).map(|at| &self.regulations.statements[at])
    }

    /// The effect with what is cited for it, if the knowledge base holds it.
    #[must_use]
    pub fn find_effect(&self, effect: Regulation) -> Option<&CitedRegulation> {
        self.effects.position(effect).map(|at| &self.effects.statements[at])
    }

    pub(super) fn holds(&self, kind: StatementKind, statement: Regulation) -> bool {
        self.held(kind).position(statement).is_some()
    }

    /// The file's own resource for a statement, if it has one.
    pub(super) fn own_resource(&self, kind: StatementKind, statement: Regulation) -> Option<&str> {
        let held = self.held(kind);
        held.position(statement).and_then(|at| held.resources[at].as_deref())
    }

    const fn held(&self, kind: StatementKind) -> &Held {
        match kind {
            StatementKind::Regulation => &self.regulations,
            StatementKind::Effect => &self.effects,
        }
    }

    /// What was left out or is doubtful, one sentence for each kind, with the count and the first names.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Number of statements in the file, those with several graphs counted once.
    #[must_use]
    pub fn n_statements(&self) -> usize {
        self.statements.len()
    }

    /// The predicates of the file with the numbers of their statements, most frequent first.
    #[must_use]
    pub fn predicates(&self) -> Vec<(String, usize)> {
        self.statements.predicates()
    }

    /// True if some statement stands in a named graph, which Turtle cannot hold.
    #[must_use]
    pub fn has_named_graphs(&self) -> bool {
        self.statements.has_named_graphs()
    }

    /// The IRI by which the file knows a gene.
    #[must_use]
    pub fn gene_iri(&self, gene: GeneId) -> &str {
        &self.gene_iris[gene.index()]
    }

    /// Answers a question in SPARQL; the prefixes of [`vocab::PREFIXES`] need no declaration.
    ///
    /// # Errors
    /// [`KnowledgeError::Sparql`] if it cannot be understood, [`KnowledgeError::Evaluation`] if it fails on the way.
    pub fn query(&self, sparql: &str) -> Result<Answer, KnowledgeError> {
        let name = "the query";
        nesting::check(name, sparql)?;
        thread::scope(|scope| {
            let answer = || Answer::collect(name, self.statements.ask(name, sparql)?);
            let answering = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, answer);
            let answering = answering.map_err(|error| evaluation(name, &error))?;
            answering.join().map_err(|_| evaluation(name, &"the engine that answers it has failed"))?
        })
    }
}

/// Room for a question of many steps, each of which takes a few calls within one another.
const STACK: usize = 1 << 28;

fn no_regulation(
    statements: &Statements,
    file: &str,
    rules: &[(String, String)],
    warnings: Vec<String>,
) -> KnowledgeError {
    const SHOWN: usize = 8;
    let mut predicates: Vec<_> = statements.predicates();
    let more = predicates.len().saturating_sub(SHOWN);
    predicates.truncate(SHOWN);
    let mut predicates: Vec<_> =
        predicates.into_iter().map(|(iri, count)| format!("{} ({count}×)", vocab::compact(&iri))).collect();
    if predicates.is_empty() {
        predicates.push("no predicate".to_owned());
    }
    if more > 0 {
        predicates.push(format!("and {more} predicates more"));
    }
    KnowledgeError::NoRegulation {
        file: file.to_owned(),
        rules: rules.iter().map(|(name, _)| format!("`{name}`")).collect(),
        statements: statements.len(),
        predicates,
        warnings,
    }
}
