use super::*;
use crate::knowledge::import::read_gene_catalogue;

fn imported(content: &str, options: &RegulonDbOptions) -> Imported {
    let imported = import(content.as_bytes(), "network.txt", options).expect("a good file");
    assert!(imported.counts.is_balanced(), "{}", imported.counts);
    imported
}

fn edges(imported: &Imported) -> Vec<String> {
    let told = |cited: &crate::biology::CitedRegulation| {
        let edge = cited.regulation;
        let arrow = if edge.sign == Sign::Activation { "->" } else { "-|" };
        format!("{} {arrow} {}", imported.genes.symbol(edge.regulator), imported.genes.symbol(edge.target))
    };
    imported.regulations.iter().map(told).collect()
}

fn with(complexes: Complexes) -> RegulonDbOptions {
    RegulonDbOptions { complexes, ..RegulonDbOptions::default() }
}

const PRECISE_1K: &str = "regulator,gene_name,gene_id,effect,evidence,source\n\
    Fur,entC,b0593,-,1.0,RegulonDB_TF\n\
    RpoD,fur,b0683,+,0.0,RegulonDB_sigma\n\
    ryhB,sodB,b1656,-,,RegulonDB_sRNA\n\
    ppGpp,thrA,b0002,,,Ecocyc\n\
    IHF,,b0430,+,1,PMID:30971496\n\
    Nac,nac,b1988,?,0,Gao2021\n";

#[test]
fn a_precise_network_is_read_with_locus_tags_kinds_and_publications() {
    let imported = imported(PRECISE_1K, &RegulonDbOptions::default());
    assert_eq!(edges(&imported), ["COMPLEX:ihfA_ihfB -> b0430", "fur -| entC", "rpoD -> fur", "ryhB -| sodB"]);
    assert_eq!(imported.counts.left_out[NO_SIGN].lines, [5, 7]);
    let fur = imported.genes.id("fur").expect("there");
    assert_eq!(imported.genes.resolve("b0683"), Ok(fur), "as a target it got its locus tag");
    let kinds: Vec<&str> = imported.regulations.iter().map(|cited| cited.citation.kinds[0].as_str()).collect();
    assert_eq!(kinds, [TRANSCRIPTIONAL, TRANSCRIPTIONAL, SIGMA, POST_TRANSCRIPTIONAL]);
    assert_eq!(imported.regulations[0].citation.references, ["PMID:30971496"]);
    assert!(imported.genes.resolve("IHF").is_ok(), "the complex is known by its protein name");
}

#[test]
fn a_gene_table_gives_regulators_their_locus_tag_and_nameless_targets_their_symbol() {
    let catalogue =
        read_gene_catalogue(b",gene_name\nb0430,cyoC\nb0683,fur\nb1712,ihfA\nb0912,ihfB\n", "genes.csv").expect("good");
    let options =
        RegulonDbOptions { catalogue: Some(catalogue), complexes: Complexes::Expand, ..RegulonDbOptions::default() };
    let imported = imported(PRECISE_1K, &options);
    assert!(edges(&imported).contains(&"ihfB -> cyoC".to_owned()));
    assert_eq!(imported.genes.resolve("b1712"), Ok(imported.genes.id("ihfA").expect("there")));
}

#[test]
fn a_precise_1_network_has_dual_effects_and_complexes_by_semicolon() {
    let content = "regulator,gene_id,effect\nfnr,b0904,+-\nflhD;flhC,b1921,+\nfnr,b0905,?\n";
    let imported = imported(content, &with(Complexes::Expand));
    assert_eq!(edges(&imported), ["flhC -> b1921", "flhD -> b1921", "fnr -> b0904", "fnr -| b0904"]);
    assert_eq!((imported.counts.both_signs, imported.counts.split), (1, 2));
}

const TF_GENE: &str = "# RegulonDB\n#\n# Columns:\n#  (1) TF\n#\n\
    AcrR\tacrA\trepressor\t[APIORCISFBSCS, BCE, BPP, GEA]\tStrong\n\
    CRP\tcrp\tactivator\t[GEA]\tWeak\n\
    HU\tgalE\trepressor\t[BPP]\tStrong\n\
    Ada\tada\tunknown\t[GEA]\tnull\n";

#[test]
fn a_tf_gene_network_is_read_past_its_comments() {
    let imported = imported(TF_GENE, &RegulonDbOptions::default());
    assert_eq!(edges(&imported), ["COMPLEX:hupA_hupB -| galE", "acrR -| acrA", "crp -> crp"]);
    assert_eq!(imported.counts.left_out[NO_SIGN].lines, [9]);
    assert_eq!(imported.regulations[1].citation.evidence_count, 4, "four codes of evidence");
}

#[test]
fn weak_evidence_and_complexes_are_left_out_on_demand() {
    let options = RegulonDbOptions {
        min_evidence: Some(EvidenceClass::Strong),
        complexes: Complexes::Drop,
        ..RegulonDbOptions::default()
    };
    let imported = imported(TF_GENE, &options);
    assert_eq!(edges(&imported), ["acrR -| acrA"]);
    assert_eq!(imported.counts.left_out_for("evidence too weak"), 1);
    assert_eq!(imported.counts.left_out_for(DROPPED), 1);
}

#[test]
fn several_sigma_factors_of_one_gene_act_each_on_its_own() {
    let imported = imported("Sigma38, Sigma70, Sigma38\tdps\tactivator\t[TIM]\tStrong\n", &RegulonDbOptions::default());
    assert_eq!(edges(&imported), ["rpoD -> dps", "rpoS -> dps"]);
    assert_eq!(imported.counts.split, 1);
}

#[test]
fn the_newer_regulondb_file_with_numbered_columns_is_read() {
    let content = "## RegulonDB\n1)regulatorId\t2)regulatorName\t3)RegulatorGeneName\t4)regulatedId\t5)regulatedName\t6)function\t7)confidenceLevel\n\
        R1\tAraC\taraC\tG1\taraB\t-+\tC\nR1\tAraC\taraC\tG2\taraE\t+\tS\n";
    assert_eq!(
        edges(&imported(content, &RegulonDbOptions::default())),
        ["araC -> araB", "araC -| araB", "araC -> araE"]
    );
}

const RISET: &str = "# Release: 13\n1)riId\t2)riType\t4)tfName\t11)riFunction\t17)firstGene\t19)targetTuOrGene\t20)confidenceLevel\n\
    RIC1\ttf-promoter\tAccB\trepressor\taccB\tRDBECOLITUC01136:accBC\tW\n\
    RIC2\ttf-promoter\tAccB\trepressor\taccB\tRDBECOLITUC01136:accBC\tS\n\
    RIC3\ttf-gene\tOmpR\tactivator\t\tRDBECOLIGNC00660:ompC\tC\n\
    RIC4\ttf-promoter\tFur\tdual\t\tRDBECOLITUC00001:entCEBAH\tS\n\
    RIC5\ttf-promoter\tCRP\t\tlacZ\tRDBECOLITUC00002:lacZYA\tS\n";

#[test]
fn the_interactions_of_current_releases_act_on_the_first_gene_of_a_unit_and_say_so() {
    let imported = imported(RISET, &RegulonDbOptions::default());
    assert_eq!(edges(&imported), ["accB -| accB", "ompR -> ompC"]);
    assert_eq!(imported.counts.left_out[NO_FIRST_GENE].lines, [6]);
    assert_eq!(imported.counts.left_out[NO_SIGN].lines, [7]);
    assert!(imported.notes[0].starts_with("3 rows name a transcription unit"), "{:?}", imported.notes);
}

#[test]
fn the_same_columns_under_the_names_of_release_12_without_numbers_and_with_commas() {
    let content = "riId,riType,regulatorName,function,firstGene,targetTuOrGene,confidenceLevel\n\
        RIC1,tf-promoter,AccB,repressor,accB,RDBECOLITUC01136:accBC,W\n";
    assert_eq!(edges(&imported(content, &RegulonDbOptions::default())), ["accB -| accB"]);
    let strong = RegulonDbOptions { min_evidence: Some(EvidenceClass::Strong), ..RegulonDbOptions::default() };
    assert!(imported(content, &strong).regulations.is_empty());
}

#[test]
fn small_rnas_regulate_after_transcription() {
    let content = "sRNA1\tryhB\tsodB\t\t\tforward\t-\t\tantisense\tpost-transcriptional regulation\t\tWeak\n\
        sRNA2\tdsrA\trpoS\t\t\tforward\t+\t\tantisense\ttranslational regulation\t\tStrong\n";
    let imported = imported(content, &RegulonDbOptions::default());
    assert_eq!(edges(&imported), ["dsrA -> rpoS", "ryhB -| sodB"]);
    assert_eq!(imported.regulations[0].citation.kinds, [POST_TRANSCRIPTIONAL]);
}

#[test]
fn the_ecocyc_table_of_direct_regulators_states_no_sign_and_says_so() {
    let content = "Regulation - direct regulators of gene from All genes\tCommon-Name\tGenes\tCommon-Name\tMatches\tCommon-Name\tAccession-1\n\
        EG1-MONOMER\tRpsB\tEG1\trpsB\tEG2 // EG3\ttsf // tff\tb0170 // b4414\n";
    let imported = imported(content, &RegulonDbOptions::default());
    assert_eq!((imported.counts.read, imported.counts.kept, imported.counts.left_out_for(NO_SIGN)), (2, 0, 2));
}

#[test]
fn the_ecocyc_export_of_regulators_with_indented_targets_is_read() {
    let content = "# EcoCyc\nzntR*\n    -rmf -rsd +/-zntA\n\nfur\n\t-entC sodB\n\t+ftnA*\n";
    let imported = imported(content, &RegulonDbOptions::default());
    assert_eq!(
        edges(&imported),
        ["fur -| entC", "fur -> ftnA", "zntR -| rmf", "zntR -| rsd", "zntR -> zntA", "zntR -| zntA"]
    );
    assert_eq!((imported.counts.read, imported.counts.both_signs), (6, 1));
    assert_eq!(imported.counts.left_out[NO_SIGN].lines, [6], "sodB bears no sign");
}

#[test]
fn an_unknown_format_is_answered_with_the_known_ones() {
    let error = import(b"hello\nworld\n", "x.txt", &RegulonDbOptions::default()).expect_err("no network");
    let message = error.to_string();
    assert!(message.contains("first line: `hello`") && message.contains("RegulonDB"), "{message}");
}

#[test]
fn an_effect_that_is_no_sign_is_an_error_with_its_line() {
    let content = "regulator,gene_id,effect\nfur,b0593,-\nfur,b0594,binds\n";
    let error = import(content.as_bytes(), "trn.csv", &RegulonDbOptions::default()).expect_err("binds");
    assert!(error.to_string().starts_with("trn.csv:3: `binds` in column `effect`"), "{error}");
}
