//! The paths that docs/ARCHITECTURE.md names exist.

use super::Finding;
use super::markdown::{code_spans, prose};
use super::tree::{TOP_LEVEL, TextFile};

/// Every path in backticks that begins with a folder of ours leads to a file or folder.
pub(super) fn check(document: &TextFile, files: &[TextFile]) -> Vec<Finding> {
    prose(&document.text)
        .flat_map(|(line, text)| code_spans(text).map(move |span| (line, span)))
        .filter(|(_, span)| is_path(span))
        .filter(|(_, span)| {
            let path = span.trim_end_matches('/');
            !files.iter().any(|file| file.path == path)
        })
        .map(|(line, span)| {
            let message =
                format!("`{span}` does not exist; name the file that took its place, or create it");
            Finding::error(&document.path, line, message)
        })
        .collect()
}

fn is_path(span: &str) -> bool {
    let is_ours = span
        .split_once('/')
        .is_some_and(|(folder, _)| TOP_LEVEL.contains(&folder));
    is_ours && !span.contains(['*', '<', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_must_exist() {
        let file = |path: &str, text: &str| TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let files = [file("crates/a", ""), file("crates/a/src/lib.rs", "")];
        let document = file(
            "docs/ARCHITECTURE.md",
            "`crates/a/` and `crates/a/src/lib.rs` exist.\n\
             `crates/a/src/gone.rs` and `crates/b` do not.\n\
             `and/or`, `crates/*`, `crates/<name>` and `crates` are no paths, crates/none is no code.\n\
             ```text\n`crates/none`\n```\n",
        );
        let lines: Vec<_> = check(&document, &files)
            .iter()
            .map(|finding| finding.line)
            .collect();
        assert_eq!(lines, [2, 2]);
    }
}
