//! From the name of a protein of *Escherichia coli* to the symbols of its genes.

use crate::biology::GeneTable;
use crate::knowledge::import::names::gene_named;

/// Proteins whose name does not spell their genes.
///
/// Textbook facts: the heterodimers of nucleoid proteins, the sigma factors by their mass in kilodaltons (rpoD, rpoN, rpoS, rpoH, fliA,
/// rpoE, fecI), and proteins known by another name than their gene (synonyms in the EcoCyc gene pages).
const SPELT_OTHERWISE: &[(&str, &[&str])] = &[
    ("bccp", &["accB"]),
    ("crp", &["crp"]),
    ("crp-sxy", &["crp", "sxy"]),
    ("csqr", &["yihW"]),
    ("dan", &["ttdR"]),
    ("fnr", &["fnr"]),
    ("h-ns", &["hns"]),
    ("hu", &["hupA", "hupB"]),
    ("ihf", &["ihfA", "ihfB"]),
    ("mata", &["ecpR"]),
    ("ntrc", &["glnG"]),
    ("sigma19", &["fecI"]),
    ("sigma24", &["rpoE"]),
    ("sigma28", &["fliA"]),
    ("sigma32", &["rpoH"]),
    ("sigma38", &["rpoS"]),
    ("sigma54", &["rpoN"]),
    ("sigma70", &["rpoD"]),
];

/// The genes of a regulator; several if it is a complex of different subunits, its own name if it is not a gene product.
///
/// `OmpR` → `ompR`; `IHF` → `ihfA`, `ihfB`; `FlhDC` → `flhD`, `flhC`; `GadE-RcsB` and `gadE;rcsB` → `gadE`, `rcsB`; `ppGpp` → `ppGpp`.
pub(super) fn genes_of(name: &str, catalogue: Option<&GeneTable>) -> Vec<String> {
    let name = name.trim();
    if let Some(symbol) = known_symbol(name, catalogue) {
        return vec![symbol];
    }
    let lower = name.to_lowercase();
    if let Ok(at) = SPELT_OTHERWISE.binary_search_by_key(&lower.as_str(), |(protein, _)| protein) {
        return SPELT_OTHERWISE[at].1.iter().map(|&gene| gene.to_owned()).collect();
    }
    subunits(name, catalogue).unwrap_or_else(|| vec![gene_of(name, catalogue)])
}

/// The symbol that the catalogue holds for a name spelt like a gene.
fn known_symbol(name: &str, catalogue: Option<&GeneTable>) -> Option<String> {
    let symbol = symbol_shaped(name)?;
    catalogue?.id(&symbol).map(|_| symbol)
}

fn subunits(name: &str, catalogue: Option<&GeneTable>) -> Option<Vec<String>> {
    if name.contains(';') {
        return Some(name.split(';').map(|part| gene_of(part.trim(), catalogue)).collect());
    }
    if name.contains('-') {
        let parts: Vec<&str> = name.split('-').collect();
        let all_genes = parts.iter().all(|part| symbol_shaped(part).is_some());
        return all_genes.then(|| parts.iter().map(|part| gene_of(part, catalogue)).collect());
    }
    let (stem, letters) = (name.get(..3)?, name.get(3..)?);
    let stem = symbol_shaped(stem)?;
    let is_family = letters.len() >= 2 && letters.bytes().all(|letter| letter.is_ascii_uppercase());
    is_family.then(|| letters.chars().map(|letter| format!("{stem}{letter}")).collect())
}

fn gene_of(name: &str, catalogue: Option<&GeneTable>) -> String {
    let Some(symbol) = symbol_shaped(name) else {
        return name.to_owned();
    };
    if let Some(table) = catalogue
        && table.id(&symbol).is_none()
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && let Some(id) = gene_named(table, name)
    {
        return table.symbol(id).to_owned();
    }
    symbol
}

/// The gene symbol that a name spells, if it is three letters, or three and a capital: `Fur` → `fur`, `OmpR` → `ompR`.
///
/// # Reference
/// Demerec et al. 1966, *Genetics* 54:61 (the rules of bacterial gene symbols).
fn symbol_shaped(name: &str) -> Option<String> {
    let [first, second, third, last @ ..] = name.as_bytes() else { return None };
    let shaped = first.is_ascii_alphabetic()
        && second.is_ascii_lowercase()
        && third.is_ascii_lowercase()
        && matches!(last, [] | [b'A'..=b'Z']);
    shaped.then(|| format!("{}{}", name[..1].to_ascii_lowercase(), &name[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::Gene;

    fn genes(name: &str) -> String {
        genes_of(name, None).join(" ")
    }

    #[test]
    fn the_table_of_exceptions_is_sorted_for_the_search() {
        assert!(SPELT_OTHERWISE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn a_protein_gives_the_symbol_of_its_gene() {
        for (protein, gene) in [
            ("Fur", "fur"),
            ("OmpR", "ompR"),
            ("HypT", "hypT"),
            ("RpoD", "rpoD"),
            ("CRP", "crp"),
            ("H-NS", "hns"),
            ("Sigma70", "rpoD"),
            ("NtrC", "glnG"),
            ("ryhB", "ryhB"),
            ("ArcA", "arcA"),
        ] {
            assert_eq!(genes(protein), gene);
        }
    }

    #[test]
    fn subunits_of_complexes_are_told_apart() {
        for (complex, members) in [
            ("IHF", "ihfA ihfB"),
            ("hU", "hupA hupB"),
            ("FlhDC", "flhD flhC"),
            ("hipAB", "hipA hipB"),
            ("GadE-RcsB", "gadE rcsB"),
            ("gadE;rcsB", "gadE rcsB"),
            ("CRP-Sxy", "crp sxy"),
        ] {
            assert_eq!(genes(complex), members);
        }
    }

    #[test]
    fn what_is_no_gene_product_keeps_its_name() {
        for name in ["ppGpp", "Spermidine", "FMN", "TPP", "His-tRNA", "L-tryptophan", "Mn2+", "SelB-Sec-tRNA", "IS129"]
        {
            assert_eq!(genes(name), name);
        }
    }

    #[test]
    fn a_protein_renamed_since_is_found_by_its_alias_but_a_small_rna_is_not_taken_for_one() {
        let mut table = GeneTable::new();
        table.insert(Gene::named("cecR").with_alias("ybiH"));
        table.insert(Gene::named("mutY").with_alias("micA"));
        table.insert(Gene::named("csqR"));
        assert_eq!(genes_of("YbiH", Some(&table)), ["cecR"]);
        assert_eq!(genes_of("micA", Some(&table)), ["micA"]);
        assert_eq!(genes_of("CsqR", Some(&table)), ["csqR"], "the genome at hand knows better");
    }
}
