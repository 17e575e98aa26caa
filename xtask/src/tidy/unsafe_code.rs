//! `unsafe` stands in a few listed files only.

use super::Finding;
use super::lexer::{Token, tokens};
use super::tree::TextFile;

/// The files that may contain `unsafe`, and why they must.
const ALLOWED: &[(&str, &str)] = &[
    (
        "crates/ganas-gnn/src/ops/product/cpu.rs",
        "`gemm` takes pointers and strides; one function checks the shapes and calls it",
    ),
    (
        "crates/ganas-gnn/src/ops/product/tile.rs",
        "blocks of columns are no slices; a tile borrows its elements, and is only ever split",
    ),
    (
        "crates/ganas-gnn/src/cpu/fork_join/mod.rs",
        "threads that run already are handed a job that is borrowed; one operation lends it and waits",
    ),
    (
        "crates/ganas-gnn/src/cpu/fork_join/protocol.rs",
        "a cell is written by one thread and read by others in turns, as a model that loom explores checks",
    ),
    (
        "crates/ganas-gnn/src/cuda/compiler.rs",
        "NVRTC is a C library; one function for each step of a compilation",
    ),
    (
        "crates/ganas-gnn/src/cuda/driver.rs",
        "the CUDA driver is a C library; buffers and launches are checked before they reach it",
    ),
    (
        "crates/ganas-gnn/tests/allocations.rs",
        "an allocator that counts is one by implementing an unsafe trait",
    ),
    (
        "crates/ganas-eval/src/table/mapping.rs",
        "a mapped file is memory that another process can change",
    ),
    (
        "crates/ganas-cuda-emulation/src/lib.rs",
        "functions of its own shared libraries, written in C++, are called",
    ),
    (
        "crates/ganas-cuda-emulation/tests/emulation/broken.rs",
        "wrong launches are the subject of the tests",
    ),
    (
        "crates/ganas-cuda-emulation/tests/emulation/correct.rs",
        "to launch a kernel is unsafe in `cudarc`",
    ),
    (
        "crates/ganas-cuda-emulation/tests/emulation/memory.rs",
        "wrong addresses are the subject of the tests",
    ),
    (
        "crates/ganas-cuda-emulation/tests/process.rs",
        "to launch a kernel is unsafe in `cudarc`",
    ),
];

/// This list, for messages.
const HERE: &str = "xtask/src/tidy/unsafe_code.rs";

/// No `unsafe` outside the list.
pub(super) fn check(path: &str, tokens: &[Token<'_>]) -> Vec<Finding> {
    if ALLOWED.iter().any(|(allowed, _)| *allowed == path) {
        return Vec::new();
    }
    tokens
        .iter()
        .filter(|token| token.text == "unsafe")
        .map(|token| {
            let message = format!(
                "`unsafe` is not allowed here; write it without, or add the file and the reason to the list in {HERE}"
            );
            Finding::error(path, token.line, message)
        })
        .collect()
}

/// Every listed file still needs its place in the list.
pub(super) fn check_list(files: &[TextFile]) -> Vec<Finding> {
    ALLOWED
        .iter()
        .filter(|(path, _)| {
            !files.iter().filter(|file| file.path == *path).any(|file| {
                tokens(&file.text)
                    .iter()
                    .any(|token| token.text == "unsafe")
            })
        })
        .map(|(path, reason)| {
            let message = format!(
                "no `unsafe` is here, or no file, although {HERE} lists it ({reason}); take it off the list"
            );
            Finding::warning(path, 1, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_counts_and_only_outside_the_list() {
        for (path, source, lines) in [
            (
                "crates/a/src/lib.rs",
                "\nunsafe { x() }\nunsafe fn y() {}",
                &[2, 3][..],
            ),
            ("crates/a/src/tests.rs", "unsafe {}", &[1]),
            (
                "crates/a/src/lib.rs",
                "#![forbid(unsafe_code)] // unsafe\n/* unsafe */ \"unsafe\" r#\"unsafe\"# unsafely",
                &[],
            ),
            (ALLOWED[0].0, "unsafe {}", &[]),
        ] {
            let found: Vec<_> = check(path, &tokens(source))
                .iter()
                .map(|finding| finding.line)
                .collect();
            assert_eq!(found, lines, "{path}: {source}");
        }
    }

    #[test]
    fn stale_entries_are_reported() {
        let file = |text: &str| TextFile {
            path: ALLOWED[0].0.to_owned(),
            text: text.to_owned(),
        };
        assert_eq!(check_list(&[file("unsafe {}")]).len(), ALLOWED.len() - 1);
        assert_eq!(check_list(&[file("// unsafe")]).len(), ALLOWED.len());
    }
}
