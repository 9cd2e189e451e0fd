//! Lesson 7: the whole job from files to files, as `aligned refine` does it.
//!
//! `cargo run --release --example 07_study`

#![expect(clippy::print_stdout, reason = "a lesson shows what it finds")]

use std::error::Error;

use aligned::progress::NoProgress;
use aligned::study::{Settings, Study};

fn main() -> Result<(), Box<dyn Error>> {
    // Without names of files the embedded E. coli core and knock-outs are taken.
    let mut settings = Settings::default();
    settings.run.rounds = 1;
    let study = Study::open(settings, &NoProgress)?;
    for input in study.inputs() {
        println!("{}: {}, {} bytes", input.role, input.file, input.bytes);
    }
    let refined = study.refine(&NoProgress)?;
    println!("\n{}", refined.report().verdict());

    let folder = std::env::temp_dir().join(format!("aligned-lesson-{}", std::process::id()));
    refined.write(&folder)?;
    let mut names: Vec<_> =
        std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.file_name())).collect::<Result<_, std::io::Error>>()?;
    names.sort();
    println!("\n{names:?}");
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
