//! Formats of others: what is written is read again as it was, or what is lost is told exactly; and the command that converts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use aligned::biology::{
    Accession, Authority, Citation, CitedRegulation, Gene, GeneId, GeneTable, Regulation, Sign, StatementKind,
};
use aligned::exchange::{
    CitedNetwork, Conflicts, ExchangeError, Format, Losses, Lost, Part, WriteOptions, read, write,
};
use aligned::knowledge::RdfSyntax;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

/// This many networks for each format.
const NETWORKS: u64 = 1000;

// Random networks.

const PLAIN: [&str; 14] =
    ["lacI", "lacZ", "crp", "fur", "entC", "sodB", "araC", "TP53", "MDM2", "CDKN1A", "b0683", "YPL248C", "soxS", "nac"];
/// Names as databases have them, and some that they should not have.
const ODD: [&str; 16] = [
    "HLA-A",
    "NKX2-5.1",
    "COMPLEX:FOS_JUND",
    "hsa-miR-21-5p",
    "4EBP1",
    "not",
    "and1",
    "β-gal",
    "a b",
    "A&B<C>",
    "x,y",
    "+up",
    "it's",
    "g_UP",
    "targets",
    "é\\\"{!}",
];

fn network(seed: u64) -> CitedNetwork {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut genes = GeneTable::new();
    let odd = random.random_bool(0.3);
    for _ in 0..random.random_range(2..=12) {
        let pool: &[&str] = if odd && random.random_bool(0.3) { &ODD } else { &PLAIN };
        let symbol = *pool.choose(&mut random).expect("names");
        genes.insert(gene(symbol, &mut random));
    }
    let count = random.random_range(1..=20);
    let regulations: Vec<_> = (0..count).map(|_| cited(genes.len(), &mut random)).collect();
    let effects: Vec<_> = (0..random.random_range(0..4)).map(|_| cited(genes.len(), &mut random)).collect();
    CitedNetwork::new(&genes, regulations, effects)
}

fn gene(symbol: &str, random: &mut ChaCha8Rng) -> Gene {
    let mut gene = Gene::named(symbol);
    if random.random_bool(0.3) {
        let authorities =
            [Authority::UniProt, Authority::Entrez, Authority::Ensembl, Authority::LocusTag, Authority::MirBase];
        let authority = *authorities.choose(random).expect("five");
        gene.accessions = vec![Accession { authority, value: format!("X{}", random.random_range(0..1000)) }];
    }
    if random.random_bool(0.2) {
        gene.aliases = vec![format!("{symbol} alias {}", random.random_range(0..1000))];
    }
    gene
}

fn cited(genes: usize, random: &mut ChaCha8Rng) -> CitedRegulation {
    let mut gene = || GeneId::new(random.random_range(0..genes));
    let (regulator, target) = (gene(), gene());
    let sign = if random.random_bool(0.5) { Sign::Activation } else { Sign::Inhibition };
    let mut list = |of: &[&str]| -> Vec<String> {
        let number = random.random_range(0..=of.len().min(2));
        of.choose_multiple(random, number).map(|&item| item.to_owned()).collect()
    };
    let kinds = list(&["transcriptional", "post_translational"]);
    let sources = list(&["SIGNOR", "RegulonDB", "TRRUST; v2"]);
    let references = list(&["PMID:1", "PMID:12746439", "doi:10.1/x"]);
    let confidence = random.random_bool(0.3).then(|| f64::from(random.random_range(0..=1000_u32)) / 1000.0);
    let evidence_count = if random.random_bool(0.3) { random.random_range(1..50) } else { 0 };
    let citation = Citation { kinds, sources, references, evidence_count, confidence };
    CitedRegulation { regulation: Regulation::new(regulator, target, sign), citation }
}

// What differs between two networks, found without the room's own bookkeeping.

type Statements = BTreeMap<(StatementKind, String, String, Sign), Citation>;

fn statements(network: &CitedNetwork) -> Statements {
    let symbol = |gene| network.genes().symbol(gene).to_owned();
    let named = |(kind, cited): (StatementKind, &CitedRegulation)| {
        let Regulation { regulator, target, sign } = cited.regulation;
        ((kind, symbol(regulator), symbol(target), sign), cited.citation.clone())
    };
    network.statements().map(named).collect()
}

fn genes(network: &CitedNetwork) -> BTreeMap<String, Gene> {
    network.genes().iter().map(|(_, gene)| (gene.symbol.clone(), gene.clone())).collect()
}

/// What a reader of EcoCyc's export says of every regulation in it.
const CITED_OF_ECOCYC: [&str; 2] = ["EcoCyc", "transcriptional"];

fn difference(before: &CitedNetwork, after: &CitedNetwork, format: Format) -> Losses {
    let mut losses = Losses::default();
    let (old, new) = (statements(before), statements(after));
    for (key @ (kind, regulator, target, _), citation) in &old {
        let found = new.get(key);
        match (found, kind) {
            (None, StatementKind::Effect) => {
                losses.add(Lost::Effects, 1);
                continue;
            }
            (None, _) if regulator == target && format == Format::Bnet => losses.add(Lost::SelfRegulations, 1),
            (None, _) => losses.add(Lost::Conflicts, 1),
            _ => {}
        }
        let none = Citation::default();
        let found = found.unwrap_or(&none);
        let differs = |before: &Vec<String>, after: &Vec<String>| {
            assert!(!before.is_empty() || after.iter().all(|made_up| CITED_OF_ECOCYC.contains(&made_up.as_str())));
            usize::from(!before.is_empty() && before != after)
        };
        losses.add(Lost::Kinds, differs(&citation.kinds, &found.kinds));
        losses.add(Lost::Sources, differs(&citation.sources, &found.sources));
        losses.add(Lost::References, usize::from(citation.references != found.references));
        losses.add(Lost::EvidenceCounts, usize::from(citation.evidence_count != found.evidence_count));
        losses.add(Lost::Confidences, usize::from(citation.confidence != found.confidence));
    }
    assert!(new.keys().all(|key| old.contains_key(key)), "made up: {new:?}\nfrom {old:?}");
    let (old, new) = (genes(before), genes(after));
    for (symbol, gene) in &old {
        let none = Gene::default();
        losses.add(Lost::GenesAlone, usize::from(!new.contains_key(symbol)));
        let found = new.get(symbol).unwrap_or(&none);
        losses.add(Lost::GeneIdentifiers, usize::from(gene.accessions != found.accessions));
        losses.add(Lost::Aliases, usize::from(gene.aliases != found.aliases));
    }
    assert!(new.keys().all(|symbol| old.contains_key(symbol)), "made up: {new:?}\nfrom {old:?}");
    losses
}

/// Writes and reads; `None` if a name cannot be written.
fn again(format: Format, network: &CitedNetwork, options: &WriteOptions) -> Option<(CitedNetwork, Losses)> {
    let written = match write(format, network, options) {
        Err(ExchangeError::Symbol { symbol, .. }) => {
            assert!(ODD.contains(&symbol.as_str()), "{format:?} refuses {symbol}");
            return None;
        }
        other => other.unwrap_or_else(|error| panic!("{format:?}: {error}")),
    };
    let edges = Part { name: "again_edges.tsv", content: &written.content };
    let nodes = written.nodes.as_ref().map(|content| Part { name: "again_nodes.tsv", content });
    let parts: Vec<Part<'_>> = [Some(edges), nodes].into_iter().flatten().collect();
    match read(format, &parts) {
        Ok(again) => {
            assert!(again.losses.is_empty(), "{format:?}: {}", again.losses);
            Some((again.network, written.losses))
        }
        Err(ExchangeError::NoRegulation { .. } | ExchangeError::Knowledge(_)) => {
            // Nothing but regulations of genes by themselves or with both signs.
            let lost = [Lost::SelfRegulations, Lost::Conflicts].map(|lost| written.losses.count(&lost));
            assert_eq!(lost.iter().sum::<u64>(), network.regulations().len() as u64, "{format:?}");
            None
        }
        Err(error) => panic!("{format:?}: {error}\n{}", String::from_utf8_lossy(&written.content)),
    }
}

fn holds_for(format: Format, options: &WriteOptions) {
    let mut came_back = 0;
    for seed in 0..NETWORKS {
        let network = network(seed);
        let Some((after, losses)) = again(format, &network, options) else { continue };
        // Names of proteins become those of genes, and then nothing else can be compared.
        if losses.count(&Lost::RegulatorSymbols) > 0 {
            continue;
        }
        // A regulation that was transcriptional before is so after reading EcoCyc's export too, by chance.
        let losses = if format == Format::EcoCyc { without_kinds(&losses) } else { losses };
        let found = difference(&network, &after, format);
        let found = if format == Format::EcoCyc { without_kinds(&found) } else { found };
        assert_eq!(found, losses, "{format:?}, seed {seed}: found\n{found}told\n{losses}");
        came_back += 1;
    }
    assert!(came_back >= 600, "{format:?}: only {came_back} networks came back");
}

fn without_kinds(losses: &Losses) -> Losses {
    let mut others = Losses::default();
    for (lost, count) in losses.iter().filter(|(lost, _)| **lost != Lost::Kinds) {
        others.add(lost.clone(), usize::try_from(count).expect("small"));
    }
    others
}

macro_rules! round_trips {
    ($($name:ident: $format:expr;)+) => {
        $(#[test]
        fn $name() {
            holds_for($format, &WriteOptions::default());
        })+
    };
}

round_trips! {
    turtle_comes_back_whole: Format::Rdf(RdfSyntax::Turtle);
    n_quads_come_back_whole: Format::Rdf(RdfSyntax::NQuads);
    trig_comes_back_whole: Format::Rdf(RdfSyntax::TriG);
    json_ld_comes_back_whole: Format::Rdf(RdfSyntax::JsonLd);
    rdf_xml_comes_back_whole: Format::Rdf(RdfSyntax::RdfXml);
    graphml_comes_back_whole: Format::GraphMl;
    cytoscape_comes_back_whole: Format::Cytoscape;
    kgx_comes_back_whole: Format::Kgx;
    sif_comes_back_without_what_is_cited: Format::Sif;
    pkn_comes_back_as_signed_edges: Format::Pkn;
    regulons_come_back_from_gene_sets: Format::Gmt;
    rules_come_back_as_the_signs_of_their_inputs: Format::Bnet;
    qualitative_models_come_back_with_all_signs: Format::SbmlQual;
    weights_come_back_but_for_pairs_with_both_signs: Format::Weights;
    ecocyc_comes_back_with_dual_effects: Format::EcoCyc;
    obo_comes_back_with_its_publications: Format::Obo;
}

#[test]
fn weights_with_both_rows_or_the_first_come_back_as_told() {
    for conflicts in [Conflicts::Keep, Conflicts::First] {
        holds_for(Format::Weights, &WriteOptions { conflicts, ..WriteOptions::default() });
    }
}

#[test]
fn the_formats_that_hold_everything_lose_nothing() {
    let rdf = RdfSyntax::ALL.map(Format::Rdf);
    for format in rdf.into_iter().chain([Format::GraphMl, Format::Cytoscape]) {
        for seed in 0..50 {
            assert!(format.losses(&network(seed)).is_empty(), "{format:?}");
        }
    }
}

#[test]
fn the_same_network_gives_the_same_bytes() {
    for format in Format::all().filter(|format| !matches!(format, Format::Midas | Format::Gaf | Format::Gpad)) {
        let [first, second] = [0, 0].map(|_| write(format, &network(3), &WriteOptions::default()));
        assert_eq!(first.map(|written| written.content).ok(), second.map(|written| written.content).ok(), "{format:?}");
    }
}

// Hostile input: what is nested without end, or names things that are not there.

fn refused(format: Format, content: &str) -> String {
    let part = Part { name: "hostile", content: content.as_bytes() };
    read(format, &[part]).map(|read| read.losses).expect_err("no network").to_string()
}

#[test]
fn nesting_without_end_is_refused_and_never_overflows_the_stack() {
    const DEEP: usize = 200_000;
    refused(Format::Rdf(RdfSyntax::JsonLd), &"[".repeat(DEEP));
    refused(Format::Rdf(RdfSyntax::JsonLd), &"{\"@graph\":".repeat(DEEP));
    refused(Format::Rdf(RdfSyntax::JsonLd), &"{\"@context\":[".repeat(DEEP));
    refused(Format::Rdf(RdfSyntax::JsonLd), &"{\"http://x/p\":".repeat(DEEP));
    refused(Format::Rdf(RdfSyntax::RdfXml), &"<a xmlns='http://x/'>".repeat(DEEP));
    refused(Format::Rdf(RdfSyntax::TriG), &"<a:b> <a:c> [".repeat(DEEP));
    refused(Format::Rdf(RdfSyntax::Turtle), &"<a:b> <a:c> (".repeat(DEEP));
    refused(Format::Cytoscape, &"{\"elements\":[".repeat(DEEP));
    refused(Format::GraphMl, &"<graphml>".repeat(DEEP));
    refused(Format::SbmlQual, &"<apply>".repeat(DEEP));
    let rule = format!("a, {}b{}\n", "!(".repeat(DEEP), ")".repeat(DEEP));
    read(Format::Bnet, &[Part { name: "deep.bnet", content: rule.as_bytes() }]).expect("a rule of any depth");
}

#[test]
fn a_rule_of_many_inputs_is_read_in_little_time() {
    let inputs: Vec<String> = (0..20_000).map(|at| format!("g{at}")).collect();
    let rule = format!("z, ({}) & !x\n", inputs.join(" | "));
    let read = read(Format::Bnet, &[Part { name: "wide.bnet", content: rule.as_bytes() }]).expect("a rule");
    assert_eq!(read.network.regulations().len(), 20_001);
    assert!(read.losses.is_empty(), "{}", read.losses);
}

#[test]
fn annotations_and_pictures_are_refused_with_a_sentence() {
    assert!(refused(Format::Gaf, "!gaf-version: 2.2\n").contains("which process a gene takes part in"));
    assert!(refused(Format::Dot, "digraph {}").contains("take GraphML, .cyjs or SIF"));
    assert!(write(Format::Gpad, &network(0), &WriteOptions::default()).is_err());
}

// The command.

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(TempDir::new().expect("a folder"));
        desk.put("net.sif", "lacI\tinhibits\tlacZ\ncrp\tactivates\tlacZ\nfur\tactivates\tsodB\nfur\tinhibits\tsodB\n");
        desk
    }

    fn put(&self, name: &str, content: &str) {
        fs::write(self.0.path().join(name), content).expect("room");
    }

    fn get(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn run(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aligned"));
        command.current_dir(self.0.path()).args(arguments.split_whitespace()).output().expect("the program starts")
    }

    fn tells(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments}: {told}");
        told
    }

    fn refuses(&self, arguments: &str, because: &str) {
        let output = self.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{arguments}");
        // Messages are broken into lines with a border.
        let flat: Vec<&str> = told.split_whitespace().filter(|word| *word != "│").collect();
        assert!(flat.join(" ").contains(because), "{arguments}: {told}");
    }
}

#[test]
fn a_network_goes_through_all_formats_and_back() {
    let desk = Desk::new();
    let mut from = "net.sif".to_owned();
    for to in [
        "a.ttl",
        "b.nq",
        "c.trig",
        "d.jsonld",
        "e.rdf.gz",
        "f.graphml",
        "g.cyjs",
        "h_edges.tsv",
        "i.sbml",
        "j.obo",
        "k.gmt",
        "l.ecocyc",
        "m.pkn",
        "n.sif",
    ] {
        desk.tells(&format!("convert {from} {to}"));
        from = to.to_owned();
    }
    assert_eq!(desk.get("n.sif").lines().collect::<BTreeSet<_>>(), desk.get("net.sif").lines().collect());
    assert!(desk.get("h_nodes.tsv").contains("lacZ"));
    let told = desk.tells("convert net.sif net.bnet");
    assert!(told.contains("lost: 2 regulations with both signs between two genes\n"), "{told}");
    assert!(desk.get("net.bnet").contains("lacZ, crp & !lacI\n"));
}

#[test]
fn losses_are_told_one_line_for_each_kind() {
    let desk = Desk::new();
    let kb = concat!(env!("CARGO_MANIFEST_DIR"), "/knowledge/ecoli_core.ttl");
    let told = desk.tells(&format!("convert {kb} core.sif"));
    for line in ["lost: references of ", "lost: sources of 480 regulations\n", "lost: identifiers of "] {
        assert!(told.contains(line), "{told}");
    }
    let told = desk.tells(&format!("convert {kb} core.nq"));
    assert!(!told.contains("lost"), "{told}");
    assert_eq!(desk.tells("convert core.nq core2.sif").matches("lost").count(), 5);
    assert_eq!(desk.get("core.sif"), desk.get("core2.sif"));
}

#[test]
fn a_command_that_takes_a_knowledge_base_takes_other_formats_too() {
    let desk = Desk::new();
    for kb in ["net.sif", "net.bnet", "net.graphml"] {
        if kb != "net.sif" {
            desk.tells(&format!("convert net.sif {kb}"));
        }
        let output = desk.run(&format!("simulate --kb {kb} --perturb lacI-"));
        assert!(String::from_utf8_lossy(&output.stdout).contains("lacZ"), "{kb}: {output:?}");
    }
    desk.tells("convert net.sif net_edges.tsv");
    desk.refuses("query --kb net_edges.tsv contested", "join them first: aligned convert net_edges.tsv kb.ttl");
    desk.put("net.parquet", "PAR1");
    desk.refuses("query --kb net.parquet contested", "does not tell a format of RDF");
}

#[test]
fn mistakes_in_each_argument_are_answered_with_what_to_do() {
    let desk = Desk::new();
    desk.put("measured.csv", "TR:EGF:Stimuli,DA:ALL,DV:AKT\n0,10,0\n1,10,1\n");
    desk.put("go.obo", "[Term]\nid: GO:1\nrelationship: positively_regulates GO:2\n");
    desk.put("bad.sif", "a\tactivates\n");
    desk.tells("convert net.sif kb.ttl");
    for (arguments, because) in [
        ("convert nothing.sif x.ttl", "cannot read nothing.sif"),
        ("convert net.sif net.sif --force", "net.sif is read by this command and would be written over"),
        ("convert net.sif kb.ttl", "kb.ttl exists; name another file, or add --force"),
        ("convert net.sif x.abc", "the name x.abc does not tell a format; the formats are turtle (.ttl"),
        ("convert net.sif x.xml", "SBML, GraphML or RDF/XML?"),
        ("convert net.sif x.ttl --from turtle", "net.sif:1:"),
        ("convert net.sif x.ttl --from sfi", "the formats are turtle"),
        ("convert net.sif x.csv --conflicts error", "fur both activates and inhibits sodB"),
        ("convert net.sif x.ttl --conflicts drop", "--conflicts is of use only for a table of weights"),
        ("convert net.sif x.ttl --organism 562", "--organism is of use only for KGX"),
        ("convert net.sif x_edges.tsv --organism ecoli", "write the number of a species"),
        ("convert net.sif x.ttl --gene-ids nothing.tsv", "cannot read nothing.tsv"),
        ("convert net.sif x.gaf", "GAF is only read, not written"),
        ("convert measured.csv x.ttl", "end OUT in .csv, and give no --to"),
        ("convert go.obo x.ttl", "are processes, not genes"),
        ("convert bad.sif x.ttl", "bad.sif:1: `a activates` is not a line of SIF"),
    ] {
        desk.refuses(arguments, because);
        assert!(!Path::new(&desk.0.path().join("x.ttl")).exists(), "{arguments}");
    }
    let told = desk.tells("convert measured.csv responses.csv");
    assert!(told.contains("1 responses"), "{told}");
    assert!(desk.get("responses.csv").contains("EGF+,AKT,EGF+ at 10,1,1"));
}

#[test]
fn named_graphs_stay_where_they_can_and_are_counted_where_not() {
    let desk = Desk::new();
    desk.put(
        "g.trig",
        "@prefix obo: <http://purl.obolibrary.org/obo/> .\n<http://x/g> { <http://x/a> obo:RO_0002213 <http://x/b> . }\n",
    );
    desk.tells("convert g.trig g.jsonld");
    desk.tells("convert g.jsonld g.nq");
    assert!(desk.get("g.nq").contains("<http://x/g> .\n"), "{}", desk.get("g.nq"));
    assert!(desk.tells("convert g.nq g.ttl").contains("lost: names of the graphs of 1 statement\n"));
    assert!(desk.tells("convert g.trig g.sif").contains("1 regulations"));
}
