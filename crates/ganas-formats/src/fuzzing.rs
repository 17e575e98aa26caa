//! What fuzz targets call; no part of the public interface.

use crate::pickle::{self, Limits, References};

/// Small enough that running out of memory is a find.
pub const LIMITS: Limits = Limits {
    values: 200_000,
    memo: 200_000,
    text_bytes: 1 << 20,
    memory: 1 << 26,
};

/// Any pickle.
pub fn pickle(data: &[u8]) {
    let _ = pickle::read(data, LIMITS);
    let _ = References::find(data);
}
