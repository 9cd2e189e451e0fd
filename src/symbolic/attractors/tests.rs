use std::collections::BTreeSet;

use proptest::prelude::*;

use super::percolation::least_trap_space;
use super::*;
use crate::biology::{GeneId, Perturbation, Regulation, Sign};
use crate::network::RegulatoryNetwork;
use crate::progress::NoProgress;
use crate::symbolic::{BooleanModel, UpdateRules};

fn model(text: &str) -> BooleanNetwork {
    perturbed(text, None)
}

fn perturbed(text: &str, perturbation: Option<&str>) -> BooleanNetwork {
    let model = BooleanModel::parse(text.as_bytes(), "m.bnet").expect("a model");
    let genes = model.genes();
    let clamps = perturbation
        .map(|text| Perturbation::parse(text, crate::biology::Direction::Deletion, &genes).expect("a perturbation"));
    let none = RegulatoryNetwork::new(genes.len(), []);
    BooleanNetwork::new(&none, &model.rules(&genes).expect("rules"), DefaultRule::default(), clamps.as_ref())
        .expect("small rules")
}

fn regulated(regulations: &[(usize, usize, Sign)], n_genes: usize, rule: DefaultRule) -> BooleanNetwork {
    let regulations = regulations.iter().map(|&(a, b, sign)| Regulation::new(GeneId::new(a), GeneId::new(b), sign));
    let network = RegulatoryNetwork::new(n_genes, regulations.collect::<Vec<_>>());
    BooleanNetwork::new(&network, &UpdateRules::none(), rule, None).expect("default rules")
}

fn found(network: &BooleanNetwork, update: Update) -> Attractors {
    let config = AttractorConfig { update, states: Some(200), max: 5_000, ..AttractorConfig::default() };
    attractors(network, &config, &NoProgress).expect("a valid config")
}

fn spaces(network: &BooleanNetwork, update: Update) -> Vec<String> {
    found(network, update).listed.iter().map(|attractor| attractor.space.text()).collect()
}

#[test]
fn a_positive_loop_of_two_genes_remembers_both_states() {
    let network = model("a, b\nb, a");
    assert_eq!(spaces(&network, Update::Mp), ["00", "11"]);
    assert_eq!(spaces(&network, Update::Async), ["00", "11"]);
    // Updated together, the states 01 and 10 chase each other.
    assert_eq!(spaces(&network, Update::Sync), ["00", "11", "**"]);
}

#[test]
fn a_negative_loop_of_two_genes_never_rests() {
    let network = model("a, !b\nb, a");
    for update in [Update::Sync, Update::Async, Update::Mp] {
        let found = found(&network, update);
        assert_eq!((found.listed.len(), found.listed[0].states.as_str()), (1, "4"), "{update:?}");
        assert_eq!(found.fixed_points, Number::exactly(0));
    }
}

#[test]
fn a_toggle_switch_has_two_states_which_runs_reach_equally_often() {
    let found = found(&model("gata1, !pu1\npu1, !gata1"), Update::Mp);
    for attractor in &found.listed {
        let basin = attractor.basin.expect("200 runs");
        assert!(basin.low < 0.5 && basin.high > 0.5, "{basin:?}");
    }
    assert_eq!((found.basin_states, found.unsettled), (200, 0));
}

#[test]
fn a_toggle_switch_is_decided_by_a_clamp() {
    assert_eq!(spaces(&perturbed("gata1, !pu1\npu1, !gata1", Some("gata1-")), Update::Mp), ["01"]);
    assert_eq!(spaces(&perturbed("gata1, !pu1\npu1, !gata1", Some("gata1+")), Update::Async), ["10"]);
}

#[test]
fn a_name_without_a_rule_is_an_input_and_keeps_its_value() {
    assert_eq!(spaces(&model("a, signal"), Update::Mp), ["00", "11"]);
    assert_eq!(spaces(&model("a, signal\nsignal, signal"), Update::Sync), ["00", "11"]);
}

#[test]
fn the_repressilator_cycles_through_six_states_at_once_and_through_all_but_two_one_by_one() {
    let network = model("tetR, !lacI\ncI, !tetR\nlacI, !cI");
    let together = found(&network, Update::Sync);
    let periods: Vec<_> = together.listed.iter().map(|cycle| (cycle.states.as_str(), cycle.cycle.len())).collect();
    assert_eq!(periods, [("2", 2), ("6", 6)]);
    assert_eq!(together.listed[1].basin, Some(Share::exact(6, 8)));
    let one_by_one = found(&network, Update::Async);
    assert_eq!(one_by_one.listed[0].states, "6");
    assert_eq!(spaces(&network, Update::Mp), ["***"]);
}

#[test]
fn threshold_and_majority_keep_a_gene_on_a_tie() {
    use Sign::{Activation, Inhibition};
    let edges = [(0, 2, Activation), (1, 2, Inhibition)];
    // A and I off or both on: T keeps its value. Otherwise it follows.
    let expected = ["000", "001", "010", "101", "110", "111"];
    assert_eq!(spaces(&regulated(&edges, 3, DefaultRule::Threshold), Update::Sync), expected);
    // By majority, an inhibitor that is off speaks for the gene: the same here.
    assert_eq!(spaces(&regulated(&edges, 3, DefaultRule::Majority), Update::Sync), expected);
    assert_eq!(spaces(&regulated(&edges, 3, DefaultRule::InhibitorWins), Update::Sync), ["000", "010", "101", "110"]);
}

#[test]
fn a_list_cut_by_its_limit_says_so() {
    let network = model("a, a\nb, b\nc, c");
    let config = AttractorConfig { max: 3, ..AttractorConfig::default() };
    let cut = attractors(&network, &config, &NoProgress).expect("valid");
    assert_eq!((cut.listed.len(), cut.completeness.clone()), (3, Completeness::Limit(3)));
    assert_eq!(cut.all, Number::at_least(3));
    let counted = AttractorConfig { count: true, ..config };
    let counted = attractors(&network, &counted, &NoProgress).expect("valid");
    assert_eq!((counted.fixed_points, counted.all), (Number::exactly(8), Number::exactly(8)));
}

#[test]
fn without_time_the_answer_is_not_complete_and_not_certified() {
    let network = model("a, !b\nb, a");
    for update in [Update::Sync, Update::Async, Update::Mp] {
        let config = AttractorConfig { update, seconds: Some(0.0), ..AttractorConfig::default() };
        let found = attractors(&network, &config, &NoProgress).expect("valid");
        assert!(!found.completeness.is_complete(), "{update:?}");
        assert!(found.listed.iter().all(|attractor| !attractor.is_certified), "{update:?}");
        assert!(found.completeness.to_string().contains("time limit of 0 s"), "{}", found.completeness);
    }
}

#[test]
fn a_certificate_holds_a_formula_and_the_proof_that_it_has_no_solution() {
    let config = AttractorConfig { keeps_proof: true, ..AttractorConfig::default() };
    let found = attractors(&model("a, !b\nb, a"), &config, &NoProgress).expect("valid");
    let certificate = found.certificate.expect("a proof");
    assert!(certificate.formula.starts_with("p cnf 4 "), "{}", certificate.formula);
    assert!(String::from_utf8(certificate.proof).expect("text").ends_with("0\n"));
}

#[test]
fn settings_outside_their_ranges_are_refused() {
    let network = model("a, a");
    for config in [
        AttractorConfig { max: 0, ..AttractorConfig::default() },
        AttractorConfig { seconds: Some(-1.0), ..AttractorConfig::default() },
        AttractorConfig { seconds: Some(f64::NAN), ..AttractorConfig::default() },
    ] {
        assert!(attractors(&network, &config, &NoProgress).is_err(), "{config:?}");
    }
}

#[test]
fn a_rule_of_many_mixed_inputs_is_refused_and_one_of_many_unate_inputs_is_not() {
    let names: Vec<String> = (0..18).map(|at| format!("g{at}")).collect();
    let mixed = format!("t, (g0 & !g1) | (!g0 & g1) | ({})", names.join(" & "));
    let parsed = BooleanModel::parse(mixed.as_bytes(), "m.bnet").expect("a model");
    let genes = parsed.genes();
    let none = RegulatoryNetwork::new(genes.len(), []);
    let rules = parsed.rules(&genes).expect("rules");
    let refused = BooleanNetwork::new(&none, &rules, DefaultRule::default(), None);
    assert!(matches!(refused, Err(AttractorError::TooMixed { inputs: 18, .. })));
    let unate = model(&format!("t, {}", names.join(" & ")));
    assert_eq!(unate.n_genes(), 19);
}

#[test]
fn a_rule_nested_as_deep_as_can_be_is_read() {
    let deep = 50_000;
    let nested = format!("{}a{}", "b & (c | (".repeat(deep), "))".repeat(deep));
    assert_eq!(model(&format!("t, {nested}")).n_genes(), 4);
}

// The slow plain reference: every state, by the rules as text.

struct Plain {
    n_genes: usize,
    rules: Vec<crate::symbolic::Expression<GeneId>>,
}

impl Plain {
    fn of(text: &str) -> Self {
        let model = BooleanModel::parse(text.as_bytes(), "m.bnet").expect("a model");
        let genes = model.genes();
        let rules = model.rules(&genes).expect("rules");
        Self { n_genes: genes.len(), rules: rules.iter().map(|(_, rule)| rule.clone()).collect() }
    }

    fn states(&self) -> std::ops::Range<usize> {
        0..1 << self.n_genes
    }

    fn value(&self, gene: usize, state: usize) -> bool {
        self.rules[gene].evaluate(|gene| (state as u64 >> gene.index() & 1).wrapping_neg(), &mut Vec::new()) & 1 == 1
    }

    fn together(&self, state: usize) -> usize {
        (0..self.n_genes).fold(0, |next, gene| next | usize::from(self.value(gene, state)) << gene)
    }

    fn one_by_one(&self, state: usize) -> Vec<usize> {
        let next = self.together(state);
        (0..self.n_genes).filter(|gene| (state ^ next) >> gene & 1 == 1).map(|gene| state ^ 1 << gene).collect()
    }

    /// Terminal strongly connected components: sets that all their states reach, and nothing else.
    fn terminal(&self, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<BTreeSet<usize>> {
        let reached: Vec<BTreeSet<usize>> = self
            .states()
            .map(|start| {
                let (mut reached, mut waiting) = (BTreeSet::from([start]), vec![start]);
                while let Some(state) = waiting.pop() {
                    waiting.extend(next(state).into_iter().filter(|&state| reached.insert(state)));
                }
                reached
            })
            .collect();
        let is_terminal = |set: &&BTreeSet<usize>| set.iter().all(|&state| reached[state] == **set);
        reached.iter().filter(is_terminal).cloned().collect()
    }

    fn hull(&self, states: &BTreeSet<usize>) -> String {
        let of_gene = |gene: usize| {
            let values: BTreeSet<bool> = states.iter().map(|state| state >> gene & 1 == 1).collect();
            mark(if values.len() == 1 { values.first().copied() } else { None })
        };
        (0..self.n_genes).map(of_gene).collect()
    }

    fn minimal_trap_spaces(&self) -> BTreeSet<String> {
        let spaces = (0..3_usize.pow(self.n_genes as u32)).map(|mut code| {
            let mut space = Vec::new();
            for _ in 0..self.n_genes {
                space.push([Some(false), Some(true), None][code % 3]);
                code /= 3;
            }
            space
        });
        let inside = |space: &[Option<bool>], state: usize| {
            space.iter().enumerate().all(|(gene, value)| value.is_none_or(|value| (state >> gene & 1 == 1) == value))
        };
        let is_trap = |space: &Vec<Option<bool>>| {
            self.states().filter(|&state| inside(space, state)).all(|state| inside(space, self.together(state)))
        };
        let traps: Vec<_> = spaces.filter(is_trap).collect();
        let is_smaller = |a: &Vec<Option<bool>>, b: &Vec<Option<bool>>| {
            a != b && a.iter().zip(b).all(|(a, b)| b.is_none() || a == b)
        };
        let minimal = traps.iter().filter(|space| !traps.iter().any(|other| is_smaller(other, space)));
        minimal.map(|space| space.iter().map(|&value| mark(value)).collect()).collect()
    }
}

/// Rules of `n` genes over up to four inputs each, unate and not.
fn rules(most: usize) -> impl Strategy<Value = String> {
    (2..=most).prop_flat_map(|n| {
        let literal =
            (0..n, any::<bool>()).prop_map(|(gene, plain)| format!("{}g{gene}", if plain { "" } else { "!" }));
        let rule = literal.prop_recursive(3, 6, 2, |inner| {
            (inner.clone(), inner, prop_oneof![Just("&"), Just("|")])
                .prop_map(|(left, right, operator)| format!("({left} {operator} {right})"))
        });
        let rule = prop_oneof![9 => rule, 1 => prop_oneof![Just("0".to_owned()), Just("1".to_owned())]];
        proptest::collection::vec(rule, n).prop_map(|rules| {
            let lines = rules.iter().enumerate().map(|(gene, rule)| format!("g{gene}, {rule}\n"));
            lines.collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn synchronous_attractors_and_basins_are_those_of_all_states(text in rules(8)) {
        let (plain, network) = (Plain::of(&text), model(&text));
        let expected = plain.terminal(|state| vec![plain.together(state)]);
        let found = found(&network, Update::Sync);
        let hulls: Vec<String> = found.listed.iter().map(|attractor| attractor.space.text()).collect();
        let mut sizes: Vec<(String, String)> =
            expected.iter().map(|set| (plain.hull(set), set.len().to_string())).collect();
        sizes.sort();
        let mut told: Vec<_> = hulls.into_iter().zip(found.listed.iter().map(|a| a.states.clone())).collect();
        told.sort();
        prop_assert_eq!(told, sizes);
        let shares: f64 = found.listed.iter().filter_map(|attractor| attractor.basin).map(|basin| basin.share).sum();
        prop_assert!((shares - 1.0).abs() < 1e-9);
        let fixed = plain.states().filter(|&state| plain.together(state) == state).count();
        prop_assert_eq!(found.fixed_points, Number::exactly(fixed));
    }

    #[test]
    fn asynchronous_attractors_are_the_terminal_components(text in rules(7)) {
        let (plain, network) = (Plain::of(&text), model(&text));
        let mut expected: Vec<_> = plain
            .terminal(|state| plain.one_by_one(state))
            .iter()
            .map(|set| (plain.hull(set), set.len().to_string()))
            .collect();
        expected.sort();
        let found = found(&network, Update::Async);
        prop_assert!(found.completeness.is_complete());
        let mut told: Vec<_> =
            found.listed.iter().map(|attractor| (attractor.space.text(), attractor.states.clone())).collect();
        told.sort();
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn minimal_trap_spaces_are_those_of_all_subspaces(text in rules(6)) {
        let (plain, network) = (Plain::of(&text), model(&text));
        let listed: BTreeSet<String> = spaces(&network, Update::Mp).into_iter().collect();
        prop_assert_eq!(&listed, &plain.minimal_trap_spaces());
        let config = AttractorConfig { count: true, ..AttractorConfig::default() };
        let counted = attractors(&network, &config, &NoProgress).expect("valid");
        prop_assert_eq!(counted.all, Number::exactly(listed.len()));
        prop_assert_eq!(counted.fixed_points, Number::exactly(listed.iter().filter(|s| !s.contains('*')).count()));
    }

    #[test]
    fn default_rules_agree_with_their_words(
        edges in proptest::collection::vec((0..5_usize, 0..5_usize, any::<bool>()), 1..14),
        rule in prop_oneof![Just(DefaultRule::InhibitorWins), Just(DefaultRule::Threshold), Just(DefaultRule::Majority)],
    ) {
        let sign = |plus| if plus { Sign::Activation } else { Sign::Inhibition };
        let edges: Vec<_> = edges.into_iter().map(|(a, b, plus)| (a, b, sign(plus))).collect();
        let network = regulated(&edges, 5, rule);
        for state in 0..32_usize {
            let values: Vec<bool> = (0..5).map(|gene| state >> gene & 1 == 1).collect();
            let space = Subspace::of_state(&values);
            for gene in 0..5 {
                let expected = by_words(&edges, gene, &values, rule);
                prop_assert!(network.circuit.can_become(gene, expected, &space));
                prop_assert!(!network.circuit.can_become(gene, !expected, &space));
            }
        }
        // Three ways to the same trap spaces: solver, counting with diagrams, and from all states.
        let found = found(&network, Update::Mp);
        let config = AttractorConfig { count: true, ..AttractorConfig::default() };
        prop_assert_eq!(found.all, attractors(&network, &config, &NoProgress).expect("valid").all);
        prop_assert_eq!(found.fixed_points, self::found(&network, Update::Sync).fixed_points);
    }

    #[test]
    fn the_least_trap_space_is_closed_and_no_gene_is_free_without_need(text in rules(7), seed in any::<u64>()) {
        let network = model(&text);
        let state: Vec<bool> = (0..network.n_genes()).map(|gene| seed >> gene & 1 == 1).collect();
        let space = least_trap_space(&network.circuit, &Subspace::of_state(&state));
        let mut plain = Subspace::of_state(&state);
        loop {
            let before = plain.clone();
            for gene in 0..network.n_genes() {
                for value in [false, true] {
                    if network.circuit.can_become(gene, value, &plain) {
                        plain.admit(gene, value);
                    }
                }
            }
            if plain == before {
                break;
            }
        }
        prop_assert_eq!(space, plain);
    }

    #[test]
    fn the_same_seed_gives_the_same_answer_on_any_number_of_threads(text in rules(7), seed in any::<u64>()) {
        let network = model(&text);
        for update in [Update::Sync, Update::Async, Update::Mp] {
            let config = AttractorConfig { update, seed, states: Some(130), ..AttractorConfig::default() };
            let on = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| attractors(&network, &config, &NoProgress)).expect("valid")
            };
            prop_assert_eq!(on(1), on(3));
        }
    }
}

fn by_words(edges: &[(usize, usize, Sign)], target: usize, state: &[bool], rule: DefaultRule) -> bool {
    let all: BTreeSet<_> = edges.iter().filter(|edge| edge.1 == target && edge.0 != target).copied().collect();
    let decided: Vec<_> = all.iter().filter(|edge| all.iter().filter(|other| other.0 == edge.0).count() == 1).collect();
    let count = |sign: Sign, on: bool| decided.iter().filter(|edge| edge.2 == sign && state[edge.0] == on).count();
    let (up, down) = (count(Sign::Activation, true), count(Sign::Inhibition, true));
    let (up_off, down_off) = (count(Sign::Activation, false), count(Sign::Inhibition, false));
    let balance = |speaks_for: usize, against: usize| match speaks_for.cmp(&against) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => state[target],
    };
    match rule {
        _ if decided.is_empty() => state[target],
        DefaultRule::InhibitorWins => (up > 0 || up + up_off == 0) && down == 0,
        DefaultRule::Threshold => balance(up, down),
        DefaultRule::Majority => balance(up + down_off, up_off + down),
    }
}

#[test]
fn drawn_states_find_the_attractors_of_a_network_too_large_for_all() {
    // Fifteen toggle switches: 2^15 fixed points of 30 free genes.
    let text: String = (0..15).map(|at| format!("a{at}, !b{at}\nb{at}, !a{at}\n")).collect();
    let config = AttractorConfig { update: Update::Sync, states: Some(100), ..AttractorConfig::default() };
    let found = attractors(&model(&text), &config, &NoProgress).expect("valid");
    assert_eq!(found.completeness, Completeness::Sampled { free: 30, states: 100 });
    assert_eq!((found.listed.len(), found.basin_states), (100, 100));
    assert!(found.all.is_at_least);
}
