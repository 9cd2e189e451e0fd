//! The figures of a report, taken from the outcome once, so that every format tells the same.

use serde::Serialize;

use super::counts::{Faults, RevisionCounts};
use super::evidence::EvidenceSummary;
use super::reason::{alternatives, examples, reason};
use super::verdict::{self, Verdict, compared};
use super::wording::{Names, counted, finite};
use super::{DataSummary, InputFile, Report};
use crate::biology::{Revision, RevisionStatus, Sign, StatementKind};
use crate::evaluation::HyperparameterCurve;
use crate::metrics::Consistency;
use crate::pipeline::{Iteration, PowerCheck, ScoreRow, Scores, StopReason};

/// How many revisions a report lists; the table of revisions has them all.
pub(super) const LISTED: usize = 50;

/// `report.json`, field by field; `docs/report.schema.json` says what each means.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    pub tool: Tool<'a>,
    pub headline: Option<String>,
    pub verdict: Verdict,
    pub seed: u64,
    pub stop_reason: StopReason,
    pub inputs: &'a [InputFile],
    pub data: DataSummary,
    pub knowledge: Knowledge,
    pub scores: ScoreSummary<'a>,
    pub revisions: RevisionSummary<'a>,
    pub ambiguous: BeforeAfter,
    pub evidence: Option<EvidenceSummary<'a>>,
    pub iterations: Vec<Round>,
    pub power_check: Option<Faults>,
    pub hyperparameter_curves: &'a [HyperparameterCurve],
    pub notes: &'a [String],
    pub config_toml: &'a str,
    pub timings: Timings<'a>,
    pub peak_memory_bytes: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Tool<'a> {
    pub name: &'static str,
    pub version: &'a str,
}

#[derive(Serialize)]
pub(super) struct Knowledge {
    pub genes: usize,
    pub regulations: BeforeAfter,
    pub effects: BeforeAfter,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct BeforeAfter {
    pub before: u64,
    pub after: u64,
}

impl<'a> Summary<'a> {
    pub fn of(report: &'a Report<'a>) -> Self {
        let outcome = report.outcome;
        let names = Names { genes: report.genes, rows: &outcome.row_labels };
        let regulations = BeforeAfter {
            before: outcome.original.regulations().len() as u64,
            after: outcome.refined.regulations().len() as u64,
        };
        let effects = BeforeAfter {
            before: outcome.original.effects().len() as u64,
            after: outcome.refined.effects().len() as u64,
        };
        let counts = RevisionCounts::of(&outcome.revisions, regulations.before);
        let faults = outcome.power_check.as_ref().map(|check| Faults::of(check, names));
        let verdict = verdict::verdict(outcome, &counts, faults.as_ref());
        Self {
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: report.tool_version },
            headline: report.headline.clone().or_else(|| outcome.power_check.as_ref().map(simulated_headline)),
            verdict,
            seed: report.seed,
            stop_reason: outcome.stop_reason,
            inputs: &report.inputs,
            data: report.data_summary,
            knowledge: Knowledge { genes: report.genes.len(), regulations, effects },
            scores: ScoreSummary::of(&outcome.scores),
            revisions: RevisionSummary { counts, most_supported: most_supported(&outcome.revisions, names) },
            ambiguous: BeforeAfter { before: outcome.ambiguous.0, after: outcome.ambiguous.1 },
            evidence: outcome.evidence.as_ref().map(EvidenceSummary::of),
            iterations: outcome.iterations.iter().map(Round::of).collect(),
            power_check: faults,
            hyperparameter_curves: &report.hyperparameter_curves,
            notes: &report.notes,
            config_toml: report.config_toml,
            timings: Timings::of(&outcome.timings, &outcome.iterations),
            peak_memory_bytes: report.peak_memory_bytes,
        }
    }
}

impl Summary<'_> {
    /// True if there is any effect, known or in a revision, to be told apart from the regulations.
    pub fn has_effects(&self) -> bool {
        let (known, revised) = (&self.knowledge.effects, &self.revisions.counts.by_statement.effect);
        known.before + known.after + revised.applied + revised.proposed > 0
    }
}

fn simulated_headline(check: &PowerCheck) -> String {
    let size = counted(check.perturbations as u64, "perturbation");
    format!(
        "Simulated screen of {size} over the knowledge base itself, with planted faults: a power check, no biology."
    )
}

#[derive(Serialize)]
pub(super) struct ScoreSummary<'a> {
    pub held_out_perturbations: usize,
    pub data_consistency: Agreement,
    pub knowledge_consistency: KnowledgeAgreement,
    pub balanced_consistency: Balance<'a>,
    pub baselines: Vec<Row<'a>>,
}

#[derive(Serialize)]
pub(super) struct KnowledgeAgreement {
    pub original: Agreement,
    pub refined: Agreement,
    pub held_out: Option<Agreement>,
}

#[derive(Serialize)]
pub(super) struct Balance<'a> {
    pub original: Option<f64>,
    pub refined: Option<f64>,
    pub held_out: Option<f64>,
    pub formula: &'a str,
}

/// One [`Consistency`], its classes by name.
#[derive(Serialize)]
pub(super) struct Agreement {
    pub macro_f1: Option<f64>,
    pub per_class: PerClass,
    pub confusion: [[u64; 3]; 3],
    pub compared: u64,
    pub ambiguous: u64,
}

#[derive(Serialize)]
pub(super) struct PerClass {
    pub down: Class,
    pub unchanged: Class,
    pub up: Class,
}

#[derive(Serialize)]
pub(super) struct Class {
    pub precision: Option<f64>,
    pub recall: Option<f64>,
    pub f1: Option<f64>,
    pub support: u64,
}

#[derive(Serialize)]
pub(super) struct Row<'a> {
    pub name: &'a str,
    pub data: Agreement,
    pub knowledge_original: Option<f64>,
    pub knowledge_refined: Option<f64>,
    pub balanced_original: Option<f64>,
    pub balanced_refined: Option<f64>,
}

impl<'a> ScoreSummary<'a> {
    fn of(scores: &'a Scores) -> Self {
        let knowledge = &scores.knowledge_consistency;
        let balanced = &scores.balanced_consistency;
        let known = |balance: f64| finite(balance).filter(|_| compared(&scores.data_consistency) > 0);
        Self {
            held_out_perturbations: scores.held_out_perturbations,
            data_consistency: Agreement::of(&scores.data_consistency),
            knowledge_consistency: KnowledgeAgreement {
                original: Agreement::of(&knowledge.original),
                refined: Agreement::of(&knowledge.refined),
                held_out: knowledge.held_out.as_ref().map(Agreement::of),
            },
            balanced_consistency: Balance {
                original: known(balanced.original),
                refined: known(balanced.refined),
                held_out: balanced.held_out.and_then(known),
                formula: &balanced.formula,
            },
            baselines: scores.baselines.iter().map(Row::of).collect(),
        }
    }
}

impl<'a> Row<'a> {
    fn of(row: &'a ScoreRow) -> Self {
        Self {
            name: &row.name,
            data: Agreement::of(&row.data),
            knowledge_original: finite(row.knowledge_original),
            knowledge_refined: finite(row.knowledge_refined),
            balanced_original: finite(row.balanced_original),
            balanced_refined: finite(row.balanced_refined),
        }
    }
}

impl Agreement {
    fn of(consistency: &Consistency) -> Self {
        let compared = compared(consistency);
        // Nothing compared is not a score of zero.
        let known = |score: f64| finite(score).filter(|_| compared > 0);
        let [down, unchanged, up] = consistency.per_class.map(|score| Class {
            precision: known(score.precision),
            recall: known(score.recall),
            f1: known(score.f1),
            support: score.support,
        });
        Self {
            macro_f1: known(consistency.macro_f1),
            per_class: PerClass { down, unchanged, up },
            confusion: consistency.confusion,
            compared,
            ambiguous: consistency.ambiguous,
        }
    }
}

#[derive(Serialize)]
pub(super) struct RevisionSummary<'a> {
    #[serde(flatten)]
    pub counts: RevisionCounts,
    pub most_supported: Vec<ListedRevision<'a>>,
}

/// One revision as a line of a table.
#[derive(Serialize)]
pub(super) struct ListedRevision<'a> {
    pub kind: &'static str,
    pub statement: StatementKind,
    pub status: RevisionStatus,
    pub regulator: std::borrow::Cow<'a, str>,
    pub target: std::borrow::Cow<'a, str>,
    pub sign_before: Option<Sign>,
    pub sign_after: Option<Sign>,
    pub corrected: usize,
    pub introduced: usize,
    pub predicted: Option<f64>,
    pub objective_decrease: Option<f64>,
    pub stability: Option<f64>,
    pub q_value: Option<f64>,
    pub posterior: Option<f64>,
    pub log_likelihood_ratio: Option<f64>,
    pub agreeing: Option<u32>,
    pub opposing: Option<u32>,
    pub silent: Option<u32>,
    pub examples: Vec<String>,
    pub alternatives: Vec<String>,
    pub reason: String,
}

impl<'a> ListedRevision<'a> {
    pub fn of(revision: &Revision, names: Names<'a>) -> Self {
        let evidence = &revision.evidence;
        Self {
            kind: revision.kind.word(),
            statement: revision.statement,
            status: revision.status,
            regulator: names.gene(revision.regulation.regulator),
            target: names.gene(revision.regulation.target),
            sign_before: revision.retracted().map(|regulation| regulation.sign),
            sign_after: revision.gained().map(|regulation| regulation.sign),
            corrected: evidence.corrected.len(),
            introduced: evidence.introduced.len(),
            predicted: finite(evidence.predicted),
            objective_decrease: finite(evidence.objective_decrease),
            stability: evidence.stability.and_then(finite),
            q_value: evidence.q_value.and_then(finite),
            posterior: evidence.posterior.and_then(finite),
            log_likelihood_ratio: evidence.log_likelihood_ratio.and_then(finite),
            agreeing: evidence.experiments.map(|counts| counts.agreeing),
            opposing: evidence.experiments.map(|counts| counts.opposing),
            silent: evidence.experiments.map(|counts| counts.silent),
            examples: examples(&evidence.corrected, names),
            alternatives: alternatives(evidence, names),
            reason: reason(revision, names),
        }
    }
}

/// The first [`LISTED`] revisions, the applied ones before the proposed.
fn most_supported<'a>(revisions: &[Revision], names: Names<'a>) -> Vec<ListedRevision<'a>> {
    let with = |status| revisions.iter().filter(move |revision| revision.status == status);
    with(RevisionStatus::Applied)
        .chain(with(RevisionStatus::Proposed))
        .take(LISTED)
        .map(|revision| ListedRevision::of(revision, names))
        .collect()
}

/// One round of the loop, without the seconds it took.
#[derive(Serialize)]
pub(super) struct Round {
    pub round: usize,
    pub symbolic_share: Option<f64>,
    pub revisions: usize,
    pub disagreements: BeforeAfter,
    /// Additions that might still lower the objective; none if nothing is known.
    pub additions_untried: Option<u64>,
    pub training_loss: Vec<Option<f64>>,
    pub validation_loss: Vec<Option<f64>>,
    pub epochs: usize,
    /// From 1, so that it can be found on an axis; none without a fit.
    pub best_epoch: Option<usize>,
    pub temperature: Option<f64>,
}

impl Round {
    fn of(iteration: &Iteration) -> Self {
        let (before, after) = iteration.disagreements;
        let epochs = iteration.fit.training_loss.len();
        let losses = |losses: &[f64]| losses.iter().copied().map(finite).collect();
        Self {
            round: iteration.round,
            symbolic_share: finite(iteration.symbolic_share),
            revisions: iteration.revisions,
            disagreements: BeforeAfter { before, after },
            additions_untried: iteration.certificate.additions_untried(),
            training_loss: losses(&iteration.fit.training_loss),
            validation_loss: losses(&iteration.fit.validation_loss),
            epochs,
            best_epoch: (epochs > 0).then(|| iteration.fit.best_epoch.saturating_add(1)),
            temperature: finite(iteration.fit.temperature),
        }
    }
}

/// All that differs between two runs of the same input and seed.
#[derive(Serialize)]
pub(super) struct Timings<'a> {
    pub phases: Vec<Phase<'a>>,
    pub rounds: Vec<Option<f64>>,
}

#[derive(Serialize)]
pub(super) struct Phase<'a> {
    pub phase: &'a str,
    pub seconds: Option<f64>,
}

impl<'a> Timings<'a> {
    fn of(phases: &'a [(String, f64)], iterations: &[Iteration]) -> Self {
        Self {
            phases: phases.iter().map(|(phase, seconds)| Phase { phase, seconds: finite(*seconds) }).collect(),
            rounds: iterations.iter().map(|iteration| finite(iteration.seconds)).collect(),
        }
    }
}
