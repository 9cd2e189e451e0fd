//! The figures of a report, taken from the outcome once, so that every format tells the same.

use serde::Serialize;

use super::evidence::EvidenceSummary;
use super::reason::{alternatives, examples, reason};
use super::verdict::{self, Verdict, compared};
use super::wording::{Names, counted, finite};
use super::{DataSummary, InputFile, Report};
use crate::biology::{Revision, RevisionKind, RevisionStatus, Sign, StatementKind};
use crate::metrics::Consistency;
use crate::pipeline::evaluation::HyperparameterCurve;
use crate::pipeline::{Iteration, PlantedFault, PowerCheck, ScoreRow, Scores, StopReason};

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

/// Applied revisions by kind, and next to them the proposed ones; of regulations and effects together and apart.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RevisionCounts {
    pub applied: u64,
    pub added: u64,
    pub removed: u64,
    pub flipped: u64,
    pub per_regulation: Option<f64>,
    pub proposed: ProposedCounts,
    pub total: u64,
    pub by_statement: ByStatement,
    pub expected_true: Option<ExpectedTrue>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ByStatement {
    pub regulation: StatementCounts,
    pub effect: StatementCounts,
}

/// Revisions of statements of one kind.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct StatementCounts {
    pub applied: u64,
    pub added: u64,
    pub removed: u64,
    pub flipped: u64,
    pub proposed: u64,
}

/// The sum of the posteriors of the applied revisions that have one, and their number.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ExpectedTrue {
    pub expected: f64,
    pub of: u64,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ProposedCounts {
    pub total: u64,
    pub added: u64,
    pub removed: u64,
    pub flipped: u64,
}

impl RevisionCounts {
    fn of(revisions: &[Revision], regulations: u64) -> Self {
        let [regulation, effect] = StatementKind::ALL.map(|kind| StatementCounts::of(revisions, kind));
        let of_status = |status| RevisionKind::ALL.map(|kind| count(revisions, status, kind));
        let [added, removed, flipped] = of_status(RevisionStatus::Applied);
        let applied = added + removed + flipped;
        let per_regulation = (regulations > 0).then(|| regulation.applied as f64 / regulations as f64);
        let [proposed_added, proposed_removed, proposed_flipped] = of_status(RevisionStatus::Proposed);
        let proposed = ProposedCounts {
            total: proposed_added + proposed_removed + proposed_flipped,
            added: proposed_added,
            removed: proposed_removed,
            flipped: proposed_flipped,
        };
        Self {
            applied,
            added,
            removed,
            flipped,
            per_regulation,
            proposed,
            total: revisions.len() as u64,
            by_statement: ByStatement { regulation, effect },
            expected_true: ExpectedTrue::of(revisions),
        }
    }
}

fn count<'a>(revisions: impl IntoIterator<Item = &'a Revision>, status: RevisionStatus, kind: RevisionKind) -> u64 {
    revisions.into_iter().filter(|revision| revision.status == status && revision.kind == kind).count() as u64
}

impl StatementCounts {
    fn of(revisions: &[Revision], statement: StatementKind) -> Self {
        let of_kind = || revisions.iter().filter(|revision| revision.statement == statement);
        let [added, removed, flipped] = RevisionKind::ALL.map(|kind| count(of_kind(), RevisionStatus::Applied, kind));
        let applied = added + removed + flipped;
        Self { applied, added, removed, flipped, proposed: of_kind().count() as u64 - applied }
    }
}

impl ExpectedTrue {
    fn of(revisions: &[Revision]) -> Option<Self> {
        let applied = revisions.iter().filter(|revision| revision.status == RevisionStatus::Applied);
        let posteriors: Vec<_> = applied.filter_map(|revision| revision.evidence.posterior.and_then(finite)).collect();
        (!posteriors.is_empty()).then(|| Self { expected: posteriors.iter().sum(), of: posteriors.len() as u64 })
    }
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

/// A power check: planted faults, and which of them came back.
#[derive(Debug, Serialize)]
pub(super) struct Faults {
    pub perturbations: usize,
    pub label_noise: Option<f64>,
    pub masked: Option<f64>,
    #[serde(flatten)]
    pub total: FaultCounts,
    pub false_revisions: u64,
    pub by_kind: FaultsByKind,
    pub faults: Vec<ListedFault>,
}

#[derive(Debug, Serialize)]
pub(super) struct FaultsByKind {
    pub missing: FaultCounts,
    pub spurious: FaultCounts,
    pub flipped: FaultCounts,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct FaultCounts {
    pub planted: u64,
    pub visible: u64,
    pub found: u64,
    pub missed: u64,
    pub missed_visible: u64,
    pub missed_invisible: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct ListedFault {
    pub fault: &'static str,
    pub fixed_by: &'static str,
    pub regulator: String,
    pub target: String,
    pub sign: Sign,
    pub visible: bool,
    pub found: bool,
}

impl Faults {
    fn of(check: &PowerCheck, names: Names<'_>) -> Self {
        let count = |kind| FaultCounts::of(check.planted.iter().filter(|fault| fault.fixed_by == kind));
        Self {
            perturbations: check.perturbations,
            label_noise: finite(check.label_noise),
            masked: finite(check.masked),
            total: FaultCounts::of(check.planted.iter()),
            false_revisions: check.false_revisions as u64,
            by_kind: FaultsByKind {
                missing: count(RevisionKind::Added),
                spurious: count(RevisionKind::Removed),
                flipped: count(RevisionKind::SignFlipped),
            },
            faults: check.planted.iter().map(|fault| ListedFault::of(fault, names)).collect(),
        }
    }
}

impl FaultCounts {
    fn of<'a>(faults: impl Iterator<Item = &'a PlantedFault>) -> Self {
        faults.fold(Self::default(), |counts, fault| Self {
            planted: counts.planted + 1,
            visible: counts.visible + u64::from(fault.visible),
            found: counts.found + u64::from(fault.found),
            missed: counts.missed + u64::from(!fault.found),
            missed_visible: counts.missed_visible + u64::from(!fault.found && fault.visible),
            missed_invisible: counts.missed_invisible + u64::from(!fault.found && !fault.visible),
        })
    }
}

impl ListedFault {
    fn of(fault: &PlantedFault, names: Names<'_>) -> Self {
        Self {
            fault: match fault.fixed_by {
                RevisionKind::Added => "missing",
                RevisionKind::Removed => "spurious",
                RevisionKind::SignFlipped => "flipped",
            },
            fixed_by: fault.fixed_by.word(),
            regulator: names.gene(fault.regulation.regulator).into_owned(),
            target: names.gene(fault.regulation.target).into_owned(),
            sign: fault.regulation.sign,
            visible: fault.visible,
            found: fault.found,
        }
    }
}
