//! What a screen says of claimed regulations, whoever claims them, with or without signs.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::anchor::{AnchorTest, Anchors, own_genes};
use super::screen::Screen;
use super::verdict::{Moments, Transmission, hear};
use super::{EvidenceConfig, EvidenceData, EvidenceError, check_shapes, counted, on_target, verdict_of};
use crate::biology::{ExperimentCounts, GeneId, Regulation, Sign, Verdict};
use crate::network::RegulatoryNetwork;
use crate::progress::Progress;

/// Prior probability that a claim without a sign holds.
const PRIOR_UNSIGNED: f64 = 0.95;

/// A claimed regulation between genes of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// The gene said to act; `None` if the data do not know it.
    pub regulator: Option<GeneId>,
    /// The gene said to be acted upon; `None` if the data do not know it.
    pub target: Option<GeneId>,
    /// In which direction; `None` if that is not claimed.
    pub sign: Option<Sign>,
}

/// Why nothing can be said of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Untested {
    /// The data know no gene of the regulator's name.
    UnknownRegulator,
    /// The data know no gene of the target's name.
    UnknownTarget,
    /// A gene is said to regulate itself: its perturbation says nothing of that.
    Itself,
    /// No experiment perturbs the regulator, and it alone.
    NeverPerturbed,
    /// All experiments that perturb it are left out, since it did not move in them as declared.
    OffTarget,
    /// No experiment on the regulator measures the target.
    NotMeasured,
}

impl Untested {
    /// All reasons, in the order of tables.
    pub const ALL: [Self; 6] = [
        Self::UnknownRegulator,
        Self::UnknownTarget,
        Self::Itself,
        Self::NeverPerturbed,
        Self::OffTarget,
        Self::NotMeasured,
    ];

    /// The reason in a few words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::UnknownRegulator => "regulator not in the data",
            Self::UnknownTarget => "target not in the data",
            Self::Itself => "regulates itself",
            Self::NeverPerturbed => "regulator never perturbed alone",
            Self::OffTarget => "regulator did not move in its own experiments",
            Self::NotMeasured => "target not measured when the regulator is perturbed",
        }
    }
}

/// A claim and what the screen says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AuditedClaim {
    /// The claim.
    pub claim: Claim,
    /// In one word.
    pub verdict: Verdict,
    /// Why the verdict is untestable.
    pub untested: Option<Untested>,
    /// Experiments on the regulator in which the target was measured, held against the claimed sign; of a claim without a
    /// sign, those in which the target moved either way count as agreeing.
    pub experiments: ExperimentCounts,
    /// Experiments in which more regulator went with more of the target, and with less of it.
    pub seen: [u32; 2],
    /// Base rate of the target, in `(0, 1)`, shrunk towards that of all genes; `None` if nothing was measured. With a sign: of
    /// moving as claimed, in the experiments on other regulators. Without: of moving at all, in experiments as loud as those on
    /// this regulator.
    pub base_rate: Option<f64>,
    /// Log-likelihood ratio of the claim against no regulation, in nats.
    pub log_likelihood_ratio: f64,
    /// Posterior probability that it holds as claimed, holds with the other sign, or does not hold. Before any experiment 0.9,
    /// 0.05 and 0.05; without a sign 0.95, 0 and 0.05.
    pub posterior: [f64; 3],
    /// True if the list claims the other sign too.
    pub both_signs: bool,
    /// True if the same claim stands further up in the list.
    pub is_repeated: bool,
}

/// Are claimed targets moved more than other genes are, and the claimed way? Each test counts every different claim once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AuditTests {
    /// Share of the measured responses of claimed targets that moved; next to it, with the names of the perturbations permuted.
    pub moved: AnchorTest,
    /// Share of the measured responses, of claims with one sign, that moved the claimed way; likewise permuted.
    pub as_claimed: AnchorTest,
    /// Share that moved the claimed way of those that moved; likewise permuted.
    pub sign: AnchorTest,
    /// Share that moved; next to it, with the targets exchanged among the claims, so that every regulator keeps how loud its
    /// experiments are and every target how readily it moves.
    pub moved_exchanged: AnchorTest,
    /// Share that moved the claimed way; likewise exchanged, targets with their signs.
    pub as_claimed_exchanged: AnchorTest,
}

/// All that a screen says of a list of claims.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimAudit {
    /// Every claim, in the order of the list.
    pub claims: Vec<AuditedClaim>,
    /// The list as a whole.
    pub tests: AuditTests,
    /// How the claims show in this screen; `s` is that of claims with one sign.
    pub transmission: Transmission,
    /// Experiments on single genes that were used.
    pub experiments: u64,
    /// Experiments left out since they perturb several genes at once.
    pub combinations: u64,
    /// Experiments left out since their own gene was measured and did not move as declared.
    pub off_target: u64,
    /// Perturbed genes that moved as declared in their own experiments.
    pub own_genes: AnchorTest,
}

/// Holds a list of claimed regulations against a screen. `data.read` is not used.
///
/// A claim with a sign is judged as a known regulation is. One without is judged on moving alone:
///
/// ```text
/// ln (m + (1 − m)·b)/b  if the target moved,   ln (1 − m)  if not
/// ```
/// where `m` is the transmission and `b` the base rate of the target in an experiment as loud as this one. The list
/// as a whole is held against `config.permutations` screens with the names of the perturbations permuted, and against as many
/// lists with the targets exchanged.
///
/// # Errors
/// [`EvidenceError`] if a setting is out of range, shapes do not fit, or `progress` is cancelled.
///
/// # Complexity
/// `O(experiments · genes + claims · permutations)`.
pub fn audit(
    claims: &[Claim],
    data: &EvidenceData<'_>,
    config: &EvidenceConfig,
    progress: &dyn Progress,
) -> Result<ClaimAudit, EvidenceError> {
    config.check()?;
    let none = RegulatoryNetwork::new(data.observed.n_genes(), []);
    check_shapes(&none, data)?;
    progress.begin("audit", 3);
    let all = Screen::new(data, |_| false);
    let own_genes = own_genes(&all);
    let perturbed: BTreeSet<_> = all.regulators.iter().map(|regulator| regulator.gene).collect();
    let (screen, off_target) = on_target(data, all, &Anchors { own_genes, ..Anchors::default() });
    step(progress)?;
    let screen = screen.with_loudness(&claimed_network(claims, data.observed.n_genes()));
    let list = Claimed::new(claims, &screen, perturbed);
    let transmission = list.transmission();
    let judged = claims.par_iter().map(|claim| list.judge(claim, &transmission, config)).collect();
    let judged = mark_repeated(judged);
    step(progress)?;
    let tests = list.tests(config.permutations, config.seed);
    step(progress)?;
    let combinations = data.perturbations.iter().filter(|perturbation| perturbation.changes().len() > 1).count();
    Ok(ClaimAudit {
        claims: judged,
        tests,
        transmission,
        experiments: screen.experiments.len() as u64,
        combinations: combinations as u64,
        off_target,
        own_genes,
    })
}

/// The claimed pairs as a network; of a claim without a sign only the pair means something.
fn claimed_network(claims: &[Claim], n_genes: usize) -> RegulatoryNetwork {
    let pair = |claim: &Claim| Some((claim.regulator?, claim.target?, claim.sign.unwrap_or(Sign::Activation)));
    let pairs = claims.iter().filter_map(pair);
    RegulatoryNetwork::new(n_genes, pairs.map(|(regulator, target, sign)| Regulation::new(regulator, target, sign)))
}

fn step(progress: &dyn Progress) -> Result<(), EvidenceError> {
    progress.advance(1);
    if progress.is_cancelled() { Err(EvidenceError::Cancelled) } else { Ok(()) }
}

fn mark_repeated(mut judged: Vec<AuditedClaim>) -> Vec<AuditedClaim> {
    let mut stated = BTreeSet::new();
    for audited in
        judged.iter_mut().filter(|audited| audited.claim.regulator.is_some() && audited.claim.target.is_some())
    {
        audited.is_repeated = !stated.insert(audited.claim);
    }
    judged
}

/// A different claim that the screen can test: a column, and the sign if one alone is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Testable {
    column: usize,
    sign: Option<Sign>,
}

/// A list of claims over a screen.
struct Claimed<'a> {
    screen: &'a Screen,
    place_of: BTreeMap<GeneId, usize>,
    perturbed: BTreeSet<GeneId>,
    /// Signs claimed of each pair.
    signs: BTreeMap<(GeneId, GeneId), BTreeSet<Sign>>,
    /// By place of the regulator, each pair once.
    testable: Vec<Vec<Testable>>,
}

/// Counts behind the tests.
#[derive(Clone, Copy, Default)]
struct Tally {
    tested: u64,
    moved: u64,
    signed: u64,
    as_claimed: u64,
    signed_moved: u64,
}

impl Tally {
    fn add(&mut self, call: i8, expected: Option<i8>) {
        self.tested += 1;
        self.moved += u64::from(call != 0);
        let Some(expected) = expected else { return };
        self.signed += 1;
        self.signed_moved += u64::from(call != 0);
        self.as_claimed += u64::from(call == expected);
    }

    /// Moved; moved as claimed; sign right of those that moved, a half where nothing moved.
    fn shares(self) -> [f64; 3] {
        let share = |part: u64, whole: u64, none: f64| if whole > 0 { part as f64 / whole as f64 } else { none };
        [
            share(self.moved, self.tested, 0.0),
            share(self.as_claimed, self.signed, 0.0),
            share(self.as_claimed, self.signed_moved, 0.5),
        ]
    }
}

impl<'a> Claimed<'a> {
    fn new(claims: &[Claim], screen: &'a Screen, perturbed: BTreeSet<GeneId>) -> Self {
        let place_of: BTreeMap<_, _> =
            screen.regulators.iter().enumerate().map(|(place, regulator)| (regulator.gene, place)).collect();
        let mut signs: BTreeMap<(GeneId, GeneId), BTreeSet<Sign>> = BTreeMap::new();
        for claim in claims {
            let (Some(regulator), Some(target)) = (claim.regulator, claim.target) else { continue };
            signs.entry((regulator, target)).or_default().extend(claim.sign);
        }
        let mut testable = vec![Vec::new(); screen.regulators.len()];
        for (&(regulator, target), signs) in signs.iter().filter(|((regulator, target), _)| regulator != target) {
            let (Some(&place), Some(column)) = (place_of.get(&regulator), screen.column(target)) else { continue };
            let sign = if signs.len() == 1 { signs.first().copied() } else { None };
            testable[place].push(Testable { column, sign });
        }
        Self { screen, place_of, perturbed, signs, testable }
    }

    /// Moments of the measured responses, as [`Transmission`] has them; claims without one sign count for `m` alone.
    fn transmission(&self) -> Transmission {
        let (mut all, mut signed) = (Moments::default(), Moments::default());
        for (place, claims) in self.testable.iter().enumerate() {
            for &Testable { column, sign } in claims {
                for &experiment in &self.screen.regulators[place].experiments {
                    let Some(call) = self.screen.call(experiment, column) else { continue };
                    all.add(call, self.screen.rates_in(experiment, column, [-1, 1]));
                    let Some(sign) = sign else { continue };
                    let expected = sign.value() * self.screen.experiments[experiment].direction.value();
                    signed.add(call * expected, self.screen.rates_in(experiment, column, [expected, -expected]));
                }
            }
        }
        Transmission::of(&all, &signed)
    }

    /// Regulator's place and target's column, or why there is nothing to hear.
    fn heard(&self, claim: &Claim) -> Result<(usize, usize), Untested> {
        let regulator = claim.regulator.ok_or(Untested::UnknownRegulator)?;
        let target = claim.target.ok_or(Untested::UnknownTarget)?;
        if regulator == target {
            return Err(Untested::Itself);
        }
        let why = if self.perturbed.contains(&regulator) { Untested::OffTarget } else { Untested::NeverPerturbed };
        let &place = self.place_of.get(&regulator).ok_or(why)?;
        let column = self.screen.column(target).ok_or(Untested::NotMeasured)?;
        if self.screen.counts(place, column).measured() == 0 {
            return Err(Untested::NotMeasured);
        }
        Ok((place, column))
    }

    fn judge(&self, claim: &Claim, model: &Transmission, config: &EvidenceConfig) -> AuditedClaim {
        let pair = claim.regulator.zip(claim.target);
        let both_signs = pair.is_some_and(|pair| self.signs.get(&pair).is_some_and(|signs| signs.len() > 1));
        let untested = AuditedClaim {
            claim: *claim,
            verdict: Verdict::Untestable,
            untested: None,
            experiments: ExperimentCounts::default(),
            seen: [0, 0],
            base_rate: None,
            log_likelihood_ratio: 0.0,
            posterior: if claim.sign.is_some() {
                [0.9, 0.05, 0.05]
            } else {
                [PRIOR_UNSIGNED, 0.0, 1.0 - PRIOR_UNSIGNED]
            },
            both_signs,
            is_repeated: false,
        };
        let (place, column) = match self.heard(claim) {
            Ok(heard) => heard,
            Err(why) => return AuditedClaim { untested: Some(why), ..untested },
        };
        let counts = self.screen.counts(place, column);
        let heard = AuditedClaim { seen: [counts.positive, counts.negative], ..untested };
        let Some((sign, (regulator, target))) = claim.sign.zip(pair) else {
            return self.judge_moving(heard, (place, column), model);
        };
        let hearing = hear(self.screen, place, Regulation::new(regulator, target, sign), model);
        let experiments = counted(hearing.counts, sign);
        AuditedClaim {
            verdict: verdict_of(experiments, hearing.posterior, both_signs, config),
            experiments,
            base_rate: Some(self.screen.base_rate_of(place, column, sign)),
            log_likelihood_ratio: hearing.log_ratio,
            posterior: hearing.posterior,
            ..heard
        }
    }

    /// Judges a claim without a sign.
    fn judge_moving(&self, heard: AuditedClaim, (place, column): (usize, usize), model: &Transmission) -> AuditedClaim {
        let [positive, negative] = heard.seen;
        let counts = self.screen.counts(place, column);
        let m = model.transmission;
        let measured = self.screen.regulators[place].experiments.iter().filter_map(|&experiment| {
            let rates = self.screen.rates_in(experiment, column, [-1, 1]);
            Some((self.screen.call(experiment, column)?, rates[0] + rates[1]))
        });
        let (calls, rates): (Vec<i8>, Vec<f64>) = measured.unzip();
        let log_ratio_of = |(call, base): (&i8, &f64)| match call {
            0 => (1.0 - m).ln(),
            _ => ((m + (1.0 - m) * base) / base).ln(),
        };
        let log_ratio: f64 = calls.iter().zip(&rates).map(log_ratio_of).sum();
        let weights = [log_ratio.exp() * PRIOR_UNSIGNED, 1.0 - PRIOR_UNSIGNED];
        let total = weights[0] + weights[1];
        AuditedClaim {
            verdict: if positive + negative > 0 { Verdict::Supported } else { Verdict::Silent },
            experiments: ExperimentCounts { agreeing: positive + negative, opposing: 0, silent: counts.silent },
            base_rate: Some(rates.iter().sum::<f64>() / rates.len().max(1) as f64),
            log_likelihood_ratio: log_ratio,
            posterior: [weights[0] / total, 0.0, weights[1] / total],
            ..heard
        }
    }

    /// Counts with the experiments at each place taken for experiments on another regulator.
    fn tally(&self, names: &[usize]) -> Tally {
        let mut tally = Tally::default();
        for (place, &name) in names.iter().enumerate() {
            for claim in &self.testable[name] {
                self.add(place, claim, &mut tally);
            }
        }
        tally
    }

    fn add(&self, place: usize, &Testable { column, sign }: &Testable, tally: &mut Tally) {
        for &experiment in &self.screen.regulators[place].experiments {
            let Some(call) = self.screen.call(experiment, column).filter(|_| !self.screen.is_own(experiment, column))
            else {
                continue;
            };
            let direction = self.screen.experiments[experiment].direction.value();
            tally.add(call, sign.map(|sign| sign.value() * direction));
        }
    }

    /// Counts with the targets, and their signs, exchanged among the claims.
    fn tally_exchanged(&self, regulators: &[usize], targets: &[Testable]) -> Tally {
        let mut tally = Tally::default();
        regulators.iter().zip(targets).for_each(|(&place, claim)| self.add(place, claim, &mut tally));
        tally
    }

    fn tests(&self, permutations: usize, seed: u64) -> AuditTests {
        let names: Vec<_> = (0..self.testable.len()).collect();
        let found = self.tally(&names);
        if found.tested == 0 {
            let nothing = AnchorTest { p_value: 1.0, ..AnchorTest::default() };
            return AuditTests {
                moved: nothing,
                as_claimed: nothing,
                sign: nothing,
                moved_exchanged: nothing,
                as_claimed_exchanged: nothing,
            };
        }
        let claims = self
            .testable
            .iter()
            .enumerate()
            .flat_map(|(place, claims)| claims.iter().map(move |claim| (place, *claim)));
        let measured = |&(place, claim): &(usize, Testable)| self.screen.counts(place, claim.column).measured() > 0;
        let (regulators, targets): (Vec<_>, Vec<_>) = claims.filter(measured).unzip();
        let permuted = drawn(permutations, seed ^ 0x434c_4149, |generator| {
            let mut names = names.clone();
            names.shuffle(generator);
            self.tally(&names).shares()
        });
        let exchanged = drawn(permutations, seed ^ 0x5441_5247, |generator| {
            let mut targets = targets.clone();
            targets.shuffle(generator);
            self.tally_exchanged(&regulators, &targets).shares()
        });
        let shares = found.shares();
        let test = |tested: u64, which: usize, chance: &[[f64; 3]]| compared(tested, shares[which], chance, which);
        AuditTests {
            moved: test(found.tested, 0, &permuted),
            as_claimed: test(found.signed, 1, &permuted),
            sign: test(found.signed_moved, 2, &permuted),
            moved_exchanged: test(found.tested, 0, &exchanged),
            as_claimed_exchanged: test(found.signed, 1, &exchanged),
        }
    }
}

/// Each draw has a random stream of its own, so that threads do not matter.
fn drawn(times: usize, seed: u64, draw: impl Fn(&mut ChaCha8Rng) -> [f64; 3] + Sync) -> Vec<[f64; 3]> {
    let one = |number: usize| {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(number as u64);
        draw(&mut generator)
    };
    (0..times).into_par_iter().map(one).collect()
}

fn compared(tested: u64, statistic: f64, chance: &[[f64; 3]], which: usize) -> AnchorTest {
    if tested == 0 {
        return AnchorTest { p_value: 1.0, ..AnchorTest::default() };
    }
    let as_large = chance.iter().filter(|other| other[which] >= statistic).count();
    AnchorTest {
        tested,
        statistic,
        by_chance: chance.iter().map(|other| other[which]).sum::<f64>() / chance.len().max(1) as f64,
        p_value: (1 + as_large) as f64 / (1 + chance.len()) as f64,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::biology::{Perturbation, Response, ResponseMatrix};
    use crate::progress::NoProgress;

    fn gene(index: usize) -> GeneId {
        GeneId::new(index)
    }

    fn claim(regulator: usize, target: usize, sign: Option<Sign>) -> Claim {
        Claim { regulator: Some(gene(regulator)), target: Some(gene(target)), sign }
    }

    fn audited(claims: &[Claim], perturbations: &[Perturbation], observed: &ResponseMatrix) -> ClaimAudit {
        let data = EvidenceData { perturbations, observed, sizes: None, read: observed };
        let config = EvidenceConfig { permutations: 200, ..EvidenceConfig::default() };
        audit(claims, &data, &config, &NoProgress).expect("shapes fit")
    }

    /// Ten regulators, each deleted twice, of forty genes; regulator `r` activates gene `10 + r`, and nothing else moves.
    fn screen() -> (Vec<Perturbation>, ResponseMatrix) {
        let perturbations: Vec<_> = (0..20).map(|row| Perturbation::deletion(gene(row / 2))).collect();
        let mut observed = ResponseMatrix::unmeasured(20, 40);
        for row in 0..20 {
            (10..40).for_each(|target| observed.set(row, gene(target), Some(Response::Unchanged)));
            observed.set(row, gene(10 + row / 2), Some(Response::Down));
        }
        (perturbations, observed)
    }

    use Sign::{Activation, Inhibition};

    #[test]
    fn each_claim_gets_the_verdict_that_its_experiments_give() {
        let (perturbations, observed) = screen();
        let claims = [
            claim(0, 10, Some(Activation)),
            claim(1, 11, Some(Inhibition)),
            claim(2, 30, Some(Activation)),
            claim(3, 13, None),
            claim(4, 31, None),
            claim(20, 30, Some(Activation)),
            claim(5, 6, Some(Activation)),
            claim(5, 5, None),
            Claim { regulator: None, target: Some(gene(1)), sign: None },
            claim(0, 10, Some(Activation)),
        ];
        let audit = audited(&claims, &perturbations, &observed);
        let verdicts: Vec<_> = audit.claims.iter().map(|claim| (claim.verdict, claim.untested)).collect();
        assert_eq!(
            verdicts,
            [
                (Verdict::Supported, None),
                // Where one sign in two is wrong, two experiments do not turn one.
                (Verdict::Contested, None),
                (Verdict::Silent, None),
                (Verdict::Supported, None),
                (Verdict::Silent, None),
                (Verdict::Untestable, Some(Untested::NeverPerturbed)),
                (Verdict::Untestable, Some(Untested::NotMeasured)),
                (Verdict::Untestable, Some(Untested::Itself)),
                (Verdict::Untestable, Some(Untested::UnknownRegulator)),
                (Verdict::Supported, None),
            ]
        );
        assert_eq!(audit.claims[1].seen, [2, 0], "more regulator went with more of the target, twice");
        assert_eq!(
            audit.claims.iter().map(|claim| claim.is_repeated).collect::<Vec<_>>(),
            [vec![false; 9], vec![true]].concat()
        );
        // Five different pairs of two measured responses each; six of ten moved.
        assert_eq!((audit.tests.moved.tested, audit.transmission.entries), (10, 10));
        assert!((audit.tests.moved.statistic - 0.6).abs() < 1e-12);
    }

    #[test]
    fn among_claims_whose_signs_are_right_two_experiments_contradict_one_that_is_not() {
        let (perturbations, observed) = screen();
        let sign = |regulator| if regulator == 4 { Inhibition } else { Activation };
        let claims: Vec<_> = (0..10).map(|gene| claim(gene, 10 + gene, Some(sign(gene)))).collect();
        let audit = audited(&claims, &perturbations, &observed);
        let expected = |gene| if gene == 4 { Verdict::Contradicted } else { Verdict::Supported };
        assert!((0..10).all(|gene| audit.claims[gene].verdict == expected(gene)), "{:?}", audit.claims);
    }

    #[test]
    fn both_signs_of_a_pair_are_each_judged_and_neither_is_contradicted() {
        let (perturbations, observed) = screen();
        let audit =
            audited(&[claim(0, 10, Some(Activation)), claim(0, 10, Some(Inhibition))], &perturbations, &observed);
        let verdicts: Vec<_> = audit.claims.iter().map(|claim| (claim.verdict, claim.both_signs)).collect();
        assert_eq!(verdicts, [(Verdict::Supported, true), (Verdict::Contested, true)]);
        assert_eq!(audit.tests.sign.tested, 0, "no sign to be right");
    }

    #[test]
    fn true_claims_stand_out_from_permuted_screens_and_false_ones_do_not() {
        let (perturbations, observed) = screen();
        let right: Vec<_> = (0..10).map(|regulator| claim(regulator, 10 + regulator, Some(Activation))).collect();
        let wrong: Vec<_> =
            (0..10).map(|regulator| claim(regulator, 10 + (regulator + 1) % 10, Some(Activation))).collect();
        let (right, wrong) = (audited(&right, &perturbations, &observed), audited(&wrong, &perturbations, &observed));
        assert!(right.tests.moved.p_value < 0.01 && right.tests.as_claimed_exchanged.p_value < 0.01);
        // A permutation leaves one of ten in place on average.
        assert!((right.tests.moved.by_chance - 0.1).abs() < 0.05, "{:?}", right.tests.moved);
        assert!(wrong.tests.moved.p_value > 0.3 && wrong.tests.moved.statistic == 0.0);
        assert!(right.transmission.transmission > 0.7 && wrong.transmission.transmission < 0.1);
    }

    #[test]
    fn a_moved_target_without_a_claimed_sign_weighs_as_worked_by_hand() {
        let (perturbations, observed) = screen();
        let audit = audited(&[claim(0, 10, None)], &perturbations, &observed);
        let heard = audit.claims[0];
        let (m, b) = (audit.transmission.transmission, heard.base_rate.expect("measured"));
        assert!((heard.log_likelihood_ratio - 2.0 * ((m + (1.0 - m) * b) / b).ln()).abs() < 1e-12);
        assert_eq!(heard.posterior[1], 0.0);
    }

    proptest! {
        #[test]
        fn the_order_of_the_list_changes_no_verdict_and_no_test(seed in 0..50_u64) {
            let (perturbations, observed) = screen();
            let mut claims: Vec<_> = (0..10).flat_map(|regulator| {
                [claim(regulator, 10 + regulator, Some(Activation)), claim(regulator, 20 + regulator, None)]
            }).collect();
            let before = audited(&claims, &perturbations, &observed);
            claims.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
            let after = audited(&claims, &perturbations, &observed);
            prop_assert_eq!(before.tests, after.tests);
            for claim in &after.claims {
                prop_assert!(before.claims.contains(claim));
            }
        }
    }
}
