//! Reports for programs.

use std::io::Write;

use serde::Serialize;

use super::ReportError;

pub(super) fn write(report: &impl Serialize, out: &mut dyn Write) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use crate::report::samples;

    fn schema() -> Value {
        serde_json::from_str(include_str!("../../docs/report.schema.json")).expect("the schema is JSON")
    }

    /// The part of JSON Schema that ours uses: `$ref`, `type`, `enum`, `required`, `properties`,
    /// `additionalProperties: false`, `items`, `minItems`, `maxItems`, `minimum`, `maximum`.
    fn check(value: &Value, rule: &Value, root: &Value, at: &str, faults: &mut Vec<String>) {
        if let Some(reference) = rule["$ref"].as_str() {
            let aim = root.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference} leads nowhere"));
            return check(value, aim, root, at, faults);
        }
        let mut fault = |told: String| faults.push(format!("{at}: {told}"));
        let types: Vec<&str> = match &rule["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !types.is_empty() && !types.iter().any(|name| is(value, name)) {
            fault(format!("{value} is not {types:?}"));
        }
        if rule["enum"].as_array().is_some_and(|allowed| !allowed.contains(value)) {
            fault(format!("{value} is not allowed"));
        }
        if let Some(number) = value.as_f64() {
            let outside = rule["minimum"].as_f64().is_some_and(|least| number < least)
                || rule["maximum"].as_f64().is_some_and(|most| number > most);
            if outside {
                fault(format!("{number} is out of range"));
            }
        }
        if let (Some(object), Some(_)) = (value.as_object(), rule["properties"].as_object()) {
            check_object(object, rule, root, at, faults);
        }
        if let (Some(items), false) = (value.as_array(), rule["items"].is_null()) {
            let length = items.len() as u64;
            let fits = rule["minItems"].as_u64().is_none_or(|least| length >= least)
                && rule["maxItems"].as_u64().is_none_or(|most| length <= most);
            if !fits {
                faults.push(format!("{at}: has {length} items"));
            }
            for (index, item) in items.iter().enumerate() {
                check(item, &rule["items"], root, &format!("{at}/{index}"), faults);
            }
        }
    }

    fn check_object(object: &Map<String, Value>, rule: &Value, root: &Value, at: &str, faults: &mut Vec<String>) {
        for name in rule["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                faults.push(format!("{at}: lacks {name}"));
            }
        }
        for (name, value) in object {
            match rule["properties"].get(name) {
                Some(rule) => check(value, rule, root, &format!("{at}/{name}"), faults),
                None => faults.push(format!("{at}: {name} is not in the schema")),
            }
        }
    }

    fn is(value: &Value, name: &str) -> bool {
        match name {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "string" => value.is_string(),
            "integer" => value.is_u64() || value.is_i64(),
            "number" => value.is_number(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("no such type: {other}"),
        }
    }

    #[test]
    fn every_report_keeps_the_schema() {
        let schema = schema();
        for sample in samples::all() {
            let mut faults = Vec::new();
            check(&sample.json(), &schema, &schema, "", &mut faults);
            assert!(faults.is_empty(), "{}: {faults:#?}", sample.name);
        }
    }

    #[test]
    fn a_report_that_breaks_the_schema_is_told() {
        let schema = schema();
        let mut report = samples::usual().json();
        report["seed"] = json!("42");
        report["scores"]["data_consistency"]["macro_f1"] = json!(1.5);
        report["surplus"] = json!(1);
        report.as_object_mut().expect("an object").remove("timings");
        let mut faults = Vec::new();
        check(&report, &schema, &schema, "", &mut faults);
        assert_eq!(faults.len(), 4, "{faults:#?}");
    }

    #[test]
    fn the_promised_keys_are_there() {
        let report = samples::usual().json();
        for key in [
            "/seed",
            "/stop_reason",
            "/inputs/0/sha256",
            "/scores/data_consistency/macro_f1",
            "/scores/data_consistency/per_class/down/f1",
            "/scores/data_consistency/per_class/unchanged/support",
            "/scores/data_consistency/per_class/up/recall",
            "/scores/knowledge_consistency/original",
            "/scores/knowledge_consistency/refined",
            "/scores/knowledge_consistency/held_out",
            "/scores/balanced_consistency/original",
            "/scores/balanced_consistency/refined",
            "/scores/balanced_consistency/formula",
            "/scores/baselines/0/name",
            "/revisions/added",
            "/revisions/removed",
            "/revisions/flipped",
            "/revisions/per_regulation",
            "/ambiguous/before",
            "/ambiguous/after",
            "/timings",
            "/peak_memory_bytes",
        ] {
            assert!(report.pointer(key).is_some_and(|value| !value.is_null()), "{key}");
        }
        assert_eq!(report["stop_reason"], "round_limit");
    }

    #[test]
    fn counts_and_rates_are_those_of_the_applied_revisions() {
        use crate::biology::RevisionStatus;
        let sample = samples::usual();
        let (report, outcome) = (sample.json(), &sample.outcome);
        let applied = outcome.revisions.iter().filter(|revision| revision.status == RevisionStatus::Applied).count();
        let counts = &report["revisions"];
        let sum = ["added", "removed", "flipped"].iter().filter_map(|kind| counts[kind].as_u64()).sum::<u64>();
        assert_eq!(sum, applied as u64);
        let regulations = outcome.original.regulations().len();
        assert_eq!(counts["per_regulation"], json!(applied as f64 / regulations as f64));
        assert_eq!(counts["proposed"]["total"], json!(outcome.revisions.len() - applied));
        assert_eq!(report["knowledge"]["regulations"]["after"], json!(outcome.refined.regulations().len()));
    }

    #[test]
    fn a_knowledge_base_without_regulations_has_no_rate() {
        assert_eq!(samples::bare().json()["revisions"]["per_regulation"], Value::Null);
    }

    #[test]
    fn equal_outcomes_give_equal_bytes_but_for_time_and_memory() {
        let bytes = |sample: &samples::Sample, memory| {
            let mut report = sample.report();
            report.peak_memory_bytes = memory;
            let mut bytes = Vec::new();
            report.write_json(&mut bytes).expect("a vector takes all bytes");
            String::from_utf8(bytes).expect("JSON is text")
        };
        let (first, mut second) = (samples::usual(), samples::usual());
        assert_eq!(bytes(&first, Some(1)), bytes(&second, Some(1)));
        for iteration in &mut second.outcome.iterations {
            iteration.seconds += 1.0;
        }
        second.outcome.timings[1].1 += 1.0;
        let cut = |text: String| {
            let end = text.find("\"timings\":").expect("the timings come last but one");
            text[..end].to_owned()
        };
        assert_eq!(cut(bytes(&first, Some(1))), cut(bytes(&second, Some(2))));
        assert_ne!(bytes(&first, Some(1)), bytes(&second, Some(2)));
    }

    #[test]
    fn what_is_no_number_is_null() {
        let report = samples::unfinite().json();
        assert_eq!(report["scores"]["data_consistency"]["macro_f1"], Value::Null);
        assert_eq!(report["scores"]["balanced_consistency"]["original"], Value::Null);
        assert_eq!(report["iterations"][0]["training_loss"][3], Value::Null);
        assert_eq!(report["revisions"]["most_supported"][0]["objective_decrease"], Value::Null);
    }

    #[test]
    fn nothing_compared_is_no_score_of_zero() {
        let scores = &samples::bare().json()["scores"];
        assert_eq!(scores["data_consistency"]["macro_f1"], Value::Null);
        assert_eq!(scores["data_consistency"]["per_class"]["up"]["f1"], Value::Null);
        assert_eq!(scores["balanced_consistency"]["original"], Value::Null);
        let no_change = &samples::usual().json()["scores"]["baselines"][0]["data"];
        assert_eq!(no_change["per_class"]["up"]["f1"], json!(0.0), "compared and never right is zero");
    }

    #[test]
    fn a_power_check_lists_faults_by_kind_with_their_symbols() {
        let check = &samples::power_check().json()["power_check"];
        let total = |key: &str| check[key].as_u64().expect("a count");
        let by_kind = |key: &str| {
            ["missing", "spurious", "flipped"]
                .iter()
                .filter_map(|kind| check["by_kind"][kind][key].as_u64())
                .sum::<u64>()
        };
        for key in ["planted", "visible", "found", "missed", "missed_visible", "missed_invisible"] {
            assert_eq!(total(key), by_kind(key), "{key}");
        }
        assert_eq!((total("planted"), total("found"), total("missed_invisible")), (60, 37, 12));
        assert_eq!(total("missed"), total("missed_visible") + total("missed_invisible"));
        let faults = check["faults"].as_array().expect("a list");
        assert_eq!(faults.len(), 60);
        assert!(
            faults.iter().all(|fault| fault["regulator"].as_str().is_some_and(|symbol| !symbol.starts_with("gene #")))
        );
    }
}
