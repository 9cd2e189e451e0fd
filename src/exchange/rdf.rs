//! RDF in five syntaxes, through the knowledge room.

use super::{CitedNetwork, ExchangeError, Losses, Lost, NetworkRead, Part};
use crate::knowledge::{KnowledgeBase, RdfSyntax, Rules, vocab, write_knowledge_and_effects};

/// What the network holds of a file: these predicates, and those of the signs.
const HELD: [&str; 16] = [
    vocab::RDF_TYPE,
    "http://www.w3.org/2000/01/rdf-schema#label",
    "http://www.w3.org/2004/02/skos/core#altLabel",
    "https://w3id.org/aligned#uniprot",
    "https://w3id.org/aligned#entrez",
    "https://w3id.org/aligned#ensembl",
    "https://w3id.org/aligned#locusTag",
    "https://w3id.org/aligned#mirbase",
    "https://w3id.org/aligned#regulator",
    "https://w3id.org/aligned#target",
    "https://w3id.org/aligned#sign",
    "https://w3id.org/aligned#kind",
    "https://w3id.org/aligned#source",
    "https://w3id.org/aligned#reference",
    "https://w3id.org/aligned#evidenceCount",
    "https://w3id.org/aligned#confidence",
];

pub(super) fn read(part: Part<'_>, syntax: RdfSyntax) -> Result<NetworkRead, ExchangeError> {
    let rules = Rules::embedded();
    let base = KnowledgeBase::parse_in(part.content, part.name, syntax, rules.extract())?;
    let mut losses = Losses::default();
    for (predicate, count) in base.predicates() {
        if !HELD.contains(&predicate.as_str()) && !is_read(&predicate, &rules) {
            losses.add(Lost::Statements(vocab::compact(&predicate)), count);
        }
    }
    let notes = base.warnings().to_vec();
    Ok(NetworkRead { network: CitedNetwork::of_knowledge(&base), losses, notes })
}

/// True if a rule names the predicate: then it states a regulation or an effect.
fn is_read(predicate: &str, rules: &Rules) -> bool {
    let name = match predicate.strip_prefix("https://w3id.org/biolink/vocab/") {
        Some(local) => format!("biolink:{local}"),
        None => vocab::compact(predicate),
    };
    rules.extract().iter().any(|(_, text)| text.split([' ', '\n', '(', ')']).any(|word| word == name))
}

pub(super) fn write(network: &CitedNetwork, syntax: RdfSyntax) -> Result<Vec<u8>, ExchangeError> {
    if syntax == RdfSyntax::RdfXml {
        super::check_symbols(network, "RDF/XML", super::xml::unfit)?;
    }
    let mut content = Vec::new();
    write_knowledge_and_effects(network.genes(), network.regulations(), network.effects(), syntax, &mut content)?;
    Ok(content)
}
