//! Regulations by the sources that state them, so that a reliable source can be kept as it is.

use std::collections::BTreeSet;

use regex::Regex;

use super::{KnowledgeBase, KnowledgeError};
use crate::biology::Regulation;

/// Sources named in a message at most.
const NAMED: usize = 8;

impl KnowledgeBase {
    /// The regulations for which a source is cited whose name a regular expression matches, in order; it may match
    /// anywhere in the name unless it is anchored by `^` and `$`.
    ///
    /// # Errors
    /// [`KnowledgeError::SourcePattern`] if it is not a regular expression, [`KnowledgeError::UnknownSource`] with the
    /// sources that exist, the most alike first, if it matches none of them.
    pub fn stated_by(&self, pattern: &str) -> Result<Vec<Regulation>, KnowledgeError> {
        let regex = Regex::new(pattern).map_err(|error| KnowledgeError::SourcePattern {
            pattern: pattern.to_owned(),
            reason: error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        })?;
        let sources: BTreeSet<&str> =
            self.regulations().iter().flat_map(|cited| &cited.citation.sources).map(String::as_str).collect();
        let matched: BTreeSet<&str> = sources.iter().copied().filter(|source| regex.is_match(source)).collect();
        if matched.is_empty() {
            return Err(KnowledgeError::UnknownSource { pattern: pattern.to_owned(), known: alike(&sources, pattern) });
        }
        let stated = self
            .regulations()
            .iter()
            .filter(|cited| cited.citation.sources.iter().any(|source| matched.contains(source.as_str())));
        Ok(stated.map(|cited| cited.regulation).collect())
    }
}

/// The sources most like a pattern, then how many more there are.
fn alike(sources: &BTreeSet<&str>, pattern: &str) -> Vec<String> {
    let wanted = pattern.to_lowercase();
    let likeness = |source: &str| strsim::jaro_winkler(&wanted, &source.to_lowercase());
    let mut names: Vec<_> = sources.iter().map(|&source| (likeness(source), source)).collect();
    names.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let more = names.len().saturating_sub(NAMED);
    let mut known: Vec<_> = names.into_iter().take(NAMED).map(|(_, source)| format!("`{source}`")).collect();
    if more > 0 {
        known.push(format!("and {more} more"));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Citation, CitedRegulation, GeneId, GeneTable, Sign};
    use crate::knowledge::{RdfSyntax, write_knowledge};

    fn base() -> KnowledgeBase {
        let mut genes = GeneTable::new();
        ["a", "b", "c", "d"].iter().for_each(|symbol| {
            genes.intern(symbol);
        });
        let cited = |target: usize, sources: &[&str]| CitedRegulation {
            regulation: Regulation::new(GeneId::new(0), GeneId::new(target), Sign::Activation),
            citation: Citation { sources: sources.iter().map(|&name| name.to_owned()).collect(), ..Default::default() },
        };
        let regulations = [cited(1, &["RegulonDB", "SIGNOR"]), cited(2, &["SIGNOR"]), cited(3, &[])];
        let mut bytes = Vec::new();
        write_knowledge(&genes, &regulations, RdfSyntax::Turtle, &mut bytes).expect("room");
        KnowledgeBase::parse(&bytes, "kb.ttl").expect("our own file")
    }

    #[test]
    fn a_pattern_picks_the_regulations_of_the_sources_it_matches() {
        let number = |pattern: &str| base().stated_by(pattern).expect("a source").len();
        assert_eq!([number("SIGNOR"), number("^Regulon"), number("(?i)regulondb|signor"), number(".")], [2, 1, 2, 2]);
    }

    #[test]
    fn a_misspelt_source_is_answered_with_those_that_exist() {
        let message = base().stated_by("RegulonBD").expect_err("no such source").to_string();
        assert!(message.contains("`RegulonDB`, `SIGNOR`"), "{message}");
        let message = base().stated_by("(").expect_err("no pattern").to_string();
        assert!(message.contains("`(`"), "{message}");
    }
}
