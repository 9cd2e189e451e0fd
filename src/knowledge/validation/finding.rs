//! One thing wrong, with where it stands.

use std::collections::HashSet;

use serde::Serialize;

use super::lines::Lines;
use crate::knowledge::{RdfSyntax, vocab};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; may well be right.
    Note,
    /// Looks wrong, and is read all the same.
    Warning,
    /// Is wrong, or is not read.
    Error,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing wrong with a knowledge base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Name of the check, always the same for the same kind of fault, for example `KB012`.
    pub id: String,
    /// How much it matters.
    pub severity: Severity,
    /// The file.
    pub file: String,
    /// The line, from 1, where the format has lines.
    pub line: Option<usize>,
    /// The resource in question, its IRI shortened by the usual prefixes.
    pub resource: Option<String>,
    /// What is wrong, in a sentence.
    pub message: String,
}

/// A finding without its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) severity: Severity,
    /// IRI of the resource.
    pub(super) subject: Option<String>,
    /// The property and its value, as far as the fault lies there: IRI or text.
    pub(super) predicate: Option<String>,
    pub(super) value: Option<String>,
    pub(super) message: String,
}

/// Gives each finding its line, sorts, and leaves out repeats.
pub(super) fn located(found: Vec<Found>, file: &str, text: Option<(&[u8], RdfSyntax)>) -> Vec<Finding> {
    let wanted: HashSet<&str> = found.iter().filter_map(|found| found.subject.as_deref()).collect();
    let lines = text.map_or_else(Lines::default, |(content, syntax)| Lines::of(content, syntax, &wanted));
    let finding = |found: Found| {
        let line = found.subject.as_deref();
        let line = line.and_then(|subject| lines.find(subject, found.predicate.as_deref(), found.value.as_deref()));
        let resource = found.subject.as_deref().map(vocab::compact);
        Finding {
            id: found.id,
            severity: found.severity,
            file: file.to_owned(),
            line,
            resource,
            message: found.message,
        }
    };
    let mut findings: Vec<Finding> = found.into_iter().map(finding).collect();
    let key = |finding: &Finding| {
        let line = finding.line.unwrap_or(usize::MAX);
        (line, finding.id.clone(), finding.resource.clone(), finding.message.clone())
    };
    findings.sort_by_cached_key(key);
    findings.dedup();
    findings
}
