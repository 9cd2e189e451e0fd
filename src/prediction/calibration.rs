//! From logits to honest calls: a share of the class prior, then a temperature.

/// Logits of down, unchanged and up for one measured entry, its class, and how much it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    pub logits: [f32; 3],
    pub class: u8,
    pub weight: f32,
}

/// Least and largest temperature that is ever returned.
pub(super) const TEMPERATURES: [f64; 2] = [0.25, 4.0];

/// The temperature with the least negative log-likelihood, by golden-section search over its logarithm.
///
/// ```text
/// T* = argmin_{T ∈ [1/4, 4]}  Σ_e w_e · −log softmax(z_e / T)_{y_e}
/// ```
/// where entry `e` has logits `z_e`, class `y_e` and weight `w_e`. Dividing all logits by one number changes no most
/// probable class. 1 if there is nothing to judge by.
///
/// # Reference
/// Guo et al., On calibration of modern neural networks, ICML 2017, arXiv 1706.04599.
pub(super) fn temperature(entries: &[Judged]) -> f64 {
    if entries.is_empty() {
        return 1.0;
    }
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let [mut low, mut high] = TEMPERATURES.map(f64::ln);
    let loss = |logarithm: f64| negative_log_likelihood(entries, logarithm.exp());
    let mut inner = [high - ratio * (high - low), low + ratio * (high - low)];
    let mut losses = inner.map(loss);
    while high - low > 1e-3 {
        if losses[0] <= losses[1] {
            high = inner[1];
            inner = [high - ratio * (high - low), inner[0]];
            losses = [loss(inner[0]), losses[0]];
        } else {
            low = inner[0];
            inner = [inner[1], low + ratio * (high - low)];
            losses = [losses[1], loss(inner[1])];
        }
    }
    ((low + high) / 2.0).exp().clamp(TEMPERATURES[0], TEMPERATURES[1])
}

/// How much of the class prior, in `[0, 1]`, is to be given back to logits learnt under balanced classes.
///
/// ```text
/// κ* = argmax_{κ ∈ {0, .05, …, 1}}  macro-F1(argmax_c (z_{e,c} + κ · ln π_c), y_e)
/// ```
/// where `π` are the class shares of the training rows. `κ = 0` calls all classes alike often where nothing is known,
/// `κ = 1` undoes class weights inverse to `π` altogether. Ties go to the least; 0 if there is nothing to judge by.
///
/// # Reference
/// Menon et al., Long-tail learning via logit adjustment, ICLR 2021, arXiv 2007.07314.
pub(super) fn prior_share(entries: &[Judged], shares: [f32; 3]) -> f64 {
    let tried: [f64; 21] = std::array::from_fn(|step| step as f64 / 20.0);
    // All in one pass: the sums of one share do not wait for those of another.
    let mut tallies: [_; 21] = tried.map(|share| (prior_logits(shares, share), Tally::default()));
    for entry in entries {
        for (offsets, tally) in &mut tallies {
            tally.add(entry.call(*offsets), usize::from(entry.class), entry.weight);
        }
    }
    let mut best = (0.0, f64::NEG_INFINITY);
    for (share, (_, tally)) in tried.into_iter().zip(tallies) {
        let f1 = tally.macro_f1();
        if f1 > best.1 + 1e-12 {
            best = (share, f1);
        }
    }
    best.0
}

/// `κ · ln π_c` for each class.
pub(super) fn prior_logits(shares: [f32; 3], share: f64) -> [f32; 3] {
    shares.map(|prior| (share * f64::from(prior).ln()) as f32)
}

/// What turns the probabilities of a predictor that counts into calls: a part of the class prior taken out of them, and
/// a temperature.
///
/// ```text
/// p'_c = softmax((ln p_c − (1 − κ) ln π_c) / T)
/// ```
/// where `π` are the class shares of the training rows, `κ` is that of [`prior_share`] and `T` that of [`temperature`], both
/// chosen on entries that the probabilities `p` were not counted on. With `κ = 1`, `T = 1` nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Adjustment {
    offsets: [f32; 3],
    /// The share `κ` of the prior that is left in.
    pub prior_share: f64,
    /// The temperature `T`.
    pub temperature: f64,
    /// Macro-F1 of the adjusted calls on the entries that it was chosen on; 0 if there were none.
    pub macro_f1: f64,
}

/// The logarithms of probabilities, bounded from below.
pub(super) fn logits(probabilities: [f32; 3]) -> [f32; 3] {
    probabilities.map(|probability| probability.max(1e-6).ln())
}

impl Adjustment {
    /// An adjustment that changes nothing.
    pub const NONE: Self = Self { offsets: [0.0; 3], prior_share: 1.0, temperature: 1.0, macro_f1: 0.0 };

    /// Chooses on entries whose logits are logarithms of probabilities; [`Adjustment::NONE`] if there are none.
    pub fn choose(mut entries: Vec<Judged>, shares: [f32; 3]) -> Self {
        let untempered = Self::untempered(&mut entries, shares);
        Self { temperature: temperature(&entries), ..untempered }
    }

    /// The same but for the temperature, which takes most of the time and changes no call; adjusts the logits.
    pub fn untempered(entries: &mut [Judged], shares: [f32; 3]) -> Self {
        if entries.is_empty() {
            return Self::NONE;
        }
        let without = prior_logits(shares, -1.0);
        add_to(entries, without);
        let share = prior_share(entries, shares);
        let given_back = prior_logits(shares, share);
        let macro_f1 = macro_f1(entries, given_back);
        add_to(entries, given_back);
        let offsets = std::array::from_fn(|class| without[class] + given_back[class]);
        Self { offsets, prior_share: share, temperature: 1.0, macro_f1 }
    }

    /// The adjusted probabilities.
    pub fn apply(&self, probabilities: [f32; 3]) -> [f32; 3] {
        let logits = logits(probabilities);
        let shifted: [f32; 3] =
            std::array::from_fn(|class| (logits[class] + self.offsets[class]) / self.temperature as f32);
        let largest = shifted.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let powers = shifted.map(|logit| (logit - largest).exp());
        let total: f32 = powers.iter().sum();
        powers.map(|power| power / total)
    }
}

fn add_to(entries: &mut [Judged], offsets: [f32; 3]) {
    for entry in entries {
        entry.logits.iter_mut().zip(offsets).for_each(|(logit, offset)| *logit += offset);
    }
}

fn macro_f1(entries: &[Judged], offsets: [f32; 3]) -> f64 {
    let mut tally = Tally::default();
    for entry in entries {
        tally.add(entry.call(offsets), usize::from(entry.class), entry.weight);
    }
    tally.macro_f1()
}

/// Weights of calls, of right calls and of true entries, by class.
#[derive(Default)]
pub(super) struct Tally {
    called: [f64; 3],
    right: [f64; 3],
    support: [f64; 3],
}

impl Tally {
    /// Counts one entry.
    pub fn add(&mut self, call: usize, class: usize, weight: f32) {
        let weight = f64::from(weight);
        self.called[call] += weight;
        self.support[class] += weight;
        self.right[class] += if call == class { weight } else { 0.0 };
    }

    /// Mean F1 over all three classes; 0 for one that neither side shows.
    pub fn macro_f1(&self) -> f64 {
        let f1 =
            |class: usize| 2.0 * self.right[class] / (self.called[class] + self.support[class]).max(f64::MIN_POSITIVE);
        (f1(0) + f1(1) + f1(2)) / 3.0
    }
}

fn negative_log_likelihood(entries: &[Judged], temperature: f64) -> f64 {
    entries.iter().map(|entry| f64::from(entry.weight) * entry.loss(temperature)).sum()
}

impl Judged {
    /// The class called with these offsets on the logits.
    fn call(&self, offsets: [f32; 3]) -> usize {
        super::most_probable(std::array::from_fn(|class| self.logits[class] + offsets[class])).class()
    }

    fn loss(&self, temperature: f64) -> f64 {
        let logits = self.logits.map(|logit| f64::from(logit) / temperature);
        let largest = logits.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
        total.ln() + largest - logits[usize::from(self.class)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 entries with logits (0, z, 0)·, of which `right` are of class unchanged, the rest down and up by turns.
    fn entries(z: f32, right: usize) -> Vec<Judged> {
        let class = |entry: usize| if entry < right { 1 } else { 2 * (entry % 2) as u8 };
        (0..10).map(|entry| Judged { logits: [0.0, z, 0.0], class: class(entry), weight: 1.0 }).collect()
    }

    #[test]
    fn the_calibrated_confidence_is_the_share_of_right_calls() {
        // Right in 8 of 10: e^{z/T} / (e^{z/T} + 2) = 0.8 asks for z/T = ln 8, so T = z / ln 8.
        for z in [1.0, 3.0, 6.0_f32] {
            let wanted = f64::from(z) / 8.0_f64.ln();
            let found = temperature(&entries(z, 8));
            assert!((found / wanted - 1.0).abs() < 2e-3, "{found} against {wanted}");
        }
    }

    #[test]
    fn the_prior_is_given_back_as_far_as_it_mends_calls() {
        let shares = [0.1, 0.8, 0.1];
        let entry = |logits: [f32; 3], class: u8| Judged { logits, class, weight: 1.0 };
        // ln 8 is what the prior takes from down against unchanged. The unchanged entries lead down by 0.42 · ln 8 too
        // little, the down entry by 0.9 · ln 8 too much: any share in (0.42, 0.9) calls all of them right.
        let lead = |share: f32| [share * 8.0_f32.ln(), 0.0, -9.0];
        let entries = [entry(lead(0.42), 1), entry(lead(0.42), 1), entry(lead(0.9), 0), entry([-9.0, -9.0, 9.0], 2)];
        assert_eq!(prior_share(&entries, shares), 0.45);
        assert_eq!(prior_share(&entries[2..], shares), 0.0, "nothing to correct");
        assert_eq!(prior_share(&[], shares), 0.0);
    }

    #[test]
    fn probabilities_that_call_no_rare_class_are_adjusted_until_they_do() {
        // Down has 0.3 where it is true and 0.05 where it is not, so that unadjusted nothing but unchanged is called.
        let judged = |down: f32, class: u8| Judged { logits: logits([down, 0.99 - down, 0.01]), class, weight: 1.0 };
        let entries = vec![judged(0.3, 0), judged(0.05, 1), judged(0.05, 1), judged(0.05, 1)];
        let adjustment = Adjustment::choose(entries, [0.25, 0.74, 0.01]);
        let called = |down: f32| super::super::most_probable(adjustment.apply([down, 0.99 - down, 0.01])).class();
        assert_eq!((called(0.3), called(0.05)), (0, 1));
        assert!((adjustment.macro_f1 - 2.0 / 3.0).abs() < 1e-12, "up never occurs: {}", adjustment.macro_f1);
        let unchanged = Adjustment::NONE.apply([0.3, 0.6, 0.1]);
        assert!(unchanged.iter().zip([0.3, 0.6, 0.1]).all(|(found, given)| (found - given).abs() < 1e-6));
    }

    #[test]
    fn a_temperature_never_leaves_its_range() {
        let hopeless = temperature(&entries(5.0, 0));
        let perfect = temperature(&entries(5.0, 10));
        assert!((TEMPERATURES[1] - 0.01..=TEMPERATURES[1]).contains(&hopeless));
        assert!((TEMPERATURES[0]..=TEMPERATURES[0] + 0.01).contains(&perfect));
        assert_eq!(temperature(&[]), 1.0);
    }
}
