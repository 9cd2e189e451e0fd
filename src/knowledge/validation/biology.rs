//! What shapes cannot say: contradictions, loose ends, names that are out of date, sources that cannot be traced.
//!
//! The numbers of these checks begin at 101; those of the shapes stand in `knowledge/shapes.ttl`.

use std::collections::{BTreeMap, BTreeSet};

use oxigraph::model::{NamedNode, Term};
use oxigraph::sparql::QueryResults;

use super::Checks;
use super::finding::{Found, Severity};
use crate::biology::{BiologyError, CitedRegulation, GeneId, GeneTable, Regulation, Sign, StatementKind};
use crate::knowledge::statements::evaluation;
use crate::knowledge::{KnowledgeBase, KnowledgeError, vocab};

const LABEL: &str = "http://www.w3.org/2000/01/rdf-schema#label";
const SOURCE: &str = "https://w3id.org/aligned#source";

/// So many unknown symbols are compared with a whole catalogue.
const COMPARED: usize = 20;

/// The finding for a file without any regulation or effect.
pub(super) fn nothing_stated() -> Found {
    Found {
        id: "KB100".to_owned(),
        severity: Severity::Error,
        subject: None,
        predicate: None,
        value: None,
        message: "no regulation and no effect can be read".to_owned(),
    }
}

fn finding(number: u16, severity: Severity, subject: &str, message: String) -> Found {
    let id = format!("KB{number}");
    Found { id, severity, subject: Some(subject.to_owned()), predicate: None, value: None, message }
}

/// A knowledge base under inspection.
pub(super) struct Biology<'a> {
    pub(super) base: &'a KnowledgeBase,
    pub(super) checks: &'a Checks<'a>,
}

impl<'a> Biology<'a> {
    pub(super) fn check(&self) -> Result<Vec<Found>, KnowledgeError> {
        let mut found = Vec::new();
        for (kind, cited) in self.statements() {
            self.check_statement(kind, cited, &mut found);
        }
        self.check_orphans(&mut found);
        self.check_deprecated(&mut found);
        self.check_vocabulary(&mut found);
        self.check_symbols(&mut found)?;
        self.checks.catalogue.iter().for_each(|catalogue| self.check_names(catalogue, &mut found));
        self.check_data(&mut found);
        self.check_sources(&mut found)?;
        Ok(found)
    }

    fn statements(&self) -> impl Iterator<Item = (StatementKind, &'a CitedRegulation)> + use<'a> {
        let regulations = self.base.regulations().iter().map(|cited| (StatementKind::Regulation, cited));
        regulations.chain(self.base.effects().iter().map(|cited| (StatementKind::Effect, cited)))
    }

    fn symbol(&self, gene: GeneId) -> &'a str {
        self.base.genes().symbol(gene)
    }

    fn in_words(&self, kind: StatementKind, statement: Regulation) -> String {
        let verb = match kind {
            StatementKind::Regulation => vocab::verb(statement.sign),
            StatementKind::Effect => vocab::effect_verb(statement.sign),
        };
        format!("{} {verb} {}", self.symbol(statement.regulator), self.symbol(statement.target))
    }

    /// A finding at the resource of a statement, or else at its direct triple.
    fn at(
        &self,
        number: u16,
        severity: Severity,
        kind: StatementKind,
        statement: Regulation,
        message: String,
    ) -> Found {
        match self.base.own_resource(kind, statement) {
            Some(own) => finding(number, severity, own, message),
            None => {
                let of = finding(number, severity, self.base.gene_iri(statement.regulator), message);
                let target = self.base.gene_iri(statement.target).to_owned();
                Found { predicate: Some(direct(kind, statement.sign).to_owned()), value: Some(target), ..of }
            }
        }
    }

    fn check_statement(&self, kind: StatementKind, cited: &CitedRegulation, found: &mut Vec<Found>) {
        let statement = cited.regulation;
        let words = || self.in_words(kind, statement);
        if statement.regulator == statement.target {
            let message = format!("self-regulation: {}", words());
            found.push(self.at(101, Severity::Note, kind, statement, message));
        }
        if statement.sign == Sign::Inhibition && self.base.holds(kind, statement.flipped()) {
            let message = format!("both signs: {} and {}", self.in_words(kind, statement.flipped()), words());
            found.push(self.at(102, Severity::Warning, kind, statement, message));
        }
        let own = self.base.own_resource(kind, statement);
        let is_uncited = cited.citation.sources.is_empty() && cited.citation.references.is_empty();
        if is_uncited && own.is_some_and(|own| !self.is_stated_by_revision(own)) {
            let message = format!("{} has neither source nor reference", words());
            found.push(self.at(114, Severity::Warning, kind, statement, message));
        }
        if own.is_some() && !self.has_direct(kind, statement) {
            let predicate = vocab::compact(direct(kind, statement.sign));
            let message = format!("{} has no direct triple by {predicate}, so that property paths miss it", words());
            found.push(self.at(115, Severity::Warning, kind, statement, message));
        }
    }

    /// What a revision brought in has its evidence there.
    fn is_stated_by_revision(&self, resource: &str) -> bool {
        self.base.statements.has(&NamedNode::new_unchecked(resource).into(), &vocab::aligned("statedBy"))
    }

    fn has_direct(&self, kind: StatementKind, statement: Regulation) -> bool {
        let [regulator, target] = [statement.regulator, statement.target].map(|gene| self.base.gene_iri(gene));
        if regulator.starts_with("_:") || target.starts_with("_:") {
            return true;
        }
        let id = |iri: &str| self.base.statements.id(&NamedNode::new_unchecked(iri).into());
        let target = Term::from(NamedNode::new_unchecked(target));
        id(regulator).is_some_and(|regulator| {
            self.base.statements.objects(regulator, direct(kind, statement.sign)).any(|object| *object == target)
        })
    }

    /// Genes that no statement names, be it held, retracted or only proposed.
    fn check_orphans(&self, found: &mut Vec<Found>) {
        let mut takes_part = vec![false; self.base.genes().len()];
        for (_, cited) in self.statements() {
            takes_part[cited.regulation.regulator.index()] = true;
            takes_part[cited.regulation.target.index()] = true;
        }
        let terms = ["regulator", "target", "mediator"].map(vocab::aligned);
        let objects = terms.iter().flat_map(|term| self.base.statements.objects_of(term));
        let named: BTreeSet<String> = objects.map(text).collect();
        for (id, gene) in self.base.genes().iter().filter(|(id, _)| !takes_part[id.index()]) {
            let iri = self.base.gene_iri(id);
            if !named.contains(iri) {
                let message = format!("gene {} takes part in no regulation and no effect", gene.symbol);
                found.push(finding(103, Severity::Warning, iri, message));
            }
        }
    }

    /// Terms that the file itself calls obsolete, where something else names them.
    fn check_deprecated(&self, found: &mut Vec<Found>) {
        let is_true = |term: &Term| matches!(term, Term::Literal(literal) if matches!(literal.value(), "true" | "1"));
        let deprecated = self.base.statements.pairs("http://www.w3.org/2002/07/owl#deprecated");
        let obsolete: BTreeSet<u32> = deprecated
            .filter(|(_, value)| is_true(value))
            .filter_map(|(term, _)| self.base.statements.id(term))
            .collect();
        if obsolete.is_empty() {
            return;
        }
        for (predicate, _) in self.base.predicates() {
            for (subject, object) in self.base.statements.pairs(&predicate) {
                let id = |term: &Term| self.base.statements.id(term);
                let names_it = id(object).filter(|object| obsolete.contains(object) && id(subject) != Some(*object));
                if names_it.is_some() && !id(subject).is_some_and(|subject| obsolete.contains(&subject)) {
                    let message = format!("names the obsolete term {}", vocab::compact(&text(object)));
                    let of = finding(104, Severity::Warning, &text(subject), message);
                    found.push(Found { predicate: Some(predicate.clone()), value: Some(text(object)), ..of });
                }
            }
        }
    }

    /// Words of our namespace that the vocabulary lacks.
    fn check_vocabulary(&self, found: &mut Vec<Found>) {
        for (predicate, _) in self.base.predicates() {
            let own = predicate.strip_prefix(vocab::ALIGNED);
            if let Some(word) = own.filter(|word| !vocab::properties().any(|known| known == *word)) {
                let message = format!("aligned:{word} is not a property of the vocabulary{}", nearest(word));
                for (subject, _) in self.base.statements.pairs(&predicate) {
                    let of = finding(105, Severity::Error, &text(subject), message.clone());
                    found.push(Found { predicate: Some(predicate.clone()), ..of });
                }
            }
        }
        let mut unknown: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (subject, class) in self.base.statements.pairs(vocab::RDF_TYPE) {
            let class = text(class);
            let Some(word) = class.strip_prefix(vocab::ALIGNED) else { continue };
            let message = unknown.entry(word.to_owned()).or_insert_with(|| {
                let message = || format!("aligned:{word} is not a class of the vocabulary{}", nearest(word));
                (!vocab::is_defined(word)).then(message)
            });
            if let Some(message) = message {
                let of = finding(105, Severity::Error, &text(subject), message.clone());
                let (predicate, value) = (Some(vocab::RDF_TYPE.to_owned()), Some(class));
                found.push(Found { predicate, value, ..of });
            }
        }
    }

    /// Genes of different IRIs and one symbol.
    fn check_symbols(&self, found: &mut Vec<Found>) -> Result<(), KnowledgeError> {
        let question = "SELECT ?gene ?label WHERE { ?gene a aligned:Gene ; rdfs:label ?label }";
        let mut called: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        self.ask(question, &mut |row| {
            if let [Some(gene), Some(label)] = row {
                called.entry(text(label)).or_default().insert(text(gene));
            }
        })?;
        for (symbol, genes) in called.iter().filter(|(_, genes)| genes.len() > 1) {
            for gene in genes.iter().skip(1) {
                let first = genes.first().map(|iri| vocab::compact(iri)).unwrap_or_default();
                let message = format!("the symbol {symbol} is also that of {first}; a symbol is of one gene");
                let of = finding(116, Severity::Error, gene, message);
                found.push(Found { predicate: Some(LABEL.to_owned()), value: Some(symbol.clone()), ..of });
            }
        }
        Ok(())
    }

    fn ask(&self, question: &str, take: &mut dyn FnMut(&[Option<Term>])) -> Result<(), KnowledgeError> {
        let name = "the check";
        if let QueryResults::Solutions(rows) = self.base.statements.ask(name, question)? {
            for row in rows {
                take(row.map_err(|error| evaluation(name, &error))?.values());
            }
        }
        Ok(())
    }

    fn check_names(&self, catalogue: &GeneTable, found: &mut Vec<Found>) {
        let mut unknown = 0;
        for (id, gene) in self.base.genes().iter() {
            let symbol = &gene.symbol;
            if symbol.starts_with("COMPLEX:") || catalogue.id(symbol).is_some() {
                continue;
            }
            let (number, severity, message) = match catalogue.find(symbol) {
                Ok(Some(now)) => {
                    let message = format!(
                        "{symbol} is an older or another name; the current symbol is {}",
                        catalogue.symbol(now)
                    );
                    (106, Severity::Warning, message)
                }
                Err(BiologyError::AmbiguousGene { genes, .. }) => {
                    let message =
                        format!("{symbol} is an older or another name of several genes: {}", genes.join(", "));
                    (107, Severity::Warning, message)
                }
                _ => {
                    unknown += 1;
                    let nearest =
                        Some(()).filter(|()| unknown <= COMPARED).and_then(|()| catalogue.nearest_symbol(symbol));
                    let hint = nearest.map_or_else(String::new, |symbol| format!(" (did you mean {symbol}?)"));
                    (108, Severity::Note, format!("{symbol} is not in the list of genes{hint}"))
                }
            };
            let of = finding(number, severity, self.base.gene_iri(id), message);
            found.push(Found { predicate: Some(LABEL.to_owned()), value: Some(symbol.clone()), ..of });
        }
    }

    fn check_data(&self, found: &mut Vec<Found>) {
        let Some((name, genes)) = self.checks.data else { return };
        let regulators: BTreeSet<GeneId> = self.statements().map(|(_, cited)| cited.regulation.regulator).collect();
        for regulator in regulators.into_iter().filter(|&gene| !genes.contains(self.symbol(gene))) {
            let message = format!("regulator {} is neither perturbed nor measured in {name}", self.symbol(regulator));
            found.push(finding(110, Severity::Warning, self.base.gene_iri(regulator), message));
        }
    }

    fn check_sources(&self, found: &mut Vec<Found>) -> Result<(), KnowledgeError> {
        let described = self.described_sources()?;
        let mut cited: BTreeMap<&str, SourceUse<'_>> = BTreeMap::new();
        for (kind, statement) in self.statements() {
            for source in statement.citation.sources.iter().filter(|source| !source.trim().is_empty()) {
                let of =
                    cited.entry(source).or_insert(SourceUse { first: (kind, statement), without_reference: false });
                of.without_reference |= statement.citation.references.is_empty();
            }
        }
        let nothing = BTreeSet::new();
        for (source, used) in cited {
            let has = described.get(source).unwrap_or(&nothing);
            let lacks = [(111, "version", true), (112, "license", true), (113, "reference", used.without_reference)];
            for (number, what, matters) in lacks.into_iter().filter(|(_, what, _)| !has.contains(what)) {
                if matters {
                    let shown = if what == "license" { "licence" } else { what };
                    let message = format!("the source {source} has no {shown} in this file");
                    let (kind, statement) = used.first;
                    let of = self.at(number, Severity::Note, kind, statement.regulation, message);
                    found.push(Found { predicate: Some(SOURCE.to_owned()), value: Some(source.to_owned()), ..of });
                }
            }
        }
        Ok(())
    }

    /// What is said of sources: resources whose label or title is that of the source.
    fn described_sources(&self) -> Result<BTreeMap<String, BTreeSet<&'static str>>, KnowledgeError> {
        let question = "PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX owl: <http://www.w3.org/2002/07/owl#> \
            PREFIX pav: <http://purl.org/pav/> SELECT DISTINCT ?name ?what WHERE { \
            VALUES (?predicate ?what) { (aligned:version 'version') (owl:versionInfo 'version') (pav:version 'version') \
            (dcterms:hasVersion 'version') (dcterms:license 'license') (dcterms:rights 'license') \
            (aligned:reference 'reference') (dcterms:bibliographicCitation 'reference') (dcterms:references 'reference') } \
            ?source ?predicate ?value . { ?source rdfs:label ?name } UNION { ?source dcterms:title ?name } \
            FILTER NOT EXISTS { ?source aligned:regulator ?gene } }";
        let mut described: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        self.ask(question, &mut |row| {
            if let [Some(name), Some(what)] = row {
                let what = ["version", "license", "reference"].into_iter().find(|known| *known == text(what));
                described.entry(text(name)).or_default().extend(what);
            }
        })?;
        Ok(described)
    }
}

/// Where a source is cited first, and whether some statement that cites it has no reference.
struct SourceUse<'a> {
    first: (StatementKind, &'a CitedRegulation),
    without_reference: bool,
}

const fn direct(kind: StatementKind, sign: Sign) -> &'static str {
    match kind {
        StatementKind::Regulation => vocab::direct_predicate(sign),
        StatementKind::Effect => vocab::effect_predicate(sign),
    }
}

fn text(term: &Term) -> String {
    match term {
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::Literal(literal) => literal.value().to_owned(),
        Term::BlankNode(_) => term.to_string(),
    }
}

fn nearest(word: &str) -> String {
    let likeness = |known: &str| strsim::jaro_winkler(&word.to_lowercase(), &known.to_lowercase());
    let names = vocab::terms().map(|(name, _)| name);
    let best = names.max_by(|a, b| likeness(a).total_cmp(&likeness(b)).then_with(|| b.cmp(a)));
    best.filter(|known| likeness(known) >= 0.8)
        .map_or_else(String::new, |known| format!(" (did you mean aligned:{known}?)"))
}
