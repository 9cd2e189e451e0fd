//! The signed regulatory network in memory.
//!
//! Start at [`RegulatoryNetwork`]. Genes are indices of one gene table; a conflict (both signs between two genes) is two
//! regulations. [`topology`] tells its shape, [`generate`] draws random ones, [`rewired`] takes the meaning out of a given one.
//! Nothing here opens a file or knows where a regulation was stated.

mod error;
pub mod generate;
mod regulatory_network;
mod rewire;
pub mod statistics;
pub mod topology;

pub use error::NetworkError;
pub use regulatory_network::{Neighbour, RegulatoryNetwork};
pub use rewire::rewired;
