//! The knowledge base of a power check: the user's own, with the planted faults in it.

use super::{Remedy, StudyError};
use crate::biology::{CitedRegulation, Regulation};
use crate::knowledge::{KnowledgeBase, RdfSyntax, write_knowledge_and_effects};
use crate::network::RegulatoryNetwork;

/// A knowledge base that states the damaged network: planted regulations cite no source.
pub(super) fn damaged_copy(
    knowledge: &KnowledgeBase,
    damaged: &RegulatoryNetwork,
) -> Result<KnowledgeBase, StudyError> {
    let cited = |&regulation: &Regulation| {
        let known = knowledge.regulations().binary_search_by_key(&regulation, |cited| cited.regulation);
        match known {
            Ok(index) => knowledge.regulations()[index].clone(),
            Err(_) => CitedRegulation { regulation, citation: Default::default() },
        }
    };
    let regulations: Vec<_> = damaged.regulations().iter().map(cited).collect();
    let mut content = Vec::new();
    write_knowledge_and_effects(knowledge.genes(), &regulations, knowledge.effects(), RdfSyntax::Turtle, &mut content)?;
    let copy = KnowledgeBase::parse(&content, "damaged.ttl")?;
    let symbols = |knowledge: &KnowledgeBase| -> Vec<String> {
        knowledge.genes().iter().map(|(_, gene)| gene.symbol.clone()).collect()
    };
    if symbols(&copy) != symbols(knowledge) {
        let reason =
            "a power check needs a knowledge base as `aligned import` or `aligned convert` writes it; this one is not";
        return Err(StudyError::refused(reason, Remedy::Said));
    }
    Ok(copy)
}
