//! From a network and settings to attractors: which method, how long, and what the answer is worth.

use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::AttractorError;
use super::answer::{Attractor, Attractors, Completeness, Kind, Number};
use super::asynchronous::{self, NoAnswer};
use super::basins;
use super::intervals::Share;
use super::network::BooleanNetwork;
use super::space::Subspace;
use super::synchronous::{self, Cycle};
use super::trap_spaces::{End, Enumeration, fixed_points, minimal_trap_spaces};
use crate::progress::Progress;

/// Longest cycle of which the states are told.
const LONGEST_TOLD: usize = 64;

/// Which genes are updated at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Update {
    /// All genes together; attractors are fixed points and cycles.
    Sync,
    /// One gene at a time, any; attractors are sets of states that none leaves.
    Async,
    /// Most permissive: attractors are minimal trap spaces.
    #[default]
    Mp,
}

/// How attractors are looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttractorConfig {
    /// Which genes are updated at once; default most permissive.
    pub update: Update,
    /// Most attractors listed, at least 1; default 100.
    pub max: usize,
    /// Count only, where that is quicker than a list; default false.
    pub count: bool,
    /// Seconds after which the search ends with what it has; default 60, none for no limit.
    pub seconds: Option<f64>,
    /// Seed of random states and runs; default 42.
    pub seed: u64,
    /// Random states behind basin shares; default as many as 10⁷ divided by the number of genes, at most 1,000. Zero leaves
    /// the shares out. Where all states are followed, shares are exact and this is of no use.
    pub states: Option<usize>,
    /// Keep the proof that the first trap space is minimal; default false.
    pub keeps_proof: bool,
}

impl Default for AttractorConfig {
    fn default() -> Self {
        Self {
            update: Update::default(),
            max: 100,
            count: false,
            seconds: Some(60.0),
            seed: 42,
            states: None,
            keeps_proof: false,
        }
    }
}

impl AttractorConfig {
    fn check(&self) -> Result<Option<Duration>, AttractorError> {
        let refuse = |setting, value: String, range| Err(AttractorError::OutOfRange { setting, value, range });
        if self.max == 0 {
            return refuse("max", self.max.to_string(), "at least 1");
        }
        match self.seconds.map(Duration::try_from_secs_f64) {
            None => Ok(None),
            Some(Ok(limit)) => Ok(Some(limit)),
            Some(Err(_)) => {
                refuse("seconds", self.seconds.unwrap_or_default().to_string(), "a number of seconds, at least 0")
            }
        }
    }
}

/// Looks for the attractors of a network.
///
/// # Errors
/// [`AttractorError::OutOfRange`] for a config outside its ranges.
///
/// # Examples
/// ```
/// use aligned::network::RegulatoryNetwork;
/// use aligned::progress::NoProgress;
/// use aligned::symbolic::{AttractorConfig, BooleanModel, BooleanNetwork, DefaultRule, attractors};
///
/// let model = BooleanModel::parse(b"gata1, !pu1\npu1, !gata1", "toggle.bnet")?;
/// let genes = model.genes();
/// let none = RegulatoryNetwork::new(genes.len(), []);
/// let network = BooleanNetwork::new(&none, &model.rules(&genes)?, DefaultRule::default(), None)?;
/// let found = attractors(&network, &AttractorConfig::default(), &NoProgress)?;
/// let states: Vec<String> = found.listed.iter().map(|attractor| attractor.space.text()).collect();
/// assert_eq!(states, ["01", "10"]);
/// assert!(found.completeness.is_complete());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn attractors(
    network: &BooleanNetwork,
    config: &AttractorConfig,
    progress: &dyn Progress,
) -> Result<Attractors, AttractorError> {
    let limit = config.check()?;
    let began = Instant::now();
    let stop = || progress.is_cancelled() || limit.is_some_and(|limit| began.elapsed() >= limit);
    let search = Searching {
        network,
        config,
        progress,
        stop: &stop,
        limit,
        fixed: network.circuit.with_constants(Subspace::whole(network.n_genes())),
    };
    Ok(match config.update {
        Update::Sync => search.synchronous(),
        Update::Async => search.asynchronous(),
        Update::Mp if config.count => search.count_trap_spaces(),
        Update::Mp => search.trap_spaces(),
    })
}

struct Searching<'a> {
    network: &'a BooleanNetwork,
    config: &'a AttractorConfig,
    progress: &'a dyn Progress,
    stop: &'a (dyn Fn() -> bool + Sync),
    limit: Option<Duration>,
    /// What constants fix.
    fixed: Subspace,
}

impl Searching<'_> {
    fn synchronous(&self) -> Attractors {
        let circuit = &self.network.circuit;
        let free = self.fixed.n_free();
        if free > synchronous::MOST_FREE {
            return self.sampled();
        }
        self.progress.begin("following all states", 1);
        let Some(all) = synchronous::all_cycles(circuit, &self.fixed, self.config.max, self.stop) else {
            return self.stopped(Vec::new());
        };
        let cycle = |cycle: &Cycle| of_cycle(cycle, Some(Share::exact(cycle.basin, all.states)));
        Attractors {
            listed: all.cycles.iter().filter_map(cycle).collect(),
            fixed_points: Number::exactly(all.fixed_points),
            all: Number::exactly(all.fixed_points + all.longer),
            completeness: Completeness::Complete { because: "every state was followed" },
            free,
            basin_states: all.states,
            unsettled: 0,
            certificate: None,
        }
    }

    fn sampled(&self) -> Attractors {
        let circuit = &self.network.circuit;
        self.progress.begin("following random states", 1);
        let mut sampled =
            synchronous::sampled_cycles(circuit, &self.fixed, self.n_states(), self.config.seed, self.stop);
        self.progress.begin("fixed points", 1);
        let (states, end) = fixed_points(circuit, self.config.max, self.stop);
        synchronous::with_fixed_points(&mut sampled, &states);
        let share = |cycle: &Cycle| (sampled.states > 0).then(|| Share::sampled(cycle.basin, sampled.states));
        let mut listed: Vec<Attractor> =
            sampled.cycles.iter().filter_map(|cycle| of_cycle(cycle, share(cycle))).collect();
        let n_fixed = listed.iter().filter(|attractor| attractor.kind == Kind::FixedPoint).count();
        let all = Number::at_least(listed.len());
        listed.truncate(self.config.max);
        let free = self.fixed.n_free();
        let completeness = match end {
            End::Stopped => Completeness::Stopped(self.limit_reached()),
            _ => Completeness::Sampled { free, states: sampled.states },
        };
        Attractors {
            listed,
            fixed_points: if end == End::All { Number::exactly(n_fixed) } else { Number::at_least(n_fixed) },
            all,
            completeness,
            free,
            basin_states: sampled.states,
            unsettled: sampled.unsettled,
            certificate: None,
        }
    }

    fn asynchronous(&self) -> Attractors {
        let circuit = &self.network.circuit;
        let free = self.fixed.n_free();
        if free == 0 {
            return self.trap_spaces();
        }
        self.progress.begin("asynchronous attractors", 1);
        let found = match asynchronous::attractors(circuit, &self.fixed, self.stop) {
            Ok(found) => found,
            Err(NoAnswer::Stopped(fixed_points)) => {
                return with_fixed_points(self.stopped(self.first_trap_spaces()), fixed_points);
            }
            Err(NoAnswer::TooLarge) => {
                return Attractors { completeness: Completeness::TooLarge { free }, ..self.trap_spaces() };
            }
        };
        let complex = found.complex.iter().map(|complex| Attractor {
            kind: Kind::Complex,
            space: complex.hull.clone(),
            states: complex.states.clone(),
            cycle: Vec::new(),
            is_certified: true,
            basin: None,
        });
        let max = if self.config.count { 0 } else { self.config.max };
        let mut listed: Vec<Attractor> = found.fixed_points(max).into_iter().map(of_state).collect();
        listed.sort_by(|a, b| a.space.cmp(&b.space));
        let n_states = listed.len();
        listed.extend(complex);
        let holds = |place: usize, state: &[bool]| place < n_states || found.is_in_complex(place - n_states, state);
        let runs = self.basins(&mut listed, &holds);
        listed.truncate(max);
        Attractors {
            listed,
            fixed_points: Number::exactly(found.n_fixed_points()),
            all: Number::exactly(found.n_all()),
            completeness: Completeness::Complete { because: "decision diagrams hold every state" },
            free,
            basin_states: runs.states,
            unsettled: runs.unsettled,
            certificate: None,
        }
    }

    fn trap_spaces(&self) -> Attractors {
        let Enumeration { spaces, end, certificate } = self.enumerate(self.config.max, self.config.keeps_proof);
        let mut listed: Vec<Attractor> = spaces.into_iter().map(of_space).collect();
        listed.sort_by(|a, b| (a.kind, a.space.n_free(), &a.space).cmp(&(b.kind, b.space.n_free(), &b.space)));
        let number = |count: usize| if end == End::All { Number::exactly(count) } else { Number::at_least(count) };
        let n_fixed = listed.iter().filter(|attractor| attractor.kind == Kind::FixedPoint).count();
        let runs = self.basins(&mut listed, &|_, _| true);
        Attractors {
            fixed_points: number(n_fixed),
            all: number(listed.iter().filter(|attractor| attractor.is_certified).count()),
            listed,
            completeness: match end {
                End::All => Completeness::Complete { because: "the solver finds no other minimal trap space" },
                End::Limit => Completeness::Limit(self.config.max),
                End::Stopped => Completeness::Stopped(self.limit_reached()),
            },
            free: self.fixed.n_free(),
            basin_states: runs.states,
            unsettled: runs.unsettled,
            certificate,
        }
    }

    fn count_trap_spaces(&self) -> Attractors {
        let free = self.fixed.n_free();
        if free == 0 {
            return self.trap_spaces();
        }
        self.progress.begin("counting trap spaces", 1);
        let nothing = self.stopped(Vec::new());
        match asynchronous::count_trap_spaces(&self.network.circuit, &self.fixed, self.stop) {
            Ok(count) => Attractors {
                fixed_points: Number::exactly(count.fixed_points),
                all: Number::exactly(count.all),
                completeness: Completeness::Complete { because: "counted with decision diagrams" },
                ..nothing
            },
            Err(NoAnswer::Stopped(fixed_points)) => with_fixed_points(nothing, fixed_points),
            Err(NoAnswer::TooLarge) => Attractors { listed: Vec::new(), ..self.trap_spaces() },
        }
    }

    fn enumerate(&self, max: usize, keeps_proof: bool) -> Enumeration {
        self.progress.begin("minimal trap spaces", max as u64);
        let mut random = ChaCha8Rng::seed_from_u64(self.config.seed);
        let found = || self.progress.advance(1);
        minimal_trap_spaces(&self.network.circuit, max, &mut random, keeps_proof, self.stop, &found)
    }

    /// What can be said at once when time is over: the trap space that a run leads to.
    fn first_trap_spaces(&self) -> Vec<Attractor> {
        self.enumerate(1, false).spaces.into_iter().map(of_space).collect()
    }

    fn stopped(&self, listed: Vec<Attractor>) -> Attractors {
        Attractors {
            listed,
            fixed_points: Number::at_least(0),
            all: Number::at_least(0),
            completeness: Completeness::Stopped(self.limit_reached()),
            free: self.fixed.n_free(),
            basin_states: 0,
            unsettled: 0,
            certificate: None,
        }
    }

    /// The time limit, unless somebody stopped the search before.
    fn limit_reached(&self) -> Option<Duration> {
        self.limit.filter(|_| !self.progress.is_cancelled())
    }

    fn n_states(&self) -> usize {
        self.config.states.unwrap_or_else(|| (10_000_000 / self.network.n_genes().max(1)).min(1_000))
    }

    fn basins(&self, listed: &mut [Attractor], holds: &(dyn Fn(usize, &[bool]) -> bool + Sync)) -> basins::Runs {
        if listed.is_empty() {
            return basins::Runs { states: 0, unsettled: 0 };
        }
        self.progress.begin("basins", 1);
        basins::estimate(
            &self.network.circuit,
            &self.fixed,
            listed,
            self.n_states(),
            self.config.seed,
            holds,
            self.stop,
        )
    }
}

/// What is known of a search that was stopped, if its fixed points were counted before.
fn with_fixed_points(stopped: Attractors, fixed_points: Option<String>) -> Attractors {
    match fixed_points {
        None => stopped,
        Some(number) => Attractors { fixed_points: Number::exactly(&number), all: Number::at_least(number), ..stopped },
    }
}

fn of_cycle(cycle: &Cycle, basin: Option<Share>) -> Option<Attractor> {
    let told = if (2..=LONGEST_TOLD).contains(&cycle.states.len()) { cycle.states.as_slice() } else { &[] };
    Some(Attractor {
        kind: if cycle.states.len() == 1 { Kind::FixedPoint } else { Kind::Cycle },
        space: cycle.hull()?,
        states: cycle.states.len().to_string(),
        cycle: told.iter().map(|state| Subspace::of_state(state)).collect(),
        is_certified: true,
        basin,
    })
}

fn of_state(space: Subspace) -> Attractor {
    of_space((space, true))
}

fn of_space((space, is_certified): (Subspace, bool)) -> Attractor {
    let n_free = space.n_free();
    let (kind, states) = match n_free {
        0 => (Kind::FixedPoint, "1".to_owned()),
        _ => (Kind::TrapSpace, 1_u128.checked_shl(n_free as u32).map_or(format!("2^{n_free}"), |n| n.to_string())),
    };
    Attractor { kind, space, states, cycle: Vec::new(), is_certified, basin: None }
}
