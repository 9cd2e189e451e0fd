//! What a format cannot hold, counted by kind.

use std::collections::BTreeMap;
use std::fmt;

/// A kind of thing that is lost on the way from or to a format.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Lost {
    /// Publications cited for a regulation or an effect.
    References,
    /// Databases cited for a regulation or an effect.
    Sources,
    /// The kind of a regulation, for example `transcriptional`.
    Kinds,
    /// The number of records behind a regulation or an effect.
    EvidenceCounts,
    /// How sure the knowledge is of a regulation or an effect.
    Confidences,
    /// Accessions of a gene: UniProt, Entrez, Ensembl, locus tag, miRBase.
    GeneIdentifiers,
    /// Other symbols of a gene.
    Aliases,
    /// Genes without a regulation or effect that is written.
    GenesAlone,
    /// Effects: perturbing one gene moves another, mechanism open.
    Effects,
    /// Regulations of genes by themselves.
    SelfRegulations,
    /// Regulations of opposite sign between two genes.
    Conflicts,
    /// Regulators whose symbol the readers of the format take for the name of a protein.
    RegulatorSymbols,
    /// Items of lists with characters that separate items or fields in the format.
    Characters,
    /// Relations by a word that tells no sign.
    Unsigned(String),
    /// Sets of genes whose name tells no direction.
    UndirectedSets,
    /// Edges without direction.
    UndirectedEdges,
    /// Inputs of a rule that act with both signs, by what the other inputs are.
    NonMonotone,
    /// Inputs of a rule that never change its value.
    WithoutInfluence,
    /// Inputs of a rule too large to be told whether they act with one sign.
    Undecided,
    /// Boolean functions: what remains is the sign of each input.
    Functions,
    /// Levels above 1 of a gene with more than two.
    Levels,
    /// Regulations of two genes together, read as one of each.
    Gates,
    /// Statements of RDF that say something else, by the predicate.
    Statements(String),
    /// Names of graphs.
    GraphNames,
    /// Terms of an ontology that are obsolete.
    ObsoleteTerms,
    /// Lines that are no line of the format.
    Lines,
    /// Measurements without a value.
    Missing,
    /// Measurements for which there is no control.
    Uncontrolled,
}

impl Lost {
    /// This many of them, in words: `references of 812 regulations`.
    #[must_use]
    pub fn told(&self, count: u64) -> String {
        let of = |what: &str, one: &str| format!("{what} of {}", counted(count, one));
        match self {
            Self::References => of("references", "regulation"),
            Self::Sources => of("sources", "regulation"),
            Self::Kinds => of("kinds", "regulation"),
            Self::EvidenceCounts => of("numbers of supporting records", "regulation"),
            Self::Confidences => of("confidence", "regulation"),
            Self::GeneIdentifiers => of("identifiers", "gene"),
            Self::Aliases => of("other names", "gene"),
            Self::GenesAlone => format!("{} without a regulation", counted(count, "gene")),
            Self::Effects => counted(count, "effect"),
            Self::SelfRegulations => format!("{} of a gene by itself", counted(count, "regulation")),
            Self::Conflicts => format!("{} with both signs between two genes", counted(count, "regulation")),
            Self::RegulatorSymbols => {
                format!("symbols of {} that readers take for proteins", counted(count, "regulator"))
            }
            Self::Characters => format!("characters in {} that separate fields", counted(count, "name")),
            Self::Unsigned(word) => format!("{} `{word}`, which tells no sign", counted(count, "relation")),
            Self::UndirectedSets => format!("{} whose name tells neither up nor down", counted(count, "set")),
            Self::UndirectedEdges => format!("{} without direction", counted(count, "edge")),
            Self::NonMonotone => {
                format!("{} that both raise and lower, as the other inputs stand", counted(count, "input"))
            }
            Self::WithoutInfluence => format!("{} that never change the value of their rule", counted(count, "input")),
            Self::Undecided => format!("{} of rules too large to tell their sign", counted(count, "input")),
            Self::Functions => format!("Boolean functions of {}, but for the signs", counted(count, "gene")),
            Self::Levels => of("levels above 1", "gene"),
            Self::Gates => format!("{} of several genes together", counted(count, "action")),
            Self::Statements(predicate) => format!("{} by {predicate}", counted(count, "statement")),
            Self::GraphNames => of("names of the graphs", "statement"),
            Self::ObsoleteTerms => counted(count, "obsolete term"),
            Self::Lines => format!("{} that are not of the format", counted(count, "line")),
            Self::Missing => format!("{} without a value", counted(count, "measurement")),
            Self::Uncontrolled => format!("{} without a control", counted(count, "measurement")),
        }
    }
}

fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// How much of each kind was lost; kinds of which nothing was are not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses(BTreeMap<Lost, u64>);

impl Losses {
    /// Counts this many more.
    pub fn add(&mut self, lost: Lost, count: usize) {
        if count > 0 {
            *self.0.entry(lost).or_default() += count as u64;
        }
    }

    /// Takes over all of another.
    pub fn extend(&mut self, other: Self) {
        for (lost, count) in other.0 {
            *self.0.entry(lost).or_default() += count;
        }
    }

    /// How much of this kind was lost.
    #[must_use]
    pub fn count(&self, lost: &Lost) -> u64 {
        self.0.get(lost).copied().unwrap_or_default()
    }

    /// Kinds with their counts, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&Lost, u64)> {
        self.0.iter().map(|(lost, &count)| (lost, count))
    }

    /// True if nothing was lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One line for each kind: `lost: references of 812 regulations`.
impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(lost, count)| writeln!(f, "lost: {}", lost.told(count)))
    }
}
