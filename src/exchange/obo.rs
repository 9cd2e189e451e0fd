//! OBO: an ontology whose terms are genes that regulate one another.
//!
//! A gene is a `[Term]` with its symbol as the name, accessions as `xref`, other symbols as synonyms; a regulation is a relationship
//! `positively_regulates` or `negatively_regulates`, publications stand behind it as `{source="PMID:1"}`. The Gene Ontology is
//! refused: what its relations regulate are processes.
//!
//! # Reference
//! Smith et al. 2007, *Nat Biotechnol* 25:1251, doi:10.1038/nbt1346 (OBO Foundry).

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::cited_network::Gathered;
use super::{CitedNetwork, ExchangeError, Losses, Lost, NetworkRead, Part, shown, text};
use crate::biology::{Accession, Authority, Citation, Gene, GeneId, Regulation, Sign, StatementKind};
use crate::knowledge::import::read_signs;

/// The relations that are written, with their numbers in the Relation Ontology.
const RELATIONS: [(StatementKind, Sign, &str, &str); 4] = [
    (StatementKind::Regulation, Sign::Activation, "positively_regulates", "RO:0002213"),
    (StatementKind::Regulation, Sign::Inhibition, "negatively_regulates", "RO:0002212"),
    (StatementKind::Effect, Sign::Activation, "causally_upstream_of_positive_effect", "RO:0002304"),
    (StatementKind::Effect, Sign::Inhibition, "causally_upstream_of_negative_effect", "RO:0002305"),
];

const PREFIXES: [(Authority, &str); 5] = [
    (Authority::UniProt, "UniProtKB"),
    (Authority::Entrez, "NCBIGene"),
    (Authority::Ensembl, "ENSEMBL"),
    (Authority::LocusTag, "LocusTag"),
    (Authority::MirBase, "miRBase"),
];

#[derive(Default)]
struct Term {
    id: String,
    name: String,
    accessions: Vec<Accession>,
    aliases: Vec<String>,
    /// Relation, target, publications.
    relations: Vec<(String, String, Vec<String>)>,
    is_obsolete: bool,
}

pub(super) fn read(part: Part<'_>) -> Result<NetworkRead, ExchangeError> {
    let mut losses = Losses::default();
    let (terms, others): (Vec<Term>, Vec<Term>) =
        terms(part, &mut losses)?.into_iter().partition(|term| !term.id.starts_with("GO:"));
    if terms.is_empty() && !others.is_empty() {
        let problem = "these are terms of the Gene Ontology, and what its relations regulate are processes, not genes; it is \
                       imported together with annotations of genes";
        return Err(ExchangeError::File { file: part.name.to_owned(), problem: problem.to_owned() });
    }
    losses.add(Lost::Unsigned("of the Gene Ontology".to_owned()), others.iter().map(|term| term.relations.len()).sum());
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    terms.iter().for_each(|term| *named.entry(&term.name).or_default() += 1);
    let mut gathered = Gathered::default();
    let mut genes: HashMap<&str, GeneId> = HashMap::new();
    for term in terms.iter().filter(|term| !term.is_obsolete) {
        let is_name = !term.name.is_empty() && named[term.name.as_str()] == 1;
        let symbol = if is_name { &term.name } else { &term.id };
        let (accessions, aliases) = (term.accessions.clone(), term.aliases.clone());
        genes.insert(&term.id, gathered.gene(Gene { symbol: symbol.clone(), accessions, aliases }));
    }
    losses.add(Lost::ObsoleteTerms, terms.iter().filter(|term| term.is_obsolete).count());
    for term in terms.iter().filter(|term| !term.is_obsolete) {
        for (relation, target, references) in &term.relations {
            let (kind, signs) = meaning(relation);
            if signs.is_empty() {
                losses.add(Lost::Unsigned(shown(relation)), 1);
                continue;
            }
            let regulator = genes[term.id.as_str()];
            let target = genes.get(target.as_str()).copied().unwrap_or_else(|| gathered.symbol(target));
            for &sign in signs {
                let citation = Citation { references: references.clone(), ..Citation::default() };
                gathered.state(kind, Regulation::new(regulator, target, sign), citation);
            }
        }
    }
    Ok(NetworkRead { network: gathered.finish(), losses, notes: Vec::new() })
}

fn meaning(relation: &str) -> (StatementKind, &'static [Sign]) {
    let known = RELATIONS.iter().find(|(_, _, name, number)| [*name, *number].contains(&relation));
    match known {
        Some((kind, Sign::Activation, ..)) => (*kind, &[Sign::Activation]),
        Some((kind, Sign::Inhibition, ..)) => (*kind, &[Sign::Inhibition]),
        None => (StatementKind::Regulation, read_signs(relation.trim_start_matches("directly_")).unwrap_or_default()),
    }
}

fn terms(part: Part<'_>, losses: &mut Losses) -> Result<Vec<Term>, ExchangeError> {
    let mut terms: Vec<Term> = Vec::new();
    let (mut in_term, mut in_header) = (false, true);
    for line in text(part)?.lines() {
        let line = line.trim_end();
        if line.starts_with('[') {
            in_header = false;
            in_term = line == "[Term]";
            if in_term {
                terms.push(Term::default());
            }
            continue;
        }
        match (line.split_once(':'), terms.last_mut().filter(|_| in_term)) {
            (Some((tag, value)), Some(term)) if is_tag(tag) => term.take(tag, value),
            (Some((tag, _)), None) if is_tag(tag) => {}
            _ if line.is_empty() || line.starts_with('!') => {}
            _ if in_term || in_header => losses.add(Lost::Lines, 1),
            _ => {}
        }
    }
    terms.retain(|term| !term.id.is_empty());
    if terms.is_empty() {
        let problem = "there is no `[Term]` with an `id`; is it in OBO format?".to_owned();
        return Err(ExchangeError::File { file: part.name.to_owned(), problem });
    }
    Ok(terms)
}

fn is_tag(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl Term {
    fn take(&mut self, tag: &str, value: &str) {
        let value = Value::of(value);
        match tag {
            "id" => self.id = value.text,
            "name" => self.name = value.text,
            "is_obsolete" => self.is_obsolete = value.text == "true",
            "synonym" => self.aliases.extend(value.quoted),
            "xref" => {
                let word = value.text.split_whitespace().next().unwrap_or_default();
                let known = word.split_once(':').and_then(|(prefix, own)| {
                    let (authority, _) = PREFIXES.iter().find(|(_, known)| known.eq_ignore_ascii_case(prefix))?;
                    Some(Accession { authority: *authority, value: own.to_owned() })
                });
                self.accessions.extend(known);
            }
            "is_a" => {
                let parent = value.text.split_whitespace().next().unwrap_or_default().to_owned();
                self.relations.push(("is_a".to_owned(), parent, Vec::new()));
            }
            "relationship" => {
                let mut words = value.text.split_whitespace();
                if let (Some(relation), Some(target)) = (words.next(), words.next()) {
                    self.relations.push((relation.to_owned(), target.to_owned(), value.sources));
                }
            }
            _ => {}
        }
    }
}

/// The value of a tag: without escapes, without the comment behind ` !`, with the sources in braces taken apart.
#[derive(Default)]
struct Value {
    text: String,
    /// What stands in its first quotes.
    quoted: Option<String>,
    sources: Vec<String>,
}

impl Value {
    fn of(written: &str) -> Self {
        let mut value = Self::default();
        let mut letters = written.trim().chars().peekable();
        let mut quoted: Option<String> = None;
        let (mut in_braces, mut key) = (false, String::new());
        while let Some(letter) = letters.next() {
            let (letter, is_escaped) = match letter {
                '\\' => (unescaped(letters.next()), true),
                plain => (plain, false),
            };
            match (&mut quoted, letter, is_escaped) {
                (Some(text), '"', false) => {
                    let text = std::mem::take(text);
                    quoted = None;
                    if in_braces {
                        if key.trim_matches([' ', ',', '=']) == "source" {
                            value.sources.push(text);
                        }
                        key.clear();
                    } else {
                        value.quoted.get_or_insert(text);
                    }
                }
                (Some(text), letter, _) => text.push(letter),
                (None, '"', false) => quoted = Some(String::new()),
                (None, '{', false) => in_braces = true,
                (None, '}', false) => in_braces = false,
                (None, '!', false) if !in_braces => break,
                (None, letter, _) if in_braces => key.push(letter),
                (None, letter, _) => value.text.push(letter),
            }
        }
        value.text.truncate(value.text.trim_end().len());
        value
    }
}

fn unescaped(letter: Option<char>) -> char {
    match letter {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('W') | None => ' ',
        Some(other) => other,
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => escaped.push_str("\\n"),
            '\t' => escaped.push_str("\\t"),
            '\\' | '"' | '{' | '}' | '!' => escaped.extend(['\\', letter]),
            other => escaped.push(other),
        }
    }
    escaped
}

pub(super) fn write(network: &CitedNetwork, losses: &mut Losses) -> Result<Vec<u8>, ExchangeError> {
    super::check_symbols(network, "OBO", |symbol| {
        if symbol.contains('\r') {
            return Some("a line break in it ends its line");
        }
        let is_bare = !symbol.is_empty() && symbol.trim() == symbol;
        (!is_bare || symbol.starts_with("GO:")).then_some("blanks around it are not kept, and `GO:` begins a process")
    })?;
    let mut out = "format-version: 1.4\nontology: regulatory-network\n".to_owned();
    let mut statements: BTreeMap<GeneId, Vec<(StatementKind, &crate::biology::CitedRegulation)>> = BTreeMap::new();
    for (kind, cited) in network.statements() {
        statements.entry(cited.regulation.regulator).or_default().push((kind, cited));
    }
    for (id, gene) in network.genes().iter() {
        let _ = write!(out, "\n[Term]\nid: {}\nname: {}\n", identifier(&gene.symbol), escaped(&gene.symbol));
        for alias in &gene.aliases {
            losses.add(Lost::Characters, usize::from(alias.contains('\r')));
            let _ = writeln!(out, "synonym: \"{}\" EXACT []", escaped(&alias.replace('\r', " ")));
        }
        for (own, (_, prefix)) in gene.accessions.iter().filter_map(|own| {
            PREFIXES.iter().find(|(authority, _)| *authority == own.authority).map(|prefix| (own, prefix))
        }) {
            let value = own.value.replace(char::is_whitespace, "_");
            losses.add(Lost::Characters, usize::from(value != own.value));
            let _ = writeln!(out, "xref: {prefix}:{}", escaped(&value));
        }
        for (kind, cited) in statements.get(&id).into_iter().flatten() {
            push_relation(&mut out, network, *kind, cited, losses);
        }
    }
    for (_, _, name, number) in RELATIONS {
        let _ = write!(out, "\n[Typedef]\nid: {name}\nname: {}\nxref: {number}\n", name.replace('_', " "));
    }
    Ok(out.into_bytes())
}

fn push_relation(
    out: &mut String,
    network: &CitedNetwork,
    kind: StatementKind,
    cited: &crate::biology::CitedRegulation,
    losses: &mut Losses,
) {
    let edge = cited.regulation;
    let known = RELATIONS.iter().find(|(of, sign, ..)| *of == kind && *sign == edge.sign);
    let relation = known.map_or("", |(_, _, name, _)| name);
    let target = network.symbol(edge.target);
    let _ = write!(out, "relationship: {relation} {}", identifier(target));
    let source = |reference: &String| {
        losses.add(Lost::Characters, usize::from(reference.contains('\r')));
        format!("source=\"{}\"", escaped(&reference.replace('\r', " ")))
    };
    let sources: Vec<String> = cited.citation.references.iter().map(source).collect();
    if !sources.is_empty() {
        let _ = write!(out, " {{{}}}", sources.join(", "));
    }
    let _ = writeln!(out, " ! {}", escaped(target));
}

/// `gene:` and the symbol, bytes other than letters, digits, `-`, `_` and `.` as `%XX`.
fn identifier(symbol: &str) -> String {
    let mut id = "gene:".to_owned();
    for byte in symbol.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            id.push(char::from(byte));
        } else {
            let _ = write!(id, "%{byte:02X}");
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::super::sif_network;
    use super::*;

    fn read_text(content: &str) -> Result<NetworkRead, String> {
        read(Part { name: "g.obo", content: content.as_bytes() }).map_err(|error| error.to_string())
    }

    #[test]
    fn lex_a_negatively_regulates_rec_a() {
        let text = write(&sif_network("lexA inhibits recA\n"), &mut Losses::default()).expect("room");
        let text = String::from_utf8(text).expect("text");
        assert!(
            text.contains("id: gene:lexA\nname: lexA\nrelationship: negatively_regulates gene:recA ! recA\n"),
            "{text}"
        );
    }

    #[test]
    fn names_accessions_synonyms_and_sources_are_read() {
        let text = "format-version: 1.2\n\n[Term]\nid: X:1\nname: TP\\{53\\} ! p53\nsynonym: \"the \\\"guardian\\\"\" EXACT []\n\
            xref: UniProtKB:P04637\nrelationship: positively_regulates X:2 {source=\"PMID:1\", source=\"PMID:2\"} ! MDM2\n\
            relationship: part_of X:3\n\n[Term]\nid: X:2\nname: MDM2\n\n[Term]\nid: X:9\nname: old\nis_obsolete: true\n";
        let read = read_text(text).expect("terms");
        let gene = read.network.genes().gene(read.network.genes().id("TP{53}").expect("by name"));
        assert_eq!((gene.accessions.len(), gene.aliases.as_slice()), (1, &["the \"guardian\"".to_owned()][..]));
        assert_eq!(read.network.regulations()[0].citation.references, ["PMID:1", "PMID:2"]);
        assert_eq!(read.losses.count(&Lost::Unsigned("part_of".to_owned())), 1);
        assert_eq!(read.losses.count(&Lost::ObsoleteTerms), 1);
    }

    #[test]
    fn the_gene_ontology_is_refused_with_a_sentence() {
        let text = "[Term]\nid: GO:0006281\nname: DNA repair\nrelationship: positively_regulates GO:0008150\n";
        let message = read_text(text).expect_err("processes");
        assert!(message.contains("what its relations regulate are processes, not genes"), "{message}");
        assert!(read_text("hello\n").expect_err("no terms").contains("no `[Term]`"));
    }
}
