//! The memory map behind a table: the one unsafe operation of this crate.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use bytes::Bytes;
use memmap2::Mmap;

/// Maps a file for reading; the pages are read when they are touched.
#[expect(
    unsafe_code,
    reason = "a memory map is what makes a table open in milliseconds"
)]
pub(crate) fn map(path: &Path) -> io::Result<Bytes> {
    // Before it is opened, which waits for a writer where it is a pipe.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    let file = File::open(path)?;
    // SAFETY: the bytes must not change while they are mapped. The map is private and read-only, so this process
    // cannot change them through it, and `import` never writes into an existing table: it writes another file and
    // renames it, which leaves the mapped file as it was. A foreign program that edits or truncates a table in place
    // while it is open breaks this; the documentation of `Table::open` asks not to.
    let map = unsafe { Mmap::map(&file)? };
    Ok(Bytes::from_owner(map))
}
