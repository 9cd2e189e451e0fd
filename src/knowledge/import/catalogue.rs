//! Catalogues of gene names: which accessions and old symbols belong to a symbol.

use crate::biology::{Authority, Gene, GeneTable};

use super::ImportError;
use super::delimited::{Layout, Table, parts};
use super::taxa::{Taxa, number_of};

/// Reads a table of genes: symbols with accessions and aliases.
///
/// Delimiter and columns are known by the first line, which may be a comment. The symbol stands in `symbol` or `gene_name`; of
/// the others any may be missing: `entrez_id` or `GeneID`, `ensembl_ids`, `uniprot_ids` or `uniprot`, `aliases` or
/// `synonyms`, and the locus tag in `locus_tag`, `LocusTag`, `b_number` or a first column without a name. Lists are joined by
/// `|` or `;`, and `-` is nothing. Rows of one symbol are joined (copies of an insertion element); a row without symbol
/// takes its locus tag for one. NCBI's gene_info is such a table.
///
/// # Errors
/// [`ImportError`] if the file is not a table, has no column of symbols, has a row with neither symbol nor locus tag, or holds
/// genes of several taxa.
pub fn read_gene_catalogue(content: &[u8], file_name: &str) -> Result<GeneTable, ImportError> {
    read_gene_catalogue_of(content, file_name, None)
}

/// The same for one taxon, by its number at NCBI, of a table that may hold several.
///
/// # Errors
/// As [`read_gene_catalogue`]; also if the taxon is not there.
pub fn read_gene_catalogue_of(content: &[u8], file_name: &str, taxon: Option<&str>) -> Result<GeneTable, ImportError> {
    let open = || Table::open_naming(content, file_name, layout(content), &["GeneID", "Symbol"]);
    let mut table = open()?;
    let tax_id = table.any(&["tax_id", "#tax_id"]);
    let taxa = Taxa::of(open()?, tax_id)?;
    let taxon = taxa.chosen(file_name, taxon)?;
    let symbol = table.column_of(&["symbol", "gene_name"])?;
    let locus_tag = table.any(&["locus_tag", "LocusTag", "b_number", ""]);
    let accessions = [
        (Authority::LocusTag, locus_tag),
        (Authority::Entrez, table.any(&["entrez_id", "GeneID"])),
        (Authority::Ensembl, table.any(&["ensembl_ids"])),
        (Authority::UniProt, table.any(&["uniprot_ids", "uniprot"])),
    ];
    let aliases = table.any(&["aliases", "synonyms"]);
    let mut genes = GeneTable::new();
    while table.next_row()? {
        if taxon.is_some_and(|taxon| number_of(table.field_if(tax_id)) != taxon) {
            continue;
        }
        let name = match table.field(symbol) {
            "" if !table.field_if(locus_tag).is_empty() => table.field_if(locus_tag),
            _ => table.gene_name(symbol, "symbol")?,
        };
        let mut gene = Gene::named(name);
        for (authority, column) in accessions {
            for value in names_in(table.field_if(column)) {
                gene = gene.with_accession(authority, value);
            }
        }
        for alias in names_in(table.field_if(aliases)).filter(|alias| alias != name) {
            gene = gene.with_alias(alias);
        }
        genes.insert(gene);
    }
    if genes.is_empty() {
        return Err(ImportError::NoRow { file: file_name.to_owned() });
    }
    Ok(genes)
}

/// The names of a list; NCBI writes `-` where there is none.
fn names_in(list: &str) -> impl Iterator<Item = String> {
    parts(list, &['|', ';']).into_iter().filter(|name| name != "-")
}

fn layout(content: &[u8]) -> Layout {
    let guessed = Layout::guess(content);
    // Names of genes such as 5'-nucleotidase "B" stand unquoted in tab-separated catalogues.
    Layout { quotes: guessed.delimiter != b'\t', ..guessed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_human_catalogue_gives_accessions_and_aliases() {
        let content = b"entrez_id\tsymbol\tname\tgene_type\tensembl_ids\tuniprot_ids\taliases\n\
            7157\tTP53\ttumor protein p53\tprotein-coding\tENSG00000141510\tP04637|Q00001\tP53|LFS1\n";
        let genes = read_gene_catalogue(content, "ids.tsv").expect("a catalogue");
        let id = genes.id("TP53").expect("there");
        assert_eq!(genes.gene(id).accessions.len(), 4);
        for name in ["7157", "P04637", "LFS1", "ENSG00000141510"] {
            assert_eq!(genes.resolve(name), Ok(id), "{name}");
        }
    }

    #[test]
    fn a_bacterial_catalogue_takes_the_locus_tag_from_the_nameless_first_column() {
        let content = b",start,gene_name\nb0683,1,fur\nb9999,2,\n";
        let genes = read_gene_catalogue(content, "gene_table.csv").expect("a catalogue");
        assert_eq!(genes.resolve("b0683"), Ok(genes.id("fur").expect("there")));
        assert!(genes.id("b9999").is_some(), "a nameless gene goes by its locus tag");
    }

    #[test]
    fn a_table_without_symbols_is_refused() {
        let message = read_gene_catalogue(b"id,symbl\n1,A\n", "ids.csv").expect_err("no symbol").to_string();
        assert!(message.contains("no column `symbol` (did you mean `symbl`?)"), "{message}");
    }

    #[test]
    fn the_gene_info_of_ncbi_is_a_catalogue_of_one_taxon() {
        let content = b"#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\n9606\t7157\tTP53\t-\tBCC7|LFS1\tMIM:1\n\
            10090\t22059\tTrp53\t-\tp53\tMGI:1\n";
        let message = read_gene_catalogue(content, "gene_info").expect_err("two").to_string();
        assert!(
            message.contains("9606 (1 row), 10090 (1 row)") || message.contains("10090 (1 row), 9606 (1 row)"),
            "{message}"
        );
        let genes = read_gene_catalogue_of(content, "gene_info", Some("9606")).expect("human");
        assert_eq!((genes.len(), genes.resolve("7157")), (1, Ok(genes.id("TP53").expect("there"))));
        assert!(genes.resolve("LFS1").is_ok() && genes.resolve("-").is_err());
        assert!(read_gene_catalogue_of(content, "gene_info", Some("562")).is_err());
    }
}
