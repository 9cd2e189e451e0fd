//! A neural differential equation whose couplings follow the knowledge: the semi-mechanistic predictor.
//!
//! Start at [`Ode`], the predictor of the tables; [`Flow`] is the same model for levels measured over time, with controls
//! for each experimental batch. `field` has the vector field and its gradient. No tensor crate: both are written out.

mod config;
mod field;
mod flow;

pub use config::FlowConfig;
pub use flow::{Batch, Flow, FlowRow};

use rayon::prelude::*;

use super::baselines::check_genes;
use super::calls::{Calls, Scored};
use super::inner_folds::{inner_folds, stride};
use super::measured::TrainingRows;
use super::{FitRecord, Prediction, PredictionError, Predictor, TrainingData};
use crate::biology::{GeneId, Perturbation};
use crate::network::RegulatoryNetwork;
use crate::progress::Progress;

const NAME: &str = "ode";
/// Responses are taken to be read so long after the perturbation, in units of the first decay time.
const TIME: f64 = 3.0;
/// At most this many training entries choose thresholds and temperature.
const JUDGED_ENTRIES: usize = 1 << 18;

/// [`Flow`] as a predictor of responses.
///
/// ```text
/// s(p) = x(T) − x_ctrl(T),   x(0) = x_ctrl(0) = 0,   a perturbed gene held at −1 (deletion) or +1 (overexpression)
/// ```
/// Levels are those against the control, so that controls rest at 0, and down, unchanged and up are learnt as −1, 0, 1.
/// Thresholds and temperature for the scores `s` are chosen on the scores of rows left out by folds over the gene sets of
/// the training rows, so that they are fit for gene sets never seen; with a single gene set on the training rows
/// themselves. Validation rows are left aside.
#[derive(Clone, Debug)]
pub struct Ode {
    network: RegulatoryNetwork,
    config: FlowConfig,
    fitted: Option<Fitted>,
}

#[derive(Clone, Debug)]
struct Fitted {
    flow: Flow,
    calls: Calls,
}

impl Ode {
    /// A predictor for the genes of `network` that has learnt nothing yet.
    #[must_use]
    pub fn new(network: &RegulatoryNetwork, config: FlowConfig) -> Self {
        Self { network: network.clone(), config, fitted: None }
    }

    fn learn(
        &self,
        data: &TrainingData<'_>,
        rows: &[usize],
        progress: &dyn Progress,
    ) -> Result<(Flow, Vec<f64>), PredictionError> {
        let nothing = vec![0.0; self.network.n_genes()];
        let rows = rows.iter().map(|&row| flow_row(data, row)).collect();
        let batch = Batch { start: nothing.clone(), control: nothing, time: TIME, at_rest: true, rows };
        let mut losses = Vec::with_capacity(self.config.epochs);
        let flow = Flow::fit(&self.network, &[batch], &self.config, progress, |_, loss| losses.push(loss))?;
        Ok((flow, losses))
    }

    /// The score of every `every`th measured entry of `rows`.
    fn scored(&self, flow: &Flow, data: &TrainingData<'_>, rows: &[usize], every: usize) -> Vec<Scored> {
        let control = vec![0.0; self.network.n_genes()];
        let of_row = |&row: &usize| -> Vec<Scored> {
            let scores = flow.response(&control, &held(&data.perturbations[row]), TIME);
            let weight = data.row_weights[row];
            let entries = data.measured(row).step_by(every);
            let scored = entries.map(|(gene, response)| Scored {
                score: scores[gene.index()],
                class: response.class() as u8,
                weight,
            });
            scored.collect()
        };
        rows.par_iter().flat_map_iter(of_row).collect()
    }

    fn left_out(
        &self,
        data: &TrainingData<'_>,
        rows: &[usize],
        progress: &dyn Progress,
    ) -> Result<Vec<Scored>, PredictionError> {
        let every = stride(data, rows, JUDGED_ENTRIES);
        let mut entries = Vec::new();
        for fold in inner_folds(data, rows) {
            let (flow, _) = self.learn(data, &fold.learnt, progress)?;
            entries.extend(self.scored(&flow, data, &fold.judged, every));
        }
        Ok(entries)
    }
}

fn flow_row(data: &TrainingData<'_>, row: usize) -> FlowRow {
    let responses = data.measured(row).map(|(gene, response)| (gene, f64::from(response.value())));
    FlowRow {
        held: held(&data.perturbations[row]),
        responses: responses.collect(),
        weight: f64::from(data.row_weights[row]),
    }
}

fn held(perturbation: &Perturbation) -> Vec<(GeneId, f64)> {
    perturbation.changes().iter().map(|&(gene, direction)| (gene, f64::from(direction.value()))).collect()
}

impl Predictor for Ode {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&mut self, data: &TrainingData<'_>, progress: &dyn Progress) -> Result<FitRecord, PredictionError> {
        self.fitted = None;
        let rows = TrainingRows::of(data, self.network.n_genes())?;
        let (flow, training_loss) = self.learn(data, &rows.train, progress)?;
        let mut entries = self.left_out(data, &rows.train, progress)?;
        if entries.is_empty() {
            let every = stride(data, &rows.train, JUDGED_ENTRIES);
            entries = self.scored(&flow, data, &rows.train, every);
        }
        let chosen = Calls::choose(&entries);
        self.fitted = Some(Fitted { flow, calls: chosen.calls });
        let best_epoch = training_loss.len().saturating_sub(1);
        let record = FitRecord::of_choices(chosen.temperature, &[("inner macro-F1", chosen.macro_f1)]);
        Ok(FitRecord { training_loss, best_epoch, ..record })
    }

    fn predict(&self, perturbations: &[Perturbation]) -> Result<Prediction, PredictionError> {
        let Fitted { flow, calls } = self.fitted.as_ref().ok_or(PredictionError::NotFitted(NAME))?;
        let n_genes = self.network.n_genes();
        check_genes(NAME, n_genes, perturbations)?;
        let control = vec![0.0; n_genes];
        let of_row = |perturbation: &Perturbation| {
            let scores = flow.response(&control, &held(perturbation), TIME);
            scores.into_iter().map(|score| calls.probabilities(score)).collect::<Vec<_>>()
        };
        Ok(Prediction::new(n_genes, perturbations.par_iter().flat_map_iter(of_row).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Regulation, Response, ResponseMatrix, Sign};
    use crate::progress::NoProgress;

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    #[test]
    fn a_regulator_that_was_never_perturbed_is_predicted_by_its_known_regulations() {
        // 12 regulators, each activates one gene and inhibits another.
        let edges = (0..12).flat_map(|regulator| {
            [(12 + regulator, Sign::Activation), (24 + regulator, Sign::Inhibition)]
                .map(|(target, sign)| Regulation::new(gene(regulator), gene(target), sign))
        });
        let network = RegulatoryNetwork::new(36, edges);
        let mut responses = ResponseMatrix::from_entries(11, 36, vec![Some(Response::Unchanged); 11 * 36]);
        for row in 0..11 {
            responses.set(row, gene(12 + row), Some(Response::Down));
            responses.set(row, gene(24 + row), Some(Response::Up));
        }
        let perturbations: Vec<_> = (0..11).map(|regulator| Perturbation::deletion(gene(regulator))).collect();
        let data = TrainingData {
            perturbations: &perturbations,
            responses: &responses,
            row_weights: &[1.0; 11],
            validation: &[],
        };
        let mut ode = Ode::new(&network, FlowConfig::default());
        let record = ode.fit(&data, &NoProgress).expect("fits");
        assert!(record.training_loss.last() < record.training_loss.first(), "{record:?}");
        let said = ode.predict(&[Perturbation::deletion(gene(11))]).expect("fitted").responses();
        assert_eq!(said.get(0, gene(23)), Some(Response::Down));
        assert_eq!(said.get(0, gene(35)), Some(Response::Up));
        assert_eq!(said.get(0, gene(13)), Some(Response::Unchanged));
    }
}
