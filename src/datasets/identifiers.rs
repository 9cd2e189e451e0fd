//! Which kind of names genes bear: symbols of man or mouse, Ensembl, Entrez, UniProt, locus tags.

use crate::biology::GeneTable;

/// A kind of names that is known by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentifierKind {
    /// `ENSG00000141510`, `ENSMUSG…`, `ENST…`.
    Ensembl,
    /// `7157`.
    Entrez,
    /// `P04637`.
    UniProt,
    /// `NM_000546`.
    RefSeq,
    /// `b0683`, `YAL001C`, `AT1G01010`.
    LocusTag,
    /// `TP53`.
    UpperSymbol,
    /// `Trp53`.
    MouseSymbol,
}

impl IdentifierKind {
    /// The name for messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ensembl => "Ensembl identifiers",
            Self::Entrez => "Entrez gene identifiers (numbers)",
            Self::UniProt => "UniProt accessions",
            Self::RefSeq => "RefSeq accessions",
            Self::LocusTag => "locus tags",
            Self::UpperSymbol => "symbols in capital letters, as of man",
            Self::MouseSymbol => "symbols with one capital letter, as of mouse",
        }
    }

    fn of(name: &str) -> Option<Self> {
        let bytes = name.as_bytes();
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let stem = name.split('.').next().unwrap_or_default();
        let first = *bytes.first()?;
        if stem.starts_with("ENS") && stem.len() >= 15 && stem.get(stem.len() - 11..).is_some_and(digits) {
            return Some(Self::Ensembl);
        }
        if digits(name) {
            return Some(Self::Entrez);
        }
        if ["NM_", "NR_", "XM_", "NP_", "NC_"].iter().any(|prefix| name.starts_with(prefix)) {
            return Some(Self::RefSeq);
        }
        if is_uniprot(bytes) {
            return Some(Self::UniProt);
        }
        let is_yeast = bytes.len() >= 7 && first == b'Y' && digits(name.get(3..6)?) && matches!(bytes[6], b'W' | b'C');
        let is_arabidopsis = name.len() == 9 && name.starts_with("AT") && bytes[3] == b'G' && digits(name.get(4..)?);
        if is_yeast || is_arabidopsis || (name.len() == 5 && first == b'b' && digits(&name[1..])) {
            return Some(Self::LocusTag);
        }
        let letters = || name.chars().filter(|letter| letter.is_alphabetic());
        if letters().count() < 2 || !first.is_ascii_uppercase() {
            return None;
        }
        if letters().all(char::is_uppercase) {
            Some(Self::UpperSymbol)
        } else {
            letters().skip(1).all(char::is_lowercase).then_some(Self::MouseSymbol)
        }
    }

    /// The kind of most of some names.
    #[must_use]
    pub fn of_most<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut counts = std::collections::BTreeMap::new();
        let mut all = 0;
        for name in names {
            all += 1;
            if let Some(kind) = Self::of(name) {
                *counts.entry(kind).or_insert(0) += 1;
            }
        }
        counts.into_iter().find(|&(_, count)| 2 * count > all).map(|(kind, _)| kind)
    }

    /// True for names that a database gives out, which nobody takes for a symbol.
    pub(super) const fn is_accession(self) -> bool {
        !matches!(self, Self::UpperSymbol | Self::MouseSymbol)
    }
}

/// What the two sides call genes by, where they differ; empty if that cannot be told.
#[must_use]
pub fn differing_kinds<'a>(table: impl IntoIterator<Item = &'a str>, genes: &GeneTable) -> String {
    let known = IdentifierKind::of_most(genes.iter().map(|(_, gene)| gene.symbol.as_str()));
    match (IdentifierKind::of_most(table), known) {
        (Some(own), Some(known)) if own != known => {
            format!("; the table holds {}, the knowledge base {}", own.word(), known.word())
        }
        (Some(own), None) => format!("; the table holds {}", own.word()),
        (None, Some(known)) => format!("; the knowledge base holds {}", known.word()),
        _ => String::new(),
    }
}

fn is_uniprot(bytes: &[u8]) -> bool {
    let digit = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_digit);
    let upper = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_uppercase);
    let either = |place: usize| digit(place) || upper(place);
    let short = bytes.len() == 6 && digit(1) && either(2) && either(3) && either(4) && digit(5);
    let old = short && matches!(bytes[0], b'O' | b'P' | b'Q');
    let new = bytes.len() == 6 && upper(0) && digit(1) && upper(2) && either(3) && either(4) && digit(5);
    let long = bytes.len() == 10 && upper(0) && digit(1) && upper(2) && digit(5) && upper(6) && digit(9);
    old || new || long
}

/// The symbol nearest to a name, where it is near: one letter is another, or one of every four.
#[must_use]
pub fn near_symbol(name: &str, genes: &GeneTable) -> Option<String> {
    let nearest = genes.nearest_symbol(name)?;
    let distance = strsim::osa_distance(&name.to_lowercase(), &nearest.to_lowercase());
    let is_accession = IdentifierKind::of(name).is_some_and(IdentifierKind::is_accession);
    (!is_accession && distance <= (name.chars().count() / 4).max(1)).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_names_are_known_by_their_form() {
        for (name, kind) in [
            ("ENSG00000141510.17", Some(IdentifierKind::Ensembl)),
            ("ENSMUSG00000059552", Some(IdentifierKind::Ensembl)),
            ("7157", Some(IdentifierKind::Entrez)),
            ("P04637", Some(IdentifierKind::UniProt)),
            ("A0A024R1R8", Some(IdentifierKind::UniProt)),
            ("NM_000546", Some(IdentifierKind::RefSeq)),
            ("b0683", Some(IdentifierKind::LocusTag)),
            ("YAL001C", Some(IdentifierKind::LocusTag)),
            ("TP53", Some(IdentifierKind::UpperSymbol)),
            ("Trp53", Some(IdentifierKind::MouseSymbol)),
            ("fur", None),
            ("Δ", None),
            ("", None),
        ] {
            assert_eq!(IdentifierKind::of(name), kind, "{name}");
        }
        assert_eq!(IdentifierKind::of_most(["TP53", "MYC", "fur"]), Some(IdentifierKind::UpperSymbol));
    }

    #[test]
    fn only_what_is_near_is_meant() {
        let mut genes = GeneTable::new();
        ["fur", "entC", "CDKN1A"].iter().for_each(|symbol| {
            genes.intern(symbol);
        });
        assert_eq!(near_symbol("furA", &genes).as_deref(), Some("fur"));
        assert_eq!(near_symbol("CDKN1B", &genes).as_deref(), Some("CDKN1A"));
        assert_eq!(near_symbol("entXYZ", &genes), None);
        assert_eq!(near_symbol("ENSG00000141510", &genes), None);
    }
}
