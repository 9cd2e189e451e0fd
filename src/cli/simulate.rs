//! `aligned simulate`: Tell what the knowledge says a perturbation does.

use std::io;
use std::path::PathBuf;

use aligned::biology::{Direction, GeneTable, Perturbation, Response};
use aligned::symbolic::{Closure, DynamicsConfig, Reading, Simulator as _, SynchronousNetwork};
use clap::{Args, ValueEnum};
use miette::IntoDiagnostic as _;

use super::knowledge_base::{DirectionName, Knowledge};
use super::output::{self, Cell, RowFormat, RowWriter};

/// Perturbations simulated before their rows are written: bounds the memory on any number of them.
const BATCH: usize = 256;

/// Widest column of a table; the few longer names, of large complexes, push their rows out of line.
const WIDEST: usize = 24;

/// Tell what the knowledge says a perturbation does.
///
/// With `--perturb`, one row per gene; with `--every-regulator`, one row per perturbation with the numbers of responding genes.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct SimulateArgs {
    /// The knowledge base: Turtle or N-Quads, plain or gzip.
    #[arg(long, value_name = "FILE")]
    kb: PathBuf,
    /// A perturbation: `crp-` (deletion), `crp+` (overexpression), `A-,B+` (both at once); may be given several times.
    #[arg(long, value_name = "GENES", group = "what", allow_hyphen_values = true)]
    perturb: Vec<String>,
    /// Perturb every gene that regulates another or has an effect on one, one at a time.
    #[arg(long, group = "what")]
    every_regulator: bool,
    /// What is done to a gene without a mark, and to every regulator.
    #[arg(long, value_enum, default_value_t = DirectionName::Deletion)]
    direction: DirectionName,
    /// How the knowledge is run: by the signs of walks, or as a Boolean network whose genes update together.
    #[arg(long, value_enum, default_value_t = Semantics::Closure)]
    semantics: Semantics,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    dynamics: DynamicsArgs,
    /// A folder with rules in place of the compiled-in ones: `extract/*.rq`, and `update/*.bnet` for `--semantics sync`.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Leave out genes that do not respond.
    #[arg(long)]
    changed_only: bool,
    /// A row for each gene that responds, in place of the numbers of `--every-regulator`.
    #[arg(long)]
    responses: bool,
    /// How the rows are written.
    #[arg(long, value_enum, default_value_t)]
    format: RowFormat,
    /// Where the rows are written, in place of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Semantics {
    /// Signed walks of at most `--depth` steps.
    Closure,
    /// A Boolean network with synchronous updates.
    Sync,
}

/// Options of the signed closure, shared by `simulate` and `explain`.
#[derive(Args)]
pub struct ReadingArgs {
    /// Longest walk, in steps [default: 5].
    #[arg(long, value_name = "STEPS", value_parser = depth_parser())]
    depth: Option<usize>,
    /// How walks of both signs are read [default: nearest].
    #[arg(long, value_enum)]
    reading: Option<ReadingName>,
    /// Majority reading: weight of each further step, in (0, 1] [default: 0.5].
    #[arg(long, value_name = "WEIGHT")]
    alpha: Option<f64>,
    /// Majority reading: dead zone of the balance, in [0, 1) [default: 0.2].
    #[arg(long, value_name = "BALANCE")]
    tau: Option<f64>,
}

fn depth_parser() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..=Closure::MAX_DEPTH as u64)
}

/// The readings by name; see METHOD, section 2.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReadingName {
    /// Ambiguous as soon as walks of both signs arrive.
    Naive,
    /// By the shortest walks alone.
    Nearest,
    /// By the balance of all walks, longer ones counting less.
    Majority,
}

impl ReadingArgs {
    /// Longest walk, in steps.
    pub fn depth(&self) -> usize {
        self.depth.unwrap_or(5)
    }

    /// The reading asked for.
    pub fn reading(&self) -> miette::Result<Reading> {
        let majority = self.reading == Some(ReadingName::Majority);
        if !majority && (self.alpha.is_some() || self.tau.is_some()) {
            miette::bail!("`--alpha` and `--tau` belong to `--reading majority`; add it, or leave them out");
        }
        let (alpha, tau) = (self.alpha.unwrap_or(0.5), self.tau.unwrap_or(0.2));
        if !(alpha > 0.0 && alpha <= 1.0) {
            miette::bail!("`--alpha` is {alpha}; it must be above 0 and at most 1");
        }
        if !(0.0..1.0).contains(&tau) {
            miette::bail!("`--tau` is {tau}; it must be at least 0 and below 1");
        }
        Ok(match self.reading.unwrap_or(ReadingName::Nearest) {
            ReadingName::Naive => Reading::Naive,
            ReadingName::Nearest => Reading::Nearest,
            ReadingName::Majority => Reading::Majority { alpha, tau },
        })
    }

    const fn is_given(&self) -> bool {
        self.depth.is_some() || self.reading.is_some() || self.alpha.is_some() || self.tau.is_some()
    }
}

#[derive(Args)]
struct DynamicsArgs {
    /// Boolean network: initial states [default: 64].
    #[arg(long, value_name = "NUMBER")]
    states: Option<usize>,
    /// Boolean network: steps within which a state must have settled [default: 1024].
    #[arg(long, value_name = "STEPS")]
    max_steps: Option<usize>,
    /// Boolean network: seed of the initial states [default: 42].
    #[arg(long)]
    seed: Option<u64>,
    /// Boolean network: least change of mean activity that counts, in [0, 1) [default: 0.1].
    #[arg(long, value_name = "CHANGE")]
    dead_zone: Option<f64>,
}

impl DynamicsArgs {
    fn config(&self) -> DynamicsConfig {
        let default = DynamicsConfig::default();
        DynamicsConfig {
            states: self.states.unwrap_or(default.states),
            max_steps: self.max_steps.unwrap_or(default.max_steps),
            seed: self.seed.unwrap_or(default.seed),
            dead_zone: self.dead_zone.unwrap_or(default.dead_zone),
        }
    }

    const fn is_given(&self) -> bool {
        self.states.is_some() || self.max_steps.is_some() || self.seed.is_some() || self.dead_zone.is_some()
    }
}

enum Engine<'a> {
    Closure(Closure<'a>),
    Sync(SynchronousNetwork),
}

/// Runs the subcommand.
pub fn run(arguments: &SimulateArgs) -> miette::Result<()> {
    arguments.check()?;
    let reading = arguments.reading.reading()?;
    let knowledge = Knowledge::load(&arguments.kb, arguments.rules.as_deref())?;
    let perturbations = arguments.perturbations(&knowledge)?;
    let engine = arguments.engine(&knowledge, reading)?;
    output::deliver(arguments.out.as_deref(), |out| {
        let table = ResponseTable::new(arguments, &knowledge, &perturbations, &engine);
        let mut rows = RowWriter::begin(out, arguments.format, &table.columns)?;
        table.write(&engine, &perturbations, &mut rows)?;
        rows.end()
    })
}

impl SimulateArgs {
    fn check(&self) -> miette::Result<()> {
        match self.semantics {
            Semantics::Sync if self.reading.is_given() => {
                miette::bail!(
                    "`--depth`, `--reading`, `--alpha` and `--tau` belong to `--semantics closure`; leave them out"
                )
            }
            Semantics::Closure if self.dynamics.is_given() => miette::bail!(
                "`--states`, `--max-steps`, `--seed` and `--dead-zone` belong to `--semantics sync`; add it, or leave them out"
            ),
            _ => Ok(()),
        }
    }

    fn perturbations(&self, knowledge: &Knowledge) -> miette::Result<Vec<Perturbation>> {
        let direction = Direction::from(self.direction);
        if !self.every_regulator {
            return self.perturb.iter().map(|text| knowledge.perturbation(text, direction)).collect();
        }
        let perturb = |gene| match direction {
            Direction::Deletion => Perturbation::deletion(gene),
            Direction::Overexpression => Perturbation::overexpression(gene),
        };
        let perturbations: Vec<_> = knowledge.network.moving_genes().map(perturb).collect();
        if perturbations.is_empty() {
            miette::bail!("{} holds no gene that regulates another", self.kb.display());
        }
        Ok(perturbations)
    }

    fn engine<'a>(&self, knowledge: &'a Knowledge, reading: Reading) -> miette::Result<Engine<'a>> {
        if self.semantics == Semantics::Closure {
            return Ok(Engine::Closure(Closure::new(&knowledge.network, self.reading.depth(), reading)));
        }
        let rules = knowledge.boolean_rules(self.rules.as_deref())?;
        let network = SynchronousNetwork::new(&knowledge.network, rules, self.dynamics.config()).into_diagnostic()?;
        let unperturbed = network.unperturbed();
        tracing::info!(
            "without perturbation: longest period {}, {} states unsettled",
            unperturbed.longest_period,
            unperturbed.unsettled
        );
        Ok(Engine::Sync(network))
    }
}

/// What one perturbation did, as either engine tells it.
struct Simulated<'a> {
    label: &'a str,
    responses: &'a [Option<Response>],
    changes: Option<&'a [f64]>,
    unsettled: Option<usize>,
}

/// The rows asked for: one per gene, or one per perturbation.
struct ResponseTable<'a> {
    genes: &'a GeneTable,
    columns: Vec<(&'static str, usize)>,
    labels: Vec<String>,
    summary: bool,
    changed_only: bool,
}

impl<'a> ResponseTable<'a> {
    fn new(arguments: &SimulateArgs, knowledge: &'a Knowledge, rows: &[Perturbation], engine: &Engine<'_>) -> Self {
        let genes = knowledge.genes();
        let labels: Vec<_> = rows.iter().map(|perturbation| perturbation.label(genes)).collect();
        let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0).min(WIDEST);
        let label_width = widest(&mut labels.iter().map(|label| label.chars().count()));
        let gene_width = widest(&mut genes.iter().map(|(_, gene)| gene.symbol.chars().count()));
        let summary = arguments.every_regulator && !arguments.responses;
        let mut columns = vec![("perturbation", label_width)];
        if summary {
            let digits = genes.len().to_string().len();
            columns.extend(["up", "down", "ambiguous", "unchanged"].map(|name| (name, digits)));
        } else {
            columns.extend([("gene", gene_width), ("response", "unchanged".len())]);
        }
        if let Engine::Sync(_) = engine {
            columns.push(if summary { ("unsettled", 5) } else { ("change", 7) });
        }
        let changed_only = arguments.changed_only || arguments.responses;
        Self { genes, columns, labels, summary, changed_only }
    }

    fn write(&self, engine: &Engine<'_>, rows: &[Perturbation], out: &mut RowWriter<'_>) -> io::Result<()> {
        for (batch, labels) in rows.chunks(BATCH).zip(self.labels.chunks(BATCH)) {
            match engine {
                Engine::Closure(closure) => self.write_closure(closure, batch, labels, out)?,
                Engine::Sync(network) => self.write_dynamics(network, batch, labels, out)?,
            }
        }
        Ok(())
    }

    fn write_closure(
        &self,
        closure: &Closure<'_>,
        batch: &[Perturbation],
        labels: &[String],
        out: &mut RowWriter<'_>,
    ) -> io::Result<()> {
        let matrix = closure.simulate(batch);
        for (row, (perturbation, label)) in batch.iter().zip(labels).enumerate() {
            let simulated = Simulated { label, responses: matrix.row(row), changes: None, unsettled: None };
            self.write_one(&simulated, perturbation, out)?;
        }
        Ok(())
    }

    fn write_dynamics(
        &self,
        network: &SynchronousNetwork,
        batch: &[Perturbation],
        labels: &[String],
        out: &mut RowWriter<'_>,
    ) -> io::Result<()> {
        let answers = network.respond_all(batch);
        for ((answer, perturbation), label) in answers.iter().zip(batch).zip(labels) {
            if answer.unsettled > 0 {
                tracing::warn!("{label}: {} states did not settle; read by their last steps", answer.unsettled);
            }
            let responses: Vec<_> = answer.responses.iter().copied().map(Some).collect();
            let (changes, unsettled) = (Some(answer.changes.as_slice()), Some(answer.unsettled));
            self.write_one(&Simulated { label, responses: &responses, changes, unsettled }, perturbation, out)?;
        }
        Ok(())
    }

    fn write_one(&self, row: &Simulated<'_>, perturbation: &Perturbation, out: &mut RowWriter<'_>) -> io::Result<()> {
        if self.summary {
            return write_summary(row, perturbation, out);
        }
        for ((_, gene), (index, response)) in self.genes.iter().zip(row.responses.iter().enumerate()) {
            let response = response.unwrap_or(Response::Unchanged);
            if self.changed_only && response == Response::Unchanged {
                continue;
            }
            let cells = [Cell::Text(row.label), Cell::Text(&gene.symbol), Cell::Text(response.word())];
            match row.changes {
                None => out.row(&cells)?,
                Some(changes) => out.row(&[cells[0], cells[1], cells[2], Cell::Measure(changes[index])])?,
            }
        }
        Ok(())
    }
}

/// Numbers of responding genes, the perturbed ones left aside.
fn write_summary(row: &Simulated<'_>, perturbation: &Perturbation, out: &mut RowWriter<'_>) -> io::Result<()> {
    let count = |response: Response| {
        let all = row.responses.iter().filter(|&&entry| entry == Some(response)).count();
        let own = perturbation.genes().filter(|gene| row.responses[gene.index()] == Some(response)).count();
        Cell::Count(all - own)
    };
    let mut cells = vec![Cell::Text(row.label)];
    cells.extend([Response::Up, Response::Down, Response::Ambiguous, Response::Unchanged].map(count));
    cells.extend(row.unsettled.map(Cell::Count));
    out.row(&cells)
}
