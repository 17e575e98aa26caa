//! The files of the repository, as git sees them: those that it tracks, and new ones that it does not ignore.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

/// All files and folders by their path, relative to the workspace and with forward slashes.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    /// The text of Rust, Markdown and TOML files; it is empty for everything else.
    texts: BTreeMap<String, String>,
}

/// A file with its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextFile<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
}

impl Tree {
    /// Reads the tree.
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others"])
            .arg("--exclude-standard")
            .current_dir(root);
        let mut tree = Self::default();
        for path in crate::output(&mut git)?.split_terminator('\0') {
            let file = root.join(path);
            // The index may name files that are deleted by now.
            if file.is_file() {
                let has_text = [".rs", ".md", ".toml"]
                    .iter()
                    .any(|end| path.ends_with(end));
                let text = if has_text {
                    std::fs::read_to_string(&file).with_context(|| format!("cannot read {path}"))?
                } else {
                    String::new()
                };
                tree.insert(path, text);
            }
        }
        Ok(tree)
    }

    fn insert(&mut self, path: &str, text: String) {
        for (end, _) in path.match_indices('/') {
            self.texts.entry(path[..end].to_owned()).or_default();
        }
        self.texts.insert(path.to_owned(), text);
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.insert(path, (*text).to_owned());
        }
        tree
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        self.texts.contains_key(path)
    }

    pub(super) fn file(&self, path: &str) -> Option<TextFile<'_>> {
        let (path, text) = self.texts.get_key_value(path)?;
        Some(TextFile { path, text })
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// The files whose name ends so.
    pub(super) fn ending(&self, end: &str) -> impl Iterator<Item = TextFile<'_>> {
        self.texts
            .iter()
            .filter(move |(path, _)| path.ends_with(end))
            .map(|(path, text)| TextFile { path, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_this_package() {
        let tree = Tree::read(crate::workspace_root()).unwrap();
        let here = tree.file("xtask/src/tidy/tree.rs").unwrap();
        assert!(here.text.contains("reads_this_package"));
        assert!(tree.contains("xtask/src") && tree.contains(".ci/run"));
        assert!(!tree.contains("target"));
    }
}
