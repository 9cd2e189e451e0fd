//! The statements of one file, each term a number, sorted three ways so that SPARQL finds them by binary search.
//!
//! Start at [`Statements::parse`]. The index is built once and never changed. The default graph is the union of all
//! graphs of the file; `GRAPH ?g { … }` still sees each named graph by itself. Terms are numbered in order of
//! appearance and blank nodes renamed in that order, so that answers come in the same order on every run.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;

use oxigraph::io::{JsonLdProfileSet, RdfFormat, RdfParseError, RdfParser, RdfSerializer};
use oxigraph::model::{
    BlankNode, GraphName, GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, NamedOrBlankNodeRef, Quad, QuadRef,
    Term,
};
use oxigraph::sparql::{QueryResults, SparqlEvaluator};
use spareval::{ExpressionTerm, InternalQuad, QueryableDataset};

use super::{KnowledgeError, RdfSyntax, vocab};

type Triple = [u32; 3];

/// All statements of a knowledge base.
#[derive(Debug, Default)]
pub(super) struct Statements {
    terms: Vec<Arc<Term>>,
    ids: HashMap<Arc<Term>, u32>,
    /// Subject, predicate, object.
    by_subject: Vec<Triple>,
    /// Predicate, object, subject.
    by_predicate: Vec<Triple>,
    /// Object, subject, predicate.
    by_object: Vec<Triple>,
    /// Statements of named graphs: graph, subject, predicate, object.
    in_graphs: Vec<[u32; 4]>,
}

impl Statements {
    /// Reads a file in the syntax told by its name.
    pub(super) fn parse(content: &[u8], file: &str, syntax: RdfSyntax) -> Result<Self, KnowledgeError> {
        let mut builder = Builder::default();
        thread::scope(|scope| {
            // Parsing and numbering take about as long: each gets a thread, and the batches keep the order of the file.
            let (sender, batches) = mpsc::sync_channel::<Vec<Quad>>(8);
            let parser = scope.spawn(move || parse_batches(content, syntax, &sender));
            batches.into_iter().flatten().for_each(|quad| builder.add(quad));
            parser.join().unwrap_or_else(|_| Err(RdfParseError::Io(io::Error::other("it cannot be parsed"))))
        })
        .map_err(|error| syntax_error(&error, content, file, syntax))?;
        Ok(builder.finish())
    }

    /// Number of statements, the same one in several graphs counted once.
    pub(super) fn len(&self) -> usize {
        self.by_subject.len()
    }

    /// True if some statement stands in a named graph.
    pub(super) fn has_named_graphs(&self) -> bool {
        !self.in_graphs.is_empty()
    }

    /// The predicates with the numbers of their statements, most frequent first.
    pub(super) fn predicates(&self) -> Vec<(String, usize)> {
        let mut counts: Vec<_> = self
            .by_predicate
            .chunk_by(|a, b| a[0] == b[0])
            .map(|statements| (self.name(statements[0][0]), statements.len()))
            .collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counts
    }

    fn name(&self, id: u32) -> String {
        match &*self.terms[id as usize] {
            Term::NamedNode(node) => node.as_str().to_owned(),
            other => other.to_string(),
        }
    }

    /// Everything said by one predicate.
    pub(super) fn objects_of(&self, predicate: &str) -> impl Iterator<Item = &Term> {
        let id = NamedNode::new(predicate).ok().and_then(|node| self.id(&Term::from(node)));
        let statements = id.map_or(&[][..], |id| starting_with(&self.by_predicate, &[id]));
        statements.iter().map(|statement| &*self.terms[statement[1] as usize])
    }

    /// Subject and object of each statement by one predicate.
    pub(super) fn pairs(&self, predicate: &str) -> impl Iterator<Item = (&Term, &Term)> + use<'_> {
        let id = NamedNode::new(predicate).ok().and_then(|node| self.id(&Term::from(node)));
        let statements = id.map_or(&[][..], |id| starting_with(&self.by_predicate, &[id]));
        statements.iter().map(|&[_, object, subject]| (self.term(subject), self.term(object)))
    }

    /// What the resource is said to be or have by one predicate.
    pub(super) fn objects(&self, subject: u32, predicate: &str) -> impl Iterator<Item = &Term> + use<'_> {
        let id = NamedNode::new(predicate).ok().and_then(|node| self.id(&Term::from(node)));
        let statements = id.map_or(&[][..], |id| starting_with(&self.by_subject, &[subject, id]));
        statements.iter().map(|statement| self.term(statement[2]))
    }

    /// True if the resource is said anything by that predicate.
    pub(super) fn has(&self, subject: &Term, predicate: &str) -> bool {
        let predicate = NamedNode::new(predicate).ok().and_then(|node| self.id(&Term::from(node)));
        let (Some(subject), Some(predicate)) = (self.id(subject), predicate) else { return false };
        !starting_with(&self.by_subject, &[subject, predicate]).is_empty()
    }

    /// The number of a term, if the file holds it.
    pub(super) fn id(&self, term: &Term) -> Option<u32> {
        self.ids.get(term).copied()
    }

    /// Asks SPARQL; the prefixes of [`vocab::PREFIXES`] need no declaration.
    pub(super) fn ask<'a>(&'a self, name: &str, sparql: &str) -> Result<QueryResults<'a>, KnowledgeError> {
        self.evaluate(name, sparql, Outside::Terms)
    }

    /// Asks SPARQL for rows of term numbers, see [`Statements::cell`]: ten times as fast as rows of terms.
    pub(super) fn ask_numbers<'a>(&'a self, name: &str, sparql: &str) -> Result<QueryResults<'a>, KnowledgeError> {
        self.evaluate(name, sparql, Outside::Numbers)
    }

    /// What a term in an answer to [`Statements::ask_numbers`] stands for.
    pub(super) fn cell<'t>(&self, term: &'t Term) -> Cell<'t> {
        let number = match term {
            Term::BlankNode(node) => node.as_ref().unique_id().and_then(|id| id.checked_sub(NUMBERED)),
            _ => None,
        };
        match number.and_then(|number| u32::try_from(number).ok()) {
            Some(number) if (number as usize) < self.terms.len() => Cell::Here(number),
            _ => Cell::Elsewhere(term),
        }
    }

    /// The term of a number.
    pub(super) fn term(&self, number: u32) -> &Term {
        &self.terms[number as usize]
    }

    /// Number of different terms.
    pub(super) fn n_terms(&self) -> usize {
        self.terms.len()
    }

    fn evaluate<'a>(&'a self, name: &str, sparql: &str, outside: Outside) -> Result<QueryResults<'a>, KnowledgeError> {
        let refused = |message: String| KnowledgeError::Sparql { name: name.to_owned(), message };
        let mut evaluator = SparqlEvaluator::new();
        for (prefix, namespace) in vocab::PREFIXES {
            evaluator = evaluator.with_prefix(prefix, namespace).map_err(|error| refused(error.to_string()))?;
        }
        let query = evaluator.parse_query(sparql).map_err(|error| refused(error.to_string()))?;
        query
            .on_queryable_dataset(View { statements: self, outside })
            .execute()
            .map_err(|error| evaluation(name, &error))
    }

    /// Writes every statement in a syntax that is not that of the file, with the names of graphs where it holds them.
    pub(super) fn write(&self, syntax: RdfSyntax, out: &mut dyn std::io::Write) -> Result<(), KnowledgeError> {
        let mut writer = serializer(syntax).for_writer(out);
        let named: &[[u32; 4]] = if syntax.holds_graphs() { &self.in_graphs } else { &[] };
        let in_graphs: HashSet<Triple> = named.iter().map(|&[_, s, p, o]| [s, p, o]).collect();
        let plain = self.by_subject.iter().filter(|triple| !in_graphs.contains(*triple));
        let plain = plain.map(|&triple| (None, triple));
        let named = named.iter().map(|&[graph, s, p, o]| (Some(graph), [s, p, o]));
        for quad in plain.chain(named).filter_map(|(graph, triple)| self.quad(graph, triple)) {
            writer.serialize_quad(quad)?;
        }
        writer.finish()?;
        Ok(())
    }

    fn quad(&self, graph: Option<u32>, [subject, predicate, object]: Triple) -> Option<QuadRef<'_>> {
        let graph = match graph.map(|graph| self.term(graph)) {
            None => GraphNameRef::DefaultGraph,
            Some(Term::NamedNode(node)) => node.as_ref().into(),
            Some(Term::BlankNode(node)) => node.as_ref().into(),
            Some(Term::Literal(_)) => return None,
        };
        let subject: NamedOrBlankNodeRef<'_> = match self.term(subject) {
            Term::NamedNode(node) => node.as_ref().into(),
            Term::BlankNode(node) => node.as_ref().into(),
            Term::Literal(_) => return None,
        };
        let predicate = NamedNodeRef::new_unchecked(self.iri(predicate));
        Some(QuadRef::new(subject, predicate, self.term(object), graph))
    }

    fn iri(&self, id: u32) -> &str {
        match &*self.terms[id as usize] {
            Term::NamedNode(node) => node.as_str(),
            _ => "",
        }
    }
}

/// A cell of an answer in numbers.
pub(super) enum Cell<'t> {
    /// The number of a term of the file.
    Here(u32),
    /// A term that the question brought or computed.
    Elsewhere(&'t Term),
}

/// Marks the blank nodes that stand for term numbers; a random one falls into their range once in 2⁹⁶ draws.
const NUMBERED: u128 = 0x616c_6967_6e65_6420_7465_726d_0000_0000;

/// As what a term of the file leaves an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outside {
    /// As itself.
    Terms,
    /// As a blank node that bears its number, which needs no memory of its own.
    Numbers,
}

/// A question failed on the way.
pub(super) fn evaluation(name: &str, error: &dyn std::fmt::Display) -> KnowledgeError {
    KnowledgeError::Evaluation { name: name.to_owned(), message: error.to_string() }
}

const BATCH: usize = 4096;

fn parse_batches(
    content: &[u8],
    syntax: RdfSyntax,
    batches: &mpsc::SyncSender<Vec<Quad>>,
) -> Result<(), RdfParseError> {
    let mut batch = Vec::with_capacity(BATCH);
    for quad in RdfParser::from_format(format_of(syntax)).for_slice(without_mark(content)) {
        batch.push(quad?);
        if batch.len() == BATCH && batches.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err() {
            return Ok(());
        }
    }
    // The receiver only goes away with the whole scope, in which case nobody waits for the last batch either.
    let _ = batches.send(batch);
    Ok(())
}

fn format_of(syntax: RdfSyntax) -> RdfFormat {
    match syntax {
        RdfSyntax::Turtle => RdfFormat::Turtle,
        RdfSyntax::NQuads => RdfFormat::NQuads,
        RdfSyntax::TriG => RdfFormat::TriG,
        RdfSyntax::JsonLd => RdfFormat::JsonLd { profile: JsonLdProfileSet::empty() },
        RdfSyntax::RdfXml => RdfFormat::RdfXml,
    }
}

fn serializer(syntax: RdfSyntax) -> RdfSerializer {
    vocab::PREFIXES.iter().fold(RdfSerializer::from_format(format_of(syntax)), |serializer, (prefix, namespace)| {
        serializer.with_prefix(*prefix, *namespace).expect("the prefixes of the vocabulary are IRIs")
    })
}

/// Puts every statement of a file, in order, into another syntax; returns how many lost the name of their graph, which
/// Turtle and RDF/XML cannot hold.
///
/// # Errors
/// [`KnowledgeError::Syntax`] with line and column for a file that is not what it should be, [`KnowledgeError::Write`] if
/// `out` fails.
pub fn transcribe(
    content: &[u8],
    file: &str,
    from: RdfSyntax,
    to: RdfSyntax,
    out: &mut dyn std::io::Write,
) -> Result<u64, KnowledgeError> {
    let mut writer = serializer(to).for_writer(out);
    let mut without_graph = 0;
    for quad in RdfParser::from_format(format_of(from)).for_slice(without_mark(content)) {
        let mut quad = quad.map_err(|error| syntax_error(&error.into(), content, file, from))?;
        if quad.graph_name != GraphName::DefaultGraph && !to.holds_graphs() {
            quad.graph_name = GraphName::DefaultGraph;
            without_graph += 1;
        }
        if to == RdfSyntax::RdfXml && is_unfit_for_xml(&quad.object) {
            let problem =
                format!("RDF/XML cannot hold the control character in {}; take Turtle or JSON-LD", quad.object);
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem).into());
        }
        writer.serialize_quad(&quad)?;
    }
    writer.finish()?;
    Ok(without_graph)
}

/// Hands out every statement of a file, in order.
pub(super) fn for_each_quad(
    content: &[u8],
    file: &str,
    syntax: RdfSyntax,
    take: &mut dyn FnMut(Quad),
) -> Result<(), KnowledgeError> {
    for quad in RdfParser::from_format(format_of(syntax)).for_slice(without_mark(content)) {
        take(quad.map_err(|error| syntax_error(&error.into(), content, file, syntax))?);
    }
    Ok(())
}

fn is_unfit_for_xml(object: &Term) -> bool {
    let is_unfit = |letter: char| letter.is_control() && !letter.is_whitespace() || "\u{fffe}\u{ffff}".contains(letter);
    matches!(object, Term::Literal(literal) if literal.value().contains(is_unfit))
}

/// The text behind a byte-order mark.
fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content)
}

fn syntax_error(error: &RdfParseError, content: &[u8], file: &str, syntax: RdfSyntax) -> KnowledgeError {
    let location = match error {
        RdfParseError::Syntax(error) => error.location(),
        RdfParseError::Io(_) => None,
    };
    let (line, column) = location.map_or((0, 0), |range| (range.start.line, range.start.column));
    let text = error.to_string();
    let message = match text.split_once(": ") {
        Some((position, message)) if position.starts_with("Parser error") => message.to_owned(),
        _ => text,
    };
    let near = line_of(without_mark(content), line);
    let (file, syntax) = (file.to_owned(), syntax.name());
    KnowledgeError::Syntax { file, syntax, line: line + 1, column: column + 1, message, near }
}

fn line_of(content: &[u8], line: u64) -> String {
    let wanted = content.split(|&byte| byte == b'\n').nth(usize::try_from(line).unwrap_or(usize::MAX));
    let text = String::from_utf8_lossy(wanted.unwrap_or_default());
    let shown: String = text.trim().chars().take(80).collect();
    if shown.len() < text.trim().len() { format!("{shown}…") } else { shown }
}

#[derive(Default)]
struct Builder {
    statements: Statements,
    blank_nodes: HashMap<BlankNode, BlankNode>,
    last_subject: Option<(NamedOrBlankNode, u32)>,
    /// Files hold few predicates and repeat them in turn: quicker found in a short list than by hashing.
    recent_predicates: Vec<(NamedNode, u32)>,
}

impl Builder {
    fn add(&mut self, quad: Quad) {
        let subject = self.subject(quad.subject);
        let predicate = self.predicate(quad.predicate);
        let object = self.number(quad.object);
        self.statements.by_subject.push([subject, predicate, object]);
        let graph = match quad.graph_name {
            GraphName::DefaultGraph => return,
            GraphName::NamedNode(node) => self.number(node.into()),
            GraphName::BlankNode(node) => self.number(node.into()),
        };
        self.statements.in_graphs.push([graph, subject, predicate, object]);
    }

    fn subject(&mut self, subject: NamedOrBlankNode) -> u32 {
        match &self.last_subject {
            Some((last, id)) if *last == subject => *id,
            _ => {
                let id = self.number(subject.clone().into());
                self.last_subject = Some((subject, id));
                id
            }
        }
    }

    fn predicate(&mut self, predicate: NamedNode) -> u32 {
        const RECENT: usize = 16;
        if let Some((_, id)) = self.recent_predicates.iter().find(|(recent, _)| *recent == predicate) {
            return *id;
        }
        let id = self.number(predicate.clone().into());
        if self.recent_predicates.len() == RECENT {
            self.recent_predicates.remove(0);
        }
        self.recent_predicates.push((predicate, id));
        id
    }

    fn number(&mut self, term: Term) -> u32 {
        let term = match term {
            Term::BlankNode(node) => self.renamed(node).into(),
            other => other,
        };
        if let Some(&id) = self.statements.ids.get(&term) {
            return id;
        }
        let id = u32::try_from(self.statements.terms.len()).expect("a file that fits in memory has under 2^32 terms");
        let term = Arc::new(term);
        self.statements.terms.push(Arc::clone(&term));
        self.statements.ids.insert(term, id);
        id
    }

    fn renamed(&mut self, node: BlankNode) -> BlankNode {
        let number = self.blank_nodes.len();
        self.blank_nodes.entry(node).or_insert_with(|| BlankNode::new_unchecked(format!("b{number}"))).clone()
    }

    fn finish(self) -> Statements {
        let mut statements = self.statements;
        let sorted = |mut triples: Vec<Triple>| {
            triples.sort_unstable();
            triples.dedup();
            triples.shrink_to_fit();
            triples
        };
        statements.by_subject = sorted(statements.by_subject);
        let turned = |turn: fn(Triple) -> Triple| sorted(statements.by_subject.iter().copied().map(turn).collect());
        let (by_predicate, by_object) = rayon::join(|| turned(|[s, p, o]| [p, o, s]), || turned(|[s, p, o]| [o, s, p]));
        statements.by_predicate = by_predicate;
        statements.by_object = by_object;
        statements.in_graphs.sort_unstable();
        statements.in_graphs.dedup();
        statements
    }
}

/// The rows of a sorted index that begin with `prefix`.
fn starting_with<'a, const N: usize>(index: &'a [[u32; N]], prefix: &[u32]) -> &'a [[u32; N]] {
    let start = index.partition_point(|row| row[..prefix.len()] < *prefix);
    let rest = &index[start..];
    &rest[..rest.partition_point(|row| row[..prefix.len()] == *prefix)]
}

/// The statements as SPARQL sees them.
#[derive(Clone, Copy)]
struct View<'a> {
    statements: &'a Statements,
    outside: Outside,
}

/// A term in the evaluation of a question: one of the file, or one that the question brings or computes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Known {
    Here(u32),
    Elsewhere(Rc<Term>),
}

/// The number of a term asked for: `Ok(None)` if any will do, `Err` if no statement can hold it.
fn wanted(term: Option<&Known>) -> Result<Option<u32>, ()> {
    match term {
        None => Ok(None),
        Some(Known::Here(id)) => Ok(Some(*id)),
        Some(Known::Elsewhere(_)) => Err(()),
    }
}

type Found<'a> = Box<dyn Iterator<Item = Result<InternalQuad<Known>, Infallible>> + 'a>;

impl<'a> View<'a> {
    fn find(self, pattern: [Option<&Known>; 3], graph: Option<Option<&Known>>) -> Result<Found<'a>, ()> {
        let [subject, predicate, object] = [wanted(pattern[0])?, wanted(pattern[1])?, wanted(pattern[2])?];
        match graph {
            Some(None) => Ok(self.in_union(subject, predicate, object)),
            None => Ok(self.in_graphs([None, subject, predicate, object])),
            Some(Some(graph)) => Ok(self.in_graphs([wanted(Some(graph))?, subject, predicate, object])),
        }
    }

    fn itself(self, term: Known) -> Term {
        match term {
            Known::Here(id) => self.statements.term(id).clone(),
            Known::Elsewhere(term) => Rc::unwrap_or_clone(term),
        }
    }

    fn in_union(self, subject: Option<u32>, predicate: Option<u32>, object: Option<u32>) -> Found<'a> {
        let statements = self.statements;
        let as_spo = |&[s, p, o]: &Triple| quad([s, p, o], None);
        let as_pos = |&[p, o, s]: &Triple| quad([s, p, o], None);
        let as_osp = |&[o, s, p]: &Triple| quad([s, p, o], None);
        match (subject, predicate, object) {
            (Some(s), Some(p), Some(o)) => {
                Box::new(starting_with(&statements.by_subject, &[s, p, o]).iter().map(as_spo))
            }
            (Some(s), Some(p), None) => Box::new(starting_with(&statements.by_subject, &[s, p]).iter().map(as_spo)),
            (Some(s), None, None) => Box::new(starting_with(&statements.by_subject, &[s]).iter().map(as_spo)),
            (Some(s), None, Some(o)) => Box::new(starting_with(&statements.by_object, &[o, s]).iter().map(as_osp)),
            (None, Some(p), Some(o)) => Box::new(starting_with(&statements.by_predicate, &[p, o]).iter().map(as_pos)),
            (None, Some(p), None) => Box::new(starting_with(&statements.by_predicate, &[p]).iter().map(as_pos)),
            (None, None, Some(o)) => Box::new(starting_with(&statements.by_object, &[o]).iter().map(as_osp)),
            (None, None, None) => Box::new(statements.by_subject.iter().map(as_spo)),
        }
    }

    fn in_graphs(self, pattern: [Option<u32>; 4]) -> Found<'a> {
        let fixed: Vec<u32> = pattern.iter().map_while(|&term| term).collect();
        let rows = starting_with(&self.statements.in_graphs, &fixed).iter();
        let fits =
            move |row: &&[u32; 4]| pattern.iter().zip(**row).all(|(asked, term)| asked.is_none_or(|id| id == term));
        Box::new(rows.filter(fits).map(|&[g, s, p, o]| quad([s, p, o], Some(g))))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the evaluator expects results, for data that may fail to be read")]
fn quad([subject, predicate, object]: Triple, graph: Option<u32>) -> Result<InternalQuad<Known>, Infallible> {
    let graph_name = graph.map(Known::Here);
    let [subject, predicate, object] = [subject, predicate, object].map(Known::Here);
    Ok(InternalQuad { subject, predicate, object, graph_name })
}

impl<'a> QueryableDataset<'a> for View<'a> {
    type InternalTerm = Known;
    type Error = Infallible;

    fn internal_quads_for_pattern(
        &self,
        subject: Option<&Known>,
        predicate: Option<&Known>,
        object: Option<&Known>,
        graph_name: Option<Option<&Known>>,
    ) -> impl Iterator<Item = Result<InternalQuad<Known>, Infallible>> + use<'a> {
        self.find([subject, predicate, object], graph_name).unwrap_or_else(|()| Box::new(std::iter::empty()))
    }

    fn internal_named_graphs(&self) -> impl Iterator<Item = Result<Known, Infallible>> + use<'a> {
        self.statements.in_graphs.chunk_by(|a, b| a[0] == b[0]).map(|rows| Ok(Known::Here(rows[0][0])))
    }

    fn internalize_term(&self, term: Term) -> Result<Known, Infallible> {
        Ok(self.statements.id(&term).map_or_else(|| Known::Elsewhere(Rc::new(term)), Known::Here))
    }

    fn externalize_term(&self, term: Known) -> Result<Term, Infallible> {
        Ok(match term {
            Known::Here(id) if self.outside == Outside::Numbers => {
                BlankNode::new_from_unique_id(NUMBERED + u128::from(id)).into()
            }
            known => self.itself(known),
        })
    }

    /// Functions and filters always see the term itself.
    fn externalize_expression_term(&self, term: Known) -> Result<ExpressionTerm, Infallible> {
        Ok(self.itself(term).into())
    }
}
