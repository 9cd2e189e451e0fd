//! The choice that costs least, found exactly: entries by falling gain until the budget costs more than they save.

use super::entries::{Alignment, Entries};
use super::objective::check_weights;
use super::{AdaptorConfig, AdaptorError, gain};
use crate::biology::ResponseMatrix;

/// Chooses for each entry between the neural and the symbolic response at the least cost.
///
/// An entry stays neural where the knowledge makes no claim: where it is ambiguous, or does not hold the gene. Such an
/// entry contradicts nothing, but counts in `N` and carries its weight term. Ties go to the neural side, and among
/// entries of one gain to the earlier one.
///
/// # Shapes
/// - `neural`, `symbolic`: `[n_perturbations, n_genes]`
/// - `w`: one value for each entry, rows laid end to end
/// - `held_by_knowledge`: one value for each gene
///
/// # Errors
/// [`AdaptorError`] if shapes or lengths differ, or a weight or a setting is out of range.
///
/// # Complexity
/// `O(entries + m · log m)` for `m` entries that gain by the symbolic response.
///
/// # Reference
/// The objective is that of Xiang & Ai, ICLR 2026, arXiv 2510.00512; being separable up to one convex term in `Σ a`, it
/// needs no learnt policy.
pub fn align(
    neural: &ResponseMatrix,
    symbolic: &ResponseMatrix,
    w: &[f64],
    held_by_knowledge: &[bool],
    config: &AdaptorConfig,
) -> Result<Alignment, AdaptorError> {
    config.check()?;
    let entries = Entries::checked(neural, symbolic, w, held_by_knowledge)?;
    let of_claim = |entry, inconsistent| gain(inconsistent, entries.weight(entry), config);
    let gains = entries.claims().map(|(entry, inconsistent)| of_claim(entry, inconsistent));
    let cut = Cut::of(gains, entries.len() as u64, config);
    let mut left = cut.at_the_cut;
    Ok(entries.align(config, |entry, inconsistent| cut.takes(of_claim(entry, inconsistent), &mut left)))
}

/// The cheapest choice for plain entries, each with a weight of its own.
///
/// # Shapes
/// - `inconsistent` (`ŷ ≠ δ`), `w`, result (`a`): one value for each entry
///
/// # Errors
/// [`AdaptorError`] if the lengths differ, or a weight or a setting is out of range.
///
/// # Complexity
/// `O(entries · log entries)`.
pub fn solve(inconsistent: &[bool], w: &[f64], config: &AdaptorConfig) -> Result<Vec<bool>, AdaptorError> {
    config.check()?;
    check_weights(w, inconsistent.len())?;
    let gains = || inconsistent.iter().zip(w).map(|(&inconsistent, &w)| gain(inconsistent, w, config));
    let cut = Cut::of(gains(), w.len() as u64, config);
    let mut left = cut.at_the_cut;
    Ok(gains().map(|gain| cut.takes(gain, &mut left)).collect())
}

/// Where the greedy order of entries ends: all above the gain, and the first few exactly at it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cut {
    gain: f64,
    at_the_cut: u64,
}

impl Cut {
    /// Spends the budget on the entries by falling gain.
    ///
    /// The cost of one entry more never falls while entries are added and the gains never rise, so stopping at the
    /// first entry that does not pay is optimal.
    fn of(gains: impl Iterator<Item = f64>, total: u64, config: &AdaptorConfig) -> Self {
        let mut gains: Vec<_> = gains.filter(|&gain| gain > 0.0).collect();
        gains.sort_unstable_by(|left, right| right.total_cmp(left));
        let mut taken = 0;
        for equal in gains.chunk_by(|left, right| left == right) {
            let entries = equal.len() as u64;
            let paying = paying_entries(equal[0], taken, total, config).min(entries);
            if paying < entries {
                return Self { gain: equal[0], at_the_cut: paying };
            }
            taken += paying;
        }
        Self { gain: 0.0, at_the_cut: 0 }
    }

    /// Whether the next entry of this gain is taken; `left` counts what may still be taken at the cut.
    fn takes(self, gain: f64, left: &mut u64) -> bool {
        let at_the_cut = gain == self.gain && *left > 0;
        *left -= u64::from(at_the_cut);
        gain > self.gain || at_the_cut
    }
}

/// How many entries of this gain, above 0, pay for themselves after `taken` others.
fn paying_entries(gain: f64, taken: u64, total: u64, config: &AdaptorConfig) -> u64 {
    let budget = config.theta * total as f64;
    let free = budget.floor() as u64;
    let at_the_boundary = config.c_l * ((free + 1) as f64 - budget);
    if gain > config.c_l {
        total - taken
    } else if gain > at_the_boundary {
        (free + 1).saturating_sub(taken)
    } else {
        free.saturating_sub(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::adaptor::objective;
    use crate::biology::{GeneId, Response};

    fn row(values: &[i8]) -> ResponseMatrix {
        matrix(1, values)
    }

    fn matrix(rows: usize, values: &[i8]) -> ResponseMatrix {
        let entries = values
            .iter()
            .map(|&value| if value == 2 { Some(Response::Ambiguous) } else { Response::from_value(value) });
        ResponseMatrix::from_entries(rows, values.len() / rows, entries.collect())
    }

    fn whole_budget() -> AdaptorConfig {
        AdaptorConfig { theta: 1.0, ..AdaptorConfig::default() }
    }

    #[test]
    fn a_well_represented_gene_takes_the_symbolic_response_and_a_poor_one_the_neural() {
        let alignment = align(&row(&[0, 0]), &row(&[1, 1]), &[0.9, 0.1], &[true, true], &whole_budget()).expect("fits");
        assert_eq!(alignment.aligned, row(&[1, 0]));
        assert_eq!(alignment.symbolic_entries, [true, false]);
        assert_eq!(alignment.symbolic_share, 0.5);
        // The second stays neural against the knowledge: C_v; its weight is on the neural side already.
        assert!((alignment.objective - 0.1).abs() < 1e-12);
    }

    #[test]
    fn where_the_knowledge_is_ambiguous_or_lacks_the_gene_the_neural_response_stays() {
        let alignment =
            align(&row(&[-1, -1]), &row(&[2, 0]), &[1.0, 1.0], &[true, false], &whole_budget()).expect("fits");
        assert_eq!(alignment.aligned, row(&[-1, -1]));
        // Both well-weighted entries cost C_w·½ for staying neural, and contradict nothing.
        assert!((alignment.objective - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_budget_goes_to_the_largest_gains_and_then_to_the_first_entries() {
        let config = AdaptorConfig { theta: 0.5, ..AdaptorConfig::default() };
        let neural = matrix(2, &[0, 0, 0, 0, 0, 0]);
        let symbolic = matrix(2, &[1, 0, 1, 1, 0, 1]);
        // Three of six are free: gene 2 (w = 0.9) in both rows, then of gene 0 and 1 (w = 0.8) the contradicting first.
        let alignment = align(&neural, &symbolic, &[0.8, 0.8, 0.9].repeat(2), &[true; 3], &config).expect("fits");
        assert_eq!(alignment.symbolic_entries, [true, false, true, false, false, true]);
    }

    #[test]
    fn an_unmeasured_neural_entry_contradicts_nothing() {
        let neural = ResponseMatrix::unmeasured(1, 1);
        let alignment = align(&neural, &row(&[1]), &[0.9], &[true], &whole_budget()).expect("fits");
        assert_eq!(alignment.aligned.get(0, GeneId::new(0)), Some(Response::Up));
        assert_eq!(alignment.objective, 0.0);
    }

    #[test]
    fn an_empty_run_is_aligned_for_nothing() {
        let nothing = ResponseMatrix::unmeasured(0, 2);
        let alignment = align(&nothing, &nothing, &[], &[true; 2], &AdaptorConfig::default()).expect("fits");
        assert_eq!((alignment.objective, alignment.symbolic_share), (0.0, 0.0));
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        let config = AdaptorConfig::default();
        let shapes = align(&row(&[0]), &row(&[0, 0]), &[0.5], &[true], &config);
        assert!(matches!(shapes, Err(AdaptorError::ShapeMismatch { .. })));
        let weights = align(&row(&[0]), &row(&[0]), &[0.5, 0.5], &[true], &config);
        assert!(matches!(weights, Err(AdaptorError::Length { .. })));
        let held = align(&row(&[0]), &row(&[0]), &[0.5], &[], &config);
        assert!(matches!(held, Err(AdaptorError::Length { .. })));
    }

    fn some_config() -> impl Strategy<Value = AdaptorConfig> {
        let cost = || prop_oneof![Just(0.0), Just(0.1), Just(0.3), Just(1.0), 0.0..2.0_f64];
        let theta = prop_oneof![Just(0.0), Just(0.3), Just(1.0), 0.0..=1.0_f64];
        (cost(), cost(), cost(), theta).prop_map(|(c_v, c_w, c_l, theta)| AdaptorConfig { c_v, c_w, c_l, theta })
    }

    fn some_weight() -> impl Strategy<Value = f64> {
        prop_oneof![Just(0.0), Just(0.5), Just(0.7), Just(1.0), 0.0..=1.0_f64]
    }

    fn cheapest_of_all_choices(
        inconsistent: &[bool],
        w: &[f64],
        config: &AdaptorConfig,
        free: impl Fn(usize) -> bool,
    ) -> f64 {
        let entries = w.len();
        let choices =
            (0..1_u32 << entries).filter(|bits| (0..entries).all(|entry| bits >> entry & 1 == 0 || free(entry)));
        let cost = |bits: u32| {
            let choice: Vec<_> = (0..entries).map(|entry| bits >> entry & 1 == 1).collect();
            objective(inconsistent, w, &choice, config).expect("values in range")
        };
        choices.map(cost).fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #[test]
        fn no_choice_of_up_to_twelve_entries_is_cheaper(
            entries in prop::collection::vec((any::<bool>(), some_weight()), 0..=12),
            config in some_config(),
        ) {
            let (inconsistent, w): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
            let choice = solve(&inconsistent, &w, &config).expect("values in range");
            let cost = objective(&inconsistent, &w, &choice, &config).expect("values in range");
            let least = cheapest_of_all_choices(&inconsistent, &w, &config, |_| true);
            prop_assert!((cost - least).abs() < 1e-9, "{cost} against {least}");
        }

        #[test]
        fn no_aligned_matrix_of_twelve_entries_is_cheaper(
            neural in prop::collection::vec(-1..=1_i8, 12),
            symbolic in prop::collection::vec(-1..=2_i8, 12),
            w in prop::collection::vec(some_weight(), 12),
            held in prop::collection::vec(any::<bool>(), 4),
            config in some_config(),
        ) {
            let alignment = align(&matrix(3, &neural), &matrix(3, &symbolic), &w, &held, &config).expect("fits");
            let free = |entry: usize| held[entry % 4] && symbolic[entry] != 2;
            let inconsistent: Vec<_> = (0..12).map(|entry| free(entry) && neural[entry] != symbolic[entry]).collect();
            let own = objective(&inconsistent, &w, &alignment.symbolic_entries, &config).expect("values in range");
            let least = cheapest_of_all_choices(&inconsistent, &w, &config, free);
            prop_assert!((own - alignment.objective).abs() < 1e-9, "told {} for {own}", alignment.objective);
            prop_assert!((own - least).abs() < 1e-9, "{own} against {least}");
            for entry in 0..12 {
                let taken = if alignment.symbolic_entries[entry] { symbolic[entry] } else { neural[entry] };
                prop_assert_eq!(alignment.aligned.entries()[entry], Response::from_value(taken));
            }
        }

        #[test]
        fn a_dear_budget_is_never_overspent(
            entries in prop::collection::vec((any::<bool>(), some_weight()), 0..200),
            theta in 0.0..=1.0_f64,
        ) {
            let (inconsistent, w): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
            let config = AdaptorConfig { theta, c_l: 1e6, ..AdaptorConfig::default() };
            let choice = solve(&inconsistent, &w, &config).expect("values in range");
            let chosen = choice.iter().filter(|&&symbolic| symbolic).count();
            prop_assert!(chosen as f64 <= theta * w.len() as f64 + 1e-5);
        }
    }
}
