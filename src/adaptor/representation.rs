//! How well the knowledge represents each gene: the weights `w` of the objective.

use serde::{Deserialize, Serialize};

use super::AdaptorError;
use super::objective::check_length;
use crate::biology::{GeneId, Perturbation, Response, ResponseMatrix};

/// Pseudo-entries by which a prior outweighs few measurements.
const PRIOR_ENTRIES: f64 = 4.0;

/// Measured entries of one gene, or of all, on which the knowledge was put to the test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Knowledge and measurement both say up, or both say down.
    pub agreeing: u32,
    /// The knowledge says up or down, the measurement something else.
    pub disagreeing: u32,
}

impl Agreement {
    fn add(&mut self, observed: Response, symbolic: Response) {
        match (observed, symbolic) {
            (Response::Ambiguous, _) | (_, Response::Ambiguous | Response::Unchanged) => {}
            (observed, symbolic) if observed == symbolic => self.agreeing += 1,
            _ => self.disagreeing += 1,
        }
    }

    /// Share of agreement, with `PRIOR_ENTRIES` pseudo-entries of the share `prior`.
    fn smoothed(self, prior: f64) -> f64 {
        let tested = f64::from(self.agreeing) + f64::from(self.disagreeing);
        (f64::from(self.agreeing) + PRIOR_ENTRIES * prior) / (tested + PRIOR_ENTRIES)
    }
}

/// Puts what the knowledge says of each gene to the test of measured responses.
///
/// Hand in *training* rows only: these counts become weights, and weights must not know the test perturbations. Only
/// where the knowledge calls up or down is it put to the test: a knowledge base is incomplete, and its silence is no
/// statement that a gene will not respond. Unmeasured entries and the perturbed genes themselves are passed over.
///
/// # Shapes
/// - `observed`, `symbolic`: `[n_perturbations, n_genes]`; the result has one count for each gene
///
/// # Errors
/// [`AdaptorError`] if the shapes differ, or there is not one perturbation for each row.
pub fn agreement(
    perturbations: &[Perturbation],
    observed: &ResponseMatrix,
    symbolic: &ResponseMatrix,
) -> Result<Vec<Agreement>, AdaptorError> {
    super::entries::check_shapes(observed, symbolic)?;
    check_length("the list of perturbations", perturbations.len(), observed.n_perturbations())?;
    let mut agreement = vec![Agreement::default(); observed.n_genes()];
    for (row, perturbation) in perturbations.iter().enumerate() {
        for (gene, pair) in observed.row(row).iter().zip(symbolic.row(row)).enumerate() {
            if let (Some(observed), Some(symbolic)) = pair
                && !perturbation.moves(GeneId::new(gene))
            {
                agreement[gene].add(*observed, *symbolic);
            }
        }
    }
    Ok(agreement)
}

/// How well the knowledge represents each gene, `w ∈ [0, 1]`: it is tested where it can be, and else presumed.
///
/// ```text
/// w_j = (A_j + κ·μ_j) / (A_j + D_j + κ),   μ_j = π · s_j / (1 + s_j),   s_j = ln(1 + in_degree_j) + ln(1 + evidence_j)
/// π   = (ΣA + κ/2) / (ΣA + ΣD + κ),        κ = 4
/// ```
/// where `A_j`, `D_j` are the measured entries of gene `j` that agree and disagree with the knowledge, `π` is how far
/// the knowledge as a whole agrees with these measurements (½ where none were made), and `s_j` says how much the knowledge
/// base holds about the regulation of gene `j`. So a gene on which nothing was measured is presumed as good as the whole,
/// less what is missing in annotation; each measured entry moves it away from there. A gene without regulators, and so
/// any gene that the knowledge base does not hold, has weight 0.
///
/// # Shapes
/// - `in_degree` (regulators other than itself), `evidence` (records cited for its regulations), `agreement`, result: one
///   value for each gene
///
/// # Errors
/// [`AdaptorError::Length`] if the lists differ in length.
pub fn representation_weights(
    in_degree: &[u32],
    evidence: &[u32],
    agreement: &[Agreement],
) -> Result<Vec<f64>, AdaptorError> {
    check_length("the list of evidence counts", evidence.len(), in_degree.len())?;
    check_length("the list of agreements", agreement.len(), in_degree.len())?;
    let whole = agreement_of_all(agreement);
    let weight = |((&in_degree, &evidence), agreement): ((&u32, &u32), &Agreement)| {
        if in_degree == 0 {
            return 0.0;
        }
        let support = f64::from(in_degree).ln_1p() + f64::from(evidence).ln_1p();
        agreement.smoothed(whole * support / (1.0 + support))
    };
    Ok(in_degree.iter().zip(evidence).zip(agreement).map(weight).collect())
}

fn agreement_of_all(agreement: &[Agreement]) -> f64 {
    let agreeing: u64 = agreement.iter().map(|gene| u64::from(gene.agreeing)).sum();
    let disagreeing: u64 = agreement.iter().map(|gene| u64::from(gene.disagreeing)).sum();
    (agreeing as f64 + PRIOR_ENTRIES * 0.5) / ((agreeing + disagreeing) as f64 + PRIOR_ENTRIES)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn tested(agreeing: u32, disagreeing: u32) -> Agreement {
        Agreement { agreeing, disagreeing }
    }

    #[test]
    fn only_calls_of_the_knowledge_put_it_to_the_test() {
        let perturbations = [Perturbation::deletion(GeneId::new(0))];
        let row = |values: &[Option<i8>]| {
            let entries = values
                .iter()
                .map(|value| value.map(|value| Response::from_value(value).unwrap_or(Response::Ambiguous)));
            ResponseMatrix::from_entries(1, values.len(), entries.collect())
        };
        //                        own      agree    unch.    silent   wrong    ambig.   unmeasured
        let observed = row(&[Some(-1), Some(1), Some(0), Some(1), Some(-1), Some(1), None]);
        let symbolic = row(&[Some(-1), Some(1), Some(0), Some(0), Some(1), Some(2), Some(1)]);
        let counts = agreement(&perturbations, &observed, &symbolic).expect("shapes fit");
        let none = tested(0, 0);
        assert_eq!(counts, [none, tested(1, 0), none, none, tested(0, 1), none, none]);
    }

    #[test]
    fn without_any_measurement_a_weight_stays_below_one_half_and_grows_with_annotation() {
        let weights = representation_weights(&[0, 1, 5, 5], &[9, 0, 0, 40], &[tested(0, 0); 4]).expect("one each");
        assert_eq!(weights[0], 0.0);
        // One regulator: s = ln 2, so w = ½ · ln 2 / (1 + ln 2).
        assert!((weights[1] - 0.5 * 2_f64.ln() / (1.0 + 2_f64.ln())).abs() < 1e-12);
        assert!(weights[1] < weights[2] && weights[2] < weights[3] && weights[3] < 0.5);
    }

    #[test]
    fn measurements_outweigh_the_presumption() {
        let measured = [tested(40, 2), tested(2, 40), tested(0, 0)];
        let weights = representation_weights(&[3; 3], &[3; 3], &measured).expect("one each");
        assert!(weights[0] > 0.85 && weights[1] < 0.15, "{weights:?}");
        assert!(weights[1] < weights[2] && weights[2] < weights[0]);
    }

    proptest! {
        #[test]
        fn every_weight_lies_in_the_unit_interval_and_never_falls_with_agreement(
            genes in prop::collection::vec((0..50_u32, 0..500_u32, 0..30_u32, 0..30_u32), 1..20),
        ) {
            let in_degree: Vec<_> = genes.iter().map(|gene| gene.0).collect();
            let evidence: Vec<_> = genes.iter().map(|gene| gene.1).collect();
            let mut measured: Vec<_> = genes.iter().map(|gene| tested(gene.2, gene.3)).collect();
            let before = representation_weights(&in_degree, &evidence, &measured).expect("one each");
            measured[0].agreeing += 1;
            let after = representation_weights(&in_degree, &evidence, &measured).expect("one each");
            prop_assert!(before.iter().all(|weight| (0.0..=1.0).contains(weight)));
            prop_assert!(before.iter().zip(&after).all(|(before, after)| after >= before));
        }
    }
}
