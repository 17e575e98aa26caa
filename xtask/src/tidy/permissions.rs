//! What a crate may touch of the outside world: files, clock, environment, other programs, terminal, sockets.
//!
//! Clippy checks it. The `clippy.toml` at the top forbids everything, and binds each crate that has none of its own. A crate
//! that may do more has one that leaves out the lines of what it may, which `cargo xtask tidy --fix` writes. The reason in a
//! line begins with the subject that it is about.

use std::path::Path;

use anyhow::Context as _;

use super::Finding;
use super::tree::Tree;

/// The configuration that forbids everything, and the name of all of them.
const CONFIGURATION: &str = "clippy.toml";

const FILES: &str = "files";
const CLOCK: &str = "clock";
const ENVIRONMENT: &str = "environment";
const PROGRAMS: &str = "programs";
const TERMINAL: &str = "terminal";
const SOCKETS: &str = "sockets";

/// Everything but sockets: for what stands at the edge, and for what only tests and developers use.
const EDGE: &[&str] = &[FILES, CLOCK, ENVIRONMENT, PROGRAMS, TERMINAL];

const EVERYTHING: &[&str] = &[FILES, CLOCK, ENVIRONMENT, PROGRAMS, TERMINAL, SOCKETS];

/// The folders of packages that may touch something; this is where a crate is given a permission.
const PERMITTED: &[(&str, &[&str])] = &[
    ("benches", EDGE),
    ("crates/ganas", &[FILES, CLOCK]),
    ("crates/ganas-benchmarks", &[FILES]),
    ("crates/ganas-cli", EDGE),
    ("crates/ganas-cuda-emulation", EDGE),
    ("crates/ganas-files", &[FILES]),
    ("crates/ganas-formats", &[FILES]),
    ("crates/ganas-report", &[FILES]),
    ("crates/ganas-store", &[FILES]),
    ("crates/ganas-surrogate", &[FILES]),
    ("crates/ganas-table", &[FILES]),
    ("crates/ganas-testkit", EDGE),
    ("crates/ganas-worker", &[FILES, CLOCK, PROGRAMS]),
    ("tests", EDGE),
    ("xtask", EVERYTHING),
];

/// Writes the configuration of each package that is there.
pub(super) fn write(root: &Path) -> anyhow::Result<()> {
    let whole = std::fs::read_to_string(root.join(CONFIGURATION))
        .with_context(|| format!("cannot read {CONFIGURATION}"))?;
    for (folder, subjects) in PERMITTED {
        let folder = root.join(folder);
        if folder.join("Cargo.toml").is_file() {
            let path = folder.join(CONFIGURATION);
            std::fs::write(&path, without(&whole, subjects))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

/// Each package has the configuration that it should have, and no other.
pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Finding>> {
    let whole = tree
        .file(CONFIGURATION)
        .context("clippy.toml is missing")?
        .text;
    let mut findings = Vec::new();
    for manifest in tree.ending("/Cargo.toml") {
        let folder = manifest.path.trim_end_matches("/Cargo.toml");
        let path = format!("{folder}/{CONFIGURATION}");
        let permitted = PERMITTED.iter().find(|(permitted, _)| *permitted == folder);
        let expected = permitted.map(|(_, subjects)| without(whole, subjects));
        if tree.file(&path).map(|file| file.text) != expected.as_deref() {
            let message = "not what xtask/src/tidy/permissions.rs says: change the list there, and run `cargo xtask tidy --fix`; \
                           a package that is not in the list has no such file, and may touch nothing";
            findings.push(Finding::error(&path, 1, message));
        }
    }
    Ok(findings)
}

/// A configuration without the lines about some subjects.
fn without(whole: &str, subjects: &[&str]) -> String {
    let is_kept = |line: &&str| {
        !subjects
            .iter()
            .any(|subject| line.contains(&format!("reason = \"{subject}: ")))
    };
    let kept = whole
        .lines()
        .filter(is_kept)
        .filter(|line| !line.starts_with('#'));
    let head = "# Written by `cargo xtask tidy --fix`: the configuration at the top without";
    kept.fold(
        format!("{head} {}.\n", subjects.join(", ")),
        |text, line| text + line + "\n",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "# Everything.\na = [\n    { path = \"x\", reason = \"files: no\" },\n\
                         \x20   { path = \"y\", reason = \"clock: no\" },\n]\n";

    #[test]
    fn configurations_are_compared_with_the_list() {
        let store = without(WHOLE, &[FILES]);
        assert!(
            !store.contains("\"x\"") && store.contains("\"y\"") && !store.contains("Everything")
        );
        for (path, text, good) in [
            ("crates/ganas-store/clippy.toml", store.as_str(), true),
            ("crates/ganas-store/clippy.toml", WHOLE, false),
            ("crates/ganas-store/other", "", false),
            ("crates/ganas-space/other", "", true),
            ("crates/ganas-space/clippy.toml", &store, false),
        ] {
            let manifest = format!("{}/Cargo.toml", path.rsplit_once('/').unwrap().0);
            let tree = Tree::of(&[(CONFIGURATION, WHOLE), (path, text), (&manifest, "")]);
            assert_eq!(check(&tree).unwrap().is_empty(), good, "{path}");
        }
    }

    #[test]
    fn every_subject_has_lines_at_the_top() {
        let whole = std::fs::read_to_string(crate::workspace_root().join(CONFIGURATION)).unwrap();
        for subject in EVERYTHING {
            assert!(
                without(&whole, &[subject]).len() + 100 < whole.len(),
                "{subject}"
            );
        }
    }
}
