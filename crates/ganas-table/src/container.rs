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

use super::checksums::{Checksums, Part};
use super::manifest::{
    ARCH_COLUMN, FIRST_VERSION_WITH_CHECKSUMS, FORMAT_VERSION, KEY_COLUMN, KEY_ORDER_COLUMN,
    MANIFEST_KEY, Manifest, OLDEST_FORMAT_VERSION,
};
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
/// The buffers of the texts, of the keys, of each metric, and of the key index.
const TEXT_BUFFERS: usize = 3;
const OTHER_BUFFERS: usize = 2;
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
    /// The place of every buffer in the file.
    pub(crate) places: Places,
    /// None in old versions of the format.
    pub(crate) checksums: Option<Checksums>,
}

/// The places of the buffers of all columns in the file, in the order of the format.
#[derive(Debug)]
pub(crate) struct Places(Vec<Range<usize>>);

impl Places {
    /// The texts without their offsets.
    pub(crate) fn texts(&self) -> Range<usize> {
        self.0.get(ARCH_OFFSETS + 1).cloned().unwrap_or_default()
    }

    /// The buffers of the metric with this number: which values there are, and the values.
    pub(crate) fn metric(&self, index: usize) -> &[Range<usize>] {
        let start = TEXT_BUFFERS + OTHER_BUFFERS * (1 + index);
        self.0.get(start..start + OTHER_BUFFERS).unwrap_or_default()
    }

    /// The buffers that opening looks into: the offsets of the texts, the keys and their order.
    fn looked_into(&self) -> impl Iterator<Item = &Range<usize>> {
        let keys = TEXT_BUFFERS..TEXT_BUFFERS + OTHER_BUFFERS;
        let order = self.0.len().saturating_sub(OTHER_BUFFERS)..self.0.len();
        let indices = (0..=ARCH_OFFSETS).chain(keys).chain(order);
        indices.filter_map(|index| self.0.get(index))
    }

    /// The places with their names.
    fn parts(&self, manifest: &Manifest) -> Vec<Part> {
        let mut names = vec!["the texts of the architectures".to_owned(); TEXT_BUFFERS];
        let mut name = |name: String| names.extend([name.clone(), name]);
        name(format!("the keys (column `{KEY_COLUMN}`)"));
        for column in &manifest.columns {
            name(format!("the column `{}`", column.name));
        }
        name(format!("the key index (column `{KEY_ORDER_COLUMN}`)"));
        let parts = names.into_iter().zip(&self.0);
        parts
            .map(|(name, range)| Part {
                name,
                range: range.clone(),
            })
            .collect()
    }
}

/// Reads a table file without copying its columns.
pub(crate) fn read(path: &Path, bytes: &Bytes) -> Result<Container, TableError> {
    let not_arrow = |reason: String| TableProblem::NotArrow { reason }.in_file(path);
    let in_file = |problem: TableProblem| problem.in_file(path);
    let range = footer_range(bytes).map_err(not_arrow)?;
    let footer = root_as_footer(&bytes[range.clone()])
        .map_err(|error| not_arrow(format!("bad footer: {error}")))?;
    let mut checksums =
        Checksums::read(&bytes[range.clone()], &footer, range.start).map_err(in_file)?;
    let schema = footer
        .schema()
        .ok_or_else(|| not_arrow("the footer has no schema".to_owned()))
        .and_then(|schema| {
            try_fb_to_schema(schema).map_err(|e| not_arrow(format!("bad schema: {e}")))
        })?;
    let manifest = manifest(path, &schema)?;
    check_schema(path, &schema, &manifest)?;
    if checksums.is_none() && manifest.format_version >= FIRST_VERSION_WITH_CHECKSUMS {
        let version = manifest.format_version;
        return Err(TableProblem::NoChecksums { version }.in_file(path));
    }
    let place = batch_place(bytes, &footer).map_err(not_arrow)?;
    let start = place.start + place.metadata_bytes;
    if let Some(checksums) = &checksums {
        checksums.check(bytes, 0..start).map_err(in_file)?;
    }
    let buffers = buffers(&bytes[place.start..start], start..place.end).map_err(not_arrow)?;
    let places = Places(buffers);
    if let Some(checksums) = &mut checksums {
        checksums.name_parts(places.parts(&manifest));
        for range in places.looked_into() {
            checksums.check(bytes, range.clone()).map_err(in_file)?;
        }
    }
    let (archs, batch) = batch(bytes, &footer, Arc::new(schema), &place).map_err(not_arrow)?;
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
        places,
        checksums,
    })
}

/// Where the footer lies.
fn footer_range(bytes: &[u8]) -> Result<Range<usize>, String> {
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
    Ok(start..rest.len())
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
    place: &Place,
) -> Result<(Texts, RecordBatch), String> {
    let block = footer.recordBatches().unwrap_or_default().get(0);
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

/// Where the one record batch lies.
fn batch_place(bytes: &[u8], footer: &Footer<'_>) -> Result<Place, String> {
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
    Place::of(blocks.get(0), bytes.len()).ok_or_else(|| {
        "its record batch lies outside of the file (truncated or damaged)".to_owned()
    })
}

/// The places of all buffers in the file, given the message of the record batch and the place of its body.
fn buffers(metadata: &[u8], body: Range<usize>) -> Result<Vec<Range<usize>>, String> {
    let message = root_as_message(&metadata[MESSAGE_PREFIX_BYTES..])
        .map_err(|e| format!("bad message: {e}"))?;
    let batch = message
        .header_as_record_batch()
        .ok_or("its message is not a record batch")?;
    let range = |buffer: &arrow_ipc::Buffer| {
        let start = body
            .start
            .checked_add(usize::try_from(buffer.offset()).ok()?)?;
        let end = start.checked_add(usize::try_from(buffer.length()).ok()?)?;
        (end <= body.end).then_some(start..end)
    };
    let ranges: Option<Vec<_>> = batch.buffers().iter().flatten().map(range).collect();
    ranges.ok_or_else(|| "a column lies outside of its record batch".to_owned())
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
