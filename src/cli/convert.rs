//! `aligned convert`: Turn a signed network from one format into another.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aligned::biology::GeneTable;
use aligned::exchange::{self, CitedNetwork, Conflicts, Format, Losses, Lost, NetworkRead, Part, WriteOptions};
use aligned::knowledge::import::read_gene_catalogue;
use aligned::knowledge::{RdfSyntax, transcribe};
use clap::{Args, ValueEnum};
use miette::IntoDiagnostic as _;

use super::files::{self, Input};

/// Turn a signed network from one format into another.
///
/// The names of the files tell the formats; `.gz` is unpacked and packed. What the new format cannot hold is told on standard error,
/// one line for each kind of loss. RDF to RDF keeps every statement; from RDF to another format goes the network in force.
///
/// Formats: turtle, n-quads, trig, json-ld, rdf-xml (all of RDF); sif, pkn (CellNOpt); gmt (regulons as gene sets); bnet; sbml-qual; kgx
/// (two files, of nodes and edges); graphml; cyjs; weights (source,target,weight for decoupler); ecocyc; obo; dot (written only); midas (read
/// only, becomes a table of responses).
#[derive(Args)]
pub struct ConvertArgs {
    /// What is read; of KGX the file of edges, that of nodes is found next to it.
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// What is written; for KGX two files, `…_nodes.tsv` and `…_edges.tsv`.
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The format of IN, if its name does not tell.
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    from: Option<Format>,
    /// The format of OUT, if its name does not tell.
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    to: Option<Format>,
    /// The species, by its number at NCBI, for example 562; KGX names it at each regulation.
    #[arg(long, value_name = "NUMBER", value_parser = taxon)]
    organism: Option<String>,
    /// Accessions and aliases by symbol (columns `symbol`, `entrez_id`, `ensembl_ids`, `uniprot_ids`, `aliases`), added to the genes.
    #[arg(long, value_name = "FILE")]
    gene_ids: Option<PathBuf>,
    /// What a table of weights does with two regulations of opposite sign between two genes [default: drop].
    #[arg(long, value_enum)]
    conflicts: Option<OnConflict>,
    /// Replace OUT if it exists.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnConflict {
    /// Leave both out, and count them.
    Drop,
    /// Keep the activation.
    First,
    /// Keep both, in two rows, which decoupler refuses.
    Keep,
    /// Write nothing.
    Error,
}

impl From<OnConflict> for Conflicts {
    fn from(conflicts: OnConflict) -> Self {
        match conflicts {
            OnConflict::Drop => Self::Drop,
            OnConflict::First => Self::First,
            OnConflict::Keep => Self::Keep,
            OnConflict::Error => Self::Error,
        }
    }
}

fn format(name: &str) -> Result<Format, String> {
    Format::named(name).ok_or_else(|| format!("the formats are {}", Format::list()))
}

fn taxon(text: &str) -> Result<String, String> {
    let number = text.strip_prefix("NCBITaxon:").unwrap_or(text);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        Ok(number.to_owned())
    } else {
        Err("write the number of a species at NCBI, for example 9606".to_owned())
    }
}

/// Runs the subcommand.
pub fn run(arguments: &ConvertArgs) -> miette::Result<()> {
    let input = files::read(&arguments.input)?;
    let from = match arguments.from {
        Some(format) => format,
        None => Format::of_file(&input.name(), &input.content).map_err(|error| with_help(&error, "--from"))?,
    };
    if from == Format::Midas {
        return convert_midas(arguments, &input);
    }
    let to = match arguments.to {
        Some(format) => format,
        None => {
            let name = arguments.output.display().to_string();
            Format::from_file_name(&name).map_err(|error| with_help(&error, "--to"))?
        }
    };
    check_options(arguments, to)?;
    match (from, to) {
        (Format::Rdf(from), Format::Rdf(to)) if arguments.gene_ids.is_none() => {
            convert_rdf(arguments, &input, from, to)
        }
        _ => convert_network(arguments, &input, from, to),
    }
}

fn with_help(error: &exchange::ExchangeError, option: &str) -> miette::Report {
    miette::miette!(help = format!("if it is one of these, say so by {option} FORMAT"), "{error}")
}

fn check_options(arguments: &ConvertArgs, to: Format) -> miette::Result<()> {
    if arguments.organism.is_some() && to != Format::Kgx {
        miette::bail!("--organism is of use only for KGX, which names the species; leave it out");
    }
    if arguments.conflicts.is_some() && to != Format::Weights {
        miette::bail!("--conflicts is of use only for a table of weights; leave it out");
    }
    Ok(())
}

/// Refuses the input as a place, and without `--force` one that is taken.
fn check_free(path: &Path, force: bool) -> miette::Result<()> {
    if files::spare_inputs(path).is_err() {
        miette::bail!("{} is read by this command and would be written over; name another OUT", path.display());
    }
    files::refuse_taken(path, force)
}

fn convert_rdf(arguments: &ConvertArgs, input: &Input, from: RdfSyntax, to: RdfSyntax) -> miette::Result<()> {
    let output = &arguments.output;
    check_free(output, arguments.force)?;
    let mut content = Vec::new();
    let without_graph = transcribe(&input.content, &input.name(), from, to, &mut content).into_diagnostic()?;
    let mut losses = Losses::default();
    losses.add(Lost::GraphNames, usize::try_from(without_graph).unwrap_or(usize::MAX));
    tell(&losses.to_string());
    write(output, &content)
}

fn convert_midas(arguments: &ConvertArgs, input: &Input) -> miette::Result<()> {
    let output = &arguments.output;
    let name = output.display().to_string().to_ascii_lowercase();
    if arguments.to.is_some() || !name.trim_end_matches(".gz").ends_with(".csv") && !files::is_stream(output) {
        miette::bail!("MIDAS holds measurements, which become a table of responses: end OUT in .csv, and give no --to");
    }
    if arguments.organism.is_some() || arguments.conflicts.is_some() || arguments.gene_ids.is_some() {
        miette::bail!("--organism, --conflicts and --gene-ids are of no use for MIDAS; leave them out");
    }
    check_free(output, arguments.force)?;
    let read = exchange::read_midas(Part { name: &input.name(), content: &input.content }).into_diagnostic()?;
    read.notes.iter().for_each(|note| tell(&format!("{note}\n")));
    tell(&read.losses.to_string());
    if read.is_empty() {
        miette::bail!("{}: no measurement has a control to compare it with; nothing is written", input.name());
    }
    tell(&format!("{} responses\n", read.len()));
    write(output, &read.to_csv().into_diagnostic()?)
}

fn convert_network(arguments: &ConvertArgs, input: &Input, from: Format, to: Format) -> miette::Result<()> {
    let places = Places::of(&arguments.output, to);
    places.all().try_for_each(|path| check_free(path, arguments.force))?;
    let NetworkRead { mut network, mut losses, notes } = read(input, from)?;
    if let Some(catalogue) = catalogue(arguments.gene_ids.as_deref())? {
        network = network.with_catalogue(&catalogue);
    }
    tell(&format!("{}: {}\n", input.path.display(), counted(&network)));
    notes.iter().for_each(|note| tell(&format!("{note}\n")));
    let options = WriteOptions {
        organism: arguments.organism.clone(),
        conflicts: arguments.conflicts.map(Into::into).unwrap_or_default(),
    };
    let written = exchange::write(to, &network, &options).map_err(|error| match error {
        exchange::ExchangeError::Conflict { .. } => {
            miette::miette!(help = "give --conflicts drop, first or keep", "{error}")
        }
        other => miette::Report::from_err(other),
    })?;
    losses.extend(written.losses);
    written.notes.iter().for_each(|note| tell(&format!("{note}\n")));
    tell(&losses.to_string());
    write(&places.main, &written.content)?;
    match (&places.nodes, &written.nodes) {
        (Some(path), Some(nodes)) => write(path, nodes),
        _ => Ok(()),
    }
}

fn counted(network: &CitedNetwork) -> String {
    let (genes, regulations, effects) = (network.genes().len(), network.regulations().len(), network.effects().len());
    format!("{genes} genes, {regulations} regulations, {effects} effects")
}

/// Reads a network; of KGX also the file next to it.
pub(super) fn read(input: &Input, from: Format) -> miette::Result<NetworkRead> {
    let beside = (from == Format::Kgx).then(|| other_of_kgx(&input.path)).flatten();
    let beside = beside.map(|path| files::read(&path)).transpose()?;
    let names = [Some(input.name()), beside.as_ref().map(Input::name)];
    let contents = [Some(&input.content), beside.as_ref().map(|input| &input.content)];
    let parts: Vec<Part<'_>> = names
        .iter()
        .zip(contents)
        .filter_map(|(name, content)| Some(Part { name: name.as_deref()?, content: content? }))
        .collect();
    exchange::read(from, &parts).into_diagnostic()
}

/// The nodes next to edges, or the edges next to nodes, if there are such.
fn other_of_kgx(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let other = match (plain.strip_suffix("edges.tsv"), plain.strip_suffix("nodes.tsv")) {
        (Some(stem), _) => format!("{stem}nodes.tsv"),
        (_, Some(stem)) => format!("{stem}edges.tsv"),
        _ => return None,
    };
    let places = [path.with_file_name(&other), path.with_file_name(format!("{other}.gz"))];
    places.into_iter().find(|path| path.exists())
}

fn catalogue(path: Option<&Path>) -> miette::Result<Option<GeneTable>> {
    let Some(path) = path else { return Ok(None) };
    let input = files::read(path)?;
    read_gene_catalogue(&input.content, &input.name()).into_diagnostic().map(Some)
}

/// Where a network goes.
pub(super) struct Places {
    pub(super) main: PathBuf,
    pub(super) nodes: Option<PathBuf>,
}

impl Places {
    pub(super) fn of(output: &Path, to: Format) -> Self {
        let name = output.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if to != Format::Kgx || files::is_stream(output) {
            return Self { main: output.to_owned(), nodes: None };
        }
        let (plain, packed) = name.strip_suffix(".gz").map_or((name.as_str(), ""), |plain| (plain, ".gz"));
        let stem = ["edges.tsv", "nodes.tsv"].iter().find_map(|end| plain.strip_suffix(end).map(str::to_owned));
        let stem = stem.unwrap_or_else(|| format!("{}_", plain.strip_suffix(".kgx").unwrap_or(plain)));
        let place = |of: &str| output.with_file_name(format!("{stem}{of}.tsv{packed}"));
        Self { main: place("edges"), nodes: Some(place("nodes")) }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.main), self.nodes.as_ref()].into_iter().flatten().map(PathBuf::as_path)
    }
}

fn write(path: &Path, content: &[u8]) -> miette::Result<()> {
    files::write(path, |out| out.write_all(content))?;
    tell(&format!("wrote {}\n", path.display()));
    Ok(())
}

/// Tells the user on standard error; if nobody can hear it, the work goes on.
fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
