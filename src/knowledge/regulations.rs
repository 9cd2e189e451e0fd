//! Reading regulations out: what the extraction rules answer, joined into genes and cited regulations.
//!
//! Start at [`extract`]. A rule is a SELECT, and its columns say what its rows mean (see [`Role`]), so that a rule of
//! the user is read like one of ours. Nothing that claims to be a regulation is dropped in silence: see [`Faults`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use oxigraph::model::Term;
use oxigraph::sparql::{QueryResults, QuerySolutionIter};

use super::statements::{Statements, evaluation};
use super::{KnowledgeError, vocab};
use crate::biology::{Authority, Citation, CitedRegulation, Gene, GeneId, GeneTable, Regulation, Sign};

/// What the rules found in the statements.
#[derive(Debug)]
pub(super) struct Extracted {
    /// Genes by symbol.
    pub(super) genes: GeneTable,
    /// IRI of each gene; `_:b0` for one that has none.
    pub(super) gene_iris: Vec<String>,
    /// Regulations in force, sorted.
    pub(super) regulations: Vec<CitedRegulation>,
    /// For each regulation, the IRI of a resource that states it and nothing else.
    pub(super) resources: Vec<Option<String>>,
    /// What was left out or doubtful.
    pub(super) warnings: Vec<String>,
    /// Number of regulations before any was withdrawn.
    pub(super) stated: usize,
}

/// Asks every rule and joins the answers.
pub(super) fn extract(statements: &Statements, rules: &[(String, String)]) -> Result<Extracted, KnowledgeError> {
    let mut asked = Vec::with_capacity(rules.len());
    for (name, text) in rules {
        asked.push(Asked::new(name, statements.ask(&format!("the extraction rule `{name}`"), text)?)?);
    }
    // Citations can only be joined to regulations that are already there.
    asked.sort_by_key(|rule| rule.columns.role);
    let mut gathered = Gathered::default();
    for rule in asked {
        rule.gather_into(&mut gathered)?;
    }
    gathered.report_incomplete(statements);
    Ok(gathered.join())
}

/// Whether any rule's rows can be regulations is told by its columns alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// `?regulator ?target ?sign`, perhaps with `?regulation` and citation columns: regulations.
    Regulation,
    /// `?withdrawn` besides: regulations that no longer hold.
    Withdrawn,
    /// `?regulation` with citation columns: what is cited.
    Citation,
    /// `?regulation` alone: resources that claim to be regulations.
    Declared,
    /// `?gene` with names.
    Gene,
}

macro_rules! columns {
    ($($column:ident = $name:literal),+ $(,)?) => {
        /// A column that means something to the reader.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Column { $($column),+ }

        impl Column {
            const ALL: &'static [Self] = &[$(Self::$column),+];

            const fn name(self) -> &'static str {
                match self { $(Self::$column => $name),+ }
            }
        }
    };
}

columns! {
    Regulation = "regulation",
    Regulator = "regulator",
    Target = "target",
    Sign = "sign",
    Withdrawn = "withdrawn",
    Kind = "kind",
    Source = "source",
    Reference = "reference",
    EvidenceCount = "evidenceCount",
    Confidence = "confidence",
    Gene = "gene",
    Symbol = "symbol",
    Label = "label",
    Alias = "alias",
    Authority = "authority",
    Accession = "accession",
}

const CITATION: [Column; 5] =
    [Column::Kind, Column::Source, Column::Reference, Column::EvidenceCount, Column::Confidence];

/// Where each column stands in the rows of a rule.
#[derive(Clone, Debug)]
struct Columns {
    places: [Option<usize>; 16],
    role: Role,
}

impl Columns {
    fn new(rule: &str, variables: &[&str]) -> Result<Self, KnowledgeError> {
        let refused = |found: String| KnowledgeError::RuleColumns { name: rule.to_owned(), found };
        let mut places = [None; 16];
        for (place, variable) in variables.iter().enumerate() {
            let column = Column::ALL.iter().find(|column| column.name() == *variable);
            let column = column.ok_or_else(|| refused(format!("has a column ?{variable}, which has no meaning")))?;
            places[*column as usize] = Some(place);
        }
        let role = role_of(&places).ok_or_else(|| refused(format!("has the columns ?{}", variables.join(" ?"))))?;
        Ok(Self { places, role })
    }
}

fn role_of(places: &[Option<usize>; 16]) -> Option<Role> {
    let has = |column: Column| places[column as usize].is_some();
    let ends = [Column::Regulator, Column::Target, Column::Sign];
    if has(Column::Gene) {
        return Some(Role::Gene);
    }
    if ends.into_iter().all(has) {
        return Some(if has(Column::Withdrawn) { Role::Withdrawn } else { Role::Regulation });
    }
    if !has(Column::Regulation) || ends.into_iter().any(has) || has(Column::Withdrawn) {
        return None;
    }
    Some(if CITATION.into_iter().any(has) { Role::Citation } else { Role::Declared })
}

/// A rule whose rows wait to be read.
struct Asked<'a> {
    name: String,
    columns: Columns,
    rows: QuerySolutionIter<'a>,
}

impl<'a> Asked<'a> {
    fn new(name: &str, answer: QueryResults<'a>) -> Result<Self, KnowledgeError> {
        let refused = |found: &str| KnowledgeError::RuleColumns { name: name.to_owned(), found: found.to_owned() };
        let rows = match answer {
            QueryResults::Solutions(rows) => rows,
            QueryResults::Boolean(_) => return Err(refused("is an ASK")),
            QueryResults::Graph(_) => return Err(refused("is a CONSTRUCT or DESCRIBE")),
        };
        let variables: Vec<_> = rows.variables().iter().map(oxigraph::sparql::Variable::as_str).collect();
        let columns = Columns::new(name, &variables)?;
        Ok(Self { name: name.to_owned(), columns, rows })
    }

    fn gather_into(self, gathered: &mut Gathered) -> Result<(), KnowledgeError> {
        for solution in self.rows {
            let solution =
                solution.map_err(|error| evaluation(&format!("the extraction rule `{}`", self.name), &error))?;
            gathered.add(&Row { columns: &self.columns, values: solution.values() });
        }
        Ok(())
    }
}

struct Row<'a> {
    columns: &'a Columns,
    values: &'a [Option<Term>],
}

impl<'a> Row<'a> {
    fn get(&self, column: Column) -> Option<&'a Term> {
        self.columns.places[column as usize].and_then(|place| self.values[place].as_ref())
    }

    fn text(&self, column: Column) -> Option<&'a str> {
        self.get(column).map(text_of)
    }
}

fn text_of(term: &Term) -> &str {
    match term {
        Term::NamedNode(node) => node.as_str(),
        Term::BlankNode(node) => node.as_str(),
        Term::Literal(literal) => literal.value(),
    }
}

/// A resource as a key: its IRI, or `_:` and the name of a blank node; `None` for a text.
fn resource_key(term: &Term) -> Option<String> {
    match term {
        Term::NamedNode(node) => Some(node.as_str().to_owned()),
        Term::BlankNode(node) => Some(format!("_:{}", node.as_str())),
        Term::Literal(_) => None,
    }
}

fn sign_of(term: &Term) -> Option<Sign> {
    match text_of(term) {
        "https://w3id.org/aligned#activation" | "http://purl.obolibrary.org/obo/RO_0002213" => Some(Sign::Activation),
        "https://w3id.org/aligned#inhibition" | "http://purl.obolibrary.org/obo/RO_0002212" => Some(Sign::Inhibition),
        "activation" | "1" | "+1" | "+" => Some(Sign::Activation),
        "inhibition" | "-1" | "-" => Some(Sign::Inhibition),
        _ => None,
    }
}

/// Resources with the same thing wrong, told together.
#[derive(Debug, Default)]
struct Faults(BTreeMap<String, BTreeSet<String>>);

impl Faults {
    fn add(&mut self, what: &str, resource: impl Into<String>) {
        self.0.entry(what.to_owned()).or_default().insert(resource.into());
    }

    fn into_warnings(self) -> Vec<String> {
        const NAMED: usize = 5;
        let told = |(what, resources): (String, BTreeSet<String>)| {
            let names: Vec<_> = resources.iter().take(NAMED).map(|iri| vocab::compact(iri)).collect();
            let more = if resources.len() > NAMED { ", …" } else { "" };
            format!("{what}: {} ({}{more})", resources.len(), names.join(", "))
        };
        self.0.into_iter().map(told).collect()
    }
}

#[derive(Debug, Default)]
struct Node {
    iri: String,
    /// Said by a rule to be a gene, by its symbol.
    symbols: BTreeSet<String>,
    /// What it is called, if no rule gives it a symbol.
    labels: BTreeSet<String>,
    aliases: BTreeSet<String>,
    accessions: BTreeSet<(Authority, String)>,
    takes_part: bool,
}

type Ends = (usize, usize, Sign);

#[derive(Debug)]
struct Stated {
    ends: Ends,
    citation: Citation,
    resources: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Gathered {
    nodes: Vec<Node>,
    node_of: HashMap<String, usize>,
    stated: Vec<Stated>,
    stated_at: HashMap<Ends, usize>,
    /// What each resource states: one regulation, or two if it bears both signs.
    stated_by: HashMap<String, Vec<usize>>,
    withdrawn: HashSet<Ends>,
    declared: Vec<Term>,
    faulty: HashSet<String>,
    faults: Faults,
}

impl Gathered {
    fn add(&mut self, row: &Row<'_>) {
        match row.columns.role {
            Role::Regulation => self.add_regulation(row),
            Role::Withdrawn => {
                if let Some(ends) = self.ends(row) {
                    self.withdrawn.insert(ends);
                }
            }
            Role::Citation => self.add_citation(row),
            Role::Declared => self.declared.extend(row.get(Column::Regulation).cloned()),
            Role::Gene => self.add_gene(row),
        }
    }

    fn node(&mut self, key: String) -> usize {
        if let Some(&node) = self.node_of.get(&key) {
            return node;
        }
        let node = self.nodes.len();
        self.nodes.push(Node { iri: key.clone(), ..Node::default() });
        self.node_of.insert(key, node);
        node
    }

    fn ends(&mut self, row: &Row<'_>) -> Option<Ends> {
        let regulator = resource_key(row.get(Column::Regulator)?)?;
        let target = resource_key(row.get(Column::Target)?)?;
        let sign = sign_of(row.get(Column::Sign)?)?;
        Some((self.node(regulator), self.node(target), sign))
    }

    fn add_regulation(&mut self, row: &Row<'_>) {
        let resource = row.get(Column::Regulation).and_then(resource_key);
        let Some(ends) = self.ends(row) else {
            self.refuse(row, resource);
            return;
        };
        let at = *self.stated_at.entry(ends).or_insert(self.stated.len());
        if at == self.stated.len() {
            self.stated.push(Stated { ends, citation: Citation::default(), resources: BTreeSet::new() });
        }
        cite(&mut self.stated[at].citation, row, &mut self.faults);
        for node in [ends.0, ends.1] {
            self.nodes[node].takes_part = true;
        }
        if let Some(resource) = resource {
            self.stated[at].resources.insert(resource.clone());
            let states = self.stated_by.entry(resource).or_default();
            if !states.contains(&at) {
                states.push(at);
            }
        }
    }

    fn refuse(&mut self, row: &Row<'_>, resource: Option<String>) {
        let ends = [Column::Regulator, Column::Target, Column::Sign];
        let described = || ends.map(|column| row.text(column).map_or_else(|| "?".to_owned(), vocab::compact)).join(" ");
        let name = resource.clone().unwrap_or_else(described);
        self.faults.add(fault_of(row), name);
        self.faulty.extend(resource);
    }

    fn add_citation(&mut self, row: &Row<'_>) {
        let Some(resource) = row.get(Column::Regulation).and_then(resource_key) else { return };
        for &at in self.stated_by.get(&resource).into_iter().flatten() {
            cite(&mut self.stated[at].citation, row, &mut self.faults);
        }
    }

    fn add_gene(&mut self, row: &Row<'_>) {
        let Some(key) = row.get(Column::Gene).and_then(resource_key) else { return };
        let node = self.node(key);
        let node = &mut self.nodes[node];
        let text = |column| row.text(column).map(str::to_owned);
        node.symbols.extend(text(Column::Symbol));
        node.labels.extend(text(Column::Label));
        node.aliases.extend(text(Column::Alias));
        if let (Some(catalogue), Some(accession)) = (row.text(Column::Authority), text(Column::Accession)) {
            match vocab::authority(catalogue) {
                Some(authority) => _ = node.accessions.insert((authority, accession)),
                None => self.faults.add("accessions of a catalogue that is not known, left out", catalogue),
            }
        }
    }

    /// Resources that claim to be regulations and from which no rule could read one.
    fn report_incomplete(&mut self, statements: &Statements) {
        for declared in std::mem::take(&mut self.declared) {
            let Some(key) = resource_key(&declared) else { continue };
            if self.stated_by.contains_key(&key) || self.faulty.contains(&key) {
                continue;
            }
            let lacks = |part: &&str| !statements.has(&declared, &vocab::aligned(part));
            let missing: Vec<_> = ["regulator", "target", "sign"].into_iter().filter(lacks).collect();
            let what = match missing.as_slice() {
                [] => "regulations that no rule can read, left out".to_owned(),
                missing => format!("regulations without {}, left out", missing.join(" and ")),
            };
            self.faults.add(&what, key);
        }
    }

    fn join(mut self) -> Extracted {
        let symbols = self.symbols();
        let (genes, gene_iris) = self.genes(&symbols);
        let regulation = |(regulator, target, sign): Ends| {
            let gene = |node: usize| symbols[node].as_deref().and_then(|symbol| genes.id(symbol));
            Some(Regulation::new(gene(regulator)?, gene(target)?, sign))
        };
        let withdrawn: HashSet<_> = self.withdrawn.iter().filter_map(|&ends| regulation(ends)).collect();
        let stated_by = &self.stated_by;
        let mut joined: Vec<(CitedRegulation, Option<String>)> = Vec::with_capacity(self.stated.len());
        for Stated { ends, citation, resources } in self.stated {
            let own = resources.into_iter().find(|iri| stated_by[iri].len() == 1 && !iri.starts_with("_:"));
            let regulation = regulation(ends).expect("a gene that takes part has a symbol");
            joined.push((CitedRegulation { regulation, citation }, own));
        }
        let stated = joined.len();
        joined.retain(|(cited, _)| !withdrawn.contains(&cited.regulation));
        joined.sort_by(|a, b| a.0.regulation.cmp(&b.0.regulation).then_with(|| a.1.cmp(&b.1)));
        let (regulations, resources) = merged(joined);
        Extracted { genes, gene_iris, regulations, resources, warnings: self.faults.into_warnings(), stated }
    }

    /// The symbol of each node that is a gene; `None` for one that is nothing to us, such as a term of an ontology.
    fn symbols(&self) -> Vec<Option<String>> {
        let named = |node: &Node| {
            let names = if node.symbols.is_empty() { &node.labels } else { &node.symbols };
            names.first().cloned()
        };
        let is_gene = |node: &Node| node.takes_part || !node.symbols.is_empty();
        let mut bearers: HashMap<String, usize> = HashMap::new();
        for node in self.nodes.iter().filter(|node| is_gene(node)) {
            let name = named(node).unwrap_or_else(|| vocab::last_segment(&node.iri));
            *bearers.entry(name).or_default() += 1;
        }
        let symbol = |node: &Node| {
            // Two resources with one label are one gene; two that merely end alike are not.
            named(node).unwrap_or_else(|| {
                let derived = vocab::last_segment(&node.iri);
                if bearers[&derived] == 1 { derived } else { node.iri.clone() }
            })
        };
        self.nodes.iter().map(|node| is_gene(node).then(|| symbol(node))).collect()
    }

    fn genes(&mut self, symbols: &[Option<String>]) -> (GeneTable, Vec<String>) {
        let mut order: Vec<_> = (0..self.nodes.len()).filter(|&node| symbols[node].is_some()).collect();
        order.sort_by(|&a, &b| symbols[a].cmp(&symbols[b]).then_with(|| self.nodes[a].iri.cmp(&self.nodes[b].iri)));
        let mut genes = GeneTable::new();
        let mut iris = Vec::with_capacity(order.len());
        for node in order {
            let gene = self.nodes[node].as_gene(symbols[node].as_deref().unwrap_or_default());
            let symbol = gene.symbol.clone();
            if genes.insert(gene) == GeneId::new(iris.len()) {
                iris.push(self.nodes[node].iri.clone());
            } else {
                self.faults.add("resources with the symbol of another one, taken for the same gene", symbol);
            }
        }
        (genes, iris)
    }
}

impl Node {
    fn as_gene(&self, symbol: &str) -> Gene {
        let other_names = self.symbols.iter().filter(|name| *name != symbol);
        let gene = other_names.chain(&self.aliases).fold(Gene::named(symbol), |gene, name| gene.with_alias(name));
        self.accessions.iter().fold(gene, |gene, (authority, value)| gene.with_accession(*authority, value))
    }
}

fn fault_of(row: &Row<'_>) -> &'static str {
    let is_text = |column| matches!(row.get(column), Some(Term::Literal(_)));
    if is_text(Column::Regulator) || is_text(Column::Target) {
        return "regulations that name a gene by a text in place of an IRI, left out";
    }
    match row.get(Column::Sign) {
        Some(sign) if sign_of(sign).is_none() => {
            "regulations whose sign is neither aligned:activation nor aligned:inhibition, left out"
        }
        _ => "regulations without regulator, target or sign, left out",
    }
}

fn cite(citation: &mut Citation, row: &Row<'_>, faults: &mut Faults) {
    for (column, list) in [
        (Column::Source, &mut citation.sources),
        (Column::Reference, &mut citation.references),
        (Column::Kind, &mut citation.kinds),
    ] {
        list.extend(row.text(column).map(str::to_owned));
    }
    if let Some(text) = row.text(Column::EvidenceCount) {
        match text.parse::<u32>() {
            Ok(count) => citation.evidence_count = citation.evidence_count.max(count),
            Err(_) => faults.add("evidence counts that are no whole number, left out", text),
        }
    }
    if let Some(text) = row.text(Column::Confidence) {
        match text.parse::<f64>() {
            Ok(value) if (0.0..=1.0).contains(&value) => {
                citation.confidence = Some(citation.confidence.map_or(value, |other| other.max(value)));
            }
            _ => faults.add("confidences outside 0 to 1, left out", text),
        }
    }
}

/// Regulations that became one when their genes did; lists of citations come out sorted.
fn merged(joined: Vec<(CitedRegulation, Option<String>)>) -> (Vec<CitedRegulation>, Vec<Option<String>>) {
    let mut regulations: Vec<CitedRegulation> = Vec::with_capacity(joined.len());
    let mut resources: Vec<Option<String>> = Vec::with_capacity(joined.len());
    for (cited, resource) in joined {
        match (regulations.last_mut(), resources.last_mut()) {
            (Some(last), Some(own)) if last.regulation == cited.regulation => {
                last.citation.absorb(cited.citation);
                *own = own.take().or(resource);
            }
            _ => {
                regulations.push(cited);
                resources.push(resource);
            }
        }
    }
    for cited in &mut regulations {
        let Citation { kinds, sources, references, .. } = &mut cited.citation;
        for list in [kinds, sources, references] {
            list.sort_unstable();
            list.dedup();
            list.shrink_to_fit();
        }
    }
    (regulations, resources)
}
