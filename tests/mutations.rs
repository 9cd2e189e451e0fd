//! Every reader takes whatever bytes it is given: a small good file of each kind, changed at random with a fixed seed some
//! hundreds of times, is read or refused, and never panics.

use std::io::Read as _;
use std::path::Path;

use aligned::biology::{Direction, GeneTable};
use aligned::datasets::h5ad::{CellDifferential, CellFile, CellOptions, cell_responses, read_cell_predictions};
use aligned::datasets::{self, Expression, ReadOptions, read_contrasts, read_predictions, read_split};
use aligned::exchange::{self, Format, Part, WriteOptions};
use aligned::knowledge::import::gene_ontology::{AnnotationOptions, Annotations, TermGraph};
use aligned::knowledge::import::{collectri, omnipath, read_gene_catalogue, regulondb, table, trrust};
use aligned::knowledge::{AnswerFormat, KnowledgeBase};
use aligned::progress::NoProgress;
use aligned::symbolic::BooleanModel;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// This many changed files of each kind.
const RUNS: usize = 300;

/// What readers trip over: marks of all formats, numbers at their limits, introduced letters.
const PIECES: [&[u8]; 36] = [
    b"\0",
    b"\"",
    b"'",
    b"\n",
    b"\r\n",
    b"\t",
    b",",
    b";",
    b"|",
    b"#",
    b"!",
    b"<",
    b">",
    b"(",
    b")",
    b"[",
    b"]",
    b"{",
    b"}",
    b"@prefix",
    b"_:",
    b"\\u",
    b"^^",
    b"-1",
    b"NaN",
    b"inf",
    b"1e999",
    b"99999999999999999999",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"sep=;\n",
    b"[Term]",
    b"GO:0000001",
    b"NOT|",
    b"0x7fffffff",
];

/// A copy of `good` with one to six changes: bytes flipped, pieces put in, stretches taken out, doubled or moved.
fn changed(good: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..random.random_range(1..=6) {
        let at = random.random_range(0..=bytes.len());
        let end = (at + random.random_range(0..40)).min(bytes.len());
        match random.random_range(0..7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = random.random(),
            2 => drop(bytes.splice(at..at, PIECES[random.random_range(0..PIECES.len())].iter().copied())),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let stretch = bytes[at..end].to_vec();
                let to = random.random_range(0..=bytes.len());
                bytes.splice(to..to, stretch);
            }
            5 => bytes.truncate(at.max(1)),
            _ => {
                let value: u64 = [u64::MAX, 0, 1 << 31, 1 << 63, 1 << 40][random.random_range(0..5)];
                let length = bytes.len();
                bytes[at..(at + 8).min(length)].copy_from_slice(&value.to_le_bytes()[..(at + 8).min(length) - at]);
            }
        }
    }
    bytes
}

fn survives(seed: u64, good: &[u8], mut read: impl FnMut(&[u8])) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    read(good);
    for _ in 0..RUNS {
        read(&changed(good, &mut random));
    }
}

#[test]
fn tables_of_responses() {
    let long = "perturbation,gene,log2fc,fdr\nfur-,entC,2.5,0.01\nfur-,lacZ,0.1,0.9\n\"crp-,fur-\",lacZ,-3,0.001\n";
    let wide = "gene\tfur\tcrp\nentC\t1\t0\nlacZ\t0\t-1\n";
    let contrasts = "contrast,perturbed,samples,controls\na,fur-,s1;s2,c1;c2\n";
    let expression = ",s1,s2,c1,c2\nentC,1,2,3,4\nlacZ,2,2,2,2\n";
    survives(1, long.as_bytes(), |bytes| {
        drop(datasets::read(bytes, "long.csv", &ReadOptions::default(), None, &mut GeneTable::new()));
    });
    survives(2, wide.as_bytes(), |bytes| {
        drop(datasets::read(bytes, "wide.tsv", &ReadOptions::default(), None, &mut GeneTable::new()));
        let mut genes = GeneTable::new();
        ["entC", "lacZ", "fur", "crp"].into_iter().for_each(|gene| {
            genes.intern(gene);
        });
        drop(read_predictions(bytes, "wide.tsv", &ReadOptions::default(), &genes));
    });
    survives(3, contrasts.as_bytes(), |bytes| drop(read_contrasts(bytes, "contrasts.csv", Direction::Deletion)));
    survives(4, expression.as_bytes(), |bytes| drop(Expression::read(bytes, "expression.csv")));
}

#[test]
fn splits() {
    let mut genes = GeneTable::new();
    let table = "perturbation,gene,response\nfur-,entC,1\ncrp-,lacZ,-1\nsoxS-,entC,0\n";
    let (data, _) = datasets::read(table.as_bytes(), "t.csv", &ReadOptions::default(), None, &mut genes).expect("good");
    for (seed, split) in [
        (5, r#"{"train": ["fur"], "val": ["crp+ctrl"], "test": ["soxS"]}"#),
        (6, "perturbation,part\nfur,train\ncrp,test\n"),
    ] {
        survives(seed, split.as_bytes(), |bytes| drop(read_split(bytes, "split", &data, &genes)));
    }
}

#[test]
fn databases_of_regulations() {
    let omnipath_text = "source\ttarget\tsource_genesymbol\ttarget_genesymbol\tis_directed\tis_stimulation\tis_inhibition\tsources\t\
        references\ttype\tcuration_effort\nCOMPLEX:P01100_P05412\tP38936\tCOMPLEX:FOS_JUN\tCDKN1A\tTrue\tTrue\tFalse\tSIGNOR\t\
        SIGNOR:1\ttranscriptional\t3\n";
    survives(10, omnipath_text.as_bytes(), |bytes| {
        drop(omnipath::import(bytes, "o.tsv", &omnipath::OmniPathOptions::default()));
    });
    let weights = "source,confidence,target,weight\nTP53,A,MDM2,1.0\nTP53,C,BCL2,-0.33\n";
    survives(11, weights.as_bytes(), |bytes| {
        drop(collectri::import(bytes, "c.csv", &collectri::CollecTriOptions::default()));
    });
    let trrust_text = "TP53\tCDKN1A\tActivation\t11;12\nTP53\tBCL2\tRepression\t13\n";
    survives(12, trrust_text.as_bytes(), |bytes| {
        drop(trrust::import(bytes, "t.tsv", &trrust::TrrustOptions::default()))
    });
    for (seed, text) in (13..).zip([
        "# RegulonDB\n1)riId\t4)tfName\t11)riFunction\t17)firstGene\t19)targetTuOrGene\t20)confidenceLevel\n\
         R1\tAccB\trepressor\taccB\tRDBECOLITUC01136:accBC\tW\n",
        "# comment\nAraC\taraB\t+\t[BPP, GEA]\tStrong\nGadE-RcsB\tgadA\t-\t[BPP]\tWeak\n",
        "regulator,gene_id,effect\nfur,b0593,-\n\"gadE;rcsB\",b0594,+\n",
        "zntR*\n    -rmf -rsd +/-zntA\nfur\n\t-entC sodB\n",
    ]) {
        survives(seed, text.as_bytes(), |bytes| {
            drop(regulondb::import(bytes, "r.txt", &regulondb::RegulonDbOptions::default()));
        });
    }
    let own = "TF\tTargets\tSign\nA\tB;C;D\t+\nA\t\"E, F\"\t-0.5\n";
    survives(17, own.as_bytes(), |bytes| {
        drop(table::import(bytes, "own.tsv", &table::TableOptions::new("TF", "Targets", "Sign")));
    });
    let genes = "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\n9606\t7157\tTP53\t-\tBCC7|LFS1\n";
    survives(18, genes.as_bytes(), |bytes| drop(read_gene_catalogue(bytes, "gene_info")));
}

const OBO: &str = "format-version: 1.4\n\n[Term]\nid: GO:0008150\nname: biological_process\nnamespace: biological_process\n\n\
    [Term]\nid: GO:0006281\nname: repair\nnamespace: biological_process\nis_a: GO:0008150 ! x\nalt_id: GO:0006282\n\
    relationship: part_of GO:0008150 {a=\"b\"} ! c\n";

#[test]
fn the_gene_ontology() {
    survives(20, OBO.as_bytes(), |bytes| drop(TermGraph::from_obo(bytes, "mini.obo")));
    let graph = TermGraph::from_obo(OBO.as_bytes(), "mini.obo").expect("good");
    let options = AnnotationOptions::default();
    let gaf = "!gaf-version: 2.2\nUniProtKB\tP01375\tTNF\tNOT|involved_in\tGO:0006281\tPMID:1\tIDA\t\tP\tx\tb0001|y\tprotein\t\
        taxon:9606|taxon:1\t20200101\tUniProt\t\t\n";
    survives(21, gaf.as_bytes(), |bytes| drop(Annotations::from_gaf(bytes, "mini.gaf", &graph, &options)));
    let gene2go =
        "#tax_id\tGeneID\tGO_ID\tEvidence\tQualifier\tSymbol\n9606\t7157\tGO:0006281\tIDA\tinvolved_in\tTP53\n";
    survives(22, gene2go.as_bytes(), |bytes| drop(Annotations::from_gene2go(bytes, "gene2go", &graph, &options)));
}

const TURTLE: &str = "@prefix obo: <http://purl.obolibrary.org/obo/> .\n@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n\
    <http://x/a> obo:RO_0002213 <http://x/b> ; rdfs:label \"a\"@en .\n<http://x/b> obo:RO_0002212 [ rdfs:label '''c''' ] .\n\
    <http://x/l> rdfs:seeAlso ( 1 2.5 \"x\"^^<http://t> ) .\n";

#[test]
fn knowledge_bases_and_questions() {
    survives(30, TURTLE.as_bytes(), |bytes| drop(KnowledgeBase::parse(bytes, "kb.ttl")));
    let quads = "<http://x/a> <http://purl.obolibrary.org/obo/RO_0002213> <http://x/b> <http://g/1> .\n\
        <http://x/a> <http://www.w3.org/2000/01/rdf-schema#label> \"a\\u00e9\"@en .\n_:b <http://x/p> \"1\"^^<http://t> .\n";
    survives(31, quads.as_bytes(), |bytes| drop(KnowledgeBase::parse(bytes, "kb.nq")));
    let base = KnowledgeBase::parse(TURTLE.as_bytes(), "kb.ttl").expect("good");
    let question = "SELECT ?s (GROUP_CONCAT(STR(?o); SEPARATOR=',') AS ?all) { { ?s ?p ?o } UNION { ?s (obo:RO_0002213|^?q)* ?o } \
        OPTIONAL { ?s rdfs:label ?l FILTER(!(?l < 'x') && (1 + 2 * 3) > ?o) } } GROUP BY ?s ORDER BY DESC(?s) LIMIT 5";
    let question = question.replace("|^?q", "/^obo:RO_0002212");
    survives(32, question.as_bytes(), |bytes| {
        let Ok(answer) = base.query(&String::from_utf8_lossy(bytes)) else { return };
        for format in [AnswerFormat::Table, AnswerFormat::Csv, AnswerFormat::Json, AnswerFormat::Turtle] {
            drop(answer.write(format, &mut std::io::sink()));
        }
    });
}

#[test]
fn update_rules() {
    let rules = "targets, factors\nlacZ, crp & !(lacI | hns)\narab, 1\n# end\n";
    survives(40, rules.as_bytes(), |bytes| {
        if let Ok(model) = BooleanModel::parse(bytes, "m.bnet") {
            drop(model.rules(&model.genes()));
        }
    });
}

#[test]
fn formats_of_others() {
    let sif = "lacI\tinhibits\tlacZ\ncrp\tactivates\tlacZ\nfur\traises\tsodB\nfur\tinhibits\tfur\n";
    let network =
        exchange::read(Format::Sif, &[Part { name: "n.sif", content: sif.as_bytes() }]).expect("good").network;
    for (seed, format) in (60..).zip(Format::all()) {
        let Ok(good) = exchange::write(format, &network, &WriteOptions::default()) else { continue };
        let nodes = good.nodes.unwrap_or_default();
        survives(seed, &good.content, |bytes| {
            let parts = [("h_edges.tsv", bytes), ("h_nodes.tsv", nodes.as_slice())];
            let parts = parts.map(|(name, content)| Part { name, content });
            let number = if format == Format::Kgx { 2 } else { 1 };
            drop(Format::of_file("h.xml", bytes));
            if let Ok(read) = exchange::read(format, &parts[..number]) {
                Format::all().for_each(|to| drop(exchange::write(to, &read.network, &WriteOptions::default())));
            }
        });
        if format == Format::Kgx {
            survives(seed, &nodes, |bytes| {
                let parts = [("h_edges.tsv", good.content.as_slice()), ("h_nodes.tsv", bytes)];
                drop(exchange::read(format, &parts.map(|(name, content)| Part { name, content })));
            });
        }
    }
    let midas = "TR:EGF:Stimuli,TR:PI3K:Inhibitors,DA:ALL,DV:AKT\n0,0,10,0.1\n1,0,10,0.9\n1,1,10,NaN\n";
    survives(90, midas.as_bytes(), |bytes| {
        if let Ok(read) = exchange::read_midas(Part { name: "m.csv", content: bytes }) {
            drop(read.to_csv());
        }
    });
    let rules = "targets, factors\nz, (a & !b) | (!a & b)\n# y_ stands for \"y-\"\ny_, y_ | a & !c\n";
    survives(91, rules.as_bytes(), |bytes| {
        drop(exchange::read(Format::Bnet, &[Part { name: "m.bnet", content: bytes }]));
    });
    let obo = "[Term]\nid: X:1\nname: TP\\{53\\} ! p\nsynonym: \"a \\\"b\\\"\" EXACT []\nxref: UniProtKB:P1\n\
        relationship: positively_regulates X:2 {source=\"PMID:1\", source=\"x\"} ! y\n";
    survives(92, obo.as_bytes(), |bytes| drop(exchange::read(Format::Obo, &[Part { name: "m.obo", content: bytes }])));
}

fn case(name: &str) -> Vec<u8> {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/h5ad").join(format!("{name}.h5ad.gz"));
    let mut content = Vec::new();
    let packed = std::fs::File::open(packed).expect("the case");
    flate2::read::GzDecoder::new(packed).read_to_end(&mut content).expect("gzip");
    content
}

fn read_cells(path: &Path) {
    let options = CellOptions::default();
    if let Ok(cells) = CellFile::open(path, &options)
        && let Ok(Some(survey)) = cells.survey(&NoProgress)
    {
        let differential = CellDifferential { min_cells: 2, ..CellDifferential::default() };
        drop(cell_responses(&cells, &survey, differential, &NoProgress));
    }
    let mut genes = GeneTable::new();
    genes.intern("A");
    drop(read_cell_predictions(path, &options, Direction::Deletion, &genes, &NoProgress));
}

#[test]
fn cells() {
    // What panics inside of the HDF5 crate is caught there, and not worth a page for each.
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some("hdf5") {
            told(panic);
        }
    }));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cells.h5ad");
    for (seed, name) in (50..).zip(["plain", "dense", "by_gene", "old"]) {
        survives(seed, &case(name), |bytes| {
            std::fs::write(&path, bytes).expect("room");
            read_cells(&path);
        });
    }
}
