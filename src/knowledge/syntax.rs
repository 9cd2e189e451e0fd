//! The syntaxes of RDF that are read and written.

use super::KnowledgeError;

/// In which text RDF is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RdfSyntax {
    /// Turtle, for people.
    Turtle,
    /// N-Quads, one statement a line; without named graphs this is N-Triples.
    NQuads,
    /// TriG: Turtle with named graphs.
    TriG,
    /// JSON-LD, for programs that read JSON.
    JsonLd,
    /// RDF/XML, as OWL editors write it.
    RdfXml,
}

impl RdfSyntax {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Turtle, Self::NQuads, Self::TriG, Self::JsonLd, Self::RdfXml];

    /// The syntax told by the name of a file: `.ttl`, `.nq`, `.nt`, `.trig`, `.jsonld`, `.rdf` or `.owl`, a final `.gz` left
    /// aside.
    ///
    /// # Errors
    /// [`KnowledgeError::UnknownExtension`] for any other name.
    pub fn from_file_name(name: &str) -> Result<Self, KnowledgeError> {
        let lower = name.to_ascii_lowercase();
        let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
        match plain.rsplit_once('.').map(|(_, extension)| extension) {
            Some("ttl" | "turtle") => Ok(Self::Turtle),
            Some("nq" | "nt") => Ok(Self::NQuads),
            Some("trig") => Ok(Self::TriG),
            Some("jsonld") => Ok(Self::JsonLd),
            Some("rdf" | "owl") => Ok(Self::RdfXml),
            _ => Err(KnowledgeError::UnknownExtension { file: name.to_owned() }),
        }
    }

    /// Its name, for example `Turtle` or `N-Quads`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Turtle => "Turtle",
            Self::NQuads => "N-Quads",
            Self::TriG => "TriG",
            Self::JsonLd => "JSON-LD",
            Self::RdfXml => "RDF/XML",
        }
    }

    /// True if statements can have the name of a graph.
    #[must_use]
    pub const fn holds_graphs(self) -> bool {
        matches!(self, Self::NQuads | Self::TriG | Self::JsonLd)
    }

    /// True if more statements can be put behind those of a file.
    pub(super) const fn can_be_continued(self) -> bool {
        matches!(self, Self::Turtle | Self::NQuads | Self::TriG)
    }

    pub(super) const fn is_turtle(self) -> bool {
        matches!(self, Self::Turtle | Self::TriG)
    }
}
