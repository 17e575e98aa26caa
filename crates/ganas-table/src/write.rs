//! Writing a table file: the Arrow IPC bytes, and the atomic replacement of the output.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::FixedSizeBinaryBuilder;
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use tempfile::NamedTempFile;

use super::column_reader::NumberColumn;
use super::import::{ImportRequest, ImportedArch};
use super::manifest::{ARCH_COLUMN, KEY_COLUMN, KEY_ORDER_COLUMN, MANIFEST_KEY, Manifest};

/// The bytes of a key.
pub(crate) const KEY_BYTES: i32 = 16;

/// The content of a table, in row order.
pub(crate) struct Rows<'a> {
    pub(crate) archs: &'a [ImportedArch],
    pub(crate) columns: &'a [NumberColumn],
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

/// The bytes of a table file.
pub(crate) fn encode(manifest: &Manifest, rows: Rows<'_>) -> io::Result<Vec<u8>> {
    let metadata = [(MANIFEST_KEY.to_owned(), serde_json::to_string(manifest)?)];
    let schema = Arc::new(Schema::new_with_metadata(
        fields(manifest.columns.iter().map(|c| c.name.as_str())),
        metadata,
    ));

    let texts = StringArray::from_iter_values(rows.archs.iter().map(|a| &a.text));
    let mut keys = FixedSizeBinaryBuilder::with_capacity(rows.archs.len(), KEY_BYTES);
    for arch in rows.archs {
        keys.append_value(arch.key.0.to_be_bytes())
            .map_err(io::Error::other)?;
    }
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(texts), Arc::new(keys.finish())];
    for column in rows.columns {
        arrays.push(Arc::new(Float64Array::from(column.values.clone())));
    }
    arrays.push(Arc::new(UInt32Array::from(rows.key_order)));

    encode_batch(&schema, arrays).map_err(io::Error::other)
}

fn encode_batch(schema: &Arc<Schema>, arrays: Vec<ArrayRef>) -> Result<Vec<u8>, ArrowError> {
    let batch = RecordBatch::try_new(Arc::clone(schema), arrays)?;
    let mut writer = FileWriter::try_new(Vec::new(), schema)?;
    writer.write(&batch)?;
    writer.finish()?;
    writer.into_inner()
}

/// Whether an output that exists may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// It is replaced.
    Allowed,
    /// It is an error.
    Refused,
}

/// The folder of a file.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A temporary file in the folder of the output, which a failure removes again.
pub(crate) fn output_file(output: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ganas-import-");
    // A temporary file is private by default, a table is as readable as any other file of its owner.
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666))
    };
    builder.tempfile_in(folder_of(output))
}

/// Puts a complete temporary file in the place of the output.
pub(crate) fn place(file: NamedTempFile, output: &Path, replace: Replace) -> io::Result<()> {
    file.as_file().sync_all()?;
    match replace {
        Replace::Allowed => file.persist(output)?,
        Replace::Refused => file.persist_noclobber(output)?,
    };
    Ok(())
}

/// Writes the output of an import.
pub(crate) fn write_file(request: &ImportRequest, bytes: &[u8]) -> io::Result<()> {
    let mut file = output_file(&request.output)?;
    file.write_all(bytes)?;
    let replace = if request.overwrite {
        Replace::Allowed
    } else {
        Replace::Refused
    };
    place(file, &request.output, replace)
}
