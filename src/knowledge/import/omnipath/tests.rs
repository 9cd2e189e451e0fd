use super::*;
use crate::biology::Regulation;

const HEADER: &str = "source\ttarget\tsource_genesymbol\ttarget_genesymbol\tis_directed\tis_stimulation\tis_inhibition\t\
    consensus_direction\tconsensus_stimulation\tconsensus_inhibition\tsources\treferences\ttype\tcuration_effort\n";

/// One row per line of `regulator accession symbol | target accession symbol | signs | sources | references | type | effort`.
fn file(rows: &[&str]) -> String {
    let mut text = HEADER.to_owned();
    for row in rows {
        let fields: Vec<&str> = row.split('|').map(str::trim).collect();
        let [regulator, target, signs, sources, references, kind, effort] = fields[..] else { panic!("{row}") };
        let (source, source_symbol) = regulator.split_once(' ').expect("accession and symbol");
        let (target, target_symbol) = target.split_once(' ').expect("accession and symbol");
        let word = |there: bool| if there { "True" } else { "False" };
        let line = [
            source,
            target,
            source_symbol,
            target_symbol,
            "True",
            word(signs.contains('+')),
            word(signs.contains('-')),
            "True",
            "False",
            "False",
            sources,
            references,
            kind,
            effort,
        ];
        text.push_str(&line.join("\t"));
        text.push('\n');
    }
    text
}

fn imported(rows: &[&str], options: &OmniPathOptions) -> Imported {
    let imported = import(file(rows).as_bytes(), "omnipath.tsv", options).expect("a good file");
    assert!(imported.counts.is_balanced(), "{}", imported.counts);
    imported
}

fn edges(imported: &Imported) -> Vec<String> {
    let told = |regulation: Regulation| {
        let arrow = if regulation.sign == Sign::Activation { "->" } else { "-|" };
        let (regulator, target) =
            (imported.genes.symbol(regulation.regulator), imported.genes.symbol(regulation.target));
        format!("{regulator} {arrow} {target}")
    };
    imported.regulations.iter().map(|cited| told(cited.regulation)).collect()
}

const MDM2: &str = "P04637 TP53 | Q00987 MDM2 | + | SIGNOR;SPIKE | SIGNOR:1;SPIKE:2;SPIKE:1 | transcriptional | 3";
const CONFLICT: &str = "P04637 TP53 | P38936 CDKN1A | +- | SIGNOR | | transcriptional | 1";
const UNSIGNED: &str = "P04637 TP53 | P10415 BCL2 | | Wang | | post_translational | 0";
const AP1: &str = "COMPLEX:P01100_P05412 COMPLEX:FOS_JUN | P03956 MMP1 | + | SIGNOR | SIGNOR:9 | transcriptional | 1";
const MICRORNA: &str = "MIMAT0000076 MIMAT0000076 | P60484 PTEN | - | miRTarBase | | post_transcriptional | 2";

#[test]
fn a_row_becomes_a_regulation_with_accessions_and_deduplicated_publications() {
    let imported = imported(&[MDM2], &OmniPathOptions::default());
    let [cited] = &imported.regulations[..] else { panic!("one regulation") };
    assert_eq!(cited.citation.references, ["PMID:1", "PMID:2"]);
    assert_eq!(cited.citation.sources, ["SIGNOR", "SPIKE"]);
    assert_eq!(
        (cited.citation.kinds.as_slice(), cited.citation.evidence_count),
        (&["transcriptional".to_owned()][..], 3)
    );
    assert_eq!(imported.genes.resolve("P04637"), Ok(imported.genes.id("TP53").expect("there")));
}

#[test]
fn both_signs_stay_two_regulations_and_no_sign_is_left_out() {
    let imported = imported(&[MDM2, CONFLICT, UNSIGNED], &OmniPathOptions::default());
    assert_eq!(edges(&imported), ["TP53 -> CDKN1A", "TP53 -| CDKN1A", "TP53 -> MDM2"]);
    let counts = &imported.counts;
    assert_eq!((counts.read, counts.both_signs, counts.split, counts.kept), (3, 1, 1, 3));
    assert_eq!(counts.left_out[NO_SIGN].lines, [4]);
    assert!(imported.genes.id("BCL2").is_none(), "a gene of no regulation is not imported");
}

#[test]
fn rows_of_one_pair_and_sign_are_merged_with_all_they_cite() {
    let again = "P04637 TP53 | Q00987 MDM2 | + | DoRothEA | DoRothEA:7 | transcriptional | 1";
    let signalling = "P04637 TP53 | Q00987 MDM2 | - | HPRD | | post_translational | 1";
    let imported = imported(&[MDM2, again, signalling], &OmniPathOptions::default());
    assert_eq!((imported.counts.merged, imported.counts.kept), (1, 2));
    let activation = &imported.regulations[0].citation;
    assert_eq!(activation.sources, ["DoRothEA", "SIGNOR", "SPIKE"]);
    assert_eq!(activation.references, ["PMID:1", "PMID:2", "PMID:7"]);
    assert_eq!(activation.evidence_count, 3, "the larger of the two efforts");
}

#[test]
fn a_complex_is_kept_whole_expanded_or_dropped() {
    let with = |complexes| imported(&[AP1], &OmniPathOptions { complexes, ..OmniPathOptions::default() });
    let kept = with(Complexes::Keep);
    assert_eq!(edges(&kept), ["COMPLEX:FOS_JUN -> MMP1"]);
    assert!(kept.genes.resolve("COMPLEX:P01100_P05412").is_ok());
    let expanded = with(Complexes::Expand);
    assert_eq!(edges(&expanded), ["FOS -> MMP1", "JUN -> MMP1"]);
    assert_eq!(expanded.genes.resolve("P05412"), Ok(expanded.genes.id("JUN").expect("there")));
    assert_eq!(expanded.counts.split, 1);
    let dropped = with(Complexes::Drop);
    assert_eq!((dropped.counts.kept, dropped.counts.left_out_for(DROPPED)), (0, 1));
}

#[test]
fn two_complexes_expand_to_every_pair_of_members_and_small_molecules_are_no_members() {
    let row = "COMPLEX:P1_P2 COMPLEX:A_B | COMPLEX:CHEBI:15422_P3_P4 COMPLEX:CHEBI:15422_C_D | +- | SIGNOR | | t | 1";
    let options = OmniPathOptions { complexes: Complexes::Expand, ..OmniPathOptions::default() };
    let expanded = imported(&[row], &options);
    assert_eq!(expanded.counts.kept, 8, "2 regulators × 2 targets × 2 signs");
    assert_eq!(expanded.counts.split, 7);
    let molecules = "COMPLEX:CHEBI:1_CHEBI:2 COMPLEX:CHEBI:1_CHEBI:2 | P1 A | + | SIGNOR | | t | 1";
    assert_eq!(imported(&[molecules], &options).counts.left_out_for("complex without a gene among its members"), 1);
}

#[test]
fn a_microrna_keeps_its_mirbase_accession() {
    let imported = imported(&[MICRORNA], &OmniPathOptions::default());
    let id = imported.genes.id("MIMAT0000076").expect("there");
    assert_eq!(imported.genes.gene(id).accessions[0].authority, Authority::MirBase);
}

#[test]
fn filters_count_what_they_leave_out_each_by_its_reason() {
    let rows = [MDM2, CONFLICT, UNSIGNED, AP1, MICRORNA];
    let options =
        OmniPathOptions { types: vec!["transcriptional".into()], min_curation_effort: 2, ..OmniPathOptions::default() };
    let imported = imported(&rows, &options);
    assert_eq!(edges(&imported), ["TP53 -> MDM2"]);
    let left_out: Vec<(&str, u64)> =
        imported.counts.left_out.iter().map(|(r, entry)| (r.as_str(), entry.rows)).collect();
    assert_eq!(left_out, [("curation effort too low", 2), (NO_SIGN, 1), ("type not wanted", 1)]);
}

#[test]
fn a_dropped_source_goes_and_a_row_that_had_no_other_goes_with_it() {
    let options = OmniPathOptions {
        drop_sources: Some(SourcePattern::new("^SPIKE|miRTarBase").expect("a pattern")),
        ..OmniPathOptions::default()
    };
    let imported = imported(&[MDM2, MICRORNA], &options);
    assert_eq!(imported.regulations[0].citation.sources, ["SIGNOR"]);
    assert_eq!(imported.counts.left_out_for("all sources dropped"), 1);
    assert!(matches!(SourcePattern::new("(SPIKE"), Err(ImportError::Pattern { .. })));
}

#[test]
fn only_permissive_sources_pass_the_licence_filter() {
    let options = OmniPathOptions { licences: Some(LicenceTable::built_in()), ..OmniPathOptions::default() };
    let imported = imported(&[MDM2, MICRORNA], &options);
    assert_eq!(edges(&imported), ["TP53 -> MDM2"]);
    assert_eq!(imported.counts.left_out_for("a source without permissive licence"), 1);
}

#[test]
fn a_variant_with_fewer_columns_and_ones_and_zeros_is_read() {
    let content = b"source\ttarget\tis_directed\tis_stimulation\tis_inhibition\n\
        P04637\tQ00987\t1\t1\t0\nP04637\tP10415\t0\t0\t1\n";
    let catalogue = super::super::read_gene_catalogue(b"symbol\tuniprot\nTP53\tP04637\n", "ids.tsv").expect("good");
    let options = OmniPathOptions { catalogue: Some(catalogue), ..OmniPathOptions::default() };
    let imported = import(content, "omnipath.tsv", &options).expect("a good file");
    assert_eq!(edges(&imported), ["TP53 -> Q00987"], "the catalogue knows one of the accessions");
    assert_eq!(imported.counts.left_out_for("not directed"), 1);
    let wish = OmniPathOptions { min_curation_effort: 1, ..OmniPathOptions::default() };
    let error = import(content, "omnipath.tsv", &wish).expect_err("no such column");
    assert!(matches!(error, ImportError::FilterWithoutColumn { column: "curation_effort", .. }), "{error}");
}

#[test]
fn what_r_and_pandas_save_again_says_the_same() {
    let plain = imported(&[MDM2], &OmniPathOptions::default());
    for content in [
        // write.table, write.table(quote = FALSE, na = "NA"), write.csv.
        "\"source\"\t\"target\"\t\"source_genesymbol\"\t\"target_genesymbol\"\t\"is_directed\"\t\"is_stimulation\"\t\"is_inhibition\"\n\
         \"1\"\t\"P04637\"\t\"Q00987\"\t\"TP53\"\t\"MDM2\"\t1\t1\t0\n",
        "source\ttarget\tsource_genesymbol\ttarget_genesymbol\tis_directed\tis_stimulation\tis_inhibition\tcuration_effort\n\
         P04637\tQ00987\tTP53\tMDM2\tTRUE\tTRUE\tNA\tNA\n",
        "\"\",\"source\",\"target\",\"source_genesymbol\",\"target_genesymbol\",\"is_directed\",\"is_stimulation\",\"is_inhibition\",\"type\"\n\
         \"1\",\"P04637\",\"Q00987\",\"TP53\",\"MDM2\",TRUE,TRUE,FALSE,NA\n",
        // pandas with its index, and counts that lack some.
        ",source,target,source_genesymbol,target_genesymbol,is_directed,is_stimulation,is_inhibition,curation_effort\n\
         0,P04637,Q00987,TP53,MDM2,true,true,false,12.0\n",
    ] {
        let again = import(content.as_bytes(), "again", &OmniPathOptions::default()).expect(content);
        assert_eq!((edges(&again), again.counts.read), (edges(&plain), 1), "{content}");
        assert!(again.regulations[0].citation.kinds.is_empty(), "NA is not a type");
        assert!(again.genes.resolve("P04637").is_ok());
    }
}

#[test]
fn a_misspelt_type_is_answered_with_the_types_there_are() {
    let options = OmniPathOptions { types: vec!["transcriptionnal".into()], ..OmniPathOptions::default() };
    let message = import(file(&[MDM2]).as_bytes(), "omnipath.tsv", &options).expect_err("no such type").to_string();
    assert!(message.contains("the file has `transcriptional`"), "{message}");
}

#[test]
fn a_sign_that_is_no_truth_value_is_an_error_with_its_line() {
    let content = file(&[MDM2]).replace("True\tFalse\tTrue", "yes\tFalse\tTrue");
    let message = import(content.as_bytes(), "omnipath.tsv", &OmniPathOptions::default()).expect_err("yes").to_string();
    assert!(message.starts_with("omnipath.tsv:2: `yes` in column `is_stimulation`"), "{message}");
}

#[test]
fn the_order_of_the_rows_does_not_matter() {
    let rows = [MDM2, CONFLICT, UNSIGNED, AP1, MICRORNA];
    let forward = imported(&rows, &OmniPathOptions::default());
    let reversed: Vec<&str> = rows.iter().rev().copied().collect();
    let backward = imported(&reversed, &OmniPathOptions::default());
    assert_eq!(forward.regulations, backward.regulations);
    assert!(forward.genes.iter().map(|(_, gene)| gene).eq(backward.genes.iter().map(|(_, gene)| gene)));
}

#[test]
fn uniprot_accessions_are_known_by_their_shape() {
    for accession in ["P04637", "Q00987", "O15516", "A0A024RBG1", "E9PAV3", "A6NMY6"] {
        assert!(is_uniprot(accession.as_bytes()), "{accession}");
    }
    for name in ["TP53", "MUC2", "H2BC12L", "P0463", "PZP", "GIGYF1", "CHEBI:16038", "A0A024RBG"] {
        assert!(!is_uniprot(name.as_bytes()), "{name}");
    }
}
