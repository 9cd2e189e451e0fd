//! `aligned audit`: what a screen says of a list of claimed regulations.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aligned::biology::{GeneId, GeneTable, Perturbation};
use aligned::datasets;
use aligned::evidence::{Claim, EvidenceConfig, EvidenceData, EvidenceError, audit};
use aligned::knowledge::Rules;
use aligned::knowledge::import::claims::{self, ClaimColumns, ClaimList, ClaimRow};
use aligned::report::ClaimReport;
use aligned::study::knowledge_base::parse;
use aligned::study::{Observations, input_file, refuse_wrong_way};
use clap::Args;
use miette::{IntoDiagnostic, Result, miette};

use super::Interrupted;
use super::dataset::TableArgs;
use super::files;
use super::hints::{told, warn_all};
use super::output::{Cell, Log, RowFormat, RowWriter, deliver};
use super::terminal::Terminal;

/// Hold a list of claimed regulations against a screen: a verdict for each, and one for the list.
///
/// The list is any table with a header that names regulator and target (`regulator`, `source`, `tf` …; `target`, `gene` …) and,
/// if it claims signs, the sign (`sign`, `mor`, `effect`, `weight`, `consensus` …); all other columns are kept. A knowledge
/// base in RDF (.ttl, .nq) is a list too. Each claim is supported (its target moves as claimed when the regulator is
/// perturbed), silent (it does not move), contested (it moves the other way, or both), contradicted (the other way in two
/// experiments or more) or untestable. A claim without a sign is judged on moving alone. The table goes to standard output or
/// --out; the list as a whole is judged on standard error, next to permuted perturbations and next to the same targets
/// exchanged among the claims. No predictor is trained.
#[derive(Args)]
pub struct AuditArgs {
    /// The claims: a table, plain or gzip, or a knowledge base in RDF.
    #[arg(value_name = "CLAIMS")]
    claims: PathBuf,
    /// Observed responses: a long or wide table, any delimiter, also .gz [default: the embedded E. coli knock-outs].
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Where the table goes, in place of standard output; compressed if the name ends in `.gz`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How it is written [default: table; with --out by its extension, else tsv].
    #[arg(long, value_enum)]
    format: Option<RowFormat>,
    /// Leave untestable claims out of the table; they are counted all the same.
    #[arg(long)]
    tested: bool,
    /// Column of the regulator, by its header.
    #[arg(long, value_name = "NAME")]
    regulator: Option<String>,
    /// Column of the target.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Column of the sign.
    #[arg(long, value_name = "NAME")]
    sign: Option<String>,
    /// Permutations behind each test.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(200..=1_000_000))]
    permutations: u64,
    /// Seed of every random draw.
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Threads; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
    /// Go on though most perturbed genes move against what was declared, for example rise although deleted.
    #[arg(long)]
    accept_wrong_way: bool,
    #[command(flatten)]
    table: TableArgs,
}

/// Runs the subcommand.
pub fn run(arguments: &AuditArgs) -> Result<()> {
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build_global().into_diagnostic()?;
    }
    let progress = Terminal::new();
    let input = files::read(&arguments.claims)?;
    let list = arguments.list(&input)?;
    let mut inputs = vec![input_file("claims", &input)];
    let mut genes = GeneTable::new();
    let settings = arguments.table.settings(arguments.data.as_deref());
    let observations = Observations::read(&settings, &mut genes).map_err(told)?;
    inputs.extend(observations.inputs);
    warn_all(&observations.report.warnings);
    let dataset = observations.dataset;
    if !arguments.accept_wrong_way {
        refuse_wrong_way(&dataset, &genes, "Every verdict on such data would be turned round, so none is given")
            .map_err(told)?;
    }
    if let Some(out) = &arguments.out {
        files::spare_inputs(out)?;
    }
    let found = Found::of(&list, &genes);
    ensure_any_known(&list, &found, &genes)?;
    let config = EvidenceConfig {
        permutations: arguments.permutations as usize,
        seed: arguments.seed,
        ..EvidenceConfig::default()
    };
    let (perturbations, observed) = (dataset.perturbations.as_slice(), &dataset.observed);
    let data = EvidenceData { perturbations, observed, sizes: dataset.log2fc.as_ref(), read: observed };
    let audited = audit(&found.claims, &data, &config, &progress).map_err(|error| match error {
        EvidenceError::Cancelled => Interrupted.into(),
        other => miette!("{other}"),
    })?;
    progress.finish();
    let report = ClaimReport {
        tool_version: env!("CARGO_PKG_VERSION"),
        seed: arguments.seed,
        permutations: config.permutations,
        inputs,
        list: &list,
        audit: &audited,
        notes: found.told(&genes).into_iter().chain(none_perturbed(&found, perturbations, &genes)).collect(),
    };
    arguments.write(&report)?;
    report.sentences().iter().for_each(|sentence| tell(sentence));
    Ok(())
}

impl AuditArgs {
    fn list(&self, input: &files::Input) -> Result<ClaimList> {
        let name = input.name();
        if [".ttl", ".nq", ".nt"].iter().any(|end| name.ends_with(end)) {
            let base = parse(input, &Rules::embedded()).map_err(told)?;
            let symbol = |gene| base.genes().symbol(gene).to_owned();
            let claim = |(index, cited): (usize, &aligned::biology::CitedRegulation)| ClaimRow {
                line: index as u64 + 1,
                regulator: symbol(cited.regulation.regulator),
                target: symbol(cited.regulation.target),
                sign: Some(cited.regulation.sign),
                others: Vec::new(),
            };
            let claims = base.regulations().iter().enumerate().map(claim).collect();
            let notes = vec!["the claims are the regulations of a knowledge base; `line` counts them".to_owned()];
            return Ok(ClaimList { claims, others: Vec::new(), notes });
        }
        let columns =
            ClaimColumns { regulator: self.regulator.clone(), target: self.target.clone(), sign: self.sign.clone() };
        claims::read(&input.content, &name, &columns)
            .map_err(|error| miette!(help = "name the columns with --regulator, --target and --sign", "{error}"))
    }

    fn format(&self) -> RowFormat {
        let by_name = |path: &Path| {
            let name = path.display().to_string();
            match name.strip_suffix(".gz").unwrap_or(&name) {
                name if name.ends_with(".json") => RowFormat::Json,
                name if name.ends_with(".csv") => RowFormat::Csv,
                _ => RowFormat::Tsv,
            }
        };
        self.format.unwrap_or_else(|| self.out.as_deref().map_or(RowFormat::Table, by_name))
    }

    fn write(&self, report: &ClaimReport<'_>) -> Result<()> {
        let format = self.format();
        deliver(self.out.as_deref(), |out| match format {
            RowFormat::Json => report.write_json(self.tested, out).map_err(io::Error::from),
            _ => write_rows(report, self.tested, format, out),
        })
    }
}

fn write_rows(report: &ClaimReport<'_>, tested: bool, format: RowFormat, out: &mut dyn Write) -> io::Result<()> {
    let names = report.columns();
    let mut widths = vec![0; names.len()];
    if format == RowFormat::Table {
        for row in report.rows(tested) {
            widths.iter_mut().zip(&row).for_each(|(width, cell)| *width = cell.chars().count().max(*width));
        }
    }
    let columns: Vec<_> = names.into_iter().zip(widths).collect();
    let mut writer = RowWriter::begin(out, format, &columns)?;
    for row in report.rows(tested) {
        writer.row(&row.iter().map(|cell| Cell::Text(cell)).collect::<Vec<_>>())?;
    }
    writer.end()
}

/// The claims over the genes of the data.
struct Found<'a> {
    claims: Vec<Claim>,
    /// Different names in the list.
    names: usize,
    /// Names that are no gene of the data, in order.
    unknown: BTreeSet<&'a str>,
    /// Names that are other names of several genes of the data.
    ambiguous: BTreeSet<&'a str>,
}

impl<'a> Found<'a> {
    fn of(list: &'a ClaimList, genes: &GeneTable) -> Self {
        let (mut unknown, mut ambiguous) = (BTreeSet::new(), BTreeSet::new());
        let mut find = |name: &'a str| match genes.find(name) {
            Ok(Some(gene)) => Some(gene),
            Ok(None) => {
                unknown.insert(name);
                None
            }
            Err(_) => {
                ambiguous.insert(name);
                None
            }
        };
        let mut claim =
            |row: &'a ClaimRow| Claim { regulator: find(&row.regulator), target: find(&row.target), sign: row.sign };
        let claims = list.claims.iter().map(&mut claim).collect();
        let names: BTreeSet<_> = list.claims.iter().flat_map(|row| [&row.regulator, &row.target]).collect();
        Self { claims, names: names.len(), unknown, ambiguous }
    }

    fn told(&self, genes: &GeneTable) -> Vec<String> {
        const SHOWN: usize = 5;
        let mut told = Vec::new();
        if !self.unknown.is_empty() {
            // Where many are unknown they are no misspellings, but genes that were not measured.
            let few = 10 * self.unknown.len() <= self.names;
            let near = self
                .unknown
                .iter()
                .filter(|_| few)
                .filter_map(|name| Some((name, datasets::near_symbol(name, genes)?)));
            let near: Vec<_> = near.take(SHOWN).map(|(name, near)| format!("`{name}`, near `{near}`")).collect();
            let near = if near.is_empty() { String::new() } else { format!(" ({})", near.join("; ")) };
            told.push(format!("{} claimed genes are not in the data{near}.", self.unknown.len()));
        }
        if !self.ambiguous.is_empty() {
            let some: Vec<_> = self.ambiguous.iter().take(SHOWN).copied().collect();
            told.push(format!(
                "{} claimed genes are other names of several genes of the data ({}); their claims count as of unknown genes.",
                self.ambiguous.len(),
                some.join(", ")
            ));
        }
        told
    }
}

/// Refuses a list of which the data know no gene: it is of another organism or another kind of names.
fn ensure_any_known(list: &ClaimList, found: &Found<'_>, genes: &GeneTable) -> Result<()> {
    if found.claims.iter().any(|claim| claim.regulator.is_some() || claim.target.is_some()) {
        return Ok(());
    }
    let names = || list.claims.iter().flat_map(|row| [row.regulator.as_str(), row.target.as_str()]);
    let some = |names: Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let claimed: BTreeSet<_> = names().take(4).collect();
    let known = genes.iter().take(4).map(|(_, gene)| gene.symbol.as_str()).collect();
    Err(miette!(
        help = "use the same organism and the same kind of names in both: name other columns with --regulator and --target, or \
                --gene-column and --perturbation-column",
        "none of the claimed genes ({}, …) is in the data, which hold {}, …",
        some(claimed.into_iter().collect()),
        some(known)
    ))
}

/// That no claim is about a perturbed gene, where that is so.
fn none_perturbed(found: &Found<'_>, perturbations: &[Perturbation], genes: &GeneTable) -> Option<String> {
    let perturbed: BTreeSet<GeneId> = perturbations.iter().flat_map(Perturbation::genes).collect();
    if found.claims.iter().any(|claim| claim.regulator.is_some_and(|gene| perturbed.contains(&gene))) {
        return None;
    }
    let some: Vec<_> = perturbed.iter().take(4).map(|&gene| genes.symbol(gene)).collect();
    Some(format!(
        "No claimed regulator is perturbed in these data, which perturb {} genes ({}, …).",
        perturbed.len(),
        some.join(", ")
    ))
}

/// The result in words, on standard error; if nobody can hear it, the table stands all the same.
fn tell(text: &str) {
    let _ = writeln!(Log, "{text}");
}
