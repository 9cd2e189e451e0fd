//! One condition of a shape as a question in SPARQL, whose answers are the faults.

use oxigraph::model::Term;
use oxigraph::sparql::QueryResults;

use super::finding::{Found, Severity};
use crate::knowledge::statements::{Statements, evaluation};
use crate::knowledge::{KnowledgeError, vocab};

/// Which resources a shape is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Class(String),
    SubjectsOf(String),
    ObjectsOf(String),
}

/// What must hold of the values of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    MinCount(u64),
    MaxCount(u64),
    /// Filter in SPARQL that is true of a wrong `?value`.
    Wrong(String),
    /// Instances of this class.
    Class(String),
    /// This value must be there, as SPARQL writes it.
    HasValue(String),
}

/// A condition with its shape.
#[derive(Clone, Debug)]
pub(super) struct Constraint {
    pub(super) id: String,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) targets: Vec<Target>,
    /// The predicate, and whether it is followed backwards; `None` for a condition on the resource itself.
    pub(super) path: Option<(String, bool)>,
    pub(super) condition: Condition,
}

impl Constraint {
    /// The question whose answers break the condition, for one target.
    fn question(&self, target: &Target, has_subclasses: bool) -> String {
        let class =
            |class: &str| if has_subclasses { format!("a/rdfs:subClassOf* <{class}>") } else { format!("a <{class}>") };
        let is_once = matches!(target, Target::Class(_)) && !has_subclasses;
        let target = match target {
            Target::Class(iri) => format!("?focus {} .", class(iri)),
            Target::SubjectsOf(predicate) => format!("?focus <{predicate}> ?anything ."),
            Target::ObjectsOf(predicate) => format!("?anything <{predicate}> ?focus ."),
        };
        let path = match &self.path {
            Some((predicate, false)) => format!("?focus <{predicate}> ?value ."),
            Some((predicate, true)) => format!("?value <{predicate}> ?focus ."),
            None => "BIND (?focus AS ?value)".to_owned(),
        };
        // A statement of a class alone names each resource once, and is found by the index without a question of its own.
        let focus = if is_once { target } else { format!("{{ SELECT DISTINCT ?focus WHERE {{ {target} }} }}") };
        match &self.condition {
            Condition::MinCount(1) => {
                format!("SELECT ?focus WHERE {{ {focus} FILTER NOT EXISTS {{ {path} }} }}")
            }
            Condition::MinCount(least) => format!(
                "SELECT ?focus WHERE {{ {focus} OPTIONAL {{ {path} }} }} GROUP BY ?focus HAVING (COUNT(DISTINCT ?value) < {least})"
            ),
            Condition::MaxCount(most) => format!(
                "SELECT ?focus WHERE {{ {focus} {path} }} GROUP BY ?focus HAVING (COUNT(DISTINCT ?value) > {most})"
            ),
            Condition::Wrong(filter) => {
                format!("SELECT DISTINCT ?focus ?value WHERE {{ {focus} {path} FILTER ({filter}) }}")
            }
            Condition::Class(iri) => {
                let class = class(iri);
                format!(
                    "SELECT DISTINCT ?focus ?value WHERE {{ {focus} {path} FILTER NOT EXISTS {{ ?value {class} }} }}"
                )
            }
            Condition::HasValue(value) => {
                format!(
                    "SELECT ?focus WHERE {{ {focus} FILTER NOT EXISTS {{ {path} FILTER (sameTerm(?value, {value})) }} }}"
                )
            }
        }
    }

    pub(super) fn check(&self, statements: &Statements, found: &mut Vec<Found>) -> Result<(), KnowledgeError> {
        let has_subclasses = statements.pairs(&format!("{}subClassOf", vocab::RDFS)).next().is_some();
        let name = format!("the shape `{}`", self.id);
        for target in &self.targets {
            let answer = statements.ask(&name, &self.question(target, has_subclasses))?;
            let QueryResults::Solutions(rows) = answer else { continue };
            for row in rows {
                let row = row.map_err(|error| evaluation(&name, &error))?;
                found.push(self.found(row.get("focus"), row.get("value")));
            }
        }
        Ok(())
    }

    fn found(&self, focus: Option<&Term>, value: Option<&Term>) -> Found {
        let shown = match value {
            Some(Term::NamedNode(node)) => format!(": {}", vocab::compact(node.as_str())),
            Some(other) => format!(": {other}"),
            None => String::new(),
        };
        Found {
            id: self.id.clone(),
            severity: self.severity,
            subject: focus.map(text),
            predicate: self.path.as_ref().filter(|(_, inverse)| !inverse).map(|(predicate, _)| predicate.clone()),
            value: value.map(text),
            message: format!("{}{shown}", self.message),
        }
    }
}

/// An IRI, a text, or the name of a blank node.
fn text(term: &Term) -> String {
    match term {
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::Literal(literal) => literal.value().to_owned(),
        Term::BlankNode(_) => term.to_string(),
    }
}
