//! Folders of attacks, and chance.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use ganas_random::{Stream, StreamKey};
use tempfile::TempDir;

/// Random numbers of the attack with this number, of a kind.
pub(crate) fn chance(seed: u64, kind: u8, number: usize) -> Stream {
    Stream::new(StreamKey {
        seed,
        purpose: kind,
        item: u32::try_from(number).unwrap_or(u32::MAX),
        ..StreamKey::default()
    })
}

/// A number below `end`.
pub(crate) fn below(stream: &mut Stream, end: usize) -> usize {
    use rand::RngExt as _;
    stream.random_range(0..end.max(1))
}

/// A copy of a folder, which is deleted in the end.
pub(crate) fn copy(of: &Path) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    copy_into(of, folder.path())?;
    Ok(folder)
}

fn copy_into(from: &Path, to: &Path) -> Result<()> {
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy_into(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// The only file below a folder with this ending.
pub(crate) fn only(folder: &Path, ending: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|known| known == ending) {
            found.push(path);
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        _ => anyhow::bail!(
            "{} files end in .{ending} in {}",
            found.len(),
            folder.display()
        ),
    }
}
