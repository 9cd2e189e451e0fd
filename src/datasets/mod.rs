//! Perturbation experiments: what was done, what was measured, and how they are split.
//!
//! Start at [`Dataset`], then [`read`], which turns a table of any layout into one. [`SplitPlan`] splits it before anything
//! else is computed; [`differential_expression`] makes responses of expression, [`h5ad`] of single cells. Nothing here knows
//! the knowledge base; only [`h5ad`] opens a file, since HDF5 cannot be read from front to back.

mod assembly;
mod calls;
mod constructs;
mod contrast_table;
mod dataset;
mod differential;
mod error;
mod expression;
mod folds;
pub mod h5ad;
mod identifiers;
mod long_columns;
mod long_table;
mod matching;
mod memory;
mod moderated;
mod on_target;
mod orientation;
mod predictions;
mod reading;
mod renamed;
mod split;
mod split_file;
mod statistics;
mod survey;
mod table;
mod table_scale;
mod unperturbed;
mod wide_table;

pub use calls::CallThresholds;
pub use contrast_table::{Contrast, read_contrasts};
pub use dataset::{Dataset, Split};
pub use differential::{RankSum, WelchT, benjamini_hochberg, rank_sum, welch_t};
pub use error::{Cell, DatasetError};
pub use expression::{
    Differential, DifferentialExpression, Expression, differential_expression, name_excluded, own_responses,
    read_gene_names, symbols_of, write_differential,
};
pub use folds::FoldScheme;
pub use identifiers::{IdentifierKind, differing_kinds, near_symbol};
pub use long_table::read_long;
pub use memory::{memory_limit, set_memory_limit};
pub use moderated::{ModeratedVariances, moderate_variances};
pub use on_target::{OnTarget, OwnResponse, one_way};
pub use predictions::{PredictedCells, Predictions, PredictionsReport, read_predictions};
pub use reading::{
    AmbiguousName, Columns, Layout, LeftOut, LeftOutReason, ReadOptions, ReadReport, UnmatchedGene, UnperturbedName,
    unperturbed_line,
};
pub use split::{Part, SplitPlan, SplitScheme};
pub use split_file::{SplitReport, read_split};
pub use unperturbed::Unperturbed;
pub use wide_table::read_wide;

use std::io::Read as _;

use flate2::read::GzDecoder;

use crate::biology::GeneTable;

/// Reads a table of responses or fold changes, long or wide as its header or `options` say.
///
/// `file` is named in messages; `contrasts` explain the columns of a wide table. Names are matched to `genes`, which takes
/// up those that it did not hold.
///
/// # Errors
/// [`DatasetError`], naming file, line, name and remedy.
pub fn read(
    bytes: &[u8],
    file: &str,
    options: &ReadOptions,
    contrasts: Option<&[Contrast]>,
    genes: &mut GeneTable,
) -> Result<(Dataset, ReadReport), DatasetError> {
    if h5ad::is_hdf5(bytes) {
        return Err(DatasetError::Cells { file: file.to_owned() });
    }
    let long = match options.layout {
        Layout::Long => true,
        Layout::GenesInRows | Layout::PerturbationsInRows => false,
        Layout::Auto => {
            let mut table = table::Table::open(bytes, file, options.delimiter_byte())?;
            table.allow_row_names();
            // Where neither layout is evident, the long reader's message is the more helpful one.
            options.perturbation.is_some() || long_table::looks_long(&table, options) || !wide_table::looks_wide(&table)
        }
    };
    if long { read_long(bytes, file, options, genes) } else { read_wide(bytes, file, options, contrasts, genes) }
}

/// The embedded observations, gzip of a long table: 39 contrasts of *Escherichia coli* with 27 different sets of genes
/// deleted, 3,923 genes each. `datasets/README.md` says where they come from and under which licence.
pub const ECOLI_KNOCKOUTS_GZ: &[u8] = include_bytes!("../../datasets/ecoli_knockouts.csv.gz");

/// Reads [`ECOLI_KNOCKOUTS_GZ`]; `options` tell how, as for any long table.
///
/// # Errors
/// [`DatasetError`] if `options` do not fit the table, or if `genes` holds genes but none of *E. coli*.
pub fn ecoli_knockouts(options: &ReadOptions, genes: &mut GeneTable) -> Result<(Dataset, ReadReport), DatasetError> {
    const FILE: &str = "ecoli_knockouts.csv (embedded)";
    let mut text = Vec::new();
    GzDecoder::new(ECOLI_KNOCKOUTS_GZ)
        .read_to_end(&mut text)
        .map_err(|cause| DatasetError::Damaged { file: FILE.to_owned(), cause })?;
    read_long(&text, FILE, options, genes)
}
