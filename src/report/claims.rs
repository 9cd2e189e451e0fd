//! What is told of an audit of claims: rows for a table, JSON, and sentences.

use std::io::Write;

use serde::Serialize;

use super::{InputFile, ReportError};
use crate::biology::{ExperimentCounts, Sign, Verdict};
use crate::evidence::{AnchorTest, AuditTests, AuditedClaim, ClaimAudit, Transmission, Untested};
use crate::knowledge::import::claims::{ClaimList, ClaimRow};

/// Columns of the table, before those of the list itself.
const COLUMNS: [&str; 16] = [
    "regulator",
    "target",
    "sign",
    "verdict",
    "experiments",
    "agreeing",
    "opposing",
    "silent",
    "sign_seen",
    "base_rate",
    "log_likelihood_ratio",
    "holds",
    "other_sign",
    "neither",
    "note",
    "line",
];
/// Largest p-value of a test that is called more than chance.
const LEVEL: f64 = 0.05;

/// Everything that is told of an audit.
#[derive(Clone, Debug)]
pub struct ClaimReport<'a> {
    /// Version of this program.
    pub tool_version: &'a str,
    /// Seed of the permutations.
    pub seed: u64,
    /// Permutations behind each test.
    pub permutations: usize,
    /// The files that were read.
    pub inputs: Vec<InputFile>,
    /// The claims as they stand in the list.
    pub list: &'a ClaimList,
    /// What was found of each.
    pub audit: &'a ClaimAudit,
    /// What was met in reading.
    pub notes: Vec<String>,
}

#[derive(Serialize)]
struct Json<'a> {
    tool_version: &'a str,
    seed: u64,
    permutations: usize,
    inputs: &'a [InputFile],
    experiments: u64,
    combinations: u64,
    off_target: u64,
    transmission: &'a Transmission,
    tests: &'a AuditTests,
    summary: Vec<String>,
    claims: Vec<JsonClaim<'a>>,
}

#[derive(Serialize)]
struct JsonClaim<'a> {
    line: u64,
    regulator: &'a str,
    target: &'a str,
    sign: Option<Sign>,
    verdict: Verdict,
    untested: Option<Untested>,
    experiments: ExperimentCounts,
    sign_seen: &'static str,
    base_rate: Option<f64>,
    log_likelihood_ratio: f64,
    posterior: [f64; 3],
    both_signs: bool,
    is_repeated: bool,
    others: &'a [String],
}

impl ClaimReport<'_> {
    /// Headers of the table: ours, then those of the list.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        COLUMNS.into_iter().chain(self.list.others.iter().map(String::as_str)).collect()
    }

    /// Rows of the table in the order of the list; without those that cannot be tested, if only `tested` ones are wanted.
    pub fn rows(&self, tested: bool) -> impl Iterator<Item = Vec<String>> {
        self.pairs(tested).map(|(row, audited)| cells(row, audited))
    }

    fn pairs(&self, tested: bool) -> impl Iterator<Item = (&ClaimRow, &AuditedClaim)> {
        let all = self.list.claims.iter().zip(&self.audit.claims);
        all.filter(move |(_, audited)| !tested || audited.untested.is_none())
    }

    /// Writes all that was found as JSON.
    ///
    /// # Errors
    /// [`ReportError`] if `out` cannot be written to.
    pub fn write_json(&self, tested: bool, out: &mut dyn Write) -> Result<(), ReportError> {
        let claim = |(row, audited): (&'_ ClaimRow, &AuditedClaim)| (row.clone(), *audited);
        let pairs: Vec<_> = self.pairs(tested).map(claim).collect();
        let claims = pairs.iter().map(|(row, audited)| JsonClaim {
            line: row.line,
            regulator: &row.regulator,
            target: &row.target,
            sign: row.sign,
            verdict: audited.verdict,
            untested: audited.untested,
            experiments: audited.experiments,
            sign_seen: sign_seen(audited.seen),
            base_rate: audited.base_rate,
            log_likelihood_ratio: audited.log_likelihood_ratio,
            posterior: audited.posterior,
            both_signs: audited.both_signs,
            is_repeated: audited.is_repeated,
            others: &row.others,
        });
        let json = Json {
            tool_version: self.tool_version,
            seed: self.seed,
            permutations: self.permutations,
            inputs: &self.inputs,
            experiments: self.audit.experiments,
            combinations: self.audit.combinations,
            off_target: self.audit.off_target,
            transmission: &self.audit.transmission,
            tests: &self.audit.tests,
            summary: self.sentences(),
            claims: claims.collect(),
        };
        serde_json::to_writer_pretty(&mut *out, &json)?;
        writeln!(out)?;
        Ok(())
    }

    /// The whole list in sentences: how many claims of each verdict, why others cannot be tested, and what the tests say.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut told = self.list.notes.clone();
        told.extend(self.notes.iter().cloned());
        told.extend([self.counted(), self.untestable()].into_iter().flatten());
        let claims = &self.audit.claims;
        let both = claims.iter().filter(|claim| claim.both_signs).count();
        if both > 0 {
            told.push(format!(
                "{both} claims stand next to one of the same two genes with the other sign: each is judged, and none of them \
                 counts in the tests of signs."
            ));
        }
        let unsigned = claims.iter().filter(|claim| claim.claim.sign.is_none() && claim.untested.is_none()).count();
        if unsigned > 0 {
            told.push(format!("{unsigned} tested claims have no sign: they are judged on moving alone."));
        }
        let repeated = claims.iter().filter(|claim| claim.is_repeated).count();
        if repeated > 0 {
            told.push(format!("{repeated} claims repeat one further up; they count once in the tests."));
        }
        told.extend(self.tested());
        told
    }

    fn counted(&self) -> Option<String> {
        let claims = &self.audit.claims;
        let tested = claims.iter().filter(|claim| claim.untested.is_none()).count();
        let count = |verdict: Verdict| claims.iter().filter(|claim| claim.verdict == verdict).count();
        let words: Vec<_> =
            Verdict::ALL.iter().map(|&verdict| format!("{} {}", count(verdict), verdict.word())).collect();
        Some(format!("{} claims, {tested} of them tested: {}.", claims.len(), words.join(", ")))
    }

    fn untestable(&self) -> Option<String> {
        let count = |why: Untested| self.audit.claims.iter().filter(|claim| claim.untested == Some(why)).count();
        let words: Vec<_> = Untested::ALL
            .iter()
            .map(|&why| (count(why), why.word()))
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        (!words.is_empty()).then(|| format!("Untestable: {}.", words.join(", ")))
    }

    fn tested(&self) -> Vec<String> {
        let ClaimAudit { tests, transmission, .. } = self.audit;
        if tests.moved.tested == 0 {
            return vec![
                "No experiment of these data tests any of these claims: nothing can be said for or against them. Data are needed \
                 in which their regulators are perturbed one at a time and their targets measured."
                    .to_owned(),
            ];
        }
        let mut told = vec![format!(
            "Claimed targets moved in {} of {} measured responses to their regulators; {}; {}.",
            percent(tests.moved.statistic),
            tests.moved.tested,
            compared_with("with the perturbations permuted", tests.moved),
            compared_with("with the targets exchanged among the claims", tests.moved_exchanged),
        )];
        if tests.as_claimed.tested > 0 {
            told.push(format!(
                "They moved the claimed way in {} of {}; {}; {}.",
                percent(tests.as_claimed.statistic),
                tests.as_claimed.tested,
                compared_with("permuted", tests.as_claimed),
                compared_with("exchanged", tests.as_claimed_exchanged),
            ));
        }
        if tests.sign.tested > 0 {
            told.push(format!(
                "Of the {} that moved the sign is right in {}; {}.",
                tests.sign.tested,
                percent(tests.sign.statistic),
                compared_with("permuted", tests.sign),
            ));
        }
        told.push(format!(
            "A claimed target moves because of the claim with probability {:.3}{}; silence so speaks little against a claim.",
            transmission.transmission,
            if tests.as_claimed.tested > 0 {
                format!(", its sign then right with {:.2}", transmission.sign_reliability)
            } else {
                String::new()
            },
        ));
        told.push(overall(tests).to_owned());
        told
    }
}

/// The list as a whole, in one sentence.
fn overall(tests: &AuditTests) -> &'static str {
    let passes = |test: AnchorTest| test.tested > 0 && test.p_value <= LEVEL;
    let signed = tests.as_claimed.tested > 0;
    match (passes(tests.moved), signed && passes(tests.as_claimed), passes(tests.moved_exchanged)) {
        (_, true, true) => {
            "The list as a whole is borne out: claimed targets move, and the claimed way, more than chance."
        }
        (true, false, true) if !signed => "The list as a whole is borne out: claimed targets move more than chance.",
        (true, false, true) => {
            "Claimed targets move more than chance, but not the claimed way: the pairs are borne out, their signs are not."
        }
        (true, ..) | (_, true, _) => {
            "Claimed targets move more than chance, but no more than the same targets exchanged among the claims: loud experiments and \
             responsive genes would explain it, and the pairs themselves are not borne out."
        }
        _ => "The list as a whole is not borne out: claimed targets move no more than chance.",
    }
}

fn compared_with(how: &str, test: AnchorTest) -> String {
    format!("{how} {}, p = {:.3}", percent(test.by_chance), test.p_value)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

const fn sign_seen([positive, negative]: [u32; 2]) -> &'static str {
    match (positive, negative) {
        (0, 0) => "none",
        (_, 0) => "+",
        (0, _) => "-",
        _ => "both",
    }
}

fn note(audited: &AuditedClaim) -> String {
    let mut notes = Vec::new();
    notes.extend(audited.untested.map(Untested::word));
    if audited.both_signs {
        notes.push("both signs are claimed");
    }
    if audited.claim.sign.is_none() && audited.untested.is_none() {
        notes.push("no sign claimed");
    }
    if audited.is_repeated {
        notes.push("repeated");
    }
    notes.join("; ")
}

fn cells(row: &ClaimRow, audited: &AuditedClaim) -> Vec<String> {
    let ExperimentCounts { agreeing, opposing, silent } = audited.experiments;
    let sign = match row.sign {
        Some(Sign::Activation) => "+",
        Some(Sign::Inhibition) => "-",
        None => "?",
    };
    let if_tested = |text: String| if audited.untested.is_none() { text } else { String::new() };
    let [holds, other_sign, neither] = audited.posterior;
    let ours = [
        row.regulator.clone(),
        row.target.clone(),
        sign.to_owned(),
        audited.verdict.word().to_owned(),
        audited.experiments.total().to_string(),
        agreeing.to_string(),
        opposing.to_string(),
        silent.to_string(),
        if_tested(sign_seen(audited.seen).to_owned()),
        audited.base_rate.map_or_else(String::new, |rate| format!("{rate:.4}")),
        if_tested(format!("{:.4}", audited.log_likelihood_ratio)),
        if_tested(format!("{holds:.4}")),
        if_tested(format!("{other_sign:.4}")),
        if_tested(format!("{neither:.4}")),
        note(audited),
        row.line.to_string(),
    ];
    ours.into_iter().chain(row.others.iter().cloned()).collect()
}
