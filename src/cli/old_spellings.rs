//! Command lines of earlier versions, which keep working: `evaluate` was four commands.

use std::ffi::OsString;

/// The same command line as it is written now, and a hint if it was written otherwise.
pub fn translate(arguments: impl Iterator<Item = OsString>) -> (Vec<OsString>, Option<String>) {
    let mut arguments: Vec<_> = arguments.collect();
    let Some(place) = arguments.iter().position(|argument| argument == "evaluate") else { return (arguments, None) };
    let given = |name: &str| arguments.iter().position(|argument| argument == name || starts(argument, name));
    let (now, dropped) = match (given("--predictors"), given("--refine"), given("--diagnose"), given("--against")) {
        (Some(_), None, None, None) => ("compare", None),
        (None, Some(flag), None, None) => ("cross-validate", Some((flag, 1))),
        (None, None, Some(flag), None) => {
            let words = if arguments[flag] == "--diagnose" { 2 } else { 1 };
            ("diagnose", Some((flag, words)))
        }
        _ => return (arguments, None),
    };
    if let Some((flag, words)) = dropped {
        arguments.drain(flag..(flag + words).min(arguments.len()));
    }
    let was = match now {
        "compare" => "`aligned evaluate --predictors`",
        "cross-validate" => "`aligned evaluate --refine`",
        _ => "`aligned evaluate --diagnose batches`",
    };
    arguments[place] = now.into();
    (arguments, Some(format!("{was} is `aligned {now}` now")))
}

fn starts(argument: &OsString, name: &str) -> bool {
    argument.to_str().and_then(|argument| argument.strip_prefix(name)).is_some_and(|rest| rest.starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(line: &str) -> (String, bool) {
        let (arguments, hint) = translate(line.split(' ').map(OsString::from));
        let words: Vec<_> = arguments.iter().map(|argument| argument.to_str().expect("text")).collect();
        (words.join(" "), hint.is_some())
    }

    #[test]
    fn old_command_lines_mean_the_same() {
        for (old, now) in [
            ("aligned evaluate --predictors mean,mlp --folds 3", "aligned compare --predictors mean,mlp --folds 3"),
            ("aligned -q evaluate --kb k.ttl --refine --folds 3", "aligned -q cross-validate --kb k.ttl --folds 3"),
            ("aligned evaluate --diagnose batches --data s.h5ad", "aligned diagnose --data s.h5ad"),
            ("aligned evaluate --diagnose=batches --data s.h5ad", "aligned diagnose --data s.h5ad"),
        ] {
            assert_eq!(translated(old), (now.to_owned(), true));
        }
        for same in ["aligned evaluate --against r.ttl", "aligned refine --out evaluate", "aligned evaluate"] {
            assert_eq!(translated(same), (same.to_owned(), false));
        }
    }
}
