//! Two knowledge bases side by side, in regulations and effects in force: added, removed, flipped, cited differently.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::biology::{Citation, CitedRegulation, GeneId, Sign, StatementKind};
use crate::knowledge::{KnowledgeBase, vocab};

/// A statement by the symbols of its genes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct NamedStatement {
    /// `regulation` or `effect`.
    pub statement: &'static str,
    /// Symbol of the regulator.
    pub regulator: String,
    /// Symbol of the target.
    pub target: String,
    /// Its sign.
    pub sign: Sign,
}

impl NamedStatement {
    pub(super) fn new(kind: StatementKind, regulator: &str, target: &str, sign: Sign) -> Self {
        let (regulator, target) = (regulator.to_owned(), target.to_owned());
        Self { statement: kind.word(), regulator, target, sign }
    }

    /// The same with the other sign.
    #[must_use]
    pub fn flipped(&self) -> Self {
        Self { sign: self.sign.opposite(), ..self.clone() }
    }

    /// For example `lexA inhibits recA`, or `fur raises entC` for an effect.
    #[must_use]
    pub fn in_words(&self) -> String {
        let is_effect = self.statement == StatementKind::Effect.word();
        let verb = if is_effect { vocab::effect_verb(self.sign) } else { vocab::verb(self.sign) };
        format!("{} {verb} {}", self.regulator, self.target)
    }
}

/// A statement that both hold and for which they cite different things.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvidenceChange {
    /// The statement.
    #[serde(flatten)]
    pub statement: NamedStatement,
    /// What the first cites.
    pub before: Citation,
    /// What the second cites.
    pub after: Citation,
}

/// What leads from one knowledge base to another, each list in order of regulator, target and sign.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Statements that only the second holds.
    pub added: Vec<NamedStatement>,
    /// Statements that only the first holds.
    pub removed: Vec<NamedStatement>,
    /// Statements of the first that the second holds with the other sign instead.
    pub flipped: Vec<NamedStatement>,
    /// Statements of both with other evidence.
    pub evidence: Vec<EvidenceChange>,
    /// Genes that only the second knows.
    pub genes_added: Vec<String>,
    /// Genes that only the first knows.
    pub genes_removed: Vec<String>,
    /// Genes of one IRI whose symbol changed: before, after.
    pub genes_renamed: Vec<(String, String)>,
}

impl Comparison {
    /// Compares what two knowledge bases hold in force. A gene is the same if its symbol is, or else its IRI.
    #[must_use]
    pub fn between(before: &KnowledgeBase, after: &KnowledgeBase) -> Self {
        let renamed = renamed(before, after);
        let plain = |gene: GeneId, base: &KnowledgeBase| base.genes().symbol(gene).to_owned();
        let known = |gene: GeneId| {
            let symbol = after.genes().symbol(gene);
            renamed.get(symbol).cloned().unwrap_or_else(|| symbol.to_owned())
        };
        let first = held(before, &|gene| plain(gene, before));
        let second = held(after, &known);
        let mut comparison = Self::default();
        comparison.compare_statements(&first, &second);
        let genes_before: BTreeSet<_> = before.genes().iter().map(|(id, _)| plain(id, before)).collect();
        let genes_after: BTreeSet<_> = after.genes().iter().map(|(id, _)| known(id)).collect();
        comparison.genes_added = genes_after.difference(&genes_before).cloned().collect();
        comparison.genes_removed = genes_before.difference(&genes_after).cloned().collect();
        comparison.genes_renamed = renamed.into_iter().map(|(after, before)| (before, after)).collect();
        comparison.genes_renamed.sort();
        comparison
    }

    fn compare_statements(&mut self, before: &Held, after: &Held) {
        for (statement, citation) in before {
            match after.get(statement) {
                Some(now) if now == citation => {}
                Some(now) => {
                    let statement = statement.clone();
                    self.evidence.push(EvidenceChange { statement, before: citation.clone(), after: now.clone() });
                }
                None if is_new(&statement.flipped(), before, after) => self.flipped.push(statement.clone()),
                None => self.removed.push(statement.clone()),
            }
        }
        let is_flip = |statement: &NamedStatement| is_new(&statement.flipped(), after, before);
        let added = after.keys().filter(|statement| !before.contains_key(*statement) && !is_flip(statement));
        self.added = added.cloned().collect();
    }

    /// True if no statement and no gene differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

pub(super) type Held = BTreeMap<NamedStatement, Citation>;

fn is_new(statement: &NamedStatement, before: &Held, after: &Held) -> bool {
    after.contains_key(statement) && !before.contains_key(statement)
}

/// Everything in force, by names.
pub(super) fn held(base: &KnowledgeBase, name: &dyn Fn(GeneId) -> String) -> Held {
    let of = |kind: StatementKind, statements: &[CitedRegulation]| {
        let named = |cited: &CitedRegulation| {
            let regulation = cited.regulation;
            let (regulator, target) = (name(regulation.regulator), name(regulation.target));
            (NamedStatement::new(kind, &regulator, &target, regulation.sign), cited.citation.clone())
        };
        statements.iter().map(named).collect::<Vec<_>>()
    };
    let regulations = of(StatementKind::Regulation, base.regulations());
    regulations.into_iter().chain(of(StatementKind::Effect, base.effects())).collect()
}

/// New symbols with the old ones, of genes whose IRI stayed while their symbol changed.
pub(super) fn renamed(before: &KnowledgeBase, after: &KnowledgeBase) -> BTreeMap<String, String> {
    let by_iri: BTreeMap<&str, &str> =
        before.genes().iter().map(|(id, gene)| (before.gene_iri(id), gene.symbol.as_str())).collect();
    let pairs = after.genes().iter().filter(|(_, gene)| before.genes().id(&gene.symbol).is_none());
    let pairs = pairs.filter_map(|(id, gene)| {
        let iri = Some(after.gene_iri(id)).filter(|iri| !iri.starts_with("_:"))?;
        let old = by_iri.get(iri).filter(|old| after.genes().id(old).is_none())?;
        Some((gene.symbol.clone(), (*old).to_owned()))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(body: &str) -> KnowledgeBase {
        let prefixes = vocab::PREFIXES.map(|(prefix, iri)| format!("@prefix {prefix}: <{iri}> .\n")).concat();
        KnowledgeBase::parse((prefixes + body).as_bytes(), "test.ttl").expect("sound")
    }

    #[test]
    fn a_changed_sign_is_a_flip_and_not_a_removal_with_an_addition() {
        let before = base("gene:a obo:RO_0002213 gene:b . gene:b obo:RO_0002213 gene:c .");
        let after = base("gene:a obo:RO_0002212 gene:b . gene:c obo:RO_0002213 gene:b .");
        let comparison = Comparison::between(&before, &after);
        let words = |list: &[NamedStatement]| list.iter().map(NamedStatement::in_words).collect::<Vec<_>>();
        assert_eq!(words(&comparison.flipped), ["a activates b"]);
        assert_eq!(words(&comparison.removed), ["b activates c"]);
        assert_eq!(words(&comparison.added), ["c activates b"]);
        assert!(Comparison::between(&before, &before).is_empty());
    }

    #[test]
    fn a_gene_that_keeps_its_iri_is_renamed_and_its_regulations_stay() {
        let text = "gene:a a aligned:Gene ; rdfs:label \"old\" . gene:a obo:RO_0002213 gene:b .";
        let comparison = Comparison::between(&base(text), &base(&text.replace("old", "new")));
        assert_eq!(comparison.genes_renamed, [("old".to_owned(), "new".to_owned())]);
        assert!(comparison.added.is_empty() && comparison.removed.is_empty() && comparison.genes_added.is_empty());
    }
}
