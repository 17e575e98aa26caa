//! The Arrow IPC file around a table: footer, schema, manifest and the one record batch, checked before use.
//!
//! The decoder of `arrow-ipc` checks the arrays themselves, but trusts the places that the file names; those are
//! checked here first, so that a damaged file is an error and not a panic.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::{Block, Footer, root_as_footer, root_as_message};
use arrow_schema::Schema;
use bytes::Bytes;
use serde::Deserialize;

use crate::error::{TableError, TableProblem};

use super::manifest::{ARCH_COLUMN, FORMAT_VERSION, MANIFEST_KEY, Manifest, OLDEST_FORMAT_VERSION};
use super::texts::Texts;
use super::write::fields;

/// The file starts with this, padded to 8 bytes, and ends with it.
const MAGIC: &[u8] = b"ARROW1";
/// The length of the footer, and the magic.
const TRAILER_BYTES: usize = 10;
/// The alignment of columns that the format demands.
const COLUMN_ALIGNMENT: usize = 8;
/// The first column is of strings; its buffers are the validity, the offsets and the text.
const ARCH_OFFSETS: usize = 1;
/// A continuation marker and the length of the message's flatbuffer.
const MESSAGE_PREFIX_BYTES: usize = 8;

/// The content of a table file. Invariant: the columns are those that the manifest implies, and the numbers of rows
/// agree.
pub(crate) struct Container {
    pub(crate) manifest: Manifest,
    /// The first column.
    pub(crate) archs: Texts,
    /// The other columns.
    pub(crate) batch: RecordBatch,
}

/// Reads a table file without copying its columns.
pub(crate) fn read(path: &Path, bytes: &Bytes) -> Result<Container, TableError> {
    let not_arrow = |reason: String| TableProblem::NotArrow { reason }.in_file(path);
    let footer = footer(bytes).map_err(not_arrow)?;
    let schema = footer
        .schema()
        .ok_or_else(|| not_arrow("the footer has no schema".to_owned()))
        .and_then(|schema| {
            try_fb_to_schema(schema).map_err(|e| not_arrow(format!("bad schema: {e}")))
        })?;
    let manifest = manifest(path, &schema)?;
    check_schema(path, &schema, &manifest)?;
    let (archs, batch) = batch(bytes, &footer, Arc::new(schema)).map_err(not_arrow)?;
    if batch.num_rows() as u64 != u64::from(manifest.n_rows) {
        return Err(TableProblem::BadManifest {
            reason: format!(
                "it says {} rows, the data has {}",
                manifest.n_rows,
                batch.num_rows()
            ),
        }
        .in_file(path));
    }
    Ok(Container {
        manifest,
        archs,
        batch,
    })
}

fn footer(bytes: &[u8]) -> Result<Footer<'_>, String> {
    let truncated = || {
        format!(
            "it does not start and end as one (truncated at {} bytes?)",
            bytes.len()
        )
    };
    if !bytes.starts_with(MAGIC) {
        return Err(truncated());
    }
    let (rest, trailer) = bytes
        .split_last_chunk::<TRAILER_BYTES>()
        .ok_or_else(truncated)?;
    let length = read_footer_length(*trailer).map_err(|_| truncated())?;
    let start = rest
        .len()
        .checked_sub(length)
        .ok_or_else(|| format!("the footer claims {length} bytes, more than the file has"))?;
    root_as_footer(&rest[start..]).map_err(|e| format!("bad footer: {e}"))
}

fn manifest(path: &Path, schema: &Schema) -> Result<Manifest, TableError> {
    /// What every version of the manifest has.
    #[derive(Deserialize)]
    struct Versioned {
        format_version: u64,
    }

    let bad = |e: serde_json::Error| {
        TableProblem::BadManifest {
            reason: e.to_string(),
        }
        .in_file(path)
    };
    let json = schema
        .metadata()
        .get(MANIFEST_KEY)
        .ok_or_else(|| TableProblem::NoManifest.in_file(path))?;
    let found = serde_json::from_str::<Versioned>(json)
        .map_err(bad)?
        .format_version;
    let readable = u64::from(OLDEST_FORMAT_VERSION)..=u64::from(FORMAT_VERSION);
    if !readable.contains(&found) {
        return Err(TableProblem::FormatVersion {
            found,
            oldest: OLDEST_FORMAT_VERSION,
            newest: FORMAT_VERSION,
        }
        .in_file(path));
    }
    serde_json::from_str(json).map_err(bad)
}

fn check_schema(path: &Path, schema: &Schema, manifest: &Manifest) -> Result<(), TableError> {
    let expected = fields(manifest.columns.iter().map(|c| c.name.as_str()));
    let found = schema.fields();
    for (i, expected) in expected.iter().enumerate() {
        let found = found.get(i).map(AsRef::as_ref);
        if found != Some(expected) {
            return Err(TableProblem::BadColumn {
                column: expected.name().clone(),
                expected: format!("`{expected}` as column {}", i + 1),
                found: found.map_or_else(|| "no column".to_owned(), |f| format!("`{f}`")),
            }
            .in_file(path));
        }
    }
    match found.get(expected.len()) {
        Some(extra) => Err(TableProblem::BadColumn {
            column: extra.name().clone(),
            expected: "no such column, as the manifest does not list it".to_owned(),
            found: format!("`{extra}`"),
        }
        .in_file(path)),
        None => Ok(()),
    }
}

fn batch(
    bytes: &Bytes,
    footer: &Footer<'_>,
    schema: Arc<Schema>,
) -> Result<(Texts, RecordBatch), String> {
    if footer.dictionaries().is_some_and(|d| !d.is_empty()) {
        return Err("it has dictionaries, which tables do not use".to_owned());
    }
    let blocks = footer.recordBatches().unwrap_or_default();
    if blocks.len() != 1 {
        return Err(format!(
            "it has {} record batches, expected 1",
            blocks.len()
        ));
    }
    let block = blocks.get(0);
    let place = Place::of(block, bytes.len())
        .ok_or("its record batch lies outside of the file (truncated or damaged)")?;
    let data = Buffer::from(bytes.slice(place.start..place.end));
    let (metadata, body) = data.split_at(place.metadata_bytes);
    check_message(metadata, body)?;
    let others = (1..schema.fields().len()).collect();
    let batch = FileDecoder::new(schema, footer.version())
        // Otherwise unaligned columns would silently be copied.
        .with_require_alignment(true)
        .with_projection(others)
        .read_record_batch(block, &data)
        .map_err(|e| format!("bad record batch: {e}"))?
        .ok_or_else(|| "its record batch is empty".to_owned())?;
    let [offsets, texts] = arch_buffers(metadata)?
        .map(|range| data.slice_with_length(place.metadata_bytes + range.start, range.len()));
    Ok((Texts::new(batch.num_rows(), offsets, texts)?, batch))
}

/// The places of the offsets and of the texts of the architectures within the body, which were checked.
fn arch_buffers(metadata: &[u8]) -> Result<[Range<usize>; 2], String> {
    let message = root_as_message(&metadata[MESSAGE_PREFIX_BYTES..])
        .map_err(|e| format!("bad message: {e}"))?;
    let batch = message.header_as_record_batch();
    let nulls = batch.and_then(|batch| Some(batch.nodes()?.iter().next()?.null_count()));
    if nulls != Some(0) {
        return Err(format!("the column `{ARCH_COLUMN}` has nulls"));
    }
    let range = |index: usize| {
        let buffer = batch?
            .buffers()
            .filter(|buffers| index < buffers.len())?
            .get(index);
        let start = usize::try_from(buffer.offset()).ok()?;
        let length = usize::try_from(buffer.length()).ok()?;
        Some(start..start.checked_add(length)?)
    };
    match [range(ARCH_OFFSETS), range(ARCH_OFFSETS + 1)] {
        [Some(offsets), Some(texts)] => Ok([offsets, texts]),
        _ => Err(format!("the column `{ARCH_COLUMN}` has no texts")),
    }
}

/// The place of a record batch in the file.
struct Place {
    start: usize,
    end: usize,
    metadata_bytes: usize,
}

impl Place {
    fn of(block: &Block, file_bytes: usize) -> Option<Self> {
        let start = usize::try_from(block.offset()).ok()?;
        let metadata_bytes = usize::try_from(block.metaDataLength()).ok()?;
        let body_bytes = usize::try_from(block.bodyLength()).ok()?;
        let end = start.checked_add(metadata_bytes)?.checked_add(body_bytes)?;
        (metadata_bytes > MESSAGE_PREFIX_BYTES && end <= file_bytes).then_some(Self {
            start,
            end,
            metadata_bytes,
        })
    }
}

/// Checks that the message is an uncompressed record batch whose buffers are aligned and lie within its body.
fn check_message(metadata: &[u8], body: &[u8]) -> Result<(), String> {
    let message = root_as_message(&metadata[MESSAGE_PREFIX_BYTES..])
        .map_err(|e| format!("bad message: {e}"))?;
    let batch = message
        .header_as_record_batch()
        .ok_or("its message is not a record batch")?;
    if batch.compression().is_some() {
        return Err("its record batch is compressed, which a memory map cannot use".to_owned());
    }
    for (i, buffer) in batch.buffers().iter().flatten().enumerate() {
        let start = usize::try_from(buffer.offset()).ok();
        let length = usize::try_from(buffer.length()).ok();
        let values = start
            .zip(length)
            .and_then(|(start, length)| body.get(start..)?.get(..length))
            .ok_or("a column lies outside of its record batch")?;
        if !values.as_ptr().addr().is_multiple_of(COLUMN_ALIGNMENT) {
            return Err(format!(
                "a column is not aligned to {COLUMN_ALIGNMENT} bytes, so it cannot be used in place"
            ));
        }
        // The decoder panics on a buffer of string offsets with a part of an offset at its end.
        if i == ARCH_OFFSETS && !values.len().is_multiple_of(size_of::<i32>()) {
            return Err(format!(
                "the offsets of `{ARCH_COLUMN}` take {} bytes, expected 4 bytes each",
                values.len()
            ));
        }
    }
    Ok(())
}
