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

/// Where [`UNSAFE`] is, for messages.
const HERE: &str = "xtask/src/tidy/rust_files.rs";

/// All rules for files, and those for names of any kind of file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = check_names(tree);
    for file in tree.ending(".rs") {
        findings.extend(check_header(file));
        findings.extend(check_length(file));
        findings.extend(check_module(file, tree));
        findings.extend(check_unsafe(file));
    }
    let stale = UNSAFE.iter().filter(|path| {
        let file = tree.file(path);
        file.is_none_or(|file| lifts_unsafe(file).is_none())
    });
    findings.extend(stale.map(|path| {
        Finding::warning(
            path,
            1,
            format!("it has no `unsafe` any more: take it off the list in {HERE}"),
        )
    }));
    findings
}

/// Whether code in a folder may hold `unsafe`.
pub(super) fn may_be_unsafe(folder: &str) -> bool {
    UNSAFE.iter().any(|path| path.starts_with(folder))
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
    sentence
        .is_none_or(|sentence| sentence.trim().is_empty())
        .then(|| {
            let message = "the file must open with `//!` and a sentence that says what it is for";
            Finding::error(file.path, 1, message)
        })
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

/// A module with a folder is the `mod.rs` of that folder.
fn check_module(file: TextFile<'_>, tree: &Tree) -> Option<Finding> {
    let folder = file.path.strip_suffix(".rs")?;
    let is_root = ["lib", "main", "build"]
        .iter()
        .any(|root| folder.ends_with(&format!("/{root}")));
    (!is_root && tree.contains(folder)).then(|| {
        Finding::error(
            file.path,
            1,
            format!("the module has a folder: move this file to {folder}/mod.rs"),
        )
    })
}

/// The lint `unsafe_code` is lifted in listed files only.
fn check_unsafe(file: TextFile<'_>) -> Option<Finding> {
    let line = lifts_unsafe(file)?;
    (!UNSAFE.contains(&file.path)).then(|| {
        let message = format!(
            "`unsafe` is not allowed here; write it without, or add the file to the list in {HERE}"
        );
        Finding::error(file.path, line, message)
    })
}

/// The line of a file that names the lint `unsafe_code` other than to forbid it.
fn lifts_unsafe(file: TextFile<'_>) -> Option<usize> {
    let is_attribute = |line: &str| {
        let line = line.trim_start();
        let is_stricter = ["//", "#![forbid(", "#![deny("]
            .iter()
            .any(|start| line.starts_with(start));
        line.contains("unsafe_code") && !is_stricter
    };
    // xtask forbids `unsafe`, and only speaks of the lint.
    let at = file.text.lines().position(is_attribute)?;
    (!file.path.starts_with("xtask/")).then_some(at + 1)
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

    fn errors(files: &[(&str, &str)]) -> Vec<String> {
        let findings = check(&Tree::of(files)).into_iter();
        let errors = findings.filter(|finding| finding.severity == Severity::Error);
        errors.map(|finding| finding.path).collect()
    }

    #[test]
    fn names_and_modules() {
        let found = errors(&[
            ("crates/a/src/utils.rs", "//! a"),
            ("tests/common/mod.rs", "//! a"),
            ("python/helpers.py", ""),
            ("crates/a/src/utility.rs", "//! a"),
            ("crates/common-ground/src/lib.rs", "//! a"),
            ("crates/a/src/team.rs", "//! a"),
            ("crates/a/src/team/doors.rs", "//! a"),
            ("crates/a/src/lib/x.rs", "//! a"),
            ("crates/a/src/lib.rs", "//! a"),
        ]);
        let expected = [
            "crates/a/src/utils.rs",
            "python/helpers.py",
            "tests/common",
            "crates/a/src/team.rs",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn unsafe_code_in_listed_files_only() {
        let lifted = "//! a\n#![expect(\n    unsafe_code,\n    reason = \"r\"\n)]";
        for (path, text, good) in [
            (PATH, lifted, false),
            (PATH, "//! a\n#[allow(unsafe_code)]", false),
            (PATH, "//! unsafe_code\n#![forbid(unsafe_code)]", true),
            (UNSAFE[0], lifted, true),
        ] {
            assert_eq!(errors(&[(path, text)]).is_empty(), good, "{path}: {text}");
        }
        let stale = check(&Tree::of(&[(UNSAFE[0], "//! a")]));
        assert_eq!(stale.len(), UNSAFE.len());
        assert!(may_be_unsafe("crates/ganas-gnn/src/") && !may_be_unsafe("crates/ganas-rl/src/"));
    }
}
