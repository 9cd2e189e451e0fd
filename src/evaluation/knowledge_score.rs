//! What several knowledge bases predict of the same experiments.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::EvaluationError;
use super::replication::{Replication, replications};
use crate::biology::{GeneId, Perturbation, Response, ResponseMatrix};
use crate::datasets::Dataset;
use crate::metrics::{
    BootstrapConfig, Consistency, Interval, MetricError, PairedDifference, consistency, consistency_interval,
    paired_difference,
};
use crate::network::RegulatoryNetwork;
use crate::symbolic::{Closure, Reading, Simulator};

/// Name of the row for the knowledge base as it was given: what is lost or won by doing nothing to it.
pub const ORIGINAL: &str = "original";
/// Name of the row that predicts no response at all.
const NO_CHANGE: &str = "no-change";

/// A network with the name of its knowledge base.
#[derive(Clone, Copy, Debug)]
pub struct NamedNetwork<'a> {
    /// How its row is called.
    pub name: &'a str,
    /// The network, over the genes of the data.
    pub network: &'a RegulatoryNetwork,
}

/// Which perturbations a row of scores is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StratumKind {
    /// All of them.
    All,
    /// Those whose set of perturbed genes the refinement had data of.
    Seen,
    /// Those whose set of perturbed genes it never had data of.
    Unseen,
}

impl StratumKind {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Seen => "seen",
            Self::Unseen => "unseen",
        }
    }
}

/// Scores over one stratum of the perturbations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// Which perturbations.
    pub kind: StratumKind,
    /// Number of experiments.
    pub experiments: usize,
    /// Number of different sets of perturbed genes: what intervals are drawn over.
    pub gene_sets: usize,
    /// Nothing at all, the original knowledge, then the others in the order given.
    pub scores: Vec<KnowledgeScore>,
}

/// What one knowledge base predicts right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnowledgeScore {
    /// Name of the knowledge base; `no-change` and `original` are ours.
    pub name: String,
    /// Agreement with what was observed; ambiguous entries count as unchanged and are counted next to.
    pub data: Consistency,
    /// Bootstrap interval of the macro-F1 over sets of perturbed genes; `None` for fewer than two of them.
    pub interval: Option<Interval>,
    /// Entries of which the knowledge can say nothing: no perturbed gene has a target, or the measured one no regulator.
    pub silent: u64,
    /// Macro-F1 less that of the original knowledge, on the same draws; `None` for the original itself.
    pub less_original: Option<PairedDifference>,
    /// Regulations and effects that the original lacks or states otherwise, and those of it that are missing here.
    pub regulations_gained: usize,
    /// See [`KnowledgeScore::regulations_gained`].
    pub regulations_lost: usize,
    /// How the revisions that lead here from the original fare, by kind; empty over folds, where each has its own.
    pub replications: Vec<Replication>,
}

/// What somebody says of every experiment.
pub(super) struct Predicted {
    pub name: String,
    pub responses: ResponseMatrix,
    pub silent: u64,
    pub gained: usize,
    pub lost: usize,
}

impl Predicted {
    /// What a network says of the experiments, and how it differs from the original.
    pub fn by(
        named: NamedNetwork<'_>,
        original: &RegulatoryNetwork,
        data: (&[Perturbation], &ResponseMatrix),
        (depth, reading): (usize, Reading),
    ) -> Self {
        let NamedNetwork { name, network } = named;
        let lacking = |one: &RegulatoryNetwork, other: &RegulatoryNetwork| {
            let regulations = one.regulations().iter().filter(|&&regulation| !other.contains(regulation));
            regulations.count() + one.effects().iter().filter(|&&effect| !other.contains_effect(effect)).count()
        };
        Self {
            name: name.to_owned(),
            responses: Closure::new(network, depth, reading).simulate(data.0),
            silent: silent_entries(network, data),
            gained: lacking(network, original),
            lost: lacking(original, network),
        }
    }

    pub fn no_change((perturbations, observed): (&[Perturbation], &ResponseMatrix)) -> Self {
        let entries = vec![Some(Response::Unchanged); perturbations.len() * observed.n_genes()];
        let responses = ResponseMatrix::from_entries(perturbations.len(), observed.n_genes(), entries);
        let silent = measured(perturbations, observed).count() as u64;
        Self { name: NO_CHANGE.to_owned(), responses, silent, gained: 0, lost: 0 }
    }
}

/// Scores `original`, `others` and the `controls` next to them on the experiments of `dataset`: over all of them and, if `seen` names the sets of
/// perturbed genes that a refinement had data of, over those and over the rest.
///
/// # Shapes
/// All networks and the data are over the same genes.
///
/// # Errors
/// [`EvaluationError::Metric`] if a network does not have the genes of the data, or a setting of the bootstrap is out of
/// range.
pub fn score_knowledge(
    original: &RegulatoryNetwork,
    others: &[NamedNetwork<'_>],
    controls: &[NamedNetwork<'_>],
    dataset: &Dataset,
    seen: Option<&BTreeSet<Vec<GeneId>>>,
    (depth, reading): (usize, Reading),
    bootstrap: &BootstrapConfig,
) -> Result<Vec<Stratum>, EvaluationError> {
    let is_seen = |row: &usize| {
        let genes: Vec<_> = dataset.perturbations[*row].genes().collect();
        seen.is_some_and(|seen| seen.contains(&genes))
    };
    let all: Vec<_> = (0..dataset.len()).collect();
    let mut strata = vec![(StratumKind::All, all.clone())];
    if seen.is_some() {
        let (seen, unseen) = all.into_iter().partition(is_seen);
        strata.extend([(StratumKind::Seen, seen), (StratumKind::Unseen, unseen)]);
    }
    let stratum = |(kind, rows): (StratumKind, Vec<usize>)| {
        let part = dataset.select(&rows);
        let data = (part.perturbations.as_slice(), &part.observed);
        let named = [NamedNetwork { name: ORIGINAL, network: original }].into_iter();
        let named = named.chain(others.iter().chain(controls).copied());
        let said = named.map(|named| Predicted::by(named, original, data, (depth, reading)));
        let predicted: Vec<_> = [Predicted::no_change(data)].into_iter().chain(said).collect();
        let mut stratum = stratum(kind, data, &predicted, bootstrap)?;
        // The rows before are no change and the original.
        for (score, other) in stratum.scores.iter_mut().skip(2).zip(others) {
            score.replications = replications(original, other.network, &part, (depth, reading), bootstrap.seed);
        }
        Ok(stratum)
    };
    strata.into_iter().map(stratum).collect()
}

/// Scores of everybody over the same experiments; the second one is the original.
pub(super) fn stratum(
    kind: StratumKind,
    data: (&[Perturbation], &ResponseMatrix),
    predicted: &[Predicted],
    bootstrap: &BootstrapConfig,
) -> Result<Stratum, EvaluationError> {
    let (perturbations, observed) = data;
    let gene_sets: BTreeSet<Vec<_>> = perturbations.iter().map(|row| row.genes().collect()).collect();
    let original = predicted.iter().find(|said| said.name == ORIGINAL);
    let score = |said: &Predicted| -> Result<KnowledgeScore, EvaluationError> {
        let other = original.filter(|original| !std::ptr::eq(*original, said));
        let difference =
            other.map(|other| paired_difference(perturbations, observed, &said.responses, &other.responses, bootstrap));
        Ok(KnowledgeScore {
            name: said.name.clone(),
            data: consistency(perturbations, observed, &said.responses)?,
            interval: if_enough(consistency_interval(perturbations, observed, &said.responses, bootstrap))?,
            silent: said.silent,
            less_original: difference.map(if_enough).transpose()?.flatten(),
            regulations_gained: said.gained,
            regulations_lost: said.lost,
            replications: Vec::new(),
        })
    };
    Ok(Stratum {
        kind,
        experiments: perturbations.len(),
        gene_sets: gene_sets.len(),
        scores: predicted.iter().map(score).collect::<Result<_, _>>()?,
    })
}

/// Too few gene sets for an interval are no fault here.
pub(super) fn if_enough<T>(result: Result<T, MetricError>) -> Result<Option<T>, MetricError> {
    match result {
        Err(MetricError::TooFewPerturbations { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// The scored entries: measured, and not of a gene that the experiment moves itself.
fn measured<'a>(
    perturbations: &'a [Perturbation],
    observed: &'a ResponseMatrix,
) -> impl Iterator<Item = (usize, GeneId)> + 'a {
    perturbations.iter().enumerate().flat_map(move |(row, perturbation)| {
        let genes = observed.row(row).iter().enumerate().filter(|(_, entry)| entry.is_some());
        genes.map(move |(gene, _)| (row, GeneId::new(gene))).filter(|&(_, gene)| !perturbation.moves(gene))
    })
}

fn silent_entries(network: &RegulatoryNetwork, (perturbations, observed): (&[Perturbation], &ResponseMatrix)) -> u64 {
    if network.n_genes() != observed.n_genes() {
        return 0;
    }
    let acts = |gene: GeneId| network.targets_of(gene).iter().any(|target| target.gene != gene);
    let speaks: Vec<_> = perturbations.iter().map(|perturbation| perturbation.genes().any(acts)).collect();
    let answers: Vec<_> = (0..network.n_genes())
        .map(GeneId::new)
        .map(|gene| network.regulators_of(gene).iter().any(|regulator| regulator.gene != gene))
        .collect();
    measured(perturbations, observed).filter(|&(row, gene)| !speaks[row] || !answers[gene.index()]).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Regulation, Sign};

    /// Gene 0 activates 1, which activates 2; gene 3 regulates itself alone.
    fn network() -> RegulatoryNetwork {
        let arc = |from, to| Regulation::new(GeneId::new(from), GeneId::new(to), Sign::Activation);
        RegulatoryNetwork::new(4, [arc(0, 1), arc(1, 2), arc(3, 3)])
    }

    fn dataset(rows: &[(usize, [i8; 4])]) -> Dataset {
        let entries = rows.iter().flat_map(|(_, row)| row.map(Response::from_value)).collect();
        Dataset::new(
            (0..rows.len()).map(|row| row.to_string()).collect(),
            rows.iter().map(|&(gene, _)| Perturbation::deletion(GeneId::new(gene))).collect(),
            ResponseMatrix::from_entries(rows.len(), 4, entries),
        )
    }

    #[test]
    fn silent_entries_are_those_no_walk_could_ever_reach() {
        // Row 0: gene 3 has no other regulator. Row 1: gene 3 regulates nothing else, so three entries are silent.
        let data = dataset(&[(0, [-1, -1, -1, 0]), (3, [0, 0, 0, -1])]);
        assert_eq!(silent_entries(&network(), (&data.perturbations, &data.observed)), 1 + 3);
        let nothing = Predicted::no_change((&data.perturbations, &data.observed));
        assert_eq!(nothing.silent, 6);
    }

    #[test]
    fn seen_and_unseen_perturbations_are_scored_apart() {
        // The original lacks 0 → 1; gene 1 was perturbed in the data refined on, gene 0 not.
        let refined = network();
        let original = RegulatoryNetwork::new(4, refined.regulations()[1..].iter().copied());
        let data = dataset(&[(0, [-1, -1, -1, 0]), (1, [0, -1, -1, 0])]);
        let seen = [vec![GeneId::new(1)]].into();
        let others = [NamedNetwork { name: "refined", network: &refined }];
        let bootstrap = BootstrapConfig { resamples: 20, ..BootstrapConfig::default() };
        let strata = score_knowledge(&original, &others, &[], &data, Some(&seen), (5, Reading::Nearest), &bootstrap)
            .expect("shapes fit");
        let macro_f1 = |stratum: usize, row: usize| strata[stratum].scores[row].data.macro_f1;
        assert_eq!(strata.iter().map(|stratum| stratum.experiments).collect::<Vec<_>>(), [2, 1, 1]);
        // Seen: both say −1 for gene 2 and nothing else. Unseen: the original says nothing: F1 0 of down, ½ of unchanged.
        assert_eq!((macro_f1(1, 1), macro_f1(1, 2)), (1.0, 1.0));
        assert_eq!((macro_f1(2, 1), macro_f1(2, 2)), (0.25, 1.0));
        assert_eq!((strata[0].scores[2].regulations_gained, strata[0].scores[2].regulations_lost), (1, 0));
        assert!(strata[1].scores[2].less_original.is_none(), "one gene set has no interval");
    }
}
