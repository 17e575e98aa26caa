//! Every Rust file says what it is for, is short, has a name that says something, and holds `unsafe` only when listed.

use super::Finding;
use super::tree::{TextFile, Tree};

/// More lines than this are reported.
const WARNING_LENGTH: usize = 500;

/// More lines than this are an error.
const LONGEST: usize = 700;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "misc", "util", "utils"];

/// The files that may lift the lint `unsafe_code`, which the workspace denies; each says its reason itself.
const UNSAFE: &[&str] = &[
    "crates/ganas-cli/src/printing/ignored_signals.rs",
    "crates/ganas-cuda-emulation/src/lib.rs",
    "crates/ganas-cuda-emulation/tests/emulation/broken.rs",
    "crates/ganas-cuda-emulation/tests/emulation/correct.rs",
    "crates/ganas-cuda-emulation/tests/emulation/memory.rs",
    "crates/ganas-cuda-emulation/tests/process.rs",
    "crates/ganas-table/src/mapping.rs",
    "crates/ganas-gnn/src/cpu/fork_join/mod.rs",
    "crates/ganas-gnn/src/cpu/fork_join/model.rs",
    "crates/ganas-gnn/src/cpu/fork_join/protocol.rs",
    "crates/ganas-gnn/src/cuda/compiler.rs",
    "crates/ganas-gnn/src/cuda/driver.rs",
    "crates/ganas-gnn/src/ops/product/cpu.rs",
    "crates/ganas-gnn/src/ops/product/tile.rs",
    "crates/ganas-gnn/tests/allocations.rs",
];

/// All rules for files, and those for names of any kind of file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = check_names(tree);
    findings.extend(check_unsafe(tree));
    for file in tree.ending(".rs") {
        findings.extend(check_header(file));
        findings.extend(check_length(file));
    }
    findings
}

/// No file and no folder has an empty name.
fn check_names(tree: &Tree) -> Vec<Finding> {
    let is_empty = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        EMPTY_NAMES.contains(&name.split('.').next().unwrap_or(name))
    };
    let message =
        "the name says nothing; name it by the one concept inside, with a noun of the field";
    tree.paths()
        .filter(is_empty)
        .map(|path| Finding::error(path, 1, message))
        .collect()
}

/// Every file opens with `//!`.
fn check_header(file: TextFile<'_>) -> Option<Finding> {
    let rest = file.text.strip_prefix("//!");
    let sentence = rest.and_then(|rest| rest.lines().next());
    let is_missing = sentence.is_none_or(|sentence| sentence.trim().is_empty());
    let message = "the file must open with `//!` and a sentence that says what it is for";
    is_missing.then(|| Finding::error(file.path, 1, message))
}

/// Short enough to hold one concept.
fn check_length(file: TextFile<'_>) -> Option<Finding> {
    let lines = file.text.lines().count();
    if lines > LONGEST {
        let message = format!("{lines} lines, and {LONGEST} are allowed; split the file");
        Some(Finding::error(file.path, lines, message))
    } else if lines > WARNING_LENGTH {
        let message = format!("{lines} lines; split the file before it has {LONGEST}");
        Some(Finding::warning(file.path, lines, message))
    } else {
        None
    }
}

/// The files that lift the lint `unsafe_code` are those of the list.
fn check_unsafe(tree: &Tree) -> Vec<Finding> {
    let lifts = |path: &str| tree.file(path).is_some_and(|file| lifts_unsafe(file.text));
    let files = tree.ending(".rs").map(|file| file.path);
    // xtask forbids `unsafe`, and only speaks of the lint.
    let unlisted = files
        .filter(|path| !path.starts_with("xtask/") && !UNSAFE.contains(path))
        .filter(|path| lifts(path))
        .map(|path| {
            Finding::error(
                path,
                1,
                "`unsafe` is only in files of xtask/src/tidy/rust_files.rs",
            )
        });
    let stale = UNSAFE.iter().filter(|path| !lifts(path)).map(|path| {
        let message = "it has no `unsafe`: take it off the list in xtask/src/tidy/rust_files.rs";
        Finding::warning(path, 1, message)
    });
    unlisted.chain(stale).collect()
}

/// Whether a line names the lint other than to forbid it.
fn lifts_unsafe(text: &str) -> bool {
    let is_stricter = |line: &str| {
        let stricter = ["//", "#![forbid(", "#![deny("];
        stricter.iter().any(|start| line.starts_with(start))
    };
    let mut lines = text.lines().map(str::trim_start);
    lines.any(|line| line.contains("unsafe_code") && !is_stricter(line))
}

/// Whether code in a folder may hold `unsafe`.
pub(super) fn may_be_unsafe(folder: &str) -> bool {
    UNSAFE.iter().any(|path| path.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    const PATH: &str = "crates/a/src/a.rs";

    #[test]
    fn headers() {
        for (text, good) in [
            ("//! The driver.\nfn main() {}\n", true),
            ("//! The driver.", true),
            ("#![forbid(unsafe_code)]\n//! The driver.\n", false),
            ("// The driver.\n", false),
            ("\n//! The driver.\n", false),
            ("//!\n//! The driver.\n", false),
            ("", false),
        ] {
            let file = TextFile { path: PATH, text };
            assert_eq!(check_header(file).is_none(), good, "{text:?}");
        }
    }

    #[test]
    fn lengths() {
        for (lines, expected) in [
            (500, None),
            (501, Some(Severity::Warning)),
            (700, Some(Severity::Warning)),
            (701, Some(Severity::Error)),
        ] {
            let text = "//!\n".repeat(lines);
            let found = check_length(TextFile {
                path: PATH,
                text: &text,
            });
            assert_eq!(found.map(|finding| finding.severity), expected, "{lines}");
        }
    }

    #[test]
    fn names() {
        let found = check(&Tree::of(&[
            ("crates/a/src/utils.rs", "//! a"),
            ("tests/common/mod.rs", "//! a"),
            ("python/helpers.py", ""),
            ("crates/a/src/utility.rs", "//! a"),
            ("crates/common-ground/src/lib.rs", "//! a"),
        ]));
        let errors = found
            .iter()
            .filter(|finding| finding.severity == Severity::Error);
        let paths: Vec<_> = errors.map(|finding| &*finding.path).collect();
        let expected = ["crates/a/src/utils.rs", "python/helpers.py", "tests/common"];
        assert_eq!(paths, expected);
    }

    #[test]
    fn unsafe_code_in_listed_files_only() {
        let lifted = "//! a\n#![expect(\n    unsafe_code,\n    reason = \"r\"\n)]";
        for (path, text, expected) in [
            (PATH, lifted, 1),
            (PATH, "//! a\n#[allow(unsafe_code)]", 1),
            (PATH, "//! unsafe_code\n#![forbid(unsafe_code)]", 0),
            (UNSAFE[0], lifted, 0),
        ] {
            let mut found = check_unsafe(&Tree::of(&[(path, text)]));
            found.retain(|finding| finding.severity == Severity::Error);
            assert_eq!(found.len(), expected, "{path}: {text}");
        }
        let stale = check_unsafe(&Tree::of(&[(UNSAFE[0], "//! a")]));
        assert_eq!(stale.len(), UNSAFE.len());
    }
}
