//! `cargo xtask loom`: the lock-free code of `ganas-gnn` under loom, which explores every interleaving of a model.

use std::path::Path;

use crate::{cargo, check};

/// Runs the models.
///
/// # Errors
///
/// When an interleaving breaks a model, or a model that is broken on purpose holds.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    check(
        cargo(root)
            .args(["test", "--package", "ganas-gnn", "--lib"])
            // Nothing but loom itself is busy, and an unoptimised build of the rest takes a third of the time.
            .args(["--config", "profile.dev.package.'*'.opt-level=0"])
            .args(["--config", "profile.dev.package.loom.opt-level=2"])
            .args(["--config", "profile.dev.package.generator.opt-level=2"])
            .args(["cpu::fork_join::model", "--", "--test-threads=1"])
            .env("RUSTFLAGS", "--cfg loom")
            .env("CARGO_TARGET_DIR", root.join("target").join("loom")),
    )
}
