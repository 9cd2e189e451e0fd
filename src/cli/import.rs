//! `aligned import`: Turn a database of regulations into a knowledge base in RDF.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aligned::biology::GeneTable;
use aligned::knowledge::import::gene_ontology::{
    AnnotationOptions, Annotations, Ontology, SimilarityOptions, TermGraph, similar_genes, write_gene_ontology,
};
use aligned::knowledge::import::{
    Complexes, ImportError, Imported, LicenceTable, collectri, omnipath, read_gene_catalogue, read_gene_catalogue_of,
    regulondb, table, trrust,
};
use aligned::knowledge::{KnowledgeBase, KnowledgeError, RdfSyntax, write_knowledge};
use clap::{Args, Subcommand, ValueEnum};
use miette::IntoDiagnostic;

use super::files::{self, Input};

/// Turn a database of regulations into a knowledge base in RDF.
///
/// Input may be gzip. What was read, kept, merged and left out, with the reasons, is told on standard error. Nothing is written
/// if a row cannot be understood.
#[derive(Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    source: Source,
}

#[derive(Subcommand)]
enum Source {
    Omnipath(OmnipathArgs),
    #[command(visible_aliases = ["dorothea", "celloracle"])]
    Collectri(SimpleArgs),
    /// TRRUST: regulator, target, mode, PubMed numbers, tab-separated.
    Trrust(SimpleArgs),
    Regulondb(RegulondbArgs),
    Table(TableArgs),
    Go(GoArgs),
}

/// Where the knowledge base goes.
#[derive(Args)]
struct Output {
    /// The knowledge base to write: `.ttl` (Turtle) or `.nq` (N-Quads), with `.gz` to compress it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the output if it exists.
    #[arg(long)]
    force: bool,
}

/// OmniPath: directed, signed interactions in the columns of its web service.
#[derive(Args)]
struct OmnipathArgs {
    /// Tab-separated interactions of OmniPath.
    file: PathBuf,
    /// Types of interaction wanted, for example `transcriptional,post_translational`; all if not given.
    #[arg(long, value_name = "TYPE,…", value_delimiter = ',')]
    types: Vec<String>,
    /// Least number of curated records behind a row.
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_curation_effort: u32,
    /// Sources that do not count, as a regular expression; a row that has no other is left out.
    #[arg(long, value_name = "REGEX")]
    drop_source_pattern: Option<String>,
    /// Rows of which licences are wanted.
    #[arg(long, alias = "licence", value_enum, default_value_t = License::Any)]
    license: License,
    /// Licences of the sources (columns `source_label`, `license`), in place of the compiled-in list.
    #[arg(long, alias = "licence-table", value_name = "FILE")]
    license_table: Option<PathBuf>,
    /// What to do with protein complexes.
    #[arg(long, value_enum, default_value_t = OnComplexes::Keep)]
    complexes: OnComplexes,
    #[command(flatten)]
    gene_ids: GeneIds,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum License {
    /// All rows.
    Any,
    /// Rows whose every source is under CC BY, CC0, MIT, BSD or Apache.
    Permissive,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnComplexes {
    /// One gene named COMPLEX:A_B.
    Keep,
    /// Its members in its place.
    Expand,
    /// Rows with complexes are left out.
    Drop,
}

impl From<OnComplexes> for Complexes {
    fn from(complexes: OnComplexes) -> Self {
        match complexes {
            OnComplexes::Keep => Self::Keep,
            OnComplexes::Expand => Self::Expand,
            OnComplexes::Drop => Self::Drop,
        }
    }
}

#[derive(Args)]
struct GeneIds {
    /// Accessions and aliases by symbol (columns `symbol`, `entrez_id`, `ensembl_ids`, `uniprot_ids`, `aliases`).
    #[arg(long, value_name = "FILE")]
    gene_ids: Option<PathBuf>,
}

/// CollecTRI and other weighted networks (DoRothEA, CellOracle): source or tf, target, weight or mor or coef_mean.
///
/// A weight is 1, −1 or 0, or a real number: then its sign is the sign, and its size the confidence. In its long form
/// CollecTRI brings resources and references.
#[derive(Args)]
struct SimpleArgs {
    /// The table.
    file: PathBuf,
    #[command(flatten)]
    gene_ids: GeneIds,
    #[command(flatten)]
    output: Output,
}

/// E. coli networks: RegulonDB, EcoCyc, PRECISE; the format is known by its first line.
#[derive(Args)]
struct RegulondbArgs {
    /// The network.
    file: PathBuf,
    /// Genes with locus tags (columns `gene_name` and `locus_tag` or a first one without name).
    #[arg(long, value_name = "FILE")]
    gene_table: Option<PathBuf>,
    /// What to do with regulators of several different subunits, such as IHF.
    #[arg(long, value_enum, default_value_t = OnComplexes::Keep)]
    complexes: OnComplexes,
    /// Least class of evidence.
    #[arg(long, value_enum)]
    min_evidence: Option<Evidence>,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Evidence {
    Weak,
    Strong,
    Confirmed,
}

impl From<Evidence> for regulondb::EvidenceClass {
    fn from(evidence: Evidence) -> Self {
        match evidence {
            Evidence::Weak => Self::Weak,
            Evidence::Strong => Self::Strong,
            Evidence::Confirmed => Self::Confirmed,
        }
    }
}

/// Any table with named columns.
#[derive(Args)]
struct TableArgs {
    /// The table, with a header.
    file: PathBuf,
    /// Column of the regulator.
    #[arg(long, value_name = "COLUMN")]
    regulator: String,
    /// Column of the target; a cell may list several, as in `B;C|D`.
    #[arg(long, value_name = "COLUMN")]
    target: String,
    /// Column of the sign: `+`, `-1`, activation, represses, dual, unknown, the effects of SIGNOR, the predicates of
    /// Biolink and the like; of signed weights the size is the confidence.
    #[arg(long, value_name = "COLUMN")]
    sign: String,
    /// Column of the kind of regulation.
    #[arg(long, value_name = "COLUMN")]
    kind: Option<String>,
    /// Column of the sources, joined by `;`.
    #[arg(long, value_name = "COLUMN")]
    source: Option<String>,
    /// Column of publications, joined by `;`; plain numbers are PubMed's.
    #[arg(long, value_name = "COLUMN")]
    reference: Option<String>,
    /// Column of the confidence, from 0 to 1.
    #[arg(long, value_name = "COLUMN")]
    confidence: Option<String>,
    /// Column of the number of supporting records.
    #[arg(long, value_name = "COLUMN")]
    evidence_count: Option<String>,
    /// Between two fields: one character, or `tab`; known by the first line if not given.
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    #[command(flatten)]
    gene_ids: GeneIds,
    #[command(flatten)]
    output: Output,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        &[byte] if byte != b'"' && byte != b'\n' => Ok(byte),
        _ => Err("write one character such as `,` or `;`, or `tab`".to_owned()),
    }
}

/// The Gene Ontology: terms, graph, annotations, and similar genes as their own predicate.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("ontology").required(true).args(["terms", "obo"]))]
#[command(group = clap::ArgGroup::new("annotated").required(true).args(["annotations", "gaf", "gpad"]))]
struct GoArgs {
    /// Table of terms (columns `go_id`, `name`, `namespace`).
    #[arg(long, value_name = "FILE", requires = "edges")]
    terms: Option<PathBuf>,
    /// Table of edges (columns `child`, `relation`, `parent`).
    #[arg(long, value_name = "FILE", requires = "terms")]
    edges: Option<PathBuf>,
    /// Terms and edges as OBO text.
    #[arg(long, value_name = "FILE")]
    obo: Option<PathBuf>,
    /// Annotations in the columns of NCBI's gene2go; as NCBI gives it, it needs --genes for the symbols.
    #[arg(long, value_name = "FILE")]
    annotations: Option<PathBuf>,
    /// Annotations as GAF text.
    #[arg(long, value_name = "FILE")]
    gaf: Option<PathBuf>,
    /// Annotations as GPAD text, which needs --genes (or --into) for the symbols.
    #[arg(long, value_name = "FILE")]
    gpad: Option<PathBuf>,
    /// Accessions and aliases of genes, by symbol, for example NCBI's gene_info: for gene2go the symbols of its gene numbers.
    #[arg(long, value_name = "FILE")]
    genes: Option<PathBuf>,
    /// The species, by its number at NCBI, for example 9606; needed where a file holds several.
    #[arg(long, value_name = "NUMBER")]
    taxon: Option<String>,
    /// A knowledge base: it comes first in the output, and only its genes are annotated.
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// Least overlap of similar genes, above 0 and at most 1.
    #[arg(long, value_name = "J", default_value_t = 0.5, value_parser = jaccard)]
    min_jaccard: f64,
    /// Terms that annotate more genes than this do not count for similarity; 0 counts all but the roots.
    #[arg(long, value_name = "N", default_value_t = 500)]
    max_term_size: usize,
    /// Genes with fewer counted terms than this are similar to none.
    #[arg(long, value_name = "N", default_value_t = 3)]
    min_terms: usize,
    /// Evidence codes that do not count, for example `IEA,ND`.
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    evidence_exclude: Vec<String>,
    /// Ontologies in which genes are compared, each on its own.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [OntologyName::Bp, OntologyName::Mf, OntologyName::Cc])]
    ontologies: Vec<OntologyName>,
    /// Write no similar genes.
    #[arg(long)]
    no_similar: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum OntologyName {
    /// Biological process.
    Bp,
    /// Molecular function.
    Mf,
    /// Cellular component.
    Cc,
}

impl From<OntologyName> for Ontology {
    fn from(name: OntologyName) -> Self {
        match name {
            OntologyName::Bp => Self::BiologicalProcess,
            OntologyName::Mf => Self::MolecularFunction,
            OntologyName::Cc => Self::CellularComponent,
        }
    }
}

fn jaccard(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if value > 0.0 && value <= 1.0 => Ok(value),
        _ => Err("write a number above 0 and at most 1, for example 0.5".to_owned()),
    }
}

/// Runs the subcommand.
pub fn run(arguments: &ImportArgs) -> miette::Result<()> {
    match &arguments.source {
        Source::Omnipath(arguments) => import_omnipath(arguments),
        Source::Collectri(arguments) => import_collectri(arguments),
        Source::Trrust(arguments) => import_trrust(arguments),
        Source::Regulondb(arguments) => import_regulondb(arguments),
        Source::Table(arguments) => import_table(arguments),
        Source::Go(arguments) => import_go(arguments),
    }
}

fn import_omnipath(arguments: &OmnipathArgs) -> miette::Result<()> {
    let place = Place::free(&arguments.output)?;
    if arguments.license_table.is_some() && arguments.license == License::Any {
        miette::bail!("--license-table is of use only with --license permissive; add that or leave the table out");
    }
    let drop_sources = arguments.drop_source_pattern.as_deref().map(omnipath::SourcePattern::new);
    let options = omnipath::OmniPathOptions {
        types: arguments.types.clone(),
        min_curation_effort: arguments.min_curation_effort,
        drop_sources: drop_sources.transpose().into_diagnostic()?,
        licences: licences(arguments)?,
        complexes: arguments.complexes.into(),
        catalogue: catalogue(arguments.gene_ids.gene_ids.as_deref())?,
    };
    import_with(&arguments.file, &place, |content, name| omnipath::import(content, name, &options))
}

fn licences(arguments: &OmnipathArgs) -> miette::Result<Option<LicenceTable>> {
    match (&arguments.license_table, arguments.license) {
        (_, License::Any) => Ok(None),
        (None, License::Permissive) => Ok(Some(LicenceTable::built_in())),
        (Some(path), License::Permissive) => {
            let input = files::read(path)?;
            LicenceTable::parse(&input.content, &input.name()).map(Some).into_diagnostic()
        }
    }
}

fn import_collectri(arguments: &SimpleArgs) -> miette::Result<()> {
    let place = Place::free(&arguments.output)?;
    let catalogue = catalogue(arguments.gene_ids.gene_ids.as_deref())?;
    let options = collectri::CollecTriOptions { catalogue };
    import_with(&arguments.file, &place, |content, name| collectri::import(content, name, &options))
}

fn import_trrust(arguments: &SimpleArgs) -> miette::Result<()> {
    let place = Place::free(&arguments.output)?;
    let options = trrust::TrrustOptions { catalogue: catalogue(arguments.gene_ids.gene_ids.as_deref())? };
    import_with(&arguments.file, &place, |content, name| trrust::import(content, name, &options))
}

fn import_regulondb(arguments: &RegulondbArgs) -> miette::Result<()> {
    let place = Place::free(&arguments.output)?;
    let options = regulondb::RegulonDbOptions {
        complexes: arguments.complexes.into(),
        min_evidence: arguments.min_evidence.map(Into::into),
        catalogue: catalogue(arguments.gene_table.as_deref())?,
    };
    import_with(&arguments.file, &place, |content, name| regulondb::import(content, name, &options))
}

fn import_table(arguments: &TableArgs) -> miette::Result<()> {
    let place = Place::free(&arguments.output)?;
    let options = table::TableOptions {
        kind: arguments.kind.clone(),
        source: arguments.source.clone(),
        reference: arguments.reference.clone(),
        confidence: arguments.confidence.clone(),
        evidence_count: arguments.evidence_count.clone(),
        delimiter: arguments.delimiter,
        catalogue: catalogue(arguments.gene_ids.gene_ids.as_deref())?,
        ..table::TableOptions::new(&arguments.regulator, &arguments.target, &arguments.sign)
    };
    import_with(&arguments.file, &place, |content, name| table::import(content, name, &options))
}

fn import_with(
    file: &Path,
    place: &Place<'_>,
    import: impl FnOnce(&[u8], &str) -> Result<Imported, ImportError>,
) -> miette::Result<()> {
    let input = files::read(file)?;
    let imported = import(&input.content, &input.name()).map_err(explained)?;
    drop(input);
    tell(&format!("{}\n{}\n", file.display(), imported.counts));
    imported.notes.iter().for_each(|note| tell(&format!("{note}\n")));
    if imported.regulations.is_empty() {
        miette::bail!("{}: no regulation was kept, for the reasons above; nothing is written", file.display());
    }
    place.write(|out| write_knowledge(&imported.genes, &imported.regulations, place.syntax, out))
}

fn import_go(arguments: &GoArgs) -> miette::Result<()> {
    let place = Place::free(&arguments.output)?;
    let base = arguments.into.as_deref().map(|path| knowledge_base(path, place.syntax)).transpose()?;
    let graph = term_graph(arguments)?;
    tell(&format!("terms\n{}\n", graph.term_counts.told("terms in force")));
    tell(&format!("edges among terms\n{}\n", graph.edge_counts.told("edges")));
    if graph.illegal_lines > 0 {
        tell(&format!("{:>9}  lines that are not OBO, passed over\n", graph.illegal_lines));
    }
    let options = AnnotationOptions {
        exclude_evidence: arguments.evidence_exclude.clone(),
        only: base.as_ref().map(|base| base.genes().clone()),
        catalogue: catalogue_of(arguments.genes.as_deref(), arguments.taxon.as_deref())?,
        taxon: arguments.taxon.clone(),
    };
    let annotations = annotations(arguments, &graph, &options)?;
    tell(&format!("annotations\n{}, of {} genes\n", annotations.counts.told("annotations"), annotations.counts.genes));
    if annotations.pairs.is_empty() {
        miette::bail!("no annotation was kept, for the reasons above; nothing is written");
    }
    let mut similar = Vec::new();
    if !arguments.no_similar {
        similar = similar_genes(&graph, &annotations, &similarity_options(arguments));
        let count = similar.len();
        tell(&format!("{count:>9}  pairs of similar genes (Jaccard overlap of at least {})\n", arguments.min_jaccard));
    }
    place.write(|out| write_gene_ontology(&graph, &annotations, &similar, base.as_ref(), place.syntax, out))
}

fn knowledge_base(path: &Path, syntax: RdfSyntax) -> miette::Result<KnowledgeBase> {
    let input = files::read(path)?;
    let name = input.name();
    if RdfSyntax::from_file_name(&name).into_diagnostic()? != syntax {
        miette::bail!("{name} and the output are not in one format; name the output like the knowledge base");
    }
    KnowledgeBase::parse(&input.content, &name).into_diagnostic()
}

fn term_graph(arguments: &GoArgs) -> miette::Result<TermGraph> {
    match (&arguments.obo, &arguments.terms, &arguments.edges) {
        (Some(obo), _, _) => {
            let input = files::read(obo)?;
            TermGraph::from_obo(&input.content, &input.name()).into_diagnostic()
        }
        (None, Some(terms), Some(edges)) => {
            let (terms, edges) = (files::read(terms)?, files::read(edges)?);
            TermGraph::from_tables(&terms.content, &terms.name(), &edges.content, &edges.name()).into_diagnostic()
        }
        _ => miette::bail!("give --terms with --edges, or --obo"),
    }
}

fn annotations(arguments: &GoArgs, graph: &TermGraph, options: &AnnotationOptions) -> miette::Result<Annotations> {
    if let Some(gpad) = &arguments.gpad {
        let input = files::read(gpad)?;
        return Annotations::from_gpad(&input.content, &input.name(), graph, options).map_err(explained);
    }
    match (&arguments.annotations, &arguments.gaf) {
        (Some(table), _) => {
            let input = files::read(table)?;
            Annotations::from_gene2go(&input.content, &input.name(), graph, options).map_err(explained)
        }
        (None, Some(gaf)) => {
            let input = files::read(gaf)?;
            Annotations::from_gaf(&input.content, &input.name(), graph, options).map_err(explained)
        }
        (None, None) => miette::bail!("give --annotations, --gaf or --gpad"),
    }
}

fn similarity_options(arguments: &GoArgs) -> SimilarityOptions {
    SimilarityOptions {
        min_jaccard: arguments.min_jaccard,
        max_term_size: (arguments.max_term_size > 0).then_some(arguments.max_term_size),
        min_terms: arguments.min_terms,
        ontologies: arguments.ontologies.iter().map(|&name| name.into()).collect(),
    }
}

fn catalogue(path: Option<&Path>) -> miette::Result<Option<GeneTable>> {
    let Some(path) = path else { return Ok(None) };
    let input = files::read(path)?;
    read_gene_catalogue(&input.content, &input.name()).into_diagnostic().map(Some)
}

fn catalogue_of(path: Option<&Path>, taxon: Option<&str>) -> miette::Result<Option<GeneTable>> {
    let read = |input: Input| read_gene_catalogue_of(&input.content, &input.name(), taxon).map_err(explained);
    path.map(|path| read(files::read(path)?)).transpose()
}

/// The error with the option that helps, if one does.
fn explained(error: ImportError) -> miette::Report {
    let help = match &error {
        ImportError::SeveralTaxa { taxa, .. } => {
            let example = taxa.first().map_or("9606", |(taxon, _)| taxon.as_str());
            Some(format!("choose one by --taxon, for example --taxon {example}"))
        }
        ImportError::NumbersOnly { .. } => {
            Some("give that table by --genes FILE, and the species by --taxon NUMBER if there are several".to_owned())
        }
        _ => None,
    };
    match help {
        Some(help) => miette::miette!(help = help, "{error}"),
        None => miette::Report::from_err(error),
    }
}

/// An output that may be written, and its format.
struct Place<'a> {
    path: &'a Path,
    syntax: RdfSyntax,
}

impl<'a> Place<'a> {
    /// Refuses a name that tells no format and, without `--force`, one that is taken.
    fn free(output: &'a Output) -> miette::Result<Self> {
        let syntax = RdfSyntax::from_file_name(&output.out.display().to_string()).into_diagnostic()?;
        files::refuse_taken(&output.out, output.force)?;
        Ok(Self { path: &output.out, syntax })
    }

    fn write(&self, fill: impl FnOnce(&mut dyn Write) -> Result<(), KnowledgeError>) -> miette::Result<()> {
        files::write(self.path, |out| fill(out).map_err(io::Error::from))?;
        tell(&format!("wrote {}\n", self.path.display()));
        Ok(())
    }
}

/// Tells the user on standard error; if nobody can hear it, the import goes on.
fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
