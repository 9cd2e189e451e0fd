use std::collections::HashMap;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::biology::{GeneId, GeneTable, Regulation, Sign};
use crate::symbolic::BooleanModel;

/// Genes and network from a list such as `A -> B, C -| B`.
fn network(text: &str) -> (GeneTable, RegulatoryNetwork) {
    let mut genes = GeneTable::new();
    let edges: Vec<_> = text.split(", ").map(|edge| edge.split(' ').collect::<Vec<_>>()).collect();
    let regulations: Vec<_> = edges
        .iter()
        .map(|edge| {
            let sign = if edge[1] == "->" { Sign::Activation } else { Sign::Inhibition };
            Regulation::new(genes.intern(edge[0]), genes.intern(edge[2]), sign)
        })
        .collect();
    let network = RegulatoryNetwork::new(genes.len(), regulations);
    (genes, network)
}

fn simulator(text: &str, rules: &str) -> (GeneTable, SynchronousNetwork) {
    let (genes, network) = network(text);
    let rules = BooleanModel::parse(rules.as_bytes(), "rules.bnet").expect("rules").rules(&genes).expect("rules");
    let simulator = SynchronousNetwork::new(&network, rules, DynamicsConfig::default()).expect("a valid config");
    (genes, simulator)
}

fn responses(edges: &str, rules: &str, perturbation: &str) -> HashMap<String, Response> {
    let (genes, simulator) = simulator(edges, rules);
    let perturbation = Perturbation::parse(perturbation, Direction::Deletion, &genes).expect("a perturbation");
    let row = simulator.simulate(&[perturbation]);
    genes.iter().map(|(id, gene)| (gene.symbol.clone(), row.get(0, id).expect("every entry is filled"))).collect()
}

#[test]
fn deleting_an_activator_lowers_its_target() {
    assert_eq!(responses("CRP -> LACZ", "", "CRP-")["LACZ"], Response::Down);
}

#[test]
fn deleting_an_inhibitor_raises_its_target() {
    let response = responses("LEXA -| RECA", "", "LEXA-");
    assert_eq!(response["RECA"], Response::Up);
    assert_eq!(response["LEXA"], Response::Down, "a perturbed gene shows the perturbation");
}

#[test]
fn overexpressing_does_the_opposite_of_deleting() {
    let response = responses("A -> B, C -| D", "", "A+,C+");
    assert_eq!((response["B"], response["D"]), (Response::Up, Response::Down));
}

#[test]
fn an_inhibitor_wins_over_an_activator() {
    let response = responses("A -> T, I -| T", "", "I+");
    assert_eq!(response["T"], Response::Down);
    assert_eq!(responses("A -> T, I -| T", "", "A+,I+")["T"], Response::Down);
}

#[test]
fn a_second_activator_buffers_the_loss_of_the_first_only_in_part() {
    // Without perturbation T is on in three of four states of (A, B), without A in two of four.
    let (genes, simulator) = simulator("A -> T, B -> T", "");
    let target = genes.id("T").expect("T");
    let deletion = Perturbation::deletion(genes.id("A").expect("A"));
    let change = simulator.respond(&deletion).changes[target.index()];
    assert!((-0.4..-0.1).contains(&change), "{change}");
}

#[test]
fn a_gene_upstream_or_aside_does_not_respond() {
    let response = responses("U -> A, A -> B, X -> Y", "", "A-");
    for gene in ["U", "X", "Y"] {
        assert_eq!(response[gene], Response::Unchanged, "{gene}");
    }
}

#[test]
fn a_regulator_of_both_signs_moves_nothing() {
    let response = responses("araC -> araB, araC -| araB, crp -> araB, araC -> araE", "", "araC-");
    assert_eq!((response["araB"], response["araE"]), (Response::Unchanged, Response::Down));
}

#[test]
fn self_regulation_alone_neither_flickers_nor_responds() {
    let (genes, simulator) = simulator("A -| A, A -> B", "");
    let activity = simulator.unperturbed();
    assert_eq!((activity.longest_period, activity.unsettled), (1, 0));
    assert_eq!(activity.means[genes.id("A").expect("A").index()], activity.means[genes.id("B").expect("B").index()]);
}

#[test]
fn breaking_the_repressilator_freezes_its_other_genes() {
    // tetR ⊣ cI ⊣ lacI ⊣ tetR. All six mixed states form one cycle of period 6, the two uniform ones a cycle of period 2:
    // each gene is on half of the time. Without tetR, cI is on for good and lacI off for good.
    let edges = "tetR -| cI, cI -| lacI, lacI -| tetR";
    let (_, intact) = simulator(edges, "");
    assert_eq!(intact.unperturbed().longest_period, 6);
    assert_eq!(intact.unperturbed().means, [0.5; 3]);
    let response = responses(edges, "", "tetR-");
    assert_eq!((response["cI"], response["lacI"]), (Response::Up, Response::Down));
}

#[test]
fn a_toggle_switch_is_decided_by_the_clamp() {
    let response = responses("gata1 -| pu1, pu1 -| gata1", "", "gata1-");
    assert_eq!(response["pu1"], Response::Up);
}

#[test]
fn a_complex_needs_both_of_its_parts_where_a_rule_says_so() {
    let edges = "flhD -> fliA, flhC -> fliA";
    let by_default = responses(edges, "", "flhC-,flhD+");
    let by_rule = responses(edges, "fliA, flhD & flhC", "flhC-,flhD+");
    assert_eq!(by_default["fliA"], Response::Up);
    assert_eq!(by_rule["fliA"], Response::Down);
}

#[test]
fn a_gene_held_on_by_its_rule_answers_to_nothing() {
    assert_eq!(responses("A -> B", "B, 1", "A-")["B"], Response::Unchanged);
}

#[test]
fn settings_outside_their_range_are_refused_by_name() {
    let (_, network) = network("A -> B");
    for (config, name) in [
        (DynamicsConfig { states: 0, ..DynamicsConfig::default() }, "states"),
        (DynamicsConfig { max_steps: 0, ..DynamicsConfig::default() }, "max_steps"),
        (DynamicsConfig { dead_zone: 1.0, ..DynamicsConfig::default() }, "dead_zone"),
        (DynamicsConfig { dead_zone: f64::NAN, ..DynamicsConfig::default() }, "dead_zone"),
    ] {
        let error = SynchronousNetwork::new(&network, UpdateRules::none(), config).expect_err(name);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn rules_of_another_gene_table_are_refused() {
    let (_, network) = network("A -> B");
    let model = BooleanModel::parse(b"C, D & E", "rules.bnet").expect("a model");
    let mut genes = GeneTable::new();
    for symbol in ["A", "B", "C", "D", "E"] {
        genes.intern(symbol);
    }
    let rules = model.rules(&genes).expect("rules");
    assert!(SynchronousNetwork::new(&network, rules, DynamicsConfig::default()).is_err());
}

#[test]
fn a_lane_out_of_steps_is_unsettled_and_still_averaged_by_its_window() {
    // Three rings of three, four and five genes: the whole repeats after up to 60 steps, each gene within its own ring.
    let ring = |size: usize, name: char| {
        (0..size).map(move |gene| format!("{name}{gene} -> {name}{}", (gene + 1) % size)).collect::<Vec<_>>()
    };
    let edges = [ring(3, 'a'), ring(4, 'b'), ring(5, 'c')].concat().join(", ");
    let (_, network) = network(&edges);
    let run = |max_steps| {
        let config = DynamicsConfig { max_steps, ..DynamicsConfig::default() };
        SynchronousNetwork::new(&network, UpdateRules::none(), config).expect("a valid config").unperturbed
    };
    let (settled, unsettled) = (run(1024), run(8));
    assert_eq!((settled.unsettled, settled.longest_period), (0, 60));
    assert!(unsettled.unsettled > 0);
    for (exact, windowed) in settled.means.iter().zip(&unsettled.means) {
        assert!((exact - windowed).abs() < 1e-12, "840 is a multiple of 3, 4 and 5: {exact} {windowed}");
    }
}

/// One state of a network in plain Booleans, by the words of the default rule.
fn plain_step(network: &RegulatoryNetwork, state: &[bool], clamps: &[(usize, u64)]) -> Vec<bool> {
    let next = (0..network.n_genes()).map(|gene| {
        if let Some((_, word)) = clamps.iter().find(|(clamped, _)| *clamped == gene) {
            return *word != 0;
        }
        let edges = network.regulators_of(GeneId::new(gene));
        let signs_of = |regulator| edges.iter().filter(|edge| edge.gene == regulator).count();
        let others: Vec<_> =
            edges.iter().filter(|edge| edge.gene.index() != gene && signs_of(edge.gene) == 1).collect();
        let activators: Vec<_> = others.iter().filter(|edge| edge.sign == Sign::Activation).collect();
        let inhibitors: Vec<_> = others.iter().filter(|edge| edge.sign == Sign::Inhibition).collect();
        if others.is_empty() {
            return state[gene];
        }
        let activated = activators.is_empty() || activators.iter().any(|edge| state[edge.gene.index()]);
        activated && !inhibitors.iter().any(|edge| state[edge.gene.index()])
    });
    next.collect()
}

/// All states from `state` on until the first repeat, and where the repeat begins.
fn plain_trajectory(
    network: &RegulatoryNetwork,
    mut state: Vec<bool>,
    clamps: &[(usize, u64)],
) -> (Vec<Vec<bool>>, usize) {
    for &(gene, word) in clamps {
        state[gene] = word != 0;
    }
    let mut seen: Vec<Vec<bool>> = Vec::new();
    loop {
        if let Some(start) = seen.iter().position(|earlier| *earlier == state) {
            return (seen, start);
        }
        seen.push(state.clone());
        state = plain_step(network, &state, clamps);
    }
}

fn networks() -> impl Strategy<Value = RegulatoryNetwork> {
    (2..9_usize).prop_flat_map(|n| {
        let edge = (0..n, 0..n, any::<bool>());
        proptest::collection::vec(edge, 0..3 * n).prop_map(move |edges| {
            let regulations = edges.into_iter().map(|(regulator, target, activates)| {
                let sign = if activates { Sign::Activation } else { Sign::Inhibition };
                Regulation::new(GeneId::new(regulator), GeneId::new(target), sign)
            });
            RegulatoryNetwork::new(n, regulations)
        })
    })
}

proptest! {
    #[test]
    fn sixty_four_states_at_once_agree_with_one_after_the_other(
        network in networks(),
        seed in any::<u64>(),
        states in 1..130_usize,
        clamp in proptest::option::of((0..2_usize, any::<bool>())),
    ) {
        let config = DynamicsConfig { states, seed, ..DynamicsConfig::default() };
        let simulator = SynchronousNetwork::new(&network, UpdateRules::none(), config).expect("a valid config");
        let clamps: Vec<_> = clamp.into_iter().map(|(gene, on)| (gene, if on { u64::MAX } else { 0 })).collect();
        let activity = simulator.activity(&clamps);

        let mut means = vec![0.0; network.n_genes()];
        let mut longest = 0;
        for index in 0..states {
            let words = simulator.initial_states(index / LANES);
            let state: Vec<_> = words.iter().map(|word| word >> (index % LANES) & 1 == 1).collect();
            let (trajectory, start) = plain_trajectory(&network, state, &clamps);
            let attractor = &trajectory[start..];
            longest = longest.max(attractor.len());
            for (gene, mean) in means.iter_mut().enumerate() {
                let on = attractor.iter().filter(|state| state[gene]).count();
                *mean += on as f64 / attractor.len() as f64 / states as f64;
            }
        }
        prop_assert_eq!(activity.longest_period, longest);
        prop_assert_eq!(activity.unsettled, 0);
        for (fast, plain) in activity.means.iter().zip(&means) {
            prop_assert!((fast - plain).abs() < 1e-12, "{} {}", fast, plain);
        }
    }

    #[test]
    fn an_attractor_is_found_within_three_times_transient_or_period(network in networks(), seed in any::<u64>()) {
        let config = DynamicsConfig { seed, ..DynamicsConfig::default() };
        let simulator = SynchronousNetwork::new(&network, UpdateRules::none(), config).expect("a valid config");
        let words = simulator.initial_states(0);
        let mut bound = 0;
        for lane in 0..LANES {
            let state = words.iter().map(|word| word >> lane & 1 == 1).collect();
            let (trajectory, start) = plain_trajectory(&network, state, &[]);
            bound = bound.max(3 * start.max(trajectory.len() - start));
        }
        let periods = Trajectory::new(&simulator.table, words, &[]).settle(u64::MAX, bound);
        prop_assert_eq!(periods.settled(), LANES);
    }

    #[test]
    fn a_gene_out_of_reach_of_the_perturbation_never_responds(network in networks(), seed in any::<u64>()) {
        let config = DynamicsConfig { seed, dead_zone: 0.0, ..DynamicsConfig::default() };
        let simulator = SynchronousNetwork::new(&network, UpdateRules::none(), config).expect("a valid config");
        let perturbed = GeneId::new(0);
        let reached = crate::network::topology::descendants(&network, perturbed);
        let responses = simulator.respond(&Perturbation::deletion(perturbed)).responses;
        for gene in (1..network.n_genes()).map(GeneId::new).filter(|gene| !reached.contains(gene)) {
            prop_assert_eq!(responses[gene.index()], Response::Unchanged);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_rows_on_any_number_of_threads(network in networks(), seed in any::<u64>()) {
        let config = DynamicsConfig { seed, states: 70, ..DynamicsConfig::default() };
        let perturbations: Vec<_> = (0..network.n_genes()).map(GeneId::new).map(Perturbation::deletion).collect();
        let rows = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let simulator = SynchronousNetwork::new(&network, UpdateRules::none(), config).expect("a config");
                simulator.respond_all(&perturbations)
            })
        };
        prop_assert_eq!(rows(1), rows(3));
    }
}

/// The initial states of `block` when all `2ⁿ` states of n genes are counted through: bit `g` of a state is gene `g`.
fn counted_states(n_genes: usize, block: usize) -> Vec<u64> {
    let bit = |gene: usize, lane: usize| (((block * LANES + lane) >> gene) & 1) as u64;
    (0..n_genes).map(|gene| (0..LANES).fold(0, |word, lane| word | bit(gene, lane) << lane)).collect()
}

fn lane_of(state: &[u64], lane: usize) -> usize {
    state.iter().enumerate().fold(0, |code, (gene, word)| code | ((word >> lane & 1) as usize) << gene)
}

#[test]
fn the_published_synchronous_attractors_of_an_apoptosis_model_are_found() {
    let folder = Path::new("../shared/data/boolean_models/pyboolnet");
    if !folder.is_dir() {
        eprintln!("skipped: {} is missing", folder.display());
        return;
    }
    let read = |file: &str| std::fs::read(folder.join(file)).expect(file);
    let model = BooleanModel::parse(&read("tournier_apoptosis.bnet"), "tournier_apoptosis.bnet").expect("a model");
    let genes = model.genes();
    let rules = model.rules(&genes).expect("rules");
    let table = UpdateTable::new(&RegulatoryNetwork::new(genes.len(), []), &rules).expect("a table");

    let mut on_attractor = HashMap::new();
    for block in 0..(1 << genes.len()) / LANES {
        let mut trajectory = Trajectory::new(&table, counted_states(genes.len(), block), &[]);
        let periods = trajectory.settle(u64::MAX, 1 << 13);
        assert_eq!(periods.settled(), LANES, "4,096 states leave room for no longer wait");
        for (window, lanes) in periods.windows(u64::MAX) {
            for lane in (0..LANES).filter(|lane| lanes >> lane & 1 == 1) {
                on_attractor.insert(lane_of(&trajectory.state, lane), window);
            }
        }
    }

    let published: serde_json::Value =
        serde_json::from_slice(&read("tournier_apoptosis_attrs_sync.json")).expect("JSON");
    let attractors = published["attractors"].as_array().expect("a list");
    let mut steady = 0;
    for attractor in attractors {
        let dict = attractor["state"]["dict"].as_object().expect("a state");
        let code = dict.iter().fold(0, |code, (name, on)| {
            code | (on.as_u64().expect("0 or 1") as usize) << genes.id(name).expect(name).index()
        });
        if attractor["is_steady"] == true {
            assert_eq!(on_attractor.get(&code), Some(&1), "steady state {code:012b}");
            steady += 1;
        } else {
            let states = std::iter::successors(Some(code), |&code| Some(plain_successor(&table, code)));
            let period = 1 + states.skip(1).position(|next| next == code).expect("the state lies on a cycle");
            let found = std::iter::successors(Some(code), |&code| Some(plain_successor(&table, code)))
                .take(period)
                .find_map(|code| on_attractor.get(&code));
            assert_eq!(found, Some(&(period as u32)), "cycle through {code:012b}");
        }
    }
    assert_eq!(on_attractor.values().filter(|&&period| period == 1).count(), steady, "no other steady state");
}

fn plain_successor(table: &UpdateTable, code: usize) -> usize {
    let state: Vec<_> = (0..table.n_genes()).map(|gene| (code >> gene & 1) as u64).collect();
    let mut next = state.clone();
    table.step(&state, &mut next, &mut Vec::new());
    lane_of(&next, 0)
}
