//! How perturbations are written around the name of a gene: guides, knock-outs, knock-downs, overexpression.

use crate::biology::Direction;

/// The name of a gene, with what the writing around it told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Construct<'a> {
    pub name: &'a str,
    /// What was done to it, if that is said.
    pub mark: Option<Direction>,
    /// True if one of several guides against it is named.
    pub guide: bool,
}

const SEPARATORS: [char; 7] = [' ', '_', '-', ':', '.', '(', ')'];

/// Takes off what is written around a gene: `sgMYC-1`, `TP53_g2`, `AHR KO`, `del_fur`, `Δfur`, `OE_KLF1`, `AHR+/-`.
///
/// A name that `is_name` knows is left as it is. A bare number (`A-1`) is taken off only where the rest is known or a guide
/// is named before it, since `NKX2-1` is a gene.
pub(super) fn construct<'a>(written: &'a str, is_name: &dyn Fn(&str) -> bool) -> Construct<'a> {
    let mut found = Construct { name: written.trim(), mark: None, guide: false };
    // What is longer than any construct is not looked through.
    const LONGEST: usize = 200;
    while found.name.len() <= LONGEST && !is_name(found.name) {
        if let Some((name, direction)) = with_zygosity(found.name).or_else(|| with_word(found.name, is_name)) {
            found.name = name;
            found.mark = found.mark.or(Some(direction));
        } else if let Some((name, is_guide)) = guide(found.name, found.guide, is_name) {
            found.name = name;
            found.guide |= is_guide;
        } else {
            break;
        }
    }
    found
}

/// `AHR+/-`, `AHR -/-`: both copies lost, or one.
pub(super) fn with_zygosity(text: &str) -> Option<(&str, Direction)> {
    let name = ["-/-", "+/-", "-/+", "−/−", "+/−"].iter().find_map(|suffix| text.strip_suffix(suffix))?;
    let name = name.trim_end_matches(SEPARATORS);
    (!name.is_empty()).then_some((name, Direction::Deletion))
}

/// `AARS_+_70323441.23-P1P2`: a guide by its place in the genome.
pub(super) fn with_position(text: &str) -> Option<&str> {
    let place = text.find("_+_").or_else(|| text.find("_-_"))?;
    let is_position = text[place + 3..].starts_with(|letter: char| letter.is_ascii_digit());
    (place > 0 && is_position).then(|| &text[..place])
}

fn with_word<'a>(text: &'a str, is_name: &dyn Fn(&str) -> bool) -> Option<(&'a str, Direction)> {
    if let Some(name) = text.strip_prefix(['Δ', '∆']).filter(|name| !name.is_empty()) {
        return Some((name.trim_start_matches(SEPARATORS), Direction::Deletion));
    }
    for prefix in ["delta", "del", "Delta", "Del"] {
        if let Some(name) = text.strip_prefix(prefix).filter(|name| is_name(name)) {
            return Some((name, Direction::Deletion));
        }
    }
    let apart = |(at, separator): (usize, &str)| {
        let (before, after) = (&text[..at], &text[at + separator.len()..]);
        let named = |name: &'a str, word: &str| {
            let name = name.trim_matches(SEPARATORS);
            let direction = word_of(word.trim_matches(SEPARATORS))?;
            name.contains(char::is_alphabetic).then_some((name, direction))
        };
        named(before, after).or_else(|| named(after, before))
    };
    text.match_indices(SEPARATORS).find_map(apart)
}

fn word_of(word: &str) -> Option<Direction> {
    const DELETION: [&str; 13] = [
        "ko",
        "kd",
        "knockout",
        "knock-out",
        "knockdown",
        "knock-down",
        "null",
        "mutant",
        "del",
        "delta",
        "deletion",
        "deleted",
        "crispri",
    ];
    const OVEREXPRESSION: [&str; 6] = ["oe", "overexpression", "overexpressed", "over-expression", "crispra", "orf"];
    let is = |known: &&str| word.eq_ignore_ascii_case(known);
    if DELETION.iter().any(is) {
        Some(Direction::Deletion)
    } else {
        OVEREXPRESSION.iter().any(is).then_some(Direction::Overexpression)
    }
}

/// The rest of a name without its mark of a guide, and whether that mark tells one guide from others.
fn guide<'a>(text: &'a str, is_guide: bool, is_name: &dyn Fn(&str) -> bool) -> Option<(&'a str, bool)> {
    for prefix in ["sgRNA", "gRNA", "crRNA", "siRNA", "shRNA", "sg", "si", "sh"] {
        let Some(rest) = text.strip_prefix(prefix) else { continue };
        let name = rest.trim_start_matches(SEPARATORS);
        let is_evident = name.len() < rest.len() || name.starts_with(char::is_uppercase);
        if name.starts_with(char::is_alphabetic) && (is_evident || is_name(name)) {
            return Some((name, true));
        }
    }
    let stem = text.trim_end_matches(|letter: char| letter.is_ascii_digit());
    if stem.len() == text.len() {
        return None;
    }
    for word in ["sgRNA", "gRNA", "guide", "Guide", "sg", "g", "sh", "si"] {
        let marked = stem.trim_end_matches(SEPARATORS).strip_suffix(word);
        let name = marked.map(|marked| (marked, marked.trim_end_matches(SEPARATORS)));
        if let Some((marked, name)) = name.filter(|(marked, name)| name.len() < marked.len() && !name.is_empty()) {
            debug_assert!(marked.len() > name.len(), "a separator was taken off");
            return Some((name, true));
        }
    }
    let name = stem.trim_end_matches(['_', '-', '.']);
    let is_number = name.len() < stem.len() && !name.is_empty();
    (is_number && (is_guide || is_name(name))).then_some((name, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(text: &'a str, names: &[&str]) -> (&'a str, Option<Direction>, bool) {
        let Construct { name, mark, guide } = construct(text, &|name| names.contains(&name));
        (name, mark, guide)
    }

    #[test]
    fn guides_name_the_gene_that_they_target() {
        for text in
            ["TP53_g1", "TP53-sg2", "TP53.g1", "sgTP53", "sgTP53-2", "TP53_sgRNA_1", "sgRNA_TP53_1", "siTP53", "shTP53"]
        {
            assert_eq!(read(text, &[]), ("TP53", None, true), "{text}");
        }
        for text in ["A-1", "A.1", "A_2"] {
            assert_eq!(read(text, &["A"]), ("A", None, true), "{text}");
            assert_eq!(read(text, &[]), (text, None, false), "{text}");
        }
        assert_eq!(with_position("AARS_+_70323441.23-P1P2"), Some("AARS"));
    }

    #[test]
    fn what_was_done_is_read_off_the_words_around_a_gene() {
        for text in [
            "AHR KO",
            "AHR_KO",
            "KO_AHR",
            "AHR KD",
            "AHR-/-",
            "AHR+/-",
            "Δ-AHR",
            "∆AHR",
            "del_AHR",
            "delta-AHR",
            "AHR null",
        ] {
            assert_eq!(read(text, &[]), ("AHR", Some(Direction::Deletion), false), "{text}");
        }
        for text in ["OE_KLF1", "KLF1 OE", "KLF1_overexpression", "KLF1-CRISPRa"] {
            assert_eq!(read(text, &[]), ("KLF1", Some(Direction::Overexpression), false), "{text}");
        }
        assert_eq!(read("delfur", &["fur"]), ("fur", Some(Direction::Deletion), false));
        assert_eq!(read("AHR_KO_g2", &[]), ("AHR", Some(Direction::Deletion), true));
    }

    #[test]
    fn genes_are_left_as_they_are() {
        for text in
            ["NKX2-1", "HLA-A", "sgcA", "shiA", "SIAH1", "Sgk1", "delta", "b0683", "C1orf43", "AC012345.1", "KDM1A"]
        {
            assert_eq!(read(text, &[]), (text, None, false), "{text}");
        }
        assert_eq!(read("A_g1", &["A_g1"]), ("A_g1", None, false));
    }
}
