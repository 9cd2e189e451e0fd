//! The content of a knowledge base as a set of statements, independent of syntax, order and the names of blank nodes.
//!
//! Each statement is one line of N-Quads; the lines are sorted in bytes, each once. The SHA-256 of the lines identifies the
//! content: `aligned convert KB.ttl KB.nq` and `LC_ALL=C sort -u KB.nq | sha256sum` give the same where there are no blank nodes.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use oxigraph::io::{RdfFormat, RdfParser};
use oxigraph::model::{BlankNode, GraphName, NamedOrBlankNode, Quad, Term};
use sha2::{Digest, Sha256};

use super::error::PatchError;
use crate::knowledge::statements::for_each_quad;
use crate::knowledge::{KnowledgeBase, RdfSyntax};

/// All statements of a knowledge base, as sorted lines of N-Quads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    lines: BTreeSet<String>,
}

impl Content {
    /// The content of a file.
    ///
    /// # Errors
    /// [`PatchError::Knowledge`] with line and column if it cannot be read, [`PatchError::TwinBlankNodes`] if it holds blank
    /// nodes in a ring of which nothing different is said, so that they have no name of their own.
    pub fn parse(content: &[u8], file: &str, syntax: RdfSyntax) -> Result<Self, PatchError> {
        let mut quads = Vec::new();
        for_each_quad(content, file, syntax, &mut |quad| quads.push(quad))?;
        name_blank_nodes(&mut quads)
            .map_err(|example| PatchError::TwinBlankNodes { file: file.to_owned(), example })?;
        Ok(Self { lines: quads.iter().map(line_of).collect() })
    }

    /// The content of a knowledge base that was read.
    ///
    /// # Errors
    /// As [`Content::parse`].
    pub fn of(base: &KnowledgeBase) -> Result<Self, PatchError> {
        Self::parse(&base.content, &base.file, base.syntax)
    }

    pub(in crate::knowledge) const fn of_lines(lines: BTreeSet<String>) -> Self {
        Self { lines }
    }

    /// The statements, one line of N-Quads each with its line end, in order.
    #[must_use]
    pub const fn lines(&self) -> &BTreeSet<String> {
        &self.lines
    }

    /// The statements of this content and of another one.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self
    }

    /// Number of statements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// True if there is no statement.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// SHA-256 of all lines in order, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        self.lines.iter().for_each(|line| hash.update(line));
        hexadecimal(&hash.finalize())
    }

    /// True if some statement stands in a named graph, which Turtle cannot hold.
    #[must_use]
    pub fn has_named_graphs(&self) -> bool {
        self.quads().iter().any(|quad| quad.graph_name != GraphName::DefaultGraph)
    }

    pub(in crate::knowledge) fn quads(&self) -> Vec<Quad> {
        let lines: String = self.lines.iter().map(String::as_str).collect();
        let quads = RdfParser::from_format(RdfFormat::NQuads).for_slice(lines.as_bytes());
        quads.map(|quad| quad.expect("the lines were written from statements")).collect()
    }
}

/// One statement as a line of N-Quads.
pub(in crate::knowledge) fn line_of(quad: &Quad) -> String {
    format!("{quad} .\n")
}

/// The statement of one line of N-Quads, given without or with its line end.
pub(in crate::knowledge) fn quad_of(line: &str) -> Result<Quad, String> {
    let mut quads = RdfParser::from_format(RdfFormat::NQuads).for_slice(line.as_bytes());
    let quad = match quads.next() {
        None => return Err("there is no statement".to_owned()),
        Some(quad) => quad.map_err(|error| reason(&error.to_string()))?,
    };
    match quads.next() {
        None => Ok(quad),
        Some(_) => Err("there is more than one statement".to_owned()),
    }
}

/// What a parser says, without the position inside the line.
fn reason(text: &str) -> String {
    text.split_once(": ").map_or(text, |(_, reason)| reason).to_owned()
}

pub(in crate::knowledge) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// So many blank nodes that are the same in all that is said of them can be told apart by counting.
const TWINS: usize = 1000;

/// Gives each blank node a name made from what is said of it; `Err` with an example if some cannot be told apart.
///
/// Colour refinement: the colour of a node is hashed again with its statements and the colours of its neighbours, until no
/// more nodes become different. Where blank nodes make no ring, nodes that stay the same can change places, so that it does
/// not matter which of them comes first: one is marked, and the refinement goes on.
fn name_blank_nodes(quads: &mut [Quad]) -> Result<(), String> {
    let mut colours: HashMap<BlankNode, String> = HashMap::new();
    for quad in quads.iter() {
        blank_nodes(quad).for_each(|node| {
            colours.entry(node.clone()).or_insert_with(|| "c".to_owned());
        });
    }
    if colours.is_empty() {
        return Ok(());
    }
    let (mut different, mut marked) = (1, 0);
    loop {
        colours = refined(quads, &colours);
        let now = colours.values().collect::<BTreeSet<_>>().len();
        if now == colours.len() {
            break;
        }
        if now > different {
            different = now;
            continue;
        }
        let (node, example) = twin(quads, &colours);
        if marked == TWINS || marked == 0 && has_ring(quads) {
            return Err(example);
        }
        marked += 1;
        different = now + 1;
        if let Some(colour) = node.and_then(|node| colours.get_mut(&node)) {
            colour.push_str("-first");
        }
    }
    quads.iter_mut().for_each(|quad| rename(quad, &colours));
    Ok(())
}

/// True if blank nodes lead to one another in a ring, whatever the direction.
fn has_ring(quads: &[Quad]) -> bool {
    fn root<'a>(of: &HashMap<&'a BlankNode, &'a BlankNode>, mut node: &'a BlankNode) -> &'a BlankNode {
        while let Some(&next) = of.get(node) {
            node = next;
        }
        node
    }
    let mut pairs: BTreeSet<[&str; 2]> = BTreeSet::new();
    let mut of: HashMap<&BlankNode, &BlankNode> = HashMap::new();
    for quad in quads {
        let nodes: Vec<&BlankNode> = blank_nodes(quad).collect();
        for (index, &one) in nodes.iter().enumerate() {
            for &other in &nodes[index + 1..] {
                let pair = [one.as_str().min(other.as_str()), one.as_str().max(other.as_str())];
                if pairs.insert(pair) {
                    let (one, other) = (root(&of, one), root(&of, other));
                    if one == other {
                        return true;
                    }
                    of.insert(one, other);
                }
            }
        }
    }
    false
}

fn refined(quads: &[Quad], colours: &HashMap<BlankNode, String>) -> HashMap<BlankNode, String> {
    let mut told: HashMap<&BlankNode, Vec<String>> = HashMap::new();
    for quad in quads {
        for node in blank_nodes(quad) {
            let shown = |other: &BlankNode| {
                if other == node { "_:self".to_owned() } else { format!("_:{}", colours[other]) }
            };
            let subject = match &quad.subject {
                NamedOrBlankNode::BlankNode(other) => shown(other),
                NamedOrBlankNode::NamedNode(named) => named.to_string(),
            };
            let object = match &quad.object {
                Term::BlankNode(other) => shown(other),
                other => other.to_string(),
            };
            let graph = match &quad.graph_name {
                GraphName::BlankNode(other) => shown(other),
                other => other.to_string(),
            };
            told.entry(node).or_default().push(format!("{subject} {} {object} {graph}", quad.predicate));
        }
    }
    let colour = |(node, mut statements): (&BlankNode, Vec<String>)| {
        statements.sort_unstable();
        let mut hash = Sha256::new();
        hash.update(&colours[node]);
        statements.iter().for_each(|statement| {
            hash.update(statement);
            hash.update("\n");
        });
        (node.clone(), format!("c{}", hexadecimal(&hash.finalize()[..12])))
    };
    told.into_iter().map(colour).collect()
}

/// The first node, in order of the file, of the least colour that several nodes bear, and a statement about it.
fn twin(quads: &[Quad], colours: &HashMap<BlankNode, String>) -> (Option<BlankNode>, String) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let repeated = colours.values().map(String::as_str).filter(|colour| !seen.insert(colour)).min();
    for quad in quads {
        if let Some(node) = blank_nodes(quad).find(|&node| Some(colours[node].as_str()) == repeated) {
            return (Some(node.clone()), quad.to_string());
        }
    }
    (None, String::new())
}

fn blank_nodes(quad: &Quad) -> impl Iterator<Item = &BlankNode> {
    let subject = match &quad.subject {
        NamedOrBlankNode::BlankNode(node) => Some(node),
        NamedOrBlankNode::NamedNode(_) => None,
    };
    let object = match &quad.object {
        Term::BlankNode(node) if Some(node) != subject => Some(node),
        _ => None,
    };
    let graph = match &quad.graph_name {
        GraphName::BlankNode(node) if Some(node) != subject && Some(node) != object => Some(node),
        _ => None,
    };
    [subject, object, graph].into_iter().flatten()
}

fn rename(quad: &mut Quad, colours: &HashMap<BlankNode, String>) {
    let named = |node: &BlankNode| BlankNode::new_unchecked(colours[node].clone());
    if let NamedOrBlankNode::BlankNode(node) = &mut quad.subject {
        *node = named(node);
    }
    if let Term::BlankNode(node) = &mut quad.object {
        *node = named(node);
    }
    if let GraphName::BlankNode(node) = &mut quad.graph_name {
        *node = named(node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(turtle: &str) -> Result<Content, PatchError> {
        Content::parse(turtle.as_bytes(), "a.ttl", RdfSyntax::Turtle)
    }

    #[test]
    fn content_does_not_depend_on_order_prefixes_or_names_of_blank_nodes() {
        let one = content("@prefix e: <urn:e:> . e:a e:p [ e:q 1 ] . e:b e:p _:x . _:x e:q 2 .").expect("sound");
        let other = content("<urn:e:b> <urn:e:p> _:b0 . _:b0 <urn:e:q> 2 . <urn:e:a> <urn:e:p> [ <urn:e:q> 1 ] .");
        assert_eq!(one.sha256(), other.expect("sound").sha256());
        assert_ne!(one.sha256(), content("<urn:e:a> <urn:e:p> 1 .").expect("sound").sha256());
    }

    #[test]
    fn nodes_of_which_the_same_is_said_are_told_apart_by_counting() {
        let shown = |texts: &[&str]| {
            let sums: BTreeSet<_> = texts.iter().map(|text| content(text).expect("no ring").sha256()).collect();
            sums.len()
        };
        let twins = "<urn:a> <urn:p> _:x, _:y, _:z . _:x <urn:q> 1 . _:y <urn:q> 1 . _:z <urn:q> 2 .";
        let again = "_:k <urn:q> 1 . _:l <urn:q> 2 . <urn:a> <urn:p> _:l, _:m . _:m <urn:q> 1 . <urn:a> <urn:p> _:k .";
        assert_eq!(shown(&[twins, again]), 1);
        // Two trees of two leaves each are not one of three and one of one.
        let tree = |root: &str, leaves: [&str; 2]| {
            leaves.map(|leaf| format!("{root} <urn:p> {leaf} . {leaf} <urn:q> 1 . ")).concat()
        };
        let mixed = tree("_:r", ["_:a", "_:b"]) + &tree("_:s", ["_:c", "_:d"]);
        let other = tree("_:s", ["_:d", "_:a"]) + &tree("_:r", ["_:c", "_:b"]);
        let uneven = tree("_:r", ["_:a", "_:b"]) + &tree("_:r", ["_:c", "_:c"]) + &tree("_:s", ["_:d", "_:d"]);
        assert_eq!(shown(&[&mixed, &other]), 1);
        assert_eq!(shown(&[&mixed, &uneven]), 2);
        let kept = content(&mixed).expect("no ring");
        assert_eq!(kept.len(), 8);
        let lines: String = kept.lines().iter().map(String::as_str).collect();
        assert_eq!(Content::parse(lines.as_bytes(), "a.nq", RdfSyntax::NQuads).expect("sound"), kept);
    }

    #[test]
    fn a_chain_of_blank_nodes_is_named_from_its_ends() {
        let ring = "_:a <urn:p> _:b . _:b <urn:p> _:c . _:c <urn:p> _:a .";
        assert!(content(ring).is_err(), "no node of a ring differs from the others");
        let chain = content("_:a <urn:p> _:b . _:b <urn:p> _:c . _:c <urn:p> _:d .").expect("a first and a last");
        assert_eq!(chain.len(), 3);
        let again =
            Content::parse(chain.lines().iter().cloned().collect::<String>().as_bytes(), "a.nq", RdfSyntax::NQuads);
        assert_eq!(again.expect("sound"), chain);
    }
}
