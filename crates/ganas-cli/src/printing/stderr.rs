//! Messages on stderr.
//!
//! A stderr that cannot be written (closed, a full disk, a reader that is gone) is no reason to end a search: there is
//! nobody left to tell. The macros of the standard library would panic.

use std::fmt::Display;
use std::io::{self, Write as _};

use ganas::report::escape::printable;

/// Prints a message, and ends its last line.
pub(crate) fn message(text: impl Display) {
    let text = format!("{text}\n");
    let _ = io::stderr().write_all(printable(&text).as_bytes());
}
