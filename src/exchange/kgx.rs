//! KGX: tables of nodes and edges in the words of the Biolink model.
//!
//! A regulation is `biolink:regulates` with the qualifier `upregulated` or `downregulated`; an effect is `biolink:affects` with
//! `increased` or `decreased`. A gene of which only the symbol is known has an identifier of ours, whose prefix other tools do not know. Read are also the predicates that tell a sign by themselves, such as
//! `biolink:positively_regulates`. Lists are joined by `|`. The columns `sources`, `kinds` and `evidence_count` are our own.
//!
//! # Reference
//! Unni et al. 2022, *Clin Transl Sci* 15:1848, doi:10.1111/cts.13302 (Biolink model).

use std::collections::{BTreeMap, HashMap};

use super::attributes::{CONFIDENCE, EVIDENCE_COUNT, KINDS, SOURCES, citation_of};
use super::cited_network::Gathered;
use super::format::kgx_side;
use super::{CitedNetwork, ExchangeError, Losses, Lost, NetworkRead, Part, WriteOptions, at_line, shown, text};
use crate::biology::{Accession, Authority, Gene, GeneId, Regulation, Sign, StatementKind};
use crate::knowledge::import::read_signs;
use crate::knowledge::vocab;

/// Prefixes of catalogues, as Biolink writes them.
const PREFIXES: [(Authority, &str); 5] = [
    (Authority::Entrez, "NCBIGene"),
    (Authority::Ensembl, "ENSEMBL"),
    (Authority::UniProt, "UniProtKB"),
    (Authority::LocusTag, "LocusTag"),
    (Authority::MirBase, "mirbase"),
];

/// *Escherichia coli* K-12 MG1655 among the genes of KEGG; a second colon would make it no identifier that kgx accepts.
const KEGG_ECO: &str = "KEGG.GENES:eco%3A";

const NODE_COLUMNS: [&str; 5] = ["id", "category", "name", "xref", "synonym"];
const EDGE_COLUMNS: [&str; 16] = [
    "id",
    "subject",
    "predicate",
    "object",
    "category",
    "qualified_predicate",
    "object_aspect_qualifier",
    "object_direction_qualifier",
    "species_context_qualifier",
    "knowledge_level",
    "agent_type",
    "primary_knowledge_source",
    "publications",
    "has_confidence_score",
    SOURCES,
    KINDS,
];

/// A table of tab-separated lines, its columns found by name.
struct Table<'a> {
    part: Part<'a>,
    columns: HashMap<&'a str, usize>,
    rows: Vec<(usize, Vec<&'a str>)>,
}

impl<'a> Table<'a> {
    fn of(part: Part<'a>, needed: &[&str]) -> Result<Self, ExchangeError> {
        let mut lines = (1..).zip(text(part)?.lines()).filter(|(_, line)| !line.trim().is_empty());
        let header: Vec<&str> = lines.next().map_or("", |(_, line)| line).split('\t').map(str::trim).collect();
        let columns: HashMap<&str, usize> = (0..).zip(&header).map(|(at, &name)| (name, at)).collect();
        if let Some(missing) = needed.iter().find(|name| !columns.contains_key(*name)) {
            let problem = format!("KGX needs the column `{missing}`; the first line has {}", shown(&header.join(", ")));
            return Err(at_line(part, 1, problem));
        }
        let mut rows = Vec::new();
        for (line, content) in lines {
            let fields: Vec<&str> = content.trim_end_matches('\r').split('\t').map(str::trim).collect();
            if fields.len() > header.len() {
                let problem = format!("{} fields where the first line has {}", fields.len(), header.len());
                return Err(at_line(part, line, problem));
            }
            rows.push((line, fields));
        }
        Ok(Self { part, columns, rows })
    }

    fn field(&self, row: &[&'a str], name: &str) -> &'a str {
        self.columns.get(name).and_then(|&at| row.get(at).copied()).unwrap_or_default()
    }

    fn needed(&self, line: usize, row: &[&'a str], name: &str) -> Result<&'a str, ExchangeError> {
        match self.field(row, name) {
            "" => Err(at_line(self.part, line, format!("column `{name}` is empty; fill it in or delete the row"))),
            value => Ok(value),
        }
    }
}

fn apart(field: &str) -> Vec<String> {
    field.split('|').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

pub(super) fn read(parts: &[Part<'_>]) -> Result<NetworkRead, ExchangeError> {
    let is_nodes = |part: &&Part<'_>| kgx_side(&part.name.to_ascii_lowercase()).is_some_and(|(_, is_nodes)| is_nodes);
    let Some(&edges) = parts.iter().find(|part| !is_nodes(part)) else {
        let file = parts.first().map_or_else(String::new, |part| part.name.to_owned());
        let problem =
            "these are the nodes of a graph; the edges, in a file that ends in `edges.tsv`, are missing".to_owned();
        return Err(ExchangeError::File { file, problem });
    };
    let (mut gathered, mut losses) = (Gathered::default(), Losses::default());
    let mut genes: HashMap<String, GeneId> = HashMap::new();
    if let Some(&nodes) = parts.iter().find(is_nodes) {
        let table = Table::of(nodes, &["id"])?;
        for (line, row) in &table.rows {
            let id = table.needed(*line, row, "id")?;
            let gene = gathered.gene(node_gene(&table, row, id));
            genes.insert(id.to_owned(), gene);
        }
    }
    let table = Table::of(edges, &["subject", "predicate", "object"])?;
    for (line, row) in &table.rows {
        let mut end = |role: &str| {
            let id = table.needed(*line, row, role)?;
            let known = genes.entry(id.to_owned()).or_insert_with(|| gathered.symbol(symbol_in(id).as_str()));
            Ok::<GeneId, ExchangeError>(*known)
        };
        let (regulator, target) = (end("subject")?, end("object")?);
        let predicate = table.needed(*line, row, "predicate")?;
        let (kind, signs) = meaning(predicate, table.field(row, "object_direction_qualifier"));
        if signs.is_empty() {
            losses.add(Lost::Unsigned(shown(predicate)), 1);
            continue;
        }
        let citation = edge_citation(&table, row, &mut losses);
        for &sign in signs {
            gathered.state(kind, Regulation::new(regulator, target, sign), citation.clone());
        }
    }
    Ok(NetworkRead { network: gathered.finish(), losses, notes: Vec::new() })
}

fn node_gene(table: &Table<'_>, row: &[&str], id: &str) -> Gene {
    let name = table.field(row, "name");
    let symbol = if name.is_empty() { symbol_in(id) } else { name.to_owned() };
    let mut gene = Gene::named(symbol);
    for curie in apart(table.field(row, "xref")).iter().map(String::as_str).chain([id]) {
        let known = curie.split_once(':').and_then(|(prefix, value)| {
            let (authority, _) = PREFIXES.iter().find(|(_, known)| known.eq_ignore_ascii_case(prefix))?;
            Some(Accession { authority: *authority, value: value.to_owned() })
        });
        gene.accessions.extend(known);
    }
    let tag = id
        .strip_prefix(KEGG_ECO)
        .or_else(|| id.strip_prefix("KEGG.GENES:eco:"))
        .map(|tag| Accession { authority: Authority::LocusTag, value: tag.to_owned() });
    gene.accessions.extend(tag);
    gene.aliases = apart(table.field(row, "synonym"));
    gene
}

/// What a node without name is called: its id, without the prefix that we give.
fn symbol_in(id: &str) -> String {
    id.strip_prefix(OWN).map_or_else(|| id.to_owned(), |rest| rest.replace("%20", " "))
}

fn edge_citation(table: &Table<'_>, row: &[&str], losses: &mut Losses) -> crate::biology::Citation {
    let list = |name: &str| match name {
        SOURCES if !table.columns.contains_key(SOURCES) => {
            let cited = ["primary_knowledge_source", "aggregator_knowledge_source"];
            let all = cited.iter().flat_map(|name| apart(table.field(row, name)));
            all.map(|source| source.trim_start_matches("infores:").to_owned()).collect()
        }
        SOURCES | KINDS => apart(table.field(row, name)),
        _ => apart(table.field(row, "publications")),
    };
    let single = |name: &str| match name {
        CONFIDENCE => Some(table.field(row, "has_confidence_score").to_owned()),
        _ => Some(table.field(row, EVIDENCE_COUNT).to_owned()),
    };
    citation_of(list, single, losses)
}

/// What an edge states: an effect where one thing affects another, else a regulation.
fn meaning(predicate: &str, direction: &str) -> (StatementKind, &'static [Sign]) {
    let is_effect = matches!(predicate, "biolink:affects" | "biolink:causes" | "affects");
    let kind = if is_effect { StatementKind::Effect } else { StatementKind::Regulation };
    let signs: &[Sign] = match direction {
        "upregulated" | "increased" => &[Sign::Activation],
        "downregulated" | "decreased" => &[Sign::Inhibition],
        _ if is_effect => &[],
        _ => read_signs(predicate).unwrap_or_default(),
    };
    (kind, signs)
}

const OWN: &str = "aligned.gene:";

fn is_b_number(tag: &str) -> bool {
    tag.len() == 5 && tag.starts_with('b') && tag[1..].bytes().all(|byte| byte.is_ascii_digit())
}

/// One identifier for each gene: that of the best catalogue, unless two genes share it.
fn node_ids(network: &CitedNetwork) -> Vec<String> {
    let best = |gene: &Gene| {
        let of = |(authority, prefix): &(Authority, &str)| {
            let own = gene.accessions.iter().find(|accession| accession.authority == *authority);
            own.filter(|own| !own.value.contains(['\t', '|', '\n', '\r', ' ', ':']))
                .map(|own| format!("{prefix}:{}", own.value))
        };
        PREFIXES[..3].iter().find_map(of).or_else(|| {
            let tag =
                gene.accessions.iter().find(|own| own.authority == Authority::LocusTag && is_b_number(&own.value));
            tag.map(|own| format!("{KEGG_ECO}{}", own.value))
        })
    };
    let mut claims: BTreeMap<String, usize> = BTreeMap::new();
    network.genes().iter().filter_map(|(_, gene)| best(gene)).for_each(|id| *claims.entry(id).or_default() += 1);
    let id = |gene: &Gene| {
        let own = || format!("{OWN}{}", gene.symbol.replace(' ', "%20"));
        best(gene).filter(|id| claims[id] == 1).unwrap_or_else(own)
    };
    network.genes().iter().map(|(_, gene)| id(gene)).collect()
}

/// Edges and nodes.
pub(super) fn write(
    network: &CitedNetwork,
    options: &WriteOptions,
    losses: &mut Losses,
) -> Result<(Vec<u8>, Vec<u8>), ExchangeError> {
    super::check_symbols(network, "KGX", |symbol| {
        if symbol.contains(['\t', '\n', '\r']) {
            return Some("a tab or a line break in it separates fields and rows");
        }
        (symbol.is_empty() || symbol.trim() != symbol).then_some("blanks around it are not kept")
    })?;
    let ids = node_ids(network);
    let taxon = options.organism.as_ref().map(|number| format!("NCBITaxon:{number}")).unwrap_or_default();
    let mut nodes = row(NODE_COLUMNS);
    for (id, gene) in network.genes().iter() {
        let category =
            if gene.symbol.starts_with("COMPLEX:") { "biolink:MacromolecularComplex" } else { "biolink:Gene" };
        let references: Vec<String> = gene
            .accessions
            .iter()
            .filter_map(|own| {
                let (_, prefix) = PREFIXES.iter().find(|(authority, _)| *authority == own.authority)?;
                Some(format!("{prefix}:{}", own.value))
            })
            .collect();
        let (references, aliases) = (joined(&references, losses), joined(&gene.aliases, losses));
        nodes.push_str(&row([&ids[id.index()], category, &gene.symbol, &references, &aliases]));
    }
    let mut edges = row(EDGE_COLUMNS.into_iter().chain([EVIDENCE_COUNT]));
    for (kind, cited) in network.statements() {
        edges.push_str(&edge_row(network, kind, cited, &ids, &taxon, losses));
    }
    Ok((edges.into_bytes(), nodes.into_bytes()))
}

fn edge_row(
    network: &CitedNetwork,
    kind: StatementKind,
    cited: &crate::biology::CitedRegulation,
    ids: &[String],
    taxon: &str,
    losses: &mut Losses,
) -> String {
    let Regulation { regulator, target, sign } = cited.regulation;
    let citation = &cited.citation;
    let iri = match kind {
        StatementKind::Regulation => vocab::regulation_iri(cited.regulation, network.genes()),
        StatementKind::Effect => vocab::effect_iri(cited.regulation, network.genes()),
    };
    let (predicate, direction) = match (kind, sign) {
        (StatementKind::Regulation, Sign::Activation) => ("biolink:regulates", "upregulated"),
        (StatementKind::Regulation, Sign::Inhibition) => ("biolink:regulates", "downregulated"),
        (StatementKind::Effect, Sign::Activation) => ("biolink:affects", "increased"),
        (StatementKind::Effect, Sign::Inhibition) => ("biolink:affects", "decreased"),
    };
    let category = match kind {
        StatementKind::Regulation => "biolink:GeneRegulatesGeneAssociation",
        StatementKind::Effect => "biolink:Association",
    };
    let is_kind = |name: &str| citation.kinds.iter().any(|kind| kind.contains(name));
    let aspect = match kind {
        StatementKind::Regulation if is_kind("post_translational") => "activity",
        StatementKind::Regulation if is_kind("transcriptional") => "expression",
        StatementKind::Regulation => "activity_or_abundance",
        StatementKind::Effect => "expression",
    };
    let primary = citation.sources.first().map_or_else(|| "infores:aligned".to_owned(), |name| infores(name));
    let (level, agent) = match citation.references.is_empty() {
        true => ("not_provided", "not_provided"),
        false => ("knowledge_assertion", "manual_agent"),
    };
    let confidence = citation.confidence.map(|confidence| confidence.to_string()).unwrap_or_default();
    let count = if citation.evidence_count > 0 { citation.evidence_count.to_string() } else { String::new() };
    let [references, sources, kinds] =
        [&citation.references, &citation.sources, &citation.kinds].map(|list| joined(list, losses));
    row([
        iri.as_str(),
        &ids[regulator.index()],
        predicate,
        &ids[target.index()],
        category,
        "biolink:causes",
        aspect,
        direction,
        taxon,
        level,
        agent,
        &primary,
        &references,
        &confidence,
        &sources,
        &kinds,
        &count,
    ])
}

/// `SIGNOR` → `infores:signor`, as the registry of information resources spells names.
fn infores(name: &str) -> String {
    let letters =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' });
    format!("infores:{}", letters.collect::<String>())
}

fn row<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut row = fields.into_iter().collect::<Vec<_>>().join("\t");
    row.push('\n');
    row
}

/// Joined by `|`; an item that would not come apart again has blanks for the marks in it, and is counted.
fn joined(items: &[String], losses: &mut Losses) -> String {
    let fit = |item: &String| {
        let marks = ['|', '\t', '\n', '\r'];
        let is_fit = !item.is_empty() && !item.contains(marks) && item.trim() == item;
        losses.add(Lost::Characters, usize::from(!is_fit));
        item.replace(marks, " ")
    };
    items.iter().map(fit).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::super::sif_network;
    use super::*;

    fn texts(network: &CitedNetwork) -> [String; 2] {
        let options = WriteOptions { organism: Some("562".to_owned()), ..WriteOptions::default() };
        let (edges, nodes) = write(network, &options, &mut Losses::default()).expect("room");
        [edges, nodes].map(|bytes| String::from_utf8(bytes).expect("text"))
    }

    #[test]
    fn fur_downregulates_ent_c_in_the_words_of_biolink() {
        let [edges, nodes] = texts(&sif_network("fur inhibits entC\nfur raises sodB\n"));
        assert!(nodes.contains("aligned.gene:fur\tbiolink:Gene\tfur\t\t\n"), "{nodes}");
        let row = edges.lines().nth(1).expect("an edge");
        assert!(row.contains("aligned.gene:fur\tbiolink:regulates\taligned.gene:entC"), "{row}");
        assert!(row.contains("\tdownregulated\tNCBITaxon:562\t"), "{row}");
        let effect = edges.lines().nth(2).expect("an effect");
        assert!(effect.contains("biolink:affects") && effect.contains("biolink:causes"), "{effect}");
    }

    #[test]
    fn edges_of_others_are_read_by_predicate_or_qualifier_and_the_rest_is_told() {
        let edges = "subject\tpredicate\tobject\tobject_direction_qualifier\tpublications\tprimary_knowledge_source\n\
            NCBIGene:7157\tbiolink:positively_regulates\tNCBIGene:1026\t\tPMID:1|PMID:2\tinfores:signor\n\
            NCBIGene:7157\tbiolink:regulates\tNCBIGene:596\tdownregulated\t\t\n\
            NCBIGene:7157\tbiolink:interacts_with\tNCBIGene:596\t\t\t\n";
        let nodes = "id\tname\tsynonym\nNCBIGene:7157\tTP53\tP53|LFS1\n";
        let parts = [("g_nodes.tsv", nodes), ("g_edges.tsv", edges)]
            .map(|(name, content)| Part { name, content: content.as_bytes() });
        let read = read(&parts).expect("a graph");
        let tp53 = read.network.genes().id("TP53").expect("by its name");
        assert_eq!(read.network.genes().gene(tp53).aliases.len(), 2);
        assert_eq!(read.network.regulations().len(), 2);
        assert_eq!(read.network.regulations().iter().map(|cited| cited.citation.references.len()).sum::<usize>(), 2);
        assert_eq!(read.losses.count(&Lost::Unsigned("biolink:interacts_with".to_owned())), 1);
    }

    #[test]
    fn what_is_missing_is_told_with_its_line() {
        let told = |content: &str| {
            read(&[Part { name: "g_edges.tsv", content: content.as_bytes() }]).expect_err(content).to_string()
        };
        assert!(told("subject\tobject\n").starts_with("g_edges.tsv:1: KGX needs the column `predicate`"));
        let row = told("subject\tpredicate\tobject\na\tbiolink:regulates\t\n");
        assert!(row.starts_with("g_edges.tsv:2: column `object` is empty"), "{row}");
        let nodes = Part { name: "g_nodes.tsv", content: b"id\nx\n" };
        assert!(read(&[nodes]).expect_err("no edges").to_string().contains("the edges, in a file"));
    }
}
