//! `aligned kb subset`: Cut a part out of a knowledge base.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aligned::biology::{CitedRegulation, GeneId, GeneTable, Regulation, Sign};
use aligned::exchange::{self, CitedNetwork, Format, NetworkRead, WriteOptions};
use aligned::network::statistics::neighbourhood;
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic as _, Result};

use super::super::convert::{self, Places};
use super::{check_free, files, input, output};

/// Cut a part out of a knowledge base: some genes, a regulon, a neighbourhood, a source, a sign.
///
/// Options together narrow the part down. What is written is the network in force with its evidence, in the format that the name of
/// the output tells, as by `aligned convert`; what that format cannot hold is told on standard error.
#[derive(Args)]
#[command(after_help = "Examples:\n  aligned kb subset --regulon fur --out fur.ttl\n  aligned kb subset --kb \
                        knowledge/toy.ttl --genes lexA,recA --depth 1\n  aligned kb subset --source RegulonDB --sign \
                        inhibition --out repression.sif")]
pub struct SubsetArgs {
    /// The knowledge base: any format that `aligned convert` reads, plain or gzip [default: the embedded E. coli core].
    #[arg(long, value_name = "FILE")]
    kb: Option<PathBuf>,
    /// Statements among these genes, by symbol, alias or accession.
    #[arg(long, value_name = "GENE,…", value_delimiter = ',')]
    genes: Vec<String>,
    /// A file that names genes, one a line; a line that begins with # is left out.
    #[arg(long, value_name = "FILE")]
    genes_file: Option<PathBuf>,
    /// What this gene regulates; may be given several times.
    #[arg(long, value_name = "GENE")]
    regulon: Vec<String>,
    /// Steps from the genes, both ways (default 0), and down from the regulons (default 1).
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    /// Statements that cite this source; of several, any.
    #[arg(long, value_name = "SOURCE")]
    source: Vec<String>,
    /// Statements of this sign.
    #[arg(long, value_enum)]
    sign: Option<SignName>,
    /// Where it is written, in place of standard output (Turtle); the format by its extension.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the output if it exists.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum SignName {
    /// More regulator, more target.
    Activation,
    /// More regulator, less target.
    Inhibition,
}

impl From<SignName> for Sign {
    fn from(name: SignName) -> Self {
        match name {
            SignName::Activation => Self::Activation,
            SignName::Inhibition => Self::Inhibition,
        }
    }
}

/// Runs the subcommand.
pub fn run(arguments: &SubsetArgs) -> Result<()> {
    let input = input(arguments.kb.as_deref())?;
    let name = input.name();
    let format = Format::of_file(&name, &input.content).into_diagnostic()?;
    let NetworkRead { network, mut losses, notes } = convert::read(&input, format)?;
    notes.iter().for_each(|note| tracing::warn!("{name}: {note}"));
    let chosen = Choice::of(arguments, &network)?.part(&network);
    let (regulations, effects) = (chosen.regulations().len(), chosen.effects().len());
    if regulations + effects == 0 {
        miette::bail!("no regulation of {name} fits; take fewer conditions, or a larger --depth");
    }
    let out = arguments.out.as_deref();
    let to = match out {
        Some(path) => Format::from_file_name(&path.display().to_string()).into_diagnostic()?,
        None => Format::Rdf(aligned::knowledge::RdfSyntax::Turtle),
    };
    let places = Places::of(out.unwrap_or(Path::new("-")), to);
    if out.is_some() {
        places.all().try_for_each(|path| check_free(Some(path), arguments.force))?;
    }
    let written = exchange::write(to, &chosen, &WriteOptions::default()).into_diagnostic()?;
    losses.extend(written.losses);
    for (lost, count) in losses.iter() {
        tracing::warn!("lost: {}", lost.told(count));
    }
    written.notes.iter().for_each(|note| tracing::info!("{note}"));
    tracing::info!("{} genes, {regulations} regulations, {effects} effects", chosen.genes().len());
    output::deliver(out.map(|_| places.main.as_path()), |out| out.write_all(&written.content))?;
    match (&places.nodes, &written.nodes) {
        (Some(path), Some(nodes)) => files::write(path, |out| out.write_all(nodes)),
        _ => Ok(()),
    }
}

/// Which statements are wanted; `None` means all.
struct Choice {
    /// Both ends must be among these.
    among: Option<BTreeSet<GeneId>>,
    /// The regulator must be among these.
    regulators: Option<BTreeSet<GeneId>>,
    sources: BTreeSet<String>,
    sign: Option<Sign>,
}

impl Choice {
    fn of(arguments: &SubsetArgs, network: &CitedNetwork) -> Result<Self> {
        let genes = network.genes();
        let plain = network.network();
        let mut named = resolved(&arguments.genes, genes)?;
        if let Some(path) = &arguments.genes_file {
            named.extend(genes_in(path, genes)?);
        }
        let is_named = !arguments.genes.is_empty() || arguments.genes_file.is_some();
        let depth = arguments.depth;
        let among = is_named.then(|| neighbourhood(&plain, &named, depth.unwrap_or(0), true).into_iter().collect());
        let regulons = resolved(&arguments.regulon, genes)?;
        let steps = depth.unwrap_or(1).saturating_sub(1);
        let regulators =
            (!regulons.is_empty()).then(|| neighbourhood(&plain, &regulons, steps, false).into_iter().collect());
        if depth.is_some() && among.is_none() && regulators.is_none() {
            miette::bail!("--depth counts steps from genes; name them with --genes or --regulon");
        }
        let sources = sources(&arguments.source, network)?;
        Ok(Self { among, regulators, sources, sign: arguments.sign.map(Into::into) })
    }

    fn wants(&self, cited: &CitedRegulation) -> bool {
        let Regulation { regulator, target, sign } = cited.regulation;
        self.among.as_ref().is_none_or(|among| among.contains(&regulator) && among.contains(&target))
            && self.regulators.as_ref().is_none_or(|regulators| regulators.contains(&regulator))
            && self.sign.is_none_or(|wanted| wanted == sign)
            && (self.sources.is_empty() || cited.citation.sources.iter().any(|source| self.sources.contains(source)))
    }

    /// The statements wanted, with the genes at their ends.
    fn part(&self, network: &CitedNetwork) -> CitedNetwork {
        let mut genes = GeneTable::new();
        let mut take = |statements: &[CitedRegulation]| -> Vec<CitedRegulation> {
            let wanted = statements.iter().filter(|cited| self.wants(cited));
            let mut translated = |gene: GeneId| genes.insert(network.genes().gene(gene).clone());
            let moved = wanted.map(|cited| {
                let Regulation { regulator, target, sign } = cited.regulation;
                let regulation = Regulation::new(translated(regulator), translated(target), sign);
                CitedRegulation { regulation, citation: cited.citation.clone() }
            });
            moved.collect()
        };
        let (regulations, effects) = (take(network.regulations()), take(network.effects()));
        CitedNetwork::new(&genes, regulations, effects)
    }
}

fn resolved(names: &[String], genes: &GeneTable) -> Result<Vec<GeneId>> {
    let names = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    names.map(|name| genes.resolve(name).into_diagnostic()).collect()
}

fn genes_in(path: &Path, genes: &GeneTable) -> Result<Vec<GeneId>> {
    let text = files::read_text(path)?;
    let lines = (1..).zip(text.lines()).map(|(number, line)| (number, line.trim()));
    let named = lines.filter(|(_, name)| !name.is_empty() && !name.starts_with('#'));
    named
        .map(|(number, name)| {
            genes.resolve(name).map_err(|error| miette::miette!("{}:{number}: {error}", path.display()))
        })
        .collect()
}

/// The sources asked for; each must be cited.
fn sources(asked: &[String], network: &CitedNetwork) -> Result<BTreeSet<String>> {
    let cited: BTreeSet<&String> = network.statements().flat_map(|(_, cited)| &cited.citation.sources).collect();
    if let Some(unknown) = asked.iter().find(|source| !cited.contains(source)) {
        let likeness = |source: &str| strsim::jaro_winkler(&unknown.to_lowercase(), &source.to_lowercase());
        let mut known: Vec<&String> = cited.into_iter().collect();
        known.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)).then_with(|| a.cmp(b)));
        let known: Vec<&str> = known.into_iter().take(5).map(String::as_str).collect();
        let known = if known.is_empty() { "no source at all".to_owned() } else { known.join(", ") };
        miette::bail!("no statement cites the source `{unknown}`; the knowledge base cites {known}");
    }
    Ok(asked.iter().cloned().collect())
}
