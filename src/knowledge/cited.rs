//! What is cited for statements, in figures: by source, kind and reference.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::biology::CitedRegulation;

/// Counts over the statements of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CitationSummary {
    /// Statements.
    pub statements: usize,
    /// Statements by source, most frequent first; one statement counts for each of its sources.
    pub sources: Vec<(String, usize)>,
    /// Statements by kind, in the same order.
    pub kinds: Vec<(String, usize)>,
    /// Statements that name no source.
    pub without_source: usize,
    /// Statements that name no reference.
    pub without_reference: usize,
    /// Distinct references.
    pub references: usize,
    /// Supporting records, over all statements that tell a number.
    pub evidence_records: u64,
    /// Statements that tell a number of supporting records.
    pub with_evidence_count: usize,
    /// Statements that tell a confidence.
    pub with_confidence: usize,
}

impl CitationSummary {
    /// The counts over some statements.
    #[must_use]
    pub fn of(statements: &[CitedRegulation]) -> Self {
        let mut references = BTreeSet::new();
        let (mut sources, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        let mut summary = Self { statements: statements.len(), ..Self::default() };
        for CitedRegulation { citation, .. } in statements {
            citation.sources.iter().for_each(|source| *sources.entry(source.as_str()).or_default() += 1);
            citation.kinds.iter().for_each(|kind| *kinds.entry(kind.as_str()).or_default() += 1);
            references.extend(&citation.references);
            summary.without_source += usize::from(citation.sources.is_empty());
            summary.without_reference += usize::from(citation.references.is_empty());
            summary.evidence_records += u64::from(citation.evidence_count);
            summary.with_evidence_count += usize::from(citation.evidence_count > 0);
            summary.with_confidence += usize::from(citation.confidence.is_some());
        }
        summary.references = references.len();
        summary.sources = most_first(sources);
        summary.kinds = most_first(kinds);
        summary
    }
}

fn most_first(counts: BTreeMap<&str, usize>) -> Vec<(String, usize)> {
    let mut counts: Vec<_> = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}
