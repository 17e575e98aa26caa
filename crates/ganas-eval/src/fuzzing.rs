//! What the fuzz targets call; built for them only.

use std::io::Cursor;
use std::path::Path;

use bytes::Bytes;

use crate::official::nasbench101::{parse_record, read_tfrecords};
use crate::official::nats_archive::{read_tar, read_torch_from};
use crate::official::pickle::{self, Limits, References};
use crate::official::{nasbench_pickle, nats};
use crate::table::{KeyTemplate, Table, parse};

/// Small enough that running out of memory is a find.
const LIMITS: Limits = Limits {
    values: 200_000,
    memo: 200_000,
    text_bytes: 1 << 20,
};

/// Any pickle.
pub fn pickle(data: &[u8]) {
    let _ = pickle::read(data, LIMITS);
    let _ = References::find(data);
}

/// The pickle of a NATS-Bench record.
pub fn nats_record(data: &[u8]) {
    if let Ok((heap, value)) = pickle::read(data, LIMITS) {
        let _ = nats::record(&heap, &value);
    }
}

/// A NATS-Bench tar file.
pub fn nats_tar(data: &[u8]) {
    let _ = read_tar(data, |_| Ok(()));
}

/// A `.pth` file.
pub fn torch(data: &[u8]) {
    let _ = read_torch_from(|| Ok(Cursor::new(data)), |_| Ok(()));
}

/// NASLib's pickle.
pub fn naslib_pickle(data: &[u8]) {
    let _ = nasbench_pickle::read_naslib(|| Ok(data), |_, _| Ok(()));
}

/// A TFRecord file.
pub fn tfrecord(data: &[u8]) {
    let _ = read_tfrecords(data, |_, _| Ok(()));
}

/// The payload of a record.
pub fn nasbench101_record(data: &[u8]) {
    let _ = parse_record(data, &mut Vec::new());
}

/// CSV, JSON lines or Parquet.
pub fn import(data: &[u8]) {
    // The first line is the key.
    let end = data.iter().position(|&b| b == b'\n').unwrap_or(0);
    let (key, text) = data.split_at(end);
    let text = text.strip_prefix(b"\n").unwrap_or(text);
    let key = std::str::from_utf8(key).unwrap_or("arch");
    if let Ok(key) = KeyTemplate::parse(key) {
        let _ = parse(Path::new("fuzz"), text.to_vec(), &key);
    }
}

/// A table file.
pub fn table(data: &[u8]) {
    // Aligned like a mapped file.
    let mut aligned = vec![0u64; data.len().div_ceil(8)];
    for (word, bytes) in aligned.iter_mut().zip(data.chunks(8)) {
        let mut padded = [0; 8];
        padded[..bytes.len()].copy_from_slice(bytes);
        *word = u64::from_ne_bytes(padded);
    }
    let buffer = arrow_buffer::Buffer::from_vec(aligned);
    let bytes = Bytes::from_owner(buffer).slice(0..data.len());
    if let Ok(table) = Table::from_bytes(Path::new("fuzz"), bytes) {
        for row in table.rows() {
            let _ = (table.arch_text(row), table.key(row));
            for column in table.columns() {
                let _ = table.value(column, row);
            }
        }
    }
}
