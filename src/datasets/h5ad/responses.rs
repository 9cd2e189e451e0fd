//! From cells to responses: every perturbation against controls, false discovery rates, calls, and the long table of them.

use std::collections::HashMap;
use std::io::{self, Write};

use rayon::prelude::*;

use super::super::differential::benjamini_hochberg;
use super::super::expression::{decimals, significant};
use super::column::MISSING;
use super::error::CellError;
use super::file::CellFile;
use super::gather::{Columns, Gathering, Packing, factors, gene_ranges};
use super::groups::PerturbedCells;
use super::limits::ensure_memory;
use super::scale::{Scale, Survey};
use super::strata::{CellTest, Comparison, Strata, Sums};
use crate::biology::{Direction, Response};
use crate::datasets::{CallThresholds, OnTarget, OwnResponse};
use crate::progress::Progress;

/// How perturbed cells are compared with controls, and when a gene counts as changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellDifferential {
    /// The test.
    pub test: CellTest,
    /// When a change counts as a response. Log2 fold change of `1 + normalised count`, see [`CellTest`]; default 0.25, that
    /// is a fifth more: where a gene is seen in few cells even its doubling moves that mean by no more.
    pub thresholds: CallThresholds,
    /// Perturbations with fewer cells next to controls are left out; at least 2, default 10, from where on the normal
    /// approximation of the rank sum is good to two digits.
    pub min_cells: usize,
    /// A gene seen in a smaller share of both the perturbed cells and the controls is not called; in `[0, 1]`, default
    /// 0.05. Its silence says nothing, since most cells are silent anyway.
    pub min_seen: f64,
    /// Total to which the counts of each cell are brought; by default the median of all cells. Not used for logarithms.
    pub total: Option<f64>,
    /// About this many bytes are taken for the values of genes worked on at once; the file is read again for the next ones.
    /// Default 1 GiB; less takes more passes.
    pub bytes: u64,
}

impl Default for CellDifferential {
    fn default() -> Self {
        Self {
            test: CellTest::default(),
            thresholds: CallThresholds { min_log2fc: 0.25, ..CallThresholds::default() },
            min_cells: 10,
            min_seen: 0.05,
            total: None,
            bytes: 1 << 30,
        }
    }
}

impl CellDifferential {
    fn checked(self) -> Result<Self, CellError> {
        let out = |what, value, range| Err(CellError::OutOfRange { what, value, range });
        let CallThresholds { min_log2fc, max_fdr } = self.thresholds;
        if !(min_log2fc > 0.0 && min_log2fc.is_finite()) {
            return out("least log2 fold change of a response", min_log2fc, "above 0");
        }
        if !(max_fdr > 0.0 && max_fdr <= 1.0) {
            return out("highest false discovery rate of a response", max_fdr, "above 0 and at most 1");
        }
        if !(0.0..=1.0).contains(&self.min_seen) {
            return out("least share of cells in which a gene is seen", self.min_seen, "from 0 to 1");
        }
        if self.min_cells < 2 {
            return out("least number of cells of a perturbation", self.min_cells as f64, "2 or more");
        }
        match self.total {
            Some(total) if !(total > 0.0 && total.is_finite()) => out("common total of the cells", total, "above 0"),
            _ => Ok(self),
        }
    }
}

/// What the cells of a file say: one row for each perturbation with enough cells, one entry for each gene.
#[derive(Clone, Debug, PartialEq)]
pub struct CellResponses {
    /// The perturbations compared.
    pub perturbations: Vec<PerturbedCells>,
    /// Those with too few cells next to controls.
    pub left_out: Vec<PerturbedCells>,
    /// Total to which the counts were brought; `None` for logarithms.
    pub total: Option<f64>,
    /// How often the matrix was read for the tests, its survey not counted in.
    pub passes: usize,
    /// Gene by gene, an entry for each perturbation.
    comparisons: Vec<Vec<Compared>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Compared {
    log2fc: f32,
    fdr: f32,
    margin: f32,
    seen: bool,
}

impl CellResponses {
    /// Log2 fold change, false discovery rate and response of a gene to a perturbation, by their positions.
    ///
    /// The response is `None` if the cells do not tell: the gene is seen in too few of them, a large change is not
    /// significant, the confidence interval of a small one reaches a large one (see
    /// [`CallThresholds::call_with_margin`]), or a small one is significant: where counts are low, twice as much is a small
    /// change of this mean, and must not be called unchanged.
    #[must_use]
    pub fn of(&self, perturbation: usize, gene: usize, thresholds: CallThresholds) -> (f64, f64, Option<Response>) {
        let Compared { log2fc, fdr, margin, seen } = self.comparisons[gene][perturbation];
        let (log2fc, fdr) = (f64::from(log2fc), f64::from(fdr));
        let call = thresholds.call_with_margin(log2fc, fdr, f64::from(margin)).filter(|&call| {
            let small_but_there = call == Response::Unchanged && fdr <= thresholds.max_fdr;
            seen && !small_but_there
        });
        (log2fc, fdr, call)
    }

    /// How the perturbed genes of each perturbation responded themselves; genes without a mark were moved as `default` says.
    #[must_use]
    pub fn own_responses(&self, cells: &CellFile, thresholds: CallThresholds, default: Direction) -> OnTarget {
        let places: HashMap<&str, usize> =
            cells.genes().iter().enumerate().map(|(place, gene)| (gene.as_str(), place)).collect();
        let own = |(number, perturbed): (usize, &PerturbedCells)| {
            let response = |(gene, mark): &(String, Option<Direction>)| {
                let (log2fc, _, response) = self.of(number, *places.get(gene.as_str())?, thresholds);
                let declared = mark.unwrap_or(default);
                Some(OwnResponse { gene: gene.clone(), declared, response, log2fc: Some(log2fc) })
            };
            perturbed.genes.iter().filter_map(response).collect::<Vec<_>>()
        };
        OnTarget { own: self.perturbations.iter().enumerate().flat_map(own).collect() }
    }

    /// Genes down, unchanged, up and not called, for one perturbation.
    #[must_use]
    pub fn counts(&self, perturbation: usize, thresholds: CallThresholds) -> [usize; 4] {
        let mut counts = [0; 4];
        for gene in 0..self.comparisons.len() {
            let (.., call) = self.of(perturbation, gene, thresholds);
            counts[call.map_or(3, Response::class)] += 1;
        }
        counts
    }
}

/// Compares the cells of every perturbation with the controls of the same batches.
///
/// Counts are brought to a common total and `ln(1 + x)` is taken, logarithms are used as they are. The false discovery rate
/// (Benjamini and Hochberg) is taken over all genes of a perturbation. `None` if `progress` asked to stop.
///
/// # Errors
/// [`CellError`] for settings out of range, too few controls, no perturbation with enough cells, or a damaged file.
///
/// # Complexity
/// `O(stored values · log(values of a gene) + perturbations · batches · genes)`; in memory the values of as many genes as
/// `bytes` allow, and 16 bytes for each pair of perturbation and gene.
pub fn cell_responses(
    cells: &CellFile,
    survey: &Survey,
    differential: CellDifferential,
    progress: &dyn Progress,
) -> Result<Option<CellResponses>, CellError> {
    let differential = differential.checked()?;
    let chosen = chosen(cells, differential.min_cells)?;
    let take_logarithm = survey.scale == Scale::Counts;
    let total = differential.total.unwrap_or(survey.median_total);
    let (groups, batches) = (chosen.perturbations.len() + 1, cells.groups.batches.len());
    let packing = Packing::checked(groups, batches)?;
    let of_genes = groups as u128 * cells.genes().len() as u128 * size_of::<(Comparison, Compared)>() as u128;
    let what = format!("comparing {} perturbations in {batches} batches", groups - 1);
    ensure_memory(&cells.file, &what, Strata::bytes(groups, batches) + of_genes)?;
    let present = chosen.group_of.iter().zip(&cells.groups.batch_of).filter(|(group, _)| **group != MISSING);
    let present = present.map(|(&group, &batch)| (group, batch));
    let strata = Strata::new(packing, groups, batches, present, differential.test, take_logarithm);
    let factors = factors(survey, total);
    let gathering = Gathering { cells, packing, group_of: &chosen.group_of, factors: &factors };
    let ranges = gene_ranges(&survey.cells_of_gene, differential.bytes);
    let passes = ranges.len();
    let lines: usize = ranges.iter().map(|range| cells.matrix.lines_of(range.clone()).len()).sum();
    progress.begin("compare cells", lines as u64);
    let (mut compared, mut used): (Vec<Vec<Comparison>>, Option<Columns>) = (Vec::new(), None);
    let mut seen_in_controls = Vec::new();
    for range in ranges {
        let Some(mut columns) = gathering.columns(range, &survey.cells_of_gene, used.take(), progress)? else {
            return Ok(None);
        };
        let compare =
            |sums: &mut Sums, column: &mut [u64]| (!progress.is_cancelled()).then(|| strata.compare(column, sums));
        let results: Option<Vec<_>> =
            columns.each().into_par_iter().map_init(|| strata.sums(), |sums, column| compare(sums, column)).collect();
        let Some(results) = results else { return Ok(None) };
        for (of_gene, seen) in results {
            compared.push(of_gene);
            seen_in_controls.push(seen);
        }
        used = Some(columns);
    }
    drop(used);
    let comparisons = with_rates(compared, &seen_in_controls, differential.min_seen as f32);
    let Chosen { perturbations, left_out, .. } = chosen;
    let total = take_logarithm.then_some(total);
    Ok(Some(CellResponses { perturbations, left_out, total, passes, comparisons }))
}

/// The perturbations with enough cells, and the number of each cell among them.
struct Chosen {
    perturbations: Vec<PerturbedCells>,
    left_out: Vec<PerturbedCells>,
    group_of: Vec<u32>,
}

fn chosen(cells: &CellFile, needed: usize) -> Result<Chosen, CellError> {
    let groups = &cells.groups;
    let controls = groups.compared_controls();
    if controls < needed {
        let remedy = if groups.stratified { "compare across batches without --batch-key" } else { MORE_CONTROLS };
        let (file, batches) = (cells.file.clone(), groups.stratified);
        return Err(CellError::FewControls { file, controls, batches, needed, remedy });
    }
    let mut numbers = vec![0];
    let (mut perturbations, mut left_out) = (Vec::new(), Vec::new());
    for perturbation in &groups.perturbations {
        if perturbation.compared >= needed {
            perturbations.push(perturbation.clone());
            numbers.push(perturbations.len() as u32);
        } else {
            left_out.push(perturbation.clone());
            numbers.push(MISSING);
        }
    }
    if perturbations.is_empty() {
        return Err(few_cells(cells, needed));
    }
    let number = |&group: &u32| numbers.get(group as usize).copied().unwrap_or(MISSING);
    Ok(Chosen { perturbations, left_out, group_of: groups.group_of.iter().map(number).collect() })
}

const MORE_CONTROLS: &str = "name all values of control cells alike, or allow fewer with --min-cells";

fn few_cells(cells: &CellFile, needed: usize) -> CellError {
    let perturbations = &cells.groups.perturbations;
    let largest = perturbations.iter().rev().max_by_key(|perturbation| perturbation.compared);
    CellError::FewCells {
        file: cells.file.clone(),
        perturbations: perturbations.len(),
        needed,
        largest: largest.map_or_else(String::new, PerturbedCells::name),
        cells: largest.map_or(0, |largest| largest.compared),
        row: largest.map_or(0, |largest| largest.first_row),
    }
}

/// Adds the false discovery rates of each perturbation.
fn with_rates(compared: Vec<Vec<Comparison>>, seen_in_controls: &[f32], min_seen: f32) -> Vec<Vec<Compared>> {
    let perturbations = compared.first().map_or(0, Vec::len);
    let rates: Vec<Vec<f32>> = (0..perturbations)
        .into_par_iter()
        .map(|perturbation| {
            let p: Vec<f64> = compared.iter().map(|of_gene| of_gene[perturbation].p).collect();
            benjamini_hochberg(&p).into_iter().map(|rate| rate as f32).collect()
        })
        .collect();
    let entry = |(perturbation, comparison): (usize, Comparison), gene: usize| Compared {
        log2fc: comparison.log2fc,
        fdr: rates[perturbation][gene],
        margin: comparison.margin,
        seen: comparison.seen.max(seen_in_controls[gene]) >= min_seen,
    };
    let of_gene = |(gene, of_gene): (usize, Vec<Comparison>)| {
        of_gene.into_iter().enumerate().map(|comparison| entry(comparison, gene)).collect()
    };
    compared.into_iter().enumerate().map(of_gene).collect()
}

/// Writes fold changes and responses in the columns of [`crate::datasets::write_differential`]; the locus tag stays empty,
/// and so does the response of what is not called.
///
/// # Errors
/// What the writer says.
pub fn write_cell_responses(
    cells: &CellFile,
    responses: &CellResponses,
    thresholds: CallThresholds,
    default: Direction,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["contrast", "perturbation", "gene", "locus_tag", "log2fc", "fdr", "response"])?;
    let named = |perturbed: &PerturbedCells| (perturbed.name(), perturbed.notation(default));
    let names: Vec<(String, String)> = responses.perturbations.iter().map(named).collect();
    for (gene, symbol) in cells.genes().iter().enumerate() {
        for (number, (contrast, perturbation)) in names.iter().enumerate() {
            let (log2fc, fdr, call) = responses.of(number, gene, thresholds);
            let response = call.map_or("", |call| ["-1", "0", "1"][call.class()]);
            writer.write_record([
                contrast,
                perturbation,
                symbol,
                "",
                &decimals(log2fc),
                &significant(fdr),
                response,
            ])?;
        }
    }
    writer.flush()
}
