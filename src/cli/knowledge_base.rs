//! Knowledge bases named by the user, and the one that comes with the program.

use aligned::knowledge::{KnowledgeBase, Rules};
use miette::{IntoDiagnostic, Result};

use super::files::Input;

/// The E. coli core, as it lies in `knowledge/`.
pub const ECOLI_CORE: (&str, &[u8]) = ("ecoli_core.ttl", include_bytes!("../../knowledge/ecoli_core.ttl"));

/// Understands a file that was read.
///
/// # Errors
/// With file, line and what to mend.
pub fn parse(input: &Input, rules: &Rules) -> Result<KnowledgeBase> {
    KnowledgeBase::parse_with_rules(&input.content, &input.name(), rules.extract()).into_diagnostic()
}
