//! The export of a table for other programs, from which [`import`](super::import()) makes the same table again.

use std::io::{self, Write};

use super::manifest::ARCH_COLUMN;
use super::open::{Column, Table};

/// A text format of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A header and a line for each architecture; a missing value is an empty cell.
    Csv,
    /// One JSON object in a line for each architecture; a missing value is `null`.
    JsonLines,
}

impl Table {
    /// Writes architectures and metrics, in the order of the rows.
    ///
    /// Numbers are written with as many digits as it takes to read the same ones.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    ///
    /// # Panics
    ///
    /// When a column is not one of this table.
    pub fn export(
        &self,
        format: ExportFormat,
        columns: &[Column],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match format {
            ExportFormat::Csv => self.export_csv(columns, out),
            ExportFormat::JsonLines => self.export_json_lines(columns, out),
        }
    }

    /// Writes a Parquet file: architectures as text, and metrics as doubles in which a missing value is null.
    ///
    /// The manifest is in its metadata, under the name that it has in table files.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    ///
    /// # Panics
    ///
    /// When a column is not one of this table.
    #[cfg(feature = "parquet")]
    pub fn export_parquet(
        &self,
        columns: &[Column],
        out: &mut (dyn Write + Send),
    ) -> io::Result<()> {
        super::parquet::export(self, columns, out)
    }

    fn export_csv(&self, columns: &[Column], out: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_field(ARCH_COLUMN).map_err(io_error)?;
        for &column in columns {
            writer
                .write_field(&self.info(column).name)
                .map_err(io_error)?;
        }
        writer.write_record(None::<&[u8]>).map_err(io_error)?;
        for row in self.rows() {
            let arch = self.arch_text(row).map_err(io::Error::other)?;
            writer.write_field(arch).map_err(io_error)?;
            for &column in columns {
                let value = self.value(column, row);
                writer
                    .write_field(value.map_or_else(String::new, |v| v.to_string()))
                    .map_err(io_error)?;
            }
            writer.write_record(None::<&[u8]>).map_err(io_error)?;
        }
        writer.flush()
    }

    fn export_json_lines(&self, columns: &[Column], out: &mut dyn Write) -> io::Result<()> {
        for row in self.rows() {
            let mut object = serde_json::Map::new();
            let arch = self.arch_text(row).map_err(io::Error::other)?.to_owned();
            object.insert(ARCH_COLUMN.to_owned(), arch.into());
            for &column in columns {
                let name = self.info(column).name.clone();
                object.insert(name, self.value(column, row).into());
            }
            serde_json::to_writer(&mut *out, &object)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// The error of the output itself, whose kind tells a reader that has seen enough; `into` would hide it.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
