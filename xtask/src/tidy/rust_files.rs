//! Every Rust file says what it is for, and is short.

use super::Finding;
use super::tree::TextFile;

/// More lines than this are reported.
const WARNING_LENGTH: usize = 500;

/// More lines than this are an error.
const LONGEST: usize = 700;

/// Every file opens with `//!`.
pub(super) fn check_header(file: &TextFile) -> Option<Finding> {
    let good = file
        .text
        .strip_prefix("//!")
        .and_then(|rest| rest.lines().next())
        .is_some_and(|sentence| !sentence.trim().is_empty());
    (!good).then(|| {
        Finding::error(
            &file.path,
            1,
            "the file must open with `//!` and a sentence that says what it is for",
        )
    })
}

/// Short enough to hold one concept.
pub(super) fn check_length(file: &TextFile) -> Option<Finding> {
    let lines = file.text.lines().count();
    if lines > LONGEST {
        let message =
            format!("{lines} lines, at most {LONGEST} are allowed; split the file by concept");
        Some(Finding::error(&file.path, lines, message))
    } else if lines > WARNING_LENGTH {
        let message = format!("{lines} lines; beyond {WARNING_LENGTH}, split the file by concept");
        Some(Finding::warning(&file.path, lines, message))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    fn file(text: &str) -> TextFile {
        TextFile {
            path: "crates/a/src/lib.rs".to_owned(),
            text: text.to_owned(),
        }
    }

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
            assert_eq!(check_header(&file(text)).is_none(), good, "{text:?}");
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
            let found = check_length(&file(&"//!\n".repeat(lines)));
            assert_eq!(found.map(|finding| finding.severity), expected, "{lines}");
        }
    }
}
