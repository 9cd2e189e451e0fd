//! Why a revision was made, in sentences.

use super::wording::{Names, counted, decimal};
use crate::biology::{
    Direction, Entry, Evidence, ExperimentCounts, Regulation, Revision, RevisionKind, RevisionStatus, Sign,
    StatementKind,
};

/// How many entries a sentence or a table names.
pub(super) const EXAMPLES: usize = 3;

/// What is done, what speaks for it and against it, and how firm that is.
pub(super) fn reason(revision: &Revision, names: Names<'_>) -> String {
    let evidence = &revision.evidence;
    let sentences = [
        Some(deed(revision, names)),
        evidence.experiments.map(|counts| experiments(revision, counts, names)),
        probable(revision),
        measured(evidence, revision.status, names),
        predicted(evidence.predicted),
        evidence.stability.filter(|share| share.is_finite()).map(stable),
        evidence.q_value.filter(|share| share.is_finite()).map(|q| format!("Its q-value is {}.", decimal(q, 3))),
        as_well(evidence, names),
        mediated(evidence, names),
    ];
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn deed(revision: &Revision, names: Names<'_>) -> String {
    let &Revision { kind, statement, regulation, status, .. } = revision;
    let told = |regulation| {
        let open = if statement == StatementKind::Effect { " (effect; mechanism open)" } else { "" };
        format!("{}{open}", names.statement(statement, regulation))
    };
    let (before, after) = (told(regulation), told(regulation.flipped()));
    match (kind, status) {
        (RevisionKind::Added, RevisionStatus::Applied) => {
            format!("It is added that {before}, which the knowledge base does not hold.")
        }
        (RevisionKind::Added, RevisionStatus::Proposed) => {
            format!("It is proposed that {before}, which the knowledge base does not hold.")
        }
        (RevisionKind::Removed, RevisionStatus::Applied) => {
            format!("The knowledge base holds that {before}; this is retracted.")
        }
        (RevisionKind::Removed, RevisionStatus::Proposed) => {
            format!("The knowledge base holds that {before}; it is proposed to retract this.")
        }
        (RevisionKind::SignFlipped, RevisionStatus::Applied) => {
            format!("The knowledge base holds that {before}; the sign is turned: {after}.")
        }
        (RevisionKind::SignFlipped, RevisionStatus::Proposed) => {
            format!("The knowledge base holds that {before}; it is proposed to turn the sign: {after}.")
        }
    }
}

/// For example `entC rose in 2 of 2 experiments in which fur was deleted; it moves in 4 % of the others.`
///
/// The counts tell what the target did against the sign. Which way that was follows from the rows named as evidence, where
/// they are all of these experiments and the same was done to the regulator in each; else it is told relative to the
/// regulator.
fn experiments(revision: &Revision, counts: ExperimentCounts, names: Names<'_>) -> String {
    // Counts and sign are those of what is stated; for a removal, of what is retracted.
    let stated = revision.gained().unwrap_or(revision.regulation);
    let [regulator, target] = [stated.regulator, stated.target].map(|gene| names.gene(gene));
    let all = counted(counts.total().into(), "experiment");
    let (agreeing, opposing, done) = match common_direction(revision, counts, names) {
        Some(direction) => {
            let rises = (direction == Direction::Overexpression) == (stated.sign == Sign::Activation);
            let (agreeing, opposing) = if rises { ("rose", "fell") } else { ("fell", "rose") };
            (agreeing.to_owned(), opposing, if direction == Direction::Deletion { "deleted" } else { "overexpressed" })
        }
        None if stated.sign == Sign::Activation => (format!("moved as {regulator} did"), "against it", "perturbed"),
        None => (format!("moved against {regulator}"), "with it", "perturbed"),
    };
    let others = [(counts.opposing, opposing), (counts.silent, "did not move")];
    let others = others.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!(", {what} in {number}"));
    let base_rate = revision.evidence.base_rate.filter(|share| share.is_finite());
    let elsewhere = base_rate
        .map_or_else(String::new, |share| format!("; it moves in {} % of the others", decimal(100.0 * share, 1)));
    format!(
        "{target} {agreeing} in {} of {all} in which {regulator} was {done}{}{elsewhere}.",
        counts.agreeing,
        others.collect::<String>()
    )
}

/// What was done to the regulator, if the entries named are those of all the counted experiments and tell the same.
fn common_direction(revision: &Revision, counts: ExperimentCounts, names: Names<'_>) -> Option<Direction> {
    let Evidence { corrected, introduced, .. } = &revision.evidence;
    let of_target = corrected.iter().chain(introduced).filter(|entry| entry.gene == revision.regulation.target);
    let mut directions: Vec<_> =
        of_target.filter_map(|entry| names.direction(entry.perturbation, revision.regulation.regulator)).collect();
    let is_all = directions.len() == counts.total() as usize;
    directions.sort_unstable();
    directions.dedup();
    match directions.as_slice() {
        [only] if is_all => Some(*only),
        _ => None,
    }
}

/// The posterior and the log-likelihood ratio behind it.
fn probable(revision: &Revision) -> Option<String> {
    let evidence = &revision.evidence;
    let ratio = evidence.log_likelihood_ratio.filter(|ratio| ratio.is_finite());
    let ratio = ratio.map(|ratio| format!("log-likelihood ratio {}", decimal(ratio, 2)));
    let Some(share) = evidence.posterior.filter(|share| share.is_finite()) else {
        return ratio.map(|ratio| format!("Its {ratio}."));
    };
    let subject = match (revision.kind, revision.statement) {
        (RevisionKind::Removed, _) => "What is retracted does not hold",
        (_, StatementKind::Effect) => "Another experiment of the same kind repeats it",
        (_, StatementKind::Regulation) => "It is a regulation",
    };
    let ratio = ratio.map_or_else(String::new, |ratio| format!(" ({ratio})"));
    Some(format!("{subject} with probability {}{ratio}.", decimal(share, 3)))
}

/// Entries of the exact objective; nothing where the evidence is told by experiments alone.
fn measured(evidence: &Evidence, status: RevisionStatus, names: Names<'_>) -> Option<String> {
    let told_otherwise =
        evidence.experiments.is_some() && evidence.corrected.is_empty() && evidence.introduced.is_empty();
    (!told_otherwise).then(|| entries_told(evidence, status, names))
}

fn entries_told(evidence: &Evidence, status: RevisionStatus, names: Names<'_>) -> String {
    let responses = |entries: &[Entry]| counted(entries.len() as u64, "measured response");
    let against = match evidence.introduced.as_slice() {
        [] => String::new(),
        introduced if status == RevisionStatus::Applied => {
            format!("; {} would agree without it{}", responses(introduced), for_example(introduced, names))
        }
        introduced => format!("; {} would no longer agree{}", responses(introduced), for_example(introduced, names)),
    };
    let corrected = evidence.corrected.as_slice();
    let verb = match (status, corrected.len()) {
        (_, 0) => return format!("No measured response speaks for it{against}."),
        (RevisionStatus::Applied, 1) => "agrees with the knowledge only because of it",
        (RevisionStatus::Applied, _) => "agree with the knowledge only because of it",
        (RevisionStatus::Proposed, _) => "would agree with the knowledge because of it",
    };
    format!("{} {verb}{}{against}.", responses(corrected), for_example(corrected, names))
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
    let told = |&(kind, regulation): &(RevisionKind, Regulation)| {
        format!("{} ({})", names.statement(StatementKind::Regulation, regulation), kind.word())
    };
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
        .then(|| format!("Whether it is direct or mediated by {through} cannot be told apart from these data."))
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
        reason(&Revision { kind, statement: StatementKind::Regulation, regulation, status, evidence }, names)
    }

    fn reason_of_effect(kind: RevisionKind, sign: Sign, rows: [&str; 2], evidence: Evidence) -> String {
        let mut genes = GeneTable::new();
        let regulation = Regulation::new(genes.intern("fur"), genes.intern("entC"), sign);
        let rows = rows.map(str::to_owned);
        let (statement, status) = (StatementKind::Effect, RevisionStatus::Applied);
        reason(&Revision { kind, statement, regulation, status, evidence }, Names { genes: &genes, rows: &rows })
    }

    #[test]
    fn an_effect_is_told_by_the_experiments_that_show_it() {
        let counts = ExperimentCounts { agreeing: 2, opposing: 0, silent: 0 };
        let evidence = Evidence {
            corrected: entries(2),
            posterior: Some(0.875),
            log_likelihood_ratio: Some(5.206),
            experiments: Some(counts),
            base_rate: Some(0.04),
            ..Evidence::default()
        };
        let rows = ["fur-", "fur- (fur_fe)"];
        assert_eq!(
            reason_of_effect(RevisionKind::Added, Sign::Inhibition, rows, evidence.clone()),
            "It is added that more fur lowers entC (effect; mechanism open), which the knowledge base does not hold. entC \
             rose in 2 of 2 experiments in which fur was deleted; it moves in 4 % of the others. Another experiment of the same \
             kind repeats it with probability 0.875 (log-likelihood ratio 5.21). 2 measured responses agree with the \
             knowledge only because of it: fur- (entC), fur- (fur_fe) (entC)."
        );
        // The sign before the flip is activation; what is counted is the inhibition gained.
        let text = reason_of_effect(RevisionKind::SignFlipped, Sign::Activation, rows, evidence);
        assert!(text.contains("entC rose in 2 of 2 experiments"), "{text}");
    }

    #[test]
    fn experiments_that_the_rows_do_not_tell_are_told_relative_to_the_regulator() {
        let counts = ExperimentCounts { agreeing: 3, opposing: 1, silent: 2 };
        for (rows, corrected) in [(["fur-", "fur+"], 2), (["fur-", "fur-"], 2), (["crp-", "fur2-"], 0)] {
            let evidence = Evidence { corrected: entries(corrected), experiments: Some(counts), ..Evidence::default() };
            let text = reason_of_effect(RevisionKind::Added, Sign::Inhibition, rows, evidence);
            let expected = "entC moved against fur in 3 of 6 experiments in which fur was perturbed, with it in 1, did not move in 2.";
            assert!(text.contains(expected), "{text}");
            assert_eq!(text.contains("measured response"), corrected > 0, "{text}");
        }
        let silent = ExperimentCounts { silent: 1, ..ExperimentCounts::default() };
        let evidence = Evidence { experiments: Some(silent), posterior: Some(0.9), ..Evidence::default() };
        let text = reason_of_effect(RevisionKind::Removed, Sign::Activation, ["", ""], evidence);
        let expected = "entC moved as fur did in 0 of 1 experiment in which fur was perturbed, did not move in 1. What \
                        is retracted does not hold with probability 0.9.";
        assert!(text.ends_with(expected), "{text}");
    }

    fn entries(count: usize) -> Vec<Entry> {
        (0..count).map(|row| Entry { perturbation: row as u32, gene: GeneId::new(1) }).collect()
    }

    #[test]
    fn an_added_regulation_names_what_it_corrects_and_introduces() {
        let evidence = Evidence {
            corrected: entries(1),
            introduced: vec![Entry { perturbation: 1, gene: GeneId::new(0) }],
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
        let evidence = Evidence { corrected: entries(2), ..Evidence::default() };
        assert_eq!(
            reason_of(RevisionKind::Removed, RevisionStatus::Applied, evidence),
            "The knowledge base holds that fur inhibits entC; this is retracted. 2 measured responses agree with the \
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
                 or mediated by fur cannot be told apart from these data."
            ),
            "{text}"
        );
    }

    #[test]
    fn an_entry_or_gene_outside_the_tables_is_named_by_its_number() {
        let evidence =
            Evidence { corrected: vec![Entry { perturbation: 9, gene: GeneId::new(7) }], ..Evidence::default() };
        let text = reason_of(RevisionKind::Added, RevisionStatus::Applied, evidence);
        assert!(text.contains("row #9 (gene #7)"), "{text}");
    }
}
