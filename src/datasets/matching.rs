//! From names as written to genes: symbols, aliases, accessions, locus tags; combinations, marks and controls.

use std::collections::{HashMap, HashSet};

use super::constructs::{Construct, construct, with_position, with_zygosity};
use super::renamed::other_names;
use super::unperturbed::unperturbed;
use crate::biology::{Accession, Authority, BiologyError, Direction, Gene, GeneId, GeneTable};

/// A gene as a table writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrittenGene {
    /// Its name, or its locus tag where no name is given.
    pub name: String,
    /// Its locus tag, if the table has a column for it.
    pub locus_tag: Option<String>,
    /// Line where it first stands.
    pub line: u64,
}

/// The different genes of a table, numbered as they come.
#[derive(Default)]
pub(super) struct WrittenGenes {
    pub genes: Vec<WrittenGene>,
    index: HashMap<String, u32>,
    key: String,
}

impl WrittenGenes {
    /// The number of a gene, given out again if it was not met before.
    pub(super) fn number(&mut self, name: &str, locus_tag: &str, line: u64) -> u32 {
        self.key.clear();
        self.key.push_str(name);
        self.key.push('\0');
        self.key.push_str(locus_tag);
        if let Some(&number) = self.index.get(&self.key) {
            return number;
        }
        let number = u32::try_from(self.genes.len()).expect("a table names fewer than 2^32 genes");
        self.index.insert(self.key.clone(), number);
        let locus_tag = (!locus_tag.is_empty()).then(|| locus_tag.to_owned());
        let name = if name.is_empty() { locus_tag.clone().unwrap_or_default() } else { name.to_owned() };
        self.genes.push(WrittenGene { name, locus_tag, line });
        number
    }
}

/// What a written gene is in a gene table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// One gene of the table.
    Known(GeneId),
    /// None of them.
    Unknown,
    /// Several; their symbols.
    Ambiguous(Vec<String>),
}

/// Looks a name up, without changing the table.
pub(super) fn look_up(name: &str, genes: &GeneTable) -> Match {
    let found = match genes.find(name) {
        Ok(None) => unversioned(name).map_or(Ok(None), |name| genes.find(name)),
        found => found,
    };
    match found {
        Ok(Some(id)) => Match::Known(id),
        Ok(None) => look_up_renamed(name, genes),
        Err(BiologyError::AmbiguousGene { genes, .. }) => Match::Ambiguous(genes),
        Err(_) => Match::Unknown,
    }
}

/// A symbol that a spreadsheet made a date, or that was renamed for that: `1-Mar` and `MARCH1` are `MARCHF1`.
fn look_up_renamed(name: &str, genes: &GeneTable) -> Match {
    let mut known: Vec<GeneId> =
        other_names(name).iter().filter_map(|other| genes.find(other).ok().flatten()).collect();
    known.sort_unstable();
    known.dedup();
    match known[..] {
        [] => Match::Unknown,
        [id] => Match::Known(id),
        _ => Match::Ambiguous(known.iter().map(|&id| genes.symbol(id).to_owned()).collect()),
    }
}

/// `ENSG00000141510.17` is `ENSG00000141510`.
fn unversioned(name: &str) -> Option<&str> {
    let (stem, version) = name.rsplit_once('.')?;
    let versioned = stem.starts_with("ENS") && version.bytes().all(|byte| byte.is_ascii_digit());
    versioned.then_some(stem)
}

/// Looks a written gene up: its locus tag decides, since symbols change and tags do not.
pub(super) fn look_up_gene(written: &WrittenGene, genes: &GeneTable) -> Match {
    let Some(tag) = &written.locus_tag else { return look_up(&written.name, genes) };
    match look_up(tag, genes) {
        Match::Unknown => {}
        found => return found,
    }
    match look_up(&written.name, genes) {
        Match::Known(id) if has_other_locus_tag(genes.gene(id), tag) => Match::Unknown,
        // The tag says that it is none of those that share the name and have tags; better a new gene than a guess.
        Match::Ambiguous(_) => Match::Unknown,
        found => found,
    }
}

fn has_other_locus_tag(gene: &Gene, tag: &str) -> bool {
    let mut tags = gene.accessions.iter().filter(|accession| accession.authority == Authority::LocusTag).peekable();
    tags.peek().is_some() && !tags.any(|accession| accession.value.eq_ignore_ascii_case(tag))
}

/// Puts a written gene, with what its names tell, into the table; `known` is what [`look_up_gene`] says of it now.
pub(super) fn insert_gene(written: &WrittenGene, known: Option<GeneId>, genes: &mut GeneTable) -> GeneId {
    let symbol = match known {
        Some(id) => genes.symbol(id).to_owned(),
        None => free_symbol(written, genes).to_owned(),
    };
    let mut gene = Gene::named(symbol);
    if let Some(tag) = &written.locus_tag {
        gene = gene.with_accession(Authority::LocusTag, tag);
    }
    if let Some(Accession { authority, value }) = accession_of(&written.name) {
        gene = gene.with_accession(authority, value);
    }
    if gene.symbol != written.name && look_up(&written.name, genes) == Match::Unknown {
        gene = gene.with_alias(&written.name);
    }
    genes.insert(gene)
}

/// The written name, or the locus tag if another gene already has that name.
fn free_symbol<'a>(written: &'a WrittenGene, genes: &GeneTable) -> &'a str {
    match &written.locus_tag {
        Some(tag) if look_up(&written.name, genes) != Match::Unknown => tag,
        _ => &written.name,
    }
}

/// The accession that a name evidently is: an *E. coli* b-number or an Ensembl gene.
fn accession_of(name: &str) -> Option<Accession> {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if name.strip_prefix('b').is_some_and(|number| digits(number, 4)) {
        return Some(Accession { authority: Authority::LocusTag, value: name.to_owned() });
    }
    let stem = unversioned(name).unwrap_or(name);
    let ensembl = stem.strip_prefix("ENSG").is_some_and(|number| digits(number, 11));
    ensembl.then(|| Accession { authority: Authority::Ensembl, value: stem.to_owned() })
}

/// One part of a written perturbation: the name of a gene and, if it bears one, its mark.
pub(super) type MarkedName = (String, Option<Direction>);

/// Takes a written perturbation apart: `A+B`, `A,B`, `A;B`, `A|B`, `A_B`, `A-`, `A+`, `A-,B+`, `sgA-1`, `A KO`; controls are
/// dropped, and so is `_vs_` with the control that it names.
///
/// A text that `is_name` knows whole is never taken apart, so symbols may hold `+`, `-`, `_` or a comma. `A_B`, `A/B` and
/// `A-B` are combinations only if `is_name` knows all their parts. No part is left of a perturbation that consists of
/// controls.
pub(super) fn parts_of(text: &str, is_name: &dyn Fn(&str) -> bool) -> Vec<MarkedName> {
    constructs_of(text, is_name).into_iter().map(|part| (part.name.to_owned(), part.mark)).collect()
}

/// What is perturbed by itself is a name too, so that combinations and guides of genes that were not measured come apart; but
/// not what is a guide against another of these.
pub(super) fn alone<'a>(texts: impl Iterator<Item = &'a str>, is_gene: &dyn Fn(&str) -> bool) -> HashSet<&'a str> {
    let bare: HashSet<&str> = texts.filter(|text| is_bare(text, is_gene)).collect();
    let is_other = |text: &str, name: &str| name != text && (is_gene(name) || bare.contains(name));
    let is_itself = |text: &&&str| construct(text, &|name| is_other(text, name)).name == **text;
    bare.iter().filter(is_itself).copied().collect()
}

/// True for a name that is neither taken apart nor written around a gene, so that it may be one itself.
fn is_bare(text: &str, is_gene: &dyn Fn(&str) -> bool) -> bool {
    let is_plain = !text.contains(['+', ',', ';', '|', '_', ' ']) && !text.ends_with(['-', '−']);
    is_plain && unperturbed(text, is_gene).is_none() && construct(text, is_gene).name == text
}

/// True if one of several guides against a gene is named.
pub(super) fn names_guide(text: &str, is_name: &dyn Fn(&str) -> bool) -> bool {
    constructs_of(text, is_name).iter().any(|part| part.guide)
}

fn constructs_of<'a>(text: &'a str, is_name: &dyn Fn(&str) -> bool) -> Vec<Construct<'a>> {
    let text = text.trim();
    if unperturbed(text, is_name).is_some() {
        return Vec::new();
    }
    if is_name(text) {
        return vec![plain(text)];
    }
    let text = without_reference(text, is_name);
    let pieces = text.split([',', ';', '|', '&']).map(str::trim).filter(|piece| !piece.is_empty());
    let parts = pieces.flat_map(|piece| parts_of_piece(piece, is_name));
    parts.filter(|part| unperturbed(part.name, is_name).is_none()).collect()
}

const fn plain(name: &str) -> Construct<'_> {
    Construct { name, mark: None, guide: false }
}

/// `fur_vs_wt` is `fur`; what is compared with anything but a control stays whole.
fn without_reference<'a>(text: &'a str, is_name: &dyn Fn(&str) -> bool) -> &'a str {
    let parts = ["_vs_", " vs ", ".vs.", "-vs-", " vs. ", " versus "].iter().find_map(|versus| text.split_once(versus));
    match parts {
        Some((name, reference)) if unperturbed(reference, is_name).is_some() && !name.is_empty() => name.trim(),
        _ => text,
    }
}

fn parts_of_piece<'a>(piece: &'a str, is_name: &dyn Fn(&str) -> bool) -> Vec<Construct<'a>> {
    if is_name(piece) || unperturbed(piece, is_name).is_some() {
        return vec![plain(piece)];
    }
    if let Some(name) = with_position(piece) {
        return vec![Construct { guide: true, ..construct(name, is_name) }];
    }
    if with_zygosity(piece).is_some() {
        return vec![construct(piece, is_name)];
    }
    let mut parts: Vec<Construct<'a>> = Vec::new();
    for part in piece.split('+').map(str::trim) {
        match parts.last_mut() {
            // Nothing between or after two `+`: the first of them is a mark.
            Some(last) if part.is_empty() => last.mark = Some(Direction::Overexpression),
            _ if part.is_empty() => {}
            _ => parts.extend(marked_names(part, is_name)),
        }
    }
    parts
}

fn marked_names<'a>(part: &'a str, is_name: &dyn Fn(&str) -> bool) -> Vec<Construct<'a>> {
    if is_name(part) || unperturbed(part, is_name).is_some() {
        return vec![plain(part)];
    }
    if let Some(name) = part.strip_suffix(['-', '−']).map(str::trim_end).filter(|name| !name.is_empty()) {
        return vec![Construct { mark: Some(Direction::Deletion), ..construct(name, is_name) }];
    }
    for separator in ['_', '/', ':', '-', ' '] {
        let joined: Vec<_> = part.split(separator).filter(|name| !name.is_empty()).collect();
        let is_part = |name: &&str| is_name(name) || unperturbed(name, is_name).is_some();
        if joined.len() > 1 && joined.iter().all(is_part) {
            return joined.into_iter().map(plain).collect();
        }
    }
    vec![construct(part, is_name)]
}

/// Reads what was done to a gene, as tables write it.
pub(super) fn direction(text: &str) -> Option<Direction> {
    const DELETION: [&str; 27] = [
        "deletion",
        "deleted",
        "del",
        "delete",
        "knockout",
        "knock-out",
        "ko",
        "knockdown",
        "knock-down",
        "kd",
        "crispri",
        "crispr-i",
        "crispr",
        "crispr-cas9",
        "crispr-ko",
        "crisprko",
        "cas9",
        "cas13",
        "cas13d",
        "rnai",
        "sirna",
        "shrna",
        "loss",
        "down",
        "-",
        "−",
        "-1",
    ];
    const OVEREXPRESSION: [&str; 15] = [
        "overexpression",
        "overexpressed",
        "over-expression",
        "oe",
        "activation",
        "activated",
        "crispra",
        "crispr-a",
        "orf",
        "cdna",
        "gain",
        "up",
        "+",
        "+1",
        "1",
    ];
    let is = |word: &&str| text.trim().eq_ignore_ascii_case(word);
    if DELETION.iter().any(is) {
        Some(Direction::Deletion)
    } else if OVEREXPRESSION.iter().any(is) {
        Some(Direction::Overexpression)
    } else {
        None
    }
}

/// The names that a table itself gives to measured genes.
pub(super) fn measured_names(written: &[WrittenGene]) -> HashSet<&str> {
    written.iter().map(|gene| gene.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Expected<'a> = &'a [(&'a str, Option<Direction>)];

    const DELETED: Option<Direction> = Some(Direction::Deletion);
    const RAISED: Option<Direction> = Some(Direction::Overexpression);

    fn parts(text: &str, names: &[&str]) -> Vec<MarkedName> {
        parts_of(text, &|name| names.contains(&name))
    }

    fn marked(expected: Expected<'_>) -> Vec<MarkedName> {
        expected.iter().map(|&(name, mark)| (name.to_owned(), mark)).collect()
    }

    #[test]
    fn a_control_partner_is_no_perturbation() {
        for text in ["KLF1", "KLF1+ctrl", "ctrl+KLF1", "KLF1,control", "KLF1+non-targeting", "KLF1_ctrl"] {
            assert_eq!(parts(text, &["KLF1"]), marked(&[("KLF1", None)]), "{text}");
        }
        assert!(parts("ctrl", &[]).is_empty());
        assert!(parts("ctrl+ctrl", &[]).is_empty());
    }

    #[test]
    fn the_human_gene_ctrl_is_no_control() {
        assert_eq!(parts("CTRL+KLF1", &["CTRL"]), marked(&[("CTRL", None), ("KLF1", None)]));
    }

    #[test]
    fn combinations_and_marks_are_told_apart() {
        let cases: [(&str, Expected); 9] = [
            ("A+B", &[("A", None), ("B", None)]),
            ("A+", &[("A", RAISED)]),
            ("A-", &[("A", DELETED)]),
            ("A-,B+", &[("A", DELETED), ("B", RAISED)]),
            ("A+B+", &[("A", None), ("B", RAISED)]),
            ("A++B", &[("A", RAISED), ("B", None)]),
            ("A-+B-", &[("A", DELETED), ("B", DELETED)]),
            ("menF;entC", &[("menF", None), ("entC", None)]),
            (" A , B ", &[("A", None), ("B", None)]),
        ];
        for (text, expected) in cases {
            assert_eq!(parts(text, &["A", "B"]), marked(expected), "{text}");
        }
    }

    #[test]
    fn a_symbol_with_marks_in_it_stays_whole() {
        for text in ["Na+/K+", "HLA-", "CEBPE_RUNX1T1", "A,B"] {
            assert_eq!(parts(text, &[text]), marked(&[(text, None)]), "{text}");
        }
        assert_eq!(parts("CEBPE_RUNX1T1", &["CEBPE"]), marked(&[("CEBPE_RUNX1T1", None)]));
        assert_eq!(parts("CEBPE_RUNX1T1", &["CEBPE", "RUNX1T1"]).len(), 2);
    }

    #[test]
    fn a_locus_tag_outlives_a_changed_symbol() {
        let mut genes = GeneTable::new();
        let known = genes.insert(Gene::named("plaR").with_accession(Authority::LocusTag, "b3574"));
        let written = WrittenGene { name: "yiaJ".into(), locus_tag: Some("b3574".into()), line: 2 };
        assert_eq!(look_up_gene(&written, &genes), Match::Known(known));
        assert_eq!(insert_gene(&written, Some(known), &mut genes), known);
        assert_eq!(genes.find("yiaJ"), Ok(Some(known)));
    }

    #[test]
    fn copies_of_a_mobile_element_that_share_a_name_stay_different_genes() {
        let mut genes = GeneTable::new();
        let tags = ["b0259", "b0552"];
        let ids = tags.map(|tag| {
            let written = WrittenGene { name: "insH1".into(), locus_tag: Some(tag.into()), line: 2 };
            assert_eq!(look_up_gene(&written, &genes), Match::Unknown);
            insert_gene(&written, None, &mut genes)
        });
        assert_ne!(ids[0], ids[1]);
        assert_eq!(genes.find("b0552"), Ok(Some(ids[1])));
        assert_eq!(genes.find("insH1"), Ok(Some(ids[0])));
    }

    #[test]
    fn the_version_of_an_ensembl_gene_is_no_part_of_its_name() {
        let mut genes = GeneTable::new();
        let tp53 = genes.insert(Gene::named("TP53").with_accession(Authority::Ensembl, "ENSG00000141510"));
        assert_eq!(look_up("ENSG00000141510.17", &genes), Match::Known(tp53));
    }

    #[test]
    fn directions_are_read_in_the_words_of_the_bench() {
        for text in ["deletion", "KO", "CRISPRi", "-", "knock-down"] {
            assert_eq!(direction(text), DELETED, "{text}");
        }
        for text in ["overexpression", "CRISPRa", "+", "1"] {
            assert_eq!(direction(text), RAISED, "{text}");
        }
        assert_eq!(direction("sideways"), None);
    }
}
