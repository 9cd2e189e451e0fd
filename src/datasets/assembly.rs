//! From what a table writes to a [`Dataset`]: names become genes, repeats are merged, contradictions refused.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::error::DatasetError;
use super::matching::{
    MarkedName, Match, WrittenGene, WrittenGenes, direction, insert_gene, look_up, look_up_gene, measured_names,
    parts_of,
};
use super::memory::check_matrix;
use super::reading::{AmbiguousName, LeftOut, LeftOutReason, ReadReport, UnmatchedGene};
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
    /// The number of a perturbation, given out anew if it was not met before.
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
}

/// Makes a data set of what was read; genes not in the table yet are added to it.
pub(super) fn assemble(
    records: Records<'_>,
    sign: Direction,
    genes: &mut GeneTable,
) -> Result<(Dataset, ReadReport), DatasetError> {
    let Records { file, perturbations, genes: written, mut entries } = records;
    let (perturbations, written) = (perturbations.perturbations, written.genes);
    let known_before = genes.len();
    let parsed = parse_perturbations(file, &perturbations, &written, sign, genes)?;
    let mut report = match_names(file, &parsed, &written, genes)?;
    report.read = entries.len() as u64;

    let gene_ids = insert_genes(&written, genes, &mut report);
    let resolved = resolve_perturbations(file, &perturbations, parsed, genes, &mut report)?;
    let rows = Rows::of(&resolved, &perturbations);
    report.new_genes = genes.len() - known_before;

    let mut left_out = LeftOutCounts::default();
    let mut said = Vec::with_capacity(entries.len());
    for entry in entries.drain(..) {
        match placed(&entry, &rows, &resolved, &gene_ids) {
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
    let dataset = fill(file, &rows, &perturbations, &merged.pairs, genes, &mut report)?;
    report.unmeasured_pairs = (dataset.len() * dataset.measured_genes().len()) as u64 - report.kept;
    Ok((dataset, report))
}

/// The genes of each written perturbation with what was done to them; none for cells in which nothing was perturbed.
pub(super) type Parsed = Vec<Vec<(String, Direction)>>;

/// Takes written perturbations apart; names measured in the same table count as known.
pub(super) fn parse_perturbations(
    file: &str,
    perturbations: &[WrittenPerturbation],
    written: &[WrittenGene],
    sign: Direction,
    genes: &GeneTable,
) -> Result<Parsed, DatasetError> {
    let measured = measured_names(written);
    let is_name = |name: &str| measured.contains(name) || look_up(name, genes) != Match::Unknown;
    let parse = |perturbation: &WrittenPerturbation| {
        let parts = parts_of(&perturbation.text, &is_name);
        let directions = directions_of(file, perturbation, parts.len(), sign)?;
        let with_direction = |((name, mark), stated): (MarkedName, Direction)| (name, mark.unwrap_or(stated));
        Ok(parts.into_iter().zip(directions).map(with_direction).collect())
    };
    perturbations.iter().map(parse).collect()
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
        let example = |gene: &&WrittenGene| (gene.name.clone(), genes.nearest_symbol(&gene.name));
        return Err(DatasetError::NothingMatches {
            file: file.to_owned(),
            line: written.first().map_or(0, |gene| gene.line),
            names: report.gene_names,
            examples: unknown_measured.iter().take(NEAREST_SHOWN).map(example).collect(),
        });
    }
    let nearest =
        |position: usize, name: &str| (position < NEAREST_SHOWN).then(|| genes.nearest_symbol(name)).flatten();
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
            Match::Known(id) => Some(id),
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

fn note_ambiguous(report: &mut ReadReport, name: &str, line: u64, genes: Vec<String>) {
    if report.ambiguous.iter().all(|known| known.name != name) {
        report.ambiguous.push(AmbiguousName { name: name.to_owned(), line, genes });
    }
}

/// What a written perturbation has become.
enum Resolved {
    Perturbation(Perturbation),
    Control,
    Ambiguous,
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
        return Ok(Resolved::Control);
    }
    let mut changes = Vec::with_capacity(parts.len());
    for (name, direction) in parts {
        let id = match look_up(&name, genes) {
            Match::Known(id) => id,
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

fn placed(
    entry: &Entry,
    rows: &Rows,
    resolved: &[Resolved],
    gene_ids: &[Option<GeneId>],
) -> Result<Statement, LeftOutReason> {
    let Some(row) = rows.of_written[entry.perturbation as usize] else {
        return Err(match resolved[entry.perturbation as usize] {
            Resolved::Ambiguous => LeftOutReason::AmbiguousPerturbation,
            _ => LeftOutReason::Control,
        });
    };
    let gene = gene_ids[entry.gene as usize].ok_or(LeftOutReason::AmbiguousGene)?;
    match entry.call {
        Call::Measured(response) => {
            let &Entry { gene: written_gene, line, log2fc, .. } = entry;
            Ok(Statement { row, gene, line, written_gene, response, log2fc })
        }
        Call::NotMeasured => Err(LeftOutReason::NotMeasured),
        Call::Undecided => Err(LeftOutReason::Undecided),
    }
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
    pairs: &[Statement],
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
