//! Delimited text of any make, row by row, with true line numbers: byte-order marks, CRLF, quotes, comments.

use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord, Trim};

use super::DatasetError;

/// An open table: its header is read, its rows are still to come.
pub(super) struct Table<'a> {
    /// The file's name, for messages.
    pub file: &'a str,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Line of the header.
    pub header_line: u64,
    /// What separates the columns.
    pub delimiter: u8,
    reader: Reader<&'a [u8]>,
    lines: LineCounter<'a>,
    pending: Option<(u64, StringRecord)>,
}

impl<'a> Table<'a> {
    /// Reads the header; without a `delimiter` the most frequent of tab, comma and semicolon in it is taken.
    pub(super) fn open(bytes: &'a [u8], file: &'a str, delimiter: Option<u8>) -> Result<Self, DatasetError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let (bytes, stated) = without_separator_line(bytes);
        let mut lines = LineCounter { bytes, at: 0, line: 1 + u64::from(stated.is_some()) };
        let header_line = lines.record_at(0);
        let delimiter = match delimiter.or(stated) {
            Some(delimiter) => delimiter,
            None => sniff(&bytes[lines.at..], file, header_line)?,
        };
        let remark = last_remark(&bytes[..lines.at]);
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(Trim::All)
            .from_reader(bytes);
        let mut table = Self { file, header: Vec::new(), header_line, delimiter, reader, lines, pending: None };
        let (line, header) = table.read()?.ok_or_else(|| DatasetError::NoRows { file: file.to_owned() })?;
        if let Some(named) = remark.and_then(|remark| header_in(remark, delimiter, &header)) {
            (table.header, table.header_line) = (named, line.saturating_sub(1));
            table.pending = Some((line, header));
            return Ok(table);
        }
        table.header = header.iter().map(str::to_owned).collect();
        table.pending = table.read()?;
        if table.pending.is_none() {
            return Err(DatasetError::NoRows { file: file.to_owned() });
        }
        Ok(table)
    }

    /// Gives the header an empty first name if it is one field shorter than the first row, as R writes matrices.
    pub(super) fn allow_missing_corner(&mut self) {
        let first_row = self.pending.as_ref().map_or(0, |(_, record)| record.len());
        if first_row == self.header.len() + 1 {
            self.header.insert(0, String::new());
        }
    }

    /// The same for tables of statistics, which R writes with the names of their rows. No other long table may do so: a decimal
    /// comma makes its first row longer too.
    pub(super) fn allow_row_names(&mut self) {
        let names = [
            "pvalue",
            "pval",
            "padj",
            "adjpval",
            "pvaladj",
            "logfc",
            "avglog2fc",
            "log2foldchange",
            "fdr",
            "pct1",
            "pct2",
        ];
        let statistics = self.header.iter().filter(|column| names.contains(&plain(column).as_str())).count();
        let enough = if self.delimiter == b'\t' { 2 } else { 3 };
        if statistics >= enough {
            self.allow_missing_corner();
        }
    }

    /// The fields of the first row, not yet taken.
    pub(super) fn first_row(&self) -> impl Iterator<Item = &str> {
        self.pending.iter().flat_map(|(_, record)| record.iter())
    }

    /// The next row with its line, checked to be as long as the header.
    pub(super) fn next_row(&mut self) -> Result<Option<(u64, StringRecord)>, DatasetError> {
        let row = match self.pending.take() {
            Some(row) => Some(row),
            None => self.read()?,
        };
        let Some((line, record)) = row else { return Ok(None) };
        if record.len() != self.header.len() {
            let (found, expected) = (record.len(), self.header.len());
            return Err(DatasetError::RaggedRow { file: self.file.to_owned(), line, found, expected });
        }
        Ok(Some((line, record)))
    }

    fn read(&mut self) -> Result<Option<(u64, StringRecord)>, DatasetError> {
        let mut record = StringRecord::new();
        let start = self.reader.position().byte();
        match self.reader.read_record(&mut record) {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some((self.lines.record_at(usize::try_from(start).unwrap_or(usize::MAX)), record))),
            Err(error) => Err(self.malformed(&error, start)),
        }
    }

    fn malformed(&mut self, error: &csv::Error, start: u64) -> DatasetError {
        // From memory and with rows of any length, text that is not UTF-8 is all that can go wrong.
        let start = match error.kind() {
            ErrorKind::Utf8 { pos: Some(position), .. } => position.byte(),
            _ => start,
        };
        let line = self.lines.record_at(usize::try_from(start).unwrap_or(usize::MAX));
        DatasetError::NotUtf8 { file: self.file.to_owned(), line }
    }

    /// The position of the column called exactly `name`.
    pub(super) fn named_column(&self, name: &str) -> Result<usize, DatasetError> {
        let found = self.header.iter().position(|column| column == name);
        found.ok_or_else(|| DatasetError::UnknownColumn {
            file: self.file.to_owned(),
            line: self.header_line,
            column: name.to_owned(),
            found: self.header.clone(),
        })
    }

    /// True if the first column bears one of these names (letters and digits only, in lower case).
    pub(super) fn corner_is(&self, aliases: &[&str]) -> bool {
        self.header.first().is_some_and(|corner| aliases.contains(&plain(corner).as_str()))
    }

    /// The positions of all columns with one of these names, in the order of `aliases`.
    pub(super) fn aliased_columns(&self, aliases: &[&str]) -> Vec<usize> {
        let plain: Vec<_> = self.header.iter().map(|column| plain(column)).collect();
        let of_alias = |alias: &&str| (0..plain.len()).filter(|&column| plain[column] == *alias).collect::<Vec<_>>();
        aliases.iter().flat_map(of_alias).collect()
    }

    /// The position of the first of `aliases` (letters and digits only, in lower case) that is a column.
    pub(super) fn aliased_column(&self, aliases: &[&str]) -> Option<usize> {
        let plain: Vec<_> = self.header.iter().map(|column| plain(column)).collect();
        aliases.iter().find_map(|alias| plain.iter().position(|column| column == alias))
    }
}

/// Letters and digits of a column name, in lower case: `adj.P.Val` and `adj_p_val` are one name.
pub(super) fn plain(column: &str) -> String {
    column.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Takes off the line `sep=;` by which spreadsheets are told the delimiter.
fn without_separator_line(bytes: &[u8]) -> (&[u8], Option<u8>) {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let line = bytes[..end].trim_ascii();
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let is_stated = line.len() >= 4 && line[..4].eq_ignore_ascii_case(b"sep=");
    match line.get(4..).unwrap_or_default() {
        // A tab was trimmed off as white space.
        [] if is_stated => (&bytes[(end + 1).min(bytes.len())..], Some(b'\t')),
        &[delimiter] if is_stated => (&bytes[(end + 1).min(bytes.len())..], Some(delimiter)),
        _ => (bytes, None),
    }
}

/// The remark that stands right before the header.
fn last_remark(before: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(before).ok()?.trim_end();
    text.lines().last()?.strip_prefix('#')
}

/// The names of the columns, where a remark holds them and what stands in their place is a row of values.
fn header_in(remark: &str, delimiter: u8, row: &StringRecord) -> Option<Vec<String>> {
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).has_headers(false).trim(Trim::All).from_reader(remark.as_bytes());
    let names: Vec<String> = reader.records().next()?.ok()?.iter().map(str::to_owned).collect();
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    let is_row = row.iter().any(is_number) && !names.iter().any(|name| is_number(name));
    (names.len() > 1 && names.len() == row.len() && is_row).then_some(names)
}

fn sniff(text: &[u8], file: &str, line: u64) -> Result<u8, DatasetError> {
    let header = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let mut counts = [(b'\t', 0), (b',', 0), (b';', 0)];
    let mut quoted = false;
    for &byte in header {
        quoted ^= byte == b'"';
        for (delimiter, count) in &mut counts {
            *count += usize::from(!quoted && byte == *delimiter);
        }
    }
    // Of equals the first is taken, so a tab goes before a comma.
    let (delimiter, count) = counts.into_iter().rev().max_by_key(|&(_, count)| count).unwrap_or((b',', 0));
    if count > 0 {
        return Ok(delimiter);
    }
    if header.is_empty() {
        return Err(DatasetError::NoRows { file: file.to_owned() });
    }
    let header = String::from_utf8_lossy(header).trim().chars().take(80).collect();
    Err(DatasetError::NoDelimiter { file: file.to_owned(), line, header })
}

/// Counts lines by bytes: the csv reader numbers a record by where the one before it ended, not by where it begins.
struct LineCounter<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl LineCounter<'_> {
    /// Line of the first record at or after byte `start`, which never goes backwards.
    fn record_at(&mut self, start: usize) -> u64 {
        while self.at < start.min(self.bytes.len()) {
            self.step();
        }
        loop {
            match self.bytes.get(self.at) {
                Some(b'\n' | b'\r') => self.step(),
                Some(b'#') => self.skip_line(),
                _ => return self.line,
            }
        }
    }

    fn step(&mut self) {
        self.line += u64::from(self.bytes[self.at] == b'\n');
        self.at += 1;
    }

    fn skip_line(&mut self) {
        while self.bytes.get(self.at).is_some_and(|&byte| byte != b'\n') {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(u64, Vec<String>)> {
        let mut table = Table::open(text.as_bytes(), "t.csv", None).expect("a table");
        let mut rows = Vec::new();
        while let Some((line, record)) = table.next_row().expect("a row") {
            rows.push((line, record.iter().map(str::to_owned).collect()));
        }
        rows
    }

    #[test]
    fn rows_know_their_lines_through_blank_lines_comments_crlf_and_quoted_line_breaks() {
        let text = "# made by hand\r\na,b\r\n1,2\r\n\r\n# a remark\r\n\"x\ny\",4\r\n5,6";
        let expected: Vec<(u64, Vec<String>)> = vec![
            (3, vec!["1".into(), "2".into()]),
            (6, vec!["x\ny".into(), "4".into()]),
            (8, vec!["5".into(), "6".into()]),
        ];
        assert_eq!(lines(text), expected);
    }

    #[test]
    fn tab_comma_and_semicolon_are_told_apart_outside_quotes() {
        for text in ["a\tb\n1\t2\n", "a;b\n1;2\n", "a,b\n1,2\n", "\"a;;;\",b\n1,2\n"] {
            assert_eq!(lines(text), [(2, vec!["1".to_owned(), "2".to_owned()])], "{text:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_column() {
        let table = Table::open(b"\xef\xbb\xbfa,b\n1,2\n", "t.csv", None).expect("a table");
        assert_eq!(table.header, ["a", "b"]);
    }

    #[test]
    fn bytes_that_are_no_utf8_are_named_by_line() {
        let mut table = Table::open(b"a,b\n1,2\n3,\xff\n", "t.csv", None).expect("a header");
        table.next_row().expect("the good row");
        let message = table.next_row().expect_err("bad bytes").to_string();
        assert!(message.starts_with("t.csv:3: ") && message.contains("UTF-8"), "{message}");
    }

    #[test]
    fn a_spreadsheet_may_name_its_delimiter_on_a_line_of_its_own() {
        for text in ["sep=;\na,x;b\n1;2\n", "\"sep=;\"\r\na,x;b\r\n1;2\r\n"] {
            assert_eq!(lines(text), [(3, vec!["1".to_owned(), "2".to_owned()])], "{text:?}");
        }
        assert_eq!(lines("sep=\t\na\tb\n1\t2\n").len(), 1);
    }

    #[test]
    fn a_header_written_as_a_remark_is_the_header() {
        let table = Table::open(b"# by hand\n#gene\tfur\tcrp\nentC\t1.5\t2\n", "t.tsv", None).expect("a table");
        assert_eq!((table.header, table.header_line), (vec!["gene".to_owned(), "fur".into(), "crp".into()], 2));
        let table = Table::open(b"# one, two\na,b\n1,2\n", "t.csv", None).expect("a table");
        assert_eq!(table.header, ["a", "b"]);
    }

    #[test]
    fn a_header_alone_is_no_table() {
        for text in ["a,b\n", "", "\n\n", "# only a remark\n"] {
            let error = Table::open(text.as_bytes(), "t.csv", None).err().expect("no rows");
            assert!(matches!(error, DatasetError::NoRows { .. }), "{text:?}: {error}");
        }
    }
}
