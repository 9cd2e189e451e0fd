//! The templates of this room, compiled in, with the filters that write numbers.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, UndefinedBehavior};

use super::ReportError;
use super::{tables, verdict, wording};

const TEMPLATES: [(&str, &str); 10] = [
    ("report.md", include_str!("templates/report.md")),
    ("head.html", include_str!("templates/head.html")),
    ("report.html", include_str!("templates/report.html")),
    ("comparison.html", include_str!("templates/comparison.html")),
    ("diagnosis.html", include_str!("templates/diagnosis.html")),
    ("plots.html", include_str!("templates/plots.html")),
    ("report.css", include_str!("templates/report.css")),
    ("report.js", include_str!("templates/report.js")),
    ("recover.svg", include_str!("templates/recover.svg")),
    ("cells.svg", include_str!("templates/cells.svg")),
];

/// Fills a template in. What a name ending in `.html` writes is escaped.
pub(super) fn render(name: &str, context: Value) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    environment.add_filter("score", |number: Option<f64>| number.map_or_else(dash, wording::score));
    environment.add_filter("percent", |share: Option<f64>| share.map_or_else(dash, wording::percent));
    environment.add_filter("decimal", |number: Option<f64>, places: usize| {
        number.map_or_else(dash, |number| wording::decimal(number, places))
    });
    environment.add_filter("grouped", |number: Option<u64>| number.map_or_else(dash, wording::grouped));
    environment.add_filter("counted", |number: u64, noun: String| wording::counted(number, &noun));
    environment.add_filter("row_title", |name: String| verdict::row_title(&name).to_owned());
    environment.add_filter("plain", |text: String| tables::escaped(&text));
    Ok(environment.get_template(name)?.render(context)?)
}

fn dash() -> String {
    "–".to_owned()
}
