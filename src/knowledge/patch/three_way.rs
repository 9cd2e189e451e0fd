//! What two knowledge bases made of a third: changed alike, changed in one only, or against each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::comparison::{NamedStatement, held, renamed};
use crate::biology::{GeneId, Sign, StatementKind};
use crate::knowledge::KnowledgeBase;

/// How two changes of one pair of genes stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Both made the same change.
    Both,
    /// Both changed it, and differ in what holds now.
    Opposite,
    /// Only the first changed it.
    OnlyFirst,
    /// Only the second changed it.
    OnlySecond,
}

impl Verdict {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Both, Self::Opposite, Self::OnlyFirst, Self::OnlySecond];
}

/// What holds from one gene to another in the base and in both others; no sign if nothing does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TwoChanges {
    /// How the changes stand to each other.
    pub verdict: Verdict,
    /// `regulation` or `effect`.
    pub statement: &'static str,
    /// Symbol of the regulator.
    pub regulator: String,
    /// Symbol of the target.
    pub target: String,
    /// Signs in the base.
    pub base: Vec<Sign>,
    /// Signs in the first.
    pub first: Vec<Sign>,
    /// Signs in the second.
    pub second: Vec<Sign>,
}

impl TwoChanges {
    /// The signs in words, for example `lexA inhibits recA`; `nothing` if there are none.
    #[must_use]
    pub fn in_words(&self, signs: &[Sign]) -> String {
        let effect = self.statement == StatementKind::Effect.word();
        let kind = if effect { StatementKind::Effect } else { StatementKind::Regulation };
        let told: Vec<_> = signs
            .iter()
            .map(|&sign| NamedStatement::new(kind, &self.regulator, &self.target, sign).in_words())
            .collect();
        if told.is_empty() { "nothing".to_owned() } else { told.join(" and ") }
    }
}

/// The changes of two knowledge bases against a base, by verdict, then by regulator and target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ThreeWay {
    /// Pairs of genes that at least one of the two changed.
    pub changes: Vec<TwoChanges>,
}

type Signs = BTreeMap<(&'static str, String, String), BTreeSet<Sign>>;

impl ThreeWay {
    /// Compares what two knowledge bases hold in force with what the base does.
    #[must_use]
    pub fn between(base: &KnowledgeBase, first: &KnowledgeBase, second: &KnowledgeBase) -> Self {
        let original = signs(base, base);
        let (first, second) = (signs(base, first), signs(base, second));
        let pairs: BTreeSet<_> = original.keys().chain(first.keys()).chain(second.keys()).collect();
        let of = |signs: &Signs, pair| signs.get(pair).map_or_else(Vec::new, |signs| signs.iter().copied().collect());
        let mut changes: Vec<TwoChanges> = Vec::new();
        for pair in pairs {
            let (base, first, second) = (of(&original, pair), of(&first, pair), of(&second, pair));
            let verdict = match (first == base, second == base) {
                (true, true) => continue,
                (false, true) => Verdict::OnlyFirst,
                (true, false) => Verdict::OnlySecond,
                (false, false) if first == second => Verdict::Both,
                (false, false) => Verdict::Opposite,
            };
            let (statement, regulator, target) = pair.clone();
            changes.push(TwoChanges { verdict, statement, regulator, target, base, first, second });
        }
        changes.sort_by_key(|change| change.verdict);
        Self { changes }
    }

    /// Number of pairs of genes with this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.changes.iter().filter(|change| change.verdict == verdict).count()
    }
}

/// The signs from gene to gene, by the symbols of `base` where a gene was renamed.
fn signs(base: &KnowledgeBase, other: &KnowledgeBase) -> Signs {
    let renamed = renamed(base, other);
    let name = |gene: GeneId| {
        let symbol = other.genes().symbol(gene);
        renamed.get(symbol).cloned().unwrap_or_else(|| symbol.to_owned())
    };
    let mut signs = Signs::new();
    for statement in held(other, &name).into_keys() {
        signs.entry((statement.statement, statement.regulator, statement.target)).or_default().insert(statement.sign);
    }
    signs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(body: &str) -> KnowledgeBase {
        let text = body
            .split(", ")
            .map(|triple| {
                let [a, sign, b] = triple.split(' ').collect::<Vec<_>>()[..] else { panic!("three words") };
                let number = if sign == "+" { "3" } else { "2" };
                format!("<urn:{a}> <http://purl.obolibrary.org/obo/RO_000221{number}> <urn:{b}> .\n")
            })
            .collect::<String>();
        KnowledgeBase::parse(text.as_bytes(), "test.nt").expect("sound")
    }

    #[test]
    fn two_screens_agree_differ_or_speak_of_different_genes() {
        let original = base("a + b, b + c, c + d, d + e");
        let first = base("a - b, b - c, c - d, d + e");
        let second = base("a - b, c + d, d - e");
        let compared = ThreeWay::between(&original, &first, &second);
        let told: Vec<_> = compared.changes.iter().map(|change| (change.verdict, change.regulator.as_str())).collect();
        let expected =
            [(Verdict::Both, "a"), (Verdict::Opposite, "b"), (Verdict::OnlyFirst, "c"), (Verdict::OnlySecond, "d")];
        assert_eq!(told, expected);
        let opposite = &compared.changes[1];
        assert_eq!(opposite.in_words(&opposite.first), "b inhibits c");
        assert_eq!(opposite.in_words(&opposite.second), "nothing");
    }
}
