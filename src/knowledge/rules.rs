//! The SPARQL texts of the folder `rules/`, compiled in and replaceable one by one.

use std::collections::BTreeMap;

use super::KnowledgeError;

macro_rules! texts {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../rules/", $folder, "/", $name, ".rq")))),+]
    };
}

const EXTRACT: [(&str, &str); 11] = texts!("extract": "citations", "declared", "declared-effects", "direct", "direct-effects",
    "effects", "genes", "names", "regulations", "retracted", "retracted-effects");

const QUERY: [(&str, &str); 8] =
    texts!("query": "added", "contested", "effects", "evidence", "flipped", "most-supported", "regulon", "removed");

/// Which statements count as regulations, and the ready-made questions; a rule is known by its file name without `.rq`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    extract: Vec<(String, String)>,
    query: BTreeMap<String, String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self::embedded()
    }
}

impl Rules {
    /// The rules that are compiled in.
    #[must_use]
    pub fn embedded() -> Self {
        let owned = |&(name, text): &(&str, &str)| (name.to_owned(), text.to_owned());
        Self { extract: EXTRACT.iter().map(owned).collect(), query: QUERY.iter().map(owned).collect() }
    }

    /// The compiled-in rules, with others added or put in their place.
    ///
    /// `extract` and `query` are pairs of name and SPARQL text; a final `.rq` of a name is left aside. A rule of the
    /// same name replaces the compiled-in one; a text of comments and white space alone takes it away.
    pub fn replaced(
        extract: impl IntoIterator<Item = (String, String)>,
        query: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let embedded = Self::embedded();
        let extract = replaced(embedded.extract.into_iter().collect(), extract);
        Self { extract: extract.into_iter().collect(), query: replaced(embedded.query, query) }
    }

    /// Names and texts of the rules that read regulations out, sorted by name.
    #[must_use]
    pub fn extract(&self) -> &[(String, String)] {
        &self.extract
    }

    /// Names of the ready-made questions, sorted.
    pub fn query_names(&self) -> impl Iterator<Item = &str> {
        self.query.keys().map(String::as_str)
    }

    /// The ready-made question of this name.
    ///
    /// # Errors
    /// [`KnowledgeError::UnknownQuery`] with the names that exist, most similar first.
    pub fn query(&self, name: &str) -> Result<&str, KnowledgeError> {
        self.query.get(name).map(String::as_str).ok_or_else(|| unknown(name, self.query_names()))
    }
}

fn replaced(
    mut rules: BTreeMap<String, String>,
    others: impl IntoIterator<Item = (String, String)>,
) -> BTreeMap<String, String> {
    for (file, text) in others {
        let name = file.strip_suffix(".rq").unwrap_or(&file).to_owned();
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            rules.remove(&name);
        } else {
            rules.insert(name, text);
        }
    }
    rules
}

/// The compiled-in question of this name.
///
/// # Errors
/// [`KnowledgeError::UnknownQuery`] with the names that exist, most similar first.
pub(super) fn named(name: &str) -> Result<&'static str, KnowledgeError> {
    let found = QUERY.iter().find(|(known, _)| *known == name);
    found.map(|&(_, text)| text).ok_or_else(|| unknown(name, QUERY.iter().map(|&(known, _)| known)))
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> KnowledgeError {
    let mut known: Vec<_> = known.map(str::to_owned).collect();
    let likeness = |candidate: &str| strsim::jaro_winkler(name, candidate);
    known.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)).then_with(|| a.cmp(b)));
    KnowledgeError::UnknownQuery { name: name.to_owned(), known }
}
