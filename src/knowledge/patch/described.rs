//! What two contents together say of each resource, so that a change can be told in words.

use std::collections::HashMap;

use oxigraph::model::{Quad, Term};

use super::content::Content;
use crate::biology::{Sign, StatementKind};
use crate::knowledge::vocab;

/// From where to where something is stated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ends {
    pub(super) kind: u8,
    pub(super) regulator: String,
    pub(super) target: String,
    /// As they stand in N-Quads.
    pub(super) regulator_iri: String,
    pub(super) target_iri: String,
}

impl Ends {
    pub(super) const fn kind(&self) -> StatementKind {
        if self.kind == 0 { StatementKind::Regulation } else { StatementKind::Effect }
    }
}

/// Where a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
    Both,
}

/// The statements of two contents, by subject.
pub(super) struct Described {
    quads: Vec<(Quad, Side)>,
    by_subject: HashMap<String, Vec<usize>>,
}

/// The predicates that state a regulation or an effect outright.
fn direct(predicate: &str) -> Option<(StatementKind, Sign)> {
    StatementKind::ALL.into_iter().find_map(|kind| {
        let of_kind = |&sign: &Sign| predicate_of(kind, sign) == predicate;
        Sign::BOTH.into_iter().find(of_kind).map(|sign| (kind, sign))
    })
}

pub(super) const fn predicate_of(kind: StatementKind, sign: Sign) -> &'static str {
    match kind {
        StatementKind::Regulation => vocab::direct_predicate(sign),
        StatementKind::Effect => vocab::effect_predicate(sign),
    }
}

const fn number(kind: StatementKind) -> u8 {
    match kind {
        StatementKind::Regulation => 0,
        StatementKind::Effect => 1,
    }
}

impl Described {
    pub(super) fn new(from: &Content, to: &Content) -> Self {
        let side = |line: &String| if from.lines().contains(line) { Side::Both } else { Side::After };
        let mut quads: Vec<(Quad, Side)> = to.quads().into_iter().zip(to.lines().iter().map(side)).collect();
        let gone = from.lines().difference(to.lines()).cloned().collect();
        quads.extend(Content::of_lines(gone).quads().into_iter().map(|quad| (quad, Side::Before)));
        let mut by_subject: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, (quad, _)) in quads.iter().enumerate() {
            by_subject.entry(quad.subject.to_string()).or_default().push(index);
        }
        Self { quads, by_subject }
    }

    /// The statements that only one content holds, and whether that is the second.
    pub(super) fn changed(&self) -> Vec<(&Quad, bool)> {
        let changed = self.quads.iter().filter(|(_, side)| *side != Side::Both);
        changed.map(|(quad, side)| (quad, *side == Side::After)).collect()
    }

    pub(super) fn of(&self, subject: &str) -> impl Iterator<Item = (&Quad, Side)> {
        let indices = self.by_subject.get(subject).map_or(&[][..], Vec::as_slice);
        indices.iter().map(|&index| (&self.quads[index].0, self.quads[index].1))
    }

    pub(super) fn objects<'a>(&'a self, subject: &str, predicate: &'a str) -> impl Iterator<Item = &'a Term> {
        let indices = self.by_subject.get(subject).map_or(&[][..], Vec::as_slice);
        let quads = indices.iter().map(|&index| &self.quads[index].0);
        quads.filter(move |quad| quad.predicate.as_str() == predicate).map(|quad| &quad.object)
    }

    /// The resources that a property of the vocabulary leads to, as they stand in N-Quads.
    pub(super) fn resources(&self, subject: &str, term: &str) -> Vec<String> {
        let predicate = vocab::aligned(term);
        let mut resources: Vec<_> = self.objects(subject, &predicate).map(ToString::to_string).collect();
        resources.sort();
        resources
    }

    /// The least literal by a property of the vocabulary.
    pub(super) fn literal(&self, subject: &str, term: &str) -> Option<String> {
        let predicate = vocab::aligned(term);
        let literals = self.objects(subject, &predicate).filter_map(|object| match object {
            Term::Literal(literal) => Some(literal.value().to_owned()),
            _ => None,
        });
        literals.min()
    }

    pub(super) fn is_a(&self, subject: &str, class: &str) -> bool {
        let class = vocab::aligned(class);
        let is_class = |term: &Term| matches!(term, Term::NamedNode(node) if node.as_str() == class);
        self.objects(subject, vocab::RDF_TYPE).any(is_class)
    }

    /// True for a gene that only the second content declares.
    pub(super) fn is_new_gene(&self, subject: &str) -> bool {
        let mut types = self.of(subject).filter(|(quad, _)| quad.predicate.as_str() == vocab::RDF_TYPE).peekable();
        types.peek().is_some() && self.is_a(subject, "Gene") && types.all(|(_, side)| side == Side::After)
    }

    pub(super) fn order(&self, revision: &str) -> u64 {
        self.literal(revision, "order").and_then(|text| text.parse().ok()).unwrap_or(u64::MAX)
    }

    /// Its label, or else the last part of its IRI.
    pub(super) fn label(&self, subject: &str) -> String {
        const LABEL: &str = "http://www.w3.org/2000/01/rdf-schema#label";
        let labels = self.objects(subject, LABEL).filter_map(|object| match object {
            Term::Literal(literal) => Some(literal.value().to_owned()),
            _ => None,
        });
        labels.min().unwrap_or_else(|| vocab::last_segment(subject.trim_start_matches('<').trim_end_matches('>')))
    }

    /// From where to where a statement resource leads, and the predicate that says the same outright.
    pub(super) fn ends(&self, statement: &str) -> Option<(Ends, String)> {
        let kind = [("Regulation", 0), ("ProposedRegulation", 0), ("Effect", 1), ("ProposedEffect", 1)]
            .into_iter()
            .find_map(|(class, kind)| self.is_a(statement, class).then_some(kind))?;
        let first = |term: &str| self.resources(statement, term).into_iter().next();
        let ends = self.between(kind, first("regulator")?, first("target")?);
        let sign = self.signs(statement).first().copied();
        let predicate = sign.map(|sign| predicate_of(ends.kind(), sign).to_owned()).unwrap_or_default();
        Some((ends, predicate))
    }

    pub(super) fn signs(&self, statement: &str) -> Vec<Sign> {
        let signs = self.resources(statement, "sign");
        Sign::BOTH.into_iter().filter(|&sign| signs.contains(&format!("<{}>", vocab::sign_iri(sign)))).collect()
    }

    pub(super) fn is_direct(&self, quad: &Quad) -> bool {
        direct(quad.predicate.as_str()).is_some()
    }

    pub(super) fn ends_of_direct(&self, quad: &Quad) -> Ends {
        let kind = direct(quad.predicate.as_str()).map_or(0, |(kind, _)| number(kind));
        self.between(kind, quad.subject.to_string(), quad.object.to_string())
    }

    fn between(&self, kind: u8, regulator_iri: String, target_iri: String) -> Ends {
        let (regulator, target) = (self.label(&regulator_iri), self.label(&target_iri));
        Ends { kind, regulator, target, regulator_iri, target_iri }
    }
}

/// The sign and kind that a predicate states outright.
pub(super) fn stated_by(predicate: &str) -> Option<(StatementKind, Sign)> {
    direct(predicate)
}
