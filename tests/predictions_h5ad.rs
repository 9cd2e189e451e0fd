//! Predictions in AnnData files: they say what the same predictions in a table say, means are taken and controls subtracted,
//! and bad files are refused with a remedy. What `compare` predicts goes out as such files and comes in again.

mod common;

use std::fs;
use std::io::Read as _;
use std::path::Path;

use aligned::biology::{Direction, GeneTable, ResponseValues};
use aligned::datasets::h5ad::{CellOptions, PredictedRows, PredictionsFile, read_cell_predictions};
use aligned::datasets::{Predictions, PredictionsReport, ReadOptions, read_predictions};
use aligned::progress::NoProgress;
use assert_cmd::Command;
use common::{Impatient, says};
use rust_hdf5::H5File;

/// Predictions row by row: names of the rows, what is perturbed in them if a column says so, genes, values.
#[derive(Clone)]
struct File {
    rows: Vec<String>,
    perturbations: Option<Vec<String>>,
    genes: Vec<&'static str>,
    values: Vec<f32>,
    sparse: bool,
}

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(|&text| text.to_owned()).collect()
}

impl File {
    /// One row for each perturbation, changes against control; gene `entX` is nobody's.
    fn plain() -> Self {
        Self {
            rows: texts(&["0", "1"]),
            perturbations: Some(texts(&["fur+ctrl", "crp+soxS"])),
            genes: vec!["entC", "lacZ", "entX"],
            values: vec![1.5, -0.25, 9.0, 0.0, 0.5, 9.0],
            sparse: false,
        }
    }

    fn write(&self, path: &Path) {
        let file = H5File::create(path).expect("a file");
        let obs = file.create_group("obs").expect("obs");
        obs.set_attr_string("_index", "_index").expect("an attribute");
        let names: Vec<_> = self.rows.iter().map(String::as_str).collect();
        obs.write_vlen_strings("_index", &names).expect("rows");
        if let Some(perturbations) = &self.perturbations {
            let labels: Vec<_> = perturbations.iter().map(String::as_str).collect();
            obs.write_vlen_strings("perturbation", &labels).expect("labels");
        }
        let var = file.create_group("var").expect("var");
        var.set_attr_string("_index", "_index").expect("an attribute");
        var.write_vlen_strings("_index", &self.genes).expect("genes");
        let shape = [self.rows.len(), self.genes.len()];
        if self.sparse {
            self.write_sparse(&file);
        } else {
            let x = file.new_dataset::<f32>().shape(shape).create("X").expect("X");
            x.write_raw(&self.values).expect("values");
        }
        let layers = file.create_group("layers").expect("layers");
        let doubled: Vec<f64> = self.values.iter().map(|&value| 2.0 * f64::from(value)).collect();
        let layer = layers.new_dataset::<f64>().shape(shape).create("doubled").expect("a layer");
        layer.write_raw(&doubled).expect("values");
        file.close().expect("room");
    }

    fn write_sparse(&self, file: &H5File) {
        let x = file.create_group("X").expect("X");
        x.set_attr_string("encoding-type", "csr_matrix").expect("an attribute");
        let (mut starts, mut across, mut values) = (vec![0_i64], Vec::<i32>::new(), Vec::<f32>::new());
        for row in self.values.chunks(self.genes.len()) {
            for (gene, &value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                across.push(gene as i32);
                values.push(value);
            }
            starts.push(values.len() as i64);
        }
        let array = x.new_dataset::<i64>().shape([starts.len()]).create("indptr");
        array.and_then(|array| array.write_raw(&starts)).expect("starts");
        let array = x.new_dataset::<i32>().shape([across.len()]).create("indices");
        array.and_then(|array| array.write_raw(&across)).expect("genes");
        let array = x.new_dataset::<f32>().shape([values.len()]).create("data");
        array.and_then(|array| array.write_raw(&values)).expect("values");
    }

    fn read(&self, options: &CellOptions) -> Result<(Predictions, PredictionsReport), String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("p.h5ad");
        self.write(&path);
        let read = read_cell_predictions(&path, options, Direction::Deletion, &genes(), &NoProgress);
        read.map(|read| read.expect("not stopped")).map_err(|error| error.to_string())
    }
}

fn genes() -> GeneTable {
    let mut genes = GeneTable::new();
    for symbol in ["fur", "crp", "soxS", "entC", "lacZ"] {
        genes.intern(symbol);
    }
    genes
}

fn labels(predictions: &Predictions) -> Vec<String> {
    predictions.perturbations.iter().map(|perturbation| perturbation.label(&genes())).collect()
}

fn values(of: &ResponseValues, row: usize) -> [Option<f32>; 2] {
    ["entC", "lacZ"].map(|gene| of.get(row, genes().id(gene).expect("known")))
}

#[test]
fn an_annotated_matrix_says_what_the_same_table_says() {
    let table = "perturbation,entC,lacZ,entX\nfur+ctrl,1.5,-0.25,9\ncrp+soxS,0,0.5,9\n";
    let (expected, told) =
        read_predictions(table.as_bytes(), "p.csv", &ReadOptions::default(), &genes()).expect("a table");
    for sparse in [false, true] {
        let (read, report) = File { sparse, ..File::plain() }.read(&CellOptions::default()).expect("predictions");
        assert_eq!(read, expected);
        assert_eq!((report.kept, report.perturbations, report.gene_names), (told.kept, 2, told.gene_names));
        assert_eq!(report.foreign_genes[0].nearest, told.foreign_genes[0].nearest);
        says(&report.to_string(), &["2 of 3 gene names known", "entX (row 2; did you mean entC?)", "taken as changes"]);
    }
    // Without a column the rows may bear the names; a layer holds twice as much.
    let by_index = File { rows: texts(&["fur", "crp_soxS"]), perturbations: None, ..File::plain() };
    assert_eq!(by_index.read(&CellOptions::default()).expect("predictions").0, expected);
    let layer = CellOptions { layer: Some("doubled".to_owned()), ..CellOptions::default() };
    assert_eq!(values(&by_index.read(&layer).expect("a layer").0.values, 0), [Some(3.0), Some(-0.5)]);
}

#[test]
fn cells_of_one_perturbation_are_averaged_and_the_mean_of_the_controls_is_subtracted() {
    let mut file = File {
        rows: (0..6).map(|cell| format!("cell{cell}")).collect(),
        perturbations: Some(texts(&["control", "fur-", "crp+", "fur+ctrl", "non-targeting", "FOXP3"])),
        genes: vec!["entC", "lacZ"],
        values: vec![1.0, 2.0, 5.0, 0.0, 2.0, 3.0, 6.0, 1.0, 2.0, 4.0, 7.0, 7.0],
        sparse: true,
    };
    let (read, report) = file.read(&CellOptions::default()).expect("cells");
    // Controls: (1 + 2)/2 and (2 + 4)/2; fur: (5 + 6)/2 and (0 + 1)/2; crp: 2 and 3.
    assert_eq!(labels(&read), ["fur-", "crp+"]);
    assert_eq!((values(&read.values, 0), values(&read.values, 1)), ([Some(4.0), Some(-2.5)], [Some(0.5), Some(0.0)]));
    assert_eq!((report.controls, report.foreign_perturbations.as_slice()), (2, &["FOXP3".to_owned()][..]));
    says(&report.to_string(), &["3 rows averaged", "the mean of 2 control rows subtracted", "`FOXP3`"]);

    // Named, only those are controls; the others are a perturbation of nothing known.
    let wild = CellOptions { control: Some("WT".to_owned()), ..CellOptions::default() };
    says(&file.read(&wild).expect_err("no such row"), &["no value `WT`", "--control"]);
    file.perturbations = Some(texts(&["WT", "fur", "WT+crp", "fur", "WT", "FOXP3"]));
    let (read, _) = file.read(&wild).expect("cells");
    assert_eq!((labels(&read), values(&read.values, 1)), (texts(&["fur-", "crp-"]), [Some(0.5), Some(0.0)]));
}

#[test]
fn expression_without_controls_is_suspected() {
    let file = File { values: vec![1.0; 6], ..File::plain() };
    let (_, report) = file.read(&CellOptions::default()).expect("predictions");
    says(&report.to_string(), &["none is below 0", "--control"]);
}

#[test]
fn what_cannot_be_used_is_refused_by_key_row_and_remedy() {
    let none = CellOptions::default();
    let foreign = File { genes: vec!["entD1", "entX", "Y"], ..File::plain() };
    says(&foreign.read(&none).expect_err("genes"), &["p.h5ad: none of its 3 gene names", "did you mean", "--gene-key"]);
    let foreign = File { perturbations: Some(texts(&["FOXP3", "TP53"])), ..File::plain() };
    says(
        &foreign.read(&none).expect_err("perturbations"),
        &["none of the 2 perturbations in obs column `perturbation`", "`FOXP3`, `TP53`", "--perturbation-key"],
    );
    let cells = File { perturbations: None, ..File::plain() };
    says(&cells.read(&none).expect_err("no key"), &["obs has no column of a usual name", "--perturbation-key"]);
    let key = CellOptions { perturbation_key: Some("perturbatoin".to_owned()), ..CellOptions::default() };
    says(&File::plain().read(&key).expect_err("key"), &["no column `perturbatoin` (did you mean `perturbation`?)"]);
    let layer = CellOptions { layer: Some("duobled".to_owned()), ..CellOptions::default() };
    says(&File::plain().read(&layer).expect_err("layer"), &["no layer `duobled` (did you mean `doubled`?)"]);
    let both_ways = File { perturbations: Some(texts(&["crp", "fur-,fur+"])), ..File::plain() };
    says(&both_ways.read(&none).expect_err("both ways"), &["obs column `perturbation`, row 1", "fur"]);
    let mut infinite = File::plain();
    infinite.values[3] = f32::INFINITY;
    says(&infinite.read(&none).expect_err("inf"), &["X, cell on row 1 of obs, gene `entC`: the value is inf"]);
    // Nobody uses what is predicted of a gene that is not known.
    infinite.values.swap(3, 5);
    assert!(infinite.read(&none).is_ok());
    let mut known = genes();
    known.insert(aligned::biology::Gene::named("entC").with_alias("b0593"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("p.h5ad");
    File { genes: vec!["entC", "lacZ", "b0593"], ..File::plain() }.write(&path);
    let twice = read_cell_predictions(&path, &none, Direction::Deletion, &known, &NoProgress);
    says(&twice.expect_err("one gene").to_string(), &["`entC` on row 0 of var and `b0593` on row 2", "keep one"]);
}

#[test]
fn no_file_however_damaged_ends_in_more_than_a_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("p.h5ad");
    File { sparse: true, ..File::plain() }.write(&path);
    let bytes = fs::read(&path).expect("the file");
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("room");
        read_cell_predictions(&path, &CellOptions::default(), Direction::Deletion, &genes(), &NoProgress)
    };
    for length in [8, 100, bytes.len() / 2, bytes.len() - 1] {
        says(&read(&bytes[..length]).expect_err("cut short").to_string(), &["p.h5ad: ", "cut short or damaged"]);
    }
    for step in 0..150_usize {
        let mut changed = bytes.clone();
        changed[(step * 7919) % bytes.len()] ^= 1 << (step % 8);
        let _ = read(&changed);
    }
}

#[test]
fn reading_that_is_told_to_stop_hands_nothing_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("p.h5ad");
    File::plain().write(&path);
    let read = read_cell_predictions(&path, &CellOptions::default(), Direction::Deletion, &genes(), &Impatient);
    assert_eq!(read.expect("no error"), None);
}

fn aligned(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("aligned").expect("the binary is built").current_dir(folder).args(arguments).assert()
}

/// Four regulators of one gene each, all deleted once, and what `gears` predicts of them.
fn bench() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let regulators = ["regA", "regB", "regC", "regD"];
    let mut data = String::from("perturbation,gene,response\n");
    let mut file = File {
        rows: Vec::new(),
        perturbations: Some(texts(&regulators)),
        genes: vec!["t0", "t1", "t2", "t3"],
        values: Vec::new(),
        sparse: false,
    };
    for (index, regulator) in regulators.iter().enumerate() {
        let sign = if index % 2 == 0 { -1_i8 } else { 1 };
        let response = |target: usize| if target == index { sign } else { 0 };
        (0..4).for_each(|target| data.push_str(&format!("{regulator},t{target},{}\n", response(target))));
        file.rows.push(format!("r{index}"));
        file.values.extend((0..4).map(|target| f32::from(response(target)) * 2.0 + 0.01 * target as f32));
    }
    file.write(&folder.path().join("gears.h5ad"));
    let knowledge = "regulator\ttarget\tsign\nregA\tt0\t+\nregB\tt1\t-\nregC\tt2\t+\nregD\tt3\t-\n";
    let quick = "[run]\nrounds = 1\n[run.neural]\nmax_epochs = 3\n[run.refinement]\nsimulations = 0\nbootstraps = 0\n";
    for (name, text) in [
        ("table.tsv", knowledge),
        ("data.csv", data.as_str()),
        ("gears.csv", "pert,gene,value\n"),
        ("quick.toml", quick),
    ] {
        fs::write(folder.path().join(name), text).expect("room");
    }
    let import = ["import", "table", "table.tsv", "--regulator", "regulator", "--target", "target", "--sign", "sign"];
    aligned(folder.path(), &[&import[..], &["--out", "kb.ttl"]].concat()).success();
    folder
}

fn compare(folder: &Path, more: &[&str]) -> assert_cmd::assert::Assert {
    let common = ["compare", "--kb", "kb.ttl", "--data", "data.csv", "--config", "quick.toml", "--splits", "k-fold"];
    aligned(folder, &[&common[..], &["--folds", "2", "--resamples", "50", "--predictors"], more].concat())
}

#[test]
fn the_command_takes_them_where_it_takes_a_table_and_says_what_it_made_of_them() {
    let folder = bench();
    let run = |more: &[&str]| compare(folder.path(), &[&["mean"], more].concat());
    let done = run(&["--external", "gears=gears.h5ad", "--perturbation-key", "perturbation", "--out", "e"]).success();
    says(&String::from_utf8_lossy(&done.get_output().stdout), &["| external:gears"]);
    let json = fs::read_to_string(folder.path().join("e/evaluation.json")).expect("written");
    says(&json, &["16 predicted values read, 16 kept", "4 of 4 experiments are predicted", "taken as changes"]);
    says(&json, &["predictions (perturbations in `perturbation`)"]);
    let told = |assert: assert_cmd::assert::Assert| {
        let told = String::from_utf8_lossy(&assert.failure().get_output().stderr).into_owned();
        told.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
    };
    says(&told(run(&["--external", "gears=gears.csv", "--layer", "x"])), &["--layer x", "no --external"]);
    // Another layer is another prediction: what was kept of this one does not stand for it.
    says(&told(run(&["--external", "gears=gears.h5ad", "--layer", "doubled", "--out", "e"])), &["other inputs"]);
    let bytes = fs::read(folder.path().join("gears.h5ad")).expect("the file");
    fs::write(folder.path().join("cut.h5ad"), &bytes[..bytes.len() / 2]).expect("room");
    says(&told(run(&["--external", "gears=cut.h5ad"])), &["cut.h5ad", "cut short"]);
    fs::write(folder.path().join("text.h5ad"), "pert,gene,value\n").expect("room");
    says(&told(run(&["--external", "gears=text.h5ad"])), &["text.h5ad is not an HDF5 file"]);
}

/// The lines of `predictions.csv.gz` without the header, field by field.
fn lines(folder: &Path) -> Vec<Vec<String>> {
    let mut text = String::new();
    let file = fs::File::open(folder.join("predictions.csv.gz")).expect("written");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    let mut lines = text.lines();
    let header = "split,seed,fold,method,experiment,perturbation,gene,down,unchanged,up,response,observed";
    assert_eq!(lines.next(), Some(header));
    lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

const PREDICTED: [&str; 4] = ["mean", "knowledge", "external-gears", "aligned-external-gears"];

fn matrices(folder: &Path) -> Vec<Vec<u8>> {
    PREDICTED.iter().map(|name| fs::read(folder.join(format!("predictions/{name}.h5ad"))).expect(name)).collect()
}

#[test]
fn what_is_predicted_comes_out_as_a_table_and_as_matrices_that_are_read_again() {
    let folder = bench();
    let run = |more: &[&str]| {
        let all = ["knowledge,mean", "--external", "gears=gears.h5ad", "--seeds", "2"];
        compare(folder.path(), &[&all[..], more].concat()).success();
    };
    run(&["--keep-predictions", "--out", "e"]);
    let out = folder.path().join("e");
    let lines = lines(&out);
    // Methods, seeds, experiments, genes.
    assert_eq!(lines.len(), 4 * 2 * 4 * 4);
    let mut known = GeneTable::new();
    ["regA", "regB", "regC", "regD", "t0", "t1", "t2", "t3"].iter().for_each(|gene| {
        known.intern(gene);
    });
    for (name, method) in PREDICTED.iter().zip(["mean", "knowledge", "external:gears", "aligned-external:gears"]) {
        let path = out.join(format!("predictions/{name}.h5ad"));
        let read = read_cell_predictions(&path, &CellOptions::default(), Direction::Deletion, &known, &NoProgress)
            .expect(name);
        let (predictions, report) = read.expect("not stopped");
        assert_eq!((report.perturbations, report.kept, report.cells.expect("cells").rows), (4, 16, 8));
        for (row, perturbation) in predictions.perturbations.iter().enumerate() {
            for gene in ["t0", "t1", "t2", "t3"] {
                let of_entry =
                    |line: &&Vec<String>| line[3] == method && line[5] == perturbation.label(&known) && line[6] == gene;
                let number = |text: &String| text.parse::<f32>().expect("a number");
                let said: Vec<f32> = lines
                    .iter()
                    .filter(of_entry)
                    .map(|line| {
                        if line[7].is_empty() {
                            return number(&line[10]);
                        }
                        assert!((number(&line[7]) + number(&line[8]) + number(&line[9]) - 1.0).abs() < 1e-5);
                        number(&line[9]) - number(&line[7])
                    })
                    .collect();
                let found = predictions.values.get(row, known.id(gene).expect("known")).expect("predicted");
                assert!((found - (said[0] + said[1]) / 2.0).abs() < 1e-6, "{name} {gene}: {found} {said:?}");
            }
        }
    }
    // The knowledge says what is so: regA activates t0.
    let line = lines.iter().find(|line| line[3] == "knowledge" && line[5] == "regA-" && line[6] == "t0");
    assert_eq!(line.expect("predicted")[7..], ["", "", "", "-1", "-1"].map(str::to_owned));

    let first = matrices(&out);
    fs::remove_file(out.join("cells/k-fold.43.0.mean.f32.gz")).expect("kept");
    run(&["--keep-predictions", "--out", "e"]);
    assert!(matrices(&out) == first, "taken up again, one cell of it predicted again");
    run(&["--out", "late", "--threads", "1"]);
    run(&["--keep-predictions", "--out", "late", "--threads", "1"]);
    assert!(matrices(&folder.path().join("late")) == first, "scored first, predicted again afterwards, on one thread");
}

/// Rows of perturbations of nothing in particular.
fn rows(count: usize) -> PredictedRows {
    let named = |name: &str| (0..count).map(|row| format!("{name}{row}")).collect::<Vec<_>>();
    PredictedRows {
        perturbations: named("reg"),
        experiments: named("e"),
        splits: named("s"),
        seeds: vec![1; count],
        folds: vec![1; count],
    }
}

#[test]
fn rows_that_do_not_fit_are_refused_and_so_is_a_file_that_lacks_some() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("p.h5ad");
    let mut file = PredictionsFile::create(&path, &["A", "B"], &rows(2), false).expect("a file");
    assert!(file.probabilities(&[[0.2, 0.5, 0.3]; 2]).is_err(), "probabilities among responses");
    assert!(file.responses(&[1.0]).is_err(), "a gene too few");
    file.responses(&[1.0, -1.0]).expect("a row");
    let message = file.finish().expect_err("a row is missing").to_string();
    assert!(message.contains("p.h5ad") && message.contains("row 1 of 2"), "{message}");
    let mut file = PredictionsFile::create(&path, &["A", "B"], &rows(1), true).expect("a file");
    assert!(file.responses(&[1.0, 0.0]).is_err(), "responses among probabilities");
    assert!(file.probabilities(&[[0.2, 0.5, 0.3]; 3]).is_err(), "a gene too many");
    file.probabilities(&[[0.2, 0.5, 0.3]; 2]).expect("a row");
    assert!(file.probabilities(&[[0.2, 0.5, 0.3]; 2]).is_err(), "a row too many");
    file.finish().expect("room");
}
