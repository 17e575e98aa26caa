//! What fuzz targets call; no part of the public interface.

use std::path::Path;

use bytes::Bytes;

use ganas_formats::limit::Bound;

use crate::arch_reader::ArchReader;
use crate::import::parse;
use crate::key_template::KeyTemplate;
use crate::{Repeats, Table};

/// Small enough that running out of memory is a find.
const MEMORY: Bound = Bound {
    what: "its table in memory",
    limit: 1 << 26,
};

/// A Parquet file.
#[cfg(feature = "parquet")]
pub fn parquet(data: &[u8]) {
    read(&[b"PAR1", data].concat(), "arch");
}

/// CSV, JSON lines or Parquet.
pub fn import(data: &[u8]) {
    // The first line is the key.
    let end = data.iter().position(|&b| b == b'\n').unwrap_or(0);
    let (key, text) = data.split_at(end);
    let text = text.strip_prefix(b"\n").unwrap_or(text);
    read(text, std::str::from_utf8(key).unwrap_or("arch"));
}

fn read(content: &[u8], key: &str) {
    // Architectures of other spaces are read over, up to the end of the file.
    let Ok(space) = ganas_space::by_name("nasbench-macro") else {
        return;
    };
    let mut archs = ArchReader::new(&*space, Repeats::Error);
    if let Ok(key) = KeyTemplate::parse(key) {
        let _ = parse(Path::new("fuzz"), content, &key, MEMORY, &mut archs);
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
            for column in table.columns().into_iter().flatten() {
                let _ = table.value(column, row);
            }
        }
    }
}
