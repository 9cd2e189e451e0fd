//! The signed regulatory network in memory.
//!
//! Start at [`RegulatoryNetwork`]. Genes are indices of one gene table; a conflict (both signs between two genes) is two
//! regulations. Nothing here reads a file or knows where a regulation was stated.

mod regulatory_network;

pub use regulatory_network::{Neighbour, RegulatoryNetwork};
