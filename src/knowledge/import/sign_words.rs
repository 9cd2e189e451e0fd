//! The many ways in which databases write a sign.

use crate::biology::Sign;

/// What [`read_signs`] understands, for error messages.
pub(super) const SIGN_WORDS: &str = "`+`, `1`, activation, activates, stimulation, up-regulates, increased or positive; `-`, `-1`, \
    inhibition, represses, down-regulates, decreased or negative; `+-` or dual for both; `?`, `0` or unknown";

const ACTIVATION: &[Sign] = &[Sign::Activation];
const INHIBITION: &[Sign] = &[Sign::Inhibition];

/// The signs that a field states: none (unknown), one or both. `None` if the field is not understood.
///
/// Letter case does not matter, nor whether words are joined by blanks, hyphens or underscores. An empty field is an unknown
/// sign. Understood are also the effects of SIGNOR (`up-regulates quantity by expression`, `form complex`), the predicates
/// of Biolink (`biolink:positively_regulates`) and those of the relation ontology (`RO:0002213`).
#[must_use]
pub fn read_signs(field: &str) -> Option<&'static [Sign]> {
    let field = field.trim().to_lowercase();
    symbol(&field).or_else(|| number(&field)).or_else(|| relation(&field)).or_else(|| words(&field))
}

fn symbol(field: &str) -> Option<&'static [Sign]> {
    match field {
        "+" | "->" | "-->" | "→" => Some(ACTIVATION),
        "-" | "−" | "–" | "-|" | "--|" | "⊣" => Some(INHIBITION),
        "+-" | "-+" | "+/-" | "-/+" | "+|-" | "±" => Some(&Sign::BOTH),
        "" | "?" | "." | "na" | "n/a" | "n.a." | "nan" | "<na>" | "null" => Some(&[]),
        _ => None,
    }
}

/// 1, −1 or 0, however it is written.
fn number(field: &str) -> Option<&'static [Sign]> {
    let number: f64 = field.replace('−', "-").parse().ok()?;
    match number {
        1.0 => Some(ACTIVATION),
        -1.0 => Some(INHIBITION),
        0.0 => Some(&[]),
        _ => None,
    }
}

/// `RO:0002213`, `RO_0002213` and the like, also as an IRI.
///
/// # Reference
/// The OBO Relation Ontology: Smith et al. 2005, doi:10.1186/gb-2005-6-5-r46.
fn relation(field: &str) -> Option<&'static [Sign]> {
    let name = field.rsplit(['/', '#']).next()?;
    let name = name.strip_prefix("obo:").unwrap_or(name);
    match name.strip_prefix("ro:").or_else(|| name.strip_prefix("ro_"))? {
        "0002213" | "0002629" | "0002304" | "0004034" | "0004032" => Some(ACTIVATION),
        "0002212" | "0002630" | "0002305" | "0004035" | "0004033" => Some(INHIBITION),
        "0002211" | "0002448" | "0002578" | "0002411" | "0002434" | "0002437" => Some(&[]),
        _ => None,
    }
}

fn words(field: &str) -> Option<&'static [Sign]> {
    let biolink = field.strip_prefix("biolink:").or_else(|| field.strip_prefix("https://w3id.org/biolink/vocab/"));
    let text = biolink.unwrap_or(field).replace(['-', '_'], " ");
    let found = match text.as_str() {
        "activation" | "activates" | "activate" | "activator" | "activating" | "activated" | "stimulation"
        | "stimulates" | "stimulate" | "stimulator" | "stimulatory" | "positive" | "induction" | "induces"
        | "enhances" | "upregulation" | "up regulation" | "upregulated" | "increased" | "increase" => Some(ACTIVATION),
        "inhibition" | "inhibits" | "inhibit" | "inhibitor" | "inhibiting" | "inhibitory" | "inhibited"
        | "repression" | "represses" | "repress" | "repressor" | "negative" | "suppression" | "suppresses"
        | "downregulation" | "down regulation" | "downregulated" | "decreased" | "decrease" => Some(INHIBITION),
        "dual" | "both" => Some(&Sign::BOTH[..]),
        "unknown" | "undefined" | "none" | "unspecified" | "not specified" | "form complex" | "regulates"
        | "regulated by" | "affects" => Some(&[][..]),
        _ => phrase(&text),
    };
    // Any other predicate of Biolink says something else than that one gene regulates another.
    found.or_else(|| biolink.map(|_| &[][..]))
}

/// Verbs with what they act on: `up regulates quantity by expression`, `increases expression of`.
fn phrase(text: &str) -> Option<&'static [Sign]> {
    const UP: [&str; 4] = ["up regulates", "upregulates", "positively regulates", "entity positively regulates"];
    const DOWN: [&str; 4] = ["down regulates", "downregulates", "negatively regulates", "entity negatively regulates"];
    let begins = |verb: &&str| text.strip_prefix(*verb).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    let of = |verb: &str| begins(&verb) && text.ends_with(" of");
    if UP.iter().any(begins) || of("increases") {
        return Some(ACTIVATION);
    }
    if DOWN.iter().any(begins) || of("decreases") {
        return Some(INHIBITION);
    }
    ["regulates", "entity regulates"].iter().any(begins).then_some(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_databases_are_understood_in_any_case() {
        for word in ["+", "1", "Activation", "ACTIVATES", "stimulation", "Positive", "activator"] {
            assert_eq!(read_signs(word), Some(&[Sign::Activation][..]), "{word}");
        }
        for word in ["-", "-1", "inhibition", "Represses", "Repression", "negative", "repressor"] {
            assert_eq!(read_signs(word), Some(&[Sign::Inhibition][..]), "{word}");
        }
        assert_eq!(read_signs("+-"), Some(&Sign::BOTH[..]));
        for word in
            ["up-regulates quantity by expression", "RO:0002213", "biolink:positively_regulates", "1.00", "increased"]
        {
            assert_eq!(read_signs(word), Some(&[Sign::Activation][..]), "{word}");
        }
        for word in [
            "down-regulates quantity by destabilization",
            "down-regulates",
            "http://purl.obolibrary.org/obo/RO_0002212",
            "biolink:entity_negatively_regulates_entity",
            "biolink:decreases_expression_of",
            "-1.00",
        ] {
            assert_eq!(read_signs(word), Some(&[Sign::Inhibition][..]), "{word}");
        }
        for word in ["?", "Unknown", "0", "", "form complex", "biolink:regulates", "biolink:has_phenotype", "NA", "nan"]
        {
            assert_eq!(read_signs(word), Some(&[][..]), "{word}");
        }
    }

    #[test]
    fn a_word_that_says_nothing_of_a_sign_is_not_guessed_at() {
        for word in
            ["binds", "2", "0.5", "++", "phosphorylates", "inf", "up", "increases", "upregulatesX", "RO:0000052"]
        {
            assert_eq!(read_signs(word), None, "{word}");
        }
    }
}
