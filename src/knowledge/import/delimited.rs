//! Reading tables of named columns, with errors that name the line.

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord, Trim};

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
    pub(super) const TSV: Self = Self { delimiter: b'\t', quotes: false, comment: Some(b'#'), header: true };
    /// Comma-separated, with a header and quotes.
    pub(super) const CSV: Self = Self { delimiter: b',', quotes: true, comment: Some(b'#'), header: true };

    /// The layout that a line `sep=…` of a spreadsheet program names, or else the first line that is not a comment speaks for:
    /// tabs if it has one, else semicolons if it has no comma, else commas.
    pub(super) fn guess(content: &[u8]) -> Self {
        let content = without_mark(content);
        if let (Some(delimiter), _) = separator_line(content) {
            return Self { delimiter, ..Self::CSV };
        }
        let mut lines = content.split(|&byte| byte == b'\n');
        let first = lines.find(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#")).unwrap_or_default();
        if first.contains(&b'\t') {
            return Self { quotes: true, ..Self::TSV };
        }
        let delimiter = if !first.contains(&b',') && first.contains(&b';') { b';' } else { b',' };
        Self { delimiter, ..Self::CSV }
    }

    /// The same, but quotes among tabs count only where the header has them: else they are part of a name.
    pub(super) fn guess_quotes(content: &[u8]) -> Self {
        let guessed = Self::guess(content);
        let first = first_fields(content, Self { quotes: false, ..guessed });
        let quotes = guessed.delimiter != b'\t' || first.iter().any(|field| field.starts_with('"'));
        Self { quotes, ..guessed }
    }
}

/// The delimiter named by a first line such as `sep=;`, and the length of that line with its end.
fn separator_line(content: &[u8]) -> (Option<u8>, usize) {
    let end = content.iter().position(|&byte| byte == b'\n').map_or(content.len(), |end| end + 1);
    match content[..end].trim_ascii_end() {
        [s, e, p, b'=', delimiter] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => (Some(*delimiter), end),
        // A tab at the end of the line is trimmed away with it.
        [s, e, p, b'='] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => (Some(b'\t'), end),
        _ => (None, 0),
    }
}

/// What files are that are taken for tables by mistake, by their first bytes.
const NO_TABLES: [(&[u8], &str); 9] = [
    (b"PK\x03\x04", "an Excel workbook (.xlsx) or another zip archive; save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls); save the sheet as CSV"),
    (b"PAR1", "a Parquet file; save it as CSV"),
    (b"\x89HDF", "an HDF5 file; save the table as CSV"),
    (b"RDX", "an R workspace; save the table with `write.csv`"),
    (b"BZh", "compressed by bzip2; unpack it first (gzip is read as it is)"),
    (b"\xfd7zXZ", "compressed by xz; unpack it first (gzip is read as it is)"),
    (b"\xff\xfe", "UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as UTF-8"),
];

/// Content without a byte-order mark.
pub(super) fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content)
}

/// Text of a file whose lines are read one by one.
pub(super) fn text<'a>(content: &'a [u8], file_name: &str) -> Result<&'a str, ImportError> {
    if let Some(&(_, what)) = NO_TABLES.iter().find(|(start, _)| content.starts_with(start)) {
        return Err(ImportError::NoTable { file: file_name.to_owned(), what });
    }
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
    /// Lines above `content`.
    lines_above: u64,
    layout: Layout,
    columns: Vec<String>,
    /// Fields of every row, once a first one was read.
    fields: Option<usize>,
    reader: Reader<&'a [u8]>,
    record: StringRecord,
    line: u64,
}

impl<'a> Table<'a> {
    /// Opens a table; its header, if it has one, is read.
    pub(super) fn open(content: &'a [u8], file_name: &'a str, layout: Layout) -> Result<Self, ImportError> {
        Self::open_naming(content, file_name, layout, &[])
    }

    /// The same for a table that must have these columns, and may name them in its last comment before the first row.
    pub(super) fn open_naming(
        content: &'a [u8],
        file_name: &'a str,
        layout: Layout,
        wanted: &[&str],
    ) -> Result<Self, ImportError> {
        let content = without_mark(content);
        text(content, file_name)?;
        let (_, skipped) = separator_line(content);
        let mut table = Self {
            file_name,
            content: &content[skipped..],
            lines_above: u64::from(skipped > 0),
            layout,
            columns: Vec::new(),
            fields: None,
            reader: reader(&content[skipped..], layout),
            record: StringRecord::new(),
            line: 0,
        };
        if layout.header {
            table.read_header(wanted)?;
        }
        Ok(table)
    }

    fn read_header(&mut self, wanted: &[&str]) -> Result<(), ImportError> {
        let commented = commented_header(self.content, self.layout, wanted);
        if let Some(columns) = commented {
            self.fields = Some(columns.len());
            self.columns = columns;
            return Ok(());
        }
        if !self.next_row()? {
            return Err(ImportError::NoRow { file: self.file_name.to_owned() });
        }
        self.columns = self.record.iter().map(str::to_owned).collect();
        self.name_further_column();
        Ok(())
    }

    /// R leaves the names of the rows, in front, without a column name; others end each row by a delimiter too many.
    fn name_further_column(&mut self) {
        let at = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX).min(self.content.len());
        let first = first_fields(&self.content[at..], self.layout);
        if self.columns.len() < 2 || first.len() != self.columns.len() + 1 {
            return;
        }
        let at_end = first.last().is_some_and(String::is_empty);
        self.columns.insert(if at_end { self.columns.len() } else { 0 }, String::new());
        self.fields = Some(self.columns.len());
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

    /// Position of the first column there is of these names, in any letter case.
    pub(super) fn any(&self, names: &[&str]) -> Option<usize> {
        let at = |name: &&str| self.columns.iter().position(|column| column.eq_ignore_ascii_case(name));
        names.iter().find_map(at)
    }

    /// The same for a column that must be there.
    pub(super) fn column_of(&self, names: &[&str]) -> Result<usize, ImportError> {
        self.any(names).map_or_else(|| self.column(names[0]), Ok)
    }

    /// Goes to the next row; false at the end.
    pub(super) fn next_row(&mut self) -> Result<bool, ImportError> {
        let start = self.reader.position().clone();
        let line = |table: &Self| table.lines_above + start.line() + table.skipped_lines(start.byte());
        match self.reader.read_record(&mut self.record) {
            Ok(true) => {
                self.line = line(self);
                self.check_width()
            }
            Ok(false) => Ok(false),
            Err(error) => {
                let (file, problem) = (self.file_name.to_owned(), error.to_string());
                Err(ImportError::Malformed { file, line: line(self), problem })
            }
        }
    }

    fn check_width(&mut self) -> Result<bool, ImportError> {
        let found = self.record.len();
        let expected = *self.fields.get_or_insert(found);
        if found == expected {
            return Ok(true);
        }
        let (file, line) = (self.file_name.to_owned(), self.line);
        Err(ImportError::Ragged { file, line, expected: expected as u64, found: found as u64 })
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

    /// A field of the present row that must name one gene, and no list of genes.
    pub(super) fn single_gene(&self, column: usize, called: &str) -> Result<&str, ImportError> {
        let name = self.gene_name(column, called)?;
        if name.contains([';', '|', ',']) {
            return Err(self.value_error(column, "one gene, and each further one in a row of its own"));
        }
        Ok(name)
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

fn reader(content: &[u8], layout: Layout) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(layout.delimiter)
        .quoting(layout.quotes)
        .comment(layout.comment)
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(content)
}

/// Fields of the first line that is neither blank nor a comment.
pub(super) fn first_fields(content: &[u8], layout: Layout) -> Vec<String> {
    let content = without_mark(content);
    let (_, skipped) = separator_line(content);
    let mut record = ByteRecord::new();
    match reader(&content[skipped..], layout).read_byte_record(&mut record) {
        Ok(true) => record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// The columns named in the last comment above the first row, if all that are wanted are among them, and the row is as wide
/// and does not name them itself.
fn commented_header(content: &[u8], layout: Layout, wanted: &[&str]) -> Option<Vec<String>> {
    let mark = layout.comment?;
    let lines = content.split(|&byte| byte == b'\n');
    let above = lines.take_while(|line| line.trim_ascii().is_empty() || line.first() == Some(&mark));
    let last = above.filter(|line| line.first() == Some(&mark)).last()?;
    let (names, row) = (first_fields(&last[1..], layout), first_fields(content, layout));
    let has_all = |fields: &[String]| wanted.iter().all(|name| fields.iter().any(|field| field == name));
    let is_header = !wanted.is_empty() && names.len() == row.len() && has_all(&names) && !has_all(&row);
    is_header.then_some(names)
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
    fn a_header_in_a_comment_is_one_only_if_the_first_row_is_none() {
        let open = |content: &'static str| {
            let mut table = Table::open_naming(content.as_bytes(), "t", Layout::CSV, &["effect"]).expect("a table");
            let row = table.next_row().expect("a row").then(|| table.field(1).to_owned());
            (table.columns().len(), table.line(), row)
        };
        for content in [
            "#tf,effect\nA,+\n",
            "# about\n#tf,effect\nA,+\n",
            "# effect\ntf,effect\nA,+\n",
            "# tf,effect\ntf,effect\nA,+\n",
        ] {
            let (columns, _, row) = open(content);
            assert_eq!((columns, row.as_deref()), (2, Some("+")), "{content}");
        }
    }

    #[test]
    fn names_of_rows_and_a_delimiter_too_many_are_columns_without_a_name() {
        for (content, columns) in [("a,b\n1,x,y\n2,z,w\n", ["", "a", "b"]), ("a,b\nx,y,\nz,w,\n", ["a", "b", ""])] {
            let mut table = Table::open(content.as_bytes(), "t", Layout::CSV).expect("a table");
            assert_eq!(table.columns(), columns);
            let (a, b) = (table.column("a").expect("there"), table.column("b").expect("there"));
            assert_eq!(table.next_row(), Ok(true));
            assert_eq!((table.field(a), table.field(b)), ("x", "y"), "{content}");
        }
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
