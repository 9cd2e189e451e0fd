//! Effects that known regulations explain already: a walk of two or three steps by way of genes that moved as well.

use std::collections::BTreeMap;

use super::screen::Screen;
use crate::biology::{GeneId, Sign};
use crate::network::RegulatoryNetwork;

/// Steps of the longest walk that explains an effect.
const MOST_STEPS: usize = 3;

/// What known walks from one regulator explain.
#[derive(Debug, Default)]
pub(super) struct Explained {
    /// By column: for each sign, the first gene on such a walk.
    by: BTreeMap<usize, [Option<GeneId>; 2]>,
}

impl Explained {
    /// Walks of two to three known steps from the regulator, of which each gene in between moved, in the experiments on the
    /// regulator, the way that the walk so far would have it.
    pub fn by_known_walks(network: &RegulatoryNetwork, screen: &Screen, regulator: usize) -> Self {
        let start = screen.regulators[regulator].gene;
        let mut explained = Self::default();
        // Genes reached, with the sign of the walk and its first gene after the start.
        let mut frontier: BTreeMap<(GeneId, Sign), GeneId> = BTreeMap::new();
        for step in 1..=MOST_STEPS {
            let mut next: BTreeMap<(GeneId, Sign), GeneId> = BTreeMap::new();
            let origins: Vec<_> = match step {
                1 => vec![(start, Sign::Activation, None)],
                _ => frontier.iter().map(|(&(gene, sign), &first)| (gene, sign, Some(first))).collect(),
            };
            for (gene, so_far, first) in origins {
                for target in
                    network.targets_of(gene).iter().filter(|target| target.gene != gene && target.gene != start)
                {
                    let sign = so_far.times(target.sign);
                    let first = first.unwrap_or(target.gene);
                    if step > 1
                        && let Some(column) = screen.column(target.gene)
                    {
                        explained.by.entry(column).or_default()[place(sign)].get_or_insert(first);
                    }
                    if moved(screen, regulator, target.gene, sign) {
                        next.entry((target.gene, sign)).or_insert(first);
                    }
                }
            }
            frontier = next;
        }
        explained
    }

    /// The gene by way of which an effect of this sign is explained.
    pub fn mediator(&self, column: usize, sign: Sign) -> Option<GeneId> {
        self.by.get(&column)?[place(sign)]
    }

    /// True if a walk has the sign of this change.
    pub fn matches(&self, column: usize, change: f32) -> bool {
        let sign = if change > 0.0 { Sign::Activation } else { Sign::Inhibition };
        self.mediator(column, sign).is_some()
    }
}

const fn place(sign: Sign) -> usize {
    match sign {
        Sign::Activation => 0,
        Sign::Inhibition => 1,
    }
}

/// True if the gene moved this way in at least one experiment on the regulator, and the other way in none.
fn moved(screen: &Screen, regulator: usize, gene: GeneId, sign: Sign) -> bool {
    screen.column(gene).is_some_and(|column| {
        let counts = screen.counts(regulator, column);
        counts.of(sign) > 0 && counts.of(sign.opposite()) == 0
    })
}
