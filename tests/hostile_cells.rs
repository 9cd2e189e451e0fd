//! AnnData files that claim more than they hold, or lie in other files: refused with a sentence, before memory is taken.

use std::path::{Path, PathBuf};

use aligned::biology::{Direction, GeneTable};
use aligned::datasets::h5ad::{CellDifferential, CellFile, CellOptions, cell_responses, read_cell_predictions};
use aligned::progress::NoProgress;
use rust_hdf5::{H5File, H5Group, Selection};

const CELLS: usize = 24;
const GENES: [&str; 3] = ["A", "B", "C"];

fn says(message: &str, fragments: &[&str]) {
    for fragment in fragments {
        assert!(message.contains(fragment), "`{message}` does not say `{fragment}`");
    }
}

/// Which part of a small file is not as it should be.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    CodesWithoutBytes,
    ValuesWithoutBytes,
    OneLineHoldsAll,
    HugeChunk,
    ExternalValues,
    VirtualValues,
    LinkedMatrix,
    LinkedColumn,
    LinkInUns,
}

fn labels(obs: &H5Group, fault: Fault) {
    let names: Vec<_> = (0..CELLS).map(|cell| if cell % 2 == 0 { "control" } else { "A" }).collect();
    match fault {
        Fault::CodesWithoutBytes => {
            let column = obs.create_group("perturbation").expect("a column");
            let codes = column.new_dataset::<i8>().shape([16_000_000_000_usize]).chunk(&[1 << 20]);
            codes.create("codes").expect("codes");
            column.write_vlen_strings("categories", &["A", "control"]).expect("categories");
        }
        Fault::LinkedColumn => obs.create_external_link("perturbation", "other.h5", "/labels").expect("a link"),
        _ => drop(obs.write_vlen_strings("perturbation", &names).expect("labels")),
    }
}

fn sparse(x: &H5Group, fault: Fault) {
    x.set_attr_string("encoding-type", "csr_matrix").expect("an attribute");
    let huge = 40_000_000_000_usize;
    let mut starts: Vec<i64> = (0..=CELLS).map(|cell| (cell * GENES.len()) as i64).collect();
    let claims = matches!(fault, Fault::ValuesWithoutBytes | Fault::OneLineHoldsAll);
    if fault == Fault::OneLineHoldsAll {
        starts = [vec![0; CELLS], vec![huge as i64]].concat();
    }
    let indptr = x.new_dataset::<i64>().shape([starts.len()]).create("indptr").expect("starts");
    indptr.write_raw(&starts).expect("starts");
    if claims {
        x.new_dataset::<i32>().shape([huge]).chunk(&[1 << 20]).create("indices").expect("indices");
        x.new_dataset::<f32>().shape([huge]).chunk(&[1 << 20]).create("data").expect("data");
        return;
    }
    let across: Vec<i32> = (0..CELLS).flat_map(|_| 0..GENES.len() as i32).collect();
    let values: Vec<f32> = (0..CELLS * GENES.len()).map(|entry| (1 + entry * 7 % 5) as f32).collect();
    let indices = x.new_dataset::<i32>().shape([across.len()]).create("indices").expect("indices");
    indices.write_raw(&across).expect("indices");
    let data = x.new_dataset::<f32>().shape([values.len()]);
    if fault == Fault::ExternalValues {
        // The crate writes through to the other file, which the folder of the test holds.
        let data = data.external(&[("secret.raw", 0, 4 * values.len() as u64)]).create("data").expect("data");
        data.write_raw(&values).expect("values");
        return;
    }
    data.create("data").and_then(|data| data.write_raw(&values)).expect("data");
}

fn written(folder: &Path, fault: Fault) -> PathBuf {
    let path = folder.join("cells.h5ad");
    let file = H5File::create(&path).expect("a file");
    let obs = file.create_group("obs").expect("obs");
    obs.set_attr_string("_index", "_index").expect("an attribute");
    labels(&obs, fault);
    let var = file.create_group("var").expect("var");
    var.set_attr_string("_index", "_index").expect("an attribute");
    var.write_vlen_strings("_index", &GENES).expect("genes");
    let values: Vec<f32> = (0..CELLS * GENES.len()).map(|entry| (1 + entry * 7 % 5) as f32).collect();
    match fault {
        Fault::HugeChunk => {
            let x = file.new_dataset::<f32>().shape([CELLS, GENES.len()]).max_shape(&[None, None]);
            x.chunk(&[100_000, 100_000]).create("X").expect("X");
        }
        Fault::VirtualValues => {
            let x = file.new_dataset::<f32>().shape([CELLS, GENES.len()]);
            x.virtual_mapping(Selection::All, "other.h5", "X", Selection::All).create("X").expect("X");
        }
        Fault::LinkedMatrix => file.create_external_link("X", "other.h5", "/X").expect("a link"),
        Fault::LinkInUns => {
            file.create_group("uns")
                .and_then(|uns| uns.create_external_link("n", "/etc/hostname", "/n"))
                .expect("a link");
            let x = file.new_dataset::<f32>().shape([CELLS, GENES.len()]).create("X").expect("X");
            x.write_raw(&values).expect("values");
        }
        _ => sparse(&file.create_group("X").expect("X"), fault),
    }
    file.close().expect("room");
    let other = H5File::create(folder.join("other.h5")).expect("a file");
    other.new_dataset::<f32>().shape([CELLS, GENES.len()]).create("X").and_then(|x| x.write_raw(&values)).expect("X");
    let names: Vec<_> = (0..CELLS).map(|cell| if cell % 2 == 0 { "control" } else { "A" }).collect();
    other.write_vlen_strings("labels", &names).expect("labels");
    other.close().expect("room");
    path
}

/// What is said of the file by the reader of cells and by that of predictions.
fn told(fault: Fault) -> [Result<(), String>; 2] {
    let folder = tempfile::tempdir().expect("a folder");
    // The writer of external storage resolves its name against the working folder of nobody else.
    let path = written(folder.path(), fault);
    let cells = || {
        let cells = CellFile::open(&path, &CellOptions::default())?;
        let survey = cells.survey(&NoProgress)?.expect("not stopped");
        let differential = CellDifferential { min_cells: 2, ..CellDifferential::default() };
        cell_responses(&cells, &survey, differential, &NoProgress).map(drop)
    };
    let mut genes = GeneTable::new();
    for gene in GENES {
        genes.intern(gene);
    }
    let predictions = read_cell_predictions(&path, &CellOptions::default(), Direction::Deletion, &genes, &NoProgress);
    [cells().map_err(|error| error.to_string()), predictions.map(drop).map_err(|error| error.to_string())]
}

#[test]
fn the_file_without_a_fault_is_read() {
    assert_eq!(told(Fault::None), [Ok(()), Ok(())]);
}

#[test]
fn sizes_that_the_file_cannot_hold_are_refused() {
    for (fault, fragments) in [
        (Fault::CodesWithoutBytes, ["obs/perturbation", "says to hold 16.0 GB of values", "the whole file has only"]),
        (Fault::OneLineHoldsAll, ["X/indptr", "more values than there are genes", "cannot be read"]),
        (Fault::ValuesWithoutBytes, ["X/indptr", "does not run from 0 to the number of values", "cannot be read"]),
        (Fault::HugeChunk, ["`X`", "says to hold 40.0 GB of values", "the whole file has only"]),
    ] {
        for told in told(fault) {
            let message = told.expect_err("refused");
            says(&message.replace(": X says", ": `X` says"), &fragments);
        }
    }
}

#[test]
fn nothing_is_read_from_another_file() {
    for (fault, fragment) in [
        (Fault::VirtualValues, "`X` is put together from other files"),
        (Fault::LinkedMatrix, "`X` is a link to the file `other.h5`"),
        (Fault::LinkedColumn, "`obs/perturbation` is a link to the file `other.h5`"),
        (Fault::LinkInUns, "`uns/n` is a link to the file `/etc/hostname`"),
    ] {
        for told in told(fault) {
            says(&told.expect_err("refused"), &[fragment, "nothing is read from other files"]);
        }
    }
}

#[test]
fn values_stored_in_a_file_beside_are_not_read() {
    let told = told(Fault::ExternalValues);
    let _ = std::fs::remove_file("secret.raw");
    for told in told {
        says(&told.expect_err("refused"), &["the values of `X/data` lie in another file"]);
    }
}
