//! `aligned dataset`: Make and inspect tables of perturbation responses.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use aligned::biology::{Direction, GeneTable, Response};
use aligned::datasets::{
    CallThresholds, Contrast, Dataset, Expression, Layout, OnTarget, ReadOptions, ReadReport, differential_expression,
    name_excluded, own_responses, read_contrasts, read_gene_names, symbols_of, write_differential,
};
use aligned::report::InputFile;
use aligned::study::{Observations, Settings};
use clap::{Args, Subcommand, ValueEnum};
use miette::IntoDiagnostic;

use super::hints::{told, warn_all, warn_of_own_genes};
use super::knowledge_base::DirectionName;
use super::output::{WIDEST_NAME, deliver, padded};
use super::{cells, files};

/// Make and inspect tables of perturbation responses.
#[derive(Args)]
pub struct DatasetArgs {
    #[command(subcommand)]
    command: Box<DatasetCommand>,
}

#[derive(Subcommand)]
enum DatasetCommand {
    Contrasts(ContrastsArgs),
    Responses(cells::ResponsesArgs),
    Summary(Box<SummaryArgs>),
}

/// Runs the subcommand.
pub fn run(arguments: &DatasetArgs) -> miette::Result<()> {
    match &*arguments.command {
        DatasetCommand::Contrasts(arguments) => contrasts(arguments),
        DatasetCommand::Responses(arguments) => cells::responses(arguments),
        DatasetCommand::Summary(arguments) => summary(arguments),
    }
}

/// Make fold changes and responses of log-expression: treated samples against references, replicate-aware.
#[derive(Args)]
struct ContrastsArgs {
    /// Log2 expression, genes in rows, samples in columns; replicates named alike but for a final number.
    #[arg(long, value_name = "FILE")]
    expression: PathBuf,
    /// Contrasts: contrast, deleted_genes (or perturbation), ko_samples (or treated_samples), reference_samples,
    /// excluded_genes; lists joined by `;`.
    #[arg(long, value_name = "FILE")]
    contrasts: PathBuf,
    /// Symbols of the genes: locus_tag (or an unnamed first column), gene_name.
    #[arg(long, value_name = "FILE")]
    genes: Option<PathBuf>,
    /// Where the long table goes, compressed if it ends in `.gz`; standard output without it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    calls: CallArgs,
}

/// Show what a table, or a file of cells, holds: perturbations, genes, measured pairs or cells, responses.
#[derive(Args)]
struct SummaryArgs {
    /// The table, plain or gzip, or cells in an AnnData file (.h5ad); the embedded E. coli knock-outs without it.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// How many perturbations are listed, those with the most responses first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Compare the cells of an AnnData file with controls, and tell the calls for each perturbation.
    #[arg(long, value_name = "TEST")]
    test: Option<cells::TestArg>,
    /// Where a plot (SVG) of the cells, and with --test of the calls, of an AnnData file goes.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    cells: cells::CellArgs,
}

/// When a fold change counts as a response, and what was done to the perturbed genes.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct CallArgs {
    /// Least absolute log2 fold change of a response [default: 1].
    #[arg(long, value_name = "X")]
    min_log2fc: Option<f64>,
    /// Highest false discovery rate of a response [default: 0.05].
    #[arg(long, value_name = "X")]
    max_fdr: Option<f64>,
    /// What was done to a perturbed gene where the table does not say it [default: deletion].
    #[arg(long, value_name = "SIGN")]
    perturbation_sign: Option<DirectionName>,
}

/// How a table of responses is laid out and named.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct TableArgs {
    /// How perturbations and genes lie in the table [default: auto].
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<LayoutArg>,
    /// What separates the columns: one character, or `tab`; found out by itself without it.
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    delimiter: Option<char>,
    /// Perturbation of the whole table, where it names none: `fur-` or `fur+` for the statistics of one comparison.
    #[arg(long, value_name = "PERTURBATION", allow_hyphen_values = true)]
    perturbation: Option<String>,
    /// Name of a control besides the usual ones, for example GFP; may be given several times.
    #[arg(long, value_name = "NAME")]
    control_name: Vec<String>,
    /// Table that says what was done in each column of a wide table.
    #[arg(long = "contrast-table", value_name = "FILE")]
    pub(super) contrast_table: Option<PathBuf>,
    /// Column of the perturbation.
    #[arg(long, value_name = "NAME")]
    perturbation_column: Option<String>,
    /// Column of the measured gene.
    #[arg(long, value_name = "NAME")]
    gene_column: Option<String>,
    /// Column of the response -1, 0, 1.
    #[arg(long, value_name = "NAME")]
    response_column: Option<String>,
    /// Column of the log2 fold change.
    #[arg(long, value_name = "NAME")]
    log2fc_column: Option<String>,
    /// Column of the false discovery rate.
    #[arg(long, value_name = "NAME")]
    fdr_column: Option<String>,
    /// Column of the contrast, where one perturbation was measured under several conditions.
    #[arg(long, value_name = "NAME")]
    contrast_column: Option<String>,
    /// Column of what was done to the perturbed gene.
    #[arg(long, value_name = "NAME")]
    direction_column: Option<String>,
    /// Column of the measured gene's locus tag.
    #[arg(long, value_name = "NAME")]
    locus_tag_column: Option<String>,
    /// Column of the part of a split.
    #[arg(long, value_name = "NAME")]
    split_column: Option<String>,
    #[command(flatten)]
    calls: CallArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LayoutArg {
    /// Long if the header names perturbation, gene and value, else genes in rows.
    Auto,
    /// One row for each perturbation and gene.
    Long,
    /// A matrix, one row for each gene.
    GenesInRows,
    /// A matrix, one row for each perturbation.
    PerturbationsInRows,
}

fn delimiter(text: &str) -> Result<char, String> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(character), None) if character.is_ascii() => Ok(character),
        _ => Err("write one ASCII character, or `tab`".to_owned()),
    }
}

impl CallArgs {
    fn thresholds(&self, base: CallThresholds) -> CallThresholds {
        CallThresholds {
            min_log2fc: self.min_log2fc.unwrap_or(base.min_log2fc),
            max_fdr: self.max_fdr.unwrap_or(base.max_fdr),
        }
    }

    fn sign(&self, base: Direction) -> Direction {
        self.perturbation_sign.map_or(base, Direction::from)
    }
}

impl TableArgs {
    /// The options of `base`, overridden by those given on the command line.
    pub(super) fn over(&self, mut base: ReadOptions) -> ReadOptions {
        if let Some(layout) = self.layout {
            base.layout = match layout {
                LayoutArg::Auto => Layout::Auto,
                LayoutArg::Long => Layout::Long,
                LayoutArg::GenesInRows => Layout::GenesInRows,
                LayoutArg::PerturbationsInRows => Layout::PerturbationsInRows,
            };
        }
        base.delimiter = self.delimiter.or(base.delimiter);
        let columns = &mut base.columns;
        for (given, column) in [
            (&self.perturbation_column, &mut columns.perturbation),
            (&self.gene_column, &mut columns.gene),
            (&self.response_column, &mut columns.response),
            (&self.log2fc_column, &mut columns.log2fc),
            (&self.fdr_column, &mut columns.fdr),
            (&self.contrast_column, &mut columns.contrast),
            (&self.direction_column, &mut columns.direction),
            (&self.locus_tag_column, &mut columns.locus_tag),
            (&self.split_column, &mut columns.split),
        ] {
            if given.is_some() {
                column.clone_from(given);
            }
        }
        if self.perturbation.is_some() {
            base.perturbation.clone_from(&self.perturbation);
        }
        base.controls.extend(self.control_name.iter().cloned());
        base.thresholds = self.calls.thresholds(base.thresholds);
        base.perturbation_sign = self.calls.sign(base.perturbation_sign);
        base
    }

    /// The settings of a study that reads a table, or the embedded knock-outs, and nothing else.
    pub(super) fn settings(&self, data: Option<&Path>) -> Settings {
        Settings {
            data: data.map(Path::to_owned),
            contrasts: self.contrast_table.clone(),
            read: self.over(ReadOptions::default()),
            ..Settings::default()
        }
    }
}

fn contrast_table(path: &Path, sign: Direction) -> miette::Result<Vec<Contrast>> {
    let input = files::read(path)?;
    read_contrasts(&input.content, &path.display().to_string(), sign).into_diagnostic()
}

fn contrasts(arguments: &ContrastsArgs) -> miette::Result<()> {
    let sign = arguments.calls.sign(Direction::Deletion);
    let mut contrasts = contrast_table(&arguments.contrasts, sign)?;
    let input = files::read(&arguments.expression)?;
    let expression = Expression::read(&input.content, &arguments.expression.display().to_string()).into_diagnostic()?;
    let symbols = match &arguments.genes {
        Some(path) => {
            let input = files::read(path)?;
            let names = read_gene_names(&input.content, &path.display().to_string()).into_diagnostic()?;
            symbols_of(expression.genes(), &names)
        }
        None => expression.genes().to_vec(),
    };
    name_excluded(&mut contrasts, expression.genes(), &symbols);
    warn_of_absent_genes(&contrasts, expression.genes(), &symbols);
    let thresholds = arguments.calls.thresholds(CallThresholds::default());
    let contrast_file = arguments.contrasts.display().to_string();
    let differential =
        differential_expression(&expression, &contrasts, &contrast_file, thresholds).into_diagnostic()?;
    tracing::info!(
        contrasts = contrasts.len(),
        genes = expression.genes().len(),
        residual_degrees_of_freedom = differential.residual_degrees_of_freedom,
        prior_degrees_of_freedom = differential.variances.prior_degrees_of_freedom,
        prior_variance = differential.variances.prior_variance,
        "contrasts made"
    );
    let own = own_responses(&contrasts, &expression, &symbols, &differential);
    warn_of_own_genes(&own);
    let fill = |out: &mut dyn io::Write| write_differential(&contrasts, &expression, &symbols, &differential, out);
    match &arguments.out {
        Some(path) => files::write(path, fill),
        None => deliver(None, fill),
    }
}

fn warn_of_absent_genes(contrasts: &[Contrast], genes: &[String], symbols: &[String]) {
    let present: HashSet<&String> = genes.iter().chain(symbols).collect();
    let perturbed = contrasts.iter().flat_map(|contrast| &contrast.perturbed).map(|(gene, _)| (gene, "perturbed"));
    let excluded = contrasts.iter().flat_map(|contrast| &contrast.excluded).map(|gene| (gene, "excluded"));
    let absent: BTreeSet<_> = perturbed.chain(excluded).filter(|(gene, _)| !present.contains(gene)).collect();
    for (gene, role) in absent {
        tracing::warn!("{role} gene `{gene}` is not in the expression table; name its genes with --genes");
    }
}

fn summary(arguments: &SummaryArgs) -> miette::Result<()> {
    if let Some(path) = arguments.file.as_deref().filter(|path| files::is_cell_file(path)) {
        let thresholds = arguments.table.calls.thresholds(cells::default_thresholds());
        let plot = arguments.plot.as_deref();
        let text = cells::summary(path, &arguments.cells, arguments.test, thresholds, arguments.top, plot)?;
        return deliver(None, |out| out.write_all(text.as_bytes()));
    }
    let mut genes = GeneTable::new();
    let settings = arguments.table.settings(arguments.file.as_deref());
    let observations = Observations::read(&settings, &mut genes).map_err(told)?;
    warn_all(&observations.report.warnings);
    let mut text = summary_text(&observations.dataset, &observations.report, &genes, arguments.top);
    if let Some(InputFile { sha256, .. }) = observations.inputs.iter().find(|input| input.role == "observations") {
        let _ = writeln!(text, "\nSHA-256 of the file: {sha256}");
    }
    deliver(None, |out| out.write_all(text.as_bytes()))
}

fn summary_text(dataset: &Dataset, report: &ReadReport, genes: &GeneTable, top: usize) -> String {
    let observed = &dataset.observed;
    let [down, unchanged, up] = Response::CLASSES.map(|class| observed.count(class));
    let mut text = format!("{report}\n");
    for warning in &report.warnings {
        let _ = writeln!(text, "warning: {warning}\n");
    }
    for (name, value) in [
        ("experiments", dataset.len()),
        ("gene sets perturbed", dataset.gene_sets().len()),
        ("genes measured", dataset.measured_genes().len()),
        ("measured pairs", observed.measured()),
        ("down", down),
        ("unchanged", unchanged),
        ("up", up),
    ] {
        let _ = writeln!(text, "{name:<20} {value:>9}");
    }
    let mut rows: Vec<(usize, [usize; 3])> = (0..dataset.len()).map(|row| (row, counts(dataset, row))).collect();
    rows.sort_by(|(one, a), (other, b)| (b[0] + b[2]).cmp(&(a[0] + a[2])).then(one.cmp(other)));
    let shown = &rows[..top.min(rows.len())];
    if shown.is_empty() {
        return text;
    }
    let width =
        shown.iter().map(|&(row, _)| dataset.names[row].chars().count()).max().unwrap_or(0).clamp(10, WIDEST_NAME);
    let _ = writeln!(
        text,
        "\n{}  {:<16} {:>6} {:>9} {:>6}  own gene",
        padded("experiment", width),
        "perturbation",
        "down",
        "unchanged",
        "up"
    );
    for &(row, [down, unchanged, up]) in shown {
        let label = dataset.perturbations[row].label(genes);
        let (name, own) = (padded(&dataset.names[row], width), own_text(dataset, row, genes));
        let _ = writeln!(text, "{name}  {label:<16} {down:>6} {unchanged:>9} {up:>6}  {own}");
    }
    if rows.len() > shown.len() {
        let _ = writeln!(text, "… and {} more (--top {})", rows.len() - shown.len(), rows.len());
    }
    text
}

/// How the perturbed genes of an experiment responded themselves.
fn own_text(dataset: &Dataset, row: usize, genes: &GeneTable) -> String {
    let own = OnTarget::of_row(dataset, row, genes);
    let told: Vec<_> = own
        .iter()
        .map(|own| match (own.log2fc, own.response) {
            (Some(log2fc), _) => format!("{log2fc:+.2}"),
            (None, response) => response.map_or("", Response::word).to_owned(),
        })
        .collect();
    if told.is_empty() { "not measured".to_owned() } else { told.join(", ") }
}

fn counts(dataset: &Dataset, row: usize) -> [usize; 3] {
    let mut counts = [0; 3];
    for response in dataset.observed.row(row).iter().flatten() {
        counts[response.class()] += 1;
    }
    counts
}
