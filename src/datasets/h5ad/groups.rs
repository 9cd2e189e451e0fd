//! Cells by what was perturbed in them and by batch.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::error::nearest;
use super::super::matching::{MarkedName, alone, parts_of};
use super::super::reading::UnperturbedName;
use super::super::unperturbed::{Unperturbed, unperturbed};
use super::column::{Labels, MISSING};
use super::error::CellError;
use crate::biology::Direction;

/// Cells of one perturbation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerturbedCells {
    /// The perturbed genes with the marks that the file gives them, in alphabetical order.
    pub genes: Vec<(String, Option<Direction>)>,
    /// The values of the perturbation column that say so: `KLF1+ctrl` and `ctrl+KLF1` are one perturbation.
    pub labels: Vec<String>,
    /// How many cells there are.
    pub cells: usize,
    /// How many of them have controls in their batch, and so count.
    pub compared: usize,
    /// How many there are in each batch that holds any, with controls or without.
    pub in_batch: BTreeMap<usize, usize>,
    pub(super) first_row: usize,
}

impl PerturbedCells {
    /// The notation that every reader of responses knows, for example `KLF1-` or `A+,B+`; genes without a mark move in the
    /// `default` direction.
    #[must_use]
    pub fn notation(&self, default: Direction) -> String {
        let mark = |direction| if direction == Direction::Deletion { '-' } else { '+' };
        let genes = self.genes.iter().map(|(name, own)| format!("{name}{}", mark(own.unwrap_or(default))));
        genes.collect::<Vec<_>>().join(",")
    }

    /// The genes joined by `+`, without what was done to them.
    #[must_use]
    pub fn name(&self) -> String {
        self.genes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("+")
    }
}

/// Cells that are compared with nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Excluded {
    /// The perturbation column is empty.
    pub unlabelled: usize,
    /// The batch column is empty.
    pub without_batch: usize,
    /// Perturbed cells of batches with fewer than two controls, from which no spread is known.
    pub without_controls: usize,
}

/// All cells by perturbation and batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// The perturbations, by their genes.
    pub perturbations: Vec<PerturbedCells>,
    /// Names of the batches; a single unnamed one if none were asked for.
    pub batches: Vec<String>,
    /// Control cells of each batch.
    pub controls: Vec<usize>,
    /// The values of the perturbation column that name controls.
    pub control_labels: Vec<String>,
    /// The values of the perturbation column that stand for no perturbed gene, with their cells.
    pub unperturbed: Vec<UnperturbedName>,
    /// Cells that are compared with nothing.
    pub excluded: Excluded,
    /// True if batches are told apart.
    pub stratified: bool,
    /// For each cell 0 for a control, 1 + its perturbation, or [`MISSING`].
    pub(super) group_of: Vec<u32>,
    /// For each cell its batch.
    pub(super) batch_of: Vec<u32>,
}

/// The number of controls in a batch from which their spread is known.
const LEAST_CONTROLS: usize = 2;
/// The number of perturbed cells in a batch from which their spread is known.
const LEAST_CELLS: usize = 2;

impl Groups {
    pub(super) fn of(
        file: &str,
        column: &str,
        labels: &Labels,
        batches: Option<&Labels>,
        control: Option<&str>,
        (genes, done): (&[String], &Done),
    ) -> Result<Self, CellError> {
        let mut cells_of = vec![0; labels.names.len()];
        labels.codes.iter().filter(|&&code| code != MISSING).for_each(|&code| cells_of[code as usize] += 1);
        let measured: HashSet<&str> = genes.iter().map(String::as_str).collect();
        let mut parts = parsed(&labels.names, control, &|name| measured.contains(name));
        done.mark(&mut parts);
        let kinds: Vec<_> =
            labels.names.iter().zip(&parts).map(|(name, parts)| kind_of(name, parts, control)).collect();
        if !kinds.iter().zip(&cells_of).any(|(kind, &cells)| *kind == Some(Unperturbed::Control) && cells > 0) {
            return Err(no_controls(file, column, labels, &cells_of, control));
        }
        let (perturbations, mut group_of_label) = distinct(&labels.names, &parts, &cells_of);
        for (group, _) in group_of_label.iter_mut().zip(&kinds).filter(|(_, kind)| **kind == Some(Unperturbed::Missing))
        {
            *group = MISSING;
        }
        let named = |(label, kind): (usize, &Option<Unperturbed>)| {
            let (name, entries) = (labels.names[label].clone(), cells_of[label] as u64);
            kind.filter(|_| entries > 0).map(|kind| UnperturbedName { name, kind, entries })
        };
        let unperturbed = kinds.iter().enumerate().filter_map(named).collect();
        let group_of = labels.codes.iter().map(|&code| group_of_label.get(code as usize).copied().unwrap_or(MISSING));
        let control_labels = (0..labels.names.len()).filter(|&label| group_of_label[label] == 0);
        let mut groups = Self {
            perturbations,
            batches: batches.map_or_else(|| vec![String::new()], |batches| batches.names.clone()),
            controls: Vec::new(),
            unperturbed,
            control_labels: control_labels.map(|label| labels.names[label].clone()).collect(),
            excluded: Excluded::default(),
            stratified: batches.is_some(),
            group_of: group_of.collect(),
            batch_of: batches.map_or_else(|| vec![0; labels.codes.len()], |batches| batches.codes.clone()),
        };
        groups.drop_what_cannot_be_compared();
        Ok(groups)
    }

    /// Counts cells and takes out those without label, batch, or controls in their batch.
    fn drop_what_cannot_be_compared(&mut self) {
        self.controls = vec![0; self.batches.len()];
        for (group, &batch) in self.group_of.iter().zip(&self.batch_of) {
            if *group == 0 && batch != MISSING {
                self.controls[batch as usize] += 1;
            }
        }
        for (row, (group, &batch)) in self.group_of.iter_mut().zip(&self.batch_of).enumerate() {
            if *group == MISSING {
                self.excluded.unlabelled += 1;
                continue;
            }
            let mut own = group.checked_sub(1).map(|number| &mut self.perturbations[number as usize]);
            if let Some(own) = &mut own {
                own.first_row = own.first_row.min(row);
                own.cells += 1;
                if batch != MISSING {
                    *own.in_batch.entry(batch as usize).or_default() += 1;
                }
            }
            if batch == MISSING {
                self.excluded.without_batch += 1;
                *group = MISSING;
            } else if self.controls[batch as usize] < LEAST_CONTROLS {
                self.excluded.without_controls += usize::from(own.is_some());
                *group = MISSING;
            } else if let Some(own) = own {
                own.compared += 1;
            }
        }
    }

    /// The batches in which a perturbation has two cells or more next to two controls or more: those in which its change and the
    /// spread around it are known.
    pub fn batches_of<'a>(&'a self, perturbation: &'a PerturbedCells) -> impl Iterator<Item = usize> + 'a {
        let enough = |(&batch, &cells): (&usize, &usize)| {
            (cells >= LEAST_CELLS && self.controls[batch] >= LEAST_CONTROLS).then_some(batch)
        };
        perturbation.in_batch.iter().filter_map(enough)
    }

    /// Control cells of batches in which anything can be compared.
    #[must_use]
    pub fn compared_controls(&self) -> usize {
        self.controls.iter().filter(|&&controls| controls >= LEAST_CONTROLS).sum()
    }

    /// Control cells in all batches.
    #[must_use]
    pub fn all_controls(&self) -> usize {
        self.controls.iter().sum()
    }
}

/// Why a label names no perturbed gene; `None` if it names some.
fn kind_of(label: &str, parts: &[MarkedName], control: Option<&str>) -> Option<Unperturbed> {
    if !parts.is_empty() {
        return None;
    }
    if Some(label) == control {
        return Some(Unperturbed::Control);
    }
    Some(unperturbed(label, &|_| false).unwrap_or(Unperturbed::Control))
}

/// What a column of the file says was done, for each label of the perturbation column.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// `None` for labels of which nothing is said.
    pub of_label: Vec<Option<Direction>>,
}

impl Done {
    /// Marks the genes that bear no mark of their own.
    fn mark(&self, parts: &mut [Vec<MarkedName>]) {
        for (parts, done) in parts.iter_mut().zip(&self.of_label) {
            parts.iter_mut().for_each(|(_, mark)| *mark = mark.or(*done));
        }
    }
}

/// The perturbed genes of each label; none for controls.
pub(super) fn parsed(labels: &[String], control: Option<&str>, is_gene: &dyn Fn(&str) -> bool) -> Vec<Vec<MarkedName>> {
    // Whatever is perturbed alone is a name too, so that combinations of genes that were not measured come apart.
    let texts = labels.iter().map(String::as_str).filter(|label| Some(*label) != control);
    let alone = alone(texts, is_gene);
    let is_name = |name: &str| is_gene(name) || alone.contains(name);
    let is_part = |name: &str| is_name(name) || Some(name) == control;
    let parse = |label: &String| {
        if Some(label.as_str()) == control {
            return Vec::new();
        }
        // What is perturbed together with a control is the rest.
        let mut parts = parts_of(label, &is_part);
        parts.retain(|(name, _)| Some(name.as_str()) != control);
        parts.sort_unstable();
        parts.dedup();
        parts
    };
    labels.iter().map(parse).collect()
}

/// The different perturbations among labels, and for each label 0 if it names controls, else 1 + its perturbation.
fn distinct(labels: &[String], parts: &[Vec<MarkedName>], cells: &[usize]) -> (Vec<PerturbedCells>, Vec<u32>) {
    let mut by_genes: BTreeMap<&[MarkedName], Vec<String>> = BTreeMap::new();
    for ((label, parts), _) in
        labels.iter().zip(parts).zip(cells).filter(|((_, parts), cells)| !parts.is_empty() && **cells > 0)
    {
        by_genes.entry(parts).or_default().push(label.clone());
    }
    let number: HashMap<&[MarkedName], u32> = by_genes.keys().copied().zip(1..).collect();
    let group = |parts: &Vec<MarkedName>| {
        if parts.is_empty() { 0 } else { number.get(parts.as_slice()).copied().unwrap_or(MISSING) }
    };
    let group_of_label = parts.iter().map(group).collect();
    let perturbed = |(genes, labels): (&[MarkedName], Vec<String>)| PerturbedCells {
        genes: genes.to_vec(),
        labels,
        cells: 0,
        compared: 0,
        in_batch: BTreeMap::new(),
        first_row: usize::MAX,
    };
    (by_genes.into_iter().map(perturbed).collect(), group_of_label)
}

pub(super) fn no_controls(
    file: &str,
    column: &str,
    labels: &Labels,
    cells_of: &[usize],
    control: Option<&str>,
) -> CellError {
    let mut found: Vec<_> = labels.names.iter().cloned().zip(cells_of.iter().copied()).collect();
    found.sort_by(|(one, a), (other, b)| b.cmp(a).then(one.cmp(other)));
    CellError::NoControls {
        file: file.to_owned(),
        column: column.to_owned(),
        control: control.map(str::to_owned),
        nearest: control.and_then(|control| nearest(control, labels.names.iter().map(String::as_str))),
        found,
    }
}
