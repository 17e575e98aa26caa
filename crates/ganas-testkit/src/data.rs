//! Where the published data of a test lies: below the folder that `GANAS_DATA` names.

use std::path::{Path, PathBuf};

/// The folder that `GANAS_DATA` names.
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("GANAS_DATA")?;
    (!folder.is_empty()).then(|| folder.into())
}

/// A file or folder below `GANAS_DATA`; without it, a line on stderr that says that `test` is skipped.
#[must_use]
#[expect(clippy::print_stderr, reason = "a skipped test is told")]
pub fn data_file(test: &str, name: impl AsRef<Path>) -> Option<PathBuf> {
    let name = name.as_ref().display();
    let Some(folder) = data_folder() else {
        eprintln!("SKIPPED: {test} reads {name}; set GANAS_DATA to the folder that holds it");
        return None;
    };
    let path = folder.join(name.to_string());
    if !path.exists() {
        eprintln!(
            "SKIPPED: {test} reads {}, which is not there",
            path.display()
        );
        return None;
    }
    Some(path)
}

/// Fails unless each of `parts` is in the message.
///
/// # Panics
///
/// When one of them is not.
#[track_caller]
pub fn check_message(error: &impl std::fmt::Display, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in `{message}`");
    }
}
