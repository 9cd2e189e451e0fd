//! Several knowledge bases as one: every statement is kept, and what does not go together is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use oxigraph::model::{Literal, NamedNode, NamedOrBlankNode, Quad, Term};

use super::comparison::{NamedStatement, held};
use super::content::{Content, line_of};
use super::error::PatchError;
use crate::biology::{Citation, CitedRegulation, Sign, StatementKind};
use crate::knowledge::{KnowledgeBase, RdfSyntax, Rules, vocab};

const LABEL: &str = "http://www.w3.org/2000/01/rdf-schema#label";
const ALT_LABEL: &str = "http://www.w3.org/2004/02/skos/core#altLabel";

/// Two statements of opposite signs between the same genes.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The statement that activates or raises.
    pub statement: NamedStatement,
    /// For each sign, activation first: the knowledge bases that state it, and all that they cite for it.
    pub sides: [(Vec<String>, Citation); 2],
}

/// Several knowledge bases joined.
#[derive(Clone, Debug)]
pub struct Merged {
    /// All statements.
    pub content: Content,
    /// Pairs of genes with both signs, in order.
    pub conflicts: Vec<Conflict>,
    /// What was joined or is no longer in force, a sentence each.
    pub notes: Vec<String>,
}

/// Joins knowledge bases, each with the name that stands in messages.
///
/// A gene is the same if its symbol is: it keeps the IRI of the first that names it, as does a regulation. Of different evidence
/// counts and confidences for one statement the largest is kept. Revisions of a later knowledge base are numbered behind those
/// of the earlier ones.
///
/// # Errors
/// [`PatchError`] if a knowledge base holds blank nodes that cannot be told apart, or if nothing in the result can be read.
pub fn merge(parts: &[(String, &KnowledgeBase)]) -> Result<Merged, PatchError> {
    let mut merger = Merger::default();
    for (name, base) in parts {
        merger.take(name, base)?;
    }
    merger.keep_largest();
    let content = Content::of_lines(merger.quads.iter().map(line_of).collect());
    let mut notes = merger.notes;
    notes.extend(no_longer_in_force(parts, &content)?);
    Ok(Merged { content, conflicts: conflicts(parts), notes })
}

#[derive(Default)]
struct Merger {
    quads: Vec<Quad>,
    /// IRIs of genes by symbol, and symbols by IRI.
    genes: HashMap<String, String>,
    symbols: HashMap<String, String>,
    /// Resources of statements in force.
    statements: HashMap<NamedStatement, String>,
    /// Single-valued properties by subject and predicate: the values of each part.
    single: BTreeMap<(String, String), Vec<BTreeSet<String>>>,
    last_order: u64,
    notes: Vec<String>,
}

impl Merger {
    fn take(&mut self, name: &str, base: &KnowledgeBase) -> Result<(), PatchError> {
        let renamed = self.other_iris(base);
        let mut quads = Content::of(base)?.quads();
        for quad in &mut quads {
            rename(quad, &renamed);
        }
        let known: BTreeSet<String> = self.quads.iter().map(line_of).collect();
        quads.retain(|quad| !known.contains(&line_of(quad)));
        self.settle_symbols(name, &mut quads);
        self.number_on(name, &known, &mut quads);
        if !renamed.is_empty() {
            self.notes.push(format!("{name}: {} IRIs take the form that stands in an earlier file", renamed.len()));
        }
        for (id, gene) in base.genes().iter() {
            let iri = base.gene_iri(id);
            let iri = renamed.get(iri).map_or(iri, String::as_str);
            self.genes.entry(gene.symbol.clone()).or_insert_with(|| iri.to_owned());
            self.symbols.entry(iri.to_owned()).or_insert_with(|| gene.symbol.clone());
        }
        self.note_single(&renamed, base)?;
        self.quads.extend(quads);
        Ok(())
    }

    /// For IRIs of genes and statements that an earlier knowledge base calls otherwise: what it calls them.
    fn other_iris(&mut self, base: &KnowledgeBase) -> HashMap<String, String> {
        let mut renamed = HashMap::new();
        for (id, gene) in base.genes().iter() {
            let iri = base.gene_iri(id);
            if let Some(known) = self.genes.get(&gene.symbol).filter(|known| known.as_str() != iri)
                && !iri.starts_with("_:")
                && !known.starts_with("_:")
            {
                renamed.insert(iri.to_owned(), known.clone());
            }
        }
        let kinds = [(StatementKind::Regulation, base.regulations()), (StatementKind::Effect, base.effects())];
        for (kind, CitedRegulation { regulation, .. }) in
            kinds.into_iter().flat_map(|(kind, list)| list.iter().map(move |cited| (kind, cited)))
        {
            let Some(own) = base.own_resource(kind, *regulation) else { continue };
            let symbol = |gene| base.genes().symbol(gene);
            let (regulator, target) = (symbol(regulation.regulator), symbol(regulation.target));
            let named = NamedStatement::new(kind, regulator, target, regulation.sign);
            match self.statements.get(&named) {
                Some(known) if known != own && !own.starts_with("_:") && !known.starts_with("_:") => {
                    renamed.insert(own.to_owned(), known.clone());
                }
                Some(_) => {}
                None => {
                    self.statements.insert(named, own.to_owned());
                }
            }
        }
        renamed
    }

    /// A gene that an earlier knowledge base gives another symbol keeps that one; the other becomes an alias.
    fn settle_symbols(&mut self, name: &str, quads: &mut [Quad]) {
        for quad in quads.iter_mut().filter(|quad| quad.predicate.as_str() == LABEL) {
            let NamedOrBlankNode::NamedNode(gene) = &quad.subject else { continue };
            let Some(symbol) = self.symbols.get(gene.as_str()) else { continue };
            if let Term::Literal(label) = &quad.object
                && label.value() != symbol
            {
                let label = label.value();
                self.notes.push(format!(
                    "{name}: gene `{label}` is called `{symbol}` in an earlier file; `{label}` becomes an alias"
                ));
                quad.predicate = NamedNode::new_unchecked(ALT_LABEL);
            }
        }
    }

    fn number_on(&mut self, name: &str, known: &BTreeSet<String>, quads: &mut [Quad]) {
        let order = vocab::aligned("order");
        let number = |quad: &Quad| match &quad.object {
            Term::Literal(literal) if quad.predicate.as_str() == order => literal.value().parse::<u64>().ok(),
            _ => None,
        };
        let (first, behind) = (self.last_order == 0 || known.is_empty(), self.last_order);
        let mut renumbered = 0;
        for quad in quads {
            if let Some(own) = number(quad) {
                let now = if first { own } else { own.saturating_add(behind) };
                if now != own {
                    let datatype = NamedNode::new_unchecked(format!("{}integer", vocab::XSD));
                    quad.object = Literal::new_typed_literal(now.to_string(), datatype).into();
                    renumbered += 1;
                }
                self.last_order = self.last_order.max(now);
            }
        }
        if renumbered > 0 {
            self.notes
                .push(format!("{name}: {renumbered} revisions are numbered on behind those of the earlier files"));
        }
    }

    fn note_single(&mut self, renamed: &HashMap<String, String>, base: &KnowledgeBase) -> Result<(), PatchError> {
        let mut own: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for mut quad in Content::of(base)?.quads() {
            let predicate = quad.predicate.as_str();
            if ["evidenceCount", "confidence"].iter().any(|term| predicate == vocab::aligned(term)) {
                rename(&mut quad, renamed);
                let key = (quad.subject.to_string(), quad.predicate.as_str().to_owned());
                own.entry(key).or_default().insert(quad.object.to_string());
            }
        }
        own.into_iter().for_each(|(key, values)| self.single.entry(key).or_default().push(values));
        Ok(())
    }

    /// Where knowledge bases give different numbers for one statement, the largest one stays.
    fn keep_largest(&mut self) {
        let mut given_up: BTreeSet<(String, String, String)> = BTreeSet::new();
        for ((subject, predicate), parts) in &self.single {
            let all: BTreeSet<&String> = parts.iter().flatten().collect();
            if parts.iter().any(|part| part.len() == all.len()) {
                continue;
            }
            let largest = all.iter().max_by(|a, b| number(a).total_cmp(&number(b)).then_with(|| a.cmp(b)));
            let others = all.iter().filter(|value| Some(*value) != largest);
            given_up.extend(others.map(|value| (subject.clone(), predicate.clone(), (*value).clone())));
        }
        if given_up.is_empty() {
            return;
        }
        let key = |quad: &Quad| (quad.subject.to_string(), quad.predicate.as_str().to_owned(), quad.object.to_string());
        self.quads.retain(|quad| !given_up.contains(&key(quad)));
        let n = given_up.len();
        self.notes.push(format!("{n} evidence counts or confidences gave way to a larger one for the same statement"));
    }
}

fn number(literal: &str) -> f64 {
    literal.split('"').nth(1).and_then(|text| text.parse().ok()).unwrap_or(f64::NEG_INFINITY)
}

fn rename(quad: &mut Quad, renamed: &HashMap<String, String>) {
    if renamed.is_empty() {
        return;
    }
    let new = |node: &NamedNode| renamed.get(node.as_str()).map(NamedNode::new_unchecked);
    if let NamedOrBlankNode::NamedNode(node) = &quad.subject
        && let Some(new) = new(node)
    {
        quad.subject = new.into();
    }
    if let Term::NamedNode(node) = &quad.object
        && let Some(new) = new(node)
    {
        quad.object = new.into();
    }
}

fn conflicts(parts: &[(String, &KnowledgeBase)]) -> Vec<Conflict> {
    let mut stated: BTreeMap<NamedStatement, (Vec<String>, Citation)> = BTreeMap::new();
    for (name, base) in parts {
        for (statement, citation) in held(base, &|gene| base.genes().symbol(gene).to_owned()) {
            let (files, cited) = stated.entry(statement).or_default();
            if !files.contains(name) {
                files.push(name.clone());
            }
            cited.absorb(citation);
        }
    }
    let activations = stated.iter().filter(|(statement, _)| statement.sign == Sign::Activation);
    let both = activations.filter_map(|(statement, activation)| {
        let inhibition = stated.get(&statement.flipped())?;
        Some(Conflict { statement: statement.clone(), sides: [activation.clone(), inhibition.clone()] })
    });
    both.collect()
}

/// Statements of a part that a revision of another part retracts.
fn no_longer_in_force(parts: &[(String, &KnowledgeBase)], content: &Content) -> Result<Vec<String>, PatchError> {
    let lines: String = content.lines().iter().map(String::as_str).collect();
    let rules = Rules::embedded();
    let merged =
        KnowledgeBase::parse_in(lines.as_bytes(), "the merged knowledge base", RdfSyntax::NQuads, rules.extract())?;
    let now = held(&merged, &|gene| merged.genes().symbol(gene).to_owned());
    let mut lost: BTreeMap<NamedStatement, &str> = BTreeMap::new();
    for (name, base) in parts {
        let own = held(base, &|gene| base.genes().symbol(gene).to_owned());
        lost.extend(own.into_keys().filter(|statement| !now.contains_key(statement)).map(|lost| (lost, name.as_str())));
    }
    let told = |(statement, name): (NamedStatement, &str)| {
        format!("{name}: {} is stated there, and retracted by a revision in another file", statement.in_words())
    };
    Ok(lost.into_iter().map(told).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy() -> KnowledgeBase {
        KnowledgeBase::parse(include_bytes!("../../../knowledge/toy.ttl"), "toy.ttl").expect("sound")
    }

    #[test]
    fn merging_a_file_with_itself_is_the_identity() {
        let toy = toy();
        let named = |name: &str| (name.to_owned(), &toy);
        let merged = merge(&[named("a"), named("b")]).expect("merged");
        assert_eq!(merged.content, Content::of(&toy).expect("no blank nodes"));
        assert!(merged.notes.is_empty(), "{:?}", merged.notes);
        assert_eq!(merged.conflicts.len(), 1, "araC has both signs on araB");
        assert_eq!(merged.conflicts[0].sides[0].0, ["a", "b"]);
    }

    #[test]
    fn evidence_of_both_is_kept_and_the_larger_count() {
        let text = String::from_utf8(include_bytes!("../../../knowledge/toy.ttl").to_vec()).expect("text");
        let other =
            text.replace("\"textbook\"", "\"another\"").replace("aligned:evidenceCount 1", "aligned:evidenceCount 3");
        let other = KnowledgeBase::parse(other.as_bytes(), "other.ttl").expect("sound");
        let toy = toy();
        let merged = merge(&[("toy".to_owned(), &toy), ("other".to_owned(), &other)]).expect("merged");
        let lines: String = merged.content.lines().iter().map(String::as_str).collect();
        let base = KnowledgeBase::parse(lines.as_bytes(), "merged.nq").expect("sound");
        assert!(base.regulations().iter().all(|cited| cited.citation.sources == ["another", "textbook"]));
        // Fourteen regulations with one record each in the toy and three in the other file, three with two in both.
        let records = base.regulations().iter().map(|cited| cited.citation.evidence_count).sum::<u32>();
        assert_eq!(records, 14 * 3 + 3 * 2);
        assert_eq!(merged.notes.len(), 1, "{:?}", merged.notes);
    }
}
