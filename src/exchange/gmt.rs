//! Gene sets: the regulon of each gene as two sets, those that it activates (`crp_UP`) and those that it inhibits (`crp_DN`).
//!
//! A line is a name, a description and genes, with tabs between. Read are also the endings `_DOWN`, `(+)` and `(-)` (SCENIC),
//! ` up` and ` down`. A set that tells no direction is counted.
//!
//! # Reference
//! Liberzon et al. 2015, *Cell Syst* 1:417, doi:10.1016/j.cels.2015.12.004 (MSigDB).

use std::collections::BTreeMap;

use super::cited_network::Gathered;
use super::{CitedNetwork, ExchangeError, Losses, Lost, NetworkRead, Part, at_line, shown, text};
use crate::biology::{GeneId, Sign};

const ENDINGS: [(&str, Sign); 10] = [
    ("_up", Sign::Activation),
    (" up", Sign::Activation),
    ("(+)", Sign::Activation),
    ("_activation", Sign::Activation),
    ("_dn", Sign::Inhibition),
    ("_down", Sign::Inhibition),
    (" down", Sign::Inhibition),
    ("(-)", Sign::Inhibition),
    ("(−)", Sign::Inhibition),
    ("_inhibition", Sign::Inhibition),
];

pub(super) fn read(part: Part<'_>) -> Result<NetworkRead, ExchangeError> {
    let (mut gathered, mut losses) = (Gathered::default(), Losses::default());
    for (line, content) in (1..).zip(text(part)?.lines()) {
        let content = content.trim_end_matches('\r');
        if content.trim().is_empty() {
            continue;
        }
        let fields: Vec<&str> = content.split('\t').collect();
        let [name, _, genes @ ..] = fields.as_slice() else {
            let problem = format!(
                "`{}` is not a gene set; write its name, a description and its genes, with tabs between",
                shown(content)
            );
            return Err(at_line(part, line, problem));
        };
        let Some((regulator, sign)) = regulator_of(name.trim()) else {
            losses.add(Lost::UndirectedSets, 1);
            continue;
        };
        for gene in genes.iter().map(|gene| gene.trim()).filter(|gene| !gene.is_empty()) {
            gathered.regulate(regulator, gene, sign);
        }
    }
    Ok(NetworkRead { network: gathered.finish(), losses, notes: Vec::new() })
}

/// The regulator and the direction that the name of a set tells.
fn regulator_of(name: &str) -> Option<(&str, Sign)> {
    ENDINGS.iter().find_map(|&(ending, sign)| {
        let at = name.len().checked_sub(ending.len())?;
        let fits = name.get(at..)?.eq_ignore_ascii_case(ending);
        let regulator = name.get(..at)?.trim();
        (fits && !regulator.is_empty()).then_some((regulator, sign))
    })
}

pub(super) fn write(network: &CitedNetwork) -> Result<Vec<u8>, ExchangeError> {
    super::check_symbols(network, "GMT", |symbol| {
        if symbol.contains(['\t', '\n', '\r']) {
            return Some("a tab or a line break in it separates fields and rows");
        }
        (symbol.is_empty() || symbol.trim() != symbol).then_some("blanks around it are not kept")
    })?;
    let mut sets: BTreeMap<(GeneId, Sign), Vec<GeneId>> = BTreeMap::new();
    for cited in network.regulations() {
        let edge = cited.regulation;
        sets.entry((edge.regulator, edge.sign)).or_default().push(edge.target);
    }
    let mut out = String::new();
    for ((regulator, sign), targets) in sets {
        let symbol = network.symbol(regulator);
        let (ending, verb) = if sign == Sign::Activation { ("_UP", "activates") } else { ("_DN", "inhibits") };
        out.push_str(&format!("{symbol}{ending}\tgenes that {symbol} {verb}"));
        for target in targets {
            out.push('\t');
            out.push_str(network.symbol(target));
        }
        out.push('\n');
    }
    Ok(out.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(content: &str) -> NetworkRead {
        read(Part { name: "r.gmt", content: content.as_bytes() }).expect("gene sets")
    }

    #[test]
    fn a_regulon_is_two_sets_one_up_and_one_down() {
        let text = "crp_UP\tx\tlacZ\tmalT\ncrp_DN\tx\tcyaA\n";
        let written = write(&read_text(text).network).expect("room");
        assert_eq!(
            String::from_utf8(written).expect("text"),
            "crp_UP\tgenes that crp activates\tlacZ\tmalT\ncrp_DN\tgenes that crp inhibits\tcyaA\n"
        );
    }

    #[test]
    fn regulons_of_scenic_tell_their_direction_in_brackets_and_a_pathway_tells_none() {
        let read = read_text("Gata1(+)\tna\tKlf1\nSpi1 (-)\tna\tGata1\nGLYCOLYSIS\tna\tPFKM\n");
        let network = &read.network;
        let told: Vec<_> = network.regulations().iter().map(|cited| cited.regulation.sign).collect();
        assert_eq!(told, [Sign::Activation, Sign::Inhibition]);
        assert_eq!(read.losses.count(&Lost::UndirectedSets), 1);
        assert!(network.genes().id("Spi1").is_some(), "without the blank before the bracket");
    }

    #[test]
    fn a_set_without_description_is_told_with_its_line() {
        let error = read(Part { name: "r.gmt", content: b"A_UP\tx\tB\nA_DN\n" }).expect_err("no set").to_string();
        assert!(error.starts_with("r.gmt:2: `A_DN` is not a gene set"), "{error}");
    }
}
