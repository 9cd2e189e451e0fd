//! Knowledge that costs more: what is well cited costs more to revise, what is locked is never touched.

use crate::biology::{CitedRegulation, Regulation};

/// How hard it is to take a known regulation away or to turn its sign.
///
/// ```text
/// cost of removing or flipping r  =  cost of the kind · f(r),     f(r) = 1 + W · log₂(1 + e(r)),     f(r) = ∞ if r is locked
/// ```
/// where `e(r)` is the number of distinct sources and references that are cited for `r`, and `W ≥ 0` the weight of
/// evidence. A regulation that nothing is cited for, or that is not listed, has `f = 1`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RevisionCosts {
    /// Regulations with a factor other than 1, sorted.
    factors: Vec<(Regulation, f64)>,
}

impl RevisionCosts {
    /// The revision_costs of cited regulations under the weight `W` of evidence, in `[0, ∞)`; a negative or undefined weight
    /// counts as 0.
    #[must_use]
    pub fn of(regulations: &[CitedRegulation], evidence_weight: f64) -> Self {
        let weight = evidence_weight.max(0.0);
        let factor = |cited: &CitedRegulation| {
            let evidence = cited.citation.sources.len() + cited.citation.references.len();
            (cited.regulation, 1.0 + weight * (1.0 + evidence as f64).log2())
        };
        let mut factors: Vec<_> = regulations.iter().map(factor).filter(|&(_, factor)| factor > 1.0).collect();
        factors.sort_unstable_by_key(|&(regulation, _)| regulation);
        factors.dedup_by_key(|(regulation, _)| *regulation);
        Self { factors }
    }

    /// The same, with these regulations locked: never removed, never flipped, and no other sign put next to them.
    #[must_use]
    pub fn with_locked(mut self, locked: impl IntoIterator<Item = Regulation>) -> Self {
        self.factors.extend(locked.into_iter().map(|regulation| (regulation, f64::INFINITY)));
        // The lock comes first, so that it is the one kept.
        self.factors.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        self.factors.dedup_by_key(|(regulation, _)| *regulation);
        self
    }

    /// Factor on the cost of removing or flipping this regulation, in `[1, ∞]`.
    #[must_use]
    pub fn factor(&self, regulation: Regulation) -> f64 {
        let place = self.factors.binary_search_by_key(&regulation, |&(regulation, _)| regulation);
        place.map_or(1.0, |place| self.factors[place].1)
    }

    /// True if this regulation is never touched.
    #[must_use]
    pub fn is_locked(&self, regulation: Regulation) -> bool {
        self.factor(regulation).is_infinite()
    }

    /// Number of locked regulations.
    #[must_use]
    pub fn locked(&self) -> usize {
        self.factors.iter().filter(|(_, factor)| factor.is_infinite()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Citation, GeneId, Sign};

    fn cited(target: usize, sources: usize, references: usize) -> CitedRegulation {
        let names = |number: usize| (0..number).map(|name| name.to_string()).collect();
        let citation = Citation { sources: names(sources), references: names(references), ..Default::default() };
        let regulation = Regulation::new(GeneId::new(0), GeneId::new(target), Sign::Activation);
        CitedRegulation { regulation, citation }
    }

    #[test]
    fn each_doubling_of_the_evidence_adds_the_weight_once() {
        let regulations = [cited(1, 0, 0), cited(2, 1, 0), cited(3, 1, 2), cited(4, 3, 4)];
        let revision_costs = RevisionCosts::of(&regulations, 0.5);
        let factors = regulations.map(|cited| revision_costs.factor(cited.regulation));
        assert_eq!(factors, [1.0, 1.5, 2.0, 2.5]);
    }

    #[test]
    fn without_weight_all_knowledge_yields_alike_and_a_lock_still_holds() {
        let regulations = [cited(1, 9, 9), cited(2, 1, 0)];
        let revision_costs = RevisionCosts::of(&regulations, 0.0).with_locked([regulations[0].regulation]);
        assert!(revision_costs.is_locked(regulations[0].regulation));
        assert_eq!(revision_costs.factor(regulations[1].regulation), 1.0);
        assert_eq!(revision_costs.locked(), 1);
        assert_eq!(RevisionCosts::of(&regulations, f64::NAN), RevisionCosts::default());
    }

    #[test]
    fn a_lock_outlasts_what_is_cited() {
        let regulations = [cited(1, 9, 9)];
        let revision_costs =
            RevisionCosts::of(&regulations, 2.0).with_locked(regulations.iter().map(|cited| cited.regulation));
        assert_eq!(revision_costs.factor(regulations[0].regulation), f64::INFINITY);
    }
}
