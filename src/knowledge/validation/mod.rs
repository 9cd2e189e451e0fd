//! Is a knowledge base sound? Shapes of its statements, and what a biologist would ask of it.
//!
//! Start at [`validate`]. The shapes stand in `knowledge/shapes.ttl` as SHACL, so that other programs can check them too; each
//! becomes a question in SPARQL ([`Shapes`]). What shapes cannot say is asked in `biology.rs`.

mod biology;
mod constraint;
mod error;
mod finding;
mod lines;
mod shapes;

use std::collections::BTreeSet;

pub use error::ShapesError;
pub use finding::{Finding, Severity};
pub use shapes::Shapes;

use super::statements::Statements;
use super::{KnowledgeBase, KnowledgeError, RdfSyntax, Rules};
use crate::biology::GeneTable;
use biology::Biology;
use finding::Found;

/// What a knowledge base is held against.
#[derive(Clone, Debug)]
pub struct Checks<'a> {
    /// The shapes of its statements.
    pub shapes: &'a Shapes,
    /// Current symbols with the older ones.
    pub catalogue: Option<&'a GeneTable>,
    /// Genes that the data know, by symbol, with the name of the data.
    pub data: Option<(&'a str, &'a BTreeSet<String>)>,
}

/// All that is wrong with a file, by line, then by number of the check.
///
/// # Errors
/// [`KnowledgeError`] for a file that cannot be read at all; one that holds no regulation is a finding.
pub fn validate(
    content: &[u8],
    file: &str,
    syntax: RdfSyntax,
    rules: &Rules,
    checks: &Checks<'_>,
) -> Result<Vec<Finding>, KnowledgeError> {
    let found = match KnowledgeBase::parse_in(content, file, syntax, rules.extract()) {
        Ok(base) => found_in(&base, checks)?,
        Err(KnowledgeError::NoRegulation { .. }) => {
            let statements = Statements::parse(content, file, syntax)?;
            let mut found = checks.shapes.check(&statements)?;
            found.push(biology::nothing_stated());
            found
        }
        Err(error) => return Err(error),
    };
    Ok(finding::located(found, file, Some((content, syntax))))
}

/// The same for a knowledge base that was made of a file in another format: findings have no lines.
///
/// # Errors
/// [`KnowledgeError`] if a shape cannot be asked.
pub fn validate_read(base: &KnowledgeBase, file: &str, checks: &Checks<'_>) -> Result<Vec<Finding>, KnowledgeError> {
    Ok(finding::located(found_in(base, checks)?, file, None))
}

fn found_in(base: &KnowledgeBase, checks: &Checks<'_>) -> Result<Vec<Found>, KnowledgeError> {
    let mut found = checks.shapes.check(&base.statements)?;
    found.extend(Biology { base, checks }.check()?);
    Ok(found)
}
