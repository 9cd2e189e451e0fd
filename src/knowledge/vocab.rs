//! The words of the vocabulary `knowledge/aligned.ttl`, and how genes and regulations get their IRIs.
//!
//! # IRIs of genes
//! The first line that fits decides. The symbol leads, because accessions may be shared: calmodulin is one protein,
//! `P0DP23`, made by the three genes CALM1, CALM2 and CALM3.
//!
//! | the gene | its IRI |
//! | --- | --- |
//! | symbol begins with `COMPLEX:` | `https://w3id.org/aligned/complex/` + the rest |
//! | mature microRNA of miRBase | `https://identifiers.org/mirbase.mature:MIMAT0000076` |
//! | locus tag that is a b-number (*E. coli* K-12 MG1655 alone has these) | `https://identifiers.org/kegg.genes:eco:b0683` |
//! | symbol that is one of the gene's own UniProt accessions | `https://identifiers.org/uniprot:P12345` |
//! | symbol of the form used for human genes, with a UniProt, Entrez or `ENSG…` accession | `https://identifiers.org/hgnc.symbol:TP53` |
//! | any other | `https://w3id.org/aligned/gene/` + symbol |
//!
//! Should two genes of a table claim one IRI, neither gets it: both fall to the last line.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::biology::{Authority, Gene, GeneTable, Regulation, Sign, StatementKind};

/// Namespace of the vocabulary.
pub const ALIGNED: &str = "https://w3id.org/aligned#";
/// Namespace of the OBO ontologies, home of the relations `RO_0002213` and `RO_0002212`.
pub const OBO: &str = "http://purl.obolibrary.org/obo/";
/// Namespace of PROV-O.
pub const PROV: &str = "http://www.w3.org/ns/prov#";
/// Namespace of RDF Schema.
pub const RDFS: &str = "http://www.w3.org/2000/01/rdf-schema#";
/// Namespace of SKOS.
pub const SKOS: &str = "http://www.w3.org/2004/02/skos/core#";
/// Namespace of XML Schema data types.
pub const XSD: &str = "http://www.w3.org/2001/XMLSchema#";
/// `rdf:type`.
pub const RDF_TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
/// Where regulations live.
pub const REGULATION: &str = "https://w3id.org/aligned/regulation/";
/// Where effects live.
pub const EFFECT: &str = "https://w3id.org/aligned/effect/";
/// Where genes without a better home live.
pub const GENE: &str = "https://w3id.org/aligned/gene/";
/// Where complexes live.
pub const COMPLEX: &str = "https://w3id.org/aligned/complex/";
/// Where runs of the engine live.
pub const RUN: &str = "https://w3id.org/aligned/run/";
/// Where revisions live.
pub const REVISION: &str = "https://w3id.org/aligned/revision/";
/// Where versions of this software live.
pub const SOFTWARE: &str = "https://w3id.org/aligned/software/";

/// Prefixes that every file of ours declares and every question may use, sorted by name.
pub const PREFIXES: [(&str, &str); 13] = [
    ("aligned", ALIGNED),
    ("complex", COMPLEX),
    ("eco", "https://identifiers.org/kegg.genes:eco:"),
    ("gene", GENE),
    ("hgnc", "https://identifiers.org/hgnc.symbol:"),
    ("mirbase", "https://identifiers.org/mirbase.mature:"),
    ("obo", OBO),
    ("prov", PROV),
    ("rdfs", RDFS),
    ("regulation", REGULATION),
    ("skos", SKOS),
    ("uniprot", "https://identifiers.org/uniprot:"),
    ("xsd", XSD),
];

/// The predicate that says outright how a regulator moves its target.
#[must_use]
pub const fn direct_predicate(sign: Sign) -> &'static str {
    match sign {
        Sign::Activation => "http://purl.obolibrary.org/obo/RO_0002213",
        Sign::Inhibition => "http://purl.obolibrary.org/obo/RO_0002212",
    }
}

/// The predicate that says outright how a perturbation of one gene moves another.
#[must_use]
pub const fn effect_predicate(sign: Sign) -> &'static str {
    match sign {
        Sign::Activation => "http://purl.obolibrary.org/obo/RO_0002304",
        Sign::Inhibition => "http://purl.obolibrary.org/obo/RO_0002305",
    }
}

/// The individual of the vocabulary that stands for a sign.
#[must_use]
pub const fn sign_iri(sign: Sign) -> &'static str {
    match sign {
        Sign::Activation => "https://w3id.org/aligned#activation",
        Sign::Inhibition => "https://w3id.org/aligned#inhibition",
    }
}

/// The predicate that gives a gene its name in a catalogue.
#[must_use]
pub const fn accession_predicate(authority: Authority) -> &'static str {
    match authority {
        Authority::UniProt => "https://w3id.org/aligned#uniprot",
        Authority::Entrez => "https://w3id.org/aligned#entrez",
        Authority::Ensembl => "https://w3id.org/aligned#ensembl",
        Authority::LocusTag => "https://w3id.org/aligned#locusTag",
        Authority::MirBase => "https://w3id.org/aligned#mirbase",
    }
}

/// The catalogue named by its predicate in the vocabulary or by the last part of that, for example `uniprot`.
#[must_use]
pub fn authority(name: &str) -> Option<Authority> {
    match name.strip_prefix(ALIGNED).unwrap_or(name) {
        "uniprot" => Some(Authority::UniProt),
        "entrez" => Some(Authority::Entrez),
        "ensembl" => Some(Authority::Ensembl),
        "locusTag" => Some(Authority::LocusTag),
        "mirbase" => Some(Authority::MirBase),
        _ => None,
    }
}

/// The terms of the vocabulary, without namespace, each with its class, as `knowledge/aligned.ttl` defines them.
pub(super) fn terms() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("../../knowledge/aligned.ttl").lines();
    lines.filter_map(|line| line.strip_prefix("aligned:")?.trim_end_matches(" ;").split_once(" a "))
}

/// The properties of the vocabulary, without namespace.
pub(super) fn properties() -> impl Iterator<Item = &'static str> {
    terms().filter(|(_, class)| matches!(*class, "owl:ObjectProperty" | "owl:DatatypeProperty")).map(|(name, _)| name)
}

/// True if the vocabulary defines a term of this name, be it a property, a class or an individual.
pub(super) fn is_defined(name: &str) -> bool {
    terms().any(|(term, _)| term == name)
}

/// IRI of a term of the vocabulary.
pub(super) fn aligned(term: &str) -> String {
    format!("{ALIGNED}{term}")
}

/// IRIs of all genes of a table, in order; no two are equal.
#[must_use]
pub fn gene_iris(genes: &GeneTable) -> Vec<String> {
    let mut iris: Vec<_> = genes.iter().map(|(_, gene)| gene_iri(gene)).collect();
    let mut claims: HashMap<&str, usize> = HashMap::new();
    for iri in &iris {
        *claims.entry(iri).or_default() += 1;
    }
    let contested: Vec<_> = genes.iter().map(|(id, _)| id).filter(|id| claims[iris[id.index()].as_str()] > 1).collect();
    for id in contested {
        iris[id.index()] = minted_iri(genes.symbol(id));
    }
    iris
}

/// IRI of a gene taken by itself; [`gene_iris`] also settles rival claims.
#[must_use]
pub fn gene_iri(gene: &Gene) -> String {
    if let Some(members) = gene.symbol.strip_prefix("COMPLEX:") {
        return format!("{COMPLEX}{}", percent_encoded(members));
    }
    if let Some(mature) = accession(gene, Authority::MirBase) {
        return format!("https://identifiers.org/mirbase.mature:{}", percent_encoded(mature));
    }
    if let Some(tag) = accession(gene, Authority::LocusTag).filter(|tag| is_b_number(tag)) {
        return format!("https://identifiers.org/kegg.genes:eco:{tag}");
    }
    if gene.accessions.iter().any(|own| own.authority == Authority::UniProt && own.value == gene.symbol) {
        return format!("https://identifiers.org/uniprot:{}", percent_encoded(&gene.symbol));
    }
    if is_human(gene) {
        return format!("https://identifiers.org/hgnc.symbol:{}", gene.symbol);
    }
    minted_iri(&gene.symbol)
}

fn minted_iri(symbol: &str) -> String {
    format!("{GENE}{}", percent_encoded(symbol))
}

fn accession(gene: &Gene, authority: Authority) -> Option<&str> {
    gene.accessions.iter().find(|own| own.authority == authority).map(|own| own.value.as_str())
}

fn is_b_number(tag: &str) -> bool {
    tag.len() == 5 && tag.starts_with('b') && tag[1..].bytes().all(|byte| byte.is_ascii_digit())
}

fn is_human(gene: &Gene) -> bool {
    let catalogued = gene.accessions.iter().any(|own| match own.authority {
        Authority::UniProt | Authority::Entrez => true,
        Authority::Ensembl => own.value.starts_with("ENSG"),
        Authority::LocusTag | Authority::MirBase => false,
    });
    let elsewhere = gene.accessions.iter().any(|own| match own.authority {
        Authority::LocusTag => true,
        Authority::Ensembl => !own.value.starts_with("ENSG"),
        _ => false,
    });
    catalogued && !elsewhere && has_human_form(&gene.symbol)
}

/// Capitals, digits and inner hyphens, as in `HLA-A`; or the placeholders `C19orf26`.
fn has_human_form(symbol: &str) -> bool {
    let without_orf = symbol.replacen("orf", "", usize::from(symbol.starts_with('C')));
    without_orf.len() > 1
        && without_orf.starts_with(|first: char| first.is_ascii_uppercase())
        && !without_orf.ends_with('-')
        && without_orf.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
}

/// IRI of a regulation: one for each regulator, target and sign, for example `…/regulation/fur-inhibits-entC`.
#[must_use]
pub fn regulation_iri(regulation: Regulation, genes: &GeneTable) -> String {
    named_statement(REGULATION, regulation, genes, verb)
}

/// IRI of an effect: one for each regulator, target and sign, for example `…/effect/fur-lowers-entC`.
#[must_use]
pub fn effect_iri(effect: Regulation, genes: &GeneTable) -> String {
    named_statement(EFFECT, effect, genes, effect_verb)
}

/// IRI of a regulation or an effect.
pub(super) fn statement_iri(kind: StatementKind, statement: Regulation, genes: &GeneTable) -> String {
    match kind {
        StatementKind::Regulation => regulation_iri(statement, genes),
        StatementKind::Effect => effect_iri(statement, genes),
    }
}

fn named_statement(home: &str, of: Regulation, genes: &GeneTable, verb: fn(Sign) -> &'static str) -> String {
    let part = |gene| name_part(genes.symbol(gene), verb);
    format!("{home}{}-{}-{}", part(of.regulator), verb(of.sign), part(of.target))
}

/// The verb of a sign: `activates` or `inhibits`.
#[must_use]
pub const fn verb(sign: Sign) -> &'static str {
    match sign {
        Sign::Activation => "activates",
        Sign::Inhibition => "inhibits",
    }
}

/// The verb of an effect of that sign: `raises` or `lowers`, what more of the one gene does to the other.
#[must_use]
pub const fn effect_verb(sign: Sign) -> &'static str {
    match sign {
        Sign::Activation => "raises",
        Sign::Inhibition => "lowers",
    }
}

/// A symbol inside the IRI of a statement: without hyphens where they could be mistaken for those around the verb.
fn name_part(symbol: &str, verb: fn(Sign) -> &'static str) -> String {
    let encoded = percent_encoded(symbol);
    let ambiguous = Sign::BOTH.iter().any(|&sign| symbol.contains(verb(sign)));
    if ambiguous { encoded.replace('-', "%2D") } else { encoded }
}

/// Letters, digits, `-`, `_`, `.` and `~` stay; every other byte becomes `%XX`, as does a name of dots alone.
pub(super) fn percent_encoded(text: &str) -> String {
    let only_dots = text.bytes().all(|byte| byte == b'.');
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'.' if !only_dots => encoded.push('.'),
            b'-' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            _ => write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail"),
        }
    }
    encoded
}

/// Text before percent-encoding; bytes that are no UTF-8 leave the text as it is.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        match encoded_byte(rest) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[3..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn encoded_byte(text: &[u8]) -> Option<u8> {
    let &[b'%', high, low, ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

/// What an IRI would be called by a reader: its last part after `/`, `#` or `:`, decoded.
pub(super) fn last_segment(iri: &str) -> String {
    let trimmed = iri.trim_end_matches(['/', '#', ':']);
    let segment = trimmed.rsplit(['/', '#', ':']).next().unwrap_or(trimmed);
    if segment.is_empty() { iri.to_owned() } else { percent_decoded(segment) }
}

/// An IRI with a prefix of [`PREFIXES`] in place of its namespace, where one fits; else the IRI itself.
#[must_use]
pub fn compact(iri: &str) -> String {
    if iri == RDF_TYPE {
        return "rdf:type".to_owned();
    }
    let fits = PREFIXES.iter().filter(|(_, namespace)| iri.starts_with(namespace));
    match fits.max_by_key(|(_, namespace)| namespace.len()) {
        Some((prefix, namespace)) => format!("{prefix}:{}", &iri[namespace.len()..]),
        None => iri.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::GeneId;

    fn iri(gene: &Gene) -> String {
        gene_iri(gene)
    }

    #[test]
    fn a_gene_lives_where_its_catalogue_says() {
        let cases = [
            (
                Gene::named("TP53").with_accession(Authority::UniProt, "P04637"),
                "https://identifiers.org/hgnc.symbol:TP53",
            ),
            (
                Gene::named("fur").with_accession(Authority::LocusTag, "b0683"),
                "https://identifiers.org/kegg.genes:eco:b0683",
            ),
            (
                Gene::named("hsa-miR-21-5p").with_accession(Authority::MirBase, "MIMAT0000076"),
                "https://identifiers.org/mirbase.mature:MIMAT0000076",
            ),
            (Gene::named("COMPLEX:FOS_JUND"), "https://w3id.org/aligned/complex/FOS_JUND"),
            (
                Gene::named("Q9ABC1").with_accession(Authority::UniProt, "Q9ABC1"),
                "https://identifiers.org/uniprot:Q9ABC1",
            ),
            (
                Gene::named("C19orf26").with_accession(Authority::Entrez, "255057"),
                "https://identifiers.org/hgnc.symbol:C19orf26",
            ),
            (Gene::named("crp"), "https://w3id.org/aligned/gene/crp"),
            (Gene::named("a/b c"), "https://w3id.org/aligned/gene/a%2Fb%20c"),
            (Gene::named(".."), "https://w3id.org/aligned/gene/%2E%2E"),
        ];
        for (gene, expected) in cases {
            assert_eq!(iri(&gene), expected);
        }
    }

    #[test]
    fn a_symbol_that_looks_like_an_accession_is_no_accession() {
        let gene = Gene::named("P2RY12").with_accession(Authority::UniProt, "Q9H244");
        assert_eq!(iri(&gene), "https://identifiers.org/hgnc.symbol:P2RY12");
    }

    #[test]
    fn yeast_is_not_taken_for_human() {
        let gal4 = Gene::named("GAL4").with_accession(Authority::LocusTag, "YPL248C");
        assert_eq!(iri(&gal4), "https://w3id.org/aligned/gene/GAL4");
    }

    #[test]
    fn the_three_calmodulin_genes_share_a_protein_but_no_iri() {
        let mut genes = GeneTable::new();
        for symbol in ["CALM1", "CALM2", "CALM3"] {
            genes.insert(Gene::named(symbol).with_accession(Authority::UniProt, "P0DP23"));
        }
        for symbol in ["one", "two"] {
            genes.insert(Gene::named(symbol).with_accession(Authority::MirBase, "MIMAT0000076"));
        }
        let mut iris = gene_iris(&genes);
        assert_eq!(iris[3], "https://w3id.org/aligned/gene/one");
        iris.sort();
        iris.dedup();
        assert_eq!(iris.len(), 5);
    }

    #[test]
    fn regulations_of_genes_with_verbs_in_their_names_stay_apart() {
        let symbols = ["x", "x-activates", "activates-y", "y", "x-activates-y", "x-raises-y", "raises", "x-", "-y"];
        let mut genes = GeneTable::new();
        for symbol in symbols {
            genes.intern(symbol);
        }
        let mut iris = Vec::new();
        for regulator in 0..symbols.len() {
            for target in 0..symbols.len() {
                let regulation = |sign| Regulation::new(GeneId::new(regulator), GeneId::new(target), sign);
                iris.extend(Sign::BOTH.map(|sign| regulation_iri(regulation(sign), &genes)));
                iris.extend(Sign::BOTH.map(|sign| effect_iri(regulation(sign), &genes)));
            }
        }
        iris.sort();
        iris.dedup();
        assert_eq!(iris.len(), 4 * symbols.len() * symbols.len());
    }

    #[test]
    fn percent_encoding_is_undone() {
        for text in ["", "a b", "ä/ö%41", "β-gal", "100%", "%zz"] {
            assert_eq!(percent_decoded(&percent_encoded(text)), text);
        }
    }

    #[test]
    fn the_last_segment_names_a_gene_without_a_label() {
        for (iri, name) in [
            ("https://identifiers.org/hgnc.symbol:TP53", "TP53"),
            ("http://example.org/genes/fur", "fur"),
            ("http://example.org/genes#fur%20x", "fur x"),
            ("urn:gene:lexA", "lexA"),
            ("http://example.org/fur/", "fur"),
        ] {
            assert_eq!(last_segment(iri), name);
        }
    }
}
