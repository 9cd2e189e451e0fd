//! Long tables: one row for each perturbation and gene, with a response or a fold change.

use csv::StringRecord;

use super::assembly::{Call, Conventions, Entry, Records, assemble};
use super::error::Cell;
use super::long_columns::{FoundColumns, Perturbed};
use super::matching::parts_of;
use super::survey::settle;
use super::table::Table;
use super::{CallThresholds, Dataset, DatasetError, Part, ReadOptions, ReadReport};
use crate::biology::{GeneTable, Response};

/// Reads a long table: a perturbation, a gene, and its response −1, 0, 1 or its log2 fold change with a false discovery
/// rate.
///
/// Columns are found by the names of [`super::Columns`] or by their usual ones. Names are matched to `genes` by symbol,
/// locus tag, accession or alias, and added to it where unknown; a perturbation may be a combination (`A+B`, `A,B`), bear
/// marks (`A-,B+`) and hold control partners (`A+ctrl`), which are dropped. An empty value, or `NA`, is *not measured*. What
/// was taken for what is told in the notes of the report, and what is odd in its warnings.
///
/// # Errors
/// [`DatasetError`], naming line and gene, for a missing column, a ragged row, a response outside −1, 0, 1, a fold change
/// that is not a finite number, values on another scale, a pair with two different responses, or a table of which no gene is
/// known. The gene table may then hold genes of the file.
pub fn read_long(
    bytes: &[u8],
    file: &str,
    options: &ReadOptions,
    genes: &mut GeneTable,
) -> Result<(Dataset, ReadReport), DatasetError> {
    let thresholds = options.thresholds.checked()?;
    let mut table = Table::open(bytes, file, options.delimiter_byte())?;
    table.allow_row_names();
    let mut columns = FoundColumns::of(&table, options)?;
    refuse_no_perturbation(&columns.perturbation)?;
    let settled = settle(&mut columns, bytes, file, options)?;
    let mut records = Records::of(file);
    (records.notes, records.warnings) = columns.told(&table, options);
    records.warnings.splice(0..0, settled);
    if let Perturbed::Column(column) = columns.perturbation {
        records.perturbation_column.clone_from(&table.header[column]);
    }
    if let (None, Some(found)) = (columns.response, columns.log2fc) {
        records.called_from = Some(table.header[found.column].clone());
    }
    while let Some((line, row)) = table.next_row()? {
        let entry = columns.entry(line, &row, &table, thresholds, &mut records)?;
        records.entries.push(entry);
    }
    assemble(records, Conventions::of(options), genes)
}

/// True if the header names a perturbation, a gene and a value.
pub(super) fn looks_long(table: &Table<'_>, options: &ReadOptions) -> bool {
    FoundColumns::of(table, options).is_ok()
}

/// Refuses a control, or nothing, as the perturbation of a whole table.
fn refuse_no_perturbation(perturbed: &Perturbed) -> Result<(), DatasetError> {
    match perturbed {
        Perturbed::All(given) if parts_of(given, &|_| false).is_empty() => {
            Err(DatasetError::NoPerturbation { given: given.clone() })
        }
        _ => Ok(()),
    }
}

impl FoundColumns {
    fn entry(
        &self,
        line: u64,
        row: &StringRecord,
        table: &Table<'_>,
        thresholds: CallThresholds,
        records: &mut Records<'_>,
    ) -> Result<Entry, DatasetError> {
        let field = |column: Option<usize>| column.map_or("", |column| &row[column]);
        let perturbation = match &self.perturbation {
            Perturbed::Column(column) => &row[*column],
            Perturbed::All(given) => given.as_str(),
        };
        let place = Place { table, line, perturbation, gene: &row[self.gene] };
        let locus_tag = Some(field(self.locus_tag)).filter(|tag| !is_absent(tag)).unwrap_or_default();
        if place.perturbation.is_empty() {
            return Err(place.empty("perturbation"));
        }
        if place.gene.is_empty() && locus_tag.is_empty() {
            return Err(place.empty("gene"));
        }
        let written = |found: super::long_columns::FoldChanges| {
            let log2fc = place.log2fc(found.column, &row[found.column])?;
            Ok::<_, DatasetError>(log2fc.map(|change| change * found.factor))
        };
        let log2fc = self.log2fc.map(written).transpose()?.flatten();
        let call = match self.response {
            Some(column) => place.response(column, &row[column])?,
            None => place.called(log2fc, self.fdr.map(|column| (column, &row[column])), thresholds)?,
        };
        let direction = Some(field(self.direction)).filter(|text| !is_absent(text)).unwrap_or_default();
        let perturbation = records.perturbations.number(place.perturbation, direction, field(self.contrast), line);
        if let Some(column) = self.split {
            note_part(place, &row[column], &mut records.perturbations.perturbations[perturbation as usize].part)?;
        }
        let gene = records.genes.number(place.gene, locus_tag, line);
        Ok(Entry { perturbation, gene, line, call, log2fc: or_nan(log2fc) })
    }
}

fn note_part(place: Place<'_, '_>, text: &str, known: &mut Option<Part>) -> Result<(), DatasetError> {
    let file = place.table.file;
    let unknown = || DatasetError::UnknownPart { file: file.to_owned(), line: place.line, text: text.to_owned() };
    let part = Part::parse(text).ok_or_else(unknown)?;
    match known.replace(part) {
        Some(first) if first != part => Err(DatasetError::TornPerturbation {
            file: file.to_owned(),
            line: place.line,
            perturbation: place.perturbation.to_owned(),
            first: first.word(),
            second: part.word(),
        }),
        _ => Ok(()),
    }
}

/// A log2 fold change as an [`Entry`] holds it.
pub(super) fn or_nan(log2fc: Option<f64>) -> f32 {
    log2fc.map_or(f32::NAN, |change| change as f32)
}

/// True for a value that says *not measured*.
pub(super) fn is_missing(text: &str) -> bool {
    matches!(text, "" | "NA" | "N/A" | "na" | "n/a" | "None" | "null" | "NULL" | "<NA>")
}

/// The same where a value that is not a number can mean nothing else.
pub(super) fn is_absent(text: &str) -> bool {
    is_missing(text) || text.eq_ignore_ascii_case("nan")
}

/// Where a value stands, for messages.
#[derive(Clone, Copy)]
pub(super) struct Place<'t, 'a> {
    pub table: &'t Table<'a>,
    pub line: u64,
    pub perturbation: &'t str,
    pub gene: &'t str,
}

impl Place<'_, '_> {
    pub(super) fn empty(&self, role: &'static str) -> DatasetError {
        DatasetError::EmptyName { file: self.table.file.to_owned(), line: self.line, role }
    }

    fn cell(&self, column: usize, text: &str) -> Box<Cell> {
        Box::new(Cell {
            file: self.table.file.to_owned(),
            line: self.line,
            perturbation: self.perturbation.to_owned(),
            gene: self.gene.to_owned(),
            column: self.table.header[column].clone(),
            text: text.to_owned(),
        })
    }

    /// Reads a response −1, 0, 1.
    pub(super) fn response(&self, column: usize, text: &str) -> Result<Call, DatasetError> {
        if is_absent(text) {
            return Ok(Call::NotMeasured);
        }
        let refused = |cause| DatasetError::Response { cell: self.cell(column, text), cause };
        Response::parse(text).map(Call::Measured).map_err(refused)
    }

    /// Reads a log2 fold change; `None` if it was not measured.
    pub(super) fn log2fc(&self, column: usize, text: &str) -> Result<Option<f64>, DatasetError> {
        if is_missing(text) { Ok(None) } else { self.finite(column, text).map(Some) }
    }

    /// The call of a log2 fold change, with its false discovery rate if there is a column of it.
    pub(super) fn called(
        &self,
        log2fc: Option<f64>,
        fdr: Option<(usize, &str)>,
        thresholds: CallThresholds,
    ) -> Result<Call, DatasetError> {
        let Some(change) = log2fc else { return Ok(Call::NotMeasured) };
        let fdr = match fdr {
            // Not tested, so nothing is known of its significance.
            Some((_, text)) if is_absent(text) => return Ok(Call::NotMeasured),
            Some((column, text)) => Some(self.rate(column, text)?),
            None => None,
        };
        Ok(thresholds.call(change, fdr).map_or(Call::Undecided, Call::Measured))
    }

    /// Reads a finite number.
    pub(super) fn finite(&self, column: usize, text: &str) -> Result<f64, DatasetError> {
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(_) => Err(self.not_finite(column, text)),
            Err(_) => Err(DatasetError::NotANumber { cell: self.cell(column, text) }),
        }
    }

    /// The error for a number that is not finite.
    pub(super) fn not_finite(&self, column: usize, text: &str) -> DatasetError {
        DatasetError::NotFinite { cell: self.cell(column, text) }
    }

    fn rate(&self, column: usize, text: &str) -> Result<f64, DatasetError> {
        let rate = self.finite(column, text)?;
        if (0.0..=1.0).contains(&rate) {
            return Ok(rate);
        }
        Err(DatasetError::FdrOutOfRange { cell: self.cell(column, text) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::biology::{Authority, Direction, Gene, GeneId, Perturbation, ResponseValues};
    use crate::datasets::{Columns, LeftOutReason};

    fn read_into(
        text: &str,
        options: &ReadOptions,
        genes: &mut GeneTable,
    ) -> Result<(Dataset, ReadReport), DatasetError> {
        read_long(text.as_bytes(), "t.csv", options, genes)
    }

    fn read(text: &str) -> (Dataset, ReadReport, GeneTable) {
        let mut genes = GeneTable::new();
        let (dataset, report) = read_into(text, &ReadOptions::default(), &mut genes).expect("reads");
        (dataset, report, genes)
    }

    fn message(text: &str) -> String {
        read_into(text, &ReadOptions::default(), &mut GeneTable::new()).expect_err("refused").to_string()
    }

    fn response(dataset: &Dataset, genes: &GeneTable, row: usize, gene: &str) -> Option<Response> {
        dataset.observed.get(row, genes.id(gene).expect(gene))
    }

    #[test]
    fn one_table_in_any_make_reads_alike() {
        let plain = "perturbation,gene,response\nfur,entC,1\ncrp,lacZ,-1\ncrp,entC,0\n";
        let (expected, ..) = read(plain);
        for text in [
            plain.replace(',', "\t"),
            plain.replace(',', ";"),
            plain.replace('\n', "\r\n"),
            format!("\u{feff}{plain}"),
            plain.replace("entC", "\"entC\""),
            plain.replace("perturbation,gene,response", "Pert,target_gene,Label"),
            plain.replace(",1\n", ",+1\n").replace(",0\n", ", unchanged\n"),
        ] {
            assert_eq!(read(&text).0, expected, "{text:?}");
        }
    }

    #[test]
    fn fold_changes_are_kept_with_the_responses_they_were_called_from_or_stand_beside() {
        let (called, _, genes) = read("pert,gene,lfc\nfur,entC,1.5\nfur,lacZ,0.25\n");
        let (both, ..) = read("pert,gene,response,lfc\nfur,entC,1,1.5\nfur,lacZ,0,0.25\n");
        assert_eq!(called, both);
        let log2fc = called.log2fc.expect("a column of them");
        let of = |gene: &str| log2fc.get(0, genes.id(gene).expect(gene));
        assert_eq!((of("entC"), of("lacZ"), of("fur")), (Some(1.5), Some(0.25), None));
        assert_eq!(read("pert,gene,response\nfur,entC,1\n").0.log2fc, None);
    }

    #[test]
    fn a_fold_change_is_kept_where_no_response_is_called_from_it_but_is_not_scored() {
        let (dataset, report, genes) = read("pert,gene,response,lfc\nfur,entC,1,1.5\nfur,lacZ,,0.75\nfur,crp,,NA\n");
        let log2fc = dataset.log2fc.as_ref().expect("a column of them");
        let called = dataset.called_changes().expect("the same");
        let of = |values: &ResponseValues, gene: &str| values.get(0, genes.id(gene).expect(gene));
        assert_eq!(["entC", "lacZ", "crp"].map(|gene| of(log2fc, gene)), [Some(1.5), Some(0.75), None]);
        assert_eq!(["entC", "lacZ", "crp"].map(|gene| of(&called, gene)), [Some(1.5), None, None]);
        assert_eq!((response(&dataset, &genes, 0, "lacZ"), report.kept, report.unmeasured_pairs), (None, 1, 0));
    }

    #[test]
    fn an_unlisted_pair_and_an_empty_value_are_unmeasured_and_not_unchanged() {
        let (dataset, report, genes) = read("pert,gene,label\nA,x,1\nA,y,\nB,y,0\nB,z,NA\n");
        assert_eq!(response(&dataset, &genes, 0, "y"), None);
        assert_eq!(response(&dataset, &genes, 1, "x"), None);
        assert_eq!(response(&dataset, &genes, 1, "y"), Some(Response::Unchanged));
        assert_eq!((report.read, report.kept, report.unmeasured_pairs), (4, 2, 2));
        assert_eq!(report.left_out.len(), 1);
        assert_eq!((report.left_out[0].reason, report.left_out[0].first_line), (LeftOutReason::NotMeasured, 3));
    }

    #[test]
    fn fold_changes_become_responses_by_size_and_significance() {
        let text = "contrast,pert,gene,log2FoldChange,adj.P.Val\n\
                    k,fur,up,1.5,0.01\nk,fur,down,-3,1e-9\nk,fur,small,0.4,0.001\nk,fur,unsure,2,0.3\nk,fur,untested,2,NA\n";
        let (dataset, report, genes) = read(text);
        let calls = ["up", "down", "small", "unsure", "untested"]
            .map(|gene| genes.id(gene).and_then(|id| dataset.observed.get(0, id)));
        assert_eq!(calls, [Some(Response::Up), Some(Response::Down), Some(Response::Unchanged), None, None]);
        assert_eq!(dataset.names, ["k"]);
        let reasons: Vec<_> = report.left_out.iter().map(|left_out| left_out.reason).collect();
        assert_eq!(reasons, [LeftOutReason::NotMeasured, LeftOutReason::Undecided]);
    }

    #[test]
    fn a_control_partner_makes_no_second_perturbation() {
        let (dataset, report, genes) =
            read("condition,gene,label\nKLF1+ctrl,x,1\nctrl+KLF1,y,1\nctrl,x,0\nKLF1+A,x,0\n");
        let klf1 = genes.id("KLF1").expect("KLF1");
        assert_eq!(dataset.perturbations[0], Perturbation::deletion(klf1));
        assert_eq!(dataset.len(), 2);
        assert_eq!(dataset.observed.row(0).iter().flatten().count(), 2);
        assert_eq!(report.left_out[0].reason, LeftOutReason::Control);
        assert_eq!(dataset.names, ["KLF1-", "KLF1-,A-"]);
    }

    #[test]
    fn what_was_done_is_told_by_mark_then_column_then_option() {
        let text = "pert,gene,label,sign\nA,x,1,overexpression\nB-,x,1,+\nC,x,1,\nD+E,x,1,\"-,+\"\n";
        let (dataset, _, genes) = read(text);
        assert_eq!(dataset.names, ["A+", "B-", "C-", "D-,E+"]);
        let options = ReadOptions { perturbation_sign: Direction::Overexpression, ..ReadOptions::default() };
        let (dataset, _) = read_into("pert,gene,label\nA,x,1\n", &options, &mut GeneTable::new()).expect("reads");
        assert_eq!(dataset.names, ["A+"]);
        assert_eq!(genes.len(), 6);
    }

    #[test]
    fn contrasts_are_rows_of_their_own_and_name_them_if_they_can() {
        let (dataset, ..) = read("contrast,pert,gene,label\nfur_dpd,fur,x,1\nfur_fe,fur,x,0\n");
        assert_eq!(dataset.names, ["fur_dpd", "fur_fe"]);
        assert_eq!(dataset.gene_sets().len(), 1);
        let (dataset, ..) = read("condition,pert,gene,label\nheat,fur,x,1\nheat,crp,x,0\n");
        assert_eq!(dataset.names, ["fur- @ heat", "crp- @ heat"]);
    }

    #[test]
    fn genes_are_matched_by_symbol_locus_tag_alias_and_letter_case() {
        let mut genes = GeneTable::new();
        genes.insert(Gene::named("fur").with_accession(Authority::LocusTag, "b0683"));
        genes.insert(Gene::named("MARS1").with_alias("MARS"));
        genes.insert(Gene::named("SLA2").with_alias("MARS"));
        let text = "pert,gene,label\nb0683,FUR,-1\nfur,sla2,1\nfur,MARS,1\nfur,SLA3,0\nfur,yqjF,0\nMARS,fur,0\n";
        let (dataset, report) = read_into(text, &ReadOptions::default(), &mut genes).expect("reads");
        assert_eq!(dataset.names, ["fur-"]);
        assert_eq!(dataset.observed.get(0, GeneId::new(0)), Some(Response::Down));
        assert_eq!(dataset.observed.get(0, GeneId::new(2)), Some(Response::Up));
        assert_eq!(report.ambiguous.len(), 1);
        assert_eq!((report.ambiguous[0].name.as_str(), report.ambiguous[0].line), ("MARS", 4));
        let unmatched: Vec<_> = report.unmatched_measured.iter().map(|gene| (gene.name.as_str(), gene.line)).collect();
        assert_eq!(unmatched, [("SLA3", 5), ("yqjF", 6)]);
        assert_eq!(report.unmatched_measured[0].nearest.as_deref(), Some("SLA2"));
        assert_eq!(report.new_genes, 2);
        let reasons: Vec<_> = report.left_out.iter().map(|left_out| left_out.reason).collect();
        assert_eq!(reasons, [LeftOutReason::AmbiguousPerturbation, LeftOutReason::AmbiguousGene]);
    }

    #[test]
    fn a_perturbed_gene_unknown_to_the_knowledge_is_listed_apart() {
        let mut genes = GeneTable::new();
        genes.intern("entC");
        let (_, report) =
            read_into("pert,gene,label\nyqjF,entC,1\n", &ReadOptions::default(), &mut genes).expect("reads");
        assert_eq!((report.unmatched_perturbed[0].name.as_str(), report.unmatched_perturbed[0].line), ("yqjF", 2));
        assert!(report.unmatched_measured.is_empty());
        assert!(report.to_string().contains("1 perturbed genes unknown before: yqjF"), "{report}");
    }

    #[test]
    fn two_names_of_one_gene_that_disagree_are_left_out_rather_than_guessed() {
        let mut genes = GeneTable::new();
        genes.insert(Gene::named("MIDEAS").with_alias("ELMSAN1"));
        let text = "pert,gene,label\nA,MIDEAS,1\nA,ELMSAN1,0\nA,B,0\n";
        let (dataset, report) = read_into(text, &ReadOptions::default(), &mut genes).expect("reads");
        assert_eq!(dataset.observed.get(0, GeneId::new(0)), None);
        assert_eq!((report.left_out[0].reason, report.left_out[0].entries), (LeftOutReason::SynonymsDisagree, 2));
    }

    #[test]
    fn a_split_column_is_read_and_may_not_tear_a_perturbation() {
        let (_, report, _) = read("pert,gene,label,split\nA,x,1,train\nA,y,1,train\nB,x,0,test\n");
        let parts: Vec<_> = report.parts.iter().map(|(name, part)| (name.as_str(), *part)).collect();
        assert_eq!(parts, [("A-", Part::Train), ("B-", Part::Test)]);
        let torn = message("pert,gene,label,split\nA,x,1,train\nA,y,1,test\n");
        assert!(torn.starts_with("t.csv:3: ") && torn.contains("`A`") && torn.contains("leak"), "{torn}");
        let torn = message("pert,gene,label,split\nA,x,1,train\nA+ctrl,y,1,test\n");
        assert!(torn.starts_with("t.csv:3: ") && torn.contains("`A+ctrl`"), "{torn}");
    }

    #[test]
    fn columns_may_be_named() {
        let columns = Columns { gene: Some("who".into()), response: Some("what".into()), ..Columns::default() };
        let options = ReadOptions { columns, ..ReadOptions::default() };
        let text = "pert,gene,who,what\nA,ignored,x,1\n";
        let mut genes = GeneTable::new();
        read_into(text, &options, &mut genes).expect("reads");
        assert!(genes.id("x").is_some() && genes.id("ignored").is_none());
        let columns = Columns { gene: Some("whom".into()), ..Columns::default() };
        let options = ReadOptions { columns, ..ReadOptions::default() };
        let error = read_into(text, &options, &mut genes).expect_err("no such column").to_string();
        assert!(error.contains("`whom`") && error.contains("`who`"), "{error}");
    }

    proptest! {
        #[test]
        fn every_entry_is_kept_merged_or_left_out_for_a_reason(
            rows in proptest::collection::vec((0_u8..4, 0_u8..5, -1_i8..3), 1..60),
        ) {
            // 2 stands for an empty value; perturbation 0 is a control.
            let mut text = "pert,gene,label\n".to_owned();
            for (perturbation, gene, label) in &rows {
                let name = if *perturbation == 0 { "ctrl".to_owned() } else { format!("P{perturbation}") };
                let label = if *label == 2 { String::new() } else { label.to_string() };
                text += &format!("{name},g{gene},{label}\n");
            }
            match read_into(&text, &ReadOptions::default(), &mut GeneTable::new()) {
                Ok((dataset, report)) => {
                    let left_out: u64 = report.left_out.iter().map(|left_out| left_out.entries).sum();
                    prop_assert_eq!(report.read, rows.len() as u64);
                    prop_assert_eq!(report.read, report.kept + report.merged + left_out);
                    prop_assert_eq!(report.kept, dataset.observed.measured() as u64);
                }
                Err(DatasetError::Contradiction { first_line, second_line, .. }) => {
                    let (first, second) = (rows[first_line as usize - 2], rows[second_line as usize - 2]);
                    prop_assert_eq!((first.0, first.1), (second.0, second.1));
                    prop_assert!(first.2 != second.2);
                }
                Err(error) => prop_assert!(matches!(error, DatasetError::NothingMeasured { .. }), "{}", error),
            }
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut text = b"pert,gene,log2fc,fdr\n".to_vec();
            text.extend(bytes);
            let _ = read_long(&text, "t.csv", &ReadOptions::default(), &mut GeneTable::new());
            let _ = crate::datasets::read(&text[5..], "t.csv", &ReadOptions::default(), None, &mut GeneTable::new());
        }
    }
}
