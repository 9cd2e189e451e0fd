//! Which column of a long table is what: found by the names that the field gives them.

use super::statistics::{Statistics, growth_scores, is_significance, statistics_in};
use super::table::{Table, plain};
use super::{DatasetError, Part, ReadOptions};

pub(super) const PERTURBATION: [&str; 9] = [
    "perturbation",
    "pert",
    "perturbations",
    "perturbedgene",
    "perturbedgenes",
    "deletedgene",
    "deletedgenes",
    "knockout",
    "regulator",
];
/// Names of a perturbation column that may name the measured gene too, where there is no other.
const TARGETED: [&str; 10] = [
    "genetarget",
    "genetargets",
    "guidetarget",
    "targetedgene",
    "targetgene",
    "guide",
    "guideid",
    "guideidentity",
    "sgrna",
    "grna",
];
const CONDITION: &str = "condition";
pub(super) const GENE: [&str; 10] = [
    "gene",
    "targetgene",
    "target",
    "genesymbol",
    "genename",
    "symbol",
    "geneid",
    "responsegene",
    "feature",
    "locustag",
];
pub(super) const RESPONSE: [&str; 5] = ["response", "label", "call", "ternary", "effect"];
pub(super) const LOG2FC: [&str; 7] =
    ["log2fc", "log2foldchange", "logfc", "lfc", "avglog2fc", "log2ratio", "logfoldchanges"];
/// Fold changes as natural logarithms: Seurat before version 4.
const LNFC: [&str; 4] = ["avglogfc", "lnfc", "lnfoldchange", "loge"];
const FDR: [&str; 34] = [
    "fdr",
    "padj",
    "adjpval",
    "adjpvalue",
    "pvaladj",
    "pvaladjusted",
    "qvalue",
    "qval",
    "fdrbh",
    "padjust",
    "padjusted",
    "pvalsadj",
    "pvalueadj",
    "pvalueadjusted",
    "pvalueadjust",
    "adjustedp",
    "adjustedpval",
    "adjustedpvalue",
    "adjp",
    "adjpvalues",
    "bh",
    "benjaminihochberg",
    "padjbh",
    "padjfdr",
    "pfdr",
    "fdrp",
    "fdrq",
    "fdrqvalue",
    "fdrqval",
    "fdrpvalue",
    "qvalues",
    "qvals",
    "lfsr",
    "svalue",
];
const CONTRAST: [&str; 4] = ["contrast", "contrastid", CONDITION, "experiment"];
const DIRECTION: [&str; 5] = ["direction", "sign", "perturbationsign", "perturbationtype", "perturbationdirection"];
pub(super) const LOCUS_TAG: [&str; 4] = ["locustag", "bnumber", "locus", "locusid"];
const SPLIT: [&str; 3] = ["split", "part", "fold"];

/// What names the perturbation of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Perturbed {
    Column(usize),
    /// The whole table is of one perturbation.
    All(String),
}

/// Fold changes and the base of their logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FoldChanges {
    pub column: usize,
    /// What a value is multiplied with to be a logarithm to the base 2.
    pub factor: f64,
}

/// Positions of the columns in one table.
pub(super) struct FoundColumns {
    pub perturbation: Perturbed,
    /// All columns that may name the perturbation, the likeliest first.
    pub candidates: Vec<usize>,
    pub gene: usize,
    pub response: Option<usize>,
    pub log2fc: Option<FoldChanges>,
    pub fdr: Option<usize>,
    pub contrast: Option<usize>,
    pub direction: Option<usize>,
    /// True if the direction column was named, and so is what it is said to be.
    pub direction_named: bool,
    pub locus_tag: Option<usize>,
    pub split: Option<usize>,
}

impl FoundColumns {
    pub(super) fn of(table: &Table<'_>, options: &ReadOptions) -> Result<Self, DatasetError> {
        let names = &options.columns;
        let find = |name: &Option<String>, aliases: &[&str]| match name {
            Some(name) => table.named_column(name).map(Some),
            None => Ok(table.aliased_column(aliases)),
        };
        let missing = |role, accepted: &[&str], option| missing_column(table, role, accepted, option);
        let gene = find(&names.gene, &GENE)?.or_else(|| unnamed_genes(table, options));
        let contrast = find(&names.contrast, &CONTRAST)?;
        let candidates = match &names.perturbation {
            Some(name) => vec![table.named_column(name)?],
            None => candidates(table, gene, names.contrast.is_none()),
        };
        let perturbation = match (&options.perturbation, candidates.first()) {
            (None, Some(&column)) => Perturbed::Column(column),
            (None, None) => return Err(without_perturbation(table)),
            (Some(given), None) => Perturbed::All(given.clone()),
            (Some(given), Some(&column)) => return Err(twice_perturbed(table, column, given)),
        };
        let contrast = contrast.filter(|column| perturbation != Perturbed::Column(*column));
        let gene = gene.ok_or_else(|| missing("measured gene", &GENE, "--gene-column"))?;
        let log2fc = fold_changes(table, options)?;
        let fdr = find(&names.fdr, &FDR)?;
        let response = find(&names.response, &RESPONSE)?;
        if response.is_none() && log2fc.is_none() {
            let accepted: Vec<_> = RESPONSE.iter().chain(&LOG2FC).copied().collect();
            let option = "--response-column or --log2fc-column";
            return Err(missing("response or log2 fold change", &accepted, option));
        }
        let direction = find(&names.direction, &DIRECTION)?;
        let locus_tag = find(&names.locus_tag, &LOCUS_TAG)?.filter(|&column| column != gene);
        let split = match &names.split {
            Some(name) => Some(table.named_column(name)?),
            None => table.aliased_column(&SPLIT).filter(|&column| names_parts(table, column)),
        };
        let direction_named = names.direction.is_some();
        Ok(Self {
            perturbation,
            candidates,
            gene,
            response,
            log2fc,
            fdr,
            contrast,
            direction,
            direction_named,
            locus_tag,
            split,
        })
    }

    /// Which column was taken for what, a line each; and p-values that were not used.
    pub(super) fn told(&self, table: &Table<'_>, options: &ReadOptions) -> (Vec<String>, Vec<String>) {
        let name = |column: usize| match table.header[column].as_str() {
            "" => "without a name".to_owned(),
            name => format!("`{name}`"),
        };
        let (mut notes, mut warnings) = (Vec::new(), Vec::new());
        let mut roles = Vec::new();
        match &self.perturbation {
            Perturbed::Column(column) => roles.push(format!("perturbation {}", name(*column))),
            Perturbed::All(given) => roles.push(format!("perturbation {given} (said to be that of the whole table)")),
        }
        let others = [
            ("gene", Some(self.gene)),
            ("response", self.response),
            ("log2 fold change", self.log2fc.map(|found| found.column)),
            ("false discovery rate", self.fdr),
            ("contrast", self.contrast),
            ("what was done", self.direction),
            ("locus tag", self.locus_tag),
            ("split", self.split),
        ];
        roles.extend(others.iter().filter_map(|(role, column)| Some(format!("{role} {}", name((*column)?)))));
        notes.push(format!("long table, columns: {}", roles.join(", ")));
        if self.log2fc.is_some_and(|found| found.factor != 1.0) {
            notes.push("fold changes are natural logarithms and were divided by ln 2".to_owned());
        }
        if self.response.is_some() {
            return (notes, warnings);
        }
        let super::CallThresholds { min_log2fc, max_fdr } = options.thresholds;
        match self.fdr {
            Some(column) => notes.push(format!(
                "responses are called where |log2 fold change| ≥ {min_log2fc} and {} ≤ {max_fdr}",
                name(column)
            )),
            None => notes.push(format!(
                "responses are called by size alone (|log2 fold change| ≥ {min_log2fc}): no column holds a false discovery rate"
            )),
        }
        let unused: Vec<_> =
            table.header.iter().filter(|column| self.fdr.is_none() && is_significance(column)).collect();
        if let Some(column) = unused.first() {
            warnings.push(format!(
                "column `{column}` looks like a p-value and is not used, so responses are called by size alone; name a \
                 column of false discovery rates"
            ));
        }
        (notes, warnings)
    }
}

/// The columns that may name the perturbation, the likeliest first.
fn candidates(table: &Table<'_>, gene: Option<usize>, condition: bool) -> Vec<usize> {
    let mut found: Vec<usize> = table.aliased_columns(&PERTURBATION);
    found.extend(table.aliased_columns(&TARGETED).into_iter().filter(|&column| Some(column) != gene));
    if found.is_empty() && condition {
        // Single-cell tables call the perturbation the condition.
        found.extend(table.aliased_columns(&[CONDITION]));
    }
    found
}

/// Where a table of statistics has its genes in an unnamed first column, or where scanpy writes them.
fn unnamed_genes(table: &Table<'_>, options: &ReadOptions) -> Option<usize> {
    const ROW_NAMES: [&str; 9] = ["names", "", "x", "unnamed0", "index", "rownames", "rowname", "id", "targetid"];
    let is_statistics = statistics_in(&table.header, &|_| false).is_some();
    (is_statistics || options.perturbation.is_some()).then(|| table.aliased_column(&ROW_NAMES)).flatten()
}

/// Without a perturbation column the table may be statistics of one comparison.
fn without_perturbation(table: &Table<'_>) -> DatasetError {
    match refused_statistics(table, &|_| false) {
        Some(error) => error,
        None => missing_column(table, "perturbation", &PERTURBATION, "--perturbation-column"),
    }
}

/// The error for statistics, or scores of growth, in the place of a matrix or of named perturbations.
pub(super) fn refused_statistics(table: &Table<'_>, is_gene: &dyn Fn(&str) -> bool) -> Option<DatasetError> {
    let (file, line) = (table.file.to_owned(), table.header_line);
    let scores = growth_scores(&table.header);
    if !scores.is_empty() {
        return Some(DatasetError::GrowthScores { file, line, columns: scores });
    }
    let Statistics { columns, several, group } = statistics_in(&table.header, is_gene)?;
    Some(DatasetError::Statistics { file, line, columns, several, group })
}

fn twice_perturbed(table: &Table<'_>, column: usize, given: &str) -> DatasetError {
    let (file, line) = (table.file.to_owned(), table.header_line);
    DatasetError::TwicePerturbed { file, line, column: table.header[column].clone(), given: given.to_owned() }
}

fn fold_changes(table: &Table<'_>, options: &ReadOptions) -> Result<Option<FoldChanges>, DatasetError> {
    const TO_LOG2: f64 = std::f64::consts::LOG2_E;
    let with = |factor: f64| move |column: usize| FoldChanges { column, factor };
    if let Some(name) = &options.columns.log2fc {
        let column = table.named_column(name)?;
        let natural = LNFC.contains(&plain(name).as_str());
        return Ok(Some(with(if natural { TO_LOG2 } else { 1.0 })(column)));
    }
    let natural = || {
        // sleuth writes its effect as `b`, a natural logarithm, next to the error `se_b`.
        let is_sleuth = table.aliased_column(&["seb"]).is_some();
        table.aliased_column(&LNFC).or_else(|| is_sleuth.then(|| table.aliased_column(&["b"])).flatten())
    };
    Ok(table.aliased_column(&LOG2FC).map(with(1.0)).or_else(|| natural().map(with(TO_LOG2))))
}

/// A column called `fold` may hold a fold change: it is one of parts only if it names one.
fn names_parts(table: &Table<'_>, column: usize) -> bool {
    plain(&table.header[column]) != "fold"
        || table.first_row().nth(column).is_some_and(|text| Part::parse(text).is_some())
}

pub(super) fn missing_column(
    table: &Table<'_>,
    role: &'static str,
    accepted: &[&str],
    option: &'static str,
) -> DatasetError {
    let is_value = |text: &String| !text.is_empty() && text.parse::<f64>().is_ok();
    DatasetError::MissingColumn {
        file: table.file.to_owned(),
        line: table.header_line,
        role,
        accepted: accepted.join(", "),
        option,
        found: table.header.clone(),
        header_missing: table.header.iter().any(is_value),
    }
}
