//! Readers of files from elsewhere: pickles, TFRecords, protobuf messages and gzip.
//!
//! None of them executes anything, none believes a length that the file only claims, and each takes limits.
//! A reader returns a [`FormatError`], which knows the place in the file; [`FormatError::in_file`] adds the file.

#![forbid(unsafe_code)]

mod error;
#[doc(hidden)]
pub mod fuzzing;
pub mod pickle;
pub mod protobuf;
pub mod source;
pub mod tfrecord;

pub use error::{FileError, FormatError, FormatProblem};
pub use source::{Source, SourceError, SourceInfo, SourceProblem};
