//! Databases of regulations, and the Gene Ontology.
#![no_main]

use aligned::knowledge::import::gene_ontology::{AnnotationOptions, Annotations, TermGraph};
use aligned::knowledge::import::{collectri, omnipath, read_gene_catalogue, regulondb, table, trrust};
use aligned::symbolic::BooleanModel;
use libfuzzer_sys::fuzz_target;

const OBO: &[u8] = b"[Term]\nid: GO:1\nname: a\nnamespace: biological_process\n";

fuzz_target!(|bytes: &[u8]| {
    drop(omnipath::import(bytes, "f", &omnipath::OmniPathOptions::default()));
    drop(collectri::import(bytes, "f", &collectri::CollecTriOptions::default()));
    drop(trrust::import(bytes, "f", &trrust::TrrustOptions::default()));
    drop(regulondb::import(bytes, "f", &regulondb::RegulonDbOptions::default()));
    drop(table::import(bytes, "f", &table::TableOptions::new("a", "b", "c")));
    drop(read_gene_catalogue(bytes, "f"));
    drop(TermGraph::from_obo(bytes, "f"));
    if let Ok(graph) = TermGraph::from_obo(OBO, "f") {
        drop(Annotations::from_gaf(bytes, "f", &graph, &AnnotationOptions::default()));
        drop(Annotations::from_gene2go(bytes, "f", &graph, &AnnotationOptions::default()));
    }
    drop(BooleanModel::parse(bytes, "f"));
});
