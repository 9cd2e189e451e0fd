//! The satisfiability solver behind the search for trap spaces; the only file that knows it.

use std::io::{self, Write};

use varisat::{ExtendFormula as _, Lit as SolverLit, ProofFormat, Solver};

use super::formula::{Formula, Lit};

/// What a solver found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A solution: the variables that are true, in order.
    Solution(Vec<Lit>),
    /// There is none.
    None,
    /// It was stopped before it knew.
    Stopped,
}

/// A formula that may grow between two questions.
pub(super) struct Search<'a> {
    solver: Solver<'a>,
    stop: &'a dyn Fn() -> bool,
    is_over: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(formula: &Formula, stop: &'a dyn Fn() -> bool) -> Self {
        Self::with_proof(formula, stop, ProofFormat::Varisat, io::sink())
    }

    fn with_proof(formula: &Formula, stop: &'a dyn Fn() -> bool, format: ProofFormat, proof: impl Write + 'a) -> Self {
        let mut solver = Solver::new();
        // The solver has no way to be interrupted, but gives up when its proof can no longer be written.
        solver.write_proof(Interruptible { proof, stop }, format);
        let mut search = Self { solver, stop, is_over: false };
        formula.clauses().for_each(|clause| search.add(clause));
        search
    }

    pub(super) fn add(&mut self, clause: &[Lit]) {
        let literal = |&literal: &Lit| SolverLit::from_dimacs(literal as isize);
        self.solver.add_clause(&clause.iter().map(literal).collect::<Vec<_>>());
    }

    pub(super) fn solve(&mut self) -> Verdict {
        if self.is_over || (self.stop)() {
            return Verdict::Stopped;
        }
        match self.solver.solve() {
            Ok(false) => Verdict::None,
            Ok(true) => {
                let model = self.solver.model().unwrap_or_default();
                let is_true = model.into_iter().filter(|literal| literal.is_positive());
                Verdict::Solution(is_true.map(|literal| literal.to_dimacs() as Lit).collect())
            }
            Err(_) => {
                self.is_over = true;
                Verdict::Stopped
            }
        }
    }
}

/// Solves one formula and keeps the proof, in DRAT form, that it has no solution.
pub(super) fn solve_with_proof(formula: &Formula, stop: &dyn Fn() -> bool) -> (Verdict, Vec<u8>) {
    let mut proof = Vec::new();
    let verdict = Search::with_proof(formula, stop, ProofFormat::Drat, &mut proof).solve();
    if proof.is_empty() {
        // The formula holds the empty clause, or none is learnt: checkers want to see it derived.
        proof.extend(b"0\n");
    }
    (verdict, proof)
}

struct Interruptible<'a, W> {
    proof: W,
    stop: &'a dyn Fn() -> bool,
}

impl<W: Write> Write for Interruptible<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.stop)() { Err(io::Error::other("stopped")) } else { self.proof.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.proof.flush()
    }
}
