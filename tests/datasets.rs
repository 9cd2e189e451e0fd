//! Tables of observations: bad ones are refused with a message that tells the remedy, good ones survive the command line.

use std::fs;
use std::path::{Path, PathBuf};

use aligned::biology::{GeneTable, Perturbation, Response};
use aligned::datasets::{self, Dataset, Part, ReadOptions, SplitPlan, SplitScheme, read_split};
use assert_cmd::Command;

fn case(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/datasets").join(path)
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests should see what was skipped")]
fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(path);
    if !path.exists() {
        eprintln!("skipped: no {}", path.display());
        return None;
    }
    Some(path)
}

fn gunzipped(path: &Path) -> Vec<u8> {
    use std::io::Read as _;
    let mut content = Vec::new();
    let file = fs::File::open(path).expect("the file");
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut content).expect("gzip");
    content
}

#[test]
fn every_bad_table_is_refused_with_file_line_name_and_remedy() {
    let mut seen = 0;
    for folder in fs::read_dir(case("bad")).expect("the cases") {
        let folder = folder.expect("a case").path();
        let table = fs::read(folder.join("table.csv")).expect("a table");
        let expected = fs::read_to_string(folder.join("expected.txt")).expect("what is expected");
        let outcome = datasets::read(&table, "table.csv", &ReadOptions::default(), None, &mut GeneTable::new());
        let message = outcome.map(|_| ()).expect_err(&folder.display().to_string()).to_string();
        for fragment in expected.lines() {
            assert!(message.contains(fragment), "{}: `{message}` does not say `{fragment}`", folder.display());
        }
        seen += 1;
    }
    assert!(seen >= 26, "{seen} cases");
}

#[test]
fn a_table_of_another_organism_is_refused_with_the_nearest_genes() {
    let mut genes = GeneTable::new();
    for symbol in ["fur", "crp", "cdkX"] {
        genes.intern(symbol);
    }
    let table = fs::read(case("unknown_organism/table.csv")).expect("the table");
    let outcome = datasets::read(&table, "table.csv", &ReadOptions::default(), None, &mut genes);
    let message = outcome.map(|_| ()).expect_err("no gene matches").to_string();
    for fragment in ["table.csv:2: ", "`CDKN1A`", "`furA` (did you mean `fur`?)", "same organism"] {
        assert!(message.contains(fragment), "{message}");
    }
}

fn aligned() -> Command {
    Command::new(env!("CARGO_BIN_EXE_aligned"))
}

#[test]
fn the_command_line_refuses_a_bad_table_with_its_message_and_prints_nothing_else() {
    let output =
        aligned().args(["dataset", "summary"]).arg(case("bad/ragged-row/table.csv")).output().expect("it runs");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let message = String::from_utf8_lossy(&output.stderr).replace(['\n', '│', ' '], "");
    assert!(message.contains("table.csv:3:thisrowhas2fields"), "{message}");
    let missing = aligned().args(["dataset", "summary", "no_such_table.csv"]).output().expect("it runs");
    assert!(!missing.status.success());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no_such_table.csv"));
}

#[test]
fn expression_becomes_responses_that_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("responses.csv.gz");
    aligned()
        .args(["dataset", "contrasts", "--expression"])
        .arg(case("compendium/expression.csv"))
        .arg("--contrasts")
        .arg(case("compendium/contrasts.csv"))
        .arg("--genes")
        .arg(case("compendium/genes.csv"))
        .arg("--out")
        .arg(&out)
        .assert()
        .success();
    let mut genes = GeneTable::new();
    let (dataset, _) =
        datasets::read(&gunzipped(&out), "responses.csv", &ReadOptions::default(), None, &mut genes).expect("reads");
    assert_eq!(dataset.names, ["delfur", "delcrp_fe"]);
    let response = |row, gene| dataset.observed.get(row, genes.resolve(gene).expect(gene));
    assert_eq!(response(0, "fur"), Some(Response::Down));
    assert_eq!(response(0, "entC"), Some(Response::Up));
    assert_eq!(response(0, "b0002"), Some(Response::Unchanged));
    // One sample on each side, and yet the replicates of other conditions tell that this is not a chance.
    assert_eq!(response(1, "lacZ"), Some(Response::Down));
    // The strains differ in this gene, so its loss says nothing of crp.
    assert_eq!(response(1, "araB"), None);

    let summary = aligned().args(["dataset", "summary"]).arg(&out).output().expect("it runs");
    assert!(summary.status.success());
    let text = String::from_utf8(summary.stdout).expect("text");
    assert!(text.contains("experiments                  2"), "{text}");
    assert!(text.contains("delcrp_fe   crp-"), "{text}");
}

#[test]
fn a_gzip_cut_short_is_refused_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cut.csv.gz");
    fs::write(&path, &datasets::ECOLI_KNOCKOUTS_GZ[..1000]).expect("writes");
    let output = aligned().args(["dataset", "summary"]).arg(&path).output().expect("it runs");
    assert!(!output.status.success() && output.stdout.is_empty());
    let message = String::from_utf8_lossy(&output.stderr).replace(['\n', '│', ' '], "");
    assert!(message.contains("cut-shortgzip"), "{message}");
}

fn embedded() -> (Dataset, GeneTable) {
    let mut genes = GeneTable::new();
    let (dataset, _) = datasets::ecoli_knockouts(&ReadOptions::default(), &mut genes).expect("the embedded table");
    (dataset, genes)
}

#[test]
fn in_all_39_contrasts_the_deleted_gene_falls() {
    let (dataset, genes) = embedded();
    assert_eq!(dataset.len(), 39);
    for (row, perturbation) in dataset.perturbations.iter().enumerate() {
        for gene in perturbation.genes() {
            let response = dataset.observed.get(row, gene);
            assert_eq!(response, Some(Response::Down), "{} in {}", genes.symbol(gene), dataset.names[row]);
        }
    }
}

#[test]
fn the_embedded_genes_are_known_by_symbol_and_b_number() {
    let (dataset, genes) = embedded();
    assert_eq!(dataset.measured_genes().len(), 3920);
    assert_eq!(dataset.gene_sets().len(), 27);
    assert_eq!(genes.resolve("b0683"), genes.resolve("fur"));
    assert_eq!(genes.resolve("b3357"), genes.resolve("crp"));
    let double = Perturbation::of(
        ["menF", "entC"].map(|gene| (genes.resolve(gene).expect(gene), aligned::biology::Direction::Deletion)),
    )
    .expect("two genes");
    assert!(dataset.perturbations.contains(&double));
}

#[test]
fn fur_represses_enterobactin_and_oxyr_activates_katg_in_the_embedded_responses() {
    let (dataset, genes) = embedded();
    let response =
        |row: &str, gene: &str| dataset.observed.get(dataset.row(row).expect(row), genes.resolve(gene).expect(gene));
    assert_eq!(response("fur__delfur_fe2__vs__fur__wt_fe", "entC"), Some(Response::Up));
    assert_eq!(response("oxidative__deloxyr_pq__vs__oxidative__wt_pq", "katG"), Some(Response::Down));
    // BW25113 lacks these genes, so no deletion made in it explains their silence.
    assert_eq!(response("ompr__bw_delompr_nacl__vs__ompr__wt_nacl", "araA"), None);
}

#[test]
fn embedded_fold_changes_agree_with_a_second_computation() {
    let Some(path) = shared("ecoli_precise1/derived_ko_log2fc.tsv.gz") else { return };
    let second = String::from_utf8(gunzipped(&path)).expect("text");
    let mut lines = second.lines();
    let names: Vec<&str> = lines.next().expect("a header").split('\t').skip(1).collect();
    let mut expected = std::collections::HashMap::new();
    for line in lines {
        let (gene, values) = line.split_once('\t').expect("two columns");
        for (name, value) in names.iter().zip(values.split('\t')) {
            expected.insert((*name, gene), value.parse::<f64>().expect("a number"));
        }
    }
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(datasets::ECOLI_KNOCKOUTS_GZ), &mut text)
        .expect("gzip");
    let mut compared = 0;
    for record in csv::Reader::from_reader(text.as_bytes()).records() {
        let record = record.expect("a row");
        let expected = expected[&(&record[0], &record[3])];
        let found: f64 = record[4].parse().expect("a fold change");
        assert!((found - expected).abs() < 1e-3, "{record:?}: {expected}");
        compared += 1;
    }
    assert_eq!(compared, 39 * 3923);
}

#[test]
fn thousands_of_crispr_knockdowns_read_with_their_split() {
    let Some(path) = shared("perturbqa_NONCOMMERCIAL/derived_k562_ternary.tsv.gz") else { return };
    let mut genes = GeneTable::new();
    let (dataset, report) =
        datasets::read(&gunzipped(&path), "k562.tsv", &ReadOptions::default(), None, &mut genes).expect("reads");
    assert_eq!((dataset.len(), report.read, report.kept), (1831, 157_679, 157_679));
    let plan = report.split_plan().expect("a split column");
    let split = SplitPlan { validation: 0.1, ..plan }.split(&dataset, 42).expect("splits");
    let pairs = |rows: &[usize]| dataset.observed.select(rows).measured();
    assert_eq!(pairs(&split.test), 23_212);
    assert_eq!(pairs(&split.train) + pairs(&split.validation), 134_467);
    assert!(!split.validation.is_empty());
}

#[test]
fn the_published_split_of_norman_finds_its_perturbations_in_any_order() {
    let Some(path) = shared("aligned_splits/norman_split.json") else { return };
    let text = fs::read_to_string(&path).expect("the split");
    let lists: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let list =
        |key: &str| lists[key].as_array().expect(key).iter().map(|name| name.as_str().expect("a name").to_owned());
    // A data set of exactly these perturbations, each partner order turned round.
    let mut table = "pert,gene,label\n".to_owned();
    for name in list("train").chain(list("test")) {
        let turned: Vec<&str> = name.split('+').rev().collect();
        table += &format!("{},GAPDH,0\n", turned.join("+"));
    }
    let mut genes = GeneTable::new();
    let (dataset, _) =
        datasets::read(table.as_bytes(), "norman.csv", &ReadOptions::default(), None, &mut genes).expect("reads");
    let (plan, report) = read_split(text.as_bytes(), "norman_split.json", &dataset, &genes).expect("reads");
    assert!(report.unmatched.is_empty() && report.unassigned_rows.is_empty(), "{report:?}");
    // In the published split validation equals test.
    // `FEV+ctrl` and `ctrl+FEV` are one perturbation.
    let distinct = |key: &str| {
        let genes = |name: String| name.split('+').filter(|&gene| gene != "ctrl").map(str::to_owned).collect();
        list(key).map(genes).collect::<std::collections::BTreeSet<std::collections::BTreeSet<String>>>().len()
    };
    assert_eq!(report.validation_and_test, distinct("val"));
    let SplitScheme::Assigned { parts } = &plan.scheme else { panic!("an assignment") };
    assert_eq!(parts.values().filter(|part| **part == Part::Test).count(), distinct("test"));
}

#[test]
fn permuting_what_was_observed_changes_no_split() {
    let (mut dataset, _) = embedded();
    let plan = SplitPlan::default();
    let before = plan.split(&dataset, 42).expect("splits");
    for row in 0..dataset.len() {
        dataset.observed.row_mut(row).rotate_left(row + 1);
    }
    assert_eq!(plan.split(&dataset, 42).expect("splits"), before);
}

/// `arguments.txt` of a case, if it has any; `expected.txt` holds what must be said, or after `!` must not.
#[test]
fn what_was_taken_for_what_is_told_of_every_table() {
    let mut seen = 0;
    for folder in fs::read_dir(case("told")).expect("the cases") {
        let folder = folder.expect("a case").path();
        let arguments = fs::read_to_string(folder.join("arguments.txt")).unwrap_or_default();
        let mut command = aligned();
        command.args(["dataset", "summary"]).arg(folder.join("table.csv")).args(arguments.split_whitespace());
        let output = command.output().expect("it runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).expect("text");
        assert!(output.status.success(), "{}: {said}", folder.display());
        for line in fs::read_to_string(folder.join("expected.txt")).expect("what is expected").lines() {
            match line.strip_prefix('!') {
                Some(absent) => assert!(!said.contains(absent), "{}: `{absent}` in {said}", folder.display()),
                None => assert!(said.contains(line), "{}: no `{line}` in {said}", folder.display()),
            }
        }
        seen += 1;
    }
    assert!(seen >= 27, "{seen} cases");
}

fn squeezed(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace(['\n', '│', ' '], "")
}

#[test]
fn statistics_of_one_comparison_are_refused_with_the_option_that_names_the_perturbation() {
    let table = case("bad/statistics-by-group/table.csv");
    let output = aligned().args(["dataset", "summary"]).arg(table).output().expect("it runs");
    let message = squeezed(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty());
    for fragment in ["--perturbationGENE-", "--perturbationGENE+", "--perturbation-columngroup"] {
        assert!(message.contains(fragment), "{message}");
    }
}

#[test]
fn a_named_perturbation_beside_a_column_of_them_is_refused_and_so_is_a_control() {
    let table = case("told/own-genes-rise/table.csv");
    let refused = |given: &str| {
        let output = aligned().args(["dataset", "summary", "--perturbation", given]).arg(&table).output();
        let output = output.expect("it runs");
        assert!(!output.status.success(), "{given}");
        squeezed(&output.stderr)
    };
    assert!(refused("fur-").contains("incolumn`perturbation`,so`fur-`cannotbe"));
    let table = case("bad/statistics-limma/table.csv");
    let output = aligned().args(["dataset", "summary", "--perturbation", "NT"]).arg(table).output().expect("it runs");
    assert!(squeezed(&output.stderr).contains("`NT`namesnoperturbedgene"));
}

#[test]
fn a_knowledge_base_is_not_refined_with_data_whose_perturbed_genes_move_the_wrong_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data.csv");
    let mut table = "perturbation,gene,log2fc,padj\n".to_owned();
    for gene in ["fur", "crp", "fnr", "arcA"] {
        table += &format!("{gene},{gene},1.9,0.0001\n{gene},lacZ,-1.4,0.001\n{gene},entC,0.1,0.8\n");
    }
    fs::write(&data, table).expect("room");
    let refine = |arguments: &[&str]| {
        let out = folder.path().join("out");
        let mut command = aligned();
        command.arg("refine").arg("--data").arg(&data).arg("--out").arg(out).arg("--dry-run").args(arguments);
        command.output().expect("it runs")
    };
    let refused = refine(&[]);
    let message = squeezed(&refused.stderr);
    assert!(!refused.status.success());
    for fragment in ["4of4perturbedgenesrise", "althoughdeclareddeleted", "--perturbation-sign", "--accept-wrong-way"] {
        assert!(message.contains(fragment), "{message}");
    }
    assert!(refine(&["--accept-wrong-way"]).status.success());
    let quiet = refine(&["--perturbation-sign", "overexpression"]);
    assert!(quiet.status.success() && !squeezed(&quiet.stderr).contains("WARN"));
}

#[test]
fn a_knowledge_base_of_other_genes_is_refused_with_the_kinds_of_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data.csv");
    fs::write(&data, "perturbation,gene,log2fc\nENSG00000141510,fur,1.2\nENSG00000136997,crp,-1.2\n").expect("room");
    let output = aligned().arg("refine").arg("--data").arg(&data).arg("--out").arg(folder.path().join("out")).output();
    let output = output.expect("it runs");
    let message = squeezed(&output.stderr);
    assert!(!output.status.success());
    assert!(message.contains("noneofthe2perturbedgenes(`ENSG00000141510`,`ENSG00000136997`)"), "{message}");
    assert!(message.contains("Ensemblidentifiers") && message.contains("--gene-column"), "{message}");
}

#[test]
fn expression_without_logarithm_is_refused_and_a_swapped_contrast_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("room");
        path
    };
    let contrasts = |expression: &Path, contrasts: &Path| {
        let mut command = aligned();
        command.args(["dataset", "contrasts", "--expression"]).arg(expression).arg("--contrasts").arg(contrasts);
        command.output().expect("it runs")
    };
    let (mut counts, mut logarithms) = (",wt_1,wt_2,ko_1,ko_2\n".to_owned(), ",wt_1,wt_2,ko_1,ko_2\n".to_owned());
    for gene in 0..12 {
        counts += &format!("g{gene},{},{},{},{}\n", 90 + gene, 95 + gene, 91 + gene, 88 + gene);
        let level = 4.0 + f64::from(gene) / 3.0;
        logarithms += &format!("g{gene},{level},{},{},{}\n", level + 0.05, level + 0.02, level - 0.04);
    }
    logarithms += "fur,9.0,9.1,1.2,1.1\n";
    let (counts, logarithms) = (write("counts.csv", &counts), write("log.csv", &logarithms));
    let right =
        write("right.csv", "contrast,deleted_genes,ko_samples,reference_samples\nfur,fur,ko_1;ko_2,wt_1;wt_2\n");
    let swapped =
        write("swapped.csv", "contrast,deleted_genes,ko_samples,reference_samples\nfur,fur,wt_1;wt_2,ko_1;ko_2\n");
    let refused = contrasts(&counts, &right);
    assert!(!refused.status.success() && refused.stdout.is_empty());
    assert!(squeezed(&refused.stderr).contains("wholenumbersupto106:counts"));
    let warned = contrasts(&logarithms, &swapped);
    let message = String::from_utf8_lossy(&warned.stderr).into_owned();
    // Mean of 9.0 and 9.1 less mean of 1.2 and 1.1.
    assert!(warned.status.success() && message.contains("fur +7.90) although declared deleted"), "{message}");
    assert!(message.contains("swapped"), "{message}");
    let quiet = contrasts(&logarithms, &right);
    assert!(!String::from_utf8_lossy(&quiet.stderr).contains("WARN"));
}

#[test]
fn symbols_of_mouse_matched_to_those_of_man_are_told() {
    let mut genes = GeneTable::new();
    ["TP53", "MYC", "MDM2", "CDKN1A"].iter().for_each(|symbol| {
        genes.intern(symbol);
    });
    let table = "perturbation,gene,log2fc\nMyc,Cdkn1a,-2\nMyc,Mdm2,1.5\n";
    let (_, report) =
        datasets::read(table.as_bytes(), "mouse.csv", &ReadOptions::default(), None, &mut genes).expect("reads");
    assert!(
        report.warnings.iter().any(|told| told.contains("as of mouse") && told.contains("as of man")),
        "{report:?}"
    );
}

#[test]
fn a_name_of_any_length_is_read_and_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.csv");
    let rows = ["a_", "sg", "nt", "Z"].map(|part| format!("{},x,1\n", part.repeat(70_000)));
    fs::write(&path, format!("perturbation,gene,log2fc\n{}", rows.concat())).expect("room");
    let output = aligned().args(["dataset", "summary"]).arg(&path).output().expect("it runs");
    assert!(output.status.success() && !String::from_utf8_lossy(&output.stderr).contains("panicked"));
}
