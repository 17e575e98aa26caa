//! Tables as Parquet files: the columns of the CSV exports, with their types.

use std::io;
use std::sync::Arc;

use ganas_store::{Cell, ColumnKind, ExportColumn, RowSink, RunFilter, RunSummary, Study, Times};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use serde_json::Value;

use super::long::write_rows;
use super::run_attributes;
use crate::Error;
use crate::comparison::StudyCurves;

/// Rows of a row group, which is what is in memory beside the file.
const GROUP_ROWS: usize = 1 << 16;

/// Under which key the file has what its runs are.
const RUNS_KEY: &str = "ganas.runs";

/// The table of trials as the bytes of a Parquet file.
///
/// It has the columns of the CSV export with their types, and as the metadata `ganas.runs` a JSON array with the fields of every run.
///
/// # Errors
///
/// The study cannot be read.
pub fn parquet_file(study: &Study, filter: &RunFilter, times: Times) -> Result<Vec<u8>, Error> {
    let mut runs = study.runs()?;
    runs.retain(|run| filter.matches(run));
    let mut rows = ParquetRows::new(&runs)?;
    study.export_rows(&mut rows, filter, times)?;
    rows.finish()
}

/// The long form as the bytes of a Parquet file, with the same metadata.
///
/// # Errors
///
/// What tells a run cannot be written.
pub fn long_parquet_file(of: &StudyCurves) -> Result<Vec<u8>, Error> {
    let mut rows = ParquetRows::new(&of.runs)?;
    write_rows(of, &mut rows)?;
    rows.finish()
}

/// A Parquet file that rows are written to.
struct ParquetRows {
    runs: String,
    columns: Vec<Values>,
    n_rows: usize,
    writer: Option<SerializedFileWriter<Vec<u8>>>,
}

impl ParquetRows {
    fn new(runs: &[RunSummary]) -> Result<Self, Error> {
        let runs = runs
            .iter()
            .map(|run| run_attributes(run).map(Value::Object));
        let runs: Vec<Value> = runs.collect::<Result<_, _>>()?;
        Ok(Self {
            runs: Value::Array(runs).to_string(),
            columns: Vec::new(),
            n_rows: 0,
            writer: None,
        })
    }

    /// Writes the rows that are there as a row group.
    fn write_group(&mut self) -> Result<(), ParquetError> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let mut group = writer.next_row_group()?;
        for column in &mut self.columns {
            column.write(&mut group)?;
        }
        self.n_rows = 0;
        group.close().map(drop)
    }

    fn finish(mut self) -> Result<Vec<u8>, Error> {
        let written = match self.n_rows {
            0 => Ok(()),
            _ => self.write_group(),
        };
        let writer = self.writer.expect("invariant: a table has columns");
        let bytes = written.and_then(|()| writer.into_inner());
        bytes.map_err(|error| Error::Failed(format!("cannot make the Parquet file: {error}")))
    }
}

impl RowSink for ParquetRows {
    fn columns(&mut self, columns: &[ExportColumn]) -> io::Result<()> {
        let fields = columns.iter().map(field);
        let fields: Vec<TypePtr> = fields.collect::<Result<_, _>>().map_err(io::Error::other)?;
        let schema = Type::group_type_builder("table").with_fields(fields);
        let schema = Arc::new(schema.build().map_err(io::Error::other)?);
        let runs = KeyValue::new(RUNS_KEY.to_owned(), self.runs.clone());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("ganas ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(vec![runs]));
        let writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()));
        self.writer = Some(writer.map_err(io::Error::other)?);
        self.columns = columns
            .iter()
            .map(|column| Values::of(column.kind))
            .collect();
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push(cell);
        }
        self.n_rows += 1;
        if self.n_rows == GROUP_ROWS {
            self.write_group().map_err(io::Error::other)?;
        }
        Ok(())
    }
}

/// A column of the schema; every one may lack values, since what a file has depends on its runs.
fn field(column: &ExportColumn) -> Result<TypePtr, ParquetError> {
    let unsigned = |bit_width| Some(LogicalType::integer(bit_width, false));
    let (physical, logical) = match column.kind {
        ColumnKind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnKind::Count => (Physical::INT32, unsigned(32)),
        ColumnKind::Seed => (Physical::INT64, unsigned(64)),
        ColumnKind::Number => (Physical::DOUBLE, None),
        ColumnKind::Truth => (Physical::BOOLEAN, None),
    };
    let field = Type::primitive_type_builder(&column.name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL);
    Ok(Arc::new(field.build()?))
}

/// The values of a column within a row group.
enum Values {
    Texts(Present<ByteArrayType>),
    Counts(Present<Int32Type>),
    Seeds(Present<Int64Type>),
    Numbers(Present<DoubleType>),
    Truths(Present<BoolType>),
}

/// Values, and for each row whether it has one.
struct Present<T: DataType> {
    values: Vec<T::T>,
    levels: Vec<i16>,
}

impl<T: DataType> Present<T> {
    fn new() -> Self {
        let (values, levels) = (Vec::new(), Vec::new());
        Self { values, levels }
    }

    fn push(&mut self, value: Option<T::T>) {
        self.levels.push(value.is_some().into());
        self.values.extend(value);
    }

    fn write(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    ) -> Result<(), ParquetError> {
        let mut writer = group
            .next_column()?
            .expect("invariant: the schema has this column");
        writer
            .typed::<T>()
            .write_batch(&self.values, Some(&self.levels), None)?;
        self.values.clear();
        self.levels.clear();
        writer.close()
    }
}

impl Values {
    fn of(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Text => Self::Texts(Present::new()),
            ColumnKind::Count => Self::Counts(Present::new()),
            ColumnKind::Seed => Self::Seeds(Present::new()),
            ColumnKind::Number => Self::Numbers(Present::new()),
            ColumnKind::Truth => Self::Truths(Present::new()),
        }
    }

    fn push(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Self::Texts(all), Cell::Text(text)) => all.push(Some(ByteArray::from(&**text))),
            (Self::Texts(all), Cell::Missing) => all.push(None),
            // The same bits: the schema says that they have no sign.
            (Self::Counts(all), Cell::Count(count)) => all.push(Some(count.cast_signed())),
            (Self::Counts(all), Cell::Missing) => all.push(None),
            (Self::Seeds(all), Cell::Seed(seed)) => all.push(Some(seed.cast_signed())),
            (Self::Seeds(all), Cell::Missing) => all.push(None),
            (Self::Numbers(all), Cell::Number(number)) => all.push(Some(*number)),
            (Self::Numbers(all), Cell::Missing) => all.push(None),
            (Self::Truths(all), Cell::Truth(truth)) => all.push(Some(*truth)),
            (Self::Truths(all), Cell::Missing) => all.push(None),
            (_, cell) => unreachable!("invariant: a cell is of the kind of its column: {cell:?}"),
        }
    }

    fn write(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    ) -> Result<(), ParquetError> {
        match self {
            Self::Texts(all) => all.write(group),
            Self::Counts(all) => all.write(group),
            Self::Seeds(all) => all.write(group),
            Self::Numbers(all) => all.write(group),
            Self::Truths(all) => all.write(group),
        }
    }
}
