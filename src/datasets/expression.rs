//! Log-expression of genes in samples, and what it says of contrasts: fold change, false discovery rate, response.

use std::collections::HashMap;
use std::io::{self, Write};

use super::contrast_table::Contrast;
use super::differential::{benjamini_hochberg, two_sided_t, two_sided_t_quantile};
use super::error::nearest;
use super::long_table::Place;
use super::moderated::{ModeratedVariances, moderate_variances};
use super::on_target::{OnTarget, OwnResponse};
use super::table::Table;
use super::{CallThresholds, DatasetError};
use crate::biology::{Direction, Response};

/// Logarithms of expression stay below this: it is the logarithm of a million million.
const HIGHEST_LOGARITHM: f64 = 40.0;

/// Log2 expression of genes (rows) in samples (columns), for example `log2(TPM + 1)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    file: String,
    genes: Vec<String>,
    samples: Vec<String>,
    values: Vec<f64>,
}

impl Expression {
    /// Reads a matrix with genes in rows and samples in columns.
    ///
    /// # Errors
    /// [`DatasetError`], naming the line, for a gene or sample that stands there twice, a value that is not a finite number, or
    /// values that are no logarithms.
    pub fn read(bytes: &[u8], file: &str) -> Result<Self, DatasetError> {
        let mut table = Table::open(bytes, file, None)?;
        table.allow_missing_corner();
        let samples: Vec<String> = table.header.iter().skip(1).cloned().collect();
        let mut sorted: Vec<_> = samples.iter().collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            let (file, line, column) = (file.to_owned(), table.header_line, pair[0].clone());
            return Err(DatasetError::RepeatedColumn { file, line, column });
        }
        let mut expression = Self { file: file.to_owned(), genes: Vec::new(), samples, values: Vec::new() };
        let mut first_lines: HashMap<String, u64> = HashMap::new();
        while let Some((line, row)) = table.next_row()? {
            let gene = row[0].to_owned();
            if gene.is_empty() {
                return Err(DatasetError::EmptyName { file: file.to_owned(), line, role: "gene" });
            }
            if let Some(first_line) = first_lines.insert(gene.clone(), line) {
                return Err(DatasetError::RepeatedGene { file: file.to_owned(), line, gene, first_line });
            }
            for (column, text) in row.iter().enumerate().skip(1) {
                let place = Place { table: &table, line, perturbation: &table.header[column], gene: &gene };
                expression.values.push(place.finite(column, text)?);
            }
            expression.genes.push(gene);
        }
        expression.check_scale()?;
        Ok(expression)
    }

    /// Refuses counts and other expression of which no logarithm was taken.
    fn check_scale(&self) -> Result<(), DatasetError> {
        const ENOUGH: usize = 20;
        let highest = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let whole =
            self.values.len() >= ENOUGH && self.values.iter().all(|value| value.fract() == 0.0 && *value >= 0.0);
        let reason = if whole && highest > 1.0 {
            format!("they are whole numbers up to {highest}: counts")
        } else if highest > HIGHEST_LOGARITHM {
            format!("they go up to {highest}: no logarithm was taken")
        } else {
            return Ok(());
        };
        let (file, expected) = (self.file.clone(), "log2 expression");
        let remedy = "bring each sample to a common total and take the logarithm, for example log2(CPM + 1)";
        Err(DatasetError::Scale { file, column: String::new(), expected, reason, remedy })
    }

    /// Names of the genes, in order of the rows.
    #[must_use]
    pub fn genes(&self) -> &[String] {
        &self.genes
    }

    /// Names of the samples, in order of the columns.
    #[must_use]
    pub fn samples(&self) -> &[String] {
        &self.samples
    }

    fn row(&self, gene: usize) -> &[f64] {
        &self.values[gene * self.samples.len()..][..self.samples.len()]
    }

    /// Samples that are replicates of one condition: those named alike but for a final number (`wt__1`, `wt_rep2`).
    ///
    /// If any sample ends in `__` and a number, only such endings count, so that `glc_5` and `glc_6` may be conditions.
    #[must_use]
    pub fn replicate_groups(&self) -> Vec<Vec<usize>> {
        let double = self.samples.iter().any(|sample| condition_of(sample, true).is_some());
        let mut index: HashMap<&str, usize> = HashMap::new();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (number, sample) in self.samples.iter().enumerate() {
            let condition = condition_of(sample, double).unwrap_or(sample);
            let group = *index.entry(condition).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push(number);
        }
        groups
    }
}

/// The name of a sample without the number of its replicate.
fn condition_of(sample: &str, double_underscore: bool) -> Option<&str> {
    let stem = sample.trim_end_matches(|character: char| character.is_ascii_digit());
    if stem.len() == sample.len() {
        return None;
    }
    if double_underscore {
        return stem.strip_suffix("__");
    }
    let stem = stem.strip_suffix("rep").or_else(|| stem.strip_suffix('r')).unwrap_or(stem);
    stem.strip_suffix(['_', '-', '.', ' ']).map(|stem| stem.trim_end_matches('_')).filter(|stem| !stem.is_empty())
}

/// What one contrast says of one gene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Differential {
    /// Mean log2 expression of the treated samples less that of the references.
    pub log2fc: f64,
    /// Its standard error, from the moderated variance.
    pub standard_error: f64,
    /// Two-sided p-value of the moderated t.
    pub p: f64,
    /// False discovery rate among all genes of the contrast.
    pub fdr: f64,
    /// Down, unchanged, up; `None` if the data do not tell.
    pub call: Option<Response>,
}

/// What an expression table says of some contrasts.
#[derive(Clone, Debug, PartialEq)]
pub struct DifferentialExpression {
    /// Variance of each gene between replicates, moderated.
    pub variances: ModeratedVariances,
    /// Residual degrees of freedom of each gene before moderation: samples less conditions.
    pub residual_degrees_of_freedom: f64,
    /// One row for each contrast, one entry for each gene of the expression table.
    pub results: Vec<Vec<Differential>>,
}

/// Fold changes, false discovery rates and responses of all genes in each contrast.
///
/// A linear model with one mean per condition is fitted to the *whole* expression table, so that replicates of all
/// conditions together tell how much each gene varies; its variance is then moderated across genes. So even a contrast
/// of single samples has a test.
/// ```text
/// s_g² = Σ_conditions Σ_replicates (y − ȳ)² / d,    d = samples − conditions
/// t    = log2FC / (s̃_g √(1/n_treated + 1/n_reference)),   d₀ + d degrees of freedom
/// ```
/// with `s̃_g²` of [`moderate_variances`]; this is limma's analysis with a group-means design. What it assumes, and cannot
/// see in a contrast of single samples, is that replicates vary alike in all conditions and batches. Responses are called
/// by [`CallThresholds::call_with_margin`]; genes excluded by the contrast are not called.
///
/// # Errors
/// [`DatasetError::UnknownSample`], [`DatasetError::NoReplicates`], or limits out of range.
///
/// # Complexity
/// `O(genes · (samples + contrasts))`, plus a sort of the p-values of each contrast.
///
/// # Reference
/// Smyth 2004, doi:10.2202/1544-6115.1027.
pub fn differential_expression(
    expression: &Expression,
    contrasts: &[Contrast],
    contrast_file: &str,
    thresholds: CallThresholds,
) -> Result<DifferentialExpression, DatasetError> {
    let thresholds = thresholds.checked()?;
    let groups = expression.replicate_groups();
    let residual = (expression.samples.len() - groups.len()) as f64;
    if residual <= 0.0 {
        return Err(DatasetError::NoReplicates { file: expression.file.clone() });
    }
    let raw: Vec<f64> = (0..expression.genes.len())
        .map(|gene| residual_sum_of_squares(expression.row(gene), &groups) / residual)
        .collect();
    let variances = moderate_variances(&raw, residual);
    let sides = contrasts.iter().map(|contrast| Sides::of(contrast, contrast_file, expression));
    let sides: Vec<Sides> = sides.collect::<Result<_, _>>()?;
    let quantile = two_sided_t_quantile(0.1, variances.degrees_of_freedom);
    let results = contrasts
        .iter()
        .zip(&sides)
        .map(|(contrast, sides)| compare(expression, contrast, sides, &variances, quantile, thresholds))
        .collect();
    Ok(DifferentialExpression { variances, residual_degrees_of_freedom: residual, results })
}

fn residual_sum_of_squares(row: &[f64], groups: &[Vec<usize>]) -> f64 {
    let of_group = |group: &Vec<usize>| {
        let mean = mean_of(row, group);
        group.iter().map(|&sample| (row[sample] - mean).powi(2)).sum::<f64>()
    };
    groups.iter().filter(|group| group.len() > 1).map(of_group).sum()
}

fn mean_of(row: &[f64], samples: &[usize]) -> f64 {
    samples.iter().map(|&sample| row[sample]).sum::<f64>() / samples.len() as f64
}

/// Columns of the expression table on both sides of a contrast.
struct Sides {
    treated: Vec<usize>,
    references: Vec<usize>,
}

impl Sides {
    fn of(contrast: &Contrast, file: &str, expression: &Expression) -> Result<Self, DatasetError> {
        let column = |sample: &String| {
            let found = expression.samples.iter().position(|known| known == sample);
            found.ok_or_else(|| DatasetError::UnknownSample {
                file: file.to_owned(),
                line: contrast.line,
                contrast: contrast.name.clone(),
                sample: sample.clone(),
                nearest: nearest(sample, expression.samples.iter().map(String::as_str)),
            })
        };
        let columns = |samples: &[String], role| {
            if samples.is_empty() {
                return Err(DatasetError::EmptyName { file: file.to_owned(), line: contrast.line, role });
            }
            samples.iter().map(column).collect()
        };
        let treated = columns(&contrast.treated, "list of treated samples")?;
        Ok(Self { treated, references: columns(&contrast.references, "list of reference samples")? })
    }
}

fn compare(
    expression: &Expression,
    contrast: &Contrast,
    sides: &Sides,
    variances: &ModeratedVariances,
    quantile: f64,
    thresholds: CallThresholds,
) -> Vec<Differential> {
    let unit = (1.0 / sides.treated.len() as f64 + 1.0 / sides.references.len() as f64).sqrt();
    let mut results: Vec<Differential> = (0..expression.genes.len())
        .map(|gene| {
            let row = expression.row(gene);
            let log2fc = mean_of(row, &sides.treated) - mean_of(row, &sides.references);
            let standard_error = unit * variances.variances[gene].sqrt();
            let p = p_value(log2fc, standard_error, variances.degrees_of_freedom);
            Differential { log2fc, standard_error, p, fdr: 1.0, call: None }
        })
        .collect();
    let p: Vec<f64> = results.iter().map(|result| result.p).collect();
    for ((result, fdr), gene) in results.iter_mut().zip(benjamini_hochberg(&p)).zip(&expression.genes) {
        result.fdr = fdr;
        if !contrast.excluded.contains(gene) {
            result.call = thresholds.call_with_margin(result.log2fc, fdr, quantile * result.standard_error);
        }
    }
    results
}

fn p_value(log2fc: f64, standard_error: f64, degrees_of_freedom: f64) -> f64 {
    if log2fc == 0.0 {
        return 1.0;
    }
    two_sided_t(log2fc / standard_error, degrees_of_freedom)
}

/// The names of genes: symbol by locus tag, in a table with the columns `locus_tag` (or an unnamed first one) and
/// `gene_name`.
///
/// # Errors
/// [`DatasetError`] if a column is missing or a row ragged.
pub fn read_gene_names(bytes: &[u8], file: &str) -> Result<HashMap<String, String>, DatasetError> {
    let mut table = Table::open(bytes, file, None)?;
    table.allow_missing_corner();
    let tag = table.aliased_column(&["locustag", "bnumber", "locusid", ""]).unwrap_or(0);
    let accepted = ["genename", "genesymbol", "symbol", "gene", "name"];
    let symbol = table.aliased_column(&accepted).ok_or_else(|| DatasetError::MissingColumn {
        file: file.to_owned(),
        line: table.header_line,
        role: "symbol of the gene",
        accepted: accepted.join(", "),
        option: "its usual name",
        found: table.header.clone(),
        header_missing: false,
    })?;
    let mut names = HashMap::new();
    while let Some((_, row)) = table.next_row()? {
        if !row[tag].is_empty() && !row[symbol].is_empty() {
            names.insert(row[tag].to_owned(), row[symbol].to_owned());
        }
    }
    Ok(names)
}

/// Symbols for the genes of an expression table; a gene without one, or whose symbol another gene of the table shares,
/// keeps the name that it has there.
#[must_use]
pub fn symbols_of(genes: &[String], names: &HashMap<String, String>) -> Vec<String> {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for symbol in genes.iter().filter_map(|gene| names.get(gene)) {
        *uses.entry(symbol).or_default() += 1;
    }
    let symbol = |gene: &String| match names.get(gene) {
        Some(symbol) if uses[symbol.as_str()] == 1 => symbol.clone(),
        _ => gene.clone(),
    };
    genes.iter().map(symbol).collect()
}

/// Renames excluded genes given by symbol to the names of an expression table.
pub fn name_excluded(contrasts: &mut [Contrast], genes: &[String], symbols: &[String]) {
    let by_symbol: HashMap<&String, &String> = symbols.iter().zip(genes).collect();
    for excluded in contrasts.iter_mut().flat_map(|contrast| &mut contrast.excluded) {
        if let Some(&gene) = by_symbol.get(excluded) {
            excluded.clone_from(gene);
        }
    }
}

/// How the perturbed genes of each contrast responded themselves; `symbols` name the genes of the expression table.
#[must_use]
pub fn own_responses(
    contrasts: &[Contrast],
    expression: &Expression,
    symbols: &[String],
    differential: &DifferentialExpression,
) -> OnTarget {
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (place, name) in symbols.iter().enumerate().chain(expression.genes.iter().enumerate()) {
        places.entry(name).or_insert(place);
    }
    let own = |(contrast, results): (&Contrast, &Vec<Differential>)| {
        let response = |(gene, declared): &(String, Direction)| {
            let &Differential { log2fc, call, .. } = results.get(*places.get(gene.as_str())?)?;
            Some(OwnResponse { gene: gene.clone(), declared: *declared, response: call, log2fc: Some(log2fc) })
        };
        contrast.perturbed.iter().filter_map(response).collect::<Vec<_>>()
    };
    OnTarget { own: contrasts.iter().zip(&differential.results).flat_map(own).collect() }
}

/// Writes fold changes and responses as a long table: contrast, perturbation, gene, locus_tag, log2fc (3 decimals), fdr
/// (2 significant digits), response (empty if undecided). All contrasts of one gene stand together, which compresses well.
///
/// # Errors
/// What the writer says.
pub fn write_differential(
    contrasts: &[Contrast],
    expression: &Expression,
    symbols: &[String],
    differential: &DifferentialExpression,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["contrast", "perturbation", "gene", "locus_tag", "log2fc", "fdr", "response"])?;
    let perturbations: Vec<String> = contrasts.iter().map(Contrast::notation).collect();
    for (gene, symbol) in symbols.iter().enumerate().take(expression.genes.len()) {
        for ((contrast, perturbation), results) in contrasts.iter().zip(&perturbations).zip(&differential.results) {
            let Differential { log2fc, fdr, call, .. } = results[gene];
            writer.write_record([
                &contrast.name,
                perturbation,
                symbol,
                &expression.genes[gene],
                &decimals(log2fc),
                &significant(fdr),
                &call.map_or_else(String::new, |call| call.value().to_string()),
            ])?;
        }
    }
    writer.flush()
}

/// At most three decimals, no trailing zeros, no negative zero.
pub(super) fn decimals(value: f64) -> String {
    format!("{}", (value * 1000.0).round() / 1000.0 + 0.0)
}

/// Two significant digits, as short as can be.
pub(super) fn significant(value: f64) -> String {
    let scientific = format!("{value:.1e}");
    let rounded: f64 = scientific.parse().unwrap_or(value);
    if rounded == 0.0 || rounded >= 1e-3 { format!("{rounded}") } else { scientific.replace(".0e", "e") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biology::Direction;

    fn expression(text: &str) -> Expression {
        Expression::read(text.as_bytes(), "expression.csv").expect("an expression table")
    }

    fn contrast(treated: &[&str], references: &[&str]) -> Contrast {
        let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Contrast {
            name: "c".into(),
            perturbed: vec![("fur".into(), Direction::Deletion)],
            treated: list(treated),
            references: list(references),
            excluded: vec![],
            note: String::new(),
            line: 2,
        }
    }

    #[test]
    fn replicates_are_named_alike_but_for_a_final_number() {
        let names = |text: &str| expression(text).replicate_groups();
        assert_eq!(names("g,wt__1,wt__2,ko_5__1,ko_6__1\na,1,2,3,4\n"), [vec![0, 1], vec![2], vec![3]]);
        assert_eq!(names("g,wt_rep1,wt_rep2,ph5,ph6\na,1,2,3,4\n"), [vec![0, 1], vec![2], vec![3]]);
        assert_eq!(names("g,wt.1,wt.2,ko-1,ko-2\na,1,2,3,4\n"), [vec![0, 1], vec![2, 3]]);
    }

    #[test]
    fn a_small_compendium_agrees_with_a_second_computation() {
        // Four conditions, one of them a single sample; residual degrees of freedom 7 − 4 = 3.
        let expression = expression(
            "g,wt__1,wt__2,ko__1,ko__2,heat__1,heat__2,cold__1\n\
             a,5.0,5.2,8.1,7.9,5.1,5.5,5.0\n\
             b,3.0,3.1,3.0,3.3,3.1,3.0,6.0\n\
             c,7.0,6.4,6.9,7.5,7.0,8.1,7.0\n\
             d,2.0,2.0,1.9,2.1,2.0,2.2,2.0\n",
        );
        let contrasts =
            [contrast(&["ko__1", "ko__2"], &["wt__1", "wt__2"]), contrast(&["cold__1"], &["wt__1", "wt__2"])];
        let found = differential_expression(&expression, &contrasts, "c.csv", CallThresholds::default()).expect("fits");
        assert_eq!(found.residual_degrees_of_freedom, 3.0);
        // log2FC, p and FDR computed apart with NumPy and SciPy, genes a to d of both contrasts.
        let expected: [[(f64, f64, f64); 4]; 2] = [
            [
                (2.9, 1.120_548_394_268_612e-5, 4.482_193_577_074_448e-5),
                (0.1, 0.575_684_302_008_73, 0.767_579_069_344_973_3),
                (0.5, 0.297_661_298_713_189_25, 0.595_322_597_426_378_5),
                (0.0, 1.0, 1.0),
            ],
            [
                (-0.1, 0.697_801_468_699_330_1, 0.930_401_958_265_773_4),
                (2.95, 1.216_393_506_627_28e-5, 4.865_574_026_509_12e-5),
                (0.3, 0.595_726_419_232_759_2, 0.930_401_958_265_773_4),
                (0.0, 1.0, 1.0),
            ],
        ];
        for (results, expected) in found.results.iter().zip(expected) {
            for (result, (log2fc, p, fdr)) in results.iter().zip(expected) {
                assert!((result.log2fc - log2fc).abs() < 1e-12, "{result:?} {log2fc}");
                assert!((result.p / p - 1.0).abs() < 1e-7, "{result:?} {p}");
                assert!((result.fdr / fdr - 1.0).abs() < 1e-7, "{result:?} {fdr}");
            }
        }
        let calls: Vec<_> = found.results[0].iter().map(|result| result.call).collect();
        assert_eq!(calls[0], Some(Response::Up));
        assert_eq!(calls[3], Some(Response::Unchanged));
        // Gene c scatters so much that a doubling cannot be excluded.
        assert_eq!(calls[2], None);
        assert_eq!(found.results[1][1].call, Some(Response::Up));
    }

    #[test]
    fn an_excluded_gene_has_a_fold_change_but_no_call() {
        let expression = expression("g,wt__1,wt__2,ko__1,ko__2\na,5,5.1,9,9.1\nb,3,3.1,3,3.2\n");
        let mut contrasts = [contrast(&["ko__1", "ko__2"], &["wt__1", "wt__2"])];
        contrasts[0].excluded = vec!["araB".into()];
        name_excluded(&mut contrasts, expression.genes(), &["araB".into(), "thrA".into()]);
        let found = differential_expression(&expression, &contrasts, "c.csv", CallThresholds::default()).expect("fits");
        assert_eq!(found.results[0][0].call, None);
        assert!(found.results[0][0].log2fc > 3.9);
        assert_eq!(found.results[0][1].call, Some(Response::Unchanged));
    }

    #[test]
    fn a_gene_that_never_varies_gives_numbers_and_not_nan() {
        let expression = expression("g,wt__1,wt__2,ko__1,ko__2\na,0,0,0,0\nb,0,0,2,2\n");
        let contrasts = [contrast(&["ko__1", "ko__2"], &["wt__1", "wt__2"])];
        let found = differential_expression(&expression, &contrasts, "c.csv", CallThresholds::default()).expect("fits");
        let [still, moved] = found.results[0][..] else { panic!("two genes") };
        assert_eq!((still.p, still.call), (1.0, Some(Response::Unchanged)));
        assert_eq!((moved.p, moved.call), (0.0, Some(Response::Up)));
    }

    #[test]
    fn a_misspelt_sample_is_answered_with_the_nearest_one() {
        let expression = expression("g,wt__1,wt__2,ko__1\na,0,0,0\n");
        let contrasts = [contrast(&["k0__1"], &["wt__1"])];
        let error = differential_expression(&expression, &contrasts, "c.csv", CallThresholds::default());
        let message = error.expect_err("no such sample").to_string();
        assert!(message.starts_with("c.csv:2: ") && message.contains("did you mean `ko__1`"), "{message}");
    }

    #[test]
    fn without_replicates_nothing_is_tested() {
        let expression = expression("g,wt,ko\na,0,3\n");
        let error =
            differential_expression(&expression, &[contrast(&["ko"], &["wt"])], "c.csv", CallThresholds::default());
        assert!(matches!(error, Err(DatasetError::NoReplicates { .. })));
    }

    #[test]
    fn expression_that_is_no_number_is_named_by_line_gene_and_sample() {
        for value in ["NaN", "inf", "", "low"] {
            let text = format!("g,wt,ko\na,0,3\nb,{value},1\n");
            let message = Expression::read(text.as_bytes(), "e.csv").expect_err(value).to_string();
            assert!(
                message.starts_with("e.csv:3: ") && message.contains("`wt`") && message.contains("`b`"),
                "{message}"
            );
        }
    }

    #[test]
    fn numbers_are_written_short() {
        assert_eq!(
            ["-1.6634", "0.3", "-0.0001", "2"].map(|text| decimals(text.parse().expect("number"))),
            ["-1.663", "0.3", "0", "2"]
        );
        assert_eq!(
            [0.123, 0.0471, 1.0, 3.21e-5, 3.04e-10, 0.0].map(significant),
            ["0.12", "0.047", "1", "3.2e-5", "3e-10", "0"]
        );
    }

    #[test]
    fn a_symbol_shared_by_two_loci_names_neither() {
        let genes = ["b0259", "b0552", "b0683", "b9999"].map(str::to_owned);
        let names = [("b0259", "insH1"), ("b0552", "insH1"), ("b0683", "fur")]
            .map(|(tag, name)| (tag.to_owned(), name.to_owned()));
        assert_eq!(symbols_of(&genes, &names.into_iter().collect()), ["b0259", "b0552", "fur", "b9999"]);
    }
}
