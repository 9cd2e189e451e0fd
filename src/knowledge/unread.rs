//! Statements that mean a cause and are not read: predicates that tell no sign, and words that the vocabulary lacks.

use super::ontology_terms::{self, BIOLINK};
use super::statements::Statements;
use super::vocab;
use oxigraph::model::Term;

/// Causal relations of the Relation Ontology, by number, with their names.
const CAUSAL: [(&str, &str); 48] = [
    ("RO_0002211", "regulates"),
    ("RO_0002212", "negatively regulates"),
    ("RO_0002213", "positively regulates"),
    ("RO_0002263", "acts upstream of"),
    ("RO_0002264", "acts upstream of or within"),
    ("RO_0002304", "causally upstream of, positive effect"),
    ("RO_0002305", "causally upstream of, negative effect"),
    ("RO_0002334", "regulated by"),
    ("RO_0002335", "negatively regulated by"),
    ("RO_0002336", "positively regulated by"),
    ("RO_0002404", "causally downstream of"),
    ("RO_0002405", "immediately causally downstream of"),
    ("RO_0002406", "directly activates"),
    ("RO_0002407", "indirectly positively regulates"),
    ("RO_0002408", "directly inhibits"),
    ("RO_0002409", "indirectly negatively regulates"),
    ("RO_0002410", "causally related to"),
    ("RO_0002411", "causally upstream of"),
    ("RO_0002412", "immediately causally upstream of"),
    ("RO_0002413", "provides input for"),
    ("RO_0002418", "causally upstream of or within"),
    ("RO_0002427", "causally downstream of or within"),
    ("RO_0002428", "involved in regulation of"),
    ("RO_0002429", "involved in positive regulation of"),
    ("RO_0002430", "involved in negative regulation of"),
    ("RO_0002448", "directly regulates activity of"),
    ("RO_0002449", "directly negatively regulates activity of"),
    ("RO_0002450", "directly positively regulates activity of"),
    ("RO_0002500", "causal agent in process"),
    ("RO_0002501", "causal relation between processes"),
    ("RO_0002506", "causal relation between entities"),
    ("RO_0002559", "causally influenced by"),
    ("RO_0002566", "causally influences"),
    ("RO_0002578", "directly regulates"),
    ("RO_0002596", "capable of regulating"),
    ("RO_0002597", "capable of negatively regulating"),
    ("RO_0002598", "capable of positively regulating"),
    ("RO_0002629", "directly positively regulates"),
    ("RO_0002630", "directly negatively regulates"),
    ("RO_0004032", "acts upstream of or within, positive effect"),
    ("RO_0004033", "acts upstream of or within, negative effect"),
    ("RO_0004034", "acts upstream of, positive effect"),
    ("RO_0004035", "acts upstream of, negative effect"),
    ("RO_0004046", "causally upstream of or within, negative effect"),
    ("RO_0004047", "causally upstream of or within, positive effect"),
    ("RO_0011002", "regulates activity of"),
    ("RO_0012011", "indirectly causally upstream of"),
    ("RO_0012012", "indirectly regulates"),
];

const NOT_SIGNED: &str = ", which no rule reads as a signed regulation or effect";

/// One sentence for each predicate that might state regulations or effects and that no rule reads.
pub(super) fn unread(statements: &Statements, rules: &[(String, String)]) -> Vec<String> {
    let is_read = |word: &str| rules.iter().any(|(_, text)| mentions(text, word));
    let mut told = Vec::new();
    for (predicate, _) in statements.predicates() {
        let Some(doubt) = doubt(&predicate, is_read) else { continue };
        match statements.pairs(&predicate).filter(|&(subject, object)| may_be_genes(subject, object)).count() {
            0 => {}
            count => told.push(format!("statements by {}{doubt}, left out: {count}", shown(&predicate))),
        }
    }
    told.sort();
    told
}

/// What is doubtful about a predicate that no rule reads; `None` if it is read, or says nothing of causes.
fn doubt(predicate: &str, is_read: impl Fn(&str) -> bool) -> Option<String> {
    if let Some(number) = predicate.strip_prefix(vocab::OBO) {
        let (_, name) = CAUSAL.iter().find(|(known, _)| *known == number)?;
        return (!is_read(number)).then(|| format!(" ({name}){NOT_SIGNED}"));
    }
    if let Some(word) = predicate.strip_prefix(BIOLINK) {
        return (states_a_cause(word) && !is_read(word)).then(|| NOT_SIGNED.to_owned());
    }
    let word = predicate.strip_prefix(vocab::ALIGNED)?;
    let doubt = || format!(", which is no property of the vocabulary{}", nearest(word));
    // A rule that names a sign or a class does not read it as a predicate.
    let is_read = || !vocab::is_defined(word) && is_read(word);
    (!vocab::properties().any(|known| known == word) && !is_read()).then(doubt)
}

fn states_a_cause(word: &str) -> bool {
    ["regulat", "affect", "activat", "inhibit", "increas", "decreas", "caus", "stimulat", "repress", "upstream"]
        .iter()
        .any(|stem| word.contains(stem))
}

fn nearest(word: &str) -> String {
    let likeness = |known: &str| strsim::jaro_winkler(&word.to_lowercase(), &known.to_lowercase());
    let best = vocab::properties().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    best.filter(|known| likeness(known) >= 0.8)
        .map_or_else(String::new, |known| format!(" (did you mean aligned:{known}?)"))
}

/// True if the text holds the word and not merely a longer one.
fn mentions(text: &str, word: &str) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    text.match_indices(word).any(|(start, _)| {
        let before = start.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        !is_part(before) && !is_part(text.as_bytes().get(start + word.len()))
    })
}

fn may_be_genes(subject: &Term, object: &Term) -> bool {
    [subject, object].iter().all(|term| match term {
        Term::NamedNode(node) => !ontology_terms::is_term(node.as_str()),
        Term::BlankNode(_) => true,
        Term::Literal(_) => false,
    })
}

fn shown(predicate: &str) -> String {
    predicate.strip_prefix(BIOLINK).map_or_else(|| vocab::compact(predicate), |word| format!("biolink:{word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_not_mentioned_by_a_longer_one() {
        assert!(mentions("?a obo:RO_0002304 ?b", "RO_0002304") && mentions("biolink:affects", "affects"));
        assert!(!mentions("obo:RO_00023041", "RO_0002304") && !mentions("positively_regulates", "regulates"));
    }
}
