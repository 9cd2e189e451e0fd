//! GraphML of Cytoscape, igraph, Gephi and NetworkX, with everything that is known of a gene or a statement as attributes.
//!
//! Lists are joined by `;`. Read is any directed graph whose edges have an attribute `sign`, `interaction`, `effect`, `relation`,
//! `regulation` or `type` with a word for a sign; genes are called by `symbol`, `name`, `label` or their id.
//!
//! # Reference
//! Brandes et al. 2002, *Graph Drawing*, LNCS 2265:501, doi:10.1007/3-540-45848-4_59.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::attributes::{
    ALIASES, CATALOGUES, CONFIDENCE, EVIDENCE_COUNT, INTERACTION, KINDS, REFERENCES, SIGN, SOURCES, STATEMENT, apart,
    citation_of, edge_meaning, gene_of, joined, lists_of, names_of, verb,
};
use super::cited_network::Gathered;
use super::xml::{Element, escaped, parse, unfit};
use super::{CitedNetwork, ExchangeError, Losses, Lost, NetworkRead, Part, at_line};
use crate::biology::{GeneId, Regulation};

const SYMBOL: [&str; 4] = ["symbol", "name", "label", "shared name"];

pub(super) fn read(part: Part<'_>) -> Result<NetworkRead, ExchangeError> {
    let root = parse(part)?;
    if root.name != "graphml" {
        let problem = format!("the root element is `{}`, not `graphml`", super::shown(&root.name));
        return Err(at_line(part, root.line, problem));
    }
    let keys: HashMap<&str, &str> =
        root.all("key").filter_map(|key| Some((key.attribute("id")?, key.attribute("attr.name")?))).collect();
    let data = |element: &Element, name: &str| {
        let of = |data: &&Element| data.attribute("key").map(|key| keys.get(key).copied().unwrap_or(key)) == Some(name);
        element.all("data").find(of).map(|data| data.text.clone())
    };
    let (mut gathered, mut losses) = (Gathered::default(), Losses::default());
    for graph in root.all("graph") {
        let mut genes: HashMap<&str, GeneId> = HashMap::new();
        for node in graph.all("node") {
            let id = node.attribute("id").ok_or_else(|| at_line(part, node.line, "a node needs an `id`"))?;
            let name = SYMBOL.iter().find_map(|name| data(node, name).filter(|symbol| !symbol.trim().is_empty()));
            let symbol = name.unwrap_or_else(|| id.to_owned());
            let gene = gene_of(&symbol, |name| apart(&data(node, name).unwrap_or_default()));
            genes.insert(id, gathered.gene(gene));
        }
        let undirected = graph.attribute("edgedefault") == Some("undirected");
        for edge in graph.all("edge") {
            if edge.attribute("directed").map_or(undirected, |directed| directed == "false") {
                losses.add(Lost::UndirectedEdges, 1);
                continue;
            }
            let end = |role: &str| {
                let id = edge.attribute(role).unwrap_or_default();
                let problem = || format!("the {role} `{}` of an edge is not a node of the graph", super::shown(id));
                genes.get(id).copied().ok_or_else(|| at_line(part, edge.line, problem()))
            };
            let (regulator, target) = (end("source")?, end("target")?);
            let (kind, signs) = edge_meaning(|name| data(edge, name), &mut losses);
            let list = |name: &str| apart(&data(edge, name).unwrap_or_default());
            let citation = citation_of(list, |name| data(edge, name), &mut losses);
            for &sign in signs {
                gathered.state(kind, Regulation::new(regulator, target, sign), citation.clone());
            }
        }
    }
    Ok(NetworkRead { network: gathered.finish(), losses, notes: Vec::new() })
}

pub(super) fn write(network: &CitedNetwork, losses: &mut Losses) -> Result<Vec<u8>, ExchangeError> {
    let names = network.genes().iter().flat_map(|(_, gene)| names_of(gene).flat_map(|(_, values)| values));
    let cited = network.statements().flat_map(|(_, cited)| lists_of(&cited.citation).flat_map(|(_, values)| values));
    losses.add(Lost::Characters, names.chain(cited.map(String::as_str)).filter(|item| unfit(item).is_some()).count());
    super::check_symbols(network, "GraphML", |symbol| {
        let is_bare = !symbol.is_empty() && symbol.trim() == symbol;
        unfit(symbol).or((!is_bare).then_some("blanks around it are not kept"))
    })?;
    let mut out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
            .to_owned();
    let nodes = ["symbol", ALIASES].into_iter().chain(CATALOGUES.map(|(_, name)| name));
    nodes.for_each(|name| push_key(&mut out, name, "node", "string"));
    let edges = [
        (INTERACTION, "string"),
        (SIGN, "int"),
        (STATEMENT, "string"),
        (KINDS, "string"),
        (SOURCES, "string"),
        (REFERENCES, "string"),
        (EVIDENCE_COUNT, "int"),
        (CONFIDENCE, "double"),
    ];
    edges.into_iter().for_each(|(name, of)| push_key(&mut out, name, "edge", of));
    out.push_str("  <graph edgedefault=\"directed\">\n");
    for (id, gene) in network.genes().iter() {
        let _ = write!(out, "    <node id=\"n{}\">", id.index());
        push_data(&mut out, "symbol", &gene.symbol);
        names_of(gene).for_each(|(name, values)| push_data(&mut out, name, &joined(&values)));
        out.push_str("</node>\n");
    }
    for (kind, cited) in network.statements() {
        let Regulation { regulator, target, sign } = cited.regulation;
        let _ = write!(out, "    <edge source=\"n{}\" target=\"n{}\">", regulator.index(), target.index());
        push_data(&mut out, INTERACTION, verb(kind, sign));
        push_data(&mut out, SIGN, &sign.value().to_string());
        push_data(&mut out, STATEMENT, kind.word());
        lists_of(&cited.citation).for_each(|(name, values)| push_data(&mut out, name, &joined(values)));
        if cited.citation.evidence_count > 0 {
            push_data(&mut out, EVIDENCE_COUNT, &cited.citation.evidence_count.to_string());
        }
        if let Some(confidence) = cited.citation.confidence {
            push_data(&mut out, CONFIDENCE, &confidence.to_string());
        }
        out.push_str("</edge>\n");
    }
    out.push_str("  </graph>\n</graphml>\n");
    Ok(out.into_bytes())
}

fn push_key(out: &mut String, name: &str, of: &str, value: &str) {
    let _ = writeln!(out, "  <key id=\"{name}\" for=\"{of}\" attr.name=\"{name}\" attr.type=\"{value}\"/>");
}

fn push_data(out: &mut String, key: &str, value: &str) {
    let fit = value.replace(|letter: char| unfit(letter.encode_utf8(&mut [0; 4])).is_some(), "\u{fffd}");
    let _ = write!(out, "<data key=\"{key}\">{}</data>", escaped(&fit));
}

#[cfg(test)]
mod tests {
    use super::super::sif_network;
    use super::*;

    #[test]
    fn symbols_are_escaped_and_signs_carried() {
        let xml = write(&sif_network("A&B\tinhibits\t<C>\n"), &mut Losses::default()).expect("room");
        let xml = String::from_utf8(xml).expect("text");
        assert!(xml.contains("<node id=\"n1\"><data key=\"symbol\">A&amp;B</data></node>"), "{xml}");
        assert!(xml.contains("&lt;C&gt;"), "{xml}");
        let edge =
            "<edge source=\"n1\" target=\"n0\"><data key=\"interaction\">inhibits</data><data key=\"sign\">-1</data>";
        assert!(xml.contains(edge), "{xml}");
    }

    #[test]
    fn a_graph_of_another_tool_is_read_by_its_labels_and_undirected_edges_are_told() {
        let xml = r#"<graphml><key id="d0" for="node" attr.name="label"/><key id="d1" for="edge" attr.name="effect"/>
            <graph edgedefault="directed">
            <node id="1"><data key="d0">TP53</data></node><node id="2"/>
            <edge source="1" target="2"><data key="d1">up-regulates</data></edge>
            <edge source="2" target="1"><data key="d1">binds</data></edge>
            <edge source="2" target="1" directed="false"><data key="d1">+</data></edge></graph></graphml>"#;
        let read = read(Part { name: "g.graphml", content: xml.as_bytes() }).expect("a graph");
        assert_eq!(read.network.regulations().len(), 1);
        assert!(read.network.genes().id("TP53").is_some());
        assert_eq!(read.losses.count(&Lost::UndirectedEdges), 1);
        assert_eq!(read.losses.count(&Lost::Unsigned("binds".to_owned())), 1);
    }

    #[test]
    fn an_edge_to_nowhere_is_told_with_its_line() {
        let xml = "<graphml><graph>\n<node id='a'/>\n<edge source='a' target='b'/></graph></graphml>";
        let message = read(Part { name: "g.graphml", content: xml.as_bytes() }).expect_err("nowhere").to_string();
        assert_eq!(message, "g.graphml:3: the target `b` of an edge is not a node of the graph");
    }
}
