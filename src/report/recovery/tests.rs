//! A small recovery test, told in every format.

use crate::biology::{GeneId, Regulation, Sign};
use crate::network::RegulatoryNetwork;
use crate::progress::NoProgress;
use crate::recovery::ScreenConfig;
use crate::recovery::{
    Benchmark, BenchmarkConfig, DataKind, FaultKind, Grid, Method, MethodConfig, TrueNetwork, Unrecorded, benchmark,
};
use crate::report::RecoveryReport;
use crate::symbolic::Reading;

fn small() -> (Grid, BenchmarkConfig, Benchmark) {
    let edge = |i: usize, step: usize, sign| Regulation::new(GeneId::new(i), GeneId::new((i + step) % 24), sign);
    let edges = (0..24).flat_map(|i| [edge(i, 1, Sign::Activation), edge(i, 7, Sign::Inhibition)]);
    let truth = TrueNetwork::Given(RegulatoryNetwork::new(24, edges));
    let data = DataKind::Closure;
    let grid = Grid {
        mixes: vec![FaultKind::ALL.to_vec(), vec![FaultKind::Missing]],
        levels: vec![0.0, 0.2],
        readings: vec![Reading::Naive, Reading::Nearest],
        seeds: vec![1, 2],
        methods: vec![Method::DoNothing, Method::Published, Method::Aligned],
    };
    let methods = MethodConfig { published_genes: 10, ..MethodConfig::of(data.refinement()) };
    let config = BenchmarkConfig { data, screen: ScreenConfig::default(), depth: 3, methods };
    let outcome = benchmark(&truth, &grid, &config, &[], &mut Unrecorded, &NoProgress).expect("a sound grid");
    (grid, config, outcome)
}

fn told(write: impl Fn(&RecoveryReport<'_>, &mut Vec<u8>)) -> String {
    let (grid, config, outcome) = small();
    let report = RecoveryReport {
        tool_version: "0",
        network: "a ring".to_owned(),
        inputs: Vec::new(),
        grid,
        config,
        finished: outcome.finished,
        rows: &outcome.rows,
    };
    let mut bytes = Vec::new();
    write(&report, &mut bytes);
    String::from_utf8(bytes).expect("text")
}

#[test]
fn every_row_stands_in_the_long_table_with_its_figures_or_the_reason_why_there_are_none() {
    let text = told(|report, out| report.write_csv(out).expect("a vector takes all bytes"));
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let heads = table.headers().expect("a header").clone();
    let column = |name: &str| heads.iter().position(|head| head == name).expect(name);
    let lines: Vec<_> = table.records().collect::<Result<_, _>>().expect("every line has all columns");
    assert_eq!(lines.len(), 2 * 2 * 2 * 2 * 3);
    for line in &lines {
        let ran = &line[column("method")] != "published";
        assert_eq!(!line[column("edge_f1")].is_empty(), ran);
        assert_eq!(&line[column("not_run")] == "not run: dense matrices of 24 × 24", !ran);
        if ran && &line[column("level")] == "0.0" {
            assert_eq!((&line[column("edge_f1")], &line[column("revisions")]), ("1.0", "0"));
            assert_eq!(&line[column("closure_macro_f1")], "1.0");
        }
    }
}

#[test]
fn the_short_table_has_a_line_for_each_level_and_method() {
    let text = told(|report, out| report.write_markdown(out).expect("a vector takes all bytes"));
    for title in
        ["**naive reading, faults missing**", "**nearest reading, faults missing, spurious, flipped, redirected**"]
    {
        assert!(text.contains(title), "{text}");
    }
    assert_eq!(text.lines().filter(|line| line.starts_with("| 0")).count(), 4 * 2 * 3);
    assert!(!text.contains("NaN"));
}

#[test]
fn the_drawing_has_two_panels_a_title_and_stays_inside_of_its_frame() {
    let text = told(|report, out| report.write_svg(out).expect("a vector takes all bytes"));
    assert_eq!(text.matches(r#"<text class="title""#).count(), 4);
    assert_eq!(text.matches(r#"<text class="panel""#).count(), 2 * 4);
    assert!(text.starts_with("<svg") && !text.contains("NaN") && !text.contains("published<"));
    for points in text.split("points=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        for (x, y) in points.split(' ').filter_map(|point| point.split_once(',')) {
            let inside = |text: &str, most: f64| text.parse::<f64>().is_ok_and(|place| (0.0..=most).contains(&place));
            assert!(inside(x, 880.0) && inside(y, 44.0 + 4.0 * 344.0), "{x},{y}");
        }
    }
}

#[test]
fn the_json_names_the_settings() {
    let text = told(|report, out| report.write_json(out).expect("a vector takes all bytes"));
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["config"]["depth"], 3);
    assert_eq!(value["rows"].as_array().map(Vec::len), Some(48));
}
