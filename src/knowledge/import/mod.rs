//! Importers: what databases of gene regulation say, as genes and cited regulations.
//!
//! Start at [`Imported`]; then [`omnipath`], [`collectri`], [`trrust`], [`regulondb`] and [`table`], one file per database, each
//! with one function `import`. [`gene_ontology`] brings terms, annotations and similar genes. Everything here takes bytes
//! and the name of their file; nothing opens a file. An unknown sign is never guessed: such rows are left out and counted.

mod catalogue;
pub mod claims;
mod collection;
pub mod collectri;
mod complexes;
mod counts;
mod delimited;
mod error;
pub mod gene_ontology;
mod licence;
mod lists;
mod names;
pub mod omnipath;
pub mod regulondb;
mod sign_words;
pub mod table;
mod taxa;
pub mod trrust;
mod weights;

use crate::biology::{CitedRegulation, GeneTable};

pub use catalogue::{read_gene_catalogue, read_gene_catalogue_of};
pub use complexes::Complexes;
pub use counts::{ImportCounts, LeftOut};
pub use error::ImportError;
pub use licence::LicenceTable;
pub use sign_words::read_signs;

/// What an importer brings, in canonical form: the same whatever the order of the rows.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The genes at the ends of the regulations, sorted by symbol.
    pub genes: GeneTable,
    /// Sorted; one per regulator, target and sign, with all that is cited for it.
    pub regulations: Vec<CitedRegulation>,
    /// What became of every row.
    pub counts: ImportCounts,
    /// What was taken for what, a sentence each.
    pub notes: Vec<String>,
}

/// The reason under which rows of unknown sign are counted.
pub const NO_SIGN: &str = "no sign";
