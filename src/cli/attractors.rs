//! `aligned attractors`: Find where a Boolean network ends up.

use std::path::PathBuf;

use aligned::biology::{Direction, GeneTable, Perturbation};
use aligned::exchange::{Format, Part, read_model};
use aligned::network::RegulatoryNetwork;
use aligned::symbolic::{
    AttractorConfig, AttractorError, Attractors, BooleanNetwork, DefaultRule, Update, UpdateRules, attractors,
};
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic as _, Result, bail, miette};

use super::attractor_rows::{self, Shown};
use super::knowledge_base::{Knowledge, perturbation};
use super::terminal::Terminal;
use super::{Interrupted, files, output};

/// Find where a Boolean network ends up: fixed points, cycles, minimal trap spaces.
///
/// MODEL is a `.bnet` file or SBML-qual; with `--kb`, every gene follows a default rule over its regulations, or its rule of
/// `rules/update`. A name without a rule is an input and keeps its value. The answer says whether it is complete, and if not, why.
#[derive(Args)]
#[command(after_help = EXAMPLES, group = clap::ArgGroup::new("what").required(true))]
pub struct AttractorsArgs {
    /// The Boolean model: `.bnet` or SBML-qual (`.sbml`), plain or gzip.
    #[arg(value_name = "MODEL", group = "what")]
    model: Option<PathBuf>,
    /// A knowledge base in place of a model: Turtle or N-Quads, plain or gzip.
    #[arg(long, value_name = "FILE", group = "what")]
    kb: Option<PathBuf>,
    /// Knowledge base: the rule of genes that have none of their own [default: inhibitor-wins].
    #[arg(long, value_enum)]
    rule: Option<RuleName>,
    /// Knowledge base: a folder with rules in place of the compiled-in ones, `extract/*.rq` and `update/*.bnet`.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Which genes are updated at once.
    #[arg(long, value_enum, default_value_t = UpdateName::Mp)]
    update: UpdateName,
    /// Clamp genes: `crp-` (deletion), `crp+` (overexpression), `A-,B+` (both at once).
    #[arg(long, value_name = "GENES", allow_hyphen_values = true)]
    perturb: Option<String>,
    /// List at most this many attractors.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    max: usize,
    /// Count only.
    #[arg(long)]
    count: bool,
    /// End after this many seconds with what was found; 0 for no limit.
    #[arg(long, value_name = "S", default_value_t = 60.0)]
    seconds: f64,
    /// Random states behind basin shares, 0 for none [default: 1000, fewer above 10000 genes].
    #[arg(long, value_name = "N")]
    states: Option<usize>,
    /// Seed of random states and runs.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Write the proof (DRAT) that the first trap space found is minimal, and next to it what it proves, in FILE.cnf.
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = FormatName::Table)]
    format: FormatName,
    /// Where the answer is written, in place of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  aligned attractors --kb knowledge/ecoli_core.ttl --max 3
  aligned attractors rules/update/ecoli.bnet --update async --count
  aligned attractors rules/update/ecoli.bnet --perturb flhD- --format json";

/// The default rules by name.
#[derive(Clone, Copy, ValueEnum)]
enum RuleName {
    /// On if some activator is on and no inhibitor is.
    InhibitorWins,
    /// On if more activators than inhibitors are on; on a tie the gene keeps its value.
    Threshold,
    /// On if most regulators speak for it: activators on, inhibitors off; on a tie the gene keeps its value.
    Majority,
}

impl From<RuleName> for DefaultRule {
    fn from(name: RuleName) -> Self {
        match name {
            RuleName::InhibitorWins => Self::InhibitorWins,
            RuleName::Threshold => Self::Threshold,
            RuleName::Majority => Self::Majority,
        }
    }
}

/// The kinds of dynamics by name.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum UpdateName {
    /// All genes together: fixed points and cycles.
    Sync,
    /// One gene at a time, any: sets of states that none leaves.
    Async,
    /// Most permissive: minimal trap spaces.
    Mp,
}

impl From<UpdateName> for Update {
    fn from(name: UpdateName) -> Self {
        match name {
            UpdateName::Sync => Self::Sync,
            UpdateName::Async => Self::Async,
            UpdateName::Mp => Self::Mp,
        }
    }
}

/// How the answer is written.
#[derive(Clone, Copy, ValueEnum)]
enum FormatName {
    /// A summary, a row for each attractor, and the values of all genes if they are few.
    Table,
    /// All of it, as one object.
    Json,
    /// A row for each attractor, a column for each gene.
    Tsv,
}

/// Genes, and what is needed to make their network under any clamps.
struct Model {
    genes: GeneTable,
    network: RegulatoryNetwork,
    rules: UpdateRules,
    name: String,
}

/// Runs the subcommand.
pub fn run(arguments: &AttractorsArgs) -> Result<()> {
    if arguments.proof.is_some() && (arguments.update != UpdateName::Mp || arguments.count) {
        bail!("--proof belongs to --update mp without --count: only minimal trap spaces are proved");
    }
    if arguments.model.is_some() && (arguments.rule.is_some() || arguments.rules.is_some()) {
        bail!("--rule and --rules belong to --kb; the genes of a Boolean model follow its own rules");
    }
    let model = arguments.load()?;
    let perturbation = arguments.perturbation(&model.genes)?;
    let rule = arguments.rule.map(DefaultRule::from).unwrap_or_default();
    let network = BooleanNetwork::new(&model.network, &model.rules, rule, perturbation.as_ref())
        .map_err(|error| with_gene(error, &model))?;
    let progress = Terminal::new();
    let found = attractors(&network, &arguments.config(), &progress).into_diagnostic()?;
    progress.finish();
    let shown = Shown { model: &model.name, genes: &model.genes, found: &found, update: arguments.update.into() };
    let wanted = arguments.out.as_deref();
    output::deliver(wanted, |out| match arguments.format {
        FormatName::Table => attractor_rows::table(&shown, out),
        FormatName::Json => attractor_rows::json(&shown, out),
        FormatName::Tsv => attractor_rows::tsv(&shown, out),
    })?;
    arguments.write_proof(&found)?;
    if aligned::progress::Progress::is_cancelled(&progress) { Err(Interrupted.into()) } else { Ok(()) }
}

impl AttractorsArgs {
    fn load(&self) -> Result<Model> {
        match (&self.model, &self.kb) {
            (Some(path), _) => {
                let input = files::read(path)?;
                let name = input.name();
                let format = Format::of_file(&name, &input.content).into_diagnostic()?;
                if let Format::Rdf(_) = format {
                    bail!("{name} is a knowledge base, not a Boolean model; name it with --kb");
                }
                let read = read_model(format, Part { name: &name, content: &input.content }).into_diagnostic()?;
                let network = RegulatoryNetwork::new(read.genes.len(), []);
                Ok(Model { genes: read.genes, network, rules: read.rules, name })
            }
            (None, Some(path)) => self.load_knowledge(path),
            (None, None) => bail!("name a Boolean model, or a knowledge base with --kb"),
        }
    }

    fn load_knowledge(&self, path: &std::path::Path) -> Result<Model> {
        let name = path.display().to_string();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        if [".bnet", ".sbml"].iter().any(|end| plain.ends_with(end)) {
            return Err(miette!(
                help = format!("aligned attractors {name}"),
                "{name} is a Boolean model, whose rules a knowledge base would lose; name it without --kb"
            ));
        }
        let knowledge = Knowledge::load(path, self.rules.as_deref())?;
        let rules = knowledge.boolean_rules(self.rules.as_deref())?;
        Ok(Model { genes: knowledge.genes().clone(), network: knowledge.network, rules, name })
    }

    fn perturbation(&self, genes: &GeneTable) -> Result<Option<Perturbation>> {
        self.perturb.as_deref().map(|text| perturbation(text, Direction::Deletion, genes)).transpose()
    }

    fn config(&self) -> AttractorConfig {
        AttractorConfig {
            update: self.update.into(),
            max: self.max,
            count: self.count,
            seconds: (self.seconds != 0.0).then_some(self.seconds),
            seed: self.seed,
            states: self.states,
            keeps_proof: self.proof.is_some(),
        }
    }

    fn write_proof(&self, found: &Attractors) -> Result<()> {
        let Some(path) = &self.proof else { return Ok(()) };
        let Some(certificate) = &found.certificate else {
            tracing::warn!("no trap space was proved minimal in time; {} is not written", path.display());
            return Ok(());
        };
        let formula = PathBuf::from(format!("{}.cnf", path.display()));
        files::write(&formula, |out| out.write_all(certificate.formula.as_bytes()))?;
        files::write(path, |out| out.write_all(&certificate.proof))
    }
}

fn with_gene(error: AttractorError, model: &Model) -> miette::Report {
    match &error {
        AttractorError::TooMixed { gene, .. } => {
            miette!("{}: gene `{}`: {error}", model.name, model.genes.symbol(*gene))
        }
        _ => miette!("{}: {error}", model.name),
    }
}
