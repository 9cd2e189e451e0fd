//! What the evidence model fitted and what it says of the known regulations, as a report tells it.

use serde::Serialize;

use crate::biology::Verdict;
use crate::evidence::ResponseModel;
use crate::pipeline::WeighedEvidence;

/// The response model and the verdicts of one run.
#[derive(Serialize)]
pub(super) struct EvidenceSummary<'a> {
    /// What was fitted, in sentences.
    pub told: Vec<String>,
    pub verdicts: Vec<VerdictCount>,
    pub model: &'a ResponseModel,
}

/// How many known regulations have a verdict.
#[derive(Serialize)]
pub(super) struct VerdictCount {
    pub verdict: &'static str,
    pub means: &'static str,
    pub regulations: usize,
}

impl<'a> EvidenceSummary<'a> {
    pub fn of(weighed: &'a WeighedEvidence) -> Self {
        let WeighedEvidence { model, judged } = weighed;
        let count = |verdict: Verdict| VerdictCount {
            verdict: verdict.word(),
            means: meaning(verdict),
            regulations: judged.iter().filter(|judged| judged.verdict == verdict).count(),
        };
        Self { told: model.sentences(), verdicts: Verdict::ALL.into_iter().map(count).collect(), model }
    }
}

const fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "the target moved as stated, and never the other way",
        Verdict::Silent => "the target was measured and did not move",
        Verdict::Contested => "the target moved the other way, once or next to responses as stated",
        Verdict::Contradicted => "the target moved the other way in at least two experiments, never as stated",
        Verdict::Untestable => "the regulator was not perturbed alone, or the target not measured",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, Regulation, Sign};
    use crate::evidence::Judged;

    #[test]
    fn every_known_regulation_is_counted_under_its_verdict() {
        let judged = |verdict| Judged {
            regulation: Regulation::new(GeneId::new(0), GeneId::new(1), Sign::Activation),
            verdict,
            experiments: Default::default(),
            log_likelihood_ratio: 0.0,
            posterior: [0.9, 0.05, 0.05],
        };
        let verdicts = [Verdict::Silent, Verdict::Supported, Verdict::Silent];
        let weighed = WeighedEvidence { judged: verdicts.map(judged).to_vec(), ..Default::default() };
        let summary = EvidenceSummary::of(&weighed);
        let counts: Vec<_> = summary.verdicts.iter().map(|count| (count.verdict, count.regulations)).collect();
        assert_eq!(counts.iter().map(|(_, number)| number).sum::<usize>(), 3);
        assert!(counts.contains(&("silent", 2)) && counts.contains(&("supported", 1)), "{counts:?}");
    }
}
