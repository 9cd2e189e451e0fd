//! Terms and the graph between them.

use std::collections::HashMap;

use crate::knowledge::import::delimited::{Layout, Table, text};
use crate::knowledge::import::{ImportCounts, ImportError};

/// One of the three ontologies of the Gene Ontology.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ontology {
    /// What the gene product takes part in.
    BiologicalProcess,
    /// What the gene product does.
    MolecularFunction,
    /// Where the gene product is.
    CellularComponent,
}

impl Ontology {
    /// All three.
    pub const ALL: [Self; 3] = [Self::BiologicalProcess, Self::MolecularFunction, Self::CellularComponent];

    /// The ontology of a name such as `biological_process` or `BP`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "biological_process" | "BP" | "P" => Some(Self::BiologicalProcess),
            "molecular_function" | "MF" | "F" => Some(Self::MolecularFunction),
            "cellular_component" | "CC" | "C" => Some(Self::CellularComponent),
            _ => None,
        }
    }

    /// Its name in OBO files, for example `biological_process`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BiologicalProcess => "biological_process",
            Self::MolecularFunction => "molecular_function",
            Self::CellularComponent => "cellular_component",
        }
    }

    /// Accession of its root, the term that annotates everything.
    #[must_use]
    pub const fn root(self) -> &'static str {
        match self {
            Self::BiologicalProcess => "GO:0008150",
            Self::MolecularFunction => "GO:0003674",
            Self::CellularComponent => "GO:0005575",
        }
    }
}

/// One term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its accession, for example `GO:0006281`.
    pub id: String,
    /// Its name, for example `DNA repair`.
    pub name: String,
    /// The ontology to which it belongs.
    pub ontology: Ontology,
    /// Accessions that it took over from terms merged into it, sorted.
    pub alternative_ids: Vec<String>,
}

/// How a term relates to its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermRelation {
    /// It is a kind of its parent.
    IsA,
    /// It is a part of its parent.
    PartOf,
    /// It regulates its parent (a process, not a gene).
    Regulates,
    /// It positively regulates its parent.
    PositivelyRegulates,
    /// It negatively regulates its parent.
    NegativelyRegulates,
}

impl TermRelation {
    fn named(name: &str) -> Option<Self> {
        match name.replace(' ', "_").as_str() {
            "isa" | "is_a" => Some(Self::IsA),
            "part_of" => Some(Self::PartOf),
            "regulates" => Some(Self::Regulates),
            "positively_regulates" => Some(Self::PositivelyRegulates),
            "negatively_regulates" => Some(Self::NegativelyRegulates),
            _ => None,
        }
    }

    /// True if what the child annotates, the parent annotates too: is a, part of.
    #[must_use]
    pub const fn passes_annotations_on(self) -> bool {
        matches!(self, Self::IsA | Self::PartOf)
    }
}

/// One edge of the graph, child to parent, as positions among the terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TermEdge {
    /// Position of the narrower term.
    pub child: usize,
    /// How it relates.
    pub relation: TermRelation,
    /// Position of the wider term.
    pub parent: usize,
}

/// Terms in force and the edges between them.
#[derive(Clone, Debug, Default)]
pub struct TermGraph {
    terms: Vec<Term>,
    by_id: HashMap<String, usize>,
    edges: Vec<TermEdge>,
    /// What became of every term read.
    pub term_counts: ImportCounts,
    /// What became of every edge read.
    pub edge_counts: ImportCounts,
    /// Lines of OBO text that are neither tag and value nor empty, for example the rest of a broken definition.
    pub illegal_lines: u64,
}

struct RawEdge {
    child: String,
    relation: String,
    parent: String,
    line: u64,
}

impl TermGraph {
    /// Reads terms and edges from two tables.
    ///
    /// Terms have the columns `go_id`, `name` and `ontology` or `namespace`; edges `child`, `relation`, `parent`. The pseudo-term `all`
    /// above the roots is left out.
    ///
    /// # Errors
    /// [`ImportError`] if a file is no such table or two terms share an accession.
    pub fn from_tables(terms: &[u8], terms_name: &str, edges: &[u8], edges_name: &str) -> Result<Self, ImportError> {
        let mut graph = Self::default();
        let mut table = Table::open(terms, terms_name, Layout::TSV)?;
        let (id, name) = (table.column("go_id")?, table.column("name")?);
        let ontology = table.optional("namespace").map_or_else(|| table.column("ontology"), Ok)?;
        while table.next_row()? {
            let stanza = Stanza {
                id: table.field(id).to_owned(),
                name: table.field(name).to_owned(),
                ontology: table.field(ontology).to_owned(),
                line: table.line(),
                ..Stanza::default()
            };
            graph.enter(stanza, terms_name)?;
        }
        graph.connect(edge_table(edges, edges_name)?);
        Ok(graph)
    }

    /// Reads terms and edges from OBO text.
    ///
    /// Obsolete terms are left out; an alternative accession stands for the term that took it over. Lines that are no
    /// tag and value are passed over and counted.
    ///
    /// # Errors
    /// [`ImportError`] if the text is not UTF-8, holds no `[Term]`, or two terms share an accession.
    pub fn from_obo(content: &[u8], file_name: &str) -> Result<Self, ImportError> {
        let mut graph = Self::default();
        let mut edges = Vec::new();
        let mut stanza: Option<Stanza> = None;
        let mut in_header = true;
        for (line, content) in (1..).zip(text(content, file_name)?.lines()) {
            let content = content.trim_end();
            if content.starts_with('[') {
                in_header = false;
                graph.close(stanza.take(), &mut edges, file_name)?;
                stanza = (content == "[Term]").then(|| Stanza { line, ..Stanza::default() });
                continue;
            }
            match (&mut stanza, content.split_once(':')) {
                (Some(stanza), Some((tag, value))) if is_tag(tag) => stanza.take(tag, value, line),
                (None, _) if !in_header => {}
                (_, Some((tag, _))) if is_tag(tag) => {}
                (_, _) if content.trim().is_empty() => {}
                _ => graph.illegal_lines += 1,
            }
        }
        graph.close(stanza, &mut edges, file_name)?;
        if graph.term_counts.read == 0 {
            let problem = "no `[Term]` in the file; is it in OBO format?".to_owned();
            return Err(ImportError::Malformed { file: file_name.to_owned(), line: 1, problem });
        }
        if graph.illegal_lines > 0 {
            tracing::warn!(lines = graph.illegal_lines, "{file_name}: passed over lines that are not OBO");
        }
        graph.connect(edges);
        Ok(graph)
    }

    fn close(&mut self, stanza: Option<Stanza>, edges: &mut Vec<RawEdge>, file_name: &str) -> Result<(), ImportError> {
        let Some(mut stanza) = stanza else { return Ok(()) };
        edges.append(&mut stanza.edges);
        self.enter(stanza, file_name)
    }

    fn enter(&mut self, mut stanza: Stanza, file_name: &str) -> Result<(), ImportError> {
        self.term_counts.read += 1;
        let counts = &mut self.term_counts;
        if stanza.is_obsolete {
            counts.leave_out("obsolete", stanza.line);
            return Ok(());
        }
        if !stanza.id.starts_with("GO:") {
            counts.leave_out("no accession of the Gene Ontology", stanza.line);
            return Ok(());
        }
        let Some(ontology) = Ontology::named(&stanza.ontology) else {
            counts.leave_out("none of the three ontologies", stanza.line);
            return Ok(());
        };
        let position = self.terms.len();
        if self.by_id.get(&stanza.id).is_some_and(|&known| self.terms[known].id == stanza.id) {
            let problem = format!("term {} is given twice; delete one of the two", stanza.id);
            return Err(ImportError::Malformed { file: file_name.to_owned(), line: stanza.line, problem });
        }
        stanza.alternative_ids.sort();
        stanza.alternative_ids.dedup();
        for alternative in &stanza.alternative_ids {
            self.by_id.entry(alternative.clone()).or_insert(position);
        }
        self.by_id.insert(stanza.id.clone(), position);
        let (id, name, alternative_ids) = (stanza.id, stanza.name, stanza.alternative_ids);
        self.terms.push(Term { id, name, ontology, alternative_ids });
        self.term_counts.kept += 1;
        Ok(())
    }

    fn connect(&mut self, edges: Vec<RawEdge>) {
        for edge in edges {
            self.edge_counts.read += 1;
            let Some(relation) = TermRelation::named(&edge.relation) else {
                self.edge_counts.leave_out("relation not used", edge.line);
                continue;
            };
            match (self.position(&edge.child), self.position(&edge.parent)) {
                (Some(child), Some(parent)) => self.edges.push(TermEdge { child, relation, parent }),
                _ => self.edge_counts.leave_out("an end is not a term in force", edge.line),
            }
        }
        let stated = self.edges.len();
        self.edges.sort_unstable();
        self.edges.dedup();
        self.edge_counts.kept = self.edges.len() as u64;
        self.edge_counts.merged = (stated - self.edges.len()) as u64;
    }

    /// All terms, in the order of the file.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// All edges, sorted by child.
    #[must_use]
    pub fn edges(&self) -> &[TermEdge] {
        &self.edges
    }

    /// Position of the term of this accession, also of one that it took over.
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// For each term, itself and every term above it by *is a* and *part of*; sorted positions.
    ///
    /// # Complexity
    /// `O(terms + size of the answer)` steps over the graph, and as much memory.
    #[must_use]
    pub fn ancestors(&self) -> Vec<Vec<usize>> {
        let mut parents = vec![Vec::new(); self.terms.len()];
        for edge in self.edges.iter().filter(|edge| edge.relation.passes_annotations_on()) {
            parents[edge.child].push(edge.parent);
        }
        let mut last_seen_by = vec![usize::MAX; self.terms.len()];
        let above = |term: usize| {
            let mut found = vec![term];
            last_seen_by[term] = term;
            let mut next = 0;
            while next < found.len() {
                for &parent in &parents[found[next]] {
                    if last_seen_by[parent] != term {
                        last_seen_by[parent] = term;
                        found.push(parent);
                    }
                }
                next += 1;
            }
            found.sort_unstable();
            found
        };
        (0..self.terms.len()).map(above).collect()
    }
}

/// A `[Term]` while it is read.
#[derive(Default)]
struct Stanza {
    id: String,
    name: String,
    ontology: String,
    alternative_ids: Vec<String>,
    edges: Vec<RawEdge>,
    is_obsolete: bool,
    line: u64,
}

impl Stanza {
    fn take(&mut self, tag: &str, value: &str, line: u64) {
        let value = value.split(" !").next().unwrap_or(value).trim();
        match tag {
            "id" => value.clone_into(&mut self.id),
            "name" => value.clone_into(&mut self.name),
            "namespace" => value.clone_into(&mut self.ontology),
            "alt_id" => self.alternative_ids.push(value.to_owned()),
            "is_obsolete" => self.is_obsolete = value == "true",
            "is_a" => self.edge("is_a", value, line),
            "relationship" => {
                if let Some((relation, parent)) = value.split_once(' ') {
                    self.edge(relation, parent, line);
                }
            }
            _ => {}
        }
    }

    /// The accession may be followed by qualifiers in braces.
    fn edge(&mut self, relation: &str, parent: &str, line: u64) {
        let parent = parent.split_whitespace().next().unwrap_or_default().to_owned();
        self.edges.push(RawEdge { child: self.id.clone(), relation: relation.to_owned(), parent, line });
    }
}

fn is_tag(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn edge_table(content: &[u8], file_name: &str) -> Result<Vec<RawEdge>, ImportError> {
    let mut table = Table::open(content, file_name, Layout::TSV)?;
    let (child, relation, parent) = (table.column("child")?, table.column("relation")?, table.column("parent")?);
    let mut edges = Vec::new();
    while table.next_row()? {
        let field = |column: usize| table.field(column).to_owned();
        edges.push(RawEdge {
            child: field(child),
            relation: field(relation),
            parent: field(parent),
            line: table.line(),
        });
    }
    Ok(edges)
}
