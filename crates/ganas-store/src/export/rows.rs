//! What a table is made of, whatever file it is written to: columns with a type, and rows of cells.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// A number of things, or their place in an order.
    Count,
    /// A seed: 64 bits without a sign.
    Seed,
    /// A measured number.
    Number,
    /// `true` or `false`.
    Truth,
}

/// A column of a table that is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportColumn {
    /// Its name.
    pub name: String,
    /// What its cells are.
    pub kind: ColumnKind,
}

impl ExportColumn {
    /// A column.
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> Self {
        let name = name.into();
        Self { name, kind }
    }
}

/// A cell: nothing, or a value of the kind of its column.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell<'a> {
    /// There is nothing to tell.
    Missing,
    /// Of a column of [`ColumnKind::Text`].
    Text(Cow<'a, str>),
    /// Of a column of [`ColumnKind::Count`].
    Count(u32),
    /// Of a column of [`ColumnKind::Seed`].
    Seed(u64),
    /// Of a column of [`ColumnKind::Number`].
    Number(f64),
    /// Of a column of [`ColumnKind::Truth`].
    Truth(bool),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<u32> for Cell<'_> {
    fn from(count: u32) -> Self {
        Self::Count(count)
    }
}

impl From<f64> for Cell<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Cell<'_> {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

/// A file that a table is written to.
pub trait RowSink {
    /// Takes the columns, once, before any row.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    fn columns(&mut self, columns: &[ExportColumn]) -> io::Result<()>;

    /// Takes a row: a cell for each column.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()>;
}

/// A table as CSV: a header and a line for each row, in which what is missing is an empty cell.
pub struct CsvRows<W: Write>(csv::Writer<W>);

impl<W: Write> std::fmt::Debug for CsvRows<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CsvRows")
    }
}

impl<W: Write> CsvRows<W> {
    /// A table that is written here.
    pub fn new(output: W) -> Self {
        let mut builder = csv::WriterBuilder::new();
        Self(builder.has_headers(false).from_writer(output))
    }

    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> RowSink for CsvRows<W> {
    fn columns(&mut self, columns: &[ExportColumn]) -> io::Result<()> {
        let names = columns.iter().map(|column| &column.name);
        self.0.write_record(names).map_err(io_error)
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.0.serialize(cells).map_err(io_error)
    }
}

fn io_error(error: csv::Error) -> io::Error {
    // Not `into`, which would hide the kind of an input or output error.
    match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    }
}
