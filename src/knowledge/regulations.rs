//! Reading statements out: what the extraction rules answer, joined into genes, cited regulations and cited effects.
//!
//! Start at [`extract`]. A rule is a SELECT, and its columns say what its rows mean (see [`Role`]), so that a rule of
//! the user is read like one of ours. Nothing that claims to be a regulation or an effect is dropped in silence: see
//! [`Faults`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use oxigraph::model::Term;
use oxigraph::sparql::{QueryResults, QuerySolutionIter};

use super::ontology_terms::{is_class_of_no_genes, is_term};
use super::statements::{Cell, Statements, evaluation};
use super::{KnowledgeError, vocab};
use crate::biology::{Authority, Citation, CitedRegulation, Gene, GeneId, GeneTable, Regulation, Sign, StatementKind};

/// What the rules found in the statements.
#[derive(Debug)]
pub(super) struct Extracted {
    /// Genes by symbol.
    pub(super) genes: GeneTable,
    /// IRI of each gene; `_:b0` for one that has none.
    pub(super) gene_iris: Vec<String>,
    /// Regulations in force.
    pub(super) regulations: Held,
    /// Effects in force.
    pub(super) effects: Held,
    /// What was left out or doubtful.
    pub(super) warnings: Vec<String>,
    /// Number of regulations and effects before any was retracted.
    pub(super) stated: usize,
}

/// Statements of one kind in force, sorted by regulator, target and sign.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) statements: Vec<CitedRegulation>,
    /// For each, the IRI of a resource that states it and nothing else.
    pub(super) resources: Vec<Option<String>>,
}

impl Held {
    pub(super) fn position(&self, statement: Regulation) -> Option<usize> {
        self.statements.binary_search_by_key(&statement, |cited| cited.regulation).ok()
    }
}

/// Asks every rule and joins the answers.
pub(super) fn extract(statements: &Statements, rules: &[(String, String)]) -> Result<Extracted, KnowledgeError> {
    let mut asked = Vec::with_capacity(rules.len());
    for (name, text) in rules {
        asked.push(Asked::new(name, statements.ask_numbers(&format!("the extraction rule `{name}`"), text)?)?);
    }
    // Citations can only be joined to regulations that are already there.
    asked.sort_by_key(|rule| rule.columns.role);
    let mut gathered = Gathered::new(statements);
    for rule in asked {
        rule.gather_into(&mut gathered)?;
    }
    gathered.report_incomplete();
    Ok(gathered.join())
}

/// What the rows of a rule mean is told by its columns alone. `?statement` may say of what kind a statement is: a
/// regulation (as if it were not there) or an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// `?regulator ?target ?sign`, perhaps with `?regulation` and citation columns: statements.
    Regulation,
    /// `?retractedAt` besides: statements that no longer hold.
    Retracted,
    /// `?regulation` with citation columns: what is cited.
    Citation,
    /// `?regulation` alone: resources that claim to be statements.
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
    Statement = "statement",
    RetractedAt = "retractedAt",
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
    places: [Option<usize>; Column::ALL.len()],
    role: Role,
}

impl Columns {
    fn new(rule: &str, variables: &[&str]) -> Result<Self, KnowledgeError> {
        let refused = |found: String| KnowledgeError::RuleColumns { name: rule.to_owned(), found };
        let mut places = [None; Column::ALL.len()];
        for (place, variable) in variables.iter().enumerate() {
            let column = Column::ALL.iter().find(|column| column.name() == *variable);
            let column = column.ok_or_else(|| refused(format!("has a column ?{variable}, which has no meaning")))?;
            places[*column as usize] = Some(place);
        }
        let role = role_of(&places).ok_or_else(|| refused(format!("has the columns ?{}", variables.join(" ?"))))?;
        Ok(Self { places, role })
    }
}

fn role_of(places: &[Option<usize>; Column::ALL.len()]) -> Option<Role> {
    let has = |column: Column| places[column as usize].is_some();
    let ends = [Column::Regulator, Column::Target, Column::Sign];
    if has(Column::Gene) {
        return Some(Role::Gene);
    }
    if ends.into_iter().all(has) {
        return Some(if has(Column::RetractedAt) { Role::Retracted } else { Role::Regulation });
    }
    if !has(Column::Regulation) || ends.into_iter().any(has) || has(Column::RetractedAt) {
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

    fn gather_into(self, gathered: &mut Gathered<'_>) -> Result<(), KnowledgeError> {
        for solution in self.rows {
            let solution =
                solution.map_err(|error| evaluation(&format!("the extraction rule `{}`", self.name), &error))?;
            let mut cells = [None; Column::ALL.len()];
            for (cell, place) in cells.iter_mut().zip(self.columns.places) {
                *cell =
                    place.and_then(|place| solution.values()[place].as_ref()).map(|term| gathered.terms.number(term));
            }
            gathered.add(self.columns.role, &Row(cells));
        }
        Ok(())
    }
}

/// One answer of a rule: term numbers by column.
struct Row([Option<u32>; Column::ALL.len()]);

impl Row {
    const fn get(&self, column: Column) -> Option<u32> {
        self.0[column as usize]
    }
}

/// All terms that answers may hold, by number: those of the file, then those that rules computed.
#[derive(Debug)]
struct Terms<'a> {
    statements: &'a Statements,
    computed: Vec<Term>,
    numbers: HashMap<Term, u32>,
}

impl Terms<'_> {
    fn number(&mut self, term: &Term) -> u32 {
        let term = match self.statements.cell(term) {
            Cell::Here(number) => return number,
            Cell::Elsewhere(term) => term,
        };
        if let Some(&number) = self.numbers.get(term) {
            return number;
        }
        let number = u32::try_from(self.statements.n_terms() + self.computed.len())
            .expect("answers that fit in memory have under 2^32 terms");
        self.computed.push(term.clone());
        self.numbers.insert(term.clone(), number);
        number
    }

    fn term(&self, number: u32) -> &Term {
        match (number as usize).checked_sub(self.statements.n_terms()) {
            Some(computed) => &self.computed[computed],
            None => self.statements.term(number),
        }
    }

    fn text(&self, number: u32) -> &str {
        match self.term(number) {
            Term::NamedNode(node) => node.as_str(),
            Term::BlankNode(node) => node.as_str(),
            Term::Literal(literal) => literal.value(),
        }
    }

    /// The IRI of a resource, or `_:` and the name of a blank node.
    fn iri(&self, number: u32) -> String {
        match self.term(number) {
            Term::BlankNode(node) => format!("_:{}", node.as_str()),
            _ => self.text(number).to_owned(),
        }
    }

    fn is_resource(&self, number: u32) -> bool {
        !matches!(self.term(number), Term::Literal(_))
    }

    /// The kind of statement that a cell of the column `?statement` names; no cell, a regulation.
    fn kind(&self, number: Option<u32>) -> Option<StatementKind> {
        let Some(number) = number else { return Some(StatementKind::Regulation) };
        let text = self.text(number);
        let word = text.strip_prefix(vocab::ALIGNED).unwrap_or(text);
        StatementKind::ALL.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(word))
    }

    /// True for a term of an ontology, or what is of a class without genes, unless it is declared to be a gene.
    fn is_no_gene(&self, number: u32) -> bool {
        let of_class = |test: &dyn Fn(&str) -> bool| {
            let classes = [vocab::RDF_TYPE, "https://w3id.org/biolink/vocab/category"];
            let mut classes = classes.iter().flat_map(|predicate| self.classes(number, predicate));
            classes.any(test)
        };
        (is_term(self.text(number)) || of_class(&is_class_of_no_genes))
            && !of_class(&|class| class.strip_prefix(vocab::ALIGNED) == Some("Gene"))
    }

    fn classes(&self, number: u32, predicate: &str) -> impl Iterator<Item = &str> {
        let known = (number as usize) < self.statements.n_terms();
        let objects = known.then(|| self.statements.objects(number, predicate)).into_iter().flatten();
        objects.filter_map(|class| match class {
            Term::NamedNode(node) => Some(node.as_str()),
            _ => None,
        })
    }

    fn sign(&self, number: u32) -> Option<Sign> {
        match self.text(number) {
            "https://w3id.org/aligned#activation" | "http://purl.obolibrary.org/obo/RO_0002213" => {
                Some(Sign::Activation)
            }
            "https://w3id.org/aligned#inhibition" | "http://purl.obolibrary.org/obo/RO_0002212" => {
                Some(Sign::Inhibition)
            }
            "activation" | "1" | "+1" | "+" => Some(Sign::Activation),
            "inhibition" | "-1" | "-" => Some(Sign::Inhibition),
            _ => None,
        }
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

/// Names are kept as term numbers until it is known whose they are.
#[derive(Debug, Default)]
struct Node {
    term: u32,
    /// Said by a rule to be a gene, by its symbol.
    symbols: Vec<u32>,
    /// What it is called, if no rule gives it a symbol.
    labels: Vec<u32>,
    aliases: Vec<u32>,
    accessions: Vec<(Authority, u32)>,
    takes_part: bool,
}

impl Node {
    const fn is_gene(&self) -> bool {
        self.takes_part || !self.symbols.is_empty()
    }
}

/// Regulator and target by node, the sign, and what kind of statement it is.
type Ends = (u32, u32, Sign, StatementKind);

#[derive(Debug)]
struct Stated {
    ends: Ends,
    resources: Vec<u32>,
}

/// The `column` of a citation says `value` of the regulation stated at `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cited {
    at: u32,
    column: u8,
    value: u32,
}

#[derive(Debug)]
struct Gathered<'a> {
    terms: Terms<'a>,
    nodes: Vec<Node>,
    node_of: HashMap<u32, u32>,
    stated: Vec<Stated>,
    stated_at: HashMap<Ends, u32>,
    /// What each resource states: one regulation, or two if it bears both signs.
    stated_by: HashMap<u32, Vec<u32>>,
    cited: Vec<Cited>,
    retracted: HashSet<Ends>,
    declared: Vec<(u32, StatementKind)>,
    /// Whether each term that was to be a gene is none.
    no_genes: HashMap<u32, bool>,
    faulty: HashSet<u32>,
    faults: Faults,
}

impl<'a> Gathered<'a> {
    fn new(statements: &'a Statements) -> Self {
        Self {
            terms: Terms { statements, computed: Vec::new(), numbers: HashMap::new() },
            nodes: Vec::new(),
            node_of: HashMap::new(),
            stated: Vec::new(),
            stated_at: HashMap::new(),
            stated_by: HashMap::new(),
            cited: Vec::new(),
            retracted: HashSet::new(),
            declared: Vec::new(),
            no_genes: HashMap::new(),
            faulty: HashSet::new(),
            faults: Faults::default(),
        }
    }

    fn add(&mut self, role: Role, row: &Row) {
        match role {
            Role::Regulation => self.add_regulation(row),
            Role::Retracted => {
                if let Some(ends) = self.ends(row) {
                    self.retracted.insert(ends);
                }
            }
            Role::Citation => self.add_citation(row),
            Role::Declared => {
                let kind = self.kind(row).unwrap_or_default();
                self.declared.extend(self.resource(row, Column::Regulation).map(|resource| (resource, kind)));
            }
            Role::Gene => self.add_gene(row),
        }
    }

    fn resource(&self, row: &Row, column: Column) -> Option<u32> {
        row.get(column).filter(|&term| self.terms.is_resource(term))
    }

    fn node(&mut self, term: u32) -> u32 {
        let next = number_of(self.nodes.len());
        let node = *self.node_of.entry(term).or_insert(next);
        if node == next {
            self.nodes.push(Node { term, ..Node::default() });
        }
        node
    }

    fn kind(&self, row: &Row) -> Option<StatementKind> {
        self.terms.kind(row.get(Column::Statement))
    }

    fn ends(&mut self, row: &Row) -> Option<Ends> {
        let regulator = self.resource(row, Column::Regulator)?;
        let target = self.resource(row, Column::Target)?;
        let sign = self.terms.sign(row.get(Column::Sign)?)?;
        let kind = self.kind(row)?;
        Some((self.node(regulator), self.node(target), sign, kind))
    }

    /// True if the statement has a term of an ontology in place of a gene.
    fn is_of_terms(&mut self, row: &Row) -> bool {
        let ends = [Column::Regulator, Column::Target].map(|column| self.resource(row, column));
        let Self { no_genes, terms, .. } = self;
        ends.into_iter().flatten().any(|term| *no_genes.entry(term).or_insert_with(|| terms.is_no_gene(term)))
    }

    fn add_regulation(&mut self, row: &Row) {
        let resource = self.resource(row, Column::Regulation);
        if self.is_of_terms(row) {
            self.refuse_as(row, resource, OF_TERMS.to_owned());
            return;
        }
        let Some(ends) = self.ends(row) else {
            self.refuse_as(row, resource, self.fault_of(row));
            return;
        };
        let next = number_of(self.stated.len());
        let at = *self.stated_at.entry(ends).or_insert(next);
        if at == next {
            self.stated.push(Stated { ends, resources: Vec::new() });
        }
        for node in [ends.0, ends.1] {
            self.nodes[node as usize].takes_part = true;
        }
        self.cite(at, row);
        if let Some(resource) = resource {
            let states = self.stated_by.entry(resource).or_default();
            if !states.contains(&at) {
                states.push(at);
                self.stated[at as usize].resources.push(resource);
            }
        }
    }

    fn refuse_as(&mut self, row: &Row, resource: Option<u32>, fault: String) {
        let shown =
            |column| row.get(column).map_or_else(|| "?".to_owned(), |term| vocab::compact(self.terms.text(term)));
        let name = match resource {
            Some(resource) => self.terms.iri(resource),
            None => [Column::Regulator, Column::Sign, Column::Target].map(shown).join(" "),
        };
        self.faults.add(&fault, name);
        self.faulty.extend(resource);
    }

    fn fault_of(&self, row: &Row) -> String {
        let Some(kind) = self.kind(row) else {
            return "statements that are neither said to be regulations nor effects, left out".to_owned();
        };
        let is_text = |column| row.get(column).is_some_and(|term| !self.terms.is_resource(term));
        let fault = if is_text(Column::Regulator) || is_text(Column::Target) {
            "that name a gene by a text in place of an IRI"
        } else if row.get(Column::Sign).is_some_and(|sign| self.terms.sign(sign).is_none()) {
            "whose sign is neither aligned:activation nor aligned:inhibition"
        } else {
            "without regulator, target or sign"
        };
        format!("{}s {fault}, left out", kind.word())
    }

    fn add_citation(&mut self, row: &Row) {
        let Some(resource) = self.resource(row, Column::Regulation) else { return };
        for at in self.stated_by.get(&resource).cloned().unwrap_or_default() {
            self.cite(at, row);
        }
    }

    fn cite(&mut self, at: u32, row: &Row) {
        for column in CITATION {
            if let Some(value) = row.get(column) {
                self.cited.push(Cited { at, column: column as u8, value });
            }
        }
    }

    fn add_gene(&mut self, row: &Row) {
        let Some(resource) = self.resource(row, Column::Gene) else { return };
        let node = self.node(resource) as usize;
        let authority = row.get(Column::Authority).map(|term| vocab::authority(self.terms.text(term)).ok_or(term));
        let node = &mut self.nodes[node];
        node.symbols.extend(row.get(Column::Symbol));
        node.labels.extend(row.get(Column::Label));
        node.aliases.extend(row.get(Column::Alias));
        match (authority, row.get(Column::Accession)) {
            (Some(Ok(authority)), Some(accession)) => node.accessions.push((authority, accession)),
            (Some(Err(unknown)), _) => {
                let catalogue = self.terms.text(unknown);
                self.faults.add("catalogues that are not known, their accessions left out", catalogue);
            }
            _ => {}
        }
    }

    /// Resources that claim to be statements and from which no rule could read one.
    fn report_incomplete(&mut self) {
        for (declared, kind) in std::mem::take(&mut self.declared) {
            if self.stated_by.contains_key(&declared) || self.faulty.contains(&declared) {
                continue;
            }
            let resource = self.terms.term(declared);
            let lacks = |part: &&str| !self.terms.statements.has(resource, &vocab::aligned(part));
            let missing: Vec<_> = ["regulator", "target", "sign"].into_iter().filter(lacks).collect();
            let what = match missing.as_slice() {
                [] => format!("{}s that no rule can read, left out", kind.word()),
                missing => format!("{}s without {}, left out", kind.word(), missing.join(" and ")),
            };
            self.faults.add(&what, self.terms.iri(declared));
        }
    }

    fn join(mut self) -> Extracted {
        let symbols = self.symbols();
        let (genes, gene_iris, gene_of) = self.genes(&symbols);
        let statement = |(regulator, target, sign, kind): Ends| {
            let gene = |node: u32| gene_of[node as usize];
            Some((kind, Regulation::new(gene(regulator)?, gene(target)?, sign)))
        };
        let retracted: HashSet<_> = self.retracted.iter().filter_map(|&ends| statement(ends)).collect();
        let mut citations = self.citations().into_iter();
        let [mut regulations, mut effects] = [Vec::with_capacity(self.stated.len()), Vec::new()];
        for stated in &self.stated {
            let (kind, regulation) = statement(stated.ends).expect("whoever takes part in a statement is a gene");
            let citation = citations.next().expect("there is one citation for each statement");
            if retracted.contains(&(kind, regulation)) {
                continue;
            }
            let of_kind = if kind == StatementKind::Effect { &mut effects } else { &mut regulations };
            of_kind.push((CitedRegulation { regulation, citation }, self.own_resource(stated)));
        }
        let [regulations, effects] = [regulations, effects].map(merged);
        let stated = self.stated.len();
        Extracted { genes, gene_iris, regulations, effects, warnings: self.faults.into_warnings(), stated }
    }

    /// The first IRI of those that state this and nothing else.
    fn own_resource(&self, stated: &Stated) -> Option<String> {
        let own = stated.resources.iter().filter(|&resource| {
            self.stated_by[resource].len() == 1 && matches!(self.terms.term(*resource), Term::NamedNode(_))
        });
        own.map(|&resource| self.terms.text(resource)).min().map(str::to_owned)
    }

    /// What is cited for each regulation stated, in order.
    fn citations(&mut self) -> Vec<Citation> {
        self.cited.sort_unstable();
        self.cited.dedup();
        let mut citations: Vec<_> = (0..self.stated.len()).map(|_| Citation::default()).collect();
        for of_one in self.cited.chunk_by(|a, b| a.at == b.at) {
            citations[of_one[0].at as usize] = citation(of_one, &self.terms, &mut self.faults);
        }
        citations
    }

    /// The symbol of each node that is a gene; `None` for one that is nothing to us, such as a term of an ontology.
    fn symbols(&self) -> Vec<Option<String>> {
        let given = |node: &Node| {
            let names = if node.symbols.is_empty() { &node.labels } else { &node.symbols };
            names.iter().map(|&name| self.terms.text(name)).min().map(str::to_owned)
        };
        let derived = |node: &Node| vocab::last_segment(&self.terms.iri(node.term));
        let names: Vec<_> = self.nodes.iter().map(|node| (given(node), node)).collect();
        let mut bearers: HashMap<String, usize> = HashMap::new();
        for (given, node) in names.iter().filter(|(_, node)| node.is_gene()) {
            *bearers.entry(given.clone().unwrap_or_else(|| derived(node))).or_default() += 1;
        }
        let symbol = |(given, node): (Option<String>, &Node)| {
            // Two resources with one label are one gene; two that merely end alike are not.
            given.unwrap_or_else(|| {
                let derived = derived(node);
                if bearers[&derived] == 1 { derived } else { self.terms.iri(node.term) }
            })
        };
        names.into_iter().map(|named| named.1.is_gene().then(|| symbol(named))).collect()
    }

    /// The gene table, the IRI of each gene, and the gene of each node.
    fn genes(&mut self, symbols: &[Option<String>]) -> (GeneTable, Vec<String>, Vec<Option<GeneId>>) {
        let iris: Vec<_> = self.nodes.iter().map(|node| self.terms.iri(node.term)).collect();
        let mut order: Vec<_> = (0..self.nodes.len()).filter(|&node| symbols[node].is_some()).collect();
        order.sort_by(|&a, &b| symbols[a].cmp(&symbols[b]).then_with(|| iris[a].cmp(&iris[b])));
        let (mut genes, mut gene_iris) = (GeneTable::new(), Vec::with_capacity(order.len()));
        let mut gene_of = vec![None; self.nodes.len()];
        for node in order {
            let symbol = symbols[node].as_deref().unwrap_or_default();
            let id = genes.insert(self.as_gene(&self.nodes[node], symbol));
            gene_of[node] = Some(id);
            if id.index() == gene_iris.len() {
                gene_iris.push(iris[node].clone());
            } else {
                self.faults.add("resources with the symbol of another one, taken for the same gene", symbol);
            }
        }
        (genes, gene_iris, gene_of)
    }

    fn as_gene(&self, node: &Node, symbol: &str) -> Gene {
        let text = |&name: &u32| self.terms.text(name);
        let other_names = node.symbols.iter().map(text).filter(|&name| name != symbol);
        let aliases = other_names.chain(node.aliases.iter().map(text));
        let gene = aliases.fold(Gene::named(symbol), |gene, name| gene.with_alias(name));
        node.accessions.iter().fold(gene, |gene, (authority, value)| gene.with_accession(*authority, text(value)))
    }
}

const OF_TERMS: &str = "statements about terms of an ontology or pathways (GO, ChEBI, Reactome and the like), which are no \
                        genes, left out";

fn number_of(length: usize) -> u32 {
    u32::try_from(length).expect("a file that fits in memory has under 2^32 resources")
}

fn citation(cited: &[Cited], terms: &Terms<'_>, faults: &mut Faults) -> Citation {
    let list = |column: Column| {
        let of_column = cited.iter().filter(|cited| cited.column == column as u8);
        let mut texts: Vec<_> = of_column.map(|cited| terms.text(cited.value)).collect();
        texts.sort_unstable();
        texts.dedup();
        texts.into_iter().map(str::to_owned).collect()
    };
    let mut citation = Citation {
        kinds: list(Column::Kind),
        sources: list(Column::Source),
        references: list(Column::Reference),
        ..Citation::default()
    };
    for value in cited.iter().filter(|cited| cited.column == Column::EvidenceCount as u8) {
        match terms.text(value.value).parse::<u32>() {
            Ok(count) => citation.evidence_count = citation.evidence_count.max(count),
            Err(_) => faults.add("evidence counts that are no whole number, left out", terms.text(value.value)),
        }
    }
    for value in cited.iter().filter(|cited| cited.column == Column::Confidence as u8) {
        match terms.text(value.value).parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => {
                citation.confidence = Some(citation.confidence.map_or(share, |other| other.max(share)));
            }
            _ => faults.add("confidences outside 0 to 1, left out", terms.text(value.value)),
        }
    }
    citation
}

/// In order; statements that became one when their genes did are joined.
fn merged(mut joined: Vec<(CitedRegulation, Option<String>)>) -> Held {
    joined.sort_by(|a, b| a.0.regulation.cmp(&b.0.regulation).then_with(|| a.1.cmp(&b.1)));
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
    Held { statements: regulations, resources }
}
