//! The sign of each input of a Boolean rule, and the default rule of a gene.
//!
//! A rule is *unate* in an input if a change of that input from off to on can only raise its value (activation), or only lower
//! it (inhibition), whatever the other inputs are. An input that does both has no sign.

use std::collections::BTreeSet;

use crate::biology::{GeneId, Sign};
use crate::symbolic::Expression;

/// How an input moves the value of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Influence {
    /// One way only.
    Signed(Sign),
    /// Up for some values of the other inputs, down for others.
    Both,
    /// Never.
    None,
    /// The rule is too large to be told.
    Undecided,
}

/// Inputs of a rule that is tried for all their values.
const MOST_TRIED: usize = 14;
/// Steps for which one rule is tried.
const MOST_STEPS: usize = 1 << 26;

/// Values of six inputs in 64 states.
const LANES: [u64; 6] = [
    0xaaaa_aaaa_aaaa_aaaa,
    0xcccc_cccc_cccc_cccc,
    0xf0f0_f0f0_f0f0_f0f0,
    0xff00_ff00_ff00_ff00,
    0xffff_0000_ffff_0000,
    0xffff_ffff_0000_0000,
];

/// The inputs of a rule, by index, each with its influence.
///
/// Up to 14 inputs all their values are tried, `O(2^inputs · length of the rule / 64)`; beyond, an input has the sign of its mentions,
/// or none that is known if they differ.
pub(super) fn influences(rule: &Expression<GeneId>) -> Vec<(GeneId, Influence)> {
    let inputs: Vec<GeneId> = rule.genes().copied().collect::<BTreeSet<_>>().into_iter().collect();
    match values(rule, &inputs) {
        Some(values) => {
            let of = |(place, &input): (usize, &GeneId)| (input, tried(&values, place));
            inputs.iter().enumerate().map(of).collect()
        }
        None => mentioned(rule, &inputs),
    }
}

/// The value of the rule in all states of its inputs; `None` if there are too many.
fn values(rule: &Expression<GeneId>, inputs: &[GeneId]) -> Option<Vec<u64>> {
    if inputs.len() > MOST_TRIED || words(inputs).saturating_mul(rule.len()) > MOST_STEPS {
        return None;
    }
    let mut stack = Vec::new();
    Some(tabulated(inputs, |state| rule.evaluate(state, &mut stack)))
}

fn words(inputs: &[GeneId]) -> usize {
    1 << inputs.len().min(MOST_TRIED).saturating_sub(LANES.len())
}

/// What `value` makes of every state of the inputs, 64 states in a word.
fn tabulated(inputs: &[GeneId], mut value: impl FnMut(&dyn Fn(&GeneId) -> u64) -> u64) -> Vec<u64> {
    let in_word = |word: usize| {
        value(&|gene: &GeneId| match inputs.binary_search(gene) {
            Ok(place) if place < LANES.len() => LANES[place],
            Ok(place) => ((word >> (place - LANES.len()) & 1) as u64).wrapping_neg(),
            Err(_) => 0,
        })
    };
    (0..words(inputs)).map(in_word).collect()
}

fn tried(values: &[u64], place: usize) -> Influence {
    let (mut raises, mut lowers) = (false, false);
    let mut compare = |off: u64, on: u64, lanes: u64| {
        raises |= !off & on & lanes != 0;
        lowers |= off & !on & lanes != 0;
    };
    if place < LANES.len() {
        for &word in values {
            compare(word << (1 << place), word, LANES[place]);
        }
    } else {
        let stride = 1 << (place - LANES.len());
        for word in (0..values.len()).filter(|word| word & stride != 0) {
            compare(values[word - stride], values[word], u64::MAX);
        }
    }
    match (raises, lowers) {
        (true, true) => Influence::Both,
        (true, false) => Influence::Signed(Sign::Activation),
        (false, true) => Influence::Signed(Sign::Inhibition),
        (false, false) => Influence::None,
    }
}

fn mentioned(rule: &Expression<GeneId>, inputs: &[GeneId]) -> Vec<(GeneId, Influence)> {
    let mentions: BTreeSet<(GeneId, Sign)> = rule.mentions().into_iter().map(|(&gene, sign)| (gene, sign)).collect();
    let of = |&input: &GeneId| {
        let signs = Sign::BOTH.map(|sign| mentions.contains(&(input, sign)));
        let influence = match signs {
            [true, false] => Influence::Signed(Sign::Activation),
            [false, true] => Influence::Signed(Sign::Inhibition),
            _ => Influence::Undecided,
        };
        (input, influence)
    };
    inputs.iter().map(of).collect()
}

/// The default rule of a gene: some activator is on and no inhibitor is; `None` if it has neither.
pub(super) fn default_rule(activators: &[&str], inhibitors: &[&str]) -> Option<String> {
    let any = activators.join(" | ");
    let none: Vec<String> = inhibitors.iter().map(|name| format!("!{name}")).collect();
    match (activators.len(), inhibitors.len()) {
        (0, 0) => None,
        (_, 0) => Some(any),
        (0, _) => Some(none.join(" & ")),
        (1, _) => Some(format!("{any} & {}", none.join(" & "))),
        _ => Some(format!("({any}) & {}", none.join(" & "))),
    }
}

/// True if a rule is the default rule of its gene, in these words or others.
pub(super) fn is_default(rule: &Expression<GeneId>, influences: &[(GeneId, Influence)], target: GeneId) -> bool {
    let of_sign = |wanted: Sign| -> Vec<GeneId> {
        let signed = influences.iter().filter(|(_, influence)| *influence == Influence::Signed(wanted));
        signed.map(|(gene, _)| *gene).collect()
    };
    let [activators, inhibitors] = Sign::BOTH.map(of_sign);
    let unsigned = activators.len() + inhibitors.len() < influences.len();
    if influences.is_empty() || unsigned || influences.iter().any(|(gene, _)| *gene == target) {
        return false;
    }
    let inputs: Vec<GeneId> = influences.iter().map(|(gene, _)| *gene).collect();
    let Some(values) = values(rule, &inputs) else { return has_form_of_default(rule, &activators, &inhibitors) };
    let expected = tabulated(&inputs, |state| {
        let any = activators.iter().fold(0, |any, gene| any | state(gene));
        let none = inhibitors.iter().fold(u64::MAX, |none, gene| none & !state(gene));
        if activators.is_empty() { none } else { any & none }
    });
    values == expected
}

/// The default rule mentions each input once, and joins activators by *or*, all else by *and*: as many operators as that takes.
fn has_form_of_default(rule: &Expression<GeneId>, activators: &[GeneId], inhibitors: &[GeneId]) -> bool {
    let inputs = activators.len() + inhibitors.len();
    let length = 2 * inputs - 1 + inhibitors.len();
    if rule.len() != length || rule.genes().count() != inputs {
        return false;
    }
    let mut stack = Vec::new();
    let mut value =
        |is_on: &dyn Fn(GeneId) -> bool| rule.evaluate(|gene| u64::from(is_on(*gene)).wrapping_neg(), &mut stack) != 0;
    let one_is_enough =
        activators.iter().all(|&one| value(&|gene| gene == one)) && (!activators.is_empty() || value(&|_| false));
    let none_is_too_few = activators.is_empty() || !value(&|_| false);
    let inhibition_wins = inhibitors.iter().all(|&one| !value(&|gene| gene == one || activators.contains(&gene)));
    one_is_enough && none_is_too_few && inhibition_wins
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbolic::BooleanModel;

    fn told(rule: &str) -> Vec<Influence> {
        let model = BooleanModel::parse(format!("z, {rule}\n").as_bytes(), "r.bnet").expect("a rule");
        let rules = model.rules(&model.genes()).expect("known genes");
        let rule = rules.iter().next().expect("one").1.clone();
        influences(&rule).into_iter().map(|(_, influence)| influence).collect()
    }

    const UP: Influence = Influence::Signed(Sign::Activation);
    const DOWN: Influence = Influence::Signed(Sign::Inhibition);

    #[test]
    fn crp_activates_and_lac_i_inhibits_lac_z() {
        assert_eq!(told("crp & !lacI"), [UP, DOWN]);
    }

    #[test]
    fn an_exclusive_or_has_no_sign_and_an_absorbed_input_no_influence() {
        assert_eq!(told("(a & !b) | (!a & b)"), [Influence::Both; 2]);
        assert_eq!(told("a | (a & b)"), [UP, Influence::None]);
        assert_eq!(told("(a & !b) | (!a & !b)"), [Influence::None, DOWN]);
    }

    #[test]
    fn ten_and_twenty_inputs_have_the_signs_of_their_mentions() {
        for inputs in [10, 20] {
            let names: Vec<String> = (0..inputs).map(|at| format!("{}g{at:02}", ["", "!"][at % 2])).collect();
            let told = told(&names.join(" & "));
            assert!(told.iter().enumerate().all(|(at, &influence)| influence == [UP, DOWN][at % 2]), "{told:?}");
        }
    }
}
