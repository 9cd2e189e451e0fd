//! How far the knowledge is to be believed against a predictor: the weights `w` of the objective.

use super::AdaptorError;
use super::entries::check_shapes;
use super::objective::check_length;
use crate::biology::{GeneId, Perturbation, Response, ResponseMatrix};

/// Pseudo-entries by which the classes of all genes outweigh few measurements of one.
const PRIOR_ENTRIES: f64 = 4.0;
/// No class is less probable than this: nobody is that sure.
const FLOOR: f64 = 1e-3;
/// Largest variance of a gene's own log-odds.
const MOST_VARIANCE: f64 = 4.0;

/// What the knowledge says of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Statement {
    /// Unchanged: no walk leads there.
    Silence,
    /// Up or down.
    Call,
}

impl Statement {
    const ALL: [Self; 2] = [Self::Silence, Self::Call];

    fn of(symbolic: Option<Response>) -> Option<(Self, usize)> {
        let said = symbolic.filter(|&said| said != Response::Ambiguous)?;
        let statement = if said == Response::Unchanged { Self::Silence } else { Self::Call };
        Some((statement, said.class()))
    }
}

/// What the word of the knowledge is worth next to class probabilities, for each gene, learnt from training rows.
///
/// ```text
/// q(c) ∝ p(c) · exp(β_j [c = δ]),   w = q(δ) / (q(δ) + q(ŷ)) where ŷ ≠ δ, else ½
/// ```
/// with the probabilities `p` of a predictor, its response `ŷ`, that of the knowledge `δ`, and for gene `j` one log-odds
/// `β_j` of calls (up, down) and one of silence (unchanged). So `w` is how probable it is that the knowledge is right, if
/// one of the two is, and an entry of which the predictor is not sure costs less to give away. A gene without regulators
/// has `w = 0`: of its regulation the knowledge says nothing.
///
/// `β` asks what the knowledge adds to the base rate of a gene, not how often it is right: where a gene falls under whatever
/// perturbation, saying so is not a merit, and a predictor knows it. With the share `p°` of each class in the *other* training
/// rows of the gene, smoothed by 4 entries of all genes,
/// ```text
/// P(y = δ) = σ(logit p°(δ) + β_j),   β_j ~ N(β z_j, τ²),   z_j = s_j / (1 + s_j),   β ~ N(0, 1)
/// s_j = ln(1 + in_degree_j) + ln(1 + evidence_j),   τ² = max(0, Σ(S_j² − I_j) / Σ I_j²) ≤ 4
/// ```
/// `β` is the maximum a posteriori over all genes, `S_j` and `I_j` are the score and the information of gene `j` at `β z_j`,
/// and `β_j` is then its own maximum: a gene that is well annotated is presumed more of, and measurements decide.
#[derive(Clone, Debug, PartialEq)]
pub struct KnowledgeReliability {
    is_regulated: Vec<bool>,
    /// By statement, then gene.
    log_odds: [Vec<f64>; 2],
}

/// One measured entry on which the knowledge was put to the test.
#[derive(Clone, Copy, Debug)]
struct Tested {
    /// `logit p°(δ)`.
    offset: f64,
    was_right: bool,
}

impl Tested {
    /// Probability that the knowledge is right.
    fn expected(self, beta: f64) -> f64 {
        1.0 / (1.0 + (-self.offset - beta).exp())
    }
}

impl KnowledgeReliability {
    /// Learns from measured responses and what the knowledge says of them.
    ///
    /// Hand in *training* rows only: reliability must not know the test perturbations. Unmeasured entries and the perturbed genes
    /// themselves are passed over.
    ///
    /// # Shapes
    /// - `observed`, `symbolic`: `[n_perturbations, n_genes]`
    /// - `in_degree` (regulators other than itself), `evidence` (records cited for its regulations): one value for each gene
    ///
    /// # Errors
    /// [`AdaptorError`] if shapes or lengths differ.
    ///
    /// # Complexity
    /// `O(entries)`, a few tens of times.
    pub fn learn(
        perturbations: &[Perturbation],
        observed: &ResponseMatrix,
        symbolic: &ResponseMatrix,
        in_degree: &[u32],
        evidence: &[u32],
    ) -> Result<Self, AdaptorError> {
        check_shapes(observed, symbolic)?;
        let genes = observed.n_genes();
        check_length("the list of perturbations", perturbations.len(), observed.n_perturbations())?;
        check_length("the list of in-degrees", in_degree.len(), genes)?;
        check_length("the list of evidence counts", evidence.len(), genes)?;
        let prior: Vec<_> = in_degree.iter().zip(evidence).map(|(&degree, &cited)| support(degree, cited)).collect();
        let tested = tested(perturbations, observed, symbolic, in_degree);
        let log_odds = tested.map(|of_genes| log_odds(&of_genes, &prior));
        Ok(Self { is_regulated: in_degree.iter().map(|&degree| degree > 0).collect(), log_odds })
    }

    /// Probabilities of down, unchanged and up for a gene, once the knowledge has had its say: `q`.
    #[must_use]
    pub fn posterior(&self, gene: GeneId, probabilities: [f32; 3], symbolic: Option<Response>) -> [f64; 3] {
        let mut q = probabilities.map(|probability| f64::from(probability).max(FLOOR));
        if let Some((statement, class)) = Statement::of(symbolic).filter(|_| self.is_regulated[gene.index()]) {
            q[class] *= self.log_odds[statement as usize][gene.index()].exp();
        }
        let sum: f64 = q.iter().sum();
        q.map(|q| q / sum)
    }

    /// How far the knowledge is to be believed, `w`, entry by entry.
    ///
    /// # Shapes
    /// - `neural`, `symbolic`: `[n_perturbations, n_genes]`
    /// - `probabilities` (down, unchanged, up), result: one for each entry, rows laid end to end
    ///
    /// # Errors
    /// [`AdaptorError`] if shapes or lengths differ.
    pub fn weights(
        &self,
        probabilities: &[[f32; 3]],
        neural: &ResponseMatrix,
        symbolic: &ResponseMatrix,
    ) -> Result<Vec<f64>, AdaptorError> {
        check_shapes(neural, symbolic)?;
        check_length("the list of genes", neural.n_genes(), self.is_regulated.len())?;
        check_length("the list of probabilities", probabilities.len(), neural.entries().len())?;
        let said = neural.entries().iter().zip(symbolic.entries()).zip(probabilities).enumerate();
        let gene = |entry| GeneId::new(entry % self.is_regulated.len());
        let weights = said.map(|(entry, ((&neural, &symbolic), &p))| self.weight(gene(entry), p, neural, symbolic));
        Ok(weights.collect())
    }

    fn weight(&self, gene: GeneId, p: [f32; 3], neural: Option<Response>, symbolic: Option<Response>) -> f64 {
        let (Some(neural), Some((_, claimed))) = (neural.map(Response::class), Statement::of(symbolic)) else {
            return 0.5;
        };
        if neural == claimed {
            return 0.5;
        }
        if !self.is_regulated[gene.index()] {
            return 0.0;
        }
        let q = self.posterior(gene, p, symbolic);
        q[claimed] / (q[claimed] + q[neural])
    }
}

/// `z_j`: how much the knowledge holds about the regulation of a gene, in `[0, 1)`.
fn support(in_degree: u32, evidence: u32) -> f64 {
    if in_degree == 0 {
        return 0.0;
    }
    let support = f64::from(in_degree).ln_1p() + f64::from(evidence).ln_1p();
    support / (1.0 + support)
}

/// Row, gene and class of every measured entry of a gene that was not perturbed itself.
fn measured(perturbations: &[Perturbation], observed: &ResponseMatrix) -> impl Iterator<Item = (usize, usize, usize)> {
    perturbations.iter().enumerate().flat_map(|(row, perturbation)| {
        observed.row(row).iter().enumerate().filter_map(move |(gene, &observed)| {
            let observed = observed.filter(|&observed| observed != Response::Ambiguous)?;
            (!perturbation.moves(GeneId::new(gene))).then_some((row, gene, observed.class()))
        })
    })
}

/// The entries on which the knowledge is put to the test, by statement and gene.
fn tested(
    perturbations: &[Perturbation],
    observed: &ResponseMatrix,
    symbolic: &ResponseMatrix,
    in_degree: &[u32],
) -> [Vec<Vec<Tested>>; 2] {
    let genes = observed.n_genes();
    let mut counts = vec![[0.0; 3]; genes];
    let mut all = [1.0; 3];
    for (_, gene, class) in measured(perturbations, observed) {
        counts[gene][class] += 1.0;
        all[class] += 1.0;
    }
    let total: f64 = all.iter().sum();
    let mut tested = Statement::ALL.map(|_| vec![Vec::new(); genes]);
    for (row, gene, class) in measured(perturbations, observed).filter(|&(_, gene, _)| in_degree[gene] > 0) {
        let Some((statement, claimed)) = Statement::of(symbolic.row(row)[gene]) else { continue };
        let was_right = class == claimed;
        let others = counts[gene].iter().sum::<f64>() - 1.0;
        let same = counts[gene][claimed] - f64::from(u8::from(was_right));
        let share = (same + PRIOR_ENTRIES * all[claimed] / total) / (others + PRIOR_ENTRIES);
        let share = share.clamp(FLOOR, 1.0 - FLOOR);
        tested[statement as usize][gene].push(Tested { offset: (share / (1.0 - share)).ln(), was_right });
    }
    tested
}

/// `β_j` of each gene.
fn log_odds(tested: &[Vec<Tested>], support: &[f64]) -> Vec<f64> {
    let all = || tested.iter().zip(support).flat_map(|(of_gene, &z)| of_gene.iter().map(move |&tested| (tested, z)));
    let pooled = most_probable(all, 0.0, 1.0);
    let mut spread = (0.0, 0.0);
    for (of_gene, z) in tested.iter().zip(support) {
        let (score, information) = derivative(of_gene.iter().map(|&tested| (tested, 1.0)), pooled * z);
        spread.0 += score.powi(2) - information;
        spread.1 += information.powi(2);
    }
    let variance = if spread.0 > 0.0 { (spread.0 / spread.1).min(MOST_VARIANCE) } else { 0.0 };
    let of_gene = |(of_gene, z): (&Vec<Tested>, &f64)| {
        let presumed = pooled * z;
        if variance == 0.0 || of_gene.is_empty() {
            return presumed;
        }
        most_probable(|| of_gene.iter().map(|&tested| (tested, 1.0)), presumed, variance)
    };
    tested.iter().zip(support).map(of_gene).collect()
}

/// The `b` that maximises `Σ ln P(tested | b z) − (b − mean)² / 2 variance`, by Newton's steps of at most 1.
fn most_probable<I: Iterator<Item = (Tested, f64)>>(entries: impl Fn() -> I, mean: f64, variance: f64) -> f64 {
    let mut best = mean;
    for _ in 0..50 {
        let (score, information) = derivative(entries(), best);
        let step = (score - (best - mean) / variance) / (information + 1.0 / variance);
        best += step.clamp(-1.0, 1.0);
        if step.abs() < 1e-9 {
            break;
        }
    }
    best
}

/// First derivative of the log-likelihood of entries `(tested, z)` by `b`, and the second with its sign turned.
fn derivative(entries: impl Iterator<Item = (Tested, f64)>, b: f64) -> (f64, f64) {
    entries.fold((0.0, 0.0), |(score, information), (tested, z)| {
        let expected = tested.expected(b * z);
        let right = f64::from(u8::from(tested.was_right));
        (score + z * (right - expected), information + z * z * expected * (1.0 - expected))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const CALL: usize = Statement::Call as usize;

    fn matrix(genes: usize, values: &[Option<i8>]) -> ResponseMatrix {
        let of_value = |value| Response::from_value(value).unwrap_or(Response::Ambiguous);
        let entries = values.iter().map(|value| value.map(of_value)).collect();
        ResponseMatrix::from_entries(values.len() / genes, genes, entries)
    }

    /// Perturbations of a gene that no row measures, the last one.
    fn elsewhere(rows: usize, genes: usize) -> Vec<Perturbation> {
        vec![Perturbation::deletion(GeneId::new(genes - 1)); rows]
    }

    fn of_log_odds(log_odds: f64, genes: usize) -> KnowledgeReliability {
        KnowledgeReliability {
            is_regulated: vec![true; genes],
            log_odds: [vec![log_odds; genes], vec![log_odds; genes]],
        }
    }

    #[test]
    fn the_weight_is_the_probability_that_the_knowledge_is_right_if_one_of_both_is() {
        let reliability = of_log_odds(2_f64.ln(), 1);
        let weight = |neural, symbolic| {
            let (neural, symbolic) = (matrix(1, &[neural]), matrix(1, &[symbolic]));
            reliability.weights(&[[0.2, 0.3, 0.5]], &neural, &symbolic).expect("fits")[0]
        };
        // q ∝ (0.4, 0.3, 0.5).
        assert!((weight(Some(1), Some(-1)) - 0.4 / 0.9).abs() < 1e-7);
        // q ∝ (0.2, 0.6, 0.5).
        assert!((weight(Some(1), Some(0)) - 0.6 / 1.1).abs() < 1e-7);
        for (neural, symbolic) in [(Some(1), Some(1)), (Some(1), Some(2)), (Some(1), None), (None, Some(1))] {
            assert_eq!(weight(neural, symbolic), 0.5);
        }
    }

    #[test]
    fn a_gene_without_regulators_is_left_to_the_predictor() {
        let said = [Some(1), Some(1), Some(-1), Some(1)];
        let reliability =
            KnowledgeReliability::learn(&elsewhere(2, 2), &matrix(2, &said), &matrix(2, &said), &[0, 3], &[9, 0])
                .expect("fits");
        let (neural, symbolic) = (matrix(2, &[Some(0); 2]), matrix(2, &[Some(1); 2]));
        let weights = reliability.weights(&[[0.1, 0.5, 0.4]; 2], &neural, &symbolic).expect("fits");
        assert_eq!(weights[0], 0.0);
        assert!(weights[1] > 0.4);
    }

    #[test]
    fn to_predict_what_always_happens_is_no_merit() {
        let (rows, genes) = (60, 3);
        // Gene 0 always falls and the knowledge says so; gene 1 rises in every other row, and the knowledge knows in which.
        let observed: Vec<_> = (0..rows).flat_map(|row| [Some(-1), Some(i8::from(row % 2 == 0)), None]).collect();
        let symbolic: Vec<_> = (0..rows).flat_map(|row| [Some(-1), Some(i8::from(row % 2 == 0)), Some(0)]).collect();
        let learn = |symbolic: &[Option<i8>]| {
            let (observed, symbolic) = (matrix(genes, &observed), matrix(genes, symbolic));
            KnowledgeReliability::learn(&elsewhere(rows, genes), &observed, &symbolic, &[2; 3], &[2; 3]).expect("fits")
        };
        let [base_rate, insight, _] = learn(&symbolic).log_odds[CALL][..] else { panic!("three genes") };
        assert!(insight > 1.0 && base_rate < 0.7 * insight, "{base_rate} against {insight}");
        // The same knowledge of gene 1 in the wrong rows is worth less than nothing.
        let wrong: Vec<_> = (0..rows).flat_map(|row| [Some(-1), Some(i8::from(row % 2 == 1)), Some(0)]).collect();
        assert!(learn(&wrong).log_odds[CALL][1] < -1.0);
    }

    #[test]
    fn own_genes_ambiguous_and_unmeasured_entries_teach_nothing() {
        let perturbations = [Perturbation::deletion(GeneId::new(0)); 1];
        let learn = |observed: [Option<i8>; 4], symbolic: [Option<i8>; 4]| {
            let (observed, symbolic) = (matrix(4, &observed), matrix(4, &symbolic));
            KnowledgeReliability::learn(&perturbations, &observed, &symbolic, &[1; 4], &[0; 4]).expect("fits")
        };
        //                      own       ambiguous observed  unmeasured  ambiguous
        let reliability = learn([Some(-1), Some(2), None, Some(1)], [Some(-1), Some(1), Some(1), Some(2)]);
        assert_eq!(reliability.log_odds, [vec![0.0; 4], vec![0.0; 4]]);
    }

    /// Entries of genes whose base rate is known to be even, right as often as `β_j` says.
    fn drawn(genes: usize, rows: usize, beta: impl Fn(usize) -> f64, rng: &mut ChaCha8Rng) -> Vec<Vec<Tested>> {
        let mut of_gene = |gene| {
            let offset: f64 = rng.random_range(-1.0..1.0);
            let tested = Tested { offset, was_right: false };
            (0..rows).map(|_| Tested { was_right: rng.random_bool(tested.expected(beta(gene))), ..tested }).collect()
        };
        (0..genes).map(&mut of_gene).collect()
    }

    #[test]
    fn planted_log_odds_are_found_again() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let support = vec![0.8; 400];
        for planted in [-0.8, 0.0, 1.2] {
            // The standard error of the pooled estimate is about 2 / (0.8 √12,000) = 0.023.
            let all_alike = log_odds(&drawn(400, 30, |_| planted * 0.8, &mut rng), &support);
            let mean = all_alike.iter().sum::<f64>() / 400.0;
            assert!((mean - planted * 0.8).abs() < 0.1, "{mean} for {planted}");
        }
        // Half of the genes are known well, half badly: with 300 entries each they are told apart.
        let planted = |gene: usize| if gene.is_multiple_of(2) { 1.0 } else { -1.0 };
        let found = log_odds(&drawn(400, 300, planted, &mut rng), &support);
        let error = (0..400).map(|gene| (found[gene] - planted(gene)).powi(2)).sum::<f64>() / 400.0;
        assert!(error.sqrt() < 0.2, "{}", error.sqrt());
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        let row = matrix(2, &[Some(0); 2]);
        let learn = |rows: usize, degrees: &[u32]| {
            KnowledgeReliability::learn(&elsewhere(rows, 2), &row, &row, degrees, &[0; 2])
        };
        assert!(matches!(learn(2, &[1; 2]), Err(AdaptorError::Length { .. })));
        assert!(matches!(learn(1, &[1; 3]), Err(AdaptorError::Length { .. })));
        let reliability = learn(1, &[1; 2]).expect("fits");
        assert!(matches!(reliability.weights(&[[0.3; 3]], &row, &row), Err(AdaptorError::Length { .. })));
        let wide = matrix(3, &[Some(0); 3]);
        assert!(matches!(reliability.weights(&[[0.3; 3]; 3], &wide, &wide), Err(AdaptorError::Length { .. })));
        assert!(matches!(reliability.weights(&[[0.3; 3]; 2], &row, &wide), Err(AdaptorError::ShapeMismatch { .. })));
    }

    proptest! {
        #[test]
        fn weights_are_probabilities_and_follow_reliability_and_doubt(
            (down, unchanged) in (0.0..0.5_f32, 0.0..0.5_f32),
            (neural, symbolic) in (-1..=1_i8, -1..=1_i8),
            log_odds in -5.0..5.0_f64,
        ) {
            let probabilities = [down, unchanged, 1.0 - down - unchanged];
            let weight = |log_odds| {
                let reliability = of_log_odds(log_odds, 1);
                let weights = reliability.weights(&[probabilities], &matrix(1, &[Some(neural)]), &matrix(1, &[Some(symbolic)]));
                weights.expect("fits")[0]
            };
            prop_assert!((0.0..=1.0).contains(&weight(log_odds)));
            prop_assert!(weight(log_odds + 0.5) >= weight(log_odds));
            let posterior = of_log_odds(log_odds, 1).posterior(GeneId::new(0), probabilities, Response::from_value(symbolic));
            prop_assert!((posterior.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }

        #[test]
        fn whatever_was_measured_the_log_odds_are_numbers(
            values in prop::collection::vec((prop::option::of(-1..=2_i8), prop::option::of(-1..=2_i8)), 24),
            annotated in prop::collection::vec((0..50_u32, 0..500_u32), 4),
        ) {
            let (observed, symbolic): (Vec<_>, Vec<_>) = values.into_iter().unzip();
            let (degrees, cited): (Vec<_>, Vec<_>) = annotated.into_iter().unzip();
            let reliability = KnowledgeReliability::learn(&elsewhere(6, 4), &matrix(4, &observed), &matrix(4, &symbolic), &degrees, &cited);
            let reliability = reliability.expect("fits");
            prop_assert!(reliability.log_odds.iter().flatten().all(|log_odds| log_odds.is_finite()));
        }
    }
}
