//! Shapes read from SHACL: node shapes with targets, property shapes with the conditions that are checked here.

use oxigraph::model::{NamedNode, Term};

use super::constraint::{Condition, Constraint, Target};
use super::error::ShapesError;
use super::finding::{Found, Severity};
use crate::knowledge::statements::Statements;
use crate::knowledge::{KnowledgeError, RdfSyntax, vocab};

const SH: &str = "http://www.w3.org/ns/shacl#";
const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

/// What is understood of SHACL, beside `sh:property`, `sh:path` and targets.
const CONDITIONS: [&str; 14] = [
    "minCount",
    "maxCount",
    "datatype",
    "nodeKind",
    "class",
    "in",
    "pattern",
    "minLength",
    "maxLength",
    "minInclusive",
    "maxInclusive",
    "minExclusive",
    "maxExclusive",
    "hasValue",
];

/// Words that say nothing to check.
const SILENT: [&str; 7] = ["flags", "message", "severity", "name", "description", "order", "group"];

/// Conditions on the statements of a knowledge base.
#[derive(Clone, Debug)]
pub struct Shapes {
    constraints: Vec<Constraint>,
}

impl Shapes {
    /// Those of `knowledge/shapes.ttl`, compiled in.
    #[must_use]
    pub fn embedded() -> Self {
        let text = include_bytes!("../../../knowledge/shapes.ttl");
        Self::parse(text, "shapes.ttl", RdfSyntax::Turtle)
            .expect("the shapes of this project are sound, as its tests say")
    }

    /// Shapes of one's own. A finding is named by the last part of the IRI of its property shape.
    ///
    /// # Errors
    /// [`ShapesError`] for a file that cannot be read or holds no shape, and for a condition that is not checked here.
    pub fn parse(content: &[u8], file: &str, syntax: RdfSyntax) -> Result<Self, ShapesError> {
        let statements = Statements::parse(content, file, syntax)?;
        let reader = Reader { statements: &statements, file };
        let mut constraints = Vec::new();
        for shape in reader.node_shapes() {
            let targets = reader.targets(&shape);
            if targets.is_empty() {
                return Err(reader.wrong(
                    &shape,
                    "has no target; give it sh:targetClass, sh:targetSubjectsOf or sh:targetObjectsOf",
                ));
            }
            reader.add(&shape, &targets, None, &mut constraints)?;
            for property in reader.all(&shape, "property") {
                let path = reader.path(property)?;
                reader.add(property, &targets, Some(path), &mut constraints)?;
            }
        }
        if constraints.is_empty() { Err(ShapesError::None { file: file.to_owned() }) } else { Ok(Self { constraints }) }
    }

    /// Names of the checks, sorted.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<_> = self.constraints.iter().map(|constraint| constraint.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(super) fn check(&self, statements: &Statements) -> Result<Vec<Found>, KnowledgeError> {
        let mut found = Vec::new();
        self.constraints.iter().try_for_each(|constraint| constraint.check(statements, &mut found))?;
        Ok(found)
    }
}

struct Reader<'a> {
    statements: &'a Statements,
    file: &'a str,
}

impl<'a> Reader<'a> {
    fn node_shapes(&self) -> Vec<Term> {
        let class = Term::from(NamedNode::new_unchecked(format!("{SH}NodeShape")));
        let typed = self.statements.pairs(vocab::RDF_TYPE).filter(|(_, object)| **object == class);
        let mut shapes: Vec<Term> = typed.map(|(subject, _)| subject.clone()).collect();
        shapes.sort_by_key(ToString::to_string);
        shapes
    }

    /// The values of a word of SHACL, sorted.
    fn all(&self, shape: &Term, word: &str) -> Vec<&'a Term> {
        let predicate = format!("{SH}{word}");
        let id = self.statements.id(shape);
        let mut values: Vec<_> = id.map(|id| self.statements.objects(id, &predicate).collect()).unwrap_or_default();
        values.sort_by_key(|term| term.to_string());
        values
    }

    fn targets(&self, shape: &Term) -> Vec<Target> {
        let of = |word: &str, target: fn(String) -> Target| {
            self.all(shape, word).into_iter().filter_map(iri).map(target).collect::<Vec<_>>()
        };
        let mut targets = of("targetClass", Target::Class);
        targets.extend(of("targetSubjectsOf", Target::SubjectsOf));
        targets.extend(of("targetObjectsOf", Target::ObjectsOf));
        targets
    }

    fn path(&self, property: &Term) -> Result<(String, bool), ShapesError> {
        let paths = self.all(property, "path");
        let [path] = paths.as_slice() else { return Err(self.wrong(property, "needs one sh:path")) };
        if let Some(predicate) = iri(path) {
            return Ok((predicate, false));
        }
        let inverse = self.all(path, "inversePath").first().and_then(|path| iri(path));
        let refused =
            || self.wrong(property, "has a path that is not checked here; take one predicate, or its sh:inversePath");
        inverse.map(|predicate| (predicate, true)).ok_or_else(refused)
    }

    fn add(
        &self,
        shape: &Term,
        targets: &[Target],
        path: Option<(String, bool)>,
        constraints: &mut Vec<Constraint>,
    ) -> Result<(), ShapesError> {
        self.check_words(shape)?;
        let severity = self.severity(shape)?;
        let id = iri(shape).map_or_else(|| "shape".to_owned(), |iri| vocab::last_segment(&iri));
        let messages = self.all(shape, "message");
        for word in CONDITIONS {
            for value in self.all(shape, word) {
                let condition = self.condition(shape, word, value)?;
                let message = match messages.first() {
                    Some(Term::Literal(message)) => message.value().to_owned(),
                    _ => format!("breaks sh:{word}"),
                };
                let (id, targets, path) = (id.clone(), targets.to_vec(), path.clone());
                constraints.push(Constraint { id, severity, message, targets, path, condition });
            }
        }
        Ok(())
    }

    fn check_words(&self, shape: &Term) -> Result<(), ShapesError> {
        const STRUCTURE: [&str; 5] = ["property", "path", "targetClass", "targetSubjectsOf", "targetObjectsOf"];
        for (predicate, _) in self.statements.predicates() {
            let Some(word) = predicate.strip_prefix(SH) else { continue };
            let known = CONDITIONS.contains(&word) || SILENT.contains(&word) || STRUCTURE.contains(&word);
            if !known && !self.all(shape, word).is_empty() {
                let known = CONDITIONS.map(|word| format!("sh:{word}")).join(", ");
                return Err(
                    self.wrong(shape, &format!("uses sh:{word}, which is not checked here; these are: {known}"))
                );
            }
        }
        Ok(())
    }

    fn severity(&self, shape: &Term) -> Result<Severity, ShapesError> {
        match self.all(shape, "severity").first().and_then(|term| iri(term)) {
            None => Ok(Severity::Error),
            Some(iri) => match iri.strip_prefix(SH) {
                Some("Violation") => Ok(Severity::Error),
                Some("Warning") => Ok(Severity::Warning),
                Some("Info") => Ok(Severity::Note),
                _ => Err(self.wrong(shape, "has a severity that is none of sh:Violation, sh:Warning and sh:Info")),
            },
        }
    }

    fn condition(&self, shape: &Term, word: &str, value: &Term) -> Result<Condition, ShapesError> {
        let number = || match value {
            Term::Literal(literal) => literal.value().parse::<u64>().ok(),
            _ => None,
        };
        let number = || number().ok_or_else(|| self.wrong(shape, &format!("needs a whole number behind sh:{word}")));
        let named = || iri(value).ok_or_else(|| self.wrong(shape, &format!("needs an IRI behind sh:{word}")));
        let beyond = |comparison: &str| Condition::Wrong(format!("!COALESCE(?value {comparison} {value}, false)"));
        let as_text = "(isLiteral(?value) || isIRI(?value))";
        Ok(match word {
            "minCount" => Condition::MinCount(number()?),
            "maxCount" => Condition::MaxCount(number()?),
            "class" => Condition::Class(named()?),
            "hasValue" => Condition::HasValue(value.to_string()),
            "datatype" => Condition::Wrong(wrong_datatype(&named()?)),
            "nodeKind" => {
                Condition::Wrong(wrong_kind(&named()?).ok_or_else(|| self.wrong(shape, "has an unknown sh:nodeKind"))?)
            }
            "in" => {
                let members: Vec<_> =
                    self.list(shape, value)?.iter().map(|term| format!("sameTerm(?value, {term})")).collect();
                Condition::Wrong(format!(
                    "!({})",
                    if members.is_empty() { "false".to_owned() } else { members.join(" || ") }
                ))
            }
            "pattern" => {
                let flags = self.all(shape, "flags").first().map(|flags| format!(", {flags}")).unwrap_or_default();
                Condition::Wrong(format!("!({as_text} && regex(str(?value), {value}{flags}))"))
            }
            "minLength" => Condition::Wrong(format!("!({as_text} && strlen(str(?value)) >= {})", number()?)),
            "maxLength" => Condition::Wrong(format!("!({as_text} && strlen(str(?value)) <= {})", number()?)),
            "minInclusive" => beyond(">="),
            "maxInclusive" => beyond("<="),
            "minExclusive" => beyond(">"),
            _ => beyond("<"),
        })
    }

    fn list(&self, shape: &Term, head: &Term) -> Result<Vec<&'a Term>, ShapesError> {
        let mut members = Vec::new();
        let mut at = self.statements.id(head);
        let of = |node: u32, word: &str| self.statements.objects(node, &format!("{RDF}{word}")).next();
        while let Some(node) = at {
            let Some(first) = of(node, "first") else { break };
            members.push(first);
            if members.len() > self.statements.len() {
                return Err(self.wrong(shape, "has a list that leads back into itself"));
            }
            at = of(node, "rest").and_then(|rest| self.statements.id(rest));
        }
        Ok(members)
    }

    fn wrong(&self, shape: &Term, problem: &str) -> ShapesError {
        let shape = iri(shape).map_or_else(|| shape.to_string(), |iri| vocab::compact(&iri));
        ShapesError::Shape { file: self.file.to_owned(), shape, problem: problem.to_owned() }
    }
}

fn iri(term: &Term) -> Option<String> {
    match term {
        Term::NamedNode(node) => Some(node.as_str().to_owned()),
        _ => None,
    }
}

/// True of a value of another datatype, or one that its datatype does not allow.
fn wrong_datatype(datatype: &str) -> String {
    let form = match datatype.strip_prefix(vocab::XSD) {
        Some("integer") => "^[+-]?[0-9]+$",
        Some("nonNegativeInteger") => "^([+]?[0-9]+|-0+)$",
        Some("decimal") => r"^[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)$",
        Some("double" | "float") => r"^([+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN)$",
        Some("boolean") => "^(true|false|0|1)$",
        _ => "",
    };
    format!("!(isLiteral(?value) && datatype(?value) = <{datatype}> && regex(str(?value), \"{form}\"))")
}

fn wrong_kind(kind: &str) -> Option<String> {
    let is = match kind.strip_prefix(SH)? {
        "IRI" => "isIRI(?value)",
        "BlankNode" => "isBlank(?value)",
        "Literal" => "isLiteral(?value)",
        "BlankNodeOrIRI" => "isBlank(?value) || isIRI(?value)",
        "BlankNodeOrLiteral" => "isBlank(?value) || isLiteral(?value)",
        "IRIOrLiteral" => "isIRI(?value) || isLiteral(?value)",
        _ => return None,
    };
    Some(format!("!({is})"))
}
