//! Writing a table file from architectures and columns in memory.

use std::fs::File;
use std::io;
use std::path::Path;

use arrow_schema::{DataType, Field};
use ganas_files::{Output, Replace, Target};

use crate::TableError;

use super::archs::Archs;
use super::ipc_file::IpcFile;
use super::manifest::{ARCH_COLUMN, KEY_COLUMN, KEY_ORDER_COLUMN, Manifest};
use super::repeats::TableColumn;

/// The bytes of a key.
pub(crate) const KEY_BYTES: i32 = 16;

/// The content of a table, in row order.
pub(crate) struct Rows<'a> {
    pub(crate) archs: &'a Archs,
    pub(crate) columns: &'a [TableColumn<'a>],
    pub(crate) key_order: Vec<u32>,
}

/// The fields of a table file with these metrics.
pub(crate) fn fields<'a>(metrics: impl IntoIterator<Item = &'a str>) -> Vec<Field> {
    let mut fields = vec![
        Field::new(ARCH_COLUMN, DataType::Utf8, false),
        Field::new(KEY_COLUMN, DataType::FixedSizeBinary(KEY_BYTES), false),
    ];
    fields.extend(
        metrics
            .into_iter()
            .map(|name| Field::new(name, DataType::Float64, true)),
    );
    fields.push(Field::new(KEY_ORDER_COLUMN, DataType::UInt32, false));
    fields
}

/// The output of an import.
pub(crate) fn target(output: &Path, overwrite: bool) -> Target {
    let replace = if overwrite {
        Replace::Allowed
    } else {
        Replace::Refused
    };
    Target::new(output, replace)
}

/// Writes a table file; returns its size.
pub(crate) fn write_table(
    target: &Target,
    manifest: &Manifest,
    rows: &Rows<'_>,
) -> Result<u64, TableError> {
    let mut output = Output::create(target)?;
    let written = write_rows(output.file(), manifest, rows);
    let bytes = written.map_err(|error| output.error(error))?;
    output.commit()?;
    Ok(bytes)
}

fn write_rows(file: &mut File, manifest: &Manifest, rows: &Rows<'_>) -> io::Result<u64> {
    let archs = rows.archs;
    let mut table = IpcFile::begin(file, manifest, archs.text_bytes())?;
    table.write_texts(archs.by_row().map(|arch| archs.text(arch)))?;
    table.write_keys(archs.by_row().map(|arch| archs.key(arch).0))?;
    for (index, column) in rows.columns.iter().enumerate() {
        table.write_metric(index, archs.by_row().map(|arch| column.value(archs, arch)))?;
    }
    let file = table.finish(&rows.key_order)?;
    Ok(file.metadata()?.len())
}
