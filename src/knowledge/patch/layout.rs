//! Content as Turtle, always laid out alike: genes by symbol, then regulations and effects each with its direct triple, then the rest.
//!
//! For a knowledge base written by [`write_knowledge`](crate::knowledge::write_knowledge) these are the same bytes, so that what a
//! patch changes is all that a version control system shows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};

use oxigraph::model::{GraphName, Literal, NamedOrBlankNode, Quad, Term};

use super::content::Content;
use super::error::PatchError;
use crate::biology::{Sign, StatementKind};
use crate::knowledge::write::{push_iri, push_text};
use crate::knowledge::{KnowledgeBase, KnowledgeError, RdfSyntax, transcribe, vocab};

/// Properties in the order in which they are written; others follow by IRI.
const ORDER: [&str; 17] = [
    vocab::RDF_TYPE,
    "http://www.w3.org/2000/01/rdf-schema#label",
    "https://w3id.org/aligned#uniprot",
    "https://w3id.org/aligned#entrez",
    "https://w3id.org/aligned#ensembl",
    "https://w3id.org/aligned#locusTag",
    "https://w3id.org/aligned#mirbase",
    "http://www.w3.org/2004/02/skos/core#altLabel",
    "https://w3id.org/aligned#regulator",
    "https://w3id.org/aligned#target",
    "https://w3id.org/aligned#sign",
    "https://w3id.org/aligned#kind",
    "https://w3id.org/aligned#source",
    "https://w3id.org/aligned#reference",
    "https://w3id.org/aligned#evidenceCount",
    "https://w3id.org/aligned#confidence",
    "https://w3id.org/aligned#order",
];

/// Classes of statements in the order in which they are written.
const CLASSES: [(&str, StatementKind); 4] = [
    ("Regulation", StatementKind::Regulation),
    ("Effect", StatementKind::Effect),
    ("ProposedRegulation", StatementKind::Regulation),
    ("ProposedEffect", StatementKind::Effect),
];

impl Content {
    /// Writes the content; in Turtle below `heading`, comment lines as [`leading_comments`] gives them.
    ///
    /// # Errors
    /// [`KnowledgeError::GraphsNeedNQuads`] if named graphs should become Turtle or RDF/XML, [`KnowledgeError::Write`] if `out`
    /// fails.
    pub fn write(&self, file: &str, heading: &str, syntax: RdfSyntax, out: &mut dyn Write) -> Result<(), PatchError> {
        if !syntax.holds_graphs() && self.has_named_graphs() {
            return Err(KnowledgeError::GraphsNeedNQuads { file: file.to_owned() }.into());
        }
        if syntax == RdfSyntax::Turtle {
            out.write_all(heading.as_bytes()).map_err(KnowledgeError::from)?;
            return Ok(Layout::new(&self.quads()).write(out).map_err(KnowledgeError::from)?);
        }
        let lines: String = self.lines().iter().map(String::as_str).collect();
        if syntax == RdfSyntax::NQuads {
            out.write_all(lines.as_bytes()).map_err(KnowledgeError::from)?;
        } else {
            transcribe(lines.as_bytes(), file, RdfSyntax::NQuads, syntax, out)?;
        }
        Ok(out.flush().map_err(KnowledgeError::from)?)
    }
}

/// The comment lines at the head of a Turtle file; empty for any other.
#[must_use]
pub fn leading_comments(base: &KnowledgeBase) -> String {
    if base.syntax != RdfSyntax::Turtle {
        return String::new();
    }
    let text = String::from_utf8_lossy(&base.content);
    let comments = text.lines().take_while(|line| line.starts_with('#'));
    comments.fold(String::new(), |head, line| head + line + "\n")
}

struct Layout<'a> {
    by_subject: BTreeMap<String, Vec<&'a Quad>>,
    labels: HashMap<String, &'a str>,
}

impl<'a> Layout<'a> {
    fn new(quads: &'a [Quad]) -> Self {
        let mut by_subject: BTreeMap<String, Vec<&Quad>> = BTreeMap::new();
        let mut labels: HashMap<String, &str> = HashMap::new();
        for quad in quads {
            let subject = quad.subject.to_string();
            if let (ORDER_LABEL, Term::Literal(label)) = (quad.predicate.as_str(), &quad.object) {
                let least = labels.entry(subject.clone()).or_insert(label.value());
                *least = (*least).min(label.value());
            }
            by_subject.entry(subject).or_default().push(quad);
        }
        Self { by_subject, labels }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (prefix, namespace) in vocab::PREFIXES {
            writeln!(out, "@prefix {prefix}: <{namespace}> .")?;
        }
        let (genes, statements, direct) = self.sorted();
        for subject in &genes {
            self.write_subject(subject, &direct, out)?;
        }
        for Placed { subject, direct: triple, .. } in &statements {
            self.write_subject(subject, &direct, out)?;
            if let Some(quad) = triple {
                write_properties(&quad.subject, &[quad], out)?;
            }
        }
        let written: HashSet<&str> =
            genes.iter().copied().chain(statements.iter().map(|placed| placed.subject)).collect();
        for subject in self.by_subject.keys().filter(|subject| !written.contains(subject.as_str())) {
            self.write_subject(subject, &direct, out)?;
        }
        out.flush()
    }

    /// Genes, statements, and the direct triples that stand behind their statements.
    fn sorted(&self) -> (Vec<&str>, Vec<Placed<'_>>, HashSet<*const Quad>) {
        let is_gene = |quads: &&[&Quad]| has_type(quads, "Gene");
        let mut genes: Vec<&str> = Vec::new();
        let mut statements: Vec<Placed<'_>> = Vec::new();
        for (subject, quads) in &self.by_subject {
            if let Some(placed) = self.placed(subject, quads) {
                statements.push(placed);
            } else if is_gene(&quads.as_slice()) {
                genes.push(subject);
            }
        }
        genes.sort_by_key(|&subject| (self.label(subject), subject));
        statements.sort_by(|a, b| a.key.cmp(&b.key).then(a.subject.cmp(b.subject)));
        let mut direct = HashSet::new();
        for placed in &mut statements {
            placed.direct = placed.direct.filter(|&quad| direct.insert(std::ptr::from_ref(quad)));
        }
        (genes, statements, direct)
    }

    fn label<'b>(&'b self, subject: &'b str) -> &'b str {
        self.labels.get(subject).copied().unwrap_or(subject)
    }

    fn placed<'b>(&'b self, subject: &'b str, quads: &[&'b Quad]) -> Option<Placed<'b>> {
        let class = CLASSES.iter().position(|(class, _)| has_type(quads, class))?;
        let only = |term: &str| {
            let mut objects = quads.iter().filter(|quad| quad.predicate.as_str() == vocab::aligned(term));
            objects.next().map(|quad| &quad.object).filter(|_| objects.next().is_none())
        };
        let (regulator, target, sign) = (only("regulator")?, only("target")?, only("sign")?);
        let sign = Sign::BOTH.into_iter().find(|&known| is_iri(sign, vocab::sign_iri(known)))?;
        let predicate = match CLASSES[class].1 {
            StatementKind::Regulation => vocab::direct_predicate(sign),
            StatementKind::Effect => vocab::effect_predicate(sign),
        };
        let of_regulator = self.by_subject.get(&regulator.to_string()).map_or(&[][..], Vec::as_slice);
        let direct = of_regulator
            .iter()
            .copied()
            .filter(|_| class < 2)
            .find(|quad| quad.predicate.as_str() == predicate && quad.object == *target);
        let name = |term: &Term| self.label(&term.to_string()).to_owned();
        Some(Placed { key: (class, name(regulator), name(target), sign), subject, direct })
    }

    fn write_subject(&self, subject: &str, behind: &HashSet<*const Quad>, out: &mut dyn Write) -> io::Result<()> {
        let mut quads: Vec<&Quad> = self.by_subject[subject]
            .iter()
            .copied()
            .filter(|&quad| !behind.contains(&std::ptr::from_ref(quad)))
            .collect();
        quads.sort_by_cached_key(|quad| {
            let predicate = quad.predicate.as_str();
            let rank = ORDER.iter().position(|&known| known == predicate).unwrap_or(ORDER.len());
            let value = match &quad.object {
                Term::Literal(literal) => literal.value().to_owned(),
                other => other.to_string(),
            };
            (rank, predicate.to_owned(), value, quad.object.to_string())
        });
        match quads.first() {
            Some(first) => write_properties(&first.subject, &quads, out),
            None => Ok(()),
        }
    }
}

const ORDER_LABEL: &str = ORDER[1];

/// A statement in its place among the others.
struct Placed<'a> {
    /// Class, regulator, target and sign.
    key: (usize, String, String, Sign),
    subject: &'a str,
    direct: Option<&'a Quad>,
}

fn is_iri(term: &Term, iri: &str) -> bool {
    matches!(term, Term::NamedNode(node) if node.as_str() == iri)
}

fn has_type(quads: &[&Quad], class: &str) -> bool {
    let class = vocab::aligned(class);
    quads.iter().any(|quad| quad.predicate.as_str() == vocab::RDF_TYPE && is_iri(&quad.object, &class))
}

fn write_properties(subject: &NamedOrBlankNode, quads: &[&Quad], out: &mut dyn Write) -> io::Result<()> {
    debug_assert!(quads.iter().all(|quad| quad.graph_name == GraphName::DefaultGraph));
    let mut text = String::new();
    match subject {
        NamedOrBlankNode::NamedNode(node) => push_iri(&mut text, node.as_str(), RdfSyntax::Turtle),
        NamedOrBlankNode::BlankNode(node) => text.push_str(&node.to_string()),
    }
    let mut last = None;
    for quad in quads {
        if last == Some(&quad.predicate) {
            text.push_str(" , ");
        } else {
            text.push_str(if last.is_some() { " ;\n    " } else { " " });
            match quad.predicate.as_str() {
                vocab::RDF_TYPE => text.push('a'),
                predicate => push_iri(&mut text, predicate, RdfSyntax::Turtle),
            }
            text.push(' ');
            last = Some(&quad.predicate);
        }
        push_term(&mut text, &quad.object);
    }
    text.push_str(" .\n");
    out.write_all(text.as_bytes())
}

fn push_term(text: &mut String, term: &Term) {
    match term {
        Term::NamedNode(node) => push_iri(text, node.as_str(), RdfSyntax::Turtle),
        Term::BlankNode(node) => text.push_str(&node.to_string()),
        Term::Literal(literal) => push_literal(text, literal),
    }
}

fn push_literal(text: &mut String, literal: &Literal) {
    if is_bare(literal) {
        text.push_str(literal.value());
        return;
    }
    push_text(text, literal.value());
    if let Some(language) = literal.language() {
        text.push('@');
        text.push_str(language);
    } else if literal.datatype().as_str().strip_prefix(vocab::XSD) != Some("string") {
        text.push_str("^^");
        push_iri(text, literal.datatype().as_str(), RdfSyntax::Turtle);
    }
}

/// True for a number that Turtle reads as just this literal without quotes.
fn is_bare(literal: &Literal) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = literal.value().strip_prefix(['+', '-']).unwrap_or(literal.value());
    let is_decimal = |text: &str| {
        text.split_once('.').is_some_and(|(whole, part)| (whole.is_empty() || digits(whole)) && digits(part))
    };
    match literal.datatype().as_str().strip_prefix(vocab::XSD) {
        Some("integer") => digits(unsigned),
        Some("decimal") => is_decimal(unsigned),
        Some("double") => unsigned.split_once(['e', 'E']).is_some_and(|(mantissa, exponent)| {
            (digits(mantissa) || is_decimal(mantissa)) && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shipped_knowledge_base_keeps_its_bytes() {
        for (name, bytes) in [
            ("toy.ttl", include_bytes!("../../../knowledge/toy.ttl").as_slice()),
            ("ecoli_core.ttl", include_bytes!("../../../knowledge/ecoli_core.ttl").as_slice()),
        ] {
            let base = KnowledgeBase::parse(bytes, name).expect("sound");
            let mut out = Vec::new();
            let content = Content::of(&base).expect("no blank nodes");
            content.write(name, &leading_comments(&base), RdfSyntax::Turtle, &mut out).expect("room");
            assert!(out == bytes, "{name} is written differently");
        }
    }

    #[test]
    fn what_is_written_is_read_again_as_the_same_content() {
        let turtle = r#"@prefix e: <urn:e:> . @prefix aligned: <https://w3id.org/aligned#> .
            e:a e:p -1, 1.0, .5, 1e3, "1"^^e:odd, "x"@en-GB, "tab\t\"\\ \u0001", true, <urn:x y>, [ e:q "7"^^<http://www.w3.org/2001/XMLSchema#integer>, "+7.e1" ] ."#
            .replace("<urn:x y>", "<urn:x%20y>");
        let content = Content::parse(turtle.as_bytes(), "a.ttl", RdfSyntax::Turtle).expect("sound");
        for (syntax, name) in
            [(RdfSyntax::Turtle, "b.ttl"), (RdfSyntax::NQuads, "b.nq"), (RdfSyntax::JsonLd, "b.jsonld")]
        {
            let mut out = Vec::new();
            content.write(name, "", syntax, &mut out).expect("room");
            assert_eq!(Content::parse(&out, name, syntax).expect("sound"), content, "{name}");
        }
    }
}
