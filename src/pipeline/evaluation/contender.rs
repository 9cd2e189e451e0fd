//! Who is compared: predictors, knowledge alone, chance, and the whole loop.

use std::fmt;
use std::str::FromStr;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::biology::{Response, ResponseMatrix};
use crate::network::RegulatoryNetwork;
use crate::pipeline::{Config, PredictorKind};
use crate::prediction::neural::{Gnn, Mlp};
use crate::prediction::{Predictor, baselines};

/// One row of the comparison. Its text is the name in tables and options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Contender {
    /// A simple predictor.
    Baseline(BaselineKind),
    /// Responses drawn by the class shares of the training part: what chance reaches.
    Chance,
    /// What the knowledge says by itself.
    Knowledge,
    /// A neural predictor by itself.
    Neural(PredictorKind),
    /// The whole loop around a neural predictor: its aligned responses.
    Aligned(PredictorKind),
}

/// A simple predictor of [`baselines`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BaselineKind {
    /// Nothing responds.
    NoChange,
    /// The class shares of each gene over the training rows.
    Mean,
    /// Sums over the perturbed genes.
    Additive,
    /// Linear in the training responses.
    Linear,
    /// Linear in the regulons of the knowledge.
    LinearRegulon,
}

impl BaselineKind {
    /// In the order of the tables.
    const ALL: [Self; 5] = [Self::NoChange, Self::Mean, Self::Additive, Self::Linear, Self::LinearRegulon];

    const fn name(self) -> &'static str {
        match self {
            Self::NoChange => "no-change",
            Self::Mean => "mean",
            Self::Additive => "additive",
            Self::Linear => "linear",
            Self::LinearRegulon => "linear-regulon",
        }
    }
}

impl Contender {
    /// Everybody, in the order of the tables.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let kinds = [PredictorKind::Mlp, PredictorKind::Gnn];
        let baselines = BaselineKind::ALL.into_iter().map(Self::Baseline);
        let chance = [Self::Chance].into_iter();
        let last = [Self::Knowledge].into_iter().chain(kinds.map(Self::Neural)).chain(kinds.map(Self::Aligned));
        chance.chain(baselines).chain(last).collect()
    }

    /// True for those that any predictor worth its name must beat: chance and the simple predictors.
    #[must_use]
    pub const fn is_baseline(&self) -> bool {
        matches!(self, Self::Baseline(_) | Self::Chance)
    }

    /// True for those that say nothing of the perturbation itself; the best of them is the floor of a table.
    #[must_use]
    pub const fn is_blind(&self) -> bool {
        matches!(self, Self::Chance | Self::Baseline(BaselineKind::NoChange | BaselineKind::Mean))
    }

    /// A fresh predictor, for those that learn from data alone.
    pub(super) fn predictor(&self, network: &RegulatoryNetwork, config: &Config) -> Option<Box<dyn Predictor>> {
        match self {
            Self::Baseline(kind) => baselines::all(network).into_iter().find(|baseline| baseline.name() == kind.name()),
            Self::Neural(PredictorKind::Mlp) => Some(Box::new(Mlp::new(network.n_genes(), config.neural))),
            Self::Neural(PredictorKind::Gnn) => Some(Box::new(Gnn::new(network, config.neural))),
            Self::Chance | Self::Knowledge | Self::Aligned(_) => None,
        }
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = |kind: &PredictorKind| match kind {
            PredictorKind::Mlp => "mlp",
            PredictorKind::Gnn => "gnn",
        };
        match self {
            Self::Baseline(baseline) => f.write_str(baseline.name()),
            Self::Chance => f.write_str("chance"),
            Self::Knowledge => f.write_str("knowledge"),
            Self::Neural(neural) => f.write_str(kind(neural)),
            Self::Aligned(neural) => write!(f, "aligned-{}", kind(neural)),
        }
    }
}

/// A name that nobody bears.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no predictor `{name}`; there are {}", known())]
pub struct UnknownContender {
    /// The name.
    name: String,
}

fn known() -> String {
    Contender::all().iter().map(Contender::to_string).collect::<Vec<_>>().join(", ")
}

impl FromStr for Contender {
    type Err = UnknownContender;

    fn from_str(name: &str) -> Result<Self, UnknownContender> {
        let found = Self::all().into_iter().find(|contender| contender.to_string() == name);
        found.ok_or_else(|| UnknownContender { name: name.to_owned() })
    }
}

impl TryFrom<String> for Contender {
    type Error = UnknownContender;

    fn try_from(name: String) -> Result<Self, UnknownContender> {
        name.parse()
    }
}

impl From<Contender> for String {
    fn from(contender: Contender) -> Self {
        contender.to_string()
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

    #[test]
    fn names_lead_back_to_whom_they_name_and_each_names_one() {
        let all = Contender::all();
        let names: std::collections::BTreeSet<_> = all.iter().map(Contender::to_string).collect();
        assert_eq!(names.len(), all.len());
        for contender in all {
            assert_eq!(contender.to_string().parse(), Ok(contender));
        }
        let error = "gears".parse::<Contender>().expect_err("nobody's name").to_string();
        assert!(error.contains("`gears`") && error.contains("aligned-gnn"), "{error}");
    }

    #[test]
    fn every_baseline_of_the_tables_is_among_the_contenders() {
        let network = RegulatoryNetwork::new(2, []);
        let built: Vec<_> = baselines::all(&network).iter().map(|baseline| baseline.name()).collect();
        assert_eq!(built, BaselineKind::ALL.map(BaselineKind::name));
    }

    #[test]
    fn chance_draws_the_classes_as_often_as_they_were_trained() {
        let entries = (0..1000).map(|entry| Response::from_value(i8::from(entry % 10 == 0) - i8::from(entry % 5 == 1)));
        let trained = ResponseMatrix::from_entries(10, 100, entries.collect());
        let drawn = drawn_by_chance(&trained, 200, 1);
        let share = |response| drawn.count(response) as f64 / 20_000.0;
        assert!((share(Response::Up) - 0.1).abs() < 0.01 && (share(Response::Down) - 0.2).abs() < 0.01);
        let nothing = drawn_by_chance(&ResponseMatrix::unmeasured(1, 5), 2, 1);
        assert_eq!(nothing.count(Response::Unchanged), 10, "nothing measured, nothing foretold");
    }
}
