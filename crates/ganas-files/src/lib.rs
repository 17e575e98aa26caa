//! Output files that appear whole or not at all, and that are never one of the inputs.
//!
//! Every final file of this project is written through [`Output`]:
//!
//! - The output is **no input**, under whatever name: files are compared by device and inode, so that hard links,
//!   symbolic links and relative paths are seen through. A file that is not there yet is compared by its folder and name.
//! - It is a **regular file**, or is not there yet. A symbolic link is refused, because replacing it would leave what it points
//!   to as it was, and writing through it would change a file that was not named; so are folders, pipes and devices.
//!   Commands that print may ask [`means_stdout`] first.
//! - It appears **whole**: the content goes to a file beside it, is synced to the disk, and takes its name by a rename, which
//!   is synced, too. A program that is killed leaves the old file, or none.
//! - **Leftovers** of programs that were killed are removed by the next output in the same folder. Each file that is being
//!   written is locked by its writer, and the lock ends with the process, so that what is locked is left alone.

#![forbid(unsafe_code)]

mod error;
mod identity;
mod leftovers;
mod output;
mod target;

#[cfg(test)]
mod tests;

pub use error::{OutputError, OutputProblem};
pub use output::Output;
pub use target::{Replace, Target, check_stdout, means_stdout};

use std::path::Path;

/// The folder that a file lies in, as a path that can be opened.
#[must_use]
pub fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
