//! The export of EcoCyc: a regulator on a line of its own, its targets with their signs on an indented line below.
//!
//! ```text
//! zntR*
//!     -rmf -rsd +/-zntA
//! ```
//! Reading is that of the importer of regulatory networks of *E. coli*: names of proteins become symbols of genes.
//!
//! # Reference
//! Keseler et al. 2021, *Front Microbiol* 12:711077, doi:10.3389/fmicb.2021.711077.

use std::collections::BTreeMap;

use super::{CitedNetwork, ExchangeError, Losses, Lost, NetworkRead, Part};
use crate::biology::{GeneId, Sign};
use crate::knowledge::import::regulondb::{self, RegulonDbOptions};

pub(super) fn read(part: Part<'_>) -> Result<NetworkRead, ExchangeError> {
    let imported = regulondb::import(part.content, part.name, &RegulonDbOptions::default())?;
    let mut losses = Losses::default();
    for (reason, left_out) in &imported.counts.left_out {
        losses.add(Lost::Unsigned(reason.clone()), usize::try_from(left_out.rows).unwrap_or(usize::MAX));
    }
    let network = CitedNetwork::new(&imported.genes, imported.regulations, []);
    Ok(NetworkRead { network, losses, notes: imported.notes })
}

pub(super) fn write(network: &CitedNetwork, losses: &mut Losses) -> Result<Vec<u8>, ExchangeError> {
    super::check_symbols(network, "EcoCyc's export", |symbol| {
        if symbol.is_empty() || symbol.contains(char::is_whitespace) {
            return Some("a blank in it separates targets");
        }
        let marks = ['+', '-', '/', '#', '*', ',', ';'];
        let is_marked = symbol.starts_with(marks) || symbol.ends_with('*') || symbol.contains([',', ';']);
        is_marked.then_some("a sign, a comma or an asterisk at its ends means something else there")
    })?;
    let mut regulons: BTreeMap<GeneId, BTreeMap<GeneId, Vec<Sign>>> = BTreeMap::new();
    for cited in network.regulations() {
        let edge = cited.regulation;
        regulons.entry(edge.regulator).or_default().entry(edge.target).or_default().push(edge.sign);
    }
    let mut out = String::new();
    for (regulator, targets) in &regulons {
        out.push_str(network.symbol(*regulator));
        out.push_str("\n   ");
        for (target, signs) in targets {
            let mark = match signs.as_slice() {
                [Sign::Activation] => "+",
                [Sign::Inhibition] => "-",
                _ => "+/-",
            };
            out.push_str(&format!(" {mark}{}", network.symbol(*target)));
        }
        out.push('\n');
    }
    let regulators: Vec<&str> = regulons.keys().map(|&gene| network.symbol(gene)).collect();
    losses.add(Lost::RegulatorSymbols, renamed(&regulators));
    Ok(out.into_bytes())
}

/// How many symbols of regulators a reader takes for names of proteins.
fn renamed(regulators: &[&str]) -> usize {
    let content: String = regulators.iter().map(|symbol| format!("{symbol}\n    +x\n")).collect();
    match regulondb::import(content.as_bytes(), "regulators", &RegulonDbOptions::default()) {
        Ok(imported) => regulators.iter().filter(|symbol| imported.genes.id(symbol).is_none()).count(),
        Err(_) => regulators.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn znt_r_represses_and_activates_as_ecocyc_writes_it() {
        let content = "zntR*\n    -rmf -rsd +/-zntA\n";
        let read = read(Part { name: "e.txt", content: content.as_bytes() }).expect("an export");
        assert_eq!(read.network.regulations().len(), 4);
        let mut losses = Losses::default();
        let written = write(&read.network, &mut losses).expect("room");
        assert_eq!(String::from_utf8(written).expect("text"), "zntR\n    -rmf -rsd +/-zntA\n");
        assert!(losses.is_empty());
    }

    #[test]
    fn a_protein_name_of_a_regulator_would_be_read_as_its_gene_and_that_is_told() {
        let network = super::super::sif_network("CRP activates LACZ\n");
        let mut losses = Losses::default();
        write(&network, &mut losses).expect("room");
        assert_eq!(losses.count(&Lost::RegulatorSymbols), 1);
    }
}
