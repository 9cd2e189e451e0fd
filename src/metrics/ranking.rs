//! How high a ranking places what is true, with ties at their expectation.

/// Area under the precision-recall curve as average precision, of items with a score and whether they are true.
///
/// ```text
/// AP = Σ_k (R_k − R_{k−1}) · P_k
/// ```
/// over the distinct scores in falling order, `P_k` and `R_k` being precision and recall of all items at least as high.
/// Items that all share one score give the share of true ones. `None` where nothing is true. A score that is not a number comes
/// last.
#[must_use]
pub fn average_precision_of(items: &[(f64, bool)]) -> Option<f64> {
    let support = items.iter().filter(|(_, is_true)| *is_true).count();
    if support == 0 {
        return None;
    }
    let (mut called, mut right, mut area) = (0, 0, 0.0);
    for tied in falling(items).chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let found = tied.iter().filter(|(_, is_true)| *is_true).count();
        called += tied.len();
        right += found;
        area += found as f64 / support as f64 * (right as f64 / called as f64);
    }
    Some(area)
}

/// Share of true ones among the `first` items with the highest scores; of items with one score that do not all fit, the
/// expected number. Of fewer items than asked for, their share. `None` for no item.
#[must_use]
pub fn precision_at(items: &[(f64, bool)], first: usize) -> Option<f64> {
    let first = first.min(items.len());
    if first == 0 {
        return None;
    }
    let (mut taken, mut right) = (0, 0.0);
    for tied in falling(items).chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let found = tied.iter().filter(|(_, is_true)| *is_true).count() as f64;
        let fits = tied.len().min(first - taken);
        right += found * fits as f64 / tied.len() as f64;
        taken += fits;
        if taken == first {
            break;
        }
    }
    Some(right / first as f64)
}

fn falling(items: &[(f64, bool)]) -> Vec<(f64, bool)> {
    let known = |score: f64| if score.is_nan() { f64::NEG_INFINITY } else { score };
    let mut items: Vec<_> = items.iter().map(|&(score, is_true)| (known(score), is_true)).collect();
    items.sort_by(|a, b| b.0.total_cmp(&a.0));
    items
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_ranking_worked_by_hand() {
        // True at ranks 1 and 3 of 4: (1/1 + 2/3) / 2.
        let items = [(4.0, true), (3.0, false), (2.0, true), (1.0, false)];
        assert!((average_precision_of(&items).expect("some are true") - 5.0 / 6.0).abs() < 1e-12);
        assert_eq!(precision_at(&items, 2), Some(0.5));
        assert_eq!(precision_at(&items, 100), Some(0.5), "all four");
        assert_eq!((average_precision_of(&[(1.0, false)]), precision_at(&items, 0)), (None, None));
    }

    #[test]
    fn of_tied_items_the_expected_number_is_right() {
        let items = [(2.0, true), (1.0, true), (1.0, false), (1.0, false), (1.0, false)];
        // One sure, and one of four that are right once.
        assert_eq!(precision_at(&items, 2), Some(0.625));
    }

    proptest! {
        #[test]
        fn what_says_nothing_finds_at_the_base_rate(truth in proptest::collection::vec(any::<bool>(), 1..60), first in 1_usize..80) {
            let items: Vec<_> = truth.iter().map(|&is_true| (0.0, is_true)).collect();
            let share = truth.iter().filter(|is_true| **is_true).count() as f64 / truth.len() as f64;
            prop_assert!((precision_at(&items, first).expect("items") - share).abs() < 1e-12);
            prop_assert!(average_precision_of(&items).is_none_or(|area| (area - share).abs() < 1e-12));
        }
    }
}
