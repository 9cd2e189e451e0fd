//! Attractors of Boolean networks: where their dynamics end, and whether the list is complete.
//!
//! Start at [`attractors`]. [`BooleanNetwork`] holds the rules, as one circuit of gates; `synchronous`, `asynchronous` and `trap_spaces`
//! find the attractors of the three kinds of dynamics; every answer says whether it is complete, and if not, why. `solver` alone
//! knows the satisfiability solver, `asynchronous` alone the decision diagrams. Nothing here reads a file.

mod answer;
mod asynchronous;
mod basins;
mod circuit;
mod error;
mod formula;
mod intervals;
mod lanes;
mod network;
mod order;
mod percolation;
mod primes;
mod run;
mod search;
mod solver;
mod space;
mod synchronous;
#[cfg(test)]
mod tests;
mod trap_spaces;

pub use answer::{Attractor, Attractors, Completeness, Kind, Number};
pub use error::AttractorError;
pub use intervals::Share;
pub use network::{BooleanNetwork, DefaultRule};
pub use search::{AttractorConfig, Update, attractors};
pub use space::{Subspace, mark};
pub use trap_spaces::Certificate;
