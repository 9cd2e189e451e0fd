//! A screen as evidence sees it: regulators perturbed one at a time, genes measured, values made comparable.

use rayon::prelude::*;

use super::EvidenceData;
use crate::biology::{Direction, GeneId, Sign};
use crate::network::RegulatoryNetwork;

/// A call that was not made.
const NOT_MEASURED: i8 = i8::MIN;
/// Least share of the measured entries with a fold change for fold changes to be used at all.
const MOSTLY: f64 = 0.9;
/// Genes by which the loudness of one experiment is shrunk towards that of all.
const QUIET_GENES: f64 = 20.0;
/// Greatest probability that a gene moves, one way or the other, by its base rate.
const MOST_MOVED: f64 = 0.98;
/// Experiments by which the base rate of one gene is shrunk towards that of all genes.
const SHRINKAGE: f64 = 5.0;

/// A perturbed gene and the experiments in which it, alone, was perturbed.
pub(super) struct Regulator {
    pub gene: GeneId,
    /// Places in [`Screen::experiments`].
    pub experiments: Vec<usize>,
    /// Root mean square of its standardised values: how loud its experiments are.
    pub loudness: f32,
}

/// One experiment on a single gene.
pub(super) struct Experiment {
    /// Row of the data.
    pub row: usize,
    pub direction: Direction,
    /// Place in [`Screen::regulators`].
    pub regulator: usize,
}

/// How the experiments on one regulator speak of one gene; the sign is that of more regulator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Experiments in which more regulator went with more of the gene.
    pub positive: u32,
    /// Experiments in which more regulator went with less of it.
    pub negative: u32,
    /// Experiments in which it was measured and did not move.
    pub silent: u32,
}

impl Counts {
    pub const fn measured(self) -> u32 {
        self.positive + self.negative + self.silent
    }

    pub const fn of(self, sign: Sign) -> u32 {
        match sign {
            Sign::Activation => self.positive,
            Sign::Inhibition => self.negative,
        }
    }
}

/// The experiments on single genes, over the genes that any of them measured.
pub(super) struct Screen {
    pub experiments: Vec<Experiment>,
    pub regulators: Vec<Regulator>,
    /// The measured genes: what a column is.
    pub genes: Vec<GeneId>,
    /// Column of each gene of the gene table.
    columns: Vec<Option<u32>>,
    /// Experiments × columns, the sign that was called.
    calls: Vec<i8>,
    /// Experiments × columns: the change with more regulator; NaN where not measured.
    changes: Vec<f32>,
    /// Regulators × columns: its mean in units of how much the gene varies over the screen.
    standardised: Vec<f32>,
    /// Times that each column was called down, unchanged, up, its own experiments left out.
    counts: Vec<[u32; 3]>,
    overall: [f64; 3],
    /// Of each experiment, by how much the log-odds of down and of up exceed those of all; 0 until known.
    loudness: Vec<[f64; 2]>,
    /// True if the sizes of changes are known, not only their classes.
    pub has_sizes: bool,
}

impl Screen {
    pub fn new(data: &EvidenceData<'_>, is_left_out: impl Fn(usize) -> bool) -> Self {
        let mut experiments: Vec<Experiment> = Vec::new();
        let mut regulators: Vec<Regulator> = Vec::new();
        let mut known = std::collections::BTreeMap::new();
        for (row, perturbation) in data.perturbations.iter().enumerate() {
            let &[(gene, direction)] = perturbation.changes() else { continue };
            if is_left_out(row) {
                continue;
            }
            let regulator = *known.entry(gene).or_insert_with(|| {
                regulators.push(Regulator { gene, experiments: Vec::new(), loudness: 0.0 });
                regulators.len() - 1
            });
            regulators[regulator].experiments.push(experiments.len());
            experiments.push(Experiment { row, direction, regulator });
        }
        let mut screen = Self {
            experiments,
            regulators,
            genes: Vec::new(),
            columns: vec![None; data.observed.n_genes()],
            calls: Vec::new(),
            changes: Vec::new(),
            standardised: Vec::new(),
            counts: Vec::new(),
            overall: [0.0; 3],
            loudness: Vec::new(),
            has_sizes: has_sizes(data),
        };
        screen.choose_columns(data);
        screen.read_calls(data);
        screen.standardise(data);
        screen
    }

    pub fn column(&self, gene: GeneId) -> Option<usize> {
        self.columns[gene.index()].map(|column| column as usize)
    }

    pub fn call(&self, experiment: usize, column: usize) -> Option<i8> {
        Some(self.calls[experiment * self.genes.len() + column]).filter(|&call| call != NOT_MEASURED)
    }

    /// Mean change of the gene with more regulator over these experiments, in the units of the data; NaN if none measured it.
    pub fn change_in(&self, experiments: &[usize], column: usize) -> f32 {
        let changes = experiments.iter().map(|&experiment| self.changes[experiment * self.genes.len() + column]);
        mean(changes.filter(|change| !change.is_nan()))
    }

    /// Mean change of every gene with more of the regulator, over how much the gene varies in the screen; NaN where not
    /// measured.
    pub fn standardised(&self, regulator: usize) -> &[f32] {
        &self.standardised[regulator * self.genes.len()..][..self.genes.len()]
    }

    pub fn counts(&self, regulator: usize, column: usize) -> Counts {
        self.counts_in(&self.regulators[regulator].experiments, column)
    }

    pub fn counts_in(&self, experiments: &[usize], column: usize) -> Counts {
        let mut counts = Counts::default();
        for &experiment in experiments {
            let Some(call) = self.call(experiment, column) else { continue };
            match call * self.experiments[experiment].direction.value() {
                0 => counts.silent += 1,
                1.. => counts.positive += 1,
                _ => counts.negative += 1,
            }
        }
        counts
    }

    /// How often the gene moves in this direction (−1 down, +1 up) in the experiments on other regulators, shrunk.
    ///
    /// ```text
    /// b = (n_c + κ·p_c) / (n + κ)
    /// ```
    /// where `n_c` of `n` calls are of that class, `p_c` is the share over all genes, and `κ = 5`.
    pub fn base_rate(&self, regulator: usize, column: usize, direction: i8) -> f64 {
        let class = usize::from(direction > 0) * 2;
        let (mut hits, mut all) = (self.counts[column][class], self.counts[column].iter().sum::<u32>());
        for &experiment in &self.regulators[regulator].experiments {
            if let Some(call) = self.call(experiment, column).filter(|_| !self.is_own(experiment, column)) {
                hits -= u32::from(call == direction);
                all -= 1;
            }
        }
        (f64::from(hits) + SHRINKAGE * self.overall[class]) / (f64::from(all) + SHRINKAGE)
    }

    /// Estimates how loud each experiment is, from the genes that the knowledge does not name as targets of its regulator.
    ///
    /// ```text
    /// λ_ec = logit (n_ec + κ·p_c)/(n_e + κ) − logit p_c,   κ = 20
    /// ```
    /// where `n_ec` of `n_e` such genes are of class `c` in experiment `e`, and `p_c` is the share over all experiments.
    pub fn with_loudness(mut self, network: &RegulatoryNetwork) -> Self {
        let of_experiment = |place: usize| {
            let gene = self.regulators[self.experiments[place].regulator].gene;
            let targets = network.targets_of(gene).iter().filter_map(|target| self.column(target.gene));
            let known: std::collections::BTreeSet<_> = targets.collect();
            let mut counts = [0.0; 3];
            for column in (0..self.genes.len()).filter(|column| !known.contains(column) && !self.is_own(place, *column))
            {
                if let Some(call) = self.call(place, column) {
                    counts[(call + 1) as usize] += 1.0;
                }
            }
            let all: f64 = counts.iter().sum();
            [0, 2].map(|class| {
                let usual = self.overall[class];
                logit((counts[class] + QUIET_GENES * usual) / (all + QUIET_GENES)) - logit(usual)
            })
        };
        self.loudness = (0..self.experiments.len()).into_par_iter().map(of_experiment).collect();
        self
    }

    /// How probably a gene goes the way of each of these directions in one experiment without any regulation: its base rate,
    /// raised or lowered by how loud the experiment is.
    ///
    /// ```text
    /// logit π_ec = logit b_c + λ_ec
    /// ```
    pub fn rates_in(&self, experiment: usize, column: usize, directions: [i8; 2]) -> [f64; 2] {
        let regulator = self.experiments[experiment].regulator;
        let rates = directions.map(|direction| {
            let louder = self.loudness.get(experiment).map_or(0.0, |shifts| shifts[usize::from(direction > 0)]);
            let log_odds = logit(self.base_rate(regulator, column, direction)) + louder;
            1.0 / (1.0 + (-log_odds).exp())
        });
        let most = (rates[0] + rates[1]) / MOST_MOVED;
        if most > 1.0 { rates.map(|rate| rate / most) } else { rates }
    }

    /// Share of the calls of this gene that moved, perturbations of itself left out.
    pub fn moved_share(&self, column: usize) -> f64 {
        let [down, unchanged, up] = self.counts[column];
        f64::from(down + up) / f64::from((down + unchanged + up).max(1))
    }

    /// Mean over the experiments on a regulator of the base rates of the responses that this sign would bring.
    pub fn base_rate_of(&self, regulator: usize, column: usize, sign: Sign) -> f64 {
        let experiments = &self.regulators[regulator].experiments;
        let rate = |&experiment: &usize| {
            self.base_rate(regulator, column, sign.value() * self.experiments[experiment].direction.value())
        };
        experiments.iter().map(rate).sum::<f64>() / experiments.len().max(1) as f64
    }

    /// Share of the calls of each class, perturbed genes themselves left out.
    pub const fn overall(&self) -> [f64; 3] {
        self.overall
    }

    /// True if the column is the gene that the experiment perturbs.
    pub fn is_own(&self, experiment: usize, column: usize) -> bool {
        self.regulators[self.experiments[experiment].regulator].gene == self.genes[column]
    }

    fn choose_columns(&mut self, data: &EvidenceData<'_>) {
        let measured = |gene: usize| {
            self.experiments.iter().any(|experiment| {
                let id = GeneId::new(gene);
                data.observed.get(experiment.row, id).is_some()
                    || (self.has_sizes && data.sizes.is_some_and(|sizes| sizes.get(experiment.row, id).is_some()))
            })
        };
        let genes: Vec<_> = (0..data.observed.n_genes()).into_par_iter().filter(|&gene| measured(gene)).collect();
        for (column, &gene) in genes.iter().enumerate() {
            self.columns[gene] = Some(column as u32);
        }
        self.genes = genes.into_iter().map(GeneId::new).collect();
    }

    fn read_calls(&mut self, data: &EvidenceData<'_>) {
        self.calls = vec![NOT_MEASURED; self.experiments.len() * self.genes.len()];
        self.counts = vec![[0; 3]; self.genes.len()];
        for place in 0..self.experiments.len() {
            let row = data.observed.row(self.experiments[place].row);
            for column in 0..self.genes.len() {
                let Some(response) = row[self.genes[column].index()] else { continue };
                self.calls[place * self.genes.len() + column] = response.value();
                if !self.is_own(place, column) {
                    self.counts[column][response.class()] += 1;
                }
            }
        }
        let sums = self
            .counts
            .iter()
            .fold([0.0; 3], |sums: [f64; 3], counts| [0, 1, 2].map(|class| sums[class] + f64::from(counts[class])));
        let all: f64 = sums.iter().sum();
        // One call of each class beforehand: nothing is impossible.
        self.overall = sums.map(|sum| (sum + 1.0) / (all + 3.0));
    }

    fn value(&self, data: &EvidenceData<'_>, experiment: usize, column: usize) -> f32 {
        if self.is_own(experiment, column) {
            return f32::NAN;
        }
        if self.has_sizes {
            let row = self.experiments[experiment].row;
            return data.sizes.and_then(|sizes| sizes.get(row, self.genes[column])).unwrap_or(f32::NAN);
        }
        self.call(experiment, column).map_or(f32::NAN, f32::from)
    }

    fn standardise(&mut self, data: &EvidenceData<'_>) {
        let columns = self.genes.len();
        let moments = |column: usize| {
            let mut values: Vec<f32> = (0..self.experiments.len())
                .map(|experiment| self.value(data, experiment, column))
                .filter(|value| !value.is_nan())
                .collect();
            let median = median(&mut values);
            let square = |value: &f32| f64::from(value - median).powi(2);
            (median, (values.iter().map(square).sum::<f64>() / values.len().max(1) as f64).sqrt() as f32)
        };
        let moments: Vec<(f32, f32)> = (0..columns).into_par_iter().map(moments).collect();
        let mut spreads: Vec<_> = moments.iter().map(|moment| moment.1).filter(|&spread| spread > 0.0).collect();
        let usual = median(&mut spreads).max(f32::MIN_POSITIVE);
        let oriented = |experiment: usize| -> Vec<f32> {
            let direction = f32::from(self.experiments[experiment].direction.value());
            (0..columns).map(|column| direction * self.value(data, experiment, column)).collect()
        };
        let changes: Vec<_> = (0..self.experiments.len()).into_par_iter().map(oriented).collect();
        let row = |regulator: &Regulator| -> Vec<f32> {
            let standardised = |column: usize| {
                let (middle, spread) = moments[column];
                let values = regulator.experiments.iter().map(|&experiment| {
                    let direction = f32::from(self.experiments[experiment].direction.value());
                    (changes[experiment][column] - direction * middle) / spread.hypot(0.5 * usual)
                });
                mean(values.filter(|value| !value.is_nan()))
            };
            (0..columns).map(standardised).collect()
        };
        let rows: Vec<_> = self.regulators.par_iter().map(row).collect();
        self.standardised = rows.concat();
        self.changes = changes.concat();
        for (regulator, row) in self.regulators.iter_mut().zip(&rows) {
            let present = row.iter().filter(|value| !value.is_nan());
            let (sum, number) = present.fold((0.0, 0.0), |(sum, number), value| (sum + value * value, number + 1.0));
            regulator.loudness = if number > 0.0 { (sum / number).sqrt() } else { 0.0 };
        }
    }
}

/// True if nearly every measured entry of a single perturbation has a size.
fn has_sizes(data: &EvidenceData<'_>) -> bool {
    let Some(sizes) = data.sizes else { return false };
    let (mut measured, mut sized) = (0_u64, 0_u64);
    for row in 0..data.perturbations.len() {
        for (response, size) in data.observed.row(row).iter().zip(sizes.row(row)) {
            measured += u64::from(response.is_some());
            sized += u64::from(response.is_some() && size.is_some());
        }
    }
    measured > 0 && sized as f64 >= MOSTLY * measured as f64
}

fn logit(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

/// NaN of nothing.
fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, number) = values.fold((0.0, 0.0), |(sum, number), value| (sum + value, number + 1.0));
    sum / number
}

/// The middle value; of an even number the lower of both middle ones; 0 of none.
pub(super) fn median(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = (values.len() - 1) / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Perturbation, Response, ResponseMatrix};

    #[test]
    fn what_moves_in_a_loud_experiment_says_less_than_what_moves_in_a_quiet_one() {
        // Ten deletions of 100 genes; in the first, sixty genes fall; in the second, one; gene 99 falls in both.
        let gene = GeneId::new;
        let perturbations: Vec<_> = (0..10).map(|index| Perturbation::deletion(gene(index))).collect();
        let mut observed = ResponseMatrix::from_entries(10, 100, vec![Some(Response::Unchanged); 1000]);
        (20..80).chain([99]).for_each(|fallen| observed.set(0, gene(fallen), Some(Response::Down)));
        observed.set(1, gene(99), Some(Response::Down));
        let read = ResponseMatrix::unmeasured(10, 100);
        let data = EvidenceData { perturbations: &perturbations, observed: &observed, sizes: None, read: &read };
        let column = 99;
        let rates = |network: &RegulatoryNetwork| {
            let screen = Screen::new(&data, |_| false).with_loudness(network);
            [0, 1].map(|experiment| screen.rates_in(experiment, column, [-1, 1])[0])
        };
        let [loud, quiet] = rates(&RegulatoryNetwork::new(100, []));
        // b = (1 + 5·63/993)/14 in both; λ = logit 62.3/119 − logit .063 and logit 2.3/119 − logit .063, nearly.
        assert!((loud - 0.62).abs() < 0.05 && (quiet - 0.03).abs() < 0.01, "{loud} {quiet}");
        let plain = Screen::new(&data, |_| false);
        assert_eq!(plain.rates_in(0, column, [-1, 1])[0], plain.base_rate(0, column, -1), "without loudness");
        // Where the fallen genes are known targets, they do not make the experiment loud.
        let known = (20..80).map(|target| crate::biology::Regulation::new(gene(0), gene(target), Sign::Activation));
        assert!(rates(&RegulatoryNetwork::new(100, known))[0] < 0.5 * loud);
    }
}
