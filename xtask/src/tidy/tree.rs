//! The files of the repository that tidy looks at.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::Finding;

/// The folders at the top of the repository that hold files of ours.
pub(super) const TOP_LEVEL: &[&str] = &[
    ".cargo", ".ci", "benches", "crates", "docs", "examples", "fuzz", "python", "tests", "xtask",
];

/// Folders anywhere below that hold what a program wrote.
const GENERATED: &[&str] = &["target", "__pycache__", "node_modules", "goldens"];

/// A file, with its text, or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextFile {
    /// Relative to the workspace, with forward slashes.
    pub(super) path: String,
    /// Empty for folders, and for files whose name does not end with `.rs` or `.md`.
    pub(super) text: String,
}

impl TextFile {
    pub(super) fn has_extension(&self, extension: &str) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, end)| end == extension)
    }
}

/// All files and folders in [`TOP_LEVEL`], and the files beside it, in the order of their paths.
pub(super) fn read(root: &Path) -> anyhow::Result<Vec<TextFile>> {
    let mut files = Vec::new();
    read_folder(root, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn read_folder(root: &Path, folder: &str, files: &mut Vec<TextFile>) -> anyhow::Result<()> {
    let entries = fs::read_dir(root.join(folder))
        .with_context(|| format!("cannot read the folder {folder:?}"))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() {
            name.clone()
        } else {
            format!("{folder}/{name}")
        };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let ours = if folder.is_empty() {
                TOP_LEVEL.contains(&name.as_str())
            } else {
                !name.starts_with('.')
            };
            if ours {
                files.push(TextFile {
                    path: path.clone(),
                    text: String::new(),
                });
                if !GENERATED.contains(&name.as_str()) {
                    read_folder(root, &path, files)?;
                }
            }
        } else if kind.is_file() {
            let mut file = TextFile {
                path,
                text: String::new(),
            };
            if file.has_extension("rs") || file.has_extension("md") {
                file.text = fs::read_to_string(root.join(&file.path))
                    .with_context(|| format!("cannot read {}", file.path))?;
            }
            files.push(file);
        }
    }
    Ok(())
}

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "misc", "util", "utils"];

/// No file and no folder has an empty name.
pub(super) fn check_names<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    paths
        .filter(|path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let stem = name.split('.').next().unwrap_or(name);
            EMPTY_NAMES.contains(&stem)
        })
        .map(|path| {
            Finding::error(
                path,
                1,
                "the name says nothing; name it by the one concept inside, with a noun of the field",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_this_package() {
        let files = read(crate::workspace_root()).unwrap();
        let text = |path: &str| {
            files
                .iter()
                .find(|file| file.path == path)
                .map(|file| file.text.as_str())
        };
        assert!(
            text("xtask/src/tidy/tree.rs")
                .unwrap()
                .contains("TOP_LEVEL")
        );
        assert_eq!(text("xtask/src"), Some(""));
        assert_eq!(text("Cargo.toml"), Some(""));
        assert_eq!(text("target"), None);
    }

    #[test]
    fn empty_names() {
        let paths = [
            "crates/a/src/utils.rs",
            "tests/common/mod.rs",
            "tests/common",
            "python/helpers.py",
            "crates/a/src/utility.rs",
            "crates/common-ground/src/lib.rs",
        ];
        let found: Vec<_> = check_names(paths.into_iter())
            .into_iter()
            .map(|finding| finding.path)
            .collect();
        assert_eq!(
            found,
            ["crates/a/src/utils.rs", "tests/common", "python/helpers.py"]
        );
    }
}
