//! How a table is to be read, and what is told of the reading.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::unperturbed::Unperturbed;
use super::{CallThresholds, Part, SplitPlan, SplitScheme};
use crate::biology::Direction;

/// How a table of responses is to be read. Every field has a default that suits most tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// How perturbations and genes are laid out.
    pub layout: Layout,
    /// What separates the columns; without it the most frequent of tab, comma and semicolon in the header.
    pub delimiter: Option<char>,
    /// Names of the columns of a long table; those not given are found by their usual names.
    pub columns: Columns,
    /// When a fold change counts as a response; not used where a table holds responses.
    pub thresholds: CallThresholds,
    /// What was done to a perturbed gene where neither a mark (`fur-`, `fur+`) nor a column says it.
    pub perturbation_sign: Direction,
    /// The perturbation of a whole table that names none, such as the statistics of one comparison: `fur-`.
    pub perturbation: Option<String>,
    /// Names of controls next to the usual ones, for example `GFP`.
    pub controls: Vec<String>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            layout: Layout::default(),
            delimiter: None,
            columns: Columns::default(),
            thresholds: CallThresholds::default(),
            perturbation_sign: Direction::Deletion,
            perturbation: None,
            controls: Vec::new(),
        }
    }
}

impl ReadOptions {
    pub(super) fn delimiter_byte(&self) -> Option<u8> {
        self.delimiter.and_then(|delimiter| u8::try_from(delimiter).ok())
    }
}

/// How perturbations and genes are laid out in a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Long if the header names a perturbation and a gene column, else wide with genes in rows.
    #[default]
    Auto,
    /// One row for each perturbation and gene.
    Long,
    /// A matrix with one row for each gene, one column for each perturbation or contrast.
    GenesInRows,
    /// A matrix with one row for each perturbation or contrast, one column for each gene.
    PerturbationsInRows,
}

/// Names of the columns of a long table. A column that is not named is looked for under its usual names, in any
/// letter case and whatever stands between the words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Columns {
    /// The perturbed gene or genes, for example `fur`, `fur-`, `KLF1+MAP2K6`.
    pub perturbation: Option<String>,
    /// The gene that was measured.
    pub gene: Option<String>,
    /// Its response −1, 0, 1; empty if not measured. Takes precedence over fold changes.
    pub response: Option<String>,
    /// Its log2 fold change, perturbed against reference; empty if not measured.
    pub log2fc: Option<String>,
    /// The false discovery rate of the change.
    pub fdr: Option<String>,
    /// The experiment, where one perturbation was measured under several conditions.
    pub contrast: Option<String>,
    /// What was done to the perturbed gene.
    pub direction: Option<String>,
    /// Locus tag of the measured gene, for example `b0683`: a second name by which it is matched.
    pub locus_tag: Option<String>,
    /// Part of a split to which the perturbation belongs: train, validation or test.
    pub split: Option<String>,
}

/// What was read, kept and left out, and which names were matched.
///
/// `read = kept + merged + Σ left_out.entries`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadReport {
    /// The file.
    pub file: String,
    /// Rows of a long table, or cells of a wide one.
    pub read: u64,
    /// Measured pairs of perturbation and gene.
    pub kept: u64,
    /// Entries that repeat a pair with the same response.
    pub merged: u64,
    /// Entries that did not become a measured pair, by reason.
    pub left_out: Vec<LeftOut>,
    /// Pairs of a kept perturbation and a gene measured elsewhere in the table that are not measured themselves.
    pub unmeasured_pairs: u64,
    /// Different names of genes in the table, perturbed or measured.
    pub gene_names: usize,
    /// Genes that the gene table did not hold before.
    pub new_genes: usize,
    /// Perturbed genes unknown before, in order of appearance; empty if the gene table was empty.
    pub unmatched_perturbed: Vec<UnmatchedGene>,
    /// Other genes unknown before, in order of appearance; empty if the gene table was empty.
    pub unmatched_measured: Vec<UnmatchedGene>,
    /// Names shared by several genes; what they were used for is left out.
    pub ambiguous: Vec<AmbiguousName>,
    /// Part of each row by the table's split column, by name of the row; empty without one.
    pub parts: BTreeMap<String, Part>,
    /// Names that stand for no perturbed gene, in order of appearance.
    pub unperturbed: Vec<UnperturbedName>,
    /// What was taken for what: columns, orientation, calls, names, signs; a line each.
    pub notes: Vec<String>,
    /// What should make the reader look again, a line each.
    pub warnings: Vec<String>,
}

/// A name in the place of a perturbed gene that is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnperturbedName {
    /// The name as written.
    pub name: String,
    /// Why it is not a gene.
    pub kind: Unperturbed,
    /// Entries, or cells, that bear it.
    pub entries: u64,
}

impl ReadReport {
    /// The split of the table's own split column, if it has one.
    #[must_use]
    pub fn split_plan(&self) -> Option<SplitPlan> {
        let scheme = || SplitScheme::Assigned { parts: self.parts.clone() };
        (!self.parts.is_empty()).then(|| SplitPlan { scheme: scheme(), ..SplitPlan::default() })
    }
}

/// Entries left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Why.
    pub reason: LeftOutReason,
    /// How many.
    pub entries: u64,
    /// Line of the first.
    pub first_line: u64,
}

/// Why an entry did not become a measured pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// The value is empty or `NA`.
    NotMeasured,
    /// A large fold change that is not significant: neither a response nor its absence.
    Undecided,
    /// Cells in which no gene was perturbed.
    Control,
    /// Nobody knows what was perturbed: `NA`, `unassigned`, `multiple`.
    UnknownPerturbation,
    /// The measured gene has no name: `NA`.
    UnnamedGene,
    /// A spreadsheet made a date of the symbol.
    Date,
    /// The name of a perturbed gene is shared by several genes.
    AmbiguousPerturbation,
    /// The name of the measured gene is shared by several genes.
    AmbiguousGene,
    /// Two names in the table are one gene by the gene table, and their responses differ.
    SynonymsDisagree,
}

impl fmt::Display for LeftOutReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotMeasured => "not measured (empty or NA)",
            Self::Undecided => "undecided (large but not significant)",
            Self::Control => "controls (no gene perturbed)",
            Self::UnknownPerturbation => "not known what was perturbed",
            Self::UnnamedGene => "the measured gene has no name (NA)",
            Self::Date => "a spreadsheet made a date of the gene's symbol",
            Self::AmbiguousPerturbation => "name of the perturbed gene is shared by several genes",
            Self::AmbiguousGene => "name of the measured gene is shared by several genes",
            Self::SynonymsDisagree => "two names of one gene disagree",
        })
    }
}

/// A gene that was not in the gene table before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmatchedGene {
    /// Its name in the table.
    pub name: String,
    /// Line where it first stands.
    pub line: u64,
    /// The known symbol most like it; looked for only for the first few.
    pub nearest: Option<String>,
}

/// A name shared by several genes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmbiguousName {
    /// The name in the table.
    pub name: String,
    /// Line where it first stands.
    pub line: u64,
    /// Symbols of the genes that share it.
    pub genes: Vec<String>,
}

impl fmt::Display for ReadReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}: {} entries read, {} measured pairs kept", self.file, self.read, self.kept)?;
        for note in &self.notes {
            writeln!(formatter, "  {note}")?;
        }
        if self.merged > 0 {
            writeln!(formatter, "  {} repeat a pair with the same response and were merged", self.merged)?;
        }
        for left_out in &self.left_out {
            let LeftOut { reason, entries, first_line } = left_out;
            writeln!(formatter, "  {entries} left out: {reason}, first on line {first_line}")?;
        }
        for kind in [Unperturbed::Control, Unperturbed::Missing] {
            if let Some(line) = unperturbed_line(&self.unperturbed, kind) {
                writeln!(formatter, "  {line}")?;
            }
        }
        writeln!(formatter, "  {} pairs of a perturbation and a gene are not measured", self.unmeasured_pairs)?;
        writeln!(formatter, "  {} gene names, {} genes new to the gene table", self.gene_names, self.new_genes)?;
        write_unmatched(formatter, "perturbed", &self.unmatched_perturbed)?;
        write_unmatched(formatter, "measured", &self.unmatched_measured)?;
        for name in &self.ambiguous {
            let genes = name.genes.join(", ");
            writeln!(formatter, "  line {}: `{}` may be any of {genes}: left out", name.line, name.name)?;
        }
        Ok(())
    }
}

/// Which names were taken for controls, or for nothing known, and how many entries bear them.
#[must_use]
pub fn unperturbed_line(names: &[UnperturbedName], kind: Unperturbed) -> Option<String> {
    const SHOWN: usize = 8;
    let own: Vec<_> = names.iter().filter(|name| name.kind == kind).collect();
    let mut named: Vec<_> = own.iter().take(SHOWN).map(|own| format!("{} ({})", own.name, own.entries)).collect();
    if own.len() > SHOWN {
        named.push(format!("and {} more", own.len() - SHOWN));
    }
    let role = match kind {
        Unperturbed::Control => "taken for controls",
        Unperturbed::Missing => "taken for no known perturbation",
    };
    (!own.is_empty()).then(|| format!("{role}: {}", named.join(", ")))
}

fn write_unmatched(formatter: &mut fmt::Formatter<'_>, role: &str, genes: &[UnmatchedGene]) -> fmt::Result {
    const SHOWN: usize = 5;
    if genes.is_empty() {
        return Ok(());
    }
    let shown: Vec<_> = genes.iter().take(SHOWN).map(UnmatchedGene::described).collect();
    let more = if genes.len() > SHOWN { ", …" } else { "" };
    writeln!(formatter, "  {} {role} genes unknown before: {}{more}", genes.len(), shown.join(", "))
}

impl UnmatchedGene {
    fn described(&self) -> String {
        match &self.nearest {
            Some(nearest) => format!("{} (line {}; did you mean {nearest}?)", self.name, self.line),
            None => format!("{} (line {})", self.name, self.line),
        }
    }
}
