//! Why a revision was made, in sentences.

use super::wording::{Names, counted, decimal};
use crate::biology::{Entry, Evidence, Regulation, Revision, RevisionKind, RevisionStatus};

/// How many entries a sentence or a table names.
pub(super) const EXAMPLES: usize = 3;

/// What is done, what speaks for it and against it, and how firm that is.
pub(super) fn reason(revision: &Revision, names: Names<'_>) -> String {
    let evidence = &revision.evidence;
    let sentences = [
        Some(deed(revision.kind, revision.regulation, revision.status, names)),
        Some(measured(evidence, revision.status, names)),
        predicted(evidence.predicted),
        evidence.stability.filter(|share| share.is_finite()).map(stable),
        evidence.q_value.filter(|share| share.is_finite()).map(|q| format!("Its q-value is {}.", decimal(q, 3))),
        as_well(evidence, names),
        mediated(evidence, names),
    ];
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn deed(kind: RevisionKind, regulation: Regulation, status: RevisionStatus, names: Names<'_>) -> String {
    let before = names.statement(regulation);
    let after = names.statement(regulation.flipped());
    match (kind, status) {
        (RevisionKind::Added, RevisionStatus::Applied) => {
            format!("It is added that {before}, which the knowledge base does not hold.")
        }
        (RevisionKind::Added, RevisionStatus::Proposed) => {
            format!("It is proposed that {before}, which the knowledge base does not hold.")
        }
        (RevisionKind::Removed, RevisionStatus::Applied) => {
            format!("The knowledge base holds that {before}; this is withdrawn.")
        }
        (RevisionKind::Removed, RevisionStatus::Proposed) => {
            format!("The knowledge base holds that {before}; it is proposed to withdraw this.")
        }
        (RevisionKind::SignFlipped, RevisionStatus::Applied) => {
            format!("The knowledge base holds that {before}; the sign is turned: {after}.")
        }
        (RevisionKind::SignFlipped, RevisionStatus::Proposed) => {
            format!("The knowledge base holds that {before}; it is proposed to turn the sign: {after}.")
        }
    }
}

fn measured(evidence: &Evidence, status: RevisionStatus, names: Names<'_>) -> String {
    let responses = |entries: &[Entry]| counted(entries.len() as u64, "measured response");
    let against = match evidence.broken.as_slice() {
        [] => String::new(),
        broken if status == RevisionStatus::Applied => {
            format!("; {} would agree without it{}", responses(broken), for_example(broken, names))
        }
        broken => format!("; {} would no longer agree{}", responses(broken), for_example(broken, names)),
    };
    let mended = evidence.mended.as_slice();
    let verb = match (status, mended.len()) {
        (_, 0) => return format!("No measured response speaks for it{against}."),
        (RevisionStatus::Applied, 1) => "agrees with the knowledge only because of it",
        (RevisionStatus::Applied, _) => "agree with the knowledge only because of it",
        (RevisionStatus::Proposed, _) => "would agree with the knowledge because of it",
    };
    format!("{} {verb}{}{against}.", responses(mended), for_example(mended, names))
}

fn for_example(entries: &[Entry], names: Names<'_>) -> String {
    let lead = if entries.len() > EXAMPLES { ", for example " } else { ": " };
    format!("{lead}{}", examples(entries, names).join(", "))
}

/// The first few entries, in notation.
pub(super) fn examples(entries: &[Entry], names: Names<'_>) -> Vec<String> {
    entries.iter().take(EXAMPLES).map(|&entry| names.entry(entry)).collect()
}

fn predicted(weight: f64) -> Option<String> {
    let size = decimal(weight.abs(), 2);
    match weight {
        weight if weight > 0.0 => Some(format!("Predicted responses speak for it (weight {size}).")),
        weight if weight < 0.0 => Some(format!("Predicted responses speak against it (weight {size}).")),
        _ => None,
    }
}

fn stable(share: f64) -> String {
    format!("It is found again in {} % of the bootstrap resamples.", decimal(100.0 * share, 1))
}

/// The alternatives in words, for example `crp activates araC (added)`.
pub(super) fn alternatives(evidence: &Evidence, names: Names<'_>) -> Vec<String> {
    let told =
        |&(kind, regulation): &(RevisionKind, Regulation)| format!("{} ({})", names.statement(regulation), kind.word());
    evidence.alternatives.iter().map(told).collect()
}

fn as_well(evidence: &Evidence, names: Names<'_>) -> Option<String> {
    let told = alternatives(evidence, names);
    let number = counted(told.len() as u64, "other revision");
    let verb = if told.len() == 1 { "explains" } else { "explain" };
    let shown: Vec<_> = told.into_iter().take(EXAMPLES).collect();
    (!shown.is_empty()).then(|| format!("{number} {verb} the same responses as well: {}.", shown.join(", ")))
}

fn mediated(evidence: &Evidence, names: Names<'_>) -> Option<String> {
    let genes: Vec<_> = evidence.mediators.iter().take(EXAMPLES).map(|&gene| names.gene(gene)).collect();
    let through = genes.join(" or ");
    (!genes.is_empty())
        .then(|| format!("Whether it is direct or mediated by {through} cannot be told from these data."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, GeneTable, Sign};

    fn reason_of(kind: RevisionKind, status: RevisionStatus, evidence: Evidence) -> String {
        let mut genes = GeneTable::new();
        let regulation = Regulation::new(genes.intern("fur"), genes.intern("entC"), Sign::Inhibition);
        let rows = ["fur-".to_owned(), "crp-".to_owned()];
        let names = Names { genes: &genes, rows: &rows };
        reason(&Revision { kind, regulation, status, evidence }, names)
    }

    fn entries(count: usize) -> Vec<Entry> {
        (0..count).map(|row| Entry { perturbation: row as u32, gene: GeneId::new(1) }).collect()
    }

    #[test]
    fn an_added_regulation_names_what_it_mends_and_breaks() {
        let evidence = Evidence {
            mended: entries(1),
            broken: vec![Entry { perturbation: 1, gene: GeneId::new(0) }],
            stability: Some(0.9),
            q_value: Some(0.02),
            ..Evidence::default()
        };
        assert_eq!(
            reason_of(RevisionKind::Added, RevisionStatus::Applied, evidence),
            "It is added that fur inhibits entC, which the knowledge base does not hold. 1 measured response agrees with \
             the knowledge only because of it: fur- (entC); 1 measured response would agree without it: crp- (fur). It \
             is found again in 90 % of the bootstrap resamples. Its q-value is 0.02."
        );
    }

    #[test]
    fn a_removed_regulation_is_withdrawn() {
        let evidence = Evidence { mended: entries(2), ..Evidence::default() };
        assert_eq!(
            reason_of(RevisionKind::Removed, RevisionStatus::Applied, evidence),
            "The knowledge base holds that fur inhibits entC; this is withdrawn. 2 measured responses agree with the \
             knowledge only because of it: fur- (entC), crp- (entC)."
        );
    }

    #[test]
    fn a_flip_tells_the_sign_before_and_after() {
        let text = reason_of(RevisionKind::SignFlipped, RevisionStatus::Applied, Evidence::default());
        assert!(
            text.starts_with(
                "The knowledge base holds that fur inhibits entC; the sign is turned: fur activates entC."
            ),
            "{text}"
        );
    }

    #[test]
    fn a_proposal_is_never_told_as_done() {
        for kind in RevisionKind::ALL {
            let evidence = Evidence { predicted: 1.25, ..Evidence::default() };
            let text = reason_of(kind, RevisionStatus::Proposed, evidence);
            assert!(text.contains("it is proposed") || text.starts_with("It is proposed"), "{text}");
            let rests = "No measured response speaks for it. Predicted responses speak for it (weight 1.25).";
            assert!(text.ends_with(rests), "{text}");
        }
    }

    #[test]
    fn what_does_as_well_is_told_and_so_is_a_possible_mediator() {
        let to_fur = Regulation::new(GeneId::new(1), GeneId::new(0), Sign::Activation);
        let evidence = Evidence {
            alternatives: vec![(RevisionKind::Added, to_fur)],
            mediators: vec![GeneId::new(0)],
            ..Evidence::default()
        };
        let text = reason_of(RevisionKind::Added, RevisionStatus::Applied, evidence);
        assert!(
            text.ends_with(
                "1 other revision explains the same responses as well: entC activates fur (added). Whether it is direct \
                 or mediated by fur cannot be told from these data."
            ),
            "{text}"
        );
    }

    #[test]
    fn an_entry_or_gene_outside_the_tables_is_named_by_its_number() {
        let evidence =
            Evidence { mended: vec![Entry { perturbation: 9, gene: GeneId::new(7) }], ..Evidence::default() };
        let text = reason_of(RevisionKind::Added, RevisionStatus::Applied, evidence);
        assert!(text.contains("row #9 (gene #7)"), "{text}");
    }
}
