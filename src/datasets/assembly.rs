//! From what a table writes to a [`Dataset`]: names become genes, repeats are merged, contradictions refused.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::error::DatasetError;
use super::identifiers::{IdentifierKind, differing_kinds, near_symbol};
use super::matching::{
    MarkedName, Match, WrittenGene, WrittenGenes, alone, direction, insert_gene, look_up, look_up_gene, measured_names,
    names_guide, parts_of,
};
use super::memory::check_matrix;
use super::on_target::{OnTarget, one_way};
use super::reading::{AmbiguousName, LeftOut, LeftOutReason, ReadOptions, ReadReport, UnmatchedGene, UnperturbedName};
use super::renamed::{is_date, other_names};
use super::table_scale::{Scale, scale_of};
use super::unperturbed::{Unperturbed, is_often_control, is_state, unperturbed};
use super::{Dataset, Part};
use crate::biology::{
    BiologyError, Direction, GeneId, GeneTable, Perturbation, Response, ResponseMatrix, ResponseValues,
};

/// How many unmatched genes are answered with the nearest symbol; each costs a pass over the gene table.
const NEAREST_SHOWN: usize = 5;

/// What one entry of a table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Measured(Response),
    NotMeasured,
    Undecided,
}

/// One entry of a table: numbers of a written perturbation and of a written gene, and what is said of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub perturbation: u32,
    pub gene: u32,
    pub line: u64,
    pub call: Call,
    /// The log2 fold change, NaN if none stands there.
    pub log2fc: f32,
}

/// A perturbation as a table writes it.
#[derive(Clone, Debug)]
pub(super) struct WrittenPerturbation {
    pub text: String,
    /// What was done, as the direction column says; empty without one.
    pub directions: String,
    /// The experiment; empty without one.
    pub contrast: String,
    pub line: u64,
    /// Part of a split, and the line that says so.
    pub part: Option<Part>,
}

/// The different perturbations of a table, numbered as they come.
#[derive(Default)]
pub(super) struct WrittenPerturbations {
    pub perturbations: Vec<WrittenPerturbation>,
    index: HashMap<String, u32>,
    key: String,
}

impl WrittenPerturbations {
    /// The number of a perturbation, given out again if it was not met before.
    pub(super) fn number(&mut self, text: &str, directions: &str, contrast: &str, line: u64) -> u32 {
        self.key.clear();
        for part in [text, "\0", directions, "\0", contrast] {
            self.key.push_str(part);
        }
        if let Some(&number) = self.index.get(&self.key) {
            return number;
        }
        let number = u32::try_from(self.perturbations.len()).expect("a table names fewer than 2^32 perturbations");
        self.index.insert(self.key.clone(), number);
        self.perturbations.push(WrittenPerturbation {
            text: text.to_owned(),
            directions: directions.to_owned(),
            contrast: contrast.to_owned(),
            line,
            part: None,
        });
        number
    }
}

/// All that a reader took from a table.
pub(super) struct Records<'a> {
    pub file: &'a str,
    pub perturbations: WrittenPerturbations,
    pub genes: WrittenGenes,
    pub entries: Vec<Entry>,
    /// The column of the perturbation; empty if there is none.
    pub perturbation_column: String,
    /// The column of fold changes from which responses are called; `None` if the table holds responses.
    pub called_from: Option<String>,
    /// What was taken for what.
    pub notes: Vec<String>,
    /// What is odd.
    pub warnings: Vec<String>,
}

impl<'a> Records<'a> {
    pub(super) fn of(file: &'a str) -> Self {
        Self {
            file,
            perturbations: WrittenPerturbations::default(),
            genes: WrittenGenes::default(),
            entries: Vec::new(),
            perturbation_column: String::new(),
            called_from: None,
            notes: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Refuses values that cannot be log2 fold changes, where responses would be called from them.
    fn check_scale(&mut self) -> Result<(), DatasetError> {
        let Some(column) = self.called_from.clone() else { return Ok(()) };
        match scale_of(self.entries.iter().map(|entry| entry.log2fc)) {
            Scale::FoldChanges => Ok(()),
            Scale::Doubtful(reason) => {
                self.warnings
                    .push(format!("the values{} are taken for log2 fold changes, but {reason}", of_column(&column)));
                Ok(())
            }
            Scale::Other(reason) => Err(DatasetError::Scale {
                file: self.file.to_owned(),
                column,
                expected: "log2 fold changes",
                reason,
                remedy: "make log2 fold changes of perturbed cells against controls first",
            }),
        }
    }
}

fn of_column(column: &str) -> String {
    if column.is_empty() { String::new() } else { format!(" in column `{column}`") }
}

/// What a table may call controls, and what is to be said of genes that it does not mark.
#[derive(Clone, Copy)]
pub(super) struct Conventions<'a> {
    /// What was done to a gene without a mark.
    pub sign: Direction,
    /// Names of controls next to the usual ones.
    pub controls: &'a [String],
}

impl<'a> Conventions<'a> {
    pub(super) fn of(options: &'a ReadOptions) -> Self {
        Self { sign: options.perturbation_sign, controls: &options.controls }
    }
}

/// Makes a data set of what was read; genes not in the table yet are added to it.
pub(super) fn assemble(
    mut records: Records<'_>,
    conventions: Conventions<'_>,
    genes: &mut GeneTable,
) -> Result<(Dataset, ReadReport), DatasetError> {
    records.check_scale()?;
    let Records { file, perturbations, genes: written, mut entries, perturbation_column, notes, warnings, .. } =
        records;
    let (mut perturbations, written) = (perturbations.perturbations, written.genes);
    let known_before = genes.len();
    let parsed = parse_perturbations(file, &perturbations, &written, conventions, genes)?;
    refuse_states(file, &perturbation_column, &perturbations, &parsed)?;
    guides_as_contrasts(&mut perturbations, &written, genes);
    let mut report = match_names(file, &parsed, &written, genes)?;
    (report.notes, report.warnings) = (notes, warnings);
    tell_kinds(&mut report, &written, genes);
    report.read = entries.len() as u64;
    tell_names(&mut report, &perturbations, &parsed, conventions);

    let gene_ids = insert_genes(&written, genes, &mut report);
    let resolved = resolve_perturbations(file, &perturbations, parsed, genes, &mut report)?;
    let rows = Rows::of(&resolved, &perturbations);
    report.new_genes = genes.len() - known_before;
    report.unperturbed = unperturbed_names(&perturbations, &resolved, &entries);

    let mut left_out = LeftOutCounts::default();
    let mut said = Vec::with_capacity(entries.len());
    let mut uncalled = Vec::new();
    for entry in entries.drain(..) {
        let placed = place(&entry, &rows, &resolved, &gene_ids, &written).and_then(|(row, gene)| {
            let Entry { call, log2fc, line, gene: written_gene, .. } = entry;
            let reason = match call {
                Call::Measured(response) => return Ok(Statement { row, gene, line, written_gene, response, log2fc }),
                Call::NotMeasured => LeftOutReason::NotMeasured,
                Call::Undecided => LeftOutReason::Undecided,
            };
            if log2fc.is_finite() {
                uncalled.push(Uncalled { row, gene, log2fc });
            }
            Err(reason)
        });
        match placed {
            Ok(statement) => said.push(statement),
            Err(reason) => left_out.add(reason, entry.line),
        }
    }
    let merged = merge(said, &mut left_out).map_err(|clash| {
        let perturbation = perturbations[rows.first_written[clash.first.row as usize]].text.clone();
        let gene = written[clash.second.written_gene as usize].name.clone();
        contradiction(file, perturbation, gene, &clash)
    })?;
    report.merged = merged.repeats;
    report.kept = merged.pairs.len() as u64;
    report.left_out = left_out.sorted();
    if merged.pairs.is_empty() {
        let reasons: Vec<_> = report.left_out.iter().map(|left| format!("{} {}", left.entries, left.reason)).collect();
        return Err(DatasetError::NothingMeasured {
            file: file.to_owned(),
            read: report.read,
            left_out: reasons.join("; "),
        });
    }
    let dataset = fill(file, &rows, &perturbations, (&merged.pairs, &uncalled), genes, &mut report)?;
    report.unmeasured_pairs = (dataset.len() * dataset.measured_genes().len()) as u64 - report.kept;
    tell_responses(&mut report, &dataset, genes);
    Ok((dataset, report))
}

/// Two perturbed names that differ in nothing but a number set apart.
fn numbered(parsed: &Parsed) -> Option<(&str, &str)> {
    let mut first: HashMap<&str, &str> = HashMap::new();
    for (name, _) in parsed.iter().flatten() {
        let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        if stem.len() < name.len() && stem.ends_with('_') {
            match first.get(stem) {
                Some(other) if *other != name.as_str() => return Some((other, name.as_str())),
                _ => drop(first.insert(stem, name)),
            }
        }
    }
    None
}

/// Tells where the table calls genes otherwise than they are known by; between man and mouse nothing but the case may differ.
fn tell_kinds(report: &mut ReadReport, written: &[WrittenGene], genes: &GeneTable) {
    let own = IdentifierKind::of_most(written.iter().map(|gene| gene.name.as_str()));
    let known = IdentifierKind::of_most(genes.iter().map(|(_, gene)| gene.symbol.as_str()));
    let (Some(own), Some(known)) = (own, known) else { return };
    let told = format!("the table holds {}, the knowledge base {}", own.word(), known.word());
    if own == known {
        return;
    }
    if own.is_accession() || known.is_accession() {
        report.notes.push(told);
    } else {
        report.warnings.push(format!("{told}: they were matched without regard to case; are they of one organism?"));
    }
}

/// Tells what was done to genes without a mark, and which names were read as something else than they are.
fn tell_names(report: &mut ReadReport, written: &[WrittenPerturbation], parsed: &Parsed, conventions: Conventions<'_>) {
    const SHOWN: usize = 4;
    let read_as = |(written, parts): (&WrittenPerturbation, &Vec<(String, Direction)>)| {
        let names = parts.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("+");
        let bare = written.text.trim().trim_end_matches(['-', '+', '−']);
        (!parts.is_empty() && parts.len() == 1 && names != bare).then(|| format!("{} as {names}", written.text))
    };
    let mut renamed: Vec<_> = written.iter().zip(parsed).filter_map(read_as).collect();
    renamed.dedup();
    if !renamed.is_empty() {
        let more = if renamed.len() > SHOWN { format!(" and {} more", renamed.len() - SHOWN) } else { String::new() };
        renamed.truncate(SHOWN);
        report.notes.push(format!("names read: {}{more}", renamed.join(", ")));
    }
    let doubtful: Vec<_> =
        parsed.iter().flatten().map(|(name, _)| name.as_str()).filter(|name| is_often_control(name)).collect();
    if let Some(name) = doubtful.first() {
        report.notes.push(format!("`{name}` is taken for a perturbed gene, though it often is the name of a control"));
    }
    let odd = parsed.iter().flatten().map(|(name, _)| name.as_str());
    let odd: Vec<_> = odd.filter(|name| name.contains([' ', '/', '(', '\t'])).collect();
    if let Some(name) = odd.first() {
        let more = if odd.len() > 1 { format!(" (and {} more like it)", odd.len() - 1) } else { String::new() };
        report
            .warnings
            .push(format!("`{name}`{more} is taken for the name of one gene, though it hardly is; write genes alone"));
    }
    if let Some((one, other)) = numbered(parsed) {
        report.warnings.push(format!(
            "`{one}` and `{other}` are taken for two genes; if they are guides or replicates of one, write the gene and tell them \
             apart by a column `contrast`"
        ));
    }
    let word = match conventions.sign {
        Direction::Deletion => "deleted",
        Direction::Overexpression => "overexpressed",
    };
    let marked = |written: &&WrittenPerturbation| written.text.ends_with(['-', '+']) || !written.directions.is_empty();
    if !written.iter().all(|written| marked(&written)) {
        report.notes.push(format!("genes without a mark are taken as {word}"));
    }
}

fn tell_responses(report: &mut ReadReport, dataset: &Dataset, genes: &GeneTable) {
    let on_target = OnTarget::of(dataset, genes);
    if let Some(told) = on_target.told() {
        let place = if on_target.is_alarming() { &mut report.warnings } else { &mut report.notes };
        place.push(told);
    }
    let observed = &dataset.observed;
    report.warnings.extend(one_way(observed.count(Response::Down), observed.count(Response::Up)));
}

/// Refuses perturbations that are but words for *perturbed*.
fn refuse_states(
    file: &str,
    column: &str,
    written: &[WrittenPerturbation],
    parsed: &Parsed,
) -> Result<(), DatasetError> {
    let names: HashSet<&str> = parsed.iter().flatten().map(|(name, _)| name.as_str()).collect();
    if names.is_empty() || column.is_empty() || !names.iter().all(|name| is_state(name)) {
        return Ok(());
    }
    let mut examples: Vec<_> = written.iter().map(|written| written.text.clone()).collect();
    examples.sort_unstable();
    examples.dedup();
    let line = written.first().map_or(0, |written| written.line);
    Err(DatasetError::NoGenePerturbed { file: file.to_owned(), line, column: column.to_owned(), examples })
}

/// The names that guides and combinations may be made of.
fn known_names<'a>(
    perturbations: &'a [WrittenPerturbation],
    written: &'a [WrittenGene],
    genes: &'a GeneTable,
) -> impl Fn(&str) -> bool + 'a {
    let measured = measured_names(written);
    let is_gene = |name: &str| measured.contains(name) || look_up(name, genes) != Match::Unknown;
    let alone = alone(texts(perturbations), &is_gene);
    move |name: &str| measured.contains(name) || look_up(name, genes) != Match::Unknown || alone.contains(name)
}

/// Each guide against a gene is an experiment of its own, so that guides that disagree do not contradict each other.
fn guides_as_contrasts(perturbations: &mut [WrittenPerturbation], written: &[WrittenGene], genes: &GeneTable) {
    let is_guide: Vec<bool> = {
        let is_name = known_names(perturbations, written, genes);
        perturbations.iter().map(|perturbation| names_guide(&perturbation.text, &is_name)).collect()
    };
    for (perturbation, is_guide) in perturbations.iter_mut().zip(is_guide) {
        if is_guide && perturbation.contrast.is_empty() {
            perturbation.contrast.clone_from(&perturbation.text);
        }
    }
}

/// The names that stand for controls, or for nothing known, with the entries that bear them.
fn unperturbed_names(
    written: &[WrittenPerturbation],
    resolved: &[Resolved],
    entries: &[Entry],
) -> Vec<UnperturbedName> {
    let mut counts = vec![0; written.len()];
    entries.iter().for_each(|entry| counts[entry.perturbation as usize] += 1);
    let mut names: Vec<UnperturbedName> = Vec::new();
    for ((written, resolved), &entries) in written.iter().zip(resolved).zip(&counts) {
        let Resolved::Unperturbed(kind) = *resolved else { continue };
        match names.iter_mut().find(|known| known.name == written.text) {
            Some(known) => known.entries += entries,
            None => names.push(UnperturbedName { name: written.text.clone(), kind, entries }),
        }
    }
    names
}

/// The genes of each written perturbation with what was done to them; none for cells in which nothing was perturbed.
pub(super) type Parsed = Vec<Vec<(String, Direction)>>;

/// Takes written perturbations apart; names measured in the same table count as known.
pub(super) fn parse_perturbations(
    file: &str,
    perturbations: &[WrittenPerturbation],
    written: &[WrittenGene],
    Conventions { sign, controls }: Conventions<'_>,
    genes: &GeneTable,
) -> Result<Parsed, DatasetError> {
    let measured = measured_names(written);
    let is_control = |name: &str| controls.iter().any(|control| control.as_str() == name);
    let is_gene = |name: &str| measured.contains(name) || look_up(name, genes) != Match::Unknown;
    let alone = alone(texts(perturbations), &is_gene);
    let is_name = |name: &str| is_control(name) || is_gene(name) || alone.contains(name);
    let parse = |perturbation: &WrittenPerturbation| {
        let mut parts = parts_of(&perturbation.text, &is_name);
        parts.retain(|(name, _)| !is_control(name));
        let directions = directions_of(file, perturbation, parts.len(), sign)?;
        let with_direction = |((name, mark), stated): (MarkedName, Direction)| (name, mark.unwrap_or(stated));
        Ok(parts.into_iter().zip(directions).map(with_direction).collect())
    };
    perturbations.iter().map(parse).collect()
}

fn texts(perturbations: &[WrittenPerturbation]) -> impl Iterator<Item = &str> {
    perturbations.iter().map(|perturbation| perturbation.text.trim())
}

fn directions_of(
    file: &str,
    perturbation: &WrittenPerturbation,
    genes: usize,
    sign: Direction,
) -> Result<Vec<Direction>, DatasetError> {
    let WrittenPerturbation { text, directions, line, .. } = perturbation;
    if directions.is_empty() || genes == 0 {
        return Ok(vec![sign; genes]);
    }
    let unknown = || DatasetError::UnknownDirection { file: file.to_owned(), line: *line, text: directions.clone() };
    if let Some(one) = direction(directions) {
        return Ok(vec![one; genes]);
    }
    let stated: Vec<_> = directions.split([',', ';']).map(direction).collect::<Option<_>>().ok_or_else(unknown)?;
    if stated.len() != genes {
        return Err(DatasetError::DirectionCount {
            file: file.to_owned(),
            line: *line,
            perturbation: text.clone(),
            genes,
            text: directions.clone(),
            directions: stated.len(),
        });
    }
    Ok(stated)
}

/// Looks all names up before the table is changed, and refuses a table of which no gene is known.
fn match_names(
    file: &str,
    parsed: &Parsed,
    written: &[WrittenGene],
    genes: &GeneTable,
) -> Result<ReadReport, DatasetError> {
    let by_name: HashMap<&str, &WrittenGene> = written.iter().rev().map(|gene| (gene.name.as_str(), gene)).collect();
    let mut report = ReadReport { file: file.to_owned(), ..ReadReport::default() };
    let mut perturbed = Vec::new();
    let mut met = HashSet::new();
    for (name, _) in parsed.iter().flatten() {
        if met.insert(name.as_str()) {
            perturbed.push(name.as_str());
        }
    }
    let only_perturbed = perturbed.iter().filter(|name| !by_name.contains_key(*name)).count();
    report.gene_names = written.len() + only_perturbed;
    if genes.is_empty() {
        return Ok(report);
    }
    let match_of =
        |name: &str| by_name.get(name).map_or_else(|| look_up(name, genes), |gene| look_up_gene(gene, genes));
    let unknown_perturbed: Vec<_> = perturbed.iter().filter(|name| match_of(name) == Match::Unknown).collect();
    let unknown_measured: Vec<_> = written.iter().filter(|gene| look_up_gene(gene, genes) == Match::Unknown).collect();
    let line_of = |name: &str| by_name.get(name).map_or(0, |gene| gene.line);
    if unknown_perturbed.len() == perturbed.len() && unknown_measured.len() == written.len() {
        let example = |gene: &&WrittenGene| (gene.name.clone(), near_symbol(&gene.name, genes));
        return Err(DatasetError::NothingMatches {
            file: file.to_owned(),
            line: written.first().map_or(0, |gene| gene.line),
            names: report.gene_names,
            examples: unknown_measured.iter().take(NEAREST_SHOWN).map(example).collect(),
            kinds: differing_kinds(written.iter().map(|gene| gene.name.as_str()), genes),
        });
    }
    let nearest = |position: usize, name: &str| (position < NEAREST_SHOWN).then(|| near_symbol(name, genes)).flatten();
    report.unmatched_perturbed = unknown_perturbed
        .iter()
        .enumerate()
        .map(|(position, name)| UnmatchedGene {
            name: (**name).to_owned(),
            line: line_of(name),
            nearest: nearest(position, name),
        })
        .collect();
    report.unmatched_measured = unknown_measured
        .iter()
        .filter(|gene| !met.contains(gene.name.as_str()))
        .enumerate()
        .map(|(position, gene)| UnmatchedGene {
            name: gene.name.clone(),
            line: gene.line,
            nearest: nearest(position, &gene.name),
        })
        .collect();
    Ok(report)
}

fn insert_genes(written: &[WrittenGene], genes: &mut GeneTable, report: &mut ReadReport) -> Vec<Option<GeneId>> {
    let mut ids = Vec::with_capacity(written.len());
    for gene in written {
        let known = match look_up_gene(gene, genes) {
            Match::Known(id) => {
                if is_date(&gene.name) && genes.symbol(id) != gene.name {
                    report.notes.push(format!(
                        "`{}` (line {}), a date, is read as {}",
                        gene.name,
                        gene.line,
                        genes.symbol(id)
                    ));
                }
                Some(id)
            }
            Match::Unknown if is_unnamed(gene) => {
                ids.push(None);
                continue;
            }
            Match::Unknown if is_date(&gene.name) => {
                warn_of_date(report, &gene.name, gene.line);
                ids.push(None);
                continue;
            }
            Match::Unknown => None,
            Match::Ambiguous(symbols) => {
                note_ambiguous(report, &gene.name, gene.line, symbols);
                ids.push(None);
                continue;
            }
        };
        ids.push(Some(insert_gene(gene, known, genes)));
    }
    ids
}

/// Names a symbol that a spreadsheet made a date, and what it may have been; the first one only.
fn warn_of_date(report: &mut ReadReport, name: &str, line: u64) {
    const BEGIN: &str = "a spreadsheet made a date of a symbol";
    if report.warnings.iter().any(|warning| warning.starts_with(BEGIN)) {
        return;
    }
    let candidates: Vec<_> = other_names(name).into_iter().step_by(2).collect();
    let was = if candidates.is_empty() { String::new() } else { format!(", which was {}", candidates.join(" or ")) };
    report
        .warnings
        .push(format!("{BEGIN}: `{name}` on line {line}{was}; what bears a date is left out, so write the symbols"));
}

fn note_ambiguous(report: &mut ReadReport, name: &str, line: u64, genes: Vec<String>) {
    if report.ambiguous.iter().all(|known| known.name != name) {
        report.ambiguous.push(AmbiguousName { name: name.to_owned(), line, genes });
    }
}

/// What a written perturbation has become.
enum Resolved {
    Perturbation(Perturbation),
    Unperturbed(Unperturbed),
    Ambiguous,
    /// A spreadsheet made a date of a symbol.
    Date,
}

fn resolve_perturbations(
    file: &str,
    written: &[WrittenPerturbation],
    parsed: Parsed,
    genes: &mut GeneTable,
    report: &mut ReadReport,
) -> Result<Vec<Resolved>, DatasetError> {
    let mut resolved = Vec::with_capacity(written.len());
    for (perturbation, parts) in written.iter().zip(parsed) {
        resolved.push(resolve_perturbation(file, perturbation, parts, genes, report)?);
    }
    // A perturbed gene that is not measured itself first stands where its perturbation does.
    for gene in report.unmatched_perturbed.iter_mut().filter(|gene| gene.line == 0) {
        let first = written.iter().find(|perturbation| perturbation.text.contains(&gene.name));
        gene.line = first.map_or(0, |perturbation| perturbation.line);
    }
    Ok(resolved)
}

fn resolve_perturbation(
    file: &str,
    written: &WrittenPerturbation,
    parts: Vec<(String, Direction)>,
    genes: &mut GeneTable,
    report: &mut ReadReport,
) -> Result<Resolved, DatasetError> {
    if parts.is_empty() {
        let kind = unperturbed(&written.text, &|_| false).unwrap_or(Unperturbed::Control);
        return Ok(Resolved::Unperturbed(kind));
    }
    let mut changes = Vec::with_capacity(parts.len());
    for (name, direction) in parts {
        let id = match look_up(&name, genes) {
            Match::Known(id) => id,
            Match::Unknown if is_date(&name) => {
                warn_of_date(report, &name, written.line);
                return Ok(Resolved::Date);
            }
            Match::Unknown => {
                let gene = WrittenGene { name, locus_tag: None, line: written.line };
                insert_gene(&gene, None, genes)
            }
            Match::Ambiguous(symbols) => {
                note_ambiguous(report, &name, written.line, symbols);
                return Ok(Resolved::Ambiguous);
            }
        };
        changes.push((id, direction));
    }
    perturbation_of(file, written, changes, genes).map(Resolved::Perturbation)
}

/// The perturbation of these genes, refused if one is moved both ways.
pub(super) fn perturbation_of(
    file: &str,
    written: &WrittenPerturbation,
    mut changes: Vec<(GeneId, Direction)>,
    genes: &GeneTable,
) -> Result<Perturbation, DatasetError> {
    changes.sort_unstable();
    changes.dedup();
    let both_ways = changes.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].0);
    Perturbation::of(changes).ok_or_else(|| DatasetError::Perturbation {
        file: file.to_owned(),
        line: written.line,
        cause: BiologyError::ContradictoryPerturbation {
            text: written.text.clone(),
            gene: both_ways.map_or_else(String::new, |gene| genes.symbol(gene).to_owned()),
        },
    })
}

/// The rows of the data set to come: one for each perturbation and contrast, in order of appearance.
struct Rows {
    /// Row of each written perturbation, if it has one.
    of_written: Vec<Option<u32>>,
    /// The first written perturbation of each row.
    first_written: Vec<usize>,
    perturbations: Vec<Perturbation>,
}

impl Rows {
    fn of(resolved: &[Resolved], written: &[WrittenPerturbation]) -> Self {
        let mut index: HashMap<(&Perturbation, &str), u32> = HashMap::new();
        let mut rows = Self { of_written: Vec::new(), first_written: Vec::new(), perturbations: Vec::new() };
        for (number, (resolved, written)) in resolved.iter().zip(written).enumerate() {
            let Resolved::Perturbation(perturbation) = resolved else {
                rows.of_written.push(None);
                continue;
            };
            let next = u32::try_from(rows.perturbations.len()).expect("fewer rows than written perturbations");
            let row = *index.entry((perturbation, written.contrast.as_str())).or_insert(next);
            if row == next {
                rows.first_written.push(number);
                rows.perturbations.push(perturbation.clone());
            }
            rows.of_written.push(Some(row));
        }
        rows
    }
}

/// A measured response of one row and gene, and where it is stated.
#[derive(Clone, Copy, Debug)]
struct Statement {
    row: u32,
    gene: GeneId,
    line: u64,
    written_gene: u32,
    response: Response,
    /// NaN if it is not known.
    log2fc: f32,
}

/// A fold change that is known though no response was called from it.
struct Uncalled {
    row: u32,
    gene: GeneId,
    log2fc: f32,
}

/// The row and the gene of an entry.
fn place(
    entry: &Entry,
    rows: &Rows,
    resolved: &[Resolved],
    gene_ids: &[Option<GeneId>],
    genes: &[WrittenGene],
) -> Result<(u32, GeneId), LeftOutReason> {
    let Some(row) = rows.of_written[entry.perturbation as usize] else {
        return Err(match resolved[entry.perturbation as usize] {
            Resolved::Ambiguous => LeftOutReason::AmbiguousPerturbation,
            Resolved::Date => LeftOutReason::Date,
            Resolved::Unperturbed(Unperturbed::Missing) => LeftOutReason::UnknownPerturbation,
            _ => LeftOutReason::Control,
        });
    };
    let gene = gene_ids[entry.gene as usize].ok_or_else(|| match &genes[entry.gene as usize] {
        gene if is_unnamed(gene) => LeftOutReason::UnnamedGene,
        gene if is_date(&gene.name) => LeftOutReason::Date,
        _ => LeftOutReason::AmbiguousGene,
    })?;
    Ok((row, gene))
}

/// True for what stands where a measured gene has no symbol.
fn is_unnamed(gene: &WrittenGene) -> bool {
    gene.locus_tag.is_none() && matches!(gene.name.as_str(), "NA" | "N/A" | "NaN" | "nan" | "None" | "null" | "<NA>")
}

#[derive(Default)]
struct LeftOutCounts(BTreeMap<LeftOutReason, (u64, u64)>);

impl LeftOutCounts {
    fn add(&mut self, reason: LeftOutReason, line: u64) {
        let (entries, first_line) = self.0.entry(reason).or_insert((0, line));
        *entries += 1;
        *first_line = line.min(*first_line);
    }

    fn sorted(self) -> Vec<LeftOut> {
        let left_out = |(reason, (entries, first_line))| LeftOut { reason, entries, first_line };
        self.0.into_iter().map(left_out).collect()
    }
}

struct Merged {
    pairs: Vec<Statement>,
    repeats: u64,
}

/// Two statements about one pair that differ.
struct Clash {
    first: Statement,
    second: Statement,
}

/// One statement for each pair, the first; the statements about a pair must agree in the response, unless they call the gene by
/// different names.
fn merge(mut said: Vec<Statement>, left_out: &mut LeftOutCounts) -> Result<Merged, Box<Clash>> {
    said.sort_unstable_by_key(|statement| (statement.row, statement.gene, statement.line));
    let mut merged = Merged { pairs: Vec::with_capacity(said.len()), repeats: 0 };
    for pair in said.chunk_by(|one, other| (one.row, one.gene) == (other.row, other.gene)) {
        let first = pair[0];
        let Some(&second) = pair.iter().find(|statement| statement.response != first.response) else {
            merged.repeats += pair.len() as u64 - 1;
            merged.pairs.push(first);
            continue;
        };
        if pair.iter().all(|statement| statement.written_gene == first.written_gene) {
            return Err(Box::new(Clash { first, second }));
        }
        pair.iter().for_each(|statement| left_out.add(LeftOutReason::SynonymsDisagree, statement.line));
    }
    Ok(merged)
}

fn contradiction(file: &str, perturbation: String, gene: String, clash: &Clash) -> DatasetError {
    DatasetError::Contradiction {
        file: file.to_owned(),
        perturbation,
        gene,
        first_line: clash.first.line,
        first: clash.first.response.word(),
        second_line: clash.second.line,
        second: clash.second.response.word(),
    }
}

/// Lays the pairs into a matrix of those rows of which anything was measured.
fn fill(
    file: &str,
    rows: &Rows,
    written: &[WrittenPerturbation],
    (pairs, uncalled): (&[Statement], &[Uncalled]),
    genes: &GeneTable,
    report: &mut ReadReport,
) -> Result<Dataset, DatasetError> {
    let mut new_row = vec![None; rows.perturbations.len()];
    let mut kept = Vec::new();
    for pair in pairs {
        // Pairs come sorted by row, so the rows keep their order.
        new_row[pair.row as usize].get_or_insert_with(|| {
            kept.push(pair.row as usize);
            kept.len() - 1
        });
    }
    let any_change = pairs.iter().any(|pair| pair.log2fc.is_finite());
    let bytes_each = size_of::<Option<Response>>() + if any_change { size_of::<f32>() } else { 0 };
    check_matrix(file, (kept.len(), genes.len()), bytes_each)?;
    let mut observed = ResponseMatrix::unmeasured(kept.len(), genes.len());
    let mut log2fc = any_change.then(|| ResponseValues::missing(kept.len(), genes.len()));
    for pair in pairs {
        let row = new_row[pair.row as usize].expect("each row of a pair was numbered above");
        observed.set(row, pair.gene, Some(pair.response));
        if let Some(log2fc) = &mut log2fc {
            log2fc.set(row, pair.gene, pair.log2fc);
        }
    }
    if let Some(log2fc) = &mut log2fc {
        for &Uncalled { row, gene, log2fc: change } in uncalled {
            let Some(row) = new_row[row as usize] else { continue };
            if observed.get(row, gene).is_none() && log2fc.get(row, gene).is_none() {
                log2fc.set(row, gene, change);
            }
        }
    }
    let contrasts: Vec<&str> = kept.iter().map(|&row| written[rows.first_written[row]].contrast.as_str()).collect();
    let perturbations: Vec<_> = kept.iter().map(|&row| rows.perturbations[row].clone()).collect();
    let names = row_names(&perturbations, &contrasts, genes);
    for (number, row) in rows.of_written.iter().enumerate() {
        let Some(row) = row.and_then(|row| new_row[row as usize]) else { continue };
        note_part(file, &written[number], &names[row], report)?;
    }
    Ok(Dataset { names, perturbations, observed, log2fc })
}

/// The contrast names a row, unless several perturbations share it; without contrasts the perturbation does.
fn row_names(perturbations: &[Perturbation], contrasts: &[&str], genes: &GeneTable) -> Vec<String> {
    let distinct: HashSet<_> = contrasts.iter().filter(|contrast| !contrast.is_empty()).collect();
    if distinct.len() == contrasts.len() {
        return contrasts.iter().map(|&contrast| contrast.to_owned()).collect();
    }
    let name = |(perturbation, contrast): (&Perturbation, &&str)| match *contrast {
        "" => perturbation.label(genes),
        contrast => format!("{} @ {contrast}", perturbation.label(genes)),
    };
    perturbations.iter().zip(contrasts).map(name).collect()
}

fn note_part(
    file: &str,
    written: &WrittenPerturbation,
    name: &str,
    report: &mut ReadReport,
) -> Result<(), DatasetError> {
    let Some(part) = written.part else { return Ok(()) };
    match report.parts.insert(name.to_owned(), part) {
        Some(first) if first != part => Err(DatasetError::TornPerturbation {
            file: file.to_owned(),
            line: written.line,
            perturbation: written.text.clone(),
            first: first.word(),
            second: part.word(),
        }),
        _ => Ok(()),
    }
}
