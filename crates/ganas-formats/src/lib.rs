//! Readers of files from elsewhere: pickles, TFRecords, protobuf messages and gzip.
//!
//! None of them executes anything, none believes a length that the file only claims, and each takes limits, which
//! [`limit`] describes.
//! A reader returns a [`FormatError`], which knows the place in the file; [`FormatError::in_file`] adds the file.

#![forbid(unsafe_code)]

mod error;
#[doc(hidden)]
pub mod fuzzing;
pub mod limit;
pub mod pickle;
pub mod protobuf;
pub mod source;
pub mod tfrecord;

pub use error::{FileError, FormatError, FormatProblem};
pub use limit::{MAX_UNPACKED_VARIABLE, MaxUnpacked};
pub use source::{Source, SourceError, SourceInfo, SourceProblem, SourceReader};
