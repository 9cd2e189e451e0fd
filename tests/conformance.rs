//! Every engine against cases computed by a slow, independent reference.
//!
//! Walks `tests/cases/conformance/`, or the folder named by `ALIGNED_CONFORMANCE`: every `*.json` there is a list of
//! cases, and every case is checked. The README in that folder tells what each kind of case holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aligned::adaptor::{self, AdaptorConfig};
use aligned::biology::{Direction, GeneId, Perturbation, Regulation, Response, ResponseMatrix, Sign};
use aligned::datasets::{benjamini_hochberg, rank_sum, welch_t};
use aligned::metrics::{Consistency, balanced_consistency, consistency};
use aligned::network::RegulatoryNetwork;
use aligned::refinement::RefinementData;
use aligned::refinement::published::{Matrix, PublishedConfig, PublishedObjective, PublishedProblem, RelaxedNetwork};
use aligned::refinement::relaxed::{self, Objective, RelaxedConfig, Walks};
use aligned::symbolic::{Closure, Reading, Simulator};
use serde::Deserialize;

/// What is wrong with a case, in words.
type Verdict = Result<(), String>;

/// A case of any kind; its fields say of which.
#[derive(Deserialize)]
#[serde(untagged)]
enum Case {
    Symbolic(SymbolicCase),
    Refinement(RefinementCase),
    Adaptor(AdaptorCase),
    Scores(ScoresCase),
    TwoSamples(TwoSamplesCase),
    ManyTests(ManyTestsCase),
}

impl Case {
    fn check(&self) -> Verdict {
        match self {
            Self::Symbolic(case) => case.check(),
            Self::Refinement(case) => case.check(),
            Self::Adaptor(case) => case.check(),
            Self::Scores(case) => case.check(),
            Self::TwoSamples(case) => case.check(),
            Self::ManyTests(case) => case.check(),
        }
    }
}

/// Equal up to `tolerance`, in units of the figure, or of 1 if the figure is smaller.
fn close(what: &str, found: f64, expected: f64, tolerance: f64) -> Verdict {
    if (found - expected).abs() <= tolerance * expected.abs().max(1.0) {
        return Ok(());
    }
    Err(format!("{what} is {found}, expected {expected}"))
}

/// Equal up to `tolerance` in units of the figure itself, however small: for p-values.
fn close_p(what: &str, found: f64, expected: f64, tolerance: f64) -> Verdict {
    if (found - expected).abs() <= tolerance * expected.abs() {
        return Ok(());
    }
    Err(format!("{what} is {found}, expected {expected}"))
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Verdict {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found:?}, expected {expected:?}")) }
}

// Symbolic: readings and walk counts.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SymbolicCase {
    input: SymbolicInput,
    expected: SymbolicExpected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SymbolicInput {
    n: usize,
    edges: Vec<(usize, usize, i8)>,
    x: Vec<i8>,
    k: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SymbolicExpected {
    naive: Vec<Call>,
    nearest: Vec<Call>,
    majority: Vec<Call>,
    positive_walks: Vec<Vec<f64>>,
    negative_walks: Vec<Vec<f64>>,
}

/// −1, 0, +1 or `"?"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Call {
    Value(i8),
    Mark(String),
}

impl Call {
    fn response(&self) -> Result<Response, String> {
        match self {
            Self::Value(value) => Response::from_value(*value).ok_or(format!("{value} is not a response")),
            Self::Mark(mark) if mark == "?" => Ok(Response::Ambiguous),
            Self::Mark(mark) => Err(format!("`{mark}` is not a response")),
        }
    }
}

impl SymbolicCase {
    fn check(&self) -> Verdict {
        let network = self.network();
        let perturbation = perturbation(&self.input.x)?;
        let readings = [
            ("naive", Reading::Naive, &self.expected.naive),
            ("nearest", Reading::Nearest, &self.expected.nearest),
            ("majority", Reading::MAJORITY, &self.expected.majority),
        ];
        for (name, reading, expected) in readings {
            let closure = Closure::new(&network, self.input.k, reading);
            let simulated = closure.simulate(std::slice::from_ref(&perturbation));
            self.check_reading(name, simulated.row(0), expected)?;
        }
        let (positive, negative) = Closure::new(&network, self.input.k, Reading::Naive).walk_counts(&perturbation);
        equal("the table of positive walks", &positive, &self.expected.positive_walks)?;
        equal("the table of negative walks", &negative, &self.expected.negative_walks)
    }

    fn network(&self) -> RegulatoryNetwork {
        let regulation = |&(regulator, target, sign): &(usize, usize, i8)| {
            let sign = if sign > 0 { Sign::Activation } else { Sign::Inhibition };
            Regulation::new(GeneId::new(regulator), GeneId::new(target), sign)
        };
        RegulatoryNetwork::new(self.input.n, self.input.edges.iter().map(regulation))
    }

    /// A perturbed gene shows the perturbation itself; the reference leaves its entry at 0.
    fn check_reading(&self, name: &str, simulated: &[Option<Response>], expected: &[Call]) -> Verdict {
        equal("the number of genes", simulated.len(), expected.len())?;
        for (gene, (simulated, expected)) in simulated.iter().zip(expected).enumerate() {
            let expected = match self.input.x[gene] {
                0 => expected.response()?,
                moved => Response::from_value(moved).ok_or("a perturbation is −1, 0 or +1")?,
            };
            equal(&format!("the {name} response of gene {gene}"), *simulated, Some(expected))?;
        }
        Ok(())
    }
}

fn perturbation(x: &[i8]) -> Result<Perturbation, String> {
    let moved = x.iter().enumerate().filter(|&(_, &value)| value != 0);
    let change = |(gene, &value): (usize, &i8)| {
        (GeneId::new(gene), if value > 0 { Direction::Overexpression } else { Direction::Deletion })
    };
    Perturbation::of(moved.map(change)).ok_or_else(|| "nothing is perturbed".to_owned())
}

// Refinement: the published objective and its gradient.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefinementCase {
    input: RefinementInput,
    expected: RefinementExpected,
}

type Rows = Vec<Vec<f64>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefinementInput {
    #[serde(rename = "P")]
    activation: Rows,
    #[serde(rename = "N")]
    inhibition: Rows,
    #[serde(rename = "R_plus")]
    known_activation: Rows,
    #[serde(rename = "R_minus")]
    known_inhibition: Rows,
    #[serde(rename = "X")]
    perturbations: Rows,
    #[serde(rename = "Y")]
    responses: Rows,
    omega: Rows,
    k: usize,
    t: f64,
    t0: f64,
    lambda: f64,
    cumulative: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefinementExpected {
    loss: f64,
    #[serde(rename = "gradient_P")]
    of_activation: Rows,
    #[serde(rename = "gradient_N")]
    of_inhibition: Rows,
    gradient_tolerance: f64,
}

impl RefinementCase {
    fn check(&self) -> Verdict {
        let RefinementInput { k, t, t0, lambda, cumulative, .. } = self.input;
        let config = PublishedConfig { k, t, t0, lambda, cumulative };
        let objective = PublishedObjective::new(self.problem()?, config).map_err(|error| error.to_string())?;
        let network = relaxed(&self.input.activation, &self.input.inhibition)?;
        let (value, gradient) = objective.value_and_gradient(&network).map_err(|error| error.to_string())?;
        close("the objective", value, self.expected.loss, 1e-10)?;
        for (sign, expected) in
            [(Sign::Activation, &self.expected.of_activation), (Sign::Inhibition, &self.expected.of_inhibition)]
        {
            self.check_gradient(&objective, &network, &gradient, sign, &matrix(expected)?)?;
        }
        self.check_sparse(&network, &gradient)
    }

    /// The sparse path over all regulations, against the same value and the gradient just checked.
    fn check_sparse(&self, dense: &RelaxedNetwork, expected: &RelaxedNetwork) -> Verdict {
        let known = relaxed(&self.input.known_activation, &self.input.known_inhibition)?.rounded(1.0);
        let genes = || (0..known.n_genes()).map(GeneId::new);
        let pairs = genes().flat_map(|regulator| genes().map(move |target| (regulator, target)));
        let every = pairs.flat_map(|(i, j)| Sign::BOTH.map(|sign| Regulation::new(i, j, sign)));
        let sparse = relaxed::RelaxedNetwork::of(&known).with_absent(every);
        let at =
            |network, edge: &Regulation| of_sign(network, edge.sign).get(edge.regulator.index(), edge.target.index());
        let strengths: Vec<_> = sparse.regulations().iter().map(|edge| at(dense, edge)).collect();
        let sparse = sparse.with_strengths(&strengths);

        let (perturbations, measured, unmoved) = self.screen()?;
        let data = RefinementData::measured(&perturbations, &measured);
        let RefinementInput { k, t, t0, lambda, cumulative, .. } = self.input;
        let walks = if cumulative { Walks::UpTo } else { Walks::Exact };
        let config = RelaxedConfig { k, t, t0, lambda, walks, ..RelaxedConfig::published() };
        let objective = Objective::new(&known, &data, config).map_err(|error| error.to_string())?;
        let (value, gradient) = objective.value_and_gradient(&sparse).map_err(|error| error.to_string())?;
        close("the sparse objective", value + unmoved, self.expected.loss, 1e-10)?;
        for (edge, derivative) in sparse.regulations().iter().zip(gradient) {
            close(&format!("the sparse derivative of {edge:?}"), derivative, at(expected, edge), 1e-9)?;
        }
        Ok(())
    }

    /// Perturbations and responses in their own types, and the misfit of rows in which nothing is perturbed.
    fn screen(&self) -> Result<(Vec<Perturbation>, ResponseMatrix, f64), String> {
        let (mut perturbations, mut entries, mut unmoved) = (Vec::new(), Vec::new(), 0.0);
        let rows = self.input.perturbations.iter().zip(&self.input.responses).zip(&self.input.omega);
        for ((moved, wanted), weights) in rows {
            if weights.iter().any(|&weight| weight != 0.0 && weight != 1.0) {
                return Err("a measured entry weighs 0 or 1".to_owned());
            }
            let moved: Vec<_> = moved.iter().map(|&x| x as i8).collect();
            if moved.iter().all(|&x| x == 0) {
                unmoved += wanted.iter().zip(weights).map(|(wanted, weight)| weight * wanted * wanted).sum::<f64>();
                continue;
            }
            perturbations.push(perturbation(&moved)?);
            for (&wanted, &weight) in wanted.iter().zip(weights) {
                let response = Response::from_value(wanted as i8).ok_or(format!("{wanted} is not a response"))?;
                entries.push((weight != 0.0).then_some(response));
            }
        }
        let matrix = ResponseMatrix::from_entries(perturbations.len(), self.input.known_activation.len(), entries);
        Ok((perturbations, matrix, unmoved))
    }

    fn problem(&self) -> Result<PublishedProblem, String> {
        Ok(PublishedProblem {
            knowledge: relaxed(&self.input.known_activation, &self.input.known_inhibition)?,
            perturbations: matrix(&self.input.perturbations)?,
            responses: matrix(&self.input.responses)?,
            measured: matrix(&self.input.omega)?,
        })
    }

    fn check_gradient(
        &self,
        objective: &PublishedObjective,
        network: &RelaxedNetwork,
        gradient: &RelaxedNetwork,
        sign: Sign,
        expected: &Matrix,
    ) -> Verdict {
        let gradient = of_sign(gradient, sign);
        equal("the shape of the gradient", gradient.shape(), expected.shape())?;
        let (rows, columns) = expected.shape();
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            // The reference differentiates by a central difference, and where that reaches across the kink of the ℓ₁
            // term at strength 0 it is not a gradient: there the same difference of our own values is held against it.
            let crosses_the_kink = of_sign(network, sign).get(row, column) < REFERENCE_STEP;
            let found = match crosses_the_kink {
                true => central_difference(objective, network, sign, (row, column))?,
                false => gradient.get(row, column),
            };
            let what = format!("the derivative by {} {row} → {column}", sign.word());
            close(&what, found, expected.get(row, column), self.expected.gradient_tolerance)?;
        }
        Ok(())
    }
}

/// Half the width of the reference's central difference.
const REFERENCE_STEP: f64 = 1e-6;

fn central_difference(
    objective: &PublishedObjective,
    network: &RelaxedNetwork,
    sign: Sign,
    (row, column): (usize, usize),
) -> Result<f64, String> {
    let value = |step: f64| {
        let mut moved = network.clone();
        let strengths = match sign {
            Sign::Activation => &mut moved.activation,
            Sign::Inhibition => &mut moved.inhibition,
        };
        strengths.set(row, column, strengths.get(row, column) + step);
        objective.value(&moved).map_err(|error| error.to_string())
    };
    Ok((value(REFERENCE_STEP)? - value(-REFERENCE_STEP)?) / (2.0 * REFERENCE_STEP))
}

fn of_sign(network: &RelaxedNetwork, sign: Sign) -> &Matrix {
    match sign {
        Sign::Activation => &network.activation,
        Sign::Inhibition => &network.inhibition,
    }
}

fn matrix(rows: &Rows) -> Result<Matrix, String> {
    Matrix::from_rows(rows).map_err(|error| error.to_string())
}

fn relaxed(activation: &Rows, inhibition: &Rows) -> Result<RelaxedNetwork, String> {
    Ok(RelaxedNetwork { activation: matrix(activation)?, inhibition: matrix(inhibition)? })
}

// Adaptor: the least cost over all choices.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdaptorCase {
    input: AdaptorInput,
    expected: AdaptorExpected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdaptorInput {
    inconsistent: Vec<u8>,
    w: Vec<f64>,
    c_v: f64,
    c_w: f64,
    c_l: f64,
    theta: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdaptorExpected {
    minimum: f64,
}

impl AdaptorCase {
    fn check(&self) -> Verdict {
        let AdaptorInput { c_v, c_w, c_l, theta, .. } = self.input;
        let config = AdaptorConfig { c_v, c_w, c_l, theta };
        let inconsistent: Vec<_> = self.input.inconsistent.iter().map(|&entry| entry != 0).collect();
        let choice = adaptor::solve(&inconsistent, &self.input.w, &config).map_err(|error| error.to_string())?;
        let cost = adaptor::objective(&inconsistent, &self.input.w, &choice, &config);
        close("the cost of the choice", cost.map_err(|error| error.to_string())?, self.expected.minimum, 1e-9)?;
        self.check_alignment(&inconsistent, &config)
    }

    /// The same case as one row of responses: everything neural says unchanged, the knowledge says up where it differs.
    fn check_alignment(&self, inconsistent: &[bool], config: &AdaptorConfig) -> Verdict {
        let genes = inconsistent.len();
        let neural = ResponseMatrix::from_entries(1, genes, vec![Some(Response::Unchanged); genes]);
        let call = |&differs: &bool| Some(if differs { Response::Up } else { Response::Unchanged });
        let symbolic = ResponseMatrix::from_entries(1, genes, inconsistent.iter().map(call).collect());
        let alignment = adaptor::align(&neural, &symbolic, &self.input.w, &vec![true; genes], config);
        let alignment = alignment.map_err(|error| error.to_string())?;
        close("the objective of the alignment", alignment.objective, self.expected.minimum, 1e-9)
    }
}

// Scores: consistency with data and knowledge, and their balance.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoresCase {
    input: ScoresInput,
    expected: ScoresExpected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoresInput {
    observed: Vec<i8>,
    predicted: Vec<i8>,
    symbolic: Vec<i8>,
    gamma: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoresExpected {
    data: f64,
    data_per_class: BTreeMap<String, f64>,
    knowledge: f64,
    balanced: f64,
}

impl ScoresCase {
    fn check(&self) -> Verdict {
        let data = score(&self.input.observed, &self.input.predicted)?;
        let knowledge = score(&self.input.symbolic, &self.input.predicted)?;
        close("consistency with data", data.macro_f1, self.expected.data, 1e-12)?;
        close("consistency with knowledge", knowledge.macro_f1, self.expected.knowledge, 1e-12)?;
        let balanced = balanced_consistency(data.macro_f1, knowledge.macro_f1, self.input.gamma);
        close("balanced consistency", balanced, self.expected.balanced, 1e-12)?;
        self.check_classes(&data)
    }

    /// Classes that the reference leaves out occur on neither side.
    fn check_classes(&self, data: &Consistency) -> Verdict {
        for (class, response) in Response::CLASSES.into_iter().enumerate() {
            let name = response.value().to_string();
            match self.expected.data_per_class.get(&name) {
                Some(&f1) => close(&format!("F1 of {}", response.word()), data.per_class[class].f1, f1, 1e-12)?,
                None => {
                    let seen: u64 =
                        (0..3).map(|other| data.confusion[class][other] + data.confusion[other][class]).sum();
                    equal(&format!("the number of entries {}", response.word()), seen, 0)?;
                }
            }
        }
        Ok(())
    }
}

/// Scores one row; one gene more is deleted, which is never scored.
fn score(truth: &[i8], predicted: &[i8]) -> Result<Consistency, String> {
    let deleted = [Perturbation::deletion(GeneId::new(truth.len()))];
    consistency(&deleted, &one_row(truth)?, &one_row(predicted)?).map_err(|error| error.to_string())
}

fn one_row(values: &[i8]) -> Result<ResponseMatrix, String> {
    let response = |&value: &i8| Response::from_value(value).ok_or(format!("{value} is not a response"));
    let mut entries = values.iter().map(|value| response(value).map(Some)).collect::<Result<Vec<_>, _>>()?;
    entries.push(Some(Response::Down));
    Ok(ResponseMatrix::from_entries(1, entries.len(), entries))
}

// Tests: two samples, and many p-values.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TwoSamplesCase {
    input: TwoSamples,
    expected: TwoSamplesExpected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TwoSamples {
    a: Vec<f64>,
    b: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TwoSamplesExpected {
    welch_t: f64,
    welch_p: f64,
    rank_sum_u: f64,
    rank_sum_p: f64,
}

impl TwoSamplesCase {
    fn check(&self) -> Verdict {
        let welch = welch_t(&self.input.a, &self.input.b);
        close("Welch's t", welch.t, self.expected.welch_t, 1e-9)?;
        close_p("the p-value of Welch's test", welch.p, self.expected.welch_p, 1e-9)?;
        let ranks = rank_sum(&self.input.a, &self.input.b);
        close("U of the rank-sum test", ranks.u, self.expected.rank_sum_u, 1e-12)?;
        close_p("the p-value of the rank-sum test", ranks.p, self.expected.rank_sum_p, 1e-9)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManyTestsCase {
    input: ManyTests,
    expected: ManyTestsExpected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManyTests {
    p: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManyTestsExpected {
    benjamini_hochberg: Vec<f64>,
}

impl ManyTestsCase {
    fn check(&self) -> Verdict {
        let adjusted = benjamini_hochberg(&self.input.p);
        equal("the number of adjusted p-values", adjusted.len(), self.expected.benjamini_hochberg.len())?;
        for (index, (&found, &expected)) in adjusted.iter().zip(&self.expected.benjamini_hochberg).enumerate() {
            close_p(&format!("adjusted p-value {index}"), found, expected, 1e-12)?;
        }
        Ok(())
    }
}

// The walk.

fn folder() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/conformance");
    std::env::var_os("ALIGNED_CONFORMANCE").map_or_else(own, PathBuf::from)
}

fn case_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    files.sort();
    files
}

fn read_cases(text: &str) -> Result<Vec<Case>, String> {
    let values: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if values.is_empty() {
        return Err("the file holds no case".to_owned());
    }
    let read = |(index, value)| serde_json::from_value(value).map_err(|error| format!("case {index}: {error}"));
    values.into_iter().enumerate().map(read).collect()
}

/// Number of cases checked, or all that is wrong with them.
fn check_file(text: &str) -> Result<usize, Vec<String>> {
    let cases = read_cases(text).map_err(|error| vec![error])?;
    let verdicts =
        cases.iter().enumerate().map(|(index, case)| case.check().map_err(|error| format!("case {index}: {error}")));
    let wrong: Vec<_> = verdicts.filter_map(Result::err).collect();
    if wrong.is_empty() { Ok(cases.len()) } else { Err(wrong) }
}

#[test]
fn every_engine_agrees_with_the_slow_reference() {
    let folder = folder();
    let files = case_files(&folder);
    assert!(!files.is_empty(), "{} holds no case file", folder.display());
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        match check_file(&text) {
            Ok(cases) => println!("{}: {cases} cases", file.display()),
            Err(messages) => wrong.extend(messages.into_iter().map(|message| format!("{}: {message}", file.display()))),
        }
    }
    assert!(wrong.is_empty(), "{} cases fail; the first are\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

#[test]
fn a_wrong_expectation_and_an_unknown_kind_of_case_are_noticed() {
    let adaptor = |minimum: f64| {
        format!(
            r#"[{{"input": {{"inconsistent": [1], "w": [0.5], "c_v": 1.0, "c_w": 1.0, "c_l": 5.0, "theta": 0.0}},
                 "expected": {{"minimum": {minimum}}}}}]"#
        )
    };
    assert_eq!(check_file(&adaptor(1.0)), Ok(1));
    assert!(check_file(&adaptor(0.9)).is_err());
    assert!(check_file(r#"[{"input": {"rivers": 3}, "expected": {"lakes": 4}}]"#).is_err());
    assert!(check_file("[]").is_err());
}
