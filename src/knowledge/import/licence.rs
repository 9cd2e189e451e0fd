//! Which sources may be passed on freely.

use std::collections::HashMap;

use super::ImportError;
use super::delimited::{Layout, Table};

const BUILT_IN: &str = include_str!("licences.tsv");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RankedMethod {
    /// CC BY, CC0, MIT, BSD or Apache, whatever the version.
    Permissive,
    /// A collection whose constituents, named next to it, bear their own licences.
    Composite,
    /// Any other licence, or none told.
    Restricted,
}

/// The licences of sources.
#[derive(Clone, Debug)]
pub struct LicenceTable {
    rankings: HashMap<String, RankedMethod>,
}

impl LicenceTable {
    /// The permissive resources that this program knows of; any other counts as not permissive.
    ///
    /// A label such as `SIGNOR_CollecTRI` (SIGNOR by way of CollecTRI) has the licence of its first part.
    ///
    /// # Reference
    /// The resource information of OmniPath: Türei et al. 2021, doi:10.15252/msb.20209923.
    #[must_use]
    pub fn built_in() -> Self {
        let rows = BUILT_IN.lines().filter(|line| !line.starts_with('#')).skip(1);
        let rankings = rows.filter_map(|row| row.split_once('\t'));
        Self { rankings: rankings.map(|(name, licence)| (name.to_owned(), standing(licence))).collect() }
    }

    /// Reads a table with the columns `source_label` and `license`.
    ///
    /// # Errors
    /// [`ImportError`] if the file is not a table or lacks a column.
    pub fn parse(content: &[u8], file_name: &str) -> Result<Self, ImportError> {
        let mut table = Table::open(content, file_name, Layout::guess(content))?;
        let (label, licence) = (table.column("source_label")?, table.column("license")?);
        let mut rankings = HashMap::new();
        while table.next_row()? {
            rankings.insert(table.field(label).to_owned(), standing(table.field(licence)));
        }
        Ok(Self { rankings })
    }

    fn rank_of(&self, label: &str) -> RankedMethod {
        let first_part = label.split('_').next().unwrap_or(label);
        let known = self.rankings.get(label).or_else(|| self.rankings.get(first_part));
        known.copied().unwrap_or(RankedMethod::Restricted)
    }

    /// True if every source is permissive; composite ones do not count, but one source must.
    #[must_use]
    pub fn permits<'a>(&self, sources: impl IntoIterator<Item = &'a str>) -> bool {
        let mut any_permissive = false;
        for source in sources {
            match self.rank_of(source) {
                RankedMethod::Restricted => return false,
                RankedMethod::Permissive => any_permissive = true,
                RankedMethod::Composite => {}
            }
        }
        any_permissive
    }
}

fn standing(licence: &str) -> RankedMethod {
    let licence = licence.trim();
    let attribution_only =
        licence.strip_prefix("CC BY ").is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()));
    let family = |name: &str| licence.starts_with(name);
    if attribution_only || ["CC0", "MIT", "BSD", "Apache"].into_iter().any(family) {
        return RankedMethod::Permissive;
    }
    if licence.eq_ignore_ascii_case("composite") { RankedMethod::Composite } else { RankedMethod::Restricted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_alike_non_commercial_and_unstated_licences_are_not_permissive() {
        for licence in ["CC BY-SA 4.0", "CC BY-NC 3.0", "CC BY-ND 3.0", "GPLv3", "LGPLv3", "", "NAR Open Access"] {
            assert_eq!(standing(licence), RankedMethod::Restricted, "{licence}");
        }
        for licence in ["CC BY 4.0", "CC BY 2.5", "CC0 1.0", "MIT", "BSD", "Apache 2.0"] {
            assert_eq!(standing(licence), RankedMethod::Permissive, "{licence}");
        }
    }

    #[test]
    fn a_row_passes_only_if_all_its_sources_do() {
        let table = LicenceTable::built_in();
        assert!(table.permits(["SIGNOR", "SPIKE_LC"]));
        assert!(!table.permits(["SIGNOR", "Wang"]), "Wang is non-commercial");
        assert!(table.permits(["CollecTRI", "ExTRI_CollecTRI"]), "a composite adds no licence of its own");
        assert!(!table.permits(["CollecTRI"]), "a composite alone tells nothing");
        assert!(!table.permits([]), "no source, no licence");
    }

    #[test]
    fn a_table_of_the_user_replaces_the_built_in_one() {
        let content = b"source_label\tlicense\nHome\tMIT\nSIGNOR\tCC BY-NC 4.0\n";
        let table = LicenceTable::parse(content, "licences.tsv").expect("a table");
        assert!(table.permits(["Home"]));
        assert!(!table.permits(["SIGNOR"]));
    }
}
