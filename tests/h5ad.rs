//! Cells in AnnData files: all encodings are read alike, the tests agree with SciPy, bad files are refused with a remedy, and
//! what is written is read back as observations.

mod common;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aligned::biology::{Direction, GeneTable, Response};
use aligned::datasets::h5ad::{
    CellDifferential, CellFile, CellOptions, CellResponses, CellTest, Scale, cell_responses, is_hdf5,
    write_cell_responses,
};
use aligned::datasets::{self, CallThresholds, ReadOptions, Unperturbed, benjamini_hochberg};
use aligned::progress::NoProgress;
use assert_cmd::Command;
use common::{Impatient, says};
use rust_hdf5::{H5File, H5Group};

/// A file of `tests/cases/h5ad`, decompressed into a folder.
fn case(folder: &Path, name: &str) -> PathBuf {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/h5ad").join(format!("{name}.h5ad.gz"));
    let mut content = Vec::new();
    let packed = fs::File::open(packed).expect("the case");
    flate2::read::GzDecoder::new(packed).read_to_end(&mut content).expect("gzip");
    let path = folder.join(format!("{name}.h5ad"));
    fs::write(&path, content).expect("room");
    path
}

/// A file of our own: cells by label and batch, genes by name, values cell by cell.
struct Cells<'a> {
    labels: Vec<&'a str>,
    batches: Vec<i64>,
    genes: Vec<&'a str>,
    values: Vec<f32>,
}

impl Cells<'_> {
    /// Thirty cells, half of them controls, in which gene `A` is deleted and `B` rises.
    fn plain() -> Self {
        let labels: Vec<_> = (0..30).map(|cell| if cell % 2 == 0 { "control" } else { "A" }).collect();
        let value = |cell: usize, gene: usize| match (cell % 2, gene) {
            (0, 0) => (3 + cell % 3) as f32,
            (1, 0) => 0.0,
            (1, 1) => (6 + cell % 5) as f32,
            _ => (1 + (cell * 7 + gene) % 3) as f32,
        };
        let values = (0..30).flat_map(|cell| (0..3).map(move |gene| value(cell, gene))).collect();
        Self { labels, batches: (0..30).map(|cell| cell / 16).collect(), genes: vec!["A", "B", "C"], values }
    }

    fn write(&self, path: &Path) {
        self.write_at(path, "X", &|_, _| {});
    }

    /// The same with the matrix at another place, and with what `more` adds to the file and to its table of cells.
    fn write_at(&self, path: &Path, place: &str, more: &dyn Fn(&H5File, &H5Group)) {
        let file = H5File::create(path).expect("a file");
        let obs = file.create_group("obs").expect("obs");
        obs.set_attr_string("_index", "_index").expect("an attribute");
        obs.write_vlen_strings("perturbation", &self.labels).expect("labels");
        let batches = obs.new_dataset::<i64>().shape([self.batches.len()]).create("batch").expect("batches");
        batches.write_raw(&self.batches).expect("batches");
        let var = file.create_group("var").expect("var");
        var.set_attr_string("_index", "_index").expect("an attribute");
        var.write_vlen_strings("_index", &self.genes).expect("genes");
        more(&file, &obs);
        if let Some((above, _)) = place.split_once('/').filter(|(above, _)| *above != "layers") {
            let var = file.create_group(above).and_then(|raw| raw.create_group("var")).expect("genes set aside");
            var.set_attr_string("_index", "_index").expect("an attribute");
            var.write_vlen_strings("_index", &self.genes).expect("genes");
        }
        let layers = file.create_group("layers").expect("layers");
        let x = match place.split_once('/') {
            Some(("layers", name)) => layers.create_group(name),
            Some((above, name)) => file.root_group().group(above).and_then(|above| above.create_group(name)),
            None => file.create_group(place),
        };
        let x = x.expect("the matrix");
        x.set_attr_string("encoding-type", "csr_matrix").expect("an attribute");
        let (mut indptr, mut indices, mut data) = (vec![0_i64], Vec::<i32>::new(), Vec::<f32>::new());
        for row in self.values.chunks(self.genes.len()) {
            for (gene, &value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                indices.push(gene as i32);
                data.push(value);
            }
            indptr.push(data.len() as i64);
        }
        x.new_dataset::<i64>()
            .shape([indptr.len()])
            .create("indptr")
            .and_then(|d| d.write_raw(&indptr))
            .expect("starts");
        let stored = x.new_dataset::<i32>().shape([indices.len()]).chunk(&[16]).deflate(4).create("indices");
        stored.and_then(|d| d.write_raw(&indices)).expect("genes");
        let stored = x.new_dataset::<f32>().shape([data.len()]).chunk(&[16]).deflate(4).create("data");
        stored.and_then(|d| d.write_raw(&data)).expect("values");
        file.close().expect("room");
    }

    /// What is said of the file, read with default options but for the changes of `options`.
    fn refused(&self, options: &CellOptions) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cells.h5ad");
        self.write(&path);
        compared(&path, options, CellDifferential::default()).map(|_| ()).expect_err("refused")
    }
}

fn compared(
    path: &Path,
    options: &CellOptions,
    differential: CellDifferential,
) -> Result<(CellFile, CellResponses), String> {
    let cells = CellFile::open(path, options).map_err(|error| error.to_string())?;
    let survey = cells.survey(&NoProgress).map_err(|error| error.to_string())?.expect("not stopped");
    let responses = cell_responses(&cells, &survey, differential, &NoProgress).map_err(|error| error.to_string())?;
    Ok((cells, responses.expect("not stopped")))
}

fn table(cells: &CellFile, responses: &CellResponses) -> String {
    let mut out = Vec::new();
    let thresholds = CellDifferential::default().thresholds;
    write_cell_responses(cells, responses, thresholds, Direction::Overexpression, &mut out).expect("room");
    String::from_utf8(out).expect("text")
}

fn named(key: &str) -> CellOptions {
    CellOptions { perturbation_key: Some(key.to_owned()), ..CellOptions::default() }
}

#[test]
fn every_encoding_says_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let batches = CellOptions { batch_key: Some("batch".to_owned()), ..CellOptions::default() };
    for options in [CellOptions::default(), batches] {
        let tell = |name: &str, options: &CellOptions, bytes: u64| {
            let differential = CellDifferential { bytes, ..CellDifferential::default() };
            let (cells, responses) = compared(&case(folder.path(), name), options, differential).expect(name);
            table(&cells, &responses)
        };
        let plain = tell("plain", &options, 1 << 30);
        assert_eq!(plain.lines().count(), 1 + 3 * 8);
        // Also where memory allows one gene at a time.
        assert_eq!(tell("plain", &options, 0), plain);
        for name in ["dense", "by_gene", "old"] {
            assert_eq!(tell(name, &options, 1 << 30), plain, "{name}");
            assert_eq!(tell(name, &options, 0), plain, "{name}");
        }
        let layer = CellOptions { layer: Some("counts".to_owned()), ..options.clone() };
        assert_eq!(tell("layers", &layer, 1 << 30), plain);
    }
}

#[test]
fn both_tests_and_the_strata_agree_with_scipy() {
    let folder = tempfile::tempdir().expect("a folder");
    let figures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/h5ad/scipy.json");
    let figures: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(figures).expect("figures")).expect("JSON");
    let path = case(folder.path(), "layers");
    for (test, batch_key, key) in [
        (CellTest::Welch, None, "welch"),
        (CellTest::RankSum, None, "rank_sum"),
        (CellTest::RankSum, Some("batch".to_owned()), "rank_sum_in_batches"),
    ] {
        for layer in ["counts", "log"] {
            let options =
                CellOptions { batch_key: batch_key.clone(), layer: Some(layer.to_owned()), ..CellOptions::default() };
            let differential = CellDifferential { test, ..CellDifferential::default() };
            let (_, responses) = compared(&path, &options, differential).expect("figures");
            for (number, perturbed) in responses.perturbations.iter().enumerate() {
                let p = figures[perturbed.name()][key].as_array().expect("p-values");
                let p: Vec<f64> = p.iter().filter_map(serde_json::Value::as_f64).collect();
                for (gene, expected) in benjamini_hochberg(&p).into_iter().enumerate() {
                    let (_, found, _) = responses.of(number, gene, differential.thresholds);
                    assert!((found / expected - 1.0).abs() < 1e-5, "{key} {layer} {gene}: {found}, SciPy {expected}");
                }
            }
        }
    }
}

#[test]
fn names_of_one_gene_set_are_one_perturbation() {
    let folder = tempfile::tempdir().expect("a folder");
    let cells = CellFile::open(&case(folder.path(), "plain"), &CellOptions::default()).expect("cells");
    let groups = cells.groups();
    let names: Vec<_> = groups.perturbations.iter().map(|own| (own.name(), own.cells)).collect();
    let expected = [("KLF1", 14), ("KLF1+MAP2K6", 12), ("MAP2K6", 14)];
    assert_eq!(names, expected.map(|(name, cells)| (name.to_owned(), cells)));
    assert_eq!(groups.perturbations[0].labels, ["KLF1+ctrl", "ctrl+KLF1"]);
    assert_eq!(groups.perturbations[1].notation(Direction::Deletion), "KLF1-,MAP2K6-");
    assert_eq!((groups.all_controls(), &groups.control_labels[..]), (20, &["control".to_owned()][..]));
}

#[test]
fn joined_names_come_apart_where_their_parts_are_known_and_a_named_control_drops_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cells.h5ad");
    let mut cells = Cells::plain();
    cells.labels = (0..30).map(|cell| ["NT", "A_B", "A_NT", "Z_Y", "Z", "NT"][cell % 6]).collect();
    cells.write(&path);
    let options = CellOptions { control: Some("NT".to_owned()), ..CellOptions::default() };
    let groups = CellFile::open(&path, &options).expect("cells").groups().clone();
    let names: Vec<_> = groups.perturbations.iter().map(|own| own.name()).collect();
    // Nothing says that Y is a gene, so Z_Y stays one name.
    assert_eq!(names, ["A", "A+B", "Z", "Z_Y"]);
    assert_eq!(groups.all_controls(), 10);
}

#[test]
fn the_scale_is_told_and_a_scaled_matrix_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = case(folder.path(), "layers");
    let survey = |layer: Option<&str>| {
        let options = CellOptions { layer: layer.map(str::to_owned), ..CellOptions::default() };
        let cells = CellFile::open(&path, &options).map_err(|error| error.to_string())?;
        cells.survey(&NoProgress).map_err(|error| error.to_string())
    };
    let scale = |layer| survey(Some(layer)).map(|survey| survey.expect("not stopped").scale);
    assert_eq!(scale("counts"), Ok(Scale::Counts));
    assert_eq!(scale("log"), Ok(Scale::LogNormalised));
    says(&survey(None).expect_err("scaled"), &["X, cell on row 0 of obs", "negative", "--layer"]);
    says(&scale("nothing").expect_err("empty"), &["layers/nothing holds no value but 0", "`counts`, `log`, `nothing`"]);
    says(&scale("cuonts").expect_err("missing"), &["no layer `cuonts` (did you mean `counts`?)", "`log`"]);
    assert_eq!(survey(Some("counts")).expect("counts").expect("not stopped").highest, 15.0);
}

#[test]
fn values_that_are_no_expression_are_named_by_row_and_gene() {
    let with = |value: f32| {
        let mut cells = Cells::plain();
        cells.values[3 * 4 + 2] = value;
        cells.refused(&CellOptions::default())
    };
    says(&with(-1.0), &["cells.h5ad: X, cell on row 4 of obs, gene `C`: the value is -1", "counts cannot be negative"]);
    says(&with(f32::NAN), &["row 4", "gene `C`", "NaN", "filter empty cells"]);
    says(&with(f32::INFINITY), &["row 4", "inf"]);
    says(&with(1234.5), &["go up to 1234.5", "scanpy.pp.log1p", "--layer"]);
    says(&with(-0.5), &["scaled", "--layer"]);
}

#[test]
fn keys_that_are_not_there_are_answered_with_those_that_are() {
    let cells = Cells::plain();
    says(
        &cells.refused(&named("perturbatoin")),
        &["obs has no column `perturbatoin` (did you mean `perturbation`?)", "`batch`"],
    );
    let batch = CellOptions { batch_key: Some("plate".to_owned()), ..CellOptions::default() };
    says(&cells.refused(&batch), &["no column `plate`", "`batch`, `perturbation`", "--batch-key"]);
    let gene = CellOptions { gene_key: Some("symbol".to_owned()), ..CellOptions::default() };
    says(&cells.refused(&gene), &["var has no column `symbol`", "--gene-key"]);
    let layer = CellOptions { layer: Some("counts".to_owned()), ..CellOptions::default() };
    says(&cells.refused(&layer), &["no layer `counts`", "only X"]);
}

#[test]
fn cells_without_controls_are_refused_with_the_values_there_are() {
    let mut cells = Cells::plain();
    cells.labels.iter_mut().filter(|label| **label == "control").for_each(|label| *label = "K562");
    says(
        &cells.refused(&CellOptions::default()),
        &["`perturbation` has no value that usually names controls", "`K562` (15 cells)", "--control"],
    );
    let wrong = CellOptions { control: Some("K563".to_owned()), ..CellOptions::default() };
    says(&cells.refused(&wrong), &["has no value `K563` (did you mean `K562`?)", "`A` (15 cells)"]);
    let few = Cells { labels: (0..30).map(|cell| if cell < 4 { "control" } else { "A" }).collect(), ..Cells::plain() };
    says(&few.refused(&CellOptions::default()), &["only 4 control cells", "at least 10", "--min-cells"]);
    let batches = CellOptions { batch_key: Some("batch".to_owned()), ..CellOptions::default() };
    let apart = Cells { batches: (0..30).collect(), ..Cells::plain() };
    says(&apart.refused(&batches), &["only 0 control cells in batches", "--batch-key"]);
}

#[test]
fn one_cell_for_each_perturbation_is_too_few() {
    let names: Vec<String> = (0..30).map(|cell| format!("G{cell}")).collect();
    let labels = (0..30).map(|cell| if cell % 2 == 0 { "control" } else { &names[cell] }).collect();
    let cells = Cells { labels, ..Cells::plain() };
    says(
        &cells.refused(&CellOptions::default()),
        &["none of its 15 perturbations has 10 cells", "`G1` with 1", "row 1 ", "--min-cells"],
    );
}

#[test]
fn a_gene_that_stands_there_twice_is_named_with_both_rows() {
    let cells = Cells { genes: vec!["A", "B", "A"], ..Cells::plain() };
    says(&cells.refused(&CellOptions::default()), &["gene `A` stands on rows 0 and 2 of var", "var_names_make_unique"]);
    let unnamed = Cells { genes: vec!["A", "", "C"], ..Cells::plain() };
    says(&unnamed.refused(&CellOptions::default()), &["row 1 of var has no name"]);
}

#[test]
fn no_file_however_damaged_ends_in_more_than_a_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("cells.h5ad");
    Cells::plain().write(&whole);
    let bytes = fs::read(&whole).expect("the file");
    assert!(is_hdf5(&bytes) && !is_hdf5(b"perturbation,gene"));
    let damaged = folder.path().join("damaged.h5ad");
    let tell = |bytes: &[u8]| {
        fs::write(&damaged, bytes).expect("room");
        compared(&damaged, &CellOptions::default(), CellDifferential::default()).map(|_| ())
    };
    for length in [8, 100, bytes.len() / 2, bytes.len() - 1] {
        says(&tell(&bytes[..length]).expect_err("cut short"), &["damaged.h5ad: ", "cut short or damaged"]);
    }
    for step in 0..300_usize {
        let mut changed = bytes.clone();
        changed[(step * 7919) % bytes.len()] ^= 1 << (step % 8);
        let _ = tell(&changed);
    }
}

#[test]
fn perturbed_cells_without_controls_in_their_batch_are_counted_and_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cells.h5ad");
    let mut cells = Cells::plain();
    cells.batches = (0..30).map(|cell| i64::from(cell == 29)).collect();
    cells.labels[28] = "";
    cells.write(&path);
    let options = CellOptions { batch_key: Some("batch".to_owned()), ..CellOptions::default() };
    let (cells, responses) = compared(&path, &options, CellDifferential::default()).expect("cells");
    assert_eq!((cells.groups().excluded.without_controls, cells.groups().excluded.unlabelled), (1, 1));
    assert_eq!((responses.perturbations[0].cells, responses.perturbations[0].compared), (15, 14));
}

#[test]
fn the_deleted_gene_is_down_and_a_silent_gene_is_not_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cells.h5ad");
    let mut cells = Cells::plain();
    (0..30).for_each(|cell| cells.values[3 * cell + 2] = f32::from(u8::from(cell == 0)));
    cells.write(&path);
    for test in [CellTest::Welch, CellTest::RankSum] {
        let differential = CellDifferential { test, min_seen: 0.1, ..CellDifferential::default() };
        let (_, responses) = compared(&path, &CellOptions::default(), differential).expect("cells");
        let call = |gene| responses.of(0, gene, differential.thresholds).2;
        assert_eq!([call(0), call(1), call(2)], [Some(Response::Down), Some(Response::Up), None]);
        assert_eq!(responses.counts(0, differential.thresholds), [1, 0, 1, 1]);
    }
}

#[test]
fn settings_without_meaning_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = case(folder.path(), "plain");
    let base = CellDifferential::default();
    let thresholds =
        |min_log2fc, max_fdr| CellDifferential { thresholds: CallThresholds { min_log2fc, max_fdr }, ..base };
    for wrong in [
        thresholds(0.0, 0.05),
        thresholds(0.25, f64::NAN),
        CellDifferential { min_seen: f64::NAN, ..base },
        CellDifferential { min_cells: 1, ..base },
        CellDifferential { total: Some(0.0), ..base },
    ] {
        says(&compared(&path, &CellOptions::default(), wrong).map(|_| ()).expect_err("refused"), &["must be"]);
    }
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = case(folder.path(), "plain");
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let (cells, responses) =
                compared(&path, &CellOptions::default(), CellDifferential::default()).expect("cells");
            table(&cells, &responses)
        })
    };
    assert_eq!(on(1), on(5));
}

#[test]
fn work_that_is_told_to_stop_hands_nothing_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let cells = CellFile::open(&case(folder.path(), "plain"), &CellOptions::default()).expect("cells");
    assert_eq!(cells.survey(&Impatient).expect("no error"), None);
    let survey = cells.survey(&NoProgress).expect("no error").expect("not stopped");
    assert_eq!(cell_responses(&cells, &survey, CellDifferential::default(), &Impatient).expect("no error"), None);
}

fn dataset(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("aligned").expect("the binary is built").arg("dataset").args(arguments).assert()
}

#[test]
fn what_the_command_writes_is_read_as_observations() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, out) = (case(folder.path(), "plain"), folder.path().join("responses.csv.gz"));
    let (input, out_text) = (input.display().to_string(), out.display().to_string());
    let common = ["responses", &input, "--perturbation-key", "perturbation", "--batch-key", "batch"];
    dataset(&[&common[..], &["--perturbation-sign", "overexpression", "--out", &out_text]].concat()).success();
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(&out).expect("written")).read_to_end(&mut text).expect("gzip");
    let mut genes = GeneTable::new();
    let (dataset, report) =
        datasets::read(&text, "responses.csv", &ReadOptions::default(), None, &mut genes).expect("read");
    assert_eq!((dataset.len(), report.read), (3, 24));
    let labels: Vec<_> = dataset.perturbations.iter().map(|perturbation| perturbation.label(&genes)).collect();
    assert_eq!(labels, ["KLF1+", "KLF1+,MAP2K6+", "MAP2K6+"]);
    let hbg1 = genes.find("HBG1").expect("one gene").expect("known");
    assert_eq!(dataset.observed.get(0, hbg1), Some(Response::Up));
}

#[test]
fn a_summary_knows_cells_by_their_first_bytes_and_tells_calls_on_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let odd_name = folder.path().join("cells.dat");
    fs::rename(case(folder.path(), "plain"), &odd_name).expect("renamed");
    let path = odd_name.display().to_string();
    let said = |arguments: &[&str]| {
        let outcome = dataset(&[&["summary", &path], arguments].concat()).success();
        String::from_utf8_lossy(&outcome.get_output().stdout).into_owned()
    };
    says(
        &said(&["--batch-key", "batch"]),
        &["cells in X, counts", "controls             20 (control)", "MAP2K6", "two"],
    );
    let plot = folder.path().join("cells.svg").display().to_string();
    says(&said(&["--test", "welch", "--plot", &plot]), &["not called", "KLF1+MAP2K6"]);
    says(&fs::read_to_string(&plot).expect("a plot"), &["<svg", "KLF1+MAP2K6: 12 cells, "]);

    let bytes = fs::read(&path).expect("the file");
    let refused = datasets::read(&bytes, &path, &ReadOptions::default(), None, &mut GeneTable::new());
    says(&refused.map(|_| ()).expect_err("no table").to_string(), &["single cells", "aligned dataset responses"]);

    let table = folder.path().join("table.csv");
    fs::write(&table, "perturbation,gene,response\nA,B,1\n").expect("room");
    let refused = dataset(&["responses", &table.display().to_string()]).failure();
    says(&String::from_utf8_lossy(&refused.get_output().stderr), &["is not an HDF5 file"]);
}

/// A file of cells of our own, with what `more` adds, and how it is opened.
fn opened(cells: &Cells, options: &CellOptions, more: &dyn Fn(&H5File, &H5Group)) -> Result<CellFile, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cells.h5ad");
    cells.write_at(&path, "X", more);
    CellFile::open(&path, options).map_err(|error| error.to_string())
}

#[test]
fn cells_without_a_known_guide_are_neither_controls_nor_perturbed() {
    let mut cells = Cells::plain();
    cells.labels =
        (0..30).map(|cell| ["NT", "A", "non-targeting_3", "multiple", "A", "unassigned"][cell % 6]).collect();
    let groups = opened(&cells, &CellOptions::default(), &|_, _| {}).expect("cells").groups().clone();
    assert_eq!(
        groups.perturbations.iter().map(|own| (own.name(), own.cells)).collect::<Vec<_>>(),
        [("A".to_owned(), 10)]
    );
    assert_eq!((groups.all_controls(), groups.excluded.unlabelled), (10, 10));
    let told: Vec<_> = groups.unperturbed.iter().map(|own| (own.name.as_str(), own.kind, own.entries)).collect();
    let expected = [
        ("NT", Unperturbed::Control, 5),
        ("non-targeting_3", Unperturbed::Control, 5),
        ("multiple", Unperturbed::Missing, 5),
        ("unassigned", Unperturbed::Missing, 5),
    ];
    assert_eq!(told, expected);
}

#[test]
fn guides_against_one_gene_are_one_perturbation_of_cells() {
    let mut cells = Cells::plain();
    cells.labels = (0..30).map(|cell| ["NTC", "sgA-1", "A_g2", "B KO", "NTC", "OE_C"][cell % 6]).collect();
    let groups = opened(&cells, &CellOptions::default(), &|_, _| {}).expect("cells").groups().clone();
    let named: Vec<_> = groups.perturbations.iter().map(|own| (own.notation(Direction::Deletion), own.cells)).collect();
    assert_eq!(named, [("A-".to_owned(), 10), ("B-".to_owned(), 5), ("C+".to_owned(), 5)]);
}

#[test]
fn a_column_that_tells_only_whether_cells_are_perturbed_gives_way_or_is_refused() {
    let mut cells = Cells::plain();
    let targets: Vec<_> = (0..30).map(|cell| if cell % 2 == 0 { "NT" } else { "A" }).collect();
    cells.labels = (0..30).map(|cell| if cell % 2 == 0 { "NT" } else { "Perturbed" }).collect();
    let with_targets = |_: &H5File, obs: &H5Group| {
        obs.write_vlen_strings("gene_target", &targets).expect("targets");
    };
    let file = opened(&cells, &CellOptions::default(), &with_targets).expect("cells");
    assert_eq!(file.groups().perturbations[0].name(), "A");
    says(&file.warnings().join("\n"), &["`perturbation` names no measured gene", "taken from `gene_target`"]);
    says(&file.notes().join("\n"), &["taken from obs column `gene_target`"]);
    let refused = opened(&cells, &CellOptions::default(), &|_, _| {}).err().expect("no gene");
    says(&refused, &["`perturbation` holds", "`Perturbed`", "no genes", "`batch`", "--perturbation-key"]);
}

#[test]
fn what_was_done_is_read_off_the_table_of_cells() {
    let done: Vec<_> = (0..30).map(|cell| if cell % 2 == 0 { "NA" } else { "CRISPRa" }).collect();
    let with_done = |_: &H5File, obs: &H5Group| {
        obs.write_vlen_strings("perturbation_type", &done).expect("types");
    };
    let file = opened(&Cells::plain(), &CellOptions::default(), &with_done).expect("cells");
    assert_eq!(file.groups().perturbations[0].notation(Direction::Deletion), "A+");
    assert_eq!(file.overexpressed_by(), Some("perturbation_type"));
    let plain = opened(&Cells::plain(), &CellOptions::default(), &|_, _| {}).expect("cells");
    assert_eq!(
        (plain.groups().perturbations[0].notation(Direction::Deletion).as_str(), plain.overexpressed_by()),
        ("A-", None)
    );
}

#[test]
fn batches_that_nobody_named_are_told() {
    let told =
        |options: &CellOptions| opened(&Cells::plain(), options, &|_, _| {}).expect("cells").warnings().join("\n");
    says(&told(&CellOptions::default()), &["controls of all batches", "`batch` (2 values)"]);
    assert!(told(&CellOptions { batch_key: Some("batch".to_owned()), ..CellOptions::default() }).is_empty());
}

/// Log2 fold changes of the three genes in the cells of `A`, with the values of the plain file turned by `scale`.
fn fold_changes(scale: impl Fn(f32) -> f32, base: Option<i64>) -> Vec<f64> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cells.h5ad");
    let mut cells = Cells::plain();
    cells.values.iter_mut().for_each(|value| *value = scale(*value));
    cells.write_at(&path, "X", &|file, _| {
        let Some(base) = base else { return };
        let log1p = file.create_group("uns").and_then(|uns| uns.create_group("log1p")).expect("uns");
        log1p.new_dataset::<i64>().scalar().create("base").and_then(|d| d.write_raw(&[base])).expect("a base");
    });
    let (_, responses) = compared(&path, &CellOptions::default(), CellDifferential::default()).expect("cells");
    (0..3).map(|gene| responses.of(0, gene, CellDifferential::default().thresholds).0).collect()
}

#[test]
fn logarithms_of_any_base_say_the_same() {
    let natural = fold_changes(|count| (1.5 * count).ln_1p(), None);
    for (base, logarithm) in [(2, 2_f32), (10, 10.0)] {
        let other = fold_changes(|count| (1.5 * count).ln_1p() / logarithm.ln(), Some(base));
        for (one, other) in natural.iter().zip(&other) {
            assert!((one - other).abs() < 1e-5, "base {base}: {one}, {other}");
        }
    }
    // By hand: gene A holds ln(1 + 1.5 n) of n = 3, 5, 4 and again in the controls and 0 elsewhere.
    let mean = [3.0_f64, 4.0, 5.0].iter().map(|count| (1.5 * count).ln_1p()).sum::<f64>() / 3.0;
    assert!((natural[0] + mean / std::f64::consts::LN_2).abs() < 1e-6, "{}", natural[0]);
}

#[test]
fn the_matrix_that_was_set_aside_and_lone_layers_are_named_and_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cells.h5ad");
    let open = |layer: Option<&str>| {
        let options = CellOptions { layer: layer.map(str::to_owned), ..CellOptions::default() };
        compared(&path, &options, CellDifferential::default()).map(|(cells, responses)| table(&cells, &responses))
    };
    Cells::plain().write(&path);
    let plain = open(None).expect("cells");
    Cells::plain().write_at(&path, "raw/X", &|_, _| {});
    says(&open(None).expect_err("no X"), &["there is no `X`", "`raw`", "--layer"]);
    assert_eq!(open(Some("raw")).expect("cells"), plain);
    Cells::plain().write_at(&path, "layers/counts", &|_, _| {});
    says(&open(None).expect_err("no X"), &["there is no `X`", "`counts`", "--layer"]);
    assert_eq!(open(Some("counts")).expect("cells"), plain);
    says(&open(Some("raw")).expect_err("no raw"), &["no layer `raw`", "`counts`"]);
}

#[test]
fn a_compressed_file_of_cells_is_named_and_genes_that_rise_though_deleted_are_told() {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/h5ad/plain.h5ad.gz").display().to_string();
    let refused = dataset(&["responses", &packed]).failure();
    says(&String::from_utf8_lossy(&refused.get_output().stderr).replace(['\n', '│'], ""), &["is compressed", "gunzip"]);
    let folder = tempfile::tempdir().expect("a folder");
    let (path, out) = (folder.path().join("cells.h5ad"), folder.path().join("out.csv").display().to_string());
    let mut cells = Cells::plain();
    cells.labels.iter_mut().filter(|label| **label == "A").for_each(|label| *label = "B");
    cells.write(&path);
    let path = path.display().to_string();
    let said = |arguments: &[&str]| {
        let outcome = dataset(&[&["responses", &path, "--out", &out], arguments].concat()).success();
        String::from_utf8_lossy(&outcome.get_output().stderr).into_owned()
    };
    says(&said(&[]), &["WARN", "1 of 1 perturbed genes rise", "although declared deleted"]);
    let quiet = said(&["--perturbation-sign", "overexpression", "--batch-key", "batch"]);
    assert!(!quiet.contains("WARN"), "{quiet}");
}
