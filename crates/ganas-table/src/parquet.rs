//! Parquet files: the export of a table, and the import of any file with architectures as text and numbers.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::Field;
use parquet::schema::types::Type;

use crate::error::{ImportProblem, TableError};
use ganas_formats::limit::Bound;
use ganas_space::suggestion::closest;

use super::arch_reader::ArchReader;
use super::column_reader::ColumnReader;
use super::import_limits::{MAX_COLUMNS, MemoryMeter, too_many_columns};
use super::key_template::{KeyTemplate, joined};
use super::manifest::{ARCH_COLUMN, MANIFEST_KEY};
use super::open::{Column, Row, Table};
use super::parquet_pages::{self, PageProblem};
use super::source_columns::SourceColumns;

/// Rows of a row group, which is what is in memory at a time: a column of them.
const GROUP_ROWS: usize = 1 << 16;

/// Checks that the chunks of columns lie in the file, which the crate takes for granted and panics about otherwise.
fn check_chunks(metadata: &ParquetMetaData, size: usize) -> Result<(), ParquetError> {
    for group in metadata.row_groups() {
        for chunk in group.columns() {
            let start = (chunk.dictionary_page_offset()).unwrap_or(chunk.data_page_offset());
            let end = start.checked_add(chunk.compressed_size());
            let inside = start >= 0
                && chunk.compressed_size() >= 0
                && end.is_some_and(|end| u64::try_from(end).is_ok_and(|end| end <= size as u64));
            if !inside {
                return Err(ParquetError::General(format!(
                    "the column {} is said to have {} bytes from {start} on, in a file of {size} bytes",
                    chunk.column_path(),
                    chunk.compressed_size()
                )));
            }
        }
    }
    Ok(())
}

/// Checks the pages of all chunks, which lie in the file.
fn check_pages(
    file: &Path,
    bytes: &[u8],
    metadata: &ParquetMetaData,
    memory: Bound,
) -> Result<(), TableError> {
    let mut total = 0;
    for chunk in metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns())
    {
        let (start, length) = chunk.byte_range();
        let place = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let range = place(start)..place(start.saturating_add(length));
        parquet_pages::check(bytes, range, &mut total, memory).map_err(|problem| {
            match problem {
                PageProblem::Bad(reason) => ImportProblem::BadParquet { reason },
                PageProblem::TooLarge(problem) => problem.into(),
            }
            .in_file(file)
        })?;
    }
    Ok(())
}

/// Writes architectures and metrics, and the manifest under the name that it has in table files.
pub(crate) fn export(
    table: &Table,
    columns: &[Column],
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    write(table, columns, out).map_err(io::Error::other)
}

fn write(
    table: &Table,
    columns: &[Column],
    out: &mut (dyn Write + Send),
) -> Result<(), ParquetError> {
    let mut fields = vec![
        Type::primitive_type_builder(ARCH_COLUMN, Physical::BYTE_ARRAY)
            .with_logical_type(Some(LogicalType::String))
            .with_repetition(Repetition::REQUIRED)
            .build()?,
    ];
    for &column in columns {
        let field = Type::primitive_type_builder(&table.info(column).name, Physical::DOUBLE)
            .with_repetition(Repetition::OPTIONAL);
        fields.push(field.build()?);
    }
    let schema = Type::group_type_builder("table")
        .with_fields(fields.into_iter().map(Arc::new).collect())
        .build()?;
    let manifest = serde_json::to_string(table.manifest())
        .map_err(|error| ParquetError::External(Box::new(error)))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("ganas ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new(MANIFEST_KEY.to_owned(), manifest)]))
        .build();
    let mut writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
    let rows: Vec<Row> = table.rows().collect();
    for rows in rows.chunks(GROUP_ROWS) {
        let mut group = writer.next_row_group()?;
        let mut next = 0usize;
        while let Some(mut writer) = group.next_column()? {
            // The first column is that of the architectures.
            match next.checked_sub(1).map(|metric| columns[metric]) {
                None => {
                    let texts = rows
                        .iter()
                        .map(|&row| Ok(ByteArray::from(table.arch_text(row)?)));
                    let texts: Result<Vec<ByteArray>, TableError> = texts.collect();
                    let texts = texts.map_err(|error| ParquetError::External(Box::new(error)))?;
                    writer
                        .typed::<ByteArrayType>()
                        .write_batch(&texts, None, None)?;
                }
                Some(column) => {
                    let cells = rows.iter().map(|&row| table.value(column, row));
                    let cells: Vec<Option<f64>> = cells.collect();
                    let levels: Vec<i16> = cells.iter().map(|v| v.is_some().into()).collect();
                    let values: Vec<f64> = cells.into_iter().flatten().collect();
                    writer
                        .typed::<DoubleType>()
                        .write_batch(&values, Some(&levels), None)?;
                }
            }
            writer.close()?;
            next += 1;
        }
        group.close()?;
    }
    writer.close().map(drop)
}

/// Reads a Parquet file. Rows count as the lines of the same table as CSV, with a header in line 1.
///
/// The crate panics about some damaged files: that is an error of the file here, with what the panic says.
pub(crate) fn parse(
    file: &Path,
    bytes: Vec<u8>,
    key: &KeyTemplate,
    memory: Bound,
    archs: &mut ArchReader<'_>,
) -> Result<SourceColumns, TableError> {
    let read = AssertUnwindSafe(|| read(file, bytes, key, memory, archs));
    catch_unwind(read).unwrap_or_else(|panic| {
        let said = (panic.downcast_ref::<&str>().copied())
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("without a message");
        Err(ImportProblem::BadParquet {
            reason: format!("the reader gave up: {said}"),
        }
        .in_file(file))
    })
}

fn read(
    file: &Path,
    bytes: Vec<u8>,
    key: &KeyTemplate,
    memory: Bound,
    archs: &mut ArchReader<'_>,
) -> Result<SourceColumns, TableError> {
    let mut meter = MemoryMeter::new(file, memory);
    let bad = |error: ParquetError| {
        ImportProblem::BadParquet {
            reason: error.to_string(),
        }
        .in_file(file)
    };
    let size = bytes.len();
    let bytes = Bytes::from(bytes);
    let reader = SerializedFileReader::new(bytes.clone()).map_err(bad)?;
    check_chunks(reader.metadata(), size).map_err(bad)?;
    check_pages(file, &bytes, reader.metadata(), memory)?;
    let schema = reader.metadata().file_metadata().schema();
    let names: Vec<String> = schema
        .get_fields()
        .iter()
        .map(|field| field.name().to_owned())
        .collect();
    if names.len() > MAX_COLUMNS {
        return Err(too_many_columns(file));
    }
    let mut known = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !known.insert(*name)) {
        let column = twice.clone();
        return Err(ImportProblem::DuplicateColumn { column }.in_file(file));
    }
    let pieces = key.resolve(|column| {
        let index = names.iter().position(|name| name == column);
        index.ok_or_else(|| {
            ImportProblem::MissingKeyColumn {
                column: column.to_owned(),
                suggestion: closest(column, names.iter().map(String::as_str)),
                known: names.join(", "),
            }
            .in_file(file)
        })
    })?;
    let mut columns: Vec<_> = names
        .iter()
        .map(|name| ColumnReader::new(name.clone(), 0))
        .collect();
    for (row, line) in reader.get_row_iter(None).map_err(bad)?.zip(2u64..) {
        let row = row.map_err(bad)?;
        let cells: Vec<&Field> = row.get_column_iter().map(|(_, cell)| cell).collect();
        if cells.len() != names.len() {
            return Err(ImportProblem::FieldCount {
                line,
                expected: names.len(),
                found: cells.len(),
            }
            .in_file(file));
        }
        let text = joined(&pieces, |&index, text| match cells[index] {
            Field::Str(part) => text.push_str(part),
            Field::Null => {}
            other => text.push_str(&other.to_string()),
        });
        let numbers = columns.iter().filter(|column| column.holds_numbers());
        meter.check(&text, numbers.count())?;
        archs.push(line, &text);
        for ((cell, column), name) in cells.into_iter().zip(&mut columns).zip(&names) {
            if key.uses(name) {
                continue;
            }
            match number(cell) {
                Cell::Number(value) => column.push_number(line, value),
                Cell::Missing => column.push(line, ""),
                Cell::Other => column.push_text(line, cell_text(cell).as_ref()),
            }
        }
    }
    if meter.n_rows() == 0 {
        return Err(ImportProblem::NoRows {
            key_column: key.as_str().to_owned(),
        }
        .in_file(file));
    }
    let columns = columns.into_iter().zip(&names);
    let columns = columns.filter(|(_, name)| !key.uses(name));
    Ok(SourceColumns::collect(columns.map(|(column, _)| column)))
}

/// A cell as text; a text without the quotes that it has for people.
fn cell_text(cell: &Field) -> Cow<'_, str> {
    match cell {
        Field::Str(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

enum Cell {
    Number(f64),
    Missing,
    Other,
}

fn number(cell: &Field) -> Cell {
    Cell::Number(match cell {
        Field::Null => return Cell::Missing,
        Field::Double(value) => *value,
        Field::Float(value) => (*value).into(),
        Field::Byte(value) => (*value).into(),
        Field::Short(value) => (*value).into(),
        Field::Int(value) => (*value).into(),
        Field::UByte(value) => (*value).into(),
        Field::UShort(value) => (*value).into(),
        Field::UInt(value) => (*value).into(),
        #[expect(
            clippy::cast_precision_loss,
            reason = "a metric is a float; counts are far below 2^53"
        )]
        Field::Long(value) => *value as f64,
        #[expect(
            clippy::cast_precision_loss,
            reason = "a metric is a float; counts are far below 2^53"
        )]
        Field::ULong(value) => *value as f64,
        _ => return Cell::Other,
    })
}
