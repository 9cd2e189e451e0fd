//! What can be wrong with a file of cells. Messages name the file, the key, the row and the remedy.

use thiserror::Error;

use super::super::error::told_bytes;
use crate::biology::BiologyError;

/// What the HDF5 reader says.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A file of cells that cannot be read, or of which no responses can be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CellError {
    /// Bytes that are no HDF5, or HDF5 cut short.
    #[error("{file}: {what} cannot be read ({cause}); the file may be cut short or damaged: copy or download it again")]
    Unreadable {
        /// The file.
        file: String,
        /// The part of it.
        what: String,
        /// What the HDF5 reader says.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// HDF5, but not as AnnData writes it.
    #[error("{file}: {what}; read it with `anndata.read_h5ad`, {remedy}, and save it with `write_h5ad`")]
    NotAnnData {
        /// The file.
        file: String,
        /// What is missing or of another form.
        what: String,
        /// What to do before it is saved again.
        remedy: &'static str,
    },
    /// A column of `obs` or `var` that is not there.
    #[error(
        "{file}: {} has no column `{column}`{}; it holds {}; name another one with {option}", table_of(.option),
        did_you_mean(.nearest), quoted(.found)
    )]
    UnknownColumn {
        /// The file.
        file: String,
        /// The wanted column.
        column: String,
        /// The column most like it.
        nearest: Option<String>,
        /// The columns that are there.
        found: Vec<String>,
        /// The option that names it.
        option: &'static str,
    },
    /// None of the usual names of the perturbation column.
    #[error("{file}: obs has no column of a usual name for the perturbation ({accepted}); it holds {}; name one with --perturbation-key", quoted(.found))]
    NoPerturbationColumn {
        /// The file.
        file: String,
        /// Names under which it is found by itself.
        accepted: String,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// A file without `X`, but with layers.
    #[error("{file}: there is no `{place}`, so no cell has a value there; {}: name one with --layer", layers_text(.layers))]
    NoMatrix {
        /// The file.
        file: String,
        /// `X`.
        place: String,
        /// The layers that are there.
        layers: Vec<String>,
    },
    /// A layer that is not there.
    #[error("{file}: there is no layer `{layer}`{}; {}", did_you_mean(.nearest), layers_text(.found))]
    UnknownLayer {
        /// The file.
        file: String,
        /// The wanted layer.
        layer: String,
        /// The layer most like it.
        nearest: Option<String>,
        /// The layers that are there.
        found: Vec<String>,
    },
    /// No cell is a control.
    #[error(
        "{file}: obs column `{column}` has no {}{}; its most frequent values are {}; name the one of the unperturbed \
         cells with --control", control_text(.control), did_you_mean(.nearest), counted(.found)
    )]
    NoControls {
        /// The file.
        file: String,
        /// The perturbation column.
        column: String,
        /// The value that was to name controls.
        control: Option<String>,
        /// The value most like it.
        nearest: Option<String>,
        /// The values that are there with their cells, the most frequent ones first.
        found: Vec<(String, usize)>,
    },
    /// A column that tells whether cells are perturbed, but not what is perturbed in them.
    #[error(
        "{file}: obs column `{column}` holds {}, which are no genes; name the column that says which gene was perturbed \
         with --perturbation-key; obs holds {}", quoted(.examples), quoted(.found)
    )]
    NoGenePerturbed {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// Its values.
        examples: Vec<String>,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// Too few control cells to compare anything with.
    #[error("{file}: only {controls} control cells{}, but at least {needed} are needed; {remedy}", in_batches(*.batches))]
    FewControls {
        /// The file.
        file: String,
        /// How many there are.
        controls: usize,
        /// True if only those of a batch that has at least two of them count.
        batches: bool,
        /// How many are needed.
        needed: usize,
        /// What to do.
        remedy: &'static str,
    },
    /// Batches are to be told apart, but by what?
    #[error(
        "{file}: no column of obs is named that tells the batches apart; name it with --batch-key; obs holds {}",
        quoted(.found)
    )]
    NoBatchKey {
        /// The file.
        file: String,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// No change is known inside any batch.
    #[error(
        "{file}: no perturbation has two cells next to two controls in any batch of `{key}`: {with_controls} of {batches} \
         batches have two controls, and no perturbation has more than {most} cells in one of these; name a column that more \
         cells share with --batch-key, and all values of control cells alike, or one of them with --control"
    )]
    NothingInBatches {
        /// The file.
        file: String,
        /// The batch column.
        key: String,
        /// How many batches there are.
        batches: usize,
        /// Those with two controls or more.
        with_controls: usize,
        /// The most cells of one perturbation in one of them.
        most: usize,
    },
    /// No perturbation has enough cells.
    #[error(
        "{file}: none of its {perturbations} perturbations has {needed} cells to compare with controls; the largest is \
         `{largest}` with {cells} (row {row} of obs is its first); name a perturbation column whose values are shared by \
         cells, or allow fewer with --min-cells"
    )]
    FewCells {
        /// The file.
        file: String,
        /// How many perturbations there are.
        perturbations: usize,
        /// How many cells are needed.
        needed: usize,
        /// The perturbation with the most cells.
        largest: String,
        /// Its cells.
        cells: usize,
        /// The first of them, counted from 0.
        row: usize,
    },
    /// Two parts of the file that should be equally long.
    #[error(
        "{file}: {what} has {found} entries, but there are {expected} {of}; the file is damaged or was not written by anndata"
    )]
    Length {
        /// The file.
        file: String,
        /// The part.
        what: String,
        /// How long it is.
        found: usize,
        /// How long it should be.
        expected: usize,
        /// What is counted.
        of: &'static str,
    },
    /// One gene name on two rows of `var`.
    #[error(
        "{file}: gene `{gene}` stands on rows {first} and {second} of var; make the names unique \
         (`adata.var_names_make_unique()`), or name a column of var without repeats with --gene-key"
    )]
    RepeatedGene {
        /// The file.
        file: String,
        /// The gene.
        gene: String,
        /// Its first row, counted from 0.
        first: usize,
        /// Its second row.
        second: usize,
    },
    /// A gene without a name.
    #[error("{file}: the gene on row {row} of var has no name; name it, or name another column of var with --gene-key")]
    UnnamedGene {
        /// The file.
        file: String,
        /// The row, counted from 0.
        row: usize,
    },
    /// A value that is not an expression value value.
    #[error("{file}: {matrix}, cell on row {row} of obs, gene `{gene}`: the value is {value}; {remedy}")]
    Value {
        /// The file.
        file: String,
        /// `X` or the layer.
        matrix: String,
        /// The cell, counted from 0.
        row: usize,
        /// The gene.
        gene: String,
        /// The value.
        value: f32,
        /// What is wrong with it, and the remedy.
        remedy: String,
    },
    /// Values that are normalised but not yet logarithms.
    #[error(
        "{file}: {matrix} holds values that are no whole numbers and go up to {highest}: neither counts nor logarithms of \
         them; take the logarithm (`scanpy.pp.log1p(adata)`), or read the counts with --layer"
    )]
    NotLogarithms {
        /// The file.
        file: String,
        /// `X` or the layer.
        matrix: String,
        /// The highest value.
        highest: f32,
    },
    /// One pair of cell and gene stored twice.
    #[error(
        "{file}: {matrix} stores two values for the cell on row {row} of obs and gene `{gene}`; add them up before saving \
         (`adata.X.sum_duplicates()`)"
    )]
    RepeatedEntry {
        /// The file.
        file: String,
        /// `X` or the layer.
        matrix: String,
        /// The cell, counted from 0.
        row: usize,
        /// The gene.
        gene: String,
    },
    /// A file that cannot be written.
    #[error("cannot write {file}: {cause}")]
    Unwritable {
        /// The file.
        file: String,
        /// What the HDF5 writer says.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Predictions of which no gene is known.
    #[error(
        "{file}: none of its {names} gene names ({place}) is known to the knowledge base, for example {}; use the same \
         organism and the same kind of names in both, or name the column of var that holds them with --gene-key",
        examples_text(.examples)
    )]
    ForeignGenes {
        /// The file.
        file: String,
        /// Number of names.
        names: usize,
        /// The column of `var`, or its index.
        place: String,
        /// Some of them, each with the nearest known symbol.
        examples: Vec<(String, Option<String>)>,
    },
    /// Predictions for perturbations of which none is of a known gene.
    #[error(
        "{file}: none of the {names} perturbations in obs column `{column}` is of genes that are known, for example {}; \
         name them by the genes that are perturbed (`A`, `A+B`, `A+ctrl`), or name another column with --perturbation-key",
        quoted(.examples)
    )]
    ForeignPerturbations {
        /// The file.
        file: String,
        /// The perturbation column.
        column: String,
        /// Number of different names.
        names: usize,
        /// Some of them.
        examples: Vec<String>,
    },
    /// Predictions of two genes that are one.
    #[error(
        "{file}: `{}` on row {} of var and `{}` on row {} are both gene `{gene}`; keep one of them \
         (`adata[:, adata.var_names != \"{}\"]`)", .first.0, .first.1, .second.0, .second.1, .second.0
    )]
    OneGeneTwice {
        /// The file.
        file: String,
        /// The gene.
        gene: String,
        /// Its first name and the row, counted from 0.
        first: (String, usize),
        /// Its second name and row.
        second: (String, usize),
    },
    /// A perturbation that makes no sense.
    #[error("{file}: obs column `{column}`, row {row}: {cause}")]
    Perturbation {
        /// The file.
        file: String,
        /// The perturbation column.
        column: String,
        /// The first row with it, counted from 0.
        row: usize,
        /// What is wrong with it, and the remedy.
        cause: BiologyError,
    },
    /// A matrix of zeros.
    #[error("{file}: {matrix} holds no value but 0, so nothing was measured there; {}", layers_text(.layers))]
    Empty {
        /// The file.
        file: String,
        /// `X` or the layer.
        matrix: String,
        /// The layers of the file.
        layers: Vec<String>,
    },
    /// A part that lies in another file.
    #[error(
        "{file}: {what}; nothing is read from other files: read it with `anndata.read_h5ad` and save it with `write_h5ad`, \
         which puts everything into one"
    )]
    OtherFile {
        /// The file.
        file: String,
        /// Which part, and where it lies.
        what: String,
    },
    /// A part that says to be larger than the file can hold.
    #[error(
        "{file}: {what} says to hold {} of values, but the whole file has only {held} bytes; it is damaged or was not \
         written by anndata", told_bytes(*.claimed)
    )]
    Claim {
        /// The file.
        file: String,
        /// The part.
        what: String,
        /// How many bytes it claims.
        claimed: u64,
        /// Size of the file.
        held: u64,
    },
    /// What does not fit into memory.
    #[error(
        "{file}: {what} would take {} of memory, and {} are free; keep fewer perturbations, batches or genes, or take a \
         machine with more memory", told_bytes(*.needed), told_bytes(*.free)
    )]
    TooLarge {
        /// The file.
        file: String,
        /// What would take it.
        what: String,
        /// How many bytes it would take.
        needed: u64,
        /// How many are free.
        free: u64,
    },
    /// A setting outside its range.
    #[error("the {what} is {value}, but must be {range}")]
    OutOfRange {
        /// Which setting.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
}

fn table_of(option: &str) -> &'static str {
    if option == "--gene-key" { "var" } else { "obs" }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

fn quoted(names: &[String]) -> String {
    const SHOWN: usize = 30;
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        text.push_str("none");
    } else if names.len() > SHOWN {
        text += &format!(" and {} more", names.len() - SHOWN);
    }
    text
}

fn counted(found: &[(String, usize)]) -> String {
    const SHOWN: usize = 8;
    let shown = found.iter().take(SHOWN).map(|(name, cells)| format!("`{name}` ({cells} cells)"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if found.len() > SHOWN {
        text += &format!(" and {} more", found.len() - SHOWN);
    }
    text
}

/// Names the layers of a file in the words that messages use.
pub(super) fn layers_text(layers: &[String]) -> String {
    if layers.is_empty() {
        "the file has no layers, only X".to_owned()
    } else {
        format!("the layers are {}", quoted(layers))
    }
}

fn examples_text(examples: &[(String, Option<String>)]) -> String {
    let example = |(name, nearest): &(String, Option<String>)| format!("`{name}`{}", did_you_mean(nearest));
    examples.iter().map(example).collect::<Vec<_>>().join(", ")
}

fn control_text(control: &Option<String>) -> String {
    match control {
        Some(control) => format!("value `{control}`"),
        None => "value that usually names controls (`control`, `non-targeting`, `ctrl`)".to_owned(),
    }
}

fn in_batches(batches: bool) -> &'static str {
    if batches { " in batches that have two or more of them" } else { "" }
}
