//! How many cells, controls and batches a measured change needs.

use serde::{Deserialize, Serialize};

use super::{ErrorParts, ErrorSums, MetricError};

/// One gene in one batch: how it changes against the controls of the batch, and how sure cells and controls make that.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GeneEffect {
    /// Mean of the perturbed cells less mean of the controls.
    pub change: f64,
    /// Squared standard error of the first mean, `s²_p/n`, ≥ 0.
    pub of_cells: f64,
    /// Squared standard error of the second, `s²_c/m`, ≥ 0.
    pub of_controls: f64,
}

/// Sums over genes from which [`ChangeParts`] are made; no gene is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeSums {
    errors: ErrorSums,
    batches: f64,
    genes: f64,
    of_cells: f64,
    of_controls: f64,
    /// Sum of the squared sampling variances of the mean over batches.
    squared_variances: f64,
}

impl ChangeSums {
    /// Of no gene yet, over this many batches.
    #[must_use]
    pub const fn new(batches: usize) -> Self {
        let errors = ErrorSums::new(batches);
        Self { errors, batches: batches as f64, genes: 0.0, of_cells: 0.0, of_controls: 0.0, squared_variances: 0.0 }
    }

    /// Adds a gene with its effect in each batch.
    pub fn add(&mut self, effects: &[GeneEffect]) {
        let of_mean = |part: fn(&GeneEffect) -> f64| effects.iter().map(part).sum::<f64>() / self.batches.powi(2);
        let (of_cells, of_controls) = (of_mean(|effect| effect.of_cells), of_mean(|effect| effect.of_controls));
        self.errors.add(0.0, effects.iter().map(|effect| (effect.change, effect.of_cells + effect.of_controls)));
        self.genes += 1.0;
        self.of_cells += of_cells;
        self.of_controls += of_controls;
        self.squared_variances += (of_cells + of_controls).powi(2);
    }

    /// The parts; `None` without a batch or a gene.
    #[must_use]
    pub fn parts(&self) -> Option<ChangeParts> {
        let ErrorParts { model, batch, .. } = self.errors.parts_of_mean()?;
        let of_batches = batch.unwrap_or(0.0);
        let sampling = self.of_cells + self.of_controls;
        // Σ(w + B/n)² from its sums.
        let squares = self.squared_variances + of_batches * (2.0 * sampling + self.genes * of_batches);
        Some(ChangeParts {
            change: model,
            change_error: (2.0 * squares).sqrt() / self.genes,
            batch,
            cells: self.of_cells / self.genes,
            controls: self.of_controls / self.genes,
        })
    }
}

/// What the mean change over batches is made of, as means over genes of squares.
///
/// ```text
/// C = 1/n_b² · mean_g Σ_b s²_{p,b,g}/n,   K = 1/n_b² · mean_g Σ_b s²_{c,b,g}/m,   B = max(0, mean_g var_b d_{b,g} − n_b (C + K))/n_b
/// Q = max(0, mean_g d̄_g² − B − C − K),   se = √(2 Σ_g (w_g + B)²)/G
/// ```
/// where `d_{b,g}` is the change of gene `g` of `G` in batch `b` of `n_b`, `d̄_g` its mean over batches, `s²` the variances of
/// perturbed cells (`n` of them in the batch) and of controls (`m`), and `w_g` the sampling variance of `d̄_g`. These are
/// the parts of [`super::error_parts`] for the prediction that nothing changes, divided by `n_b` since they are those of the
/// mean: `Q` is its model part. `se` is the error of `Q` where nothing changes, were genes independent; they are not
/// quite, so that it is rather too small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeParts {
    /// `Q`: mean squared true change, ≥ 0; with one batch also what that batch adds.
    pub change: f64,
    /// `se`: standard error of `Q` where nothing changes, ≥ 0.
    pub change_error: f64,
    /// `B`: what batches add, ≥ 0; `None` with a single one.
    pub batch: Option<f64>,
    /// `C`: what the number of perturbed cells adds, ≥ 0.
    pub cells: f64,
    /// `K`: what the number of controls adds, ≥ 0.
    pub controls: f64,
}

/// What it takes to know a change; `None` where there is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellNeeds {
    /// False if the change is not told apart from what chance makes; the numbers are then the least that can be enough.
    pub told: bool,
    /// Perturbed cells, over all its batches.
    pub cells: Option<u64>,
    /// Controls, over all its batches.
    pub controls: Option<u64>,
    /// Batches.
    pub batches: Option<u64>,
}

impl CellNeeds {
    /// True if nothing more is needed.
    #[must_use]
    pub const fn is_met(&self) -> bool {
        self.told && self.cells.is_none() && self.controls.is_none() && self.batches.is_none()
    }
}

/// A change is told apart from nothing from this many standard errors on.
const TOLD: f64 = 2.0;

impl ChangeParts {
    /// The sampling part, `C + K`.
    #[must_use]
    pub fn sampling(&self) -> f64 {
        self.cells + self.controls
    }

    /// True if the change is more than chance makes of nothing: `Q > 2 se`.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.change > TOLD * self.change_error
    }

    /// The sampling part as a share of the mean squared change; `None` where that is 0.
    #[must_use]
    pub fn sampling_share(&self) -> Option<f64> {
        Some(self.sampling() / self.change).filter(|share| share.is_finite())
    }

    /// How many cells, controls and batches bring the sampling part, and the batch part, to a `share` of the change.
    ///
    /// ```text
    /// t = share · Q                                enough if C + K ≤ t
    /// f = max(1, C / max(t/2, t − K))              f times the perturbed cells of every batch
    /// h = max(1, K / max(t/2, t − C))              h times the controls of every batch
    /// B ≤ t, else ⌈B n_b / t⌉ batches
    /// ```
    /// More perturbed cells leave `K` as it is: controls are asked for once they take more than half of `t` (`K > t/2`), and
    /// then no more of them than halve it. A measured change whose sampling part is a `share` of the true one explains
    /// `1/(1 + share)` of the variance of what is measured: 0.91 at 0.1. Where the change is not told apart from nothing, `Q + 2 se` stands
    /// for `Q`: the largest change that may hide there, so that the numbers are the least.
    ///
    /// # Shapes
    /// - `cells`, `controls`: one number for each of the `n_b` batches
    ///
    /// # Errors
    /// [`MetricError::SamplingShare`] for a `share` that is not above 0 and at most 1.
    pub fn needs(&self, cells: &[usize], controls: &[usize], share: f64) -> Result<CellNeeds, MetricError> {
        if !(share > 0.0 && share <= 1.0) {
            return Err(MetricError::SamplingShare { value: share });
        }
        let told = self.is_told();
        let allowed = share * if told { self.change } else { self.change + TOLD * self.change_error };
        let times = |part: f64, other: f64| part / (0.5 * allowed).max(allowed - other);
        let short = self.sampling() > allowed;
        let more = |times: f64, numbers: &[usize]| (short && times > 1.0).then(|| multiplied(times, numbers));
        let batches = self.batch.filter(|&batch| batch > allowed);
        Ok(CellNeeds {
            told,
            cells: more(times(self.cells, self.controls), cells),
            controls: more(times(self.controls, self.cells), controls),
            batches: batches.map(|batch| (batch * cells.len() as f64 / allowed).ceil() as u64),
        })
    }
}

/// This many times as many in every batch, each rounded up.
fn multiplied(times: f64, numbers: &[usize]) -> u64 {
    const ROUNDING: f64 = 1e-9;
    let each = numbers.iter().map(|&number| (times * number as f64 * (1.0 - ROUNDING)).ceil() as u64);
    each.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn effect(change: f64, of_cells: f64, of_controls: f64) -> GeneEffect {
        GeneEffect { change, of_cells, of_controls }
    }

    fn parts(genes: &[&[GeneEffect]]) -> ChangeParts {
        let mut sums = ChangeSums::new(genes[0].len());
        genes.iter().for_each(|effects| sums.add(effects));
        sums.parts().expect("a gene and a batch")
    }

    #[test]
    fn two_batches_agree_with_pencil() {
        // Gene 0 changes by 3 and 5, gene 1 by 0 and 0; s²/n = ½ for cells and ¼ for controls, in either batch.
        let found = parts(&[&[effect(3.0, 0.5, 0.25), effect(5.0, 0.5, 0.25)], &[effect(0.0, 0.5, 0.25); 2]]);
        // C = (½ + ½)/4, K = (¼ + ¼)/4; variances over batches 2 and 0, mean 1, less ¾ of sampling, halved.
        assert_eq!((found.cells, found.controls, found.batch), (0.25, 0.125, Some(0.125)));
        // (16 + 0)/2 less ¼ + ⅛ + ⅛ = 7½; w + B = ½ for both genes: √(2 · 2 · ¼)/2.
        assert_eq!((found.change, found.change_error), (7.5, 0.5));
        assert_eq!(found.sampling_share(), Some(0.05));
        // A tenth of 7½ is enough; of a fiftieth, 0.15, the controls take more than half. Both must come to 0.075:
        // cells 3⅓ times, 10 and 5 become 34 and 17; controls 1⅔ times, 6 and 12 become 10 and 20. B ≤ 0.15.
        let needs = |share| found.needs(&[10, 5], &[6, 12], share).expect("a share");
        assert_eq!(needs(0.1), CellNeeds { told: true, ..CellNeeds::default() });
        assert_eq!(needs(0.02), CellNeeds { told: true, cells: Some(34 + 17), controls: Some(10 + 20), batches: None });
        // A twenty-fifth, 0.3: the controls take 0.125, the cells may take 0.175: 1 3/7 times, 15 and 8.
        assert_eq!(needs(0.04), CellNeeds { told: true, cells: Some(15 + 8), controls: None, batches: None });
        // A hundredth is 0.075: the batches take 0.125 in two, so 3⅓ of them are needed.
        assert_eq!(needs(0.01).batches, Some(4));
    }

    #[test]
    fn few_controls_are_asked_for_alone_and_one_batch_has_no_batch_part() {
        let found = parts(&[&[effect(2.0, 0.05, 0.95)], &[effect(2.0, 0.05, 0.95)]]);
        // Q = 4 − 1 = 3, se = √(2 · 2)/2 = 1, t = 0.3: the cells take 0.05, so the controls may take 0.25: 3.8 times.
        assert_eq!((found.change, found.batch), (3.0, None));
        let needs = found.needs(&[40], &[10], 0.1).expect("a share");
        assert_eq!(needs, CellNeeds { told: true, cells: None, controls: Some(38), batches: None });
    }

    #[test]
    fn a_change_that_chance_could_make_gets_the_least_number() {
        // Q = 1.2 − 1 = 0.2 next to se = √2: the largest change that hides there is 0.2 + 2√2, a tenth of it 0.303.
        let found = parts(&[&[effect(1.2_f64.sqrt(), 1.0, 0.0)]]);
        let needs = found.needs(&[10], &[50], 0.1).expect("a share");
        assert_eq!(needs, CellNeeds { told: false, cells: Some(34), controls: None, batches: None });
        assert!(!needs.is_met());
        // What never varies nor changes asks for nothing and yet tells nothing.
        let still = parts(&[&[effect(0.0, 0.0, 0.0); 2]]);
        assert_eq!(still.needs(&[5; 2], &[5; 2], 0.1), Ok(CellNeeds::default()));
        assert_eq!(still.sampling_share(), None);
    }

    #[test]
    fn a_share_of_nothing_or_of_more_than_all_is_refused() {
        for share in [0.0, -1.0, 1.5, f64::NAN] {
            let refused = ChangeParts::default().needs(&[], &[], share).expect_err("no share");
            assert!(refused.to_string().contains("above 0 and at most 1"), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn what_is_asked_for_is_enough_and_one_cell_less_is_not(
            genes in prop::collection::vec((-3.0..3.0_f64, 0.01..2.0_f64, 0.01..2.0_f64), 3..30),
            cells in 2..200_usize,
            controls in 2..200_usize,
            share in 0.01..1.0_f64,
        ) {
            // Variances per cell are given; the squared errors follow from the numbers.
            let effects = |cells: f64, controls: f64| -> ChangeParts {
                let mut sums = ChangeSums::new(2);
                for &(change, own, control) in &genes {
                    sums.add(&[effect(change, own / cells, control / controls); 2]);
                }
                sums.parts().expect("a gene and a batch")
            };
            let now = effects(cells as f64, controls as f64);
            let needs = now.needs(&[cells; 2], &[controls; 2], share).expect("a share");
            let most = if needs.told { now.change } else { now.change + 2.0 * now.change_error };
            let each = |need: Option<u64>, now: usize| need.map_or(now as f64, |need| need as f64 / 2.0);
            let then = effects(each(needs.cells, cells), each(needs.controls, controls));
            prop_assert!(then.sampling() <= share * most * (1.0 + 1e-6), "{now:?} {needs:?} {then:?}");
            prop_assert_eq!(needs.cells.or(needs.controls).is_some(), now.sampling() > share * most);
            prop_assert!(needs.cells.is_none_or(|need| need as usize > 2 * cells));
            prop_assert!(needs.controls.is_none_or(|need| need as usize > 2 * controls));
            if let (Some(need), None) = (needs.cells, needs.controls) {
                let fewer = effects((need as f64 / 2.0 - 1.0).max(1.0), controls as f64);
                prop_assert!(fewer.sampling() > share * most * (1.0 - 1e-6));
            }
        }
    }
}
