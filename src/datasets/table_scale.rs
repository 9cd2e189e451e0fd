//! Whether the values of a table can be log2 fold changes at all.

/// What the values look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Nothing speaks against logarithms of fold changes.
    FoldChanges,
    /// They may be, but something is odd.
    Doubtful(String),
    /// They are something else.
    Other(String),
}

/// No ratio of two expressions that were measured reaches 2⁵⁰.
const HIGHEST: f64 = 50.0;
/// Whole numbers up to here may be rounded logarithms.
const HIGHEST_WHOLE: f64 = 12.0;
/// Of this many fold changes one at least is below 0.
const ENOUGH: usize = 20;
/// Of this many most likely.
const SOME: usize = 6;

/// Tells logarithms of fold changes from counts, expression, ratios and p-values.
pub(super) fn scale_of(values: impl Iterator<Item = f32>) -> Scale {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).map(f64::from).collect();
    values.sort_unstable_by(f64::total_cmp);
    let (Some(&lowest), Some(&highest)) = (values.first(), values.last()) else { return Scale::FoldChanges };
    let size = highest.max(-lowest);
    let whole = values.iter().all(|value| value.fract() == 0.0);
    if lowest >= 0.0 && whole && (highest > HIGHEST || (values.len() >= SOME && highest > HIGHEST_WHOLE)) {
        return Scale::Other(format!(
            "they are whole numbers up to {highest} and none is below 0: counts, of which fold changes are still to be made"
        ));
    }
    if size > HIGHEST {
        let below = if lowest < 0.0 { "" } else { " and none is below 0" };
        return Scale::Other(format!(
            "they go up to {size}{below}: expression, counts or ratios that are not logarithms (a log2 fold change of 10 \
             is already a thousandfold)"
        ));
    }
    if lowest < 0.0 || highest == 0.0 || values.len() < SOME {
        return Scale::FoldChanges;
    }
    without_falls(&values, highest)
}

/// Values of which none is below 0.
fn without_falls(values: &[f64], highest: f64) -> Scale {
    let n = values.len();
    let positive: Vec<f64> = values.iter().copied().filter(|&value| value > 0.0).collect();
    let middle = positive[positive.len() / 2];
    let many = n >= ENOUGH && positive.len() > n / 2;
    let told = |kind: &str| format!("none of {n} values is below 0{kind}");
    let kind = if highest <= 1.0 {
        " and none above 1: p-values or shares"
    } else if (0.7..=1.4).contains(&middle) {
        " and their middle is about 1: ratios that are not logarithms"
    } else if middle > 2.0 {
        " and most are above 2: expression rather than its change"
    } else {
        return Scale::Doubtful(told(", as if no gene had fallen"));
    };
    if many { Scale::Other(told(kind)) } else { Scale::Doubtful(told(kind)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f32]) -> Scale {
        scale_of(values.iter().copied())
    }

    #[test]
    fn counts_expression_ratios_and_p_values_are_told_from_fold_changes() {
        let many = |value: fn(u16) -> f32| (0..40).map(value).collect::<Vec<f32>>();
        for (values, wanted) in [
            (vec![1500.0, 1600.0, 200.0, 3.0], "counts"),
            (vec![15.0, 16.0, 2.0, 3.0, 0.0, 7.0], "counts"),
            (vec![-3.0, 811.5], "not logarithms"),
            (many(|n| f32::from(n) / 40.0), "p-values"),
            (many(|n| 0.8 + f32::from(n) / 100.0), "ratios"),
            (many(|n| 2.5 + f32::from(n) / 10.0), "expression"),
        ] {
            let scale = of(&values);
            assert!(matches!(&scale, Scale::Other(reason) if reason.contains(wanted)), "{values:?}: {scale:?}");
        }
        assert!(matches!(of(&[0.5, 1.5, 3.0, 0.2, 0.1, 0.3]), Scale::Doubtful(_)));
    }

    #[test]
    fn fold_changes_pass_even_where_few_or_none_fall() {
        for values in [&[2.0, 1.5][..], &[-1.0, 0.2, 27.3], &[0.0; 30], &[1.0, -1.0, 3.0, 2.0, 0.0, 4.0], &[]] {
            assert_eq!(of(values), Scale::FoldChanges, "{values:?}");
        }
    }
}
