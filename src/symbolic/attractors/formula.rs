//! "There is a smaller trap space in this one" as a formula in conjunctive normal form.
//!
//! Two variables for each free gene: *may be 0* and *may be 1*; a gene that may not be 0 is fixed at 1. A subspace is a trap space
//! if every value that the rule of a gene can become is one that the gene may have. Read so, the gates of unate rules and the prime
//! implicants of others give one clause for each gate or implicant, all of them Horn.

use std::fmt::Write as _;

use super::circuit::{Circuit, NO_GATE, Reading, narrow};
use super::space::Subspace;

/// A literal as DIMACS has it: the number of a variable from 1, negative if negated.
pub(super) type Lit = i32;

/// Clauses, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Formula {
    n_variables: i32,
    literals: Vec<Lit>,
    ends: Vec<u32>,
}

impl Formula {
    fn variable(&mut self) -> Lit {
        self.n_variables += 1;
        self.n_variables
    }

    pub(super) fn add(&mut self, clause: impl IntoIterator<Item = Lit>) {
        self.literals.extend(clause);
        self.ends.push(narrow(self.literals.len()));
    }

    pub(super) fn clauses(&self) -> impl Iterator<Item = &[Lit]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.literals[start as usize..end as usize])
    }

    /// The formula in DIMACS form, as checkers of proofs read it.
    pub(super) fn dimacs(&self) -> String {
        let mut text = format!("p cnf {} {}\n", self.n_variables, self.ends.len());
        for clause in self.clauses() {
            for literal in clause {
                let _ = write!(text, "{literal} ");
            }
            text.push_str("0\n");
        }
        text
    }
}

/// A value known when the formula is made, or a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Term {
    Known(bool),
    Open(Lit),
}

/// The trap spaces within a trap space.
pub(super) struct TrapSpaces<'a> {
    circuit: &'a Circuit,
    within: &'a Subspace,
    free: Vec<usize>,
    /// Place of each free gene among `free`.
    places: Vec<u32>,
    pub(super) formula: Formula,
}

impl<'a> TrapSpaces<'a> {
    pub(super) fn new(circuit: &'a Circuit, within: &'a Subspace) -> Self {
        let free: Vec<usize> = within.free().collect();
        let mut places = vec![u32::MAX; circuit.n_genes()];
        for (place, &gene) in free.iter().enumerate() {
            places[gene] = narrow(place);
        }
        let formula = Formula { n_variables: 2 * narrow(free.len()) as i32, ..Formula::default() };
        let mut spaces = Self { circuit, within, free, places, formula };
        for place in 0..spaces.free.len() {
            let gene = spaces.free[place];
            let may = [false, true].map(|value| spaces.may(gene, value));
            spaces.formula.add(may);
            for value in [false, true] {
                spaces.encode_rule(gene, value);
            }
        }
        spaces
    }

    /// The variable of *this free gene may have that value*.
    fn may(&self, gene: usize, value: bool) -> Lit {
        2 * self.places[gene] as i32 + 1 + i32::from(value)
    }

    /// Asks for a trap space that is smaller: some free gene is fixed.
    pub(super) fn demand_smaller(&mut self) {
        self.formula.add((1..=2 * narrow(self.free.len()) as i32).map(|may| -may));
    }

    /// Asks for a single state: every free gene is fixed.
    pub(super) fn demand_state(&mut self) {
        for place in 0..self.free.len() {
            let gene = self.free[place];
            let may = [false, true].map(|value| -self.may(gene, value));
            self.formula.add(may);
        }
    }

    /// The clause that leaves out a minimal trap space and all around it: two of them are disjoint, so that one of its fixed
    /// genes may not have its value.
    pub(super) fn other_than(&self, minimal: &Subspace) -> Vec<Lit> {
        let fixed = self.free.iter().filter_map(|&gene| Some((gene, minimal.value(gene)?)));
        fixed.map(|(gene, value)| -self.may(gene, value)).collect()
    }

    /// The trap space that a solution stands for, told by the variables that are true.
    pub(super) fn subspace(&self, is_true: impl Fn(Lit) -> bool) -> Subspace {
        let mut space = self.within.clone();
        for &gene in &self.free {
            match [false, true].map(|value| is_true(self.may(gene, value))) {
                [true, false] => space.fix(gene, false),
                [false, true] => space.fix(gene, true),
                _ => {}
            }
        }
        space
    }

    /// If the rule of a gene can become a value, the gene may have it.
    fn encode_rule(&mut self, gene: usize, value: bool) {
        let Reading { root, is_dual } = self.circuit.reading(gene, value);
        let gates = self.circuit.gates_of(gene);
        let first = gates.start;
        let mut children: Vec<Vec<Term>> = vec![Vec::new(); gates.len()];
        for gate in gates {
            let mut terms = std::mem::take(&mut children[gate - first]);
            terms.extend(self.circuit.literals(gate).iter().map(|literal| {
                let value = literal.value() != is_dual;
                match self.within.value(literal.gene()) {
                    Some(fixed) => Term::Known(fixed == value),
                    None => Term::Open(self.may(literal.gene(), value)),
                }
            }));
            let needs = self.circuit.needs(gate, is_dual) as usize;
            if gate == root as usize {
                let head = self.may(gene, value);
                self.encode_gate(&terms, needs, Some(head));
                return;
            }
            let parent = self.circuit.parent(gate);
            if parent == NO_GATE {
                // The gates of the other value end here.
                continue;
            }
            let term = self.encode_gate(&terms, needs, None);
            children[parent as usize - first].push(term);
        }
    }

    /// The term that is true wherever a gate is on: `head`, if there is one, or a new variable.
    fn encode_gate(&mut self, terms: &[Term], needs: usize, head: Option<Lit>) -> Term {
        let known = terms.iter().filter(|term| **term == Term::Known(true)).count();
        let open: Vec<Lit> = terms
            .iter()
            .filter_map(|term| match term {
                Term::Open(literal) => Some(*literal),
                Term::Known(_) => None,
            })
            .collect();
        let needs = needs.saturating_sub(known);
        if needs == 0 || needs > open.len() {
            if let (0, Some(head)) = (needs, head) {
                self.formula.add([head]);
            }
            return Term::Known(needs == 0);
        }
        if let ([one], None) = (open.as_slice(), head) {
            return Term::Open(*one);
        }
        let head = head.unwrap_or_else(|| self.formula.variable());
        if needs == 1 {
            open.iter().for_each(|&literal| self.formula.add([-literal, head]));
        } else if needs == open.len() {
            self.formula.add(open.iter().map(|literal| -literal).chain([head]));
        } else {
            self.encode_count(&open, needs, head);
        }
        Term::Open(head)
    }

    /// A sequential counter: if `needs` of the literals are true, so is `head`.
    ///
    /// # Reference
    /// Sinz, *Towards an optimal CNF encoding of Boolean cardinality constraints*, CP 2005, doi:10.1007/11564751_73.
    fn encode_count(&mut self, literals: &[Lit], needs: usize, head: Lit) {
        let mut counts: Vec<Option<Lit>> = vec![None; needs + 1];
        for (before, &literal) in literals.iter().enumerate() {
            let left = literals.len() - before - 1;
            let mut next = counts.clone();
            for count in 1..=needs.min(before + 1) {
                if count + left < needs {
                    continue;
                }
                let reached = if count == needs { head } else { self.formula.variable() };
                if let Some(already) = counts[count].filter(|&already| already != reached) {
                    self.formula.add([-already, reached]);
                }
                if count == 1 {
                    self.formula.add([-literal, reached]);
                } else if let Some(one_less) = counts[count - 1] {
                    self.formula.add([-literal, -one_less, reached]);
                }
                next[count] = Some(reached);
            }
            counts = next;
        }
    }
}
