//! A table of `source,target,weight`, as decoupler takes it: 1 for activation, −1 for inhibition.
//!
//! Read are also the names `tf`, `regulator`, `gene`, `mor` and `coef_mean`, and real weights: the sign is that of the regulation,
//! the size the confidence. Columns `resources`, `sources`, `references` and `PMID` are cited. Unlike an import of CollecTRI, nothing
//! is cited that the table does not say.
//!
//! # Reference
//! Badia-i-Mompel et al. 2022, *Bioinform Adv* 2:vbac016, doi:10.1093/bioadv/vbac016 (decoupler).

use std::collections::BTreeSet;

use csv::{Writer, WriterBuilder};

use super::{CitedNetwork, ExchangeError, Losses, Lost, NetworkRead, Part};
use crate::biology::{CitedRegulation, Regulation, Sign};
use crate::knowledge::import::table::{self, TableOptions};

/// What becomes of two regulations of opposite sign between the same two genes, for which the table has one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conflicts {
    /// Both are left out and counted.
    #[default]
    Drop,
    /// The activation stays, the inhibition is left out and counted.
    First,
    /// Both stay, one row each; decoupler refuses such a table.
    Keep,
    /// Nothing is written.
    Error,
}

const REGULATOR: [&str; 3] = ["source", "tf", "regulator"];
const TARGET: [&str; 3] = ["target", "gene", "target_gene"];
const WEIGHT: [&str; 6] = ["weight", "mor", "coef_mean", "coef", "sign", "effect"];

/// The columns of regulator, target and weight among those of a header.
pub(super) fn columns<'h>(header: &[&'h str]) -> Option<[&'h str; 3]> {
    let bare = |name: &&'h str| name.trim().trim_matches('"');
    let any = |names: &[&str]| {
        names.iter().find_map(|name| header.iter().map(bare).find(|column| column.eq_ignore_ascii_case(name)))
    };
    Some([any(&REGULATOR)?, any(&TARGET)?, any(&WEIGHT)?])
}

pub(super) fn read(part: Part<'_>) -> Result<NetworkRead, ExchangeError> {
    let text = super::text(part)?;
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    let delimiter = ['\t', ',', ';'].into_iter().find(|mark| first.contains(*mark)).unwrap_or(',');
    let header: Vec<&str> = first.split(delimiter).collect();
    let [regulator, target, weight] = columns(&header).ok_or_else(|| ExchangeError::File {
        file: part.name.to_owned(),
        problem: format!(
            "a table of weights needs the columns `source`, `target` and `weight`, but its first line is `{}`",
            super::shown(first)
        ),
    })?;
    let cited = |names: &[&str]| {
        let column = header.iter().map(|name| name.trim().trim_matches('"')).find(|name| names.contains(name));
        column.map(str::to_owned)
    };
    let options = TableOptions {
        source: cited(&["resources", "sources"]),
        reference: cited(&["references", "PMID"]),
        delimiter: u8::try_from(delimiter).ok(),
        ..TableOptions::new(regulator, target, weight)
    };
    let imported = table::import(part.content, part.name, &options)?;
    let mut losses = Losses::default();
    for (reason, left_out) in &imported.counts.left_out {
        losses.add(Lost::Unsigned(reason.clone()), usize::try_from(left_out.rows).unwrap_or(usize::MAX));
    }
    let network = CitedNetwork::new(&imported.genes, imported.regulations, []);
    Ok(NetworkRead { network, losses, notes: imported.notes })
}

pub(super) fn write(
    network: &CitedNetwork,
    conflicts: Conflicts,
    losses: &mut Losses,
) -> Result<Vec<u8>, ExchangeError> {
    super::check_symbols(network, "a table of weights", |symbol| {
        let separates = symbol.contains([';', '|', ',', '\n', '\r', '\t']) || symbol.starts_with('[');
        if separates {
            return Some("a mark in it makes a list of genes");
        }
        let is_bare = symbol.trim_matches(['\'', '"', ' ']) == symbol && !symbol.contains(char::is_whitespace);
        (symbol.is_empty() || !is_bare || symbol.starts_with('#')).then_some("blanks or quotes in it are not kept")
    })?;
    let dropped: BTreeSet<Regulation> = match conflicts {
        Conflicts::Keep => BTreeSet::new(),
        Conflicts::Error => refuse(network)?,
        Conflicts::Drop => network.conflicting().map(|cited| cited.regulation).collect(),
        Conflicts::First => {
            let conflicting = network.conflicting().map(|cited| cited.regulation);
            conflicting.filter(|regulation| regulation.sign == Sign::Inhibition).collect()
        }
    };
    losses.add(Lost::Conflicts, dropped.len());
    let before = network.taking_part(|kind, _| kind == crate::biology::StatementKind::Regulation);
    let after = network.taking_part(|kind, regulation| {
        kind == crate::biology::StatementKind::Regulation && !dropped.contains(&regulation)
    });
    losses.add(Lost::GenesAlone, before.iter().zip(&after).filter(|(before, after)| **before && !**after).count());
    let mut table = WriterBuilder::new().from_writer(Vec::new());
    row(&mut table, ["source", "target", "weight"])?;
    for cited in network.regulations().iter().filter(|cited| !dropped.contains(&cited.regulation)) {
        let Regulation { regulator, target, sign } = cited.regulation;
        let weight = if sign == Sign::Activation { "1" } else { "-1" };
        row(&mut table, [network.symbol(regulator), network.symbol(target), weight])?;
    }
    table.into_inner().map_err(|error| unwritable(&error))
}

fn row(table: &mut Writer<Vec<u8>>, fields: [&str; 3]) -> Result<(), ExchangeError> {
    table.write_record(fields).map_err(|error| unwritable(&error))
}

fn unwritable(error: &dyn std::fmt::Display) -> ExchangeError {
    ExchangeError::File { file: "the table".to_owned(), problem: error.to_string() }
}

fn refuse(network: &CitedNetwork) -> Result<BTreeSet<Regulation>, ExchangeError> {
    let pairs: Vec<&CitedRegulation> =
        network.conflicting().filter(|cited| cited.regulation.sign == Sign::Activation).collect();
    match pairs.as_slice() {
        [] => Ok(BTreeSet::new()),
        [first, more @ ..] => Err(ExchangeError::Conflict {
            regulator: network.symbol(first.regulation.regulator).to_owned(),
            target: network.symbol(first.regulation.target).to_owned(),
            more: more.len(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(content: &str) -> NetworkRead {
        read(Part { name: "net.csv", content: content.as_bytes() }).expect("a table")
    }

    const DUAL: &str = "source,target,weight\nfnr,narG,1\narcA,sodA,-1\nfur,sodA,1\nfur,sodA,-1\n";

    #[test]
    fn a_pair_with_both_signs_is_left_out_kept_or_refused_as_asked() {
        let network = read_text(DUAL).network;
        let told = |conflicts| {
            let mut losses = Losses::default();
            let written = write(&network, conflicts, &mut losses);
            (written.map(|bytes| String::from_utf8(bytes).expect("text").lines().count()), losses)
        };
        let (lines, losses) = told(Conflicts::Drop);
        assert_eq!((lines.expect("written"), losses.count(&Lost::Conflicts)), (3, 2));
        assert_eq!(losses.count(&Lost::GenesAlone), 1, "fur has no row left");
        let (lines, losses) = told(Conflicts::First);
        assert_eq!((lines.expect("written"), losses.count(&Lost::Conflicts)), (4, 1));
        assert_eq!(told(Conflicts::Keep).0.expect("written"), 5);
        let message = told(Conflicts::Error).0.expect_err("refused").to_string();
        assert!(message.starts_with("fur both activates and inhibits sodA"), "{message}");
    }

    #[test]
    fn a_table_cites_nothing_that_it_does_not_say() {
        let read = read_text("tf\ttarget\tmor\tPMID\nTP53\tMDM2\t1\t12;13\nTP53\tBCL2\t0\t\n");
        let citation = &read.network.regulations()[0].citation;
        assert_eq!((citation.references.len(), citation.sources.len(), citation.kinds.len()), (2, 0, 0));
        assert_eq!(read.losses.iter().map(|(_, count)| count).sum::<u64>(), 1, "a weight of 0 has no sign");
    }

    #[test]
    fn a_table_without_weights_is_told_what_it_needs() {
        let error = read(Part { name: "net.csv", content: b"a,b\n1,2\n" }).expect_err("no weights").to_string();
        assert!(error.starts_with("net.csv: a table of weights needs the columns"), "{error}");
    }
}
