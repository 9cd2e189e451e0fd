//! Every predictor on the embedded knock-outs, held out by folds: `cargo test --test predictors -- --ignored --nocapture`.

use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aligned::biology::GeneTable;
use aligned::datasets::{self, Dataset, FoldScheme, ReadOptions, Split};
use aligned::evaluation::{
    Cell, ComparedMethod, ComparisonMaterials, FoldRecorder, HeldOutPrediction, SeededSplits, compare,
};
use aligned::knowledge::KnowledgeBase;
use aligned::metrics::{Consistency, consistency};
use aligned::network::RegulatoryNetwork;
use aligned::pipeline::Config;
use aligned::prediction::ode::FlowConfig;
use aligned::prediction::{External, Predictor, PredictorConfig, PredictorName, TrainingData, build};
use aligned::progress::{NoProgress, Progress};

const FOLDS: usize = 5;
const SEEDS: [u64; 3] = [1, 2, 3];

fn world() -> (RegulatoryNetwork, Dataset, GeneTable) {
    let file = "knowledge/ecoli_core.ttl";
    let base = KnowledgeBase::parse(&std::fs::read(file).expect(file), file).expect("parses");
    let mut genes = base.genes().clone();
    let (dataset, _) = datasets::ecoli_knockouts(&ReadOptions::default(), &mut genes).expect("embedded");
    let network = RegulatoryNetwork::new(genes.len(), base.regulations().iter().map(|cited| cited.regulation));
    (network, dataset, genes)
}

fn ecoli() -> (RegulatoryNetwork, Dataset) {
    let (network, dataset, _) = world();
    (network, dataset)
}

/// What a predictor, fitted on one part of the data, scores on the part held out.
fn score(name: PredictorName, network: &RegulatoryNetwork, dataset: &Dataset, split: &Split, seed: u64) -> Consistency {
    score_of(name, &PredictorConfig::default(), network, dataset, split, seed)
}

fn score_of(
    name: PredictorName,
    config: &PredictorConfig,
    network: &RegulatoryNetwork,
    dataset: &Dataset,
    split: &Split,
    seed: u64,
) -> Consistency {
    let rows = [&split.train[..], &split.validation].concat();
    let learnt = dataset.select(&rows);
    let data = TrainingData {
        perturbations: &learnt.perturbations,
        responses: &learnt.observed,
        row_weights: &vec![1.0; rows.len()],
        validation: &(split.train.len()..rows.len()).collect::<Vec<_>>(),
    };
    let test = dataset.select(&split.test);
    let mut predictor = build(name, config, network, seed);
    let record = predictor.fit(&data, &NoProgress).expect("fits");
    assert!(record.chosen.values().all(|value| value.is_finite()), "{name}: {record:?}");
    let said = predictor.predict(&test.perturbations).expect("fitted").responses();
    consistency(&test.perturbations, &test.observed, &said).expect("shapes fit")
}

#[test]
#[ignore = "fits every predictor 30 times; minutes"]
fn the_table_of_predictors_on_folds_of_the_knock_outs() {
    let (network, dataset) = ecoli();
    for scheme in [FoldScheme::LeaveRegulatorsOut, FoldScheme::LeaveContrastsOut] {
        let splits: Vec<_> =
            SEEDS.iter().map(|&seed| (seed, scheme.folds(&dataset, FOLDS, 0.2, seed).expect("folds"))).collect();
        println!("{}, {FOLDS} folds, macro-F1 of all held-out rows together, seeds {SEEDS:?}", scheme.word());
        for name in PredictorName::ALL {
            let start = Instant::now();
            let scores: Vec<_> = splits
                .iter()
                .map(|(seed, splits)| {
                    let folds: Vec<_> =
                        splits.iter().map(|split| score(name, &network, &dataset, split, *seed)).collect();
                    Consistency::pooled(&folds).macro_f1
                })
                .collect();
            let seconds = start.elapsed().as_secs_f64() / (FOLDS * SEEDS.len()) as f64;
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            let each: Vec<_> = scores.iter().map(|score| format!("{score:.3}")).collect();
            println!("{name:>17}  {mean:.4}  ({})  {seconds:.2} s a fold", each.join(", "));
            assert!(mean > 0.25, "{name}: {mean}");
        }
    }
}

/// The controls of the knock-outs are at rest: steady cultures of the same strain.
#[test]
#[ignore = "fits the differential equation 480 times; minutes"]
fn the_table_of_the_steady_state_term_on_the_knock_outs() {
    let (network, dataset) = ecoli();
    for scheme in [FoldScheme::LeaveRegulatorsOut, FoldScheme::LeaveContrastsOut] {
        let splits = scheme.folds(&dataset, FOLDS, 0.2, 1).expect("folds");
        for (epochs, steady_state) in [15, 60].into_iter().flat_map(|epochs| [0.0, 0.1, 1.0, 10.0].map(|w| (epochs, w)))
        {
            let config = PredictorConfig {
                ode: FlowConfig { epochs, steady_state, ..FlowConfig::default() },
                ..Default::default()
            };
            let fold = |split| score_of(PredictorName::Ode, &config, &network, &dataset, split, 1);
            let macro_f1 = Consistency::pooled(&splits.iter().map(fold).collect::<Vec<_>>()).macro_f1;
            println!("{}, {epochs} epochs, weight {steady_state:>4}: macro-F1 {macro_f1:.4}", scheme.word());
            assert!(macro_f1 > 0.25, "{macro_f1}");
        }
    }
}

#[test]
fn what_knowledge_and_training_rows_tell_beats_calling_nothing_on_one_fold() {
    let (network, dataset) = ecoli();
    let splits = FoldScheme::LeaveContrastsOut.folds(&dataset, FOLDS, 0.2, 1).expect("folds");
    let macro_f1 = |name| score(name, &network, &dataset, &splits[0], 1).macro_f1;
    let nothing = macro_f1(PredictorName::NoChange);
    for name in [PredictorName::Neighbours, PredictorName::RidgeRegulon] {
        assert!(macro_f1(name) > nothing + 0.05, "{name}");
    }
}

/// Wants to stop once it was asked so often.
struct StopsAfter(AtomicUsize);

impl Progress for StopsAfter {
    fn begin(&self, _phase: &str, _steps: u64) {}
    fn advance(&self, _steps: u64) {}
    fn is_cancelled(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
    }
}

#[derive(Default)]
struct Kept(Vec<Cell>);

impl FoldRecorder for Kept {
    fn keep(&mut self, cell: &Cell, _predicted: Option<&HeldOutPrediction>) -> io::Result<()> {
        self.0.push(cell.clone());
        Ok(())
    }
}

#[test]
fn what_was_done_before_a_stop_is_kept_and_not_done_again() {
    let (network, dataset, genes) = world();
    let evidence = vec![0; network.n_genes()];
    let materials = ComparisonMaterials {
        network: &network,
        evidence: &evidence,
        revision_costs: None,
        dataset: &dataset,
        genes: &genes,
        external: &[],
    };
    let mut splits = FoldScheme::LeaveRegulatorsOut.folds(&dataset, FOLDS, 0.2, 1).expect("folds");
    splits.truncate(1);
    let splits = [SeededSplits { scheme: "leave-regulators-out".to_owned(), seed: 1, splits, repeats_meant: false }];
    let methods = [PredictorName::NoChange, PredictorName::Mlp].map(ComparedMethod::Predictor);
    // On one thread one method is done before the next begins.
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let compared = |done: &[Cell], kept: &mut Kept, progress: &dyn Progress| {
        let config = Config::default();
        one_thread.install(|| compare(&materials, &methods, &splits, &config, done, kept, progress)).expect("compares")
    };
    let names = |kept: &Kept| -> Vec<_> { kept.0.iter().map(|cell| cell.key.method.clone()).collect() };

    let mut kept = Kept::default();
    let stopped = compared(&[], &mut kept, &StopsAfter(AtomicUsize::new(1)));
    assert!(!stopped.finished && stopped.cells.is_empty());
    assert_eq!(names(&kept), methods[..1]);

    let mut rest = Kept::default();
    let resumed = compared(&kept.0, &mut rest, &NoProgress);
    assert_eq!(names(&rest), methods[1..]);
    let whole = compared(&[], &mut Kept::default(), &NoProgress);
    assert!(resumed.finished && whole.finished);
    for (one, other) in resumed.cells.iter().zip(&whole.cells) {
        assert_eq!((&one.key, &one.rows), (&other.key, &other.rows));
    }
}

#[test]
fn predictions_written_to_a_table_come_back_as_a_predictor_that_scores_alike() {
    let (network, dataset, genes) = world();
    let split = &FoldScheme::LeaveContrastsOut.folds(&dataset, FOLDS, 0.0, 1).expect("folds")[0];
    let (learnt, test) = (dataset.select(&split.train), dataset.select(&split.test));
    let data = TrainingData {
        perturbations: &learnt.perturbations,
        responses: &learnt.observed,
        row_weights: &vec![1.0; learnt.len()],
        validation: &[],
    };
    let mut own = build(PredictorName::Neighbours, &PredictorConfig::default(), &network, 1);
    own.fit(&data, &NoProgress).expect("fits");
    let mut asked = test.perturbations.clone();
    asked.sort();
    asked.dedup();
    let said = own.predict(&asked).expect("fitted").expected();
    let mut table = String::from("perturbation,gene,value\n");
    for (row, perturbation) in asked.iter().enumerate() {
        let label = perturbation.label(&genes).replace(',', "+");
        for gene in dataset.measured_genes() {
            let value = said.get(row, gene).expect("finite");
            writeln!(table, "{label},{},{value}", genes.symbol(gene)).expect("text");
        }
    }
    let options = ReadOptions::default();
    let (read, report) = datasets::read_predictions(table.as_bytes(), "own.csv", &options, &genes).expect("reads");
    assert_eq!((read.perturbations.len(), report.foreign_genes.len()), (asked.len(), 0));
    let mut external = External::new("own", read.perturbations, read.values).expect("rows fit");
    assert_eq!(external.coverage(&test.perturbations).predicted, test.len());
    external.fit(&data, &NoProgress).expect("fits");
    let score = |predictor: &dyn Predictor| {
        let said = predictor.predict(&test.perturbations).expect("fitted").responses();
        consistency(&test.perturbations, &test.observed, &said).expect("shapes fit").macro_f1
    };
    let (own, external) = (score(own.as_ref()), score(&external));
    assert!((own - external).abs() < 0.08, "{own} against {external}");
}
