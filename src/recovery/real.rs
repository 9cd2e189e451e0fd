//! The recovery test on real responses: known regulations are hidden and turned round, nothing is simulated.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::RecoveryError;
use crate::biology::{GeneId, GeneTable, Regulation, Revision, RevisionKind, RevisionStatus, Sign, StatementKind};
use crate::datasets::{Dataset, Split};
use crate::metrics::{Interval, average_precision_of, mean_interval, precision_at};
use crate::network::RegulatoryNetwork;
use crate::pipeline::controls::{Seen, SeenPair, random_additions, written};
use crate::pipeline::weighing::weigh;
use crate::pipeline::{Config, Materials, Objective, PipelineError, run};
use crate::progress::{Progress, Quiet};

/// Random networks that the row of random regulations averages over.
const RANDOM_DRAWS: u64 = 20;

/// A pair of genes, whatever the sign between them.
type Pair = (GeneId, GeneId);

/// What is hidden, and how it is looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RealConfig {
    /// Share of the testable regulations that are hidden, in `[0, 1]`; at 1 all regulations are hidden, also those that cannot
    /// be tested: there is no knowledge.
    pub hide: f64,
    /// Share of the testable regulations left whose sign is turned round, in `[0, 1]`.
    pub flip: f64,
    /// Settings of the refinement.
    pub run: Config,
}

/// Figures of one row on one seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RealRow {
    /// Who found: a rule, a control, or ours.
    pub name: String,
    /// Additions applied.
    pub applied: f64,
    /// Of these, hidden regulations.
    pub found: f64,
    /// Of those found, with the hidden sign.
    pub sign_right: f64,
    /// Additions applied or proposed.
    pub proposed: f64,
    /// Of these, hidden regulations.
    pub found_proposed: f64,
    /// Signs turned round.
    pub flipped: f64,
    /// Of these, signs that had been turned beforehand.
    pub corrected: f64,
    /// Signs turned round or proposed to be.
    pub flips_proposed: f64,
    /// Of these, signs that had been turned beforehand.
    pub corrected_proposed: f64,
    /// True regulations removed.
    pub removed: f64,
    /// Average precision of the hidden regulations over all testable pairs that the damaged knowledge does not state; `None`
    /// where the row ranks nothing.
    pub aupr: Option<f64>,
    /// Share of hidden regulations among the 50 and the 100 pairs ranked first.
    pub precision_at: [Option<f64>; 2],
    /// The same among as many as ours adds as regulations, and as regulations and effects.
    pub precision_at_ours: [Option<f64>; 2],
}

/// One seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RealTrial {
    /// The seed.
    pub seed: u64,
    /// Regulations hidden that the data can test.
    pub hidden: usize,
    /// Regulations turned round.
    pub flipped: usize,
    /// Testable pairs that the damaged knowledge does not state.
    pub missing_pairs: usize,
    /// One element per row, in the order of the table.
    pub rows: Vec<RealRow>,
}

/// What can be hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealTruth {
    /// Regulations of the knowledge base.
    pub regulations: usize,
    /// Those between two different genes of which the regulator is perturbed alone and the target measured then, and of which
    /// the other sign is not known too.
    pub testable: usize,
    /// Testable pairs of genes.
    pub pairs: usize,
}

/// The truth over a real screen.
#[derive(Debug)]
pub struct RealScreen<'a> {
    truth: &'a RegulatoryNetwork,
    dataset: &'a Dataset,
    genes: &'a GeneTable,
    pairs: Vec<SeenPair>,
    testable: Vec<Regulation>,
}

impl<'a> RealScreen<'a> {
    /// A true network and the responses that it is to be found in, over one gene table.
    ///
    /// # Errors
    /// [`RecoveryError::NothingTestable`] if no regulation can be tested by these data.
    pub fn new(
        truth: &'a RegulatoryNetwork,
        dataset: &'a Dataset,
        genes: &'a GeneTable,
    ) -> Result<Self, RecoveryError> {
        let pairs = SeenPair::all(dataset);
        let measured: BTreeSet<Pair> = pairs.iter().map(|pair| (pair.regulator, pair.target)).collect();
        let is_testable =
            |edge: &&Regulation| measured.contains(&(edge.regulator, edge.target)) && !truth.contains(edge.flipped());
        let testable: Vec<_> = truth.regulations().iter().filter(is_testable).copied().collect();
        if testable.is_empty() {
            let perturbed: BTreeSet<_> = pairs.iter().map(|pair| pair.regulator).collect();
            return Err(RecoveryError::NothingTestable {
                regulations: truth.regulations().len(),
                perturbed: perturbed.len(),
                known: perturbed.iter().filter(|&&gene| !truth.targets_of(gene).is_empty()).count(),
            });
        }
        Ok(Self { truth, dataset, genes, pairs, testable })
    }

    /// What can be hidden.
    #[must_use]
    pub fn summary(&self) -> RealTruth {
        let (regulations, testable) = (self.truth.regulations().len(), self.testable.len());
        RealTruth { regulations, testable, pairs: self.pairs.len() }
    }

    /// Hides and flips by one seed, looks for what is hidden by each row, and counts.
    ///
    /// # Errors
    /// [`RecoveryError`] if a share is out of range, nothing would be hidden or flipped, the refinement fails, or `progress` asks
    /// to stop.
    pub fn trial(&self, config: &RealConfig, seed: u64, progress: &dyn Progress) -> Result<RealTrial, RecoveryError> {
        let damage = self.damage(config, seed)?;
        let run_config = config.run.clone().with_seed(seed);
        progress.begin(&format!("seed {seed}"), 3);
        let ours = self.ours(&damage.network, self.dataset, &run_config, &Quiet(progress))?;
        progress.advance(1);
        let rows: Vec<_> = (0..self.dataset.len()).collect();
        let permuted = self.dataset.permuted(&rows, seed);
        let by_chance = self.ours(&damage.network, &permuted, &run_config, &Quiet(progress))?;
        progress.advance(1);
        let judge = Judge::new(self, &damage, &ours);
        let rows = judge.rows(&ours, &by_chance, seed);
        progress.advance(1);
        Ok(RealTrial {
            seed,
            hidden: damage.hidden.len(),
            flipped: damage.flipped.len(),
            missing_pairs: judge.missing.len(),
            rows,
        })
    }

    fn damage(&self, config: &RealConfig, seed: u64) -> Result<Damage, RecoveryError> {
        for (name, share) in [("hide", config.hide), ("flip", config.flip)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(RecoveryError::OutOfRange { name, value: share, allowed: "between 0 and 1" });
            }
        }
        let mut drawn = self.testable.clone();
        drawn.shuffle(&mut ChaCha8Rng::seed_from_u64(seed ^ 0x4849_4445));
        let hidden = (config.hide * drawn.len() as f64).round() as usize;
        let flipped = (config.flip * (drawn.len() - hidden) as f64).round() as usize;
        if hidden + flipped == 0 {
            return Err(RecoveryError::NothingHidden { testable: drawn.len() });
        }
        let flipped: BTreeSet<_> = drawn[hidden..][..flipped].iter().map(|edge| edge.flipped()).collect();
        let hidden: BTreeMap<_, _> =
            drawn[..hidden].iter().map(|edge| ((edge.regulator, edge.target), edge.sign)).collect();
        let left = |edge: &&Regulation| config.hide < 1.0 && !hidden.contains_key(&(edge.regulator, edge.target));
        let turned = |edge: &Regulation| if flipped.contains(&edge.flipped()) { edge.flipped() } else { *edge };
        let regulations: Vec<_> = self.truth.regulations().iter().filter(left).map(turned).collect();
        // An effect between the same two genes would give away what is hidden.
        let is_told = |edge: &&Regulation| left(edge) && !flipped.contains(*edge) && !flipped.contains(&edge.flipped());
        let effects: Vec<_> = self.truth.effects().iter().filter(is_told).copied().collect();
        let network = RegulatoryNetwork::new(self.truth.n_genes(), regulations).with_effects(effects);
        Ok(Damage { network, hidden, flipped })
    }

    fn ours(
        &self,
        network: &RegulatoryNetwork,
        dataset: &Dataset,
        config: &Config,
        progress: &dyn Progress,
    ) -> Result<Found, RecoveryError> {
        if config.objective == Objective::Evidence {
            let weighing = weigh(network, None, dataset, config, progress)?;
            let pair = |edge: Regulation| (edge.regulator, edge.target);
            let candidates = &weighing.assessment.candidates;
            let regulations = candidates.iter().map(|candidate| (pair(candidate.regulation), candidate.score));
            let effects =
                candidates.iter().filter_map(|candidate| Some((pair(candidate.regulation), candidate.effect?)));
            return Ok(Found {
                ranked: regulations.collect(),
                ranked_effects: effects.collect(),
                revisions: weighing.refinement.revisions,
            });
        }
        let split = Split { train: (0..dataset.len()).collect(), ..Split::default() };
        let evidence = vec![0; network.n_genes()];
        let materials = Materials {
            network,
            evidence: &evidence,
            revision_costs: None,
            held_out: None,
            external: None,
            dataset,
            split: &split,
            row_labels: &dataset.names,
            genes: self.genes,
        };
        let outcome = run(&materials, config, progress)?;
        if progress.is_cancelled() {
            return Err(PipelineError::Cancelled.into());
        }
        let score = |revision: &Revision| {
            let applied = if revision.status == RevisionStatus::Applied { 1e6 } else { 0.0 };
            (
                (revision.regulation.regulator, revision.regulation.target),
                applied + revision.evidence.objective_decrease,
            )
        };
        let added = outcome.revisions.iter().filter(|revision| revision.kind == RevisionKind::Added);
        let ranked = added.map(score).collect();
        Ok(Found { ranked, ranked_effects: BTreeMap::new(), revisions: outcome.revisions })
    }
}

/// Knowledge with faults that are known.
struct Damage {
    network: RegulatoryNetwork,
    /// Hidden regulations that the data can test.
    hidden: BTreeMap<Pair, Sign>,
    /// Regulations as the damaged network states them, with the wrong sign.
    flipped: BTreeSet<Regulation>,
}

/// What a refinement found.
struct Found {
    ranked: BTreeMap<Pair, f64>,
    ranked_effects: BTreeMap<Pair, f64>,
    revisions: Vec<Revision>,
}

impl Found {
    fn additions(&self, applied: bool, effects: bool) -> BTreeSet<Regulation> {
        let wanted = |revision: &&Revision| {
            revision.kind == RevisionKind::Added
                && (!applied || revision.status == RevisionStatus::Applied)
                && (effects || revision.statement == StatementKind::Regulation)
        };
        self.revisions.iter().filter(wanted).map(|revision| revision.regulation).collect()
    }

    fn retracted(&self, kind: RevisionKind, applied: bool) -> BTreeSet<Regulation> {
        let wanted = |revision: &&Revision| {
            revision.kind == kind
                && revision.statement == StatementKind::Regulation
                && (!applied || revision.status == RevisionStatus::Applied)
        };
        self.revisions.iter().filter(wanted).map(|revision| revision.regulation).collect()
    }
}

/// Counts what each row finds.
struct Judge<'a> {
    screen: &'a RealScreen<'a>,
    damage: &'a Damage,
    /// Testable pairs that the damaged knowledge does not state.
    missing: Vec<&'a SeenPair>,
    /// Additions of ours: regulations; regulations and effects.
    ours: [usize; 2],
}

impl<'a> Judge<'a> {
    fn new(screen: &'a RealScreen<'a>, damage: &'a Damage, ours: &Found) -> Self {
        let missing = screen.pairs.iter().filter(|pair| !is_stated(&damage.network, pair)).collect();
        Self { screen, damage, missing, ours: [false, true].map(|effects| ours.additions(true, effects).len()) }
    }

    fn rows(&self, ours: &Found, by_chance: &Found, seed: u64) -> Vec<RealRow> {
        let flips = ours.retracted(RevisionKind::SignFlipped, true).len();
        let (all, agreeing) = (self.seen(Seen::All), self.seen(Seen::Agreeing));
        let strongest = self.seen(Seen::Strongest(self.ours[0]));
        let is_all: BTreeSet<_> = all.iter().map(|edge| (edge.regulator, edge.target)).collect();
        let is_agreeing: BTreeSet<_> = agreeing.iter().map(|edge| (edge.regulator, edge.target)).collect();
        let targets = self.moved_targets();
        let of = |pair: &SeenPair| (pair.regulator, pair.target);
        let first = |pairs: Vec<&SeenPair>, number: usize| -> BTreeSet<Regulation> {
            pairs.into_iter().take(number).map(SeenPair::regulation).collect()
        };
        let by_z = first(self.by(|pair| pair.z), self.ours[0]);
        let by_hub =
            |pair: &SeenPair| pair.z / targets.get(&pair.regulator).map_or(1.0, |&moved| (moved as f64).sqrt());
        let none = BTreeSet::new();
        let rule = |name: &str, additions: &BTreeSet<Regulation>, flips: &BTreeSet<Regulation>| {
            self.row(name, [additions, additions], [flips, flips])
        };
        let flips_of = |strongest: Option<usize>, agreeing: bool| self.flips(strongest, agreeing);
        let mut rows = vec![
            self.ranked(rule("do nothing", &none, &none), |_| 0.0),
            self.ranked(rule("write what was seen, all", &all, &flips_of(None, false)), |pair| {
                f64::from(u8::from(is_all.contains(&of(pair))))
            }),
            self.ranked(rule("write what was seen, agreeing", &agreeing, &flips_of(None, true)), |pair| {
                f64::from(u8::from(is_agreeing.contains(&of(pair))))
            }),
            self.ranked(
                rule(
                    "write what was seen, as many as ours, strongest first",
                    &strongest,
                    &flips_of(Some(flips), false),
                ),
                |pair| pair.size,
            ),
            self.ranked(rule("z-rank, as many as ours", &by_z, &none), |pair| pair.z),
            self.ranked(
                rule("z over the root of the targets, as many as ours", &first(self.by(by_hub), self.ours[0]), &none),
                by_hub,
            ),
            self.random(ours, seed),
        ];
        for (name, found) in [("ours, perturbations permuted", by_chance), ("ours", ours)] {
            for (effects, kind) in [(false, "regulations"), (true, "regulations and effects")] {
                let additions = [true, false].map(|applied| found.additions(applied, effects));
                let flips = [true, false].map(|applied| found.retracted(RevisionKind::SignFlipped, applied));
                let row = self.row(&format!("{name}: {kind}"), [&additions[0], &additions[1]], [&flips[0], &flips[1]]);
                let row = RealRow { removed: self.removed(found), ..row };
                let ranked = if effects { &found.ranked_effects } else { &found.ranked };
                // Unranked pairs share the last place.
                let last = ranked.values().copied().fold(f64::INFINITY, f64::min) - 1.0;
                let last = if last.is_finite() { last } else { 0.0 };
                rows.push(self.ranked(row, |pair| ranked.get(&of(pair)).copied().unwrap_or(last)));
            }
        }
        rows
    }

    /// What was seen of pairs that the damaged knowledge does not state.
    fn seen(&self, seen: Seen) -> BTreeSet<Regulation> {
        let known = |pair: &SeenPair| is_stated(&self.damage.network, pair);
        written(&self.screen.pairs, seen, known).into_iter().map(SeenPair::regulation).collect()
    }

    /// Known regulations against which something was seen: the same rules for flips.
    fn flips(&self, strongest: Option<usize>, agreeing: bool) -> BTreeSet<Regulation> {
        let against = |pair: &&SeenPair| {
            let seen = pair.regulation();
            let network = &self.damage.network;
            pair.moved() && (!agreeing || pair.agrees()) && network.contains(seen.flipped()) && !network.contains(seen)
        };
        let mut pairs: Vec<_> = self.screen.pairs.iter().filter(against).collect();
        if let Some(number) = strongest {
            pairs.sort_by(|a, b| b.size.total_cmp(&a.size).then(a.regulation().cmp(&b.regulation())));
            pairs.truncate(number);
        }
        pairs.into_iter().map(|pair| pair.regulation().flipped()).collect()
    }

    fn by(&self, score: impl Fn(&SeenPair) -> f64) -> Vec<&'a SeenPair> {
        let mut pairs = self.missing.clone();
        pairs.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.regulation().cmp(&b.regulation())));
        pairs
    }

    /// How many targets each perturbed gene moves.
    fn moved_targets(&self) -> BTreeMap<GeneId, usize> {
        let mut targets = BTreeMap::new();
        for pair in self.screen.pairs.iter().filter(|pair| pair.moved()) {
            *targets.entry(pair.regulator).or_insert(0) += 1;
        }
        targets
    }

    /// Additions and flips, those applied and those applied or proposed.
    fn row(&self, name: &str, additions: [&BTreeSet<Regulation>; 2], flips: [&BTreeSet<Regulation>; 2]) -> RealRow {
        let hidden = |edge: &&Regulation| self.damage.hidden.contains_key(&(edge.regulator, edge.target));
        let right = |edge: &&Regulation| self.damage.hidden.get(&(edge.regulator, edge.target)) == Some(&edge.sign);
        // Both signs of a pair are one pair found.
        let pairs = |edges: &BTreeSet<Regulation>, wanted: &dyn Fn(&&Regulation) -> bool| {
            edges.iter().filter(wanted).map(|edge| (edge.regulator, edge.target)).collect::<BTreeSet<_>>().len() as f64
        };
        let corrected = |edges: &BTreeSet<Regulation>| edges.intersection(&self.damage.flipped).count() as f64;
        RealRow {
            name: name.to_owned(),
            applied: pairs(additions[0], &|_| true),
            found: pairs(additions[0], &hidden),
            sign_right: pairs(additions[0], &right),
            proposed: pairs(additions[1], &|_| true),
            found_proposed: pairs(additions[1], &hidden),
            flipped: flips[0].len() as f64,
            corrected: corrected(flips[0]),
            flips_proposed: flips[1].len() as f64,
            corrected_proposed: corrected(flips[1]),
            ..RealRow::default()
        }
    }

    fn removed(&self, found: &Found) -> f64 {
        found.retracted(RevisionKind::Removed, true).iter().filter(|&&edge| self.screen.truth.contains(edge)).count()
            as f64
    }

    fn ranked(&self, row: RealRow, score: impl Fn(&SeenPair) -> f64) -> RealRow {
        let hidden = |pair: &SeenPair| self.damage.hidden.contains_key(&(pair.regulator, pair.target));
        let items: Vec<_> = self.missing.iter().map(|pair| (score(pair), hidden(pair))).collect();
        RealRow {
            aupr: average_precision_of(&items),
            precision_at: [50, 100].map(|first| precision_at(&items, first)),
            precision_at_ours: self.ours.map(|first| precision_at(&items, first)),
            ..row
        }
    }

    /// The mean over draws of random regulations with the degrees of our additions.
    fn random(&self, ours: &Found, seed: u64) -> RealRow {
        let mut mean = RealRow { name: "random regulations of the same degrees".to_owned(), ..RealRow::default() };
        let added: Vec<_> = ours.additions(true, false).into_iter().collect();
        for draw in 0..RANDOM_DRAWS {
            let seed = seed.wrapping_mul(RANDOM_DRAWS).wrapping_add(draw);
            let additions: BTreeSet<_> =
                random_additions(self.damage.network.n_genes(), &added, seed).into_iter().collect();
            let none = BTreeSet::new();
            let row = self.row("", [&additions, &additions], [&none, &none]);
            for (sum, figure) in [
                (&mut mean.applied, row.applied),
                (&mut mean.found, row.found),
                (&mut mean.sign_right, row.sign_right),
                (&mut mean.proposed, row.proposed),
                (&mut mean.found_proposed, row.found_proposed),
            ] {
                *sum += figure / RANDOM_DRAWS as f64;
            }
        }
        mean
    }
}

/// True if the knowledge states a regulation between the two genes, of either sign.
fn is_stated(network: &RegulatoryNetwork, pair: &SeenPair) -> bool {
    let edge = pair.regulation();
    network.contains(edge) || network.contains(edge.flipped())
}

/// A figure of a row, over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverSeeds {
    /// Mean over the seeds that have the figure.
    pub mean: f64,
    /// Its Student interval; `None` for fewer than two seeds.
    pub interval: Option<Interval>,
}

impl OverSeeds {
    /// Mean and 95 % interval of what `figure` takes from each trial; `None` if no trial has it.
    #[must_use]
    pub fn of(trials: &[RealTrial], figure: impl Fn(&RealTrial) -> Option<f64>) -> Option<Self> {
        let figures: Vec<_> = trials.iter().filter_map(figure).collect();
        let mean = figures.iter().sum::<f64>() / figures.len() as f64;
        (!figures.is_empty()).then(|| Self { mean, interval: mean_interval(&figures, 0.95).ok() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::{Perturbation, Response, ResponseMatrix};
    use crate::progress::NoProgress;

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    /// Twenty regulators of six targets each among forty others; each is deleted and moves all of its targets and nothing else.
    fn world() -> (RegulatoryNetwork, Dataset, GeneTable) {
        let sign = |target: usize| if target.is_multiple_of(2) { Sign::Activation } else { Sign::Inhibition };
        let edges =
            (0..20).flat_map(|regulator| (0..6).map(move |step| (regulator, 20 + (regulator * 7 + step * 5) % 40)));
        let edges: Vec<_> = edges.map(|(a, b)| Regulation::new(gene(a), gene(b), sign(b))).collect();
        let truth = RegulatoryNetwork::new(60, edges);
        let mut observed = ResponseMatrix::unmeasured(20, 60);
        for row in 0..20 {
            (20..60).for_each(|target| observed.set(row, gene(target), Some(Response::Unchanged)));
            observed.set(row, gene(row), Some(Response::Down));
            for target in truth.targets_of(gene(row)) {
                observed.set(row, target.gene, Response::from_value(-target.sign.value()));
            }
        }
        let mut genes = GeneTable::new();
        (0..60).for_each(|index| {
            genes.intern(&format!("g{index}"));
        });
        let perturbations = (0..20).map(|row| Perturbation::deletion(gene(row))).collect();
        (truth, Dataset::new((0..20).map(|row| row.to_string()).collect(), perturbations, observed), genes)
    }

    fn config(hide: f64, flip: f64) -> RealConfig {
        RealConfig { hide, flip, run: Config::default() }
    }

    fn row<'a>(trial: &'a RealTrial, name: &str) -> &'a RealRow {
        trial.rows.iter().find(|row| row.name == name).expect(name)
    }

    #[test]
    fn where_every_regulation_shows_the_rule_finds_all_that_is_hidden_and_doing_nothing_none() {
        let (truth, dataset, genes) = world();
        let screen = RealScreen::new(&truth, &dataset, &genes).expect("testable");
        assert_eq!(screen.summary(), RealTruth { regulations: 120, testable: 120, pairs: 20 * 40 });
        let trial = screen.trial(&config(0.5, 0.1), 1, &NoProgress).expect("a trial");
        assert_eq!((trial.hidden, trial.flipped, trial.missing_pairs), (60, 6, 800 - 60));
        let nothing = row(&trial, "do nothing");
        assert_eq!((nothing.applied, nothing.found, nothing.corrected), (0.0, 0.0, 0.0));
        assert!((nothing.aupr.expect("some hidden") - 60.0 / 740.0).abs() < 1e-12, "the base rate");
        let seen = row(&trial, "write what was seen, all");
        assert_eq!((seen.applied, seen.found, seen.sign_right), (60.0, 60.0, 60.0));
        assert_eq!((seen.flipped, seen.corrected, seen.aupr), (6.0, 6.0, Some(1.0)));
        assert_eq!(seen.precision_at, [Some(1.0), Some(0.6)]);
        let ours = row(&trial, "ours: regulations and effects");
        assert!(ours.found >= 55.0 && ours.removed == 0.0, "{ours:?}");
        let permuted = row(&trial, "ours, perturbations permuted: regulations and effects");
        assert!(permuted.found < 20.0, "{permuted:?}");
    }

    #[test]
    fn one_seed_gives_one_trial_and_another_hides_others() {
        let (truth, dataset, genes) = world();
        let screen = RealScreen::new(&truth, &dataset, &genes).expect("testable");
        let damage = |seed| screen.damage(&config(0.3, 0.5), seed).expect("a share");
        assert_eq!(damage(3).network, damage(3).network);
        assert_ne!(damage(3).hidden, damage(4).hidden);
        let one = damage(3);
        assert_eq!((one.hidden.len(), one.flipped.len()), (36, 42));
        assert!(one.hidden.keys().all(|&(a, b)| one.network.targets_of(a).iter().all(|edge| edge.gene != b)));
        assert!(one.flipped.iter().all(|&edge| one.network.contains(edge) && truth.contains(edge.flipped())));
    }

    #[test]
    fn without_knowledge_nothing_is_known_and_out_of_range_is_told() {
        let (truth, dataset, genes) = world();
        let screen = RealScreen::new(&truth, &dataset, &genes).expect("testable");
        assert!(screen.damage(&config(1.0, 0.5), 1).expect("a share").network.regulations().is_empty());
        for (config, told) in
            [(config(1.5, 0.0), "`hide`"), (config(0.5, f64::NAN), "`flip`"), (config(0.0, 0.0), "nothing")]
        {
            let error = screen.trial(&config, 1, &NoProgress).expect_err(told).to_string();
            assert!(error.contains(told), "{error}");
        }
        let elsewhere = RegulatoryNetwork::new(60, [Regulation::new(gene(30), gene(31), Sign::Activation)]);
        let error = RealScreen::new(&elsewhere, &dataset, &genes).expect_err("untestable").to_string();
        assert!(error.contains("20 genes are perturbed"), "{error}");
    }
}
