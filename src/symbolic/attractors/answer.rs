//! What a search for attractors found, and how far it can be relied on.

use std::fmt;
use std::time::Duration;

use super::intervals::Share;
use super::space::Subspace;
use super::trap_spaces::Certificate;

/// What kind of attractor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A single state that stays as it is.
    FixedPoint,
    /// Several states that follow each other (synchronous).
    Cycle,
    /// Several states between which the asynchronous dynamics go back and forth.
    Complex,
    /// A minimal trap space with free genes (most permissive).
    TrapSpace,
}

impl Kind {
    /// The kind in words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::FixedPoint => "fixed point",
            Self::Cycle => "cycle",
            Self::Complex => "complex",
            Self::TrapSpace => "trap space",
        }
    }
}

/// A number of things in decimals, as large as it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// The digits.
    pub digits: String,
    /// True if there may be more.
    pub is_at_least: bool,
}

impl Number {
    /// Exactly so many.
    #[must_use]
    pub fn exactly(number: impl fmt::Display) -> Self {
        Self { digits: number.to_string(), is_at_least: false }
    }

    /// So many were found, and there may be more.
    #[must_use]
    pub fn at_least(number: impl fmt::Display) -> Self {
        Self { digits: number.to_string(), is_at_least: true }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", if self.is_at_least { "at least " } else { "" }, self.digits)
    }
}

/// One attractor.
#[derive(Clone, Debug, PartialEq)]
pub struct Attractor {
    /// Its kind.
    pub kind: Kind,
    /// The smallest subspace around its states; for most permissive dynamics the attractor itself.
    pub space: Subspace,
    /// Number of its states in decimals; `2^` and the number of free genes for a trap space.
    pub states: String,
    /// The states of a synchronous cycle of at most 64, in order from the least.
    pub cycle: Vec<Subspace>,
    /// False for a trap space that may hold a smaller one, because time ran out.
    pub is_certified: bool,
    /// Share of all states, or of those drawn, that lead there.
    pub basin: Option<Share>,
}

/// Whether all attractors are told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Completeness {
    /// All attractors are listed, or counted if the list is cut.
    Complete {
        /// How that is known.
        because: &'static str,
    },
    /// As many were found as were asked for.
    Limit(usize),
    /// Time ran out, or the search was stopped.
    Stopped(Option<Duration>),
    /// Too many free genes to follow all states: the rest was drawn.
    Sampled {
        /// Free genes of the network.
        free: usize,
        /// States followed.
        states: u64,
    },
    /// No exact method takes a network of this size.
    TooLarge {
        /// Free genes of the network.
        free: usize,
    },
}

impl Completeness {
    /// True if all attractors are told.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self, Self::Complete { .. })
    }
}

impl fmt::Display for Completeness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete { because } => write!(out, "complete: {because}"),
            Self::Limit(max) => write!(out, "not complete: the limit of {max} was reached; there are more"),
            Self::Stopped(Some(limit)) => {
                write!(out, "not complete: the time limit of {} s was reached", limit.as_secs_f64())
            }
            Self::Stopped(None) => write!(out, "not complete: the search was stopped"),
            Self::Sampled { free, states } => write!(
                out,
                "not complete: {free} free genes are too many to follow every state; found from {states} states drawn at \
                 random, fixed points by exact search"
            ),
            Self::TooLarge { free } => write!(
                out,
                "not complete: the {free} free genes or their rules are too large for an exact search; the minimal trap spaces \
                 listed hold one attractor each or more"
            ),
        }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Attractors {
    /// The attractors listed: fixed points first, then by number of states.
    pub listed: Vec<Attractor>,
    /// Number of fixed points.
    pub fixed_points: Number,
    /// Number of all attractors.
    pub all: Number,
    /// Whether these are all.
    pub completeness: Completeness,
    /// Genes that constants do not fix.
    pub free: usize,
    /// Initial states behind the basin shares; 0 if none were followed.
    pub basin_states: u64,
    /// How many of these led to none of the attractors listed, or not within the steps allowed.
    pub unsettled: u64,
    /// The proof that the first trap space found is minimal, if it was asked for and there is one.
    pub certificate: Option<Certificate>,
}
