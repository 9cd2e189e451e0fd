//! What a block of a patch does, in the words of the field.

use std::collections::BTreeSet;

use super::block::{Block, Key};
use super::content::quad_of;
use super::described::{Described, Ends, stated_by};
use crate::biology::{Sign, StatementKind};
use crate::knowledge::vocab;

/// The comment lines of a block.
pub(super) fn comments(key: &Key, described: &Described, block: &Block) -> Vec<String> {
    match key {
        Key::Run(iri) => {
            vec![format!("run {}: where the revisions below come from; keep it with any of them", name(iri))]
        }
        Key::Revision(_, iri) => of_revision(described, iri),
        Key::Pair(ends) => vec![of_pair(ends, block)],
        Key::Gene(symbol, iri) => vec![of_gene(symbol, described, iri)],
        Key::Rest(iri) => vec![format!("other statements about {}", name(iri))],
        Key::Shared => vec!["named by several of the blocks above; leave it out together with any of them".to_owned()],
    }
}

fn name(iri: &str) -> String {
    vocab::compact(iri.trim_start_matches('<').trim_end_matches('>'))
}

fn of_revision(described: &Described, iri: &str) -> Vec<String> {
    let word = |term: &str| described.resources(iri, term).first().map(|iri| last(iri)).unwrap_or_default();
    let order = described.literal(iri, "order").unwrap_or_else(|| "?".to_owned());
    let told = |term: &str| described.resources(iri, term).first().and_then(|statement| in_words(described, statement));
    let mut what: Vec<String> =
        [told("retracts").or_else(|| told("withdraws")), told("gains")].into_iter().flatten().collect();
    if what.is_empty() {
        what.extend(told("concerns"));
    }
    let first = format!("revision {order}, {}, {}: {}", word("status"), word("revisionKind"), what.join(" → "));
    let figures = [
        ("posterior", "posterior"),
        ("objectiveDecrease", "objective decrease"),
        ("objectiveDrop", "objective decrease"),
        ("qValue", "q-value"),
        ("stability", "stability"),
        ("agreeingExperiments", "agreeing experiments"),
        ("opposingExperiments", "opposing"),
        ("silentExperiments", "silent"),
    ];
    let figures: Vec<String> = figures
        .iter()
        .filter_map(|(term, words)| described.literal(iri, term).map(|value| format!("{words} {}", rounded(&value))))
        .collect();
    if figures.is_empty() { vec![first] } else { vec![first, figures.join(", ")] }
}

/// Integers as they are, other numbers with four digits behind the point at most.
fn rounded(value: &str) -> String {
    match value.parse::<f64>() {
        Ok(number) if number.is_finite() && value.parse::<i64>().is_err() => {
            let text = format!("{number:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => value.to_owned(),
    }
}

fn last(iri: &str) -> String {
    vocab::last_segment(iri.trim_start_matches('<').trim_end_matches('>'))
}

fn in_words(described: &Described, statement: &str) -> Option<String> {
    let (ends, _) = described.ends(statement)?;
    let sign = described.signs(statement).first().copied()?;
    Some(sentence(&ends, sign))
}

fn sentence(ends: &Ends, sign: Sign) -> String {
    let verb = match ends.kind() {
        StatementKind::Regulation => vocab::verb(sign),
        StatementKind::Effect => vocab::effect_verb(sign),
    };
    format!("{} {verb} {}", ends.regulator, ends.target)
}

/// The signs that lines of a block bring in or take out whole: by a direct triple, or by `aligned:sign`.
fn signs(lines: &BTreeSet<String>) -> BTreeSet<Sign> {
    let sign_of = |line: &String| {
        let quad = quad_of(line).ok()?;
        if let Some((_, sign)) = stated_by(quad.predicate.as_str()) {
            return Some(sign);
        }
        let object = quad.object.to_string();
        let is_sign = quad.predicate.as_str() == vocab::aligned("sign");
        is_sign.then(|| Sign::BOTH.into_iter().find(|&sign| object == format!("<{}>", vocab::sign_iri(sign)))).flatten()
    };
    lines.iter().filter_map(sign_of).collect()
}

fn of_pair(ends: &Ends, block: &Block) -> String {
    let (before, after) = (signs(&block.deleted), signs(&block.added));
    let told =
        |signs: &BTreeSet<Sign>| signs.iter().map(|&sign| sentence(ends, sign)).collect::<Vec<_>>().join(" and ");
    match (before.is_empty(), after.is_empty()) {
        (true, false) => format!("added: {}", told(&after)),
        (false, true) => format!("removed: {}", told(&before)),
        (false, false) if before != after => format!("flipped: {} → {}", told(&before), told(&after)),
        _ => format!("evidence changed: {} and {}", ends.regulator, ends.target),
    }
}

fn of_gene(symbol: &str, described: &Described, iri: &str) -> String {
    use super::described::Side;
    let types: Vec<Side> = described
        .of(iri)
        .filter(|(quad, _)| quad.predicate.as_str() == vocab::RDF_TYPE)
        .map(|(_, side)| side)
        .collect();
    let what = match () {
        () if types.iter().all(|&side| side == Side::After) => "added",
        () if types.iter().all(|&side| side == Side::Before) => "removed",
        () => "changed",
    };
    format!("gene {what}: {symbol}")
}
