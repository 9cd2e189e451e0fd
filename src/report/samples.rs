//! Outcomes made by hand, on which the formats are tried. The figures are invented; none was measured.

use super::{DataSummary, InputFile, Report};
use crate::biology::{
    Entry, Evidence, ExperimentCounts, GeneId, GeneTable, Regulation, Revision, RevisionKind, RevisionStatus, Sign,
    StatementKind, Verdict,
};
use crate::evaluation::{Hyperparameter, HyperparameterCurve, HyperparameterPoint};
use crate::evidence::{Judged, RepeatSummary, ResponseModel};
use crate::metrics::{ClassScore, Consistency, balanced_consistency};
use crate::network::RegulatoryNetwork;
use crate::pipeline::HeldOut;
use crate::pipeline::{
    BalancedConsistency, Iteration, KnowledgeConsistency, Outcome, PlantedFault, PowerCheck, ScoreRow, Scores,
    StopReason, WeighedEvidence,
};
use crate::prediction::FitRecord;

pub(super) struct Sample {
    pub name: &'static str,
    pub outcome: Outcome,
    pub genes: GeneTable,
    pub headline: Option<String>,
    pub config: String,
    pub notes: Vec<String>,
    pub hyperparameter_curves: Vec<HyperparameterCurve>,
}

impl Sample {
    pub fn report(&self) -> Report<'_> {
        Report {
            outcome: &self.outcome,
            genes: &self.genes,
            seed: 42,
            inputs: vec![
                input("knowledge base", "ecoli_core.ttl", 412_345),
                input("observations", "ecoli_knockouts.csv.gz", 98_765),
            ],
            headline: self.headline.clone(),
            config_toml: &self.config,
            tool_version: "0.1.0",
            peak_memory_bytes: Some(123_456_789),
            data_summary: DataSummary {
                perturbations: 39,
                genes: 3923,
                measured: 152_997,
                down: 9321,
                unchanged: 133_465,
                up: 10_211,
                train: 27,
                validation: 4,
                test: 8,
            },
            hyperparameter_curves: self.hyperparameter_curves.clone(),
            notes: self.notes.clone(),
        }
    }

    pub fn json(&self) -> serde_json::Value {
        let mut bytes = Vec::new();
        self.report().write_json(&mut bytes).expect("a vector takes all bytes");
        serde_json::from_slice(&bytes).expect("what was written is JSON")
    }

    pub fn markdown(&self) -> String {
        let mut bytes = Vec::new();
        self.report().write_markdown(&mut bytes).expect("a vector takes all bytes");
        String::from_utf8(bytes).expect("what was written is text")
    }

    pub fn html(&self) -> String {
        let mut bytes = Vec::new();
        self.report().write_html(&mut bytes).expect("a vector takes all bytes");
        String::from_utf8(bytes).expect("what was written is text")
    }
}

fn input(role: &str, file: &str, bytes: u64) -> InputFile {
    InputFile { role: role.into(), file: file.into(), sha256: "0123456789abcdef".repeat(4), bytes }
}

pub(super) fn all() -> Vec<Sample> {
    vec![usual(), unrevised(), many(5000), power_check(), hostile(), unfinite(), bare(), effects()]
}

const SYMBOLS: [&str; 12] =
    ["fur", "crp", "oxyR", "soxS", "nac", "entC", "fepA", "katG", "sodA", "lacZ", "araB", "glnK"];

/// A run of two rounds with a few revisions of each kind.
pub(super) fn usual() -> Sample {
    let genes = table(&SYMBOLS);
    let original = RegulatoryNetwork::new(12, regulations(12));
    let revisions = some_revisions(&original, 17);
    Sample {
        name: "usual",
        outcome: outcome(original, revisions),
        genes,
        headline: None,
        config: config(),
        notes: notes(),
        hyperparameter_curves: hyperparameter_curves(),
    }
}

/// Two effects and a regulation stated, a regulation flipped, and an effect proposed.
pub(super) fn effects() -> Sample {
    let sample = usual();
    let gene = GeneId::new;
    let revision =
        |kind, statement, regulation, status, evidence| Revision { kind, statement, regulation, status, evidence };
    let evidence = |posterior, experiments: Option<[u32; 3]>| Evidence {
        posterior,
        log_likelihood_ratio: experiments.map(|[agreeing, ..]| 1.5 * f64::from(agreeing)),
        experiments: experiments.map(|[agreeing, opposing, silent]| ExperimentCounts { agreeing, opposing, silent }),
        base_rate: experiments.map(|_| 0.04),
        ..Evidence::default()
    };
    let known = sample.outcome.original.regulations()[0];
    let new = |regulator, target, sign| Regulation::new(gene(regulator), gene(target), sign);
    use RevisionKind::{Added, SignFlipped};
    use RevisionStatus::{Applied, Proposed};
    use StatementKind::{Effect, Regulation as Stated};
    let revisions = vec![
        revision(Added, Effect, new(0, 11, Sign::Inhibition), Applied, evidence(Some(0.9), Some([3, 0, 1]))),
        revision(Added, Effect, new(1, 11, Sign::Activation), Applied, evidence(Some(0.8), Some([2, 0, 0]))),
        revision(Added, Stated, new(11, 10, Sign::Activation), Applied, evidence(Some(0.6), None)),
        revision(SignFlipped, Stated, known, Applied, evidence(None, None)),
        revision(Added, Effect, new(2, 11, Sign::Activation), Proposed, evidence(Some(0.3), Some([1, 1, 0]))),
    ];
    let judged = |(place, &regulation): (usize, &Regulation)| Judged {
        regulation,
        verdict: Verdict::ALL[place % Verdict::ALL.len()],
        experiments: ExperimentCounts::default(),
        log_likelihood_ratio: 0.0,
        posterior: [0.9, 0.05, 0.05],
    };
    let judged = sample.outcome.original.regulations().iter().enumerate().map(judged).collect();
    let model = ResponseModel {
        experiments: 40,
        completeness: Some(0.6),
        prior: vec![("<b>log</b> change".to_owned(), 0.75), ("base rate of the gene".to_owned(), -0.5)],
        repeats: RepeatSummary::Replicates { regulators: 12, examples: 900, weights: vec![0.5; 5] },
        ..ResponseModel::default()
    };
    let mut outcome = outcome(sample.outcome.original, revisions);
    outcome.evidence = Some(WeighedEvidence { model, judged });
    Sample { name: "effects", outcome, ..sample }
}

/// The data agree with the knowledge.
pub(super) fn unrevised() -> Sample {
    let mut sample = usual();
    let rows = vec!["fur-".to_owned(), "crp-".to_owned()];
    sample.outcome = outcome(sample.outcome.original, Vec::new());
    sample.outcome.row_labels = rows;
    sample.outcome.stop_reason = StopReason::NoRevision;
    sample.outcome.iterations.truncate(1);
    sample.outcome.iterations[0].disagreements = (0, 0);
    sample.outcome.scores.knowledge_consistency.held_out = None;
    sample.outcome.scores.balanced_consistency.held_out = None;
    Sample { name: "unrevised", notes: Vec::new(), hyperparameter_curves: Vec::new(), ..sample }
}

/// A large knowledge base and very many revisions.
pub(super) fn many(count: usize) -> Sample {
    let symbols: Vec<_> = (0..400).map(|index| format!("GENE{index}")).collect();
    let genes = table(&symbols.iter().map(String::as_str).collect::<Vec<_>>());
    let original = RegulatoryNetwork::new(400, regulations(400));
    let revisions = some_revisions(&original, count);
    let mut outcome = outcome(original, revisions);
    outcome.stop_reason = StopReason::TimeLimit;
    Sample { name: "many", outcome, genes, ..usual() }
}

/// A simulated screen with planted faults.
pub(super) fn power_check() -> Sample {
    let mut sample = usual();
    let planted = |index: usize| PlantedFault {
        fixed_by: RevisionKind::ALL[index % 3],
        regulation: sample.outcome.original.regulations()[index % sample.outcome.original.regulations().len()],
        visible: index < 48,
        found: index % 60 < 37,
    };
    let mut planted: Vec<_> = (0..60).map(planted).collect();
    planted.sort();
    sample.outcome.power_check =
        Some(PowerCheck { perturbations: 200, label_noise: 0.05, masked: 0.2, planted, false_revisions: 5 });
    Sample {
        name: "power-check",
        headline: Some("Simulated screen: no observations were given, so 200 perturbations were simulated.".into()),
        ..sample
    }
}

/// Names that try to break out of every format.
pub(super) fn hostile() -> Sample {
    let mut symbols = SYMBOLS;
    symbols[0] = "<script>alert('fur')</script>";
    symbols[5] = "ent\t\"C\" | `x` *y* [a](b)";
    symbols[6] = "-->]]></svg></style><b onload=alert(1)>";
    let mut sample = usual();
    sample.genes = table(&symbols);
    sample.outcome.row_labels[0] = "<img src=x onerror=alert(1)>-".to_owned();
    sample.outcome.scores.baselines[0].name = "<i>no</i>|change".to_owned();
    Sample {
        name: "hostile",
        headline: Some("</title><script>alert(2)</script>".into()),
        config: "# ``` </pre><script>alert(3)</script>\nseed = 42\n".into(),
        notes: vec!["`<script>alert(4)</script>` matched no gene".into()],
        ..sample
    }
}

/// Figures that are no numbers.
pub(super) fn unfinite() -> Sample {
    let mut sample = usual();
    let evidence = &mut sample.outcome.revisions[0].evidence;
    evidence.objective_decrease = f64::NAN;
    evidence.predicted = f64::INFINITY;
    evidence.stability = Some(f64::NAN);
    evidence.q_value = None;
    sample.outcome.iterations[0].fit.training_loss[3] = f64::NAN;
    sample.outcome.iterations[0].fit.validation_loss = vec![f64::INFINITY; 5];
    sample.outcome.iterations[1].symbolic_share = f64::NAN;
    sample.outcome.scores.balanced_consistency.original = f64::NAN;
    sample.outcome.scores.data_consistency.macro_f1 = f64::NAN;
    sample.outcome.timings[0].1 = f64::NAN;
    Sample { name: "unfinite", ..sample }
}

/// Nothing at all: no regulation, no data, no score.
pub(super) fn bare() -> Sample {
    let outcome = Outcome {
        original: RegulatoryNetwork::new(0, []),
        refined: RegulatoryNetwork::new(0, []),
        revisions: Vec::new(),
        row_labels: Vec::new(),
        iterations: vec![Iteration { round: 1, ..Iteration::default() }],
        stop_reason: StopReason::Cancelled,
        scores: Scores::default(),
        held_out: HeldOut::default(),
        ambiguous: (0, 0),
        evidence: None,
        power_check: None,
        timings: Vec::new(),
    };
    Sample {
        name: "bare",
        outcome,
        genes: GeneTable::new(),
        headline: None,
        config: String::new(),
        notes: Vec::new(),
        hyperparameter_curves: Vec::new(),
    }
}

fn table(symbols: &[&str]) -> GeneTable {
    let mut genes = GeneTable::new();
    for symbol in symbols {
        genes.intern(symbol);
    }
    genes
}

fn config() -> String {
    "seed = 42\nrounds = 2\n\n[symbolic]\nreading = \"nearest\"\ndepth = 5\n\n[refinement]\ncost = 1.0\n".into()
}

/// Two hyperparameters: one with a setting inside one standard error of the best, one where all differ.
fn hyperparameter_curves() -> Vec<HyperparameterCurve> {
    let point = |setting: &str, mean: f64, less_best: f64, standard_error: f64| HyperparameterPoint {
        setting: setting.to_owned(),
        mean,
        less_best,
        standard_error,
        folds: vec![mean - 0.01, mean, mean + 0.01],
    };
    let cost = vec![point("8", 0.4, -0.1, 0.0), point("4", 0.4967, -0.0033, 0.0055), point("2", 0.5, 0.0, 0.0)];
    let depth = vec![point("1", 0.41, -0.04, 0.01), point("2", 0.45, 0.0, 0.0)];
    vec![
        HyperparameterCurve { hyperparameter: Hyperparameter::Cost, points: cost, best: 2, chosen: 1 },
        HyperparameterCurve { hyperparameter: Hyperparameter::Depth, points: depth, best: 1, chosen: 1 },
    ]
}

fn notes() -> Vec<String> {
    vec!["3 of 3,923 measured genes are in no regulation.".into(), "`ygaC` and `yqjI` matched no gene.".into()]
}

fn regulations(genes: usize) -> Vec<Regulation> {
    let edge = |index: usize| {
        let (regulator, target) = (index % (genes / 2), (index * 7 + index / (genes / 2) + genes / 2) % genes);
        Regulation::new(GeneId::new(regulator), GeneId::new(target), Sign::BOTH[(index / 3) % 2])
    };
    (0..genes * 4).map(edge).filter(|edge| edge.regulator != edge.target).collect()
}

fn some_revisions(original: &RegulatoryNetwork, count: usize) -> Vec<Revision> {
    let genes = original.n_genes();
    let revision = |index: usize| {
        let held = original.regulations()[index % original.regulations().len()];
        let kind = [RevisionKind::Removed, RevisionKind::SignFlipped, RevisionKind::Added][index % 3];
        let regulation = if kind == RevisionKind::Added { held.flipped() } else { held };
        let status = if index % 5 == 4 { RevisionStatus::Proposed } else { RevisionStatus::Applied };
        let entry = |row: usize| Entry { perturbation: (row % 5) as u32, gene: GeneId::new((index + row + 5) % genes) };
        let corrected = if status == RevisionStatus::Proposed { 0 } else { 1 + (count - index) % 19 };
        Revision {
            kind,
            statement: StatementKind::Regulation,
            regulation,
            status,
            evidence: Evidence {
                corrected: (0..corrected).map(entry).collect(),
                introduced: (0..index % 4).map(entry).collect(),
                predicted: 0.25 * (index % 7) as f64 - 0.5,
                objective_decrease: corrected as f64 - (index % 4) as f64 + 0.125,
                stability: (index % 6 != 5).then(|| 1.0 - (index % 10) as f64 / 20.0),
                q_value: (index % 6 != 5).then(|| 0.001 + (index % 30) as f64 / 200.0),
                alternatives: vec![(RevisionKind::Added, held.flipped()); index % 3],
                mediators: vec![held.target; (index + 1) % 2],
                ..Evidence::default()
            },
        }
    };
    (0..count).map(revision).collect()
}

fn outcome(original: RegulatoryNetwork, revisions: Vec<Revision>) -> Outcome {
    let refined = original.revised(&revisions);
    Outcome {
        refined,
        revisions,
        original,
        row_labels: ["fur-", "crp-", "oxyR-", "soxS-", "fur-,crp+"].map(str::to_owned).into(),
        iterations: (1..=2).map(round).collect(),
        stop_reason: StopReason::RoundLimit,
        scores: scores(),
        held_out: HeldOut::default(),
        ambiguous: (1204, 983),
        evidence: None,
        power_check: None,
        timings: [("fit", 3.25), ("align", 0.125), ("refine", 12.5)].map(|(name, s)| (name.to_owned(), s)).into(),
    }
}

fn round(round: usize) -> Iteration {
    let epochs = 30 + 15 * round;
    let training = |epoch: usize| 0.35 + 0.75 / (1.0 + 0.2 * epoch as f64) / round as f64;
    let validation = |epoch: usize| training(epoch) + 0.04 + 0.00008 * (epoch * epoch) as f64;
    Iteration {
        round,
        first_fit: None,
        fit: FitRecord {
            training_loss: (0..epochs).map(training).collect(),
            validation_loss: (0..epochs).map(validation).collect(),
            best_epoch: 21 + 4 * round,
            temperature: 1.375,
            ..FitRecord::default()
        },
        symbolic_share: 0.25 / round as f64,
        revisions: 9 + 2 * round,
        disagreements: (2345, 2345 - 400 * round as u64),
        certificate: Default::default(),
        seconds: 7.5,
    }
}

fn scores() -> Scores {
    let data = agreement([[310, 420, 40], [260, 25_100, 300], [30, 510, 414]]);
    let original = agreement([[700, 300, 20], [100, 25_000, 90], [12, 280, 882]]);
    let refined = agreement([[760, 240, 18], [90, 25_010, 80], [9, 260, 917]]);
    let held_out = agreement([[500, 400, 120], [100, 25_000, 90], [112, 380, 682]]);
    let balance = |knowledge: &Consistency| balanced_consistency(data.macro_f1, knowledge.macro_f1, 2.0);
    let row = |name: &str, confusion| {
        let data = agreement(confusion);
        let [knowledge_original, knowledge_refined] = [0.4 * data.macro_f1 + 0.1, 0.5 * data.macro_f1 + 0.1];
        ScoreRow {
            name: name.to_owned(),
            balanced_original: balanced_consistency(data.macro_f1, knowledge_original, 2.0),
            balanced_refined: balanced_consistency(data.macro_f1, knowledge_refined, 2.0),
            data,
            knowledge_original,
            knowledge_refined,
        }
    };
    Scores {
        knowledge_consistency: KnowledgeConsistency {
            original: original.clone(),
            refined: refined.clone(),
            held_out: Some(held_out.clone()),
        },
        balanced_consistency: BalancedConsistency {
            original: balance(&original),
            refined: balance(&refined),
            held_out: Some(balance(&held_out)),
            formula: "(½·F_data^−2 + ½·F_knowledge^−2)^(−1/2)".to_owned(),
        },
        baselines: vec![
            row("no-change", [[0, 770, 0], [0, 25_660, 0], [0, 954, 0]]),
            row("mean", [[90, 680, 0], [40, 25_600, 20], [0, 870, 84]]),
            row("additive", [[120, 640, 10], [80, 25_500, 80], [10, 820, 124]]),
            row("linear", [[180, 560, 30], [300, 25_000, 360], [30, 690, 234]]),
            row("mlp", [[250, 480, 40], [260, 25_100, 300], [30, 560, 364]]),
            row(ScoreRow::DO_NOTHING, [[88, 670, 12], [210, 25_200, 250], [20, 830, 104]]),
            row(ScoreRow::REFINED_KNOWLEDGE, [[121, 640, 9], [190, 25_240, 230], [15, 800, 139]]),
        ],
        data_consistency: data,
        held_out_perturbations: 8,
    }
}

/// Scores of a confusion matrix `[true][predicted]`.
pub(super) fn agreement(confusion: [[u64; 3]; 3]) -> Consistency {
    let per_class = [0, 1, 2].map(|class| {
        let right = confusion[class][class] as f64;
        let support: u64 = confusion[class].iter().sum();
        let called: u64 = confusion.iter().map(|row| row[class]).sum();
        ClassScore {
            precision: right / (called as f64).max(1.0),
            recall: right / (support as f64).max(1.0),
            f1: 2.0 * right / ((support + called) as f64).max(1.0),
            support,
        }
    });
    let macro_f1 = per_class.iter().map(|class| class.f1).sum::<f64>() / 3.0;
    Consistency { macro_f1, per_class, confusion, ambiguous: 17 }
}
