//! What programs that were killed left behind.

use std::fs::{self, File};
use std::path::Path;

/// The name of a file that is being written begins and ends with these, and has [`RANDOM_CHARACTERS`] between them.
pub(crate) const PREFIX: &str = ".ganas-";
pub(crate) const SUFFIX: &str = ".partial";
pub(crate) const RANDOM_CHARACTERS: usize = 12;

/// Removes the files in a folder that nobody writes any more. What cannot be looked at or removed stays.
pub(crate) fn remove(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && entry.file_name().to_str().is_some_and(is_partial) {
            remove_unlocked(&entry.path());
        }
    }
}

/// Whether a name is one of those that outputs are written under.
pub(crate) fn is_partial(name: &str) -> bool {
    let random = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|random| {
        random.len() == RANDOM_CHARACTERS && random.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

/// A writer holds the lock until its file has another name or is gone, so that an unlocked file has no writer; one
/// that is about to be locked is noticed by its writer, which holds the lock for as long as it looks.
fn remove_unlocked(path: &Path) {
    if let Ok(file) = File::open(path)
        && file.try_lock().is_ok()
        // Not one that was renamed, or replaced, since it was opened.
        && is_at(&file, path)
    {
        let _ = fs::remove_file(path);
    }
}

/// Whether an open file is the one at this path.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(found)) => (open.dev(), open.ino()) == (found.dev(), found.ino()),
        _ => false,
    }
}

/// Whether an open file is the one at this path; an open file cannot be removed here.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
