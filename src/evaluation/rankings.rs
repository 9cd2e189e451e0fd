//! From the cells of a comparison to tables: who predicts best, how sure that is, and against whom.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::comparison::{Cell, ScoredRow};
use super::knowledge_score::if_enough;
use super::method::ComparedMethod;
use crate::metrics::{
    BootstrapConfig, Calibration, Consistency, EffectScores, Interval, MetricError, PairedDifference, ReliabilityBin,
    ResponseCounts, balanced_consistency, bootstrap, bootstrap_difference,
};

/// Which held-out experiments, by how many genes they perturb and how many of those the training part perturbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Novelty {
    /// All of them.
    All,
    /// One gene, perturbed in training too.
    SingleSeen,
    /// One gene, never perturbed in training.
    SingleUnseen,
    /// Two genes, both perturbed in training.
    DoubleTwoSeen,
    /// Two genes, one of them perturbed in training.
    DoubleOneSeen,
    /// Two genes, neither perturbed in training.
    DoubleNoneSeen,
    /// Three genes or more.
    Multiple,
}

impl Novelty {
    fn of(row: &ScoredRow) -> Self {
        match (row.perturbed, row.trained) {
            (1, 1) => Self::SingleSeen,
            (1, _) => Self::SingleUnseen,
            (2, 2) => Self::DoubleTwoSeen,
            (2, 1) => Self::DoubleOneSeen,
            (2, _) => Self::DoubleNoneSeen,
            _ => Self::Multiple,
        }
    }

    /// The words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::SingleSeen => "one gene, seen",
            Self::SingleUnseen => "one gene, not seen",
            Self::DoubleTwoSeen => "two genes, both seen",
            Self::DoubleOneSeen => "two genes, one seen",
            Self::DoubleNoneSeen => "two genes, neither seen",
            Self::Multiple => "three genes or more",
        }
    }
}

/// Scores of everybody over the same held-out experiments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// How the folds were made.
    pub scheme: String,
    /// Which held-out experiments.
    pub novelty: Novelty,
    /// Held-out experiments, each counted once for each seed.
    pub experiments: usize,
    /// Different sets of perturbed genes: what intervals are drawn over.
    pub gene_sets: usize,
    /// Number of seeds.
    pub seeds: usize,
    /// The best macro-F1 of those that say nothing of the perturbation: chance, no change, the mean. A score that does
    /// not exceed it shows no skill. `None` if none of them took part.
    pub floor: Option<f64>,
    /// Whom all are compared with; `None` if there was no baseline.
    pub reference: Option<ComparedMethod>,
    /// Everybody, in the order of the cells.
    pub rows: Vec<RankedMethod>,
}

/// The scores of one method: held-out rows of all folds and seeds together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankedMethod {
    /// Who.
    pub method: ComparedMethod,
    /// Against what was observed.
    pub data: Consistency,
    /// Bootstrap interval of that macro-F1 over sets of perturbed genes; `None` for fewer than two.
    pub interval: Option<Interval>,
    /// Lowest and highest macro-F1 of a single seed.
    pub seeds: (f64, f64),
    /// Macro-F1 against the original knowledge.
    pub knowledge_original: f64,
    /// Macro-F1 against the refined knowledge, if any was refined.
    pub knowledge_refined: Option<f64>,
    /// Balance of the data with the original knowledge.
    pub balanced_original: f64,
    /// Balance of the data with the refined knowledge.
    pub balanced_refined: Option<f64>,
    /// Differences from the reference on the same draws; `None` for the reference itself.
    pub less_reference: Option<Differences>,
    /// Expected calibration error of the most probable class, mean over the judged entries of all folds; `None` for those
    /// that give no probabilities, and where only some experiments are looked at.
    pub ece: Option<f64>,
    /// Brier score over three classes, likewise.
    pub brier: Option<f64>,
    /// Predicted probability and observed frequency of down, unchanged and up, likewise, over all folds.
    pub reliability: Option<[Vec<ReliabilityBin>; 3]>,
    /// Means over the experiments of the scores of predicted changes, see [`ScoredRow::effects`].
    pub effects: EffectScores,
    /// Mean number of applied revisions of a fold.
    pub revisions: f64,
    /// Mean seconds of a fold.
    pub seconds: f64,
}

/// What a method is better by than the reference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Differences {
    /// In macro-F1 against the data.
    pub data: PairedDifference,
    /// In balanced consistency with the original knowledge.
    pub balanced_original: PairedDifference,
    /// In balanced consistency with the refined knowledge, if any was refined.
    pub balanced_refined: Option<PairedDifference>,
}

/// The tables of a comparison: one for each way of splitting and each sort of held-out experiment that occurs.
///
/// All are compared with `reference`, or with the baseline of the highest macro-F1 on the same held-out rows: chosen with
/// hindsight, so that no method gains by a weak opponent. `gamma` is the exponent of the balanced consistency.
///
/// # Errors
/// [`MetricError::Setting`] if a setting of the bootstrap is out of range.
pub fn rankings(
    cells: &[Cell],
    reference: Option<&ComparedMethod>,
    gamma: f64,
    config: &BootstrapConfig,
) -> Result<Vec<Ranking>, MetricError> {
    let mut schemes: Vec<&str> = Vec::new();
    cells.iter().for_each(|cell| {
        if !schemes.contains(&cell.key.scheme.as_str()) {
            schemes.push(&cell.key.scheme);
        }
    });
    let mut tables = Vec::new();
    for scheme in schemes {
        let cells: Vec<_> = cells.iter().filter(|cell| cell.key.scheme == scheme).collect();
        let sorts: BTreeSet<_> = cells.iter().flat_map(|cell| &cell.rows).map(Novelty::of).collect();
        // One sort alone is all of them.
        let sorts = if sorts.len() > 1 { sorts } else { BTreeSet::new() };
        for novelty in [Novelty::All].into_iter().chain(sorts) {
            tables.push(table(scheme, &cells, novelty, reference, gamma, config)?);
        }
    }
    Ok(tables)
}

/// One method's counts, by set of perturbed genes.
#[derive(Default)]
struct Units {
    data: Vec<ResponseCounts>,
    original: Vec<ResponseCounts>,
    refined: Option<Vec<ResponseCounts>>,
}

fn table(
    scheme: &str,
    cells: &[&Cell],
    novelty: Novelty,
    reference: Option<&ComparedMethod>,
    gamma: f64,
    config: &BootstrapConfig,
) -> Result<Ranking, MetricError> {
    let mut methods: Vec<ComparedMethod> = Vec::new();
    for cell in cells {
        if !methods.contains(&cell.key.method) {
            methods.push(cell.key.method.clone());
        }
    }
    let of = |method: &ComparedMethod| -> Vec<_> {
        cells.iter().copied().filter(|cell| cell.key.method == *method).collect()
    };
    let rows: Vec<Vec<&Cell>> = methods.iter().map(of).collect();
    let units: Vec<_> = rows.iter().map(|cells| Units::of(cells, novelty)).collect();
    let score = |place: usize| ResponseCounts::total(&units[place].data).scores().macro_f1;
    let best = |among: &dyn Fn(&ComparedMethod) -> bool| {
        let places = (0..methods.len()).filter(|&place| among(&methods[place]));
        // The first of equals.
        places.rev().max_by(|&one, &other| score(one).total_cmp(&score(other)))
    };
    let named = reference.and_then(|reference| methods.iter().position(|method| method == reference));
    let opponent = named.or_else(|| best(&|method| method.is_baseline()));
    let ranked = |place: usize| -> Result<RankedMethod, MetricError> {
        let other = opponent.filter(|&other| other != place).map(|other| &units[other]);
        units[place].standing(&rows[place], novelty, other, gamma, config)
    };
    let seeds: BTreeSet<_> = cells.iter().map(|cell| cell.key.seed).collect();
    Ok(Ranking {
        scheme: scheme.to_owned(),
        novelty,
        experiments: rows.first().map_or(0, |cells| rows_of(cells, novelty).count()),
        gene_sets: units.first().map_or(0, |units| units.data.len()),
        seeds: seeds.len(),
        floor: best(&|method| method.is_blind()).map(score),
        reference: opponent.map(|place| methods[place].clone()),
        rows: (0..methods.len()).map(ranked).collect::<Result<_, _>>()?,
    })
}

fn rows_of<'a>(cells: &'a [&Cell], novelty: Novelty) -> impl Iterator<Item = &'a ScoredRow> {
    cells.iter().flat_map(|cell| &cell.rows).filter(move |row| novelty == Novelty::All || Novelty::of(row) == novelty)
}

impl Units {
    fn of(cells: &[&Cell], novelty: Novelty) -> Self {
        let mut by_set: BTreeMap<&str, Vec<&ScoredRow>> = BTreeMap::new();
        for row in rows_of(cells, novelty) {
            by_set.entry(&row.gene_set).or_default().push(row);
        }
        let total = |rows: &Vec<&ScoredRow>, counts: fn(&ScoredRow) -> &ResponseCounts| {
            ResponseCounts::total(rows.iter().map(|row| counts(row)))
        };
        let refined = |rows: &Vec<&ScoredRow>| -> Option<ResponseCounts> {
            let counts: Option<Vec<_>> = rows.iter().map(|row| row.refined.as_ref()).collect();
            counts.map(ResponseCounts::total)
        };
        Self {
            data: by_set.values().map(|rows| total(rows, |row| &row.data)).collect(),
            original: by_set.values().map(|rows| total(rows, |row| &row.original)).collect(),
            refined: by_set.values().map(refined).collect(),
        }
    }

    fn standing(
        &self,
        cells: &[&Cell],
        novelty: Novelty,
        other: Option<&Self>,
        gamma: f64,
        config: &BootstrapConfig,
    ) -> Result<RankedMethod, MetricError> {
        let all: Vec<_> = (0..self.data.len()).collect();
        let sets = self.data.len();
        let differences = |other: &Self| -> Result<Option<Differences>, MetricError> {
            let paired = |difference: &(dyn Fn(&[usize]) -> f64 + Sync)| {
                if_enough(bootstrap_difference(sets, difference, config))
            };
            let data = paired(&|drawn| {
                ResponseCounts::drawn_macro_f1(&self.data, drawn) - ResponseCounts::drawn_macro_f1(&other.data, drawn)
            })?;
            let against_original = |units: &Self, drawn: &[usize]| units.balanced(&units.original, drawn, gamma);
            let original = paired(&|drawn| against_original(self, drawn) - against_original(other, drawn))?;
            let refined = match (&self.refined, &other.refined) {
                (Some(ours), Some(theirs)) => {
                    paired(&|drawn| self.balanced(ours, drawn, gamma) - other.balanced(theirs, drawn, gamma))?
                }
                _ => None,
            };
            let both = data.zip(original);
            Ok(both.map(|(data, balanced_original)| Differences { data, balanced_original, balanced_refined: refined }))
        };
        let fold_mean =
            |figure: fn(&Cell) -> f64| cells.iter().map(|cell| figure(cell)).sum::<f64>() / cells.len() as f64;
        Ok(RankedMethod {
            method: cells[0].key.method.clone(),
            data: ResponseCounts::total(&self.data).scores(),
            interval: if_enough(bootstrap(sets, |drawn| ResponseCounts::drawn_macro_f1(&self.data, drawn), config))?,
            seeds: seed_range(cells, novelty),
            knowledge_original: ResponseCounts::drawn_macro_f1(&self.original, &all),
            knowledge_refined: self.refined.as_ref().map(|refined| ResponseCounts::drawn_macro_f1(refined, &all)),
            balanced_original: self.balanced(&self.original, &all, gamma),
            balanced_refined: self.refined.as_ref().map(|refined| self.balanced(refined, &all, gamma)),
            less_reference: other.map(differences).transpose()?.flatten(),
            ece: judged(cells, novelty, |judged| judged.ece),
            brier: judged(cells, novelty, |judged| judged.brier),
            reliability: reliability(cells, novelty),
            effects: EffectScores::mean(&rows_of(cells, novelty).map(|row| row.effects).collect::<Vec<_>>()),
            revisions: fold_mean(|cell| cell.revisions.len() as f64),
            seconds: fold_mean(|cell| cell.seconds),
        })
    }

    fn balanced(&self, knowledge: &[ResponseCounts], drawn: &[usize], gamma: f64) -> f64 {
        balanced_consistency(
            ResponseCounts::drawn_macro_f1(&self.data, drawn),
            ResponseCounts::drawn_macro_f1(knowledge, drawn),
            gamma,
        )
    }
}

/// Mean of a figure over all judged entries.
fn judged(cells: &[&Cell], novelty: Novelty, figure: fn(&Calibration) -> f64) -> Option<f64> {
    let judged: Vec<_> = cells.iter().filter_map(|cell| cell.calibration.as_ref()).collect();
    let entries: u64 = judged.iter().map(|judged| judged.entries).sum();
    let sum: f64 = judged.iter().map(|judged| judged.entries as f64 * figure(judged)).sum();
    (novelty == Novelty::All && entries > 0).then(|| sum / entries as f64)
}

fn reliability(cells: &[&Cell], novelty: Novelty) -> Option<[Vec<ReliabilityBin>; 3]> {
    let judged = cells.iter().filter_map(|cell| cell.calibration.as_ref()).filter(|judged| judged.entries > 0);
    let bins = judged.filter(|_| novelty == Novelty::All).map(|judged| judged.reliability.clone());
    bins.reduce(|left, right| {
        std::array::from_fn(|class| left[class].iter().zip(&right[class]).map(|(one, other)| one.with(other)).collect())
    })
}

fn seed_range(cells: &[&Cell], novelty: Novelty) -> (f64, f64) {
    let mut by_seed: BTreeMap<u64, Vec<&Cell>> = BTreeMap::new();
    for &cell in cells {
        by_seed.entry(cell.key.seed).or_default().push(cell);
    }
    let score =
        |cells: &Vec<&Cell>| ResponseCounts::total(rows_of(cells, novelty).map(|row| &row.data)).scores().macro_f1;
    let ends = |(low, high): (f64, f64), score: f64| (low.min(score), high.max(score));
    by_seed.values().map(score).fold((f64::INFINITY, f64::NEG_INFINITY), ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{GeneId, Perturbation, Response, ResponseMatrix};
    use crate::evaluation::CellKey;
    use crate::metrics::row_counts;
    use crate::prediction::PredictorName;

    const CONFIG: BootstrapConfig =
        BootstrapConfig { resamples: 50, level: 0.95, method: crate::metrics::BootstrapMethod::Percentile, seed: 1 };

    /// A cell whose rows perturb genes beyond the four measured ones; the second row moves two genes.
    fn cell(method: ComparedMethod, seed: u64, truth: &[[i8; 4]], said: &[[i8; 4]]) -> Cell {
        let matrix = |rows: &[[i8; 4]]| {
            let entries = rows.iter().flatten().map(|&value| Response::from_value(value)).collect();
            ResponseMatrix::from_entries(rows.len(), 4, entries)
        };
        let perturbations: Vec<_> = (0..truth.len()).map(|row| Perturbation::deletion(GeneId::new(4 + row))).collect();
        let counts = row_counts(&perturbations, &matrix(truth), &matrix(said)).expect("shapes fit");
        let row = |(place, data): (usize, ResponseCounts)| ScoredRow {
            experiment: place.to_string(),
            gene_set: format!("g{place}"),
            perturbed: 1 + place % 2,
            trained: 1,
            data,
            original: data,
            refined: None,
            effects: EffectScores::default(),
        };
        let key = CellKey { scheme: "k-fold".into(), seed, fold: 0, method };
        Cell {
            key,
            rows: counts.into_iter().enumerate().map(row).collect(),
            refined_by: None,
            revisions: Vec::new(),
            calibration: None,
            seconds: 1.0,
        }
    }

    const TRUTH: [[i8; 4]; 3] = [[-1, 0, 0, 1], [0, 0, 1, 1], [-1, -1, 0, 0]];

    #[test]
    fn the_strongest_baseline_is_the_reference_and_the_best_blind_one_the_floor() {
        let mean = ComparedMethod::Predictor(PredictorName::Mean);
        let linear = ComparedMethod::Predictor(PredictorName::Linear);
        let cells = [
            cell(mean.clone(), 1, &TRUTH, &[[0; 4]; 3]),
            cell(linear.clone(), 1, &TRUTH, &[TRUTH[0], TRUTH[1], [0; 4]]),
            cell(ComparedMethod::Knowledge, 1, &TRUTH, &TRUTH),
        ];
        let tables = rankings(&cells, None, 2.0, &CONFIG).expect("settings in range");
        let table = &tables[0];
        assert_eq!((table.novelty, table.experiments, table.gene_sets), (Novelty::All, 3, 3));
        assert_eq!(table.reference, Some(linear.clone()));
        // All-unchanged: six of twelve right, F1 of unchanged 2·6/(12 + 6), the other two 0.
        assert!((table.floor.expect("the mean took part") - 2.0 * 6.0 / 18.0 / 3.0).abs() < 1e-12);
        assert!(table.rows[1].less_reference.is_none());
        let better = table.rows[2].less_reference.expect("three gene sets").data;
        assert!((better.difference.estimate - (1.0 - table.rows[1].data.macro_f1)).abs() < 1e-12);
        let named = rankings(&cells, Some(&mean), 2.0, &CONFIG).expect("settings in range");
        assert_eq!(named[0].reference, Some(mean));
    }

    #[test]
    fn experiments_are_told_apart_by_what_training_saw_of_them() {
        let cells = [cell(ComparedMethod::Knowledge, 1, &TRUTH, &TRUTH)];
        let tables = rankings(&cells, None, 2.0, &CONFIG).expect("settings in range");
        let told: Vec<_> = tables.iter().map(|table| (table.novelty, table.experiments)).collect();
        assert_eq!(told, [(Novelty::All, 3), (Novelty::SingleSeen, 2), (Novelty::DoubleOneSeen, 1)]);
        assert!(tables[2].rows[0].interval.is_none(), "one gene set has no interval");
    }

    #[test]
    fn rows_of_all_seeds_are_pooled_and_the_seeds_told_apart() {
        let cells = [
            cell(ComparedMethod::Knowledge, 1, &TRUTH, &TRUTH),
            cell(ComparedMethod::Knowledge, 2, &TRUTH, &[[0; 4]; 3]),
        ];
        let tables = rankings(&cells, None, 2.0, &CONFIG).expect("settings in range");
        let row = &tables[0].rows[0];
        assert_eq!((tables[0].experiments, tables[0].seeds, tables[0].gene_sets), (6, 2, 3));
        assert_eq!(row.seeds.1, 1.0);
        assert!(row.seeds.0 < row.data.macro_f1 && row.data.macro_f1 < row.seeds.1);
        assert!((row.balanced_original - row.data.macro_f1).abs() < 1e-12, "both sides alike, so is their balance");
    }
}
