//! What a gene or a statement is said to be, as named attributes: the same names in GraphML, `.cyjs` and KGX.

use super::{Losses, Lost};
use crate::biology::{Accession, Authority, Citation, Gene, Sign, StatementKind};
use crate::knowledge::import::read_signs;

/// Catalogues with the names of their attributes.
pub(super) const CATALOGUES: [(Authority, &str); 5] = [
    (Authority::UniProt, "uniprot"),
    (Authority::Entrez, "entrez"),
    (Authority::Ensembl, "ensembl"),
    (Authority::LocusTag, "locus_tag"),
    (Authority::MirBase, "mirbase"),
];
pub(super) const ALIASES: &str = "aliases";
pub(super) const KINDS: &str = "kinds";
pub(super) const SOURCES: &str = "sources";
pub(super) const REFERENCES: &str = "references";
pub(super) const EVIDENCE_COUNT: &str = "evidence_count";
pub(super) const CONFIDENCE: &str = "confidence";
/// Which of the two kinds of statement an edge is.
pub(super) const STATEMENT: &str = "statement";
/// 1 or −1.
pub(super) const SIGN: &str = "sign";
/// The verb, for people.
pub(super) const INTERACTION: &str = "interaction";

/// Attributes by which others tell the sign of an edge, the surest first.
pub(super) const TELLING_SIGN: [&str; 6] = [SIGN, INTERACTION, "effect", "relation", "regulation", "type"];

/// The names of a gene next to its symbol.
pub(super) fn names_of(gene: &Gene) -> impl Iterator<Item = (&'static str, Vec<&str>)> {
    let of = |authority: Authority| {
        let own = gene.accessions.iter().filter(move |accession| accession.authority == authority);
        own.map(|accession| accession.value.as_str()).collect::<Vec<_>>()
    };
    let accessions = CATALOGUES.into_iter().map(move |(authority, name)| (name, of(authority)));
    let aliases = (ALIASES, gene.aliases.iter().map(String::as_str).collect());
    accessions.chain([aliases]).filter(|(_, values)| !values.is_empty())
}

/// The lists of a citation.
pub(super) fn lists_of(citation: &Citation) -> impl Iterator<Item = (&'static str, &[String])> {
    let lists = [(KINDS, &citation.kinds), (SOURCES, &citation.sources), (REFERENCES, &citation.references)];
    lists.into_iter().map(|(name, values)| (name, values.as_slice())).filter(|(_, values)| !values.is_empty())
}

/// A gene of this symbol with the names that its attributes give.
pub(super) fn gene_of(symbol: &str, list: impl Fn(&str) -> Vec<String>) -> Gene {
    let mut gene = Gene::named(symbol);
    for (authority, name) in CATALOGUES {
        gene.accessions.extend(list(name).into_iter().map(|value| Accession { authority, value }));
    }
    gene.aliases = list(ALIASES);
    gene
}

/// What is cited by the attributes of an edge; numbers that are none are counted as lost.
pub(super) fn citation_of(
    list: impl Fn(&str) -> Vec<String>,
    single: impl Fn(&str) -> Option<String>,
    losses: &mut Losses,
) -> Citation {
    Citation {
        kinds: list(KINDS),
        sources: list(SOURCES),
        references: list(REFERENCES),
        evidence_count: number(single(EVIDENCE_COUNT), |_| true, Lost::EvidenceCounts, losses).unwrap_or_default(),
        confidence: number(single(CONFIDENCE), |value| (0.0..=1.0).contains(value), Lost::Confidences, losses),
    }
}

/// A number in its range; another value is counted as lost.
pub(super) fn number<T: std::str::FromStr>(
    text: Option<String>,
    is_good: impl Fn(&T) -> bool,
    lost: Lost,
    losses: &mut Losses,
) -> Option<T> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    let number = text.trim().parse().ok().filter(is_good);
    losses.add(lost, usize::from(number.is_none()));
    number
}

/// The word for a statement: `activates`, `inhibits`, and for effects `raises`, `lowers`.
pub(super) const fn verb(kind: StatementKind, sign: Sign) -> &'static str {
    match (kind, sign) {
        (StatementKind::Regulation, Sign::Activation) => "activates",
        (StatementKind::Regulation, Sign::Inhibition) => "inhibits",
        (StatementKind::Effect, Sign::Activation) => "raises",
        (StatementKind::Effect, Sign::Inhibition) => "lowers",
    }
}

/// What a word for a relation states: the kind and the signs, none if the word tells no sign.
pub(super) fn meaning_of(word: &str) -> (StatementKind, &'static [Sign]) {
    match word.trim().to_ascii_lowercase().as_str() {
        "raises" => (StatementKind::Effect, &[Sign::Activation]),
        "lowers" => (StatementKind::Effect, &[Sign::Inhibition]),
        word => (StatementKind::Regulation, read_signs(word).unwrap_or_default()),
    }
}

/// What an edge states by its attributes; a relation without a sign is counted under its word.
pub(super) fn edge_meaning(
    attribute: impl Fn(&str) -> Option<String>,
    losses: &mut Losses,
) -> (StatementKind, &'static [Sign]) {
    let told = TELLING_SIGN.iter().find_map(|name| attribute(name).filter(|value| !value.trim().is_empty()));
    let word = told.unwrap_or_default();
    let (mut kind, signs) = meaning_of(&word);
    if attribute(STATEMENT).is_some_and(|statement| statement.trim() == StatementKind::Effect.word()) {
        kind = StatementKind::Effect;
    }
    if signs.is_empty() {
        losses.add(Lost::Unsigned(super::shown(word.trim())), 1);
    }
    (kind, signs)
}

/// A list in one text: joined by `;`, or as a list of JSON if an item would not come apart again.
pub(super) fn joined(items: &[impl AsRef<str>]) -> String {
    let plain = items.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(";");
    let comes_apart = !plain.starts_with('[') && items.iter().all(|item| is_plain(item.as_ref()));
    if comes_apart {
        return plain;
    }
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    serde_json::to_string(&items).unwrap_or(plain)
}

fn is_plain(item: &str) -> bool {
    !item.is_empty() && !item.contains(';') && item.trim() == item
}

/// The items of such a text.
pub(super) fn apart(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.starts_with('[')
        && let Ok(items) = serde_json::from_str::<Vec<String>>(text)
    {
        return items;
    }
    text.split(';').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_apart_as_they_were_joined() {
        for items in [vec!["PMID:1", "PMID:2"], vec!["a;b", "c"], vec!["[x"], vec![" a"], vec![]] {
            assert_eq!(apart(&joined(&items)), items, "{items:?}");
        }
    }

    #[test]
    fn a_word_that_tells_no_sign_states_none() {
        assert_eq!(meaning_of("binds").1, []);
        assert_eq!(meaning_of("-|"), (StatementKind::Regulation, &[Sign::Inhibition][..]));
        assert_eq!(meaning_of("raises"), (StatementKind::Effect, &[Sign::Activation][..]));
    }
}
