//! What the table of cells says: which column names perturbed genes, what was done to them, and what tells batches apart.

use std::collections::{BTreeMap, HashSet};

use super::super::matching::direction;
use super::super::unperturbed::{is_state, unperturbed};
use super::column::{Labels, MISSING, Open};
use super::error::CellError;
use super::groups::{Done, parsed};
use crate::biology::Direction;

/// Usual names of the perturbation column, most telling first.
const PERTURBATION: [&str; 15] = [
    "perturbation",
    "perturbations",
    "perturbation_name",
    "perturbed_gene",
    "gene_target",
    "target_gene",
    "condition",
    "guide_identity",
    "guide_target",
    "knockout",
    "target",
    "gene",
    "guide_ID",
    "guide",
    "sgRNA",
];
/// Usual names of the column that says what was done.
const DONE: [&str; 3] = ["perturbation_type", "perturbation_direction", "perturbation_sign"];
/// Usual names of columns that tell cells apart which should not be compared with each other.
const BATCHES: [&str; 18] = [
    "batch",
    "batches",
    "gem_group",
    "gemgroup",
    "gem",
    "replicate",
    "replicates",
    "donor",
    "donor_id",
    "lane",
    "plate",
    "library",
    "sample",
    "sample_id",
    "cell_type",
    "celltype",
    "cell_line",
    "cell_types",
];

/// A column of cells with what is to be told of how it was found.
pub(super) struct NamedColumn {
    pub name: String,
    pub labels: Labels,
    pub told: Option<String>,
}

/// The column that names what was perturbed: the one asked for, or the first of the usual ones that names measured genes.
pub(super) fn perturbations(open: &Open<'_>, key: Option<&str>, genes: &[String]) -> Result<NamedColumn, CellError> {
    let read = |name: &str| open.labels("obs", Some(name), "--perturbation-key");
    if let Some(key) = key {
        return Ok(NamedColumn { name: key.to_owned(), labels: read(key)?, told: None });
    }
    let found = open.columns("obs")?;
    let measured: HashSet<&str> = genes.iter().map(String::as_str).collect();
    let mut candidates = Vec::new();
    for name in PERTURBATION.into_iter().filter(|usual| found.iter().any(|column| column == usual)) {
        let labels = read(name)?;
        let shown = Shown::of(&labels, &measured);
        candidates.push((name, labels, shown));
    }
    let first = candidates.first().map(|(name, ..)| *name);
    let Some(first) = first else { return Err(no_perturbation_column(open, found)) };
    let place = candidates.iter().position(|(.., shown)| *shown == Shown::MeasuredGenes);
    let place = place.or_else(|| candidates.iter().position(|(.., shown)| *shown == Shown::OtherNames));
    let Some(place) = place else { return Err(no_gene_perturbed(open, first, &candidates[0].1, found)) };
    let (name, labels, shown) = candidates.swap_remove(place);
    let told = match shown {
        _ if name != first => {
            Some(format!("obs column `{first}` names no measured gene, so perturbations are taken from `{name}`"))
        }
        Shown::MeasuredGenes => None,
        _ => Some(format!("no value of obs column `{name}` is the name of a measured gene")),
    };
    Ok(NamedColumn { name: name.to_owned(), labels, told })
}

/// What the values of a column name, controls set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    MeasuredGenes,
    OtherNames,
    States,
}

impl Shown {
    fn of(labels: &Labels, measured: &HashSet<&str>) -> Self {
        let is_measured = |name: &str| measured.contains(name);
        let parts = parsed(&labels.names, None, &is_measured);
        if parts.iter().flatten().any(|(name, _)| is_measured(name)) {
            return Self::MeasuredGenes;
        }
        let is_other = |name: &String| unperturbed(name, &is_measured).is_none() && !is_state(name);
        if labels.names.iter().any(is_other) { Self::OtherNames } else { Self::States }
    }
}

/// The first of the usual names of the perturbation column.
pub(super) fn usual_perturbation_column(found: &[String]) -> Option<String> {
    PERTURBATION.into_iter().find(|usual| found.iter().any(|column| column == usual)).map(str::to_owned)
}

pub(super) fn no_perturbation_column(open: &Open<'_>, found: Vec<String>) -> CellError {
    CellError::NoPerturbationColumn { file: open.file.to_owned(), accepted: PERTURBATION.join(", "), found }
}

fn no_gene_perturbed(open: &Open<'_>, column: &str, labels: &Labels, found: Vec<String>) -> CellError {
    let (file, column) = (open.file.to_owned(), column.to_owned());
    CellError::NoGenePerturbed { file, column, examples: labels.names.clone(), found }
}

/// What is to be told of the column that says what was done.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub note: Option<String>,
    pub warning: Option<String>,
    /// The column, if it says that any gene was overexpressed.
    pub overexpressed_by: Option<String>,
}

/// What was done to the cells of each label, where a usual column says it in words of the bench.
pub(super) fn done_to(open: &Open<'_>, perturbations: &Labels) -> Result<(Done, Said), CellError> {
    let found = open.columns("obs")?;
    let Some(name) = DONE.into_iter().find(|usual| found.iter().any(|column| column == usual)) else {
        return Ok(Default::default());
    };
    let types = open.labels("obs", Some(name), "--perturbation-key")?;
    let mut votes: Vec<BTreeMap<Direction, usize>> = vec![BTreeMap::new(); perturbations.names.len()];
    let directions: Vec<_> = types.names.iter().map(|text| direction(text)).collect();
    for (&label, &code) in perturbations.codes.iter().zip(&types.codes) {
        if let (true, true, Some(done)) =
            (label != MISSING, code != MISSING, directions.get(code as usize).copied().flatten())
        {
            *votes[label as usize].entry(done).or_default() += 1;
        }
    }
    let most =
        |votes: &BTreeMap<Direction, usize>| votes.iter().max_by_key(|(_, cells)| **cells).map(|(done, _)| *done);
    let of_label: Vec<_> = votes.iter().map(most).collect();
    let mixed = votes.iter().filter(|votes| votes.len() > 1).count();
    let used = of_label.iter().any(Option::is_some);
    let warning = (mixed > 0).then(|| {
        format!("{mixed} perturbations bear both deletion and overexpression in obs column `{name}`; what most of their cells bear counts")
    });
    let note = if used {
        Some(format!("what was done is taken from obs column `{name}` ({})", types.names.join(", ")))
    } else {
        Some(format!("obs column `{name}` ({}) does not say what was done to a gene", types.names.join(", ")))
    };
    let overexpressed_by = of_label.contains(&Some(Direction::Overexpression)).then(|| name.to_owned());
    Ok((Done { of_label }, Said { note, warning, overexpressed_by }))
}

/// Columns that tell batches or kinds of cells apart, of which none was named.
pub(super) fn named_batches(open: &Open<'_>, columns: &[String], used: &str) -> Result<Option<String>, CellError> {
    let mut found = Vec::new();
    for column in columns.iter().filter(|column| BATCHES.contains(&column.to_lowercase().as_str()) && *column != used) {
        let labels = open.labels("obs", Some(column), "--batch-key")?;
        let different: HashSet<u32> = labels.codes.iter().copied().filter(|&code| code != MISSING).collect();
        // As many values as cells tell no batches apart.
        if different.len() > 1 && 2 * different.len() < labels.codes.len() {
            found.push(format!("`{column}` ({} values)", different.len()));
        }
    }
    let told = |found: String| {
        format!(
            "cells are compared with controls of all batches, though obs tells some apart: {found}; name one that controls share"
        )
    };
    Ok((!found.is_empty()).then(|| told(found.join(", "))))
}

/// The base of the logarithm, where `scanpy.pp.log1p` noted one that is not e.
pub(super) fn log_base(open: &Open<'_>) -> Option<f64> {
    let stored = open.hdf5.dataset("uns/log1p/base").ok()?;
    // A whole number is not read as a fraction.
    let whole = || stored.read_numeric_as::<i64>().ok()?.first().map(|&base| base as f64);
    let base = stored.read_numeric_as::<f64>().ok().and_then(|values| values.first().copied()).or_else(whole)?;
    Some(base).filter(|base| base.is_finite() && *base > 0.0 && *base != 1.0)
}
