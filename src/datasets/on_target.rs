//! The response of a perturbed gene itself: does what was deleted fall, and what was overexpressed rise?

use std::collections::BTreeMap;

use super::Dataset;
use crate::biology::{Direction, GeneTable, Response};

/// How a perturbed gene responded to its own perturbation.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnResponse {
    /// The gene.
    pub gene: String,
    /// What is said to have been done to it.
    pub declared: Direction,
    /// Its response; `None` if it was not called.
    pub response: Option<Response>,
    /// Its log2 fold change, if known.
    pub log2fc: Option<f64>,
}

/// The responses of perturbed genes to their own perturbations, as far as they were measured.
///
/// They are not scored, since nothing is learnt of regulation from them; but they show whether what was declared is what was
/// done. A deletion read as an overexpression, or a contrast with its sides swapped, turns every regulation round.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnTarget {
    /// Each measured gene of each experiment.
    pub own: Vec<OwnResponse>,
}

/// Fewer perturbed genes that move do not suffice to say that all of them were declared the wrong way.
const ENOUGH: usize = 3;
/// A smaller share than this is told, but is no reason for alarm.
const SMALL_SHARE: f64 = 0.1;

/// A gene with what was declared.
type Declared<'a> = (&'a str, Direction);
/// Experiments in which it moves as declared, less those in which it moves against that, and a fold change.
type Moved = (i64, Option<f64>);
type Net<'a> = BTreeMap<Declared<'a>, Moved>;

impl OnTarget {
    /// The own genes of each experiment of some observations.
    #[must_use]
    pub fn of(dataset: &Dataset, genes: &GeneTable) -> Self {
        Self { own: (0..dataset.len()).flat_map(|row| Self::of_row(dataset, row, genes)).collect() }
    }

    /// The measured own genes of one experiment.
    #[must_use]
    pub fn of_row(dataset: &Dataset, row: usize, genes: &GeneTable) -> Vec<OwnResponse> {
        let own = dataset.perturbations[row].changes().iter().map(|&(gene, declared)| OwnResponse {
            gene: genes.symbol(gene).to_owned(),
            declared,
            response: dataset.observed.get(row, gene),
            log2fc: dataset.log2fc.as_ref().and_then(|log2fc| log2fc.get(row, gene)).map(f64::from),
        });
        own.filter(|own| own.response.is_some() || own.log2fc.is_some()).collect()
    }

    fn net(&self) -> Net<'_> {
        let mut net = Net::new();
        for own in self.own.iter().filter(|own| own.response.is_some()) {
            let along = own.response.map_or(0, |response| i64::from(response.value() * own.declared.value()));
            let (sum, log2fc) = net.entry((own.gene.as_str(), own.declared)).or_default();
            *sum += along;
            if along < 0 || log2fc.is_none() {
                *log2fc = own.log2fc;
            }
        }
        net
    }

    /// Perturbed genes that were called, those that move as declared, and those that move against it.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        let net = self.net();
        let along = net.values().filter(|(sum, _)| *sum > 0).count();
        let against = net.values().filter(|(sum, _)| *sum < 0).count();
        (net.len(), along, against)
    }

    /// True if three perturbed genes or more move, and most of these against what was declared.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        let (_, along, against) = self.counts();
        along + against >= ENOUGH && against > along
    }

    /// True if what moves against the declaration is too much to be passed over.
    #[must_use]
    pub fn is_alarming(&self) -> bool {
        let (_, along, against) = self.counts();
        against > 0 && against as f64 >= SMALL_SHARE * (along + against) as f64
    }

    /// How many of the genes declared overexpressed rise, of how many that were called, and by how much.
    #[must_use]
    pub fn told_overexpressed(&self) -> String {
        let net = self.net();
        let own = |&(&(_, declared), _): &(&Declared<'_>, &Moved)| declared == Direction::Overexpression;
        let rising: Vec<_> =
            net.iter().filter(own).filter(|(_, (sum, _))| *sum > 0).map(|(key, moved)| (*key, *moved)).collect();
        format!("{} of {} perturbed genes rise{}", rising.len(), net.iter().filter(own).count(), listed(&rising))
    }

    /// What is to be told; `None` if no perturbed gene was called.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let (called, along, against) = self.counts();
        if called == 0 {
            return None;
        }
        if against == 0 {
            let others = if along < called { ", the others do not move" } else { "" };
            return Some(format!(
                "own genes: {along} of {called} perturbed genes that were measured move as declared{others}"
            ));
        }
        let told: Vec<String> = [Direction::Deletion, Direction::Overexpression]
            .into_iter()
            .filter_map(|declared| self.told_against(declared))
            .collect();
        Some(told.join("; "))
    }

    fn told_against(&self, declared: Direction) -> Option<String> {
        let net = self.net();
        let all = net.keys().filter(|(_, own)| *own == declared).count();
        let against = net.iter().filter(|((_, own), (sum, _))| *own == declared && *sum < 0);
        let against: Vec<_> = against.map(|(key, moved)| (*key, *moved)).collect();
        if against.is_empty() {
            return None;
        }
        let (moves, done, instead) = match declared {
            Direction::Deletion => ("rise", "deleted", "overexpressed or activated (CRISPRa)"),
            Direction::Overexpression => ("fall", "overexpressed", "deleted or knocked down (CRISPRi)"),
        };
        Some(format!(
            "{} of {all} perturbed genes {moves}{} although declared {done}: were they {instead}, or are the two sides of the \
             comparison swapped?",
            against.len(),
            listed(&against)
        ))
    }
}

/// Some genes with their fold changes.
fn listed(moved: &[(Declared<'_>, Moved)]) -> String {
    const SHOWN: usize = 5;
    let named = |&((gene, _), (_, log2fc)): &(Declared<'_>, Moved)| match log2fc {
        Some(log2fc) => format!("{gene} {log2fc:+.2}"),
        None => gene.to_owned(),
    };
    let mut shown: Vec<_> = moved.iter().take(SHOWN).map(named).collect();
    if moved.len() > SHOWN {
        shown.push("…".to_owned());
    }
    if shown.is_empty() { String::new() } else { format!(" (log2 fold change: {})", shown.join(", ")) }
}

/// Told where nearly all of many responses go one way, which a shift of the whole scale does sooner than a regulator.
pub fn one_way(down: usize, up: usize) -> Option<String> {
    const MANY: usize = 200;
    const FEW: f64 = 0.05;
    let (most, least, way) = if down > up { (down, up, "down") } else { (up, down, "up") };
    ((down + up) >= MANY && (least as f64) < FEW * (down + up) as f64).then(|| {
        format!(
            "{most} of {} responses are {way}: so one-sided a picture comes of a shift of the whole scale (depth, normalisation, \
             a batch that holds the controls) sooner than of perturbations",
            down + up
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(gene: &str, declared: Direction, response: Response, log2fc: f64) -> OwnResponse {
        OwnResponse { gene: gene.to_owned(), declared, response: Some(response), log2fc: Some(log2fc) }
    }

    #[test]
    fn three_deleted_genes_that_rise_contradict_the_declaration() {
        let three = ["A", "B", "C"].map(|gene| own(gene, Direction::Deletion, Response::Up, 1.65));
        let on_target = OnTarget { own: three.to_vec() };
        assert!(on_target.contradicts() && on_target.is_alarming());
        let told = on_target.told().expect("told");
        assert!(told.starts_with("3 of 3 perturbed genes rise") && told.contains("A +1.65"), "{told}");
        assert!(told.contains("although declared deleted") && told.contains("CRISPRa"), "{told}");
        assert!(!OnTarget { own: three[..2].to_vec() }.contradicts());
        assert!(OnTarget { own: three[..1].to_vec() }.is_alarming());
    }

    #[test]
    fn genes_that_move_as_declared_or_not_at_all_are_no_alarm() {
        let on_target = OnTarget {
            own: vec![
                own("A", Direction::Deletion, Response::Down, -3.0),
                own("B", Direction::Overexpression, Response::Up, 3.0),
                own("C", Direction::Deletion, Response::Unchanged, 0.1),
            ],
        };
        assert_eq!(on_target.counts(), (3, 2, 0));
        assert!(!on_target.contradicts() && !on_target.is_alarming());
        assert_eq!(OnTarget::default().told(), None);
    }

    #[test]
    fn a_gene_measured_in_several_experiments_counts_once() {
        let own = [Response::Down, Response::Down, Response::Up].map(|call| own("A", Direction::Deletion, call, 0.0));
        assert_eq!(OnTarget { own: own.to_vec() }.counts(), (1, 1, 0));
    }

    #[test]
    fn hundreds_of_responses_one_way_are_told() {
        assert!(one_way(3000, 20).is_some_and(|told| told.starts_with("3000 of 3020 responses are down")));
        assert!(one_way(30, 0).is_none() && one_way(300, 100).is_none());
    }
}
