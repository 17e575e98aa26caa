//! Writing a table file column by column, so that a table larger than memory can be written.
//!
//! The writer of `arrow-ipc` takes a whole record batch. Here the places of all columns are computed first, from the
//! numbers of rows and columns alone, and each column is written to its place when it is there.

use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use arrow_ipc::convert::IpcSchemaEncoder;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions, write_message};
use arrow_ipc::{
    Block, Buffer, FieldNode, FooterBuilder, KeyValue, KeyValueArgs, MessageBuilder, MessageHeader,
    MetadataVersion, RecordBatchBuilder,
};
use arrow_schema::Schema;
use flatbuffers::FlatBufferBuilder;

use super::checksums;
use super::manifest::{MANIFEST_KEY, Manifest};
use super::write::{KEY_BYTES, fields};

const MAGIC: &[u8] = b"ARROW1";
/// Before the length of each message.
const CONTINUATION: u32 = u32::MAX;
/// Columns begin at multiples of this within the body, as the format recommends.
const ALIGNMENT: u64 = 64;
/// Messages begin at multiples of this in the file.
const MESSAGE_ALIGNMENT: u64 = 8;

/// A table file that is being written. Every column must be written once.
pub(crate) struct IpcFile<W: Read + Write + Seek> {
    out: BufWriter<W>,
    schema: Schema,
    n_rows: u64,
    /// Offset and length of every buffer within the body.
    buffers: Vec<(u64, u64)>,
    null_counts: Vec<u64>,
    message_start: u64,
    body_start: u64,
    body_bytes: u64,
}

/// The validity bits and the values of a metric. The text has three buffers, everything else has two.
const TEXT_BUFFERS: usize = 3;

impl<W: Read + Write + Seek> IpcFile<W> {
    /// Lays out a table of this manifest whose texts have so many bytes together.
    pub(crate) fn begin(out: W, manifest: &Manifest, text_bytes: u64) -> io::Result<Self> {
        let metadata = [(MANIFEST_KEY.to_owned(), serde_json::to_string(manifest)?)];
        let names = manifest.columns.iter().map(|c| c.name.as_str());
        let schema = Schema::new_with_metadata(fields(names), metadata);
        let n_rows = u64::from(manifest.n_rows);
        let key_bytes = u64::from(KEY_BYTES.unsigned_abs());
        let mut lengths = vec![0, 4 * (n_rows + 1), text_bytes, 0, key_bytes * n_rows];
        for _ in &manifest.columns {
            lengths.extend([n_rows.div_ceil(8), 8 * n_rows]);
        }
        lengths.extend([0, 4 * n_rows]);
        let mut body_bytes = 0u64;
        let buffers = lengths
            .into_iter()
            .map(|length| {
                let offset = body_bytes;
                body_bytes += length.next_multiple_of(ALIGNMENT);
                (offset, length)
            })
            .collect();

        let mut file = Self {
            out: BufWriter::with_capacity(1 << 16, out),
            null_counts: vec![0; schema.fields().len()],
            schema,
            n_rows,
            buffers,
            message_start: 0,
            body_start: 0,
            body_bytes,
        };
        file.out.write_all(MAGIC)?;
        file.out.write_all(&[0; 2])?;
        let mut tracker = DictionaryTracker::new(true);
        let options = IpcWriteOptions::default();
        let encoded = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
            &file.schema,
            &mut tracker,
            &options,
        );
        write_message(&mut file.out, encoded, &options).map_err(io::Error::other)?;
        file.message_start = file.out.stream_position()?;
        let message = file.message();
        file.out.write_all(&message)?;
        file.body_start = file.out.stream_position()?;
        Ok(file)
    }

    /// Writes the texts, given as one and the end of each.
    pub(crate) fn write_texts<'a>(
        &mut self,
        texts: impl Iterator<Item = &'a str> + Clone,
    ) -> io::Result<()> {
        self.seek(1)?;
        let mut end = 0i32;
        self.out.write_all(&end.to_le_bytes())?;
        for text in texts.clone() {
            let length = i32::try_from(text.len()).map_err(io::Error::other)?;
            end = end
                .checked_add(length)
                .ok_or_else(|| io::Error::other("the texts are too long together"))?;
            self.out.write_all(&end.to_le_bytes())?;
        }
        self.seek(2)?;
        for text in texts {
            self.out.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    /// Writes the keys.
    pub(crate) fn write_keys(&mut self, keys: impl Iterator<Item = u128>) -> io::Result<()> {
        self.seek(4)?;
        for key in keys {
            self.out.write_all(&key.to_be_bytes())?;
        }
        Ok(())
    }

    /// Writes the metric with this number.
    pub(crate) fn write_metric(
        &mut self,
        index: usize,
        values: impl Iterator<Item = Option<f64>>,
    ) -> io::Result<()> {
        let buffer = TEXT_BUFFERS + 2 + 2 * index;
        let mut validity = Vec::new();
        let mut nulls = 0;
        self.seek(buffer + 1)?;
        for (row, value) in values.enumerate() {
            if row.is_multiple_of(8) {
                validity.push(0u8);
            }
            match (value, validity.last_mut()) {
                (Some(_), Some(byte)) => *byte |= 1 << (row % 8),
                _ => nulls += 1,
            }
            self.out
                .write_all(&value.unwrap_or_default().to_le_bytes())?;
        }
        self.seek(buffer)?;
        self.out.write_all(&validity)?;
        self.null_counts[2 + index] = nulls;
        Ok(())
    }

    /// Writes the row numbers by key, and what stands around the columns.
    pub(crate) fn finish(mut self, key_order: &[u32]) -> io::Result<W> {
        self.seek(self.buffers.len() - 1)?;
        for row in key_order {
            self.out.write_all(&row.to_le_bytes())?;
        }
        self.out.seek(SeekFrom::Start(self.message_start))?;
        let message = self.message();
        self.out.write_all(&message)?;
        let body_end = self.body_start + self.body_bytes;
        // What lies between the columns reads as zeros, since the file grows by seeking over it.
        self.out.seek(SeekFrom::Start(body_end))?;
        self.out.write_all(&CONTINUATION.to_le_bytes())?;
        self.out.write_all(&[0; 4])?;
        let footer_start = self.out.stream_position()?;
        self.out.flush()?;
        let file = self.out.get_mut();
        file.seek(SeekFrom::Start(0))?;
        let blocks = checksums::of_blocks(BufReader::new(file), footer_start)?;
        self.out.seek(SeekFrom::Start(footer_start))?;
        let footer = self.footer(&blocks)?;
        self.out.write_all(&footer)?;
        let length = i32::try_from(footer.len()).map_err(io::Error::other)?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        self.out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
    }

    fn seek(&mut self, buffer: usize) -> io::Result<()> {
        let start = self.body_start + self.buffers[buffer].0;
        self.out.seek(SeekFrom::Start(start)).map(drop)
    }

    /// The message of the record batch with its prefix; its length does not depend on the counts of nulls.
    fn message(&self) -> Vec<u8> {
        let signed = |n: u64| n.cast_signed();
        let mut builder = FlatBufferBuilder::new();
        let buffers: Vec<Buffer> = self
            .buffers
            .iter()
            .map(|&(offset, length)| Buffer::new(signed(offset), signed(length)))
            .collect();
        let nodes: Vec<FieldNode> = self
            .null_counts
            .iter()
            .map(|&nulls| FieldNode::new(signed(self.n_rows), signed(nulls)))
            .collect();
        let buffers = builder.create_vector(&buffers);
        let nodes = builder.create_vector(&nodes);
        let batch = {
            let mut batch = RecordBatchBuilder::new(&mut builder);
            batch.add_length(signed(self.n_rows));
            batch.add_nodes(nodes);
            batch.add_buffers(buffers);
            batch.finish().as_union_value()
        };
        let mut message = MessageBuilder::new(&mut builder);
        message.add_version(MetadataVersion::V5);
        message.add_header_type(MessageHeader::RecordBatch);
        message.add_bodyLength(signed(self.body_bytes));
        message.add_header(batch);
        let message = message.finish();
        builder.finish(message, None);

        let content = builder.finished_data();
        let alignment = usize::try_from(MESSAGE_ALIGNMENT).unwrap_or(8);
        let padded = content.len().next_multiple_of(alignment);
        let mut bytes = CONTINUATION.to_le_bytes().to_vec();
        let length = u32::try_from(padded).unwrap_or(u32::MAX);
        bytes.extend(length.to_le_bytes());
        bytes.extend_from_slice(content);
        bytes.resize(8 + padded, 0);
        bytes
    }

    /// The footer with its checksum and those of the blocks before it.
    fn footer(&self, blocks: &[u32]) -> io::Result<Vec<u8>> {
        let metadata_bytes = i32::try_from(self.body_start - self.message_start);
        let block = Block::new(
            self.message_start.cast_signed(),
            metadata_bytes.map_err(io::Error::other)?,
            self.body_bytes.cast_signed(),
        );
        let mut builder = FlatBufferBuilder::new();
        let dictionaries = builder.create_vector::<Block>(&[]);
        let batches = builder.create_vector(&[block]);
        let mut tracker = DictionaryTracker::new(true);
        let schema = IpcSchemaEncoder::new()
            .with_dictionary_tracker(&mut tracker)
            .schema_to_fb_offset(&mut builder, &self.schema);
        let key = builder.create_string(checksums::KEY);
        let value = builder.create_string(&checksums::entry(blocks));
        let entry = KeyValue::create(
            &mut builder,
            &KeyValueArgs {
                key: Some(key),
                value: Some(value),
            },
        );
        let metadata = builder.create_vector(&[entry]);
        let mut footer = FooterBuilder::new(&mut builder);
        footer.add_version(MetadataVersion::V5);
        footer.add_schema(schema);
        footer.add_dictionaries(dictionaries);
        footer.add_recordBatches(batches);
        footer.add_custom_metadata(metadata);
        let footer = footer.finish();
        builder.finish(footer, None);
        let mut footer = builder.finished_data().to_vec();
        checksums::seal(&mut footer)?;
        Ok(footer)
    }
}
