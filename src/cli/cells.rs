//! `aligned dataset responses`, and `aligned dataset summary` of an AnnData file: from cells to responses.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use aligned::biology::Direction;
use aligned::datasets::h5ad::{
    CellDifferential, CellFile, CellOptions, CellResponses, CellTest, PerturbedCells, Survey, cell_responses,
    write_cell_responses,
};
use aligned::datasets::{CallThresholds, Unperturbed, one_way, unperturbed_line};
use aligned::progress::Progress;
use aligned::report::{ScreenedPerturbation, write_cells_svg};
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, miette};

use super::files::is_cell_file;
use super::hints::{warn_all, warn_of_own_genes};
use super::knowledge_base::DirectionName;
use super::output::{WIDEST_NAME, deliver};
use super::terminal::Terminal;
use super::{Interrupted, files};

/// Make fold changes and responses of single cells (AnnData, .h5ad): perturbed cells against controls of the same batch.
#[derive(Args)]
pub(super) struct ResponsesArgs {
    /// The cells: counts or log-normalised values in X or a layer, sparse or dense.
    #[arg(value_name = "FILE.h5ad")]
    file: PathBuf,
    #[command(flatten)]
    cells: CellArgs,
    /// How perturbed cells are compared with controls.
    #[arg(long, value_enum, default_value = "rank-sum", value_name = "TEST")]
    test: TestArg,
    /// Least absolute log2 fold change of a response, of 1 + normalised count.
    #[arg(long, value_name = "X", default_value_t = default_thresholds().min_log2fc)]
    min_log2fc: f64,
    /// Highest false discovery rate of a response.
    #[arg(long, value_name = "X", default_value_t = default_thresholds().max_fdr)]
    max_fdr: f64,
    /// Perturbations with fewer cells are left out.
    #[arg(long, value_name = "N", default_value_t = CellDifferential::default().min_cells)]
    min_cells: usize,
    /// A gene seen in a smaller share of both perturbed cells and controls is not called.
    #[arg(long, value_name = "X", default_value_t = CellDifferential::default().min_seen)]
    min_seen: f64,
    /// Total to which the counts of each cell are brought [default: the median of all cells].
    #[arg(long, value_name = "X")]
    total: Option<f64>,
    /// What was done to a perturbed gene where its name bears no mark.
    #[arg(long, value_name = "SIGN", default_value = "deletion")]
    perturbation_sign: DirectionName,
    /// Memory for the values of genes worked on at once, in MiB; the file is read again for the next ones.
    #[arg(long, value_name = "MIB", default_value_t = CellDifferential::default().bytes >> 20)]
    memory: u64,
    /// Where the long table goes, compressed if it ends in `.gz`; standard output without it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where a plot (SVG) of cells and calls for each perturbation goes.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// Which columns and which matrix of an AnnData file are read.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct CellArgs {
    #[command(flatten)]
    pub(super) matrix: MatrixArgs,
    /// Column of obs that names the batch; cells are then compared with controls of their own batch.
    #[arg(long, value_name = "NAME")]
    pub(super) batch_key: Option<String>,
}

/// The same without what tells batches apart.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct MatrixArgs {
    /// Column of obs, in an AnnData file, that names what was perturbed in each cell [default: the first of the usual names].
    #[arg(long, value_name = "NAME")]
    perturbation_key: Option<String>,
    /// Its value for cells in which nothing was perturbed [default: all usual names, such as `control`].
    #[arg(long, value_name = "VALUE")]
    control: Option<String>,
    /// Layer to read instead of X.
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Column of var that names the genes [default: its index].
    #[arg(long, value_name = "NAME")]
    gene_key: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum TestArg {
    /// Welch's t of log expression.
    Welch,
    /// Wilcoxon's rank sum.
    RankSum,
}

impl CellArgs {
    fn options(&self) -> CellOptions {
        CellOptions { batch_key: self.batch_key.clone(), ..self.matrix.options() }
    }
}

impl MatrixArgs {
    pub(super) fn options(&self) -> CellOptions {
        CellOptions {
            perturbation_key: self.perturbation_key.clone(),
            control: self.control.clone(),
            batch_key: None,
            layer: self.layer.clone(),
            gene_key: self.gene_key.clone(),
        }
    }
}

impl MatrixArgs {
    /// What was named, as it is named on the command line; empty if nothing was.
    pub(super) fn told(&self) -> String {
        let named = [
            ("--perturbation-key", &self.perturbation_key),
            ("--control", &self.control),
            ("--layer", &self.layer),
            ("--gene-key", &self.gene_key),
        ];
        let told = named.into_iter().filter_map(|(option, value)| Some(format!(" {option} {}", value.as_ref()?)));
        told.collect()
    }
}

impl TestArg {
    fn test(self) -> CellTest {
        match self {
            Self::Welch => CellTest::Welch,
            Self::RankSum => CellTest::RankSum,
        }
    }
}

impl ResponsesArgs {
    fn differential(&self) -> CellDifferential {
        CellDifferential {
            test: self.test.test(),
            thresholds: CallThresholds { min_log2fc: self.min_log2fc, max_fdr: self.max_fdr },
            min_cells: self.min_cells,
            min_seen: self.min_seen,
            total: self.total,
            bytes: self.memory.saturating_mul(1 << 20),
        }
    }
}

pub(super) fn default_thresholds() -> CallThresholds {
    CellDifferential::default().thresholds
}

fn is_compressed(path: &Path) -> bool {
    let mut first = [0; 2];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == [0x1f, 0x8b]
}

pub(super) fn open(path: &Path, arguments: &CellArgs) -> miette::Result<CellFile> {
    File::open(path).map_err(|cause| miette!("cannot read {}: {cause}", path.display()))?;
    if is_compressed(path) {
        return Err(miette!(
            "{} is compressed; AnnData files are read where they lie, so decompress it first: `gunzip {}`",
            path.display(),
            path.display()
        ));
    }
    if !is_cell_file(path) {
        let remedy = "cells are read from AnnData files, which `adata.write_h5ad` writes; for a table of responses use \
                    `aligned dataset summary` or `aligned refine --data`";
        return Err(miette!("{} is not an HDF5 file; {remedy}", path.display()));
    }
    aligned::study::files::remember(path);
    let cells = CellFile::open(path, &arguments.options()).into_diagnostic()?;
    warn_all(cells.warnings());
    Ok(cells)
}

/// Runs `aligned dataset responses`.
pub(super) fn responses(arguments: &ResponsesArgs) -> miette::Result<()> {
    let cells = open(&arguments.file, &arguments.cells)?;
    arguments.out.iter().try_for_each(|out| files::spare_inputs(out))?;
    let progress = Terminal::new();
    let differential = arguments.differential();
    let (survey, responses) = compare(&cells, differential, &progress)?;
    progress.finish();
    tell(&cells, &survey, &responses, differential);
    let (thresholds, sign) = (differential.thresholds, arguments.perturbation_sign.into());
    let own = responses.own_responses(&cells, thresholds, sign);
    warn_of_own_genes(&own);
    if let (Some(column), Direction::Deletion) = (cells.overexpressed_by(), sign) {
        let told = own.told_overexpressed();
        tracing::warn!(
            "{told}; obs column `{column}` says that they were overexpressed, so they are not taken as deleted \
             (--perturbation-sign overexpression says the same)"
        );
    }
    if let Some(path) = &arguments.plot {
        plot(path, called(&responses, thresholds))?;
    }
    let fill = |out: &mut dyn io::Write| write_cell_responses(&cells, &responses, thresholds, sign, out);
    match &arguments.out {
        Some(path) => files::write(path, fill),
        None => deliver(None, fill),
    }
}

fn compare(
    cells: &CellFile,
    differential: CellDifferential,
    progress: &Terminal,
) -> miette::Result<(Survey, CellResponses)> {
    let survey = cells.survey(progress).into_diagnostic()?.ok_or(Interrupted)?;
    let responses = cell_responses(cells, &survey, differential, progress).into_diagnostic()?.ok_or(Interrupted)?;
    if progress.is_cancelled() { Err(Interrupted.into()) } else { Ok((survey, responses)) }
}

fn tell(cells: &CellFile, survey: &Survey, responses: &CellResponses, differential: CellDifferential) {
    let (groups, counts) = (cells.groups(), total_counts(responses, differential.thresholds));
    tracing::info!(
        cells = cells.cells(),
        controls = groups.compared_controls(),
        genes = cells.genes().len(),
        scale = survey.scale.word(),
        passes = responses.passes,
        "{} perturbations compared: {} down, {} unchanged, {} up, {} not called",
        responses.perturbations.len(),
        counts[0],
        counts[1],
        counts[2],
        counts[3]
    );
    cells.notes().iter().for_each(|note| tracing::info!("{note}"));
    for kind in [Unperturbed::Control, Unperturbed::Missing] {
        unperturbed_line(&groups.unperturbed, kind).iter().for_each(|line| tracing::info!("{line} cells"));
    }
    warn_all(one_way(counts[0], counts[2]).as_slice());
    for line in excluded(cells) {
        tracing::warn!("{line}");
    }
    if let Some(line) = too_small(&responses.left_out, differential.min_cells) {
        tracing::warn!("{line}");
    }
}

fn total_counts(responses: &CellResponses, thresholds: CallThresholds) -> [usize; 4] {
    let all = (0..responses.perturbations.len()).map(|number| responses.counts(number, thresholds));
    all.fold([0; 4], |sum, counts| std::array::from_fn(|class| sum[class] + counts[class]))
}

/// Which cells are compared with nothing, and why.
fn excluded(cells: &CellFile) -> Vec<String> {
    let excluded = cells.groups().excluded;
    let reasons = [
        (excluded.unlabelled, "it is not known what was perturbed in them"),
        (excluded.without_batch, "no batch is named for them"),
        (excluded.without_controls, "their batch has fewer than two controls"),
    ];
    let left = reasons.into_iter().filter(|(cells, _)| *cells > 0);
    left.map(|(cells, reason)| format!("{cells} cells are left out: {reason}")).collect()
}

fn too_small(left_out: &[PerturbedCells], min_cells: usize) -> Option<String> {
    const SHOWN: usize = 8;
    let name = |perturbed: &PerturbedCells| format!("{} ({})", perturbed.name(), perturbed.compared);
    let mut named: Vec<_> = left_out.iter().take(SHOWN).map(name).collect();
    if left_out.len() > SHOWN {
        named.push("…".to_owned());
    }
    let count = left_out.len();
    (count > 0)
        .then(|| format!("{count} perturbations with fewer than {min_cells} cells are left out: {}", named.join(", ")))
}

/// What an AnnData file holds, and with a `test` what it says.
pub(super) fn summary(
    path: &Path,
    arguments: &CellArgs,
    test: Option<TestArg>,
    thresholds: CallThresholds,
    top: usize,
    plot_path: Option<&Path>,
) -> miette::Result<String> {
    let cells = open(path, arguments)?;
    let progress = Terminal::new();
    let survey = cells.survey(&progress).into_diagnostic()?.ok_or(Interrupted)?;
    let differential =
        test.map(|test| CellDifferential { test: test.test(), thresholds, ..CellDifferential::default() });
    let responses = match differential {
        Some(differential) => {
            Some(cell_responses(&cells, &survey, differential, &progress).into_diagnostic()?.ok_or(Interrupted)?)
        }
        None => None,
    };
    progress.finish();
    if let Some(path) = plot_path {
        plot(path, responses.as_ref().map_or_else(|| uncalled(&cells), |responses| called(responses, thresholds)))?;
    }
    let mut text = summary_head(path, &cells, &survey);
    match &responses {
        Some(responses) => calls_table(&mut text, responses, thresholds, top),
        None => cells_table(&mut text, &cells, top),
    }
    Ok(text)
}

fn summary_head(path: &Path, cells: &CellFile, survey: &Survey) -> String {
    let groups = cells.groups();
    let share = survey.stored as f64 / (cells.cells() as f64 * cells.genes().len() as f64).max(1.0);
    let mut text = format!("{}: cells in {}, {}\n", path.display(), cells.matrix(), survey.scale.word());
    for (name, value) in [
        ("cells", cells.cells().to_string()),
        ("genes", cells.genes().len().to_string()),
        ("values other than 0", format!("{} ({:.1} %)", survey.stored, 100.0 * share)),
        ("highest value", survey.highest.to_string()),
        ("median total", format!("{:.0}", survey.median_total)),
        ("layers", if cells.layers().is_empty() { "none".to_owned() } else { cells.layers().join(", ") }),
        ("perturbations", groups.perturbations.len().to_string()),
        ("controls", format!("{} ({})", groups.all_controls(), groups.control_labels.join(", "))),
    ] {
        let _ = writeln!(text, "{name:<20} {value}");
    }
    let unknown = unperturbed_line(&groups.unperturbed, Unperturbed::Missing);
    for line in cells.notes().iter().chain(&unknown).chain(&excluded(cells)) {
        let _ = writeln!(text, "{line}");
    }
    for warning in cells.warnings() {
        let _ = writeln!(text, "warning: {warning}");
    }
    if groups.stratified {
        let _ = writeln!(text, "\n{:<20} {:>9}", "batch", "controls");
        for (batch, controls) in groups.batches.iter().zip(&groups.controls) {
            let _ = writeln!(text, "{batch:<20} {controls:>9}");
        }
    }
    text
}

fn cells_table(text: &mut String, cells: &CellFile, top: usize) {
    let mut rows: Vec<_> = cells.groups().perturbations.iter().collect();
    rows.sort_by(|one, other| other.cells.cmp(&one.cells).then_with(|| one.name().cmp(&other.name())));
    let shown = &rows[..top.min(rows.len())];
    let names: Vec<_> = shown.iter().map(|row| row.name()).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(12, WIDEST_NAME);
    let _ = writeln!(text, "\n{:<width$}  {:>7} {:>18}", "perturbation", "cells", "next to controls");
    for (name, row) in names.iter().zip(shown) {
        let _ = writeln!(text, "{name:<width$}  {:>7} {:>18}", row.cells, row.compared);
    }
    more(text, rows.len(), shown.len());
}

fn calls_table(text: &mut String, responses: &CellResponses, thresholds: CallThresholds, top: usize) {
    let mut rows: Vec<_> = responses.perturbations.iter().enumerate().collect();
    let counts: Vec<_> = (0..rows.len()).map(|number| responses.counts(number, thresholds)).collect();
    let called = |number: usize| counts[number][0] + counts[number][2];
    rows.sort_by(|(one, a), (other, b)| called(*other).cmp(&called(*one)).then_with(|| a.name().cmp(&b.name())));
    let shown = &rows[..top.min(rows.len())];
    let width = shown.iter().map(|(_, row)| row.name().chars().count()).max().unwrap_or(0).clamp(12, WIDEST_NAME);
    let header = ("perturbation", "cells", "down", "unchanged", "up", "not called");
    let _ = writeln!(
        text,
        "\n{:<width$}  {:>7} {:>6} {:>9} {:>6} {:>10}",
        header.0, header.1, header.2, header.3, header.4, header.5
    );
    for &(number, row) in shown {
        let [down, unchanged, up, open] = counts[number];
        let (name, cells) = (row.name(), row.compared);
        let _ = writeln!(text, "{name:<width$}  {cells:>7} {down:>6} {unchanged:>9} {up:>6} {open:>10}");
    }
    more(text, rows.len(), shown.len());
    if let Some(line) = too_small(&responses.left_out, CellDifferential::default().min_cells) {
        let _ = writeln!(text, "{line}");
    }
}

fn called(responses: &CellResponses, thresholds: CallThresholds) -> Vec<ScreenedPerturbation> {
    let row = |(number, own): (usize, &PerturbedCells)| {
        let [down, _, up, _] = responses.counts(number, thresholds);
        ScreenedPerturbation { name: own.name(), cells: own.compared, calls: Some((down, up)) }
    };
    responses.perturbations.iter().enumerate().map(row).collect()
}

fn uncalled(cells: &CellFile) -> Vec<ScreenedPerturbation> {
    let row = |own: &PerturbedCells| ScreenedPerturbation { name: own.name(), cells: own.cells, calls: None };
    cells.groups().perturbations.iter().map(row).collect()
}

/// Those with the most responses first, or with the most cells where no response was called.
fn plot(path: &Path, mut rows: Vec<ScreenedPerturbation>) -> miette::Result<()> {
    let most = |row: &ScreenedPerturbation| (row.calls.map(|(down, up)| down + up), row.cells);
    rows.sort_by(|one, other| most(other).cmp(&most(one)).then_with(|| one.name.cmp(&other.name)));
    files::write(path, |out| write_cells_svg(&rows, out).map_err(Into::into))
}

fn more(text: &mut String, all: usize, shown: usize) {
    if all > shown {
        let _ = writeln!(text, "… and {} more (--top {all})", all - shown);
    }
}
