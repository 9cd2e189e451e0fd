//! Which genes are alike, by the overlap of their annotations.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use crate::biology::GeneId;

use super::{Annotations, Ontology, TermGraph};

/// Which pairs count as similar.
#[derive(Clone, Debug, PartialEq)]
pub struct SimilarityOptions {
    /// Least Jaccard overlap, in `(0, 1]`; 0.5 by default. Larger gives fewer and closer pairs.
    pub min_jaccard: f64,
    /// Terms that annotate more genes than this do not count: they say little. 500 by default; `None` counts all but the roots.
    pub max_term_size: Option<usize>,
    /// Genes with fewer terms than this (after the last line) are similar to none; 3 by default, since sets of one term are equal by
    /// chance.
    pub min_terms: usize,
    /// The ontologies in which to compare, each on its own.
    pub ontologies: Vec<Ontology>,
}

impl Default for SimilarityOptions {
    fn default() -> Self {
        Self { min_jaccard: 0.5, max_term_size: Some(500), min_terms: 3, ontologies: Ontology::ALL.to_vec() }
    }
}

/// Two genes that are alike in one ontology.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SimilarGenes {
    /// In which respect.
    pub ontology: Ontology,
    /// The gene of lower index.
    pub first: GeneId,
    /// The gene of higher index.
    pub second: GeneId,
    /// Number of terms that both have.
    pub shared: u32,
    /// Number of terms that either has.
    pub either: u32,
}

impl SimilarGenes {
    /// Overlap of the two sets of terms, in `(0, 1]`.
    #[must_use]
    pub fn jaccard(&self) -> f64 {
        f64::from(self.shared) / f64::from(self.either)
    }
}

/// Pairs of genes whose sets of terms overlap.
///
/// ```text
/// J(a, b) = |T(a) ∩ T(b)| / |T(a) ∪ T(b)|  ≥  min_jaccard
/// ```
/// where `T(g)` are the terms of one ontology that annotate `g` directly or through a narrower term (*is a*, *part of*), without the
/// root and without terms larger than `max_term_size`. Sorted by ontology and genes.
///
/// # Complexity
/// Equal sets are compared once. Two sets can only pass if they share one of their rarest `|T| − ⌈J|T|⌉ + 1` terms; an inverted index of
/// those gives the candidates. Memory is that of the sets and of the answer.
///
/// # Reference
/// Xiao et al. 2011, *ACM Trans Database Syst* 36:15, doi:10.1145/2000824.2000825 (prefix filtering).
#[must_use]
pub fn similar_genes(graph: &TermGraph, annotations: &Annotations, options: &SimilarityOptions) -> Vec<SimilarGenes> {
    let ancestors = graph.ancestors();
    let mut ontologies = options.ontologies.clone();
    ontologies.sort_unstable();
    ontologies.dedup();
    let mut similar = Vec::new();
    for ontology in ontologies {
        let sets = term_sets(graph, &ancestors, annotations, ontology, options);
        let groups = groups(sets);
        similar.extend(similar_in(&groups, ontology, options.min_jaccard));
    }
    similar.par_sort_unstable();
    similar
}

/// Ranks of terms, the rarest first; ascending.
type TermSet = Vec<u32>;

fn term_sets(
    graph: &TermGraph,
    ancestors: &[Vec<usize>],
    annotations: &Annotations,
    ontology: Ontology,
    options: &SimilarityOptions,
) -> Vec<(GeneId, TermSet)> {
    let terms = graph.terms();
    let counts = |term: usize| terms[term].ontology == ontology && terms[term].id != ontology.root();
    let mut sets: Vec<(GeneId, Vec<usize>)> = Vec::new();
    for direct in annotations.pairs.chunk_by(|a, b| a.0 == b.0) {
        let above = direct.iter().flat_map(|&(_, term)| &ancestors[term]);
        let mut set: Vec<usize> = above.copied().filter(|&term| counts(term)).collect();
        set.sort_unstable();
        set.dedup();
        sets.push((direct[0].0, set));
    }
    let mut sizes: HashMap<usize, usize> = HashMap::new();
    for term in sets.iter().flat_map(|(_, set)| set) {
        *sizes.entry(*term).or_default() += 1;
    }
    let mut kept: Vec<usize> = sizes
        .iter()
        .filter(|&(_, &size)| options.max_term_size.is_none_or(|most| size <= most))
        .map(|(&t, _)| t)
        .collect();
    kept.sort_unstable_by_key(|term| (sizes[term], *term));
    let ranks: HashMap<usize, u32> = (0..).zip(kept).map(|(rank, term)| (term, rank)).collect();
    let ranked = |set: Vec<usize>| {
        let mut ranked: TermSet = set.iter().filter_map(|term| ranks.get(term).copied()).collect();
        ranked.sort_unstable();
        ranked
    };
    let sets = sets.into_iter().map(|(gene, set)| (gene, ranked(set)));
    sets.filter(|(_, set)| !set.is_empty() && set.len() >= options.min_terms).collect()
}

/// Genes of one and the same set of terms.
struct Group {
    terms: TermSet,
    genes: Vec<GeneId>,
}

/// Groups in order of the size of their sets.
fn groups(sets: Vec<(GeneId, TermSet)>) -> Vec<Group> {
    let mut by_terms: BTreeMap<(usize, TermSet), Vec<GeneId>> = BTreeMap::new();
    for (gene, terms) in sets {
        by_terms.entry((terms.len(), terms)).or_default().push(gene);
    }
    by_terms.into_iter().map(|((_, terms), genes)| Group { terms, genes }).collect()
}

fn similar_in(groups: &[Group], ontology: Ontology, min_jaccard: f64) -> Vec<SimilarGenes> {
    let mut index: HashMap<u32, Vec<u32>> = HashMap::new();
    for (position, group) in (0..).zip(groups) {
        for &term in prefix(&group.terms, min_jaccard) {
            index.entry(term).or_default().push(position);
        }
    }
    let pairs = (0..groups.len()).into_par_iter().map_init(
        || vec![usize::MAX; groups.len()],
        |last_seen_by, at| pairs_of(groups, at, &index, last_seen_by, ontology, min_jaccard),
    );
    pairs.flatten_iter().collect()
}

/// The rarest terms, of which any partner must share one.
fn prefix(terms: &[u32], min_jaccard: f64) -> &[u32] {
    let needed = at_least(min_jaccard * terms.len() as f64);
    &terms[..(terms.len() + 1 - needed.clamp(1, terms.len())).min(terms.len())]
}

/// The least whole number that is not below `bound`, forgiving its rounding.
fn at_least(bound: f64) -> usize {
    (bound - 1e-9).ceil().max(0.0) as usize
}

/// Pairs within the group at `at`, and with groups before it (whose sets are no larger).
fn pairs_of(
    groups: &[Group],
    at: usize,
    index: &HashMap<u32, Vec<u32>>,
    last_seen_by: &mut [usize],
    ontology: Ontology,
    min_jaccard: f64,
) -> Vec<SimilarGenes> {
    let group = &groups[at];
    let size = group.terms.len();
    let least_size = at_least(min_jaccard * size as f64);
    let mut pairs = Vec::new();
    let all = u32::try_from(size).expect("a gene has fewer than 2^32 terms");
    for (k, &gene) in group.genes.iter().enumerate() {
        pairs.extend(group.genes[..k].iter().map(|&other| pair(ontology, other, gene, all, all)));
    }
    for term in prefix(&group.terms, min_jaccard) {
        let candidates = index.get(term).map_or(&[][..], Vec::as_slice);
        let first = candidates.partition_point(|&other| groups[other as usize].terms.len() < least_size);
        for &other in candidates[first..].iter().take_while(|&&other| (other as usize) < at) {
            let other = other as usize;
            if last_seen_by[other] == at {
                continue;
            }
            last_seen_by[other] = at;
            let together = size + groups[other].terms.len();
            let needed = at_least(min_jaccard / (1.0 + min_jaccard) * together as f64);
            let Some(shared) = overlap(&group.terms, &groups[other].terms, needed) else { continue };
            let shared_terms = u32::try_from(shared).expect("a gene has fewer than 2^32 terms");
            let either = u32::try_from(together - shared).expect("a gene has fewer than 2^32 terms");
            for &gene in &group.genes {
                let of_other = groups[other].genes.iter();
                pairs.extend(of_other.map(|&similar| pair(ontology, similar, gene, shared_terms, either)));
            }
        }
    }
    pairs
}

fn pair(ontology: Ontology, a: GeneId, b: GeneId, shared: u32, either: u32) -> SimilarGenes {
    SimilarGenes { ontology, first: a.min(b), second: a.max(b), shared, either }
}

/// Number of terms in both sets, or `None` as soon as `needed` cannot be reached.
fn overlap(a: &[u32], b: &[u32], needed: usize) -> Option<usize> {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        if shared + (a.len() - i).min(b.len() - j) < needed {
            return None;
        }
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    (shared >= needed).then_some(shared)
}
