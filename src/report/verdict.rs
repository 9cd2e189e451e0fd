//! One honest paragraph: is the refined knowledge better than the original on data that it has not seen?

use serde::Serialize;

use super::counts::{ByStatement, ExpectedTrue, Faults, RevisionCounts};
use super::wording::{counted, decimal, grouped, joined, percent, score};
use crate::biology::Response;
use crate::metrics::Consistency;
use crate::pipeline::{Outcome, ScoreRow, StopReason};

/// Differences of macro-F1 below this round to nothing and are called *same*.
const SAME: f64 = 0.0005;

/// What the held-out perturbations say of refined against original knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    Better,
    Same,
    Worse,
    NoRevision,
    NotScored,
}

/// The call, a line for it, and the paragraph that explains it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Verdict {
    pub call: Call,
    pub line: String,
    pub text: String,
}

/// The row of the table of scores with this name.
pub(super) fn row<'a>(outcome: &'a Outcome, name: &str) -> Option<&'a ScoreRow> {
    outcome.scores.baselines.iter().find(|row| row.name == name)
}

/// Original and refined knowledge alone against the held-out data, if both were scored.
pub(super) fn knowledge_alone(outcome: &Outcome) -> Option<(&Consistency, &Consistency)> {
    let original = row(outcome, ScoreRow::DO_NOTHING)?;
    let refined = row(outcome, ScoreRow::REFINED_KNOWLEDGE)?;
    (outcome.scores.held_out_perturbations > 0).then_some((&original.data, &refined.data))
}

pub(super) fn verdict(outcome: &Outcome, revisions: &RevisionCounts, faults: Option<&Faults>) -> Verdict {
    let call = call(outcome, revisions);
    let sentences = [
        faults.map(|_| simulated()),
        stopped_early(outcome.stop_reason).map(str::to_owned),
        Some(what_was_done(revisions, outcome.original.regulations().len())),
        held_out(outcome, call),
        against_simple_predictors(outcome),
        silent_classes(outcome),
        faults.map(faults_found),
    ];
    let text = sentences.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Verdict { call, line: line(outcome, call), text }
}

fn call(outcome: &Outcome, revisions: &RevisionCounts) -> Call {
    if revisions.applied == 0 {
        return Call::NoRevision;
    }
    match knowledge_alone(outcome).map(|(original, refined)| refined.macro_f1 - original.macro_f1) {
        Some(difference) if difference.abs() < SAME => Call::Same,
        Some(difference) if difference > 0.0 => Call::Better,
        Some(difference) if difference < 0.0 => Call::Worse,
        _ => Call::NotScored,
    }
}

fn line(outcome: &Outcome, call: Call) -> String {
    let scores = knowledge_alone(outcome).map_or_else(String::new, |(original, refined)| {
        format!(": macro-F1 {} → {}", score(original.macro_f1), score(refined.macro_f1))
    });
    match call {
        Call::Better => format!("Better than the original on held-out data{scores}."),
        Call::Same => format!("Neither better nor worse than the original on held-out data{scores}."),
        Call::Worse => format!("Worse than the original on held-out data{scores}."),
        Call::NoRevision => "No revision: the knowledge base stays as it is.".to_owned(),
        Call::NotScored => "Revised, but not scored on held-out data.".to_owned(),
    }
}

fn simulated() -> String {
    "The observations are simulated from this very knowledge base with planted faults: the figures tell what a screen of \
     this size could find in it, and nothing about the cell."
        .to_owned()
}

const fn stopped_early(reason: StopReason) -> Option<&'static str> {
    match reason {
        StopReason::TimeLimit => Some("The time limit ended the run early; this is the best network found until then."),
        StopReason::Cancelled => Some("The run was stopped on request; this is the best network found until then."),
        _ => None,
    }
}

fn what_was_done(revisions: &RevisionCounts, regulations: usize) -> String {
    let proposed = match revisions.proposed.total {
        0 => String::new(),
        1 => "; 1 more is proposed and not applied".to_owned(),
        number => format!("; {} more are proposed and not applied", grouped(number)),
    };
    if revisions.by_statement.effect.applied + revisions.by_statement.effect.proposed > 0 && revisions.applied > 0 {
        return [Some(what_was_stated(revisions)), expected_true(revisions)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
    }
    let done = match revisions.applied {
        0 => {
            return format!(
                "No revision was applied: the refined knowledge equals the original{}.",
                proposed.replace(" more", "")
            );
        }
        1 => "1 revision was applied".to_owned(),
        number => format!("{} revisions were applied", grouped(number)),
    };
    let share = revisions.per_regulation.map_or_else(String::new, |share| {
        format!(" to {} ({})", counted(regulations as u64, "regulation"), percent(share))
    });
    let [added, removed, flipped] = [revisions.added, revisions.removed, revisions.flipped].map(grouped);
    let done = format!("{done}{share}: {added} added, {removed} removed, {flipped} flipped{proposed}.");
    [Some(done), expected_true(revisions)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// For example `12 effects and 3 regulations were stated, 1 flipped.`
fn what_was_stated(revisions: &RevisionCounts) -> String {
    let ByStatement { regulation, effect } = &revisions.by_statement;
    let of_both = |effects: u64, regulations: u64| {
        let told = [(effects, "effect"), (regulations, "regulation")];
        let told: Vec<_> =
            told.iter().filter(|(number, _)| *number > 0).map(|&(number, noun)| counted(number, noun)).collect();
        joined(&told)
    };
    let mut parts = Vec::new();
    if revisions.added > 0 {
        let were = if revisions.added == 1 { "was" } else { "were" };
        parts.push(format!("{} {were} stated", of_both(effect.added, regulation.added)));
    }
    for (done, effects, regulations) in
        [("flipped", effect.flipped, regulation.flipped), ("removed", effect.removed, regulation.removed)]
    {
        if effects > 0 {
            parts.push(format!("{} {done}", of_both(effects, regulations)));
        } else if regulations > 0 && parts.is_empty() {
            parts.push(format!("{} {done}", counted(regulations, "regulation")));
        } else if regulations > 0 {
            parts.push(format!("{} {done}", grouped(regulations)));
        }
    }
    let proposed = match (effect.proposed, regulation.proposed) {
        (0, 0) => String::new(),
        (effects, regulations) => {
            let are = if effects + regulations == 1 { "is" } else { "are" };
            format!("; {} more {are} proposed and not applied", of_both(effects, regulations))
        }
    };
    format!("{}{proposed}.", parts.join(", "))
}

fn expected_true(revisions: &RevisionCounts) -> Option<String> {
    let ExpectedTrue { expected, of } = revisions.expected_true?;
    Some(format!("Expected true: {} of {}.", decimal(expected, 1), grouped(of)))
}

fn held_out(outcome: &Outcome, call: Call) -> Option<String> {
    if call == Call::NoRevision {
        return None;
    }
    let Some((original, refined)) = knowledge_alone(outcome) else {
        return Some("Whether that is better on held-out data is not known: refined and original knowledge alone were not both scored.".to_owned());
    };
    let perturbations = counted(outcome.scores.held_out_perturbations as u64, "held-out perturbation");
    let judgement = match call {
        Call::Better => "it is better",
        Call::Worse => "it is worse",
        _ => "there is no difference to speak of",
    };
    Some(format!(
        "On {perturbations} the refined knowledge alone scores macro-F1 {} and the original {} ({} against {} of {} \
         responses called right): {judgement}, on one split and one seed, so without an interval.",
        score(refined.macro_f1),
        score(original.macro_f1),
        grouped(right(refined)),
        grouped(right(original)),
        grouped(compared(refined)),
    ))
}

/// Entries called right: the diagonal of the confusion matrix.
pub(super) fn right(consistency: &Consistency) -> u64 {
    (0..3).map(|class| consistency.confusion[class][class]).sum()
}

/// Entries that were compared.
pub(super) fn compared(consistency: &Consistency) -> u64 {
    consistency.confusion.iter().flatten().sum()
}

fn against_simple_predictors(outcome: &Outcome) -> Option<String> {
    if outcome.scores.held_out_perturbations == 0 {
        return None;
    }
    let aligned = outcome.scores.data_consistency.macro_f1;
    let others = outcome.scores.baselines.iter().filter(|row| row.data.macro_f1.is_finite());
    let best = others.reduce(|best, row| if row.data.macro_f1 > best.data.macro_f1 { row } else { best })?;
    let verb = match best.data.macro_f1 - aligned {
        difference if difference.abs() < SAME => "as much as",
        difference if difference > 0.0 => "less than",
        _ => "more than",
    };
    Some(format!(
        "The aligned responses score {} against the held-out data, {verb} the best other row of the table, {} ({}).",
        score(aligned),
        row_title(&best.name),
        score(best.data.macro_f1),
    ))
}

fn silent_classes(outcome: &Outcome) -> Option<String> {
    let scores = &outcome.scores.data_consistency.per_class;
    let silent: Vec<_> = Response::CLASSES
        .iter()
        .zip(scores)
        .filter(|(_, score)| score.support > 0 && score.recall == 0.0)
        .map(|(class, _)| class.word())
        .collect();
    (!silent.is_empty()).then(|| format!("Not one held-out response {} is called right by them.", silent.join(" or ")))
}

fn faults_found(faults: &Faults) -> String {
    let total = &faults.total;
    let missed = match (total.missed, total.missed_invisible) {
        (0, _) => String::new(),
        (missed, hidden) => {
            let leave = if hidden == 1 { "leaves" } else { "leave" };
            format!("; {} of the {} missed {leave} no trace in the measured entries", grouped(hidden), grouped(missed))
        }
    };
    let fix = if faults.false_revisions == 1 { "fixes" } else { "fix" };
    format!(
        "Found {} of {}{missed}; {} {fix} none of them.",
        grouped(total.found),
        counted(total.planted, "planted fault"),
        counted(faults.false_revisions, "applied revision"),
    )
}

/// How a row of the table of scores is called in print.
pub(super) fn row_title(name: &str) -> &str {
    match name {
        ScoreRow::DO_NOTHING => "do nothing (original knowledge alone)",
        ScoreRow::REFINED_KNOWLEDGE => "refined knowledge alone",
        "seen-all" => "control: every response seen is written into the knowledge",
        "seen-agreeing" => "control: the agreeing ones",
        "seen-as-many-strongest" => "control: as many as were added, strongest first",
        "random-additions" => "control: random additions of the same degrees",
        "permuted-perturbations" => "control: refined with perturbations permuted",
        other => other,
    }
}

/// Why the loop ended, as a sentence without its full stop.
pub(super) const fn stop_sentence(reason: StopReason) -> &'static str {
    match reason {
        StopReason::NoRevision => "a round revised nothing more",
        StopReason::RoundLimit => "the limit of rounds was reached",
        StopReason::TimeLimit => "the time limit was reached",
        StopReason::Cancelled => "the run was stopped on request",
    }
}

/// How far the last search went, given how many additions it left untried.
pub(super) fn search_sentence(additions_untried: Option<u64>) -> String {
    match additions_untried {
        None => "It was not shown that no single revision lowers the objective further.".to_owned(),
        Some(0) => "No single revision would have lowered the objective further where the search ended.".to_owned(),
        Some(untried) => format!(
            "No single removal, flip or undo would have lowered the objective further where the search ended; {} \
             neither tried nor ruled out.",
            if untried == 1 { "1 addition was".to_owned() } else { format!("{} additions were", grouped(untried)) }
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{self, Sample, agreement};

    fn verdict_of(sample: &Sample) -> (String, String) {
        let report = sample.json();
        let text = |key: &str| report["verdict"][key].as_str().expect("a text").to_owned();
        (text("call"), text("text"))
    }

    fn set_row(sample: &mut Sample, name: &str, confusion: [[u64; 3]; 3]) {
        let rows = &mut sample.outcome.scores.baselines;
        rows.iter_mut().find(|row| row.name == name).expect("the sample has this row").data = agreement(confusion);
    }

    #[test]
    fn refined_knowledge_is_called_better_only_if_it_scores_higher_on_held_out_data() {
        let (good, bad) = ([[8, 2, 0], [1, 80, 1], [0, 2, 8]], [[5, 5, 0], [1, 80, 1], [0, 5, 5]]);
        for (original, refined, expected) in [(bad, good, "better"), (good, bad, "worse"), (good, good, "same")] {
            let mut sample = samples::usual();
            set_row(&mut sample, ScoreRow::DO_NOTHING, original);
            set_row(&mut sample, ScoreRow::REFINED_KNOWLEDGE, refined);
            let (call, text) = verdict_of(&sample);
            assert_eq!(call, expected, "{text}");
        }
    }

    #[test]
    fn the_comparison_names_both_scores_both_counts_and_the_lack_of_an_interval() {
        let mut sample = samples::usual();
        set_row(&mut sample, ScoreRow::DO_NOTHING, [[5, 5, 0], [0, 80, 0], [0, 5, 5]]);
        set_row(&mut sample, ScoreRow::REFINED_KNOWLEDGE, [[10, 0, 0], [0, 80, 0], [0, 0, 10]]);
        // By hand: F1 of down and of up 2·5/(10+5) = 2/3, of unchanged 2·80/(80+90) = 16/17; their mean .758.
        let (_, text) = verdict_of(&sample);
        let expected = "On 8 held-out perturbations the refined knowledge alone scores macro-F1 1.000 and the original 0.758 \
                        (100 against 90 of 100 responses called right): it is better, on one split and one seed, so \
                        without an interval.";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn an_unscored_refinement_is_not_praised() {
        let mut sample = samples::usual();
        sample.outcome.scores.baselines.retain(|row| row.name != ScoreRow::DO_NOTHING);
        assert_eq!(verdict_of(&sample).0, "not_scored");
        let mut sample = samples::usual();
        sample.outcome.scores.held_out_perturbations = 0;
        let (call, text) = verdict_of(&sample);
        assert_eq!(call, "not_scored");
        assert!(text.contains("is not known"), "{text}");
    }

    #[test]
    fn a_simple_predictor_that_does_better_is_named() {
        let mut sample = samples::usual();
        set_row(&mut sample, "mean", [[770, 0, 0], [0, 25_660, 0], [0, 0, 954]]);
        let (_, text) = verdict_of(&sample);
        assert!(text.contains("less than the best other row of the table, mean (1.000)"), "{text}");
    }

    #[test]
    fn a_class_that_is_never_called_right_is_named() {
        let mut sample = samples::usual();
        sample.outcome.scores.data_consistency = agreement([[0, 770, 0], [0, 25_660, 0], [0, 500, 454]]);
        let (_, text) = verdict_of(&sample);
        assert!(text.contains("Not one held-out response down is called right by them."), "{text}");
    }

    #[test]
    fn a_power_check_tells_found_missed_and_invisible_faults() {
        let (_, text) = verdict_of(&samples::power_check());
        assert!(text.starts_with("The observations are simulated"), "{text}");
        let expected = "Found 37 of 60 planted faults; 12 of the 23 missed leave no trace in the measured entries; 5 \
                        applied revisions fix none of them.";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn a_run_cut_short_says_so() {
        let (_, text) = verdict_of(&samples::many(40));
        assert!(text.starts_with("The time limit ended the run early"), "{text}");
    }

    #[test]
    fn effects_and_regulations_are_counted_apart_with_how_many_are_expected_to_be_true() {
        let (_, text) = verdict_of(&samples::effects());
        // Posteriors of the applied: .9, .8 and .6; the flip has none.
        let expected = "2 effects and 1 regulation were stated, 1 flipped; 1 effect more is proposed and not applied. Expected \
                        true: 2.3 of 3.";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn no_revision_is_told_as_such() {
        let (call, text) = verdict_of(&samples::unrevised());
        assert_eq!(call, "no_revision");
        assert!(text.starts_with("No revision was applied: the refined knowledge equals the original."), "{text}");
    }
}
