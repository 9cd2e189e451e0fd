//! `report.html`: one page that needs no other file, readable with and without colour, script or light.

use std::io::Write;

use minijinja::context;
use minijinja::value::{Serde, Value};

use super::ReportError;
use super::hyperparameters;
use super::plots;
use super::summary::Summary;
use super::templates::render;
use super::verdict::{search_sentence, stop_sentence};

pub(super) fn write(summary: &Summary<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let page = render(
        "report.html",
        context! {
            report => Value::from(Serde(summary)),
            with_effects => summary.has_effects(),
            stop => stop_sentence(summary.stop_reason),
            search => search_sentence(summary.iterations.last().and_then(|round| round.additions_untried)),
            bars => Value::from(Serde(plots::consistency_bars(summary))),
            dumbbells => Value::from(Serde(plots::class_dumbbells(summary))),
            confusions => Value::from(Serde(plots::confusion_tables(summary))),
            losses => Value::from(Serde(plots::loss_curves(&summary.iterations))),
            loss_size => [plots::LOSS_WIDTH, plots::LOSS_HEIGHT],
            hyperparameters => Value::from(Serde(hyperparameters::hyperparameters(summary.hyperparameter_curves))),
            hyperparameter_size => [hyperparameters::WIDTH, hyperparameters::HEIGHT],
            fault_bars => summary.power_check.as_ref().map(|faults| Value::from(Serde(plots::fault_bars(faults)))),
            supports => Value::from(Serde(plots::supports(summary))),
        },
    )?;
    out.write_all(page.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::report::samples;

    /// The tags of a page, from `<` to `>`, outside of style and script.
    fn tags(page: &str) -> Vec<String> {
        let mut tags = Vec::new();
        let mut rest = page;
        while let Some(start) = rest.find('<') {
            let end = rest[start..].find('>').map_or(rest.len(), |length| start + length + 1);
            let tag = rest[start..end].to_owned();
            rest = &rest[end..];
            for raw in ["style", "script"] {
                if tag.starts_with(&format!("<{raw}")) {
                    let close = rest.find(&format!("</{raw}>")).expect("a raw element is closed");
                    rest = &rest[close..];
                }
            }
            tags.push(tag);
        }
        tags
    }

    #[test]
    fn a_page_loads_nothing_from_outside() {
        for sample in samples::all() {
            let page = sample.html();
            for tag in tags(&page) {
                let linked = tag.contains(" src=") || tag.contains(" href=");
                let inside = tag.contains(" href=\"#") || tag.contains(" href=\"revisions.tsv\"");
                assert!(!linked || inside, "{}: {tag}", sample.name);
                assert!(!tag.starts_with("<link") && !tag.starts_with("<iframe"), "{}: {tag}", sample.name);
            }
            for loader in ["@import", "url(", "fetch(", "XMLHttpRequest", "http://", "https://"] {
                assert!(!page.contains(loader), "{}: {loader}", sample.name);
            }
        }
    }

    #[test]
    fn names_cannot_become_tags_or_scripts() {
        let page = samples::hostile().html();
        let tags = tags(&page);
        assert_eq!(tags.iter().filter(|tag| tag.starts_with("<script")).count(), 1, "only our own script");
        assert_eq!(tags.iter().filter(|tag| tag.starts_with("<style")).count(), 1, "only our own style sheet");
        let foreign = |tag: &&String| ["<img", "<b ", "<i>"].iter().any(|start| tag.starts_with(start));
        assert_eq!(tags.iter().find(foreign), None);
        assert!(page.contains("&lt;script&gt;alert("), "the name is shown as it is");
    }

    #[test]
    fn every_tag_that_opens_is_closed_in_order() {
        const VOID: [&str; 5] = ["meta", "input", "br", "!doctype", "col"];
        for sample in samples::all() {
            let mut open: Vec<String> = Vec::new();
            for tag in tags(&sample.html()) {
                let name: String = tag
                    .trim_start_matches(['<', '/'])
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '!')
                    .collect();
                if tag.starts_with("</") {
                    assert_eq!(open.pop().as_deref(), Some(&*name), "{}: {tag}", sample.name);
                } else if !tag.ends_with("/>") && !VOID.contains(&&*name) {
                    open.push(name);
                }
            }
            assert!(open.is_empty(), "{}: {open:?}", sample.name);
        }
    }

    #[test]
    fn ids_are_unique_and_every_reference_has_its_aim() {
        for sample in samples::all() {
            let page = sample.html();
            let values = |attribute: &str| -> Vec<String> {
                let start = format!(" {attribute}=\"");
                let parts = page.split(&start).skip(1);
                parts
                    .filter_map(|part| part.split('"').next())
                    .flat_map(str::split_whitespace)
                    .map(str::to_owned)
                    .collect()
            };
            let mut ids = values("id");
            ids.sort();
            assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{}: {ids:?}", sample.name);
            let anchors = values("href").into_iter().filter_map(|aim| aim.strip_prefix('#').map(str::to_owned));
            for aim in anchors.chain(values("aria-labelledby")).chain(values("for")) {
                assert!(ids.contains(&aim), "{}: nothing is called {aim}", sample.name);
            }
        }
    }

    #[test]
    fn every_plot_tells_its_content_in_words() {
        let page = samples::power_check().html();
        let plots = page.matches("<svg role=\"img\"").count();
        assert!(plots >= 5, "bars, classes, faults and two rounds: {plots}");
        assert_eq!(page.matches("<desc ").count(), plots);
        assert_eq!(page.matches("<title ").count(), plots);
    }

    #[test]
    fn very_many_revisions_are_cut_and_the_table_of_all_is_linked() {
        let page = samples::many(5000).html();
        assert_eq!(page.matches("<tbody class=\"revision\"").count(), 50);
        assert!(page.contains("href=\"revisions.tsv\""));
        assert!(page.len() < 200_000, "{} bytes", page.len());
    }

    #[test]
    fn a_run_without_revisions_says_so_and_shows_no_empty_table() {
        let page = samples::unrevised().html();
        assert!(page.contains("No revision: the knowledge base stays as it is"));
        assert!(!page.contains("<tbody class=\"revision\""));
    }

    #[test]
    fn no_figure_is_shown_that_is_no_number() {
        for sample in [samples::unfinite(), samples::bare()] {
            let page = sample.html().to_lowercase();
            let words = page.split(|character: char| !character.is_ascii_alphanumeric());
            assert_eq!(words.filter(|word| ["nan", "inf", "infinity"].contains(word)).count(), 0, "{}", sample.name);
        }
    }
}
