//! The many ways in which databases write a sign.

use crate::biology::Sign;

/// What [`read_signs`] understands, for error messages.
pub(super) const SIGN_WORDS: &str = "`+`, `1`, activation, activates, activator, stimulation or positive; `-`, `-1`, \
    inhibition, inhibits, repression, represses, repressor or negative; `+-` or dual for both; `?`, `0` or unknown";

/// The signs that a field states: none (unknown), one or both. `None` if the field is not understood.
///
/// Letter case does not matter. An empty field is an unknown sign.
pub(super) fn read_signs(field: &str) -> Option<&'static [Sign]> {
    const ACTIVATION: &[Sign] = &[Sign::Activation];
    const INHIBITION: &[Sign] = &[Sign::Inhibition];
    match field.trim().to_lowercase().as_str() {
        "+" | "1" | "+1" | "1.0" | "activation" | "activates" | "activate" | "activator" | "stimulation"
        | "stimulates" | "stimulate" | "stimulator" | "positive" | "up-regulates" | "upregulates" => Some(ACTIVATION),
        "-" | "−" | "-1" | "−1" | "-1.0" | "inhibition" | "inhibits" | "inhibit" | "inhibitor" | "repression"
        | "represses" | "repress" | "repressor" | "negative" | "down-regulates" | "downregulates" => Some(INHIBITION),
        "+-" | "-+" | "+/-" | "-/+" | "±" | "dual" | "both" => Some(&Sign::BOTH),
        "" | "?" | "0" | "0.0" | "unknown" | "undefined" | "none" | "na" | "n/a" => Some(&[]),
        _ => None,
    }
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
        for word in ["?", "Unknown", "0", ""] {
            assert_eq!(read_signs(word), Some(&[][..]), "{word}");
        }
    }

    #[test]
    fn a_word_that_says_nothing_of_a_sign_is_not_guessed_at() {
        for word in ["binds", "2", "0.5", "++"] {
            assert_eq!(read_signs(word), None, "{word}");
        }
    }
}
