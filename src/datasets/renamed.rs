//! Symbols that a spreadsheet turned into dates, and those that were renamed for that reason.

/// Families of symbols that read like days of a month: month, old stem, new stem.
const FAMILIES: [(&str, &str, &str); 4] =
    [("mar", "MARCH", "MARCHF"), ("mar", "MARC", "MTARC"), ("sep", "SEPT", "SEPTIN"), ("dec", "DEC", "DELEC")];

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Other names of a gene whose symbol was made a date (`1-Mar`) or was renamed (`MARCH1`, now `MARCHF1`); none for any other.
pub(super) fn other_names(name: &str) -> Vec<String> {
    if let Some((month, day)) = date(name) {
        let families = FAMILIES.iter().filter(|(own, ..)| *own == month);
        return families.flat_map(|(_, old, new)| [format!("{new}{day}"), format!("{old}{day}")]).collect();
    }
    let upper = name.to_uppercase();
    let (stem, number) = upper.split_at(upper.trim_end_matches(|letter: char| letter.is_ascii_digit()).len());
    if number.is_empty() {
        return Vec::new();
    }
    let other = |(_, old, new): &(&str, &str, &str)| match stem {
        _ if stem == *old => Some(format!("{new}{number}")),
        _ if stem == *new => Some(format!("{old}{number}")),
        _ => None,
    };
    FAMILIES.iter().filter_map(other).collect()
}

/// True for what a spreadsheet makes of such a symbol: `1-Mar`, `Sep-02`, `2021-03-01`.
pub(super) fn is_date(name: &str) -> bool {
    date(name).is_some()
}

fn date(name: &str) -> Option<(&'static str, u32)> {
    let parts: Vec<&str> = name.split(['-', '/']).collect();
    let month = |text: &str| MONTHS.into_iter().find(|month| text.eq_ignore_ascii_case(month));
    let day = |text: &str| text.parse::<u32>().ok().filter(|day| (1..=31).contains(day) && text.len() <= 2);
    match parts[..] {
        [first, second] => {
            let in_order = month(second).zip(day(first));
            in_order.or_else(|| month(first).zip(day(second)))
        }
        [year, number, last] if year.len() == 4 && year.parse::<u32>().is_ok() => {
            let number = number.parse::<usize>().ok().filter(|number| (1..=12).contains(number))?;
            let last = last.split([' ', 'T']).next().unwrap_or_default();
            Some((MONTHS[number - 1], day(last)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_may_be_the_symbols_of_its_month() {
        assert_eq!(other_names("1-Mar"), ["MARCHF1", "MARCH1", "MTARC1", "MARC1"]);
        assert_eq!(other_names("Sep-02"), ["SEPTIN2", "SEPT2"]);
        assert_eq!(other_names("2021-09-07"), ["SEPTIN7", "SEPT7"]);
        assert_eq!(other_names("MARCH5"), ["MARCHF5"]);
        assert_eq!(other_names("SEPTIN2"), ["SEPT2"]);
        assert!(other_names("4-Jul").is_empty() && is_date("4-Jul"));
        for name in ["TP53", "HLA-A", "1-99", "a-b-c", "mar", "NKX2-1"] {
            assert!(!is_date(name) && other_names(name).is_empty(), "{name}");
        }
    }
}
