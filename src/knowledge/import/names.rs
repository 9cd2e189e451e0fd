//! Which gene a name means where several could be meant.

use crate::biology::{BiologyError, GeneId, GeneTable};

/// The gene called so: a symbol goes before an accession or alias, and the letter case as written before any other. `None` if no
/// gene, or more than one, is meant.
pub(super) fn gene_named(genes: &GeneTable, name: &str) -> Option<GeneId> {
    let symbols = match genes.find(name) {
        Err(BiologyError::AmbiguousGene { genes, .. }) => genes,
        found => return found.ok().flatten(),
    };
    let meant: Vec<GeneId> = symbols.iter().filter_map(|symbol| genes.id(symbol)).collect();
    let only = |is_meant: &dyn Fn(GeneId) -> bool| {
        let mut found = meant.iter().copied().filter(|&gene| is_meant(gene));
        found.next().filter(|_| found.next().is_none())
    };
    let by_symbol = only(&|gene| genes.symbol(gene).to_lowercase() == name.to_lowercase());
    by_symbol.or_else(|| {
        only(&|gene| {
            let gene = genes.gene(gene);
            gene.aliases.iter().chain(gene.accessions.iter().map(|accession| &accession.value)).any(|own| own == name)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::Gene;

    #[test]
    fn a_symbol_goes_before_an_alias_and_the_case_as_written_before_another() {
        let mut genes = GeneTable::new();
        let cap = genes.insert(Gene::named("CAP1").with_alias("CAP"));
        let crp = genes.insert(Gene::named("crp").with_alias("Cap"));
        let symbol = genes.insert(Gene::named("mars").with_alias("x"));
        genes.insert(Gene::named("other").with_alias("MARS"));
        assert_eq!((gene_named(&genes, "CAP"), gene_named(&genes, "Cap")), (Some(cap), Some(crp)));
        assert_eq!((gene_named(&genes, "Mars"), gene_named(&genes, "mars")), (Some(symbol), Some(symbol)));
        assert_eq!((gene_named(&genes, "cap"), gene_named(&genes, "nobody")), (None, None));
    }
}
