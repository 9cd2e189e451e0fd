//! A Boolean network: for every gene a rule, made of update functions, of regulations by a default rule, and of clamps.

use serde::{Deserialize, Serialize};

use super::AttractorError;
use super::circuit::{Builder, Circuit, Literal};
use super::primes::{Cube, MOST_INPUTS, TruthTable};
use crate::biology::{Direction, GeneId, Perturbation, Sign};
use crate::network::{Neighbour, RegulatoryNetwork};
use crate::symbolic::bnet::{Expression, UpdateRules};

/// The rule of a gene that has none of its own, from its activators and inhibitors.
///
/// ```text
/// inhibitor-wins   f = (some activator is on) and (no inhibitor is on)
/// threshold        f = 1 if A > I,              0 if A < I,              else the gene's own value
/// majority         f = 1 if A + Ī > Ā + I,      0 if A + Ī < Ā + I,      else the gene's own value
/// ```
/// where `A`, `I` are the numbers of activators and inhibitors that are on, `Ā`, `Ī` of those that are off. As in
/// [`super::super::SynchronousNetwork`], inhibition alone leaves a gene on unless inhibited (inhibitor-wins), and regulation
/// of a gene by itself and by a regulator of both signs is left out; a gene without other regulators is an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DefaultRule {
    /// On if some activator is on and no inhibitor is.
    #[default]
    InhibitorWins,
    /// On if more activators than inhibitors are on.
    Threshold,
    /// On if most regulators speak for it: activators that are on, inhibitors that are off.
    Majority,
}

/// A Boolean network: a rule for every gene; a gene without a rule is an input and keeps its value.
#[derive(Clone, Debug)]
pub struct BooleanNetwork {
    pub(super) circuit: Circuit,
}

impl BooleanNetwork {
    /// The network in which genes follow their rule in `rules`, else the default rule over `network`, and the genes of
    /// `perturbation` are clamped.
    ///
    /// # Errors
    /// [`AttractorError::TooMixed`] for a rule of more than 16 genes that names some of them both plain and negated.
    ///
    /// # Panics
    /// If a rule or the perturbation names a gene that `network` lacks.
    pub fn new(
        network: &RegulatoryNetwork,
        rules: &UpdateRules,
        default: DefaultRule,
        perturbation: Option<&Perturbation>,
    ) -> Result<Self, AttractorError> {
        let mut builder = Builder::new();
        let changes = perturbation.map_or(&[][..], Perturbation::changes);
        for gene in (0..network.n_genes()).map(GeneId::new) {
            let clamp = changes.binary_search_by_key(&gene, |&(moved, _)| moved).ok();
            if let Some(place) = clamp {
                let gate = builder.constant(changes[place].1 == Direction::Overexpression);
                builder.end_gene(gate, None);
            } else if let Some(rule) = rules.get(gene) {
                push_rule(&mut builder, gene, rule)?;
            } else {
                push_default(&mut builder, network.regulators_of(gene), default);
            }
        }
        Ok(Self { circuit: builder.finish() })
    }

    /// Number of genes.
    #[must_use]
    pub fn n_genes(&self) -> usize {
        self.circuit.n_genes()
    }
}

fn push_default(builder: &mut Builder, regulators: &[Neighbour], rule: DefaultRule) {
    let own = builder.gene();
    let of_one_sign = |edges: &&[Neighbour]| edges.len() == 1 && edges[0].gene.index() != own;
    let decided: Vec<Neighbour> =
        regulators.chunk_by(|a, b| a.gene == b.gene).filter(of_one_sign).flatten().copied().collect();
    let itself = Literal::new(own, true);
    let literals = |sign: Sign| {
        let of_sign = decided.iter().filter(move |edge| edge.sign == sign);
        of_sign.map(move |edge| Literal::new(edge.gene.index(), sign == Sign::Activation))
    };
    let [activators, inhibitors] = Sign::BOTH.map(|sign| literals(sign).count());
    let all = || literals(Sign::Activation).chain(literals(Sign::Inhibition));
    let root = match (rule, activators, inhibitors) {
        (_, 0, 0) => builder.any([itself], &[]),
        (DefaultRule::InhibitorWins, _, 0) => builder.any(all(), &[]),
        (DefaultRule::InhibitorWins, 0 | 1, _) => builder.all(all(), &[]),
        (DefaultRule::InhibitorWins, ..) => {
            let activated = builder.any(literals(Sign::Activation), &[]);
            builder.all(literals(Sign::Inhibition), &[activated])
        }
        // Of the literals, inhibitors are met when off: A − I is their number less that of the inhibitors.
        (DefaultRule::Threshold, ..) => push_majority(builder, all, inhibitors, itself),
        (DefaultRule::Majority, ..) if (activators + inhibitors) % 2 == 1 => {
            builder.gate((activators + inhibitors).div_ceil(2), all(), &[])
        }
        (DefaultRule::Majority, ..) => push_majority(builder, all, (activators + inhibitors) / 2, itself),
    };
    builder.end_gene(root, None);
}

/// On with more than `tie` literals, and with exactly as many if the gene is on.
fn push_majority<I: Iterator<Item = Literal>>(
    builder: &mut Builder,
    all: impl Fn() -> I,
    tie: usize,
    itself: Literal,
) -> u32 {
    let more = builder.gate(tie + 1, all(), &[]);
    let as_many = builder.gate(tie, all(), &[]);
    let stays = builder.all([itself], &[as_many]);
    builder.any([], &[more, stays])
}

fn push_rule(builder: &mut Builder, gene: GeneId, rule: &Expression<GeneId>) -> Result<(), AttractorError> {
    let mut mentions: Vec<_> = rule.mentions().into_iter().map(|(&gene, sign)| (gene, sign)).collect();
    mentions.sort_unstable();
    mentions.dedup();
    let is_mixed = mentions.windows(2).any(|pair| pair[0].0 == pair[1].0);
    if !is_mixed {
        let root = push_parts(builder, rule);
        builder.end_gene(root, None);
        return Ok(());
    }
    mentions.dedup_by_key(|mention| mention.0);
    let inputs: Vec<GeneId> = mentions.into_iter().map(|(gene, _)| gene).collect();
    if inputs.len() > MOST_INPUTS {
        return Err(AttractorError::TooMixed { gene, inputs: inputs.len() });
    }
    let mut stack = Vec::new();
    let place = |gene: &GeneId| inputs.binary_search(gene).unwrap_or_default();
    let table = TruthTable::new(inputs.len(), |value| rule.evaluate(|gene| value(place(gene)), &mut stack));
    let too_mixed = || AttractorError::TooMixed { gene, inputs: inputs.len() };
    let on = table.primes().ok_or_else(too_mixed)?;
    let (plain, negated) = on.iter().fold((0, 0), |all, cube| (all.0 | cube.0, all.1 | cube.1));
    let on = push_cubes(builder, &inputs, &on);
    let off = if plain & negated == 0 {
        None
    } else {
        let off = table.complement().primes().ok_or_else(too_mixed)?;
        Some(push_cubes(builder, &inputs, &off))
    };
    builder.end_gene(on, off);
    Ok(())
}

fn push_cubes(builder: &mut Builder, inputs: &[GeneId], cubes: &[Cube]) -> u32 {
    let literals = |&(plain, negated): &Cube| {
        let named = move |&place: &usize| (plain | negated) >> place & 1 == 1;
        (0..inputs.len()).filter(named).map(move |place| Literal::new(inputs[place].index(), plain >> place & 1 == 1))
    };
    let gates: Vec<u32> = cubes.iter().map(|cube| builder.all(literals(cube), &[])).collect();
    builder.any([], &gates)
}

/// A part of a rule while its gates are being made.
enum Part {
    Literal(Literal),
    Constant(bool),
    /// An *and* or an *or* in the making, by its place in a list.
    Group(usize),
}

#[derive(Default)]
struct Group {
    is_and: bool,
    literals: Vec<Literal>,
    groups: Vec<usize>,
    is_taken: bool,
}

/// The gates of a rule in which no gene stands both plain and negated.
fn push_parts(builder: &mut Builder, rule: &Expression<GeneId>) -> u32 {
    let mut groups: Vec<Group> = Vec::new();
    let leaf = |leaf: Result<&GeneId, bool>, plain: bool| match leaf {
        Ok(gene) => Part::Literal(Literal::new(gene.index(), plain)),
        Err(value) => Part::Constant(value == plain),
    };
    let root = rule.folded(leaf, |is_and, left, right| join(&mut groups, is_and, left, right));
    match root {
        Part::Constant(value) => builder.constant(value),
        Part::Literal(literal) => builder.any([literal], &[]),
        Part::Group(root) => push_groups(builder, &groups, root),
    }
}

fn join(groups: &mut Vec<Group>, is_and: bool, left: Part, right: Part) -> Part {
    match (left, right) {
        // A constant decides, or leaves the other part as it is.
        (Part::Constant(value), other) | (other, Part::Constant(value)) => {
            if value == is_and {
                other
            } else {
                Part::Constant(value)
            }
        }
        (left, right) => {
            let mut made = Group { is_and, ..Group::default() };
            for part in [left, right] {
                match part {
                    Part::Literal(literal) => made.literals.push(literal),
                    Part::Group(at) if groups[at].is_and == is_and => {
                        groups[at].is_taken = true;
                        absorb(&mut made.literals, std::mem::take(&mut groups[at].literals));
                        absorb(&mut made.groups, std::mem::take(&mut groups[at].groups));
                    }
                    Part::Group(at) => made.groups.push(at),
                    Part::Constant(_) => {}
                }
            }
            groups.push(made);
            Part::Group(groups.len() - 1)
        }
    }
}

/// Appends the shorter list to the longer, so that a long chain of operators costs no more than its length.
fn absorb<T>(list: &mut Vec<T>, mut other: Vec<T>) {
    if other.len() > list.len() {
        std::mem::swap(list, &mut other);
    }
    list.append(&mut other);
}

/// Groups that a constant cut off are left out.
fn push_groups(builder: &mut Builder, groups: &[Group], root: usize) -> u32 {
    let mut is_used = vec![false; groups.len()];
    is_used[root] = true;
    for at in (0..groups.len()).rev().filter(|&at| !groups[at].is_taken) {
        if is_used[at] {
            groups[at].groups.iter().for_each(|&child| is_used[child] = true);
        }
    }
    let mut gates = vec![0; groups.len()];
    for (at, group) in groups.iter().enumerate().filter(|&(at, _)| is_used[at]) {
        let children: Vec<u32> = group.groups.iter().map(|&child| gates[child]).collect();
        let mut literals = group.literals.clone();
        literals.sort_unstable();
        literals.dedup();
        gates[at] = if group.is_and { builder.all(literals, &children) } else { builder.any(literals, &children) };
    }
    gates[root]
}
