//! Catalogues of gene names: which accessions and old symbols belong to a symbol.

use crate::biology::{Authority, Gene, GeneTable};

use super::ImportError;
use super::delimited::{Layout, Table, parts};

/// Reads a table of genes: symbols with accessions and aliases.
///
/// Delimiter and columns are known by the first line. The symbol stands in `symbol` or `gene_name`; of the others any may be missing:
/// `entrez_id`, `ensembl_ids`, `uniprot_ids` or `uniprot`, `aliases` or `synonyms`, and the locus tag in `locus_tag`,
/// `b_number` or a first column without a name. Lists are joined by `|` or `;`. Rows of one symbol are joined (copies
/// of an insertion element); a row without symbol takes its locus tag for one.
///
/// # Errors
/// [`ImportError`] if the file is no table, has no column of symbols, or has a row with neither symbol nor locus tag.
pub fn read_gene_catalogue(content: &[u8], file_name: &str) -> Result<GeneTable, ImportError> {
    let mut table = Table::open(content, file_name, layout(content))?;
    let symbol = table.optional("gene_name").map_or_else(|| table.column("symbol"), Ok)?;
    let locus_tag = first_of(&table, &["locus_tag", "b_number", ""]);
    let accessions = [
        (Authority::LocusTag, locus_tag),
        (Authority::Entrez, table.optional("entrez_id")),
        (Authority::Ensembl, table.optional("ensembl_ids")),
        (Authority::UniProt, first_of(&table, &["uniprot_ids", "uniprot"])),
    ];
    let aliases = first_of(&table, &["aliases", "synonyms"]);
    let mut genes = GeneTable::new();
    while table.next_row()? {
        let name = match table.field(symbol) {
            "" if !table.field_if(locus_tag).is_empty() => table.field_if(locus_tag),
            _ => table.gene_name(symbol, "symbol")?,
        };
        let mut gene = Gene::named(name);
        for (authority, column) in accessions {
            for value in parts(table.field_if(column), &['|', ';']) {
                gene = gene.with_accession(authority, value);
            }
        }
        for alias in parts(table.field_if(aliases), &['|', ';']) {
            if alias != gene.symbol {
                gene = gene.with_alias(alias);
            }
        }
        genes.insert(gene);
    }
    if genes.is_empty() {
        return Err(ImportError::NoRow { file: file_name.to_owned() });
    }
    Ok(genes)
}

fn layout(content: &[u8]) -> Layout {
    let guessed = Layout::guess(content);
    // Names of genes such as 5'-nucleotidase "B" stand unquoted in tab-separated catalogues.
    Layout { quotes: guessed.delimiter != b'\t', ..guessed }
}

fn first_of(table: &Table<'_>, names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| table.optional(name))
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
}
