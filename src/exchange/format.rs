//! The formats: their names, how a file tells its own, and what each can hold.

use super::{CitedNetwork, ExchangeError, Losses, Lost, is_midas};
use crate::biology::{CitedRegulation, Gene, StatementKind};
use crate::knowledge::RdfSyntax;

/// A format in which a signed network is written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RDF in one of its syntaxes: holds everything.
    Rdf(RdfSyntax),
    /// Simple interaction format of Cytoscape: `A activates B`.
    Sif,
    /// Prior knowledge network of CellNOpt: SIF with `1` and `-1`.
    Pkn,
    /// Gene sets, two for each regulator: the genes that it raises and those that it lowers.
    Gmt,
    /// Boolean rules of BoolNet and PyBoolNet.
    Bnet,
    /// Qualitative models of SBML level 3.
    SbmlQual,
    /// Knowledge graph exchange: tables of nodes and edges in the words of the Biolink model.
    Kgx,
    /// GraphML of Cytoscape, igraph, Gephi, NetworkX.
    GraphMl,
    /// JSON of Cytoscape and Cytoscape.js.
    Cytoscape,
    /// Table of source, target and weight, as decoupler takes it.
    Weights,
    /// Export of EcoCyc: a regulator on a line, its targets indented under it.
    EcoCyc,
    /// Ontology text whose terms regulate one another.
    Obo,
    /// DOT of Graphviz, for pictures.
    Dot,
    /// Experiments of CellNOpt: which signals move under which treatment.
    Midas,
    /// Annotations of genes with terms.
    Gaf,
    /// Annotations of gene products with terms.
    Gpad,
}

/// One row for each format: its name for commands, its name for people, its extensions.
const FORMATS: [(Format, &str, &str, &[&str]); 20] = [
    (Format::Rdf(RdfSyntax::Turtle), "turtle", "Turtle", &["ttl", "turtle"]),
    (Format::Rdf(RdfSyntax::NQuads), "n-quads", "N-Quads", &["nq", "nt"]),
    (Format::Rdf(RdfSyntax::TriG), "trig", "TriG", &["trig"]),
    (Format::Rdf(RdfSyntax::JsonLd), "json-ld", "JSON-LD", &["jsonld"]),
    (Format::Rdf(RdfSyntax::RdfXml), "rdf-xml", "RDF/XML", &["rdf", "owl"]),
    (Format::Sif, "sif", "SIF", &["sif"]),
    (Format::Pkn, "pkn", "PKN", &["pkn"]),
    (Format::Gmt, "gmt", "GMT", &["gmt"]),
    (Format::Bnet, "bnet", ".bnet", &["bnet"]),
    (Format::SbmlQual, "sbml-qual", "SBML-qual", &["sbml"]),
    (Format::Kgx, "kgx", "KGX", &["kgx"]),
    (Format::GraphMl, "graphml", "GraphML", &["graphml"]),
    (Format::Cytoscape, "cyjs", ".cyjs", &["cyjs"]),
    (Format::Weights, "weights", "a table of weights", &["csv"]),
    (Format::EcoCyc, "ecocyc", "EcoCyc's export", &["ecocyc"]),
    (Format::Obo, "obo", "OBO", &["obo"]),
    (Format::Dot, "dot", "DOT", &["dot", "gv"]),
    (Format::Midas, "midas", "MIDAS", &["midas"]),
    (Format::Gaf, "gaf", "GAF", &["gaf"]),
    (Format::Gpad, "gpad", "GPAD", &["gpad", "gpa"]),
];

impl Format {
    /// All formats.
    pub fn all() -> impl Iterator<Item = Self> {
        FORMATS.iter().map(|row| row.0)
    }

    /// Its name for commands, for example `sbml-qual`.
    #[must_use]
    pub fn name(self) -> &'static str {
        FORMATS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// Its name for people, for example `SBML-qual`.
    #[must_use]
    pub fn title(self) -> &'static str {
        FORMATS.iter().find(|row| row.0 == self).map_or("", |row| row.2)
    }

    /// The format of this name, in any letter case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FORMATS.iter().find(|row| row.1.eq_ignore_ascii_case(name)).map(|row| row.0)
    }

    /// The format told by the extension of a file's name, a final `.gz` left aside; KGX by `nodes.tsv` or `edges.tsv` at its end.
    ///
    /// # Errors
    /// [`ExchangeError::UnknownExtension`] with the list of formats.
    pub fn from_file_name(name: &str) -> Result<Self, ExchangeError> {
        let lower = name.to_ascii_lowercase();
        let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
        if kgx_side(plain).is_some() {
            return Ok(Self::Kgx);
        }
        let extension = plain.rsplit_once('.').map_or("", |(_, extension)| extension);
        let found = FORMATS.iter().find(|row| row.3.contains(&extension));
        found.map(|row| row.0).ok_or_else(|| unknown(name, extension))
    }

    /// The same for a file that is there: where several formats share an extension (`.xml`, `.json`, `.csv`, `.tsv`, `.txt`), its
    /// content tells.
    ///
    /// # Errors
    /// [`ExchangeError::UnknownExtension`] with the list of formats.
    pub fn of_file(name: &str, content: &[u8]) -> Result<Self, ExchangeError> {
        let lower = name.to_ascii_lowercase();
        let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
        let begins = String::from_utf8_lossy(&content[..content.len().min(4096)]).into_owned();
        let found = match plain.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "csv" if is_midas(content) => Some(Self::Midas),
            "xml" if begins.contains("<sbml") => Some(Self::SbmlQual),
            "xml" if begins.contains("<graphml") => Some(Self::GraphMl),
            "xml" if begins.contains("rdf:RDF") => Some(Self::Rdf(RdfSyntax::RdfXml)),
            "json" if begins.contains("\"@context\"") || begins.contains("\"@graph\"") => {
                Some(Self::Rdf(RdfSyntax::JsonLd))
            }
            "json" if begins.contains("\"elements\"") => Some(Self::Cytoscape),
            "tsv" if kgx_side(plain).is_none() && has_weights(&begins) => Some(Self::Weights),
            "txt" if is_indented_below(&begins) => Some(Self::EcoCyc),
            _ => None,
        };
        found.map_or_else(|| Self::from_file_name(name), Ok)
    }

    /// The formats with their extensions, for messages.
    #[must_use]
    pub fn list() -> String {
        let told = |(format, name, _, extensions): &(Self, &str, &str, &[&str])| match format {
            Self::Kgx => format!("{name} (_edges.tsv with _nodes.tsv)"),
            _ => format!("{name} (.{})", extensions.join(", .")),
        };
        FORMATS.iter().map(told).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn unreadable(self, file: &str) -> ExchangeError {
        let reason = match self {
            Self::Dot => "DOT is a picture, its arrows have no agreed meaning; take GraphML, .cyjs or SIF",
            Self::Midas => "MIDAS holds measurements; it becomes a table of responses, which ends in .csv",
            _ => {
                "GAF and GPAD say which process a gene takes part in, not which gene regulates which; such annotations are \
                 imported next to a network, together with the ontology"
            }
        };
        ExchangeError::Unreadable { file: file.to_owned(), reason }
    }

    const fn holds(self) -> Holds {
        const NOTHING: Holds =
            Holds { citations: false, references: false, names: false, genes_alone: false, effects: false };
        const GENES: Holds = Holds { genes_alone: true, ..NOTHING };
        const ALL: Holds = Holds { citations: true, references: true, names: true, genes_alone: true, effects: true };
        match self {
            Self::Rdf(_) | Self::Kgx | Self::GraphMl | Self::Cytoscape => ALL,
            Self::Sif | Self::Dot => Holds { effects: true, ..GENES },
            Self::Bnet | Self::SbmlQual => GENES,
            Self::Obo => Holds { citations: false, ..ALL },
            Self::Pkn | Self::Gmt | Self::Weights | Self::EcoCyc | Self::Midas | Self::Gaf | Self::Gpad => NOTHING,
        }
    }

    /// What the format as such cannot hold of a network; its writer adds what depends on names.
    #[must_use]
    pub fn losses(self, network: &CitedNetwork) -> Losses {
        let holds = self.holds();
        let mut losses = Losses::default();
        let written = |kind: StatementKind| holds.effects || kind == StatementKind::Regulation;
        let statements: Vec<&CitedRegulation> =
            network.statements().filter(|(kind, _)| written(*kind)).map(|(_, cited)| cited).collect();
        let citing = |has: fn(&CitedRegulation) -> bool| statements.iter().filter(|cited| has(cited)).count();
        if !holds.references {
            losses.add(Lost::References, citing(|cited| !cited.citation.references.is_empty()));
        }
        if !holds.citations {
            losses.add(Lost::Sources, citing(|cited| !cited.citation.sources.is_empty()));
            losses.add(Lost::Kinds, citing(|cited| !cited.citation.kinds.is_empty()));
            losses.add(Lost::EvidenceCounts, citing(|cited| cited.citation.evidence_count > 0));
            losses.add(Lost::Confidences, citing(|cited| cited.citation.confidence.is_some()));
        }
        if !holds.names {
            let having = |has: fn(&Gene) -> bool| network.genes().iter().filter(|(_, gene)| has(gene)).count();
            losses.add(Lost::GeneIdentifiers, having(|gene| !gene.accessions.is_empty()));
            losses.add(Lost::Aliases, having(|gene| !gene.aliases.is_empty()));
        }
        if !holds.effects {
            losses.add(Lost::Effects, network.effects().len());
        }
        if !holds.genes_alone {
            let alone = network.taking_part(|kind, _| written(kind)).into_iter().filter(|takes_part| !takes_part);
            losses.add(Lost::GenesAlone, alone.count());
        }
        losses
    }
}

/// What a format can hold next to signed regulations.
#[derive(Clone, Copy)]
struct Holds {
    /// Kinds, sources, numbers of records, confidence.
    citations: bool,
    references: bool,
    /// Accessions and aliases.
    names: bool,
    genes_alone: bool,
    effects: bool,
}

/// What a name that ends so leaves in front, and whether it is that of the nodes.
pub(super) fn kgx_side(plain: &str) -> Option<(&str, bool)> {
    [("nodes.tsv", true), ("edges.tsv", false)]
        .into_iter()
        .find_map(|(end, is_nodes)| plain.strip_suffix(end).map(|stem| (stem, is_nodes)))
}

fn has_weights(begins: &str) -> bool {
    let header: Vec<&str> = begins.lines().next().unwrap_or_default().split('\t').collect();
    super::weights::columns(&header).is_some()
}

fn is_indented_below(begins: &str) -> bool {
    let mut lines = begins.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let is_indented = |line: &str| line.starts_with([' ', '\t']);
    lines.next().is_some_and(|line| !is_indented(line)) && lines.next().is_some_and(is_indented)
}

fn unknown(name: &str, extension: &str) -> ExchangeError {
    let hint = match extension {
        "xml" => " (SBML, GraphML or RDF/XML?)",
        "json" => " (.cyjs or JSON-LD?)",
        "tsv" | "txt" => " (a table of a database is imported, its columns named)",
        "xlsx" | "xls" => " (save the sheet as CSV)",
        "parquet" | "zarr" | "h5ad" => " (it is not read by this build)",
        _ => "",
    };
    ExchangeError::UnknownExtension { file: name.to_owned(), hint, formats: Format::list() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_tells_the_format() {
        for (name, format) in [
            ("out/net.graphml.gz", Format::GraphMl),
            ("net.GV", Format::Dot),
            ("a_edges.tsv", Format::Kgx),
            ("a_nodes.tsv.gz", Format::Kgx),
            ("kb.trig", Format::Rdf(RdfSyntax::TriG)),
            ("m.bnet", Format::Bnet),
        ] {
            assert_eq!(Format::from_file_name(name).expect(name), format);
        }
        let message = Format::from_file_name("net.abc").expect_err("unknown").to_string();
        assert!(message.contains("sbml-qual (.sbml)") && message.contains("kgx (_edges.tsv"), "{message}");
    }

    #[test]
    fn the_content_tells_where_formats_share_an_extension() {
        let of = |name: &str, content: &str| Format::of_file(name, content.as_bytes()).ok();
        assert_eq!(of("m.xml", "<?xml?><sbml level='3'>"), Some(Format::SbmlQual));
        assert_eq!(of("m.xml", "<?xml?><graphml>"), Some(Format::GraphMl));
        assert_eq!(of("m.xml", "<html>"), None);
        assert_eq!(of("m.json", "{\"elements\": {}}"), Some(Format::Cytoscape));
        assert_eq!(of("m.csv", "TR:a:Stimuli,DA:ALL,DV:b\n"), Some(Format::Midas));
        assert_eq!(of("m.csv", "source,target,weight\n"), Some(Format::Weights));
        assert_eq!(of("m.txt", "zntR*\n    -rmf\n"), Some(Format::EcoCyc));
    }

    #[test]
    fn every_format_is_found_by_its_name() {
        assert!(Format::all().all(|format| Format::named(format.name()) == Some(format)));
    }
}
