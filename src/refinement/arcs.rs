//! The regulations as they are walked, and edits of them.

use crate::biology::{Regulation, Sign};
use crate::network::RegulatoryNetwork;

/// Depth of a state that no walk reaches.
pub(super) const UNREACHED: u8 = 250;

/// One end of a regulation as it is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arc {
    pub gene: u32,
    /// 0 keeps the sign of a walk, 1 turns it.
    pub turn: u8,
}

/// The regulations that are walked, both ways; self-regulation is left out.
#[derive(Clone, Debug)]
pub(super) struct Arcs {
    pub targets: Vec<Vec<Arc>>,
    pub regulators: Vec<Vec<Arc>>,
}

pub(super) const fn turn_of(sign: Sign) -> u8 {
    match sign {
        Sign::Activation => 0,
        Sign::Inhibition => 1,
    }
}

impl Arcs {
    pub fn of(network: &RegulatoryNetwork) -> Self {
        let n_genes = network.n_genes();
        let mut arcs = Self { targets: vec![Vec::new(); n_genes], regulators: vec![Vec::new(); n_genes] };
        for &regulation in network.regulations() {
            if regulation.regulator != regulation.target {
                arcs.apply(Edit { regulation, insert: true });
            }
        }
        arcs
    }

    pub fn contains(&self, regulation: Regulation) -> bool {
        let arc = Arc { gene: regulation.target.index() as u32, turn: turn_of(regulation.sign) };
        self.targets[regulation.regulator.index()].binary_search(&arc).is_ok()
    }

    pub fn apply(&mut self, edit: Edit) {
        let (regulator, target) = (edit.regulation.regulator.index(), edit.regulation.target.index());
        let turn = turn_of(edit.regulation.sign);
        edit_list(&mut self.targets[regulator], Arc { gene: target as u32, turn }, edit.insert);
        edit_list(&mut self.regulators[target], Arc { gene: regulator as u32, turn }, edit.insert);
    }
}

fn edit_list(list: &mut Vec<Arc>, arc: Arc, insert: bool) {
    match (list.binary_search(&arc), insert) {
        (Err(place), true) => list.insert(place, arc),
        (Ok(place), false) => {
            list.remove(place);
        }
        _ => {}
    }
}

/// One regulation put in or taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub regulation: Regulation,
    pub insert: bool,
}
