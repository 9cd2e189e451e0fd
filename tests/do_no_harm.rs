//! Knowledge that explains its data comes back as it was, byte for byte, on a thousand random networks.

use std::collections::BTreeSet;

use aligned::biology::{
    Citation, CitedRegulation, GeneId, GeneTable, Perturbation, Regulation, Response, ResponseMatrix, Sign,
};
use aligned::knowledge::{KnowledgeBase, RdfSyntax, RunProvenance, write_knowledge};
use aligned::network::RegulatoryNetwork;
use aligned::progress::NoProgress;
use aligned::refinement::{RefinementConfig, RefinementData, refine};
use aligned::symbolic::{Closure, Reading, Simulator};
use proptest::prelude::*;

fn canonical(n_genes: usize, edges: &BTreeSet<(usize, usize, bool)>) -> Vec<u8> {
    let mut genes = GeneTable::new();
    (0..n_genes).for_each(|gene| {
        genes.intern(&format!("g{gene:02}"));
    });
    let cited = edges.iter().map(|&(regulator, target, activates)| {
        let sign = if activates { Sign::Activation } else { Sign::Inhibition };
        let regulation = Regulation::new(GeneId::new(regulator), GeneId::new(target), sign);
        CitedRegulation { regulation, citation: Citation::default() }
    });
    let mut bytes = Vec::new();
    write_knowledge(&genes, &cited.collect::<Vec<_>>(), RdfSyntax::Turtle, &mut bytes).expect("room");
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn zero_noise_means_zero_revisions_and_the_same_bytes(
        n_genes in 2..20usize,
        edges in proptest::collection::btree_set((0..20usize, 0..20usize, any::<bool>()), 1..50),
        reading in prop::sample::select(vec![Reading::Naive, Reading::Nearest, Reading::MAJORITY]),
    ) {
        let edges = edges.into_iter().map(|(i, j, activates)| (i % n_genes, j % n_genes, activates)).collect();
        let input = canonical(n_genes, &edges);
        let base = KnowledgeBase::parse(&input, "kb.ttl").expect("our own file");
        let n_genes = base.genes().len();
        let network = RegulatoryNetwork::new(n_genes, base.regulations().iter().map(|cited| cited.regulation));
        let all = (0..n_genes).map(GeneId::new);
        let perturbations: Vec<_> =
            all.flat_map(|gene| [Perturbation::deletion(gene), Perturbation::overexpression(gene)]).collect();
        let said = Closure::new(&network, 5, reading).simulate(&perturbations);
        let observe = |entry: &Option<Response>| entry.and_then(|response| Response::from_value(response.value()));
        let entries = said.entries().iter().map(observe).collect();
        let observed = ResponseMatrix::from_entries(perturbations.len(), n_genes, entries);
        let data = RefinementData::measured(&perturbations, &observed);
        let refinement =
            refine(&network, &data, 5, reading, &RefinementConfig::default(), &NoProgress).expect("it fits");
        prop_assert!(refinement.revisions.is_empty());
        let mut output = Vec::new();
        let run = RunProvenance::default();
        base.write_refined(base.genes(), &refinement.revisions, &[], &run, RdfSyntax::Turtle, &mut output)
            .expect("room");
        prop_assert!(output == input);
    }
}
