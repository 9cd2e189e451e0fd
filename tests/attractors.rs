//! Attractors of published models, from files that are not part of the repository; without them these tests are skipped.
//!
//! What is expected: for `grieco_mapk` and `tournier_apoptosis` the attractors in the JSON files of PyBoolNet, which says of
//! them itself that they may not be complete; for all models, that two independent methods agree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aligned::biology::GeneTable;
use aligned::network::RegulatoryNetwork;
use aligned::progress::NoProgress;
use aligned::symbolic::{
    AttractorConfig, Attractors, BooleanModel, BooleanNetwork, DefaultRule, Number, Update, attractors,
};

#[expect(clippy::print_stderr, reason = "a test that is skipped should say so")]
fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/boolean_models");
    if !folder.is_dir() {
        eprintln!("skipped: {} is missing", folder.display());
        return None;
    }
    Some(folder)
}

fn read(path: &Path) -> (GeneTable, BooleanNetwork) {
    let model = BooleanModel::parse(&std::fs::read(path).expect("a file"), &path.display().to_string());
    let model = model.expect("rules");
    let genes = model.genes();
    let none = RegulatoryNetwork::new(genes.len(), []);
    let rules = model.rules(&genes).expect("all names are genes");
    let network = BooleanNetwork::new(&none, &rules, DefaultRule::default(), None);
    (genes, network.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn found(network: &BooleanNetwork, config: &AttractorConfig) -> Attractors {
    let config = AttractorConfig { states: Some(0), seconds: None, ..config.clone() };
    attractors(network, &config, &NoProgress).expect("a valid config")
}

/// The states and subspaces in a JSON file of PyBoolNet, as text over `genes`.
fn published(path: &Path, genes: &GeneTable) -> Vec<(bool, String)> {
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
    let attractor = |entry: &serde_json::Value| {
        let is_steady = entry["is_steady"] == true;
        let part = if is_steady { &entry["state"] } else { &entry["min_trap_space"] };
        let values = part["dict"].as_object().expect("values by gene");
        let value = |symbol: &str| values.get(symbol).and_then(serde_json::Value::as_u64);
        let mark = |symbol: &str| value(symbol).map_or('*', |value| if value == 1 { '1' } else { '0' });
        (is_steady, genes.iter().map(|(_, gene)| mark(&gene.symbol)).collect())
    };
    json["attractors"].as_array().expect("a list").iter().map(attractor).collect()
}

#[test]
fn tournier_has_four_synchronous_attractors_of_which_the_published_list_has_three() {
    let Some(folder) = folder() else { return };
    let (genes, network) = read(&folder.join("pyboolnet/tournier_apoptosis.bnet"));
    let found = found(&network, &AttractorConfig { update: Update::Sync, ..AttractorConfig::default() });
    let sizes: Vec<&str> = found.listed.iter().map(|attractor| attractor.states.as_str()).collect();
    assert_eq!(sizes, ["1", "1", "5", "7"]);
    let published = published(&folder.join("pyboolnet/tournier_apoptosis_attrs_sync.json"), &genes);
    assert_eq!(published.len(), 3);
    let states: BTreeSet<String> = found.listed.iter().map(|attractor| attractor.space.text()).collect();
    assert!(published.iter().filter(|(is_steady, _)| *is_steady).all(|(_, state)| states.contains(state)));
}

#[test]
fn the_published_asynchronous_attractors_are_found() {
    let Some(folder) = folder() else { return };
    for model in ["tournier_apoptosis", "grieco_mapk"] {
        let (genes, network) = read(&folder.join(format!("pyboolnet/{model}.bnet")));
        let config = AttractorConfig { max: 1_000, ..AttractorConfig::default() };
        let listed = |update| {
            let found = found(&network, &AttractorConfig { update, ..config.clone() });
            assert!(found.completeness.is_complete(), "{model}");
            found.listed.iter().map(|attractor| attractor.space.text()).collect::<BTreeSet<_>>()
        };
        let (one_by_one, trap_spaces) = (listed(Update::Async), listed(Update::Mp));
        for (is_steady, space) in published(&folder.join(format!("pyboolnet/{model}_attrs_async.json")), &genes) {
            assert!(trap_spaces.contains(&space) && (!is_steady || one_by_one.contains(&space)), "{model}: {space}");
        }
    }
}

#[test]
#[ignore = "takes minutes in the profile of the tests"]
fn fixed_points_too_many_to_list_are_counted() {
    let Some(folder) = folder() else { return };
    let (_, network) = read(&folder.join("pyboolnet/jaoude_thdiff.bnet"));
    let found = found(&network, &AttractorConfig { count: true, ..AttractorConfig::default() });
    assert_eq!(found.fixed_points, Number::exactly(5_875_504));
}

#[test]
fn listed_and_counted_trap_spaces_of_the_small_models_agree() {
    let Some(folder) = folder() else { return };
    let mut compared = 0;
    for entry in std::fs::read_dir(folder.join("bnet_small")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "bnet") {
            continue;
        }
        let (_, network) = read(&path);
        let counted = found(&network, &AttractorConfig { count: true, ..AttractorConfig::default() });
        if counted.all.digits.len() > 3 {
            continue;
        }
        let listed = found(&network, &AttractorConfig { max: 1_000, ..AttractorConfig::default() });
        assert!(listed.completeness.is_complete(), "{}", path.display());
        assert_eq!((listed.all, listed.fixed_points), (counted.all, counted.fixed_points), "{}", path.display());
        compared += 1;
    }
    assert!(compared >= 15, "{compared} models");
}
