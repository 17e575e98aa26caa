//! What the fuzz targets call; built for them only.

use std::io::Read as _;

use crate::bzip2::Bzip2Reader;
use crate::pickle::{self, Limits, References};

/// Small enough that running out of memory is a find.
pub const LIMITS: Limits = Limits {
    values: 200_000,
    memo: 200_000,
    text_bytes: 1 << 20,
};

/// Any pickle.
pub fn pickle(data: &[u8]) {
    let _ = pickle::read(data, LIMITS);
    let _ = References::find(data);
}

/// A file of bzip2, as far as its content is no larger than that of a record.
pub fn bzip2(data: &[u8]) {
    let content = Bzip2Reader::new(data).take(1 << 22);
    let _ = std::io::copy(&mut { content }, &mut std::io::sink());
}
