//! The regulations between one gene and another: of neither sign, of one, of both.

use crate::biology::{RevisionKind, Sign};

/// Signs of the regulations from one gene to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs([bool; 2]);

impl Signs {
    /// The signs for which this holds.
    pub fn of(holds: impl Fn(Sign) -> bool) -> Self {
        Self(Sign::BOTH.map(holds))
    }

    pub fn contains(self, sign: Sign) -> bool {
        self.0[sign as usize]
    }

    pub fn set(&mut self, sign: Sign, present: bool) {
        self.0[sign as usize] = present;
    }

    /// The revisions that lead from these signs to others: a flip where one went and one came.
    pub fn revisions_to(self, others: Self) -> impl Iterator<Item = (RevisionKind, Sign)> {
        let lost = move |sign| self.contains(sign) && !others.contains(sign);
        let gained = move |sign| !self.contains(sign) && others.contains(sign);
        let kind = move |sign: Sign| match (lost(sign), gained(sign), sign.opposite()) {
            (true, _, other) if gained(other) => Some(RevisionKind::SignFlipped),
            (true, ..) => Some(RevisionKind::Removed),
            (_, true, other) if !lost(other) => Some(RevisionKind::Added),
            _ => None,
        };
        Sign::BOTH.into_iter().filter_map(move |sign| kind(sign).map(|kind| (kind, sign)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_between_sets_of_signs_is_named_by_the_fewest_revisions() {
        use RevisionKind::{Added, Removed, SignFlipped};
        use Sign::{Activation, Inhibition};
        let steps = |from: [bool; 2], to: [bool; 2]| Signs(from).revisions_to(Signs(to)).collect::<Vec<_>>();
        let (none, up, down, both) = ([false; 2], [true, false], [false, true], [true; 2]);
        for same in [none, up, down, both] {
            assert_eq!(steps(same, same), []);
        }
        assert_eq!(steps(none, down), [(Added, Inhibition)]);
        assert_eq!(steps(none, both), [(Added, Activation), (Added, Inhibition)]);
        assert_eq!(steps(both, none), [(Removed, Activation), (Removed, Inhibition)]);
        assert_eq!(steps(both, up), [(Removed, Inhibition)]);
        assert_eq!(steps(up, down), [(SignFlipped, Activation)]);
        assert_eq!(steps(down, up), [(SignFlipped, Inhibition)]);
    }
}
