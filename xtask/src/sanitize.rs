//! `cargo xtask sanitize`: the CPU tests of `ganas-gnn` under ThreadSanitizer or AddressSanitizer.
//!
//! Sanitizers are an unstable flag, which a stable compiler takes with `RUSTC_BOOTSTRAP`. The standard library is the one
//! that comes with the compiler, so what it does inside is not watched; atomics, which are compiled into the crates that
//! use them, are. By hand only: no run of it is recorded yet.

use std::path::Path;

use crate::{cargo, check};

/// The target of the tests; a sanitizer needs it named, so that build scripts are built without.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Runs the tests.
///
/// # Errors
///
/// When a test fails, or the sanitizer has a finding.
pub(crate) fn run(root: &Path, sanitizer: &str) -> anyhow::Result<()> {
    let flags = format!("-Zsanitizer={sanitizer} -Cunsafe-allow-abi-mismatch=sanitizer");
    let target = root.join("target").join(format!("sanitize-{sanitizer}"));
    check(
        cargo(root)
            .args(["test", "--package", "ganas-gnn", "--target", TARGET])
            .args(["--lib", "--tests"])
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", flags)
            .env("CARGO_TARGET_DIR", target)
            .env("TSAN_OPTIONS", "halt_on_error=1")
            // The allocator that counts allocations leaks nothing, but a process that ends with threads in a pool does.
            .env("ASAN_OPTIONS", "detect_leaks=0"),
    )
}
