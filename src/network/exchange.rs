//! Networks for other tools: SIF and GraphML for Cytoscape and igraph, DOT for Graphviz.
//!
//! All writers put genes, then regulations, then effects in the order of the tables, so that the same network gives the same
//! bytes. Every format tells effects from regulations: SIF by the interaction (`raises`, `lowers`), GraphML by the edge
//! attribute `statement`, DOT by dashed lines.

use std::io::{self, Write};

use petgraph::dot::{Config, Dot};
use petgraph::graph::NodeIndex;

use super::topology::graph;
use super::{NetworkError, RegulatoryNetwork};
use crate::biology::{GeneTable, Regulation, Sign, StatementKind};

/// Formats in which [`write()`] lays a network down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeFormat {
    /// Simple interaction format: `A activates B` on one line, tabs between; an effect `raises` or `lowers`.
    Sif,
    /// GraphML, with symbol, sign and kind of statement as attributes.
    GraphMl,
    /// DOT of Graphviz: arrows activate, blunt ends inhibit, effects are dashed.
    Dot,
}

impl ExchangeFormat {
    /// The format that a file name's extension tells: `.sif`, `.graphml` or `.xml`, `.dot` or `.gv`.
    #[must_use]
    pub fn from_file_name(name: &str) -> Option<Self> {
        let name = name.strip_suffix(".gz").unwrap_or(name);
        match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "sif" => Some(Self::Sif),
            "graphml" | "xml" => Some(Self::GraphMl),
            "dot" | "gv" => Some(Self::Dot),
            _ => None,
        }
    }
}

/// Writes `network`, whose genes have their symbols from `genes`.
///
/// # Errors
/// Those of `out`; for SIF also a symbol with a tab or a line break in it, which the format cannot hold.
pub fn write(
    format: ExchangeFormat,
    network: &RegulatoryNetwork,
    genes: &GeneTable,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        ExchangeFormat::Sif => write_sif(network, genes, out),
        ExchangeFormat::GraphMl => write_graphml(network, genes, out),
        ExchangeFormat::Dot => write_dot(network, genes, out),
    }
}

const fn verb(kind: StatementKind, sign: Sign) -> &'static str {
    match (kind, sign) {
        (StatementKind::Regulation, Sign::Activation) => "activates",
        (StatementKind::Regulation, Sign::Inhibition) => "inhibits",
        (StatementKind::Effect, Sign::Activation) => "raises",
        (StatementKind::Effect, Sign::Inhibition) => "lowers",
    }
}

fn statements(network: &RegulatoryNetwork) -> impl Iterator<Item = (StatementKind, &Regulation)> {
    let regulations = network.regulations().iter().map(|edge| (StatementKind::Regulation, edge));
    regulations.chain(network.effects().iter().map(|effect| (StatementKind::Effect, effect)))
}

fn write_sif(network: &RegulatoryNetwork, genes: &GeneTable, out: &mut dyn Write) -> io::Result<()> {
    for (_, gene) in genes.iter() {
        if gene.symbol.contains(['\t', '\n', '\r']) {
            let problem = format!("symbol {:?} holds a tab or a line break; SIF cannot, GraphML can", gene.symbol);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
    }
    let mut alone = vec![true; genes.len()];
    for (kind, edge) in statements(network) {
        let (regulator, target) = (genes.symbol(edge.regulator), genes.symbol(edge.target));
        writeln!(out, "{regulator}\t{}\t{target}", verb(kind, edge.sign))?;
        [edge.regulator, edge.target].iter().for_each(|gene| alone[gene.index()] = false);
    }
    for (_, gene) in genes.iter().filter(|&(id, _)| alone[id.index()]) {
        writeln!(out, "{}", gene.symbol)?;
    }
    Ok(())
}

/// Reads a SIF file: `A activates B`, several targets allowed, or a gene alone. If the file holds a tab anywhere, tabs
/// separate; else spaces do. `->` and `-|` may stand for the verbs of regulations; `raises` and `lowers` are effects.
///
/// # Errors
/// [`NetworkError`] with the line of anything else.
pub fn read_sif(text: &str, file: &str) -> Result<(GeneTable, RegulatoryNetwork), NetworkError> {
    let mut genes = GeneTable::new();
    let (mut regulations, mut effects) = (Vec::new(), Vec::new());
    let tabs = text.contains('\t');
    for (index, line) in text.lines().enumerate() {
        let words: Vec<&str> = if tabs { line.split('\t').collect() } else { line.split_whitespace().collect() };
        match words.as_slice() {
            [] | [""] => {}
            [gene] => {
                genes.intern(gene);
            }
            [regulator, interaction, targets @ ..] if !targets.is_empty() => {
                let (kind, sign) = meaning_of(interaction).ok_or_else(|| NetworkError::UnknownInteraction {
                    file: file.to_owned(),
                    line: index + 1,
                    interaction: (*interaction).to_owned(),
                })?;
                let regulator = genes.intern(regulator);
                let of_kind = if kind == StatementKind::Effect { &mut effects } else { &mut regulations };
                of_kind.extend(targets.iter().map(|target| Regulation::new(regulator, genes.intern(target), sign)));
            }
            _ => {
                let (file, text) = (file.to_owned(), line.to_owned());
                return Err(NetworkError::UnreadableSif { file, line: index + 1, text });
            }
        }
    }
    let network = RegulatoryNetwork::new(genes.len(), regulations).with_effects(effects);
    Ok((genes, network))
}

fn meaning_of(interaction: &str) -> Option<(StatementKind, Sign)> {
    let (kind, sign) = match interaction {
        "activates" | "->" => (StatementKind::Regulation, Sign::Activation),
        "inhibits" | "-|" => (StatementKind::Regulation, Sign::Inhibition),
        "raises" => (StatementKind::Effect, Sign::Activation),
        "lowers" => (StatementKind::Effect, Sign::Inhibition),
        _ => return None,
    };
    Some((kind, sign))
}

fn write_graphml(network: &RegulatoryNetwork, genes: &GeneTable, out: &mut dyn Write) -> io::Result<()> {
    const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="symbol" for="node" attr.name="symbol" attr.type="string"/>
  <key id="interaction" for="edge" attr.name="interaction" attr.type="string"/>
  <key id="sign" for="edge" attr.name="sign" attr.type="int"/>
  <key id="statement" for="edge" attr.name="statement" attr.type="string"/>
  <graph edgedefault="directed">
"#;
    out.write_all(HEAD.as_bytes())?;
    for (id, gene) in genes.iter() {
        let symbol = xml_text(&gene.symbol);
        writeln!(out, "    <node id=\"n{}\"><data key=\"symbol\">{symbol}</data></node>", id.index())?;
    }
    for (kind, edge) in statements(network) {
        let (regulator, target) = (edge.regulator.index(), edge.target.index());
        let (interaction, sign, statement) = (verb(kind, edge.sign), edge.sign.value(), kind.word());
        writeln!(
            out,
            "    <edge source=\"n{regulator}\" target=\"n{target}\"><data key=\"interaction\">{interaction}</data><data key=\"sign\">{sign}</data><data key=\"statement\">{statement}</data></edge>"
        )?;
    }
    out.write_all(b"  </graph>\n</graphml>\n")
}

/// Escaped for XML; characters that XML 1.0 cannot hold become U+FFFD.
fn xml_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

fn write_dot(network: &RegulatoryNetwork, genes: &GeneTable, out: &mut dyn Write) -> io::Result<()> {
    let regulation = |sign: &Sign| arrow(StatementKind::Regulation, *sign);
    let mut graph = graph(network).map(|_, &gene| genes.symbol(gene), |_, sign| regulation(sign));
    for effect in network.effects() {
        let [regulator, target] = [effect.regulator, effect.target].map(|gene| NodeIndex::new(gene.index()));
        graph.add_edge(regulator, target, arrow(StatementKind::Effect, effect.sign));
    }
    let edge_attributes = |_, edge: petgraph::graph::EdgeReference<'_, String>| edge.weight().clone();
    let gene_attributes = |_, _| String::new();
    let dot = Dot::with_attr_getters(&graph, &[Config::EdgeNoLabel], &edge_attributes, &gene_attributes);
    // `Display` of `Dot` prints symbols as they are, with quotes and backslashes escaped.
    write!(out, "{dot}")
}

fn arrow(kind: StatementKind, sign: Sign) -> String {
    let arrow = match sign {
        Sign::Activation => "arrowhead = normal, color = \"#1b7837\"",
        Sign::Inhibition => "arrowhead = tee, color = \"#b2182b\"",
    };
    let line = if kind == StatementKind::Effect { ", style = dashed" } else { "" };
    format!("{arrow}{line}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn written(format: ExchangeFormat, network: &RegulatoryNetwork, genes: &GeneTable) -> String {
        let mut out = Vec::new();
        write(format, network, genes, &mut out).expect("memory has room");
        String::from_utf8(out).expect("text")
    }

    fn toggle() -> (GeneTable, RegulatoryNetwork) {
        read_sif("GATA1 inhibits SPI1\nSPI1 inhibits GATA1\nGATA1 activates GATA1\nALONE\n", "t.sif")
            .expect("a network")
    }

    #[test]
    fn sif_has_one_regulation_a_line_and_lone_genes_last() {
        let (genes, network) = toggle();
        let expected = "GATA1\tactivates\tGATA1\nGATA1\tinhibits\tSPI1\nSPI1\tinhibits\tGATA1\nALONE\n";
        assert_eq!(written(ExchangeFormat::Sif, &network, &genes), expected);
    }

    #[test]
    fn one_sif_line_may_name_several_targets() {
        let (genes, network) = read_sif("fur -| entC fepA\n", "t.sif").expect("a network");
        assert_eq!((genes.len(), network.regulations().len()), (3, 2));
    }

    #[test]
    fn an_unsigned_or_broken_sif_line_is_told_with_its_number() {
        let unsigned = read_sif("A activates B\nA binds B\n", "t.sif").expect_err("unsigned").to_string();
        assert!(unsigned.starts_with("t.sif:2: interaction `binds`"), "{unsigned}");
        let broken = read_sif("A activates\n", "t.sif").expect_err("broken").to_string();
        assert!(broken.starts_with("t.sif:1: `A activates` is no SIF line"), "{broken}");
    }

    #[test]
    fn graphml_escapes_symbols_and_carries_signs() {
        let (genes, network) = read_sif("A&B\tinhibits\t<C>\n", "t.sif").expect("a network");
        let xml = written(ExchangeFormat::GraphMl, &network, &genes);
        assert!(xml.contains("<node id=\"n0\"><data key=\"symbol\">A&amp;B</data></node>"), "{xml}");
        assert!(xml.contains("&lt;C&gt;"), "{xml}");
        let edge =
            "<edge source=\"n0\" target=\"n1\"><data key=\"interaction\">inhibits</data><data key=\"sign\">-1</data>";
        assert!(xml.contains(edge), "{xml}");
    }

    #[test]
    fn dot_draws_inhibition_with_a_blunt_end() {
        let (genes, network) = toggle();
        let dot = written(ExchangeFormat::Dot, &network, &genes);
        assert!(dot.starts_with("digraph {"), "{dot}");
        let edge = dot.lines().find(|line| line.contains("0 -> 1")).expect("an edge");
        assert!(edge.contains("arrowhead = tee"), "{edge}");
        assert!(dot.contains("label = \"GATA1\""), "{dot}");
    }

    #[test]
    fn every_format_tells_effects_from_regulations() {
        let sif = "A\tactivates\tB\nA\tlowers\tB\nB\traises\tC\n";
        let (genes, network) = read_sif(sif, "t.sif").expect("a network");
        assert_eq!((network.regulations().len(), network.effects().len()), (1, 2));
        assert_eq!(written(ExchangeFormat::Sif, &network, &genes), sif);
        let xml = written(ExchangeFormat::GraphMl, &network, &genes);
        assert_eq!(xml.matches("<data key=\"statement\">effect</data>").count(), 2, "{xml}");
        assert_eq!(xml.matches("<data key=\"statement\">regulation</data>").count(), 1, "{xml}");
        let dot = written(ExchangeFormat::Dot, &network, &genes);
        assert_eq!((dot.matches("style = dashed").count(), dot.matches("arrowhead").count()), (2, 3), "{dot}");
    }

    #[test]
    fn a_quote_in_a_symbol_cannot_leave_its_label() {
        let (genes, network) = read_sif("ab\"] c [\"\tactivates\tB\n", "t.sif").expect("a network");
        let dot = written(ExchangeFormat::Dot, &network, &genes);
        assert!(dot.contains(r#"label = "ab\"] c [\"""#), "{dot}");
    }

    #[test]
    fn a_symbol_that_sif_cannot_hold_is_refused() {
        let mut genes = GeneTable::new();
        genes.intern("a\tb");
        let network = RegulatoryNetwork::new(1, []);
        assert!(write(ExchangeFormat::Sif, &network, &genes, &mut Vec::new()).is_err());
    }

    #[test]
    fn a_file_name_tells_the_format() {
        assert_eq!(ExchangeFormat::from_file_name("out/net.graphml.gz"), Some(ExchangeFormat::GraphMl));
        assert_eq!(ExchangeFormat::from_file_name("net.GV"), Some(ExchangeFormat::Dot));
        assert_eq!(ExchangeFormat::from_file_name("net"), None);
    }

    type Named = (BTreeSet<String>, BTreeSet<(StatementKind, String, String, Sign)>);

    fn named(genes: &GeneTable, network: &RegulatoryNetwork) -> Named {
        let symbol = |id| genes.symbol(id).to_owned();
        let edges =
            statements(network).map(|(kind, edge)| (kind, symbol(edge.regulator), symbol(edge.target), edge.sign));
        (genes.iter().map(|(_, gene)| gene.symbol.clone()).collect(), edges.collect())
    }

    proptest! {
        #[test]
        fn sif_written_and_read_loses_nothing(
            edges in proptest::collection::vec(("[A-Z][a-z0-9 _-]{0,5}", "[A-Z][a-z0-9 _-]{0,5}", any::<bool>()), 1..20),
            alone in proptest::collection::vec("[A-Z]{1,3}", 0..4),
        ) {
            let mut genes = GeneTable::new();
            let regulations: Vec<_> = edges
                .iter()
                .map(|(regulator, target, activates)| {
                    let sign = if *activates { Sign::Activation } else { Sign::Inhibition };
                    Regulation::new(genes.intern(regulator), genes.intern(target), sign)
                })
                .collect();
            for symbol in &alone {
                genes.intern(symbol);
            }
            let effects: Vec<_> = regulations.iter().step_by(2).copied().collect();
            let network = RegulatoryNetwork::new(genes.len(), regulations).with_effects(effects);
            let text = written(ExchangeFormat::Sif, &network, &genes);
            let (genes_again, network_again) = read_sif(&text, "again.sif").expect("what was written");
            prop_assert_eq!(named(&genes, &network), named(&genes_again, &network_again));
        }
    }
}
