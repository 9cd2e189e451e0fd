//! Protein complexes among regulators and targets.

/// What to do with a complex that regulates or is regulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Complexes {
    /// Keep it as one gene named `COMPLEX:A_B`.
    #[default]
    Keep,
    /// Put its members in its place: each acts, or is acted upon, with the sign of the complex.
    Expand,
    /// Leave its rows out.
    Drop,
}

/// How the symbol of a complex begins.
pub(super) const PREFIX: &str = "COMPLEX:";

/// Reason for rows left out by [`Complexes::Drop`].
pub(super) const DROPPED: &str = "complex, and complexes are dropped";

/// The symbol of the complex of these members, in their order.
pub(super) fn symbol_of(members: &[String]) -> String {
    format!("{PREFIX}{}", members.join("_"))
}
