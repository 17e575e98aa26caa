//! The CSV text of an import: architectures as text and columns of numbers, with the line of every problem.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;

use csv::ByteRecord;
use ganas_formats::limit::Bound;
use ganas_formats::source::source_error;

use crate::error::{ImportProblem, TableError};
use ganas_space::suggestion::closest;

use crate::arch_reader::{ArchReader, Batch};
use crate::column_reader::ColumnReader;
use crate::import_limits::{MAX_COLUMNS, MemoryMeter, too_many_columns};
use crate::key_template::{KeyTemplate, Piece, join};
use crate::source_columns::SourceColumns;
use crate::text_window::TextWindow;

/// Reads a CSV file without its byte order marks, and decodes its architectures meanwhile.
///
/// [`ColumnReader`] says which columns hold numbers.
pub(crate) fn parse(
    file: &Path,
    text: TextWindow<impl Read + Send>,
    key: &KeyTemplate,
    memory: Bound,
    archs: &mut ArchReader<'_>,
) -> Result<SourceColumns, TableError> {
    let mut reader = CsvReader::begin(file, text, key, memory)?;
    let (mut decoded, mut read) = (Batch::default(), Batch::default());
    loop {
        read.clear();
        let (result, ()) = rayon::join(|| reader.read(&mut read), || archs.decode(&decoded));
        result?;
        if read.is_empty() {
            return reader.finish();
        }
        std::mem::swap(&mut decoded, &mut read);
    }
}

/// A CSV file that is being read.
struct CsvReader<'a, R> {
    file: &'a Path,
    key: &'a KeyTemplate,
    reader: csv::Reader<TextWindow<R>>,
    record: ByteRecord,
    /// The line where the record begins.
    line: u64,
    columns: Vec<CsvColumn>,
    /// What the text of an architecture is made of, by the places of columns.
    key_pieces: Vec<Piece<usize>>,
    memory: MemoryMeter<'a>,
}

/// A column of a CSV file.
struct CsvColumn {
    reader: ColumnReader,
    /// Whether it is a part of the architectures, and no metric.
    is_key: bool,
}

impl<'a, R: Read> CsvReader<'a, R> {
    /// Reads the header.
    fn begin(
        file: &'a Path,
        text: TextWindow<R>,
        key: &'a KeyTemplate,
        memory: Bound,
    ) -> Result<Self, TableError> {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        let mut csv = Self {
            file,
            key,
            reader,
            record: ByteRecord::new(),
            line: 1,
            columns: Vec::new(),
            key_pieces: Vec::new(),
            memory: MemoryMeter::new(file, memory),
        };
        if !csv.next()? {
            return Err(csv.no_rows());
        }
        let header = header(file, csv.line, &csv.record)?;
        csv.key_pieces = key.resolve(|column| {
            let index = header.iter().position(|name| name == column);
            index.ok_or_else(|| {
                ImportProblem::MissingKeyColumn {
                    column: column.to_owned(),
                    suggestion: closest(column, header.iter().map(String::as_str)),
                    known: header.join(", "),
                }
                .in_file(file)
            })
        })?;
        let columns = header.into_iter().map(|name| CsvColumn {
            is_key: key.uses(&name),
            reader: ColumnReader::new(name, 0),
        });
        csv.columns = columns.collect();
        Ok(csv)
    }

    /// Reads rows until the batch is full or the file ends.
    fn read(&mut self, batch: &mut Batch) -> Result<(), TableError> {
        while !batch.is_full() && self.next()? {
            self.row(batch)?;
        }
        Ok(())
    }

    /// Takes in the record at hand.
    fn row(&mut self, batch: &mut Batch) -> Result<(), TableError> {
        let line = self.line;
        if self.record.len() != self.columns.len() {
            return Err(ImportProblem::FieldCount {
                line,
                expected: self.columns.len(),
                found: self.record.len(),
            }
            .in_file(self.file));
        }
        let mut n_columns = 0;
        for (cell, column) in self.record.iter().zip(&mut self.columns) {
            let cell = std::str::from_utf8(cell).map_err(|_| {
                ImportProblem::NotUtf8 {
                    line,
                    column: column.reader.name().to_owned(),
                }
                .in_file(self.file)
            })?;
            if !column.is_key {
                column.reader.push(line, cell);
                n_columns += usize::from(column.reader.holds_numbers());
            }
        }
        let record = &self.record;
        let text = batch.push(line, |text| {
            join(&self.key_pieces, text, |&index, text| {
                let cell = std::str::from_utf8(&record[index]);
                text.push_str(cell.expect("invariant: every cell was found to be UTF-8"));
            });
        });
        self.memory.check(text, n_columns)
    }

    /// Reads the next record; false at the end of the file.
    fn next(&mut self) -> Result<bool, TableError> {
        let start = self.reader.position().byte();
        let line = self.reader.get_mut().begin_record(start);
        self.line = line.map_err(|error| self.unreadable(error))?;
        let read = self.reader.read_byte_record(&mut self.record);
        read.map_err(|error| {
            let reason = error.to_string();
            match error.into_kind() {
                csv::ErrorKind::Io(error) => match source_error(error) {
                    Ok(error) => error.into(),
                    Err(_) => self.bad_csv(reason),
                },
                _ => self.bad_csv(reason),
            }
        })
    }

    fn finish(self) -> Result<SourceColumns, TableError> {
        if self.memory.n_rows() == 0 {
            return Err(self.no_rows());
        }
        let metrics = self.columns.into_iter().filter(|column| !column.is_key);
        Ok(SourceColumns::collect(metrics.map(|column| column.reader)))
    }

    fn unreadable(&self, error: io::Error) -> TableError {
        source_error(error).map_or_else(|error| self.bad_csv(error.to_string()), Into::into)
    }

    fn bad_csv(&self, reason: String) -> TableError {
        ImportProblem::BadCsv {
            line: self.line,
            reason,
        }
        .in_file(self.file)
    }

    fn no_rows(&self) -> TableError {
        ImportProblem::NoRows {
            key_column: self.key.as_str().to_owned(),
        }
        .in_file(self.file)
    }
}

fn header(file: &Path, line: u64, record: &ByteRecord) -> Result<Vec<String>, TableError> {
    let mut names: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    for (index, name) in record.iter().enumerate() {
        let name = std::str::from_utf8(name).map_err(|_| {
            ImportProblem::NotUtf8 {
                line,
                column: format!("number {}", index + 1),
            }
            .in_file(file)
        })?;
        if names.len() >= MAX_COLUMNS {
            return Err(too_many_columns(file));
        }
        if !name.is_empty() && !known.insert(name) {
            return Err(ImportProblem::DuplicateColumn {
                column: name.to_owned(),
            }
            .in_file(file));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}
