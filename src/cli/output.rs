//! Data for the user: to standard output or a file, as aligned columns, CSV, TSV or JSON.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use clap::ValueEnum;
use miette::{IntoDiagnostic as _, WrapErr as _};

use super::files;

/// Writes to `path`, or to standard output if there is none. A reader that has seen enough, such as `head`, is not an error.
pub fn deliver(path: Option<&Path>, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> miette::Result<()> {
    if let Some(path) = path {
        return files::write(path, fill);
    }
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match fill(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What waits in the buffer would be tried again, in vain.
            drop(out.into_parts());
            Ok(())
        }
        other => other.into_diagnostic().wrap_err("cannot write to standard output"),
    }
}

/// Writes one text and a line end to standard output, whether or not anybody still reads it.
pub fn say(text: impl std::fmt::Display) -> miette::Result<()> {
    deliver(None, |out| writeln!(out, "{text}"))
}

/// Standard error for log lines: where it is closed or full, they are lost and the work goes on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Longer names push their rows out of line.
pub const WIDEST_NAME: usize = 60;

/// Wider columns are not aligned: one long cell must not widen every row.
const WIDEST: usize = 500;

/// A text and as many blanks as it is shorter than the column.
pub fn padded(text: &str, width: usize) -> String {
    let blanks = width.min(WIDEST).saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(blanks))
}

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// Aligned columns.
    #[default]
    Table,
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// A list of objects.
    Json,
}

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// A name or a word.
    Text(&'a str),
    /// A number of things.
    Count(usize),
    /// A measure, written with four digits.
    Measure(f64),
}

/// Writes rows one after the other, so that their number does not matter.
pub struct RowWriter<'a> {
    out: &'a mut dyn Write,
    format: RowFormat,
    columns: &'a [(&'a str, usize)],
    written: usize,
}

impl<'a> RowWriter<'a> {
    /// Begins with the header; each column has its name and the width of its widest value.
    pub fn begin(out: &'a mut dyn Write, format: RowFormat, columns: &'a [(&'a str, usize)]) -> io::Result<Self> {
        let mut writer = Self { out, format, columns, written: 0 };
        match format {
            RowFormat::Json => write!(writer.out, "[")?,
            _ => {
                let names: Vec<_> = columns.iter().map(|&(name, _)| Cell::Text(name)).collect();
                writer.separated(&names)?;
            }
        }
        Ok(writer)
    }

    /// Writes one row, a cell for each column.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        match self.format {
            RowFormat::Json => self.object(cells)?,
            _ => self.separated(cells)?,
        }
        self.written += 1;
        Ok(())
    }

    /// Ends the last row.
    pub fn end(self) -> io::Result<()> {
        match self.format {
            RowFormat::Json if self.written > 0 => writeln!(self.out, "\n]"),
            RowFormat::Json => writeln!(self.out, "]"),
            _ => Ok(()),
        }
    }

    fn object(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.out.write_all(if self.written == 0 { b"\n  {" } else { b",\n  {" })?;
        for (index, (cell, (name, _))) in cells.iter().zip(self.columns).enumerate() {
            write!(self.out, "{}\"{name}\": ", if index == 0 { "" } else { ", " })?;
            match cell {
                Cell::Text(text) => serde_json::to_writer(&mut *self.out, text)?,
                other => write!(self.out, "{}", other.shown())?,
            }
        }
        self.out.write_all(b"}")
    }

    fn separated(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (index, (cell, &(name, width))) in cells.iter().zip(self.columns).enumerate() {
            let last = index + 1 == self.columns.len();
            match (self.format, cell) {
                (RowFormat::Table, Cell::Text(text)) if last => write!(self.out, "{text}")?,
                (RowFormat::Table, Cell::Text(text)) => write!(self.out, "{}  ", padded(text, width.max(name.len())))?,
                (RowFormat::Table, other) => {
                    write!(self.out, "{:>1$}", other.shown(), width.max(name.len()).min(WIDEST))?;
                    write!(self.out, "{}", if last { "" } else { "  " })?;
                }
                (RowFormat::Csv, _) => {
                    write!(self.out, "{}{}", quoted(&cell.shown(), ','), if last { "" } else { "," })?
                }
                (_, _) => write!(self.out, "{}{}", quoted(&cell.shown(), '\t'), if last { "" } else { "\t" })?,
            }
        }
        writeln!(self.out)
    }
}

impl Cell<'_> {
    fn shown(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Text(text) => (*text).into(),
            Self::Count(count) => count.to_string().into(),
            // Adding zero turns −0 into 0.
            Self::Measure(measure) => format!("{:.4}", (measure * 1e4).round() / 1e4 + 0.0).into(),
        }
    }
}

fn quoted(text: &str, separator: char) -> std::borrow::Cow<'_, str> {
    if text.contains([separator, '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: RowFormat, rows: &[&[Cell<'_>]]) -> String {
        let mut out = Vec::new();
        let mut writer = RowWriter::begin(&mut out, format, &[("gene", 5), ("change", 7)]).expect("room");
        rows.iter().for_each(|row| writer.row(row).expect("room"));
        writer.end().expect("room");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_combination_is_quoted_in_csv_and_bare_in_tsv() {
        let row: &[Cell<'_>] = &[Cell::Text("A-,B+"), Cell::Measure(-0.000_01)];
        assert_eq!(written(RowFormat::Csv, &[row]), "gene,change\n\"A-,B+\",0.0000\n");
        assert_eq!(written(RowFormat::Tsv, &[row]), "gene\tchange\nA-,B+\t0.0000\n");
    }

    #[test]
    fn json_is_a_list_of_objects_also_when_empty() {
        let row: &[Cell<'_>] = &[Cell::Text("a\"b"), Cell::Count(3)];
        let list: serde_json::Value = serde_json::from_str(&written(RowFormat::Json, &[row, row])).expect("JSON");
        assert_eq!(list[1]["gene"], "a\"b");
        assert_eq!(list[1]["change"], 3);
        assert_eq!(written(RowFormat::Json, &[]), "[]\n");
    }

    #[test]
    fn table_columns_are_aligned() {
        let row: &[Cell<'_>] = &[Cell::Text("fur"), Cell::Count(12)];
        assert_eq!(written(RowFormat::Table, &[row]), "gene   change\nfur         12\n");
    }
}
