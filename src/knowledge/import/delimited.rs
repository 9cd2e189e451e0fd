//! Reading tables of named columns, with errors that name the line.

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, StringRecord, Trim};

use super::ImportError;

/// How the fields of a table are told apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Between two fields.
    pub delimiter: u8,
    /// Whether `"` encloses fields.
    pub quotes: bool,
    /// Whether lines that begin with `#` (or another byte) are no rows.
    pub comment: Option<u8>,
    /// Whether the first line names the columns.
    pub header: bool,
}

impl Layout {
    /// Tab-separated, with a header, quotes taken as they stand.
    pub(super) const TSV: Self = Self { delimiter: b'\t', quotes: false, comment: None, header: true };
    /// Comma-separated, with a header and quotes.
    pub(super) const CSV: Self = Self { delimiter: b',', quotes: true, comment: None, header: true };

    /// The layout that the first line speaks for: tabs if it has one, else semicolons if it has no comma, else commas.
    pub(super) fn guess(content: &[u8]) -> Self {
        let first = content.split(|&byte| byte == b'\n').next().unwrap_or_default();
        if first.contains(&b'\t') {
            return Self { quotes: true, ..Self::TSV };
        }
        let delimiter = if !first.contains(&b',') && first.contains(&b';') { b';' } else { b',' };
        Self { delimiter, ..Self::CSV }
    }
}

/// Content without a byte-order mark.
pub(super) fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content)
}

/// Text of a file whose lines are read one by one.
pub(super) fn text<'a>(content: &'a [u8], file_name: &str) -> Result<&'a str, ImportError> {
    let content = without_mark(content);
    std::str::from_utf8(content).map_err(|error| ImportError::NotText {
        file: file_name.to_owned(),
        line: 1 + count_newlines(&content[..error.valid_up_to()]),
    })
}

fn count_newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// A table being read row by row.
pub(super) struct Table<'a> {
    file_name: &'a str,
    content: &'a [u8],
    layout: Layout,
    columns: Vec<String>,
    reader: Reader<&'a [u8]>,
    record: StringRecord,
    line: u64,
}

impl<'a> Table<'a> {
    /// Opens a table; its header, if it has one, is read.
    pub(super) fn open(content: &'a [u8], file_name: &'a str, layout: Layout) -> Result<Self, ImportError> {
        let content = without_mark(content);
        text(content, file_name)?;
        let reader = ReaderBuilder::new()
            .delimiter(layout.delimiter)
            .quoting(layout.quotes)
            .comment(layout.comment)
            .has_headers(false)
            .trim(Trim::All)
            .from_reader(content);
        let mut table =
            Self { file_name, content, layout, columns: Vec::new(), reader, record: StringRecord::new(), line: 0 };
        if layout.header {
            if !table.next_row()? {
                return Err(ImportError::NoRow { file: file_name.to_owned() });
            }
            table.columns = table.record.iter().map(str::to_owned).collect();
        }
        Ok(table)
    }

    /// The names in the header, in order.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Position of a column that must be there.
    pub(super) fn column(&self, name: &str) -> Result<usize, ImportError> {
        self.optional(name).ok_or_else(|| ImportError::MissingColumn {
            file: self.file_name.to_owned(),
            column: name.to_owned(),
            found: self.columns.clone(),
            nearest: nearest(name, &self.columns),
        })
    }

    /// Position of a column that may be there.
    pub(super) fn optional(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Goes to the next row; false at the end.
    pub(super) fn next_row(&mut self) -> Result<bool, ImportError> {
        let start = self.reader.position().clone();
        match self.reader.read_record(&mut self.record) {
            Ok(true) => {
                self.line = start.line() + self.skipped_lines(start.byte());
                Ok(true)
            }
            Ok(false) => Ok(false),
            Err(error) => Err(self.explained(&error, start.line() + self.skipped_lines(start.byte()))),
        }
    }

    /// Blank lines and comments between `start` and the record that was read from there.
    fn skipped_lines(&self, start: u64) -> u64 {
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(self.content.len());
        let mut skipped = 0;
        for line in self.content[start..].split(|&byte| byte == b'\n') {
            let is_comment = self.layout.comment.is_some_and(|mark| line.first() == Some(&mark));
            if !is_comment && !matches!(line, [] | [b'\r']) {
                break;
            }
            skipped += 1;
        }
        skipped
    }

    fn explained(&self, error: &csv::Error, line: u64) -> ImportError {
        let file = self.file_name.to_owned();
        match error.kind() {
            ErrorKind::UnequalLengths { expected_len, len, .. } => {
                ImportError::Ragged { file, line, expected: *expected_len, found: *len }
            }
            _ => ImportError::Malformed { file, line, problem: error.to_string() },
        }
    }

    /// Line of the present row, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Number of fields of the present row.
    pub(super) fn width(&self) -> usize {
        self.record.len()
    }

    /// A field of the present row; empty if the row is shorter.
    pub(super) fn field(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default()
    }

    /// A field of the present row that may have no column.
    pub(super) fn field_if(&self, column: Option<usize>) -> &str {
        column.map_or("", |column| self.field(column))
    }

    /// A field of the present row that must name a gene.
    pub(super) fn gene_name(&self, column: usize, called: &str) -> Result<&str, ImportError> {
        match self.field(column) {
            "" => Err(ImportError::NamelessGene {
                file: self.file_name.to_owned(),
                line: self.line,
                column: self.columns.get(column).map_or(called, String::as_str).to_owned(),
            }),
            name => Ok(name),
        }
    }

    /// That a field of the present row is not what it should be.
    pub(super) fn value_error(&self, column: usize, expected: &'static str) -> ImportError {
        ImportError::Value {
            file: self.file_name.to_owned(),
            line: self.line,
            column: self.columns.get(column).cloned().unwrap_or_else(|| format!("{}", column + 1)),
            value: self.field(column).to_owned(),
            expected,
        }
    }
}

/// Fields of the first line that is neither blank nor a comment.
pub(super) fn first_fields(content: &[u8], layout: Layout) -> Vec<String> {
    let mut reader = ReaderBuilder::new()
        .delimiter(layout.delimiter)
        .quoting(layout.quotes)
        .comment(layout.comment)
        .has_headers(false)
        .from_reader(without_mark(content));
    let mut record = ByteRecord::new();
    match reader.read_byte_record(&mut record) {
        Ok(true) => record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn nearest(name: &str, columns: &[String]) -> Option<String> {
    let wanted = name.to_lowercase();
    let mut best: Option<(f64, &String)> = None;
    for column in columns {
        let similarity = strsim::jaro_winkler(&wanted, &column.to_lowercase());
        if similarity >= 0.8 && best.is_none_or(|(highest, _)| similarity > highest) {
            best = Some((similarity, column));
        }
    }
    best.map(|(_, column)| column.clone())
}

/// The parts of a list field, without empty ones and spaces around them.
pub(super) fn parts(list: &str, separators: &[char]) -> Vec<String> {
    list.split(separators).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(content: &[u8], layout: Layout) -> Vec<(u64, String)> {
        let mut table = Table::open(content, "t.csv", layout).expect("a readable table");
        let mut rows = Vec::new();
        while table.next_row().expect("a readable row") {
            rows.push((table.line(), table.field(0).to_owned()));
        }
        rows
    }

    #[test]
    fn line_numbers_hold_past_blank_lines_comments_and_quoted_newlines() {
        let layout = Layout { comment: Some(b'#'), ..Layout::CSV };
        let content = b"# about\na,b\n\n# more\nx,1\n\"y\nz\",2\r\n\r\nw,3\n";
        assert_eq!(lines(content, layout), [(5, "x".to_owned()), (6, "y\nz".to_owned()), (9, "w".to_owned())]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_column() {
        let table = Table::open(b"\xef\xbb\xbfgene,sign\r\nA,1\r\n", "t.csv", Layout::CSV).expect("a table");
        assert_eq!(table.columns(), ["gene", "sign"]);
    }

    #[test]
    fn a_ragged_row_is_refused_with_its_line() {
        let mut table = Table::open(b"a,b\n1,2\n3\n", "t.csv", Layout::CSV).expect("a header");
        assert_eq!(table.next_row(), Ok(true));
        let error = table.next_row().expect_err("one field");
        assert_eq!(error, ImportError::Ragged { file: "t.csv".into(), line: 3, expected: 2, found: 1 });
    }

    #[test]
    fn a_missing_column_is_answered_with_the_nearest_and_all() {
        let table = Table::open(b"sources,target\nA,B\n", "t.csv", Layout::CSV).expect("a header");
        let message = table.column("source").expect_err("missing").to_string();
        assert!(message.contains("did you mean `sources`?") && message.contains("`target`"), "{message}");
    }

    #[test]
    fn latin_1_text_is_refused_with_its_line() {
        let error = Table::open(b"a,b\n1,\xe9\n", "t.csv", Layout::CSV).err();
        assert_eq!(error, Some(ImportError::NotText { file: "t.csv".into(), line: 2 }));
    }
}
