//! Which file a path means.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::folder_of;

/// A file, whatever it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// An existing file: device and inode.
    #[cfg(unix)]
    Inode(u64, u64),
    /// A file by its folder and name: one that does not exist yet.
    Named(PathBuf),
}

impl Identity {
    /// The file that a path leads to, through symbolic links; `None` when not even its folder is there.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        match fs::metadata(path) {
            Ok(metadata) => Self::of_existing(path, &metadata),
            Err(_) => {
                let folder = folder_of(path).canonicalize().ok()?;
                Some(Self::Named(folder.join(path.file_name()?)))
            }
        }
    }

    #[cfg(unix)]
    fn of_existing(_: &Path, metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self::Inode(metadata.dev(), metadata.ino()))
    }

    #[cfg(not(unix))]
    fn of_existing(path: &Path, _: &Metadata) -> Option<Self> {
        path.canonicalize().ok().map(Self::Named)
    }
}
