//! What can be wrong with a name or a notation of the field.

use thiserror::Error;

/// A name or a notation that could not be understood.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BiologyError {
    /// No gene bears this name.
    #[error("gene `{name}` is not known{}", did_you_mean(.nearest.as_deref()))]
    UnknownGene {
        /// The name as it was written.
        name: String,
        /// The known symbol that is most like it.
        nearest: Option<String>,
    },
    /// Several genes bear this name as an alias.
    #[error("gene name `{name}` is an alias of several genes: {}; write the symbol that you mean", .genes.join(", "))]
    AmbiguousGene {
        /// The name as it was written.
        name: String,
        /// The symbols that it may stand for.
        genes: Vec<String>,
    },
    /// A perturbation that names no gene.
    #[error("`{text}` names no perturbed gene; write for example `crp-` (deletion) or `A-,B+`")]
    EmptyPerturbation {
        /// The text as it was written.
        text: String,
    },
    /// One gene is both deleted and overexpressed.
    #[error("perturbation `{text}` both deletes and overexpresses gene `{gene}`; keep one of the two")]
    ContradictoryPerturbation {
        /// The text as it was written.
        text: String,
        /// The gene named twice.
        gene: String,
    },
    /// A response that is none of −1, 0, +1.
    #[error("`{text}` is not a response; write -1 (down), 0 (unchanged) or 1 (up)")]
    UnknownResponse {
        /// The text as it was written.
        text: String,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |symbol| format!(" (did you mean `{symbol}`?)"))
}
