//! Several targets in one cell, with one sign for all or one for each.

use crate::biology::Sign;

use super::delimited::parts;

/// What joins the names in one cell.
const SEPARATORS: [char; 5] = [';', '|', ',', '\n', '\t'];

/// The genes named in one cell, one or more, without brackets and quotes around them.
pub(super) fn genes_in(cell: &str) -> Vec<String> {
    let inner = cell.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(cell);
    let bare = |name: String| name.trim_matches(['\'', '"']).trim().to_owned();
    parts(inner, &SEPARATORS).into_iter().map(bare).filter(|name| !name.is_empty()).collect()
}

/// One sign for all targets, or as many as there are targets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SignList<'s> {
    signs: Vec<(&'s [Sign], Option<f64>)>,
}

impl<'s> SignList<'s> {
    /// Reads a cell by `read`; `None` if part of it is not understood, or there is neither one sign nor one for each target.
    pub(super) fn of(
        cell: &str,
        targets: usize,
        read: impl Fn(&str) -> Option<(&'s [Sign], Option<f64>)>,
    ) -> Option<Self> {
        if let Some(one) = read(cell) {
            return Some(Self { signs: vec![one] });
        }
        let words = parts(cell.trim_matches(['[', ']']), &SEPARATORS);
        let signs: Option<Vec<_>> = words.iter().map(|word| read(word.trim_matches(['\'', '"']))).collect();
        signs.filter(|signs| signs.len() == targets && targets > 1).map(|signs| Self { signs })
    }

    /// The sign of one of the targets, by its place.
    pub(super) fn of_target(&self, place: usize) -> (&'s [Sign], Option<f64>) {
        self.signs.get(place).copied().unwrap_or(self.signs[0])
    }
}

#[cfg(test)]
mod tests {
    use super::super::sign_words::read_signs;
    use super::*;

    #[test]
    fn genes_in_one_cell_come_apart_whatever_joins_them() {
        for cell in ["B;C;D", "B|C|D", "B, C, D", "['B', 'C', 'D']", "B;C|D;"] {
            assert_eq!(genes_in(cell), ["B", "C", "D"], "{cell}");
        }
        assert_eq!(genes_in("HLA-A"), ["HLA-A"]);
        assert!(genes_in(" ; ").is_empty());
    }

    #[test]
    fn one_sign_is_for_all_and_several_are_for_one_each() {
        let read = |word: &str| read_signs(word).map(|signs| (signs, None));
        let one = SignList::of("-", 3, read).expect("a sign");
        assert_eq!([0, 2].map(|place| one.of_target(place).0), [&[Sign::Inhibition][..]; 2]);
        let each = SignList::of("+;-", 2, read).expect("two signs");
        assert_eq!([0, 1].map(|place| each.of_target(place).0), [&[Sign::Activation][..], &[Sign::Inhibition]]);
        for (cell, targets) in [("+;-", 3), ("+;-", 1), ("+;x", 2), ("x", 1)] {
            assert_eq!(SignList::of(cell, targets, read), None, "{cell} for {targets}");
        }
    }
}
