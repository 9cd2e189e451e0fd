//! `aligned recover`: damage a network, fix it by each method, and say how much comes back.

use std::io;
use std::path::{Path, PathBuf};

use aligned::network::RegulatoryNetwork;
use aligned::network::generate::{NetworkConfig, Topology};
use aligned::recovery::{BenchmarkConfig, DataKind, FaultKind, Grid, Method, MethodConfig, ScreenConfig, TrueNetwork};
use aligned::report::InputFile;
use aligned::study::{RecoveryRequest, read_network, recover};
use aligned::symbolic::{Closure, Reading};
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, Result, WrapErr, bail};

use super::Interrupted;
use super::hints::told;
use super::options::{seeds, start_threads};
use super::output::deliver;
use super::recover_real::{self, RealArgs, Trial};
use super::terminal::Terminal;

/// Test the refinement: damage a network, make experiments on the undamaged one, and see what each method finds again.
///
/// The network is a knowledge base, a random one, or a part grown out of a knowledge base. At level 0.2, regulations
/// lost and false ones gained make up a fifth of the true ones. Finished rows are kept in the folder: the same command
/// resumes where it was stopped.
///
/// With a file as --data nothing is simulated: a share of the known regulations is hidden, and the sign of some turned, among
/// those of which the regulator is perturbed alone and the target measured then; then they are looked for in the real
/// responses, by the refinement, by simple rules and by controls.
#[derive(Args)]
pub struct RecoverArgs {
    /// Knowledge base in RDF (.ttl or .nq, also .gz) whose network is the true one; with real responses also a table of signed
    /// regulations.
    #[arg(long, value_name = "FILE", conflicts_with = "generate")]
    kb: Option<PathBuf>,
    /// Draw the true network again for each seed [default, without --kb: scale-free].
    #[arg(long, value_enum, value_name = "SHAPE")]
    generate: Option<Shape>,
    /// Genes of the generated network [default: 5045; dream: 100].
    #[arg(long, value_name = "N")]
    genes: Option<usize>,
    /// Regulations of the random network [default: 7619, or 1.5 a gene if --genes is given].
    #[arg(long, value_name = "M")]
    regulations: Option<usize>,
    /// Share of the random network's regulations that inhibit [default: 0.35].
    #[arg(long, value_name = "SHARE")]
    inhibitions: Option<f64>,
    /// Knowledge base that a dream network is grown out of [default: the embedded E. coli core].
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Folder of rules that say which statements of the knowledge base are regulations.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Levels of corruption, each from 0 to 1 [default: 0,0.1,0.2,0.4].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    levels: Vec<f64>,
    /// Kinds of fault that share each level evenly; given several times, each mix is tested by itself [default:
    /// missing,spurious,flipped,redirected].
    #[arg(long, value_name = "LIST")]
    kinds: Vec<String>,
    /// Experiments: `closure` (every deletion without noise), `screen` (a simulated one), or a file of real responses.
    #[arg(long, value_name = "closure|screen|FILE", default_value = "closure")]
    data: DataName,
    /// How conflicting walks are read [default: naive,nearest; of real responses: nearest].
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',')]
    reading: Vec<ReadingName>,
    /// Longest walk that counts.
    #[arg(long, value_name = "K", default_value_t = 5,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=Closure::MAX_DEPTH as u64))]
    depth: usize,
    /// Seeds: how many, from 1 on, or a range such as 3..7 with both ends.
    #[arg(long, value_name = "SEEDS", default_value = "3")]
    seeds: String,
    /// Which methods [default: do-nothing,prune-contradicted,greedy,published,aligned].
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',')]
    methods: Vec<MethodName>,
    /// Folder for the results; finished rows found there are not computed again.
    #[arg(long, value_name = "DIR", default_value = "recover-out")]
    out: PathBuf,
    /// Threads; the figures do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
    #[command(flatten, next_help_heading = "Real responses")]
    real: RealArgs,
    #[command(flatten, next_help_heading = "Simulated experiments")]
    screen: ScreenArgs,
    #[command(flatten)]
    refinement: RefinementArgs,
}

#[derive(Args)]
struct ScreenArgs {
    /// Screen: regulators deleted, one at a time [default: 200].
    #[arg(long, value_name = "N")]
    perturbations: Option<usize>,
    /// Screen: genes measured [default: 2000].
    #[arg(long, value_name = "N")]
    measured: Option<usize>,
    /// Screen: share of calls replaced by another class [default: 0.05].
    #[arg(long, value_name = "SHARE")]
    label_noise: Option<f64>,
    /// Screen: share of pairs left unmeasured [default: 0.3].
    #[arg(long, value_name = "SHARE")]
    masked: Option<f64>,
}

#[derive(Args)]
struct RefinementArgs {
    /// Bootstrap resamples behind each stability [default: 200; closure: 0].
    #[arg(long, value_name = "N")]
    bootstraps: Option<usize>,
    /// Simulated screens behind each q-value, at most [default: 20; closure: 0].
    #[arg(long, value_name = "N")]
    simulations: Option<usize>,
    /// Cost of an added regulation, in measured entries [default: 3].
    #[arg(long, value_name = "ENTRIES")]
    add_cost: Option<f64>,
    /// Cost of a removed regulation [default: 2].
    #[arg(long, value_name = "ENTRIES")]
    remove_cost: Option<f64>,
    /// Cost of a flipped sign [default: 2].
    #[arg(long, value_name = "ENTRIES")]
    flip_cost: Option<f64>,
    /// How much more the entries of a rare class weigh, from 0 to 1 [default: 0].
    #[arg(long, value_name = "BETA")]
    class_balance: Option<f64>,
    /// Least stability of an applied revision [default: 0.7].
    #[arg(long, value_name = "SHARE")]
    min_stability: Option<f64>,
    /// Largest q-value of an applied revision [default: 0.2].
    #[arg(long, value_name = "Q")]
    max_q_value: Option<f64>,
    /// Passes of proposing and accepting, for the method `aligned` [default: 4].
    #[arg(long, value_name = "N")]
    max_passes: Option<usize>,
    /// Genes up to which the published dense objective is run [default: 500].
    #[arg(long, value_name = "N")]
    published_genes: Option<usize>,
    /// Steps of the published descent [default: 300].
    #[arg(long, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    published_epochs: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// Few regulators with many targets, few regulators for each.
    ScaleFree,
    /// Preferential attachment both ways; a large feedback core, hard to refine.
    FeedbackCore,
    /// Each gene with the same number of regulators.
    RandomRegular,
    /// A connected part of a given network, grown by modularity.
    Dream,
}

#[derive(Clone, PartialEq, Eq)]
enum DataName {
    Simulated(DataKind),
    Real(PathBuf),
}

impl From<&str> for DataName {
    fn from(text: &str) -> Self {
        let kinds = [DataKind::Closure, DataKind::Screen];
        let simulated = kinds.into_iter().find(|kind| kind.word() == text);
        simulated.map_or_else(|| Self::Real(text.into()), Self::Simulated)
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum ReadingName {
    Naive,
    Nearest,
}

impl From<ReadingName> for Reading {
    fn from(name: ReadingName) -> Self {
        match name {
            ReadingName::Naive => Self::Naive,
            ReadingName::Nearest => Self::Nearest,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum MethodName {
    DoNothing,
    PruneContradicted,
    Greedy,
    Published,
    Aligned,
}

impl From<MethodName> for Method {
    fn from(name: MethodName) -> Self {
        match name {
            MethodName::DoNothing => Self::DoNothing,
            MethodName::PruneContradicted => Self::PruneContradicted,
            MethodName::Greedy => Self::Greedy,
            MethodName::Published => Self::Published,
            MethodName::Aligned => Self::Aligned,
        }
    }
}

/// Runs the subcommand.
pub fn run(arguments: &RecoverArgs) -> Result<()> {
    start_threads(arguments.threads)?;
    let data = match &arguments.data {
        DataName::Simulated(data) => *data,
        DataName::Real(path) => {
            arguments.refuse_simulated()?;
            let trial = Trial {
                kb: arguments.kb.as_deref(),
                data: path,
                rules: arguments.rules.as_deref(),
                depth: arguments.depth,
                reading: arguments.reading.first().map(|&reading| reading.into()),
                seeds: &arguments.seeds,
                out: &arguments.out,
            };
            return recover_real::run(&arguments.real, &trial);
        }
    };
    if let Some(name) = arguments.real.given() {
        bail!("`{name}` belongs to real responses; name their file with --data, or leave `{name}` out");
    }
    let (grid, config) = (arguments.grid()?, arguments.config(data)?);
    let Source { truth, told: network, inputs } = arguments.source()?;
    let folder = arguments.out.clone();
    let request = RecoveryRequest { truth, told: network, inputs, grid, config, folder };
    let progress = Terminal::new();
    let recovered = recover(request, &progress).map_err(told)?;
    progress.finish();
    deliver(None, |out| {
        recovered.report().write_markdown(out).map_err(io::Error::from)?;
        writeln!(out, "\nSee {}.", arguments.out.join("recover.svg").display())
    })?;
    if recovered.finished() { Ok(()) } else { Err(Interrupted.into()) }
}

/// The true network, in words and with the files behind it.
struct Source {
    truth: TrueNetwork,
    told: String,
    inputs: Vec<InputFile>,
}

impl RecoverArgs {
    /// What only simulated experiments know.
    fn refuse_simulated(&self) -> Result<()> {
        let given = [
            ("--generate", self.generate.is_some()),
            ("--genes", self.genes.is_some()),
            ("--regulations", self.regulations.is_some()),
            ("--inhibitions", self.inhibitions.is_some()),
            ("--from", self.from.is_some()),
            ("--levels", !self.levels.is_empty()),
            ("--kinds", !self.kinds.is_empty()),
            ("--methods", !self.methods.is_empty()),
        ];
        let screen = self.screen.given();
        if let Some((name, _)) = given.iter().chain(&screen).find(|(_, given)| *given) {
            bail!("`{name}` belongs to simulated experiments, but --data names real responses; leave `{name}` out");
        }
        if self.refinement.is_given() {
            bail!("costs and gates of the search are set by --config where the responses are real; leave them out");
        }
        if self.reading.len() > 1 {
            bail!("real responses are read one way at a time; name one with --reading");
        }
        Ok(())
    }

    fn grid(&self) -> Result<Grid> {
        let levels = if self.levels.is_empty() { vec![0.0, 0.1, 0.2, 0.4] } else { self.levels.clone() };
        let mixes = match self.kinds.as_slice() {
            [] => vec![FaultKind::ALL.to_vec()],
            texts => texts.iter().map(|text| kinds(text)).collect::<Result<_>>()?,
        };
        let readings = match self.reading.as_slice() {
            [] => vec![Reading::Naive, Reading::Nearest],
            names => names.iter().map(|&name| name.into()).collect(),
        };
        let methods = match self.methods.as_slice() {
            [] => MethodName::value_variants(),
            names => names,
        };
        for &level in &levels {
            if !(0.0..=1.0).contains(&level) {
                bail!("`--levels` has {level}; each level must be from 0 to 1");
            }
        }
        Ok(Grid {
            mixes,
            levels,
            readings,
            seeds: seeds(&self.seeds)?,
            methods: methods.iter().map(|&name| name.into()).collect(),
        })
    }

    fn config(&self, data: DataKind) -> Result<BenchmarkConfig> {
        let methods = self.refinement.over(MethodConfig::of(data.refinement()));
        methods.refinement.check().into_diagnostic()?;
        Ok(BenchmarkConfig { data, screen: self.screen.config(data)?, depth: self.depth, methods })
    }

    fn source(&self) -> Result<Source> {
        if let Some(path) = &self.kb {
            self.refuse_sizes("--kb")?;
            let (network, input) = self.load(Some(path))?;
            let told = format!("{} ({})", input.file, size(&network));
            return Ok(Source { truth: TrueNetwork::Given(network), told, inputs: vec![input] });
        }
        let topology = match self.generate.unwrap_or(Shape::ScaleFree) {
            Shape::ScaleFree => Topology::ScaleFree,
            Shape::FeedbackCore => Topology::FeedbackCore,
            Shape::RandomRegular => Topology::RandomRegular,
            Shape::Dream => return self.dream(),
        };
        if self.from.is_some() || self.rules.is_some() {
            bail!("`--from` and `--rules` belong to a knowledge base; add `--generate dream`, or leave them out");
        }
        self.random(topology)
    }

    fn random(&self, topology: Topology) -> Result<Source> {
        let default = NetworkConfig::default();
        let genes = self.genes.unwrap_or(default.genes);
        let in_proportion = self.genes.map_or(default.regulations, |genes| genes.saturating_add(genes / 2));
        let regulations = self.regulations.unwrap_or(in_proportion);
        let inhibitions = self.inhibitions.unwrap_or(default.inhibitions);
        let config = NetworkConfig { topology, genes, regulations, inhibitions, ..default };
        config.check().into_diagnostic()?;
        let shape = match topology {
            Topology::ScaleFree => "scale-free",
            Topology::FeedbackCore => "feedback core",
            Topology::RandomRegular => "random regular",
        };
        let told = format!(
            "random {shape} networks of {genes} genes and {regulations} regulations, of which {} % inhibit",
            (1000.0 * inhibitions).round() / 10.0
        );
        Ok(Source { truth: TrueNetwork::Random(config), told, inputs: Vec::new() })
    }

    fn dream(&self) -> Result<Source> {
        if self.regulations.is_some() || self.inhibitions.is_some() {
            bail!(
                "a dream network takes its regulations from the network it grows out of; leave out `--regulations` and \
                 `--inhibitions`"
            );
        }
        let (from, input) = self.load(self.from.as_deref())?;
        let genes = self.genes.unwrap_or(100);
        let told = format!("parts of {genes} genes grown out of {} ({})", input.file, size(&from));
        let truth = TrueNetwork::Grown { from, genes };
        truth.of_seed(1).into_diagnostic().wrap_err("the network cannot be grown")?;
        Ok(Source { truth, told, inputs: vec![input] })
    }

    fn refuse_sizes(&self, with: &str) -> Result<()> {
        let given = [
            ("--genes", self.genes.is_some()),
            ("--regulations", self.regulations.is_some()),
            ("--inhibitions", self.inhibitions.is_some()),
            ("--from", self.from.is_some()),
        ];
        if let Some((name, _)) = given.iter().find(|(_, given)| *given) {
            bail!("`{name}` belongs to `--generate`, but {with} names the network itself; leave one of them out");
        }
        Ok(())
    }

    fn load(&self, path: Option<&Path>) -> Result<(RegulatoryNetwork, InputFile)> {
        read_network(path, self.rules.as_deref()).map_err(told)
    }
}

fn size(network: &RegulatoryNetwork) -> String {
    format!("{} genes, {} regulations", network.n_genes(), network.regulations().len())
}

impl ScreenArgs {
    fn given(&self) -> [(&'static str, bool); 4] {
        [
            ("--perturbations", self.perturbations.is_some()),
            ("--measured", self.measured.is_some()),
            ("--label-noise", self.label_noise.is_some()),
            ("--masked", self.masked.is_some()),
        ]
    }

    fn config(&self, data: DataKind) -> Result<ScreenConfig> {
        let given = self.given();
        if let (DataKind::Closure, Some((name, _))) = (data, given.iter().find(|(_, given)| *given)) {
            bail!("`{name}` belongs to `--data screen`; add it, or leave `{name}` out");
        }
        let default = ScreenConfig::default();
        let config = ScreenConfig {
            perturbations: self.perturbations.unwrap_or(default.perturbations),
            genes: self.measured.unwrap_or(default.genes),
            label_noise: self.label_noise.unwrap_or(default.label_noise),
            masked: self.masked.unwrap_or(default.masked),
            ..default
        };
        for (name, share) in [("--label-noise", config.label_noise), ("--masked", config.masked)] {
            if !(0.0..=1.0).contains(&share) {
                bail!("`{name}` is {share}; it must be from 0 to 1");
            }
        }
        if config.perturbations == 0 || config.genes == 0 {
            bail!("a screen needs at least one perturbation and one measured gene");
        }
        Ok(config)
    }
}

impl RefinementArgs {
    const fn is_given(&self) -> bool {
        self.bootstraps.is_some()
            || self.simulations.is_some()
            || self.add_cost.is_some()
            || self.remove_cost.is_some()
            || self.flip_cost.is_some()
            || self.class_balance.is_some()
            || self.min_stability.is_some()
            || self.max_q_value.is_some()
            || self.max_passes.is_some()
            || self.published_genes.is_some()
            || self.published_epochs.is_some()
    }

    fn over(&self, mut config: MethodConfig) -> MethodConfig {
        let refinement = &mut config.refinement;
        refinement.bootstraps = self.bootstraps.unwrap_or(refinement.bootstraps);
        refinement.simulations = self.simulations.unwrap_or(refinement.simulations);
        refinement.add_cost = self.add_cost.unwrap_or(refinement.add_cost);
        refinement.remove_cost = self.remove_cost.unwrap_or(refinement.remove_cost);
        refinement.flip_cost = self.flip_cost.unwrap_or(refinement.flip_cost);
        refinement.class_balance = self.class_balance.unwrap_or(refinement.class_balance);
        refinement.min_stability = self.min_stability.unwrap_or(refinement.min_stability);
        refinement.max_q_value = self.max_q_value.unwrap_or(refinement.max_q_value);
        refinement.max_passes = self.max_passes.unwrap_or(refinement.max_passes);
        config.published_genes = self.published_genes.unwrap_or(config.published_genes);
        config.published_epochs = self.published_epochs.unwrap_or(config.published_epochs);
        config
    }
}

/// A mix such as `missing,flipped`.
fn kinds(text: &str) -> Result<Vec<FaultKind>> {
    let kind = |word: &str| {
        let word = word.trim();
        FaultKind::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| {
            miette::miette!("`--kinds` has `{word}`; the kinds are missing, spurious, flipped and redirected")
        })
    };
    text.split(',').map(kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_kind_is_told_with_those_that_are_known() {
        assert_eq!(kinds("flipped, missing").expect("two kinds"), [FaultKind::Flipped, FaultKind::Missing]);
        let error = kinds("missing,lost").expect_err("no such kind").to_string();
        assert!(error.contains("`lost`") && error.contains("redirected"), "{error}");
    }
}
