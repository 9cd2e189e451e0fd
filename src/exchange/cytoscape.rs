//! JSON of Cytoscape and Cytoscape.js (`.cyjs`), with everything that is known of a gene or a statement in its `data`.
//!
//! Read is also the form in which `elements` is one list, and edges as other tools sign them, see `graphml.rs`.
//!
//! # Reference
//! Franz et al. 2016, *Bioinformatics* 32:309, doi:10.1093/bioinformatics/btv557 (Cytoscape.js).

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::attributes::{
    CONFIDENCE, EVIDENCE_COUNT, INTERACTION, SIGN, STATEMENT, apart, citation_of, edge_meaning, gene_of, lists_of,
    names_of, verb,
};
use super::cited_network::Gathered;
use super::{CitedNetwork, ExchangeError, Losses, NetworkRead, Part, at_line, shown};
use crate::biology::{GeneId, Regulation};

const SYMBOL: [&str; 5] = ["symbol", "name", "shared_name", "label", "id"];

pub(super) fn read(part: Part<'_>) -> Result<NetworkRead, ExchangeError> {
    let content = super::text(part)?;
    let document: Value = serde_json::from_str(content)
        .map_err(|error| at_line(part, error.line(), format!("this is not sound JSON ({error})")))?;
    let file = |problem: String| ExchangeError::File { file: part.name.to_owned(), problem };
    let elements = document.get("elements").unwrap_or(&document);
    let (nodes, edges) = match elements {
        Value::Array(all) => all.iter().partition(|element| element["data"].get("source").is_none()),
        Value::Object(groups) => {
            let group = |name: &str| groups.get(name).and_then(Value::as_array).into_iter().flatten().collect();
            (group("nodes"), group("edges"))
        }
        _ => (Vec::new(), Vec::new()),
    };
    if nodes.is_empty() {
        return Err(file("there is no list of `nodes` in `elements`; is it a network of Cytoscape?".to_owned()));
    }
    let (mut gathered, mut losses) = (Gathered::default(), Losses::default());
    let mut genes: HashMap<String, GeneId> = HashMap::new();
    for (place, node) in (1..).zip(nodes) {
        let data = &node["data"];
        let id = single(data, "id").ok_or_else(|| file(format!("node {place} has no `id` in its `data`")))?;
        let symbol = SYMBOL.iter().find_map(|name| single(data, name).filter(|symbol| !symbol.trim().is_empty()));
        let symbol = symbol.ok_or_else(|| file(format!("node {place} has no name")))?;
        genes.insert(id, gathered.gene(gene_of(&symbol, |name| list(data, name))));
    }
    for (place, edge) in (1..).zip(edges) {
        let data = &edge["data"];
        let end = |role: &str| {
            let id = single(data, role).unwrap_or_default();
            let missing = || file(format!("the {role} `{}` of edge {place} is not a node", shown(&id)));
            genes.get(&id).copied().ok_or_else(missing)
        };
        let (regulator, target) = (end("source")?, end("target")?);
        let (kind, signs) = edge_meaning(|name| single(data, name), &mut losses);
        let citation = citation_of(|name| list(data, name), |name| single(data, name), &mut losses);
        for &sign in signs {
            gathered.state(kind, Regulation::new(regulator, target, sign), citation.clone());
        }
    }
    Ok(NetworkRead { network: gathered.finish(), losses, notes: Vec::new() })
}

/// A text, or a number as one.
fn single(data: &Value, name: &str) -> Option<String> {
    match data.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn list(data: &Value, name: &str) -> Vec<String> {
    match data.get(name) {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => apart(text),
        Some(Value::Number(number)) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

pub(super) fn write(network: &CitedNetwork) -> Vec<u8> {
    let nodes: Vec<Value> = network
        .genes()
        .iter()
        .map(|(id, gene)| {
            let mut data = Map::new();
            data.insert("id".to_owned(), json!(format!("n{}", id.index())));
            data.insert("name".to_owned(), json!(gene.symbol));
            data.insert("symbol".to_owned(), json!(gene.symbol));
            names_of(gene).for_each(|(name, values)| drop(data.insert(name.to_owned(), json!(values))));
            json!({ "data": data })
        })
        .collect();
    let edges: Vec<Value> = (0..)
        .zip(network.statements())
        .map(|(place, (kind, cited))| {
            let Regulation { regulator, target, sign } = cited.regulation;
            let mut data = Map::new();
            data.insert("id".to_owned(), json!(format!("e{place}")));
            data.insert("source".to_owned(), json!(format!("n{}", regulator.index())));
            data.insert("target".to_owned(), json!(format!("n{}", target.index())));
            data.insert(INTERACTION.to_owned(), json!(verb(kind, sign)));
            data.insert(SIGN.to_owned(), json!(sign.value()));
            data.insert(STATEMENT.to_owned(), json!(kind.word()));
            lists_of(&cited.citation).for_each(|(name, values)| drop(data.insert(name.to_owned(), json!(values))));
            if cited.citation.evidence_count > 0 {
                data.insert(EVIDENCE_COUNT.to_owned(), json!(cited.citation.evidence_count));
            }
            if let Some(confidence) = cited.citation.confidence {
                data.insert(CONFIDENCE.to_owned(), json!(confidence));
            }
            json!({ "data": data })
        })
        .collect();
    let document = json!({
        "format_version": "1.0",
        "generated_by": "aligned",
        "target_cytoscapejs_version": "~2.1",
        "data": { "name": "regulatory network" },
        "elements": { "nodes": nodes, "edges": edges },
    });
    format!("{document:#}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::{Lost, sif_network};
    use super::*;

    #[test]
    fn nodes_have_names_and_edges_signs() {
        let document: Value = serde_json::from_slice(&write(&sif_network("lexA inhibits recA\n"))).expect("JSON");
        assert_eq!(document["elements"]["nodes"][0]["data"]["name"], "lexA");
        assert_eq!(document["elements"]["edges"][0]["data"]["sign"], -1);
    }

    #[test]
    fn a_flat_list_of_elements_is_read_and_a_relation_without_sign_told() {
        let text = r#"[{"data": {"id": "a", "label": "lexA"}}, {"data": {"id": 2}},
            {"data": {"source": "a", "target": "2", "interaction": "inhibits", "references": "PMID:1;PMID:2"}},
            {"data": {"source": "a", "target": "2", "interaction": "pp"}}]"#;
        let read = read(Part { name: "n.cyjs", content: text.as_bytes() }).expect("a network");
        assert_eq!(read.network.regulations()[0].citation.references.len(), 2);
        assert_eq!(read.losses.count(&Lost::Unsigned("pp".to_owned())), 1);
    }

    #[test]
    fn a_text_that_is_no_network_is_told() {
        for (text, told) in [("{", "n.cyjs:1: this is not sound JSON"), ("{}", "no list of `nodes`")] {
            let message = read(Part { name: "n.cyjs", content: text.as_bytes() }).expect_err(text).to_string();
            assert!(message.contains(told), "{message}");
        }
        let deep = "[".repeat(100_000);
        assert!(read(Part { name: "n.cyjs", content: deep.as_bytes() }).is_err());
    }
}
