//! Does a screen have enough cells? The parts of a change worked by hand, planted in simulated kinetics and found again, and
//! numbers of cells that, once measured, are enough.

#[path = "common/kinetics.rs"]
mod kinetics;

use std::fs;
use std::path::{Path, PathBuf};

use aligned::biology::GeneId;
use aligned::datasets::h5ad::{CellFile, CellOptions};
use aligned::evaluation::diagnosis::{Diagnosis, DiagnosisConfig, diagnose};
use aligned::metrics::{ChangeParts, ChangeSums, GeneEffect};
use aligned::network::generate::{NetworkConfig, generate};
use aligned::progress::NoProgress;
use assert_cmd::Command;
use kinetics::{Condition, KineticScreen, KineticsConfig, Sampling};
use rust_hdf5::H5File;

/// Cells by label and batch, values cell by cell.
#[derive(Default)]
struct Cells {
    labels: Vec<String>,
    batches: Vec<String>,
    genes: Vec<String>,
    values: Vec<f32>,
}

impl Cells {
    fn of(genes: &[&str]) -> Self {
        Self { genes: genes.iter().map(|&gene| gene.to_owned()).collect(), ..Self::default() }
    }

    fn push(&mut self, label: &str, batch: &str, values: impl IntoIterator<Item = f32>) {
        self.labels.push(label.to_owned());
        self.batches.push(batch.to_owned());
        self.values.extend(values);
    }

    fn write(&self, path: &Path) {
        fn refs(texts: &[String]) -> Vec<&str> {
            texts.iter().map(String::as_str).collect()
        }
        let file = H5File::create(path).expect("a file");
        for (table, columns) in [
            ("obs", &[("perturbation", &self.labels), ("plate", &self.batches)][..]),
            ("var", &[("_index", &self.genes)][..]),
        ] {
            let table = file.create_group(table).expect("a table");
            table.set_attr_string("_index", "_index").expect("an attribute");
            for (name, texts) in columns {
                table.write_vlen_strings(name, &refs(texts)).expect("a column");
            }
        }
        let x = file.new_dataset::<f32>().shape([self.labels.len(), self.genes.len()]).create("X").expect("X");
        x.write_raw(&self.values).expect("values");
        file.close().expect("room");
    }

    fn written(&self) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cells.h5ad");
        self.write(&path);
        (folder, path)
    }

    fn diagnosed(&self, share: f64) -> Result<Diagnosis, String> {
        let (_folder, path) = self.written();
        let options = CellOptions { batch_key: Some("plate".to_owned()), ..CellOptions::default() };
        let cells = CellFile::open(&path, &options).map_err(|error| error.to_string())?;
        let survey = cells.survey(&NoProgress).map_err(|error| error.to_string())?.expect("not stopped");
        let config = DiagnosisConfig { share, ..DiagnosisConfig::default() };
        let found = diagnose(&cells, &survey, &config, &[], &NoProgress).map_err(|error| error.to_string())?;
        Ok(found.expect("not stopped"))
    }
}

/// Gene `A` is perturbed in two plates; `B` lies in one whose only control is alone; `C` has one cell.
fn by_hand() -> Cells {
    let mut cells = Cells::of(&["A", "G", "H"]);
    for (plate, perturbed) in [("p0", [1.5, 2.5]), ("p1", [3.5, 4.5])] {
        [0.5, 1.5].iter().for_each(|&g| cells.push("control", plate, [2.0, g, 0.5]));
        perturbed.iter().for_each(|&g| cells.push("A", plate, [0.0, g, 0.5]));
    }
    cells.push("control", "p2", [2.0, 1.0, 0.5]);
    (0..3).for_each(|_| cells.push("B", "p2", [2.0, 1.0, 0.5]));
    cells.push("C", "p0", [2.0, 1.0, 0.5]);
    cells
}

#[test]
fn a_screen_of_two_good_plates_agrees_with_pencil() {
    let found = by_hand().diagnosed(0.05).expect("diagnosed");
    // G changes by 1 and 3, with s²/n = ¼ for cells and controls; H never; A itself is left out.
    let own = &found.perturbations[0];
    assert_eq!((own.name.as_str(), own.counted, own.batches, own.controls), ("A", 4, 2, 4));
    // C = K = (¼ + ¼)/4/2; B = (2/2 − 2 · ⅛)/2; Q = 4/2 − ⅜ − ⅛; se = √(2 ((¼ + ⅜)² + (⅜)²))/2.
    let se = (2.0_f64 * (0.625 * 0.625 + 0.375 * 0.375)).sqrt() / 2.0;
    let expected = ChangeParts { change: 1.5, change_error: se, batch: Some(0.375), cells: 0.0625, controls: 0.0625 };
    assert_eq!(own.parts, expected);
    // 0.075 is allowed: cells and controls may take half of it each, 1⅔ times 2 is 4 in each plate; 2 · 0.375/0.075 plates.
    assert_eq!((own.needs.cells, own.needs.controls, own.needs.batches), (Some(8), Some(8), Some(10)));
    let unknown: Vec<_> = found.unknown.iter().map(|own| (&*own.name, own.without_controls, own.alone)).collect();
    assert_eq!(unknown, [("B", 3, 0), ("C", 0, 1)]);
    let lacking: Vec<_> = found.batches.iter().filter(|batch| batch.lacks_controls()).collect();
    assert_eq!(lacking.len(), 1);
    assert_eq!((&*lacking[0].name, lacking[0].controls, lacking[0].perturbed), ("p2", 1, 3));
}

fn says(message: &str, fragments: &[&str]) {
    let message = message.replace("\n  │ ", " ");
    for fragment in fragments {
        assert!(message.contains(fragment), "`{message}` does not say `{fragment}`");
    }
}

#[test]
fn a_screen_in_which_nothing_can_be_compared_is_refused_with_the_remedy() {
    let mut lonely = Cells::of(&["A", "G"]);
    for plate in ["p0", "p1"] {
        (0..3).for_each(|_| lonely.push("control", plate, [1.0, 0.5]));
        lonely.push(if plate == "p0" { "A" } else { "G" }, plate, [0.0, 0.5]);
    }
    says(&lonely.diagnosed(0.1).expect_err("one cell each"), &["batch of `plate`", "2 of 2", "more than 1 cells"]);
    let mut apart = by_hand();
    apart.batches.iter_mut().zip(&apart.labels).filter(|(_, label)| *label == "A").for_each(|(plate, _)| {
        plate.replace_range(.., "p9");
    });
    says(&apart.diagnosed(0.1).expect_err("no controls there"), &["2 of 4 batches have two controls", "--batch-key"]);
    says(&by_hand().diagnosed(0.0).expect_err("no share"), &["above 0 and at most 1"]);
}

fn run(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("aligned").expect("the binary is built").arg("diagnose").args(arguments).assert()
}

fn stderr(outcome: assert_cmd::assert::Assert) -> String {
    String::from_utf8_lossy(&outcome.failure().get_output().stderr).into_owned()
}

#[test]
fn the_command_tells_who_lacks_what_and_writes_it_down() {
    let (folder, path) = by_hand().written();
    let (data, out) = (path.display().to_string(), folder.path().join("out"));
    let predicted = folder.path().join("mine.csv");
    fs::write(&predicted, "perturbation,gene,value\nA,G,4\nA,H,0\n").expect("room");
    let external = format!("mine={}", predicted.display());
    let common = ["--data", &data, "--batch-key", "plate", "--sampling-share", "0.05"];
    let run = || {
        let outcome = run(&[&common[..], &["--external", &external, "--out", &out.display().to_string()]].concat());
        String::from_utf8_lossy(&outcome.success().get_output().stdout).into_owned()
    };
    let said = run();
    says(
        &said,
        &[
            "0 of 3 perturbations have enough cells; 1 of 3 batches lacks controls",
            "3 perturbed cells in batches of `plate` with fewer than 2 controls are compared with nothing: p2 (1 control)",
            "1 perturbation lies in batches without controls only: B",
            "1 perturbation has no two cells in any batch with controls",
            "8 cells, 8 controls, 10 batches",
        ],
    );
    // The prediction is off by 2 in G alone: 4/2, of which batches and cells make ⅜ + ⅛.
    let table = fs::read_to_string(out.join("perturbations.csv")).expect("written");
    assert!(table.contains("A,short,4,4,2,4,1.5,"), "{table}");
    assert!(table.contains(",8,8,10,mine,2,2.0,1.5,1.5\n") && table.contains("\nB,not compared,3,"), "{table}");
    assert!(fs::read_to_string(out.join("batches.csv")).expect("written").contains("p2,1,3,1,0,no"));
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("diagnosis.json")).expect("written")).expect("JSON");
    assert_eq!(json["diagnosis"]["perturbations"][0]["predictions"][0]["parts"]["model"], 1.5);
    let page = fs::read_to_string(out.join("diagnosis.html")).expect("written");
    assert!(page.contains("8 cells, 8 controls, 10 batches") && !page.contains("NaN"), "{page}");
    assert_eq!(run(), said);
}

#[test]
fn keys_that_are_missing_are_answered_with_those_there_are() {
    let (_folder, path) = by_hand().written();
    let data = path.display().to_string();
    let common = ["--data", &data];
    says(&stderr(run(&common)), &["--batch-key", "`perturbation`, `plate`"]);
    let wrong = [&common[..], &["--batch-key", "plaet"]].concat();
    says(&stderr(run(&wrong)), &["no column `plaet` (did you mean `plate`?)"]);
    says(&stderr(run(&["--batch-key", "plate"])), &["--data <FILE.h5ad>"]);
}

const GENES: usize = 40;

/// Kinetics that differ from batch to batch, since each batch is taken at another time.
fn screen(cells: usize, dropout: f64, seed: u64) -> (KineticScreen, KineticsConfig) {
    let shape = NetworkConfig { genes: GENES, regulations: 80, regulators: 0.6, seed, ..NetworkConfig::default() };
    let config = KineticsConfig {
        sampling: Sampling::InVivo,
        cells,
        batches: 4,
        perturbations: 8,
        batch_effect: 0.0,
        cell_noise: 0.15,
        dropout,
        seed,
        ..KineticsConfig::default()
    };
    let network = generate(&shape).expect("a network");
    (KineticScreen::simulate(&network, &config).expect("in range"), config)
}

/// Each batch: its controls at its own time, and the perturbed conditions.
fn batches(screen: &KineticScreen) -> Vec<(&Condition, &[Condition])> {
    let each = screen.conditions.chunk_by(|left, right| left.batch == right.batch);
    each.map(|batch| (&batch[1], &batch[2..])).collect()
}

fn moved(condition: &Condition) -> Vec<GeneId> {
    condition.perturbation.iter().flat_map(|done| done.genes()).collect()
}

/// Mean and variance of a gene over cells, in two passes.
fn moments(cells: &[Vec<f64>], gene: usize) -> (f64, f64) {
    let count = cells.len() as f64;
    let mean = cells.iter().map(|cell| cell[gene]).sum::<f64>() / count;
    (mean, cells.iter().map(|cell| (cell[gene] - mean).powi(2)).sum::<f64>() / (count - 1.0))
}

/// Mean and variance of what is read of a gene whose log level is `truth`: `[kept] · max(0, truth + noise)`.
fn expected(truth: f64, config: &KineticsConfig) -> (f64, f64) {
    const STEPS: i32 = 200;
    let (mut first, mut second, mut whole) = (0.0, 0.0, 0.0);
    for step in -STEPS..=STEPS {
        let z = 6.0 * f64::from(step) / f64::from(STEPS);
        let (density, read) = ((-z * z / 2.0).exp(), (truth + config.cell_noise * z).max(0.0));
        first += density * read;
        second += density * read * read;
        whole += density;
    }
    let (first, second) = ((1.0 - config.dropout) * first / whole, (1.0 - config.dropout) * second / whole);
    (first, second - first * first)
}

/// The parts of the change of perturbation `at`, from the first `cells` of it and the first `controls` of each batch; `of`
/// tells mean and variance of a gene.
fn parts(
    screen: &KineticScreen,
    at: usize,
    [cells, controls]: [usize; 2],
    of: impl Fn(&Condition, usize, usize) -> (f64, f64),
) -> ChangeParts {
    let batches = batches(screen);
    let mut sums = ChangeSums::new(batches.len());
    let own_genes = moved(&batches[0].1[at]);
    for gene in (0..GENES).filter(|&gene| !own_genes.contains(&GeneId::new(gene))) {
        let effects: Vec<_> = batches
            .iter()
            .map(|(control, perturbed)| {
                let (own, control) = (of(&perturbed[at], gene, cells), of(control, gene, controls));
                GeneEffect {
                    change: own.0 - control.0,
                    of_cells: own.1 / cells as f64,
                    of_controls: control.1 / controls as f64,
                }
            })
            .collect();
        sums.add(&effects);
    }
    sums.parts().expect("genes and batches")
}

fn measured(condition: &Condition, gene: usize, cells: usize) -> (f64, f64) {
    moments(&condition.cells[..cells], gene)
}

/// What endless repetitions of the screen say on average of sampling, and the batch part and change that are true.
fn planted(screen: &KineticScreen, config: &KineticsConfig, at: usize, [cells, controls]: [usize; 2]) -> ChangeParts {
    let exact = |condition: &Condition, gene: usize, _| expected(condition.truth[gene], config);
    let sampling = parts(screen, at, [cells, controls], exact);
    let sure = |condition: &Condition, gene: usize, _| (expected(condition.truth[gene], config).0, 0.0);
    ChangeParts { cells: sampling.cells, controls: sampling.controls, ..parts(screen, at, [1, 1], sure) }
}

#[test]
fn the_parts_planted_in_simulated_kinetics_come_back() {
    const SEEDS: u64 = 8;
    for dropout in [0.0, 0.1] {
        // For each seed the mean over perturbations of found less planted, and of planted: cells, controls, batch, change.
        let (mut off, mut true_parts) = (Vec::new(), [0.0; 4]);
        for seed in 0..SEEDS {
            let (screen, config) = screen(40, dropout, seed);
            let number = batches(&screen)[0].1.len();
            let mut differences = [0.0; 4];
            for at in 0..number {
                let of =
                    |parts: ChangeParts| [parts.cells, parts.controls, parts.batch.expect("batches"), parts.change];
                let found = of(parts(&screen, at, [40, 40], measured));
                let truth = of(planted(&screen, &config, at, [40, 40]));
                for part in 0..4 {
                    differences[part] += (found[part] - truth[part]) / number as f64;
                    true_parts[part] += truth[part] / (number as f64 * SEEDS as f64);
                }
            }
            off.push(differences);
        }
        for (part, name) in ["cells", "controls", "batch", "change"].into_iter().enumerate() {
            let mean = off.iter().map(|own| own[part]).sum::<f64>() / SEEDS as f64;
            let square = off.iter().map(|own| (own[part] - mean).powi(2)).sum::<f64>();
            let error = (square / (SEEDS * (SEEDS - 1)) as f64).sqrt();
            let planted = true_parts[part];
            println!("dropout {dropout}, {name}: planted {planted:.6}, found {mean:+.6} ± {error:.6} away");
            assert!(mean.abs() < 3.5 * error, "{name}: off by {mean} ± {error} from {planted}");
            // Batch parts cut at 0 come out too large where they are lost in the sampling, as with dropout: within the bound.
            // A bound that says something: the error is small next to what was planted.
            assert!(error < 0.1 * planted, "{name}: {error} next to {planted}");
        }
    }
}

/// The screen as a file of cells.
fn as_cells(screen: &KineticScreen, cells: usize) -> Cells {
    let genes: Vec<String> = (0..GENES).map(|gene| format!("G{gene}")).collect();
    let mut file = Cells { genes: genes.clone(), ..Cells::default() };
    for (batch, (control, perturbed)) in batches(screen).into_iter().enumerate() {
        for condition in [control].into_iter().chain(perturbed) {
            let label = moved(condition).first().map_or("control", |gene| &genes[gene.index()]);
            for cell in &condition.cells[..cells] {
                file.push(label, &format!("b{batch}"), cell.iter().map(|&value| value as f32));
            }
        }
    }
    file
}

#[test]
fn what_is_read_of_a_file_is_what_two_passes_over_the_cells_say() {
    let (screen, _) = screen(12, 0.1, 3);
    let found = as_cells(&screen, 12).diagnosed(0.1).expect("diagnosed");
    let conditions = batches(&screen)[0].1;
    assert_eq!(found.perturbations.len(), conditions.len());
    for (at, condition) in conditions.iter().enumerate() {
        let name = format!("G{}", moved(condition)[0].index());
        let own = found.perturbations.iter().find(|own| own.name == name).expect("diagnosed");
        let slow = parts(&screen, at, [12, 12], measured);
        let of = |parts: ChangeParts| {
            [parts.cells, parts.controls, parts.batch.expect("batches"), parts.change, parts.change_error]
        };
        for (fast, slow) in of(own.parts).into_iter().zip(of(slow)) {
            assert!((fast - slow).abs() < 1e-6, "{name}: {fast}, in two passes {slow}");
        }
    }
}

#[test]
fn the_number_asked_for_is_enough_once_it_is_measured_and_half_of_it_is_not() {
    const FEW_CELLS: usize = 8;
    const FEW_CONTROLS: usize = 16;
    const MANY: usize = 400;
    const SHARE: f64 = 0.1;
    let (mut then, mut halved) = (Vec::new(), Vec::new());
    for seed in 20..26 {
        let (screen, _) = screen(MANY, 0.1, seed);
        let number = batches(&screen).len();
        for at in 0..batches(&screen)[0].1.len() {
            let now = parts(&screen, at, [FEW_CELLS, FEW_CONTROLS], measured);
            let needs = now.needs(&vec![FEW_CELLS; number], &vec![FEW_CONTROLS; number], SHARE).expect("a share");
            let allowed = SHARE * now.change;
            let each = |need: Option<u64>, now: usize| need.map_or(now, |need| need as usize / number);
            let (cells, controls) = (each(needs.cells, FEW_CELLS), each(needs.controls, FEW_CONTROLS));
            if !needs.told || (cells, controls) == (FEW_CELLS, FEW_CONTROLS) || cells.max(controls) > MANY {
                continue;
            }
            assert!(now.sampling() > allowed, "{now:?}");
            then.push(parts(&screen, at, [cells, controls], measured).sampling() / allowed);
            let half = [(cells / 2).max(2), (controls / 2).max(2)];
            halved.push(parts(&screen, at, half, measured).sampling() / allowed);
        }
    }
    let mean = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64;
    let most = then.iter().copied().fold(0.0, f64::max);
    println!(
        "{} perturbations: sampling part over what is allowed {:.3} (at most {most:.3}), with half as many {:.3}",
        then.len(),
        mean(&then),
        mean(&halved)
    );
    // 8 cells in each of 4 batches tell the variance of 39 genes to a tenth or so.
    assert!(then.len() >= 15, "only {} perturbations need more", then.len());
    assert!(mean(&then) < 1.03 && most < 1.25, "{} {most}", mean(&then));
    assert!(mean(&halved) > 1.5, "{}", mean(&halved));
}

#[test]
fn a_shift_that_a_batch_gives_to_all_its_cells_is_no_batch_part() {
    let shape = NetworkConfig { genes: GENES, regulations: 80, regulators: 0.6, seed: 5, ..NetworkConfig::default() };
    let network = generate(&shape).expect("a network");
    let with = |batch_effect: f64| {
        let config = KineticsConfig { batch_effect, cells: 200, dropout: 0.0, cell_noise: 0.1, ..Default::default() };
        let screen = KineticScreen::simulate(&network, &config).expect("in range");
        let number = batches(&screen)[0].1.len();
        let part = |at| parts(&screen, at, [200, 200], measured).batch.expect("batches");
        (0..number).map(part).sum::<f64>() / number as f64
    };
    // Batches differ by 0.1 in the log level of each gene, the change by a hundredth of that variance or less.
    assert!(with(0.1) < 0.01 * 0.1 * 0.1, "{}", with(0.1));
}

#[test]
fn a_real_screen_by_cell_line_has_strong_and_silent_perturbations() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/perturbseq_norman19_mini/perturbench_devel.h5ad");
    if !path.exists() {
        println!("skipped: {} is missing", path.display());
        return;
    }
    let data = path.display().to_string();
    let outcome = run(&["--data", &data, "--batch-key", "cell_type"]).success();
    let said = String::from_utf8_lossy(&outcome.get_output().stdout).into_owned();
    says(&said, &["12 of 33 perturbations have enough cells; 4 batches, none without controls", "by `cell_type`"]);
    assert!(!said.contains("NaN") && !said.contains("inf"), "{said}");
}
