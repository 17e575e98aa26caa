//! Every Rust file says what it is for, is short, and has a name that says something.

use super::Finding;
use super::tree::{TextFile, Tree};

/// More lines than this are reported.
const WARNING_LENGTH: usize = 500;

/// More lines than this are an error.
const LONGEST: usize = 700;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "misc", "util", "utils"];

/// All rules for files, and those for names of any kind of file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = check_names(tree);
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
        let paths: Vec<_> = found.iter().map(|finding| &*finding.path).collect();
        let expected = ["crates/a/src/utils.rs", "python/helpers.py", "tests/common"];
        assert_eq!(paths, expected);
    }
}
