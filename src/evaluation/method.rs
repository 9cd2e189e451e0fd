//! Who is compared: predictors, knowledge alone, chance, and the whole loop.

use std::fmt;
use std::str::FromStr;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::adaptor::AdaptorConfig;
use crate::biology::{Response, ResponseMatrix};
use crate::network::{RegulatoryNetwork, rewired};
use crate::pipeline::{Config, Weighting};
use crate::prediction::PredictorName;

/// One row of the comparison. Its text is the name in tables and options.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ComparedMethod {
    /// Responses drawn by the class shares of the training part: what chance reaches.
    Chance,
    /// What the knowledge says by itself.
    Knowledge,
    /// A predictor by itself.
    Predictor(PredictorName),
    /// Predictions made elsewhere, by their label.
    External(String),
    /// The whole loop around a predictor, or the loop without one of its parts: its aligned responses.
    Aligned(PredictorName, Option<Ablation>),
    /// The whole loop around predictions made elsewhere.
    AlignedExternal(String),
}

/// Before the label of predictions made elsewhere.
const EXTERNAL: &str = "external:";
/// Before the name of the predictor that the loop is built around.
const ALIGNED: &str = "aligned-";

/// What is taken out of the loop, to see what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ablation {
    /// The neural response is taken everywhere.
    Adaptor,
    /// The knowledge stays as it is.
    Refinement,
    /// The knowledge is [`rewired`]: the same degrees, no meaning.
    Knowledge,
    /// The weights of the adaptor are assigned to the genes at random.
    Weights,
    /// Only walks so long count.
    Depth(u8),
}

impl Ablation {
    /// Every one, in the order of the tables.
    pub const ALL: [Self; 8] = [
        Self::Adaptor,
        Self::Refinement,
        Self::Knowledge,
        Self::Weights,
        Self::Depth(1),
        Self::Depth(2),
        Self::Depth(4),
        Self::Depth(6),
    ];

    /// Which part of the loop it is about: `adaptor`, `refinement`, `knowledge`, `weights` or `depth`.
    #[must_use]
    pub const fn part(self) -> &'static str {
        match self {
            Self::Adaptor => "adaptor",
            Self::Refinement => "refinement",
            Self::Knowledge => "knowledge",
            Self::Weights => "weights",
            Self::Depth(_) => "depth",
        }
    }

    fn suffix(self) -> String {
        match self {
            Self::Adaptor => "no-adaptor".to_owned(),
            Self::Refinement => "no-refinement".to_owned(),
            Self::Knowledge => "random-knowledge".to_owned(),
            Self::Weights => "random-weights".to_owned(),
            Self::Depth(depth) => format!("depth-{depth}"),
        }
    }

    /// The settings and, if it is another one, the network without the part.
    pub(super) fn applied(self, config: &Config, network: &RegulatoryNetwork) -> (Config, Option<RegulatoryNetwork>) {
        // Costs that no gain outweighs.
        const NEVER: f64 = 1e6;
        let mut config = config.clone();
        match self {
            Self::Adaptor => config.adaptor = AdaptorConfig { theta: 0.0, c_l: NEVER, ..config.adaptor },
            Self::Refinement => {
                let refinement = &mut config.refinement;
                (refinement.add_cost, refinement.remove_cost, refinement.flip_cost) = (NEVER, NEVER, NEVER);
            }
            Self::Knowledge => return (config.clone(), Some(rewired(network, config.seed))),
            Self::Weights => config.weighting = Weighting::Shuffled,
            Self::Depth(depth) => config.depth = usize::from(depth),
        }
        (config, None)
    }
}

impl ComparedMethod {
    /// Everybody, with the loop around the neural predictors only and no ablation, in the order of the tables.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let aligned = [PredictorName::Mlp, PredictorName::Gnn].map(|name| Self::Aligned(name, None));
        let predictors = PredictorName::ALL.into_iter().map(Self::Predictor);
        [Self::Chance, Self::Knowledge].into_iter().chain(predictors).chain(aligned).collect()
    }

    /// The loop without each of its parts.
    pub fn ablations(name: PredictorName) -> impl Iterator<Item = Self> {
        Ablation::ALL.into_iter().map(move |ablation| Self::Aligned(name, Some(ablation)))
    }

    /// True for those that any predictor worth its name must beat: chance and the predictors without a setting.
    #[must_use]
    pub const fn is_baseline(&self) -> bool {
        match self {
            Self::Chance => true,
            Self::Predictor(name) => matches!(
                name,
                PredictorName::NoChange
                    | PredictorName::Mean
                    | PredictorName::Additive
                    | PredictorName::Linear
                    | PredictorName::LinearRegulon
            ),
            Self::Knowledge | Self::External(_) | Self::Aligned(..) | Self::AlignedExternal(_) => false,
        }
    }

    /// True for those that say nothing of the perturbation itself; the best of them is the floor of a table.
    #[must_use]
    pub const fn is_blind(&self) -> bool {
        matches!(self, Self::Chance | Self::Predictor(PredictorName::NoChange | PredictorName::Mean))
    }

    /// True for the whole loop, whose refined knowledge all are scored against.
    pub(super) const fn refines(&self) -> bool {
        matches!(self, Self::Aligned(_, None) | Self::AlignedExternal(_))
    }
}

impl fmt::Display for ComparedMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chance => f.write_str("chance"),
            Self::Knowledge => f.write_str("knowledge"),
            Self::Predictor(name) => f.write_str(name.word()),
            Self::External(label) => write!(f, "{EXTERNAL}{label}"),
            Self::AlignedExternal(label) => write!(f, "{ALIGNED}{EXTERNAL}{label}"),
            Self::Aligned(name, ablation) => {
                write!(f, "{ALIGNED}{}", name.word())?;
                ablation.map_or(Ok(()), |ablation| write!(f, "-{}", ablation.suffix()))
            }
        }
    }
}

/// A name that nobody bears.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no predictor `{name}`; there are {}, and those of --external", known())]
pub struct UnknownMethod {
    /// The name.
    name: String,
}

fn known() -> String {
    let names: Vec<_> = ComparedMethod::all().iter().map(ComparedMethod::to_string).collect();
    format!("{}, {ALIGNED} before any other predictor", names.join(", "))
}

impl FromStr for ComparedMethod {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        if let Some(label) = name.strip_prefix(EXTERNAL) {
            return Ok(Self::External(label.to_owned()));
        }
        if let Some(label) = name.strip_prefix(ALIGNED).and_then(|name| name.strip_prefix(EXTERNAL)) {
            return Ok(Self::AlignedExternal(label.to_owned()));
        }
        let loops = PredictorName::ALL
            .into_iter()
            .flat_map(|predictor| [Self::Aligned(predictor, None)].into_iter().chain(Self::ablations(predictor)));
        let found = Self::all().into_iter().chain(loops).find(|method| method.to_string() == name);
        found.ok_or_else(|| UnknownMethod { name: name.to_owned() })
    }
}

impl TryFrom<String> for ComparedMethod {
    type Error = UnknownMethod;

    fn try_from(name: String) -> Result<Self, UnknownMethod> {
        name.parse()
    }
}

impl From<ComparedMethod> for String {
    fn from(method: ComparedMethod) -> Self {
        method.to_string()
    }
}

/// Responses of `rows` perturbations drawn independently, each class as often as `trained` shows it over all its entries.
pub(super) fn drawn_by_chance(trained: &ResponseMatrix, rows: usize, seed: u64) -> ResponseMatrix {
    let mut counts = [0_usize; 3];
    trained.entries().iter().flatten().for_each(|response| counts[response.class()] += 1);
    let measured: usize = counts.iter().sum();
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = |_| {
        let mut place = generator.random_range(0..measured.max(1));
        for (class, &count) in counts.iter().enumerate() {
            if place < count {
                return Some(Response::CLASSES[class]);
            }
            place -= count;
        }
        Some(Response::Unchanged)
    };
    let entries = (0..rows * trained.n_genes()).map(&mut draw).collect();
    ResponseMatrix::from_entries(rows, trained.n_genes(), entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prediction::baselines;

    #[test]
    fn names_lead_back_to_whom_they_name_and_each_names_one() {
        let loops = [PredictorName::Forest, PredictorName::Stacked];
        let elsewhere = [ComparedMethod::External("gears".into()), ComparedMethod::AlignedExternal("gears".into())];
        let ablations = loops
            .into_iter()
            .flat_map(|name| [ComparedMethod::Aligned(name, None)].into_iter().chain(ComparedMethod::ablations(name)));
        let all: Vec<_> = ComparedMethod::all().into_iter().chain(ablations).chain(elsewhere).collect();
        let names: std::collections::BTreeSet<_> = all.iter().map(ComparedMethod::to_string).collect();
        assert_eq!(names.len(), all.len());
        for method in all {
            assert_eq!(method.to_string().parse(), Ok(method));
        }
        let error = "gears".parse::<ComparedMethod>().expect_err("nobody's name").to_string();
        assert!(error.contains("`gears`") && error.contains("aligned-gnn"), "{error}");
    }

    #[test]
    fn the_baselines_of_the_loop_are_those_of_the_comparison() {
        let network = RegulatoryNetwork::new(2, []);
        let built: Vec<_> = baselines::all(&network).iter().map(|baseline| baseline.name().to_owned()).collect();
        let all = ComparedMethod::all();
        let named: Vec<_> = all.iter().filter(|method| method.is_baseline()).map(ComparedMethod::to_string).collect();
        assert_eq!(named[0], "chance");
        assert_eq!(built, named[1..]);
    }

    #[test]
    fn every_ablation_takes_out_what_it_names_and_nothing_else() {
        let network = RegulatoryNetwork::new(2, []);
        let config = Config::default();
        for ablation in Ablation::ALL {
            let (without, other) = ablation.applied(&config, &network);
            assert!(without.check().is_ok(), "{ablation:?}");
            let changed = without != config;
            assert_eq!((changed, other.is_some()), (ablation != Ablation::Knowledge, ablation == Ablation::Knowledge));
            let parts = [
                ("adaptor", without.adaptor != config.adaptor),
                ("refinement", without.refinement != config.refinement),
                ("weights", without.weighting != config.weighting),
                ("depth", without.depth != config.depth),
            ];
            for (part, changed) in parts {
                assert_eq!(changed, part == ablation.part(), "{ablation:?}: {part}");
            }
        }
    }

    #[test]
    fn chance_draws_the_classes_as_often_as_they_were_trained() {
        let entries = (0..1000).map(|entry| Response::from_value(i8::from(entry % 10 == 0) - i8::from(entry % 5 == 1)));
        let trained = ResponseMatrix::from_entries(10, 100, entries.collect());
        let drawn = drawn_by_chance(&trained, 200, 1);
        let share = |response| drawn.count(response) as f64 / 20_000.0;
        assert!((share(Response::Up) - 0.1).abs() < 0.01 && (share(Response::Down) - 0.2).abs() < 0.01);
        let nothing = drawn_by_chance(&ResponseMatrix::unmeasured(1, 5), 2, 1);
        assert_eq!(nothing.count(Response::Unchanged), 10, "nothing measured, nothing predicted");
    }
}
