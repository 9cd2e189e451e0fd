//! Columns that hold statistics of a comparison (DESeq2, edgeR, limma, Seurat, scanpy, sleuth, MAGeCK), never perturbations.

use super::table::plain;

/// Names of statistics, letters and digits only, that nothing else is called by.
const STATISTICS: [&str; 66] = [
    "basemean",
    "basemeana",
    "basemeanb",
    "basevar",
    "log2foldchange",
    "foldchange",
    "logfoldchange",
    "logfoldchanges",
    "log2fc",
    "logfc",
    "lfc",
    "avglog2fc",
    "avglogfc",
    "avgdiff",
    "log2ratio",
    "lnfc",
    "unshrunklogfc",
    "lfcse",
    "pvalue",
    "pval",
    "pvals",
    "padj",
    "padjust",
    "padjusted",
    "adjpval",
    "adjpvalue",
    "pvaladj",
    "pvalueadj",
    "pvalsadj",
    "aveexpr",
    "logcpm",
    "fdr",
    "fdrq",
    "fdrqvalue",
    "qvalue",
    "qval",
    "lfsr",
    "svalue",
    "pct1",
    "pct2",
    "pctdiff",
    "pctnzgroup",
    "pctnzreference",
    "seb",
    "meanobs",
    "varobs",
    "techvar",
    "sigmasq",
    "smoothsigmasq",
    "finalsigmasq",
    "targetid",
    "tstat",
    "tstatistic",
    "teststatistic",
    "statistic",
    "wald",
    "waldstat",
    "zscore",
    "stderr",
    "standarderror",
    "bonferroni",
    "benjaminihochberg",
    "neglog10p",
    "minuslog10p",
    "log10pvalue",
    "neglog10pval",
];
/// Names that are statistics next to others, and might be symbols by themselves.
const BESIDE: [&str; 18] = [
    "stat", "t", "b", "f", "lr", "z", "w", "bh", "scores", "score", "rank", "se", "power", "myauc", "mean", "sd",
    "var", "df",
];
/// Columns that might say what was perturbed in tables of many comparisons.
const GROUPS: [&str; 8] = ["group", "cluster", "contrast", "comparison", "condition", "target", "genetarget", "ident"];

/// What the columns of a table of statistics are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Statistics {
    /// The columns that are statistics.
    pub columns: Vec<String>,
    /// True if they are statistics of several comparisons side by side: `padj_fur`, `padj_crp`.
    pub several: bool,
    /// A column that might name what was perturbed.
    pub group: Option<String>,
}

/// The statistics among the columns of a table; `None` if none of them evidently is one.
///
/// A name that `is_gene` knows is none. A short name (`t`, `B`, `F`) is a statistic next to one that nothing else is called by.
pub(super) fn statistics_in(header: &[String], is_gene: &dyn Fn(&str) -> bool) -> Option<Statistics> {
    let is_evident = |column: &&String| STATISTICS.contains(&plain(column).as_str()) && !is_gene(column);
    let is_beside = |column: &&String| BESIDE.contains(&plain(column).as_str());
    let group = header.iter().find(|column| GROUPS.contains(&plain(column).as_str())).cloned();
    // The first column names the rows, whatever it is called.
    if header.iter().skip(1).any(|column| is_evident(&column)) {
        let columns = header.iter().filter(|column| is_evident(column) || is_beside(column)).cloned().collect();
        return Some(Statistics { columns, several: false, group });
    }
    let columns: Vec<_> = header.iter().filter(|column| affixed(column).is_some()).cloned().collect();
    let kinds: std::collections::BTreeSet<_> = columns.iter().filter_map(|column| Some(affixed(column)?.1)).collect();
    (kinds.len() > 1).then_some(Statistics { columns, several: true, group })
}

/// A column such as `log2FoldChange_fur` or `fur.padj`: its rest, and the statistic that it names.
pub(super) fn affixed(column: &str) -> Option<(&str, &'static str)> {
    const LONGEST: usize = 200;
    if column.len() > LONGEST {
        return None;
    }
    let known = |text: &str| STATISTICS.into_iter().find(|known| *known == plain(text));
    column.match_indices(['_', '.', '-', ' ', ':', '|']).find_map(|(at, separator)| {
        let (before, after) = (&column[..at], &column[at + separator.len()..]);
        known(before).map(|found| (after, found)).or_else(|| known(after).map(|found| (before, found)))
    })
}

/// True for statistics that are logarithms of fold changes to the base 2.
pub(super) fn is_log2_fold_change(statistic: &str) -> bool {
    matches!(statistic, "log2foldchange" | "log2fc" | "logfc" | "lfc" | "avglog2fc" | "log2ratio" | "logfoldchanges")
}

/// Scores of how each perturbed gene changes growth, as MAGeCK writes them: nothing was measured of any other gene.
pub(super) fn growth_scores(header: &[String]) -> Vec<String> {
    let lower = |column: &String| column.to_lowercase();
    let is_score = |column: &&String| {
        let column = lower(column);
        ["neg|", "pos|"].iter().any(|side| column.starts_with(side))
            || ["|beta", "|z", "|fdr", "|wald-fdr", "|wald-p-value"].iter().any(|kind| column.ends_with(kind))
            || ["neg.", "pos."].iter().any(|side| column.starts_with(side) && column.ends_with(".fdr"))
    };
    let scores: Vec<_> = header.iter().filter(is_score).cloned().collect();
    let has = |name: &str| header.iter().any(|column| lower(column) == name);
    if scores.is_empty() && has("sgrna") && has("lfc") {
        return vec!["sgrna".to_owned(), "LFC".to_owned()];
    }
    scores
}

/// True for a column that, by its name, holds p-values or rates made of them.
pub(super) fn is_significance(column: &str) -> bool {
    let plain = plain(column);
    let parts = ["pvalue", "pval", "padj", "fdr", "qval", "lfsr", "svalue", "adjp", "log10p"];
    let is_named = parts.iter().any(|part| plain.contains(part));
    is_named || matches!(plain.as_str(), "p" | "q" | "bh" | "probability")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    fn found(text: &str) -> Option<Statistics> {
        statistics_in(&header(text), &|_| false)
    }

    #[test]
    fn the_tables_of_the_field_are_known_by_their_columns() {
        for text in [
            ",baseMean,log2FoldChange,lfcSE,stat,pvalue,padj",
            ",logFC,logCPM,F,PValue,FDR",
            ",logFC,AveExpr,t,P.Value,adj.P.Val,B",
            ",p_val,avg_log2FC,pct.1,pct.2,p_val_adj",
            ",p_val,avg_logFC,pct.1,pct.2,p_val_adj",
            ",names,scores,logfoldchanges,pvals,pvals_adj",
            "target_id,pval,qval,b,se_b,mean_obs,var_obs",
            "Gene,LOG2FOLDCHANGE",
        ] {
            assert!(!found(text).expect(text).several, "{text}");
        }
        assert_eq!(found(",names,group,pvals").expect("statistics").group.as_deref(), Some("group"));
        assert!(found("gene,log2FC_fur,padj_fur,log2FC_crp,padj_crp").expect("statistics").several);
    }

    #[test]
    fn matrices_of_genes_are_none() {
        for text in ["gene,fur,crp", ",A,B,t,F", "perturbation,STAT1,MYC", "gene,log2FC_fur,log2FC_crp"] {
            assert_eq!(found(text), None, "{text}");
        }
        assert_eq!(statistics_in(&header("gene,LFC"), &|name| name == "LFC"), None);
    }

    #[test]
    fn scores_of_growth_are_no_responses() {
        assert!(!growth_scores(&header("id,num,neg|score,neg|p-value,neg|fdr,pos|lfc")).is_empty());
        assert!(!growth_scores(&header("sgrna,Gene,control_count,LFC,FDR")).is_empty());
        assert!(growth_scores(&header("gene,fur,crp")).is_empty());
    }
}
