//! Names of cells in which nothing was perturbed, and of cells of which nobody knows what was.

use serde::{Deserialize, Serialize};

/// Why a name in the place of a perturbed gene is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unperturbed {
    /// A control: nothing was perturbed, or the guide has no target.
    Control,
    /// Nothing is known of what was perturbed, or more than one thing.
    Missing,
}

/// Words of which the names of controls are made; each alone names one.
const CONTROL: [&str; 33] = [
    "nontargeting",
    "non_targeting",
    "nontarget",
    "non_target",
    "no_target",
    "notarget",
    "safe_targeting",
    "safetargeting",
    "safe_harbor",
    "safe_harbour",
    "safeharbor",
    "safeharbour",
    "unperturbed",
    "no_perturbation",
    "untransduced",
    "nontransduced",
    "non_transduced",
    "untreated",
    "unedited",
    "uninfected",
    "wild_type",
    "wildtype",
    "empty_vector",
    "intergenic",
    "scrambled",
    "scramble",
    "vehicle",
    "controls",
    "control",
    "dmso",
    "mock",
    "ntc",
    "ctrl",
];
/// Words that name controls too, but are short enough to begin the name of a gene: a number may only follow apart.
const SHORT_CONTROL: [&str; 4] = ["nt", "wt", "ev", "scr"];
/// Words that stand next to them and say nothing.
const FILLER: [&str; 17] = [
    "negative",
    "positions",
    "oligo",
    "guides",
    "guide",
    "sgrna",
    "grna",
    "human",
    "mouse",
    "cells",
    "cell",
    "neg",
    "sg",
    "si",
    "sh",
    "g",
    "seq",
];
/// What stands for *not known*, letters and digits only.
const MISSING: [&str; 22] = [
    "na",
    "nan",
    "none",
    "null",
    "nil",
    "unassigned",
    "notassigned",
    "noassignment",
    "multiple",
    "multiplet",
    "multiplets",
    "multi",
    "doublet",
    "doublets",
    "ambiguous",
    "empty",
    "unknown",
    "undetermined",
    "unlabeled",
    "missing",
    "noguide",
    "negative",
];

/// No name of a control is longer; what is longer is not looked through.
const LONGEST: usize = 200;

/// Whether a name in the place of a perturbed gene says that none was perturbed, or that it is not known.
///
/// Names are compared without regard to case and to what stands between words, and may end in a number
/// (`non-targeting_01`, `NegCtrl0`, `sgNT-3`). A name that `is_gene` knows is a gene where both could be: `CTRL` is one of
/// *Homo sapiens*, `Scr` one of *Drosophila*.
pub(super) fn unperturbed(name: &str, is_gene: &dyn Fn(&str) -> bool) -> Option<Unperturbed> {
    let plain: String = name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if plain.is_empty() || MISSING.contains(&plain.as_str()) {
        return Some(Unperturbed::Missing);
    }
    if plain.len() > LONGEST {
        return None;
    }
    let spaced: String =
        name.trim().chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    if !names_control(&spaced.to_lowercase(), false) {
        return None;
    }
    let may_be_gene = name != "ctrl" && (matches!(plain.as_str(), "ctrl" | "scr" | "ev") || ends_in_digit(&plain));
    (!(may_be_gene && is_gene(name))).then_some(Unperturbed::Control)
}

fn ends_in_digit(text: &str) -> bool {
    text.ends_with(|letter: char| letter.is_ascii_digit())
}

/// True if the text is made of nothing but the words above and numbers, with one that names a control among them.
fn names_control(text: &str, found: bool) -> bool {
    let rest = text.trim_start_matches('_');
    if rest.is_empty() {
        return found;
    }
    let without_digits = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    if without_digits.len() < rest.len() {
        return names_control(without_digits, found);
    }
    let begins = |word: &&&str| rest.starts_with(**word);
    let attached_digit = |word: &str| rest[word.len()..].starts_with(|letter: char| letter.is_ascii_digit());
    CONTROL.iter().filter(begins).any(|word| names_control(&rest[word.len()..], true))
        || SHORT_CONTROL
            .iter()
            .filter(begins)
            .any(|word| (*word == "nt" || !attached_digit(word)) && names_control(&rest[word.len()..], true))
        || FILLER.iter().filter(begins).any(|word| names_control(&rest[word.len()..], found))
}

/// Names that are often given to cells with a guide against something that the cells do not have, or do not miss.
pub(super) fn is_often_control(name: &str) -> bool {
    const NAMES: [&str; 12] =
        ["gfp", "egfp", "rfp", "mcherry", "luciferase", "luc", "fluc", "aavs1", "rosa26", "lacz", "ccr5", "or1a1"];
    let plain = name.trim_start_matches("sg").trim_end_matches(|letter: char| !letter.is_alphabetic() && letter != '1');
    NAMES.iter().any(|known| plain.eq_ignore_ascii_case(known) || name.eq_ignore_ascii_case(known))
}

/// True for words that tell whether something was perturbed, and not what.
pub(super) fn is_state(name: &str) -> bool {
    const STATES: [&str; 26] = [
        "perturbed",
        "perturbation",
        "perturb",
        "treated",
        "treatment",
        "stimulated",
        "stim",
        "ko",
        "np",
        "kd",
        "knockout",
        "knockdown",
        "knocked",
        "edited",
        "targeting",
        "targeted",
        "transduced",
        "infected",
        "case",
        "mutant",
        "crispr",
        "yes",
        "no",
        "true",
        "false",
        "perturbedcell",
    ];
    let plain: String = name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    STATES.contains(&plain.as_str()) || matches!(plain.as_str(), "0" | "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<Unperturbed> {
        unperturbed(name, &|_| false)
    }

    #[test]
    fn controls_are_known_by_the_names_of_the_bench() {
        for name in [
            "control",
            "ctrl",
            "CTRL",
            "NT",
            "NTC",
            "NT-1",
            "NT_2",
            "NTg1",
            "non-targeting",
            "non-targeting_01",
            "NonTargeting3",
            "Non-Targeting Control 12",
            "negative_control",
            "NegCtrl0",
            "neg_ctrl",
            "NEG_CTRL_7",
            "WT",
            "wt_1",
            "wildtype",
            "wild type",
            "DMSO",
            "vehicle",
            "scramble",
            "scrambled",
            "mock",
            "safe-harbor",
            "safe_targeting_9",
            "unperturbed",
            "sgNT",
            "sgNTC-2",
            "siControl",
            "NegCtrl10_NegCtrl0__NegCtrl10_NegCtrl0",
            "non-targeting_00001|non-targeting_00002",
            "intergenic_4",
            "Scr",
            "empty vector",
        ] {
            assert_eq!(of(name), Some(Unperturbed::Control), "{name}");
        }
    }

    #[test]
    fn cells_without_a_known_guide_are_no_controls() {
        for name in
            ["NA", "nan", "None", "null", "unassigned", "multiple", "Doublet", "empty", "", "-", "Negative", "<NA>"]
        {
            assert_eq!(of(name), Some(Unperturbed::Missing), "{name}");
        }
    }

    #[test]
    fn genes_whose_symbols_begin_like_controls_stay_genes() {
        for name in
            ["WT1", "NT5E", "NTN1", "WTAP", "SCRIB", "KLF1", "CTRB1", "NegCtrl0_KLF1", "non-targeting_KLF1", "MOCS1"]
        {
            assert_eq!(of(name), None, "{name}");
        }
        for name in ["CTRL", "Scr", "NT3"] {
            assert_eq!(unperturbed(name, &|known| known == name), None, "{name}");
        }
        assert_eq!(unperturbed("ctrl", &|_| true), Some(Unperturbed::Control));
    }
}
