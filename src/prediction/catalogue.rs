//! Every predictor by its name, so that a table of scores can be asked for by a list of names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::baselines::{Additive, Forest, ForestConfig, Linear, Mean, Neighbours, NoChange};
use super::neural::{Gnn, Mlp, NeuralConfig};
use super::ode::{FlowConfig, Ode};
use super::{PredictionError, Predictor, Stacked};
use crate::network::RegulatoryNetwork;

/// A predictor that is fitted here; predictions made elsewhere are [`External`](super::External).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PredictorName {
    /// [`NoChange`].
    NoChange,
    /// [`Mean`].
    Mean,
    /// [`Additive`].
    Additive,
    /// [`Linear::of_responses`].
    Linear,
    /// [`Linear::of_regulons`].
    LinearRegulon,
    /// [`Linear::ridge_of_responses`].
    RidgePca,
    /// [`Linear::ridge_of_regulons`].
    RidgeRegulon,
    /// [`Linear::ridge_of_walks`].
    RidgeWalks,
    /// [`Neighbours::of_regulons`].
    Neighbours,
    /// [`Neighbours::of_walks`].
    NeighboursWalks,
    /// [`Forest`].
    Forest,
    /// [`Mlp`].
    Mlp,
    /// [`Gnn`].
    Gnn,
    /// [`Ode`].
    Ode,
    /// [`Stacked`], of additive, linear-regulon, ridge-regulon, both neighbours, forest and MLP.
    Stacked,
}

/// Trees of the forest in a mixture, which is fitted up to nine times: as good a member as one of 100.
const MIXED_TREES: usize = 40;

/// Whom [`PredictorName::Stacked`] mixes.
const STACKED: [PredictorName; 7] = [
    PredictorName::Additive,
    PredictorName::LinearRegulon,
    PredictorName::RidgeRegulon,
    PredictorName::Neighbours,
    PredictorName::NeighboursWalks,
    PredictorName::Forest,
    PredictorName::Mlp,
];

impl PredictorName {
    /// All of them, in the order in which tables show them.
    pub const ALL: [Self; 15] = [
        Self::NoChange,
        Self::Mean,
        Self::Additive,
        Self::Linear,
        Self::LinearRegulon,
        Self::RidgePca,
        Self::RidgeRegulon,
        Self::RidgeWalks,
        Self::Neighbours,
        Self::NeighboursWalks,
        Self::Forest,
        Self::Mlp,
        Self::Gnn,
        Self::Ode,
        Self::Stacked,
    ];

    /// The name as in a list or a table; [`Predictor::name`] says the same.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoChange => "no-change",
            Self::Mean => "mean",
            Self::Additive => "additive",
            Self::Linear => "linear",
            Self::LinearRegulon => "linear-regulon",
            Self::RidgePca => "ridge-pca",
            Self::RidgeRegulon => "ridge-regulon",
            Self::RidgeWalks => "ridge-walks",
            Self::Neighbours => "neighbours",
            Self::NeighboursWalks => "neighbours-walks",
            Self::Forest => "forest",
            Self::Mlp => "mlp",
            Self::Gnn => "gnn",
            Self::Ode => "ode",
            Self::Stacked => "stacked",
        }
    }

    /// Whether it looks at the knowledge, so that it says something else on another network.
    #[must_use]
    pub const fn uses_knowledge(self) -> bool {
        match self {
            Self::NoChange | Self::Mean | Self::Additive | Self::Linear | Self::RidgePca | Self::Mlp => false,
            Self::LinearRegulon
            | Self::RidgeRegulon
            | Self::RidgeWalks
            | Self::Neighbours
            | Self::NeighboursWalks
            | Self::Forest
            | Self::Gnn
            | Self::Ode
            | Self::Stacked => true,
        }
    }
}

impl fmt::Display for PredictorName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.word())
    }
}

impl FromStr for PredictorName {
    type Err = PredictionError;

    fn from_str(text: &str) -> Result<Self, PredictionError> {
        let text = text.trim();
        Self::ALL.into_iter().find(|name| name.word() == text).ok_or_else(|| PredictionError::UnknownPredictor {
            name: text.to_owned(),
            known: Self::ALL.map(Self::word).join(", "),
        })
    }
}

/// Settings of the predictors that have any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PredictorConfig {
    /// The MLP and the GNN.
    pub neural: NeuralConfig,
    /// The random forest.
    pub forest: ForestConfig,
    /// The differential equation.
    pub ode: FlowConfig,
}

/// A predictor for the genes of `network` that has learnt nothing yet; `seed` takes the place of those in `config`.
#[must_use]
pub fn build(
    name: PredictorName,
    config: &PredictorConfig,
    network: &RegulatoryNetwork,
    seed: u64,
) -> Box<dyn Predictor> {
    let n_genes = network.n_genes();
    let neural = NeuralConfig { seed, ..config.neural };
    match name {
        PredictorName::NoChange => Box::new(NoChange::new(n_genes)),
        PredictorName::Mean => Box::new(Mean::new(n_genes)),
        PredictorName::Additive => Box::new(Additive::new(n_genes)),
        PredictorName::Linear => Box::new(Linear::of_responses(n_genes)),
        PredictorName::LinearRegulon => Box::new(Linear::of_regulons(network)),
        PredictorName::RidgePca => Box::new(Linear::ridge_of_responses(n_genes)),
        PredictorName::RidgeRegulon => Box::new(Linear::ridge_of_regulons(network)),
        PredictorName::RidgeWalks => Box::new(Linear::ridge_of_walks(network)),
        PredictorName::Neighbours => Box::new(Neighbours::of_regulons(network)),
        PredictorName::NeighboursWalks => Box::new(Neighbours::of_walks(network)),
        PredictorName::Forest => Box::new(Forest::new(network, ForestConfig { seed, ..config.forest })),
        PredictorName::Mlp => Box::new(Mlp::new(n_genes, neural)),
        PredictorName::Gnn => Box::new(Gnn::new(network, neural)),
        PredictorName::Ode => Box::new(Ode::new(network, FlowConfig { seed, ..config.ode })),
        PredictorName::Stacked => {
            let forest = ForestConfig { trees: config.forest.trees.min(MIXED_TREES), ..config.forest };
            let members = STACKED.map(|member| build(member, &PredictorConfig { forest, ..*config }, network, seed));
            Box::new(Stacked::new(n_genes, members.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, Perturbation, Regulation, Response, ResponseMatrix, Sign};
    use crate::prediction::TrainingData;
    use crate::progress::NoProgress;

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    #[test]
    fn every_predictor_bears_the_name_that_it_is_built_by() {
        let network = RegulatoryNetwork::new(3, []);
        for name in PredictorName::ALL {
            assert_eq!(build(name, &PredictorConfig::default(), &network, 1).name(), name.word());
            assert_eq!(name.word().parse::<PredictorName>().expect("known"), name);
            assert_eq!(serde_json::to_value(name).expect("json"), name.word());
        }
        let message = "florest".parse::<PredictorName>().expect_err("unknown").to_string();
        assert!(message.contains("`florest`") && message.contains("neighbours-walks"), "{message}");
    }

    #[test]
    fn every_predictor_learns_from_little_and_gives_probabilities() {
        // One gene set; a network without regulations; genes that nobody measured.
        let empty = RegulatoryNetwork::new(4, []);
        let loops = [(0, 0, Sign::Activation), (0, 1, Sign::Activation), (0, 1, Sign::Inhibition)];
        let looped = RegulatoryNetwork::new(
            4,
            loops.map(|(regulator, target, sign)| Regulation::new(gene(regulator), gene(target), sign)),
        );
        let perturbations = [Perturbation::deletion(gene(0)), Perturbation::overexpression(gene(0))];
        let mut responses = ResponseMatrix::unmeasured(2, 4);
        responses.set(0, gene(2), Some(Response::Down));
        responses.set(1, gene(2), Some(Response::Up));
        let row_weights = [1.0, 0.25];
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &row_weights,
            validation: &[],
        };
        let asked = [perturbations[0].clone(), Perturbation::deletion(gene(3))];
        for (name, network) in PredictorName::ALL.into_iter().flat_map(|name| [(name, &empty), (name, &looped)]) {
            let mut predictor = build(name, &PredictorConfig::default(), network, 1);
            assert!(matches!(predictor.predict(&asked), Err(PredictionError::NotFitted(_))), "{name}");
            predictor.fit(&data, &NoProgress).expect("something to learn from");
            let predicted = predictor.predict(&asked).expect("fitted");
            for (row, index) in (0..2).flat_map(|row| (0..4).map(move |index| (row, index))) {
                let probabilities = predicted.probabilities(row, gene(index));
                let total: f32 = probabilities.iter().sum();
                assert!((total - 1.0).abs() < 1e-5 && probabilities.iter().all(|p| *p >= 0.0), "{name}");
            }
            let outside = [Perturbation::deletion(gene(4))];
            assert!(matches!(predictor.predict(&outside), Err(PredictionError::GeneOutside { .. })), "{name}");
        }
    }

    /// 6 deletions in a network of 6 regulators with 4 targets each; the last row is kept for validation.
    fn screen(last: Response) -> (RegulatoryNetwork, Vec<Perturbation>, ResponseMatrix) {
        let target = |regulator: usize, at: usize| 6 + (3 * regulator + at) % 18;
        let sign = |at: usize| if at.is_multiple_of(2) { Sign::Activation } else { Sign::Inhibition };
        let edges = (0..6).flat_map(|regulator| {
            (0..4).map(move |at| Regulation::new(gene(regulator), gene(target(regulator, at)), sign(at)))
        });
        let mut responses = ResponseMatrix::from_entries(6, 24, vec![Some(Response::Unchanged); 6 * 24]);
        for (row, at) in (0..6).flat_map(|row| (0..4_usize).map(move |at| (row, at))) {
            let response = if at.is_multiple_of(2) { Response::Down } else { Response::Up };
            responses.set(row, gene(target(row, at)), Some(if row == 5 { last } else { response }));
        }
        let perturbations = (0..6).map(|regulator| Perturbation::deletion(gene(regulator))).collect();
        (RegulatoryNetwork::new(24, edges), perturbations, responses)
    }

    #[test]
    fn rows_kept_for_validation_teach_nothing_and_a_second_fit_says_the_same() {
        let fitted = |name: PredictorName, last: Response| {
            let (network, perturbations, responses) = screen(last);
            let data = TrainingData {
                perturbations: &perturbations,
                responses: &responses,
                row_weights: &[1.0; 6],
                validation: &[5],
            };
            let mut predictor = build(name, &PredictorConfig::default(), &network, 3);
            predictor.fit(&data, &NoProgress).expect("fits");
            predictor.predict(&perturbations).expect("fitted")
        };
        // The neural predictors stop by the validation rows.
        for name in
            PredictorName::ALL.into_iter().filter(|name| !matches!(name, PredictorName::Mlp | PredictorName::Gnn))
        {
            assert_eq!(fitted(name, Response::Up), fitted(name, Response::Down), "{name}");
        }
    }
}
