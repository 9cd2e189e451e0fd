//! Weights of regulations: the sign of a number is that of the regulation, its size how sure it is.

use crate::biology::Sign;

use super::ImportError;
use super::delimited::{Layout, Table};
use super::sign_words::read_signs;

/// Names of columns whose numbers are signed even if none is below 0: the mode of regulation of DoRothEA, the coefficients
/// of CellOracle.
const SIGNED: [&str; 3] = ["mor", "coef", "coef_mean"];

/// How the numbers of one column are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights {
    /// The largest size, at least 1; `None` if the column holds signs alone.
    largest: Option<f64>,
}

impl Weights {
    /// Looks through a column for numbers that are none of 1, −1 and 0.
    ///
    /// # Errors
    /// [`ImportError::UnsignedWeights`] if there are some, and none below 0 in a column that is not known to be signed.
    pub(super) fn of(content: &[u8], file: &str, layout: Layout, column: &str) -> Result<Self, ImportError> {
        let mut table = Table::open_naming(content, file, layout, &[column])?;
        let at = table.column(column)?;
        let (mut largest, mut any_below_0, mut is_real) = (1.0_f64, false, false);
        while table.next_row()? {
            let Some(weight) = real(table.field(at)) else { continue };
            is_real |= read_signs(table.field(at)).is_none();
            any_below_0 |= weight < 0.0;
            largest = largest.max(weight.abs());
        }
        if is_real && !any_below_0 && !SIGNED.iter().any(|name| column.eq_ignore_ascii_case(name)) {
            return Err(ImportError::UnsignedWeights { file: file.to_owned(), column: column.to_owned() });
        }
        Ok(Self { largest: is_real.then_some(largest) })
    }

    /// Sign and confidence of a field; `None` if it is neither a sign nor a number.
    pub(super) fn read(&self, field: &str) -> Option<(&'static [Sign], Option<f64>)> {
        let (Some(largest), Some(weight)) = (self.largest, real(field)) else {
            return read_signs(field).map(|signs| (signs, None));
        };
        let signs: &'static [Sign] = match weight {
            0.0 => &[],
            above if above > 0.0 => &[Sign::Activation],
            _ => &[Sign::Inhibition],
        };
        Some((signs, Some(weight.abs() / largest)))
    }

    /// What was made of the numbers, if they are more than signs.
    pub(super) fn told(&self, column: &str) -> Option<String> {
        let largest = self.largest?;
        let divided = if largest > 1.0 { format!(", divided by the largest ({largest}),") } else { String::new() };
        Some(format!("the sign of `{column}` is taken for the sign, its size{divided} for the confidence"))
    }
}

fn real(field: &str) -> Option<f64> {
    field.replace('−', "-").parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(column: &str, fields: &[&str]) -> Result<Weights, ImportError> {
        let content = format!("a,{column}\n{}", fields.iter().map(|field| format!("x,{field}\n")).collect::<String>());
        Weights::of(content.as_bytes(), "w.csv", Layout::CSV, column)
    }

    #[test]
    fn the_size_of_a_weight_is_the_confidence_in_its_sign() {
        let weights = weights("weight", &["0.5", "-1", "0", "1"]).expect("signed");
        assert_eq!(weights.read("0.5"), Some((&[Sign::Activation][..], Some(0.5))));
        assert_eq!(weights.read("-1"), Some((&[Sign::Inhibition][..], Some(1.0))));
        assert_eq!(weights.read("0").map(|(signs, _)| signs.len()), Some(0));
        assert_eq!(weights.read("NA"), Some((&[][..], None)));
        assert_eq!(weights.read("inf"), None);
    }

    #[test]
    fn weights_above_1_are_divided_by_the_largest() {
        let weights = weights("weight", &["-4", "1"]).expect("signed");
        assert_eq!(weights.read("1"), Some((&[Sign::Activation][..], Some(0.25))));
        assert!(weights.told("weight").expect("told").contains("divided by the largest (4)"));
    }

    #[test]
    fn plain_signs_have_no_confidence() {
        let weights = weights("weight", &["1", "-1", "1.0", "0"]).expect("signs");
        assert_eq!((weights.read("1"), weights.told("weight")), (Some((&[Sign::Activation][..], None)), None));
    }

    #[test]
    fn scores_that_are_never_below_0_are_no_signs_unless_the_column_is_known_to_be_signed() {
        let message = weights("score", &["0.2", "0.9"]).expect_err("unsigned").to_string();
        assert!(message.contains("column `score` has real numbers, and none of them is below 0"), "{message}");
        assert!(weights("coef_mean", &["0.2", "0.9"]).is_ok());
    }
}
