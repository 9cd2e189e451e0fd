//! What a file tells of the experiments behind a statement.

use oxigraph::model::{NamedNode, Term};

use super::{KnowledgeBase, vocab};
use crate::biology::{Evidence, ExperimentCounts, Regulation, StatementKind};

impl KnowledgeBase {
    /// The figures behind a statement in force: those of the last applied revision that states it, else those of its own
    /// resource; `None` if neither has any. Entries are not read.
    #[must_use]
    pub fn evidence_for(&self, kind: StatementKind, statement: Regulation) -> Option<Evidence> {
        let resource = Term::from(NamedNode::new(self.own_resource(kind, statement)?).ok()?);
        let applied = Term::from(NamedNode::new(vocab::aligned("applied")).ok()?);
        let mut revisions: Vec<_> = self
            .objects(&resource, "statedBy")
            .filter(|&revision| self.objects(revision, "status").any(|status| *status == applied))
            .map(|revision| (self.number::<u64>(revision, "order"), revision))
            .collect();
        revisions.sort_by_key(|&(order, _)| std::cmp::Reverse(order));
        let told = revisions.into_iter().map(|(_, revision)| revision).chain([&resource]);
        told.map(|told| self.evidence_in(told)).find(|evidence| *evidence != Evidence::default())
    }

    fn evidence_in(&self, told: &Term) -> Evidence {
        let count = |term| self.number::<u32>(told, term);
        let counts = [count("agreeingExperiments"), count("opposingExperiments"), count("silentExperiments")];
        let [agreeing, opposing, silent] = counts.map(Option::unwrap_or_default);
        let experiments = counts.iter().any(Option::is_some).then_some(ExperimentCounts { agreeing, opposing, silent });
        Evidence {
            stability: self.number(told, "stability"),
            q_value: self.number(told, "qValue"),
            posterior: self.number(told, "posterior"),
            log_likelihood_ratio: self.number(told, "logLikelihoodRatio"),
            base_rate: self.number(told, "baseRate"),
            experiments,
            ..Evidence::default()
        }
    }

    fn number<T: std::str::FromStr>(&self, subject: &Term, term: &str) -> Option<T> {
        self.objects(subject, term).find_map(|object| match object {
            Term::Literal(literal) => literal.value().parse().ok(),
            _ => None,
        })
    }

    fn objects<'a>(&'a self, subject: &Term, term: &str) -> impl Iterator<Item = &'a Term> {
        let objects =
            self.statements.id(subject).map(|subject| self.statements.objects(subject, &vocab::aligned(term)));
        objects.into_iter().flatten()
    }
}
