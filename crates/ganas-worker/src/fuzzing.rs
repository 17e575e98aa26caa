//! What fuzz targets call; no part of the public interface.

use crate::json_line;

/// A line from a worker.
pub fn message(data: &[u8]) {
    let _ = json_line::parse(data);
    let _ = json_line::is_meant(data);
}
