//! The words of the field as types: gene, regulation, perturbation, response.
//!
//! Start at [`GeneTable`] and [`Regulation`], then [`Perturbation`] and [`ResponseMatrix`]. These types travel
//! between all rooms; none of them knows of files, RDF or tensors.

mod error;
mod gene;
mod perturbation;
mod regulation;
mod response;
mod revision;
mod values;

pub use error::BiologyError;
pub use gene::{Accession, Authority, Gene, GeneId, GeneTable};
pub use perturbation::{Direction, Perturbation};
pub use regulation::{Citation, CitedRegulation, Regulation, Sign};
pub use response::{Response, ResponseMatrix};
pub use revision::{Entry, Evidence, ExperimentCounts, Revision, RevisionKind, RevisionStatus, StatementKind, Verdict};
pub use values::ResponseValues;
